"""The messages of one conversation on the screen: draws a transcript, and keeps one's place in it.

Part of chat_screen.py, in Tk's thread. views.py keeps some of these and shows one; paging.py sees to it that there is
something above and below what is drawn. How one moves in it is in reading_pane.py, what stands in the `Text` is changed
by drawn_text.py.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from datetime import date

from protocol import Message
from windowlib import tags
from windowlib.drawn_text import DrawnText
from windowlib.look import Theme
from windowlib.markup import weight
from windowlib.pointing import Pointing
from windowlib.reading_order import ReadingOrder
from windowlib.reading_pane import ReadingPane
from windowlib.talk import DRAWN_CHARACTERS, DRAWN_LINES, Border, Item, Talk
from windowlib.transcript import AGAIN_TAG, Transcript

READING_LINES = 3000  # while one reads further up: what is furthest from there is taken away
CUT = 400  # lines that are taken away there at once; a thousand take 30 ms
ROOM = 300  # messages drawn in one go; a long one counts for several
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


class Conversation(ReadingPane):
    """One `Talk` in one `Text`.

    It is `attached` while its last message is the newest of the talk, and goes along with new ones; else it shows a
    stretch of the log further up, and what comes is counted only.
    """

    def __init__(self, parent: tk.Misc, theme: Theme, talk: Talk, me: str) -> None:
        super().__init__(parent, theme)
        self.on_again: Callable[[str], None] = lambda _: None  # is told the id of a refused message to send again
        self.talk = talk
        self.transcript = Transcript(me, private=talk.private)
        self.attached = True
        self.complete = False  # there is nothing above what is drawn, not in the log either
        self.ended = False  # nothing more is sent from here
        self._is_of_the_log = False  # drawn from pages, which have no lines of the window's own: refusals, notices
        self._leads_to_unread = False  # as soon as it is laid out
        self._count = self._theirs = 0  # of the talk's lines, and of others' messages, that were drawn or passed over
        self._changes = -1  # of the talk, that are drawn
        self.order = ReadingOrder(self.text, theme)
        self.transcript.order = None if theme.tk_orders else self.order.lines
        self._drawn = DrawnText(self.text, self.order)
        Pointing(self.text, lambda tag: self.on_again(tag.removeprefix(AGAIN_TAG)), self.order.run_at)
        self.dress()

    def dress(self) -> None:
        """Takes the colours and the lengths of the theme."""
        tags.configure(self.text, self.theme)
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
        items, theirs = talk.since(self._count), talk.theirs - self._theirs
        if talk.unread and not reading and self.transcript.unread_after != talk.read:
            self.move_unread_line(talk.read)
        if self.attached and (items is None or sum(map(cost_of, items)) > 2 * ROOM):
            if self.following:
                self.fill()
                return
            self._detach()
        if not self.attached:
            self.unseen += theirs
            self._count, self._theirs = talk.count, talk.theirs
            self.show_pill()
            return
        self._count, self._theirs = talk.count, talk.theirs
        with self._drawn.open():
            self._drawn.take_tail()
            self._drawn.add(self.transcript.add(items or ()))
            self._trim()
            if self.attached:
                self._draw_tail()
        if self.following:
            self.text.see("end")
        else:
            self.unseen += theirs
        self.show_pill()

    def fill(self) -> None:
        """Draws the newest lines of the talk and nothing else, and stands at the end of them."""
        talk = self.talk
        self._changes, self._count, self._theirs = talk.changes, talk.count, talk.theirs
        self.transcript.clear()
        self.transcript.seen = talk.seen
        if talk.unread:
            self.transcript.unread_after = talk.read
        self.attached = self.following = True
        self._is_of_the_log = False
        self.unseen = 0
        with self._drawn.open():
            self._drawn.clear()
            self._drawn.add(self.transcript.add(newest_that_fit(list(talk.recent))))
            self.complete = self.transcript.another_log
            self._draw_tail()
        self.text.see("end")
        self.show_pill()

    def put_above(self, messages: Sequence[Message]) -> None:
        """Draws older messages above all others; what one reads stays where it is."""
        runs, repeated = self.transcript.older(messages)
        top = self.text.index("2.0" if repeated and self.line_at(0) == 1 else "@0,0")  # the first line goes
        place = self.text.dlineinfo(top)
        with self._drawn.open():
            self.text.mark_set("reading", top)
            if repeated:
                self._drawn.take_lines(1, 1)
            self._drawn.add_on_top(runs)
            if self.text.compare("reading", "<", "above"):
                self.text.mark_set("reading", "above")
            if not self.following:
                self._trim()
            if self.attached:
                self._drawn.take_tail()
                self._draw_tail()
        if self.following:
            self.text.see("end")
            return
        self.text.yview("reading")
        if place and (now := self.text.dlineinfo("reading")):
            self.text.yview_scroll(now[1] - place[1], "pixels")

    def put_below(self, messages: Sequence[Message]) -> None:
        """Draws newer messages below all others, when what is drawn is not the newest yet."""
        with self._drawn.open():
            self._drawn.add(self.transcript.add(messages))
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
        self._changes, self._count, self._theirs = talk.changes, talk.count, talk.theirs
        with self._drawn.open():
            self._drawn.add(self.transcript.add(reversed(rest)))
            self._draw_tail()
        return True

    def show_stretch(self, messages: Sequence[Message]) -> None:
        """Draws a stretch of the log and nothing else; `show_found` or `show_at_top` lead to a message of it."""
        self.transcript.clear()
        self.attached = self.following = self.complete = False
        self._is_of_the_log = True
        self.unseen, self._changes = 0, self.talk.changes
        self._count, self._theirs = self.talk.count, self.talk.theirs
        with self._drawn.open():
            self._drawn.clear()
            self._drawn.add(self.transcript.add(messages))
        self.attach()
        self.show_pill()

    def show_found(self, seq: int) -> None:
        """Leads to this message, which somebody has looked for, with what stands above it."""
        if (place := self.transcript.line_of(seq)) is not None:
            first, lines = place
            self.text.tag_add("found", f"{first}.0", f"{first + lines}.0")
            self.lead_to(f"{first}.0", 1 / 3)

    def show_at_top(self, seq: int) -> bool:
        """Leads to this message, where one was reading before; whether it is drawn."""
        place = self.transcript.line_of(seq)
        if place is not None:
            self.following = False
            self.lead_to(f"{place[0]}.0", 0)
            self.show_pill()
        return place is not None

    @property
    def me(self) -> str:
        """One's own name, as the server writes it."""
        return self.transcript.me

    def renamed(self, me: str) -> None:
        """The server writes one's own name like this."""
        self.transcript.me = me

    @property
    def oldest(self) -> int | None:
        """The seq of the oldest message that is drawn."""
        return self.transcript.oldest

    @property
    def newest(self) -> int | None:
        """The seq of the newest message that is drawn."""
        return self.transcript.newest

    @property
    def reading_at(self) -> int | None:
        """The message at the top of what is seen; None where one is at the end, and goes along with it."""
        return None if self.following else self.transcript.seq_at(self.line_at(0))

    def show_unread(self) -> None:
        """Leads to the line where the unread ones begin, where that is out of sight; once it can be in sight."""
        self._leads_to_unread = not self.laid_out
        if self._leads_to_unread:
            return
        place = self.text.tag_nextrange("unread", "1.0")
        if place and self.text.dlineinfo(place[0]) is None:
            self.lead_to(place[0], 1 / 4)
            self.unseen = self.talk.unread
            self.moved()
            self.look_where()

    def move_unread_line(self, after: int) -> None:
        """The unread ones begin below message `after`, 0: nowhere; the line that said so of another one goes."""
        self.transcript.unread_after = after
        if self.transcript.unread_drawn:
            with self._drawn.open():
                self._drawn.take_lines(*self.transcript.take_unread_line())

    def name_days(self, today: date) -> None:
        """Says the days anew: at midnight “Today” becomes “Yesterday”."""
        self._drawn.name_days(today)

    def sent_again(self, id: str) -> None:
        """The refused message with this id is on its way once more."""
        self._drawn.sent_again(id)

    def redraw_end(self) -> None:
        """What stands at the end is to be drawn anew with the next flush."""
        self._changes = -1

    # --- where one is ---

    def wants_older(self) -> bool:
        """One is near the first message that is drawn, and there may be more in the log."""
        if self.complete or self.transcript.another_log or self.line_at(0) > NEAR:
            return False
        return self.transcript.lines < READING_LINES or not self.following

    def wants_newer(self) -> bool:
        """One is near the last message that is drawn, and it is not the newest."""
        if self.attached:
            return False
        last = int(self.text.index("end-1c").split(".", maxsplit=1)[0])
        return last - self.line_at(self.text.winfo_height()) <= NEAR

    def go_down(self) -> None:
        """To the newest message, and along with those that come."""
        if self._is_of_the_log or self.order.stale or (not self.attached and not self.attach()):
            self.fill()
            return
        self.text.tag_remove("found", "1.0", "end")
        super().go_down()

    def at_end(self) -> bool:
        """The newest message is in sight."""
        return self.attached and super().at_end()

    def reached_end(self) -> None:
        """The window's own lines are there again, where one has come from the log; all in the width of now."""
        if self._is_of_the_log or self.order.stale:
            self.fill()

    def shown_first(self) -> None:
        """Begins at the unread ones, where that was asked for before."""
        if self._leads_to_unread:
            self.show_unread()

    def resized(self) -> None:
        """Lines that were laid out for another width are drawn anew."""
        self.order.fit()

    def jump(self, where: float) -> str:
        """To the beginning (0.0) of what is drawn, or to the newest message (1.0)."""
        if where == 1.0 and not self.attached:
            self.go_down()
        return super().jump(where)

    # --- within ---

    def _draw_tail(self) -> None:
        self._drawn.insert("end", self.transcript.tail(self.talk, ended=self.ended, complete=self.complete))

    def _detach(self) -> None:
        """What comes from now on is not drawn any more."""
        self.attached, self._is_of_the_log = False, True
        with self._drawn.open():
            self._drawn.take_tail()

    def _trim(self, *, bottom: bool = True) -> None:
        """Takes away what is furthest from where one reads, where there is too much of it. The text is open."""
        transcript = self.transcript
        self._drawn.forget_tags()
        if self.following:
            self._cut_top(transcript.trim_top(DRAWN_LINES, DRAWN_CHARACTERS))
        elif transcript.lines > READING_LINES or transcript.characters > DRAWN_CHARACTERS:
            if bottom and self.line_at(0) < transcript.lines // 2:
                gone = transcript.trim_bottom(READING_LINES - CUT, DRAWN_CHARACTERS * 9 // 10)
                if gone:
                    if self.attached:
                        self._drawn.take_tail()
                        self.attached, self._is_of_the_log = False, True
                    self._drawn.take_above_tail(gone)
            else:
                self._cut_top(transcript.trim_top(READING_LINES - CUT, DRAWN_CHARACTERS * 9 // 10))

    def _cut_top(self, gone: int) -> None:
        if gone:
            self._drawn.take_lines(1, gone)
            self.complete = False

    def _mark_seen(self) -> None:
        """Says of own private messages that the other one has seen them."""
        transcript, seen = self.transcript, self.talk.seen
        if seen > transcript.seen:
            transcript.seen = seen
            self._drawn.seen(transcript.take_seen())
