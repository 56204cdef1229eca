"""What one person writes: kept on disk first, on its way while there is a connection, until the server has answered.

Part of `session.Session`, in the engine's thread. What becomes of each message is told as `Waiting`, then `Stored` or
`Failed`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from clientlib.backoff import Backoff
from clientlib.connection import Connection, as_the_server_reads
from clientlib.happenings import Failed, Happening, Stored, Trouble, Waiting
from clientlib.storage import Outbox, reason_of
from names import ProtocolError
from protocol import Ack, Error, Send

FIRST_WAIT, LONGEST_WAIT = 1.0, 10.0  # seconds until what the server could not save is sent again
NOT_SENT = "You are not in the chat, so that was not sent."


class Sending:
    """The messages of one person that the server has not answered yet, and the outbox that they wait in."""

    def __init__(self, folder: Path, name: str, tell: Callable[[Happening], None]) -> None:
        """`folder` is the client's own; `tell` hands a happening to the face."""
        self._folder, self._name, self._tell = folder, name, tell
        self._outbox: Outbox | None = None  # None until the log, and so the file, is known
        self._early: list[Send] = []  # written before that
        self._disk_refuses = False
        self._put_off: dict[str, None] = {}  # ids that the server could not save, as they went out
        self._again_at = 0.0  # on the monotonic clock: then these go out again
        self._refusals = Backoff(FIRST_WAIT, LONGEST_WAIT)

    # --- from the face ---

    def keep(self, sends: Iterable[Send], way: Connection | None) -> None:
        """Puts texts of the face into the outbox and, where there is a connection that was joined, on their way."""
        good: list[Send] = []
        for send in sends:
            try:
                checked = as_the_server_reads(send)
                assert isinstance(checked, Send)
                good.append(checked)
            except ProtocolError as problem:
                self._tell(Failed(send.id, problem.code, str(problem), send.text))
        if not good:
            return
        if self._outbox is None:
            self._early += good
            return
        self._write_down(self._outbox, good)
        for send in good:
            self._tell(Waiting(send.id, send.text, send.to))
        if way is not None and way.joined:
            way.unwritten.extend(send.id for send in good)

    def _write_down(self, outbox: Outbox, sends: list[Send]) -> None:
        try:
            outbox.add(sends)
            self._disk_refuses = False
        except OSError as error:
            if not self._disk_refuses:
                text = (
                    f"This computer's disk does not take what you write ({reason_of(error)}). It is sent all the same"
                )
                self._tell(Trouble("not_kept", f"{text}, but what has not arrived when you leave is lost."))
            self._disk_refuses = True

    @property
    def is_waiting(self) -> bool:
        """Whether the server has not answered something that is in the outbox."""
        return self._outbox is not None and bool(self._outbox.waiting)

    @property
    def is_done(self) -> bool:
        """Whether nothing at all waits any more. Any thread, when the engine's has ended."""
        return not (self._early or self.is_waiting)

    # --- connections come and go ---

    def left_behind(self) -> int:
        """How many messages stay in this log's file when another one is entered: they were meant for its people."""
        return 0 if self._outbox is None else len(self._outbox.waiting)

    def waiting_for(self, identities: Iterable[str]) -> int:
        """How many messages of this person wait on disk for these servers."""
        return Outbox.count_waiting(self._folder, identities, self._name)

    def open(self, identity: str, history: str) -> None:
        """From now on the outbox is that for this log of this server; what waits in it is told."""
        if self._outbox is not None:
            self._outbox.close()
        self._outbox = Outbox.for_person(self._folder, identity, history, self._name)
        try:
            self._outbox.load()
        except OSError as error:
            text = f"What may wait here from an earlier time cannot be read ({reason_of(error)})."
            self._tell(Trouble("not_kept", text))
        for send in self._outbox.waiting.values():
            self._tell(Waiting(send.id, send.text, send.to))

    def begin(self, way: Connection) -> None:
        """Sends all that waits on a connection that was just joined."""
        if self._outbox is not None:
            way.unwritten.extend(self._outbox.waiting)
        early, self._early = self._early, []
        self.keep(early, way)

    def stop(self) -> None:
        """The connection is gone, or is to carry no more; the next one starts with all that waits."""
        self._put_off.clear()

    def end(self) -> None:
        """Nothing more will be sent in this run."""
        if self._outbox is not None:
            self._outbox.close()
        for send in self._early:
            self._tell(Failed(send.id, "not_joined", NOT_SENT, send.text))
        self._early.clear()

    # --- what goes out ---

    def encode(self, way: Connection) -> None:
        """Encodes what comes next, as far as there is room. Nothing overtakes what the server could not save."""
        if self._outbox is not None and not self._put_off:
            way.encode_waiting(self._outbox.waiting)

    def has_more(self, way: Connection) -> bool:
        """Whether `encode` has something to do as soon as there is room."""
        return bool(way.unwritten) and not self._put_off

    @property
    def due(self) -> float:
        """When to look at the clock again, on the monotonic one: what was put off goes out."""
        return self._again_at if self._put_off else math.inf

    def look_at_the_clock(self, way: Connection) -> None:
        """Sends what was put off again when it is time, in its old place."""
        if self._put_off and time.monotonic() >= self._again_at:
            way.unwritten.extendleft(reversed(self._put_off))
            self._put_off.clear()

    # --- what the server answers ---

    def acked(self, ack: Ack) -> None:
        """A message is on the server's disk."""
        if self._outbox is not None and self._outbox.settle(ack.id) is not None:
            self._put_off.pop(ack.id, None)
            self._refusals.begin_anew()
            self._tell(Stored(ack.id, ack.seq, ack.time))

    def refused(self, id: str, error: Error) -> None:
        """The server does not take a message: never, or not now."""
        if error.code == "not_saved":
            self._not_saved(id, error.text)
        elif self._outbox is not None and (refused := self._outbox.settle(id)) is not None:
            self._tell(Failed(id, error.code, error.text, refused.text))

    def _not_saved(self, id: str, text: str) -> None:
        """Message `id` goes out again after a pause, in its old place, and until then nothing overtakes it."""
        if self._outbox is None or id not in self._outbox.waiting:
            return
        if not self._put_off:  # the first of those that were under way together
            if not self._refusals.count:
                self._tell(Trouble("not_saved", f"{text} What you write waits here and is sent again by itself."))
            self._again_at = time.monotonic() + self._refusals.next()
        self._put_off[id] = None

    def note(self) -> None:
        """Writes down what was settled; called once for all that was read together."""
        if self._outbox is not None:
            self._outbox.note()
