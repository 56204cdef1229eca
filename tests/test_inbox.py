"""Who is known, what was said to whom, and what of it is new: the window's model, without Tk."""

from __future__ import annotations

import time

import pytest

from clientlib.happenings import Entered, Failed
from messages import message
from protocol import EVERYONE, MAX_TALKED, MAX_UNREAD, Conversations, Message, Person, SeenBy, Talked, TypingFrom
from windowlib.inbox import BACKLOG_SECONDS, KEPT_TALKS, MENTION, PRIVATE, PUBLIC, Inbox, News
from windowlib.receipts import Receipts
from windowlib.talk import RECENT, RECENT_CHARACTERS, Refusal


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def entered(*people: str, last: int = 0, new_log: bool = False) -> Entered:
    """Ada has joined a chat with these people."""
    known = tuple(Person(name, online=True) for name in ("Ada", *people))
    return Entered("Ada", "Attic", "log", known, last, resumed=False, new_log=new_log, left_behind=0)


def inbox_with(*people: str, last: int = 0, clock: Clock | None = None) -> Inbox:
    inbox = Inbox("Ada", clock or Clock())
    inbox.entered(entered(*people, last=last))
    return inbox


def texts(inbox: Inbox, address: str) -> list[str]:
    return [item.text for item in inbox.talk(address).recent if isinstance(item, Message)]


def test_messages_go_where_they_belong() -> None:
    """What is private has its own conversation, whoever wrote it; Everyone has Everyone's only."""
    inbox = inbox_with("Bob", "Cleo")
    inbox.received([
        message("Bob", "for all"), message("Bob", "psst", "Ada"),
        message("Ada", "yes?", "Bob"), message("Cleo", "me too", "Ada"),
    ])  # fmt: skip

    assert texts(inbox, EVERYONE) == ["for all"]
    assert texts(inbox, "bob") == ["psst", "yes?"]
    assert texts(inbox, "Cleo") == ["me too"]
    assert [talk.title for talk in inbox.conversations()] == ["Cleo", "Bob"]


def test_a_list_of_conversations_is_believed_so_far() -> None:
    """Each person once, as many as an honest server tells of, and no more unread than are counted."""
    inbox = inbox_with("Bob")
    others = [EVERYONE, "Bob", "BOB", "\uff22ob", "#Everyone", *(f"N{number}" for number in range(2 * MAX_TALKED))]
    inbox.told(Conversations(tuple(Talked(other, 2**62, number, 2**62, 0) for number, other in enumerate(others))))

    talks = [inbox.everyone, *inbox.conversations()]
    assert len(talks) <= MAX_TALKED + 1
    assert {talk.unread for talk in talks} == {MAX_UNREAD}
    assert [(talk.title, talk.read) for talk in talks[:3]] == [("Everyone", 0), ("Bob", 1), ("N0", 5)]


# Full width, other letters, and as it is: what NFKC and casefold make the room's address or its title of.
NOBODY = ["\uff03everyone", EVERYONE, "#EVERYONE", "\ufe5feveryone", "Everyone", "\uff25veryone "]


@pytest.mark.parametrize("name", NOBODY)
@pytest.mark.parametrize("to", ["Ada", EVERYONE])
def test_nobody_can_write_as_the_room(name: str, to: str) -> None:
    """What a lying server says such a sender wrote, privately or to all, stands in no conversation, and is no news."""
    inbox = inbox_with("Bob", name)
    news = inbox.received([message("Bob", "for all"), message(name, "psst", to), message("Ada", "hi", "Bob")])

    assert [(one.address, one.sender) for one in news] == [(EVERYONE, "Bob")]
    assert texts(inbox, EVERYONE) == ["for all"]
    assert [talk.title for talk in inbox.conversations()] == ["Bob"]
    assert inbox.unread() == (1, 0)
    assert name not in inbox.roster.names(online=True)


@pytest.mark.parametrize("name", [name for name in NOBODY if name != EVERYONE])
def test_nothing_is_told_of_the_room_by_another_name(name: str) -> None:
    """Marks, signals and own messages that a lying server puts under it leave Everyone as it is."""
    inbox = inbox_with("Bob", name)
    inbox.received([message("Ada", "to nobody", name), message("Bob", "hello")])
    inbox.told(Conversations((Talked(name, 2**62, 2**62, 7, 2**62),)))
    inbox.seen(SeenBy(name, 2**62))
    inbox.typing(TypingFrom(name, "Ada"))
    inbox.joined(name, 0)
    inbox.left(name, 0, None)
    everyone = inbox.everyone

    assert texts(inbox, EVERYONE) == ["hello"]
    assert (everyone.unread, everyone.read, everyone.seen, everyone.told_last) == (1, 0, 0, 0)
    assert everyone.writers(100.0) == []
    assert everyone.comings_words() == ""
    assert inbox.conversations() == []
    inbox.told(Conversations((Talked(name, 9, 9, 9, 9), Talked(EVERYONE, 1, 0, 1, 0))))
    assert (everyone.unread, everyone.read) == (2, 0)


@pytest.mark.parametrize("welcomed", [0, 2**62])
def test_what_was_never_there_is_not_waited_for_for_ever(welcomed: int) -> None:
    """A lying server tells of entry 2**62: what is here of a conversation can be read once the backlog had its time."""
    clock = Clock()
    inbox = inbox_with("Bob", last=welcomed, clock=clock)
    inbox.received([message("Bob", "one"), message("Bob", "two", "Ada")])
    inbox.told(Conversations((Talked(EVERYONE, 2**62, 0, 5, 0), Talked("Bob", 2**62, 0, 5, 0))))
    for talk in (inbox.everyone, inbox.talk("Bob")):
        assert not inbox.have_read(talk)
    clock.now += BACKLOG_SECONDS
    for talk in (inbox.everyone, inbox.talk("Bob")):
        assert inbox.have_read(talk)
    assert inbox.unread() == (0, 0)

    inbox.told(Conversations((Talked("Bob", 2**62, 0, 5, 0),)))
    clock.now += BACKLOG_SECONDS
    inbox.have_read(inbox.talk("Bob"))
    assert inbox.unread() == (0, 0)


@pytest.mark.parametrize("there", [(), (39, 45, 50)])
def test_the_newest_page_says_what_there_is(there: tuple[int, ...]) -> None:
    """Of a conversation of which nothing has come: what its newest page does not have is not waited for."""
    inbox = inbox_with("Bob")
    inbox.told(Conversations((Talked("Bob", 2**62, 0, 5, 0),)))
    talk = inbox.talk("Bob")
    assert not inbox.have_read(talk)
    talk.put_before([Message(seq, 0, "Bob", "Ada", f"id-{seq}", "hi") for seq in there], "Ada")

    assert inbox.have_read(talk)
    assert inbox.unread() == (0, 0)


def test_looking_again_for_calls_is_quick() -> None:
    """The server may tell as often as it likes how far one has read."""
    inbox = inbox_with("Bob")
    inbox.received([message("Bob", "@Ada " * 799 + str(number)) for number in range(50)])
    told = Conversations((Talked(EVERYONE, 1, 0, 0, 0),))
    inbox.told(told)
    started = time.perf_counter()
    for _ in range(10):
        inbox.told(told)

    assert inbox.everyone.mentions == 50
    assert time.perf_counter() - started < 0.1


def test_what_came_before_oneself_is_no_news() -> None:
    """The backlog is read up to where the server says; what comes after is news, own messages never."""
    old, new = message("Bob", "old"), message("Bob", "new")
    inbox = inbox_with("Bob", last=old.seq)
    news = inbox.received([old, new, message("Ada", "mine")])

    assert news == [News(EVERYONE, "Bob", PUBLIC)]
    assert inbox.everyone.unread == 1


def test_news_says_how_much_it_concerns_one() -> None:
    """Being called by name, being written to, or neither."""
    inbox = inbox_with("Bob")
    said = [
        message("Bob", "hello @ada"),
        message("Bob", "psst", "Ada"),
        message("Bob", "psst @Ada", "Ada"),
        message("Bob", "hi"),
    ]
    kinds = [news.kind for news in inbox.received(said)]

    assert kinds == [MENTION, PRIVATE, MENTION, PUBLIC]
    assert inbox.unread() == (4, 3)
    assert inbox.everyone.mentions == 1


def test_the_server_says_how_far_one_had_read() -> None:
    """What is unread by its count, with what has come since; how far the other one has read as well."""
    said = [message("Bob", f"number {number}", "Ada") for number in range(4)]
    inbox = inbox_with("Bob", last=said[-1].seq)
    inbox.received(said)
    late = message("Bob", "late", "Ada")
    inbox.received([late])
    inbox.told(Conversations((Talked("Bob", said[-1].seq, said[1].seq, 2, said[0].seq), Talked("Dan", 1, 1, 0, 0))))
    talk = inbox.talk("Bob")

    assert (talk.unread, talk.read, talk.seen) == (3, said[1].seq, said[0].seq)
    assert inbox.have_read(talk)
    assert (talk.unread, talk.read) == (0, late.seq)
    assert not inbox.have_read(talk)
    assert [one.title for one in inbox.conversations()] == ["Bob", "Dan"]


@pytest.mark.parametrize("other", ["Bob", EVERYONE])
def test_what_the_server_told_of_is_counted_once(other: str) -> None:
    """Its answer may be quicker than the message: that was counted in it, and the next one was not."""
    inbox = inbox_with("Bob", last=4)
    first, second, third = (
        Message(seq, 0, "Bob", "Ada" if other == "Bob" else EVERYONE, str(seq), "@Ada") for seq in (5, 6, 7)
    )
    inbox.told(Conversations((Talked(other, 5, 4, 1, 0),)))
    unread = [inbox.unread()[0]]
    for one in (first, second):
        assert len(inbox.received([one])) == 1  # it is news, however it is counted
        unread.append(inbox.unread()[0])
    assert inbox.have_read(inbox.talk(other))
    inbox.received([third])
    unread.append(inbox.unread()[0])

    assert unread == [1, 1, 2, 1]
    assert inbox.talk(other).mentions == 1


def test_what_was_read_here_is_not_unread_again() -> None:
    """The server may not have been told yet when the connection broke."""
    said = [message("Bob", f"number {number}") for number in range(4)]
    inbox = inbox_with("Bob", last=said[0].seq)
    inbox.received(said)
    inbox.have_read(inbox.everyone)
    more = message("Bob", "more")
    inbox.received([more])
    inbox.told(Conversations((Talked(EVERYONE, more.seq, said[0].seq, 4, 0),)))

    assert inbox.everyone.unread == 1


@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_what_came_while_the_server_knew_less_is_all_unread(when: str) -> None:
    """It was not told yet what was read here, or has lost it; more came than a conversation keeps lines of."""
    inbox = inbox_with("Bob", last=10)
    inbox.received([Message(10, 0, "Bob", "Ada", "10", "read")])
    inbox.told(Conversations((Talked("Bob", 10, 9, 1, 0),)))
    inbox.have_read(inbox.talk("Bob"))
    inbox.entered(entered("Bob", last=10 + RECENT + 50))
    missed = [Message(11 + number, 0, "Bob", "Ada", str(number), "new") for number in range(RECENT + 50)]
    answer = Conversations((Talked("Bob", missed[-1].seq, 9, len(missed) + 1, 0),))
    first = {"before": 0, "between": 7, "after": len(missed)}[when]
    inbox.received(missed[:first])
    inbox.told(answer)
    inbox.received(missed[first:])

    assert inbox.talk("Bob").unread == len(missed)


def test_what_a_page_brought_first_is_news_when_it_comes() -> None:
    """It is not shown twice, and it is unread until it was read."""
    inbox = inbox_with("Bob", last=4)
    said = [Message(seq, 0, "Bob", "Ada", str(seq), "hi") for seq in (5, 6)]
    inbox.talk("Bob").put_before(said, "Ada")

    assert len(inbox.received(said[:1])) == 1
    assert texts(inbox, "Bob") == ["hi", "hi"]
    assert inbox.unread() == (1, 1)
    assert inbox.have_read(inbox.talk("Bob"))
    assert inbox.received(said[1:]) == []  # read where the page showed it
    assert inbox.unread() == (0, 0)


def test_a_server_that_lost_its_marks_takes_nothing_back() -> None:
    """What it told of before is unread still, though nothing of it is here."""
    inbox = inbox_with("Bob")
    inbox.told(Conversations((Talked("Bob", 60, 50, 10, 0),)))
    inbox.told(Conversations((Talked("Bob", 60, 40, 20, 0),)))

    assert inbox.talk("Bob").unread == 10


def test_what_is_not_here_cannot_have_been_read() -> None:
    """A conversation that the server tells of, and of which nothing came yet."""
    inbox = inbox_with("Bob")
    inbox.told(Conversations((Talked("Bob", 50, 40, 3, 0),)))
    talk = inbox.talk("Bob")
    assert not inbox.have_read(talk)
    assert talk.unread == 3

    talk.put_before([Message(seq, 0, "Bob", "Ada", f"id-{seq}", "hi") for seq in (39, 45, 50)], "Ada")
    assert inbox.have_read(talk)
    assert talk.read == 50


def test_a_conversation_keeps_the_newest_lines_only() -> None:
    """So many lines and so many characters of each; what a view has missed is known."""
    inbox = inbox_with("Bob")
    talk = inbox.everyone
    inbox.received([message("Bob", "x")])
    seen = talk.count
    inbox.received([message("Bob", f"number {number}") for number in range(RECENT)])
    assert len(talk.recent) == RECENT
    assert [item.text for item in talk.since(seen) or () if isinstance(item, Message)][:1] == ["number 0"]

    inbox.received([message("Bob", "one more")])
    assert talk.since(seen) is None
    inbox.received([message("Bob", "y" * 4000) for _ in range(RECENT)])
    assert len(talk.recent) <= RECENT_CHARACTERS // 4000 + 1


def test_people_who_are_made_up_fill_no_memory() -> None:
    """A server that tells of conversations without end; what one is writing in is kept."""
    inbox = inbox_with()
    inbox.talk("Bob").draft = "half a sent"
    for number in range(2 * KEPT_TALKS):
        inbox.received([message(f"Person {number}", "hi", "Ada")])

    assert len(inbox.conversations()) < KEPT_TALKS
    assert inbox.talk("Bob").draft == "half a sent"


def test_people_who_are_made_up_take_little_time() -> None:
    """Hardly more than somebody who writes as much, also when there is room for no more of them."""

    def seconds(inbox: Inbox, messages: list[Message]) -> float:
        started = time.perf_counter()
        inbox.received(messages)
        return time.perf_counter() - started

    inbox = inbox_with("Bob")
    seconds(inbox, [message(f"Person {number}", "hi", "Ada") for number in range(KEPT_TALKS)])
    known = min(seconds(inbox, [message("Bob", "hi", "Ada") for _ in range(KEPT_TALKS)]) for _ in range(3))
    strangers = min(
        seconds(inbox, [message(f"{part} {number}", "hi", "Ada") for number in range(KEPT_TALKS)])
        for part in ("One", "Two", "Three")
    )

    assert strangers < 10 * known


def test_a_page_of_the_log_goes_before_what_is_here() -> None:
    """And what comes by itself is not taken twice."""
    said = [message("Bob", f"number {number}", "Ada") for number in range(6)]
    inbox = inbox_with("Bob")
    inbox.received(said[4:])
    talk = inbox.talk("Bob")
    seen = talk.count
    talk.put_before(said[:4], "Ada")
    inbox.received(said[3:])

    assert texts(inbox, "Bob") == [f"number {number}" for number in range(6)]
    assert talk.since(seen) == []
    assert talk.oldest == said[0].seq


def test_somebody_writes_for_six_seconds() -> None:
    """Then, when their message comes, or when they go, they do not any more."""
    clock = Clock()
    inbox = inbox_with("Bob", "Cleo", clock=clock)
    for name in ("Bob", "Cleo", "Ada", "Nobody"):
        inbox.typing(TypingFrom(name, EVERYONE))
    inbox.talk("Bob")
    inbox.typing(TypingFrom("Bob", "Ada"))
    assert inbox.everyone.writers(clock()) == ["Bob", "Cleo"]
    assert inbox.talk("Bob").writers(clock()) == ["Bob"]

    inbox.received([message("Bob", "hello")])
    assert inbox.everyone.writers(clock()) == ["Cleo"]
    clock.now += 6
    assert inbox.everyone.writers(clock()) == []
    inbox.typing(TypingFrom("Cleo", EVERYONE))
    inbox.left("Cleo", 0, None)
    assert inbox.everyone.writers(clock()) == []


def test_what_was_written_in_everyone_may_stand_elsewhere() -> None:
    """`@Bob hi` goes to Bob, and is stored and refused there; sent again it is what was typed."""
    inbox = inbox_with("Bob")
    inbox.place("id-1", inbox.everyone)
    talk = inbox.wait("id-1", "@Bob hi", None)
    assert talk is inbox.talk("Bob")
    assert talk.waiting["id-1"].text == "hi"

    where, refusal = inbox.failed(Failed("id-1", "no_such_user", "Gone.", "@Bob hi"))
    assert where is talk
    assert (refusal.original, refusal.to) == ("@Bob hi", None)
    assert talk.waiting == {}


def test_what_could_not_even_be_sent_is_told_where_it_was_written() -> None:
    """Too long a text was never on its way."""
    inbox = inbox_with("Bob")
    inbox.place("id-1", inbox.talk("Bob"))
    talk, refusal = inbox.failed(Failed("id-1", "too_long", "Too long.", "x" * 5000))

    assert talk.title == "Bob"
    assert refusal.to == "Bob"
    assert isinstance(talk.recent[-1], Refusal)


def test_a_mark_of_the_other_one_only_goes_up() -> None:
    """What was seen stays seen."""
    inbox = inbox_with("Bob")
    inbox.received([message("Bob", "hi", "Ada")])
    for seq in (5, 3):
        inbox.seen(SeenBy("Bob", seq))

    assert inbox.talk("Bob").seen == 5


def test_another_log_begins_at_nothing() -> None:
    """Counts and marks are of the old one."""
    inbox = inbox_with("Bob")
    inbox.received([message("Bob", "hi", "Ada"), message("Bob", "hello")])
    inbox.entered(entered("Bob", new_log=True))
    inbox.begin_anew("Another log.", same_log=False)
    assert inbox.unread() == (0, 0)

    inbox.received([Message(1, 0, "Bob", EVERYONE, "a", "first of the new")])
    assert inbox.everyone.unread == 1
    assert inbox.everyone.oldest == 1


def test_a_hundred_thousand_messages_are_taken_quickly() -> None:
    """Nothing here grows with what was said before."""
    inbox = inbox_with("Bob")
    said = [message(f"Person {number % 50}", f"message number {number}") for number in range(100_000)]
    started = time.perf_counter()
    inbox.received(said)

    assert time.perf_counter() - started < 5
    assert len(inbox.everyone.recent) == RECENT


# --- what others are told ---------------------------------------------------------------------------------------------


class Heard:
    """An engine that keeps what is told through it."""

    def __init__(self) -> None:
        self.typing: list[str] = []
        self.seen: list[tuple[str, int]] = []

    def tell_typing(self, to: str) -> None:
        self.typing.append(to)

    def tell_seen(self, other: str, seq: int) -> None:
        self.seen.append((other, seq))


def test_writing_is_told_every_three_seconds_at_most() -> None:
    """In each conversation for itself; after a message the next letter is told at once."""
    heard, clock = Heard(), Clock()
    receipts = Receipts(heard, clock)
    for _ in range(40):
        receipts.typing("Bob")
        clock.now += 0.1
    receipts.typing(EVERYONE)
    assert heard.typing == ["Bob", "Bob", EVERYONE]

    receipts.sent(EVERYONE)
    receipts.typing(EVERYONE)
    assert heard.typing[2:] == [EVERYONE, EVERYONE]


def test_marks_are_told_every_two_seconds_at_most() -> None:
    """The last one of those in between; and what is left of them when one goes."""
    heard, clock = Heard(), Clock()
    receipts = Receipts(heard, clock)
    for seq in range(1, 41):
        receipts.read("Bob", seq)
        receipts.flush()
        clock.now += 0.125
    assert heard.seen == [("Bob", 1), ("Bob", 17), ("Bob", 33)]

    receipts.read("Cleo", 7)
    receipts.flush("Cleo")
    assert heard.seen[3:] == [("Cleo", 7)]
    receipts.leave()
    assert heard.seen[4:] == [("Bob", 40)]
