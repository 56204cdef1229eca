"""The colours of the window, light and dark, and those of names. Needs no Tk.

Called by look.py and whatever draws, in any thread.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import lru_cache


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
    """The contrast of two colours, from 1 to 21, as WCAG 2.1 defines it; 4.5 is what it asks for texts."""

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
