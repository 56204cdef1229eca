"""Whether this computer's own windows are light or dark, for a look that is like the system's.

Some systems are asked through a program of theirs, which takes a moment: `SystemLook` asks in a thread of its own,
which holds nothing of Tk, and appearance.py looks at its `name` now and then.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

ANSWER_SECONDS = 2.0  # for one of the programs that know it
PORTAL = (
    "gdbus", "call", "--session", "--timeout", "1", "--dest", "org.freedesktop.portal.Desktop",
    "--object-path", "/org/freedesktop/portal/desktop", "--method", "org.freedesktop.portal.Settings.Read",
    "org.freedesktop.appearance", "color-scheme",
)  # fmt: skip
GNOME = ("gsettings", "get", "org.gnome.desktop.interface")


def system_look() -> str:
    """`light` or `dark` as this user's system says; "" where it says nothing. May take seconds."""
    if sys.platform == "win32":
        return _of_windows()
    if sys.platform == "darwin":  # what is not set there is light
        return "dark" if "dark" in _answer("defaults", "read", "-g", "AppleInterfaceStyle").lower() else "light"
    bus = os.environ.get("DBUS_SESSION_BUS_ADDRESS") or Path(os.environ.get("XDG_RUNTIME_DIR", "/"), "bus").exists()
    if not bus:  # where there is none, some of these programs would start one
        return ""
    # The portal's words (freedesktop.org, XDG Desktop Portal, Settings): 1 prefers dark, 2 light, 0 neither.
    told = re.search(r"uint32 ([012])", _answer(*PORTAL))
    if told and told[1] != "0":
        return "dark" if told[1] == "1" else "light"
    scheme = _answer(*GNOME, "color-scheme")
    if "prefer" in scheme:
        return "dark" if "dark" in scheme else "light"
    if told:  # it has no preference, which is what it looks like by itself
        return "light"
    return "dark" if re.search(r"-dark\b", _answer(*GNOME, "gtk-theme"), re.IGNORECASE) else ""


def _of_windows() -> str:
    if sys.platform == "win32":  # said once more for mypy, which reads each function by itself
        import winreg

        path = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
                return "light" if winreg.QueryValueEx(key, "AppsUseLightTheme")[0] else "dark"
        except OSError:
            return ""
    return ""


def _answer(*command: str) -> str:
    """What a program says; "" where it is missing, fails or takes too long."""
    try:
        return subprocess.run(  # noqa: S603  # the commands above, nothing that came from anywhere
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            errors="replace", timeout=ANSWER_SECONDS, check=True,
        ).stdout  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""


class SystemLook:
    """The last answer of the system, and a thread that fetches the next one. Used by one thread, which never waits."""

    def __init__(self) -> None:
        self.name = ""  # written by the asking thread: one reference, which is put there as a whole
        self._asking: threading.Thread | None = None

    @property
    def is_asking(self) -> bool:
        """Whether an answer is waited for, in the other thread."""
        return self._asking is not None and self._asking.is_alive()

    def ask(self) -> None:
        """Starts to find it out, unless that is under way."""
        if not self.is_asking:
            self._asking = threading.Thread(target=self._ask, name="hallway-system-look", daemon=True)
            self._asking.start()

    def wait(self, seconds: float) -> str:
        """The answer, if it comes within `seconds`; else the last one."""
        if self._asking is not None:
            self._asking.join(seconds)
        return self.name

    def _ask(self) -> None:
        self.name = system_look() or self.name
