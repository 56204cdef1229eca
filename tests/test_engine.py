"""The client's engine, against the real server, and against a scripted one where something has to go wrong."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import re
import select
import selectors
import signal
import socket
import ssl
import stat
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest

import link
import peers
from certificate import FILE_NAME as CERTIFICATE
from certificate import fingerprint_of, four_words, own_certificate
from clientlib import admission, connection, sending, session, telling, trust
from clientlib.connection import OUTGOING
from clientlib.engine import Engine
from clientlib.happenings import (
    Connecting,
    Ended,
    Entered,
    Failed,
    Happening,
    Lost,
    Received,
    Refused,
    Stored,
    Trouble,
    Waiting,
)
from link import Link, TlsLink
from peers import AckKeeper, Peer
from processes import ANSWER_SECONDS, ServerProcess, own_address, start_writer, wait_until
from protocol import (
    COMMANDS,
    EVERYONE,
    MAX_INTEGER,
    MAX_LINE,
    MAX_TEXT,
    NAME_QUESTION,
    Ack,
    AskConversations,
    AskHistory,
    AskSearch,
    BadLine,
    Bye,
    Command,
    Conversations,
    Decoder,
    Error,
    Event,
    Found,
    Hello,
    Joined,
    Left,
    Message,
    Page,
    Person,
    Ping,
    Pong,
    SeenBy,
    SeenWith,
    Send,
    Talked,
    TypingFrom,
    TypingTo,
    Welcome,
    encode,
)

SESAME = "open sesame"  # a chat's password
NOT_ENCRYPTED = b'{"type":"error","code":"not_encrypted","text":"This chat is not encrypted."}\n'


class Guest(peers.Connection):
    """One connection to the scripted server, as the server sees it. It answers nothing by itself."""

    def __init__(self, connected: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Shakes hands where there is a `tls`. One thread may send while another one reads."""
        super().__init__(connected)
        self.link = Link(connected)
        self.commands: list[Command] = []  # came, and no `expect` has asked for it yet
        self.bytes = b""  # all that came, decrypted
        self._decoder: Decoder[Command] = Decoder(COMMANDS)
        if tls is not None:
            self.link = TlsLink(self.link, tls, server_side=True, first=b"", seconds=ANSWER_SECONDS)

    def send_bytes(self, data: bytes, seconds: float = ANSWER_SECONDS) -> None:
        send_all(self.link, data, seconds)

    def close(self) -> None:
        super().close()
        self.link.close_writer()

    def _receive(self, deadline: float) -> bool:
        if self.ended:
            return False
        try:
            data = self.link.receive(max(0.001, deadline - time.monotonic()))
        except TimeoutError:
            return False
        except OSError:  # reset: the end as well
            data = b""
        self.ended = not data
        self.bytes += data
        self._take(data)
        return not self.ended

    def expect(self, kind: type[Any], seconds: float = ANSWER_SECONDS) -> Any:
        """The next command, which must be of this kind."""
        deadline = time.monotonic() + seconds
        while not self.commands:
            if not self._receive(deadline):
                pytest.fail(f"the engine said no {kind.__name__}; ended: {self.ended}")
        command = self.commands.pop(0)
        assert isinstance(command, kind)
        return command

    def tell(self, *events: Event) -> None:
        self.send_bytes(b"".join(encode(event) for event in events))

    def welcome(self, history: str = "log-1", last: int = 0, token: str | None = None) -> Hello:
        """Waits for the hello and answers it; returns the hello."""
        hello = self.expect(Hello)
        assert isinstance(hello, Hello)
        self.tell(Welcome(1, "Fake", history, hello.name, (Person(hello.name, True),), last, token))
        if token is not None:
            self.expect(Ping)  # at once: the token has come
        return hello

    def take(self, count: int) -> list[Send]:
        """The next `count` messages."""
        return [self.expect(Send) for _ in range(count)]

    def ack(self, *sends: Send, after: int = 0) -> None:
        """Acks `sends` as the entries after seq `after`."""
        self.tell(*(Ack(send.id, after + i, 1) for i, send in enumerate(sends, 1)))

    def _take(self, data: bytes) -> None:
        for command in self._decoder.feed(data):
            assert not isinstance(command, BadLine), command
            self.commands.append(command)


def send_all(way: Link, data: bytes, seconds: float = ANSWER_SECONDS) -> None:
    """Hands `data` to a link, as fast as that takes it."""
    deadline = time.monotonic() + seconds
    left = memoryview(data)
    while left:
        sent = way.send(left)
        left = left[sent:]
        if not sent and not select.select([], [way], [], max(0, deadline - time.monotonic()))[1]:
            pytest.fail("nothing more is taken")


class EncryptedAckKeeper(AckKeeper):
    """An `AckKeeper` with the server's own certificate: to an engine it is the server, at another address."""

    def __init__(self, server: ServerProcess) -> None:
        self._tls = link.server_context(server.data / CERTIFICATE)
        super().__init__(server)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near = self._listener.accept()[0]
                far = socket.create_connection((self._server.host, self._server.port))
                self._sockets += [near, far]
                inner = TlsLink(Link(near), self._tls, server_side=True, first=b"", seconds=ANSWER_SECONDS)
                outer = TlsLink(Link(far), link.client_context(), server_side=False, first=b"", seconds=ANSWER_SECONDS)
                self._threads += [
                    threading.Thread(target=self._carry_lines, args=(inner, outer, bytes)),
                    threading.Thread(target=self._carry_lines, args=(outer, inner, self._without_ack)),
                ]
                for thread in self._threads[-2:]:
                    thread.start()

    def _carry_lines(self, source: Link, target: Link, passes: Callable[[bytes], bytes]) -> None:
        rest = b""
        with contextlib.suppress(OSError):
            while data := source.receive(6 * ANSWER_SECONDS):
                *lines, rest = (rest + data).split(b"\n")
                send_all(target, b"".join(passes(line + b"\n") for line in lines))
        source.shutdown()
        target.shutdown()
        target.close_writer()


class ScriptedServer:
    """A server whose every word the test says itself."""

    host = "127.0.0.1"

    def __init__(self, certificate: Path | None = None, port: int = 0) -> None:
        """Encrypts when it has a certificate (`own_certificate`), and says in its one way that it does not when not."""
        self._listener = socket.create_server((self.host, port))
        self._tls = None if certificate is None else link.server_context(certificate)
        self.port: int = self._listener.getsockname()[1]
        self.fingerprint = None if certificate is None else fingerprint_of(certificate)

    def accept(self, seconds: float = ANSWER_SECONDS) -> Guest:
        """The next connection, on which the engine may speak."""
        if self._tls is None:
            with self.accept_raw(seconds) as first:
                answer_in_the_clear(first, NOT_ENCRYPTED)
        return Guest(self.accept_raw(seconds), self._tls)

    def accept_raw(self, seconds: float = ANSWER_SECONDS) -> socket.socket:
        """The next connection as it comes."""
        self._listener.settimeout(seconds)
        connected = self._listener.accept()[0]
        connected.settimeout(seconds)
        return connected

    def narrow(self, size: int) -> None:
        """Has the system keep about so many bytes of a connection that nobody reads; for those that come now."""
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def close(self) -> None:
        self._listener.close()


class Elsewhere(ScriptedServer):
    """One without encryption at an address that is not this computer's loopback."""

    def __init__(self) -> None:
        self.host = own_address()
        super().__init__()


@dataclass(frozen=True)
class At:
    """A server by one way to write its address."""

    host: str
    port: int


def answer_in_the_clear(connected: socket.socket, answer: bytes) -> bytes:
    """Says `answer` instead of a handshake and waits for the end; returns what came."""
    came = connected.recv(65536)
    assert came[0] == 0x16
    with contextlib.suppress(OSError):  # the engine may have heard enough before the end of it
        connected.sendall(answer)
        connected.shutdown(socket.SHUT_WR)
        while data := connected.recv(65536):
            came += data
    return came


class Recorder:
    """Does with an engine what a window does: takes off what happens, in order. It keeps all of it."""

    def __init__(self, folder: Path, server: peers.Address, name: str = "Ada", **more: Any) -> None:
        self.engine = Engine(folder, server.host, server.port, name, **more)
        self.messages: list[Message] = []  # all that were received
        self.seen: list[Happening] = []  # all that happened

    def next(self, seconds: float = ANSWER_SECONDS) -> Happening:
        try:
            happening = self.engine.events.get(timeout=seconds)
        except queue.Empty:
            pytest.fail(f"nothing more happened; the last was {self.seen[-3:]}")
        self.seen.append(happening)
        if isinstance(happening, Received):
            self.messages += happening.messages
        return happening

    def expect(self, kind: type[Any], seconds: float = ANSWER_SECONDS, **fields: Any) -> Any:
        """Reads over everything else up to the next `kind`, which must have these fields. It cannot miss the end."""
        while True:
            happening = self.next(seconds)
            if isinstance(happening, kind):
                assert {key: getattr(happening, key) for key in fields} == fields
                return happening
            assert not isinstance(happening, (Refused, Ended)), happening

    def expect_refusal(self) -> Refused:
        """What stops it before it was in."""
        while not isinstance(happening := self.next(), Refused):
            assert not isinstance(happening, (Entered, Ended)), happening
        return happening

    def read_until(self, text: str) -> list[str]:
        """All texts received so far, as soon as `text` is among them."""
        while text not in (texts := [message.text for message in self.messages]):
            self.next()
        return texts


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two servers' own."""
    return [own_certificate(tmp_path_factory.mktemp("certificate")) for _ in range(2)]


@pytest.fixture(params=["encrypted", "plain"])
def fake(request: pytest.FixtureRequest, certificates: list[Path]) -> Iterator[ScriptedServer]:
    """All that an engine does it does on either kind of connection."""
    server = ScriptedServer(certificates[0] if request.param == "encrypted" else None)
    yield server
    server.close()


@pytest.fixture
def join(tmp_path: Path) -> Iterator[Callable[..., Recorder]]:
    """`join(server, name, folder)` starts an engine; all of them are closed when the test ends."""
    recorders: list[Recorder] = []

    def start(server: peers.Address, name: str = "Ada", folder: Path = tmp_path / "client", **more: Any) -> Recorder:
        recorders.append(Recorder(folder, server, name, **more))
        recorders[-1].engine.start()
        return recorders[-1]

    yield start
    for recorder in recorders:
        recorder.engine.close(0)
    assert not [thread.name for thread in threading.enumerate() if thread.name == "hallway-engine"]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(sending, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(session, "GOODBYE_SECONDS", 0.1)  # the scripted server answers no bye


def outbox_files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "client" / "outbox").iterdir())


# --- a conversation that goes well ------------------------------------------------------------------------------------


def test_message_waits_is_stored_and_comes_back_in_the_logs_order(
    server: ServerProcess, join: Callable[..., Recorder]
) -> None:
    """Every own message is Waiting, then Stored, and is Received among the others' in the order of the log."""
    bob = Peer.join(server, "Bob")
    bob.say("first")
    bob.expect("ack")
    ada = join(server)
    entered = ada.expect(Entered, name="Ada", resumed=False, new_log=False, left_behind=0)
    id = ada.engine.send("second")
    ada.expect(Waiting, id=id, text="second", to=None)
    stored = ada.expect(Stored, id=id)
    bob.say("third")

    assert ada.read_until("third") == ["first", "second", "third"]
    assert [message.id for message in ada.messages][1] == id
    assert ada.messages[1].seq == stored.seq
    assert Person("Bob", True) in entered.people
    assert re.fullmatch("[a-z0-9]{8}-1", id)
    assert ada.engine.close() is True
    while not isinstance(ada.next(), Ended):
        pass


def test_private_history_search_and_roster_are_passed_on(server: ServerProcess, join: Callable[..., Recorder]) -> None:
    """A private message goes to its two people; pages, search results and joins come as the wire's own words."""
    ada = join(server)
    ada.expect(Entered)
    bob = Peer.join(server, "Bob")
    ada.expect(Joined, name="Bob")
    ada.engine.send("psst", "Bob")
    ada.engine.send("@Bob: and again")
    bob.expect("message", sender="Ada", to="Bob", text="psst")
    bob.expect("message", sender="Ada", to="Bob", text="and again")
    ada.read_until("and again")
    ada.engine.ask_history(ada.messages[-1].seq, 10)
    page = ada.expect(Page, more=False)
    ada.engine.ask_search("again")
    found = ada.expect(Found, more=False)

    assert [message.text for message in page.messages] == ["psst"]
    assert [message.text for message in found.messages] == ["and again"]


def test_conversations_typing_and_seen_are_passed_on(server: ServerProcess, join: Callable[..., Recorder]) -> None:
    """Pages both ways say what they are, what is unread is told, and people hear who types and who has read."""
    ada = join(server)
    ada.expect(Entered)
    bob = Peer.join(server, "Bob")
    for text, to in (("one", EVERYONE), ("two", "Ada"), ("three", EVERYONE)):
        bob.say(text, to)
    ada.read_until("three")
    ada.engine.ask_history()
    newest = ada.expect(Page)
    ada.engine.ask_history(after=1, other=EVERYONE, limit=5)
    later = ada.expect(Page)
    ada.engine.tell_seen("Bob", 2)
    ada.engine.tell_seen(EVERYONE, 1)
    ada.engine.ask_conversations()
    conversations = ada.expect(Conversations)
    ada.engine.tell_typing("Bob")
    ada.engine.tell_typing(EVERYONE)
    bob.send(TypingTo(EVERYONE))
    typing = ada.expect(TypingFrom)
    bob.send(SeenWith("Ada", 2))

    assert ([message.seq for message in newest.messages], newest.before) == ([1, 2, 3], MAX_INTEGER)
    assert later == Page(newest.messages[2:], more=False, after=1, other=EVERYONE)
    assert conversations == Conversations((Talked(EVERYONE, 3, 1, 1, 0), Talked("Bob", 2, 2, 0, 0)))
    assert typing == TypingFrom("Bob", EVERYONE)
    assert ada.expect(SeenBy) == SeenBy("Bob", 2)
    assert bob.expect("seen") == SeenBy("Ada", 2)
    assert [bob.expect("typing"), bob.expect("typing")] == [TypingFrom("Ada", "Bob"), TypingFrom("Ada", EVERYONE)]


def test_older_server_does_not_know_conversations(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """What an older server says about a question it does not know is told in words that mean something to people.

    Every error says which question it answers: whoever asked is not to ask the same again for ever.
    """
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    ada.expect(Entered)
    ada.engine.ask_history(5)
    ada.engine.ask_conversations()
    ada.engine.ask_search("tea")
    for kind in (AskHistory, AskConversations, AskSearch):
        guest.expect(kind)
    guest.tell(Page((), more=False), Error("bad_message", "No such type."), Error("bad_message", "It takes too long."))

    ada.expect(Page)
    assert ada.expect(Trouble) == Trouble("older_server", connection.OLDER_SERVER, AskConversations())
    assert ada.expect(Trouble) == Trouble("bad_message", "It takes too long.", AskSearch("tea", 50))


def test_what_cannot_be_said_is_dropped(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """Without a connection nobody is told who types or has read, not later either: that would be wrong by then."""
    ada = join(fake)
    ada.engine.tell_typing(EVERYONE)
    ada.engine.tell_seen("Bob", 1)
    ada.engine.ask_conversations()
    guest = fake.accept()
    guest.welcome()
    ada.expect(Entered)
    ada.engine.send("hello")

    assert guest.expect(Send).text == "hello"


def test_what_is_written_before_the_welcome_goes_out_after_it(
    fake: ScriptedServer, join: Callable[..., Recorder]
) -> None:
    """The log, and so the outbox, is not known yet; nothing is told to wait on disk before it does."""
    ada = join(fake)
    id = ada.engine.send("early")
    guest = fake.accept()
    guest.welcome()

    assert guest.take(1) == [Send(id, "early")]
    assert [type(ada.next()) for _ in range(3)] == [Connecting, Entered, Waiting]


def test_ten_thousand_messages_at_once_are_cheap(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """They come in few lists, in order, each once, and cost the engine (and this test) well under a second."""
    ada = join(fake)
    guest = fake.accept()
    lines = b"".join(encode(Message(seq, 1, "Bob", EVERYONE, f"b-{seq}", "hello there")) for seq in range(1, 10_001))
    guest.welcome(last=10_000)
    ada.expect(Entered)
    before = time.process_time()
    sender = threading.Thread(target=guest.send_bytes, args=(lines,))
    sender.start()
    while len(ada.messages) < 10_000:
        ada.next()
    spent = time.process_time() - before
    sender.join()

    assert [message.seq for message in ada.messages] == list(range(1, 10_001))
    assert len([happening for happening in ada.seen if isinstance(happening, Received)]) < 500
    assert spent < 1.0  # usually 0.13 s


def test_entries_come_once_and_in_order_whatever_is_repeated(
    fake: ScriptedServer, join: Callable[..., Recorder]
) -> None:
    """A seq that was shown already is dropped."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    guest.tell(*(Message(seq, 1, "Bob", EVERYONE, f"b{seq}", str(seq)) for seq in (1, 2, 2, 1, 3, 7, 3, 8)))

    assert ada.read_until("8") == ["1", "2", "3", "7", "8"]


def test_whether_a_name_that_left_is_kept_is_passed_on(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """A face takes a guest off its list, and somebody who will be back only out of the room."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    guest.tell(Left("Guest", 1, False), Left("Bob", 2, True), Left("Cem", 3))

    assert [ada.expect(Left).kept for _ in range(3)] == [False, True, None]


@pytest.fixture(params=["encrypted", "plain"])
def either_server(request: pytest.FixtureRequest, start_server: Callable[..., ServerProcess]) -> ServerProcess:
    """The real server, of either kind."""
    return start_server(*(["--plaintext"] if request.param == "plain" else []))


# --- losing the connection --------------------------------------------------------------------------------------------


def test_server_killed_and_restarted(either_server: ServerProcess, join: Callable[..., Recorder]) -> None:
    """After kill -9 of the server the engine comes back by itself and has missed and repeated nothing."""
    ada = join(either_server)
    ada.expect(Entered)
    for i in range(20):
        ada.engine.send(f"before {i}")
    ada.read_until("before 19")
    either_server.kill()
    ada.expect(Lost)
    for i in range(20):
        ada.engine.send(f"meanwhile {i}")
    either_server.restart()
    bob = Peer.join(either_server, "Bob")
    bob.say("from Bob")
    ada.expect(Entered, resumed=True, new_log=False)
    ada.engine.send("after")
    ada.read_until("after")
    texts = ada.read_until("from Bob")

    assert [text for text in texts if text != "from Bob"] == [
        *(f"before {i}" for i in range(20)),
        *(f"meanwhile {i}" for i in range(20)),
        "after",
    ]
    assert [message.seq for message in ada.messages] == list(range(1, 43))


def test_resume_names_the_log_and_the_last_seq(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """The first hello asks for a backlog, the later ones for what came after the last entry shown."""
    ada = join(fake)
    with fake.accept() as guest:
        hello = guest.welcome(last=5)
        guest.tell(*(Message(seq, 1, "Bob", EVERYONE, f"b{seq}", str(seq)) for seq in (4, 5)))
        ada.read_until("5")
    lost = ada.expect(Lost)
    again = fake.accept().welcome(last=5)

    assert (hello.history, hello.after) == (None, None)
    assert (again.history, again.after) == ("log-1", 5)
    assert "closed the connection" in lost.text
    assert 0 < lost.retry <= 0.5
    ada.expect(Entered, resumed=True)


def test_every_ack_lost_and_still_exactly_once(server: ServerProcess, join: Callable[..., Recorder]) -> None:
    """All is sent again after the reconnect under the same ids, acked as before, and stands in the log once."""
    ack_keeper = EncryptedAckKeeper(server)
    ada = join(ack_keeper)
    ada.expect(Entered)
    ids = [ada.engine.send(f"m{i}") for i in range(50)]
    ada.read_until("m49")
    wait_until(lambda: len(ack_keeper.acks) == 50, ANSWER_SECONDS, "all 50 acks came to the proxy")
    ack_keeper.keeps = False
    ack_keeper.drop()
    ada.expect(Lost)
    ada.expect(Entered, resumed=True)
    stored = [ada.expect(Stored) for _ in ids]
    bob = Peer.join(server, "Bob")

    assert [answer.id for answer in stored] == ids
    assert [message.text for message in bob.read_until(50)] == [f"m{i}" for i in range(50)]
    assert [message.id for message in ada.messages] == ids
    assert [answer.seq for answer in stored] == [message.seq for message in ada.messages]


def test_resends_in_order_what_was_not_acked(
    fake: ScriptedServer, join: Callable[..., Recorder], tmp_path: Path
) -> None:
    """Only what has no ack goes out again, in the order it was written, before anything new."""
    ada = join(fake)
    with fake.accept() as guest:
        guest.welcome()
        ids = [ada.engine.send(f"m{i}") for i in range(5)]
        sends = guest.take(5)
        guest.ack(sends[1])
        ada.expect(Stored, id=ids[1])
    ada.expect(Lost)
    ids.append(ada.engine.send("written while away"))
    ada.expect(Waiting, id=ids[5])
    guest = fake.accept()
    guest.welcome(last=1)
    again = guest.take(5)
    guest.ack(*again, after=1)

    assert [send.id for send in again] == [ids[0], *ids[2:]]
    assert [ada.expect(Stored).id for _ in range(5)] == [ids[0], *ids[2:]]
    assert ada.engine.close() is True
    assert [path.stat().st_size for path in outbox_files(tmp_path)] == [0]


def test_name_taken_on_a_reconnect_is_our_own_ghost(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """The server may hold the dead connection's name for 45 seconds: the engine goes on trying."""
    ada = join(fake)
    with fake.accept() as guest:
        guest.welcome()
        ada.expect(Entered)
    for _ in range(3):
        with fake.accept() as guest:
            guest.expect(Hello)
            guest.tell(Error("name_taken", "Ada is taken."))
            assert guest.closed()
    fake.accept().welcome()

    ada.expect(Entered, resumed=True)


def test_name_taken_for_too_long_is_somebody_else(
    fake: ScriptedServer, join: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No ghost lives longer than the server's patience; once we were in again, the next one has its time anew."""
    monkeypatch.setattr(admission, "GHOST_SECONDS", 0.3)
    monkeypatch.setattr(session, "LONGEST_PAUSE", 0.1)
    ghost = "The server has not noticed yet that the old connection is gone."
    ada = join(fake)
    reasons: list[str] = []
    for _ in range(2):
        with fake.accept() as guest:
            guest.welcome()
            ada.expect(Entered)
        ada.expect(Lost)
        reasons.append("")
        while not reasons[-1].startswith("Somebody else"):
            with fake.accept() as guest:
                guest.expect(Hello)
                guest.tell(Error("name_taken", "Ada is taken."))
                reasons.append(ada.expect(Lost).text)

    told = "Somebody else is here as Ada. What you wrote is kept; leave and choose another name, or wait."
    assert set(reasons) == {"", ghost, told}
    assert reasons[1] == reasons[reasons.index("", 1) + 1] == ghost


def test_lost_is_told_in_statements(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """More words follow behind it in a face, as behind a full stop; whether the address is right is asked before."""
    ada = join(fake)
    with fake.accept() as guest:
        guest.welcome()
        ada.expect(Entered)
        fake.close()
        guest.tell(Bye("Back at noon"))
        assert guest.closed()

    assert ada.expect(Lost).text == "Back at noon."
    assert ada.expect(Lost).text == f"127.0.0.1 is there, but no chat is open on port {fake.port}."


@pytest.mark.parametrize("code", ["banned", "name_invalid", "unsupported_version"])
def test_what_trying_again_cannot_change_ends_it(
    fake: ScriptedServer, join: Callable[..., Recorder], code: str
) -> None:
    """An engine that is wanted no more stops, with the server's sentence."""
    ada = join(fake)
    with fake.accept() as guest:
        guest.welcome()
        ada.expect(Entered)
    guest = fake.accept()
    guest.expect(Hello)
    guest.tell(Error(code, "Not you."), Welcome(1, "Fake", "log-1", "Ada", (), 0))

    assert ada.expect(Lost)
    assert ada.next() == Connecting()
    assert ada.next() == Ended("Not you.", code, fake.fingerprint)
    assert guest.closed()


def test_bye_of_the_server_is_a_loss(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """Its reason is told, and the engine comes back."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    guest.tell(Bye("The server is restarting."))

    ada.expect(Lost, text="The server is restarting.")
    fake.accept().welcome()
    ada.expect(Entered, resumed=True)


def test_another_log_gets_nothing_that_was_meant_for_the_old_one(
    fake: ScriptedServer, join: Callable[..., Recorder], tmp_path: Path
) -> None:
    """What waits stays on disk for the people it was written to, and goes out when their log is back."""
    ada = join(fake)
    with fake.accept() as guest:
        guest.welcome("log-1", last=900)
        guest.tell(Message(900, 1, "Bob", EVERYONE, "b", "old"))
        ada.read_until("old")
        ids = [ada.engine.send("for log 1"), ada.engine.send("as well")]
        guest.take(2)
    with fake.accept() as guest:
        guest.welcome("log-2", last=3)
        guest.tell(Message(3, 1, "Bob", EVERYONE, "c", "new"))
        ada.expect(Entered, history="log-2", resumed=False, new_log=True, left_behind=2)
        ada.read_until("new")
        id = ada.engine.send("for log 2")
        send = guest.expect(Send)
        guest.ack(send, after=3)
        ada.expect(Stored, id=id)
    guest = fake.accept()
    guest.welcome("log-1", last=900)

    assert send == Send(id, "for log 2")
    ada.expect(Entered, history="log-1", new_log=True, left_behind=0)
    assert [waiting.id for waiting in (ada.expect(Waiting), ada.expect(Waiting))] == ids
    assert [send.text for send in guest.take(2)] == ["for log 1", "as well"]
    assert len(outbox_files(tmp_path)) == 2


def test_log_set_back_to_an_earlier_state_is_shown(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """After a restored copy the numbers start below what was shown; the new messages must not be taken for old."""
    ada = join(fake)
    with fake.accept() as guest:
        guest.welcome(last=50)
        guest.tell(Message(50, 1, "Bob", EVERYONE, "b50", "fifty"))
        ada.read_until("fifty")
    guest = fake.accept()
    guest.welcome(last=20)
    guest.tell(Message(21, 1, "Bob", EVERYONE, "x21", "again twenty-one"))

    ada.expect(Entered, resumed=False, new_log=True, left_behind=0)
    assert ada.read_until("again twenty-one") == ["fifty", "again twenty-one"]


def test_pauses_grow_until_a_connection_lasts(
    fake: ScriptedServer, join: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempt n waits at most min(longest, first · 2^n), and at least half of it.

    A server that let people in, acked and broke at once was once visited four times a second for ever.
    """
    monkeypatch.setattr(session, "LONGEST_PAUSE", 0.3)
    ada = join(fake)

    def come_and_lose() -> float:
        with fake.accept() as guest:
            guest.welcome()
            ada.expect(Entered)
            id = ada.engine.send("hello")
            guest.ack(guest.expect(Send))
            ada.expect(Stored, id=id)
        pause = ada.expect(Lost).retry
        assert isinstance(pause, float)
        return pause

    pauses = [come_and_lose() for _ in range(3)]
    fake.accept().close()
    pauses += [ada.expect(Lost).retry, come_and_lose()]
    monkeypatch.setattr(session, "STEADY_SECONDS", 0.0)
    pauses.append(come_and_lose())

    for pause, longest in zip(pauses, (0.02, 0.04, 0.08, 0.16, 0.3, 0.02), strict=True):
        assert longest / 2 <= pause <= longest


# --- the outbox -------------------------------------------------------------------------------------------------------


def test_restarted_client_with_a_full_outbox(
    either_server: ServerProcess, join: Callable[..., Recorder], tmp_path: Path
) -> None:
    """What was written while the server was away and the client then closed goes out at the next start, once."""
    ada = join(either_server)
    ada.expect(Entered)
    either_server.kill()
    ada.expect(Lost)
    ids = [ada.engine.send(f"kept {i}") for i in range(200)]
    assert ada.engine.close(0.1) is False
    either_server.restart()
    again = join(either_server)
    again.expect(Entered)

    assert [again.expect(Waiting).id for _ in ids] == ids
    assert [again.expect(Stored).id for _ in ids] == ids
    assert again.read_until("kept 199") == [f"kept {i}" for i in range(200)]
    assert again.engine.close() is True
    assert [path.stat().st_size for path in outbox_files(tmp_path)] == [0]


def test_killed_client_has_every_waiting_message_on_disk(
    fake: ScriptedServer, join: Callable[..., Recorder], tmp_path: Path
) -> None:
    """kill -9 amid writing: whatever was told to be Waiting goes out at the next start, in order, without a hole."""
    with start_writer(tmp_path / "client", fake.port, 100_000) as process:
        assert process.stdout is not None
        guest = fake.accept()
        guest.welcome()
        promised = [process.stdout.readline().decode().strip() for _ in range(1500)]
        process.kill()
        promised += [line for line in process.stdout.read().decode().split("\n")[:-1] if line]
    ada = join(fake)
    fake.accept().welcome()
    ada.expect(Entered)
    kept = [ada.expect(Waiting) for _ in promised]

    assert [waiting.id for waiting in kept] == promised
    assert [waiting.text for waiting in kept] == [f"m{i}" for i in range(len(promised))]


def test_disk_that_refuses_the_outbox(fake: ScriptedServer, join: Callable[..., Recorder], tmp_path: Path) -> None:
    """That is said once, in words, and the message is sent all the same."""
    (tmp_path / "client").write_text("a file where the folder should be")
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    ids = [ada.engine.send("one"), ada.engine.send("two")]

    trouble = ada.expect(Trouble, code="not_kept")
    sends = guest.take(2)
    guest.ack(*sends)
    assert [send.id for send in sends] == ids
    assert "disk" in trouble.text
    assert [ada.expect(Stored).id for _ in ids] == ids
    troubles = [happening.text for happening in ada.seen if isinstance(happening, Trouble)]
    assert sum("disk does not take what you write" in text for text in troubles) == 1
    assert sum("how you and this server know each other" in text for text in troubles) == (fake.fingerprint is not None)


def test_not_saved_is_sent_again_in_its_place(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """When the server's disk refuses, messages wait, nothing overtakes them, and it is told once."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    ids = [ada.engine.send(f"m{i}") for i in range(3)]
    for _ in range(3):
        sends = guest.take(3)
        assert [send.id for send in sends] == ids
        guest.tell(*(Error("not_saved", "The disk is full.", send.id) for send in sends))
    ids.append(ada.engine.send("m3"))
    sends = guest.take(4)
    guest.ack(*sends)

    assert [send.id for send in sends] == ids
    assert [ada.expect(Stored).id for _ in ids] == ids
    troubles = [happening for happening in ada.seen if isinstance(happening, Trouble)]
    assert [trouble.code for trouble in troubles] == ["not_saved"]


def test_not_saved_and_then_lost(
    fake: ScriptedServer, join: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new connection starts with all that waits, at once and once, whatever the old one was waiting for."""
    monkeypatch.setattr(sending, "FIRST_WAIT", 60.0)
    ada = join(fake)
    with fake.accept() as guest:
        guest.welcome()
        ids = [ada.engine.send("one"), ada.engine.send("two")]
        guest.tell(Error("not_saved", "The disk is full.", guest.take(2)[0].id))
        ada.expect(Trouble)
    guest = fake.accept()
    guest.welcome()
    sends = guest.take(2)
    ids.append(ada.engine.send("three"))
    sends += guest.take(1)

    assert [send.id for send in sends] == ids


def test_refused_message_leaves_the_outbox(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """An error with an id means the message is Failed and is never sent again, also not by the next start."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    id, other = ada.engine.send("@Nobody hi"), ada.engine.send("stays")
    guest.take(2)
    guest.tell(Error("no_such_user", "There is nobody called Nobody here.", id))

    ada.expect(Failed, id=id, code="no_such_user", text="There is nobody called Nobody here.", original="@Nobody hi")
    assert ada.engine.close(0) is False
    again = join(fake)
    fake.accept().welcome()
    again.expect(Entered)
    again.expect(Waiting, id=other)


@pytest.mark.parametrize("text", ["x" * (MAX_TEXT + 1), "y" * 200_000, "", " \n", "\x00\x1b"])
def test_text_that_no_server_takes_fails_at_once(
    fake: ScriptedServer, join: Callable[..., Recorder], text: str
) -> None:
    """A line over 64 KiB would end the connection again and again, so it never gets as far as the outbox."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    id = ada.engine.send(text)
    ada.engine.send("fine")

    assert ada.expect(Failed, id=id).original == text
    assert guest.expect(Send).text == "fine"


def test_half_a_surrogate_pair_is_left_out(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """Tk and some terminals hand such text over; it cannot be written as UTF-8."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    ada.engine.send("half \ud83d pair", "Bob\udc80")
    ada.engine.ask_search("half \ud83d")

    said = {type(command): command.text for command in (guest.expect(object), guest.expect(object))}
    assert said == {Send: "half  pair", AskSearch: "half"}


@dataclass
class HandedOver:
    """What an engine has given its links to send: for each time, how many bytes, and how many of these were taken."""

    times: list[tuple[int, int]] = field(default_factory=list)

    @property
    def most(self) -> int:
        """Bytes that were ready to go out at once."""
        return max(size for size, _ in self.times)

    @property
    def is_stuck(self) -> bool:
        """Whether as much as is ever ready was there, and the way took only some of it."""
        size, taken = self.times[-1]
        return size >= OUTGOING and taken < size


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> HandedOver:
    """Watches the links of the engines that are made from now on."""
    record = HandedOver()
    really_meet = trust.meet

    def meet(host: str, port: int) -> trust.Meeting:
        met = really_meet(host, port)
        really_send = met.link.send

        def send(data: bytes | memoryview) -> int:
            taken = really_send(data)
            record.times.append((len(data), taken))
            return taken

        monkeypatch.setattr(met.link, "send", send)
        return met

    monkeypatch.setattr(trust, "meet", meet)
    return record


def test_server_that_does_not_read_fills_nobodys_memory(
    fake: ScriptedServer, join: Callable[..., Recorder], handed_over: HandedOver
) -> None:
    """What the socket does not take stays in the outbox; encoded ahead is never more than 64 KiB and a line."""
    fake.narrow(64 * 1024)
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    ada.expect(Entered)
    text = "x" * (MAX_TEXT - 10)
    count = 0

    def write(more: int) -> None:
        nonlocal count
        for i in range(count, count + more):
            ada.engine.send(f"{i} {text}")
        for _ in range(more):
            ada.expect(Waiting)
        count += more

    def is_stuck_after_one_more() -> bool:
        write(1)  # it tries again when something is written, and else when the system says that it may
        return handed_over.is_stuck

    write(1500)  # 6 MB
    wait_until(is_stuck_after_one_more, 3 * ANSWER_SECONDS, "the way takes no more")
    sends = guest.take(count)

    assert [int(send.text.split()[0]) for send in sends] == list(range(count))
    assert OUTGOING <= handed_over.most < OUTGOING + 2 * MAX_TEXT


# --- being refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lacks", ["sockets", "threads"])
def test_a_computer_without_room_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str) -> None:
    """In a sentence, and not with an error in whoever wanted to join; what was written is given back."""

    def nothing_left(*_: object) -> NoReturn:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE)) if lacks == "sockets" else RuntimeError("no threads")

    if lacks == "sockets":
        monkeypatch.setattr(socket, "socketpair", nothing_left)
    else:
        monkeypatch.setattr(threading.Thread, "start", nothing_left)
    engine = Engine(tmp_path / "client", "127.0.0.1", 1, "Ada")
    engine.start()
    refused = engine.events.get(timeout=ANSWER_SECONDS)
    id = engine.send("hello")
    failed = engine.events.get(timeout=ANSWER_SECONDS)

    assert isinstance(refused, Refused)
    assert refused.code == "no_room"
    assert isinstance(failed, Failed)
    assert (failed.id, failed.original) == (id, "hello")
    assert engine.close()


def test_refused_name(server: ServerProcess, join: Callable[..., Recorder], tmp_path: Path) -> None:
    """A taken name stops the engine with the server's words; nothing was written to disk."""
    other = Peer.join(server, "Ada")
    ada = join(server)
    early = ada.engine.send("early")

    assert ada.next() == Connecting()
    failed, refused = ada.next(), ada.next()
    assert isinstance(failed, Failed)
    assert failed.id == early
    assert isinstance(refused, Refused)
    assert refused.code == "name_taken"
    late = ada.engine.send("late")
    failed = ada.next()
    assert isinstance(failed, Failed)
    assert failed.id == late
    assert ada.engine.close() is True
    assert not (tmp_path / "client" / "outbox").exists()
    assert not other.ended


def test_impossible_name_needs_no_server(join: Callable[..., Recorder], fake: ScriptedServer) -> None:
    """A name that no server takes is refused here."""
    refused = join(fake, "a:b").next()

    assert isinstance(refused, Refused)
    assert refused.code == "name_invalid"


def test_nobody_listens(join: Callable[..., Recorder], fake: ScriptedServer) -> None:
    """A port where nothing is open is told in words."""
    fake.close()
    ada = join(fake)

    assert ada.next() == Connecting()
    refused = ada.next()
    assert isinstance(refused, Refused)
    assert refused.code == "nobody_listens"
    assert "no chat is open" in refused.text


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("192.0.2.2:12345", "Give the address alone (192.0.2.2), and the number behind the colon as the port."),
        ("http://192.0.2.2:8080/", "Give the address alone (192.0.2.2), and the number behind the colon as the port."),
        ("http://box.local/chat", "Give the address alone (box.local)."),
    ],
)
def test_address_with_more_than_the_address(tmp_path: Path, host: str, sentence: str) -> None:
    """It is told before anything is looked up."""
    way = Engine(tmp_path / "client", host, 12345, "Ada")
    way.start()

    assert way.events.get(timeout=ANSWER_SECONDS) == Refused("unreachable", sentence)
    way.close(0)


@pytest.mark.parametrize("host", ["::1", "fe80::1:12345", "localhost:", ":1"])
def test_other_colons_are_left_alone(tmp_path: Path, host: str) -> None:
    """IPv6 has them."""
    way = Engine(tmp_path / "client", host, 1, "Ada")
    way.start()

    assert way.events.get(timeout=ANSWER_SECONDS) == Connecting()
    way.close(0)


def test_no_route_is_told_without_the_systems_words(
    fake: ScriptedServer, join: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong address, mostly."""

    def unreachable(*_: object) -> None:
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    ada = join(fake)

    assert ada.next() == Connecting()
    sentence = "127.0.0.1 does not answer. Is the address right, and are both computers on the same network?"
    assert ada.next() == Refused("unreachable", sentence)


@pytest.mark.parametrize("host", ["", "a\0b", "x" * 300, "no.such.host.invalid"])
def test_address_that_is_none(tmp_path: Path, fake: ScriptedServer, host: str) -> None:
    """Whatever somebody types as an address, the answer is a sentence."""
    fake.close()
    ada = Recorder(tmp_path / "client", fake)
    ada.engine = Engine(tmp_path / "client", host, fake.port, "Ada")
    ada.engine.start()
    assert ada.next() == Connecting()
    refused = ada.next(30)
    ada.engine.close()

    assert isinstance(refused, Refused)
    assert refused.code == "unreachable"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail.example ESMTP\r\n",
        b'{"type":"hello"}\n',
        b"[1]\n",
        b"x" * (MAX_LINE + 1),
        b"",
    ],
)
def test_wrong_port(fake: ScriptedServer, join: Callable[..., Recorder], answer: bytes) -> None:
    """What answers there is no Hallway chat, and that is what people are told."""
    ada = join(fake)
    guest = fake.accept()
    guest.expect(Hello)
    guest.send_bytes(answer)
    guest.finish_writing()

    assert ada.next() == Connecting()
    refused = ada.next()
    assert isinstance(refused, Refused)
    assert refused.code == "not_hallway"
    assert f"127.0.0.1 port {fake.port}" in refused.text
    assert guest.closed()


def test_server_that_says_nothing(
    fake: ScriptedServer, join: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that accepts and stays silent is given up after a while."""
    monkeypatch.setattr(connection, "WELCOME_SECONDS", 0.2)
    ada = join(fake)
    guest = fake.accept()

    assert ada.next() == Connecting()
    sentence = f"What answers at 127.0.0.1 port {fake.port} is not a Hallway chat. Is the port right?"
    assert ada.next() == Refused("not_hallway", sentence, fake.fingerprint)
    assert guest.closed()


def test_question_for_netcat_people_is_read_over(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """On a network that loses packets our hello can come after the server has asked for a name."""
    ada = join(fake)
    guest = fake.accept()
    hello = guest.expect(Hello)
    guest.send_bytes(NAME_QUESTION.encode() + encode(Welcome(1, "Fake", "log-1", hello.name, (), 0)))

    ada.expect(Entered)


# --- hostile and silent servers ---------------------------------------------------------------------------------------


def test_odd_lines_are_left_out_and_told_once(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """Nothing that can be framed ends the connection; there is one word about it, not a thousand."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    lines = [
        b"\xff\xfe", b"{", b"[[[[[[[[[[[[", b'{"type":"message"}', b'{"type":7}', b'{"type":"new"}', b"NaN", b"7", b"",
        b'{"type":"message","seq":1e999}', b'{"type":"ack","id":"x","seq":' + b"9" * 5000 + b',"time":1}',
        b'{"type":"joined","name":"\\ud800","time":1}', b'{"type":"page","messages":[1],"more":false}',
        b'{"type":"ack","id":"unknown","seq":1,"time":1}', b'{"type":"error","code":"x","text":"y","id":"unknown"}',
        b'{"type":"welcome","v":1,"server":"","history":"other","name":"Eve","people":[],"last":0}',
    ]  # fmt: skip
    for _ in range(10):
        guest.send_bytes(b"\n".join(lines) + b"\n")
    guest.tell(Message(1, 1, "Bob", EVERYONE, "b1", "still here"))

    ada.read_until("still here")
    assert len([happening for happening in ada.seen if isinstance(happening, Trouble)]) == 1
    assert len([happening for happening in ada.seen if isinstance(happening, Entered)]) == 1


def test_line_without_an_end_costs_the_connection_only(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """Nothing can be framed after it, so the engine starts anew."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    guest.send_bytes(b"x" * (MAX_LINE + 1))

    ada.expect(Lost)
    fake.accept().welcome()
    ada.expect(Entered, resumed=True)


def test_error_without_an_id_is_told(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """What no message is to blame for is Trouble, with the server's sentence."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    guest.tell(Error("bad_message", "What was that?"))

    ada.expect(Trouble, code="bad_message", text="What was that?")


def be_impatient(monkeypatch: pytest.MonkeyPatch, ping: float, silent: float) -> None:
    """Lets the engine ask a silent server after `ping` seconds whether it is there, and give it up after `silent`."""
    monkeypatch.setattr(connection, "PING_SECONDS", ping)
    monkeypatch.setattr(connection, "SILENT_SECONDS", silent)


def test_ping_is_answered_and_silence_is_asked_about(
    fake: ScriptedServer, join: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine answers pings, pings a silent server, and gives it up when that stays silent."""
    be_impatient(monkeypatch, ping=0.2, silent=0.7)
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    guest.tell(Ping())
    guest.expect(Pong)
    guest.expect(Ping)
    guest.tell(Pong())
    for _ in range(3):
        guest.expect(Ping)

    lost = ada.expect(Lost)
    assert "Nothing was heard" in lost.text
    assert guest.closed()


def test_many_pings_get_one_pong_at_a_time(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """A server that pings and reads nothing cannot pile up answers: those that came together get one."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    ada.expect(Entered)
    guest.tell(*[Ping()] * 1000, Message(1, 1, "Bob", EVERYONE, "b", "end"))
    ada.read_until("end")
    id = ada.engine.send("end")
    pongs = 0
    while (said := guest.expect(object)) != Send(id, "end"):
        assert said == Pong()
        pongs += 1

    assert 0 < pongs <= 20  # the pings are 16 KB, of which it reads at least 2 KiB at once


def test_face_that_takes_nothing_makes_the_server_wait(
    fake: ScriptedServer, join: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a face does not take stays in the server, but ours goes out; once, all of it was kept in memory."""
    be_impatient(monkeypatch, ping=0.1, silent=0.8)
    news = [Joined(f"Visitor {i}", 1) for i in range(150_000)]
    lines = b"".join(encode(each) for each in news)
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    ada.expect(Entered)
    sender = threading.Thread(target=guest.send_bytes, args=(lines, 3 * ANSWER_SECONDS))
    sender.start()
    size = len(lines) / len(news)
    wait_until(lambda: ada.engine.events.qsize() * size > telling.UNTAKEN, ANSWER_SECONDS, "too much waits")
    id = ada.engine.send("ours goes out")
    said = [guest.expect(object) for _ in range(16)]  # most are pings: longer than a server may be silent
    waiting = ada.engine.events.qsize()
    heard = [ada.expect(Joined) for _ in news]
    sender.join(ANSWER_SECONDS)

    assert said.count(Ping()) == 15
    assert said.count(Send(id, "ours goes out")) == 1
    assert waiting * size < 2 * telling.UNTAKEN
    assert heard == news
    assert Waiting(id, "ours goes out", None) in ada.seen
    assert not any(isinstance(happening, Lost) for happening in ada.seen)


def test_silence_is_counted_from_when_it_listens_again(
    fake: ScriptedServer, join: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that had nothing more to say while the face was away is not given up when the face is back."""
    monkeypatch.setattr(telling, "UNTAKEN", 100)
    be_impatient(monkeypatch, ping=0.1, silent=0.5)
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    ada.expect(Entered)
    guest.tell(Joined("x" * 100, 1))
    for _ in range(8):
        guest.expect(Ping)
    ada.expect(Joined)
    guest.expect(Ping)
    guest.expect(Ping)
    guest.tell(Pong(), Joined("Bob", 2))

    ada.expect(Joined, name="Bob")
    assert not any(isinstance(happening, Lost) for happening in ada.seen)


def test_leaving_waits_for_no_face(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """Somebody who closes takes nothing any more, and gets the acks that stand behind what was not taken."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    ada.expect(Entered)
    news = Joined("x" * 100, 1)
    size = len(encode(news))
    guest.tell(*[news] * (2 * telling.UNTAKEN // size))
    wait_until(lambda: ada.engine.events.qsize() * size > telling.UNTAKEN, ANSWER_SECONDS, "too much waits")
    ada.engine.send("last words")
    guest.ack(guest.expect(Send))

    assert ada.engine.close(ANSWER_SECONDS) is True


def test_woken_for_nothing(
    fake: ScriptedServer, join: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system may say that there is something to read where there is not (select(2), BUGS): that once ended it."""

    class Jumpy(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            ready = super().select(timeout)
            waker = next(iter(self.get_map().values()))
            return ready if any(key == waker for key, _ in ready) else [*ready, (waker, selectors.EVENT_READ)]

    monkeypatch.setattr(selectors, "DefaultSelector", Jumpy)
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    guest.tell(Message(1, 1, "Bob", EVERYONE, "b", "hello"))

    assert ada.read_until("hello") == ["hello"]


def test_closing_waits_for_no_network(
    fake: ScriptedServer, join: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that does not answer holds up `connect` for seconds, but neither `close` nor what is typed."""
    ada = join(fake)
    with fake.accept() as guest:
        guest.welcome()
        ada.expect(Entered)
        asleep, awake = threading.Event(), threading.Event()
        really_connect = link.connect

        def slow(host: str, port: int) -> link.Link:
            asleep.set()
            awake.wait(ANSWER_SECONDS)
            return really_connect(host, port)

        monkeypatch.setattr(link, "connect", slow)
    assert asleep.wait(ANSWER_SECONDS)
    id = ada.engine.send("typed meanwhile")
    ada.expect(Waiting, id=id)
    before = time.monotonic()
    assert ada.engine.close() is False
    assert time.monotonic() - before < 1
    awake.set()

    with fake.accept() as guest:  # the late connection is given back, not left open
        assert guest.closed()


def test_close_says_bye_and_waits_for_acks(fake: ScriptedServer, join: Callable[..., Recorder]) -> None:
    """Closing lets what was written be acked, says bye, and is over when the server has closed."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    ada.expect(Entered)
    ada.engine.send("last words")
    answers: list[bool] = []
    closing = threading.Thread(target=lambda: answers.append(ada.engine.close(5)))
    closing.start()
    guest.ack(*guest.take(1))
    guest.expect(Bye)
    guest.close()
    closing.join(ANSWER_SECONDS)

    assert answers == [True]
    assert ada.engine.close() is True
    while not isinstance(happening := ada.next(), Ended):
        assert not isinstance(happening, Lost)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP")
def test_stopped_server_is_noticed_and_taken_up_again(
    server: ServerProcess, join: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that hangs is given up; when it goes on, what was written meanwhile arrives once."""
    be_impatient(monkeypatch, ping=0.2, silent=0.8)
    monkeypatch.setattr(connection, "WELCOME_SECONDS", 1.0)
    ada = join(server)
    ada.expect(Entered)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        ids = [ada.engine.send(f"m{i}") for i in range(10)]
        ada.expect(Lost)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    ada.expect(Entered, resumed=True)
    ada.read_until("m9")

    assert [message.id for message in ada.messages] == ids


# --- whom it speaks to ------------------------------------------------------------------------------------------------


@pytest.fixture
def meet(certificates: list[Path]) -> Iterator[Callable[..., ScriptedServer]]:
    """`meet(0)` is a server with the first certificate, `meet(None, port)` one without any in the place of another."""
    started: list[ScriptedServer] = []

    def start(which: int | None, port: int = 0) -> ScriptedServer:
        for server in started:
            if server.port == port:
                server.close()
        started.append(ScriptedServer(None if which is None else certificates[which], port))
        return started[-1]

    yield start
    for server in started:
        server.close()


Meet = Callable[..., ScriptedServer]
Join = Callable[..., Recorder]


def come_and_go(server: ScriptedServer, ada: Recorder, token: str | None = None) -> Hello:
    """Lets Ada in and loses her again without a reason; returns her hello."""
    with server.accept() as guest:
        hello = guest.welcome(token=token)
        ada.expect(Entered)
    ada.engine.close(0)
    return hello


def test_first_meeting_is_told_once(meet: Meet, join: Join) -> None:
    """The words of a new server are to be compared when it lets us in first, not at each later time."""
    server = meet(0)
    first = join(server)
    server.accept().tell(Error("full", "This chat is full."))
    refused = first.expect_refusal()
    for expected in (True, False):
        ada = join(server)
        with server.accept() as guest:
            guest.welcome()
            ada.expect(Entered, encrypted=True, fingerprint=server.fingerprint, first_meeting=expected)
        ada.engine.close(0)

    assert refused.code == "full"


def test_unencrypted_is_told(meet: Meet, join: Join) -> None:
    """Each time, with no words to compare."""
    ada = join(server := meet(None))
    server.accept().welcome()

    ada.expect(Entered, encrypted=False, fingerprint=None, first_meeting=False)


def test_changed_certificate_is_refused_with_nothing_sent(meet: Meet, join: Join) -> None:
    """Another server at a known address gets a handshake and not a byte more; the sentence has both in words."""
    server = meet(0)
    come_and_go(server, join(server), token="t" * 64)
    other = meet(1, server.port)
    ada = join(other, password=SESAME)
    ada.engine.send("for my friends only")
    guest = other.accept()
    refused = ada.expect_refusal()

    assert guest.closed()
    assert guest.bytes == b""
    assert (refused.code, refused.fingerprint) == ("certificate_changed", other.fingerprint)
    before, now = four_words(str(server.fingerprint)), four_words(str(other.fingerprint))
    assert f"“{before}”; now they are “{now}”" in refused.text


def test_changed_certificate_on_a_reconnect_ends_it(meet: Meet, join: Join) -> None:
    """The same after we were in: nothing is sent, what waits stays here, and it does not try again."""
    server = meet(0)
    ada = join(server)
    with server.accept() as guest:
        guest.welcome()
        ada.expect(Entered)
        other = meet(1, server.port)
    ada.expect(Lost)
    ada.engine.send("for my friends only")
    guest = other.accept()
    while not isinstance(ended := ada.next(), Ended):
        pass

    assert guest.closed()
    assert guest.bytes == b""
    assert (ended.code, ended.fingerprint) == ("certificate_changed", other.fingerprint)
    assert ada.engine.close() is False


@pytest.mark.parametrize(("password", "code"), [(None, None), (SESAME, "certificate_changed")])
def test_what_is_no_chat_is_not_remembered(meet: Meet, join: Join, password: str | None, code: str | None) -> None:
    """A mistyped port is no reason to suspect the chat that opens there later; unless it was told a password."""
    mistyped = meet(0)
    ada = join(mistyped, password=password)
    with mistyped.accept() as guest:
        guest.expect(Hello)
        guest.send_bytes(b"HTTP/1.0 400 Bad Request\r\n")
        refused = ada.expect_refusal()
    server = meet(1, mistyped.port)
    again = join(server)
    guest = server.accept()
    if code is None:
        guest.welcome()
        again.expect(Entered, first_meeting=True)
    else:
        assert again.expect_refusal().code == code

    assert refused.code == "not_hallway"


def test_encryption_that_is_turned_on_takes_the_name_away(meet: Meet, join: Join) -> None:
    """The token of the unencrypted chat is not sent to whoever is there now; it says what to do, and tries no more."""
    before = meet(None)
    ada = join(before)
    with before.accept() as guest:
        guest.welcome(token="t" * 64)
        ada.expect(Entered, encrypted=False)
        now = meet(0, before.port)
    with now.accept() as guest:
        hello = guest.expect(Hello)
        guest.tell(Error("name_taken", "Ada is taken."))
        while not isinstance(ended := ada.next(), Ended):
            pass

    assert hello.token is None
    assert ended.code == "name_taken"
    assert ended.text == (
        "This chat is encrypted now, and what proves that Ada is you was given out while it was not. Ask whoever runs "
        "the server to type this, and then join again: release Ada"
    )


def test_changed_certificate_is_accepted_deliberately(meet: Meet, join: Join) -> None:
    """Only the one that was accepted, from then on; the former one is refused as any other."""
    server = meet(0)
    come_and_go(server, join(server))
    other = meet(1, server.port)
    wrong = join(other, accept="0" * 64)
    assert other.accept().closed()
    assert wrong.expect_refusal().code == "certificate_changed"
    ada = join(other, accept=other.fingerprint)
    with other.accept() as guest:
        guest.welcome()
        ada.expect(Entered, first_meeting=True)
    ada.engine.close(0)
    again = join(other)
    with other.accept() as guest:
        guest.welcome()
        again.expect(Entered, first_meeting=False)
    again.engine.close(0)
    former = join(server := meet(0, server.port))
    guest = server.accept()

    assert former.expect_refusal().fingerprint == server.fingerprint
    assert guest.closed()
    assert guest.bytes == b""


def test_known_certificate_at_a_new_address_is_welcome(meet: Meet, join: Join) -> None:
    """A laptop that was given another address: the name is still ours, and it is not met for the first time."""
    server = meet(0)
    come_and_go(server, join(server), token="t" * 64)
    moved = meet(0)
    ada = join(moved)
    hello = moved.accept().welcome()

    assert hello.token == "t" * 64
    ada.expect(Entered, first_meeting=False)


def test_known_certificate_at_anothers_address_is_refused(meet: Meet, join: Join) -> None:
    """Also a server that we know may not stand where another one was."""
    one, other = meet(0), meet(1)
    come_and_go(one, join(one))
    come_and_go(other, join(other))
    swapped = meet(1, one.port)
    ada = join(swapped)
    guest = swapped.accept()

    assert ada.expect_refusal().code == "certificate_changed"
    assert guest.closed()
    assert guest.bytes == b""


def test_server_met_encrypted_is_never_spoken_to_in_the_clear(meet: Meet, join: Join) -> None:
    """Its own word that it has no encryption is refused, at the start and on a reconnect, with nothing sent."""
    server = meet(0)
    ada = join(server, password=SESAME)
    with server.accept() as guest:
        guest.welcome()
        ada.expect(Entered)
        plain = meet(None, server.port)
    ada.expect(Lost)
    first = plain.accept()
    while not isinstance(ended := ada.next(), Ended):
        pass
    again = join(plain, password=SESAME, accept=server.fingerprint)
    second = plain.accept()
    refused = again.expect_refusal()

    assert first.closed()
    assert second.closed()
    assert first.bytes == second.bytes == b""
    assert (ended.code, refused.code) == ("not_encrypted_now", "not_encrypted_now")
    assert "Nothing was sent" in refused.text


@pytest.mark.parametrize("typed", ["localhost", "127.1"])
@pytest.mark.parametrize("now", [None, 1], ids=["in the clear", "another certificate"])
def test_another_spelling_is_the_same_address(meet: Meet, join: Join, typed: str, now: int | None) -> None:
    """Once counted as unknown: a server that was pinned as 127.0.0.1 was spoken to in the clear as localhost."""
    one = meet(0)
    come_and_go(one, join(one))
    other = meet(now, one.port)
    ada = join(At(typed, one.port), password=SESAME)
    guest = other.accept()
    refused = ada.expect_refusal()

    assert guest.closed()
    assert guest.bytes == b""
    assert refused.code == ("not_encrypted_now" if now is None else "certificate_changed")


def test_a_number_is_pinned_with_its_name(meet: Meet, join: Join) -> None:
    """And the other way round: whoever was met by name is known by number, on every way to write that."""
    one = meet(0)
    come_and_go(one, join(At("localhost", one.port)))
    plain = meet(None, one.port)
    ada = join(plain)
    guest = plain.accept()

    assert ada.expect_refusal().code == "not_encrypted_now"
    assert guest.bytes == b""


@pytest.mark.parametrize("given", ["typed", "kept"])
def test_no_password_goes_out_in_the_clear_unasked(join: Join, tmp_path: Path, given: str) -> None:
    """Once anybody who answered that there is no encryption was told it. What was typed knowing that, goes out."""
    server = Elsewhere()
    if given == "kept":
        known = trust.KnownServers(tmp_path / "client")
        known.keep_password(trust.identity_of(server.host, server.port, None), SESAME)
    ada = join(server, password=SESAME if given == "typed" else None)
    with server.accept() as guest:
        first = guest.expect(Hello)
        guest.tell(Error("wrong_password", "This chat needs a password."))
        refused = ada.expect_refusal()
    knowing = join(server, password=SESAME, in_clear=True)
    typed = server.accept().welcome()
    knowing.expect(Entered, encrypted=False)
    server.close()

    assert first.password is None
    assert refused == Refused("wrong_password", f"This chat needs a password. {admission.WITHHELD}", None)
    assert typed.password == SESAME


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{",
        NOT_ENCRYPTED.rstrip(),
        b"\n" + NOT_ENCRYPTED,
        NOT_ENCRYPTED * 2,
        NOT_ENCRYPTED + b"x",
        NOT_ENCRYPTED.replace(b"not_encrypted", b"must_encrypt"),
        b'{"type":"bye","reason":"not_encrypted"}\n',
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",  # a TLS alert: handshake failure
        b"\x16garbage and more of it",
        b"x" * (MAX_LINE + 10),
    ],
)
def test_nothing_else_makes_it_speak_in_the_clear(meet: Meet, join: Join, answer: bytes) -> None:
    """Only the one line does; what else is said instead of a handshake is no Hallway chat, and nobody comes again."""
    server = meet(None)
    ada = join(server, password=SESAME)
    with server.accept_raw() as connected:
        came = answer_in_the_clear(connected, answer)

    assert ada.expect_refusal().code == "not_hallway"
    assert b"Ada" not in came
    assert SESAME.encode() not in came
    with pytest.raises(TimeoutError):
        server.accept_raw(0.1)


def test_reset_instead_of_a_handshake(meet: Meet, join: Join) -> None:
    """Whoever can cut a connection cannot make us speak in the clear by it."""
    server = meet(None)
    ada = join(server)
    peers_end = server.accept_raw()
    peers_end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peers_end.close()

    assert ada.expect_refusal().code in ("not_hallway", "unreachable")  # by how early it comes
    with pytest.raises(TimeoutError):
        server.accept_raw(0.1)


@pytest.mark.parametrize("said", [b"", b"\x16", b"{"])
def test_handshake_that_never_ends(meet: Meet, join: Join, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    """It is given up after its time; nothing is said in the clear."""
    monkeypatch.setattr(trust, "HANDSHAKE_SECONDS", 0.3)
    server = meet(None)
    ada = join(server)
    with server.accept_raw() as connected:
        connected.sendall(said)
        refused = ada.expect_refusal()

    assert refused.code == "not_hallway"
    assert str(server.port) in refused.text


def test_question_instead_of_a_handshake_means_a_slow_network(meet: Meet, join: Join) -> None:
    """The server took us for a person who says nothing: it is tried again, encrypted, and not for ever."""
    server = meet(0)
    ada = join(server)
    with server.accept_raw() as connected:
        answer_in_the_clear(connected, NAME_QUESTION.encode())
    with server.accept() as guest:
        guest.welcome()
        ada.expect(Entered, encrypted=True)
    ada.engine.close(0)
    again = join(server)
    for _ in range(trust.MOST_ATTEMPTS):
        with server.accept_raw() as connected:
            answer_in_the_clear(connected, NAME_QUESTION.encode())

    assert again.expect_refusal().code == "not_hallway"


def test_unencrypted_server_that_encrypts_at_last(meet: Meet, join: Join) -> None:
    """It is another one to us: its words are told, and what waits and the password stay for the one before."""
    plain = meet(None)
    ada = join(plain, password=SESAME)
    with plain.accept() as guest:
        hello = guest.welcome(token="t" * 64)
        ada.expect(Entered, encrypted=False)
        ada.engine.send("waits")
        guest.take(1)
        server = meet(0, plain.port)
    ada.expect(Lost)
    guest = server.accept()
    again = guest.welcome()
    ada.expect(Entered, encrypted=True, first_meeting=True, resumed=False, new_log=True, left_behind=1)
    ada.engine.send("new")

    assert hello.password == SESAME
    assert (again.token, again.password, again.history) == (None, None, None)
    assert guest.expect(Send).text == "new"


# --- names, passwords and what waits ----------------------------------------------------------------------------------


def test_token_is_on_disk_before_the_welcome_is_told(fake: ScriptedServer, join: Join, tmp_path: Path) -> None:
    """A name whose token was lost is lost; it is sent with the next hello, also after a loss of the connection."""
    ada = join(fake)
    with fake.accept() as guest:
        first = guest.welcome(token="t" * 64)
        ada.expect(Entered)
        identity = trust.identity_of(fake.host, fake.port, fake.fingerprint)
        kept = trust.KnownServers(tmp_path / "client").token(identity, "Ada")
    again = fake.accept().welcome()

    assert first.token is None
    assert kept == again.token == "t" * 64


def test_token_goes_to_its_server_and_name_only(meet: Meet, join: Join) -> None:
    """Another name, or another server with the same log, gets none."""
    one, other = meet(0), meet(1)
    come_and_go(one, join(one), token="t" * 64)

    assert come_and_go(one, join(one, "Bea")).token is None
    assert come_and_go(other, join(other)).token is None
    assert come_and_go(one, join(one, "ADA")).token == "t" * 64


def test_waiting_messages_go_to_their_server_only(meet: Meet, join: Join, tmp_path: Path) -> None:
    """Another server that claims the same log for the same name gets nothing of what waits, and they do."""
    one, other = meet(0), meet(1)
    ada = join(one)
    with one.accept() as guest:
        guest.welcome("log-1")
        ada.engine.send("for my friends only")
        guest.take(1)
    ada.engine.close(0)
    stranger = join(other)
    with other.accept() as guest:
        guest.welcome("log-1")
        stranger.expect(Entered)
        stranger.engine.send("hello")
        assert guest.expect(Send).text == "hello"
        assert b"friends" not in guest.bytes
    stranger.engine.close(0)
    again = join(one)
    guest = one.accept()
    guest.welcome("log-1")

    assert guest.expect(Send).text == "for my friends only"
    again.expect(Entered)
    assert len(outbox_files(tmp_path)) == 2


def test_accepted_certificate_gets_nothing_that_waits_for_the_former(meet: Meet, join: Join) -> None:
    """Neither the token nor the messages: they were for whoever was there before."""
    server = meet(0)
    ada = join(server)
    with server.accept() as guest:
        guest.welcome("log-1", token="t" * 64)
        ada.engine.send("for my friends only")
        guest.take(1)
    ada.engine.close(0)
    other = meet(1, server.port)
    ada = join(other, accept=other.fingerprint)
    guest = other.accept()
    hello = guest.welcome("log-1")
    ada.expect(Entered, left_behind=1, trusted=True)
    ada.engine.send("hello")

    assert hello.token is None
    assert guest.expect(Send).text == "hello"
    guest.close()
    ada.engine.close(0)
    again = join(other)
    other.accept().welcome("log-1")
    again.expect(Entered, left_behind=0, trusted=False)


def test_name_that_is_ours_no_more(fake: ScriptedServer, join: Join) -> None:
    """With a token there is no ghost of our own to wait for: it says what to do, and stops."""
    ada = join(fake)
    with fake.accept() as guest:
        guest.welcome(token="t" * 64)
        ada.expect(Entered)
    with fake.accept() as guest:
        assert guest.expect(Hello).token == "t" * 64
        guest.tell(Error("name_taken", "Ada is taken."))
        while not isinstance(ended := ada.next(), Ended):
            pass
    again = join(fake)
    with fake.accept() as guest:
        guest.expect(Hello)
        guest.tell(Error("name_taken", "Ada is taken."))
        refused = again.expect_refusal()

    assert ended.code == refused.code == "name_taken"
    assert ended.text == refused.text
    assert "release Ada" in refused.text


@pytest.mark.parametrize("code", ["taken_over", "kicked", "banned"])
def test_bye_that_means_this_person_ends_it(fake: ScriptedServer, join: Join, code: str) -> None:
    """Two windows would take the name from one another for ever, and whoever is thrown out does not come back alone."""
    ada = join(fake)
    guest = fake.accept()
    guest.welcome()
    ada.expect(Entered)
    guest.tell(Bye("You joined from somewhere else.", code))

    assert ada.next() == Ended("You joined from somewhere else.", code, fake.fingerprint)
    assert guest.closed()
    with pytest.raises(TimeoutError):
        fake.accept_raw(0.2)


def test_takeover(server: ServerProcess, join: Join) -> None:
    """The second window of one person has the name at once, the first one ends and stays away."""
    first = join(server)
    first.expect(Entered)
    second = join(server)
    second.expect(Entered)
    while not isinstance(ended := first.next(), Ended):
        pass
    second.engine.send("here I am")

    assert ended.code == "taken_over"
    assert second.read_until("here I am") == ["here I am"]
    assert not any(isinstance(happening, Lost) for happening in second.seen)


def test_wrong_password_is_told_with_who_asks(fake: ScriptedServer, join: Join) -> None:
    """The typed one goes out with the hello; on a reconnect a changed one ends it."""
    with_none = join(fake)
    with fake.accept() as guest:
        hello = guest.expect(Hello)
        guest.tell(Error("wrong_password", "This chat needs a password."))
        refused = with_none.expect_refusal()
    ada = join(fake, password=SESAME)
    with fake.accept() as guest:
        typed = guest.welcome()
        ada.expect(Entered)
    with fake.accept() as guest:
        again = guest.expect(Hello)
        guest.tell(Error("wrong_password", "That is not the password."))
        while not isinstance(ended := ada.next(), Ended):
            pass

    assert (hello.password, typed.password, again.password) == (None, SESAME, SESAME)
    assert refused == Refused("wrong_password", "This chat needs a password.", fake.fingerprint)
    assert ended == Ended("The chat has a new password now. Type that one.", "wrong_password", fake.fingerprint)


def test_password_is_kept_only_when_told_to(fake: ScriptedServer, join: Join, tmp_path: Path) -> None:
    """It is then used by itself, and forgotten when told to; one that did not let us in is never kept."""
    file = tmp_path / "client" / trust.FILE_NAME

    def hello(keep: bool | None, password: str | None = None, *, lets_in: bool = True) -> str | None:
        ada = join(fake, password=password)
        if keep is not None:
            ada.engine.keep_password(keep)
        with fake.accept() as guest:
            if lets_in:
                said: str | None = guest.welcome().password
                ada.expect(Entered)
            else:
                said = guest.expect(Hello).password
                guest.tell(Error("wrong_password", "That is not the password."))
                ada.expect_refusal()
        ada.engine.close(0)
        return said

    hello(None, SESAME)
    hello(False, SESAME)
    hello(True, "wrong", lets_in=False)
    before = file.read_text() if file.exists() else ""
    hello(True, SESAME)
    used = hello(None)
    hello(False)
    after = file.read_text()

    assert SESAME not in before
    assert "wrong" not in before
    assert used == SESAME
    assert SESAME not in after


def test_a_kept_password_that_is_not_right_any_more(fake: ScriptedServer, join: Join) -> None:
    """Nobody has typed it: it is said what to do, and not only that it is wrong."""
    first = join(fake, password=SESAME)
    first.engine.keep_password(True)
    with fake.accept() as guest:
        guest.welcome()
        first.expect(Entered)
    first.engine.close(0)
    second = join(fake)
    with fake.accept() as guest:
        guest.expect(Hello)
        guest.tell(Error("wrong_password", "That is not the password."))
        refused = second.expect_refusal()

    assert refused.text.startswith("The password that this computer remembers is not right any more.")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a user's folder to the user")
def test_everything_kept_is_its_owners_only(fake: ScriptedServer, join: Join, tmp_path: Path) -> None:
    """Files 0600, folders 0700, whatever they hold."""
    ada = join(fake, password=SESAME)
    ada.engine.keep_password(True)
    guest = fake.accept()
    guest.welcome(token="t" * 64)
    ada.expect(Entered)
    ada.engine.send("waits")
    ada.expect(Waiting)
    folder = tmp_path / "client"
    modes = {path.relative_to(tmp_path): stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}

    assert len(modes) == 5  # with the lock beside what it guards
    assert {mode for path, mode in modes.items() if path.suffix} == {0o600}
    assert {mode for path, mode in modes.items() if not path.suffix} == {0o700}


def test_known_servers_that_cannot_be_read(meet: Meet, join: Join, tmp_path: Path) -> None:
    """Not to know whom we know must not mean to trust anybody: it stops with nothing sent."""
    server = meet(0)
    (tmp_path / "client" / trust.FILE_NAME).mkdir(parents=True)
    ada = join(server)
    guest = server.accept()

    assert ada.expect_refusal().code == "not_readable"
    assert guest.closed()
    assert guest.bytes == b""


def test_damaged_known_servers_are_set_aside(meet: Meet, join: Join, tmp_path: Path) -> None:
    """Once they were silently written over. It is told before anything is sent."""
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / trust.FILE_NAME).write_text("{")
    server = meet(0)
    ada = join(server)
    with server.accept() as guest:
        ada.expect(Trouble, code="servers_forgotten", text=trust.FORGOTTEN)
        guest.welcome()
        ada.expect(Entered, first_meeting=True)
    ada.engine.close(0)
    again = join(server)
    server.accept().welcome()
    again.expect(Entered, first_meeting=False)

    assert (tmp_path / "client" / f"{trust.FILE_NAME}.damaged").read_text() == "{"
    assert not any(isinstance(happening, Trouble) for happening in again.seen)
