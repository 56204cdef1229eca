"""Right-to-left paragraphs in a `Text` whose Tk orders nothing itself: how wide they are, and how they are copied.

Part of conversation.py and search_panel.py, in Tk's thread; how a paragraph is ordered is said in right_to_left.py. A
paragraph is drawn in lines of its own, which end where there is no more room. Whatever was copied, by Ctrl-C or by the
middle button, comes out as it was written: in the order of writing, in plain letters, without the ends of those lines.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator, Sequence

from windowlib.emoji_font import in_colour
from windowlib.look import Theme
from windowlib.markup import BLOCK, CODE, LINK, MENTION
from windowlib.right_to_left import RIGHT, Paragraph, Run, has_right_to_left, lay_out
from windowlib.transcript import RIGHT_TAG

LAID_TAG = "laid "  # and a number: a tag of what was drawn of one paragraph
KEPT_WIDTHS = 20_000  # of letters in their fonts; a chat in all the world's scripts has fewer
MEANINGS = (LINK, CODE, BLOCK, MENTION)  # tags of words; the space before them has none of these
UNLIMITED = 1_000_000  # pixels, while the widget has no size yet


class ReadingOrder:
    """The paragraphs of one `Text` that were put in order. Where Tk does that itself it leaves everything as it is."""

    def __init__(self, text: tk.Text, theme: Theme) -> None:
        self._text, self._theme = text, theme
        self.stale = False  # what is drawn was laid out for another width, or in letters of another size
        self._room = UNLIMITED  # pixels between the edges of the widget
        self._percent = 0  # the size of everything for which that was looked at
        self._paragraphs: dict[str, Paragraph] = {}  # key: tag
        self._count = 0
        self._widths: dict[str, dict[str, int]] = {}  # key: font; of letters
        self._options: dict[tuple[tuple[str, ...], str], str] = {}  # key: tags, and the name of an option of theirs
        if not theme.tk_orders:
            text.bind("<<Copy>>", lambda _: self._copy())
            for kind in ("STRING", "UTF8_STRING"):
                text.selection_handle(self._selected, selection="PRIMARY", type=kind, format=kind)

    # --- drawing ---

    def lines(self, runs: Sequence[Run], base: str = "") -> list[list[Run]]:
        """The lines to draw for a paragraph; `base` is its direction where its first letter does not say it."""
        if self._theme.tk_orders or not any(has_right_to_left(words) for words, _ in runs):
            return [list(runs)]
        tags = runs[0][1]
        margins = sum(int(float(self._option(tags, option) or 0)) for option in ("lmargin1", "rmargin"))
        paragraph, lines = lay_out(runs, self._widths_of, max(self._room - margins, 1), base)
        tag = f"{LAID_TAG}{self._count}"
        self._count += 1
        self._paragraphs[tag] = paragraph
        drawn = [[(words.translate(self._theme.drawable), (*tags, tag)) for words, tags in line] for line in lines]
        if paragraph.base == RIGHT and "body" in tags:
            ground = tuple(tag for tag in tags if tag not in MEANINGS)
            drawn = [[("\t", (*ground, RIGHT_TAG)), *line] for line in drawn]
        return drawn

    def fit(self) -> None:
        """The widget has another size, or the letters have."""
        self._widths.clear()
        self._options.clear()
        text = self._text
        if self._theme.tk_orders or text.winfo_width() <= 1:
            return
        edges = sum(int(str(text.cget(option))) for option in ("padx", "highlightthickness", "borderwidth"))
        before = self._room, self._percent
        self._room, self._percent = text.winfo_width() - 2 * edges, self._theme.percent
        if gutter := int(float(self._option(("body",), "lmargin2") or 0)):  # else no lines stand at the right in it
            right = self._room - int(float(self._option(("body",), "rmargin") or 0))
            text.tag_configure(RIGHT_TAG, tabs=(gutter, max(right, gutter + 1), "right"))
        if before != (self._room, self._percent):
            self.stale = bool(self._paragraphs)

    def begin_anew(self) -> None:
        """Nothing is drawn any more."""
        self.stale = False
        if self._paragraphs:
            self._text.tag_delete(*self._paragraphs)
            self._paragraphs.clear()

    def tidy(self) -> None:
        """Forgets the paragraphs that are gone."""
        for tag in [tag for tag in self._paragraphs if not self._text.tag_nextrange(tag, "1.0")]:
            del self._paragraphs[tag]
            self._text.tag_delete(tag)

    def _widths_of(self, letters: Sequence[str], tags: tuple[str, ...]) -> list[int]:
        font = self._option(tags, "font") or str(self._text.cget("font"))
        known = self._widths.setdefault(font, {})
        if len(known) > KEPT_WIDTHS:
            known.clear()
        for letter in set(letters).difference(known):
            drawn_with = next(in_colour([(letter, tags)]))[1]
            own = font if drawn_with == tags else self._option(drawn_with, "font")  # an emoji has another
            shown = letter.translate(self._theme.drawable)
            known[letter] = int(self._text.tk.call("font", "measure", own, shown))
        return [known[letter] for letter in letters]

    def _option(self, tags: tuple[str, ...], option: str) -> str:
        """What Tk takes for `option` where these tags are: that of the highest one which says something."""
        if (tags, option) not in self._options:
            said = [str(self._text.tag_cget(tag, option)) for tag in self._text.tag_names() if tag in tags]
            self._options[tags, option] = next(filter(None, reversed(said)), "")
        return self._options[tags, option]

    # --- as it was written ---

    def written(self, first: str, last: str) -> str:
        """What was written for what stands between two indexes."""
        text = self._text
        parts: list[str] = []
        for line in self._lines_between(first, last):
            start, end = self._later(first, f"{line}.0"), self._earlier(last, f"{line + 1}.0")
            laid = self._laid_in(line)
            if laid is None:
                parts.append(text.get(start, end))
                continue
            tag, number, begin, stop = laid
            paragraph = self._paragraphs[tag]
            parts.append(text.get(start, self._earlier(begin, end)).replace("\t\t", "\t").removeprefix("\t"))
            from_, to = self._later(start, begin), self._earlier(end, stop)
            parts.append(paragraph.written([(number, self._offset(begin, from_), self._offset(begin, to))]))
            if number + 1 == len(paragraph.starts) and text.compare(end, ">", stop):
                parts.append("\n")
        return "".join(parts)

    def run_at(self, first: str, last: str) -> str:
        """All of the link between two indexes, where they are of one: it may go on in the next line."""
        laid = self._laid_in(int(self._text.index(first).partition(".")[0]))
        if laid is None:
            return self._text.get(first, last)
        tag, number, begin, _ = laid
        return self._paragraphs[tag].run_at(number, self._offset(begin, first))

    def _laid_in(self, line: int) -> tuple[str, int, str, str] | None:
        """The tag of the paragraph of which a line is one, which of its lines it is, and where that begins and ends."""
        text = self._text
        for tag in text.tag_names(f"{line}.end - 1 chars"):
            if tag in self._paragraphs and (place := text.tag_nextrange(tag, f"{line}.0", f"{line}.end")):
                above = int(str(text.tag_ranges(tag)[0]).partition(".")[0])
                return tag, line - above, str(place[0]), str(place[1])
        return None

    def _lines_between(self, first: str, last: str) -> Iterator[int]:
        lines = [int(self._text.index(place).partition(".")[0]) for place in (first, last)]
        yield from range(lines[0], lines[1] + 1)

    def _offset(self, begin: str, place: str) -> int:
        """Characters between two indexes: for Tk 8.6 itself an emoji is two."""
        return len(self._text.get(begin, place)) if self._text.compare(begin, "<", place) else 0

    def _later(self, one: str, other: str) -> str:
        return one if self._text.compare(one, ">", other) else other

    def _earlier(self, one: str, other: str) -> str:
        return one if self._text.compare(one, "<", other) else other

    # --- copying ---

    def _copy(self) -> str:
        if places := self._text.tag_ranges("sel"):
            self._text.clipboard_clear()
            self._text.clipboard_append(self.written(str(places[0]), str(places[-1])))
        return "break"

    def _selected(self, offset: str, length: str) -> str:
        """Part of what is selected, for whoever pastes it with the middle button."""
        places = self._text.tag_ranges("sel")
        whole = self.written(str(places[0]), str(places[-1])) if places else ""
        last = int(offset) + int(length) - 1
        return str(self._text.tk.call("string", "range", whole, offset, last))  # for Tk 8.6 an emoji is two
