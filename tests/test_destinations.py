"""Where one can go from a conversation, without Tk."""

from __future__ import annotations

from messages import message
from protocol import EVERYONE, Person
from windowlib.destinations import Destination, destinations, next_unread
from windowlib.inbox import Inbox


def some_inbox() -> Inbox:
    """Ada's: Cleo wrote last, before her Bob; Dan and Eve were never talked with."""
    inbox = Inbox("Ada")
    here = {"Ada", "Bob", "Dan"}
    inbox.roster.replace(Person(name, online=name in here) for name in ("Ada", "Bob", "Cleo", "Dan", "Eve"))
    inbox.received([message("Bob", "psst", "Ada"), message("Cleo", "psst", "Ada"), message("Cleo", "again", "Ada")])
    return inbox


def test_everywhere_one_can_go() -> None:
    """The conversations, the newest first, then the people without one, those who are here first; never oneself."""
    assert destinations(some_inbox()) == [
        Destination(EVERYONE, "Everyone", 0, online=False),
        Destination("Cleo", "Cleo", 2, online=False),
        Destination("Bob", "Bob", 1, online=True),
        Destination("Dan", "Dan", 0, online=True),
        Destination("Eve", "Eve", 0, online=False),
    ]


def test_one_goes_round_what_is_unread() -> None:
    """Down and up the list and round its ends; past what is read, and nowhere when all of it is."""
    inbox = some_inbox()
    bob, cleo = inbox.talk("Bob"), inbox.talk("Cleo")
    assert next_unread(inbox, inbox.everyone, 1) is cleo
    assert next_unread(inbox, inbox.everyone, -1) is bob
    assert next_unread(inbox, cleo, 1) is bob
    assert next_unread(inbox, bob, 1) is cleo

    assert inbox.have_read(cleo)
    assert next_unread(inbox, inbox.everyone, 1) is bob
    assert next_unread(inbox, bob, 1) is None
    inbox.received([message("Bob", "to all")])
    assert next_unread(inbox, bob, -1) is inbox.everyone
