"""Do not disturb: until when, in words, and the line that says so over the chat. Its words need no Tk.

Called by window.py, settings_screen.py and attention.py, in Tk's thread. Times are ms since 1970, as in
`storage.Settings`.
"""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Callable
from datetime import datetime, timedelta
from tkinter import ttk

from protocol import clock_time
from windowlib.look import Theme

MORNING = 8  # o'clock, where this computer is
HOUR = 3_600_000  # ms


def now_ms() -> int:
    return int(time.time() * 1000)


def for_an_hour(now: int) -> int:
    """In an hour from `now`."""
    return now + HOUR


def until_morning(now: int) -> int:
    """The next time that it is eight in the morning here, on whatever side of midnight."""
    here = datetime.fromtimestamp(now / 1000)  # noqa: DTZ006  # the morning of this computer's own clock
    morning = here.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    if morning <= here:
        morning += timedelta(days=1)
    return int(morning.timestamp() * 1000)  # also where a clock is put on or back in the night between


def quiet_words(until: int, now: int) -> str:
    """Until when it is quiet: `until 14:30`, `until tomorrow, 08:00`; "" where it is not."""
    if until <= now:
        return ""
    from windowlib.days import day_of, day_words  # the first screen is there sooner where it is not quiet

    here, end = day_of(now), day_of(until)
    days = (end - here).days
    if days > 1:  # for who changed the file or the clock
        return f"until {day_words(end, here)}, {clock_time(until)}"
    return f"until {'tomorrow, ' if days else ''}{clock_time(until)}"


class QuietLine(ttk.Frame):
    """The line over the chat that says it is quiet, and ends it. Shows itself while there is something to say."""

    def __init__(self, parent: tk.Misc, theme: Theme, on_end: Callable[[], None]) -> None:
        super().__init__(parent, style="Side.TFrame")
        px = theme.px
        self.end_button = ttk.Button(self, text="End it", style="SideSmall.TButton", command=on_end)
        self.end_button.pack(side="right", padx=px(8), pady=px(3))
        self.said = ttk.Label(self, style="Side.Hint.TLabel", justify="left")
        self.said.pack(side="left", fill="x", expand=True, padx=(px(16), px(4)), pady=px(3))
        self._theme, self._words = theme, ""
        self.said.bind("<Configure>", lambda _: self._fit())

    def refresh(self, until: int) -> None:
        """It is quiet until then, or is not; as time goes on by itself, to be called now and then."""
        words = quiet_words(until, now_ms())
        if words and words != self._words:
            self._words = words
            self._fit()
        if words and not self.winfo_manager():
            self.pack(side="top", fill="x", before=self.master.pack_slaves()[0])
        elif not words:
            self.pack_forget()

    def _fit(self) -> None:
        """In a narrow window the messages need the room more than the second half of the sentence."""
        short = f"Do not disturb {self._words}"
        long = f"{short}: nothing sounds or asks for your attention."
        self.said.configure(text=long if self._theme.width_of(long, "Small") <= self.said.winfo_width() else short)
