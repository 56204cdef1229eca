"""One connection: a send never waits, a receive does, and what cannot be reached is told in words."""

from __future__ import annotations

import contextlib
import errno
import queue
import selectors
import socket
import sys
import threading
import time
from collections.abc import Iterator

import pytest

import link
from link import Link, LinkError, connect
from processes import ANSWER_SECONDS


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(ANSWER_SECONDS)
        yield listening


@pytest.fixture
def pair(listener: socket.socket) -> Iterator[tuple[Link, socket.socket]]:
    """A link, and the plain socket at the other end of it."""
    ours = connect("127.0.0.1", listener.getsockname()[1])
    theirs, _ = listener.accept()
    theirs.settimeout(ANSWER_SECONDS)
    with theirs:
        yield ours, theirs
        ours.close_reader()
        ours.close_writer()


def test_bytes_go_both_ways(pair: tuple[Link, socket.socket]) -> None:
    """What is sent arrives, and the end of the other side is b""."""
    ours, theirs = pair
    sent = ours.send(b"hello")
    arrived = theirs.recv(100)
    theirs.sendall(b"hello yourself")
    answer = ours.receive(ANSWER_SECONDS)
    theirs.shutdown(socket.SHUT_WR)
    end = ours.receive(ANSWER_SECONDS)

    assert sent == 5
    assert arrived == b"hello"
    assert answer == b"hello yourself"
    assert end == b""


def test_send_never_waits(pair: tuple[Link, socket.socket]) -> None:
    """A full way takes nothing and says so at once, also while a receive has a time-out; then goes on where it was."""
    ours, theirs = pair
    with pytest.raises(TimeoutError):
        ours.receive(0.01)
    data = bytes(range(256)) * 256
    sent = 0
    longest = 0.0
    while True:
        started = time.monotonic()
        taken = ours.send(memoryview(data)[sent % len(data) :])
        longest = max(longest, time.monotonic() - started)
        sent += taken
        if not taken:
            break
        assert sent < 100_000_000, "the kernel takes everything"
    arrived = bytearray()
    while len(arrived) < sent:
        arrived += theirs.recv(1 << 20)
    again = ours.send(b"more")

    assert longest < 1.0
    assert arrived == (data * (sent // len(data) + 1))[:sent]
    assert again == 4


def test_full_link_can_be_waited_for(pair: tuple[Link, socket.socket]) -> None:
    """A selector tells when a full link takes something again."""
    ours, theirs = pair
    sent = 0
    while taken := ours.send(bytes(65536)):
        sent += taken

    def read_it_all() -> None:
        rest = sent
        while rest:
            rest -= len(theirs.recv(1 << 20))

    with selectors.DefaultSelector() as selector:
        selector.register(ours, selectors.EVENT_WRITE)
        while_full = selector.select(0)
        reader = threading.Thread(target=read_it_all)
        reader.start()
        when_free = selector.select(ANSWER_SECONDS)
        reader.join()

        assert while_full == []
        assert [key.fileobj for key, _ in when_free] == [ours]


def test_receive_waits_as_long_as_it_is_told(pair: tuple[Link, socket.socket]) -> None:
    """Silence ends a receive after its time-out, and another one later still hears what comes."""
    ours, theirs = pair
    started = time.monotonic()
    for seconds in (0.05, 0.1):
        with pytest.raises(TimeoutError):
            ours.receive(seconds)
    waited = time.monotonic() - started
    theirs.sendall(b"now")

    assert 0.15 <= waited < ANSWER_SECONDS
    assert ours.receive(ANSWER_SECONDS) == b"now"


def test_much_arrives_whole(pair: tuple[Link, socket.socket]) -> None:
    """However much is taken at once, the bytes are the same, in order."""
    ours, theirs = pair
    data = bytes(i * i % 251 for i in range(300_000))
    sender = threading.Thread(target=theirs.sendall, args=(data,))
    sender.start()
    arrived = bytearray()
    while len(arrived) < len(data):
        arrived += ours.receive(ANSWER_SECONDS)
    sender.join()

    assert arrived == data


def test_shutdown_wakes_a_receive(pair: tuple[Link, socket.socket]) -> None:
    """A thread that waits for bytes gets the end as soon as another thread shuts the link down."""
    ours, theirs = pair
    received: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    reader = threading.Thread(target=lambda: received.put(ours.receive(60)))
    reader.start()
    theirs.sendall(b"1")
    first = received.get(timeout=ANSWER_SECONDS)
    reader.join()
    reader = threading.Thread(target=lambda: received.put(ours.receive(60)))
    reader.start()
    ours.shutdown()

    assert first == b"1"
    assert received.get(timeout=ANSWER_SECONDS) == b""
    assert theirs.recv(10) == b""
    ours.shutdown()  # again, and with nobody at the other end: no complaint
    reader.join()


def test_reset_is_an_error(pair: tuple[Link, socket.socket]) -> None:
    """A connection that was reset is told from one that ended."""
    ours, theirs = pair
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    theirs.close()
    with pytest.raises(ConnectionError):
        ours.receive(ANSWER_SECONDS)


def test_no_nagle(pair: tuple[Link, socket.socket]) -> None:
    """Small lines go out at once, and a peer that vanished is found in the end."""
    ours, _ = pair

    assert ours._writer.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert ours._writer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


# --- what connect says ------------------------------------------------------------------------------------------------


def test_nobody_listens(listener: socket.socket) -> None:
    """A computer without a chat on that port is told from one that is not there."""
    port = listener.getsockname()[1]
    listener.close()
    with pytest.raises(LinkError) as caught:
        connect("127.0.0.1", port)

    assert str(caught.value) == f"127.0.0.1 is there, but no chat is open on port {port}. Is the server running?"


@pytest.mark.parametrize("host", ["no-such-computer.invalid", "a" * 70, "two words", "..", "x." * 200])
def test_unknown_host(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads nowhere is said to, also one that could not be a name."""
    if host.endswith(".invalid"):  # RFC 6761: never exists. Asked of a real name server it may take its time

        def nowhere(*_: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(LinkError) as caught:
        connect(host, 12345)

    assert str(caught.value) == f"No computer called {host} can be found from here. Is the address right?"


def test_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that cannot be reached is told with the system's reason."""

    def unreachable(*_: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    with pytest.raises(LinkError) as caught:
        connect("192.0.2.1", 12345)

    assert str(caught.value) == "192.0.2.1 cannot be reached from here (Network is unreachable)."


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems refuse when the queue is full")
def test_silent_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer that does not answer is given up, and the sentence says where to look."""
    monkeypatch.setattr(link, "CONNECT_SECONDS", 0.2)
    with contextlib.ExitStack() as opened:
        full = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # nobody accepts: Linux lets further ones wait for an answer
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        with pytest.raises(LinkError) as caught:
            connect(*full.getsockname())

    assert str(caught.value).startswith("127.0.0.1 does not answer. Is it on this network, and does its firewall let")
