"""What is posted to the hub: by the threads of the connections, by catch-up, by the operator's terminal."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from protocol import Hello, PlainSends, SeenWith, Send, TypingTo
from serverlib.delivery import Client, Read
from serverlib.operations import Operate

ORDER_SIZE = 64  # bytes that an order counts for at the least, beside its text


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


Post = Join | Orders | Tell | Gone | Read | Stop | Operate  # what the hub's inbox takes
