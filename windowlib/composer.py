"""Where one writes: the field, what helps in it, and Send. Part of message_input.py, in Tk's thread.

`completions` says without Tk what Tab makes of a name that was begun.
"""

from __future__ import annotations

import contextlib
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tkinter import ttk
from typing import TYPE_CHECKING, Any

from names import MAX_NAME, clean_text
from protocol import MAX_TEXT
from windowlib.emoji import RECENT
from windowlib.emoji_font import in_colour
from windowlib.look import Theme, displayed_lines, dress, plain_text
from windowlib.matching import folded

if TYPE_CHECKING:
    from windowlib.emoji_picker import EmojiPicker

ENTRY_LINES = 5
PASTE_LIMIT = 2 * MAX_TEXT  # characters; one pasted line of 250,000 freezes Tk for over a second


def completions(before: str, names: Sequence[str]) -> tuple[int, list[str]]:
    """What a name that was begun with @ at the end of `before` can become: where its @ stands, and the names.

    Names that begin so come first, then those with another word that does; each in the order of `names`. (-1, []) where
    no name was begun, or none begins so. A name may have spaces, so the @ may be some words back.
    """
    at = len(before)
    while (at := before.rfind("@", max(0, len(before) - MAX_NAME - 1), at)) >= 0:
        if at == 0 or not (before[at - 1].isalnum() or before[at - 1] == "@"):  # an e-mail address names nobody
            begun = folded(before[at + 1 :])
            first, rest = [], []
            for name in names:
                called = folded(name)
                if called.startswith(begun):
                    first.append(name)
                elif f" {begun}" in called:
                    rest.append(name)
            if first or rest:
                return at, first + rest
    return -1, []


def _parts(text: str) -> list[Any]:
    """`text` as `Text.insert` takes it, with the emoji in the font that draws them in colour."""
    return [part for run in in_colour([(text, ())]) for part in run]


@dataclass(slots=True)
class Completing:
    """Tab was pressed, and pressing it again goes on to the next name."""

    names: list[str]
    number: int  # of the name that stands in the field
    line: str  # the cursor's line up to the cursor; when it reads otherwise, something else was done meanwhile


class Composer(ttk.Frame):
    """Where one writes: a field that grows from one line to five, and Send. Tells `on_change` what stands there.

    `names` are the people whose name Tab completes after an @, those first who are the likeliest.
    """

    def __init__(
        self, parent: tk.Misc, theme: Theme, on_send: Callable[[str], None], on_change: Callable[[str], None],
        names: Callable[[], Sequence[str]], recent_emoji: list[str],
    ) -> None:  # fmt: skip
        """`recent_emoji`: those that were chosen last, newest first; one that is chosen here is put in front."""
        super().__init__(parent, style="Surface.TFrame")
        self._theme, self._on_send, self._on_change, self._names = theme, on_send, on_change, names
        self._title = "Everyone"  # whom it goes to
        self._unsent: dict[str, str] = {}  # key: whom it was for: it is never brought back under another title
        self._longest = ""  # what stood in the field since it was last empty
        self._completing: Completing | None = None
        self.picker: EmojiPicker | None = None  # while it is open
        self.on_page: Callable[[int], object] = lambda _: None  # is told of Page Up (-1) and Page Down (1)
        self._recent_emoji = recent_emoji
        self._build()
        self._listen()
        self.address(self._title)
        self._show_hint()
        self.dress()

    def _build(self) -> None:
        px = self._theme.px
        self._field = ttk.Frame(self, style="Field.TFrame")
        self._field.pack(fill="both", expand=True)
        self.entry = plain_text(self._field, self._theme, height=1, undo=True, maxundo=200, width=10)
        self.button = ttk.Button(self._field, text="Send", style="Primary.TButton", command=self.submit)
        self.button.pack(side="right", anchor="s", padx=px(4), pady=px(4))
        self.emoji_button = ttk.Button(self._field, text="\N{WHITE SMILING FACE}", style="Icon.TButton")
        self.emoji_button.configure(command=self.pick_emoji)
        self.emoji_button.pack(side="right", anchor="s", pady=px(4))
        self.entry.pack(side="left", fill="x", expand=True, padx=(px(14), px(4)), pady=(px(13), px(11)))
        self.hint = tk.Label(self.entry, borderwidth=0, padx=0, pady=0, font="HallwayBody", cursor="xterm")

    def _listen(self) -> None:
        bind = self.entry.bind
        bind("<Return>", self._return_pressed)
        bind("<KP_Enter>", self._return_pressed)
        bind("<Up>", self._up_pressed)
        bind("<Prior>", lambda _: self._turn_page(-1))
        bind("<Next>", lambda _: self._turn_page(1))
        plain = ("Up", "Prior", "Next")
        for key in (f"<{modifier}-{one}>" for modifier in ("Shift", "Control", "Alt") for one in plain):
            bind(key, lambda _: None)  # it means something else; without this it is the plain key to Tk
        bind("<Tab>", lambda event: self._complete(1) or self._go(event.widget.tk_focusNext()))
        for key in ("<Shift-Tab>", "<ISO_Left_Tab>"):  # the second is what it is called on X11 alone
            with contextlib.suppress(tk.TclError):
                bind(key, lambda event: self._complete(-1) or self._go(event.widget.tk_focusPrev()))
        bind("<<Paste>>", lambda _: self._paste("CLIPBOARD"))
        bind("<<PasteSelection>>", lambda _: self._paste("PRIMARY"))
        bind("<<Modified>>", self._modified)
        bind("<Configure>", lambda _: self._fit())
        self.bind("<Configure>", lambda _: self._close_picker())  # it stands where the field was
        bind("<FocusIn>", lambda _: self._field.state(["focus"]))
        bind("<FocusOut>", lambda _: self._field.state(["!focus"]))
        for part in (self._field, self.hint):
            part.bind("<Button-1>", lambda _: self.entry.focus_set())

    @property
    def written(self) -> str:
        """What stands in the field."""
        return clean_text(self.entry.get("1.0", "end-1c"))

    def address(self, title: str) -> None:
        """What is written goes to `title` from now on; the empty field says so."""
        self._title = title
        self._fit_hint()

    def write(self, text: str) -> None:
        """Puts `text` into the field instead of what is there, and the cursor behind it."""
        self._longest = ""  # nobody wiped it: it was sent, or belongs to another conversation
        self.entry.replace("1.0", "end-1c", *(_parts(text) or [""]))
        self.entry.mark_set("insert", "end-1c")
        self.entry.see("insert")
        self.entry.focus_set()

    def type(self, characters: str) -> None:
        """Goes on writing here with `characters`, which were typed elsewhere."""
        self.entry.focus_set()
        self.entry.insert("insert", *_parts(characters))
        self.entry.see("insert")

    def keep_unsent(self, text: str, title: str | None = None) -> None:
        """Keeps a text that was refused or wiped: Up in the empty field brings it back.

        It was meant for `title` (None: for whom is addressed now) and comes back only when that is addressed.
        """
        self._unsent[self._title if title is None else title] = text

    def pick_emoji(self) -> None:
        """Opens the emoji over the field, or closes them."""
        if self.picker is not None:
            self._close_picker()
            return
        from windowlib.emoji_picker import (
            EmojiPicker,  # here: most who write choose none, and it takes a moment to load
        )

        window = self.winfo_toplevel()
        self.picker = EmojiPicker(window, self._theme, self._recent_emoji, self._emoji_picked, self._close_picker)
        self.picker.open(self._field)

    def submit(self) -> None:
        self.entry.focus_set()  # not on the button, where the next words would be lost
        text = self.written.strip("\n")
        if text.strip():
            self._on_send(text)

    def dress(self) -> None:
        self._close_picker()
        look = self._theme.look
        dress(self.entry, look)
        self.entry.tag_configure("emoji", font=self._theme.emoji_font)
        self.hint.configure(background=look.surface, foreground=look.muted)

    def destroy(self) -> None:
        self._close_picker()
        super().destroy()

    def _emoji_picked(self, emoji: str) -> None:
        self._recent_emoji[:] = [emoji, *(one for one in self._recent_emoji if one != emoji)][:RECENT]
        self.type(emoji)

    def _close_picker(self) -> None:
        if self.picker is not None:
            picker, self.picker = self.picker, None
            had_keyboard = self.focus_get() is picker.entry
            picker.destroy()
            if had_keyboard:
                self.entry.focus_set()

    def _return_pressed(self, event: tk.Event[tk.Text]) -> str | None:
        if int(event.state) & 1:  # with Shift: a new line, Text makes it
            return None
        self.submit()
        return "break"

    def _up_pressed(self, _event: object) -> str | None:
        """In the empty field, what was not sent; else the cursor goes up as in any text."""
        if self.written or self._title not in self._unsent:
            return None
        self.write(self._unsent.pop(self._title))
        return "break"

    def _turn_page(self, step: int) -> str:
        """A draft has five lines in sight at most: what is long enough to turn pages in is the conversation."""
        self.on_page(step)
        return "break"

    def _complete(self, step: int) -> str | None:
        """Completes the name before the cursor, or goes on to the next one; None where there is no name to complete."""
        line = self.entry.get("insert linestart", "insert")
        if self._completing is not None and self._completing.line == line:
            names = self._completing.names
            number = (self._completing.number + step) % len(names)
            at = len(line) - len(f"@{names[self._completing.number]} ")
        else:
            self._completing = None
            at, names = completions(line, self._names()) if step > 0 else (-1, [])
            number = 0
        if at < 0 or (self._completing is not None and len(names) == 1):
            self._completing = None
            return None
        # Not an offset: Tk 8.6 counts an emoji as two characters.
        start = "insert"
        for _ in range(line.count("@", at)):
            start = self.entry.search("@", start, backwards=True, stopindex="insert linestart")
        self.entry.edit_separator()
        self.entry.replace(start, "insert", f"@{names[number]} ")
        self.entry.see("insert")
        self._completing = Completing(names, number, self.entry.get("insert linestart", "insert"))
        return "break"

    def _go(self, where: tk.Misc | None) -> str:
        if where is not None:
            where.focus_set()
        return "break"

    def _paste(self, selection: str) -> str:
        try:
            pasted = clean_text(str(self.entry.selection_get(selection=selection)))  # type: ignore[no-untyped-call]
        except tk.TclError:  # nothing there, or nothing that is text
            return "break"
        if self.entry.tag_ranges("sel") and selection == "CLIPBOARD":
            self.entry.delete("sel.first", "sel.last")
        self.entry.insert("insert", *_parts(pasted[:PASTE_LIMIT]))
        self.entry.see("insert")
        return "break"

    def _modified(self, _event: object) -> None:
        if self.entry.edit_modified():
            self.entry.edit_modified(False)
            self._show_hint()
            self._fit()
            written = self.written
            if written:
                self._longest = max(self._longest, written, key=len)
            elif self._longest:  # it was wiped; what was sent is forgotten before
                self.keep_unsent(self._longest)
                self._longest = ""
            self._on_change(written)

    def _show_hint(self) -> None:
        if self.entry.compare("end-1c", "==", "1.0"):
            self.hint.place(x=self._theme.px(3), y=0)
        else:
            self.hint.place_forget()

    def _fit_hint(self) -> None:
        """As much of whom it goes to as there is room for."""
        room = max(self.entry.winfo_width() - self._theme.px(6), self._theme.px(60))
        self.hint.configure(text=self._theme.shortened(f"Message to {self._title}", room))

    def _fit(self) -> None:
        """As many lines as the text takes, up to five."""
        self._fit_hint()
        height = min(ENTRY_LINES, displayed_lines(self.entry))
        if int(self.entry.cget("height")) != height:
            self.entry.configure(height=height)
            self.entry.see("insert")
