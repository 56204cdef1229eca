"""How fast Hallway is, beside ngircd, Redis pub/sub and NATS: `python3 tests/benchmark.py`, about five minutes.

Each server runs as a process of its own with an empty data folder; this process is the crowd: every person is one TCP
connection on 127.0.0.1, all of them in one room, ten of them writing texts of 64 bytes. A delivery is one text that
arrived at one person.

    flood   the ten write as fast as the server takes it, a fixed number of messages, the same for every server. The
            clock runs from the first byte written until the last person has the last message, so nothing is gained by
            taking messages in and sitting on them. A tenth as many go before, off the clock.
    steady  200 messages a second in all, evenly spaced; each carries the time at which it was handed to the kernel.
            Latency is from there until this process has read it, over all deliveries.

What makes it fair: the same connections, texts, counts and clock for all; every server on its own defaults except for
limits that would turn the load away (flood penalties, connection counts, dropping of slow readers, idle pings); the
rounds interleaved, and the median of each number shown, over the rounds in which the machine did little else (“others”
is what it did, in % of one core). What does not: Hallway writes every message to disk and syncs before anybody sees it,
and acknowledges it; the others keep nothing. ngircd does not send a writer's text back to the writer, so it has up to
1 % fewer deliveries to make, and does not turn off Nagle's algorithm, which is its p99. NATS uses every core it finds,
and Redis holds in memory what it has not sent. A line on the wire is as long as each protocol makes it.

What is checked: every person's deliveries are counted, by looking for the text itself; everything that two people
received, one of them a writer, is kept and afterwards read in full (each writer's texts once and in order; with
Hallway also that seq has no hole). A closed connection, a missing or a surplus text makes the run invalid, and the
table says so. “crowd” is how much of one core this process used: near 100 % the crowd, not the server, is the limit.
The relay, a process that copies bytes and understands nothing, shows where that is.

Server CPU is user and system time of the whole process; peak is VmHWM. Both come from /proc; elsewhere they stay empty.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import math
import os
import platform
import re
import selectors
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import ClassVar

HOST = "127.0.0.1"
SENDERS = 10
STEADY_RATE = 200  # messages a second, over all senders
STEADY_PEOPLE = 100
FLOOD_REFERENCE = 4_000_000  # deliveries a second of a good server: --seconds of it is the size of a flood
FLOOD_MESSAGES = 40_000  # and at most so many messages for each of these seconds, however few the people
READ_SIZE = 256 * 1024  # bytes; stays in the cache between the read and the count
WRITE_SIZE = 64 * 1024  # bytes one sender hands over at once
ENOUGH = 32  # deliveries for each socket that was ready; with less the crowd was in too much of a hurry, and rests:
REST = 1e-5  # seconds for each person; waking up for every packet takes time from the server as well
STALLED = 20.0  # seconds without a delivery, after which a run is given up
KEEPALIVE = 10.0  # seconds; Hallway drops people who are silent for 45
JOINING_AT_ONCE = 8  # connections; ngircd's listen queue holds ten, and a full one costs seconds
NOISE = 15  # % of a core; what others on the machine may use before it is said aloud
FLOOD_GOALS = {100: 1.3, 1000: 1.6}  # people: times the fastest of the others
TLS_GOAL = 2.5  # times the server's CPU of the plain flood
STEADY_GOAL = 1.5  # ms, p50
RESIDENT_GOAL = 60  # MiB, with 1,000 people joined

# 64 bytes: who, which, when, and a phrase to count by: long, without repeats and in no protocol, so that bytes.count
# skips through everything else at several GB/s.
PHRASE = b"the hallway is a long hallway."
TEXT = re.compile(rb"(\d{3}) (\d{8}) (\d{20}) " + re.escape(PHRASE))


def text_of(sender: int, number: int, sent: int = 0) -> bytes:
    """The 64-byte text number `number` of `sender`; `sent` in ns of `time.perf_counter_ns`."""
    return b"%03d %08d %020d " % (sender, number, sent) + PHRASE


class InvalidRun(Exception):
    """The numbers of a run cannot be used; the sentence says why."""


# --- the servers ------------------------------------------------------------------------------------------------------


class Contender(ABC):
    """One kind of server: how to start it, and what a person says to it."""

    name: ClassVar[str]
    program: ClassVar[str]  # what must be installed
    encrypted: ClassVar[bool] = False  # whether the crowd speaks TLS to it
    echoes: ClassVar[bool] = True  # whether a sender gets its own texts
    keepalive: ClassVar[bytes] = b""
    numbered: ClassVar[re.Pattern[bytes] | None] = None  # finds the numbers 1, 2, 3 … it gives to messages, if it does

    @abstractmethod
    def command(self, folder: Path, port: int) -> list[str]:
        """The command line of a server that stays in the foreground; its configuration is written into `folder`."""

    @abstractmethod
    def greeting(self, person: int) -> list[tuple[bytes, bytes]]:
        """How `person` comes in: what to say, and what to wait for in the answer, step by step."""

    @abstractmethod
    def line(self, person: int, number: int, text: bytes) -> bytes:
        """What `person` says to give everybody `text`, their message number `number`."""


class Hallway(Contender):
    """Ours: plain JSON over loopback, no rate limit, the history on disk and synced before anybody sees it."""

    name = "hallway"
    program = sys.executable
    keepalive = b'{"type":"ping"}\n'
    numbered = re.compile(rb'"type":"message","seq":(\d+),')

    def command(self, folder: Path, port: int) -> list[str]:
        server = Path(__file__).resolve().parent.parent / "server.py"
        return [
            *(sys.executable, str(server), "--host", HOST, "--port", str(port), "--data", str(folder / "data")),
            *("--rate", "0", "--log-level", "warning", "--max-clients", "2000"),
        ]

    def greeting(self, person: int) -> list[tuple[bytes, bytes]]:
        return [(b'{"type":"hello","v":1,"name":"p%04d"}\n' % person, b'"type":"welcome"')]

    def line(self, person: int, number: int, text: bytes) -> bytes:
        return b'{"type":"send","id":"%d","text":"%b"}\n' % (number, text)


class HallwayTls(Hallway):
    """Ours as it is by default: encrypted. Only in the smallest flood, as decrypting it all is work for the crowd."""

    name = "hallway+tls"
    encrypted = True


class Ngircd(Contender):
    """An IRC server in C. `MaxPenaltyTime = 0`: no waiting after many lines; no look-ups, no limits on connections."""

    name = "ngircd"
    program = "ngircd"
    echoes = False

    def command(self, folder: Path, port: int) -> list[str]:
        configuration = folder / "ngircd.conf"
        configuration.write_text(
            f"[Global]\nName = irc.example.net\nInfo = benchmark\nListen = {HOST}\nPorts = {port}\nMotdPhrase = hi\n"
            "AdminInfo1 = none\nAdminEMail = nobody@example.net\n"
            "[Limits]\nMaxPenaltyTime = 0\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxJoins = 0\n"
            "PingTimeout = 3600\nPongTimeout = 3600\n"
            "[Options]\nDNS = no\nIdent = no\nPAM = no\n"
        )
        return ["ngircd", "-n", "-f", str(configuration)]

    def greeting(self, person: int) -> list[tuple[bytes, bytes]]:
        # In two steps: it takes three seconds over a JOIN that comes in the same packet.
        return [
            (b"NICK p%04d\r\nUSER p%04d 0 * :person\r\n" % (person, person), b" 001 "),
            (b"JOIN #chat\r\n", b"End of NAMES"),
        ]

    def line(self, person: int, number: int, text: bytes) -> bytes:
        return b"PRIVMSG #chat :%b\r\n" % text


class Redis(Contender):
    """Redis pub/sub, nothing kept, no slow reader dropped. RESP3, so that a person can publish while subscribed."""

    name = "redis"
    program = "redis-server"

    def command(self, folder: Path, port: int) -> list[str]:
        configuration = folder / "redis.conf"
        configuration.write_text(
            f'bind {HOST}\nport {port}\ndaemonize no\nsave ""\nappendonly no\nmaxclients 4000\ndir {folder}\n'
            "client-output-buffer-limit normal 0 0 0\nclient-output-buffer-limit pubsub 0 0 0\nloglevel warning\n"
        )
        return ["redis-server", str(configuration)]

    def greeting(self, person: int) -> list[tuple[bytes, bytes]]:
        return [(b"HELLO 3\r\nSUBSCRIBE chat\r\n", b"subscribe\r\n")]

    def line(self, person: int, number: int, text: bytes) -> bytes:
        return b"*3\r\n$7\r\nPUBLISH\r\n$4\r\nchat\r\n$%d\r\n%b\r\n" % (len(text), text)


class Nats(Contender):
    """NATS, nothing kept, with room and time enough that no slow reader is dropped."""

    name = "nats"
    program = "nats-server"

    def command(self, folder: Path, port: int) -> list[str]:
        configuration = folder / "nats.conf"
        configuration.write_text(
            f'listen: "{HOST}:{port}"\nmax_connections: 4000\nmax_pending: 1GB\nwrite_deadline: "60s"\n'
            f'ping_interval: "1h"\nlog_file: "{folder / "nats.log"}"\n'
        )
        return ["nats-server", "-c", str(configuration)]

    def greeting(self, person: int) -> list[tuple[bytes, bytes]]:
        return [(b'CONNECT {"verbose":false,"pedantic":false,"echo":true}\r\nSUB chat 1\r\nPING\r\n', b"PONG\r\n")]

    def line(self, person: int, number: int, text: bytes) -> bytes:
        return b"PUB chat %d\r\n%b\r\n" % (len(text), text)


class Relay(Contender):
    """No chat at all: copies what anybody says to everybody, in lines as long as Hallway's. The crowd's own ceiling."""

    name = "(relay)"
    program = sys.executable

    def command(self, folder: Path, port: int) -> list[str]:
        return [sys.executable, str(Path(__file__).resolve()), "--relay", str(port)]

    def greeting(self, person: int) -> list[tuple[bytes, bytes]]:
        return [(b"hello\n", b"hello\n")]

    def line(self, person: int, number: int, text: bytes) -> bytes:
        return b"%b%b\n" % (bytes(100).replace(b"\0", b"-"), text)


CONTENDERS: dict[str, Contender] = {c.name: c for c in (Hallway(), HallwayTls(), Ngircd(), Redis(), Nats())}


def relay(port: int) -> None:
    """The relay's own process: ends when it is terminated. Everybody reads all the time, so blocking writes will do."""
    selector = selectors.DefaultSelector()
    with socket.create_server((HOST, port), backlog=1000) as listener:
        selector.register(listener, selectors.EVENT_READ, None)
        people: list[socket.socket] = []
        while True:
            said: list[bytes] = []
            for key, _ in selector.select():
                if key.data is None:
                    connected, _ = listener.accept()
                    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    selector.register(connected, selectors.EVENT_READ, connected)
                    people.append(connected)
                    continue
                data = more = key.data.recv(WRITE_SIZE)
                while more and not data.endswith(b"\n"):
                    data += (more := key.data.recv(WRITE_SIZE))
                if not more:  # the connection that looked whether we are there, or the end of the run
                    selector.unregister(key.data)
                    people.remove(key.data)
                    key.data.close()
                    continue
                said.append(data)
            everything = b"".join(said)
            for person in people if everything else ():
                person.sendall(everything)


@dataclass(frozen=True)
class Running:
    """A server that accepts connections."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far; nan where there is no /proc."""
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return math.nan

    def memory_mib(self, which: str) -> float | None:
        """`VmRSS` (now) or `VmHWM` (the most so far) in MiB; None where there is no /proc."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
                if line.startswith(which):
                    return int(line.split()[1]) / 1024
        return None


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses at the moment."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def running(contender: Contender, where: Path | None = None) -> Iterator[Running]:
    """Starts the server in a new folder under `where`, waits until it accepts connections, ends it afterwards.

    An `InvalidRun` on the way gets the server's own last words.
    """
    with tempfile.TemporaryDirectory(prefix="hallway-benchmark-", dir=where or disk_folder()) as name:
        folder = Path(name)
        folder.chmod(0o755)  # ngircd gives up root before it reads its folder again
        port = free_port()
        with (folder / "output.txt").open("wb") as output:
            process = subprocess.Popen(
                contender.command(folder, port), stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder
            )
        try:
            wait_for_port(process, port)
            yield Running(process, port)
        except InvalidRun as problem:
            words = (folder / "output.txt").read_text(errors="replace").strip().splitlines()[-1:]
            raise InvalidRun(f"{problem}; it said: {words[0] if words else 'nothing'}") from None
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_port(process: subprocess.Popen[bytes], port: int) -> None:
    """Returns when `port` accepts connections; raises `InvalidRun` when the server ends or takes too long."""
    deadline = time.monotonic() + 15
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.02)
    raise InvalidRun("did not start")


def disk_folder() -> Path:
    """A folder for temporary files that is on a disk: the usual one, unless that is kept in memory."""
    lasting = Path("/var/tmp")  # noqa: S108  # a folder of our own is made in it, under a name nobody can guess
    candidates = [Path(tempfile.gettempdir()), lasting, Path(__file__).resolve().parent]
    for folder in candidates:
        if folder.is_dir() and file_system(folder) not in ("tmpfs", "ramfs"):
            return folder
    return candidates[0]


def file_system(folder: Path) -> str:
    """The kind of file system `folder` is on, such as ext4; "" where the system does not tell."""
    best, kind = -1, ""
    with contextlib.suppress(OSError):
        for line in Path("/proc/mounts").read_text().splitlines():
            _, mount, this_kind, *_ = line.split()
            if folder.resolve().is_relative_to(mount) and len(mount) >= best:
                best, kind = len(mount), this_kind
    return kind


# --- the crowd --------------------------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Person:
    """One connection of the crowd."""

    number: int
    socket: socket.socket
    keeps: bool = False  # whether what arrives is kept, to be read afterwards
    received: int = 0  # deliveries
    tail: bytes = b""  # the last bytes, in case PHRASE was cut in two
    kept: list[tuple[int, bytes]] = field(default_factory=list)  # (ns of arrival, bytes)
    outgoing: memoryview = field(default_factory=lambda: memoryview(b""))
    written: int = 0  # texts so far


class Crowd:
    """Everybody who is connected to one server. One thread; no socket ever waits."""

    def __init__(self, contender: Contender, port: int, people: int) -> None:
        """Connects `people` persons and waits until all have joined. Raises `InvalidRun` when they cannot."""
        self.contender = contender
        self.people: list[Person] = []
        self.received = 0  # deliveries over all people
        self._selector = selectors.DefaultSelector()
        self._buffer = bytearray(READ_SIZE + len(PHRASE))
        self._view = memoryview(self._buffer)
        self._next_keepalive = time.monotonic() + KEEPALIVE
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE  # it is the server started above
        try:
            for first in range(0, people, JOINING_AT_ONCE):
                self._join(port, range(first, min(people, first + JOINING_AT_ONCE)))
        except BaseException:
            self.close()
            raise
        for person in (self.people[0], self.people[-1]):
            person.keeps = True

    def _join(self, port: int, numbers: range) -> None:
        """Connects these persons; returns when the server has welcomed each of them."""
        waiting: dict[int, list[tuple[bytes, bytes]]] = {}  # by person's number: the steps that are not answered yet
        answers: dict[int, bytes] = {}
        for number in numbers:
            connected = socket.create_connection((HOST, port), STALLED)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.contender.encrypted:
                connected = self._tls.wrap_socket(connected)
            connected.setblocking(False)
            person = Person(number, connected)
            self.people.append(person)
            self._selector.register(connected, selectors.EVENT_READ, person)
            waiting[number], answers[number] = self.contender.greeting(number), b""
            connected.send(waiting[number][0][0])
        deadline = time.monotonic() + STALLED
        while waiting:
            if time.monotonic() > deadline:
                raise InvalidRun(f"{len(waiting)} people were not let in")
            for key, _ in self._selector.select(1.0):
                number, data = key.data.number, self.read(key.data)
                if number not in waiting:
                    continue
                answers[number] += data
                if waiting[number][0][1] in answers[number]:
                    del waiting[number][0]
                    if waiting[number]:
                        key.data.socket.send(waiting[number][0][0])
                    else:
                        del waiting[number]

    def read(self, person: Person) -> memoryview:
        """Reads what has arrived for `person` and counts the deliveries in it. Valid until the next read."""
        keep, size = len(PHRASE), 0
        try:
            size = person.socket.recv_into(self._view[keep:])
            more = size if isinstance(person.socket, ssl.SSLSocket) else 0
            while more and keep + size < len(self._buffer):  # a record at a time
                more = person.socket.recv_into(self._view[keep + size :])
                size += more
        except (BlockingIOError, ssl.SSLWantReadError):
            if not size:
                return self._view[:0]
        except OSError as error:
            raise InvalidRun(f"a connection broke ({error.strerror})") from None
        if not size:
            raise InvalidRun("the server closed a connection")
        tail = person.tail
        start, end = keep - len(tail), keep + size
        self._buffer[start:keep] = tail
        found = self._buffer.count(PHRASE, start, end)
        person.received += found
        self.received += found
        person.tail = bytes(self._view[max(start, end - keep + 1) : end])
        return self._view[keep:end]

    def turn(self, timeout: float) -> int:
        """Reads and writes once wherever that is possible now, or within `timeout` s; how many sockets were ready."""
        ready = self._selector.select(timeout)
        for key, events in ready:
            person = key.data
            more = bool(events & selectors.EVENT_READ)
            while more:
                data = self.read(person)
                if person.keeps:
                    person.kept.append((time.perf_counter_ns(), bytes(data)))
                more = isinstance(person.socket, ssl.SSLSocket) and person.socket.pending() > 0  # no selector tells
            if events & selectors.EVENT_WRITE:
                self._write(person)
        if self.contender.keepalive and time.monotonic() > self._next_keepalive:
            self._next_keepalive += KEEPALIVE
            for person in self.people:
                if not person.outgoing:
                    person.socket.send(self.contender.keepalive)
        return len(ready)

    def _write(self, person: Person) -> None:
        try:
            size = person.socket.send(person.outgoing[:WRITE_SIZE])
        except (BlockingIOError, ssl.SSLWantWriteError):
            return
        except OSError as error:
            raise InvalidRun(f"a connection broke ({error.strerror})") from None
        person.outgoing = person.outgoing[size:]
        if not person.outgoing:
            self._selector.modify(person.socket, selectors.EVENT_READ, person)

    def settle(self) -> None:
        """Returns when nothing has arrived for a quarter of a second: everybody knows of everybody's joining."""
        deadline = time.monotonic() + STALLED
        while self.turn(0.25):
            if time.monotonic() > deadline:
                raise InvalidRun("the server does not come to rest")

    def prepare(self, messages: int) -> None:
        """Writes out what the senders will say, `messages` in all."""
        senders = self.people[:SENDERS]
        for i, person in enumerate(senders):
            share = messages // len(senders) + (i < messages % len(senders))
            numbers = range(person.written, person.written + share)
            lines = [self.contender.line(person.number, n, text_of(person.number, n)) for n in numbers]
            person.outgoing = memoryview(b"".join(lines))
            person.written += share

    def expected(self, person: Person) -> int:
        """How many deliveries `person` gets of all that has been written so far."""
        everything = sum(sender.written for sender in self.people[:SENDERS])
        return everything if self.contender.echoes else everything - person.written

    def pour(self) -> float:
        """Sends what was prepared; the seconds from the first byte until everybody has everything."""
        target = sum(self.expected(person) for person in self.people)
        begin = last = time.perf_counter()
        for person in self.people[:SENDERS]:
            self._selector.modify(person.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, person)
        before = self.received
        while self.received < target:
            ready = self.turn(1.0)
            now = time.perf_counter()
            brought, before = self.received - before, self.received
            if brought:
                last = now
            elif now - last > STALLED:
                raise InvalidRun(f"{target - self.received} of {target} deliveries never came")
            if brought < ENOUGH * ready and self.received < target:
                time.sleep(len(self.people) * REST)
        return now - begin

    def pace(self, seconds: float) -> None:
        """Sends `STEADY_RATE` messages a second, each with its time, and reads until everybody has everything."""
        senders = self.people[:SENDERS]
        begin = time.perf_counter()
        for i in range(int(seconds * STEADY_RATE)):
            due = begin + i / STEADY_RATE
            while (now := time.perf_counter()) < due:
                self._collect(due - now)
            person = senders[i % len(senders)]
            text = text_of(person.number, person.written, time.perf_counter_ns())
            person.socket.send(self.contender.line(person.number, person.written, text))
            person.written += 1
        target = sum(self.expected(person) for person in self.people)
        deadline = time.perf_counter() + STALLED
        while True:
            while self._collect(0.1):
                pass
            for person in self.people:
                person.received = b"".join(data for _, data in person.kept).count(PHRASE)
            self.received = sum(person.received for person in self.people)
            if self.received >= target:
                return
            if time.perf_counter() > deadline:
                raise InvalidRun(f"{target - self.received} of {target} deliveries never came")

    def _collect(self, timeout: float) -> int:
        """Reads as `turn` does and notes the time, but leaves the counting for later: others wait to be read.

        How many sockets were ready within `timeout` s. Looks all the time instead of sleeping: on a virtual machine a
        reader that is woken may wait for the very processor that the server is sending on, which made half a
        millisecond for every kind of server, and says nothing about any.
        """
        deadline = time.perf_counter() + timeout
        while not (ready := self._selector.select(0)):
            if time.perf_counter() >= deadline:
                return 0
        for key, _ in ready:
            person: Person = key.data
            try:
                size = person.socket.recv_into(self._buffer)
            except OSError as error:
                raise InvalidRun(f"a connection broke ({error.strerror})") from None
            if not size:
                raise InvalidRun("the server closed a connection")
            person.kept.append((time.perf_counter_ns(), bytes(self._view[:size])))
        return len(ready)

    def check(self) -> None:
        """Raises `InvalidRun` unless everybody got everything once, and those whose bytes were kept got it in order."""
        self.settle()
        for person in self.people:
            if person.received != self.expected(person):
                raise InvalidRun(f"somebody got {person.received} of {self.expected(person)} messages")
        for person in (self.people[0], self.people[-1]):
            self._check_order(b"".join(data for _, data in person.kept))

    def _check_order(self, received: bytes) -> None:
        """Raises `InvalidRun` when these bytes, all that one person got, hold a text twice, or not in its order."""
        per_sender: dict[int, list[int]] = {}
        for sender, number, _ in TEXT.findall(received):
            per_sender.setdefault(int(sender), []).append(int(number))
        for sender, numbers in per_sender.items():
            if numbers != list(range(self.people[sender].written)):
                raise InvalidRun("a sender's messages arrived in another order than they were sent in")
        if self.contender.numbered:
            seqs = [int(digits) for digits in self.contender.numbered.findall(received)]
            if seqs != list(range(1, self.expected(self.people[-1]) + 1)):
                raise InvalidRun("the messages are not numbered 1, 2, 3 …")

    def latencies(self, since: int) -> list[float]:
        """In ms, for every delivery of a text that was sent after `since` (ns of `time.perf_counter_ns`)."""
        result: list[float] = []
        for person in self.people:
            rest = b""
            for arrived, data in person.kept:
                rest += data
                end = 0
                for match in TEXT.finditer(rest):
                    end = match.end()
                    sent = int(match[3])
                    if sent >= since:
                        result.append((arrived - sent) / 1e6)
                rest = rest[end:]
        return result

    def close(self) -> None:
        """Everybody hangs up."""
        self._selector.close()
        for person in self.people:
            person.socket.close()


# --- the loads --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What one run, or the median of several, showed. None: not measured."""

    server: str
    load: str
    people: int
    deliveries_per_second: float | None = None
    cpu_us_per_delivery: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    idle_mib: float | None = None  # resident, everybody joined and nobody writing
    peak_mib: float | None = None
    crowd_percent: float | None = None  # of one core, used by this process
    others_percent: float | None = None  # of one core, used by neither: whatever else this machine was doing
    problem: str = ""  # why there are no numbers

    @staticmethod
    def numbers() -> list[str]:
        """The names of the fields that are measured."""
        return [f.name for f in fields(Result) if f.name not in ("server", "load", "people", "problem")]


def flood(contender: Contender, people: int, messages: int, where: Path | None = None) -> Result:
    """One flood of `messages`; raises `InvalidRun`."""
    with running(contender, where) as server, contextlib.closing(Crowd(contender, server.port, people)) as crowd:
        crowd.settle()
        idle = server.memory_mib("VmRSS")
        crowd.prepare(max(SENDERS, messages // 10))
        crowd.pour()
        crowd.prepare(messages)
        before, watch = crowd.received, Stopwatch(server)
        with no_garbage_collection():
            crowd.pour()
        result = watch.result(Result(contender.name, "flood", people, idle_mib=idle), crowd.received - before)
        crowd.check()
    return result


def steady(contender: Contender, people: int, seconds: float, where: Path | None = None) -> Result:
    """`STEADY_RATE` messages a second for `seconds` after up to half a second of the same; raises `InvalidRun`."""
    with running(contender, where) as server, contextlib.closing(Crowd(contender, server.port, people)) as crowd:
        crowd.settle()
        idle = server.memory_mib("VmRSS")
        for person in crowd.people:
            person.keeps = True
        crowd.pace(min(0.5, seconds))
        before, begin, watch = crowd.received, time.perf_counter_ns(), Stopwatch(server)
        with no_garbage_collection():
            crowd.pace(seconds)
        result = watch.result(Result(contender.name, "steady", people, idle_mib=idle), crowd.received - before)
        crowd.check()
        latencies = sorted(crowd.latencies(begin))
    if len(latencies) != crowd.received - before:
        raise InvalidRun(f"{crowd.received - before} deliveries, but {len(latencies)} could be read")
    return replace(result, p50_ms=latencies[len(latencies) // 2], p99_ms=latencies[len(latencies) * 99 // 100])


class Stopwatch:
    """What the server, the crowd and everybody else on the machine used, from the moment this is made."""

    def __init__(self, server: Running) -> None:
        self._server = server
        self._begin = self._now()

    def _now(self) -> tuple[float, float, float, float]:
        """Time of day, and CPU seconds of the crowd, the server and the whole machine; nan: unknown."""
        return time.perf_counter(), time.process_time(), self._server.cpu_seconds(), machine_cpu_seconds()

    def result(self, run: Result, deliveries: int) -> Result:
        """`run` with what was measured until now."""
        seconds, crowd, server, machine = (now - begin for now, begin in zip(self._now(), self._begin, strict=True))
        return replace(
            run,
            deliveries_per_second=deliveries / seconds,
            cpu_us_per_delivery=known(server * 1e6 / deliveries),
            peak_mib=self._server.memory_mib("VmHWM"),
            crowd_percent=100 * crowd / seconds,
            others_percent=known(100 * max(0.0, machine - server - crowd) / seconds),
        )


def machine_cpu_seconds() -> float:
    """CPU seconds that all cores together have spent on anything; nan where there is no /proc."""
    with contextlib.suppress(OSError):
        user, nice, system, _, _, irq, softirq, steal, *_ = Path("/proc/stat").read_text().split()[1:]
        return sum(map(int, (user, nice, system, irq, softirq, steal))) / os.sysconf("SC_CLK_TCK")
    return math.nan


def known(number: float) -> float | None:
    """None for nan."""
    return None if math.isnan(number) else number


@contextlib.contextmanager
def no_garbage_collection() -> Iterator[None]:
    """The crowd's own collector would walk all that was kept, and show up as latency."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


# --- the whole run ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    contenders: Sequence[Contender]
    loads: Sequence[str]
    people: Sequence[int]
    seconds: float
    rounds: int
    where: Path | None = None  # the folder for everything on disk

    def cases(self) -> list[tuple[str, int]]:
        """Load and people of each block of the table."""
        floods = [("flood", people) for people in self.people] if "flood" in self.loads else []
        return floods + ([("steady", min(STEADY_PEOPLE, *self.people))] if "steady" in self.loads else [])

    def measure(self, contender: Contender, load: str, people: int) -> Result:
        """One run; what went wrong with it is in the result's `problem`."""
        try:
            if load == "steady":
                return steady(contender, people, self.seconds, self.where)
            messages = int(self.seconds * min(FLOOD_REFERENCE / people, FLOOD_MESSAGES))
            return flood(contender, people, messages, self.where)
        except (InvalidRun, OSError) as problem:
            return Result(contender.name, load, people, problem=str(problem))

    def run(self) -> list[Result]:
        """All of it, one server after another in every round; the medians, case by case."""
        runs: dict[tuple[str, int, str], list[Result]] = {}
        for number in range(self.rounds):
            for load, people in self.cases():
                for contender in self.contenders:
                    if contender.encrypted and (load, people) != self.cases()[0]:
                        continue
                    say(f"round {number + 1} of {self.rounds}: {load}, {people} people, {contender.name}")
                    result = self.measure(contender, load, people)
                    runs.setdefault((load, people, contender.name), []).append(result)
            for load, people in self.cases():  # the crowd's ceiling needs no second round
                if load == "flood" and number == 0:
                    say(f"the crowd's own ceiling, {people} people")
                    runs[load, people, "~"] = [self.measure(Relay(), load, people)]
        order = {case: i for i, case in enumerate(self.cases())}
        return [median(results) for key, results in sorted(runs.items(), key=lambda item: order[item[0][:2]])]


def say(words: str) -> None:
    """Tells a person who waits what is going on."""
    print(words, file=sys.stderr, flush=True)


def median(results: Sequence[Result]) -> Result:
    """The median of each number over the calm rounds, or over all when none was; one invalid run makes all invalid."""
    for result in results:
        if result.problem:
            return result
    results = [result for result in results if (result.others_percent or 0) <= NOISE] or results
    numbers: dict[str, float] = {}
    for name in Result.numbers():
        values = [getattr(result, name) for result in results]
        if None not in values:
            numbers[name] = statistics.median(values)
    return replace(results[0], **numbers)  # type: ignore[arg-type]  # the names are those of numbers


def table(results: Sequence[Result]) -> str:
    """The results as text; the last column is Hallway's number divided by this server's."""
    heads = ("server", "load", "people", "deliveries/s", "CPU µs", "p50 ms", "p99 ms", "peak MiB", "crowd", "others")
    rows = [(*heads, "Hallway ÷")]
    ours = {(r.load, r.people): r for r in results if r.server == Hallway.name}
    for r in results:
        start = (r.server, r.load, f"{r.people:,}")
        if r.problem:
            rows.append((*start, f"invalid: {r.problem}", *("",) * 7))
            continue
        cells = (
            shown(r.deliveries_per_second, ",.0f"),
            shown(r.cpu_us_per_delivery, ".3f"),
            *(shown(r.p50_ms, ".2f"), shown(r.p99_ms, ".2f"), shown(r.peak_mib, ".0f")),
            *(shown(r.crowd_percent, ".0f", " %"), shown(r.others_percent, ".0f", " %")),
        )
        rows.append((*start, *cells, ratio(ours.get((r.load, r.people)), r)))
    widths = [max(len(row[i]) for row in rows if not row[3].startswith("invalid")) for i in range(len(rows[0]))]
    return "\n".join("  ".join(place(cell, widths[i], i) for i, cell in enumerate(row)).rstrip() for row in rows)


def place(cell: str, width: int, column: int) -> str:
    """Words to the left, numbers to the right."""
    return cell.ljust(width) if column < 2 or cell.startswith("invalid") else cell.rjust(width)


def shown(number: float | None, form: str, unit: str = "") -> str:
    """`number` for the table; nothing where nothing was measured."""
    return "" if number is None else format(number, form) + unit


def ratio(ours: Result | None, theirs: Result) -> str:
    """Hallway ÷ theirs: deliveries of a flood, p50 and p99 of a steady load."""
    if ours is None or ours.problem or theirs.server == ours.server:
        return ""
    if ours.p50_ms and ours.p99_ms and theirs.p50_ms and theirs.p99_ms:
        return f"{ours.p50_ms / theirs.p50_ms:.2f}, {ours.p99_ms / theirs.p99_ms:.2f}"
    if ours.deliveries_per_second and theirs.deliveries_per_second:
        return f"{ours.deliveries_per_second / theirs.deliveries_per_second:.2f}"
    return ""


def verdicts(results: Sequence[Result]) -> list[str]:
    """One sentence for each goal that these results say something about."""
    sentences: list[str] = []
    for ours in (r for r in results if r.server == Hallway.name and not r.problem):
        others = [r for r in results if r.load == ours.load and r.people == ours.people and not r.problem]
        tls = next((r for r in others if r.server == HallwayTls.name), None)
        if tls and tls.cpu_us_per_delivery and ours.cpu_us_per_delivery:
            times = tls.cpu_us_per_delivery / ours.cpu_us_per_delivery
            sentences.append(
                f"{ours.load} with TLS, {ours.people:,} people: {times:.2f} times the CPU (goal: {TLS_GOAL})"
            )
        others = [r for r in others if r.server in CONTENDERS and not r.server.startswith(Hallway.name)]
        if ours.load == "steady" and ours.p50_ms and ours.p99_ms:
            worst = max((r.p99_ms for r in others if r.p99_ms), default=None)
            than = f", p99 {ours.p99_ms:.2f} ms (goal: at most {worst:.2f}, the worst of the others)" if worst else ""
            sentences.append(f"steady, p50 {ours.p50_ms:.2f} ms (goal: under {STEADY_GOAL}){than}")
        rates = {r.deliveries_per_second: r.server for r in others if r.deliveries_per_second}
        if ours.load == "flood" and ours.deliveries_per_second and rates:
            times = ours.deliveries_per_second / max(rates)
            goal = f" (goal: {FLOOD_GOALS[ours.people]})" if ours.people in FLOOD_GOALS else ""
            sentences.append(f"flood, {ours.people:,} people: {times:.2f} times {rates[max(rates)]}, the fastest{goal}")
        if ours.people == 1000 and ours.idle_mib:
            sentences.append(f"1,000 people joined, idle: {ours.idle_mib:.0f} MiB resident (goal: {RESIDENT_GOAL})")
    if any((r.others_percent or 0) > NOISE for r in results):
        sentences.append(f"others used more than {NOISE} % of a core: these numbers say less than they could")
    return sentences


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    """The command line, understood."""
    parser = argparse.ArgumentParser(description="Measures Hallway beside ngircd, Redis and NATS, where installed.")
    parser.add_argument("--people", type=int, nargs="+", default=[100, 1000], metavar="N", help="default: 100 1000")
    parser.add_argument("--seconds", type=float, default=4.0, metavar="N", help="size of each run (default: 4)")
    parser.add_argument("--loads", nargs="+", choices=["flood", "steady"], default=["flood", "steady"])
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS), help="these servers")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="the median is shown (default: 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there as well")
    parser.add_argument("--relay", type=int, help=argparse.SUPPRESS)  # this process is the relay, on that port
    chosen = parser.parse_args(words)
    if min(chosen.people) < 2 or chosen.rounds < 1 or not 0 < chosen.seconds <= 60:
        parser.error("at least 2 people, 1 round, and more than 0 and at most 60 seconds")
    return chosen


def allow_descriptors(wanted: int) -> None:
    """Asks the system for so many open connections, for this process and the servers it starts."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # no such limit, or no more to be had: then it shows
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < wanted:
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def main(words: Sequence[str] | None = None) -> int:
    """Measures, prints, and returns the exit status: 1 when a run was invalid."""
    chosen = arguments(words)
    if chosen.relay:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches it too, but it is the crowd that ends it,
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # at once
        relay(chosen.relay)
        return 0
    allow_descriptors(3 * max(chosen.people) + 100)
    contenders = [CONTENDERS[name] for name in chosen.only if shutil.which(CONTENDERS[name].program)]
    missing = [name for name in chosen.only if not shutil.which(CONTENDERS[name].program)]
    plan = Plan(contenders, chosen.loads, chosen.people, chosen.seconds, chosen.rounds)
    results = plan.run()
    print(table(results))
    print(*(["", *verdicts(results)]), sep="\n")
    print(f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, ", end="")
    print(f"history on {file_system(disk_folder()) or 'disk'}, median of {chosen.rounds}")
    if missing:
        print(f"not installed here: {', '.join(missing)}")
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    return 1 if any(result.problem for result in results) else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended as well
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
