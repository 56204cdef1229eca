"""What people may be called and write: names, what makes two of them the same, and text that harms no screen.

Pure functions, called by everything else from any thread. A name is checked (`check_name`) before anybody has it; two
names are one person's when their keys are the same (`name_key`), and nobody may have one that looks like another's
(`look_alike_keys`).

    ProtocolError      theirs: a line, a name or an address that cannot be accepted; carries an error code for the wire
      NameProblem      a name that nobody may have
      UnknownPerson    a private message to a name nobody has
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable

MAX_NAME = 32  # characters; fits a sidebar, and `First Second-Third`
MAX_NAME_WORDS = 8  # of a name after an @; each is looked up, and 65 hostile ones took the server over a millisecond


class ProtocolError(ValueError):
    """The other side sent something that cannot be accepted.

    `code` is one of the wire's error codes, `str(error)` a sentence for people, `id` the id of the `send` it answers.
    """

    def __init__(self, code: str, sentence: str, id: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.id = id


class NameProblem(ProtocolError):
    """A name that nobody may have; the sentence says what is wrong with it."""

    def __init__(self, sentence: str) -> None:
        super().__init__("name_invalid", sentence)


class UnknownPerson(ProtocolError):
    """A text was addressed to somebody this chat does not know."""

    def __init__(self, name: str) -> None:
        super().__init__("no_such_user", f"There is nobody called {name} here. Nothing was sent.")


# --- text that harms no screen ----------------------------------------------------------------------------------------

# Everything a terminal or Tk could stumble over: C0 except tab and newline, DEL, C1, line and paragraph separators,
# direction overrides, and lone surrogates (which no encoder takes). Joiners stay: emoji and Indic scripts need them.
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean_text(text: str) -> str:
    """`text` without what could harm a screen: controls, escapes, direction overrides. Newlines and tabs stay."""
    return text if text.isprintable() else _HARMFUL.sub("", text)


def clean_line(text: str) -> str:
    """`text` cleaned and on one line: for names, log lines and terminals."""
    return text if text.isprintable() else " ".join(_HARMFUL.sub("", text).split())


# --- names ------------------------------------------------------------------------------------------------------------

# Categories no name may hold: controls, invisible format characters, surrogates, private use, unassigned, separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What is drawn as nothing whatever its category: all code points with Unicode's property Default_Ignorable_Code_Point
# (DerivedCoreProperties.txt; the Hangul fillers, variation selectors and joiners are among them), and the empty braille
# pattern.
INVISIBLE = (  # for a character class
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\u2800"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
# The blocks of marks for letters of any script, which can be too small or too many to be noticed. The marks of one
# script (vowels of Hindi, the dots of Japanese) are none of these: they make other letters.
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_WORDS = re.compile("(?:[^\\W\\d_]|[\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed])+")  # with their vowels
_NUMBERS = re.compile(r"\d+")
# Letters of Persian and Urdu that are drawn as those of Arabic; the stroke between letters, which is none.
_SAME_IN_ARABIC = str.maketrans({"\u06cc": "\u064a", "\u0649": "\u064a", "\u06a9": "\u0643", "\u0640": None})
MAX_MARKS = 2  # on one letter: a vowel and a tone in Thai; piles of them reach into other people's lines
_SPACES = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")  # category Zs
RESERVED_KEYS = frozenset({"everyone", "server"})  # nobody is to pass for the room all are in, or for the server
_COLONS = frozenset(":\u2236\ua789\u05c3\u0589\u205a")  # with one, a name looks like a name and what it says
# In words these are what the chat itself says: see `protocol.plain_line`.
_NOTICE = re.compile("^private message| has (?:joined|left) the chat")


def check_name(name: str) -> str:
    """`name` as it will be shown (NFC, spaces collapsed). Raises `NameProblem` with a sentence for what is no name."""
    if len(name) > 4 * MAX_NAME:  # before anything that takes its time: marks in bad order took 25 ms
        raise NameProblem(f"That name is too long: {MAX_NAME} characters at the most.")
    shown = unicodedata.normalize("NFC", _SPACES.sub(" ", name)).strip()
    if not shown:
        raise NameProblem("A name needs at least one character.")
    if len(shown) > MAX_NAME:
        raise NameProblem(f"That name is too long: {MAX_NAME} characters at the most.")
    if _INVISIBLE.search(shown) or not _REFUSED_CATEGORIES.isdisjoint(map(unicodedata.category, shown)):
        raise NameProblem("That name contains a character that cannot be seen. Use letters, digits and spaces.")
    _check_marks(shown)
    if len(scripts := _scripts(shown)) > 1:
        raise NameProblem(f"That name mixes {' and '.join(sorted(scripts))} letters. Use letters of one kind.")
    key = name_key(shown)  # looked at as well: of a full-width colon or @ it makes the plain one
    if any(form[:1] in "@#/{" or not _COLONS.isdisjoint(form) for form in (shown, key)):
        raise NameProblem("A name cannot start with @, #, / or {, and cannot contain a colon.")
    looks = look_alike_keys(shown)
    if key in RESERVED_KEYS or not RESERVED_KEYS.isdisjoint(looks):
        raise NameProblem(f"{shown} is nobody's name here. Please choose another one.")
    if any(map(_NOTICE.search, (key, *looks))):
        raise NameProblem("That name reads like something the chat says. Please choose another one.")
    if not any(unicodedata.category(character)[0] in "LNS" for character in shown):
        raise NameProblem("A name needs at least one letter or digit.")
    return shown


def _check_marks(shown: str) -> None:
    """Raises `NameProblem` for marks that make no letter: they hide, or make two names that look the same."""
    base, marks = " ", 0
    for character in unicodedata.normalize("NFKC", shown):
        if unicodedata.category(character) not in ("Mn", "Me"):
            base, marks = character, 0
            continue
        marks += 1
        # Of these three every letter that a language uses much is one character, mark and all.
        if marks > MAX_MARKS or unicodedata.name(base, "").startswith(("LATIN ", "GREEK ", "CYRILLIC ")):
            raise NameProblem("That name has marks on letters that do not take them. Use plain letters.")


def name_key(name: str) -> str:
    """What makes two names the same person: NFKC, spaces collapsed, casefold, until nothing changes (RFC 8266)."""
    key = name
    for _ in range(4):
        folded = unicodedata.normalize("NFKC", " ".join(unicodedata.normalize("NFKC", key).split()).casefold())
        if folded == key:
            break
        key = folded
    return key


# Scripts that are written together: Japanese and Korean both take Chinese characters.
_WRITTEN_TOGETHER = ({"CJK", "HIRAGANA", "KATAKANA"}, {"CJK", "HANGUL"}, {"CJK", "BOPOMOFO"})


def _scripts(name: str) -> set[str]:
    """The scripts of a name's letters, by the first word of their Unicode names; those written together are one."""
    letters = [c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c)[0] == "L"]
    scripts = {unicodedata.name(c, "UNKNOWN").split()[0].title() for c in letters if c not in _NO_SCRIPT}
    together = any(scripts <= {script.title() for script in group} for group in _WRITTEN_TOGETHER)
    return {"East Asian"} if together and scripts else scripts


# Letters of no one script: the prolonged sound mark of Japanese, and the apostrophes that are letters.
_NO_SCRIPT = frozenset("\u30fc\u02bb\u02bc")
# Letters of other scripts that look like Latin ones, as people write them: after folding some look otherwise.
_LOOK_ALIKES = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408\u04ae\u04c0\u051a\u051c"
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u04cf\u0501\u051b\u051d"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03f9"
    "\u03b1\u03b3\u03b9\u03ba\u03bd\u03bf\u03c1\u03c5\u03c7\u03c9\u03f2\u03f3"
    # Lisu, which was made of Latin capitals, and Cherokee
    "\ua4d0\ua4d1\ua4d3\ua4d4\ua4d6\ua4d7\ua4d9\ua4da\ua4dc\ua4dd\ua4df\ua4e0\ua4e1\ua4e2\ua4e3\ua4e6\ua4e7\ua4ea\ua4eb"
    "\ua4ec\ua4ee\ua4f0\ua4f2\ua4f3\ua4f4"
    "\u13a0\u13a1\u13a2\u13a5\u13a9\u13aa\u13ab\u13ac\u13b3\u13b7\u13bb\u13bd\u13c0\u13c2\u13c3\u13cf\u13d4\u13d5\u13d9"
    "\u13da\u13de\u13df\u13e2\u13e6\u13e7\u13f4"
    # Rarer ones of Cyrillic and Greek, which no longer word of either has alone
    "\u042c\u044c\u0474\u0475\u0433\u04af\u050c\u050d\u04ba\u0461\u04bd\u0500\ua647"
    "\u03b7\u03c4\u03b5\u03c3\u03dc\u037f\u03fa"
    # Latin ones of phonetics, small capitals, and the sign on packages
    "\u0251\u0261\u0131\u212e\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274"
    "\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22\u029d"
    # White ones in black circles and squares
    + "".join(map(chr, (*range(0x1F150, 0x1F16A), *range(0x1F170, 0x1F18A), *range(0x1F1E6, 0x1F200)))),
    "ABEKMHOPCTYXSIJYIQWaeopcyxsijhldqwABEZHIKMNOPTYXCayikvopuxwcjBPDTGKJCZFMNLSRVHWXYAEIOUDRTiYAJEWMHYGhZbWSVSLCPKdB"
    "bbVvryGGhwedinteoFJMagieabcdefghijklmnoprstuvwyzj" + 3 * string.ascii_uppercase,
)


def look_alike_key(name: str) -> str:
    """What two names share that look the same: the key of the name with Latin letters for those that look like them,
    without marks, and without punctuation round it. Within one script, people tell their letters apart. In Hebrew and
    Arabic names where a number or a bracket is drawn says nothing of where it was typed, so they come last.
    """
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", name)) if not name.isascii() else name
    key = name_key(plain.translate(_LOOK_ALIKES))
    begin, end = 0, len(key)
    while begin < end and _is_edge(key[begin]):
        begin += 1
    while begin < end and _is_edge(key[end - 1]):
        end -= 1
    key = key[begin:end] or key
    return _right_to_left_key(key) if _RIGHT_TO_LEFT.search(key) else key


def _right_to_left_key(key: str) -> str:
    """The words, without what only stretches them, and then the numbers, whichever stood where."""
    words = _WORDS.findall(key.translate(_SAME_IN_ARABIC))
    return " ".join([*words, *sorted(_NUMBERS.findall(key))]) or key


def _is_edge(character: str) -> bool:
    """Whether a name with this at its end could be taken for the name without it."""
    return character in string.punctuation or character in " \u02bb\u02bc" or unicodedata.category(character)[0] == "P"


def look_alike_keys(name: str) -> frozenset[str]:
    """The look-alike keys of a name however its owner may write it, in capitals or not: they differ in Cyrillic and
    Greek, where a capital may look like one Latin letter and its small one like another, or like none.
    """
    if name.isascii():
        return frozenset((look_alike_key(name),))
    return frozenset(map(look_alike_key, (name, name.lower(), name.upper(), name.title())))


def split_address(text: str, find: Callable[[str], str | None]) -> tuple[str, str] | None:
    """Reads the address off a text such as `@Bob hi` or `@Bob: hi`.

    `find` maps a name's key to the name as its owner writes it, or to None. The longest name that fits wins, so names
    may hold spaces. Returns `(name, rest of the text)`, or None when the text is addressed to nobody in particular.
    Raises `UnknownPerson` when nobody has the name.
    """
    if not text.startswith("@") or len(text) < 2 or text[1].isspace() or text[1] == ":":
        return None
    body = text[1:]
    ends = [i for i, character in enumerate(body[: 2 * MAX_NAME + 1]) if character in ": \n\t"]
    if len(body) <= 2 * MAX_NAME:
        ends.append(len(body))
    for end in reversed(ends[:MAX_NAME_WORDS]):
        name = find(name_key(body[:end]))
        if name is not None:
            return name, body[end:].removeprefix(":").strip()
    raise UnknownPerson(clean_line(re.split(r"[:\s]", body, maxsplit=1)[0])[:MAX_NAME])
