"""What every test gets: folders of its own, the real server, and peers that are closed when it ends."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

import discovery
import peers
from processes import ServerHere, ServerProcess

if TYPE_CHECKING:
    from desk import Desk

# The same examples every time: a test that fails on one machine fails on all of them. `--hypothesis-profile=search`
# looks for new ones.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None, max_examples=100)
hypothesis.settings.register_profile("search", deadline=None, max_examples=5000)
hypothesis.settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=20, help="how often the server is killed under load (default 20)")


def pytest_configure() -> None:
    """SIGTERM ends the tests as Ctrl-C does: with the servers they started stopped."""
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))


def pytest_collection_finish() -> None:
    """What is there before the first test stays: tidying memory between tests need not look at it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _tidy_windows() -> None:
    """Windows of earlier tests go now, where Tk runs: one that another thread tidies away ends the process.

    Before a test and not after it, when pytest still holds what it was given.
    """
    if "_tkinter" in sys.modules:
        gc.collect()


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How many rounds the tests go that kill the server; `--rounds 500` is the long run."""
    count = request.config.getoption("--rounds")
    assert isinstance(count, int)
    return count


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the tester's own settings, outbox or history, and no HALLWAY_* variable leaks in."""
    for name in [name for name in os.environ if name.startswith("HALLWAY_")]:
        monkeypatch.delenv(name)
    before = Path.home()
    for name, old in {"XAUTHORITY": before / ".Xauthority", "XDG_CACHE_HOME": before / ".cache"}.items():
        if name not in os.environ:  # the key of the screen and the font cache stay the tester's
            monkeypatch.setenv(name, str(old))
    # A chat on the tester's own network is none of the tests' business.
    monkeypatch.setattr(discovery, "DEFAULT_PORT", 9)  # "discard": nothing answers there
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))  # where the tester's desktop would say what it looks like
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _close_peers() -> Iterator[None]:
    yield
    peers.close_all()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """`start_server(*arguments, **environment)` starts one more real server, with a data folder of its own.

    `start_server("--max-clients", "3", HALLWAY_PORT="2048")`; a later `--data DIR` wins over the folder given here.
    `makes_certificate` and `forked` are as in `ServerProcess`.
    """
    started: list[ServerProcess] = []

    def start(
        *arguments: str, makes_certificate: bool = False, forked: bool = False, **environment: str
    ) -> ServerProcess:
        folder = tmp_path / f"server-{len(started) + 1}"
        server = ServerProcess(
            folder, *arguments, environment=environment, makes_certificate=makes_certificate, forked=forked
        )
        started.append(server)
        return server

    yield start
    for server in started:
        server.close()

    for server in started:
        assert "Traceback" not in server.log, f"the server met something it did not expect:\n{server.log}"


@pytest.fixture
def server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    """The real server, in a process of its own, on a free port, with no flood control."""
    return start_server(forked=True)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., ServerHere]]:
    """`serve()` starts a server in this process; constants of `server` and `hub` are to be set before."""
    started: list[ServerHere] = []

    def start(**options: Any) -> ServerHere:
        started.append(ServerHere(tmp_path / f"here-{len(started)}", **options))
        return started[-1]

    yield start
    for here in started:
        here.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a client keeps its things; it is not made yet."""
    return tmp_path / "client"


@pytest.fixture
def desk(folder: Path) -> Iterator[Desk]:
    """A window that was just opened for the first time."""
    from clientlib.storage import Settings
    from desk import Desk  # here, as it needs Tk

    desk = Desk(folder, Settings(port=9))
    yield desk
    desk.window.close()


@pytest.fixture
def finders(monkeypatch: pytest.MonkeyPatch) -> list[discovery.Finder]:
    """Those that were started. None asks anybody: what is heard comes from the test alone, which puts it on `heard`."""
    started: list[discovery.Finder] = []

    def start(finder: discovery.Finder) -> None:
        started.append(finder)

    monkeypatch.setattr(discovery.Finder, "start", start)
    return started


@pytest.fixture
def joined(folder: Path, server: ServerProcess) -> Iterator[Desk]:
    """A window that is in a chat."""
    from desk import in_the_chat

    desk = in_the_chat(folder, server)
    yield desk
    desk.window.close()
