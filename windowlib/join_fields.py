"""Parts of the first screen: what people type into, and where they read what came of it.

Used by join_card.py, in Tk's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from tkinter import ttk

from windowlib.colours import Look
from windowlib.look import Theme, displayed_lines, dress, plain_text

DOT = "•"  # for each character of a password
FOLDED, UNFOLDED = "Another address  ▸", "Another address  ▾"
SAID_ROW = 9  # of the card's content, where it is said what came of it
ASKED_ROW = 2  # the same of `PasswordField`


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

    def tell(self, who_asks: str, *, in_clear: bool) -> None:
        """Whoever answers here is told the password, so it is said first who that is."""
        self.in_clear = in_clear
        if in_clear:  # it would be asked for anew each time all the same
            self.remember.grid_remove()
        else:
            self.remember.grid()
        self.asks.configure(text=who_asks, style=f"Surface.{'Trouble' if in_clear else 'Hint'}.TLabel")

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

    def __init__(self, parent: ttk.Frame, theme: Theme, host: str, port: int, on_edit: Callable[[], None]):
        """`on_edit` is told after either was changed."""
        super().__init__(parent, style="Surface.TFrame")
        self.columnconfigure(0, weight=1)
        self.columnconfigure(1, minsize=theme.px(96))
        self.host = labelled_entry(self, theme, 0, 0, "Address of the chat", host, letters=3)
        self.port = labelled_entry(self, theme, 0, 1, "Port", str(port), letters=6)
        for entry in (self.host, self.port):
            # Tk asks before each change; that it may is the answer.
            changed = self.register(lambda: self.after_idle(on_edit) is not None)
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

    @property
    def is_shown(self) -> bool:
        """Whether it is asked now."""
        return bool(self.winfo_manager())


class Ways(ttk.Frame):
    """Two buttons for whoever does not find the chat in the list: its address, and a chat of one's own."""

    def __init__(self, parent: ttk.Frame, on_address: Callable[[], None], on_host: Callable[[], None]) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self.columnconfigure(1, weight=1)
        self.address_button = ttk.Button(self, text=FOLDED, style="Small.TButton", command=on_address)
        self.address_button.grid(row=0, column=0)
        self.host_button = ttk.Button(self, text="Start one here", style="Small.TButton", command=on_host)
        self.host_button.grid(row=0, column=2)

    def fit(self, width: int) -> None:
        """What does not fit beside each other stands below."""
        below = self.address_button.winfo_reqwidth() + self.host_button.winfo_reqwidth() > width
        self.host_button.grid(row=1 if below else 0, column=0 if below else 2, sticky="w" if below else "")

    def say_folded(self, *, folded: bool) -> None:
        """Whether the fields of the address are out of sight."""
        self.address_button.configure(text=FOLDED if folded else UNFOLDED)


class Said:
    """What came of it: a sentence, and in a text below it what takes more lines and is there to be copied."""

    def __init__(self, parent: ttk.Frame, theme: Theme) -> None:
        self._parent, self._theme = parent, theme
        self.label = ttk.Label(parent, style="Surface.Hint.TLabel", wraplength=theme.px(320), justify="left")
        self.stand_below(parent, SAID_ROW)
        self.text = plain_text(parent, theme, width=1, height=1, state="disabled", takefocus=True)
        self.text.bind("<Button-1>", lambda _: self.text.focus_set(), add=True)

    @property
    def sentence(self) -> str:
        """What is said."""
        return str(self.label.cget("text"))

    def say(self, sentence: str, role: str) -> None:
        """Says this instead, in the style of its `role`; nothing where it is empty."""
        self.label.configure(text=sentence, style=f"Surface.{role}.TLabel")
        if sentence:
            self.label.grid()
        else:
            self.label.grid_remove()

    def stand_below(self, part: ttk.Frame, row: int) -> None:
        """The sentence stands in this row of a part of the card: below what it is about."""
        px = self._theme.px
        above = px(10) if part is self._parent else px(4)
        self.label.grid(in_=part, row=row, column=0, columnspan=2, sticky="we", padx=px(3), pady=(above, 0))
        if not self.sentence:
            self.label.grid_remove()

    def tell(self, paragraphs: str) -> None:
        """Tells what takes more lines: paragraphs with an empty line between them, their commands in lines of their
        own.
        """
        px, text = self._theme.px, self.text
        text.configure(state="normal")
        text.delete("1.0", "end")
        for paragraph in paragraphs.split("\n\n"):
            head, _, command = paragraph.partition("\n")
            text.insert("end", head + "\n")
            if command:
                text.insert("end", command + "\n", "command")
        text.delete("end-2c", "end")
        text.configure(state="disabled", spacing1=px(4), wrap="word")
        text.grid(row=SAID_ROW + 1, column=0, columnspan=2, sticky="we", padx=px(3))
        text.update_idletasks()
        text.configure(height=displayed_lines(text) + 1)
        text.update_idletasks()

    def untell(self) -> bool:
        """Takes that away again; whether there was any."""
        is_told = bool(self.text.winfo_manager())
        self.text.grid_forget()
        return is_told

    def dress(self, look: Look) -> None:
        """Takes the colours of this look."""
        dress(self.text, look)
        self.text.configure(font="HallwaySmall", foreground=look.muted)
        self.text.tag_configure("command", foreground=look.text)
