"""The chat from end to end: the real server, and people who speak to it in JSON lines and in words."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

import certificate
from certificate import fingerprint_of, four_words, own_certificate
from history import EVERYONE_ID, FILE_NAME, History, HistoryError
from names import MAX_NAME
from peers import Netcat, Peer, Program, RawPeer, Recorder, TextPeer
from processes import ANSWER_SECONDS, CHECKOUT, START_SECONDS, STOP_SECONDS, ServerHere, ServerProcess, own_address
from protocol import (
    EVERYONE,
    MAX_TEXT,
    AskHistory,
    AskSearch,
    Bye,
    Message,
    Person,
    Ping,
    SeenWith,
    TypingTo,
    __version__,
)
from server import Options, Server, StartError
from serverlib import connection, delivery, hub, netcat, operations, questions, register, visit
from serverlib.log_reader import Reader

SERVER = [sys.executable, str(CHECKOUT / "server.py")]


def run(*arguments: str, text: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """`server.py`, when it is to end by itself."""
    return subprocess.run(
        [*SERVER, *arguments],
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=START_SECONDS,
        check=False,
        env=os.environ | {"PYTHONUTF8": "1"} | environment,
    )


def leave(peer: Peer) -> None:
    """Says bye, and waits until the server has taken it: from then on the name is free."""
    peer.send(Bye())
    assert peer.closed()


def seqs(messages: list[Message]) -> list[int]:
    return [message.seq for message in messages]


def texts(messages: list[Message]) -> list[str]:
    return [message.text for message in messages]


# --- talking ----------------------------------------------------------------------------------------------------------


def test_two_people_talk(server: ServerProcess) -> None:
    """Everybody reads what somebody writes, the sender too, with the same number, and with the server's time."""
    before = time.time_ns() // 1_000_000
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    id = ada.say("hello")
    to_ada, to_bob, ack = ada.expect("message"), bob.expect("message"), ada.expect("ack")
    bob.say("hello yourself")
    answer = ada.expect("message")

    assert to_ada == to_bob == Message(1, to_ada.time, "Ada", EVERYONE, id, "hello")
    assert before <= to_ada.time <= time.time_ns() // 1_000_000
    assert (ack.id, ack.seq, ack.time) == (id, 1, to_ada.time)
    assert (answer.seq, answer.sender, answer.text) == (2, "Bob", "hello yourself")


def test_text_arrives_as_it_was_written(server: ServerProcess) -> None:
    """Any script, newlines, tabs and the longest text arrive unchanged; controls that harm a screen do not."""
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    written = ['¡Olé! 你好 👩‍👩‍👧 "quotes" \\ back', "two\nlines\tand a tab", "😀" * MAX_TEXT, " spaces "]
    for text in [*written, "\x1b[31mred\x00 \u202eevil"]:
        ada.say(text)

    assert texts(bob.read_until(5)) == [*written, "[31mred evil"]
    assert ada.read_until(5) == bob.messages


def test_order_is_the_same_for_everybody(server: ServerProcess) -> None:
    """However many write at once, every screen shows one order, numbered without a hole."""
    people = [Peer.join(server, f"Person {i}") for i in range(5)]
    for number in range(50):
        for person in people:
            person.say(f"{number}")
    lists = [person.read_until(250) for person in people]

    assert seqs(lists[0]) == list(range(1, 251))
    assert all(messages == lists[0] for messages in lists)


def test_repeat_gets_the_first_ack(server: ServerProcess) -> None:
    """A message sent again under its id is acked like the first time and shown once, after a reconnect as well."""
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    ada.say("once", id="same")
    first = ada.expect("ack", id="same")
    ada.say("once", id="same")
    again = ada.expect("ack", id="same")
    leave(ada)
    ada = Peer.join(server, "Ada")
    ada.say("once", id="same")
    after_reconnect = ada.expect("ack", id="same")
    ada.say("end")

    assert first == again == after_reconnect
    assert texts(bob.read_until(2)) == ["once", "end"]
    assert seqs(bob.messages) == [1, 2]


def test_same_id_of_two_people(server: ServerProcess) -> None:
    """Ids are each sender's own."""
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    ada.say("mine", id="1")
    ada.expect("ack", id="1", seq=1)
    bob.say("mine too", id="1")

    assert bob.expect("ack", id="1").seq == 2
    assert texts(ada.read_until(2)) == ["mine", "mine too"]


# --- encrypted --------------------------------------------------------------------------------------------------------


def test_encrypted(server: ServerProcess) -> None:
    """Over TLS all is as without it: joining, writing, reading, coming back to where one was."""
    ada = Peer.join(server, "Ada", tls=True)
    bob = Peer.join(server, "Bob", tls=True)
    ada.say("hello")
    ada.say("just us", to="Bob")
    bob.say("x" * MAX_TEXT)
    said = bob.read_until(3)
    assert ada.welcome
    leave(ada)
    ada = Peer.join(server, "Ada", tls=True, history=ada.welcome.history, after=1)
    bob.say("live")

    assert sorted(texts(said)) == sorted(["hello", "just us", "x" * MAX_TEXT])
    assert ada.read_until(3) == bob.read_until(4)[1:]


@pytest.mark.parametrize(
    "command", [["ncat", "--ssl"], ["openssl", "s_client", "-quiet", "-connect"]], ids=["ncat", "openssl"]
)
def test_words_encrypted(server: ServerProcess, command: list[str]) -> None:
    """The programs that do for TLS what netcat does get the same chat in words."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} on this machine")
    where = [f"{server.host}:{server.port}"] if command[0] == "openssl" else [server.host, str(server.port)]
    bob = Peer.join(server, "Bob")
    ada = Program([*command, *where])
    ada.expect_prompt("What is your name? ")
    ada.type("Ada")
    ada.expect_line("Registration successful. Welcome to the chat, Ada!")
    ada.type("@Bob: hi")
    private = bob.expect("message")
    bob.say("hello")
    ada.expect_line("Bob: hello")
    ada.type("/exit")
    bob.expect("left", name="Ada", seconds=5)

    assert (private.sender, private.text) == ("Ada", "hi")


def test_nobody_reads_along(server: ServerProcess) -> None:
    """A copy of all that went over the network holds no name, no token, no password and no text."""
    recorder = Recorder(server)
    secret = "open sesame"  # noqa: S105 - of nothing
    ada = Peer.join(recorder, "Ada Lovelace", tls=True, password=secret)
    guest = TextPeer.connect(recorder, tls=True)
    guest.type("Gustave")
    guest.expect_line("Registration successful. Welcome to the chat, Gustave!")
    ada.say("the treasure", to="Gustave")
    guest.expect_line("Private message from Ada Lovelace: the treasure")
    assert ada.welcome
    assert ada.welcome.token
    heard = bytes(recorder.heard)

    assert len(heard) > 1000
    for said in ("Ada", "Gustave", "treasure", secret, "hello", "welcome", ada.welcome.token, "Registration"):
        assert said.encode() not in heard


def test_unencrypted_from_elsewhere(start_server: Callable[..., ServerProcess]) -> None:
    """Not from this machine's loopback: who does not encrypt gets a sentence that says how to, and no more."""
    host = own_address()
    server = start_server("--host", host)
    there = At(server.port, host)
    ada = Peer.connect(there)
    ada.hello("Ada")
    error = ada.expect("error")
    bob = TextPeer.connect(there)
    bob.type("Bob")
    bob.expect_line(f"This chat is encrypted. Join with: ncat --ssl {host} {server.port}")

    assert error.code == "must_encrypt"
    assert ada.closed()
    assert bob.closed()
    assert Peer.join(there, "Ada", tls=True).welcome


def handshake(server: ServerProcess) -> bytes:
    """What is answered to the first byte of a handshake."""
    with (
        socket.create_connection((server.host, server.port), ANSWER_SECONDS) as client,
        client.makefile("rb") as answer,
    ):
        client.sendall(b"\x16")
        return answer.read()


def test_plaintext(start_server: Callable[..., ServerProcess]) -> None:
    """--plaintext: nobody is encrypted, which the terminal and people in words are told; TLS is refused."""
    host = own_address()
    server = start_server("--plaintext", "--host", "0.0.0.0", makes_certificate=True)
    guest = TextPeer.join(At(server.port, host), "Gus")
    refused = handshake(server)

    assert Peer.join(At(server.port, host), "Ada").welcome
    assert guest.lines[0] == "This chat is not encrypted. Others on the network can read along."
    assert refused == b'{"type":"error","code":"not_encrypted","text":"This chat is not encrypted."}\n'
    assert "Not encrypted: others on the network can read along." in server.log
    assert not (server.data / certificate.FILE_NAME).exists()


def test_no_way_to_encrypt(start_server: Callable[..., ServerProcess], tmp_path: Path) -> None:
    """Where no certificate can be made the server says what to install, and serves as with --plaintext."""
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "cryptography.py").write_text("raise ImportError('not installed')")
    server = start_server(makes_certificate=True, PYTHONPATH=str(tmp_path / "without"), PATH="")
    guest = TextPeer.join(server, "Gus")

    assert (
        "ATTENTION: nothing is encrypted, for want of a certificate. Install the program openssl, or"
        " `pip install cryptography`, and start again." in server.log
    )
    assert server.log.index("is open") < server.log.index("ATTENTION")
    assert "  Not encrypted: others on the network can read along." in server.log
    assert guest.lines[0] == "This chat is not encrypted. Others on the network can read along."
    assert b'"not_encrypted"' in handshake(server)


def test_certificate_is_kept(server: ServerProcess) -> None:
    """After a restart it is the same one, and the same four words."""
    seen = [certificate_of(server)]
    server.restart()
    seen.append(certificate_of(server))
    words = re.findall("people's programs show these words for it:   (.*)", server.log)

    assert seen[0] == seen[1]
    assert words == [four_words(certificate.fingerprint(seen[0]))] * 2


def test_lost_certificate_is_said(server: ServerProcess) -> None:
    """A new certificate for an old chat stops everybody who was there; the operator reads so, and no sooner."""
    said = "The certificate is new: whoever was here before is stopped, and asked to compare these words."
    Peer.join(server, "Ada").say("hello")
    server.expect_log('"Ada" wrote 1 message')
    server.restart()
    before = said in server.log
    server.stop()
    (server.data / "hallway.pem").unlink()
    server.restart()

    assert not before
    assert server.log.count(said) == 1


def certificate_of(server: ServerProcess) -> bytes:
    peer = Peer.connect(server, tls=True)
    assert isinstance(peer.socket, ssl.SSLSocket)
    return peer.socket.getpeercert(binary_form=True) or b""


def test_own_certificate_is_used(start_server: Callable[..., ServerProcess], tmp_path: Path) -> None:
    """--cert and --key take what somebody has, in one file or in two."""
    both = own_certificate(tmp_path / "mine")
    text = both.read_text()
    begin = text.index("-----BEGIN CERTIFICATE")
    (tmp_path / "cert.pem").write_text("Zoë: \n" + text[begin:], "utf-8")
    (tmp_path / "key.pem").write_text(text[:begin])
    one = start_server("--cert", str(both), makes_certificate=True)
    key = "--key", str(tmp_path / "key.pem")
    two = start_server("--cert", str(tmp_path / "cert.pem"), *key, makes_certificate=True)

    for server in (one, two):
        assert certificate.fingerprint(certificate_of(server)) == fingerprint_of(both)
        assert not (server.data / certificate.FILE_NAME).exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--cert", "gone.pem"],
            r"The certificate in gone.pem cannot be used \(No such file or directory\). Give the PEM",
        ),
        (
            ["--cert", "text.pem"],
            r"The certificate in text.pem cannot be used \(it holds no certificate with its key\).",
        ),
        (
            ["--cert", "locked.pem"],
            r"cannot be used \(its key has a pass phrase, and a server has nobody to ask at each start\)",
        ),
        (["--cert", "trusted.pem"], r"cannot be used \(it is no PEM file\)"),
        (
            ["--cert", "text.pem", "--key", "text.pem"],
            r"cannot be used \(they do not belong together, or are no PEM files",
        ),
        ([], r"The certificate in .*hallway.pem cannot be used .* Put it back, or delete it: a new one is made then"),
    ],
)
def test_certificate_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    """One sentence, exit status 1; a certificate that people know is not replaced by itself."""
    monkeypatch.chdir(tmp_path)
    for file in (Path("text.pem"), Path("data") / certificate.FILE_NAME):
        file.parent.mkdir(exist_ok=True)
        file.write_text("no certificate")
    pem = own_certificate(tmp_path / "mine").read_text()
    key = serialization.load_pem_private_key(pem.encode(), None)
    how = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x"))
    Path("locked.pem").write_text(pem[pem.index("-----BEGIN CERT") :] + key.private_bytes(*how).decode())
    Path("trusted.pem").write_text(re.sub("(BEGIN|END) CERT", r"\1 TRUSTED CERT", pem))
    refused = run("--host", "127.0.0.1", "--port", "0", "--data", "data", *arguments)

    assert refused.returncode == 1
    assert re.match(f"server.py: .*{sentence}", refused.stderr)
    assert refused.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="permissions as POSIX has them")
def test_files_are_their_owners_only(server: ServerProcess) -> None:
    """Of all that the server writes nobody else can read anything."""
    server.stop()
    shutil.rmtree(server.data)
    before = os.umask(0)
    try:
        server.restart()
    finally:
        os.umask(before)
    ada = Peer.join(server, "Ada", tls=True)
    ada.say("hello")
    ada.expect("ack")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in server.data.rglob("*")}

    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert {"hallway.db", "hallway.db-wal", "lock.db", "hallway.pem"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_slow_reader_encrypted(server: ServerProcess) -> None:
    """Who stops reading is let go of in memory, and then reads everything once, in order. (TLS repeated some of it.)"""
    slow = RawPeer.join(server, "Slow", receive_buffer=8192, tls=True)
    slow.read_others("welcome", 1)
    writer = RawPeer.join(server, "Writer", tls=True)
    count = 6000
    for start in range(0, count, 500):  # 12 MB in all: twice what the server keeps in memory
        lines = [f'{{"type":"send","id":"{i}","text":"{i:06}{"x" * 1990}"}}\n' for i in range(start, start + 500)]
        writer.send_bytes("".join(lines).encode())
        writer.read_messages(start + 500)
    slow.read_messages(count, 30)

    assert slow.seqs == list(range(1, count + 1))
    assert slow.messages == writer.messages


def test_thirty_encrypted_both_ways(server: ServerProcess) -> None:
    """Thirty connections that write 2,000 lines each and read everybody's, all at once: not one error."""
    sends = b"".join(b'{"type":"send","id":"%d","text":"line %d"}\n' % (i, i) for i in range(2000))
    everybody = [RawPeer.join(server, f"Person {number}", tls=True) for number in range(30)]
    for peer in everybody:
        peer.read_others("welcome", 1)
        peer.socket.setblocking(False)
    left = {peer: memoryview(sends) for peer in everybody}
    shown = dict.fromkeys(everybody, b"")
    acks, count, last = (dict.fromkeys(everybody, 0) for _ in range(3))
    deadline = time.monotonic() + 60
    while any(count[peer] < 60_000 or acks[peer] < 2000 for peer in everybody):
        assert time.monotonic() < deadline
        for peer in everybody:
            with contextlib.suppress(ssl.SSLWantWriteError, ssl.SSLWantReadError):
                if left[peer]:
                    left[peer] = left[peer][peer.socket.send(left[peer][:16384]) :]
            with contextlib.suppress(ssl.SSLWantReadError):
                for _ in range(8):
                    data = peer.socket.recv(65536)
                    assert data, "the connection broke"
                    whole, _, shown[peer] = (shown[peer] + data).rpartition(b"\n")
                    for seq in map(int, re.findall(rb'^{"type":"message","seq":(\d+),', whole, re.MULTILINE)):
                        assert seq > last[peer]
                        last[peer] = seq
                        count[peer] += 1
                    acks[peer] += len(re.findall(rb'^{"type":"ack"', whole, re.MULTILINE))

    assert set(count.values()) == {60_000}
    assert set(acks.values()) == {2000}
    assert set(last.values()) == {max(last.values())}


# --- in private -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["@Bob Smith hi there", "@Bob Smith: hi there", "@bob  SMITH:hi there", "@Bob Smith\nhi there"]
)
def test_private_by_name(server: ServerProcess, text: str) -> None:
    """`@name text` and `@name: text` reach that person and their sender alone; the name may hold spaces."""
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob Smith")
    cleo = Peer.join(server, "Cleo")
    id = ada.say(text)
    ada.say("to everyone")
    private = bob.expect("message")

    assert private == Message(1, private.time, "Ada", "Bob Smith", id, "hi there")
    assert ada.expect("message") == private
    assert ada.expect("ack", id=id).seq == 1
    assert cleo.expect("message").text == "to everyone"


def test_private_by_address(server: ServerProcess) -> None:
    """`to` says it all: a text with it is sent as it is, and `#everyone` is an address like others."""
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    cleo = Peer.join(server, "Cleo")
    ada.say("@Cleo is late", to="bob")
    ada.say("@Cleo is late, all", to=EVERYONE)

    assert bob.expect("message", to="Bob").text == "@Cleo is late"
    assert cleo.expect("message", to=EVERYONE).text == "@Cleo is late, all"
    assert ada.read_until(2) == bob.read_until(2)


def test_longest_name_wins(server: ServerProcess) -> None:
    """Where both Bob and Bob Smith are here, `@Bob Smith hi` is for Bob Smith."""
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    smith = Peer.join(server, "Bob Smith")
    ada.say("@Bob Smith hi")
    ada.say("@Bob Smi hi")

    assert smith.expect("message").text == "hi"
    assert bob.expect("message").text == "Smi hi"


@pytest.mark.parametrize(("text", "to"), [("@Nobody hi", None), ("hi", "Nobody"), ("@Nobody: hi", None)])
def test_private_to_nobody(server: ServerProcess, text: str, to: str | None) -> None:
    """A name nobody has: the sender is told, under the id of what they sent, and nobody gets anything."""
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    id = ada.say(text, to)
    error = ada.expect("error", code="no_such_user", id=id)
    ada.say("all the same")

    assert error.text == "There is nobody called Nobody here. Nothing was sent."
    assert texts(bob.read_until(1)) == ["all the same"]
    assert ada.read_until(1) == bob.messages
    assert ada.expect("ack").seq == 1


def test_empty_private_text(server: ServerProcess) -> None:
    """`@Bob` and nothing else is no message; an @ that begins no name is a text like any other."""
    ada = Peer.join(server, "Ada")
    Peer.join(server, "Bob")
    nothing = ada.say("@Bob: ")
    ada.say("@ noon, then")

    assert ada.expect("error", code="bad_message").id == nothing
    assert ada.expect("message").text == "@ noon, then"


def test_private_to_oneself(server: ServerProcess) -> None:
    """A note to oneself comes back once."""
    ada = Peer.join(server, "Ada")
    ada.say("@Ada buy milk")
    ada.say("end")

    assert texts(ada.read_until(2)) == ["buy milk", "end"]


def test_private_waits_for_somebody_away(server: ServerProcess) -> None:
    """What was written to somebody who is away reaches them at the next join, with all that was said since."""
    leave(Peer.join(server, "Bob"))
    ada = Peer.join(server, "Ada")
    ada.say("@Bob for when you are back")
    ada.say("@Bob and this")
    for number in range(150):
        ada.say(f"public {number}")
    ada.read_until(152)
    bob = Peer.join(server, "Bob")
    got = bob.read_until(152)
    leave(bob)
    again = Peer.join(server, "Bob")

    assert texts(got) == ["for when you are back", "and this", *(f"public {number}" for number in range(150))]
    assert texts(again.read_until(100)) == [f"public {number}" for number in range(50, 150)]


def test_private_waits_however_much_was_said_since(server: ServerProcess) -> None:
    """After a long absence what waited comes first, and then the last 100."""
    leave(Peer.join(server, "Bob"))
    ada = Peer.join(server, "Ada")
    ada.say("@Bob for when you are back")
    for number in range(2500):
        ada.say(f"public {number}")
    ada.read_until(2501)
    bob = Peer.join(server, "Bob")

    assert texts(bob.read_until(101)) == [
        "for when you are back",
        *(f"public {number}" for number in range(2400, 2500)),
    ]


def test_private_waits_over_a_restart(server: ServerProcess) -> None:
    """A message to somebody away is not forgotten when the server is."""
    leave(Peer.join(server, "Bob"))
    ada = Peer.join(server, "Ada")
    ada.say("@Bob still here?")
    ada.expect("ack")
    server.restart()

    assert Peer.join(server, "Bob").expect("message", sender="Ada").text == "still here?"


def test_typing_and_seen_go_to_one_person(server: ServerProcess) -> None:
    """That somebody writes, and what they have seen, is told to the one person concerned; to nobody there, nothing."""
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    cleo = Peer.join(server, "Cleo")
    bob.expect("ack", id=bob.say("psst", "Ada"))
    ada.send(TypingTo("bob"))
    ada.send(SeenWith("Bob", 1))
    ada.send(TypingTo("Nobody"))
    ada.send(SeenWith("Nobody", 1))
    ada.say("end")

    assert bob.expect("typing").sender == "Ada"
    assert bob.expect("seen", sender="Ada").seq == 1
    assert [event.type for event in cleo.events_until("message")] == ["message"]
    assert {event.type for event in ada.events_until("message", text="end")} <= {"joined", "message", "ack"}


# --- coming and going -------------------------------------------------------------------------------------------------


def test_welcome_tells_who_is_here_and_who_is_away(start_server: Callable[..., ServerProcess]) -> None:
    """The welcome says what the chat is called, which log this is, its newest entry, and who is here or away."""
    server = start_server("--name", "The Attic")
    leave(Peer.join(server, "Cleo"))
    ada = Peer.join(server, "Ada")
    ada.say("hello")
    ada.expect("ack")
    welcome = Peer.join(server, "Bob").welcome

    assert welcome is not None
    assert (welcome.v, welcome.server, welcome.name, welcome.last) == (1, "The Attic", "Bob", 1)
    assert welcome.history == ada.welcome.history if ada.welcome else False
    assert welcome.people == (Person("Ada", True), Person("Bob", True), Person("Cleo", False))


def test_who_comes_and_goes_is_told(server: ServerProcess) -> None:
    """Everybody but the newcomer is told who joins; who says bye has left at once; each with the time."""
    before = time.time_ns() // 1_000_000
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    joined = ada.expect("joined", name="Bob")
    leave(bob)
    left = ada.expect("left", name="Bob", seconds=5)  # not after the ten seconds that a lost connection has
    ada.say("end")

    assert before <= joined.time <= left.time <= time.time_ns() // 1_000_000
    assert [event.type for event in ada.events_until("message")].count("joined") == 0


def test_left_says_whose_name_is_free(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """`left` has `"kept": false` for a guest, who cannot be written to any more; nobody else's has the field."""
    monkeypatch.setattr(register, "GONE_SECONDS", 0.1)
    server = serve()
    ada = RawPeer.join(server, "Ada")
    Peer.join(server, "Bob").bye()
    ada.read_others("left", 1)
    Peer.join(server, "Bob").reset()
    ada.read_others("left", 2)
    TextPeer.join(server, "Cleo").type("/exit")
    left = [json.loads(line) for line in ada.read_others("left", 3)]

    assert [(event["name"], event.get("kept")) for event in left] == [
        ("Bob", None),
        ("Bob", None),
        ("Cleo", False),
    ]
    assert [len(event) for event in left] == [3, 3, 4]  # `type`, `name`, `time`


def test_lost_connection_has_its_grace(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who loses the connection is said to have left a while later."""
    monkeypatch.setattr(register, "GONE_SECONDS", 0.5)
    server = serve()
    ada = Peer.join(server, "Ada")
    Peer.join(server, "Bob").reset()
    lost = time.monotonic()
    ada.expect("left", name="Bob")

    assert time.monotonic() - lost >= 0.45


def test_back_before_anybody_noticed(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is back within the grace neither left nor joined; and is told like everybody else who comes after."""
    monkeypatch.setattr(register, "GONE_SECONDS", 1.5)
    server = serve()
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    cleo = Peer.join(server, "Cleo")
    bob.reset()
    bob = rejoin(server, "Bob")
    cleo.reset()  # later than Bob: when she has left, Bob would have
    dora = Peer.join(server, "Dora")
    seen = [(event.type, getattr(event, "name", "")) for event in ada.events_until("left", name="Cleo")]

    assert seen == [("joined", "Bob"), ("joined", "Cleo"), ("joined", "Dora"), ("left", "Cleo")]
    assert bob.expect("joined").name == "Dora"
    assert dora.expect("left").name == "Cleo"


def rejoin(server: ServerHere | ServerProcess, name: str, **resume: Any) -> Peer:
    """Somebody whose old connection the server may not know to be lost yet."""
    return Peer.join(server, name, **resume)


def test_private_in_the_grace(server: ServerProcess) -> None:
    """Somebody whose connection was lost a moment ago is still written to; they read it when they are back."""
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    assert bob.welcome
    bob.close()
    server.expect_log('"Bob" lost the connection')
    ada.say("@Bob are you there?")
    ada.expect("ack")
    bob = Peer.join(server, "Bob", history=bob.welcome.history, after=0)

    assert texts(bob.read_until(1)) == ["are you there?"]


def test_taken_name(server: ServerProcess) -> None:
    """A name that somebody here has, however it is written, is refused with a sentence; another one may be tried."""
    ada = Peer.join(server, "Ada Lovelace")
    TextPeer.join(server, "Cleo")
    bob = Peer.connect(server)
    for name in ("Ada Lovelace", "ada  lovelace", "\uff21\uff24\uff21 LOVELACE"):
        bob.hello(name)
        refused = bob.expect("error", code="name_taken")
        assert "is the name of somebody else here. Choose another name." in refused.text
    bob.hello("Cleo")
    guest_is_here = bob.expect("error", code="name_taken")
    bob.hello("Bob")

    assert guest_is_here.text == "Somebody called Cleo is here already. Choose another name."
    assert bob.expect_welcome().name == "Bob"
    assert ada.expect("joined", name="Cleo")
    assert ada.expect("joined").name == "Bob"


def test_invalid_name(server: ServerProcess) -> None:
    """A name that nobody may have is refused with the reason; another one may be tried."""
    ada = Peer.connect(server)
    for name in ("", "   ", "@Ada", "Ada:", "#everyone", "x" * 33, "\x1b[31m", "everyone"):
        ada.hello(name)
        ada.expect("error", code="name_invalid")
    ada.hello(" Ada   Lovelace ")

    assert ada.expect_welcome().name == "Ada Lovelace"


def test_name_is_free_again(server: ServerProcess) -> None:
    """Who left can come back under the same name at once, spelled as they like."""
    leave(Peer.join(server, "Ada"))
    ada = Peer.join(server, "ADA")
    ada.say("hello")

    assert ada.expect("message").sender == "ADA"


def test_full(start_server: Callable[..., ServerProcess]) -> None:
    """More than --max-clients do not come in; when one leaves, there is room."""
    server = start_server("--max-clients", "2")
    ada = Peer.join(server, "Ada")
    Peer.join(server, "Bob")
    cleo = Peer.connect(server)
    cleo.hello("Cleo")
    full = cleo.expect("error", code="full")
    dora = TextPeer.connect(server)
    dora.type("Dora")
    dora.expect_line(full.text)
    leave(ada)

    assert full.text == "This chat is full. Please try again later."
    assert cleo.closed()
    assert dora.closed()
    server.expect_log('"Ada" left')
    Peer.join(server, "Cleo")


def test_nothing_before_hello(server: ServerProcess) -> None:
    """Whoever writes before they have a name is told so, and the connection closed."""
    ada = Peer.join(server, "Ada")
    stranger = Peer.connect(server)
    stranger.say("hello")
    error = stranger.expect("error")
    ended = stranger.closed()
    ada.say("end")

    assert (error.code, error.text) == ("not_joined", "Say hello first.")
    assert ended
    assert texts(ada.read_until(1)) == ["end"]


def test_unsupported_version(server: ServerProcess) -> None:
    """A client of another version is told which one this server speaks, and the connection closed."""
    ada = Peer.connect(server)
    ada.send_line({"type": "hello", "v": 2, "name": "Ada"})
    error = ada.expect("error", code="unsupported_version")

    assert error.text == "This server speaks version 1 of the protocol only."
    assert ada.closed()


def test_second_hello(server: ServerProcess) -> None:
    """Who is in stays in, under the same name, whatever they are called next."""
    ada = Peer.join(server, "Ada")
    ada.hello("Bob")
    ada.say("hello")

    assert ada.expect("error").code == "bad_message"
    assert ada.expect("message").sender == "Ada"


# --- the log ----------------------------------------------------------------------------------------------------------


def test_backlog_is_the_last_hundred(server: ServerProcess) -> None:
    """A newcomer gets the last hundred messages that they may see, then what is written from then on."""
    ada = Peer.join(server, "Ada")
    Peer.join(server, "Bob")
    for number in range(1, 131):
        ada.say(f"{number}", to="Bob" if number == 120 else None)
    ada.read_until(130)
    cleo = Peer.join(server, "Cleo")
    cleo.read_until(100)
    ada.say("live")

    assert texts(cleo.read_until(101)) == [*(str(number) for number in range(30, 131) if number != 120), "live"]


def test_resume_brings_everything_after(server: ServerProcess) -> None:
    """Who says where they stopped gets every entry after it that they may see, in order, then live ones."""
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    Peer.join(server, "Cleo")
    for number in range(1, 11):
        ada.say(f"{number}")
    bob.read_until(10)
    leave(bob)
    for number in range(11, 311):
        ada.say(f"{number}", to={0: "Bob", 1: "Cleo"}.get(number % 10))
    ada.read_until(310)
    assert bob.welcome
    bob = Peer.join(server, "Bob", history=bob.welcome.history, after=10)
    ada.say("live")
    expected = [number for number in range(11, 311) if number % 10 != 1]

    assert texts(bob.read_until(len(expected) + 1)) == [*map(str, expected), "live"]
    assert seqs(bob.messages) == [*expected, 311]


def test_resume_where_nothing_was_missed(server: ServerProcess) -> None:
    """Who has everything gets nothing twice; who claims to have more than there is gets what comes."""
    ada = Peer.join(server, "Ada")
    ada.say("old")
    ada.read_until(1)
    assert ada.welcome
    bob = Peer.join(server, "Bob", history=ada.welcome.history, after=1)
    cleo = Peer.join(server, "Cleo", history=ada.welcome.history, after=2**63 - 1)
    ada.say("new")

    assert texts(bob.read_until(1)) == ["new"]
    assert texts(cleo.read_until(1)) == ["new"]


def test_resume_of_another_log(server: ServerProcess) -> None:
    """A place in another log means nothing here: the last hundred, as for a newcomer."""
    ada = Peer.join(server, "Ada")
    for number in range(1, 121):
        ada.say(f"{number}")
    ada.read_until(120)
    bob = Peer.join(server, "Bob", history="another", after=110)

    assert seqs(bob.read_until(100)) == list(range(21, 121))


def test_long_log_is_read_from_disk(server: ServerProcess) -> None:
    """Thousands of entries from before the server started come page by page, without a hole or a repeat."""
    server.stop()
    token = "0" * 64
    with contextlib.closing(History(server.data)) as log:
        log.begin()
        digest = sha256(token.encode()).digest()
        ada, bob, cleo = (log.add_address(name.lower(), name, True, digest) for name in ("Ada", "Bob", "Cleo"))
        to = [EVERYONE_ID, EVERYONE_ID, bob.id, cleo.id]
        log.append([(ada.id, to[i % 4], f"{i}", "x" * (i % 500 + 1)) for i in range(1, 5001)], 0)
        log.commit()
        id = log.id
    server.restart()
    live = Peer.join(server, "Ada", token=token, history=id, after=5000)
    peer = Peer.join(server, "Bob", token=token, history=id, after=7)
    live.say("live")

    expected = [seq for seq in range(8, 5001) if seq % 4 != 3]
    assert seqs(peer.read_until(len(expected) + 1)) == [*expected, 5001]


def test_long_texts_are_read_from_disk(server: ServerProcess) -> None:
    """The longest texts there are come as surely; the server once read the same of them over and over."""
    server.stop()
    with contextlib.closing(History(server.data)) as log:
        log.begin()
        ada = log.add_address("ada", "Ada", True)
        log.append([(ada.id, EVERYONE_ID, f"{i}", "😀" * MAX_TEXT) for i in range(1, 301)], 0)
        log.commit()
        id = log.id
    server.restart()
    bob = Peer.join(server, "Bob", history=id, after=20)

    assert seqs(bob.read_until(280)) == list(range(21, 301))


def test_write_ahead_log_is_used_again(server: ServerProcess) -> None:
    """While people talk without a pause, what has to be synced stays a small file that does not grow."""
    ada = Peer.join(server, "Ada")
    for i in range(600):
        ada.expect("ack", id=ada.say(str(i)))
    written = (server.data / "hallway.db-wal").stat().st_size

    assert 0 < written < 3_000_000  # three pages of 4 KiB a message would make 7 MB


def test_flood_goes_on_whoever_comes(server: ServerProcess) -> None:
    """Who writes without a pause is read on while others join and stop reading; once they were forgotten over it."""
    ada = Peer.join(server, "Ada")
    assert ada.welcome
    stop = threading.Event()

    def flood() -> None:
        number = 0
        while not stop.is_set():
            lines = (b'{"type":"send","id":"%d","text":"%d"}\n' % (i, i) for i in range(number, number + 100))
            ada.send_bytes(b"".join(lines))
            number += 100

    reader = threading.Thread(target=ada.closed, args=(60,))
    writer = threading.Thread(target=flood)
    reader.start()
    writer.start()
    try:
        idle = [Peer.join(server, f"Idle {i}", history=ada.welcome.history, after=0) for i in range(10)]
        fresh = Peer.join(server, "Cleo")
        fresh.read_until(5000)
        for peer in idle:
            peer.read_until(5000)
    finally:
        stop.set()
        writer.join()
        ada.socket.shutdown(socket.SHUT_RDWR)
        reader.join()

    first = fresh.messages[0].seq
    assert seqs(fresh.messages) == list(range(first, first + len(fresh.messages)))
    for peer in idle:
        assert seqs(peer.messages) == list(range(1, 1 + len(peer.messages)))


def test_history_pages(server: ServerProcess) -> None:
    """A page holds the messages before a number, oldest first, no more than wanted, and says whether there are more."""
    ada = Peer.join(server, "Ada")
    for number in range(1, 31):
        ada.say(f"{number}")
    ada.read_until(30)
    ada.send(AskHistory(before=31, limit=10))
    newest = ada.expect("page")
    ada.send(AskHistory(before=11, limit=10))
    oldest = ada.expect("page")
    ada.send(AskHistory(before=1, limit=10))
    none = ada.expect("page")

    assert list(newest.messages) == ada.messages[20:]
    assert newest.more
    assert list(oldest.messages) == ada.messages[:10]
    assert not oldest.more
    assert (none.messages, none.more) == ((), False)


def test_page_of_long_messages(server: ServerProcess) -> None:
    """What does not fit into one line is left for the next page."""
    ada = Peer.join(server, "Ada")
    for number in range(40):
        ada.say(f"{number:02}" + "x" * 3990)
    ada.read_until(40)
    ada.send(AskHistory(before=41, limit=40))
    page = ada.expect("page")

    assert page.more
    assert 10 < len(page.messages) < 40
    assert list(page.messages) == ada.messages[-len(page.messages) :]


def test_history_with_somebody(server: ServerProcess) -> None:
    """The page with somebody holds the private messages of the two; others' are shown to nobody else."""
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    cleo = Peer.join(server, "Cleo")
    ada.say("@Bob one")
    ada.expect("ack")
    bob.say("@Ada two")
    bob.expect("ack")
    cleo.say("@Bob three")
    cleo.expect("ack")
    cleo.say("four")
    cleo.expect("ack")
    ada.send(AskHistory(before=100, limit=10, other="bob"))
    ada.send(AskHistory(before=100, limit=10, other="Nobody"))
    cleo.send(AskHistory(before=100, limit=10))
    cleo.send(AskHistory(before=100, limit=10, other="Ada"))

    assert texts(ada.expect("page").messages) == ["one", "two"]
    assert ada.expect("error").code == "no_such_user"
    assert texts(cleo.expect("page").messages) == ["three", "four"]
    assert cleo.expect("page").messages == ()


def test_search(server: ServerProcess) -> None:
    """Found are the newest messages with all the words, oldest first; of private ones, one's own alone."""
    ada = Peer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    cleo = Peer.join(server, "Cleo")
    for text in ("green tea", "black tea", "@Bob secret green tea", "green coffee", "Tea, green!"):
        ada.say(text)
    ada.read_until(5)
    for peer in (bob, cleo):
        peer.send(AskSearch("GREEN tea", limit=10))
    bob.send(AskSearch("tea", limit=1))
    bob.send(AskSearch("tea", limit=10, before=3))
    bob.send(AskSearch("!", limit=10))

    assert texts(bob.expect("found").messages) == ["green tea", "secret green tea", "Tea, green!"]
    assert texts(cleo.expect("found").messages) == ["green tea", "Tea, green!"]
    newest = bob.expect("found")
    assert (texts(newest.messages), newest.more) == (["Tea, green!"], True)
    older = bob.expect("found")
    assert (texts(older.messages), older.more) == (["green tea", "black tea"], False)
    assert texts(bob.expect("found").messages) == ["Tea, green!"]


def test_log_that_cannot_be_read(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks when the disk refuses is told to ask again later, not that they asked badly; the chat goes on."""

    def refuse(_: Path) -> None:
        raise HistoryError("The log cannot be read: disk I/O error.")

    monkeypatch.setattr(questions, "Reader", refuse)
    ada = Peer.join(serve(), "Ada")
    ada.send(AskHistory(10, 5))
    ada.send(AskSearch("tea", limit=5))

    for _ in range(2):
        assert ada.expect("error", code="not_saved").text == (
            "The server cannot read its log just now. Try again later."
        )
    ada.send(Ping())
    ada.expect("pong")


# --- signs of life ----------------------------------------------------------------------------------------------------


def test_ping(server: ServerProcess) -> None:
    """A ping is answered."""
    ada = Peer.join(server, "Ada")
    ada.send(Ping())

    ada.expect("pong")


def test_record_that_never_ends_is_silence(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """Single bytes of an encrypted record that does not end keep nobody in, before joining and after it."""
    for constant, seconds in (("JOIN_SECONDS", 0.6), ("PING_SECONDS", 0.3), ("SILENT_SECONDS", 0.9)):
        monkeypatch.setattr(connection, constant, seconds)
    server = serve()
    unjoined = Peer.connect(server, tls=True)
    ada = Peer.join(server, "Ada", tls=True)
    began = time.monotonic()
    trickles = [socket.socket(fileno=os.dup(peer.socket.fileno())) for peer in (unjoined, ada)]
    alive = 2
    for each in trickles:
        each.sendall(b"\x17\x03\x03\x40\x00")
    while alive and time.monotonic() < began + ANSWER_SECONDS:
        time.sleep(0.05)  # the trickle itself: each byte comes before the server's patience with a silent one ends
        alive = 0
        for each in trickles:
            with contextlib.suppress(OSError):
                each.sendall(b"\0")
                alive += 1
    for each in trickles:
        each.close()

    assert alive == 0


@pytest.mark.parametrize("joined", [True, False])
def test_bytes_are_slowed_down_whatever_they_are(
    joined: bool, serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty lines, and lines before joining, are read no faster than bytes may come."""
    monkeypatch.setattr(visit, "BYTE_BURST", 10_000)
    monkeypatch.setattr(visit, "BYTE_RATE", 1_000)
    server = serve(rate=5)
    flooder = TextPeer.join(server, "Nell") if joined else TextPeer.connect(server)
    flooder.socket.settimeout(0.3)
    flood, sent = b" " * 65535 + b"\n", 0
    with contextlib.suppress(OSError):  # the way is full, as it should be
        while sent < 50_000_000:
            sent += flooder.socket.send(flood)

    assert sent < 50_000_000


def test_empty_lines_are_counted(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing, said often, takes its turns like anything else."""
    monkeypatch.setattr(visit, "ASK_BURST", 5)
    monkeypatch.setattr(visit, "ASK_RATE", 10)
    nell = TextPeer.join(serve(rate=5), "Nell")
    began = time.monotonic()
    nell.send_bytes(b"\n" * 10 + b"/who\n")
    nell.expect_line(re.compile("Here now.*"))

    assert time.monotonic() - began > 0.4


def test_names_take_their_time(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names are tried in one breath, valid or not: they take their turns, and the time to join ends."""
    monkeypatch.setattr(visit, "NAME_BURST", 2)
    monkeypatch.setattr(connection, "JOIN_SECONDS", 1.0)
    monkeypatch.setattr(netcat, "NAME_SECONDS", 0.0)
    server = serve()
    Peer.join(server, "Ada")
    taken, invalid = (b'{"type":"hello","v":1,"name":"%s"}\n' % name for name in (b"ADA", b"@"))
    lines = []
    began = time.monotonic()
    for breath in (taken * 100, invalid * 100):
        with Peer.connect(server) as peer:
            peer.send_bytes(breath)
            refused = iter(lambda peer=peer: peer.expect("error").code, "not_joined")  # type: ignore[misc]
            lines.append(len(list(refused)))
            assert peer.closed()
    guest = TextPeer.connect(server)
    guest.send_bytes(b"ADA\n" * 100)
    guest.expect_line("What is your name? That took too long. Goodbye.")

    assert time.monotonic() - began < 10.0
    assert all(2 <= tried <= 8 for tried in lines)


def test_searches_take_turns(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who searches while others do not come to an end is told to try again; pages come all the same."""
    monkeypatch.setattr(questions, "SEARCH_WAIT", 0.05)
    server = serve()
    ada = Peer.join(server, "Ada")
    with server.searches.turn("somebody", 0), server.searches.turn("somebody else", 0):
        ada.send(AskSearch("words", 10))
        busy = ada.expect("error")
        ada.send(AskHistory(100, 10))
        ada.expect("page")
    ada.send(AskSearch("words", 10))

    assert (busy.code, busy.text) == ("bad_message", "Too many people are searching just now. Try again in a moment.")
    assert ada.expect("found").messages == ()


def test_silence(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who says nothing is asked whether they are there; who does not answer is dropped, who does stays."""
    monkeypatch.setattr(connection, "PING_SECONDS", 0.5)
    monkeypatch.setattr(connection, "SILENT_SECONDS", 1.5)
    monkeypatch.setattr(register, "GONE_SECONDS", 0.1)
    server = serve()
    bob = Peer.join(server, "Bob")
    ada = Peer.join(server, "Ada")
    ada.answers_pings = False
    joined = time.monotonic()
    bob.expect("left", name="Ada")
    lived = time.monotonic() - joined
    bob.send(Ping())

    assert lived >= 1.4
    assert ada.closed()
    assert len(ada.events_until("ping")) > 0
    bob.expect("pong")


# --- writing too fast -------------------------------------------------------------------------------------------------


def test_flood_is_slowed_down(start_server: Callable[..., ServerProcess]) -> None:
    """A burst of twenty goes through at once, then so many a second as --rate says; nobody else waits for it."""
    server = start_server("--rate", "5")
    flooder = Peer.join(server, "Flooder")
    bob = Peer.join(server, "Bob")
    for number in range(30):
        flooder.say(f"{number}")
    bob.read_until(20)
    bob.say("am I in the way?")
    bob.read_until(31, seconds=20)
    flood = [message for message in bob.messages if message.sender == "Flooder"]

    assert texts(flood) == [str(number) for number in range(30)]
    assert flood[19].time - flood[0].time < 1000
    assert 1900 <= flood[29].time - flood[0].time < 6000
    assert bob.messages.index(flood[29]) > texts(bob.messages).index("am I in the way?")
    assert len(flooder.read_until(31)) == 31


# --- in words ---------------------------------------------------------------------------------------------------------


def test_netcat(server: ServerProcess) -> None:
    """The whole chat with nc: prompt, name, who comes and goes, messages, private ones, /who, /help, /exit."""
    ada = Netcat(server)
    ada.expect_prompt("What is your name? ")
    ada.type("Ada")
    ada.expect_line("Registration successful. Welcome to the chat, Ada!")
    bob = Peer.join(server, "Bob")
    ada.expect_line("Bob has joined the chat.")
    bob.say("hello")
    ada.expect_line(re.compile(r"\[\d\d:\d\d\] Bob: hello"))
    bob.say("@Ada hi")
    ada.expect_line("Private message from Bob: hi")
    ada.type("hello, Bob")
    ada.expect_line(re.compile(r"\[\d\d:\d\d\] Ada: hello, Bob"))
    ada.type("@Bob: in private")
    ada.expect_line("Private message to Bob: in private")
    ada.type("@Nobody hi")
    ada.expect_line("There is nobody called Nobody here. Nothing was sent.")
    ada.type("/who")
    ada.expect_line("Here now (2): Ada, Bob")
    ada.type("/help")
    ada.expect_line(re.compile("/exit +leaves"))
    ada.type("/dance")
    ada.expect_line("There is no command /dance. /help lists them; // begins a text with a slash.")
    ada.type("//etc/hosts")
    ada.expect_line("Ada: /etc/hosts")
    said = bob.read_until(5)
    leave(bob)
    ada.expect_line("Bob has left the chat.")
    ada.type("/exit")
    ada.finish_writing()

    assert ada.wait() == 0
    assert texts(said) == ["hello", "hi", "hello, Bob", "in private", "/etc/hosts"]


def test_who_names_so_many(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """/who names some and counts the others: the long names of 2,000 people would cut off the one who asks."""
    monkeypatch.setattr(hub, "WHO_LISTED", 2)
    server = serve()
    bob, ada = TextPeer.join(server, "Bob"), TextPeer.join(server, "Ada")
    ada.type("/who")
    ada.expect_line("Here now (2): Ada, Bob")
    Peer.join(server, "Cleo")
    bob.type("/who")

    bob.expect_line("Here now (3): Ada, Bob … and 1 more")


def test_who_is_far_from_what_cuts_off() -> None:
    """The longest names of as many people as /who lists leave room for other answers."""
    assert operations.WHO_LISTED * len(("😀" * MAX_NAME + ", ").encode()) < delivery.CONTROL_SIZE / 2


def test_full_in_words(start_server: Callable[..., ServerProcess]) -> None:
    """Who comes to a full chat is told so, and not asked for another name before the connection is closed."""
    server = start_server("--max-clients", "1")
    TextPeer.join(server, "Ada")
    bob = TextPeer.connect(server)
    bob.type("Bob")

    assert bob.closed()
    bob.expect_line("This chat is full. Please try again later.")
    assert bob._rest == b""


def test_words_and_lines_are_one_chat(server: ServerProcess) -> None:
    """People with netcat are people: they join, write, are written to and leave for those with a client too."""
    bob = Peer.join(server, "Bob")
    ada = TextPeer.join(server, "Ada")
    bob.expect("joined", name="Ada")
    ada.type("@Bob: just us")
    private = bob.expect("message")
    ada.type("/exit")
    bob.expect("left", name="Ada", seconds=5)

    assert (private.sender, private.to, private.text) == ("Ada", "Bob", "just us")
    assert ada.closed()


def test_client_that_was_taken_for_a_person(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """The prompt is a line of its own for a client that needed longer than that for its hello."""
    monkeypatch.setattr(connection, "PROMPT_SECONDS", 0.1)
    ada = TextPeer.connect(serve())
    ada.expect_prompt("What is your name? ")
    ada.type('{"type":"hello","v":1,"name":"Ada"}')
    ada.expect_line("")

    ada.expect_line(re.compile('{"type":"welcome",.*}'))


def test_nobody_waits_for_a_name_for_ever(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who says nothing, half a hello or no name for too long is not kept; a client is told why."""
    monkeypatch.setattr(connection, "PROMPT_SECONDS", 0.3)
    monkeypatch.setattr(connection, "JOIN_SECONDS", 0.3)
    monkeypatch.setattr(netcat, "NAME_SECONDS", 0.3)
    server = serve()
    silent = TextPeer.connect(server)
    thinking = TextPeer.connect(server)
    thinking.type("")
    half = Peer.connect(server)
    half.send_bytes(b'{"type":"hello"')

    assert half.expect("error").code == "not_joined"
    assert all(peer.closed() for peer in (silent, thinking, half))


def test_words_refuse_a_name_and_ask_again(server: ServerProcess) -> None:
    """A name that is taken or cannot be is refused in words, and the question stands there again."""
    Peer.join(server, "Bob")
    ada = TextPeer.connect(server)
    ada.type("bob")
    ada.expect_line(re.compile("bob is the name of somebody else here. Choose another name. .*"))
    ada.expect_prompt("What is your name? ")
    ada.type("")
    ada.expect_line("A name needs at least one character.")
    ada.expect_prompt("What is your name? ")
    ada.type("Ada")

    ada.expect_line("Registration successful. Welcome to the chat, Ada!")


def test_words_own_no_name(server: ServerProcess) -> None:
    """The name of somebody on netcat is free again when they go: nobody is reached under it, or said to be away."""
    bob = Peer.join(server, "Bob")
    TextPeer.join(server, "Ada").close()
    bob.expect("left", name="Ada", seconds=5)
    id = bob.say("@Ada hi")
    error = bob.expect("error", code="no_such_user")
    cleo = Peer.join(server, "Cleo")
    TextPeer.join(server, "Ada")

    assert error.id == id
    assert cleo.welcome
    assert [person.name for person in cleo.welcome.people] == ["Bob", "Cleo"]


def test_words_borrow_no_name(server: ServerProcess) -> None:
    """Somebody on netcat does not get the name of somebody away, nor anything that waits for its owner."""
    leave(Peer.join(server, "Bob"))
    ada = Peer.join(server, "Ada")
    ada.say("@Bob for when you are back")
    ada.expect("ack")
    thief = TextPeer.connect(server)
    thief.type("Bob")
    thief.expect_line(re.compile("Bob is the name of somebody else here. Choose another name. .*"))
    for number in range(110):
        ada.say(f"{number}")
    ada.read_until(111)
    bob = Peer.join(server, "Bob")

    assert bob.expect("message").text == "for when you are back"


def test_end_of_input_is_a_goodbye(server: ServerProcess) -> None:
    """`printf ... | nc -N`: what was written is sent, then its writer has left."""
    bob = Peer.join(server, "Bob")
    ada = TextPeer.connect(server)
    ada.send_bytes(b"Ada\r\nhello\r\n")
    ada.finish_writing()
    ada.expect_line("Ada: hello")

    assert bob.expect("message", sender="Ada").text == "hello"
    bob.expect("left", name="Ada", seconds=5)
    assert ada.closed()


def test_words_begin_with_the_backlog(server: ServerProcess) -> None:
    """Somebody on netcat reads the last hundred messages first, and nothing that is not theirs."""
    bob = Peer.join(server, "Bob")
    Peer.join(server, "Cleo")
    for number in range(1, 121):
        bob.say(f"{number}", to="Cleo" if number == 110 else None)
    bob.read_until(120)
    ada = TextPeer.join(server, "Ada")
    ada.expect_line("Bob: 120")
    shown = [line.partition("Bob: ")[2] for line in ada.lines if "Bob: " in line]

    assert shown == [str(number) for number in range(20, 121) if number != 110]


def test_no_line_can_be_forged(server: ServerProcess) -> None:
    """In words every line of a text but its first is set in, so that none of them looks like somebody else's."""
    ada = TextPeer.join(server, "Ada")
    bob = Peer.join(server, "Bob")
    bob.say("hi\n[12:03] Cleo: I am Cleo\r[12:04] Cleo: really\u2028[12:05] Cleo: yes\x85[12:06] Cleo: I am")
    bob.say("end")
    ada.expect_line("Bob: end")

    assert not any(re.match(r"\[\d\d:\d\d\] Cleo", line) for line in "\n".join(ada.lines).splitlines())
    assert "    [12:03] Cleo: I am Cleo[12:04] Cleo: really[12:05] Cleo: yes[12:06] Cleo: I am" in ada.lines


def test_words_too_long(server: ServerProcess) -> None:
    """A text that is too long is not sent; the chat goes on."""
    ada = TextPeer.join(server, "Ada")
    ada.type("x" * (MAX_TEXT + 1))
    ada.expect_line(f"A message has at most {MAX_TEXT} characters; this one has {MAX_TEXT + 1}.")
    ada.type("short")

    ada.expect_line("Ada: short")


# --- starting ---------------------------------------------------------------------------------------------------------


def launch(*arguments: str, **environment: str) -> tuple[Program, int]:
    """`server.py` with these arguments alone, and the port it says it listens on."""
    program = Program([*SERVER, *arguments], os.environ | {"PYTHONUTF8": "1"} | environment)
    line = program.expect_line(re.compile(r"Listening on port \d+"), START_SECONDS)
    return program, int(line.rpartition(" ")[2])


class At:
    """Where a `launch`ed server is."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = port


def test_flags(tmp_path: Path) -> None:
    """What the command line asks for is what the server says and does."""
    program, port = launch(
        *("--host", "127.0.0.1", "--port", "0", "--name", "The Attic", "--data", str(tmp_path / "attic")),
        *("--rate", "0", "--max-clients", "1", "--log-level", "warning"),
    )
    ada = Peer.join(At(port), "Ada")
    for number in range(100):
        ada.say(f"{number}")
    ada.read_until(100, seconds=5)
    bob = Peer.connect(At(port))
    bob.hello("Bob")
    bob.expect("error", code="full")

    words = four_words(fingerprint_of(tmp_path / "attic" / certificate.FILE_NAME))
    assert ada.welcome
    assert ada.welcome.server == "The Attic"
    assert program.lines == [
        f"Hallway {__version__}: “The Attic” is open. Ctrl-C closes it.",
        f"  Join with   python3 client.py --host 127.0.0.1 --port {port}",
        f"  The log is in {tmp_path / 'attic'}",
        f"  Encrypted; people's programs show these words for it:   {words}",
        f"Listening on port {port}",
    ]
    assert (tmp_path / "attic" / FILE_NAME).exists()


def test_variables_stand_behind_the_flags(tmp_path: Path) -> None:
    """HALLWAY_* variables do what the flags do, and a flag wins over its variable."""
    program, port = launch(
        *("--port", "0"),
        HALLWAY_HOST="127.0.0.1",
        HALLWAY_PORT="1",
        HALLWAY_CHAT="The Attic",
        HALLWAY_DATA=str(tmp_path / "attic"),
        HALLWAY_RATE="0",
        HALLWAY_MAX_CLIENTS="1",
        HALLWAY_LOG_LEVEL="debug",
    )
    ada = Peer.join(At(port), "Ada")
    for number in range(100):
        ada.say(f"number {number}")
    ada.read_until(100, seconds=5)
    bob = Peer.connect(At(port))
    bob.hello("Bob")
    bob.expect("error", code="full")
    program.expect_line(re.compile('.*"Ada" to "#everyone": number 99'))

    assert ada.welcome
    assert ada.welcome.server == "The Attic"
    assert (tmp_path / "attic" / FILE_NAME).exists()


def test_asks_for_address_and_port(tmp_path: Path) -> None:
    """--ask wants the address and the port, through a pipe too; Enter alone takes what the flags said."""
    asked = Program([*SERVER, "--ask", "--port", "0", "--data", str(tmp_path / "asked")])
    asked.expect_prompt("Enter server IP (Enter alone: every address of this computer): ")
    asked.type("127.0.0.1")
    asked.expect_prompt("Enter server port (Enter alone: 0): ")
    asked.type("")
    line = asked.expect_line(re.compile(r"Listening on port \d+"), START_SECONDS)

    Peer.join(At(int(line.rpartition(" ")[2])), "Ada")
    assert any("--host 127.0.0.1 " in line for line in asked.lines)


def test_ask_asks_again_for_a_wrong_port(tmp_path: Path) -> None:
    """A port that is none is asked for again; where nobody answers, a sentence says so."""
    wrong = run("--ask", "--data", str(tmp_path / "asked"), text="127.0.0.1\n99999\n")

    assert wrong.returncode == 1
    assert "“99999” is no port. A port is a number from 0 to 65535, mostly 12345.\n" in wrong.stdout
    assert wrong.stderr.strip() == "server.py: there is nobody to ask. Leave --ask out, or answer at a terminal."


def test_an_empty_value_is_none(start_server: Callable[..., ServerProcess], tmp_path: Path) -> None:
    """`--data ""` is as good as not given: the log is not put where one happens to stand."""
    start_server("--data", "", HALLWAY_DATA=str(tmp_path / "meant"))

    assert (tmp_path / "meant" / "hallway.db").exists()


def test_listens_on_every_address(tmp_path: Path) -> None:
    """Without --host the chat is there on IPv4 and, where the machine has it, on IPv6; both are one chat."""
    _, port = launch("--port", "0", "--data", str(tmp_path / "every"))
    ada = Peer.join(At(port), "Ada")
    try:
        bob = Peer(socket.create_connection(("::1", port), ANSWER_SECONDS))
    except OSError:
        pytest.skip("this machine has no IPv6")
    bob.hello("Bob")
    bob.expect_welcome()
    ada.expect("joined", name="Bob")
    bob.say("over IPv6")

    assert ada.expect("message").text == "over IPv6"


def test_version() -> None:
    """--version prints it, and that is all."""
    printed = run("--version")

    assert (printed.returncode, printed.stdout, printed.stderr) == (0, f"Hallway {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["--port", "70000"], {}, "“70000” is no port. A port is a number from 0 to 65535, mostly 12345."),
        (["--port", "-1"], {}, "“-1” is no port. A port is a number from 0 to 65535, mostly 12345."),
        (["--rate", "-1"], {}, "the rate is a number of messages a second, 0 for no limit; not “-1”"),
        (["--rate", "nan"], {}, "the rate is a number of messages a second, 0 for no limit; not “nan”"),
        (["--max-clients", "0"], {}, "a number from 1 to 100000 is needed, not “0”"),
        (["--log-level", "loud"], {}, "the level is debug, info, warning or error, not “loud”"),
        (["--dance"], {}, "unrecognized arguments: --dance"),
        (["--key", "key.pem"], {}, "--key needs --cert, the certificate that the key is for"),
        (
            ["--plaintext", "--cert", "cert.pem"],
            {},
            "--plaintext does without the certificate that --cert names; give one of the two",
        ),
        ([], {"HALLWAY_PORT": "soon"}, "“soon” is no port. A port is a number from 0 to 65535, mostly 12345."),
    ],
)
def test_wrong_usage(arguments: list[str], environment: dict[str, str], sentence: str) -> None:
    """A command line that cannot be meant ends with exit status 2 and says what is wrong with it."""
    wrong = run(*arguments, **environment)

    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert wrong.stderr.endswith(f"{sentence}\n")


def test_port_in_use(server: ServerProcess, tmp_path: Path) -> None:
    """A port that is taken: one sentence, exit status 1, and the one who has it goes on."""
    second = run("--host", "127.0.0.1", "--port", str(server.port), "--data", str(tmp_path / "second"))

    assert second.returncode == 1
    assert second.stderr == (
        f"server.py: Port {server.port} is in use: perhaps a server runs already."
        " Stop it, or choose another port with --port.\n"
    )
    Peer.join(server, "Ada")


def descriptors() -> int:
    if not sys.platform.startswith("linux"):
        pytest.skip("looks into /proc, which only Linux has")
    return len(list(Path("/proc/self/fd").iterdir()))


def test_server_that_cannot_listen_leaves_nothing_open(server: ServerProcess, tmp_path: Path) -> None:
    """A `Server` that did not start holds no sockets. (Those with which its hub would have been woken stayed open.)"""
    before = descriptors()
    second = Server(Options(server.host, server.port, "Here", tmp_path / "second", 0, 100))
    with pytest.raises(StartError, match="is in use"):
        second.start()

    assert descriptors() == before


@pytest.mark.parametrize("name", ["hallway-hub", "hallway-catch-up", "hallway-accept"])
def test_no_thread_left_to_start_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A server that gets too few threads says so, and leaves nothing behind. (It hung, or its hub ran on for ever.)"""

    def start(thread: threading.Thread) -> None:
        if thread.name == name:
            raise RuntimeError("can't start new thread")
        real(thread)

    real = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", start)
    before = descriptors()
    here = Server(Options("127.0.0.1", 0, "Here", tmp_path / "here", 0, 100))
    with pytest.raises(StartError, match="The system has no thread or no open file left"):
        here.start()

    assert descriptors() == before
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("hallway-")]
    History(tmp_path / "here").close()


def test_second_server_on_the_same_log(server: ServerProcess) -> None:
    """Two servers never write one log: the second says so, exit status 1, and the first goes on."""
    second = run("--host", "127.0.0.1", "--port", "0", "--data", str(server.data))

    assert second.returncode == 1
    assert second.stderr == (
        f"server.py: A server is using the data folder {server.data}. Stop it, or choose another folder.\n"
    )
    Peer.join(server, "Ada")


def test_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A data folder that cannot be (a file is in its place): one sentence, exit status 1."""
    (tmp_path / "file").write_text("in the way")
    failed = run("--host", "127.0.0.1", "--port", "0", "--data", str(tmp_path / "file"))

    assert failed.returncode == 1
    assert re.fullmatch(
        r"server\.py: The data folder .*file cannot be written \(.+\)\. Choose another one\.\n", failed.stderr
    )


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("no such host", "There is no address no such host. Leave --host out to listen on every address."),
        ("192.0.2.1", "192.0.2.1 is not an address of this computer. Leave --host out to listen on all that are."),
    ],
)
def test_address_that_is_not_ours(tmp_path: Path, host: str, sentence: str) -> None:
    """An address this computer does not have: one sentence, exit status 1."""
    failed = run("--host", host, "--port", "0", "--data", str(tmp_path / "data"))

    assert failed.returncode == 1
    assert failed.stderr == f"server.py: {sentence}\n"


def test_damaged_log(server: ServerProcess) -> None:
    """A malformed log is put aside, which is said loudly, and the chat begins anew."""
    ada = Peer.join(server, "Ada")
    ada.say("lost")
    ada.expect("ack")
    assert ada.welcome
    old = ada.welcome.history
    server.stop()
    (server.data / FILE_NAME).write_bytes(b"This was a database once. " * 1000)
    server.restart()
    ada = Peer.join(server, "Ada", history=old, after=0)
    [aside] = server.data.glob("*.malformed-*")

    assert f"ATTENTION: the log was damaged. It is kept as {aside}, and a new one begins." in server.log
    assert ada.welcome
    assert ada.welcome.last == 0
    assert ada.welcome.history != old


# --- stopping ---------------------------------------------------------------------------------------------------------


def test_sigterm(server: ServerProcess) -> None:
    """SIGTERM: everybody is told, what was acked is in the log, and the server is gone within 5 s, exit status 0."""
    ada = Peer.join(server, "Ada")
    bob = TextPeer.join(server, "Bob")
    nameless = Peer.connect(server)
    ada.say("kept")
    ada.expect("ack")
    status = server.stop()
    with Reader(server.data) as reader:
        kept = reader.before(0, 100, 100)

    assert status == 0
    assert ada.expect("bye").reason == "The server is closing."
    bob.expect_line("The server is closing.")
    assert ada.closed()
    assert bob.closed()
    assert nameless.closed()
    assert texts(kept) == ["kept"]


def test_control_c(server: ServerProcess) -> None:
    """Ctrl-C: the same, exit status 130."""
    ada = Peer.join(server, "Ada")
    server.interrupt()

    assert server.wait() == 130
    ada.expect("bye")


def test_stopping_gives_back_whom_nobody_knew_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub, which closes what it writes to, has ended when those who had not joined are let go."""
    monkeypatch.setattr(connection, "PROMPT_SECONDS", 0.01)
    strangers = []  # who do not hang up
    gc.collect()  # what earlier tests have left
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        for number in range(3):
            here = ServerHere(tmp_path / str(number))
            strangers.append(TextPeer.connect(here))
            strangers[-1].expect_prompt("What is your name? ")
            here.stop()
            del here
        gc.collect()

    assert [str(warning.message) for warning in caught] == []


def test_stopping_with_somebody_who_does_not_read(server: ServerProcess) -> None:
    """Somebody who takes nothing does not hold the server up."""
    ada = Peer.join(server, "Ada")
    stuck = Peer.join(server, "Stuck", receive_buffer=4096)
    for number in range(300):
        ada.say(f"{number}" + "x" * 3900)
    ada.read_until(300)

    assert server.stop() == 0
    assert ada.expect("bye")
    stuck.close()


def test_restart_keeps_the_log(server: ServerProcess) -> None:
    """After a restart the log is the same one, and numbers go on where they were."""
    ada = Peer.join(server, "Ada")
    ada.say("before", id="1")
    first = ada.expect("ack")
    assert ada.welcome
    server.restart()
    again = Peer.join(server, "Ada", history=ada.welcome.history, after=0)
    again.say("before", id="1")
    repeated = again.expect("ack")
    again.say("after")

    assert repeated == first
    assert again.welcome
    assert again.welcome.history == ada.welcome.history
    assert texts(again.read_until(2)) == ["before", "after"]
    assert seqs(again.messages) == [1, 2]


# --- what the operator sees -------------------------------------------------------------------------------------------


def test_log_lines(server: ServerProcess) -> None:
    """The terminal shows connections, who joins, writes and leaves, and not a word of what they write."""
    ada = Peer.join(server, "Ada")
    port = ada.socket.getsockname()[1]
    ada.say("the secret word")
    ada.say("@Ada the secret word")
    ada.expect("ack")
    server.expect_log(f"connection from 127.0.0.1:{port}")
    server.expect_log(f'"Ada" joined from 127.0.0.1:{port}')
    server.expect_log('"Ada" wrote ')
    leave(ada)
    server.expect_log('"Ada" left')
    Peer.join(server, "Bob").close()
    server.expect_log('"Bob" lost the connection')
    server.stop()

    assert "secret" not in server.log


def test_texts_at_debug(start_server: Callable[..., ServerProcess]) -> None:
    """With --log-level debug the texts are shown as well, each on one line."""
    server = start_server("--log-level", "debug")
    ada = Peer.join(server, "Ada")
    ada.say("the secret\n12:00:00 Bob joined")

    server.expect_log('"Ada" to "#everyone": the secret 12:00:00 Bob joined')


@pytest.mark.skipif(sys.platform == "win32", reason="looks at when a POSIX pipe is full")
def test_terminal_that_stands_still(tmp_path: Path) -> None:
    """A server whose output nobody reads serves and stops as ever."""
    command = [*SERVER, "--host", "127.0.0.1", "--port", "0", "--rate", "0", "--log-level", "debug"]
    process = subprocess.Popen(
        [*command, "--data", str(tmp_path / "still")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    try:
        with process.stdout:
            while not (line := process.stdout.readline()).startswith(b"Listening"):
                assert line, "the server has not started"
            server = At(int(line.split()[-1]))
            ada = Peer.join(server, "Ada")
            for number in range(60):
                ada.say(f"{number}" + "x" * 3900)
            ada.read_until(60)
            bob = Peer.join(server, "Bob")  # 240 KB were written to the terminal; a pipe holds 64
            bob.say("does anybody hear me?")
            ada.expect("joined", name="Bob")
            answer = ada.read_until(61)[-1]
            process.send_signal(signal.SIGTERM)
            status = process.wait(STOP_SECONDS)
    finally:
        process.kill()
        process.wait()

    assert answer.text == "does anybody hear me?"
    assert status == 0


@pytest.mark.skipif(os.name != "posix", reason="there is no such limit elsewhere")
def test_few_descriptors(tmp_path: Path) -> None:
    """However few it may have open, it says what is wrong and ends, or runs and stops when it is told to."""
    ended: list[int] = []
    for limit in range(9, 64):
        if ended.count(0) == 4:  # from there on it has enough
            break
        command = [sys.executable, "server.py", "--host", "127.0.0.1", "--port", "0", "--plaintext"]
        shell = ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", *command, "--data", str(tmp_path / str(limit))]
        with subprocess.Popen(
            shell, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            lines: list[str] = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("Listening"):
                    process.terminate()
            ended.append(process.wait(STOP_SECONDS))
        assert "Traceback" not in "".join(lines)
        assert ended[-1] in (0, 1), lines

    assert set(ended) == {0, 1}  # the limits that were tried are those round the least that is enough
