"""Makes what is drawn larger or smaller: every length that the widgets of a window were given in pixels.

Fonts and styles are the business of look.py, which calls this, in Tk's thread. A screen may go on working out lengths
of its own (`Theme.px`); whatever it was given last is what is scaled the next time.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator

# key: class of a widget; the options that hold its lengths in pixels
OPTIONS: dict[str, tuple[str, ...]] = {
    "TFrame": ("padding", "width", "height"),
    "TLabel": ("padding", "wraplength"),
    "Frame": ("padx", "pady", "width", "height"),
    "Label": ("padx", "pady", "wraplength"),
    "Canvas": ("width", "height"),
    "Text": ("padx", "pady", "spacing1", "spacing2", "spacing3", "tabs", "insertwidth"),
}
TAG_OPTIONS = ("lmargin1", "lmargin2", "rmargin", "spacing1", "spacing2", "spacing3", "offset", "tabs")
PLACING: dict[str, tuple[str, ...]] = {  # key: a manager of geometry
    "pack": ("padx", "pady", "ipadx", "ipady"),
    "grid": ("padx", "pady", "ipadx", "ipady"),
    "place": ("x", "y", "width", "height"),
}


class Lengths:
    """The lengths of one window's widgets. Remembers what rounding took from each, so that none drifts away."""

    def __init__(self, root: tk.Tk) -> None:
        self._root = root
        self._exact: dict[tuple[str, ...], tuple[int, float]] = {}  # a length as it was given, and before rounding

    def scale(self, ratio: float) -> None:
        """Multiplies every length with `ratio`; a line of one pixel stays one."""
        before, self._exact = self._exact, {}
        call, words = self._root.tk.call, self._root.tk.splitlist

        def scaled(value: object, *key: str) -> str | None:
            """A length, or a list of them, as it is to be; None where that is as before."""
            parts = [str(part) for part in words(str(value))]
            new = [self._scaled(part, ratio, before, (*key, str(number))) for number, part in enumerate(parts)]
            return " ".join(new) if new != parts else None

        for path in self._paths("."):
            kind = str(call("winfo", "class", path))
            for option in OPTIONS.get(kind, ()):
                if (new := scaled(call(path, "cget", f"-{option}"), path, option)) is not None:
                    call(path, "configure", f"-{option}", new)
            if kind == "Text":
                for tag in words(call(path, "tag", "names")):
                    for option in TAG_OPTIONS:
                        old = call(path, "tag", "cget", tag, f"-{option}")
                        if (new := scaled(old, path, f"tag {tag}", option)) is not None:
                            call(path, "tag", "configure", tag, f"-{option}", new)
            elif kind == "Treeview":
                for option in ("width", "minwidth"):
                    if (new := scaled(call(path, "column", "#0", f"-{option}"), path, option)) is not None:
                        call(path, "column", "#0", f"-{option}", new)
            manager = str(call("winfo", "manager", path))
            if manager in PLACING:
                info = words(call(manager, "info", path))
                known = dict(zip((str(name) for name in info[::2]), info[1::2], strict=True))
                for option in PLACING[manager]:
                    if (new := scaled(known.get(f"-{option}", ""), path, option, manager)) is not None:
                        call(manager, "configure", path, f"-{option}", new)
            columns, rows = (int(str(count)) for count in words(call("grid", "size", path)))
            for line, count in (("columnconfigure", columns), ("rowconfigure", rows)):
                for number in range(count):
                    for option in ("minsize", "pad"):
                        old = call("grid", line, path, number, f"-{option}")
                        if (new := scaled(old, path, line, str(number), option)) is not None:
                            call("grid", line, path, number, f"-{option}", new)

    def _scaled(
        self, part: str, ratio: float, before: dict[tuple[str, ...], tuple[int, float]], key: tuple[str, ...]
    ) -> str:
        try:
            given = int(part)
        except ValueError:  # nothing, a word of the option, or a length in another unit
            return part
        last, exact = before.get(key, (given, float(given)))
        if last != given:  # somebody has set it meanwhile
            exact = float(given)
        elif key not in before and abs(given) <= 1:
            return part
        exact *= ratio
        self._exact[key] = (round(exact), exact)
        return str(round(exact))

    def _paths(self, path: str) -> Iterator[str]:
        yield path
        for child in self._root.tk.splitlist(self._root.tk.call("winfo", "children", path)):
            yield from self._paths(str(child))
