"""A page that scrolls when the window is too small for it: a title, a way back, and what is put into `inside`.

Used by the settings and the page of keys, in Tk's thread.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Literal

from windowlib.look import Theme

WIDEST = 680  # 1/96 inch of what is read; longer lines are hard to follow


class Scrolled(ttk.Frame):
    """A title with a button that leads back, always in sight; below them `inside`, as much of it as there is room for.

    The wheel, the page keys and the keyboard's way through the controls move what is seen of it.
    """

    def __init__(self, parent: tk.Misc, theme: Theme, title: str, back: str, on_close: Callable[[], None]) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._theme = theme
        self._tag = f"Scrolled{self}"  # of everything in here
        self._fitting = ""  # the timer after which `_fit` runs
        px = theme.px
        head = ttk.Frame(self, style="Surface.TFrame")
        head.pack(fill="x", padx=px(12), pady=px(9))
        self.back = ttk.Button(head, text=back, style="Quiet.TButton", command=on_close)
        self.back.pack(side="right")
        ttk.Label(head, text=title, style="Surface.Strong.TLabel").pack(side="left", padx=px(8), pady=px(8))
        ttk.Frame(self, style="Line.TFrame", height=1).pack(fill="x")
        self._bar = ttk.Scrollbar(self, orient="vertical", takefocus=False)
        self._bar.pack(side="right", fill="y")
        self._view = tk.Canvas(self, borderwidth=0, highlightthickness=0, takefocus=False, width=1, height=1)
        self._view.pack(fill="both", expand=True)
        self._view.configure(yscrollcommand=self._bar.set)
        self._bar.configure(command=self._view.yview)
        self.inside = ttk.Frame(self._view, style="Surface.TFrame")
        self._item = self._view.create_window(0, 0, window=self.inside, anchor="nw")
        self._view.bind("<Configure>", lambda _: self.fit())
        self.inside.bind("<Configure>", lambda _: self.fit())
        self.bind_class(self._tag, "<FocusIn>", self._came_to)
        self.bind_class(self._tag, "<MouseWheel>", lambda event: self._scroll(-1 if event.delta > 0 else 1, "units"))
        if theme.style.tk.call("tk", "windowingsystem") == "x11":
            self.bind_class(self._tag, "<Button-4>", lambda _: self._scroll(-1, "units"))
            self.bind_class(self._tag, "<Button-5>", lambda _: self._scroll(1, "units"))
        ways: tuple[tuple[str, int, Literal["units", "pages"]], ...] = (
            ("<Prior>", -1, "pages"), ("<Next>", 1, "pages"), ("<Up>", -1, "units"), ("<Down>", 1, "units"),
        )  # fmt: skip
        for key, by, what in ways:  # a control that takes such a key for itself comes before
            self.bind_class(self._tag, key, lambda _, by=by, what=what: self._scroll(by, what))  # type: ignore[misc]
        self._adopt(self)
        self.bind("<Map>", lambda _: self._adopt(self), add=True)
        self.dress()

    def wraps(self, label: ttk.Label) -> None:
        """Breaks the lines of `label`, which is as wide as there is room for it."""
        label.bind("<Configure>", lambda event: label.configure(wraplength=max(event.width, self._theme.px(80))))

    def dress(self) -> None:
        self._view.configure(background=self._theme.look.surface, yscrollincrement=self._theme.px(24))
        self.fit()

    def fit(self) -> None:
        """Something in here has another size or place: what is seen follows, when Tk has moved it."""
        if not self._fitting:
            self._fitting = self.after_idle(self._fit)

    def destroy(self) -> None:
        if self._fitting:
            self.after_cancel(self._fitting)
        super().destroy()

    def _adopt(self, widget: tk.Misc) -> None:
        """Everything in here scrolls the page by the wheel, and into sight when the keyboard comes to it."""
        if self._tag not in widget.bindtags():
            widget.bindtags((*widget.bindtags(), self._tag))
        for child in widget.winfo_children():
            self._adopt(child)

    def _fit(self) -> None:
        self._fitting = ""
        px, width = self._theme.px, self._view.winfo_width()
        if width <= 1:
            return
        side = max(px(20), (width - px(WIDEST)) // 2)
        inner = max(width - 2 * side, px(160))
        self._view.itemconfigure(self._item, width=inner)
        self._view.coords(self._item, side, px(20))
        height = self.inside.winfo_reqheight() + 2 * px(20)
        self._view.configure(scrollregion=(0, 0, width, max(height, self._view.winfo_height())))

    def _scroll(self, by: int, what: Literal["units", "pages"]) -> None:
        self._view.yview_scroll(by, what)

    def _came_to(self, event: tk.Event[tk.Misc]) -> None:
        """Brings the control that has the keyboard into sight, with some room round it."""
        widget = event.widget
        if not str(widget).startswith(f"{self.inside}."):
            return
        room = self._theme.px(32)
        top = widget.winfo_rooty() - self.inside.winfo_rooty() + self._theme.px(20)
        bottom, seen = top + widget.winfo_height(), self._view.winfo_height()
        whole = max(1, int(str(self._view.cget("scrollregion")).split()[3]))
        above = self._view.canvasy(0)
        if top - room < above:
            self._view.yview_moveto(max(0, top - room) / whole)
        elif bottom + room > above + seen:
            self._view.yview_moveto((bottom + room - seen) / whole)
