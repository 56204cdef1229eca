"""Where Join goes: without a window, and with no more of a network than an answer that a test makes up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from discovery import FORGET_SECONDS, Answerer, Description, Finder, Heard
from processes import ANSWER_SECONDS, wait_until
from test_discovery import free_port
from windowlib.aim import FIRST_SECONDS, HEARD_A_TICK, Aim, Listening
from windowlib.join_words import Slip

PHYSICS = Heard("192.0.2.1", 12345, "Physics 8b", 12, password=False, encrypted=True, key="1" * 16)
CHESS = Heard("192.0.2.2", 2048, "Chess", 2, password=False, encrypted=True, key="2" * 16)


def aim_with(*heard: Heard, host: str = "", port: int = 12345, given: bool = False) -> Aim:
    """What a screen has that has heard these chats, one after the other."""
    aim = Aim(host, port, given=given)
    for one in heard:
        aim.hear([one], 0.0)
        aim.mark()
    return aim


def test_the_only_chat_is_marked() -> None:
    """And not any more when there are two of which nobody knows one."""
    aim = aim_with(PHYSICS)
    assert aim.chosen == PHYSICS
    assert aim.target == ("192.0.2.1", "12345")

    aim.hear([CHESS], 1.0)
    aim.mark()
    assert aim.chosen is None
    assert aim.target == ("", "")
    with pytest.raises(Slip, match=r"^Choose one of the chats above\.$") as slip:
        aim.checked()
    assert slip.value.field == "chats"


def test_the_chat_of_the_last_time_is_marked_among_several() -> None:
    """By its address alone: others may have its name and its key."""
    claimed = replace(CHESS, host="192.0.2.66")
    aim = aim_with(claimed, PHYSICS, CHESS, host="192.0.2.2", port=2048)

    assert aim.chosen == CHESS
    assert aim.checked() == ("192.0.2.2", 2048)
    assert aim.only_heard is None


def test_who_is_only_heard_is_told_apart() -> None:
    """From the chat of the last time, and from an address that was typed, whoever answers there."""
    assert aim_with(PHYSICS).only_heard == PHYSICS
    assert aim_with(PHYSICS, host="192.0.2.1").only_heard is None
    typed = aim_with(PHYSICS)
    typed.type("192.0.2.1", "12345")
    typed.mark()

    assert typed.chosen == PHYSICS
    assert typed.only_heard is None


def test_a_choice_by_hand_stays() -> None:
    """Whatever is heard, and when the chat itself is silent for a while."""
    aim = aim_with(PHYSICS, CHESS)
    aim.choose(CHESS)
    aim.hear([replace(PHYSICS, people=13)], 1.0)
    aim.mark()
    assert aim.chosen == CHESS

    aim.hear([], FORGET_SECONDS + 0.5)
    aim.mark()
    assert aim.chats == [replace(PHYSICS, people=13)]
    assert aim.target == ("192.0.2.2", "2048")
    assert aim.checked() == ("192.0.2.2", 2048)


def test_what_is_chosen_is_known_as_it_was_heard_last() -> None:
    """At its own address: another one that says to be it is not what was chosen."""
    aim = aim_with(PHYSICS)
    aim.choose(PHYSICS)
    aim.hear([replace(PHYSICS, host="192.0.2.66", people=99)], 0.0)
    assert aim.chosen == PHYSICS

    aim.hear([replace(PHYSICS, people=13)], 1.0)
    assert aim.chosen is not None
    assert aim.chosen.people == 13
    aim.hear([replace(PHYSICS, host="192.0.2.66", people=99)], FORGET_SECONDS + 2)
    assert [chat.people for chat in aim.chats] == [99]
    assert aim.target == ("192.0.2.1", "12345")


def test_what_was_touched_last_counts() -> None:
    """An address that is typed, then a chat that is chosen, then the address again; an empty one is none."""
    aim = aim_with(PHYSICS, CHESS)
    aim.type("198.51.100.7", "99")
    assert aim.checked() == ("198.51.100.7", 99)
    aim.choose(CHESS)
    assert aim.checked() == ("192.0.2.2", 2048)
    aim.type("198.51.100.7", "100")
    aim.mark()
    assert aim.checked() == ("198.51.100.7", 100)

    aim.type("", "100")
    assert aim.target == ("", "")


def test_an_address_out_of_sight_is_not_meant() -> None:
    """Folding it leads back to what is heard."""
    aim = aim_with(PHYSICS)
    aim.type("198.51.100.7", "99")
    aim.forget_address()
    aim.mark()

    assert aim.checked() == ("192.0.2.1", 12345)


def test_an_address_that_was_given_counts_before_what_is_heard() -> None:
    """As with --host; one that is only remembered does not."""
    assert aim_with(PHYSICS, host="localhost", given=True).checked() == ("localhost", 12345)
    assert aim_with(PHYSICS, host="localhost").checked() == ("192.0.2.1", 12345)
    assert aim_with(host="localhost").checked() == ("localhost", 12345)


@pytest.mark.parametrize(
    ("typed", "sentence", "field"),
    [
        (("", "12345"), "Type the address of the computer", "host"),
        (("school", ""), "Type the port of the chat", "port"),
        (("school", "70000"), "from 1 to 65535", "port"),
        (("school", "²"), "is no port", "port"),
    ],
)
def test_an_address_that_cannot_be(typed: tuple[str, str], sentence: str, field: str) -> None:
    """It is said what is missing, and where; nobody has to look it up in the list of what is heard."""
    aim = aim_with()
    aim.type(*typed)
    aim.mark()
    with pytest.raises(Slip, match=sentence) as slip:
        aim.checked()

    assert slip.value.field == field


def test_what_is_heard_while_it_is_tried_leads_nowhere_else() -> None:
    """And what was said about one server is not for another."""
    aim = aim_with(PHYSICS)
    aim.try_it()
    assert not aim.has_moved
    aim.hear([CHESS], 1.0)
    aim.mark()
    assert aim.target == ("192.0.2.1", "12345")
    assert aim.heard_where_tried() == PHYSICS
    assert not aim.has_moved

    aim.choose(CHESS)
    assert aim.has_moved
    aim.choose(PHYSICS)
    assert not aim.has_moved


def test_a_chat_that_has_ended_is_meant_whatever_is_heard() -> None:
    """Joining again goes to the address where one was."""
    aim = aim_with(PHYSICS, host="198.51.100.7", port=99)
    aim.try_address()
    aim.hear([CHESS], 1.0)
    aim.mark()

    assert aim.checked() == ("198.51.100.7", 99)
    assert not aim.has_moved


def test_a_chat_of_ones_own_is_meant_once_it_is_open() -> None:
    """And known as that of the last time is: nobody else says what answers there."""
    aim = aim_with(PHYSICS, CHESS)
    aim.choose(CHESS)
    aim.try_own("127.0.0.1", 2049)
    own = replace(PHYSICS, host="127.0.0.1", port=2049, key="3" * 16)
    aim.hear([own], 1.0)
    aim.mark()

    assert aim.checked() == ("127.0.0.1", 2049)
    assert aim.chosen == own
    assert aim.only_heard is None
    assert not aim.port_typed


def test_after_a_liar_join_goes_to_the_real_one() -> None:
    """Who answered first with the key of a chat stood for it; found out, its own address does."""
    aim = aim_with()
    liar = replace(PHYSICS, host="192.0.2.66")
    aim.hear([liar, PHYSICS], 1.0)
    aim.mark()
    assert aim.chosen == liar
    aim.try_it()

    aim.distrust()
    assert aim.hear([liar], 2.0)  # it changes what is to be shown
    aim.mark()
    assert aim.chosen == PHYSICS
    assert aim.chats == [PHYSICS]


def test_a_port_that_was_typed_is_known() -> None:
    """A chat that is hosted here takes the usual one, unless somebody wants another."""
    aim = aim_with()
    aim.type("school", "12345")
    assert not aim.port_typed
    aim.type("school", "1234")
    aim.type("school", "12345")

    assert aim.port_typed


# --- listening --------------------------------------------------------------------------------------------------------


def test_it_is_listened_while_somebody_sees_it(finders: list[Finder]) -> None:
    """A window that is away asks nobody; each time it comes back a new search begins."""
    listening = Listening((9,))
    listening.follow(0.0, seen=False)
    assert finders == []

    for now in (1.0, 2.0):
        listening.follow(now, seen=True)
    assert len(finders) == 1
    listening.follow(3.0, seen=False)
    finders[0].heard.put(PHYSICS)
    assert listening.heard() == []
    listening.follow(4.0, seen=True)
    assert len(finders) == 2
    listening.stop()
    listening.stop()


def test_no_more_is_taken_at_once_than_can_be_shown(finders: list[Finder]) -> None:
    """What floods us holds nobody up; nothing is heard twice."""
    listening = Listening((9,))
    listening.follow(0.0, seen=True)
    for number in range(2 * HEARD_A_TICK + 1):
        finders[0].heard.put(replace(PHYSICS, people=number))

    taken = [listening.heard() for _ in range(4)]
    assert [len(answers) for answers in taken] == [HEARD_A_TICK, HEARD_A_TICK, 1, 0]
    assert [answer.people for answers in taken for answer in answers] == list(range(2 * HEARD_A_TICK + 1))


@pytest.mark.usefixtures("finders")
def test_that_nothing_is_heard_is_said_once_and_not_at_once() -> None:
    """Answers take a moment; whoever comes back to the window is told anew."""
    listening = Listening((9,))
    assert not listening.has_waited(100.0)
    listening.follow(100.0, seen=True)
    assert not listening.has_waited(100.0 + FIRST_SECONDS)
    assert [listening.has_waited(100.1 + FIRST_SECONDS) for _ in range(2)] == [True, False]

    listening.follow(200.0, seen=False)
    listening.follow(300.0, seen=True)
    assert listening.has_waited(301.0 + FIRST_SECONDS)


def test_a_chat_is_heard() -> None:
    """A real one, on this computer."""
    port = free_port()
    chat = Description("Physics 8b", 12, password=False, encrypted=True, port=port, key="1" * 16)
    answerer, listening = Answerer(port, lambda: chat, "127.0.0.1"), Listening((port,))
    assert answerer.start()
    try:
        listening.follow(0.0, seen=True)
        answers: list[Heard] = []

        def is_heard() -> bool:
            answers.extend(listening.heard())
            return bool(answers)

        wait_until(is_heard, ANSWER_SECONDS, "it is heard")
    finally:
        listening.stop()
        answerer.stop()

    assert answers[0] == replace(PHYSICS, host="127.0.0.1", port=port)
