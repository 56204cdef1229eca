"""One connection of a client to its server: what is still to go out on it, and what it has said so far.

Part of `session.Session`, in the engine's thread alone, which decides what happens; a new connection starts with a new
one of these, so that nothing of a lost one is taken for a thing of the next.
"""

from __future__ import annotations

import selectors
import ssl
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from clientlib.happenings import Question, Saying, Trouble
from clientlib.storage import reason_of
from clientlib.trust import Meeting, Terms
from names import clean_line, clean_text
from protocol import (
    COMMANDS,
    EVENTS,
    NAME_QUESTION,
    PING_SECONDS,
    SILENT_SECONDS,
    AskConversations,
    AskHistory,
    AskSearch,
    Command,
    Decoder,
    Error,
    Event,
    Ping,
    Pong,
    SeenWith,
    Send,
    TypingTo,
    encode,
    parse_object,
)

OUTGOING = 64 * 1024  # bytes encoded ahead of the socket; the rest waits in the outbox
WELCOME_SECONDS = 10.0  # from connecting to the welcome
LOOK_SECONDS = 0.05  # until we look again whether the face has caught up, which says nothing when it takes something

Said = TypeVar("Said", bound=Send | Saying)

OLDER_SERVER = "This server is an older one: it does not keep what you have read."


class ConnectionEnded(Exception):
    """Nothing more will be heard; the sentence says why."""


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

    def receive(self) -> bytes:
        """What has arrived; b"" where that is not enough yet to make sense. Raises `ConnectionEnded`."""
        try:
            arrived = self.link.receive(0.0)
        except (TimeoutError, BlockingIOError):
            self.unread = False
            return b""
        except ssl.SSLError:
            raise ConnectionEnded("The connection to the server broke (the encryption failed).") from None
        except OSError as error:
            raise ConnectionEnded(f"The connection to the server broke ({reason_of(error)}).") from None
        if not arrived:
            raise ConnectionEnded("The server closed the connection.")
        self.unread = self.link.encrypted
        self.heard = time.monotonic()
        if not self.joined and not self.decoder.within_line:
            arrived = arrived.removeprefix(NAME_QUESTION.encode()).lstrip(b"\n")
        return arrived

    # --- the clock ---

    @property
    def due(self) -> float:
        """When to look at the clock for it again, on the monotonic one."""
        if not self.joined:
            return self.since + WELCOME_SECONDS
        ends = time.monotonic() + LOOK_SECONDS if self.waits_for_face else self.heard + SILENT_SECONDS
        return min(max(self.heard, self.pinged) + PING_SECONDS, ends)

    def is_no_chat(self, now: float) -> bool:
        """Whether there should have been a welcome long ago."""
        return not self.joined and now >= self.since + WELCOME_SECONDS

    def is_silent(self, now: float) -> bool:
        """Whether nothing was heard for so long that it has to be given up."""
        return now >= self.heard + SILENT_SECONDS and not self.waits_for_face

    def ask_whether_it_is_there(self, now: float) -> None:
        """Pings when it was quiet for a while."""
        if self.joined and now >= max(self.heard, self.pinged) + PING_SECONDS:
            self.pinged = now
            self.urge(Ping())

    # --- questions ---

    def say(self, saying: Saying) -> None:
        """Says something that goes out before any message; see `as_the_server_reads`."""
        self.urgent.append(saying)
        if isinstance(saying, Question):
            self.asked.append(saying)

    def answered(self) -> None:
        """The oldest question has its answer: a server answers in order."""
        if self.asked:
            self.asked.popleft()

    def not_answered(self, error: Error) -> Trouble:
        """What to tell of an error without an id, which answers the oldest question: all else that we say is taken."""
        asked = self.asked.popleft() if self.asked else None
        if isinstance(asked, AskConversations) and error.code == "bad_message":
            return Trouble("older_server", OLDER_SERVER, asked)
        return Trouble(error.code, error.text, asked)

    # --- what goes out ---

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


def as_the_server_reads(command: Said) -> Said:
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
    read = COMMANDS[command.type](parse_object(encode(command).rstrip(b"\n")))
    assert isinstance(read, type(command))
    return read
