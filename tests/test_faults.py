"""What goes wrong in the real world, done to the real server: killed, restarted, full disk, no descriptors, lost acks.

The witness in most of these is what SQLite says about the log: every acked message is in it once, and what a client has
shown is exactly what it may see of it, in its order.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

import peers
from clientlib import session
from clientlib.engine import Engine
from clientlib.happenings import Ended, Entered, Happening, Received, Refused, Stored, Trouble
from peers import AckKeeper, Peer, RawPeer, TextPeer
from processes import ANSWER_SECONDS, ServerProcess, start_writer, wait_until
from protocol import (
    EVENTS,
    EVERYONE,
    VERSION,
    Ack,
    AskHistory,
    BadLine,
    Bye,
    Command,
    Decoder,
    Error,
    Hello,
    Joined,
    Left,
    Message,
    Ping,
    Send,
    Welcome,
    encode,
)
from test_engine import EncryptedAckKeeper

WINDOW = 16  # messages that a member sends without waiting for their acks


class Row(NamedTuple):
    """A message in the log."""

    seq: int
    sender: str
    to: str
    id: str
    text: str


def log_of(server: ServerProcess) -> list[Row]:
    """All that is in the server's log, read behind its back."""
    sql = (
        "SELECT log.seq, s.name, r.name, log.id, log.text FROM log"
        " JOIN addresses s ON s.id = log.sender JOIN addresses r ON r.id = log.recipient ORDER BY log.seq"
    )
    address = f"{(server.data / 'hallway.db').as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as db:
        return [Row(*row) for row in db.execute(sql)]


def seen_by(name: str, rows: Sequence[Row]) -> list[int]:
    """The seqs that the person called `name` may see."""
    return [row.seq for row in rows if row.to == EVERYONE or name in (row.to, row.sender)]


def at_once(*jobs: Callable[[], object]) -> None:
    """Runs jobs side by side; the first that fails, fails the test."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        for running in [pool.submit(job) for job in jobs]:
            running.result()


def limit(server: ServerProcess, resource_name: str, value: int) -> None:
    """Sets a limit of the running server's process."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux can set the limits of another process")
    import resource

    which: int = getattr(resource, resource_name)
    hard = resource.prlimit(server.pid, which)[1]
    resource.prlimit(server.pid, which, (value, hard))


def room_for(connections: int) -> int:
    """Lets this process open that many sockets; returns how many it may."""
    try:
        import resource
    except ImportError:
        return min(connections, 200)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = connections + 200
    granted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < granted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    return min(connections, granted - 200)


class Member(threading.Thread):
    """Another client than ours: it keeps what is not acked, reconnects, resumes, and hides no repeat it is shown."""

    def __init__(self, server: peers.Address, name: str, to: Sequence[str | None] = (None,)) -> None:
        """Writes to each of `to` in turn, from the start and until told otherwise."""
        super().__init__(name=f"member {name}")
        self.server, self.person, self.to = server, name, to
        self.writing = threading.Event()
        self.writing.set()
        self.finished = threading.Event()
        self.outbox: dict[str, Send] = {}  # key: id; not acked
        self.acked: dict[str, tuple[int, int]] = {}  # key: id; seq and time
        self.shown: list[int] = []  # seqs, as they came
        self.errors: list[Error] = []
        self.wrong: list[str] = []
        self.byes = 0
        self.limit = sys.maxsize  # messages to write in all
        self._history: str | None = None
        self._token = peers.token_of(server, name)
        self._written = 0
        self._welcomed = False
        self._socket: socket.socket

    def run(self) -> None:
        while not self.finished.is_set():
            try:
                with socket.create_connection((self.server.host, self.server.port), ANSWER_SECONDS) as self._socket:
                    self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._converse()
            except OSError:
                self.finished.wait(0.02)  # the server is dead; it will be back

    def _converse(self) -> None:
        decoder = Decoder(EVENTS)
        self._welcomed = False
        after = (self.shown[-1] if self.shown else 0) if self._history else None
        self._socket.sendall(encode(Hello(VERSION, self.person, self._token, history=self._history, after=after)))
        self._socket.settimeout(0.1)
        while not self.finished.is_set():
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                data = None
            if data == b"":
                return
            for event in decoder.feed(data or b""):
                self._hear(event)
            if self._welcomed:
                self._write()

    def _hear(self, event: object) -> None:
        if isinstance(event, Message):
            self.shown.append(event.seq)
        elif isinstance(event, Ack):
            self.outbox.pop(event.id, None)
            if self.acked.setdefault(event.id, (event.seq, event.time)) != (event.seq, event.time):
                self.wrong.append(f"{event} does not repeat {self.acked[event.id]}")
        elif isinstance(event, Welcome):
            self._history, self._welcomed = event.history, True
            self._token = event.token or self._token
            self._socket.sendall(b"".join(encode(send) for send in self.outbox.values()))
        elif isinstance(event, Error):
            self.errors.append(event)
            if not self._welcomed:  # our own former connection still has the name
                raise ConnectionError(event.text)
        elif isinstance(event, Bye):
            self.byes += 1
        elif isinstance(event, BadLine):
            self.wrong.append(str(event))

    def _write(self) -> None:
        lines = bytearray()
        while self.writing.is_set() and len(self.outbox) < WINDOW and self._written < self.limit:
            self._written += 1
            to = self.to[self._written % len(self.to)]
            send = Send(f"{self.person}-{self._written}", f"{self.person} writes {self._written}", to)
            self.outbox[send.id] = send
            lines += encode(send)
        if lines:
            self._socket.sendall(lines)

    @property
    def is_done(self) -> bool:
        """Whether all that was to be written is acked."""
        return not self.outbox and (not self.writing.is_set() or self._written == self.limit)


@pytest.fixture
def member() -> Iterator[Callable[..., Member]]:
    """`member(server, name, to)` starts a member; all of them end with the test."""
    started: list[Member] = []

    def start(
        server: peers.Address, name: str, *, limit: int = sys.maxsize, to: Sequence[str | None] = (None,)
    ) -> Member:
        started.append(Member(server, name, to))
        started[-1].limit = limit
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        each.finished.set()
    for each in started:
        each.join(ANSWER_SECONDS)

    for each in started:
        assert not each.is_alive()
        assert each.wrong == []


class Client:
    """A real client engine, and what a window on it would show."""

    def __init__(self, folder: Path, server: peers.Address, name: str) -> None:
        self.engine = Engine(folder, server.host, server.port, name)
        self.shown: list[int] = []  # seqs
        self.stored: dict[str, int] = {}  # key: id; seq
        self.is_in = False  # has been in at least once
        self.engine.start()

    def look(self) -> None:
        """Takes what has happened since the last look."""
        while not self.engine.events.empty():
            happening: Happening = self.engine.events.get()
            assert not isinstance(happening, (Ended, Refused, Trouble)), happening
            if isinstance(happening, Entered):
                self.is_in = True
            elif isinstance(happening, Received):
                self.shown += [message.seq for message in happening.messages]
            elif isinstance(happening, Stored):
                assert happening.id not in self.stored
                self.stored[happening.id] = happening.seq


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Client]]:
    """`client(server, name)` starts an engine that does not wait long between two attempts to reconnect."""
    monkeypatch.setattr(session, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(session, "LONGEST_PAUSE", 0.1)
    started: list[Client] = []

    def start(server: peers.Address, name: str) -> Client:
        started.append(Client(tmp_path / f"client-{name}", server, name))
        return started[-1]

    yield start
    for each in started:
        each.engine.close(0)


# --- the server dies --------------------------------------------------------------------------------------------------


def test_server_killed_under_load(
    server: ServerProcess, rounds: int, member: Callable[..., Member], client: Callable[..., Client]
) -> None:
    """kill -9 amid writing, again and again: what was acked is in the log once, every client shows all of it once."""
    moment = random.Random(1)
    clients = [client(server, name) for name in ("Dora", "Eve")]

    def all_are_in() -> bool:
        for one in clients:
            one.look()
        return all(one.is_in for one in clients)

    wait_until(all_are_in, ANSWER_SECONDS, "the clients came in before much was written")
    members = [member(server, name) for name in ("Ada", "Bob", "Cem")]
    sent: list[list[str]] = [[] for _ in clients]
    for number in range(rounds):
        acked = sum(len(each.acked) for each in members) + moment.randint(1, 300)
        for one, ids in zip(clients, sent, strict=True):
            ids += [one.engine.send(f"round {number}, text {i}") for i in range(5)]
        wait_until(lambda: sum(len(each.acked) for each in members) >= acked, ANSWER_SECONDS, "the chat went on")  # noqa: B023
        for one in clients:
            one.look()
        server.kill()
        server.restart()
    for each in members:
        each.writing.clear()

    def all_is_stored() -> bool:
        for one in clients:
            one.look()
        return all(each.is_done for each in members) and [len(one.stored) for one in clients] == [
            len(ids) for ids in sent
        ]

    wait_until(all_is_stored, 2 * ANSWER_SECONDS, "everything was acked")
    rows = log_of(server)

    def all_is_shown() -> bool:
        for one in clients:
            one.look()
        return all(
            shown[-1:] == [len(rows)] for shown in [each.shown for each in members] + [one.shown for one in clients]
        )

    wait_until(all_is_shown, 2 * ANSWER_SECONDS, "everybody was shown all of the log")
    by_id = {(row.sender, row.id): row.seq for row in rows}

    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert len(by_id) == len(rows)
    for each in members:
        assert {(each.person, id): seq for id, (seq, _) in each.acked.items()}.items() <= by_id.items()
    for name, one, ids in zip(("Dora", "Eve"), clients, sent, strict=True):
        assert [row.id for row in rows if row.sender == name] == ids
        assert {(name, id): seq for id, seq in one.stored.items()}.items() <= by_id.items()
    for shown in [each.shown for each in members] + [one.shown for one in clients]:
        assert shown == list(range(shown[0], len(rows) + 1))
        assert shown[0] <= WINDOW * 10


def test_sigterm_in_a_flood(server: ServerProcess, member: Callable[..., Member]) -> None:
    """Asked to stop amid writing, the server tells everybody, is gone within 5 s, and has all it acked on disk."""
    members = [member(server, f"M{i}") for i in range(5)]
    guest = TextPeer.join(server, "Guest")
    deaf = RawPeer.join(server, "Deaf", receive_buffer=4096)
    wait_until(lambda: all(len(each.acked) > 500 for each in members), ANSWER_SECONDS, "a flood")
    status = server.stop()
    for each in members:
        each.finished.set()
        each.join(ANSWER_SECONDS)
    rows = log_of(server)
    by_id = {(row.sender, row.id): row.seq for row in rows}

    assert status == 0
    assert [each.byes for each in members] == [1] * 5
    assert guest.expect_line("The server is closing.")
    assert deaf.closed()
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    for each in members:
        assert {(each.person, id): seq for id, (seq, _) in each.acked.items()}.items() <= by_id.items()
        assert each.shown == list(range(each.shown[0], each.shown[-1] + 1))
        assert each.shown[-1] <= len(rows)


def test_sigterm_ends_within_its_time_however_many_read_nothing(server: ServerProcess) -> None:
    """Nobody who does not take the goodbye delays the end: neither readers who stopped nor people half way in."""
    speaker = Peer.join(server, "Speaker")
    for i in range(20):
        RawPeer.join(server, f"Deaf {i}", receive_buffer=4096)
    for _ in range(20):
        RawPeer.connect(server).send_bytes(b'{"type":"hel')
    for i in range(400):
        speaker.say(f"{i} " + "x" * 3900)
    speaker.read_until(400)

    assert server.stop() == 0


# --- messages on their way --------------------------------------------------------------------------------------------


def test_every_ack_dropped(server: ServerProcess, member: Callable[..., Member]) -> None:
    """What is sent again because its ack was lost stands in the log once, and the repeat gets the first one's ack."""
    ack_keeper = AckKeeper(server)
    members = [member(ack_keeper, f"M{i}", limit=WINDOW) for i in range(5)]
    count = 5 * WINDOW
    wait_until(lambda: len(ack_keeper.acks) == count, ANSWER_SECONDS, "all acks came to the proxy")
    wait_until(lambda: all(len(each.shown) == count for each in members), ANSWER_SECONDS, "all were shown everything")
    for each in members:
        each.server = server  # where they come to when the proxy is closed
    first = {ack.id: (ack.seq, ack.time) for ack in ack_keeper.acks}
    nothing_acked = [dict(each.acked) for each in members]
    ack_keeper.close()
    wait_until(lambda: all(each.is_done for each in members), ANSWER_SECONDS, "the repeats were acked")
    late = Peer.join(server, "Late")
    late.answer(late.say("the end"))
    rows = log_of(server)

    assert nothing_acked == [{}] * 5
    assert {id: ack for each in members for id, ack in each.acked.items()} == first
    assert [message.seq for message in late.read_until(count + 1)] == list(range(1, count + 2))
    assert [row.seq for row in rows] == list(range(1, count + 2))
    wait_until(lambda: all(each.shown[-1] == count + 1 for each in members), ANSWER_SECONDS, "all saw the end")
    assert all(each.shown == list(range(1, count + 2)) for each in members)


def test_client_killed_with_a_full_outbox(server: ServerProcess, client: Callable[..., Client], tmp_path: Path) -> None:
    """What a killed client had in its outbox, part of it on the server already, goes out at its next start, once."""
    ack_keeper = EncryptedAckKeeper(server)
    with start_writer(tmp_path / "client-Ada", ack_keeper.port, 2000) as process:
        assert process.stdout is not None
        promised = [process.stdout.readline().decode().strip() for _ in range(1000)]
        wait_until(lambda: len(ack_keeper.acks) > 100, ANSWER_SECONDS, "some came to the server, and no ack came back")
        process.kill()
        promised += process.stdout.read().decode().split("\n")[:-1]
    server.kill()
    server.restart()
    already = len(log_of(server))
    ada = client(server, "Ada")

    def all_is_stored() -> bool:
        ada.look()
        return ada.stored.keys() >= set(promised)

    wait_until(all_is_stored, 2 * ANSWER_SECONDS, "all that waited was acked")
    rows = log_of(server)

    assert 100 <= already < len(rows) + 1
    assert [row.id for row in rows][: len(promised)] == promised
    assert [row.text for row in rows] == [f"m{i}" for i in range(len(rows))]
    assert ada.engine.close() is True


# --- many at once -----------------------------------------------------------------------------------------------------


def test_fifty_senders(server: ServerProcess) -> None:
    """50 people write 200 messages each at once: everybody has the same list, with each sender's in their order."""
    senders = [RawPeer.join(server, f"S{i}") for i in range(50)]
    for sender in senders:
        sender.read_others("welcome", 1)

    def talk(number: int) -> None:
        for start in range(0, 200, 20):
            sends = (Send(f"{number}-{i}", f"{number} says {i}") for i in range(start, start + 20))
            senders[number].send_bytes(b"".join(encode(send) for send in sends))
        senders[number].read_messages(10_000, 3 * ANSWER_SECONDS)
        senders[number].read_others("ack", 200)

    at_once(*(partial(talk, number) for number in range(50)))
    texts = [row.text for row in log_of(server)]

    assert senders[0].seqs == list(range(1, 10_001))
    assert all(sender.messages == senders[0].messages for sender in senders)
    for number in range(50):
        assert [text for text in texts if text.startswith(f"{number} says ")] == [
            f"{number} says {i}" for i in range(200)
        ]


def test_joining_in_the_middle_of_a_flood(server: ServerProcess, member: Callable[..., Member]) -> None:
    """Whoever joins amid a flood gets the last hundred, or all since they left, then the rest: no hole, no repeat."""
    regulars: dict[str, list[int]] = {"Fay": [], "Gus": []}  # key: name; seqs shown
    for name in (*regulars, "Ada"):  # all who are written to are known
        Peer.join(server, name).bye()
    writers = [
        member(server, "Ada"),
        member(server, "Bob", to=(EVERYONE, "Fay", "Ada")),
        member(server, "Cem", to=("Gus", EVERYONE)),
    ]
    wait_until(lambda: all(len(each.acked) > 500 for each in writers), ANSWER_SECONDS, "a flood")

    def come_and_go(name: str, shown: list[int]) -> None:
        history = None
        for i in range(10):
            peer = Peer.join(server, name, history=history, after=shown[-1] if shown else None)
            assert peer.welcome is not None
            history = peer.welcome.history
            peer.read_until(40 * i + 1)
            if i % 2:
                peer.send(Bye())
            else:
                peer.finish_writing()
            assert peer.closed()  # having been given what was under way
            shown += [message.seq for message in peer.messages]

    at_once(*(partial(come_and_go, name, shown) for name, shown in regulars.items()))
    fresh = [Peer.join(server, f"New {i}") for i in range(10)]
    guests = [TextPeer.join(server, f"Guest {i}") for i in range(10)]
    for each in writers:
        each.writing.clear()
    wait_until(lambda: all(each.is_done for each in writers), ANSWER_SECONDS, "all was acked")
    fresh[0].answer(fresh[0].say("the end"))
    rows = log_of(server)
    public = {row.seq for row in rows if row.to == EVERYONE}
    for guest in guests:
        guest.expect_line("New 0: the end")

    assert [each.errors for each in writers] == [[], [], []]
    for name, shown in regulars.items():
        assert len(shown) > 1800
        # First what waited for them, then the last hundred for everybody; from there on all of it.
        start = next(seq for seq in shown if seq in public)
        waited = [row.seq for row in rows if row.to == name and row.seq < start]
        assert shown == waited + [seq for seq in seen_by(name, rows) if start <= seq <= shown[-1]]
    for peer in fresh:
        peer.events_until("message", text="the end")
        first = peer.messages[0].seq
        assert [message.seq for message in peer.messages] == sorted(seq for seq in public if seq >= first)
        assert peer.welcome is not None
        assert len([seq for seq in public if first <= seq <= peer.welcome.last]) == 100
    for guest in guests:
        said = [match[1] for line in guest.lines if (match := re.match(r"\[\d\d:\d\d\] (.*)", line))]
        assert len(said) >= 100
        assert said == [f"{row.sender}: {row.text}" for row in rows if row.to == EVERYONE][-len(said) :]


def answer_to(peer: RawPeer) -> None:
    """Waits for what the server says to the hello of `peer`."""
    peer.read_until(lambda: peer.has(b'"welcome"') or peer.has(b'"name_taken"'), "an answer")


def test_far_behind_with_long_messages(server: ServerProcess) -> None:
    """Whoever comes back to megabytes of long messages gets all of them: a page of the log once led back to itself."""
    ada = RawPeer.join(server, "Ada")
    history = json.loads(ada.read_others("welcome", 1)[0])["history"]
    for start in range(0, 3000, 50):
        sends = (Send(f"{i}", f"{i} ".ljust(3900, "x")) for i in range(start, start + 50))
        ada.send_bytes(b"".join(encode(send) for send in sends))
        ada.read_messages(start + 50)
    at_once(*(partial(come_back, server, f"Bob {after}", history, after) for after in range(0, 2500, 250)))


def come_back(server: ServerProcess, name: str, history: str, after: int) -> None:
    """Joins as somebody who has seen the first `after` messages of 3,000, and reads the others."""
    peer = RawPeer.connect(server)
    peer.send_bytes(encode(Hello(VERSION, name, history=history, after=after)))
    peer.read_messages(3000 - after)

    assert peer.seqs == list(range(after + 1, 3001))


def test_a_thousand_at_once_for_one_name(server: ServerProcess) -> None:
    """One of them gets it; the others are told, and can come in under another."""
    crowd = [RawPeer.connect(server) for _ in range(room_for(1000))]
    hello = encode(Hello(VERSION, "Ada"))
    for peer in crowd:
        peer.send_bytes(hello)
    for peer in crowd:
        answer_to(peer)
    winners = [peer for peer in crowd if peer.has(b'"welcome"')]
    losers = [peer for peer in crowd if peer.has(b'"name_taken"')]

    assert len(winners) == 1
    assert len(losers) == len(crowd) - 1
    assert winners[0] not in losers
    losers[0].send_bytes(encode(Hello(VERSION, "Bob")))
    losers[0].read_others("welcome", 1)


def test_a_thousand_joins_and_leaves(server: ServerProcess) -> None:
    """People who came and went leave nothing behind in the server: no thread, no descriptor, no memory."""
    witness = RawPeer.join(server, "Witness")
    witness.send_bytes(encode(Send("1", "hello")))
    witness.read_messages(1)  # every file that the server needs is open now
    threads, descriptors = server.threads(), server.descriptors()

    def come_and_go(count: int) -> None:
        for start in range(0, count, 50):
            crowd = [RawPeer.join(server, f"P{start + i}") for i in range(50)]
            for peer in crowd:
                peer.read_others("welcome", 1)
            for i, peer in enumerate(crowd):
                if i % 3 == 0:
                    peer.send_bytes(encode(Bye()))
                if i % 3 == 1:
                    peer.reset()
                else:
                    peer.close()
            # The people of the next fifty have other names, so these need not be gone before them.

    def is_back() -> bool:
        return server.threads() == threads and server.descriptors() == descriptors

    come_and_go(200)  # the first ones make room that later ones use again
    wait_until(is_back, ANSWER_SECONDS, "the threads and descriptors of the first 200 were given back")
    memory = server.memory()
    come_and_go(1000)
    wait_until(is_back, ANSWER_SECONDS, "the threads and descriptors of a thousand were given back")

    assert server.memory() - memory < 8 << 20
    assert len(witness.read_others("joined", 1000, 2 * ANSWER_SECONDS)) >= 1000
    assert witness.read_others("left", 300)  # those who said so; of the others it is said after ten seconds


# --- coming back ------------------------------------------------------------------------------------------------------


def test_somebody_back_within_ten_seconds_hears_who_comes_next(server: ServerProcess) -> None:
    """A reconnect is nobody's news, and the next news is theirs as well: they once missed it."""
    ada, bob = Peer.join(server, "Ada"), Peer.join(server, "Bob")
    bob.close()
    server.expect_log('"Bob" lost the connection')
    bob = Peer.join(server, "Bob")
    Peer.join(server, "Cem")

    assert bob.expect("joined").name == "Cem"
    assert [each.name for each in ada.events_until("joined", name="Cem") if isinstance(each, (Joined, Left))] == [
        "Bob",
        "Cem",
    ]


def test_what_a_guest_was_told_is_not_for_the_next_of_that_name(server: ServerProcess) -> None:
    """A guest's name is free when they go, but private messages stay theirs: the next one once got them as backlog."""
    ada, guest = Peer.join(server, "Ada"), TextPeer.join(server, "Bob")
    ada.say("for this Bob alone", "Bob")
    guest.expect_line("Private message from Ada: for this Bob alone")
    guest.type("/exit")
    assert guest.closed()
    again = TextPeer.join(server, "Bob")
    again.type("/exit")
    assert again.closed()
    bob = Peer.join(server, "Bob")
    assert bob.welcome is not None
    bob.send(AskHistory(100, 100, "Ada"))
    page = bob.expect("page")
    bob.finish_writing()
    assert bob.closed()
    resumed = Peer.join(server, "Bob", history=bob.welcome.history, after=0)
    ada.say("hello, new Bob", "Bob")

    assert not any("alone" in line for line in again.lines)
    assert page.messages == ()
    assert [message.text for message in resumed.read_until(1)] == ["hello, new Bob"]
    server.restart()
    assert [message.text for message in Peer.join(server, "Bob").read_until(1)] == ["hello, new Bob"]


# --- input in pieces --------------------------------------------------------------------------------------------------


def test_a_conversation_a_byte_at_a_time(server: ServerProcess) -> None:
    """However the bytes arrive, they are the same conversation: nothing depends on how TCP cut them."""
    bob = Peer.join(server, "Bob")
    ada = Peer.connect(server)

    def spell(*commands: Command) -> None:
        for byte in b"".join(encode(command) for command in commands):
            ada.send_bytes(bytes([byte]))

    spell(Hello(VERSION, "Ädä"), Send("1", "grüß dich 😀"), Send("2", "@Bob: für dich"), Send("3", '[[[[{{{{\\"\n'))
    acks = [ada.expect("ack").seq for _ in range(3)]
    spell(AskHistory(100, 10, "Bob"), Ping(), Bye())
    guest = TextPeer.connect(server)
    for byte in "Çem\r\nschön hier\r\n@Bob pst\n/exit\n".encode():
        guest.send_bytes(bytes([byte]))

    assert acks == [1, 2, 3]
    assert ada.closed()
    assert ada.expect_welcome().name == "Ädä"
    assert [message.text for message in ada.expect("page").messages] == ["für dich"]
    ada.expect("pong")
    assert guest.closed()
    texts = [message.text for message in bob.read_until(5)]
    assert texts == ["grüß dich 😀", "für dich", '[[[[{{{{\\"\n', "schön hier", "pst"]


def test_a_conversation_cut_in_two_at_every_byte(server: ServerProcess) -> None:
    """A line that comes in two pieces is a line, wherever the cut is: also within a letter."""
    witness = RawPeer.join(server, "Witness")
    Peer.join(server, "Ädä").bye()
    lines = (
        encode(Hello(VERSION, "Ädä", peers.token_of(server, "Ädä"))) + encode(Send("1", "grüß dich 😀")) + encode(Bye())
    )
    for cut in range(1, len(lines)):
        ada = RawPeer.connect(server)
        ada.send_bytes(lines[:cut])
        if b"\n" in lines[:cut]:  # its answer shows that the first piece was read alone
            ada.read_others("welcome", 1)
        ada.send_bytes(lines[cut:])
        assert ada.closed()
        assert [line[:14] for line in ada.others if b"joined" not in line] == [b'{"type":"welco', b'{"type":"ack",']

    assert witness.read_messages(1)
    assert [(row.id, row.text) for row in log_of(server)] == [("1", "grüß dich 😀")]


# --- what the machine refuses -----------------------------------------------------------------------------------------


def test_a_full_disk(server: ServerProcess) -> None:
    """While the disk takes nothing, senders are told so and nobody is shown anything; with room again it all works."""
    ada, bob = Peer.join(server, "Ada"), Peer.join(server, "Bob")
    first = ada.say("before")
    ada.expect("ack", id=first)
    size = max(path.stat().st_size for path in server.data.iterdir())
    limit(server, "RLIMIT_FSIZE", size)
    refused: list[str] = []
    acked = [first]
    while len(refused) < 20:
        id = ada.say("x" * 4000)
        answer = ada.answer(id)
        if isinstance(answer, Error):
            assert answer.code == "not_saved"
            refused.append(id)
        else:
            acked.append(id)
    cem = Peer.connect(server)
    cem.hello("Cem")
    assert cem.expect("error").code == "not_saved"
    bob.send(AskHistory(100, 10))
    assert bob.expect("page").messages[0].text == "before"
    assert server.log.count("could not be written") < 60
    limit(server, "RLIMIT_FSIZE", size + (100 << 20))
    for id in refused:
        ada.say("again", id=id)
        acked.append(ada.expect("ack", id=id).id)
    cem.hello("Cem")
    cem.expect_welcome()

    assert [message.id for message in bob.read_until(len(acked))] == acked
    assert [row.id for row in log_of(server)] == acked
    assert [row.seq for row in log_of(server)] == list(range(1, len(acked) + 1))


def comes_in(server: ServerProcess, name: str) -> bool:
    """Whether somebody of that name is made welcome; false when the connection ends before."""
    peer = RawPeer.join(server, name)
    wait_until(lambda: peer.closed(0.01) or peer.others, ANSWER_SECONDS, "a word or an end")
    return peer.has(b'"welcome"')


def test_no_descriptors_left(server: ServerProcess) -> None:
    """Those inside go on when the system gives the server no further descriptor, and later ones come in when it does.

    A large batch once failed then, because SQLite made a file for it.
    """
    ada, bob = Peer.join(server, "Ada"), Peer.join(server, "Bob")
    limit(server, "RLIMIT_NOFILE", server.descriptors() + 10)
    crowd = [RawPeer.join(server, f"P{i}") for i in range(20)]
    server.expect_log("No further connections just now")
    ada.send_bytes(b"".join(encode(Send(f"{random.random()}", "x" * 500)) for _ in range(2000)))
    acks = [ada.expect("ack").seq for _ in range(2000)]
    seqs = [message.seq for message in bob.read_until(2000)]
    inside = server.log.count("joined from") - 2
    for peer in crowd:
        peer.close()
    wait_until(lambda: comes_in(server, "Late"), ANSWER_SECONDS, "there is room again")
    ada.say("there is room again")

    assert acks == seqs == list(range(1, 2001))
    assert 2 <= inside <= 5
    assert bob.read_until(2001)[-1].text == "there is room again"
