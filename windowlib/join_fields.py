"""Parts of the first screen that people type into. Used by join_screen.py, in Tk's thread."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from clientlib.happenings import Refused
from windowlib.look import Theme

DOT = "•"  # for each character of a password


def labelled_entry(
    parent: ttk.Frame, theme: Theme, row: int, column: int, label: str, value: str, columns: int = 1, letters: int = 10
) -> ttk.Entry:
    """A field with its label above it, in these rows of a grid."""
    px = theme.px
    apart = (px(9) if column else px(3), px(3) if column or columns > 1 else 0)  # a button's ring takes 3
    ttk.Label(parent, text=label, style="Surface.Label.TLabel").grid(
        row=row, column=column, columnspan=columns, sticky="w", padx=apart, pady=(px(12), px(4))
    )
    entry = ttk.Entry(parent, width=letters, font="HallwayBody")
    entry.insert(0, value)
    entry.grid(row=row + 1, column=column, columnspan=columns, sticky="we", padx=apart)
    return entry


def select_all(entry: ttk.Entry) -> None:
    """Gives a field the keyboard, so that typing replaces what stands there."""
    entry.focus_set()
    entry.selection_range(0, "end")
    entry.icursor("end")


class PasswordField(ttk.Frame):
    """The password of the chat and what belongs to it; shown when a chat asks for one."""

    def __init__(self, parent: ttk.Frame, theme: Theme) -> None:
        super().__init__(parent, style="Surface.TFrame")
        px = theme.px
        self.in_clear = False  # the connection is not encrypted, and that is said
        self.columnconfigure(0, weight=1)
        self.entry = labelled_entry(self, theme, 0, 0, "Password of the chat", "", letters=4)
        self.entry.configure(show=DOT, exportselection=False)  # selected, it would go where the middle button pastes
        self.show_button = ttk.Button(self, text="Show", style="Quiet.TButton", command=self._show)
        self.show_button.configure(width=6)
        self.show_button.grid(row=1, column=1, sticky="e", padx=(px(4), 0))
        self.remember = ttk.Checkbutton(self, text=" Remember it on this computer", style="Flush.TCheckbutton")
        self.remember.grid(row=3, column=0, columnspan=2, sticky="w", pady=(px(4), 0))
        self.asks = ttk.Label(self, style="Surface.Hint.TLabel", wraplength=px(320), justify="left")
        self.asks.grid(row=4, column=0, columnspan=2, sticky="we", padx=px(3), pady=(px(4), 0))

    @property
    def is_asked(self) -> bool:
        """Whether the chat has asked for it."""
        return bool(self.winfo_manager())

    def tell(self, refused: Refused) -> None:
        """Whoever answers here is told the password, so it is said first who that is."""
        self.in_clear = not refused.fingerprint
        if self.in_clear:  # it would be asked for anew each time all the same
            self.remember.grid_remove()
        else:
            self.remember.grid()
        if refused.fingerprint:
            from certificate import four_words  # not before: it brings TLS along, and the first screen is to be quick

            self.asks.configure(
                text="Before you type it, compare the words of this server with those that its terminal or window "
                f"shows: {four_words(refused.fingerprint)}. With other words it is another computer, and not the chat.",
                style="Surface.Hint.TLabel",
            )
        else:
            self.asks.configure(
                text="This connection is not encrypted: others on this network can read the password.",
                style="Surface.Trouble.TLabel",
            )

    def put_away(self) -> None:
        """Forgets what was typed, and goes."""
        self.grid_forget()
        self.entry.delete(0, "end")
        self.entry.configure(show=DOT)
        self.show_button.configure(text="Show")

    def _show(self) -> None:
        hidden = str(self.entry.cget("show")) == DOT
        self.entry.configure(show="" if hidden else DOT)
        self.show_button.configure(text="Hide" if hidden else "Show")


class AddressField(ttk.Frame):
    """Host and port, for a chat that is not heard."""

    def __init__(self, parent: ttk.Frame, theme: Theme, host: str, port: int, on_edit: Callable[[tk.Misc], None]):
        """`on_edit` is told after either was changed, and which."""
        super().__init__(parent, style="Surface.TFrame")
        self.columnconfigure(0, weight=1)
        self.columnconfigure(1, minsize=theme.px(96))
        self.host = labelled_entry(self, theme, 0, 0, "Address of the chat", host, letters=3)
        self.port = labelled_entry(self, theme, 0, 1, "Port", str(port), letters=6)
        for entry in (self.host, self.port):
            # Tk asks before each change; that it may is the answer.
            changed = self.register(lambda entry=entry: self.after_idle(on_edit, entry) is not None)
            entry.configure(validate="key", validatecommand=changed)

    @property
    def typed(self) -> tuple[str, str]:
        """Host and port as they stand there."""
        return self.host.get().strip(), self.port.get().strip()

    def put(self, host: str, port: int) -> None:
        """Writes this address into the fields."""
        for entry, value in ((self.host, host), (self.port, str(port))):
            entry.delete(0, "end")
            entry.insert(0, value)


class HostForm(ttk.Frame):
    """What is asked before a chat is hosted on this computer."""

    def __init__(self, parent: ttk.Frame, theme: Theme, name: str) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self.columnconfigure(0, weight=1)
        self.name = labelled_entry(self, theme, 0, 0, "Name of the new chat", name, columns=2)
        self.password = labelled_entry(self, theme, 2, 0, "Password for it (optional)", "", columns=2)
        self.password.configure(show=DOT, exportselection=False)
