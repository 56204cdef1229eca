"""Emoji: found by words without Tk; then chosen in the real window, by keyboard and mouse, if they can be drawn."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from clientlib.storage import load_settings
from desk import Desk, Hands, in_the_chat
from processes import ServerProcess
from windowlib import emoji_font, emoji_picker
from windowlib.composer import Composer
from windowlib.display import open_root
from windowlib.emoji import GROUPS, RECENT, SYNONYMS, called, names, remembered, search
from windowlib.emoji_picker import EmojiPicker
from windowlib.look import Theme


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("lol", "😂"), ("thumbs up", "👍"), ("Thumbs UP", "👍"), ("thumb", "👍"), (":joy:", "😂"), ("+1", "👍"),
        ("fire", "🔥"), ("red heart", "❤"), ("broken heart", "💔"), ("pizza", "🍕"), ("thank", "🙏"), ("party", "🎉"),
        ("rocket", "🚀"),        ("yes", "👍"), ("smiling_face_with_heart", "😍"), ("birthday", "🎂"), ("idea", "💡"),
    ],
)  # fmt: skip
def test_an_emoji_is_found_by_what_people_call_it(text: str, first: str) -> None:
    """By Unicode's name, by part of it, or by the word people use."""
    assert search(text)[0] == first


def test_every_heart_is_found() -> None:
    """A word finds all that have it in their name."""
    assert {"❤", "💔", "💙", "💚", "🖤", "💝"} <= set(search("heart"))


def test_nothing_is_found_for_nonsense() -> None:
    """And everything for nothing, faces first."""
    assert search("qqqzzz") == []
    assert len(search("  ")) == len(names()) > 1000
    assert search("")[0] == "😀"


def test_every_emoji_is_one_picture() -> None:
    """One code point with a name, each once; every synonym means some of them."""
    assert all(len(one) == 1 and unicodedata.name(one) for one in names())
    assert not {chr(mark) for mark in (0xFE0F, 0x200D, *range(0x1F3FB, 0x1F400), *range(0x1F1E6, 0x1F200))} & set(
        names()
    )
    assert {one for meant in SYNONYMS.values() for one in meant} <= set(names())
    assert all(first <= last for _, ranges in GROUPS for first, last in ranges)
    assert called("👍") == "Thumbs up sign"


def test_recent_ones_come_from_a_file() -> None:
    """Whatever stands there, only emoji are taken from it, each once."""
    assert remembered("👍x👍\n🎉é") == ["👍", "🎉"]
    assert len(remembered("".join(names()))) == RECENT


class Bench(Hands):
    """Somebody in front of a field with emoji to choose from."""

    def __init__(self, folder: Path) -> None:
        super().__init__(open_root(folder))
        self.theme = Theme(self.root, "light")
        self.composer = Composer(self.root, self.theme, lambda _: None, lambda _: None, tuple, [])
        self.composer.pack(fill="x", side="bottom")
        self.put("700x500")
        self.composer.entry.focus_force()

    @property
    def picker(self) -> EmojiPicker:
        assert self.composer.picker is not None
        return self.composer.picker

    def open(self) -> EmojiPicker:
        self.click_on(self.composer.emoji_button)
        self.until(lambda: self.composer.picker, "the emoji are shown")
        self.until(lambda: self.root.focus_get() is self.picker.entry, "the keyboard is in them")
        return self.picker


@pytest.fixture
def bench(folder: Path) -> Iterator[Bench]:
    bench = Bench(folder)
    yield bench
    bench.composer.destroy()
    bench.theme.close()
    bench.root.destroy()


def test_an_emoji_is_searched_and_chosen_by_keyboard(bench: Bench) -> None:
    """Type, Enter: it stands where the cursor was, and one goes on writing; next time it comes first."""
    bench.composer.write("good  job")
    bench.composer.entry.mark_set("insert", "1.5")
    picker = bench.open()
    grid = picker.grid_view
    bench.type("thumbs up")
    bench.until(lambda: grid.shown[:1] == ["👍"], "it is found")
    assert "Thumbs up" in str(picker.name.cget("text"))
    bench.press("Return")
    bench.until(lambda: bench.composer.written == "good 👍 job", "it is chosen")
    assert bench.composer.picker is None
    bench.until(lambda: bench.root.focus_get() is bench.composer.entry, "one goes on writing")

    grid = bench.open().grid_view
    assert grid.shown[0] == "👍"
    assert grid.shown.count("👍") == 1


def test_arrows_go_through_the_grid(bench: Bench) -> None:
    """Left, right, up and down, page by page, and what is chosen is always in sight."""
    grid = bench.open().grid_view
    bench.until(lambda: len(grid.shown) > 500, "all were looked at")
    bench.press("Right", "Down")
    bench.until(lambda: grid.chosen == grid.columns + 1, "one down, one right")
    bench.press("Next", "Next", "Down")
    bench.until(lambda: grid.chosen == grid.columns * (2 * 5 + 2) + 1, "further down")
    assert grid.top <= grid.chosen // grid.columns < grid.top + grid.rows
    chosen = grid.shown[grid.chosen]
    bench.press("Return")
    bench.until(lambda: bench.composer.written == chosen, "it is chosen")


def test_a_fast_typist_gets_what_was_typed(bench: Bench) -> None:
    """Enter right behind the word chooses what the word means, not what was shown before."""
    bench.open()
    bench.type("rocket")
    bench.press("Return")
    bench.until(lambda: bench.composer.written, "it is chosen")

    assert bench.composer.written == "🚀"


def test_an_emoji_is_chosen_by_mouse(bench: Bench) -> None:
    """The wheel moves the grid, a click chooses."""
    grid = bench.open().grid_view
    bench.until(lambda: len(grid.shown) > 500, "all were looked at")
    bench.roll(grid.winfo_rootx() + 60, grid.winfo_rooty() + 60, 2)
    bench.until(lambda: grid.top == 2, "it has moved")
    expected = grid.shown[3 * grid.columns + 1]
    bench.click(grid.winfo_rootx() + 60, grid.winfo_rooty() + 60)

    bench.until(lambda: bench.composer.written == expected, "it is chosen")


def test_the_emoji_go_away_without_a_choice(bench: Bench) -> None:
    """By Esc, by the button again, and by going on elsewhere; nothing is written."""
    bench.open()
    bench.press("Escape")
    bench.until(lambda: bench.composer.picker is None, "they are gone")
    bench.until(lambda: bench.root.focus_get() is bench.composer.entry, "one goes on writing")
    bench.open()
    bench.click_on(bench.composer.entry)
    bench.until(lambda: bench.composer.picker is None, "they are gone again")

    assert bench.composer.written == ""


def test_only_what_can_be_drawn_is_offered(bench: Bench) -> None:
    """An emoji that no font has would be a box."""
    picker = bench.open()
    grid = picker.grid_view
    bench.until(lambda: len(grid.shown) > 500, "all were looked at")
    drawable = picker.drawable

    assert emoji_picker.MISSING not in drawable
    assert "😀" in drawable
    assert all(one in drawable for one in grid.shown)


def test_an_old_libxft_is_not_given_colour(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would end the program; it is said that there are none, or those without colour are offered."""
    if bench.root.tk.call("tk", "windowingsystem") != "x11":
        pytest.skip("only X11 draws through libXft")
    monkeypatch.setattr(emoji_font, "xft_version", lambda: 20304)
    picker = bench.open()
    grid = picker.grid_view
    bench.until(lambda: picker.complete, "all were looked at")

    def family(emoji: str) -> str:
        return str(bench.root.tk.call("font", "actual", str(grid.letters), "-family", "--", emoji)).lower()

    assert not [one for one in grid.shown if "color" in family(one)]
    assert "color" not in str(grid.letters.actual("family")).lower()


@pytest.mark.parametrize("size", ["400x380", "640x400", "1500x1000"])
@pytest.mark.parametrize("percent", [100, 200])
def test_the_emoji_fit_into_the_window(bench: Bench, size: str, percent: int) -> None:
    """However small it is, field and name are in it, and at least a row to choose from."""
    bench.theme.zoom(percent)
    bench.root.geometry(size)
    bench.root.update()
    bench.composer.pick_emoji()
    bench.root.update()
    picker = bench.picker
    left, right = picker.winfo_rootx(), picker.winfo_rootx() + picker.winfo_width()
    assert left >= bench.root.winfo_rootx()
    assert right <= bench.root.winfo_rootx() + bench.root.winfo_width()
    assert picker.winfo_rooty() >= bench.root.winfo_rooty()
    assert picker.grid_view.rows >= 1


def test_what_was_chosen_is_there_the_next_time(folder: Path, server: ServerProcess) -> None:
    """Ctrl-E opens them in the chat; the one that was chosen comes first after a new start too."""
    desk = in_the_chat(folder, server)
    desk.press("ctrl+e")
    desk.until(lambda: desk.chat.composer.picker, "they are open")
    desk.type("rocket")
    picker = desk.chat.composer.picker
    assert picker is not None
    desk.until(lambda: picker.grid_view.shown[:1] == ["🚀"], "it is found")
    desk.press("Return")
    desk.until(lambda: desk.chat.composer.written == "🚀", "it is chosen")
    desk.window.close()
    assert load_settings(folder).emoji == "🚀"

    again = Desk(folder, load_settings(folder))
    try:
        again.press("Return")
        again.until(lambda: again.window.join is None, "the chat is entered")
        again.chat.composer.pick_emoji()
        assert again.chat.composer.picker is not None
        assert again.chat.composer.picker.grid_view.shown[0] == "🚀"
    finally:
        again.window.close()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", ["plain"]),
        ("ok 😀👍 fine", ["ok ", "😀👍", " fine"]),
        ("❤️ and ✓ → 1 ©", ["❤️", " and ✓ → 1 ©"]),
        ("مرحبا 🎉", ["مرحبا ", "🎉"]),
    ],
)
def test_emoji_in_a_text_have_runs_of_their_own(text: str, parts: list[str]) -> None:
    """Signs that are letters of a text stay in its font."""
    runs = list(emoji_font.in_colour([(text, ("body",))]))

    assert [words for words, _ in runs] == parts
    assert all((emoji_font.TAG in tags) == (words[0] in "😀❤🎉") for words, tags in runs)
