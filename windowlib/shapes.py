"""The shapes that the window's styles are made of, drawn as PNG files. Needs no Tk: there are no image files either.

Called by look.py and icon.py, in any thread. The first screen waits for about fifty of them, so what several have in
common is worked out once.
"""

from __future__ import annotations

import itertools
import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from windowlib.colours import Look, rgb

DEPTH = 4  # bytes of a pixel: red, green, blue, alpha
Row = bytes | bytearray  # its pixels from the left


def mirrored(half: int, straight: float, pixel: Callable[[float, float], bytes]) -> list[Row]:
    """The rows of a square picture that is the same in all four corners, and either way up.

    `pixel` is told x and y, in pixels from the straight part, which is `straight` wide from the middle on.
    """
    places = [max(half - place - 0.5 - straight, 0.0) for place in range(half)]
    bent = min(sum(1 for place in places if place) + 1, half)  # from there on every pixel is as the one before it
    corner = [[pixel(places[x], places[y]) for x in range(y + 1)] for y in range(bent)]
    quarter: list[Row] = []
    for y, row in enumerate(corner):
        left = row + [corner[x][y] for x in range(y + 1, bent)]
        left += left[-1:] * (half - bent)
        quarter.append(b"".join(left + left[::-1]))
    quarter += quarter[-1:] * (half - bent)
    return quarter + quarter[::-1]


def png(rows: list[Row]) -> bytes:
    """A square picture as a PNG file."""
    size = len(rows)
    body = zlib.compress(b"".join(b"\0" + row for row in rows), 1)

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


Shares = tuple[float, float, float, float]  # of one pixel: the ring, the ground, the edge and what it encloses


def _covered(distance: float) -> float:
    """How much of a pixel lies within an outline that is so many pixels away; inside it is less than 0."""
    return min(1.0, max(0.0, 0.5 - distance))


@lru_cache(maxsize=8192)
def _shares(x: float, y: float, radius: float, edge_width: float, scale: float) -> Shares:
    """What a pixel at a corner is made of, all lengths in pixels. Most shapes have their corners in common."""
    away = math.hypot(x, y) - radius
    outer, inner = _covered(away), _covered(away + edge_width)
    ringed = _covered(away - 3 * scale) - _covered(away - scale)
    return ringed, 1 - outer - ringed, outer - inner, inner


@lru_cache(maxsize=128)
def draw(shape: Shape, look: Look, scale: float) -> bytes:
    """`shape` as a PNG file, smooth at its corners."""
    radius, margin, edge_width = shape.radius * scale, shape.margin * scale, shape.edge_width * scale
    half = round(radius + margin + shape.middle * scale)
    ground, fill = rgb(getattr(look, shape.ground)), rgb(getattr(look, shape.fill))
    edge = rgb(getattr(look, shape.edge)) if shape.edge else fill
    ring = rgb(getattr(look, shape.ring)) if shape.ring else ground
    channels = tuple(zip(ring, ground, edge, fill, strict=True))
    mixed: dict[Shares, bytes] = {}

    def pixel(x: float, y: float) -> bytes:
        shares = _shares(x, y, radius, edge_width, scale)
        if shares not in mixed:
            r, g, e, f = shares
            red, green, blue = (round(r * on[0] + g * on[1] + e * on[2] + f * on[3]) for on in channels)
            mixed[shares] = bytes((red, green, blue, round(255 * (e + f)) if shape.see_through else 255))
        return mixed[shares]

    rows = mirrored(half, half - margin - radius, pixel)  # half the middle part is stretched
    if shape.tick:
        rows = _ticked(rows, rgb(getattr(look, shape.tick)), half - margin, scale)
    return png(rows)


TICK = ((-0.5, 0.02), (-0.14, 0.38), (0.52, -0.36))  # its three points, in a square from -1 to 1


def _from_tick(x: float, y: float) -> float:
    """How far a point is from the line of a tick."""
    nearest = math.inf
    for (x1, y1), (x2, y2) in itertools.pairwise(TICK):
        along = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / ((x2 - x1) ** 2 + (y2 - y1) ** 2)
        along = min(1.0, max(0.0, along))
        nearest = min(nearest, math.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1)))
    return nearest


@lru_cache(maxsize=16)
def _tick(half: int, reach: float, scale: float) -> tuple[tuple[int, int, float], ...]:
    """The pixels of a tick that fills a square of twice `half` to `reach` from its middle: x, y, how much of it."""
    shares = (
        (x, y, _covered(_from_tick((x + 0.5 - half) / reach, (y + 0.5 - half) / reach) * reach - 0.9 * scale))
        for y in range(2 * half)
        for x in range(2 * half)
    )
    return tuple((x, y, share) for x, y, share in shares if share > 0)


def _ticked(rows: list[Row], ink: tuple[int, int, int], reach: float, scale: float) -> list[Row]:
    """The same picture with a tick on it."""
    ticked = [bytearray(row) for row in rows]
    for x, y, share in _tick(len(rows) // 2, reach, scale):
        row, at = ticked[y], DEPTH * x
        for part, colour in enumerate(ink):
            row[at + part] = round(share * colour + (1 - share) * row[at + part])
    return [*ticked]


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
    "ChosenDot": {"": Shape(4, "accent_text", margin=6, middle=0, ground="accent", see_through=True)},
    "ChosenCircle": {"": Shape(4, "accent", "accent_text", 1.4, margin=6, middle=0, ground="accent", see_through=True)},
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

# Shapes that stand in labels and lists rather than round something.
ICONS = ("Dot", "Circle", "Brand", "Badge", "ChosenDot", "ChosenCircle")
