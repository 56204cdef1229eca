"""The emoji to choose from, over the field they go into. Opened by composer.py, in Tk's thread.

What there is and how it is found is in emoji.py; here it is drawn, and only what this computer can draw.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterator, Sequence
from tkinter import font, ttk

from windowlib.emoji import called, search
from windowlib.emoji_font import FAMILIES, colour_is_safe
from windowlib.look import Theme

MISSING = "\U0010fffd"  # no font has it, so it is drawn as what is missing
CHECKED_AT_ONCE = 48  # looked for in the fonts of the system without a break: about 20 ms
DRAWN_AT_ONCE = 12  # a colour picture that was not drawn before takes up to a millisecond
CELL = 38  # 1/96 inch
COLUMNS, ROWS = 8, 5


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
        self.letters = self._letters_of_emoji()
        self.drawable = Drawable(self, "HallwayBody")
        self.shown: list[str] = []  # what was found and can be drawn, as far as it was looked at
        self._rest: Iterator[str] = iter(())  # what was found and not looked at yet
        self._found = ""  # the text that they were found by
        self.chosen = 0  # its number in `shown`
        self.top = 0  # the first row that is seen
        self._timers: dict[str, str] = {}  # key: what for
        self.columns, self.rows = COLUMNS, ROWS
        self._build()
        self._listen_to_keys()
        self._listen_to_mouse()
        self.dress()
        self._search()

    def _letters_of_emoji(self) -> font.Font:
        """The font they are drawn with: large, and the one of colours where that is safe."""
        letters = font.Font(self, font=font.nametofont("HallwayBody", self))
        letters.configure(size=round(15 * self._theme.percent / 100))
        known = set(font.families(self))
        family = next((name for name in FAMILIES if name in known and colour_is_safe(self)), None)
        if family is not None:
            letters.configure(family=family)
        return letters

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
        self.grid_view = tk.Canvas(self, borderwidth=0, highlightthickness=0, takefocus=False)
        self.grid_view.pack(side="left")

    def _listen_to_keys(self) -> None:
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

    def _listen_to_mouse(self) -> None:
        view = self.grid_view
        view.bind("<Motion>", lambda event: self._hover(self._at(event.x, event.y)))
        view.bind("<ButtonRelease-1>", lambda event: self._pick(self._at(event.x, event.y)))
        view.bind("<MouseWheel>", lambda event: self._scroll(-1 if event.delta > 0 else 1))
        if self.tk.call("tk", "windowingsystem") == "x11":
            view.bind("<Button-4>", lambda _: self._scroll(-1))
            view.bind("<Button-5>", lambda _: self._scroll(1))

    @property
    def complete(self) -> bool:
        """All that was found was looked at."""
        return "search" not in self._timers and "check" not in self._timers

    def open(self, over: tk.Misc) -> None:
        """Shows itself above `over`, with its right edge, in what both are in; smaller where there is little room."""
        self.update_idletasks()
        px, parent = self._theme.px, self.nametowidget(self.winfo_parent())
        cell = px(CELL)
        right = over.winfo_rootx() + over.winfo_width() - parent.winfo_rootx()
        bottom = over.winfo_rooty() - parent.winfo_rooty() - px(6)
        around_x = self.winfo_reqwidth() - int(str(self.grid_view.cget("width")))
        around_y = self.winfo_reqheight() - int(str(self.grid_view.cget("height")))
        self.columns = max(3, min(COLUMNS, (right - px(8) - around_x) // cell))
        self.rows = max(1, min(ROWS, (bottom - px(8) - around_y) // cell))
        self.grid_view.configure(width=self.columns * cell, height=self.rows * cell)
        self.place(x=right, y=max(bottom, self.rows * cell + around_y), anchor="se")
        self.lift()
        self._draw()
        self.entry.focus_set()

    def dress(self) -> None:
        cell = self._theme.px(CELL)
        self.grid_view.configure(
            background=self._theme.look.surface, width=self.columns * cell, height=self.rows * cell
        )
        self._draw()

    def destroy(self) -> None:
        for timer in self._timers.values():
            self.after_cancel(timer)
        self._timers.clear()
        super().destroy()
        self.__dict__.pop("letters", None)  # a font goes back to Tk in Tk's thread; the window may do this twice

    # --- what is found ---

    def _typed(self) -> bool:
        self._after("search", 1, self._search)
        return True

    def _search(self) -> None:
        text = self._found = self.entry.get()
        found = search(text)
        if not text.strip():
            found = [*self._recent, *(emoji for emoji in found if emoji not in self._recent)]
        self.shown, self._rest = [], iter(found)
        self.chosen = self.top = 0
        self._check()

    def _check(self) -> None:
        """Looks at some more of what was found, the rest when there is time."""
        seen = (self.top + self.rows) * self.columns
        to_be_seen = len(self.shown) < seen
        for count, emoji in enumerate(self._rest, 1):
            if emoji in self.drawable:
                self.shown.append(emoji)
            if count == CHECKED_AT_ONCE:
                self._after("check", 5, self._check)
                break
        if to_be_seen:
            self._draw()
        else:
            self._show_place()

    # --- the grid ---

    def _draw(self) -> None:
        """Draws what is seen of the grid, a bounded number at a time."""
        view, look, cell = self.grid_view, self._theme.look, self._theme.px(CELL)
        view.delete("all")
        view.create_rectangle(
            0, 0, 0, 0, fill=look.own, outline=look.accent, width=self._theme.px(2), tags="chosen", state="hidden"
        )
        first = self.top * self.columns
        numbers = iter(range(first, min(first + self.columns * self.rows, len(self.shown))))

        def some() -> None:
            for count, number in enumerate(numbers, 1):
                x, y = (number - first) % self.columns, (number - first) // self.columns
                view.create_text(
                    round((x + 0.5) * cell), round((y + 0.5) * cell), text=self.shown[number], font=self.letters,
                    fill=look.text,
                )  # fmt: skip
                if count == DRAWN_AT_ONCE:
                    self._after("draw", 2, some)
                    break

        if "draw" in self._timers:
            self.after_cancel(self._timers.pop("draw"))
        some()
        self._show_chosen()
        self._show_place()

    def _show_chosen(self) -> None:
        cell, number = self._theme.px(CELL), self.chosen - self.top * self.columns
        if self.shown and 0 <= number < self.columns * self.rows:
            x, y = number % self.columns * cell, number // self.columns * cell
            edge = self._theme.px(2)
            self.grid_view.coords("chosen", x + edge, y + edge, x + cell - edge, y + cell - edge)
            self.grid_view.itemconfigure("chosen", state="normal")
        else:
            self.grid_view.itemconfigure("chosen", state="hidden")
        words = called(self.shown[self.chosen]) if self.shown else "None of that name can be drawn here."
        room = self.columns * cell
        self.name.configure(text=self._theme.shortened(words, room, "Small"))

    def _show_place(self) -> None:
        rows = max(1, -(-len(self.shown) // self.columns))
        self._bar.set(self.top / rows, min(1.0, (self.top + self.rows) / rows))

    def _scrolled(self, what: str, by: str, unit: str = "") -> None:
        """The scroll bar was moved."""
        rows = -(-len(self.shown) // self.columns)
        if what == "moveto":
            self._go(round(float(by) * rows))
        else:
            self._scroll(int(by) * (self.rows if unit == "pages" else 1))

    def _scroll(self, rows: int) -> None:
        self._go(self.top + rows)

    def _go(self, top: int) -> None:
        last = max(0, -(-len(self.shown) // self.columns) - self.rows)
        top = max(0, min(last, top))
        if top != self.top:
            self.top = top
            self._draw()

    def _at(self, x: int, y: int) -> int:
        cell = self._theme.px(CELL)
        if not (0 <= x < self.columns * cell and 0 <= y < self.rows * cell):
            return -1
        number = (self.top + y // cell) * self.columns + x // cell
        return number if number < len(self.shown) else -1

    def _hover(self, number: int) -> None:
        if number >= 0 and number != self.chosen:
            self.chosen = number
            self._show_chosen()

    def _catch_up(self) -> None:
        """A key may come before what was typed just now was looked for."""
        if self._found != self.entry.get():
            self._search()

    def _move(self, across: int, down: int) -> str:
        self._catch_up()
        if self.shown:
            self.chosen = max(0, min(len(self.shown) - 1, self.chosen + across + down * self.columns))
            row = self.chosen // self.columns
            self._go(min(max(self.top, row - self.rows + 1), row))
            self._show_chosen()
        return "break"

    def _pick_chosen(self) -> str:
        self._catch_up()
        return self._pick(self.chosen)

    def _pick(self, number: int) -> str:
        if 0 <= number < len(self.shown):
            emoji = self.shown[number]
            self._close()
            self._on_pick(emoji)
        return "break"

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
