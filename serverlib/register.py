"""Who is here, who was, and whose name is whose: the people of a chat as the server knows them.

The hub (`hub.py`) owns a `Register` and calls it from its thread alone. It touches no connection: whom it lets in,
sends away or tells about others is decided by `entrance.py` and the hub.

Two rules for every name: it has one owner, who shows a token for it (`owns`), and nobody else's name looks like it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from history import Address, History, NotSaved
from names import RESERVED_KEYS, look_alike_key, look_alike_keys, name_key
from protocol import Hello, Person
from serverlib.delivery import Client

GONE_SECONDS = 10.0  # a connection may be away that long before its person is said to have left
AWAY_LISTED = 500  # people not here whom a welcome names
TOKEN_BYTES = 32  # 256 bits: nobody guesses one, so a plain SHA-256 of it may be kept


class Register:
    """The people of a chat, from the log and as they come and go."""

    def __init__(self, history: History) -> None:
        """Takes over who was ever here. Raises `HistoryError`."""
        self._history = history
        addresses = history.addresses()
        self.known: dict[str, Address] = {address.key: address for address in addresses}  # key: folded name
        self.here: dict[str, Client] = {}  # key: folded name
        # Key: look-alike key; the folded name of who is here or owns a name like it. The last one counts: of names in
        # an old log that look alike, the one that has an owner.
        kept = sorted((address.token is not None, address.name, address.key) for address in addresses if address.keeps)
        self._alike: dict[str, str] = {look: key for _, name, key in kept for look in look_alike_keys(name)}
        self._alike.update((key, key) for key in RESERVED_KEYS)
        self._missing: dict[str, tuple[float, str]] = {}  # key: folded name; when to say that they left, and their name
        self._doubtful: set[str] = set()  # folded names of who is missing, and perhaps never got the token
        self._unsaved: dict[str, Address] = {}  # key: folded name; changed, and not worth a transaction of their own

    # -- names --

    def find(self, key: str) -> str | None:
        """The name of somebody who can be written to: who owns their name, or is here."""
        address = self.known.get(key)
        return address.name if address and (address.token or key in self.here) else None

    def looks_like(self, name: str) -> Client | None:
        """Somebody who is here under this name, or one that looks like it."""
        return self.here.get(name_key(name)) or self.here.get(self._alike.get(look_alike_key(name), ""))

    def owns(self, hello: Hello, keeps: bool) -> bool:
        """Whether somebody shows the token of the name. People on netcat, whom names are not kept for, cannot."""
        known, token = self.known.get(name_key(hello.name)), hello.token
        if known is None or known.token is None or token is None or not keeps:
            return False
        return hmac.compare_digest(_digest(token), known.token)

    def why_taken(self, name: str, keeps: bool, entering: Mapping[str, object]) -> str | None:
        """Why somebody who does not own a name cannot have it; None when they can. `entering`: who comes just now."""
        key = name_key(name)
        if keeps and key in self._doubtful:
            self._take_back(key)
        known = self.known.get(key)
        if known is not None and known.keeps and (known.token is not None or not keeps):
            whose = f"{name} is the name of somebody else here. Choose another name."
            return f"{whose} If it is yours, ask whoever runs the server to set it free."
        if key in self.here or key in entering:
            return f"Somebody called {name} is here already. Choose another name."
        return None

    def new_looks(self, name: str, owned: bool) -> frozenset[str]:
        """What must not be another one's when somebody comes under this name, which they own or not.

        What an owner may have done is to spell it otherwise; the look that it had before is theirs.
        """
        if not owned:
            return look_alike_keys(name)
        return frozenset((look_alike_key(name),)) - {look_alike_key(self.known[name_key(name)].name)}

    def is_anothers(self, looks: Iterable[str], key: str) -> bool:
        """Whether one of these looks is that of somebody else than the name with this key."""
        return any(self._alike.get(look, key) != key for look in looks)

    # -- coming and going --

    def save_address(self, hello: Hello, keeps: bool) -> tuple[Address, str | None]:
        """The address of somebody who comes, as it is on disk after this transaction; and its token if that is new."""
        name, key = hello.name, name_key(hello.name)
        known = self.known.get(key)
        if known is not None and known.token is not None:
            address = Address(known.id, key, name, True, known.delivered, known.token)
            if address != known:
                self._history.save_address(address)
            return address, None
        if known is not None:  # nobody can show that they are who was called so: what was for them is for nobody else
            self._history.retire_address(known)
        if not keeps:
            return self._history.add_address(key, name, False), None
        token = secrets.token_hex(TOKEN_BYTES)
        return self._history.add_address(key, name, True, _digest(token)), token

    def enter(self, client: Client, address: Address) -> bool:
        """Somebody is here from now on. False when they were, or are back before anybody was told that they left."""
        key = address.key
        known = self.known.get(key)
        if known is not None:
            self._free_look(known)
        client.person = self.known[key] = address
        for look in look_alike_keys(address.name):
            self._alike.setdefault(look, key)
        self._doubtful.discard(key)
        self._unsaved.pop(key, None)  # the same person; but they may spell their name anew
        client.name = address.name
        is_new = self._missing.pop(key, None) is None and key not in self.here
        self.here[key] = client
        return is_new

    def leave(self, client: Client) -> Address | None:
        """The person of `client` is not here any more, and is returned; None where they are not here by this one."""
        person = client.person
        if person is None or self.here.get(person.key) is not client:
            return None
        del self.here[person.key]
        self.known[person.key] = self.known.pop(person.key)  # to the end: the last to be here
        if not person.keeps:
            self._free_look(person)
        return person

    def miss(self, client: Client, has_token: bool) -> None:
        """Who has just left may be back in a moment. `has_token`: what proves whose name it is has surely arrived."""
        assert client.person is not None
        self._missing[client.person.key] = time.monotonic() + GONE_SECONDS, client.name
        if not has_token:
            self._doubtful.add(client.person.key)

    def note_delivered(self, client: Client) -> None:
        """How far the person of `client` has read; it is on disk when `save` was called."""
        assert client.person is not None
        client.person.delivered = client.after
        self._unsaved[client.person.key] = client.person

    def deadlines(self) -> Iterator[float]:
        """When `gone` has somebody to tell of, on the monotonic clock."""
        return (deadline for deadline, _ in self._missing.values())

    def gone(self) -> Iterator[tuple[str, bool]]:
        """Who has been missing for long enough, and whether their name stays theirs."""
        now = time.monotonic()
        for key in [key for key, (deadline, _) in self._missing.items() if deadline <= now]:
            _, name = self._missing.pop(key)
            if key in self._doubtful:
                self._take_back(key)
            yield name, self.known[key].token is not None

    def forget(self, key: str) -> bool:
        """A name is nobody's any more. True when its person was missing, and nobody was told yet."""
        self._doubtful.discard(key)
        self._unsaved.pop(key, None)
        self._free_look(self.known.pop(key))
        return self._missing.pop(key, None) is not None

    def people(self) -> Iterator[Person]:
        """Who is here, then who was here last."""
        for client in self.here.values():
            yield Person(client.name, True)
        away = (address for key, address in reversed(self.known.items()) if address.token and key not in self.here)
        for address in islice(away, AWAY_LISTED):
            yield Person(address.name, False)

    # -- what can wait --

    @property
    def has_unsaved(self) -> bool:
        """Whether `save` has something to do."""
        return bool(self._unsaved)

    def save(self) -> None:
        """Writes down how people left. Raises `NotSaved`: then it still waits."""
        if self._unsaved:
            self._history.begin()
            for address in self._unsaved.values():
                self._history.save_address(address)
            self._history.commit()
            self._unsaved.clear()

    def _free_look(self, address: Address) -> None:
        """Others may be called like this again."""
        for look in look_alike_keys(address.name):
            if self._alike.get(look) == address.key:
                del self._alike[look]

    def _take_back(self, key: str) -> None:
        """Makes a name nobody's whose token perhaps never arrived: its person could not come back, nor anybody else.

        Not when anything was written from or to them: that is theirs, and then `release` has to help.
        """
        self._doubtful.remove(key)
        person = self.known[key]
        with contextlib.suppress(NotSaved):  # cannot be known now: it stays as it is
            if not self._history.has_messages(person):
                person.token = None
                self._unsaved[key] = person


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
