"""Hallway's wire, version 1: what may be said, how it is written and how it is read.

Bytes in, messages out. Nothing here opens a socket, starts a thread, reads a clock or touches a file, so the server,
the clients, the tests and the benchmark all call it from whichever thread they are in; a `Decoder` belongs to one
connection and to the one thread that reads it.

A line is one JSON object in UTF-8, at most `MAX_LINE` bytes with its newline. What clients say is a `Command`, what
servers say an `Event`; both are frozen dataclasses. Reading is strict (RFC 8259 and then some): no NaN, no duplicate
keys, no lone surrogates, bounded depth, exact types. Unknown fields are ignored, unknown types are not.

    ProtocolError      theirs: a line, a name or an address that cannot be accepted; carries an error code for the wire
      NameProblem      a name that nobody may have
      UnknownPerson    a private message to a name nobody has
"""

from __future__ import annotations

import json
import re
import string
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from json.encoder import encode_basestring as quote  # the C string encoder behind json.dumps(ensure_ascii=False)
from typing import Any, ClassVar, Generic, TypeVar

__version__ = "1.0.0"  # of Hallway, for all its programs
VERSION = 1  # of the wire
DEFAULT_PORT = 12345
EVERYONE = "#everyone"  # the room all are in; an address, like a person's name

PING_SECONDS = 15.0  # of silence, then either side asks whether the other is there
SILENT_SECONDS = 45.0  # of silence, then it is not
NAME_QUESTION = "What is your name? "  # to whoever says nothing for a second; on a bad network that can be a client

MAX_LINE = 64 * 1024  # bytes; 4,000 characters outside the BMP, all written as \uXXXX\uXXXX, take 48,000
MAX_TEXT = 4000  # characters; a line of 250,000 freezes Tk for over a second
MAX_NAME = 32  # characters; fits a sidebar, and `First Second-Third`
MAX_NAME_WORDS = 8  # of a name after an @; each is looked up, and 65 hostile ones took the server over a millisecond
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


class ProtocolError(ValueError):
    """The other side sent something that cannot be accepted.

    `code` is one of the wire's error codes, `str(error)` a sentence for people, `id` the id of the `send` it answers.
    """

    def __init__(self, code: str, sentence: str, id: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.id = id


class NameProblem(ProtocolError):
    """A name that nobody may have; the sentence says what is wrong with it."""

    def __init__(self, sentence: str) -> None:
        super().__init__("name_invalid", sentence)


class UnknownPerson(ProtocolError):
    """A text was addressed to somebody this chat does not know."""

    def __init__(self, name: str) -> None:
        super().__init__("no_such_user", f"There is nobody called {name} here. Nothing was sent.")


# --- text and names ---------------------------------------------------------------------------------------------------

# Everything a terminal or Tk could stumble over: C0 except tab and newline, DEL, C1, line and paragraph separators,
# direction overrides, and lone surrogates (which no encoder takes). Joiners stay: emoji and Indic scripts need them.
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean_text(text: str) -> str:
    """`text` without what could harm a screen: controls, escapes, direction overrides. Newlines and tabs stay."""
    return text if text.isprintable() else _HARMFUL.sub("", text)


def clean_line(text: str) -> str:
    """`text` cleaned and on one line: for names, log lines and terminals."""
    return text if text.isprintable() else " ".join(_HARMFUL.sub("", text).split())


# Categories no name may hold: controls, invisible format characters, surrogates, private use, unassigned, separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What is drawn as nothing whatever its category: all code points with Unicode's property Default_Ignorable_Code_Point
# (DerivedCoreProperties.txt; the Hangul fillers, variation selectors and joiners are among them), and the empty braille
# pattern.
INVISIBLE = (  # for a character class
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\u2800"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
# The blocks of marks for letters of any script, which can be too small or too many to be noticed. The marks of one
# script (vowels of Hindi, the dots of Japanese) are none of these: they make other letters.
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
MAX_MARKS = 2  # on one letter: a vowel and a tone in Thai; piles of them reach into other people's lines
_SPACES = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")  # category Zs
RESERVED_KEYS = frozenset({"everyone", "server"})  # nobody is to pass for the room all are in, or for the server
_COLONS = frozenset(":\u2236\ua789\u05c3\u0589\u205a")  # with one, a name looks like a name and what it says
# In words these are what the chat itself says: see `in_words`.
_NOTICE = re.compile("^private message| has (?:joined|left) the chat")


def check_name(name: str) -> str:
    """`name` as it will be shown (NFC, spaces collapsed). Raises `NameProblem` with a sentence for what is no name."""
    if len(name) > 4 * MAX_NAME:  # before anything that takes its time: marks in bad order took 25 ms
        raise NameProblem(f"That name is too long: {MAX_NAME} characters at the most.")
    shown = unicodedata.normalize("NFC", _SPACES.sub(" ", name)).strip()
    if not shown:
        raise NameProblem("A name needs at least one character.")
    if len(shown) > MAX_NAME:
        raise NameProblem(f"That name is too long: {MAX_NAME} characters at the most.")
    if _INVISIBLE.search(shown) or not _REFUSED_CATEGORIES.isdisjoint(map(unicodedata.category, shown)):
        raise NameProblem("That name contains a character that cannot be seen. Use letters, digits and spaces.")
    _check_marks(shown)
    if len(scripts := _scripts(shown)) > 1:
        raise NameProblem(f"That name mixes {' and '.join(sorted(scripts))} letters. Use letters of one kind.")
    key = name_key(shown)  # looked at as well: of a full-width colon or @ it makes the plain one
    if any(form[:1] in "@#/{" or not _COLONS.isdisjoint(form) for form in (shown, key)):
        raise NameProblem("A name cannot start with @, #, / or {, and cannot contain a colon.")
    looks = look_alike_keys(shown)
    if key in RESERVED_KEYS or not RESERVED_KEYS.isdisjoint(looks):
        raise NameProblem(f"{shown} is nobody's name here. Please choose another one.")
    if any(map(_NOTICE.search, (key, *looks))):
        raise NameProblem("That name reads like something the chat says. Please choose another one.")
    if not any(unicodedata.category(character)[0] in "LNS" for character in shown):
        raise NameProblem("A name needs at least one letter or digit.")
    return shown


def _check_marks(shown: str) -> None:
    """Raises `NameProblem` for marks that make no letter: they hide, or make two names that look the same."""
    base, marks = " ", 0
    for character in unicodedata.normalize("NFKC", shown):
        if unicodedata.category(character) not in ("Mn", "Me"):
            base, marks = character, 0
            continue
        marks += 1
        # Of these three every letter that a language uses much is one character, mark and all.
        if marks > MAX_MARKS or unicodedata.name(base, "").startswith(("LATIN ", "GREEK ", "CYRILLIC ")):
            raise NameProblem("That name has marks on letters that do not take them. Use plain letters.")


def name_key(name: str) -> str:
    """What makes two names the same person: NFKC, spaces collapsed, casefold, until nothing changes (RFC 8266)."""
    key = name
    for _ in range(4):
        folded = unicodedata.normalize("NFKC", " ".join(unicodedata.normalize("NFKC", key).split()).casefold())
        if folded == key:
            break
        key = folded
    return key


# Scripts that are written together: Japanese and Korean both take Chinese characters.
_WRITTEN_TOGETHER = ({"CJK", "HIRAGANA", "KATAKANA"}, {"CJK", "HANGUL"}, {"CJK", "BOPOMOFO"})


def _scripts(name: str) -> set[str]:
    """The scripts of a name's letters, by the first word of their Unicode names; those written together are one."""
    letters = [c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c)[0] == "L"]
    scripts = {unicodedata.name(c, "UNKNOWN").split()[0].title() for c in letters if c not in _NO_SCRIPT}
    together = any(scripts <= {script.title() for script in group} for group in _WRITTEN_TOGETHER)
    return {"East Asian"} if together and scripts else scripts


# Letters of no one script: the prolonged sound mark of Japanese, and the apostrophes that are letters.
_NO_SCRIPT = frozenset("\u30fc\u02bb\u02bc")
# Letters of other scripts that look like Latin ones, as people write them: after folding some look otherwise.
_LOOK_ALIKES = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408\u04ae\u04c0\u051a\u051c"
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u04cf\u0501\u051b\u051d"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03f9"
    "\u03b1\u03b3\u03b9\u03ba\u03bd\u03bf\u03c1\u03c5\u03c7\u03c9\u03f2\u03f3"
    # Lisu, which was made of Latin capitals, and Cherokee
    "\ua4d0\ua4d1\ua4d3\ua4d4\ua4d6\ua4d7\ua4d9\ua4da\ua4dc\ua4dd\ua4df\ua4e0\ua4e1\ua4e2\ua4e3\ua4e6\ua4e7\ua4ea\ua4eb"
    "\ua4ec\ua4ee\ua4f0\ua4f2\ua4f3\ua4f4"
    "\u13a0\u13a1\u13a2\u13a5\u13a9\u13aa\u13ab\u13ac\u13b3\u13b7\u13bb\u13bd\u13c0\u13c2\u13c3\u13cf\u13d4\u13d5\u13d9"
    "\u13da\u13de\u13df\u13e2\u13e6\u13e7\u13f4"
    # Rarer ones of Cyrillic and Greek, which no longer word of either has alone
    "\u042c\u044c\u0474\u0475\u0433\u04af\u050c\u050d\u04ba\u0461\u04bd\u0500\ua647"
    "\u03b7\u03c4\u03b5\u03c3\u03dc\u037f\u03fa"
    # Latin ones of phonetics, small capitals, and the sign on packages
    "\u0251\u0261\u0131\u212e\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274"
    "\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22\u029d"
    # White ones in black circles and squares
    + "".join(map(chr, (*range(0x1F150, 0x1F16A), *range(0x1F170, 0x1F18A), *range(0x1F1E6, 0x1F200)))),
    "ABEKMHOPCTYXSIJYIQWaeopcyxsijhldqwABEZHIKMNOPTYXCayikvopuxwcjBPDTGKJCZFMNLSRVHWXYAEIOUDRTiYAJEWMHYGhZbWSVSLCPKdB"
    "bbVvryGGhwedinteoFJMagieabcdefghijklmnoprstuvwyzj" + 3 * string.ascii_uppercase,
)


def look_alike_key(name: str) -> str:
    """What two names share that look the same: the key of the name with Latin letters for those that look like them,
    without marks, and without punctuation round it. Within one script, people tell their letters apart.
    """
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", name)) if not name.isascii() else name
    key = name_key(plain.translate(_LOOK_ALIKES))
    begin, end = 0, len(key)
    while begin < end and _is_edge(key[begin]):
        begin += 1
    while begin < end and _is_edge(key[end - 1]):
        end -= 1
    return key[begin:end] or key


def _is_edge(character: str) -> bool:
    """Whether a name with this at its end could be taken for the name without it."""
    return character in string.punctuation or character in " \u02bb\u02bc" or unicodedata.category(character)[0] == "P"


def look_alike_keys(name: str) -> frozenset[str]:
    """The look-alike keys of a name however its owner may write it, in capitals or not: they differ in Cyrillic and
    Greek, where a capital may look like one Latin letter and its small one like another, or like none.
    """
    if name.isascii():
        return frozenset((look_alike_key(name),))
    return frozenset(map(look_alike_key, (name, name.lower(), name.upper(), name.title())))


def split_address(text: str, find: Callable[[str], str | None]) -> tuple[str, str] | None:
    """Reads the address off a text such as `@Bob hi` or `@Bob: hi`.

    `find` maps a name's key to the name as its owner writes it, or to None. The longest name that fits wins, so names
    may hold spaces. Returns `(name, rest of the text)`, or None when the text is addressed to nobody in particular.
    Raises `UnknownPerson` when nobody has the name.
    """
    if not text.startswith("@") or len(text) < 2 or text[1].isspace() or text[1] == ":":
        return None
    body = text[1:]
    ends = [i for i, character in enumerate(body[: 2 * MAX_NAME + 1]) if character in ": \n\t"]
    if len(body) <= 2 * MAX_NAME:
        ends.append(len(body))
    for end in reversed(ends[:MAX_NAME_WORDS]):
        name = find(name_key(body[:end]))
        if name is not None:
            return name, body[end:].removeprefix(":").strip()
    raise UnknownPerson(clean_line(re.split(r"[:\s]", body, maxsplit=1)[0])[:MAX_NAME])


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


def in_words(event: Message | Joined | Left, me: str) -> str:
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
