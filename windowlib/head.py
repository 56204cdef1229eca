"""What stands above a conversation: its title, who is here, how private it is, and the menu. Part of chat_screen.py."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

from certificate import four_words
from windowlib.look import Theme


class ConnectionBox(ttk.Frame):
    """What is known about the connection: whether anybody else can read along, and how to tell whose server it is."""

    def __init__(self, parent: tk.Misc, theme: Theme, address: str, on_close: Callable[[], None]) -> None:
        super().__init__(parent, style="Field.TFrame", padding=theme.px(16))
        self.state(["active"])  # an edge that stands out from the messages below it
        px = theme.px
        self.columnconfigure(0, weight=1)
        self._title = ttk.Label(self, style="Surface.Strong.TLabel")
        self._title.grid(row=0, column=0, sticky="w")
        self.close_button = ttk.Button(self, text="Close", style="Small.TButton", command=on_close)
        self.close_button.grid(row=0, column=1, sticky="e")
        self.meaning = self._line(1, "Surface.TLabel", px(6))
        self._asks = self._line(2, "Surface.Label.TLabel", px(10))
        self._asks.configure(text="Words of this server")
        self.words = self._line(3, "Surface.Strong.TLabel", px(4))
        self.advice = self._line(4, "Surface.Hint.TLabel", px(4))
        self.address = self._line(5, "Surface.Hint.TLabel", px(10))
        self.address.configure(text=f"Its address: {address}")

    def _line(self, row: int, style: str, above: int) -> ttk.Label:
        label = ttk.Label(self, style=style, justify="left")
        label.grid(row=row, column=0, columnspan=2, sticky="we", pady=(above, 0))
        return label

    def tell(self, fingerprint: str | None) -> None:
        """Says it about a connection to the server with this certificate; None: it is not encrypted."""
        if fingerprint is not None:
            self._title.configure(text="Encrypted")
            self.meaning.configure(text="Nobody but this computer and the server can read what goes between them.")
            self.words.configure(text=four_words(fingerprint))
            self.advice.configure(
                text="Its terminal or window shows them too. "
                "If they are not these, you are talking to another computer: leave, and tell who runs the chat."
            )
            self._asks.grid()
            self.words.grid()
        else:
            self._title.configure(text="Not encrypted")
            self.meaning.configure(
                text="Others on this network can read what you write and what you get, and can change it on the way."
            )
            self.advice.configure(text="Whoever runs the server can turn encryption on.")
            self._asks.grid_remove()
            self.words.grid_remove()

    def wrap(self, width: int, height: int) -> None:
        """Breaks its lines so that it is `width` pixels wide. What can be missed goes where it is too high."""
        self.address.grid()
        for label in (self.meaning, self.words, self.advice, self.address):
            label.configure(wraplength=width - 2 * int(str(self.cget("padding")[0])))
        self.update_idletasks()
        if self.winfo_reqheight() > height:
            self.address.grid_remove()
            self.update_idletasks()


class Menu(ttk.Frame):
    """Things one can do, in place, a button for each. Arrows go up and down; Esc and a click elsewhere close it."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, entries: Sequence[tuple[str, Callable[[], None]]],
        on_close: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(parent, style="Field.TFrame", padding=theme.px(6))
        self.state(["active"])
        self._theme, self._on_close = theme, on_close
        self.buttons: dict[str, ttk.Button] = {}
        for words, do in entries:
            button = ttk.Button(
                self, text=words, style="Entry.Quiet.TButton", command=lambda do=do: self._chosen(do)  # type: ignore[misc]
            )  # fmt: skip
            for key, step in (("<Up>", -1), ("<Down>", 1)):
                button.bind(key, lambda event, step=step: self._go(event.widget, step))  # type: ignore[misc]
            button.bind("<FocusOut>", lambda _: self.after_idle(self._look_where))
            self.buttons[words] = button

    def fit(self, height: int) -> None:
        """Stands in one column where that is no higher than `height` pixels, else in two."""
        buttons = list(self.buttons.values())
        rows = len(buttons)
        if sum(button.winfo_reqheight() for button in buttons) + 2 * self._theme.px(6) > height:
            rows = (rows + 1) // 2
        for number, button in enumerate(buttons):
            button.grid(row=number % rows, column=number // rows, sticky="we")

    def open(self) -> None:
        """The keyboard goes to the first of them."""
        next(iter(self.buttons.values())).focus_set()

    def _go(self, widget: tk.Misc, step: int) -> str:
        buttons = list(self.buttons.values())
        number = [str(button) for button in buttons].index(str(widget))
        buttons[(number + step) % len(buttons)].focus_set()
        return "break"

    def _chosen(self, do: Callable[[], None]) -> None:
        self._on_close()
        do()

    def _look_where(self) -> None:
        if self.winfo_exists() and self.winfo_ismapped():
            focus = self.focus_get()
            if focus is not None and not str(focus).startswith(str(self)):
                self._on_close()


class Head(ttk.Frame):
    """The line above the conversation. Keeps nothing: it shows what it is told."""

    def __init__(self, parent: tk.Misc, theme: Theme) -> None:
        """`on_press` says what its buttons do."""
        super().__init__(parent, style="Surface.TFrame")
        self._theme = theme
        px = theme.px
        self._title_words = self._about_words = ""
        self._about_role = "Hint"
        self._low = self._slim = False
        self._encrypted: bool | None = None
        self.menu_button = ttk.Button(self, text="⋯", style="Icon.Quiet.TButton")
        self.menu_button.pack(side="right")
        self.search_button = ttk.Button(self, text="Search", style="Quiet.TButton")
        self.search_button.pack(side="right")
        self.encryption_button = ttk.Button(self, style="Small.TButton")
        self.encryption_button.pack(side="right", padx=px(4))
        self.list_button = ttk.Button(self, style="Quiet.TButton")
        titles = ttk.Frame(self, style="Surface.TFrame")
        titles.pack(side="left", fill="x", expand=True)
        self.title = ttk.Label(titles, style="Surface.Strong.TLabel")
        self.title.pack(anchor="w", padx=px(8))
        self.about = ttk.Label(titles, style="Surface.Hint.TLabel")
        self.about.pack(anchor="w", padx=px(8))
        self._titles = titles
        titles.bind("<Configure>", lambda _: self._fit())
        self.dress()

    def on_press(
        self, *, on_list: Callable[[], None], on_encryption: Callable[[], None], on_search: Callable[[], None],
        on_menu: Callable[[], None],
    ) -> None:  # fmt: skip
        """What is done when one of its buttons is pressed."""
        for button, do in (
            (self.list_button, on_list),
            (self.encryption_button, on_encryption),
            (self.search_button, on_search),
            (self.menu_button, on_menu),
        ):
            button.configure(command=do)

    def dress(self) -> None:
        """Takes the lengths of the theme."""
        style, px = self._theme.style, self._theme.px
        style.configure("Icon.Quiet.TButton", font="HallwayTitle", padding=(px(10), px(4)))
        style.configure("Entry.Quiet.TButton", anchor="w")  # of the menu
        self._fit()

    def show(self, title: str, about: str, role: str) -> None:
        """What the conversation is called, and what is known about who is here."""
        if (title, about, role) != (self._title_words, self._about_words, self._about_role):
            self._title_words, self._about_words, self._about_role = title, about, role
            self._fit()

    def tighten(self, *, low: bool, slim: bool) -> None:
        """In a `low` window all is in one line; in a `slim` one the menu tells of the encryption."""
        if low != self._low:
            self._low, px = low, self._theme.px
            for label in (self.title, self.about):
                label.pack_configure(side="left" if low else "top", padx=(px(8), 0 if low else px(8)))
            self._fit()
        if slim != self._slim:
            self._slim = slim
            self._place_encryption()

    def _place_encryption(self) -> None:
        self._fit()
        if self._slim:
            self.encryption_button.pack_forget()
        elif not self.encryption_button.winfo_manager():
            self.encryption_button.pack(side="right", padx=self._theme.px(4), after=self.search_button)

    def encrypted(self, yes: bool | None) -> None:
        """Says whether others can read along; None: nothing is known, and the words keep their place, empty."""
        self._encrypted = yes
        self._place_encryption()
        if yes is None:
            self.encryption_button.configure(text="", style="Small.TButton")
            self.encryption_button.state(["disabled", "!active", "!focus"])
            return
        self.encryption_button.state(["!disabled"])
        if yes:
            self.encryption_button.configure(text="encrypted  ▾", style="Small.TButton")
        else:
            self.encryption_button.configure(text="not encrypted  ▾", style="SmallTrouble.TButton")

    def narrow(self, narrow: bool, unread: int, *, open: bool) -> None:
        """Whether the conversations are behind a button here, with how many messages wait there."""
        if not narrow:
            self.list_button.pack_forget()
            self.search_button.configure(text="Search", style="Quiet.TButton")
            return
        self.search_button.configure(text="⌕", style="Icon.Quiet.TButton")
        count = f" {unread:,}" if unread else ""
        self.list_button.configure(text=f"{'✕' if open else '☰'}{count}")
        if not self.list_button.winfo_manager():
            self.list_button.pack(side="left", before=self._titles)

    def _fit(self) -> None:
        px = self._theme.px
        room = max(self._titles.winfo_width() - px(18), px(40))
        about, role = self._about_words, self._about_role
        warns = self._slim and self._encrypted is False and role == "Hint"
        if warns:
            about, role = "unencrypted", "Trouble"  # there is no room for two words
        beside = self._theme.width_of(about, "Small") + px(10) if warns and self._low else 0  # no letter of it is lost
        self.title.configure(text=self._theme.shortened(self._title_words, max(room - beside, px(20)), "Strong"))
        if self._low:
            room -= self._theme.width_of(self.title.cget("text"), "Strong") + px(10)
            about = about if warns or room > px(40) else ""
        shown = about if warns else self._theme.shortened(about, room, "Small")
        self.about.configure(text=shown, style=f"Surface.{role}.TLabel")
