"""The look and the size of a window: as its settings say, and like the system where they leave it to that.

Made by window.py, in Tk's thread. How each look is drawn is in look.py; what the system says, in system_look.py.
"""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace

from clientlib.storage import ZOOM, Settings
from windowlib.colours import DARK
from windowlib.display import give_keyboard
from windowlib.look import Theme
from windowlib.settings_store import SettingsStore
from windowlib.system_look import SystemLook

STEPS = (50, 67, 80, 90, 100, 110, 125, 150, 175, 200, 250, 300)  # percent
ASK_SYSTEM = 30.0  # s between two questions to the system; it is asked too when one comes back to the window


def next_size(percent: int, step: int) -> int:
    """The next larger size (`step` 1) or smaller one (-1); the same at either end."""
    further = [size for size in STEPS if (size - percent) * step > 0 and ZOOM[0] <= size <= ZOOM[1]]
    return percent if not further else min(further) if step > 0 else max(further)


class Appearance:
    """Owns the theme. After each change of it `on_change` is called, for all that is shown to be dressed in it."""

    def __init__(self, root: tk.Tk, store: SettingsStore, system: SystemLook, on_change: Callable[[], None]) -> None:
        """`system` has been asked how the system looks, or nobody asked yet."""
        self.theme = Theme(root, store.settings.look or system.name, store.settings.zoom)
        self._root, self._store, self._system, self._on_change = root, store, system, on_change
        self._asked = 0.0  # when the system was, on the monotonic clock

    # --- what somebody chooses ---

    def zoom(self, percent: int) -> None:
        """Everything in this size, from now on and the next time."""
        if percent != self._store.settings.zoom:
            self._store.change(replace(self._store.settings, zoom=percent))

    def larger(self) -> None:
        self.zoom(next_size(self._store.settings.zoom, 1))

    def smaller(self) -> None:
        self.zoom(next_size(self._store.settings.zoom, -1))

    def plain_size(self) -> None:
        self.zoom(100)

    def other_look(self) -> None:
        """Dark where it is light, and the other way round, whatever the system says."""
        self._store.change(replace(self._store.settings, look="light" if self.theme.look is DARK else "dark"))

    # --- what comes of it ---

    def follow(self, before: Settings, settings: Settings) -> None:
        """The settings have changed."""
        if settings.zoom != before.zoom:
            focused = self._root.focus_lastfor()
            self.theme.zoom(settings.zoom)
            self._on_change()
            give_keyboard(focused)  # whoever reads goes on reading
        if settings.look != before.look:
            if not settings.look:
                self._ask_system()
            self._wear_wanted()

    def refresh(self) -> None:
        """To be called now and then: where nobody chose a look, it goes with the system's."""
        if not self._store.settings.look:
            if time.monotonic() - self._asked > ASK_SYSTEM:
                self._ask_system()
            self._wear_wanted()

    def came_back(self) -> None:
        """Somebody comes back to the window, perhaps from where they changed the look of the system."""
        if not self._store.settings.look:
            self._ask_system()

    def close(self, seconds: float) -> None:
        """Waits no longer than so for the system's answer."""
        self._system.wait(seconds)
        self.theme.close()

    def _ask_system(self) -> None:
        self._asked = time.monotonic()
        self._system.ask()

    def _wear_wanted(self) -> None:
        name = self._store.settings.look or self._system.name or "light"
        if (name == "dark") != (self.theme.look is DARK):
            self.theme.wear(name)
            self._on_change()
