"""The lines under the field: the most important thing to know now. Who is writing, in words. For message_input.py."""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk

from clientlib.sentences import count_of
from protocol import MAX_TEXT
from windowlib.chat_state import ChatState
from windowlib.composer import PASTE_LIMIT
from windowlib.look import Theme
from windowlib.roster import listed

SAID_SECONDS = 6.0  # for which what has just happened is said


def writing_words(names: Sequence[str]) -> str:
    """“Bob is writing…”, “Bob and Cleo are writing…”; nothing where nobody is."""
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'} writing…" if names else ""


class Status(ttk.Frame):
    """The lines under the field: what is wrong with what is written, and what becomes of it."""

    def __init__(self, parent: tk.Misc, theme: Theme, state: ChatState) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._state, self._theme = state, theme
        self.tight = False  # there is no room for what is no news
        self._said, self._said_until = "", 0.0
        self.count = ttk.Label(self, style="Surface.Trouble.TLabel", justify="left")  # shown when it says something
        self.status = ttk.Label(self, style="Surface.Hint.TLabel", justify="left")
        self.status.pack(side="bottom", fill="x")
        for label in (self.count, self.status):
            label.bind("<Configure>", lambda event: event.widget.configure(wraplength=max(event.width, theme.px(120))))

    @property
    def restless(self) -> bool:
        """It says something that changes by itself."""
        return self._state.counts_down or bool(self._said)

    def say(self, words: str) -> None:
        """Something that has just happened, for a while."""
        self._said, self._said_until = words, time.monotonic() + SAID_SECONDS

    def describe(self, written: str, private_to: str | None, *, here: bool) -> None:
        """Says it of what is `written`, privately to somebody; `here`: it stands in the conversation with them."""
        self._count(written)
        role, words = self._most_important(private_to, here=here)
        words = self._theme.ordered(words)
        if self.tight and role == "Hint":
            self.status.pack_forget()
            self.configure(height=1)  # of itself a frame keeps the height of what was in it last
        elif not self.status.winfo_manager():
            self.status.pack(side="bottom", fill="x")
        if self.status.cget("text") != words or not str(self.status.cget("style")).startswith(f"Surface.{role}."):
            self.status.configure(text=words, style=f"Surface.{role}.TLabel")

    def _count(self, written: str) -> None:
        """Says it where something is too long."""
        too_long = ""
        if (over := len(written) - MAX_TEXT) > 0:
            too_long = f"{count_of(over, 'character')} too long: at most {MAX_TEXT:,} go into one message."
        if len(written) >= PASTE_LIMIT:
            too_long += " What was pasted beyond that was cut off."
        if too_long != self.count.cget("text"):
            self.count.configure(text=too_long)
            if too_long:
                self.count.pack(side="top", fill="x")
            else:
                self.count.pack_forget()

    def _most_important(self, private_to: str | None, *, here: bool) -> tuple[str, str]:
        """The role of the words, which says their colour, and the words."""
        if self._said and time.monotonic() > self._said_until:
            self._said = ""
        if trouble := self._state.trouble():
            return "Trouble", trouble
        if private_to:
            where = "" if here else f", in your conversation with {private_to}"
            return "Private", f"Private: only {private_to} and you will see this{where}."
        if self._said:
            return "Private", self._said
        return "Hint", "Enter sends, Shift-Enter: new line. @name: to one person."
