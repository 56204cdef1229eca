"""The messages of one conversation on the screen: draws a transcript, and keeps one's place in it.

Part of chat_screen.py, in Tk's thread. views.py keeps some of these and shows one; paging.py sees to it that there is
something above and below what is drawn.
"""

from __future__ import annotations

import contextlib
import tkinter as tk
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from tkinter import ttk
from typing import Any

from names import name_key
from protocol import Message
from windowlib import tags
from windowlib.emoji_font import in_colour
from windowlib.inbox import Border, Item, Talk
from windowlib.look import Theme, plain_text
from windowlib.markup import weight
from windowlib.pointing import Pointing
from windowlib.reading_order import ReadingOrder
from windowlib.transcript import (
    AGAIN_TAG,
    DAY_TAG,
    SEEN,
    SENT_AGAIN,
    STATE_TAG,
    Run,
    Transcript,
    day_of_tag,
    day_words,
)

KEPT_LINES = 2000  # of the conversation while one stands at its end; what is further up is in the server's log
READING_LINES = 3000  # while one reads further up: what is furthest from there is taken away
CUT = 400  # lines that are taken away there at once; a thousand take 30 ms
KEPT_CHARACTERS = 600_000  # 2,000 lines of 4,000 characters would take Tk a hundred MiB
ROOM = 300  # messages drawn in one go; a long one counts for several
SPARE_TAGS = 200  # tags of lines that are gone; each takes Tk a little time and memory whatever is done
NEAR = 15  # lines from an end of what is drawn; then more is wanted


def cost_of(item: Item) -> int:
    """What it takes to draw it, in messages of the usual length."""
    return 1 + weight(item.text) if isinstance(item, Message) else 1


def newest_that_fit(items: Sequence[Item], room: int = ROOM) -> Sequence[Item]:
    """The end of `items`, as much as can be drawn in one go; at least one."""
    for number in range(len(items) - 1, -1, -1):
        room -= cost_of(items[number])
        if room < 0:
            return items[min(number + 1, len(items) - 1) :]
    return items


class Conversation(ttk.Frame):
    """One `Talk` in one `Text`.

    It is `attached` while its last message is the newest of the talk, and goes along with new ones; else it shows a
    stretch of the log further up, and what comes is counted only.
    """

    def __init__(
        self, parent: tk.Misc, theme: Theme, talk: Talk, me: str,
        on_again: Callable[[str], None],
    ) -> None:  # fmt: skip
        super().__init__(parent, style="Surface.TFrame")
        self._theme, self._on_again = theme, on_again
        self.talk = talk
        self.transcript = Transcript(me, private=talk.private)
        self.margin = 0  # pixels left and right of the column of messages
        self.attached = True
        self.following = True  # one stands at the end and goes along with it; only what people do changes it
        self.complete = False  # there is nothing above what is drawn, not in the log either
        self.ended = False  # nothing more is sent from here
        self._moving = False  # one has just moved it, and where to was not looked at yet
        self._is_of_the_log = (
            False  # drawn from pages, which have none of the window's own lines: refused messages, notices
        )
        self._unseen = 0  # messages that came below since one left the end
        self._count = 0  # of the talk's lines, that were drawn or passed over
        self._changes = -1  # of the talk, that are drawn
        self._most_tags = 0  # until those of lines that are gone are taken away
        self.text = plain_text(self, theme, state="disabled", cursor="arrow", takefocus=True, spacing1=0)
        self.text.configure(highlightthickness=theme.px(2))  # its focus ring
        self.text.configure(font="HallwayGap")  # of the last line, which is always empty
        self._bar = ttk.Scrollbar(self, orient="vertical", command=self._dragged, takefocus=False)
        self.text.configure(yscrollcommand=self._bar.set)
        self._bar.pack(side="right", fill="y", padx=(0, theme.px(2)))
        self.text.pack(side="left", fill="both", expand=True)
        self.text.mark_set("tail", "1.0")
        self.text.mark_gravity("tail", "left")
        self.pill = ttk.Button(self, style="Pill.TButton", command=self._pill_pressed)
        self._listen()
        self.order = ReadingOrder(self.text, theme)
        self.transcript.order = None if theme.tk_orders else self.order.lines
        Pointing(self.text, self._again, self.order.run_at)
        self.dress()

    def _listen(self) -> None:
        for happening in ("<MouseWheel>", "<Button-4>", "<Button-5>", "<B1-Motion>", "<KeyRelease>"):
            self.text.bind(happening, self._moved, add=True)
        with contextlib.suppress(tk.TclError):  # Tk 9 alone has it
            self.text.bind("<TouchpadScroll>", self._moved, add=True)
        for key, amount in (
            ("Up", (-3, "units")),
            ("Down", (3, "units")),
            ("Prior", (-1, "pages")),
            ("Next", (1, "pages")),
        ):
            self.text.bind(f"<{key}>", lambda _event, amount=amount: self._scroll(*amount))  # type: ignore[misc]
        self.text.bind("<Home>", lambda _: self._jump(0.0))
        self.text.bind("<End>", lambda _: self._jump(1.0))
        self.text.bind("<Button-1>", lambda _: self.text.focus_set(), add=True)
        self.text.bind("<Configure>", self._resized)

    def dress(self) -> None:
        """Takes the colours and the lengths of the theme."""
        tags.configure(self.text, self._theme)
        self.order.fit()

    # --- drawing ---

    def catch_up(self, *, reading: bool) -> None:
        """Draws what changed, with two insertions, and keeps one's place. `reading`: it is seen as it comes."""
        talk = self.talk
        self.look_where()  # else what is drawn now would take one back to the end
        if self.order.stale and self.following:
            self.fill()
            return
        if self._changes == talk.changes:
            return
        self._changes = talk.changes  # first: what cannot be drawn is not tried for ever
        self._mark_seen()
        items, missed = talk.since(self._count), talk.count - self._count
        if talk.unread and not reading and self.transcript.unread_after != talk.read:
            self._move_unread_line(talk.read)
        if self.attached and (items is None or sum(map(cost_of, items)) > 2 * ROOM):
            if self.following:
                self.fill()
                return
            self._detach()
        if not self.attached:
            self._unseen += missed if items is None else self._theirs(items)
            self._count = talk.count
            self._show_pill()
            return
        self._count = talk.count
        with self._open():
            self.text.delete("tail", "end-1c")
            self._insert("end", self.transcript.add(items or ()))
            self.text.mark_set("tail", "end-1c")
            self._trim()
            if self.attached:
                self._draw_tail()
        if self.following:
            self.text.see("end")
        else:
            self._unseen += self._theirs(items or ())
        self._show_pill()

    def fill(self) -> None:
        """Draws the newest lines of the talk and nothing else, and stands at the end of them."""
        talk = self.talk
        self._changes, self._count = talk.changes, talk.count
        self.transcript.clear()
        self.transcript.seen = talk.seen
        if talk.unread:
            self.transcript.unread_after = talk.read
        self.attached = self.following = True
        self._is_of_the_log = False
        self._unseen = 0
        with self._open():
            self.text.delete("1.0", "end")
            self.order.begin_anew()
            self._forget_tags()
            newest = newest_that_fit(list(talk.recent))
            self._insert("end", self.transcript.add(newest))
            self.complete = self.transcript.another_log
            self.text.mark_set("tail", "end-1c")
            self._draw_tail()
        self.text.see("end")
        self._show_pill()

    def put_above(self, messages: Sequence[Message]) -> None:
        """Draws older messages above all others; what one reads stays where it is."""
        top = self.text.index("@0,0")
        place = self.text.dlineinfo(top)
        runs, repeated = self.transcript.older(messages)
        with self._open():
            self.text.mark_set("reading", top)
            if repeated:
                self.text.delete("1.0", "2.0")
            self.text.mark_set("above", "1.0")
            self.text.mark_gravity("above", "right")
            empty = self.text.compare("tail", "==", "1.0")
            self._insert("above", runs)
            if empty:
                self.text.mark_set("tail", "above")
            if self.text.compare("reading", "<", "above"):
                self.text.mark_set("reading", "above")
            if not self.following:
                self._trim()
            self._redraw_tail()
        if self.following:
            self.text.see("end")
            return
        self.text.yview("reading")
        if place:
            self.text.yview_scroll(-place[1], "pixels")

    def put_below(self, messages: Sequence[Message]) -> None:
        """Draws newer messages below all others, when what is drawn is not the newest yet."""
        with self._open():
            self._insert("end", self.transcript.add(messages))
            self.text.mark_set("tail", "end-1c")
            self._trim(bottom=False)

    def attach(self, *, last: bool = False) -> bool:
        """Goes on to the newest lines where they join on to what is drawn; whether they do.

        `last`: the server has just said that it has nothing newer than what is drawn.
        """
        talk, newest = self.talk, self.transcript.newest
        if self.attached or newest is None:
            return self.attached
        rest: list[Item] = []
        joined = last
        for item in reversed(talk.recent):
            if isinstance(item, Border):
                break
            if isinstance(item, Message) and item.seq <= newest:
                joined = True
                break
            rest.append(item)
        if not joined or sum(map(cost_of, rest)) > 2 * ROOM:
            return False
        self.attached = True
        talk.newest = max(talk.newest, newest)
        self._changes, self._count = talk.changes, talk.count
        with self._open():
            self._insert("end", self.transcript.add(reversed(rest)))
            self.text.mark_set("tail", "end-1c")
            self._draw_tail()
        return True

    def show_around(self, messages: Sequence[Message], seq: int) -> None:
        """Draws a stretch of the log with message `seq` in it, and leads there."""
        self.transcript.clear()
        self.attached = self.following = self.complete = False
        self._is_of_the_log = True
        self._unseen, self._count, self._changes = 0, self.talk.count, self.talk.changes
        with self._open():
            self.text.delete("1.0", "end")
            self.order.begin_anew()
            self._forget_tags()
            self._insert("end", self.transcript.add(messages))
            self.text.mark_set("tail", "end-1c")
        self.attach()
        if (place := self.transcript.line_of(seq)) is not None:
            first, lines = place
            self.text.tag_add("found", f"{first}.0", f"{first + lines}.0")
            self.text.yview(f"{first}.0")
            self.text.yview_scroll(-self.text.winfo_height() // 3, "pixels")
        self._show_pill()

    def show_unread(self) -> None:
        """Leads to the line where the unread ones begin, where that is out of sight."""
        place = self.text.tag_nextrange("unread", "1.0")
        if place and self.text.dlineinfo(place[0]) is None:
            self.text.yview(place[0])
            self.text.yview_scroll(-self.text.winfo_height() // 4, "pixels")
            self._unseen = self.talk.unread
            self._look_where()

    def forget_unread(self) -> None:
        """The line where the unread ones began is of no use any more."""
        self._move_unread_line(0)

    def redraw_end(self) -> None:
        """What stands at the end is to be drawn anew with the next flush."""
        self._changes = -1

    def name_days(self, today: date) -> None:
        """Says the days anew: at midnight “Today” becomes “Yesterday”."""
        days = [tag for tag in self.text.tag_names() if tag.startswith(DAY_TAG)]
        with self._open():
            for tag in days:
                for end in reversed(self.text.tag_ranges(tag)[1::2]):  # from below: what is further up stays in place
                    line = self.text.index(f"{end} - 1 chars linestart")
                    self.text.replace(line, f"{line} lineend", day_words(day_of_tag(tag), today), ("day", tag))

    def sent_again(self, id: str) -> None:
        """The refused message with this id is on its way once more."""
        place = self.text.tag_nextrange(f"{AGAIN_TAG}{id}", "1.0")
        if place:
            with self._open():
                why = [tag for tag in self.text.tag_names(place[0]) if not tag.startswith("again")]
                self.text.replace(place[0], place[1], SENT_AGAIN, tuple(why))

    # --- where one is ---

    def wants_older(self) -> bool:
        """One is near the first message that is drawn, and there may be more in the log."""
        if self.complete or self.transcript.another_log or self._line_at(0) > NEAR:
            return False
        return self.transcript.lines < READING_LINES or not self.following

    def wants_newer(self) -> bool:
        """One is near the last message that is drawn, and it is not the newest."""
        if self.attached:
            return False
        last = int(self.text.index("end-1c").split(".", maxsplit=1)[0])
        return last - self._line_at(self.text.winfo_height()) <= NEAR

    def _line_at(self, y: int) -> int:
        return int(self.text.index(f"@0,{y}").split(".", maxsplit=1)[0])

    @property
    def bar_width(self) -> int:
        """Pixels at the right that belong to the scroll bar."""
        return max(0, self.winfo_width() - self.text.winfo_width())

    def go_down(self) -> None:
        """To the newest message, and along with those that come."""
        if self._is_of_the_log or self.order.stale or (not self.attached and not self.attach()):
            self.fill()
            return
        self.following, self._unseen = True, 0
        self.text.tag_remove("found", "1.0", "end")
        self.text.see("end")
        self._show_pill()

    def at_end(self) -> bool:
        """The newest message is in sight."""
        return self.attached and self.text.dlineinfo("end-1c") is not None

    def look_where(self) -> None:
        """Knows where one is, if one has just moved the view and it was not looked at yet."""
        if self._moving:
            self._look_where()

    # --- within ---

    def _theirs(self, items: Iterable[Item]) -> int:
        me = name_key(self.transcript.me)
        return sum(isinstance(item, Message) and name_key(item.sender) != me for item in items)

    @contextmanager
    def _open(self) -> Iterator[None]:
        """While it lasts the text can be changed."""
        self.text.configure(state="normal")
        try:
            yield
        finally:
            self.text.configure(state="disabled")

    def _insert(self, where: str, runs: Iterable[Run]) -> None:
        parts: list[Any] = [part for run in in_colour(runs) for part in run]
        if parts:
            self.text.insert(where, *parts)

    def _draw_tail(self) -> None:
        self._insert("end", self.transcript.tail(self.talk, ended=self.ended, complete=self.complete))

    def _redraw_tail(self) -> None:
        if self.attached:
            self.text.delete("tail", "end-1c")
            self._draw_tail()

    def _detach(self) -> None:
        """What comes from now on is not drawn any more."""
        self.attached, self._is_of_the_log = False, True
        with self._open():
            self.text.delete("tail", "end-1c")

    def _trim(self, *, bottom: bool = True) -> None:
        """Takes away what is furthest from where one reads, where there is too much of it. The text is open."""
        transcript = self.transcript
        self._forget_tags()
        if self.following:
            self._cut_top(transcript.trim_top(KEPT_LINES, KEPT_CHARACTERS))
        elif transcript.lines > READING_LINES or transcript.characters > KEPT_CHARACTERS:
            if bottom and self._line_at(0) < transcript.lines // 2:
                gone = transcript.trim_bottom(READING_LINES - CUT, KEPT_CHARACTERS * 9 // 10)
                if gone:
                    if self.attached:
                        self.text.delete("tail", "end-1c")
                        self.attached, self._is_of_the_log = False, True
                    line = int(self.text.index("tail").split(".", maxsplit=1)[0]) - gone
                    self.text.delete(f"{line}.0", "tail")
            else:
                self._cut_top(transcript.trim_top(READING_LINES - CUT, KEPT_CHARACTERS * 9 // 10))

    def _cut_top(self, gone: int) -> None:
        if gone:
            self.text.delete("1.0", f"{gone + 1}.0")
            self.complete = False

    def _forget_tags(self) -> None:
        """Takes away tags of lines that are gone, now and then: a day has one, a private message of one's own, too."""
        names = self.text.tag_names()
        if len(names) > self._most_tags:
            self.order.tidy()
            for tag in names:
                if tag.startswith((DAY_TAG, STATE_TAG, AGAIN_TAG)) and not self.text.tag_nextrange(tag, "1.0"):
                    self.text.tag_delete(tag)
            self._most_tags = 2 * len(self.text.tag_names()) + SPARE_TAGS

    def _mark_seen(self) -> None:
        """Says of own private messages that the other one has seen them."""
        transcript, seen = self.transcript, self.talk.seen
        if seen <= transcript.seen:
            return
        transcript.seen = seen
        with self._open():
            while transcript.stored and transcript.stored[0] <= seen:
                tag = f"{STATE_TAG}{transcript.stored.popleft()}"
                if place := self.text.tag_nextrange(tag, "1.0"):
                    plain = tuple(one for one in self.text.tag_names(place[0]) if one != tag)
                    self.text.replace(place[0], place[1], SEEN, plain)
                self.text.tag_delete(tag)

    def _move_unread_line(self, after: int) -> None:
        self.transcript.unread_after = after
        if self.transcript.unread_drawn:
            first, lines = self.transcript.take_unread_line()
            with self._open():
                self.text.delete(f"{first}.0", f"{first + lines}.0")

    def _again(self, tag: str) -> None:
        self._on_again(tag.removeprefix(AGAIN_TAG))

    # --- what people do ---

    def _pill_pressed(self) -> None:
        self.go_down()
        self.text.focus_set()  # the pill is gone, and what is typed next belongs somewhere

    def _dragged(self, *how: Any) -> None:
        self.text.yview(*how)
        self._moved()

    def _scroll(self, number: int, what: Any) -> str:
        self.text.yview_scroll(number, what)
        self._moved()
        return "break"

    def _jump(self, where: float) -> str:
        if where == 1.0 and not self.attached:
            self.go_down()
        self.text.yview_moveto(where)
        self._moved()
        return "break"

    def _moved(self, _event: object = None) -> None:
        """After this Tk moves the view, if it did not yet."""
        self._moving = True
        self.after_idle(self._look_where)

    def _look_where(self) -> None:
        """After somebody moved the view: is it at the end now?"""
        self._moving = False
        self.following = self.at_end()
        if self.following:
            self._unseen = 0
            if self._is_of_the_log or self.order.stale:
                self.fill()
        self._show_pill()

    def _resized(self, event: tk.Event[tk.Text]) -> None:
        """The column of messages is in the middle."""
        px = self._theme.px
        column = 90 * self._theme.width_of("n")  # a line longer than that is hard to read
        self.margin = max(px(12), (event.width - column) // 2)
        self.text.configure(padx=self.margin - px(2))
        self.order.fit()
        if self.following:
            self.text.see("end")

    def _show_pill(self) -> None:
        if self.following:
            self.pill.place_forget()
            return
        self.pill.configure(text=f"{self._unseen:,} new  ↓" if self._unseen else "Newest  ↓")
        inset = self.margin + self.bar_width + self._theme.px(4)
        self.pill.place(relx=1.0, rely=1.0, x=-inset, y=-self._theme.px(6), anchor="se")
