"""Reading the log: pages of it, conversations, and what somebody searches for.

Any thread may open a `Reader` of its own: the threads of the connections do, one for each question, and the catch-up
thread keeps one. It cannot write, and it never sees half of a transaction.

Search uses SQLite's FTS5 where this build has it, LIKE where not. A search looks through what is not indexed yet by
LIKE.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from history import EVERYONE_ID, FILE_NAME, HistoryError
from protocol import EVERYONE, MAX_TALKED, MAX_UNREAD, Message, Talked

SEARCH_SECONDS = 1.0  # for one search; the worst that a large log and odd words can make of it would take minutes

_MESSAGES = """
SELECT log.seq, log.time, s.name, r.name, log.id, log.text
FROM log JOIN addresses s ON s.id = log.sender JOIN addresses r ON r.id = log.recipient
"""
_ENTRIES = _MESSAGES.replace("log.text\n", "log.text, log.sender, log.recipient\n")
_PUBLIC = f"log.recipient = {EVERYONE_ID}"
_VISIBLE = f"(log.recipient = {EVERYONE_ID} OR log.recipient = :me OR log.sender = :me)"
_BETWEEN = "SELECT seq FROM log WHERE recipient <> 0 AND recipient = {} AND sender = {} AND seq {} :seq"
# With whom `me` has talked, and when last. Each of the people is found by one step in an index, however much was
# written: the next address behind the one before.
_TALKED = """
WITH RECURSIVE
senders (id) AS (
    SELECT min(sender) FROM log WHERE recipient <> 0 AND recipient = :me
    UNION ALL
    SELECT (SELECT min(sender) FROM log WHERE recipient <> 0 AND recipient = :me AND sender > senders.id)
    FROM senders WHERE id IS NOT NULL
),
recipients (id) AS (
    SELECT min(recipient) FROM log WHERE recipient <> 0 AND sender = :me
    UNION ALL
    SELECT (SELECT min(recipient) FROM log WHERE recipient <> 0 AND sender = :me AND recipient > recipients.id)
    FROM recipients WHERE id IS NOT NULL
),
people (id) AS (SELECT id FROM senders UNION SELECT id FROM recipients)
SELECT a.id, a.name, max(
    coalesce((SELECT max(seq) FROM log WHERE recipient <> 0 AND recipient = :me AND sender = a.id), 0),
    coalesce((SELECT max(seq) FROM log WHERE recipient <> 0 AND sender = :me AND recipient = a.id), 0)
) AS newest
FROM people JOIN addresses a ON a.id = people.id
WHERE instr(a.key, char(10)) = 0 ORDER BY newest DESC LIMIT :limit
"""
_NEWEST_PUBLIC = "SELECT seq FROM log WHERE recipient = 0 ORDER BY seq DESC LIMIT 1"
# Counted up to a limit.
_UNREAD = """
SELECT count(*) FROM (
    SELECT 1 FROM log WHERE recipient <> 0 AND recipient = :me AND sender = :other AND seq > :read LIMIT :most
)
"""
_UNREAD_PUBLIC = """
SELECT count(*) FROM (SELECT 1 FROM log WHERE recipient = 0 AND sender <> :me AND seq > :read LIMIT :most)
"""
_MARK = "SELECT seq FROM marks WHERE reader = :reader AND other = :other"


class SearchTooLong(HistoryError):
    """A search was given up; the sentence is for the person who asked."""


class LogEntry(NamedTuple):
    """A message of the log with its two addresses."""

    message: Message
    sender: int
    recipient: int


class Reader:
    """Reads the log from a thread of its own, on a connection that cannot write. A context manager.

    `me` is always the address of the person who will read: they get what everybody may see and their own private
    messages, nothing else. Raises `HistoryError` when the database cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        try:
            address = (folder / FILE_NAME).absolute().as_uri() + "?mode=ro"
            self._db = sqlite3.connect(address, timeout=2.0, uri=True, isolation_level=None)
        except sqlite3.Error as error:
            raise HistoryError(f"The log cannot be read: {error}.") from None
        self._deadline = float("inf")
        self._db.set_progress_handler(self._is_late, 10_000)  # after so many steps of SQLite's machine, each time

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._db.close()

    def newest(self) -> int:
        """The seq of the log's last entry."""
        seq: int = self._fetch("SELECT coalesce(max(seq), 0) FROM log", {})[0][0]
        return seq

    def find(self, key: str) -> int | None:
        """The address id of the name with this key."""
        rows = self._fetch("SELECT id FROM addresses WHERE key = :key", {"key": key})
        return rows[0][0] if rows else None

    def entries(self, first: int, limit: int) -> Iterator[LogEntry]:
        """At most `limit` entries from seq `first` on, everybody's, oldest first; the hub decides who sees which."""
        sql = f"{_ENTRIES} WHERE log.seq >= ? ORDER BY log.seq LIMIT ?"
        try:
            with contextlib.closing(self._db.execute(sql, (first, limit))) as rows:
                for row in rows:  # one by one: the catch-up thread often has enough before the last
                    yield LogEntry(Message(*row[:6]), row[6], row[7])
        except sqlite3.Error as error:
            raise HistoryError(f"The log cannot be read: {error}.") from None

    def before(self, me: int, seq: int, limit: int, other: int | None = None) -> list[Message]:
        """The last `limit` entries before `seq` that `me` may see, oldest first.

        `other` is an address: only what was written between the two, or what is public with `EVERYONE_ID`.
        """
        return self._page("<", "DESC", me=me, seq=seq, limit=limit, other=other)[::-1]

    def after(self, me: int, seq: int, limit: int, other: int | None = None) -> list[Message]:
        """The first `limit` entries after `seq` that `me` may see, oldest first; `other` is as in `before`."""
        return self._page(">", "ASC", me=me, seq=seq, limit=limit, other=other)

    def _page(self, than: str, way: str, **asked: int | None) -> list[Message]:
        if asked["other"] is None or asked["other"] == EVERYONE_ID:
            seen = _VISIBLE if asked["other"] is None else _PUBLIC
            return self._messages(f"WHERE log.seq {than} :seq AND {seen} ORDER BY log.seq {way} LIMIT :limit", **asked)
        to_me, from_me = _BETWEEN.format(":me", ":other", than), _BETWEEN.format(":other", ":me", than)
        both = f"{to_me} UNION {from_me} ORDER BY seq {way} LIMIT :limit"
        return self._messages(f"WHERE log.seq IN ({both}) ORDER BY log.seq {way}", **asked)

    def conversations(self, me: int, marks: Mapping[tuple[int, int], int]) -> tuple[Talked, ...]:
        """Everyone's conversation, then those of `me` with the `MAX_TALKED` people of the latest ones, latest first.

        `marks` are read marks (key: reader, other) newer than those on disk. Who had a name before somebody else got it
        is not listed: their name leads to the new owner's messages now.
        """
        self._fetch("BEGIN", {})  # one state of the log for all that follows
        try:
            public = self._fetch(_NEWEST_PUBLIC, {})
            talked = [self._talked(me, EVERYONE_ID, EVERYONE, public[0][0] if public else 0, marks)]
            for other, name, newest in self._fetch(_TALKED, {"me": me, "limit": MAX_TALKED}):
                talked.append(self._talked(me, other, name, newest, marks))
        finally:
            self._fetch("ROLLBACK", {})
        return tuple(talked)

    def _talked(self, me: int, other: int, name: str, last: int, marks: Mapping[tuple[int, int], int]) -> Talked:
        is_public = other == EVERYONE_ID
        read = self._mark(me, other, marks)
        unread = 0
        if read < last and other != me:
            values = {"me": me, "other": other, "read": read, "most": MAX_UNREAD}
            unread = self._fetch(_UNREAD_PUBLIC if is_public else _UNREAD, values)[0][0]
        return Talked(name, last, read, unread, 0 if is_public else self._mark(other, me, marks))

    def _mark(self, reader: int, other: int, marks: Mapping[tuple[int, int], int]) -> int:
        """Up to which seq an address has read what it has with another one."""
        rows = self._fetch(_MARK, {"reader": reader, "other": other})
        return max(marks.get((reader, other), 0), rows[0][0] if rows else 0)

    def waiting(self, me: int, after: int, before: int, limit: int) -> list[Message]:
        """The first `limit` private messages to `me` between the two seqs, both excluded, oldest first."""
        return self._messages(
            "WHERE log.recipient <> 0 AND log.recipient = :me AND log.seq > :after AND log.seq < :before"
            " ORDER BY log.seq LIMIT :limit",
            me=me,
            after=after,
            before=before,
            limit=limit,
        )

    def search(self, me: int, text: str, before: int, limit: int) -> list[Message]:
        """The newest `limit` entries before seq `before` that hold all the words of `text`, oldest first.

        In the index a word finds what starts with it, accents and case aside; what is not indexed yet, and everything
        where this SQLite has no FTS5, is found by LIKE: anywhere in the text, case aside for ASCII only.
        """
        self._deadline = time.monotonic() + SEARCH_SECONDS
        words = text.split()
        spoken = [word for word in words if any(character.isalnum() for character in word)]
        indexed = self._indexed() if spoken else 0  # the index knows letters and digits only
        found = self._search_texts(me, words, indexed, before, limit) if words else []
        if indexed and len(found) < limit:
            found += self._search_index(me, spoken, indexed, before, limit - len(found))
        return found[::-1]

    def _search_texts(self, me: int, words: list[str], after: int, before: int, limit: int) -> list[Message]:
        like = " AND ".join(f"log.text LIKE :word{i} ESCAPE '\\'" for i in range(len(words)))
        where = f"log.seq > :after AND log.seq < :before AND {like} AND {_VISIBLE}"
        values: dict[str, object] = {"me": me, "after": after, "before": before, "limit": limit}
        values |= {f"word{i}": f"%{_LIKE_SPECIAL.sub(_escape, word)}%" for i, word in enumerate(words)}
        return self._messages(f"WHERE {where} ORDER BY log.seq DESC LIMIT :limit", **values)

    def _search_index(self, me: int, words: list[str], indexed: int, before: int, limit: int) -> list[Message]:
        where = f"words MATCH :query AND words.rowid <= :indexed AND words.rowid < :before AND {_VISIBLE}"
        # Quoted, so that nothing people type is taken for a query's syntax; the star finds what starts like it.
        query = " ".join('"' + word.replace('"', '""') + '"*' for word in words)
        order = "ORDER BY words.rowid DESC LIMIT :limit"
        values = {"me": me, "query": query, "indexed": indexed, "before": before, "limit": limit}
        return self._messages(f"JOIN words ON words.rowid = log.seq WHERE {where} {order}", **values)

    def _indexed(self) -> int:
        """Up to which seq the full-text index goes; 0 where there is none."""
        try:
            self._db.execute("SELECT 1 FROM words LIMIT 0")
            seq: int = self._db.execute("SELECT value FROM about WHERE key = 'indexed'").fetchone()[0]
        except sqlite3.Error:  # no such table, or no such module
            return 0
        return seq

    def _messages(self, rest: str, **values: object) -> list[Message]:
        return [Message(*row) for row in self._fetch(_MESSAGES + rest, values)]

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    def _fetch(self, sql: str, values: Mapping[str, object]) -> list[Any]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            if self._is_late():
                raise SearchTooLong("That search takes too long. Search for a longer word.") from None
            raise HistoryError(f"The log cannot be read: {error}.") from None


_LIKE_SPECIAL = re.compile(r"[\\%_]")


def _escape(match: re.Match[str]) -> str:
    return "\\" + match[0]
