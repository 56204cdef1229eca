"""What room the parts of a chat get: the list beside the conversation or over it, the head, the field.

Part of chat_screen.py, in Tk's thread.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import ttk

from windowlib.conversation import Conversation
from windowlib.head import Head
from windowlib.look import Theme
from windowlib.sidebar import Sidebar

WIDE, WIDER = 560, 760  # 1/96 inch; from there on the list stands beside the conversation, and is wider
LOW = 340  # 1/96 inch; below it the messages get the room of what says nothing at the moment
SLIM = 380  # 1/96 inch; below it the head is as narrow as it can be


@dataclass(frozen=True, slots=True)
class Parts:
    """What is laid out: `sidebar` and `edge` beside or over `main`, which has `head`, `middle` and `foot`."""

    screen: ttk.Frame
    sidebar: Sidebar
    edge: ttk.Frame  # the line between the list and the rest
    main: ttk.Frame
    head: Head
    middle: ttk.Frame  # the messages, and what lies beside them
    foot: ttk.Frame  # the field, with a line above it and one below
    writing: ttk.Label  # of the foot, the line above
    below_writing: tk.Misc  # of the foot, what follows it


class ChatLayout:
    """Lays the parts out anew when the window has another size. `on_fit` is told when that is done."""

    def __init__(self, parts: Parts, theme: Theme, unread: Callable[[], int], on_fit: Callable[[], None]) -> None:
        """`unread`: how many messages were not read, which the button says that opens the list."""
        self._parts, self._theme, self._unread, self._on_fit = parts, theme, unread, on_fit
        self.list_open = False  # in a narrow window, over the conversation
        parts.screen.bind("<Configure>", lambda _: self.fit())

    @property
    def low(self) -> bool:
        """There is no line to spare."""
        return self._parts.screen.winfo_height() < self._theme.px(LOW)

    def fit(self) -> None:
        """In a narrow window the conversation is more useful than a wide list, or than any list."""
        parts, px, low = self._parts, self._theme.px, self.low
        width = parts.screen.winfo_width()
        wide = width >= px(WIDE)
        if wide:
            self.list_open = False
        parts.head.narrow(not wide, self._unread(), open=self.list_open)
        parts.head.tighten(low=low, slim=width < px(SLIM))
        parts.head.pack_configure(pady=px(1 if low else 6))
        parts.foot.pack_configure(pady=(0, px(4 if low else 8)))
        self._place_list(width, wide=wide)
        self._fit_foot(low=low)
        self._on_fit()

    def align(self, view: Conversation, beside: int) -> None:
        """The field stands below the column of messages, as wide as it; `beside` are pixels right of the messages."""
        if view.text.winfo_ismapped():
            self._parts.foot.pack_configure(padx=(view.margin, view.margin + view.bar_width + beside))

    def toggle_list(self) -> None:
        """In a narrow window: the conversations and the people, over the conversation."""
        self.list_open = not self.list_open
        self.fit()
        if self.list_open:
            self._parts.sidebar.list.focus_set()

    def close_list(self) -> None:
        """Whoever does something else wants to see it."""
        if self.list_open:
            self.list_open = False
            self.fit()

    def _place_list(self, width: int, *, wide: bool) -> None:
        parts, px = self._parts, self._theme.px
        side = px(184 if px(WIDE) <= width < px(WIDER) else 232)
        parts.sidebar.configure(width=side)
        if wide:
            parts.sidebar.pack(side="left", fill="y", before=parts.main)
            parts.edge.pack(side="left", fill="y", before=parts.main)
        elif self.list_open:
            top = parts.middle.winfo_y()  # below the head, and down over the field
            parts.sidebar.place(in_=parts.main, x=0, y=top, width=side, relheight=1, height=-top)
            parts.edge.place(in_=parts.main, x=side, y=top, width=1, relheight=1, height=-top)
            parts.sidebar.lift()
            parts.edge.lift()
        else:
            for part in (parts.sidebar, parts.edge):
                part.pack_forget()
                part.place_forget()

    def _fit_foot(self, *, low: bool) -> None:
        writing, px = self._parts.writing, self._theme.px
        if low:
            writing.pack_forget()
        elif not writing.winfo_manager():
            writing.pack(fill="x", padx=px(14), pady=(0, px(3)), before=self._parts.below_writing)
