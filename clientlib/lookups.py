"""What somebody at the console looks up in the log: older messages, searches, conversations. The main thread's."""

from __future__ import annotations

from clientlib.engine import Engine
from clientlib.happenings import Question
from clientlib.printer import Printer
from clientlib.sentences import count_of
from protocol import (
    EVERYONE,
    MAX_TALKED,
    MAX_UNREAD,
    AskConversations,
    AskHistory,
    AskSearch,
    Conversations,
    Found,
    Page,
)

PAGE = 30  # messages that `/history` shows at once: about a screenful
FOUND = 30  # the same for `/search`


class Lookups:
    """Asks while there is a connection, and prints the answers."""

    def __init__(self, engine: Engine, printer: Printer) -> None:
        self._engine = engine
        self._printer = printer
        self._searches = 0  # without an answer
        self._lists = 0  # of conversations, without an answer
        self._pages = 0  # that /history is to show; the first is on its way, each next one begins where that one ends
        self._oldest = 0  # everything older than this seq has not been shown

    @property
    def waiting(self) -> int:
        """How many answers are still to come."""
        return self._searches + self._pages + self._lists

    def begin(self, last: int) -> None:
        """Nothing was shown yet of a log whose newest entry is `last`."""
        self._oldest = last + 1

    def was_shown(self, seq: int) -> None:
        """The entry with this seq was shown, and all that came later."""
        self._oldest = min(self._oldest, seq)

    # --- questions ---

    def history(self) -> None:
        """Asks for a page of older messages."""
        if self._oldest <= 1:
            self._printer.line("There is nothing older.")
            return
        self._pages += 1
        if self._pages == 1:
            self._engine.ask_history(self._oldest, PAGE)

    def conversations(self) -> None:
        """Asks with whom one has written in private."""
        self._lists += 1
        self._engine.ask_conversations()

    def search(self, words: str) -> None:
        """Asks for messages that hold all these words."""
        self._searches += 1
        self._engine.ask_search(words, FOUND)

    def forget_all(self) -> None:
        """No answer will come any more."""
        self._searches = self._pages = self._lists = 0

    def forget(self, question: Question | None) -> None:
        """No answer to it will come; where it is None, perhaps to none: waiting in vain would end /history."""
        if isinstance(question, AskSearch):
            self._searches = max(0, self._searches - 1)
        elif isinstance(question, AskConversations):
            self._lists = max(0, self._lists - 1)
        elif isinstance(question, AskHistory):
            self._pages = 0  # each further one begins where this one would have ended
        else:
            self.forget_all()

    # --- answers ---

    def found(self, found: Found, me: str) -> None:
        """What a search has found."""
        self._searches = max(0, self._searches - 1)
        self._printer.line(f"Found: {count_of(len(found.messages), 'message')}.")
        self._printer.older(found.messages, me)
        self._printer.line("There are older ones. More words find fewer." if found.more else "That is all.")

    def told(self, conversations: Conversations) -> None:
        """With whom one has written in private."""
        if not self._lists:
            return  # nobody has asked
        self._lists -= 1
        people = [talked for talked in conversations.talked[: MAX_TALKED + 1] if talked.other != EVERYONE]
        if not people:
            self._printer.line("Nobody has written to you in private yet, nor you to anybody. @name text does it.")
            return
        lines = ["You have written in private with:"]
        for talked in people:
            count = f"{MAX_UNREAD} or more" if talked.unread >= MAX_UNREAD else talked.unread
            lines.append(f"  {talked.other} ({count} new)" if talked.unread else f"  {talked.other}")
        self._printer.line("\n".join(lines))

    def turned_to(self, page: Page, me: str) -> None:
        """A page of older messages; the next one is asked for where more were wanted."""
        self._pages = max(0, self._pages - 1)
        if page.messages:
            self.was_shown(page.messages[0].seq)
            self._printer.line(f"{count_of(len(page.messages), 'message')} from before:")
            self._printer.older(page.messages, me)
        if not page.more:
            self._oldest = self._pages = 0
            self._printer.line("That was the beginning.")
        elif self._pages:
            self._engine.ask_history(self._oldest, PAGE)
        else:
            self._printer.line("/history shows still older ones.")
