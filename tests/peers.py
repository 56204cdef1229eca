"""The other end of the wire for tests: raw sockets that say what a test wants said, well or badly.

A test with them reads like a transcript:

    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    id = ada.say("hello")

    ada.expect("ack", id=id)
    bob.expect("message", sender="Ada", text="hello")

`Peer` speaks the protocol, `TextPeer` is somebody with telnet, `Netcat` is the real `nc`. Each belongs to one thread.
`AckKeeper` stands between a client and the server, in threads of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Protocol, TypeVar

import pytest

import names
import protocol
from processes import ANSWER_SECONDS, CHECKOUT, START_SECONDS, STOP_SECONDS
from protocol import (
    EVENTS,
    VERSION,
    Ack,
    BadLine,
    Bye,
    Command,
    Decoder,
    Error,
    Event,
    Hello,
    Message,
    Ping,
    Pong,
    Send,
    Welcome,
)

_ids = itertools.count(1)
_open: set[Connection | AckKeeper] = set()  # closed when the test ends, whoever still holds them
# What proves to a server that a name is one's own, kept as a client would until the test ends. Key: the server's port
# and the name's key.
_tokens: dict[tuple[int, str], str] = {}
AnyPeer = TypeVar("AnyPeer", bound="Connection")


class Address(Protocol):
    """What a peer connects to: a `ServerProcess`, or a proxy in front of one."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...


def close_all() -> None:
    """Closes what the test that just ended left open."""
    for peer in list(_open):
        peer.close()
    _tokens.clear()


def token_of(server: Address, name: str) -> str | None:
    """The token that was issued for a name, if this test has seen one."""
    return _tokens.get((server.port, names.name_key(name)))


class Connection:
    """A socket with deadlines: what every kind of peer is made of."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.ended = False  # the other side closed or reset the connection
        _open.add(self)

    def __enter__(self: AnyPeer) -> AnyPeer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def send_bytes(self, data: bytes) -> None:
        """Sends exactly these bytes. Fails when the other side does not take them within 10 s."""
        self.socket.settimeout(ANSWER_SECONDS)
        self.socket.sendall(data)

    def finish_writing(self) -> None:
        """Half-closes the connection: the other side reads its end, and may still write."""
        with contextlib.suppress(OSError):  # the other side was faster
            self.socket.shutdown(socket.SHUT_WR)

    def closed(self, seconds: float = ANSWER_SECONDS) -> bool:
        """Reads on (keeping what comes) until the other side closes; false when it has not after `seconds`."""
        deadline = time.monotonic() + seconds
        while not self.ended and time.monotonic() < deadline:
            self._receive(deadline)
        return self.ended

    def close(self) -> None:
        """Goes without a word, like a client that was killed."""
        _open.discard(self)
        self.socket.close()

    def reset(self) -> None:
        """Goes with a TCP reset, like a machine that lost its memory of the connection."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def _receive(self, deadline: float) -> bool:
        """Takes the next bytes there are; false when none came before `deadline` or the connection is at its end."""
        if self.ended:
            return False
        self.socket.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return False
        except OSError:  # reset: the end as well
            data = b""
        self.ended = not data
        if data:
            self._take(data)
        return not self.ended

    def _take(self, data: bytes) -> None:
        raise NotImplementedError


def _dial(server: Address, receive_buffer: int | None = None, tls: bool = False) -> socket.socket:
    """A connected socket. A small `receive_buffer` (bytes) lets a test fill the way to it quickly.

    With `tls` it is one of Python's own, which has nothing of what the server is made of.
    """
    connected = socket.socket()
    if receive_buffer is not None:  # only counts before connecting
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connected.settimeout(ANSWER_SECONDS)
    connected.connect((server.host, server.port))
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return any_certificate().wrap_socket(connected) if tls else connected


def any_certificate() -> ssl.SSLContext:
    """For clients that do not look at the server's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Peer(Connection):
    """A client that speaks the protocol and does nothing by itself except answer pings."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__(connected)
        self.name = ""
        self.welcome: Welcome | None = None
        self.messages: list[Message] = []  # every `message` event that ever came, in order
        self.answers_pings = True
        self._waiting: list[Event] = []  # came, and no `expect` has asked for it yet
        self._decoder: Decoder[Event] = Decoder(EVENTS)

    @classmethod
    def connect(cls, server: Address, receive_buffer: int | None = None, tls: bool = False) -> Peer:
        """A connection on which nothing was said yet."""
        return cls(_dial(server, receive_buffer, tls))

    @classmethod
    def join(
        cls,
        server: Address,
        name: str,
        *,
        token: str | None = None,
        password: str | None = None,
        history: str | None = None,
        after: int | None = None,
        receive_buffer: int | None = None,
        tls: bool = False,
    ) -> Peer:
        """Somebody who has said `hello` and was made welcome; without a `token` given, with what they were issued."""
        peer = cls.connect(server, receive_buffer, tls)
        peer.hello(name, token=token or token_of(server, name), password=password, history=history, after=after)
        peer.expect_welcome()
        return peer

    def hello(
        self,
        name: str,
        *,
        token: str | None = None,
        password: str | None = None,
        history: str | None = None,
        after: int | None = None,
    ) -> None:
        """Says `hello`, and does not wait for the answer."""
        self.send(Hello(VERSION, name, token, password, history, after))

    def expect_welcome(self) -> Welcome:
        """Waits for the `welcome`, which from then on is `self.welcome`."""
        welcome = self.expect("welcome")
        assert isinstance(welcome, Welcome)
        self.welcome = welcome
        self.name = welcome.name
        if welcome.token is not None:
            _tokens[self.socket.getpeername()[1], names.name_key(welcome.name)] = welcome.token
        return welcome

    def say(self, text: str, to: str | None = None, id: str | None = None) -> str:
        """Sends `text` and returns its id (a fresh one unless given), without waiting for anything."""
        id = id or f"{self.name}-{next(_ids)}"
        self.send(Send(id, text, to))
        return id

    def send(self, command: Command) -> None:
        self.send_bytes(protocol.encode(command))

    def send_line(self, fields: Mapping[str, Any]) -> None:
        """Sends any JSON object as a line, also one that no honest client would."""
        self.send_bytes(json.dumps(fields).encode() + b"\n")

    def expect(self, kind: str, seconds: float = ANSWER_SECONDS, **fields: Any) -> Any:
        """Waits for the next event of type `kind`; its fields must be these. Other types stay for their own `expect`.

        Returns the event. Typed Any, because `kind` decides which event that is.
        """
        deadline = time.monotonic() + seconds
        asked = f"{kind} {fields or ''}".strip()
        while True:
            for i, event in enumerate(self._waiting):
                if event.type == kind:
                    if not _has(event, fields):
                        pytest.fail(f"{self.name or 'peer'} expected {asked}, and got {event}")
                    return self._waiting.pop(i)
            if not self._receive(deadline):
                self._fail_without(asked, seconds)

    def expect_any(self, *kinds: str, seconds: float = ANSWER_SECONDS) -> Any:
        """Waits for the next event of one of these types, and returns it. Others stay for their own `expect`."""
        deadline = time.monotonic() + seconds
        while True:
            for i, event in enumerate(self._waiting):
                if event.type in kinds:
                    return self._waiting.pop(i)
            if not self._receive(deadline):
                self._fail_without(" or ".join(kinds), seconds)

    def events_until(self, kind: str, seconds: float = ANSWER_SECONDS, **fields: Any) -> list[Event]:
        """Everything that came and nobody asked for, up to the first event of type `kind` with these fields.

        To show that something did *not* come: say something that will, and look at what came before it.
        """
        deadline = time.monotonic() + seconds
        seen = 0
        while True:
            for i in range(seen, len(self._waiting)):
                if self._waiting[i].type == kind and _has(self._waiting[i], fields):
                    events = self._waiting[: i + 1]
                    del self._waiting[: i + 1]
                    return events
            seen = len(self._waiting)
            if not self._receive(deadline):
                self._fail_without(f"{kind} {fields or ''}".strip(), seconds)

    def read_until(self, count: int, seconds: float = ANSWER_SECONDS) -> list[Message]:
        """Reads until `count` messages have come in all, and returns them: `self.messages`."""
        deadline = time.monotonic() + seconds
        while len(self.messages) < count:
            if not self._receive(deadline):
                self._fail_without(f"{count} messages", seconds)
        return self.messages

    def answer(self, id: str) -> Ack | Error:
        """What the server says about the message `id`, whichever of the two it is."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            for event in self._waiting:
                if isinstance(event, (Ack, Error)) and event.id == id:
                    self._waiting.remove(event)
                    return event
            if not self._receive(deadline):
                self._fail_without(f"an answer to {id}", ANSWER_SECONDS)

    def bye(self) -> None:
        """Leaves as a client does that is closed: says `bye`, then goes."""
        self.send(Bye())
        self.close()

    def _fail_without(self, asked: str, seconds: float) -> NoReturn:
        why = "the connection ended" if self.ended else f"nothing like it came in {seconds:g} s"
        came = "\n".join(str(event)[:300] for event in self._waiting[-20:]) or "nothing"
        pytest.fail(f"{self.name or 'peer'} expected {asked}: {why}. Came and not asked for:\n{came}")

    def _take(self, data: bytes) -> None:
        for event in self._decoder.feed(data):
            if isinstance(event, BadLine):
                pytest.fail(f"the server wrote a line that cannot be read: {event}")
            elif isinstance(event, Ping) and self.answers_pings:
                with contextlib.suppress(OSError):  # gone meanwhile; the next read says so
                    self.send(Pong())
            else:
                if isinstance(event, Message):
                    self.messages.append(event)
                self._waiting.append(event)


def _has(event: Event, fields: Mapping[str, Any]) -> bool:
    return all(getattr(event, name) == value for name, value in fields.items())


class RawPeer(Connection):
    """A client that takes lines as they come: for floods that would take too long to decode."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__(connected)
        self.messages: list[bytes] = []  # every `message` line, in order
        self.others: list[bytes] = []  # every other line
        self._rest = b""

    @classmethod
    def connect(cls, server: Address, receive_buffer: int | None = None, tls: bool = False) -> RawPeer:
        """A connection on which nothing was said yet."""
        return cls(_dial(server, receive_buffer, tls))

    @classmethod
    def join(cls, server: Address, name: str, receive_buffer: int | None = None, tls: bool = False) -> RawPeer:
        """Somebody who has said `hello`; whether they were made welcome is among the lines."""
        peer = cls.connect(server, receive_buffer, tls)
        peer.send_bytes(protocol.encode(Hello(VERSION, name, token_of(server, name))))
        return peer

    def read_messages(self, count: int, seconds: float = ANSWER_SECONDS) -> list[bytes]:
        """Reads until `count` messages have come in all, and returns them: `self.messages`."""
        self.read_until(lambda: len(self.messages) >= count, f"{count} messages", seconds)
        return self.messages

    def read_others(self, kind: str, count: int, seconds: float = ANSWER_SECONDS) -> list[bytes]:
        """Reads until `count` lines of another type have come, and returns all of that type."""
        start = b'{"type":"%s"' % kind.encode()
        seen = found = 0

        def enough() -> bool:
            nonlocal seen, found
            found += sum(line.startswith(start) for line in self.others[seen:])
            seen = len(self.others)
            return found >= count

        self.read_until(enough, f"{count} lines of type {kind}", seconds)
        return [line for line in self.others if line.startswith(start)]

    @property
    def seqs(self) -> list[int]:
        """The seq of every message, as they came."""
        return [int(line[len(b'{"type":"message","seq":') : line.index(b',"time"')]) for line in self.messages]

    def has(self, part: bytes) -> bool:
        """Whether a line that is no message holds `part`."""
        return any(part in line for line in self.others)

    def read_until(self, condition: Callable[[], bool], asked: str, seconds: float = ANSWER_SECONDS) -> None:
        """Reads until `condition()` is true; fails after `seconds`, saying that `asked` did not come."""
        deadline = time.monotonic() + seconds
        while not condition():
            if not self._receive(deadline):
                why = "the connection ended" if self.ended else f"they did not come in {seconds:g} s"
                pytest.fail(f"expected {asked}: {why}. Messages: {len(self.messages)}, last lines {self.others[-3:]}")

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            (self.messages if line.startswith(b'{"type":"message"') else self.others).append(line)
            if line.startswith(b'{"type":"welcome"') and b'"token"' in line:
                welcome = json.loads(line)
                _tokens[self.socket.getpeername()[1], names.name_key(welcome["name"])] = welcome["token"]


class TextPeer(Connection):
    """Somebody who reads and types lines: telnet, or any program on the other end of a socket."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__(connected)
        self.lines: list[str] = []  # every line that was read, asked for or not
        self._rest = b""  # came, and is not read yet

    @classmethod
    def connect(cls, server: Address, tls: bool = False) -> TextPeer:
        """A connection on which nothing was typed yet."""
        return cls(_dial(server, tls=tls))

    @classmethod
    def join(cls, server: Address, name: str) -> TextPeer:
        """Somebody who typed a name and was registered under it."""
        peer = cls.connect(server)
        peer.type(name)
        peer.expect_line(f"Registration successful. Welcome to the chat, {name}!")
        return peer

    def type(self, line: str) -> None:
        """Types `line` and Enter."""
        self.send_bytes(line.encode() + b"\n")

    def expect_prompt(self, prompt: str, seconds: float = ANSWER_SECONDS) -> None:
        """Waits until `prompt` stands there, with no newline behind it yet. Lines before it are read over."""
        deadline = time.monotonic() + seconds
        while not self._rest.decode(errors="replace").rpartition("\n")[2].endswith(prompt):
            if not self._receive(deadline):
                self._fail_without(prompt, seconds)
        self.lines += self._rest.decode(errors="replace").splitlines()
        self._rest = b""

    def expect_line(self, expected: str | re.Pattern[str], seconds: float = ANSWER_SECONDS) -> str:
        """Waits for a line that is `expected` (with or without a `[12:03] ` before it), or all of which it matches.

        Lines before it are read over; they are in `lines`.
        """
        deadline = time.monotonic() + seconds
        while True:
            while b"\n" in self._rest:
                raw, _, self._rest = self._rest.partition(b"\n")
                line = raw.decode(errors="replace").rstrip("\r")
                self.lines.append(line)
                if isinstance(expected, str):
                    if re.sub(r"^\[\d\d:\d\d\] ", "", line) == expected or line == expected:
                        return line
                elif expected.fullmatch(line):
                    return line
            if not self._receive(deadline):
                self._fail_without(str(expected), seconds)

    def _fail_without(self, expected: str, seconds: float) -> NoReturn:
        why = "the connection ended" if self.ended else f"it did not come in {seconds:g} s"
        came = "\n".join([*self.lines[-20:], self._rest.decode(errors="replace")])
        pytest.fail(f"expected {expected!r}: {why}. What stands there:\n{came}")

    def _take(self, data: bytes) -> None:
        self._rest += data


class Program(TextPeer):
    """A program with this test at its keyboard: what it writes is read, what is typed it reads."""

    process: subprocess.Popen[bytes]

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Starts `command`. Its standard input, output and errors are one socket, so that reading has deadlines."""
        if sys.platform == "win32":
            pytest.skip("programs cannot be given a socket as their standard input on Windows")
        ours, theirs = socket.socketpair()
        with theirs:
            end = theirs.fileno()
            self.process = subprocess.Popen(command, stdin=end, stdout=end, stderr=end, env=environment)
        super().__init__(ours)

    def wait(self, seconds: float = ANSWER_SECONDS) -> int:
        """Reads what the program still writes until it ends, and returns its exit status."""
        if not self.closed(seconds):
            self._fail_without("the end of the program", seconds)
        return self.process.wait(seconds)

    def close(self) -> None:
        super().close()
        self.process.kill()
        self.process.wait(ANSWER_SECONDS)


class Netcat(Program):
    """The real `nc`, as people have it.

    It ends when the server has closed the connection and its standard input is at its end as well, so to see that the
    server closed: `netcat.finish_writing()`, then `netcat.wait()`.
    """

    def __init__(self, server: Address) -> None:
        netcat = shutil.which("nc")
        if netcat is None:
            pytest.skip("there is no nc on this machine")
        super().__init__([netcat, server.host, str(server.port)])


# Makes the pseudo-terminal the controlling one, as a shell's is, and becomes the server.
_ON_A_TERMINAL = (
    "import fcntl,os,sys,termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


class Keyboard(TextPeer):
    """A program on a pseudo-terminal, with this test at its keyboard."""

    def __init__(self, *command: str, **environment: str) -> None:
        if sys.platform == "win32":
            pytest.skip("Windows has no pseudo-terminals of this kind")
        self._master, slave = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ON_A_TERMINAL, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=os.environ | {"PYTHONUTF8": "1"} | environment,
        )
        os.close(slave)
        ours, self._theirs = socket.socketpair()
        self._carrier = threading.Thread(target=self._carry, name="terminal", daemon=True)
        self._carrier.start()
        super().__init__(ours)

    def _carry(self) -> None:
        """A socket can be read with a deadline, a pseudo-terminal cannot."""
        with contextlib.suppress(OSError):  # EIO: nobody has the other end open any more
            while data := os.read(self._master, 65536):
                self._theirs.sendall(data)
        self._theirs.close()

    def send_bytes(self, data: bytes) -> None:
        os.write(self._master, data)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """The exit status; fails when there is none in time."""
        status = self.process.wait(seconds)
        self._carrier.join(seconds)
        return status

    def close(self) -> None:
        super().close()
        self.process.kill()
        self.process.wait(ANSWER_SECONDS)
        self._carrier.join(ANSWER_SECONDS)
        with contextlib.suppress(OSError):
            os.close(self._master)
        self._master = -1


class Operated:
    """The real server, with its operator at the terminal."""

    host = "127.0.0.1"

    def __init__(self, data: Path, *arguments: str, **environment: str) -> None:
        self.data = data
        self.port = 0
        self._arguments = arguments
        self._environment = environment
        self._launch()

    def _launch(self) -> None:
        command = [sys.executable, str(CHECKOUT / "server.py"), "--host", self.host, "--port", str(self.port)]
        command += ["--data", str(self.data), "--rate", "0", *self._arguments]
        self.keyboard = Keyboard(*command, **self._environment)
        line = self.keyboard.expect_line(re.compile(r"Listening on port \d+"), START_SECONDS)
        self.port = int(line.rpartition(" ")[2])

    @property
    def pid(self) -> int:
        return self.keyboard.process.pid

    @property
    def output(self) -> str:
        return "\n".join(self.keyboard.lines)

    def type(self, line: str) -> None:
        self.keyboard.type(line)

    def expect(self, line: str | re.Pattern[str]) -> str:
        """Waits for a line on the terminal."""
        return self.keyboard.expect_line(line)

    def restart(self) -> None:
        """Stops it as Ctrl-C does, and starts it again."""
        self.type("quit")
        assert self.keyboard.wait() == 0
        self.keyboard.close()
        self._launch()


class AckKeeper:
    """A proxy that lets everything through but acks, which it keeps until told otherwise."""

    host = "127.0.0.1"

    def __init__(self, server: Address) -> None:
        self.keeps = True
        self.acks: list[Ack] = []  # that nobody got
        self._server = server
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []  # of both sides
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        _open.add(self)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near = self._listener.accept()[0]
                self._sockets.append(near)
                far = socket.create_connection((self._server.host, self._server.port))
                self._sockets.append(far)
                self._threads += [
                    threading.Thread(target=self._carry, args=(near, far, bytes)),
                    threading.Thread(target=self._carry, args=(far, near, self._without_ack)),
                ]
                for thread in self._threads[-2:]:
                    thread.start()

    def _carry(self, source: socket.socket, target: socket.socket, passes: Callable[[bytes], bytes]) -> None:
        with contextlib.suppress(OSError), source.makefile("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):  # torn: the server was killed
                    break
                target.sendall(passes(line))
        _shut(source, target)

    def _without_ack(self, line: bytes) -> bytes:
        if not self.keeps or not line.startswith(b'{"type":"ack"'):
            return line
        ack = Decoder(EVENTS).feed(line)[0]
        assert isinstance(ack, Ack)
        self.acks.append(ack)
        return b""

    def drop(self) -> None:
        """Ends every connection there is; new ones can be made."""
        _shut(*self._sockets)

    def close(self) -> None:
        """Ends every connection and takes no further one."""
        _open.discard(self)
        _shut(self._listener, *self._sockets)
        for thread in self._threads:
            thread.join(ANSWER_SECONDS)
        for each in (self._listener, *self._sockets):
            each.close()


class Recorder(AckKeeper):
    """A proxy that lets everything through as it is, and keeps a copy: what somebody on the network could read."""

    def __init__(self, server: Address) -> None:
        self.heard = bytearray()  # of both directions, in pieces as they came
        super().__init__(server)

    def _carry(self, source: socket.socket, target: socket.socket, passes: Callable[[bytes], bytes]) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.heard += data
                target.sendall(data)
        _shut(source, target)


def _shut(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):  # ended already
            each.shutdown(socket.SHUT_RDWR)
