"""What is drawn of a conversation, without Tk: heads, days, states, the line where the unread begin, trimming."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

import pytest

from clientlib.happenings import Failed
from messages import NOON, message, words
from protocol import EVERYONE, MAX_TIME, Message, Person, SeenBy
from windowlib.days import day_words, today
from windowlib.inbox import Inbox
from windowlib.right_to_left import Run
from windowlib.roster import KNOWN_PEOPLE, Roster, listed
from windowlib.talk import Notice, Talk
from windowlib.transcript import Transcript, body, hue_tag, initial


class Drawn:
    """A conversation of Ada's as a window draws it: what has its final place once, its end again and again."""

    def __init__(self, *people: str, address: str = EVERYONE) -> None:
        self.inbox = Inbox("Ada")
        self.inbox.roster.replace(Person(name, online=True) for name in ("Ada", *people))
        self.talk: Talk = self.inbox.talk(address)
        self.transcript = Transcript("Ada", private=self.talk.private)
        self._count = 0

    def add(self, *messages: Message) -> None:
        self.inbox.received(messages)

    def take(self) -> list[Run]:
        """The runs that are new below all others."""
        items = self.talk.since(self._count)
        assert items is not None
        self._count = self.talk.count
        return self.transcript.add(items)

    def tail(self, *, ended: bool = False) -> str:
        """What stands below that for now."""
        return words(self.transcript.tail(self.talk, ended=ended))


def test_a_mark_stands_below_a_block_of_code() -> None:
    """In its last line it would end the colour of the block."""
    runs = body("see\n```\nx = 1\n```", (), "Ada", mark=(("   ", ("small",)), ("✓ seen", ("small",))))

    assert [words for words, tags in runs if "block" in tags] == ["x = 1\n"]
    assert [words for words, tags in runs if "small" in tags] == ["✓ seen"]


def test_names_are_listed_in_words() -> None:
    """A few names are said, of many the first two and how many others."""
    assert listed(["Bob"]) == "Bob"
    assert listed(["Bob", "Cleo"]) == "Bob and Cleo"
    assert listed(["Bob", "Cleo", "Dan"]) == "Bob, Cleo and Dan"
    assert listed(["Bob", "Cleo", *"abcdefghijklmn"]) == "Bob, Cleo and 14 others"


@pytest.mark.parametrize(("name", "letter"), [("ada", "A"), ("(Bob)", "B"), ("ßen", "ß"), ("7up", "7"), ("", "?")])
def test_an_initial_stands_for_a_name(name: str, letter: str) -> None:
    """The first letter or digit, large where that is one letter too."""
    assert initial(name) == letter


def test_messages_of_one_person_share_a_head_for_five_minutes() -> None:
    """The name stands once above what somebody says in a row; after five minutes, or somebody else, again."""
    chat = Drawn("Bob", "Cleo")
    chat.add(message("Bob", "one"), message("Bob", "two", minutes=4.9), message("Bob", "three", minutes=5))
    chat.add(message("Cleo", "four", minutes=5), message("Bob", "five", minutes=6))
    heads = [text for text, tags in chat.take() if "head" in tags and hue_tag("Bob") in tags]

    assert heads == ["\tBob", "\tBob", "\tBob"]


def test_each_message_says_when() -> None:
    """The first below a head in the head, the others in the margin beside them."""
    chat = Drawn("Bob")
    chat.add(message("Bob", "one"), message("Bob", "two", minutes=1), message("Bob", "three\nlines", minutes=2))

    assert words(chat.take()).endswith(" B \tBob   12:00\none\n12:01\ttwo\n12:02\tthree\nlines\n")


def test_a_clock_that_went_back_begins_a_new_head() -> None:
    """Times are for display only: a server's clock may jump."""
    chat = Drawn("Bob")
    chat.add(message("Bob", "one", minutes=3), message("Bob", "two", minutes=1))

    assert words(chat.take()).count("Bob") == 2


def test_every_day_has_its_line() -> None:
    """A day line stands above the first message of a day, and only there."""
    chat = Drawn("Bob")
    chat.add(*(message("Bob", "hi", minutes=minutes) for minutes in (0, 1, 24 * 60, 24 * 60 + 1)))
    days = [text for text, tags in chat.take() if "day" in tags]

    assert days == [day_words(date(2026, 3, day), today()) + "\n" for day in (4, 5)]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has one time zone only")
def test_the_first_and_the_last_time_there_is_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times come from a server: the last hour of the year 9999 is in the year 10000 further east."""
    chat, drawn = Drawn("Bob"), ""
    try:
        for zone in ("UTC-14", "UTC+12"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            chat.add(*(replace(message("Bob", "hi"), time=when) for when in (0, MAX_TIME)))
            drawn += words(chat.take())
    finally:
        monkeypatch.undo()
        time.tzset()

    assert drawn.count("hi\n") == 4


def test_comings_and_goings_are_folded() -> None:
    """However many join at once, it is one line, which says what became of each; a message closes it."""
    chat = Drawn()
    for name in ("Bob", "Cleo", *"abcdefghijklmn"):
        chat.inbox.joined(name, NOON)
    assert chat.tail().strip().startswith("Bob, Cleo and 14 others joined")

    chat.inbox.left("Bob", NOON, None)
    assert "; Bob joined and left" in chat.tail()

    chat.add(message("Cleo", "hello"))
    chat.inbox.left("Cleo", NOON, None)
    assert "and 13 others joined; Bob joined and left" in words(chat.take())
    assert chat.tail().strip().startswith("Cleo left")


def test_somebody_who_comes_back_is_not_news() -> None:
    """A connection that comes and goes leaves one line, not one for each time."""
    chat = Drawn("Bob")
    for _ in range(100):
        chat.inbox.left("Bob", NOON, None)
        chat.inbox.joined("Bob", NOON)

    assert chat.tail().strip().startswith("Bob left and came back")


def test_comings_are_not_folded_across_a_lost_connection() -> None:
    """Who joined before it may have left unseen: the line stays as it was true, and a new one begins."""
    chat = Drawn()
    chat.inbox.joined("Cleo", NOON)
    chat.inbox.close_comings()
    chat.inbox.joined("Bob", NOON)

    assert "Cleo joined  ·" in words(chat.take())
    assert chat.tail().strip().startswith("Bob joined  ·")


def test_comings_by_the_ten_thousand_are_several_lines() -> None:
    """What is drawn anew with each change is bounded too."""
    chat = Drawn()
    for number in range(2 * KNOWN_PEOPLE + 1):
        chat.inbox.joined(f"Person {number}", NOON)

    assert words(chat.take()).count(f"and {KNOWN_PEOPLE - 2} others joined") == 2
    assert chat.tail().strip().startswith(f"Person {2 * KNOWN_PEOPLE} joined")


def test_an_own_message_waits_until_it_comes_in_the_log() -> None:
    """It stands below all others as waiting, then as stored, and then once at its place in the log's order."""
    chat = Drawn("Bob")
    chat.inbox.wait("id-mine", "mine", None)
    assert "mine   waiting…" in chat.tail()

    chat.add(message("Bob", "was faster"))
    chat.inbox.stored("id-mine")
    assert "mine   ✓\u00a0stored" in chat.tail()

    chat.add(message("Ada", "mine", id="id-mine"))
    drawn = words(chat.take())
    assert drawn.index("was faster") < drawn.index("mine")
    assert "✓\u00a0stored" in drawn
    assert chat.tail() == ""


def test_the_same_id_from_somebody_else_is_another_message() -> None:
    """Ids are each sender's own."""
    chat = Drawn("Bob")
    chat.inbox.wait("id-1", "mine", None)
    chat.add(message("Bob", "his", id="id-1"))

    assert "mine   waiting…" in chat.tail()


def test_a_refused_message_says_why_where_it_stands() -> None:
    """It keeps its text and its place, with the words that send it again, and what comes later stands below it."""
    chat = Drawn("Bob")
    chat.inbox.wait("id-mine", "@Bobb hi", None)
    chat.inbox.failed(Failed("id-mine", "no_such_user", "There is nobody called Bobb here.", "@Bobb hi"))
    chat.add(message("Bob", "later"))
    runs = chat.take()
    drawn = words(runs)

    assert "Ada  not sent\n@Bobb hi\nThere is nobody called Bobb here.   Send\u00a0again\n" in drawn
    assert next(text for text, tags in runs if "again id-mine" in tags) == "Send\u00a0again"
    assert drawn.index("nobody called") < drawn.index("later")
    assert chat.tail() == ""


def test_an_own_private_message_is_stored_and_then_seen() -> None:
    """Up to where the other one has read; what is drawn as stored is found again by its tag."""
    chat = Drawn("Bob", address="Bob")
    first, second = message("Ada", "one", "Bob"), message("Ada", "two", "Bob", minutes=1)
    chat.add(first)
    chat.inbox.seen(SeenBy("Bob", first.seq))
    chat.transcript.seen = chat.talk.seen
    chat.add(second)
    runs = chat.take()

    assert "one   ✓\u00a0seen\n" in words(runs)
    assert "two   ✓\u00a0stored\n" in words(runs)
    assert list(chat.transcript.stored) == [second.seq]
    assert next(text for text, tags in runs if f"state {second.seq}" in tags) == "✓\u00a0stored"


def test_private_messages_have_their_own_conversation() -> None:
    """In it nothing has to say that they are private; own ones have a colour of their own."""
    everyone, bob = Drawn("Bob"), Drawn("Bob", address="Bob")
    for chat in (everyone, bob):
        chat.add(message("Bob", "psst", "Ada"), message("Ada", "yes?", "Bob"), message("Bob", "for all"))
        chat.inbox.wait("id-mine", "@Bob: one more", None)
    runs = bob.take()

    assert words(everyone.take()).endswith("for all\n")
    assert "for all" not in words(runs)
    assert [("private" in tags) for text, tags in runs if "body" in tags and text in ("psst\n", "yes?")] == [
        False,
        True,
    ]
    assert "one more   waiting…" in bob.tail()
    assert "one more" not in everyone.tail()


def test_lines_are_counted_as_tk_counts_them() -> None:
    """What is trimmed is taken away by its number of lines: each run that ends a line holds its newline."""
    chat = Drawn("Bob", "Cleo")
    texts = ("a\nb\n\nc", "x", "\n\n", "see `code`", "```\nblock\n\nof code\n```", "`a` www.example.org\n@Ada `b`")
    for number, text in enumerate(texts):
        chat.add(message("Bob" if number % 2 else "Cleo", text))
    chat.inbox.everyone.note(Notice("Something.", "trouble"))
    chat.inbox.joined("Dan", NOON)
    chat.inbox.failed(Failed("id", "too_long", "Too long.", "that\nwas\nlong"))
    chat.transcript.unread_after = 1
    chat.add(message("Bob", "later"))
    runs = chat.take()
    transcript = chat.transcript

    assert transcript.lines == words(runs).count("\n") == sum(entry.lines for entry in transcript.entries)
    assert transcript.characters == len(words(runs))
    assert "a\nb\n\nc\n" in words(runs)

    gone = transcript.trim_top(20, 10_000) + transcript.trim_bottom(12, 10_000)
    assert transcript.lines <= 12
    assert gone + transcript.lines == words(runs).count("\n")


def test_code_is_drawn_as_it_was_typed() -> None:
    """In a tag of its own; a block with every space and empty line of it, up to the end of its lines."""
    runs = body("so: `a  b`\n```\n  x\n\n  y\n```", ("own",), "Ada", when="12:00")

    assert [(text, tags[2:]) for text, tags in runs] == [
        ("12:00\t", ("when", "first", "above block")), ("so: ", ("first", "above block")),
        ("a  b", ("code", "first", "above block")), ("\n", ("first", "above block")),
        ("  x\n\n", ("block", "inner")), ("  y\n", ("block", "last")),
    ]  # fmt: skip


def test_a_block_of_code_has_air_above_it() -> None:
    """Its ground does not touch what stands above it: text of the same message, or the line that says who speaks."""
    bob, ada = Drawn("Bob"), Drawn("Ada")
    bob.add(message("Bob", "```\nx\ny\n```\nand"), message("Bob", "so\n```\nz\n```"))
    ada.inbox.wait("id-1", "```\nwaits\n```", None)
    drawn = [(text, "above block" in tags) for text, tags in bob.take()]

    assert [text for text, air in drawn if air][1:] == ["\tBob", "   12:00\n", "12:00\t", "so\n"]
    waiting = ada.transcript.tail(ada.talk, ended=False)
    assert [text for text, tags in waiting if "above block" in tags] == [" A ", "\tAda", "\n"]


def test_a_line_belongs_to_a_message() -> None:
    """Also its head and the line of its day; a notice has none, and is told by what is below it."""
    chat = Drawn("Bob")
    said = [message("Bob", "one\ntwo"), message("Cleo", "three")]
    chat.add(said[0])
    chat.inbox.everyone.note(Notice("Something."))
    chat.add(said[1])
    drawn = words(chat.take()).split("\n")
    transcript = chat.transcript

    assert {transcript.seq_at(drawn.index(line) + 1) for line in ("two", "Something.")} == {said[0].seq, said[1].seq}
    for one in said:
        place = transcript.line_of(one.seq)
        assert place is not None
        assert {transcript.seq_at(line) for line in range(place[0], sum(place))} == {one.seq}
    assert transcript.seq_at(transcript.lines + 1) is None


def test_many_lines_and_many_characters_are_trimmed() -> None:
    """Memory has two bounds, and the newest message always stays."""
    chat = Drawn("Bob")
    runs = chat.transcript.add(message("Bob", "x" * 4000) for _ in range(100))
    assert len(runs) > 100
    chat.transcript.trim_top(10_000, 50_000)
    assert len(chat.transcript.entries) == 12

    chat.transcript.trim_top(0, 0)
    assert len(chat.transcript.entries) == 1


def test_what_is_trimmed_below_can_be_added_again() -> None:
    """One reads far up: the newest are let go, and come back when one scrolls down, with head and day as before."""
    said = [message("Bob", f"number {number}", minutes=number) for number in range(10)]
    whole, part = Transcript("Ada"), Transcript("Ada")
    runs = whole.add(said)
    part.add(said)
    part.trim_bottom(5, 10_000)
    newest = part.newest
    assert newest is not None
    assert newest < said[-1].seq
    again = part.add(one for one in said if one.seq > newest)

    assert words(runs).endswith(words(again))
    assert part.entries == whole.entries
    assert part.newest == said[-1].seq


def test_what_stands_there_is_not_drawn_twice() -> None:
    """A page of the log may overlap with what came by itself."""
    said = [message("Bob", f"number {number}") for number in range(4)]
    transcript = Transcript("Ada")
    transcript.add(said[:3])

    assert words(transcript.add(said[1:])).endswith("number 3\n")
    assert "number 2" not in words(transcript.add(said))


def test_older_messages_go_above_under_their_own_day_line() -> None:
    """A page from the log that ends on the day the window begins with takes over its day line."""
    early = [message("Bob", "first"), message("Bob", "second", minutes=1)]
    transcript = Transcript("Ada")
    below = words(transcript.add([message("Bob", "third", minutes=2)])).split("\n")
    above, repeated = transcript.older(early)

    assert repeated
    assert below[0] == words(above).split("\n")[0]
    assert transcript.oldest == early[0].seq
    assert transcript.lines == words(above).count("\n") + len(below) - 1 - 1
    assert transcript.line_of(early[1].seq) == (5, 1)


def test_the_line_where_the_unread_ones_begin() -> None:
    """Above the first message of somebody else after what was read, once; own ones are nobody's news."""
    chat = Drawn("Bob")
    said = [message("Bob", "read"), message("Ada", "mine"), message("Bob", "new"), message("Bob", "newer", minutes=9)]
    chat.transcript.unread_after = said[0].seq
    chat.add(*said)
    drawn = words(chat.take())
    assert drawn.count("New messages\n") == 1
    assert drawn.index("mine") < drawn.index("New messages") < drawn.index("new\n")

    first, lines = chat.transcript.take_unread_line()
    kept = drawn.split("\n")
    del kept[first - 1 : first - 1 + lines]
    assert "New messages" not in "\n".join(kept)
    assert chat.transcript.lines == len(kept) - 1
    assert not chat.transcript.unread_drawn


@pytest.mark.parametrize("read", [0, 1, 2, 3])
def test_the_line_of_the_unread_is_found_when_older_ones_come(read: int) -> None:
    """Wherever a page of the log ends: the line is drawn where what was read is known, and nowhere else."""
    said = [message("Bob", f"number {number}.") for number in range(6)]
    transcript = Transcript("Ada")
    transcript.unread_after = said[read].seq
    below = words(transcript.add(said[3:]))
    assert ("New messages" in below) == (read == 3)
    above, _ = transcript.older(said[:3])
    drawn = words(above) + below

    assert drawn.count("New messages") == 1
    assert drawn.index(f"number {read}.") < drawn.index("New messages") < drawn.index(f"number {read + 1}.")


def test_the_server_speaks_as_no_person() -> None:
    """What the operator says is an announcement; nobody called Server is listed or can be written to."""
    chat = Drawn("Bob")
    chat.add(message("Server", "Closed at noon."), message("Server", "Save your work."), message("Bob", "ok"))
    runs = chat.take()
    roster = chat.inbox.roster

    assert next(text for text, tags in runs if "announced" in tags and "head" in tags) == "Announcement of the server"
    assert words(runs).count("Announcement") == 1
    assert not any(tag.startswith("hue") for text, tags in runs for tag in tags if "announced" in tags)
    assert [("announced" in tags) for text, tags in runs if "body" in tags and "when" not in tags] == [
        True,
        True,
        False,
    ]
    roster.joined("SERVER")
    assert roster.names(online=True) == ["Ada", "Bob"]
    assert roster.addressee("@Server hi") is None


def test_an_empty_conversation_says_what_to_do() -> None:
    """The line about a new server is no part of the conversation; a message is."""
    chat = Drawn("Bob")
    chat.talk.note(Notice("You meet this server for the first time.", quiet=True))
    assert "first time" in words(chat.take())
    assert "Say hello" in chat.tail()
    assert words(chat.transcript.tail(chat.talk, ended=False, complete=False)) == ""
    assert "only the two of you" in Drawn("Bob", address="Bob").tail()

    chat.add(message("Bob", "hello"))
    chat.take()
    assert chat.tail() == ""


def test_another_log_settles_what_stood_at_the_end() -> None:
    """What the old log had stored stands above the line as that; what waited for it is not sent, and says so."""
    chat = Drawn("Bob")
    for id in ("stored", "unsent"):
        chat.inbox.wait(id, f"{id} text", None)
    chat.inbox.stored("stored")
    chat.inbox.begin_anew("Another log.", same_log=False)
    drawn = words(chat.take())

    assert drawn.endswith("Ada\nstored text   ✓\u00a0stored\nunsent text   not sent\n\nAnother log.\n")
    assert chat.tail() == ""
    assert chat.transcript.lines == drawn.count("\n")
    assert chat.transcript.another_log


def test_a_log_set_back_still_gets_what_waits() -> None:
    """It is sent again to the same log, so it stands below the line and waits; what was stored is not sent again."""
    chat = Drawn("Bob")
    for id in ("stored", "unsent"):
        chat.inbox.wait(id, f"{id} text", None)
    chat.inbox.stored("stored")
    chat.inbox.begin_anew("Set back.", same_log=True)

    assert words(chat.take()).endswith("stored text   ✓\u00a0stored\n\nSet back.\n")
    assert chat.tail() == "\n A \tAda\nunsent text   waiting…\n"


def test_another_log_is_numbered_anew() -> None:
    """Its first entry is drawn, though one with its number stood in the old one."""
    chat = Drawn("Bob")
    old = message("Bob", "old")
    chat.add(old)
    chat.inbox.begin_anew("Another log.", same_log=False)
    chat.add(replace(old, text="new"))

    assert words(chat.take()).endswith("Another log.\n\n B \tBob   12:00\nnew\n")
    assert chat.transcript.oldest == chat.transcript.newest == old.seq


def test_when_the_chat_is_over_nobody_thinks_that_it_is_on_its_way() -> None:
    """What waits does so on this computer's disk."""
    chat = Drawn("Bob")
    chat.inbox.wait("id", "mine", None)

    assert "mine   not sent, kept on this computer" in chat.tail(ended=True)


def test_of_many_that_wait_the_newest_are_drawn() -> None:
    """The others are counted: they would be drawn again with every message."""
    chat = Drawn("Bob")
    for number in range(70):
        chat.inbox.wait(f"id-{number}", f"number {number}.", None)

    assert "20 messages before these wait to be sent.\n" in chat.tail()
    assert "number 19." not in chat.tail()
    assert "number 20." in chat.tail()


# --- the people -------------------------------------------------------------------------------------------------------


def test_people_are_ordered_and_found() -> None:
    """Those who are here and those who are away, by the alphabet, and by however their name is spelled."""
    roster = Roster([Person("bob", True), Person("Émile", True), Person("Ada", True), Person("Fay", True)])
    roster.joined("Cleo")
    roster.left("Ada")

    assert roster.names(online=True) == ["bob", "Cleo", "Émile", "Fay"]
    assert roster.names(online=False) == ["Ada"]
    assert roster.online == 4
    assert roster.addressee("@BOB: hi") == ("bob", "hi")
    assert roster.addressee("@nobody hi") is None


def test_a_guest_who_goes_is_forgotten() -> None:
    """The name is free again: nobody of that name is away, and nothing can be addressed to them."""
    roster = Roster([Person("Ada", True), Person("Netty", True), Person("Ned", False)])
    roster.forget("NETTY")
    roster.forget("ned")

    assert roster.names(online=True) == ["Ada"]
    assert roster.names(online=False) == []
    assert roster.addressee("@Netty hi") is None


def test_a_hostile_server_cannot_fill_the_roster() -> None:
    """It is bounded: who comes takes the place of whoever has been away longest, never of somebody who is here."""
    roster = Roster(Person(f"Person {number}", number == 0) for number in range(KNOWN_PEOPLE + 10))
    assert roster.online == 1
    assert len(roster.names(online=False)) == KNOWN_PEOPLE - 1
    assert roster.find("person 10") is None  # the first that were away made room

    for number in range(2 * KNOWN_PEOPLE):
        roster.joined(f"New {number}")
    assert roster.online == KNOWN_PEOPLE
    assert roster.names(online=False) == []
    assert roster.find("person 0") == "Person 0"

    roster.left("Person 0")
    roster.joined("One more")
    assert roster.find("one more") == "One more"
    assert roster.find("person 0") is None
