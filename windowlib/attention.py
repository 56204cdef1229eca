"""Tells somebody who is looking elsewhere that there is something to read: title, icon, sound, and the system's call.

Called by window.py, in Tk's thread. What is to be done is decided by functions that know nothing of Tk.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clientlib.storage import Settings
from windowlib.icon import badge, icon
from windowlib.quiet import now_ms

BETWEEN = 2.0  # s from one sound to the next: ten messages at once are one piece of news
FREEDESKTOP = Path("/usr/share/sounds/freedesktop/stereo/message-new-instant.oga")
MAC_SOUND = Path("/System/Library/Sounds/Pop.aiff")


@dataclass(frozen=True, slots=True)
class Ways:
    """How a piece of news is to be told."""

    sound: bool
    call: bool  # the system's own way to ask for attention


def ways(kind: str, settings: Settings, now: int, *, read: bool, focused: bool) -> Ways:
    """How news of this `kind` is told: not at all when it is being `read` or somebody wants to be left alone.

    A call is for a window that does not have the keyboard; without any sound it is for mentions and private messages.
    """
    from windowlib.inbox import FOR_ONE  # the chat has loaded it: the first screen is there sooner without

    if read or now < settings.quiet_until:
        return Ways(sound=False, call=False)
    wanted = kind in FOR_ONE or settings.sound == "all"
    return Ways(sound=wanted and settings.sound != "off", call=wanted and not focused)


def title(chat: str, unread: int, profile: str = "") -> str:
    """The window's title: `(3) Physics 8b - Hallway`."""
    program = f"Hallway ({profile})" if profile else "Hallway"
    return f"{f'({unread:,}) ' if unread > 0 else ''}{f'{chat} - ' if chat else ''}{program}"


def notification_words(sender: str, kind: str) -> str:
    """What a notification of the system says. Never what was written: others may see the screen."""
    from windowlib.inbox import MENTION, PRIVATE  # as above

    if kind == PRIVATE:
        return f"{sender} wrote to you alone."
    return f"{sender} wrote your name." if kind == MENTION else f"{sender} wrote to everyone."


def player() -> tuple[str, ...] | None:
    """The command that plays this system's sound for a message, where it has both; None: Tk's bell has to do."""
    if sys.platform == "darwin":
        return ("afplay", str(MAC_SOUND)) if shutil.which("afplay") and MAC_SOUND.exists() else None
    if shutil.which("canberra-gtk-play"):
        return "canberra-gtk-play", "-i", "message-new-instant"
    if FREEDESKTOP.exists():
        for program in ("pw-play", "paplay"):
            if shutil.which(program):
                return program, str(FREEDESKTOP)
    return None


class Sound:
    """Makes the sound, without waiting for its end: with the command that `find_player` knows, else the `bell`."""

    def __init__(self, bell: Callable[[], None], find_player: Callable[[], Sequence[str] | None] = player) -> None:
        self._bell, self._find_player = bell, find_player
        self._command: Sequence[str] | None = None
        self._looked = False  # for a player, when the first sound is wanted
        self._playing: subprocess.Popen[bytes] | None = None

    @property
    def is_playing(self) -> bool:
        """Whether a player has not come to its end yet."""
        return self._playing is not None and self._playing.poll() is None

    def play(self) -> None:
        if sys.platform == "win32":
            import winsound

            with contextlib.suppress(RuntimeError):
                winsound.MessageBeep(winsound.MB_ICONASTERISK)
            return
        if not self._looked:
            self._looked, self._command = True, self._find_player()
        if self.is_playing:
            return  # the last one has not even ended
        if self._playing is not None and self._playing.returncode != 0:
            self._command = None  # there is no sound system behind it
        if self._command is not None:
            try:
                self._playing = subprocess.Popen(  # noqa: S603  # one of the commands of `player`
                    self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                return
            except OSError:
                self._command = None
        self._playing = None
        self._bell()

    def close(self) -> None:
        if self._playing is not None:
            self._playing.kill()
            self._playing.wait()


class Attention:
    """The title and the icon of one window, and what it does to be noticed."""

    def __init__(self, root: tk.Tk, settings: Callable[[], Settings], profile: str = "") -> None:
        self.focused = True  # the window has the keyboard
        self.sound = Sound(root.bell)
        self.figures: str | None = None  # that stand on the icon
        self._root, self._settings, self._profile = root, settings, profile
        self._chat, self._unread = "", 0
        self._picture = tk.PhotoImage(master=root)
        self._sounded = -BETWEEN  # on the monotonic clock
        self._draw()

    def follow_focus(self, on_change: Callable[[bool], None]) -> None:
        """From now on it knows whether the window has the keyboard, and calls `on_change` when that comes or goes."""

        def look() -> None:
            with contextlib.suppress(KeyError):  # a menu that Tk alone knows has it
                focused = self._root.focus_get() is not None
                if focused != self.focused:  # else it went from one part of the window to another
                    self.focused = focused
                    on_change(focused)

        for event in ("<FocusIn>", "<FocusOut>"):
            self._root.bind(event, lambda _: self._root.after_idle(look), add=True)

    def name(self, chat: str) -> None:
        """Which chat this is; "" while it is none. What was unread in another one does not count any more."""
        self._chat, self._unread = chat, 0
        self._draw()

    def unread(self, total: int) -> None:
        """So many messages are unread."""
        self._unread = total
        self._draw()

    def news(self, sender: str, kind: str, *, read: bool) -> None:
        """`sender` wrote something; `read`: it is in sight of somebody who has the window before them."""
        told = ways(kind, self._settings(), now_ms(), read=read, focused=self.focused)
        now = time.monotonic()
        if (told.sound or told.call) and now - self._sounded >= BETWEEN:
            self._sounded = now
            if told.sound:
                self.sound.play()
            if told.call:
                call(self._root, self._chat or "Hallway", notification_words(sender, kind))

    def try_sound(self) -> None:
        """The sound as it is, for somebody who chooses one."""
        self.sound.play()

    def close(self) -> None:
        self.sound.close()
        del self._picture  # in Tk's thread

    def _draw(self) -> None:
        self._root.title(title(self._chat, self._unread, self._profile))
        if (figures := badge(self._unread)) != self.figures:
            self.figures = figures
            self._picture.configure(data=icon(figures))
            self._root.iconphoto(True, self._picture)


def call(root: tk.Tk, heading: str, words: str) -> None:
    """The system's own way to say that a window wants to be looked at, where it has one that Tk or Python reaches.

    Tk 9 has notifications; elsewhere on X11 and macOS there is only the bell, which is the sound's.
    """
    if sys.platform == "win32":
        _flash(int(root.wm_frame(), 16))
    if float(root.tk.call("set", "tk_version")) >= 9:
        with contextlib.suppress(tk.TclError):  # a desktop without notifications
            root.tk.call("tk", "sysnotify", heading, words)


def _flash(window: int) -> None:
    """Lets the window's button in the task bar flash until it is looked at."""
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        class FlashInfo(ctypes.Structure):
            _fields_ = (
                ("size", wintypes.UINT), ("window", wintypes.HWND), ("flags", wintypes.DWORD),
                ("count", wintypes.UINT), ("timeout", wintypes.DWORD),
            )  # fmt: skip

        tray, until_foreground = 0x2, 0xC  # FLASHW_TRAY, FLASHW_TIMERNOFG
        info = FlashInfo(ctypes.sizeof(FlashInfo), window, tray | until_foreground, 3, 0)
        with contextlib.suppress(AttributeError, OSError):
            ctypes.windll.user32.FlashWindowEx(ctypes.byref(info))
