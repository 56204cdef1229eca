"""The first screen: who one is and which chat to join. Called by window.py, in Tk's thread.

While it is open it lists the chats that are heard on the network (`discovery.Finder`, a thread of its own, which it
starts and stops). What was typed is looked at here and handed on, and what came of it is said here. "Start one here"
asks for a name and hands that to host_window.py.
"""

from __future__ import annotations

import contextlib
import queue
import time
import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass, field
from tkinter import ttk

from clientlib import firewall
from clientlib.happenings import Refused
from clientlib.hosting import Closed, Opened
from clientlib.storage import Settings
from discovery import LOOPBACK, Finder, Heard, Nearby, usual_chat_name, usual_ports
from names import NameProblem, check_name, clean_line
from protocol import DEFAULT_PORT, MAX_SECRET, read_port
from windowlib.card import PAGE, Card
from windowlib.chat_list import ChatList
from windowlib.host_window import Host
from windowlib.join_fields import AddressField, HostForm, PasswordField, labelled_entry, select_all
from windowlib.look import Theme, displayed_lines, dress, plain_text

DELIBERATE = 800  # ms before a new certificate can be trusted: a double click on Join must not do it
LISTEN_TICK = 100  # ms between two looks at what was heard
FIRST_SECONDS = 1.5  # of listening before it is said that there is nothing
HEARD_A_TICK = 100  # answers taken in one tick
LISTENING = "Listening for chats on this network …"
NOTHING_HEARD = "No chat heard on this network yet.\nStart one here, or type its address."
HOW_TO_KNOW = "The person who runs the chat sees its address and port when it starts."
TRUST, READ_ON = "Trust the new one", "Read on  ↓"
FOLDED, UNFOLDED = "Another address  ▸", "Another address  ▾"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody wants to join: what they typed. `password`, `accept` and `in_clear` are as in `Engine`.

    `remember`: whether the password is to be kept on this computer. `heard`: nobody has typed this address or joined
    there before, it is what somebody on this network says.
    """

    name: str
    host: str
    port: int
    password: str | None = field(default=None, repr=False)
    remember: bool = False
    accept: str | None = None
    in_clear: bool = False
    heard: bool = False


class Slip(Exception):
    """Something that was typed cannot be; `str(slip)` says what to do, `slip.entry` is where."""

    def __init__(self, sentence: str, entry: tk.Misc) -> None:
        super().__init__(sentence)
        self.entry = entry


class JoinScreen(Card):
    """Who one is, the chats that are heard, Join; another address and a chat of one's own when they are wanted.

    Join goes to the chat that is marked in the list, or to the address that was typed: whichever was touched last.
    Nobody having touched either, the chat of the last time is marked when it is heard, else the only one.
    """

    def __init__(
        self, parent: tk.Misc, theme: Theme, settings: Settings,
        on_join: Callable[[Attempt], None], on_cancel: Callable[[], None], on_look: Callable[[], None],
        host: Host, on_settings: Callable[[], None], given: bool = False,
    ) -> None:  # fmt: skip
        """`given`: the address in `settings` is not remembered, but was asked for when the program was started."""
        super().__init__(parent, theme, on_look, on_settings)
        self._on_join, self._on_cancel, self._hosts = on_join, on_cancel, host
        self.connecting = False
        self._asked_at = ("", "")  # host and port, as typed, that the last answer came from
        self._offered: str | None = None  # the fingerprint of a changed certificate that could be trusted
        self._accepted: str | None = None  # the one that was, at the address that is aimed at
        self._deliberate = ""  # the timer after which it can be
        self._remembered = (settings.host, settings.port)
        self._by_address = given and bool(settings.host)  # the address counts: it was typed, or given at the start
        self._by_hand = False  # the chat that is marked was chosen, and not by us
        self._port_typed = False
        self._nearby, self._finder, self._listening_since = Nearby(self._remembered), Finder(), 0.0
        self._ports = usual_ports(settings.port)
        self._is_listening = False
        self._build(self.content, settings)
        self._build_foot(self.foot)
        self._last: tk.Misc = self.name  # the field that had the keyboard last
        self._bind_keys()
        if self._by_address:
            self.show_address()
        self.chats.say(LISTENING)
        self.dress()
        self._hint()
        self._timer = self.after(LISTEN_TICK, self._listen)

    def _build(self, content: ttk.Frame, settings: Settings) -> None:
        px, theme = self._theme.px, self._theme
        self.name = labelled_entry(content, theme, 1, 0, "Your name", settings.name, columns=2)
        self._heading = ttk.Label(content, text="Chats on this network", style="Surface.Label.TLabel")
        self._heading.grid(row=3, column=0, sticky="w", padx=px(3), pady=(px(12), px(4)))
        self.chats = ChatList(content, theme, self._chosen, self.join)
        self.chats.grid(row=4, column=0, columnspan=2, sticky="we", padx=px(3))
        self._secret = PasswordField(content, theme)
        self.password, self.show_button = self._secret.entry, self._secret.show_button
        self.remember, self.asks = self._secret.remember, self._secret.asks
        self._ways = ttk.Frame(content, style="Surface.TFrame")
        self._ways.grid(row=6, column=0, columnspan=2, sticky="we", pady=(px(6), 0))
        self._ways.columnconfigure(1, weight=1)
        self.address_button = ttk.Button(self._ways, text=FOLDED, style="Small.TButton", command=self._turn_address)
        self.address_button.grid(row=0, column=0)
        self.host_button = ttk.Button(self._ways, text="Start one here", style="Small.TButton", command=self.host_here)
        self.host_button.grid(row=0, column=2)
        self._address = AddressField(content, theme, settings.host, settings.port, self._edited)
        self.host, self.port = self._address.host, self._address.port
        self._form = HostForm(content, theme, usual_chat_name())
        self.said = ttk.Label(content, style="Surface.Hint.TLabel", wraplength=px(320), justify="left")
        self.wrapped += [self.said, self.asks]
        self._say_below(content, 9)
        # What is too long for a label, and to be copied.
        self.told = plain_text(content, theme, width=1, height=1, state="disabled", takefocus=True)

    def _build_foot(self, foot: ttk.Frame) -> None:
        foot.columnconfigure(0, weight=1)
        self.button = ttk.Button(foot, text="Join", style="Primary.TButton", command=self.join)
        self.button.grid(row=0, column=0, columnspan=2, sticky="we")
        self.cancel_button = ttk.Button(foot, text="Cancel", style="Quiet.TButton", command=self.escape)
        self.trust_button = ttk.Button(foot, text=TRUST, style="Quiet.TButton", command=self._trust)

    def _bind_keys(self) -> None:
        self._entries = (self.name, self.password, self.host, self.port, self._form.name, self._form.password)
        for entry in (*self._entries, self.chats.text):
            entry.bind("<FocusIn>", self._came_to, add=True)
        for key in ("<Return>", "<KP_Enter>"):
            for control in (*self._entries, self.remember, self.chats.text):
                control.bind(key, lambda _: self.join())
        ways = (self.address_button, self.host_button)
        controls = (*self._entries, self.show_button, self.remember, *ways, self.button, self.trust_button)
        self.bind_scrolling(controls)  # a label among them would be a stop for Tab
        self.told.bind("<Button-1>", lambda _: self.told.focus_set(), add=True)

    def destroy(self) -> None:
        self._stop_offering()
        if self._timer:
            self.after_cancel(self._timer)
            self._timer = ""
        self._finder.stop()
        self._hosts.forget_who_asked()
        super().destroy()

    def dress(self) -> None:
        """Takes the colours of the theme's look, and gives the keyboard back to the field that had it."""
        super().dress()
        self.chats.dress()
        for entry in self._entries:
            entry.configure(font="HallwayBody")  # ttk measures what stands in it only then
        dress(self.told, self._theme.look)
        self.told.configure(font="HallwaySmall", foreground=self._theme.look.muted)
        self.told.tag_configure("command", foreground=self._theme.look.text)
        self._refocus()

    def widened(self, width: int) -> None:
        """What does not fit beside each other stands below."""
        both = self.address_button.winfo_reqwidth() + self.host_button.winfo_reqwidth()
        below = both > width
        self.host_button.grid(row=1 if below else 0, column=0 if below else 2, sticky="w" if below else "")
        self._theme.style.configure("Flush.TCheckbutton", wraplength=width - self._theme.px(32))
        if self.cancel_button.winfo_manager():
            self._place_back()

    def _place_back(self) -> None:
        wide = max(self._wide, self._theme.px(120))
        below = self.button.winfo_reqwidth() + self.cancel_button.winfo_reqwidth() > wide
        self.cancel_button.grid(
            row=1 if below else 0, column=0 if below else 1, columnspan=2 if below else 1, sticky="we"
        )
        self.button.grid(columnspan=2 if below else 1)

    def _refocus(self) -> None:
        """The keyboard goes to the field that had it last; while it is being joined there is nothing to type into."""
        if self.connecting:
            self.focus_set()
        else:
            self._last.focus_set()

    def _came_to(self, event: tk.Event[tk.Misc]) -> None:
        for entry in self._entries:
            if entry is not event.widget:
                entry.selection_clear()  # one that was led to before
        self._last = event.widget
        if self.focus_get() is event.widget:  # it may have gone on already, to where there is something to read
            self.keep_in_sight(self.said, event.widget)

    def greet(self) -> None:
        """Puts the cursor where something is missing."""
        select_all(self.host if self._by_address and not self.host.get().strip() and self.name.get() else self.name)

    # --- the chats that are heard ---

    def _listen(self) -> None:
        """Takes what was heard, and comes again. It listens only while there is somebody to see it."""
        try:
            self._listen_when_seen()
            now, changed, heard = time.monotonic(), False, False
            with contextlib.suppress(queue.Empty):
                for _ in range(HEARD_A_TICK):
                    changed |= self._nearby.take(self._finder.heard.get_nowait(), now)
                    heard = True
            changed |= self._nearby.forget(now)
            if changed:
                self.chats.show(self._nearby.chats())
            if changed or heard:  # from the address of the last time, perhaps, which changes nothing that is listed
                self._mark_by_itself()
            if not self._nearby.chats() and self._is_listening and now - self._listening_since > FIRST_SECONDS:
                self._nothing_heard()
        finally:
            self._timer = self.after(LISTEN_TICK, self._listen)

    def _listen_when_seen(self) -> None:
        seen = bool(self.winfo_viewable())
        if seen and not self._is_listening:
            self._finder, self._listening_since = Finder(*self._ports), time.monotonic()
            self._finder.start()
        elif self._is_listening and not seen:
            self._finder.stop()
        self._is_listening = seen

    def _nothing_heard(self) -> None:
        self.chats.say(NOTHING_HEARD)
        untouched = not self._by_hand and not self.connecting and not self._form.winfo_manager()
        if self._listening_since and untouched and self.host.get().strip() and self._is_folded:
            self.show_address()  # of the last time: where no broadcast gets through, that is the way
        self._listening_since = float("inf")  # once

    def _mark_by_itself(self) -> None:
        """Marks the chat that Join would take, where nobody has chosen one."""
        if self._by_hand or self.connecting or self._secret.is_asked or self._offered:
            return
        chats = self._nearby.chats()
        host, port = self._address.typed if self._by_address else map(str, self._remembered)
        known = self._nearby.chat_at(host, int(port)) if port.isascii() and port.isdigit() and len(port) < 6 else None
        self.chats.choose(known or (chats[0] if len(chats) == 1 and not self._by_address else None))

    def _chosen(self) -> None:
        """A chat was chosen by hand."""
        self._by_hand, self._by_address = True, False
        self._aim_changed()

    # --- another address ---

    @property
    def _is_folded(self) -> bool:
        return not self._address.winfo_manager()

    def show_address(self) -> None:
        """Unfolds the fields for a chat that is not heard."""
        self._address.grid(row=7, column=0, columnspan=2, sticky="we")
        self.address_button.configure(text=UNFOLDED)
        if not self.said.cget("text"):
            self._hint()

    def _turn_address(self) -> None:
        if self._is_folded:
            self.show_address()
            self.update_idletasks()
            select_all(self.host)
            return
        self._address.grid_forget()
        self.address_button.configure(text=FOLDED)
        self.keep_in_sight(self.address_button)
        if self._last in (self.host, self.port):
            self._last = self.name
        if self._by_address:  # what cannot be seen is not meant
            self._by_address = False
            self._mark_by_itself()
            self._aim_changed()

    def _edited(self, entry: tk.Misc) -> None:
        """Host or port were typed."""
        self._port_typed = self._port_typed or entry is self.port
        self._by_address, self._by_hand = bool(self.host.get().strip()), False
        self.chats.choose(None)
        self._mark_by_itself()
        self._aim_changed()

    def _aim(self) -> tuple[str, str]:
        """Host and port, as text, that Join goes to as things stand; empty where there is something to choose first."""
        chosen = self.chats.chosen
        if chosen is not None and not self._by_address:
            return chosen.host, str(chosen.port)
        return self._address.typed if self._by_address or not self.chats.chats else ("", "")

    def _aim_changed(self) -> None:
        """What was said and typed about one server is not for another."""
        if self._aim() != self._asked_at:
            self._accepted = None
            self._stop_offering()
            self._hide_told()
            if self._secret.is_asked:
                self._put_password_away()
                self._hint()

    # --- joining ---

    def join(self) -> None:
        """Looks at what was typed and hands it on, or says what is wrong with it."""
        if self.connecting:
            return
        for entry in self._entries:
            entry.state(["!invalid"])
        try:
            if self._form.winfo_manager():
                self._start_hosting()
            else:
                self._try_to_join()
        except Slip as slip:
            self.refuse(str(slip), slip.entry)

    def _try_to_join(self) -> None:
        name = self._checked_name()
        host, port = self._checked_aim()
        password = self._checked_password(self.password, needed=True) if self.asks_password else None
        in_clear = password is not None and self._secret.in_clear
        remember = password is not None and not in_clear and self.remember.instate(["selected"])
        self._asked_at = self._aim()
        heard = not (self._by_address or self.chats.chosen is None or (host, port) == self._remembered)
        # What is heard from now on is no reason to go elsewhere.
        self._by_address = self._by_address or self.chats.chosen is None
        self._by_hand = not self._by_address
        self.busy(True)
        self._say(f"Looking for the chat at {host} …", "Hint")
        self._on_join(Attempt(name, host, port, password, remember, self._accepted, in_clear, heard))

    def _checked_name(self) -> str:
        try:
            return check_name(self.name.get())
        except NameProblem as problem:
            raise Slip(str(problem), self.name) from None

    def _checked_aim(self) -> tuple[str, int]:
        host, port = self._aim()
        if not host and self.chats.chats:
            raise Slip("Choose one of the chats above.", self.chats.text)
        if not host or self.chats.chosen is None or self._by_address:
            number = self._checked_port()
            if not host:
                self.show_address()
                sentence = "Type the address of the computer that runs the chat, for example 192.168.1.20."
                raise Slip(sentence, self.host)
            return host, number
        return host, int(port)

    def _checked_port(self) -> int:
        try:
            if not self.port.get().strip():
                raise ValueError(f"Type the port of the chat: a number, mostly {DEFAULT_PORT}.")
            return read_port(self.port.get())
        except ValueError as problem:
            self.show_address()
            raise Slip(str(problem), self.port) from None

    def _checked_password(self, entry: ttk.Entry, needed: bool) -> str | None:
        password = entry.get()
        if len(password) > MAX_SECRET:
            raise Slip(f"A password has at most {MAX_SECRET:,} characters.", entry)
        if needed and not password:
            raise Slip("Type the password of the chat.", entry)
        return password or None

    def refuse(self, sentence: str, entry: tk.Misc | None = None) -> None:
        """Says why it did not work, and leads to the field that can be mended."""
        self.busy(False)
        self._say_below(self.content, 9)
        self._say(sentence, "Trouble")
        if isinstance(entry, ttk.Entry):
            entry.state(["invalid"])
            self.update_idletasks()  # it may just have been unfolded
            select_all(entry)
        elif entry is not None:
            entry.focus_set()
        else:
            self._refocus()
        self.keep_in_sight(self.said, self._last)

    def answer(self, refused: Refused) -> None:
        """The server, or the way to it, said no."""
        if refused.code == "wrong_password":
            self._ask_password(refused)
            return
        heard = self._heard_at_aim()
        if heard is not None and refused.code in ("unreachable", "nobody_listens"):
            self._refuse_in_full(firewall.what_is_in_the_way(heard.name, heard.host, heard.port))
            return
        about_name = refused.code.startswith("name_")
        fields = {"unreachable": self.host, "nobody_listens": self.port, "not_hallway": self.port}
        typed = fields.get(refused.code) if self._by_address or self.chats.chosen is None else None
        if typed is not None:
            self.show_address()
        self.refuse(refused.text, self.name if about_name else typed)
        if refused.code == "certificate_changed":
            self._put_password_away()  # it was the former server's
            self.focus_set()  # a second Enter by reflex does nothing, and in a small window the sentence has the room
            if refused.fingerprint:
                self._offer(refused.fingerprint)

    def _heard_at_aim(self) -> Heard | None:
        """The chat that answers, at this moment, from the address that was tried."""
        host, port = self._asked_at
        return self._nearby.chat_at(host, int(port)) if port.isdigit() else None

    def _refuse_in_full(self, text: str) -> None:
        """Says why it did not work in as many lines as it takes, which can be copied."""
        first, _, rest = text.partition("\n\n")
        if not self._is_folded and not self._by_address:
            self._turn_address()  # there is enough to read
        self.refuse(first)
        if not rest:
            return
        px, told = self._theme.px, self.told
        told.configure(state="normal")
        told.delete("1.0", "end")
        for paragraph in rest.split("\n\n"):
            head, _, command = paragraph.partition("\n")
            told.insert("end", head + "\n")
            if command:
                told.insert("end", command + "\n", "command")
        told.delete("end-2c", "end")
        told.configure(state="disabled", spacing1=px(4), wrap="word")
        told.grid(row=10, column=0, columnspan=2, sticky="we", padx=px(3))
        self.update_idletasks()
        told.configure(height=displayed_lines(told) + 1)
        self.update_idletasks()
        self.keep_in_sight(self.said)

    def _hide_told(self) -> None:
        if self.told.winfo_manager():
            self.told.grid_forget()
            self.keep_in_sight(self.said, self._last)

    def interrupt(self, refused: Refused) -> None:
        """A chat has ended with what only this screen can mend.

        Whoever was just writing goes on typing for a moment: that must not land in a field, and Enter must do nothing.
        """
        self._by_address = True  # it is this one that is meant, whatever else is heard
        self.show_address()
        self._asked_at = self._aim()
        self.answer(refused)
        self.focus_set()

    # --- the password ---

    @property
    def asks_password(self) -> bool:
        """Whether the chat that is aimed at has asked for its password."""
        return self._secret.is_asked

    def _ask_password(self, refused: Refused) -> None:
        at_first = not self.asks_password
        self._secret.tell(refused)
        if at_first:
            self.remember.state(["!alternate", "!selected"])
            self._secret.grid(row=5, column=0, columnspan=2, sticky="we", padx=(0, self._theme.px(3)))
            self.update_idletasks()
        self.refuse(refused.text, self.password)
        self._say_below(self._secret, 2)
        if at_first:  # nothing went wrong yet
            self.password.state(["!invalid"])
            self._say(refused.text, "Hint")

    def _put_password_away(self) -> None:
        self._say_below(self.content, 9)
        if self._last is self.password:
            self._last = self.name
        self._secret.put_away()

    # --- a changed certificate ---

    def _offer(self, fingerprint: str) -> None:
        """The changed certificate can be trusted, by somebody who has read what it may mean."""
        self._offered = fingerprint
        self.trust_button.configure(text=TRUST)
        self.trust_button.state(["disabled"])
        self.trust_button.grid(row=1, column=0, columnspan=2, sticky="we", pady=(self._theme.px(4), 0))
        self.update_idletasks()
        self.keep_in_sight(self.said)
        self._deliberate = self.after(DELIBERATE, self._let_trust)

    def _let_trust(self) -> None:
        """Not before the new words were in sight: in a small window one is led on to them first."""
        seen = self.shows_end_of(self.said)
        self.trust_button.configure(text=TRUST if seen else READ_ON)
        self.trust_button.state(["!disabled"])
        self._deliberate = "" if seen else self.after(LISTEN_TICK, self._let_trust)

    def _stop_offering(self) -> None:
        self.trust_button.grid_forget()
        self._offered = None
        if self._deliberate:
            self.after_cancel(self._deliberate)
            self._deliberate = ""

    def _trust(self) -> None:
        if str(self.trust_button.cget("text")) == READ_ON:
            self.scroll(PAGE)
            self.trust_button.state(["disabled"])  # a second press by reflex must not trust
            self.after_cancel(self._deliberate)
            self._deliberate = self.after(DELIBERATE, self._let_trust)
            return
        self._accepted = self._offered
        self.join()

    # --- a chat of one's own ---

    def host_here(self) -> None:
        """Asks what a chat on this computer is to be called; one that is open is shown."""
        if self._hosts.is_open:
            self._hosts.show()
            return
        for part in (self._heading, self.chats, self._ways, self._address, self._secret):
            part.grid_remove()
        self._hide_told()
        self._form.grid(row=8, column=0, columnspan=2, sticky="we")
        self._say_below(self.content, 9)
        self._foot_says("Start and join", "Back")
        self._say(
            "It runs on this computer until you stop it, and others on this network find it in their list.", "Hint"
        )
        self.update_idletasks()
        select_all(self._form.name if self.name.get().strip() else self.name)
        self.keep_in_sight(self.said, self._form.name)

    def _leave_form(self) -> None:
        folded = str(self.address_button.cget("text")) == FOLDED
        self._form.grid_forget()
        for part in (self._heading, self.chats, self._ways):
            part.grid()
        if not folded:
            self.show_address()
        self._foot_says("Join", None)
        self._hint()
        self._last = self.name
        self._refocus()
        self.keep_in_sight(self._last)

    def _start_hosting(self) -> None:
        self._checked_name()
        called = clean_line(self._form.name.get()).strip()
        if not called:
            raise Slip("Give the chat a name that the others know it by.", self._form.name)
        if self._hosts.is_open:
            raise Slip("The one before is still being closed. Try again in a moment.", self._form.name)
        password = self._checked_password(self._form.password, needed=False)
        port = self._checked_port() if self._port_typed else DEFAULT_PORT
        self.busy(True)
        self._say("The chat is being started …", "Hint")
        self._hosts.start(called, port, password, self._started)

    def _started(self, what: Opened | Closed) -> None:
        """The chat on this computer is open, or could not be."""
        if isinstance(what, Closed):
            self.refuse(what.why or "The chat was closed again.", self._form.name)
            self._form.name.state(["!invalid"])
            return
        name, password = self._checked_name(), self._form.password.get() or None
        self._form.password.delete(0, "end")
        self._address.put(LOOPBACK, what.port)
        self._remembered, self._by_address, self._by_hand = (LOOPBACK, what.port), False, False
        self._leave_form()  # should it not let us in, that is where one tries again
        self.busy(True)
        self._say("The chat is open. You are joining it …", "Hint")
        self._asked_at = (LOOPBACK, str(what.port))
        self._on_join(Attempt(name, LOOPBACK, what.port, password))

    # --- what it looks like ---

    def busy(self, connecting: bool) -> None:
        """While it is tried nothing can be changed, but it can be cancelled."""
        self.connecting = connecting
        state = "disabled" if connecting else "!disabled"
        ways = (self.address_button, self.host_button)
        for widget in (*self._entries, self.show_button, self.remember, *ways, self.button):
            widget.state([state])
        self.chats.enable(not connecting)
        hosting = bool(self._form.winfo_manager())
        if connecting:
            self._stop_offering()
            self._hide_told()
            self._foot_says("Starting …" if hosting else "Joining …", "Cancel")
            self.focus_set()  # not to Cancel: a second Enter by reflex would give up
        else:
            self._foot_says("Start and join" if hosting else "Join", "Back" if hosting else None)
            self._hint()

    def _foot_says(self, forward: str, back: str | None) -> None:
        self.button.configure(text=forward)
        if back is None:
            self.cancel_button.grid_forget()
            self.button.grid(columnspan=2)
        else:
            self.cancel_button.configure(text=back)
            self._place_back()

    def escape(self) -> None:
        """Esc: gives up what is being tried, or what was to be started here."""
        if self.connecting and self._form.winfo_manager() and self._hosts.is_open:
            self._hosts.forget_who_asked()
            self._hosts.stop()
        if self.connecting:
            self._on_cancel()
        elif self._form.winfo_manager():
            self._leave_form()

    def _hint(self) -> None:
        if not self._form.winfo_manager():
            self._say("" if self._is_folded else HOW_TO_KNOW, "Hint")

    def _say_below(self, part: ttk.Frame, row: int) -> None:
        """What is said stands in this row of a part of the card: below what it is about."""
        px = self._theme.px
        above = px(10 if part is self.content else 4)
        self.said.grid(in_=part, row=row, column=0, columnspan=2, sticky="we", padx=px(3), pady=(above, 0))
        if not self.said.cget("text"):
            self.said.grid_remove()

    def _say(self, sentence: str, role: str) -> None:
        self.said.configure(text=sentence, style=f"Surface.{role}.TLabel")
        if sentence:
            self.said.grid()
        else:
            self.said.grid_remove()
