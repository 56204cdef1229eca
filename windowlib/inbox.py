"""What was said to whom, as far as this window knows: the people, the conversations, and what is new in each.

Called by chat_screen.py in Tk's thread with everything the engine tells. Nothing in here imports Tk or reads a clock
that it was not given, so all of it is tested without a screen.

`Inbox` owns the `Roster` and all the `Talk`s. A `Talk` is one conversation: it keeps the newest lines of it, so that
a view can be filled at any time; what is further up is in the server's log.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from clientlib.happenings import Entered, Failed
from names import name_key
from protocol import EVERYONE, MAX_TALKED, MAX_UNREAD, Conversations, Message, SeenBy, Talked, TypingFrom, clock_time
from windowlib.markup import mentions
from windowlib.roster import KNOWN_PEOPLE, Roster, is_nobody, listed

RECENT = 300  # lines kept of a conversation: more than any screen shows
RECENT_CHARACTERS = 200_000  # of them; 300 of the longest messages would be six times as much
KEPT_TALKS = 400  # an honest server tells of 200; one that makes up people fills no memory
BACKLOG_SECONDS = 5.0  # until what the server told of is here, unless it was not there
WRITING_SECONDS = 6.0  # after which somebody who said to be writing is not any more

# --- what a conversation consists of ----------------------------------------------------------------------------------


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
    newest: int = 0  # seq of the newest message in `recent`
    newest_theirs: int = 0  # the same, of somebody else's
    told_last: int = 0  # seq of the newest message there is, by what the server told when one came
    unread: int = 0  # messages of others that were not read here
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

    def note(self, item: Item) -> None:
        """One more line, below all others."""
        self.recent.append(item)
        self.count += 1
        self.changes += 1
        self.characters += _size(item)
        while len(self.recent) > RECENT or (self.characters > RECENT_CHARACTERS and len(self.recent) > 1):
            self.characters -= _size(self.recent.popleft())

    def put_before(self, messages: Iterable[Message], me: str) -> None:
        """The page of the log that ends where `recent` begins, or at the newest where there is nothing yet."""
        if any(isinstance(item, Border) for item in self.recent):
            return
        if self.oldest is None:  # the page has the newest there is, whatever else was told of
            self.told_last = 0
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
        self.read = self.seen = self.unread = self.mentions = 0
        self.place = None


def address_of(message: Message, me: str) -> str | None:
    """The conversation that `message` belongs to; None where it is from or to somebody whom there cannot be."""
    if is_nobody(message.sender):
        return None
    if message.to == EVERYONE:
        return EVERYONE
    other = message.to if name_key(message.sender) == name_key(me) else message.sender
    return None if is_nobody(other) else other


# --- what is new ------------------------------------------------------------------------------------------------------

MENTION, PRIVATE, PUBLIC = "mention", "private", "public"


@dataclass(frozen=True, slots=True)
class News:
    """Something came that one may want to be told of: `kind` is "mention", "private" or "public"."""

    address: str  # of the conversation
    sender: str
    kind: str


class Inbox:
    """Everybody one knows of, and everything one talks about with them.

    `clock` is a monotonic one, in seconds.
    """

    def __init__(self, me: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.me = me
        self.roster = Roster()
        self.everyone = Talk(EVERYONE)
        self.changed = True  # something that a list of conversations shows
        self._clock = clock
        self._talks: dict[str, Talk] = {EVERYONE: self.everyone}  # key: EVERYONE or the folded name
        self._places: dict[str, Talk] = {}  # key: id of an own message that is not in the log yet
        self._news_after = 0  # what has no higher seq was there before we came
        self._met = False  # a log was entered before
        self._told_at = -BACKLOG_SECONDS  # by the clock; when the server told what there is

    # --- conversations ---

    def find(self, address: str) -> Talk | None:
        """The conversation with this person or with everybody, if there is one."""
        return self._talks.get(_key(address))

    def talk(self, address: str) -> Talk:
        """The conversation with this person or with everybody; it begins where there is none."""
        key = _key(address)
        if key not in self._talks:
            self._make_room()
            self._talks[key] = Talk(self.roster.find(key) or address)
            self.changed = True
        return self._talks[key]

    def conversations(self) -> list[Talk]:
        """Those with people in which anything was said or begun, the newest first."""
        some = [
            talk
            for talk in self._talks.values()
            if talk.private and (talk.last or talk.recent or talk.waiting or talk.draft or talk.open)
        ]
        return sorted(some, key=lambda talk: (bool(talk.waiting), talk.last), reverse=True)

    def unread(self) -> tuple[int, int]:
        """How many messages of others were not read, and how many of them are private or call one by name."""
        total = sum(talk.unread for talk in self._talks.values())
        return total, sum(talk.unread if talk.private else talk.mentions for talk in self._talks.values())

    def mine(self, name: str) -> bool:
        return name_key(name) == name_key(self.me)

    # --- what happens ---

    def entered(self, event: Entered) -> None:
        """Joined, for the first time or again."""
        self.me = event.name
        self.roster.replace(event.people)
        for talk in self._talks.values():
            talk.close_comings()  # who came and went meanwhile is in the new list, and in no line
            talk.changes += 1
        if not self._met or event.new_log:
            self._news_after = event.last
        self._met = self.changed = True

    def begin_anew(self, sentence: str, *, same_log: bool) -> None:
        """The server has another log, or the same one set back."""
        for talk in self._talks.values():
            if talk is self.everyone or talk.recent or talk.waiting:
                talk.begin_anew(sentence, same_log=same_log)
            else:
                talk.forget_marks()
        self.changed = True

    def received(self, messages: Iterable[Message]) -> list[News]:
        """Messages of the log, in its order; what of them is news."""
        news: list[News] = []
        for message in messages:
            address = address_of(message, self.me)
            if address is None:
                continue
            mine, talk = self.mine(message.sender), self.talk(address)
            if mine and (place := self._places.pop(message.id, None)) is not None:
                place.waiting.pop(message.id, None)
                place.changes += 1
            if message.seq <= talk.newest:
                continue  # a page of the log had it already
            talk.close_comings()
            talk.newest = message.seq
            talk.note(message)
            if not mine:
                talk.newest_theirs = message.seq
                talk.writing.pop(name_key(message.sender), None)
                if message.seq > max(talk.read, self._news_after):
                    news.append(self._new(talk, message))
            if talk.private or not mine:
                self.changed = True
        return news

    def _new(self, talk: Talk, message: Message) -> News:
        talk.unread += 1
        called = mentions(message.text, self.me)
        talk.mentions += called
        kind = MENTION if called else PRIVATE if talk.private else PUBLIC
        return News(talk.address, message.sender, kind)

    def told(self, event: Conversations) -> None:
        """How far one had read when one came, by the server; what came since is counted here.

        Of a server that tells more than there can be, as much is believed as an honest one would tell.
        """
        believed: dict[str, Talked] = {}
        for talked in event.talked[: MAX_TALKED + 1]:
            if talked.other != EVERYONE and is_nobody(talked.other):
                continue
            believed.setdefault(_key(talked.other), replace(talked, unread=min(talked.unread, MAX_UNREAD)))
        for talked in believed.values():
            talk = self.talk(talked.other)
            here = [one for one in talk.of_this_log() if not self.mine(one.sender)]
            later = sum(one.seq > max(talked.last, talk.read) for one in here)
            if talk.read <= talked.read:
                talk.read, talk.unread = talked.read, talked.unread + later
            elif talk.read >= talked.last:  # read here, and the server was not told yet
                talk.unread = later
            else:
                talk.unread = sum(one.seq > talk.read for one in here)
            talk.seen = max(talk.seen, talked.seen)
            talk.told_last = max(talk.told_last, talked.last)
            talk.mentions = sum(one.seq > talk.read and mentions(one.text, self.me) for one in here)
            talk.changes += 1
        self._told_at = self._clock()
        self.changed = True

    def have_read(self, talk: Talk) -> bool:
        """All of `talk` was seen by who sits here. Whether that is something to tell the server."""
        if self._is_to_come(talk) or (not talk.unread and talk.newest_theirs <= talk.read):
            return False
        talk.unread = talk.mentions = 0
        talk.read = max(talk.read, talk.newest)
        self.changed = True
        return True

    def _is_to_come(self, talk: Talk) -> bool:
        """Whether the server told of messages that are not here yet. Of a conversation of which some are here they come
        with the backlog, or were never there; of any other when one asks for them.
        """
        return talk.newest < talk.last and (not talk.newest or self._clock() - self._told_at < BACKLOG_SECONDS)

    def joined(self, name: str, time_ms: int) -> None:
        self.roster.joined(name)
        self._coming(name, time_ms, {"left": "left and came back", "joined and left": "joined"}, "joined")

    def left(self, name: str, time_ms: int, kept: bool | None) -> None:
        """Somebody went; a guest's name is free then."""
        if kept is False:
            self.roster.forget(name)
        else:
            self.roster.left(name)
        for talk in self._talks.values():
            talk.writing.pop(name_key(name), None)
        self._coming(name, time_ms, {"joined": "joined and left", "left and came back": "left"}, "left")

    def typing(self, event: TypingFrom) -> None:
        """Somebody says to be writing, here or to everybody."""
        if self.mine(event.sender) or self.roster.find(name_key(event.sender)) is None:
            return
        talk = self.everyone if event.to == EVERYONE else self.find(event.sender)
        if talk is not None:
            talk.writing[name_key(event.sender)] = (event.sender, self._clock() + WRITING_SECONDS)

    def seen(self, event: SeenBy) -> None:
        """The other one has read what was written to them, up to a seq."""
        talk = None if is_nobody(event.sender) else self.find(event.sender)
        if talk is not None and event.seq > talk.seen:
            talk.seen = event.seq
            talk.changes += 1

    # --- own messages on their way ---

    def wait(self, id: str, text: str, to: str | None) -> Talk:
        """An own message is on its way, in the conversation this returns. Without `to` the text may say to whom."""
        private = (to, text) if to not in (None, EVERYONE) else self.roster.addressee(text)
        talk = self.talk(private[0] if private and private[0] else EVERYONE)
        talk.waiting[id] = Outgoing(id, private[1] if private else text, private[0] if private else None)
        talk.changes += 1
        self._places[id] = talk
        self.changed = True
        return talk

    def stored(self, id: str) -> None:
        talk = self._places.get(id)
        if talk is not None and id in talk.waiting:
            talk.waiting[id].stored = True
            talk.changes += 1

    def place(self, id: str, talk: Talk) -> None:
        """Own message `id` was written in this conversation: what is wrong with it is told there."""
        self._places[id] = talk

    def failed(self, event: Failed) -> tuple[Talk, Refusal]:
        """An own message was refused for good: it stays in the conversation that this returns, with the reason."""
        talk = self._places.pop(event.id, self.everyone)
        outgoing = talk.waiting.pop(event.id, None)
        to = talk.to
        if outgoing is not None:  # a text that said itself to whom it went is sent again as it was typed
            to = outgoing.to if outgoing.text == event.original else None
        refusal = Refusal(event.id, event.original, to, event.text)
        talk.close_comings()
        talk.note(refusal)
        return talk, refusal

    def close_comings(self) -> None:
        for talk in self._talks.values():
            talk.close_comings()

    # --- within ---

    def _coming(self, name: str, time_ms: int, becomes: dict[str, str], otherwise: str) -> None:
        talk, key = self.everyone, name_key(name)
        if len(talk.comings) >= KNOWN_PEOPLE and key not in talk.comings:
            talk.close_comings()
        before = talk.comings.pop(key, (name, ""))[1]
        talk.comings[key] = (name, becomes.get(before, otherwise))
        talk.comings_time = time_ms
        talk.changes += 1
        self.changed = True

    def _make_room(self) -> None:
        """Forgets those in which nothing was said for longest, where there are too many: several at once, as looking
        for them takes longer than all else, and a server may make up people as fast as it can write.
        """
        if len(self._talks) < KEPT_TALKS:
            return
        idle = [
            (talk.last, key)
            for key, talk in self._talks.items()
            if talk.private and not (talk.waiting or talk.draft or talk.open)
        ]
        for _, key in sorted(idle)[: KEPT_TALKS // 8]:
            del self._talks[key]


def _key(address: str) -> str:
    return address if address == EVERYONE else name_key(address)
