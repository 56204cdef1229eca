"""Where one writes: names that Tab completes, what comes back with Up, and whom the field says it writes to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desk import Hands
from windowlib.composer import Composer, completions
from windowlib.display import open_root
from windowlib.look import Theme

PEOPLE = ["Bob", "Bob B.", "Ada Smith", "Émile", "Özgür", "Bea", "🐢 Tom"]


@pytest.mark.parametrize(
    ("before", "at", "names"),
    [
        ("@bo", 0, ["Bob", "Bob B."]),
        ("hi @BOB", 3, ["Bob", "Bob B."]),
        ("hi @bob b", 3, ["Bob B."]),
        ("hi (@bea", 4, ["Bea"]),
        ("@emi", 0, ["Émile"]),
        ("@oz", 0, ["Özgür"]),
        ("@smi", 0, ["Ada Smith"]),
        ("@b", 0, ["Bob", "Bob B.", "Bea"]),
        ("@", 0, PEOPLE),
        ("@Bob and @be", 9, ["Bea"]),
        ("write to ada@bob", -1, []),
        ("@Bob hello", -1, []),
        ("@zoe", -1, []),
        ("hello", -1, []),
        ("", -1, []),
        ("@bob " + "x" * 40, -1, []),
    ],
)
def test_what_a_name_can_become(before: str, at: int, names: list[str]) -> None:
    """By any word of the name, without accents and case; never in the middle of a word, and not once it is written."""
    assert completions(before, PEOPLE) == (at, names)


class Bench(Hands):
    """Somebody in front of a window with nothing but a composer in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(open_root(folder))
        self.sent: list[str] = []
        self.changes: list[str] = []
        self.theme = Theme(self.root, "light")
        self.composer = Composer(self.root, self.theme, self._send, self.changes.append, lambda: PEOPLE, [])
        self.composer.pack(fill="x", side="bottom")
        self.put("500x200")
        self.composer.entry.focus_force()

    def _send(self, text: str) -> None:
        self.sent.append(text)
        self.composer.write("")

    def stands(self, text: str) -> None:
        self.until(lambda: self.composer.written == text, f"{text!r} stands in the field")

    def seen(self) -> str:
        return f"In the field stands {self.composer.written!r}."


@pytest.fixture
def bench(folder: Path) -> Iterator[Bench]:
    bench = Bench(folder)
    yield bench
    bench.theme.close()
    bench.root.destroy()


def test_tab_completes_a_name_and_goes_on_to_the_next(bench: Bench) -> None:
    """Tab again takes the next name, Shift-Tab the one before; what stands behind the cursor stays."""
    bench.composer.write(" how are you?")
    bench.press("Home")
    bench.type("@bo")
    bench.stands("@bo how are you?")
    for keys, name in (("Tab", "Bob"), ("Tab", "Bob B."), ("Tab", "Bob"), ("shift+Tab", "Bob B.")):
        bench.press(keys)
        bench.stands(f"@{name}  how are you?")

    bench.type("and @be")
    bench.press("Tab")
    bench.stands("@Bob B. and @Bea  how are you?")


def test_tab_elsewhere_moves_the_keyboard_on(bench: Bench) -> None:
    """Where no name was begun, and after the only name there is, Tab does what it does everywhere."""
    bench.type("@bea")
    bench.press("Tab")
    bench.stands("@Bea ")
    bench.press("Tab")
    bench.until(lambda: bench.root.focus_get() is not bench.composer.entry, "the keyboard is elsewhere")

    assert bench.composer.written == "@Bea "


def test_a_completed_name_after_emoji(bench: Bench) -> None:
    """Tk 8.6 counts an emoji as two characters: the name still goes where it was begun."""
    bench.composer.write("🐢🐢 é @to")
    bench.press("Tab")
    bench.stands("🐢🐢 é @🐢 Tom ")


def test_a_completion_can_be_undone(bench: Bench) -> None:
    """Ctrl-Z brings back what was typed."""
    bench.type("hi @bea")
    bench.stands("hi @bea")
    bench.press("Tab")
    bench.stands("hi @Bea ")
    bench.press("ctrl+z")
    bench.stands("hi @bea")


def test_up_brings_back_what_was_not_sent(bench: Bench) -> None:
    """What was refused or wiped comes back in the empty field, once; in any other the cursor goes up."""
    bench.composer.keep_unsent("refused")
    bench.press("Up")
    bench.stands("refused")
    bench.press("ctrl+slash", "BackSpace")
    bench.stands("")
    bench.press("Up")
    bench.stands("refused")

    bench.press("shift+Return")
    bench.type("b")
    bench.press("Up")
    bench.type("a")
    bench.stands("raefused\nb")


def test_what_was_sent_does_not_come_back(bench: Bench) -> None:
    """Up edits nothing that others have read already."""
    bench.type("sent")
    bench.stands("sent")
    bench.press("Return", "Up")
    bench.settle()

    assert bench.sent == ["sent"]
    assert bench.composer.written == ""


def test_what_was_meant_for_one_does_not_come_back_for_another(bench: Bench) -> None:
    """A text to Bob alone stands under Up only while Bob is addressed."""
    bench.composer.address("Bob")
    bench.type("just for you")
    bench.stands("just for you")
    bench.press("ctrl+slash", "BackSpace")
    bench.stands("")
    bench.composer.address("Everyone")
    bench.press("Up")
    bench.settle()
    assert bench.composer.written == ""

    bench.composer.keep_unsent("for Bea", "Bea")
    bench.composer.address("Bob")
    bench.press("Up")
    bench.stands("just for you")


def test_the_empty_field_says_whom_it_writes_to(bench: Bench) -> None:
    """However long the name is, it is not cut off in the middle of a letter."""
    bench.composer.address("Bob")
    assert bench.composer.hint.cget("text") == "Message to Bob"
    assert bench.composer.hint.winfo_manager()

    bench.composer.address("W" * 100)
    bench.until(lambda: str(bench.composer.hint.cget("text")).endswith("…"), "it is shortened")
    bench.root.update()
    assert bench.composer.hint.winfo_reqwidth() <= bench.composer.entry.winfo_width()
