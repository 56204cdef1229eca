"""What the hub does when nobody wants anything: writing down what can wait, the search index, checkpoints.

The hub (`hub.py`) owns a `SpareTime` and calls it from its thread alone, a little at a time.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator

from history import History, NotSaved
from serverlib.register import Register
from serverlib.signals import Signals

IDLE_SECONDS = 0.1  # without anything to do before spare time begins
REFUSED_SECONDS = 10.0  # until spare work is tried again that the disk refused
INDEX_MESSAGES = 250  # taken into the search index at once; fewer where they are long

log = logging.getLogger("hallway")


class SpareTime:
    """Work that can wait, of all that is kept on disk."""

    def __init__(self, history: History, register: Register, signals: Signals) -> None:
        self._history = history
        self._register = register
        self._signals = signals
        self._from = 0.0  # nothing is done before: the disk has just refused some

    @property
    def due(self) -> float | None:
        """When there is something to do, on the monotonic clock, if nobody wants anything until then."""
        if self._register.has_unsaved or self._signals.has_unsaved or self._history.has_spare_work:
            return max(time.monotonic() + IDLE_SECONDS, self._from)
        return None

    def use(self) -> None:
        """Nobody wants anything: does what can wait, a little of it."""
        if time.monotonic() < self._from:
            return
        with self._putting_off():
            if self._register.has_unsaved:
                self._register.save()
            elif self._signals.has_unsaved:
                self._signals.save(self._history)
            elif not self._history.index_more(INDEX_MESSAGES):
                self._history.checkpoint()

    def use_pause(self) -> None:
        """Everybody has everything just now."""
        if time.monotonic() >= self._from:
            with self._putting_off():
                self._signals.save(self._history)
                self._history.checkpoint()

    def finish(self) -> None:
        """Writes down all that people would miss the next time. Raises `NotSaved`."""
        self._register.save()
        while self._signals.has_unsaved:
            self._signals.save(self._history)

    @contextlib.contextmanager
    def _putting_off(self) -> Iterator[None]:
        """The work stays for later when the disk refuses: what people write is more urgent, and says so itself."""
        try:
            yield
        except NotSaved as error:
            log.error("%s", error)
            self._from = time.monotonic() + REFUSED_SECONDS
