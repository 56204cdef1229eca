"""The screen a window opens on: Tk's first window, and where on the screens there are now an old place still is.

Called by window.py, in Tk's thread.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tkinter as tk
from pathlib import Path

from clientlib.storage import write_whole

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
