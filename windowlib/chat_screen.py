"""The screen one talks in: the conversations, the one that is open, the field, and what is said round them.

Called by window.py, in Tk's thread, which hands it whatever the engine tells. What it is made of is in files of its
own: `Inbox` (what was said to whom, without Tk), `Views` (the messages), `Sidebar`, `Head`, `SearchPanel`, `Status`,
`Receipts` and `Composer`. Here they are put together, and told of what concerns them.
"""

from __future__ import annotations

import math
import time
import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import ttk

from clientlib.engine import Engine
from clientlib.happenings import Connecting, Ended, Entered, Failed, Happening, Lost, Received, Stored, Trouble, Waiting
from protocol import (
    MAX_TEXT,
    AskHistory,
    AskSearch,
    Conversations,
    Found,
    Joined,
    Left,
    Message,
    Page,
    SeenBy,
    TypingFrom,
)
from windowlib.chat_words import another_log, meeting_words, way_back
from windowlib.colours import LIGHT
from windowlib.composer import Composer
from windowlib.conversation import Conversation
from windowlib.head import ConnectionBox, Head, Menu
from windowlib.inbox import MENTION, Inbox, News, Notice, Refusal, Talk
from windowlib.look import Theme
from windowlib.receipts import Receipts
from windowlib.search_panel import SearchPanel
from windowlib.sidebar import Sidebar
from windowlib.status import Status, writing_words
from windowlib.transcript import today
from windowlib.views import Views

REFRESH_SECONDS = 0.2  # the lists are drawn at most this often
# Before the line about a server that is met for the first time: it is to stand below the backlog, which has come by
# then, and not out of sight above it.
SETTLED_SECONDS = 0.5
MARKS_SECONDS = 2.0  # until a server that does not say how far one had read is not waited for any more


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


@dataclass(frozen=True, slots=True)
class Destination:
    """Somewhere one can go: a conversation, or somebody to begin one with."""

    address: str
    title: str
    unread: int
    online: bool


class ChatScreen(ttk.Frame):
    """The conversations with everything round them. Is told what happens, and draws it when `flush` is called."""

    def __init__(self, parent: tk.Misc, theme: Theme, engine: Engine, me: str, address: str, actions: Actions) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._theme, self._engine, self._actions = theme, engine, actions
        self.inbox = Inbox(me)
        self.talk = self.inbox.everyone  # the conversation that is open
        self._receipts = Receipts(engine)
        self._today = today()
        self._history: str | None = None  # id of the log that is drawn; None before the first
        self._lists_drawn = -math.inf  # on the monotonic clock
        self._connected = False
        self._focused = True
        self._marks_told = False  # the server has told how far one had read, or will not
        self._news: dict[str, News] = {}  # key: address; the weightiest since the last flush
        self._unread = (0, 0)
        self._troubles: list[str] = []  # told when the backlog has come, as what follows
        self._meeting = ""
        self._refused: list[Failed] = []
        self._settled_at = math.inf  # on the monotonic clock: then the backlog has come
        self._known_text = ""  # what stands in the field and was not typed
        self._list_open = False  # in a narrow window, over the conversation
        self._build(address)
        self.talk.open = True
        self.views.show(self.talk)
        self._name_look()
        self._show_head()

    def _build(self, address: str) -> None:
        theme, px = self._theme, self._theme.px
        self.sidebar = Sidebar(self, theme, self.inbox, self.open, self._actions.settings)
        self._edge = ttk.Frame(self, style="Line.TFrame", width=1)
        self._main = main = ttk.Frame(self, style="Surface.TFrame")
        main.pack(side="right", fill="both", expand=True)
        self.head = Head(
            main, theme, on_list=self._toggle_list, on_encryption=self._toggle_details, on_search=self.find,
            on_menu=self._toggle_menu,
        )  # fmt: skip
        self.head.pack(fill="x", padx=(px(8), px(8)), pady=px(6))
        ttk.Frame(main, style="Line.TFrame", height=1).pack(fill="x")
        self._foot = ttk.Frame(main, style="Surface.TFrame")
        self._foot.pack(side="bottom", fill="x", pady=(0, px(8)))
        self._middle = ttk.Frame(main, style="Surface.TFrame")
        self._middle.pack(fill="both", expand=True)
        self.views = Views(self._middle, theme, self._engine, self.inbox, self._prepare, self._send_again)
        self.views.pack(side="left", fill="both", expand=True)
        self.writing = ttk.Label(self._foot, style="Surface.Hint.TLabel")
        self.writing.pack(fill="x", padx=px(14), pady=(0, px(3)))
        self.composer = Composer(self._foot, theme, self.say, self._changed, self._names)
        self.composer.pack(fill="x")
        self.status = Status(self._foot, theme)
        self.status.pack(fill="x", padx=px(14), pady=(px(6), 0))
        self.details = ConnectionBox(main, theme, address, self._close_details)
        self.search = SearchPanel(main, theme, self._engine, self.inbox.mine, self._open_found, self._close_search)
        entries = (
            ("Light look", self._actions.look), ("Settings", self._actions.settings),
            ("Password generator", self._actions.password_generator), ("Connection", self._toggle_details),
            ("Keys", self._actions.help), ("Leave", self._actions.leave),
        )  # fmt: skip
        self.menu = Menu(main, theme, entries, self._close_menu)
        self.composer.entry.bind("<FocusIn>", lambda _: self._close_list(), add=True)
        self.bind("<Configure>", lambda _: self._fit())

    def _prepare(self, view: Conversation) -> None:
        """A conversation that is drawn for the first time."""
        view.text.bind("<Key>", self._typed_elsewhere, add=True)
        view.text.bind("<FocusIn>", lambda _: self._close_list(), add=True)
        view.text.bind("<Configure>", lambda _: self.after_idle(self._align), add=True)

    @property
    def conversation(self) -> Conversation:
        """The drawn messages of the conversation that is open."""
        return self.views.current

    @property
    def reading(self) -> bool:
        """The window has the keyboard, and the newest message of the open conversation is in sight."""
        return self._focused and self.conversation.at_end() and bool(self.winfo_viewable())

    # --- what happens ---

    def entered(self, event: Entered) -> None:
        """Joined, for the first time or again."""
        first, same_log = self._history is None, self._history == event.history
        self._history = event.history
        self._settled_at = time.monotonic() + SETTLED_SECONDS
        self.inbox.entered(event)
        self.views.renamed()
        self.sidebar.known = True
        self.sidebar.called(event.server or "Hallway")
        self._connected = self.status.connected = True
        self.status.retry_at = None
        self.views.lost()
        self.search.lost()
        self._redraw_lists()
        if event.new_log:
            self.inbox.begin_anew(another_log(event, same_log=same_log), same_log=same_log)
        if first or event.new_log:
            self._marks_told = False
        self._engine.ask_conversations()
        self.details.tell(event.fingerprint if event.encrypted else None)
        self.head.encrypted(event.encrypted)
        self._place_details()
        self._meeting = meeting_words(event) or self._meeting
        self._describe()
        if first:
            self.composer.entry.focus_set()

    def take(self, event: Happening) -> None:
        """Anything that happens while one is in the chat, or just before."""
        match event:
            case Received(messages):
                for news in self.inbox.received(messages):
                    known = self._news.get(news.address)
                    if known is None or known.kind != MENTION:
                        self._news[news.address] = news
            case Joined(name, time_ms):
                self.inbox.joined(name, time_ms)
            case Left(name, time_ms, kept):
                self.inbox.left(name, time_ms, kept)
            case Waiting(id, text, to):
                self._waits(self.inbox.wait(id, text, to))
            case Stored(id):
                self.inbox.stored(id)
            case Failed():
                self._refused.append(event)
            case Trouble(_, text, AskSearch() as question):
                self.search.refused(question, text)
            case Trouble(_, text, AskHistory() as question):
                if self.views.refused(question):
                    self.notice(text, "trouble")
            case Trouble(code, text):
                if code == "servers_forgotten":  # told before the backlog, and not to be lost above it
                    self._troubles.append(text)
                else:
                    self.notice(text, "trouble")
            case Page():
                self.views.take(event)
            case Found():
                self.search.take(event)
            case Conversations():
                self.inbox.told(event)
                if not self._marks_told:
                    self._marks_told = True
                    self.views.marks_told()
                    self.conversation.show_unread()
            case TypingFrom():
                self.inbox.typing(event)
            case SeenBy():
                self.inbox.seen(event)
            case Connecting():
                if self.status.lost_because:
                    self.status.retry_at = None
                    self._describe()
            case Lost(text, retry):
                self.status.lost(text, retry)
                self._parted()
            case Ended(text, code):
                self.status.ended, self.status.retry_at = True, None
                self._parted()
                self.views.end()
                self.notice(f"{text} {way_back(code)}", "trouble")

    def notice(self, sentence: str, tag: str = "system", *, quiet: bool = False) -> None:
        """A line of the window's own in the conversation that is open."""
        self.talk.close_comings()
        self.talk.note(Notice(sentence, tag, quiet))

    def flush(self) -> None:
        """Draws what happened since the last time, and keeps everything going that changes by itself."""
        now = time.monotonic()
        if now > self._settled_at:
            self._settle()
        if not self._marks_told and now > self._settled_at + MARKS_SECONDS:
            self._marks_told = True
        reading = self.reading
        self.views.flush(connected=self._connected and now > self._settled_at, reading=reading)
        if reading and self._marks_told and self.inbox.have_read(self.talk):
            self._receipts.read(self.talk.address, self.talk.newest)
        if self._connected:
            self._receipts.flush()
            self.search.flush(connected=True)
        elif self.search.winfo_ismapped():
            self.search.flush(connected=False)
        if self._today != (day := today()):
            self._today = day
            self.views.name_days(day)
        self._show_writing(now)
        if self.inbox.changed and now - self._lists_drawn > REFRESH_SECONDS:
            self.inbox.changed, self._lists_drawn = False, now
            self.sidebar.refresh()
            self._fit()
            self._show_head()
        if self.status.restless:
            self._describe()
        self._tell_news()

    def _tell_news(self) -> None:
        unread = self.inbox.unread()
        if unread != self._unread:
            self._unread = unread
            self._actions.unread(*unread)
        news, self._news = self._news, {}
        for one in news.values():
            self._actions.news(one)

    def _settle(self) -> None:
        """The backlog has come: what is to stand below it is said."""
        if self._meeting:
            self.notice(self._meeting, quiet=True)
            self._meeting = ""
        for trouble in self._troubles:
            self.notice(trouble, "trouble")
        self._troubles.clear()
        for event in self._refused:
            talk, refusal = self.inbox.failed(event)
            self.composer.keep_unsent(refusal.original, "Everyone" if refusal.to is None else talk.title)
        self._refused.clear()

    def _parted(self) -> None:
        """The connection is gone: who was here may not be here any more, and who comes and goes is not told."""
        self._connected = self.status.connected = False
        self.inbox.close_comings()
        self.views.lost()
        self.search.lost()
        self.sidebar.known = False
        self._redraw_lists()
        if self.details.winfo_manager() or self.focus_get() is self.head.encryption_button:
            self._close_details()
        self.head.encrypted(None)  # nothing can be said about who reads along
        self._describe()

    def _redraw_lists(self) -> None:
        self.inbox.changed, self._lists_drawn = True, -math.inf
        self._show_head()

    # --- going somewhere ---

    def open(self, address: str) -> None:
        """Shows the conversation with this person, or with everybody."""
        talk = self.inbox.talk(address)
        if talk is not self.talk:
            before = self.talk
            before.draft, before.open, talk.open = self.composer.written, False, True
            self._receipts.flush(before.address)
            self.talk = talk
            self.views.show(talk)
            self.composer.address(talk.title)
            self._write(talk.draft)
            self.conversation.catch_up(reading=False)
            if talk.unread:
                self.conversation.show_unread()
            self._redraw_lists()
            self.sidebar.opened(talk.address)
            self.after_idle(self._align)
        self._close_list()
        self.composer.entry.focus_set()
        self._describe()

    def destinations(self) -> list[Destination]:
        """Everywhere one can go: the conversations, the newest first, then the people without one."""
        roster = self.inbox.roster
        talks = [self.inbox.everyone, *self.inbox.conversations()]
        found = [Destination(one.address, one.title, one.unread, roster.is_here(one.address)) for one in talks]
        for online in (True, False):
            found += [
                Destination(name, name, 0, online)
                for name in roster.names(online=online)
                if not self.inbox.mine(name) and self.inbox.find(name) not in talks
            ]
        return found

    def next_unread(self, step: int) -> None:
        """To the next conversation with something unread, down (1) or up (-1) the list, and round its end."""
        talks = [self.inbox.everyone, *self.inbox.conversations()]
        now = talks.index(self.talk) if self.talk in talks else 0
        for number in range(1, len(talks)):
            talk = talks[(now + step * number) % len(talks)]
            if talk.unread:
                self.open(talk.address)
                return

    def find(self) -> None:
        """Ctrl-F: looks for words in all that was said."""
        self._close_list()
        width, px = self._middle.winfo_width(), self._theme.px
        if width >= px(640):
            self.search.configure(width=px(300))
            self.search.pack_propagate(False)
            self.search.pack(in_=self._middle, side="right", fill="y", before=self.views)
            self.search.lift()
        else:
            self._place_search()
        self.search.open()

    def _place_search(self) -> None:
        """In a narrow window it stands over all that is below the head."""
        top = self._middle.winfo_y()
        self.search.place(in_=self._main, x=0, y=top, relwidth=1, relheight=1, height=-top)
        self.search.lift()

    def _open_found(self, message: Message) -> None:
        self.open(self.inbox.other(message))
        self.views.pager.show(message.seq)
        if self.search.winfo_manager() == "place":
            self._close_search()
        self.conversation.text.focus_set()

    def escape(self) -> None:
        """Esc: closes what stands over the conversation; else to the newest message, ready to write."""
        if self.menu.winfo_manager():
            self._close_menu()
        elif self.details.winfo_manager():
            self._close_details()
        elif self.search.winfo_manager():
            self._close_search()
        elif self._list_open:
            self._close_list()
            self.composer.entry.focus_set()
        else:
            self.views.pager.newest()
            self.composer.entry.focus_set()

    def focused(self, yes: bool) -> None:
        """Whether the window has the keyboard."""
        self._focused = yes

    # --- writing ---

    def say(self, text: str) -> None:
        """Sends what was written, unless it is too long or there is nobody to send it."""
        if self.status.ended or len(text) > MAX_TEXT:
            self._describe()
            return
        self.inbox.place(self._engine.send(text, self.talk.to), self.talk)
        self._write("")
        self._receipts.sent(self.talk.address)
        self.conversation.forget_unread()
        self.views.pager.newest()

    def _waits(self, talk: Talk) -> None:
        """An own message is on its way; it may stand somewhere else than one has written it."""
        if talk is not self.talk and self.talk is self.inbox.everyone and self._settled_at < time.monotonic():
            self.status.say(f"Sent to {talk.title} alone. It stands in your conversation with {talk.title}.")
            self._describe()

    def _send_again(self, id: str) -> None:
        """A message that was refused is to be tried once more."""
        for item in self.talk.recent:
            if isinstance(item, Refusal) and item.id == id and not (item.again or self.status.ended):
                item.again = True
                self.inbox.place(self._engine.send(item.original, item.to), self.talk)
                self.conversation.sent_again(id)

    def _names(self) -> list[str]:
        """Everybody whose name can be completed."""
        roster = self.inbox.roster
        return [*roster.names(online=True), *roster.names(online=False)]

    def _write(self, text: str) -> None:
        self._known_text = text
        self.composer.write(text)

    def _changed(self, written: str) -> None:
        """What stands in the field is another text now."""
        self._describe()
        if written and written != self._known_text and self._connected:
            private = None if self.talk.private else self.inbox.roster.addressee(written)
            self._receipts.typing(private[0] if private else self.talk.address)
        self._known_text = written

    def _typed_elsewhere(self, event: tk.Event[tk.Text]) -> None:
        """Somebody who reads starts to write: that belongs into the field."""
        if event.char and event.char.isprintable() and not int(event.state) & 0xC:  # not with Ctrl or Alt
            self.composer.type(event.char)

    def _describe(self) -> None:
        written = self.composer.written
        private = self.talk.address if self.talk.private else None
        if private is None and (addressed := self.inbox.roster.addressee(written)) is not None:
            private = addressed[0]
        self.status.describe(written, private, here=self.talk.private)

    def _show_writing(self, now: float) -> None:
        words = self._theme.ordered(writing_words(self.talk.writers(now))) if self._connected else ""
        if self.writing.cget("text") != words:
            self.writing.configure(text=words)
            self._fit_foot()
            self._show_head()

    # --- how it is laid out ---

    def dress(self) -> None:
        """Takes the colours and the lengths of the theme, and gives the keyboard back to the field."""
        self.composer.entry.focus_set()
        self._name_look()
        for part in (self.head, self.views, self.sidebar, self.composer, self.search):
            part.dress()
        self._fit()

    def destroy(self) -> None:
        """Whoever leaves has read what was read."""
        if self._connected:
            self._receipts.leave()
        super().destroy()

    def _show_head(self) -> None:
        """The title of the conversation, and who is here."""
        talk, roster = self.talk, self.inbox.roster
        role = "Hint"
        if not talk.private:
            were = "was here" if roster.online == 1 else "were here"
            about = f"{roster.online:,} {'here' if self._connected else were}"
        else:
            about = "here" if roster.is_here(talk.address) else "away"
        if self.status.ended:
            about, role = "○  Not joined", "Trouble"
        elif not self._connected:
            if self.status.lost_because:
                about, role = f"○  Not connected{'' if talk.private else '  ·  ' + about}", "Trouble"
            else:
                about = "Connecting …"
        elif self._is_low:  # where there is no line to spare
            about = writing_words(self.talk.writers(time.monotonic())) or about
        self.head.show(talk.title, about, role)

    def _name_look(self) -> None:
        button = self.menu.buttons["Light look"]
        button.configure(text="Dark look" if self._theme.look is LIGHT else "Light look")

    def _toggle_details(self) -> None:
        if self.details.winfo_manager():
            self._close_details()
        elif self._connected:  # else nothing is known
            self.details.place(in_=self._middle)
            self._place_details()
            self.details.close_button.focus_set()

    def _close_details(self) -> None:
        self.details.place_forget()
        self.composer.entry.focus_set()

    def _place_details(self) -> None:
        """Over the conversation, below the words that open it, as wide as there is room."""
        if self.details.winfo_manager():
            px = self._theme.px
            width = min(px(380), self._middle.winfo_width() - 2 * px(12))
            room = self.winfo_height() - px(8)
            self.details.wrap(width, room)
            y = min(px(8), room - self.details.winfo_reqheight() - self._middle.winfo_y())  # over the head, if need be
            self.details.place(in_=self._middle, relx=1.0, x=-px(12), y=y, width=width, anchor="ne")
            self.details.lift()

    def _toggle_menu(self) -> None:
        if self.menu.winfo_manager():
            self._close_menu()
            return
        px = self._theme.px
        self.menu.fit(self.winfo_height() - self._middle.winfo_y() - px(8))
        self.menu.place(in_=self._middle, relx=1.0, x=-px(8), y=px(4), anchor="ne")
        self.menu.lift()
        self.menu.open()

    def _close_menu(self) -> None:
        focus = self.focus_get()
        self.menu.place_forget()
        if focus is None or str(focus).startswith(str(self.menu)):  # else somebody has clicked where it is wanted
            self.composer.entry.focus_set()

    def _close_search(self) -> None:
        self.search.close()
        self.search.pack_forget()
        self.search.place_forget()
        self.composer.entry.focus_set()

    def _align(self) -> None:
        """The field stands below the column of messages, as wide as it."""
        view = self.conversation
        if not view.text.winfo_ismapped():
            return
        search = self.search.winfo_width() if self.search.winfo_manager() == "pack" else 0
        self._foot.pack_configure(padx=(view.margin, view.margin + view.bar_width + search))

    def _fit(self) -> None:
        """In a narrow window the conversation is more useful than a wide list, or than any list."""
        px, width = self._theme.px, self.winfo_width()
        wide, side = width >= px(560), px(184 if px(560) <= width < px(760) else 232)
        self.sidebar.configure(width=side)
        if wide:
            self._list_open = False
        self.head.narrow(not wide, self._unread[0], open=self._list_open)
        low = self._is_low
        self.head.tighten(low=low, slim=width < px(380))
        self.head.pack_configure(pady=px(1 if low else 6))
        self._foot.pack_configure(pady=(0, px(4 if low else 8)))
        self._show_head()
        if wide:
            self.sidebar.pack(side="left", fill="y", before=self._main)
            self._edge.pack(side="left", fill="y", before=self._main)
        elif self._list_open:
            top = self._middle.winfo_y()  # below the head, and down over the field
            self.sidebar.place(in_=self._main, x=0, y=top, width=side, relheight=1, height=-top)
            self._edge.place(in_=self._main, x=side, y=top, width=1, relheight=1, height=-top)
            self.sidebar.lift()
            self._edge.lift()
        else:
            for part in (self.sidebar, self._edge):
                part.pack_forget()
                part.place_forget()
        self._fit_foot()
        self._place_details()
        if self.search.winfo_manager() == "place":
            self._place_search()

    @property
    def _is_low(self) -> bool:
        return self.winfo_height() < self._theme.px(340)

    def _fit_foot(self) -> None:
        """In a low window the messages get the room of what says nothing at the moment."""
        tight = self._is_low
        if tight != self.status.tight:
            self.status.tight = tight
            self._describe()
        if tight:
            self.writing.pack_forget()
        elif not self.writing.winfo_manager():
            px = self._theme.px
            self.writing.pack(fill="x", padx=px(14), pady=(0, px(3)), before=self.composer)

    def _toggle_list(self) -> None:
        """In a narrow window: the conversations and the people, over the conversation."""
        self._list_open = not self._list_open
        self._fit()
        if self._list_open:
            self.sidebar.list.focus_set()

    def _close_list(self) -> None:
        if self._list_open:
            self._list_open = False
            self._fit()
