"""Finding a chat without typing: probes over UDP, and what answers them; both on the port number of the chat.

    probe     {"hallway": 1, "nonce": "<32 hex digits>", "pad": "…"}        filled up to PROBE_SIZE bytes
    answer    {"hallway": 1, "nonce": "<the same>", "name": "Physics 8b", "people": 12, "password": false,
               "encrypted": true, "port": 12345, "key": "<16 hex digits>"}  never larger than the probe

`Answerer` is one thread of a server, `Finder` one of a client; `Nearby` makes the list of what was heard, and is its
owner's alone. Nobody on a network can be trusted to tell the truth here: an answer is good for the list, and who a
server really is shows when it is joined. `key` tells which answers are about one chat; where that is encrypted, it is
how its certificate's fingerprint begins, and a client that has chosen it here speaks to no other (clientlib/trust.py).

IPv4 only, because IPv6 knows no broadcast: on a network without IPv4 people type the address.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import logging
import queue
import secrets
import selectors
import socket
import struct
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from names import ProtocolError, clean_line
from pace import Pace, Paces
from protocol import DEFAULT_PORT, parse_object

VERSION = 1
PROBE_SIZE = 512  # bytes; an answer has room in it, and no network cuts so few into pieces
MOST_READ = 2048  # bytes taken of a datagram: one that is longer is nothing of ours
NONCE_DIGITS = 32
KEY_DIGITS = 16
NAME_LENGTH = 60  # characters of a chat's name in an answer
MOST_PEOPLE = 100_000  # believed of an answer

# The server's side. All that a flood can make it send is 256 KB a second, and 2 KB to any one address; reading is
# paced as well, because whoever shouts at this port would else slow down the chat: what is too much the system drops.
READS = 1000  # datagrams looked at in one second
ANSWERS = 500.0  # a second; 1,000 people with the first screen open ask as often
ANSWER_BURST = 500
SOURCE_ANSWERS = 4.0  # a second for one address, behind which may be several windows
SOURCE_BURST = 16
MOST_SOURCES = 4096  # addresses that are remembered

# The client's side.
PROBE_SECONDS = 2.0
ANSWER_SECONDS = 4.0  # for which an answer is waited for: more than a busy server and a slow network take
FORGET_SECONDS = 7.0  # three probes unanswered, and some
MOST_ADDRESSES = 32  # of this computer that are asked from
MOST_CHATS = 50  # in the list; more are a prank
MOST_FROM_ONE = 8  # of these from one address
MOST_WAITING = 500  # answers that nobody has taken off the queue
LOOPBACK = "127.0.0.1"
BROADCAST = "255.255.255.255"

log = logging.getLogger("hallway")


# --- what goes over the network ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Description:
    """What a server says of its chat: `people` who are here, whether a `password` is asked for, its TCP `port`.

    `key`: 16 hex digits that are the same for one server wherever it is heard.
    """

    name: str
    people: int
    password: bool
    encrypted: bool
    port: int
    key: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A chat that has answered from the address `host`. All of it is what somebody on this network says."""

    host: str
    port: int
    name: str
    people: int
    password: bool
    encrypted: bool
    key: str


def usual_chat_name() -> str:
    """What a chat on this computer is called that nobody has named."""
    try:
        return f"{clean_line(getpass.getuser())}'s chat"
    except (OSError, KeyError, ImportError):  # a user without a name; ImportError on Windows before 3.13
        return "Hallway"


def probe(nonce: str) -> bytes:
    """The question, with the number that its answers will carry."""
    bare = json.dumps({"hallway": VERSION, "nonce": nonce, "pad": ""}).encode()
    return bare[:-2] + b"." * (PROBE_SIZE - len(bare)) + bare[-2:]


def read_probe(data: bytes) -> str | None:
    """The nonce of a probe; None for anything else. One that is too short for its answer is none."""
    if not PROBE_SIZE <= len(data) < MOST_READ or data[:1] != b"{":
        return None
    try:
        fields = parse_object(data)
    except ProtocolError:
        return None
    pad = fields.get("pad")
    if not _is_ours(fields) or type(pad) is not str:
        return None  # an answer, perhaps: were those answered, two servers could be made to talk without end
    return str(fields["nonce"])


def answer(nonce: str, chat: Description) -> bytes:
    """What is said to a probe, at most PROBE_SIZE bytes; a name that is too long for that is cut."""
    name = clean_line(chat.name).strip()
    name = name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1].rstrip() + "…"
    fields = {"hallway": VERSION, "nonce": nonce, "name": name, "people": chat.people, "password": chat.password}
    fields |= {"encrypted": chat.encrypted, "port": chat.port, "key": chat.key[:KEY_DIGITS]}
    said = json.dumps(fields, ensure_ascii=False).encode(errors="replace")
    if len(said) > PROBE_SIZE:  # a name of quotes and backslashes, each of which takes two bytes, and emoji
        return answer(nonce, replace(chat, name=name[: len(name) // 2]))
    return said


def read_answer(data: bytes, host: str) -> tuple[str, Heard] | None:
    """The nonce of an answer from the address `host` and what it says; None for anything that is no answer."""
    if not 0 < len(data) <= PROBE_SIZE or data[:1] != b"{":
        return None
    try:
        fields = parse_object(data)
    except ProtocolError:
        return None
    name, people, port, key = (fields.get(field) for field in ("name", "people", "port", "key"))
    password, encrypted = fields.get("password"), fields.get("encrypted")
    if not _is_ours(fields) or not _is_hex(key, KEY_DIGITS):
        return None
    if type(name) is not str or type(people) is not int or type(port) is not int:
        return None
    if type(password) is not bool or type(encrypted) is not bool or not 0 < port < 65536:
        return None
    shown = clean_line(name).strip()[:NAME_LENGTH] or host
    people = min(max(people, 0), MOST_PEOPLE)
    return str(fields["nonce"]), Heard(host, port, shown, people, password, encrypted, str(key))


def _is_ours(fields: dict[str, object]) -> bool:
    version = fields.get("hallway")
    return type(version) is int and version == VERSION and _is_hex(fields.get("nonce"), NONCE_DIGITS)


def _is_hex(text: object, digits: int) -> bool:
    return type(text) is str and len(text) == digits and all(digit in "0123456789abcdef" for digit in text)


# --- the server's side ------------------------------------------------------------------------------------------------


class AnswerPace:
    """Which probes are answered: so many in all, and so many from one address; the others are dropped."""

    def __init__(self) -> None:
        self._all = Pace(ANSWERS, ANSWER_BURST)
        self._sources = Paces(SOURCE_ANSWERS, SOURCE_BURST, MOST_SOURCES)

    def allows(self, source: str) -> bool:
        """Whether this address gets an answer now."""
        return self._sources.of(source).take() and self._all.take()


class Answerer:
    """Answers probes, in a thread of its own, for a server that listens on `port`.

    `describe` is called in that thread for each answer, and only reads. `host` is the IPv4 address that the server
    listens on, None for all. Where the port is taken nobody is answered, which is said once in the log.
    """

    def __init__(self, port: int, describe: Callable[[], Description], host: str | None = None) -> None:
        self._port = port
        self._describe = describe
        self._host = host
        self._stopping = threading.Event()
        self._sockets: list[socket.socket] = []
        self._woken: socket.socket | None = None
        self._waker: socket.socket | None = None  # a byte on it ends the waiting on the other
        self._thread = threading.Thread(target=self._run, name="hallway-answer", daemon=True)

    def start(self) -> bool:
        """Opens the port and begins; false where that cannot be."""
        try:
            self._sockets.append(_bound(self._host or "0.0.0.0", self._port))
            self._listen_for_broadcasts()
            self._woken, self._waker = socket.socketpair()
            self._thread.start()
        except (OSError, RuntimeError) as error:  # RuntimeError: the system has no thread left
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            log.warning("Nobody finds this chat by itself: UDP port %d cannot be used (%s).", self._port, reason)
            self._close()
            return False
        return True

    def _listen_for_broadcasts(self) -> None:
        """Where a server has one address, most systems give its socket nothing that was sent to all of the network."""
        if self._host is None or self._host.startswith("127.") or sys.platform == "win32":
            return
        with contextlib.suppress(OSError):  # then only who asks this address hears of it
            self._sockets.append(_bound(BROADCAST, self._port))

    def stop(self) -> None:
        """Ends the thread. May be called again, and without a start."""
        self._stopping.set()
        if self._waker is not None:
            with contextlib.suppress(OSError):  # it was stopped before
                self._waker.send(b"\0")
        if self._thread.is_alive():
            self._thread.join()
        self._close()

    def _close(self) -> None:
        for one in (*self._sockets, self._woken, self._waker):
            if one is not None:
                one.close()

    def _run(self) -> None:
        assert self._woken is not None
        try:
            with selectors.DefaultSelector() as selector:
                for one in (*self._sockets, self._woken):
                    selector.register(one, selectors.EVENT_READ)
                self._answer_all(selector)
        except Exception as mistake:  # noqa: BLE001  # ours; a chat that is not found by itself is still a chat
            log.error("Nobody finds this chat by itself any more (%r).", mistake)
        finally:
            self._close()

    def _answer_all(self, selector: selectors.BaseSelector) -> None:
        pace = AnswerPace()
        second, read = time.monotonic(), 0
        while not self._stopping.is_set():
            for key, _ in selector.select():
                if key.fileobj is self._woken:
                    return
                self._answer_one(key.fileobj, pace)  # type: ignore[arg-type]
                read += 1
            now = time.monotonic()
            if now - second >= 1.0:
                second, read = now, 0
            elif read >= READS:
                self._stopping.wait(second + 1.0 - now)

    def _answer_one(self, asked: socket.socket, pace: AnswerPace) -> None:
        try:
            data, (host, port, *_) = asked.recvfrom(MOST_READ)
        except OSError:  # Windows tells here that an earlier answer did not arrive
            return
        nonce = read_probe(data)
        if nonce is None or port == 0 or not pace.allows(host):
            return
        if asked is not self._sockets[0] and self._way_to(host) != self._host:
            return  # from another network than the one that we were told to listen on
        with contextlib.suppress(OSError):  # no way back, or no room just now: they will ask again
            self._sockets[0].sendto(answer(nonce, self._describe()), (host, port))

    def _way_to(self, host: str) -> str | None:
        """Which of our addresses the system would talk to `host` from; nothing is sent to find out."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            way.connect((host, self._port))
            return str(way.getsockname()[0])
        return None


def _bound(host: str, port: int) -> socket.socket:
    """A UDP socket at this address, that does not wait. Raises OSError."""
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        one.setblocking(False)
        if sys.platform == "win32":  # else another program could take the port as well, and one of us hear nothing
            one.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        elif host == BROADCAST:  # several servers, each with an address of its own, all want to hear this one
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((host, port))
    except OSError:
        one.close()
        raise
    return one


# --- the client's side ------------------------------------------------------------------------------------------------


class Nonces:
    """The numbers of the last probes: who has not heard one of them cannot answer. For one thread."""

    def __init__(self) -> None:
        self._sent: OrderedDict[str, float] = OrderedDict()  # value: when, on the monotonic clock

    def new(self, now: float) -> str:
        """One for the next probe."""
        nonce = secrets.token_hex(NONCE_DIGITS // 2)
        self._sent[nonce] = now
        while len(self._sent) > 2 + ANSWER_SECONDS / PROBE_SECONDS:
            self._sent.popitem(last=False)
        return nonce

    def knows(self, nonce: str, now: float) -> bool:
        """Whether it belongs to a probe that can still be answered."""
        sent = self._sent.get(nonce)
        return sent is not None and now - sent <= ANSWER_SECONDS


class Finder:
    """Asks for chats on the networks of this computer, in a thread of its own, until it is stopped.

    What answers is put on `heard`, once for each answer. The thread holds nothing of the window's.
    """

    def __init__(self, *ports: int) -> None:
        """`ports` of chats to ask for."""
        self.heard: queue.Queue[Heard] = queue.Queue(MOST_WAITING)
        self._ports = tuple(dict.fromkeys(ports))
        self._stopping = threading.Event()
        self._woken: socket.socket | None = None
        self._waker: socket.socket | None = None
        self._nonces = Nonces()
        self._sockets: dict[str, socket.socket] = {}  # key: our address that it is bound to

    def start(self) -> None:
        """Begins to ask. Where the system has no thread or socket left nothing is ever heard."""
        try:
            self._woken, self._waker = socket.socketpair()
            threading.Thread(target=self._run, name="hallway-find", daemon=True).start()
        except (OSError, RuntimeError):
            for end in (self._woken, self._waker):
                if end is not None:
                    end.close()

    def stop(self) -> None:
        """Ends the thread, without waiting for it."""
        self._stopping.set()
        if self._waker is not None:
            self._waker.close()  # which wakes the other end

    def _run(self) -> None:
        assert self._woken is not None
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._woken, selectors.EVENT_READ)
                while not self._stopping.is_set():
                    self._follow_addresses(selector)
                    self._ask()
                    self._hear(selector, time.monotonic() + PROBE_SECONDS)
        except Exception:  # ours; the address can always be typed
            log.debug("looking for chats failed", exc_info=True)
        finally:
            for one in (*self._sockets.values(), self._woken):
                one.close()

    def _follow_addresses(self, selector: selectors.BaseSelector) -> None:
        """Has a socket on every address that this computer has now: cables are plugged in, and networks are joined.

        Where there is no gateway the system sends a broadcast only from a socket that has an address of a network.
        """
        wanted = [LOOPBACK, *local_addresses()][:MOST_ADDRESSES]
        for address in [address for address in self._sockets if address not in wanted]:
            gone = self._sockets.pop(address)
            selector.unregister(gone)
            gone.close()
        for address in wanted:
            if address not in self._sockets:
                with contextlib.suppress(OSError):  # it has gone again
                    new = _bound(address, 0)
                    new.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                    selector.register(new, selectors.EVENT_READ)
                    self._sockets[address] = new

    def _ask(self) -> None:
        question = probe(self._nonces.new(time.monotonic()))
        for address, one in self._sockets.items():
            for port in self._ports:
                for target in (LOOPBACK,) if address == LOOPBACK else targets_of(address):
                    with contextlib.suppress(OSError):  # this network is down, or lets no broadcast out
                        one.sendto(question, (target, port))

    def _hear(self, selector: selectors.BaseSelector, until: float) -> None:
        """Takes answers for a while. What floods us has no more of this computer than so many a round."""
        taken = 0
        while not self._stopping.is_set() and (seconds := until - time.monotonic()) > 0:
            if taken >= READS:
                self._stopping.wait(seconds)
                return
            for key, _ in selector.select(seconds):
                if key.fileobj is self._woken:
                    return
                taken += 1
                self._take(key.fileobj)  # type: ignore[arg-type]

    def _take(self, one: socket.socket) -> None:
        try:
            data, (host, port, *_) = one.recvfrom(MOST_READ)
        except OSError:
            return
        if port not in self._ports or (found := read_answer(data, host)) is None:
            return
        nonce, heard = found
        if self._nonces.knows(nonce, time.monotonic()):
            with contextlib.suppress(queue.Full):
                self.heard.put_nowait(heard)


class Nearby:
    """The chats that are heard, newest first, each once. `now` is of the monotonic clock; one owner, no thread.

    `known` is the host and port where one was the last time: others can make up chats, and not keep it off the list.
    """

    def __init__(self, known: tuple[str, int] = ("", 0)) -> None:
        self._known = known
        # key: what makes it this chat (who says that it is not encrypted is another one, whatever key they claim);
        # value: when it was last heard, by the address that it was heard from
        self._chats: OrderedDict[tuple[str, int, bool], dict[str, tuple[float, Heard]]] = OrderedDict()
        self._liars: set[tuple[str, tuple[str, int, bool]]] = set()  # addresses, and the chats that they are not

    def take(self, heard: Heard, now: float) -> bool:
        """Notes an answer; whether that changes the list."""
        before, chat = self.chats(), (heard.key, heard.port, heard.encrypted)
        if (heard.host, chat) in self._liars:
            return False
        ways = self._chats.get(chat)
        is_known = (heard.host, heard.port) == self._known and self.chat_at(*self._known) is None
        if ways is None:
            too_many = len(self._chats) >= MOST_CHATS or self._count_from(heard.host) >= MOST_FROM_ONE
            if too_many and not is_known:
                return False
            ways = self._chats[chat] = {}
        if heard.host in ways or len(ways) < MOST_FROM_ONE or is_known:
            ways[heard.host] = (now, heard)
        return self.chats() != before

    def distrust(self, liar: Heard) -> None:
        """Whoever answered from this address as this chat is not it: that is not listened to any more."""
        chat = (liar.key, liar.port, liar.encrypted)
        self._liars.add((liar.host, chat))
        ways = self._chats.get(chat, {})
        ways.pop(liar.host, None)
        if not ways:
            self._chats.pop(chat, None)

    def _count_from(self, host: str) -> int:
        return sum(host in ways for ways in self._chats.values())

    def forget(self, now: float) -> bool:
        """Takes out what was not heard for a while; whether that changes the list."""
        before = self.chats()
        for key, ways in list(self._chats.items()):
            for host, (at, _) in list(ways.items()):
                if now - at > FORGET_SECONDS:
                    del ways[host]
            if not ways:
                del self._chats[key]
        return self.chats() != before

    def chats(self) -> list[Heard]:
        """What is heard now. A chat keeps its place while it answers: nothing moves away from under the mouse.

        Of its addresses the first that was heard stands for it, and this computer's own before all.
        """
        return [
            (ways.get(LOOPBACK) or next(iter(ways.values())))[1]
            for ways in reversed(self._chats.values())  # who was heard of last comes first
        ]

    def chat_at(self, host: str, port: int) -> Heard | None:
        """What is heard from this very address: that others have the same `key` is what they say."""
        for (_, its_port, _), ways in self._chats.items():
            if its_port == port and host in ways:
                return ways[host][1]
        return None


def usual_ports(remembered: int) -> tuple[int, ...]:
    """Where chats are: on the usual port, and where one was the last time."""
    return tuple(dict.fromkeys((DEFAULT_PORT, remembered)))


# --- this computer's addresses ----------------------------------------------------------------------------------------


def local_addresses() -> list[str]:
    """This computer's own IPv4 addresses, but its loopback. Nothing is sent to find them out."""
    for way in _ways():
        with contextlib.suppress(OSError, ValueError, AttributeError, ImportError):
            found = [address for address in way() if not address.startswith(("127.", "0."))]
            if found:
                return list(dict.fromkeys(found))
    return []


def targets_of(address: str) -> list[str]:
    """Where a probe from this address goes: to all of its network."""
    if sys.platform == "darwin":  # which sends the general broadcast to its first network only
        with contextlib.suppress(OSError, ValueError, AttributeError, ImportError):
            return list(dict.fromkeys([*(broadcast for own, broadcast in _interfaces() if own == address), BROADCAST]))
    return [BROADCAST]


def _ways() -> Iterable[Callable[[], Iterable[str]]]:
    """How the addresses can be found out here, the best way first."""
    if sys.platform.startswith("linux"):
        return addresses_by_ioctl, addresses_by_libc, addresses_by_name
    if sys.platform == "win32":
        return addresses_by_name, addresses_by_route
    return addresses_by_libc, addresses_by_route, addresses_by_name


def addresses_by_ioctl() -> list[str]:
    """Linux: SIOCGIFCONF (netdevice(7)), which lists every interface that has an IPv4 address."""
    import array
    import fcntl

    size = struct.calcsize("16s24s") if struct.calcsize("P") == 8 else struct.calcsize("16s16s")  # struct ifreq
    room = array.array("B", bytes(size * 256))
    at, _ = room.buffer_info()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        filled = fcntl.ioctl(any_socket, 0x8912, struct.pack("iP", len(room), at))
    used = int(struct.unpack("iP", filled)[0])
    return [socket.inet_ntoa(room[begin + 20 : begin + 24].tobytes()) for begin in range(0, used, size)]


def addresses_by_libc() -> list[str]:
    """macOS, BSD, Linux: getifaddrs(3)."""
    return [address for address, _ in _interfaces()]


def addresses_by_name() -> list[str]:
    """Windows: its own name has all of its addresses. Elsewhere often only the loopback."""
    return socket.gethostbyname_ex(socket.gethostname())[2]


def addresses_by_route() -> list[str]:
    """Anywhere: the address that would be used to talk to somebody far away (RFC 5737 sets this one aside)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect(("192.0.2.1", 9))
        return [way.getsockname()[0]]


def _interfaces() -> list[tuple[str, str]]:
    """Address and broadcast address of each IPv4 network, from the C library. Raises what the system has not."""
    import ctypes

    class Entry(ctypes.Structure):
        pass

    Entry._fields_ = [
        ("next", ctypes.POINTER(Entry)), ("name", ctypes.c_char_p), ("flags", ctypes.c_uint),
        ("address", ctypes.c_void_p), ("mask", ctypes.c_void_p), ("broadcast", ctypes.c_void_p),
        ("more", ctypes.c_void_p),
    ]  # fmt: skip
    libc = ctypes.CDLL(None, use_errno=True)
    first = ctypes.POINTER(Entry)()
    if libc.getifaddrs(ctypes.byref(first)) != 0:
        raise OSError(ctypes.get_errno(), "getifaddrs")

    def of(at: int | None) -> str | None:
        """The IPv4 address in a `struct sockaddr`."""
        if not at:
            return None
        begin = ctypes.string_at(at, 2)  # BSD: length, family; Linux: the family in two bytes
        family = struct.unpack("=H", begin)[0] if sys.platform.startswith("linux") else begin[1]
        return socket.inet_ntoa(ctypes.string_at(at + 4, 4)) if family == socket.AF_INET else None

    found: list[tuple[str, str]] = []
    try:
        entry = first
        while entry:
            address = of(entry.contents.address)
            if address is not None:
                found.append((address, of(entry.contents.broadcast) or BROADCAST))
            entry = entry.contents.next
    finally:
        libc.freeifaddrs(first)
    return found
