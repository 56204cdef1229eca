"""How the window looks: its fonts, and the pictures and styles that its widgets are dressed in.

Called by window.py and the screens, in the thread of Tk. The colours are in colours.py, what is drawn of them in
shapes.py, and what every style is made of in styles.py.
"""

from __future__ import annotations

import tkinter as tk
from functools import cached_property
from tkinter import font, ttk
from typing import Any, Literal

from windowlib import styles
from windowlib.colours import LIGHT, LOOKS, Look
from windowlib.emoji_font import FAMILIES as EMOJI_FAMILIES
from windowlib.emoji_font import colour_is_safe
from windowlib.lengths import Lengths
from windowlib.right_to_left import Drawable, has_right_to_left, ordered, shortened_end
from windowlib.shapes import ICONS, SHAPES, draw

FAMILIES = ("Segoe UI", "SF Pro Text", "Inter", "Noto Sans", "DejaVu Sans")


LETTERS: tuple[tuple[str, int, Literal["normal", "bold"]], ...] = (  # points more than the text has
    ("Body", 0, "normal"), ("Strong", 0, "bold"), ("Small", -2, "normal"), ("SmallStrong", -2, "bold"),
    ("Title", 5, "bold"),
)  # fmt: skip


class Theme:
    """Fonts, pictures and styles of one window. `wear` changes the look of all that uses them, `zoom` its size.

    Both want to be followed by `dress` of the screens that are shown, for what they colour and measure themselves.
    """

    def __init__(self, root: tk.Tk, look: str, percent: int = 100) -> None:
        self.look = LOOKS.get(look, LIGHT)
        self.percent = percent
        self._inch = max(1.0, root.winfo_fpixels("1i") / 96)
        self._scale = self._inch * percent / 100
        on_mac = root.tk.call("tk", "windowingsystem") == "aqua"
        self.tk_orders = root.tk.call("tk", "windowingsystem") != "x11"  # right-to-left letters; there it does not
        self._points = 13 if on_mac else 11  # macOS counts 72 of them to an inch
        self._fonts: dict[str, font.Font] = {}  # kept: Tk forgets a named font when its object goes
        self._make_fonts(root)
        self._pictures: dict[tuple[str, str], tk.PhotoImage] = {}  # key: element, of this size or another, and state
        self._root = root
        self._lengths = Lengths(root)
        self.style = ttk.Style(root)
        self.style.theme_use("clam")
        self.here, self.away, self.mark, self.badge, self.chosen_here, self.chosen_away = self._icons = [
            tk.PhotoImage(master=root) for _ in ICONS
        ]
        self.nothing = tk.PhotoImage(master=root)
        self._resize()

    def _make_fonts(self, root: tk.Tk) -> None:
        """Every font by its name; their sizes follow (`_resize`)."""
        known = set(font.families(root))
        plain = font.nametofont("TkDefaultFont", root).actual()["family"]
        fixed = font.nametofont("TkFixedFont", root).actual()["family"]
        family = next((name for name in FAMILIES if name in known), plain)
        emoji = next((name for name in EMOJI_FAMILIES if name in known), "")
        self._has_emoji = bool(emoji) and root.tk.call("tk", "windowingsystem") == "x11"  # elsewhere Tk sees to it
        for name, _, weight in LETTERS:
            self._fonts[name] = font.Font(root, name=f"Hallway{name}", family=family, weight=weight)
        self._fonts["Fixed"] = font.Font(root, name="HallwayFixed", family=fixed)  # for code
        self._fonts["Initial"] = font.Font(root, name="HallwayInitial", family=fixed, weight="bold")
        self._fonts["Emoji"] = font.Font(root, name="HallwayEmoji", family=emoji or family)
        self.gap_font = font.Font(root, name="HallwayGap", family=family)

    def zoom(self, percent: int) -> None:
        """Draws everything at this size: letters, pictures, and the space between them."""
        ratio, self.percent = percent / self.percent, percent
        self._scale = self._inch * percent / 100
        self._resize()
        self._lengths.scale(ratio)

    def _resize(self) -> None:
        """Everything that has a size, in the one that is wanted now."""
        for name, more, _ in LETTERS:
            self._fonts[name].configure(size=max(4, round((self._points + more) * self.percent / 100)))
        self._fonts["Emoji"].configure(size=max(4, round(self._points * self.percent / 100)))
        for name in ("Fixed", "Initial"):
            self._fonts[name].configure(size=max(4, round((self._points - 1) * self.percent / 100)))
        self.gap_font.configure(size=-max(1, self.px(4)))
        self.nothing.configure(width=self.px(6), height=1)
        if self.element("Card") in self.style.element_names():
            self._paint()  # they may be of another look
        else:
            self._make_elements()
        self._paint_icons()
        styles.lay_out(self.style, styles.Measures(self.element, self.px, self.line_height()))
        styles.colour(self.style, self.look)

    def element(self, name: str) -> str:
        """An element of a style in the size of now. ttk can change the pictures of an element, but not its corners."""
        return f"{name}{self.percent}.{'thumb' if name.endswith('Thumb') else 'shape'}"  # it moves what ends in .thumb

    def _make_elements(self) -> None:
        """The elements of this size, with the pictures of all their states."""
        for name, shapes in SHAPES.items():
            if name in ICONS:
                continue
            element, inset = self.element(name), self.px(shapes[""].radius + shapes[""].margin)
            pictures = {
                state: tk.PhotoImage(master=self._root, data=draw(shape, self.look, self._scale))
                for state, shape in shapes.items()
            }
            self._pictures |= {(element, state): picture for state, picture in pictures.items()}
            states: list[Any] = [(*state.split(), pictures[state]) for state in shapes if state]
            self.style.element_create(element, "image", pictures[""], *states, border=inset, sticky="nsew", padding=0)

    def close(self) -> None:
        """Gives pictures and fonts back to Tk in Tk's own thread: else it happens in whichever thread tidies memory."""
        self._pictures.clear()
        self._fonts.clear()
        self.__dict__.pop("drawable", None)  # with its font
        self._icons.clear()
        del self.here, self.away, self.mark, self.badge, self.chosen_here, self.chosen_away, self.nothing, self.gap_font

    @property
    def emoji_font(self) -> str:
        """The font that draws emoji in colour; "" where there is none, none is needed, or none is safe."""
        return "HallwayEmoji" if self._has_emoji and colour_is_safe(self._root) else ""

    def px(self, steps: float) -> int:
        """A length of `steps` 1/96 inch in pixels of this screen."""
        return round(steps * self._scale)

    def width_of(self, text: str, letters: str = "Body") -> int:
        return self._fonts[letters].measure(text)

    def ordered(self, text: str) -> str:
        """A line of the window's own, or a name, as it has to be handed to Tk."""
        if self.tk_orders or not has_right_to_left(text):
            return text
        return ordered(text).translate(self.drawable)

    @cached_property
    def drawable(self) -> Drawable:
        """What each character of a text that was put in order is drawn as.

        For one that no font has Tk draws a box, of the same width for all. The letters that are looked at are so large
        that hardly one has this width by chance.
        """
        large = font.Font(self._root, family=self._fonts["Body"].actual("family"), size=-997)
        box = large.measure("\ufdd0")  # which never will be a character
        return Drawable(lambda letter: large.measure(letter) != box)

    def shortened(self, text: str, room: int, letters: str = "Body") -> str:
        """`text`, or as much of it as fits into `room` pixels, with an ellipsis; as it has to be handed to Tk."""
        measure = self._fonts[letters].measure
        if measure(shown := self.ordered(text)) <= room:
            return shown
        while text and measure(self.ordered(text + "…")) > room:
            text = text[:-1]
        if self.tk_orders or not has_right_to_left(text):
            return text.rstrip() + "…"
        return shortened_end(text.rstrip()).translate(self.drawable)

    def line_height(self, name: str = "Body") -> int:
        return int(self._fonts[name].metrics("linespace"))

    def wear(self, name: str) -> None:
        """Dresses everything that is drawn by a style or a picture; the plain Tk widgets follow by themselves."""
        self.look = LOOKS.get(name, LIGHT)
        self._paint()
        self._paint_icons()
        styles.colour(self.style, self.look)

    def _paint(self) -> None:
        """The elements of the size of now in the colours of now; those of other sizes wait until they are wanted."""
        for name, shapes in SHAPES.items():
            if name not in ICONS:
                for state, shape in shapes.items():
                    picture = self._pictures[self.element(name), state]
                    picture.configure(data=draw(shape, self.look, self._scale))

    def _paint_icons(self) -> None:
        for icon, name in zip(self._icons, ICONS, strict=True):
            icon.configure(data=draw(SHAPES[name][""], self.look, self._scale))


def plain_text(parent: tk.Misc, theme: Theme, **options: Any) -> tk.Text:
    """A `tk.Text` without Tk's own borders; `dress` colours it."""
    text = tk.Text(parent, wrap="word", borderwidth=0, highlightthickness=0, font="HallwayBody", **options)
    text.configure(insertwidth=theme.px(2), selectborderwidth=0, inactiveselectbackground="")
    return text


def displayed_lines(text: tk.Text) -> int:
    """How many lines a `Text` takes for all that stands in it, as wide as it is now."""
    # Not `Text.count`: it answers differently from one Python to the next.
    return max(1, int(text.tk.call(str(text), "count", "-displaylines", "1.0", "end")))


def dress(text: tk.Text, look: Look) -> None:
    text.configure(background=look.surface, foreground=look.text, insertbackground=look.accent)
    text.configure(selectbackground=look.accent, selectforeground=look.accent_text)
    text.configure(highlightbackground=look.surface, highlightcolor=look.accent)
