"""The hub: the one thread that owns everything the people in a chat share.

It owns the register of people (`register.py`) and the log's writer, and through its `Delivery` (`delivery.py`) the tail
of the log in memory and everybody's place in it; it alone writes to the connections. Client threads (`connection.py`),
the catch-up thread and the operator's terminal put what they have into its inbox with `post`. Two properties may be
read by any thread; nothing else here may be called from another one, so nothing here needs a lock.

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
from dataclasses import dataclass
from itertools import chain, islice
from json.encoder import encode_basestring as quote  # in log lines: no name can end its quotes and go on as the server
from pathlib import Path

from history import EVERYONE_ID, Address, Draft, History, HistoryError, NotSaved, Place
from names import ProtocolError, UnknownPerson, clean_line, name_key, split_address
from protocol import (
    EVERYONE,
    Error,
    Joined,
    Left,
    PlainSends,
    SeenWith,
    Send,
    TypingTo,
    encode_run,
)
from serverlib.delivery import WIRE, BlockRead, Client, Delivery, PageRead, Read, Unreadable
from serverlib.door import Door
from serverlib.entrance import Entrance
from serverlib.operations import WHO_LISTED, Operate, Operations
from serverlib.posts import ORDER_SIZE, Gone, Join, Order, Orders, Post, Stop, Tell, WantMarks, Who
from serverlib.register import Register
from serverlib.signals import Signals
from serverlib.spare_time import SpareTime

BATCH_SIZE = 512 * 1024  # bytes in one transaction, about; a larger one would only make the first of them wait
REFUSED_ALIKE = 0.5  # s in which a client whose message was not saved has the ones behind it refused, too
STOP_SECONDS = 2.0  # to hand over the last words when the server closes

NOT_SAVED = "The server could not save this; its disk refused. Please try again later."
EVERYBODY = Address(EVERYONE_ID, EVERYONE, EVERYONE, keeps=True, delivered=0)

log = logging.getLogger("hallway")


@dataclass(frozen=True, slots=True)
class Run:
    """What one client wrote to one address without a break, on its way into the log."""

    client: Client
    recipient: Address
    drafts: list[Draft]


# --- the hub ----------------------------------------------------------------------------------------------------------


class Hub(threading.Thread):
    """The thread itself. `start_up` opens the log in it; `post` is all that other threads call after that.

    What they may read beside it says so.
    """

    def __init__(self, folder: Path, server_name: str, max_clients: int, door: Door) -> None:
        super().__init__(name="hallway-hub")
        self._door = door
        self._folder = folder
        self._server_name = server_name
        self._max_clients = max_clients
        self._inbox: deque[Post] = deque()
        self._asleep = False
        self._opened: queue.SimpleQueue[HistoryError | RuntimeError | Path | None] = queue.SimpleQueue()
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
            self._spare_time = SpareTime(self._history, self._register, self._signals)
            self._entrance = Entrance(
                self._register, self._delivery, self._door, self._server_name, self._history.id, self._max_clients
            )
            send_away = self._entrance.send_away
            self._operations = Operations(self._history, self._register, self._delivery, self._door, send_away)
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
            while self._inbox:  # whoever posts from now on knows that we have ended
                if isinstance(item := self._inbox.popleft(), Gone):
                    self._delivery.end(item.client)
            self._delivery.stop()
            try:
                self._spare_time.finish()
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
        if not events and not self._inbox and self._stop_by is None:
            self._spare_time.use()

    def _seconds_to_wait(self) -> float | None:
        deadlines = [*self._register.deadlines()]
        deadlines += [client.close_by for client in self._delivery.closing if client.close_by is not None]
        if self._stop_by is not None:
            deadlines.append(self._stop_by)
        if (spare_time := self._spare_time.due) is not None:
            deadlines.append(spare_time)
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _work(self) -> None:
        """One batch: who goes, who comes, what is said; then what became of it, to everybody."""
        notices: list[Joined | Left] = []
        joins, orders = self._take_batch(notices)
        if joins or orders:
            self._carry_through(joins, orders, notices)
        self._entrance.notice_missing(notices)
        self._delivery.end_late(time.monotonic())
        if notices:
            self._entrance.announce(notices)
        for join in joins:
            join.client.is_new = False
        if not self._inbox:
            if self._signals.waiting:
                self._signals.tell_typing(self._register.here.values())
            if self._history.wants_checkpoint:
                self._spare_time.use_pause()

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
            self._entrance.leave(item, notices)
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
            self._entrance.close(item.reason)
            self._stop_by = time.monotonic() + STOP_SECONDS
        else:
            item.answer.put(self._operations.carry_out(item, notices))

    def _carry_through(self, joins: list[Join], orders: list[Orders], notices: list[Joined | Left]) -> None:
        """Writes what was said and who came in one transaction; then tells everybody concerned."""
        now = time.time_ns() // 1_000_000
        entering = self._entrance.admit(joins)
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
                self._entrance.refuse(join, Error("not_saved", NOT_SAVED))
            for run in runs:
                self._refuse(run)
        else:
            for (key, join), (address, token) in zip(entering.items(), addresses, strict=True):
                join.client.issued = token is not None
                self._entrance.enter(join, key, address, notices, now)
            self._entrance.welcome(entering.values(), [token for _, token in addresses])
            self._publish(runs, places)
        self._delivery.fan_out(self._register.here.values())
        for join in joins:
            self._delivery.pump(join.client)
            join.done.set()
        for item in orders:
            self._delivery.pump(item.client)

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


def _has_to_wait(item: Post, heard: set[Client]) -> bool:
    """Whether what was said in this batch, by those who were `heard`, comes first."""
    if isinstance(item, Gone):
        return item.client in heard  # its last words
    # Those who come in this batch are to be told of the end as well, and nobody's words come after they were sent away.
    return bool(heard) and isinstance(item, (Stop, Operate))
