"""What one writes in the open conversation, and what becomes of it: sent, waiting, refused, tried again, a draft.

Part of chat_screen.py, in Tk's thread. The field itself is composer.py's, the lines under it are status.py's.
"""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from clientlib.engine import Engine
from clientlib.happenings import Failed
from protocol import MAX_TEXT
from windowlib.chat_state import ChatState
from windowlib.composer import Composer
from windowlib.inbox import Inbox
from windowlib.look import Theme
from windowlib.receipts import Receipts
from windowlib.status import Status
from windowlib.talk import Refusal, Talk
from windowlib.views import Views


class MessageInput:
    """The field and the lines under it. What is sent goes to the conversation that `views` shows."""

    def __init__(
        self, parent: ttk.Frame, theme: Theme, engine: Engine, state: ChatState, inbox: Inbox, views: Views,
        receipts: Receipts, drafts: dict[str, str], recent_emoji: list[str],
    ) -> None:  # fmt: skip
        """`drafts` are those of this chat from the last time, and are kept there for the next; key: address.

        So are `recent_emoji`, the newest first, of any chat.
        """
        self._engine, self._state, self._inbox, self._views = engine, state, inbox, views
        self._receipts, self._drafts = receipts, drafts
        self._known_text = ""  # what stands in the field and was not typed
        self.composer = Composer(parent, theme, self.send, self._changed, self._names, recent_emoji)
        self.composer.pack(fill="x")
        self.status = Status(parent, theme, state)
        self.status.pack(fill="x", padx=theme.px(14), pady=(theme.px(6), 0))

    # --- sending ---

    def send(self, text: str) -> None:
        """Sends what was written, unless it is too long or there is nobody to send it."""
        if self._state.ended or len(text) > MAX_TEXT:
            self.describe()
            return
        talk = self._talk
        self._inbox.place(self._engine.send(text, talk.to), talk)
        self._write("")
        self._receipts.sent(talk.address)
        self._views.current.move_unread_line(0)
        self._views.pager.newest()

    def send_again(self, id: str) -> None:
        """A message that was refused is to be tried once more."""
        for item in self._talk.recent:
            if isinstance(item, Refusal) and item.id == id and not (item.again or self._state.ended):
                item.again = True
                self._inbox.place(self._engine.send(item.original, item.to), self._talk)
                self._views.current.sent_again(id)

    def waits(self, talk: Talk) -> None:
        """An own message is on its way in `talk`, which may be another one than one has written it in."""
        if talk is not self._talk and not self._talk.private and self._state.settled:
            self.status.say(f"Sent to {talk.title} alone. It stands in your conversation with {talk.title}.")
            self.describe()

    def refused(self, event: Failed) -> None:
        """An own message was refused for good: Up brings it back."""
        talk, refusal = self._inbox.failed(event)
        self.composer.keep_unsent(refusal.original, "Everyone" if refusal.to is None else talk.title)

    # --- the field ---

    def move(self, before: Talk, talk: Talk) -> None:
        """Another conversation is open: each has a draft of its own."""
        before.draft = self.composer.written
        self.composer.address(talk.title)
        self._write(talk.draft)

    def bring_back(self) -> None:
        """What was being written when this chat was left, in each conversation, is there again."""
        for address, draft in self._drafts.items():
            self._inbox.talk(address).draft = draft
        self._write(self._talk.draft)

    def leave(self) -> None:
        """The chat is left: what is being written is kept for the next time."""
        self._talk.draft = self.composer.written
        talks = [self._inbox.everyone, *self._inbox.conversations()]
        self._drafts.clear()
        self._drafts.update((talk.address, talk.draft) for talk in talks if talk.draft)

    def focus(self) -> None:
        """The keyboard goes to the field."""
        self.composer.entry.focus_set()

    def typed_elsewhere(self, event: tk.Event[tk.Text]) -> None:
        """Somebody who reads starts to write: that belongs into the field."""
        if event.char and event.char.isprintable() and not int(event.state) & 0xC:  # not with Ctrl or Alt
            self.composer.type(event.char)

    def tighten(self, *, low: bool) -> None:
        """Whether there is a line to spare for what is no news."""
        if low != self.status.tight:
            self.status.tight = low
            self.describe()

    def describe(self) -> None:
        """Says who will see what is written, and whether anything is wrong."""
        written, talk = self.composer.written, self._talk
        self.status.describe(written, talk.address if talk.private else self._addressed(written), here=talk.private)

    # --- within ---

    @property
    def _talk(self) -> Talk:
        return self._views.current.talk

    def _addressed(self, written: str) -> str | None:
        """To whom alone a text in Everyone goes, if it says so itself."""
        private = self._inbox.roster.addressee(written)
        return private[0] if private else None

    def _names(self) -> list[str]:
        """Everybody whose name can be completed."""
        roster = self._inbox.roster
        return [*roster.names(online=True), *roster.names(online=False)]

    def _write(self, text: str) -> None:
        self._known_text = text
        self.composer.write(text)

    def _changed(self, written: str) -> None:
        """What stands in the field is another text now."""
        self.describe()
        if written and written != self._known_text and self._state.connected:
            talk = self._talk
            private = None if talk.private else self._addressed(written)
            self._receipts.typing(private or talk.address)
        self._known_text = written
