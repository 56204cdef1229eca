"""How a window stands to its chat: on the way in, in it, cut off from it, or out of it for good.

Owned by chat_screen.py, told by chat_events.py and read by whatever shows it, in Tk's thread; no Tk in here, and no
clock but the one it is given.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from clientlib.happenings import Entered
from windowlib.roster import Roster
from windowlib.talk import Talk

# Before the line about a server that is met for the first time: it is to stand below the backlog, which has come by
# then, and not out of sight above it.
SETTLED_SECONDS = 0.5
MARKS_SECONDS = 2.0  # until a server that does not say how far one had read is not waited for any more


class ChatState:
    """What is known about the connection. `clock` is a monotonic one, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.connected = False
        self.ended = False  # nothing more is sent or comes
        self.history: str | None = None  # id of the log that is drawn; None before the first
        self.lost_because = ""  # a sentence, of the last loss; "" before the first
        self.settled = False  # the backlog has come
        self.marks_known = False  # the server has told how far one had read, or will not
        self._clock = clock
        self._settled_at = math.inf  # by the clock; so is the next
        self._retry_at: float | None = None

    # --- what happens ---

    def entered(self, event: Entered) -> None:
        """Joined, for the first time or again."""
        if self.history is None or event.new_log:
            self.marks_known = False
        self.history, self.connected = event.history, True
        self._retry_at = None
        self.settled, self._settled_at = False, self._clock() + SETTLED_SECONDS

    def connecting(self) -> None:
        """An attempt begins."""
        self._retry_at = None

    def lost(self, why: str, retry: float) -> None:
        """The connection is gone; another attempt is made in `retry` seconds."""
        self.connected = False
        self.lost_because = why.rstrip()
        if not self.lost_because.endswith((".", "?", "!")):
            self.lost_because += "."
        self._retry_at = self._clock() + retry

    def end(self) -> None:
        """Out of the chat for good."""
        self.connected, self.ended, self._retry_at = False, True, None

    def tell_marks(self) -> bool:
        """The server has told how far one had read; whether that was not known yet."""
        first, self.marks_known = not self.marks_known, True
        return first

    def look_at_clock(self) -> None:
        """Some time has passed."""
        waited = self._clock() - self._settled_at
        self.settled = waited > 0
        if waited > MARKS_SECONDS:
            self.marks_known = True

    # --- in words ---

    @property
    def counts_down(self) -> bool:
        """What `trouble` says changes by itself."""
        return self._retry_at is not None

    def trouble(self) -> str:
        """What is wrong with the connection, and what becomes of what is written meanwhile; "" while nothing is."""
        if self.ended:
            return "You are not in the chat any more. What is written here stays until you leave."
        if self.connected or not self.lost_because:
            return ""
        again = "Trying again now."
        if self._retry_at is not None and (seconds := math.ceil(self._retry_at - self._clock())) > 0:
            again = f"Trying again in {seconds}\u00a0s."
        return f"{self.lost_because} {again} You can go on writing; it is sent when the chat is back."

    def about(self, talk: Talk, roster: Roster) -> tuple[str, bool]:
        """What stands under a conversation's title, who is here above all, and whether something is wrong."""
        if self.ended:
            return "○  Not joined", True
        if not self.connected and not self.lost_because:
            return "Connecting …", False
        if talk.private:
            here = "here" if roster.is_here(talk.address) else "away"
        else:
            were = "was here" if roster.online == 1 else "were here"
            here = f"{roster.online:,} {'here' if self.connected else were}"
        if self.connected:
            return here, False
        return f"○  Not connected{'' if talk.private else '  ·  ' + here}", True
