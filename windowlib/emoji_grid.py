"""Emoji in rows, of which some are seen at a time and one is chosen. Part of emoji_picker.py, in Tk's thread."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterator
from tkinter import font

from windowlib.emoji_font import FAMILIES, colour_is_safe
from windowlib.look import Theme

DRAWN_AT_ONCE = 12  # a colour picture that was not drawn before takes up to a millisecond
PAUSE = 2  # ms until the next ones are drawn
CELL = 38  # 1/96 inch
COLUMNS, ROWS = 8, 5


class EmojiGrid(tk.Canvas):
    """Draws what is seen of `shown`. `on_pick` is handed one that is clicked on, `on_change` is told when another one
    is chosen or others are seen.
    """

    def __init__(
        self, parent: tk.Misc, theme: Theme, on_pick: Callable[[str], None], on_change: Callable[[], None]
    ) -> None:
        super().__init__(parent, borderwidth=0, highlightthickness=0, takefocus=False)
        self._theme, self._on_pick, self._on_change = theme, on_pick, on_change
        self.shown: list[str] = []
        self.chosen = 0  # its number in `shown`
        self.top = 0  # the first row that is seen
        self.columns, self.rows = COLUMNS, ROWS
        self.letters = self._large_letters()
        self._timer = ""
        self.bind("<Motion>", lambda event: self._choose(self._at(event.x, event.y)))
        self.bind("<ButtonRelease-1>", lambda event: self._clicked(self._at(event.x, event.y)))
        self.bind("<MouseWheel>", lambda event: self.scroll(-1 if event.delta > 0 else 1))
        if self.tk.call("tk", "windowingsystem") == "x11":
            self.bind("<Button-4>", lambda _: self.scroll(-1))
            self.bind("<Button-5>", lambda _: self.scroll(1))

    def _large_letters(self) -> font.Font:
        """The font they are drawn with: the one of colours where that is safe."""
        letters = font.Font(self, font=font.nametofont("HallwayBody", self))
        letters.configure(size=round(15 * self._theme.percent / 100))
        known = set(font.families(self))
        family = next((name for name in FAMILIES if name in known and colour_is_safe(self)), None)
        if family is not None:
            letters.configure(family=family)
        return letters

    def dress(self) -> None:
        """Takes the colours and the lengths of the theme."""
        self.configure(background=self._theme.look.surface)
        self.fit(self.columns, self.rows)

    def fit(self, columns: int, rows: int) -> None:
        """Has so many columns, and so many rows are seen."""
        self.columns, self.rows = columns, rows
        self.configure(width=columns * self._cell, height=rows * self._cell)
        self.draw()

    def destroy(self) -> None:
        self._stop()
        super().destroy()
        self.__dict__.pop("letters", None)  # a font goes back to Tk in Tk's thread; the window may do this twice

    # --- what is seen ---

    @property
    def emoji(self) -> str | None:
        """The one that is chosen."""
        return self.shown[self.chosen] if self.chosen < len(self.shown) else None

    @property
    def is_full(self) -> bool:
        """There is one in each cell that is seen."""
        return len(self.shown) >= (self.top + self.rows) * self.columns

    @property
    def span(self) -> tuple[float, float]:
        """Where of all rows those are that are seen, as a scroll bar takes it."""
        rows = max(1, self._all_rows)
        return self.top / rows, min(1.0, (self.top + self.rows) / rows)

    def clear(self) -> None:
        """Others are to be shown, from the first on."""
        self.shown.clear()
        self.chosen = self.top = 0

    def draw(self) -> None:
        """Draws what is seen, a bounded number at a time."""
        self._stop()
        self.delete("all")
        look = self._theme.look
        self.create_rectangle(
            0, 0, 0, 0, fill=look.own, outline=look.accent, width=self._theme.px(2), tags="chosen", state="hidden"
        )
        first = self.top * self.columns
        self._draw_some(first, iter(range(first, min(first + self.columns * self.rows, len(self.shown)))))
        self._show_chosen()

    def _draw_some(self, first: int, numbers: Iterator[int]) -> None:
        self._timer = ""
        cell = self._cell
        for count, number in enumerate(numbers, 1):
            x, y = (number - first) % self.columns, (number - first) // self.columns
            self.create_text(
                round((x + 0.5) * cell), round((y + 0.5) * cell), text=self.shown[number], font=self.letters,
                fill=self._theme.look.text,
            )  # fmt: skip
            if count == DRAWN_AT_ONCE:
                self._timer = self.after(PAUSE, lambda: self._draw_some(first, numbers))
                return

    def _stop(self) -> None:
        if self._timer:
            self.after_cancel(self._timer)
            self._timer = ""

    def _show_chosen(self) -> None:
        cell, number = self._cell, self.chosen - self.top * self.columns
        if self.shown and 0 <= number < self.columns * self.rows:
            x, y = number % self.columns * cell, number // self.columns * cell
            edge = self._theme.px(2)
            self.coords("chosen", x + edge, y + edge, x + cell - edge, y + cell - edge)
            self.itemconfigure("chosen", state="normal")
        else:
            self.itemconfigure("chosen", state="hidden")
        self._on_change()

    # --- moving ---

    def step(self, across: int, down: int) -> None:
        """Chooses another one, and sees to it that it is seen."""
        if self.shown:
            self.chosen = max(0, min(len(self.shown) - 1, self.chosen + across + down * self.columns))
            row = self.chosen // self.columns
            self.go(min(max(self.top, row - self.rows + 1), row))
            self._show_chosen()

    def scroll(self, rows: int) -> None:
        """So many rows down, or up."""
        self.go(self.top + rows)

    def scroll_to(self, share: float) -> None:
        """To this share of all rows."""
        self.go(round(share * self._all_rows))

    def go(self, top: int) -> None:
        """This row is to be the first that is seen, or the next best one."""
        top = max(0, min(max(0, self._all_rows - self.rows), top))
        if top != self.top:
            self.top = top
            self.draw()

    # --- within ---

    @property
    def _cell(self) -> int:
        return self._theme.px(CELL)

    @property
    def _all_rows(self) -> int:
        return -(-len(self.shown) // self.columns)

    def _at(self, x: int, y: int) -> int:
        """The number of the emoji at a place of the canvas; -1 where there is none."""
        if not (0 <= x < self.columns * self._cell and 0 <= y < self.rows * self._cell):
            return -1
        number = (self.top + y // self._cell) * self.columns + x // self._cell
        return number if number < len(self.shown) else -1

    def _choose(self, number: int) -> None:
        if number >= 0 and number != self.chosen:
            self.chosen = number
            self._show_chosen()

    def _clicked(self, number: int) -> str:
        if number >= 0:
            self._on_pick(self.shown[number])
        return "break"
