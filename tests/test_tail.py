"""The end of the log in memory: whoever stands wherever in it reads exactly what they may see, in order."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serverlib import tail
from serverlib.tail import Block, Private, Tail, blocks

PEOPLE = (1, 2, 3, 4)

# An entry is a text and the two it is for; None: for everybody. Some are longer than a whole block may be.
entries = st.tuples(
    st.one_of(st.text("ab", max_size=8), st.just("long" * 30)),
    st.none() | st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)),
)
batches = st.lists(st.lists(entries, max_size=12), max_size=12)
sizes = st.sampled_from([1, 50, 200, 1000, 100_000])


def fill(to: Tail, batches: list[list[tuple[str, tuple[int, int] | None]]]) -> list[tuple[int, bytes, set[int]]]:
    """Appends the batches as the hub does, and returns what they held: seq, line and who may see it."""
    plain = []
    seq = to.last
    for batch in batches:
        lines: list[bytes] = []
        private: dict[int, tuple[int, int]] = {}
        for text, people in batch:
            seq += 1
            line = f"{seq} {text}\n".encode()
            lines.append(line)
            if people:
                private[seq] = people
            plain.append((seq, line, set(people or PEOPLE)))
        for block in blocks(to.last + 1, lines, private):
            to.append(block)
    return plain


def read(tail: Tail, person: int, after: int) -> bytes:
    """What `person` is sent who stands at `after`: block for block, each in the cheapest way."""
    read = b""
    while after < tail.last:
        block = tail.block_after(after)
        if block.has_private(person, after):
            read += b"".join(line for _, line in block.lines(person, after))
        else:
            read += block.public(after)
        after = block.last
    return read


@given(batches, sizes, sizes, sizes, st.integers(0, 1000))
def test_everybody_reads_what_they_may_see(
    batches: list[list[tuple[str, tuple[int, int] | None]]],
    block_size: int,
    merge_size: int,
    tail_size: int,
    start: int,
) -> None:
    """From any place still in the tail, each person's bytes are those of the plain list, however blocks were cut."""
    with mock.patch.multiple(tail, BLOCK_SIZE=block_size, MERGE_SIZE=merge_size, TAIL_SIZE=tail_size):
        filled = Tail(start)
        plain = fill(filled, batches)

    assert filled.last == start + len(plain)
    for person in PEOPLE:
        for after in range(filled.first - 1, filled.last + 1):
            expected = [(seq, line) for seq, line, people in plain if seq > after and person in people]
            assert read(filled, person, after) == b"".join(line for _, line in expected)
            if after < filled.last:
                block = filled.block_after(after)
                assert list(block.lines(person, after)) == [entry for entry in expected if entry[0] <= block.last]


def test_empty() -> None:
    """A tail begins behind the last entry of the log, with nothing in it."""
    empty = Tail(41)

    assert list(blocks(42, [], {})) == []
    assert (empty.first, empty.last) == (42, 41)


def test_small_batches_are_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that follow each other grow together up to a size, so that few sends catch up with them."""
    monkeypatch.setattr(tail, "MERGE_SIZE", 40)
    merged = Tail(0)
    fill(merged, [[("x" * 6, None)]] * 10)  # 9 bytes each, the last one 10

    assert [merged.block_after(seq).last for seq in (0, 4, 8)] == [4, 8, 10]


def test_merging_leaves_a_block_that_is_being_read_alone() -> None:
    """Somebody in the middle of a block goes on in the bytes they began with."""
    block = Block(1, 2, [1], [b"one\n"], [Private(2, b"two\n", (1, 2))])
    merged = block.merged(Block(3, 3, [3], [b"three\n"], []))

    assert (block.first, block.last, block.data, len(block.privates)) == (1, 2, b"one\n", 1)
    assert (merged.first, merged.last) == (1, 3)
    assert list(merged.lines(1, 0)) == [(1, b"one\n"), (2, b"two\n"), (3, b"three\n")]
    assert list(merged.lines(3, 1)) == [(3, b"three\n")]
    assert merged.size == block.size + 6


def test_oldest_blocks_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tail keeps about as many bytes as it may, private ones counted, and always the newest block."""
    monkeypatch.setattr(tail, "MERGE_SIZE", 0)
    monkeypatch.setattr(tail, "TAIL_SIZE", 50)
    dropping = Tail(0)
    fill(dropping, [[("x" * 7, None)], [("x" * 7, (1, 2))]] * 5)  # 10 bytes each, 11 from the tenth on
    first_of_small = dropping.first
    fill(dropping, [[("long" * 30, None)]])

    assert first_of_small == 7
    assert (dropping.first, dropping.last) == (11, 11)


def test_batch_is_cut_into_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One large batch becomes blocks of a size that one send can hand over."""
    monkeypatch.setattr(tail, "MERGE_SIZE", 0)
    monkeypatch.setattr(tail, "BLOCK_SIZE", 30)
    cut = Tail(0)
    fill(cut, [[("x" * 7, None)] * 8])

    assert [cut.block_after(seq).last for seq in (0, 3, 6)] == [3, 6, 8]
