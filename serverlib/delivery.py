"""What the people in a chat get, and how it reaches them: a place in the log for each, and sending that never waits.

The hub (`hub.py`) owns a `Delivery` and calls it from its thread alone, so nothing in it needs a lock. The catch-up
thread reads from the disk what is no longer in memory, and posts what it has read to the hub.

A person is a place in the log (`Client.after`), and what is new is sent from there. A full socket is put aside until
the hub's selector says it can be written to. Whoever is further behind than the tail reaches gets the log from the
disk, in blocks that the catch-up thread reads.
"""

from __future__ import annotations

import logging
import queue
import selectors
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring as quote
from pathlib import Path
from typing import Protocol

from history import EVERYONE_ID, Address, HistoryError
from link import Link
from protocol import (
    EVENTS,
    NAME_QUESTION,
    Bye,
    Error,
    Event,
    Found,
    Joined,
    Left,
    Message,
    Page,
    Welcome,
    encode,
    encode_page,
    parse_object,
    plain_line,
)
from serverlib.log_reader import Reader
from serverlib.tail import BLOCK_SIZE, Block, Tail, blocks

OLD_MESSAGES = 1024  # read from disk at once for those who are behind the tail
OLD_BLOCKS = 8  # of those kept for the next who comes by
PAGE_MESSAGES = 500  # private messages that waited for somebody, read at once
PAGE_SIZE = 128 * 1024  # bytes of them
# Entries between the first private message that waited and the backlog, up to which all of them are shown: a gap is
# something that no page of history fills.
NEAR = 2000
BACKLOG = 100  # messages that somebody gets who says nothing of where they stood
CONTROL_SIZE = 256 * 1024  # bytes of answers and notices that wait for one connection; who leaves more is cut off
CLOSE_SECONDS = 5.0  # to hand over the last words
VIEWS = 8  # pieces of a block kept ready: one for all who are up to date, others for those a little behind

log = logging.getLogger("hallway")


# --- how a connection is spoken to ------------------------------------------------------------------------------------


class Face(Protocol):
    """How one kind of client reads: JSON lines, or words."""

    def line(self, line: bytes, me: str) -> bytes:
        """An encoded `message`, as this client reads it."""

    def say(self, event: Event) -> bytes:
        """An event, as this client reads it; b"" when it is nothing for them."""

    def refuse(self, error: Error) -> bytes:
        """Why this client is not in yet; it may try again."""


class Wire:
    """JSON lines, as they are."""

    def line(self, line: bytes, me: str) -> bytes:
        """The line itself."""
        return line

    def say(self, event: Event) -> bytes:
        """The event's line."""
        if isinstance(event, (Page, Found)):
            return encode_page(event)
        return encode(event)

    def refuse(self, error: Error) -> bytes:
        """The error's line: what can be tried is the client's to know."""
        return encode(error)


class Words:
    """The same chat in words, for people with netcat or telnet."""

    def line(self, line: bytes, me: str) -> bytes:
        """The message in words."""
        message = EVENTS["message"](parse_object(line[:-1]))
        assert isinstance(message, Message)
        return (plain_line(message, me) + "\n").encode()

    def say(self, event: Event) -> bytes:
        """A sentence for what people want to know; their own message, shown, is its ack."""
        if isinstance(event, (Joined, Left)):
            return (plain_line(event, "") + "\n").encode()  # the same words for everybody
        if isinstance(event, Welcome):
            return f"Registration successful. Welcome to the chat, {event.name}!\n".encode()
        if isinstance(event, Error):
            return f"{event.text}\n".encode()
        if isinstance(event, Bye):
            return f"{event.reason or 'Goodbye.'}\n".encode()
        return b""

    def refuse(self, error: Error) -> bytes:
        """The sentence, and the question once more."""
        return self.say(error) + NAME_QUESTION.encode()


WIRE = Wire()
WORDS = Words()


class Client:
    """One connection, as the server sees it.

    Its own thread reads `link`, sets `face` before it posts its first `Join`, and `heard`. All else is written by the
    hub's thread alone; the client's thread and the catch-up thread look at some of it.
    """

    __slots__ = (
        "address", "after", "block", "block_after", "buffer", "close_by", "control", "control_size", "ended", "face",
        "full", "heard", "is_new", "issued", "joined_at", "link", "name", "offset", "owed", "page", "person", "reading",
        "refused", "start", "turns",
    )  # fmt: skip

    def __init__(self, link: Link, address: str) -> None:
        self.link = link  # its thread may put an encrypted one in the place of the plain one before it posts anything
        self.address = address  # with the port
        self.face: Face = WIRE
        # How many times its thread may post before the hub has taken what it posted. Where the socket was full the hub
        # gives the turn back when it could hand over something again: nobody can write faster than they read.
        self.turns = threading.Semaphore(2)
        self.person: Address | None = None  # set by the hub when joined, and with it
        self.name = ""
        self.control: list[bytes] = []  # answers and notices that wait, all whole lines
        self.control_size = 0
        self.buffer = b""  # being sent, from `offset` on
        self.offset = 0
        self.block: Block | None = None  # of which `buffer` shows what follows `block_after`
        self.block_after = 0
        self.after = 0  # everything up to this seq is in `buffer` or sent
        self.start: int | None = 0  # first backlog only: see CatchUp
        self.joined_at = 0  # the newest seq when it was welcomed
        self.reading = False  # a page was asked for and is not in `buffer` yet
        self.page: PageRead | None = None
        self.is_new = False  # welcomed in this batch
        self.issued = False  # a token, with its welcome
        self.heard = False  # it has said something since, so it has read that
        self.full = False  # the socket takes no more; the selector watches it
        self.owed = 0  # turns to give back when the socket takes something again
        self.close_by: float | None = None  # said goodbye: close when all is handed over, at the latest then
        self.ended = False  # nothing can be sent any more
        self.refused: tuple[str, float] | None = None  # id of a message not saved, and until when: see REFUSED_ALIKE

    @property
    def host(self) -> str:
        """The address without the port."""
        return self.address.rpartition(":")[0]


# --- reading the log for those who are behind -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PageRead:
    """The catch-up thread has read for `client`: `data` brings it to seq `after`."""

    client: Client
    data: bytes
    after: int
    start: int | None


@dataclass(frozen=True, slots=True)
class BlockRead:
    """The catch-up thread has read the block that begins with entry `first`."""

    first: int
    block: Block


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The catch-up thread could not read what was wanted: the block that begins so, or a client's page."""

    wanted: int | Client


Read = PageRead | BlockRead | Unreadable


@dataclass(frozen=True, slots=True)
class PageWanted:
    """Somebody who has just come wants what waited for them, and where the log begins for them."""

    client: Client
    after: int
    start: int | None


class CatchUp(threading.Thread):
    """Reads the log from disk for those who are behind its tail, so that the hub never waits for it.

    Whoever is behind gets the log in blocks of `OLD_MESSAGES` that begin at the same places for everybody: many slow
    readers at one place cost one reading. A client without a place of its own (`start` is None) begins `BACKLOG`
    entries before it joined, or where the first private message waits for it. When that is further back than `NEAR`,
    it gets what waited first, and then begins at `start`.
    """

    def __init__(self, folder: Path, post: Callable[[Read], None]) -> None:
        super().__init__(name="hallway-catch-up")
        self._folder = folder
        self._post = post
        self._wanted: queue.SimpleQueue[PageWanted | int | None] = queue.SimpleQueue()

    def ask_page(self, client: Client) -> None:
        """Wants what waited for a client; a `PageRead` will be posted."""
        self._wanted.put(PageWanted(client, client.after, client.start))

    def ask_block(self, first: int) -> None:
        """Wants the block that begins with entry `first`; a `BlockRead` will be posted."""
        self._wanted.put(first)

    def stop(self) -> None:
        """Ends the thread."""
        self._wanted.put(None)

    def run(self) -> None:
        """Reads what is asked for, in order."""
        reader: Reader | None = None
        while (wanted := self._wanted.get()) is not None:
            try:
                reader = reader or Reader(self._folder)
                if isinstance(wanted, int):
                    self._post(BlockRead(wanted, self._read_block(reader, wanted)))
                else:
                    self._post(self._read_page(reader, wanted))
            except HistoryError as error:
                log.error("%s Those who need it are disconnected and can come back.", error)
                self._post(Unreadable(wanted if isinstance(wanted, int) else wanted.client))
        if reader is not None:
            reader.close()

    def _read_block(self, reader: Reader, first: int) -> Block:
        lines: list[bytes] = []
        private: dict[int, tuple[int, int]] = {}
        size = 0
        for message, sender, recipient in reader.entries(first, OLD_MESSAGES - (first - 1) % OLD_MESSAGES):
            lines.append(encode(message))
            if recipient != EVERYONE_ID:
                private[message.seq] = sender, recipient
            size += len(lines[-1])
            if size >= BLOCK_SIZE:
                break
        if not lines:
            raise HistoryError(f"The log has no entry {first}.")
        return next(blocks(first, lines, private))

    def _read_page(self, reader: Reader, wanted: PageWanted) -> PageRead:
        client, after, start = wanted.client, wanted.after, wanted.start
        assert client.person is not None
        me = client.person.id
        if start is None:
            recent = reader.before(me, client.joined_at + 1, BACKLOG)
            start = recent[0].seq if recent else client.joined_at + 1
        lines: list[bytes] = []
        size = 0
        waiting = reader.waiting(me, after, start, PAGE_MESSAGES)
        if waiting and start - waiting[0].seq <= NEAR:
            return PageRead(client, b"", waiting[0].seq - 1, 0)
        for message in waiting:
            lines.append(client.face.line(encode(message), client.name))
            size += len(lines[-1])
            if size > PAGE_SIZE:
                return PageRead(client, b"".join(lines), message.seq, start)
        if len(waiting) == PAGE_MESSAGES:
            return PageRead(client, b"".join(lines), waiting[-1].seq, start)
        return PageRead(client, b"".join(lines), start - 1, 0)


# --- handing it over --------------------------------------------------------------------------------------------------


class Delivery:
    """Hands everybody what is due to them. All of it is the hub thread's."""

    def __init__(self, folder: Path, last: int, selector: selectors.BaseSelector, post: Callable[[Read], None]) -> None:
        """`last` is the log's newest seq, `selector` the one the hub waits in, `post` how it is told what was read."""
        self.tail = Tail(last)
        self.closing: set[Client] = set()  # have a `close_by`
        self._selector = selector
        self._catch_up = CatchUp(folder, post)
        self._fanned_out = last  # everybody who was up to date when we last looked has it up to here
        self._full: set[Client] = set()  # in the selector
        self._old: dict[int, Block] = {}  # key: first seq; the blocks that were read from disk, the last used last
        self._asked: dict[int, list[Client]] = {}  # key: first seq; who waits for a block from disk

    def start(self) -> None:
        """Starts the catch-up thread. Raises RuntimeError when the system gives none."""
        self._catch_up.start()

    def stop(self) -> None:
        """Ends the catch-up thread."""
        self._catch_up.stop()
        self._catch_up.join()

    # -- sending --

    def append(self, lines: list[bytes], private: Mapping[int, tuple[int, int]]) -> None:
        """Puts what was written into the log at the end of the tail; `blocks` says what `private` is."""
        for block in blocks(self.tail.last + 1, lines, private):
            self.tail.append(block)
        self._let_go_of_blocks()

    def say(self, client: Client, event: Event) -> None:
        """Puts an event into the queue of what is not in the log."""
        self.tell(client, client.face.say(event))

    def tell(self, client: Client, data: bytes) -> None:
        """Puts whole lines into the queue of what is not in the log. `pump` sends them."""
        if client.ended or not data:
            return
        client.control.append(data)
        client.control_size += len(data)
        if client.control_size > CONTROL_SIZE:
            self.pump(client)
        if client.control_size > CONTROL_SIZE:
            log.info("%s does not read and is disconnected", quote(client.name) if client.name else client.address)
            self.end(client)

    def fan_out(self, here: Iterable[Client]) -> None:
        """Hands everybody who is here what is new.

        Nearly all have read everything up to now, want the same bytes and nothing else: those are handed over here, at
        a third of what `pump` would cost for each.
        """
        last, before = self.tail.last, self._fanned_out
        self._fanned_out = last
        block = self.tail.block_after(before) if before < last and before + 1 >= self.tail.first else None
        data = block.public(before) if block is not None and block.last == last and not block.privates else None
        for client in here:
            if client.full:
                continue
            if data is None or client.after != before or client.control or client.start != 0 or client.face is not WIRE:
                if client.after != last or client.control:
                    self.pump(client)
                continue
            client.after = last
            try:
                sent = client.link.send(data)
            except OSError:
                self.end(client)
                continue
            if sent < len(data):
                client.buffer, client.offset, client.block, client.block_after = data, sent, block, before
                self._is_full(client)

    def pump(self, client: Client) -> None:
        """Hands over what is due to a client, until it has everything or its socket is full. Never waits."""
        try:
            while client.offset < len(client.buffer) or self._fill(client):
                rest = memoryview(client.buffer)[client.offset :] if client.offset else client.buffer
                client.offset += client.link.send(rest)
                if client.offset < len(client.buffer):
                    self._is_full(client)
                    return
        except OSError:  # the connection broke; its thread notices as well, and posts that it has gone
            self.end(client)
            return
        if client.full:
            self._not_full(client)
        if client.close_by is not None and not client.reading:
            self.end(client)

    def _fill(self, client: Client) -> bool:
        """Puts into the client's empty buffer what is due next; false when nothing is, or not yet."""
        client.buffer, client.offset, client.block = b"", 0, None
        if client.after == self.tail.last and client.start == 0 and not client.control:  # up to date, as nearly always
            return False
        while not client.buffer:
            if client.control:
                client.buffer = b"".join(client.control)
                client.control.clear()
                client.control_size = 0
            elif client.ended or client.person is None:
                return False
            elif client.page is not None:
                client.buffer, client.after, client.start = client.page.data, client.page.after, client.page.start
                client.page = None
            elif client.start != 0:
                if not client.reading:
                    client.reading = True
                    self._catch_up.ask_page(client)
                return False
            elif client.after == self.tail.last:
                return False
            else:
                behind = client.after + 1 < self.tail.first
                block = self._find_old(client.after + 1) if behind else self.tail.block_after(client.after)
                if block is None:
                    if not client.reading:
                        self._ask_old(client, client.after + 1)
                    return False
                self._view(client, client.person.id, block)
        return True

    def _view(self, client: Client, person: int, block: Block) -> None:
        """Fills the client's buffer with what follows its place in a block."""
        after = client.after
        if block.privates and block.has_private(person, after):
            client.buffer = b"".join(client.face.line(line, client.name) for _, line in block.lines(person, after))
        else:
            view = block.views.get((client.face, after))
            if view is None:
                if client.face is WIRE:
                    view = block.public(after)
                else:
                    view = b"".join(client.face.line(line, "") for _, line in block.lines(person, after))
                if len(block.views) >= VIEWS:
                    block.views.clear()
                block.views[client.face, after] = view
            client.buffer = view
        client.block, client.block_after, client.after = block, after, block.last

    def _let_go_of_blocks(self) -> None:
        """Slow clients keep no block in memory that is neither in the tail nor among the old ones kept."""
        for client in self._full:
            block = client.block
            if block is not None and block.last < self.tail.first and self._old.get(block.first) is not block:
                self._let_go_of_block(client, block)

    def _let_go_of_block(self, client: Client, block: Block) -> None:
        """Keeps only the rest of the line that a slow client is in: it will read on from the disk.

        What its link holds (see `TlsLink.send`) is kept as well, up to the end of the line in which that ends.
        """
        assert client.person is not None
        held = client.offset + client.link.held
        kept: list[bytes] = []
        end = 0
        for seq, line in block.lines(client.person.id, client.block_after):
            shown = client.face.line(line, client.name)
            end += len(shown)
            if end > client.offset:
                kept.append(shown)
                client.after = seq
                if end >= held:
                    break
        rest = b"".join(kept)
        client.buffer, client.offset = rest[client.offset - end :] if kept else b"", 0
        client.block = None

    # -- behind the tail --

    def _find_old(self, seq: int) -> Block | None:
        """The block from disk with entry `seq`, if it was read not long ago."""
        for first, block in self._old.items():
            if first <= seq <= block.last:
                self._old[first] = self._old.pop(first)  # the last used last
                return block
        return None

    def _ask_old(self, client: Client, seq: int) -> None:
        """Has the block with entry `seq` read, unless it is being read already."""
        client.reading = True
        first = seq - (seq - 1) % OLD_MESSAGES
        if first in self._old:  # that one was cut off before `seq`, at its size
            first = seq
        if first not in self._asked:
            self._asked[first] = []
            self._catch_up.ask_block(first)
        self._asked[first].append(client)

    def take_block(self, read: BlockRead) -> None:
        """Keeps a block from disk, and sends it to those who waited for it."""
        self._old[read.block.first] = read.block
        if len(self._old) > OLD_BLOCKS:
            del self._old[next(iter(self._old))]
            self._let_go_of_blocks()
        for client in self._asked.pop(read.first, []):
            client.reading = False
            self.pump(client)
            if not client.reading:
                self.give_turns(client)

    def take_page(self, page: PageRead) -> None:
        """Sends a client what waited for it."""
        client = page.client
        client.reading = False
        if not client.ended:
            client.page = page
        self.pump(client)
        self.give_turns(client)

    def cut_off(self, wanted: int | Client) -> None:
        """Ends the connections that need what the disk did not give; they can come back and try again."""
        for client in self._asked.pop(wanted, []) if isinstance(wanted, int) else [wanted]:
            client.reading = False
            self.end(client)

    # -- full sockets, and the end --

    def go_on(self, client: Client) -> None:
        """The selector says that the client's socket takes something again."""
        self.pump(client)
        self.give_turns(client)

    def give_turns(self, client: Client) -> None:
        """Lets the client's thread post as often again as the hub has taken what it posted."""
        if client.owed:
            client.turns.release(client.owed)
            client.owed = 0

    def _is_full(self, client: Client) -> None:
        if not client.full:
            client.full = True
            self._full.add(client)
            self._selector.register(client.link, selectors.EVENT_WRITE, client)

    def _not_full(self, client: Client) -> None:
        client.full = False
        self._full.discard(client)
        self._selector.unregister(client.link)
        if not client.reading:
            self.give_turns(client)  # here, as not only the selector finds out that a socket takes something again

    def close(self, client: Client) -> None:
        """Lets the client have what is under way, then ends the connection."""
        if client.ended or client.close_by is not None:
            return
        client.close_by = time.monotonic() + CLOSE_SECONDS
        self.closing.add(client)
        self.pump(client)

    def end(self, client: Client) -> None:
        """Ends the connection now. Its thread wakes, and posts that it has gone."""
        if client.ended:
            return
        client.ended = True
        if client.full:
            self._not_full(client)
        self.closing.discard(client)
        client.control.clear()
        client.buffer, client.offset, client.block, client.page = b"", 0, None, None
        client.link.shutdown()
        client.link.close_writer()
        self.give_turns(client)
        client.turns.release()  # one more, for what is still in the inbox: its thread wakes and sees `ended`

    def end_late(self, now: float) -> None:
        """Ends the connections that had long enough to take the last words."""
        for client in [client for client in self.closing if client.close_by is not None and client.close_by <= now]:
            self.end(client)
