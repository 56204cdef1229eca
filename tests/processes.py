"""The real server as a process of its own, and how the tests wait.

Nothing here sleeps for a fixed time: everything waits for something, and fails with a sentence when it does not come.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import IO

import pytest

from certificate import FILE_NAME, own_certificate
from nursery import CAN_FORK, Forked, nursery
from server import Options, Server, addresses_to_type
from serverlib.operations import Operate

CHECKOUT = Path(__file__).resolve().parent.parent
START_SECONDS = 20.0  # until the server says its port; a loaded machine needs 2 s to start Python
STOP_SECONDS = 5.0  # what the server promises from SIGTERM to its end
ANSWER_SECONDS = 10.0  # for anything else that is expected; far more than a healthy server takes

_LISTENING = re.compile(r"(?:^|\s)port (\d+)$")  # said once it listens; `--port N` in what to type is said before


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Returns as soon as `condition()` is true; fails after `seconds`, saying that `what` did not happen.

    For what gives no event to wait for: a file that appears, a count that goes back to where it was.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:g} s in vain: {what}")
        time.sleep(0.01)


def own_address() -> str:
    """An IPv4 address of this machine that is not its loopback: who connects to it comes from there as well."""
    address = next((address for address in addresses_to_type() if "." in address), None)
    if address is None:
        pytest.skip("this machine has no address but its loopback")
    return address


@cache
def _certificate() -> bytes:
    """One for all servers of a run that have none: the quarter of a second that each would take adds up."""
    with tempfile.TemporaryDirectory() as folder:
        return own_certificate(Path(folder)).read_bytes()


def lay_certificate(folder: Path) -> Path:
    """Puts the one of this run where a server with this data folder looks for its own, and returns the file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.touch(0o600)
    path.write_bytes(_certificate())
    return path


class ServerProcess:
    """`server.py` in a process of its own, on a free port of 127.0.0.1 with `data` as its data folder.

    It has its certificate already, unless it `makes_certificate`.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        data: Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        makes_certificate: bool = False,
        forked: bool = False,
    ) -> None:
        """Starts the server and returns when it listens. `arguments` stand behind the usual ones and so win.

        One that is `forked` comes from the nursery, which is quicker; else it is run as people run it.
        """
        self.data = data
        if not (makes_certificate or data.exists()):
            lay_certificate(data)
        self.port = 0  # any free one; a restart takes the same again
        self._arguments = arguments
        self._environment = dict(environment or {})
        self._lines: list[str] = []  # written by the draining thread only; guarded by _changed
        self._ended = False  # guarded by _changed: the output is at its end
        self._changed = threading.Condition()
        self._launch(forked=forked and CAN_FORK)

    def _launch(self, *, forked: bool = False) -> None:
        arguments = ["--host", self.host, "--port", str(self.port), "--data", str(self.data)]
        arguments += ["--rate", "0", "--log-level", "info", *self._arguments]
        environment = os.environ | {"PYTHONUTF8": "1"} | self._environment
        already = len(self._lines)
        self._ended = False
        self._process: subprocess.Popen[bytes] | Forked
        if forked:
            self._process = nursery().start(arguments, environment)
        else:
            self._process = subprocess.Popen(
                [sys.executable, str(CHECKOUT / "server.py"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        self._drain = threading.Thread(
            target=self._collect, args=(self._process.stdout,), name="server output", daemon=True
        )
        self._drain.start()
        try:
            self.port = int(self._wait_for(_LISTENING, already, START_SECONDS)[1])
        except BaseException:  # nobody has it yet who could close it
            self.close()
            raise

    def _collect(self, output: IO[bytes]) -> None:
        """Takes the server's output as it comes, so that it never waits for us."""
        with output:
            for line in output:
                with self._changed:
                    self._lines.append(line.decode(errors="backslashreplace").rstrip("\r\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _wait_for(self, pattern: re.Pattern[str], start: int, seconds: float) -> re.Match[str]:
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for line in self._lines[start:]:
                    if match := pattern.search(line):
                        return match
                start = len(self._lines)
                if self._ended or not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    break
        why = "ended" if self._ended else f"said nothing like it for {seconds:g} s"
        pytest.fail(f"the server {why}; expected {pattern.pattern!r} in its output:\n{self.log}")

    @property
    def log(self) -> str:
        """All it has written so far, standard output and standard error as they came, over restarts too."""
        with self._changed:
            return "\n".join(self._lines)

    def expect_log(self, text: str, seconds: float = ANSWER_SECONDS) -> str:
        """Waits until a line of the output holds `text` (also one written long ago), and returns that line."""
        return self._wait_for(re.compile(f"^.*{re.escape(text)}.*$"), 0, seconds)[0]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """kill -9: no handler runs, nothing is flushed. Returns when it is dead."""
        self._process.kill()
        self._process.wait(STOP_SECONDS)
        self._drain.join(STOP_SECONDS)

    def interrupt(self) -> None:
        """Ctrl-C, without waiting for the end."""
        self._process.send_signal(signal.SIGINT)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """The exit status of a server that is about to end. Fails when it has not ended after `seconds`."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"the server had not stopped after {seconds:g} s:\n{self.log}")
        self._drain.join(STOP_SECONDS)
        return status

    def stop(self) -> int:
        """SIGTERM; returns the exit status, and fails when it takes longer than the promised 5 s."""
        self._process.terminate()
        return self.wait()

    def restart(self) -> None:
        """Starts again on the same port and data, having stopped it if it still ran."""
        if self.running:
            self.stop()
        self._launch()

    def close(self) -> None:
        """What a test leaves behind is ended, however it stands."""
        with contextlib.suppress(OSError):
            self.kill()

    def memory(self) -> int:
        """Bytes resident now."""
        return self._status("VmRSS") * 1024

    def peak_memory(self) -> int:
        """The most bytes that were ever resident at once."""
        return self._status("VmHWM") * 1024

    def threads(self) -> int:
        return self._status("Threads")

    def descriptors(self) -> int:
        """Open files and sockets."""
        return len(list(self._proc("fd").iterdir()))

    def _status(self, key: str) -> int:
        for line in self._proc("status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == key:
                return int(value.split()[0])
        raise KeyError(key)

    def _proc(self, name: str) -> Path:
        if not sys.platform.startswith("linux"):
            pytest.skip("looks into /proc, which only Linux has")
        return Path("/proc", str(self.pid), name)


_WRITER = """
import sys
from pathlib import Path
from clientlib.engine import Engine
from clientlib.happenings import Waiting
engine = Engine(Path(sys.argv[1]), "127.0.0.1", int(sys.argv[2]), "Ada")
engine.start()
for i in range(int(sys.argv[3])):
    engine.send(f"m{i}")
while True:
    if isinstance(event := engine.events.get(), Waiting):
        print(event.id, flush=True)
"""


def start_writer(folder: Path, port: int, count: int) -> subprocess.Popen[bytes]:
    """A client to be killed: Ada, with her own `folder`, who writes m0, m1 … at once, `count` of them.

    Its output is the ids of what it was told is on disk, one a line.
    """
    command = [sys.executable, "-c", _WRITER, str(folder), str(port), str(count)]
    return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE)


class ServerHere:
    """A server in this process, for tests that make its clocks run faster. No log lines reach the terminal."""

    host = "127.0.0.1"

    def __init__(self, data: Path, rate: float = 0, max_clients: int = 100) -> None:
        lay_certificate(data)
        self._server = Server(Options(self.host, 0, "Here", data, rate, max_clients))
        self._server.start()
        self.port = self._server.port
        self.searches = self._server.searches

    def operate(self, verb: str, argument: str) -> str:
        """What the operator is answered."""
        answer: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._server.hub.post(Operate(verb, argument, answer))
        return answer.get(timeout=ANSWER_SECONDS)

    def stop(self) -> None:
        self._server.stop("The server is closing.")
