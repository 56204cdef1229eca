"""What one can press in a text: links, and the words that send a message again, by mouse and by keyboard.

Part of conversation.py, in Tk's thread. With the keyboard in the text, Tab goes from one to the next of those in sight
and then on, as in a browser; Enter presses.
"""

from __future__ import annotations

import threading
import tkinter as tk
import webbrowser
from collections.abc import Callable

from windowlib.markup import address_of
from windowlib.transcript import AGAIN_TAG

PRESSED = ("link", "again")  # the tags of what can be pressed


def open_in_browser(link: str) -> None:
    """Opens a link of a message; some browsers keep whoever starts them waiting."""
    threading.Thread(target=webbrowser.open, args=(address_of(link),), name="hallway-browser", daemon=True).start()


class Pointing:
    """Lets the links in `text` be opened, and hands the tag of what is to be sent again to `on_again`."""

    def __init__(self, text: tk.Text, on_again: Callable[[str], None], link_at: Callable[[str, str], str]) -> None:
        """`link_at` says which link was written for what is drawn between two indexes."""
        self._text, self._on_again, self._link_at = text, on_again, link_at
        self._focused: tuple[str, str] | None = None  # first and last index of what the keyboard is on
        for tag in PRESSED:
            text.tag_bind(tag, "<Enter>", lambda _event, tag=tag: self._hover(tag))  # type: ignore[misc]
            text.tag_bind(tag, "<Leave>", lambda _: self._leave())
            text.tag_bind(tag, "<ButtonRelease-1>", lambda _event, tag=tag: self._clicked(tag))  # type: ignore[misc]
        text.bind("<Tab>", lambda _: self._go(1))
        for key in ("<Shift-Tab>", "<ISO_Left_Tab>"):  # the second is what it is called on X11 alone
            try:
                text.bind(key, lambda _: self._go(-1))
            except tk.TclError:
                continue
        text.bind("<Return>", lambda _: self._entered())
        text.bind("<FocusOut>", lambda _: self._unfocus(), add=True)

    def _hover(self, tag: str) -> None:
        self._text.configure(cursor="hand2")
        place = self._text.tag_prevrange(tag, "current + 1 chars")
        if place:
            self._text.tag_add("under", *place)

    def _leave(self) -> None:
        self._text.configure(cursor="arrow")
        self._text.tag_remove("under", "1.0", "end")

    def _clicked(self, tag: str) -> None:
        place = self._text.tag_prevrange(tag, "current + 1 chars")
        if place and not self._text.tag_ranges("sel"):  # whoever selects it wants to copy it
            self._press(place[0], place[1])

    def _press(self, first: str, last: str) -> None:
        names = self._text.tag_names(first)
        if "again" in names:
            self._on_again(next(name for name in names if name.startswith(AGAIN_TAG)))
        else:
            open_in_browser(self._link_at(first, last))

    def _in_sight(self) -> list[tuple[str, str]]:
        """First and last index of everything in sight that can be pressed, from above."""
        text = self._text
        end = text.index(f"@{text.winfo_width()},{text.winfo_height()} + 1 chars")
        places: list[tuple[str, str]] = []
        for tag in PRESSED:
            at = text.index("@0,0")
            while place := text.tag_nextrange(tag, at, end):
                places.append((str(place[0]), str(place[1])))
                at = place[1]
        return sorted(places, key=lambda place: [int(part) for part in place[0].split(".")])

    def _go(self, step: int) -> str:
        places = self._in_sight()
        number = places.index(self._focused) + step if self._focused in places else 0 if step > 0 else len(places) - 1
        self._unfocus()
        if 0 <= number < len(places):
            self._focused = places[number]
            self._text.tag_add("focused", *self._focused)
            self._text.see(self._focused[0])
        else:
            on = self._text.tk_focusNext() if step > 0 else self._text.tk_focusPrev()
            if on is not None:
                on.focus_set()
        return "break"

    def _unfocus(self) -> None:
        self._focused = None
        self._text.tag_remove("focused", "1.0", "end")

    def _entered(self) -> str:
        if self._focused is not None:
            self._press(*self._focused)
        return "break"
