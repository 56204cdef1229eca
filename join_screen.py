"""The first screen: who one is and where the chat is. Called by window.py, in Tk's thread.

It starts nothing itself: what was typed is looked at here and handed on, and what came of it is said here.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from engine import Refused
from look import LIGHT, Theme
from protocol import NameProblem, check_name, read_port
from storage import Settings


class JoinScreen(ttk.Frame):
    """The first screen: who one is, where the chat is, Join. What goes wrong is said in it, and it stays."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, settings: Settings,
        on_join: Callable[[str, str, int], None], on_cancel: Callable[[], None], on_look: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._theme, self._on_join, self._on_cancel = theme, on_join, on_cancel
        self.connecting = False
        px = theme.px
        self._card = card = ttk.Frame(self, style="Card.TFrame", padding=px(32))
        card.place(relx=0.5, rely=0.5, anchor="center")
        card.columnconfigure(0, weight=1, minsize=px(224))
        card.columnconfigure(1, minsize=px(96))
        ttk.Label(card, text="H", image=theme.mark, compound="center", style="Mark.TLabel").grid(
            row=0, column=0, sticky="w", padx=px(3), pady=(0, px(12))
        )
        titles = ttk.Frame(card, style="Surface.TFrame")
        titles.grid(row=0, column=0, columnspan=2, sticky="w", padx=(px(59), 0), pady=(0, px(12)))
        ttk.Label(titles, text="Hallway", style="Surface.Title.TLabel").pack(anchor="w")
        ttk.Label(titles, text="The chat of the network you are on", style="Surface.Hint.TLabel").pack(anchor="w")
        self.name = self._field(card, 1, 0, "Your name", settings.name, columns=2)
        self.host = self._field(card, 3, 0, "Address of the chat", settings.host)
        self.port = self._field(card, 3, 1, "Port", str(settings.port), letters=6)
        self.said = ttk.Label(card, style="Surface.Hint.TLabel", wraplength=px(320), justify="left")
        self.said.grid(row=5, column=0, columnspan=2, sticky="we", padx=px(3), pady=(px(10), px(10)))
        self.button = ttk.Button(card, text="Join", style="Primary.TButton", command=self.join)
        self.button.grid(row=6, column=0, columnspan=2, sticky="we")
        self.cancel_button = ttk.Button(card, text="Cancel", style="Quiet.TButton", command=on_cancel)
        self.look_button = ttk.Button(self, style="Corner.TButton", command=on_look)
        self._last = self.name  # the field that had the keyboard last
        for widget in (self, card):
            widget.bind("<Configure>", lambda _: self._fit())
        for field in (self.name, self.host, self.port):
            field.bind("<FocusIn>", self._came_to, add=True)
            field.bind("<Return>", lambda _: self.join())
            field.bind("<KP_Enter>", lambda _: self.join())
        self.dress()
        self._hint()

    def dress(self) -> None:
        """Takes the colours of the theme's look, and gives the keyboard back to the field that had it."""
        self.look_button.configure(text="Dark look" if self._theme.look is LIGHT else "Light look")
        self._refocus()

    def _refocus(self) -> None:
        """The keyboard goes to the field that had it last; while it is being joined there is nothing to type into."""
        if self.connecting:
            self.focus_set()
        else:
            self._last.focus_set()

    def _fit(self) -> None:
        """The look's button stands in the corner of the screen, or in the card's where they would touch.

        In a narrow window the card has less of a margin within, so that some is left round it.
        """
        px, card = self._theme.px, self._card
        card.configure(padding=(px(32 if self.winfo_width() >= px(480) else 20), px(32)))
        beside = (self.winfo_width() - card.winfo_reqwidth()) // 2 >= self.look_button.winfo_reqwidth() + px(20)
        above = (self.winfo_height() - card.winfo_reqheight()) // 2 >= self.look_button.winfo_reqheight() + px(20)
        if beside or above:
            self.look_button.configure(style="Corner.TButton")
            self.look_button.place(in_=self, relx=1.0, x=-px(12), y=px(12), anchor="ne", bordermode="outside")
        else:
            self.look_button.configure(style="Quiet.TButton")
            self.look_button.place(in_=card, relx=1.0, x=-px(12), y=px(10), anchor="ne", bordermode="outside")

    def _field(
        self, card: ttk.Frame, row: int, column: int, label: str, value: str, columns: int = 1, letters: int = 10
    ) -> ttk.Entry:
        px = self._theme.px
        apart = (px(9) if column else px(3), px(3) if column or columns > 1 else 0)  # a button's ring takes 3
        ttk.Label(card, text=label, style="Surface.Label.TLabel").grid(
            row=row, column=column, columnspan=columns, sticky="w", padx=apart, pady=(px(12), px(4))
        )
        field = ttk.Entry(card, width=letters, font="HallwayBody")
        field.insert(0, value)
        field.grid(row=row + 1, column=column, columnspan=columns, sticky="we", padx=apart)
        return field

    def _came_to(self, event: tk.Event[ttk.Entry]) -> None:
        self._last = event.widget

    def greet(self) -> None:
        """Puts the cursor where something is missing."""
        self._focus(next((field for field in (self.name, self.host) if not field.get().strip()), self.name))

    def join(self) -> None:
        """Looks at what was typed and hands it on, or says what is wrong with it."""
        if self.connecting:
            return
        for field in (self.name, self.host, self.port):
            field.state(["!invalid"])
        try:
            name = check_name(self.name.get())
        except NameProblem as problem:
            self.refuse(str(problem), self.name)
            return
        host = self.host.get().strip()
        if not host:
            self.refuse("Type the address of the computer that runs the chat, for example 192.168.1.20.", self.host)
            return
        try:
            port = read_port(self.port.get())
        except ValueError as problem:
            self.refuse(str(problem), self.port)
            return
        self.busy(True)
        self._say(f"Looking for the chat at {host} …", "Hint")
        self._on_join(name, host, port)

    def refuse(self, sentence: str, field: ttk.Entry | None = None) -> None:
        """Says why it did not work, and leads to the field that can be mended."""
        self.busy(False)
        self._say(sentence, "Trouble")
        if field is not None:
            field.state(["invalid"])
            self._focus(field)
        else:
            self._refocus()

    def answer(self, refused: Refused) -> None:
        """The server, or the way to it, said no."""
        fields = {"unreachable": self.host, "not_hallway": self.port}
        about_name = refused.code.startswith("name_")
        self.refuse(refused.text, self.name if about_name else fields.get(refused.code))

    def busy(self, connecting: bool) -> None:
        """While it is tried nothing can be changed, but it can be cancelled."""
        self.connecting = connecting
        state = "disabled" if connecting else "!disabled"
        for widget in (self.name, self.host, self.port, self.button):
            widget.state([state])
        self.button.configure(text="Joining …" if connecting else "Join")
        if connecting:
            self.cancel_button.grid(row=6, column=1, sticky="we")
            self.button.grid(columnspan=1)
            self.focus_set()  # not to Cancel: a second Enter by reflex would give up
        else:
            self.cancel_button.grid_forget()
            self.button.grid(columnspan=2)
            self._hint()

    def escape(self) -> None:
        """Esc: gives up what is being tried."""
        if self.connecting:
            self._on_cancel()

    def _hint(self) -> None:
        self._say("The person who runs the chat sees its address and port when it starts.", "Hint")

    def _say(self, sentence: str, role: str) -> None:
        self.said.configure(text=sentence, style=f"Surface.{role}.TLabel")

    def _focus(self, field: ttk.Entry) -> None:
        field.focus_set()
        field.selection_range(0, "end")
        field.icursor("end")
