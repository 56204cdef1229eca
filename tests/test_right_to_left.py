# ruff: noqa: RUF001  # letters of other scripts are what this is about
"""Right-to-left text where Tk orders nothing itself: against two libraries that do, and in the real window."""

from __future__ import annotations

import re
import subprocess
import threading
import time
import tkinter as tk
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest
from arabic_reshaper import ArabicReshaper
from bidi import get_display
from bidi.mirror import MIRRORED
from hypothesis import example, given
from hypothesis import strategies as st

from desk import Desk, flood, in_the_chat
from messages import message
from peers import Peer
from processes import ServerProcess
from protocol import SeenWith
from windowlib import pointing
from windowlib.markup import MOST_PARAGRAPHS
from windowlib.reading_order import LAID_TAG
from windowlib.right_to_left import (
    LEFT,
    RIGHT,
    Drawable,
    Run,
    base_direction,
    has_right_to_left,
    joined,
    lay_out,
    levels,
    mirrored,
    ordered,
)
from windowlib.transcript import RIGHT_TAG, SEEN, STORED

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


def test_forms_that_no_font_has() -> None:
    """Such a letter is drawn unjoined rather than as a box, and all others as ever."""
    missing = "\ufba6\ufba7\ufba8\ufba9"
    drawable = Drawable(lambda letter: letter not in missing)
    assert "".join(joined("ہم")).translate(drawable) == "ہ\ufee2"
    nothing_at_all = Drawable(lambda letter: letter not in f"{missing}ہ")
    assert "".join(joined("ہم")).translate(nothing_at_all) == "\ufba8\ufee2"


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
        ("נ\u05b8א", "א\u05b8נ"),  # a mark stands before its letter, which is where fonts have it over
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


def ten_each(letters: Sequence[str], _tags: tuple[str, ...]) -> list[int]:
    return [10 * len(letter) for letter in letters]


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


# --- in the window ----------------------------------------------------------------------------------------------------

HEBREW = "אני גר ברחוב הרצל 12, דירה 3 (קומה ב) ואוהב לכתוב הודעות ארוכות מאוד, כדי שהשורה תישבר באמצע ואז עוד קצת"
ENGLISH = "an English message with שתי מילים in it, and long enough to be broken into lines, with שתי מילים at its end"


def show(desk: Desk, *texts: str) -> tk.Text:
    """Has Bob say these, and waits until they are drawn."""
    said = [message("Bob", text) for text in texts]
    flood(desk, said)
    view = desk.chat.conversation
    desk.until(lambda: view.newest == said[-1].seq, "they are drawn")
    desk.until(view.at_end, "they are in sight")
    return view.text


def laid_lines(text: tk.Text) -> list[tuple[str, str]]:
    """First and last index of all that was laid out, line by line."""
    lines: set[int] = set()
    for tag in text.tag_names():
        if tag.startswith(LAID_TAG):
            places = [int(text.index(place).partition(".")[0]) for place in text.tag_ranges(tag)]
            for first, last in zip(places[::2], places[1::2], strict=True):
                lines.update(range(first, max(last, first + 1)))
    found: list[tuple[str, str]] = []
    for line in sorted(lines):
        begin = text.get(f"{line}.0", f"{line}.end").rfind("\t") + 1
        found.append((f"{line}.{begin}", text.index(f"{line}.end")))
    return found


def drawn_in(text: tk.Text) -> list[str]:
    return [text.get(*place) for place in laid_lines(text)]


def fits(text: tk.Text) -> bool:
    """Whether Tk breaks none of the lines that were laid out, and the text goes as far as it can."""
    text.update()
    places = laid_lines(text)
    return all(text.count(first, last, "displaylines") in (None, 0, (0,)) for first, last in places)


def rows_drawn(desk: Desk) -> list[str]:
    """What stands in the list beside the conversation."""
    canvas = desk.chat.sidebar.list
    words = [item for item in canvas.find_all() if str(canvas.tk.call(canvas, "type", item)) == "text"]
    return [str(canvas.tk.call(canvas, "itemcget", item, "-text")) for item in words]


def copied(desk: Desk, first: str, last: str) -> str:
    """What Ctrl-C makes of a part of the conversation."""
    text = desk.chat.conversation.text
    text.tag_remove("sel", "1.0", "end")
    text.tag_add("sel", first, last)
    text.focus_force()
    desk.until(lambda: desk.root.focus_get() is text, "the conversation has the keyboard")
    desk.root.clipboard_clear()
    desk.root.clipboard_append("nothing")
    desk.press("ctrl+c")
    desk.until(lambda: desk.root.clipboard_get() != "nothing", "it is copied")
    return desk.root.clipboard_get()


def test_a_message_is_drawn_as_it_is_read(joined: Desk) -> None:
    """Its first letter is at the right edge of the column, the next one left of it, joined where letters are."""
    text = show(joined, "سلام (abc)", "plain")
    [drawn] = drawn_in(text)
    assert drawn == "(abc) \ufee1\ufefc\ufeb3"

    joined.root.update()
    [(first, _)] = laid_lines(text)
    places = [text.bbox(f"{first} + {number} chars") for number in range(len(drawn))]
    assert all(places)
    right = max(place[0] + place[2] for place in places if place)
    edge = text.winfo_width() - int(str(text.cget("padx"))) - int(str(text.cget("highlightthickness")))
    assert right == edge - int(str(text.tag_cget("body", "rmargin")))
    assert RIGHT_TAG not in text.tag_names(text.search("plain", "1.0"))


def test_a_long_message_is_broken_where_one_reads_on(joined: Desk) -> None:
    """The beginning stands in the first line, and no line is wider than there is room; also when that has changed."""
    text = show(joined, HEBREW, ENGLISH)
    before = drawn_in(text)
    assert before[0].endswith("רג ינא")
    assert fits(text)

    joined.resize("700x500")
    joined.until(lambda: len(drawn_in(text)) > len(before), "it is laid out anew")
    assert fits(text)
    assert drawn_in(text)[0].endswith("רג ינא")
    joined.resize("1200x700")
    joined.until(lambda: len(drawn_in(text)) < len(before), "it is laid out anew")
    assert fits(text)


def test_larger_letters(joined: Desk) -> None:
    """When everything is drawn larger, less goes into a line."""
    text = show(joined, HEBREW)
    before = drawn_in(text)
    for key in ("ctrl+plus", "ctrl+plus", "ctrl+plus"):
        joined.press(key)
    joined.until(lambda: len(drawn_in(text)) > len(before), "it is laid out anew")
    joined.until(lambda: fits(text), "it fits")
    joined.press("ctrl+0")
    joined.until(lambda: drawn_in(text) == before, "it is as it was")


def test_ones_place_is_kept_while_reading(joined: Desk) -> None:
    """Whoever reads further up stays there when the window is made smaller; at the end all is laid out anew."""
    text = show(joined, *[f"{HEBREW} {number}" for number in range(40)])
    joined.click_on(text)
    joined.press("Prior", "Prior")
    view = joined.chat.conversation
    joined.until(lambda: not view.following, "one reads further up")
    before = text.get("@0,0 linestart", "@0,0 lineend")

    joined.resize("700x600")
    joined.settle()
    assert text.get("@0,0 linestart", "@0,0 lineend") == before
    joined.press("End")
    joined.until(lambda: fits(text), "it is laid out anew")
    joined.until(view.at_end, "one is at the end")


def test_copying(joined: Desk) -> None:
    """What is copied is what was written, in one line; beside it what needs no order, as ever."""
    text = show(joined, "line 1", HEBREW, "two\nسلام لا\nthree", "آخر 😀 كلمة https://example.org/")
    whole = copied(joined, text.search("line 1", "1.0"), "end-1c")
    plain = re.sub(r"^\d\d:\d\d\t", "", whole, flags=re.MULTILINE)
    assert plain.startswith(f"line 1\n{HEBREW}\ntwo\nسلام لا\nthree\nآخر 😀 كلمة https://example.org/\n")

    first, last = laid_lines(text)[0]
    assert copied(joined, f"{last} - 3 chars", last) == HEBREW[:3]
    assert copied(joined, f"{last} - 3 chars", f"{last} lineend + 1 lines linestart").startswith(HEBREW[:3])
    assert copied(joined, first, f"{first} + 1 chars") in HEBREW


def test_the_middle_button(joined: Desk) -> None:
    """Another program gets what was written, too, also where it is so long that it is asked for in parts."""
    long = "سلام لا 😀 (abc) " * 200 + "."
    text = show(joined, long)
    text.tag_add("sel", laid_lines(text)[0][0], "end")

    assert pasted_elsewhere(joined, "primary").startswith(f"{long}\n")


def pasted_elsewhere(desk: Desk, selection: str) -> str:
    """What another program gets of what is selected ("primary"), or was copied ("clipboard")."""
    desk.root.update()  # the screen is told whose selection it is
    with subprocess.Popen(
        ["xclip", "-o", "-selection", selection, "-t", "UTF8_STRING"], stdout=subprocess.PIPE, encoding="utf-8"
    ) as reading:
        pasted: list[str] = []
        assert reading.stdout is not None
        taking = threading.Thread(target=lambda out=reading.stdout: pasted.append(out.read()))
        taking.start()
        desk.until(lambda: pasted, "xclip has read it")
        taking.join()
    return pasted[0]


def test_all_lines_of_a_message_are_copied(joined: Desk) -> None:
    """Whether they were put in order, need none, are empty, or come after so many that they are not any more."""
    text = "\n".join(["שלום (א)", "plain", "", "سلام لا  ", *(f"מספר {number}" for number in range(MOST_PARAGRAPHS))])
    shown = show(joined, "above", text, "below")
    begin = shown.search("below", "1.0")
    whole = copied(joined, "1.0", f"{begin} lineend")

    assert re.search(rf"above\n(\d\d:\d\d\t)?{re.escape(text)}\n(\d\d:\d\d\t)?below$", whole)
    assert len(drawn_in(shown)) == MOST_PARAGRAPHS
    assert shown.search(text[-8:], "1.0")  # which is drawn as Tk draws it


def test_a_thousand_messages_are_copied_at_once(joined: Desk) -> None:
    """Ctrl-C and the middle button take what is drawn as it was written, without ordering each message once more.

    It took 11 seconds, in which the window stood still.
    """
    text = show(joined, *[f"كيف كان يومكم في المدرسة؟ {number}" for number in range(1000)])
    started = time.thread_time()
    copied(joined, "1.0", "end-1c")
    pasted = [pasted_elsewhere(joined, "clipboard"), pasted_elsewhere(joined, "primary")]
    took = time.thread_time() - started

    assert pasted[0].count("كيف كان يومكم في المدرسة؟") == len(drawn_in(text)) == 1000
    assert pasted[1] == pasted[0]
    assert took < 0.3


def test_lines_of_one_letter_are_no_way_to_stop_a_window(joined: Desk) -> None:
    """A text of nothing but them takes about twice as long as one of Latin letters; it took eight times as long."""
    took = {"a\n" * 1999: 9.9, "א\n" * 1999: 9.9}
    for _ in range(6):
        for text, before in took.items():
            started = time.thread_time()
            show(joined, *[text] * 4)
            took[text] = min(before, time.thread_time() - started)

    latin, hebrew = took.values()
    assert hebrew < 3 * latin


def test_letters_of_all_kinds_are_no_way_to_stop_a_window(joined: Desk) -> None:
    """The longest text of letters that are all new takes a few times as long as one of known ones; it took 25 times."""
    order = joined.chat.conversation.order
    new = ["א" + "".join(map(chr, range(first, first + 3999))) for first in range(0x4E00, 0x9000, 4000)]
    took: list[float] = []
    for text in (*["א" + "一" * 3999] * 2, *new):
        started = time.thread_time()
        order.lines([([(text, ("body",))], "")])
        took.append(time.thread_time() - started)

    assert min(took[2:]) < 6 * min(took[:2])


def test_tags_of_what_is_gone_go_as_well(joined: Desk) -> None:
    """However much was said, there are no more than twice as many as messages are drawn."""
    for _ in range(10):
        text = show(joined, *["שלום"] * 300)
    tags = [tag for tag in text.tag_names() if tag.startswith(LAID_TAG)]

    assert len(drawn_in(text)) < 2100
    assert len(tags) < 2 * len(drawn_in(text))


def test_a_link_is_opened_as_it_was_written(joined: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it has letters that go to the left, and goes on in the next line."""
    opened: list[str] = []
    monkeypatch.setattr(pointing, "open_in_browser", opened.append)
    link = "https://he.wikipedia.org/wiki/" + "ירושלים_" * 20 + "?a=1"
    text = show(joined, f"ראו {link} מחר")
    ranges = text.tag_ranges("link")
    assert len(ranges) > 2

    for place in (ranges[0], ranges[-2]):
        joined.root.update()
        box = text.bbox(place)
        assert box is not None
        joined.click(text.winfo_rootx() + box[0] + 3, text.winfo_rooty() + box[1] + 5)
        joined.until(lambda: opened, "it is opened")
        assert opened.pop() == link


def test_what_becomes_of_an_own_message(folder: Path, server: ServerProcess) -> None:
    """Below a private message of one's own stands that it is stored, and then that it was seen."""
    bob = Peer.join(server, "Bob")
    desk = in_the_chat(folder, server)
    try:
        desk.click_on_row("person bob")
        desk.until(lambda: desk.chat.conversation.talk.address == "Bob", "it is open")
        desk.chat.input.send("שלום לך")
        transcript = desk.chat.conversation.transcript
        desk.until(lambda: transcript.newest, "it is in the log")
        desk.sees(f"ךל םולש\n{STORED}")
        bob.send(SeenWith("Ada", transcript.newest or 0))
        desk.sees(f"ךל םולש\n{SEEN}")
    finally:
        desk.window.close()


def test_names(folder: Path, server: ServerProcess) -> None:
    """Of people, in the list, above what they say, and in what the window says of them."""
    dana = Peer.join(server, "דנה לוי")
    desk = in_the_chat(folder, server)
    try:
        desk.until(lambda: desk.chat.sidebar.box("person דנה לוי"), "she is listed")
        desk.until(lambda: "יול הנד" in rows_drawn(desk), "her name is drawn")
        dana.say("hello מחר")
        desk.sees("\tיול הנד   ")
        desk.sees("hello רחמ")
        dana.bye()
        desk.sees("יול הנד left")
    finally:
        desk.window.close()


def test_names_that_are_too_long(desk: Desk) -> None:
    """The ellipsis stands where the rest was: at the left, behind what is read first."""
    shortened = desk.window.theme.shortened("שלום לכולם פה", desk.window.theme.width_of("לכולם של"))
    assert shortened.startswith("…")
    assert shortened.endswith("םולש")


def test_what_is_found(folder: Path, server: ServerProcess) -> None:
    """Results of a search are in order as well, and stand at the right where they begin there."""
    bob = Peer.join(server, "Bob")
    bob.say("שלום pendulum (עולם)")
    bob.read_until(1)
    desk = in_the_chat(folder, server)
    try:
        desk.press("ctrl+f")
        search = desk.chat.search
        desk.until(lambda: desk.root.focus_get() is search.field, "one can type")
        desk.type("pendulum")
        desk.until(lambda: "(םלוע) pendulum םולש" in search.list.get("1.0", "end"), "it is found")
        assert search.list.get("match.first", "match.last") == "pendulum"
        desk.root.update()
        place, found = search.list.dlineinfo("match.first"), search.list
        assert place is not None
        edge = found.winfo_width() - int(str(found.cget("padx"))) - int(str(found.cget("highlightthickness")))
        assert place[0] + place[2] == edge - int(str(found.tag_cget("result", "rmargin")))
    finally:
        desk.window.close()
