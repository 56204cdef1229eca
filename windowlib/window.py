"""The chat as a window: a first screen to join with, then the conversation. Started by client.py through `run`.

One thread runs in here, the one that called `run`: it alone touches Tk. The engine's thread puts what happens on
`Engine.events`; a tick takes it off, a bounded amount at a time (drain.py), so that the window answers whatever
arrives.

`Window` owns the tick and the screen that is shown, join_screen.py and then chat_screen.py. What else belongs to a
window is in parts that have one thing to see to: engine_slot.py (the engine), settings_store.py (the settings in use),
appearance.py (look and size), pages.py (pages and the switcher over the screens), attention.py, launch.py, quiet.py.
What the keys are is in shortcuts.py, what they do in key_actions.py.
"""

from __future__ import annotations

import gc
import signal
import sys
import time
import tkinter as tk
import traceback
from dataclasses import replace
from pathlib import Path
from tkinter import ttk
from types import FrameType
from typing import TYPE_CHECKING, Any

from clientlib.happenings import Ended, Entered, Happening, Refused, Trouble
from clientlib.storage import Settings, load_settings
from windowlib import shortcuts
from windowlib.aim import Attempt
from windowlib.appearance import Appearance
from windowlib.attention import Attention
from windowlib.display import NoDisplay, follow_geometry, open_root, set_geometry
from windowlib.drain import IDLE_TICK, Drain
from windowlib.engine_slot import EngineSlot, as_refusal
from windowlib.host_window import Host
from windowlib.join_screen import JoinScreen
from windowlib.key_actions import key_actions
from windowlib.launch import Launcher
from windowlib.pages import Pages
from windowlib.quiet import QuietLine
from windowlib.settings_store import SettingsStore
from windowlib.system_look import SystemLook

if TYPE_CHECKING:  # what only a chat needs is loaded when one is joined: the first screen is there sooner
    from clientlib.engine import Engine
    from windowlib.chat_screen import Actions, ChatScreen
    from windowlib.inbox import News
    from windowlib.settings_screen import SettingsScreen
    from windowlib.shortcuts import ShortcutsPage

__all__ = ["NoDisplay", "Window", "open_root", "run"]

DRAW_SECONDS = 0.25  # s in which something new is drawn even while the window cannot keep up
LOOK_ROUND = 1.0  # s between looks at what changes by itself: the hour, the system's look, programs that were started
SYSTEM_LOOK_START = 0.05  # s that the first answer may take, which was asked for before Tk was loaded
GOODBYE_SECONDS = 2.0
# Ends of a chat that the first screen can do something about. At any other the conversation stays to be read.
MENDED_BY_JOINING = frozenset({"certificate_changed", "wrong_password"})


class Window:
    """The window of one client: shows a screen, and takes off in a tick what the engine tells."""

    def __init__(
        self, root: tk.Tk, folder: Path, settings: Settings, password: str | None = None, profile: str = "",
        system: SystemLook | None = None, given: bool = False,
    ) -> None:  # fmt: skip
        """`password` is the chat's as it was given when the program was started; one that is typed comes before it.

        `profile` stands in the title; `system` has been asked how the system looks, or nobody asked yet.
        `given`: the address in `settings` was given when the program was started.
        """
        self.root = root
        self.store = SettingsStore(folder, settings, root, self._settings_changed, self._tell_trouble)
        self.appearance = Appearance(root, self.store, system or SystemLook(), self._dress)
        self.theme = self.appearance.theme
        self.host = Host(root, self.theme)  # the chat that this computer hosts, if any
        self.attention = Attention(root, lambda: self.settings, profile)
        self.launcher = Launcher(self._tell_trouble)
        self._drain = Drain(self._happened, self._mistake)
        self.slot = EngineSlot(folder, password, self._drain)
        self.join: JoinScreen | None = None
        self.chat: ChatScreen | None = None  # from Join on, when it is not shown yet
        self.closed = False
        self.interrupted = False  # Ctrl-C in the terminal
        self._given = given
        self._early: list[Trouble] = []  # told before a chat was entered, which is where it can be read
        # Key: host and port; what was being written there when that chat was left, to whom.
        self._drafts: dict[tuple[str, int], dict[str, str]] = {}
        self._mistakes: set[str] = set()  # of ours, that were logged
        self._drew = self._looked_round = 0.0  # when, on the monotonic clock
        root.protocol("WM_DELETE_WINDOW", self.close)
        root.report_callback_exception = self._mistake
        root.configure(background=self.theme.look.window)
        set_geometry(root, self.theme, settings.geometry)
        self.quiet_line = QuietLine(root, self.theme, lambda: self.store.change(replace(self.settings, quiet_until=0)))
        self.body = ttk.Frame(root)
        self.body.pack(fill="both", expand=True)
        self.pages = Pages(self.body, self.theme, self.store, self.attention, self.launcher, self._arrange)
        shortcuts.plain_keys(root)
        shortcuts.bind(root, key_actions(self.pages, self.appearance, self._shown_chat, self._escape))
        self.attention.follow_focus(self._focus_changed)
        follow_geometry(root, self.store.keep_geometry)
        self.show_join()
        self._timer = root.after(IDLE_TICK, self.tick)

    def run(self) -> int:
        """Shows the window until it is closed; the exit status."""

        def interrupt(_signal: int, _frame: FrameType | None) -> None:
            self.interrupted = True  # the tick looks at it: raising within Tk would lose it

        before = signal.signal(signal.SIGINT, interrupt)
        try:
            self.root.mainloop()
        finally:
            signal.signal(signal.SIGINT, before)
            self.close()
        return 130 if self.interrupted else 0

    @property
    def settings(self) -> Settings:
        """Those in use."""
        return self.store.settings

    @property
    def engine(self) -> Engine | None:
        """That of the chat one is in, or tries to join."""
        return self.slot.engine

    @property
    def page(self) -> SettingsScreen | ShortcutsPage | None:
        """What is shown over the screen."""
        return self.pages.page

    # --- the screens ---

    def show_join(self) -> None:
        """The first screen, with what is remembered."""
        self.pages.close_page()
        self._drop_chat()
        self.attention.name("")
        if self.join is not None:
            self.join.destroy()
        self.join = JoinScreen(
            self.body, self.theme, self.settings, self._start, self._cancel, self.appearance.other_look, self.host,
            self.pages.toggle_settings, self._given,
        )  # fmt: skip
        self._arrange()
        self.join.greet()

    def _arrange(self) -> None:
        """Shows the page, the first screen or the chat; of what is covered the keyboard must not find anything."""
        self.pages.close_switcher()
        shown = self.page or self.join or self.chat
        for screen in self.body.pack_slaves():
            if screen is not shown:
                screen.pack_forget()
        if shown is not None:
            shown.pack(fill="both", expand=True)
        if self.chat is not None:
            self.chat.focused(self.attention.focused and shown is self.chat)

    def _shown_chat(self) -> ChatScreen | None:
        """The chat, where it is what one sees."""
        return self.chat if self.join is None and self.page is None else None

    def _escape(self) -> None:
        """Esc, where no page is open."""
        if (screen := self.join or self.chat) is not None:
            screen.escape()

    def _dress(self) -> None:
        """Everything takes the colours and sizes of now. Whatever had the keyboard keeps it where a page is open."""
        self.pages.close_switcher()
        self.root.configure(background=self.theme.look.window)
        focused = self.root.focus_lastfor()
        for screen in (self.chat, self.join, self.pages):
            if screen is not None:
                screen.dress()
        self.host.dress()
        if self.page is not None and focused is not None:
            focused.focus_set()

    def _drop_chat(self) -> None:
        if self.chat is not None:
            self.chat.destroy()
            self.chat = None

    # --- in and out ---

    def _start(self, attempt: Attempt) -> None:
        """Join was pressed. An engine that is still saying goodbye comes first."""
        if self.closed or self.join is None or not self.join.connecting:  # given up while it had to wait
            return
        if self.slot.is_leaving:
            self.root.after(IDLE_TICK, lambda: self._start(attempt))
            return
        from windowlib.chat_screen import ChatScreen

        self.store.try_chat(attempt.name, attempt.host, attempt.port)
        engine = self.slot.prepare(attempt)
        address = f"{attempt.host}, port {attempt.port}"
        drafts = self._drafts.setdefault((attempt.host, attempt.port), {})
        self.chat = ChatScreen(
            self.body, self.theme, engine, attempt.name, address, self._chat_actions(), drafts, self.store.recent_emoji
        )
        engine.start()

    def _chat_actions(self) -> Actions:
        """What the chat asks of its window."""
        from windowlib.chat_screen import Actions

        return Actions(
            leave=self.leave, settings=self.pages.toggle_settings, look=self.appearance.other_look, news=self._news,
            unread=lambda total, _: self.attention.unread(total), help=self.pages.toggle_keys,
            password_generator=self.launcher.password_generator,
        )  # fmt: skip

    def _cancel(self) -> None:
        """Not this chat after all."""
        self.slot.leave(0.0)
        self._drop_chat()
        if self.join is not None:
            self.join.busy(False)
            self.join.greet()

    def leave(self) -> None:
        """Back to the first screen; the goodbye is said meanwhile."""
        self.slot.leave(GOODBYE_SECONDS)
        self.show_join()

    def close(self) -> None:
        """Says goodbye and ends the window. It disappears at once; what was not sent is on disk."""
        if self.closed:
            return
        if not self.interrupted and self.host.goes_on(self.close, self._come_back):
            self.root.withdraw()
            self.leave()
            return
        self.closed = True
        self.host.close()
        self.root.after_cancel(self._timer)
        self.store.save()
        self.root.withdraw()
        self.root.update_idletasks()
        self.slot.close(GOODBYE_SECONDS)
        self.attention.close()
        for part in (self.quiet_line, self.body):  # before their fonts: as they go, Tk may still tell them a size
            part.destroy()
        self.appearance.close(GOODBYE_SECONDS)
        self.root.destroy()

    def _come_back(self) -> None:
        """The window was closed while a chat is hosted here, and is wanted again."""
        self.host.is_joined_again()
        self.root.deiconify()
        self.root.lift()

    # --- what happens ---

    def tick(self) -> None:
        """Takes off what happened, for a bounded time, draws it where it stays, and comes again."""
        try:
            if self.interrupted:
                self.close()
                return
            self._drain.work()
            now = time.monotonic()
            if self.chat is not None and (not self._drain.behind or now - self._drew >= DRAW_SECONDS):
                self._drew = now
                self.chat.flush()
            if now - self._looked_round >= LOOK_ROUND:
                self._looked_round = now
                self._look_round()
        except Exception:  # noqa: BLE001  # whatever it is, the chat goes on, and says so
            self._mistake(*sys.exc_info())
        finally:
            if not self.closed:
                self._timer = self.root.after(self._drain.period(), self.tick)

    def _look_round(self) -> None:
        """Looks at what changes by itself."""
        self.appearance.refresh()
        self.quiet_line.refresh(self.settings.quiet_until)
        self.pages.refresh()
        self.launcher.look()

    def _happened(self, event: Happening) -> None:
        """The engine told something."""
        if self.chat is None:
            return
        if isinstance(event, Entered):
            self._entered(event)
        elif isinstance(event, Trouble) and self.join is not None:
            self._early.append(event)
        elif isinstance(event, Refused | Ended) and self.join is not None:
            refusal = as_refusal(event)
            self.slot.refused(refusal)
            self._drop_chat()
            self.join.answer(refusal)
        elif isinstance(event, Ended) and event.code in MENDED_BY_JOINING:
            self.slot.ended()
            self.show_join()
            assert self.join is not None
            self.join.interrupt(as_refusal(event))
        else:
            self.chat.take(event)

    def _entered(self, event: Entered) -> None:
        """Joined, for the first time or again."""
        assert self.chat is not None
        if self.join is not None:
            self.join.destroy()
            self.join = None
            self._given = False
            self._arrange()
            self.store.entered(event.name)
        self.attention.name(event.server)
        self.chat.take(event)
        for trouble in self._early:
            self.chat.take(trouble)
        self._early.clear()

    def _news(self, news: News) -> None:
        """Something was written: whoever is not looking is told."""
        chat = self.chat
        if chat is not None:
            read = self.page is None and chat.reading and chat.talk.address == news.address
            self.attention.news(news.sender, news.kind, read=read)

    def _focus_changed(self, focused: bool) -> None:
        """The keyboard came to the window, or left it."""
        if self.closed:
            return
        if focused:
            self.appearance.came_back()
        if self.chat is not None:
            self.chat.focused(focused and self.page is None)

    def _settings_changed(self, before: Settings, settings: Settings) -> None:
        self.appearance.follow(before, settings)
        self.quiet_line.refresh(settings.quiet_until)
        self.pages.show(settings)

    # --- what goes wrong ---

    def _tell_trouble(self, trouble: str) -> None:
        """Something outside the chat did not work: said where it can be seen."""
        if not self.pages.say(trouble) and self.chat is not None:
            self.chat.notice(trouble, "trouble")

    def _mistake(self, kind: Any, error: Any, at: Any) -> None:
        """Something in here failed: logged in full once for who can mend it, said in words to who sees the window."""
        told = f"{getattr(kind, '__name__', kind)}: {error}"
        if told not in self._mistakes:
            self._mistakes.add(told)
            traceback.print_exception(kind, error, at, file=sys.stderr)
            if self.chat is not None:
                self.chat.notice(f"Something could not be shown ({told}). The chat goes on.", "trouble")


def run(
    folder: Path, host: str | None, port: int | None, name: str | None, password: str | None = None, profile: str = ""
) -> int:
    """Opens the window and returns the exit status when it is closed; `NoDisplay` when there is no screen.

    What is None comes from the settings that are kept in `folder`; a password is asked for when one is wanted. The
    `profile` whose folder it is stands in the title.
    """
    kept = load_settings(folder)
    settings = replace(kept, name=name or kept.name, host=host or kept.host, port=port or kept.port)
    system = SystemLook()
    if not settings.look:
        system.ask()  # it answers while Tk is loaded
    root = open_root(folder)
    system.wait(SYSTEM_LOOK_START)
    window = Window(root, folder, settings, password, profile, system, host is not None)
    try:
        return window.run()
    finally:
        gc.freeze()  # what is left of Tk is nothing for a thread that still says goodbye to tidy away: that would abort
