"""Hallway's password generator: what may be drawn and how likely it is to be guessed, a window, a command line.

`python3 password_gen.py` opens the window, with any option it prints passwords instead. The file stands alone: it needs
none of the other modules, pyperclip only to copy (the window can do without), and Tk only for the window.

From the top: rules (what is allowed, how many there are, drawing one), words about numbers, the word list, the
clipboard, how the window looks, the window, the command line. Everything runs in the main thread, but for the calls of
pyperclip: each runs in a worker thread that knows a text and a queue, and nothing of Tk.
"""

from __future__ import annotations

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) == signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until `main`: Ctrl-C meanwhile ends it without a traceback

import argparse
import contextlib
import importlib
import importlib.metadata
import itertools
import math
import os
import platform
import re
import secrets
import select
import shutil
import stat
import string
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
# Symbols by their category that nobody sees: an empty Braille cell, a musical sign without a head, and what stands for
# something that is missing.
UNSEEN = "\u2800\U0001d159\ufffc\ufffd"
MAX_WORDS_SIZE = 1_000_000  # bytes of words.txt, which has 62,144: whatever is larger is something else
GUESSES = 10_000_000_000  # a second
CLIPBOARD_SECONDS = 30  # that a password stays on the clipboard
COPY_SECONDS = 2.0  # for pyperclip to answer; xclip takes 5 ms
ARRIVAL_SECONDS = 0.5  # from then until the clipboard holds it
LATE_SECONDS = 5.0  # how long the command line waits for a copy that it has given up, to take it off again
AGAIN_SECONDS = 5.0  # from one try to empty the clipboard to the next
VERSION = "1.0.0"  # Hallway's: this file has to know it without the others


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

    def characters(self) -> str:
        """All that can come in one."""

    def longest(self) -> int:
        """How many characters one can have at most."""


@dataclass(frozen=True, slots=True)
class PasswordRules:
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

    def characters(self) -> str:
        return "".join(self.sets)

    def longest(self) -> int:
        return self.length


@dataclass(frozen=True, slots=True)
class PassphraseRules:
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

    def characters(self) -> str:
        return string.ascii_letters + string.digits + "-" + self.separator

    def longest(self) -> int:
        words = self.number * max(map(len, self.words))
        return words + (self.number - 1) * len(self.separator) + self.digit


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
    strength: str,
    length: int | str | None = None,
    *,
    lookalikes: bool = True,
    exclude: str = "",
    special: str | None = None,
) -> PasswordRules:
    """The rules for one of `STRENGTHS`; without `length` the one that goes with it. Raises `Impossible`.

    `lookalikes`: whether `LOOK_ALIKES` may come; `exclude`: characters that may not; `special`: the special characters
    to choose from, None for ASCII's. Writing a character twice changes nothing.
    """
    chosen = STRENGTHS[strength]
    if special == "" and "special characters" in chosen.sets:
        raise Impossible("special", "Strong needs special characters; for none, choose medium.")
    number = whole_number("length", chosen.length if length is None else length, MIN_LENGTH, MAX_LENGTH)
    gone = set(exclude) if lookalikes else {*exclude, *LOOK_ALIKES}
    sets = []
    for name in chosen.sets:
        own = special is not None and name == "special characters"
        characters = _special_characters(special or "") if own else SETS[name]
        left = "".join(character for character in characters if character not in gone)
        if not left:
            raise Impossible("exclude", f"None of the {name} are left: leave out fewer.")
        sets.append(left)
    return PasswordRules(tuple(sets), number)


def passphrase_rules(
    number: int | str = WORDS, *, separator: str = "-", capitals: bool = False, digit: bool = False
) -> PassphraseRules:
    """The rules for passphrases from the EFF's list. Raises `Impossible`, and `NoWords` of its kind."""
    count = whole_number("words", number, MIN_WORDS, MAX_WORDS)
    if len(separator) > MAX_SEPARATOR:
        raise Impossible("separator", f"The separator can have at most {MAX_SEPARATOR} characters.")
    for character in separator:
        if not (" " <= character <= "~" or _is_symbol(character)):
            raise Impossible("separator", f"{_named(character)} cannot separate words: take a sign, or nothing.")
    return PassphraseRules(load_words(), count, separator, capitals, digit)


def whole_number(setting: str, given: int | str, least: int, most: int) -> int:
    """`given`, if it is a whole number in these bounds. Raises `Impossible`."""
    text = str(given).strip()
    if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
        return int(text)
    raise Impossible(setting, f"Please give a whole number from {least:,} to {most:,}.")


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
    return (
        unicodedata.category(character)[0] in "PS"
        and unicodedata.normalize("NFKC", character) == character
        and character not in UNSEEN
    )


def _named(character: str) -> str:
    if character == " ":
        return "A space"
    seen = character.isprintable() and not unicodedata.category(character).startswith("M") and character not in UNSEEN
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
            found = path.stat()
            if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_WORDS_SIZE:
                continue
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
        self._call = call
        self._ended = threading.Event()  # set by the worker thread, when it has written one of these two
        self._answer: Any = None
        self._problem: NotCopied | None = None
        threading.Thread(target=self._run, name="clipboard", daemon=True).start()

    def answer(self, seconds: float) -> Any:
        """What the call returned. Raises `NotCopied` when it failed, `TimeoutError` when it takes longer."""
        if not self._ended.wait(seconds):
            raise TimeoutError
        if self._problem:
            raise self._problem
        return self._answer

    def has_ended(self, seconds: float) -> bool:
        """Whether it ends in so many seconds, well or not."""
        return self._ended.wait(seconds)

    def _run(self) -> None:
        try:
            self._answer = self._call()
        except NotCopied as problem:
            self._problem = problem
        except BaseException as error:  # noqa: BLE001 - its message may hold the password, and must not be printed
            self._problem = NotCopied(f"pyperclip failed ({type(error).__name__})")
        self._ended.set()


class Tools:
    """The programs that pyperclip starts for us, found again by a variable in their environment.

    On X11 the password is on the clipboard as long as xclip or xsel keeps it, and no longer: so it is taken off by
    ending them. Whoever lost the clipboard to another program has left by itself, so nothing of anybody else's can be
    emptied so. To look first and then copy nothing over it would leave a moment between the two, in which somebody may
    copy something; that is the way only where this one does not go: on macOS, Windows and Wayland (wl-copy would leave
    the file behind in which it keeps the text), and where the password has come back from a clipboard manager.
    """

    VARIABLE = "HALLWAY_GENERATOR"

    def __init__(self) -> None:
        self._mark = secrets.token_hex(8)

    def copy(self, text: str) -> Attempt:
        """Begins to copy `text` with them."""
        os.environ[self.VARIABLE] = self._mark
        return Attempt(partial(pyperclip_copy, text))

    def end(self) -> int:
        """Ends those that are there, where that is the way, and returns how many there were."""
        if sys.platform != "linux" or not hasattr(os, "pidfd_open") or _clipboard_tool() == "wl-copy":
            return 0
        ended = 0
        mine = f"{self.VARIABLE}={self._mark}".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended, it is not ours, or there is no /proc
                process = os.pidfd_open(int(folder.name))  # before looking: another may get its number later
                try:
                    if int(folder.name) != os.getpid() and mine in (folder / "environ").read_bytes().split(b"\0"):
                        signal.pidfd_send_signal(process, signal.SIGKILL)
                        ended += 1
                        waiting = select.poll()
                        waiting.register(process, select.POLLIN)
                        waiting.poll(ARRIVAL_SECONDS * 1000)  # until it has let go of the clipboard
                finally:
                    os.close(process)
        return ended

    def stop(self, attempt: Attempt, seconds: float) -> int:
        """As `end`, with those that `attempt` is about to start; waits `seconds` at most for it to end."""
        deadline = time.monotonic() + seconds
        ended = self.end()
        while not attempt.has_ended(0.02) and time.monotonic() < deadline:
            ended += self.end()
        return ended + self.end()


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
    version = re.match(r"(\d+)\.(\d+)", str(getattr(module, "__version__", "")))
    if version is None or (int(version[1]), int(version[2])) < (1, 11):
        raise NotCopied("pyperclip is older than 1.11")  # and may look for the tools in another order
    if not _clipboard_tool():
        raise NotCopied("pyperclip needs xclip, xsel or wl-copy, and a display")
    return module


def _clipboard_tool() -> str:
    """What pyperclip 1.11 will take, by its own order of looking, if it is something that keeps a secret; else "".

    Without such a tool it goes on to qdbus, which is given the text as an argument that every process can read, and to
    Qt, which must not run in a thread of its own and ends the program where there is no display.
    """
    if sys.platform in ("win32", "darwin") or "microsoft" in platform.release().lower():
        return "the system's own"
    if os.environ.get("WAYLAND_DISPLAY") and shutil.which("wl-copy") and shutil.which("wl-paste"):
        return "wl-copy"
    if os.environ.get("DISPLAY"):
        return next((tool for tool in ("xclip", "xsel") if shutil.which(tool)), "")
    return ""


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


def rgb(colour: str) -> tuple[int, int, int]:
    """The three parts of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def draw_tick(size: int, box: str, ink: str) -> list[list[str]]:
    """The colours of a check box's pixels, row by row: a tick of `ink` in a box. Clam's own cross says no, not yes."""
    corners = ((0.23, 0.52), (0.42, 0.71), (0.78, 0.31))

    def away(x: float, y: float, start: tuple[float, float], end: tuple[float, float]) -> float:
        across, down = end[0] - start[0], end[1] - start[1]
        along = ((x - start[0]) * across + (y - start[1]) * down) / (across**2 + down**2)
        along = min(1.0, max(0.0, along))
        return math.hypot(x - start[0] - along * across, y - start[1] - along * down)

    def pixel(column: int, row: int) -> str:
        x, y = (column + 0.5) / size, (row + 0.5) / size
        distance = min(away(x, y, start, end) for start, end in itertools.pairwise(corners))
        share = min(1.0, max(0.0, (0.075 - distance) * size + 0.5))
        mixed = (round(under + share * (over - under)) for under, over in zip(rgb(box), rgb(ink), strict=True))
        return "#{:02x}{:02x}{:02x}".format(*mixed)

    return [[pixel(column, row) for column in range(size)] for row in range(size)]


class Theme:
    """Fonts and styles of the window, clam's with our colours. `wear` changes the look."""

    def __init__(self, root: tk.Tk) -> None:
        from tkinter import PhotoImage, font, ttk

        self.look = LIGHT
        self._scale = max(1.0, root.winfo_fpixels("1i") / 96)
        points = 13 if root.tk.call("tk", "windowingsystem") == "aqua" else 10  # macOS counts 72 of them to an inch
        fixed = font.nametofont("TkFixedFont", root).actual()["family"]
        sizes = {"Body": 0, "Small": -1, "Strong": 0, "Title": 8, "Secret": 5, "Fixed": 0}
        self._fonts = {  # kept: Tk forgets a named font when its object goes
            name: font.Font(
                root,
                name=f"Generator{name}",
                family=fixed if name in ("Secret", "Fixed") else "Helvetica",
                size=points + more,
                weight="bold" if name in ("Strong", "Title") else "normal",
            )
            for name, more in sizes.items()
        }
        self.style = ttk.Style(root)
        self.style.theme_use("clam")
        size = self.px(18)
        self._boxes = [PhotoImage(master=root, width=size, height=size) for _ in range(2)]  # empty, ticked
        self.style.element_create("Tick.indicator", "image", self._boxes[0], ("selected", self._boxes[1]), sticky="")
        self._lay_out()
        self.wear(LIGHT)

    def close(self) -> None:
        """Gives pictures and fonts back in Tk's own thread: else it happens in whichever thread tidies memory."""
        self._boxes.clear()
        self._fonts.clear()

    def px(self, steps: float) -> int:
        """A length of `steps` 1/96 inch in pixels of this screen."""
        return round(steps * self._scale)

    def widest(self, characters: str, name: str) -> int:
        """The pixels of the widest of these characters in the font of this name."""
        return max(map(self._fonts[name].measure, set(characters)), default=1) or 1

    def line(self, name: str) -> int:
        """The pixels from one line to the next in the font of this name."""
        return int(self._fonts[name].metrics("linespace"))

    def _lay_out(self) -> None:
        """The parts of every style, and all about them that no look changes."""
        layout, configure, px = self.style.layout, self.style.configure, self.px
        configure("TButton", anchor="center", padding=(px(14), px(7)), width=0, font="GeneratorBody")
        configure("Primary.TButton", font="GeneratorStrong")
        configure("Head.TButton", padding=(px(10), px(4)), font="GeneratorSmall")
        label: list[Any] = [("Button.padding", {"sticky": "nswe", "children": [("Button.label", {"sticky": "nswe"})]})]
        inside: list[Any] = [("Button.focus", {"sticky": "nswe", "children": label})]
        layout("Tab.TRadiobutton", [("Button.border", {"sticky": "nswe", "children": inside})])
        configure("Tab.TRadiobutton", anchor="center", padding=(px(14), px(6)), relief="raised", borderwidth=1)
        for kind in ("TEntry", "TSpinbox"):
            configure(kind, padding=(px(7), px(4)), insertwidth=px(2))
        configure("TSpinbox", arrowsize=px(13))
        configure("Secret.TEntry", padding=(px(12), px(10)))
        configure("TRadiobutton", indicatorsize=px(14), indicatormargin=(0, 0, px(4), 0), padding=(0, px(3)))
        ticked: list[Any] = [
            ("Tick.indicator", {"side": "left", "sticky": ""}),
            ("Checkbutton.focus", {"side": "left", "children": [("Checkbutton.label", {"sticky": "nswe"})]}),
        ]
        layout("TCheckbutton", [("Checkbutton.padding", {"sticky": "nswe", "children": ticked})])
        configure("TCheckbutton", padding=(0, px(3)))
        configure("Vertical.TScrollbar", gripcount=0, arrowsize=px(11))

    def wear(self, look: Look) -> None:
        """Dresses everything that is drawn by a style; what is plain Tk looks at `self.look`."""
        self.look = look
        configure, mapped = self.style.configure, self.style.map
        configure(
            ".", background=look.window, foreground=look.text, font="GeneratorBody", bordercolor=look.border,
            lightcolor=look.window, darkcolor=look.window, troughcolor=look.window, fieldbackground=look.surface,
            selectbackground=look.accent, selectforeground=look.accent_text, insertcolor=look.text,
            arrowcolor=look.text, focuscolor=look.text,
        )  # fmt: skip
        mapped(".", background=[], foreground=[("disabled", look.muted)])  # clam's own, for other colours
        edge = [("invalid", look.trouble), ("focus", look.accent)]
        for kind in ("TEntry", "TSpinbox"):
            configure(kind, lightcolor=look.surface, darkcolor=look.surface, background=look.surface)
            mapped(kind, bordercolor=edge, lightcolor=edge, darkcolor=edge, background=[], arrowcolor=[])
            mapped(kind, fieldbackground=[("disabled", look.window)], foreground=[("disabled", look.muted)])
            mapped(kind, selectbackground=[], selectforeground=[])
        for kind, fill, ink, hover in (
            ("TButton", look.surface, look.text, look.hover),
            ("Primary.TButton", look.accent, look.accent_text, look.accent_hover),
            ("Tab.TRadiobutton", look.window, look.text, look.hover),
        ):
            filled = [("disabled", look.window), ("selected", look.accent), ("active", hover)]
            ring = [("focus", look.text), *filled]
            configure(kind, background=fill, foreground=ink, lightcolor=fill, darkcolor=fill, focuscolor=fill)
            mapped(kind, background=filled, lightcolor=ring, darkcolor=ring, bordercolor=[("focus", look.text)])
            mapped(kind, foreground=[("disabled", look.muted), ("selected", look.accent_text)])
            inner = [("disabled", look.window), ("selected focus", look.accent_text), ("active", hover)]
            mapped(kind, focuscolor=inner)
        configure("TRadiobutton", indicatorbackground=look.surface, indicatorforeground=look.accent_text)
        configure("TRadiobutton", upperbordercolor=look.muted, lowerbordercolor=look.muted)
        mapped("TRadiobutton", indicatorbackground=[("selected", look.accent), ("active", look.hover)])
        for kind, ink, letters in (
            ("Strong", look.text, "Strong"), ("Hint", look.muted, "Small"), ("Trouble", look.trouble, "Small"),
            ("Fixed", look.text, "Fixed"),
        ):  # fmt: skip
            configure(f"{kind}.TLabel", foreground=ink, font=f"Generator{letters}")
        configure("Head.TFrame", background=look.accent)
        configure("Line.TFrame", background=look.border)
        configure("Vertical.TScrollbar", background=look.border)
        mapped("Vertical.TScrollbar", background=[("active", look.muted)])
        self._draw_boxes()

    def _draw_boxes(self) -> None:
        look, size = self.look, self._boxes[0].width()
        for box, edge, fill, ink in (
            (self._boxes[0], look.muted, look.surface, look.surface),
            (self._boxes[1], look.accent, look.accent, look.accent_text),
        ):
            box.put(edge, to=(0, 0, size, size))
            rows = draw_tick(size - 2 * self.px(1), fill, ink)
            box.put(" ".join("{" + " ".join(row) + "}" for row in rows), to=(self.px(1), self.px(1)))


# --- the window -------------------------------------------------------------------------------------------------------


class Clipboard:
    """A password's way to the clipboard and off it again, in Tk's thread, which calls `tick` many times a second.

    It goes through pyperclip, as what is copied so can outlive the window, and through Tk where that fails. What is on
    the clipboard is asked through Tk alone: pyperclip would wait for ever for a clipboard that this window owns. While
    Tk waits for the answer it goes on with everything else: after `_content` nothing may be as it was before.
    """

    def __init__(self, root: tk.Tk) -> None:
        self.trouble = False  # what is said is bad news
        self._root = root
        self._tools = Tools()
        self._news = ""
        self._held = ""  # on the clipboard because of us, until it is emptied
        self._empty_at = 0.0  # on the monotonic clock
        self._stuck = False  # it could not be emptied, and that is what the news are
        self._copied: set[str] = set()  # all that may be on the clipboard because of us, or still come to it
        self._attempt: Attempt | None = None  # pyperclip at work, even when nobody waits for it any more
        self._attempted = ""  # what it copies, or has copied last
        self._waiting = False  # for the attempt, or then for what it copied to be on the clipboard
        self._deadline = 0.0  # for either, on the monotonic clock
        self._watch_until = 0.0  # for a copy that was given up and may come late, on the monotonic clock

    def said(self, shown: str) -> str:
        """What has become of the last copy, in words, and how long it stays; `shown` is the password to be seen."""
        if self._waiting:
            return "Copying…"
        if not self._held:
            return self._news
        left = max(1, math.ceil(self._empty_at - time.monotonic()))
        if self._stuck:
            return f"{self._news} It is tried again in {left} s."
        if self.trouble:
            return f"{self._news} The password copied before is removed in {left} s."
        if self._held != shown:
            return f"The one before is on the clipboard, for {left} s more."
        return f"{self._news} The clipboard is emptied in {left} s."

    def a_new_one_is_shown(self) -> None:
        """What was said about the one before is not true of this one."""
        if not self._stuck:
            self._tell("")

    def a_field_was_copied(self) -> None:
        """The keyboard has copied what is selected in a field, through Tk, over whatever was there."""
        self._waiting, self._held, self._stuck = False, "", False
        self._tell("Copied what is selected in the field, not the password.")

    def copy(self, text: str) -> None:
        """Begins to copy `text`; `tick` goes on with it."""
        self._stuck = False
        if not text:
            self._tell("There is no password to copy.", trouble=True)
            return
        self._copied.add(text)
        if self._attempt is not None:  # still at the one before: another would wait behind it
            self._copy_through_tk(text, "pyperclip does not answer")
        else:
            self._attempted, self._attempt = text, self._tools.copy(text)
            self._waiting, self._deadline = True, time.monotonic() + COPY_SECONDS

    def tick(self) -> None:
        """Looks after a copy that is on its way, and empties the clipboard when it is time."""
        if self._attempt is not None:
            self._look_after(self._attempt)
        elif self._waiting:
            self._look_whether_it_came(self._attempted)
        elif time.monotonic() < self._watch_until:
            self._take_back(self._attempted)
        if self._held and not self._waiting and time.monotonic() >= self._empty_at:
            self._empty_in_time()

    def close(self) -> None:
        """Empties the clipboard at once. What is still on its way there is stopped, or waited for: not for long."""
        attempt, self._attempt = self._attempt, None
        ended = self._tools.stop(attempt, COPY_SECONDS) if attempt is not None else self._tools.end()
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while not ended and (attempt is not None or self._waiting) and time.monotonic() < deadline:
            if self._content() == self._attempted:
                break
            time.sleep(0.02)
        self._empty(self._copied)

    def _look_after(self, attempt: Attempt) -> None:
        """pyperclip can fail, take for ever, and say that it has copied when it has not."""
        now = time.monotonic()
        try:
            attempt.answer(0)
        except TimeoutError:
            if self._waiting and now > self._deadline:
                self._tools.end()
                self._copy_through_tk(self._attempted, f"pyperclip did not answer in {COPY_SECONDS:g} s")
            return
        except NotCopied as problem:
            self._attempt = None
            if self._waiting:
                self._copy_through_tk(self._attempted, str(problem))
            return
        self._attempt = None
        if self._waiting:
            self._deadline = now + ARRIVAL_SECONDS
        else:
            self._watch_until = now + ARRIVAL_SECONDS

    def _look_whether_it_came(self, text: str) -> None:
        came = self._content() == text
        if not self._waiting or self._attempt is not None or self._attempted != text:
            return  # it was given up, or another was copied, while the clipboard was asked
        if came:
            self._was_copied(text, "pyperclip")
        elif time.monotonic() > self._deadline:
            self._tools.end()
            self._watch_until = time.monotonic() + ARRIVAL_SECONDS
            self._copy_through_tk(text, "pyperclip's tool did not put it there")

    def _take_back(self, text: str) -> None:
        """A copy that was given up came too late, over a newer one or over none."""
        if self._content() == text != self._held and not self._waiting:
            self._watch_until = 0.0
            self._put(self._held)

    def _empty_in_time(self) -> None:
        held, self._held = self._held, ""
        emptied = self._empty({held})
        if self._held or self._waiting:  # another was copied meanwhile
            return
        self._stuck = not emptied
        if emptied:
            self._tell(emptied)
        else:
            self._held, self._empty_at = held, time.monotonic() + AGAIN_SECONDS
            self._tell("The clipboard does not answer: the password may still be on it.", trouble=True)

    def _copy_through_tk(self, text: str, why: str) -> None:
        self._waiting = False
        self._put(text)
        if self._content() == text:
            self._was_copied(text, f"Tk, as {why}")
        else:
            self._tell(f"Not copied: {why}, and the clipboard of Tk did not take it either.", trouble=True)

    def _was_copied(self, text: str, way: str) -> None:
        self._waiting, self._held, self._empty_at = False, text, time.monotonic() + CLIPBOARD_SECONDS
        self._stuck = False
        self._tell(f"Password copied through {way}.")

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
        """Takes `passwords` off the clipboard; what became of it in words, or "" where that cannot be known."""
        import tkinter as tk

        ended = self._tools.end()
        with contextlib.suppress(tk.TclError):
            for _ in range(2):  # the X server answers after it has noticed who left
                self._root.winfo_pointerxy()
        content = self._content()
        if content and content in passwords:
            self._put("")
            content = self._content()
            ended += 1
        if content is None or (content and content in passwords):
            return ""
        return "The clipboard is empty again." if ended else "The password is not on the clipboard any more."


class Window:
    """The generator's window. Everything in it runs in Tk's thread."""

    TICK = 50  # ms
    WIDEST = 720  # steps of 1/96 inch; what is in a wider window stays as wide, in its middle

    def __init__(self, root: tk.Tk, ended_by: Sequence[int] = ()) -> None:
        """`ended_by`: the signals that came, Ctrl-C in the terminal for one; the window closes when there is one."""
        self.root = root
        self.theme = Theme(root)
        self.clipboard = Clipboard(root)
        self.closed = False
        self.password = ""  # what is shown, or "" while the settings allow none
        self._rules: Rules | None = None  # what it was drawn by
        self._ended_by = ended_by
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
        try:
            self.root.mainloop()
        finally:
            self.close()
        return 128 + self._ended_by[0] if self._ended_by else 0

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
        self._length_is_own = False  # somebody has set it
        for setting in (
            self.mode, self.strength, self.length, self.no_lookalikes, self.exclude, self.special, self.words,
            self.separator, self.capitals, self.digit,
        ):  # fmt: skip
            setting.trace_add("write", lambda *_: self.refresh())
        self.length.trace_add("write", lambda *_: self._length_was_set())

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

        self._head = ttk.Frame(self.page, style="Head.TFrame")
        key = "🔑 " if _emoji_are_safe(self.root) else ""
        # Not a ttk label: that cuts off what is higher than its letters, such as an emoji.
        self.title = tk.Label(
            self._head, text=f"{key}Password Generator", font="GeneratorTitle", borderwidth=0, pady=px(5)
        )
        self.title.pack(side="left")
        self.look_button = ttk.Button(self._head, style="Head.TButton", width=6, command=self._other_look)
        self.look_button.pack(side="right")
        self._head.pack(fill="x")

        self._body = body = ttk.Frame(self.page)
        body.pack(fill="both", expand=True)
        tabs = ttk.Frame(body)
        for column, name in enumerate(("Password", "Passphrase")):
            tab = ttk.Radiobutton(tabs, text=name, value=name.lower(), variable=self.mode, style="Tab.TRadiobutton")
            tab.grid(row=0, column=column, sticky="ew")
            tabs.columnconfigure(column, weight=1, uniform="tab")
        tabs.pack(fill="x")
        self._make_result(body)
        ttk.Frame(body, style="Line.TFrame", height=max(1, px(1))).pack(fill="x", pady=px(10))
        self._make_settings(body)
        self._hint(body, "Enter makes a new one, Ctrl-C copies it, Ctrl-Q closes the window.").pack(
            fill="x", side="bottom", pady=(px(12), 0)
        )

    def _make_result(self, body: tk.Misc) -> None:
        import tkinter as tk
        from tkinter import ttk

        px = self.theme.px
        self._result = line = ttk.Frame(body)
        # exportselection: else X11 hands what is selected to whoever presses the middle mouse button.
        self.entry = ttk.Entry(
            line, textvariable=self.shown, state="readonly", style="Secret.TEntry", font="GeneratorSecret",
            exportselection=False, width=12,
        )  # fmt: skip
        self.entry.grid(row=0, column=0, sticky="ew", padx=(0, px(8)))
        self.entry.bind("<Configure>", lambda _: self._show_secret())
        self.hide_button = ttk.Button(line, width=6, command=self._hide_or_show)
        self.hide_button.grid(row=0, column=1)
        self.whole = ttk.Label(line, style="Fixed.TLabel")  # where the password is too long for its field
        self.whole.grid(row=1, column=0, columnspan=2, sticky="nw", pady=(px(6), 0))
        line.columnconfigure(0, weight=1)
        line.pack(fill="x", pady=(px(12), px(8)))

        line = ttk.Frame(body)
        self.generate_button = ttk.Button(line, text="Generate", style="Primary.TButton", command=self.refresh)
        self.copy_button = ttk.Button(line, text="Copy", command=self.copy)
        self.generate_button.pack(side="left")
        self.copy_button.pack(side="left", padx=px(8))
        line.pack(fill="x")
        self.said = self._two_lines(body)

        self.trough = ttk.Frame(body, style="Line.TFrame", height=px(8))
        self.trough.pack(fill="x", pady=(px(4), 0))
        self.bar = tk.Frame(self.trough, borderwidth=0, highlightthickness=0)
        self.entropy = self._hint(body, "", "Strong")
        self.entropy.pack(fill="x", pady=(px(6), 0))
        self.guessing = self._two_lines(body)

    def _two_lines(self, body: tk.Misc) -> Any:
        """A hint with room for two lines, so that nothing moves when it needs the second."""
        from tkinter import ttk

        px = self.theme.px
        room = ttk.Frame(body, height=2 * self.theme.line("Small") + px(6))
        room.pack_propagate(False)
        room.pack(fill="x", pady=(px(4), 0))
        hint = self._hint(room, "")
        hint.pack(fill="x", anchor="n")
        return hint

    def _make_settings(self, body: tk.Misc) -> None:
        from tkinter import ttk

        self.troubles: dict[str, ttk.Label] = {}  # key: setting
        self.fields: dict[str, ttk.Entry] = {}  # key: setting
        self._hints: dict[str, str] = {}  # key: setting; what stands in place of trouble
        place = ttk.Frame(body)
        place.pack(fill="both", expand=True)
        place.columnconfigure(0, weight=1)
        self.pages = {"password": ttk.Frame(place), "passphrase": ttk.Frame(place)}
        for page in self.pages.values():
            page.grid(row=0, column=0, sticky="new")  # `refresh` shows one of them
            page.columnconfigure(1, weight=1)
        self._make_password_page(self.pages["password"])
        self._make_passphrase_page(self.pages["passphrase"])

    def _make_password_page(self, page: tk.Misc) -> None:
        from tkinter import ttk

        px = self.theme.px
        radios = ttk.Frame(page)
        emoji = _emoji_are_safe(self.root)
        for name, strength in STRENGTHS.items():
            text = f"{strength.emoji} {name.capitalize()}" if emoji else name.capitalize()
            radio = ttk.Radiobutton(
                radios, text=text, value=name, variable=self.strength, command=self._strength_was_chosen
            )
            radio.pack(side="left", padx=(0, px(12)))
        self._row(page, 0, "Strength", radios)
        self.summary = self._hint(page, "")
        self.summary.grid(row=1, column=1, sticky="ew")
        length = self._number(page, self.length, MIN_LENGTH, MAX_LENGTH)
        self._setting_beside(page, 2, "Length", length, "length", f"from {MIN_LENGTH} to {MAX_LENGTH} characters")
        self._setting(page, 3, "Special characters", self._field(page, self.special), "special")
        self._setting(page, 4, "Leave out these", self._field(page, self.exclude), "exclude")
        lookalikes = ttk.Frame(page)
        box = ttk.Checkbutton(lookalikes, text=" Leave out look-alikes:", variable=self.no_lookalikes)
        shown = ttk.Label(lookalikes, text=" ".join(LOOK_ALIKES), style="Fixed.TLabel")
        shown.bind("<Button-1>", lambda _: box.invoke())
        box.pack(side="left")
        shown.pack(side="left", padx=px(6))
        self._row(page, 5, "", lookalikes)

    def _make_passphrase_page(self, page: tk.Misc) -> None:
        from tkinter import ttk

        words = self._number(page, self.words, MIN_WORDS, MAX_WORDS)
        self._setting_beside(page, 0, "Words", words, "words", f"from {MIN_WORDS} to {MAX_WORDS}")
        separator = self._field(page, self.separator, width=9)
        self._setting_beside(page, 1, "Separator", separator, "separator", "")
        for row, text, variable in (
            (2, " Capitals: every word begins with one", self.capitals),
            (3, " A digit behind one of the words", self.digit),
        ):
            self._row(page, row, "", ttk.Checkbutton(page, text=text, variable=variable))
        note = "From the large word list of the Electronic Frontier Foundation: 7,776 words, 12.92 bits each."
        self._hint(page, note).grid(row=4, column=1, sticky="ew", pady=(self.theme.px(4), 0))

    def _field(self, page: tk.Misc, variable: tk.StringVar, width: int = 20) -> Any:
        from tkinter import ttk

        field = ttk.Entry(page, textvariable=variable, width=width, font="GeneratorFixed", exportselection=False)
        # Of itself Tk selects all when the Tab key comes here; but only what somebody has selected is for Ctrl-C.
        field.bind("<<TraverseIn>>", lambda _: "break")
        return field

    def _number(self, page: tk.Misc, variable: tk.StringVar, least: int, most: int) -> Any:
        from tkinter import ttk

        field = ttk.Spinbox(
            page, textvariable=variable, from_=least, to=most, width=5, font="GeneratorBody", exportselection=False
        )
        for event in ("<<Increment>>", "<<Decrement>>"):  # Tk selects the number after these
            field.bind(event, lambda _: field.after_idle(field.selection_clear), add=True)
        return field

    def _row(self, page: Any, row: int, name: str, control: Any, **place: Any) -> None:
        """A line of settings: its name and its control."""
        from tkinter import ttk

        px = self.theme.px
        ttk.Label(page, text=name).grid(row=row, column=0, sticky="nw", padx=(0, px(12)), pady=px(5))
        control.grid(row=row, column=1, pady=px(2), **{"sticky": "w"} | place)

    def _setting(self, page: Any, row: int, name: str, field: Any, setting: str) -> None:
        """A row with a wide field, and below it what is wrong with it."""
        line = self._line(page, row, name)
        field.grid(in_=line, row=0, column=0, sticky="ew")
        field.lift(line)
        line.columnconfigure(0, weight=1)
        trouble = self._hint(line, "")
        trouble.grid(row=1, column=0, sticky="ew", pady=(self.theme.px(4), 0))
        trouble.grid_remove()
        self.troubles[setting], self.fields[setting], self._hints[setting] = trouble, field, ""

    def _setting_beside(self, page: Any, row: int, name: str, field: Any, setting: str, hint: str) -> None:
        """A row with a short field, and what is wrong with it at its right."""
        line = self._line(page, row, name)
        field.grid(in_=line, row=0, column=0, sticky="w")
        field.lift(line)
        line.columnconfigure(1, weight=1)
        trouble = self._hint(line, hint)
        trouble.grid(row=0, column=1, sticky="ew", padx=(self.theme.px(10), 0))
        self.troubles[setting], self.fields[setting], self._hints[setting] = trouble, field, hint

    def _line(self, page: Any, row: int, name: str) -> Any:
        from tkinter import ttk

        line = ttk.Frame(page)
        self._row(page, row, name, line, sticky="ew")
        return line

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
            root.bind_class("TButton", key, self._press)
        for key, step in (("<Left>", -1), ("<Up>", -1), ("<Right>", 1), ("<Down>", 1)):
            root.bind_class("TRadiobutton", key, f"ttk::button::RadioTraverse %W {step}; [focus] invoke")
        root.bind("<<Copy>>", lambda event: self._copy_key(event.widget))
        if root.tk.call("tk", "windowingsystem") == "aqua":  # where <<Copy>> is Command-C
            root.bind("<Control-c>", lambda event: self._copy_key(event.widget))
            root.createcommand("::tk::mac::Quit", self.close)
        for field in self.fields.values():
            field.bind("<FocusOut>", lambda event: event.widget.selection_clear())
        # Of itself an Entry would put a selected part on the clipboard, where nobody empties it; and a number, which Tk
        # selects for one reason or another, is nothing that somebody wants to copy.
        for field in (self.entry, self.fields["length"], self.fields["words"]):
            for key in ("<<Copy>>", "<<Cut>>"):
                field.bind(key, self._copy_all)
        for field in (self.entry, *self.fields.values()):
            field.bind("<Control-a>", self._select_all)
        root.bind("<Control-q>", lambda _: self.close())
        root.bind("<FocusIn>", lambda event: self._scroll_to(event.widget))
        root.bind("<MouseWheel>", lambda event: self._scroll_by(-1 if event.delta > 0 else 1))
        root.bind("<Button-4>", lambda _: self._scroll_by(-1))
        root.bind("<Button-5>", lambda _: self._scroll_by(1))

    def _press(self, event: tk.Event[Any]) -> str:
        event.widget.invoke()
        return "break"

    def _select_all(self, event: tk.Event[Any]) -> str:
        event.widget.selection_range(0, "end")
        return "break"

    # --- how large it is ---

    def _size_up(self) -> None:
        """As wide as reads well and the screen allows; `_fit` sees to the height, until somebody changes it."""
        px, root = self.theme.px, self.root
        width = min(px(580), round(root.winfo_screenwidth() * 0.95))
        root.minsize(min(px(460), width), px(200))
        self.canvas.configure(width=width)

    def _fit(self) -> None:
        """The page is as wide as the window; where it is higher, a scroll bar stands in its margin."""
        width, room, needed = self.canvas.winfo_width(), self.canvas.winfo_height(), self.page.winfo_reqheight()
        margin = max(self.theme.px(20), (width - self.theme.px(self.WIDEST)) // 2)
        self._head.configure(padding=(margin, self.theme.px(8)))
        self._body.configure(padding=(margin, self.theme.px(14), margin, self.theme.px(16)))
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
        return password_rules(
            self.strength.get(),
            self.length.get(),
            lookalikes=not self.no_lookalikes.get(),
            exclude=self.exclude.get(),
            special=self.special.get(),
        )

    def refresh(self) -> None:
        """Draws a new password after the settings, or says beside one of them why there is none."""
        problem: Impossible | None = None
        self._rules = None
        try:
            self._rules = self.rules()
            self.password = self._rules.draw()
        except Impossible as found:
            problem, self.password = found, ""
        for setting, trouble in self.troubles.items():
            wrong = problem is not None and problem.setting == setting
            text = str(problem) if wrong else self._hints[setting]
            trouble.configure(text=text, style="Trouble.TLabel" if wrong else "Hint.TLabel")
            self.fields[setting].state(["invalid" if wrong else "!invalid"])
            trouble.grid() if text else trouble.grid_remove()
        for name, page in self.pages.items():
            page.grid() if name == self.mode.get() else page.grid_remove()
        self.summary.configure(text=f"At least one of each: {STRENGTHS[self.strength.get()].summary}.")
        self.fields["special"].state(["!disabled" if self.strength.get() == "strong" else "disabled"])
        self.copy_button.state(["!disabled" if self.password else "disabled"])
        self.clipboard.a_new_one_is_shown()
        self._show_said()
        self._show_secret()
        self._show_entropy()

    def _length_was_set(self) -> None:
        self._length_is_own = True

    def _strength_was_chosen(self) -> None:
        """A length that nobody has set goes along with the strength."""
        if not self._length_is_own:
            self.length.set(str(STRENGTHS[self.strength.get()].length))
            self._length_is_own = False

    def _show_secret(self) -> None:
        self.shown.set(self.password)
        mark = str(self.entry.cget("show"))
        self.hide_button.configure(text="Show" if mark else "Hide")
        self._show_whole(mark * len(self.password) if mark else self.password)

    def _show_whole(self, seen: str) -> None:
        """What its field can be too narrow for stands below as well, in lines.

        That depends on the settings and not on what was drawn: nothing moves with a new password.
        """
        longest, characters = (self._rules.longest(), self._rules.characters()) if self._rules else (0, "")
        room = self.entry.winfo_width() - self.theme.px(28)
        if longest * self.theme.widest(characters, "Secret") <= room:
            self.whole.grid_remove()
            return
        room = self._result.winfo_width() - self.theme.px(6)
        in_line = max(1, room // self.theme.widest(characters, "Fixed"))
        lines = [seen[start : start + in_line] for start in range(0, longest, in_line)]
        self.whole.configure(text="\n".join(lines))
        self.whole.grid()

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
        """Ctrl-C copies the password, unless somebody has selected something in a field: then that, as everywhere.

        Tk has copied it then already: this is asked after the field.
        """
        if widget in self.fields.values() and self.root.nametowidget(str(widget)).selection_present():
            self.clipboard.a_field_was_copied()
            self._show_said()
        else:
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
        text, kind = self.clipboard.said(self.password), "Trouble" if self.clipboard.trouble else "Hint"
        if not self.closed and (self.said.cget("text"), self.said.cget("style")) != (text, f"{kind}.TLabel"):
            self.said.configure(text=text, style=f"{kind}.TLabel")


def _ending_signals() -> list[signal.Signals]:
    """Those that end a program which has something to tidy up first, but for those it was told to ignore (nohup)."""
    known = [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    return [number for number in known if signal.getsignal(number) != signal.SIG_IGN]


@contextlib.contextmanager
def _noting_signals() -> Iterator[list[int]]:
    """The ending signals that came. They do nothing else: no second Ctrl-C cuts short what has to be tidied up."""
    noted: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        noted.append(number)

    before = {number: signal.signal(number, note) for number in _ending_signals()}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _emoji_are_safe(root: tk.Tk) -> bool:
    """A colour emoji can end a program on X11 with a libXft before 2.3.5."""
    if root.tk.call("tk", "windowingsystem") != "x11":
        return True
    import ctypes.util

    for known in ("libXft.so.2", None):
        try:
            name = known or ctypes.util.find_library("Xft") or "libXft"  # it starts programs to find out
            return int(ctypes.CDLL(name).XftGetVersion()) >= 20305
        except (OSError, AttributeError):
            continue
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
    with _noting_signals() as ended_by:  # from here on: within Tk an exception would be printed and lost
        try:
            root = tk.Tk(className="Password-generator")
        except tk.TclError:
            return _cannot("There is no display for a window here: use --count 1 to print a password.")
        return Window(root, ended_by).run()


# --- the command line -------------------------------------------------------------------------------------------------

TEXTS = ("--exclude", "--special", "--separator")  # options whose value may begin with a dash


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        _say(f"{self.prog}: {message.rstrip('.')}. (--help tells more.)")
        raise SystemExit(2)


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="password_gen.py",
        allow_abbrev=False,
        description="Passwords and passphrases, every allowed one equally likely. Without options a window opens; "
        "with any they are printed to standard output, one a line.",
    )
    option = parser.add_argument
    option("--version", action="version", version=VERSION)
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
    asked = parser.parse_args(list(_joined(arguments)))
    try:
        asked.count = whole_number("count", asked.count, 1, 999_999_999)
        asked.rules = _rules(asked)
        if asked.copy and asked.count > 1:
            raise Impossible("copy", "--copy goes with one password, not with --count.")
        _check_that_it_can_be_printed(asked.rules, "special" if asked.words is None else "separator")
    except NoWords:
        raise
    except Impossible as problem:
        option_name = f"--{problem.setting}: "
        parser.error(str(problem) if str(problem).startswith("--") else option_name + str(problem))
    return asked


def _check_that_it_can_be_printed(rules: Rules, setting: str) -> None:
    """Raises `Impossible` before anything is drawn: those that can be printed would not be what `rules` says."""
    for character in rules.characters() if sys.stdout is not None else "":
        try:
            character.encode(sys.stdout.encoding)
        except UnicodeEncodeError:
            raise Impossible(
                setting, f"{_named(character)} cannot be printed here: set PYTHONUTF8=1, or leave it out."
            ) from None


def _joined(arguments: Sequence[str]) -> Iterator[str]:
    """`--special -_` as `--special==-_`, without the first = of which argparse would take it for an option.

    The second is taken off again by `_text`: argparse before Python 3.13 drops a value that is `--`.
    """
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, value = argument.partition("=")
        if name in TEXTS and not equals:
            following = next(waiting, None)
            yield argument if following is None else f"{argument}=={following}"
        else:
            yield f"{name}=={value}" if name in TEXTS else argument


def _text(joined: str) -> str:
    return joined[1:]


def _rules(asked: argparse.Namespace) -> Rules:
    """What the command line asks for. Raises `Impossible` for what contradicts itself, too."""
    of_password = {
        "--strength": asked.strength,
        "--length": asked.length,
        "--no-lookalikes": asked.no_lookalikes or None,
        "--exclude": asked.exclude,
        "--special": asked.special,
    }
    of_passphrase = {
        "--separator": asked.separator,
        "--capitals": asked.capitals or None,
        "--digit": asked.digit or None,
    }
    wrong = of_passphrase if asked.words is None else of_password
    for name, given in wrong.items():
        if given is not None:
            goes = "goes with --words only" if asked.words is None else "does not go with --words"
            raise Impossible(name, f"{name} {goes}.")
    if asked.words is not None:
        separator = "-" if asked.separator is None else asked.separator
        return passphrase_rules(asked.words, separator=separator, capitals=asked.capitals, digit=asked.digit)
    strength = "strong" if asked.strength is None else asked.strength
    if strength not in STRENGTHS:
        raise Impossible("strength", f"Please choose one of {', '.join(STRENGTHS)}.")
    if asked.special is not None and strength != "strong":
        raise Impossible("special", "--special goes with --strength strong only.")
    return password_rules(
        strength,
        asked.length,
        lookalikes=not asked.no_lookalikes,
        exclude=asked.exclude or "",
        special=asked.special,
    )


def run_command(arguments: Sequence[str]) -> int:
    """Prints what the command line asks for, and returns the exit status."""
    asked = _read(arguments)
    if sys.stdout is None:
        return _cannot("There is no standard output to print to.")
    if asked.bits:
        _say(bits_words(bits(asked.rules)))
    drawn = ""
    try:
        for _ in range(asked.count):
            drawn = asked.rules.draw()
            print(drawn)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough: `| head -1`
        _close_output()
        return 0
    except OSError as error:
        _close_output()
        return _cannot(f"The passwords could not be written: {error.strerror or error}.")
    if asked.copy:
        with _own_output():
            return _copy_for_a_while(drawn)
    return 0


def _copy_for_a_while(password: str) -> int:
    """Keeps `password` on the clipboard for `CLIPBOARD_SECONDS`, or until Ctrl-C; returns the exit status.

    The program stays: only so can it take it off again, and whatever happens in between, it does.
    """
    with _noting_signals() as ended_by:
        tools = Tools()
        attempt = tools.copy(password)
        copied = False
        try:
            copied = _comes_in_time(password, attempt, ended_by)
            if copied:
                _say(f"Copied through pyperclip. Emptied in {CLIPBOARD_SECONDS} s, or now with Ctrl-C.")
                _sleep(CLIPBOARD_SECONDS, ended_by)
        except NotCopied as problem:
            _say(f"Not copied: {problem}.")
        finally:
            taken_off = _take_off(password, attempt, tools, copied)
        if ended_by:
            return 128 + ended_by[0]
        return 0 if copied and taken_off else 1


def _comes_in_time(password: str, attempt: Attempt, ended_by: Sequence[int]) -> bool:
    """Waits until `password` is on the clipboard; False if a signal comes first. Raises `NotCopied`."""
    deadline = time.monotonic() + COPY_SECONDS
    while not attempt.has_ended(0.02):
        if ended_by:
            return False
        if time.monotonic() > deadline:
            raise NotCopied(f"pyperclip did not answer in {COPY_SECONDS:g} s")
    attempt.answer(0)
    try:
        if _comes_to_hold(password, True):
            return True
    except TimeoutError:
        raise NotCopied("the clipboard does not answer") from None
    raise NotCopied("the clipboard does not hold the password, though pyperclip has copied it")


def _sleep(seconds: float, ended_by: Sequence[int]) -> None:
    """Until then, or until a signal has come."""
    deadline = time.monotonic() + seconds
    while not ended_by and time.monotonic() < deadline:
        time.sleep(0.05)


def _take_off(password: str, attempt: Attempt, tools: Tools, copied: bool) -> bool:
    """Takes `password` off the clipboard, which is known to have held it or not; says, and returns, whether it is off.

    A copy that was given up is stopped, where that is possible; else it gets a while to come, and is taken off then.
    """
    was_there = copied
    ended = tools.stop(attempt, ARRIVAL_SECONDS)
    try:
        if not copied and not ended:
            if attempt.has_ended(LATE_SECONDS):
                attempt.answer(0)
            was_there = _comes_to_hold(password, True)
        if ended:
            _comes_to_hold(password, False)  # from one who keeps what is copied, it may come back
        if _pasted() == password:
            was_there = True
            Attempt(partial(pyperclip_copy, "")).answer(LATE_SECONDS)
            if not _comes_to_hold(password, False):
                raise TimeoutError
            ended = 1
    except (TimeoutError, NotCopied):
        tools.end()
        if was_there:
            _say("The clipboard could not be emptied: the password may still be on it.")
            return False
    if not attempt.has_ended(0):
        _say("The password may still reach the clipboard: look there later.")
        return False
    if was_there:
        _say("The clipboard is empty again." if ended else "The password is not on the clipboard any more.")
    return True


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


@contextlib.contextmanager
def _own_output() -> Iterator[None]:
    """Programs that are started get no output of ours: xclip stays, and whoever reads ours would wait for its end."""
    before = sys.stderr
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        sys.stderr = None
    else:
        sys.stderr = open(kept, "w", encoding="utf-8", errors="replace")  # noqa: PTH123, SIM115 - a descriptor
    null = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)
    if null > 2:
        os.close(null)
    try:
        yield
    finally:
        own, sys.stderr = sys.stderr, before
        if own is not None:
            with contextlib.suppress(OSError):  # it is full, or nobody reads it any more
                own.close()


def _say(sentence: str) -> None:
    """Tells people something on standard error, or nobody where that is closed, full or not read any more."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(sentence, file=sys.stderr, flush=True)


def _cannot(sentence: str) -> int:
    """Says why it could not run; the exit status for that."""
    _say(sentence)
    return 1


def _close_output() -> None:
    """Nothing more can be written there, so Python must not try once more when it ends."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments: Sequence[str] | None = None) -> int:
    """The window without arguments, else passwords on standard output; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        return run_command(arguments) if arguments else run_window()
    except KeyboardInterrupt:
        return 130
    except NoWords as problem:
        return _cannot(str(problem))


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:  # set at the top of this file
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
