"""Which servers a client has met: what it keeps for one is never given to another."""

from __future__ import annotations

import json
import stat
import sys
import threading
from pathlib import Path

import pytest

from clientlib.trust import FILE_NAME, KnownServers, identity_of

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
