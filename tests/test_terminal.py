"""The operator's terminal: the real server on a real pseudo-terminal, and what is typed there."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from peers import Keyboard, Operated, Peer, Program, TextPeer
from processes import ANSWER_SECONDS, CHECKOUT, START_SECONDS, STOP_SECONDS, ServerHere, own_address
from protocol import MAX_TEXT, VERSION, Bye, Hello
from serverlib import operations
from serverlib.door import Door
from serverlib.hub import Hub
from serverlib.operations import OPERATIONS, Operate
from serverlib.posts import Stop
from serverlib.terminal import COMMANDS

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)


@pytest.fixture
def operated(tmp_path: Path) -> Operated:
    """The server with its operator."""
    return Operated(tmp_path / "operated")


# --- commands ---------------------------------------------------------------------------------------------------------


def test_help_names_every_command(operated: Operated) -> None:
    """help lists what there is; anything else is answered with where to look; an empty line with nothing."""
    operated.type("")
    operated.type("help")
    operated.expect(re.compile("quit +closes the chat, as Ctrl-C does"))
    listed = [line.split()[0] for line in operated.keyboard.lines if re.match(r"[a-z]+ .*  \w", line)]
    operated.type("dance now")
    operated.expect("There is no command dance. Type help for those there are.")
    operated.type("kick")
    operated.expect("kick needs a NAME: kick NAME")

    assert listed == ["who", "kick", "ban", "unban", "say", "release", "stats", "help", "quit"]


def test_every_command_is_carried_out() -> None:
    """What the terminal offers and what the hub can do are the same, but for what the terminal does itself."""
    assert set(COMMANDS) == set(OPERATIONS) | {"help", "quit"}


def test_unknown_operation(tmp_path: Path) -> None:
    """A word that the hub does not know is answered, and the hub goes on."""
    hub = Hub(tmp_path, "Here", 10, Door())
    hub.start_up()
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    hub.post(Operate("dance", "", answers))
    hub.post(Operate("stats", "", answers))
    first, second = answers.get(timeout=ANSWER_SECONDS), answers.get(timeout=ANSWER_SECONDS)
    hub.post(Stop("over"))
    hub.join()

    assert first == "There is no command dance."
    assert "Names that are owned: 0" in second


def test_who(operated: Operated) -> None:
    """who lists everybody with their address, and how they are connected."""
    Peer.join(operated, "Ada", tls=True)
    Peer.join(operated, "Bob")
    TextPeer.join(operated, "Cleo")
    operated.type("WHO")

    operated.expect("Here now: 3")
    operated.expect("  Ada (127.0.0.1)")
    operated.expect("  Bob (127.0.0.1, not encrypted)")
    operated.expect("  Cleo (127.0.0.1, not encrypted, on netcat)")


def test_kick(operated: Operated) -> None:
    """Who is kicked is told, has left at once, and may come back."""
    ada = Peer.join(operated, "Ada")
    bob = Peer.join(operated, "Bob")
    cleo = TextPeer.join(operated, "Cleo")
    operated.type("kick  bob ")
    operated.expect("Bob was sent away, and may come back.")
    bye = bob.expect("bye")
    ada.expect("left", name="Bob", seconds=5)
    operated.type("kick Cleo")
    cleo.expect_line("The operator has closed your connection.")
    operated.type("kick Nobody")
    operated.expect("There is nobody called Nobody here.")

    assert (bye.code, bye.reason) == ("kicked", "The operator has closed your connection.")
    assert bob.closed()
    assert cleo.closed()
    assert Peer.join(operated, "Bob").welcome


def banned(server: Operated, name: str) -> bool:
    """Whether somebody of that name is not let in."""
    peer = Peer.connect(server)
    peer.send(Hello(VERSION, name))
    answer = peer.expect_any("error", "welcome")
    return answer.type == "error" and answer.code == "banned" and peer.closed()


def test_ban(operated: Operated) -> None:
    """A ban is by name, looks included, and kept over a restart; the operator's own address is not banned."""
    mallory = Peer.join(operated, "PEACOCK")
    operated.type("ban peacock")
    operated.expect(
        "peacock is banned by name alone: they come from this computer, whose address is never banned. `unban peacock`"
        " lifts it."
    )
    bye = mallory.expect("bye")
    operated.type("ban Nobody Yet")
    operated.expect(
        "Nobody Yet is banned by name alone: they are not here, so their address is not known. `unban Nobody Yet` lifts"
        " it."
    )
    for nobody in ("#everyone", "Server", "everyone"):
        operated.type(f"ban {nobody}")
        operated.expect(re.compile(".* Nobody was banned."))
    at_once = [
        banned(operated, name) for name in ("Peacock", "\u0420\u0415\u0410\u0421\u041e\u0421\u041a", "nobody yet")
    ]
    operated.restart()
    later = [banned(operated, name) for name in ("PEACOCK", "Nobody Yet", "Ada")]
    guest = TextPeer.connect(operated)
    guest.type("Peacock")
    guest.expect_line("You are banned from this chat. Whoever runs it can lift that.")
    operated.type("unban Peacock")
    operated.expect("peacock may come in again.")
    operated.type("unban Eve")
    operated.expect("Eve is not banned. Banned: Nobody Yet.")
    operated.type("unban")
    operated.expect("Banned: Nobody Yet.")

    assert bye.code == "banned"
    assert at_once == [True, True, True]
    assert later == [True, True, False]
    assert guest.closed()
    assert not banned(operated, "Peacock2")
    assert Peer.connect(operated)


def test_ban_of_an_address(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody from elsewhere is banned with their address, until the ban is lifted."""
    monkeypatch.setattr(operations, "is_here", lambda _address: False)  # as if they had another computer
    server = serve()
    mallory, second = Peer.join(server, "Mallory"), Peer.join(server, "Mel")
    said = server.operate("ban", "Mallory")
    assert mallory.closed()
    assert second.expect("bye").code == "banned"
    eve = Peer.connect(server)
    eve.hello("Eve")
    eve.expect("error", code="banned")

    assert said == (
        "Mallory is banned, and so is the address 127.0.0.1 (sent away with it: Mel). `unban Mallory` lifts it."
    )
    assert server.operate("unban", "mallory") == "Mallory may come in again."
    assert Peer.join(server, "Eve").welcome


def test_ban_of_this_computers_own_address(tmp_path: Path) -> None:
    """Whoever sits at the operator's computer is banned by name alone, by whichever of its addresses they came: the
    operator, and the computer's other people, would be banned with it.
    """
    own = own_address()
    server = Operated(tmp_path / "operated", "--host", own)
    server.host = own
    mallory = Peer.join(server, "Mallory", tls=True)
    mel = Peer.join(server, "Mel", tls=True)
    server.type("ban Mallory")
    server.expect(
        "Mallory is banned by name alone: they come from this computer, whose address is never banned. `unban Mallory`"
        " lifts it."
    )

    assert mallory.expect("bye").code == "banned"
    assert mel.say("still here") == mel.expect("ack").id
    assert Peer.join(server, "Eve", tls=True).welcome


def test_ban_holds_in_capitals(operated: Operated) -> None:
    """Who is banned does not come in by writing the name otherwise, whatever it looks like then."""
    small, title, capitals = "\u0432\u043e\u0432\u0430", "\u0412\u043e\u0432\u0430", "\u0412\u041e\u0412\u0410"
    vova = Peer.join(operated, small)
    operated.type(f"ban {small}")
    operated.expect(re.compile(".* is banned by name alone: .*"))
    assert vova.closed()
    kept_out = [banned(operated, name) for name in (small, title, capitals)]
    operated.type(f"unban {capitals}")
    operated.expect(f"{small} may come in again.")

    assert all(kept_out)
    assert Peer.join(operated, title).welcome


def test_say(operated: Operated) -> None:
    """What the operator says is in the log like any other message, from a name that nobody else can have."""
    ada = Peer.join(operated, "Ada")
    guest = TextPeer.join(operated, "Gus")
    operated.type("say " + "x" * (MAX_TEXT + 1))
    operated.expect("A message has at most 4000 characters; this one has 4001. Nothing was sent.")
    operated.type("say Lunch is \x1b[31mready")
    operated.expect("Everybody reads it.")
    message = ada.expect("message")
    guest.expect_line("Server: Lunch is [31mready")
    operated.restart()
    again = Peer.join(operated, "Bob")
    operated.type("say Welcome back")
    ada = Peer.connect(operated)
    ada.hello("Server")

    assert (message.seq, message.sender, message.to, message.text) == (1, "Server", "#everyone", "Lunch is [31mready")
    assert [each.text for each in again.read_until(2)] == ["Lunch is [31mready", "Welcome back"]
    assert again.welcome
    assert "Server" not in [person.name for person in again.welcome.people]
    ada.expect("error", code="name_invalid")


def test_release(operated: Operated) -> None:
    """A name set free belongs to whoever comes next, also after a restart; a guest's is nobody's to begin with."""
    ada = Peer.join(operated, "Ada")
    ada.send(Bye())
    assert ada.closed()
    gus = TextPeer.join(operated, "Gus")
    operated.type("release ada")
    operated.expect("The name Ada is free: whoever joins with it next owns it.")
    gus.expect_line("Server: The name Ada was set free: who joins with it next may be somebody else than before.")
    operated.type("release Gus")
    operated.expect("Nobody owns the name Gus.")
    operated.restart()
    new = Peer.connect(operated)
    new.send(Hello(VERSION, "Ada"))

    assert new.expect_welcome().token


def test_stats(operated: Operated) -> None:
    """stats counts."""
    ada = Peer.join(operated, "Ada")
    TextPeer.join(operated, "Gus")
    ada.say("hello")
    ada.expect("ack")
    operated.type("stats")

    operated.expect("Open for 0 h 0 min")
    operated.expect("People here: 2 (on netcat: 1)")
    operated.expect("Who read more slowly than is written: 0")
    operated.expect("Connections: 2")
    operated.expect("Names that are owned: 1")
    operated.expect("Banned: 0")
    operated.expect("Messages in the log: 1")


def test_quit(operated: Operated) -> None:
    """quit closes the chat as SIGTERM does."""
    ada = Peer.join(operated, "Ada")
    operated.type("quit")

    assert operated.keyboard.wait() == 0
    assert ada.expect("bye").reason == "The server is closing."


# --- what must not happen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_signals_while_the_terminal_is_read(operated: Operated, number: int, status: int) -> None:
    """A thread that waits for the operator's next word holds nothing up, and Python ends without a complaint."""
    Peer.join(operated, "Ada")
    started = time.monotonic()
    os.kill(operated.pid, number)

    assert operated.keyboard.wait() == status
    assert time.monotonic() - started < STOP_SECONDS
    operated.keyboard.closed()
    assert not any(word in operated.output for word in ("Traceback", "Fatal", "Exception"))


def test_control_c_and_control_d(operated: Operated) -> None:
    """The end of the input is not the end of the chat, and what is typed after it is read; Ctrl-C ends it."""
    operated.keyboard.send_bytes(b"\x04")
    ada = Peer.join(operated, "Ada")
    operated.type("who")
    operated.expect("Here now: 1")
    operated.keyboard.send_bytes(b"\x03")

    assert operated.keyboard.wait() == 130
    assert ada.expect("bye")


# Starts what follows as a shell starts a job with `&`, says its process id, and waits for it.
_IN_THE_BACKGROUND = """
import os, subprocess, sys
job = subprocess.Popen(sys.argv[1:], preexec_fn=os.setpgrp)
print("job", job.pid, flush=True)
sys.exit(job.wait())
"""


def test_in_the_background(tmp_path: Path) -> None:
    """A server that was started with `&` serves, and leaves the keyboard to others. (Reading it would stop it.)"""
    command = [sys.executable, str(CHECKOUT / "server.py"), "--host", "127.0.0.1", "--port", "0"]
    keyboard = Keyboard(sys.executable, "-c", _IN_THE_BACKGROUND, *command, "--data", str(tmp_path / "data"))
    pid = int(keyboard.expect_line(re.compile(r"job \d+"), START_SECONDS).split()[1])
    try:
        line = keyboard.expect_line(re.compile(r"Listening on port \d+"), START_SECONDS)
        keyboard.type("quit")
        with socket.create_connection(("127.0.0.1", int(line.rpartition(" ")[2])), ANSWER_SECONDS) as somebody:
            somebody.sendall(b"Ada\n")
            heard = somebody.recv(100)
    finally:
        os.kill(pid, signal.SIGTERM)

    assert keyboard.wait() == 0
    assert b"Registration successful" in heard


def test_input_that_is_no_terminal(tmp_path: Path) -> None:
    """What comes through a pipe is not obeyed, and its end is not the end of the chat."""
    command = [sys.executable, str(CHECKOUT / "server.py"), "--host", "127.0.0.1", "--port", "0"]
    program = Program([*command, "--data", str(tmp_path / "data")], os.environ | {"PYTHONUTF8": "1"})
    line = program.expect_line(re.compile(r"Listening on port \d+"), START_SECONDS)
    program.type("quit")
    program.finish_writing()
    port = int(line.rpartition(" ")[2])
    with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as somebody:
        somebody.sendall(b"Ada\n")
        heard = somebody.recv(100)

    assert b"Registration successful" in heard
    assert program.process.poll() is None


def test_nothing_moves_the_cursor(tmp_path: Path) -> None:
    """Whatever people call themselves, write or send, the terminal shows no control and no line of their making."""
    server = Operated(tmp_path / "operated", "--log-level", "debug")
    ada = Peer.join(server, "Ada")
    for name in ("\x1b[2J", "Eve\n12:00:00 Ada left", "Eve\r", "\u202eevE", "x\x9b31m"):
        ada.send_line({"type": "hello", "v": 1, "name": name})
        TextPeer.connect(server).send_bytes(name.encode() + b"\nBye\n")
    ada.say("\x1b[31mred\x07\n12:00:00 Ada left\r\x9b2J\u202e")
    ada.expect("ack")
    server.type("kick \x1b[31mEve\x07")
    server.expect(re.compile("There is nobody called .*Eve here."))
    Peer.join(server, "Last")
    server.expect(re.compile('.*"Last" joined from.*'))
    shown = server.output.replace("^[", "").replace("^G", "")  # the terminal's own echo of what was typed

    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", shown)
    assert not any(re.match(r"12:00:00", line) for line in shown.splitlines())
