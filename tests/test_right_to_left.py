# ruff: noqa: RUF001  # letters of other scripts are what this is about
"""Right-to-left text where Tk orders nothing itself: against two libraries that do, and in the real window."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from arabic_reshaper import ArabicReshaper
from bidi import get_display
from bidi.mirror import MIRRORED
from hypothesis import example, given
from hypothesis import strategies as st

from windowlib.right_to_left import (
    LEFT,
    RIGHT,
    Run,
    base_direction,
    has_right_to_left,
    joined,
    lay_out,
    levels,
    mirrored,
    ordered,
)

RESHAPER = ArabicReshaper({"delete_harakat": False, "delete_tatweel": False, "ARABIC LIGATURE ALLAH": False})
TEXTS = (
    "مرحبا بالعالم",  # Arabic
    "السلام عليكم، لا إله إلا الله",
    "قيمة الفاتورة 12.5% من ١٢٣٤ (المجموع)",
    "مرحبًا، كيفَ حالُك؟",
    "سلام، می‌خواهم کتاب‌ها را ببینم",  # Persian, with letters that must not join
    "یہ اردو ہے، ٹھیک ہے؟ ڈاکٹر گھر پر ہیں",  # Urdu
    "שלום עולם",  # Hebrew
    "בְּרֵאשִׁית בָּרָא אֱלֹהִים",
    "אני גר ברחוב הרצל 12, דירה 3 (קומה ב')",
    "meeting at 10:30 עם דנה (room 5) tomorrow",
    "הקישור: https://example.org/a?b=1 מחר ב-9:00",
    "abc (אבג [דהו] ז) def",
    "דנה said “مرحبا” and left",
    "+972-3-555-0199 הטלפון שלי",
    "1. ראשון; 2. שני",
)
# Letters, digits, signs and brackets of every type that orders them. Of tabs the library is not sure.
LETTERS = "אבגشمة123٣٤۵abc ,.-+%$()[]{}<>!?/:«»“”’é漢😀\u05b8\u0651"
ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهويىئءؤإأآةپچژگکیےہھٹڈں\u064e\u0651ـab 1"


def in_order(text: str, base: str) -> str:
    """The characters of `text` from left to right, by nothing but their levels: no marks, no mirrors, no joining."""
    outer = "1" if base == RIGHT else "0"
    ends = len(text.rstrip())
    found = levels(text, base)[:ends] + outer * (len(text) - ends)
    seen = ""
    for stretch in re.finditer("0+|[12]+", found):
        runs = list(re.finditer("0+|1+|2+", stretch.group()))
        for run in reversed(runs) if stretch.group()[0] != "0" else runs:
            words = text[stretch.start() + run.start() : stretch.start() + run.end()]
            seen += words[::-1] if run.group()[0] == "1" else words
    return seen


@pytest.mark.parametrize("text", TEXTS)
def test_order_of_sentences(text: str) -> None:
    """Sentences of several languages are ordered as python-bidi orders them."""
    for base in (LEFT, RIGHT):
        plain = text.replace("\u200c", "")  # which the library draws somewhere else; nobody can see where
        assert in_order(plain, base) == get_display(plain, base_dir=base)


@given(st.text(LETTERS, min_size=1, max_size=24), st.sampled_from((LEFT, RIGHT)))
@example("א(b)c", LEFT)
@example("a(א)\u05b8[b]", RIGHT)
def test_order_of_anything(text: str, base: str) -> None:
    """Whatever stands beside what, it is ordered as python-bidi orders it."""
    assert in_order(text, base) == get_display(text, base_dir=base)


@given(st.text(ARABIC, max_size=12))
@example("لله لآلإ")
def test_joining(text: str) -> None:
    """Every Arabic letter gets the form that arabic-reshaper gives it; lam and alef become one."""
    assert "".join(joined(text)) == RESHAPER.reshape(text)


@pytest.mark.parametrize("text", TEXTS)
def test_joining_of_sentences(text: str) -> None:
    assert "".join(joined(text)) == RESHAPER.reshape(text).replace("\u200c", "")


def test_letters_that_must_not_join() -> None:
    """Persian writes a word in two parts with a sign that is not seen and keeps two letters apart."""
    assert joined("می\u200cخ") == ["\ufee3", "\ufbfd", "", "\ufea5"]
    assert joined("ه\u200d") == ["\ufeeb", ""]
    assert joined("\u200dلا") == ["\u200d", "\ufefc", ""]


def test_mirrors() -> None:
    """Brackets, quotation marks and comparisons are drawn as their opposites, and nothing else as anything else."""
    for letter in map(chr, range(0x20000)):
        if letter in MIRRORED and unicodedata.category(letter) in ("Ps", "Pe", "Pi", "Pf"):
            known = "TIBETAN" not in unicodedata.name(letter) and "OGHAM" not in unicodedata.name(letter)
            assert mirrored(letter) == (MIRRORED[letter] if known else letter)
        elif mirrored(letter) != letter:
            assert MIRRORED.get(letter, mirrored(letter)) == mirrored(letter)
    assert [mirrored(sign) for sign in "<>≤≥"] == list("><≥≤")


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("שלום (עולם)", "(םלוע) םולש"),
        ("abc", "abc"),
        ("דנה is writing…", "הנד is writing…"),
        ("נ\u05b8א", "אנ\u05b8"),  # a mark stands behind its letter, which is where Tk puts it over
        ("א👨\u200d👩\u200d👧ב", "ב👨\u200d👩\u200d👧א"),  # one emoji of several
        ("א👍🏽ב❤\ufe0fג", "ג❤\ufe0fב👍🏽א"),
        ("א\tב", "א    ב"),  # a tab goes the way of the line
        ("لا", "\ufefb"),
    ],
)
def test_single_lines(text: str, drawn: str) -> None:
    assert ordered(text) == drawn


def test_direction_is_that_of_the_first_letter() -> None:
    assert base_direction("12 - שלום hello") == RIGHT
    assert base_direction("@Ada שלום") == LEFT
    assert base_direction("12 - ?") == LEFT


def test_most_texts_have_nothing_to_do() -> None:
    assert not any(map(has_right_to_left, ("", "plain", "naïve café", "日本語", "привет", "😀 👍🏽", "हिन्दी")))
    assert all(map(has_right_to_left, (*TEXTS, "٣", "\ufefb", "\U0001e900")))


# --- lines ------------------------------------------------------------------------------------------------------------


def ten_each(letters: str, _tags: tuple[str, ...]) -> int:
    return 10 * len(letters)


def drawn_lines(text: str, width: int) -> list[str]:
    """The lines of a text in one run."""
    return ["".join(words for words, _ in line) for line in lay_out([(text, ("body",))], ten_each, width)[1]]


def test_lines_are_broken_before_they_are_ordered() -> None:
    """The first words stand in the first line; spaces at its end are not drawn, and need no room."""
    assert drawn_lines("אבג דהו זחט", 80) == ["והד גבא", "טחז"]
    assert drawn_lines("אבג דהו זחט", 70) == ["והד גבא", "טחז"]
    assert drawn_lines("אבג דהו זחט", 60) == ["גבא", "והד", "טחז"]


def test_a_word_longer_than_a_line_is_broken() -> None:
    assert drawn_lines("אב גדהוזחט", 40) == ["בא", "והדג", "טחז"]
    assert drawn_lines("א", 1) == ["א"]
    assert drawn_lines("     אב", 20) == [" ", "בא"]


def test_runs_keep_their_tags() -> None:
    """A link within a sentence stands where it is read, and is still a link; in two lines it is one in both."""
    runs: list[Run] = [("ראו ", ("body",)), ("http://a.b", ("body", "link")), (" מחר", ("body",))]
    _, lines = lay_out(runs, ten_each, 1000)
    assert lines == [[("רחמ ", ("body",)), ("http://a.b", ("body", "link")), (" ואר", ("body",))]]

    _, lines = lay_out(runs, ten_each, 70)
    assert lines == [
        [("ואר", ("body",))],
        [("http://", ("body", "link"))],
        [("רחמ ", ("body",)), ("a.b", ("body", "link"))],
    ]


@given(
    st.lists(st.text(LETTERS + ARABIC + "\u200c\u200d\t🏽\ufe0f", min_size=1, max_size=30), min_size=1, max_size=4),
    st.integers(5, 300),
)
def test_what_was_written_comes_back(words: list[str], width: int) -> None:
    """All lines together are what was written, each is a part of it; none is wider than there is room."""
    text = "".join(words)
    paragraph, lines = lay_out([(part, (str(number),)) for number, part in enumerate(words)], ten_each, width)
    lengths = [sum(len(part) for part, _ in line) for line in lines]

    assert paragraph.written((number, 0, length) for number, length in enumerate(lengths)) == text
    parts = [paragraph.written([(number, 0, length)]) for number, length in enumerate(lengths)]
    assert "".join(parts) == text
    assert all(parts)
    for number, length in enumerate(lengths):
        pieces = [paragraph.written([(number, at, at + 1)]) for at in range(length)]
        assert set("".join(pieces)) == set(parts[number])
        assert 10 * length <= width or pieces[0] == parts[number]  # what stays together is wider than a line
        assert all(paragraph.run_at(number, at) in words for at in range(length))


def test_part_of_a_line_is_copied_as_it_was_written() -> None:
    """In the order of writing and in plain letters, whatever part of what is drawn one takes."""
    paragraph, [[(drawn, _)]] = lay_out([("سلام لا (abc)", ("body",))], ten_each, 1000)
    end = len(drawn)

    assert paragraph.written([(0, end - 2, end)]) == "سلا"
    assert paragraph.written([(0, end - 5, end)]) == "سلام لا"
    assert paragraph.written([(0, drawn.index("abc"), drawn.index("abc") + 3)]) == "abc"
    assert paragraph.written([(0, drawn.index("\ufefb"), drawn.index("\ufefb") + 1)]) == "لا"


@pytest.mark.parametrize(
    "text",
    [
        "א" * 4000, "א " * 2000, "(" * 3999 + "א", "()" * 1999 + "א", "(א" * 2000,
        "א" + " " * 3998 + "\t", "א\t" * 2000,
        "%" * 3999 + "א", "א" + "5 " * 1999, "(" * 62 + "(א)" * 1290 + ")" * 62, "א" + "\u05b8" * 3999, "لا" * 2000,
        "א\u200d" * 2000, "א1,2" * 1000,
    ],
    ids=range(14),
)  # fmt: skip
def test_time_is_in_proportion(text: str) -> None:
    """No text of the greatest length takes long; what grows with the square of the length takes seconds.

    The limit is far above what it takes (10 ms), for a computer that does other things meanwhile.
    """
    started = time.process_time()
    lay_out([(text, ("body",))], ten_each, 700)

    assert time.process_time() - started < 0.25


def test_unknown_letters_go_the_way_of_their_block() -> None:
    """What this Python's Unicode does not know yet is taken for a letter of the script it lies in."""
    assert unicodedata.bidirectional("\U0001ecff") == ""
    assert levels("\U0001ecffa", LEFT) == "10"
