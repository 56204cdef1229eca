"""One connection to the server, from its first byte to its last, read by a thread of its own.

server.py starts a `Connection` for everybody it accepts. The thread shakes hands, finds out whether a program or a
person with netcat is there, understands what they say, slows down who floods, and reads the log for them. What concerns
more than one person it posts to the hub, and it touches nothing that is shared but what `Shared` lists.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import re
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from json.encoder import encode_basestring as quote
from pathlib import Path

from history import HistoryError
from link import Link, TlsLink, is_own, place_of
from names import MAX_NAME, NameProblem, check_name, clean_line, clean_text, name_key
from pace import Pace
from protocol import (
    MAX_LINE,
    MAX_SECRET,
    MAX_TEXT,
    NAME_QUESTION,
    PING_SECONDS,
    SILENT_SECONDS,
    VERSION,
    AskConversations,
    AskHistory,
    AskSearch,
    BadLine,
    Bye,
    Command,
    CommandDecoder,
    Conversations,
    Error,
    Found,
    Hello,
    LineSplitter,
    Page,
    Ping,
    PlainSends,
    Pong,
    SeenWith,
    Send,
    TypingTo,
)
from serverlib.delivery import WIRE, WORDS, Client
from serverlib.door import Door, Turns, seconds_in_words
from serverlib.hub import ORDER_SIZE, Gone, Hub, Join, Order, Orders, Tell, WantMarks, Who
from serverlib.log_reader import Reader, SearchTooLong

# From connecting to a name, the handshake included: a program takes milliseconds, and silent connections cost threads.
JOIN_SECONDS = 10.0
NAME_SECONDS = 60.0  # more for a person, whose name may be refused, to think of another
PROMPT_SECONDS = 1.0  # of silence before somebody is taken for a person
LAST_WORD_SECONDS = 1.0  # for a sentence to arrive before the connection is closed
SEND_BURST = 20  # messages at once when --rate allows fewer a second: what somebody pastes, or wrote while offline
ASK_RATE = 50.0  # other commands a second for one person: scrolling fast asks for ten pages
ASK_BURST = 100
LOG_COST = 5  # how many other commands a question that is answered from the log counts for
# And for each second that a search takes: whoever has slow ones may search a fifth of the time.
SEARCH_COST = 4 * ASK_RATE
SEARCH_WAIT = 2.0  # s for a turn to search; nothing else that this person says is read meanwhile
BYTE_RATE = 256 * 1024  # bytes a second from one person: more than 5 of the longest messages; parsing takes its time
BYTE_BURST = 1024 * 1024
NAME_RATE = 5.0  # names a second that one connection may try, whatever --rate says: nobody is held up by it
NAME_BURST = 10
ANSWERS_SIZE = 32 * 1024  # bytes of answers that one post holds: who asks a lot at once reads some before we go on

TLS_BEGINS = b"\x16"  # the first byte of a handshake (RFC 8446, 5.1), which nothing else here begins with
NOT_ENCRYPTED = "This chat is not encrypted."
PASSWORD_QUESTION = "Password: "  # noqa: S105 - the question, not the answer

Question = (AskHistory, AskSearch, AskConversations)  # what is answered from the log

log = logging.getLogger("hallway")


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of one server share; each part of it may be used by any thread."""

    hub: Hub
    door: Door
    tls: ssl.SSLContext | None  # None: not encrypted
    data: Path  # the folder of the log
    rate: float  # messages a second for one person; 0: no limit
    stopping: threading.Event
    pages: threading.Semaphore  # how many are read from the log at once
    searches: Turns


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

    def __init__(
        self, shared: Shared, accepted: socket.socket, host: str, port: int, on_end: Callable[[Connection], None]
    ) -> None:
        """`host` and `port` are the other side's; `on_end` is called by this thread when it has ended."""
        # daemon: one that hangs does not keep Python
        super().__init__(name=f"hallway-client-{host}:{port}", daemon=True)
        self._shared = shared
        self._hub = shared.hub
        self._on_end = on_end
        self._socket = accepted
        self.host = host
        self._address = f"{host}:{port}"
        self._unlocked = not shared.door.has_password  # in words: the password was right
        self._asked: Hello | None = None  # in words: whose password is waited for
        self._prefix = secrets.token_hex(6)  # of the ids of what is said in words
        self._lines_heard = 0
        self._marks: queue.SimpleQueue[Mapping[tuple[int, int], int]] = queue.SimpleQueue()  # from the hub, as asked
        self._send_pace = Pace(shared.rate, SEND_BURST)
        self._ask_pace = Pace(ASK_RATE if shared.rate else 0, ASK_BURST)
        self._byte_pace = Pace(BYTE_RATE if shared.rate else 0, BYTE_BURST)
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
            self._on_end(self)
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
            self._on_end(self)

    def _who(self) -> str:
        return quote(self._client.name) if self._client.name else self._address

    def _slow_down(self, size: int) -> None:
        """Waits before any more bytes are read than are allowed, whatever they are: this costs nobody but who sends."""
        seconds = self._byte_pace.seconds(size)
        if seconds and (self._shared.stopping.wait(seconds) or self._client.ended):
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
        if self._shared.tls is not None and not (self._client.link.encrypted or is_own(self.host)):
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
        if self._shared.tls is None:
            self._tell(WIRE.say(Error("not_encrypted", NOT_ENCRYPTED)))
            return False
        seconds = max(0.0, deadline - time.monotonic())
        # Nothing was told yet, so the hub does not know the plain link, and will never see it.
        self._client.link = TlsLink(self._client.link, self._shared.tls, server_side=True, first=first, seconds=seconds)
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
                    if not self._may_try_a_name(deadline):
                        return self._too_late()
                    if self._join(item, keeps=True):
                        return self._talk_joined(decoder, items)
                    if self._client.ended or self._client.close_by is not None:
                        return False
                elif isinstance(item, BadLine) and item.error.code == "name_invalid":
                    if not self._may_try_a_name(deadline):
                        return self._too_late()
                    self._tell(WIRE.say(item.error))
                else:
                    error = item.error if isinstance(item, BadLine) else Error("not_joined", "Say hello first.")
                    self._tell(WIRE.say(error))
                    return isinstance(item, Bye)
            try:
                data = self._receive_until(deadline)
            except TimeoutError:
                self._too_late()
                raise
        return False

    def _may_try_a_name(self, deadline: float) -> bool:
        """Waits until it is time for a further name. False when that is too late, or it all ended meanwhile."""
        seconds = self._name_pace.seconds()
        return time.monotonic() + seconds <= deadline and self._may_go_on(seconds, [])

    def _too_late(self) -> bool:
        """Says so; False, as `_talk` returns it."""
        self._tell(WIRE.say(Error("not_joined", f"No hello within {JOIN_SECONDS:.0f} seconds.")))
        return False

    def _wrong_password(self, password: str | None) -> Error | None:
        """Why they are not let in with this password, or without one; None when they are."""
        seconds = self._shared.door.check(self.host, password)
        if seconds is None:
            return None
        if password is None:
            return Error("wrong_password", "This chat needs a password.")
        log.info("%s gave a wrong password", self._address)
        self._shared.stopping.wait(self._shared.door.held_back(self.host))
        if not seconds:
            return Error("wrong_password", "That is not the password.")
        sentence = f"Too many wrong passwords from your address. Try again in {seconds_in_words(seconds)}."
        return Error("wrong_password", sentence)

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
            cost = LOG_COST if isinstance(item, Question) else 1
            if not self._may_go_on(self._ask_pace.seconds(cost), orders):
                return False
            if isinstance(item, Bye) or (isinstance(item, BadLine) and item.fatal):
                if isinstance(item, BadLine):
                    orders.append(WIRE.say(item.error))
                self._post(orders)
                return isinstance(item, Bye)
            if isinstance(item, AskConversations):  # what they have read is known to the hub when it is asked
                self._post([*orders, WantMarks(self._marks)])
                orders, answered = [], 0
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
        return not (self._shared.stopping.wait(seconds) or self._client.ended)

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
        if isinstance(item, Question):
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

    def _read_log(self, asked: AskHistory | AskSearch | AskConversations) -> Page | Found | Conversations | Error:
        """Reads what this person may see, on a connection to the database that lives as long as the question."""
        assert self._client.person is not None
        me = self._client.person.id
        # Before the log is opened: what is not among them any more is on disk then.
        marks = self._receive_marks() if isinstance(asked, AskConversations) else {}
        if isinstance(asked, AskSearch):
            return self._search(me, asked)
        with self._shared.pages, Reader(self._shared.data) as reader:
            if isinstance(asked, AskConversations):
                return Conversations(reader.conversations(me, marks))
            return self._read_page(reader, me, asked)

    def _search(self, me: int, asked: AskSearch) -> Found:
        """Raises `SearchTooLong`, also when others search and do not come to an end."""
        with self._shared.searches.turn(place_of(self.host), SEARCH_WAIT) as is_ours:
            if not is_ours:
                raise SearchTooLong("Too many people are searching just now. Try again in a moment.")
            began = time.monotonic()
            try:
                with Reader(self._shared.data) as reader:
                    before = reader.newest() + 1 if asked.before is None else asked.before
                    messages = reader.search(me, asked.text, before, asked.limit + 1)
            finally:  # the next command waits for it
                self._ask_pace.seconds(round((time.monotonic() - began) * SEARCH_COST))
        more = len(messages) > asked.limit
        return Found(tuple(messages[-asked.limit :]), more, asked.text, asked.before)

    def _receive_marks(self) -> Mapping[tuple[int, int], int]:
        """The hub's answer to what `_obey` has asked it. Raises ConnectionAbortedError when there will be none."""
        while not (self._client.ended or self._hub.ended.is_set()):
            with contextlib.suppress(queue.Empty):
                return self._marks.get(timeout=1.0)
        raise ConnectionAbortedError

    def _read_page(self, reader: Reader, me: int, asked: AskHistory) -> Page | Error:
        """A page, with one message more looked for than was asked."""
        limit, other = asked.limit, None
        if asked.other is not None:
            other = reader.find(name_key(asked.other))
            if other is None:
                return Error("no_such_user", f"There is nobody called {clean_line(asked.other)} here.")
        if asked.after is None:
            messages = reader.before(me, asked.before or 0, limit + 1, other)
            shown = messages[-limit:]
        else:
            messages = reader.after(me, asked.after, limit + 1, other)
            shown = messages[:limit]
        return Page(tuple(shown), len(messages) > limit, asked.before, asked.after, asked.other)

    # -- words --

    def _talk_words(self, data: bytes, deadline: float) -> bool:
        """A person with netcat. They leave as they like: the end of their input is a goodbye."""
        self._client.face = WORDS
        if self._shared.tls is None:
            self._tell(f"{NOT_ENCRYPTED} Others on the network can read along.\n".encode())
        lines = LineSplitter()
        deadline += NAME_SECONDS
        while True:
            for line in lines.feed(data or b"\n"):  # at the end of the input: what has no newline is a line, too
                if not (line or data):
                    return True
                going_on = self._hear(line) if self._client.person else self._hear_name(line, deadline)
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

    def _hear_name(self, line: bytes, deadline: float) -> bool | None:
        """Tries a name, or a password. True or False, as `_talk` returns it, when the connection is to be closed."""
        if self._asked is not None:
            return self._hear_password(self._asked, line)
        if _NOT_TYPED.search(line):
            self._tell(b"This is a Hallway chat, for people and their chat programs. Goodbye.\n")
            return False
        if not self._may_try_a_name(deadline):
            self._tell(b"That took too long. Goodbye.\n")
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
