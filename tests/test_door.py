"""The door: who is counted together, who is let in, and how fast a password can be guessed."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import pace
from peers import Keyboard, Peer, TextPeer
from processes import ANSWER_SECONDS, CHECKOUT, START_SECONDS, ServerProcess, own_address
from serverlib import door
from serverlib.door import Door, Turns, is_here, network_of
from test_pace import Clock

PASSWORD = "open sesame"  # noqa: S105 - of chats that live as long as a test


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stopped = Clock()
    monkeypatch.setattr(pace, "time", stopped)
    return stopped


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.168.1.7", "192.168.1.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1234%eth0", "fe80::/64"),
        ("::ffff:192.168.1.7", "192.168.1.0/24"),
        ("what", "what"),
    ],
)
def test_network(address: str, network: str) -> None:
    """One computer guesses as one network, however many of its addresses it gives itself."""
    assert network_of(address) == network


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
@pytest.mark.parametrize("pattern", ["fe80::{:x}%eth0", "2001:db8::{:x}", "fd00::{:x}", "10.0.0.{}"])
def test_guessing_from_many_addresses(pattern: str) -> None:
    """Answers are held back, by a bounded time, when a whole network guesses; who knows the password gets in."""
    closed = Door("right")
    held_back = []
    for i in range(1, 200):
        assert closed.check(pattern.format(i), "wrong") == 0.0
        held_back.append(closed.held_back(pattern.format(i)))

    assert held_back[: door.NETWORK_BURST] == [0.0] * door.NETWORK_BURST
    assert held_back[-1] == door.HELD_BACK
    assert all(0 < seconds <= door.HELD_BACK for seconds in held_back[door.NETWORK_BURST :])
    assert closed.check(pattern.format(220), "right") is None
    assert closed.held_back("172.16.0.1") == 0.0


@pytest.mark.parametrize(
    ("address", "here"),
    [("127.0.0.1", True), ("::ffff:127.0.0.1", True), ("192.0.2.1", False), ("2001:db8::1", False), ("school", False)],
)
def test_which_addresses_are_this_computers(address: str, here: bool) -> None:
    """Those for documentation (RFC 5737, RFC 3849) are nobody's; what is no number is not looked up."""
    assert is_here(address) == here


def test_own_address_is_this_computers() -> None:
    """Not only the loopback: whoever sits at it may come by the address that others use."""
    assert is_here(own_address())


@pytest.mark.parametrize(
    ("asks", "at_most", "wait"),
    [(Door.new_name, door.NEW_NAMES, 1.0), (Door.join, door.JOINS, 0.5)],
    ids=["new names", "joins"],
)
def test_who_comes_at_once(clock: Clock, asks: Callable[[Door, str], float], at_most: int, wait: float) -> None:
    """A class behind one address comes in at once, or is back at once after a restart. Who goes on without end has to
    wait, that address alone: for each new name a second, for each time that somebody comes half of one.
    """
    one = Door()
    at_once = [asks(one, "10.0.0.1") for _ in range(at_most + 1)]
    other = asks(one, "10.0.0.2")
    own = [asks(one, "127.0.0.1") for _ in range(100)]
    clock.now += wait

    assert at_once == [0.0] * at_most + [wait]
    assert other == 0.0
    assert own == [0.0] * 100
    assert [asks(one, "10.0.0.1"), asks(one, "10.0.0.1")] == [0.0, wait]


def take(turns: Turns, place: str) -> bool:
    with turns.turn(place, ANSWER_SECONDS) as is_ours:
        return is_ours


def test_turns() -> None:
    """So many at once, and one for each place; who waits is woken when a turn ends."""
    turns = Turns(2)
    with turns.turn("a", 0) as first:
        with turns.turn("a", 0.01) as again, turns.turn("b", 0) as second, turns.turn("c", 0.01) as third:
            taken = [first, again, second, third]
        with ThreadPoolExecutor(1) as pool:
            with turns.turn("b", 0):
                waiting = pool.submit(take, turns, "c")
                early = waiting.done()
            late = waiting.result(ANSWER_SECONDS)
    assert taken == [True, False, True, False]
    assert not early
    assert late


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
    banned = [one.is_banned(address, {name}) for address, name in [("10.0.0.1", "eve"), ("10.0.0.2", "mallory")]]
    others = one.is_banned("10.0.0.2", {"eve"})
    one.ban([], [])

    assert banned == [True, True]
    assert not others
    assert not one.is_banned("10.0.0.1", {"mallory"})


# --- the real server --------------------------------------------------------------------------------------------------


@pytest.fixture
def closed_chat(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    """A server that wants a password."""
    return start_server(HALLWAY_PASSWORD=PASSWORD)


def test_nobody_gets_in_without_the_password(closed_chat: ServerProcess) -> None:
    """A hello without it, or with another, gets the reason, no name and no word of the chat; with it all is as ever."""
    ada = Peer.join(closed_chat, "Ada", password=PASSWORD)
    answers = []
    for password in (None, "", "Open Sesame"):
        mallory = Peer.connect(closed_chat)
        mallory.hello("Mallory", password=password)
        answers.append(mallory.expect("error", code="wrong_password").text)
        assert mallory.closed()
    ada.say("among us")
    seen = [event.type for event in ada.events_until("message")]

    assert answers == ["This chat needs a password.", "That is not the password.", "That is not the password."]
    assert "joined" not in seen
    assert PASSWORD not in closed_chat.log
    assert "Nobody comes in without the password." in closed_chat.log


def test_a_name_is_not_enough(closed_chat: ServerProcess) -> None:
    """The owner of a name needs the password as well, and who has the password needs the name's token."""
    Peer.join(closed_chat, "Ada", password=PASSWORD)
    again = Peer.connect(closed_chat)
    again.hello("Ada", password=PASSWORD)
    again.expect("error", code="name_taken")
    again.hello("Bob", password=PASSWORD)

    assert again.expect_welcome().name == "Bob"


def test_password_in_words(closed_chat: ServerProcess) -> None:
    """People in words are asked for it once, after their name; a wrong one ends the connection."""
    Peer.join(closed_chat, "Bob", password=PASSWORD)
    ada = TextPeer.connect(closed_chat)
    ada.type("Bob")
    ada.expect_prompt("Password: ")
    ada.type(PASSWORD)
    ada.expect_line(re.compile("Bob is the name of somebody else here.*"))
    ada.expect_prompt("What is your name? ")
    ada.type("Ada")
    ada.expect_line("Registration successful. Welcome to the chat, Ada!")
    mallory = TextPeer.connect(closed_chat)
    mallory.type("Mallory")
    mallory.expect_prompt("Password: ")
    mallory.type("open")
    mallory.expect_line("That is not the password.")

    assert mallory.closed()


def test_guesses_are_slowed(start_server: Callable[..., ServerProcess]) -> None:
    """After a few wrong ones an address has to wait, and is told for how long; another address need not."""
    elsewhere = own_address()
    server = start_server("--host", "0.0.0.0", HALLWAY_PASSWORD=PASSWORD)

    class There:
        host = elsewhere
        port = server.port

    answers = []
    for _ in range(door.WRONG_BURST + 2):
        mallory = Peer.connect(server)
        mallory.hello("Mallory", password=PASSWORD + "?")
        answers.append(mallory.expect("error", code="wrong_password").text)
    bob = Peer.join(There(), "Bob", password=PASSWORD, tls=True)

    assert answers[: door.WRONG_BURST] == ["That is not the password."] * door.WRONG_BURST
    for answer in answers[door.WRONG_BURST :]:
        assert re.fullmatch(r"Too many wrong passwords from your address. Try again in [12] seconds?\.", answer)
    assert bob.welcome


def test_password_is_asked_for(tmp_path: Path) -> None:
    """--password asks on the terminal, twice until both are the same, and does not show what is typed."""
    command = [sys.executable, str(CHECKOUT / "server.py"), "--host", "127.0.0.1", "--port", "0", "--password"]
    keyboard = Keyboard(*command, "--data", str(tmp_path / "data"))
    keyboard.expect_prompt("Password for this chat: ", START_SECONDS)
    keyboard.type(PASSWORD)
    keyboard.expect_prompt("The same once more: ")
    keyboard.type(f"{PASSWORD}?")
    keyboard.expect_line("Those were two different ones.")
    for prompt in ("Password for this chat: ", "The same once more: "):
        keyboard.expect_prompt(prompt)
        keyboard.type(PASSWORD)
    line = keyboard.expect_line(re.compile(r"Listening on port \d+"), START_SECONDS)

    class Here:
        host = "127.0.0.1"
        port = int(line.rpartition(" ")[2])

    assert Peer.join(Here(), "Ada", password=PASSWORD).welcome
    assert not any("sesame" in line for line in keyboard.lines)


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "sentence"),
    [
        ([], {"HALLWAY_PASSWORD": ""}, 1, "A password has 1 to 1024 characters; this one has 0. Choose another one."),
        (["--password"], {}, 1, "there is nobody to ask for the password. Set HALLWAY_PASSWORD instead."),
        (["--password", "secret"], {}, 2, "unrecognized arguments: secret"),
        (["--password=secret"], {}, 2, "ignored explicit argument 'secret'"),
    ],
)
def test_password_that_is_none(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], status: int, sentence: str
) -> None:
    """An empty one is refused; among the arguments, where everybody could read it, there is no place for one."""
    command = [sys.executable, str(CHECKOUT / "server.py"), "--data", str(tmp_path / "data"), *arguments]
    refused = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
        env=os.environ | environment,
    )

    assert refused.returncode == status
    assert refused.stderr.endswith(f"{sentence}\n")
    assert "Warning" not in refused.stderr


def test_names_from_one_address(start_server: Callable[..., ServerProcess]) -> None:
    """Who takes one name after the other from elsewhere has to wait; who has one already comes back as ever."""
    elsewhere = own_address()
    server = start_server("--host", "0.0.0.0")

    class There:
        host = elsewhere
        port = server.port

    for number in range(door.NEW_NAMES):
        Peer.join(There(), f"Name {number}", tls=True).bye()
    answers = []
    for number in range(3):  # one or two seconds may have gone by meanwhile
        with Peer.connect(There(), tls=True) as one_more:
            one_more.hello(f"One more {number}")
            answers.append(one_more.expect_any("error", "welcome"))
    refused = [answer for answer in answers if answer.type == "error"]

    assert refused
    assert {answer.code for answer in refused} == {"full"}
    assert refused[0].text == "Too many new names come from your address. Try again in 1 second."
    assert Peer.join(There(), "Name 1", tls=True).welcome


def test_connections_from_one_address(start_server: Callable[..., ServerProcess]) -> None:
    """The 65th from elsewhere is closed at once; from this machine, and when one of them has gone, there is room."""
    elsewhere = own_address()
    server = start_server("--host", "0.0.0.0")

    class There:
        host = elsewhere
        port = server.port

    peers = [TextPeer.connect(There()) for _ in range(door.CONNECTIONS)]
    server.expect_log(f"connection from {elsewhere}:{peers[-1].socket.getsockname()[1]}")
    one_more = TextPeer.connect(There())
    assert one_more.closed()
    own = Peer.join(server, "Ada")
    peers[0].close()
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:  # until the server has noticed
        try:
            bob = Peer.connect(There(), tls=True)
            break
        except OSError:
            assert time.monotonic() < deadline
    bob.hello("Bob")

    assert own.welcome
    assert bob.expect_welcome()
