"""What the first screen says: of what was typed and cannot be, and of why one was not let in. No Tk in here.

Used by join_screen.py and its parts, in Tk's thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from clientlib import firewall
from clientlib.happenings import Refused
from clientlib.hosting import can_be_given
from discovery import Heard
from names import NameProblem, check_name, clean_line
from protocol import DEFAULT_PORT, MAX_SECRET, read_port

# Where on the first screen something can be mended; the last two are asked for before a chat is hosted here.
Field = Literal["name", "chats", "password", "host", "port", "name of the chat", "password of the chat"]


# --- what was typed ---------------------------------------------------------------------------------------------------


class Slip(Exception):
    """Something that was typed cannot be; `str(slip)` says what to do, `slip.field` is where."""

    def __init__(self, sentence: str, field: Field) -> None:
        super().__init__(sentence)
        self.field: Field = field


def checked_name(typed: str) -> str:
    """Who one is. This and what follows raises `Slip`."""
    try:
        return check_name(typed)
    except NameProblem as problem:
        raise Slip(str(problem), "name") from None


def checked_port(typed: str) -> int:
    """The port of a chat."""
    if not typed.strip():
        raise Slip(f"Type the port of the chat: a number, mostly {DEFAULT_PORT}.", "port")
    try:
        return read_port(typed)
    except ValueError as problem:
        raise Slip(str(problem), "port") from None


def checked_password(typed: str) -> str | None:
    """The password of a chat that has asked for one; None: without, for it may not want one any more."""
    return _not_too_long(typed, "password") or None


def checked_chat_name(typed: str) -> str:
    """What a chat that is hosted here is to be called."""
    name = clean_line(typed).strip()
    if not name:
        raise Slip("Give the chat a name that the others know it by.", "name of the chat")
    return name


def checked_new_password(typed: str) -> str | None:
    """The password that a chat which is hosted here is to have; None for none."""
    if not can_be_given(typed):
        sentence = "There is something in this password that is no character. Type it anew, or choose another one."
        raise Slip(sentence, "password of the chat")
    return _not_too_long(typed, "password of the chat") or None


def _not_too_long(password: str, field: Field) -> str:
    if len(password) > MAX_SECRET:
        raise Slip(f"A password has at most {MAX_SECRET:,} characters.", field)
    return password


# --- a chat of one's own ----------------------------------------------------------------------------------------------


def about_own_chat(port: str) -> str:
    """What is to be known before a chat is started here, with `port` as it was typed."""
    found = "find it in their list" if port == str(DEFAULT_PORT) else "type its address and port"
    return (
        f"It runs on this computer until you stop it, and others on this network {found}. "
        "What was written in chats started here before is in it."
    )


# --- why one was not let in -------------------------------------------------------------------------------------------

# Where the address was typed, by the code of a refusal, what of it may be wrong.
_MENDED_IN: dict[str, Field] = {"unreachable": "host", "nobody_listens": "port", "not_hallway": "port"}


@dataclass(frozen=True, slots=True)
class Advice:
    """What is said of a refusal, and what can be done.

    `field` is where it can be mended. `more` are paragraphs below the sentence: each a line of words, and lines of
    commands to be copied. `is_long`: there is enough to read without the fields of the address. `is_doubt`: it is
    another server than what was typed was meant for; `trust` is the fingerprint of its certificate, where that can be
    trusted by somebody who has read the sentence.
    """

    sentence: str
    field: Field | None = None
    more: str = ""
    is_long: bool = False
    is_doubt: bool = False
    trust: str | None = None


def advise(refused: Refused, heard: Heard | None, *, typed: bool) -> Advice:
    """What to do about a refusal, but for that of a password.

    `heard` is the chat that answers from this address all the same; `typed`: the address was.
    """
    if heard is not None and refused.code in ("unreachable", "nobody_listens"):
        sentence, _, more = firewall.what_is_in_the_way(heard.name, heard.host, heard.port).partition("\n\n")
        return Advice(sentence, more=more, is_long=True)
    if refused.code == "certificate_changed":
        return Advice(refused.text, is_doubt=True, trust=refused.fingerprint)
    if refused.code == "not_what_was_heard":
        return Advice(refused.text, is_doubt=True)
    if refused.code.startswith("name_"):
        return Advice(refused.text, "name")
    return Advice(refused.text, _MENDED_IN.get(refused.code) if typed else None)


def who_asks(fingerprint: str | None) -> str:
    """What is to be known before the password is typed: whoever answers here, with this certificate, is told it."""
    if fingerprint is None:
        return "This connection is not encrypted: others on this network can read the password."
    from certificate import four_words  # not before: it brings TLS along, and the first screen is to be quick

    return (
        "Before you type it, compare the words of this server with those that its terminal or window shows: "
        f"{four_words(fingerprint)}. With other words it is another computer, and not the chat."
    )
