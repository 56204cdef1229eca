"""The hub: the one thread that owns everything the people in a chat share.

It owns the roster, the log's writer, the tail of the log in memory and everybody's place in it, and it alone writes to
the connections. Client threads (`server.py`) and the catch-up thread put what they have into its inbox with `post`;
nothing else here may be called from another thread, so nothing here needs a lock.

The hub takes all that waits in its inbox as one batch: one transaction, one fsync, then the fan-out, in which everybody
gets their acks first. A message goes into the log and the tail once, whoever reads it; a person is a place in the log
(`Client.after`). Sending never waits: a full socket is put aside until the selector says it can be written to. Whoever
is further behind than the tail reaches gets the log from the disk, in blocks that the catch-up thread reads.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import selectors
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

from history import EVERYONE_ID, Address, Draft, History, HistoryError, NotSaved, Reader, Stored
from link import Link
from protocol import (
    EVENTS,
    EVERYONE,
    VERSION,
    Bye,
    Error,
    Event,
    Found,
    Hello,
    Joined,
    Left,
    Message,
    Page,
    Person,
    PlainSends,
    ProtocolError,
    SeenBy,
    SeenWith,
    Send,
    TypingFrom,
    TypingTo,
    UnknownPerson,
    Welcome,
    clean_line,
    encode,
    encode_page,
    encode_people,
    encode_run,
    encode_welcome,
    in_words,
    name_key,
    parse_object,
    split_address,
)
from tail import BLOCK_SIZE, Block, Tail, blocks

BATCH_SIZE = 512 * 1024  # bytes in one transaction, about; a larger one would only make the first of them wait
ORDER_SIZE = 64  # bytes that an order counts for at the least, beside its text
REFUSED_ALIKE = 0.5  # s in which a client whose message was not saved has the ones behind it refused, too
OLD_MESSAGES = 1024  # read from disk at once for those who are behind the tail
OLD_BLOCKS = 8  # of those kept for the next who comes by
PAGE_MESSAGES = 500  # private messages that waited for somebody, read at once
PAGE_SIZE = 128 * 1024  # bytes of them
# Entries between the first private message that waited and the backlog, up to which all of them are shown: a gap is
# something that no page of history fills.
NEAR = 2000
BACKLOG = 100  # messages that somebody gets who says nothing of where they stood
CONTROL_SIZE = 256 * 1024  # bytes of answers and notices that wait for one connection; who leaves more is cut off
GONE_SECONDS = 10.0  # a connection may be away that long before its person is said to have left
CLOSE_SECONDS = 5.0  # to hand over the last words
STOP_SECONDS = 2.0  # the same when the server closes
VIEWS = 8  # pieces of a block kept ready: one for all who are up to date, others for those a little behind
IDLE_SECONDS = 0.1  # without anything to do before spare time begins
REFUSED_SECONDS = 10.0  # until spare work is tried again that the disk refused
AWAY_LISTED = 500  # people not here whom a welcome names
INDEX_MESSAGES = 250  # taken into the search index at once, in spare time: a few milliseconds

NOT_SAVED = "The server could not save this; its disk refused. Please try again later."
EVERYBODY = Address(EVERYONE_ID, EVERYONE, EVERYONE, keeps=True, delivered=0)

log = logging.getLogger("hallway")


# --- how a connection is spoken to ------------------------------------------------------------------------------------


class Face(Protocol):
    """How one kind of client reads: JSON lines, or words."""

    def line(self, line: bytes, me: str) -> bytes:
        """An encoded `message`, as this client reads it."""

    def say(self, event: Event, me: str) -> bytes:
        """An event, as this client reads it; b"" when it is nothing for them."""


class Wire:
    """JSON lines, as they are."""

    def line(self, line: bytes, me: str) -> bytes:
        """The line itself."""
        return line

    def say(self, event: Event, me: str) -> bytes:
        """The event's line."""
        if isinstance(event, (Page, Found)):
            return encode_page(type(event), event.messages, event.more)
        return encode(event)


class Words:
    """The same chat in words, for people with netcat or telnet."""

    PROMPT = "What is your name? "

    def line(self, line: bytes, me: str) -> bytes:
        """The message in words."""
        message = EVENTS["message"](parse_object(line[:-1]))
        assert isinstance(message, Message)
        return (in_words(message, me) + "\n").encode()

    def say(self, event: Event, me: str) -> bytes:
        """A sentence for what people want to know; their own message, shown, is its ack."""
        if isinstance(event, (Joined, Left)):
            return (in_words(event, me) + "\n").encode()
        if isinstance(event, Welcome):
            return f"Registration successful. Welcome to the chat, {event.name}!\n".encode()
        if isinstance(event, Error):
            return (event.text + "\n" + ("" if me else self.PROMPT)).encode()
        if isinstance(event, Bye):
            return f"{event.reason or 'Goodbye.'}\n".encode()
        return b""


WIRE = Wire()
WORDS = Words()


class Client:
    """One connection, as the server sees it.

    Its own thread reads `link`, and sets `face` before it posts its first `Join`. All else is written by the hub alone;
    the client's thread and the catch-up thread look at some of it.
    """

    __slots__ = (
        "address", "after", "block", "block_after", "buffer", "close_by", "control", "control_size", "ended", "face",
        "full", "is_new", "joined_at", "link", "name", "offset", "owed", "page", "person", "reading", "refused",
        "start", "turns",
    )  # fmt: skip

    def __init__(self, link: Link, address: str) -> None:
        self.link = link
        self.address = address
        self.face: Face = WIRE
        # How many times its thread may post before the hub has taken what it posted. Where the socket was full the hub
        # gives the turn back when it could hand over something again: nobody can write faster than they read.
        self.turns = threading.Semaphore(2)
        self.person: Address | None = None  # set by the hub when joined, and with it
        self.name = ""
        self.control: list[bytes] = []  # answers and notices that wait, all whole lines
        self.control_size = 0
        self.buffer = b""  # being sent, from `offset` on
        self.offset = 0
        self.block: Block | None = None  # of which `buffer` shows what follows `block_after`
        self.block_after = 0
        self.after = 0  # everything up to this seq is in `buffer` or sent
        self.start: int | None = 0  # first backlog only: see CatchUp
        self.joined_at = 0  # the newest seq when it was welcomed
        self.reading = False  # a page was asked for and is not in `buffer` yet
        self.page: PageRead | None = None
        self.is_new = False  # welcomed in this batch
        self.full = False  # the socket takes no more; the selector watches it
        self.owed = 0  # turns to give back when the socket takes something again
        self.close_by: float | None = None  # said goodbye: close when all is handed over, at the latest then
        self.ended = False  # nothing can be sent any more
        self.refused: tuple[str, float] | None = None  # id of a message not saved, and until when: see REFUSED_ALIKE


# --- what is posted to the hub ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody in words asks who is here."""


# Bytes are an answer that the client's thread has ready. The names of TypingTo and SeenWith are folded already: that
# can take a while, and is not to take the hub's time.
Order = Send | PlainSends | TypingTo | SeenWith | Who | bytes


@dataclass(frozen=True, slots=True)
class Join:
    """A client says its name. When `done` is set, `client.person` tells whether it is in."""

    client: Client
    hello: Hello
    keeps: bool  # whether the name stays known when its person is away
    done: threading.Event


@dataclass(frozen=True, slots=True)
class Orders:
    """What a client said, in order; takes one of its turns."""

    client: Client
    orders: list[Order]
    size: int  # bytes, about: how long they keep the hub busy


@dataclass(frozen=True, slots=True)
class Tell:
    """Bytes for a client from its own thread: a prompt, a ping, the reason why it is closed."""

    client: Client
    data: bytes


@dataclass(frozen=True, slots=True)
class Gone:
    """A client's thread reads no more. `bye`: it said goodbye; else it may be back in a moment."""

    client: Client
    bye: bool


@dataclass(frozen=True, slots=True)
class PageRead:
    """The catch-up thread has read for `client`: `data` brings it to seq `after`."""

    client: Client
    data: bytes
    after: int
    start: int | None


@dataclass(frozen=True, slots=True)
class BlockRead:
    """The catch-up thread has read the block that begins with entry `first`."""

    first: int
    block: Block


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The catch-up thread could not read what was wanted: the block that begins so, or a client's page."""

    wanted: int | Client


@dataclass(frozen=True, slots=True)
class Stop:
    """The server closes; everybody is told `reason`."""

    reason: str


Post = Join | Orders | Tell | Gone | PageRead | BlockRead | Unreadable | Stop


@dataclass(frozen=True, slots=True)
class Run:
    """What one client wrote to one address without a break, on its way into the log."""

    client: Client
    recipient: Address
    drafts: list[Draft]


# --- reading the log for those who are behind -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PageWanted:
    """Somebody who has just come wants what waited for them, and where the log begins for them."""

    client: Client
    after: int
    start: int | None


class CatchUp(threading.Thread):
    """Reads the log from disk for those who are behind its tail, so that the hub never waits for it.

    Whoever is behind gets the log in blocks of `OLD_MESSAGES` that begin at the same places for everybody: many slow
    readers at one place cost one reading. A client without a place of its own (`start` is None) begins `BACKLOG`
    entries before it joined, or where the first private message waits for it. When that is further back than `NEAR`,
    it gets what waited first, and then begins at `start`.
    """

    def __init__(self, folder: Path, hub: Hub) -> None:
        super().__init__(name="hallway-catch-up")
        self._folder = folder
        self._hub = hub
        self._wanted: queue.SimpleQueue[PageWanted | int | None] = queue.SimpleQueue()

    def ask_page(self, client: Client) -> None:
        """Wants what waited for a client; a `PageRead` will be posted."""
        self._wanted.put(PageWanted(client, client.after, client.start))

    def ask_block(self, first: int) -> None:
        """Wants the block that begins with entry `first`; a `BlockRead` will be posted."""
        self._wanted.put(first)

    def stop(self) -> None:
        """Ends the thread."""
        self._wanted.put(None)

    def run(self) -> None:
        """Reads what is asked for, in order."""
        reader: Reader | None = None
        while (wanted := self._wanted.get()) is not None:
            try:
                reader = reader or Reader(self._folder)
                if isinstance(wanted, int):
                    self._hub.post(BlockRead(wanted, self._read_block(reader, wanted)))
                else:
                    self._hub.post(self._read_page(reader, wanted))
            except HistoryError as error:
                log.error("%s Those who need it are disconnected and can come back.", error)
                self._hub.post(Unreadable(wanted if isinstance(wanted, int) else wanted.client))
        if reader is not None:
            reader.close()

    def _read_block(self, reader: Reader, first: int) -> Block:
        lines: list[bytes] = []
        private: dict[int, tuple[int, int]] = {}
        size = 0
        for message, sender, recipient in reader.entries(first, OLD_MESSAGES - (first - 1) % OLD_MESSAGES):
            lines.append(encode(message))
            if recipient != EVERYONE_ID:
                private[message.seq] = sender, recipient
            size += len(lines[-1])
            if size >= BLOCK_SIZE:
                break
        if not lines:
            raise HistoryError(f"The log has no entry {first}.")
        return next(blocks(first, lines, private))

    def _read_page(self, reader: Reader, wanted: PageWanted) -> PageRead:
        client, after, start = wanted.client, wanted.after, wanted.start
        assert client.person is not None
        me = client.person.id
        if start is None:
            recent = reader.before(me, client.joined_at + 1, BACKLOG)
            start = recent[0].seq if recent else client.joined_at + 1
        lines: list[bytes] = []
        size = 0
        waiting = reader.waiting(me, after, start, PAGE_MESSAGES)
        if waiting and start - waiting[0].seq <= NEAR:
            return PageRead(client, b"", waiting[0].seq - 1, 0)
        for message in waiting:
            lines.append(client.face.line(encode(message), client.name))
            size += len(lines[-1])
            if size > PAGE_SIZE:
                return PageRead(client, b"".join(lines), message.seq, start)
        if len(waiting) == PAGE_MESSAGES:
            return PageRead(client, b"".join(lines), waiting[-1].seq, start)
        return PageRead(client, b"".join(lines), start - 1, 0)


# --- the hub ----------------------------------------------------------------------------------------------------------


class Hub(threading.Thread):
    """The thread itself. `start_up` opens the log in it; `post` is all that other threads call after that."""

    def __init__(self, folder: Path, server_name: str, max_clients: int) -> None:
        super().__init__(name="hallway-hub")
        self._folder = folder
        self._server_name = server_name
        self._max_clients = max_clients
        self._inbox: deque[Post] = deque()
        self._asleep = False
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._opened: queue.SimpleQueue[HistoryError | Path | None] = queue.SimpleQueue()
        self._known: dict[str, Address] = {}  # key: folded name
        self._here: dict[str, Client] = {}  # key: folded name
        self._missing: dict[str, tuple[float, str]] = {}  # key: folded name; when to say that they left, and their name
        self._full: set[Client] = set()  # in the selector
        self._closing: set[Client] = set()  # have a `close_by`
        self._unsaved: dict[str, Address] = {}  # key: folded name; changed, and not worth a transaction of their own
        self._old: dict[int, Block] = {}  # key: first seq; the blocks that were read from disk, the last used last
        self._asked: dict[int, list[Client]] = {}  # key: first seq; who waits for a block from disk
        self._spare_from = 0.0  # no spare work before: the disk has just refused some
        self._stop_by: float | None = None
        self.ended = threading.Event()  # set when the hub works no more, whatever the reason

    # -- called by other threads --

    def start_up(self) -> Path | None:
        """Starts the thread and opens the log. Returns where a malformed one was put. Raises `HistoryError`."""
        self.start()
        result = self._opened.get()
        if isinstance(result, HistoryError):
            self.join()
            raise result
        return result

    def post(self, item: Post) -> None:
        """Puts something into the inbox."""
        self._inbox.append(item)
        # The hub says that it sleeps before it looks into the inbox for the last time: one of us sees the other.
        if self._asleep:
            self._asleep = False
            with contextlib.suppress(OSError):  # many wakers at once: it will wake; or it has ended
                self._wake_writer.send(b"\0")

    # -- the loop --

    def run(self) -> None:
        """Opens the log, works until stopped, closes the log."""
        with self._wake_reader, self._wake_writer, self._selector:
            self._run()

    def _run(self) -> None:
        try:
            self._history = History(self._folder)
            self._known = {address.key: address for address in self._history.addresses()}
        except HistoryError as error:
            self._opened.put(error)
            return
        self._tail = Tail(self._history.last)
        self._fanned_out = self._tail.last  # everybody who was up to date when we last looked has it up to here
        self._catch_up = CatchUp(self._folder, self)
        self._catch_up.start()
        self._opened.put(self._history.set_aside)
        try:
            while self._stop_by is None or (self._closing and time.monotonic() < self._stop_by):
                self._wait()
                self._work()
        except Exception:
            log.critical("The hub has failed; this is a mistake in Hallway.", exc_info=True)
        finally:
            self.ended.set()
            for client in [*self._here.values(), *self._closing]:
                self._end(client)
            self._catch_up.stop()
            self._catch_up.join()
            try:
                self._save_addresses()
            except NotSaved as error:
                log.error("%s Some private messages will be shown again as new.", error)
            self._history.close()

    def _wait(self) -> None:
        """Sleeps until there is something to do, and serves the sockets that can be written to again."""
        self._asleep = True
        events = self._selector.select(0 if self._inbox else self._seconds_to_wait())
        self._asleep = False
        for key, _ in events:
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    self._wake_reader.recv(4096)
            else:
                self._pump(key.data)
                self._give_turns(key.data)
        if not events and not self._inbox and self._stop_by is None and time.monotonic() >= self._spare_from:
            self._use_spare_time()

    def _seconds_to_wait(self) -> float | None:
        deadlines = [deadline for deadline, _ in self._missing.values()]
        deadlines += [client.close_by for client in self._closing if client.close_by is not None]
        if self._stop_by is not None:
            deadlines.append(self._stop_by)
        if self._unsaved or self._history.has_spare_work:
            deadlines.append(max(time.monotonic() + IDLE_SECONDS, self._spare_from))
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _work(self) -> None:
        """One batch: who goes, who comes, what is said; then what became of it, to everybody."""
        joins: list[Join] = []
        orders: list[Orders] = []
        heard: set[Client] = set()
        notices: list[Joined | Left] = []
        taken = 0  # whatever it is: nothing that keeps coming may keep the hub from writing and sending
        while self._inbox and taken < BATCH_SIZE:
            item = self._inbox.popleft()
            taken += item.size if isinstance(item, Orders) else ORDER_SIZE
            if isinstance(item, Gone):
                if item.client in heard:
                    self._inbox.appendleft(item)  # its last words first
                    break
                self._leave(item, notices)
            elif isinstance(item, PageRead):
                item.client.reading = False
                if not item.client.ended:
                    item.client.page = item
                self._pump(item.client)
                self._give_turns(item.client)
            elif isinstance(item, BlockRead):
                self._keep_old(item.block)
                self._serve_waiting(item.first)
            elif isinstance(item, Unreadable):
                self._cut_off(item.wanted)
            elif isinstance(item, Tell):
                self._tell(item.client, item.data)
                self._pump(item.client)
            elif isinstance(item, Stop):
                if heard:
                    self._inbox.appendleft(item)  # those who come in this batch are to be told as well
                    break
                self._begin_stop(item.reason)
            elif self._stop_by is None:  # what comes later was not acked, and will be sent again
                heard.add(item.client)
                if isinstance(item, Orders):
                    orders.append(item)
                    item.client.owed += 1
                    if not (item.client.full or item.client.reading):
                        self._give_turns(item.client)  # now, so that its thread reads on while we write and send
                else:
                    joins.append(item)
        if joins or orders:
            self._carry_through(joins, orders, notices)
        self._watch_clock(notices)
        if notices:
            self._announce(notices)
        for join in joins:
            join.client.is_new = False
        if self._history.wants_checkpoint and not self._inbox:
            self._use_pause()

    # -- coming and going --

    def _carry_through(self, joins: list[Join], orders: list[Orders], notices: list[Joined | Left]) -> None:
        """Writes what was said and who came in one transaction; then tells everybody concerned."""
        now = time.time_ns() // 1_000_000
        entering = self._admit(joins)
        runs = self._read_orders(orders)
        addresses: list[Address] = []
        stored: list[Stored] = []
        try:
            if entering or runs:
                self._history.begin()
                addresses = [self._save_address(join, key) for key, join in entering.items()]
                if runs:
                    stored = self._history.append(list(chain.from_iterable(run.drafts for run in runs)), now)
                self._history.commit()
        except NotSaved as error:
            log.error("%s Nobody is told that it was; people's programs will send it again.", error)
            for join in entering.values():
                self._say(join.client, Error("not_saved", NOT_SAVED))
            for run in runs:
                self._refuse(run)
        else:
            for (key, join), address in zip(entering.items(), addresses, strict=True):
                self._enter(join, key, address, notices, now)
            self._welcome(entering.values())
            self._publish(runs, stored)
        self._fan_out()
        for join in joins:
            self._pump(join.client)
            join.done.set()
        for item in orders:
            self._pump(item.client)

    def _admit(self, joins: list[Join]) -> dict[str, Join]:
        """Those who may come in, by key; the others are told why not. The first to ask for a name is its one winner."""
        entering: dict[str, Join] = {}
        for join in joins:
            name = join.hello.name
            key = name_key(name)
            if join.client.person or join.client.ended:
                continue
            if len(self._here) + len(entering) >= self._max_clients:
                self._say(join.client, Error("full", "This chat is full. Please try again later."))
                self._close(join.client)
            elif key in self._here or key in entering:
                sentence = f"Somebody called {name} is here already. Choose another name."
                self._say(join.client, Error("name_taken", sentence))
                log.info("%s was not let in as %s: somebody is here by that name", join.client.address, name)
            else:
                entering[key] = join
        return entering

    def _save_address(self, join: Join, key: str) -> Address:
        """The address of somebody who comes, as it is on disk after this transaction."""
        known = self._known.get(key)
        if known is not None and not known.keeps:  # what was for a guest is for nobody else of that name
            self._history.retire_address(known)
            known = None
        if known is None:
            return self._history.add_address(key, join.hello.name, join.keeps)
        address = Address(known.id, key, join.hello.name, True, known.delivered)
        if address != known:
            self._history.save_address(address)
        return address

    def _enter(self, join: Join, key: str, address: Address, notices: list[Joined | Left], now: int) -> None:
        client, hello = join.client, join.hello
        client.person = self._known[key] = address
        self._unsaved.pop(key, None)  # the same person; but they may spell their name anew
        client.name = address.name
        self._here[key] = client
        if hello.history == self._history.id and hello.after is not None:
            client.after = min(hello.after, self._tail.last)
        else:
            client.after = address.delivered if join.keeps else self._tail.last
            client.start = None
        client.joined_at = self._tail.last
        if self._missing.pop(key, None) is None:
            notices.append(Joined(address.name, now))
        log.info("%s joined from %s", address.name, client.address)

    def _welcome(self, joins: Iterable[Join]) -> None:
        people = encode_people(self._people()) if joins else ""
        for join in joins:
            client = join.client
            welcome = Welcome(VERSION, self._server_name, self._history.id, client.name, (), self._tail.last)
            words = client.face is WORDS
            self._tell(client, WORDS.say(welcome, client.name) if words else encode_welcome(welcome, people))
            client.is_new = True

    def _people(self) -> Iterator[Person]:
        """Who is here, then who was here last."""
        for client in self._here.values():
            yield Person(client.name, True)
        away = (address for key, address in reversed(self._known.items()) if address.keeps and key not in self._here)
        for address in islice(away, AWAY_LISTED):
            yield Person(address.name, False)

    def _leave(self, gone: Gone, notices: list[Joined | Left]) -> None:
        client = gone.client
        if client.person is not None and self._here.get(client.person.key) is client:
            key = client.person.key
            del self._here[key]
            self._known[key] = self._known.pop(key)  # to the end: the last to be here
            if gone.bye or client.face is WORDS:  # people on netcat do not come back by themselves
                if gone.bye and client.start == 0 and client.face is WIRE:  # netcat may have borrowed the name
                    client.person.delivered = client.after
                    self._unsaved[key] = client.person
                notices.append(Left(client.name, time.time_ns() // 1_000_000))
            else:
                self._missing[key] = time.monotonic() + GONE_SECONDS, client.name
            if self._stop_by is None:
                log.info("%s %s", client.name, "left" if gone.bye else "lost the connection")
        self._close(client)

    def _announce(self, notices: list[Joined | Left]) -> None:
        """Tells everybody who came and went; those who just came have read it in their welcome."""
        faces: tuple[Face, ...] = (WIRE, WORDS)
        lines = {face: b"".join(face.say(notice, "") for notice in notices) for face in faces}
        for client in list(self._here.values()):
            if not client.is_new:
                self._tell(client, lines[client.face])
                self._pump(client)

    def _watch_clock(self, notices: list[Joined | Left]) -> None:
        """What is due: who has been gone for long enough, and who had long enough to take the last words."""
        now = time.monotonic()
        for key in [key for key, (deadline, _) in self._missing.items() if deadline <= now]:
            _, name = self._missing.pop(key)
            notices.append(Left(name, time.time_ns() // 1_000_000))
            log.info("%s has not come back", name)
        for client in [client for client in self._closing if client.close_by is not None and client.close_by <= now]:
            self._end(client)

    def _begin_stop(self, reason: str) -> None:
        for key, client in list(self._here.items()):
            if client.face is WIRE and client.start == 0 and client.person is not None and not client.full:
                client.person.delivered = client.after
                self._unsaved[key] = client.person
            self._say(client, Bye(reason))
            self._close(client)
        self._stop_by = time.monotonic() + STOP_SECONDS

    # -- what is said --

    def _read_orders(self, orders: list[Orders]) -> list[Run]:
        """The messages among the orders; the other orders are carried out."""
        runs: list[Run] = []
        for item in orders:
            client = item.client
            if client.person is None:
                continue
            for order in item.orders:
                if type(order) is PlainSends:
                    if client.refused is None:
                        sender = client.person.id
                        drafts = [(sender, EVERYONE_ID, id, text) for id, text in order.said]
                        runs.append(Run(client, EVERYBODY, drafts))
                        continue
                    for id, text in order.said:
                        runs += self._read_send(client, client.person.id, Send(id, text))
                elif type(order) is Send:
                    runs += self._read_send(client, client.person.id, order)
                else:
                    self._carry_out(client, order)
        return runs

    def _read_send(self, client: Client, sender: int, send: Send) -> list[Run]:
        """A message for the log, or none: then the client is told why not."""
        if client.refused is not None and self._is_refused_alike(client, client.refused, send):
            return []
        try:
            recipient, text = self._address(send)
        except ProtocolError as problem:
            self._say(client, Error(problem.code, str(problem), send.id))
            return []
        return [Run(client, recipient, [(sender, recipient.id, send.id, text)])]

    def _refuse(self, run: Run) -> None:
        """Tells a client that its messages could not be saved."""
        client = run.client
        for _, _, id, _ in run.drafts:
            self._say(client, Error("not_saved", NOT_SAVED, id))
            if client.refused is None or time.monotonic() >= client.refused[1]:
                client.refused = id, time.monotonic() + REFUSED_ALIKE

    def _is_refused_alike(self, client: Client, refused: tuple[str, float], send: Send) -> bool:
        """Whether a message was under way when an earlier one was refused: it is not to be shown before that one."""
        first, until = refused
        if send.id == first or time.monotonic() >= until:
            client.refused = None
            return False
        self._say(client, Error("not_saved", NOT_SAVED, send.id))
        return True

    def _address(self, send: Send) -> tuple[Address, str]:
        """Whom a message is for, and its text without the `@name` that said so. Raises `ProtocolError`."""
        if send.to is None:
            addressed = split_address(send.text, self._find)
            if addressed is None:
                return EVERYBODY, send.text
            name, text = addressed
            if not text:
                raise ProtocolError("bad_message", f"There is nothing in that message to {name}.")
            return self._known[name_key(name)], text
        if send.to == EVERYONE:
            return EVERYBODY, send.text
        if self._find(name_key(send.to)) is None:
            raise UnknownPerson(clean_line(send.to))
        return self._known[name_key(send.to)], send.text

    def _find(self, key: str) -> str | None:
        """The name of somebody who can be written to: who keeps their name, or is here."""
        address = self._known.get(key)
        return address.name if address and (address.keeps or key in self._here or key in self._missing) else None

    def _carry_out(self, client: Client, order: Order) -> None:
        if isinstance(order, (TypingTo, SeenWith)):
            target = self._here.get(order.to if isinstance(order, TypingTo) else order.other)  # a key already
            if target is not None and not target.full:  # not worth a queue: it is old news in a moment
                event = TypingFrom(client.name) if isinstance(order, TypingTo) else SeenBy(client.name, order.seq)
                self._say(target, event)
                self._pump(target)
        elif isinstance(order, Who):
            names = ", ".join(sorted(other.name for other in self._here.values()))
            self._tell(client, f"Here now ({len(self._here)}): {names}\n".encode())
        elif isinstance(order, bytes):
            self._tell(client, order)

    def _publish(self, runs: list[Run], stored: list[Stored]) -> None:
        """Acks what is on disk now, and puts what is new at the end of the tail."""
        acks: defaultdict[Client, list[str]] = defaultdict(list)
        lines: list[bytes] = []
        private: dict[int, tuple[int, int]] = {}
        rest = iter(stored)
        for run in runs:
            client = run.client
            places = list(islice(rest, len(run.drafts)))
            written = [(seq, at, id, text) for (seq, at, _), (_, _, id, text) in zip(places, run.drafts, strict=True)]
            run_acks, run_lines = encode_run(client.name, run.recipient.name, written)
            acks[client] += run_acks
            if not all(new for _, _, new in places):
                run_lines = [line for line, (_, _, new) in zip(run_lines, places, strict=True) if new]
            lines += run_lines
            if run.recipient is not EVERYBODY:
                people = run.drafts[0][:2]
                private.update((seq, people) for seq, _, new in places if new)
        for block in blocks(self._tail.last + 1, lines, private):
            self._tail.append(block)
        for client, lines_said in acks.items():
            if client.face is WIRE:
                self._tell(client, "".join(lines_said).encode())
            log.info("%s wrote %d message%s", client.name, len(lines_said), "" if len(lines_said) == 1 else "s")
        if log.isEnabledFor(logging.DEBUG):
            for run in runs:
                for _, _, _, text in run.drafts:
                    log.debug("%s to %s: %s", run.client.name, run.recipient.name, clean_line(text))
        self._let_go_of_blocks()

    # -- sending --

    def _say(self, client: Client, event: Event) -> None:
        self._tell(client, client.face.say(event, client.name))

    def _tell(self, client: Client, data: bytes) -> None:
        """Puts whole lines into the queue of what is not in the log."""
        if client.ended or not data:
            return
        client.control.append(data)
        client.control_size += len(data)
        if client.control_size > CONTROL_SIZE:
            self._pump(client)
        if client.control_size > CONTROL_SIZE:
            log.info("%s does not read and is disconnected", client.name or client.address)
            self._end(client)

    def _fan_out(self) -> None:
        """Hands everybody what is new.

        Nearly all have read everything up to now, want the same bytes and nothing else: those are handed over here, at
        a third of what `_pump` would cost for each.
        """
        last, before = self._tail.last, self._fanned_out
        self._fanned_out = last
        block = self._tail.block_after(before) if before < last and before + 1 >= self._tail.first else None
        data = block.public(before) if block is not None and block.last == last and not block.privates else None
        for client in self._here.values():
            if client.full:
                continue
            if data is None or client.after != before or client.control or client.start != 0 or client.face is not WIRE:
                if client.after != last or client.control:
                    self._pump(client)
                continue
            client.after = last
            try:
                sent = client.link.send(data)
            except OSError:
                self._end(client)
                continue
            if sent < len(data):
                client.buffer, client.offset, client.block, client.block_after = data, sent, block, before
                self._is_full(client)

    def _pump(self, client: Client) -> None:
        """Hands over what is due to a client, until it has everything or its socket is full. Never waits."""
        try:
            while client.offset < len(client.buffer) or self._fill(client):
                rest = memoryview(client.buffer)[client.offset :] if client.offset else client.buffer
                client.offset += client.link.send(rest)
                if client.offset < len(client.buffer):
                    self._is_full(client)
                    return
        except OSError:  # the connection broke; its thread notices as well, and posts that it has gone
            self._end(client)
            return
        if client.full:
            self._not_full(client)
        if client.close_by is not None and not client.reading:
            self._end(client)

    def _fill(self, client: Client) -> bool:
        """Puts into the client's empty buffer what is due next; false when nothing is, or not yet."""
        client.buffer, client.offset, client.block = b"", 0, None
        if client.after == self._tail.last and client.start == 0 and not client.control:  # up to date, as nearly always
            return False
        while not client.buffer:
            if client.control:
                client.buffer = b"".join(client.control)
                client.control.clear()
                client.control_size = 0
            elif client.ended or client.person is None:
                return False
            elif client.page is not None:
                client.buffer, client.after, client.start = client.page.data, client.page.after, client.page.start
                client.page = None
            elif client.start != 0:
                if not client.reading:
                    client.reading = True
                    self._catch_up.ask_page(client)
                return False
            elif client.after == self._tail.last:
                return False
            else:
                behind = client.after + 1 < self._tail.first
                block = self._find_old(client.after + 1) if behind else self._tail.block_after(client.after)
                if block is None:
                    if not client.reading:
                        self._ask_old(client, client.after + 1)
                    return False
                self._view(client, client.person.id, block)
        return True

    def _view(self, client: Client, person: int, block: Block) -> None:
        """Fills the client's buffer with what follows its place in a block."""
        after = client.after
        if block.privates and block.has_private(person, after):
            client.buffer = b"".join(client.face.line(line, client.name) for _, line in block.lines(person, after))
        else:
            view = block.views.get((client.face, after))
            if view is None:
                if client.face is WIRE:
                    view = block.public(after)
                else:
                    view = b"".join(client.face.line(line, "") for _, line in block.lines(person, after))
                if len(block.views) >= VIEWS:
                    block.views.clear()
                block.views[client.face, after] = view
            client.buffer = view
        client.block, client.block_after, client.after = block, after, block.last

    def _let_go_of_blocks(self) -> None:
        """Slow clients keep no block in memory that is neither in the tail nor among the old ones kept."""
        for client in self._full:
            block = client.block
            if block is not None and block.last < self._tail.first and self._old.get(block.first) is not block:
                self._let_go_of_block(client, block)

    def _let_go_of_block(self, client: Client, block: Block) -> None:
        """Keeps only the rest of the line that a slow client is in: it will read on from the disk."""
        assert client.person is not None
        end = 0
        for seq, line in block.lines(client.person.id, client.block_after):
            shown = client.face.line(line, client.name)
            end += len(shown)
            if end > client.offset:
                client.buffer, client.offset = shown[client.offset - end :], 0
                client.after = seq
                break
        client.block = None

    # -- behind the tail --

    def _find_old(self, seq: int) -> Block | None:
        """The block from disk with entry `seq`, if it was read not long ago."""
        for first, block in self._old.items():
            if first <= seq <= block.last:
                self._old[first] = self._old.pop(first)  # the last used last
                return block
        return None

    def _ask_old(self, client: Client, seq: int) -> None:
        """Has the block with entry `seq` read, unless it is being read already."""
        client.reading = True
        first = seq - (seq - 1) % OLD_MESSAGES
        if first in self._old:  # that one was cut off before `seq`, at its size
            first = seq
        if first not in self._asked:
            self._asked[first] = []
            self._catch_up.ask_block(first)
        self._asked[first].append(client)

    def _keep_old(self, block: Block) -> None:
        self._old[block.first] = block
        if len(self._old) > OLD_BLOCKS:
            del self._old[next(iter(self._old))]
            self._let_go_of_blocks()

    def _serve_waiting(self, first: int) -> None:
        for client in self._asked.pop(first, []):
            client.reading = False
            self._pump(client)
            if not client.reading:
                self._give_turns(client)

    def _cut_off(self, wanted: int | Client) -> None:
        """Ends the connections that need what the disk did not give; they can come back and try again."""
        for client in self._asked.pop(wanted, []) if isinstance(wanted, int) else [wanted]:
            client.reading = False
            self._end(client)

    def _give_turns(self, client: Client) -> None:
        if client.owed:
            client.turns.release(client.owed)
            client.owed = 0

    def _is_full(self, client: Client) -> None:
        if not client.full:
            client.full = True
            self._full.add(client)
            self._selector.register(client.link, selectors.EVENT_WRITE, client)

    def _not_full(self, client: Client) -> None:
        client.full = False
        self._full.discard(client)
        self._selector.unregister(client.link)
        if not client.reading:
            self._give_turns(client)  # here, as not only the selector finds out that a socket takes something again

    def _close(self, client: Client) -> None:
        """Lets the client have what is under way, then ends the connection."""
        if client.ended or client.close_by is not None:
            return
        client.close_by = time.monotonic() + CLOSE_SECONDS
        self._closing.add(client)
        self._pump(client)

    def _end(self, client: Client) -> None:
        """Ends the connection now. Its thread wakes, and posts that it has gone."""
        if client.ended:
            return
        client.ended = True
        if client.full:
            self._not_full(client)
        self._closing.discard(client)
        client.control.clear()
        client.buffer, client.offset, client.block, client.page = b"", 0, None, None
        client.link.shutdown()
        client.link.close_writer()
        self._give_turns(client)
        client.turns.release()  # one more, for what is still in the inbox: its thread wakes and sees `ended`

    # -- spare time --

    def _use_spare_time(self) -> None:
        """Nobody wants anything: what can wait is done now, a little at a time."""
        with self._spare_work():
            if self._unsaved:
                self._save_addresses()
            elif not self._history.index_more(INDEX_MESSAGES):
                self._history.checkpoint()

    def _use_pause(self) -> None:
        """Everybody has everything just now."""
        if time.monotonic() >= self._spare_from:
            with self._spare_work():
                self._history.checkpoint()

    @contextlib.contextmanager
    def _spare_work(self) -> Iterator[None]:
        """Work that stays for later when the disk refuses: what people write is more urgent, and says so itself."""
        try:
            yield
        except NotSaved as error:
            log.error("%s", error)
            self._spare_from = time.monotonic() + REFUSED_SECONDS

    def _save_addresses(self) -> None:
        """Writes down how people left. Raises `NotSaved`."""
        if self._unsaved:
            self._history.begin()
            for address in self._unsaved.values():
                self._history.save_address(address)
            self._history.commit()
            self._unsaved.clear()
