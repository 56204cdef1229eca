"""Hallway's server: `python3 server.py`.

The main thread reads the command line, starts everything and waits for the end. One thread accepts for each address
listened on, one thread per connection shakes hands, reads and understands (`Connection`), one reads what the operator
types (`terminal.py`), and the hub (`hub.py`) does everything that concerns more than one person.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import getpass
import logging
import os
import queue
import re
import secrets
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from json.encoder import encode_basestring as quote
from math import ceil
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from certificate import NoCertificate, fingerprint_of, in_words, own_certificate
from delivery import WIRE, WORDS, Client
from door import Door, Pace, is_own
from history import HistoryError, Reader, SearchTooLong, data_folder
from hub import ORDER_SIZE, Gone, Hub, Join, Order, Orders, Stop, Tell, Who
from link import SEND_BUFFER, Link, TlsLink, server_context
from protocol import (
    DEFAULT_PORT,
    MAX_LINE,
    MAX_NAME,
    MAX_SECRET,
    MAX_TEXT,
    NAME_QUESTION,
    PING_SECONDS,
    SILENT_SECONDS,
    VERSION,
    AskHistory,
    AskSearch,
    BadLine,
    Bye,
    Command,
    CommandDecoder,
    Error,
    Found,
    Hello,
    LineSplitter,
    NameProblem,
    Page,
    Ping,
    PlainSends,
    Pong,
    SeenWith,
    Send,
    TypingTo,
    __version__,
    check_name,
    clean_line,
    clean_text,
    name_key,
    read_port,
)
from terminal import Terminal

# From connecting to a name, the handshake included: a program takes milliseconds, and silent connections cost threads.
JOIN_SECONDS = 10.0
NAME_SECONDS = 60.0  # more for a person, whose name may be refused, to think of another
PROMPT_SECONDS = 1.0  # of silence before somebody is taken for a person
LAST_WORD_SECONDS = 1.0  # for a sentence to arrive before the connection is closed
SEND_BURST = 20  # messages at once when --rate allows fewer a second: what somebody pastes, or wrote while offline
ASK_RATE = 50.0  # other commands a second for one person: scrolling fast asks for ten pages
ASK_BURST = 100
LOG_COST = 5  # how many other commands a page or a search counts for
BYTE_RATE = 256 * 1024  # bytes a second from one person: more than 5 of the longest messages; parsing takes its time
BYTE_BURST = 1024 * 1024
NAME_RATE = 5.0  # names a second that one connection may try, whatever --rate says: nobody is held up by it
NAME_BURST = 10
LOG_READERS = 2  # pages and searches at once: a hundred people who search leave the processor to those who write
# Connections beside those of --max-clients that may be about to join: everybody at once after a restart, or nine
# computers with nothing good in mind that take all they may.
UNJOINED = 600
MAX_CLIENTS = 2000  # a thread each; 4,000 were measured to take 63 MiB
SPARE_DESCRIPTORS = 64  # for the log, its readers and what Python needs
ANSWERS_SIZE = 32 * 1024  # bytes of answers that one post holds: who asks a lot at once reads some before we go on
ACCEPT_PAUSE = 1.0  # seconds, when the system has no descriptor or thread left
STOP_SECONDS = 3.0  # for the threads to end
LOG_LINES = 10_000  # waiting to be written; a terminal that stands still costs lines, not the chat

TLS_BEGINS = b"\x16"  # the first byte of a handshake (RFC 8446, 5.1), which nothing else here begins with
NOT_ENCRYPTED = "This chat is not encrypted."
PASSWORD_QUESTION = "Password: "  # noqa: S105 - the question, not the answer

NOTHING_LEFT = "The system has no thread or no open file left for the chat. Close other programs, and start it again."

log = logging.getLogger("hallway")


class Options(NamedTuple):
    """What the command line and the environment ask for."""

    host: str | None  # None: every address of this machine
    port: int
    name: str
    data: Path
    rate: float  # messages a second for one person; 0: no limit
    max_clients: int
    plaintext: bool = False
    certificate: Path | None = None  # None: one of our own making
    key: Path | None = None  # None: it is in the certificate's file


class StartError(Exception):
    """The server cannot start; `str(error)` says why and what to do."""


def _size(order: Order) -> int:
    """Bytes that an order counts for in a batch, about."""
    if isinstance(order, PlainSends):
        return ORDER_SIZE * len(order.said) + order.size
    return ORDER_SIZE + (len(order.text) if isinstance(order, Send) else 0)


# What no person types for a name: the first line of HTTP and its like, and control characters that no key of a
# terminal makes. Browsers and port scanners find every port sooner or later, and are not to be heard by everybody.
_NOT_TYPED = re.compile(rb"^[A-Z]+ \S+ [A-Z]+/\d|[\x00-\x07\x0e-\x1a\x1c-\x1f]")


class Connection(threading.Thread):
    """Reads one connection, from its first byte to its last; everything shared is the hub's."""

    def __init__(self, server: Server, accepted: socket.socket, host: str, port: int) -> None:
        """`host` and `port` are the other side's."""
        # daemon: one that hangs does not keep Python
        super().__init__(name=f"hallway-client-{host}:{port}", daemon=True)
        self._server = server
        self._hub = server.hub
        self._socket = accepted
        self.host = host
        self._address = f"{host}:{port}"
        self._unlocked = not server.door.has_password  # in words: the password was right
        self._asked: Hello | None = None  # in words: whose password is waited for
        self._prefix = secrets.token_hex(6)  # of the ids of what is said in words
        self._lines_heard = 0
        self._send_pace = Pace(server.options.rate, SEND_BURST)
        self._ask_pace = Pace(ASK_RATE if server.options.rate else 0, ASK_BURST)
        self._byte_pace = Pace(BYTE_RATE if server.options.rate else 0, BYTE_BURST)
        self._name_pace = Pace(NAME_RATE, NAME_BURST)

    def shutdown(self) -> None:
        """Ends the connection from another thread: wakes this one."""
        with contextlib.suppress(OSError):  # not connected any more
            self._socket.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        """Talks until either side has enough."""
        try:
            link = Link(self._socket, self._slow_down)
        except OSError:  # gone already, or no descriptor left for the writer
            self._socket.close()
            self._server.forget(self)
            return
        self._client = Client(link, self._address)
        bye = False
        log.info("connection from %s", self._address)
        try:
            bye = self._talk()
        except TimeoutError:
            log.info("%s is silent and is disconnected", self._who())
        except OSError as error:
            log.debug("%s broke: %s", self._who(), error)
        finally:
            self._hub.post(Gone(self._client, bye))
            self._client.link.close_reader()
            self._server.forget(self)

    def _who(self) -> str:
        return quote(self._client.name) if self._client.name else self._address

    def _slow_down(self, size: int) -> None:
        """Waits before any more bytes are read than are allowed, whatever they are: this costs nobody but who sends."""
        seconds = self._byte_pace.seconds(size)
        if seconds and (self._server.stopping.wait(seconds) or self._client.ended):
            raise ConnectionAbortedError

    def _tell(self, data: bytes) -> None:
        self._hub.post(Tell(self._client, data))

    def _talk(self) -> bool:
        """Finds out who is there, and talks their way. True when they said goodbye."""
        deadline = time.monotonic() + JOIN_SECONDS
        data, prompted = self._first_bytes(deadline)
        if data.startswith(TLS_BEGINS):
            if prompted or not self._encrypt(data, deadline):  # our question is no handshake: they will try again
                self._let_it_be_read()
                return False
            data, prompted = self._first_bytes(deadline)
        if not data or data.startswith(TLS_BEGINS):
            return False
        wire = data.startswith(b"{")
        if wire and prompted:
            self._tell(b"\n")  # so that the prompt is a line of its own, and does not spoil the welcome
        if self._server.tls is not None and not (self._client.link.encrypted or is_own(self.host)):
            self._refuse_unencrypted(wire)
            self._let_it_be_read()
            return False
        return self._talk_wire(data, deadline) if wire else self._talk_words(data, deadline)

    def _first_bytes(self, deadline: float) -> tuple[bytes, bool]:
        """What is said first, and whether the name had to be asked for."""
        try:
            return self._client.link.receive(PROMPT_SECONDS), False
        except TimeoutError:
            self._tell(NAME_QUESTION.encode())
            return self._receive_until(deadline), True

    def _encrypt(self, first: bytes, deadline: float) -> bool:
        """Shakes hands; `first` is what was read of that. False when this chat is not encrypted, which is then said."""
        if self._server.tls is None:
            self._tell(WIRE.say(Error("not_encrypted", NOT_ENCRYPTED)))
            return False
        seconds = max(0.0, deadline - time.monotonic())
        # Nothing was told yet, so the hub does not know the plain link, and will never see it.
        self._client.link = TlsLink(self._client.link, self._server.tls, server_side=True, first=first, seconds=seconds)
        return True

    def _refuse_unencrypted(self, wire: bool) -> None:
        """Says that this chat is encrypted, and how to come in."""
        here, port = self._socket.getsockname()[:2]
        log.info("%s did not encrypt, and was not let in", self._address)
        if wire:
            self._tell(WIRE.say(Error("must_encrypt", "This chat is encrypted: connect with TLS.")))
        else:
            self._tell(f"This chat is encrypted. Join with: ncat --ssl {here} {port}\n".encode())

    def _let_it_be_read(self) -> None:
        """Waits a moment for them to close: what they still send would make our closing a reset, and that is lost on
        some systems together with what we said last.
        """
        deadline = time.monotonic() + LAST_WORD_SECONDS
        with contextlib.suppress(OSError):  # TimeoutError, too
            while self._receive_until(deadline):
                pass

    def _receive_until(self, deadline: float) -> bytes:
        """The next bytes before a moment of the monotonic clock. Raises TimeoutError."""
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return self._client.link.receive(seconds)

    # -- JSON lines --

    def _talk_wire(self, data: bytes, deadline: float) -> bool:
        decoder = CommandDecoder()
        while data:
            for item in (items := iter(decoder.feed(data))):
                if isinstance(item, Hello):
                    if (refused := self._wrong_password(item.password)) is not None:
                        self._tell(WIRE.say(refused))
                        return False
                    if self._join(item, keeps=True):
                        return self._talk_joined(decoder, items)
                    if self._client.ended or self._client.close_by is not None:
                        return False
                elif isinstance(item, BadLine) and item.error.code == "name_invalid":
                    if not self._may_go_on(self._name_pace.seconds(), []):
                        return False
                    self._tell(WIRE.say(item.error))
                else:
                    error = item.error if isinstance(item, BadLine) else Error("not_joined", "Say hello first.")
                    self._tell(WIRE.say(error))
                    return isinstance(item, Bye)
            try:
                data = self._receive_until(deadline)
            except TimeoutError:
                self._tell(WIRE.say(Error("not_joined", f"No hello within {JOIN_SECONDS:.0f} seconds.")))
                raise
        return False

    def _wrong_password(self, password: str | None) -> Error | None:
        """Why they are not let in with this password, or without one; None when they are."""
        seconds = self._server.door.check(self.host, password)
        if seconds is None:
            return None
        if password is None:
            return Error("wrong_password", "This chat needs a password.")
        log.info("%s gave a wrong password", self._address)
        self._server.stopping.wait(self._server.door.held_back(self.host))
        if not seconds:
            return Error("wrong_password", "That is not the password.")
        wait = f"{ceil(seconds)} second{'' if seconds <= 1 else 's'}"
        return Error("wrong_password", f"Too many wrong passwords from your address. Try again in {wait}.")

    def _join(self, hello: Hello, keeps: bool) -> bool:
        """Asks the hub for the name; true when it is theirs. Else the hub has told them why not."""
        join = Join(self._client, hello, keeps, threading.Event())
        self._hub.post(join)
        while not join.done.wait(1.0):
            if self._hub.ended.is_set():
                return False
        return self._client.person is not None

    def _talk_joined(self, decoder: CommandDecoder, items: Iterator[Command | PlainSends | BadLine]) -> bool:
        first = next(items, None)  # before the welcome was sent, perhaps; but it is no reason to doubt that it came
        self._client.heard = first is not None or decoder.within_line
        going_on = self._obey(items if first is None else chain([first], items))
        while going_on is None:
            data = self._receive_or_ping()
            if not data:
                return False
            self._client.heard = True
            going_on = self._obey(iter(decoder.feed(data)))
        return going_on

    def _receive_or_ping(self) -> bytes:
        """The next bytes; asks whether they are there when they say nothing. Raises TimeoutError when they are not."""
        for _ in range(round(SILENT_SECONDS / PING_SECONDS)):
            try:
                return self._client.link.receive(PING_SECONDS)
            except TimeoutError:
                self._tell(WIRE.say(Ping()))
        raise TimeoutError

    def _obey(self, items: Iterator[Command | PlainSends | BadLine]) -> bool | None:
        """Hands on what they said, as fast as they may. True: they said goodbye. False: nothing more can be read."""
        orders: list[Order] = []
        answered = 0
        for item in items:
            if isinstance(item, Send):
                if not self._may_go_on(self._send_pace.seconds(), orders):
                    return False
                orders.append(item)
                continue
            if isinstance(item, PlainSends):
                if not self._may_send(item, orders):
                    return False
                continue
            cost = LOG_COST if isinstance(item, (AskHistory, AskSearch)) else 1
            if not self._may_go_on(self._ask_pace.seconds(cost), orders):
                return False
            if isinstance(item, Bye) or (isinstance(item, BadLine) and item.fatal):
                if isinstance(item, BadLine):
                    orders.append(WIRE.say(item.error))
                self._post(orders)
                return isinstance(item, Bye)
            order = self._order(item)
            if order is not None:
                orders.append(order)
            if type(order) is bytes:
                answered += len(order)
                if answered > ANSWERS_SIZE:
                    if self._client.ended:
                        return False
                    self._post(orders)
                    orders, answered = [], 0
        self._post(orders)
        return None

    def _may_send(self, sends: PlainSends, ready: list[Order]) -> bool:
        """Readies messages, as many at a time as they may send. False when it all ended meanwhile."""
        done = 0
        while done < len(sends.said):
            said = sends.said[done : done + max(1, self._send_pace.affordable())]
            if not self._may_go_on(self._send_pace.seconds(len(said)), ready):
                return False
            ready.append(PlainSends(said, sum(len(text) for _, text in said)))
            done += len(said)
        return True

    def _may_go_on(self, seconds: float, ready: list[Order]) -> bool:
        """Waits as long as a pace wants, after posting what is ready. False when it all ended meanwhile."""
        if not seconds:
            return True
        self._post(ready.copy())
        ready.clear()
        return not (self._server.stopping.wait(seconds) or self._client.ended)

    def _post(self, orders: list[Order]) -> None:
        """Posts orders when it is their turn. Raises TimeoutError when they have not read anything for too long."""
        if not orders:
            return
        if not self._client.turns.acquire(timeout=SILENT_SECONDS):
            raise TimeoutError
        if self._client.ended:  # nobody takes what is said now
            raise ConnectionAbortedError
        size = sum(_size(order) for order in orders)
        self._hub.post(Orders(self._client, orders, size))

    def _order(self, item: Command | BadLine) -> Order | None:
        """What the hub has to do about a command; what it need not be asked is answered here."""
        if isinstance(item, BadLine):
            return WIRE.say(item.error)
        if isinstance(item, Hello):
            return WIRE.say(Error("bad_message", "You have said hello already."))
        if isinstance(item, (AskHistory, AskSearch)):
            try:
                return WIRE.say(self._read_log(item))
            except SearchTooLong as error:
                return WIRE.say(Error("bad_message", str(error)))
            except HistoryError as error:
                log.error("%s", error)
                return WIRE.say(Error("not_saved", "The server cannot read its log just now. Try again later."))
        if isinstance(item, Ping):
            return WIRE.say(Pong())
        if isinstance(item, (Pong, Bye)):
            return None
        if isinstance(item, TypingTo):
            return TypingTo(name_key(item.to))
        if isinstance(item, SeenWith):
            return SeenWith(name_key(item.other), item.seq)
        return item

    def _read_log(self, asked: AskHistory | AskSearch) -> Page | Found | Error:
        """Reads what this person may see, on a connection to the database that lives as long as the question."""
        assert self._client.person is not None
        me = self._client.person.id
        with self._server.log_readers, Reader(self._server.options.data) as reader:
            if isinstance(asked, AskSearch):
                before = reader.newest() + 1 if asked.before is None else asked.before
                messages = reader.search(me, asked.text, before, asked.limit + 1)
                return Found(tuple(messages[-asked.limit :]), len(messages) > asked.limit)
            if asked.other is None:
                messages = reader.before(me, asked.before, asked.limit + 1)
            else:
                other = reader.find(name_key(asked.other))
                if other is None:
                    return Error("no_such_user", f"There is nobody called {clean_line(asked.other)} here.")
                messages = reader.private_before(me, other, asked.before, asked.limit + 1)
            return Page(tuple(messages[-asked.limit :]), len(messages) > asked.limit)

    # -- words --

    def _talk_words(self, data: bytes, deadline: float) -> bool:
        """A person with netcat. They leave as they like: the end of their input is a goodbye."""
        self._client.face = WORDS
        if self._server.tls is None:
            self._tell(f"{NOT_ENCRYPTED} Others on the network can read along.\n".encode())
        lines = LineSplitter()
        deadline += NAME_SECONDS
        while True:
            for line in lines.feed(data or b"\n"):  # at the end of the input: what has no newline is a line, too
                if not (line or data):
                    return True
                going_on = self._hear(line) if self._client.person else self._hear_name(line)
                if going_on is not None:
                    return going_on
            if lines.overflow:
                self._tell(f"A line has more than {MAX_LINE} bytes. Goodbye.\n".encode())
                return False
            if not data:
                return True
            data = self._receive_until(deadline) if self._client.person is None else self._receive_words()

    def _receive_words(self) -> bytes:
        """The next bytes, however long it takes: people on netcat answer no pings, TCP's keep-alive finds the dead."""
        while True:
            try:
                return self._client.link.receive(SILENT_SECONDS)
            except TimeoutError:
                if self._client.ended:
                    return b""

    def _hear_name(self, line: bytes) -> bool | None:
        """Tries a name, or a password. True or False, as `_talk` returns it, when the connection is to be closed."""
        if self._asked is not None:
            return self._hear_password(self._asked, line)
        if _NOT_TYPED.search(line):
            self._tell(b"This is a Hallway chat, for people and their chat programs. Goodbye.\n")
            return False
        if not self._may_go_on(self._name_pace.seconds(), []):
            return False
        text = clean_text(line.decode(errors="replace")).strip()
        try:
            if "\ufffd" in text:
                raise NameProblem("That name came in an encoding other than UTF-8. Plain letters always work.")
            hello = Hello(VERSION, check_name(text[: 4 * MAX_NAME]))
        except NameProblem as problem:
            self._tell(WORDS.refuse(Error(problem.code, str(problem))))
            return None
        if not self._unlocked:
            self._asked = hello
            self._tell(PASSWORD_QUESTION.encode())
            return None
        return self._join_in_words(hello)

    def _hear_password(self, hello: Hello, line: bytes) -> bool | None:
        """Goes on as `_hear_name` does, when the password is right."""
        refused = self._wrong_password(line.decode(errors="replace").rstrip("\r")[:MAX_SECRET])
        if refused is not None:
            self._tell(WORDS.say(refused))
            return False
        self._unlocked, self._asked = True, None
        return self._join_in_words(hello)

    def _join_in_words(self, hello: Hello) -> bool | None:
        self._join(hello, keeps=False)
        return False if self._client.ended or self._client.close_by is not None else None

    def _hear(self, line: bytes) -> bool | None:
        """Hands on a typed line. True or False, as `_talk` returns it, when the connection is to be closed."""
        text = clean_text(line.decode(errors="replace")).strip()
        if not text:
            return None if self._may_go_on(self._ask_pace.seconds(), []) else False
        self._lines_heard += 1
        order = self._order_in_words(text)
        if order is None:
            return True
        if not self._may_go_on(self._send_pace.seconds(), []):
            return False
        self._post([order])
        return None

    def _order_in_words(self, text: str) -> Order | None:
        """What a typed line wants; None when it is /exit."""
        if text == "/exit":
            return None
        if text == "/who":
            return Who()
        if text == "/help":
            return (
                b"Type a line and press Enter: everybody reads it.\n"
                b"@Bob hello    writes to Bob alone\n/who          tells who is here\n/exit         leaves\n"
            )
        if text.startswith("/") and not text.startswith("//"):
            word = text.split(maxsplit=1)[0]
            return f"There is no command {word}. /help lists them; // begins a text with a slash.\n".encode()
        if len(text) > MAX_TEXT:
            return f"A message has at most {MAX_TEXT} characters; this one has {len(text)}.\n".encode()
        id = f"nc-{self._prefix}-{self._lines_heard}"  # people on netcat send nothing again, but ids are unique for all
        return Send(id, text.removeprefix("/") if text.startswith("//") else text)


class Server:
    """Listens, and gives every connection its thread. `start`, then `stop`; each from the main thread."""

    def __init__(self, options: Options, password: str | None = None) -> None:
        self.options = options
        self.door = Door(password)
        self.tls: ssl.SSLContext | None = None  # None: not encrypted. Set before the first connection is accepted
        self.words = ""  # by which people know the certificate
        self.no_certificate: str | None = None  # what to install, so that there would be one
        self.stopping = threading.Event()
        self.log_readers = threading.Semaphore(LOG_READERS)
        self.hub = Hub(options.data, options.name, options.max_clients, self.door)
        self._listeners: list[socket.socket] = []
        self._acceptors: list[threading.Thread] = []
        self._connections: set[Connection] = set()
        self._connections_lock = threading.Lock()  # guards _connections: acceptors add, connections take themselves out

    def start(self) -> Path | None:
        """Opens the port and the log, lets people in. Returns where a malformed log was put. Raises `StartError`."""
        self._listeners = listen(self.options.host, self.options.port)
        try:
            set_aside = self.hub.start_up()
        except (HistoryError, OSError, RuntimeError) as error:
            for listener in self._listeners:
                listener.close()
            raise StartError(str(error) if isinstance(error, HistoryError) else NOTHING_LEFT) from None
        try:
            if not self.options.plaintext:
                self._prepare_tls()  # after the log: until that is open, another server may have this folder
        except StartError:
            self.stop("The server could not start.")
            raise
        try:
            for listener in self._listeners:
                acceptor = threading.Thread(target=self._accept, args=(listener,), name="hallway-accept")
                acceptor.start()
                self._acceptors.append(acceptor)
        except RuntimeError:
            self.stop("The server could not start.")
            raise StartError(NOTHING_LEFT) from None
        return set_aside

    def _prepare_tls(self) -> None:
        """Loads the certificate, and makes it at the first start. Raises `StartError`."""
        given = self.options.certificate
        try:
            file = given or own_certificate(self.options.data)
        except NoCertificate as problem:
            self.no_certificate = str(problem)
            return
        except OSError as error:
            reason = error.strerror or str(error)
            raise StartError(f"The certificate cannot be kept in {self.options.data} ({reason}).") from None
        try:
            self.tls = server_context(file, self.options.key)
            self.words = in_words(fingerprint_of(file))
        except (OSError, ValueError) as error:
            raise StartError(_why_not_encrypted(file, self.options.key, error, own=given is None)) from None

    @property
    def port(self) -> int:
        """The port listened on."""
        port: int = self._listeners[0].getsockname()[1]
        return port

    def _accept(self, listener: socket.socket) -> None:
        complained = False
        while not self.stopping.is_set():
            try:
                accepted, address = listener.accept()
            except TimeoutError:
                continue
            except OSError as error:
                if error.errno in (errno.ECONNABORTED, errno.EPROTO):  # gone before it was accepted
                    continue
                if not complained:
                    log.error("No further connections just now (%s); those that are open go on.", error.strerror)
                complained = True
                self.stopping.wait(ACCEPT_PAUSE)
                continue
            complained = False
            self._serve(accepted, address[0], address[1])

    def _serve(self, accepted: socket.socket, host: str, port: int) -> None:
        if len(self._connections) >= self.options.max_clients + UNJOINED:
            accepted.close()  # in silence: it would take a thread to say so
            return
        if not self.door.enter(host):
            log.info("%s has too many connections; a further one is closed", host)
            accepted.close()
            return
        connection = Connection(self, accepted, host, port)
        with self._connections_lock:  # before it starts: it may end, and take itself out, before start() returns
            self._connections.add(connection)
        try:
            connection.start()
        except RuntimeError:  # the system gives us no further thread
            log.error("No thread for a connection from %s; it is closed.", host)
            accepted.close()
            self.forget(connection)
            self.stopping.wait(ACCEPT_PAUSE)

    def forget(self, connection: Connection) -> None:
        """Takes a connection off the list; called by its own thread at its end."""
        with self._connections_lock:
            self._connections.discard(connection)
        self.door.leave(connection.host)

    def stop(self, reason: str) -> None:
        """Tells everybody goodbye, writes down what was taken, ends every thread. May be called again."""
        self.stopping.set()
        for acceptor in self._acceptors:
            acceptor.join()
        for listener in self._listeners:
            listener.close()
        self.hub.post(Stop(reason))
        self.hub.join()
        with self._connections_lock:
            connections = list(self._connections)
        for connection in connections:
            connection.shutdown()
        deadline = time.monotonic() + STOP_SECONDS
        for connection in connections:
            connection.join(max(0.0, deadline - time.monotonic()))


def listen(host: str | None, port: int) -> list[socket.socket]:
    """Listening sockets on all addresses of `host`, or of the machine (IPv4, and IPv6 where it has it).

    All are on one port; port 0 takes a free one. Raises `StartError`.
    """
    if host is None:
        wanted = [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")]
    else:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except (socket.gaierror, UnicodeError):
            raise StartError(f"There is no address {host}. Leave --host out to listen on every address.") from None
        wanted = list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))
    listeners: list[socket.socket] = []
    problem: OSError | None = None
    for family, address in wanted:
        try:
            listener = _listener(family, address, port)
        except OSError as error:
            problem = problem or error
            if error.errno == errno.EADDRINUSE:
                break
            continue  # IPv6 is off, or the name has an address that this machine has not
        listeners.append(listener)
        port = listener.getsockname()[1]
    if listeners and (problem is None or problem.errno != errno.EADDRINUSE):
        return listeners
    for listener in listeners:
        listener.close()
    raise StartError(_why_not_listening(host, port, problem))


def _listener(family: int, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # SO_REUSEADDR would let another program take the port there
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # accepted sockets inherit it
        listener.bind((address, port))
        listener.listen(1024)
        listener.settimeout(0.5)  # so that stopping is noticed everywhere; closing alone would not wake accept
    except OSError:
        listener.close()
        raise
    return listener


def _why_not_listening(host: str | None, port: int, problem: OSError | None) -> str:
    number = problem.errno if problem else None
    if number == errno.EADDRINUSE:
        return f"Port {port} is in use: perhaps a server runs already. Stop it, or choose another port with --port."
    if number == errno.EACCES:
        return f"Port {port} is reserved for the system. Choose another one, above 1023, with --port."
    if number == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this computer. Leave --host out to listen on all that are."
    return f"Port {port} cannot be opened ({problem.strerror if problem else 'no address'})."


def _why_not_encrypted(file: Path, key: Path | None, error: OSError | ValueError, own: bool) -> str:
    if isinstance(error, ssl.SSLError):
        reason = "they do not belong together, or are no PEM files" if key else "it holds no certificate with its key"
    else:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is no PEM file"
    files = f"{file} and {key}" if key else f"{file}"
    if own:
        advice = "Put it back, or delete it: a new one is made then, and people's programs will ask about it"
    else:
        advice = "Give the PEM file of a certificate with --cert, and the one of its key with --key"
    return f"The certificate in {files} cannot be used ({reason}). {advice}."


def addresses_to_type() -> list[str]:
    """This machine's addresses on its networks, the likeliest first. Nothing is sent to find out."""
    found: list[str] = []
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):  # RFC 5737, RFC 3849
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))  # only asks the routing table which address would be used
            found.append(probe.getsockname()[0])
    with contextlib.suppress(OSError, UnicodeError):
        found += [str(address[0]) for _, _, _, _, address in socket.getaddrinfo(socket.gethostname(), None)]
    usable = [address for address in found if not address.startswith(("127.", "fe80:", "0.")) and address != "::1"]
    return list(dict.fromkeys(usable))


def raise_descriptor_limit(clients: int) -> int:
    """Lets this process open as many files as `clients` need, where it may; returns for how many it is enough."""
    try:
        import resource
    except ImportError:  # Windows; the hub's selector is select() there, which takes 512 sockets
        return min(clients, 500)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * (clients + UNJOINED) + SPARE_DESCRIPTORS
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit that it does not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    places = (soft - SPARE_DESCRIPTORS) // 2
    return max(1, min(clients, places - min(UNJOINED, places // 2)))


# --- the command line -------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the server until it is told to stop; returns the exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.key and not given.cert:
        parser.error("--key needs --cert, the certificate that the key is for")
    if given.ask:
        try:
            _ask(given)
        except EOFError:
            print("\nserver.py: there is nobody to ask. Leave --ask out, or answer at a terminal.", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    try:
        password = _password(given.password)
    except StartError as error:
        print(f"server.py: {error}", file=sys.stderr)
        return 1
    except EOFError:
        print("\nserver.py: there is nobody to ask for the password. Set HALLWAY_PASSWORD instead.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    clients = raise_descriptor_limit(given.max_clients)
    name = clean_line(given.name)[: 2 * MAX_NAME]
    options = Options(
        given.host, given.port, name, given.data, given.rate, clients, given.plaintext, given.cert, given.key
    )
    stop_logging = _start_logging(given.log_level)
    try:
        return _run(Server(options, password), given.max_clients)
    except StartError as error:
        print(f"server.py: {error}", file=sys.stderr)
        return 1
    finally:
        stop_logging()


def _ask(given: argparse.Namespace) -> None:
    """Asks for address and port, until they make sense. Raises EOFError at the end of the input."""
    given.host = input("Enter server IP (Enter alone: every address of this computer): ").strip() or given.host
    while True:
        answer = input(f"Enter server port (Enter alone: {given.port}): ").strip()
        try:
            given.port = _port(answer or str(given.port))
        except argparse.ArgumentTypeError as problem:
            print(problem)
        else:
            return


def _password(ask: bool) -> str | None:
    """The password that people need, or None. Never from the arguments, which everybody on the machine can read.

    Raises EOFError when nobody answers, `StartError` when it is none.
    """
    given = os.environ.pop("HALLWAY_PASSWORD", None)  # not for the programs that we start
    if given is None and ask:
        given = getpass.getpass("Password for this chat: ")
    if given is not None and not 0 < len(given) <= MAX_SECRET:
        raise StartError(f"A password has 1 to {MAX_SECRET} characters; this one has {len(given)}. Choose another one.")
    return given


def _run(server: Server, wanted_clients: int) -> int:
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()  # its put is made for handlers; an Event has a lock in it

    def ask_to_stop(number: int, _frame: FrameType | None) -> None:
        signals.put(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    if hasattr(signal, "SIGTTIN"):  # reading the terminal in the background is to be an error, not a standstill
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    terminal = Terminal.of_standard_input(server.hub.post, lambda: signals.put(signal.SIGTERM))
    # What a message makes is freed by reference counts; looking for cycles after every 700 objects took 8 % of a flood.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    set_aside = server.start()
    with contextlib.suppress(OSError):  # nobody reads our standard output: no reason not to serve
        _greet(server, wanted_clients, set_aside, terminal is not None)
    if terminal is not None:
        terminal.start()
    stopped_by: int | None = None
    while stopped_by is None and not server.hub.ended.is_set():
        with contextlib.suppress(queue.Empty):
            stopped_by = signals.get(timeout=0.5)  # in steps, because on Windows a signal does not end a wait
    failed = server.hub.ended.is_set()
    server.stop("The server is closing.")
    log.info("stopped")
    if failed:
        return 1
    return 130 if stopped_by == signal.SIGINT else 0


def _greet(server: Server, wanted_clients: int, set_aside: Path | None, has_terminal: bool) -> None:
    options, port = server.options, server.port
    if set_aside:
        print(f"ATTENTION: the log was damaged. It is kept as {set_aside}, and a new one begins.")
    help_comes = " Type help for what else you can do." if has_terminal else ""
    print(f"Hallway {__version__}: “{options.name}” is open. Ctrl-C closes it.{help_comes}")
    if server.no_certificate:
        print(f"ATTENTION: nothing is encrypted, for want of a certificate. {server.no_certificate}, and start again.")
    hosts = addresses_to_type() if options.host is None else [options.host]
    ending = "" if port == DEFAULT_PORT else f" --port {port}"
    for host in hosts or ["127.0.0.1"]:
        print(f"  Join with   python3 client.py --host {host}{ending}")
    if options.max_clients < wanted_clients:
        print(f"  This system's limit of open files allows {options.max_clients} people at once.")
    print(f"  The log is in {options.data}")
    if server.tls is not None:
        print(f"  Encrypted; people's programs show these words for it:   {server.words}")
    else:
        print("  Not encrypted: others on the network can read along.")
    if server.door.has_password:
        print("  Nobody comes in without the password.")
    print(f"Listening on port {port}\n", end="", flush=True)  # one write: the log's lines go to the same terminal


class _Forgetful(logging.Handler):
    """Puts log lines where a thread of its own writes them. When that stands still, lines are dropped."""

    def __init__(self, lines: queue.Queue[bytes | None]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Puts a line into the queue if there is room."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(f"{self.format(record)}\n".encode(sys.stderr.encoding, "backslashreplace"))


def _start_logging(level: str) -> Callable[[], None]:
    """Begins to write log lines to standard error; returns what ends it, within two seconds."""
    if sys.stderr is None:  # closed by whoever started us
        log.addHandler(logging.NullHandler())
        return lambda: None
    try:
        # Unbuffered, so that a thread which hangs in a write holds no lock that Python wants at its end.
        terminal = open(sys.stderr.fileno(), "wb", buffering=0, closefd=False)  # noqa: SIM115 - open until the end
    except (OSError, ValueError):  # an editor's own window, such as IDLE's, is no file
        terminal = None
    lines: queue.Queue[bytes | None] = queue.Queue(LOG_LINES)

    def write() -> None:
        while (line := lines.get()) is not None:
            with contextlib.suppress(OSError):  # a terminal that has gone is no reason not to serve
                if terminal is None:
                    sys.stderr.write(line.decode(errors="replace"))
                else:
                    terminal.write(line)

    writer = threading.Thread(target=write, name="hallway-log", daemon=True)
    writer.start()
    handler = _Forgetful(lines)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(level)

    def stop() -> None:
        with contextlib.suppress(queue.Full):
            lines.put(None, timeout=1.0)
        writer.join(1.0)

    return stop


def _port(text: str) -> int:
    try:
        return read_port(text, 0)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate < 1e9:
        raise argparse.ArgumentTypeError(f"the rate is a number of messages a second, 0 for no limit; not “{text}”")
    return rate


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 0 < int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"a number from 1 to 100000 is needed, not “{text}”")
    return int(text)


def _level(text: str) -> str:
    if text.lower() not in ("debug", "info", "warning", "error"):
        raise argparse.ArgumentTypeError(f"the level is debug, info, warning or error, not “{text}”")
    return text.upper()


def _default_name() -> str:
    try:
        return f"{getpass.getuser()}'s chat"
    except (OSError, KeyError, ImportError):  # a user without a name; ImportError on Windows before 3.13
        return "Hallway"


def _parser() -> argparse.ArgumentParser:
    """The flags; a HALLWAY_ variable stands behind each that has a value."""
    parser = argparse.ArgumentParser(
        prog="server.py", description="Hallway's server: one person runs it, everybody else joins with client.py."
    )

    def add(flag: str, metavar: str, variable: str, default: str | None, kind: Callable[[str], Any], text: str) -> None:
        value = os.environ.get(variable) or default
        try:
            preset = None if value is None else kind(value)
        except argparse.ArgumentTypeError as problem:
            parser.error(f"{variable}: {problem}")
        # An empty value is none: a folder named "" would be the one we stand in.
        parser.add_argument(
            flag, metavar=metavar, type=lambda given: kind(given) if given else preset, default=preset, help=text
        )

    add("--host", "ADDR", "HALLWAY_HOST", None, str, "listen on this address only (default: on every one)")
    add("--port", "PORT", "HALLWAY_PORT", str(DEFAULT_PORT), _port, f"default: {DEFAULT_PORT}; 0 takes a free one")
    add("--name", "TEXT", "HALLWAY_CHAT", _default_name(), str, "what the chat is called")
    add("--data", "DIR", "HALLWAY_DATA", str(data_folder()), Path, "where the log is kept (default: %(default)s)")
    add("--rate", "N", "HALLWAY_RATE", "5", _rate, "messages a second for each person (default: 5; 0: no limit)")
    add("--max-clients", "N", "HALLWAY_MAX_CLIENTS", str(MAX_CLIENTS), _count, f"people (default: {MAX_CLIENTS})")
    add("--cert", "FILE", "HALLWAY_CERT", None, Path, "a certificate (PEM) of your own, instead of one that is made")
    add("--key", "FILE", "HALLWAY_KEY", None, Path, "its key, where that is in another file")
    add("--log-level", "L", "HALLWAY_LOG_LEVEL", "info", _level, "debug (with what people write), info, warning, error")
    parser.add_argument("--password", action="store_true", help="ask for a password, which people then need to come in")
    parser.add_argument("--plaintext", action="store_true", help="do not encrypt: others on the network can read along")
    parser.add_argument("--ask", action="store_true", help="ask for the address and the port first")
    parser.add_argument("--version", action="version", version=f"Hallway {__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
