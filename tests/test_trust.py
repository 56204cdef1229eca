"""Which servers a client has met: what it keeps for one is never given to another, and what it says to neither."""

from __future__ import annotations

import contextlib
import json
import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import link
from certificate import fingerprint_of, own_certificate
from clientlib.engine import Engine
from clientlib.happenings import Connecting, Entered, Happening, Refused
from clientlib.trust import FILE_NAME, Acquaintance, Doubt, KnownServers, Meeting, identity_of
from link import Link, TlsLink
from processes import ANSWER_SECONDS, ServerProcess, wait_until

ONE, OTHER = "1" * 64, "2" * 64


@pytest.fixture
def known(tmp_path: Path) -> KnownServers:
    return KnownServers(tmp_path / "client")


def test_nobody_was_met(known: KnownServers) -> None:
    """At the beginning nothing is expected and nothing is kept."""
    assert known.expected("school", 12345) is None
    assert not known.has_let_us_in(ONE)
    assert known.token(ONE, "Ada") is None
    assert known.password(ONE) is None


def test_certificate_is_known_again(known: KnownServers, tmp_path: Path) -> None:
    """A server is known by its address, however that is written, and by its certificate at any address."""
    known.remember("School.local.", 12345, ONE)
    again = KnownServers(tmp_path / "client")

    assert again.expected("school.local", 12345) == ONE
    assert again.expected("school.local", 12346) is None


def test_who_has_let_us_in_is_remembered(known: KnownServers, tmp_path: Path) -> None:
    """By the certificate, at whatever address; to have met a server is not to have been let in."""
    known.remember("school", 12345, OTHER)
    known.note_entered(ONE)
    known.note_entered(ONE)
    again = KnownServers(tmp_path / "client")

    assert again.has_let_us_in(ONE)
    assert not again.has_let_us_in(OTHER)


def test_file_that_the_disk_does_not_give(known: KnownServers, tmp_path: Path) -> None:
    """It is no empty one: to forget whom we know would be to trust anybody, and to write it anew to forget the rest."""
    (tmp_path / "client" / FILE_NAME).mkdir(parents=True)

    with pytest.raises(OSError, match="directory"):
        known.expected("school", 12345)
    with pytest.raises(OSError, match="directory"):
        known.keep_token(ONE, "Ada", "token")


def test_new_certificate_is_accepted(known: KnownServers) -> None:
    """Where another certificate was accepted deliberately, the former is not expected any more."""
    known.remember("school", 12345, ONE)
    known.remember("school", 12345, OTHER)

    assert known.expected("school", 12345) == OTHER
    assert known.former(["SCHOOL"], 12345) == {ONE}
    assert known.former(["school"], 12346) == set()


def test_secrets_belong_to_one_server(known: KnownServers) -> None:
    """Tokens and passwords of one server are nothing to another, nor to one without encryption at its address."""
    known.keep_token(ONE, "Ada", "token one")
    known.keep_token(ONE, "Bob", "token two")
    known.keep_password(ONE, "sesame")
    plain = identity_of("school", 12345, None)

    assert identity_of("school", 12345, ONE) == ONE
    assert [known.token(ONE, name) for name in ("ADA ", "Bob", "Cleo")] == ["token one", "token two", None]
    assert known.password(ONE) == "sesame"
    assert known.token(OTHER, "Ada") is known.token(plain, "Ada") is None
    assert known.password(OTHER) is known.password(plain) is None


def test_password_is_forgotten(known: KnownServers, tmp_path: Path) -> None:
    """What is to be forgotten is not on the disk any more."""
    known.keep_password(ONE, "sesame")
    known.keep_password(ONE, None)

    assert known.password(ONE) is None
    assert "sesame" not in (tmp_path / "client" / FILE_NAME).read_text()


def test_two_windows_of_one_person(known: KnownServers, tmp_path: Path) -> None:
    """What one window keeps, another does not write over."""
    other = KnownServers(tmp_path / "client")
    known.remember("school", 12345, ONE)
    other.keep_token(ONE, "Ada", "token")
    known.keep_password(ONE, "sesame")

    assert (other.expected("school", 12345), known.token(ONE, "Ada"), other.password(ONE)) == (ONE, "token", "sesame")


def test_many_windows_at_the_same_moment(tmp_path: Path) -> None:
    """Nobody's token is lost to somebody else's: each is a name."""
    names = [f"Ada {i}" for i in range(20)]
    together = threading.Barrier(len(names))

    def come_in(name: str) -> None:
        together.wait()
        KnownServers(tmp_path / "client").keep_token(ONE, name, f"token of {name}")

    threads = [threading.Thread(target=come_in, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    known = KnownServers(tmp_path / "client")

    assert [known.token(ONE, name) for name in names] == [f"token of {name}" for name in names]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a user's folder to the user")
def test_file_is_its_owners_only(known: KnownServers, tmp_path: Path) -> None:
    """Nobody else can read the secrets."""
    known.keep_token(ONE, "Ada", "token")

    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "client").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "client").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        "null",
        '{"addresses": 7, "entered": 7, "tokens": [], "passwords": null}',
        json.dumps({"addresses": {"school:12345": 7}, "tokens": {ONE: 7, OTHER: {"ada": []}}, "passwords": {ONE: {}}}),
        json.dumps({"addresses": {"school:12345": "short"}, "tokens": {ONE: {"ada": ""}}, "passwords": {ONE: ""}}),
    ],
)
def test_file_that_makes_no_sense(content: str, known: KnownServers, tmp_path: Path) -> None:
    """A file that somebody spoilt is as good as none, and is kept under another name when a new one is written."""
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / FILE_NAME).write_text(content)

    assert known.expected("school", 12345) is None
    assert known.token(ONE, "Ada") is None
    assert known.token(OTHER, "Ada") is None
    assert known.password(ONE) is None
    known.keep_token(ONE, "Ada", "token")
    assert known.token(ONE, "Ada") == "token"
    assert (tmp_path / "client" / f"{FILE_NAME}.damaged").read_text() == content
    assert not known.set_damaged_aside()


def test_file_that_makes_sense_is_not_set_aside(known: KnownServers, tmp_path: Path) -> None:
    """Neither one of ours, nor one in which a part is missing."""
    known.remember("school", 12345, ONE)
    known.remember("school", 12345, OTHER)
    known.note_entered(ONE)
    known.keep_token(ONE, "Ada", "token")
    known.keep_password(ONE, "sesame")
    assert not known.set_damaged_aside()
    (tmp_path / "client" / FILE_NAME).write_text(json.dumps({"addresses": {"school:12345": ONE}}))

    assert not known.set_damaged_aside()
    assert known.expected("school", 12345) == ONE


# --- a chat that was heard --------------------------------------------------------------------------------------------


class Impostor:
    """Listens where a chat was heard, with a certificate of its own or with none, and writes down what it is told."""

    def __init__(self, certificate: Path | None) -> None:
        self._tls = None if certificate is None else link.server_context(certificate)
        self.fingerprint = None if certificate is None else fingerprint_of(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(ANSWER_SECONDS)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.told = b""  # decrypted, from all connections
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # nobody comes any more
            while True:
                connected = self._listener.accept()[0]
                connected.settimeout(ANSWER_SECONDS)
                self.connections += 1
                with connected:
                    self._hear(connected)

    def _hear(self, connected: socket.socket) -> None:
        if self._tls is not None:
            way = TlsLink(Link(connected), self._tls, server_side=True, first=b"", seconds=ANSWER_SECONDS)
            with contextlib.closing(way):
                while said := way.receive(ANSWER_SECONDS):
                    self.told += said
        elif connected.recv(1, socket.MSG_PEEK) == b"\x16":  # a handshake, and nothing of anybody's
            connected.sendall(b'{"type":"error","code":"not_encrypted","text":"This chat is not encrypted."}\n')
            connected.shutdown(socket.SHUT_WR)
            while connected.recv(65536):
                pass
        else:
            while said := connected.recv(65536):
                self.told += said

    def end(self) -> None:
        """Waits until all that was said is written down."""
        with contextlib.suppress(OSError):  # closed already
            self._listener.shutdown(socket.SHUT_RDWR)  # closing alone would not wake who waits there
        self._listener.close()
        self._thread.join()


@pytest.fixture
def impostor(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Impostor]:
    """With a certificate, unless the test wants none."""
    (tmp_path / "impostor").mkdir()
    one = Impostor(own_certificate(tmp_path / "impostor") if getattr(request, "param", True) else None)
    yield one
    one.end()


def comes_of(engine: Engine, kind: type[Happening]) -> Happening:
    """The first thing of a kind that happens; that an engine connects is no news."""
    while isinstance(event := engine.events.get(timeout=ANSWER_SECONDS), Connecting):
        pass
    assert isinstance(event, kind), event
    return event


@pytest.mark.parametrize("impostor", [True, False], ids=["another certificate", "no encryption"], indirect=True)
def test_who_answers_for_a_chat_that_was_heard_is_told_nothing(impostor: Impostor, tmp_path: Path) -> None:
    """Neither a name nor a password; it is said what may have happened and what to do, and nothing is remembered."""
    engine = Engine(tmp_path / "client", "127.0.0.1", impostor.port, "Ada", "open sesame", key="0123456789abcdef")
    engine.start()
    refused = comes_of(engine, Refused)
    engine.close()
    impostor.end()

    assert isinstance(refused, Refused)
    assert refused.code == "not_what_was_heard"
    assert f"127.0.0.1 port {impostor.port} is not the chat that was heard there" in refused.text
    assert refused.fingerprint == impostor.fingerprint
    assert impostor.connections > 0
    assert impostor.told == b""
    assert not (tmp_path / "client" / FILE_NAME).exists()


def test_who_is_told_writes_it_down(impostor: Impostor, tmp_path: Path) -> None:
    """Without a key that was heard, as when an address is typed: else the test above could not fail."""
    engine = Engine(tmp_path / "client", "127.0.0.1", impostor.port, "Ada", "open sesame")
    engine.start()
    wait_until(lambda: b"open sesame" in impostor.told, ANSWER_SECONDS, "it is told")
    engine.close(0.0)

    assert b'"Ada"' in impostor.told
    assert b"open sesame" in impostor.told


def test_a_chat_that_was_heard_is_joined(server: ServerProcess, tmp_path: Path) -> None:
    """By the beginning of its fingerprint; what it is known by from then on is the whole."""
    fingerprint = fingerprint_of(server.data / "hallway.pem")
    engine = Engine(tmp_path / "client", server.host, server.port, "Ada", key=fingerprint[:16])
    engine.start()
    entered = comes_of(engine, Entered)
    engine.close()

    assert isinstance(entered, Entered)
    assert entered.fingerprint == fingerprint
    assert KnownServers(tmp_path / "client").expected(server.host, server.port) == fingerprint


@pytest.fixture
def met() -> Iterator[Callable[[str | None], Meeting]]:
    """`met(fingerprint)` is a meeting with a server that has this certificate."""
    meetings: list[Meeting] = []

    def meet(fingerprint: str | None) -> Meeting:
        meetings.append(Meeting(Link(socket.socket()), fingerprint, "192.0.2.1"))
        return meetings[-1]

    yield meet
    for meeting in meetings:
        meeting.end()


def test_what_was_heard_is_for_the_first_meeting(met: Callable[[str | None], Meeting], tmp_path: Path) -> None:
    """A certificate that changes later is a changed one, which can be trusted; at first it is somebody else's."""
    ada = Acquaintance(tmp_path / "client", "school", 12345, None, None, in_clear=False, key=ONE[:16])
    for stranger in (OTHER, None):
        with pytest.raises(Doubt) as doubt:
            ada.recognise(met(stranger), "Ada")
        assert doubt.value.code == "not_what_was_heard"

    assert ada.recognise(met(ONE), "Ada").identity == ONE
    for stranger, code in ((OTHER, "certificate_changed"), (None, "not_encrypted_now")):
        with pytest.raises(Doubt) as doubt:
            ada.recognise(met(stranger), "Ada")
        assert doubt.value.code == code


def test_a_known_server_is_no_other_chat(met: Callable[[str | None], Meeting], tmp_path: Path) -> None:
    """Where one was met before, and another one was heard there: it is not taken for that, and none can be trusted."""
    KnownServers(tmp_path / "client").remember("school", 12345, ONE)
    ada = Acquaintance(tmp_path / "client", "school", 12345, None, ONE, in_clear=False, key=OTHER[:16])

    with pytest.raises(Doubt) as doubt:
        ada.recognise(met(ONE), "Ada")
    assert doubt.value.code == "not_what_was_heard"
    with pytest.raises(Doubt) as doubt:
        ada.recognise(met(OTHER), "Ada")
    assert doubt.value.code == "certificate_changed"
