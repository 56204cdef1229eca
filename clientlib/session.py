"""One person's conversation with one server, kept going: what the engine's thread does.

`engine.Engine` makes a `Session` and runs it in the one thread "hallway-engine", which owns the connection and every
timer, so there is no lock around any of them. Only connecting and shaking hands, which may wait for seconds, is done by
a short-lived thread that posts a `trust.Meeting`; closing never waits for it.

Whether the server that was met is the one it should be is decided (`admission.py`) before a byte of the user's is sent
to it: the hello has the name, the token and the password in it.
"""

from __future__ import annotations

import math
import queue
import selectors
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from clientlib import trust
from clientlib.admission import Admission, NotGreeted, Setback
from clientlib.backoff import Backoff
from clientlib.connection import Connection, ConnectionEnded, as_the_server_reads
from clientlib.cursor import Cursor
from clientlib.happenings import (
    Connecting,
    Ended,
    Entered,
    Happening,
    Lost,
    Question,
    Received,
    Refused,
    Saying,
    Trouble,
)
from clientlib.orders import Close, KeepPassword, Orders
from clientlib.sending import Sending
from clientlib.telling import Telling
from clientlib.trust import Acquaintance, Meeting
from link import LinkError
from names import ProtocolError, clean_line
from protocol import (
    SILENT_SECONDS,
    VERSION,
    Ack,
    BadLine,
    Bye,
    Conversations,
    Error,
    Event,
    Found,
    Hello,
    Message,
    Page,
    Ping,
    Pong,
    Send,
    Welcome,
    encode,
)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds between attempts to reconnect
# Seconds that a connection lasts, and after its end the pauses start small again. Only time says that a server is well:
# one that falls over something it is told lets us in, and may ack, before it does.
STEADY_SECONDS = 30.0
GOODBYE_SECONDS = 0.5  # for the bye to arrive; closing at once could reset the connection before it is read
COMMANDS_AT_ONCE = 1000  # so that somebody who pastes a book still sees what others write; also one fsync for all


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a session goes, and under which name."""

    host: str
    port: int
    name: str


class Session:
    """Goes to a server, comes back to it when it was lost, and carries what is said to and fro."""

    def __init__(
        self, folder: Path, to: Destination, known: Acquaintance, orders: Orders, events: queue.SimpleQueue[Happening]
    ) -> None:
        """`folder` is the client's own; `known` decides whom to speak to."""
        self._to, self._orders = to, orders
        self._telling = Telling(events)
        self._tell = self._telling.tell
        self._admission = Admission(known, to.name)
        self._sending = Sending(folder, to.name, self._tell)
        self._cursor = Cursor()
        self._selector: selectors.BaseSelector
        self._connection: Connection | None = None
        self._pauses = Backoff(FIRST_PAUSE, LONGEST_PAUSE, 0.5)
        self._retry_at = math.inf
        self._close_at = math.inf
        self._last: Happening | None = None  # set when the thread shall end

    @property
    def is_done(self) -> bool:
        """Whether nothing of this person waits any more. Any thread, when `run` has returned."""
        return self._sending.is_done

    def run(self) -> Happening:
        """Goes on until there is nothing more to do, and returns the last thing that happens."""
        try:
            with selectors.DefaultSelector() as self._selector:
                self._selector.register(self._orders, selectors.EVENT_READ)
                try:
                    return self._converse()
                finally:
                    self._drop()
        finally:
            self._sending.end()

    def _converse(self) -> Happening:
        if (slip := _address_slip(self._to.host)) is not None:
            return Refused("unreachable", slip)
        self._dial()
        while self._last is None:
            self._listen(self._spare_seconds())
            self._take_orders()
            self._look_at_the_clock()
            self._write()
            if self._close_at < math.inf and self._may_leave():
                self._say_goodbye()
                return Ended("You have left the chat.")
        return self._last

    def _listen(self, seconds: float | None) -> None:
        """Waits for something to happen, and reads once if it is the server that says something."""
        for key, ready in self._selector.select(seconds):
            if key.fileobj is self._orders:
                self._orders.wake()
            elif ready & selectors.EVENT_READ and self._connection is not None:
                self._connection.unread = True
        if self._connection is not None and self._connection.can_be_read:
            self._read(self._connection)

    def _spare_seconds(self) -> float | None:
        """How long nothing has to be done unless something arrives; None: for ever."""
        way = self._connection
        if not self._orders.is_empty() or (way is not None and way.can_be_read):
            return 0.0
        due = min(self._retry_at, self._close_at)
        if way is not None:
            due = min(due, way.due, self._sending.due)
        return None if due == math.inf else max(0.0, due - time.monotonic())

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if now >= self._retry_at:
            self._dial()
        way = self._connection
        if way is None:
            return
        if way.is_no_chat(now):
            self._is_no_chat(way)
        elif way.is_silent(now):
            self._lose("unreachable", f"Nothing was heard from the server for {SILENT_SECONDS:.0f} seconds.")
        else:
            way.ask_whether_it_is_there(now)
        self._sending.look_at_the_clock(way)

    # --- coming and going ---

    def _dial(self) -> None:
        """Lets a thread of its own meet the server."""
        self._retry_at = math.inf
        self._tell(Connecting())
        knocking = threading.Thread(target=_knock, args=(self._to, self._orders), name="hallway-connect", daemon=True)
        knocking.start()

    def _greet(self, met: Meeting) -> None:
        """Says hello to the server that was met, if it is the one it should be."""
        try:
            if (trouble := self._admission.set_damaged_aside()) is not None:
                self._tell(trouble)
            terms = self._admission.recognise(met)
        except NotGreeted as problem:
            met.end()
            self._meet_setback(problem.setback, met.fingerprint)
            return
        self._connection = way = Connection(met, terms)
        self._selector.register(way.link, way.interest)
        history, after = self._cursor.place_for(terms.identity)
        way.outgoing += encode(Hello(VERSION, self._to.name, terms.token, terms.password, history, after))

    def _enter(self, way: Connection, welcome: Welcome) -> None:
        way.joined = True
        identity, cursor = way.terms.identity, self._cursor
        let_in = self._admission.let_in(way, welcome, is_another=identity != cursor.identity)
        if welcome.token is not None:
            way.urge(Ping())  # so the server hears at once that the token has come
        first, same = cursor.history is None, cursor.is_in(identity, welcome.history)
        left_behind = 0 if same else self._sending.left_behind()
        if first and (let_in.first_meeting or let_in.trusted):
            left_behind = self._sending.waiting_for(self._admission.others_here(way.terms))
        resumed = cursor.enter(identity, welcome)
        self._tell(
            Entered(
                welcome.name,
                welcome.server,
                welcome.history,
                welcome.people,
                welcome.last,
                resumed=resumed,
                new_log=not (first or resumed),
                left_behind=left_behind,
                encrypted=way.link.encrypted,
                fingerprint=way.fingerprint,
                first_meeting=let_in.first_meeting,
                trusted=let_in.trusted,
            )
        )
        self._tell_trouble(self._admission.not_kept())
        self._tell_trouble(self._admission.keep_password(way.terms))
        if not same:
            self._sending.open(identity, welcome.history)
        self._sending.begin(way)

    def _tell_trouble(self, trouble: Trouble | None) -> None:
        if trouble is not None:
            self._tell(trouble)

    def _meet_setback(self, setback: Setback, fingerprint: str | None = None) -> None:
        if setback.is_final:
            self._stop(setback.code, setback.text, fingerprint)
        else:
            self._lose(setback.code, setback.text)

    def _lose(self, code: str, text: str) -> None:
        """The connection, or the attempt at one, came to nothing: stops before the first Entered, else tries again."""
        if self._cursor.history is None:
            self._stop(code, text)
            return
        if self._connection is not None and time.monotonic() >= self._connection.since + STEADY_SECONDS:
            self._pauses.begin_anew()
        self._drop()
        self._admission.was_lost(code)
        if self._close_at < math.inf:
            return  # nobody wants to know any more
        pause = self._pauses.next()
        self._retry_at = time.monotonic() + pause
        self._tell(Lost(_statement(text), pause))

    def _stop(self, code: str, text: str, fingerprint: str | None = None) -> None:
        """What trying again will not change. `fingerprint` is that of the present connection where it is not given."""
        if self._connection is not None:
            fingerprint = self._connection.fingerprint
        self._drop()
        if self._close_at < math.inf:
            return  # nobody wants to know any more
        refused = self._cursor.history is None
        self._last = Refused(code, text, fingerprint) if refused else Ended(text, code, fingerprint)

    def _drop(self) -> None:
        if self._connection is not None:
            gone, self._connection = self._connection, None
            gone.end(self._selector)
        self._sending.stop()

    def _may_leave(self) -> bool:
        way = self._connection
        return way is None or not way.joined or not self._sending.is_waiting or time.monotonic() >= self._close_at

    def _say_goodbye(self) -> None:
        """Sends bye behind what is half sent, and reads on until the server has closed: it has read the bye then."""
        way = self._connection
        if way is None or not way.joined:
            return
        way.unwritten.clear()
        way.urgent.clear()
        self._sending.stop()
        way.outgoing += encode(Bye())
        deadline = time.monotonic() + GOODBYE_SECONDS
        while self._connection is not None and (left := deadline - time.monotonic()) > 0:
            self._write()
            self._listen(0.0 if self._connection.can_be_read else left)

    # --- what the face wants ---

    def _take_orders(self) -> None:
        sends: list[Send] = []
        for _ in range(COMMANDS_AT_ONCE):
            order = self._orders.take()
            if order is None:
                break
            if isinstance(order, Send):
                sends.append(order)
            elif isinstance(order, Meeting):
                self._greet(order)
            elif isinstance(order, LinkError):
                self._lose(order.code, str(order))
            elif isinstance(order, KeepPassword):
                self._admission.wish_for_password(order.keep)
                if self._connection is not None and self._connection.joined:
                    self._tell_trouble(self._admission.keep_password(self._connection.terms))
            elif isinstance(order, Close):
                self._close_at = min(self._close_at, order.deadline)
            else:
                self._say(order)
        self._sending.keep(sends, self._connection)

    def _say(self, saying: Saying) -> None:
        try:
            checked = as_the_server_reads(saying)
        except ProtocolError as problem:
            question = saying if isinstance(saying, Question) else None
            self._tell(Trouble(problem.code, str(problem), question))
            return
        if self._connection is not None and self._connection.joined:
            self._connection.say(checked)

    # --- what the server says ---

    def _read(self, way: Connection) -> None:
        """Takes what has arrived; the messages in it are handed on together."""
        try:
            arrived = way.receive()
        except ConnectionEnded as end:
            self._has_ended(way, str(end))
            return
        if not arrived:
            return
        messages: list[Message] = []
        for event in way.decoder.feed(arrived):
            if type(event) is Message:
                if way.joined and self._cursor.moves_to(event.seq):
                    messages.append(event)
            elif type(event) is Ack:
                self._sending.acked(event)
            else:
                if messages:
                    self._tell(Received(tuple(messages)))
                    messages = []
                self._heard(way, event)
                if self._connection is not way:
                    break
        if messages:
            self._tell(Received(tuple(messages)))
        self._telling.read(len(arrived))
        self._sending.note()

    def _has_ended(self, way: Connection, text: str) -> None:
        if way.joined or self._cursor.history is not None:
            self._lose("unreachable", text)
        else:
            self._lose("not_hallway", trust.closed_early(text, self._to.host, self._to.port))

    def _heard(self, way: Connection, event: Event | BadLine) -> None:
        """Everything but messages and acks, of which there are many."""
        if isinstance(event, Ping):
            way.urge(Pong())
        elif isinstance(event, Bye):
            if event.code:
                self._stop(event.code, event.reason or "The server has ended your connection.")
            else:
                self._lose("unreachable", event.reason or "The server said goodbye.")
        elif isinstance(event, BadLine):
            self._odd_line(way, event)
        elif isinstance(event, Error):
            self._error(way, event)
        elif isinstance(event, Welcome):
            if not way.joined:
                self._enter(way, event)
        elif way.joined and not isinstance(event, (Pong, Message, Ack)):
            if isinstance(event, (Page, Found, Conversations)):
                way.answered()
            self._tell(event)

    def _odd_line(self, way: Connection, line: BadLine) -> None:
        if not way.joined:
            self._is_no_chat(way)
        elif line.fatal:
            self._lose("bad_message", "The server sent something that this program cannot read.")
        elif not way.complained:
            way.complained = True
            text = "The server sent something that this program does not understand, which was left out."
            self._tell(Trouble(line.error.code, text))

    def _is_no_chat(self, way: Connection) -> None:
        self._admission.was_no_chat(way.terms)
        self._lose("not_hallway", trust.not_hallway(self._to.host, self._to.port))

    def _error(self, way: Connection, error: Error) -> None:
        if not way.joined:
            entered = None if self._cursor.history is None else self._cursor.identity
            self._meet_setback(self._admission.why_not(way.terms, error, entered))
        elif error.id is None:
            self._tell(way.not_answered(error))
        else:
            self._sending.refused(error.id, error)

    # --- what goes out ---

    def _write(self) -> None:
        """Hands the link what it takes now. What it does not take stays in the outbox, encoded when there is room."""
        way = self._connection
        if way is None:
            return
        if way.joined:
            way.encode_urgent()
            self._sending.encode(way)
        way.hand_over()
        more = way.outgoing or way.urgent or self._sending.has_more(way)
        # Before the welcome little comes; somebody who leaves waits for their acks, and not for long.
        reads = not way.joined or self._close_at < math.inf or not self._telling.is_too_much
        if reads and way.waits_for_face:
            way.heard = time.monotonic()  # the silence was ours
        interest = selectors.EVENT_READ if reads else 0
        way.watch(self._selector, interest | (selectors.EVENT_WRITE if more and not way.broken else 0))


def _knock(to: Destination, orders: Orders) -> None:
    """Meets the server; puts a `Meeting`, or a `LinkError`."""
    try:
        orders.put(trust.meet(to.host, to.port))
    except LinkError as problem:
        orders.put(problem)
    except (ValueError, OverflowError):  # a NUL in the address, a port past 65,535
        orders.put(LinkError(f"{clean_line(to.host)} port {to.port} is not an address. Is there a slip in it?"))


def _address_slip(host: str) -> str | None:
    """What is wrong with an address that was copied together with its port or from a browser; None for any other."""
    before, scheme, behind = host.strip().partition("://")
    address = behind.partition("/")[0] if scheme else before
    alone, _, port = address.partition(":")
    if alone and port.isdecimal():  # an IPv6 address has more than one colon
        return f"Give the address alone ({clean_line(alone)}), and the number behind the colon as the port."
    return f"Give the address alone ({clean_line(address)})." if scheme else None


def _statement(text: str) -> str:
    """`text` without a question at its end, which is for somebody who can still change the address, and with a stop."""
    text = text.rstrip()
    if text.endswith("?") and ". " in text:
        text = text.rpartition(". ")[0]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
