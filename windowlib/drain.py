"""Takes off what the engine tells, a bounded amount at a time, so that the window answers whatever arrives.

Called by window.py in a tick of Tk's thread; nothing in here knows Tk. The engine's thread puts what happens on
`Engine.events` and never waits for anybody; `Drain.work` hands it on, and `Drain.period` says when to come again.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from clientlib.happenings import Happening, Received
from windowlib.markup import weight

BUSY_TICK = 4  # ms left to Tk for drawing and for what people type, while more is waiting
IDLE_TICK = 30  # ms; below it nobody sees a difference
# After so many seconds in which nothing happened, so many ms: waking up costs more than looking at the queue.
QUIET_TICKS = ((10.0, 90), (1.0, 60))
BUDGET = 0.010  # s of taking events in one tick
ROOM = 200  # messages drawn in one tick; a long one counts for several


class Drain:
    """Hands what happens to `take`, in order. What `take` stumbles over goes to `mistake`, and the rest goes on."""

    def __init__(self, take: Callable[[Happening], None], mistake: Callable[[Any, Any, Any], None]) -> None:
        self._take, self._mistake = take, mistake
        self._events: queue.SimpleQueue[Happening] | queue.Queue[Happening] | None = None
        self._rest: deque[Happening] = deque()  # taken off the queue, but too much for one tick
        self._happened = 0.0  # when anything did, on the monotonic clock

    def follow(self, events: queue.SimpleQueue[Happening] | queue.Queue[Happening] | None) -> None:
        """Takes from this queue from now on; None: from none. What was left of another is dropped."""
        self._events = events
        self._rest.clear()

    def work(self) -> None:
        """Hands on what there is, for a bounded time."""
        room, deadline = ROOM, time.perf_counter() + BUDGET
        while room > 0 and time.perf_counter() < deadline and (event := self._next()) is not None:
            if isinstance(event, Received):
                event, taken = self._portion(event, room)
                room -= taken
            else:
                room -= 1
            try:
                self._take(event)
            except Exception:  # noqa: BLE001  # one event that cannot be shown must not take the others with it
                self._mistake(*sys.exc_info())
        if not self._rest and (event := self._next()) is not None:
            self._rest.append(event)  # so that the next tick comes soon

    def period(self) -> int:
        """ms until `work` is to be called again."""
        if self._rest:
            return BUSY_TICK
        quiet = time.monotonic() - self._happened
        return next((period for seconds, period in QUIET_TICKS if quiet > seconds), IDLE_TICK)

    def _next(self) -> Happening | None:
        if self._rest:
            return self._rest.popleft()
        if self._events is None:
            return None
        with contextlib.suppress(queue.Empty):
            event = self._events.get_nowait()
            self._happened = time.monotonic()
            return event
        return None

    def _portion(self, event: Received, room: int) -> tuple[Received, int]:
        """As much of `event` as there is room for, at least one message; what is left comes in the next tick."""
        cost = 0
        for number, message in enumerate(event.messages):
            cost += 1 + weight(message.text)
            if cost >= room and number + 1 < len(event.messages):
                self._rest.appendleft(Received(event.messages[number + 1 :]))
                return Received(event.messages[: number + 1]), cost
        return event, cost
