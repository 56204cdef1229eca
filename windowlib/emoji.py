"""The emoji that can be chosen, and how they are found by words. Nothing in here knows Tk.

Only those that are one code point and are pictures by themselves: sequences of several fall apart in Tk. Their names
are Unicode's own, from `unicodedata`, with the words people use beside them.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from windowlib.matching import folded, rank

# Emoji_Presentation in Unicode's emoji-data.txt, without flags, skin colours and squared words, in an order in which
# people look for them. What this Python's Unicode does not know yet has no name and is left out.
GROUPS: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = (
    ("Faces", ((0x1F600, 0x1F644), (0x1F910, 0x1F917), (0x1F920, 0x1F92F), (0x1F970, 0x1F976), (0x1F979, 0x1F97A),
               (0x1F978, 0x1F978), (0x1F9D0, 0x1F9D0), (0x1FAE0, 0x1FAE8), (0x1F479, 0x1F480), (0x1F4A9, 0x1F4A9),
               (0x1F645, 0x1F64F))),
    ("Hands and hearts", ((0x1F44A, 0x1F450), (0x1F442, 0x1F449), (0x270A, 0x270B), (0x1F595, 0x1F596),
                          (0x1F918, 0x1F91F), (0x1F90C, 0x1F90F), (0x1F4AA, 0x1F4AA), (0x1F932, 0x1F933),
                          (0x1FAF0, 0x1FAF8), (0x1F440, 0x1F440), (0x2764, 0x2764), (0x1F493, 0x1F49F),
                          (0x1F9E1, 0x1F9E1), (0x1F5A4, 0x1F5A4), (0x1FA75, 0x1FA77), (0x1F48B, 0x1F48C),
                          (0x1F4A2, 0x1F4A8), (0x1F4AB, 0x1F4AF))),
    ("People", ((0x1F451, 0x1F478), (0x1F481, 0x1F48A), (0x1F48D, 0x1F492), (0x1F926, 0x1F926), (0x1F930, 0x1F931),
                (0x1F934, 0x1F93A), (0x1F93C, 0x1F93E), (0x1F977, 0x1F977), (0x1F9B0, 0x1F9B9), (0x1F9BB, 0x1F9BB),
                (0x1F9CD, 0x1F9CF), (0x1F9D1, 0x1F9E0), (0x1F57A, 0x1F57A), (0x1FAC2, 0x1FAC5))),
    ("Animals and plants", ((0x1F400, 0x1F43E), (0x1F980, 0x1F9AE), (0x1F337, 0x1F343), (0x1F332, 0x1F335),
                            (0x1F490, 0x1F490), (0x1FAB0, 0x1FABD), (0x1FACE, 0x1FACF))),
    ("Food and drink", ((0x1F344, 0x1F37C), (0x1F37E, 0x1F37F), (0x1F32D, 0x1F331), (0x1F950, 0x1F96F),
                        (0x1F9C0, 0x1F9CB), (0x2615, 0x2615), (0x1FAD0, 0x1FADB))),
    ("Sky and weather", ((0x1F300, 0x1F320), (0x26A1, 0x26A1), (0x2728, 0x2728), (0x2B50, 0x2B50), (0x2614, 0x2614),
                         (0x26C4, 0x26C5), (0x1F525, 0x1F525), (0x1F4A5, 0x1F4A5))),
    ("Going out", ((0x1F380, 0x1F393), (0x1F3A0, 0x1F3CA), (0x1F3CF, 0x1F3D3), (0x1F3F8, 0x1F3FA), (0x26BD, 0x26BE),
                   (0x1F93F, 0x1F945), (0x1F947, 0x1F94F), (0x1F680, 0x1F6C5), (0x1F6D1, 0x1F6D2), (0x1F6D5, 0x1F6D7),
                   (0x1F6DC, 0x1F6DF), (0x1F6EB, 0x1F6EC), (0x1F6F4, 0x1F6FC), (0x1F3E0, 0x1F3F0), (0x1F5FB, 0x1F5FF),
                   (0x26F2, 0x26F3), (0x26F5, 0x26F5), (0x26FA, 0x26FA), (0x26FD, 0x26FD), (0x2693, 0x2693))),
    ("Things", ((0x1F4BB, 0x1F4FC), (0x1F4A1, 0x1F4A1), (0x1F4B0, 0x1F4BA), (0x1F507, 0x1F524), (0x1F526, 0x1F53D),
                (0x231A, 0x231B), (0x23F0, 0x23F0), (0x23F3, 0x23F3), (0x1F97B, 0x1F97F), (0x1F97C, 0x1F97C),
                (0x1F9E2, 0x1F9FF), (0x1F9AF, 0x1F9AF), (0x1F9BA, 0x1F9BA), (0x1F9BC, 0x1F9BF), (0x1FA70, 0x1FA74),
                (0x1FA78, 0x1FA7C), (0x1FA80, 0x1FA88), (0x1FA90, 0x1FAAF), (0x1F3F4, 0x1F3F4), (0x1F54B, 0x1F54E),
                (0x1F550, 0x1F567))),
    ("Signs", ((0x2705, 0x2705), (0x274C, 0x274C), (0x2753, 0x2755), (0x2757, 0x2757), (0x2795, 0x2797),
               (0x274E, 0x274E), (0x26D4, 0x26D4), (0x27B0, 0x27B0), (0x27BF, 0x27BF), (0x2648, 0x2653),
               (0x267F, 0x267F), (0x23E9, 0x23EC), (0x25FD, 0x25FE), (0x26AA, 0x26AB), (0x26CE, 0x26CE),
               (0x26EA, 0x26EA), (0x2B1B, 0x2B1C), (0x2B55, 0x2B55), (0x1F7E0, 0x1F7EB), (0x1F7F0, 0x1F7F0),
               (0x1F0CF, 0x1F0CF), (0x1F004, 0x1F004))),
)  # fmt: skip

# Words people look for that are not in Unicode's name; each with the best ones first.
SYNONYMS: dict[str, str] = {
    "+1": "👍", "-1": "👎", "100": "💯", "agree": "👍👌", "angry": "😠😡🤬", "awesome": "🤩👍🎉", "bad": "👎😞",
    "bike": "🚲", "birthday": "🎂🎉🎁", "blush": "😊", "bored": "🥱😑", "bravo": "👏", "break": "☕⏳",
    "bug": "🐛🐞", "bye": "👋", "cake": "🎂🍰", "celebrate": "🎉🥳🎊", "cheers": "🍻🥂", "clap": "👏",
    "coffee": "☕", "computer": "💻", "confused": "😕🤔", "congratulations": "🎉👏🥳", "cool": "😎", "cry": "😢😭",
    "done": "✅", "exam": "📝", "facepalm": "🤦", "funny": "😂🤣😄", "good": "👍👌", "goodbye": "👋",
    "great": "👍🎉", "haha": "😂🤣😄", "happy": "😀😃😄😊🙂", "heart": "❤", "hello": "👋", "help": "🙏🚨",
    "hi": "👋", "high five": "🙏🙌", "home": "🏠🏡", "homework": "📚📝", "hooray": "🎉🙌", "hot": "🥵🔥",
    "hug": "🤗🫂", "hurry": "🏃💨", "idea": "💡", "kiss": "😘💋😗", "late": "⏰🏃", "laugh": "😂🤣😄😆",
    "lol": "😂🤣😆😄", "love": "❤😍🥰😘💕💖", "lunch": "🥪🍕", "mad": "😠😡", "mail": "📧📨", "maybe": "🤷🤔",
    "meh": "😐😑", "mind blown": "🤯", "money": "💰💸", "music": "🎵🎶🎧", "nice": "👍👌😊", "no": "👎❌🙅",
    "ok": "👌👍", "okay": "👌👍", "oops": "😅🙊", "ouch": "🤕", "party": "🎉🥳🎊", "phone": "📱📞", "photo": "📷📸",
    "please": "🙏🥺", "poop": "💩", "pray": "🙏", "question": "❓🤔", "quiet": "🤫🤐", "rain": "☔",
    "red heart": "❤", "rofl": "🤣", "sad": "😢😞🙁😭", "school": "🏫🎒🎓", "science": "🔬🧪🧬", "scream": "😱",
    "see": "👀", "shh": "🤫", "shocked": "😱😲", "shrug": "🤷", "sick": "🤒🤢🤧", "silly": "🤪😜", "sleep": "😴💤",
    "smile": "🙂😊😀😄", "snow": "⛄", "sorry": "🙏😔", "star": "⭐🌟", "stop": "✋🛑", "strong": "💪", "sun": "🌞",
    "surprised": "😮😲", "sweat": "😅😓", "thank you": "🙏", "thanks": "🙏", "think": "🤔💭", "thumbs down": "👎",
    "thumbs up": "👍", "time": "⏰⌛🕐", "tired": "😫🥱😴", "true": "✅", "ugly": "👹", "victory": "🏆🙌",
    "wait": "⏳✋", "warning": "🚨⛔", "wave": "👋", "win": "🏆🥇", "wink": "😉", "work": "💼💻", "wow": "😮🤩",
    "wrong": "❌", "yay": "🎉🙌", "yes": "👍✅", "yummy": "😋",
}  # fmt: skip


@lru_cache(maxsize=1)
def names() -> dict[str, str]:
    """Every emoji that can be chosen with its name, folded, in the order of `GROUPS`."""
    found: dict[str, str] = {}
    for _, ranges in GROUPS:
        for first, last in ranges:
            for number in range(first, last + 1):
                if name := unicodedata.name(chr(number), ""):
                    found.setdefault(chr(number), folded(name))
    return found


@lru_cache(maxsize=1)
def _meant() -> dict[str, list[tuple[str, int]]]:
    """The words that mean an emoji beside its name, each with its place among what the word means."""
    meant: dict[str, list[tuple[str, int]]] = {}
    for word, emoji in SYNONYMS.items():
        for place, one in enumerate(emoji):
            meant.setdefault(one, []).append((word, place))
    return meant


def search(text: str) -> list[str]:
    """The emoji that `text` means, the best ones first; all of them where it is empty."""
    words = folded(text).replace(":", " ").replace("_", " ").split()
    if not words:
        return list(names())
    whole = " ".join(words)
    found: list[tuple[tuple[int, int], str]] = []
    for emoji, name in names().items():
        best: tuple[int, int] | None = None
        for word, place in _meant().get(emoji, ()):
            if word == whole:
                best = (0, place)
            elif word.startswith(whole):
                best = min(best or (9, 0), (1, place))
        fits = rank(words, name)
        if fits is not None:
            exact = f" {whole} " in f" {name} "
            best = min(best or (9, 0), (1 if exact else 2 + fits, 0))
        if best is not None:
            found.append((best, emoji))
    found.sort(key=lambda one: one[0])  # those that fit as well stay in the order of the groups
    return [emoji for _, emoji in found]


def called(emoji: str) -> str:
    """What an emoji is called, for people."""
    return names().get(emoji, "").capitalize()


def remembered(recent: str) -> list[str]:
    """The emoji in `recent`, which comes from a file, each once; nothing that is none."""
    return [emoji for emoji in dict.fromkeys(recent) if emoji in names()][:RECENT]


RECENT = 24  # that were chosen last, and come first
