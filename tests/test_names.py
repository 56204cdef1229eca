"""Names: which may be had, which are the same, which look the same; and text that harms no screen."""

from __future__ import annotations

import contextlib
import json
import sys
import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import names
from names import MAX_NAME, NameProblem, UnknownPerson, check_name, clean_line, clean_text, name_key, split_address
from protocol import COMMANDS, EVENTS, EVERYONE, BadLine, Decoder, Send

plain_names = st.from_regex(r"[A-Za-z][a-z0-9]{0,9}( [a-z]{1,9})?", fullmatch=True)

# --- text that people see ---------------------------------------------------------------------------------------------

HARMFUL = [
    *map(chr, range(0x09)),
    *map(chr, range(0x0B, 0x20)),
    *map(chr, range(0x7F, 0xA0)),
    "\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
    "\u2066", "\u2067", "\u2068", "\u2069", "\ud800", "\udbff", "\udc00", "\udfff",
]  # fmt: skip


@pytest.mark.parametrize("character", HARMFUL, ids=ascii)
def test_what_could_harm_a_screen_is_taken_out(character: str) -> None:
    """No control, escape, direction override or half a surrogate pair ever reaches a window or a terminal."""
    assert clean_text(f"a{character}b") == "ab"
    assert character not in clean_line(f"a{character}b")


@given(st.text(st.characters(categories=["C", "Z", "L", "M", "S"])))
def test_clean_text_holds_no_control_whatever_it_was(text: str) -> None:
    """Only newline and tab are left of all control characters, and what was harmless stays in its order."""
    cleaned = clean_text(text)

    assert {c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")} <= {"\n", "\t"}
    assert not set(cleaned) & set(HARMFUL)
    assert [c for c in text if c.isprintable()] == [c for c in cleaned if c.isprintable()]
    assert clean_text(cleaned) == cleaned
    cleaned.encode()


@given(st.text(st.characters(categories=["C", "Z", "L"])))
def test_clean_line_is_one_line(text: str) -> None:
    """What goes into a log line or a name on a screen cannot begin a line of its own."""
    line = clean_line(text)

    assert len(line.splitlines()) <= 1
    assert "\t" not in line
    assert clean_line(line) == line


def test_ordinary_text_stays_as_it_was_written() -> None:
    """Lines, tabs, accents, emoji with their joiners and scripts that run from right to left are left alone."""
    text = "Zoë\tséance\n\u05e9\u05dc\u05d5\u05dd \u0928\u0915\u094d\u200d \U0001f469\u200d\U0001f680 \u00a0end"

    assert clean_text(text) == text
    assert COMMANDS["send"]({"type": "send", "id": "1", "text": text}) == Send("1", text)


def test_a_server_cannot_send_controls_to_a_screen() -> None:
    """Names, texts and sentences are made harmless on their way in, whoever wrote the server."""
    dirt = "a\x1b]0;b\x07\u202ec"
    names = {"from": dirt, "to": dirt, "name": dirt, "text": dirt, "server": dirt, "reason": dirt}
    rest = {
        "v": 1,
        "seq": 1,
        "time": 1,
        "id": "1",
        "code": "full",
        "history": "h",
        "last": 1,
        "people": [],
        "more": True,
    }
    for kind in ("message", "welcome", "joined", "left", "typing", "seen", "error", "bye"):
        [event] = Decoder(EVENTS).feed(json.dumps({"type": kind, **names, **rest}).encode() + b"\n")

        assert not isinstance(event, BadLine)
        assert "a]0;bc" in str(event)
        assert "\\x1b" not in str(event)
        assert "\\u202e" not in str(event)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Ada", "Ada"),
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("Ada\u00a0\u3000Lovelace", "Ada Lovelace"),  # spaces that only look like one
        ("Zoe\u0308", "Zo\u00eb"),
        ("n" * MAX_NAME, "n" * MAX_NAME),
        ("\u674e\u96f7", "\u674e\u96f7"),
        (
            "\u0395\u03c5\u03ba\u03bb\u03b5\u03af\u03b4\u03b7\u03c2",
            "\u0395\u03c5\u03ba\u03bb\u03b5\u03af\u03b4\u03b7\u03c2",
        ),
        ("O'Brien-Smith", "O'Brien-Smith"),
        ("7", "7"),
        ("\U0001f600", "\U0001f600"),
        ("a@b", "a@b"),
        ("Everyone else", "Everyone else"),
    ],
)
def test_a_name_is_shown_as_its_owner_writes_it(typed: str, shown: str) -> None:
    """Spaces are put in order and accents composed; otherwise a name is its owner's affair."""
    assert check_name(typed) == shown


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "n" * (MAX_NAME + 1),
        "Ada\x00",
        "Ada\x1b[31m",
        "Ada\tBob",
        "Ada\nBob",
        "Ada\x85Bob",
        "Ada\u200b",  # zero width space
        "Ada\u200d",  # joiner
        "Ada\u00ad",  # soft hyphen
        "Ada\u202e",
        "\ufeffAda",
        "Ada\u2028Bob",
        "Ada\ue000",  # private use
        "Ada\ud800",
        "Ada\U000e0041",  # a tag
        "Ada\U0010ffff",
        "\u3164",  # a letter, says Unicode, that cannot be seen
        "\u115f\u1160",
        "\u2800",
        "@Ada",
        "#everyone",
        "\uff03everyone",  # with a full-width #: its key would be the address of the room
        "/exit",
        "{Ada",
        "\uff20Ada",
        "Ada:",
        "Ada:x",
        "Bob\uff1a",  # with a full-width colon: `@Bob: hi` would reach them, and not Bob
        "everyone",
        "EveryOne",
        "\uff45veryone",
        "...",
        "- -",
        "\u0301",
        *(f"Ada{c}" for c in "\u034f\u17b4\u180b\u180f\u2061\ufe00\ufe0f\ufff0\U0001d173\U000e0100\U000e0fff"),
        *(f"Server{c}" for c in "\u034f\ufe0f\u0300\u0332\u20e3\u0488"),
        "S\u00e9rver",
        "\ua4e2\ua4f0\ua4e3\ua4e6\ua4f0\ua4e3",  # SERVER in Lisu
        *(f"Ada{c}" for c in "\u0332\u0483\u0488\u0abc\u1cd0\u20e3\ufe20"),
        "Ada\u0307\u0307",
        "\uff21da\uff41\u0332",
        "\u0410\u0434\u0430\u0332",
        "\u0391\u03b4\u03b1\u0332",
        "\u0e01\u0e35\u0e48\u0e48",  # a Thai letter with three marks
        "Ada has left the chat. Bob",
        "Ada  HAS JOINED the Chat.",
        "Private message from A",
        "private\u00a0\uff4dessage",
    ],
    ids=ascii,
)
def test_what_cannot_be_a_name_is_refused_with_a_sentence(name: str) -> None:
    """Nobody is called something that cannot be seen, typed, addressed or told from the chat's own words."""
    with pytest.raises(NameProblem) as problem:
        check_name(name)

    assert problem.value.code == "name_invalid"
    assert str(problem.value).endswith(".")


def test_evil_names_are_refused_at_once() -> None:
    """A thousand names of the longest piles of marks cost less than forty did."""
    evil = "a" + "\u0345" * 1990 + "\u0334" * 1990
    began = time.process_time()
    for _ in range(1000):
        with pytest.raises(NameProblem):
            check_name(evil)

    assert time.process_time() - began < 1.0


@given(st.text(max_size=MAX_NAME + 4))
@example("\u1fb3\u0345")
@example("a\u2000 \u0301")
def test_a_name_that_was_accepted_stays_as_it_is(name: str) -> None:
    """Checking a checked name changes nothing, and it is still the same person."""
    try:
        shown = check_name(name)
    except NameProblem:
        return

    assert check_name(shown) == shown
    assert clean_line(shown) == shown
    assert name_key(shown) == name_key(name)
    assert name_key(shown) != EVERYONE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ADA"),
        ("Ada", "\uff21\uff44\uff41"),
        ("Stra\u00dfe", "STRASSE"),
        ("Zo\u00eb", "Zoe\u0308"),
        ("Ada  Lovelace", "ada\u00a0lovelace"),
        ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3"),
        ("\ufb01n", "FIN"),
    ],
)
def test_names_that_look_the_same_to_people_are_one_name(one: str, other: str) -> None:
    """Case, width, accents' encoding and spaces do not make another person."""
    assert name_key(one) == name_key(other)


@given(st.text(max_size=40))
def test_the_key_of_a_key_is_itself(name: str) -> None:
    """A key can be computed again from itself, so it can be stored and compared for ever."""
    assert name_key(name_key(name)) == name_key(name)


def test_the_key_of_every_single_character_is_settled() -> None:
    """There is no character in Unicode whose key would change when it is computed once more."""
    unsettled = [c for c in map(chr, range(sys.maxunicode + 1)) if name_key(name_key(c)) != name_key(c)]

    assert unsettled == []


# --- who a text is for ------------------------------------------------------------------------------------------------


def known(*people: str) -> Callable[[str], str | None]:
    """A chat in which these people are known."""
    return {name_key(name): name for name in people}.get


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("@Bob hi", "Bob", "hi"),
        ("@Bob: hi", "Bob", "hi"),
        ("@Bob:hi", "Bob", "hi"),
        ("@bob hi", "Bob", "hi"),
        ("@BOB:   hi  ", "Bob", "hi"),
        ("@Bob\nhi\nthere", "Bob", "hi\nthere"),
        ("@Bob\thi", "Bob", "hi"),
        ("@Bob", "Bob", ""),
        ("@Bob:", "Bob", ""),
        ("@Bob: @Ada says hi", "Bob", "@Ada says hi"),
        ("@Bob 12:30 at the door: fine?", "Bob", "12:30 at the door: fine?"),
        ("@Bob Marley hi", "Bob Marley", "hi"),
        ("@Bob Marley: hi", "Bob Marley", "hi"),
        ("@bob marley", "Bob Marley", ""),
        ("@Bob Marl hi", "Bob", "Marl hi"),
        ("@Zoe\u0308 hi", "Zo\u00eb", "hi"),
        ("@" + "W" * MAX_NAME + " hi", "W" * MAX_NAME, "hi"),
        ("@" + "E\u0308" * MAX_NAME + " hi", "\u00eb" * MAX_NAME, "hi"),
        ("@Bob " + "x" * 3990, "Bob", "x" * 3990),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_text_that_starts_with_a_name_is_for_that_person(text: str, name: str, rest: str) -> None:
    """`@name text` and `@name: text` find the person however the name is written; the longest name wins."""
    find = known("Bob", "Bob Marley", "Zo\u00eb", "W" * MAX_NAME, "\u00eb" * MAX_NAME, "Ada")

    assert split_address(text, find) == (name, rest)


@pytest.mark.parametrize("text", ["hi", "", "hi @Bob", " @Bob hi", "@", "@ hi", "@ Bob hi", "@: hi", "@\nBob", "a@Bob"])
def test_any_other_text_is_for_everyone(text: str) -> None:
    """Only an @ at the very start, with a name right behind it, makes a text private."""
    assert split_address(text, known("Bob")) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("@Carol hi", "Carol"),
        ("@Carol: hi", "Carol"),
        ("@Bobby hi", "Bobby"),
        ("@Bo hi", "Bo"),
        ("@@Bob hi", "@Bob"),
        ("@" + "x" * 4000, "x" * MAX_NAME),
        ("@Carol\x1b[2J hi", "Carol[2J"),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_a_text_for_nobody_is_not_said_to_all(text: str, name: str) -> None:
    """Where nobody has the name the sender is told, so that nothing private is ever said in public by a slip."""
    with pytest.raises(UnknownPerson) as unknown:
        split_address(text, known("Bob"))

    assert unknown.value.code == "no_such_user"
    assert f"called {name} here" in str(unknown.value)


@given(plain_names, st.text(max_size=50), st.sampled_from([" ", ": ", ":", "\n"]))
def test_an_address_is_read_off_and_the_rest_stays(name: str, text: str, between: str) -> None:
    """What stands behind the name arrives as it was written, without the spaces around it."""
    assert split_address(f"@{name}{between}.{text}", known(name)) == (name, f".{text}".strip())


@given(st.text(max_size=100))
def test_an_address_is_read_or_refused_never_raised(text: str) -> None:
    """Any text can be looked at for an address."""
    with contextlib.suppress(UnknownPerson):
        split_address(f"@{text}", known("Bob"))


@pytest.mark.parametrize(
    "name",
    [
        "Ада",
        "Иван Петров",
        "Αθηνά",
        "田中さん",
        "ヨーコ",
        "김철수",
        "金철수",
        "O\u02bcNeil",
        "مريم",
        "דָּוִד",
        "Ada 2",
        "Zoë",
        "Nguyễn Thị",
        "Андрей",
        "हिन्दी",
        "กี่",
        "O\u00b4Brien",
    ],
)
def test_names_of_one_script(name: str) -> None:
    """A name may be written in any script there is."""
    assert names.check_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", ["\u0430dmin", "B\u043eb", "Ada \u03a9", "\u00b5icro", "Ивaн", "Ada 田中", "\u13aada"])
def test_names_of_two_scripts(name: str) -> None:
    """Letters of two scripts in one name are there to deceive."""
    with pytest.raises(NameProblem, match=r"^That name mixes .* letters\. Use letters of one kind\.$"):
        names.check_name(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bob", "BOB"),
        ("Bob", "\uff22\uff4f\uff42"),
        ("Coco", "\u0421\u043e\u0441\u043e"),
        ("HOPE", "\u041d\u041e\u0420\u0415"),
        ("BETA", "\u0392\u0395\u03a4\u0391"),
        ("axë", "\u0430\u0445\u0451"),
        ("Ada B", "Ada \u00a0 B"),
        ("Jos\u00e9", "JOSE"),
        ("LISU", "\ua4e1\ua4f2\ua4e2\ua4f4"),
        ("דנה 12", "12 דנה"),  # which are drawn the same
        ("דנה-12", "12-דנה"),
        ("דנה (1)", "(1) דנה"),
        ("محمد", "م\u0640حمد"),
        ("علی", "علي"),
        ("DAWE", "\u13a0\u13aa\u13b3\u13ac"),
    ],
)
def test_names_that_look_alike(one: str, other: str) -> None:
    """Names that nobody can tell apart have one key."""
    assert names.look_alike_key(one) == names.look_alike_key(other)


@pytest.mark.parametrize(("one", "other"), [
    ("Bob", "Bo"), ("Иван", "Ивaнн"), ("Ada", "Ада"), ("вета", "beta"), ("דנה 12", "דנה 21"), ("דנה כהן", "כהן דנה"),
    ("דָּוִד", "דוד"), ("Ada 12", "12 Ada"),
])  # fmt: skip
def test_names_that_do_not_look_alike(one: str, other: str) -> None:
    """Names that differ to the eye are two people's."""
    assert names.look_alike_key(one) != names.look_alike_key(other)
