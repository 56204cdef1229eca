"""The keys of the window, in one table: from it they are bound, and from it the page that F1 opens lists them.

Called by window.py, in Tk's thread. What a key does is in key_actions.py; keys that a part of a screen binds for itself
stand in the table without a sequence, for the page alone.
"""

from __future__ import annotations

import sys
import tkinter as tk
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from tkinter import ttk

from windowlib.look import Theme
from windowlib.scrolled import Scrolled

MAC = sys.platform == "darwin"
# Widgets have keys of their own in these classes (Ctrl-K cuts a line, Ctrl-F goes right): the window's come first.
CLASSES = ("Text", "Entry", "TEntry", "Treeview", "TButton", "TCheckbutton", "TRadiobutton", "Canvas")


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Keys, what they do in words, and the action that they are bound to, "" where a part of a screen does it."""

    keys: str  # as people call them
    what: str
    action: str = ""
    sequences: tuple[str, ...] = ()  # of Tk


def with_control(*keys: str) -> tuple[str, ...]:
    """Tk's sequences for these keys with Control, and with Command where there is one."""
    return tuple(
        f"<{modifier}-{key}>" for modifier in (("Control", "Command") if MAC else ("Control",)) for key in keys
    )


SHORTCUTS: tuple[tuple[str, tuple[Shortcut, ...]], ...] = (
    ("Getting about", (
        Shortcut("Ctrl-K", "Jump to a person or a conversation", "switch", with_control("k", "K")),
        Shortcut("Alt-Down", "The next conversation with something unread", "next", ("<Alt-Down>",)),
        Shortcut("Alt-Up", "The one before it", "previous", ("<Alt-Up>",)),
        Shortcut("Esc", "Close what stands over the chat, or go to the newest message", "escape", ("<Escape>",)),
        Shortcut("Ctrl-F", "Search all messages", "find", with_control("f", "F")),
        Shortcut("Page Up, Page Down", "Through the conversation; further up come older messages"),
        Shortcut("Tab, Shift-Tab", "To the next control, and back"),
    )),
    ("Writing", (
        Shortcut("Enter", "Send"),
        Shortcut("Shift-Enter", "A new line in the message"),
        Shortcut("Tab after @ and a letter", "Complete the name; again: the next one, with Shift the one before"),
        Shortcut("Up in the empty field", "Bring back the last text that was not sent"),
        Shortcut("Ctrl-E", "Choose an emoji", "emoji", with_control("e", "E")),
        Shortcut("Ctrl-Z", "Take back what was typed"),
    )),
    ("The window", (
        Shortcut("Ctrl +", "Larger", "larger", with_control("plus", "equal", "KP_Add")),
        Shortcut("Ctrl \N{MINUS SIGN}", "Smaller", "smaller", with_control("minus", "KP_Subtract")),
        Shortcut("Ctrl 0", "The size it was made in", "plain_size", with_control("Key-0", "KP_0", "KP_Insert")),
        Shortcut("Ctrl and the mouse wheel", "Larger and smaller"),
        Shortcut("Ctrl ,", "Settings", "settings", with_control("comma")),
        Shortcut("F1", "This page", "help", ("<F1>",)),
    )),
)  # fmt: skip


def bind(root: tk.Tk, actions: Mapping[str, Callable[[], object]]) -> None:
    """Binds the keys of every action that there is; the wheel with Control is `larger` and `smaller`."""
    pairs = [
        (sequence, actions[one.action])
        for _, group in SHORTCUTS
        for one in group
        if one.action in actions
        for sequence in one.sequences
    ]
    larger, smaller = actions["larger"], actions["smaller"]
    wheel = ("<Control-MouseWheel>", "<Command-MouseWheel>") if MAC else ("<Control-MouseWheel>",)
    for place in (*CLASSES, "all"):
        for sequence, action in pairs:
            root.bind_class(place, sequence, lambda _, action=action: _done(action))  # type: ignore[misc]
        for sequence in wheel:
            root.bind_class(place, sequence, lambda event: _done(larger if event.delta > 0 else smaller))
        if root.tk.call("tk", "windowingsystem") == "x11":
            root.bind_class(place, "<Control-Button-4>", lambda _: _done(larger))
            root.bind_class(place, "<Control-Button-5>", lambda _: _done(smaller))


def _done(action: Callable[[], object]) -> str:
    action()
    return "break"  # neither a widget's own meaning of the key, nor the same action once more


def plain_keys(root: tk.Tk) -> None:
    """Keys that Tk gives another meaning than people know from elsewhere."""
    if root.tk.call("tk", "windowingsystem") == "x11":  # where Ctrl-A goes to the start of the line, as in Emacs
        root.event_delete("<<LineStart>>", "<Control-Key-a>")
        root.event_add("<<SelectAll>>", "<Control-Key-a>")
    for key in ("<Return>", "<KP_Enter>"):  # of itself a ttk button takes the space bar only
        root.bind_class("TButton", key, lambda event: root.tk.call(str(event.widget), "invoke"))


class ShortcutsPage(ttk.Frame):
    """What F1 opens: every key there is, and what it does."""

    def __init__(self, parent: tk.Misc, theme: Theme, on_close: Callable[[], None]) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._page = Scrolled(self, theme, "Keys", "Back", on_close)
        self._page.pack(fill="both", expand=True)
        self._theme, self._narrow = theme, False
        self._pairs: list[tuple[ttk.Label, ttk.Label, int]] = []  # keys, what they do, and their row
        px, inside = theme.px, self._page.inside
        inside.columnconfigure(1, weight=1)
        row = 0
        for title, group in SHORTCUTS:
            heading = ttk.Label(inside, text=title, style="Surface.Strong.TLabel")
            heading.grid(row=row, column=0, columnspan=2, sticky="w", pady=(px(16) if row else 0, px(4)))
            for one in group:
                row += 2
                keys = ttk.Label(inside, text=mac_keys(one.keys), style="Surface.TLabel")
                keys.grid(row=row, column=0, sticky="nw", padx=(0, px(24)), pady=px(3))
                what = ttk.Label(inside, text=one.what, style="Surface.Muted.TLabel", justify="left")
                what.grid(row=row, column=1, sticky="we", pady=px(3))
                self._page.wraps(what)
                self._pairs.append((keys, what, row))
            row += 2
        inside.bind("<Configure>", lambda event: self._fit(event.width), add=True)

    def _fit(self, width: int) -> None:
        """In a narrow window what a key does stands below it rather than beside it."""
        narrow = width < self._theme.px(400)
        if narrow != self._narrow:
            self._narrow = narrow
            for _, what, row in self._pairs:
                if narrow:
                    what.grid_configure(row=row + 1, column=0, columnspan=2)
                else:
                    what.grid_configure(row=row, column=1, columnspan=1)

    def dress(self) -> None:
        self._page.dress()

    def focus_first(self) -> None:
        self._page.back.focus_set()


def mac_keys(keys: str) -> str:
    """The keys as they are called on this system."""
    return keys.replace("Ctrl", "Ctrl or ⌘").replace("Alt", "⌥") if MAC else keys
