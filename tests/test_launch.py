"""Programs that the window opens: they stand alone, and what goes wrong with them is said in words."""

from __future__ import annotations

import gc
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import CHECKOUT, wait_until
from windowlib.launch import Launcher

SECONDS = 15.0
posix = pytest.mark.skipif(os.name != "posix", reason="sessions, signals and shell scripts are what POSIX has")


@pytest.fixture
def told() -> list[str]:
    """What was said to people."""
    return []


@pytest.fixture
def launcher(told: list[str]) -> Iterator[Launcher]:
    launcher = Launcher(told.append)
    yield launcher
    for program in launcher.running:
        os.kill(program.pid, signal.SIGTERM)
    ended(launcher)


def ended(launcher: Launcher) -> bool:
    """Waits until no program is running, as the window does: by looking now and then."""

    def nothing_runs() -> bool:
        launcher.look()
        return not launcher.running

    wait_until(nothing_runs, SECONDS, "the program has ended")
    return True


def test_a_program_that_fails_says_why(launcher: Launcher, told: list[str]) -> None:
    """Its last words are handed on, once; without any it is said that it failed."""
    launcher.start("The thing", sys.executable, "-c", "import sys; sys.exit('one\\nthere is no display.\\n')")
    assert ended(launcher)
    launcher.start("The thing", sys.executable, "-c", "raise SystemExit(3)")
    assert ended(launcher)

    assert told == ["The thing could not be opened (there is no display).", "The thing could not be opened."]


def test_a_program_that_ends_well_says_nothing(launcher: Launcher, told: list[str]) -> None:
    """Somebody closed it."""
    launcher.start("The thing", sys.executable, "-c", "print('fine')")
    assert ended(launcher)

    assert told == []


def test_a_program_that_is_not_there(launcher: Launcher, told: list[str]) -> None:
    """It is said at once, and nothing runs."""
    launcher.start("The thing", str(Path(sys.executable).parent / "no-such-program"))

    assert [sentence.partition(" (")[0] for sentence in told] == ["The thing cannot be opened"]
    assert launcher.running == []


@posix
def test_a_program_stands_alone(launcher: Launcher) -> None:
    """It is in a session of its own: Ctrl-C where the chat was started does not end it."""
    launcher.start("The thing", sys.executable, "-c", "import time; time.sleep(60)")
    (program,) = launcher.running

    assert os.getsid(program.pid) == program.pid


@posix
def test_nobody_waits_for_a_program_when_its_launcher_is_gone(told: list[str]) -> None:
    """It goes on, and Python has nothing to warn of: with `filterwarnings` a forgotten one would fail this test."""
    launcher = Launcher(told.append)
    launcher.start("The thing", sys.executable, "-c", "import time; time.sleep(60)")
    (program,) = launcher.running
    del launcher
    gc.collect()

    os.kill(program.pid, signal.SIGTERM)  # it raises where there is no such program any more
    wait_until(
        lambda: not is_there(program.pid),
        SECONDS,
        "somebody has waited for its end after all, so that it is not a zombie",
    )
    assert told == []


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@posix
def test_a_program_goes_on_when_we_end(tmp_path: Path) -> None:
    """We end at once, without a word about it; it runs on, and can still write its last words."""
    note, go = tmp_path / "note", tmp_path / "go"
    script = f"while ! test -e {shlex.quote(str(go))}; do sleep 0.02; done; echo bye >&2 && echo $? > {note}"
    ours = f"from windowlib.launch import Launcher; Launcher(print).start('It', 'sh', '-c', {script!r})"
    try:
        finished = subprocess.run(
            [sys.executable, "-X", "dev", "-c", ours], cwd=CHECKOUT, capture_output=True, timeout=SECONDS, check=True
        )
        assert (finished.stdout, finished.stderr) == (b"", b"")
        assert not note.exists()
    finally:
        go.touch()

    wait_until(
        lambda: note.exists() and note.read_text() == "0\n",
        SECONDS,
        "it has gone on, and was not ended by what it said",
    )


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="it is what Linux calls it")
def test_a_folder_is_shown_by_the_systems_own_program(
    launcher: Launcher, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is told the folder; where there is none, that is said."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    launcher.show_folder(tmp_path / "client")
    assert told == ["This system has no program that opens folders; it is the one that is named above."]

    (programs / "xdg-open").write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/shown\n')
    (programs / "xdg-open").chmod(0o755)
    launcher.show_folder(tmp_path / "client")
    assert ended(launcher)
    assert len(told) == 1
    assert (tmp_path / "shown").read_text() == f"{tmp_path / 'client'}\n"
