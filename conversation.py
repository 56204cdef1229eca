"""The messages on the screen: draws a transcript, and keeps one's place in it.

Part of chat_screen.py, in Tk's thread.
"""

from __future__ import annotations

import contextlib
import tkinter as tk
from collections.abc import Iterable, Sequence
from datetime import date
from tkinter import ttk
from typing import Any

from look import Theme, dress, name_colours, plain_text
from protocol import Message
from transcript import DAY_TAG, Run, Transcript, day_of_tag, day_words

KEPT_LINES = 5000  # of the conversation while one stands at its end
READING_LINES = 10_000  # while one reads further up: nothing is taken away under the eyes, up to here
KEPT_CHARACTERS = 1_500_000  # 5,000 lines of 4,000 characters would take Tk hundreds of MiB


class Conversation(ttk.Frame):
    """The messages: draws a `Transcript` into one `Text` and looks after where one stands in it."""

    def __init__(self, parent: tk.Misc, theme: Theme, transcript: Transcript) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._theme = theme
        self._transcript = transcript
        self.margin = 0  # pixels left and right of the column of messages
        self.following = True  # one stands at the end and goes along with it; only what people do changes it
        self._unseen = 0  # messages that came below since one left the end
        self.text = plain_text(self, theme, state="disabled", cursor="arrow", takefocus=True, spacing1=0)
        self.text.configure(highlightthickness=theme.px(2))  # its focus ring
        self.text.configure(font="HallwayGap")  # of the last line, which is always empty
        self._bar = ttk.Scrollbar(self, orient="vertical", command=self._dragged, takefocus=False)
        self.text.configure(yscrollcommand=self._bar.set)
        self._bar.pack(side="right", fill="y", padx=(0, theme.px(2)))
        self.text.pack(side="left", fill="both", expand=True)
        self.text.mark_set("tail", "1.0")
        self.text.mark_gravity("tail", "left")
        self.pill = ttk.Button(self, style="Pill.TButton", command=self._pill_pressed)
        for happening in ("<MouseWheel>", "<Button-4>", "<Button-5>", "<B1-Motion>", "<KeyRelease>"):
            self.text.bind(happening, self._moved, add=True)
        with contextlib.suppress(tk.TclError):  # Tk 9 alone has it
            self.text.bind("<TouchpadScroll>", self._moved, add=True)
        for key, amount in (
            ("Up", (-3, "units")),
            ("Down", (3, "units")),
            ("Prior", (-1, "pages")),
            ("Next", (1, "pages")),
        ):
            self.text.bind(f"<{key}>", lambda _event, amount=amount: self._scroll(*amount))  # type: ignore[misc]
        self.text.bind("<Home>", lambda _: self._jump(0.0))
        self.text.bind("<End>", lambda _: self._jump(1.0))
        self.text.bind("<Button-1>", lambda _: self.text.focus_set(), add=True)
        self.text.bind("<Configure>", self._resized)
        self.dress()

    def dress(self) -> None:
        """Takes the colours of the theme's look."""
        look, px, text = self._theme.look, self._theme.px, self.text
        dress(text, look)
        edge = px(12)
        room = max(0, round(self._theme.line_height() * 0.12))  # towards 1.35 of the font's size between lines
        for tint, ground in (
            ("other", look.surface),
            ("own", look.own),
            ("private", look.private),
            ("announced", look.sidebar),
        ):
            text.tag_configure(tint, background=ground, lmargincolor=ground, rmargincolor=ground)
        text.tag_configure("gap", font="HallwayGap", spacing1=px(6), spacing3=0)
        text.tag_configure("head", font="HallwayStrong", spacing1=px(7), spacing3=0)
        stop = self._theme.width_of("n" * 4)
        text.tag_configure("body", tabs=(edge + stop, edge + 2 * stop), tabstyle="wordprocessor")
        text.tag_configure("body", spacing1=px(3), spacing2=room, spacing3=px(5), font="HallwayBody")
        text.tag_configure("first", spacing3=0)
        text.tag_configure("inner", spacing1=room, spacing3=0)
        text.tag_configure("last", spacing1=room)
        for tag in ("head", "body", "system", "trouble", "why"):
            text.tag_configure(tag, lmargin1=edge, lmargin2=edge, rmargin=edge)
        text.tag_configure("small", font="HallwaySmall", foreground=look.muted)
        text.tag_configure("bad", font="HallwaySmall", foreground=look.trouble)
        text.tag_configure("why", font="HallwaySmall", foreground=look.trouble, spacing3=px(8))
        text.tag_configure("system", font="HallwaySmall", foreground=look.muted, spacing1=px(4), spacing3=px(4))
        text.tag_configure("trouble", font="HallwaySmall", foreground=look.trouble, spacing1=px(4), spacing3=px(4))
        text.tag_configure(
            "day", font="HallwaySmallStrong", foreground=look.muted, justify="center", spacing1=px(18), spacing3=px(2)
        )
        text.tag_configure("empty", font="HallwayBody", foreground=look.muted, justify="center", spacing1=px(6))
        text.tag_configure("strong", font="HallwayStrong", foreground=look.text, spacing1=px(60))
        text.tag_configure("secret", foreground=look.private_text)
        for hue, colour in enumerate(name_colours(look)):
            text.tag_configure(f"hue{hue}", foreground=colour)
        text.tag_raise("sel")

    def flush(self, arrived: int) -> bool:
        """Draws what changed, `arrived` messages among it, with two insertions, and keeps one's place.

        True when the oldest messages had to go.
        """
        transcript = self._transcript
        if not transcript.changed:
            return False
        transcript.changed = False  # first: what cannot be drawn is not tried for ever
        fresh, tail = transcript.take(), transcript.tail()
        limit = KEPT_LINES if self.following else READING_LINES
        self.text.configure(state="normal")
        try:
            self.text.delete("tail", "end-1c")
            self._insert("end", fresh)
            self.text.mark_set("tail", "end-1c")
            gone = transcript.trim(limit, KEPT_CHARACTERS)
            if gone:
                self.text.delete("1.0", f"{gone + 1}.0")
            self._insert("end", tail)
        finally:
            self.text.configure(state="disabled")
        if self.following:
            self.text.see("end")
        else:
            self._unseen += arrived
        self._show_pill()
        return gone > 0

    def name_days(self, today: date) -> None:
        """Says the days anew: at midnight “Today” becomes “Yesterday”."""
        days = [tag for tag in self.text.tag_names() if tag.startswith(DAY_TAG)]
        self.text.configure(state="normal")
        try:
            for tag in days:
                for end in reversed(self.text.tag_ranges(tag)[1::2]):  # from below: what is further up stays in place
                    line = self.text.index(f"{end} - 1 chars linestart")
                    self.text.replace(line, f"{line} lineend", day_words(day_of_tag(tag), today), ("day", tag))
        finally:
            self.text.configure(state="disabled")

    def put_above(self, messages: Sequence[Message]) -> None:
        """Draws older messages above all others; what one reads stays where it is."""
        top = self.text.index("@0,0")
        place = self.text.dlineinfo(top)
        runs, repeated = self._transcript.older(messages)
        self.text.configure(state="normal")
        try:
            self.text.mark_set("reading", top)
            if repeated:
                self.text.delete("1.0", "2.0")
            self.text.mark_set("above", "1.0")
            self.text.mark_gravity("above", "right")
            self._insert("above", runs)
        finally:
            self.text.configure(state="disabled")
        if self.text.compare("reading", "<", "above"):
            self.text.mark_set("reading", "above")
        self.text.yview("reading")
        if place:
            self.text.yview_scroll(-place[1], "pixels")

    def wants_older(self) -> bool:
        """One has scrolled up to the first message that is here, and there is room for more."""
        return not self.following and self.text.yview()[0] <= 0.0 and self._transcript.lines < READING_LINES

    @property
    def bar_width(self) -> int:
        """Pixels at the right that belong to the scroll bar."""
        return max(0, self.winfo_width() - self.text.winfo_width())

    def go_down(self) -> None:
        """To the newest message, and along with those that come."""
        self.following, self._unseen = True, 0
        self.text.see("end")
        self._show_pill()

    def _pill_pressed(self) -> None:
        self.go_down()
        self.text.focus_set()  # the pill is gone, and what is typed next belongs somewhere

    def at_end(self) -> bool:
        return self.text.dlineinfo("end-1c") is not None

    def _insert(self, where: str, runs: Iterable[Run]) -> None:
        parts: list[Any] = [part for run in runs for part in run]
        if parts:
            self.text.insert(where, *parts)

    def _dragged(self, *how: Any) -> None:
        self.text.yview(*how)
        self._moved()

    def _scroll(self, number: int, what: Any) -> str:
        self.text.yview_scroll(number, what)
        self._moved()
        return "break"

    def _jump(self, where: float) -> str:
        self.text.yview_moveto(where)
        self._moved()
        return "break"

    def _moved(self, _event: object = None) -> None:
        self.after_idle(self._look_where)

    def _look_where(self) -> None:
        """After somebody moved the view: is it at the end now?"""
        self.following = self.at_end()
        if self.following:
            self._unseen = 0
        self._show_pill()

    def _resized(self, event: tk.Event[tk.Text]) -> None:
        px = self._theme.px
        column = 90 * self._theme.width_of("n")  # a line longer than that is hard to read
        self.margin = max(px(12), (event.width - column) // 2)
        self.text.configure(padx=self.margin - px(2))
        if self.following:
            self.text.see("end")

    def _show_pill(self) -> None:
        if self.following:
            self.pill.place_forget()
            return
        self.pill.configure(text=f"{self._unseen:,} new  ↓" if self._unseen else "Newest  ↓")
        inset = self.margin + self.bar_width + self._theme.px(4)
        self.pill.place(relx=1.0, rely=1.0, x=-inset, y=-self._theme.px(6), anchor="se")
