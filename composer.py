"""Where one writes: the field and Send. Part of chat_screen.py, in Tk's thread."""

from __future__ import annotations

import contextlib
import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from look import Theme, dress, plain_text
from protocol import MAX_TEXT, clean_text

ENTRY_LINES = 5
PASTE_LIMIT = 2 * MAX_TEXT  # characters; one pasted line of 250,000 freezes Tk for over a second


class Composer(ttk.Frame):
    """Where one writes: a field that grows from one line to five, and Send. Tells `on_change` what stands there."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, on_send: Callable[[str], None], on_change: Callable[[str], None]
    ) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._theme, self._on_send, self._on_change = theme, on_send, on_change
        px = theme.px
        self._field = ttk.Frame(self, style="Field.TFrame")
        self._field.pack(fill="both", expand=True)
        self.entry = plain_text(self._field, theme, height=1, undo=True, maxundo=200, width=10)
        self.button = ttk.Button(self._field, text="Send", style="Primary.TButton", command=self.submit)
        self.button.pack(side="right", anchor="s", padx=px(4), pady=px(4))
        self.entry.pack(side="left", fill="both", expand=True, padx=(px(14), px(4)), pady=(px(13), px(11)))
        self._hint = tk.Label(
            self.entry, text="Message to Everyone", borderwidth=0, padx=0, pady=0, font="HallwayBody", cursor="xterm"
        )
        self._hint.bind("<Button-1>", lambda _: self.entry.focus_set())
        bind = self.entry.bind
        bind("<Return>", self._return_pressed)
        bind("<KP_Enter>", self._return_pressed)
        bind("<Tab>", lambda event: self._go(event.widget.tk_focusNext()))
        bind("<Shift-Tab>", lambda event: self._go(event.widget.tk_focusPrev()))
        with contextlib.suppress(tk.TclError):  # what Shift-Tab is called on X11 alone
            bind("<ISO_Left_Tab>", lambda event: self._go(event.widget.tk_focusPrev()))
        bind("<<Paste>>", lambda _: self._paste("CLIPBOARD"))
        bind("<<PasteSelection>>", lambda _: self._paste("PRIMARY"))
        bind("<<Modified>>", self._modified)
        bind("<Configure>", lambda _: self._fit())
        bind("<FocusIn>", lambda _: self._field.state(["focus"]))
        bind("<FocusOut>", lambda _: self._field.state(["!focus"]))
        self._field.bind("<Button-1>", lambda _: self.entry.focus_set())
        self._show_hint()
        self.dress()

    @property
    def written(self) -> str:
        """What stands in the field."""
        return clean_text(self.entry.get("1.0", "end-1c"))

    def write(self, text: str) -> None:
        """Puts `text` into the field instead of what is there, and the cursor behind it."""
        self.entry.replace("1.0", "end-1c", text)
        self.entry.mark_set("insert", "end-1c")
        self.entry.see("insert")
        self.entry.focus_set()

    def type(self, characters: str) -> None:
        """Goes on writing here with `characters`, which were typed elsewhere."""
        self.entry.focus_set()
        self.entry.insert("insert", characters)

    def submit(self) -> None:
        self.entry.focus_set()  # not on the button, where the next words would be lost
        text = self.written.strip("\n")
        if text.strip():
            self._on_send(text)

    def dress(self) -> None:
        look = self._theme.look
        dress(self.entry, look)
        self._hint.configure(background=look.surface, foreground=look.muted)

    def _return_pressed(self, event: tk.Event[tk.Text]) -> str | None:
        if int(event.state) & 1:  # with Shift: a new line, Text makes it
            return None
        self.submit()
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
        self.entry.insert("insert", pasted[:PASTE_LIMIT])
        self.entry.see("insert")
        return "break"

    def _modified(self, _event: object) -> None:
        if self.entry.edit_modified():
            self.entry.edit_modified(False)
            self._show_hint()
            self._fit()
            self._on_change(self.written)

    def _show_hint(self) -> None:
        if self.entry.compare("end-1c", "==", "1.0"):
            self._hint.place(x=self._theme.px(3), y=0)
        else:
            self._hint.place_forget()

    def _fit(self) -> None:
        """As many lines as the text takes, up to five."""
        # Not `Text.count`: it answers differently from one Python to the next.
        lines = int(self.tk.call(str(self.entry), "count", "-displaylines", "1.0", "end"))
        height = min(ENTRY_LINES, max(1, lines))
        if int(self.entry.cget("height")) != height:
            self.entry.configure(height=height)
            self.entry.see("insert")
