"""What others are told of what one does here: that one is writing, and up to where one has read.

Part of chat_screen.py; no Tk in here, and no clock but the one it is given.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

TYPING_SECONDS = 3.0  # between two signals that one is writing
SEEN_SECONDS = 2.0  # between two marks in one conversation


class Teller(Protocol):
    """The part of an engine that is used here."""

    def tell_typing(self, to: str) -> None: ...

    def tell_seen(self, other: str, seq: int) -> None: ...


class Receipts:
    """Tells through an engine, and not too often. `clock` is a monotonic one, in seconds."""

    def __init__(self, teller: Teller, clock: Callable[[], float] = time.monotonic) -> None:
        self._teller, self._clock = teller, clock
        self._typed: dict[str, float] = {}  # key: address; when it was told
        self._marked: dict[str, float] = {}  # the same
        self._marks: dict[str, int] = {}  # key: address; seq that is still to be told

    def typing(self, address: str) -> None:
        """A letter was typed to `address`."""
        now = self._clock()
        if now - self._typed.get(address, -TYPING_SECONDS) >= TYPING_SECONDS:
            self._typed[address] = now
            self._teller.tell_typing(address)

    def sent(self, address: str) -> None:
        """The message is sent: the next one is told of at once."""
        self._typed.pop(address, None)

    def read(self, address: str, seq: int) -> None:
        """All up to `seq` was read."""
        self._marks[address] = seq

    def flush(self, address: str | None = None) -> None:
        """Tells what is due; with an `address` what there is of it at once, because one leaves it."""
        now = self._clock()
        for one, seq in list(self._marks.items()):
            if one == address or now - self._marked.get(one, -SEEN_SECONDS) >= SEEN_SECONDS:
                self._marked[one] = now
                del self._marks[one]
                self._teller.tell_seen(one, seq)

    def leave(self) -> None:
        """Tells everything: the chat is left."""
        for address in list(self._marks):
            self.flush(address)
