"""The settings in use, and their way to disk and back. Made by window.py; needs no Tk, only a way to come back later.

settings_screen.py shows what is kept here. Runs in Tk's thread alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from clientlib.storage import Settings, load_settings, save_settings
from windowlib.emoji import remembered

SAVE = 400  # ms after the last of several changes until they are on disk


class Timers(Protocol):
    """What the store needs of a `tk.Tk`."""

    def after(self, ms: int, func: Callable[[], None], /) -> str: ...
    def after_cancel(self, id: str, /) -> None: ...


class SettingsStore:
    """Owns the settings in use. Each change is told at once to `on_change`, as before and after, and kept soon."""

    def __init__(
        self, folder: Path, settings: Settings, timers: Timers,
        on_change: Callable[[Settings, Settings], None], on_trouble: Callable[[str], None],
    ) -> None:  # fmt: skip
        """`settings` are what is kept in `folder`, but for a name and an address that were given at the start."""
        self.folder = folder
        self.recent_emoji = remembered(settings.emoji)  # the composer's, which puts the newest first
        self._settings = settings
        self._last_chat = load_settings(folder)  # with the name and address of the last chat that was entered
        self._timers, self._on_change, self._on_trouble = timers, on_change, on_trouble
        self._saving = ""  # the timer

    @property
    def settings(self) -> Settings:
        """Those in use."""
        return self._settings

    def change(self, settings: Settings) -> None:
        """Somebody chose: these are the settings from now on."""
        before, self._settings = self._settings, settings
        self._on_change(before, settings)
        self._stop_timer()
        self._saving = self._timers.after(SAVE, self.save)

    def keep_geometry(self, geometry: str) -> None:
        """The window has this size and place, which are kept when it is closed."""
        self._settings = replace(self._settings, geometry=geometry)

    def try_chat(self, name: str, host: str, port: int) -> None:
        """Somebody wants to join there. It is kept once they are in."""
        self._settings = replace(self._settings, name=name, host=host, port=port)

    def entered(self, name: str) -> None:
        """They are in, and are called so there: that is what the next start begins with."""
        self._settings = self._last_chat = replace(self._settings, name=name)
        self.save()

    def save(self) -> None:
        """Puts on disk what is not there yet. What was only typed, and led into no chat, is not."""
        self._stop_timer()
        self._settings = replace(self._settings, emoji="".join(self.recent_emoji))
        last = self._last_chat
        kept = replace(self._settings, name=last.name, host=last.host, port=last.port)
        try:
            if kept != load_settings(self.folder):
                save_settings(self.folder, kept)
        except OSError as error:
            self._on_trouble(f"Your settings could not be saved for the next time ({error.strerror or error}).")

    def _stop_timer(self) -> None:
        if self._saving:
            self._timers.after_cancel(self._saving)
            self._saving = ""
