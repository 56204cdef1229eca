"""Where one can go from a conversation: any other one, anybody to begin one with, the next with something unread.

Called by chat_screen.py in Tk's thread; no Tk in here.
"""

from __future__ import annotations

from dataclasses import dataclass

from windowlib.inbox import Inbox
from windowlib.talk import Talk


@dataclass(frozen=True, slots=True)
class Destination:
    """Somewhere one can go: a conversation, or somebody to begin one with."""

    address: str
    title: str
    unread: int
    online: bool


def destinations(inbox: Inbox) -> list[Destination]:
    """Everywhere one can go: the conversations, the newest first, then the people without one."""
    roster = inbox.roster
    talks = [inbox.everyone, *inbox.conversations()]
    found = [Destination(one.address, one.title, one.unread, roster.is_here(one.address)) for one in talks]
    for online in (True, False):
        found += [
            Destination(name, name, 0, online)
            for name in roster.names(online=online)
            if not inbox.mine(name) and inbox.find(name) not in talks
        ]
    return found


def next_unread(inbox: Inbox, talk: Talk, step: int) -> Talk | None:
    """The next conversation with something unread, from `talk` down (1) or up (-1) the list and round its end."""
    talks = [inbox.everyone, *inbox.conversations()]
    now = talks.index(talk) if talk in talks else 0
    for number in range(1, len(talks)):
        other = talks[(now + step * number) % len(talks)]
        if other.unread:
            return other
    return None
