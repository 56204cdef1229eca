"""People with netcat or telnet: the same chat in words.

A connection (`connection.py`) whose first byte is no program's hands on to a `Typist`, in its own thread.
"""

from __future__ import annotations

import re
import secrets

from names import MAX_NAME, NameProblem, check_name, clean_text
from protocol import MAX_LINE, MAX_SECRET, MAX_TEXT, SILENT_SECONDS, VERSION, Error, Hello, LineSplitter, Send
from serverlib.delivery import WORDS
from serverlib.posts import Order, Who
from serverlib.visit import NOT_ENCRYPTED, Visit

NAME_SECONDS = 60.0  # that a person has more than a program: their name may be refused, and they think of another
PASSWORD_QUESTION = "Password: "  # noqa: S105 - the question, not the answer

# What no person types for a name: the first line of HTTP and its like, and control characters that no key of a
# terminal makes. Browsers and port scanners find every port sooner or later, and are not to be heard by everybody.
_NOT_TYPED = re.compile(rb"^[A-Z]+ \S+ [A-Z]+/\d|[\x00-\x07\x0e-\x1a\x1c-\x1f]")


class Typist:
    """Somebody who types lines and reads sentences."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._client = visit.client
        self._unlocked = not visit.shared.door.has_password  # the password was right
        self._asked: Hello | None = None  # whose password is waited for
        self._prefix = secrets.token_hex(6)  # of the ids of what is said
        self._lines_heard = 0

    def talk(self, data: bytes, deadline: float) -> bool:
        """Lets them in, and hands on what they type; `data` came first. True when they said goodbye.

        They leave as they like: the end of their input is a goodbye. `deadline` is a program's, for its hello.
        """
        self._client.face = WORDS
        if self._visit.shared.tls is None:
            self._visit.tell(f"{NOT_ENCRYPTED} Others on the network can read along.\n".encode())
        lines = LineSplitter()
        deadline += NAME_SECONDS
        while True:
            for line in lines.feed(data or b"\n"):  # at the end of the input: what has no newline is a line, too
                if not (line or data):
                    return True
                going_on = self._hear(line) if self._client.person else self._hear_name(line, deadline)
                if going_on is not None:
                    return going_on
            if lines.overflow:
                self._visit.tell(f"A line has more than {MAX_LINE} bytes. Goodbye.\n".encode())
                return False
            if not data:
                return True
            data = self._visit.receive_until(deadline) if self._client.person is None else self._receive()

    def _receive(self) -> bytes:
        """The next bytes, however long it takes: people on netcat answer no pings, TCP's keep-alive finds the dead."""
        while True:
            try:
                return self._client.link.receive(SILENT_SECONDS)
            except TimeoutError:
                if self._client.ended:
                    return b""

    def _hear_name(self, line: bytes, deadline: float) -> bool | None:
        """Tries a name, or a password. True or False, as `talk` returns it, when the connection is to be closed."""
        if self._asked is not None:
            return self._hear_password(self._asked, line)
        if _NOT_TYPED.search(line):
            self._visit.tell(b"This is a Hallway chat, for people and their chat programs. Goodbye.\n")
            return False
        if not self._visit.may_try_a_name(deadline):
            self._visit.tell(b"That took too long. Goodbye.\n")
            return False
        text = clean_text(line.decode(errors="replace")).strip()
        try:
            if "\ufffd" in text:
                raise NameProblem("That name came in an encoding other than UTF-8. Plain letters always work.")
            hello = Hello(VERSION, check_name(text[: 4 * MAX_NAME]))
        except NameProblem as problem:
            self._visit.tell(WORDS.refuse(Error(problem.code, str(problem))))
            return None
        if not self._unlocked:
            self._asked = hello
            self._visit.tell(PASSWORD_QUESTION.encode())
            return None
        return self._join(hello)

    def _hear_password(self, hello: Hello, line: bytes) -> bool | None:
        """Goes on as `_hear_name` does, when the password is right."""
        refused = self._visit.wrong_password(line.decode(errors="replace").rstrip("\r")[:MAX_SECRET])
        if refused is not None:
            self._visit.tell(WORDS.say(refused))
            return False
        self._unlocked, self._asked = True, None
        return self._join(hello)

    def _join(self, hello: Hello) -> bool | None:
        self._visit.join(hello, keeps=False)
        return False if self._client.ended or self._client.close_by is not None else None

    def _hear(self, line: bytes) -> bool | None:
        """Hands on a typed line. True or False, as `talk` returns it, when the connection is to be closed."""
        text = clean_text(line.decode(errors="replace")).strip()
        if not text:
            return None if self._visit.may_go_on(self._visit.ask_pace.seconds(), []) else False
        self._lines_heard += 1
        order = self._order(text)
        if order is None:
            return True
        if not self._visit.may_go_on(self._visit.send_pace.seconds(), []):
            return False
        self._visit.post([order])
        return None

    def _order(self, text: str) -> Order | None:
        """What a typed line wants; None when it is /exit."""
        if text == "/exit":
            return None
        if text == "/who":
            return Who()
        if text == "/help":
            return (
                b"Type a line and press Enter: everybody reads it.\n"
                b"@Bob hello    writes to Bob alone\n/who          tells who is here\n/exit         leaves\n"
            )
        if text.startswith("/") and not text.startswith("//"):
            word = text.split(maxsplit=1)[0]
            return f"There is no command {word}. /help lists them; // begins a text with a slash.\n".encode()
        if len(text) > MAX_TEXT:
            return f"A message has at most {MAX_TEXT} characters; this one has {len(text)}.\n".encode()
        id = f"nc-{self._prefix}-{self._lines_heard}"  # people on netcat send nothing again, but ids are unique for all
        return Send(id, text.removeprefix("/") if text.startswith("//") else text)
