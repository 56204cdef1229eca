"""How fast somebody may go on: with a clock that goes on when it is told to."""

from __future__ import annotations

import pytest

import pace
from pace import Pace, Paces


class Clock:
    """Stands still, but for what a test adds to `now`."""

    now = 1000.0

    def monotonic(self) -> float:
        """What is taken for the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stopped = Clock()
    monkeypatch.setattr(pace, "time", stopped)
    return stopped


def test_pace(clock: Clock) -> None:
    """A burst at once, then a steady rate; what was saved up in between may come at once again."""
    one = Pace(2.0, 3)
    at_once = [one.seconds() for _ in range(4)]
    clock.now += 10
    later = one.affordable()

    assert at_once == [0.0, 0.0, 0.0, 0.5]
    assert later == 3
    assert Pace(0, 1).seconds(1000) == 0.0


def test_what_does_not_wait_is_dropped(clock: Clock) -> None:
    """And costs nothing: whoever asks too often is served at the rate, and not later for having asked."""
    one = Pace(2.0, 3)
    at_once = [one.take() for _ in range(100)]
    clock.now += 0.5
    later = [one.take(), one.take()]

    assert at_once == [True] * 3 + [False] * 97
    assert later == [True, False]
    assert all(Pace(0, 1).take() for _ in range(100))


@pytest.mark.usefixtures("clock")
def test_each_has_a_pace_of_its_own() -> None:
    """What one takes is not missing for another."""
    paces = Paces(1.0, 1, 10)

    assert [paces.of(whose).take() for whose in ("Ada", "Ada", "Bob")] == [True, False, True]
    assert paces.known("Cleo") is None


def test_who_was_not_asked_for_for_longest_is_forgotten() -> None:
    """However many there are, so many are remembered."""
    paces = Paces(1.0, 1, 3)
    ada = paces.of("Ada")
    for whose in ("Bob", "Cleo", "Ada", "Dan"):
        paces.of(whose)

    assert len(paces) == 3
    assert paces.known("Bob") is None
    assert paces.known("Ada") is ada
