"""A conversation as it is drawn, without a window: who is here, and what happens as runs of text and tags.

Called by chat_screen.py and its parts, in the thread of Tk; nothing in here imports Tk, so all of it is tested without
a screen. What a tag looks like is said in conversation.py.
"""

from __future__ import annotations

import time
import unicodedata
import zlib
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from protocol import EVERYONE, Message, Person, UnknownPerson, clock_time, name_key, split_address

GROUP_MS = 5 * 60 * 1000  # messages of one person within this share one head
SHOWN_WAITING = 50  # of the own messages that wait, the newest; more would be drawn again with every message
KNOWN_PEOPLE = 5000  # an honest welcome holds some 2,000; a hostile server goes on for ever
HUES = 24  # colours for names; more could not be told apart
DAY_TAG = "day "  # and the date: a tag of the line that says it

SERVER_KEY = "server"  # the folded name of whoever speaks for the server; nobody else can have it

STORED = "✓\u00a0stored"  # never broken into two lines

Run = tuple[str, tuple[str, ...]]  # a stretch of text and the tags it is drawn with


@lru_cache(maxsize=4096)
def hue_tag(name: str) -> str:
    """The tag of `name`'s colour: the same for every spelling of the name, on every computer."""
    return f"hue{zlib.crc32(name_key(name).encode()) % HUES}"


def listed(names: Sequence[str]) -> str:
    """“Bob”, “Bob and Cleo”, “Bob, Cleo and Dan”, “Bob, Cleo and 14 others”."""
    if len(names) > 3:
        return f"{names[0]}, {names[1]} and {len(names) - 2} others"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def day_words(day: date, today: date) -> str:
    """The line above a day's messages."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day:%A}, {day.day} {day:%B}" + ("" if day.year == today.year else f" {day.year}")


def day_of_tag(tag: str) -> date:
    """The day of a line with this tag."""
    return date.fromisoformat(tag.removeprefix(DAY_TAG))


def today() -> date:
    """The day it is where this computer stands."""
    return day_of(int(time.time() * 1000))


def day_of(time_ms: int) -> date:
    """The day of a message by this computer's time zone."""
    there = time.localtime(time_ms / 1000)
    if there.tm_year > date.max.year:  # the wire's last hour, east of Greenwich
        return date.max
    return date(there.tm_year, there.tm_mon, there.tm_mday)


def body(text: str, tint: str, mark: str = "") -> list[Run]:
    """A message's own text, its lines close together, with `mark` small behind it."""
    end: list[Run] = [(f"   {mark}\n", ("body", tint, "small"))] if mark else []
    close = "" if mark else "\n"
    if "\n" not in text:
        return [(text + close, ("body", tint)), *end]
    first, *inner, last = text.split("\n")
    runs: list[Run] = [(first + "\n", ("body", tint, "first"))]
    if inner:
        runs.append(("\n".join(inner) + "\n", ("body", tint, "inner")))
    return [*runs, (last + close, ("body", tint, "last")), *end]


def count_of(number: int, one: str) -> str:
    """“1 message”, “2,013 messages”."""
    return f"{number:,} {one}" + ("" if number == 1 else "s")


def spelling(item: tuple[str, str]) -> str:
    """Sorts by the folded name that `item` begins with, an é next to an e."""
    return unicodedata.normalize("NFD", item[0])


class Roster:
    """Who is known to this chat, and who of them is here: `KNOWN_PEOPLE` at the most.

    When there are so many, somebody who comes takes the place of whoever has been away longest; while nobody is away,
    nobody more is taken in.
    """

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self._here: dict[str, str] = {}  # key: folded name; the name as its owner writes it
        self._away: dict[str, str] = {}  # the same; away longest first
        self.replace(people)

    @property
    def online(self) -> int:
        """How many are here."""
        return len(self._here)

    def replace(self, people: Iterable[Person]) -> None:
        """All that was known is out of date."""
        self._here.clear()
        self._away.clear()
        for person in people:
            self._put(self._here if person.online else self._away, person.name)

    def joined(self, name: str) -> None:
        self._put(self._here, name)

    def left(self, name: str) -> None:
        """Somebody went whose name stays theirs."""
        self._put(self._away, name)

    def forget(self, name: str) -> None:
        """A guest went: the name is nobody's now."""
        self._here.pop(name_key(name), None)
        self._away.pop(name_key(name), None)

    def find(self, key: str) -> str | None:
        """The name with that folded form as its owner writes it."""
        return self._here.get(key) or self._away.get(key)

    def names(self, *, online: bool) -> list[str]:
        """Those who are here, or those who are away, in alphabetical order."""
        return [name for _, name in sorted((self._here if online else self._away).items(), key=spelling)]

    def _put(self, group: dict[str, str], name: str) -> None:
        self.forget(name)
        if name_key(name) == SERVER_KEY:  # it is nobody one could write to
            return
        if len(self._here) + len(self._away) >= KNOWN_PEOPLE:
            if not self._away:
                return
            del self._away[next(iter(self._away))]
        group[name_key(name)] = name

    def addressee(self, text: str) -> tuple[str, str] | None:
        """To whom `text` goes privately, and what is left of it; None when it is for everyone or for nobody known."""
        try:
            return split_address(text, self.find)
        except UnknownPerson:
            return None


@dataclass(slots=True)
class Outgoing:
    """An own message that has not come back in the log yet."""

    text: str
    to: str | None  # a person, when private
    stored: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """How much of the drawn conversation one message or notice takes; `day` when it starts with a day line."""

    seq: int | None
    lines: int
    characters: int
    day: date | None


class Transcript:
    """The conversation as it is drawn: turns what happens into runs of text and tags.

    What has its final place is handed out once by `take`; the end of the conversation that still changes (who came
    and went last, own messages that wait) is drawn anew each time from `tail`. Every run that ends a line holds its
    newline, so the number of lines is the number of newlines.
    """

    def __init__(self, me: str, roster: Roster) -> None:
        self.me = me
        self.roster = roster
        self.entries: deque[Entry] = deque()  # what was drawn and not trimmed, oldest first
        self.waiting: dict[str, Outgoing] = {}  # key: id; oldest first
        self.lines = 0
        self.characters = 0
        self.changed = False  # something is to be drawn
        self.ended = False  # nothing more is sent from here
        self._fresh: list[Run] = []
        self._comings: dict[str, tuple[str, str]] = {}  # key: folded name; (name, what became of it), open to more
        self._comings_time = 0
        self._group: tuple[str, str] | None = None  # folded sender and recipient of the last message
        self._group_time = 0
        self._day: date | None = None
        self._begun = False  # something stands there that is part of the conversation

    @property
    def oldest(self) -> int | None:
        """The seq of the oldest message that is drawn."""
        return next((entry.seq for entry in self.entries if entry.seq is not None), None)

    def add(self, messages: Iterable[Message]) -> None:
        """Messages of the log, in its order."""
        me = name_key(self.me)
        for message in messages:
            self.close_comings()
            if name_key(message.sender) == me:
                self.waiting.pop(message.id, None)
            runs, new_day = self._drawn(message)
            self._note(message.seq, runs, new_day)
        self.changed = True

    def older(self, messages: Sequence[Message]) -> tuple[list[Run], bool]:
        """The runs to put above everything, and whether the first line there goes: the day line is now further up."""
        first = self.entries[0] if self.entries else None
        above = Transcript(self.me, self.roster)
        above.add(messages)
        repeated = first is not None and first.day is not None and first.day == above._day
        if repeated and first is not None and first.day is not None:
            self.entries[0] = Entry(first.seq, first.lines - 1, first.characters, None)
            self.lines -= 1
        self.entries.extendleft(reversed(above.entries))
        self.lines += above.lines
        self.characters += above.characters
        return above.take(), repeated

    def came(self, name: str, time_ms: int) -> None:
        self._coming(name, time_ms, {"left": "left and came back", "joined and left": "joined"}, "joined")

    def went(self, name: str, time_ms: int) -> None:
        self._coming(name, time_ms, {"joined": "joined and left", "left and came back": "left"}, "left")

    def wait(self, id: str, text: str, to: str | None) -> None:
        """An own message is on its way. Without `to` the text itself may say to whom."""
        private = (to, text) if to not in (None, EVERYONE) else self.roster.addressee(text)
        self.waiting[id] = Outgoing(private[1] if private else text, private[0] if private else None)
        self.changed = True

    def stored(self, id: str) -> None:
        if id in self.waiting:
            self.waiting[id].stored = True
            self.changed = True

    def fail(self, id: str, original: str, why: str) -> None:
        """An own message was refused for good: it stays where it stands, with the reason."""
        self.waiting.pop(id, None)
        self.close_comings()
        self._note(None, [
            ("\n", ("gap",)),
            (self.me, ("head", "own", hue_tag(self.me))), ("  not sent\n", ("head", "own", "bad")),
            *body(original, "own"),
            (why + "\n", ("why", "own")),
        ])  # fmt: skip
        self._group = None

    def notice(self, sentence: str, tag: str = "system") -> None:
        """A line of the window's own, such as a trouble told in words."""
        self.close_comings()
        self._note(None, [("\n", ("gap",)), (sentence + "\n", (tag,))])
        self._group = None

    def end(self) -> None:
        """The chat is over here: what waits does so on disk, and nobody is to think that it is on its way."""
        self.ended = self.changed = True

    def meet(self, sentence: str) -> None:
        """A quiet line about a server that is met for the first time. An empty chat still says what to do next."""
        begun = self._begun
        self.notice(sentence)
        self._begun = begun

    def begin_anew(self, sentence: str, *, same_log: bool) -> None:
        """The server's log is not the one drawn so far, or that one set back: `sentence` says so, and stands between.

        Own messages at the end get their final place above it. What the old log had stored is not sent again, and what
        waits for another log stays on this computer; what waits for this one goes on waiting, below the sentence.
        """
        self.close_comings()
        last = [(id, one) for id, one in self.waiting.items() if one.stored or not same_log]
        for id, _ in last:
            del self.waiting[id]
        self._group = None
        runs = self._outgoing_runs([outgoing for _, outgoing in last[-SHOWN_WAITING:]], "not sent")
        if runs:
            self._note(None, runs)
        self.notice(sentence)

    def close_comings(self) -> None:
        """Who came and went so far gets its final place: something else comes below, or others came and went unseen."""
        if self._comings:
            runs = self._comings_runs()
            self._comings.clear()
            self._note(None, runs)
            self._group = None

    def take(self) -> list[Run]:
        """What is to be drawn below all that was handed out before."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def tail(self) -> list[Run]:
        """What stands below that for now."""
        runs = self._comings_runs()
        if not (self._begun or runs or self.waiting):
            return [
                ("\nNobody has written yet.\n", ("empty", "strong")),
                ("Say hello: everybody here will see it.\n", ("empty",)),
            ]
        hidden = len(self.waiting) - SHOWN_WAITING
        if hidden > 0:
            what = "were not sent" if self.ended else "wait to be sent"
            runs.append((f"{count_of(hidden, 'message')} before these {what}.\n", ("system",)))
        newest = list(self.waiting.values())[-SHOWN_WAITING:]
        mark = "not sent, kept on this computer" if self.ended else "waiting…"
        return runs + self._outgoing_runs(newest, mark, None if runs else self._group)

    def trim(self, lines: int, characters: int) -> int:
        """Forgets the oldest entries until at most `lines` and `characters` are left; how many lines to take away."""
        gone = 0
        while len(self.entries) > 1 and (self.lines > lines or self.characters > characters):
            entry = self.entries.popleft()
            gone += entry.lines
            self.lines -= entry.lines
            self.characters -= entry.characters
        return gone

    def _note(self, seq: int | None, runs: list[Run], day: date | None = None) -> None:
        entry = Entry(seq, sum(text.count("\n") for text, _ in runs), sum(len(text) for text, _ in runs), day)
        self.entries.append(entry)
        self._begun = True
        self.lines += entry.lines
        self.characters += entry.characters
        self._fresh += runs
        self.changed = True

    def _drawn(self, message: Message) -> tuple[list[Run], date | None]:
        """The runs of a message that follows the last one, and its day when it is the first of that day."""
        runs: list[Run] = []
        day = day_of(message.time)
        new_day = day if day != self._day else None
        if new_day:
            self._day, self._group = day, None
            runs.append((day_words(day, today()) + "\n", ("day", f"{DAY_TAG}{day}")))
        own = name_key(message.sender) == name_key(self.me)
        tint = "private" if message.to != EVERYONE else "own" if own else "other"
        if tint == "other" and name_key(message.sender) == SERVER_KEY:
            tint = "announced"
        group = (name_key(message.sender), name_key(message.to))
        if group != self._group or not 0 <= message.time - self._group_time < GROUP_MS:
            self._group, self._group_time = group, message.time
            mark = f"   {clock_time(message.time)}" + (f"  {STORED}\n" if own else "\n")
            runs += [("\n", ("gap",)), *self._head(message.sender, message.to, tint), (mark, ("head", tint, "small"))]
        runs += body(message.text, tint)
        return runs, new_day

    def _outgoing_runs(
        self, outgoing: Iterable[Outgoing], mark: str, group: tuple[str, str] | None = None
    ) -> list[Run]:
        """Own messages that are in no log's order, below a message of `group`; `mark` is for those not stored."""
        runs: list[Run] = []
        for one in outgoing:
            to = one.to or EVERYONE
            tint = "private" if one.to else "own"
            if group != (key := (name_key(self.me), name_key(to))):
                runs += [("\n", ("gap",)), *self._head(self.me, to, tint), ("\n", ("head", tint))]
                group = key
            runs += body(one.text, tint, STORED if one.stored else mark)
        return runs

    def _head(self, sender: str, to: str, tint: str) -> list[Run]:
        if tint == "announced":
            return [("Announcement of the server", ("head", tint))]
        if to == EVERYONE:
            return [(sender, ("head", tint, hue_tag(sender)))]
        other, way = (to, "Private to ") if name_key(sender) == name_key(self.me) else (sender, "Private from ")
        return [(way, ("head", tint, "secret")), (other, ("head", tint, hue_tag(other)))]

    def _coming(self, name: str, time_ms: int, becomes: dict[str, str], otherwise: str) -> None:
        key = name_key(name)
        if len(self._comings) >= KNOWN_PEOPLE and key not in self._comings:
            self.close_comings()
        before = self._comings.pop(key, (name, ""))[1]
        self._comings[key] = (name, becomes.get(before, otherwise))
        self._comings_time = time_ms
        self.changed = True

    def _comings_runs(self) -> list[Run]:
        became: dict[str, list[str]] = {}
        for name, what in self._comings.values():
            became.setdefault(what, []).append(name)
        if not became:
            return []
        words = "; ".join(f"{listed(names)} {what}" for what, names in became.items())
        return [("\n", ("gap",)), (f"{words}  ·  {clock_time(self._comings_time)}\n", ("system",))]
