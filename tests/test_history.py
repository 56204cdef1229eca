"""The log on disk: its order, what happens when the disk refuses, and who may read what."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import history
from history import (
    EVERYONE_ID,
    FILE_NAME,
    SCHEMA,
    Address,
    Ban,
    Draft,
    History,
    HistoryError,
    HistoryInUse,
    NotSaved,
    Place,
    data_folder,
)
from protocol import EVERYONE, Message, Talked
from serverlib import log_reader
from serverlib.log_reader import Reader

NOW = 1_700_000_000_000  # ms; any moment will do

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions and limits as POSIX has them")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def log(folder: Path) -> Iterator[History]:
    with contextlib.closing(History(folder)) as opened:
        yield opened


def write(log: History, drafts: Sequence[Draft], now: int = NOW) -> list[Place]:
    """One transaction, as the hub makes them."""
    log.begin()
    places = log.append(drafts, now)
    log.commit()
    return places


def add(log: History, *names: str) -> list[Address]:
    log.begin()
    addresses = [log.add_address(name.lower(), name, True) for name in names]
    log.commit()
    return addresses


def public(sender: Address, *texts: str) -> list[Draft]:
    """Messages to everybody; the text is the id as well."""
    return [(sender.id, EVERYONE_ID, text, text) for text in texts]


def texts(messages: Sequence[Message]) -> list[str]:
    return [message.text for message in messages]


def index_all(log: History) -> None:
    while log.index_more(1000):
        pass


# --- writing ----------------------------------------------------------------------------------------------------------


def test_numbers_without_holes(log: History, folder: Path) -> None:
    """Entries are numbered 1, 2, 3 … in the order they are appended, over batches too, each with its time."""
    [ada] = add(log, "Ada")
    first = write(log, public(ada, "a", "b"), NOW)
    second = write(log, public(ada, "c"), NOW + 5)

    assert first == [(1, NOW, True), (2, NOW, True)]
    assert second == [(3, NOW + 5, True)]
    with Reader(folder) as reader:
        assert reader.before(ada.id, 10**9, 10) == [
            Message(1, NOW, "Ada", "#everyone", "a", "a"),
            Message(2, NOW, "Ada", "#everyone", "b", "b"),
            Message(3, NOW + 5, "Ada", "#everyone", "c", "c"),
        ]


def test_repeat_gets_the_first_place(log: History, folder: Path) -> None:
    """An id its sender has used before is not stored again, whatever the text: the answer is the first one's place."""
    [ada] = add(log, "Ada")
    write(log, public(ada, "a", "b"), NOW)
    stored = write(log, [(ada.id, EVERYONE_ID, "a", "changed"), *public(ada, "c"), *public(ada, "b")], NOW + 5)

    assert stored == [(1, NOW, False), (3, NOW + 5, True), (2, NOW, False)]
    with Reader(folder) as reader:
        assert texts(reader.before(ada.id, 10**9, 10)) == ["a", "b", "c"]


def test_repeat_within_one_batch(log: History) -> None:
    """Two of one id in the same batch are one entry, and the next number follows without a hole."""
    [ada] = add(log, "Ada")
    stored = write(log, public(ada, "a", "a", "b"))

    assert stored == [(1, NOW, True), (1, NOW, False), (2, NOW, True)]
    assert log.last == 2


def test_ids_are_each_senders_own(log: History) -> None:
    """Two people may use the same id: it is no repeat."""
    ada, bob = add(log, "Ada", "Bob")
    stored = write(log, public(ada, "1") + public(bob, "1"))

    assert stored == [(1, NOW, True), (2, NOW, True)]


def test_all_is_there_again_after_reopening(folder: Path) -> None:
    """A log that was closed opens as the same one: its id, its newest number, its people, its repeats."""
    with contextlib.closing(History(folder)) as log:
        ada, bob = add(log, "Ada", "Bob")
        write(log, public(ada, "a", "b"))
        bob.name, bob.delivered = "BOB", 2
        log.begin()
        log.save_address(bob)
        log.commit()
        id = log.id
    with contextlib.closing(History(folder)) as log:
        people = log.addresses()
        stored = write(log, public(ada, "b", "c"), NOW + 9)

        assert log.id == id
        assert log.set_aside is None
        assert people == [ada, Address(bob.id, "bob", "BOB", True, 2)]
        assert stored == [(2, NOW, False), (3, NOW + 9, True)]


def test_uncommitted_is_not_there(folder: Path) -> None:
    """What was appended and not committed when the server died is not in the log, and its number is given again."""
    log = History(folder)
    [ada] = add(log, "Ada")
    log.begin()
    log.append(public(ada, "never"), NOW)
    log.close()
    with contextlib.closing(History(folder)) as log:
        stored = write(log, public(ada, "a"))

        assert stored == [(1, NOW, True)]


def test_newcomers_have_nothing_to_catch_up_with(log: History) -> None:
    """Whoever is added has had delivered what was written before, as none of it was for them."""
    [ada] = add(log, "Ada")
    write(log, public(ada, "a", "b"))
    [bob] = add(log, "Bob")

    assert (ada.delivered, bob.delivered) == (0, 2)


# --- a disk that refuses ----------------------------------------------------------------------------------------------


def check_refusal(log: History, folder: Path, refuse: Callable[[], None], allow: Callable[[], None]) -> None:
    """Writes into a disk that refuses: nothing stays, and when it has room again, everything works as before."""
    [ada] = add(log, "Ada")
    write(log, public(ada, "before"))
    refuse()
    try:
        with pytest.raises(NotSaved, match=r"The log could not be written: .*\."):
            write(log, [(ada.id, EVERYONE_ID, f"big {i}", "x" * 4000) for i in range(500)])
    finally:
        allow()
    last_after_refusal = log.last
    stored = write(log, public(ada, "after", "before"), NOW + 1)

    assert last_after_refusal == 1
    assert stored == [(2, NOW + 1, True), (1, NOW, False)]
    with Reader(folder) as reader:
        assert texts(reader.before(ada.id, 10**9, 1000)) == ["before", "after"]


def test_full_database_rolls_back(log: History, folder: Path) -> None:
    """SQLITE_FULL leaves nothing of the transaction in the log; with room again, the next one gets the next number."""

    def limit(pages: int) -> None:
        log._db.execute(f"PRAGMA max_page_count = {pages}")

    check_refusal(log, folder, lambda: limit(50), lambda: limit(1_000_000))


@posix
def test_disk_error_rolls_back(log: History, folder: Path) -> None:
    """The same when the operating system refuses the write (here: a limit on the size of files)."""
    if sys.platform != "win32":
        import resource

        old = resource.getrlimit(resource.RLIMIT_FSIZE)
        check_refusal(
            log,
            folder,
            lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, old[1])),
            lambda: resource.setrlimit(resource.RLIMIT_FSIZE, old),
        )


def test_refused_person_is_not_there(log: History) -> None:
    """Somebody who was added in a transaction that the disk refused is no one: the name can be added again."""
    [ada] = add(log, "Ada")
    log._db.execute("PRAGMA max_page_count = 30")
    log.begin()
    log.add_address("bob", "Bob", True)
    with pytest.raises(NotSaved):
        log.append([(ada.id, EVERYONE_ID, f"big {i}", "x" * 4000) for i in range(500)], NOW)
    log._db.execute("PRAGMA max_page_count = 1000000")
    people_after_refusal = log.addresses()
    [bob] = add(log, "Bob")

    assert people_after_refusal == [ada]
    assert log.addresses() == [ada, bob]


def test_refused_spare_work_is_done_later(log: History, folder: Path) -> None:
    """An index that could not be written is not believed to be: the same entries are taken in when there is room."""
    if not log.has_words:
        pytest.skip("this SQLite has no FTS5")
    [ada] = add(log, "Ada")
    write(log, [(ada.id, EVERYONE_ID, str(i), f"{i * 7919:x} " * 400) for i in range(50)])
    pages = log._db.execute("PRAGMA page_count").fetchone()[0]
    log._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(NotSaved):
        index_all(log)
    log._db.execute("PRAGMA max_page_count = 1000000")
    index_all(log)

    with Reader(folder) as reader:
        assert reader._indexed() == 50
        for i in range(50):
            assert str(i) in [message.id for message in reader.search(ada.id, f"{i * 7919:x}", 100, 50)]


def test_long_messages_are_indexed_a_few_at_a_time(log: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody waits for a piece of spare work: it is bounded in characters, too. (250 long messages took 67 ms.)"""
    if not log.has_words:
        pytest.skip("this SQLite has no FTS5")
    monkeypatch.setattr(history, "INDEX_CHARACTERS", 100)
    [ada] = add(log, "Ada")
    sizes = [40, 40, 40, 100, 500, 10, 80, 10, 10]
    write(log, [(ada.id, EVERYONE_ID, str(i), "x" * size) for i, size in enumerate(sizes)])
    ends = [log._indexed]
    while log.index_more(3):
        ends.append(log._indexed)

    assert ends == [0, 2, 3, 4, 5, 8, 9]


def test_spare_work_comes_to_an_end(log: History) -> None:
    """After the index and a checkpoint are up to date nothing is left to do, until somebody writes again."""
    [ada] = add(log, "Ada")
    write(log, public(ada, "a"))
    with_something = log.has_spare_work
    while log.index_more(10):
        pass
    log.checkpoint()

    assert with_something
    assert not log.has_spare_work


# --- opening ----------------------------------------------------------------------------------------------------------


def test_second_writer_is_refused(log: History, folder: Path) -> None:
    """A folder that a server is using is not opened by another; the sentence says what to do."""
    with pytest.raises(
        HistoryInUse, match=r"A server is using the data folder .*\. Stop it, or choose another folder."
    ):
        History(folder)
    log.close()
    History(folder).close()  # raises when the first one still held it


def filled(folder: Path) -> bytes:
    """A closed log with a few hundred entries, and its bytes."""
    with contextlib.closing(History(folder)) as log:
        [ada] = add(log, "Ada")
        write(log, [(ada.id, EVERYONE_ID, str(i), f"message {i} " * 20) for i in range(300)])
    return (folder / FILE_NAME).read_bytes()


def overwrite(sound: bytes) -> bytes:
    return sound[:5000] + b"\xa5" * 20_000 + sound[25_000:]


def truncate(sound: bytes) -> bytes:
    return sound[: len(sound) // 2 + 100]


def replace(_: bytes) -> bytes:
    return b"Dear diary, this is no database at all.\n" * 500


@pytest.mark.parametrize("damage", [overwrite, truncate, replace])
def test_malformed_log_is_put_aside(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    """What SQLite calls malformed is kept beside, byte for byte, and a new log with a new id begins."""
    damaged = damage(filled(folder))
    (folder / FILE_NAME).write_bytes(damaged)
    with contextlib.closing(History(folder)) as log:
        [bob] = add(log, "Bob")
        stored = write(log, public(bob, "a new beginning"))

        assert log.set_aside is not None
        assert log.set_aside.read_bytes() == damaged
        assert log.set_aside.name.startswith(f"{FILE_NAME}.malformed-")
        assert stored == [(1, NOW, True)]
    with contextlib.closing(History(folder)) as log:
        assert log.set_aside is None
        assert log.last == 1


@pytest.mark.parametrize("damage", [overwrite, truncate, replace])
def test_what_belongs_to_a_malformed_log_goes_with_it(
    tmp_path: Path, folder: Path, log: History, damage: Callable[[bytes], bytes]
) -> None:
    """What only the write-ahead log held is put aside too, and never played into the new log."""
    [ada] = add(log, "Ada")
    write(log, [(ada.id, EVERYONE_ID, str(i), f"message {i} " * 20) for i in range(300)])
    log.checkpoint()
    write(log, public(ada, "as yet in the WAL alone"))
    killed = tmp_path / "killed"
    shutil.copytree(folder, killed)  # as kill -9 would leave it
    (killed / FILE_NAME).write_bytes(damage((killed / FILE_NAME).read_bytes()))
    with contextlib.closing(History(killed)) as new:
        aside = b"".join(path.read_bytes() for path in killed.iterdir() if ".malformed-" in path.name)

        assert new.set_aside is not None
        assert new.last == 0
        assert b"as yet in the WAL alone" in aside


def test_log_that_is_put_aside_twice_in_a_second(folder: Path) -> None:
    """A second damaged log takes nothing from the first one, whose name holds the same second."""
    kept: list[Path] = []
    for content in (b"first, not a database", b"second, not a database"):
        folder.mkdir(exist_ok=True)
        (folder / FILE_NAME).write_bytes(content)
        with contextlib.closing(History(folder)) as log:
            assert log.set_aside is not None
            kept.append(log.set_aside)

    assert [path.read_bytes() for path in kept] == [b"first, not a database", b"second, not a database"]


def test_newer_log_is_left_alone(folder: Path) -> None:
    """A log from a newer Hallway is neither read nor touched."""
    filled(folder)
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    before = (folder / FILE_NAME).read_bytes()
    with pytest.raises(HistoryError, match=r"was written by a newer Hallway\. Use that one, or another folder\."):
        History(folder)

    assert (folder / FILE_NAME).read_bytes() == before


def test_log_without_read_marks_gets_new_ones(folder: Path) -> None:
    """A copy without that table once let nobody in: what they were handed counts as read, and new marks are kept."""
    with contextlib.closing(History(folder)) as log:
        log.begin()
        ada, bob = (log.add_address(name.lower(), name, True, b"token") for name in ("Ada", "Bob"))
        log.append([(bob.id, ada.id, "1", "psst"), (bob.id, ada.id, "2", "psst")], 1)
        ada.delivered = 1
        log.save_address(ada)
        log.commit()
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as db:
        db.execute("DROP TABLE marks")
        db.execute("VACUUM")
    with contextlib.closing(History(folder)) as log, Reader(folder) as reader:
        unread = [talked.unread for talked in reader.conversations(ada.id, {})]
        log.begin()
        log.save_marks({(ada.id, bob.id): 2})
        log.commit()
        later = [talked.unread for talked in reader.conversations(ada.id, {})]

    assert unread == [0, 1]
    assert later == [0, 0]


@pytest.mark.parametrize("table", ["about", "addresses", "log", "bans"])
def test_log_without_another_table_is_refused_in_a_sentence(folder: Path, table: str) -> None:
    """What cannot be had again is not made up: with no bans the banned would come in."""
    filled(folder)
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as db:
        db.execute(f"DROP TABLE {table}")

    def open_and_read() -> None:
        with contextlib.closing(History(folder)) as log:
            log.addresses()
            log.bans()

    with pytest.raises(HistoryError, match=rf"The log .*cannot be .*no such table: {table}"):
        open_and_read()


def old_log(folder: Path, name: str) -> None:
    """Puts a log into `folder` as an earlier Hallway has made it."""
    folder.mkdir()
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as db:
        db.executescript((Path(__file__).parent / "old_logs" / name).read_text(encoding="utf-8"))


def test_log_of_before_there_were_tokens(folder: Path) -> None:
    """A log of schema 1 is taken over with everything in it; nobody owns its names yet."""
    old_log(folder, "schema_1.sql")
    with contextlib.closing(History(folder)) as log:
        people, bans, id = log.addresses(), log.bans(), log.id
        people[0].token = b"of Ada's"
        log.begin()
        log.save_address(people[0])
        log.commit()
        write(log, public(people[0], "new"))
    with contextlib.closing(History(folder)) as log, Reader(folder) as reader:
        again = log.addresses()
        read = reader.before(2, 100, 100)

    assert people == again == [Address(1, "ada", "Ada", True, 0, b"of Ada's"), Address(2, "bob", "Bob", True, 1)]
    assert (bans, id) == ([], "cafe")
    assert texts(read) == ["to all", "to Bob", "new"]


def test_log_of_before_there_were_marks(folder: Path) -> None:
    """A log of schema 2 is taken over; what was handed to the owners of names counts as read."""
    old_log(folder, "schema_2.sql")
    with contextlib.closing(History(folder)) as log:
        people, id, last = log.addresses(), log.id, log.last
    with contextlib.closing(History(folder)) as log, Reader(folder) as reader:
        again = log.addresses()
        ada, bob, _ = people
        read = reader.before(bob.id, 100, 100)
        of_ada, of_bob = reader.conversations(ada.id, {}), reader.conversations(bob.id, {})

    assert again == people
    assert [(person.name, person.token is not None) for person in people] == [
        ("Ada", True),
        ("Bob", True),
        ("Gus", False),
    ]
    assert (id, last) == ("ac001a41b5a79fab", 6)
    assert [message.seq for message in read] == [1, 2, 3, 4, 5, 6]
    assert of_ada == (Talked(EVERYONE, 5, 3, 1, 0), Talked("Bob", 4, 3, 1, 6))
    assert of_bob == (Talked(EVERYONE, 5, 6, 0, 0), Talked("Gus", 6, 6, 0, 0), Talked("Ada", 4, 6, 0, 3))


@pytest.mark.parametrize("name", ["schema_1.sql", "schema_2.sql"])
def test_old_log_becomes_like_a_new_one(folder: Path, tmp_path: Path, name: str) -> None:
    """Whatever Hallway made a log first, it has the same tables and indexes now."""
    old_log(folder, name)
    schemas = []
    for made in (folder, tmp_path / "new"):
        History(made).close()
        with contextlib.closing(sqlite3.connect(made / FILE_NAME)) as db:
            rows = db.execute("SELECT type, name, tbl_name FROM sqlite_master").fetchall()
            columns = [db.execute(f"PRAGMA table_info({table})").fetchall() for _, _, table in sorted(rows)]
            schemas.append((sorted(rows), columns))

    assert schemas[0] == schemas[1]


def test_marks_never_go_back(folder: Path) -> None:
    """A mark is the furthest somebody has read, however often and in what order it is saved; unsaved ones count."""
    with contextlib.closing(History(folder)) as log:
        ada, bob = add(log, "Ada", "Bob")
        write(log, [(bob.id, ada.id, str(i), "psst") for i in range(5)])
        for seq in (3, 2):
            log.begin()
            log.save_marks({(ada.id, bob.id): seq})
            log.commit()
        with Reader(folder) as reader:
            saved = reader.conversations(ada.id, {})[1]
            newer = reader.conversations(ada.id, {(ada.id, bob.id): 4, (bob.id, ada.id): 2})[1]
            older = reader.conversations(ada.id, {(ada.id, bob.id): 1})[1]

    assert saved == older == Talked("Bob", 5, 3, 2, 0)
    assert newer == Talked("Bob", 5, 4, 1, 2)


def test_conversations_are_found_without_reading_the_log(log: History, folder: Path) -> None:
    """However long a log is, those with whom somebody talked are found in its indexes."""
    add(log, "Ada", "Bob")
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as db:
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {log_reader._TALKED}", {"me": 1, "limit": 9})]
    steps = [step.replace(" TABLE ", " ") for step in plan if re.search(r"\blog\b", step)]  # as older SQLite says it

    assert len(steps) == 6
    assert all(step.startswith("SEARCH log USING COVERING INDEX ") for step in steps)
    assert any("INDEX private" in step for step in steps)
    assert any("INDEX written" in step for step in steps)


def test_bans_are_kept(folder: Path) -> None:
    """A ban stays until it is lifted; a second one of the same name takes its place."""
    first, second, other = Ban("ada", "Ada", None), Ban("ada", "ADA", "10.0.0.1"), Ban("bob", "Bob", "10.0.0.2")
    with contextlib.closing(History(folder)) as log:
        log.begin()
        for ban in (first, second, other):
            log.add_ban(ban)
        log.commit()
        log.begin()
        log.lift_ban("bob")
        log.lift_ban("nobody")
        log.commit()
    with contextlib.closing(History(folder)) as log:
        assert log.bans() == [second]


@pytest.fixture
def connections(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Every connection that a `History` makes from now on, to the log and to its lock; there is a log already."""
    filled(folder)
    made: list[sqlite3.Connection] = []

    def connect(path: Path) -> sqlite3.Connection:
        made.append(real(path))
        return made[-1]

    real = history._connect
    monkeypatch.setattr(history, "_connect", connect)
    return made


def is_open(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return False
    return True


@pytest.mark.parametrize(
    "damage",
    [
        f"PRAGMA user_version = {SCHEMA + 1}",
        "DROP TABLE about",
        "DELETE FROM about",
        "DROP TABLE log",
        "ALTER TABLE log RENAME COLUMN seq TO number",
    ],
)
def test_log_that_is_not_opened_is_closed(folder: Path, connections: list[sqlite3.Connection], damage: str) -> None:
    """Whatever is wrong with a log, every connection to it is closed again. (The log's own stayed open.)"""
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as db:
        db.executescript(damage)
    with pytest.raises(HistoryError):
        History(folder)

    assert len(connections) == 2
    assert not any(is_open(connection) for connection in connections)


def test_log_that_is_locked_is_closed(folder: Path, connections: list[sqlite3.Connection]) -> None:
    """The same when the log cannot even be checked, because some other program holds it."""
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HistoryError, match="cannot be opened"):
            History(folder)

    assert len(connections) == 2
    assert not any(is_open(connection) for connection in connections)


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file where the folder should be is told in a sentence that names it."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HistoryError, match=r"The data folder .*file.* cannot be written \(.*\). Choose another one."):
        History(tmp_path / "file" / "data")


@posix
def test_only_the_owner_may_read(folder: Path) -> None:
    """The folder is 0700 and every file in it 0600, whatever the umask: people's private messages are in there."""
    old = os.umask(0)
    try:
        folder = folder / "within" / "another"
        with contextlib.closing(History(folder)) as log:
            [ada] = add(log, "Ada")
            write(log, public(ada, "a"))
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    finally:
        os.umask(old)

    for one in (folder, *folder.parents[:2]):
        assert stat.S_IMODE(one.stat().st_mode) == 0o700
    assert {"hallway.db", "hallway.db-wal", "hallway.db-shm", "lock.db"} <= modes.keys()
    assert set(modes.values()) == {0o600}


@pytest.mark.usefixtures("log")
def test_reader_cannot_write(folder: Path) -> None:
    """Only the hub's connection can change the log."""
    with Reader(folder) as reader, pytest.raises(HistoryError, match="cannot be read: attempt to write a readonly"):
        reader._fetch("DELETE FROM log", {})


def test_no_log_to_read(tmp_path: Path) -> None:
    """A reader makes no database where there is none, and says so in a sentence."""
    with pytest.raises(HistoryError, match="The log cannot be read: "), Reader(tmp_path) as reader:
        reader.newest()

    assert not (tmp_path / FILE_NAME).exists()


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def conversation(log: History) -> tuple[Address, Address, Address]:
    """Ada, Bob and Cleo, and what they wrote: public things, and something private between each two of them."""
    ada, bob, cleo = add(log, "Ada", "Bob", "Cleo")
    lines = [
        (ada, None, "tea for everyone"),
        (ada, bob, "tea for Bob"),
        (bob, ada, "tea for Ada"),
        (cleo, None, "tea again"),
        (bob, cleo, "tea for Cleo"),
        (cleo, cleo, "tea for myself"),
        (ada, None, "tea is over"),
    ]
    write(log, [(s.id, r.id if r else EVERYONE_ID, str(i), text) for i, (s, r, text) in enumerate(lines)])
    return ada, bob, cleo


SEEN_BY = {
    "Ada": ["tea for everyone", "tea for Bob", "tea for Ada", "tea again", "tea is over"],
    "Bob": ["tea for everyone", "tea for Bob", "tea for Ada", "tea again", "tea for Cleo", "tea is over"],
    "Cleo": ["tea for everyone", "tea again", "tea for Cleo", "tea for myself", "tea is over"],
}


@pytest.mark.parametrize("indexed", [0, 3, 7])
def test_private_messages_are_for_their_two(
    log: History, folder: Path, conversation: tuple[Address, Address, Address], indexed: int
) -> None:
    """However somebody reads (onwards, backwards, by search), they see what is public and their own, nothing else."""
    if indexed:
        log.index_more(indexed)
    with Reader(folder) as reader:
        for person in conversation:
            assert texts(reader.before(person.id, 10**9, 100)) == SEEN_BY[person.name]
            assert texts(reader.before(person.id, 100, 100)) == SEEN_BY[person.name]
            assert texts(reader.after(person.id, 0, 100)) == SEEN_BY[person.name]
            assert texts(reader.search(person.id, "tea", 100, 100)) == SEEN_BY[person.name]


def test_private_page_is_of_two_people(folder: Path, conversation: tuple[Address, Address, Address]) -> None:
    """The page `with` somebody holds what the two wrote to each other, in order, and nothing else."""
    ada, bob, cleo = conversation
    with Reader(folder) as reader:
        assert texts(reader.before(ada.id, 100, 10, bob.id)) == ["tea for Bob", "tea for Ada"]
        assert texts(reader.before(bob.id, 100, 10, ada.id)) == ["tea for Bob", "tea for Ada"]
        assert texts(reader.before(ada.id, 100, 1, bob.id)) == ["tea for Ada"]
        assert texts(reader.before(ada.id, 3, 10, bob.id)) == ["tea for Bob"]
        assert texts(reader.before(ada.id, 100, 10, cleo.id)) == []
        assert texts(reader.before(cleo.id, 100, 10, cleo.id)) == ["tea for myself"]
        assert texts(reader.after(ada.id, 0, 10, bob.id)) == ["tea for Bob", "tea for Ada"]
        assert texts(reader.after(ada.id, 0, 1, bob.id)) == ["tea for Bob"]
        assert texts(reader.after(bob.id, 2, 10, ada.id)) == ["tea for Ada"]
        assert texts(reader.after(ada.id, 0, 10, cleo.id)) == []
        assert texts(reader.after(cleo.id, 0, 10, cleo.id)) == ["tea for myself"]


def test_public_page_is_everyones(folder: Path, conversation: tuple[Address, Address, Address]) -> None:
    """The page of Everyone holds what everybody reads, in order, and nothing private, not even one's own."""
    everyone = ["tea for everyone", "tea again", "tea is over"]
    with Reader(folder) as reader:
        for person in conversation:
            assert texts(reader.before(person.id, 100, 10, EVERYONE_ID)) == everyone
            assert texts(reader.before(person.id, 7, 1, EVERYONE_ID)) == ["tea again"]
            assert texts(reader.after(person.id, 0, 10, EVERYONE_ID)) == everyone
            assert texts(reader.after(person.id, 1, 1, EVERYONE_ID)) == ["tea again"]


def test_waiting_is_what_others_wrote_to_me(folder: Path, conversation: tuple[Address, Address, Address]) -> None:
    """What waits for somebody are the private messages to them between two numbers, both excluded."""
    ada, bob, cleo = conversation
    with Reader(folder) as reader:
        assert texts(reader.waiting(ada.id, 0, 8, 10)) == ["tea for Ada"]
        assert texts(reader.waiting(bob.id, 0, 8, 10)) == ["tea for Bob"]
        assert texts(reader.waiting(cleo.id, 0, 8, 10)) == ["tea for Cleo", "tea for myself"]
        assert texts(reader.waiting(cleo.id, 0, 8, 1)) == ["tea for Cleo"]
        assert texts(reader.waiting(cleo.id, 5, 8, 10)) == ["tea for myself"]
        assert texts(reader.waiting(cleo.id, 0, 6, 10)) == ["tea for Cleo"]


def test_pages(log: History, folder: Path) -> None:
    """Pages follow one another backwards without a hole or a repeat, each of them oldest first."""
    [ada] = add(log, "Ada")
    write(log, public(ada, *(f"m{i}" for i in range(1, 26))))
    pages: list[list[str]] = []
    with Reader(folder) as reader:
        newest = reader.newest()
        before = newest + 1
        while page := reader.before(ada.id, before, 10):
            pages.insert(0, texts(page))
            before = page[0].seq

    assert newest == 25
    assert [len(page) for page in pages] == [5, 10, 10]
    assert [text for page in pages for text in page] == [f"m{i}" for i in range(1, 26)]


def test_entries_are_everybodys(folder: Path, conversation: tuple[Address, Address, Address]) -> None:
    """The hub reads what follows a place for all at once, each entry with its two addresses."""
    ada, bob, cleo = conversation
    with Reader(folder) as reader:
        entries = list(reader.entries(2, 4))

    assert [(entry.message.seq, entry.sender, entry.recipient) for entry in entries] == [
        (2, ada.id, bob.id),
        (3, bob.id, ada.id),
        (4, cleo.id, EVERYONE_ID),
        (5, bob.id, cleo.id),
    ]
    assert entries[0].message == Message(2, NOW, "Ada", "Bob", "1", "tea for Bob")


def test_retired_name_is_somebody_elses(log: History, folder: Path) -> None:
    """When a guest's name is given to another, what was written to the first one is not the second one's to read."""
    [ada, guest] = add(log, "Ada", "Guest")
    write(log, [(ada.id, guest.id, "1", "for the first one"), (guest.id, EVERYONE_ID, "1", "from the first one")])
    log.begin()
    log.retire_address(guest)
    second = log.add_address("guest", "Guest", False)
    log.commit()
    write(log, [(ada.id, second.id, "2", "for the second one")])
    with Reader(folder) as reader:
        found = reader.find("guest")
        to_second = reader.before(second.id, 100, 100)
        to_first = reader.waiting(guest.id, 0, 100, 100)

    assert found == second.id != guest.id
    assert [(message.sender, message.text) for message in to_second] == [
        ("Guest", "from the first one"),
        ("Ada", "for the second one"),
    ]
    assert texts(to_first) == ["for the first one"]
    assert [address.id for address in log.addresses()] == [ada.id, second.id]


def test_has_messages(log: History) -> None:
    """It is known whether anything was written from or to somebody; what everybody reads is to nobody."""
    [ada, bob, cleo, dora] = add(log, "Ada", "Bob", "Cleo", "Dora")
    write(log, [(ada.id, bob.id, "1", "to Bob"), (cleo.id, EVERYONE_ID, "1", "to all")])

    assert [log.has_messages(person) for person in (ada, bob, cleo, dora)] == [True, True, True, False]


def test_people_are_found_by_key(folder: Path, conversation: tuple[Address, Address, Address]) -> None:
    """A name's key leads to its address; an unknown one nowhere."""
    with Reader(folder) as reader:
        assert reader.find("bob") == conversation[1].id
        assert reader.find("nobody") is None


# --- searching --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["index", "half an index", "no index yet", "no FTS5"])
def search(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Search]:
    """A log to search in, as it is found in each of the ways there are."""
    if request.param == "no FTS5":
        monkeypatch.setattr(history, "_prepare_words", lambda _: False)
    with contextlib.closing(History(folder)) as log:
        if request.param.endswith("index") and not log.has_words:
            pytest.skip("this SQLite has no FTS5")
        yield Search(log, folder, request.param)


class Search:
    def __init__(self, log: History, folder: Path, kind: str) -> None:
        self.log = log
        self.kind = kind
        self._folder = folder
        [self._me] = add(log, "Ada")

    def write(self, *written: str) -> None:
        write(self.log, public(self._me, *written))
        if self.kind == "index":
            self.log.index_more(1000)
        elif self.kind == "half an index":
            self.log.index_more(len(written) // 2)

    def find(self, text: str, before: int = 2**62, limit: int = 100) -> list[str]:
        with Reader(self._folder) as reader:
            return texts(reader.search(self._me.id, text, before, limit))


def test_search_wants_all_words(search: Search) -> None:
    """Found is what holds every word, in any order, case aside; in the log's order."""
    search.write("the green bottle", "a Bottle of GREEN ink", "green only", "bottle only", "nothing")

    assert search.find("green bottle") == ["the green bottle", "a Bottle of GREEN ink"]
    assert search.find("  BOTTLE   only ") == ["bottle only"]
    assert search.find("bott") == ["the green bottle", "a Bottle of GREEN ink", "bottle only"]
    assert search.find("bottles") == []
    assert search.find("   ") == []


def test_search_pages(search: Search) -> None:
    """The newest come first; asking before the oldest of them goes on, without a hole or a repeat."""
    search.write(*(f"word {i:02}" for i in range(20)))

    assert search.find("word", limit=3) == ["word 17", "word 18", "word 19"]
    assert search.find("word", before=18, limit=3) == ["word 14", "word 15", "word 16"]
    assert search.find("word", before=10, limit=9) == [f"word {i:02}" for i in range(9)]


@pytest.mark.parametrize(
    "query",
    [
        'say "hi"',
        "100%",
        "snake_case",
        "well-known",
        "C*",
        "AND",
        "OR",
        "NOT",
        "NEAR(a b)",
        "text:x",
        "(x",
        "^x",
        "a'b",
    ],
)
def test_search_takes_what_is_typed_as_words(search: Search, query: str) -> None:
    """What means something to SQL or FTS5 means nothing here: a text is found by searching for itself."""
    search.write("quite a different thing", f"so {query} it is", "and one more thing", "the last")

    assert f"so {query} it is" in search.find(query)
    assert "quite a different thing" not in search.find(query)


@pytest.mark.parametrize("query", ["!!!", "😀", "%", "_", '"', "*", "\\", "-", "''", "\\%_"])
def test_search_for_what_is_no_word(search: Search, query: str) -> None:
    """Signs and emoji are found where they stand, and only there."""
    search.write("nothing here", f"look {query} here", "nor here", "")

    assert search.find(query) == [f"look {query} here"]


@pytest.mark.parametrize("query", ["𞤀", "ⴰ", "Ꮳ", "𑀓", "𖹀", "²", "१", "ª", "\u0301a", "𪜶"])
def test_search_for_letters_younger_than_sqlite(search: Search, query: str) -> None:
    """A letter that Python knows and SQLite's tokenizer may not is no reason for a search to fail."""
    search.write("nothing here", f"look {query} here", "nor here", "")
    found = search.find(query)

    assert set(found) <= {f"look {query} here"}


def test_search_in_the_index_knows_accents(log: History, folder: Path) -> None:
    """In the index an accent makes no difference."""
    if not log.has_words:
        pytest.skip("this SQLite has no FTS5")
    [ada] = add(log, "Ada")
    write(log, public(ada, "Crème brûlée", "ÜBER alles Müsli"))
    log.index_more(10)
    with Reader(folder) as reader:
        assert texts(reader.search(ada.id, "creme", 10, 10)) == ["Crème brûlée"]
        assert texts(reader.search(ada.id, "über", 10, 10)) == ["ÜBER alles Müsli"]


def test_index_is_made_for_an_old_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that was begun where there was no FTS5 gets its index where there is."""
    with monkeypatch.context() as patch:
        patch.setattr(history, "_prepare_words", lambda _: False)
        with contextlib.closing(History(folder)) as log:
            [ada] = add(log, "Ada")
            write(log, public(ada, "an old word"))
            spare_work = log.index_more(10)
    with contextlib.closing(History(folder)) as log, Reader(folder) as reader:
        if not log.has_words:
            pytest.skip("this SQLite has no FTS5")
        indexed = log.index_more(10)

        assert not spare_work
        assert indexed
        assert texts(reader.search(ada.id, "old", 10, 10)) == ["an old word"]


# --- where it is kept -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "home/.local/share/hallway"),
        ("linux", {"XDG_DATA_HOME": "xdg"}, "xdg/hallway"),
        ("darwin", {}, "home/Library/Application Support/Hallway"),
        ("win32", {"LOCALAPPDATA": "local"}, "local/Hallway"),
        ("win32", {"LOCALAPPDATA": ""}, "home/AppData/Local/Hallway"),
        ("linux", {"HALLWAY_DATA": "given", "XDG_DATA_HOME": "xdg"}, "given"),
        ("win32", {"HALLWAY_DATA": "given"}, "given"),
    ],
)
def test_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], expected: str
) -> None:
    """Every platform has its place for a user's data; HALLWAY_DATA wins."""
    home = tmp_path / "home"
    for name, value in variables.items():
        monkeypatch.setenv(name, str(tmp_path / value) if value else "")
    monkeypatch.setattr(Path, "home", lambda: home)
    monkeypatch.setattr(sys, "platform", platform)

    assert data_folder() == tmp_path / expected


def test_a_lock_held_by_somebody_else_costs_nothing_later(tmp_path: Path) -> None:
    """While another program holds the database nothing is saved; afterwards the log goes on without a hole.

    Guards against counting from one transaction too early when `BEGIN` itself was refused.
    """
    log = History(tmp_path)
    log.begin()
    ada = log.add_address("ada", "Ada", keeps=True)
    log.append([(ada.id, 0, "1", "one"), (ada.id, 0, "2", "two")], 1)
    log.commit()
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(NotSaved):
        log.begin()
    other.execute("COMMIT")
    other.close()
    log.begin()
    stored = log.append([(ada.id, 0, "3", "three")], 2)
    log.commit()
    log.close()

    assert stored == [(3, 2, True)]


def test_a_search_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However odd the words and long the log: the one who asked is told to look for something else."""
    monkeypatch.setattr(log_reader, "SEARCH_SECONDS", 0.0)
    log = History(tmp_path)
    log.begin()
    ada = log.add_address("ada", "Ada", keeps=True)
    log.append([(ada.id, 0, str(number), "!" * 1000) for number in range(2000)], 1)
    log.commit()
    with Reader(tmp_path) as reader, pytest.raises(log_reader.SearchTooLong, match="longer word"):
        reader.search(ada.id, "!" * 198 + "?", 10_000, 10)
    log.close()
