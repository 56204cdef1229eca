"""How a window stands to its chat, and what is said about it, without Tk."""

from __future__ import annotations

from clientlib.happenings import Entered
from protocol import EVERYONE, Person
from windowlib.chat_state import MARKS_SECONDS, SETTLED_SECONDS, ChatState
from windowlib.roster import Roster
from windowlib.talk import Talk


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def entered(history: str = "log", *, new_log: bool = False) -> Entered:
    return Entered("Ada", "Attic", history, (), 0, resumed=False, new_log=new_log, left_behind=0)


def test_the_backlog_has_its_time() -> None:
    """A moment after each time one has joined it has come."""
    clock = Clock()
    state = ChatState(clock)
    state.look_at_clock()
    assert not state.settled

    for _ in range(2):
        state.entered(entered())
        state.look_at_clock()
        assert not state.settled
        clock.now += SETTLED_SECONDS + 0.01
        state.look_at_clock()
        assert state.settled


def test_marks_are_told_once_for_each_log() -> None:
    """The first answer of a log says where the unread ones begin; one that never comes is not waited for."""
    clock = Clock()
    state = ChatState(clock)
    state.entered(entered())
    assert state.tell_marks()
    state.entered(entered())  # the connection was lost meanwhile
    assert state.marks_known
    assert not state.tell_marks()

    state.entered(entered("another", new_log=True))
    assert not state.marks_known
    clock.now += SETTLED_SECONDS + MARKS_SECONDS + 0.01
    state.look_at_clock()
    assert state.marks_known
    assert not state.tell_marks()


def test_what_is_wrong_is_said_in_words() -> None:
    """Nothing before the first loss; then why, and when it is tried again; at last that it is over."""
    clock = Clock()
    state = ChatState(clock)
    assert state.trouble() == ""
    state.entered(entered())
    assert state.trouble() == ""

    state.lost("The server has gone ", 3.0)
    assert state.counts_down
    assert state.trouble().startswith("The server has gone. Trying again in 3\u00a0s. You can go on writing")
    clock.now += 2.5
    assert "Trying again in 1\u00a0s." in state.trouble()
    clock.now += 1.0
    assert "Trying again now." in state.trouble()
    state.connecting()
    assert not state.counts_down
    state.lost("Is it running?", 3.0)
    assert state.trouble().startswith("Is it running? Trying again in 3\u00a0s.")
    state.entered(entered())
    assert (state.connected, state.trouble(), state.counts_down) == (True, "", False)

    state.lost("Gone", 3.0)
    state.end()
    assert "not in the chat any more" in state.trouble()
    assert not state.counts_down


def test_who_is_here_is_said_as_far_as_it_is_known() -> None:
    """In Everyone how many, with one person whether they are; of the past when the connection is gone."""
    state, bob, everyone = ChatState(Clock()), Talk("Bob"), Talk(EVERYONE)
    roster = Roster([Person("Ada", online=True), Person("Bob", online=True)])
    assert state.about(everyone, roster) == ("Connecting …", False)
    state.entered(entered())
    assert state.about(everyone, roster) == ("2 here", False)
    assert state.about(bob, roster) == ("here", False)
    roster.left("Bob")
    assert state.about(bob, roster) == ("away", False)

    state.lost("Gone", 3.0)
    assert state.about(everyone, roster) == ("○  Not connected  ·  1 was here", True)
    assert state.about(bob, roster) == ("○  Not connected", True)
    state.end()
    assert state.about(everyone, roster) == ("○  Not joined", True)
