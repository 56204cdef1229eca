"""What the face of a client is told, and how far behind it is. Used by the engine's thread."""

from __future__ import annotations

import queue
from collections import deque

from clientlib.happenings import Happening

# Bytes that have come in what the face has not taken yet; then the server has to wait, and TCP tells it so. It is the
# size on the wire that counts, whether it was few long messages or many short words; in memory it is some six times it.
UNTAKEN = 1024 * 1024


class Telling:
    """Tells the face what happens, and knows how much of what the server said the face has not taken yet, in bytes as
    they were on the wire.
    """

    def __init__(self, events: queue.SimpleQueue[Happening]) -> None:
        self._events = events
        self._told = 0  # happenings put on the face's queue
        self._reads: deque[tuple[int, int]] = deque()  # `_told` after a read, and how many bytes that read brought
        self._bytes = 0  # of these reads

    def tell(self, happening: Happening) -> None:
        """Puts one more happening on the queue."""
        self._told += 1
        self._events.put(happening)

    def read(self, size: int) -> None:
        """What was told since the last time came in so many bytes."""
        self._reads.append((self._told, size))
        self._bytes += size

    @property
    def is_too_much(self) -> bool:
        """Whether the server shall wait. A face may put words of its own on the queue, and is behind somewhat earlier
        then.
        """
        taken = self._told - self._events.qsize()
        while self._reads and self._reads[0][0] <= taken:
            self._bytes -= self._reads.popleft()[1]
        return self._bytes > UNTAKEN
