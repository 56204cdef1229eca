"""Emoji in colour, in texts. The font of a text often has the older ones in black and white, and would draw them so.

Called by the screens in Tk's thread; `in_colour` knows no Tk.
"""

from __future__ import annotations

import re
import tkinter as tk
from collections.abc import Iterable, Iterator
from functools import lru_cache

from windowlib.right_to_left import Run

FAMILIES = ("Segoe UI Emoji", "Apple Color Emoji", "Noto Color Emoji", "Twemoji", "Twitter Color Emoji")
TAG = "emoji"  # of what is drawn in that font

# Unicode's Emoji_Presentation, and signs that are followed by the wish to be drawn as a picture; with what joins them.
_EMOJI = re.compile(
    "(?:(?:[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615"
    "\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa"
    "\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55]"
    "|[\u00a9\u00ae\u203c-\u2bff]\ufe0f)[\ufe0f\u200d]*)+"
)


def colour_is_safe(root: tk.Misc) -> bool:
    """Whether a colour emoji cannot end the program, as it can on X11 with a libXft before 2.3.5."""
    if root.tk.call("tk", "windowingsystem") != "x11":
        return True
    return xft_version() >= 20305


@lru_cache(maxsize=1)
def xft_version() -> int:
    import ctypes.util  # not before a chat is shown: the first screen is to be quick

    for known in ("libXft.so.2", ""):
        try:  # looking for it starts programs
            return int(ctypes.CDLL(known or ctypes.util.find_library("Xft") or "libXft").XftGetVersion())
        except (OSError, AttributeError):
            continue
    return 0


def in_colour(runs: Iterable[Run]) -> Iterator[Run]:
    """The same runs, with the emoji in runs of their own."""
    for run in runs:
        text, tags = run
        if text.isascii() or _EMOJI.search(text) is None:
            yield run
            continue
        at = 0
        for found in _EMOJI.finditer(text):
            if at < found.start():
                yield text[at : found.start()], tags
            yield found.group(), (*tags, TAG)
            at = found.end()
        if at < len(text):
            yield text[at:], tags
