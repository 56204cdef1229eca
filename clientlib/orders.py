"""What is wanted of the engine's thread: put by any thread, taken by that one."""

from __future__ import annotations

import contextlib
import queue
import socket
from collections.abc import Callable
from dataclasses import dataclass

from clientlib.happenings import Saying
from clientlib.trust import Meeting
from link import LinkError
from protocol import Send


@dataclass(frozen=True, slots=True)
class Close:
    """The face wants an end, by `deadline` on the monotonic clock."""

    deadline: float


@dataclass(frozen=True, slots=True)
class KeepPassword:
    """The face wants the password kept, or forgotten."""

    keep: bool


# The last two are what the thread that connects has met.
Order = Send | Saying | KeepPassword | Close | Meeting | LinkError


class Orders:
    """A queue that wakes the thread which waits for it in a selector. `put` may be called by any thread, and always."""

    def __init__(self, turn_away: Callable[[Order], None]) -> None:
        """`turn_away` is called, by any thread, with what was put too late."""
        self._turn_away = turn_away
        self._waiting: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._woken: socket.socket | None = None
        self._waker: socket.socket | None = None
        self._over = False  # set once, by the thread that takes

    def put(self, order: Order) -> None:
        """Never waits."""
        self._waiting.put(order)
        if self._over:
            self._turn_all_away()  # whoever sees the end takes what was put after it, so nothing is left lying
        elif self._waker is not None:
            with contextlib.suppress(OSError):  # full: it is awake already; closed: it is over
                self._waker.send(b"\0")

    def open(self) -> None:
        """From now on who puts something wakes who waits. Before the thread starts; raises OSError."""
        self._woken, waker = socket.socketpair()
        self._woken.setblocking(False)
        waker.setblocking(False)
        self._waker = waker

    # --- the thread that takes ---

    def fileno(self) -> int:
        """For a selector: there is something to read when something was put."""
        assert self._woken is not None
        return self._woken.fileno()

    def wake(self) -> None:
        """The thread is awake, and looks at all that was put until now."""
        assert self._woken is not None
        with contextlib.suppress(BlockingIOError):  # select may say that there is something where there is not
            self._woken.recv(4096)

    def take(self) -> Order | None:
        """The next one; None where there is none."""
        with contextlib.suppress(queue.Empty):
            return self._waiting.get_nowait()
        return None

    def is_empty(self) -> bool:
        """Whether `take` would give None."""
        return self._waiting.empty()

    def close(self) -> None:
        """Nothing is taken any more; what still comes is turned away by whoever puts it."""
        self._over = True
        self._turn_all_away()
        for end in (self._woken, self._waker):
            if end is not None:
                end.close()

    def _turn_all_away(self) -> None:
        while (order := self.take()) is not None:
            self._turn_away(order)
