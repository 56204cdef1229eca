"""The operator's terminal: who runs the server types what is to be done, and reads what came of it.

One thread (`Terminal`) reads the standard input where that is a terminal, and posts to the hub, which does the work. It
is a daemon: nothing wakes a thread out of a read, so it is left behind when the server ends. It therefore touches no
buffered file, whose lock Python would want at its end (https://github.com/python/cpython/issues/58975).
"""

from __future__ import annotations

import contextlib
import io
import queue
import sys
import threading
from collections.abc import Callable
from typing import NamedTuple

from names import clean_line, clean_text
from protocol import LineSplitter
from serverlib.operations import Operate

PAUSE = 1.0  # seconds between two tries to read, when there is nothing to be read: after Ctrl-D, or in the background
ANSWER_SECONDS = 10.0  # for the hub, which is only that slow when the disk is


class _Command(NamedTuple):
    """A word that may be typed: what stands behind it, and what it does."""

    argument: str
    does: str


COMMANDS = {
    "who": _Command("", "tells who is here, and from where"),
    "kick": _Command("NAME", "sends somebody away; they may come back"),
    "ban": _Command("NAME", "sends somebody away for good: by name, and by address when they are here"),
    "unban": _Command("[NAME]", "lets them in again; alone, lists who is banned"),
    "say": _Command("TEXT", "writes to everybody, as Server"),
    "release": _Command("NAME", "sets a name free, for somebody who has lost what proves that it is theirs"),
    "stats": _Command("", "how many people, connections and messages"),
    "help": _Command("", "this list"),
    "quit": _Command("", "closes the chat, as Ctrl-C does"),
}


def help_text() -> str:
    """The commands, one a line."""
    width = max(len(f"{word} {command.argument}") for word, command in COMMANDS.items())
    return "\n".join(f"{f'{word} {command.argument}':{width}}  {command.does}" for word, command in COMMANDS.items())


class Terminal(threading.Thread):
    """Reads commands for as long as there is a terminal."""

    def __init__(
        self, source: io.RawIOBase, target: io.RawIOBase, post: Callable[[Operate], None], quit: Callable[[], None]
    ) -> None:
        """Lines are read from `source`, answers go to `target`. `post` is the hub's, `quit` stops the server."""
        super().__init__(name="hallway-terminal", daemon=True)
        self._source = source
        self._target = target
        self._post = post
        self._quit = quit
        self._pause = threading.Event()  # never set

    @classmethod
    def of_standard_input(cls, post: Callable[[Operate], None], quit: Callable[[], None]) -> Terminal | None:
        """One that reads what is typed where the server was started; None where that is no terminal."""
        if sys.stdin is None or sys.stdout is None:
            return None
        try:
            if not sys.stdin.isatty():
                return None
            source = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115 - open until the end
            target = open(sys.stdout.fileno(), "wb", buffering=0, closefd=False)  # noqa: SIM115
        except (OSError, ValueError):  # closed, or an editor's own window, which is no file
            return None
        return cls(source, target, post, quit)

    def run(self) -> None:
        """Reads and obeys."""
        lines = LineSplitter()
        while True:
            try:
                data = self._source.read(4096)
            except OSError:  # in the background: another program has the terminal now
                data = b""
            if not data:
                self._pause.wait(PAUSE)
                if not self._is_there():
                    return
                continue
            for line in lines.feed(data):
                answer = self._obey(line.decode(errors="replace"))
                if answer:
                    self._show(answer)
            if lines.overflow:
                lines = LineSplitter()

    def _is_there(self) -> bool:
        try:
            return self._source.isatty()
        except (OSError, ValueError):
            return False

    def _obey(self, line: str) -> str:
        """Does what a line wants; returns what is to be shown."""
        word, _, argument = clean_line(line).strip().partition(" ")
        argument = argument.strip()
        if not word:
            return ""
        command = COMMANDS.get(word.lower())
        if command is None:
            return f"There is no command {word}. Type help for those there are."
        if command.argument and not command.argument.startswith("[") and not argument:
            return f"{word} needs a {command.argument}: {word} {command.argument}"
        if word.lower() == "help":
            return help_text()
        if word.lower() == "quit":
            self._quit()
            return ""
        answer: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._post(Operate(word.lower(), argument, answer))
        try:
            return answer.get(timeout=ANSWER_SECONDS)
        except queue.Empty:
            return f"There is no answer yet; {word} is still to be done."

    def _show(self, text: str) -> None:
        """One write for all of it, so that log lines do not come in between; cleaned of what could move the cursor."""
        with contextlib.suppress(OSError, ValueError):  # a terminal that has gone is no reason not to serve
            self._target.write(f"{clean_text(text)}\n".encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
