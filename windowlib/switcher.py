"""Ctrl-K: a field and a list over the chat, to jump to a person or a conversation. Opened by pages.py, in Tk's thread.

`found` says without Tk what a text finds.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from typing import Protocol, TypeVar

from protocol import EVERYONE
from windowlib.look import Theme
from windowlib.matching import folded, rank

SHOWN = 50  # of those that were found; whoever looks for more types another letter
ROWS = 8  # seen at once


class Place(Protocol):
    """Somewhere one can go, such as a `Destination` of the chat."""

    @property
    def address(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def unread(self) -> int: ...
    @property
    def online(self) -> bool: ...


AnyPlace = TypeVar("AnyPlace", bound=Place)


def found(text: str, places: Sequence[AnyPlace]) -> list[AnyPlace]:
    """The places whose title fits what was typed, the best first; where it is empty all of them, as they are."""
    words = folded(text).split()
    if not words:
        return list(places)
    fitting = [(fits, place) for place in places if (fits := rank(words, folded(place.title))) is not None]
    fitting.sort(key=lambda one: one[0])  # those that fit as well stay in their order
    return [place for _, place in fitting]


def row_text(place: Place) -> str:
    """A place as it is listed."""
    about = [f"{place.unread:,} unread"] if place.unread else []
    if not place.online and place.address != EVERYONE:
        about.append("away")
    return f"{place.title}    {', '.join(about)}" if about else place.title


class Switcher(ttk.Frame):
    """The field and the list. Enter or a click picks, Up and Down choose, Esc and a click elsewhere close it."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, places: Sequence[Place], on_pick: Callable[[str], None],
        on_close: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(parent, style="Field.TFrame", padding=theme.px(12))
        self.state(["active"])
        self._theme, self._places, self._on_pick, self._on_close = theme, places, on_pick, on_close
        self._shown: dict[str, Place] = {}  # key: row
        self._found = ""  # the text that they were found by
        self._closing = ""
        px = theme.px
        self._label = ttk.Label(self, text="Jump to a person or a conversation", style="Surface.Label.TLabel")
        self._label.pack(anchor="w", padx=px(3))
        self.entry = ttk.Entry(self, font="HallwayBody")
        self.entry.pack(fill="x", pady=(px(4), px(6)))
        self.list = ttk.Treeview(
            self, show="tree", selectmode="browse", style="Surface.Treeview", takefocus=False, height=ROWS
        )
        self.list.column("#0", width=px(200), stretch=True)
        self.list.pack(fill="both", expand=True)
        self.nobody = ttk.Label(self, style="Surface.Hint.TLabel")
        checked = self.register(self._typed)
        self.entry.configure(validate="key", validatecommand=checked)
        for key, step in (("<Up>", -1), ("<Down>", 1), ("<Prior>", -ROWS), ("<Next>", ROWS)):
            self.entry.bind(key, lambda _, step=step: self._move(step))  # type: ignore[misc]
        for key in ("<Return>", "<KP_Enter>"):
            self.entry.bind(key, lambda _: self._pick())
        self.entry.bind("<Escape>", lambda _: self._close())
        self.entry.bind("<Tab>", lambda _: "break")  # there is nowhere else to go in here
        self.entry.bind("<FocusOut>", lambda _: self._keyboard_left())
        self.list.bind("<ButtonRelease-1>", self._clicked)
        self.list.bind("<Button-1>", lambda _: "break")  # it does not take the keyboard
        self.list.bind("<Configure>", lambda _: self._fill())
        self.list.bind("<<TreeviewSelect>>", lambda _: self._show_dots())
        self.dress()

    def open(self) -> None:
        """Shows itself at the top of what it is in, in its middle."""
        self.fit()
        self.lift()
        self.entry.focus_set()

    def fit(self) -> None:
        """Takes the room there is."""
        self.update_idletasks()
        px, parent = self._theme.px, self.nametowidget(self.winfo_parent())
        width = min(px(440), parent.winfo_width() - 2 * px(12))
        row = self._theme.line_height() + px(10)
        room = parent.winfo_height() - 2 * px(12) - (self.winfo_reqheight() - int(str(self.list.cget("height"))) * row)
        self.list.configure(height=max(2, min(ROWS, room // row)))
        self.update_idletasks()
        top = max(px(12), min(px(64), parent.winfo_height() - px(12) - self.winfo_reqheight()))
        self.place(relx=0.5, y=top, anchor="n", width=width)

    def dress(self) -> None:
        self._fill()

    def destroy(self) -> None:
        if self._closing:
            self.after_cancel(self._closing)
        super().destroy()

    def _typed(self) -> bool:
        self.after_idle(self._fill)
        return True

    def _fill(self) -> None:
        if not self.winfo_exists():
            return
        self.list.delete(*self.list.get_children())
        self._shown.clear()
        text = self._found = self.entry.get()
        room = max(self.list.winfo_width() - self._theme.px(48), self._theme.px(60))
        for place in found(text, self._places)[:SHOWN]:
            words = row_text(place)
            title = self._theme.shortened(place.title, room - self._theme.width_of(words[len(place.title) :]))
            row = self.list.insert("", "end", text=f" {title}{words[len(place.title) :]}")
            self._shown[row] = place
        if self._shown:
            self.list.selection_set(next(iter(self._shown)))
            self.nobody.pack_forget()
        else:
            self.nobody.configure(text="Nobody here is called that.")
            self.nobody.pack(anchor="w", padx=self._theme.px(3), before=self.list)

    def _show_dots(self) -> None:
        """Who is here, in colours that can be seen on the row that is chosen, too."""
        theme, chosen = self._theme, self.list.selection()
        for row, place in self._shown.items():
            here = place.online or place.address == EVERYONE
            if row in chosen:
                self.list.item(row, image=theme.chosen_here if here else theme.chosen_away)
            else:
                self.list.item(row, image=theme.here if here else theme.away)

    def _catch_up(self) -> None:
        """A key may come before what was typed just now was looked for."""
        if self._found != self.entry.get():
            self._fill()

    def _move(self, step: int) -> str:
        self._catch_up()
        rows = list(self._shown)
        if rows:
            chosen = self.list.selection()
            place = rows.index(chosen[0]) if chosen else 0
            row = rows[max(0, min(len(rows) - 1, place + step))]
            self.list.selection_set(row)
            self.list.see(row)
        return "break"

    def _clicked(self, event: tk.Event[ttk.Treeview]) -> str:
        if (row := self.list.identify_row(event.y)) in self._shown:
            self.list.selection_set(row)
            self._pick()
        return "break"

    def _pick(self) -> str:
        self._catch_up()
        chosen = self.list.selection()
        if chosen and chosen[0] in self._shown:
            address = self._shown[chosen[0]].address
            self._close()
            self._on_pick(address)
        return "break"

    def _close(self) -> str:
        self._on_close()
        return "break"

    def _keyboard_left(self) -> None:
        """The keyboard went elsewhere in this window: whoever clicked there wants that. Another window is no reason."""
        if not self._closing:
            self._closing = self.after(1, self._close_if_left)

    def _close_if_left(self) -> None:
        self._closing = ""
        if self.focus_displayof() is not None and self.focus_get() is not self.entry:
            self._on_close()
