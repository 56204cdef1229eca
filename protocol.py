"""Hallway's wire, version 1: what may be said, how it is written and how it is read.

Bytes in, messages out. Nothing here opens a socket, starts a thread, reads a clock or touches a file, so the server,
the clients, the tests and the benchmark all call it from whichever thread they are in; a `Decoder` belongs to one
connection and to the one thread that reads it.

A line is one JSON object in UTF-8, at most `MAX_LINE` bytes with its newline. What clients say is a `Command`, what
servers say an `Event`; both are frozen dataclasses. Reading is strict (RFC 8259 and then some): no NaN, no duplicate
keys, no lone surrogates, bounded depth, exact types. Unknown fields are ignored, unknown types are not. What cannot be
accepted raises `ProtocolError` (names.py).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from json.encoder import encode_basestring as quote  # the C string encoder behind json.dumps(ensure_ascii=False)
from typing import Any, ClassVar, Generic, TypeVar

from names import MAX_NAME, ProtocolError, check_name, clean_line, clean_text, name_key

__version__ = "1.0.0"  # of Hallway, for all its programs
VERSION = 1  # of the wire
DEFAULT_PORT = 12345
EVERYONE = "#everyone"  # the room all are in; an address, like a person's name

PING_SECONDS = 15.0  # of silence, then either side asks whether the other is there
SILENT_SECONDS = 45.0  # of silence, then it is not
NAME_QUESTION = "What is your name? "  # to whoever says nothing for a second; on a bad network that can be a client

MAX_LINE = 64 * 1024  # bytes; 4,000 characters outside the BMP, all written as \uXXXX\uXXXX, take 48,000
MAX_TEXT = 4000  # characters; a line of 250,000 freezes Tk for over a second
MAX_ID = 64  # characters; two UUIDs
MAX_SECRET = 1024  # characters of a token or a password
MAX_QUERY = 200  # characters of a search; longer ones find nothing more
MAX_PAGE = 200  # messages in one page of history
MAX_FOUND = 100  # messages in one answer to a search
MAX_TALKED = 200  # people in one list of conversations
MAX_UNREAD = 1000  # unread messages that are counted in one conversation: past that nobody wants the exact number
MAX_DEPTH = 8  # of arrays and objects in one line; ours need 3
MAX_INTEGER = 2**63 - 1  # what SQLite stores
MAX_TIME = 32_503_680_000_000  # ms; the year 3000, the last that time.localtime knows on Windows


def read_port(text: str, lowest: int = 1) -> int:
    """A TCP port, as somebody typed it. Raises ValueError with a sentence for anything else."""
    digits = text.strip()
    if digits.isascii() and digits.isdigit() and len(digits) <= 9 and lowest <= int(digits) <= 65535:
        return int(digits)
    shown = clean_line(text)[:20]
    raise ValueError(f"“{shown}” is no port. A port is a number from {lowest} to 65535, mostly {DEFAULT_PORT}.")


# --- what travels -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    """A client's first word. `history` and `after` resume: everything after seq `after` of that log."""

    type: ClassVar[str] = "hello"
    v: int
    name: str
    token: str | None = None
    password: str | None = None
    history: str | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """A text to `to`: a person or `EVERYONE`; without it, a text that starts with `@name` says it itself."""

    type: ClassVar[str] = "send"
    id: str
    text: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class AskHistory:
    """Asks for a page of the log: the newest `limit` messages before seq `before`, or the oldest after seq `after`.

    `other` is a person (the private messages with them) or `EVERYONE` (the public ones); without, all that one may see.
    Exactly one of `before` and `after` is given.
    """

    type: ClassVar[str] = "history"
    before: int | None
    limit: int
    other: str | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class AskSearch:
    """Asks for the newest `limit` messages before seq `before` that hold all the words of `text`."""

    type: ClassVar[str] = "search"
    text: str
    limit: int
    before: int | None = None


@dataclass(frozen=True, slots=True)
class AskConversations:
    """Asks with whom this client's person has talked privately, and what of it is unread."""

    type: ClassVar[str] = "conversations"


@dataclass(frozen=True, slots=True)
class TypingTo:
    """This client's person is writing to `to`, a person or `EVERYONE`."""

    type: ClassVar[str] = "typing"
    to: str


@dataclass(frozen=True, slots=True)
class SeenWith:
    """This client's person has seen the messages with `other` up to `seq`; with `EVERYONE`, the public ones."""

    type: ClassVar[str] = "seen"
    other: str
    seq: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there?"""

    type: ClassVar[str] = "ping"


@dataclass(frozen=True, slots=True)
class Pong:
    """I am."""

    type: ClassVar[str] = "pong"


@dataclass(frozen=True, slots=True)
class Bye:
    """The last word of either side; `reason` is a sentence, and only servers give one.

    With a `code` (`taken_over`, `kicked`, `banned`) the server means this person: the client is not to come back by
    itself.
    """

    type: ClassVar[str] = "bye"
    reason: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody this chat knows, here or away."""

    name: str
    online: bool


@dataclass(frozen=True, slots=True)
class Welcome:
    """The answer to a `Hello`: `server` is the chat's name, `history` the id of its log, `last` its newest seq."""

    type: ClassVar[str] = "welcome"
    v: int
    server: str
    history: str
    name: str
    people: tuple[Person, ...]
    last: int
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the log. `time` is in milliseconds since 1970, UTC, by the server's clock, and for display only."""

    type: ClassVar[str] = "message"
    seq: int
    time: int
    sender: str
    to: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Ack:
    """The message with this `id` is on the server's disk as entry `seq`."""

    type: ClassVar[str] = "ack"
    id: str
    seq: int
    time: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody came."""

    type: ClassVar[str] = "joined"
    name: str
    time: int


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody went: said goodbye, or has been gone for ten seconds. `kept`: false for a guest, whose name is free."""

    type: ClassVar[str] = "left"
    name: str
    time: int
    kept: bool | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The answer to `AskHistory`, oldest first; `more` when there are older ones, or newer ones behind an `after`.

    `before` or `after` and `other` are the question's; older servers leave them out.
    """

    type: ClassVar[str] = "page"
    messages: tuple[Message, ...]
    more: bool
    before: int | None = None
    after: int | None = None
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to `AskSearch`, oldest first; `more` when older ones match too.

    `text` and `before` are the question's; older servers leave them out.
    """

    type: ClassVar[str] = "found"
    messages: tuple[Message, ...]
    more: bool
    text: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Talked:
    """A conversation: with `other`, a person or `EVERYONE`; `last` is its newest seq, 0 where there is none.

    `read`: up to where this client's person has read it; `unread`: messages of others after that, counted up to
    `MAX_UNREAD`; `seen`: up to where the other one has read, 0 for `EVERYONE`.
    """

    other: str
    last: int
    read: int
    unread: int
    seen: int


@dataclass(frozen=True, slots=True)
class Conversations:
    """The answer to `AskConversations`: `EVERYONE` first, then at most `MAX_TALKED` people, the latest first."""

    type: ClassVar[str] = "conversations"
    talked: tuple[Talked, ...]


@dataclass(frozen=True, slots=True)
class TypingFrom:
    """`sender` is writing to `to`: `EVERYONE`, or this client's person (older servers leave it out)."""

    type: ClassVar[str] = "typing"
    sender: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class SeenBy:
    """`sender` has seen the private messages of the two up to `seq`."""

    type: ClassVar[str] = "seen"
    sender: str
    seq: int


@dataclass(frozen=True, slots=True)
class Error:
    """Something could not be done; `text` is a sentence for people, `id` names the `send` it answers."""

    type: ClassVar[str] = "error"
    code: str
    text: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class PlainSends:
    """Some `Send`s that came together: `(id, text)` each, in order, all for everybody. `size`: of their texts."""

    said: list[tuple[str, str]]
    size: int


Command = Hello | Send | AskHistory | AskSearch | AskConversations | TypingTo | SeenWith | Ping | Pong | Bye
_Answer = Page | Found | Conversations
Event = Welcome | Message | Ack | Joined | Left | _Answer | TypingFrom | SeenBy | Error | Ping | Pong | Bye


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be read: `error` answers it; after a `fatal` one nothing more can be framed."""

    error: Error
    fatal: bool = False


# --- writing ----------------------------------------------------------------------------------------------------------

# Field names that are keywords in Python, or the name of their message.
_WIRE_NAMES = {"sender": "from", "other": "with", "talked": "conversations"}
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def _plain(value: Any) -> Any:
    """A dataclass as the dict of its JSON object; absent optional fields are left out."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if not hasattr(value, "__dataclass_fields__"):
        return value
    plain: dict[str, Any] = {"type": value.type} if hasattr(value, "type") else {}
    for field in fields(value):
        item = getattr(value, field.name)
        if item is not None:
            plain[_WIRE_NAMES.get(field.name, field.name)] = _plain(item)
    return plain


def encode(message: Command | Event) -> bytes:
    """`message` as its line on the wire, newline included."""
    if type(message) is Message:
        m = message
        return encode_run(m.sender, m.to, [(m.seq, m.time, m.id, m.text)])[1][0]
    return encode_any(message)


def encode_any(message: Command | Event) -> bytes:
    """What `encode` gives, the general way."""
    return (_to_json(_plain(message)) + "\n").encode()


def encode_run(sender: str, to: str, run: Iterable[tuple[int, int, str, str]]) -> tuple[list[str], list[bytes]]:
    """What one person wrote to one address, `(seq, time, id, text)` each: the lines of the acks (as text, to be joined
    and then encoded) and of the messages, as `encode_any` would write them.

    Written out by hand: the server makes both for every message of a flood.
    """
    between = f',"from":{quote(sender)},"to":{quote(to)},"id":'
    acks: list[str] = []
    lines: list[bytes] = []
    for seq, time_ms, id, text in run:
        quoted = quote(id)
        acks.append(f'{{"type":"ack","id":{quoted},"seq":{seq},"time":{time_ms}}}\n')
        line = f'{{"type":"message","seq":{seq},"time":{time_ms}{between}{quoted},"text":{quote(text)}}}\n'
        lines.append(line.encode())
    return acks, lines


def encode_page(page: Page | Found) -> bytes:
    """The line of a `page` or `found`, as `encode_any` would write it.

    Where not all messages fit into `MAX_LINE`, those furthest from what was asked are left out, and `more` is true.
    """
    question = _plain(replace(page, messages=()))
    del question["type"], question["messages"], question["more"]
    head = f'{{"type":"{page.type}","messages":['.encode()
    end = f"{',' if question else ''}{_to_json(question)[1:]}\n".encode()
    room = MAX_LINE - len(head) - len(b'],"more":false') - len(end)
    forward = isinstance(page, Page) and page.after is not None
    kept: list[bytes] = []
    more = page.more
    for message in page.messages if forward else reversed(page.messages):
        line = encode(message).rstrip(b"\n")
        room -= len(line) + 1
        if room < 0:
            more = True
            break
        kept.append(line)
    if not forward:
        kept.reverse()
    return head + b",".join(kept) + (b'],"more":true' if more else b'],"more":false') + end


def encode_people(people: Iterable[Person]) -> str:
    """The `people` array of a `welcome`: as many of the first ones as fit into `MAX_LINE` with the other fields."""
    fitting: list[str] = []
    room = MAX_LINE - 4096  # the other fields: names and ids are bounded, and so is a token
    for person in people:
        entry = f'{{"name":{quote(person.name)},"online":{"true" if person.online else "false"}}}'
        room -= len(entry.encode()) + 1
        if room < 0:
            break
        fitting.append(entry)
    return f"[{','.join(fitting)}]"


def encode_welcome(welcome: Welcome, people: str) -> bytes:
    """The line of `welcome`, with the array that `encode_people` made once for many in the place of its people."""
    plain = _plain(welcome)
    del plain["people"]
    return f'{_to_json(plain)[:-1]},"people":{people}}}\n'.encode()


# --- reading ----------------------------------------------------------------------------------------------------------


def _bad(sentence: str, id: str | None = None) -> ProtocolError:
    return ProtocolError("bad_message", sentence, id)


def _refuse_constant(name: str) -> Any:
    raise _bad(f"{name} is not a number in JSON.")


def _short_integer(digits: str) -> int:
    if len(digits) > 20:  # no honest number is longer, and int() of a very long one is slow or raises
        raise _bad("A number is too large.")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _bad("A number is too large.")
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _bad("An object has the same key twice.")
    return result


_parse = json.JSONDecoder(
    object_pairs_hook=_without_duplicates,
    parse_constant=_refuse_constant,
    parse_int=_short_integer,
    parse_float=_finite,
).raw_decode


def _check_depth(text: str) -> None:
    """Raises for nesting deeper than `MAX_DEPTH`, before a recursive parser sees it (json has crashed CPython 3.13)."""
    outside_strings = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", outside_strings):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise _bad("The line is nested too deeply.")


def parse_object(line: bytes) -> dict[str, Any]:
    """The JSON object that `line` (without its newline) is; raises `ProtocolError` `bad_message` for anything else."""
    try:
        text = line.decode().strip(" \t\r")
    except UnicodeDecodeError:
        raise _bad("The line is not UTF-8.") from None
    if ("[" in text or text.rfind("{") > 0) and text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(text)
    try:
        value, end = _parse(text)
    except ProtocolError:
        raise
    except ValueError:
        raise _bad("The line is not JSON.") from None
    if end != len(text) or type(value) is not dict:
        raise _bad("The line is not one JSON object.")
    if "\\u" in text:
        try:
            _to_json(value).encode()
        except UnicodeEncodeError:
            raise _bad("The line holds half a surrogate pair.") from None
    return value


Fields = dict[str, Any]


def _string(fields: Fields, key: str, longest: int) -> str:
    value = fields.get(key)
    if type(value) is not str:
        raise _bad(f"“{key}” must be a string.")
    if len(value) > longest:
        raise _bad(f"“{key}” has more than {longest} characters.")
    return value


def _optional_string(fields: Fields, key: str, longest: int) -> str | None:
    return None if key not in fields else _string(fields, key, longest)


def _integer(fields: Fields, key: str, highest: int = MAX_INTEGER, lowest: int = 0) -> int:
    value = fields.get(key)
    if type(value) is not int or not lowest <= value <= highest:
        raise _bad(f"“{key}” must be a whole number from {lowest} to {highest}.")
    return value


def _optional_integer(fields: Fields, key: str) -> int | None:
    return None if key not in fields else _integer(fields, key)


def _boolean(fields: Fields, key: str) -> bool:
    value = fields.get(key)
    if type(value) is not bool:
        raise _bad(f"“{key}” must be true or false.")
    return value


def _array(fields: Fields, key: str) -> list[Fields]:
    value = fields.get(key)
    if type(value) is not list or not all(type(item) is dict for item in value):
        raise _bad(f"“{key}” must be an array of objects.")
    return value


def _read_hello(fields: Fields) -> Hello:
    if _integer(fields, "v") != VERSION:
        raise ProtocolError("unsupported_version", f"This server speaks version {VERSION} of the protocol only.")
    return Hello(
        VERSION,
        check_name(_string(fields, "name", MAX_TEXT)),  # too long a name is a name problem: there is another try
        _optional_string(fields, "token", MAX_SECRET),
        _optional_string(fields, "password", MAX_SECRET),
        _optional_string(fields, "history", MAX_ID),
        _optional_integer(fields, "after"),
    )


def _read_send(fields: Fields) -> Send:
    id = fields.get("id")
    if type(id) is not str or not 0 < len(id) <= MAX_ID or not id.isprintable():
        raise _bad(f"“id” must be a string of 1 to {MAX_ID} printable characters.")
    text = fields.get("text")
    if type(text) is not str:
        raise _bad("“text” must be a string.", id)
    if len(text) > MAX_TEXT:
        raise ProtocolError("too_long", f"A message has at most {MAX_TEXT} characters; this one has {len(text)}.", id)
    to = fields.get("to")
    if to is not None and (type(to) is not str or len(to) > 4 * MAX_NAME):
        raise _bad("“to” must be a name.", id)
    if not text.isprintable():
        text = clean_text(text)
    if not text or text.isspace():
        raise _bad("There is nothing in that message.", id)
    return Send(id, text, to)


def _read_ask_history(fields: Fields) -> AskHistory:
    if "after" not in fields:
        _integer(fields, "before")
    elif "before" in fields:
        raise _bad("Either “before” or “after”: a page goes one way.")
    return AskHistory(
        _optional_integer(fields, "before"),
        _integer(fields, "limit", MAX_PAGE, 1),
        _optional_string(fields, "with", 4 * MAX_NAME),
        _optional_integer(fields, "after"),
    )


def _read_ask_search(fields: Fields) -> AskSearch:
    text = clean_line(_string(fields, "text", MAX_QUERY))
    return AskSearch(text, _integer(fields, "limit", MAX_FOUND, 1), _optional_integer(fields, "before"))


def _read_typing_to(fields: Fields) -> TypingTo:
    return TypingTo(_string(fields, "to", 4 * MAX_NAME))


def _read_seen_with(fields: Fields) -> SeenWith:
    return SeenWith(_string(fields, "with", 4 * MAX_NAME), _integer(fields, "seq"))


def _shown_name(fields: Fields, key: str) -> str:
    """A name that a server sent: believed, but made harmless for a screen."""
    return clean_line(_string(fields, key, 4 * MAX_NAME))


def _read_person(fields: Fields) -> Person:
    return Person(_shown_name(fields, "name"), _boolean(fields, "online"))


def _read_welcome(fields: Fields) -> Welcome:
    return Welcome(
        _integer(fields, "v"),
        clean_line(_string(fields, "server", 4 * MAX_NAME)),
        _string(fields, "history", MAX_ID),
        _shown_name(fields, "name"),
        tuple(_read_person(person) for person in _array(fields, "people")),
        _integer(fields, "last"),
        _optional_string(fields, "token", MAX_SECRET),
    )


def _read_message(fields: Fields) -> Message:
    return Message(
        _integer(fields, "seq"),
        _integer(fields, "time", MAX_TIME),
        _shown_name(fields, "from"),
        _shown_name(fields, "to"),
        _string(fields, "id", MAX_ID),
        clean_text(_string(fields, "text", MAX_TEXT)),
    )


def _read_ack(fields: Fields) -> Ack:
    return Ack(_string(fields, "id", MAX_ID), _integer(fields, "seq"), _integer(fields, "time", MAX_TIME))


def _read_joined(fields: Fields) -> Joined:
    return Joined(_shown_name(fields, "name"), _integer(fields, "time", MAX_TIME))


def _read_left(fields: Fields) -> Left:
    kept = _boolean(fields, "kept") if "kept" in fields else None
    return Left(_shown_name(fields, "name"), _integer(fields, "time", MAX_TIME), kept)


def _read_messages(fields: Fields) -> tuple[Message, ...]:
    return tuple(_read_message(message) for message in _array(fields, "messages"))


def _optional_name(fields: Fields, key: str) -> str | None:
    return None if key not in fields else _shown_name(fields, key)


def _read_page(fields: Fields) -> Page:
    return Page(
        _read_messages(fields),
        _boolean(fields, "more"),
        _optional_integer(fields, "before"),
        _optional_integer(fields, "after"),
        _optional_name(fields, "with"),
    )


def _read_found(fields: Fields) -> Found:
    text = _optional_string(fields, "text", MAX_QUERY)
    return Found(
        _read_messages(fields),
        _boolean(fields, "more"),
        None if text is None else clean_line(text),
        _optional_integer(fields, "before"),
    )


def _read_talked(fields: Fields) -> Talked:
    return Talked(
        _shown_name(fields, "with"),
        _integer(fields, "last"),
        _integer(fields, "read"),
        _integer(fields, "unread"),
        _integer(fields, "seen"),
    )


def _read_error(fields: Fields) -> Error:
    return Error(
        _string(fields, "code", MAX_ID),
        clean_line(_string(fields, "text", MAX_TEXT)),
        _optional_string(fields, "id", MAX_ID),
    )


def _read_reason(fields: Fields) -> Bye:
    reason = _optional_string(fields, "reason", MAX_TEXT)
    return Bye(None if reason is None else clean_line(reason), _optional_string(fields, "code", MAX_ID))


COMMANDS: Mapping[str, Callable[[Fields], Command]] = {
    "hello": _read_hello,
    "send": _read_send,
    "history": _read_ask_history,
    "search": _read_ask_search,
    "conversations": lambda _: AskConversations(),
    "typing": _read_typing_to,
    "seen": _read_seen_with,
    "ping": lambda _: Ping(),
    "pong": lambda _: Pong(),
    "bye": lambda _: Bye(),
}

EVENTS: Mapping[str, Callable[[Fields], Event]] = {
    "welcome": _read_welcome,
    "message": _read_message,
    "ack": _read_ack,
    "joined": _read_joined,
    "left": _read_left,
    "page": _read_page,
    "found": _read_found,
    "conversations": lambda fields: Conversations(tuple(map(_read_talked, _array(fields, "conversations")))),
    "typing": lambda fields: TypingFrom(_shown_name(fields, "from"), _optional_name(fields, "to")),
    "seen": lambda fields: SeenBy(_shown_name(fields, "from"), _integer(fields, "seq")),
    "error": _read_error,
    "ping": lambda _: Ping(),
    "pong": lambda _: Pong(),
    "bye": _read_reason,
}


class LineSplitter:
    """Bytes in, lines out (without their newlines), however the bytes were cut.

    After a line of more than `MAX_LINE` bytes `overflow` is true and what follows is dropped: it cannot be framed. At
    no time is more than one line kept.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self.overflow = False

    @property
    def within_line(self) -> bool:
        """Whether part of a line has come, and its end has not."""
        return bool(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes."""
        return self.split(self.whole(data))

    def whole(self, data: bytes) -> bytes:
        """The lines that `data` completes, in one piece."""
        if self.overflow:
            return b""
        end = data.rfind(b"\n") + 1
        if end == 0:
            piece = b""
            self._rest += data
        else:
            piece = bytes(self._rest) + data[:end] if self._rest else data[:end]
            self._rest = bytearray(data[end:])
        if len(self._rest) >= MAX_LINE:
            self._overflow()
        return piece

    def split(self, piece: bytes) -> list[bytes]:
        """The lines of what `whole` returned, up to the first that is too long."""
        lines = piece.split(b"\n")
        lines.pop()
        for i, line in enumerate(lines):
            if len(line) >= MAX_LINE:
                self._overflow()
                del lines[i:]
                break
        return lines

    def _overflow(self) -> None:
        self.overflow = True
        self._rest.clear()


T = TypeVar("T")


class Decoder(Generic[T]):
    """Bytes in, messages out, for one direction: `Decoder(EVENTS)` reads servers, a `CommandDecoder` clients."""

    def __init__(self, readers: Mapping[str, Callable[[Fields], T]]) -> None:
        self._readers = readers
        self._lines = LineSplitter()
        self._ended = False

    @property
    def within_line(self) -> bool:
        """Whether part of a line has come, and its end has not."""
        return self._lines.within_line

    def feed(self, data: bytes) -> list[T | BadLine]:
        """What the lines say that `data` completes, in order. A bad line takes none of the good ones with it."""
        return self._read_all(self._lines.whole(data))

    def _read_all(self, piece: bytes) -> list[T | BadLine]:
        if self._ended:
            return []
        result: list[T | BadLine] = [self._read(line) for line in self._lines.split(piece)]
        if self._lines.overflow:
            self._ended = True
            sentence = f"A line has more than {MAX_LINE} bytes."
            result.append(BadLine(Error("too_long", sentence), fatal=True))
        return result

    def _read(self, line: bytes) -> T | BadLine:
        try:
            fields = parse_object(line)
            kind = fields.get("type")
            reader = self._readers.get(kind) if type(kind) is str else None
            if reader is None:
                raise _bad("“type” is missing or not one this side knows.")
            return reader(fields)
        except ProtocolError as problem:
            return BadLine(Error(problem.code, str(problem), problem.id))


# The `send` that nearly every client writes for nearly every message: in ASCII, nothing to unescape, to clean or to
# address. It means what the JSON parser would make of it.
_PLAIN_SEND = re.compile(r'\{"type":"send","id":"([ !#-\[\]-~]{1,64})","text":"(?!@| *")([ !#-\[\]-~]{1,4000})"\}\n')
_PLAIN_START = b'{"type":"send","id":"'
_PLAIN_FRAME = len('{"type":"send","id":"","text":""}\n')


class CommandDecoder(Decoder[Command | PlainSends]):
    """What clients say. Plain `send`s alone, which a flood consists of, are read in a quarter of the time."""

    def __init__(self) -> None:
        super().__init__(COMMANDS)

    def feed(self, data: bytes) -> list[Command | PlainSends | BadLine]:
        """What the lines say that `data` completes, in order: one `PlainSends` when they are nothing else."""
        piece = self._lines.whole(data)
        if piece.startswith(_PLAIN_START) and piece.isascii() and not self._lines.overflow:
            said: list[tuple[str, str]] = _PLAIN_SEND.findall(piece.decode())
            # What was found does not overlap: when it is as long as the piece, it is all of the piece.
            texts = sum(len(text) for _, text in said)
            if texts + sum(len(id) for id, _ in said) + _PLAIN_FRAME * len(said) == len(piece):
                return [PlainSends(said, texts)]
        return self._read_all(piece)


# --- the same chat in words, for netcat and the console ---------------------------------------------------------------


def clock_time(time_ms: int) -> str:
    """A message's time as `12:03`, by this machine's time zone."""
    return time.strftime("%H:%M", time.localtime(time_ms / 1000))


def plain_line(event: Message | Joined | Left, me: str) -> str:
    """One line (no newline at its end) that tells the person called `me` what happened."""
    if isinstance(event, Joined):
        return f"{event.name} has joined the chat."
    if isinstance(event, Left):
        return f"{event.name} has left the chat."
    # Further lines are set in, so that no text can pass for another's message.
    text = event.text.replace("\n", "\n    ")
    if event.to == EVERYONE:
        return f"[{clock_time(event.time)}] {event.sender}: {text}"
    if name_key(event.sender) == name_key(me):
        return f"Private message to {event.to}: {text}"
    return f"Private message from {event.sender}: {text}"
