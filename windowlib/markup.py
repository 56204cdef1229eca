"""What a text means beside its letters: links, code, and one's own name where somebody calls it.

Called by what draws and what counts messages (transcript.py, inbox.py, drain.py …); nothing in here imports Tk. Texts
come from anybody, so everything here takes time in proportion to their length, whatever they hold: each place is looked
at once or twice, never once for each other place.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from names import INVISIBLE
from windowlib.right_to_left import has_right_to_left

PLAIN, LINK, CODE, BLOCK, MENTION = "plain", "link", "code", "block", "mention"
Piece = tuple[str, str]  # what it is, and the letters that are shown

FENCE = "```"
# Of one text; what follows is plain. Tk takes a quarter of a second for 600 links in one paragraph, and anybody could
# send everybody some of those each second.
MOST_PIECES = 50
# Of one text that are put in order; what follows is drawn as Tk does it. Each takes as long as a short message, and the
# longest text in lines of the usual length has no more of them.
MOST_PARAGRAPHS = 60
LONG = 160  # characters that cost about as much to draw as one more message
MARKS = 6  # pieces that do
ORDERED = 4  # times as much, where letters are to be put in order

# What may begin something: a text without any of these is plain, and most are.
# No IGNORECASE: that takes a long s for one, and there is no such scheme.
_BEGIN = re.compile(r"`|[Hh][Tt][Tt][Pp][Ss]?://|[Ww]{3}\.|@")
# What is opened is what is seen: a link ends where something begins that is drawn as nothing.
_LINK = re.compile(rf"([Hh][Tt][Tt][Pp][Ss]?://)?[^\s<>\"“”\\{INVISIBLE}]+")
_HOST = re.compile(r"([^/?#:\[\]]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?=[/?#]|$)")
_END_OF_SENTENCE = ".,;:!?'*_~…"
_CLOSING = {")": "(", "]": "[", "}": "{"}
_LANGUAGE = re.compile(r"[A-Za-z0-9+#.-]{0,20}[ \t]*\n")


@lru_cache(maxsize=8)
def _call_of(name: str) -> re.Pattern[str] | None:
    """Finds `@name` where it is a word of its own."""
    return re.compile(rf"@{re.escape(name)}(?!\w)", re.IGNORECASE) if name else None


def mentions(text: str, me: str) -> bool:
    """Whether somebody calls `me` by name in it. What is quoted as code calls nobody."""
    return "@" in text and _calls(text, me)


@lru_cache(maxsize=512)  # the unread ones are looked at again whenever the server tells how far one has read
def _calls(text: str, me: str) -> bool:
    return any(kind == MENTION for kind, _ in pieces(text, me))


def pieces(text: str, me: str) -> list[Piece]:
    """`text` in pieces of one meaning each, in order: put together they are what is shown.

    The marks round `code` and the fences round ```blocks``` are not shown; what is between them is as it was typed. A
    block begins and ends a line of its own.
    """
    found: list[Piece] = []
    start = at = 0  # of what was not handed out yet; where to look on
    closed = True  # there may be a fence further on
    while len(found) < MOST_PIECES and (begin := _BEGIN.search(text, at)) is not None:
        at = begin.start()
        if text.startswith(FENCE, at):
            close = text.find(FENCE, at + 3) if closed else -1
            closed = close >= 0
            piece, end = _block(text, at, close) if closed else (None, at + 3)
        else:
            piece, end = _within_line(text, begin, me)
        if piece is not None:
            if start < at:
                found.append((PLAIN, text[start:at]))
            found.append(piece)
            start = end
        at = end
    if start < len(text):
        found.append((PLAIN, text[start:]))
    return _with_blocks_apart(found)


def _within_line(text: str, begin: re.Match[str], me: str) -> tuple[Piece | None, int]:
    """The code, the call or the link that begins there, if it is one, and where to look on."""
    at = begin.start()
    if text[at] == "`":
        return _code(text, at)
    if at > 0 and (text[at - 1].isalnum() or text[at - 1] in "@_"):
        return None, at + 1  # an e-mail address, or the middle of a word
    if text[at] == "@":
        call = _call_of(me)
        called = call.match(text, at) if call is not None else None
        return ((MENTION, called.group()), called.end()) if called is not None else (None, at + 1)
    link = _LINK.match(text, at)
    if link is None:
        return None, at + 1
    address = _without_end(link.group())
    scheme = link.end(1) - at if link[1] else 0
    is_link = len(address) > len(begin.group()) and _leads_where_it_says(address, scheme)
    return ((LINK, address) if is_link else None), at + len(address)


def _code(text: str, at: int) -> tuple[Piece | None, int]:
    """What stands between two backticks of one line, of which the first is there."""
    close = text.find("`", at + 1)
    if close == at + 1:
        return None, at + 2
    if close > 0 and text.find("\n", at, close) < 0:
        return (CODE, text[at + 1 : close]), close + 1
    return None, at + 1


def weight(text: str) -> int:
    """What it takes to draw a text, beside what any message takes, in messages of the usual length."""
    marks = text.count("`") + text.count("@") + text.count("://") + text.count("ww.")
    length, newlines, paragraphs = len(text), text.count("\n"), 0
    if has_right_to_left(text):
        length, paragraphs = length * ORDERED, min(newlines, MOST_PARAGRAPHS)
    return (length + 10 * newlines) // LONG + min(marks, MOST_PIECES) // MARKS + paragraphs


def address_of(link: str) -> str:
    """Where a link leads."""
    return link if link[:4].casefold() == "http" else f"http://{link}"


def _leads_where_it_says(link: str, begin: int) -> bool:
    """Whether the host, which starts at `begin`, is the first thing that one reads. `https://bank.example@evil.example`
    leads to the second one, and of a dash or stroke that looks like one of ours only a browser knows what it does.
    """
    host = _HOST.match(link, begin)
    if host is None or not any(map(str.isalnum, host[1])):
        return False
    return host[1].startswith("[") or all(
        one.isalnum() or one in ".-_" or unicodedata.category(one)[0] == "M" for one in host[1]
    )


def _block(text: str, at: int, close: int) -> tuple[Piece, int]:
    """The block between the fences at `at` and `close`, and where it ends. A language named at its head is left out."""
    language = _LANGUAGE.match(text, at + 3)
    inside = text[language.end() if language and language.end() <= close else at + 3 : close]
    return (BLOCK, inside.removesuffix("\n")), close + 3


def _with_blocks_apart(found: list[Piece]) -> list[Piece]:
    """Sees to it that a block has its lines for itself, with no empty ones round it; empty pieces are left out."""
    if all(kind != BLOCK for kind, _ in found):
        return found
    apart: list[Piece] = []
    for number, (kind, words) in enumerate(found):
        if kind == PLAIN:
            if number and found[number - 1][0] == BLOCK:
                words = words.removeprefix("\n")
            if number + 1 < len(found) and found[number + 1][0] == BLOCK:
                words = words.removesuffix("\n")
        if words.strip() if kind == BLOCK else words:
            if apart and BLOCK in (kind, apart[-1][0]):
                apart.append((PLAIN, "\n"))
            apart.append((kind, words))
    return apart or [(PLAIN, "".join(words for _, words in found))]


def _without_end(link: str) -> str:
    """`link` without what belongs to the sentence round it: a full stop, a bracket that was opened before it."""
    end = len(link)
    unopened = {closing: link.count(closing) - link.count(opening) for closing, opening in _CLOSING.items()}
    while end:
        last = link[end - 1]
        if last in _CLOSING:
            if unopened[last] <= 0:
                break
            unopened[last] -= 1
        elif last not in _END_OF_SENTENCE:
            break
        end -= 1
    return link[:end]
