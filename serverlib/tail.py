"""The end of the log in memory, encoded once for everybody who reads it.

`Delivery` appends each batch as a block and hands its bytes to whoever stands there. The `Tail` is the hub thread's
alone; blocks are also made by the catch-up thread, from the disk, and handed over to the hub. A public line is in one
piece of bytes with its neighbours, so that a thousand people who are up to date get the very same bytes; the private
ones lie beside it, for their two people alone.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

BLOCK_SIZE = 256 * 1024  # bytes that one send hands over, about; stays in the processor's cache for all readers
MERGE_SIZE = 16 * 1024  # bytes up to which a block of the tail grows with the next batch, so that few sends catch up
TAIL_SIZE = 6 * 1024 * 1024  # bytes of the log's end kept in memory


@dataclass(frozen=True, slots=True)
class Private:
    """A private message in a block, and the address ids of the two whose eyes it is for."""

    seq: int
    line: bytes
    people: tuple[int, int]


class Block:
    """A run of the log from seq `first` to `last`: the public lines in one piece, the private ones beside it."""

    __slots__ = ("data", "ends", "first", "last", "privates", "seqs", "views")

    def __init__(self, first: int, last: int, seqs: Iterable[int], lines: list[bytes], privates: list[Private]) -> None:
        self.first = first
        self.last = last
        self.data = b"".join(lines)
        self.seqs = array("Q", seqs)  # of the public lines
        self.ends = array("Q", accumulate(map(len, lines)))  # where each of them ends in `data`
        self.privates = privates
        self.views: dict[object, bytes] = {}  # for `Delivery`: what it has shown to somebody, and will show to others

    def merged(self, later: Block) -> Block:
        """This block and the one that follows it, as one; clients may still be reading this one."""
        lines = [self.data, later.data]
        both = Block(self.first, later.last, self.seqs + later.seqs, lines, self.privates + later.privates)
        both.ends = self.ends + array("Q", (len(self.data) + end for end in later.ends))
        return both

    @property
    def size(self) -> int:
        """Bytes of all its lines."""
        return len(self.data) + sum(len(private.line) for private in self.privates)

    def has_private(self, person: int, after: int) -> bool:
        """Whether there is a private message from or to `person` after seq `after`."""
        return any(p.seq > after and person in p.people for p in self.privates)

    def public(self, after: int) -> bytes:
        """The public lines after seq `after`."""
        index = bisect_right(self.seqs, after)
        return self.data if index == 0 else self.data[self.ends[index - 1] :]

    def lines(self, person: int, after: int) -> Iterator[tuple[int, bytes]]:
        """Every entry after seq `after` that `person` may see, with its seq, in order."""
        privates = deque(p for p in self.privates if p.seq > after and person in p.people)
        for index in range(bisect_right(self.seqs, after), len(self.seqs)):
            while privates and privates[0].seq < self.seqs[index]:
                yield privates[0].seq, privates.popleft().line
            yield self.seqs[index], self.data[self.ends[index - 1] if index else 0 : self.ends[index]]
        for private in privates:
            yield private.seq, private.line


class Tail:
    """The newest blocks of the log, at most about `TAIL_SIZE` bytes."""

    def __init__(self, last: int) -> None:
        self.last = last  # newest seq of the log
        self._blocks: list[Block] = []
        self._size = 0

    @property
    def first(self) -> int:
        """The oldest seq that is still here; one more than `last` when there is none."""
        return self._blocks[0].first if self._blocks else self.last + 1

    def append(self, block: Block) -> None:
        """Adds the block that follows. Whoever stands before `first` afterwards must be read to from disk."""
        self.last = block.last
        self._size += block.size
        if self._blocks and self._blocks[-1].size + block.size <= MERGE_SIZE:
            self._blocks[-1] = self._blocks[-1].merged(block)
        else:
            self._blocks.append(block)
        drop = 0
        while self._size > TAIL_SIZE and drop < len(self._blocks) - 1:
            self._size -= self._blocks[drop].size
            drop += 1
        del self._blocks[:drop]

    def block_after(self, seq: int) -> Block:
        """The block with the entry that follows `seq`, which must be here."""
        if seq + 1 >= self._blocks[-1].first:  # nearly always
            return self._blocks[-1]
        return self._blocks[bisect_left(self._blocks, seq + 1, key=lambda block: block.last)]


def blocks(first: int, lines: list[bytes], private: Mapping[int, tuple[int, int]]) -> Iterator[Block]:
    """The entries from seq `first` on, one for each of `lines`, as blocks of about `BLOCK_SIZE` bytes.

    `private` names, by seq, the two people whom an entry is for; all others are for everybody.
    """
    ends = list(accumulate(map(len, lines)))
    start = 0
    while start < len(lines):
        stop = min(len(lines), bisect_left(ends, (ends[start - 1] if start else 0) + BLOCK_SIZE) + 1)
        seqs: Iterable[int] = range(first + start, first + stop)
        public, privates = lines[start:stop], []
        if private:
            privates = [Private(seq, lines[seq - first], private[seq]) for seq in seqs if seq in private]
            public = [lines[seq - first] for seq in seqs if seq not in private]
            seqs = [seq for seq in seqs if seq not in private]
        yield Block(first + start, first + stop - 1, seqs, public, privates)
        start = stop
