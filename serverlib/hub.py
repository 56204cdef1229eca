"""The hub: the one thread that owns everything the people in a chat share.

It owns the register of people (`register.py`) and the log's writer, and through its `Delivery` (`delivery.py`) the tail
of the log in memory and everybody's place in it; it alone writes to the connections. Client threads (`connection.py`),
the catch-up thread and the operator's terminal put what they have into its inbox with `post`; nothing else here may be
called from another thread, so nothing here needs a lock.

The hub takes all that waits in its inbox as one batch: one transaction, one fsync, then the fan-out, in which everybody
gets their acks first. A message goes into the log and the tail once, whoever reads it.
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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from json.encoder import encode_basestring as quote  # in log lines: no name can end its quotes and go on as the server
from pathlib import Path

from history import EVERYONE_ID, Address, Draft, History, HistoryError, NotSaved, Place
from names import ProtocolError, UnknownPerson, clean_line, look_alike_keys, name_key, split_address
from protocol import (
    EVERYONE,
    VERSION,
    Bye,
    Error,
    Hello,
    Joined,
    Left,
    PlainSends,
    SeenWith,
    Send,
    TypingTo,
    Welcome,
    encode_people,
    encode_run,
    encode_welcome,
)
from serverlib.delivery import WIRE, WORDS, BlockRead, Client, Delivery, Face, PageRead, Read, Unreadable
from serverlib.door import Door, seconds_in_words
from serverlib.operations import WHO_LISTED, Operate, Operations
from serverlib.register import Register
from serverlib.signals import Signals

BATCH_SIZE = 512 * 1024  # bytes in one transaction, about; a larger one would only make the first of them wait
ORDER_SIZE = 64  # bytes that an order counts for at the least, beside its text
REFUSED_ALIKE = 0.5  # s in which a client whose message was not saved has the ones behind it refused, too
STOP_SECONDS = 2.0  # to hand over the last words when the server closes
IDLE_SECONDS = 0.1  # without anything to do before spare time begins
REFUSED_SECONDS = 10.0  # until spare work is tried again that the disk refused
INDEX_MESSAGES = 250  # taken into the search index at once, in spare time; fewer where they are long

BANNED = "You are banned from this chat. Whoever runs it can lift that."
TAKEN_OVER = Bye("You joined from somewhere else.", "taken_over")
NOT_SAVED = "The server could not save this; its disk refused. Please try again later."
EVERYBODY = Address(EVERYONE_ID, EVERYONE, EVERYONE, keeps=True, delivered=0)

log = logging.getLogger("hallway")


# --- what is posted to the hub ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody in words asks who is here."""


@dataclass(frozen=True, slots=True)
class WantMarks:
    """Somebody asks what is unread: the read marks that are not on disk yet are put into `answer`."""

    answer: queue.SimpleQueue[Mapping[tuple[int, int], int]]


# Bytes are an answer that the client's thread has ready. The names of TypingTo and SeenWith are folded already: that
# can take a while, and is not to take the hub's time.
Order = Send | PlainSends | TypingTo | SeenWith | WantMarks | Who | bytes


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
class Stop:
    """The server closes; everybody is told `reason`."""

    reason: str


Post = Join | Orders | Tell | Gone | Read | Stop | Operate


@dataclass(frozen=True, slots=True)
class Run:
    """What one client wrote to one address without a break, on its way into the log."""

    client: Client
    recipient: Address
    drafts: list[Draft]


# --- the hub ----------------------------------------------------------------------------------------------------------


class Hub(threading.Thread):
    """The thread itself. `start_up` opens the log in it; `post` is all that other threads call after that."""

    def __init__(self, folder: Path, server_name: str, max_clients: int, door: Door) -> None:
        super().__init__(name="hallway-hub")
        self._door = door
        self._folder = folder
        self._server_name = server_name
        self._max_clients = max_clients
        self._inbox: deque[Post] = deque()
        self._asleep = False
        self._opened: queue.SimpleQueue[HistoryError | RuntimeError | Path | None] = queue.SimpleQueue()
        self._spare_from = 0.0  # no spare work before: the disk has just refused some
        self._stop_by: float | None = None
        self.found_messages = False  # in the log, when it was opened; set before `start_up` returns
        self.ended = threading.Event()  # set when the hub works no more, whatever the reason

    # -- called by other threads --

    @property
    def people_here(self) -> int:
        """How many have joined, as of a moment ago. Any thread."""
        return len(self._register.here)

    @property
    def history_id(self) -> str:
        """Which log this is. Any thread, when `start_up` has returned."""
        return self._history.id

    def start_up(self) -> Path | None:
        """Starts the thread and opens the log. Returns where a malformed one was put.

        Raises `HistoryError`, and OSError or RuntimeError when the system has no descriptor or no thread left.
        """
        with contextlib.ExitStack() as made:
            self._wake_reader, self._wake_writer = map(made.enter_context, socket.socketpair())
            self._wake_reader.setblocking(False)
            self._wake_writer.setblocking(False)
            self._selector = made.enter_context(selectors.DefaultSelector())
            self._selector.register(self._wake_reader, selectors.EVENT_READ)
            self.start()
            made.pop_all()  # the thread closes them now
        result = self._opened.get()
        if isinstance(result, Exception):
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
        except HistoryError as error:
            self._opened.put(error)
            return
        try:
            self._register = Register(self._history)
            self._delivery = Delivery(self._folder, self._history.last, self._selector, self.post)
            self._signals = Signals(self._delivery)
            self._operations = Operations(self._history, self._register, self._delivery, self._door, self._send_away)
            self._delivery.start()
            self.found_messages = self._history.last > 0
        except (HistoryError, RuntimeError) as error:
            self._history.close()
            self._opened.put(error)
            return
        self._opened.put(self._history.set_aside)
        try:
            while self._stop_by is None or (self._delivery.closing and time.monotonic() < self._stop_by):
                self._wait()
                self._work()
        except Exception:
            log.critical("The hub has failed; this is a mistake in Hallway.", exc_info=True)
        finally:
            self.ended.set()
            for client in [*self._register.here.values(), *self._delivery.closing]:
                self._delivery.end(client)
            self._delivery.stop()
            try:
                self._register.save()
                while self._signals.has_unsaved:
                    self._signals.save(self._history)
            except NotSaved as error:
                log.error("%s Some messages will be shown again as new.", error)
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
                self._delivery.go_on(key.data)
        if not events and not self._inbox and self._stop_by is None and time.monotonic() >= self._spare_from:
            self._use_spare_time()

    def _seconds_to_wait(self) -> float | None:
        deadlines = [*self._register.deadlines()]
        deadlines += [client.close_by for client in self._delivery.closing if client.close_by is not None]
        if self._stop_by is not None:
            deadlines.append(self._stop_by)
        if self._register.has_unsaved or self._signals.has_unsaved or self._history.has_spare_work:
            deadlines.append(max(time.monotonic() + IDLE_SECONDS, self._spare_from))
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _work(self) -> None:
        """One batch: who goes, who comes, what is said; then what became of it, to everybody."""
        notices: list[Joined | Left] = []
        joins, orders = self._take_batch(notices)
        if joins or orders:
            self._carry_through(joins, orders, notices)
        self._watch_clock(notices)
        if notices:
            self._announce(notices)
        for join in joins:
            join.client.is_new = False
        if not self._inbox:
            if self._signals.waiting:
                self._signals.tell_typing(self._register.here.values())
            if self._history.wants_checkpoint:
                self._use_pause()

    def _take_batch(self, notices: list[Joined | Left]) -> tuple[list[Join], list[Orders]]:
        """Who wants to come in, and what was said, up to about `BATCH_SIZE`; all else in the inbox is done at once."""
        joins: list[Join] = []
        orders: list[Orders] = []
        heard: set[Client] = set()
        taken = 0  # whatever it is: nothing that keeps coming may keep the hub from writing and sending
        while self._inbox and taken < BATCH_SIZE:
            item = self._inbox.popleft()
            taken += item.size if isinstance(item, Orders) else ORDER_SIZE
            if _has_to_wait(item, heard):
                self._inbox.appendleft(item)
                break
            if not isinstance(item, (Join, Orders)):
                self._do_at_once(item, notices)
            elif self._stop_by is None:  # what comes later was not acked, and will be sent again
                heard.add(item.client)
                if isinstance(item, Join):
                    joins.append(item)
                    continue
                orders.append(item)
                item.client.owed += 1
                if not (item.client.full or item.client.reading):
                    self._delivery.give_turns(item.client)  # now: its thread reads on while we write and send
        return joins, orders

    def _do_at_once(self, item: Tell | Gone | Read | Stop | Operate, notices: list[Joined | Left]) -> None:
        """What is no part of a transaction with others."""
        if isinstance(item, Gone):
            self._leave(item, notices)
        elif isinstance(item, PageRead):
            self._delivery.take_page(item)
        elif isinstance(item, BlockRead):
            self._delivery.take_block(item)
        elif isinstance(item, Unreadable):
            self._delivery.cut_off(item.wanted)
        elif isinstance(item, Tell):
            self._delivery.tell(item.client, item.data)
            self._delivery.pump(item.client)
        elif isinstance(item, Stop):
            self._begin_stop(item.reason)
        else:
            item.answer.put(self._operations.carry_out(item, notices))

    # -- coming and going --

    def _carry_through(self, joins: list[Join], orders: list[Orders], notices: list[Joined | Left]) -> None:
        """Writes what was said and who came in one transaction; then tells everybody concerned."""
        now = time.time_ns() // 1_000_000
        entering = self._admit(joins)
        runs = self._read_orders(orders)
        addresses: list[tuple[Address, str | None]] = []
        places: list[Place] = []
        try:
            if entering or runs:
                self._history.begin()
                addresses = [self._register.save_address(join.hello, join.keeps) for join in entering.values()]
                if runs:
                    places = self._history.append(list(chain.from_iterable(run.drafts for run in runs)), now)
                self._history.commit()
        except NotSaved as error:
            log.error("%s Nobody is told that it was; people's programs will send it again.", error)
            for join in entering.values():
                self._refuse_join(join, Error("not_saved", NOT_SAVED))
            for run in runs:
                self._refuse(run)
        else:
            for (key, join), (address, token) in zip(entering.items(), addresses, strict=True):
                join.client.issued = token is not None
                self._enter(join, key, address, notices, now)
            self._welcome(entering.values(), [token for _, token in addresses])
            self._publish(runs, places)
        self._delivery.fan_out(self._register.here.values())
        for join in joins:
            self._delivery.pump(join.client)
            join.done.set()
        for item in orders:
            self._delivery.pump(item.client)

    def _admit(self, joins: list[Join]) -> dict[str, Join]:
        """Those who may come in, by key; the others are told why not. The first to ask for a name is its one winner."""
        entering: dict[str, Join] = {}
        alike: dict[str, str] = {}  # key: look-alike key; the folded name of who is entering
        room = self._max_clients - len(self._register.here)
        for join in joins:
            client, name = join.client, join.hello.name
            key, looks = name_key(name), look_alike_keys(name)
            if client.person or client.ended:
                continue
            if self._door.is_banned(client.host, {key, *looks}):
                self._delivery.say(client, Error("banned", BANNED))
                self._delivery.close(client)
                log.info("%s was not let in as %s: banned", client.address, quote(name))
                continue
            owns = self._register.owns(join.hello, join.keeps)
            problem = None if owns else self._register.why_taken(name, join.keeps, entering)
            looks = self._register.new_looks(name, owns)
            if problem is None and (
                self._register.is_anothers(looks, key) or any(alike.get(look, key) != key for look in looks)
            ):
                problem = f"{name} looks like the name of somebody else here. Choose another name."
            if problem is not None:
                self._refuse_join(join, Error("name_taken", problem))
                log.info("%s was not let in as %s: that is somebody else's name", client.address, quote(name))
            elif key in entering:  # the same person, twice in one moment
                self._send_off(entering[key].client, TAKEN_OVER)
                entering[key] = join
            elif key not in self._register.here and room <= 0:
                self._delivery.say(client, Error("full", "This chat is full. Please try again later."))
                self._delivery.close(client)
            elif seconds := self._door.join(client.host):
                self._put_off(join, "people come and go", seconds)
            elif not owns and (seconds := self._door.new_name(client.host)):
                self._put_off(join, "new names come", seconds)
            else:
                room -= key not in self._register.here
                entering[key] = join
                alike.update(dict.fromkeys(looks, key))
        return entering

    def _put_off(self, join: Join, what: str, seconds: float) -> None:
        """Closes the connection of somebody who may come in later."""
        client = join.client
        sentence = f"Too many {what} from your address. Try again in {seconds_in_words(seconds)}."
        self._delivery.say(client, Error("full", sentence))
        self._delivery.close(client)
        log.info("%s was not let in as %s: too many %s from there", client.address, quote(join.hello.name), what)

    def _refuse_join(self, join: Join, error: Error) -> None:
        self._delivery.tell(join.client, join.client.face.refuse(error))

    def _enter(self, join: Join, key: str, address: Address, notices: list[Joined | Left], now: int) -> None:
        client, hello = join.client, join.hello
        before = self._register.here.get(key)
        if before is not None:  # what is under way from there is still taken: it is the same person
            self._send_off(before, TAKEN_OVER)
        if self._register.enter(client, address):
            notices.append(Joined(address.name, now))
        if hello.history == self._history.id and hello.after is not None:
            client.after = min(hello.after, self._delivery.tail.last)
        else:
            client.after = address.delivered if join.keeps else self._delivery.tail.last
            client.start = None
        client.joined_at = self._delivery.tail.last
        log.info("%s joined from %s", quote(address.name), client.address)

    def _send_off(self, client: Client, bye: Bye) -> None:
        """Ends a connection with a word. Its person may stay: see `_leave`."""
        self._delivery.say(client, bye)
        self._delivery.close(client)

    def _welcome(self, joins: Iterable[Join], tokens: Iterable[str | None]) -> None:
        people = encode_people(self._register.people()) if joins else ""
        last = self._delivery.tail.last
        for join, token in zip(joins, tokens, strict=True):
            client = join.client
            welcome = Welcome(VERSION, self._server_name, self._history.id, client.name, (), last, token)
            words = client.face is WORDS
            self._delivery.tell(client, WORDS.say(welcome) if words else encode_welcome(welcome, people))
            client.is_new = True

    def _leave(self, gone: Gone, notices: list[Joined | Left]) -> None:
        client = gone.client
        person = self._register.leave(client)
        if person is not None:
            if gone.bye or client.face is WORDS:  # people on netcat do not come back by themselves
                if gone.bye and _has_all(client):
                    self._register.note_delivered(client)
                kept = None if person.keeps else False
                notices.append(Left(client.name, time.time_ns() // 1_000_000, kept))
            else:  # an end that is our own doing proves nothing about the token
                has_token = not client.issued or client.heard or self._stop_by is not None
                self._register.miss(client, has_token)
            if self._stop_by is None:
                log.info("%s %s", quote(client.name), "left" if gone.bye else "lost the connection")
        self._delivery.close(client)

    def _announce(self, notices: list[Joined | Left]) -> None:
        """Tells everybody who came and went; those who just came have read it in their welcome."""
        faces: tuple[Face, ...] = (WIRE, WORDS)
        lines = {face: b"".join(face.say(notice) for notice in notices) for face in faces}
        for client in list(self._register.here.values()):
            if not client.is_new:
                self._delivery.tell(client, lines[client.face])
                self._delivery.pump(client)

    def _watch_clock(self, notices: list[Joined | Left]) -> None:
        """What is due: who has been gone for long enough, and who had long enough to take the last words."""
        for name, kept in self._register.gone():
            notices.append(Left(name, time.time_ns() // 1_000_000, None if kept else False))
            log.info("%s has not come back", quote(name))
        self._delivery.end_late(time.monotonic())

    def _begin_stop(self, reason: str) -> None:
        for client in list(self._register.here.values()):
            if _has_all(client):
                self._register.note_delivered(client)
            self._delivery.say(client, Bye(reason))
            self._delivery.close(client)
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
            self._delivery.say(client, Error(problem.code, str(problem), send.id))
            return []
        return [Run(client, recipient, [(sender, recipient.id, send.id, text)])]

    def _refuse(self, run: Run) -> None:
        """Tells a client that its messages could not be saved."""
        client = run.client
        for _, _, id, _ in run.drafts:
            self._delivery.say(client, Error("not_saved", NOT_SAVED, id))
            if client.refused is None or time.monotonic() >= client.refused[1]:
                client.refused = id, time.monotonic() + REFUSED_ALIKE

    def _is_refused_alike(self, client: Client, refused: tuple[str, float], send: Send) -> bool:
        """Whether a message was under way when an earlier one was refused: it is not to be shown before that one."""
        first, until = refused
        if send.id == first or time.monotonic() >= until:
            client.refused = None
            return False
        self._delivery.say(client, Error("not_saved", NOT_SAVED, send.id))
        return True

    def _address(self, send: Send) -> tuple[Address, str]:
        """Whom a message is for, and its text without the `@name` that said so. Raises `ProtocolError`."""
        if send.to is None:
            addressed = split_address(send.text, self._register.find)
            if addressed is None:
                return EVERYBODY, send.text
            name, text = addressed
            if not text:
                raise ProtocolError("bad_message", f"There is nothing in that message to {name}.")
            return self._register.known[name_key(name)], text
        if send.to == EVERYONE:
            return EVERYBODY, send.text
        if self._register.find(name_key(send.to)) is None:
            raise UnknownPerson(clean_line(send.to))
        return self._register.known[name_key(send.to)], send.text

    def _carry_out(self, client: Client, order: Order) -> None:
        if isinstance(order, TypingTo):
            target = self._register.here.get(order.to)  # a key already
            if target is not None:
                self._signals.typing(client, target)
            elif order.to == EVERYONE:
                self._signals.typing_to_everyone(client)
        elif isinstance(order, SeenWith):
            other = EVERYBODY if order.other == EVERYONE else self._register.known.get(order.other)
            if other is not None:
                seq = min(order.seq, self._delivery.tail.last)
                self._signals.seen(client, other.id, seq, self._register.here.get(order.other))
        elif isinstance(order, WantMarks):
            order.answer.put(self._signals.unsaved_marks())
        elif isinstance(order, Who):
            names = sorted(other.name for other in self._register.here.values())
            more = f" … and {len(names) - WHO_LISTED:,} more" if len(names) > WHO_LISTED else ""
            line = f"Here now ({len(names)}): {', '.join(names[:WHO_LISTED])}{more}\n"
            self._delivery.tell(client, line.encode())
        elif isinstance(order, bytes):
            self._delivery.tell(client, order)

    def _publish(self, runs: list[Run], places: list[Place]) -> None:
        """Acks what is on disk now, and puts what is new at the end of the tail."""
        acks: defaultdict[Client, list[str]] = defaultdict(list)
        lines: list[bytes] = []
        private: dict[int, tuple[int, int]] = {}
        rest = iter(places)
        for run in runs:
            client = run.client
            if self._signals.waiting:
                self._signals.has_written(client)
            taken = list(islice(rest, len(run.drafts)))
            written = [(seq, at, id, text) for (seq, at, _), (_, _, id, text) in zip(taken, run.drafts, strict=True)]
            run_acks, run_lines = encode_run(client.name, run.recipient.name, written)
            acks[client] += run_acks
            if not all(new for _, _, new in taken):
                run_lines = [line for line, (_, _, new) in zip(run_lines, taken, strict=True) if new]
            lines += run_lines
            if run.recipient is not EVERYBODY:
                people = run.drafts[0][:2]
                private.update((seq, people) for seq, _, new in taken if new)
        self._delivery.append(lines, private)
        for client, lines_said in acks.items():
            if client.face is WIRE:
                self._delivery.tell(client, "".join(lines_said).encode())
            log.info("%s wrote %d message%s", quote(client.name), len(lines_said), "" if len(lines_said) == 1 else "s")
        if log.isEnabledFor(logging.DEBUG):
            for run in runs:
                for _, _, _, text in run.drafts:
                    who, whom = quote(run.client.name), quote(run.recipient.name)
                    log.debug("%s to %s: %s", who, whom, clean_line(text))

    def _send_away(self, client: Client, bye: Bye, notices: list[Joined | Left]) -> None:
        """Somebody leaves because the operator wants it."""
        self._delivery.say(client, bye)
        self._leave(Gone(client, bye=True), notices)

    # -- spare time --

    def _use_spare_time(self) -> None:
        """Nobody wants anything: what can wait is done now, a little at a time."""
        with self._spare_work():
            if self._register.has_unsaved:
                self._register.save()
            elif self._signals.has_unsaved:
                self._signals.save(self._history)
            elif not self._history.index_more(INDEX_MESSAGES):
                self._history.checkpoint()

    def _use_pause(self) -> None:
        """Everybody has everything just now."""
        if time.monotonic() >= self._spare_from:
            with self._spare_work():
                self._signals.save(self._history)
                self._history.checkpoint()

    @contextlib.contextmanager
    def _spare_work(self) -> Iterator[None]:
        """Work that stays for later when the disk refuses: what people write is more urgent, and says so itself."""
        try:
            yield
        except NotSaved as error:
            log.error("%s", error)
            self._spare_from = time.monotonic() + REFUSED_SECONDS


def _has_to_wait(item: Post, heard: set[Client]) -> bool:
    """Whether what was said in this batch, by those who were `heard`, comes first."""
    if isinstance(item, Gone):
        return item.client in heard  # its last words
    # Those who come in this batch are to be told of the end as well, and nobody's words come after they were sent away.
    return bool(heard) and isinstance(item, (Stop, Operate))


def _has_all(client: Client) -> bool:
    """Whether everything that was handed over has surely arrived: a program, in step, that takes what it is sent."""
    return client.person is not None and client.face is WIRE and client.start == 0 and not client.full
