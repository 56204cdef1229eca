"""What the first screen says of what was typed, and of why one was not let in; without a window."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from certificate import four_words
from clientlib import firewall
from clientlib.happenings import Refused
from discovery import Heard
from protocol import MAX_SECRET
from windowlib import join_words
from windowlib.join_words import Advice, Slip, advise, who_asks

PHYSICS = Heard("192.0.2.1", 12345, "Physics 8b", 12, password=False, encrypted=True, key="1" * 16)
NEW_ONE = "9b" * 32  # a fingerprint


@pytest.mark.parametrize(
    ("checked", "typed", "sentence", "field"),
    [
        (join_words.checked_name, " ", "at least one character", "name"),
        (join_words.checked_name, "Ada: ", "colon", "name"),
        (join_words.checked_port, " ", "^Type the port of the chat: a number, mostly 12345.$", "port"),
        (join_words.checked_port, "0", "from 1 to 65535", "port"),
        (join_words.checked_password, "x" * (MAX_SECRET + 1), "at most", "password"),
        (join_words.checked_chat_name, " \x00 ", "Give the chat a name", "name of the chat"),
        (join_words.checked_new_password, "x" * (MAX_SECRET + 1), "at most", "password of the chat"),
        (join_words.checked_new_password, "open\0sesame", "is no character", "password of the chat"),
        (join_words.checked_new_password, "open sesame\ud83d", "is no character", "password of the chat"),
        (join_words.checked_new_password, "\udc80", "is no character", "password of the chat"),
    ],
)
def test_what_was_typed_and_cannot_be(checked: Callable[[str], object], typed: str, sentence: str, field: str) -> None:
    """Is said in words, and where it stands is known."""
    with pytest.raises(Slip, match=sentence) as slip:
        checked(typed)

    assert slip.value.field == field


def test_only_a_chat_at_the_usual_port_is_in_the_list_of_others() -> None:
    """They look at no other port, so nobody is promised it."""
    usual, other = join_words.about_own_chat("12345"), join_words.about_own_chat("12346")

    assert "find it in their list" in usual
    assert "in their list" not in other
    assert "type its address and port" in other
    assert all("What was written in chats started here before is in it." in about for about in (usual, other))


def test_what_was_typed_and_can_be() -> None:
    """Is taken as it is meant."""
    assert join_words.checked_name(" Ada  Lovelace ") == "Ada Lovelace"
    assert join_words.checked_port(" 2048 ") == 2048
    assert join_words.checked_password(" open sesame ") == " open sesame "
    assert join_words.checked_password("") is None
    assert join_words.checked_chat_name("\tPhysics\n8b ") == "Physics 8b"
    assert join_words.checked_new_password("") is None
    assert join_words.checked_new_password("öpen sesame 🗝") == "öpen sesame 🗝"


@pytest.mark.parametrize("code", ["unreachable", "nobody_listens"])
@pytest.mark.parametrize("typed", [True, False])
def test_a_chat_that_answers_and_cannot_be_reached(code: str, typed: bool) -> None:
    """It is there, so something is in the way: what opens it can be copied, however its address was found."""
    advice = advise(Refused(code, "Nobody answers."), PHYSICS, typed=typed)

    assert advice.is_long
    assert "“Physics 8b” answers at 192.0.2.1" in advice.sentence
    assert "\n" not in advice.sentence
    assert advice.field is None
    for command in firewall.commands(12345).values():
        assert command in advice.more


@pytest.mark.parametrize(
    ("code", "field"),
    [("unreachable", "host"), ("nobody_listens", "port"), ("not_hallway", "port"), ("full", None), ("banned", None)],
)
def test_an_address_that_was_typed_can_be_mended(code: str, field: str | None) -> None:
    """Where it is wrong; one that was heard was not typed by anybody."""
    refused = Refused(code, "It does not work.")

    assert advise(refused, None, typed=True) == Advice("It does not work.", field)  # type: ignore[arg-type]
    assert advise(refused, None, typed=False) == Advice("It does not work.")


@pytest.mark.parametrize("code", ["name_taken", "name_invalid"])
def test_a_name_that_is_refused_can_be_mended(code: str) -> None:
    """Whichever way one came."""
    for typed in (True, False):
        assert advise(Refused(code, "Choose another name."), PHYSICS, typed=typed).field == "name"


@pytest.mark.parametrize("fingerprint", [NEW_ONE, None])
def test_another_certificate_is_a_doubt(fingerprint: str | None) -> None:
    """What was typed was not meant for it; only one that can be told by its words can be trusted."""
    advice = advise(Refused("certificate_changed", "It is another one.", fingerprint), PHYSICS, typed=True)

    assert advice == Advice("It is another one.", is_doubt=True, trust=fingerprint)


def test_who_is_not_what_was_heard_cannot_be_trusted() -> None:
    """Another chat was chosen."""
    advice = advise(Refused("not_what_was_heard", "It is another one.", NEW_ONE), PHYSICS, typed=False)

    assert advice == Advice("It is another one.", is_doubt=True)


def test_who_asks_for_a_password_is_said_before_it_is_typed() -> None:
    """By the words of the certificate; without one, that others can read along."""
    assert four_words(NEW_ONE) in who_asks(NEW_ONE)
    assert "not encrypted" in who_asks(None)
