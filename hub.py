"""The hub: the one thread that owns everything the people in a chat share.

It owns the roster and the log's writer, and through its `Delivery` (`delivery.py`) the tail of the log in memory and
everybody's place in it; it alone writes to the connections. Client threads (`server.py`), the catch-up thread and the
operator's terminal put what they have into its inbox with `post`; nothing else here may be called from another thread,
so nothing here needs a lock.

The hub takes all that waits in its inbox as one batch: one transaction, one fsync, then the fan-out, in which everybody
gets their acks first. A message goes into the log and the tail once, whoever reads it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import queue
import secrets
import selectors
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from json.encoder import encode_basestring as quote  # in log lines: no name can end its quotes and go on as the server
from math import ceil
from pathlib import Path

from delivery import WIRE, WORDS, BlockRead, Client, Delivery, Face, PageRead, Read, Unreadable
from door import Door, is_own, place_of
from history import EVERYONE_ID, Address, Ban, Draft, History, HistoryError, NotSaved, Place
from protocol import (
    EVERYONE,
    MAX_TEXT,
    RESERVED_KEYS,
    VERSION,
    Bye,
    Error,
    Hello,
    Joined,
    Left,
    Message,
    NameProblem,
    Person,
    PlainSends,
    ProtocolError,
    SeenWith,
    Send,
    TypingTo,
    UnknownPerson,
    Welcome,
    check_name,
    clean_line,
    clean_text,
    encode,
    encode_people,
    encode_run,
    encode_welcome,
    look_alike_key,
    look_alike_keys,
    name_key,
    split_address,
)
from signals import Signals

BATCH_SIZE = 512 * 1024  # bytes in one transaction, about; a larger one would only make the first of them wait
ORDER_SIZE = 64  # bytes that an order counts for at the least, beside its text
REFUSED_ALIKE = 0.5  # s in which a client whose message was not saved has the ones behind it refused, too
GONE_SECONDS = 10.0  # a connection may be away that long before its person is said to have left
STOP_SECONDS = 2.0  # to hand over the last words when the server closes
IDLE_SECONDS = 0.1  # without anything to do before spare time begins
REFUSED_SECONDS = 10.0  # until spare work is tried again that the disk refused
AWAY_LISTED = 500  # people not here whom a welcome names
WHO_LISTED = 500  # people whom the answer to /who names: 64 KB at the most, far from what cuts a connection off
INDEX_MESSAGES = 250  # taken into the search index at once, in spare time; fewer where they are long

BANNED = "You are banned from this chat. Whoever runs it can lift that."
TAKEN_OVER = Bye("You joined from somewhere else.", "taken_over")
NOT_SAVED = "The server could not save this; its disk refused. Please try again later."
SERVER = "Server"  # whose name what the operator says comes from; a person cannot have it
TOKEN_BYTES = 32  # 256 bits: nobody guesses one, so a plain SHA-256 of it may be kept
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


@dataclass(frozen=True, slots=True)
class Operate:
    """The operator wants something: `verb` is one of `OPERATIONS`. A sentence about it is put into `answer`."""

    verb: str
    argument: str
    answer: queue.SimpleQueue[str]


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
        self._opened_at = time.monotonic()
        self._folder = folder
        self._server_name = server_name
        self._max_clients = max_clients
        self._inbox: deque[Post] = deque()
        self._asleep = False
        self._opened: queue.SimpleQueue[HistoryError | RuntimeError | Path | None] = queue.SimpleQueue()
        self._known: dict[str, Address] = {}  # key: folded name
        self._here: dict[str, Client] = {}  # key: folded name
        self._alike: dict[str, str] = {}  # key: look-alike key; the folded name of who is here or owns a name like it
        self._bans: dict[str, Ban] = {}  # key: look-alike key
        self._missing: dict[str, tuple[float, str]] = {}  # key: folded name; when to say that they left, and their name
        self._doubtful: set[str] = set()  # folded names of who is missing, and perhaps never got the token
        self._unsaved: dict[str, Address] = {}  # key: folded name; changed, and not worth a transaction of their own
        self._spare_from = 0.0  # no spare work before: the disk has just refused some
        self._stop_by: float | None = None
        self.found_messages = False  # in the log, when it was opened; set before `start_up` returns
        self.ended = threading.Event()  # set when the hub works no more, whatever the reason

    # -- called by other threads --

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
            self._know(self._history.addresses())
            self._bans = {ban.key: ban for ban in self._history.bans()}
            self._tell_door()
            self._delivery = Delivery(self._folder, self._history.last, self._selector, self.post)
            self._signals = Signals(self._delivery)
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
            for client in [*self._here.values(), *self._delivery.closing]:
                self._delivery.end(client)
            self._delivery.stop()
            try:
                self._save_addresses()
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
        deadlines = [deadline for deadline, _ in self._missing.values()]
        deadlines += [client.close_by for client in self._delivery.closing if client.close_by is not None]
        if self._stop_by is not None:
            deadlines.append(self._stop_by)
        if self._unsaved or self._signals.has_unsaved or self._history.has_spare_work:
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
                self._delivery.take_page(item)
            elif isinstance(item, BlockRead):
                self._delivery.take_block(item)
            elif isinstance(item, Unreadable):
                self._delivery.cut_off(item.wanted)
            elif isinstance(item, Tell):
                self._delivery.tell(item.client, item.data)
                self._delivery.pump(item.client)
            elif isinstance(item, Stop):
                if heard:
                    self._inbox.appendleft(item)  # those who come in this batch are to be told as well
                    break
                self._begin_stop(item.reason)
            elif isinstance(item, Operate):
                if heard:
                    self._inbox.appendleft(item)  # what was said before is not to come after somebody was sent away
                    break
                item.answer.put(self._operate(item, notices))
            elif self._stop_by is None:  # what comes later was not acked, and will be sent again
                heard.add(item.client)
                if isinstance(item, Orders):
                    orders.append(item)
                    item.client.owed += 1
                    if not (item.client.full or item.client.reading):
                        self._delivery.give_turns(
                            item.client
                        )  # now, so that its thread reads on while we write and send
                else:
                    joins.append(item)
        if joins or orders:
            self._carry_through(joins, orders, notices)
        self._watch_clock(notices)
        if notices:
            self._announce(notices)
        for join in joins:
            join.client.is_new = False
        if not self._inbox:
            if self._signals.waiting:
                self._signals.tell_typing(self._here.values())
            if self._history.wants_checkpoint:
                self._use_pause()

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
                addresses = [self._save_address(join, key) for key, join in entering.items()]
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
        self._delivery.fan_out(self._here.values())
        for join in joins:
            self._delivery.pump(join.client)
            join.done.set()
        for item in orders:
            self._delivery.pump(item.client)

    def _admit(self, joins: list[Join]) -> dict[str, Join]:
        """Those who may come in, by key; the others are told why not. The first to ask for a name is its one winner."""
        entering: dict[str, Join] = {}
        alike: dict[str, str] = {}  # as `_alike`, for those who are entering
        room = self._max_clients - len(self._here)
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
            owns = self._owns(join, key)
            problem = None if owns else self._why_taken(join, key, entering)
            if owns:  # what they may have done is to spell it otherwise; the look it had before is theirs
                looks = frozenset((look_alike_key(name),)) - {look_alike_key(self._known[key].name)}
            if problem is None and any(table.get(look, key) != key for table in (self._alike, alike) for look in looks):
                problem = f"{name} looks like the name of somebody else here. Choose another name."
            if problem is not None:
                self._refuse_join(join, Error("name_taken", problem))
                log.info("%s was not let in as %s: that is somebody else's name", client.address, quote(name))
            elif key in entering:  # the same person, twice in one moment
                self._send_off(entering[key].client, TAKEN_OVER)
                entering[key] = join
            elif key not in self._here and room <= 0:
                self._delivery.say(client, Error("full", "This chat is full. Please try again later."))
                self._delivery.close(client)
            elif seconds := self._door.join(client.host):
                self._put_off(join, "people come and go", seconds)
            elif not owns and (seconds := self._door.new_name(client.host)):
                self._put_off(join, "new names come", seconds)
            else:
                room -= key not in self._here
                entering[key] = join
                alike.update(dict.fromkeys(looks, key))
        return entering

    def _put_off(self, join: Join, what: str, seconds: float) -> None:
        """Closes the connection of somebody who may come in later."""
        client = join.client
        wait = f"{ceil(seconds)} second{'' if seconds <= 1 else 's'}"
        self._delivery.say(client, Error("full", f"Too many {what} from your address. Try again in {wait}."))
        self._delivery.close(client)
        log.info("%s was not let in as %s: too many %s from there", client.address, quote(join.hello.name), what)

    def _owns(self, join: Join, key: str) -> bool:
        """Whether somebody shows the token of the name. People on netcat cannot."""
        known, token = self._known.get(key), join.hello.token
        if known is None or known.token is None or token is None or not join.keeps:
            return False
        return hmac.compare_digest(_digest(token), known.token)

    def _why_taken(self, join: Join, key: str, entering: Mapping[str, Join]) -> str | None:
        """Why somebody who does not own a name cannot have it; None when they can."""
        name, known = join.hello.name, self._known.get(key)
        if join.keeps and key in self._doubtful:
            self._take_back(key)
        if known is not None and known.keeps and (known.token is not None or not join.keeps):
            whose = f"{name} is the name of somebody else here. Choose another name."
            return f"{whose} If it is yours, ask whoever runs the server to set it free."
        if key in self._here or key in entering:
            return f"Somebody called {name} is here already. Choose another name."
        return None

    def _refuse_join(self, join: Join, error: Error) -> None:
        self._delivery.tell(join.client, join.client.face.refuse(error))

    def _save_address(self, join: Join, key: str) -> tuple[Address, str | None]:
        """The address of somebody who comes, as it is on disk after this transaction; and its token if that is new."""
        name, known = join.hello.name, self._known.get(key)
        if known is not None and known.token is not None:
            address = Address(known.id, key, name, True, known.delivered, known.token)
            if address != known:
                self._history.save_address(address)
            return address, None
        if known is not None:  # nobody can show that they are who was called so: what was for them is for nobody else
            self._history.retire_address(known)
        if not join.keeps:
            return self._history.add_address(key, name, False), None
        token = secrets.token_hex(TOKEN_BYTES)
        return self._history.add_address(key, name, True, _digest(token)), token

    def _enter(self, join: Join, key: str, address: Address, notices: list[Joined | Left], now: int) -> None:
        client, hello = join.client, join.hello
        before, known = self._here.get(key), self._known.get(key)
        if before is not None:  # what is under way from there is still taken: it is the same person
            self._send_off(before, TAKEN_OVER)
        if known is not None:
            self._free_look(known)
        client.person = self._known[key] = address
        for look in look_alike_keys(address.name):
            self._alike.setdefault(look, key)
        self._doubtful.discard(key)
        self._unsaved.pop(key, None)  # the same person; but they may spell their name anew
        client.name = address.name
        self._here[key] = client
        if hello.history == self._history.id and hello.after is not None:
            client.after = min(hello.after, self._delivery.tail.last)
        else:
            client.after = address.delivered if join.keeps else self._delivery.tail.last
            client.start = None
        client.joined_at = self._delivery.tail.last
        if self._missing.pop(key, None) is None and before is None:
            notices.append(Joined(address.name, now))
        log.info("%s joined from %s", quote(address.name), client.address)

    def _know(self, addresses: list[Address]) -> None:
        """Takes over who was ever here, from the log."""
        self._known = {address.key: address for address in addresses}
        # The last one counts: of names in an old log that look alike, the one that has an owner.
        kept = sorted((address.token is not None, address.name, address.key) for address in addresses if address.keeps)
        self._alike = {look: key for _, name, key in kept for look in look_alike_keys(name)}
        self._alike.update((key, key) for key in RESERVED_KEYS)

    def _free_look(self, address: Address) -> None:
        """Others may be called like this again."""
        for look in look_alike_keys(address.name):
            if self._alike.get(look) == address.key:
                del self._alike[look]

    def _send_off(self, client: Client, bye: Bye) -> None:
        """Ends a connection with a word. Its person may stay: see `_leave`."""
        self._delivery.say(client, bye)
        self._delivery.close(client)

    def _welcome(self, joins: Iterable[Join], tokens: Iterable[str | None]) -> None:
        people = encode_people(self._people()) if joins else ""
        last = self._delivery.tail.last
        for join, token in zip(joins, tokens, strict=True):
            client = join.client
            welcome = Welcome(VERSION, self._server_name, self._history.id, client.name, (), last, token)
            words = client.face is WORDS
            self._delivery.tell(client, WORDS.say(welcome) if words else encode_welcome(welcome, people))
            client.is_new = True

    def _people(self) -> Iterator[Person]:
        """Who is here, then who was here last."""
        for client in self._here.values():
            yield Person(client.name, True)
        away = (address for key, address in reversed(self._known.items()) if address.token and key not in self._here)
        for address in islice(away, AWAY_LISTED):
            yield Person(address.name, False)

    def _leave(self, gone: Gone, notices: list[Joined | Left]) -> None:
        client = gone.client
        if client.person is not None and self._here.get(client.person.key) is client:
            key = client.person.key
            del self._here[key]
            self._known[key] = self._known.pop(key)  # to the end: the last to be here
            if not client.person.keeps:
                self._free_look(client.person)
            if gone.bye or client.face is WORDS:  # people on netcat do not come back by themselves
                if gone.bye and client.start == 0 and client.face is WIRE and not client.full:
                    client.person.delivered = client.after
                    self._unsaved[key] = client.person
                kept = None if client.person.keeps else False
                notices.append(Left(client.name, time.time_ns() // 1_000_000, kept))
            else:
                self._missing[key] = time.monotonic() + GONE_SECONDS, client.name
                if client.issued and not client.heard and self._stop_by is None:  # our own closing would prove nothing
                    self._doubtful.add(key)
            if self._stop_by is None:
                log.info("%s %s", quote(client.name), "left" if gone.bye else "lost the connection")
        self._delivery.close(client)

    def _take_back(self, key: str) -> None:
        """Makes a name nobody's whose token perhaps never arrived: its person could not come back, nor anybody else.

        Not when anything was written from or to them: that is theirs, and then `release` has to help.
        """
        self._doubtful.remove(key)
        person = self._known[key]
        with contextlib.suppress(NotSaved):  # cannot be known now: it stays as it is
            if not self._history.has_messages(person):
                person.token = None
                self._unsaved[key] = person

    def _announce(self, notices: list[Joined | Left]) -> None:
        """Tells everybody who came and went; those who just came have read it in their welcome."""
        faces: tuple[Face, ...] = (WIRE, WORDS)
        lines = {face: b"".join(face.say(notice) for notice in notices) for face in faces}
        for client in list(self._here.values()):
            if not client.is_new:
                self._delivery.tell(client, lines[client.face])
                self._delivery.pump(client)

    def _watch_clock(self, notices: list[Joined | Left]) -> None:
        """What is due: who has been gone for long enough, and who had long enough to take the last words."""
        now = time.monotonic()
        for key in [key for key, (deadline, _) in self._missing.items() if deadline <= now]:
            _, name = self._missing.pop(key)
            if key in self._doubtful:
                self._take_back(key)
            kept = None if self._known[key].token else False
            notices.append(Left(name, time.time_ns() // 1_000_000, kept))
            log.info("%s has not come back", quote(name))
        self._delivery.end_late(now)

    def _begin_stop(self, reason: str) -> None:
        for key, client in list(self._here.items()):
            if client.face is WIRE and client.start == 0 and client.person is not None and not client.full:
                client.person.delivered = client.after
                self._unsaved[key] = client.person
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
        """The name of somebody who can be written to: who owns their name, or is here."""
        address = self._known.get(key)
        return address.name if address and (address.token or key in self._here) else None

    def _carry_out(self, client: Client, order: Order) -> None:
        if isinstance(order, TypingTo):
            target = self._here.get(order.to)  # a key already
            if target is not None:
                self._signals.typing(client, target)
            elif order.to == EVERYONE:
                self._signals.typing_to_everyone(client)
        elif isinstance(order, SeenWith):
            other = EVERYBODY if order.other == EVERYONE else self._known.get(order.other)
            if other is not None:
                seq = min(order.seq, self._delivery.tail.last)
                self._signals.seen(client, other.id, seq, self._here.get(order.other))
        elif isinstance(order, WantMarks):
            order.answer.put(self._signals.unsaved_marks())
        elif isinstance(order, Who):
            names = sorted(other.name for other in self._here.values())
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

    # -- the operator --

    def _operate(self, order: Operate, notices: list[Joined | Left]) -> str:
        """Does what the operator wants, and says what came of it."""
        operation = OPERATIONS.get(order.verb)
        if operation is None:  # our mistake, and no reason for the chat to end
            return f"There is no command {order.verb}."
        try:
            return operation(self, order.argument, notices)
        except NotSaved as error:
            log.error("%s", error)
            return f"{error} Nothing was changed."

    def _operate_who(self, _argument: str, _notices: list[Joined | Left]) -> str:
        lines = [f"Here now: {len(self._here)}"]
        for client in islice(self._here.values(), WHO_LISTED):
            kind = ", on netcat" if client.face is WORDS else ""
            lines.append(f"  {client.name} ({client.host}{'' if client.link.encrypted else ', not encrypted'}{kind})")
        if len(self._here) > WHO_LISTED:
            lines.append(f"  … and {len(self._here) - WHO_LISTED:,} more")
        return "\n".join(lines)

    def _operate_kick(self, name: str, notices: list[Joined | Left]) -> str:
        client = self._here.get(name_key(name))
        if client is None:
            return f"There is nobody called {name} here."
        self._send_away(client, Bye("The operator has closed your connection.", "kicked"), notices)
        return f"{client.name} was sent away, and may come back."

    def _operate_ban(self, name: str, notices: list[Joined | Left]) -> str:
        """By name and, of somebody who is here, by address; never by the operator's own."""
        try:
            name = check_name(name)
        except NameProblem as problem:
            return f"{problem} Nobody was banned."
        look = look_alike_key(name)
        client = self._here.get(name_key(name)) or self._here.get(self._alike.get(look, ""))
        place = None if client is None or is_own(client.host) else place_of(client.host)
        ban = Ban(look, name, place)
        self._history.begin()
        self._history.add_ban(ban)
        self._history.commit()
        self._bans[look] = ban
        self._tell_door()
        if client is not None:
            self._send_away(client, Bye("The operator has banned you from this chat.", "banned"), notices)
        if place:
            others = [one for one in self._here.values() if place_of(one.host) == place]
            for one in others:
                self._send_away(one, Bye("The operator has banned your address from this chat.", "banned"), notices)
            where = f", and so is the address {place}"
            if others:
                names = ", ".join(one.name for one in others[:WHO_LISTED])
                where += f" (sent away with it: {names})"
        elif client is None:
            where = " by name alone: they are not here, so their address is not known"
        else:
            where = " by name alone: they come from this computer, whose address is never banned"
        return f"{ban.name} is banned{where}. `unban {ban.name}` lifts it."

    def _operate_unban(self, name: str, _notices: list[Joined | Left]) -> str:
        ban = next((ban for ban in self._bans.values() if not _spellings(ban.name).isdisjoint(_spellings(name))), None)
        if ban is None:
            names = f"Banned: {', '.join(ban.name for ban in self._bans.values()) or 'nobody'}."
            return f"{name} is not banned. {names}" if name else names
        self._history.begin()
        self._history.lift_ban(ban.key)
        self._history.commit()
        del self._bans[ban.key]
        self._tell_door()
        return f"{ban.name} may come in again."

    def _operate_release(self, name: str, notices: list[Joined | Left]) -> str:
        """The next owner is somebody new: what was written to the former one in private is not for them."""
        key = name_key(name)
        known = self._known.get(key)
        if known is None or not known.token:
            return f"Nobody owns the name {name}."
        self._history.begin()
        self._history.retire_address(known)
        announce = self._announcement(
            f"The name {known.name} was set free: who joins with it next may be somebody else than before."
        )
        self._history.commit()
        client = self._here.get(key)
        if client is not None:
            self._send_away(
                client, Bye("The operator has set your name free. Join again to take it.", "kicked"), notices
            )
        elif self._missing.pop(key, None) is not None:
            notices.append(Left(known.name, time.time_ns() // 1_000_000))
        self._doubtful.discard(key)
        self._unsaved.pop(key, None)
        self._free_look(self._known.pop(key))
        announce()
        return f"The name {known.name} is free: whoever joins with it next owns it."

    def _operate_say(self, text: str, _notices: list[Joined | Left]) -> str:
        """A message like any other, of a sender that no person can be."""
        text = clean_text(text)
        if len(text) > MAX_TEXT:
            return f"A message has at most {MAX_TEXT} characters; this one has {len(text)}. Nothing was sent."
        self._history.begin()
        announce = self._announcement(text)
        self._history.commit()
        announce()
        return "Everybody reads it."

    def _announcement(self, text: str) -> Callable[[], None]:
        """Writes `text` into the log as the server's own; what is returned shows it, once it is committed."""
        now, id = time.time_ns() // 1_000_000, secrets.token_hex(8)
        key = name_key(SERVER)
        sender = self._known.get(key) or self._history.add_address(key, SERVER, False)
        [(seq, at, _)] = self._history.append([(sender.id, EVERYONE_ID, id, text)], now)

        def show() -> None:
            self._known[key] = sender
            self._delivery.append([encode(Message(seq, at, SERVER, EVERYONE, id, text))], {})
            self._delivery.fan_out(self._here.values())

        return show

    def _operate_stats(self, _argument: str, _notices: list[Joined | Left]) -> str:
        here = self._here.values()
        minutes = int(time.monotonic() - self._opened_at) // 60
        return "\n".join([
            f"Open for {minutes // 60} h {minutes % 60} min",
            f"People here: {len(here)} (on netcat: {sum(client.face is WORDS for client in here)})",
            f"Who read more slowly than is written: {sum(client.full for client in here)}",
            f"Connections: {self._door.connections}",
            f"Names that are owned: {sum(address.token is not None for address in self._known.values())}",
            f"Banned: {len(self._bans)}",
            f"Messages in the log: {self._history.last:,}",
        ])  # fmt: skip

    def _send_away(self, client: Client, bye: Bye, notices: list[Joined | Left]) -> None:
        """Somebody leaves because the operator wants it."""
        self._delivery.say(client, bye)
        self._leave(Gone(client, bye=True), notices)

    def _tell_door(self) -> None:
        """The door knows who is banned."""
        names = {name for ban in self._bans.values() for name in _spellings(ban.name)}
        self._door.ban(names, [ban.place for ban in self._bans.values() if ban.place is not None])

    # -- spare time --

    def _use_spare_time(self) -> None:
        """Nobody wants anything: what can wait is done now, a little at a time."""
        with self._spare_work():
            if self._unsaved:
                self._save_addresses()
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

    def _save_addresses(self) -> None:
        """Writes down how people left. Raises `NotSaved`."""
        if self._unsaved:
            self._history.begin()
            for address in self._unsaved.values():
                self._history.save_address(address)
            self._history.commit()
            self._unsaved.clear()


def _spellings(name: str) -> frozenset[str]:
    """What a name is banned by: its key, and the looks it may have."""
    return look_alike_keys(name) | {name_key(name)}


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


# What the operator may want, by the word that is typed: takes the rest of the line, and gives sentences back.
OPERATIONS: Mapping[str, Callable[[Hub, str, list[Joined | Left]], str]] = {
    "who": Hub._operate_who,
    "kick": Hub._operate_kick,
    "ban": Hub._operate_ban,
    "unban": Hub._operate_unban,
    "say": Hub._operate_say,
    "release": Hub._operate_release,
    "stats": Hub._operate_stats,
}
