"""What was said to whom, as far as this window knows: the people, the conversations, and what is new in each.

Called by chat_events.py in Tk's thread with everything the engine tells, and asked by the parts of the screen. Nothing
in here imports Tk or reads a clock that it was not given, so all of it is tested without a screen.

`Inbox` owns the `Roster` and all the `Talk`s (talk.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from clientlib.happenings import Entered, Failed
from names import name_key
from protocol import EVERYONE, MAX_TALKED, MAX_UNREAD, Conversations, Message, SeenBy, Talked, TypingFrom
from windowlib.markup import mentions
from windowlib.roster import KNOWN_PEOPLE, Roster, is_nobody
from windowlib.talk import Outgoing, Refusal, Talk, address_of

KEPT_TALKS = 400  # an honest server tells of 200; one that makes up people fills no memory
BACKLOG_SECONDS = 5.0  # until what the server told of is here, unless it was not there
WRITING_SECONDS = 6.0  # after which somebody who said to be writing is not any more

MENTION, PRIVATE, PUBLIC = "mention", "private", "public"  # kinds of news
FOR_ONE = (MENTION, PRIVATE)  # those that are for this person rather than for all


@dataclass(frozen=True, slots=True)
class News:
    """Something came that one may want to be told of: `kind` is MENTION, PRIVATE or PUBLIC."""

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
        self.changes = 0  # goes up with whatever a list of conversations shows
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
            self.changes += 1
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
            talk.touch()
        if not self._met or event.new_log:
            self._news_after = event.last
        self._met = True
        self.changes += 1

    def begin_anew(self, sentence: str, *, same_log: bool) -> None:
        """The server has another log, or the same one set back."""
        for talk in self._talks.values():
            if talk is self.everyone or talk.recent or talk.waiting:
                talk.begin_anew(sentence, same_log=same_log)
            else:
                talk.forget_marks()
        self.changes += 1

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
                place.touch()
            if message.seq > talk.newest:  # else a page of the log was quicker: it is here, and not counted yet
                talk.close_comings()
                talk.newest = message.seq
                talk.note(message)
                talk.theirs += not mine
            if not mine:
                talk.newest_theirs = max(talk.newest_theirs, message.seq)
                talk.writing.pop(name_key(message.sender), None)
                if message.seq > max(talk.read, self._news_after):
                    news.append(self._new(talk, message))
            if talk.private or not mine:
                self.changes += 1
        return news

    def _new(self, talk: Talk, message: Message) -> News:
        talk.unread += message.seq > talk.counted
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
            if talk.read <= talked.read:  # else more was read here than it knows, and all that came was counted here
                talk.read, talk.unread, talk.counted = talked.read, talked.unread + later, talked.last
            talk.seen = max(talk.seen, talked.seen)
            talk.told_last = max(talk.told_last, talked.last)
            talk.mentions = sum(one.seq > talk.read and mentions(one.text, self.me) for one in here)
            talk.touch()
        self._told_at = self._clock()
        self.changes += 1

    def have_read(self, talk: Talk) -> bool:
        """All of `talk` was seen by who sits here. Whether that is something to tell the server."""
        if self._is_to_come(talk) or (not talk.unread and talk.newest_theirs <= talk.read):
            return False
        talk.unread = talk.counted = talk.mentions = 0
        talk.read = max(talk.read, talk.newest)
        self.changes += 1
        return True

    def _is_to_come(self, talk: Talk) -> bool:
        """Whether the server told of messages that are not here yet. Of a conversation of which some are here they come
        with the backlog, or were never there; of any other when one asks for them.
        """
        return talk.newest < talk.last and (not talk.newest or self._clock() - self._told_at < BACKLOG_SECONDS)

    def joined(self, name: str, time_ms: int) -> None:
        if is_nobody(name):
            return
        self.roster.joined(name)
        self._coming(name, time_ms, {"left": "left and came back", "joined and left": "joined"}, "joined")

    def left(self, name: str, time_ms: int, kept: bool | None) -> None:
        """Somebody went; a guest's name is free then."""
        if is_nobody(name):
            return
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
            talk.touch()

    # --- own messages on their way ---

    def wait(self, id: str, text: str, to: str | None) -> Talk:
        """An own message is on its way, in the conversation this returns. Without `to` the text may say to whom."""
        private = (to, text) if to not in (None, EVERYONE) else self.roster.addressee(text)
        talk = self.talk(private[0] if private and private[0] else EVERYONE)
        talk.waiting[id] = Outgoing(id, private[1] if private else text, private[0] if private else None)
        talk.touch()
        self._places[id] = talk
        self.changes += 1
        return talk

    def stored(self, id: str) -> None:
        talk = self._places.get(id)
        if talk is not None and id in talk.waiting:
            talk.waiting[id].stored = True
            talk.touch()

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
        talk.touch()
        self.changes += 1

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
