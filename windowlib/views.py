"""Keeps the conversations that were looked at last drawn, and shows one of them.

Part of chat_screen.py, in Tk's thread.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from datetime import date
from tkinter import ttk

from clientlib.engine import Engine
from names import name_key
from protocol import AskHistory, Page
from windowlib.conversation import Conversation
from windowlib.inbox import Inbox
from windowlib.look import Theme
from windowlib.paging import Pager
from windowlib.talk import Talk

KEPT_VIEWS = 6  # drawn conversations; any other is drawn anew when it is opened


class Views(ttk.Frame):
    """A drawn conversation for each of the talks that were open last; `current` is the one that is shown."""

    current: Conversation

    def __init__(
        self, parent: tk.Misc, theme: Theme, engine: Engine, inbox: Inbox,
        on_view: Callable[[Conversation], None],
    ) -> None:  # fmt: skip
        """`on_view` is told of each new one."""
        super().__init__(parent, style="Surface.TFrame")
        self._theme, self._engine, self._inbox = theme, engine, inbox
        self._on_view = on_view
        self._pagers: dict[str, Pager] = {}  # key: address of the talk; shown last comes last
        self._ended = False
        self._shown: Conversation | None = None

    @property
    def pager(self) -> Pager:
        """Of the conversation that is shown."""
        return self._pagers[self.current.talk.address]

    def show(self, talk: Talk) -> None:
        """Shows this conversation, drawn anew where it was not kept."""
        kept = self._pagers.pop(talk.address, None)
        if kept is not None and kept.view.talk is not talk:  # that one was forgotten, and began again
            kept.view.destroy()
            kept = None
        pager = kept or Pager(self._new(talk), self._engine)
        self._pagers[talk.address] = pager
        if self._shown is not None and self._shown is not pager.view:
            self._shown.pack_forget()
        self.current = self._shown = pager.view
        if kept is None:
            pager.view.fill()
        elif not talk.unread:
            pager.view.move_unread_line(0)
        pager.view.pack(fill="both", expand=True)
        if kept is None and talk.place is not None:
            self.update_idletasks()  # where its lines are is known when it has its size
            pager.return_to(talk.place)
        while len(self._pagers) > KEPT_VIEWS:
            self._put_away(self._pagers.pop(next(iter(self._pagers))).view)

    def _put_away(self, view: Conversation) -> None:
        """Its place is kept, so that it can be drawn anew."""
        view.look_where()
        view.talk.place = view.reading_at
        view.destroy()

    def _new(self, talk: Talk) -> Conversation:
        view = Conversation(self, self._theme, talk, self._inbox.me)
        view.ended = self._ended
        self._on_view(view)
        return view

    def flush(self, *, connected: bool, reading: bool) -> None:
        """Draws what is new in the conversation that is shown; the others catch up when they are."""
        talk = self.current.talk
        self.current.catch_up(reading=reading)
        # Of somebody the server does not know any more, a guest who left, it has no log to show.
        known = not talk.private or self._inbox.roster.find(name_key(talk.address)) is not None
        self.pager.flush(connected=connected and known)

    def take(self, page: Page) -> None:
        """A page of the log, for whichever asked for it."""
        for pager in self._pagers.values():
            if pager.take(page):
                return

    def refused(self, question: AskHistory) -> bool:
        """A page cannot be had. True when that is to be told: it was not yet."""
        return any(pager.refused(question) for pager in self._pagers.values())

    def lost(self) -> None:
        """The connection is gone."""
        for pager in self._pagers.values():
            pager.lost()

    def end(self) -> None:
        """Nothing is sent any more."""
        self._ended = True
        for pager in self._pagers.values():
            pager.view.ended = True
            pager.view.redraw_end()

    def marks_told(self) -> None:
        """The server has told how far one has read: the line where the unread ones begin finds its place."""
        for pager in self._pagers.values():
            view = pager.view
            view.look_where()
            if view.attached and view.following and view.talk.unread:
                view.fill()

    def renamed(self) -> None:
        """One's own name is known as the server writes it."""
        for pager in self._pagers.values():
            pager.view.renamed(self._inbox.me)

    def name_days(self, today: date) -> None:
        for pager in self._pagers.values():
            pager.view.name_days(today)

    def dress(self) -> None:
        for pager in self._pagers.values():
            pager.view.dress()
