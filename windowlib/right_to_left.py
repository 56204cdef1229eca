"""Arabic, Hebrew and other right-to-left text, made ready for a Tk that draws it from left to right, letter by letter.

On X11 Tk puts one letter after the other, as they are stored; on Windows and macOS the system orders and joins them.
What is drawn there is therefore handed to Tk in the order in which it is seen: by the Unicode bidirectional algorithm
(UAX #9, without the explicit controls, which names.py takes away), mirrored brackets and joined Arabic letters
included. Called by transcript.py, reading_order.py and look.py in Tk's thread, and by markup.py; no Tk in here. Texts
come from anybody, so everything takes time in proportion to their length.

What cannot be done: the field in which one writes shows the letters as Tk draws them, since their order changes with
every key and Tk knows only one; and letters without presentation forms in Unicode (some of Pashto and Sindhi, Syriac)
stay unjoined.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, groupby, pairwise, product

Run = tuple[str, tuple[str, ...]]  # a stretch of text and the tags it is drawn with
Measure = Callable[[Sequence[str], tuple[str, ...]], Iterable[int]]  # pixels of each letter, drawn with these tags
Cell = tuple[str, str, int, int]  # its level, what is drawn, where in the text as written it begins and ends

TAB = "    "  # what a tab is drawn as: it has a place in the line only once the line was ordered
JOINER, NON_JOINER, TATWEEL, LAM = "\u200d", "\u200c", "\u0640", "\u0644"
MARK = "\u200f"  # a letter that is not seen and goes to the left
OPEN_BRACKETS = 63  # that are remembered at once (UAX #9, BD16)
RIGHT, LEFT = "R", "L"

# The blocks in which the letters and digits of these scripts lie, with those not assigned yet.
_ANY = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff]")
_SPACES = re.compile(" +")
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff]")  # follow the emoji that they colour


def has_right_to_left(text: str) -> bool:
    """Whether there is anything to do. Asked for every text that is drawn, and most have nothing."""
    return not text.isascii() and _ANY.search(text) is not None


# --- the direction of each character ----------------------------------------------------------------------------------

# Unicode's bidirectional types, one letter each, so that its rules are replacements in a string.
_LETTERS = {
    "L": "L", "R": "R", "AL": "A", "EN": "E", "AN": "N", "ES": "S", "ET": "T", "CS": "C", "NSM": "M", "B": "P",
    "S": "G", "WS": "W", "ON": "O",
}  # fmt: skip
_NEITHER = str.maketrans("SCT", "OOO")
_NUMBERS_AS_RIGHT = str.maketrans("EN", "RR")
_LEVELS = {LEFT: str.maketrans("LREN", "0122"), RIGHT: str.maketrans("LREN", "2122")}
_OPPOSITES = {"LEFT": "RIGHT", "RIGHT": "LEFT", "LESS": "GREATER", "GREATER": "LESS"}
_OPPOSITE = re.compile(rf"\b(?:{'|'.join(_OPPOSITES)})\b")


class _Types(dict[int, str]):
    """The letter of each character's type; for `str.translate`. Grows by the characters that were met."""

    def __missing__(self, code: int) -> str:
        kind = unicodedata.bidirectional(chr(code))
        if not kind:  # not assigned in this Python's Unicode
            kind = "R" if has_right_to_left(chr(code)) else "L"
        letter = _LETTERS.get(kind, "B")  # the rest is drawn as nothing: joiners, and controls
        self[code] = letter
        return letter


_TYPES = _Types()


def base_direction(text: str) -> str:
    """The direction of a paragraph: that of its first letter (UAX #9, P2 and P3)."""
    first = re.search("[LRA]", text.translate(_TYPES))
    return LEFT if first is None or first.group() == "L" else RIGHT


def levels(text: str, base: str) -> str:
    """The embedding level of each character of a paragraph, a digit each: 1 goes to the left, 0 and 2 to the right."""
    types = text.translate(_TYPES)
    seen = types.replace("B", "")
    found = iter(_resolved(text, types, base)[1:-1].translate(_LEVELS[base]))
    outer = last = "1" if base == RIGHT else "0"
    if len(seen) == len(types):
        resolved = "".join(found)
    else:  # what is drawn as nothing goes with what stands before it
        resolved = "".join(last := last if kind == "B" else next(found) for kind in types)
    return _with_tabs(resolved, types, outer) if "G" in types else resolved


def _with_tabs(resolved: str, types: str, outer: str) -> str:
    """The same levels, with tabs and the spaces before them going the way of the paragraph (L1)."""
    parts = list(resolved)
    for spaces in re.finditer("[WBG]+", types):
        end = types.rfind("G", *spaces.span()) + 1
        if end:
            parts[spaces.start() : end] = outer * (end - spaces.start())
    return "".join(parts)


def _resolved(text: str, types: str, base: str) -> str:
    """The types by which a paragraph is ordered: L, R, E and N, between two of the base direction."""
    if "B" in types:
        text = "".join(letter for letter, kind in zip(text, types, strict=True) if kind != "B")
        types = types.replace("B", "")
    kinds = f"{base}{types}{base}"
    kinds = re.sub("(.)M+", lambda found: found[1] * len(found[0]), kinds)  # W1
    kinds = re.sub("A[^LRA]+", lambda found: found[0].replace("E", "N"), kinds).replace("A", "R")  # W2, W3
    kinds = re.sub("(?<=N)C(?=N)", "N", re.sub("(?<=E)[SC](?=E)", "E", kinds))  # W4
    kinds = re.sub("T+", _sign_of_number, kinds).translate(_NEITHER)  # W5, W6
    kinds = re.sub("L[^LR]+", lambda found: found[0].replace("E", "L"), kinds)  # W7
    kinds = _with_brackets(kinds, f" {text} ", f"{base}{types}{base}", base)  # N0
    return re.sub("[OWGP]+", lambda found: _between(found, base), kinds)  # N1, N2


def _sign_of_number(found: re.Match[str]) -> str:
    around = found.string[found.start() - 1] + found.string[found.end()]
    return ("E" if "E" in around else "T") * len(found[0])


def _between(found: re.Match[str], base: str) -> str:
    around = (found.string[found.start() - 1] + found.string[found.end()]).translate(_NUMBERS_AS_RIGHT)
    return (around[0] if around[0] == around[1] else base) * len(found[0])


def _with_brackets(kinds: str, text: str, types: str, base: str) -> str:
    """The same types, with both brackets of a pair going the same way."""
    pairs = _pairs(kinds, text)
    if not pairs:
        return kinds
    resolved = list(kinds)
    strong = bytearray(kinds.translate(_NUMBERS_AS_RIGHT).encode())  # searched at the speed of memory
    inner, other = base.encode(), (LEFT if base == RIGHT else RIGHT).encode()
    for first, last in pairs:
        if strong.find(inner, first, last) >= 0:
            way = inner
        elif strong.find(other, first, last) < 0:
            continue
        else:
            way = other if strong.rfind(other, 0, first) > strong.rfind(inner, 0, first) else inner
        for place in (first, last):
            resolved[place], strong[place] = way.decode(), way[0]
            while types[place + 1] == "M":  # what stands on the bracket
                place += 1
                resolved[place], strong[place] = way.decode(), way[0]
    return "".join(resolved)


def _pairs(kinds: str, text: str) -> list[tuple[int, int]]:
    """Where the pairs of brackets in a text open and close, in the order in which they open (BD16)."""
    waiting: list[tuple[str, int]] = []  # the brackets that close those open now
    pairs: list[tuple[int, int]] = []
    for place in (found.start() for found in re.finditer("O", kinds)):
        closes, opens = _bracket(text[place])
        if opens:
            if len(waiting) == OPEN_BRACKETS:
                break
            waiting.append((opens, place))
        elif closes:
            for depth in range(len(waiting) - 1, -1, -1):
                if waiting[depth][0] == closes:
                    pairs.append((waiting[depth][1], place))
                    del waiting[depth:]
                    break
    return sorted(pairs)


@lru_cache(maxsize=1024)
def _bracket(letter: str) -> tuple[str, str]:
    """What a closing bracket is, and what closes an opening one; two empty strings for anything else."""
    category = unicodedata.category(letter)
    if category not in ("Ps", "Pe") or (twin := mirrored(letter)) == letter:
        return "", ""
    closing = unicodedata.normalize("NFC", letter if category == "Pe" else twin)  # two forms of 〈 are the same
    return (closing, "") if category == "Pe" else ("", closing)


@lru_cache(maxsize=1024)
def mirrored(letter: str) -> str:
    """What a sign is drawn as from right to left (L4): the one of the opposite name, as `)` for `(`.

    Python has no table of these. Names find all the brackets and quotation marks but a few of Tibetan and Ogham; of
    mathematics, only the comparisons in common use are turned.
    """
    if not unicodedata.mirrored(letter) or (letter > "\u27c0" and unicodedata.category(letter) == "Sm"):
        return letter
    twin = _OPPOSITE.sub(lambda found: _OPPOSITES[found.group()], unicodedata.name(letter, ""))
    try:
        found = unicodedata.lookup(twin)
    except KeyError:  # it has no twin
        return letter
    return found if unicodedata.mirrored(found) else letter


# --- joining Arabic letters -------------------------------------------------------------------------------------------


class _Joining(dict[int, str]):
    """How each character joins those beside it, for `str.translate`: D both, R the one before it, C both and has no
    forms, T it is passed over, U none of them.
    """

    def __missing__(self, code: int) -> str:
        way = "T" if _TYPES[code] in "MB" and chr(code) != NON_JOINER else "U"
        self[code] = way
        return way


@dataclass(frozen=True)
class _Script:
    """The forms that Arabic letters take."""

    joining: _Joining
    forms: dict[str, dict[str, str]]  # key: a letter, and two letters for how those before and behind it join
    ligatures: dict[str, dict[str, str]]  # the same for a lam with this alef behind it


@lru_cache(maxsize=1)
def _script() -> _Script:
    """The forms as Unicode has them: each is a character of its own that says what letter it is a form of."""
    named: dict[str, dict[str, str]] = {}  # key: one letter, or a lam and its alef
    for code in (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFD)):
        kind, *parts = unicodedata.decomposition(chr(code)).split() or [""]
        plain = "".join(chr(int(part, 16)) for part in parts)
        if len(plain) == 1 or (len(plain) == 2 and plain[0] == LAM and code >= 0xFE70):  # the others are ornament
            named.setdefault(plain, {}).setdefault(kind[1:-1], chr(code))
    joining = _Joining({ord(TATWEEL): "C", ord(JOINER): "C"})
    joining |= {ord(letter): "D" if "initial" in kinds else "R" for letter, kinds in named.items()
                if len(letter) == 1 and "final" in kinds}  # fmt: skip
    forms: dict[str, dict[str, str]] = {}
    for letter, kinds in named.items():
        forms[letter] = {}
        for before, behind in product("DRCTU", repeat=2):
            back, on = before in "DC" and "final" in kinds, behind in "DRC" and "initial" in kinds
            kind = ("medial" if on else "final") if back else "initial" if on else "isolated"
            forms[letter][before + behind] = kinds.get(kind, letter[0])
    return _Script(joining, forms, {letter[1]: forms.pop(letter) for letter in named if len(letter) == 2})


class Drawable(dict[int, str]):
    """What each character is drawn as, for `str.translate`: a form that no font has as the letter that it is a form of.

    `has` says whether some font has a character. It is asked once for each form that is met.
    """

    def __init__(self, has: Callable[[str], bool]) -> None:
        super().__init__()
        self._has = has
        forms = _script().forms
        self._letters = {form: letter for letter, kinds in forms.items() for form in kinds.values() if form != letter}

    def __missing__(self, code: int) -> str:
        drawn = chr(code)
        letter = self._letters.get(drawn)
        if letter is not None and self._has(letter) and not self._has(drawn):
            drawn = letter
        self[code] = drawn
        return drawn


def joined(text: str) -> list[str]:
    """What each character of a text is drawn as; nothing where another is drawn for it as well.

    What keeps letters apart or joins them has done so, and is drawn only where nothing stands before it.
    """
    script = _script()
    ways = text.translate(script.joining)
    if "T" not in ways:
        drawn = _shaped(text, ways, script)
    else:
        kept = [place for place, way in enumerate(ways) if way != "T"]
        drawn = list(text)
        plain = "".join([text[place] for place in kept])
        for place, form in zip(kept, _shaped(plain, ways.replace("T", ""), script), strict=True):
            drawn[place] = form
    for found in re.finditer("(?!^)[\u200c\u200d]", text):
        emoji = text[found.start() + 1 : found.start() + 2]
        if found[0] == NON_JOINER or unicodedata.category(emoji or " ") != "So":
            drawn[found.start()] = ""
    return drawn


def _shaped(text: str, ways: str, script: _Script) -> list[str]:
    """The forms of letters with nothing between them."""
    forms, none = script.forms, dict[str, str]()
    around = zip(text, f"U{ways}", f"{ways[1:]}U", strict=False)
    drawn = [forms.get(letter, none).get(before + behind, letter) for letter, before, behind in around]
    for found in re.finditer(f"{LAM}[{''.join(script.ligatures)}]", text):
        place = found.start()
        before = ways[place - 1] if place else "U"
        drawn[place : place + 2] = script.ligatures[found[0][1]][before + "U"], ""
    return drawn


# --- lines ------------------------------------------------------------------------------------------------------------


def _cells(text: str, base: str) -> list[Cell]:
    """What stays together in a paragraph, in the order in which it is stored.

    Marks stand before a letter that goes to the left: fonts have them there, with no width, for whoever draws such
    letters from the right. (With all others they come behind it, and so they do in one emoji of several parts.)
    """
    drawn, types, places = joined(text), text.translate(_TYPES), levels(text, base)
    begins = bytearray(b"\1") * len(text)  # 0: it belongs to what stands before it
    for found in re.finditer("[BGMO]", types):
        place, kind = found.start(), found.group()
        if kind == "G":
            drawn[place] = TAB
        elif kind != "O" or _SKIN.match(text, place) or drawn[place - 1] == JOINER:
            begins[place] = 0
        elif places[place] == "1":
            drawn[place] = mirrored(text[place])
    if "" in drawn:
        for place, words in enumerate(drawn):
            if not words:
                begins[place] = 0
    begins[:1] = b"\1"
    starts = [place for place, one in enumerate(begins) if one]
    if len(starts) == len(text):
        return list(zip(places, drawn, starts, range(1, len(text) + 1), strict=True))
    return [
        (places[start], drawn[start] if end == start + 1 else _together(drawn[start:end], types[start]), start, end)
        for start, end in pairwise([*starts, len(text)])
    ]


def _together(parts: list[str], kind: str) -> str:
    return "".join(reversed(parts) if kind in "RA" else parts)


def _seen(cells: Sequence[Cell]) -> list[Cell]:
    """The cells of one line from left to right (L2)."""
    seen: list[Cell] = []
    way = "".join([cell[0] for cell in cells])
    for stretch in re.finditer("0+|[12]+", way):
        if stretch[0][0] == "0":
            seen += cells[stretch.start() : stretch.end()]
            continue
        for run in reversed(list(re.finditer("1+|2+", stretch[0]))):
            part = cells[stretch.start() + run.start() : stretch.start() + run.end()]
            seen += reversed(part) if run[0][0] == "1" else part
    return seen


def ordered(text: str, base: str = LEFT) -> str:
    """A single line as Tk has to draw it. The window's own words go to the right, whatever names are in them."""
    if not has_right_to_left(text):
        return text
    cells = _cells(text, base)
    return "".join([cell[1] for cell in _seen(_with_end(cells, base))])


def shortened_end(text: str) -> str:
    """What is left of a single line, with an ellipsis where its last letter is."""
    if not has_right_to_left(text[-1:]):
        return ordered(text + "…")
    return ordered(f"{text}…{MARK}").replace(MARK, "")


def _with_end(cells: list[Cell], base: str) -> list[Cell]:
    """The same cells, with the spaces at the end of the line going the way of the paragraph (L1)."""
    outer = "1" if base == RIGHT else "0"
    last = len(cells)
    while last and cells[last - 1][1].isspace():
        last -= 1
    return cells[:last] + [(outer, *cell[1:]) for cell in cells[last:]]


@dataclass(frozen=True)
class Paragraph:
    """What was written in a paragraph, and where its lines begin: enough to find again what was drawn where."""

    text: str
    tags: tuple[tuple[str, ...], ...]  # of its runs
    ends: tuple[int, ...]  # where in the text each of them ends
    base: str  # its direction
    starts: tuple[int, ...]  # where in the text each line begins

    def written(self, spans: Iterable[tuple[int, int, int]]) -> str:
        """What was written for parts of lines: each a line, and the first and last character of it as it is drawn."""
        lines = self._in_lines(_cells(self.text, self.base))
        found: list[tuple[int, int]] = []
        for number, first, last in spans:
            at = 0
            for _, words, start, end in lines[number]:
                if at < last and at + len(words) > first:
                    found.append((start, end))
                at += len(words)
        return "".join(self.text[start:end] for start, end in sorted(found))

    def line_written(self, number: int) -> str:
        """What was written for the whole of a line."""
        return self.text[self.starts[number] : self.starts[number + 1] if self.is_followed(number) else None]

    def is_followed(self, number: int) -> bool:
        """Whether the paragraph goes on below this line."""
        return number + 1 < len(self.starts)

    def run_at(self, number: int, offset: int) -> str:
        """All that was written in the run of which a character is drawn there."""
        at = 0
        for _, words, start, _ in self._in_lines(_cells(self.text, self.base))[number]:
            at += len(words)
            if offset < at:
                run = bisect_right(self.ends, start)
                return self.text[self.ends[run - 1] if run else 0 : self.ends[run]]
        return ""

    def drawn(self, cells: list[Cell]) -> list[list[Run]]:
        """The lines as they are drawn."""
        return [self._runs(line) for line in self._in_lines(cells)]

    def _runs(self, line: list[Cell]) -> list[Run]:
        if len(self.tags) == 1:
            return [("".join([cell[1] for cell in line]), self.tags[0])]
        runs: list[Run] = []
        for run, part in groupby(line, lambda cell: bisect_right(self.ends, cell[2])):
            runs.append(("".join([cell[1] for cell in part]), self.tags[run]))
        return runs

    def _in_lines(self, cells: list[Cell]) -> list[list[Cell]]:
        places = [cell[2] for cell in cells]
        first = [bisect_left(places, start) for start in self.starts]
        return [_seen(_without_end(cells[one:other])) for one, other in pairwise([*first, len(cells)])]


def _without_end(cells: list[Cell]) -> list[Cell]:
    """The cells of a line without the spaces at its end, which belong to the last of the others."""
    last = len(cells)
    while last and cells[last - 1][1].isspace():
        last -= 1
    if last == len(cells):
        return cells
    if not last:  # nothing but spaces: one for all of them
        return [("0", " ", cells[0][2], cells[-1][3])]
    level, words, start, _ = cells[last - 1]
    return [*cells[: last - 1], (level, words, start, cells[-1][3])]


def lay_out(runs: Sequence[Run], measure: Measure, width: int, base: str = "") -> tuple[Paragraph, list[list[Run]]]:
    """A paragraph, which is not empty, in lines of at most `width` pixels; and these lines as they are drawn.

    `base` is its direction where its first letter does not say it. Tk gives each letter its own room whatever stands
    beside it, so their widths add up.
    """
    text = "".join(words for words, _ in runs)
    tags, ends = tuple(tags for _, tags in runs), tuple(accumulate(len(words) for words, _ in runs))
    base = base or base_direction(text)
    cells = _cells(text, base)
    paragraph = Paragraph(text, tags, ends, base, tuple(_starts(cells, tags, ends, measure, width)))
    return paragraph, paragraph.drawn(cells)


def _starts(
    cells: list[Cell], tags: Sequence[tuple[str, ...]], ends: Sequence[int], measure: Measure, width: int
) -> list[int]:
    """Where in the text the lines begin: behind a space, or within a word that is longer than a line."""
    places = [cell[2] for cell in cells]
    letters = [cell[1] for cell in cells]
    edges, first = [0], 0  # pixels from the left of the whole to where each cell begins
    for run, end in enumerate(ends):
        last = bisect_left(places, end)
        edges += accumulate(measure(letters[first:last], tags[run]), initial=edges.pop())
        first = last
    line, starts = "".join([words[0] for words in letters]), [0]
    at = 0
    while (over := bisect_right(edges, edges[at] + width) - 1) < len(cells):  # the first that has no room
        spaces = _SPACES.match(line, over)  # at the end of a line there is always room for them
        after = spaces.end() if spaces else line.rfind(" ", at, over) + 1 or max(over, at + 1)
        if after == len(cells):
            break
        starts.append(places[after])
        at = after
    return starts
