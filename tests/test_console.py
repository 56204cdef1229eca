"""The console client as a process of its own: on pipes, on a terminal, and with a server that means it badly."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import history
from certificate import four_words, own_certificate
from clientlib import trust
from clientlib.admission import WITHHELD
from peers import Peer, Program
from processes import ANSWER_SECONDS, CHECKOUT, ServerProcess, lay_certificate
from protocol import (
    EVERYONE,
    Ack,
    AskConversations,
    AskHistory,
    Conversations,
    Error,
    Hello,
    Joined,
    Left,
    Message,
    Page,
    Person,
    SeenBy,
    Send,
    Talked,
    Welcome,
)
from test_engine import SESAME, Elsewhere, Guest, ScriptedServer

CLIENT = [sys.executable, str(CHECKOUT / "client.py")]


def client_with(*constants: str) -> list[str]:
    """The client with some constants of the client's parts otherwise: `client_with("console.MOST_PEOPLE = 3")`."""
    changed = "; ".join(constants)
    program = (
        f"import sys, client; from clientlib import admission, console, session; {changed}; sys.exit(client.main())"
    )
    return [sys.executable, "-c", program]


# With less patience at the end of the input, for the tests in which nobody acks.
HASTY = client_with("console.ACK_SECONDS = 1.0")


def address(server: ServerProcess | ScriptedServer) -> list[str]:
    return ["--host", server.host, "--port", str(server.port)]


def run(text: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The console with `text` as its piped input, run to its end."""
    return subprocess.run(
        [*CLIENT, "--console", *arguments],
        input=text,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=30,
        cwd=CHECKOUT,
        check=False,
        env=os.environ | {"PYTHONUTF8": "1"} | environment,
    )


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[ScriptedServer]:
    server = ScriptedServer(lay_certificate(tmp_path / "fake"))
    yield server
    server.close()


@pytest.fixture
def console(server: ServerProcess) -> Iterator[Callable[..., Program]]:
    """`console("Ada")` is somebody at a console who has joined; what it prints and what is typed are a socket."""
    programs: list[Program] = []

    def start(name: str, *arguments: str) -> Program:
        programs.append(Program([*CLIENT, "--console", *address(server), "--name", name, *arguments]))
        programs[-1].expect_line(f"Registration successful. Welcome to the chat, {name}!")
        return programs[-1]

    yield start
    for program in programs:
        program.close()


# --- people -----------------------------------------------------------------------------------------------------------


def test_asks_for_what_was_not_given(server: ServerProcess) -> None:
    """Address, port and name are asked for in these words; odd answers are asked again, with the reason."""
    with Program([*CLIENT, "--console"]) as ada:
        ada.expect_prompt("Enter server IP: [127.0.0.1] ")
        ada.type("127.0.0.1")
        ada.expect_prompt("Enter server port: [12345] ")
        ada.type("99999")
        ada.expect_line(re.compile("“99999” is no port.*"))
        ada.expect_prompt("Enter server port: [12345] ")
        ada.type(str(server.port))
        ada.expect_prompt("Enter your name: ")
        ada.type("")
        ada.expect_line("A name needs at least one character.")
        ada.expect_prompt("Enter your name: ")
        ada.type("Ada")
        ada.expect_line("Registration successful. Welcome to the chat, Ada!")
        ada.type("/exit")
        assert ada.wait() == 0
    with Program([*CLIENT, "--console"]) as again:
        again.expect_prompt("Enter server IP: [127.0.0.1] ")
        again.type("")
        again.expect_prompt(f"Enter server port: [{server.port}] ")
        again.type("")
        again.expect_prompt("Enter your name: [Ada] ")
        again.type("")
        again.expect_line("Registration successful. Welcome to the chat, Ada!")


def test_port_is_not_asked_for_where_the_address_was_given(server: ServerProcess) -> None:
    """It is 12345 then: a question for it would take the first line of a pipe for the answer."""
    command = [*client_with(f"console.DEFAULT_PORT = {server.port}"), "--console", "--host", server.host]
    bob = Peer.join(server, "Bob")
    with Program([*command, "--name", "Kitchen"]) as kitchen:
        kitchen.type("Dinner!")
        kitchen.finish_writing()
        assert kitchen.wait() == 0
        shown = "\n".join(kitchen.lines)
    bob.expect("message", sender="Kitchen", text="Dinner!")
    with Program(command) as ada:
        ada.expect_prompt("Enter your name: [Kitchen] ")
        shown += "\n".join(ada.lines)

    assert "Enter server" not in shown


def test_blank_is_not_given(server: ServerProcess) -> None:
    """`--host " "` and `--name " "`, as scripts with unset variables have them, are asked for."""
    result = run(f"127.0.0.1\n{server.port}\nAda\nhello\n", "--host", " ", "--name", " ", "--port", "")

    assert result.returncode == 0
    assert "Welcome to the chat, Ada!" in result.stdout


def test_exit_at_a_question() -> None:
    """/exit leaves there too, and is no address."""
    with Program([*CLIENT, "--console"]) as ada:
        ada.expect_prompt("Enter server IP: [127.0.0.1] ")
        ada.type("/exit")
        assert ada.wait() == 0


def test_conversation(console: Callable[..., Program]) -> None:
    """Public and private messages, who comes and goes: the words of the projects this chat comes from."""
    ada = console("Ada")
    bob = console("Bob")
    ada.expect_line("Bob has joined the chat.")
    ada.type("hello, all")
    ada.expect_line("Ada: hello, all")
    bob.expect_line("Ada: hello, all")
    ada.type("@Bob: Hi")
    ada.expect_line("Private message to Bob: Hi")
    bob.expect_line("Private message from Ada: Hi")
    ada.type("@Cleo Hi")
    ada.expect_line("Not sent: “@Cleo Hi” \N{EN DASH} there is nobody called Cleo here.")
    bob.type("/exit")
    assert bob.wait() == 0
    ada.expect_line("Bob has left the chat.")


def test_commands(server: ServerProcess, console: Callable[..., Program]) -> None:
    """/who, /history (again goes further back), /search, /help, an unknown one, and // for a slash."""
    bob = Peer.join(server, "Bob")
    for i in range(150):
        bob.say(f"apple {i}")
    bob.read_until(150)
    bob.bye()
    ada = console("Ada")
    for first in (120, 90, 60, 30):
        ada.type("/history")
        ada.expect_line("30 messages from before:")
        assert ada.expect_line(re.compile(r"\[.*")).endswith(f"Bob: apple {first}")
        ada.expect_line("/history shows still older ones.")
    ada.type("/history")
    ada.expect_line("30 messages from before:")
    assert ada.expect_line(re.compile(r"\[.*")).endswith("Bob: apple 0")
    ada.expect_line("That was the beginning.")
    ada.type("/history")
    ada.expect_line("There is nothing older.")
    ada.type("/search apple 77")
    ada.expect_line("Found: 1 message.")
    ada.expect_line("Bob: apple 77")
    ada.type("/search nothing like it")
    ada.expect_line("Found: 0 messages.")
    ada.type("/who")
    ada.expect_line(re.compile("Here: Ada.*"))
    ada.type("/help")
    ada.expect_line(re.compile(r" *@name text .*"))
    ada.type("/dance now")
    ada.expect_line("There is no command /dance. /help lists those there are.")
    ada.type("//dance")
    ada.expect_line("Ada: /dance")


def test_who_forgets_guests_who_left(fake: ScriptedServer) -> None:
    """A name that nobody owns is free when its guest goes; an owned one is away. Older servers do not say which."""
    with Program([*CLIENT, "--console", *address(fake), "--name", "Ada"]) as ada:
        guest = fake.accept()
        guest.welcome()
        guest.tell(*(Joined(name, 1) for name in ("Guest", "Bob", "Cem")))
        guest.tell(Left("Guest", 2, False), Left("Bob", 2, True), Left("Cem", 2))
        ada.expect_line("Cem has left the chat.")
        ada.type("/who")
        ada.expect_line("Here: Ada.")
        ada.expect_line("Away: Bob, Cem.")

        assert "Guest has left the chat." in ada.lines


def test_a_list_that_nobody_asked_for_is_not_told(fake: ScriptedServer) -> None:
    """And of one that was asked for as much as an honest server tells."""
    with Program([*CLIENT, "--console", *address(fake), "--name", "Ada"]) as ada:
        guest = fake.accept()
        guest.welcome()
        made_up = Conversations(tuple(Talked(f"N{number}", 1, 0, 2**60, 0) for number in range(300)))
        guest.tell(*[made_up] * 5, Joined("Bob", 1))
        ada.expect_line("Bob has joined the chat.")
        assert not any("private" in line for line in ada.lines)
        ada.type("/private")
        while not isinstance(guest.expect(object), AskConversations):  # how far was read is told, too
            pass
        guest.tell(made_up, Joined("Cem", 1))
        ada.expect_line("Cem has joined the chat.")

        told = [line for line in ada.lines if line.startswith("  N")]
        assert len(told) == 201
        assert told[0] == "  N0 (1000 or more new)"


def test_server_goes_and_comes_back(server: ServerProcess, console: Callable[..., Program]) -> None:
    """The console says when the connection is lost and when it is back, and sends what was typed meanwhile."""
    ada = console("Ada")
    server.kill()
    ada.expect_line(re.compile(".*Trying to connect again; what you write meanwhile is sent then."))
    ada.type("one")
    ada.type("two")
    ada.type("/search one")
    ada.expect_line("There is no connection just now. Please try again when it is back.")
    server.restart()
    ada.expect_line("The connection is back.")
    ada.expect_line("Ada: one")
    ada.expect_line("Ada: two")


def test_name_lost_to_somebody_else_is_told(fake: ScriptedServer) -> None:
    """Not for ever that the server has not noticed yet; said once, while it goes on trying."""
    impatient = client_with("admission.GHOST_SECONDS = 0.0", "session.LONGEST_PAUSE = 0.1")
    with Program([*impatient, "--console", *address(fake), "--name", "Ada"]) as ada:
        with fake.accept() as guest:
            guest.welcome()
        for _ in range(3):
            with fake.accept() as guest:
                guest.expect(Hello)
                guest.tell(Error("name_taken", "Ada is taken."))
                assert guest.closed()
        told = "Somebody else is here as Ada. What you wrote is kept; leave and choose another name, or wait."
        ada.expect_line(told)
        fake.accept().welcome()
        ada.expect_line("The connection is back.")

        assert ada.lines.count(told) == 1


def test_taken_name_is_asked_for_again(server: ServerProcess) -> None:
    """The server's reason is told and the next line is another name."""
    other = Peer.join(server, "Ada")
    result = run("Ada\nBea\nhello\n", *address(server))

    assert result.returncode == 0
    assert result.stdout.count("Enter your name: ") == 2
    assert "Welcome to the chat, Bea!" in result.stdout
    other.expect("message", sender="Bea", text="hello")


# --- scripts ----------------------------------------------------------------------------------------------------------


def test_all_of_a_pipe_arrives_in_order(server: ServerProcess) -> None:
    """The end of the input waits for the acks: every line is in the log when the program ends with 0."""
    bob = Peer.join(server, "Bob")
    result = run("".join(f"line {i}\n" for i in range(500)) + "no newline", *address(server), "--name", "Ada")

    assert result.returncode == 0
    assert result.stderr == ""
    assert [message.text for message in bob.read_until(501)] == [*(f"line {i}" for i in range(500)), "no newline"]
    assert "Ada: line 499\n" in result.stdout


@pytest.mark.parametrize("line", ["@Zed hello", "/dance", "x" * 5000])
def test_refused_line_of_a_script_is_told_by_the_status(server: ServerProcess, line: str) -> None:
    """Status 1, with the other lines sent all the same; 0 where every line was."""
    bob = Peer.join(server, "Bob")
    result = run(f"{line}\nfine\n", *address(server), "--name", "Ada")

    assert result.returncode == 1
    assert bob.read_until(1)[0].text == "fine"
    assert run("fine\n", *address(server), "--name", "Ada").returncode == 0


def test_script_gets_nothing_from_before_it_joined(server: ServerProcess) -> None:
    """One line in, little out: no backlog. /history has it."""
    bob = Peer.join(server, "Bob")
    bob.say("earlier")
    bob.read_until(1)
    assert "Encrypted." in run("", *address(server), "--name", "Kitchen").stdout  # said once
    result = run("Dinner!\n", *address(server), "--name", "Kitchen")
    asked = run("/history\n", *address(server), "--name", "Ada")

    assert [line[line.find("Kitchen") :] for line in result.stdout.splitlines()[1:]] == ["Kitchen: Dinner!"]
    assert result.stdout.startswith("Registration successful. Welcome to the chat, Kitchen!\n")
    assert "Bob: earlier" in asked.stdout


def test_script_is_told_what_is_new(server: ServerProcess) -> None:
    """/private lists with whom one has written, the latest first; a script reads nothing, however often it asks."""
    nobody = run("/private\n", *address(server), "--name", "Ada").stdout
    bob, cem = Peer.join(server, "Bob"), Peer.join(server, "Cem")
    for peer, text in ((cem, "psst"), (bob, "one"), (bob, "two")):
        peer.expect("ack", id=peer.say(text, "Ada"))
    answers = [run("/private\n", *address(server), "--name", "Ada").stdout for _ in range(2)]

    assert "Nobody has written to you in private yet, nor you to anybody. @name text does it." in nobody
    for answer in answers:
        assert "You have written in private with:\n  Bob (2 new)\n  Cem (1 new)\n" in answer


def test_slow_server_gets_all_of_a_pipe(start_server: Callable[..., ServerProcess]) -> None:
    """Flood control takes longer than the patience at the end; the console waits for as long as acks come."""
    server = start_server("--rate", "40")
    bob = Peer.join(server, "Bob")
    text = "".join(f"line {i}\n" for i in range(100)).encode()
    command = [*HASTY, "--console", *address(server), "--name", "Ada"]
    result = subprocess.run(command, input=text, capture_output=True, timeout=30, cwd=CHECKOUT, check=False)

    assert result.returncode == 0
    assert [message.text for message in bob.read_until(100)] == [f"line {i}" for i in range(100)]


def test_history_asked_for_again_and_again(server: ServerProcess) -> None:
    """Three times in one pipe are three pages, each older than the last: it once was the same page three times."""
    bob = Peer.join(server, "Bob")
    for i in range(100):
        bob.say(f"apple {i}")
    bob.read_until(100)
    three = run("/history\n" * 3, *address(server), "--name", "Ada")
    ten = run("/history\n" * 10, *address(server), "--name", "Cem")
    shown = [int(number) for number in re.findall(r"apple (\d+)", three.stdout)]

    assert shown == [*range(70, 100), *range(40, 70), *range(10, 40)]
    assert len(re.findall("apple", ten.stdout)) == 100
    assert ten.stdout.count("That was the beginning.") == 1


def test_history_that_was_refused_can_be_asked_for_again(fake: ScriptedServer) -> None:
    """An error that names no message may be the answer; later pages do not wait for another one."""
    with Program([*HASTY, "--console", *address(fake), "--name", "Ada"]) as ada:
        guest = fake.accept()
        guest.welcome(last=900)
        for _ in range(2):
            ada.type("/history")
            guest.expect(AskHistory)
            guest.tell(Error("not_saved", "The disk cannot be read."))
            ada.expect_line("The disk cannot be read.")


def test_environment_stands_behind_the_flags(server: ServerProcess) -> None:
    """HALLWAY_HOST, HALLWAY_PORT and HALLWAY_NAME answer what no flag did."""
    behind = {"HALLWAY_HOST": "127.0.0.1", "HALLWAY_PORT": str(server.port), "HALLWAY_NAME": "Ada"}

    assert "Welcome to the chat, Ada!" in run("", **behind).stdout
    assert "Welcome to the chat, Bob!" in run("", "--name", "Bob", **behind).stdout


def test_what_was_not_acked_goes_out_next_time(fake: ScriptedServer) -> None:
    """Exit status 1 with a sentence; the next start sends it under the same ids, and says so once."""
    arguments = [*address(fake), "--name", "Ada"]
    with Program([*HASTY, "--console", *arguments]) as ada:
        guest = fake.accept()
        guest.welcome()
        ada.type("not acked")
        ada.type("nor this")
        first, second = guest.take(2)
        ada.finish_writing()
        ada.expect_line(re.compile("2 messages could not be sent. .* when Ada joins this chat again."))
        assert ada.wait() == 1
    with Program([*HASTY, "--console", *arguments]) as ada:
        guest = fake.accept()
        guest.welcome()
        ada.expect_line("2 messages from last time are going out now.")
        assert guest.take(2) == [first, second]
        for seq, send in enumerate((first, second), 1):
            guest.tell(Message(seq, 1, "Ada", EVERYONE, send.id, send.text), Ack(send.id, seq, 1))
        ada.expect_line(re.compile(".*Ada: not acked"))
        ada.expect_line(re.compile(".*Ada: nor this"))
        ada.finish_writing()
        guest.finish_writing()
        assert ada.wait() == 0


def test_other_log_is_told(fake: ScriptedServer) -> None:
    """What was meant for the people of the old log is said to stay, and does not hold up the end."""
    with Program([*CLIENT, "--console", *address(fake), "--name", "Ada"]) as ada:
        with fake.accept() as guest:
            guest.welcome("log-1")
            ada.type("for the old one")
            guest.expect(Send)
        guest = fake.accept()
        guest.welcome("log-2")
        ada.expect_line("The history of this chat is another one than before.")
        ada.expect_line("1 message of yours to the old one stays on this computer.")
        ada.finish_writing()
        guest.finish_writing()
        assert ada.wait() == 0
        assert not guest.commands


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--port", "0"], 2, "is no port"),
        (["--port", "http"], 2, "is no port"),
        (["--nonsense"], 2, "usage"),
        (["--version"], 0, "Hallway "),
        (["--host", "127.0.0.1", "--port", "1", "--name", "Ada"], 1, "no chat is open on port 1"),
        (["--host", "127.0.0.1", "--port", "1", "--name", "a:b"], 1, "A name cannot"),
        (["--host", "127.0.0.1", "--port", "1"], 1, "--name"),
    ],
)
def test_exit_status(arguments: list[str], status: int, words: str) -> None:
    """2 for wrong usage, 1 for what could not be done, each with a sentence and never a traceback."""
    result = run("", *arguments)

    assert result.returncode == status
    assert words in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_taken_name_in_a_script_is_the_end(server: ServerProcess) -> None:
    """A script that gave a name gets status 1 and none of its text is sent under another."""
    other = Peer.join(server, "Ada")
    result = run("hello\n", *address(server), "--name", "Ada")

    assert result.returncode == 1
    assert "Welcome" not in result.stdout
    other.say("nothing came before this")
    assert other.read_until(1)[0].text == "nothing came before this"


def test_reader_that_goes_away_ends_it_quietly(server: ServerProcess) -> None:
    """`client.py --console | head -1`: no complaint, and the person has left."""
    command = [*CLIENT, "--console", *address(server), "--name", "Ada"]
    pipe = subprocess.PIPE
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    bob = Peer.join(server, "Bob")
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=buffered) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        bob.say("nobody reads this")
        assert process.wait(ANSWER_SECONDS) == 0
        assert process.stderr.read() == b""
    bob.expect("left", name="Ada")


@pytest.mark.skipif(sys.platform == "win32", reason="sh")
@pytest.mark.parametrize("closed", [">&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_starts_with_closed_streams(server: ServerProcess, closed: str) -> None:
    """What cron and some supervisors do. With nothing to read it joins and leaves."""
    words = " ".join([*CLIENT, "--console", *address(server), "--name", "Ada"])
    source = "" if "<&-" in closed else "</dev/null"
    result = subprocess.run(["sh", "-c", f"{words} {source} {closed}"], capture_output=True, timeout=30, check=False)

    assert result.returncode == 0
    assert result.stderr == b""
    server.expect_log('"Ada" joined')


def test_terminal_that_lacks_letters(server: ServerProcess) -> None:
    """A terminal that knows ASCII only shows question marks instead of ending the program."""
    result = run("grüße 🎉\n", *address(server), "--name", "Zoë", PYTHONUTF8="0", PYTHONIOENCODING="utf-8")
    shown = run("/history\n", *address(server), "--name", "Ada", PYTHONUTF8="0", PYTHONIOENCODING="ascii")

    assert result.returncode == 0
    assert shown.returncode == 0
    assert re.search(r"Zo\?: gr\?\?e \?", shown.stdout)


def test_bytes_that_are_no_text(server: ServerProcess) -> None:
    """Input that is not UTF-8 is sent with replacement characters, and too long a line is refused in words."""
    result = run("\udcff\udcfe half\n" + "x" * 100_000 + "\nfine\n", *address(server), "--name", "Ada")

    assert result.returncode == 1
    assert "Ada: \ufffd\ufffd half" in result.stdout
    assert "a message has at most 4000 characters" in result.stdout
    assert "Ada: fine" in result.stdout


# --- a server that means it badly -------------------------------------------------------------------------------------

EVIL = "\x1b[2J\x1b]0;title\x07\x9b31m\x08\r\x7f\u202eevil\u2066\x00"


def test_no_control_character_reaches_the_terminal(fake: ScriptedServer) -> None:
    """Whatever field it stands in: names, texts, reasons, the server's name, pages, errors."""
    with Program([*CLIENT, "--console", *address(fake), "--name", "Ada"]) as ada:
        guest = fake.accept()
        guest.expect(Hello)
        guest.tell(Welcome(1, EVIL, "log", f"Ada{EVIL}", (Person(EVIL, True), Person(f"x{EVIL}", False)), 900))
        guest.tell(Joined(EVIL, 1), Error("bad_message", EVIL), Message(901, 1, EVIL, EVERYONE, EVIL, EVIL))
        guest.tell(Message(902, 1, "Bob", EVIL, "b", f"line\n[12:00] Eve: {EVIL}"), Joined("Bob", 253_402_300_799_999))
        ada.type("/who")
        ada.type("/history")
        guest.expect(object)
        guest.tell(Page((Message(1, 0, EVIL, EVERYONE, "c", EVIL),), True))
        ada.type("@x hello")
        guest.tell(Error("no_such_user", EVIL, guest.expect(Send).id))
        ada.expect_line(re.compile("Not sent: .*"))
        ada.finish_writing()
        guest.finish_writing()
        ada.wait()
        shown = "\n".join(ada.lines)

    assert "evil" in shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", shown)
    assert "\n    [12:00] Eve: " in shown  # set in: no text can pass for another person's message


def test_people_without_end_fill_nobodys_memory(fake: ScriptedServer) -> None:
    """All who come are told; /who lists as many as a chat can have, and those who go make room."""
    with Program([*client_with("console.MOST_PEOPLE = 3"), "--console", *address(fake), "--name", "Ada"]) as ada:
        guest = fake.accept()
        guest.welcome()
        guest.tell(*(Joined(name, 1) for name in ("Bob", "Cem", "Dora")), Left("Eve", 1))
        ada.expect_line("Dora has joined the chat.")
        ada.type("/who")
        ada.expect_line("Here: Ada, Bob, Cem.")
        guest.tell(Left("Bob", 2, False), Left("Cem", 2, True), Joined("Eve", 3))
        ada.expect_line("Eve has joined the chat.")
        ada.type("/who")
        ada.expect_line("Here: Ada, Eve.")
        ada.expect_line("Away: Cem.")


# --- whom it speaks to ------------------------------------------------------------------------------------------------


def test_words_of_a_new_server_are_shown_once(fake: ScriptedServer) -> None:
    """At the first meeting they are there to be compared, later there is nothing to say."""
    said = "Encrypted. To be sure that nobody is in between, compare these words with the server's:"
    words = f"    {four_words(str(fake.fingerprint))}"
    shown = []
    for _ in range(2):
        with Program([*CLIENT, "--console", *address(fake), "--name", "Ada"]) as ada:
            guest = fake.accept()
            guest.welcome()
            ada.expect_line("Registration successful. Welcome to the chat, Ada!")
            ada.type("/who")
            ada.expect_line("Here: Ada.")
            shown.append([line for line in ada.lines if line in (said, words)])
            ada.type("/connection")
            ada.expect_line(said)
            ada.expect_line(words)

    assert shown == [[said, words], []]


def test_unencrypted_is_said_each_time(start_server: Callable[..., ServerProcess]) -> None:
    """Plainly, at every join."""
    server = start_server("--plaintext")
    said = "Not encrypted: others on this network can read, and change, what you write and what you read."
    results = [run("", *address(server), "--name", "Ada") for _ in range(2)]

    assert [result.stdout.splitlines().count(said) for result in results] == [1, 1]


def writes_to_friends(fake: ScriptedServer, ada: Program) -> Guest:
    """Lets Ada in, who writes something that the server then has, and never acknowledges."""
    guest = fake.accept()
    guest.welcome()
    ada.expect_line("Registration successful. Welcome to the chat, Ada!")
    ada.type("for my friends only")
    guest.expect(Send)
    return guest


def in_the_place_of(fake: ScriptedServer, tmp_path: Path) -> ScriptedServer:
    """Another server at the same address; Ada's last words to the one before are waiting for it."""
    with Program([*CLIENT, "--console", *address(fake), "--name", "Ada"]) as ada:
        writes_to_friends(fake, ada)
    fake.close()
    return ScriptedServer(own_certificate(tmp_path / "other"), fake.port)


@pytest.mark.parametrize("answer", ["accept", "yes", ""])
def test_changed_certificate_is_asked_about(fake: ScriptedServer, tmp_path: Path, answer: str) -> None:
    """Nothing but the word itself accepts it; the sentence stands before the question, what is left behind after it."""
    other = in_the_place_of(fake, tmp_path)
    with contextlib.closing(Terminal(*address(other), "--name", "Ada")) as ada:
        guest = other.accept()
        ada.expect(f"The server at 127.0.0.1 port {fake.port} is not the one you met there before. ")
        ada.expect("Type accept to trust the new one: ")
        assert guest.closed()
        assert guest.bytes == b""
        ada.type(answer)
        if answer == "accept":
            other.accept().welcome()
            ada.expect("Registration successful. Welcome to the chat, Ada!")
            ada.expect("This is the new certificate you have trusted. Its words:")
            ada.expect(f"    {four_words(str(other.fingerprint))}")
            ada.expect("1 message of yours waits on this computer for the server that was here before")
        else:
            ada.expect("It was not accepted, and nothing was sent.")
            assert ada.process.wait(ANSWER_SECONDS) == 1
    other.close()


def test_changed_certificate_takes_no_piped_line_for_an_answer(fake: ScriptedServer, tmp_path: Path) -> None:
    """Once the first line of a pipe was it, written before there was anything to compare."""
    other = in_the_place_of(fake, tmp_path)
    with Program([*CLIENT, "--console", *address(other), "--name", "Ada"]) as ada:
        ada.type("accept")
        guest = other.accept()
        ada.expect_line(re.compile(r"Only somebody at a terminal can accept it\. .*"))
        assert ada.wait() == 1
    other.close()

    assert guest.closed()
    assert guest.bytes == b""


def test_changed_certificate_in_the_middle_of_a_chat(fake: ScriptedServer, tmp_path: Path) -> None:
    """It ends with how to go on, and with what was not sent."""
    with Program([*CLIENT, "--console", *address(fake), "--name", "Ada"]) as ada:
        guest = writes_to_friends(fake, ada)
        fake.close()
        other = ScriptedServer(own_certificate(tmp_path / "other"), fake.port)
        guest.close()
        other.accept()
        ada.expect_line(re.compile(r"The server at .* is not the one you met there before\. .*"))
        ada.expect_line("Start the client again to compare and accept.")
        ada.expect_line(re.compile(r"1 message could not be sent\. What was not sent is kept .*"))
        assert ada.wait() == 1
    other.close()


def test_password_goes_out_in_the_clear_only_when_typed_knowing_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable's is not sent; at a terminal it is said and asked for, a pipe ends there."""
    if sys.platform == "win32":
        pytest.skip("Windows has no pseudo-terminals in Python")
    server = Elsewhere()
    monkeypatch.setenv("HALLWAY_PASSWORD", "from before")
    with Program([*CLIENT, "--console", *address(server), "--name", "Ada"]) as piped:
        piped.type(SESAME)
        with server.accept() as guest:
            assert guest.expect(Hello).password is None
            guest.tell(Error("wrong_password", "This chat needs a password."))
        piped.expect_line(f"This chat needs a password. {WITHHELD}")
        assert piped.wait() == 1
    with contextlib.closing(Terminal(*address(server), "--name", "Ada")) as ada:
        with server.accept() as guest:
            assert guest.expect(Hello).password is None
            guest.tell(Error("wrong_password", "This chat needs a password."))
            ada.expect("Not encrypted: others on this network can read")
            ada.expect("Enter the chat's password: ")
        ada.type(SESAME)
        assert server.accept().welcome().password == SESAME
        ada.expect("Registration successful. Welcome to the chat, Ada!")
    server.close()


def test_damaged_known_servers_are_told(fake: ScriptedServer) -> None:
    """Whoever is let in by a server that was forgotten has to compare its words once more."""
    folder = history.data_folder() / "client"
    folder.mkdir(parents=True)
    (folder / trust.FILE_NAME).write_text("{")
    with Program([*CLIENT, "--console", *address(fake), "--name", "Ada"]) as ada:
        fake.accept().welcome()
        ada.expect_line(trust.FORGOTTEN)
        ada.expect_line("Registration successful. Welcome to the chat, Ada!")


def test_password_is_not_taken_from_a_pipe(fake: ScriptedServer) -> None:
    """What stands there was meant for everybody to read; the sentence says where a script's password belongs."""
    with Program([*CLIENT, "--console", *address(fake), "--name", "Ada"]) as ada:
        ada.type("hello")
        with fake.accept() as guest:
            assert guest.expect(Hello).password is None
            guest.tell(Error("wrong_password", "This chat needs a password."))
            ada.expect_line("This chat needs a password.")
        ada.expect_line(re.compile(".*Please put the password into HALLWAY_PASSWORD."))

        assert ada.wait() == 1


def test_password_from_the_environment(start_server: Callable[..., ServerProcess]) -> None:
    """A script with the wrong one ends, and guesses no further with its lines."""
    server = start_server(HALLWAY_PASSWORD=SESAME)
    right = run("hello\n", *address(server), "--name", "Ada", HALLWAY_PASSWORD=SESAME)
    wrong = run("hello\n", *address(server), "--name", "Bea", HALLWAY_PASSWORD="no")  # noqa: S106
    none = run("", *address(server), "--name", "Cem")

    assert right.returncode == 0
    assert "Ada: hello" in right.stdout
    assert wrong.returncode == 1
    assert "That is not the password." in wrong.stdout
    assert none.returncode == 1
    assert "HALLWAY_PASSWORD" in none.stdout


# --- a terminal -------------------------------------------------------------------------------------------------------


class Terminal:
    """The console on a pseudo-terminal, with this test at its keyboard."""

    def __init__(self, *arguments: str) -> None:
        import pty

        self._master, slave = pty.openpty()
        command = [*CLIENT, "--console", *arguments]
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        self.shown = ""

    def type(self, line: str) -> None:
        os.write(self._master, line.encode() + b"\n")

    def press_ctrl_c(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def expect(self, text: str, times: int = 1) -> None:
        """Waits until `text` has been shown so often."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while self.shown.count(text) < times:
            left = deadline - time.monotonic()
            if left < 0 or not select.select([self._master], [], [], left)[0]:
                pytest.fail(f"{text!r} was not shown; what stands there:\n{self.shown}")
            try:
                self.shown += os.read(self._master, 65536).decode()
            except OSError:  # how Linux says that the program has ended
                pytest.fail(f"it ended without {text!r}; what stands there:\n{self.shown}")

    def close(self) -> None:
        self.process.kill()
        self.process.wait(ANSWER_SECONDS)
        with contextlib.suppress(OSError):
            os.close(self._master)


@pytest.fixture
def terminal(server: ServerProcess) -> Iterator[Callable[..., Terminal]]:
    """`terminal("Ada")` is somebody at a terminal who has joined."""
    if sys.platform == "win32":
        pytest.skip("Windows has no pseudo-terminals in Python")
    terminals: list[Terminal] = []

    def start(name: str) -> Terminal:
        terminals.append(Terminal(*address(server), "--name", name))
        terminals[-1].expect(f"Registration successful. Welcome to the chat, {name}!")
        return terminals[-1]

    yield start
    for one in terminals:
        one.close()


def test_who_types_has_read_what_stands_above(server: ServerProcess, terminal: Callable[..., Terminal]) -> None:
    """What came counts as read when somebody at the terminal presses Enter below it, not earlier."""
    ada = terminal("Ada")
    bob = Peer.join(server, "Bob")
    bob.say("psst", "Ada")
    bob.say("to all")
    ada.expect("Bob: to all")
    ada.type("/private")
    ada.expect("  Bob (1 new)")
    seen = bob.expect("seen")
    ada.type("/private")
    ada.expect("  Bob\r\n")

    assert seen == SeenBy("Ada", 1)


def test_terminal_shows_what_was_typed_once(server: ServerProcess, terminal: Callable[..., Terminal]) -> None:
    """The typed line stands there already; the same message is not printed below it a second time."""
    bob = Peer.join(server, "Bob")
    ada = terminal("Ada")
    ada.type("once is enough")
    bob.expect("message", sender="Ada", text="once is enough")
    bob.say("seen")
    ada.expect("Bob: seen")

    assert ada.shown.count("once is enough") == 1


def test_terminal_shows_the_backlog(server: ServerProcess, terminal: Callable[..., Terminal]) -> None:
    """Somebody who comes later reads what was said, and how to go on; /history continues above it."""
    bob = Peer.join(server, "Bob")
    for i in range(110):
        bob.say(f"apple {i}")
    bob.read_until(110)
    ada = terminal("Ada")
    ada.expect("/help tells what you can do, /exit leaves.")
    ada.expect("Bob: apple 10\r")
    ada.expect("Bob: apple 109\r")
    ada.type("/history")
    ada.expect("10 messages from before:")
    ada.expect("That was the beginning.")

    assert ada.shown.count("Bob: apple 9\r") == 1


def test_terminal_confirms_a_private_message(server: ServerProcess, terminal: Callable[..., Terminal]) -> None:
    """That it went to one person alone is shown, as netcat does."""
    bob = Peer.join(server, "Bob")
    ada = terminal("Ada")
    ada.type("@Bob: Hi")
    ada.expect("Private message to Bob: Hi")
    bob.expect("message", sender="Ada", to="Bob", text="Hi")


def test_terminal_offers_the_last_answers_again(server: ServerProcess) -> None:
    """After a failed connection one slip need not be paid with typing everything anew."""
    if sys.platform == "win32":
        pytest.skip("Windows has no pseudo-terminals in Python")
    ada = Terminal()
    try:
        ada.expect("Enter server IP: ")
        ada.type("127.0.0.1")
        ada.expect("Enter server port: [12345] ")
        ada.type("1")
        ada.expect("Enter your name: ")
        ada.type("Ada")
        ada.expect("no chat is open on port 1")
        ada.expect("Enter server IP: [127.0.0.1] ")
        ada.type("")
        ada.expect("Enter server port: [1] ")
        ada.type(str(server.port))
        ada.expect("Welcome to the chat, Ada!")
    finally:
        ada.close()


def test_terminal_does_not_show_the_password(start_server: Callable[..., ServerProcess]) -> None:
    """It is asked for without echo, and again when it was wrong."""
    if sys.platform == "win32":
        pytest.skip("Windows has no pseudo-terminals in Python")
    server = start_server(HALLWAY_PASSWORD=SESAME)
    ada = Terminal(*address(server), "--name", "Ada")
    try:
        ada.expect("Enter the chat's password: ")
        ada.type("guess")
        ada.expect("That is not the password.")
        ada.expect("Enter the chat's password: ", 2)
        ada.type(SESAME)
        ada.expect("Welcome to the chat, Ada!")
        ada.type("hello")
        ada.type("/who")
        ada.expect("Here: Ada.")
    finally:
        ada.close()

    assert SESAME not in ada.shown
    assert "guess" not in ada.shown


def test_terminal_says_what_waits(server: ServerProcess, terminal: Callable[..., Terminal]) -> None:
    """Without a connection a typed line is said to be kept, and shown in its place when it has gone out."""
    ada = terminal("Ada")
    server.kill()
    ada.expect("Trying to connect again")
    ada.type("later")
    ada.expect("(Kept until the connection is back, then sent by itself.)")
    server.restart()
    ada.expect("The connection is back.")
    ada.expect("Ada: later")


def test_ctrl_c_says_bye(server: ServerProcess, terminal: Callable[..., Terminal]) -> None:
    """Exit status 130, at once, with no traceback; the others are told without delay."""
    bob = Peer.join(server, "Bob")
    ada = terminal("Ada")
    ada.press_ctrl_c()

    assert ada.process.wait(ANSWER_SECONDS) == 130
    bob.expect("left", name="Ada", seconds=5)
    assert "Traceback" not in ada.shown


def test_ctrl_c_at_a_question() -> None:
    """Nobody has joined yet; it just ends."""
    if sys.platform == "win32":
        pytest.skip("Windows has no pseudo-terminals in Python")
    ada = Terminal()
    ada.expect("Enter server IP: ")
    ada.press_ctrl_c()
    status = ada.process.wait(ANSWER_SECONDS)
    ada.close()

    assert status == 130


def test_ctrl_d_leaves(terminal: Callable[..., Terminal]) -> None:
    """The end of the input at a terminal is a goodbye."""
    ada = terminal("Ada")
    os.write(ada._master, b"\x04")

    assert ada.process.wait(ANSWER_SECONDS) == 0


# --- no window --------------------------------------------------------------------------------------------------------


def test_without_tk_it_says_what_to_install(server: ServerProcess) -> None:
    """And goes on as the console."""
    program = "import sys; sys.modules['tkinter'] = None; import client; sys.exit(client.main())"
    command = [sys.executable, "-c", program, *address(server), "--name", "Ada"]
    result = subprocess.run(command, input=b"hi\n", capture_output=True, timeout=30, cwd=CHECKOUT, check=False)

    assert result.returncode == 0
    assert b"The window needs Tk" in result.stderr
    assert b"Ada: hi" in result.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there always is a display")
def test_without_a_display_it_goes_on_in_the_terminal(server: ServerProcess) -> None:
    """A machine that is reached by ssh."""
    pytest.importorskip("tkinter")
    without = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [*CLIENT, *address(server), "--name", "Ada"]
    result = subprocess.run(command, input="hi\n", capture_output=True, text=True, timeout=30, env=without, check=False)

    assert result.returncode == 0
    assert "There is no display" in result.stderr
    assert "Ada: hi" in result.stdout


def test_settings_folder_is_made_only_when_something_is_kept(tmp_path: Path) -> None:
    """Somebody who only looks leaves nothing behind."""
    data = tmp_path / "data"
    run("", "--host", "127.0.0.1", "--port", "1", "--name", "Ada", HALLWAY_DATA=str(data))

    assert not data.exists()
