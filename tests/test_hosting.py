"""A chat hosted from the window: the real server as a process of its own, which is never left behind."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clientlib import firewall, hosting
from clientlib.hosting import Closed, Hosting, Line, Opened
from peers import Peer
from processes import ANSWER_SECONDS, CHECKOUT, START_SECONDS, ServerProcess, wait_until
from protocol import MAX_SECRET, VERSION, Hello


class Place:
    """A server to join, for `Peer`."""

    host = "127.0.0.1"

    def __init__(self, port: int) -> None:
        self.port = port


def hosted_by(client: int) -> list[int]:
    """The servers that this process hosts, by their ids."""
    listing = ["ps", "-A", "-w", "-w", "-o", "pid=,ppid=,args="]
    told = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in told.splitlines()]
    return [int(row[0]) for row in rows if int(row[1]) == client and "--until-eof" in row[-1]]


@pytest.fixture
def host() -> Iterator[Callable[..., Hosting]]:
    """`host("name", port, password)` starts to host a chat."""
    started: list[Hosting] = []

    def start(name: str = "Physics 8b", port: int = 0, password: str | None = None) -> Hosting:
        started.append(Hosting(name, port, password))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.stop()
    wait_until(lambda: not hosted_by(os.getpid()), 2 * hosting.STOP_SECONDS, "no server is left behind")


def expect(one: Hosting, kind: type, seconds: float = START_SECONDS) -> tuple[hosting.Event, list[str]]:
    """The next event of a kind, and the lines before it."""
    lines: list[str] = []
    deadline = time.monotonic() + seconds
    while True:
        try:
            event = one.events.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            pytest.fail(f"no {kind.__name__} within {seconds:g} s; the server said: {lines}")
        if isinstance(event, kind):
            return event, lines
        assert isinstance(event, Line), f"{event} came before any {kind.__name__}"
        lines.append(event.text)


def test_a_chat_is_hosted_and_closed(host: Callable[..., Hosting]) -> None:
    """People can join from the moment it says so; stopping says goodbye to them and leaves no process."""
    one = host()
    opened, lines = expect(one, Opened)
    assert isinstance(opened, Opened)
    assert len(opened.words.split()) == 4
    assert any("Physics 8b" in line for line in lines)

    bob = Peer.join(Place(opened.port), "Bob")
    one.stop()
    bob.expect("bye")
    closed, lines = expect(one, Closed)
    assert closed == Closed("", opened=True)
    assert any(line.endswith("stopped") for line in lines)
    assert hosted_by(os.getpid()) == []


@pytest.mark.parametrize("name", ["--plaintext", "-x", "- ours -"])
def test_a_name_is_no_option_of_the_server(host: Callable[..., Hosting], name: str) -> None:
    """Whatever a chat is called."""
    opened, lines = expect(host(name), Opened)

    assert isinstance(opened, Opened)
    assert opened.words, "it is encrypted"
    assert any(name in line for line in lines)


def test_a_password_is_asked_for(host: Callable[..., Hosting]) -> None:
    """And is in no argument of the process."""
    one = host(password="open sesame")  # noqa: S106 - a test's
    opened, _ = expect(one, Opened)
    assert isinstance(opened, Opened)
    stranger = Peer.connect(Place(opened.port))
    stranger.send(Hello(VERSION, "Bob"))
    stranger.expect("error", code="wrong_password")
    Peer.join(Place(opened.port), "Bob", password="open sesame")  # noqa: S106

    if sys.platform.startswith("linux"):
        [server] = hosted_by(os.getpid())
        assert b"sesame" not in Path(f"/proc/{server}/cmdline").read_bytes()


@pytest.mark.parametrize("password", ["öpen sesame 🗝", " ", "\t", "\x7f", "x" * MAX_SECRET], ids=len)
def test_a_password_that_can_be_given_lets_people_in(host: Callable[..., Hosting], password: str) -> None:
    """As it was typed, whatever is in it."""
    assert hosting.can_be_given(password)
    opened, _ = expect(host(password=password), Opened)
    assert isinstance(opened, Opened)

    Peer.join(Place(opened.port), "Bob", password=password)


@pytest.mark.parametrize("password", ["a\0b", "\ud83d", "a\udc80"], ids=ascii)
def test_a_password_that_cannot_be_given(password: str) -> None:
    """A NUL ends a variable of the environment, and half a character makes bytes that nobody can type."""
    assert not hosting.can_be_given(password)


def test_variables_of_the_client_are_not_the_servers(
    host: Callable[..., Hosting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HALLWAY_HOST is where a client looks for a server, and where a server listens; the password is a chat's."""
    monkeypatch.setenv("HALLWAY_HOST", "192.0.2.1")
    monkeypatch.setenv("HALLWAY_PASSWORD", "of another chat")
    opened, _ = expect(host(), Opened)
    assert isinstance(opened, Opened)

    Peer.join(Place(opened.port), "Bob")


def test_a_taken_port_is_said(host: Callable[..., Hosting], server: ServerProcess) -> None:
    """In words for somebody who knows no command line."""
    closed, _ = expect(host(port=server.port), Closed)

    assert isinstance(closed, Closed)
    assert not closed.opened
    assert f"Port {server.port} of this computer is in use" in closed.why


def test_a_data_folder_that_another_server_has_is_said(host: Callable[..., Hosting]) -> None:
    """In the server's own words, without its program's name."""
    expect(host(), Opened)
    closed, _ = expect(host(), Closed)

    assert isinstance(closed, Closed)
    assert closed.why
    assert "server.py" not in closed.why
    assert "status" not in closed.why


def test_a_server_that_ends_by_itself_is_noticed(host: Callable[..., Hosting]) -> None:
    """However it went."""
    one = host()
    expect(one, Opened)
    [server] = hosted_by(os.getpid())
    os.kill(server, signal.SIGKILL)
    closed, _ = expect(one, Closed)

    assert isinstance(closed, Closed)
    assert "ended by itself" in closed.why
    assert closed.opened


_HOST = """
import time
from clientlib.hosting import Hosting, Opened
one = Hosting("Orphan", 0)
one.start()
while not isinstance(one.events.get(), Opened):
    pass
print("open", flush=True)
time.sleep(1000)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="looks for the process as POSIX does")
def test_a_server_is_not_left_behind_when_the_client_is_killed() -> None:
    """kill -9: nothing of ours runs any more, and the pipe that the server watches ends."""
    client = subprocess.Popen([sys.executable, "-c", _HOST], cwd=CHECKOUT, stdout=subprocess.PIPE)
    try:
        assert client.stdout is not None
        assert client.stdout.readline() == b"open\n"
        [pid] = hosted_by(client.pid)
    finally:
        client.kill()
        client.communicate()

    def is_gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{pid}/stat")  # nobody may be there to bury it, in a container
        return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"

    wait_until(is_gone, ANSWER_SECONDS, "the server has ended with its client")


def _instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Another program in the place of the server: what can be wrong with it, it is."""
    path = tmp_path / "instead.py"
    path.write_text(program)
    monkeypatch.setattr(hosting, "SERVER", path)


def test_a_server_that_does_not_end_is_killed(
    host: Callable[..., Hosting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while."""
    _instead(tmp_path, monkeypatch, "import time; print('Listening on port 1', flush=True); time.sleep(1000)")
    monkeypatch.setattr(hosting, "STOP_SECONDS", 0.2)
    one = host()
    expect(one, Opened)
    one.stop()

    assert expect(one, Closed)[0] == Closed("", opened=True)


def test_lines_that_nobody_takes_are_bounded(
    host: Callable[..., Hosting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what counts arrives all the same."""
    flood = "for i in range(20000): print('x' * 2000)\nprint('Listening on port 7', flush=True)"
    _instead(tmp_path, monkeypatch, flood)
    one = host()

    def is_told() -> bool:
        with one.events.mutex:
            return any(isinstance(event, Closed) for event in one.events.queue)

    wait_until(is_told, START_SECONDS, "its end is told")
    events = list(one.events.queue)
    assert len(events) <= hosting.MOST_WAITING
    assert [event for event in events if not isinstance(event, Line)] == [Opened(7, (), ""), Closed("", opened=True)]
    assert all(len(event.text) <= hosting.LINE_LENGTH for event in events if isinstance(event, Line))


def test_without_a_python_it_is_said(host: Callable[..., Hosting], monkeypatch: pytest.MonkeyPatch) -> None:
    """No process, no traceback."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    closed, _ = expect(host(), Closed)

    assert isinstance(closed, Closed)
    assert "cannot be started on this computer (No such file" in closed.why


def test_firewalls_are_opened_for_this_port() -> None:
    """Each command names it, and the sentence says where they are to be typed."""
    for command in firewall.commands(2048).values():
        assert "2048" in command
    sentence = firewall.what_is_in_the_way("Physics 8b", "192.0.2.1", 2048)

    assert "port 2048 (TCP)" in sentence
    assert "192.0.2.1" in sentence
    for command in firewall.commands(2048).values():
        assert command in sentence
    assert "sudo" not in firewall.what_is_in_the_way("Physics 8b", "127.0.0.1", 2048)
