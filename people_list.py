"""The list of people beside the conversation. Part of chat_screen.py, in Tk's thread."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from look import Theme
from protocol import name_key
from transcript import Roster

SHOWN_PEOPLE = 300  # of those who are here, and of those who are away; the list would get slow and useless


class PeopleList(ttk.Frame):
    """The people of a `Roster`; a click on one, or Enter, hands the name to `on_pick`."""

    def __init__(self, parent: tk.Misc, theme: Theme, roster: Roster, me: str, on_pick: Callable[[str], None]) -> None:
        super().__init__(parent, style="Side.TFrame")
        self._theme, self._roster, self._me, self._on_pick = theme, roster, me, on_pick
        self._names: dict[str, str] = {}  # key: row
        self._under_mouse = ""
        self.known = True  # whether who is here is known at this moment, or was when the connection was lost
        self.tree = ttk.Treeview(self, show="tree", selectmode="browse", takefocus=True)
        self.tree.column("#0", width=theme.px(200), minwidth=theme.px(80), stretch=True)
        bar = ttk.Scrollbar(
            self, orient="vertical", style="Side.Vertical.TScrollbar", command=self.tree.yview, takefocus=False
        )
        self.tree.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        self.tree.pack(side="left", fill="both", expand=True)
        self.tree.bind("<ButtonRelease-1>", lambda event: self._pick(self.tree.identify_row(event.y)))
        self.tree.bind("<Return>", lambda _: self._pick(self.tree.focus()))
        self.tree.bind("<space>", lambda _: self._pick(self.tree.focus()))
        self.tree.bind("<Motion>", lambda event: self._hover(self.tree.identify_row(event.y)))
        self.tree.bind("<Leave>", lambda _: self._hover(""))
        self.tree.bind("<FocusIn>", self._focused)
        self.tree.bind("<FocusOut>", lambda _: self.tree.selection_set(()))
        self.tree.bind("<Configure>", lambda _: self.refresh())
        self.dress()

    def dress(self) -> None:
        look = self._theme.look
        self.tree.tag_configure("section", foreground=look.muted, font="HallwaySmallStrong")
        self.tree.tag_configure("here", foreground=look.text)
        self.tree.tag_configure("away", foreground=look.muted)
        self.tree.tag_configure("hover", background=look.hover)

    def refresh(self) -> None:
        """Draws the list anew, and keeps the place in it."""
        place, chosen = self.tree.yview()[0], self.tree.focus()
        self.tree.delete(*self.tree.get_children())
        self._names.clear()
        here, away = self._roster.names(online=True), self._roster.names(online=False)
        mine = [name for name in here if name_key(name) == name_key(self._me)]
        word, dot = ("HERE", self._theme.here) if self.known else ("WERE HERE", self._theme.away)
        self._section(word, mine + [name for name in here if name not in mine], "here" if self.known else "away", dot)
        if away:
            self._section("AWAY", away, "away", self._theme.away)
        self.tree.yview_moveto(place)
        if chosen in self._names:
            self.tree.focus(chosen)
            if self.focus_get() is self.tree:
                self.tree.selection_set(chosen)

    def _section(self, word: str, names: list[str], tag: str, dot: tk.PhotoImage) -> None:
        self.tree.insert(
            "", "end", f"section {word}", text=f"{word}   {len(names):,}", image=self._theme.nothing, tags=("section",)
        )
        for name in names[:SHOWN_PEOPLE]:
            row = f"person {name_key(name)}"
            you = " (you)" if name_key(name) == name_key(self._me) else ""
            room = max(self.tree.winfo_width() - self._theme.px(40) - self._theme.width_of(you), self._theme.px(48))
            self.tree.insert("", "end", row, text=self._theme.shortened(name, room) + you, image=dot, tags=(tag,))
            self._names[row] = name
        if len(names) > SHOWN_PEOPLE:
            self.tree.insert(
                "", "end", text=f"and {len(names) - SHOWN_PEOPLE:,} more", image=self._theme.nothing, tags=("section",)
            )

    def _pick(self, row: str) -> None:
        if row in self._names and name_key(self._names[row]) != name_key(self._me):
            self._on_pick(self._names[row])

    def _hover(self, row: str) -> None:
        if row == self._under_mouse:
            return
        for one, more in ((self._under_mouse, ()), (row, ("hover",))):
            if one in self._names:
                self.tree.item(one, tags=(*self.tree.item(one, "tags")[:1], *more))
        self._under_mouse = row
        self.tree.configure(cursor="hand2" if row in self._names else "")

    def _focused(self, _event: object) -> None:
        rows = [row for row in self.tree.get_children() if row in self._names]
        if rows:
            if self.tree.focus() not in rows:
                self.tree.focus(rows[0])
            self.tree.selection_set(self.tree.focus())
