"""Which chats are heard on the network, and where Join goes: to one of them, or to an address. No Tk in here.

Part of join_screen.py, in its thread; a `Finder` has a thread of its own. What is handed on when Join is pressed is an
`Attempt`, of which engine_slot.py makes an engine.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterable
from dataclasses import dataclass, field

from discovery import Finder, Heard, Nearby
from windowlib.join_words import Slip, checked_port

FIRST_SECONDS = 1.5  # of listening before it is said that there is nothing
HEARD_A_TICK = 100  # answers taken at once


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody wants to join: what they typed. `password`, `accept` and `in_clear` are as in `Engine`.

    `remember`: whether the password is to be kept on this computer. `heard`: nobody has typed this address or joined
    there before, and the chat is what somebody on this network says.
    """

    name: str
    host: str
    port: int
    password: str | None = field(default=None, repr=False)
    remember: bool = False
    accept: str | None = None
    in_clear: bool = False
    heard: Heard | None = None

    @property
    def key(self) -> str | None:
        """As in `Engine`."""
        return self.heard.key if self.heard is not None and self.heard.encrypted else None


class Listening:
    """Asks for chats while there is somebody to see them. `now` is of the monotonic clock."""

    def __init__(self, ports: Iterable[int]) -> None:
        """`ports` of chats to ask for."""
        self._ports = tuple(ports)
        self._finder: Finder | None = None  # while it listens
        self._since: float | None = None  # when it began; None once it was said that nothing was heard

    def follow(self, now: float, *, seen: bool) -> None:
        """Begins or ends to listen, as there is somebody to see it or not."""
        if not seen:
            self.stop()
        elif self._finder is None:
            self._finder, self._since = Finder(*self._ports), now
            self._finder.start()

    def heard(self) -> list[Heard]:
        """What was heard since the last time, or as much of it as can be taken at once."""
        answers: list[Heard] = []
        if self._finder is not None:
            with contextlib.suppress(queue.Empty):
                while len(answers) < HEARD_A_TICK:
                    answers.append(self._finder.heard.get_nowait())
        return answers

    def has_waited(self, now: float) -> bool:
        """Whether it was listened for so long that it can be said that there is nothing; once after each beginning."""
        if self._since is None or now - self._since <= FIRST_SECONDS:
            return False
        self._since = None
        return True

    def stop(self) -> None:
        """Ends to listen, without waiting for the thread. May be called again."""
        if self._finder is not None:
            self._finder.stop()
            self._finder = self._since = None


class Aim:
    """Where Join goes: to the chat that is marked, or to the address that was typed; whichever was touched last.

    Nobody having touched either, the chat of the last time is marked when it is heard, else the only one.
    """

    def __init__(self, host: str, port: int, *, given: bool) -> None:
        """`host` and `port` of the last time; `given`: they were asked for when the program was started."""
        self.chosen: Heard | None = None  # the chat that is marked, as it was last heard; it may have gone
        self.by_hand = False  # it was chosen, and not by us
        self.by_address = given and bool(host)  # the address counts: it was typed, or given at the start
        self.typed = (host, str(port))
        self.port_typed = False
        self.tried = ("", "")  # host and port, as text, that the last answer came from
        self._remembered = (host, port)
        self._nearby = Nearby(self._remembered)
        self._is_less = False  # the list, than it was shown

    @property
    def chats(self) -> list[Heard]:
        """What is heard now."""
        return self._nearby.chats()

    @property
    def target(self) -> tuple[str, str]:
        """Host and port, as text, that Join goes to as things stand; empty where there is something to choose first."""
        if self.chosen is not None and not self.by_address:
            return self.chosen.host, str(self.chosen.port)
        return self.typed if self.by_address or not self.chats else ("", "")

    @property
    def is_typed(self) -> bool:
        """Whether Join goes to an address, and to no chat of the list."""
        return self.by_address or self.chosen is None

    @property
    def only_heard(self) -> Heard | None:
        """The chat that Join goes to, where nobody has typed its address, and nobody was there the last time: all of
        it is what somebody on this network says.
        """
        if self.chosen is None or self.by_address or (self.chosen.host, self.chosen.port) == self._remembered:
            return None
        return self.chosen

    @property
    def has_moved(self) -> bool:
        """Whether Join goes elsewhere than the last time it was pressed."""
        return self.target != self.tried

    def checked(self) -> tuple[str, int]:
        """Host and port that Join goes to. Raises `Slip`."""
        host, port = self.target
        if not host and self.chats:
            raise Slip("Choose one of the chats above.", "chats")
        number = checked_port(port) if self.is_typed else int(port)
        if not host:
            sentence = "Type the address of the computer that runs the chat, for example 192.168.1.20."
            raise Slip(sentence, "host")
        return host, number

    def heard_where_tried(self) -> Heard | None:
        """The chat that answers, at this moment, from the address that was tried."""
        return self._heard_at(*self.tried)

    def hear(self, answers: Iterable[Heard], now: float) -> bool:
        """Takes what was heard; whether that changes the list. `now` is of the monotonic clock."""
        changed, self._is_less = self._is_less, False
        for answer in answers:
            changed |= self._nearby.take(answer, now)
        changed |= self._nearby.forget(now)
        if changed and self.chosen is not None:
            where = (self.chosen.host, self.chosen.port, self.chosen.key)  # elsewhere anybody may claim to be it
            self.chosen = next((one for one in self.chats if (one.host, one.port, one.key) == where), self.chosen)
        return changed

    def mark(self) -> None:
        """Marks the chat that Join would take, where nobody has chosen one."""
        if self.by_hand:
            return
        chats, (host, port) = self.chats, self._remembered
        known = self._heard_at(*(self.typed if self.by_address else (host, str(port))))
        self.chosen = known or (chats[0] if len(chats) == 1 and not self.by_address else None)

    def choose(self, chat: Heard) -> None:
        """This one was chosen by hand."""
        self.chosen, self.by_hand, self.by_address = chat, True, False

    def type(self, host: str, port: str) -> None:
        """This address was typed."""
        self.port_typed = self.port_typed or port != self.typed[1]
        self.typed = (host, port)
        self.chosen, self.by_hand, self.by_address = None, False, bool(host)

    def forget_address(self) -> None:
        """The address is out of sight, and what cannot be seen is not meant."""
        self.by_address = False

    def try_it(self) -> None:
        """Join goes there now; what is heard from now on is no reason to go elsewhere."""
        self.tried = self.target
        self.by_address = self.is_typed
        self.by_hand = not self.by_address

    def distrust(self) -> None:
        """What answered where it was tried is not the chat that was heard there. Another address of it may be."""
        if (liar := self.heard_where_tried()) is not None:
            self._nearby.distrust(liar)
            self._is_less = True
            self.chosen, self.by_hand = None, False

    def try_address(self) -> None:
        """It is the address that is meant, whatever else is heard."""
        self.by_hand, self.by_address = False, True
        self.tried = self.typed

    def try_own(self, host: str, port: int) -> None:
        """It is the chat that was just opened at this address."""
        self._remembered, self.typed = (host, port), (host, str(port))
        self.try_address()

    def _heard_at(self, host: str, port: str) -> Heard | None:
        is_number = port.isascii() and port.isdigit() and len(port) < 6
        return self._nearby.chat_at(host, int(port)) if is_number else None
