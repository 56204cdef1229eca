"""Hallway's server: `python3 server.py`.

The main thread reads the command line, starts everything and waits for the end. One thread accepts for each address
listened on, one per connection shakes hands, reads and understands (serverlib/connection.py), one reads what the
operator types (terminal.py), and the hub (hub.py) does everything that concerns more than one person. Beside them one
thread answers who looks for chats (discovery.py), one reads old messages for those who are behind (delivery.py), and
one writes the log lines.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import getpass
import logging
import os
import queue
import signal
import socket
import ssl
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from certificate import NoCertificate, fingerprint_of, four_words, has_certificate, own_certificate
from discovery import Answerer, Description, local_addresses, usual_chat_name
from history import HistoryError, data_folder
from link import SEND_BUFFER, server_context
from names import MAX_NAME, clean_line
from protocol import DEFAULT_PORT, MAX_SECRET, __version__, read_port
from serverlib.connection import Connection
from serverlib.door import Door, Turns
from serverlib.hub import Hub
from serverlib.posts import Stop
from serverlib.terminal import Terminal
from serverlib.visit import Shared

PAGES = 2  # read from the log at once: a hundred people who scroll leave the processor to those who write
SEARCHES = 2  # at once; each may take a second
# Connections beside those of --max-clients that may be about to join: everybody at once after a restart, or nine
# computers with nothing good in mind that take all they may.
UNJOINED = 600
MAX_CLIENTS = 2000  # a thread each; 4,000 were measured to take 63 MiB
SPARE_DESCRIPTORS = 64  # for the log, its readers and what Python needs
ACCEPT_PAUSE = 1.0  # seconds, when the system has no descriptor or thread left
STOP_SECONDS = 3.0  # for the threads to end
EOF_SECONDS = 10.0  # for a server to end by itself when the program that has started it is gone
LOG_LINES = 10_000  # waiting to be written; a terminal that stands still costs lines, not the chat

NOTHING_LEFT = "The system has no thread or no open file left for the chat. Close other programs, and start it again."

log = logging.getLogger("hallway")


class Options(NamedTuple):
    """What the command line and the environment ask for."""

    host: str | None  # None: every address of this machine
    port: int
    name: str
    data: Path
    rate: float  # messages a second for one person; 0: no limit
    max_clients: int
    plaintext: bool = False
    certificate: Path | None = None  # None: one of our own making
    key: Path | None = None  # None: it is in the certificate's file
    announce: bool = True  # whether programs that look for chats on the network are answered


class StartError(Exception):
    """The server cannot start; `str(error)` says why and what to do."""


class Server:
    """Listens, and gives every connection its thread. `start`, then `stop`; each from the main thread."""

    def __init__(self, options: Options, password: str | None = None) -> None:
        self.options = options
        self.door = Door(password)
        self.tls: ssl.SSLContext | None = None  # None: not encrypted
        self.words = ""  # by which people know the certificate
        self._fingerprint: str | None = None  # of the certificate
        self.no_certificate: str | None = None  # what to install, so that there would be one
        self.is_stranger = False  # to those who were here before: the log is older than the certificate
        self.stopping = threading.Event()
        self.searches = Turns(SEARCHES)
        self.hub = Hub(options.data, options.name, options.max_clients, self.door)
        self._listeners: list[socket.socket] = []
        self._acceptors: list[threading.Thread] = []
        self._answerer: Answerer | None = None
        self._shared: Shared  # set before the first connection is accepted
        self._connections: set[Connection] = set()
        self._connections_lock = threading.Lock()  # guards _connections: acceptors add, connections take themselves out

    def start(self) -> Path | None:
        """Opens the port and the log, lets people in. Returns where a malformed log was put. Raises `StartError`."""
        self._listeners = listen(self.options.host, self.options.port)
        try:
            set_aside = self.hub.start_up()
        except (HistoryError, OSError, RuntimeError) as error:
            for listener in self._listeners:
                listener.close()
            raise StartError(str(error) if isinstance(error, HistoryError) else NOTHING_LEFT) from None
        try:
            if not self.options.plaintext:
                self._prepare_tls()  # after the log: until that is open, another server may have this folder
        except StartError:
            self.stop("The server could not start.")
            raise
        options, pages = self.options, threading.Semaphore(PAGES)
        self._shared = Shared(
            self.hub, self.door, self.tls, options.data, options.rate, self.stopping, pages, self.searches
        )
        try:
            for listener in self._listeners:
                acceptor = threading.Thread(target=self._accept, args=(listener,), name="hallway-accept")
                acceptor.start()
                self._acceptors.append(acceptor)
        except RuntimeError:
            self.stop("The server could not start.")
            raise StartError(NOTHING_LEFT) from None
        self._announce()
        return set_aside

    def _announce(self) -> None:
        """Answers who looks for chats, where people can join: at the IPv4 address that is listened on, or at all."""
        host = next((one.getsockname()[0] for one in self._listeners if one.family == socket.AF_INET), None)
        if self.options.announce and host is not None:
            self._answerer = Answerer(self.port, self._describe, None if self.options.host is None else host)
            self._answerer.start()

    def _describe(self) -> Description:
        key = self._fingerprint or self.hub.history_id
        encrypted, asks = self.tls is not None, self.door.has_password
        return Description(self.options.name, self.hub.people_here, asks, encrypted, self.port, key)

    def _prepare_tls(self) -> None:
        """Loads the certificate, and makes it at the first start. Raises `StartError`."""
        given = self.options.certificate
        try:
            is_new = given is None and not has_certificate(self.options.data)
            file = given or own_certificate(self.options.data)
        except NoCertificate as problem:
            self.no_certificate = str(problem)
            return
        except OSError as error:
            reason = error.strerror or str(error)
            raise StartError(f"The certificate cannot be kept in {self.options.data} ({reason}).") from None
        try:
            self.tls = server_context(file, self.options.key)
            self._fingerprint = fingerprint_of(file)
            self.words = four_words(self._fingerprint)
            self.is_stranger = is_new and self.hub.found_messages
        except (OSError, ValueError) as error:
            raise StartError(_why_not_encrypted(file, self.options.key, error, own=given is None)) from None

    @property
    def port(self) -> int:
        """The port listened on."""
        port: int = self._listeners[0].getsockname()[1]
        return port

    def _accept(self, listener: socket.socket) -> None:
        complained = False
        while not self.stopping.is_set():
            try:
                accepted, address = listener.accept()
            except TimeoutError:
                continue
            except OSError as error:
                if self.stopping.is_set():
                    return
                if error.errno in (errno.ECONNABORTED, errno.EPROTO):  # gone before it was accepted
                    continue
                if not complained:
                    log.error("No further connections just now (%s); those that are open go on.", error.strerror)
                complained = True
                self.stopping.wait(ACCEPT_PAUSE)
                continue
            complained = False
            self._serve(accepted, address[0], address[1])

    def _serve(self, accepted: socket.socket, host: str, port: int) -> None:
        if len(self._connections) >= self.options.max_clients + UNJOINED:
            accepted.close()  # in silence: it would take a thread to say so
            return
        if not self.door.enter(host):
            log.info("%s has too many connections; a further one is closed", host)
            accepted.close()
            return
        connection = Connection(self._shared, accepted, host, port, self._forget)
        with self._connections_lock:  # before it starts: it may end, and take itself out, before start() returns
            self._connections.add(connection)
        try:
            connection.start()
        except RuntimeError:  # the system gives us no further thread
            log.error("No thread for a connection from %s; it is closed.", host)
            accepted.close()
            self._forget(connection)
            self.stopping.wait(ACCEPT_PAUSE)

    def _forget(self, connection: Connection) -> None:
        """Takes a connection off the list; called by its own thread at its end."""
        with self._connections_lock:
            self._connections.discard(connection)
        self.door.leave(connection.host)

    def stop(self, reason: str) -> None:
        """Tells everybody goodbye, writes down what was taken, ends every thread. May be called again."""
        self.stopping.set()
        if self._answerer is not None:
            self._answerer.stop()
        for listener in self._listeners:
            with contextlib.suppress(OSError):  # on Linux it wakes who waits for a connection; elsewhere that looks up
                listener.shutdown(socket.SHUT_RDWR)
        for acceptor in self._acceptors:
            acceptor.join()
        for listener in self._listeners:
            listener.close()
        self.hub.post(Stop(reason))
        self.hub.join()
        with self._connections_lock:
            connections = list(self._connections)
        for connection in connections:
            connection.shutdown()
        deadline = time.monotonic() + STOP_SECONDS
        for connection in connections:
            connection.join(max(0.0, deadline - time.monotonic()))


def listen(host: str | None, port: int) -> list[socket.socket]:
    """Listening sockets on all addresses of `host`, or of the machine (IPv4, and IPv6 where it has it).

    All are on one port; port 0 takes a free one. Raises `StartError`.
    """
    if host is None:
        wanted = [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")]
    else:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except (socket.gaierror, UnicodeError):
            raise StartError(f"There is no address {host}. Leave --host out to listen on every address.") from None
        wanted = list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))
    listeners: list[socket.socket] = []
    problem: OSError | None = None
    for family, address in wanted:
        try:
            listener = _listener(family, address, port)
        except OSError as error:
            problem = problem or error
            if error.errno == errno.EADDRINUSE:
                break
            continue  # IPv6 is off, or the name has an address that this machine has not
        listeners.append(listener)
        port = listener.getsockname()[1]
    if listeners and (problem is None or problem.errno != errno.EADDRINUSE):
        return listeners
    for listener in listeners:
        listener.close()
    raise StartError(_why_not_listening(host, port, problem))


def _listener(family: int, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # SO_REUSEADDR would let another program take the port there
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # accepted sockets inherit it
        listener.bind((address, port))
        listener.listen(1024)
        listener.settimeout(0.5)  # so that stopping is noticed everywhere, see `Server.stop`
    except OSError:
        listener.close()
        raise
    return listener


def _why_not_listening(host: str | None, port: int, problem: OSError | None) -> str:
    number = problem.errno if problem else None
    if number == errno.EADDRINUSE:
        return f"Port {port} is in use: perhaps a server runs already. Stop it, or choose another port with --port."
    if number == errno.EACCES:
        return f"Port {port} is reserved for the system. Choose another one, above 1023, with --port."
    if number == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this computer. Leave --host out to listen on all that are."
    return f"Port {port} cannot be opened ({problem.strerror if problem else 'no address'})."


def _why_not_encrypted(file: Path, key: Path | None, error: OSError | ValueError, own: bool) -> str:
    if isinstance(error, ssl.SSLError) and "TOO_SMALL" in (error.reason or ""):
        reason = "its key is too short to be safe"
    elif isinstance(error, ssl.SSLError):
        reason = "they do not belong together, or are no PEM files" if key else "it holds no certificate with its key"
    else:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is no PEM file"
    files = f"{file} and {key}" if key else f"{file}"
    if own:
        advice = "Put it back, or delete it: a new one is made then, and people's programs will ask about it"
    else:
        advice = "Give the PEM file of a certificate with --cert, and the one of its key with --key"
    return f"The certificate in {files} cannot be used ({reason}). {advice}."


def addresses_to_type() -> list[str]:
    """This machine's addresses on its networks, the likeliest first. Nothing is sent to find out."""
    found: list[str] = []
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):  # RFC 5737, RFC 3849
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))  # only asks the routing table which address would be used
            found.append(probe.getsockname()[0])
    with contextlib.suppress(OSError, UnicodeError):
        found += [str(address[0]) for _, _, _, _, address in socket.getaddrinfo(socket.gethostname(), None)]
    usable = [address for address in found if not address.startswith(("127.", "fe80:", "0.")) and address != "::1"]
    if not any("." in address for address in usable):  # without a gateway no route leads from here to elsewhere
        usable = [*local_addresses(), *usable]
    return list(dict.fromkeys(usable))


def raise_descriptor_limit(clients: int) -> int:
    """Lets this process open as many files as `clients` need, where it may; returns for how many it is enough."""
    try:
        import resource
    except ImportError:  # Windows; the hub's selector is select() there, which takes 512 sockets
        return min(clients, 500)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * (clients + UNJOINED) + SPARE_DESCRIPTORS
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit that it does not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    places = (soft - SPARE_DESCRIPTORS) // 2
    return max(1, min(clients, places - min(UNJOINED, places // 2)))


# --- the command line -------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the server until it is told to stop; returns the exit status."""
    given = _given(arguments)
    try:
        password = _asked(given)
    except KeyboardInterrupt:
        return 130
    except StartError as error:
        print(f"server.py: {error}", file=sys.stderr)
        return 1
    stop_logging = _start_logging(given.log_level)
    try:
        return _run(Server(_options(given), password), given.max_clients, given.until_eof)
    except StartError as error:
        print(f"server.py: {error}", file=sys.stderr)
        return 1
    finally:
        stop_logging()


def _given(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, read; what contradicts itself in it ends the program with a sentence."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.key and not given.cert:
        parser.error("--key needs --cert, the certificate that the key is for")
    if given.plaintext and given.cert:
        parser.error("--plaintext does without the certificate that --cert names; give one of the two")
    return given


def _options(given: argparse.Namespace) -> Options:
    return Options(
        host=given.host,
        port=given.port,
        name=clean_line(given.name)[: 2 * MAX_NAME],
        data=given.data,
        rate=given.rate,
        max_clients=raise_descriptor_limit(given.max_clients),
        plaintext=given.plaintext,
        certificate=given.cert,
        key=given.key,
        announce=not given.no_announce,
    )


def _asked(given: argparse.Namespace) -> str | None:
    """Asks what is to be asked before the chat opens; returns its password, if it has one. Raises `StartError`."""
    if given.ask:
        with _an_answer("there is nobody to ask. Leave --ask out, or answer at a terminal."):
            _ask(given)
    with _an_answer("there is nobody to ask for the password. Set HALLWAY_PASSWORD instead."):
        return _password(given.password)


@contextlib.contextmanager
def _an_answer(sentence: str) -> Iterator[None]:
    """Raises `StartError` with this sentence when a question gets none."""
    try:
        yield
    except EOFError:
        print(file=sys.stderr)  # nobody's Enter has ended the line
        raise StartError(sentence) from None


def _ask(given: argparse.Namespace) -> None:
    """Asks for address and port, until they make sense. Raises EOFError at the end of the input."""
    given.host = input("Enter server IP (Enter alone: every address of this computer): ").strip() or given.host
    while True:
        answer = input(f"Enter server port (Enter alone: {given.port}): ").strip()
        try:
            given.port = _port(answer or str(given.port))
        except argparse.ArgumentTypeError as problem:
            print(problem)
        else:
            return


def _password(ask: bool) -> str | None:
    """The password that people need, or None. Never from the arguments, which everybody on the machine can read.

    Raises EOFError when nobody answers, `StartError` when it is none.
    """
    given = os.environ.pop("HALLWAY_PASSWORD", None)  # not for the programs that we start
    if given is None and ask:
        given = _typed_twice()
    if given is not None and not 0 < len(given) <= MAX_SECRET:
        raise StartError(f"A password has 1 to {MAX_SECRET} characters; this one has {len(given)}. Choose another one.")
    return given


def _typed_twice() -> str:
    """A new password from the terminal, which does not show it. Raises EOFError when nobody answers, or could."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            while True:
                password = getpass.getpass("Password for this chat: ")
                if not password or getpass.getpass("The same once more: ") == password:
                    return password
                print("Those were two different ones.")
        except getpass.GetPassWarning:  # what is typed here would be seen
            raise EOFError from None


def _run(server: Server, wanted_clients: int, until_eof: bool = False) -> int:
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()  # its put is made for handlers; an Event has a lock in it

    def ask_to_stop(number: int, _frame: FrameType | None) -> None:
        signals.put(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    if hasattr(signal, "SIGTTIN"):  # reading the terminal in the background is to be an error, not a standstill
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    terminal = Terminal.of_standard_input(server.hub.post, lambda: signals.put(signal.SIGTERM))
    if until_eof:
        threading.Thread(target=_await_eof, args=(lambda: signals.put(signal.SIGTERM),), daemon=True).start()
    # What a message makes is freed by reference counts; looking for cycles after every 700 objects took 8 % of a flood.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    set_aside = server.start()
    with contextlib.suppress(OSError):  # nobody reads our standard output: no reason not to serve
        _greet(server, wanted_clients, set_aside, terminal is not None)
    if terminal is not None:
        terminal.start()
    stopped_by: int | None = None
    while stopped_by is None and not server.hub.ended.is_set():
        with contextlib.suppress(queue.Empty):
            stopped_by = signals.get(timeout=0.5)  # in steps, because on Windows a signal does not end a wait
    failed = server.hub.ended.is_set()
    server.stop("The server is closing.")
    log.info("stopped")
    if failed:
        return 1
    return 130 if stopped_by == signal.SIGINT else 0


def _await_eof(stop: Callable[[], None]) -> None:
    """Stops the server when the program at the other end of our standard input is gone, however it went."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):  # not sys.stdin, whose lock Python would want at its end
            pass
    stop()
    time.sleep(EOF_SECONDS)
    os._exit(1)  # nobody is left who could end a server that hangs


def _greet(server: Server, wanted_clients: int, set_aside: Path | None, has_terminal: bool) -> None:
    """The first lines. clientlib/hosting.py reads addresses, words and port out of them, whatever else they say."""
    options, port = server.options, server.port
    if set_aside:
        print(f"ATTENTION: the log was damaged. It is kept as {set_aside}, and a new one begins.")
    help_comes = " Type help for what else you can do." if has_terminal else ""
    print(f"Hallway {__version__}: “{options.name}” is open. Ctrl-C closes it.{help_comes}")
    if server.no_certificate:
        print(f"ATTENTION: nothing is encrypted, for want of a certificate. {server.no_certificate}, and start again.")
    hosts = addresses_to_type() if options.host is None else [options.host]
    ending = "" if port == DEFAULT_PORT else f" --port {port}"
    for host in hosts or ["127.0.0.1"]:
        print(f"  Join with   python3 client.py --host {host}{ending}")
    if options.max_clients < wanted_clients:
        print(f"  This system's limit of open files allows {options.max_clients} people at once.")
    print(f"  The log is in {options.data}")
    if server.tls is not None:
        print(f"  Encrypted; people's programs show these words for it:   {server.words}")
        if server.is_stranger:
            print("  The certificate is new: whoever was here before is stopped, and asked to compare these words.")
    else:
        print("  Not encrypted: others on the network can read along.")
    if server.door.has_password:
        print("  Nobody comes in without the password.")
    print(f"Listening on port {port}\n", end="", flush=True)  # one write: the log's lines go to the same terminal


class _Forgetful(logging.Handler):
    """Puts log lines where a thread of its own writes them. When that stands still, lines are dropped."""

    def __init__(self, lines: queue.Queue[bytes | None]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Puts a line into the queue if there is room."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(f"{self.format(record)}\n".encode(sys.stderr.encoding, "backslashreplace"))


def _start_logging(level: str) -> Callable[[], None]:
    """Begins to write log lines to standard error; returns what ends it, within two seconds."""
    if sys.stderr is None:  # closed by whoever started us
        log.addHandler(logging.NullHandler())
        return lambda: None
    try:
        # Unbuffered, so that a thread which hangs in a write holds no lock that Python wants at its end.
        terminal = open(sys.stderr.fileno(), "wb", buffering=0, closefd=False)  # noqa: SIM115 - open until the end
    except (OSError, ValueError):  # an editor's own window, such as IDLE's, is no file
        terminal = None
    lines: queue.Queue[bytes | None] = queue.Queue(LOG_LINES)

    def write() -> None:
        while (line := lines.get()) is not None:
            with contextlib.suppress(OSError):  # a terminal that has gone is no reason not to serve
                if terminal is None:
                    sys.stderr.write(line.decode(errors="replace"))
                else:
                    terminal.write(line)

    writer = threading.Thread(target=write, name="hallway-log", daemon=True)
    writer.start()
    handler = _Forgetful(lines)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(level)

    def stop() -> None:
        with contextlib.suppress(queue.Full):
            lines.put(None, timeout=1.0)
        writer.join(1.0)

    return stop


def _port(text: str) -> int:
    try:
        return read_port(text, 0)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate < 1e9:
        raise argparse.ArgumentTypeError(f"the rate is a number of messages a second, 0 for no limit; not “{text}”")
    return rate


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 0 < int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"a number from 1 to 100000 is needed, not “{text}”")
    return int(text)


def _level(text: str) -> str:
    if text.lower() not in ("debug", "info", "warning", "error"):
        raise argparse.ArgumentTypeError(f"the level is debug, info, warning or error, not “{text}”")
    return text.upper()


def _parser() -> argparse.ArgumentParser:
    """The flags; a HALLWAY_ variable stands behind each that has a value."""
    parser = argparse.ArgumentParser(
        prog="server.py", description="Hallway's server: one person runs it, everybody else joins with client.py."
    )

    def add(flag: str, metavar: str, variable: str, default: str | None, kind: Callable[[str], Any], text: str) -> None:
        value = os.environ.get(variable) or default
        try:
            preset = None if value is None else kind(value)
        except argparse.ArgumentTypeError as problem:
            parser.error(f"{variable}: {problem}")
        # An empty value is none: a folder named "" would be the one we stand in.
        parser.add_argument(
            flag, metavar=metavar, type=lambda given: kind(given) if given else preset, default=preset, help=text
        )

    add("--host", "ADDR", "HALLWAY_HOST", None, str, "listen on this address only (default: on every one)")
    add("--port", "PORT", "HALLWAY_PORT", str(DEFAULT_PORT), _port, f"default: {DEFAULT_PORT}; 0 takes a free one")
    add("--name", "TEXT", "HALLWAY_CHAT", usual_chat_name(), str, "what the chat is called")
    add("--data", "DIR", "HALLWAY_DATA", str(data_folder()), Path, "where the log is kept (default: %(default)s)")
    add("--rate", "N", "HALLWAY_RATE", "5", _rate, "messages a second for each person (default: 5; 0: no limit)")
    add("--max-clients", "N", "HALLWAY_MAX_CLIENTS", str(MAX_CLIENTS), _count, f"people (default: {MAX_CLIENTS})")
    add("--cert", "FILE", "HALLWAY_CERT", None, Path, "a certificate (PEM) of your own, instead of one that is made")
    add("--key", "FILE", "HALLWAY_KEY", None, Path, "its key, where that is in another file")
    add("--log-level", "L", "HALLWAY_LOG_LEVEL", "info", _level, "debug (with what people write), info, warning, error")
    parser.add_argument("--password", action="store_true", help="ask for a password, which people then need to come in")
    parser.add_argument("--plaintext", action="store_true", help="do not encrypt: others on the network can read along")
    quiet = os.environ.get("HALLWAY_NO_ANNOUNCE", "") not in ("", "0")
    parser.add_argument(
        "--no-announce", action="store_true", default=quiet,
        help="do not answer programs that look for chats on the network: people type the address",
    )  # fmt: skip
    # For the window that hosts a chat (hosting.py): it holds our standard input, which ends with it.
    parser.add_argument("--until-eof", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--ask", action="store_true", help="ask for the address and the port first")
    parser.add_argument("--version", action="version", version=f"Hallway {__version__}")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # before there was anything to stop
        sys.exit(130)
