"""Finding a chat: what goes over the network, the real server's answers, the client's list, and hosts on a network."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import queue
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import discovery
import pace
from certificate import fingerprint_of
from discovery import (
    ANSWER_SECONDS,
    FORGET_SECONDS,
    MOST_CHATS,
    MOST_FROM_ONE,
    PROBE_SECONDS,
    PROBE_SIZE,
    SOURCE_BURST,
    Answerer,
    AnswerPace,
    Description,
    Finder,
    Heard,
    Nearby,
    Nonces,
    answer,
    probe,
    read_answer,
    read_probe,
    usual_chat_name,
)
from names import clean_line
from peers import Peer
from processes import ANSWER_SECONDS as PATIENCE
from processes import CHECKOUT, ServerProcess, own_address
from test_pace import Clock

NONCE = "0123456789abcdef" * 2
KEY = "fedcba9876543210"
PHYSICS = Description("Physics 8b", 12, password=False, encrypted=True, port=12345, key=KEY)
HEARD = Heard("192.0.2.1", 12345, "Physics 8b", 12, password=False, encrypted=True, key=KEY)


# --- what goes over the network ---------------------------------------------------------------------------------------


def test_a_probe_and_its_answer_are_understood() -> None:
    """What one side writes the other reads."""
    assert len(probe(NONCE)) == PROBE_SIZE
    assert read_probe(probe(NONCE)) == NONCE

    assert read_answer(answer(NONCE, PHYSICS), "192.0.2.1") == (NONCE, HEARD)


@given(st.text(max_size=500), st.integers(0, 10**9))
def test_an_answer_is_never_larger_than_its_probe(name: str, people: int) -> None:
    """Whatever a chat is called: who forges the sender of a probe gains nothing by the detour over us."""
    said = answer(NONCE, replace(PHYSICS, name=name, people=people))

    assert len(said) <= PROBE_SIZE
    found = read_answer(said, "192.0.2.1")
    assert found is not None
    assert found[1].name == clean_line(found[1].name)


@pytest.mark.parametrize("letter", ["a", '"', "\\", "\N{GRINNING FACE}", "\x07", "\u202e"])
def test_a_long_name_is_cut(letter: str) -> None:
    """Each letter may take several bytes."""
    said = answer(NONCE, replace(PHYSICS, name=letter * 1000))

    assert len(said) <= PROBE_SIZE
    assert read_answer(said, "192.0.2.1") is not None


NO_PROBES = {
    "nothing": b"",
    "garbage": bytes(range(256)) * 3,
    "short": probe(NONCE)[:-1],
    "bare": json.dumps({"hallway": 1, "nonce": NONCE}).encode(),
    "another version": probe(NONCE).replace(b'"hallway": 1', b'"hallway": 2'),
    "no version": probe(NONCE).replace(b'"hallway"', b'"hellway"'),
    "a nonce that is none": probe(NONCE).replace(b"0123456789abcdef", b"0123456789ABCDEF"),
    "a nonce that is a number": probe(NONCE).replace(f'"{NONCE}"'.encode(), b"1" * 34),
    "a list": b"[" + b" " * 600 + b"]",
    "deep": b'{"a":' + b"[" * 600,
    "not UTF-8": probe(NONCE).replace(b"....", b"\xff\xfe\xfd\xfc"),
    "an answer": answer(NONCE, PHYSICS).ljust(PROBE_SIZE),
    "two kilobytes": probe(NONCE) + b" " * 2000,
}


@pytest.mark.parametrize("data", NO_PROBES.values(), ids=NO_PROBES.keys())
def test_what_is_no_probe(data: bytes) -> None:
    """An answer is none, however long: else two servers could be made to answer each other."""
    assert read_probe(data) is None


NO_ANSWERS: dict[str, dict[str, object]] = {
    "another version": {"hallway": 2},
    "a yes for a version": {"hallway": True},
    "no nonce": {"nonce": None},
    "a short nonce": {"nonce": "00"},
    "a number for a name": {"name": 7},
    "words for people": {"people": "many"},
    "half a person": {"people": 0.5},
    "a yes for a port": {"port": True},
    "port 0": {"port": 0},
    "port 70000": {"port": 70000},
    "a huge port": {"port": 10**400},
    "a number for yes": {"password": 1},
    "no word on encryption": {"encrypted": None},
    "no key": {"key": None},
    "a key that is none": {"key": "x" * 16},
}


@pytest.mark.parametrize("change", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
def test_what_is_no_answer(change: dict[str, object]) -> None:
    """Answers come from anybody."""
    fields = json.loads(answer(NONCE, PHYSICS)) | change

    assert read_answer(json.dumps(fields).encode(), "192.0.2.1") is None


@given(st.binary(max_size=600))
def test_any_bytes_may_come(data: bytes) -> None:
    """Nothing that arrives raises."""
    read_probe(data)
    read_answer(data, "192.0.2.1")


def test_what_an_answer_says_is_cleaned_and_cut() -> None:
    """It is shown in a list: no letters that hide or turn others, not without end, and never nothing."""
    fields = json.loads(answer(NONCE, PHYSICS))
    for name, shown in (("a\u202eb\x1b[31m\nc", "ab[31m c"), ("x" * 200, "x" * 60), ("  ", "192.0.2.1")):
        found = read_answer(json.dumps(fields | {"name": name}, ensure_ascii=False).encode(), "192.0.2.1")
        assert found is not None
        assert found[1].name == shown
    found = read_answer(json.dumps(fields | {"people": 10**300}).encode(), "192.0.2.1")
    assert found is None or found[1].people <= discovery.MOST_PEOPLE
    found = read_answer(json.dumps(fields | {"people": -3}).encode(), "192.0.2.1")
    assert found is not None
    assert found[1].people == 0


@pytest.mark.parametrize(
    ("user", "name"), [("ada", "ada's chat"), ("ada\x1b\udc80", "ada's chat"), (None, "Hallway")], ids=repr
)
def test_a_chat_that_nobody_has_named(user: str | None, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is its owner's, where the system knows who that is."""

    def of_the_system() -> str:
        if user is None:
            raise KeyError("getpwuid(): uid not found: 1234")
        return user

    monkeypatch.setattr("getpass.getuser", of_the_system)
    assert usual_chat_name() == name


# --- how much is answered, and what is listed -------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stopped = Clock()
    monkeypatch.setattr(pace, "time", stopped)
    return stopped


def test_one_address_gets_so_many_answers(clock: Clock) -> None:
    """Whoever's address is forged into probes is sent a few a second; others are answered meanwhile."""
    answered = AnswerPace()
    assert sum(answered.allows("192.0.2.1") for _ in range(1000)) == SOURCE_BURST
    assert answered.allows("192.0.2.2")

    later = 0
    for _ in range(1000):
        clock.now += 0.01
        later += answered.allows("192.0.2.1")
    assert later <= 10 * discovery.SOURCE_ANSWERS


@pytest.mark.usefixtures("clock")
def test_all_addresses_together_get_so_many_answers() -> None:
    """However many there are."""
    answered = AnswerPace()
    allowed = sum(answered.allows(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}") for i in range(20_000))

    assert allowed == discovery.ANSWER_BURST


def test_a_nonce_is_good_for_a_while() -> None:
    """For the last probes only."""
    nonces = Nonces()
    first = nonces.new(0.0)
    assert nonces.knows(first, ANSWER_SECONDS)
    assert not nonces.knows(first, ANSWER_SECONDS + 0.1)
    assert not nonces.knows(NONCE, 0.0)

    for round_ in range(1, 10):
        nonces.new(round_ * PROBE_SECONDS)
    assert not nonces.knows(first, 0.0)


def test_a_chat_is_listed_once_and_goes_when_it_is_silent() -> None:
    """Over whichever of its addresses it is heard; this computer's own way is preferred."""
    nearby = Nearby()
    assert nearby.take(HEARD, 0.0)
    assert not nearby.take(replace(HEARD, host="198.51.100.1"), 0.0)
    assert not nearby.take(HEARD, 2.0)
    assert nearby.chats() == [HEARD]
    assert nearby.chat_at("198.51.100.1", 12345) == replace(HEARD, host="198.51.100.1")
    assert nearby.chat_at("198.51.100.1", 1) is None

    own = replace(HEARD, host="127.0.0.1", people=13)
    assert nearby.take(own, 2.0)
    assert nearby.chats() == [own]
    assert not nearby.forget(FORGET_SECONDS)
    assert nearby.forget(FORGET_SECONDS + 2.1)
    assert nearby.chats() == []


def test_new_chats_come_first_and_then_keep_their_place() -> None:
    """A list that is sorted anew every two seconds cannot be clicked on."""
    nearby = Nearby()
    first, second = replace(HEARD, name="first"), replace(HEARD, name="second", key="0" * 16)
    nearby.take(first, 0.0)
    nearby.take(second, 1.0)
    nearby.take(first, 2.0)

    assert nearby.chats() == [second, first]


def test_a_flood_of_chats_is_bounded() -> None:
    """In all, and from one address; those who were there stay."""
    nearby = Nearby()
    nearby.take(HEARD, 0.0)
    for number in range(1000):
        nearby.take(replace(HEARD, host="192.0.2.66", key=f"{number:016x}"), 0.0)
    assert len(nearby.chats()) == 1 + MOST_FROM_ONE

    for number in range(1000):
        nearby.take(replace(HEARD, host=f"10.0.{number >> 8}.{number & 255}", key=f"{number:016x}"), 0.0)
        nearby.take(replace(HEARD, host=f"10.1.{number >> 8}.{number & 255}"), 0.0)
    assert len(nearby.chats()) == MOST_CHATS
    assert HEARD in nearby.chats()
    ways = [nearby.chat_at(f"10.1.{number >> 8}.{number & 255}", HEARD.port) for number in range(1000)]
    assert sum(way is not None for way in ways) <= MOST_FROM_ONE


def test_who_lies_about_a_chat_does_not_hide_it() -> None:
    """In the clear it is another row; with the same key it stands for the chat until it was found out."""
    nearby = Nearby()
    liar, in_clear = replace(HEARD, host="192.0.2.66"), replace(HEARD, host="192.0.2.67", encrypted=not HEARD.encrypted)
    for one in (liar, in_clear, HEARD):
        nearby.take(one, 0.0)
    assert nearby.chats() == [in_clear, liar]

    nearby.distrust(liar)
    assert not nearby.take(liar, 1.0)
    assert nearby.chats() == [in_clear, HEARD]
    nearby.distrust(HEARD)
    nearby.distrust(HEARD)
    assert nearby.chats() == [in_clear]


def test_the_chat_of_the_last_time_cannot_be_crowded_out_or_taken_over() -> None:
    """By fifty made up chats, by eight others that claim to be it, or by whoever answers before it."""
    for crowd in (
        [replace(HEARD, host=f"10.0.0.{number}", key=f"{number:016x}") for number in range(MOST_CHATS)],
        [replace(HEARD, host=f"10.0.0.{number}") for number in range(MOST_FROM_ONE)],
        [replace(HEARD, port=port, key=f"{port:016x}") for port in range(1, MOST_FROM_ONE + 1)],  # a forged sender
    ):
        nearby = Nearby((HEARD.host, HEARD.port))
        for one in crowd:
            nearby.take(one, 0.0)
        nearby.take(HEARD, 1.0)
        assert nearby.chat_at(HEARD.host, HEARD.port) == HEARD

        for number in range(100):
            nearby.take(replace(HEARD, key=f"{number:08x}ffffffff"), 1.0)
        assert len(nearby.chats()) <= MOST_CHATS + 1


# --- real sockets -----------------------------------------------------------------------------------------------------


def free_port() -> int:
    """A port that is free for TCP and UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def asker(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A socket to ask from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((host, 0))
        one.settimeout(PATIENCE)
        yield one


@contextlib.contextmanager
def finding(*ports: int) -> Iterator[Finder]:
    finder = Finder(*ports)
    finder.start()
    yield finder
    finder.stop()


@contextlib.contextmanager
def answering(describe: Callable[[], Description] = lambda: PHYSICS) -> Iterator[int]:
    """An answerer on this computer alone; its port."""
    port = free_port()
    answerer = Answerer(port, describe, "127.0.0.1")
    assert answerer.start()
    yield port
    answerer.stop()


def test_the_real_server_is_heard(start_server: Callable[..., ServerProcess]) -> None:
    """Its name, who is here, and how one comes in; with the key by which it is known everywhere."""
    server = start_server("--name", "Physics 8b")
    Peer.join(server, "Ada")
    with finding(server.port) as finder:
        heard = finder.heard.get(timeout=PATIENCE)

    key = fingerprint_of(server.data / "hallway.pem")[:16]
    assert heard == Heard("127.0.0.1", server.port, "Physics 8b", 1, password=False, encrypted=True, key=key)


def test_a_server_says_what_it_asks_for(start_server: Callable[..., ServerProcess]) -> None:
    """A password, and no encryption."""
    server = start_server("--plaintext", HALLWAY_PASSWORD="open sesame")  # noqa: S106 - a test's
    with finding(server.port) as finder:
        heard = finder.heard.get(timeout=PATIENCE)

    assert (heard.password, heard.encrypted, heard.people) == (True, False, 0)


def ask(port: int, data: bytes, host: str = "127.0.0.1") -> bytes | None:
    """What is answered to one datagram; None when a proper probe that is sent after it is answered first."""
    last = "f" * 32
    with asker(host) as one:
        one.sendto(data, (host, port))
        one.sendto(probe(last), (host, port))
        said = one.recv(4096)
    return None if json.loads(said)["nonce"] == last else said


@pytest.mark.parametrize("kind", NO_PROBES)
def test_a_server_ignores_what_is_no_probe(kind: str) -> None:
    """And answers the next one."""
    with answering() as port:
        assert ask(port, NO_PROBES[kind]) is None


def test_a_flood_of_probes_is_not_amplified() -> None:
    """Fewer bytes come back than were sent, by far; and another address is answered meanwhile."""
    with answering() as port, asker() as one, asker("127.0.0.2") as other:
        for _ in range(300):
            one.sendto(probe(NONCE), ("127.0.0.1", port))
        other.settimeout(0.2)
        said = b""
        while not said:  # what the system has no room for is lost; a client asks again as well
            other.sendto(probe("f" * 32), ("127.0.0.1", port))
            with contextlib.suppress(TimeoutError):
                said = other.recv(4096)
        found = read_answer(said, "127.0.0.1")
        assert found is not None
        assert found[0] == "f" * 32
        one.setblocking(False)
        received = []
        with contextlib.suppress(BlockingIOError):
            while True:
                received.append(len(one.recv(4096)))

    assert SOURCE_BURST <= len(received) <= SOURCE_BURST + 4
    assert max(received) <= PROBE_SIZE
    assert sum(received) < 300 * PROBE_SIZE / 10


@pytest.mark.figure
def test_a_flood_of_probes_takes_little_of_the_server(
    server: ServerProcess, record_property: Callable[[str, object], None]
) -> None:
    """Whoever shouts at the port as fast as they can slows nobody's chat: it reads only so many a second."""

    def used() -> float:
        status = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(status[11]) + int(status[12])) / os.sysconf("SC_CLK_TCK")

    if not sys.platform.startswith("linux"):
        pytest.skip("looks into /proc, which only Linux has")
    sent, before, until = 0, used(), time.monotonic() + 3
    with asker() as one:
        one.setblocking(False)
        while time.monotonic() < until:
            with contextlib.suppress(BlockingIOError):
                one.sendto(probe(NONCE), ("127.0.0.1", server.port))
                sent += 1
    share = (used() - before) / 3
    record_property("share of a core", share)

    assert sent > 10_000
    assert share < 0.1


def no_more_sockets() -> tuple[socket.socket, socket.socket]:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_without_sockets_the_chat_is_open_and_not_found(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Said in the log; nothing stays open, and to stop it is no mistake."""
    port = free_port()
    monkeypatch.setattr(socket, "socketpair", no_more_sockets)
    answerer = Answerer(port, Description, "127.0.0.1")  # type: ignore[arg-type]  # nobody is described

    assert answerer.start() is False
    answerer.stop()
    assert "Nobody finds this chat by itself" in caplog.text
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))


def test_without_threads_nothing_is_asked_and_nothing_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first screen lists nothing then, and goes on."""
    made = socket.socketpair()

    def no_more_threads(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(socket, "socketpair", lambda: made)
    monkeypatch.setattr(threading.Thread, "start", no_more_threads)
    finder = discovery.Finder(9)
    finder.start()
    finder.stop()

    assert [one.fileno() for one in made] == [-1, -1]


def test_a_mistake_of_ours_does_not_leave_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    """The chat goes on; that it is not found any more is in the log."""

    def stumble() -> Description:
        raise ZeroDivisionError

    port = free_port()
    answerer = Answerer(port, stumble, "127.0.0.1")
    assert answerer.start()
    with asker() as one:
        one.sendto(probe(NONCE), ("127.0.0.1", port))
        answerer._thread.join(PATIENCE)
        assert not answerer._thread.is_alive()
    answerer.stop()

    assert "Nobody finds this chat by itself any more" in caplog.text


def test_a_taken_port_is_said_once_and_the_chat_opens(start_server: Callable[..., ServerProcess]) -> None:
    """Another program has the UDP port: people can join all the same."""
    with asker() as taken:
        port = taken.getsockname()[1]
        server = start_server("--port", str(port))
        server.expect_log(f"UDP port {port} cannot be used")
        Peer.join(server, "Ada")

        assert server.log.count("Nobody finds this chat") == 1


@pytest.mark.parametrize("way", ["flag", "environment"])
def test_a_server_can_keep_quiet(start_server: Callable[..., ServerProcess], way: str) -> None:
    """With --no-announce the port is not even opened."""
    server = start_server("--no-announce") if way == "flag" else start_server(HALLWAY_NO_ANNOUNCE="1")

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", server.port))


def test_a_server_on_one_address_answers_there_only(start_server: Callable[..., ServerProcess]) -> None:
    """One that listens on this computer alone is heard on no network."""
    own = own_address()
    server = start_server()
    assert ask(server.port, b"") is None
    with asker(own) as one:
        one.settimeout(0.3)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for target in (own, "255.255.255.255"):
            with contextlib.suppress(OSError):
                one.sendto(probe(NONCE), (target, server.port))
        with pytest.raises(TimeoutError):
            one.recv(4096)


def test_an_answer_to_another_question_is_not_believed() -> None:
    """Neither one with a nonce that was made up, nor one from a port that nobody asked."""
    made_up = answer(NONCE, replace(PHYSICS, name="Made up"))
    with asker() as fake, asker() as elsewhere, finding(fake.getsockname()[1]) as finder:
        question, source = fake.recvfrom(4096)
        nonce = read_probe(question)
        assert nonce is not None
        fake.sendto(made_up, source)
        fake.sendto(b"\xff" * 400, source)
        fake.sendto(b"", source)
        elsewhere.sendto(answer(nonce, replace(PHYSICS, name="From elsewhere")), source)
        fake.sendto(answer(nonce, PHYSICS), source)
        heard = finder.heard.get(timeout=PATIENCE)

        assert heard.name == "Physics 8b"
        with pytest.raises(queue.Empty):
            finder.heard.get_nowait()


def test_a_flood_of_answers_is_bounded() -> None:
    """They wait in a queue that has an end, and the thread takes only so many a round."""
    with asker() as fake, finding(fake.getsockname()[1]) as finder:
        question, source = fake.recvfrom(4096)
        nonce = read_probe(question)
        assert nonce is not None
        for number in range(5000):
            fake.sendto(answer(nonce, replace(PHYSICS, key=f"{number:016x}")), source)
        again, _ = fake.recvfrom(4096)
        while read_probe(again) == nonce:  # several questions were on their way
            again, _ = fake.recvfrom(4096)

        assert 0 < finder.heard.qsize() <= discovery.MOST_WAITING


def test_the_thread_ends_when_it_is_told_to() -> None:
    """At once, although it waits for two seconds at a time."""
    import threading

    finder = Finder(free_port())
    finder.start()
    thread = next(one for one in threading.enumerate() if one.name == "hallway-find")
    started = time.monotonic()
    finder.stop()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert time.monotonic() - started < PROBE_SECONDS / 2


def test_all_ways_find_the_addresses_of_this_computer() -> None:
    """What the kernel, the C library and the command `ip` say is the same."""
    if not sys.platform.startswith("linux"):
        pytest.skip("compares with the command of Linux")
    ip = shutil.which("ip")
    if ip is None:
        pytest.skip("the command ip is missing (Debian: iproute2)")
    said = subprocess.run([ip, "-4", "-o", "addr", "show", "up"], capture_output=True, text=True, check=True).stdout
    wanted = set(re.findall(r"inet (\S+?)/", said))

    assert set(discovery.addresses_by_ioctl()) == wanted
    assert set(discovery.addresses_by_libc()) == wanted
    assert set(discovery.local_addresses()) == {one for one in wanted if not one.startswith("127.")}


# --- hosts on a network -----------------------------------------------------------------------------------------------

_FIND = """
import json, sys, time
from dataclasses import asdict
from discovery import Finder, Nearby, local_addresses
finder, nearby, until = Finder(int(sys.argv[1])), Nearby(), time.monotonic() + float(sys.argv[3])
finder.start()
while time.monotonic() < until and len(nearby.chats()) < int(sys.argv[2]):
    try:
        nearby.take(finder.heard.get(timeout=0.2), time.monotonic())
    except Exception:
        pass
print(json.dumps({"addresses": local_addresses(), "chats": [asdict(chat) for chat in nearby.chats()]}))
finder.stop()
"""


class Network:
    """Hosts in network namespaces of this machine, joined by bridges; all are gone again when it is closed."""

    def __init__(self) -> None:
        self._tag = f"hw{os.getpid() % 100_000}"
        self._hosts: list[str] = []
        self._links = 0
        self.bridges = ""  # the namespace that they are in: nothing of ours is the machine's

    def open(self) -> None:
        """Raises `CalledProcessError` where the machine does not allow it."""
        self.bridges = self.host("net")
        self.plug(self.bridges, self.bridge("trial"), "203.0.113.1/24")

    def host(self, name: str) -> str:
        full = f"{self._tag}{name}"
        self._hosts.append(full)
        _ip("netns", "add", full)
        _ip("-n", full, "link", "set", "lo", "up")
        return full

    def bridge(self, name: str) -> str:
        _ip("-n", self.bridges, "link", "add", name, "type", "bridge")
        _ip("-n", self.bridges, "link", "set", name, "up")
        return name

    def plug(self, host: str, bridge: str, address: str) -> None:
        """Gives a host an address on a bridge, and no gateway."""
        self._links += 1
        inside, outside = f"eth{self._links}", f"port{self._links}"
        _ip("-n", host, "link", "add", inside, "type", "veth", "peer", "name", outside, "netns", self.bridges)
        _ip("-n", self.bridges, "link", "set", outside, "master", bridge, "up")
        _ip("-n", host, "addr", "add", address, "dev", inside)
        _ip("-n", host, "link", "set", inside, "up")

    def start(self, host: str, *command: str) -> subprocess.Popen[str]:
        inside = ["ip", "netns", "exec", host, *command]
        return subprocess.Popen(inside, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def find(self, host: str, chats: int, seconds: float = PATIENCE) -> dict[str, Any]:
        """What a client on a host hears, having waited for so many chats."""
        finding = self.start(host, sys.executable, "-c", _FIND, "12345", str(chats), str(seconds))
        output, _ = finding.communicate(timeout=3 * PATIENCE)
        found: dict[str, Any] = json.loads(output)
        return found

    def close(self) -> None:
        for host in self._hosts:
            subprocess.run(["ip", "netns", "del", host], check=False, stderr=subprocess.DEVNULL)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=PATIENCE)


@pytest.fixture
def network() -> Iterator[Network]:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux has network namespaces")
    if shutil.which("ip") is None:
        pytest.skip("the command ip is missing (Debian: iproute2)")
    if os.geteuid() != 0:
        pytest.skip("only root may make network namespaces")
    network = Network()
    try:
        try:
            network.open()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this machine allows no network namespaces ({error.stderr.decode().strip()})")
        yield network
    finally:
        network.close()


@contextlib.contextmanager
def serving(network: Network, host: str, data: Path, *arguments: str) -> Iterator[str]:
    """The real server on a host, once it listens; what it has said until then."""
    command = [sys.executable, "-u", "server.py", "--port", "12345", "--data", str(data), *arguments]
    process = network.start(host, *command)
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if line.startswith("Listening on port"):
                break
        else:
            pytest.fail("the server did not start")
        yield "".join(said)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def test_a_chat_is_found_across_a_network_without_a_gateway(network: Network, tmp_path: Path) -> None:
    """Two computers on one switch and nothing else: a broadcast has no route there."""
    switch = network.bridge("switch")
    ada, bob = network.host("ada"), network.host("bob")
    network.plug(ada, switch, "10.1.0.1/24")
    network.plug(bob, switch, "10.1.0.2/24")
    routes = subprocess.run(["ip", "-n", bob, "route"], capture_output=True, text=True, check=True).stdout
    assert "default" not in routes
    with serving(network, ada, tmp_path / "server", "--name", "Physics 8b"):
        found = network.find(bob, 1)

    assert found["addresses"] == ["10.1.0.2"]
    assert [(chat["host"], chat["port"], chat["name"]) for chat in found["chats"]] == [
        ("10.1.0.1", 12345, "Physics 8b")
    ]


def test_a_server_on_a_network_without_a_gateway_says_its_address(network: Network, tmp_path: Path) -> None:
    """No route tells it there; it said 127.0.0.1 once, which nobody else can join with."""
    switch, ada = network.bridge("switch"), network.host("ada")
    network.plug(ada, switch, "10.1.0.1/24")
    with serving(network, ada, tmp_path / "server") as said:
        assert re.findall(r"Join with .* --host (\S+)", said) == ["10.1.0.1"]


def test_a_client_on_two_networks_hears_both(network: Network, tmp_path: Path) -> None:
    """Each broadcast goes out of one interface only: there has to be one for each."""
    left, right = network.bridge("left"), network.bridge("right")
    ada, bob, cleo = network.host("ada"), network.host("bob"), network.host("cleo")
    network.plug(ada, left, "10.1.0.1/24")
    network.plug(bob, right, "10.2.0.1/24")
    network.plug(cleo, left, "10.1.0.9/24")
    network.plug(cleo, right, "10.2.0.9/24")
    with (
        serving(network, ada, tmp_path / "ada", "--name", "Left"),
        serving(network, bob, tmp_path / "bob", "--name", "Right"),
    ):
        found = network.find(cleo, 2)

    assert sorted((str(chat["host"]), chat["name"]) for chat in found["chats"]) == [
        ("10.1.0.1", "Left"),
        ("10.2.0.1", "Right"),
    ]


def test_a_server_on_two_networks_is_listed_once(network: Network, tmp_path: Path) -> None:
    """Whoever is on both of them as well hears it twice."""
    left, right = network.bridge("left"), network.bridge("right")
    ada, cleo = network.host("ada"), network.host("cleo")
    for number, host in ((1, ada), (9, cleo)):
        network.plug(host, left, f"10.1.0.{number}/24")
        network.plug(host, right, f"10.2.0.{number}/24")
    with serving(network, ada, tmp_path / "ada", "--name", "Once"):
        found = network.find(cleo, 2, 3.0)

    assert [chat["name"] for chat in found["chats"]] == ["Once"]
    assert sorted(map(str, found["addresses"])) == ["10.1.0.9", "10.2.0.9"]


def test_a_server_with_one_address_answers_on_that_network_only(network: Network, tmp_path: Path) -> None:
    """With --host: broadcasts are heard there all the same, and not answered on the other side."""
    left, right = network.bridge("left"), network.bridge("right")
    ada, bob, cleo = network.host("ada"), network.host("bob"), network.host("cleo")
    network.plug(ada, left, "10.1.0.1/24")
    network.plug(ada, right, "10.2.0.1/24")
    network.plug(bob, left, "10.1.0.2/24")
    network.plug(cleo, right, "10.2.0.2/24")
    with serving(network, ada, tmp_path / "ada", "--name", "Left only", "--host", "10.1.0.1"):
        near, far = network.find(bob, 1), network.find(cleo, 1, 3.0)

    assert [(chat["host"], chat["name"]) for chat in near["chats"]] == [("10.1.0.1", "Left only")]
    assert far["chats"] == []


def test_a_hosts_own_chat_is_heard_over_its_loopback(network: Network, tmp_path: Path) -> None:
    """Also where there is no network at all."""
    ada = network.host("ada")
    with serving(network, ada, tmp_path / "ada", "--name", "Alone"):
        found = network.find(ada, 1)

    assert found["addresses"] == []
    assert [(chat["host"], chat["name"]) for chat in found["chats"]] == [("127.0.0.1", "Alone")]
