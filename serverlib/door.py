"""The door: who may come in, how many from one place, and how fast anybody may go on.

Acceptors and client threads ask here before they trouble the hub, and the hub asks who is banned. The door itself is
behind one short lock in which nothing waits; `Turns` is apart from it, and makes a client's thread wait for its search.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import ipaddress
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from math import ceil

from link import is_own, place_of
from pace import Paces

# Connections from one address: a classroom behind one router has fewer, and each costs a thread. This machine's own are
# not counted out: its operator could do worse than that, and ssh tunnels and test programs come from there.
CONNECTIONS = 64
# Wrong passwords from one address at once, and a second after that: a person mistypes a few times, and a million
# guesses take three weeks.
WRONG_BURST = 5
WRONG_RATE = 0.5
# The same for a whole network, where one computer can have as many addresses as it likes. Beyond that the answer to a
# wrong one is held back, and nobody refused: neighbours who know the password are let in at once.
NETWORK_BURST = 50
NETWORK_RATE = 5.0
# s that an answer is held back at the most: its thread waits with it, so somebody who tries from everywhere at once has
# as many tries in this time as there may be connections. Less than the time there is to join.
HELD_BACK = 8.0
# Names that one address takes for the first time, at once and a second after that: each is kept for ever. A class of 30
# behind one router comes in at once. This machine's own are not counted, as above.
NEW_NAMES = 30
NEW_NAMES_RATE = 1.0
# Joins from one address, at once and a second after that: everybody is told of each. After a restart of the server a
# class behind one router is back at once, and more than these come and go only to be a nuisance.
JOINS = 60
JOINS_RATE = 2.0
ADDRESSES = 10_000  # that are remembered at the most; the oldest are forgotten first


def is_here(address: str) -> bool:
    """Whether an address in numbers is one of this computer's own: no other can be bound to. Nothing is sent."""
    try:
        [(family, _, _, _, place), *_] = socket.getaddrinfo(
            place_of(address), 0, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
        )
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind(place)
    except OSError:
        return False
    return True


def network_of(address: str) -> str:
    """What guesses of the password are counted by beside the place: in its network a computer can give itself as many
    addresses as it likes.
    """
    place = place_of(address)
    try:
        ip = ipaddress.ip_address(place)
    except ValueError:
        return place
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 64), strict=False))


class Turns:
    """Turns to do something that takes long: so many at once, and one at a time for each place."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._ended = threading.Condition()  # guards _taken, and tells of the end of a turn
        self._taken: set[str] = set()  # places

    @contextlib.contextmanager
    def turn(self, place: str, seconds: float) -> Iterator[bool]:
        """Waits at most `seconds`; yields whether the turn is ours."""
        with self._ended:
            is_ours = self._ended.wait_for(
                lambda: place not in self._taken and len(self._taken) < self._at_once, seconds
            )
            if is_ours:
                self._taken.add(place)
        try:
            yield is_ours
        finally:
            if is_ours:
                with self._ended:
                    self._taken.remove(place)
                    self._ended.notify_all()


class Door:
    """Counts connections, knows the password and who is banned. Any thread may ask."""

    def __init__(self, password: str | None = None) -> None:
        self._lock = threading.Lock()
        self._secret = None if password is None else _digest(password)
        self._inside: Counter[str] = Counter()  # connections by place
        self._wrong = Paces(WRONG_RATE, WRONG_BURST, ADDRESSES)  # by place
        self._wrong_around = Paces(NETWORK_RATE, NETWORK_BURST, ADDRESSES)  # by network
        self._new_names = Paces(NEW_NAMES_RATE, NEW_NAMES, ADDRESSES)  # by place
        self._joins = Paces(JOINS_RATE, JOINS, ADDRESSES)  # the same
        self._banned_names: frozenset[str] = frozenset()  # keys, and look-alike keys
        self._banned_places: frozenset[str] = frozenset()

    @property
    def connections(self) -> int:
        """How many connections there are, with those that have not said a name."""
        with self._lock:
            return sum(self._inside.values())

    @property
    def has_password(self) -> bool:
        """Whether a password is needed."""
        return self._secret is not None

    def enter(self, address: str) -> bool:
        """Counts a connection; false when there are as many from there as may be. Then it is not counted."""
        place = place_of(address)
        with self._lock:
            if self._inside[place] >= CONNECTIONS and not is_own(address):
                return False
            self._inside[place] += 1
            return True

    def leave(self, address: str) -> None:
        """A connection that was counted has ended."""
        place = place_of(address)
        with self._lock:
            self._inside[place] -= 1
            if not self._inside[place]:
                del self._inside[place]

    def check(self, address: str, password: str | None) -> float | None:
        """None: the password is right, or none is needed. Else it is wrong, and may be tried again in so many seconds.

        While that time is not over, nothing from the same place is compared, right or wrong. What others guess from
        other places, however near, keeps nobody out who has the password.
        """
        if self._secret is None:
            return None
        place, network = place_of(address), network_of(address)
        given = _digest(password or "")  # before the lock is taken: it may be long
        with self._lock:
            pace = self._wrong.known(place)
            if pace is not None and (seconds := pace.seconds(0)):
                return seconds
            if hmac.compare_digest(given, self._secret):
                return None
            if password is None:  # not a guess: a program that has not asked its person yet
                return 0.0
            self._wrong_around.of(network).seconds()
            return self._wrong.of(place).seconds()

    def held_back(self, address: str) -> float:
        """Seconds to wait with the answer to a wrong password."""
        with self._lock:
            pace = self._wrong_around.known(network_of(address))
            return 0.0 if pace is None else min(HELD_BACK, pace.seconds(0))

    def new_name(self, address: str) -> float:
        """0: somebody from there may take a name that is new, which is counted. Else so many seconds are to go by."""
        return self._may_go_on(self._new_names, address, NEW_NAMES_RATE)

    def join(self, address: str) -> float:
        """The same for somebody who joins, under whatever name."""
        return self._may_go_on(self._joins, address, JOINS_RATE)

    def _may_go_on(self, paces: Paces, address: str, rate: float) -> float:
        if is_own(address):
            return 0.0
        with self._lock:
            return 0.0 if paces.of(place_of(address)).take() else 1 / rate

    def ban(self, names: Iterable[str], places: Iterable[str]) -> None:
        """From now on these are banned, by the keys of the name and by place, and nobody else is."""
        with self._lock:
            self._banned_names, self._banned_places = frozenset(names), frozenset(places)

    def is_banned(self, address: str, names: Set[str]) -> bool:
        """Whether somebody at `address` whose name has any of these keys is banned."""
        with self._lock:
            return not self._banned_names.isdisjoint(names) or place_of(address) in self._banned_places


def seconds_in_words(seconds: float) -> str:
    """How long somebody is asked to wait."""
    return f"{ceil(seconds)} second{'' if seconds <= 1 else 's'}"


def _digest(password: str) -> bytes:
    """Of one length whatever the password's, so that a comparison tells nothing about that."""
    return hashlib.sha256(password.encode(errors="surrogatepass")).digest()
