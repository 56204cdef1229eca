"""The picture of Hallway for the bar where windows are listed, with how many messages are unread. Needs no Tk.

Called by attention.py. There are no image files: it is drawn here, and handed over as PNG.
"""

from __future__ import annotations

import math
from functools import lru_cache

from windowlib.colours import LIGHT, rgb
from windowlib.shapes import DEPTH, Row, mirrored, png

SIZE = 64  # pixels a side; systems make it smaller themselves
BADGE = "#c62828"  # behind white figures: 5.6:1
WHITE = b"\xff\xff\xff"
RIM = 3  # pixels round the badge that one sees through, so that it stands off
DOT = 3  # pixels a side of one point of a figure
FIGURES = {  # five points wide and seven high, from above
    "0": (0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110),
    "1": (0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110),
    "2": (0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111),
    "3": (0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110),
    "4": (0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010),
    "5": (0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110),
    "6": (0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110),
    "7": (0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000),
    "8": (0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110),
    "9": (0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100),
    "+": (0b00000, 0b00100, 0b00100, 0b11111, 0b00100, 0b00100, 0b00000),
}


def badge(unread: int) -> str:
    """What stands on the icon for so many messages."""
    return "" if unread <= 0 else str(unread) if unread < 100 else "99+"


@lru_cache(maxsize=32)
def icon(figures: str) -> bytes:
    """The icon with `figures` in its corner, as a PNG file."""
    rows = [bytearray(row) for row in _tile()]
    if figures:
        ink = _points(figures)
        width, height = _badge_size(figures)
        left, top = SIZE - width, SIZE - height
        for y in range(top - RIM, SIZE):
            for x in range(max(0, left - RIM), SIZE):
                row, at = rows[y], DEPTH * x
                rim = _covered(x, y, left - RIM, top - RIM, width + 2 * RIM, height + 2 * RIM)
                inner = _covered(x, y, left, top, width, height)
                if inner > 0:  # the rim lies between, so nothing of the tile is here
                    row[at : at + 3] = WHITE if (x, y) in ink else bytes(rgb(BADGE))
                row[at + 3] = round(row[at + 3] * (1 - rim) + 255 * inner)
    return png([*rows])


@lru_cache(maxsize=1)
def _tile() -> list[Row]:
    """The letter on Hallway's blue."""
    brand, half, margin, radius = rgb(LIGHT.brand), SIZE // 2, 2, 13

    def pixel(x: float, y: float) -> bytes:
        return bytes((*brand, round(255 * min(1.0, max(0.0, 0.5 + radius - math.hypot(x, y))))))

    rows = mirrored(half, half - margin - radius, pixel)
    for y in range(15, 49):
        row = rows[y] = bytearray(rows[y])
        for x in (*range(17, 25), *range(39, 47), *(range(25, 39) if 28 <= y < 36 else ())):
            row[DEPTH * x : DEPTH * x + 3] = WHITE
    return rows


def _badge_size(figures: str) -> tuple[int, int]:
    return max(34, _width(figures) + 14), 34


def _width(figures: str) -> int:
    return (len(figures) * 6 - 1) * DOT


def _points(figures: str) -> frozenset[tuple[int, int]]:
    """The pixels that are of the figures, which end in the middle of the badge."""
    width, height = _badge_size(figures)
    left = SIZE - width + (width - _width(figures)) // 2
    top = SIZE - height + (height - 7 * DOT) // 2
    return frozenset(
        (left + (6 * place + column) * DOT + dx, top + row * DOT + dy)
        for place, figure in enumerate(figures)
        for row, bits in enumerate(FIGURES[figure])
        for column in range(5)
        if bits >> (4 - column) & 1
        for dx in range(DOT)
        for dy in range(DOT)
    )


def _covered(x: int, y: int, left: int, top: int, width: int, height: int) -> float:
    """How much of a pixel is within a rectangle with round ends."""
    radius = height / 2
    beside = max(abs(x + 0.5 - left - width / 2) - width / 2 + radius, 0.0)
    return min(1.0, max(0.0, 0.5 + radius - math.hypot(beside, y + 0.5 - top - radius)))
