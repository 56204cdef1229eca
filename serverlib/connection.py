"""One connection to the server, from its first byte to its last, read by a thread of its own.

server.py starts a `Connection` for everybody it accepts. The thread shakes hands, finds out whether a program or a
person with netcat (`netcat.py`) is there, understands what they say, slows down who floods, and reads the log for them
(`questions.py`). What concerns more than one person it posts to the hub, by its `Visit` (`visit.py`), and it touches
nothing that is shared but what `Shared` lists.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain
from json.encoder import encode_basestring as quote

from link import TlsLink, is_own
from names import name_key
from protocol import (
    NAME_QUESTION,
    PING_SECONDS,
    SILENT_SECONDS,
    AskConversations,
    BadLine,
    Bye,
    Command,
    CommandDecoder,
    Error,
    Hello,
    Ping,
    PlainSends,
    Pong,
    SeenWith,
    Send,
    TypingTo,
)
from serverlib.delivery import WIRE
from serverlib.netcat import Typist
from serverlib.posts import Gone, Order
from serverlib.questions import Question, Questions
from serverlib.visit import NOT_ENCRYPTED, Shared, Visit

# From connecting to a name, the handshake included: a program takes milliseconds, and silent connections cost threads.
JOIN_SECONDS = 10.0
PROMPT_SECONDS = 1.0  # of silence before somebody is taken for a person
LOG_COST = 5  # how many other commands a question that is answered from the log counts for
ANSWERS_SIZE = 32 * 1024  # bytes of answers that one post holds: who asks a lot at once reads some before we go on

TLS_BEGINS = b"\x16"  # the first byte of a handshake (RFC 8446, 5.1), which nothing else here begins with

log = logging.getLogger("hallway")


class Connection(threading.Thread):
    """Reads one connection, from its first byte to its last; everything shared is the hub's."""

    def __init__(
        self, shared: Shared, accepted: socket.socket, host: str, port: int, on_end: Callable[[Connection], None]
    ) -> None:
        """`host` and `port` are the other side's; `on_end` is called by this thread when it has ended."""
        # daemon: one that hangs does not keep Python
        super().__init__(name=f"hallway-client-{host}:{port}", daemon=True)
        self._shared = shared
        self._on_end = on_end
        self._socket = accepted
        self.host = host
        self._port = port
        self._visit: Visit  # made by the thread, and with it
        self._questions: Questions

    def shutdown(self) -> None:
        """Ends the connection from another thread: wakes this one."""
        with contextlib.suppress(OSError):  # not connected any more
            self._socket.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        """Talks until either side has enough."""
        try:
            self._visit = visit = Visit(self._shared, self._socket, self.host, self._port)
        except OSError:  # gone already, or no descriptor left for the writer
            self._socket.close()
            self._on_end(self)
            return
        client = visit.client
        self._questions = Questions(visit)
        bye = False
        log.info("connection from %s", client.address)
        try:
            bye = self._talk()
        except TimeoutError:
            log.info("%s is silent and is disconnected", self._who())
        except OSError as error:
            log.debug("%s broke: %s", self._who(), error)
        finally:
            visit.hub.post(Gone(client, bye))
            client.link.close_reader()
            if visit.hub.ended.is_set():  # it may not have taken that we are gone, and writes to nobody any more
                visit.hub.join()
                client.link.close_writer()
            self._on_end(self)

    def _who(self) -> str:
        client = self._visit.client
        return quote(client.name) if client.name else client.address

    def _talk(self) -> bool:
        """Finds out who is there, and talks their way. True when they said goodbye."""
        deadline = time.monotonic() + JOIN_SECONDS
        data, prompted = self._first_bytes(deadline)
        if data.startswith(TLS_BEGINS):
            if prompted or not self._encrypt(data, deadline):  # our question is no handshake: they will try again
                self._visit.let_it_be_read()
                return False
            data, prompted = self._first_bytes(deadline)
        if not data or data.startswith(TLS_BEGINS):
            return False
        wire = data.startswith(b"{")
        if wire and prompted:
            self._visit.tell(b"\n")  # so that the prompt is a line of its own, and does not spoil the welcome
        if self._shared.tls is not None and not (self._visit.client.link.encrypted or is_own(self.host)):
            self._refuse_unencrypted(wire)
            self._visit.let_it_be_read()
            return False
        return self._talk_wire(data, deadline) if wire else Typist(self._visit).talk(data, deadline)

    def _first_bytes(self, deadline: float) -> tuple[bytes, bool]:
        """What is said first, and whether the name had to be asked for."""
        try:
            return self._visit.client.link.receive(PROMPT_SECONDS), False
        except TimeoutError:
            self._visit.tell(NAME_QUESTION.encode())
            return self._visit.receive_until(deadline), True

    def _encrypt(self, first: bytes, deadline: float) -> bool:
        """Shakes hands; `first` is what was read of that. False when this chat is not encrypted, which is then said."""
        if self._shared.tls is None:
            self._visit.tell(WIRE.say(Error("not_encrypted", NOT_ENCRYPTED)))
            return False
        seconds = max(0.0, deadline - time.monotonic())
        # Nothing was told yet, so the hub does not know the plain link, and will never see it.
        client = self._visit.client
        client.link = TlsLink(client.link, self._shared.tls, server_side=True, first=first, seconds=seconds)
        return True

    def _refuse_unencrypted(self, wire: bool) -> None:
        """Says that this chat is encrypted, and how to come in."""
        here, port = self._socket.getsockname()[:2]
        log.info("%s did not encrypt, and was not let in", self._visit.client.address)
        if wire:
            self._visit.tell(WIRE.say(Error("must_encrypt", "This chat is encrypted: connect with TLS.")))
        else:
            self._visit.tell(f"This chat is encrypted. Join with: ncat --ssl {here} {port}\n".encode())

    # -- JSON lines --

    def _talk_wire(self, data: bytes, deadline: float) -> bool:
        visit, decoder = self._visit, CommandDecoder()
        while data:
            for item in (items := iter(decoder.feed(data))):
                if isinstance(item, Hello):
                    if (refused := visit.wrong_password(item.password)) is not None:
                        visit.tell(WIRE.say(refused))
                        return False
                    if not visit.may_try_a_name(deadline):
                        return self._too_late()
                    if visit.join(item, keeps=True):
                        return self._talk_joined(decoder, items)
                    if visit.client.ended or visit.client.close_by is not None:
                        return False
                elif isinstance(item, BadLine) and item.error.code == "name_invalid":
                    if not visit.may_try_a_name(deadline):
                        return self._too_late()
                    visit.tell(WIRE.say(item.error))
                else:
                    error = item.error if isinstance(item, BadLine) else Error("not_joined", "Say hello first.")
                    visit.tell(WIRE.say(error))
                    return isinstance(item, Bye)
            try:
                data = visit.receive_until(deadline)
            except TimeoutError:
                self._too_late()
                raise
        return False

    def _too_late(self) -> bool:
        """Says so; False, as `_talk` returns it."""
        self._visit.tell(WIRE.say(Error("not_joined", f"No hello within {JOIN_SECONDS:.0f} seconds.")))
        return False

    def _talk_joined(self, decoder: CommandDecoder, items: Iterator[Command | PlainSends | BadLine]) -> bool:
        first = next(items, None)  # before the welcome was sent, perhaps; but it is no reason to doubt that it came
        self._visit.client.heard = first is not None or decoder.within_line
        going_on = self._obey(items if first is None else chain([first], items))
        while going_on is None:
            data = self._receive_or_ping()
            if not data:
                return False
            self._visit.client.heard = True
            going_on = self._obey(iter(decoder.feed(data)))
        return going_on

    def _receive_or_ping(self) -> bytes:
        """The next bytes; asks whether they are there when they say nothing. Raises TimeoutError when they are not."""
        for _ in range(round(SILENT_SECONDS / PING_SECONDS)):
            try:
                return self._visit.client.link.receive(PING_SECONDS)
            except TimeoutError:
                self._visit.tell(WIRE.say(Ping()))
        raise TimeoutError

    def _obey(self, items: Iterator[Command | PlainSends | BadLine]) -> bool | None:
        """Hands on what they said, as fast as they may. True: they said goodbye. False: nothing more can be read."""
        visit = self._visit
        orders: list[Order] = []
        answered = 0
        for item in items:
            if isinstance(item, Send):
                if not visit.may_go_on(visit.send_pace.seconds(), orders):
                    return False
                orders.append(item)
                continue
            if isinstance(item, PlainSends):
                if not self._may_send(item, orders):
                    return False
                continue
            cost = LOG_COST if isinstance(item, Question) else 1
            if not visit.may_go_on(visit.ask_pace.seconds(cost), orders):
                return False
            if isinstance(item, Bye) or (isinstance(item, BadLine) and item.fatal):
                if isinstance(item, BadLine):
                    orders.append(WIRE.say(item.error))
                visit.post(orders)
                return isinstance(item, Bye)
            if isinstance(item, AskConversations):  # what they have read is known to the hub when it is asked
                visit.post([*orders, self._questions.want_marks()])
                orders, answered = [], 0
            order = self._order(item)
            if order is not None:
                orders.append(order)
            if type(order) is bytes:
                answered += len(order)
                if answered > ANSWERS_SIZE:
                    if visit.client.ended:
                        return False
                    visit.post(orders)
                    orders, answered = [], 0
        visit.post(orders)
        return None

    def _may_send(self, sends: PlainSends, ready: list[Order]) -> bool:
        """Readies messages, as many at a time as they may send. False when it all ended meanwhile."""
        visit, done = self._visit, 0
        while done < len(sends.said):
            said = sends.said[done : done + max(1, visit.send_pace.affordable())]
            if not visit.may_go_on(visit.send_pace.seconds(len(said)), ready):
                return False
            ready.append(PlainSends(said, sum(len(text) for _, text in said)))
            done += len(said)
        return True

    def _order(self, item: Command | BadLine) -> Order | None:
        """What the hub has to do about a command; what it need not be asked is answered here."""
        if isinstance(item, BadLine):
            return WIRE.say(item.error)
        if isinstance(item, Hello):
            return WIRE.say(Error("bad_message", "You have said hello already."))
        if isinstance(item, Question):
            return WIRE.say(self._questions.answer(item))
        if isinstance(item, Ping):
            return WIRE.say(Pong())
        if isinstance(item, (Pong, Bye)):
            return None
        if isinstance(item, TypingTo):
            return TypingTo(name_key(item.to))
        if isinstance(item, SeenWith):
            return SeenWith(name_key(item.other), item.seq)
        return item
