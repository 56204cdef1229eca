"""The server's certificate: made once, without anybody setting anything up, and read aloud as four words.

A client knows a server by the SHA-256 of its certificate (`fingerprint`), as ssh knows hosts; no authority signs it and
nobody asks for a name or a date in it.
"""

from __future__ import annotations

import datetime
import hashlib
import logging
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

FILE_NAME = "hallway.pem"  # key and certificate in one file: they are replaced together or not at all
# Beside the modules; where pip has installed them, with the other files that are no modules.
WORDS_FILES = (Path(__file__).resolve().parent / "words.txt", Path(sys.prefix) / "share" / "hallway" / "words.txt")
WORDS = 4  # of 12.92 bits each
OPENSSL_SECONDS = 30.0  # it takes 20 ms; more where the machine must find random numbers first
# Where Windows has the program when it is not on the PATH: Git brings one.
_WINDOWS_PLACES = (r"C:\Program Files\Git\usr\bin\openssl.exe", r"C:\Program Files\Git\mingw64\bin\openssl.exe")

log = logging.getLogger("hallway")


class NoCertificate(Exception):
    """None is there, and none can be made; `str(error)` says what to install."""


def fingerprint(certificate: bytes) -> str:
    """The SHA-256 of a certificate (DER), in hexadecimal."""
    return hashlib.sha256(certificate).hexdigest()


def four_words(fingerprint: str) -> str:
    """A fingerprint as four words to read aloud (51 bits); as sixteen digits where the list of words is missing."""
    file = next((file for file in WORDS_FILES if file.exists()), None)
    if file is None:
        return " ".join(fingerprint[i : i + 4] for i in range(0, 16, 4))
    words = file.read_text("ascii").split()
    number = int(fingerprint, 16)
    chosen = []
    for _ in range(WORDS):
        number, index = divmod(number, len(words))
        chosen.append(words[index])
    return " ".join(chosen)


def fingerprint_of(file: Path) -> str:
    """The fingerprint of the first certificate in a PEM file. Raises OSError or ValueError."""
    text = file.read_text("ascii", "replace")  # around the certificate anything may stand
    begin = re.search("-----BEGIN [A-Z0-9 ]*CERTIFICATE-----", text)  # OpenSSL takes others than the plain kind, too
    if begin is None or begin[0] != "-----BEGIN CERTIFICATE-----":
        raise ValueError("no plain certificate comes first")
    end = text.index("-----END CERTIFICATE-----", begin.end()) + len("-----END CERTIFICATE-----")
    return fingerprint(ssl.PEM_cert_to_DER_cert(text[begin.start() : end]))


def has_certificate(folder: Path) -> bool:
    """Whether there is one of the server's own making in `folder`."""
    return (folder / FILE_NAME).exists()


def own_certificate(folder: Path) -> Path:
    """The PEM file with this server's key and certificate in `folder`; made at the first time (P-256, self-signed).

    Raises `NoCertificate` where there is no way to make one, OSError where it cannot be written.
    """
    path = folder / FILE_NAME
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".certificate-", dir=folder) as made:  # its owner's only
            pem = _made_by_library() or _made_by_program(Path(made))
            whole = Path(made) / FILE_NAME
            with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            whole.replace(path)
    return path


def _made_by_library() -> bytes | None:
    """Key and certificate by the `cryptography` package; None where it is not installed, or is broken or too old.

    In a process of its own: the package takes 13 MiB, and the server needs it once.
    """
    try:
        made = subprocess.run(  # noqa: S603  # this very file
            [sys.executable, __file__],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=OPENSSL_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        if b"ModuleNotFoundError" not in error.stderr:  # OpenSSL's errors, missing names: each release has its own
            said = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
            log.warning("The package cryptography makes no certificate (%s); openssl is tried.", " ".join(said))
        return None
    except (OSError, subprocess.SubprocessError):
        return None
    return made.stdout


def _made_by_cryptography() -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Hallway")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # other people's clocks are behind
        .not_valid_after(now + datetime.timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def _made_by_program(folder: Path) -> bytes:
    """Key and certificate by the `openssl` program, which writes them into `folder`. Raises `NoCertificate`."""
    program = shutil.which("openssl")
    if program is None and sys.platform == "win32":
        program = next((place for place in _WINDOWS_PLACES if Path(place).exists()), None)
    if program is None:
        raise NoCertificate("Install the program openssl, or `pip install cryptography`")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-batch"]
    command += ["-sha256", "-days", "36500", "-subj", "/CN=Hallway", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(  # noqa: S603 - nothing in it comes from outside
            command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=OPENSSL_SECONDS
        )
        return key.read_bytes() + certificate.read_bytes()
    except (OSError, subprocess.SubprocessError):
        raise NoCertificate(f"The program {program} could not make a certificate; `pip install cryptography`") from None


if __name__ == "__main__":
    sys.stdout.buffer.write(_made_by_cryptography())
