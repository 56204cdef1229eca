"""One connection of a client to its server: what is still to go out on it, and what it has said so far.

Part of `engine.Engine`, in its thread alone, which decides what happens; a new connection starts with a new one of
these, so that nothing of a lost one is taken for a thing of the next.
"""

from __future__ import annotations

import selectors
import time
from collections import deque
from collections.abc import Mapping

from clientlib.happenings import Question
from clientlib.trust import Meeting, Terms
from protocol import EVENTS, Command, Decoder, Event, Ping, Pong, Send, encode

OUTGOING = 64 * 1024  # bytes encoded ahead of the socket; the rest waits in the outbox


class Connection:
    """What the engine knows about one connection."""

    def __init__(self, met: Meeting, terms: Terms) -> None:
        self.link = met.link
        self.fingerprint = met.fingerprint
        self.terms = terms  # as the hello was said with them
        # Something is there, says the selector; or OpenSSL may hold more of it, of which the selector knows nothing.
        self.unread = False
        self.decoder: Decoder[Event] = Decoder(EVENTS)
        self.outgoing = bytearray()  # encoded, not handed to the link yet; at most OUTGOING and a line
        self.urgent: deque[Command] = deque()  # goes out before any message: asks, ping, pong
        self.unwritten: deque[str] = deque()  # ids in the outbox that this connection has not carried yet
        self.since = self.heard = self.pinged = time.monotonic()
        self.joined = False
        self.asked: deque[Question] = deque()  # without an answer, in their order
        self.complained = False  # one odd line was told
        self.broken = False  # nothing can be sent any more; what came before the end is still read
        self.interest = selectors.EVENT_READ

    @property
    def waits_for_face(self) -> bool:
        """Whether what the server says is left in the socket, because the face has not taken what came before."""
        return not self.interest & selectors.EVENT_READ

    @property
    def can_be_read(self) -> bool:
        """Whether there may be something to read without waiting for it."""
        return self.unread and not self.waits_for_face

    def urge(self, command: Ping | Pong) -> None:
        """Once is enough: a server that pings without reading must not fill our memory."""
        if command not in self.urgent:
            self.urgent.append(command)

    def encode_urgent(self) -> None:
        """Encodes what goes out before any message, as far as there is room."""
        while self.urgent and len(self.outgoing) < OUTGOING:
            self.outgoing += encode(self.urgent.popleft())

    def encode_waiting(self, waiting: Mapping[str, Send]) -> None:
        """Encodes the next messages, of those that still wait (key: id), as far as there is room."""
        while self.unwritten and len(self.outgoing) < OUTGOING:
            send = waiting.get(self.unwritten.popleft())
            if send is not None:
                self.outgoing += encode(send)

    def hand_over(self) -> None:
        """Gives the link what it takes now of what is encoded."""
        if self.outgoing and not self.broken:
            try:
                del self.outgoing[: self.link.send(bytes(self.outgoing))]
            except OSError:  # the reader finds the end, behind what the server said before it
                self.broken = True

    def watch(self, selector: selectors.BaseSelector, interest: int) -> None:
        """Lets the selector wait for these events; a selector does not know how to wait for none."""
        if interest == self.interest:
            return
        if not interest:
            selector.unregister(self.link)
        elif not self.interest:
            selector.register(self.link, interest)
        else:
            selector.modify(self.link, interest)
        self.interest = interest

    def end(self, selector: selectors.BaseSelector) -> None:
        """Takes it out of the selector, and gives everything back."""
        self.watch(selector, 0)
        self.link.close()
