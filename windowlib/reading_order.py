"""Right-to-left paragraphs in a `Text` whose Tk orders nothing itself: how wide they are, and how they are copied.

Part of conversation.py and search_panel.py, in Tk's thread; how a paragraph is ordered is said in right_to_left.py. A
paragraph is drawn in lines of its own, which end where there is no more room. Whatever was copied, by Ctrl-C or by the
middle button, comes out as it was written: in the order of writing, in plain letters, without the ends of those lines.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from itertools import islice

from windowlib.emoji_font import in_colour
from windowlib.look import Theme
from windowlib.markup import BLOCK, CODE, LINK, MENTION, MOST_PARAGRAPHS
from windowlib.right_to_left import RIGHT, Paragraph, Run, has_right_to_left, lay_out
from windowlib.transcript import RIGHT_TAG

Row = tuple[Paragraph, int]  # a line that is drawn: of which paragraph, and which of its lines

LAID_TAG = "laid "  # and a number: a tag of what was put in order of one message
KEPT_WIDTHS = 20_000  # of letters in their fonts; a chat in all the world's scripts has fewer
MOST_MEASURED = 200  # letters that are new in one message: for each of them Tk may look through all fonts
EM = "—"  # as wide as this are the others taken to be: so are Chinese ones, of which a text may have more
MEANINGS = (LINK, CODE, BLOCK, MENTION)  # tags of words; the space before them has none of these
UNLIMITED = 1_000_000  # pixels, while the widget has no size yet


class ReadingOrder:
    """The paragraphs of one `Text` that were put in order. Where Tk does that itself it leaves everything as it is."""

    def __init__(self, text: tk.Text, theme: Theme) -> None:
        self._text, self._theme = text, theme
        self.stale = False  # what is drawn was laid out for another width, or in letters of another size
        self._room = UNLIMITED  # pixels between the edges of the widget
        self._percent = 0  # the size of everything for which that was looked at
        # Key: tag. The lines of the message from the first to the last that were put in order; None: this one was not.
        self._messages: dict[str, list[Row | None]] = {}
        self._count = 0
        self._unchecked = 0  # messages that came since those which are gone were looked for
        self._whole = ""  # what is selected, while another program takes it part by part
        self._widths: dict[str, dict[str, int]] = {}  # key: font; of letters
        self._to_measure = MOST_MEASURED  # letters of the message that is put in order now
        self._options: dict[tuple[tuple[str, ...], str], str] = {}  # key: tags, and the name of an option of theirs
        if not theme.tk_orders:
            text.bind("<<Copy>>", lambda _: self._copy())
            for kind in ("STRING", "UTF8_STRING"):
                text.selection_handle(self._selected, selection="PRIMARY", type=kind, format=kind)

    # --- drawing ---

    def lines(self, paragraphs: Sequence[tuple[Sequence[Run], str]]) -> list[list[Run]]:
        """The lines to draw for the paragraphs of one message, each of them with its direction, or "": by its letters.

        At most `MOST_PARAGRAPHS` of them are put in order, the first ones; the others are drawn as Tk draws them.
        """
        drawn: list[list[Run]] = []
        rows: list[Row | None] = []
        tag, ordered = f"{LAID_TAG}{self._count}", 0
        self._to_measure = MOST_MEASURED
        for place, (runs, base) in enumerate(paragraphs):
            if ordered == MOST_PARAGRAPHS:
                drawn += [list(runs) for runs, _ in paragraphs[place:]]
                break
            if self._is_to_order(runs):
                ordered += 1
                paragraph, lines = self._laid_out(runs, base, tag)
                drawn += lines
                rows += [(paragraph, number) for number in range(len(lines))]
            else:
                drawn.append(list(runs))
                if rows:
                    rows.append(None)
        if rows:
            self._messages[tag] = rows
            self._count += 1
            self._unchecked += 1
        return drawn

    def _is_to_order(self, runs: Sequence[Run]) -> bool:
        return not self._theme.tk_orders and any(has_right_to_left(words) for words, _ in runs)

    def _laid_out(self, runs: Sequence[Run], base: str, tag: str) -> tuple[Paragraph, list[list[Run]]]:
        """A paragraph, and its lines as they are drawn, with this tag."""
        tags = runs[0][1]
        margins = sum(int(float(self._option(tags, option) or 0)) for option in ("lmargin1", "rmargin"))
        paragraph, lines = lay_out(runs, self._widths_of, max(self._room - margins, 1), base)
        own = (tag, RIGHT_TAG) if paragraph.base == RIGHT else (tag,)
        drawn = [[(words.translate(self._theme.drawable), (*tags, *own)) for words, tags in line] for line in lines]
        if RIGHT_TAG in own and "body" in tags:  # the first line may have the time before it
            ground = tuple(one for one in tags if one not in MEANINGS)
            drawn = [[("\t", (*ground, *own)), *line] for line in drawn]
        return paragraph, drawn

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
        else:
            text.tag_configure(RIGHT_TAG, justify="right")
        if before != (self._room, self._percent):
            self.stale = bool(self._messages)

    def begin_anew(self) -> None:
        """Nothing is drawn any more."""
        self.stale = False
        self._unchecked = 0
        if self._messages:
            self._text.tag_delete(*self._messages)
            self._messages.clear()

    def tidy(self) -> None:
        """Forgets messages that are gone. All that were put in order have to be drawn, or gone, by now.

        It looks at two for each that came, in turn: at all of them at once would be felt, and so no more than twice as
        many are kept as are drawn.
        """
        for tag in list(islice(self._messages, 2 * self._unchecked)):
            rows = self._messages.pop(tag)
            if self._text.tag_nextrange(tag, "1.0"):
                self._messages[tag] = rows
            else:
                self._text.tag_delete(tag)
        self._unchecked = 0

    def _widths_of(self, letters: Sequence[str], tags: tuple[str, ...]) -> list[int]:
        font = self._option(tags, "font") or str(self._text.cget("font"))
        known = self._widths.setdefault(font, {})
        if len(known) > KEPT_WIDTHS:
            known.clear()
        usual = 0
        for letter in sorted(set(letters).difference(known)):
            if self._to_measure == 0:
                usual = self._measured(EM, tags, font)
                break
            self._to_measure -= 1
            known[letter] = self._measured(letter, tags, font)
        return [known.get(letter, usual) for letter in letters]

    def _measured(self, letter: str, tags: tuple[str, ...], font: str) -> int:
        drawn_with = next(in_colour([(letter, tags)]))[1]
        own = font if drawn_with == tags else self._option(drawn_with, "font")  # an emoji has another
        return int(self._text.tk.call("font", "measure", own, letter.translate(self._theme.drawable)))

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
        top, bottom = self._line_of(first), self._line_of(last)
        lines = text.get(f"{top}.0", f"{bottom}.end").split("\n")
        begin, end = len(text.get(f"{top}.0", first)), len(text.get(f"{bottom}.0", last))
        rows = self._rows_between(top, bottom)
        parts: list[str] = []
        for number, line in enumerate(lines, top):
            from_, to = begin if number == top else 0, end if number == bottom else len(line)
            row = rows.get(number)
            parts.append(line[from_:to] if row is None else _written_in(row, line, from_, to))
            if number < bottom and (row is None or not row[0].is_followed(row[1])):
                parts.append("\n")
        return "".join(parts)

    def run_at(self, first: str, last: str) -> str:
        """All of the link between two indexes, where they are of one: it may go on in the next line."""
        line = self._line_of(first)
        row = self._rows_between(line, line).get(line)
        if row is None:
            return self._text.get(first, last)
        drawn = self._text.get(f"{line}.0", first)
        return row[0].run_at(row[1], len(drawn) - _begin_of(drawn))

    def _rows_between(self, top: int, bottom: int) -> dict[int, Row]:
        """What is drawn in those lines of the widget that were put in order. Key: the line's number."""
        found: dict[int, Row] = {}
        for tag, rows in self._messages.items():
            place = self._text.tag_nextrange(tag, "1.0")
            if place and (above := int(str(place[0]).partition(".")[0])) <= bottom and above + len(rows) > top:
                found.update((number, row) for number, row in enumerate(rows, above) if row is not None)
        return found

    def _line_of(self, place: str) -> int:
        return int(self._text.index(place).partition(".")[0])

    # --- copying ---

    def _copy(self) -> str:
        if places := self._text.tag_ranges("sel"):
            self._text.clipboard_clear()
            self._text.clipboard_append(self.written(str(places[0]), str(places[-1])))
        return "break"

    def _selected(self, offset: str, length: str) -> str:
        """Part of what is selected, for whoever pastes it with the middle button: they ask from the beginning on."""
        if int(offset) == 0:
            places = self._text.tag_ranges("sel")
            self._whole = self.written(str(places[0]), str(places[-1])) if places else ""
        last = int(offset) + int(length) - 1
        return str(self._text.tk.call("string", "range", self._whole, offset, last))  # for Tk 8.6 an emoji is two


def _begin_of(line: str) -> int:
    """Where in a line that was put in order this begins: behind the time, and the tab that takes it to the right."""
    return line.rfind("\t") + 1


def _written_in(row: Row, line: str, first: int, last: int) -> str:
    """What was written for the characters from `first` to `last` of a line that was put in order."""
    paragraph, number = row
    begin = _begin_of(line)
    before = line[first : min(begin, last)].replace("\t\t", "\t").removeprefix("\t")
    if first <= begin and last == len(line):
        return before + paragraph.line_written(number)
    return before + paragraph.written([(number, max(first - begin, 0), max(last - begin, 0))])
