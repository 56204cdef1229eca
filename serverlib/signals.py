"""What people do beside writing: that they are typing, and up to where they have read.

The hub (`hub.py`) owns a `Signals` and calls it from its thread alone. None of it is worth a wait: who is typing is old
news in a moment, and a read mark can be written when there is time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice
from math import inf

from history import EVERYONE_ID, History
from pace import Pace
from protocol import EVERYONE, SeenBy, TypingFrom
from serverlib.delivery import WIRE, Client, Delivery

TYPING_SECONDS = 2.0  # from one word that somebody is typing to their next to the same; a client shows it for six
# Such words a second that are handed out, to all people together, and at once: each takes about 5 µs, and 10 encrypted.
# With a hundred people here that is twenty who type; among a thousand, hints of who types are no use to anybody.
TYPING_SENDS = 2000
# Times that somebody who types in private is told of, in so many times `TYPING_SECONDS`: an honest client says it every
# three seconds, and at once where its person goes on in another conversation.
TYPING_PRIVATE = 3
TYPING_WRITERS = 1000  # whose times are kept, before those that count no more are forgotten
MARKS = 10_000  # that wait to be saved; more pairs of people are not taken while there is no time to save these
MARKS_AT_ONCE = 500  # saved in one go: 4 ms
Marks = dict[tuple[int, int], int]  # up to which seq (value) an address has read what it has with another one (key)


class Signals:
    """Hands on who is typing and who has read what, and keeps the read marks until they are on disk."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._typing: dict[Client, float] = {}  # who is typing to everybody and is still to be told of; since when
        self._typed: dict[str, float] = {}  # key: folded name; when they were last told of, for `TYPING_SECONDS`
        # The same in private. Key: folded name of who types; when they were told of, and whom, the latest last.
        self._typed_to: dict[str, deque[tuple[float, str]]] = {}
        self._pace = Pace(TYPING_SENDS, TYPING_SENDS)
        self._marks: Marks = {}

    # -- typing --

    def typing(self, client: Client, target: Client) -> None:
        """Tells `target` that the person of `client` is typing to them, if they were not told a moment ago, and the
        person has not told so many others.
        """
        if self._may_tell(_key(client), _key(target), time.monotonic()):
            self._hint(client, target, TypingFrom(client.name, target.name))

    def _may_tell(self, writer: str, reader: str, now: float) -> bool:
        """Whether it is time that a writer's reader is told; then it counts as told."""
        window = TYPING_PRIVATE * TYPING_SECONDS
        if len(self._typed_to) >= TYPING_WRITERS:
            self._typed_to = {key: told for key, told in self._typed_to.items() if now < told[-1][0] + window}
        told = self._typed_to.setdefault(writer, deque(maxlen=TYPING_PRIVATE))
        too_many = len(told) == TYPING_PRIVATE and now < told[0][0] + window
        if too_many or any(whom == reader and now < at + TYPING_SECONDS for at, whom in told):
            return False
        told.append((now, reader))
        return True

    def typing_to_everyone(self, client: Client) -> None:
        """Lets everybody know in the next quiet moment."""
        now = time.monotonic()
        if now >= self._typed.get(_key(client), -inf) + TYPING_SECONDS:
            self._typing.setdefault(client, now)

    def has_written(self, client: Client) -> None:
        """What they were typing is there: nobody is to be told that it is coming."""
        self._typing.pop(client, None)

    @property
    def waiting(self) -> bool:
        """Whether somebody is typing to everybody and that is still to be told."""
        return bool(self._typing)

    def tell_typing(self, here: Iterable[Client]) -> None:
        """Tells everybody on the wire who is typing. What had to wait too long, or costs too much now, is dropped."""
        now = time.monotonic()
        self._typed = {key: at for key, at in self._typed.items() if now < at + TYPING_SECONDS}
        here_still = [c for c in self._typing if not c.ended and c.close_by is None]
        fresh = [c for c in here_still if now < self._typing[c] + TYPING_SECONDS]
        self._typing.clear()
        readers = [client for client in here if client.face is WIRE and not client.full]
        fresh = fresh[: self._pace.affordable() // max(1, len(readers))]
        if not fresh:
            return
        self._pace.seconds(len(fresh) * len(readers))
        lines = {client: WIRE.say(TypingFrom(client.name, EVERYONE)) for client in fresh}
        self._typed |= {_key(client): now for client in fresh}
        together = b"".join(lines.values())
        for reader in readers:
            mine = reader in lines
            self._delivery.tell(reader, b"".join(lines[c] for c in fresh if c is not reader) if mine else together)
            self._delivery.pump(reader)

    # -- reading --

    def seen(self, client: Client, other: int, seq: int, target: Client | None) -> None:
        """Notes that the person of `client` has read what they have with the address `other` up to `seq`.

        `target` is who is there under that address and is told; None where nobody is, or all are meant.
        """
        person = client.person
        if person is not None and person.token is not None:
            pair = person.id, other
            if pair in self._marks or len(self._marks) < MARKS:
                self._marks[pair] = max(seq, self._marks.get(pair, 0))
        if target is not None and other != EVERYONE_ID:
            self._hint(client, target, SeenBy(client.name, seq))

    def unsaved_marks(self) -> Mapping[tuple[int, int], int]:
        """A copy of the marks that are not on disk yet; who reads the log with it opens the log later."""
        return self._marks.copy()

    @property
    def has_unsaved(self) -> bool:
        """Whether marks wait to be saved."""
        return bool(self._marks)

    def save(self, history: History) -> None:
        """Writes some of the marks down. Raises `NotSaved`: then they still wait."""
        if self._marks:
            piece = dict(islice(self._marks.items(), MARKS_AT_ONCE))
            history.begin()
            history.save_marks(piece)
            history.commit()
            for pair in piece:
                del self._marks[pair]

    def _hint(self, client: Client, target: Client, event: TypingFrom | SeenBy) -> None:
        """Tells one person about another, where that costs nothing."""
        if target is not client and not target.full:  # not worth a queue
            self._delivery.say(target, event)
            self._delivery.pump(target)


def _key(client: Client) -> str:
    return client.person.key if client.person is not None else ""
