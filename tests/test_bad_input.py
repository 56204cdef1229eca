"""Whatever arrives on the port, the chat goes on: one clear error or a closed connection, and nobody else notices.

A witness chats before, during and after every attack: it must be shown its own messages alone, and at once.
"""

from __future__ import annotations

import json
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest

from peers import Connection, Netcat, Peer, RawPeer, TextPeer
from processes import ANSWER_SECONDS, ServerProcess, wait_until
from protocol import (
    EVENTS,
    EVERYONE,
    MAX_TEXT,
    VERSION,
    Ack,
    AskConversations,
    AskHistory,
    BadLine,
    Bye,
    Decoder,
    Error,
    Event,
    Hello,
    Joined,
    Left,
    Message,
    Ping,
    Send,
    TypingFrom,
    TypingTo,
    Welcome,
    encode,
)
from test_faults import room_for

RECEIVE_BUFFER = 64 * 1024  # bytes that the system takes for somebody who does not read; by itself it goes up to 6 MB
PACE_SECONDS = 0.02  # between two messages of the witness
MEMORY = 20 << 20  # bytes that an attack may cost the server


class Raw(Connection):
    """A connection on which anything may be said; what comes back is kept as it is."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__(connected)
        self.received = b""

    @classmethod
    def connect(cls, server: ServerProcess) -> Raw:
        """A connection on which nothing was said yet."""
        return cls(socket.create_connection((server.host, server.port), ANSWER_SECONDS))

    def try_to_send(self, data: bytes) -> None:
        """Sends as much of `data` as the server takes before it closes."""
        with suppress(OSError):
            self.send_bytes(data)

    @property
    def codes(self) -> list[str]:
        """The codes of the errors that came back, in order."""
        lines = [line for line in self.received.split(b"\n") if line.startswith(b'{"type":"error"')]
        return [json.loads(line)["code"] for line in lines]

    def _take(self, data: bytes) -> None:
        self.received += data


class Witness(threading.Thread):
    """Somebody who just chats: says a word every 20 ms, and measures how long it takes to be shown it.

    It reads no more of what it is shown than it must: to decode a flood would take longer than the flood.
    """

    def __init__(self, server: ServerProcess) -> None:
        super().__init__(name="witness")
        self._peer = RawPeer.join(server, "Witness")
        self._peer.read_others("welcome", 1)
        self._over = threading.Event()
        self.said: list[str] = []  # ids
        self.seconds: list[float] = []  # until each was shown
        self.others_chat = False  # whether the test has others write to everybody, too
        self.problem = ""

    def run(self) -> None:
        try:
            while not self._over.wait(PACE_SECONDS):
                id = f"word-{len(self.said)}"
                self.said.append(id)
                seen = len(self._peer.messages)
                at = time.monotonic()
                self._peer.send_bytes(encode(Send(id, "still here")))
                self._peer.read_until(partial(self._was_shown, id, seen), f"its own {id}")
                self.seconds.append(time.monotonic() - at)
        except (pytest.fail.Exception, OSError) as problem:
            self.problem = str(problem)

    def _was_shown(self, id: str, seen: int) -> bool:
        part = f'"from":"Witness","to":"#everyone","id":"{id}"'.encode()
        return any(part in line for line in reversed(self._peer.messages[seen:]))

    def says_more(self) -> None:
        """Returns when it has said five more words, and has been shown them."""
        enough = len(self.seconds) + 5
        wait_until(lambda: len(self.seconds) >= enough or self.problem, ANSWER_SECONDS, "the witness chats on")

    def stop(self) -> None:
        self._over.set()
        self.join(2 * ANSWER_SECONDS)

    @property
    def noticed(self) -> list[Event | BadLine]:
        """What it was shown that it had not said itself, and was not the welcome."""
        lines = [*self._peer.others, *self._peer.messages]
        events = Decoder(EVENTS).feed(b"".join(line + b"\n" for line in lines))
        own = {*self.said}
        return [
            event
            for event in events
            if not isinstance(event, (Ack, Welcome)) and not (isinstance(event, Message) and event.id in own)
        ]

    @property
    def slowest(self) -> float:
        """The 95th percentile of the seconds that its words took: a disk that hesitates once is nobody's flood."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.95)]


def slowest_of(witness: Witness, attack: Callable[[], None]) -> float:
    """The seconds until the witness is shown its words while `attack` goes on (`Witness.slowest`); the best of three.

    Once is enough where it is below 0.1: others use this machine and its disk, too.
    """
    slowest = []
    for _ in range(3):
        witness.says_more()
        witness.seconds.clear()
        attack()
        slowest.append(witness.slowest)
        if slowest[-1] < 0.1:
            break
    return min(slowest)


@pytest.fixture
def witness(server: ServerProcess) -> Iterator[Witness]:
    """Somebody who is in the chat and writes; at the end they have noticed nothing of what was not meant for them."""
    thread = Witness(server)
    thread.start()
    thread.says_more()
    yield thread
    thread.says_more()
    thread.stop()

    assert not thread.problem
    meant_for_all = [e for e in thread.noticed if isinstance(e, (Joined, Left)) or e == TypingFrom("Mallory", EVERYONE)]
    assert thread.others_chat or thread.noticed == meant_for_all


# --- lines that cannot be read ----------------------------------------------------------------------------------------

DEEP = b"[" * 60_000
BAD_LINES: dict[str, bytes] = {
    "empty": b"",
    "spaces": b"   ",
    "words": b"hello, is anybody here?",
    "half an object": b'{"type":"send","id":"1"',
    "two objects": b'{"type":"ping"}{"type":"ping"}',
    "a list": b"[1,2,3]",
    "a string": b'"ping"',
    "null": b"null",
    "many brackets": DEEP,
    "many brackets within": b'{"type":"send","id":"1","text":' + DEEP,
    "many braces": b'{"a":' * 10_000,
    "brackets to and fro": b"[]" * 30_000,
    "quotes and backslashes": b'"\\' * 30_000,
    "NaN": b'{"type":"history","before":NaN,"limit":1}',
    "Infinity": b'{"type":"history","before":-Infinity,"limit":1}',
    "1e999": b'{"type":"history","before":1e999,"limit":1}',
    "5,000 digits": b'{"type":"history","limit":1,"before":' + b"9" * 5000 + b"}",
    "5,000 digits unasked": b'{"type":"ping","more":' + b"9" * 5000 + b"}",
    "2^63": b'{"type":"history","limit":1,"before":9223372036854775808}',
    "a negative number": b'{"type":"history","limit":1,"before":-1}',
    "a fraction": b'{"type":"history","limit":1,"before":1.5}',
    "a number of many nothings": b'{"type":"history","limit":1,"before":1' + b"0" * 10 + b"." + b"0" * 5000 + b"}",
    "the same key twice": b'{"type":"ping","type":"bye"}',
    "half a surrogate pair": b'{"type":"send","id":"1","text":"\\ud800"}',
    "the other half, as a key": b'{"type":"send","id":"1","text":"x","\\udfff":1}',
    "no UTF-8": b'{"type":"send","id":"1","text":"\xff\xfe"}',
    "UTF-16": '{"type":"ping"}'.encode("utf-16"),
    "a NUL": b'{"type":"ping"}\0',
    "no type": b'{"id":"1"}',
    "a number for a type": b'{"type":7}',
    "a list for a type": b'{"type":["ping"]}',
    "an unknown type": b'{"type":"shout","text":"hello"}',
    "a server's word": b'{"type":"welcome","v":1}',
    "a forged message": b'{"type":"message","seq":1,"time":1,"from":"Witness","to":"#everyone","id":"1","text":"x"}',
    "an id that is a number": b'{"type":"send","id":1,"text":"x"}',
    "an empty id": b'{"type":"send","id":"","text":"x"}',
    "a long id": b'{"type":"send","id":"' + b"x" * 65 + b'","text":"x"}',
    "an id of control characters": b'{"type":"send","id":"\\u001b[2J","text":"x"}',
    "a text that is a list": b'{"type":"send","id":"1","text":["x"]}',
    "no text": b'{"type":"send","id":"1"}',
    "nothing to see": b'{"type":"send","id":"1","text":"\\u202e\\u0007 \\n"}',
    "an address that is a number": b'{"type":"send","id":"1","text":"x","to":7}',
    "too large a page": b'{"type":"history","before":1,"limit":201}',
    "an empty page": b'{"type":"history","before":1,"limit":0}',
    "true for a number": b'{"type":"history","before":true,"limit":1}',
    "a search for a number": b'{"type":"search","text":7,"limit":1}',
    "somebody seen who is a list": b'{"type":"seen","with":[],"seq":1}',
    "a second hello": b'{"type":"hello","v":1,"name":"Eve"}',
}
OTHER_ERRORS: dict[str, tuple[bytes, str]] = {
    "a long text": (encode(Send("1", "x" * (MAX_TEXT + 1)))[:-1], "too_long"),
    "text to nobody": (encode(Send("1", "x", "Nobody"))[:-1], "no_such_user"),
    "text to nobody, in the text": (encode(Send("1", "@Nobody hello"))[:-1], "no_such_user"),
    "text to a control character": (encode(Send("1", "x", "\x1b[2J\n"))[:-1], "no_such_user"),
    "text to a room there is not": (encode(Send("1", "x", "#other"))[:-1], "no_such_user"),
    "history with nobody": (encode(AskHistory(1, 1, "Nobody"))[:-1], "no_such_user"),
    "another version": (b'{"type":"hello","v":2,"name":"Eve"}', "unsupported_version"),
    "a name of control characters": (b'{"type":"hello","v":1,"name":"\\u0007\\u001b"}', "name_invalid"),
}


def test_a_bad_line_gets_one_error_and_the_conversation_goes_on(server: ServerProcess, witness: Witness) -> None:
    """Each of them costs its sender one error, of the right kind, and nothing else."""
    mallory = Peer.join(server, "Mallory")
    expected = {what: (line, "bad_message") for what, line in BAD_LINES.items()} | OTHER_ERRORS
    got: dict[str, list[str]] = {}
    for what, (line, _) in expected.items():
        mallory.send_bytes(line + b"\n" + encode(Ping()))
        events = mallory.events_until("pong")
        if not any(isinstance(event, Error) for event in events):
            events.append(mallory.expect("error"))  # what the hub has to decide is answered a little later
        got[what] = [event.code for event in events if isinstance(event, Error)]
    mallory.answer(mallory.say("a good one", "Mallory"))

    assert got == {what: [code] for what, (_, code) in expected.items()}
    assert [event for event in witness.noticed if isinstance(event, Message)] == []
    assert witness.slowest < 0.1


def test_a_bad_first_line_is_answered_and_closed(server: ServerProcess, witness: Witness) -> None:
    """Before somebody has joined, what begins as JSON and is no hello gets one error, and the connection ends."""
    lines = {what: line for what, line in BAD_LINES.items() if line.startswith(b"{") and what != "a second hello"}
    lines |= {"a message": encode(Send("1", "x"))[:-1], "a ping": encode(Ping())[:-1], "goodbye": encode(Bye())[:-1]}
    got: dict[str, list[str]] = {}
    for what, line in lines.items():
        stranger = Raw.connect(server)
        stranger.try_to_send(line + b"\n")
        assert stranger.closed()
        got[what] = stranger.codes

    early = ("a message", "a ping", "goodbye")
    assert got == {what: ["not_joined" if what in early else "bad_message"] for what in lines}
    assert witness.noticed == []


@pytest.mark.usefixtures("witness")
def test_a_name_that_cannot_be_had_is_asked_for_again(server: ServerProcess) -> None:
    """A name of control characters, or one that is taken, is refused with a sentence, and another may be said."""
    stranger = Peer.connect(server)
    got = []
    hopeless = ("\x1b[31m\x07", "", "\u200b\u200b", "x" * 3000, "a:b", "@everyone", "Everyone")
    for name in ("Witness", "  witness ", *hopeless):
        stranger.hello(name)
        got.append(stranger.expect("error").code)
    stranger.hello("Eve")
    guest = TextPeer.connect(server)
    for line in (b"\x1b\x7f\t", b"Witness", b"#everyone", b"x" * 5000, "äö".encode("latin-1")):
        guest.send_bytes(line + b"\n")
        guest.expect_line(re.compile(r".*[.!]"))
        guest.expect_prompt("What is your name? ")
    guest.type("Gus")
    guest.expect_line("Registration successful. Welcome to the chat, Gus!")

    assert stranger.expect_welcome().name == "Eve"
    assert got == ["name_taken"] * 2 + ["name_invalid"] * len(hopeless)


def test_ten_thousand_random_lines(server: ServerProcess, witness: Witness) -> None:
    """Somebody inside who says nonsense ten thousand times, and reads, gets ten thousand errors and may stay."""
    dice = random.Random(1)
    pieces = [
        b'{"type":',
        b'"send"',
        b"[",
        b"]",
        b"{",
        b"}",
        b":",
        b",",
        b'"',
        b"\\",
        b"1",
        b"\xff",
        b"\0",
        b"\r",
        b"e9",
    ]
    lines = []
    for number in range(10_000):
        words = b"".join(dice.choices(pieces, k=dice.randrange(20)))
        line = dice.randbytes(dice.randrange(60)) if number % 2 else words
        lines.append(line.replace(b"\n", b""))
    mallory = Raw.connect(server)
    mallory.send_bytes(encode(Hello(VERSION, "Mallory")))
    reader = threading.Thread(target=lambda: wait_until(lambda: mallory.closed(0.1), 30, "the end"))
    reader.start()
    mallory.socket.sendall(b"\n".join(lines) + b"\n" + encode(Bye()))
    reader.join(2 * ANSWER_SECONDS)

    assert mallory.ended
    assert mallory.codes == ["bad_message"] * 10_000
    assert [event for event in witness.noticed if isinstance(event, Message)] == []


def test_random_first_bytes(server: ServerProcess, witness: Witness) -> None:
    """Garbage from the first byte on reaches nobody, whatever it begins with."""
    dice = random.Random(2)
    for number in range(300):
        stranger = Raw.connect(server)
        start = (b"{", b"\x16", b"")[number % 3]
        stranger.try_to_send(start + dice.randbytes(2000) + b"\n" + dice.randbytes(2000))
        stranger.reset() if number % 2 else stranger.close()
    wait_until(lambda: server.threads() < 10, ANSWER_SECONDS, "the server has done with all of them")

    assert witness.noticed == []


def test_strangers(server: ServerProcess, witness: Witness) -> None:
    """A browser, a scanner, a handshake that is none: told that this is a chat, or closed.

    They once joined as `GET / HTTP/1.1`.
    """
    greetings = {
        "no TLS": b"\x16\x03\x01\x00\x05hello",
        "HTTP": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: x\r\n\r\n",
        "HTTP with a body": b"POST /x HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
        "RTSP": b"OPTIONS / RTSP/1.0\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "remote desktop": b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00\n",
        "zeros": bytes(5000) + b"\n",
    }
    answers: dict[str, bytes] = {}
    for what, greeting in greetings.items():
        stranger = Raw.connect(server)
        stranger.try_to_send(greeting)
        assert stranger.closed(), what
        answers[what] = stranger.received

    assert answers.pop("no TLS")[:1] == b"\x15"  # an alert
    assert {answer.split(b",")[0] for answer in answers.values()} <= {b"This is a Hallway chat", b""}
    assert witness.noticed == []


@pytest.mark.figure
def test_five_hundred_half_handshakes(server: ServerProcess, witness: Witness) -> None:
    """Who begins to shake hands and says no more keeps nobody else waiting; people join, encrypted, in under 1 s."""
    half = [Raw.connect(server) for _ in range(500)]
    for number, stranger in enumerate(half):
        stranger.send_bytes(b"\x16\x03\x01\x02\x00\x01"[: 1 + number % 6])
    seconds = []
    for number in range(20):
        started = time.monotonic()
        Peer.join(server, f"Person {number}", tls=True)
        seconds.append(time.monotonic() - started)
    witness.says_more()

    assert max(seconds) < 1.0
    assert max(witness.seconds) < 1.0
    for stranger in half:
        stranger.close()


# --- lines that do not end --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start", [b'{"type":"hello","v":1,"name":"', b"Mallory", encode(Hello(VERSION, "Mallory")) + b'{"type":"']
)
@pytest.mark.usefixtures("witness")
def test_a_line_of_100_mb_without_an_end(server: ServerProcess, start: bytes) -> None:
    """It is read up to the limit of a line, answered and closed; the server's memory does not grow by it."""
    before = server.peak_memory()
    mallory = Raw.connect(server)
    mallory.try_to_send(start)
    with suppress(OSError):
        for _ in range(100):
            mallory.send_bytes(b"x" * 1_000_000)

    assert mallory.closed()
    assert mallory.codes in (["too_long"], [])  # a connection that is reset loses what was on its way
    assert server.peak_memory() - before < MEMORY


def test_half_a_line(server: ServerProcess, witness: Witness) -> None:
    """Half a line, and then the end: nothing is made of it in JSON, and nobody joins by half a name that was reset."""
    beginnings = [
        b"{", b'{"type":"hello","v":1,"name":"Eve"}', encode(Hello(VERSION, "Eve")) + encode(Send("1", "half"))[:-1],
        b"Eve",
    ]  # fmt: skip
    for beginning in beginnings:
        for leave in (Connection.finish_writing, Connection.close, Connection.reset):
            stranger = Raw.connect(server)
            stranger.send_bytes(beginning)
            leave(stranger)
            if leave is Connection.finish_writing:
                assert stranger.closed()
    wait_until(lambda: server.threads() < 10, ANSWER_SECONDS, "the server has done with all of them")

    assert [event for event in witness.noticed if isinstance(event, Message)] == []


def test_the_last_line_in_words_needs_no_newline(server: ServerProcess) -> None:
    """What a person on netcat wrote last is said when they end their input, and not when their connection breaks."""
    witness = Peer.join(server, "Witness")
    eve = Raw.connect(server)
    eve.send_bytes(b"Eve\nthe end")
    eve.finish_writing()
    witness.expect("message", text="the end", sender="Eve")
    mallory = Raw.connect(server)
    mallory.send_bytes(b"Mallory\n")
    witness.events_until("left", name="Eve")
    witness.events_until("joined", name="Mallory")
    mallory.send_bytes(b"half a text")
    mallory.reset()
    events = witness.events_until("left", name="Mallory")

    assert [event for event in events if isinstance(event, Message)] == []


@pytest.mark.figure
def test_five_hundred_who_say_nothing_and_five_hundred_who_hardly_do(server: ServerProcess, witness: Witness) -> None:
    """They are gone after ten seconds; whoever comes meanwhile is served as ever."""
    count = room_for(1000) // 2
    threads = server.threads()
    start = time.monotonic()
    silent = [Raw.connect(server) for _ in range(count)]
    slow = [Raw.connect(server) for _ in range(count)]
    connected = time.monotonic()
    hello = encode(Hello(VERSION, "Slow"))[:-1]
    waits: list[float] = []
    sent = 0
    while time.monotonic() < start + 9 and sent < len(hello):
        for peer in slow:
            peer.try_to_send(hello[sent : sent + 1])
        sent += 1
        at = time.monotonic()
        Peer.join(server, f"New {sent}").bye()
        waits.append(time.monotonic() - at)
        witness.says_more()
    at_nine = server.threads()
    left = connected + 14 - time.monotonic()
    wait_until(lambda: server.threads() <= threads, left, "all of them are gone, and so are their threads")

    assert at_nine >= threads + 2 * count or time.monotonic() > start + 9.9
    assert all(peer.closed(1) for peer in silent + slow)
    assert {peer.received for peer in silent} == {b"What is your name? "}
    assert max(waits) < 3  # the first of them comes while a thousand threads start
    assert witness.slowest < 0.1


# --- readers who do not read ------------------------------------------------------------------------------------------


class Busy(RawPeer):
    """A speaker who fills the log quickly, reading along so that they may go on."""

    written = 0
    shown = 0

    @classmethod
    def come(cls, server: ServerProcess) -> Busy:
        busy = cls(socket.create_connection((server.host, server.port), ANSWER_SECONDS))
        busy.send_bytes(encode(Hello(VERSION, "Busy")))
        return busy

    def write(self, count: int, size: int) -> None:
        """Writes `count` messages of `size` characters; returns when they are on disk and were shown."""
        for start in range(0, count, 50):
            numbers = range(self.written, self.written + min(50, count - start))
            self.send_bytes(b"".join(encode(Send(f"b{i}", f"{i} ".ljust(size, "x"))) for i in numbers))
            self.written += len(numbers)
            self.read_until(lambda: self.shown == self.written, "what was written", 2 * ANSWER_SECONDS)

    def _take(self, data: bytes) -> None:
        super()._take(data)
        self.shown += sum(b'"from":"Busy"' in line for line in self.messages)
        self.messages.clear()
        self.others.clear()


def read_to_the_end(peer: RawPeer, last: bytes) -> list[int]:
    """Reads until the message with the id `last` has come; returns the seqs of all that came."""
    needle = b'"id":"%s"' % last
    seen = 0

    def has_come() -> bool:
        nonlocal seen
        new, seen = peer.messages[seen:], len(peer.messages)
        return any(needle in line for line in new)

    peer.read_until(has_come, "the last message", 3 * ANSWER_SECONDS)
    return peer.seqs


def numbers_in(guest: TextPeer) -> list[int]:
    """Which of the speaker's messages somebody with netcat was shown, in order."""
    return [int(line.split("Busy: ", 1)[1].split()[0]) for line in guest.lines if "] Busy: " in line]


def test_somebody_who_stops_reading(server: ServerProcess, witness: Witness) -> None:
    """It costs the others no time and the server no memory; when they read again they get all of it, once, in order."""
    deaf = RawPeer.join(server, "Deaf", receive_buffer=RECEIVE_BUFFER)
    busy = Busy.come(server)
    deaf.read_others("welcome", 1)
    busy.write(3500, 2000)  # the tail in memory is full now, as it would be on any busy day
    before = server.peak_memory()
    busy.write(9_500, 2000)
    grown = server.peak_memory() - before
    while len(witness.seconds) < 300:  # so that a percentile is one
        witness.says_more()
    seqs = read_to_the_end(deaf, b"b12999")

    assert grown < 4 << 20  # of 19 MB that they fall further behind
    assert witness.slowest < 0.1
    assert seqs == list(range(seqs[0], seqs[-1] + 1))
    assert seqs[0] <= 100
    assert {event.id for event in witness.noticed if isinstance(event, Message)} == {f"b{i}" for i in range(13_000)}
    witness.others_chat = True


def test_fifty_who_stop_reading_at_once(server: ServerProcess, witness: Witness) -> None:
    """The same for fifty of them, some of whom are people with netcat."""
    deaf = [RawPeer.join(server, f"Deaf {i}", receive_buffer=RECEIVE_BUFFER) for i in range(40)]
    guests = [TextPeer.join(server, f"Guest {i}") for i in range(9)]
    netcat = Netcat(server)
    netcat.type("Nettie")
    netcat.expect_line("Registration successful. Welcome to the chat, Nettie!")
    busy = Busy.come(server)
    before = server.peak_memory()
    busy.write(10_000, 500)
    grown = server.peak_memory() - before
    while len(witness.seconds) < 300:  # so that a percentile is one
        witness.says_more()

    for seqs in [read_to_the_end(peer, b"b9999") for peer in deaf]:
        assert seqs == list(range(seqs[0], seqs[-1] + 1))
        assert seqs[0] <= 100
    for guest in [*guests, netcat]:
        guest.expect_line(re.compile(r".* Busy: 9999 x*"), 3 * ANSWER_SECONDS)
        assert numbers_in(guest) == list(range(10_000))
    assert grown < 2 * MEMORY  # what waits for each of them is bounded, and there are fifty
    assert witness.slowest < 0.1
    witness.others_chat = True


FLOODS = {
    "messages": b"".join(encode(Send(f"f{i}", "x" * 100, "Mallory")) for i in range(2000)),
    "the same message": encode(Send("f", "x", "Mallory")) * 2000,
    "text to nobody": encode(Send("f", "x", "Nobody")) * 2000,
    "pings": encode(Ping()) * 2000,
    "nothing": b"\n" * 20_000,
    "pages of history": encode(AskHistory(10**9, 200)) * 200,
    "lists of conversations": encode(AskConversations()) * 200,
    "signs of typing": b'{"type":"typing","to":"Mallory"}\n' * 2000,
    "typing to everyone": encode(TypingTo(EVERYONE)) * 2000,
}


@pytest.mark.figure
@pytest.mark.parametrize("what", FLOODS)
def test_a_flooder_who_never_reads(server: ServerProcess, witness: Witness, what: str) -> None:
    """Whoever writes without reading the answers is held back or cut off, and the server's memory stays as it is."""
    mallory = RawPeer.join(server, "Mallory", receive_buffer=RECEIVE_BUFFER)
    for i in range(200):
        mallory.send_bytes(encode(Send(f"h{i}", "x" * 3000, "Mallory")))
    mallory.read_messages(200)
    before = server.peak_memory()
    attackers: list[RawPeer] = []

    def attack() -> None:
        attackers.append(RawPeer.join(server, "Mallory", receive_buffer=RECEIVE_BUFFER) if attackers else mallory)
        attackers[-1].socket.settimeout(1)
        deadline = time.monotonic() + 3
        with suppress(OSError):  # held back, or cut off
            while time.monotonic() < deadline:
                attackers[-1].socket.sendall(FLOODS[what])
        witness.says_more()
        attackers[-1].reset()
        lost_so_often(server, len(attackers))

    assert slowest_of(witness, attack) < 0.1
    assert server.peak_memory() - before < MEMORY


def lost_so_often(server: ServerProcess, count: int) -> None:
    """Waits until the server has noticed for the `count`th time that Mallory is gone."""
    wait_until(lambda: server.log.count('"Mallory" lost') == count, ANSWER_SECONDS, f"Mallory is gone, number {count}")


def test_a_reset_in_the_middle(server: ServerProcess, witness: Witness) -> None:
    """A connection that breaks amid writing takes nothing with it but what it had not finished saying."""
    flood = b"".join(encode(Send(f"{i}", "x" * 1000, "Mallory")) for i in range(300))
    cuts = range(100, len(flood), 10_007)
    for number, cut in enumerate(cuts, 1):
        mallory = RawPeer.join(server, "Mallory")
        mallory.read_others("welcome", 1)
        with suppress(OSError):
            mallory.send_bytes(flood[:cut])
        mallory.reset()
        lost_so_often(server, number)
    again = Peer.join(server, "Mallory")
    again.send(AskHistory(10**9, 200, "Mallory"))
    page = again.expect("page").messages

    assert [int(message.id) for message in page] == list(range(int(page[0].id), int(page[-1].id) + 1))
    assert witness.slowest < 0.1


def test_many_questions_at_once(server: ServerProcess) -> None:
    """Somebody who asks for much at once and reads it gets all of it: they were once cut off for reading nothing."""
    ada = Peer.join(server, "Ada")
    for _ in range(100):
        ada.say("x" * 3000)
    ada.read_until(100)
    for _ in range(30):
        ada.send(AskHistory(10**9, 200))
    pages = [ada.expect("page") for _ in range(30)]

    assert all(len(page.messages) > 15 for page in pages)
    ada.answer(ada.say("still here"))


def test_somebody_slow_to_say_hello(server: ServerProcess) -> None:
    """Who is asked for a name before their hello arrives is welcomed all the same, on a line of its own."""
    ada = Raw.connect(server)
    wait_until(lambda: ada.closed(0.01) or ada.received == b"What is your name? ", ANSWER_SECONDS, "the question")
    ada.send_bytes(encode(Hello(VERSION, "Ada")))
    wait_until(lambda: ada.closed(0.01) or ada.received.endswith(b"}\n"), ANSWER_SECONDS, "the welcome")

    question, welcome, rest = ada.received.split(b"\n")
    assert question == b"What is your name? "
    assert json.loads(welcome)["type"] == "welcome"
    assert rest == b""


@pytest.mark.figure
@pytest.mark.parametrize("line", [b"\n", b'{"type":"hello","v":1,"name":"@"}\n'], ids=["words", "JSON"])
def test_bad_names_without_end(server: ServerProcess, witness: Witness, line: bytes) -> None:
    """Somebody who never joins and says one bad name after the other costs the others nothing, and no memory."""
    before = server.peak_memory()

    def attack() -> None:
        for stranger in [Raw.connect(server) for _ in range(4)]:
            stranger.try_to_send(line * (32_768 // len(line)))
        for _ in range(10):
            witness.says_more()

    assert slowest_of(witness, attack) < 0.1
    assert server.peak_memory() - before < MEMORY
