"""The chat as a window: a first screen to join with, then the conversation. Started by client.py through `run`.

One thread runs in here, the one that called `run`: it alone touches Tk. The engine's thread puts what happens on
`Engine.events`; a tick takes it off, a bounded amount at a time, so that the window answers whatever arrives. (A second
thread is started for an engine that is being left, and holds nothing but that engine.)

What can be said about a conversation without Tk is in transcript.py, and how everything looks in look.py.
`Conversation`, `PeopleList` and `Composer` are the three parts of the `ChatScreen`; `Window` owns the engine, the tick
and the screen that is shown.
"""

from __future__ import annotations

import contextlib
import math
import os
import queue
import signal
import sys
import threading
import time
import tkinter as tk
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from tkinter import ttk
from types import FrameType
from typing import Any

import engine
from engine import (
    Connecting,
    Ended,
    Engine,
    Entered,
    Failed,
    Happening,
    Lost,
    Received,
    Refused,
    Stored,
    Trouble,
    Waiting,
)
from look import DARK, LIGHT, Theme, dress, name_colours, plain_text
from protocol import (
    DEFAULT_PORT,
    MAX_TEXT,
    Joined,
    Left,
    Message,
    NameProblem,
    Page,
    check_name,
    clean_text,
    name_key,
)
from transcript import DAY_TAG, Roster, Run, Transcript, count_of, day_of_tag, day_words, today

IDLE_TICK = 30  # ms; below it nobody sees a difference
QUIET_TICK = 60  # ms, when nothing has happened for a second: waking up costs more than looking at the queue
BUSY_TICK = 4  # ms left to Tk for drawing and for what people type, while more is waiting
TICK_BUDGET = 0.010  # s of taking events in one tick
TICK_ROOM = 300  # messages drawn in one tick; a long one counts for several
LONG = 160  # characters that cost about as much to draw as one more message
KEPT_LINES = 5000  # of the conversation while one stands at its end
READING_LINES = 10_000  # while one reads further up: nothing is taken away under the eyes, up to here
KEPT_CHARACTERS = 1_500_000  # 5,000 lines of 4,000 characters would take Tk hundreds of MiB
SHOWN_PEOPLE = 300  # of those who are here, and of those who are away; the list would get slow and useless
ENTRY_LINES = 5
PASTE_LIMIT = 2 * MAX_TEXT  # characters; one pasted line of 250,000 freezes Tk for over a second
REFRESH_SECONDS = 0.2  # the list of people is drawn at most this often
PAGE = 100  # older messages asked for at once
GOODBYE_SECONDS = 2.0
GLYPH_MEMORY = 64 * 1024 * 1024  # bytes for each font, and used only when so many emoji are on the screen


class NoDisplay(Exception):
    """There is no screen to open a window on; `str(error)` is what Tk said about it."""


# --- the parts of the chat --------------------------------------------------------------------------------------------


class Conversation(ttk.Frame):
    """The messages: draws a `Transcript` into one `Text` and looks after where one stands in it."""

    def __init__(self, parent: tk.Misc, theme: Theme, transcript: Transcript) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._theme = theme
        self._transcript = transcript
        self.margin = 0  # pixels left and right of the column of messages
        self.following = True  # one stands at the end and goes along with it; only what people do changes it
        self._unseen = 0  # messages that came below since one left the end
        self.text = plain_text(self, theme, state="disabled", cursor="arrow", takefocus=True, spacing1=0)
        self.text.configure(highlightthickness=theme.px(2))  # its focus ring
        self.text.configure(font="HallwayGap")  # of the last line, which is always empty
        self._bar = ttk.Scrollbar(self, orient="vertical", command=self._dragged, takefocus=False)
        self.text.configure(yscrollcommand=self._bar.set)
        self._bar.pack(side="right", fill="y", padx=(0, theme.px(2)))
        self.text.pack(side="left", fill="both", expand=True)
        self.text.mark_set("tail", "1.0")
        self.text.mark_gravity("tail", "left")
        self.pill = ttk.Button(self, style="Pill.TButton", command=self._pill_pressed)
        for happening in ("<MouseWheel>", "<Button-4>", "<Button-5>", "<B1-Motion>", "<KeyRelease>"):
            self.text.bind(happening, self._moved, add=True)
        with contextlib.suppress(tk.TclError):  # Tk 9 alone has it
            self.text.bind("<TouchpadScroll>", self._moved, add=True)
        for key, amount in (
            ("Up", (-3, "units")),
            ("Down", (3, "units")),
            ("Prior", (-1, "pages")),
            ("Next", (1, "pages")),
        ):
            self.text.bind(f"<{key}>", lambda _event, amount=amount: self._scroll(*amount))  # type: ignore[misc]
        self.text.bind("<Home>", lambda _: self._jump(0.0))
        self.text.bind("<End>", lambda _: self._jump(1.0))
        self.text.bind("<Button-1>", lambda _: self.text.focus_set(), add=True)
        self.text.bind("<Configure>", self._resized)
        self.dress()

    def dress(self) -> None:
        """Takes the colours of the theme's look."""
        look, px, text = self._theme.look, self._theme.px, self.text
        dress(text, look)
        edge = px(12)
        room = max(0, round(self._theme.line_height() * 0.12))  # towards 1.35 of the font's size between lines
        for tint, ground in (("other", look.surface), ("own", look.own), ("private", look.private)):
            text.tag_configure(tint, background=ground, lmargincolor=ground, rmargincolor=ground)
        text.tag_configure("gap", font="HallwayGap", spacing1=px(6), spacing3=0)
        text.tag_configure("head", font="HallwayStrong", spacing1=px(7), spacing3=0)
        stop = self._theme.width_of("n" * 4)
        text.tag_configure("body", tabs=(edge + stop, edge + 2 * stop), tabstyle="wordprocessor")
        text.tag_configure("body", spacing1=px(3), spacing2=room, spacing3=px(5), font="HallwayBody")
        text.tag_configure("first", spacing3=0)
        text.tag_configure("inner", spacing1=room, spacing3=0)
        text.tag_configure("last", spacing1=room)
        for tag in ("head", "body", "system", "trouble", "why"):
            text.tag_configure(tag, lmargin1=edge, lmargin2=edge, rmargin=edge)
        text.tag_configure("small", font="HallwaySmall", foreground=look.muted)
        text.tag_configure("bad", font="HallwaySmall", foreground=look.trouble)
        text.tag_configure("why", font="HallwaySmall", foreground=look.trouble, spacing3=px(8))
        text.tag_configure("system", font="HallwaySmall", foreground=look.muted, spacing1=px(4), spacing3=px(4))
        text.tag_configure("trouble", font="HallwaySmall", foreground=look.trouble, spacing1=px(4), spacing3=px(4))
        text.tag_configure(
            "day", font="HallwaySmallStrong", foreground=look.muted, justify="center", spacing1=px(18), spacing3=px(2)
        )
        text.tag_configure("empty", font="HallwayBody", foreground=look.muted, justify="center", spacing1=px(6))
        text.tag_configure("strong", font="HallwayStrong", foreground=look.text, spacing1=px(60))
        text.tag_configure("secret", foreground=look.private_text)
        for hue, colour in enumerate(name_colours(look)):
            text.tag_configure(f"hue{hue}", foreground=colour)
        text.tag_raise("sel")

    def flush(self, arrived: int) -> bool:
        """Draws what changed, `arrived` messages among it, with two insertions, and keeps one's place.

        True when the oldest messages had to go.
        """
        transcript = self._transcript
        if not transcript.changed:
            return False
        transcript.changed = False  # first: what cannot be drawn is not tried for ever
        fresh, tail = transcript.take(), transcript.tail()
        limit = KEPT_LINES if self.following else READING_LINES
        self.text.configure(state="normal")
        try:
            self.text.delete("tail", "end-1c")
            self._insert("end", fresh)
            self.text.mark_set("tail", "end-1c")
            gone = transcript.trim(limit, KEPT_CHARACTERS)
            if gone:
                self.text.delete("1.0", f"{gone + 1}.0")
            self._insert("end", tail)
        finally:
            self.text.configure(state="disabled")
        if self.following:
            self.text.see("end")
        else:
            self._unseen += arrived
        self._show_pill()
        return gone > 0

    def name_days(self) -> None:
        """Says the days anew: at midnight “Today” becomes “Yesterday”."""
        days = [tag for tag in self.text.tag_names() if tag.startswith(DAY_TAG)]
        self.text.configure(state="normal")
        try:
            for tag in days:
                for end in reversed(self.text.tag_ranges(tag)[1::2]):  # from below: what is further up stays in place
                    line = self.text.index(f"{end} - 1 chars linestart")
                    self.text.replace(line, f"{line} lineend", day_words(day_of_tag(tag), today()), ("day", tag))
        finally:
            self.text.configure(state="disabled")

    def put_above(self, messages: Sequence[Message]) -> None:
        """Draws older messages above all others; what one reads stays where it is."""
        top = self.text.index("@0,0")
        place = self.text.dlineinfo(top)
        runs, repeated = self._transcript.older(messages)
        self.text.configure(state="normal")
        try:
            self.text.mark_set("reading", top)
            if repeated:
                self.text.delete("1.0", "2.0")
            self.text.mark_set("above", "1.0")
            self.text.mark_gravity("above", "right")
            self._insert("above", runs)
        finally:
            self.text.configure(state="disabled")
        if self.text.compare("reading", "<", "above"):
            self.text.mark_set("reading", "above")
        self.text.yview("reading")
        if place:
            self.text.yview_scroll(-place[1], "pixels")

    def wants_older(self) -> bool:
        """One has scrolled up to the first message that is here, and there is room for more."""
        return not self.following and self.text.yview()[0] <= 0.0 and self._transcript.lines < READING_LINES

    @property
    def bar_width(self) -> int:
        """Pixels at the right that belong to the scroll bar."""
        return max(0, self.winfo_width() - self.text.winfo_width())

    def go_down(self) -> None:
        """To the newest message, and along with those that come."""
        self.following, self._unseen = True, 0
        self.text.see("end")
        self._show_pill()

    def _pill_pressed(self) -> None:
        self.go_down()
        self.text.focus_set()  # the pill is gone, and what is typed next belongs somewhere

    def at_end(self) -> bool:
        return self.text.dlineinfo("end-1c") is not None

    def _insert(self, where: str, runs: Iterable[Run]) -> None:
        parts: list[Any] = [part for run in runs for part in run]
        if parts:
            self.text.insert(where, *parts)

    def _dragged(self, *how: Any) -> None:
        self.text.yview(*how)
        self._moved()

    def _scroll(self, number: int, what: Any) -> str:
        self.text.yview_scroll(number, what)
        self._moved()
        return "break"

    def _jump(self, where: float) -> str:
        self.text.yview_moveto(where)
        self._moved()
        return "break"

    def _moved(self, _event: object = None) -> None:
        self.after_idle(self._look_where)

    def _look_where(self) -> None:
        """After somebody moved the view: is it at the end now?"""
        self.following = self.at_end()
        if self.following:
            self._unseen = 0
        self._show_pill()

    def _resized(self, event: tk.Event[tk.Text]) -> None:
        px = self._theme.px
        column = 90 * self._theme.width_of("n")  # a line longer than that is hard to read
        self.margin = max(px(12), (event.width - column) // 2)
        self.text.configure(padx=self.margin - px(2))
        if self.following:
            self.text.see("end")

    def _show_pill(self) -> None:
        if self.following:
            self.pill.place_forget()
            return
        self.pill.configure(text=f"{self._unseen:,} new  ↓" if self._unseen else "Newest  ↓")
        inset = self.margin + self.bar_width + self._theme.px(4)
        self.pill.place(relx=1.0, rely=1.0, x=-inset, y=-self._theme.px(6), anchor="se")


class PeopleList(ttk.Frame):
    """The people of a `Roster`; a click on one, or Enter, hands the name to `on_pick`."""

    def __init__(self, parent: tk.Misc, theme: Theme, roster: Roster, me: str, on_pick: Callable[[str], None]) -> None:
        super().__init__(parent, style="Side.TFrame")
        self._theme, self._roster, self._me, self._on_pick = theme, roster, me, on_pick
        self._names: dict[str, str] = {}  # key: row
        self._under_mouse = ""
        self.known = True  # whether who is here is known at this moment, or was when the connection was lost
        self.tree = ttk.Treeview(self, show="tree", selectmode="browse", takefocus=True)
        self.tree.column("#0", width=theme.px(200), minwidth=theme.px(80), stretch=True)
        bar = ttk.Scrollbar(
            self, orient="vertical", style="Side.Vertical.TScrollbar", command=self.tree.yview, takefocus=False
        )
        self.tree.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        self.tree.pack(side="left", fill="both", expand=True)
        self.tree.bind("<ButtonRelease-1>", lambda event: self._pick(self.tree.identify_row(event.y)))
        self.tree.bind("<Return>", lambda _: self._pick(self.tree.focus()))
        self.tree.bind("<space>", lambda _: self._pick(self.tree.focus()))
        self.tree.bind("<Motion>", lambda event: self._hover(self.tree.identify_row(event.y)))
        self.tree.bind("<Leave>", lambda _: self._hover(""))
        self.tree.bind("<FocusIn>", self._focused)
        self.tree.bind("<FocusOut>", lambda _: self.tree.selection_set(()))
        self.tree.bind("<Configure>", lambda _: self.refresh())
        self.dress()

    def dress(self) -> None:
        look = self._theme.look
        self.tree.tag_configure("section", foreground=look.muted, font="HallwaySmallStrong")
        self.tree.tag_configure("here", foreground=look.text)
        self.tree.tag_configure("away", foreground=look.muted)
        self.tree.tag_configure("hover", background=look.hover)

    def refresh(self) -> None:
        """Draws the list anew, and keeps the place in it."""
        place, chosen = self.tree.yview()[0], self.tree.focus()
        self.tree.delete(*self.tree.get_children())
        self._names.clear()
        here, away = self._roster.names(online=True), self._roster.names(online=False)
        mine = [name for name in here if name_key(name) == name_key(self._me)]
        word, dot = ("HERE", self._theme.here) if self.known else ("WERE HERE", self._theme.away)
        self._section(word, mine + [name for name in here if name not in mine], "here" if self.known else "away", dot)
        if away:
            self._section("AWAY", away, "away", self._theme.away)
        self.tree.yview_moveto(place)
        if chosen in self._names:
            self.tree.focus(chosen)
            if self.focus_get() is self.tree:
                self.tree.selection_set(chosen)

    def _section(self, word: str, names: list[str], tag: str, dot: tk.PhotoImage) -> None:
        self.tree.insert(
            "", "end", f"section {word}", text=f"{word}   {len(names):,}", image=self._theme.nothing, tags=("section",)
        )
        for name in names[:SHOWN_PEOPLE]:
            row = f"person {name_key(name)}"
            you = " (you)" if name_key(name) == name_key(self._me) else ""
            room = max(self.tree.winfo_width() - self._theme.px(40) - self._theme.width_of(you), self._theme.px(48))
            self.tree.insert("", "end", row, text=self._theme.shortened(name, room) + you, image=dot, tags=(tag,))
            self._names[row] = name
        if len(names) > SHOWN_PEOPLE:
            self.tree.insert(
                "", "end", text=f"and {len(names) - SHOWN_PEOPLE:,} more", image=self._theme.nothing, tags=("section",)
            )

    def _pick(self, row: str) -> None:
        if row in self._names and name_key(self._names[row]) != name_key(self._me):
            self._on_pick(self._names[row])

    def _hover(self, row: str) -> None:
        if row == self._under_mouse:
            return
        for one, more in ((self._under_mouse, ()), (row, ("hover",))):
            if one in self._names:
                self.tree.item(one, tags=(*self.tree.item(one, "tags")[:1], *more))
        self._under_mouse = row
        self.tree.configure(cursor="hand2" if row in self._names else "")

    def _focused(self, _event: object) -> None:
        rows = [row for row in self.tree.get_children() if row in self._names]
        if rows:
            if self.tree.focus() not in rows:
                self.tree.focus(rows[0])
            self.tree.selection_set(self.tree.focus())


class Composer(ttk.Frame):
    """Where one writes: a field that grows from one line to five, and Send. Tells `on_change` what stands there."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, on_send: Callable[[str], None], on_change: Callable[[str], None]
    ) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._theme, self._on_send, self._on_change = theme, on_send, on_change
        px = theme.px
        self._field = ttk.Frame(self, style="Field.TFrame")
        self._field.pack(fill="both", expand=True)
        self.entry = plain_text(self._field, theme, height=1, undo=True, maxundo=200, width=10)
        self.button = ttk.Button(self._field, text="Send", style="Primary.TButton", command=self.submit)
        self.button.pack(side="right", anchor="s", padx=px(4), pady=px(4))
        self.entry.pack(side="left", fill="both", expand=True, padx=(px(14), px(4)), pady=(px(13), px(11)))
        self._hint = tk.Label(
            self.entry, text="Message to Everyone", borderwidth=0, padx=0, pady=0, font="HallwayBody", cursor="xterm"
        )
        self._hint.bind("<Button-1>", lambda _: self.entry.focus_set())
        bind = self.entry.bind
        bind("<Return>", self._return_pressed)
        bind("<KP_Enter>", self._return_pressed)
        bind("<Tab>", lambda event: self._go(event.widget.tk_focusNext()))
        bind("<Shift-Tab>", lambda event: self._go(event.widget.tk_focusPrev()))
        with contextlib.suppress(tk.TclError):  # what Shift-Tab is called on X11 alone
            bind("<ISO_Left_Tab>", lambda event: self._go(event.widget.tk_focusPrev()))
        bind("<<Paste>>", lambda _: self._paste("CLIPBOARD"))
        bind("<<PasteSelection>>", lambda _: self._paste("PRIMARY"))
        bind("<<Modified>>", self._modified)
        bind("<Configure>", lambda _: self._fit())
        bind("<FocusIn>", lambda _: self._field.state(["focus"]))
        bind("<FocusOut>", lambda _: self._field.state(["!focus"]))
        self._field.bind("<Button-1>", lambda _: self.entry.focus_set())
        self._show_hint()
        self.dress()

    @property
    def written(self) -> str:
        """What stands in the field."""
        return clean_text(self.entry.get("1.0", "end-1c"))

    def write(self, text: str) -> None:
        """Puts `text` into the field instead of what is there, and the cursor behind it."""
        self.entry.replace("1.0", "end-1c", text)
        self.entry.mark_set("insert", "end-1c")
        self.entry.see("insert")
        self.entry.focus_set()

    def type(self, characters: str) -> None:
        """Goes on writing here with `characters`, which were typed elsewhere."""
        self.entry.focus_set()
        self.entry.insert("insert", characters)

    def submit(self) -> None:
        self.entry.focus_set()  # not on the button, where the next words would be lost
        text = self.written.strip("\n")
        if text.strip():
            self._on_send(text)

    def dress(self) -> None:
        look = self._theme.look
        dress(self.entry, look)
        self._hint.configure(background=look.surface, foreground=look.muted)

    def _return_pressed(self, event: tk.Event[tk.Text]) -> str | None:
        if int(event.state) & 1:  # with Shift: a new line, Text makes it
            return None
        self.submit()
        return "break"

    def _go(self, where: tk.Misc | None) -> str:
        if where is not None:
            where.focus_set()
        return "break"

    def _paste(self, selection: str) -> str:
        try:
            pasted = clean_text(str(self.entry.selection_get(selection=selection)))  # type: ignore[no-untyped-call]
        except tk.TclError:  # nothing there, or nothing that is text
            return "break"
        if self.entry.tag_ranges("sel") and selection == "CLIPBOARD":
            self.entry.delete("sel.first", "sel.last")
        self.entry.insert("insert", pasted[:PASTE_LIMIT])
        self.entry.see("insert")
        return "break"

    def _modified(self, _event: object) -> None:
        if self.entry.edit_modified():
            self.entry.edit_modified(False)
            self._show_hint()
            self._fit()
            self._on_change(self.written)

    def _show_hint(self) -> None:
        if self.entry.compare("end-1c", "==", "1.0"):
            self._hint.place(x=self._theme.px(3), y=0)
        else:
            self._hint.place_forget()

    def _fit(self) -> None:
        """As many lines as the text takes, up to five."""
        # Not `Text.count`: it answers differently from one Python to the next.
        lines = int(self.tk.call(str(self.entry), "count", "-displaylines", "1.0", "end"))
        height = min(ENTRY_LINES, max(1, lines))
        if int(self.entry.cget("height")) != height:
            self.entry.configure(height=height)
            self.entry.see("insert")


# --- the screens ------------------------------------------------------------------------------------------------------


class JoinScreen(ttk.Frame):
    """The first screen: who one is, where the chat is, Join. What goes wrong is said in it, and it stays."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, settings: engine.Settings,
        on_join: Callable[[str, str, int], None], on_cancel: Callable[[], None], on_look: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._theme, self._on_join, self._on_cancel = theme, on_join, on_cancel
        self.connecting = False
        px = theme.px
        self._card = card = ttk.Frame(self, style="Card.TFrame", padding=px(32))
        card.place(relx=0.5, rely=0.5, anchor="center")
        card.columnconfigure(0, weight=1, minsize=px(224))
        card.columnconfigure(1, minsize=px(96))
        ttk.Label(card, text="H", image=theme.mark, compound="center", style="Mark.TLabel").grid(
            row=0, column=0, sticky="w", padx=px(3), pady=(0, px(12))
        )
        titles = ttk.Frame(card, style="Surface.TFrame")
        titles.grid(row=0, column=0, columnspan=2, sticky="w", padx=(px(59), 0), pady=(0, px(12)))
        ttk.Label(titles, text="Hallway", style="Surface.Title.TLabel").pack(anchor="w")
        ttk.Label(titles, text="The chat of the network you are on", style="Surface.Hint.TLabel").pack(anchor="w")
        self.name = self._field(card, 1, 0, "Your name", settings.name, columns=2)
        self.host = self._field(card, 3, 0, "Address of the chat", settings.host)
        self.port = self._field(card, 3, 1, "Port", str(settings.port))
        self.said = ttk.Label(card, style="Surface.Hint.TLabel", wraplength=px(320), justify="left")
        self.said.grid(row=5, column=0, columnspan=2, sticky="we", padx=px(3), pady=(px(10), px(10)))
        self.button = ttk.Button(card, text="Join", style="Primary.TButton", command=self.join)
        self.button.grid(row=6, column=0, columnspan=2, sticky="we")
        self.cancel_button = ttk.Button(card, text="Cancel", style="Quiet.TButton", command=on_cancel)
        self.look_button = ttk.Button(self, style="Corner.TButton", command=on_look)
        self._last = self.name  # the field that had the keyboard last
        for widget in (self, card):
            widget.bind("<Configure>", lambda _: self._fit())
        for field in (self.name, self.host, self.port):
            field.bind("<FocusIn>", self._came_to, add=True)
            field.bind("<Return>", lambda _: self.join())
            field.bind("<KP_Enter>", lambda _: self.join())
        self.dress()
        self._hint()

    def dress(self) -> None:
        """Takes the colours of the theme's look, and gives the keyboard back to the field that had it."""
        self.look_button.configure(text="Dark look" if self._theme.look is LIGHT else "Light look")
        self._refocus()

    def _refocus(self) -> None:
        """The keyboard goes to the field that had it last; while it is being joined there is nothing to type into."""
        if self.connecting:
            self.focus_set()
        else:
            self._last.focus_set()

    def _fit(self) -> None:
        """The look's button stands in the corner of the screen, or in the card's where they would touch."""
        px, card = self._theme.px, self._card
        beside = (self.winfo_width() - card.winfo_reqwidth()) // 2 >= self.look_button.winfo_reqwidth() + px(20)
        above = (self.winfo_height() - card.winfo_reqheight()) // 2 >= self.look_button.winfo_reqheight() + px(20)
        if beside or above:
            self.look_button.configure(style="Corner.TButton")
            self.look_button.place(in_=self, relx=1.0, x=-px(12), y=px(12), anchor="ne", bordermode="outside")
        else:
            self.look_button.configure(style="Quiet.TButton")
            self.look_button.place(in_=card, relx=1.0, x=-px(12), y=px(10), anchor="ne", bordermode="outside")

    def _field(self, card: ttk.Frame, row: int, column: int, label: str, value: str, columns: int = 1) -> ttk.Entry:
        px = self._theme.px
        apart = (px(9) if column else px(3), px(3) if column or columns > 1 else 0)  # a button's ring takes 3
        ttk.Label(card, text=label, style="Surface.Label.TLabel").grid(
            row=row, column=column, columnspan=columns, sticky="w", padx=apart, pady=(px(12), px(4))
        )
        field = ttk.Entry(card, width=10, font="HallwayBody")
        field.insert(0, value)
        field.grid(row=row + 1, column=column, columnspan=columns, sticky="we", padx=apart)
        return field

    def _came_to(self, event: tk.Event[ttk.Entry]) -> None:
        self._last = event.widget

    def greet(self) -> None:
        """Puts the cursor where something is missing."""
        self._focus(next((field for field in (self.name, self.host) if not field.get().strip()), self.name))

    def join(self) -> None:
        """Looks at what was typed and hands it on, or says what is wrong with it."""
        if self.connecting:
            return
        for field in (self.name, self.host, self.port):
            field.state(["!invalid"])
        host, port = self.host.get().strip(), self.port.get().strip()
        try:
            name = check_name(self.name.get())
        except NameProblem as problem:
            self.refuse(str(problem), self.name)
            return
        if not host:
            self.refuse("Type the address of the computer that runs the chat, for example 192.168.1.20.", self.host)
        elif not (port.isascii() and port.isdigit() and 0 < int(port[:9]) < 65536):
            self.refuse(f"The port is a number from 1 to 65535, and {DEFAULT_PORT} for most chats.", self.port)
        else:
            self.busy(True)
            self._say(f"Looking for the chat at {host} …", "Hint")
            self._on_join(name, host, int(port))

    def refuse(self, sentence: str, field: ttk.Entry | None = None) -> None:
        """Says why it did not work, and leads to the field that can be mended."""
        self.busy(False)
        self._say(sentence, "Trouble")
        if field is not None:
            field.state(["invalid"])
            self._focus(field)
        else:
            self._refocus()

    def answer(self, refused: Refused) -> None:
        """The server, or the way to it, said no."""
        fields = {"unreachable": self.host, "not_hallway": self.port}
        about_name = refused.code.startswith("name_")
        self.refuse(refused.text, self.name if about_name else fields.get(refused.code))

    def busy(self, connecting: bool) -> None:
        """While it is tried nothing can be changed, but it can be cancelled."""
        self.connecting = connecting
        state = "disabled" if connecting else "!disabled"
        for widget in (self.name, self.host, self.port, self.button):
            widget.state([state])
        self.button.configure(text="Joining …" if connecting else "Join")
        if connecting:
            self.cancel_button.grid(row=6, column=1, sticky="we")
            self.button.grid(columnspan=1)
            self.focus_set()  # not to Cancel: a second Enter by reflex would give up
        else:
            self.cancel_button.grid_forget()
            self.button.grid(columnspan=2)
            self._hint()

    def escape(self) -> None:
        """Esc: gives up what is being tried."""
        if self.connecting:
            self._on_cancel()

    def _hint(self) -> None:
        self._say("The person who runs the chat sees its address and port when it starts.", "Hint")

    def _say(self, sentence: str, role: str) -> None:
        self.said.configure(text=sentence, style=f"Surface.{role}.TLabel")

    def _focus(self, field: ttk.Entry) -> None:
        field.focus_set()
        field.selection_range(0, "end")
        field.icursor("end")


class ChatScreen(ttk.Frame):
    """The conversation with everything round it. Is told what happens, and draws it when `flush` is called."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, way: Engine, me: str,
        on_look: Callable[[], None], on_leave: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(parent, style="Surface.TFrame")
        self._theme, self._engine = theme, way
        self.roster = Roster()
        self.transcript = Transcript(me, self.roster)
        self._today = today()
        self._server = ""  # what the chat is called
        self._arrived = 0  # messages since the last flush
        self._people_changed = False
        self._people_drawn = -math.inf  # on the monotonic clock
        self._retry_at: float | None = None  # on the monotonic clock
        self._lost_because = ""
        self._more_above = True  # the server may have older messages
        self._another_log = False  # what stands at the top is not of the log that the server has
        self._asked_above = False
        self._connected = False
        self._ended = False
        self._wide = True  # there is room for the list of people beside the conversation
        self._list_open = False  # in a narrow window, over the conversation
        px = theme.px
        self._side = ttk.Frame(self, style="Side.TFrame", width=px(232))
        self._side.pack_propagate(False)
        self._server_label = ttk.Label(self._side, style="Side.Strong.TLabel", anchor="w")
        self._server_label.pack(fill="x", padx=px(16), pady=(px(18), px(12)))
        self.people = PeopleList(self._side, theme, self.roster, me, self.write_to)
        self._edge = ttk.Frame(self, style="Line.TFrame", width=1)
        self._main = main = ttk.Frame(self, style="Surface.TFrame")
        self._side.pack(side="left", fill="y")
        self._edge.pack(side="left", fill="y")
        main.pack(side="left", fill="both", expand=True)
        self._build_head(main, on_look, on_leave)
        self._foot = ttk.Frame(main, style="Surface.TFrame")
        self._foot.pack(side="bottom", fill="x", pady=(px(4), px(8)))
        self.conversation = Conversation(main, theme, self.transcript)
        self.conversation.pack(fill="both", expand=True)
        self.composer = Composer(self._foot, theme, self.say, self._describe)
        self.composer.pack(fill="x")
        under = ttk.Frame(self._foot, style="Surface.TFrame")
        under.pack(fill="x", padx=px(14), pady=(px(6), 0))
        self.count = ttk.Label(under, style="Surface.Trouble.TLabel", justify="left")  # shown when it says something
        self.status = ttk.Label(under, style="Surface.Hint.TLabel", justify="left")
        self.status.pack(side="bottom", fill="x")
        self.people.pack(fill="both", expand=True, pady=(0, px(8)))
        self.conversation.text.bind("<Key>", self._typed_elsewhere, add=True)
        for part in (self.conversation.text, self.composer.entry):
            part.bind("<FocusIn>", lambda _: self._close_list(), add=True)
        self.conversation.bind("<Configure>", lambda _: self.after_idle(self._align), add=True)
        self.bind("<Configure>", lambda _: self._fit_side())
        for label in (self.count, self.status):
            label.bind("<Configure>", lambda event: event.widget.configure(wraplength=max(event.width, px(120))))

    def _build_head(self, main: ttk.Frame, on_look: Callable[[], None], on_leave: Callable[[], None]) -> None:
        px = self._theme.px
        head = ttk.Frame(main, style="Surface.TFrame")
        head.pack(fill="x", padx=(px(12), px(12)), pady=px(9))
        self.leave_button = ttk.Button(head, text="Leave", style="Quiet.TButton", command=on_leave)
        self.leave_button.pack(side="right")
        self.look_button = ttk.Button(head, style="Quiet.TButton", command=on_look)
        self.look_button.pack(side="right")
        self.state_label = ttk.Label(head, text="Connecting …", style="Surface.Hint.TLabel")
        self.state_label.pack(side="right", padx=px(8))
        titles = ttk.Frame(head, style="Surface.TFrame")
        titles.pack(side="left")
        ttk.Label(titles, text="Everyone", style="Surface.Strong.TLabel").pack(anchor="w", padx=px(8))
        self._about = ttk.Label(titles, style="Surface.Hint.TLabel")
        self.here_button = ttk.Button(titles, style="Small.TButton", command=self._toggle_list)
        ttk.Frame(main, style="Line.TFrame", height=1).pack(fill="x")
        self._name_look()

    # --- what happens ---

    def entered(self, event: Entered) -> None:
        """Joined, for the first time or again."""
        first = not self._server
        self.transcript.close_comings()  # who came and went meanwhile is in the new list, and in no line
        self.people.known = True
        self.transcript.me = event.name
        self.roster.replace(event.people)
        self._server = event.server
        self._fit_side()
        self._connected, self._retry_at, self._asked_above = True, None, False
        self._people_changed, self._people_drawn = True, -math.inf
        self.transcript.changed = True
        if event.new_log:
            self._another_log, self._more_above = True, False
            left = ""
            if event.left_behind:
                self.transcript.waiting.clear()
                left = f" {count_of(event.left_behind, 'message')} of yours to the old one stay on this computer."
            self.transcript.notice(f"{event.server} was started anew: its history is not the one above.{left}")
        self._state("●  Connected", "Fine")
        self._describe(self.composer.written)
        if first:
            self.composer.entry.focus_set()

    def take(self, event: Happening) -> None:
        """Anything that happens while one is in the chat, or just before."""
        match event:
            case Received(messages):
                self._arrived += len(messages)
                self.transcript.add(messages)
            case Joined(name, time_ms):
                self.roster.joined(name)
                self.transcript.came(name, time_ms)
                self._people_changed = True
            case Left(name, time_ms):
                self.roster.left(name)
                self.transcript.went(name, time_ms)
                self._people_changed = True
            case Waiting(id, text, to):
                self.transcript.wait(id, text, to)
            case Stored(id):
                self.transcript.stored(id)
            case Failed():
                self.transcript.fail(event.id, event.original, event.text)
                if not self.composer.written.strip():
                    self.composer.write(event.original)  # to be mended and sent again
            case Trouble():
                self.transcript.notice(event.text, "trouble")
            case Page():
                self._page(event)
            case Connecting():
                if self._lost_because:
                    self._retry_at = None
                    self._state("Connecting …", "Hint")
                    self._describe(self.composer.written)
            case Lost(text, retry):
                self._connected, self._lost_because = False, text.rstrip()
                if not self._lost_because.endswith((".", "?", "!")):
                    self._lost_because += "."
                self._retry_at = time.monotonic() + retry
                self._people_unknown()
                self._state("○  Not connected", "Trouble")
                self._describe(self.composer.written)
            case Ended(text):
                self._connected, self._ended, self._retry_at = False, True, None
                self._people_unknown()
                self._state("○  Left", "Trouble")
                self.transcript.notice(
                    f"{text} “Leave” takes you back to the first screen, where you can join again.", "trouble"
                )
                self._describe(self.composer.written)

    def flush(self) -> None:
        """Draws what happened since the last time, and keeps the countdown and the list of people going."""
        arrived, self._arrived = self._arrived, 0
        if self.conversation.flush(arrived) and not self._another_log:
            self._more_above = True
        if self._today != (day := today()):
            self._today = day
            self.conversation.name_days()
        now = time.monotonic()
        if self._people_changed and now - self._people_drawn > REFRESH_SECONDS:
            self._people_changed, self._people_drawn = False, now
            self.people.refresh()
            self._fit_side()
        if self._retry_at is not None:
            self._describe(self.composer.written)
        oldest = self.transcript.oldest
        if (
            self._connected
            and self._more_above
            and not self._asked_above
            and oldest
            and self.conversation.wants_older()
        ):
            self._asked_above = True
            self._engine.ask_history(oldest, PAGE)

    def say(self, text: str) -> None:
        """Sends what was written, unless it is too long or there is nobody to send it."""
        if self._ended or len(text) > MAX_TEXT:
            self._describe(text)
            return
        self._engine.send(text)
        self.composer.write("")
        self.conversation.go_down()

    def write_to(self, name: str) -> None:
        """Starts a private message to `name`, keeping what was written already."""
        written = self.composer.written
        private = self.roster.addressee(written)
        self.composer.write(f"@{name} {private[1] if private else written}")

    def dress(self) -> None:
        """Takes the colours of the theme's look, and gives the keyboard back: the next words belong into the field."""
        self.composer.entry.focus_set()
        self._name_look()
        for part in (self.conversation, self.people, self.composer):
            part.dress()

    def _people_unknown(self) -> None:
        """The connection is gone: who was here may not be here any more, and who comes and goes is not told."""
        self.transcript.close_comings()
        if self.people.known:
            self.people.known = False
            self._people_changed, self._people_drawn = True, -math.inf

    def _page(self, page: Page) -> None:
        self._asked_above = False
        oldest = self.transcript.oldest
        if not page.more:
            self._more_above = False
        if page.messages and oldest is not None and page.messages[-1].seq < oldest:
            self.conversation.put_above(page.messages)

    def _describe(self, written: str) -> None:
        """The line under the field: the most important thing to know now."""
        too_long = ""
        if (over := len(written) - MAX_TEXT) > 0:
            too_long = f"{count_of(over, 'character')} too long: at most {MAX_TEXT:,} go into one message."
        if len(written) >= PASTE_LIMIT:
            too_long += " What was pasted beyond that was cut off."
        if too_long != self.count.cget("text"):
            self.count.configure(text=too_long)
            if too_long:
                self.count.pack(side="top", fill="x")
            else:
                self.count.pack_forget()
        role, private = "Hint", self.roster.addressee(written)
        if self._ended:
            role, words = "Trouble", "You are not in the chat any more. What is written here stays until you leave."
        elif not self._connected and self._lost_because:
            role, again = "Trouble", "Trying again now."
            if self._retry_at is not None and (seconds := math.ceil(self._retry_at - time.monotonic())) > 0:
                again = f"Trying again in {seconds}\u00a0s."
            words = f"{self._lost_because} {again} You can go on writing; it is sent when the chat is back."
        elif private:
            role, words = "Private", f"Private: only {private[0]} and you will see this."
        else:
            words = "Enter sends, Shift-Enter starts a new line. @name writes to one person alone."
        if self.status.cget("text") != words or not str(self.status.cget("style")).startswith(f"Surface.{role}."):
            self.status.configure(text=words, style=f"Surface.{role}.TLabel")

    def _state(self, words: str, role: str) -> None:
        self.state_label.configure(text=words, style=f"Surface.{role}.TLabel")

    def _name_look(self) -> None:
        self.look_button.configure(text="Dark look" if self._theme.look is LIGHT else "Light look")

    def _align(self) -> None:
        """The field stands below the column of messages, as wide as it."""
        self._foot.pack_configure(
            padx=(self.conversation.margin, self.conversation.margin + self.conversation.bar_width)
        )

    def _fit_side(self) -> None:
        """In a narrow window the conversation is more useful than a wide list of people, or than any list."""
        px, width = self._theme.px, self.winfo_width()
        self._wide, side = width >= px(560), px(184 if px(560) <= width < px(760) else 232)
        self._side.configure(width=side)
        self._server_label.configure(text=self._theme.shortened(self._server, side - px(32), "Strong"))
        here = f"{self.roster.online:,} {'here' if self.people.known else 'were here'}"
        self._about.configure(text=here)
        self.here_button.configure(text=f"{here}  {'▴' if self._list_open else '▾'}")
        if self._wide:
            self._list_open = False
            self._side.pack(side="left", fill="y", before=self._main)
            self._edge.pack(side="left", fill="y", before=self._main)
            self.here_button.pack_forget()
            self._about.pack(anchor="w", padx=px(8))
            return
        self._about.pack_forget()
        self.here_button.pack(anchor="w")
        if self._list_open:
            self._side.place(in_=self.conversation, x=0, y=0, width=side, relheight=1)
            self._edge.place(in_=self.conversation, x=side, y=0, width=1, relheight=1)
            self._side.lift()
            self._edge.lift()
        else:
            for part in (self._side, self._edge):
                part.pack_forget()
                part.place_forget()

    def _toggle_list(self) -> None:
        """In a narrow window: who is here, over the conversation."""
        self._list_open = not self._list_open
        self._fit_side()
        if self._list_open:
            self.people.tree.focus_set()

    def _close_list(self) -> None:
        if self._list_open:
            self._list_open = False
            self._fit_side()

    def _typed_elsewhere(self, event: tk.Event[tk.Text]) -> None:
        """Somebody who reads starts to write: that belongs into the field."""
        if event.char and event.char.isprintable() and not int(event.state) & 0xC:  # not with Ctrl or Alt
            self.composer.type(event.char)

    def escape(self) -> None:
        """Esc: to the newest message, ready to write."""
        self._close_list()
        self.conversation.go_down()
        self.composer.entry.focus_set()


class Window:
    """The window of one client: shows a screen, owns the engine, and takes off in a tick what the engine tells."""

    def __init__(self, root: tk.Tk, folder: Path, settings: engine.Settings) -> None:
        self.root = root
        self.theme = Theme(root, settings.look)
        self.settings = settings
        self.join: JoinScreen | None = None
        self.chat: ChatScreen | None = None  # from Join on, when it is not shown yet
        self.closed = False
        self.interrupted = False  # Ctrl-C in the terminal
        self._folder = folder
        self.engine: Engine | None = None
        self._rest: deque[Happening] = deque()  # taken off the queue, but too much for one tick
        self._leaving: threading.Thread | None = None  # says goodbye in an engine that is not ours any more
        self._told: set[str] = set()  # mistakes of ours that were logged
        self._happened = 0.0  # when anything did, on the monotonic clock
        self._timer = ""
        root.title("Hallway")
        root.minsize(self.theme.px(400), self.theme.px(380))
        root.geometry(f"{self.theme.px(960)}x{self.theme.px(660)}")
        root.iconphoto(True, self.theme.mark)
        root.protocol("WM_DELETE_WINDOW", self.close)
        root.report_callback_exception = self._mistake
        root.bind_all("<Escape>", lambda _: self._escape())
        if root.tk.call("tk", "windowingsystem") == "x11":  # where Ctrl-A goes to the start of the line, as in Emacs
            root.event_delete("<<LineStart>>", "<Control-Key-a>")
            root.event_add("<<SelectAll>>", "<Control-Key-a>")
        for key in ("<Return>", "<KP_Enter>"):  # of itself a ttk button takes the space bar only
            root.bind_class("TButton", key, lambda event: root.tk.call(str(event.widget), "invoke"))
        root.configure(background=self.theme.look.window)
        self.show_join()
        self._timer = root.after(IDLE_TICK, self._tick)

    def run(self) -> int:
        """Shows the window until it is closed; the exit status."""
        before = signal.getsignal(signal.SIGINT)
        signal.signal(signal.SIGINT, self._interrupt)  # the tick looks at it: raising within Tk would lose it
        try:
            self.root.mainloop()
        finally:
            signal.signal(signal.SIGINT, before)
            self.close()
        return 130 if self.interrupted else 0

    def show_join(self) -> None:
        """The first screen, with what is remembered."""
        if self.chat is not None:
            self.chat.destroy()
            self.chat = None
        self.root.title("Hallway")
        self.join = JoinScreen(self.root, self.theme, self.settings, self._start, self._cancel, self._other_look)
        self.join.pack(fill="both", expand=True)
        self.join.greet()

    def leave(self) -> None:
        """Back to the first screen; the goodbye is said meanwhile."""
        self._let_go(GOODBYE_SECONDS)
        self.show_join()

    def close(self) -> None:
        """Says goodbye and ends the window. It disappears at once; what was not sent is on disk."""
        if self.closed:
            return
        self.closed = True
        self.root.after_cancel(self._timer)
        self.root.withdraw()
        self.root.update_idletasks()
        if self.engine is not None:
            self.engine.close(GOODBYE_SECONDS)
        if self._leaving is not None:
            self._leaving.join(GOODBYE_SECONDS)
        self.theme.close()
        self.root.destroy()

    def _start(self, name: str, host: str, port: int) -> None:
        """Join was pressed. An engine that is still saying goodbye comes first: both keep one outbox."""
        if self._leaving is not None and self._leaving.is_alive():
            self.root.after(IDLE_TICK, lambda: self._start_again(name, host, port))
            return
        self.settings = replace(self.settings, name=name, host=host, port=port)
        self.engine = Engine(self._folder, host, port, name)
        self.chat = ChatScreen(self.root, self.theme, self.engine, name, self._other_look, self.leave)
        self.engine.start()

    def _start_again(self, name: str, host: str, port: int) -> None:
        if not self.closed and self.join is not None and self.join.connecting:
            self._start(name, host, port)

    def _cancel(self) -> None:
        """Not this chat after all."""
        self._let_go(0.0)
        if self.chat is not None:
            self.chat.destroy()
            self.chat = None
        if self.join is not None:
            self.join.busy(False)
            self.join.greet()

    def _let_go(self, seconds: float) -> None:
        """Ends the engine without waiting for it."""
        if self.engine is not None:
            self._leaving = threading.Thread(
                target=self.engine.close, args=(seconds,), name="hallway-goodbye", daemon=True
            )
            self._leaving.start()
            self.engine = None
        self._rest.clear()

    def _tick(self) -> None:
        """Takes off what happened, for a bounded time, draws it, and comes again."""
        try:
            if self.interrupted:
                self.close()
                return
            self._drain()
            if self.chat is not None:
                self.chat.flush()
        except Exception:  # noqa: BLE001  # whatever it is, the chat goes on, and says so
            self._mistake(*sys.exc_info())
        finally:
            if not self.closed:
                quiet = time.monotonic() - self._happened > 1.0
                self._timer = self.root.after(
                    BUSY_TICK if self._rest else QUIET_TICK if quiet else IDLE_TICK, self._tick
                )

    def _drain(self) -> None:
        room, deadline = TICK_ROOM, time.perf_counter() + TICK_BUDGET
        while room > 0 and time.perf_counter() < deadline and (event := self._next()) is not None:
            if isinstance(event, Received):
                event, taken = self._portion(event, room)
                room -= taken
            else:
                room -= 1
            try:
                self._take(event)
            except Exception:  # noqa: BLE001  # one event that cannot be shown must not take the others with it
                self._mistake(*sys.exc_info())
        if not self._rest and (event := self._next()) is not None:
            self._rest.append(event)  # so that the next tick comes soon

    def _next(self) -> Happening | None:
        if self._rest:
            return self._rest.popleft()
        if self.engine is None:
            return None
        with contextlib.suppress(queue.Empty):
            event = self.engine.events.get_nowait()
            self._happened = time.monotonic()
            return event
        return None

    def _portion(self, event: Received, room: int) -> tuple[Received, int]:
        """As much of `event` as there is room for, at least one message; what is left comes in the next tick."""
        cost = 0
        for number, message in enumerate(event.messages):
            cost += 1 + (len(message.text) + 10 * message.text.count("\n")) // LONG
            if cost >= room and number + 1 < len(event.messages):
                self._rest.appendleft(Received(event.messages[number + 1 :]))
                return Received(event.messages[: number + 1]), cost
        return event, cost

    def _take(self, event: Happening) -> None:
        if self.chat is None:
            return
        if isinstance(event, Entered):
            self._entered(event)
        elif isinstance(event, Refused | Ended) and self.join is not None:
            self.engine = None
            self.chat.destroy()
            self.chat = None
            self.join.answer(event if isinstance(event, Refused) else Refused("ended", event.text))
        else:
            self.chat.take(event)

    def _entered(self, event: Entered) -> None:
        assert self.chat is not None
        if self.join is not None:
            self.join.destroy()
            self.join = None
            self.chat.pack(fill="both", expand=True)
            self.settings = replace(self.settings, name=event.name)
            self._remember()
        self.root.title(f"{event.server} - Hallway")
        self.chat.entered(event)

    def _remember(self) -> None:
        try:
            engine.save_settings(self._folder, self.settings)
        except OSError as error:
            if self.chat is not None:
                self.chat.take(
                    Trouble("disk", f"Your settings could not be saved for the next time ({error.strerror or error}).")
                )

    def _other_look(self) -> None:
        self._wear("light" if self.theme.look is DARK else "dark")
        self.settings = replace(self.settings, look="dark" if self.theme.look is DARK else "light")
        self._remember()

    def _wear(self, name: str) -> None:
        self.theme.wear(name)
        self.root.configure(background=self.theme.look.window)
        if self.chat is not None:
            self.chat.dress()
        if self.join is not None:
            self.join.dress()

    def _escape(self) -> None:
        screen = self.join or self.chat
        if screen is not None:
            screen.escape()

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        self.interrupted = True

    def _mistake(self, kind: Any, error: Any, at: Any) -> None:
        """Something in here failed: logged in full once for who can mend it, said in words to who sees the window."""
        told = f"{getattr(kind, '__name__', kind)}: {error}"
        if told not in self._told:
            self._told.add(told)
            traceback.print_exception(kind, error, at, file=sys.stderr)
            if self.chat is not None:
                self.chat.transcript.notice(f"Something could not be shown ({told}). The chat goes on.", "trouble")


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
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / "x-resources").write_text(f"Xft.maxglyphmemory: {GLYPH_MEMORY}\n")
            os.environ.setdefault("XENVIRONMENT", str(folder / "x-resources"))
    try:
        return tk.Tk(className="Hallway")
    except tk.TclError as error:
        raise NoDisplay(str(error)) from None


def run(folder: Path, host: str | None, port: int | None, name: str | None) -> int:
    """Opens the window and returns the exit status when it is closed; `NoDisplay` when there is no screen.

    What is None comes from the settings that are kept in `folder`.
    """
    root = open_root(folder)
    kept = engine.load_settings(folder)
    settings = replace(kept, name=name or kept.name, host=host or kept.host, port=port or kept.port)
    return Window(root, folder, settings).run()
