"""What a client keeps on its own disk, in one folder of its user's: what the Join screen starts with, and the outbox.

    settings.json      what one chose, from one's name to the size of the letters; see `Settings`
    outbox/*.jsonl     what one person wrote into one log of one server that has not answered; see `Outbox`

Everything is readable by this user alone, and made when there is something to keep. `trust` keeps more
beside them. Settings are loaded and saved by the faces, in their own thread; an outbox belongs to the engine's thread.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from names import MAX_NAME, ProtocolError, clean_line, name_key
from protocol import COMMANDS, DEFAULT_PORT, MAX_TIME, Send, encode, parse_object

DEAD_LINES = 1000  # lines of settled messages in an outbox file before it is written anew

log = logging.getLogger("hallway.storage")


@dataclass(frozen=True, slots=True)
class Settings:
    """What one chose, and where one was last. Made by `load_settings`, every value is one that can be used."""

    name: str = ""
    host: str = ""
    port: int = DEFAULT_PORT
    look: str = ""  # one of `LOOKS`; "" is like the system
    zoom: int = 100  # percent, from the first to the second of `ZOOM`
    sound: str = "mentions"  # one of `SOUNDS`
    quiet_until: int = 0  # ms since 1970: until then nothing sounds or asks for attention; 0: it may
    geometry: str = ""  # size and place of the window, as Tk writes them; "" is not known
    emoji: str = ""  # that were chosen last, newest first


LOOKS = ("", "light", "dark")
SOUNDS = ("off", "mentions", "all")  # `mentions`: of private messages too
ZOOM = (50, 300)


def load_settings(folder: Path) -> Settings:
    """What `save_settings` kept in `folder`; the defaults where there is nothing, or nothing that makes sense."""
    try:
        fields = parse_object((folder / "settings.json").read_bytes().strip())
    except (OSError, ProtocolError):
        return Settings()
    plain = Settings()
    name, host, geometry, emoji = (
        clean_line(text) if type(text := fields.get(key)) is str else ""
        for key in ("name", "host", "geometry", "emoji")
    )
    look, sound = fields.get("look"), fields.get("sound")
    return Settings(
        name[:MAX_NAME],
        host[:255],
        _number(fields.get("port"), 1, 65535, plain.port),
        look if look in LOOKS else plain.look,
        _number(fields.get("zoom"), *ZOOM, plain.zoom),
        sound if sound in SOUNDS else plain.sound,
        _number(fields.get("quiet_until"), 0, MAX_TIME, plain.quiet_until),
        geometry if re.fullmatch(r"[0-9]{2,5}x[0-9]{2,5}([+]-?[0-9]{1,5}){2}", geometry) else plain.geometry,
        emoji[:100],
    )


def _number(value: object, lowest: int, highest: int, plain: int) -> int:
    return value if type(value) is int and lowest <= value <= highest else plain


def save_settings(folder: Path, settings: Settings) -> None:
    """Keeps `settings` in `folder`, which is made where it is missing. Raises OSError when the disk refuses."""
    content = json.dumps(asdict(settings), indent=2, ensure_ascii=False)  # it is there to be read
    write_whole(folder / "settings.json", f"{content}\n".encode())


def make_folder(folder: Path) -> None:
    """Makes a folder for this user only, and what is missing above it alike. Raises OSError."""
    for one in (*reversed(folder.parents), folder):  # `parents=True` would give those above to whom the umask lets in
        if not one.exists():
            one.mkdir(mode=0o700, exist_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Puts `content` at `path` for this user only, so that there is the old file or the new one, never half of one."""
    make_folder(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # 0600 by itself
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


class Outbox:
    """What one person wrote into one log and the server has not answered yet, in order, in memory and in one file.

    The file holds `send` lines as they go on the wire, and a `gone` line for each id that is settled. It is only ever
    appended to, or emptied when nothing waits: whatever moment the program is killed in, at most a last line is torn,
    and `load` drops that one. Used by the engine's thread alone.
    """

    def __init__(self, path: Path) -> None:
        """Touches nothing on disk."""
        self.waiting: dict[str, Send] = {}  # key: id; oldest first
        self._path = path
        self._descriptor = -1  # of the file, opened when first needed
        self._torn = False  # the file may end within a line
        self._lines = 0  # in the file, of settled messages too
        self._size = 0  # bytes in the file that we have read or written; when it has more, another window writes there
        self._unsaved: list[Send] = []  # the disk has not taken these
        self._notes = bytearray()  # `gone` lines, written together
        self._known = True  # all that the file holds has been read, or come from us

    @classmethod
    def for_person(cls, folder: Path, identity: str, history: str, name: str) -> Outbox:
        """The outbox in `folder` of the person called `name` for the log `history` of one server.

        `identity` says which server (`trust.identity_of`): any server can claim the history of another. What servers
        and people chose never becomes the name of a file.
        """
        return cls(folder / "outbox" / f"{_writer(identity, name)}-{_digest(history)}.jsonl")

    @staticmethod
    def count_waiting(folder: Path, identities: Iterable[str], name: str) -> int:
        """How many messages of this person wait for these servers, in whatever log; those of unreadable files not."""
        count = 0
        for identity in identities:
            for path in (folder / "outbox").glob(f"{_writer(identity, name)}-*.jsonl"):
                with contextlib.suppress(OSError):  # it is counted for a sentence only
                    if path.stat().st_size:
                        count += len(_waiting_in(path.read_bytes()))
        return count

    def load(self) -> None:
        """Reads what waits from an earlier run. Raises OSError when there is a file that cannot be read."""
        try:
            content = self._path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError:
            self._known = False
            raise
        self.waiting.update(_waiting_in(content))
        self._lines = content.count(b"\n")
        self._size = len(content)
        self._torn = content != b"" and not content.endswith(b"\n")
        self._tidy()

    def add(self, sends: Sequence[Send]) -> None:
        """Keeps `sends`; they are on disk when this returns. Raises OSError when not: then they wait in memory only,
        and the next `add` tries to write them again."""
        self.waiting.update((send.id, send) for send in sends)
        self._unsaved = [send for send in (*self._unsaved, *sends) if send.id in self.waiting]
        self._append(b"".join(encode(send) for send in self._unsaved))
        os.fsync(self._descriptor)
        self._unsaved.clear()

    def settle(self, id: str) -> Send | None:
        """Takes the message `id` out and returns it; None when it does not wait (any more). `note` tells the disk."""
        send = self.waiting.pop(id, None)
        if send is not None:
            self._notes += json.dumps({"type": "gone", "id": id}).encode() + b"\n"
        return send

    def note(self) -> None:
        """Writes down what was settled. Without fsync: after a power cut it is sent again and answered as before."""
        if self._notes:
            with contextlib.suppress(OSError):  # no worse than the power cut
                if self.waiting or not self._known or self._is_shared():
                    self._append(self._notes)
            self._notes.clear()
            self._tidy()

    def close(self) -> None:
        """Gives the descriptor back; the next write opens the file again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _append(self, lines: bytes | bytearray) -> None:
        if self._descriptor < 0:
            make_folder(self._path.parent)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(self._path, flags, 0o600)
        rest = memoryview(b"\n" + lines if self._torn else bytes(lines))
        self._torn = True  # until all of it is written
        while rest:
            written = os.write(self._descriptor, rest)
            self._size += written
            rest = rest[written:]
        self._torn = False
        self._lines += lines.count(b"\n")

    def _is_shared(self) -> bool:
        """Whether another window of the same person has written into the file. Raises OSError."""
        return self._path.exists() and self._path.stat().st_size != self._size

    def _tidy(self) -> None:
        """Empties the file when nothing waits, and writes it anew when most of it is about settled messages."""
        try:
            if not self._known or self._is_shared():
                return  # somebody's messages may stand in it
            if not self.waiting:
                self._unsaved.clear()
                if self._lines or self._torn:
                    os.truncate(self._path, 0)
                self._lines, self._size, self._torn = 0, 0, False
            elif self._lines > 2 * len(self.waiting) + DEAD_LINES:
                self.close()  # Windows replaces no open file
                content = b"".join(encode(send) for send in self.waiting.values())
                write_whole(self._path, content)
                self._lines, self._size, self._torn = len(self.waiting), len(content), False
                self._unsaved.clear()
        except OSError as error:  # the file stays long; every line in it is still true
            log.debug("%s could not be tidied: %s", self._path, error)


def _waiting_in(content: bytes) -> dict[str, Send]:
    """What waits in an outbox file, by id, oldest first."""
    waiting: dict[str, Send] = {}
    for line in content.split(b"\n"):
        with contextlib.suppress(ProtocolError):  # a line that was torn by a crash; nobody was told it is kept
            fields = parse_object(line)
            if fields.get("type") == "gone":
                waiting.pop(str(fields.get("id")), None)
            else:
                send = COMMANDS["send"](fields)
                assert isinstance(send, Send)
                waiting[send.id] = send
    return waiting


def _writer(identity: str, name: str) -> str:
    """How the names of all files begin that hold what one person wrote to one server."""
    return _digest(json.dumps([identity, name_key(name)]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def reason_of(error: OSError) -> str:
    """Why the disk or the network refused, in the system's words."""
    return error.strerror or str(error)
