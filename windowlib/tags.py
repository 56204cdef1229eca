"""What the runs of a transcript look like: the tags of a `Text`, by name. Part of conversation.py, in Tk's thread.

How much is drawn at the left: the initial of who speaks, or the time of what they say next, then the text beside it.
"""

from __future__ import annotations

import tkinter as tk

from windowlib.colours import name_colours
from windowlib.look import Theme, dress
from windowlib.transcript import ABOVE_BLOCK, HUES


def gutter_of(theme: Theme) -> tuple[int, int]:
    """Where the initials and the times begin, and where the text does: pixels from the left of the column."""
    edge = theme.px(10)
    initial, time = theme.width_of(" W ", "Initial"), theme.width_of("00:00", "Small")
    return edge, edge + max(initial, time) + theme.px(8)


def configure(text: tk.Text, theme: Theme) -> None:
    """Gives the tags the colours, fonts and lengths of the theme."""
    dress(text, theme.look)
    _lines(text, theme)
    _grounds(text, theme)
    _places(text, theme)
    _window_lines(text, theme)
    _separators(text, theme)
    _names(text, theme)
    _pieces(text, theme)
    _raise(text)


def _lines(text: tk.Text, theme: Theme) -> None:
    """The line that says who speaks, and what they say."""
    px, tag = theme.px, text.tag_configure
    edge, gutter = gutter_of(theme)
    stop = theme.width_of("n" * 4)
    tag("gap", font="HallwayGap", spacing1=px(5), spacing3=0)
    tag("head", font="HallwayStrong", spacing1=px(4), spacing3=px(1), lmargin1=edge, lmargin2=gutter, rmargin=edge)
    tag("head", tabs=(gutter,))
    tag("body", font="HallwayBody", spacing1=px(2), spacing2=_between(theme), spacing3=px(4), rmargin=edge)
    tag("body", tabs=(gutter + stop, gutter + 2 * stop), tabstyle="wordprocessor", lmargin1=gutter, lmargin2=gutter)
    for name in ("head", "body"):  # else the ground of an initial or of code goes on into the margin
        tag(name, lmargincolor=theme.look.surface, rmargincolor=theme.look.surface)


def _between(theme: Theme) -> int:
    """Pixels between two lines of a message: towards 1.35 of the font's size from one to the next."""
    return max(0, round(theme.line_height() * 0.12))


def _grounds(text: tk.Text, theme: Theme) -> None:
    """What one's own messages stand on, and other special ones."""
    look = theme.look
    for tint, ground in (("own", look.own), ("private", look.private), ("announced", look.sidebar)):
        text.tag_configure(tint, background=ground, lmargincolor=ground, rmargincolor=ground)


def _places(text: tk.Text, theme: Theme) -> None:
    """Where a line stands in a message of several, and the time beside one that has no head."""
    tag = text.tag_configure
    edge, gutter = gutter_of(theme)
    stop, between = theme.width_of("n" * 4), _between(theme)
    tag("first", spacing3=0)
    tag("inner", spacing1=between, spacing3=0)
    tag("last", spacing1=between)
    tag(ABOVE_BLOCK, spacing3=theme.px(4))  # on the block itself it would be of the block's colour
    tag("when", font="HallwaySmall", foreground=theme.look.muted, lmargin1=edge)
    tag("when", tabs=(gutter, gutter + stop, gutter + 2 * stop), tabstyle="wordprocessor")
    tag("within", lmargin1=gutter)


def _window_lines(text: tk.Text, theme: Theme) -> None:
    """Lines of the window's own, and words of its own about a message."""
    look, px, tag = theme.look, theme.px, text.tag_configure
    edge, gutter = gutter_of(theme)
    for name in ("system", "trouble", "why"):
        tag(name, font="HallwaySmall", spacing1=px(4), spacing3=px(4), lmargin1=gutter, lmargin2=gutter, rmargin=edge)
    tag("system", foreground=look.muted)
    tag("trouble", foreground=look.trouble)
    tag("why", foreground=look.trouble, spacing1=0, spacing3=px(8))
    tag("small", font="HallwaySmall", foreground=look.muted)
    tag("bad", font="HallwaySmall", foreground=look.trouble)
    tag("empty", font="HallwayBody", foreground=look.muted, justify="center", spacing1=px(6))
    tag("strong", font="HallwayStrong", foreground=look.text, spacing1=px(60))


def _separators(text: tk.Text, theme: Theme) -> None:
    """What stands between messages: the day, and where the unread ones begin."""
    look, px, tag = theme.look, theme.px, text.tag_configure
    edge, _ = gutter_of(theme)
    tag("day", font="HallwaySmallStrong", foreground=look.muted, justify="center", spacing1=px(18), spacing3=px(2))
    tag("unread", font="HallwaySmallStrong", foreground=look.accent, justify="right", spacing1=px(8), rmargin=edge)
    tag("rule", font=("TkDefaultFont", -1), background=look.accent, lmargincolor=look.accent, rmargincolor=look.accent)


def _names(text: tk.Text, theme: Theme) -> None:
    """Who speaks, each in a colour of their own."""
    look = theme.look
    for hue, colour in enumerate(name_colours(look)):
        text.tag_configure(f"hue{hue}", foreground=colour)
        text.tag_configure(f"initial{hue}", background=colour, foreground=look.surface, font="HallwayInitial")


def _pieces(text: tk.Text, theme: Theme) -> None:
    """What a text has beside plain letters, and where the mouse or the keyboard is on it."""
    look, tag = theme.look, text.tag_configure
    tag("link", foreground=look.accent, underline=True)
    tag("code", font="HallwayFixed", background=look.hover, foreground=look.text)
    tag("block", font="HallwayFixed", background=look.hover, foreground=look.text, spacing1=0, spacing2=0, spacing3=0)
    tag("mention", font="HallwayStrong", background=look.accent, foreground=look.accent_text)
    tag("emoji", font=theme.emoji_font)
    tag("again", foreground=look.accent, underline=True)
    tag("under", background=look.hover, foreground=look.text)
    tag("focused", background=look.accent, foreground=look.accent_text)
    tag("found", background=look.own, lmargincolor=look.own, rmargincolor=look.own)


def _raise(text: tk.Text) -> None:
    """Which tag wins where several say something else: the last one here, the selection above all."""
    initials = tuple(f"initial{hue}" for hue in range(HUES))
    for name in ("found", *initials, "mention", "code", "block", "under", "focused", "emoji", "sel"):
        text.tag_raise(name)
