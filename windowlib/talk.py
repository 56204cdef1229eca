"""One conversation, as far as this window knows it: its newest lines, what is unread of it, what waits to be sent.

Owned by inbox.py, read by whatever shows it, in Tk's thread; no Tk in here. What is further up than its lines is in the
server's log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from names import name_key
from protocol import EVERYONE, Message, clock_time
from windowlib.roster import is_nobody, listed

DRAWN_LINES = 2000  # of a conversation on the screen while one stands at its end; what is above is in the server's log
DRAWN_CHARACTERS = 600_000  # of them; 2,000 lines of 4,000 characters would take Tk a hundred MiB
RECENT = 300  # lines kept of a conversation: more than any screen shows
RECENT_CHARACTERS = 200_000  # of them; 300 of the longest messages would be six times as much


@dataclass(frozen=True, slots=True)
class Notice:
    """A line of the window's own: who came and went, a trouble told in words. `tag`: how it is drawn.

    `quiet`: it is no part of the conversation, so an empty one still says what to do next.
    """

    text: str
    tag: str = "system"
    quiet: bool = False


@dataclass(slots=True)
class Outgoing:
    """An own message that has not come back in the log yet."""

    id: str
    text: str
    to: str | None  # a person, when private
    stored: bool = False


@dataclass(slots=True)
class Refusal:
    """An own message that was refused for good: `original` is what was typed, `to` what it was sent with."""

    id: str
    original: str
    to: str | None
    why: str
    again: bool = False  # it was sent again


@dataclass(frozen=True, slots=True)
class Unsent:
    """Own messages to a log that is gone: nobody will see what became of them."""

    outgoing: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True)
class Border:
    """Below it another log begins, whose entries are numbered anew."""

    sentence: str


Item = Message | Notice | Refusal | Unsent | Border


def _size(item: Item) -> int:
    return len(item.text) if isinstance(item, Message) else 100


@dataclass(slots=True)
class Talk:
    """One conversation: with everybody, or privately with one person.

    `recent` are its newest lines, oldest first, with nothing missing between the first of them and the newest.
    """

    address: str  # EVERYONE, or the person's name as its owner writes it
    recent: deque[Item] = field(default_factory=deque)
    count: int = 0  # of the lines there ever were in `recent`
    theirs: int = 0  # of them, the messages of others that came
    newest: int = 0  # seq of the newest message in `recent`
    newest_theirs: int = 0  # the same, of somebody else's
    told_last: int = 0  # seq of the newest message there is, by what the server told when one came
    unread: int = 0  # messages of others that were not read here
    counted: int = 0  # seq up to where `unread` has the server's count; those add nothing to it when they come
    mentions: int = 0  # of them, those that call one by name
    read: int = 0  # up to where one has read
    seen: int = 0  # up to where the other one has
    draft: str = ""
    place: int | None = None  # seq of the message one was reading when it was put away; None: the newest one
    open: bool = False  # it is the one that is shown
    waiting: dict[str, Outgoing] = field(default_factory=dict)  # key: id; oldest first
    comings: dict[str, tuple[str, str]] = field(default_factory=dict)  # key: folded name; (name, what became of it)
    comings_time: int = 0
    writing: dict[str, tuple[str, float]] = field(default_factory=dict)  # key: folded name; (name, until when)
    changes: int = 0  # goes up with whatever has to be drawn
    characters: int = 0

    @property
    def title(self) -> str:
        return "Everyone" if self.address == EVERYONE else self.address

    @property
    def private(self) -> bool:
        return self.address != EVERYONE

    @property
    def to(self) -> str | None:
        """What a message from here is sent with. In Everyone a text may say itself to whom it goes."""
        return self.address if self.private else None

    def since(self, count: int) -> list[Item] | None:
        """The lines that came since there had been `count`; None when some of them are not here any more."""
        missing = self.count - count
        if missing > len(self.recent):
            return None
        return [self.recent[index] for index in range(len(self.recent) - missing, len(self.recent))]

    def of_this_log(self) -> Iterator[Message]:
        """The messages in `recent`, newest first, down to where another log ends."""
        for item in reversed(self.recent):
            if isinstance(item, Border):
                return
            if isinstance(item, Message):
                yield item

    @property
    def last(self) -> int:
        """The seq of the newest message that is known to be in it, whether or not it is here."""
        return max(self.newest, self.told_last)

    @property
    def oldest(self) -> int | None:
        """The seq of the oldest message in `recent`."""
        seq = None
        for message in self.of_this_log():
            seq = message.seq
        return seq

    def touch(self) -> None:
        """Something of it is to be drawn anew."""
        self.changes += 1

    def note(self, item: Item) -> None:
        """One more line, below all others."""
        self.recent.append(item)
        self.count += 1
        self.touch()
        self.characters += _size(item)
        while len(self.recent) > RECENT or (self.characters > RECENT_CHARACTERS and len(self.recent) > 1):
            self.characters -= _size(self.recent.popleft())

    def put_before(self, messages: Iterable[Message], me: str) -> None:
        """The page of the log that ends where `recent` begins, or at the newest where there is nothing yet."""
        if any(isinstance(item, Border) for item in self.recent):
            return
        if self.oldest is None:  # the page has the newest there is, whatever else was told of
            self.told_last = self.counted = 0
        for message in reversed(list(messages)):
            if len(self.recent) >= RECENT or self.characters > RECENT_CHARACTERS:
                return
            self.recent.appendleft(message)
            self.characters += _size(message)
            self.newest = max(self.newest, message.seq)
            if name_key(message.sender) != name_key(me):
                self.newest_theirs = max(self.newest_theirs, message.seq)

    def comings_words(self) -> str:
        """Who came and went last, in one line; open to more until something else comes below."""
        became: dict[str, list[str]] = {}
        for name, what in self.comings.values():
            became.setdefault(what, []).append(name)
        if not became:
            return ""
        words = "; ".join(f"{listed(names)} {what}" for what, names in became.items())
        return f"{words}  ·  {clock_time(self.comings_time)}"

    def close_comings(self) -> None:
        """Who came and went so far gets its final place: something else comes below, or others came and went unseen."""
        if words := self.comings_words():
            self.comings.clear()
            self.note(Notice(words))

    def writers(self, now: float) -> list[str]:
        """Who is writing here, as far as is known."""
        for key in [key for key, (_, until) in self.writing.items() if until <= now]:
            del self.writing[key]
        return [name for name, _ in self.writing.values()]

    def begin_anew(self, sentence: str, *, same_log: bool) -> None:
        """The server's log is not the one known so far, or that one set back: `sentence` says so, and stands between.

        What the old log had stored is not sent again, and what waits for another log stays on this computer; what waits
        for this one goes on waiting, below the sentence.
        """
        self.close_comings()
        last = [one for one in self.waiting.values() if one.stored or not same_log]
        for one in last:
            del self.waiting[one.id]
        if last:
            self.note(Unsent(tuple(last)))
        self.note(Border(sentence))
        self.forget_marks()

    def forget_marks(self) -> None:
        """What is numbered is another log's now."""
        self.newest = self.newest_theirs = self.told_last = 0
        self.read = self.seen = self.unread = self.counted = self.mentions = 0
        self.place = None


def address_of(message: Message, me: str) -> str | None:
    """The conversation that `message` belongs to; None where it is from or to somebody whom there cannot be."""
    if is_nobody(message.sender):
        return None
    if message.to == EVERYONE:
        return EVERYONE
    other = message.to if name_key(message.sender) == name_key(me) else message.sender
    return None if is_nobody(other) else other
