"""What happens in a chat, handed to the parts of the screen that it concerns.

Part of chat_screen.py, in Tk's thread; it knows no Tk itself. What comes before the backlog and is to stand below it is
held back until that has come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clientlib.engine import Engine
from clientlib.happenings import Connecting, Ended, Entered, Failed, Happening, Lost, Received, Stored, Trouble, Waiting
from protocol import AskHistory, AskSearch, Conversations, Found, Joined, Left, Page, SeenBy, TypingFrom
from windowlib.chat_state import ChatState
from windowlib.chat_words import another_log, meeting_words, way_back
from windowlib.head import Head
from windowlib.inbox import MENTION, Inbox, News
from windowlib.message_input import MessageInput
from windowlib.overlays import Overlays
from windowlib.sidebar import Sidebar
from windowlib.talk import Notice
from windowlib.views import Views


@dataclass(frozen=True, slots=True)
class Concerned:
    """The parts of the screen that are told what happens."""

    engine: Engine
    state: ChatState
    inbox: Inbox
    views: Views
    sidebar: Sidebar
    head: Head
    overlays: Overlays
    input: MessageInput


class ChatEvents:
    """Takes what the engine tells. `on_state` is told when the connection came or went."""

    def __init__(self, concerned: Concerned, on_state: Callable[[], None]) -> None:
        self._to, self._on_state = concerned, on_state
        self._news: dict[str, News] = {}  # key: address; the weightiest that was not fetched yet
        self._meeting = ""  # held back; so are the next two
        self._troubles: list[str] = []
        self._refused: list[Failed] = []
        to, inbox = concerned, concerned.inbox
        self._takers: dict[type, Callable[[Any], object]] = {
            Entered: self._entered,
            Connecting: lambda _: self._connecting(),
            Lost: self._lost,
            Ended: self._ended,
            Received: self._received,
            Waiting: lambda event: to.input.waits(inbox.wait(event.id, event.text, event.to)),
            Stored: lambda event: inbox.stored(event.id),
            Failed: self._refused.append,
            Trouble: self._trouble,
            Joined: lambda event: inbox.joined(event.name, event.time),
            Left: lambda event: inbox.left(event.name, event.time, event.kept),
            TypingFrom: inbox.typing,
            SeenBy: inbox.seen,
            Conversations: self._told,
            Page: to.views.take,
            Found: to.overlays.found,
        }

    def take(self, event: Happening) -> None:
        """Anything that happens while one is in the chat, or just before."""
        if (taker := self._takers.get(type(event))) is not None:
            taker(event)

    def notice(self, sentence: str, tag: str = "system", *, quiet: bool = False) -> None:
        """A line of the window's own in the conversation that is open."""
        talk = self._to.views.current.talk
        talk.close_comings()
        talk.note(Notice(sentence, tag, quiet))

    def settle(self) -> None:
        """The backlog has come: what is to stand below it is said."""
        if self._meeting:
            self.notice(self._meeting, quiet=True)
            self._meeting = ""
        for trouble in self._troubles:
            self.notice(trouble, "trouble")
        self._troubles.clear()
        for event in self._refused:
            self._to.input.refused(event)
        self._refused.clear()

    def fetch_news(self) -> list[News]:
        """Of each conversation the weightiest news since this was last called."""
        news = list(self._news.values())
        self._news.clear()
        return news

    # --- the connection ---

    def _entered(self, event: Entered) -> None:
        to = self._to
        first, same_log = to.state.history is None, to.state.history == event.history
        to.state.entered(event)
        to.inbox.entered(event)
        to.views.renamed()
        to.views.lost()
        to.sidebar.called(event.server or "Hallway")
        self._show_state()
        if event.new_log:
            to.inbox.begin_anew(another_log(event, same_log=same_log), same_log=same_log)
        to.engine.ask_conversations()
        to.overlays.connected(event.fingerprint if event.encrypted else None)
        to.head.encrypted(event.encrypted)
        self._meeting = meeting_words(event) or self._meeting
        to.input.describe()
        if first:
            to.input.bring_back()

    def _connecting(self) -> None:
        if self._to.state.lost_because:
            self._to.state.connecting()
            self._to.input.describe()

    def _lost(self, event: Lost) -> None:
        self._to.state.lost(event.text, event.retry)
        self._parted()

    def _ended(self, event: Ended) -> None:
        self._to.state.end()
        self._parted()
        self._to.views.end()
        self.notice(f"{event.text} {way_back(event.code)}", "trouble")

    def _parted(self) -> None:
        """The connection is gone: who was here may not be here any more, and who comes and goes is not told."""
        to = self._to
        to.inbox.close_comings()
        to.views.lost()
        self._show_state()
        to.overlays.parted()
        if to.head.focus_get() is to.head.encryption_button:  # which goes now
            to.input.focus()
        to.head.encrypted(None)  # nothing can be said about who reads along
        to.input.describe()

    def _show_state(self) -> None:
        """Whether who is here is known is another."""
        self._to.sidebar.known = self._to.state.connected
        self._to.sidebar.hurry()
        self._on_state()

    # --- what is said ---

    def _received(self, event: Received) -> None:
        for news in self._to.inbox.received(event.messages):
            known = self._news.get(news.address)
            if known is None or known.kind != MENTION:
                self._news[news.address] = news

    def _told(self, event: Conversations) -> None:
        self._to.inbox.told(event)
        if self._to.state.tell_marks():
            self._to.views.marks_told()
            self._to.views.current.show_unread()

    def _trouble(self, event: Trouble) -> None:
        if isinstance(event.question, AskSearch):
            self._to.overlays.search_refused(event.question, event.text)
        elif isinstance(event.question, AskHistory):
            if self._to.views.refused(event.question):
                self.notice(event.text, "trouble")
        elif event.code == "servers_forgotten":  # told before the backlog, and not to be lost above it
            self._troubles.append(event.text)
        else:
            self.notice(event.text, "trouble")
