"""The screen one talks in: the conversations, the one that is open, the field, and what is said round them.

Called by window.py, in Tk's thread, which hands it whatever the engine tells. Here its parts are put together and told
of what concerns them; each is in a file of its own. Without Tk: `ChatState` (how one stands to the chat), `Inbox` (what
was said to whom), `Receipts` (what others are told of one), `destinations`. With it: `Views` (the messages), `Sidebar`,
`Head`, `MessageInput` (the field), `Overlays` (menu, search), `ChatLayout` (who gets which room). `ChatEvents` hands
what happens to all of them.
"""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import ttk

from clientlib.engine import Engine
from clientlib.happenings import Happening
from protocol import Message
from windowlib import destinations
from windowlib.chat_events import ChatEvents, Concerned
from windowlib.chat_layout import ChatLayout, Parts
from windowlib.chat_state import ChatState
from windowlib.conversation import Conversation
from windowlib.days import today
from windowlib.destinations import Destination
from windowlib.head import Head
from windowlib.inbox import Inbox, News
from windowlib.look import Theme
from windowlib.message_input import MessageInput
from windowlib.overlays import CONNECTION, LOOK, Overlays, Places
from windowlib.receipts import Receipts
from windowlib.search_panel import SearchPanel
from windowlib.sidebar import Sidebar
from windowlib.status import writing_words
from windowlib.talk import Talk, address_of
from windowlib.views import Views


@dataclass(frozen=True, slots=True)
class Actions:
    """What the screen asks of the window it is in."""

    leave: Callable[[], None]
    settings: Callable[[], None]
    look: Callable[[], None]
    news: Callable[[News], None]
    unread: Callable[[int, int], None]  # all together, and those that are private or call one by name
    help: Callable[[], None]
    password_generator: Callable[[], None]


class ChatScreen(ttk.Frame):
    """The conversations with everything round them. Is told what happens, and draws it when `flush` is called."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, engine: Engine, me: str, address: str, actions: Actions,
        drafts: dict[str, str], recent_emoji: list[str],
    ) -> None:  # fmt: skip
        """`address` is the server's, in words. In `drafts` what is being written outlives the screen; key: to whom.

        So do the emoji that were chosen last, in `recent_emoji`.
        """
        super().__init__(parent, style="Surface.TFrame")
        self.actions = actions
        self.standing = ChatState()
        self.inbox = Inbox(me)
        self._theme, self._engine = theme, engine
        self._receipts = Receipts(engine)
        self._today = today()
        self._focused = True
        self._unread = (0, 0)  # as the window was told
        self._build(drafts, recent_emoji)
        self._lay_over(address)
        self.head.on_press(
            on_list=self._layout.toggle_list, on_encryption=self.overlays.toggle_details, on_search=self.find,
            on_menu=self.overlays.toggle_menu,
        )  # fmt: skip
        concerned = Concerned(
            engine, self.standing, self.inbox, self.views, self.sidebar, self.head, self.overlays, self.input
        )
        self.events = ChatEvents(concerned, self._show_head)
        self.talk.open = True
        self._show_head()

    def _build(self, drafts: dict[str, str], recent_emoji: list[str]) -> None:
        """Everything that is always there; Tab goes through it in the order in which it is made."""
        theme, px = self._theme, self._theme.px
        self.sidebar = Sidebar(self, theme, self.inbox, self.open, self.actions.settings)
        edge = ttk.Frame(self, style="Line.TFrame", width=1)
        self._main = main = ttk.Frame(self, style="Surface.TFrame")
        main.pack(side="right", fill="both", expand=True)
        self.head = Head(main, theme)
        self.head.pack(fill="x", padx=(px(8), px(8)), pady=px(6))
        ttk.Frame(main, style="Line.TFrame", height=1).pack(fill="x")
        foot = ttk.Frame(main, style="Surface.TFrame")
        foot.pack(side="bottom", fill="x", pady=(0, px(8)))
        self._middle = ttk.Frame(main, style="Surface.TFrame")
        self._middle.pack(fill="both", expand=True)
        self.views = Views(self._middle, theme, self._engine, self.inbox, self._prepare)
        self.views.pack(side="left", fill="both", expand=True)
        self.writing = ttk.Label(foot, style="Surface.Hint.TLabel")
        self.writing.pack(fill="x", padx=px(14), pady=(0, px(3)))
        self.input = MessageInput(
            foot, theme, self._engine, self.standing, self.inbox, self.views, self._receipts, drafts, recent_emoji
        )
        self.composer, self.status = self.input.composer, self.input.status
        self.composer.on_page = self._turn_page
        parts = Parts(self, self.sidebar, edge, main, self.head, self._middle, foot, self.writing, self.composer)
        self._layout = ChatLayout(parts, theme, lambda: self.inbox.unread()[0], self._fitted)
        self.composer.entry.bind("<FocusIn>", lambda _: self._layout.close_list(), add=True)
        self.views.show(self.inbox.everyone)

    def _lay_over(self, address: str) -> None:
        """Everything that is there when it is asked for."""
        do = self.actions
        search = SearchPanel(self._main, self._theme, self._engine, self.inbox.mine, self._open_found)
        entries = (
            (LOOK, do.look), ("Settings", do.settings), ("Password generator", do.password_generator),
            (CONNECTION, None), ("Keys", do.help), ("Leave", do.leave),
        )  # fmt: skip
        places = Places(self, self._main, self._middle, self.views)
        self.overlays = Overlays(places, self._theme, address, search, entries, self.input.focus)
        self.search, self.menu, self.details = search, self.overlays.menu, self.overlays.details

    def _prepare(self, view: Conversation) -> None:
        """A conversation that is drawn for the first time."""
        view.on_again = self.input.send_again
        view.text.bind("<Key>", self.input.typed_elsewhere, add=True)
        view.text.bind("<FocusIn>", lambda _: self._layout.close_list(), add=True)
        view.text.bind("<Configure>", lambda _: self.after_idle(self._align), add=True)

    @property
    def conversation(self) -> Conversation:
        """The drawn messages of the conversation that is open."""
        return self.views.current

    @property
    def talk(self) -> Talk:
        """The conversation that is open."""
        return self.views.current.talk

    @property
    def reading(self) -> bool:
        """The window has the keyboard, and the newest message of the open conversation is in sight."""
        return self._focused and self.conversation.at_end() and bool(self.winfo_viewable())

    # --- what happens ---

    def take(self, event: Happening) -> None:
        """Anything that happens while one is in the chat, or just before."""
        self.events.take(event)

    def notice(self, sentence: str, tag: str = "system") -> None:
        """A line of the window's own in the conversation that is open."""
        self.events.notice(sentence, tag)

    def flush(self) -> None:
        """Draws what happened since the last time, and keeps everything going that changes by itself."""
        state = self.standing
        state.look_at_clock()
        if state.settled:
            self.events.settle()
        reading = self.reading
        self.views.flush(connected=state.connected and state.settled, reading=reading)
        if reading and state.marks_known and self.inbox.have_read(self.talk):
            self._receipts.read(self.talk.address, self.talk.newest)
        if state.connected:
            self._receipts.flush()
        if state.connected or self.search.winfo_ismapped():
            self.search.flush(connected=state.connected)
        if self._today != (day := today()):
            self._today = day
            self.views.name_days(day)
        self._show_writing()
        if self.sidebar.flush():
            self._layout.fit()
        if self.status.restless:
            self.input.describe()
        self._tell_news()

    def _tell_news(self) -> None:
        unread = self.inbox.unread()
        if unread != self._unread:
            self._unread = unread
            self.actions.unread(*unread)
        for news in self.events.fetch_news():
            self.actions.news(news)

    # --- going somewhere ---

    def open(self, address: str) -> None:
        """Shows the conversation with this person, or with everybody."""
        talk = self.inbox.talk(address)
        if talk is not self.talk:
            self._go_to(talk)
        self._layout.close_list()
        self.input.focus()
        self.input.describe()

    def _go_to(self, talk: Talk) -> None:
        before = self.talk
        before.open, talk.open = False, True
        self._receipts.flush(before.address)
        self.views.show(talk)
        self.input.move(before, talk)
        self.conversation.catch_up(reading=False)
        if talk.unread:
            self.conversation.show_unread()
        self.sidebar.hurry()
        self._show_head()
        self.sidebar.opened(talk.address)
        self.after_idle(self._align)

    def destinations(self) -> list[Destination]:
        """Everywhere one can go: the conversations, the newest first, then the people without one."""
        return destinations.destinations(self.inbox)

    def next_unread(self, step: int) -> None:
        """To the next conversation with something unread, down (1) or up (-1) the list, and round its end."""
        if (talk := destinations.next_unread(self.inbox, self.talk, step)) is not None:
            self.open(talk.address)

    def find(self) -> None:
        """Ctrl-F: looks for words in all that was said."""
        self._layout.close_list()
        self.overlays.open_search()

    def _open_found(self, message: Message) -> None:
        if (address := address_of(message, self.inbox.me)) is None:
            return
        self.open(address)
        self.views.pager.show(message.seq)
        self.overlays.uncover()
        self.conversation.text.focus_set()

    def escape(self) -> None:
        """Esc: closes what stands over the conversation; else to the newest message, ready to write."""
        if self.overlays.close_top():
            return
        if self._layout.list_open:
            self._layout.close_list()
        else:
            self.views.pager.newest()
        self.input.focus()

    def _turn_page(self, pages: int) -> None:
        """Page Up or Page Down, in the field."""
        self.conversation.turn_page(pages)

    def focused(self, yes: bool) -> None:
        """Whether the window has the keyboard."""
        self._focused = yes

    # --- how it is laid out ---

    def dress(self) -> None:
        """Takes the colours and the lengths of the theme, and gives the keyboard back to the field."""
        self.input.focus()
        for part in (self.head, self.views, self.sidebar, self.composer, self.overlays):
            part.dress()
        self._layout.fit()

    def destroy(self) -> None:
        """Whoever leaves has read what was read, and may come back to what was being written."""
        if self.standing.connected:
            self._receipts.leave()
        if self.standing.history is not None:  # else nothing of the last time was brought back
            self.input.leave()
        super().destroy()

    def _show_head(self) -> None:
        """The title of the conversation, and who is here; who is writing where there is no other line for it."""
        about, trouble = self.standing.about(self.talk, self.inbox.roster)
        if self.standing.connected and self._layout.low:
            about = writing_words(self.talk.writers(time.monotonic())) or about
        self.head.show(self.talk.title, about, "Trouble" if trouble else "Hint")

    def _show_writing(self) -> None:
        words = writing_words(self.talk.writers(time.monotonic())) if self.standing.connected else ""
        shown = self._theme.ordered(words)
        if self.writing.cget("text") != shown:
            self.writing.configure(text=shown)
            self._show_head()

    def _fitted(self) -> None:
        """Everything has its room: what depends on that follows."""
        self.input.tighten(low=self._layout.low)
        self.overlays.fit()
        self._show_head()

    def _align(self) -> None:
        """The field stands below the column of messages."""
        self._layout.align(self.conversation, self.overlays.search_width)
