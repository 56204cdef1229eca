"""The chat for a terminal, for a pipe and for screen readers: a face on `engine.Engine` that prints lines.

The main thread asks its questions itself. In the chat it takes everything off one queue, what the engine tells and what
is typed, and is the only one that prints; a second thread does nothing but wait for the keyboard then (Windows cannot
wait for keys and sockets at once).
"""

from __future__ import annotations

import contextlib
import math
import queue
import sys
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from certificate import four_words
from clientlib import storage
from clientlib.asking import Asking, InputOver, Leaving
from clientlib.engine import Engine
from clientlib.happenings import (
    Connecting,
    Ended,
    Entered,
    Failed,
    Lost,
    Received,
    Refused,
    Stored,
    Trouble,
    Waiting,
)
from clientlib.keyboard import Keyboard, Typed, is_terminal
from clientlib.lookups import Lookups
from clientlib.printer import OutputOver, Printer
from clientlib.sentences import TRUSTED, count_of, stays_for_the_old_one, waits_for_another, way_on
from names import clean_line, name_key
from protocol import (
    DEFAULT_PORT,
    EVERYONE,
    Conversations,
    Found,
    Joined,
    Left,
    Message,
    Page,
    Person,
    plain_line,
)

ACK_SECONDS = 10.0  # at the end of piped input: how long without any ack until the rest is left for the next time
LEAVE_SECONDS = 2.0  # the same for somebody who sits there and wants to go
TOGETHER_SECONDS = 0.2  # what waits from an earlier run comes in one go; after this silence that was all of it
DASH = "\N{EN DASH}"
# With these a server's sentence may go on behind a dash, where it starts small; others could start with a name.
SMALL_WORDS = frozenset({"A", "An", "It", "Nobody", "That", "The", "There", "This", "You", "Your"})
MOST_PEOPLE = 5000  # that /who can list; a server that lets more come and go than a large LAN has means no good
NOT_NOW = "There is no connection just now. Please try again when it is back."

HELP = """\
Write a line and press Enter: everybody here reads it.
  @name text     only that person reads it
  /who           who is here
  /history       older messages; again: still older ones
  /search words  messages that hold all these words
  /private       with whom you have written in private, and what is new of it
  /connection    who else could read along, and the words of the server
  /help          this
  /exit          leave
To send a text that begins with a slash, write two of them: //like this"""


class Console:
    """One person at one terminal, or a script at one pipe. Everything in it runs in the main thread."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the client's: settings and outbox."""
        self._folder = folder
        self._settings = storage.load_settings(folder)
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()  # Typed, and what the engine tells
        self._keyboard = Keyboard(self._inbox)
        self._typed: deque[str | None] = deque()  # came before there was anything to do with it
        self._next_told: deque[Any] = deque()  # taken off the inbox too early; comes before what is there
        # What a person typed stands on the screen already, what a pipe said does not.
        self._echoes = not (self._keyboard.is_terminal and is_terminal(sys.stdout))
        self._printer = Printer()
        self._asking = Asking(self._keyboard, self._printer, echoes=self._echoes)
        self._engine: Engine | None = None
        self._lookups: Lookups  # set with the engine
        self._me = ""
        self._people: dict[str, Person] = {}  # key: folded name
        self._pending: dict[str, str] = {}  # key: id of an own message without an answer; value: its text
        self._on_screen: set[str] = set()  # ids of own messages that stand where they belong
        self._online = False
        self._reasons: set[str] = set()  # for the present loss of the connection, as they were printed
        self._backlog_end = 0  # a script gets nothing up to this seq: it was written before it joined
        self._refused = False  # something that was typed cannot be done
        # The newest seq shown, and not yet told as read. Key: with whom, or EVERYONE.
        self._unseen: dict[str, int] = {}
        self._fingerprint: str | None = None  # of the server we are with; None: not encrypted
        self._compared: str | None = None  # the fingerprint whose words were shown

    def run(self, host: str | None, port: int | None, name: str | None, password: str | None = None) -> int:
        """Asks for what is None, joins, chats; returns the exit status.

        The password is asked for only when the server wants one and none was kept.
        """
        try:
            return self._join(host, port, name, password)
        except InputOver as missing:
            self._printer.line(f"There is nobody to ask for it. {missing}")
            return 1
        except Leaving:
            return 0
        except KeyboardInterrupt:
            self._quit_at_once()
            return 130
        except OutputOver:
            self._quit_at_once()
            return 0

    # --- joining ---

    def _join(self, host: str | None, port: int | None, name: str | None, password: str | None) -> int:
        given_host, given_port, given_name, given_password = host, port, name, password
        accept: str | None = None
        in_clear = False
        while True:
            host = host or self._asking.ask("Enter server IP: ", self._settings.host or "127.0.0.1")
            port = port or (self._asking.port(self._settings.port) if given_host is None else DEFAULT_PORT)
            name = name or self._asking.name(self._settings.name)
            engine = Engine(self._folder, host, port, name, password, accept, in_clear=in_clear, events=self._inbox)
            refused = self._try_to_enter(engine, host, port)
            if refused is None:
                with contextlib.suppress(OSError):  # then these are asked for again next time
                    storage.save_settings(self._folder, replace(self._settings, name=self._me, host=host, port=port))
                self._keyboard.start()
                return self._chat()
            self._printer.line(refused.text)
            by_name = refused.code in ("name_taken", "name_invalid")
            if by_name and (given_name is None or self._keyboard.is_terminal):
                name = None
                self._settings = replace(self._settings, name="")  # not offered again
            elif refused.code == "wrong_password" and (password is None or self._keyboard.is_terminal):
                if self._keyboard.is_terminal:  # nobody but that server may read it
                    self._tell_encryption(refused.fingerprint)
                password = self._asking.password()
                in_clear = refused.fingerprint is None
            elif refused.code == "certificate_changed" and self._asking.accepts():
                accept, password = refused.fingerprint, given_password  # a typed one was for the former server
            elif not by_name and given_host is None and self._keyboard.is_terminal:
                self._settings = replace(self._settings, host=host, port=port)  # offered again
                host, port, password = None, given_port, given_password  # a typed one was for that server
                accept, in_clear = None, False
            else:
                return 1

    def _try_to_enter(self, engine: Engine, host: str, port: int) -> Refused | None:
        """None when we are in."""
        self._engine = engine
        self._lookups = Lookups(engine, self._printer)
        engine.start()
        while True:
            happening = self._next()
            if isinstance(happening, Refused):
                return happening
            if isinstance(happening, Entered):
                self._show(happening)
                return None
            if isinstance(happening, Connecting) and not self._echoes:
                self._printer.line(f"Connecting to {clean_line(host)} port {port} …")
            elif isinstance(happening, Trouble):
                self._printer.line(happening.text)

    def _tell_encryption(self, fingerprint: str | None) -> None:
        """Says who can read along; once for each server whose words there are to compare."""
        if fingerprint is None:
            self._printer.line(
                "Not encrypted: others on this network can read, and change, what you write and what you read."
            )
        elif fingerprint != self._compared:
            self._printer.line(
                "Encrypted. To be sure that nobody is in between, compare these words with the server's:"
            )
            self._printer.line(f"    {four_words(fingerprint)}")
        self._compared = fingerprint

    # --- the queue ---

    def _next(self, deadline: float = math.inf) -> Any:
        """What happens next, or None at `deadline` (monotonic clock)."""
        if self._next_told:
            return self._next_told.popleft()
        while (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                # In pieces: on Windows a thread that waits without end does not notice Ctrl-C.
                return self._inbox.get(timeout=min(left, 0.5))
        return None

    # --- in the chat ---

    def _chat(self) -> int:
        while True:
            happening = Typed(self._typed.popleft()) if self._typed else self._next()
            if isinstance(happening, Ended):
                self._tell_end(happening)
                self._tell_unsent()
                return 1
            if not isinstance(happening, Typed):
                self._show(happening)
            elif happening.line is None or not self._obey(happening.line):
                return self._leave()
            else:
                self._tell_seen()

    def _obey(self, line: str) -> bool:
        """Does what a typed line says; False when it says to leave."""
        line = line.strip()
        if line and (not line.startswith("/") or line.startswith("//")):
            self._say(line[1:] if line.startswith("//") else line)
            return True
        self._keyboard.room.release()
        command, _, rest = line.partition(" ")
        if command == "/exit":
            return False
        if command == "/who":
            self._tell_who()
        elif command == "/help":
            self._printer.line(HELP)
        elif command == "/connection":
            self._compared = None
            self._tell_encryption(self._fingerprint)
        elif command in ("/history", "/search", "/private"):
            self._look_up(command, rest.strip())
        elif command:
            self._refused = True
            self._printer.line(f"There is no command {clean_line(command)}. /help lists those there are.")
        return True

    def _say(self, text: str) -> None:
        assert self._engine is not None
        id = self._engine.send(text)
        self._pending[id] = text
        if self._echoes:
            return
        if self._online:
            self._on_screen.add(id)
        else:
            self._printer.line("(Kept until the connection is back, then sent by itself.)")

    def _look_up(self, command: str, words: str) -> None:
        if command == "/search" and not words:
            self._printer.line("What shall be searched for? Like this: /search lunch")
        elif not self._online:
            self._printer.line(NOT_NOW)
        elif command == "/search":
            self._lookups.search(words)
        elif command == "/history":
            self._lookups.history()
        else:
            self._lookups.conversations()

    def _tell_who(self) -> None:
        here = [person.name for person in self._people.values() if person.online]
        away = [person.name for person in self._people.values() if not person.online]
        if self._fingerprint is None:
            self._tell_encryption(None)
        self._printer.line(f"Here: {', '.join(sorted(here, key=name_key)) or 'nobody'}.")
        if away:
            self._printer.line(f"Away: {', '.join(sorted(away, key=name_key))}.")

    def _tell_seen(self) -> None:
        """What stands on the screen was read by whoever types below it."""
        assert self._engine is not None
        if self._online:
            for other, seq in self._unseen.items():
                self._engine.tell_seen(other, seq)
            self._unseen.clear()

    def _leave(self) -> int:
        """Waits until what was written has arrived, as long as that goes on, then says goodbye."""
        assert self._engine is not None
        patience = LEAVE_SECONDS if self._keyboard.is_terminal else ACK_SECONDS
        left, deadline = self._unanswered(), time.monotonic() + patience
        while left and (happening := self._next(deadline)) is not None:
            if isinstance(happening, Ended):
                self._tell_end(happening)
                break
            self._show(happening)
            before, left = left, self._unanswered()
            if left < before:
                deadline = time.monotonic() + patience
        self._engine.close(0.0)
        self._inbox.put(Ended(""))  # behind all that the engine said
        while not isinstance(happening := self._next(), Ended):
            self._show(happening)
        self._tell_unsent()
        # Who sits there has read what was refused; a script has only the status.
        return 1 if self._pending or (self._refused and not self._keyboard.is_terminal) else 0

    def _tell_end(self, ended: Ended) -> None:
        """Why the chat has ended, and where it could go on, how."""
        self._printer.line(ended.text)
        if way := way_on(ended.code).console:
            self._printer.line(way)

    def _tell_unsent(self) -> None:
        if self._pending:
            self._printer.line(
                f"{count_of(len(self._pending), 'message')} could not be sent. What was not sent is kept on this "
                f"computer and goes out when {self._me} joins this chat again."
            )

    def _unanswered(self) -> int:
        return len(self._pending) + self._lookups.waiting

    def _quit_at_once(self) -> None:
        if self._engine is not None:
            with contextlib.suppress(KeyboardInterrupt):  # somebody is in a hurry
                self._engine.close(0.0)

    # --- what happens ---

    def _show(self, happening: Any) -> None:
        if isinstance(happening, Received):
            self._received(happening)
        elif isinstance(happening, (Stored, Failed, Waiting)):
            self._outcome(happening)
        elif isinstance(happening, (Joined, Left)):
            self._came_or_went(happening)
            if name_key(happening.name) != name_key(self._me):
                self._printer.line(plain_line(happening, self._me))
        elif isinstance(happening, Entered):
            self._entered(happening)
        elif isinstance(happening, Lost):
            if self._online:
                self._printer.line(f"{happening.text} Trying to connect again; what you write meanwhile is sent then.")
            elif happening.text not in self._reasons:  # later attempts fail in silence, unless for another reason
                self._printer.line(happening.text)
            self._reasons.add(happening.text)
            self._online = False
            self._lookups.forget_all()  # a lost one is not answered later
        elif isinstance(happening, Trouble):
            self._printer.line(happening.text)
            self._lookups.forget(happening.question)
        elif isinstance(happening, Page):
            self._lookups.turned_to(happening, self._me)
        elif isinstance(happening, Found):
            self._lookups.found(happening, self._me)
        elif isinstance(happening, Conversations):
            self._lookups.told(happening)

    def _came_or_went(self, news: Joined | Left) -> None:
        key = name_key(news.name)
        if isinstance(news, Left) and news.kept is False:  # a guest: the name is nobody's now
            self._people.pop(key, None)
        elif key in self._people or len(self._people) < MOST_PEOPLE:
            self._people[key] = Person(news.name, isinstance(news, Joined))

    def _entered(self, entered: Entered) -> None:
        first, self._online = not self._me, True
        self._reasons.clear()
        if first or entered.new_log:
            self._lookups.begin(entered.last)
            self._backlog_end = 0 if self._keyboard.is_terminal else entered.last
        self._me, self._fingerprint = entered.name, entered.fingerprint
        self._people = {name_key(person.name): person for person in entered.people}
        if first:
            self._printer.line(f"Registration successful. Welcome to the chat, {entered.name}!")
            self._tell_meeting(entered)
            if entered.left_behind:
                self._printer.line(waits_for_another(entered))
            if self._keyboard.is_terminal:
                self._printer.line("/help tells what you can do, /exit leaves.")
            return
        self._printer.line("The connection is back.")
        self._tell_meeting(entered)
        if entered.new_log:
            self._printer.line("The history of this chat is another one than before.")
        if entered.left_behind:
            self._keyboard.room.release(len(self._pending) or 1)
            self._pending.clear()
            self._printer.line(stays_for_the_old_one(entered))

    def _tell_meeting(self, entered: Entered) -> None:
        """What is to be known about the connection when one has joined."""
        if entered.trusted and entered.fingerprint is not None:
            self._printer.line(TRUSTED)
            self._printer.line(f"    {four_words(entered.fingerprint)}")
        elif entered.first_meeting or not entered.encrypted:
            self._tell_encryption(entered.fingerprint)

    def _outcome(self, happening: Stored | Failed | Waiting) -> None:
        if isinstance(happening, Waiting):
            if happening.id not in self._pending:
                self._tell_of_last_time(happening)
            return
        if self._pending.pop(happening.id, None) is not None:
            self._keyboard.room.release()
        if isinstance(happening, Failed):
            self._refused = True
            self._on_screen.discard(happening.id)
            start = clean_line(happening.original[:60]) + ("…" if len(happening.original) > 60 else "")
            self._printer.line(f"Not sent: “{start}”{_behind_a_dash(happening.text)}")

    def _tell_of_last_time(self, first: Waiting) -> None:
        """Says how many messages wait from an earlier run; `first` is the first of them, the others come behind it."""
        happening: Any = first
        count = 0
        while happening is not None:
            if isinstance(happening, Waiting) and happening.id not in self._pending:
                count += 1
                self._pending[happening.id] = happening.text
                self._keyboard.room.acquire(blocking=False)
            elif isinstance(happening, Typed):
                self._typed.append(happening.line)
            else:
                self._next_told.append(happening)
                break
            happening = self._next(time.monotonic() + TOGETHER_SECONDS)
        self._printer.line(
            f"{count_of(count, 'message')} from last time {'is' if count == 1 else 'are'} going out now."
        )

    def _received(self, received: Received) -> None:
        messages = [message for message in received.messages if message.seq > self._backlog_end]
        if not messages:
            return
        self._lookups.was_shown(messages[0].seq)
        if self._keyboard.is_terminal:
            self._unseen |= {_conversation_of(message, self._me): message.seq for message in messages}
        # A private one is shown even so: that it went to that person alone is worth knowing.
        new = [message for message in messages if message.id not in self._on_screen or message.to != EVERYONE]
        self._on_screen.difference_update(message.id for message in messages)
        self._printer.messages(new, self._me)


def _conversation_of(message: Message, me: str) -> str:
    """With whom it was written, or `EVERYONE`."""
    if message.to == EVERYONE:
        return EVERYONE
    return message.to if name_key(message.sender) == name_key(me) else message.sender


def _behind_a_dash(sentence: str) -> str:
    """`sentence`, why something was not sent, as it goes on behind what was not sent."""
    sentence = sentence.removesuffix("Nothing was sent.").strip()
    first, space, rest = sentence.partition(" ")
    return f" {DASH} {first.lower() if first in SMALL_WORDS else first}{space}{rest}" if sentence else ""
