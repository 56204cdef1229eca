"""What the operator can do: who is here, sending away, banning, announcing, setting names free.

The hub (`hub.py`) owns an `Operations` and calls it from its thread alone; `terminal.py` reads what is typed, and posts
it to the hub. It owns the bans.
"""

from __future__ import annotations

import logging
import queue
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice

from history import EVERYONE_ID, Ban, History, NotSaved
from link import place_of
from names import NameProblem, check_name, clean_text, look_alike_key, look_alike_keys, name_key
from protocol import EVERYONE, MAX_TEXT, Bye, Joined, Left, Message, encode
from serverlib.delivery import WORDS, Client, Delivery
from serverlib.door import Door, is_here
from serverlib.register import Register

WHO_LISTED = 500  # people whom the answer to /who names: 64 KB at the most, far from what cuts a connection off
SERVER = "Server"  # whose name what the operator says comes from; a person cannot have it

log = logging.getLogger("hallway")

Notices = list[Joined | Left]  # what everybody is to be told at the end of a batch


@dataclass(frozen=True, slots=True)
class Operate:
    """The operator wants something: `verb` is one of `OPERATIONS`. A sentence about it is put into `answer`."""

    verb: str
    argument: str
    answer: queue.SimpleQueue[str]


class Operations:
    """Carries out what the operator wants. What raises `NotSaved` has changed nothing."""

    def __init__(
        self,
        history: History,
        register: Register,
        delivery: Delivery,
        door: Door,
        send_away: Callable[[Client, Bye, Notices], None],
    ) -> None:
        """`send_away` is `Entrance.send_away`: somebody leaves with a word. Raises `HistoryError`."""
        self._history = history
        self._register = register
        self._delivery = delivery
        self._door = door
        self._send_away = send_away
        self._opened_at = time.monotonic()
        self._bans: dict[str, Ban] = {ban.key: ban for ban in history.bans()}  # key: look-alike key
        self._tell_door()

    def carry_out(self, order: Operate, notices: Notices) -> str:
        """Does what the operator wants, and says what came of it."""
        operation = OPERATIONS.get(order.verb)
        if operation is None:  # our mistake, and no reason for the chat to end
            return f"There is no command {order.verb}."
        try:
            return operation(self, order.argument, notices)
        except NotSaved as error:
            log.error("%s", error)
            return f"{error} Nothing was changed."

    def _who(self, _argument: str, _notices: Notices) -> str:
        lines = [f"Here now: {len(self._register.here)}"]
        for client in islice(self._register.here.values(), WHO_LISTED):
            kind = ", on netcat" if client.face is WORDS else ""
            lines.append(f"  {client.name} ({client.host}{'' if client.link.encrypted else ', not encrypted'}{kind})")
        if len(self._register.here) > WHO_LISTED:
            lines.append(f"  … and {len(self._register.here) - WHO_LISTED:,} more")
        return "\n".join(lines)

    def _kick(self, name: str, notices: Notices) -> str:
        client = self._register.here.get(name_key(name))
        if client is None:
            return f"There is nobody called {name} here."
        self._send_away(client, Bye("The operator has closed your connection.", "kicked"), notices)
        return f"{client.name} was sent away, and may come back."

    def _ban(self, name: str, notices: Notices) -> str:
        """By name and, of somebody who is here, by address; never by one of this computer, which is the operator's."""
        try:
            name = check_name(name)
        except NameProblem as problem:
            return f"{problem} Nobody was banned."
        look = look_alike_key(name)
        client = self._register.looks_like(name)
        place = None if client is None or is_here(client.host) else place_of(client.host)
        ban = Ban(look, name, place)
        self._history.begin()
        self._history.add_ban(ban)
        self._history.commit()
        self._bans[look] = ban
        self._tell_door()
        if client is not None:
            self._send_away(client, Bye("The operator has banned you from this chat.", "banned"), notices)
        if place:
            others = [one for one in self._register.here.values() if place_of(one.host) == place]
            for one in others:
                self._send_away(one, Bye("The operator has banned your address from this chat.", "banned"), notices)
            where = f", and so is the address {place}"
            if others:
                names = ", ".join(one.name for one in others[:WHO_LISTED])
                where += f" (sent away with it: {names})"
        elif client is None:
            where = " by name alone: they are not here, so their address is not known"
        else:
            where = " by name alone: they come from this computer, whose address is never banned"
        return f"{ban.name} is banned{where}. `unban {ban.name}` lifts it."

    def _unban(self, name: str, _notices: Notices) -> str:
        ban = next((ban for ban in self._bans.values() if not _spellings(ban.name).isdisjoint(_spellings(name))), None)
        if ban is None:
            names = f"Banned: {', '.join(ban.name for ban in self._bans.values()) or 'nobody'}."
            return f"{name} is not banned. {names}" if name else names
        self._history.begin()
        self._history.lift_ban(ban.key)
        self._history.commit()
        del self._bans[ban.key]
        self._tell_door()
        return f"{ban.name} may come in again."

    def _release(self, name: str, notices: Notices) -> str:
        """The next owner is somebody new: what was written to the former one in private is not for them."""
        key = name_key(name)
        known = self._register.known.get(key)
        if known is None or not known.token:
            return f"Nobody owns the name {name}."
        self._history.begin()
        self._history.retire_address(known)
        announce = self._announcement(
            f"The name {known.name} was set free: who joins with it next may be somebody else than before."
        )
        self._history.commit()
        client = self._register.here.get(key)
        if client is not None:
            bye = Bye("The operator has set your name free. Join again to take it.", "kicked")
            self._send_away(client, bye, notices)
        if self._register.forget(key):
            notices.append(Left(known.name, time.time_ns() // 1_000_000))
        announce()
        return f"The name {known.name} is free: whoever joins with it next owns it."

    def _say(self, text: str, _notices: Notices) -> str:
        """A message like any other, of a sender that no person can be."""
        text = clean_text(text)
        if len(text) > MAX_TEXT:
            return f"A message has at most {MAX_TEXT} characters; this one has {len(text)}. Nothing was sent."
        self._history.begin()
        announce = self._announcement(text)
        self._history.commit()
        announce()
        return "Everybody reads it."

    def _announcement(self, text: str) -> Callable[[], None]:
        """Writes `text` into the log as the server's own; what is returned shows it, once it is committed."""
        now, id = time.time_ns() // 1_000_000, secrets.token_hex(8)
        key = name_key(SERVER)
        sender = self._register.known.get(key) or self._history.add_address(key, SERVER, False)
        [(seq, at, _)] = self._history.append([(sender.id, EVERYONE_ID, id, text)], now)

        def show() -> None:
            self._register.known[key] = sender
            self._delivery.append([encode(Message(seq, at, SERVER, EVERYONE, id, text))], {})
            self._delivery.fan_out(self._register.here.values())

        return show

    def _stats(self, _argument: str, _notices: Notices) -> str:
        here = self._register.here.values()
        minutes = int(time.monotonic() - self._opened_at) // 60
        return "\n".join([
            f"Open for {minutes // 60} h {minutes % 60} min",
            f"People here: {len(here)} (on netcat: {sum(client.face is WORDS for client in here)})",
            f"Who read more slowly than is written: {sum(client.full for client in here)}",
            f"Connections: {self._door.connections}",
            f"Names that are owned: {sum(address.token is not None for address in self._register.known.values())}",
            f"Banned: {len(self._bans)}",
            f"Messages in the log: {self._history.last:,}",
        ])  # fmt: skip

    def _tell_door(self) -> None:
        """The door knows who is banned."""
        names = {name for ban in self._bans.values() for name in _spellings(ban.name)}
        self._door.ban(names, [ban.place for ban in self._bans.values() if ban.place is not None])


def _spellings(name: str) -> frozenset[str]:
    """What a name is banned by: its key, and the looks it may have."""
    return look_alike_keys(name) | {name_key(name)}


# What the operator may want, by the word that is typed: takes the rest of the line, and gives sentences back.
OPERATIONS: Mapping[str, Callable[[Operations, str, Notices], str]] = {
    "who": Operations._who,
    "kick": Operations._kick,
    "ban": Operations._ban,
    "unban": Operations._unban,
    "say": Operations._say,
    "release": Operations._release,
    "stats": Operations._stats,
}
