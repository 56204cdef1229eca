"""Looks for words in the whole log, which is on the server: a field, and what was found. Part of chat_screen.py.

`snippet` and `when_words` say without Tk what a result looks like. The server is asked while one types, a moment after
the last letter; answers are told by the words they answer.
"""

from __future__ import annotations

import re
import time
import tkinter as tk
from collections.abc import Callable
from datetime import date
from tkinter import ttk
from typing import Any

from clientlib.engine import Engine
from clientlib.sentences import count_of
from names import clean_line
from protocol import EVERYONE, MAX_QUERY, AskSearch, Found, Message, clock_time
from windowlib.colours import name_colours
from windowlib.days import day_of, today
from windowlib.emoji_font import in_colour
from windowlib.look import Theme, dress, plain_text
from windowlib.reading_order import ReadingOrder
from windowlib.right_to_left import Run
from windowlib.transcript import hue_tag

LIMIT = 40  # results asked for at once
PAUSE_SECONDS = 0.25  # after the last letter; then the server is asked
ANSWER_SECONDS = 10.0  # until it is asked again
BEFORE, LONGEST = 40, 160  # characters shown before the first word that was found, and at all


def snippet(text: str, words: str) -> list[tuple[str, bool]]:
    """The part of `text` where the first of `words` stands, on one line, in pieces: whether each is one of them."""
    line = " ".join(text.split())
    sought = [re.escape(word) for word in words.split() if word]
    pattern = re.compile("|".join(sorted(sought, key=len, reverse=True)) or r"(?!)", re.IGNORECASE)
    first = pattern.search(line)
    start = max(0, first.start() - BEFORE) if first else 0
    if start:
        start = line.find(" ", start, first.start() if first else None) + 1 or start
    shown = line[start : start + LONGEST]
    pieces: list[tuple[str, bool]] = [("… ", False)] if start else []
    at = 0
    for match in pattern.finditer(shown):
        pieces += [(shown[at : match.start()], False), (match.group(), True)]
        at = match.end()
    pieces += [(shown[at:], False), (" …" if start + LONGEST < len(line) else "", False)]
    return [piece for piece in pieces if piece[0]]


def when_words(time_ms: int, now: date) -> str:
    """“10:02”, “3 March 10:02”, “3 March 2025 10:02”."""
    day = day_of(time_ms)
    if day == now:
        return clock_time(time_ms)
    return f"{day.day} {day:%B}" + ("" if day.year == now.year else f" {day.year}") + f" {clock_time(time_ms)}"


class SearchPanel(ttk.Frame):
    """A field and the list of what was found, newest first; `on_pick` is handed the one that is opened."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, engine: Engine, mine: Callable[[str], bool],
        on_pick: Callable[[Message], None],
    ) -> None:  # fmt: skip
        super().__init__(parent, style="Surface.TFrame")
        self._theme, self._engine, self._mine = theme, engine, mine
        self._on_pick = on_pick
        self._wanted: tuple[str, int | None] | None = None  # words and before; still to be asked, or not answered yet
        self._ask_at = 0.0  # on the monotonic clock
        self.answered = ""  # the words that the results are of
        self._more = False
        self._chosen = 0  # number of the result that Enter opens
        self.results: list[Message] = []  # newest first
        px = theme.px
        ttk.Frame(self, style="Line.TFrame", width=1).pack(side="left", fill="y")
        top = ttk.Frame(self, style="Surface.TFrame")
        top.pack(fill="x", padx=px(10), pady=(px(10), px(4)))
        self.close_button = ttk.Button(top, text="Close", style="Small.TButton")
        self.close_button.pack(side="right", padx=(px(4), 0))
        self.field = ttk.Entry(top, width=10, font="HallwayBody")
        self.field.pack(side="left", fill="x", expand=True)
        self.said = ttk.Label(self, style="Surface.Hint.TLabel", justify="left")
        self.said.pack(fill="x", padx=px(14), pady=(0, px(4)))
        self.said.bind("<Configure>", lambda event: self.said.configure(wraplength=max(event.width, px(80))))
        self.list = plain_text(self, theme, state="disabled", cursor="arrow", takefocus=False, width=10, height=1)
        bar = ttk.Scrollbar(self, orient="vertical", command=self.list.yview, takefocus=False)
        self.list.configure(yscrollcommand=bar.set, padx=px(4), font="HallwaySmall")
        bar.pack(side="right", fill="y")
        self.list.pack(side="left", fill="both", expand=True)
        self._order = ReadingOrder(self.list, theme)
        self._listen()
        self.dress()

    def _listen(self) -> None:
        self.field.bind("<KeyRelease>", lambda _: self._typed())
        self.field.bind("<<Paste>>", lambda _: self.after_idle(self._typed), add=True)
        for key in ("<Return>", "<KP_Enter>"):
            self.field.bind(key, lambda _: self._entered())
        for key, step in (("<Up>", -1), ("<Down>", 1), ("<Prior>", -5), ("<Next>", 5)):
            self.field.bind(key, lambda _event, step=step: self._choose(self._chosen + step))  # type: ignore[misc]
        self.list.bind("<Configure>", lambda _: self._fit())
        self.list.tag_bind("result", "<ButtonRelease-1>", lambda event: self._clicked(event.x, event.y))
        self.list.tag_bind("more", "<ButtonRelease-1>", lambda _: self._ask_more())
        for tag in ("result", "more"):
            self.list.tag_bind(tag, "<Enter>", lambda _: self.list.configure(cursor="hand2"))
            self.list.tag_bind(tag, "<Leave>", lambda _: self.list.configure(cursor="arrow"))

    def dress(self) -> None:
        """Takes the colours and the lengths of the theme."""
        look, px, tag = self._theme.look, self._theme.px, self.list.tag_configure
        dress(self.list, look)
        edge = px(10)
        tag("result", lmargin1=edge, lmargin2=edge, rmargin=edge, font="HallwaySmall")
        tag("who", font="HallwaySmallStrong", spacing1=px(9), spacing3=px(2))
        tag("small", foreground=look.muted)
        tag("text", spacing3=px(3), foreground=look.text, font="HallwaySmall")
        tag("match", font="HallwaySmallStrong", foreground=look.accent)
        tag("more", justify="center", spacing1=px(10), spacing3=px(10), foreground=look.accent, underline=True)
        tag("chosen", background=look.own, lmargincolor=look.own, rmargincolor=look.own)
        for hue, colour in enumerate(name_colours(look)):
            tag(f"hue{hue}", foreground=colour)
        tag("emoji", font=self._theme.emoji_font)
        self.list.tag_lower("chosen")
        self._fit()

    def open(self) -> None:
        """One looks for something: the field has the keyboard, with the words of the last time to type over."""
        self.field.focus_set()
        self.field.selection_range(0, "end")
        if not self.field.get().strip():
            self._say("Type what you look for. All that was ever said here to you or to everyone is looked through.")

    def flush(self, *, connected: bool) -> None:
        """Asks what is to be asked."""
        if self._wanted is None or time.monotonic() < self._ask_at:
            return
        if not connected:
            self._say("The chat is not connected now. This is looked for when it is back.")
            return
        self._ask_at = time.monotonic() + ANSWER_SECONDS
        words, before = self._wanted
        if not self.results:
            self._say("Looking …")
        self._engine.ask_search(words, LIMIT, before)

    def lost(self) -> None:
        """The connection is gone: what was not answered is asked anew."""
        self._ask_at = 0.0

    def take(self, found: Found) -> None:
        """An answer, if it is to what was asked last."""
        if self._wanted is None or found.text is None or (found.text, found.before) != self._wanted:
            return
        words, before = self._wanted
        self._wanted = None
        if before is None:
            self.results, self._chosen = [], 0
        self.answered, self._more = words, found.more
        first = len(self.results)
        self.results += reversed(found.messages)
        self._draw(first)
        if not self.results:
            self._say(f"Nothing was found for “{words}”. All its words have to be in one message.")
        else:
            self._say(f"{count_of(len(self.results), 'message')}{', and more' if found.more else ''}. Enter opens one.")

    def refused(self, question: AskSearch, why: str) -> None:
        """The server does not answer this one; asked again by itself it would say the same."""
        if (question.text, question.before) == self._wanted:
            self._wanted, self.answered = None, ""
            self._say(why)

    def close(self) -> None:
        """Nobody looks for anything any more."""
        self._wanted = None

    # --- within ---

    @property
    def _words(self) -> str:
        return clean_line(self.field.get())[:MAX_QUERY].strip()

    def _typed(self) -> None:
        words = self._words
        if words == (self._wanted[0] if self._wanted is not None else self.answered):
            return
        if not words:
            self._wanted, self.answered, self._more = None, "", False
            self.results = []
            self._draw(0)
            self.open()
            return
        self._wanted, self._ask_at = (words, None), time.monotonic() + PAUSE_SECONDS

    def _entered(self) -> str:
        if self._wanted is not None:
            self._ask_at = 0.0
        elif self._words and self._words == self.answered:
            self._open_chosen()
        return "break"

    def _open_chosen(self) -> None:
        if self._chosen < len(self.results):
            self._on_pick(self.results[self._chosen])
        else:
            self._ask_more()

    def _ask_more(self) -> None:
        if self._more and self._wanted is None and self.results:
            self._wanted, self._ask_at = (self.answered, self.results[-1].seq), 0.0

    def _choose(self, number: int) -> str:
        last = len(self.results) - (0 if self._more else 1)
        self._chosen = max(0, min(last, number))
        self._show_chosen()
        return "break"

    def _clicked(self, x: int, y: int) -> None:
        for name in self.list.tag_names(f"@{x},{y}"):
            if name.startswith("number "):
                self._chosen = int(name.removeprefix("number "))
                self._show_chosen()
                self._open_chosen()

    def _fit(self) -> None:
        self._order.fit()
        if self._order.stale:
            self._draw(0)

    def _draw(self, first: int) -> None:
        """Draws the results from number `first` on below the others."""
        runs: list[Run] = []
        now = today()
        if not first:
            self._order.begin_anew()
        for number, message in enumerate(self.results[first:], first):
            tags = ("result", f"number {number}")
            if message.to == EVERYONE:
                where = "in Everyone"
            else:
                where = f"privately to {message.to}" if self._mine(message.sender) else "privately"
            runs.append((self._theme.ordered(message.sender), (*tags, "who", hue_tag(message.sender))))
            where = self._theme.ordered(f"  {where}  ·  {when_words(message.time, now)}")
            runs.append((f"{where}\n", (*tags, "small")))
            pieces = snippet(message.text, self.answered)
            drawn = [(words, (*tags, "text", "match") if found else (*tags, "text")) for words, found in pieces]
            for line in self._order.lines([(drawn, "")]):
                runs += [*line, ("\n", (*tags, "text"))]
        if self._more:
            runs.append(("Look further back\n", ("more",)))
        parts: list[Any] = [part for run in in_colour(runs) for part in run]
        self.list.configure(state="normal")
        if not first:
            self.list.delete("1.0", "end")
        elif place := self.list.tag_nextrange("more", "1.0"):
            self.list.delete(*place)
        if parts:
            self.list.insert("end-1c", *parts)
        self.list.configure(state="disabled")
        self._show_chosen()

    def _show_chosen(self) -> None:
        self.list.tag_remove("chosen", "1.0", "end")
        tag = f"number {self._chosen}" if self._chosen < len(self.results) else "more"
        ranges = self.list.tag_ranges(tag)
        if ranges:
            self.list.tag_add("chosen", ranges[0], ranges[-1])
            self.list.see(ranges[-1])
            self.list.see(ranges[0])

    def _say(self, words: str) -> None:
        if self.said.cget("text") != words:
            self.said.configure(text=words)
