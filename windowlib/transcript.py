"""A conversation as it is drawn, without a window: what happens as runs of text and tags.

Called by conversation.py in the thread of Tk; nothing in here imports Tk, so all of it is tested without a screen.
What a tag looks like is said in tags.py.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from clientlib.sentences import count_of
from names import name_key
from protocol import Message, clock_time
from windowlib.days import day_of, day_tag, day_words, today
from windowlib.markup import BLOCK, CODE, LINK, MENTION, PLAIN, Piece, pieces
from windowlib.right_to_left import LEFT, Run, has_right_to_left, ordered
from windowlib.roster import SERVER_KEY
from windowlib.talk import Border, Item, Notice, Outgoing, Refusal, Talk, Unsent

GROUP_MS = 5 * 60 * 1000  # messages of one person within this share one head
SHOWN_WAITING = 50  # of the own messages that wait, the newest; more would be drawn again with every message
HUES = 20  # colours for names: ten hues in two tones; more could not be told apart
STATE_TAG = "state "  # and the seq: a tag of what became of an own private message
ABOVE_BLOCK = "above block"  # a tag of a line that a block of code follows
AGAIN_TAG = "again "  # and the id: a tag of the words that send a refused message again

STORED = "✓\u00a0stored"  # never broken into two lines
SEEN = "✓\u00a0seen"
SEND_AGAIN, SENT_AGAIN = "Send\u00a0again", "Sent again."
RIGHT_TAG = "right"  # a tag of lines that stand at the right, behind a tab
MARKED = frozenset({LINK, CODE, MENTION, "small", "when"})  # tags of words that look otherwise than the rest of a line

# The lines to draw for the paragraphs of one message, of which each comes with its direction, or "": by its letters.
Order = Callable[[Sequence[tuple[Sequence[Run], str]]], list[list[Run]]]


@lru_cache(maxsize=4096)
def hue_of(name: str) -> int:
    """The number of `name`'s colour: the same for every spelling of the name, on every computer."""
    return zlib.crc32(name_key(name).encode()) % HUES


def hue_tag(name: str) -> str:
    """The tag of `name` in its colour."""
    return f"hue{hue_of(name)}"


@lru_cache(maxsize=4096)
def initial(name: str) -> str:
    """The letter that stands for `name` in front of what they say."""
    letter = next((character for character in name if character.isalnum()), "?")
    return letter.upper() if len(letter.upper()) == 1 else letter  # of ß upper() makes two


def body(
    text: str, tint: tuple[str, ...], me: str, *, when: str = "", mark: tuple[Run, ...] = (),
    order: Order | None = None,
) -> list[Run]:  # fmt: skip
    """A message's own text, its lines close together: `when` stands before it, in the margin, and `mark` behind it.

    `tint` is the tag of its ground, if it has one; `order` puts right-to-left paragraphs in order, where Tk does not.
    """
    if order is not None and not has_right_to_left(text):
        order = None
    found = pieces(text, me)
    base = ("body", *tint)
    if len(found) == 1 and found[0][0] == PLAIN and "\n" not in text and not mark and order is None:
        return [(when + "\t", (*base, "when")), (text + "\n", base)] if when else [(text + "\n", base)]
    lines = _broken(found, base)
    if order is not None:
        lines = order([(line, LEFT if _is_code(line) else "") for line in lines])  # code always goes to the right
    if mark and lines[-1] and (order is not None or _is_code(lines[-1])):  # they go on to the end of the line
        lines.append([])
        mark = tuple((words.lstrip(), tags) for words, tags in mark if words.strip())
    runs: list[Run] = []
    for number, line in enumerate(lines):
        drawn: list[Run] = [(when + "\t", (*base, "when"))] if when and number == 0 else []
        drawn += line
        if number == len(lines) - 1:
            drawn += mark
        if drawn and MARKED.isdisjoint(drawn[-1][1]):  # its colour goes on to the end of the line
            drawn[-1] = (drawn[-1][0] + "\n", drawn[-1][1])
        else:
            drawn.append(("\n", (*base, BLOCK) if _is_code(drawn) else base))
        place = _place(lines, number)
        for words, tags in drawn:
            placed = (*tags, *place)
            if runs and runs[-1][1] == placed:
                runs[-1] = (runs[-1][0] + words, placed)
            else:
                runs.append((words, placed))
    return runs


def _broken(found: Sequence[Piece], base: tuple[str, ...]) -> list[list[Run]]:
    """The pieces of a text as runs, line by line, without the ends of the lines."""
    lines: list[list[Run]] = [[]]
    for kind, words in found:
        for number, part in enumerate(words.split("\n")):
            if number:
                lines.append([])
            if part or kind == BLOCK:
                lines[-1].append((part, base if kind == PLAIN else (*base, kind)))
    return lines


def _is_code(line: Sequence[Run]) -> bool:
    """A block has its lines for itself."""
    return bool(line) and BLOCK in line[-1][1]


def _place(lines: Sequence[Sequence[Run]], number: int) -> tuple[str, ...]:
    """The tags of a line for where it stands in its message: how far it is from the lines round it."""
    right = (RIGHT_TAG,) if lines[number] and RIGHT_TAG in lines[number][0][1] else ()
    if len(lines) == 1:
        return right
    if number == len(lines) - 1:
        return ("last", *right)
    place = ("first" if number == 0 else "inner", *right)
    return (*place, ABOVE_BLOCK) if _is_code(lines[number + 1]) and not _is_code(lines[number]) else place


def _under(head: Sequence[Run], text: Sequence[Run]) -> list[Run]:
    """The line that says who speaks, and below it what they say."""
    if BLOCK in text[0][1]:
        head = [(words, tags if tags == ("gap",) else (*tags, ABOVE_BLOCK)) for words, tags in head]
    return [*head, *text]


def _head(sender: str, shown: str, tint: tuple[str, ...], mark: str) -> list[Run]:
    """The line that says who speaks, below a gap; `shown` is their name as it is drawn."""
    gap: Run = ("\n", ("gap",))
    if "announced" in tint:
        return [
            gap,
            ("Announcement of the server", ("head", *tint, "within")),
            (f"{mark}\n", ("head", *tint, "small")),
        ]
    return [
        gap,
        (f" {initial(sender)} ", ("head", *tint, f"initial{hue_of(sender)}")),
        (f"\t{shown}", ("head", *tint, hue_tag(sender))),
        (f"{mark}\n", ("head", *tint, "small")),
    ]


def _empty(talk: Talk, shown: str) -> list[Run]:
    """What is said where nothing was said yet; `shown` is the title of the talk as it is drawn."""
    if not talk.private:
        return [
            ("\nNobody has written yet.\n", ("empty", "strong")),
            ("Say hello: everybody here will see it.\n", ("empty",)),
        ]
    return [
        (f"\nNothing was said between {shown} and you yet.\n", ("empty", "strong")),
        ("What is written here, only the two of you will see.\n", ("empty",)),
    ]


@dataclass(frozen=True, slots=True)
class Entry:
    """How much of what is drawn one message or notice takes, and what the one below it has to know of it."""

    seq: int | None
    lines: int
    characters: int
    day: date | None = None  # of a message
    day_line: bool = False  # it starts with the line that says the day
    sender: str | None = None  # folded; who speaks next shares the head when it is the same
    since: int = 0  # ms; the time of that head
    said: bool = True  # it is part of the conversation, and no quiet line about it
    unread_line: bool = False  # it is the line where the unread ones begin


class Transcript:
    """What is drawn of a conversation: a stretch of it, which grows and is trimmed at both ends.

    What has its final place is handed out once, as runs of text and tags; the end of the conversation that still
    changes (who came and went last, own messages that wait) is drawn anew each time from `tail`. Every run that ends a
    line holds its newline, so the number of lines is the number of newlines.
    """

    def __init__(self, me: str, *, private: bool = False) -> None:
        self.me = me
        self.private = private
        self.order: Order | None = None  # where Tk orders nothing itself
        self.unread_after = 0  # below the message with this seq stands the line where the unread ones begin; 0: nowhere
        self.seen = 0  # own private messages up to here were seen when they were drawn
        self.clear()

    def clear(self) -> None:
        """Nothing is drawn any more."""
        self.entries: deque[Entry] = deque()  # oldest first
        self.lines = 0
        self.characters = 0
        self.newest: int | None = None  # seq of the newest message that is drawn
        self.unread_drawn = False
        self.another_log = False  # what stands at the top is not of the log that the server has now
        self.stored: deque[int] = deque()  # seqs of own private messages that are drawn as stored
        self._said = 0

    @property
    def oldest(self) -> int | None:
        """The seq of the oldest message that is drawn."""
        return next((entry.seq for entry in self.entries if entry.seq is not None), None)

    # --- growing ---

    def add(self, items: Iterable[Item]) -> list[Run]:
        """The runs to put below everything that has its final place."""
        runs: list[Run] = []
        for item in items:
            if isinstance(item, Message):
                if self.newest is None or item.seq > self.newest:
                    self._add_message(item, runs)
            elif isinstance(item, Notice):
                self._note([("\n", ("gap",)), *self._words(item.text, item.tag)], runs, said=not item.quiet)
            elif isinstance(item, Refusal):
                self._note(self._refused(item), runs)
            elif isinstance(item, Unsent):
                self._note(self._outgoing_runs(item.outgoing[-SHOWN_WAITING:], "not sent", self._last_sender), runs)
            else:
                self._begin_anew(item, runs)
        return runs

    def older(self, messages: Sequence[Message]) -> tuple[list[Run], bool]:
        """The runs to put above everything, and whether the first line there goes: the day line is now further up."""
        above = Transcript(self.me, private=self.private)
        above.seen, above.order = self.seen, self.order
        above.unread_after = 0 if self.unread_drawn else self.unread_after
        runs = above.add(messages)
        oldest = self.oldest
        between = above.newest is not None and oldest is not None and above.newest <= above.unread_after < oldest
        if between and not above.unread_drawn:
            above._note_unread(runs)
        first = self.entries[0] if self.entries else None
        repeated = first is not None and first.day_line and first.day == above._last_day
        if repeated and first is not None:
            self.entries[0] = replace(first, lines=first.lines - 1, day_line=False)
            self.lines -= 1
        self.entries.extendleft(reversed(above.entries))
        self.lines += above.lines
        self.characters += above.characters
        self._said += above._said
        self.stored.extendleft(reversed(above.stored))
        self.unread_drawn = self.unread_drawn or above.unread_drawn
        if self.newest is None:
            self.newest = above.newest
        return runs, repeated

    def tail(self, talk: Talk, *, ended: bool, complete: bool = True) -> list[Run]:
        """What stands below that for now. `ended`: nothing more is sent. `complete`: there is nothing further up."""
        runs: list[Run] = []
        if words := talk.comings_words():
            runs += [("\n", ("gap",)), *self._words(words, "system")]
        if not (self._said or runs or talk.waiting):
            return _empty(talk, self._name(talk.title)) if complete else []
        hidden = len(talk.waiting) - SHOWN_WAITING
        if hidden > 0:
            what = "were not sent" if ended else "wait to be sent"
            runs.append((f"{count_of(hidden, 'message')} before these {what}.\n", ("system",)))
        newest = list(talk.waiting.values())[-SHOWN_WAITING:]
        mark = "not sent, kept on this computer" if ended else "waiting…"
        return runs + self._outgoing_runs(newest, mark, None if runs else self._last_sender)

    # --- shrinking ---

    def trim_top(self, lines: int, characters: int) -> int:
        """Forgets the oldest entries until at most `lines` and `characters` are left; how many lines to take away."""
        gone = 0
        while len(self.entries) > 1 and (self.lines > lines or self.characters > characters):
            gone += self._forget(self.entries.popleft())
        oldest = self.oldest
        while self.stored and oldest is not None and self.stored[0] < oldest:
            self.stored.popleft()
        if gone:
            self.another_log = self.another_log and any(entry.seq is None for entry in self.entries)
        return gone

    def trim_bottom(self, lines: int, characters: int) -> int:
        """Forgets the newest entries until at most `lines` and `characters` are left; how many lines to take away."""
        gone = 0
        while len(self.entries) > 1 and (self.lines > lines or self.characters > characters):
            gone += self._forget(self.entries.pop())
        if gone:
            self.newest = next((entry.seq for entry in reversed(self.entries) if entry.seq is not None), None)
            while self.stored and (self.newest is None or self.stored[-1] > self.newest):
                self.stored.pop()
        return gone

    def _forget(self, entry: Entry) -> int:
        self.lines -= entry.lines
        self.characters -= entry.characters
        self._said -= entry.said
        if entry.unread_line:
            self.unread_drawn = False
        return entry.lines

    def take_unread_line(self) -> tuple[int, int]:
        """Forgets the line where the unread ones began: the number of its first line, from 1, and how many it takes."""
        above = 0
        for number, entry in enumerate(self.entries):
            if entry.unread_line:
                del self.entries[number]
                self._forget(entry)
                return above + 1, entry.lines
            above += entry.lines
        return 0, 0

    def take_seen(self) -> list[int]:
        """The own private messages that were drawn as stored and are seen by now."""
        taken: list[int] = []
        while self.stored and self.stored[0] <= self.seen:
            taken.append(self.stored.popleft())
        return taken

    # --- looking ---

    def line_of(self, seq: int) -> tuple[int, int] | None:
        """The number of the first line of the message with this seq, from 1, and how many lines it takes."""
        above = 0
        for entry in self.entries:
            if entry.seq == seq:
                return above + 1, entry.lines
            above += entry.lines
        return None

    def seq_at(self, line: int) -> int | None:
        """The message that a line, counted from 1, belongs to, or else the next one below; None where there is none."""
        below = 0
        for entry in self.entries:
            below += entry.lines
            if line <= below and entry.seq is not None:
                return entry.seq
        return None

    @property
    def _own_tint(self) -> tuple[str, ...]:
        return ("private",) if self.private else ("own",)

    @property
    def _last_day(self) -> date | None:
        return next((entry.day for entry in reversed(self.entries) if entry.day is not None), None)

    @property
    def _last_sender(self) -> str | None:
        return self.entries[-1].sender if self.entries else None

    # --- what it is made of ---

    def _note(self, drawn: list[Run], runs: list[Run], **what: object) -> None:
        if not drawn:
            return
        lines, characters = sum(text.count("\n") for text, _ in drawn), sum(len(text) for text, _ in drawn)
        entry = Entry(what.pop("seq", None), lines, characters, **what)  # type: ignore[arg-type]
        self.entries.append(entry)
        self.lines += lines
        self.characters += characters
        self._said += entry.said
        runs += drawn

    def _note_unread(self, runs: list[Run]) -> None:
        self.unread_drawn = True
        self._note([("New messages\n", ("unread",)), ("\n", ("rule",))], runs, said=False, unread_line=True)

    def _begin_anew(self, border: Border, runs: list[Run]) -> None:
        self.entries = deque(replace(entry, seq=None) for entry in self.entries)
        self.newest, self.another_log, self.unread_after = None, True, 0
        self.stored.clear()
        self._note([("\n", ("gap",)), *self._words(border.sentence, "system")], runs)

    def _add_message(self, message: Message, runs: list[Run]) -> None:
        own = name_key(message.sender) == name_key(self.me)
        if not own:
            self._mark_unread(message, runs)
        last = self.entries[-1] if self.entries else None
        drawn: list[Run] = []
        day = day_of(message.time)
        day_line = day != (last.day if last is not None and last.day is not None else self._last_day)
        if day_line:
            drawn.append((day_words(day, today()) + "\n", ("day", day_tag(day))))
        tint = self._own_tint if own else ()
        sender = name_key(message.sender)
        if sender == SERVER_KEY and not self.private:
            tint = ("announced",)
        when, since = clock_time(message.time), message.time
        state = self._state_of(message, tint) if own and self.private else ()
        if last is not None and not day_line and last.sender == sender and 0 <= message.time - last.since < GROUP_MS:
            since = last.since
            drawn += body(message.text, tint, "" if own else self.me, when=when, mark=state, order=self.order)
        else:
            mark = f"  {STORED}" if own and not self.private else ""
            head = self._head(message.sender, tint, f"   {when}{mark}")
            drawn += _under(head, body(message.text, tint, "" if own else self.me, mark=state, order=self.order))
        self._note(drawn, runs, seq=message.seq, day=day, day_line=day_line, sender=sender, since=since)
        self.newest = message.seq

    def _head(self, sender: str, tint: tuple[str, ...], mark: str) -> list[Run]:
        return _head(sender, self._name(sender), tint, mark)

    def _words(self, words: str, tag: str) -> list[Run]:
        """A line of the window's own, or several where it is put in order."""
        if self.order is None or not has_right_to_left(words):
            return [(words + "\n", (tag,))]
        return [run for line in self.order([([(words, (tag,))], LEFT)]) for run in (*line, ("\n", (tag,)))]

    def _name(self, words: str) -> str:
        """What is short enough to stand in one line, as it has to be drawn."""
        return words if self.order is None else ordered(words)

    def _mark_unread(self, message: Message, runs: list[Run]) -> None:
        """Draws the line where the unread ones begin, where that is above this message of somebody else."""
        if 0 < self.unread_after < message.seq and not self.unread_drawn:
            oldest = self.oldest
            if oldest is not None and oldest <= self.unread_after:
                self._note_unread(runs)

    def _state_of(self, message: Message, tint: tuple[str, ...]) -> tuple[Run, ...]:
        """What became of an own private message."""
        tags = ("body", *tint, "small")
        if message.seq <= self.seen:
            return ((f"   {SEEN}", tags),)
        self.stored.append(message.seq)
        return (("   ", tags), (STORED, (*tags, f"{STATE_TAG}{message.seq}")))

    def _refused(self, refusal: Refusal) -> list[Run]:
        tint = self._own_tint
        words: Run = (SEND_AGAIN, ("why", *tint, "again", f"{AGAIN_TAG}{refusal.id}"))
        if refusal.again:
            words = (SENT_AGAIN, ("why", *tint))
        head = [*self._head(self.me, tint, "")[:-1], ("  not sent\n", ("head", *tint, "bad"))]
        return [
            *_under(head, body(refusal.original, tint, "", order=self.order)),
            (f"{self._name(refusal.why)}   ", ("why", *tint)), words, ("\n", ("why", *tint)),
        ]  # fmt: skip

    def _outgoing_runs(self, outgoing: Iterable[Outgoing], mark: str, group: str | None) -> list[Run]:
        """Own messages that are in no log's order, below what `group` said last; `mark` is for those not stored."""
        runs: list[Run] = []
        tint = self._own_tint
        for one in outgoing:
            head: list[Run] = []
            if group != (group := name_key(self.me)):
                head = self._head(self.me, tint, "")
            state = (f"   {STORED if one.stored else mark}", ("body", *tint, "small"))
            runs += _under(head, body(one.text, tint, "", mark=(state,), order=self.order))
        return runs
