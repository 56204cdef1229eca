"""The client's engine: one conversation with one server, kept going. No Tk, no terminal.

A face (the window, the console) makes an `Engine`, starts it, calls its methods from any thread and takes what happens
off `Engine.events`; the last thing that happens is always a `Refused` or an `Ended`.

One thread, "hallway-engine", owns the connection, the outbox, the seq and every timer, so there is no lock around any
of them: the methods post commands on a queue and wake it. Only connecting and shaking hands, which may wait
for seconds, is done by a short-lived thread that posts a `trust.Meeting`; what is typed meanwhile is on disk at once,
and closing never waits for it.

Whether the server that was met is the one it should be is decided before a byte of the user's is sent to it: the hello
has the name, the token and the password in it.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import queue
import random
import secrets
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from clientlib import trust
from clientlib.connection import Connection
from clientlib.happenings import (
    Connecting,
    Ended,
    Entered,
    Failed,
    Happening,
    Lost,
    Question,
    Received,
    Refused,
    Stored,
    Trouble,
    Waiting,
)
from clientlib.storage import Outbox
from clientlib.trust import Acquaintance, Doubt, Meeting
from link import LinkError
from names import NameProblem, ProtocolError, check_name, clean_line, clean_text
from protocol import (
    COMMANDS,
    MAX_INTEGER,
    NAME_QUESTION,
    PING_SECONDS,
    SILENT_SECONDS,
    VERSION,
    Ack,
    AskConversations,
    AskHistory,
    AskSearch,
    BadLine,
    Bye,
    Command,
    Conversations,
    Error,
    Event,
    Found,
    Hello,
    Message,
    Page,
    Ping,
    Pong,
    SeenWith,
    Send,
    TypingTo,
    Welcome,
    encode,
    parse_object,
)

WELCOME_SECONDS = 10.0  # from connecting to the welcome
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds between attempts to reconnect
# Seconds that a connection lasts, and after its end the pauses start small again. Only time says that a server is well:
# one that falls over something it is told lets us in, and may ack, before it does.
STEADY_SECONDS = 30.0
GHOST_SECONDS = 50.0  # a name taken for so long is not held by our own dead connection: the server drops that after 45
FIRST_WAIT, LONGEST_WAIT = 1.0, 10.0  # seconds until what the server could not save is sent again
GOODBYE_SECONDS = 0.5  # for the bye to arrive; closing at once could reset the connection before it is read
# Bytes that have come in what the face has not taken yet; then the server has to wait, and TCP tells it so. It is the
# size on the wire that counts, whether it was few long messages or many short words; in memory it is some six times it.
UNTAKEN = 1024 * 1024
LOOK_SECONDS = 0.05  # until we look again whether the face has caught up, which says nothing when it takes something
COMMANDS_AT_ONCE = 1000  # so that somebody who pastes a book still sees what others write; also one fsync for all

# Errors that answer a hello and that trying again will not change. `name_taken` is not one of them: after a loss it may
# be our own former connection, where we have no token to take over from it; the server takes 45 seconds to give it up.
FINAL_CODES = frozenset({"name_invalid", "unsupported_version", "banned", "wrong_password"})

NO_LONGER = "The password that this computer remembers is not right any more. Type the one that the chat has now."
OTHER_ONE_NOW = "The chat has another password now. Type that one."
WITHHELD = "The one that was given before was not sent: this connection is not encrypted, and others could read it."
OLDER_SERVER = "This server is an older one: it does not keep what you have read."
NOT_SENT = "You are not in the chat, so that was not sent."

log = logging.getLogger("hallway.engine")


# --- the engine -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Close:
    """The face wants an end, by `deadline` on the monotonic clock."""

    deadline: float


@dataclass(frozen=True, slots=True)
class _KeepPassword:
    """The face wants the password kept, or forgotten."""

    keep: bool


# What is put on the queue of the engine's thread.
_Saying = Question | TypingTo | SeenWith
_Order = Send | _Saying | _KeepPassword | _Close | Meeting | LinkError


class _Untaken:
    """How much of what the server said the face has not taken yet, in bytes as they were on the wire."""

    def __init__(self) -> None:
        self._told = 0  # happenings put on the face's queue
        self._reads: deque[tuple[int, int]] = deque()  # `_told` after a read, and how many bytes that read brought
        self._bytes = 0  # of these reads

    def tell(self) -> None:
        """One more happening is on the queue."""
        self._told += 1

    def read(self, size: int) -> None:
        """What was told since the last time came in so many bytes."""
        self._reads.append((self._told, size))
        self._bytes += size

    def is_too_much(self, queued: int) -> bool:
        """Whether the server shall wait, `queued` happenings being on the queue. A face may put words of its own
        there, and is behind somewhat earlier then.
        """
        taken = self._told - queued
        while self._reads and self._reads[0][0] <= taken:
            self._bytes -= self._reads.popleft()[1]
        return self._bytes > UNTAKEN


class Engine:
    """One person's conversation with one server. The methods may be called from any thread and never wait for the net.

    Whatever the first attempt meets stops the engine with `Refused`. Once `Entered` was told it reconnects by itself,
    for as long as it takes, until `close` or until the server wants this person no more (`Ended`).

    A face that takes nothing off `events` makes the server wait: little more than `UNTAKEN` bytes of what it says are
    kept. What is written goes out all the same, and the server hears our pings.
    """

    events: queue.SimpleQueue[Happening]

    def __init__(
        self,
        folder: Path,
        host: str,
        port: int,
        name: str,
        password: str | None = None,
        accept: str | None = None,
        *,
        in_clear: bool = False,
        key: str | None = None,
    ) -> None:
        """`folder` is the client's own, made when there is something to keep; `name` is checked when started.

        `password` is the chat's as somebody typed it; where it is None, the one that was kept for this server is used,
        if any. `in_clear`: whoever typed it had been told that the connection is not encrypted (a `Refused` with
        `wrong_password` and no fingerprint); else it goes over such a connection to this computer itself only.

        `accept` is the fingerprint of a changed certificate (`Refused.fingerprint`) that the user deliberately
        trusts at this address from now on; any other changed one is refused all the same.

        `key` is `discovery.Heard.key` of an encrypted chat that is joined because it was heard: a server whose
        fingerprint does not begin with it is refused (`not_what_was_heard`).
        """
        self.events = queue.SimpleQueue()
        self._folder, self._host, self._port, self._name = folder, host, port, name
        self._prefix = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(8))
        self._count = itertools.count(1)  # `next` on it is one step for every thread
        self._commands: queue.SimpleQueue[_Order]
        self._commands = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="hallway-engine", daemon=True)
        self._started = False
        self._over = False  # the thread takes no more commands; set once, by it
        # Everything below is the thread's own.
        self._selector: selectors.BaseSelector
        self._woken: socket.socket
        self._waker: socket.socket | None = None
        self._connection: Connection | None = None
        self._acquaintance = Acquaintance(folder, host, port, password, accept, in_clear=in_clear, key=key)
        self._keeps_password: bool | None = None  # what the face wants and is still to be done
        self._identity = ""  # of the server that we entered
        self._history: str | None = None  # id of the log we entered
        self._shown = 0  # the newest seq that was Received
        self._began_empty = False  # the log had no entry when it was entered first
        self._outbox: Outbox | None = None
        self._early: list[Send] = []  # written before the log, and so the outbox, was known
        self._disk_refuses = False
        self._untaken = _Untaken()
        self._attempt = 0  # since the last connection that lasted
        self._retry_at = math.inf
        self._taken_since: float | None = None  # monotonic; when a reconnect first found our name taken, and only that
        self._put_off: dict[str, None] = {}  # ids that the server could not save, as they went out
        self._saves_again_at = 0.0
        self._refusals = 0  # times in a row that the server could not save
        self._close_at = math.inf
        self._last: Happening | None = None  # set when the thread shall end

    def start(self) -> None:
        """Starts the engine's one thread (named "hallway-engine"); it connects and reports through `events`."""
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._started = True
        self._thread.start()

    def send(self, text: str, to: str | None = None) -> str:
        """Queues a text; returns its id at once. Waiting follows when it is on disk, then Stored or Failed."""
        id = f"{self._prefix}-{next(self._count)}"
        self._post(Send(id, text, to))
        return id

    def ask_history(
        self, before: int | None = None, limit: int = 100, other: str | None = None, after: int | None = None
    ) -> None:
        """Page follows, unless there is no connection or it is lost before the answer: then ask again later.

        With `before` it has the newest messages before that seq, with `after` the oldest after that one. Without
        either it has the newest there are, and says `before=MAX_INTEGER`. `other` is as in `AskHistory`.
        """
        if before is None and after is None:
            before = MAX_INTEGER
        self._post(AskHistory(before, limit, other, after))

    def ask_search(self, text: str, limit: int = 50, before: int | None = None) -> None:
        """Found follows, unless there is no connection or it is lost before the answer: then ask again later."""
        self._post(AskSearch(text, limit, before))

    def ask_conversations(self) -> None:
        """Conversations follows, unless there is no connection or it is lost before the answer; from a server that does
        not know the question yet, a Trouble `older_server`.
        """
        self._post(AskConversations())

    def tell_typing(self, to: str) -> None:
        """Tells `to` (a person or `EVERYONE`) that this person is writing; nobody, while there is no connection."""
        self._post(TypingTo(to))

    def tell_seen(self, other: str, seq: int) -> None:
        """Tells that the messages with `other` (a person or `EVERYONE`) were read up to `seq`: the server keeps that,
        and the other person is told. While there is no connection nobody is: tell it again later.
        """
        self._post(SeenWith(other, seq))

    def keep_password(self, keep: bool) -> None:
        """Keeps the password on this computer for the next time, or forgets it; at any time, also before `start`.

        It is written when the server has let us in with it, not earlier. Never called, nothing changes on disk.
        """
        self._post(_KeepPassword(keep))

    def close(self, seconds: float = 2.0) -> bool:
        """Says bye and ends the thread, having let what waits go out and be acked for at most `seconds`.

        True when nothing waits any more (else it is on disk and goes out in the next run). Idempotent.
        """
        if self._started:
            self._post(_Close(time.monotonic() + seconds))
            self._thread.join(seconds + GOODBYE_SECONDS + 1)
        return not self._early and not (self._outbox is not None and self._outbox.waiting)

    def _post(self, command: _Order) -> None:
        self._commands.put(command)
        if self._over:
            self._turn_away()  # whoever sees the end takes what was put after it, so nothing is left lying
        elif self._waker is not None:
            with contextlib.suppress(OSError):  # full: it is awake already; closed: it is over
                self._waker.send(b"\0")

    def _turn_away(self) -> None:
        """Answers the commands that nobody will carry out. Any thread."""
        with contextlib.suppress(queue.Empty):
            while True:
                command = self._commands.get_nowait()
                if isinstance(command, Send):
                    self.events.put(Failed(command.id, "not_joined", NOT_SENT, command.text))
                elif isinstance(command, Meeting):
                    command.end()

    # --- the thread ---

    def _run(self) -> None:
        last: Happening
        try:
            with selectors.DefaultSelector() as self._selector:
                self._selector.register(self._woken, selectors.EVENT_READ)
                try:
                    last = self._converse()
                finally:
                    self._drop()
        except Exception as mistake:  # ours, not theirs; a face that waits for ever would only hide it
            log.debug("the engine failed", exc_info=True)
            last = Ended(f"Something went wrong inside Hallway ({mistake!r}). Please start it again.")
        if self._outbox is not None:
            self._outbox.close()
        for send in self._early:
            self._tell(Failed(send.id, "not_joined", NOT_SENT, send.text))
        self._early.clear()
        self._over = True
        self._turn_away()
        self._woken.close()
        if self._waker is not None:
            self._waker.close()
        self._tell(last)

    def _converse(self) -> Happening:
        """Runs until there is nothing more to do, and returns the last thing that happens."""
        try:
            self._name = check_name(self._name)
        except NameProblem as problem:
            return Refused(problem.code, str(problem))
        if (slip := _address_slip(self._host)) is not None:
            return Refused("unreachable", slip)
        self._dial()
        while self._last is None:
            self._listen(self._spare_seconds())
            self._take_commands()
            self._look_at_the_clock()
            self._write()
            if self._close_at < math.inf and self._may_leave():
                self._say_goodbye()
                return Ended("You have left the chat.")
        return self._last

    def _listen(self, seconds: float | None) -> None:
        """Waits for something to happen, and reads once if it is the server that says something."""
        for key, ready in self._selector.select(seconds):
            if key.fileobj is self._woken:
                with contextlib.suppress(BlockingIOError):  # select may say that there is something where there is not
                    self._woken.recv(4096)
            elif ready & selectors.EVENT_READ and self._connection is not None:
                self._connection.unread = True
        if self._connection is not None and self._connection.can_be_read:
            self._read()

    def _tell(self, happening: Happening) -> None:
        self._untaken.tell()
        self.events.put(happening)

    def _spare_seconds(self) -> float | None:
        """How long nothing has to be done unless something arrives; None: for ever."""
        if not self._commands.empty() or (self._connection is not None and self._connection.can_be_read):
            return 0.0
        due = min(self._retry_at, self._close_at)
        if self._connection is not None:
            way = self._connection
            if not way.joined:
                due = min(due, way.since + WELCOME_SECONDS)
            else:
                due = min(due, max(way.heard, way.pinged) + PING_SECONDS)
                due = min(due, time.monotonic() + LOOK_SECONDS if way.waits_for_face else way.heard + SILENT_SECONDS)
            if self._put_off:
                due = min(due, self._saves_again_at)
        return None if due == math.inf else max(0.0, due - time.monotonic())

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if now >= self._retry_at:
            self._dial()
        way = self._connection
        if way is None:
            return
        if not way.joined and now >= way.since + WELCOME_SECONDS:
            self._acquaintance.was_no_chat(way.terms)
            self._lose("not_hallway", trust.not_hallway(self._host, self._port))
        elif now >= way.heard + SILENT_SECONDS and not way.waits_for_face:
            self._lose("unreachable", f"Nothing was heard from the server for {SILENT_SECONDS:.0f} seconds.")
        elif way.joined and now >= max(way.heard, way.pinged) + PING_SECONDS:
            way.pinged = now
            way.urge(Ping())
        if self._put_off and now >= self._saves_again_at:
            way.unwritten.extendleft(reversed(self._put_off))
            self._put_off.clear()

    # --- coming and going ---

    def _dial(self) -> None:
        """Lets a thread of its own meet the server; it posts a `Meeting` or a `LinkError`."""

        def knock() -> None:
            try:
                self._post(trust.meet(self._host, self._port))
            except LinkError as problem:
                self._post(problem)
            except (ValueError, OverflowError):  # a NUL in the address, a port past 65,535
                sentence = f"{clean_line(self._host)} port {self._port} is not an address. Is there a slip in it?"
                self._post(LinkError(sentence))

        self._retry_at = math.inf
        self._tell(Connecting())
        threading.Thread(target=knock, name="hallway-connect", daemon=True).start()

    def _greet(self, met: Meeting) -> None:
        """Says hello to the server that was met, if it is the one it should be."""
        try:
            if self._acquaintance.set_damaged_aside():
                self._tell(Trouble("servers_forgotten", trust.FORGOTTEN))
            terms = self._acquaintance.recognise(met, self._name)
        except Doubt as doubt:
            met.end()
            self._stop(doubt.code, str(doubt), met.fingerprint)
            return
        except OSError as error:
            met.end()
            text = f"Which servers were met here cannot be read from this computer's disk ({_reason(error)})."
            self._lose("not_readable", f"{text} Nothing was sent.")
            return
        self._connection = way = Connection(met, terms)
        self._selector.register(way.link, way.interest)
        # Before anything was shown a first backlog is wanted again, not all of the log; unless the log was empty.
        same = self._history is not None and terms.identity == self._identity
        resumes = same and (self._shown > 0 or self._began_empty)
        history, after = (self._history, self._shown) if resumes else (None, None)
        way.outgoing += encode(Hello(VERSION, self._name, terms.token, terms.password, history, after))

    def _enter(self, way: Connection, welcome: Welcome) -> None:
        way.joined = True
        self._taken_since = None
        identity, known = way.terms.identity, self._acquaintance
        if welcome.token is not None:
            known.keep_token(identity, self._name, welcome.token)
            way.urge(Ping())  # so the server hears at once that the token has come
        another = identity != self._identity
        first_meeting = another and known.is_first_meeting(way.fingerprint)
        trusted = another and way.terms.trusted
        first, same = self._history is None, (identity, welcome.history) == (self._identity, self._history)
        # A log that ends before what was shown is a restored copy: its next messages have numbers we know already.
        resumed = same and welcome.last >= self._shown
        if not resumed:
            self._shown = 0
            self._began_empty = welcome.last == 0
        # What waits was meant for the people of the old log, and stays in that one's file.
        left_behind = 0 if same or self._outbox is None else len(self._outbox.waiting)
        if first and (first_meeting or trusted):
            left_behind = Outbox.count_waiting(self._folder, known.others_here(way.terms), self._name)
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
                first_meeting=first_meeting,
                trusted=trusted,
            )
        )
        if known.refusal:
            text = f"This computer's disk does not keep how you and this server know each other ({known.refusal})."
            self._tell(Trouble("not_kept", f"{text} The next time your name may be refused."))
            known.refusal = ""
        self._keep_password(way)
        if not same:
            self._identity, self._history = identity, welcome.history
            self._open_outbox(welcome.history)
        if self._outbox is not None:
            way.unwritten.extend(self._outbox.waiting)
        early, self._early = self._early, []
        self._keep(early)

    def _keep_password(self, way: Connection) -> None:
        """Does with the password that let us in what the face wants, if it has said so."""
        if self._keeps_password is None:
            return
        try:
            password = way.terms.password if self._keeps_password else None
            self._acquaintance.keep_password(way.terms.identity, password)
        except OSError as error:
            text = f"This computer's disk does not take what was to be done with the password ({_reason(error)})."
            self._tell(Trouble("not_kept", text))
        self._keeps_password = None

    def _open_outbox(self, history: str) -> None:
        if self._outbox is not None:
            self._outbox.close()
        self._outbox = Outbox.for_person(self._folder, self._identity, history, self._name)
        try:
            self._outbox.load()
        except OSError as error:
            text = f"What may wait here from an earlier time cannot be read ({_reason(error)})."
            self._tell(Trouble("not_kept", text))
        for send in self._outbox.waiting.values():
            self._tell(Waiting(send.id, send.text, send.to))

    def _lose(self, code: str, text: str) -> None:
        """The connection, or the attempt at one, came to nothing: stops before the first Entered, else tries again."""
        if self._history is None:
            self._stop(code, text)
            return
        if self._connection is not None and time.monotonic() >= self._connection.since + STEADY_SECONDS:
            self._attempt = 0
        self._drop()
        if code != "name_taken":
            self._taken_since = None
        if self._close_at < math.inf:
            return  # nobody wants to know any more
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._attempt, 10)) * random.uniform(0.5, 1)  # noqa: S311
        self._attempt += 1
        self._retry_at = time.monotonic() + pause
        self._tell(Lost(_statement(text), pause))

    def _stop(self, code: str, text: str, fingerprint: str | None = None) -> None:
        """What trying again will not change. `fingerprint` is that of the present connection where it is not given."""
        if self._connection is not None:
            fingerprint = self._connection.fingerprint
        self._drop()
        if self._close_at < math.inf:
            return  # nobody wants to know any more
        refused = self._history is None
        self._last = Refused(code, text, fingerprint) if refused else Ended(text, code, fingerprint)

    def _drop(self) -> None:
        if self._connection is not None:
            gone, self._connection = self._connection, None
            gone.end(self._selector)
        self._put_off.clear()  # the next connection starts with all that waits

    def _may_leave(self) -> bool:
        way = self._connection
        waits = self._outbox is not None and self._outbox.waiting
        return way is None or not way.joined or not waits or time.monotonic() >= self._close_at

    def _say_goodbye(self) -> None:
        """Sends bye behind what is half sent, and reads on until the server has closed: it has read the bye then."""
        way = self._connection
        if way is None or not way.joined:
            return
        way.unwritten.clear()
        way.urgent.clear()
        self._put_off.clear()
        way.outgoing += encode(Bye())
        deadline = time.monotonic() + GOODBYE_SECONDS
        while self._connection is not None and (left := deadline - time.monotonic()) > 0:
            self._write()
            self._listen(0.0 if self._connection.can_be_read else left)

    # --- what the face wants ---

    def _take_commands(self) -> None:
        sends: list[Send] = []
        with contextlib.suppress(queue.Empty):
            for _ in range(COMMANDS_AT_ONCE):
                command = self._commands.get_nowait()
                if isinstance(command, Send):
                    sends.append(command)
                elif isinstance(command, Meeting):
                    self._greet(command)
                elif isinstance(command, LinkError):
                    self._lose(command.code, str(command))
                elif isinstance(command, _KeepPassword):
                    self._keeps_password = command.keep
                    if self._connection is not None and self._connection.joined:
                        self._keep_password(self._connection)
                elif isinstance(command, _Close):
                    self._close_at = min(self._close_at, command.deadline)
                else:
                    self._say(command)
        self._keep(sends)

    def _say(self, saying: _Saying) -> None:
        try:
            checked = _as_the_server_reads(saying)
        except ProtocolError as problem:
            question = saying if isinstance(saying, Question) else None
            self._tell(Trouble(problem.code, str(problem), question))
            return
        if self._connection is not None and self._connection.joined:
            self._connection.urgent.append(checked)
            if isinstance(checked, Question):
                self._connection.asked.append(checked)

    def _keep(self, sends: Iterable[Send]) -> None:
        """Puts texts of the face into the outbox and, where there is a connection, on their way."""
        good: list[Send] = []
        for send in sends:
            try:
                checked = _as_the_server_reads(send)
                assert isinstance(checked, Send)
                good.append(checked)
            except ProtocolError as problem:
                self._tell(Failed(send.id, problem.code, str(problem), send.text))
        if not good:
            return
        if self._outbox is None:
            self._early += good
            return
        try:
            self._outbox.add(good)
            self._disk_refuses = False
        except OSError as error:
            if not self._disk_refuses:
                text = f"This computer's disk does not take what you write ({_reason(error)}). It is sent all the same"
                self._tell(Trouble("not_kept", f"{text}, but what has not arrived when you leave is lost."))
            self._disk_refuses = True
        for send in good:
            self._tell(Waiting(send.id, send.text, send.to))
        if self._connection is not None and self._connection.joined:
            self._connection.unwritten.extend(send.id for send in good)

    # --- what the server says ---

    def _read(self) -> None:
        """Takes what has arrived; the messages in it are handed on together."""
        way = self._connection
        if way is None:
            return
        try:
            arrived = way.link.receive(0.0)
        except (TimeoutError, BlockingIOError):  # not enough of it yet to make sense
            way.unread = False
            return
        except OSError as error:
            self._lose(*self._end_of(way, f"The connection to the server broke ({_reason(error)})."))
            return
        if not arrived:
            self._lose(*self._end_of(way, "The server closed the connection."))
            return
        way.unread = way.link.encrypted
        way.heard = time.monotonic()
        messages: list[Message] = []
        if not way.joined and not way.decoder.within_line:
            arrived = arrived.removeprefix(NAME_QUESTION.encode()).lstrip(b"\n")
        for event in way.decoder.feed(arrived):
            if type(event) is Message:
                if event.seq > self._shown and way.joined:
                    self._shown = event.seq
                    messages.append(event)
            elif type(event) is Ack:
                self._acked(event)
            else:
                if messages:
                    self._tell(Received(tuple(messages)))
                    messages = []
                self._heard(way, event)
                if self._connection is not way:
                    break
        if messages:
            self._tell(Received(tuple(messages)))
        self._untaken.read(len(arrived))
        if self._outbox is not None:
            self._outbox.note()

    def _end_of(self, way: Connection, text: str) -> tuple[str, str]:
        """The code and sentence for a connection that has ended, by whether we had joined."""
        if way.joined or self._history is not None:
            return "unreachable", text
        return "not_hallway", trust.closed_early(text, self._host, self._port)

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
            if isinstance(event, (Page, Found, Conversations)) and way.asked:
                way.asked.popleft()
            self._tell(event)

    def _odd_line(self, way: Connection, line: BadLine) -> None:
        if not way.joined:
            self._acquaintance.was_no_chat(way.terms)
            self._lose("not_hallway", trust.not_hallway(self._host, self._port))
        elif line.fatal:
            self._lose("bad_message", "The server sent something that this program cannot read.")
        elif not way.complained:
            way.complained = True
            text = "The server sent something that this program does not understand, which was left out."
            self._tell(Trouble(line.error.code, text))

    def _error(self, way: Connection, error: Error) -> None:
        if not way.joined:
            if error.code == "wrong_password" and way.terms.withheld:
                self._stop(error.code, f"{error.text} {WITHHELD}")
            elif error.code == "wrong_password" and way.terms.kept:
                self._stop(error.code, NO_LONGER)
            elif error.code == "wrong_password" and self._history is not None:
                self._stop(error.code, OTHER_ONE_NOW)
            elif error.code in FINAL_CODES:
                self._stop(error.code, error.text)
            elif error.code == "name_taken" and way.terms.token is not None:  # no ghost of ours: that would have to go
                self._stop(error.code, trust.no_longer_yours(self._name))
            elif error.code == "name_taken" and self._history is not None and way.terms.identity != self._identity:
                self._stop(error.code, trust.name_of_the_unencrypted_chat(self._name))
            elif error.code == "name_taken" and self._history is not None:
                self._lose(error.code, self._name_gone())
            else:
                self._lose(error.code, error.text)
        elif error.id is None:  # it answers a question: all else that we say is taken
            asked = way.asked.popleft() if way.asked else None
            if isinstance(asked, AskConversations) and error.code == "bad_message":
                self._tell(Trouble("older_server", OLDER_SERVER, asked))
            else:
                self._tell(Trouble(error.code, error.text, asked))
        elif error.code == "not_saved":
            self._not_saved(error.id, error.text)
        elif self._outbox is not None and (refused := self._outbox.settle(error.id)) is not None:
            self._tell(Failed(error.id, error.code, error.text, refused.text))

    def _name_gone(self) -> str:
        """Why we are not let in again under our own name: first by our own ghost, later by somebody else."""
        now = time.monotonic()
        if self._taken_since is None:
            self._taken_since = now
        if now - self._taken_since < GHOST_SECONDS:
            return "The server has not noticed yet that the old connection is gone."
        return f"Somebody else is here as {self._name}. What you wrote is kept; leave and choose another name, or wait."

    def _not_saved(self, id: str, text: str) -> None:
        """Message `id` goes out again after a pause, in its old place, and until then nothing overtakes it."""
        if self._outbox is None or id not in self._outbox.waiting:
            return
        if not self._put_off:  # the first of those that were under way together
            if not self._refusals:
                self._tell(Trouble("not_saved", f"{text} What you write waits here and is sent again by itself."))
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._refusals, 10))
            self._saves_again_at = time.monotonic() + wait
            self._refusals += 1
        self._put_off[id] = None

    def _acked(self, ack: Ack) -> None:
        if self._outbox is not None and self._outbox.settle(ack.id) is not None:
            self._put_off.pop(ack.id, None)
            self._refusals = 0
            self._tell(Stored(ack.id, ack.seq, ack.time))

    # --- what goes out ---

    def _write(self) -> None:
        """Hands the link what it takes now. What it does not take stays in the outbox, encoded when there is room."""
        way = self._connection
        if way is None:
            return
        if way.joined:
            assert self._outbox is not None
            way.encode_urgent()
            if not self._put_off:
                way.encode_waiting(self._outbox.waiting)
        way.hand_over()
        more = way.outgoing or way.urgent or (way.unwritten and not self._put_off)
        # Before the welcome little comes; somebody who leaves waits for their acks, and not for long.
        reads = not way.joined or self._close_at < math.inf or not self._untaken.is_too_much(self.events.qsize())
        if reads and way.waits_for_face:
            way.heard = time.monotonic()  # the silence was ours
        interest = selectors.EVENT_READ if reads else 0
        way.watch(self._selector, interest | (selectors.EVENT_WRITE if more and not way.broken else 0))


def _as_the_server_reads(command: Send | _Saying) -> Command:
    """`command` as it will arrive, cleaned. Raises `ProtocolError` for what the server would refuse."""
    if isinstance(command, AskHistory):
        command = replace(command, other=None if command.other is None else clean_line(command.other))
    elif isinstance(command, SeenWith):
        command = replace(command, other=clean_line(command.other))
    elif isinstance(command, AskSearch):
        command = replace(command, text=clean_line(command.text))
    elif isinstance(command, TypingTo):
        command = replace(command, to=clean_line(command.to))
    elif isinstance(command, Send):
        to = None if command.to is None else clean_line(command.to)
        command = replace(command, text=clean_text(command.text), to=to)
    return COMMANDS[command.type](parse_object(encode(command).rstrip(b"\n")))


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


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return "the encryption failed"
    return error.strerror or str(error)
