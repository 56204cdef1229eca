"""Who comes in and who goes: the one place where a connection becomes somebody, and nobody again.

The hub (`hub.py`) owns an `Entrance` and calls it from its thread alone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from json.encoder import encode_basestring as quote  # in log lines: no name can end its quotes and go on as the server

from history import Address
from names import look_alike_keys, name_key
from protocol import VERSION, Bye, Error, Joined, Left, Welcome, encode_people, encode_welcome
from serverlib.delivery import WIRE, WORDS, Client, Delivery, Face
from serverlib.door import Door, seconds_in_words
from serverlib.posts import Gone, Join
from serverlib.register import Register

BANNED = "You are banned from this chat. Whoever runs it can lift that."
TAKEN_OVER = Bye("You joined from somewhere else.", "taken_over")

log = logging.getLogger("hallway")


class Entrance:
    """Lets people in by the register's and the door's word, and tells everybody who came and who went."""

    def __init__(
        self, register: Register, delivery: Delivery, door: Door, server_name: str, history_id: str, max_clients: int
    ) -> None:
        self._register = register
        self._delivery = delivery
        self._door = door
        self._server_name = server_name
        self._history_id = history_id
        self._max_clients = max_clients
        self._is_closing = False

    def admit(self, joins: list[Join]) -> dict[str, Join]:
        """Those who may come in, by key; the others are told why not. The first to ask for a name is its one winner."""
        entering: dict[str, Join] = {}
        alike: dict[str, str] = {}  # key: look-alike key; the folded name of who is entering
        room = self._max_clients - len(self._register.here)
        for join in joins:
            client, name = join.client, join.hello.name
            key, looks = name_key(name), look_alike_keys(name)
            if client.person or client.ended:
                continue
            if self._door.is_banned(client.host, {key, *looks}):
                self._delivery.say(client, Error("banned", BANNED))
                self._delivery.close(client)
                log.info("%s was not let in as %s: banned", client.address, quote(name))
                continue
            owns = self._register.owns(join.hello, join.keeps)
            problem = None if owns else self._register.why_taken(name, join.keeps, entering)
            looks = self._register.new_looks(name, owns)
            if problem is not None or self._is_mistaken(key, looks, alike):
                problem = problem or f"{name} looks like the name of somebody else here. Choose another name."
                self.refuse(join, Error("name_taken", problem))
                log.info("%s was not let in as %s: that is somebody else's name", client.address, quote(name))
            elif key in entering:  # the same person, twice in one moment
                self._send_off(entering[key].client, TAKEN_OVER)
                entering[key] = join
            elif key not in self._register.here and room <= 0:
                self._delivery.say(client, Error("full", "This chat is full. Please try again later."))
                self._delivery.close(client)
            elif seconds := self._door.join(client.host):
                self._put_off(join, "people come and go", seconds)
            elif not owns and (seconds := self._door.new_name(client.host)):
                self._put_off(join, "new names come", seconds)
            else:
                room -= key not in self._register.here
                entering[key] = join
                alike.update(dict.fromkeys(looks, key))
        return entering

    def _is_mistaken(self, key: str, looks: Iterable[str], alike: Mapping[str, str]) -> bool:
        """Whether a name looks like that of somebody else, who is known or is entering (see `alike` above)."""
        return self._register.is_anothers(looks, key) or any(alike.get(look, key) != key for look in looks)

    def _put_off(self, join: Join, what: str, seconds: float) -> None:
        """Closes the connection of somebody who may come in later."""
        client = join.client
        sentence = f"Too many {what} from your address. Try again in {seconds_in_words(seconds)}."
        self._delivery.say(client, Error("full", sentence))
        self._delivery.close(client)
        log.info("%s was not let in as %s: too many %s from there", client.address, quote(join.hello.name), what)

    def refuse(self, join: Join, error: Error) -> None:
        """Says why somebody is not in yet; they may try again."""
        self._delivery.tell(join.client, join.client.face.refuse(error))

    def enter(self, join: Join, key: str, address: Address, notices: list[Joined | Left], now: int) -> None:
        """Somebody is here from now on, in the place of an earlier connection of theirs."""
        client, hello = join.client, join.hello
        before = self._register.here.get(key)
        if before is not None:  # what is under way from there is still taken: it is the same person
            self._send_off(before, TAKEN_OVER)
        if self._register.enter(client, address):
            notices.append(Joined(address.name, now))
        if hello.history == self._history_id and hello.after is not None:
            client.after = min(hello.after, self._delivery.tail.last)
        else:
            client.after = address.delivered if join.keeps else self._delivery.tail.last
            client.start = None
        client.joined_at = self._delivery.tail.last
        log.info("%s joined from %s", quote(address.name), client.address)

    def _send_off(self, client: Client, bye: Bye) -> None:
        """Ends a connection with a word. Its person may stay: see `leave`."""
        self._delivery.say(client, bye)
        self._delivery.close(client)

    def welcome(self, joins: Iterable[Join], tokens: Iterable[str | None]) -> None:
        """Tells those who have entered where they are, and who is there."""
        people = encode_people(self._register.people()) if joins else ""
        last = self._delivery.tail.last
        for join, token in zip(joins, tokens, strict=True):
            client = join.client
            welcome = Welcome(VERSION, self._server_name, self._history_id, client.name, (), last, token)
            words = client.face is WORDS
            self._delivery.tell(client, WORDS.say(welcome) if words else encode_welcome(welcome, people))
            client.is_new = True

    def leave(self, gone: Gone, notices: list[Joined | Left]) -> None:
        """A connection is over; whether its person is, shows in a while where they have not said goodbye."""
        client = gone.client
        person = self._register.leave(client)
        if person is not None:
            if gone.bye or client.face is WORDS:  # people on netcat do not come back by themselves
                if gone.bye and _has_all(client):
                    self._register.note_delivered(client)
                kept = None if person.keeps else False
                notices.append(Left(client.name, time.time_ns() // 1_000_000, kept))
            else:  # an end that is our own doing proves nothing about the token
                has_token = not client.issued or client.heard or self._is_closing
                self._register.miss(client, has_token)
            if not self._is_closing:
                log.info("%s %s", quote(client.name), "left" if gone.bye else "lost the connection")
        self._delivery.close(client)

    def announce(self, notices: list[Joined | Left]) -> None:
        """Tells everybody who came and went; those who just came have read it in their welcome."""
        faces: tuple[Face, ...] = (WIRE, WORDS)
        lines = {face: b"".join(face.say(notice) for notice in notices) for face in faces}
        for client in list(self._register.here.values()):
            if not client.is_new:
                self._delivery.tell(client, lines[client.face])
                self._delivery.pump(client)

    def send_away(self, client: Client, bye: Bye, notices: list[Joined | Left]) -> None:
        """Somebody leaves because the operator wants it."""
        self._delivery.say(client, bye)
        self.leave(Gone(client, bye=True), notices)

    def notice_missing(self, notices: list[Joined | Left]) -> None:
        """Who has been gone for long enough has left."""
        for name, kept in self._register.gone():
            notices.append(Left(name, time.time_ns() // 1_000_000, None if kept else False))
            log.info("%s has not come back", quote(name))

    def close(self, reason: str) -> None:
        """The server closes: says goodbye to everybody."""
        self._is_closing = True
        for client in list(self._register.here.values()):
            if _has_all(client):
                self._register.note_delivered(client)
            self._send_off(client, Bye(reason))


def _has_all(client: Client) -> bool:
    """Whether everything that was handed over has surely arrived: a program, in step, that takes what it is sent."""
    return client.person is not None and client.face is WIRE and client.start == 0 and not client.full
