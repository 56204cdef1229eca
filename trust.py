"""The servers a client has met: by which certificate it knows them again, and what it keeps for each of them.

Trust on first use, as ssh does it. Nobody vouches for a server on a network of one's own; what can be known is that it
is the same as last time. `servers.json` in the client's folder, readable by its user only:

    addresses    by "host:port", the fingerprint of the certificate that was met there
    tokens       by the server's identity, the token of each name; an identity is a fingerprint, or for a server that
                 does not encrypt "plain:host:port"
    passwords    by the identity, the chat's password, when its user wanted it to be kept

A token or a password kept for one identity is never given to another.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from protocol import MAX_SECRET, ProtocolError, name_key, parse_object
from storage import write_whole

FILE_NAME = "servers.json"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def identity_of(host: str, port: int, fingerprint: str | None) -> str:
    """Whom a server at an address is taken for: its certificate, or its address where it has none."""
    return fingerprint or f"plain:{_address(host, port)}"


def _address(host: str, port: int) -> str:
    return f"{host.strip().rstrip('.').lower()}:{port}"


@dataclass(frozen=True, slots=True)
class _Content:
    addresses: dict[str, str]
    tokens: dict[str, dict[str, str]]
    passwords: dict[str, str]


class KnownServers:
    """What is in `servers.json`. Read anew each time: another window of the same person may have changed it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def expected(self, host: str, port: int) -> str | None:
        """The fingerprint of the server that was met at this address; None where none was, or none with one."""
        found = self._read().addresses.get(_address(host, port), "")
        return found if _FINGERPRINT.fullmatch(found) else None

    def is_known(self, fingerprint: str) -> bool:
        """Whether a server with this certificate was met, at whatever address."""
        return fingerprint in self._read().addresses.values()

    def remember(self, host: str, port: int, fingerprint: str) -> None:
        """From now on this certificate, and no other, is expected at this address. Raises OSError."""
        content = self._read()
        if content.addresses.get(_address(host, port)) != fingerprint:
            content.addresses[_address(host, port)] = fingerprint
            self._write(content)

    def token(self, identity: str, name: str) -> str | None:
        """What proves to this server that `name` is ours."""
        return self._read().tokens.get(identity, {}).get(name_key(name))

    def keep_token(self, identity: str, name: str, token: str) -> None:
        """Keeps what this server has given us for `name`. Raises OSError."""
        content = self._read()
        content.tokens.setdefault(identity, {})[name_key(name)] = token
        self._write(content)

    def password(self, identity: str) -> str | None:
        """The chat's password, where it was kept."""
        return self._read().passwords.get(identity)

    def keep_password(self, identity: str, password: str | None) -> None:
        """Keeps the chat's password; None forgets it. Raises OSError."""
        content = self._read()
        if content.passwords.get(identity) != password:
            content.passwords.pop(identity, None)
            if password is not None:
                content.passwords[identity] = password
            self._write(content)

    def _read(self) -> _Content:
        """Everything; nothing where there is no file, or one that makes no sense."""
        try:
            fields = parse_object(self._path.read_bytes().strip())
        except (OSError, ProtocolError):
            fields = {}
        tokens = fields.get("tokens")
        by_identity = tokens.items() if isinstance(tokens, dict) else ()
        return _Content(
            _strings(fields.get("addresses")),
            {identity: _strings(of_names) for identity, of_names in by_identity},
            _strings(fields.get("passwords")),
        )

    def _write(self, content: _Content) -> None:
        write_whole(self._path, (json.dumps(asdict(content), indent=1) + "\n").encode())


def _strings(value: object) -> dict[str, str]:
    """The strings in what should be an object of strings."""
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(item, str) and 0 < len(item) <= MAX_SECRET}
