"""What happens in a chat, as a client's engine tells it: the words between `engine.Engine` and its faces.

The engine's thread puts them on `Engine.events`; a face (the window, the console) takes them off in a thread of its
own. Beside these there are the server's own words, which are handed on as they came.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol import (
    AskConversations,
    AskHistory,
    AskSearch,
    Conversations,
    Found,
    Joined,
    Left,
    Message,
    Page,
    Person,
    SeenBy,
    SeenWith,
    TypingFrom,
    TypingTo,
)

Question = AskHistory | AskSearch | AskConversations  # what an `Answer` follows
Saying = Question | TypingTo | SeenWith  # what is said on a connection that there is, and on no later one


@dataclass(frozen=True, slots=True)
class Connecting:
    """An attempt to connect begins (the first one, or one after a loss)."""


@dataclass(frozen=True, slots=True)
class Entered:
    """Joined. `resumed`: the log goes on where it stood, nothing was missed; else what follows is a first backlog.

    `new_log`: this is another log than before the connection was lost (`left_behind` messages stay on disk for the
    old one), or the same one set back to an earlier state, or another server at the same address. Messages that wait
    from an earlier run follow as `Waiting`.

    `encrypted`: whether this connection is; a face shows plainly, the whole time, when it is not. `fingerprint` is the
    server's certificate's, None without encryption; `certificate.four_words` reads it aloud. `first_meeting`: no server
    with this certificate has let us in before, so this is the moment to compare the words. `trusted`: the certificate
    is the changed one that was deliberately trusted (`Engine`'s `accept`).

    `left_behind`, at the first one of a run: what waits on disk for those that were at this address before a server
    that is met now. It is never sent to another than it was written for.
    """

    name: str
    server: str
    history: str
    people: tuple[Person, ...]
    last: int
    resumed: bool
    new_log: bool
    left_behind: int
    encrypted: bool = False
    fingerprint: str | None = None
    first_meeting: bool = False
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The server, or the way to it, said no before the first Entered; the engine has stopped. `text` is for people.

    `code` is a wire error code (name_taken, name_invalid, full, banned, wrong_password ...), `unreachable`, `no_room`
    (this computer has no socket or thread left), `nobody_listens` (the computer is there, and has nothing open on that
    port), `not_hallway`, or one that stopped us before a byte of the user's was sent:

        certificate_changed    another certificate than the last time at this address; an Engine with `accept` set to
                               `fingerprint` trusts the new one. `text` says what it may mean, with both in words.
        not_encrypted_now      a server that was met encrypted offers no encryption
        not_what_was_heard     another certificate than the chat that was heard there has, or none (`Engine`'s `key`)
        not_readable           which servers were met cannot be read from this computer's disk

    `fingerprint` is that of the certificate that the other side showed, None where it showed none. With
    `wrong_password` a face shows it in words before it asks: a password is told to whoever answers here.
    """

    code: str
    text: str
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection, or an attempt at a new one, failed after an Entered; the next attempt is in `retry` seconds.

    `text` says why: one or more whole sentences, the last of them no question.
    """

    text: str
    retry: float


@dataclass(frozen=True, slots=True)
class Received:
    """Log entries in order, each seq once, own ones too (an own one's `id` is the one `send` returned)."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An own message is on this computer's disk and on its way. `to` is None where the text says it (`@name ...`)."""

    id: str
    text: str
    to: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """The server has own message `id` on disk (its Received comes in the log's order, before or after)."""

    id: str
    seq: int
    time: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Own message `id` was refused for good (no_such_user, too_long ...) and is not in the outbox; `text` says why.

    One that cannot even be put on the wire (too long, empty) fails without having been `Waiting`.
    """

    id: str
    code: str
    text: str
    original: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something went wrong that no message is to blame for (not_saved, an odd line, the disk); told once, in words.

    `question` is what cannot be answered, as it was asked: then no `Answer` to it follows, and asking the same again by
    itself would bring the same words again.
    """

    code: str
    text: str
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The engine has stopped for good; `text` says why (closed by its face, thrown out ...).

    `code` and `fingerprint` are as in `Refused` when a reconnect met what would have refused the first attempt, `code`
    is `taken_over`, `kicked` or `banned` when the server wants this person no more, and "" for any other end.
    """

    text: str
    code: str = ""
    fingerprint: str | None = None


Told = Connecting | Entered | Refused | Lost | Received | Waiting | Stored | Failed | Trouble | Ended
Answer = Page | Found | Conversations
Happening = Told | Joined | Left | Answer | TypingFrom | SeenBy  # the latter are the server's own words
