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
from windowlib.talk import DRAWN_CHARACTERS, DRAWN_LINES

BUSY_TICK = 4  # ms left to Tk for drawing and for what people type, while more is waiting
IDLE_TICK = 30  # ms; below it nobody sees a difference
# After so many seconds in which nothing happened, so many ms: waking up costs more than looking at the queue.
QUIET_TICKS = ((10.0, 90), (1.0, 60))
BUDGET = 0.010  # s of taking events in one tick
PORTION = 100  # the same, of what is handed on together when it is not drawn
TICK_ROOM = 200  # messages drawn in one tick; a long one counts for several


class Drain:
    """Hands what happens to `take`, in order. What `take` stumbles over goes to `mistake`, and the rest goes on."""

    def __init__(self, take: Callable[[Happening], None], mistake: Callable[[Any, Any, Any], None]) -> None:
        self._take, self._mistake = take, mistake
        self._events: queue.SimpleQueue[Happening] | queue.Queue[Happening] | None = None
        self._rest: deque[Happening] = deque()  # taken off the queue, and not handed on yet
        self._messages = self._characters = 0  # in the rest
        self._happened = 0.0  # when anything did, on the monotonic clock

    def follow(self, events: queue.SimpleQueue[Happening] | queue.Queue[Happening] | None) -> None:
        """Takes from this queue from now on; None: from none. What was left of another is dropped."""
        self._events = events
        self._rest.clear()
        self._messages = self._characters = 0

    @property
    def behind(self) -> bool:
        """So much is waiting that what was handed on last would be off the screen again before anybody has seen it, as
        it is where most of it is in one conversation.
        """
        return self._messages > DRAWN_LINES or self._characters > DRAWN_CHARACTERS

    def work(self) -> None:
        """Hands on what there is, for a bounded time."""
        room, deadline = TICK_ROOM, time.perf_counter() + BUDGET
        while self._look_ahead() and (room > 0 or self.behind) and time.perf_counter() < deadline:
            event = self._rest.popleft()
            if isinstance(event, Received):
                event, cost = self._portion(event, PORTION if self.behind else room)
                room -= cost
            else:
                room -= 1
            try:
                self._take(event)
            except Exception:  # noqa: BLE001  # one event that cannot be shown must not take the others with it
                self._mistake(*sys.exc_info())
        self._look_ahead()  # so that the next tick comes soon

    def period(self) -> int:
        """ms until `work` is to be called again."""
        if self._rest:
            return BUSY_TICK
        quiet = time.monotonic() - self._happened
        return next((period for seconds, period in QUIET_TICKS if quiet > seconds), IDLE_TICK)

    def _look_ahead(self) -> bool:
        """Takes messages off the queue, until it is behind or something else has come; whether there is anything.

        What is left on the queue makes the server wait.
        """
        with contextlib.suppress(queue.Empty):
            while self._events is not None and not self.behind and len(self._rest) < DRAWN_LINES:
                if self._rest and not isinstance(self._rest[-1], Received):
                    break
                event = self._events.get_nowait()
                self._happened = time.monotonic()
                self._rest.append(event)
                if isinstance(event, Received):
                    self._messages += len(event.messages)
                    self._characters += _characters(event)
        return bool(self._rest)

    def _portion(self, event: Received, room: int) -> tuple[Received, int]:
        """As much of `event` as there is room for, at least one message; what is left comes next."""
        cost = number = 0
        while number < len(event.messages) and cost < room:
            cost += 1 + weight(event.messages[number].text)
            number += 1
        if number < len(event.messages):
            self._rest.appendleft(Received(event.messages[number:]))
            event = Received(event.messages[:number])
        self._messages -= len(event.messages)
        self._characters -= _characters(event)
        return event, cost


def _characters(event: Received) -> int:
    return sum(len(message.text) for message in event.messages)
