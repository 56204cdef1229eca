"""The first screen: who one is and where the chat is. Called by window.py, in Tk's thread.

It starts nothing itself: what was typed is looked at here and handed on, and what came of it is said here.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass, field
from tkinter import ttk

from certificate import in_words
from happenings import Refused
from look import LIGHT, Theme
from protocol import MAX_SECRET, NameProblem, check_name, read_port
from storage import Settings

DOT = "•"  # for each character of a password
PAGE = 9  # tenths of what is seen, for a page key
DELIBERATE = 800  # ms before a new certificate can be trusted: a double click on Join must not do it


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody wants to join: what they typed. `password`, `accept` and `in_clear` are as in `Engine`.

    `remember`: whether the password is to be kept on this computer.
    """

    name: str
    host: str
    port: int
    password: str | None = field(default=None, repr=False)
    remember: bool = False
    accept: str | None = None
    in_clear: bool = False


class JoinScreen(ttk.Frame):
    """The first screen: who one is, where the chat is, Join. What goes wrong is said in it, and it stays.

    Title and buttons are always in sight; where the window is too small for what stands between them, that scrolls.
    """

    def __init__(
        self, parent: tk.Misc, theme: Theme, settings: Settings,
        on_join: Callable[[Attempt], None], on_cancel: Callable[[], None], on_look: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._theme, self._on_join, self._on_cancel = theme, on_join, on_cancel
        self.connecting = False
        self._asked_at = ("", "")  # host and port, as typed, that the last answer came from
        self._in_clear = False  # the password's field says that the connection is not encrypted
        self._offered: str | None = None  # the fingerprint of a changed certificate that could be trusted
        self._accepted: str | None = None  # the one that was, at the address that stands in the fields
        self._deliberate = ""  # the timer after which it can be
        self._fitted: tuple[int, ...] = ()  # the sizes that `_fit` has last worked with
        px = theme.px
        self.card = card = ttk.Frame(self, style="Card.TFrame")
        card.place(relx=0.5, rely=0.5, anchor="center")
        self._head = self._build_head(card)
        self._slim_head = ttk.Label(card, text="Hallway", style="Surface.Strong.TLabel")
        self._view = tk.Canvas(card, borderwidth=0, highlightthickness=0, takefocus=False)
        self._view.grid(row=1, column=0)
        self._bar = ttk.Scrollbar(card, orient="vertical", command=self._view.yview, takefocus=False)
        self._view.configure(yscrollcommand=self._bar.set)
        self._content = content = ttk.Frame(self._view, style="Surface.TFrame")
        self._view.create_window(0, 0, window=content, anchor="nw")
        content.columnconfigure(0, weight=1, minsize=px(224))
        content.columnconfigure(1, minsize=px(96))
        self.name = self._field(content, 1, 0, "Your name", settings.name, columns=2)
        self._secret = self._build_secret(content)
        self.host = self._field(content, 4, 0, "Address of the chat", settings.host)
        self.port = self._field(content, 4, 1, "Port", str(settings.port), letters=6)
        self.said = ttk.Label(content, style="Surface.Hint.TLabel", wraplength=px(320), justify="left")
        self._say_below(content, 6)
        self._build_foot(card)
        self.look_button = ttk.Button(self, style="Corner.TButton", command=on_look)
        self._last = self.name  # the field that had the keyboard last
        for widget in (self, card, content):
            widget.bind("<Configure>", lambda _: self._fit())
        for entry in (self.name, self.password, self.host, self.port):
            entry.bind("<FocusIn>", self._came_to, add=True)
        for key in ("<Return>", "<KP_Enter>"):
            for control in (self.name, self.password, self.remember, self.host, self.port):
                control.bind(key, lambda _: self.join())
        changed = self.register(self._address_changes)
        for entry in (self.host, self.port):
            entry.configure(validate="key", validatecommand=changed)
        controls = (self.name, self.password, self.show_button, self.remember, self.host, self.port, self.button)
        for one in (*controls, self.trust_button):  # a label with them would be a stop for Tab
            one.bind("<Prior>", lambda _: self._scroll(-PAGE))
            one.bind("<Next>", lambda _: self._scroll(PAGE))
        self._bind_wheel(self)
        self.dress()
        self._hint()

    def _build_head(self, card: ttk.Frame) -> ttk.Frame:
        px = self._theme.px
        head = ttk.Frame(card, style="Surface.TFrame")
        mark = ttk.Label(head, text="H", image=self._theme.mark, compound="center", style="Mark.TLabel")
        mark.pack(side="left", padx=(px(3), px(12)))
        titles = ttk.Frame(head, style="Surface.TFrame")
        titles.pack(side="left")
        ttk.Label(titles, text="Hallway", style="Surface.Title.TLabel").pack(anchor="w")
        ttk.Label(titles, text="The chat of the network you are on", style="Surface.Hint.TLabel").pack(anchor="w")
        return head

    def _build_secret(self, content: ttk.Frame) -> ttk.Frame:
        """The password's field and what belongs to it; shown when a chat asks for one."""
        px = self._theme.px
        secret = ttk.Frame(content, style="Surface.TFrame")
        secret.columnconfigure(0, weight=1)
        self.password = self._field(secret, 0, 0, "Password of the chat", "")
        self.password.configure(show=DOT, exportselection=False)  # selected, it would go where the middle button pastes
        self.show_button = ttk.Button(secret, text="Show", style="Quiet.TButton", command=self._show_password)
        self.show_button.configure(width=6)
        self.show_button.grid(row=1, column=1, sticky="e", padx=(px(4), 0))
        self.remember = ttk.Checkbutton(secret, text=" Remember it on this computer")
        self.remember.grid(row=3, column=0, columnspan=2, sticky="w", pady=(px(4), 0))
        self.asks = ttk.Label(secret, style="Surface.Hint.TLabel", wraplength=px(320), justify="left")
        self.asks.grid(row=4, column=0, columnspan=2, sticky="we", padx=px(3), pady=(px(4), 0))
        return secret

    def _build_foot(self, card: ttk.Frame) -> None:
        foot = self._foot = ttk.Frame(card, style="Surface.TFrame")
        foot.grid(row=2, column=0, sticky="we", pady=(self._theme.px(10), 0))
        foot.columnconfigure(0, weight=1)
        self.button = ttk.Button(foot, text="Join", style="Primary.TButton", command=self.join)
        self.button.grid(row=0, column=0, columnspan=2, sticky="we")
        self.cancel_button = ttk.Button(foot, text="Cancel", style="Quiet.TButton", command=self._on_cancel)
        self.trust_button = ttk.Button(foot, text="Trust the new one", style="Quiet.TButton", command=self._trust)

    def destroy(self) -> None:
        self._stop_offering()
        super().destroy()

    def dress(self) -> None:
        """Takes the colours of the theme's look, and gives the keyboard back to the field that had it."""
        self.look_button.configure(text="Dark look" if self._theme.look is LIGHT else "Light look")
        self._view.configure(background=self._theme.look.surface)
        self._refocus()

    def _refocus(self) -> None:
        """The keyboard goes to the field that had it last; while it is being joined there is nothing to type into."""
        if self.connecting:
            self.focus_set()
        else:
            self._last.focus_set()

    def _fit(self) -> None:
        """Gives the card the room there is: first it loses its large title and margins, then its middle scrolls.

        The look's button stands in the corner of the screen, or in the card's where they would touch.
        """
        px, card, width, height = self._theme.px, self.card, self.winfo_width(), self.winfo_height()
        content = self._content.winfo_reqheight()
        sizes = (width, height, content, self._foot.winfo_reqheight(), card.winfo_reqwidth(), card.winfo_reqheight())
        if width <= 1 or sizes == self._fitted:  # it has no size yet; or something was only moved, by scrolling
            return
        self._fitted = sizes
        rest = self._foot.winfo_reqheight() + px(10) + 2 * px(8)
        slim = self._head.winfo_reqheight() + 2 * px(32) + content + rest > height
        above = px(14 if slim else 32)
        head, hidden = (self._slim_head, self._head) if slim else (self._head, self._slim_head)
        hidden.grid_forget()
        head.grid(row=0, column=0, sticky="w", padx=px(3) if slim else 0, pady=(0, px(6)) if slim else 0)
        card.configure(padding=(px(32 if width >= px(480) else 20), above))
        room = height - rest - 2 * above - head.winfo_reqheight() - (px(6) if slim else 0)
        seen = max(px(40), min(content, room))
        self._view.configure(
            width=self._content.winfo_reqwidth(), height=seen,
            scrollregion=(0, 0, self._content.winfo_reqwidth(), content),
        )  # fmt: skip
        if seen < content:
            self._bar.place(in_=self._view, relx=1.0, x=px(4), relheight=1.0, bordermode="outside")
        else:
            self._bar.place_forget()
        self._place_look_button(slim)
        self._show_what_counts()

    def _place_look_button(self, slim: bool) -> None:
        px, card, button = self._theme.px, self.card, self.look_button
        beside = (self.winfo_width() - card.winfo_reqwidth()) // 2 >= button.winfo_reqwidth() + px(20)
        above = (self.winfo_height() - card.winfo_reqheight()) // 2 >= button.winfo_reqheight() + px(20)
        if beside or above:
            button.configure(style="Corner.TButton")
            button.place(in_=self, relx=1.0, x=-px(12), y=px(12), anchor="ne", bordermode="outside")
        else:
            button.configure(style="Quiet.TButton")
            button.place(in_=card, relx=1.0, x=-px(12), y=px(8 if slim else 10), anchor="ne", bordermode="outside")

    def _bind_wheel(self, widget: tk.Misc) -> None:
        """The wheel moves what does not fit, wherever the mouse is."""
        widget.bind("<MouseWheel>", lambda event: self._scroll(-1 if event.delta > 0 else 1), add=True)
        for button, tenths in ((4, -1), (5, 1)):  # the wheel's on X11
            widget.bind(f"<Button-{button}>", lambda _, tenths=tenths: self._scroll(tenths), add=True)  # type: ignore[misc]
        for child in widget.winfo_children():
            self._bind_wheel(child)

    def _scroll(self, tenths: int) -> None:
        if self._bar.winfo_ismapped():
            self._view.yview_scroll(tenths, "units")

    def _show_what_counts(self) -> None:
        """Brings into sight what is said, and then the field with the keyboard, where not all can be seen."""
        self._bring_into_sight(self.said)
        if self.focus_get() is self._last:
            self._bring_into_sight(self._last)

    def _bring_into_sight(self, widget: tk.Misc) -> None:
        seen, top = int(self._view.cget("height")), self._view.canvasy(0)
        begin = widget.winfo_rooty() - self._content.winfo_rooty()
        end = begin + widget.winfo_height()
        if begin < top or end - begin > seen:
            self._view.yview_moveto((begin - self._theme.px(33)) / max(1, self._content.winfo_reqheight()))  # its label
        elif end > top + seen:
            self._view.yview_moveto((end - seen) / max(1, self._content.winfo_reqheight()))

    def _field(
        self, parent: ttk.Frame, row: int, column: int, label: str, value: str, columns: int = 1, letters: int = 10
    ) -> ttk.Entry:
        px = self._theme.px
        apart = (px(9) if column else px(3), px(3) if column or columns > 1 else 0)  # a button's ring takes 3
        ttk.Label(parent, text=label, style="Surface.Label.TLabel").grid(
            row=row, column=column, columnspan=columns, sticky="w", padx=apart, pady=(px(12), px(4))
        )
        entry = ttk.Entry(parent, width=letters, font="HallwayBody")
        entry.insert(0, value)
        entry.grid(row=row + 1, column=column, columnspan=columns, sticky="we", padx=apart)
        return entry

    def _came_to(self, event: tk.Event[ttk.Entry]) -> None:
        for entry in (self.name, self.password, self.host, self.port):
            if entry is not event.widget:
                entry.selection_clear()  # one that was led to before
        self._last = event.widget
        self._bring_into_sight(event.widget)

    def greet(self) -> None:
        """Puts the cursor where something is missing."""
        self._focus(next((entry for entry in (self.name, self.host) if not entry.get().strip()), self.name))

    def join(self) -> None:
        """Looks at what was typed and hands it on, or says what is wrong with it."""
        if self.connecting:
            return
        for entry in (self.name, self.password, self.host, self.port):
            entry.state(["!invalid"])
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
        password = self.password.get() if self.asks_password else None
        if password is not None and not 0 < len(password) <= MAX_SECRET:
            too_long = f"A password has at most {MAX_SECRET:,} characters."
            self.refuse(too_long if password else "Type the password of the chat.", self.password)
            return
        in_clear = password is not None and self._in_clear
        remember = password is not None and not in_clear and self.remember.instate(["selected"])
        self._asked_at = self._address()
        self.busy(True)
        self._say(f"Looking for the chat at {host} …", "Hint")
        self._on_join(Attempt(name, host, port, password, remember, self._accepted, in_clear))

    def refuse(self, sentence: str, entry: ttk.Entry | None = None) -> None:
        """Says why it did not work, and leads to the field that can be mended."""
        self.busy(False)
        self._say_below(self._content, 6)
        self._say(sentence, "Trouble")
        if entry is not None:
            entry.state(["invalid"])
            self._focus(entry)
        else:
            self._refocus()

    def answer(self, refused: Refused) -> None:
        """The server, or the way to it, said no."""
        if refused.code == "wrong_password":
            self._ask_password(refused)
            return
        fields = {"unreachable": self.host, "not_hallway": self.port}
        about_name = refused.code.startswith("name_")
        self.refuse(refused.text, self.name if about_name else fields.get(refused.code))
        if refused.code == "certificate_changed":
            self._put_password_away()  # it was the former server's
            self.focus_set()  # a second Enter by reflex does nothing, and in a small window the sentence has the room
            if refused.fingerprint:
                self._offer(refused.fingerprint)

    def interrupt(self, refused: Refused) -> None:
        """A chat has ended with what only this screen can mend.

        Whoever was just writing goes on typing for a moment: that must not land in a field, and Enter must do nothing.
        """
        self._asked_at = self._address()
        self.answer(refused)
        self.focus_set()

    @property
    def asks_password(self) -> bool:
        """Whether the chat at this address has asked for its password."""
        return bool(self._secret.winfo_manager())

    def _ask_password(self, refused: Refused) -> None:
        """The field for the password. Whoever answers here is told it, so it is said first who that is."""
        at_first = not self.asks_password
        self._in_clear = not refused.fingerprint
        if self._in_clear:  # it would be asked for anew each time all the same
            self.remember.grid_remove()
        else:
            self.remember.grid()
        if refused.fingerprint:
            self.asks.configure(
                text=f"The words of this server: {in_words(refused.fingerprint)}. Its terminal shows the same ones.",
                style="Surface.Hint.TLabel",
            )
        else:
            self.asks.configure(
                text="This connection is not encrypted: others on this network can read the password.",
                style="Surface.Trouble.TLabel",
            )
        if at_first:
            self.remember.state(["!alternate", "!selected"])
            self._secret.grid(row=3, column=0, columnspan=2, sticky="we", padx=(0, self._theme.px(3)))
        self.refuse(refused.text, self.password)
        self._say_below(self._secret, 2)
        if at_first:  # nothing went wrong yet
            self.password.state(["!invalid"])
            self._say(refused.text, "Hint")

    def _put_password_away(self) -> None:
        self._say_below(self._content, 6)
        self._secret.grid_forget()
        if self._last is self.password:
            self._last = self.name
        self.password.delete(0, "end")
        self.password.configure(show=DOT)
        self.show_button.configure(text="Show")

    def _show_password(self) -> None:
        hidden = str(self.password.cget("show")) == DOT
        self.password.configure(show="" if hidden else DOT)
        self.show_button.configure(text="Hide" if hidden else "Show")

    def _offer(self, fingerprint: str) -> None:
        """The changed certificate can be trusted, by somebody who has read what it may mean."""
        self._offered = fingerprint
        self.trust_button.state(["disabled"])
        self.trust_button.grid(row=1, column=0, columnspan=2, sticky="we", pady=(self._theme.px(4), 0))
        self._deliberate = self.after(DELIBERATE, lambda: self.trust_button.state(["!disabled"]))

    def _stop_offering(self) -> None:
        self.trust_button.grid_forget()
        self._offered = None
        if self._deliberate:
            self.after_cancel(self._deliberate)
            self._deliberate = ""

    def _trust(self) -> None:
        self._accepted = self._offered
        self.join()

    def _address(self) -> tuple[str, str]:
        return self.host.get().strip(), self.port.get().strip()

    def _address_changes(self) -> bool:
        """Tk asks before each change of host or port; that it may is the answer."""
        self.after_idle(self._address_changed)
        return True

    def _address_changed(self) -> None:
        """What was said and typed about one server is not for another."""
        if self._address() != self._asked_at:
            self._accepted = None
            self._stop_offering()
            if self.asks_password:
                self._put_password_away()
                self._hint()

    def busy(self, connecting: bool) -> None:
        """While it is tried nothing can be changed, but it can be cancelled."""
        self.connecting = connecting
        state = "disabled" if connecting else "!disabled"
        for widget in (self.name, self.password, self.show_button, self.remember, self.host, self.port, self.button):
            widget.state([state])
        self.button.configure(text="Joining …" if connecting else "Join")
        if connecting:
            self._stop_offering()
            self.cancel_button.grid(row=0, column=1, sticky="we")
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

    def _say_below(self, part: ttk.Frame, row: int) -> None:
        """What is said stands in this row of a part of the card: below what it is about."""
        px = self._theme.px
        above = px(10 if part is self._content else 4)
        self.said.grid(in_=part, row=row, column=0, columnspan=2, sticky="we", padx=px(3), pady=(above, 0))

    def _say(self, sentence: str, role: str) -> None:
        self.said.configure(text=sentence, style=f"Surface.{role}.TLabel")

    def _focus(self, entry: ttk.Entry) -> None:
        entry.focus_set()
        entry.selection_range(0, "end")
        entry.icursor("end")
