"""How fast somebody may go on: so many a second on average, and so many at once (a token bucket).

Whoever must not go faster is made to wait (`Pace.seconds`) or is not served (`Pace.take`). Used by the threads of a
server that read its clients, each with paces of its own or behind the lock of serverlib/door.py, by the hub
(serverlib/signals.py), and by the one that answers who looks for chats (discovery.py). Nothing in here locks or waits.
"""

from __future__ import annotations

import sys
import time


class Pace:
    """How fast one person may go on: `rate` a second on average, `burst` at once. 0: no limit."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = time.monotonic()

    def seconds(self, cost: int = 1) -> float:
        """Takes `cost` tokens, and says how long to wait before going on."""
        if self._rate == 0:
            return 0.0
        self._refill()
        self._tokens -= cost
        return max(0.0, -self._tokens / self._rate)

    def affordable(self) -> int:
        """What may be taken now without waiting."""
        if self._rate == 0:
            return sys.maxsize
        self._refill()
        return max(0, int(self._tokens))

    def take(self) -> bool:
        """Takes one token where there is one; for what is dropped else, and does not wait."""
        return self.affordable() > 0 and self.seconds() == 0.0

    def _refill(self) -> None:
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now


class Paces:
    """A pace for each of many, such as addresses; of more than `most` those that were asked for last are remembered."""

    def __init__(self, rate: float, burst: int, most: int) -> None:
        self._rate, self._burst, self._most = rate, burst, most
        self._paces: dict[str, Pace] = {}  # key: whose; who was asked for last is at the end

    def __len__(self) -> int:
        return len(self._paces)

    def known(self, whose: str) -> Pace | None:
        """Theirs, where it is remembered."""
        return self._paces.get(whose)

    def of(self, whose: str) -> Pace:
        """Theirs, which is now the last to be forgotten; a new one where none is remembered."""
        known = whose in self._paces
        pace = self._paces[whose] = self._paces.pop(whose) if known else Pace(self._rate, self._burst)
        if len(self._paces) > self._most:
            del self._paces[next(iter(self._paces))]
        return pace
