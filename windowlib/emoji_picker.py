"""The emoji to choose from, over the field they go into. Opened by composer.py, in Tk's thread.

What there is and how it is found is in emoji.py; the grid is in emoji_grid.py, and in it only what this computer can
draw.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterator, Sequence
from tkinter import ttk

from windowlib.emoji import called, search
from windowlib.emoji_font import colour_is_safe
from windowlib.emoji_grid import CELL, COLUMNS, ROWS, EmojiGrid
from windowlib.look import Theme

MISSING = "\U0010fffd"  # no font has it, so it is drawn as what is missing
CHECKED_AT_ONCE = 48  # looked for in the fonts of the system without a break: about 20 ms


class Drawable:
    """Which emoji this system draws in a text, be it by another font that helps out. Asked once for each."""

    def __init__(self, root: tk.Misc, letters: str) -> None:
        self._root, self._letters = root, letters
        self._safe = colour_is_safe(root)
        self._missing = self._drawn(MISSING)
        self._known: dict[str, bool] = {}

    def __contains__(self, emoji: str) -> bool:
        known = self._known.get(emoji)
        if known is None:
            drawn = self._drawn(emoji)
            known = self._known[emoji] = drawn != self._missing and drawn[1] > 0
        return known

    def _drawn(self, text: str) -> tuple[str, int]:
        """The family that draws it, and how wide; measuring draws nothing."""
        family = str(self._root.tk.call("font", "actual", self._letters, "-family", "--", text))
        if not self._safe and "color" in family.lower():
            return family, 0
        return family, int(str(self._root.tk.call("font", "measure", self._letters, text)))


class EmojiPicker(ttk.Frame):
    """A field to search in and a grid. The keyboard stays in the field: arrows choose, Enter picks, Esc closes."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, recent: Sequence[str], on_pick: Callable[[str], None],
        on_close: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(parent, style="Field.TFrame", padding=theme.px(12))
        self.state(["active"])
        self._theme, self._recent, self._on_pick, self._on_close = theme, recent, on_pick, on_close
        self.drawable = Drawable(self, "HallwayBody")
        self._rest: Iterator[str] = iter(())  # what was found and not looked at yet
        self._found = ""  # the text that they were found by
        self._timers: dict[str, str] = {}  # key: what for
        self._build()
        self._listen()
        self.dress()
        self._search()

    def _build(self) -> None:
        px = self._theme.px
        self.entry = ttk.Entry(self, font="HallwayBody", width=1)  # as wide as the grid
        self._label = ttk.Label(self, text="Search for an emoji", style="Surface.Label.TLabel")
        self._label.pack(anchor="w", padx=px(3))
        self.entry.pack(fill="x", pady=(px(4), px(8)))
        self.name = ttk.Label(self, style="Surface.Hint.TLabel", anchor="w")
        self.name.pack(side="bottom", fill="x", padx=px(3), pady=(px(6), 0))
        self._bar = ttk.Scrollbar(self, orient="vertical", takefocus=False, command=self._scrolled)
        self._bar.pack(side="right", fill="y")
        self.grid_view = EmojiGrid(self, self._theme, self._pick, self._show_place)
        self.grid_view.pack(side="left")

    def _listen(self) -> None:
        self.entry.configure(validate="key", validatecommand=self.register(self._typed))
        for key, across, down in (
            ("<Left>", -1, 0), ("<Right>", 1, 0), ("<Up>", 0, -1), ("<Down>", 0, 1), ("<Prior>", 0, -ROWS),
            ("<Next>", 0, ROWS),
        ):  # fmt: skip
            self.entry.bind(key, lambda _, across=across, down=down: self._move(across, down))  # type: ignore[misc]
        for key in ("<Return>", "<KP_Enter>"):
            self.entry.bind(key, lambda _: self._pick_chosen())
        self.entry.bind("<Escape>", lambda _: self._close())
        self.entry.bind("<Tab>", lambda _: "break")  # there is nowhere else to go in here
        self.entry.bind("<FocusOut>", lambda _: self._after("left", 1, self._left))

    @property
    def complete(self) -> bool:
        """All that was found was looked at."""
        return "search" not in self._timers and "check" not in self._timers

    def open(self, over: tk.Misc) -> None:
        """Shows itself above `over`, with its right edge, in what both are in; smaller where there is little room."""
        self.update_idletasks()
        px, parent, view = self._theme.px, self.nametowidget(self.winfo_parent()), self.grid_view
        cell = px(CELL)
        right = over.winfo_rootx() + over.winfo_width() - parent.winfo_rootx()
        bottom = over.winfo_rooty() - parent.winfo_rooty() - px(6)
        around_x = self.winfo_reqwidth() - int(str(view.cget("width")))
        around_y = self.winfo_reqheight() - int(str(view.cget("height")))
        view.fit(
            max(3, min(COLUMNS, (right - px(8) - around_x) // cell)),
            max(1, min(ROWS, (bottom - px(8) - around_y) // cell)),
        )
        self.place(x=right, y=max(bottom, view.rows * cell + around_y), anchor="se")
        self.lift()
        self.entry.focus_set()

    def dress(self) -> None:
        """Takes the colours and the lengths of the theme."""
        self.grid_view.dress()

    def destroy(self) -> None:
        for timer in self._timers.values():
            self.after_cancel(timer)
        self._timers.clear()
        super().destroy()

    # --- what is found ---

    def _typed(self) -> bool:
        self._after("search", 1, self._search)
        return True

    def _search(self) -> None:
        text = self._found = self.entry.get()
        found = search(text)
        if not text.strip():
            found = [*self._recent, *(emoji for emoji in found if emoji not in self._recent)]
        self._rest = iter(found)
        self.grid_view.clear()
        self._check()

    def _check(self) -> None:
        """Looks at some more of what was found, the rest when there is time."""
        view = self.grid_view
        was_full = view.is_full
        for count, emoji in enumerate(self._rest, 1):
            if emoji in self.drawable:
                view.shown.append(emoji)
            if count == CHECKED_AT_ONCE:
                self._after("check", 5, self._check)
                break
        if was_full:
            self._show_place()
        else:
            view.draw()

    def _catch_up(self) -> None:
        """A key may come before what was typed just now was looked for."""
        if self._found != self.entry.get():
            self._search()

    # --- what people do ---

    def _show_place(self) -> None:
        """The name of the one that is chosen, and on the bar which ones are seen."""
        view = self.grid_view
        words = called(view.emoji) if view.emoji is not None else "None of that name can be drawn here."
        self.name.configure(text=self._theme.shortened(words, view.columns * self._theme.px(CELL), "Small"))
        self._bar.set(*view.span)

    def _scrolled(self, what: str, by: str, unit: str = "") -> None:
        """The scroll bar was moved."""
        if what == "moveto":
            self.grid_view.scroll_to(float(by))
        else:
            self.grid_view.scroll(int(by) * (self.grid_view.rows if unit == "pages" else 1))

    def _move(self, across: int, down: int) -> str:
        self._catch_up()
        self.grid_view.step(across, down)
        return "break"

    def _pick_chosen(self) -> str:
        self._catch_up()
        if self.grid_view.emoji is not None:
            self._pick(self.grid_view.emoji)
        return "break"

    def _pick(self, emoji: str) -> None:
        self._close()
        self._on_pick(emoji)

    def _close(self) -> str:
        self._on_close()
        return "break"

    def _left(self) -> None:
        """The keyboard went elsewhere in this window. Another window is no reason to close."""
        if self.focus_displayof() is not None and self.focus_get() is not self.entry:
            self._on_close()

    def _after(self, what: str, milliseconds: int, do: Callable[[], None]) -> None:
        """Does it later, once, unless this is closed first."""
        if what in self._timers:
            self.after_cancel(self._timers[what])

        def now() -> None:
            self._timers.pop(what, None)
            do()

        self._timers[what] = self.after(milliseconds, now)
