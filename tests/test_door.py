"""The door: who is counted together, who is let in, and how fast a password can be guessed."""

from __future__ import annotations

import itertools

import pytest

import door
from door import Door, Pace, is_own, place_of


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """What the door takes for the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stopped = Clock()
    monkeypatch.setattr(door, "time", stopped)
    return stopped


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.168.1.7", "192.168.1.7"),
        ("::ffff:192.168.1.7", "192.168.1.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1234%eth0", "fe80::1234"),
        ("::1", "::1"),
        ("what", "what"),
    ],
)
def test_place(address: str, place: str) -> None:
    """One computer is one place, however many IPv6 addresses it gives itself."""
    assert place_of(address) == place


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("x", False),
    ],
)
def test_own_loopback(address: str, own: bool) -> None:
    """This machine's own connections are known as such."""
    assert is_own(address) is own


def test_connections_from_one_place() -> None:
    """So many from one place, and no more until one of them has gone; other places do not notice."""
    one = Door()
    let_in = [one.enter("10.0.0.1") for _ in range(door.CONNECTIONS + 2)]
    other = one.enter("10.0.0.2")
    one.leave("10.0.0.1")

    assert let_in == [True] * door.CONNECTIONS + [False, False]
    assert other
    assert [one.enter("10.0.0.1"), one.enter("10.0.0.1")] == [True, False]


def test_own_connections_are_not_counted_out() -> None:
    """The operator's own machine may have any number of connections."""
    one = Door()

    assert all(one.enter(address) for address in itertools.islice(itertools.cycle(["127.0.0.1", "::1"]), 300))


def test_no_password() -> None:
    """Without a password everybody is let in, whatever they say."""
    assert Door().check("10.0.0.1", None) is None
    assert Door().check("10.0.0.1", "anything") is None
    assert not Door().has_password


@pytest.mark.parametrize("wrong", ["", "opensesame", "open sesame ", "OPEN SESAME", "\ud800"])
def test_password(wrong: str) -> None:
    """The password itself lets people in, and nothing else."""
    closed = Door("open sesame")

    assert closed.has_password
    assert closed.check("10.0.0.1", wrong) is not None
    assert closed.check("10.0.0.1", None) is not None
    assert closed.check("10.0.0.1", "open sesame") is None


def test_guessing_is_slow(clock: Clock) -> None:
    """After a few wrong ones a place has to wait, also with the right one; then it may try again."""
    closed = Door("right")
    first = [closed.check("10.0.0.1", "wrong") for _ in range(door.WRONG_BURST)]
    sixth = closed.check("10.0.0.1", "wrong")
    too_soon = closed.check("10.0.0.1", "right")
    clock.now += 2.1
    in_time = closed.check("10.0.0.1", "right")

    assert first == [0.0] * door.WRONG_BURST
    assert sixth == pytest.approx(2.0)
    assert too_soon == pytest.approx(2.0)
    assert in_time is None


def test_guesses_in_a_day(clock: Clock) -> None:
    """However somebody divides their time, they get one try in two seconds."""
    closed = Door("right")
    compared = 0
    for _ in range(5000):
        before = closed.check("10.0.0.1", None)
        compared += before == 0.0
        closed.check("10.0.0.1", "wrong")
        clock.now += 0.1

    assert compared <= 500 * door.WRONG_RATE + door.WRONG_BURST + 1


@pytest.mark.usefixtures("clock")
def test_guessing_slows_nobody_else() -> None:
    """Who guesses from one place costs people at another nothing."""
    closed = Door("right")
    for _ in range(100):
        closed.check("10.0.0.1", "wrong")

    assert closed.check("10.0.0.2", "right") is None


@pytest.mark.usefixtures("clock")
def test_asking_what_is_needed_is_no_guess() -> None:
    """A program that says no password yet uses up none of its person's tries."""
    closed = Door("right")
    answers = [closed.check("10.0.0.1", None) for _ in range(100)]

    assert answers == [0.0] * 100
    assert closed.check("10.0.0.1", "right") is None


@pytest.mark.usefixtures("clock")
def test_wrong_guesses_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guessing from very many places makes nothing grow."""
    monkeypatch.setattr(door, "ADDRESSES", 10)
    closed = Door("right")
    for i in range(100):
        closed.check(f"10.0.0.{i}", "wrong")

    assert len(closed._wrong) == 10


def test_bans() -> None:
    """A ban is by name and by place, and ends when it is lifted."""
    one = Door()
    one.ban(["mallory"], ["10.0.0.1"])
    banned = [one.is_banned(address, name) for address, name in [("10.0.0.1", "eve"), ("10.0.0.2", "mallory")]]
    others = one.is_banned("10.0.0.2", "eve")
    one.ban([], [])

    assert banned == [True, True]
    assert not others
    assert not one.is_banned("10.0.0.1", "mallory")


def test_pace(clock: Clock) -> None:
    """A burst at once, then a steady rate; what was saved up in between may come at once again."""
    pace = Pace(2.0, 3)
    at_once = [pace.seconds() for _ in range(4)]
    clock.now += 10
    later = pace.affordable()

    assert at_once == [0.0, 0.0, 0.0, 0.5]
    assert later == 3
    assert Pace(0, 1).seconds(1000) == 0.0
