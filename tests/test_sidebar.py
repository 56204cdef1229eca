"""What the list beside the conversation says, without Tk."""

from __future__ import annotations

from messages import message
from protocol import EVERYONE, Conversations, Person, Talked
from windowlib.inbox import Inbox
from windowlib.sidebar import PERSON, SHOWN_PEOPLE, TALK, WORDS, Row, rows_of


def test_conversations_come_before_people() -> None:
    """Everyone, those with people newest first, with what is unread; then oneself, who is here, who is not."""
    inbox = Inbox("Ada")
    inbox.roster.replace(Person(name, online=name != "Dan") for name in ("Cleo", "Ada", "Bob", "Dan"))
    inbox.received([message("Dan", "hi", "Ada"), message("Bob", "psst", "Ada"), message("Bob", "hello")])
    inbox.told(Conversations((Talked("Émile", 1, 1, 0, 0),)))

    assert rows_of(inbox, known=True) == [
        Row(TALK, "Everyone", EVERYONE, unread=1),
        Row(TALK, "Bob", "Bob", dot=True, unread=1),
        Row(TALK, "Dan", "Dan", dot=False, unread=1),
        Row(TALK, "Émile", "Émile", dot=False),
        Row(WORDS, "PEOPLE   3"),
        Row(PERSON, "Ada (you)", "", dot=True),
        Row(PERSON, "Bob", "Bob", dot=True),
        Row(PERSON, "Cleo", "Cleo", dot=True),
        Row(PERSON, "Dan", "Dan", dot=False, muted=True),
    ]


def test_without_a_connection_nobody_is_listed_as_here() -> None:
    """Who was here is said, in words and without a dot."""
    inbox = Inbox("Ada")
    inbox.roster.replace([Person("Ada", online=True), Person("Bob", online=True)])
    rows = rows_of(inbox, known=False)

    assert Row(WORDS, "PEOPLE   2 were here") in rows
    assert not any(row.dot for row in rows)


def test_one_person_was_here() -> None:
    """Not “1 were here”."""
    inbox = Inbox("Ada")
    inbox.roster.replace([Person("Ada", online=True)])

    assert Row(WORDS, "PEOPLE   1 was here") in rows_of(inbox, known=False)


def test_a_list_of_thousands_is_cut() -> None:
    """Of those who are here and of those who are away; the others are counted."""
    inbox = Inbox("Ada")
    inbox.roster.replace(Person(f"Person {number:04}", number % 2 == 0) for number in range(2000))
    rows = rows_of(inbox, known=True)

    assert len(rows) == 1 + 1 + 2 * (SHOWN_PEOPLE + 1)
    assert [row.words for row in rows if row.words.startswith("and ")] == ["and 700 more here", "and 700 more away"]
    assert len({row.key for row in rows if row.address}) == len([row for row in rows if row.address])
