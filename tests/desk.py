"""Somebody at a keyboard with a mouse, for tests of what is drawn: `Hands` on any window, `Desk` at the chat's.

The window runs in the test's own thread on the screen that `python3 tests` provides; xdotool presses the keys, and
`until` lets Tk work until something is so.
"""

from __future__ import annotations

import contextlib
import gc
import re
import subprocess
import time
import tkinter as tk
from _tkinter import DONT_WAIT, TIMER_EVENTS
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from certificate import four_words
from clientlib.happenings import Received
from clientlib.storage import Settings
from processes import ServerProcess
from protocol import Message
from windowlib.chat_screen import ChatScreen
from windowlib.display import open_root
from windowlib.join_screen import JoinScreen
from windowlib.window import Window

SECONDS = 10.0  # for anything the window is expected to show
OLD_ONE, NEW_ONE = "3f" * 32, "9b" * 32  # fingerprints
SESAME = "open sesame"
CHANGED = (
    f"The server at 192.168.1.20 shows another certificate than the last time. It was “{four_words(OLD_ONE)}” and is "
    f"now “{four_words(NEW_ONE)}”. Either it was set up anew, or another computer pretends to be it. Nothing of yours "
    "was sent. Compare the new words with those at its terminal before you trust it."
)


class Hands:
    """Somebody at a keyboard with a mouse, in front of a window of any kind."""

    def __init__(self, root: tk.Tk) -> None:
        self.root = root

    def put(self, size: str) -> None:
        """Puts the window with this size into the corner of the screen, and the keyboard into it."""
        self.root.geometry(f"{size}+0+0")
        self.until(self.root.winfo_viewable, "the window is on the screen")
        self.focus()

    def until(self, condition: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
        """Lets Tk work until `condition()` is true."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"waited {seconds:g} s in vain: {what}. {self.seen()}")
            self.root.update()
            time.sleep(0.001)

    def seen(self) -> str:
        """What a failed test says about the window."""
        return f"The keyboard is on {self.root.focus_get()!r}."

    def focus(self) -> None:
        """There is no window manager on the test's screen, so the window takes the keyboard by itself."""
        chosen = self.root.focus_lastfor()
        assert chosen is not None
        chosen.focus_force()
        self.until(lambda: self.root.focus_get() is not None, "the window has the keyboard")

    def type(self, text: str) -> None:
        self._xdotool("type", "--delay", "2", text)

    def press(self, *keys: str) -> None:
        """Presses keys by their X11 names, such as `Return` or `shift+Return`."""
        self._xdotool("key", "--delay", "2", *keys)

    def click(self, x: int, y: int) -> None:
        """Clicks at a place of the screen."""
        self.root.update()
        self._xdotool("mousemove", str(x), str(y), "click", "1")

    def roll(self, x: int, y: int, steps: int) -> None:
        """Rolls the wheel down (up where `steps` are negative) at a place of the screen."""
        self.root.update()
        self._xdotool("mousemove", str(x), str(y), "click", "--repeat", str(abs(steps)), "5" if steps > 0 else "4")

    @contextlib.contextmanager
    def dragged(self, start: tuple[int, int], end: tuple[int, int]) -> Iterator[None]:
        """While it lasts the mouse's button is held, having been pressed at one place of the screen and moved."""
        self._xdotool("mousemove", *map(str, start), "mousedown", "1")
        try:
            self._xdotool("mousemove", *map(str, end))
            yield
        finally:
            self._xdotool("mouseup", "1")

    def click_on(self, widget: tk.Misc) -> None:
        self.root.update()
        self.click(widget.winfo_rootx() + widget.winfo_width() // 2, widget.winfo_rooty() + widget.winfo_height() // 2)

    def zoom_with_wheel(self, x: int, y: int, steps: int) -> None:
        """Turns the wheel up (down where `steps` are negative) at a place of the screen, with Control held down."""
        turn = ("click", "--repeat", str(abs(steps)), "4" if steps > 0 else "5")
        self._xdotool("mousemove", str(x), str(y), "keydown", "ctrl", *turn, "keyup", "ctrl")

    def look_away(self) -> None:
        """Gives the keyboard to the window of the whole screen, which is nobody's."""
        search = ["xdotool", "search", "--maxdepth", "0", ".*"]
        found = subprocess.run(search, capture_output=True, text=True, timeout=SECONDS, check=False)
        self._xdotool("windowfocus", "--sync", found.stdout.split()[0])

    def settle(self) -> None:
        """Lets Tk take every key and click that was sent before this, for tests that nothing came of them.

        A key of no meaning is sent after them: X hands a window its events in their order.
        """
        came: list[object] = []
        bound = self.root.bind_all("<Key-F12>", came.append)
        try:
            self.press("F12")
            self.until(lambda: came, "all that was typed has come")
            self.root.update()
        finally:
            self.root.unbind_all("<Key-F12>")
            self.root.deletecommand(bound)

    def _xdotool(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], check=True, timeout=SECONDS)


class TimedWindow(Window):
    """Measures its ticks, with the drawing that each of them causes."""

    ticks = 0
    longest = 0.0  # s
    draws = True  # a tick ends with what it drew on the screen

    def tick(self) -> None:
        started = time.perf_counter()
        super().tick()
        if self.draws and not self.closed:
            self.root.update_idletasks()
        self.ticks += 1
        self.longest = max(self.longest, time.perf_counter() - started)


class Desk(Hands):
    """Somebody in front of Hallway's window."""

    def __init__(self, folder: Path, settings: Settings, size: str = "900x600") -> None:
        gc.collect()  # here, where Tk runs: an older window that the next engine's thread tidies away ends the process
        super().__init__(open_root(folder))
        self.window = TimedWindow(self.root, folder, settings)
        self.put(size)

    def seen(self) -> str:
        return f"The window shows:\n{self.shown[-2000:]}"

    def until_without_drawing(self, condition: Callable[[], object], what: str) -> None:
        """Lets only the ticks come until `condition()` is true, as on a computer that is too busy to draw."""
        deadline = time.monotonic() + SECONDS
        self.window.draws = False
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"waited {SECONDS:g} s in vain: {what}. {self.seen()}")
            self.root.tk.dooneevent(TIMER_EVENTS | DONT_WAIT)
            time.sleep(0.001)
        self.window.draws = True

    def fill(self, name: str | None = None, host: str | None = None, port: int | str | None = None) -> None:
        """Types into the fields of the first screen, instead of what stands there."""
        assert self.window.join is not None
        join = self.window.join
        if host is not None or port is not None:
            join.show_address()
        for field, value in ((join.name, name), (join.host, host), (join.port, port)):
            if value is not None:
                field.focus_force()
                self.until(lambda field=field: self.root.focus_get() is field, "the field has the keyboard")  # type: ignore[misc]
                self.press("ctrl+a", "BackSpace")
                self.type(str(value))
                self.until(lambda field=field, value=value: field.get() == str(value), f"{value} stands in the field")  # type: ignore[misc]

    def join(self, server: ServerProcess, name: str) -> None:
        """Joins as people do: fills in the first screen and presses Enter."""
        self.fill(name, server.host, server.port)
        self.press("Return")
        self.until(lambda: self.window.join is None, "the chat is entered")

    def write(self, text: str) -> None:
        """Types `text` and Enter, and waits until it is on its way."""
        self.type(text)
        self.until(lambda: self.chat.composer.written.endswith(text), "it is typed")
        self.press("Return")
        self.until(lambda: self.chat.composer.written == "", "it is sent")

    @property
    def chat(self) -> ChatScreen:
        assert self.window.chat is not None
        return self.window.chat

    @property
    def shown(self) -> str:
        """The conversation as it can be read in the window, but for the times in the margin."""
        text = self.window.chat.conversation.text.get("1.0", "end-1c") if self.window.chat else ""
        return re.sub(r"^\d\d:\d\d\t", "", text, flags=re.MULTILINE)

    @property
    def said(self) -> str:
        """What the first screen says."""
        assert self.window.join is not None
        return str(self.window.join.said.cget("text"))

    @property
    def said_trouble(self) -> bool:
        """The first screen says that something is wrong."""
        assert self.window.join is not None
        return "Trouble" in str(self.window.join.said.cget("style"))

    def longest_tick(self, enough: float, what: Callable[[int], None]) -> float:
        """The longest tick in seconds while `what` happens, which is told how often it did; the best of three times.

        Once is enough where none took more than `enough`: others use this machine, too.
        """
        longest = []
        for number in range(3):
            self.window.longest = 0.0
            what(number)
            longest.append(self.window.longest)
            if longest[-1] < enough:
                break
        return min(longest)

    def choose(self, words: str) -> None:
        """Opens the menu of the chat and clicks on what it says."""
        self.click_on(self.chat.head.menu_button)
        self.until(self.chat.menu.winfo_viewable, "the menu is open")
        self.click_on(self.chat.menu.buttons[words])

    def click_on_row(self, key: str) -> None:
        """Clicks on a row of the list beside the conversation, such as `person bob` or `talk bob`."""
        sidebar = self.chat.sidebar
        self.until(lambda: sidebar.winfo_viewable() and sidebar.box(key), f"{key} is listed")
        self.root.update()
        box = sidebar.box(key)
        assert box is not None
        self.click(sidebar.list.winfo_rootx() + 60, sidebar.list.winfo_rooty() + box[1] + box[3] // 2)

    def go_to(self, widget: tk.Misc) -> None:
        """Goes there with Tab alone."""
        for _ in range(16):
            before = self.root.focus_get()
            if before is widget:
                return
            self.press("Tab")
            self.until(lambda before=before: self.root.focus_get() is not before, "the keyboard goes on")  # type: ignore[misc]
        pytest.fail(f"Tab does not lead to {widget}")

    def resize(self, size: str) -> None:
        """Gives the window this size, such as `440x560`, or the smallest it can have."""
        width, height = self.root.minsize() if size == "smallest" else map(int, size.split("x"))
        self.root.geometry(f"{width}x{height}")
        self.until(lambda: (self.root.winfo_width(), self.root.winfo_height()) == (width, height), "it has that size")
        self.root.update()

    def in_sight(self, widget: tk.Misc) -> bool:
        """Whether all of `widget` can be seen, within the window and within what scrolls."""
        self.root.update()
        top, bottom = widget.winfo_rooty(), widget.winfo_rooty() + widget.winfo_height()
        around: tk.Misc | None = widget
        while around is not None:
            if not around.winfo_rooty() <= top < bottom <= around.winfo_rooty() + around.winfo_height():
                return False
            around = around.master
        return bool(widget.winfo_viewable())

    def sees(self, text: str, seconds: float = SECONDS) -> None:
        self.until(lambda: text in self.shown, f"{text!r} is shown", seconds)

    def tags_of(self, text: str) -> tuple[str, ...]:
        """The tags that `text` is drawn with."""
        view = self.chat.conversation.text
        return view.tag_names(view.search(text, "1.0"))


def flood(desk: Desk, messages: Iterable[Message]) -> None:
    """Hands messages to the window as its engine would, all at once."""
    assert desk.window.engine is not None
    desk.window.engine.events.put(Received(tuple(messages)))


def in_the_chat(folder: Path, server: ServerProcess) -> Desk:
    """A window that has joined already, for what needs no typing."""
    desk = Desk(folder, Settings("Ada", server.host, server.port))
    desk.press("Return")
    desk.until(lambda: desk.window.join is None, "the chat is entered")
    return desk


def first_screen(desk: Desk) -> JoinScreen:
    assert desk.window.join is not None
    return desk.window.join
