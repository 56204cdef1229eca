"""The server's certificate: made by whatever is there, kept to oneself, and read aloud alike on both sides."""

from __future__ import annotations

import os
import ssl
import stat
import sys
from pathlib import Path

import pytest

import certificate
from certificate import NoCertificate, fingerprint, fingerprint_of, four_words, own_certificate


@pytest.fixture(params=["cryptography", "openssl"])
def maker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the two ways by which one is made, the other one missing."""
    if request.param == "openssl":
        monkeypatch.setattr(certificate, "_made_by_library", lambda: None)
    else:
        pytest.importorskip("cryptography")
        monkeypatch.setenv("PATH", "")


@pytest.mark.usefixtures("maker")
def test_certificate_is_made_once(tmp_path: Path) -> None:
    """The first start makes one of the right kind; every later one uses it."""
    file = own_certificate(tmp_path / "data")
    before = file.read_bytes()
    der = ssl.PEM_cert_to_DER_cert(before[before.index(b"-----BEGIN CERT") :].decode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    assert own_certificate(tmp_path / "data").read_bytes() == before
    assert before.count(b"-----BEGIN PRIVATE KEY-----") == 1
    assert before.count(b"-----BEGIN CERTIFICATE-----") == 1
    assert fingerprint_of(file) == fingerprint(der)


@pytest.mark.usefixtures("maker")
def test_curve_is_p256(tmp_path: Path) -> None:
    """The key is on the curve that every TLS library knows."""
    pem = own_certificate(tmp_path).read_text()
    der = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE") :])

    assert bytes.fromhex("06082a8648ce3d030107") in der  # the object identifier of prime256v1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a user's folder to the user")
@pytest.mark.usefixtures("maker")
def test_key_is_its_owners_only(tmp_path: Path) -> None:
    """Whatever the umask, nobody else can read the key, at any time, and nothing is left lying about."""
    before = os.umask(0)
    try:
        file = own_certificate(tmp_path / "data")
    finally:
        os.umask(before)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("problem", [ImportError, AttributeError, TypeError, OSError, RuntimeError])
def test_broken_package(problem: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the package cryptography stumbles over, the program openssl can do it."""
    package = tmp_path / "broken" / "cryptography"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"raise {problem.__name__}\n")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))

    assert certificate._made_by_library() is None
    assert fingerprint_of(own_certificate(tmp_path / "data"))


def test_no_way_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package and without the program it is said what to install."""
    monkeypatch.setattr(certificate, "_made_by_library", lambda: None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(certificate, "_WINDOWS_PLACES", ())
    with pytest.raises(NoCertificate, match=r"Install the program openssl, or `pip install cryptography`"):
        own_certificate(tmp_path / "data")

    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the program")
def test_program_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that makes nothing is said, too."""
    monkeypatch.setattr(certificate, "_made_by_library", lambda: None)
    program = tmp_path / "openssl"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCertificate, match=r"openssl could not make a certificate"):
        own_certificate(tmp_path / "data")


def test_four_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same fingerprint is the same words, another one others; without the list it is digits."""
    one, other = fingerprint(b"one"), fingerprint(b"other")

    assert four_words(one) == four_words(one) != four_words(other)
    assert len(four_words(one).split()) == 4
    assert all(word.isascii() and len(word) > 2 for word in four_words(one).split())
    monkeypatch.setattr(certificate, "WORDS_FILES", (tmp_path / "gone",))
    assert four_words("0123456789abcdef" * 4) == "0123 4567 89ab cdef"
