"""The settings: look, size, sound, do not disturb, and where they are kept. Shown by pages.py, in Tk's thread.

Every change is handed on at once, as a whole `Settings`: there is nothing to confirm. They are kept, and what a change
does is seen to, by their owner in settings_store.py.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tkinter import ttk

from clientlib.storage import Settings
from windowlib.appearance import next_size
from windowlib.look import Theme
from windowlib.quiet import for_an_hour, now_ms, quiet_words, until_morning
from windowlib.scrolled import Scrolled

LOOK_WORDS = {"": "Like the system", "light": "Light", "dark": "Dark"}
SOUND_WORDS = {"off": "Off", "mentions": "Mentions and private messages", "all": "Every message"}


@dataclass(frozen=True, slots=True)
class SettingsActions:
    """What the settings screen asks of the window it is in."""

    change: Callable[[Settings], None]  # at once
    close: Callable[[], None]
    try_sound: Callable[[], None]
    keys: Callable[[], None]
    password_generator: Callable[[], None]
    open_folder: Callable[[], None]


class SettingsScreen(ttk.Frame):
    """All there is to choose, a group below the other."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, settings: Settings, folder: Path, actions: SettingsActions
    ) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._theme, self._settings, self._folder, self._actions = theme, settings, folder, actions
        self._said = ""  # until when it is quiet, as it is shown
        self._page = Scrolled(self, theme, "Settings", "Back", actions.close)
        self._page.pack(fill="both", expand=True)
        self.looks = self._choice("Look", "hallway_look", LOOK_WORDS, lambda value: {"look": value})
        self._hint("Like the system: light or dark as this computer's other windows are, wherever it says so.")
        self._build_size()
        self.sounds = self._choice("Sound", "hallway_sound", SOUND_WORDS, lambda value: {"sound": value})
        self._button(self._row(), "Play it", actions.try_sound)
        self._hint("Nothing sounds while you are reading the conversation that it is about.")
        self._build_quiet()
        self._build_more()
        self.show(settings)

    # --- the groups ---

    def _heading(self, text: str) -> None:
        above = self._theme.px(20) if self._page.inside.pack_slaves() else 0
        label = ttk.Label(self._page.inside, text=text, style="Surface.Strong.TLabel")
        label.pack(anchor="w", pady=(above, self._theme.px(2)))

    def _row(self) -> ttk.Frame:
        row = ttk.Frame(self._page.inside, style="Surface.TFrame")
        row.pack(fill="x", pady=self._theme.px(2))
        return row

    def _hint(self, text: str = "") -> ttk.Label:
        label = ttk.Label(self._page.inside, text=text, style="Surface.Hint.TLabel", justify="left")
        label.pack(fill="x", padx=self._theme.px(11), pady=(self._theme.px(2), 0))
        self._page.wraps(label)
        return label

    def _button(self, row: ttk.Frame, text: str, command: Callable[[], None]) -> ttk.Button:
        button = ttk.Button(row, text=text, style="Outline.TButton", command=command)
        button.pack(side="left", padx=(self._theme.px(6), 0))
        return button

    def _choice(
        self, heading: str, variable: str, words: dict[str, str], change: Callable[[str], dict[str, str]]
    ) -> dict[str, ttk.Radiobutton]:
        """A group of which one is chosen. Its variable is Tcl's alone: one of Python's could die in another thread."""
        self._heading(heading)
        buttons: dict[str, ttk.Radiobutton] = {}
        for value, text in words.items():
            button = buttons[value] = ttk.Radiobutton(
                self._row(), text=f" {text}", variable=variable, value=value,  # type: ignore[arg-type]
                command=lambda value=value: self._change(**change(value)),  # type: ignore[misc]
            )  # fmt: skip
            button.pack(side="left")
            for key in ("<Return>", "<KP_Enter>"):
                button.bind(key, lambda event: event.widget.invoke())
            for key, step in (("<Down>", 1), ("<Right>", 1), ("<Up>", -1), ("<Left>", -1)):
                button.bind(key, lambda event, step=step: _move(list(buttons.values()), event.widget, step))  # type: ignore[misc]
        return buttons

    def _build_size(self) -> None:
        self._heading("Size")
        row = self._row()
        self.smaller_button = self._button(row, "\N{MINUS SIGN}  Smaller", lambda: self._step(-1))
        self.percent = ttk.Label(row, style="Surface.TLabel", width=7, anchor="center")
        self.percent.pack(side="left")
        self.larger_button = self._button(row, "+  Larger", lambda: self._step(1))
        self.plain_button = self._button(row, "Back to 100\u00a0%", lambda: self._change(zoom=100))
        self._hint("Of letters, pictures and the space between them. Ctrl +, Ctrl \N{MINUS SIGN} and Ctrl 0 do it too.")

    def _build_quiet(self) -> None:
        self._heading("Do not disturb")
        row = self._row()
        self._button(row, "For an hour", lambda: self._change(quiet_until=for_an_hour(now_ms())))
        self._button(row, "Until morning", lambda: self._change(quiet_until=until_morning(now_ms())))
        self.end_button = self._button(row, "End it", lambda: self._change(quiet_until=0))
        self.quiet = self._hint()

    def _build_more(self) -> None:
        self._heading("More")
        row = self._row()
        self._button(row, "All keys (F1)", self._actions.keys)
        self.generator_button = self._button(row, "Password generator", self._actions.password_generator)
        self._hint("The password generator opens as a program of its own.")
        self._heading("Where it is kept")
        self._hint(f"These settings are in a file that can be read: {self._folder / 'settings.json'}")
        self._button(self._row(), "Open its folder", self._actions.open_folder)
        self.trouble = ttk.Label(self._page.inside, style="Surface.Trouble.TLabel", justify="left")
        self._page.wraps(self.trouble)

    # --- what happens ---

    def show(self, settings: Settings) -> None:
        """These are the settings now, whoever changed them."""
        self._settings = settings
        self.setvar("hallway_look", settings.look)
        self.setvar("hallway_sound", settings.sound)
        self.percent.configure(text=f"{settings.zoom}\u00a0%")
        for button, step in ((self.smaller_button, -1), (self.larger_button, 1)):
            button.state(["!disabled" if next_size(settings.zoom, step) != settings.zoom else "disabled"])
        self.plain_button.state(["disabled" if settings.zoom == 100 else "!disabled"])
        self.refresh()

    def refresh(self) -> None:
        """Says how long it is quiet; time goes on by itself."""
        words = quiet_words(self._settings.quiet_until, now_ms())
        said = (
            f"On {words}. Messages come as always; nothing sounds or asks for your attention."
            if words
            else "Off. While it is on, messages come as always, but nothing sounds or asks for your attention."
        )
        if said != self._said:
            self._said = said
            self.quiet.configure(text=said)
            self.end_button.state(["!disabled" if words else "disabled"])

    def say(self, trouble: str) -> None:
        """Something that was asked for here did not work."""
        self.trouble.configure(text=trouble)
        self.trouble.pack(fill="x", padx=self._theme.px(11), pady=(self._theme.px(4), 0))

    def dress(self) -> None:
        self._page.dress()

    def focus_first(self) -> None:
        self.looks[self._settings.look].focus_set()

    def _change(self, **fields: str | int) -> None:
        self._actions.change(replace(self._settings, **fields))  # type: ignore[arg-type]

    def _step(self, step: int) -> None:
        self._change(zoom=next_size(self._settings.zoom, step))


def _move(buttons: list[ttk.Radiobutton], chosen: tk.Misc, step: int) -> str:
    """An arrow key in a group: to the next of it, and that is chosen."""
    button = buttons[(next(n for n, one in enumerate(buttons) if one is chosen) + step) % len(buttons)]
    button.focus_set()
    button.invoke()
    return "break"
