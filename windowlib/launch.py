"""Starts other programs from the window: they go on when it is closed, and what goes wrong with them is said in words.

Called by window.py, in Tk's thread; nothing in here waits or knows Tk.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from clientlib.storage import make_folder

SPOKEN = 2000  # bytes of a program's last words that are looked at


class CannotLaunch(Exception):
    """The program was not started; `str(error)` is a sentence for people."""


@dataclass(slots=True)
class Program:
    """One that was started. `what` is what people call it."""

    what: str
    process: subprocess.Popen[bytes]
    words: IO[bytes]  # its standard error


class Launcher:
    """Starts programs that stand alone, and looks now and then whether they could."""

    def __init__(self) -> None:
        self._running: list[Program] = []

    def password_generator(self) -> None:
        """Opens the password generator's own window. Raises CannotLaunch."""
        spec = importlib.util.find_spec("password_gen")
        if spec is None or spec.origin is None:
            raise CannotLaunch("The password generator cannot be opened: its file, password_gen.py, is missing.")
        self._start("The password generator", sys.executable, spec.origin)

    def show_folder(self, folder: Path) -> None:
        """Opens `folder` in the system's own program for that. Raises CannotLaunch."""
        try:
            make_folder(folder)
            if sys.platform == "win32":
                os.startfile(folder)  # noqa: S606
                return
        except OSError as error:
            raise CannotLaunch(f"The folder cannot be opened ({error.strerror or error}).") from None
        program = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
        if program is None:
            raise CannotLaunch("This system has no program that opens folders; it is the one that is named above.")
        self._start("The folder", program, str(folder))

    def troubles(self) -> list[str]:
        """What went wrong since the last time, a sentence for each program that ended with an error."""
        troubles = []
        for program in list(self._running):
            if (status := program.process.poll()) is not None:
                self._running.remove(program)
                if status != 0:
                    troubles.append(f"{program.what} could not be opened{_reason(program.words)}.")
                program.words.close()
        return troubles

    def close(self) -> None:
        """Lets go of what still runs; it goes on by itself."""
        for program in self._running:
            program.words.close()
            program.process.returncode = 0  # nobody waits for it, and Python would warn that nobody does
        self._running.clear()

    def _start(self, what: str, *command: str) -> None:
        apart: dict[str, Any] = {"start_new_session": True}  # Ctrl-C in our terminal is not meant for it
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
        words = tempfile.TemporaryFile()  # noqa: SIM115  # closed when it has ended
        try:
            process = subprocess.Popen(  # noqa: S603  # our own program, or the system's
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words, **apart
            )
        except OSError as error:
            words.close()
            raise CannotLaunch(f"{what} cannot be opened ({error.strerror or error}).") from None
        self._running.append(Program(what, process, words))


def _reason(words: IO[bytes]) -> str:
    """The last line that a program said, in brackets."""
    words.seek(0, os.SEEK_END)
    words.seek(max(0, words.tell() - SPOKEN))
    lines = [line.strip() for line in words.read().decode(errors="replace").splitlines() if line.strip()]
    return f" ({lines[-1].rstrip('.')})" if lines else ""
