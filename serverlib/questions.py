"""What one client asks of the log: pages, searches, conversations.

A connection (`connection.py`) has its `Questions` in its own thread: reading takes a while, and is to hold up nobody.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import time
from collections.abc import Mapping

from history import HistoryError
from link import place_of
from names import clean_line, name_key
from protocol import AskConversations, AskHistory, AskSearch, Conversations, Error, Found, Page
from serverlib.log_reader import Reader, SearchTooLong
from serverlib.posts import WantMarks
from serverlib.visit import ASK_RATE, Visit

# How many other commands a second of searching counts for: whoever has slow searches may search a fifth of the time.
SEARCH_COST = 4 * ASK_RATE
SEARCH_WAIT = 2.0  # s for a turn to search; nothing else that this person says is read meanwhile

Question = AskHistory | AskSearch | AskConversations
Answer = Page | Found | Conversations | Error

log = logging.getLogger("hallway")


class Questions:
    """Answers one client, each question on a connection to the database of its own."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._marks: queue.SimpleQueue[Mapping[tuple[int, int], int]] = queue.SimpleQueue()  # from the hub, as asked

    def want_marks(self) -> WantMarks:
        """What the hub is to be asked before `answer` can say which conversations there are: what they have read."""
        return WantMarks(self._marks)

    def answer(self, asked: Question) -> Answer:
        """What this person may see. Raises ConnectionAbortedError when the hub answers no more."""
        try:
            return self._read_log(asked)
        except SearchTooLong as error:
            return Error("bad_message", str(error))
        except HistoryError as error:
            log.error("%s", error)
            return Error("not_saved", "The server cannot read its log just now. Try again later.")

    def _read_log(self, asked: Question) -> Answer:
        """Reads what this person may see, on a connection to the database that lives as long as the question."""
        assert self._visit.client.person is not None
        me = self._visit.client.person.id
        # Before the log is opened: what is not among them any more is on disk then.
        marks = self._receive_marks() if isinstance(asked, AskConversations) else {}
        if isinstance(asked, AskSearch):
            return self._search(me, asked)
        with self._visit.shared.pages, Reader(self._visit.shared.data) as reader:
            if isinstance(asked, AskConversations):
                return Conversations(reader.conversations(me, marks))
            return self._read_page(reader, me, asked)

    def _search(self, me: int, asked: AskSearch) -> Found:
        """Raises `SearchTooLong`, also when others search and do not come to an end."""
        with self._visit.shared.searches.turn(place_of(self._visit.host), SEARCH_WAIT) as is_ours:
            if not is_ours:
                raise SearchTooLong("Too many people are searching just now. Try again in a moment.")
            began = time.monotonic()
            try:
                with Reader(self._visit.shared.data) as reader:
                    before = reader.newest() + 1 if asked.before is None else asked.before
                    messages = reader.search(me, asked.text, before, asked.limit + 1)
            finally:  # the next command waits for it
                self._visit.ask_pace.seconds(round((time.monotonic() - began) * SEARCH_COST))
        more = len(messages) > asked.limit
        return Found(tuple(messages[-asked.limit :]), more, asked.text, asked.before)

    def _receive_marks(self) -> Mapping[tuple[int, int], int]:
        """The hub's answer to `want_marks`. Raises ConnectionAbortedError when there will be none."""
        while not (self._visit.client.ended or self._visit.hub.ended.is_set()):
            with contextlib.suppress(queue.Empty):
                return self._marks.get(timeout=1.0)
        raise ConnectionAbortedError

    def _read_page(self, reader: Reader, me: int, asked: AskHistory) -> Page | Error:
        """A page, with one message more looked for than was asked."""
        limit, other = asked.limit, None
        if asked.other is not None:
            other = reader.find(name_key(asked.other))
            if other is None:
                return Error("no_such_user", f"There is nobody called {clean_line(asked.other)} here.")
        if asked.after is None:
            messages = reader.before(me, asked.before or 0, limit + 1, other)
            shown = messages[-limit:]
        else:
            messages = reader.after(me, asked.after, limit + 1, other)
            shown = messages[:limit]
        return Page(tuple(shown), len(messages) > limit, asked.before, asked.after, asked.other)
