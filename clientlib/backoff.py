"""Pauses before something is tried again, each longer than the one before. Used by the engine's thread."""

from __future__ import annotations

import random


class Backoff:
    """The pauses of one thing that may go wrong again and again."""

    def __init__(self, first: float, longest: float, shortened: float = 1.0) -> None:
        """In seconds: pause n is min(`longest`, `first` · 2^n), made shorter by chance, to this part of it at the most:
        those who were thrown out together do not come back together.
        """
        self._first, self._longest, self._shortened = first, longest, shortened
        self.count = 0  # pauses since it last went well

    def next(self) -> float:
        """How many seconds to wait now that it went wrong."""
        whole = min(self._longest, self._first * (1 << min(self.count, 10)))
        self.count += 1
        return whole * random.uniform(self._shortened, 1)  # noqa: S311

    def begin_anew(self) -> None:
        """It went well: the next pause is a short one."""
        self.count = 0
