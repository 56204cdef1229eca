"""One connection: the bytes between a client and the server, and the sentence when there is none.

A `Link` is read by one thread (`receive`, which waits) and written by one other (`send`, which never waits). On the
server these are the client's thread and the hub; in a client one thread does both. Nothing here knows what is said.

Encryption will go here as well, behind the same calls.
"""

from __future__ import annotations

import contextlib
import errno
import socket

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


class LinkError(OSError):
    """No connection could be made; `str(error)` says why, in words for the person who typed the address."""


class Link:
    """One TCP connection, for one reading and one writing thread.

    The reader's socket waits with a time-out; the writer's is a duplicate that never waits (a time-out would make
    `send` wait as well, and `MSG_DONTWAIT` does not exist on Windows). Both share one non-blocking file description, so
    the reader never goes without a time-out: that would make the writer wait.
    """

    def __init__(self, connected: socket.socket) -> None:
        """Takes over a connected TCP socket. Raises OSError when it is gone already or no descriptor is left."""
        self._reader = connected
        self._seconds = -1.0
        self._size = LEAST_RECEIVE
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEP_ALIVE.items():
            if hasattr(socket, option):
                connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        self._writer = connected.dup()
        self._writer.setblocking(False)

    def receive(self, seconds: float) -> bytes:
        """The next bytes, b"" at the end. Raises TimeoutError after `seconds` of silence, OSError when it broke."""
        if seconds != self._seconds:  # a system call, and rarely another value
            self._reader.settimeout(seconds)
            self._seconds = seconds
        data = self._reader.recv(self._size)
        self._size = MOST_RECEIVE if len(data) == self._size else LEAST_RECEIVE
        return data

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


def connect(host: str, port: int) -> Link:
    """A connection to the server at `host` and `port`. Raises `LinkError` with a sentence for people."""
    try:
        return Link(socket.create_connection((host, port), CONNECT_SECONDS))
    except (socket.gaierror, UnicodeError):
        raise LinkError(f"No computer called {host} can be found from here. Is the address right?") from None
    except ConnectionRefusedError:
        raise LinkError(f"{host} is there, but no chat is open on port {port}. Is the server running?") from None
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
