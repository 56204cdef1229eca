"""One connection: a send never waits, a receive does, and what cannot be reached is told in words."""

from __future__ import annotations

import contextlib
import errno
import queue
import selectors
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import link
from certificate import fingerprint, fingerprint_of, own_certificate
from link import Link, LinkError, NotTls, TlsLink, client_context, connect, is_own, place_of, server_context
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


def fill(way: Link, data: bytes) -> tuple[int, float]:
    """Sends `data` over and over until nothing more is taken: how many bytes were, and the longest send in seconds."""
    sent = 0
    longest = 0.0
    while True:
        started = time.monotonic()
        taken = way.send(memoryview(data)[sent % len(data) :])
        longest = max(longest, time.monotonic() - started)
        sent += taken
        if not taken:
            return sent, longest
        assert sent < 100_000_000, "the kernel takes everything"


def test_send_never_waits(pair: tuple[Link, socket.socket]) -> None:
    """A full way takes nothing and says so at once, also while a receive has a time-out; then goes on where it was."""
    ours, theirs = pair
    with pytest.raises(TimeoutError):
        ours.receive(0.01)
    data = bytes(range(256)) * 256
    sent, longest = fill(ours, data)
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


# --- encrypted --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_certificate(tmp_path_factory.mktemp("certificate"))


def encrypt_both(one: socket.socket, other: socket.socket, pem: Path) -> tuple[TlsLink, TlsLink]:
    """The two ends of a connection, encrypted: the server's and the client's."""
    server: list[TlsLink] = []

    def accept() -> None:
        link = TlsLink(Link(one), server_context(pem), server_side=True, first=b"", seconds=ANSWER_SECONDS)
        server.append(link)

    accepting = threading.Thread(target=accept)
    accepting.start()
    client = TlsLink(Link(other), client_context(), server_side=False, first=b"", seconds=ANSWER_SECONDS)
    accepting.join(ANSWER_SECONDS)
    return server[0], client


@pytest.fixture
def encrypted(listener: socket.socket, pem: Path) -> Iterator[tuple[TlsLink, TlsLink]]:
    """A server's link and a client's, encrypted."""
    there = socket.create_connection(listener.getsockname())
    here, _ = listener.accept()
    both = encrypt_both(here, there, pem)
    yield both
    for one in both:
        one.shutdown()
        one.close_reader()
        one.close_writer()


def receive_all(link: Link, size: int) -> bytes:
    """The next `size` bytes."""
    arrived = bytearray()
    while len(arrived) < size:
        data = link.receive(ANSWER_SECONDS)
        assert data, "the connection ended early"
        arrived += data
    return bytes(arrived)


def send_all(link: Link, data: bytes) -> None:
    """Hands over all of `data`, waiting for room as a program would that has nothing else to do."""
    done = 0
    with selectors.DefaultSelector() as selector:
        selector.register(link, selectors.EVENT_WRITE)
        while done < len(data):
            sent = link.send(memoryview(data)[done:])
            done += sent
            if not sent:
                assert selector.select(ANSWER_SECONDS), "the other side does not read"


def test_encrypted_bytes_go_both_ways(encrypted: tuple[TlsLink, TlsLink], pem: Path) -> None:
    """What is sent arrives; the client sees the server's certificate, and the end is b""."""
    server, client = encrypted
    sent = client.send(b"hello")
    heard = server.receive(ANSWER_SECONDS)
    server.send(b"hello yourself")
    answer = client.receive(ANSWER_SECONDS)
    server.shutdown()

    assert (sent, heard, answer) == (5, b"hello", b"hello yourself")
    assert client.receive(ANSWER_SECONDS) == b""
    assert fingerprint(client.certificate) == fingerprint_of(pem)
    assert server.certificate == b""


def test_encrypted_receive_waits_as_long_as_it_is_told(encrypted: tuple[TlsLink, TlsLink]) -> None:
    """Silence ends a receive, and breaks nothing."""
    server, client = encrypted
    with pytest.raises(TimeoutError):
        server.receive(0.05)
    client.send(b"now")

    assert server.receive(ANSWER_SECONDS) == b"now"


def test_encrypted_send_never_waits(encrypted: tuple[TlsLink, TlsLink]) -> None:
    """A reader that stops costs no time; nothing is lost, torn or sent twice when it reads again."""
    server, client = encrypted
    data = bytes(range(251)) * 4000
    sent, longest = fill(server, data)
    held = server.held
    repeated = [server.send(memoryview(data)[sent % len(data) :][:held]) for _ in range(3)]
    rest = memoryview(data)[sent % len(data) :][:held]
    reading = threading.Thread(target=send_all, args=(server, bytes(rest)))
    reading.start()
    arrived = receive_all(client, sent + held)
    reading.join(ANSWER_SECONDS)

    assert longest < 1.0
    assert repeated == [0, 0, 0]
    assert 0 < held <= link.ENCRYPT_SIZE
    assert arrived == (data * (sent // len(data) + 2))[: sent + held]


def test_thirty_connections_both_ways_at_full_speed(listener: socket.socket, pem: Path) -> None:
    """Two threads on each end of thirty connections, 2,000 lines each way: not one line is torn or missing."""
    lines = [b"%05d " % i + b"x" * (i % 200) + b"\n" for i in range(2000)]
    data = b"".join(lines)
    problems: list[object] = []

    def write(link: TlsLink) -> None:
        try:
            for start in range(0, len(lines), 7):
                send_all(link, b"".join(lines[start : start + 7]))
        except Exception as problem:  # noqa: BLE001  # whatever it is, the test is to say it
            problems.append(problem)

    def read(link: TlsLink) -> None:
        try:
            if receive_all(link, len(data)) != data:
                problems.append("other bytes arrived")
        except Exception as problem:  # noqa: BLE001
            problems.append(problem)

    links: list[TlsLink] = []
    for _ in range(30):
        there = socket.create_connection(listener.getsockname())
        here, _ = listener.accept()
        links += encrypt_both(here, there, pem)
    threads = [threading.Thread(target=target, args=(link,)) for link in links for target in (read, write)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for each in links:
        each.shutdown()
        each.close_reader()
        each.close_writer()

    assert not any(thread.is_alive() for thread in threads)
    assert problems == []


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b'{"type":"hello"}\n', b"\x16\x03\x01\x00\x05abcde"])
def test_what_is_no_handshake(said: bytes, listener: socket.socket, pem: Path) -> None:
    """Something else than TLS is an error at once."""
    with socket.create_connection(listener.getsockname()) as there:
        here, _ = listener.accept()
        there.sendall(said)
        plain = Link(here)
        with pytest.raises(OSError):  # noqa: PT011  # ssl.SSLError, whose words are OpenSSL's
            TlsLink(plain, server_context(pem), server_side=True, first=b"", seconds=ANSWER_SECONDS)
        plain.close_reader()
        plain.close_writer()


def test_who_speaks_clear_is_heard(listener: socket.socket) -> None:
    """What a server says that does not encrypt is not lost."""
    with socket.create_connection(listener.getsockname()) as there:
        here, _ = listener.accept()
        there.sendall(b"What is your name? ")
        plain = Link(here)
        with pytest.raises(NotTls) as problem:
            TlsLink(plain, client_context(), server_side=False, first=b"", seconds=ANSWER_SECONDS)
        plain.close_reader()
        plain.close_writer()

    assert problem.value.said == b"What is your name? "


def test_record_that_does_not_end(encrypted: tuple[TlsLink, TlsLink]) -> None:
    """Single bytes that make no record do not keep a receive waiting beyond its time."""
    server, client = encrypted
    stop = threading.Event()

    def trickle() -> None:
        client._reader.sendall(b"\x17\x03\x03\x40\x00")
        while not stop.wait(0.05):
            client._reader.sendall(b"\0")

    trickling = threading.Thread(target=trickle)
    trickling.start()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        server.receive(0.3)
    waited = time.monotonic() - began
    stop.set()
    trickling.join()

    assert 0.2 < waited < 2.0


def test_all_that_arrives_is_counted(listener: socket.socket, pem: Path) -> None:
    """`slow_down` is told of every byte on the wire: the handshake, and records that hold nothing for us."""
    counted: list[int] = []
    with socket.create_connection(listener.getsockname()) as there:
        here, _ = listener.accept()
        there.sendall(b"\x16\x03\x01")
        plain = Link(here, counted.append)
        with pytest.raises(TimeoutError):
            TlsLink(plain, server_context(pem), server_side=True, first=b"", seconds=0.1)
        there.sendall(b"x" * 100)
        plain.receive(ANSWER_SECONDS)
        plain.close_reader()
        plain.close_writer()

    assert sum(counted) == 103


@pytest.mark.parametrize("said", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"])
def test_half_a_handshake_has_a_deadline(said: bytes, listener: socket.socket, pem: Path) -> None:
    """Who begins a handshake and says no more is not waited for longer than told."""
    with socket.create_connection(listener.getsockname()) as there:
        here, _ = listener.accept()
        there.sendall(said)
        plain = Link(here)
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            TlsLink(plain, server_context(pem), server_side=True, first=b"", seconds=0.3)
        plain.close_reader()
        plain.close_writer()

        assert 0.2 < time.monotonic() - started < ANSWER_SECONDS


def test_old_versions_are_refused(pem: Path) -> None:
    """Nothing older than TLS 1.2 is spoken."""
    context = server_context(pem)

    assert context.minimum_version == client_context().minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.168.1.7", "192.168.1.7"),
        ("::ffff:192.168.1.7", "192.168.1.7"),
        ("2001:DB8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"),
        ("fe80::1234%eth0", "fe80::1234"),
        ("::1", "::1"),
        ("what", "what"),
    ],
)
def test_place(address: str, place: str) -> None:
    """An address is one place, however it is written."""
    assert place_of(address) == place


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("x", False),
    ],
)
def test_own_loopback(address: str, own: bool) -> None:
    """This machine's own connections are known as such."""
    assert is_own(address) is own


def test_who_is_at_the_other_end(listener: socket.socket) -> None:
    """Its address in numbers; nothing any more when the connection has been given back."""
    ours = connect("localhost", listener.getsockname()[1])
    there = ours.peer
    ours.close_reader()
    ours.close_writer()

    assert there == "127.0.0.1"
    assert ours.peer == ""
