"""Brings the stretches of the log that one scrolls to, or that a search leads to, into a conversation.

Part of views.py, in Tk's thread; it knows no Tk itself. Answers are told by what they say they answer, never by their
order. What a lost connection swallowed is asked again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from clientlib.engine import Engine
from names import name_key
from protocol import EVERYONE, MAX_INTEGER, AskHistory, Message, Page
from windowlib.conversation import Conversation, cost_of
from windowlib.talk import address_of

PAGE = 100  # messages asked for at once
AROUND = 40  # messages before and after one that was found
PORTION = 60  # messages of a page drawn in one tick; a long one counts for several
ANSWER_SECONDS = 20.0  # until a question that was not answered is asked again
REFUSED_SECONDS = 60.0  # and one that the server could not answer

Question = tuple[int | None, int | None]  # before and after


def fitting(messages: Sequence[Message], room: int) -> int:
    """How many of `messages`, from the first, can be drawn in one go; at least one."""
    for number, message in enumerate(messages):
        room -= cost_of(message)
        if room < 0:
            return max(1, number)
    return len(messages)


class Pager:
    """Asks for what is above and below what a conversation shows, and puts it there a portion at a time."""

    def __init__(self, view: Conversation, engine: Engine) -> None:
        self.view = view
        self._engine = engine
        self._asked: dict[Question, float] = {}  # and when, on the monotonic clock
        self._above: deque[Message] = deque()  # to be drawn, oldest first
        self._below: deque[Message] = deque()
        self._first = False  # the page in `_above` begins the log
        self._last = False  # the page in `_below` ended it
        self._is_refused = False  # nothing has come since the server could not answer, which was told
        self._target: int | None = None  # seq of the message that is looked for
        self._was_read = False  # it was not looked for: one was reading there
        self._around: dict[Question, Sequence[Message]] = {}  # what came of that

    def show(self, seq: int) -> None:
        """Leads to this message, which was found, in its context."""
        self._forget()
        self._target, self._was_read = seq, False

    def return_to(self, seq: int) -> None:
        """Leads back to where one was reading: at once if it is drawn."""
        self._forget()
        if not self.view.show_at_top(seq):
            self._target, self._was_read = seq, True

    def newest(self) -> None:
        """Whatever was on its way is not wanted any more: one is at the newest message."""
        self._forget()
        self.view.go_down()

    def lost(self) -> None:
        """The connection is gone, and with it every answer that had not come."""
        self._asked.clear()

    def flush(self, *, connected: bool) -> None:
        """Draws a portion of what has come, or asks for more where one is near the end of what is drawn."""
        view = self.view
        if self._above:
            number = fitting(list(reversed(self._above)), PORTION)
            chunk = [self._above.pop() for _ in range(number)][::-1]
            if not self._above and self._first:
                view.complete = True
            view.put_above(chunk)
        elif self._below:
            number = fitting(list(self._below), PORTION)
            view.put_below([self._below.popleft() for _ in range(number)])
            if not self._below:
                view.attach(last=self._last)
        elif connected:
            self._look_ahead()
        elif self._was_read:  # nobody waits for the connection to be led away from where they are by then
            self._target, self._was_read = None, False

    def take(self, page: Page) -> bool:
        """An answer, which may be to a question of this one."""
        question = (page.before, page.after)
        if not self._is_ours(page.other, question):
            return False
        del self._asked[question]
        self._is_refused = False
        page = replace(page, messages=tuple(filter(self._belongs_here, page.messages)))
        if self._target is not None:
            self._around[question] = page.messages
            self._show_target()
        elif page.after is None:
            self._take_older(page)
        elif page.after == self.view.newest:
            newer = [message for message in page.messages if message.seq > page.after]
            self._below.extend(newer)
            self._last = not (page.more and newer)  # a server that has more and never says it is not asked for ever
            if not newer:
                self.view.attach(last=self._last)
        return True

    def refused(self, asked: AskHistory) -> bool:
        """The server could not answer, which is asked again later. True when it is a question of this one, and news."""
        question = (asked.before, asked.after)
        if not self._is_ours(asked.other, question):
            return False
        self._asked[question] = time.monotonic() + REFUSED_SECONDS - ANSWER_SECONDS
        is_news, self._is_refused = not self._is_refused, True
        return is_news

    def _is_ours(self, other: str | None, question: Question) -> bool:
        address = self.view.talk.address
        same = other is not None and (other == address or name_key(other) == name_key(address))
        return same and question in self._asked

    def _belongs_here(self, message: Message) -> bool:
        address = address_of(message, self.view.me)
        return address is not None and name_key(address) == name_key(self.view.talk.address)

    def _take_older(self, page: Page) -> None:
        view, oldest = self.view, self.view.oldest
        older = {message.seq: message for message in page.messages if oldest is None or message.seq < oldest}
        messages = [older[seq] for seq in sorted(older)]
        if view.attached and view.talk.oldest == oldest:
            view.talk.put_before(messages, view.me)
        self._first = not (page.more and messages)
        self._above.extend(messages)
        if not messages and self._first:
            view.complete = True
            view.redraw_end()

    def _look_ahead(self) -> None:
        view = self.view
        if self._target is not None:
            self._ask((self._target + 1, None), AROUND)
            self._ask((None, self._target), AROUND)
        elif view.wants_older():
            self._ask((view.oldest or MAX_INTEGER, None), PAGE)
        elif view.wants_newer() and view.newest is not None:
            self._ask((None, view.newest), PAGE)

    def _ask(self, question: Question, limit: int) -> None:
        now = time.monotonic()
        if question in self._around or now - self._asked.get(question, -ANSWER_SECONDS) < ANSWER_SECONDS:
            return
        self._asked[question] = now
        address = self.view.talk.address
        before, after = question
        self._engine.ask_history(before, limit, EVERYONE if address == EVERYONE else address, after)

    def _show_target(self) -> None:
        seq = self._target
        assert seq is not None
        if len(self._around) < 2:
            return
        before = self._around.get((seq + 1, None), ())
        after = self._around.get((None, seq), ())
        above = fitting(list(reversed(before)), PORTION)
        self._forget()
        self.view.show_stretch([*before[len(before) - above :], *after[: fitting(after, PORTION)]])
        if self._was_read:
            self.view.show_at_top(seq)
        else:
            self.view.show_found(seq)

    def _forget(self) -> None:
        self._target = None
        for collection in (self._asked, self._above, self._below, self._around):
            collection.clear()
