"""The screen a window is on: Tk's first window, its size and place on the screens that there are, and its keyboard.

Called by window.py and its parts, in Tk's thread.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tkinter as tk
from collections.abc import Callable
from pathlib import Path

from clientlib.storage import write_whole
from windowlib.look import Theme

GLYPH_MEMORY = 64 * 1024 * 1024  # bytes for each font, and used only when so many emoji are on the screen
GRIP = 80  # pixels of a window's upper edge that are to be in reach of the mouse


class NoDisplay(Exception):
    """There is no screen to open a window on; `str(error)` is what Tk said about it."""


def fills_screen(root: tk.Tk) -> bool:
    """On X11, where Tk does not tell it as a state of the window."""
    return root.tk.call("tk", "windowingsystem") == "x11" and bool(root.tk.getboolean(root.wm_attributes("-zoomed")))


def placed(root: tk.Tk, geometry: str) -> str:
    """What is left of a size and place that was kept, on the screens that there are now; "" where nothing is."""
    if not (match := re.fullmatch(r"(\d+)x(\d+)\+(-?\d+)\+(-?\d+)", geometry)):
        return ""
    width, height, x, y = (int(number) for number in match.groups())
    left, top = root.winfo_vrootx(), root.winfo_vrooty()
    right = left + max(root.winfo_vrootwidth(), root.winfo_screenwidth())
    bottom = top + max(root.winfo_vrootheight(), root.winfo_screenheight())
    width, height = min(width, right - left), min(height, bottom - top)
    if left - width + GRIP <= x <= right - GRIP and top <= y <= bottom - GRIP:
        return f"{width}x{height}+{x}+{y}"
    return f"{width}x{height}"


def set_geometry(root: tk.Tk, theme: Theme, geometry: str) -> None:
    """Gives the window the size and place that were kept, or those it begins with, and the smallest one it may have."""
    plain = theme.px(1000) / theme.percent / 10  # of 1/96 inch: whoever zooms has no larger screen
    root.minsize(round(400 * plain), round(380 * plain))
    wide, high = min(theme.px(960), root.winfo_screenwidth()), min(theme.px(660), root.winfo_screenheight())
    root.geometry(placed(root, geometry) or f"{wide}x{high}")


def follow_geometry(root: tk.Tk, on_move: Callable[[str], None]) -> None:
    """Calls `on_move` with each new size and place of the window, but not with that of one which fills the screen."""

    def moved(event: tk.Event[tk.Misc]) -> None:
        if event.widget is root and root.winfo_viewable() and root.wm_state() == "normal" and not fills_screen(root):
            on_move(root.geometry())

    root.bind("<Configure>", moved, add=True)


def give_keyboard(widget: tk.Misc | None) -> None:
    """Back to where it was, if that is still there."""
    with contextlib.suppress(tk.TclError):
        if widget is not None:
            widget.focus_set()


def open_root(folder: Path) -> tk.Tk:
    """Tk's first window, sharp and quick on this system. Raises `NoDisplay` where there is no screen."""
    if sys.platform == "win32":  # without it Windows draws the window small and blows it up
        import ctypes

        with contextlib.suppress(AttributeError, OSError):
            ctypes.windll.shcore.SetProcessDpiAwareness(1)
    elif sys.platform != "darwin":
        # libXft keeps a few hundred KiB of drawn glyphs for each font: three colour emoji. A screen full of a fourth
        # took three seconds for every redraw (libXft 2.3.6); with room for 180 different ones it takes 10 ms.
        with contextlib.suppress(OSError):
            write_whole(folder / "x-resources", f"Xft.maxglyphmemory: {GLYPH_MEMORY}\n".encode())
            os.environ.setdefault("XENVIRONMENT", str(folder / "x-resources"))
    try:
        return tk.Tk(className="Hallway")
    except tk.TclError as error:
        raise NoDisplay(str(error)) from None
