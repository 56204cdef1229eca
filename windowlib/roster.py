"""Who is known to this chat, and who of them is here. Owned by inbox.py; no Tk in here, and no clock."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from names import UnknownPerson, name_key, split_address
from protocol import EVERYONE, Person

KNOWN_PEOPLE = 5000  # an honest welcome holds some 2,000; a hostile server goes on for ever
SERVER_KEY = "server"  # the folded name of whoever speaks for the server; nobody else can have it
# The folded names that would pass for the room all are in, its address and its title: no honest server gives them away
# (names.py), and what another one tells of such a person is not to land in that room.
ROOM_KEYS = frozenset({EVERYONE, "everyone"})


def is_nobody(name: str) -> bool:
    """Whether this is a name that nobody can have, as it would be taken for the room."""
    return name_key(name) in ROOM_KEYS


def listed(names: Sequence[str]) -> str:
    """“Bob”, “Bob and Cleo”, “Bob, Cleo and Dan”, “Bob, Cleo and 14 others”."""
    if len(names) > 3:
        return f"{names[0]}, {names[1]} and {len(names) - 2} others"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


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

    def is_here(self, name: str) -> bool:
        """Whether the person with this name, however it is spelled, is here."""
        return name_key(name) in self._here

    def names(self, *, online: bool) -> list[str]:
        """Those who are here, or those who are away, in alphabetical order."""
        return [name for _, name in sorted((self._here if online else self._away).items(), key=spelling)]

    def _put(self, group: dict[str, str], name: str) -> None:
        self.forget(name)
        if name_key(name) == SERVER_KEY or is_nobody(name):  # whom one could not write to
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
