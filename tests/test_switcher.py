"""Ctrl-K: what a text finds, without Tk; then the field and the list with real keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from desk import Hands
from windowlib.display import open_root
from windowlib.look import Theme
from windowlib.switcher import Switcher, found, row_text


@dataclass(frozen=True)
class Somewhere:
    address: str
    title: str
    unread: int = 0
    online: bool = True


PLACES = [
    Somewhere("#everyone", "Everyone", 12),
    Somewhere("Bob", "Bob"),
    Somewhere("Émile", "Émile", 3, online=False),
    Somewhere("Ada Smith", "Ada Smith", online=False),
    Somewhere("Smilla", "Smilla"),
    Somewhere("Jacob", "Jacob"),
]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("", [place.title for place in PLACES]),
        ("bob", ["Bob"]),
        ("EM", ["Émile"]),
        ("smi", ["Smilla", "Ada Smith"]),
        ("smith ad", ["Ada Smith"]),
        ("ob", ["Bob", "Jacob"]),
        ("zoe", []),
    ],
)
def test_a_place_is_found_by_part_of_its_name(text: str, titles: list[str]) -> None:
    """Those that begin so first, then those with a word that does, then any; else the order stays."""
    assert [place.title for place in found(text, PLACES)] == titles


def test_a_row_says_in_words_what_it_shows() -> None:
    """Nobody has to know what a dot means."""
    assert row_text(PLACES[0]) == "Everyone    12 unread"
    assert row_text(PLACES[1]) == "Bob"
    assert row_text(PLACES[2]) == "Émile    3 unread, away"


class Bench(Hands):
    def __init__(self, folder: Path) -> None:
        super().__init__(open_root(folder))
        self.theme = Theme(self.root, "light")
        self.picked: list[str] = []
        self.closed = 0
        self.places = [*PLACES, *(Somewhere(f"P{number}", f"Person {number}") for number in range(200))]
        self.put("700x500")
        self.open()

    def open(self) -> None:
        self.switcher = Switcher(self.root, self.theme, self.places, self.picked.append, self.close)
        self.switcher.open()
        self.switcher.entry.focus_force()
        self.until(lambda: self.root.focus_get() is self.switcher.entry, "the keyboard is in it")

    def close(self) -> None:
        self.closed += 1
        self.switcher.destroy()


@pytest.fixture
def bench(folder: Path) -> Iterator[Bench]:
    bench = Bench(folder)
    yield bench
    bench.theme.close()
    bench.root.destroy()


def rows(bench: Bench) -> list[str]:
    tree = bench.switcher.list
    return [str(tree.item(row, "text")).strip() for row in tree.get_children()]


def test_type_and_enter(bench: Bench) -> None:
    """The best of what fits is chosen already."""
    bench.type("smi")
    bench.until(lambda: rows(bench) == ["Smilla", "Ada Smith    away"], "two are found")
    bench.press("Down", "Return")
    bench.until(lambda: bench.picked, "it is picked")

    assert bench.picked == ["Ada Smith"]
    assert bench.closed == 1


def test_arrows_without_a_letter(bench: Bench) -> None:
    """Up and Down go through all that are listed and no further; Enter picks."""
    bench.press("Up", "Down", "Down", "Up", "Return")
    bench.until(lambda: bench.picked, "it is picked")

    assert bench.picked == ["Bob"]


def test_a_click_picks(bench: Bench) -> None:
    """The third row."""
    bench.root.update()
    tree = bench.switcher.list
    x, y, _, height = (int(part) for part in tree.bbox(tree.get_children()[2]))
    bench.click(tree.winfo_rootx() + x + 30, tree.winfo_rooty() + y + height // 2)
    bench.until(lambda: bench.picked, "it is picked")

    assert bench.picked == ["Émile"]


def test_it_goes_away_without_a_choice(bench: Bench) -> None:
    """By Esc; and Enter on nobody does nothing, but it says why."""
    bench.type("zoe")
    bench.until(bench.switcher.nobody.winfo_ismapped, "nobody is found")
    bench.press("Return")
    bench.settle()
    assert bench.closed == 0
    bench.press("Escape")
    bench.until(lambda: bench.closed == 1, "it is closed")

    assert bench.picked == []


@pytest.mark.parametrize("size", ["400x380", "640x400", "1500x1000"])
@pytest.mark.parametrize("percent", [100, 200])
def test_it_fits_into_the_window(bench: Bench, size: str, percent: int) -> None:
    """However small that is."""
    bench.close()
    bench.theme.zoom(percent)
    bench.root.geometry(size)
    bench.root.update()
    bench.open()
    bench.root.update()
    switcher = bench.switcher

    assert switcher.winfo_rootx() >= bench.root.winfo_rootx()
    assert switcher.winfo_rooty() >= bench.root.winfo_rooty()
    assert switcher.winfo_rootx() + switcher.winfo_width() <= bench.root.winfo_rootx() + bench.root.winfo_width()
    assert switcher.winfo_rooty() + switcher.winfo_height() <= bench.root.winfo_rooty() + bench.root.winfo_height()
