"""The list of the chats that are heard on the network. Used by join_card.py, in Tk's thread."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from discovery import LOOPBACK, Heard
from windowlib.look import Theme, dress, plain_text

MOST_ROWS = 3  # that are seen at once; of more the list scrolls


def about(chat: Heard) -> str:
    """What is worth knowing about a chat before one joins it."""
    people = "nobody here" if not chat.people else "1 person here" if chat.people == 1 else f"{chat.people:,} here"
    parts = [people]
    if chat.password:
        parts.append("with a password")
    if not chat.encrypted:
        parts.append("not encrypted")
    if chat.host == LOOPBACK:
        parts.append("on this computer")
    return " · ".join(parts)


class ChatList(ttk.Frame):
    """Two lines for each chat, one of which can be chosen: by a click, or with the arrow keys.

    While there is none it says what `say` was told. A chosen chat that goes and comes back is still the chosen one.
    """

    scrolls_itself = True

    def __init__(self, parent: tk.Misc, theme: Theme, on_choice: Callable[[Heard], None], on_join: Callable[[], None]):
        """`on_choice` is told which chat was chosen by hand, `on_join` when it is to be joined."""
        super().__init__(parent, style="Field.TFrame")
        self._theme, self._on_choice, self._on_join = theme, on_choice, on_join
        self._chats: list[Heard] = []
        self._said = ""
        self._enabled = True
        self.chosen: Heard | None = None  # as it was last heard; it may have gone
        self.text = plain_text(self, theme, width=1, height=1, cursor="arrow", state="disabled", takefocus=True)
        self.text.configure(wrap="none", exportselection=False, insertwidth=0)
        self.text.configure(font="HallwayGap")  # of the empty line that ends it
        self.text.bindtags((str(self.text), str(self.text.winfo_toplevel()), "all"))  # nothing is edited or marked here
        self._bar = ttk.Scrollbar(self, orient="vertical", command=self.text.yview, takefocus=False)
        self.text.configure(yscrollcommand=self._bar.set)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.text.grid(row=0, column=0, sticky="nswe")
        self.grid_propagate(flag=False)
        self.text.bind("<Configure>", lambda _: self._draw())
        self.text.bind("<Button-1>", self._click)
        self.text.bind("<Double-Button-1>", self._double_click)
        self.text.bind("<Motion>", self._hover)
        self.text.bind("<Leave>", lambda _: self.text.tag_remove("hover", "1.0", "end"))
        self.text.bind("<FocusIn>", lambda _: self.state(["focus"]))
        self.text.bind("<FocusOut>", lambda _: self.state(["!focus"]))
        for key, way in (("<Up>", -1), ("<Down>", 1), ("<Home>", -1000), ("<End>", 1000)):
            self.text.bind(key, lambda _, way=way: self._step(way))  # type: ignore[misc]
        self.text.bind("<space>", lambda _: self._step(0))
        self.text.bind("<MouseWheel>", lambda event: self._wheel(-1 if event.delta > 0 else 1))
        for button, way in ((4, -1), (5, 1)):
            self.text.bind(f"<Button-{button}>", lambda _, way=way: self._wheel(way))  # type: ignore[misc]
        self.dress()

    @property
    def chats(self) -> list[Heard]:
        """What is listed."""
        return self._chats

    def choose(self, chat: Heard | None) -> None:
        """Marks this chat as the chosen one; None: none."""
        before, self.chosen = self.chosen, chat
        self._mark()
        if chat is not None and (before is None or before.key != chat.key):
            self._see(chat)

    def _see(self, chat: Heard) -> None:
        if (shown := self._now(chat)) is not None:
            line = 2 * self._chats.index(shown) + 1
            self.text.see(f"{line}.0")
            self.text.see(f"{line + 1}.0")

    def say(self, sentence: str) -> None:
        """What stands here while there is no chat, in at most two lines."""
        if sentence != self._said:
            self._said = sentence
            self._draw()

    def show(self, chats: list[Heard]) -> None:
        """Shows these instead."""
        self._chats = chats
        self._draw()

    def _now(self, chat: Heard) -> Heard | None:
        """A chat as it is listed now."""
        return next((one for one in self._chats if (one.key, one.port) == (chat.key, chat.port)), None)

    def enable(self, enabled: bool) -> None:
        """Whether anything can be chosen."""
        self._enabled = enabled
        self.text.configure(takefocus=enabled and bool(self._chats))

    def dress(self) -> None:
        """Takes the colours and sizes of the theme."""
        look, px, text = self._theme.look, self._theme.px, self.text
        dress(text, look)
        inset = px(4)
        self.configure(padding=inset)
        text.configure(padx=0, pady=0)
        text.tag_configure("name", font="HallwayStrong", lmargin1=px(8), spacing1=px(5), foreground=look.text)
        text.tag_configure(
            "words", font="HallwaySmall", lmargin1=px(8), spacing1=px(1), spacing3=px(6), foreground=look.muted
        )
        text.tag_configure("said", font="HallwaySmall", lmargin1=px(8), spacing1=px(4), foreground=look.muted)
        text.tag_configure("hover", background=look.hover)
        text.tag_configure("chosen", background=look.own)
        text.tag_configure("chosen name", foreground=look.accent)
        text.tag_raise("chosen")
        text.tag_raise("chosen name")
        self._draw()

    def _row_height(self) -> int:
        px, theme = self._theme.px, self._theme
        return theme.line_height("Strong") + theme.line_height("Small") + px(5) + px(1) + px(6)

    def _draw(self) -> None:
        rows = min(len(self._chats), MOST_ROWS)
        self.configure(height=max(1, rows) * self._row_height() + 2 * self._theme.px(4))
        if len(self._chats) > MOST_ROWS:
            self._bar.grid(row=0, column=1, sticky="ns")
        else:
            self._bar.grid_forget()
        text, at = self.text, self.text.yview()[0]
        room = max(1, text.winfo_width() - 2 * self._theme.px(8))
        runs: list[Any] = []
        for number, chat in enumerate(self._chats):
            row = f"row{number}"
            runs += [self._theme.shortened(chat.name, room, "Strong") + "\n", ("name", row)]
            runs += [self._theme.shortened(about(chat), room, "Small") + "\n", ("words", row)]
        if not runs:
            runs = [self._said, "said"]
        text.configure(takefocus=self._enabled and bool(self._chats))
        text.configure(state="normal")
        text.delete("1.0", "end")
        text.insert("end", *runs)
        text.configure(state="disabled")
        text.yview_moveto(at if len(self._chats) > MOST_ROWS else 0)  # it may have been smaller when one was chosen
        self._mark()

    def _mark(self) -> None:
        for tag in ("chosen", "chosen name"):
            self.text.tag_remove(tag, "1.0", "end")
        chosen = self._now(self.chosen) if self.chosen is not None else None
        if chosen is not None:
            first = 2 * self._chats.index(chosen) + 1
            self.text.tag_add("chosen", f"{first}.0", f"{first + 2}.0")
            self.text.tag_add("chosen name", f"{first}.0", f"{first}.end")

    def _at(self, event: tk.Event[tk.Text]) -> int | None:
        """The number of the chat under the mouse."""
        number = (int(str(self.text.index(f"@{event.x},{event.y}")).partition(".")[0]) - 1) // 2
        return number if number < len(self._chats) and self._enabled else None

    def _hover(self, event: tk.Event[tk.Text]) -> None:
        self.text.tag_remove("hover", "1.0", "end")
        if (number := self._at(event)) is not None:
            self.text.tag_add("hover", f"{2 * number + 1}.0", f"{2 * number + 3}.0")

    def _click(self, event: tk.Event[tk.Text]) -> None:
        if (number := self._at(event)) is not None:
            self.text.focus_set()
            self._choose(number)

    def _double_click(self, event: tk.Event[tk.Text]) -> None:
        if self._at(event) is not None and self.chosen is not None:
            self._on_join()

    def _choose(self, number: int) -> None:
        chat = self._chats[number]
        self.choose(chat)
        self._see(chat)
        self._on_choice(chat)

    def _step(self, way: int) -> str:
        if self._chats and self._enabled:
            chosen = self._now(self.chosen) if self.chosen is not None else None
            now = -1 if chosen is None else self._chats.index(chosen)
            self._choose(min(max(now + way, 0), len(self._chats) - 1))
        return "break"

    def _wheel(self, way: int) -> str:
        self.text.yview_scroll(way, "units")
        return "break"
