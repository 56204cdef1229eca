"""Knowing the servers again: how a client meets one, by which certificate it knows it, and what it keeps for each.

Trust on first use, as ssh does it. Nobody vouches for a server on a network of one's own; what can be known is that it
is the same as last time. `servers.json` in the client's folder, readable by its user only:

    addresses    by "host:port", the fingerprint of the certificate that was met there; once as the address was typed
                 and once in numbers, so that another spelling of it is no way round
    former       by "host:port", the fingerprints that were met there before, until another one was trusted
    entered      the fingerprints of the servers that have let us in, wherever they were
    tokens       by the server's identity, the token of each name; an identity is a fingerprint, or for a server that
                 does not encrypt "plain:host:port"
    passwords    by the identity, the chat's password, when its user wanted it to be kept

A token or a password kept for one identity is never given to another. A password goes over an unencrypted connection
only to this computer itself, or when it was typed by somebody who had been told that others can read it: whoever
answers first at an address can say that it does not encrypt.

Who was only heard on the network (discovery.py) has said with which certificate it can be met. Another one there is no
changed certificate, which could be trusted, but another computer than was chosen.

`meet` waits for the network, in a thread of its own; an `Acquaintance` belongs to the engine's thread. `KnownServers`
may be used by anybody.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import ssl
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import certificate
import link
from clientlib.storage import make_folder, reason_of, write_whole
from link import Link, LinkError, NotTls, TlsLink, is_own
from names import ProtocolError, clean_line, name_key
from protocol import EVENTS, MAX_LINE, MAX_SECRET, NAME_QUESTION, Decoder, Error, parse_object

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

HANDSHAKE_SECONDS = 10.0  # a LAN needs milliseconds; a server with 500 handshakes before ours less than a second
MOST_ATTEMPTS = 3  # when the network is so slow that the server takes us for a person who says nothing

FILE_NAME = "servers.json"
FORGOTTEN = (
    f"The file with the servers that this computer has met was damaged and is now called {FILE_NAME}.damaged: they are "
    "all forgotten, so compare the words of each server once more, because another computer in its place would not be "
    "noticed."
)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def identity_of(host: str, port: int, fingerprint: str | None) -> str:
    """Whom a server at an address is taken for: its certificate, or its address where it has none."""
    return fingerprint or f"plain:{_address(host, port)}"


def _address(host: str, port: int) -> str:
    return f"{host.strip().rstrip('.').lower()}:{port}"


def _peer(way: Link) -> str:
    """The other side's address in numbers, the same for each way to write it; "" when the connection is gone already.

    All of the loopback is one address: `localhost` is ::1 on one day and 127.0.0.1 on another. The zone of an IPv6
    address stays: the same one in two networks is two computers.
    """
    host = way.peer.lower().removeprefix("::ffff:")  # an IPv4 address in an IPv6 one
    return "127.0.0.1" if is_own(host) else host


# --- meeting a server -------------------------------------------------------------------------------------------------


class NoChat(LinkError):
    """Something answers at the address, and not as a Hallway server does."""

    code = "not_hallway"


@dataclass(frozen=True, slots=True)
class Meeting:
    """A connection on which nothing was said yet; `fingerprint` is the certificate's, None when it is not encrypted.

    `peer` is the other side's address in numbers, without the port.
    """

    link: Link
    fingerprint: str | None
    peer: str

    def end(self) -> None:
        """Gives the connection back."""
        self.link.close()


def meet(host: str, port: int) -> Meeting:
    """Connects and shakes hands; unencrypted only when the server itself says, in so many words, that it has no other.

    Waits for at most `link.CONNECT_SECONDS` and `HANDSHAKE_SECONDS` each time. Raises `LinkError` where nobody answers,
    `NoChat` where something else does. Whether the server may be trusted is for the caller to say.
    """
    for _ in range(MOST_ATTEMPTS):
        plain = link.connect(host, port)
        deadline = time.monotonic() + HANDSHAKE_SECONDS
        try:
            way = TlsLink(plain, link.client_context(), server_side=False, first=b"", seconds=HANDSHAKE_SECONDS)
            return Meeting(way, certificate.fingerprint(way.certificate), _peer(way))
        except NotTls as answer:
            said = _line(plain, answer.said, deadline)
            plain.close()
        except OSError as error:
            plain.close()
            raise NoChat(_why_no_chat(error, host, port)) from None
        if _says_not_encrypted(said):
            clear = link.connect(host, port)
            return Meeting(clear, None, _peer(clear))
        if not said.startswith(NAME_QUESTION.encode()):
            break
    raise NoChat(not_hallway(host, port))


def not_hallway(host: str, port: int) -> str:
    """The sentence for a server of another kind."""
    return f"What answers at {clean_line(host)} port {port} is not a Hallway chat. Is the port right?"


def closed_early(text: str, host: str, port: int) -> str:
    """The sentence, behind what happened, for a server that went before it said anything."""
    return f"{text} Is there a Hallway chat at {clean_line(host)} port {port}?"


def _why_no_chat(error: OSError, host: str, port: int) -> str:
    if isinstance(error, TimeoutError):
        return not_hallway(host, port)
    if isinstance(error, ConnectionError):
        return closed_early("The server closed the connection.", host, port)
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "no reason given").replace("_", " ").lower()
        return closed_early(f"The server and this program could not agree on an encryption ({reason}).", host, port)
    return closed_early(f"The connection to the server broke ({reason_of(error)}).", host, port)


def _line(plain: Link, said: bytes, deadline: float) -> bytes:
    """What is said in the clear, from `said` on: the question for a name, or up to the end of the line."""
    with contextlib.suppress(OSError):  # what came until then is all there is
        while not (b"\n" in said or len(said) > MAX_LINE or said.startswith(NAME_QUESTION.encode())):
            more = plain.receive(max(0.001, deadline - time.monotonic()))
            if not more:
                break
            said += more
    return said


def _says_not_encrypted(said: bytes) -> bool:
    """Whether this is the server's own word for it that it has no encryption, and nothing else."""
    codes = [event.code if type(event) is Error else "" for event in Decoder(EVENTS).feed(said)]
    return codes == ["not_encrypted"] and said.endswith(b"\n")


# --- the servers that were met ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Content:
    addresses: dict[str, str]
    former: dict[str, list[str]]
    entered: list[str]
    tokens: dict[str, dict[str, str]]
    passwords: dict[str, str]


class KnownServers:
    """What is in `servers.json`. Read anew each time: another window of the same person may have changed it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def set_damaged_aside(self) -> bool:
        """Whether the file made no sense: then it is under another name now, for whoever wants to look into it.

        Raises OSError where it cannot be renamed: to write a new one over it would be to forget whom we know.
        """
        if not self._is_damaged():
            return False
        with _alone(self._path):
            return self._rename_damaged()

    def expected(self, host: str, port: int) -> str | None:
        """The fingerprint of the server that was met at this address; None where none was, or none with one.

        This and all other reading raises OSError where the disk does not give the file.
        """
        return self._read().addresses.get(_address(host, port))

    def former(self, hosts: Iterable[str], port: int) -> set[str]:
        """The fingerprints that were met at these addresses before the present ones."""
        content = self._read()
        return {one for host in hosts for one in content.former.get(_address(host, port), ())}

    def remember(self, host: str, port: int, fingerprint: str) -> None:
        """From now on this certificate, and no other, is expected at this address. Raises OSError."""

        def change(content: _Content) -> None:
            address = _address(host, port)
            before = content.addresses.get(address, fingerprint)
            content.addresses[address] = fingerprint
            if before != fingerprint and before not in content.former.setdefault(address, []):
                content.former[address].append(before)

        self._change(change)

    def forget(self, host: str, port: int) -> None:
        """Nobody is expected at this address. Raises OSError."""

        def change(content: _Content) -> None:
            content.addresses.pop(_address(host, port), None)

        self._change(change)

    def has_let_us_in(self, fingerprint: str) -> bool:
        """Whether a server with this certificate did, at whatever address."""
        return fingerprint in self._read().entered

    def note_entered(self, fingerprint: str) -> None:
        """The server with this certificate has let us in. Raises OSError."""

        def change(content: _Content) -> None:
            if fingerprint not in content.entered:
                content.entered.append(fingerprint)

        self._change(change)

    def token(self, identity: str, name: str) -> str | None:
        """What proves to this server that `name` is ours."""
        return self._read().tokens.get(identity, {}).get(name_key(name))

    def keep_token(self, identity: str, name: str, token: str) -> None:
        """Keeps what this server has given us for `name`. Raises OSError."""

        def change(content: _Content) -> None:
            content.tokens.setdefault(identity, {})[name_key(name)] = token

        self._change(change)

    def password(self, identity: str) -> str | None:
        """The chat's password, where it was kept."""
        return self._read().passwords.get(identity)

    def keep_password(self, identity: str, password: str | None) -> None:
        """Keeps the chat's password; None forgets it. Raises OSError."""

        def change(content: _Content) -> None:
            content.passwords.pop(identity, None)
            if password:
                content.passwords[identity] = password

        self._change(change)

    def _read(self) -> _Content:
        """Everything; nothing where there is no file, and of one that is damaged what makes sense.

        Raises OSError where there is a file that the disk does not give: to forget whom we know would be to trust
        anybody.
        """
        with contextlib.suppress(ProtocolError):
            return _content(self._fields())
        return _content({})

    def _fields(self) -> Mapping[str, object]:
        """What the file says. Raises ProtocolError where that is no JSON object."""
        try:
            return parse_object(self._path.read_bytes().strip())
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def _is_damaged(self) -> bool:
        try:
            fields = self._fields()
        except ProtocolError:
            return True
        return any(key in fields and fields[key] != value for key, value in asdict(_content(fields)).items())

    def _rename_damaged(self) -> bool:
        """Sets the file aside if it is damaged; only within `_alone`."""
        damaged = self._is_damaged()
        if damaged:
            self._path.replace(self._path.with_name(f"{FILE_NAME}.damaged"))
        return damaged

    def _change(self, change: Callable[[_Content], None]) -> None:
        with _alone(self._path):
            self._rename_damaged()  # it was whole when we met; what this run has learned since is kept in a new one
            before, content = self._read(), self._read()
            change(content)
            if content != before:
                write_whole(self._path, (json.dumps(asdict(content), indent=1) + "\n").encode())


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While this lasts, no other window of this person changes the file at `path`. Raises OSError.

    Two that came in at the same moment would else each write what they read, and one token, and so a name, be lost.
    """
    make_folder(path.parent)
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with contextlib.suppress(OSError):  # a network folder without locks: no worse than none
            if sys.platform == "win32":
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            else:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _strings(value: object) -> dict[str, str]:
    """The strings in what should be an object of strings."""
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(item, str) and 0 < len(item) <= MAX_SECRET}


def _fingerprints(value: object) -> list[str]:
    """The fingerprints in what should be a list of them."""
    return [item for item in value if _is_fingerprint(item)] if isinstance(value, list) else []


def _is_fingerprint(value: object) -> bool:
    return isinstance(value, str) and _FINGERPRINT.fullmatch(value) is not None


def _content(fields: Mapping[str, object]) -> _Content:
    """What makes sense in `fields`."""
    former, tokens = fields.get("former"), fields.get("tokens")
    by_address = former.items() if isinstance(former, dict) else ()
    by_identity = tokens.items() if isinstance(tokens, dict) else ()
    return _Content(
        {address: one for address, one in _strings(fields.get("addresses")).items() if _is_fingerprint(one)},
        {address: _fingerprints(several) for address, several in by_address},
        _fingerprints(fields.get("entered")),
        {identity: _strings(of_names) for identity, of_names in by_identity},
        _strings(fields.get("passwords")),
    )


# --- one client and the servers at one address ------------------------------------------------------------------------


class Doubt(Exception):
    """The server that was met is not to be spoken to: `certificate_changed`, `not_encrypted_now`, or
    `not_what_was_heard`.

    `str(error)` says what happened, what it may mean and what to do.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Terms:
    """Whom a server is taken for, and what a hello to it may hold.

    `trusted`: its certificate is the changed one that was deliberately trusted in this run. `withheld`: there was a
    password, and it is not for an unencrypted connection. `kept`: the password is from this computer's disk. `peer` is
    as in `Meeting`.
    """

    identity: str
    token: str | None
    password: str | None
    trusted: bool
    withheld: bool
    kept: bool
    peer: str


class Acquaintance:
    """What one run of a client knows of the servers at one address: from the disk, and from memory where that refuses.

    `refusal` is why the disk did not take something; empty when it did. Whoever tells it sets it back.
    """

    def __init__(
        self, folder: Path, host: str, port: int, password: str | None, accept: str | None, *, in_clear: bool,
        key: str | None = None,
    ) -> None:  # fmt: skip
        """`password` as it was given, `accept` the fingerprint of the changed certificate that is welcome this once.

        `in_clear`: whoever typed the password had been told that this connection is not encrypted. `key`: what the
        fingerprint has to begin with, of a chat that is joined because it was heard there.
        """
        self.refusal = ""
        self._known = KnownServers(folder)
        self.set_damaged_aside = self._known.set_damaged_aside
        self._host, self._port = host, port
        # Terminals and Tk hand over halves of characters at times, which no line can hold.
        self._typed = None if password is None else password.encode(errors="replace").decode()
        self._in_clear = in_clear
        self._key = key  # until it was met: from then on its whole fingerprint is known
        self._accept = accept
        self._trusted = accept  # stays what was deliberately trusted in this run
        self._typed_for: str | None = None  # the identity that the typed password is for: the first we meet
        self._met: str | None = None  # whose fingerprint is expected here, where the disk did not take it
        self._strangers: list[str] = []  # hosts that were remembered for what we speak to now, and were new
        self._tokens: dict[str, str] = {}  # key: identity; of our name, where the disk did not take it

    def recognise(self, met: Meeting, name: str) -> Terms:
        """On which terms to speak to the server that was met. Raises `Doubt`, OSError where the disk cannot be read.

        What is met for the first time is remembered now, before the hello, and not when it has let us in: from here on
        it has our name and perhaps a password, so another one in its place must be noticed.
        """
        if self._key is not None and not (met.fingerprint or "").startswith(self._key):
            raise Doubt("not_what_was_heard", self._not_what_was_heard())
        typed = self._met or self._known.expected(self._host, self._port)
        # What was typed decides where both are known: a name may have moved to a number that was somebody else's.
        expected = typed or (self._known.expected(met.peer, self._port) if met.peer else None)
        if met.fingerprint is None and expected is not None:
            raise Doubt("not_encrypted_now", self._not_encrypted_now())
        if met.fingerprint is not None:
            changed = expected not in (None, met.fingerprint)
            if changed and met.fingerprint != self._accept:
                raise Doubt("certificate_changed", self._certificate_changed(str(expected), met.fingerprint))
            self._remember(met, met.fingerprint, changed=changed)
        self._accept = self._key = None
        identity = identity_of(self._host, self._port, met.fingerprint)
        token = self._tokens.get(identity) or self._known.token(identity, name)
        password = self._password_for(identity)
        withheld = password is not None and met.fingerprint is None and not (self._in_clear or is_own(met.peer))
        trusted = met.fingerprint is not None and met.fingerprint == self._trusted
        kept = password is not None and password != self._typed
        return Terms(identity, token, None if withheld else password, trusted, withheld, kept, met.peer)

    def _remember(self, met: Meeting, fingerprint: str, *, changed: bool) -> None:
        """Expects this certificate from now on at the address as it was typed, and at its number.

        A number where another server was met keeps that one, unless the change is what was deliberately trusted.
        """
        self._strangers.clear()
        if self._met == fingerprint:
            return  # the disk did not take it the last time, which was told
        try:
            for host in filter(None, (self._host, met.peer)):
                before = self._known.expected(host, self._port)
                if before is None or (before != fingerprint and (changed or host == self._host)):
                    self._known.remember(host, self._port, fingerprint)
                    if before is None:
                        self._strangers.append(host)
        except OSError as error:
            self._met, self.refusal = fingerprint, reason_of(error)

    def was_no_chat(self, terms: Terms) -> None:
        """What was spoken to on these terms is no Hallway server: the next one at its address is welcome.

        Not where it was told a password: then it may have been after that, and another one is to be noticed.
        """
        if terms.password is None:
            with contextlib.suppress(OSError):  # then there is one question more, some day
                for host in self._strangers:
                    self._known.forget(host, self._port)

    def others_here(self, terms: Terms) -> set[str]:
        """The identities of those that were met before at the address of the server with these terms.

        Nobody where the disk does not say: it is asked for a sentence only.
        """
        hosts = {self._host, terms.peer}
        others = {identity_of(host, self._port, None) for host in hosts}
        with contextlib.suppress(OSError):
            others |= self._known.former(hosts, self._port)
        return others - {terms.identity}

    def _password_for(self, identity: str) -> str | None:
        if self._typed is not None:
            self._typed_for = self._typed_for or identity
            if self._typed_for == identity:
                return self._typed
        return self._known.password(identity)

    def is_first_meeting(self, fingerprint: str | None) -> bool:
        """Whether the server that lets us in now, with this certificate, never did before. It has from now on."""
        if fingerprint is None:
            return False
        try:
            if self._known.has_let_us_in(fingerprint):
                return False
            self._known.note_entered(fingerprint)
        except OSError as error:
            self.refusal = reason_of(error)
        return True

    def keep_token(self, identity: str, name: str, token: str) -> None:
        """Keeps what this server has given us for `name`, on disk when this returns unless there is a `refusal`."""
        self._tokens[identity] = token
        try:
            self._known.keep_token(identity, name, token)
            del self._tokens[identity]  # what another window is given later counts
        except OSError as error:
            self.refusal = reason_of(error)

    def keep_password(self, identity: str, password: str | None) -> None:
        """Keeps the chat's password; None forgets it. Raises OSError."""
        self._known.keep_password(identity, password)

    def _not_what_was_heard(self) -> str:
        here = f"{clean_line(self._host)} port {self._port}"
        return (
            f"What answers at {here} is not the chat that was heard there: it has another certificate, or none. Either "
            "the chat was just set up anew, or another computer pretends to be it and would read what you write. "
            "Nothing was sent to it. Choose the chat in the list once more in a moment. If you read this again, ask "
            "whoever runs the chat for its address and its four words, and type the address."
        )

    def _certificate_changed(self, expected: str, found: str) -> str:
        here = f"{clean_line(self._host)} port {self._port}"
        return (
            f"The server at {here} is not the one you met there before. Either it was set up anew, or another computer "
            "pretends to be it and would read what you write. Nothing was sent to it. The words of the server were "
            f"“{certificate.four_words(expected)}”; now they are “{certificate.four_words(found)}”. Ask whoever runs "
            "the server which words it shows when it starts, and accept the new ones only if they are exactly these."
        )

    def _not_encrypted_now(self) -> str:
        here = f"{clean_line(self._host)} port {self._port}"
        return (
            f"The server at {here} was encrypted when you met it, and now offers no encryption. Either it was set up "
            "otherwise, or another computer pretends to be it and would read what you write. Nothing was sent to it. "
            "Ask whoever runs the server to turn its encryption on again; until then you cannot join here."
        )


def name_of_the_unencrypted_chat(name: str) -> str:
    """The sentence for a name that was taken at this address while the chat was not encrypted."""
    return (
        f"This chat is encrypted now, and what proves that {name} is you was given out while it was not. Ask whoever "
        f"runs the server to type this, and then join again: release {name}"
    )


def no_longer_yours(name: str) -> str:
    """The sentence for a name whose token the server does not take any more."""
    return (
        f"{name} was yours in this chat and is not any more: it was set free, and has a new owner, or somebody has a "
        "name that looks like it. If the new owner is you, on another computer, go on there. Else choose another name, "
        f"or ask whoever runs the server to type this, and then join at once: release {name}"
    )
