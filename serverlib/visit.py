"""One client, seen from the thread that reads it: what it may do, what it posts to the hub, how it comes in.

`Connection` (`connection.py`) makes a `Visit` in its thread. What is said in JSON lines and what is typed (`netcat.py`)
is handed on by the same one, at the same pace.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from link import Link
from pace import Pace
from protocol import SILENT_SECONDS, Error, Hello, PlainSends, Send
from serverlib.delivery import Client
from serverlib.door import Door, Turns, seconds_in_words
from serverlib.hub import Hub
from serverlib.posts import ORDER_SIZE, Join, Order, Orders, Tell

LAST_WORD_SECONDS = 1.0  # for a sentence to arrive before the connection is closed
SEND_BURST = 20  # messages at once when --rate allows fewer a second: what somebody pastes, or wrote while offline
ASK_RATE = 50.0  # other commands a second for one person: scrolling fast asks for ten pages
ASK_BURST = 100
BYTE_RATE = 256 * 1024  # bytes a second from one person: more than 5 of the longest messages; parsing takes its time
BYTE_BURST = 1024 * 1024
NAME_RATE = 5.0  # names a second that one connection may try, whatever --rate says: nobody is held up by it
NAME_BURST = 10

NOT_ENCRYPTED = "This chat is not encrypted."

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


class Visit:
    """What both ways to talk need: the client's thread alone calls it."""

    def __init__(self, shared: Shared, accepted: socket.socket, host: str, port: int) -> None:
        """`host` and `port` are the other side's. Raises OSError when it has gone, or no descriptor is left."""
        self.shared = shared
        self.hub = shared.hub
        self.host = host
        self._byte_pace = Pace(BYTE_RATE if shared.rate else 0, BYTE_BURST)
        self._name_pace = Pace(NAME_RATE, NAME_BURST)
        self.send_pace = Pace(shared.rate, SEND_BURST)
        self.ask_pace = Pace(ASK_RATE if shared.rate else 0, ASK_BURST)
        self.client = Client(Link(accepted, self._slow_down), f"{host}:{port}")

    def _slow_down(self, size: int) -> None:
        """Waits before any more bytes are read than are allowed, whatever they are: this costs nobody but who sends."""
        seconds = self._byte_pace.seconds(size)
        if seconds and (self.shared.stopping.wait(seconds) or self.client.ended):
            raise ConnectionAbortedError

    # -- in and out --

    def tell(self, data: bytes) -> None:
        """Says something; the hub sends it."""
        self.hub.post(Tell(self.client, data))

    def receive_until(self, deadline: float) -> bytes:
        """The next bytes before a moment of the monotonic clock. Raises TimeoutError."""
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return self.client.link.receive(seconds)

    def let_it_be_read(self) -> None:
        """Waits a moment for them to close: what they still send would make our closing a reset, and that is lost on
        some systems together with what we said last.
        """
        deadline = time.monotonic() + LAST_WORD_SECONDS
        with contextlib.suppress(OSError):  # TimeoutError, too
            while self.receive_until(deadline):
                pass

    def may_go_on(self, seconds: float, ready: list[Order]) -> bool:
        """Waits as long as a pace wants, after posting what is ready. False when it all ended meanwhile."""
        if not seconds:
            return True
        self.post(ready.copy())
        ready.clear()
        return not (self.shared.stopping.wait(seconds) or self.client.ended)

    def post(self, orders: list[Order]) -> None:
        """Posts orders when it is their turn. Raises TimeoutError when they have not read anything for too long."""
        if not orders:
            return
        if not self.client.turns.acquire(timeout=SILENT_SECONDS):
            raise TimeoutError
        if self.client.ended:  # nobody takes what is said now
            raise ConnectionAbortedError
        size = sum(_size(order) for order in orders)
        self.hub.post(Orders(self.client, orders, size))

    # -- joining --

    def may_try_a_name(self, deadline: float) -> bool:
        """Waits until it is time for a further name. False when that is too late, or it all ended meanwhile."""
        seconds = self._name_pace.seconds()
        return time.monotonic() + seconds <= deadline and self.may_go_on(seconds, [])

    def wrong_password(self, password: str | None) -> Error | None:
        """Why they are not let in with this password, or without one; None when they are."""
        seconds = self.shared.door.check(self.host, password)
        if seconds is None:
            return None
        if password is None:
            return Error("wrong_password", "This chat needs a password.")
        log.info("%s gave a wrong password", self.client.address)
        self.shared.stopping.wait(self.shared.door.held_back(self.host))
        if not seconds:
            return Error("wrong_password", "That is not the password.")
        sentence = f"Too many wrong passwords from your address. Try again in {seconds_in_words(seconds)}."
        return Error("wrong_password", sentence)

    def join(self, hello: Hello, keeps: bool) -> bool:
        """Asks the hub for the name; true when it is theirs. Else the hub has told them why not."""
        join = Join(self.client, hello, keeps, threading.Event())
        self.hub.post(join)
        while not join.done.wait(1.0):
            if self.hub.ended.is_set():
                return False
        return self.client.person is not None


def _size(order: Order) -> int:
    """Bytes that an order counts for in a batch, about."""
    if isinstance(order, PlainSends):
        return ORDER_SIZE * len(order.said) + order.size
    return ORDER_SIZE + (len(order.text) if isinstance(order, Send) else 0)
