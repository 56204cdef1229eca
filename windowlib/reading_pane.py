"""A pane to read in: a text with a scroll bar, which goes along with what comes at its end while one stands there.

Base of conversation.py, in Tk's thread. Further up one keeps one's place, and a pill counts what has come and leads
down.
"""

from __future__ import annotations

import contextlib
import tkinter as tk
from tkinter import ttk
from typing import Any

from windowlib.look import Theme, plain_text

COLUMN = 90  # letters; a line longer than that is hard to read
KEYS = {"Up": (-3, "units"), "Down": (3, "units"), "Prior": (-1, "pages"), "Next": (1, "pages")}


class ReadingPane(ttk.Frame):
    """The text, its scroll bar and the pill. Whoever fills it says in `at_end` and `go_down` what its end is."""

    def __init__(self, parent: tk.Misc, theme: Theme) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self.theme = theme
        self.margin = 0  # pixels left and right of the column of messages
        self.following = True  # one stands at the end and goes along with it; only what people do changes it
        self.unseen = 0  # messages that came below since one left the end
        self.laid_out = False  # it has its size; before that nothing of it is in sight, and nobody can be anywhere
        self._moving = False  # one has just moved it, and where to was not looked at yet
        self.text = plain_text(self, theme, state="disabled", cursor="arrow", takefocus=True, spacing1=0)
        self.text.configure(highlightthickness=theme.px(2))  # its focus ring
        self.text.configure(font="HallwayGap")  # of the last line, which is always empty
        self.bar = ttk.Scrollbar(self, orient="vertical", command=self._dragged, takefocus=False)
        self.text.configure(yscrollcommand=self.bar.set)
        self.bar.pack(side="right", fill="y", padx=(0, theme.px(2)))
        self.text.pack(side="left", fill="both", expand=True)
        self.pill = ttk.Button(self, style="Pill.TButton", command=self._pill_pressed)
        self._listen()

    def _listen(self) -> None:
        for happening in ("<MouseWheel>", "<Button-4>", "<Button-5>", "<B1-Motion>", "<KeyRelease>"):
            self.text.bind(happening, self.moved, add=True)
        with contextlib.suppress(tk.TclError):  # Tk 9 alone has it
            self.text.bind("<TouchpadScroll>", self.moved, add=True)
        for key, amount in KEYS.items():
            self.text.bind(f"<{key}>", lambda _event, amount=amount: self._scroll(*amount))  # type: ignore[misc]
        self.text.bind("<Home>", lambda _: self.jump(0.0))
        self.text.bind("<End>", lambda _: self.jump(1.0))
        self.text.bind("<Button-1>", lambda _: self.text.focus_set(), add=True)
        self.text.bind("<Configure>", self._resized)
        self.text.bind("<Map>", lambda _: self.after_idle(self._shown))  # by then its parents have their sizes, too

    # --- where one is ---

    @property
    def bar_width(self) -> int:
        """Pixels at the right that belong to the scroll bar."""
        return max(0, self.winfo_width() - self.text.winfo_width())

    def line_at(self, y: int) -> int:
        """The number of the line, from 1, that is seen so many pixels below the top."""
        return int(self.text.index(f"@0,{y}").split(".", maxsplit=1)[0])

    def at_end(self) -> bool:
        """The end is in sight."""
        return self.laid_out and self.text.dlineinfo("end-1c") is not None

    def go_down(self) -> None:
        """To the end, and along with what comes there."""
        self.following, self.unseen = True, 0
        self.text.see("end")
        self.show_pill()

    def reached_end(self) -> None:
        """One has just moved to the end."""

    def shown_first(self) -> None:
        """The pane is laid out for the first time: what is in sight is known from now on."""

    def resized(self) -> None:
        """The pane has another width."""

    def lead_to(self, index: str, below: float) -> None:
        """Shows a place of the text, this part of the height below the top."""
        self.text.yview(index)
        if below:
            self.text.yview_scroll(-round(below * self.text.winfo_height()), "pixels")

    def look_where(self) -> None:
        """Knows where one is, if one has just moved the view and it was not looked at yet."""
        if self._moving:
            self._look_where()

    def moved(self, _event: object = None) -> None:
        """Somebody has moved the view; or Tk does so after this."""
        self._moving = True
        self.after_idle(self._look_where)

    def jump(self, where: float) -> str:
        """To the beginning (0.0) or the end (1.0) of what is there."""
        self.text.yview_moveto(where)
        self.moved()
        return "break"

    def turn_page(self, pages: int) -> None:
        """On by so many heights of what is seen; back where it is negative."""
        self._scroll(pages, "pages")

    def show_pill(self) -> None:
        """Further up it counts what has come below, and leads there."""
        if self.following:
            self.pill.place_forget()
            return
        self.pill.configure(text=f"{self.unseen:,} new  ↓" if self.unseen else "Newest  ↓")
        inset = self.margin + self.bar_width + self.theme.px(4)
        self.pill.place(relx=1.0, rely=1.0, x=-inset, y=-self.theme.px(6), anchor="se")

    # --- what people do ---

    def _pill_pressed(self) -> None:
        self.go_down()
        self.text.focus_set()  # the pill is gone, and what is typed next belongs somewhere

    def _dragged(self, *how: Any) -> None:
        self.text.yview(*how)
        self.moved()

    def _scroll(self, number: int, what: Any) -> str:
        self.text.yview_scroll(number, what)
        self.moved()
        return "break"

    def _look_where(self) -> None:
        """After somebody moved the view: is it at the end now?"""
        if not self.laid_out:
            return
        self._moving = False
        self.following = self.at_end()
        if self.following:
            self.unseen = 0
            self.reached_end()
        self.show_pill()

    def _shown(self) -> None:
        if not self.laid_out:
            self.laid_out = True
            self.look_where()
            self.shown_first()

    def _resized(self, event: tk.Event[tk.Text]) -> None:
        """The column of messages is in the middle."""
        px = self.theme.px
        self.margin = max(px(12), (event.width - COLUMN * self.theme.width_of("n")) // 2)
        self.text.configure(padx=self.margin - px(2))
        self.resized()
        if self.following:
            self.text.see("end")
        else:
            self.show_pill()  # it stands left of the bar, at the edge of the column
