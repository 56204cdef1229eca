"""What the console prints: lines on standard output, and messages with the days they are from. The main thread's."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable

from protocol import Message, plain_line


class OutputOver(Exception):
    """Nobody reads what is printed any more: `client.py | head`, or a terminal that was closed."""


class Printer:
    """Prints, and knows which day was said last."""

    def __init__(self) -> None:
        self._day = _day(time.time() * 1000)  # of the last message shown; only other days are said

    def write(self, text: str) -> None:
        """Exactly this text, at once. Raises `OutputOver`."""
        if sys.stdout is None:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:
            _forget_stdout()
            raise OutputOver from None

    def line(self, text: str) -> None:
        """A line, or several."""
        self.write(text + "\n")

    def messages(self, messages: Iterable[Message], me: str) -> None:
        """All in one piece, as `me` reads them, with a line where a new day begins."""
        lines: list[str] = []
        for message in messages:
            day = _day(message.time)
            if day != self._day:
                lines.append(f"--- {day} ---")
                self._day = day
            lines.append(plain_line(message, me))
        if lines:
            self.line("\n".join(lines))

    def older(self, messages: Iterable[Message], me: str) -> None:
        """Each day among them is said; the day of the latest message stays what it was."""
        day, self._day = self._day, ""
        self.messages(messages, me)
        self._day = day


def _day(time_ms: float) -> str:
    """A message's day, by this machine's time zone."""
    try:
        return time.strftime("%A, %d %B %Y", time.localtime(time_ms / 1000))
    except (OSError, OverflowError, ValueError):  # Windows knows no day after the year 3000
        return "an unknown day"


def _forget_stdout() -> None:
    """So that Python does not try to write the rest at its end, and complain."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
