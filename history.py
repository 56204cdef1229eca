"""What is kept on disk: the log of the chat, the names of the people in it and what they have read (SQLite, one file).

`History` is the one writer, owned by the hub's thread. Every other thread that wants to read opens a `Reader`
(`log_reader.py`) of its own, which cannot write. WAL and `synchronous=FULL`: what `append` has returned survives
`kill -9` and a power cut (https://www.sqlite.org/pragma.html#pragma_synchronous).

    HistoryError        the log cannot be opened or used; the sentence says what to do
      HistoryInUse      another server has it open
      NotSaved          the disk refused; nothing of this transaction is there, later ones may work again

The index for searches is not on the way of a message to the disk: the hub brings it up to date when it has nothing else
to do (`index_more`). Nor are the read marks (`save_marks`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, repeat
from pathlib import Path
from typing import Any

FILE_NAME = "hallway.db"
SCHEMA = 3  # PRAGMA user_version; a higher one was written by a newer Hallway
EVERYONE_ID = 0  # the address everybody reads
# Pages of WAL (40 MB) before a commit copies them into the database, for which everybody waits about 0.1 s. The hub
# does it earlier, when it has time; this bound is for days without a pause, and a smaller one costs a flood more.
CHECKPOINT_PAGES = 10_000
# Commits before it should be done in the next short pause: a log file that is written from its start again is synced
# up to a quarter faster than one that grows (measured on ext4), and so few pages are copied in under a millisecond.
CHECKPOINT_COMMITS = 100
# Characters taken into the search index at once, about, however few messages they are: 1 to 2 ms, as 250 short messages
# take (250 of the longest took 67). One time in ten FTS5 merges what it has as well: 5 to 20 ms, and up to 50 in a log
# of 600,000 messages.
INDEX_CHARACTERS = 16_000

_TABLES = """
CREATE TABLE about (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
-- Everything a message can come from or go to. `keeps`: the name stays known while its person is away (people on
-- netcat keep none). `delivered`: when they last left, all entries up to this seq had been handed to them. `token`: the
-- SHA-256 of what proves that a name is one's own. A kept name without one is nobody's: of a log that is older than
-- tokens, or its token never arrived. Who takes it gets an address of their own.
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    keeps INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    token BLOB
);
INSERT INTO addresses VALUES (0, '#everyone', '#everyone', 1, 0, NULL);
CREATE TABLE log (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    sender INTEGER NOT NULL REFERENCES addresses,
    recipient INTEGER NOT NULL REFERENCES addresses,
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (sender, id)
);
CREATE INDEX private ON log (recipient, sender, seq) WHERE recipient <> 0;
"""
# Who may not come in. `key`: the look-alike key of the name; `place`: where its person was when banned, if known.
_BANS = "CREATE TABLE bans (key TEXT PRIMARY KEY, name TEXT NOT NULL, place TEXT) WITHOUT ROWID;"
# Up to which seq somebody has read what they have with somebody else, or in public: address 0. Of owners of names only.
# The index finds to whom somebody wrote in private, as `private` finds who wrote to them.
_MARKS = """
CREATE TABLE marks (
    reader INTEGER NOT NULL REFERENCES addresses,
    other INTEGER NOT NULL REFERENCES addresses,
    seq INTEGER NOT NULL,
    PRIMARY KEY (reader, other)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS written ON log (sender, recipient, seq) WHERE recipient <> 0;
"""
_FROM_1_TO_2 = f"ALTER TABLE addresses ADD COLUMN token BLOB; {_BANS}"
# What was handed to an owner before there were marks is taken for read: all of it as new would be of no use.
_READ_BEFORE = """
INSERT INTO marks SELECT id, 0, delivered FROM addresses WHERE token IS NOT NULL;
INSERT INTO marks SELECT DISTINCT log.recipient, log.sender, a.delivered
FROM log JOIN addresses a ON a.id = log.recipient WHERE log.recipient <> 0 AND a.token IS NOT NULL;
"""
_FROM_2_TO_3 = f"{_MARKS} {_READ_BEFORE}"
_STEPS = {0: f"{_TABLES} {_BANS} {_MARKS}", 1: f"{_FROM_1_TO_2} {_FROM_2_TO_3}", 2: _FROM_2_TO_3}
# An external-content index: the words, without a second copy of the texts.
_WORDS = "CREATE VIRTUAL TABLE words USING fts5(text, content='log', content_rowid='seq', tokenize='unicode61')"

_INSERT = "INSERT INTO log (seq, time, sender, recipient, id, text) VALUES (?, ?, ?, ?, ?, ?)"
# Many rows at once: the first seq and the time, then four values for each. Before 3.32 a statement took 999.
_ROWS = 500 if sqlite3.sqlite_version_info >= (3, 32) else 200
_INSERT_ROWS = (
    _INSERT.partition("VALUES")[0] + "VALUES " + ", ".join(f"(?1 + {i}, ?2, ?, ?, ?, ?)" for i in range(_ROWS))
)

log = logging.getLogger("hallway")


class HistoryError(Exception):
    """The log cannot be opened or used; `str(error)` is a sentence for the operator."""


class HistoryInUse(HistoryError):
    """Another server works on this folder."""


class NotSaved(HistoryError):
    """The disk refused. Nothing of the transaction is in the log; a later one may work again."""


@dataclass(slots=True)
class Address:
    """A row of `addresses`; the hub keeps these and updates them after the database has."""

    id: int
    key: str
    name: str
    keeps: bool
    delivered: int
    token: bytes | None = None  # the SHA-256 of its owner's


@dataclass(frozen=True, slots=True)
class Ban:
    """A row of `bans`."""

    key: str
    name: str
    place: str | None


# Plain tuples: a flood makes 60,000 of each a second, and a named one takes six times as long to make.
Draft = tuple[int, int, str, str]  # a message before it has its place in the log: sender, recipient, id, text
Place = tuple[int, int, bool]  # where a draft stands in the log: seq, time, and whether it is new there


def data_folder() -> Path:
    """This user's folder for Hallway's data: `HALLWAY_DATA`, or the place the platform has for such things."""
    given = os.environ.get("HALLWAY_DATA")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "Hallway"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Hallway"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "hallway"


class History:
    """The log's one writer. Opened, used and closed by one thread; everything raises `NotSaved` when the disk refuses.

    Writing is in transactions: `begin`, then what is to be written, then `commit`. Whatever raises has rolled back.
    """

    def __init__(self, folder: Path) -> None:
        """Opens the log in `folder`, making both where they are missing. Raises `HistoryError`.

        A database that SQLite calls malformed is put aside, `set_aside` then names its new place, and a new one begins.
        """
        path = folder / FILE_NAME
        with contextlib.ExitStack() as opened:  # closes what is open when a later step fails
            self._lock = opened.enter_context(contextlib.closing(_lock(folder)))
            try:
                self._db, self.set_aside = _open(path)
                opened.enter_context(contextlib.closing(self._db))
                _prepare(self._db, path)
                self.has_words = _prepare_words(self._db)
                about = dict(self._db.execute("SELECT key, value FROM about").fetchall())
                self.last = self._newest()
                self.id: str = about["history"]
                self._indexed: int = about["indexed"]
            except (OSError, sqlite3.Error) as error:
                raise HistoryError(f"The log {path} cannot be opened ({_reason(error)}).") from None
            except KeyError:
                raise HistoryError(f"{path} is a database, but not one of Hallway's. Choose another folder.") from None
            opened.pop_all()
        self._before = self.last  # what is surely on disk: as it was before the transaction, if there is one
        self._commits = 0  # since the last checkpoint

    def addresses(self) -> list[Address]:
        """Everybody who was ever here. Raises `HistoryError`."""
        columns = "id, key, name, keeps, delivered, token"
        rows = self._read(f"SELECT {columns} FROM addresses WHERE id <> 0 AND instr(key, char(10)) = 0")  # noqa: S608 - our own
        return [Address(id, key, name, bool(keeps), *rest) for id, key, name, keeps, *rest in rows]

    def bans(self) -> list[Ban]:
        """Who may not come in. Raises `HistoryError`."""
        return [Ban(*row) for row in self._read("SELECT key, name, place FROM bans")]

    def _read(self, sql: str) -> list[Any]:
        try:
            return self._db.execute(sql).fetchall()
        except sqlite3.Error as error:
            raise HistoryError(f"The log cannot be read: {error}.") from None

    # -- writing --

    def begin(self) -> None:
        """Begins a transaction."""
        self._before = self.last
        self._execute("BEGIN IMMEDIATE")

    def add_address(self, key: str, name: str, keeps: bool, token: bytes | None = None) -> Address:
        """Gives somebody new an address; they have nothing to catch up with that was written before.

        Where they own it, by their `token`, all of that counts as read.
        """
        id = self._execute(
            "INSERT INTO addresses (key, name, keeps, delivered, token) VALUES (?, ?, ?, ?, ?)",
            (key, name, keeps, self.last, token),
        ).lastrowid
        assert id is not None
        if token is not None:
            self.save_marks({(id, EVERYONE_ID): self.last})
        return Address(id, key, name, keeps, self.last, token)

    def save_address(self, address: Address) -> None:
        """Writes an address that is there already as it is now."""
        self._execute(
            "UPDATE addresses SET name = ?, keeps = ?, delivered = ?, token = ? WHERE id = ?",
            (address.name, address.keeps, address.delivered, address.token, address.id),
        )

    def retire_address(self, address: Address) -> None:
        """Frees a name for somebody else. What was written under it keeps it; what was written to its person stays
        theirs alone, and so is nobody's to read any more.
        """
        key = "key || char(10) || id"  # no name has such a key
        self._execute(f"UPDATE addresses SET key = {key}, token = NULL WHERE id = ?", (address.id,))  # noqa: S608 - our own

    def has_messages(self, address: Address) -> bool:
        """Whether anything was written from or to an address."""
        found = self._execute(
            "SELECT EXISTS (SELECT 1 FROM log WHERE sender = :id)"
            " OR EXISTS (SELECT 1 FROM log WHERE recipient <> 0 AND recipient = :id)",
            {"id": address.id},
        )
        return bool(found.fetchone()[0])

    def save_marks(self, marks: Mapping[tuple[int, int], int]) -> None:
        """Writes up to which seq (value) somebody has read what they have with another address (key: both ids)."""
        for (reader, other), seq in marks.items():
            self._execute(
                "INSERT OR REPLACE INTO marks VALUES (:reader, :other, max(:seq, coalesce("
                "(SELECT seq FROM marks WHERE reader = :reader AND other = :other), 0)))",
                {"reader": reader, "other": other, "seq": seq},
            )

    def add_ban(self, ban: Ban) -> None:
        """Adds a ban; one of the same name is replaced."""
        self._execute("INSERT OR REPLACE INTO bans (key, name, place) VALUES (?, ?, ?)", (ban.key, ban.name, ban.place))

    def lift_ban(self, key: str) -> None:
        """Takes a ban away."""
        self._execute("DELETE FROM bans WHERE key = ?", (key,))

    def append(self, drafts: Sequence[Draft], now: int) -> list[Place]:
        """Puts drafts at the end of the log in their order, `now` being their time in ms.

        A draft whose sender has used its id before is not stored again: its `Place` is the first one's.
        """
        if len(drafts) == 1:
            return [self._append_one(drafts[0], now)]
        self._execute("SAVEPOINT drafts")
        try:
            self._insert(drafts, now)
        except sqlite3.IntegrityError:  # a repeat among them: look at each one
            self._execute("ROLLBACK TO drafts")
            places = [self._append_one(draft, now) for draft in drafts]
        except sqlite3.Error as error:
            raise self._not_saved(error) from None
        else:
            first, self.last = self.last + 1, self.last + len(drafts)
            places = list(zip(range(first, self.last + 1), repeat(now), repeat(True)))  # it is endless
        self._execute("RELEASE drafts")
        return places

    def _insert(self, drafts: Sequence[Draft], now: int) -> None:
        """Many rows in one statement where there are many: less work, and one release of the GIL for them all."""
        seq = self.last + 1
        many = len(drafts) - len(drafts) % _ROWS
        for start in range(0, many, _ROWS):
            self._db.execute(_INSERT_ROWS, [seq + start, now, *chain.from_iterable(drafts[start : start + _ROWS])])
        self._db.executemany(_INSERT, [(seq + i, now, *drafts[i]) for i in range(many, len(drafts))])

    def _append_one(self, draft: Draft, now: int) -> Place:
        try:
            self._db.execute(_INSERT, (self.last + 1, now, *draft))
        except sqlite3.IntegrityError as error:  # a repeat
            sender, _, id, _ = draft
            first = self._execute("SELECT seq, time FROM log WHERE sender = ? AND id = ?", (sender, id)).fetchone()
            if first is None:
                raise self._not_saved(error) from None
            return first[0], first[1], False
        except sqlite3.Error as error:
            raise self._not_saved(error) from None
        self.last += 1
        return self.last, now, True

    def commit(self) -> None:
        """Ends the transaction. When this returns, all of it is on the disk."""
        self._execute("COMMIT")
        self._before = self.last
        self._commits += 1

    # -- spare time --

    @property
    def has_spare_work(self) -> bool:
        """Whether `index_more` or `checkpoint` have something to do."""
        return (self.has_words and self._indexed < self.last) or self._commits > 0

    @property
    def wants_checkpoint(self) -> bool:
        """Whether a short pause is the time for a checkpoint."""
        return self._commits >= CHECKPOINT_COMMITS

    def index_more(self, limit: int) -> bool:
        """Takes up to `limit` entries into the search index, of about `INDEX_CHARACTERS` together; false when there was
        nothing left to do.
        """
        if self._indexed >= self.last or not self.has_words:
            return False
        end = self._end_of_piece(limit)
        self.begin()
        self._execute(
            "INSERT INTO words (rowid, text) SELECT seq, text FROM log WHERE seq > ? AND seq <= ?", (self._indexed, end)
        )
        self._execute("UPDATE about SET value = ? WHERE key = 'indexed'", (end,))
        self.commit()
        self._indexed = end
        return True

    def _end_of_piece(self, limit: int) -> int:
        """The last entry to index at once: never fewer than one."""
        end, characters = self._indexed, 0
        sizes = self._execute("SELECT seq, length(text) FROM log WHERE seq > ? ORDER BY seq LIMIT ?", (end, limit))
        try:
            with contextlib.closing(sizes):
                for seq, size in sizes:  # one by one: most of them are not read when they are long
                    characters += size
                    if characters > INDEX_CHARACTERS and end > self._indexed:
                        break
                    end = seq
        except sqlite3.Error as error:
            raise self._not_saved(error) from None
        return end

    def checkpoint(self) -> None:
        """Copies what the write-ahead log holds into the database, as far as nobody is reading it."""
        self._execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self._commits = 0

    def close(self) -> None:
        """Closes the database (which also empties the write-ahead log) and lets another server have the folder."""
        self._db.close()
        self._lock.close()

    # -- inside --

    def _newest(self) -> int:
        seq: int = self._db.execute("SELECT coalesce(max(seq), 0) FROM log").fetchone()[0]
        return seq

    def _execute(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, values)
        except sqlite3.Error as error:
            raise self._not_saved(error) from None

    def _not_saved(self, error: sqlite3.Error) -> NotSaved:
        """Rolls back what SQLite has not (a full disk already did), and counts from where the transaction began."""
        with contextlib.suppress(sqlite3.Error):  # a second refusal says no more than the first
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        self.last = self._before
        return NotSaved(f"The log could not be written: {error}.")


def _reason(error: OSError | sqlite3.Error) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _lock(folder: Path) -> sqlite3.Connection:
    """Makes the folder and holds it until closed, or until this process ends in whatever way.

    An exclusive transaction on a database of its own is the lock that works alike on every platform.
    """
    try:
        for one in (*reversed(folder.parents), folder):  # `parents=True` would leave those above it to the umask
            if not one.exists():
                one.mkdir(mode=0o700, exist_ok=True)
        lock = _connect(folder / "lock.db")
    except (OSError, sqlite3.Error) as error:
        raise _not_writable(folder, error) from None
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        lock.close()
        if "locked" not in str(error):
            raise _not_writable(folder, error) from None
        raise HistoryInUse(f"A server is using the data folder {folder}. Stop it, or choose another folder.") from None
    return lock


def _not_writable(folder: Path, error: OSError | sqlite3.Error) -> HistoryError:
    return HistoryError(f"The data folder {folder} cannot be written ({_reason(error)}). Choose another one.")


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that may write. A file made now is its owner's only; SQLite makes -wal and -shm alike."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return sqlite3.connect(path, timeout=0.5, isolation_level=None)


def _open(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """The database, checked, and where a malformed one was put that stood in its place."""
    db = _connect(path)
    try:
        if _is_sound(db):
            return db, None
    except sqlite3.Error:
        db.close()
        raise
    db.close()
    set_aside = _put_aside(path)
    return _connect(path), set_aside


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    """Has the database work as we want it, and makes the tables of a new one."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        raise HistoryError(f"The log {path} was written by a newer Hallway. Use that one, or another folder.")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA fullfsync = 1")  # macOS: fsync alone leaves it in the drive's cache
    db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    db.execute("PRAGMA temp_store = MEMORY")  # a savepoint otherwise makes a file, which fails without free descriptors
    if version == SCHEMA:
        _mend_marks(db)
    if version < SCHEMA:
        about = f"INSERT INTO about VALUES ('history', '{secrets.token_hex(8)}'), ('indexed', 0);"  # noqa: S608 - our own hex
        step = _STEPS[version] + (about if version == 0 else "")
        db.executescript(f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {SCHEMA}; COMMIT")


def _mend_marks(db: sqlite3.Connection) -> None:
    """Makes the read marks anew where a tool that took the log apart has left them out: without them nobody could come
    in. All else that may be missing is told when it is read; it cannot be had again.
    """
    if db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'marks'").fetchone() is None:
        log.warning("The log did not say how far people have read. What they were handed counts as read.")
        db.executescript(f"BEGIN IMMEDIATE; {_FROM_2_TO_3} COMMIT")


def _is_sound(db: sqlite3.Connection) -> bool:
    try:
        return bool(db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.OperationalError:  # says nothing about what is in the file: locked, not readable, no room
        raise
    except sqlite3.DatabaseError:  # malformed, or not a database at all
        return False


def _put_aside(path: Path) -> Path:
    """Moves a malformed database and what belongs to it to a name with the time in it; nothing is deleted."""
    name = f"{path.name}.malformed-{time.strftime('%Y%m%d-%H%M%S')}"
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    aside = next(free for free in map(path.with_name, names) if not free.exists())
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.replace(aside.with_name(aside.name + ending))
    return aside


def _prepare_words(db: sqlite3.Connection) -> bool:
    """Makes the search index where there is none yet; false where this SQLite has no FTS5."""
    try:
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'words'").fetchone() is None:
            db.execute(_WORDS)
        db.execute("SELECT 1 FROM words LIMIT 0")
    except sqlite3.OperationalError as error:
        if "no such module" not in str(error):
            raise
        return False
    return True
