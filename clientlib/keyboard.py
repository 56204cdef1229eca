"""What somebody types, or a pipe brings: lines, read so that nothing waits for them but a thread of their own."""

from __future__ import annotations

import codecs
import contextlib
import queue
import select
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, TextIO

from protocol import MAX_TEXT

WAIT_SECONDS = 0.5  # for a line, before we look whether there was a Ctrl-C
TYPED_AHEAD = 10_000  # lines of piped input that may wait for their ack; then the pipe has to wait


@dataclass(frozen=True, slots=True)
class Typed:
    """A line from the keyboard or the pipe; None when there will be no more."""

    line: str | None


class Keyboard:
    """Reads standard input: a line when asked for one, and once in the chat in a thread that posts all of them."""

    def __init__(self, inbox: queue.SimpleQueue[Any]) -> None:
        self._inbox = inbox
        self._lines = self._read_lines()
        self._is_asking = True  # until the thread starts
        self.is_terminal = is_terminal(sys.stdin)
        # A pipe must not fill our memory, a person never does.
        self.room = threading.Semaphore(TYPED_AHEAD)

    def start(self) -> None:
        """From now on the lines come through the queue.

        A daemon thread: nothing can end its waiting, and it holds no lock that the end of Python needs.
        """
        self._is_asking = False
        threading.Thread(target=self._run, name="hallway-keyboard", daemon=True).start()

    def read_line(self) -> str | None:
        """The next line, for whoever reads (one thread); None when there are no more."""
        with contextlib.suppress(OSError, ValueError):  # a terminal that is gone, a closed standard input: the end
            return next(self._lines, None)
        return None

    def _run(self) -> None:
        while (line := self.read_line()) is not None:
            self._post(line)
        self._inbox.put(Typed(None))

    def _read_lines(self) -> Iterator[str]:
        if sys.stdin is None:
            return
        if not hasattr(sys.stdin, "buffer"):  # an editor's own window, such as IDLE's
            for line in sys.stdin:
                yield line.rstrip("\n")
            return
        # The raw file: a thread inside the buffered one holds its lock, and Python aborts when it exits meanwhile.
        raw = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
        decoder = codecs.getincrementaldecoder(sys.stdin.encoding or "utf-8")(errors="replace")
        rest = ""
        while chunk := self._read(raw):
            *lines, rest = (rest + decoder.decode(chunk)).split("\n")
            for line in lines:
                yield line.removesuffix("\r")
            rest = rest[: MAX_TEXT + 2]  # one more than may be sent (and a \r) is enough to be told that it is too long
        if rest:
            yield rest.removesuffix("\r")

    def _read(self, raw: BinaryIO) -> bytes:
        """What is there next. While we ask, in the main thread, that is waited for in pieces: a Ctrl-C that comes after
        Python has looked for one, and before the system reads, ends no read (it was lost once in 300 times).
        """
        while self._is_asking and not _is_ready(raw):
            pass
        return raw.read(65536)

    def _post(self, line: str) -> None:
        if not self.is_terminal:
            self.room.acquire()
        self._inbox.put(Typed(line))


def _is_ready(raw: BinaryIO) -> bool:
    """Whether a read would not wait, or nobody can say; after `WAIT_SECONDS` at the most."""
    if sys.platform == "win32":  # knows this of sockets alone, and its terminal ends a read at Ctrl-C
        return True
    with contextlib.suppress(OSError, ValueError):  # no file of the system's, or closed: the read will tell
        return bool(select.select([raw], [], [], WAIT_SECONDS)[0])
    return True


def is_terminal(stream: TextIO | None) -> bool:
    with contextlib.suppress(ValueError):  # closed
        return stream is not None and stream.isatty()
    return False
