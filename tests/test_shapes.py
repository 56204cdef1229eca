"""What the styles' pictures show, read back from the PNG files that are handed to Tk."""

from __future__ import annotations

import struct
import zlib

import pytest

from windowlib.colours import DARK, LIGHT, LOOKS, Look, rgb
from windowlib.shapes import DEPTH, SHAPES, Shape, draw

ALL = {f"{name} {state}".strip(): shape for name, shapes in SHAPES.items() for state, shape in shapes.items()}


def pixels(file: bytes) -> list[tuple[int, ...]]:
    """The rows of a PNG file of one IDAT chunk whose rows are not filtered; its check sums are checked.

    A pixel is 0xRRGGBBAA.
    """
    assert file.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(file):
        length = struct.unpack(">I", file[at : at + 4])[0]
        named = file[at + 4 : at + 8 + length]
        assert struct.unpack(">I", file[at + 8 + length : at + 12 + length])[0] == zlib.crc32(named)
        chunks[named[:4]] = named[4:]
        at += 12 + length
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    body, stride = zlib.decompress(chunks[b"IDAT"]), 1 + DEPTH * width
    assert len(body) == height * stride
    rows = [body[y * stride : (y + 1) * stride] for y in range(height)]
    assert all(row[0] == 0 for row in rows)
    return [struct.unpack(f">{width}I", row[1:]) for row in rows]


def opaque(colour: str) -> int:
    """The pixel of this colour that one does not see through."""
    red, green, blue = rgb(colour)
    return int.from_bytes((red, green, blue, 255), "big")


@pytest.mark.parametrize("scale", [0.75, 1.0, 1.0417, 2.0])
@pytest.mark.parametrize("name", ALL)
def test_a_shape_is_a_square_that_is_the_same_from_all_sides(name: str, scale: float) -> None:
    """So that no corner is crooked; a tick is the one thing that has a left and a right."""
    shape = ALL[name]
    rows = pixels(draw(shape, LIGHT, scale))

    assert all(len(row) == len(rows) for row in rows)
    if not shape.tick:
        assert rows == rows[::-1]
        assert rows == [row[::-1] for row in rows]
        assert rows == [*zip(*rows, strict=True)]


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize("name", ALL)
def test_it_is_of_its_fill_on_its_ground(name: str, look: Look) -> None:
    """A picture that one sees through has no ground of its own."""
    shape = ALL[name]
    rows = pixels(draw(shape, look, 2.0))
    middle, corner = rows[len(rows) // 2][len(rows) // 2], rows[0][0]

    if not shape.tick:
        assert middle == opaque(getattr(look, shape.fill))
    assert corner & 0xFF == 0 if shape.see_through else corner == opaque(getattr(look, shape.ground))


def test_edge_ring_and_tick_are_drawn() -> None:
    """Each in its own colour, where it belongs."""
    ringed = pixels(draw(Shape(8, "surface", "border", ring="accent", ground="sidebar"), DARK, 2.0))
    ticked = pixels(draw(Shape(4, "accent", margin=3, middle=4, tick="accent_text"), DARK, 2.0))
    across = ringed[len(ringed) // 2]
    inked = [(x, y) for y, row in enumerate(ticked) for x, dot in enumerate(row) if dot == opaque(DARK.accent_text)]

    inwards = [across.index(opaque(colour)) for colour in (DARK.accent, DARK.sidebar, DARK.border, DARK.surface)]
    assert inwards == sorted(inwards)
    assert min(x for x, _ in inked) < len(ticked) / 2 < max(x for x, _ in inked)
    assert max(inked)[1] < len(ticked) / 2 < max(y for _, y in inked)  # its long arm ends above
