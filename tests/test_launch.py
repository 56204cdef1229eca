"""Programs that the window opens: they stand alone, and what goes wrong with them is said in words."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from windowlib.launch import CannotLaunch, Launcher

SECONDS = 15.0


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    launcher = Launcher()
    yield launcher
    for program in launcher._running:
        program.process.kill()
        program.process.wait()
    launcher.close()


def troubles(launcher: Launcher) -> list[str]:
    """What is said when the program has ended."""
    deadline = time.monotonic() + SECONDS
    while launcher._running:
        if told := launcher.troubles():
            return told
        assert time.monotonic() < deadline, "the program goes on"
        time.sleep(0.01)
    return launcher.troubles()


def test_a_program_that_fails_says_why(launcher: Launcher) -> None:
    """Its last words are handed on; without any it is said that it failed."""
    launcher._start("The thing", sys.executable, "-c", "import sys; sys.exit('one\\nthere is no display.\\n')")
    assert troubles(launcher) == ["The thing could not be opened (there is no display)."]

    launcher._start("The thing", sys.executable, "-c", "raise SystemExit(3)")
    assert troubles(launcher) == ["The thing could not be opened."]


def test_a_program_that_ends_well_says_nothing(launcher: Launcher) -> None:
    """Somebody closed it."""
    launcher._start("The thing", sys.executable, "-c", "print('fine')")

    assert troubles(launcher) == []


def test_a_program_that_is_not_there(launcher: Launcher) -> None:
    """It is said at once."""
    with pytest.raises(CannotLaunch, match="The thing cannot be opened"):
        launcher._start("The thing", str(Path(sys.executable).parent / "no-such-program"))


@pytest.mark.skipif(os.name != "posix", reason="a session is what POSIX calls it")
def test_a_program_stands_alone(launcher: Launcher) -> None:
    """It is in a session of its own: Ctrl-C where the chat was started does not end it, nor does closing the chat."""
    launcher._start("The thing", sys.executable, "-c", "import time; time.sleep(60)")
    (program,) = launcher._running
    assert os.getsid(program.process.pid) == program.process.pid

    launcher.close()
    os.kill(program.process.pid, 0)
    program.process.returncode = None  # ours again, to be ended
    program.process.kill()
    program.process.wait()


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="it is what Linux calls it")
def test_a_folder_is_shown_by_the_systems_own_program(
    launcher: Launcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is told the folder; where there is none, that is said."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(CannotLaunch, match="no program that opens folders"):
        launcher.show_folder(tmp_path / "client")

    (programs / "xdg-open").write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/shown\n')
    (programs / "xdg-open").chmod(0o755)
    launcher.show_folder(tmp_path / "client")
    assert troubles(launcher) == []
    assert (tmp_path / "shown").read_text() == f"{tmp_path / 'client'}\n"
