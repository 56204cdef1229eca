"""The first screen as it is seen: its fields and buttons, where they stand, and which of them has the keyboard.

Part of join_screen.py, which says what comes of all of this; in Tk's thread.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import ttk

from discovery import Heard, usual_chat_name
from windowlib.card import PAGE, Card
from windowlib.chat_list import ChatList
from windowlib.join_fields import (
    ASKED_ROW,
    SAID_ROW,
    AddressField,
    HostForm,
    PasswordField,
    Said,
    Ways,
    labelled_entry,
    select_all,
)
from windowlib.join_foot import Foot, TrustButton
from windowlib.join_words import Field
from windowlib.look import Theme

HOW_TO_KNOW = "The person who runs the chat sees its address and port when it starts."


@dataclass(frozen=True, slots=True)
class Doing:
    """What the first screen is asked to do."""

    join: Callable[[], None]
    give_up: Callable[[], None]
    choose: Callable[[Heard], None]  # a chat of the list, by hand
    edit: Callable[[], None]  # host or port were typed
    turn_address: Callable[[], None]  # their fields are to be unfolded, or folded
    host: Callable[[], None]  # a chat of one's own
    trust: Callable[[str], None]  # a changed certificate, by its fingerprint
    look: Callable[[], None]
    settings: Callable[[], None]


class JoinCard(Card):
    """The fields of the first screen; or, while `is_form`, those of a chat that is to be hosted here."""

    def __init__(self, parent: tk.Misc, theme: Theme, name: str, address: tuple[str, int], doing: Doing) -> None:
        """`name` and `address` stand in their fields at first."""
        super().__init__(parent, theme, doing.look, doing.settings)
        self.connecting = False
        self.is_folded = True  # the fields of the address are out of sight
        self._build(self.content, name, address, doing)
        self._foot = Foot(self.foot, theme, doing.join, doing.give_up)
        self.button, self.cancel_button = self._foot.button, self._foot.cancel_button
        self.trust_button = TrustButton(
            self.foot, theme, lambda: self.shows_end_of(self.said), lambda: self.scroll(PAGE), doing.trust
        )
        self._last: tk.Misc = self.name  # the field that had the keyboard last
        self._bind_keys(doing.join)

    def _build(self, content: ttk.Frame, name: str, address: tuple[str, int], doing: Doing) -> None:
        px, theme = self._theme.px, self._theme
        self.name = labelled_entry(content, theme, 1, 0, "Your name", name, columns=2)
        self._heading = ttk.Label(content, text="Chats on this network", style="Surface.Label.TLabel")
        self._heading.grid(row=3, column=0, sticky="w", padx=px(3), pady=(px(12), px(4)))
        self.chats = ChatList(content, theme, doing.choose, doing.join)
        self.chats.grid(row=4, column=0, columnspan=2, sticky="we", padx=px(3))
        self.secret = PasswordField(content, theme)
        self.password, self.show_button = self.secret.entry, self.secret.show_button
        self.remember, self.asks = self.secret.remember, self.secret.asks
        self._ways = Ways(content, doing.turn_address, doing.host)
        self._ways.grid(row=6, column=0, columnspan=2, sticky="we", pady=(px(6), 0))
        self.address_button, self.host_button = self._ways.address_button, self._ways.host_button
        self.address = AddressField(content, theme, *address, doing.edit)
        self.host, self.port = self.address.host, self.address.port
        self.form = HostForm(content, theme, usual_chat_name())
        self._said = Said(content, theme)
        self.said, self.told = self._said.label, self._said.text
        self.wrapped += [self.said, self.asks]

    def _bind_keys(self, join: Callable[[], None]) -> None:
        self._entries = (self.name, self.password, self.host, self.port, self.form.name, self.form.password)
        for entry in (*self._entries, self.chats.text):
            entry.bind("<FocusIn>", self._came_to, add=True)
        for key in ("<Return>", "<KP_Enter>"):
            for control in (*self._entries, self.remember, self.chats.text):
                control.bind(key, lambda _: join())
        ways = (self.address_button, self.host_button)
        controls = (*self._entries, self.show_button, self.remember, *ways, self.button, self.trust_button)
        self.bind("<Tab>", lambda _: self._enter())
        self.configure(takefocus=False)  # with a key of its own it would be a stop for Tab
        self.bind_scrolling(controls)  # a label among them would be a stop for Tab

    def dress(self) -> None:
        """Takes the colours of the theme's look, and gives the keyboard back to the field that had it."""
        super().dress()
        self.chats.dress()
        for entry in self._entries:
            entry.configure(font="HallwayBody")  # ttk measures what stands in it only then
        self._said.dress(self._theme.look)
        self._refocus()

    def widened(self, width: int) -> None:
        """What does not fit beside each other stands below."""
        self._ways.fit(width)
        self._theme.style.configure("Flush.TCheckbutton", wraplength=width - self._theme.px(32))
        self._foot.fit(width)

    # --- the keyboard ---

    def _refocus(self) -> None:
        """The keyboard goes to the field that had it last; while it is being joined there is nothing to type into."""
        if self.connecting:
            self.focus_set()
        else:
            self._last.focus_set()

    def _enter(self) -> str | None:
        """Tab, where no field has the keyboard: it goes to the one that had it, or was led to, last."""
        if self.connecting:  # there is Cancel alone
            return None
        self._last.focus_set()
        return "break"

    def _came_to(self, event: tk.Event[tk.Misc]) -> None:
        for entry in self._entries:
            if entry is not event.widget:
                entry.selection_clear()  # one that was led to before
        if self.focus_get() is event.widget:  # it may have gone on already, to where there is something to read
            self._last = event.widget
            self.keep_in_sight(self.said, event.widget)

    def _lead_to(self, field: Field) -> None:
        """To what can be mended; what is typed replaces it."""
        entries: dict[Field, ttk.Entry] = {
            "name": self.name, "password": self.password, "host": self.host, "port": self.port,
            "name of the chat": self.form.name, "password of the chat": self.form.password,
        }  # fmt: skip
        if field == "chats":
            self._last = self.chats.text
            self._last.focus_set()
            return
        self._last = entry = entries[field]
        entry.state(["invalid"])
        self.update_idletasks()  # it may just have been unfolded
        select_all(entry)

    # --- the address ---

    def show_address(self) -> None:
        """Unfolds the fields for a chat that is not heard."""
        self.is_folded = False
        self.address.grid(row=7, column=0, columnspan=2, sticky="we")
        self._ways.say_folded(folded=False)
        if not self._said.sentence:
            self._hint()

    def fold_address(self) -> None:
        """Takes them out of sight again."""
        self.is_folded = True
        self.address.grid_forget()
        self._ways.say_folded(folded=True)
        self.keep_in_sight(self.address_button)
        if self._last in (self.host, self.port):
            self._last = self.name

    # --- the password ---

    @property
    def asks_password(self) -> bool:
        """Whether the chat that is aimed at has asked for its password."""
        return self.secret.is_asked

    def ask_password(self, sentence: str, who_asks: str, *, in_clear: bool) -> None:
        """Asks for it, below a sentence about who does."""
        at_first = not self.asks_password
        self.secret.tell(who_asks, in_clear=in_clear)
        if at_first:
            self.remember.state(["!alternate", "!selected"])
            self.secret.grid(row=5, column=0, columnspan=2, sticky="we", padx=(0, self._theme.px(3)))
            self.update_idletasks()
        self.refuse(sentence, "password")
        self._said.stand_below(self.secret, ASKED_ROW)
        if at_first:  # nothing went wrong yet
            self.password.state(["!invalid"])
            self.say(sentence)

    def put_password_away(self) -> None:
        """It is not asked for any more, and what was typed is forgotten."""
        self._said.stand_below(self.content, SAID_ROW)
        if self._last is self.password:
            self._last = self.name
        self.secret.put_away()

    # --- a chat of one's own ---

    @property
    def is_form(self) -> bool:
        """Whether a chat is to be hosted here."""
        return self.form.is_shown

    def show_form(self, about: str) -> None:
        """Asks what that chat is to be called, instead of where to join, and says something about it."""
        for part in (self._heading, self.chats, self._ways, self.address, self.secret):
            part.grid_remove()
        self.trust_button.withdraw()
        self._said.untell()
        self.form.grid(row=8, column=0, columnspan=2, sticky="we")
        self._said.stand_below(self.content, SAID_ROW)
        self._foot.say("Start and join", "Back")
        self.say(about)
        self.update_idletasks()
        select_all(self.form.name if self.name.get().strip() else self.name)
        self.keep_in_sight(self.said, self.form.name)

    def leave_form(self) -> None:
        """Back to where one joins."""
        self.form.grid_forget()
        for part in (self._heading, self.chats, self._ways):
            part.grid()
        if not self.is_folded:
            self.show_address()
        self._foot.say("Join", None)
        self._hint()
        self._last = self.name
        self._refocus()
        self.keep_in_sight(self._last)

    # --- what is said ---

    def say(self, sentence: str) -> None:
        """Says what to know, or what is being done."""
        self._said.say(sentence, "Hint")

    def _hint(self) -> None:
        if not self.is_form:
            self.say("" if self.is_folded else HOW_TO_KNOW)

    def mark_nothing_wrong(self) -> None:
        """No field is marked as wrong."""
        for entry in self._entries:
            entry.state(["!invalid"])

    def refuse(self, sentence: str, field: Field | None = None, more: str = "") -> None:
        """Says why it did not work, and leads to the field that can be mended. `more` is as in `Advice`."""
        self.busy(False)
        self._said.stand_below(self.content, SAID_ROW)
        self._said.say(sentence, "Trouble")
        if field is None:
            self._refocus()
        else:
            self._lead_to(field)
        self.keep_in_sight(self.said, self._last)
        if more:
            self._said.tell(more)
            self.keep_in_sight(self.said)

    def forget_what_was_said(self) -> None:
        """It was about another server than the one that is aimed at now."""
        self.trust_button.withdraw()
        if self._said.untell():
            self.keep_in_sight(self.said, self._last)
        if self.asks_password:
            self.put_password_away()
            self._hint()

    def let_read(self) -> None:
        """What was said counts: a second Enter by reflex does nothing, and in a small window it has the room."""
        self.focus_set()
        self.update_idletasks()
        self.keep_in_sight(self.said)

    def busy(self, connecting: bool) -> None:
        """While it is tried nothing can be changed, but it can be cancelled."""
        self.connecting = connecting
        state = "disabled" if connecting else "!disabled"
        ways = (self.address_button, self.host_button)
        for widget in (*self._entries, self.show_button, self.remember, *ways, self.button):
            widget.state([state])
        self.chats.enable(not connecting)
        if connecting:
            self.trust_button.withdraw()
            if self._said.untell():
                self.keep_in_sight(self.said, self._last)
            self._foot.say("Starting …" if self.is_form else "Joining …", "Cancel")
            self.focus_set()  # not to Cancel: a second Enter by reflex would give up
        else:
            self._foot.say("Start and join" if self.is_form else "Join", "Back" if self.is_form else None)
            self._hint()
