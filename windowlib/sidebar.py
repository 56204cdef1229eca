"""The list beside the conversation: the chat's name, the conversations, the people.

Part of chat_screen.py, in Tk's thread. What is listed is said by `rows_of`, without Tk; of however many rows there are,
only those in sight are drawn.
"""

from __future__ import annotations

import math
import time
import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import ttk

from names import name_key
from protocol import EVERYONE
from windowlib.inbox import Inbox
from windowlib.look import Theme

REFRESH_SECONDS = 0.2  # it is drawn at most this often
SHOWN_PEOPLE = 300  # of those who are here, and of those who are away; nobody scrolls further
TALK, PERSON, WORDS = "talk", "person", "words"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list: a conversation, a person, or words between them."""

    kind: str
    words: str
    address: str = ""  # what a click on it opens
    dot: bool | None = None  # that person is here, or away
    unread: int = 0
    muted: bool = False

    @property
    def key(self) -> str:
        """What it is found by when the list was drawn anew."""
        return f"{self.kind} {self.address if self.address == EVERYONE else name_key(self.address)}"


def rows_of(inbox: Inbox, *, known: bool) -> list[Row]:
    """Everything that is listed. `known`: whether who is here is known at this moment, or was at the last one."""
    roster = inbox.roster
    rows = [Row(TALK, "Everyone", EVERYONE, unread=inbox.everyone.unread)]
    rows += [
        Row(TALK, talk.title, talk.address, known and roster.is_here(talk.address), talk.unread)
        for talk in inbox.conversations()
    ]
    here, away = roster.names(online=True), roster.names(online=False)
    here.sort(key=lambda name: not inbox.mine(name))  # oneself first, the others as they were
    rows.append(
        Row(
            WORDS,
            f"PEOPLE   {len(here):,}"
            if known
            else f"PEOPLE   {len(here):,} {'was' if len(here) == 1 else 'were'} here",
        )
    )
    for names, online in ((here, True), (away, False)):
        for name in names[:SHOWN_PEOPLE]:
            you = " (you)" if inbox.mine(name) else ""
            rows.append(Row(PERSON, name + you, "" if you else name, known and online, muted=not (known and online)))
        if len(names) > SHOWN_PEOPLE:
            rows.append(Row(WORDS, f"and {len(names) - SHOWN_PEOPLE:,} more {'here' if online else 'away'}"))
    return rows


class Sidebar(ttk.Frame):
    """The rows of `rows_of`; a click on one, or Enter, hands its address to `on_pick`."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, inbox: Inbox, on_pick: Callable[[str], None],
        on_settings: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(parent, style="Side.TFrame")
        self._theme, self._inbox, self._on_pick = theme, inbox, on_pick
        self.known = True  # whether who is here is known
        self.rows: list[Row] = []
        self._server = ""
        self._open = EVERYONE  # address of the conversation that is shown
        self._changes = -1  # of the inbox, that are drawn
        self._drawn_at = -math.inf  # on the monotonic clock
        self._top = 0  # pixels of the list above what is seen
        self._under_mouse = self._at = ""  # keys of rows: under the mouse, and where the keyboard is
        px = theme.px
        self.pack_propagate(False)
        self.title = ttk.Label(self, style="Side.Strong.TLabel", anchor="w")
        self.title.pack(fill="x", padx=px(16), pady=(px(18), px(10)))
        self.settings_button = ttk.Button(self, text="⚙  Settings", style="SideSmall.TButton", command=on_settings)
        self.settings_button.pack(side="bottom", anchor="w", padx=px(8), pady=px(8))
        self.list = tk.Canvas(self, highlightthickness=0, borderwidth=0, takefocus=True, width=1, height=1)
        self._bar = ttk.Scrollbar(
            self, orient="vertical", style="Side.Vertical.TScrollbar", command=self._scrolled, takefocus=False
        )
        self._bar.pack(side="right", fill="y")
        self.list.pack(side="left", fill="both", expand=True)
        self._listen()
        self.bind("<Configure>", lambda _: self._show_title())
        self.dress()

    def _listen(self) -> None:
        bind = self.list.bind
        bind("<Configure>", lambda _: self._draw())
        bind("<Button-1>", lambda _: self.list.focus_set())
        bind("<ButtonRelease-1>", lambda event: self._pick(self._row_at(event.y)))
        bind("<Motion>", lambda event: self._hover(self._row_at(event.y)))
        bind("<Leave>", lambda _: self._hover(None))
        bind("<FocusIn>", lambda _: self._focused())
        bind("<FocusOut>", lambda _: self._draw())
        for key, step in (("Up", -1), ("Down", 1), ("Prior", -10), ("Next", 10), ("Home", -100_000), ("End", 100_000)):
            bind(f"<{key}>", lambda _event, step=step: self._go(step))  # type: ignore[misc]
        for key in ("<Return>", "<KP_Enter>", "<space>"):
            bind(key, lambda _: self._pick(self._row(self._at)))
        bind("<MouseWheel>", lambda event: self._roll(-1 if event.delta > 0 else 1))
        bind("<Button-4>", lambda _: self._roll(-1))
        bind("<Button-5>", lambda _: self._roll(1))

    def dress(self) -> None:
        """Takes the colours and the lengths of the theme."""
        self.list.configure(background=self._theme.look.sidebar)
        self._show_title()
        self._draw()

    def called(self, server: str) -> None:
        """What the chat is called."""
        self._server = server
        self._show_title()

    def opened(self, address: str) -> None:
        """This conversation is shown."""
        self._open = address
        self.refresh()

    def refresh(self) -> None:
        """Draws the list anew, and keeps the place in it."""
        self.rows = rows_of(self._inbox, known=self.known)
        self._draw()

    def flush(self) -> bool:
        """Draws the list anew when something in it is another, unless that was done just now; whether it did."""
        now = time.monotonic()
        if self._changes == self._inbox.changes or now - self._drawn_at <= REFRESH_SECONDS:
            return False
        self._changes, self._drawn_at = self._inbox.changes, now
        self.refresh()
        return True

    def hurry(self) -> None:
        """The next `flush` draws it, whenever the last one did."""
        self._changes, self._drawn_at = -1, -math.inf

    def box(self, key: str) -> tuple[int, int, int, int] | None:
        """Where a row can be seen, such as `person bob`: x, y, width and height within the list."""
        for number, row in enumerate(self.rows):
            top = number * self._height - self._top
            if row.key == key and -self._height < top < self.list.winfo_height():
                return 0, top, self.list.winfo_width(), self._height
        return None

    # --- drawing ---

    @property
    def _height(self) -> int:
        return self._theme.line_height() + self._theme.px(10)

    def _show_title(self) -> None:
        room = self.winfo_width() - self._theme.px(32)
        self.title.configure(text=self._theme.shortened(self._server, max(room, self._theme.px(40)), "Strong"))

    def _draw(self) -> None:
        """Draws the rows that are in sight."""
        seen, height = self.list.winfo_height(), self._height
        whole = len(self.rows) * height
        self._top = max(0, min(self._top, whole - seen))
        self.list.delete("all")
        first = self._top // height
        for number in range(first, min(len(self.rows), (self._top + seen) // height + 1)):
            self._draw_row(self.rows[number], number * height - self._top)
        if whole > seen:
            self._bar.set(self._top / whole, (self._top + seen) / whole)
        else:
            self._bar.set(0, 1)

    def _draw_row(self, row: Row, top: int) -> None:
        theme, look, px = self._theme, self._theme.look, self._theme.px
        width, middle = self.list.winfo_width(), top + self._height // 2
        if row.kind == WORDS:
            self.list.create_text(
                px(16), middle + px(4), text=row.words, anchor="w", font="HallwaySmallStrong", fill=look.muted
            )
            return
        opened = row.kind == TALK and row.address == self._open
        if opened or (row.address and row.key == self._under_mouse):
            self.list.create_rectangle(px(6), top + 1, width - px(2), top + self._height - 1, fill=look.hover, width=0)
        if opened:
            self.list.create_rectangle(px(6), top + 1, px(9), top + self._height - 1, fill=look.accent, width=0)
        if row.address and row.key == self._at and self.list.focus_get() is self.list:
            self.list.create_rectangle(
                px(6) + 1, top + 1, width - px(2) - 1, top + self._height - 2, outline=look.accent, width=px(2)
            )
        if row.dot is None:
            self.list.create_text(px(22), middle, text="#", font="HallwayBody", fill=look.muted)
        else:
            self.list.create_image(px(22), middle, image=theme.here if row.dot else theme.away)
        end = width - px(10)
        if row.unread:
            end = self._draw_count(row.unread, end, middle) - px(4)
        letters = "Strong" if row.unread else "Body"
        self.list.create_text(
            px(36), middle, text=theme.shortened(row.words, max(end - px(36), px(30)), letters), anchor="w",
            font=f"Hallway{letters}", fill=look.muted if row.muted else look.text,
        )  # fmt: skip

    def _draw_count(self, unread: int, right: int, middle: int) -> int:
        """How many are unread, in a pill that ends at `right`; where it begins."""
        theme, look = self._theme, self._theme.look
        words = f"{unread:,}" if unread < 1000 else "999+"
        across = theme.badge.width()
        width = max(across, theme.width_of(words, "SmallStrong") + theme.px(10))
        left, half = right - width, across // 2
        for x in (left + half, right - half):
            self.list.create_image(x, middle, image=theme.badge)
        if width > across:
            top = middle - half
            self.list.create_rectangle(left + half, top, right - half, top + across, fill=look.accent, width=0)
        self.list.create_text((left + right) / 2, middle, text=words, font="HallwaySmallStrong", fill=look.accent_text)
        return left

    # --- what people do ---

    def _row(self, key: str) -> Row | None:
        return next((row for row in self.rows if row.key == key and row.address), None)

    def _row_at(self, y: int) -> Row | None:
        number = (y + self._top) // self._height
        row = self.rows[number] if 0 <= number < len(self.rows) else None
        return row if row is not None and row.address else None

    def _pick(self, row: Row | None) -> None:
        if row is not None:
            self._at = row.key
            self._on_pick(row.address)

    def _hover(self, row: Row | None) -> None:
        key = row.key if row is not None else ""
        if key != self._under_mouse:
            self._under_mouse = key
            self.list.configure(cursor="hand2" if key else "")
            self._draw()

    def _focused(self) -> None:
        if self._row(self._at) is None:
            self._at = f"{TALK} {self._open if self._open == EVERYONE else name_key(self._open)}"
        self._draw()

    def _go(self, step: int) -> str:
        choosable = [number for number, row in enumerate(self.rows) if row.address]
        now = next((place for place, number in enumerate(choosable) if self.rows[number].key == self._at), 0)
        number = choosable[max(0, min(len(choosable) - 1, now + step))]
        self._at = self.rows[number].key
        top, seen = number * self._height, self.list.winfo_height()
        self._top = max(min(self._top, top), top + self._height - seen) if seen > self._height else top
        self._draw()
        return "break"

    def _roll(self, rows: int) -> None:
        self._top += 2 * rows * self._height
        self._draw()

    def _scrolled(self, what: str, amount: str, _unit: str = "") -> None:
        if what == "moveto":
            self._top = round(float(amount) * len(self.rows) * self._height)
        else:
            page = _unit.startswith("page")
            self._top += int(amount) * (self.list.winfo_height() if page else self._height)
        self._draw()
