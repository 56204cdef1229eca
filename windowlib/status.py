"""The lines round the field: who is writing, and the most important thing to know now. Part of chat_screen.py."""

from __future__ import annotations

import math
import time
import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk

from protocol import MAX_TEXT
from windowlib.composer import PASTE_LIMIT
from windowlib.look import Theme
from windowlib.roster import listed
from windowlib.transcript import count_of

SAID_SECONDS = 6.0  # for which what has just happened is said


def writing_words(names: Sequence[str]) -> str:
    """“Bob is writing…”, “Bob and Cleo are writing…”; nothing where nobody is."""
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'} writing…" if names else ""


class Status(ttk.Frame):
    """The lines under the field: what is wrong with what is written, and what becomes of it."""

    def __init__(self, parent: tk.Misc, theme: Theme) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._theme = theme
        self.connected = False
        self.ended = False
        self.retry_at: float | None = None  # on the monotonic clock
        self.lost_because = ""
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
        return self.retry_at is not None or bool(self._said)

    def say(self, words: str) -> None:
        """Something that has just happened, for a while."""
        self._said, self._said_until = words, time.monotonic() + SAID_SECONDS

    def lost(self, why: str, retry: float) -> None:
        """The connection is gone; another attempt is made in `retry` seconds."""
        self.connected, self.lost_because = False, why.rstrip()
        if not self.lost_because.endswith((".", "?", "!")):
            self.lost_because += "."
        self.retry_at = time.monotonic() + retry

    def describe(self, written: str, private_to: str | None, *, here: bool) -> None:
        """Says it of what is `written`, privately to somebody; `here`: it stands in the conversation with them."""
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
        if self._said and time.monotonic() > self._said_until:
            self._said = ""
        role = "Hint"
        if self.ended:
            role, words = "Trouble", "You are not in the chat any more. What is written here stays until you leave."
        elif not self.connected and self.lost_because:
            role, again = "Trouble", "Trying again now."
            if self.retry_at is not None and (seconds := math.ceil(self.retry_at - time.monotonic())) > 0:
                again = f"Trying again in {seconds}\u00a0s."
            words = f"{self.lost_because} {again} You can go on writing; it is sent when the chat is back."
        elif private_to and here:
            role, words = "Private", f"Private: only {private_to} and you will see this."
        elif private_to:
            role = "Private"
            words = f"Private: only {private_to} and you will see this, in your conversation with {private_to}."
        elif self._said:
            role, words = "Private", self._said
        else:
            words = "Enter sends, Shift-Enter: new line. @name: to one person."
        words = self._theme.ordered(words)
        if self.tight and role == "Hint":
            self.status.pack_forget()
            self.configure(height=1)  # of itself a frame keeps the height of what was in it last
        elif not self.status.winfo_manager():
            self.status.pack(side="bottom", fill="x")
        if self.status.cget("text") != words or not str(self.status.cget("style")).startswith(f"Surface.{role}."):
            self.status.configure(text=words, style=f"Surface.{role}.TLabel")
