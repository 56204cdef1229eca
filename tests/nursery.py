"""Forks servers off a process that has loaded `server.py` already, where the system can fork.

To load Python and the server takes ten times as long as all that a server does until it listens, and the tests start
hundreds. What a fork runs is `server.main`, in a process of its own. Tests that give a server arguments, and all that
start one again, start `server.py` itself.

Run by itself, this file is the process that forks: it reads one order a line from the socket it inherits, a JSON
object, and answers with a number or null.
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

CAN_FORK = sys.platform == "linux"  # elsewhere the system's own libraries do not take it well


class Forked:
    """A server that was forked off: what the tests need of `subprocess.Popen`."""

    def __init__(self, nursery: Nursery, pid: int, stdout: IO[bytes]) -> None:
        self.pid = pid
        self.stdout = stdout
        self._nursery = nursery
        self._lock = threading.Lock()  # guards _status: that a process has ended can be asked once
        self._status: int | None = None

    def poll(self) -> int | None:
        """The exit status, less than 0 for a signal; None while it runs."""
        with self._lock:
            if self._status is None:
                self._status = self._nursery.ask({"poll": self.pid})
            return self._status

    def wait(self, seconds: float) -> int:
        """The exit status. Raises `subprocess.TimeoutExpired` when it still runs after so long."""
        deadline = time.monotonic() + seconds
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("server.py", seconds)
            time.sleep(0.002)
        return status

    def send_signal(self, number: int) -> None:
        """As with Popen, nothing happens to one that has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class Nursery:
    """The process that forks, at its other end. It ends with this one."""

    def __init__(self) -> None:
        self._door, theirs = socket.socketpair()
        self._lock = threading.Lock()
        command = [sys.executable, __file__, str(theirs.fileno())]
        environment = os.environ | {"PYTHONUTF8": "1"}
        with theirs:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=environment,
            )
        atexit.register(self._close)

    def _close(self) -> None:
        self._door.close()
        self._process.wait()

    def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Forked:
        """A server with these arguments and this environment. Its output, and its errors, are its `stdout`."""
        reading, writing = os.pipe()
        order = {"arguments": arguments, "environment": dict(environment), "folder": str(Path.cwd())}
        try:
            pid = self.ask(order, writing)
        finally:
            os.close(writing)
        return Forked(self, pid, os.fdopen(reading, "rb"))

    def ask(self, order: Mapping[str, Any], *descriptors: int) -> Any:
        """What is answered to an order."""
        with self._lock:
            socket.send_fds(self._door, [json.dumps(order).encode() + b"\n"], descriptors)
            answer = self._door.recv(64)
        if not answer:
            raise OSError("the nursery has ended")
        return json.loads(answer)


@functools.cache
def nursery() -> Nursery:
    """The one of this test run, which begins when it is first wanted."""
    return Nursery()


def run(door: socket.socket) -> int:
    """Forks until nobody is left to order it. In a fork it returns the server's exit status."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import server

    gc.freeze()  # what is loaded is all of theirs: to tidy it up would copy it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the tests', which still have servers to stop
    while order := _read_order(door):
        asked, descriptors = order
        if "poll" in asked:
            pid, status = os.waitpid(asked["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        elif answer := os.fork():
            os.close(descriptors[0])
        else:
            door.close()
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for standard in (1, 2):
                os.dup2(descriptors[0], standard)
            os.close(descriptors[0])
            os.chdir(asked["folder"])
            os.environ.clear()
            os.environ.update(asked["environment"])
            sys.argv = ["server.py", *asked["arguments"]]
            return server.main()
        door.sendall(json.dumps(answer).encode())
    return 0


def _read_order(door: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    line, descriptors = b"", []
    while not line.endswith(b"\n"):
        data, came, _, _ = socket.recv_fds(door, 1 << 16, 1)
        if not data:
            return None
        line += data
        descriptors += came
    return json.loads(line), descriptors


if __name__ == "__main__":
    sys.exit(run(socket.socket(fileno=int(sys.argv[1]))))
