"""How something that was typed in a hurry is compared with a name. Nothing in here knows Tk.

Used where names are completed, people are jumped to and emoji are searched.
"""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """`text` as it is compared: without accents, which not every keyboard has, and without case."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold()


def rank(words: list[str], text: str) -> int | None:
    """How well what was typed, folded and in words, fits a folded text; smaller is better, None not at all.

    0: the text begins with it; 1: every word begins one of the text's words; 2: every word stands somewhere in it.
    """
    if text.startswith(" ".join(words)):
        return 0
    if all(f" {word}" in f" {text}" for word in words):
        return 1
    return 2 if all(word in text for word in words) else None
