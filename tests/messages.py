"""Entries of a log, made up, for tests of what is made of them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable

from protocol import EVERYONE, Message
from windowlib.right_to_left import Run

NOON = int(time.mktime((2026, 3, 4, 12, 0, 0, 0, 0, -1)) * 1000)  # ms, at noon where the test runs
_seqs = itertools.count(1)


def message(sender: str, text: str, to: str = EVERYONE, *, minutes: float = 0, id: str = "") -> Message:
    """The next entry of the log, `minutes` after noon."""
    seq = next(_seqs)
    return Message(seq, NOON + int(minutes * 60_000), sender, to, id or f"id-{seq}", text)


def words(runs: Iterable[Run]) -> str:
    """What stands there, whatever it looks like."""
    return "".join(text for text, _ in runs)
