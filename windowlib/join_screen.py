"""The first screen: who one is and which chat to join. Called by window.py, in Tk's thread.

While it is open it lists the chats that are heard on the network. What was typed is looked at here and handed on, and
what came of it is said here. "Start one here" asks for a name and hands that to host_window.py. How all of this looks
is in join_card.py; where Join goes, in aim.py; what is said, in join_words.py.
"""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Callable

from clientlib.happenings import Refused
from clientlib.hosting import Closed, Opened
from clientlib.storage import Settings
from discovery import LOOPBACK, Heard, usual_ports
from protocol import DEFAULT_PORT
from windowlib.aim import Aim, Attempt, Listening
from windowlib.host_window import Host
from windowlib.join_card import Doing, JoinCard
from windowlib.join_fields import select_all
from windowlib.join_words import (
    Slip,
    about_own_chat,
    advise,
    checked_chat_name,
    checked_name,
    checked_new_password,
    checked_password,
    checked_port,
    who_asks,
)
from windowlib.look import Theme

LISTEN_TICK = 100  # ms between two looks at what was heard
LISTENING = "Listening for chats on this network …"
NOTHING_HEARD = "No chat heard on this network yet.\nStart one here, or type its address."


class JoinScreen(JoinCard):
    """Who one is, the chats that are heard, Join; another address and a chat of one's own when they are wanted."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, settings: Settings,
        on_join: Callable[[Attempt], None], on_cancel: Callable[[], None], on_look: Callable[[], None],
        own_host: Host, on_settings: Callable[[], None], given: bool = False,
    ) -> None:  # fmt: skip
        """`given`: the address in `settings` is not remembered, but was asked for when the program was started."""
        self._aim = Aim(settings.host, settings.port, given=given)
        self._accepted: str | None = None  # the fingerprint that was trusted at the address that is aimed at
        self._listening = Listening(usual_ports(settings.port))
        self._on_join, self._on_cancel, self._own_host = on_join, on_cancel, own_host
        doing = Doing(
            self.join, self.escape, self._choose, self._edited, self._turn_address, self.host_here, self._trust,
            on_look, on_settings,
        )  # fmt: skip
        super().__init__(parent, theme, settings.name, (settings.host, settings.port), doing)
        if self._aim.by_address:
            self.show_address()
        self.chats.say(LISTENING)
        self.dress()
        self._timer = self.after(LISTEN_TICK, self._listen)

    def destroy(self) -> None:
        if self._timer:
            self.after_cancel(self._timer)
            self._timer = ""
        self._listening.stop()
        self._own_host.forget_who_asked()
        super().destroy()

    def greet(self) -> None:
        """Puts the cursor where something is missing."""
        missing = self._aim.by_address and not self.host.get().strip() and self.name.get()
        select_all(self.host if missing else self.name)

    # --- where to ---

    def _listen(self) -> None:
        """Takes what was heard, and comes again. It listens only while there is somebody to see it."""
        try:
            now = time.monotonic()
            self._listening.follow(now, seen=bool(self.winfo_viewable()))
            heard = self._listening.heard()
            changed = self._aim.hear(heard, now)
            if changed:
                self.chats.show(self._aim.chats)
            if changed or heard:  # from the address of the last time, perhaps, which changes nothing that is listed
                self._mark()
            if not self._aim.chats and self._listening.has_waited(now):
                self._nothing_heard()
        finally:
            self._timer = self.after(LISTEN_TICK, self._listen)

    def _nothing_heard(self) -> None:
        self.chats.say(NOTHING_HEARD)
        untouched = not self._aim.by_hand and not self.connecting and not self.is_form
        if untouched and self.host.get().strip() and self.is_folded:
            self.show_address()  # of the last time: where no broadcast gets through, that is the way

    def _mark(self) -> None:
        """Shows which chat Join would take. While it is tried, or something is asked about one, no other is marked."""
        if not (self.connecting or self.asks_password or self.trust_button.is_offered):
            self._aim.mark()
        self.chats.choose(self._aim.chosen)

    def _choose(self, chat: Heard) -> None:
        """A chat was chosen by hand."""
        self._aim.choose(chat)
        self._aim_changed()

    def _turn_address(self) -> None:
        if self.is_folded:
            self.show_address()
            self.update_idletasks()
            select_all(self.host)
            return
        self.fold_address()
        if self._aim.by_address:
            self._aim.forget_address()
            self._mark()
            self._aim_changed()

    def _edited(self) -> None:
        """Host or port were typed."""
        self._aim.type(*self.address.typed)
        self._mark()
        self._aim_changed()

    def _aim_changed(self) -> None:
        """What was said and typed about one server is not for another."""
        if self._aim.has_moved:
            self._accepted = None
            self.forget_what_was_said()

    # --- joining ---

    def join(self) -> None:
        """Looks at what was typed and hands it on, or says what is wrong with it."""
        if self.connecting:
            return
        if self.address.typed != self._aim.typed:  # Tk tells of it when it has the time
            self._edited()
        self.mark_nothing_wrong()
        try:
            if self.is_form:
                self._start_hosting()
            else:
                self._try_to_join()
        except Slip as slip:
            if slip.field in ("host", "port"):
                self.show_address()
            self.refuse(str(slip), slip.field)

    def _try_to_join(self) -> None:
        name = checked_name(self.name.get())
        host, port = self._aim.checked()
        password = checked_password(self.password.get()) if self.asks_password else None
        in_clear = password is not None and self.secret.in_clear
        remember = password is not None and not in_clear and self.remember.instate(["selected"])
        heard = self._aim.only_heard
        self._aim.try_it()
        self.busy(True)
        self.say(f"Looking for the chat at {host} …")
        self._on_join(Attempt(name, host, port, password, remember, self._accepted, in_clear, heard))

    def answer(self, refused: Refused) -> None:
        """The server, or the way to it, said no."""
        if refused.code == "wrong_password":
            in_clear = refused.fingerprint is None
            self.ask_password(refused.text, who_asks(refused.fingerprint), in_clear=in_clear)
            return
        advice = advise(refused, self._aim.heard_where_tried(), typed=self._aim.is_typed)
        if advice.is_long and not self.is_folded and not self._aim.by_address:
            self._turn_address()
        if advice.field in ("host", "port"):
            self.show_address()
        self.refuse(advice.sentence, advice.field, advice.more)
        if refused.code == "not_what_was_heard":
            self._aim.distrust()
        if advice.is_doubt:
            self.put_password_away()  # it was the former server's
            if advice.trust is not None:
                self.trust_button.offer(advice.trust)
            self.let_read()

    def interrupt(self, refused: Refused) -> None:
        """A chat has ended with what only this screen can mend.

        Whoever was just writing goes on typing for a moment: that must not land in a field, and Enter must do nothing.
        Tab leads to what can be mended.
        """
        self.show_address()
        self._aim.try_address()
        self.answer(refused)
        self.focus_set()

    def _trust(self, fingerprint: str) -> None:
        self._accepted = fingerprint
        self.join()

    def escape(self) -> None:
        """Esc: gives up what is being tried, or what was to be started here."""
        if self.connecting:
            if self.is_form and self._own_host.is_open:
                self._own_host.forget_who_asked()
                self._own_host.stop()
            self._on_cancel()
        elif self.is_form:
            self.leave_form()

    # --- a chat of one's own ---

    def host_here(self) -> None:
        """Asks what a chat on this computer is to be called; one that is open is shown."""
        if self._own_host.is_open:
            self._own_host.show()
        else:
            self.show_form(about_own_chat(self._own_port))

    @property
    def _own_port(self) -> str:
        """The port, as text, that a chat here is to have: the usual one, unless another was typed."""
        return self.port.get().strip() if self._aim.port_typed else str(DEFAULT_PORT)

    def _start_hosting(self) -> None:
        checked_name(self.name.get())
        called = checked_chat_name(self.form.name.get())
        if self._own_host.is_open:
            raise Slip("The one before is still being closed. Try again in a moment.", "name of the chat")
        password = checked_new_password(self.form.password.get())
        port = checked_port(self._own_port)
        self.busy(True)
        self.say("The chat is being started …")
        self._own_host.start(called, port, password, self._started)

    def _started(self, what: Opened | Closed) -> None:
        """The chat on this computer is open, or could not be."""
        if isinstance(what, Closed):
            self.refuse(what.why or "The chat was closed again.", "name of the chat")
            self.mark_nothing_wrong()
            return
        name, password = checked_name(self.name.get()), self.form.password.get() or None
        self.form.password.delete(0, "end")
        self._aim.try_own(LOOPBACK, what.port)
        self.address.put(LOOPBACK, what.port)
        self.leave_form()  # should it not let us in, that is where one tries again
        self.busy(True)
        self.say("The chat is open. You are joining it …")
        self._on_join(Attempt(name, LOOPBACK, what.port, password))
