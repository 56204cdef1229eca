"""How the window looks: its colours, light and dark, its fonts, and the shapes that its styles are made of.

Called by window.py and the screens, in the thread of Tk. `Theme` is the only part that needs a window.
"""

from __future__ import annotations

import colorsys
import itertools
import math
import struct
import tkinter as tk
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from tkinter import font, ttk
from typing import Any, Literal

from windowlib.emoji_font import FAMILIES as EMOJI_FAMILIES
from windowlib.emoji_font import colour_is_safe
from windowlib.lengths import Lengths


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of one look, by what they are for. Every text reaches 4.5:1 on what it stands on."""

    window: str
    surface: str  # messages, entries, cards
    sidebar: str
    text: str
    muted: str  # times, hints
    accent: str
    accent_text: str
    accent_hover: str
    own: str  # own messages, selected text
    private: str
    private_text: str
    border: str
    hover: str  # under the mouse
    thumb: str  # of a scroll bar
    trouble: str
    fine: str
    brand: str = "#3498db"  # Hallway's own blue, behind large white letters only


LIGHT = Look(
    window="#f6f8fb", surface="#ffffff", sidebar="#eef2f7", text="#16212e", muted="#5b6b7d", accent="#1f6fa8",
    accent_text="#ffffff", accent_hover="#195b8a", own="#e9f3fb", private="#f3ecfb", private_text="#6d3fb0",
    border="#d8e0e9", hover="#e2e9f1", thumb="#c3cedb", trouble="#b3261e", fine="#1b7f4b",
)  # fmt: skip
DARK = Look(
    window="#12181f", surface="#1a222c", sidebar="#161d26", text="#e6edf5", muted="#97a6b6", accent="#5db2ee",
    accent_text="#0b2239", accent_hover="#85c6f4", own="#1d3246", private="#2b2340", private_text="#c5a9f7",
    border="#2a3541", hover="#243040", thumb="#3c4a5a", trouble="#ff8a80", fine="#6fd3a0",
)  # fmt: skip
LOOKS = {"light": LIGHT, "dark": DARK}


def rgb(colour: str) -> tuple[int, int, int]:
    """The three parts of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours from 1 to 21, after WCAG 2.1."""

    def luminance(colour: str) -> float:
        parts = [part / 255 for part in rgb(colour)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


# Degrees on the colour wheel, as far apart as the eye takes them to be: it knows many blues, and one green.
ANGLES = (0, 26, 47, 84, 140, 174, 201, 226, 268, 318)
TONES = ((0.74, 4.6), (0.42, 7.4))  # how colourful, and how far from the background at least; ANGLES in the one, then


@lru_cache
def name_colours(look: Look) -> tuple[str, ...]:
    """The colours of names, moved away from the background until they can be read on every kind of message."""
    colours = []
    dark = contrast(look.surface, "#000000") < contrast(look.surface, "#ffffff")
    for number in range(len(TONES) * len(ANGLES)):
        saturation, apart = TONES[number // len(ANGLES)]
        lightness, step = (0.6, 0.01) if dark else (0.5, -0.01)
        while True:
            # Numbers that follow each other are not neighbours on the wheel.
            parts = colorsys.hls_to_rgb(ANGLES[3 * number % len(ANGLES)] / 360, lightness, saturation)
            colour = "#" + "".join(f"{round(part * 255):02x}" for part in parts)
            if min(contrast(colour, ground) for ground in (look.surface, look.own, look.private)) >= apart:
                break
            lightness += step
        colours.append(colour)
    return tuple(colours)


Pixel = tuple[int, int, int, int]  # red, green, blue, alpha


def mirrored(half: int, straight: float, pixel: Callable[[float, float], Pixel]) -> list[list[Pixel]]:
    """The rows of a square picture that is the same in all four corners, and either way up.

    `pixel` is told x and y, in pixels from the straight part, which is `straight` wide from the middle on.
    """
    places = [max(half - place - 0.5 - straight, 0.0) for place in range(half)]
    bent = sum(1 for place in places if place) + 1  # from there on every pixel is as the one before it
    corner = [[pixel(places[x], places[y]) for x in range(min(y + 1, bent))] for y in range(min(bent, half))]
    for y, row in enumerate(corner):
        row.extend(corner[x][y] for x in range(y + 1, len(corner)))
        row.extend(row[-1:] * (half - len(row)))
    quarter = corner + corner[-1:] * (half - len(corner))
    return [row + row[::-1] for row in quarter + quarter[::-1]]


def png(rows: list[list[Pixel]]) -> bytes:
    """A square picture as a PNG file."""
    size = len(rows)
    body = zlib.compress(b"".join(b"\0" + bytes(part for dot in row for part in dot) for row in rows), 1)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@dataclass(frozen=True, slots=True)
class Shape:
    """A rounded rectangle that stretches; lengths in steps of 1/96 inch, colours as fields of `Look`.

    It is drawn on the colour it will stand on: Tk on X11 asks the server for the background under every piece of a
    picture with smooth transparency, which made one redraw of a scroll bar take 30 ms.
    """

    radius: float
    fill: str
    edge: str | None = None
    edge_width: float = 1
    ring: str | None = None  # round it, at a small distance: the keyboard is here
    margin: float = 3  # left free for the ring
    middle: float = 8  # half of the part that is repeated where it stretches; 0 makes a dot
    ground: str = "surface"
    see_through: bool = False  # for a small one that does not stretch
    tick: str | None = None  # for a box that is ticked, and does not stretch


TICK = ((-0.5, 0.02), (-0.14, 0.38), (0.52, -0.36))  # its three points, in a square from -1 to 1


def from_tick(x: float, y: float) -> float:
    """How far a point is from the line of a tick."""
    nearest = math.inf
    for (x1, y1), (x2, y2) in itertools.pairwise(TICK):
        along = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / ((x2 - x1) ** 2 + (y2 - y1) ** 2)
        along = min(1.0, max(0.0, along))
        nearest = min(nearest, math.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1)))
    return nearest


@lru_cache(maxsize=128)
def draw(shape: Shape, look: Look, scale: float) -> bytes:
    """`shape` as a PNG file, smooth at its corners."""
    radius, margin = shape.radius * scale, shape.margin * scale
    half = round(radius + margin + shape.middle * scale)
    straight = half - margin - radius  # half the middle part, which is stretched
    ground, fill = rgb(getattr(look, shape.ground)), rgb(getattr(look, shape.fill))
    edge = rgb(getattr(look, shape.edge)) if shape.edge else fill
    ring = rgb(getattr(look, shape.ring)) if shape.ring else ground

    def covered(distance: float) -> float:
        return min(1.0, max(0.0, 0.5 - distance))

    def pixel(x: float, y: float) -> Pixel:
        away = math.hypot(x, y) - radius  # from the outline; inside < 0
        ringed = covered(away - 3 * scale) - covered(away - 1 * scale)
        outer, inner = covered(away), covered(away + shape.edge_width * scale)
        parts = (ringed, ring), (1 - outer - ringed, ground), (outer - inner, edge), (inner, fill)
        red, green, blue = (round(sum(share * colour[part] for share, colour in parts)) for part in range(3))
        return red, green, blue, round(255 * outer) if shape.see_through else 255

    rows = mirrored(half, straight, pixel)
    if shape.tick:
        ink, reach = rgb(getattr(look, shape.tick)), half - margin
        for y, row in enumerate(map(list, rows)):  # lists of their own: some of them stand there several times
            rows[y] = row
            for x, dot in enumerate(row):
                away = from_tick((x + 0.5 - half) / reach, (y + 0.5 - half) / reach) * reach
                share = covered(away - 0.9 * scale)
                red, green, blue = (round(share * ink[part] + (1 - share) * dot[part]) for part in range(3))
                row[x] = red, green, blue, dot[3]
    return png(rows)


# key: element of a style; for each its shapes by widget state, the plain one first and then the strongest state first
SHAPES: dict[str, dict[str, Shape]] = {
    "Card": {"": Shape(14, "surface", "border", margin=0, ground="window")},
    "Field": {
        "": Shape(9, "surface", "border", margin=0),
        "invalid": Shape(9, "surface", "trouble", 2, margin=0),
        "focus": Shape(9, "surface", "accent", 2, margin=0),
        "active": Shape(9, "surface", "muted", margin=0),
    },
    "Primary": {
        "": Shape(8, "accent"),
        "disabled": Shape(8, "hover"),
        "pressed": Shape(8, "accent"),
        "focus active": Shape(8, "accent_hover", ring="accent"),
        "focus": Shape(8, "accent", ring="accent"),
        "active": Shape(8, "accent_hover"),
    },
    "Outline": {
        "": Shape(8, "surface", "border"),
        "disabled": Shape(8, "surface", "border"),
        "pressed": Shape(8, "hover", "border"),
        "focus active": Shape(8, "hover", "border", ring="accent"),
        "focus": Shape(8, "surface", "border", ring="accent"),
        "active": Shape(8, "hover", "border"),
    },
    "Pill": {  # its corners are of its own colour: it stands over messages of any tint
        "": Shape(8, "accent", margin=0, middle=3, ground="accent"),
        "focus active": Shape(5, "accent_hover", "accent_text", 2, margin=3, middle=3, ground="accent_hover"),
        "focus": Shape(5, "accent", "accent_text", 2, margin=3, middle=3, ground="accent"),
        "active": Shape(8, "accent_hover", margin=0, middle=3, ground="accent_hover"),
    },
    "Check": {
        "": Shape(4, "surface", "muted", 1.4, margin=3, middle=4),
        "selected": Shape(4, "accent", margin=3, middle=4, tick="accent_text"),
    },
    "Box": {  # a check box that stands in line with fields, and wears the ring itself
        "": Shape(4, "surface", "muted", 1.4, margin=3, middle=4),
        "focus selected": Shape(4, "accent", ring="accent", margin=3, middle=4, tick="accent_text"),
        "selected": Shape(4, "accent", margin=3, middle=4, tick="accent_text"),
        "focus": Shape(4, "surface", "muted", 1.4, ring="accent", margin=3, middle=4),
    },
    "Radio": {
        "": Shape(8, "surface", "muted", 1.4, margin=3, middle=0),
        "selected": Shape(8, "surface", "accent", 4.6, margin=3, middle=0),
    },
    "Dot": {"": Shape(4, "fine", margin=6, middle=0, ground="sidebar", see_through=True)},
    "Circle": {"": Shape(4, "sidebar", "muted", 1.4, margin=6, middle=0, ground="sidebar", see_through=True)},
    "Badge": {"": Shape(9, "accent", margin=0, middle=0, ground="sidebar", see_through=True)},
    "Brand": {"": Shape(10, "brand", margin=0, middle=12)},
}
for _element, _ground, _radius, _middle in (
    ("Quiet", "surface", 8, 8),
    ("Corner", "window", 8, 8),
    ("Small", "surface", 5, 2),
    ("SideSmall", "sidebar", 5, 2),
):
    SHAPES[_element] = {
        "": Shape(_radius, _ground, middle=_middle, ground=_ground),
        "pressed": Shape(_radius, "border", middle=_middle, ground=_ground),
        "focus active": Shape(_radius, "hover", ring="accent", middle=_middle, ground=_ground),
        "focus": Shape(_radius, _ground, ring="accent", middle=_middle, ground=_ground),
        "active": Shape(_radius, "hover", middle=_middle, ground=_ground),
    }
for _element, _ground in (("Thumb", "surface"), ("SideThumb", "sidebar")):
    SHAPES[_element] = {
        "": Shape(3, "thumb", middle=1, ground=_ground),
        "disabled": Shape(3, _ground, middle=1, ground=_ground),  # all is seen: there is nothing to move
        "pressed": Shape(3, "muted", middle=1, ground=_ground),
        "active": Shape(3, "muted", middle=1, ground=_ground),
    }
FAMILIES = ("Segoe UI", "SF Pro Text", "Inter", "Noto Sans", "DejaVu Sans")


LETTERS: tuple[tuple[str, int, Literal["normal", "bold"]], ...] = (  # points more than the text has
    ("Body", 0, "normal"), ("Strong", 0, "bold"), ("Small", -2, "normal"), ("SmallStrong", -2, "bold"),
    ("Title", 5, "bold"),
)  # fmt: skip
ICONS = ("Dot", "Circle", "Brand", "Badge")  # shapes that stand in labels and lists rather than round something


class Theme:
    """Fonts, pictures and styles of one window. `wear` changes the look of all that uses them, `zoom` its size.

    Both want to be followed by `dress` of the screens that are shown, for what they colour and measure themselves.
    """

    def __init__(self, root: tk.Tk, look: str, percent: int = 100) -> None:
        self.look = LOOKS.get(look, LIGHT)
        self.percent = percent
        self._inch = max(1.0, root.winfo_fpixels("1i") / 96)
        self._scale = self._inch * percent / 100
        known = set(font.families(root))
        family = next(
            (name for name in FAMILIES if name in known), font.nametofont("TkDefaultFont", root).actual()["family"]
        )
        self._points = (
            13 if root.tk.call("tk", "windowingsystem") == "aqua" else 11
        )  # macOS counts 72 of them to an inch
        self._fonts = {  # kept: Tk forgets a named font when its object goes
            name: font.Font(root, name=f"Hallway{name}", family=family, weight=weight) for name, _, weight in LETTERS
        }
        fixed = font.nametofont("TkFixedFont", root).actual()["family"]
        self._fonts["Fixed"] = font.Font(root, name="HallwayFixed", family=fixed)  # for code
        self._fonts["Initial"] = font.Font(root, name="HallwayInitial", family=fixed, weight="bold")
        emoji = next((name for name in EMOJI_FAMILIES if name in known), "")
        self._has_emoji = bool(emoji) and root.tk.call("tk", "windowingsystem") == "x11"  # elsewhere Tk sees to it
        self._fonts["Emoji"] = font.Font(root, name="HallwayEmoji", family=emoji or family)
        self.gap_font = font.Font(root, name="HallwayGap", family=family)
        self._pictures: dict[tuple[str, str], tk.PhotoImage] = {}  # key: element, of this size or another, and state
        self._root = root
        self._lengths = Lengths(root)
        self.style = ttk.Style(root)
        self.style.theme_use("clam")
        self.here, self.away, self.mark, self.badge, self.nothing = (
            tk.PhotoImage(master=root) for _ in (*ICONS, "nothing")
        )
        self._resize()

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
        if self._element("Card") not in self.style.element_names():
            self._make_elements()
        self._lay_out()
        self._wear()

    def _element(self, name: str) -> str:
        """An element of a style in the size of now. ttk can change the pictures of an element, but not its corners."""
        return f"{name}{self.percent}.{'thumb' if name.endswith('Thumb') else 'shape'}"  # it moves what ends in .thumb

    def _make_elements(self) -> None:
        for name, shapes in SHAPES.items():
            if name in ICONS:
                continue
            element, inset = self._element(name), self.px(shapes[""].radius + shapes[""].margin)
            pictures = {state: tk.PhotoImage(master=self._root) for state in shapes}
            for state, shape in shapes.items():  # before the element is made: it asks for their size once
                pictures[state].configure(data=draw(shape, self.look, self._scale))
                self._pictures[element, state] = pictures[state]
            states: list[Any] = [(*state.split(), pictures[state]) for state in shapes if state]
            self.style.element_create(element, "image", pictures[""], *states, border=inset, sticky="nsew", padding=0)

    def close(self) -> None:
        """Gives pictures and fonts back to Tk in Tk's own thread: else it happens in whichever thread tidies memory."""
        self._pictures.clear()
        self._fonts.clear()
        del self.here, self.away, self.mark, self.badge, self.nothing, self.gap_font

    @property
    def emoji_font(self) -> str:
        """The font that draws emoji in colour; "" where there is none, none is needed, or none is safe."""
        return "HallwayEmoji" if self._has_emoji and colour_is_safe(self._root) else ""

    def px(self, steps: float) -> int:
        """A length of `steps` 1/96 inch in pixels of this screen."""
        return round(steps * self._scale)

    def width_of(self, text: str, letters: str = "Body") -> int:
        return self._fonts[letters].measure(text)

    def shortened(self, text: str, room: int, letters: str = "Body") -> str:
        """`text`, or as much of it as fits into `room` pixels, with an ellipsis."""
        measure = self._fonts[letters].measure
        if measure(text) <= room:
            return text
        while text and measure(text + "…") > room:
            text = text[:-1]
        return text.rstrip() + "…"

    def line_height(self, name: str = "Body") -> int:
        return int(self._fonts[name].metrics("linespace"))

    def _lay_out(self) -> None:
        """The parts of every style, and all about them that no look changes."""
        layout, configure, px = self.style.layout, self.style.configure, self.px
        for kind in ("Card", "Field"):
            layout(f"{kind}.TFrame", [(self._element(kind), {"sticky": "nswe"})])
        inside: list[Any] = [("Entry.textarea", {"sticky": "nswe"})]
        layout(
            "TEntry",
            [
                (
                    self._element("Field"),
                    {"sticky": "nswe", "children": [("Entry.padding", {"sticky": "nswe", "children": inside})]},
                )
            ],
        )
        layout("TLabel", [("Label.label", {"sticky": "nswe"})])
        configure("TEntry", padding=(px(12), px(9)), insertwidth=px(2), font="HallwayBody")
        label: list[Any] = [("Button.padding", {"sticky": "nswe", "children": [("Button.label", {"sticky": "nswe"})]})]
        for kind, shape, letters, padding in (
            ("Primary", "Primary", "HallwayStrong", (19, 11)), ("Pill", "Pill", "HallwaySmallStrong", (12, 6)),
            ("Quiet", "Quiet", "HallwaySmall", (12, 10)), ("Corner", "Corner", "HallwaySmall", (12, 10)),
            ("Outline", "Outline", "HallwaySmall", (14, 9)), ("Small", "Small", "HallwaySmall", (8, 4)),
            ("SmallTrouble", "Small", "HallwaySmallStrong", (8, 4)), ("Icon", "Quiet", "HallwayBody", (9, 8)),
            ("SideSmall", "SideSmall", "HallwaySmall", (8, 4)),
        ):  # fmt: skip
            layout(f"{kind}.TButton", [(self._element(shape), {"sticky": "nswe", "children": label})])
            configure(
                f"{kind}.TButton", anchor="center", font=letters, padding=(px(padding[0]), px(padding[1])), width=0
            )
        for kind, shape in (("TCheckbutton", "Check"), ("TRadiobutton", "Radio")):
            name = kind[1:].capitalize()
            box: list[Any] = [
                (self._element(shape), {"side": "left", "sticky": ""}),
                (f"{name}.label", {"side": "left", "sticky": ""}),
            ]
            inner: list[Any] = [(f"{name}.padding", {"sticky": "nswe", "children": box})]
            layout(kind, [(self._element("Small"), {"sticky": "nswe", "children": inner})])
            configure(kind, padding=(px(8), px(4)), font="HallwaySmall")
        bare: list[Any] = [
            (self._element("Box"), {"side": "left", "sticky": ""}),
            ("Checkbutton.label", {"side": "left", "sticky": ""}),
        ]
        layout("Flush.TCheckbutton", [("Checkbutton.padding", {"sticky": "nswe", "children": bare})])
        configure("Flush.TCheckbutton", padding=(0, px(4)))
        for bar, shape in (("", "Thumb"), ("Side.", "SideThumb")):
            thumb: list[Any] = [(self._element(shape), {"expand": True, "sticky": "nswe"})]
            layout(f"{bar}Vertical.TScrollbar", [("Vertical.Scrollbar.trough", {"sticky": "ns", "children": thumb})])
        layout("Treeview", [("Treeview.treearea", {"sticky": "nswe"})])
        parts: list[Any] = [
            ("Treeitem.image", {"side": "left", "sticky": ""}),
            ("Treeitem.text", {"side": "left", "sticky": ""}),
        ]
        layout("Treeview.Item", [("Treeitem.padding", {"sticky": "nswe", "children": parts})])
        configure("Treeview", rowheight=self.line_height() + px(10), font="HallwayBody", indent=0, borderwidth=0)
        configure("Treeview.Item", padding=(px(10), 0))

    def wear(self, name: str) -> None:
        """Dresses everything that is drawn by a style or a picture; the plain Tk widgets follow by themselves."""
        self.look = LOOKS.get(name, LIGHT)
        self._wear()

    def _wear(self) -> None:
        look = self.look
        for name, shapes in SHAPES.items():
            if name not in ICONS:
                for state, shape in shapes.items():
                    self._pictures[self._element(name), state].configure(data=draw(shape, look, self._scale))
        for icon, name in zip((self.here, self.away, self.mark, self.badge), ICONS, strict=True):
            icon.configure(data=draw(SHAPES[name][""], look, self._scale))
        configure, mapped = self.style.configure, self.style.map
        configure(".", background=look.window, foreground=look.text, font="HallwayBody", focuscolor=look.accent)
        for place, colour in (("", look.window), ("Surface.", look.surface), ("Side.", look.sidebar)):
            configure(f"{place}TFrame", background=colour)
            configure(f"{place}TLabel", background=colour, foreground=look.text, font="HallwayBody")
            for role, ink, letters in (
                ("Title", look.text, "HallwayTitle"), ("Strong", look.text, "HallwayStrong"),
                ("Label", look.muted, "HallwaySmallStrong"), ("Hint", look.muted, "HallwaySmall"),
                ("Trouble", look.trouble, "HallwaySmall"), ("Fine", look.fine, "HallwaySmall"),
                ("Private", look.private_text, "HallwaySmall"), ("Muted", look.muted, "HallwayBody"),
            ):  # fmt: skip
                configure(f"{place}{role}.TLabel", background=colour, foreground=ink, font=letters)
        configure("Line.TFrame", background=look.border)
        configure("Card.TFrame", background=look.window)
        configure("Field.TFrame", background=look.surface)
        configure("Mark.TLabel", background=look.surface, foreground="#ffffff", font="HallwayTitle")
        configure("TEntry", background=look.surface, foreground=look.text, insertcolor=look.accent)
        configure(
            "TEntry", selectbackground=look.accent, selectforeground=look.accent_text, fieldbackground=look.surface
        )
        mapped("TEntry", foreground=[("disabled", look.muted)], selectbackground=[], selectforeground=[])
        for kind in ("Primary", "Pill"):
            configure(f"{kind}.TButton", background=look.surface, foreground=look.accent_text)
            mapped(f"{kind}.TButton", background=[], foreground=[("disabled", look.muted)])
        for kind, ground in (
            ("Quiet", look.surface),
            ("Corner", look.window),
            ("Small", look.surface),
            ("SideSmall", look.sidebar),
        ):
            configure(f"{kind}.TButton", background=ground, foreground=look.muted)
            mapped(f"{kind}.TButton", background=[], foreground=[("active", look.text), ("focus", look.text)])
        configure("Outline.TButton", background=look.surface, foreground=look.text)
        mapped("Outline.TButton", background=[], foreground=[("disabled", look.muted)])
        configure("SmallTrouble.TButton", background=look.surface, foreground=look.trouble)
        for kind in ("TCheckbutton", "TRadiobutton"):
            configure(kind, background=look.surface, foreground=look.text)
            mapped(kind, background=[], foreground=[("disabled", look.muted)])
        for place, colour in (("", look.surface), ("Side.", look.sidebar)):
            configure(
                f"{place}Vertical.TScrollbar", troughcolor=colour, background=colour, bordercolor=colour, borderwidth=0
            )
            configure(f"{place}Vertical.TScrollbar", lightcolor=colour, darkcolor=colour)
        configure("Surface.Treeview", background=look.surface, fieldbackground=look.surface)
        mapped(
            "Surface.Treeview",
            background=[("selected", look.accent)],
            foreground=[("selected", look.accent_text)],
        )
        configure("Treeview", background=look.sidebar, fieldbackground=look.sidebar, foreground=look.text)
        mapped(
            "Treeview",
            background=[("selected", "focus", look.accent)],
            foreground=[("selected", "focus", look.accent_text)],
        )


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
