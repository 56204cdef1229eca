"""The door: who may come in, how many from one place, and how fast anybody may go on.

Client threads ask here before they trouble the hub. Everything is behind one short lock, and nothing waits in it.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable

# Connections from one address: a classroom behind one router has fewer, and each costs a thread. This machine's own are
# not counted out: its operator could do worse than that, and ssh tunnels and test programs come from there.
CONNECTIONS = 64
# Wrong passwords from one address at once, and a second after that: a person mistypes a few times, and a million
# guesses take three weeks.
WRONG_BURST = 5
WRONG_RATE = 0.5
ADDRESSES = 10_000  # whose wrong passwords are remembered at the most; the oldest are forgotten first


class Pace:
    """How fast one person may go on: `rate` a second on average, `burst` at once (a token bucket). 0: no limit."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = time.monotonic()

    def seconds(self, cost: int = 1) -> float:
        """Takes `cost` tokens, and says how long to wait before going on."""
        if self._rate == 0:
            return 0.0
        self._refill()
        self._tokens -= cost
        return max(0.0, -self._tokens / self._rate)

    def affordable(self) -> int:
        """What may be taken now without waiting."""
        if self._rate == 0:
            return sys.maxsize
        self._refill()
        return max(0, int(self._tokens))

    def _refill(self) -> None:
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now


def place_of(address: str) -> str:
    """What counts as one place: an address, however it is written. (On a LAN an IPv6 network is everybody's.)"""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped else ip)


def network_of(address: str) -> str:
    """What guesses of the password are counted by: the place, of IPv6 its network.

    In one of those a computer can give itself as many addresses as it likes; but not in the link-local one.
    """
    place = place_of(address)
    try:
        ip = ipaddress.IPv6Address(place)
    except ValueError:
        return place
    return place if ip.is_link_local or ip.is_loopback else str(ipaddress.ip_network((ip, 64), strict=False))


def is_own(address: str) -> bool:
    """Whether an address is this machine's own loopback."""
    try:
        return ipaddress.ip_address(place_of(address)).is_loopback
    except ValueError:
        return False


class Door:
    """Counts connections, knows the password and who is banned. Any thread may ask."""

    def __init__(self, password: str | None = None) -> None:
        self._lock = threading.Lock()
        self._secret = None if password is None else _digest(password)
        self._inside: Counter[str] = Counter()  # connections by place
        self._wrong: dict[str, Pace] = {}  # by network; the newest last
        self._banned_names: frozenset[str] = frozenset()  # look-alike keys
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

        While that time is not over, nothing from the same network is compared, right or wrong.
        """
        if self._secret is None:
            return None
        network = network_of(address)
        given = _digest(password or "")  # before the lock is taken: it may be long
        with self._lock:
            pace = self._wrong.get(network)
            if pace is not None and (seconds := pace.seconds(0)):
                return seconds
            if hmac.compare_digest(given, self._secret):
                return None
            if password is None:  # not a guess: a program that has not asked its person yet
                return 0.0
            pace = self._wrong.pop(network, None) or Pace(WRONG_RATE, WRONG_BURST)
            self._wrong[network] = pace
            if len(self._wrong) > ADDRESSES:
                del self._wrong[next(iter(self._wrong))]
            return pace.seconds()

    def ban(self, names: Iterable[str], places: Iterable[str]) -> None:
        """From now on these are banned, by the look-alike key of the name and by place, and nobody else is."""
        with self._lock:
            self._banned_names, self._banned_places = frozenset(names), frozenset(places)

    def is_banned(self, address: str, name: str) -> bool:
        """Whether somebody at `address` who calls themselves by a name with the look-alike key `name` is banned."""
        with self._lock:
            return name in self._banned_names or place_of(address) in self._banned_places


def _digest(password: str) -> bytes:
    """Of one length whatever the password's, so that a comparison tells nothing about that."""
    return hashlib.sha256(password.encode(errors="surrogatepass")).digest()
