"""The chat as a window: a first screen to join with, then the conversation. Started by client.py through `run`.

One thread runs in here, the one that called `run`: it alone touches Tk. The engine's thread puts what happens on
`Engine.events`; a tick takes it off, a bounded amount at a time, so that the window answers whatever arrives. (A second
thread is started for an engine that is being left, and holds nothing but that engine.)

`Window` owns the engine, the tick and the screen that is shown: join_screen.py, then chat_screen.py. How everything
looks is in look.py.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
import tkinter as tk
import traceback
from collections import deque
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from chat_screen import Actions, ChatScreen
from engine import Engine
from happenings import Ended, Entered, Happening, Received, Refused, Trouble
from join_screen import Attempt, JoinScreen
from look import DARK, Theme
from storage import Settings, load_settings, save_settings, write_whole

IDLE_TICK = 30  # ms; below it nobody sees a difference
QUIET_TICK = 60  # ms, when nothing has happened for a second: waking up costs more than looking at the queue
BUSY_TICK = 4  # ms left to Tk for drawing and for what people type, while more is waiting
TICK_BUDGET = 0.010  # s of taking events in one tick
TICK_ROOM = 200  # messages drawn in one tick; a long one counts for several
LONG = 160  # characters that cost about as much to draw as one more message
GOODBYE_SECONDS = 2.0
# Ends of a chat that the first screen can do something about. At any other the conversation stays to be read.
MENDED_BY_JOINING = frozenset({"certificate_changed", "wrong_password"})
GLYPH_MEMORY = 64 * 1024 * 1024  # bytes for each font, and used only when so many emoji are on the screen


class NoDisplay(Exception):
    """There is no screen to open a window on; `str(error)` is what Tk said about it."""


class Window:
    """The window of one client: shows a screen, owns the engine, and takes off in a tick what the engine tells."""

    def __init__(self, root: tk.Tk, folder: Path, settings: Settings, password: str | None = None) -> None:
        """`password` is the chat's as it was given when the program was started; one that is typed comes before it."""
        self.root = root
        self.theme = Theme(root, settings.look)
        self.settings = settings
        self.join: JoinScreen | None = None
        self.chat: ChatScreen | None = None  # from Join on, when it is not shown yet
        self.closed = False
        self.interrupted = False  # Ctrl-C in the terminal
        self._folder = folder
        self._password = password
        self._early: list[Trouble] = []  # told before a chat was entered, which is where it can be read
        self.engine: Engine | None = None
        self._rest: deque[Happening] = deque()  # taken off the queue, but too much for one tick
        self._draft = ("", 0, "")  # host, port, and what was being written there when the chat ended by itself
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

    def _start(self, attempt: Attempt) -> None:
        """Join was pressed. An engine that is still saying goodbye comes first: both keep one outbox."""
        if self._leaving is not None and self._leaving.is_alive():
            self.root.after(IDLE_TICK, lambda: self._start_again(attempt))
            return
        name, host, port = attempt.name, attempt.host, attempt.port
        self.settings = replace(self.settings, name=name, host=host, port=port)
        password = self._password if attempt.password is None else attempt.password
        self.engine = Engine(self._folder, host, port, name, password, attempt.accept, in_clear=attempt.in_clear)
        if attempt.password is not None:
            self.engine.keep_password(attempt.remember)
        address = f"{host}, port {port}"
        self.chat = ChatScreen(self.root, self.theme, self.engine, name, address, self._actions())
        self.engine.start()

    def _actions(self) -> Actions:
        """What the chat asks of its window."""

        def nothing(*_: object) -> None:
            """Comes with the next parts of the window."""

        return Actions(
            leave=self.leave, settings=nothing, look=self._other_look, news=nothing, unread=nothing, help=nothing,
            password_generator=nothing,
        )  # fmt: skip

    def _start_again(self, attempt: Attempt) -> None:
        if not self.closed and self.join is not None and self.join.connecting:
            self._start(attempt)

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
        elif isinstance(event, Trouble) and self.join is not None:
            self._early.append(event)
        elif isinstance(event, Refused | Ended) and self.join is not None:
            self.engine = None
            self.chat.destroy()
            self.chat = None
            if event.code == "wrong_password" and event.fingerprint is not None:
                self._password = None  # it was tried; over an unencrypted connection it was not
            self.join.answer(_refusal(event))
        elif isinstance(event, Ended) and event.code in MENDED_BY_JOINING:
            self.engine = None
            self._draft = (self.settings.host, self.settings.port, self.chat.composer.written)
            self.show_join()
            assert self.join is not None
            self.join.interrupt(_refusal(event))
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
        self.root.title(f"{event.server} - Hallway" if event.server else "Hallway")
        self.chat.entered(event)
        for trouble in self._early:
            self.chat.take(trouble)
        self._early.clear()
        host, port, written = self._draft
        if written and (host, port) == (self.settings.host, self.settings.port):
            self.chat.composer.write(written)
            self._draft = ("", 0, "")

    def _remember(self) -> None:
        try:
            save_settings(self._folder, self.settings)
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
                self.chat.notice(f"Something could not be shown ({told}). The chat goes on.", "trouble")


def _refusal(event: Refused | Ended) -> Refused:
    """What the first screen says about an end: to it they are all the same."""
    return event if isinstance(event, Refused) else Refused(event.code or "ended", event.text, event.fingerprint)


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


def run(folder: Path, host: str | None, port: int | None, name: str | None, password: str | None = None) -> int:
    """Opens the window and returns the exit status when it is closed; `NoDisplay` when there is no screen.

    What is None comes from the settings that are kept in `folder`; a password is asked for when one is wanted.
    """
    root = open_root(folder)
    kept = load_settings(folder)
    settings = replace(kept, name=name or kept.name, host=host or kept.host, port=port or kept.port)
    return Window(root, folder, settings, password).run()
