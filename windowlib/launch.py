"""Starts other programs from the window: they go on when it is closed, and what goes wrong with them is said in words.

Made by window.py and called by it and pages.py, in Tk's thread; nothing in here keeps that waiting or knows Tk. Each
program has a thread that waits for its end and holds nothing but that program and a queue: a window can be closed
without a thought of it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from clientlib.storage import make_folder

LAST_WORDS = 2000  # bytes at the end of what a program said that are looked at


@dataclass(frozen=True, slots=True)
class Program:
    """One that was started: what people call it, and its number in the system."""

    what: str
    pid: int


class Launcher:
    """Starts programs that stand alone. What goes wrong with them is told, a sentence for each."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._ended: queue.SimpleQueue[tuple[Program, str]] = queue.SimpleQueue()  # with its trouble, "" for none
        self.running: list[Program] = []  # which had not ended at the last `look`

    def password_generator(self) -> None:
        """Opens the password generator's own window."""
        spec = importlib.util.find_spec("password_gen")
        if spec is None or spec.origin is None:
            self._tell("The password generator cannot be opened: its file, password_gen.py, is missing.")
        else:
            self.start("The password generator", sys.executable, spec.origin)

    def show_folder(self, folder: Path) -> None:
        """Opens `folder` in the system's own program for that."""
        try:
            make_folder(folder)
            if sys.platform == "win32":
                os.startfile(folder)  # noqa: S606
                return
        except OSError as error:
            self._tell(f"The folder cannot be opened ({error.strerror or error}).")
            return
        program = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
        if program is None:
            self._tell("This system has no program that opens folders; it is the one that is named above.")
        else:
            self.start("The folder", program, str(folder))

    def start(self, what: str, *command: str) -> None:
        """Starts a program that goes on by itself. `what` is what people call it."""
        words = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the thread that waits for the program
        try:
            process = _start_apart(command, words)
        except OSError as error:
            words.close()
            self._tell(f"{what} cannot be opened ({error.strerror or error}).")
            return
        program = Program(what, process.pid)
        self.running.append(program)
        threading.Thread(
            target=_wait, args=(program, process, words, self._ended), name="hallway-program", daemon=True
        ).start()

    def look(self) -> None:
        """Tells what went wrong with the programs that ended since the last time."""
        with contextlib.suppress(queue.Empty):
            while True:
                program, trouble = self._ended.get_nowait()
                self.running.remove(program)
                if trouble:
                    self._tell(trouble)


def _start_apart(command: tuple[str, ...], words: IO[bytes]) -> subprocess.Popen[bytes]:
    """A program that Ctrl-C in our terminal is not meant for, with `words` for its standard error. Raises OSError.

    It writes into a file: a pipe would break under it when we end.
    """
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    return subprocess.Popen(  # noqa: S603  # our own program, or the system's
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words, **apart
    )


def _wait(
    program: Program, process: subprocess.Popen[bytes], words: IO[bytes],
    ended: queue.SimpleQueue[tuple[Program, str]],
) -> None:  # fmt: skip
    """A thread's work: waits for the end of a program and hands on what went wrong with it."""
    with words:
        status = process.wait()
        ended.put((program, f"{program.what} could not be opened{_reason(words)}." if status != 0 else ""))


def _reason(words: IO[bytes]) -> str:
    """The last line that a program said, in brackets."""
    words.seek(0, os.SEEK_END)
    words.seek(max(0, words.tell() - LAST_WORDS))
    lines = [line.strip() for line in words.read().decode(errors="replace").splitlines() if line.strip()]
    return f" ({lines[-1].rstrip('.')})" if lines else ""
