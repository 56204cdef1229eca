"""Links, code and one's own name in texts that anybody may write."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import MAX_TEXT
from windowlib.markup import BLOCK, CODE, LINK, MENTION, MOST_PIECES, PLAIN, address_of, mentions, pieces


def test_a_plain_text_is_one_piece() -> None:
    """Nothing is made of what says nothing."""
    assert pieces("just words, 3 * 4 = 12", "Ada") == [(PLAIN, "just words, 3 * 4 = 12")]


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("see https://example.org/a?b=c#d for more", "https://example.org/a?b=c#d"),
        ("(http://example.org/x_(y)).", "http://example.org/x_(y)"),
        ("it is at www.example.org.", "www.example.org"),
        ("HTTP://EXAMPLE.ORG!", "HTTP://EXAMPLE.ORG"),
        ("“https://example.org”", "https://example.org"),
        ("<https://example.org>", "https://example.org"),
        ("http://192.168.1.20:8000/über", "http://192.168.1.20:8000/über"),
    ],
)
def test_links_are_found_without_the_sentence_round_them(text: str, link: str) -> None:
    """Full stops and brackets of the sentence stay outside; nothing of the text is lost."""
    found = pieces(text, "Ada")

    assert [words for kind, words in found if kind == LINK] == [link]
    assert "".join(words for _, words in found) == text


@pytest.mark.parametrize(
    "text",
    [
        "http://", "www.", "xhttp://example.org", "ftp://example.org", "file:///etc/passwd", "http:///etc/passwd",
        "javascript:alert(1)", "http\u017f://example.org", "http://:80/", "http://--/",
    ],
)  # fmt: skip
def test_what_is_no_link(text: str) -> None:
    """Only whole addresses of the web, at the beginning of a word, open anything."""
    assert all(kind == PLAIN for kind, _ in pieces(text, "Ada"))


@pytest.mark.parametrize(
    "text",
    [
        "https://bank.example@evil.example/", "https://bank.example:pw@evil.example/", "www.bank.example@evil.example",
        "https://bank.example\u2044login.evil.example/", "https://bank.example\uff0flogin.evil.example/",
        "https://bank.example\u2215login.evil.example/", "https://bank.example\uff20evil.example/",
        "https://bank.example;x.evil.example/", "https://bank.example&evil.example",
    ],
)  # fmt: skip
def test_what_leads_elsewhere_than_it_reads_is_no_link(text: str) -> None:
    """What stands first in it is the name of no host: it can be copied by who knows what they do."""
    assert all(kind == PLAIN for kind, _ in pieces(text, "Ada"))


@pytest.mark.parametrize(
    "hidden", ["\\@", "\\", "\u3164", "\u200b", "\u00ad", "\u2800", "\u2060", "\ufeff", "\U000e0041"]
)
def test_a_link_ends_where_nothing_is_seen(hidden: str) -> None:
    """What is opened is what is read: nothing hides in it, and a backslash is a slash to some and no end to others."""
    text = f"https://bank.example{hidden}.evil.example/ ok"
    found = pieces(text, "Ada")

    assert [words for kind, words in found if kind == LINK] == ["https://bank.example"]
    assert "".join(words for _, words in found) == text


@pytest.mark.parametrize(
    "link",
    ["https://[::1]:8080/x", "https://example.org?a=b@c", "https://example.org/@ada", "https://bücher.example:443/"],
)
def test_unusual_links_are_links(link: str) -> None:
    """An @ behind the host, a host in numbers or in other letters."""
    assert pieces(link, "Ada") == [(LINK, link)]


def test_an_address_without_a_scheme_gets_one() -> None:
    """What opens in the browser begins with http or https, whatever was typed."""
    assert address_of("www.example.org") == "http://www.example.org"
    assert address_of("Https://example.org") == "Https://example.org"


def test_code_is_kept_as_typed() -> None:
    """Between backticks nothing else has a meaning, and the backticks go."""
    found = pieces("try `x  =  @Ada  # www.example.org` now", "Ada")

    assert found == [(PLAIN, "try "), (CODE, "x  =  @Ada  # www.example.org"), (PLAIN, " now")]


@pytest.mark.parametrize("text", ["a ` b", "`` nothing", "`two\nlines`", "``` open", "```\nnever closed"])
def test_a_mark_that_is_not_closed_stays(text: str) -> None:
    """Half a code is no code: all of it is shown."""
    assert "".join(words for _, words in pieces(text, "Ada")) == text


def test_a_block_has_its_lines_for_itself() -> None:
    """Spaces and empty lines in it stay; the fences and the language beside them go."""
    block = "for i in x:\n    print(i)\n\n    y()"
    for text in (f"so:\n```python\n{block}\n```\nright?", f"so:```{block}```right?", f"so:\n```\n{block}\n```right?"):
        assert pieces(text, "Ada") == [(PLAIN, "so:"), (PLAIN, "\n"), (BLOCK, block), (PLAIN, "\n"), (PLAIN, "right?")]
    assert pieces(f"```{block}```", "Ada") == [(BLOCK, block)]


@pytest.mark.parametrize("text", ["@Ada", "hi @ada!", "(@ADA)", "@Ada: look", "a\n@Ada"])
def test_an_own_name_is_a_call(text: str) -> None:
    """However it is spelled and wherever it stands."""
    assert mentions(text, "Ada")
    assert [words.casefold() for kind, words in pieces(text, "Ada") if kind == MENTION] == ["@ada"]


@pytest.mark.parametrize("text", ["Ada", "@Adam", "me@ada.org", "@@Ada", "`@Ada`", "@ Ada"])
def test_other_words_are_no_call(text: str) -> None:
    """Another name that begins so, an e-mail address, code."""
    assert not mentions(text, "Ada")


def test_a_name_may_hold_anything() -> None:
    """It is no pattern, and may have spaces."""
    assert mentions("is @Bob (B.) here?", "Bob (B.)")
    assert not mentions("@Bobx", "Bob.")
    assert not mentions("@ hi", "")


def test_what_is_marked_in_one_text_is_bounded() -> None:
    """Tk takes long for many of them in one paragraph; nothing of the text is lost."""
    for mark in ("www.a ", "`a` b ", "@Ada "):
        text = mark * 500
        found = pieces(text, "Ada")
        assert len(found) <= MOST_PIECES + 2  # a link, and the plain text before it; then the rest
        assert "".join(words for _, words in found).replace("`", "") == text.replace("`", "")


HOSTILE = {
    "backticks": "`" * MAX_TEXT,
    "lone backticks": "`\n" * (MAX_TEXT // 2),
    "fences": "``` " * (MAX_TEXT // 4),
    "brackets": "http://x" + ")" * (MAX_TEXT - 8),
    "open brackets": "http://" + "(" * 2000 + ")" * 1900,
    "links": "http://a " * (MAX_TEXT // 9),
    "one word": "www.www." * (MAX_TEXT // 8),
    "calls": "@Ada" * (MAX_TEXT // 4),
    "ats": "@" * MAX_TEXT,
    "dots": "www." + "." * (MAX_TEXT - 4),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_worst_texts_take_no_longer_than_their_length(text: str) -> None:
    """Ten times as long takes about ten times as long, and the longest there are a few milliseconds."""

    def seconds(words: str) -> float:  # of this thread alone: whatever else runs makes it no longer
        best = 1.0
        for _ in range(5):
            started = time.thread_time()
            pieces(words, "Ada")
            best = min(best, time.thread_time() - started)
        return best

    assert seconds(text) < 0.02
    assert seconds(text * 10) < 40 * max(seconds(text), 0.00005)


@given(st.text(alphabet="`@Ada \nhtps:/w.(x)\t"))
def test_nothing_is_made_up_and_nothing_but_marks_is_lost(text: str) -> None:
    """Whatever is typed: without marks and line ends, what is shown is what was written."""

    def letters(words: str) -> str:
        return "".join(letter for letter in words if letter not in "`\n \t")

    shown = "".join(words for _, words in pieces(text, "Ada"))
    if "```" not in text:  # of a block the language goes
        assert letters(shown) == letters(text)
    assert all(words for _, words in pieces(text, "Ada"))
