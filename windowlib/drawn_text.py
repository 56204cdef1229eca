"""The runs of a transcript in a `Text`: puts them there, takes them away, and says some words anew in place.

Part of conversation.py, in Tk's thread. What has its final place stands above the mark `tail`, what still changes below
it.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from windowlib.days import DAY_TAG, day_of_tag, day_words
from windowlib.emoji_font import in_colour
from windowlib.reading_order import ReadingOrder
from windowlib.right_to_left import Run
from windowlib.transcript import AGAIN_TAG, SEEN, SENT_AGAIN, STATE_TAG

SPARE_TAGS = 200  # tags of lines that are gone; each takes Tk a little time and memory whatever is done


class DrawnText:
    """What is drawn of one conversation."""

    def __init__(self, text: tk.Text, order: ReadingOrder) -> None:
        self._text, self._order = text, order
        self._most_tags = 0  # until those of lines that are gone are taken away
        text.mark_set("tail", "1.0")
        text.mark_gravity("tail", "left")

    @contextmanager
    def open(self) -> Iterator[None]:
        """While it lasts the text can be changed."""
        self._text.configure(state="normal")
        try:
            yield
        finally:
            self._text.configure(state="disabled")

    # --- while it is open ---

    def insert(self, where: str, runs: Iterable[Run]) -> None:
        """Puts runs there, with one insertion."""
        parts: list[Any] = [part for run in in_colour(runs) for part in run]
        if parts:
            self._text.insert(where, *parts)

    def clear(self) -> None:
        """Takes everything away."""
        self._text.delete("1.0", "end")
        self._order.begin_anew()
        self.forget_tags()

    def add(self, runs: Iterable[Run]) -> None:
        """Puts runs at the end, where no tail is: they have their final place."""
        self.insert("end", runs)
        self._text.mark_set("tail", "end-1c")

    def add_on_top(self, runs: Iterable[Run]) -> None:
        """Puts runs above everything, and the mark `above` behind them."""
        text = self._text
        text.mark_set("above", "1.0")
        text.mark_gravity("above", "right")
        empty = text.compare("tail", "==", "1.0")
        self.insert("above", runs)
        if empty:
            text.mark_set("tail", "above")

    def take_tail(self) -> None:
        """Takes away what still changes."""
        self._text.delete("tail", "end-1c")

    def take_lines(self, first: int, lines: int) -> None:
        """Takes away so many lines from the `first` on, which is counted from 1."""
        self._text.delete(f"{first}.0", f"{first + lines}.0")

    def take_above_tail(self, lines: int) -> None:
        """Takes away the last lines that have their final place."""
        end = int(self._text.index("tail").split(".", maxsplit=1)[0])
        self._text.delete(f"{end - lines}.0", "tail")

    def forget_tags(self) -> None:
        """Takes away tags of lines that are gone, now and then: a day has one, a private message of one's own, too."""
        self._order.tidy()
        names = self._text.tag_names()
        if len(names) > self._most_tags:
            for tag in names:
                if tag.startswith((DAY_TAG, STATE_TAG, AGAIN_TAG)) and not self._text.tag_nextrange(tag, "1.0"):
                    self._text.tag_delete(tag)
            self._most_tags = 2 * len(self._text.tag_names()) + SPARE_TAGS

    # --- at any time ---

    def name_days(self, today: date) -> None:
        """Says the days anew: at midnight “Today” becomes “Yesterday”."""
        text = self._text
        with self.open():
            for tag in [tag for tag in text.tag_names() if tag.startswith(DAY_TAG)]:
                for end in reversed(text.tag_ranges(tag)[1::2]):  # from below: what is further up stays in place
                    line = text.index(f"{end} - 1 chars linestart")
                    text.replace(line, f"{line} lineend", day_words(day_of_tag(tag), today), ("day", tag))

    def sent_again(self, id: str) -> None:
        """The refused message with this id is on its way once more."""
        place = self._text.tag_nextrange(f"{AGAIN_TAG}{id}", "1.0")
        if place:
            with self.open():
                why = [tag for tag in self._text.tag_names(place[0]) if not tag.startswith("again")]
                self._text.replace(place[0], place[1], SENT_AGAIN, tuple(why))

    def seen(self, seqs: Iterable[int]) -> None:
        """The other one has seen these own private messages."""
        with self.open():
            for tag in (f"{STATE_TAG}{seq}" for seq in seqs):
                if place := self._text.tag_nextrange(tag, "1.0"):
                    plain = tuple(one for one in self._text.tag_names(place[0]) if one != tag)
                    self._text.replace(place[0], place[1], SEEN, plain)
                self._text.tag_delete(tag)
