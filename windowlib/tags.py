"""What the runs of a transcript look like: the tags of a `Text`, by name. Part of conversation.py, in Tk's thread.

How much is drawn at the left: the initial of who speaks, or the time of what they say next, then the text beside it.
"""

from __future__ import annotations

import tkinter as tk

from windowlib.colours import name_colours
from windowlib.look import Theme, dress
from windowlib.transcript import HUES


def gutter_of(theme: Theme) -> tuple[int, int]:
    """Where the initials and the times begin, and where the text does: pixels from the left of the column."""
    edge = theme.px(10)
    initial, time = theme.width_of(" W ", "Initial"), theme.width_of("00:00", "Small")
    return edge, edge + max(initial, time) + theme.px(8)


def configure(text: tk.Text, theme: Theme) -> None:
    """Gives the tags the colours, fonts and lengths of the theme."""
    look, px, tag = theme.look, theme.px, text.tag_configure
    dress(text, look)
    edge, gutter = gutter_of(theme)
    room = max(0, round(theme.line_height() * 0.12))  # towards 1.35 of the font's size between lines
    stop = theme.width_of("n" * 4)
    tag("gap", font="HallwayGap", spacing1=px(5), spacing3=0)
    tag("head", font="HallwayStrong", spacing1=px(4), spacing3=px(1), lmargin1=edge, lmargin2=gutter, rmargin=edge)
    tag("head", tabs=(gutter,))
    tag("body", font="HallwayBody", spacing1=px(2), spacing2=room, spacing3=px(4), rmargin=edge)
    tag("body", tabs=(gutter + stop, gutter + 2 * stop), tabstyle="wordprocessor", lmargin1=gutter, lmargin2=gutter)
    for name in ("head", "body"):  # else the ground of an initial or of code goes on into the margin
        tag(name, lmargincolor=look.surface, rmargincolor=look.surface)
    for tint, ground in (
        ("own", look.own),
        ("private", look.private),
        ("announced", look.sidebar),
    ):
        tag(tint, background=ground, lmargincolor=ground, rmargincolor=ground)
    tag("first", spacing3=0)
    tag("inner", spacing1=room, spacing3=0)
    tag("last", spacing1=room)
    tag("when", font="HallwaySmall", foreground=look.muted, lmargin1=edge)
    tag("when", tabs=(gutter, gutter + stop, gutter + 2 * stop), tabstyle="wordprocessor")
    tag("within", lmargin1=gutter)
    for name in ("system", "trouble", "why"):
        tag(name, font="HallwaySmall", spacing1=px(4), spacing3=px(4), lmargin1=gutter, lmargin2=gutter, rmargin=edge)
    tag("system", foreground=look.muted)
    tag("trouble", foreground=look.trouble)
    tag("why", foreground=look.trouble, spacing1=0, spacing3=px(8))
    tag("small", font="HallwaySmall", foreground=look.muted)
    tag("bad", font="HallwaySmall", foreground=look.trouble)
    tag("day", font="HallwaySmallStrong", foreground=look.muted, justify="center", spacing1=px(18), spacing3=px(2))
    tag("unread", font="HallwaySmallStrong", foreground=look.accent, justify="right", spacing1=px(8), rmargin=edge)
    tag("rule", font=("TkDefaultFont", -1), background=look.accent, lmargincolor=look.accent, rmargincolor=look.accent)
    tag("empty", font="HallwayBody", foreground=look.muted, justify="center", spacing1=px(6))
    tag("strong", font="HallwayStrong", foreground=look.text, spacing1=px(60))
    for hue, colour in enumerate(name_colours(look)):
        tag(f"hue{hue}", foreground=colour)
        tag(f"initial{hue}", background=colour, foreground=look.surface, font="HallwayInitial")
    tag("link", foreground=look.accent, underline=True)
    tag("code", font="HallwayFixed", background=look.hover, foreground=look.text)
    tag("block", font="HallwayFixed", background=look.hover, foreground=look.text, spacing1=0, spacing2=0, spacing3=0)
    tag("mention", font="HallwayStrong", background=look.accent, foreground=look.accent_text)
    tag("emoji", font=theme.emoji_font)
    tag("again", foreground=look.accent, underline=True)
    tag("under", background=look.hover, foreground=look.text)
    tag("focused", background=look.accent, foreground=look.accent_text)
    tag("found", background=look.own, lmargincolor=look.own, rmargincolor=look.own)
    initials = tuple(f"initial{hue}" for hue in range(HUES))
    for name in ("found", *initials, "mention", "code", "block", "under", "focused", "emoji"):
        text.tag_raise(name)
    text.tag_raise("sel")
