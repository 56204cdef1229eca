"""Whether the system's windows are light or dark, as the programs that know it say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from windowlib import system_look
from windowlib.system_look import SystemLook

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="this is how Linux says it")
UNANSWERED = "exit 1"


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of the PATH, for programs of a desktop that answer as a test wants."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    return programs


def answers(programs: Path, **lines: str) -> None:
    """Puts a script for each program there."""
    for name, line in lines.items():
        (programs / name).write_text(f"#!/bin/sh\n{line}\n")
        (programs / name).chmod(0o755)


@pytest.mark.parametrize(
    ("gdbus", "gsettings", "look"),
    [
        ("echo '(<<uint32 1>>,)'", UNANSWERED, "dark"),
        ("echo '(<<uint32 2>>,)'", "echo \"'prefer-dark'\"", "light"),
        ("echo '(<<uint32 0>>,)'", "echo \"'prefer-dark'\"", "dark"),
        ("echo '(<<uint32 0>>,)'", "echo \"'default'\"", "light"),
        (UNANSWERED, "echo \"'prefer-light'\"", "light"),
        (UNANSWERED, "echo \"'Adwaita-dark'\"", "dark"),
        (UNANSWERED, "echo \"'Adwaita'\"", ""),
        (UNANSWERED, UNANSWERED, ""),
        ("printf '\\377nonsense'", UNANSWERED, ""),
    ],
)
def test_what_a_desktop_says(desktop: Path, gdbus: str, gsettings: str, look: str) -> None:
    """The portal first, then GNOME's settings; nothing where neither knows."""
    answers(desktop, gdbus=gdbus, gsettings=gsettings)

    assert system_look.system_look() == look


def test_without_a_session_bus_nothing_is_started(
    desktop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some of these programs start one themselves where there is none, and leave it behind."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    answers(desktop, gdbus=f"echo started > {tmp_path}/proof", gsettings=f"echo started > {tmp_path}/proof")

    assert system_look.system_look() == ""
    assert not (tmp_path / "proof").exists()


def test_a_desktop_that_does_not_answer_holds_nobody_up(desktop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program is given up, and what was known stays known."""
    monkeypatch.setattr(system_look, "ANSWER_SECONDS", 0.2)
    answers(desktop, gdbus="exec /bin/sleep 60", gsettings=UNANSWERED)
    look = SystemLook()
    look.name = "dark"
    look.ask()

    assert look.wait(0.0) == "dark"
    assert look.is_asking
    assert look.wait(30.0) == "dark"
    assert not look.is_asking


def test_it_is_followed(desktop: Path) -> None:
    """Each time it is asked it is the system's look of now."""
    look = SystemLook()
    for number, name in ((1, "dark"), (2, "light")):
        answers(desktop, gdbus=f"echo '(<<uint32 {number}>>,)'")
        look.ask()
        assert look.wait(30.0) == name
