"""The client's engine: one conversation with one server, kept going. No Tk, no terminal.

A face (the window, the console) makes an `Engine`, starts it, calls its methods from any thread and takes what happens
off `Engine.events`; the last thing that happens is always a `Refused` or an `Ended`.

One thread, "hallway-engine", does the work (`session.py`): the methods put orders on a queue (`orders.py`) and wake it.
What is typed while there is no connection is on disk at once.
"""

from __future__ import annotations

import itertools
import logging
import queue
import secrets
import threading
import time
from pathlib import Path

from clientlib.happenings import Ended, Failed, Happening, Refused
from clientlib.orders import Close, KeepPassword, Order, Orders
from clientlib.sending import NOT_SENT
from clientlib.session import GOODBYE_SECONDS, Destination, Session
from clientlib.trust import Acquaintance, Meeting
from names import NameProblem, check_name
from protocol import MAX_INTEGER, AskConversations, AskHistory, AskSearch, SeenWith, Send, TypingTo

log = logging.getLogger("hallway.engine")

NO_ROOM = "This computer has no room left for a connection. Close some programs, then try again."


class Engine:
    """One person's conversation with one server. The methods may be called from any thread and never wait for the net.

    Whatever the first attempt meets stops the engine with `Refused`. Once `Entered` was told it reconnects by itself,
    for as long as it takes, until `close` or until the server wants this person no more (`Ended`).

    A face that takes nothing off `events` makes the server wait: little more than `telling.UNTAKEN` bytes of what it
    says are kept. What is written goes out all the same, and the server hears our pings.
    """

    events: queue.SimpleQueue[Happening]

    def __init__(
        self,
        folder: Path,
        host: str,
        port: int,
        name: str,
        password: str | None = None,
        accept: str | None = None,
        *,
        in_clear: bool = False,
        key: str | None = None,
        events: queue.SimpleQueue[Happening] | None = None,
    ) -> None:
        """`folder` is the client's own, made when there is something to keep; `name` is checked when started.

        `password` is the chat's as somebody typed it; where it is None, the one that was kept for this server is used,
        if any. `in_clear`: whoever typed it had been told that the connection is not encrypted (a `Refused` with
        `wrong_password` and no fingerprint); else it goes over such a connection to this computer itself only.

        `accept` is the fingerprint of a changed certificate (`Refused.fingerprint`) that the user deliberately
        trusts at this address from now on; any other changed one is refused all the same.

        `key` is `discovery.Heard.key` of an encrypted chat that is joined because it was heard: a server whose
        fingerprint does not begin with it is refused (`not_what_was_heard`).

        `events` is what happens is put on, where the face has a queue of its own for all that it waits for.
        """
        self.events = queue.SimpleQueue() if events is None else events
        self._folder, self._host, self._port, self._name = folder, host, port, name
        self._prefix = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(8))
        self._count = itertools.count(1)  # `next` on it is one step for every thread
        self._orders = Orders(self._turn_away)
        self._known = Acquaintance(folder, host, port, password, accept, in_clear=in_clear, key=key)
        self._session: Session | None = None  # made by the thread
        self._thread = threading.Thread(target=self._run, name="hallway-engine", daemon=True)
        self._started = False

    def start(self) -> None:
        """Starts the engine's one thread (named "hallway-engine"); it connects and reports through `events`.

        Where this computer has no socket or thread left for it, a Refused (`no_room`) follows at once and nothing more.
        """
        try:
            self._orders.open()
            self._thread.start()
        except (OSError, RuntimeError):
            self._orders.close()
            self.events.put(Refused("no_room", NO_ROOM))
        else:
            self._started = True

    def send(self, text: str, to: str | None = None) -> str:
        """Queues a text; returns its id at once. Waiting follows when it is on disk, then Stored or Failed."""
        id = f"{self._prefix}-{next(self._count)}"
        self._orders.put(Send(id, text, to))
        return id

    def ask_history(
        self, before: int | None = None, limit: int = 100, other: str | None = None, after: int | None = None
    ) -> None:
        """Page follows, unless there is no connection or it is lost before the answer: then ask again later.

        With `before` it has the newest messages before that seq, with `after` the oldest after that one. Without
        either it has the newest there are, and says `before=MAX_INTEGER`. `other` is as in `AskHistory`.
        """
        if before is None and after is None:
            before = MAX_INTEGER
        self._orders.put(AskHistory(before, limit, other, after))

    def ask_search(self, text: str, limit: int = 50, before: int | None = None) -> None:
        """Found follows, unless there is no connection or it is lost before the answer: then ask again later."""
        self._orders.put(AskSearch(text, limit, before))

    def ask_conversations(self) -> None:
        """Conversations follows, unless there is no connection or it is lost before the answer; from a server that does
        not know the question yet, a Trouble `older_server`.
        """
        self._orders.put(AskConversations())

    def tell_typing(self, to: str) -> None:
        """Tells `to` (a person or `EVERYONE`) that this person is writing; nobody, while there is no connection."""
        self._orders.put(TypingTo(to))

    def tell_seen(self, other: str, seq: int) -> None:
        """Tells that the messages with `other` (a person or `EVERYONE`) were read up to `seq`: the server keeps that,
        and the other person is told. While there is no connection nobody is: tell it again later.
        """
        self._orders.put(SeenWith(other, seq))

    def keep_password(self, keep: bool) -> None:
        """Keeps the password on this computer for the next time, or forgets it; at any time, also before `start`.

        It is written when the server has let us in with it, not earlier. Never called, nothing changes on disk.
        """
        self._orders.put(KeepPassword(keep))

    def close(self, seconds: float = 2.0) -> bool:
        """Says bye and ends the thread, having let what waits go out and be acked for at most `seconds`.

        True when nothing waits any more (else it is on disk and goes out in the next run). Idempotent.
        """
        if self._started:
            self._orders.put(Close(time.monotonic() + seconds))
            self._thread.join(seconds + GOODBYE_SECONDS + 1)
        return self._session is None or self._session.is_done

    def _turn_away(self, order: Order) -> None:
        """Answers an order that nobody will carry out. Any thread."""
        if isinstance(order, Send):
            self.events.put(Failed(order.id, "not_joined", NOT_SENT, order.text))
        elif isinstance(order, Meeting):
            order.end()

    # --- the thread ---

    def _run(self) -> None:
        last: Happening
        try:
            last = self._converse()
        except Exception as mistake:  # ours, not theirs; a face that waits for ever would only hide it
            log.debug("the engine failed", exc_info=True)
            last = Ended(f"Something went wrong inside Hallway ({mistake!r}). Please start it again.")
        self._orders.close()
        self.events.put(last)

    def _converse(self) -> Happening:
        try:
            name = check_name(self._name)
        except NameProblem as problem:
            return Refused(problem.code, str(problem))
        to = Destination(self._host, self._port, name)
        self._session = Session(self._folder, to, self._known, self._orders, self.events)
        return self._session.run()
