"""Taking off what the engine tells: all of it, in order, a bounded amount at a time, whatever goes wrong."""

from __future__ import annotations

import queue
from typing import Any

import pytest

from clientlib.happenings import Connecting, Happening, Received
from protocol import EVERYONE, Conversations, Message
from windowlib import drain
from windowlib.drain import BUSY_TICK, IDLE_TICK, PORTION, QUIET_TICKS, TICK_ROOM, Drain
from windowlib.talk import DRAWN_CHARACTERS, DRAWN_LINES


def messages(count: int, length: int = 5, first: int = 1) -> Received:
    seqs = range(first, first + count)
    return Received(tuple(Message(seq, 0, "Bob", EVERYONE, f"id-{seq}", "x" * length) for seq in seqs))


class Taker:
    """Somebody who is handed what happens, and stumbles over some of it."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.portions: list[int] = []
        self.mistakes: list[str] = []
        self.events: queue.SimpleQueue[Happening] = queue.SimpleQueue()
        self.drain = Drain(self.take, self.mistake)
        self.drain.follow(self.events)

    def take(self, event: Happening) -> None:
        if not isinstance(event, Received):
            self.stumble()
            return
        self.seqs += [message.seq for message in event.messages]
        self.portions.append(len(event.messages))

    def stumble(self) -> None:
        raise RuntimeError("this one cannot be shown")

    def mistake(self, kind: Any, error: Any, at: Any) -> None:
        self.mistakes.append(str(error))


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a tick takes is not to depend on how busy this machine is."""
    monkeypatch.setattr(drain, "BUDGET", 1.0)


def test_much_comes_in_portions_and_in_order() -> None:
    """One tick takes no more than can be drawn in it; the next ones come soon, until nothing is left."""
    taker = Taker()
    taker.events.put(messages(DRAWN_LINES))
    ticks = 0
    taker.drain.work()
    while taker.drain.period() == BUSY_TICK:
        assert not taker.drain.behind
        taker.drain.work()
        ticks += 1

    assert taker.seqs == list(range(1, DRAWN_LINES + 1))
    assert max(taker.portions) <= TICK_ROOM
    assert ticks >= DRAWN_LINES // TICK_ROOM - 1  # the first came before


@pytest.mark.parametrize("at_once", [50_000, 500])
def test_what_nobody_will_see_is_passed_over(at_once: int) -> None:
    """Of more than stays on the screen the first are taken as fast as can be; the last come in portions to be drawn."""
    taker = Taker()
    for part in range(50_000 // at_once):
        taker.events.put(messages(at_once, first=part * at_once + 1))
    passed = drawn = 0
    taker.drain.work()
    while taker.drain.period() == BUSY_TICK:
        passed, drawn = passed + taker.drain.behind, drawn + (not taker.drain.behind)
        taker.drain.work()

    assert taker.seqs == list(range(1, 50_001))
    assert passed < 48_000 // TICK_ROOM
    assert DRAWN_LINES // TICK_ROOM - 1 <= drawn <= 2 * DRAWN_LINES // TICK_ROOM


def test_long_ones_that_nobody_will_see_are_passed_over_too() -> None:
    """What stays on the screen has a number of characters as well."""
    taker = Taker()
    taker.events.put(messages(1000, length=4000))
    ticks = 1
    taker.drain.work()
    while taker.drain.behind:
        taker.drain.work()
        ticks += 1

    assert ticks < 20  # else forty
    assert 0 <= len(taker.seqs) - (1000 - DRAWN_CHARACTERS // 4000) < PORTION


def test_nothing_but_messages_is_taken_ahead() -> None:
    """A list of conversations may be long: one of them at most is off the queue and not handed on."""
    taker = Taker()
    for _ in range(3000):
        taker.events.put(Conversations(()))
    taker.drain.work()

    assert taker.events.qsize() >= 3000 - len(taker.mistakes) - 1
    while taker.drain.period() == BUSY_TICK:
        taker.drain.work()
    assert len(taker.mistakes) == 3000


def test_little_is_taken_ahead() -> None:
    """What is not handed on soon stays on the queue: there it makes the server wait."""
    taker = Taker()
    for part in range(1000):
        taker.events.put(messages(100, first=part * 100 + 1))
    taker.drain.work()

    assert 100 * taker.events.qsize() > 100_000 - len(taker.seqs) - 2 * DRAWN_LINES


def test_long_messages_count_for_several() -> None:
    """They take as long to draw."""
    taker = Taker()
    taker.events.put(messages(100, length=4000))
    taker.drain.work()

    assert 1 <= len(taker.seqs) < 20


def test_one_that_cannot_be_shown_takes_no_other_with_it() -> None:
    """It is reported, and the next ones are taken."""
    taker = Taker()
    taker.events.put(Connecting())
    taker.events.put(messages(3))
    taker.drain.work()

    assert taker.mistakes == ["this one cannot be shown"]
    assert taker.seqs == [1, 2, 3]


def test_what_was_left_of_another_chat_is_dropped() -> None:
    """The next chat begins with its own happenings."""
    taker = Taker()
    taker.events.put(messages(5000))
    taker.drain.work()
    taker.drain.follow(None)
    seen = len(taker.seqs)
    taker.drain.work()

    assert len(taker.seqs) == seen < 5000


def test_it_looks_less_often_when_nothing_happens() -> None:
    """Waking up costs more than looking; what happens brings it back."""
    taker = Taker()
    longest = max(period for _, period in QUIET_TICKS)
    assert taker.drain.period() == longest
    taker.events.put(messages(1))
    taker.drain.work()

    assert taker.drain.period() == IDLE_TICK
