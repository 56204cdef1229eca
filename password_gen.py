"""Hallway's password generator: what may be drawn and how likely it is to be guessed, a window, a command line.

`python3 password_gen.py` opens the window, with any option it prints passwords instead. The file stands alone: it needs
none of the other modules, pyperclip only to copy (the window can do without), and Tk only for the window.

From the top: rules (what is allowed, how many there are, drawing one), words about numbers, the word list, the
clipboard, how the window looks, the window, the command line. Everything runs in the main thread, but for the calls of
pyperclip: each runs in a worker thread that knows a text and a queue, and nothing of Tk.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import itertools
import math
import os
import platform
import queue
import re
import secrets
import shutil
import signal
import string
import struct
import sys
import threading
import time
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

if TYPE_CHECKING:
    import tkinter as tk
    from types import FrameType

SETS = {
    "lower-case letters": string.ascii_lowercase,
    "upper-case letters": string.ascii_uppercase,
    "digits": string.digits,
    "special characters": string.punctuation,  # the 32 of ASCII
}
LOOK_ALIKES = "0Oo1lI|"
MIN_LENGTH, MAX_LENGTH = 4, 128  # characters
MIN_WORDS, MAX_WORDS, WORDS = 2, 20, 6
# With all sets cut down to one character and this many special ones, one draw of 4 characters in 13,120 is accepted:
# about a tenth of a second of drawing. Without a limit somebody could ask for a password that takes hours.
MAX_SPECIAL = 64
MAX_SEPARATOR = 8  # characters
GUESSES = 10_000_000_000  # a second
CLIPBOARD_SECONDS = 30  # that a password stays on the clipboard
COPY_SECONDS = 2.0  # for pyperclip to answer; xclip takes 5 ms
ARRIVAL_SECONDS = 0.5  # from then until the clipboard holds it


@dataclass(frozen=True, slots=True)
class Strength:
    """One of the radio buttons: names of `SETS`, and the length that goes with them."""

    emoji: str
    sets: tuple[str, ...]
    length: int
    summary: str


STRENGTHS = {
    "weak": Strength("🔓", tuple(SETS)[:1], 8, "lower case"),
    "medium": Strength("🔒", tuple(SETS)[:3], 12, "lower case, upper case, digits"),
    "strong": Strength("🔐", tuple(SETS), 20, "lower case, upper case, digits, special"),
}


# --- rules ------------------------------------------------------------------------------------------------------------


class Impossible(ValueError):
    """Settings that allow no password. The sentence is for people; `setting` is what to change."""

    def __init__(self, setting: str, sentence: str) -> None:
        super().__init__(sentence)
        self.setting = setting


class NoWords(Impossible):
    """The word list is not there, or it is another one."""


class Rules(Protocol):
    """What is allowed. Every allowed password is drawn equally often, so the entropy is log2 of `count()`."""

    def count(self) -> int:
        """How many different passwords are allowed, exactly."""

    def draw(self) -> str:
        """One of them, from the system's source of secret randomness."""


@dataclass(frozen=True, slots=True)
class Password:
    """Passwords of `length` characters out of `sets`, with at least one character of every set.

    Raises `Impossible` for an empty set, for sets that share a character, and for fewer characters than sets.
    """

    sets: tuple[str, ...]
    length: int

    def __post_init__(self) -> None:
        alphabet = "".join(self.sets)
        if not all(self.sets) or len(set(alphabet)) < len(alphabet):
            raise Impossible("exclude", "Every set needs a character, and no character can be in two of them.")
        if self.length < max(1, len(self.sets)):
            raise Impossible(
                "length", f"{self.length} characters cannot hold one of each of the {len(self.sets)} sets."
            )

    def count(self) -> int:
        """By inclusion and exclusion: all strings, less those without one set, plus those without two, and so on."""
        sizes = [len(characters) for characters in self.sets]
        return sum(
            (-1) ** left_out * (sum(sizes) - sum(missing)) ** self.length
            for left_out in range(len(sizes) + 1)
            for missing in itertools.combinations(sizes, left_out)
        )

    def draw(self) -> str:
        """Draws all characters alike, and draws again while a set is missing, as the `secrets` documentation does.

        What is accepted is then uniform, since all strings were. One of each and then a shuffle is not: it prefers
        strings with few characters of a set. Of 20 characters of four sets 89 % are accepted, of 4 characters 6.6 %;
        the worst that `MAX_SPECIAL` lets through takes 13,120 draws on average, of 4 characters each.
        """
        alphabet = "".join(self.sets)
        needed = [frozenset(characters) for characters in self.sets]
        while True:
            drawn = "".join([secrets.choice(alphabet) for _ in range(self.length)])
            if not any(characters.isdisjoint(drawn) for characters in needed):
                return drawn


@dataclass(frozen=True, slots=True)
class Passphrase:
    """Passphrases of `number` words, a separator between them, each word with a capital or not, and one digit or none.

    The digit stands right behind one of the words, each place as likely as each digit.

    Two draws never give the same passphrase, so no bit is counted twice. No word of the list is the beginning of
    another, and none has a digit: whoever reads from the left knows where the first word ends, then whether a digit
    follows, then skips a separator that is known, and so on. This holds for an empty separator, for “-” (which four of
    the words contain: drop-down, felt-tip, t-shirt, yo-yo) and for any other. Lists that are not like this are refused.
    """

    words: tuple[str, ...]
    number: int
    separator: str = "-"
    capitals: bool = False
    digit: bool = False

    def __post_init__(self) -> None:
        if not _can_be_told_apart(self.words):
            raise NoWords("words", "This is not the word list that belongs here: see “Word list” in the README.")

    def count(self) -> int:
        return int(len(self.words) ** self.number * (self.number * 10 if self.digit else 1))

    def draw(self) -> str:
        drawn = [secrets.choice(self.words) for _ in range(self.number)]
        if self.capitals:
            drawn = [word.capitalize() for word in drawn]
        if self.digit:
            drawn[secrets.randbelow(self.number)] += secrets.choice(string.digits)
        return self.separator.join(drawn)


@lru_cache(maxsize=4)
def _can_be_told_apart(words: tuple[str, ...]) -> bool:
    """Lower-case words of which none begins another; in order, one that did would stand right before such a one."""
    return (
        bool(words)
        and all(re.fullmatch("[a-z][a-z-]*", word) for word in words)
        and not any(after.startswith(word) for word, after in itertools.pairwise(sorted(words)))
    )


def bits(rules: Rules) -> float:
    """The entropy in bits: log2 of how many passwords are allowed, all of them equally likely."""
    return math.log2(rules.count())


def password_rules(
    strength: str, length: int | str | None = None, *, lookalikes: bool = True, exclude: str = "", special: str = ""
) -> Password:
    """The rules for one of `STRENGTHS`; without `length` the one that goes with it. Raises `Impossible`.

    `lookalikes`: whether `LOOK_ALIKES` may come; `exclude`: characters that may not; `special`: the special characters
    to choose from, instead of ASCII's. Writing a character twice changes nothing.
    """
    chosen = STRENGTHS[strength]
    number = whole_number("length", chosen.length if length is None else length, MIN_LENGTH, MAX_LENGTH)
    gone = set(exclude) if lookalikes else {*exclude, *LOOK_ALIKES}
    sets = []
    for name in chosen.sets:
        characters = _special_characters(special) if special and name == "special characters" else SETS[name]
        left = "".join(character for character in characters if character not in gone)
        if not left:
            raise Impossible("exclude", f"None of the {name} are left: leave out fewer.")
        sets.append(left)
    return Password(tuple(sets), number)


def passphrase_rules(
    number: int | str = WORDS, *, separator: str = "-", capitals: bool = False, digit: bool = False
) -> Passphrase:
    """The rules for passphrases from the EFF's list. Raises `Impossible`, and `NoWords` of its kind."""
    count = whole_number("words", number, MIN_WORDS, MAX_WORDS)
    if len(separator) > MAX_SEPARATOR:
        raise Impossible("separator", f"The separator can have at most {MAX_SEPARATOR} characters.")
    for character in separator:
        if not (" " <= character <= "~" or _is_symbol(character)):
            raise Impossible("separator", f"{_named(character)} cannot separate words: take a sign, or nothing.")
    return Passphrase(load_words(), count, separator, capitals, digit)


def whole_number(setting: str, given: int | str, least: int, most: int) -> int:
    """`given`, if it is a whole number in these bounds. Raises `Impossible`."""
    text = str(given).strip()
    if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
        return int(text)
    raise Impossible(setting, f"Please give a whole number from {least} to {most}.")


def _special_characters(given: str) -> str:
    """`given` without repeats. Raises `Impossible` for what cannot be a special character."""
    characters = "".join(dict.fromkeys(given))
    for character in characters:
        if not _is_symbol(character):
            raise Impossible("special", f"{_named(character)} is not a special character: take signs, no letters.")
    if len(characters) > MAX_SPECIAL:
        raise Impossible("special", f"There can be at most {MAX_SPECIAL} special characters.")
    return characters


def _is_symbol(character: str) -> bool:
    """Punctuation or a symbol that stays itself in every Unicode normalization: a login form may apply any of them.

    So no letters or digits, which have sets of their own, no blanks, controls or combining marks, and no “½”.
    """
    return unicodedata.category(character)[0] in "PS" and unicodedata.normalize("NFKC", character) == character


def _named(character: str) -> str:
    if character == " ":
        return "A space"
    seen = character.isprintable() and not unicodedata.category(character).startswith("M")
    return f"“{character}”" if seen else f"U+{ord(character):04X}"


# --- words about numbers ----------------------------------------------------------------------------------------------


def level(entropy: float) -> str:
    """A word for this many bits."""
    return "very weak" if entropy < 40 else "weak" if entropy < 65 else "good" if entropy < 100 else "excellent"


def bits_words(entropy: float) -> str:
    """`entropy` with two decimals, rounded down: more is never claimed than there is."""
    return f"{math.floor(entropy * 100) / 100:.2f} bits"


def guessing_words(count: int) -> str:
    """How long it takes to guess one of `count` passwords, at `GUESSES` a second. On average half of them are tried."""
    return duration_words(count / 2 / GUESSES)


def duration_words(seconds: float) -> str:
    """A duration of `seconds` in words, to two figures: “about 3 hours”, “about 45 thousand years”."""
    minute, hour, day, year = 60, 3600, 86_400, 31_557_600
    universe = 13.8e9 * year  # Planck Collaboration 2018
    if seconds < 1:
        return "less than a second"
    for unit, size, until in (
        ("second", 1, 2 * minute),
        ("minute", minute, 2 * hour),
        ("hour", hour, 2 * day),
        ("day", day, 2 * year),
        ("year", year, 2 * universe),
    ):
        if seconds < until:
            amount = _amount(seconds / size)
            return f"about {amount} {unit}" + ("" if amount == "1" else "s")
    if seconds < 1e15 * universe:
        return f"about {_amount(seconds / universe)} times the age of the universe"
    return "more than a thousand trillion times the age of the universe"


def _amount(number: float) -> str:
    """A number of at least 1 to two figures, with words for the thousands."""
    number = float(f"{number:.2g}")
    for name, size in (("trillion", 1e12), ("billion", 1e9), ("million", 1e6), ("thousand", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {name}"
    return f"{number:.0f}"


# --- the word list ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def load_words() -> tuple[str, ...]:
    """The EFF large word list, 7,776 words, from `words.txt`. Raises `NoWords`."""
    for path in _places_of_words():
        with contextlib.suppress(OSError, UnicodeDecodeError):
            words = tuple(path.read_text(encoding="ascii").split())
            if len(words) == 7776:
                return words
    raise NoWords("words", "Passphrases need words.txt, the list of 7,776 words, beside password_gen.py.")


def _places_of_words() -> Iterator[Path]:
    """Beside this file in a checkout; pip puts it into share/hallway, and knows where that is."""
    beside = Path(__file__).parent
    yield beside / "words.txt"
    yield beside / "share/hallway/words.txt"  # pip install --target
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files("hallway") or ():
            if file.name == "words.txt":
                yield Path(str(file.locate()))


# --- the clipboard, without Tk ----------------------------------------------------------------------------------------


class NotCopied(Exception):
    """Why pyperclip is no way to the clipboard here, as the end of a sentence."""


class Attempt:
    """One call of pyperclip in a worker thread. Whoever waits for it may give up; the thread ends with the program."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._answers: queue.SimpleQueue[tuple[Any, NotCopied | None]] = queue.SimpleQueue()
        threading.Thread(target=_attempt, args=(call, self._answers), name="clipboard", daemon=True).start()

    def answer(self, seconds: float) -> Any:
        """What the call returned. Raises `NotCopied` when it failed, `TimeoutError` when it takes longer."""
        try:
            answer, problem = self._answers.get(timeout=seconds) if seconds else self._answers.get_nowait()
        except queue.Empty:
            raise TimeoutError from None
        if problem:
            raise problem
        return answer


def _attempt(call: Callable[[], Any], answers: queue.SimpleQueue[tuple[Any, NotCopied | None]]) -> None:
    try:
        answers.put((call(), None))
    except NotCopied as problem:
        answers.put((None, problem))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong on the way to some clipboard is told, not raised
        answers.put((None, NotCopied(f"pyperclip failed ({type(error).__name__})")))


def pyperclip_copy(text: str) -> None:
    """Puts `text` on the clipboard; for a worker thread, as it can block. Raises `NotCopied`, or what pyperclip does.

    That it returns is no proof: pyperclip 1.11 ignores the exit status of xclip.
    """
    _pyperclip().copy(text)


def pyperclip_paste() -> str:
    """The text on the clipboard. As `pyperclip_copy`; never while a window of ours owns the clipboard: it deadlocks."""
    return str(_pyperclip().paste())


def _pyperclip() -> Any:
    """The module, if it can be used. Raises `NotCopied`."""
    try:
        module = importlib.import_module("pyperclip")
    except ImportError:
        raise NotCopied("pyperclip is not installed") from None
    if not _has_clipboard_tool():
        raise NotCopied("pyperclip needs xclip, xsel or wl-copy, and a display")
    return module


def _has_clipboard_tool() -> bool:
    """Whether pyperclip will find a tool that keeps a secret, by its own order of looking.

    Without one it goes on to qdbus, which is given the text as an argument that every process can read, and to Qt,
    which must not run in a thread of its own and ends the program where there is no display.
    """
    if sys.platform in ("win32", "darwin") or "microsoft" in platform.release().lower():
        return True
    if os.environ.get("WAYLAND_DISPLAY") and shutil.which("wl-copy") and shutil.which("wl-paste"):
        return True
    return bool(os.environ.get("DISPLAY") and (shutil.which("xclip") or shutil.which("xsel")))


# --- how the window looks ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of one look, by what they are for. Every text but the title reaches 4.5:1 on what it stands on."""

    window: str
    surface: str  # fields
    text: str
    muted: str  # hints
    border: str
    hover: str  # under the mouse
    trouble: str
    very_weak: str  # these four: the bar, by the word beside it
    weak: str
    good: str
    excellent: str
    accent: str = "#3498db"
    accent_hover: str = "#5fb1ea"
    accent_text: str = "#0b2239"  # on the accent, where white reaches 3.15:1, which does for the large title alone
    title: str = "#ffffff"


LIGHT = Look(
    window="#f6f8fb", surface="#ffffff", text="#16212e", muted="#566576", border="#c3cedb", hover="#e2e9f1",
    trouble="#b3261e", very_weak="#c9352b", weak="#d98b0b", good="#3498db", excellent="#1f9d5c",
)  # fmt: skip
DARK = Look(
    window="#12181f", surface="#1a222c", text="#e6edf5", muted="#97a6b6", border="#3a4857", hover="#243040",
    trouble="#ff8a80", very_weak="#ff8a80", weak="#f2b84b", good="#5db2ee", excellent="#6fd3a0",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """A rounded square that stretches; lengths in steps of 1/96 inch, colours as fields of `Look`."""

    fill: str
    edge: str
    radius: float = 7
    edge_width: float = 1
    ring: bool = False  # round it: the keyboard is here
    mark: str = ""  # "dot" or "tick" in the middle
    margin: float = 3  # left free for the ring
    middle: float = 3  # half of the part that is repeated where it stretches
    ground: str = "window"


def _button(fill: str, edge: str, hover: str, **more: Any) -> dict[str, Shape]:
    return {
        "": Shape(fill, edge, **more),
        "disabled": Shape("window", "border", **more),
        "focus active": Shape(hover, edge, ring=True, **more),
        "focus": Shape(fill, edge, ring=True, **more),
        "active": Shape(hover, edge, **more),
    }


def _choice(mark: str, radius: float) -> dict[str, Shape]:
    """A radio button or a check box: 18 steps wide with its ring's room beside it."""
    size: dict[str, Any] = {"radius": radius, "middle": 9 - radius}
    return {
        "": Shape("surface", "muted", **size),
        "selected focus": Shape("accent", "accent", mark=mark, ring=True, **size),
        "selected": Shape("accent", "accent", mark=mark, **size),
        "focus": Shape("surface", "muted", ring=True, **size),
        "active": Shape("hover", "muted", **size),
    }


# key: element of a style; for each its shapes by widget state, the plain one first and then the strongest state first
SHAPES = {
    "Field": {
        "": Shape("surface", "border", margin=0),
        "disabled": Shape("window", "border", margin=0),
        "invalid": Shape("surface", "trouble", edge_width=2, margin=0),
        "focus": Shape("surface", "accent", edge_width=2, margin=0),
        "active": Shape("surface", "muted", margin=0),
    },
    "Primary": _button("accent", "accent", "accent_hover"),
    "Quiet": _button("surface", "border", "hover"),
    "Head": _button("accent", "accent", "accent_hover", ground="accent"),
    "Tab": {
        "": Shape("window", "border"),
        "selected focus": Shape("accent", "accent", ring=True),
        "selected": Shape("accent", "accent"),
        "focus": Shape("window", "border", ring=True),
        "active": Shape("hover", "border"),
    },
    "Radio": _choice("dot", 9),
    "Check": _choice("tick", 5),
}


def rgb(colour: str) -> tuple[int, int, int]:
    """The three parts of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@lru_cache(maxsize=256)
def draw_shape(shape: Shape, look: Look, scale: float) -> bytes:
    """`shape` as a PNG file, smooth at its edges; `scale` is pixels for each 1/96 inch."""
    colour = {field.name: rgb(getattr(look, field.name)) for field in fields(look)}
    half = round((shape.radius + shape.margin + shape.middle) * scale)
    straight = half - (shape.margin + shape.radius) * scale
    tick = ((-4.0, 0.3), (-1.2, 3.2), (4.2, -3.2))

    def covered(distance: float) -> float:
        return min(1.0, max(0.0, 0.5 - distance))

    def marked(x: float, y: float) -> float:
        if shape.mark == "dot":
            return covered(math.hypot(x, y) - 3.5 * scale)
        away = min(_from_segment(x / scale, y / scale, start, end) for start, end in itertools.pairwise(tick))
        return covered((away - 1.05) * scale)

    def pixel(x: float, y: float) -> Iterable[int]:
        away = math.hypot(max(abs(x) - straight, 0), max(abs(y) - straight, 0)) - shape.radius * scale
        layers = [(covered(away), shape.edge), (covered(away + shape.edge_width * scale), shape.fill)]
        if shape.ring:
            layers[:0] = [(covered(away - 3 * scale), "text"), (covered(away - 1.4 * scale), shape.ground)]
        if shape.mark:
            layers.append((marked(x, y), "accent_text"))
        seen: Sequence[float] = colour[shape.ground]
        for share, name in layers:
            seen = [under + share * (over - under) for under, over in zip(seen, colour[name], strict=True)]
        return (round(part) for part in seen)

    steps = [step - half + 0.5 for step in range(2 * half)]
    rows = [b"\0" + bytes(part for x in steps for part in pixel(x, y)) for y in steps]

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2 * half, 2 * half, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"".join(rows), 1)) + chunk(b"IEND", b"")


def _from_segment(x: float, y: float, start: tuple[float, float], end: tuple[float, float]) -> float:
    """How far the point x, y is from a line between two points."""
    across, down = end[0] - start[0], end[1] - start[1]
    along = ((x - start[0]) * across + (y - start[1]) * down) / (across**2 + down**2)
    along = min(1.0, max(0.0, along))
    return math.hypot(x - start[0] - along * across, y - start[1] - along * down)


class Theme:
    """Fonts, pictures and styles of the window. `wear` changes the look."""

    def __init__(self, root: tk.Tk) -> None:
        from tkinter import PhotoImage, font, ttk

        self.look = LIGHT
        self._scale = max(1.0, root.winfo_fpixels("1i") / 96)
        points = 13 if root.tk.call("tk", "windowingsystem") == "aqua" else 10  # macOS counts 72 of them to an inch
        fixed = font.nametofont("TkFixedFont", root).actual()["family"]
        self._sizes = {"Body": points, "Small": points - 1, "Strong": points, "Title": points + 8, "Secret": points + 5}
        self._fonts = {  # kept: Tk forgets a named font when its object goes
            name: font.Font(
                root,
                name=f"Generator{name}",
                family=fixed if name == "Secret" else "Helvetica",
                size=size,
                weight="bold" if name in ("Strong", "Title") else "normal",
            )
            for name, size in self._sizes.items()
        }
        self.style = ttk.Style(root)
        self.style.theme_use("clam")
        self._pictures = {
            (element, state): PhotoImage(master=root, data=draw_shape(shape, self.look, self._scale))
            for element, shapes in SHAPES.items()
            for state, shape in shapes.items()
        }
        for element, shapes in SHAPES.items():
            states: list[Any] = [(*state.split(), self._pictures[element, state]) for state in shapes if state]
            stretches = element not in ("Radio", "Check")
            self.style.element_create(
                f"{element}.shape",
                "image",
                self._pictures[element, ""],
                *states,
                border=self.px(shapes[""].radius + shapes[""].margin) if stretches else 0,
                sticky="nsew" if stretches else "",
                padding=self.px(2) if element == "Field" else 0,
            )
        self._lay_out()
        self.wear(LIGHT)

    def close(self) -> None:
        """Gives pictures and fonts back in Tk's own thread: else it happens in whichever thread tidies memory."""
        self._pictures.clear()
        self._fonts.clear()

    def px(self, steps: float) -> int:
        """A length of `steps` 1/96 inch in pixels of this screen."""
        return round(steps * self._scale)

    def fit_secret(self, text: str, room: int) -> None:
        """The largest letters in which `text` fits into `room` pixels, but not smaller than hints are."""
        letters, largest = self._fonts["Secret"], self._sizes["Secret"]
        for size in range(largest, self._sizes["Small"] - 1, -1):
            letters.configure(size=size)
            if letters.measure(text) <= room:
                return

    def _lay_out(self) -> None:
        """The parts of every style, and all about them that no look changes."""
        layout, configure, px = self.style.layout, self.style.configure, self.px
        text: list[Any] = [("Entry.padding", {"sticky": "nswe", "children": [("Entry.textarea", {"sticky": "nswe"})]})]
        layout("TEntry", [("Field.shape", {"sticky": "nswe", "children": text})])
        arrows: list[Any] = [
            ("Spinbox.uparrow", {"side": "top", "sticky": "nse"}),
            ("Spinbox.downarrow", {"side": "bottom", "sticky": "nse"}),
        ]
        inside: list[Any] = [
            ("null", {"side": "right", "sticky": "", "children": arrows}),
            ("Spinbox.padding", {"sticky": "nswe", "children": [("Spinbox.textarea", {"sticky": "nswe"})]}),
        ]
        layout("TSpinbox", [("Field.shape", {"sticky": "nswe", "children": inside})])
        for kind in ("TEntry", "TSpinbox"):
            configure(kind, padding=(px(7), px(4)), insertwidth=px(2))
        configure("TSpinbox", arrowsize=px(15))
        configure("Secret.TEntry", padding=(px(12), px(10)))
        label: list[Any] = [("Button.padding", {"sticky": "nswe", "children": [("Button.label", {"sticky": "nswe"})]})]
        for kind, letters in (("Primary", "Strong"), ("Quiet", "Body"), ("Head", "Small")):
            layout(f"{kind}.TButton", [(f"{kind}.shape", {"sticky": "nswe", "children": label})])
            padding = (px(10), px(5)) if kind == "Head" else (px(18), px(10))
            configure(f"{kind}.TButton", anchor="center", font=f"Generator{letters}", padding=padding, width=0)
        layout("Tab.TRadiobutton", [("Tab.shape", {"sticky": "nswe", "children": label})])
        configure("Tab.TRadiobutton", anchor="center", font="GeneratorBody", padding=(px(14), px(8)))
        for kind in ("Radio", "Check"):
            parts: list[Any] = [
                (f"{kind}.shape", {"side": "left", "sticky": ""}),
                (f"{kind}button.label", {"side": "left", "sticky": ""}),
            ]
            layout(f"T{kind}button", [(f"{kind}button.padding", {"sticky": "nswe", "children": parts})])
            configure(f"T{kind}button", font="GeneratorBody", padding=(0, px(1)))
        layout("TLabel", [("Label.label", {"sticky": "nswe"})])
        thumb: list[Any] = [("Vertical.Scrollbar.thumb", {"expand": True, "sticky": "nswe"})]
        layout("Vertical.TScrollbar", [("Vertical.Scrollbar.trough", {"sticky": "ns", "children": thumb})])
        configure("Vertical.TScrollbar", gripcount=0, borderwidth=0, arrowsize=px(9))

    def wear(self, look: Look) -> None:
        """Dresses everything that is drawn by a style; what is plain Tk looks at `self.look`."""
        self.look = look
        for (element, state), picture in self._pictures.items():
            picture.configure(data=draw_shape(SHAPES[element][state], look, self._scale))
        configure, mapped = self.style.configure, self.style.map
        configure(".", background=look.window, foreground=look.text, font="GeneratorBody")
        mapped(".", background=[], foreground=[])  # clam's own, for other colours
        configure("TFrame", background=look.window)
        configure("Head.TFrame", background=look.accent)
        configure("Line.TFrame", background=look.border)
        for kind, ink, ground, letters in (
            ("TLabel", look.text, look.window, "Body"), ("Strong.TLabel", look.text, look.window, "Strong"),
            ("Hint.TLabel", look.muted, look.window, "Small"), ("Trouble.TLabel", look.trouble, look.window, "Small"),
                    ):  # fmt: skip
            configure(kind, foreground=ink, background=ground, font=f"Generator{letters}")
        for kind in ("TEntry", "TSpinbox"):
            configure(kind, foreground=look.text, background=look.surface, fieldbackground=look.surface)
            configure(kind, insertcolor=look.text, arrowcolor=look.text)
            configure(kind, selectbackground=look.accent, selectforeground=look.accent_text)
            mapped(kind, foreground=[("disabled", look.muted)], fieldbackground=[], background=[], arrowcolor=[])
            mapped(kind, selectbackground=[], selectforeground=[])
            configure(kind, bordercolor=look.surface, lightcolor=look.surface, darkcolor=look.surface)
            mapped(kind, bordercolor=[], lightcolor=[], darkcolor=[])
        for kind, ink, ground in (
            ("Primary.TButton", look.accent_text, look.accent), ("Quiet.TButton", look.text, look.surface),
            ("Head.TButton", look.accent_text, look.accent), ("TRadiobutton", look.text, look.window),
            ("TCheckbutton", look.text, look.window), ("Tab.TRadiobutton", look.text, look.window),
        ):  # fmt: skip
            configure(kind, foreground=ink, background=ground)
            mapped(kind, foreground=[("disabled", look.muted)], background=[("disabled", look.window)])
        mapped("Tab.TRadiobutton", foreground=[("selected", look.accent_text)], background=[("selected", look.accent)])
        configure("Vertical.TScrollbar", background=look.border, troughcolor=look.window)
        configure("Vertical.TScrollbar", bordercolor=look.window, lightcolor=look.window, darkcolor=look.window)
        mapped("Vertical.TScrollbar", background=[("active", look.muted)])


# --- the window -------------------------------------------------------------------------------------------------------


class Clipboard:
    """A password's way to the clipboard and off it again, in Tk's thread, which calls `tick` many times a second.

    It goes through pyperclip, as what is copied so can outlive the window, and through Tk where that fails. What is on
    the clipboard is asked through Tk alone: pyperclip would wait for ever for a clipboard that this window owns.
    """

    def __init__(self, root: tk.Tk) -> None:
        self.trouble = False  # what is said is bad news
        self._root = root
        self._news = ""
        self._held = ""  # on the clipboard because of us, until it is emptied
        self._empty_at = 0.0  # on the monotonic clock
        self._attempt: Attempt | None = None  # pyperclip at work, even when nobody waits for it any more
        self._attempted = ""  # what it copies, or has copied last
        self._waiting = False  # for the attempt, or then for what it copied to be on the clipboard
        self._deadline = 0.0  # for either, on the monotonic clock

    def said(self) -> str:
        """What has become of the last copy, in words, and how long it stays."""
        if self._waiting:
            return "Copying…"
        if self._held:
            left = max(1, math.ceil(self._empty_at - time.monotonic()))
            return f"{self._news} The clipboard is emptied in {left} s."
        return self._news

    def copy(self, text: str) -> None:
        """Begins to copy `text`; `tick` goes on with it."""
        if not text:
            self._tell("There is no password to copy.", trouble=True)
        elif self._attempt is not None:  # still at the one before: another would wait behind it
            self._copy_through_tk(text, "pyperclip does not answer")
        else:
            self._attempted = text
            self._attempt = Attempt(partial(pyperclip_copy, text))
            self._waiting, self._deadline = True, time.monotonic() + COPY_SECONDS

    def tick(self) -> None:
        """Looks after a copy that is on its way, and empties the clipboard when it is time."""
        if self._attempt is not None:
            self._look_after(self._attempt)
        elif self._waiting:
            if self._content() == self._attempted:
                self._was_copied(self._attempted, "pyperclip")
            elif time.monotonic() > self._deadline:
                self._copy_through_tk(self._attempted, "pyperclip's tool did not put it there")
        if self._held and not self._waiting and time.monotonic() >= self._empty_at:
            self._tell(self._empty({self._held}))
            self._held = ""

    def close(self) -> None:
        """Empties the clipboard at once. What is still on its way there gets half a second to come first."""
        if self._attempt is not None:
            with contextlib.suppress(TimeoutError, NotCopied):
                self._attempt.answer(ARRIVAL_SECONDS)
        self._empty({self._attempted, self._held})

    def _look_after(self, attempt: Attempt) -> None:
        """pyperclip can fail, take for ever, and say that it has copied when it has not."""
        text, now = self._attempted, time.monotonic()
        try:
            attempt.answer(0)
        except TimeoutError:
            if self._waiting and now > self._deadline:
                self._copy_through_tk(text, f"pyperclip did not answer in {COPY_SECONDS:g} s")
            return
        except NotCopied as problem:
            self._attempt = None
            if self._waiting:
                self._copy_through_tk(text, str(problem))
            return
        self._attempt = None
        self._deadline = now + ARRIVAL_SECONDS
        if not self._waiting and text != self._held and self._content() == text:
            self._put(self._held)  # a copy that was given up came too late, over a newer one or over none

    def _copy_through_tk(self, text: str, why: str) -> None:
        self._waiting = False
        self._put(text)
        if self._content() == text:
            self._was_copied(text, f"Tk, as {why}")
        else:
            self._tell(f"Not copied: {why}, and the clipboard of Tk did not take it either.", trouble=True)

    def _was_copied(self, text: str, way: str) -> None:
        self._waiting, self._held, self._empty_at = False, text, time.monotonic() + CLIPBOARD_SECONDS
        self._tell(f"Copied through {way}.")

    def _tell(self, news: str, *, trouble: bool = False) -> None:
        self._news, self.trouble = news, trouble

    def _content(self) -> str | None:
        """The text on the clipboard, "" for none; None where its owner does not answer in 5 s. Tk goes on meanwhile."""
        import tkinter as tk

        for kind in ("UTF8_STRING", "STRING"):  # the second is all that Windows and macOS know
            try:
                return str(self._root.clipboard_get(type=kind))
            except tk.TclError as error:
                if "respond" in str(error):
                    return None
        return ""

    def _put(self, text: str) -> None:
        import tkinter as tk

        with contextlib.suppress(tk.TclError):
            self._root.clipboard_clear()
            self._root.clipboard_append(text)

    def _empty(self, passwords: set[str]) -> str:
        """Empties the clipboard if one of `passwords` is on it; returns what became of it, in words."""
        content = self._content()
        if content is None:
            return "The clipboard does not answer: the password may still be on it."
        if not content or content not in passwords:
            return "The password is not on the clipboard any more."
        self._put("")
        return "The clipboard is empty again."


class Window:
    """The generator's window. Everything in it runs in Tk's thread."""

    TICK = 50  # ms

    def __init__(self, root: tk.Tk) -> None:
        self.root = root
        self.theme = Theme(root)
        self.clipboard = Clipboard(root)
        self.closed = False
        self.password = ""  # what is shown, or "" while the settings allow none
        self._ended_by = 0  # the signal, Ctrl-C in the terminal for one
        root.title("Password Generator")
        root.protocol("WM_DELETE_WINDOW", self.close)
        self._make_variables()
        self._make_widgets()
        self._bind_keys()
        self.refresh()
        self.wear(LIGHT)
        self._size_up()
        self.generate_button.focus_set()
        self._timer = root.after(self.TICK, self._tick)

    def run(self) -> int:
        """Shows the window until it is closed; the exit status."""
        before = {number: signal.signal(number, self._interrupt) for number in _ending_signals()}
        try:
            self.root.mainloop()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self.close()
        return 128 + self._ended_by if self._ended_by else 0

    def close(self) -> None:
        """Ends the window, with the clipboard emptied of its password. It disappears at once."""
        if self.closed:
            return
        self.closed = True
        self.root.after_cancel(self._timer)
        self.root.withdraw()
        self.root.update_idletasks()
        self.clipboard.close()
        self.theme.close()
        self.root.destroy()

    # --- what it consists of ---

    def _make_variables(self) -> None:
        from tkinter import BooleanVar, StringVar

        self.mode = StringVar(self.root, "password")
        self.strength = StringVar(self.root, "strong")
        self.length = StringVar(self.root, str(STRENGTHS["strong"].length))
        self.no_lookalikes = BooleanVar(self.root, False)
        self.exclude = StringVar(self.root)
        self.special = StringVar(self.root, string.punctuation)
        self.words = StringVar(self.root, str(WORDS))
        self.separator = StringVar(self.root, "-")
        self.capitals = BooleanVar(self.root, False)
        self.digit = BooleanVar(self.root, False)
        self.shown = StringVar(self.root)  # in the password's field
        self._last_strength = "strong"
        for setting in (
            self.mode, self.strength, self.length, self.no_lookalikes, self.exclude, self.special, self.words,
            self.separator, self.capitals, self.digit,
        ):  # fmt: skip
            setting.trace_add("write", lambda *_: self.refresh())

    def _make_widgets(self) -> None:
        import tkinter as tk
        from tkinter import ttk

        px = self.theme.px
        self.canvas = tk.Canvas(self.root, highlightthickness=0, borderwidth=0)
        self.canvas.pack(fill="both", expand=True)
        self.scrollbar = ttk.Scrollbar(self.root, command=self.canvas.yview)
        self.canvas.configure(yscrollcommand=self.scrollbar.set)
        self.page = ttk.Frame(self.canvas)
        self._page_item = self.canvas.create_window(0, 0, anchor="nw", window=self.page)
        for widget in (self.canvas, self.page):
            widget.bind("<Configure>", lambda _: self._fit())

        head = ttk.Frame(self.page, style="Head.TFrame", padding=(px(20), px(8)))
        key = "🔑 " if _emoji_are_safe(self.root) else ""
        # Not a ttk label: that cuts off what is higher than its letters, such as an emoji.
        self.title = tk.Label(head, text=f"{key}Password Generator", font="GeneratorTitle", borderwidth=0, pady=px(5))
        self.title.pack(side="left")
        self.look_button = ttk.Button(head, style="Head.TButton", command=self._other_look)
        self.look_button.pack(side="right")
        head.pack(fill="x")

        body = ttk.Frame(self.page, padding=(px(20), px(14), px(20), px(16)))
        body.pack(fill="both", expand=True)
        tabs = ttk.Frame(body)
        for column, name in enumerate(("Password", "Passphrase")):
            tab = ttk.Radiobutton(
                tabs, text=name, value=name.lower(), variable=self.mode, style="Tab.TRadiobutton", width=0
            )
            tab.grid(row=0, column=column, sticky="ew")
            tabs.columnconfigure(column, weight=1, uniform="tab")
        tabs.pack(fill="x")
        self._make_result(body)
        ttk.Frame(body, style="Line.TFrame", height=max(1, px(1))).pack(fill="x", pady=px(12))
        self._make_settings(body)
        self._hint(body, "Enter makes a new one, Ctrl-C copies it, Ctrl-Q closes the window.").pack(
            fill="x", side="bottom", pady=(px(12), 0), padx=px(3)
        )

    def _make_result(self, body: tk.Misc) -> None:
        import tkinter as tk
        from tkinter import ttk

        px = self.theme.px
        line = ttk.Frame(body)
        # exportselection: else X11 hands what is selected to whoever presses the middle mouse button.
        self.entry = ttk.Entry(
            line, textvariable=self.shown, state="readonly", style="Secret.TEntry", font="GeneratorSecret",
            exportselection=False, width=12,
        )  # fmt: skip
        self.entry.grid(row=0, column=0, sticky="ew", padx=(px(3), px(8)))
        self.entry.bind("<Configure>", lambda _: self._show_secret())
        self.hide_button = ttk.Button(line, style="Quiet.TButton", command=self._hide_or_show)
        self.hide_button.grid(row=0, column=1)
        line.columnconfigure(0, weight=1)
        line.pack(fill="x", pady=(px(12), px(8)))

        line = ttk.Frame(body)
        self.generate_button = ttk.Button(line, text="Generate", style="Primary.TButton", command=self.refresh)
        self.copy_button = ttk.Button(line, text="Copy", style="Quiet.TButton", command=self.copy)
        self.generate_button.pack(side="left")
        self.copy_button.pack(side="left", padx=px(6))
        line.pack(fill="x")
        self.said = self._hint(body, "")
        self.said.pack(fill="x", pady=(px(4), px(10)), padx=px(3))

        self.trough = ttk.Frame(body, style="Line.TFrame", height=px(8))
        self.trough.pack(fill="x", padx=px(3))
        self.bar = tk.Frame(self.trough, borderwidth=0, highlightthickness=0)
        self.entropy = self._hint(body, "", "Strong")
        self.entropy.pack(fill="x", pady=(px(6), 0), padx=px(3))
        self.guessing = self._hint(body, "")
        self.guessing.pack(fill="x", padx=px(3))

    def _make_settings(self, body: tk.Misc) -> None:
        from tkinter import ttk

        px = self.theme.px
        self.troubles: dict[str, ttk.Label] = {}  # key: setting
        self.fields: dict[str, ttk.Entry] = {}  # key: setting
        self._hints: dict[str, str] = {}  # key: setting; what stands in place of trouble
        place = ttk.Frame(body)
        place.pack(fill="both", expand=True, padx=px(3))
        place.columnconfigure(0, weight=1)
        self.pages = {"password": ttk.Frame(place), "passphrase": ttk.Frame(place)}
        for page in self.pages.values():
            page.grid(row=0, column=0, sticky="new")  # `refresh` shows one of them
            page.columnconfigure(1, weight=1)

        page = self.pages["password"]
        radios = ttk.Frame(page)
        emoji = _emoji_are_safe(self.root)
        for name, strength in STRENGTHS.items():
            text = f" {strength.emoji} {name.capitalize()}" if emoji else f" {name.capitalize()}"
            radio = ttk.Radiobutton(
                radios, text=text, value=name, variable=self.strength, command=self._strength_was_chosen
            )
            radio.pack(side="left", padx=(0, px(8)))
        self._row(page, 0, "Strength", radios)
        self.summary = self._hint(page, "")
        self.summary.grid(row=1, column=1, sticky="ew")
        length = ttk.Spinbox(
            page,
            textvariable=self.length,
            from_=MIN_LENGTH,
            to=MAX_LENGTH,
            width=5,
            font="GeneratorBody",
            exportselection=False,
        )
        self._row(page, 2, "Length", length, "length", f"from {MIN_LENGTH} to {MAX_LENGTH} characters", beside=True)
        self._row(page, 4, "Special", self._field(page, self.special), "special")
        self._row(page, 6, "Leave out", self._field(page, self.exclude), "exclude")
        lookalikes = ttk.Checkbutton(
            page, text=f" Leave out look-alikes: {' '.join(LOOK_ALIKES)}", variable=self.no_lookalikes
        )
        self._row(page, 8, "", lookalikes)

        page = self.pages["passphrase"]
        words = ttk.Spinbox(
            page,
            textvariable=self.words,
            from_=MIN_WORDS,
            to=MAX_WORDS,
            width=5,
            font="GeneratorBody",
            exportselection=False,
        )
        self._row(page, 0, "Words", words, "words", f"from {MIN_WORDS} to {MAX_WORDS}", beside=True)
        self._row(page, 2, "Separator", self._field(page, self.separator, width=9), "separator", beside=True)
        self._row(
            page, 4, "", ttk.Checkbutton(page, text=" Capitals: every word begins with one", variable=self.capitals)
        )
        self._row(page, 5, "", ttk.Checkbutton(page, text=" A digit behind one of the words", variable=self.digit))
        note = "From the large word list of the Electronic Frontier Foundation: 7,776 words, 12.92 bits each."
        self._hint(page, note).grid(row=6, column=1, sticky="ew", pady=(px(4), 0))

    def _field(self, page: tk.Misc, variable: tk.StringVar, width: int = 20) -> Any:
        from tkinter import ttk

        return ttk.Entry(page, textvariable=variable, width=width, font="GeneratorBody", exportselection=False)

    def _row(
        self, page: Any, row: int, name: str, control: Any, setting: str = "", hint: str = "", *, beside: bool = False
    ) -> None:
        """A line of settings: its name, its control, and what is wrong with it, beside a short one or below."""
        from tkinter import ttk

        px = self.theme.px
        ttk.Label(page, text=name).grid(row=row, column=0, sticky="w", padx=(0, px(12)))
        if not setting:
            control.grid(row=row, column=1, sticky="w", pady=px(1))
            return
        line = ttk.Frame(page)
        control.grid(in_=line, row=0, column=0, sticky="w" if beside else "ew")
        control.lift(line)
        trouble = self._hint(line, hint)
        trouble.grid(row=0 if beside else 1, column=1 if beside else 0, sticky="ew", padx=(px(8) if beside else 0, 0))
        line.columnconfigure(1 if beside else 0, weight=1)
        line.grid(row=row, column=1, sticky="ew", pady=px(3))
        self.troubles[setting], self.fields[setting] = trouble, control
        self._hints[setting] = hint
        if not beside:
            trouble.grid_remove()

    def _hint(self, parent: tk.Misc, text: str, kind: str = "Hint") -> Any:
        """Words that break into lines where the window is narrow."""
        from tkinter import ttk

        label = ttk.Label(parent, text=text, style=f"{kind}.TLabel", width=1)
        label.bind("<Configure>", lambda event: label.configure(wraplength=event.width))
        return label

    def _bind_keys(self) -> None:
        root = self.root
        for key in ("<Return>", "<KP_Enter>"):
            root.bind(key, lambda _: self.refresh())
        root.bind("<<Copy>>", lambda event: self._copy_key(event.widget))
        if root.tk.call("tk", "windowingsystem") == "aqua":  # where <<Copy>> is Command-C
            root.bind("<Control-c>", lambda event: self._copy_key(event.widget))
        # Of itself an Entry would put a selected part on the clipboard, where nobody empties it.
        for key in ("<<Copy>>", "<<Cut>>"):
            self.entry.bind(key, self._copy_all)
        root.bind("<Control-q>", lambda _: self.close())
        root.bind("<FocusIn>", lambda event: self._scroll_to(event.widget))
        root.bind("<MouseWheel>", lambda event: self._scroll_by(-1 if event.delta > 0 else 1))
        root.bind("<Button-4>", lambda _: self._scroll_by(-1))
        root.bind("<Button-5>", lambda _: self._scroll_by(1))

    # --- how large it is ---

    def _size_up(self) -> None:
        """As wide as reads well and the screen allows; `_fit` sees to the height, until somebody changes it."""
        px, root = self.theme.px, self.root
        width = min(px(560), round(root.winfo_screenwidth() * 0.95))
        root.minsize(min(px(420), width), px(200))
        self.canvas.configure(width=width)

    def _fit(self) -> None:
        """The page is as wide as the window; where it is higher, a scroll bar stands in its margin."""
        width, room, needed = self.canvas.winfo_width(), self.canvas.winfo_height(), self.page.winfo_reqheight()
        self.canvas.itemconfigure(self._page_item, width=width)
        self.canvas.configure(
            scrollregion=(0, 0, width, max(room, needed)),
            height=min(needed, round(self.root.winfo_screenheight() * 0.9)),
        )
        if needed > room:
            self.scrollbar.place(relx=1, rely=0, relheight=1, anchor="ne")
            self.scrollbar.lift()
        else:
            self.scrollbar.place_forget()
            self.canvas.yview_moveto(0)

    def _scroll_by(self, steps: int) -> None:
        if self.scrollbar.winfo_ismapped():
            self.canvas.yview_scroll(steps * self.theme.px(40), "units")

    def _scroll_to(self, widget: object) -> None:
        """Whoever goes through the window with the Tab key sees where they are."""
        if not self.scrollbar.winfo_ismapped() or not str(widget).startswith(f"{self.page}."):
            return
        found = self.root.nametowidget(str(widget))
        top = found.winfo_rooty() - self.page.winfo_rooty()
        seen, room, whole = self.canvas.canvasy(0), self.canvas.winfo_height(), self.page.winfo_height()
        margin = self.theme.px(12)
        if top - margin < seen:
            self.canvas.yview_moveto((top - margin) / whole)
        elif top + found.winfo_height() + margin > seen + room:
            self.canvas.yview_moveto((top + found.winfo_height() + margin - room) / whole)

    def wear(self, look: Look) -> None:
        """Dresses the window in `look`."""
        self.theme.wear(look)
        self.root.configure(background=look.window)
        self.canvas.configure(background=look.window, yscrollincrement=1)
        self.title.configure(background=look.accent, foreground=look.title)
        self.look_button.configure(text="Light" if look is DARK else "Dark")
        self._show_entropy()

    def _other_look(self) -> None:
        self.wear(LIGHT if self.theme.look is DARK else DARK)

    # --- passwords ---

    def rules(self) -> Rules:
        """What the settings allow. Raises `Impossible`."""
        if self.mode.get() == "passphrase":
            return passphrase_rules(
                self.words.get(),
                separator=self.separator.get(),
                capitals=self.capitals.get(),
                digit=self.digit.get(),
            )
        if self.strength.get() == "strong" and not self.special.get():
            raise Impossible("special", "Strong needs special characters; for none, choose Medium.")
        return password_rules(
            self.strength.get(),
            self.length.get(),
            lookalikes=not self.no_lookalikes.get(),
            exclude=self.exclude.get(),
            special=self.special.get() if self.strength.get() == "strong" else "",
        )

    def refresh(self) -> None:
        """Draws a new password after the settings, or says beside one of them why there is none."""
        problem: Impossible | None = None
        self._rules: Rules | None = None
        try:
            self._rules = self.rules()
            self.password = self._rules.draw()
        except Impossible as found:
            problem, self.password = found, ""
        for setting, trouble in self.troubles.items():
            wrong = problem is not None and problem.setting == setting
            trouble.configure(
                text=str(problem) if wrong else self._hints[setting], style="Trouble.TLabel" if wrong else "Hint.TLabel"
            )
            self.fields[setting].state(["invalid" if wrong else "!invalid"])
            if not self._hints[setting] and setting in ("special", "exclude"):
                trouble.grid() if wrong else trouble.grid_remove()
        for name, page in self.pages.items():
            page.grid() if name == self.mode.get() else page.grid_remove()
        self.summary.configure(text=f"At least one of each: {STRENGTHS[self.strength.get()].summary}.")
        self.fields["special"].state(["!disabled" if self.strength.get() == "strong" else "disabled"])
        self.copy_button.state(["!disabled" if self.password else "disabled"])
        self._show_secret()
        self._show_entropy()

    def _strength_was_chosen(self) -> None:
        """A length that nobody changed goes along with the strength."""
        before, self._last_strength = self._last_strength, self.strength.get()
        if self.length.get() == str(STRENGTHS[before].length):
            self.length.set(str(STRENGTHS[self._last_strength].length))

    def _show_secret(self) -> None:
        self.shown.set(self.password)
        hidden = bool(self.entry.cget("show"))
        self.hide_button.configure(text="Show" if hidden else "Hide")
        seen = self.entry.cget("show") * len(self.password) if hidden else self.password
        self.theme.fit_secret(seen, self.entry.winfo_width() - self.theme.px(28))

    def _hide_or_show(self) -> None:
        self.entry.configure(show="" if self.entry.cget("show") else "•")
        self._show_secret()

    def _show_entropy(self) -> None:
        """The bar and the words follow the bits, whatever the radio button is called."""
        if self._rules is None:
            self.entropy.configure(text="No password: please change what is marked in red below.")
            self.guessing.configure(text="")
            self.bar.place_forget()
            return
        entropy = bits(self._rules)
        word = level(entropy)
        size = f"{len(self.password)} characters"
        self.entropy.configure(text=f"{word.capitalize()}: {bits_words(entropy)} of entropy, {size}")
        self.guessing.configure(
            text=f"At 10 billion guesses a second: {guessing_words(self._rules.count())}, on average."
        )
        self.bar.configure(background=getattr(self.theme.look, word.replace(" ", "_")))
        self.bar.place(x=0, y=0, relheight=1, relwidth=min(1.0, max(0.01, entropy / 128)))

    # --- the clipboard ---

    def _copy_key(self, widget: object) -> None:
        """Ctrl-C copies the password, unless something is selected in a field: then it copies that, as everywhere."""
        if widget in self.fields.values() and self.root.nametowidget(str(widget)).selection_present():
            return
        self.copy()

    def _copy_all(self, _event: object) -> str:
        self.copy()
        return "break"

    def copy(self) -> None:
        """Puts the password on the clipboard."""
        self.clipboard.copy(self.password)
        self._show_said()

    def _tick(self) -> None:
        try:
            if self._ended_by:
                self.close()
                return
            self.clipboard.tick()
            self._show_said()
        finally:
            if not self.closed:
                self._timer = self.root.after(self.TICK, self._tick)

    def _show_said(self) -> None:
        text, kind = self.clipboard.said(), "Trouble" if self.clipboard.trouble else "Hint"
        if not self.closed and self.said.cget("text") != text:
            self.said.configure(text=text, style=f"{kind}.TLabel")

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        self._ended_by = number  # the tick looks at it: raising within Tk would lose it


def _ending_signals() -> list[signal.Signals]:
    """Those that end a program which has something to tidy up first, but for those it was told to ignore (nohup)."""
    known = [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    return [number for number in known if signal.getsignal(number) != signal.SIG_IGN]


def _emoji_are_safe(root: tk.Tk) -> bool:
    """A colour emoji can end a program on X11 with a libXft before 2.3.5."""
    if root.tk.call("tk", "windowingsystem") != "x11":
        return True
    import ctypes
    import ctypes.util

    try:
        return int(ctypes.CDLL(ctypes.util.find_library("Xft") or "libXft.so.2").XftGetVersion()) >= 20305
    except (OSError, AttributeError):
        return False


def run_window() -> int:
    """Opens the window and returns the exit status when it is closed; 1, and a sentence, where there can be none."""
    try:
        import tkinter as tk
    except ImportError as error:
        if "tk" not in (error.name or str(error)).lower():
            raise
        return _cannot("The window needs Tk: install it (python3-tk on Debian and Ubuntu), or use --count 1.")
    if sys.platform == "win32":  # without it Windows draws the window small and blows it up
        import ctypes

        with contextlib.suppress(AttributeError, OSError):
            ctypes.windll.shcore.SetProcessDpiAwareness(1)
    try:
        root = tk.Tk(className="Password-generator")
    except tk.TclError:
        return _cannot("There is no display for a window here: use --count 1 to print a password.")
    return Window(root).run()


# --- the command line -------------------------------------------------------------------------------------------------

TEXTS = ("--exclude", "--special", "--separator")  # options whose value may begin with a dash


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message.rstrip('.')}. (--help tells more.)", file=sys.stderr)
        raise SystemExit(2)


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="password_gen.py",
        allow_abbrev=False,
        description="Passwords and passphrases, every allowed one equally likely. Without options a window opens; "
        "with any they are printed to standard output, one a line.",
    )
    option = parser.add_argument
    option("--count", metavar="N", default="1", help="how many (1)")
    option("--bits", action="store_true", help="the entropy to standard error")
    option("--copy", action="store_true", help=f"also to the clipboard, for {CLIPBOARD_SECONDS} s; waits for its end")
    password = parser.add_argument_group("passwords")
    passphrase = parser.add_argument_group("passphrases")
    option = password.add_argument
    option("--strength", metavar="S", help="weak (lower case), medium (and upper case, digits), strong (and special)")
    option("--length", metavar="N", help=f"{MIN_LENGTH} to {MAX_LENGTH} characters (weak 8, medium 12, strong 20)")
    option("--no-lookalikes", action="store_true", help=f"without {LOOK_ALIKES}".replace("%", "%%"))
    option("--exclude", type=_text, metavar="CHARS", help="without these characters")
    option(
        "--special", type=_text, metavar="CHARS", help="the special characters to choose from, instead of ASCII's 32"
    )
    option = passphrase.add_argument
    option("--words", metavar="N", help=f"a passphrase of {MIN_WORDS} to {MAX_WORDS} words")
    option("--separator", type=_text, metavar="TEXT", help="between the words (-)")
    option("--capitals", action="store_true", help="every word begins with a capital")
    option("--digit", action="store_true", help="a digit behind one of the words")
    arguments = parser.parse_args(list(_joined(words)))
    try:
        arguments.count = whole_number("count", arguments.count, 1, 999_999_999)
        arguments.rules = _rules(arguments)
        if arguments.copy and arguments.count > 1:
            raise Impossible("copy", "--copy goes with one password, not with --count.")
    except NoWords:
        raise
    except Impossible as problem:
        option_name = f"--{problem.setting}: "
        parser.error(str(problem) if str(problem).startswith("--") else option_name + str(problem))
    return arguments


def _joined(words: Sequence[str]) -> Iterator[str]:
    """`--special -_` as `--special==-_`, without the first = of which argparse would take it for an option.

    The second is taken off again by `_text`: argparse before Python 3.13 drops a value that is `--`.
    """
    waiting = iter(words)
    for word in waiting:
        name, equals, value = word.partition("=")
        if name in TEXTS and not equals:
            following = next(waiting, None)
            yield word if following is None else f"{word}=={following}"
        else:
            yield f"{name}=={value}" if name in TEXTS else word


def _text(joined: str) -> str:
    return joined[1:]


def _rules(arguments: argparse.Namespace) -> Rules:
    """What the command line asks for. Raises `Impossible` for what contradicts itself, too."""
    of_password = {
        "--strength": arguments.strength,
        "--length": arguments.length,
        "--no-lookalikes": arguments.no_lookalikes or None,
        "--exclude": arguments.exclude,
        "--special": arguments.special,
    }
    of_passphrase = {
        "--separator": arguments.separator,
        "--capitals": arguments.capitals or None,
        "--digit": arguments.digit or None,
    }
    wrong = of_passphrase if arguments.words is None else of_password
    for name, given in wrong.items():
        if given is not None:
            goes = "goes with --words only" if arguments.words is None else "does not go with --words"
            raise Impossible(name, f"{name} {goes}.")
    if arguments.words is not None:
        separator = "-" if arguments.separator is None else arguments.separator
        return passphrase_rules(
            arguments.words, separator=separator, capitals=arguments.capitals, digit=arguments.digit
        )
    strength = arguments.strength or "strong"
    if strength not in STRENGTHS:
        raise Impossible("strength", f"Please choose one of {', '.join(STRENGTHS)}.")
    if arguments.special is not None and strength != "strong":
        raise Impossible("special", "--special goes with --strength strong only.")
    if arguments.special == "":
        raise Impossible("special", "Strong needs special characters; for none, choose medium.")
    return password_rules(
        strength,
        arguments.length,
        lookalikes=not arguments.no_lookalikes,
        exclude=arguments.exclude or "",
        special=arguments.special or "",
    )


def run_command(words: Sequence[str]) -> int:
    """Prints what the command line `words` asks for, and returns the exit status."""
    arguments = _arguments(words)
    if sys.stdout is None:
        return _cannot("There is no standard output to print to.")
    if arguments.bits:
        print(f"{bits_words(bits(arguments.rules))}", file=sys.stderr, flush=True)
    drawn = ""
    for _ in range(arguments.count):
        drawn = arguments.rules.draw()
        print(drawn)
    sys.stdout.flush()
    if arguments.copy:
        with _own_output():
            return _copy_for_a_while(drawn)
    return 0


def _copy_for_a_while(password: str) -> int:
    """Keeps `password` on the clipboard for `CLIPBOARD_SECONDS`, or until Ctrl-C; returns the exit status.

    The program stays: only so can it empty the clipboard afterwards.
    """
    for number in _ending_signals():
        signal.signal(number, _raise_interrupt)
    try:
        Attempt(partial(pyperclip_copy, password)).answer(COPY_SECONDS)
        if not _comes_to_hold(password, True):
            return _cannot("Not copied: the clipboard does not hold the password, though pyperclip has copied it.")
        print(
            f"Copied through pyperclip. The clipboard is emptied in {CLIPBOARD_SECONDS} s, or now with Ctrl-C.",
            file=sys.stderr,
            flush=True,
        )
        time.sleep(CLIPBOARD_SECONDS)
        status = 0
    except KeyboardInterrupt:
        status = 130
    except TimeoutError:
        return _cannot(f"Not copied: pyperclip did not answer in {COPY_SECONDS:g} s.")
    except NotCopied as problem:
        return _cannot(f"Not copied: {problem}.")
    try:
        if _pasted() != password:
            print("The password is not on the clipboard any more.", file=sys.stderr)
            return status
        Attempt(partial(pyperclip_copy, "")).answer(COPY_SECONDS)
        if not _comes_to_hold(password, False):
            raise TimeoutError
    except (TimeoutError, NotCopied):
        return _cannot("The clipboard could not be emptied: the password may still be on it.")
    print("The clipboard is empty again.", file=sys.stderr)
    return status


def _pasted() -> str:
    return str(Attempt(pyperclip_paste).answer(COPY_SECONDS))


def _comes_to_hold(password: str, wanted: bool) -> bool:
    """Whether `password` is on the clipboard, or is not, as `wanted`: xclip ends a moment before that is so."""
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while (_pasted() == password) is not wanted:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _own_output() -> Iterator[None]:
    """Programs that are started get no output of ours: xclip stays, and whoever reads ours would wait for its end."""
    kept = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    before = sys.stderr
    try:
        with open(kept, "w", encoding="utf-8", errors="replace", closefd=True) as sys.stderr:  # noqa: PTH123
            yield
    finally:
        sys.stderr = before


def _cannot(sentence: str) -> int:
    """Says why it could not run; the exit status for that."""
    if sys.stderr is not None:
        print(sentence, file=sys.stderr)
    return 1


def _close_output() -> None:
    """Nothing more can be written there, so Python must not try once more when it ends."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(words: Sequence[str] | None = None) -> int:
    """The window without words on the command line, else passwords on standard output; returns the exit status."""
    words = sys.argv[1:] if words is None else words
    try:
        status = run_command(words) if words else run_window()
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 130
    except NoWords as problem:
        return _cannot(str(problem))
    except BrokenPipeError:  # whoever reads has enough: `| head -1`
        _close_output()
        return 0
    except UnicodeEncodeError as error:
        return _cannot(f"{_named(error.object[error.start])} cannot be printed here: set PYTHONUTF8=1, or exclude it.")
    except OSError as error:
        _close_output()
        return _cannot(f"The passwords could not be written: {error.strerror or error}.")


if __name__ == "__main__":
    sys.exit(main())
