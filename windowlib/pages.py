"""What stands over the screens: a page, such as the settings, over either; and the switcher (Ctrl-K) over the chat.

Made by window.py, in Tk's thread. Whatever is closed gives the keyboard back to where it came from.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from clientlib.storage import Settings
from windowlib.attention import Attention
from windowlib.display import give_keyboard
from windowlib.launch import Launcher
from windowlib.look import Theme
from windowlib.settings_store import SettingsStore
from windowlib.shortcuts import ShortcutsPage

if TYPE_CHECKING:  # these are loaded when they are opened: the first screen is there sooner
    from windowlib.settings_screen import SettingsScreen
    from windowlib.switcher import Place, Switcher


class Pages:
    """At most one page, and at most one switcher. `arrange` is called when what is shown has changed."""

    def __init__(
        self, body: tk.Misc, theme: Theme, store: SettingsStore, attention: Attention, launcher: Launcher,
        arrange: Callable[[], None],
    ) -> None:  # fmt: skip
        self.page: SettingsScreen | ShortcutsPage | None = None
        self.switcher: Switcher | None = None
        self._body, self._theme, self._store, self._arrange = body, theme, store, arrange
        self._attention, self._launcher = attention, launcher  # for what can be tried from the settings
        self._settings_page: SettingsScreen | None = None  # the page, where it is this one
        self._before_page: tk.Misc | None = None  # had the keyboard
        self._before_switcher: tk.Misc | None = None  # the same
        body.bind("<Configure>", lambda _: self.close_switcher())  # it was made for another size

    # --- the pages ---

    def toggle_settings(self) -> None:
        """The settings; once more, back."""
        if self._settings_page is not None:
            self.close_page()
            return
        from windowlib.settings_screen import SettingsActions, SettingsScreen

        store, launcher = self._store, self._launcher
        actions = SettingsActions(
            change=store.change, close=self.close_page, try_sound=self._attention.try_sound, keys=self.toggle_keys,
            password_generator=launcher.password_generator, open_folder=lambda: launcher.show_folder(store.folder),
        )  # fmt: skip
        page = SettingsScreen(self._body, self._theme, store.settings, store.folder, actions)
        self._open(page)
        self._settings_page = page

    def toggle_keys(self) -> None:
        """All keys; once more, back."""
        if isinstance(self.page, ShortcutsPage):
            self.close_page()
        else:
            self._open(ShortcutsPage(self._body, self._theme, self.close_page))

    def close_page(self) -> None:
        """Back to the screen, with the keyboard where it was."""
        if self.page is None:
            return
        self._drop_page()
        self._arrange()
        give_keyboard(self._before_page)
        self._before_page = None

    def _open(self, page: SettingsScreen | ShortcutsPage) -> None:
        if self.page is None:
            self._before_page = self._body.focus_lastfor()
        else:
            self._drop_page()
        self.page = page
        self._arrange()
        page.update_idletasks()  # nothing takes the keyboard before it is on the screen
        page.focus_first()

    def _drop_page(self) -> None:
        if self.page is not None:
            self.page.destroy()
        self.page = self._settings_page = None

    # --- the switcher ---

    def toggle_switcher(self, places: Sequence[Place], on_pick: Callable[[str], None]) -> None:
        """These places to go to; once more, away with them."""
        if self.switcher is not None:
            self.close_switcher()
            return
        from windowlib.switcher import Switcher

        self._before_switcher = self._body.focus_lastfor()
        self.switcher = Switcher(self._body, self._theme, places, on_pick, self.close_switcher)
        self.switcher.open()

    def close_switcher(self) -> None:
        if self.switcher is not None:
            switcher, self.switcher = self.switcher, None
            had_keyboard = switcher.focus_get() is switcher.entry
            switcher.destroy()
            if had_keyboard:
                give_keyboard(self._before_switcher)
            self._before_switcher = None

    # --- what happens under them ---

    def dress(self) -> None:
        """Takes the colours and sizes of now."""
        if self.page is not None:
            self.page.dress()

    def show(self, settings: Settings) -> None:
        """These are the settings now, and this is the time."""
        if self._settings_page is not None:
            self._settings_page.show(settings)

    def refresh(self) -> None:
        """Time goes on."""
        if self._settings_page is not None:
            self._settings_page.refresh()

    def say(self, trouble: str) -> bool:
        """Something that was asked for did not work: whether it can be said here."""
        if self._settings_page is None:
            return False
        self._settings_page.say(trouble)
        return True
