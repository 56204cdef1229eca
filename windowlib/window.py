"""The chat as a window: a first screen to join with, then the conversation. Started by client.py through `run`.

One thread runs in here, the one that called `run`: it alone touches Tk. The engine's thread puts what happens on
`Engine.events`; a tick takes it off, a bounded amount at a time (drain.py), so that the window answers whatever
arrives. (A second thread is started for an engine that is being left, and holds nothing but that engine.)

`Window` owns the engine, the settings, the tick and the screen that is shown: join_screen.py, then chat_screen.py, and
over either a page, such as the settings. How everything looks is in look.py; what its keys are, in shortcuts.py.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
import tkinter as tk
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tkinter import ttk
from types import FrameType
from typing import TYPE_CHECKING, Any

from clientlib.happenings import Ended, Entered, Happening, Refused, Trouble
from clientlib.storage import Settings, load_settings, save_settings
from windowlib import shortcuts
from windowlib.attention import Attention
from windowlib.display import NoDisplay, fills_screen, open_root, placed
from windowlib.drain import IDLE_TICK, Drain
from windowlib.emoji import remembered
from windowlib.host_window import Host
from windowlib.join_screen import Attempt, JoinScreen
from windowlib.launch import CannotLaunch, Launcher
from windowlib.look import DARK, Theme
from windowlib.quiet import QuietLine, now_ms, quiet_words
from windowlib.settings_screen import Doing, SettingsScreen, next_size
from windowlib.shortcuts import ShortcutsPage
from windowlib.switcher import Switcher
from windowlib.system_look import SystemLook

if TYPE_CHECKING:  # what only a chat needs is loaded when one is joined: the first screen is there sooner
    from clientlib.engine import Engine
    from windowlib.chat_screen import Actions, ChatScreen
    from windowlib.inbox import News

__all__ = ["NoDisplay", "Window", "open_root", "run"]

BREATH = 1.0  # s between looks at what changes by itself: the hour, the system's look, programs that were started
SYSTEM_LOOK = 30.0  # s between two questions to the system; it is asked too when one comes back to the window
SYSTEM_LOOK_START = 0.05  # s that the first answer may take, which was asked for before Tk was loaded
SAVE = 400  # ms after the last of several changes until they are on disk
GOODBYE_SECONDS = 2.0
# Ends of a chat that the first screen can do something about. At any other the conversation stays to be read.
MENDED_BY_JOINING = frozenset({"certificate_changed", "wrong_password"})


class Window:
    """The window of one client: shows a screen, owns the engine, and takes off in a tick what the engine tells."""

    def __init__(
        self, root: tk.Tk, folder: Path, settings: Settings, password: str | None = None, profile: str = "",
        system: SystemLook | None = None, given: bool = False,
    ) -> None:  # fmt: skip
        """`password` is the chat's as it was given when the program was started; one that is typed comes before it.

        `profile` stands in the title; `system` has been asked how the system looks, or nobody asked yet.
        `given`: the address in `settings` was given when the program was started.
        """
        self.root = root
        self.system = system or SystemLook()
        self.theme = Theme(root, settings.look or self.system.name, settings.zoom)
        self.settings = settings
        self._kept = load_settings(folder)  # with the name and address of the last chat that was entered
        self.host = Host(root, self.theme)  # the chat that this computer hosts, if any
        self._given = given
        self._emoji = remembered(settings.emoji)  # the composer's, which puts the newest first
        self.join: JoinScreen | None = None
        self.chat: ChatScreen | None = None  # from Join on, when it is not shown yet
        self.page: SettingsScreen | ShortcutsPage | None = None  # over either
        self.closed = False
        self.interrupted = False  # Ctrl-C in the terminal
        self.attention = Attention(root, lambda: self.settings, profile)
        self.launcher = Launcher()
        self._folder = folder
        self._password = password
        self._early: list[Trouble] = []  # told before a chat was entered, which is where it can be read
        self.engine: Engine | None = None
        self._drain = Drain(self._take, self._mistake)
        # Key: host and port; what was being written there when that chat was left, to whom.
        self._drafts: dict[tuple[str, int], dict[str, str]] = {}
        self._leaving: threading.Thread | None = None  # says goodbye in an engine that is not ours any more
        self._told: set[str] = set()  # mistakes of ours that were logged
        self._breathed = self._asked_system = 0.0  # when, on the monotonic clock
        self.switcher: Switcher | None = None  # over the chat
        self._before_page: tk.Misc | None = None  # had the keyboard
        self._before_switcher: tk.Misc | None = None  # the same
        self._timer = self._saving = ""
        plain = self.theme.px(1000) / settings.zoom / 10  # of 1/96 inch: whoever zooms has no larger screen
        root.minsize(round(400 * plain), round(380 * plain))
        wide, high = (
            min(self.theme.px(960), root.winfo_screenwidth()),
            min(self.theme.px(660), root.winfo_screenheight()),
        )
        root.geometry(placed(root, settings.geometry) or f"{wide}x{high}")
        root.protocol("WM_DELETE_WINDOW", self.close)
        root.report_callback_exception = self._mistake
        root.configure(background=self.theme.look.window)
        self._quiet = QuietLine(root, self.theme, lambda: self._change(replace(self.settings, quiet_until=0)))
        self.body = ttk.Frame(root)
        self.body.pack(fill="both", expand=True)
        self.body.bind("<Configure>", lambda _: self._close_switcher())  # it was made for another size
        shortcuts.plain_keys(root)
        shortcuts.bind(root, self._key_actions())
        root.bind("<FocusIn>", lambda _: root.after_idle(self._look_who_has_the_keyboard), add=True)
        root.bind("<FocusOut>", lambda _: root.after_idle(self._look_who_has_the_keyboard), add=True)
        root.bind("<Configure>", self._moved, add=True)
        self.show_join()
        self._timer = root.after(IDLE_TICK, self._tick)

    def _key_actions(self) -> dict[str, Callable[[], object]]:
        """What the keys of shortcuts.py do."""
        return {
            "switch": self._switch,
            "next": lambda: self._in_chat(lambda chat: chat.next_unread(1)),
            "previous": lambda: self._in_chat(lambda chat: chat.next_unread(-1)),
            "find": lambda: self._in_chat(lambda chat: chat.find()),
            "emoji": lambda: self._in_chat(lambda chat: chat.composer.pick_emoji()),
            "escape": self._escape,
            "larger": lambda: self._zoom(next_size(self.settings.zoom, 1)),
            "smaller": lambda: self._zoom(next_size(self.settings.zoom, -1)),
            "plain_size": lambda: self._zoom(100),
            "settings": self.show_settings,
            "help": self.show_keys,
        }

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

    # --- the screens ---

    def show_join(self) -> None:
        """The first screen, with what is remembered."""
        self.close_page()
        if self.chat is not None:
            self.chat.destroy()
            self.chat = None
        self.attention.name("")
        if self.join is not None:
            self.join.destroy()
        self.join = JoinScreen(
            self.body,
            self.theme,
            self.settings,
            self._start,
            self._cancel,
            self._other_look,
            self.host,
            self.show_settings,
            self._given,
        )
        self._arrange()
        self.join.greet()

    def _arrange(self) -> None:
        """Shows the page, the first screen or the chat; of what is covered the keyboard must not find anything."""
        self._close_switcher()
        shown = self.page or self.join or self.chat
        for screen in self.body.pack_slaves():
            if screen is not shown:
                screen.pack_forget()
        if shown is not None:
            shown.pack(fill="both", expand=True)
        if self.chat is not None:
            self.chat.focused(self.attention.focused and shown is self.chat)

    def show_settings(self) -> None:
        """The settings, over whatever is shown; once more, back."""
        if isinstance(self.page, SettingsScreen):
            self.close_page()
            return
        doing = Doing(
            self._change, self.close_page, self.attention.try_sound, self.show_keys, self.open_password_generator,
            lambda: self._launch(lambda: self.launcher.show_folder(self._folder)),
        )  # fmt: skip
        self._show_page(SettingsScreen(self.body, self.theme, self.settings, self._folder, doing))

    def show_keys(self) -> None:
        """All keys, over whatever is shown; once more, back."""
        if isinstance(self.page, ShortcutsPage):
            self.close_page()
        else:
            self._show_page(ShortcutsPage(self.body, self.theme, self.close_page))

    def _show_page(self, page: SettingsScreen | ShortcutsPage) -> None:
        if self.page is None:
            self._before_page = self.root.focus_lastfor()
        else:
            self.page.destroy()
        self.page = page
        self._arrange()
        page.update_idletasks()  # nothing takes the keyboard before it is on the screen
        page.focus_first()

    def close_page(self) -> None:
        """Back to the screen, with the keyboard where it was."""
        if self.page is None:
            return
        self.page.destroy()
        self.page = None
        self._arrange()
        self._give_keyboard(self._before_page)
        self._before_page = None

    def leave(self) -> None:
        """Back to the first screen; the goodbye is said meanwhile."""
        self._let_go(GOODBYE_SECONDS)
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
        if self._saving:
            self.root.after_cancel(self._saving)
        self._remember()
        self.root.withdraw()
        self.root.update_idletasks()
        if self.engine is not None:
            self.engine.close(GOODBYE_SECONDS)
        if self._leaving is not None:
            self._leaving.join(GOODBYE_SECONDS)
        self.launcher.close()
        self.attention.close()
        self.system.wait(GOODBYE_SECONDS)
        self.theme.close()
        self.root.destroy()

    def _come_back(self) -> None:
        """The window was closed while a chat is hosted here, and is wanted again."""
        self.host.is_joined_again()
        self.root.deiconify()
        self.root.lift()

    # --- in and out ---

    def _start(self, attempt: Attempt) -> None:
        """Join was pressed. An engine that is still saying goodbye comes first: both keep one outbox."""
        if self._leaving is not None and self._leaving.is_alive():
            self.root.after(IDLE_TICK, lambda: self._start_again(attempt))
            return
        from clientlib.engine import Engine
        from windowlib.chat_screen import ChatScreen

        name, host, port = attempt.name, attempt.host, attempt.port
        self.settings = replace(self.settings, name=name, host=host, port=port)
        password = attempt.password
        if password is None and not attempt.heard:  # whoever is only heard is not told the one we were started with
            password = self._password
        self.engine = Engine(self._folder, host, port, name, password, attempt.accept, in_clear=attempt.in_clear)
        if attempt.password is not None:
            self.engine.keep_password(attempt.remember)
        address = f"{host}, port {port}"
        drafts = self._drafts.setdefault((host, port), {})
        self.chat = ChatScreen(self.body, self.theme, self.engine, name, address, self._chat_actions(), drafts)
        self.chat.composer.recent_emoji = self._emoji
        self._drain.follow(self.engine.events)
        self.engine.start()

    def _chat_actions(self) -> Actions:
        """What the chat asks of its window."""
        from windowlib.chat_screen import Actions

        return Actions(
            leave=self.leave, settings=self.show_settings, look=self._other_look, news=self._news,
            unread=lambda total, _: self.attention.unread(total), help=self.show_keys,
            password_generator=self.open_password_generator,
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
        self._drain.follow(None)

    # --- what happens ---

    def _tick(self) -> None:
        """Takes off what happened, for a bounded time, draws it, and comes again."""
        try:
            if self.interrupted:
                self.close()
                return
            self._drain.work()
            if self.chat is not None:
                self.chat.flush()
            if (now := time.monotonic()) - self._breathed >= BREATH:
                self._breathed = now
                self._breathe(now)
        except Exception:  # noqa: BLE001  # whatever it is, the chat goes on, and says so
            self._mistake(*sys.exc_info())
        finally:
            if not self.closed:
                self._timer = self.root.after(self._drain.period(), self._tick)

    def _breathe(self, now: float) -> None:
        """Looks at what changes by itself."""
        if not self.settings.look:
            if now - self._asked_system > SYSTEM_LOOK:
                self._ask_system()
            self._wear_settings()
        self._show_quiet()
        for trouble in self.launcher.troubles():
            self._say(trouble)

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
            self._given = False
            self._arrange()
            self.settings = self._kept = replace(self.settings, name=event.name)
            self._remember()
        self.attention.name(event.server)
        self.chat.take(event)
        for trouble in self._early:
            self.chat.take(trouble)
        self._early.clear()

    def _look_who_has_the_keyboard(self) -> None:
        """The keyboard came to the window, or left it."""
        if self.closed:
            return
        with contextlib.suppress(KeyError):  # a menu that Tk alone knows has it
            focused = self.root.focus_get() is not None
            if focused == self.attention.focused:  # it went from one part of the window to another
                return
            if focused and not self.settings.look:
                self._ask_system()
            self.attention.focused = focused
            if self.chat is not None:
                self.chat.focused(focused and self.page is None)

    def _ask_system(self) -> None:
        self._asked_system = time.monotonic()
        self.system.ask()

    def _show_quiet(self) -> None:
        words = quiet_words(self.settings.quiet_until, now_ms())
        self._quiet.tell(words)
        if words and not self._quiet.winfo_manager():
            self._quiet.pack(side="top", fill="x", before=self.body)
        elif not words:
            self._quiet.pack_forget()
        if isinstance(self.page, SettingsScreen):
            self.page.refresh()

    def _moved(self, event: tk.Event[tk.Misc]) -> None:
        """The window has another size or place: it is kept, but not that of a window which fills the screen."""
        root = self.root
        if event.widget is root and root.winfo_viewable() and root.wm_state() == "normal" and not fills_screen(root):
            self.settings = replace(self.settings, geometry=root.geometry())

    # --- the settings ---

    def _change(self, settings: Settings) -> None:
        """These are the settings from now on."""
        before, self.settings = self.settings, settings
        if settings.zoom != before.zoom:
            focused = self.root.focus_lastfor()
            self.theme.zoom(settings.zoom)
            self._dress()
            if focused is not None:  # whoever reads goes on reading
                focused.focus_set()
        if settings.look != before.look:
            if not settings.look:
                self._ask_system()
            self._wear_settings()
        self._show_quiet()
        if isinstance(self.page, SettingsScreen):
            self.page.show(settings)
        if self._saving:
            self.root.after_cancel(self._saving)
        self._saving = self.root.after(SAVE, self._remember)

    def _zoom(self, percent: int) -> None:
        if percent != self.settings.zoom:
            self._change(replace(self.settings, zoom=percent))

    def _other_look(self) -> None:
        self._change(replace(self.settings, look="light" if self.theme.look is DARK else "dark"))

    def _wear_settings(self) -> None:
        name = self.settings.look or self.system.name or "light"
        if (name == "dark") != (self.theme.look is DARK):
            self._wear(name)

    def _wear(self, name: str) -> None:
        self.theme.wear(name)
        self._dress()

    def _dress(self) -> None:
        """Everything takes the colours and sizes of now. Whatever had the keyboard keeps it where a page is open."""
        self._close_switcher()
        self.root.configure(background=self.theme.look.window)
        focused = self.root.focus_lastfor()
        for screen in (self.chat, self.join, self.page):
            if screen is not None:
                screen.dress()
        self.host.dress()
        if self.page is not None and focused is not None:
            focused.focus_set()

    def _remember(self) -> None:
        self.settings = replace(self.settings, emoji="".join(self._emoji))
        kept = replace(self.settings, name=self._kept.name, host=self._kept.host, port=self._kept.port)
        self._saving = ""
        try:
            if kept != load_settings(self._folder):
                save_settings(self._folder, kept)
        except OSError as error:
            self._say(f"Your settings could not be saved for the next time ({error.strerror or error}).")

    # --- other programs, and what is said ---

    def open_password_generator(self) -> None:
        self._launch(self.launcher.password_generator)

    def _launch(self, start: Callable[[], None]) -> None:
        try:
            start()
        except CannotLaunch as problem:
            self._say(str(problem))

    def _say(self, trouble: str) -> None:
        """Something outside the chat did not work: said where it can be seen."""
        if isinstance(self.page, SettingsScreen):
            self.page.say(trouble)
        elif self.chat is not None:
            self.chat.take(Trouble("here", trouble))

    def _escape(self) -> None:
        if self.page is not None:
            self.close_page()
        elif (screen := self.join or self.chat) is not None:
            screen.escape()

    def _in_chat(self, do: Callable[[ChatScreen], None]) -> None:
        """Something that can be done while the chat is shown."""
        if self.chat is not None and self.join is None and self.page is None:
            do(self.chat)

    def _switch(self) -> None:
        """Ctrl-K: the people and conversations over the chat; once more, away with them."""
        if self.switcher is not None:
            self._close_switcher()
        else:
            self._in_chat(self._open_switcher)

    def _open_switcher(self, chat: ChatScreen) -> None:
        self._before_switcher = self.root.focus_lastfor()
        self.switcher = Switcher(self.body, self.theme, chat.destinations(), chat.open, self._close_switcher)
        self.switcher.open()

    def _close_switcher(self) -> None:
        if self.switcher is not None:
            switcher, self.switcher = self.switcher, None
            had_keyboard = self.root.focus_get() is switcher.entry
            switcher.destroy()
            if had_keyboard:
                self._give_keyboard(self._before_switcher)
            self._before_switcher = None

    def _give_keyboard(self, widget: tk.Misc | None) -> None:
        """Back to where it was, if that is still there."""
        with contextlib.suppress(tk.TclError):
            if widget is not None:
                widget.focus_set()

    def _news(self, news: News) -> None:
        """Something was written: whoever is not looking is told."""
        chat = self.chat
        if chat is not None:
            read = self.page is None and chat.reading and chat.talk.address == news.address
            self.attention.news(news.sender, news.kind, read=read)

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
    return Window(root, folder, settings, password, profile, system, host is not None).run()
