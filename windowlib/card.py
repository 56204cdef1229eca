"""The card in the middle of the first screen: its title, its button, and what stands between them, which can scroll.

Used by join_card.py, in Tk's thread.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterable
from tkinter import ttk

from windowlib.colours import LIGHT
from windowlib.look import Theme

WIDE = 320  # of what stands in the card where there is room, in steps of 1/96 inch
PAGE = 9  # tenths of what is seen, for a page key


class Card(ttk.Frame):
    """Fills the screen with a card in its middle: `content` scrolls where the window is too small for all of it.

    Title and `foot` are always in sight. The buttons for the look and the settings stand in the corner of the screen,
    or in the card's where they would touch.
    """

    def __init__(
        self, parent: tk.Misc, theme: Theme, on_look: Callable[[], None], on_settings: Callable[[], None]
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._fitted: tuple[object, ...] = ()  # the sizes that `fit` has last worked with
        self._settling = ""  # the call after which they are
        self._wide = 0
        self.wrapped: list[ttk.Label] = []  # labels as wide as the card's content, and as long as it takes
        self._shown: tuple[tk.Misc, ...] = ()  # what is brought into sight when sizes change
        self.frame = frame = ttk.Frame(self, style="Card.TFrame")
        frame.place(relx=0.5, rely=0.5, anchor="center")
        self._head = self._build_head(frame)
        self._slim_head = ttk.Label(frame, text="Hallway", style="Surface.Strong.TLabel")
        self.view = tk.Canvas(frame, borderwidth=0, highlightthickness=0, takefocus=False)
        self.view.grid(row=1, column=0)
        self.bar = ttk.Scrollbar(frame, orient="vertical", command=self.view.yview, takefocus=False)
        self.view.configure(yscrollcommand=self.bar.set)
        self.content = ttk.Frame(self.view, style="Surface.TFrame")
        self.view.create_window(0, 0, window=self.content, anchor="nw")
        self.foot = ttk.Frame(frame, style="Surface.TFrame")
        self.foot.grid(row=2, column=0, sticky="we", pady=(theme.px(10), 0))
        self.look_button = ttk.Button(self, style="Corner.TButton", command=on_look)
        self.settings_button = ttk.Button(self, text="Settings", style="Corner.TButton", command=on_settings)
        for widget in (self, frame, self.content):
            widget.bind("<Configure>", lambda _: self.fit())

    def _build_head(self, frame: ttk.Frame) -> ttk.Frame:
        px = self._theme.px
        head = ttk.Frame(frame, style="Surface.TFrame")
        mark = ttk.Label(head, text="H", image=self._theme.mark, compound="center", style="Mark.TLabel")
        mark.pack(side="left", padx=(px(3), px(12)))
        titles = ttk.Frame(head, style="Surface.TFrame")
        titles.pack(side="left")
        ttk.Label(titles, text="Hallway", style="Surface.Title.TLabel").pack(anchor="w")
        ttk.Label(titles, text="The chat of the network you are on", style="Surface.Hint.TLabel").pack(anchor="w")
        return head

    def destroy(self) -> None:
        if self._settling:
            self.after_cancel(self._settling)
            self._settling = ""
        super().destroy()

    def dress(self) -> None:
        """Takes the colours and sizes of the theme."""
        self.look_button.configure(text="Dark look" if self._theme.look is LIGHT else "Light look")
        self.view.configure(background=self._theme.look.surface)
        self._fitted = ()
        self.fit()

    def fit(self) -> None:
        """Gives the card the room there is: first it loses its large title and margins, then its middle scrolls."""
        px, frame, width, height = self._theme.px, self.frame, self.winfo_width(), self.winfo_height()
        self._widen(min(px(WIDE), width - 2 * px(20) - 2 * px(12)))
        content, foot = self.content.winfo_reqheight(), self.foot.winfo_reqheight()
        sizes = (width, height, content, self.content.winfo_reqwidth(), foot, self._head.winfo_reqheight())
        if width <= 1 or sizes == self._fitted:  # it has no size yet; or something was only moved, by scrolling
            return
        self._fitted = sizes
        rest = foot + px(10) + 2 * px(8)
        slim = self._head.winfo_reqheight() + 2 * px(32) + content + rest > height
        above = px(32 if not slim else 14 if height >= px(300) else 6)
        head, hidden = (self._slim_head, self._head) if slim else (self._head, self._slim_head)
        hidden.grid_forget()
        head.grid(row=0, column=0, sticky="w", padx=px(3) if slim else 0, pady=(0, px(6)) if slim else 0)
        beside = px(32 if width >= px(480) else 20)
        frame.configure(padding=(beside, above))
        in_card = not self._stands_apart(width, self.content.winfo_reqwidth() + 2 * beside, height if slim else 0)
        top = head.winfo_reqheight() + (px(6) if slim else 0)
        if in_card and slim:  # what scrolls must not come under it
            top = max(top, px(8) + self.look_button.winfo_reqheight() - above)
        frame.rowconfigure(0, minsize=top)
        room = height - rest - 2 * above - top
        seen = max(px(40), min(content, room))
        self.view.configure(
            width=self.content.winfo_reqwidth(), height=seen,
            scrollregion=(0, 0, self.content.winfo_reqwidth(), content),
        )  # fmt: skip
        if seen < content:
            self.bar.place(in_=self.view, relx=1.0, x=px(4), relheight=1.0, bordermode="outside")
        else:
            self.bar.place_forget()
        card = 2 * above + top + seen + px(10) + foot  # not what Tk knows: that is as it was before
        self._place_buttons(slim, self.content.winfo_reqwidth() + 2 * beside, card)
        self.keep_in_sight(*self._shown)

    def _widen(self, width: int) -> None:
        """What stands in the card is so wide; in pixels."""
        if width > 1 and width != self._wide:
            self._wide = width
            self.content.columnconfigure(0, weight=1, minsize=width)
            for label in self.wrapped:
                label.configure(wraplength=width)
            self.widened(width)
            self.update_idletasks()

    def widened(self, width: int) -> None:
        """What stands in the card is so wide now; in pixels."""

    def _stands_apart(self, width: int, card_width: int, card_height: int) -> bool:
        """Whether the look's button has room in the corner of the screen."""
        both = self.look_button.winfo_reqwidth() + self.settings_button.winfo_reqwidth()
        beside = (width - card_width) // 2 >= both + self._theme.px(20)
        above = (self.winfo_height() - card_height) // 2 >= self.look_button.winfo_reqheight() + self._theme.px(20)
        return beside or (above and card_height > 0)

    def _place_buttons(self, slim: bool, card_width: int, card_height: int) -> None:
        px, frame, buttons = self._theme.px, self.frame, (self.settings_button, self.look_button)
        apart = self._stands_apart(self.winfo_width(), card_width, card_height)
        place, style, y = (self, "Corner", px(12)) if apart else (frame, "Quiet", px(8 if slim else 10))
        room = place.winfo_width() - px(12) if apart else card_width - self._slim_head.winfo_reqwidth()
        taken = px(12)
        for button in buttons:  # the settings know of the look, too
            button.configure(style=f"{style}.TButton")
            if taken > px(12) and taken + button.winfo_reqwidth() + px(24) > room:
                button.place_forget()
                continue
            button.place(in_=place, relx=1.0, x=-taken, y=y, anchor="ne", bordermode="outside")
            taken += button.winfo_reqwidth()

    def bind_scrolling(self, controls: Iterable[tk.Misc]) -> None:
        """The wheel moves what does not fit, wherever the mouse is; the page keys do in these controls."""
        for one in controls:
            one.bind("<Prior>", lambda _: self.scroll(-PAGE))
            one.bind("<Next>", lambda _: self.scroll(PAGE))
        self._bind_wheel(self)

    def _bind_wheel(self, widget: tk.Misc) -> None:
        widget.bind("<MouseWheel>", lambda event: self.scroll(-1 if event.delta > 0 else 1), add=True)
        for button, tenths in ((4, -1), (5, 1)):  # the wheel's on X11
            widget.bind(f"<Button-{button}>", lambda _, tenths=tenths: self.scroll(tenths), add=True)  # type: ignore[misc]
        for child in widget.winfo_children():
            if not getattr(child, "scrolls_itself", False):
                self._bind_wheel(child)

    def scroll(self, tenths: int) -> None:
        """Moves what is seen by so many tenths of it."""
        if self.bar.winfo_ismapped():
            self.view.yview_scroll(tenths, "units")

    def shows_end_of(self, widget: tk.Misc) -> bool:
        """Whether the last line of this part of the content is in sight."""
        end = widget.winfo_rooty() + widget.winfo_height() - self.content.winfo_rooty()
        return end <= self.view.canvasy(0) + int(self.view.cget("height")) + self._theme.px(2)

    def keep_in_sight(self, *widgets: tk.Misc) -> None:
        """What counts now: brought into sight, the last before all, and again whenever sizes change."""
        self._shown = widgets
        if not self._settling:
            self._settling = self.after_idle(self._bring_into_sight)  # when all has its place

    def _bring_into_sight(self) -> None:
        self._settling = ""
        self.fit()  # Tk does not tell a canvas whose window is out of sight that this has another size now
        for widget in self._shown:
            if not widget.winfo_ismapped():
                continue
            seen, top = int(self.view.cget("height")), self.view.canvasy(0)
            begin = widget.winfo_rooty() - self.content.winfo_rooty()
            end = begin + widget.winfo_height()
            if begin < top or end - begin > seen:
                above = self._theme.px(33)  # its label
                self.view.yview_moveto((begin - above) / max(1, self.content.winfo_reqheight()))
            elif end > top + seen:
                self.view.yview_moveto((end - seen) / max(1, self.content.winfo_reqheight()))
