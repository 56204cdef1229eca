"""A chat hosted from the window: the real server (`server.py`) as a process of its own. No Tk in here.

`Hosting` starts and stops it, and one thread of it reads what the server says and puts that on `events`. The server is
told `--until-eof`: it ends when its standard input does. We hold the other end of that pipe, so the server closes
cleanly when we stop it, on every system, and also when this program is killed: it is never left behind.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from names import MAX_NAME, clean_line

SERVER = Path(__file__).resolve().parent.parent / "server.py"
STOP_SECONDS = 5.0  # until a server that was asked to end is killed
MOST_WAITING = 2000  # lines that nobody has taken yet; a server can log faster than a window draws
LINE_LENGTH = 500  # characters of a line that are shown
WINDOWS_FLAGS = 0x08000200  # CREATE_NO_WINDOW and CREATE_NEW_PROCESS_GROUP
# Variables of the client's that mean something else to a server.
NOT_FOR_SERVERS = ("HALLWAY_HOST", "HALLWAY_PORT", "HALLWAY_NAME", "HALLWAY_PASSWORD", "HALLWAY_PROFILE")

_LISTENING = re.compile(r"Listening on port (\d+)$")
_ADDRESS = re.compile(r"Join with .*--host (\S+)")
_WORDS = re.compile(r"show these words for it: +(\S.*)$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the server's log."""

    text: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The chat can be joined. `words`: those of its certificate; "" where it is not encrypted."""

    port: int
    addresses: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The server has ended; `why`, in words, where nobody asked it to, and `opened` whether people could join."""

    why: str
    opened: bool


Event = Line | Opened | Closed


def can_be_given(password: str) -> bool:
    """Whether a server that is started here can be told this password: a variable of the environment holds no NUL,
    and no half of a character, of which a system makes bytes that nobody could type.
    """
    return "\0" not in password and not any("\ud800" <= character <= "\udfff" for character in password)


class Hosting:
    """One run of a server. `start`, then `stop`; the events come from the thread that reads."""

    def __init__(self, name: str, port: int, password: str | None = None) -> None:
        """`password`, where people are to need one, is one that `can_be_given`."""
        self.name = clean_line(name).strip()[: 2 * MAX_NAME]
        self.port = port
        self.events: queue.Queue[Event] = queue.Queue(MOST_WAITING)
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def start(self) -> None:
        """Starts the server. What comes of it, and that it cannot be started, is told in `events`."""
        command = [sys.executable, str(SERVER), "--port", str(self.port), f"--name={self.name}", "--until-eof"]
        environment = {name: value for name, value in os.environ.items() if name not in NOT_FOR_SERVERS}
        environment |= {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
        if self._password is not None:  # not among the arguments, which everybody on this computer can read
            environment["HALLWAY_PASSWORD"] = self._password
        try:
            # Apart from our terminal and its Ctrl-C: whether the server ends then is for us to say.
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                start_new_session=sys.platform != "win32",
                creationflags=WINDOWS_FLAGS if sys.platform == "win32" else 0,
            )  # fmt: skip
            threading.Thread(target=self._read, args=(self._process,), name="hallway-hosting", daemon=True).start()
        except (OSError, RuntimeError) as error:  # RuntimeError: the system has no thread left
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            self._put(Closed(f"The chat cannot be started on this computer ({reason}).", opened=False))

    def stop(self) -> None:
        """Closes the chat, without waiting for it: `Closed` tells when. A server that does not end is killed."""
        self._stopping = True
        process = self._process
        if process is None:
            return
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
        threading.Thread(target=_see_it_end, args=(process,), name="hallway-stop-hosting", daemon=True).start()

    def _put(self, event: Event) -> None:
        if isinstance(event, Line):
            with contextlib.suppress(queue.Full):
                self.events.put_nowait(event)
            return
        while True:  # these must arrive, whatever else there is
            try:
                self.events.put_nowait(event)
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    self.events.get_nowait()
            else:
                return

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """Takes what the server says, so that it never waits for us, and tells how it ended."""
        addresses: list[str] = []
        words, last, opened = "", "", False
        assert process.stdout is not None
        with process.stdout:
            for raw in process.stdout:
                line = clean_line(raw[: 4 * LINE_LENGTH].decode(errors="replace")).rstrip()[:LINE_LENGTH]
                if not line:
                    continue
                last = line
                self._put(Line(line))
                if found := _ADDRESS.search(line):
                    addresses.append(found[1])
                elif found := _WORDS.search(line):
                    words = found[1]
                elif not opened and (found := _LISTENING.search(line)):
                    opened = True
                    self._put(Opened(int(found[1]), tuple(addresses), words))
        status = process.wait()
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
        self._put(Closed("" if self._stopping or status == 0 else self._why(last, status), opened))

    def _why(self, last: str, status: int) -> str:
        """Why a server has ended by itself: its own last sentence, where it has one for us."""
        if f"Port {self.port} is in use" in last:
            return (
                f"Port {self.port} of this computer is in use: perhaps a chat is open here already. "
                "Join that one, or choose another port under “Another address”."
            )
        said = last.removeprefix("server.py: ")
        return said if said != last else f"The server has ended by itself (status {status})."


def _see_it_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
