"""One connection, plain or encrypted: the bytes between a client and the server, and the sentence when there is none.

A `Link` is read by one thread (`receive`, which waits) and written by one other (`send`, which never waits). On the
server these are the client's thread and the hub; in a client one thread does both. Nothing here knows what is said.

A `TlsLink` is the same with encryption. OpenSSL's objects belong to one thread at a time, and a shared `ssl.SSLSocket`
corrupts the stream (https://github.com/python/cpython/issues/143756); so the `SSLObject` works on memory, one short
lock is around it, and nobody holds that lock while waiting for the network.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

CONNECT_SECONDS = 5.0  # for one address; on a LAN a computer that is there answers in milliseconds
# Bytes taken from the socket at once: few while little comes (a thousand quiet connections each keep such a buffer
# waiting, 4 MB in all), more when it fills.
LEAST_RECEIVE = 2 * 1024
MOST_RECEIVE = 32 * 1024
# Bytes the kernel keeps for a reader that is slow. Enough for a gigabit LAN at 2 ms; without it Linux goes up to 4 MiB
# for each connection, which is how a server that forgets nobody runs out of memory.
SEND_BUFFER = 256 * 1024
# How the system finds out that somebody on netcat, who answers no pings, is dead: in about 45 s instead of two hours.
# Seconds of silence (macOS has another word for it), seconds between probes, and how many go unanswered.
KEEP_ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPALIVE": 30, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
# Bytes encrypted before they are handed to the socket: a few records, so that a flood takes few system calls. What the
# socket does not take of them waits here, and so much memory may a slow reader cost beside the hub's.
ENCRYPT_SIZE = 64 * 1024
FIRST_RECORDS = (0x15, 0x16)  # an alert or a handshake: what a server's first TLS record can be (RFC 8446, 5.1)


class LinkError(OSError):
    """No connection could be made; `str(error)` says why, in words for the person who typed the address."""

    code = "unreachable"  # as `engine.Refused` has it


class NobodyListens(LinkError):
    """The computer is there, and has nothing open on that port."""

    code = "nobody_listens"


class NotTls(OSError):
    """What came instead of a handshake is no TLS; `said` is how it begins. OpenSSL would swallow it."""

    def __init__(self, said: bytes) -> None:
        super().__init__("the other side does not speak TLS")
        self.said = said


class Link:
    """One TCP connection, for one reading and one writing thread.

    The reader's socket waits with a time-out; the writer's is a duplicate that never waits (a time-out would make
    `send` wait as well, and `MSG_DONTWAIT` does not exist on Windows). Both share one non-blocking file description, so
    the reader never goes without a time-out: that would make the writer wait.
    """

    encrypted = False
    held = 0  # see TlsLink.send

    def __init__(self, connected: socket.socket, slow_down: Callable[[int], None] | None = None) -> None:
        """Takes over a connected TCP socket. Raises OSError when it is gone already or no descriptor is left.

        `slow_down` is called in the reading thread with the number of all bytes that arrive, as they are on the wire,
        and may wait: some of what costs time to decrypt is nothing that `receive` ever returns.
        """
        self._reader = connected
        self._slow_down = slow_down
        self._seconds = -1.0
        self._size = LEAST_RECEIVE
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEP_ALIVE.items():
            if hasattr(socket, option):
                connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        self._writer = connected.dup()
        self._writer.setblocking(False)

    @property
    def peer(self) -> str:
        """The other side's address in numbers, without the port; "" when the connection is gone already."""
        try:
            return str(self._reader.getpeername()[0])
        except OSError:
            return ""

    def receive(self, seconds: float) -> bytes:
        """The next bytes, b"" at the end. Raises TimeoutError after `seconds` of silence, OSError when it broke."""
        self._set_seconds(seconds)
        data = self._reader.recv(self._size)
        if self._slow_down is not None:
            self._slow_down(len(data))
        self._size = MOST_RECEIVE if len(data) == self._size else LEAST_RECEIVE
        return data

    def _set_seconds(self, seconds: float) -> None:
        if seconds != self._seconds:  # a system call, and rarely another value
            self._reader.settimeout(seconds)
            self._seconds = seconds

    def send(self, data: bytes | memoryview) -> int:
        """Hands over as much of `data` as fits now, and says how many bytes that was: 0 when the way is full."""
        try:
            return self._writer.send(data)
        except BlockingIOError:
            return 0

    def fileno(self) -> int:
        """The writer's descriptor, for a selector; -1 when closed."""
        return self._writer.fileno()

    def shutdown(self) -> None:
        """Ends the connection for both threads: wakes a `receive` that waits (`close` alone would not)."""
        with contextlib.suppress(OSError):  # the other side may have been faster
            self._reader.shutdown(socket.SHUT_RDWR)

    def close_reader(self) -> None:
        """Gives back the reader's descriptor; for the reading thread, when it will not read again."""
        self._reader.close()

    def close_writer(self) -> None:
        """Gives back the writer's descriptor; for the writing thread, when it will not write again."""
        self._writer.close()


class TlsLink(Link):
    """A `Link` that is encrypted; made of a plain one, which is not to be used any more."""

    encrypted = True

    def __init__(self, plain: Link, tls: ssl.SSLContext, *, server_side: bool, first: bytes, seconds: float) -> None:
        """Shakes hands, for which it waits at most `seconds`; the writing thread must not know of this link yet.

        `first` is what was read of the handshake already. Raises OSError (of which TimeoutError and `ssl.SSLError` are
        kinds) when the other side does not, and `NotTls` when the first that it says is something else.
        """
        self._reader, self._writer = plain._reader, plain._writer
        self._seconds, self._size, self._slow_down = plain._seconds, plain._size, plain._slow_down
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._lock = threading.Lock()  # around the three and what waits
        self._waiting = memoryview(b"")  # encrypted and not handed over yet
        self.held = 0  # bytes before their encryption
        self._tls = tls.wrap_bio(self._incoming, self._outgoing, server_side=server_side)
        self._incoming.write(first)
        self._shake_hands(time.monotonic() + seconds, heard=bool(first))

    def _shake_hands(self, deadline: float, heard: bool) -> None:
        while True:
            done = True
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                done = False
            finally:  # an alert is to arrive as well
                self._set_seconds(max(0.001, deadline - time.monotonic()))
                self._reader.sendall(self._outgoing.read())
            if done:
                return
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                raise TimeoutError
            data = super().receive(seconds)
            if not data:
                raise ConnectionResetError(errno.ECONNRESET, "the other side ended the connection")
            if not heard and data[0] not in FIRST_RECORDS:
                raise NotTls(data)
            heard = True
            self._incoming.write(data)

    @property
    def certificate(self) -> bytes:
        """The other side's certificate (DER); b"" when it has none, as clients do not."""
        return self._tls.getpeercert(binary_form=True) or b""

    def receive(self, seconds: float) -> bytes:
        """As `Link.receive`; a record that does not end, or holds nothing for us, is silence.

        What OpenSSL wants to answer goes out with the next `send`, which is when it is needed.
        """
        deadline = time.monotonic() + seconds
        rest = seconds  # at first as it is: other values are system calls
        while True:
            with self._lock, contextlib.suppress(ssl.SSLWantReadError):
                return self._tls.read(MOST_RECEIVE)  # b"" where the other side has said that this is the end
            if rest <= 0 < seconds:
                raise TimeoutError
            data = super().receive(max(0.0, rest))  # 0 where nobody wants to wait: then all that is there is taken
            rest = deadline - time.monotonic()
            if not data:
                return b""
            with self._lock:
                self._incoming.write(data)

    def send(self, data: bytes | memoryview) -> int:
        """As `Link.send`. What was encrypted and did not fit waits, and does not count as handed over.

        So the next call must begin with the same bytes, `held` of them at the least.
        """
        with self._lock:
            if not self._hand_over():
                return 0
            done, self.held = self.held, 0
            while done < len(data):
                piece = memoryview(data)[done : done + ENCRYPT_SIZE]
                encrypted = 0
                while encrypted < len(piece):  # one record at a time
                    encrypted += self._tls.write(piece[encrypted:])
                self._waiting = memoryview(self._outgoing.read())
                if not self._hand_over():
                    self.held = len(piece)
                    break
                done += len(piece)
            return done

    def _hand_over(self) -> bool:
        """Gives the socket what waits; false when it does not take all of it."""
        while self._waiting:
            sent = super().send(self._waiting)
            if not sent:
                return False
            self._waiting = self._waiting[sent:]
        return True

    def shutdown(self) -> None:
        """As `Link.shutdown`, with the word for it that TLS has, where that fits."""
        with self._lock, contextlib.suppress(OSError):  # it wants to read the other side's word, too
            if self._hand_over():
                try:
                    self._tls.unwrap()
                finally:
                    super().send(self._outgoing.read())
        super().shutdown()


def server_context(file: Path, key: Path | None = None) -> ssl.SSLContext:
    """How a server encrypts: TLS 1.2 or newer, with the certificate and the key in `file` (PEM).

    Raises OSError where they cannot be read or do not belong together.
    """
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET  # nobody here resumes sessions
    tls.num_tickets = 0

    def no_pass_phrase() -> str:  # else OpenSSL asks for one at the terminal, with the port open already
        raise PermissionError(errno.EACCES, "its key has a pass phrase, and a server has nobody to ask at each start")

    tls.load_cert_chain(file, key, no_pass_phrase)
    return tls


def client_context() -> ssl.SSLContext:
    """How a client encrypts. It asks nobody who the server is: it knows it by its certificate when it meets it again.

    On a network of one's own there is no authority to ask; ssh does the same.
    """
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    return tls


def place_of(address: str) -> str:
    """What counts as one place: an address, however it is written. (On a LAN an IPv6 network is everybody's.)"""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped else ip)


def is_own(address: str) -> bool:
    """Whether an address in numbers is this computer's own loopback, where nobody else can be."""
    try:
        return ipaddress.ip_address(place_of(address)).is_loopback
    except ValueError:
        return False


def connect(host: str, port: int) -> Link:
    """A connection to the server at `host` and `port`. Raises `LinkError` with a sentence for people."""
    try:
        return Link(socket.create_connection((host, port), CONNECT_SECONDS))
    except (socket.gaierror, UnicodeError):
        raise LinkError(f"No computer called {host} can be found from here. Is the address right?") from None
    except ConnectionRefusedError:
        raise NobodyListens(f"{host} is there, but no chat is open on port {port}. Is the server running?") from None
    except TimeoutError:
        raise LinkError(
            f"{host} does not answer. Is it on this network, and does its firewall let port {port} in?"
        ) from None
    except OSError as error:
        if error.errno in (errno.EHOSTUNREACH, errno.EHOSTDOWN):  # nobody on this network has the address
            sentence = f"{host} does not answer. Is the address right, and are both computers on the same network?"
            raise LinkError(sentence) from None
        reason = error.strerror or str(error)
        raise LinkError(f"{host} cannot be reached from here ({reason}).") from None
