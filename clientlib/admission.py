"""Being let in by a server: whether it is spoken to at all, what it is told, and what it means when it says no.

Part of `session.Session`, in the engine's thread. Whom a server is taken for is `trust.Acquaintance`'s to decide.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from clientlib import trust
from clientlib.connection import Connection
from clientlib.happenings import Trouble
from clientlib.storage import reason_of
from clientlib.trust import Acquaintance, Doubt, Meeting, Terms
from protocol import Error, Welcome

GHOST_SECONDS = 50.0  # a name taken for so long is not held by our own dead connection: the server drops that after 45
# Errors that answer a hello and that trying again will not change. `name_taken` is not one of them: after a loss it may
# be our own former connection, where we have no token to take over from it; the server takes 45 seconds to give it up.
FINAL_CODES = frozenset({"name_invalid", "unsupported_version", "banned", "wrong_password"})

NO_LONGER = "The password that this computer remembers is not right any more. Type the one that the chat has now."
NEW_ONE_NOW = "The chat has a new password now. Type that one."
WITHHELD = "The one that was given before was not sent: this connection is not encrypted, and others could read it."


@dataclass(frozen=True, slots=True)
class Setback:
    """Why an attempt came to nothing. `is_final`: trying again will not change it."""

    code: str
    text: str
    is_final: bool


class NotGreeted(Exception):
    """The server that was met is not spoken to; `setback` says why."""

    def __init__(self, setback: Setback) -> None:
        super().__init__(setback.text)
        self.setback = setback


@dataclass(frozen=True, slots=True)
class LetIn:
    """How we and the server that has let us in know each other; the words are as in `Entered`."""

    first_meeting: bool
    trusted: bool


class Admission:
    """How one person is let in by the servers at one address, one attempt after the other."""

    def __init__(self, acquaintance: Acquaintance, name: str) -> None:
        self._acquaintance, self._name = acquaintance, name
        self._taken_since: float | None = None  # monotonic; when a reconnect first found our name taken, and only that
        self._keeps_password: bool | None = None  # what the face wants and is still to be done

    # --- before the hello ---

    def recognise(self, met: Meeting) -> Terms:
        """On which terms to say hello to the server that was met: nothing is said to it unless this returns.

        All that speaks against a server, its certificate above all, is known here. Raises `NotGreeted`.
        """
        try:
            return self._acquaintance.recognise(met, self._name)
        except Doubt as doubt:
            raise NotGreeted(Setback(doubt.code, str(doubt), is_final=True)) from None
        except OSError as error:
            raise NotGreeted(_not_readable(error)) from None

    def set_damaged_aside(self) -> Trouble | None:
        """What to tell when the file with the servers was damaged; it is set aside then. Raises `NotGreeted`."""
        try:
            damaged = self._acquaintance.set_damaged_aside()
        except OSError as error:
            raise NotGreeted(_not_readable(error)) from None
        return Trouble("servers_forgotten", trust.FORGOTTEN) if damaged else None

    # --- the answer ---

    def let_in(self, way: Connection, welcome: Welcome, *, is_another: bool) -> LetIn:
        """The server has welcomed us; `is_another`: it is not the one that we were with before.

        What proves that the name is ours is on disk when this returns, unless `not_kept` says something.
        """
        self._taken_since = None
        if welcome.token is not None:
            self._acquaintance.keep_token(way.terms.identity, self._name, welcome.token)
        first_meeting = is_another and self._acquaintance.is_first_meeting(way.fingerprint)
        return LetIn(first_meeting, is_another and way.terms.trusted)

    def not_kept(self) -> Trouble | None:
        """What the disk did not take since this was asked the last time."""
        refusal, self._acquaintance.refusal = self._acquaintance.refusal, ""
        if not refusal:
            return None
        text = f"This computer's disk does not keep how you and this server know each other ({refusal})."
        return Trouble("not_kept", f"{text} The next time your name may be refused.")

    def others_here(self, terms: Terms) -> set[str]:
        """The identities of those that were met before at this address."""
        return self._acquaintance.others_here(terms)

    def why_not(self, terms: Terms, error: Error, entered: str | None) -> Setback:
        """What an error means that answers our hello; `entered` is the identity of the server that has let us in before
        in this run, None where none did.
        """
        code, text = error.code, error.text
        if code == "wrong_password" and terms.withheld:
            return Setback(code, f"{text} {WITHHELD}", is_final=True)
        if code == "wrong_password" and terms.kept:
            return Setback(code, NO_LONGER, is_final=True)
        if code == "wrong_password" and entered is not None:
            return Setback(code, NEW_ONE_NOW, is_final=True)
        if code in FINAL_CODES:
            return Setback(code, text, is_final=True)
        if code == "name_taken":
            return self._name_taken(terms, text, entered)
        return Setback(code, text, is_final=False)

    def _name_taken(self, terms: Terms, text: str, entered: str | None) -> Setback:
        if terms.token is not None:  # no ghost of ours: that would have to go
            return Setback("name_taken", trust.no_longer_yours(self._name), is_final=True)
        if entered is None:
            return Setback("name_taken", text, is_final=False)
        if entered != terms.identity:
            return Setback("name_taken", trust.name_of_the_unencrypted_chat(self._name), is_final=True)
        return Setback("name_taken", self._name_gone(), is_final=False)

    def _name_gone(self) -> str:
        """Why we are not let in again under our own name: first by our own ghost, later by somebody else."""
        now = time.monotonic()
        if self._taken_since is None:
            self._taken_since = now
        if now - self._taken_since < GHOST_SECONDS:
            return "The server has not noticed yet that the old connection is gone."
        return f"Somebody else is here as {self._name}. What you wrote is kept; leave and choose another name, or wait."

    def was_lost(self, code: str) -> None:
        """An attempt, or a connection, came to nothing: a name is taken for long only if nothing else happened."""
        if code != "name_taken":
            self._taken_since = None

    def was_no_chat(self, terms: Terms) -> None:
        """What was spoken to on these terms is no Hallway server."""
        self._acquaintance.was_no_chat(terms)

    # --- the password ---

    def wish_for_password(self, keep: bool) -> None:
        """The face wants the password kept on this computer, or forgotten; `keep_password` does it."""
        self._keeps_password = keep

    def keep_password(self, terms: Terms) -> Trouble | None:
        """Does with the password that let us in what the face wants, if it has said so; what to tell of that."""
        if self._keeps_password is None:
            return None
        keep, self._keeps_password = self._keeps_password, None
        try:
            self._acquaintance.keep_password(terms.identity, terms.password if keep else None)
        except OSError as error:
            text = f"This computer's disk does not take what was to be done with the password ({reason_of(error)})."
            return Trouble("not_kept", text)
        return None


def _not_readable(error: OSError) -> Setback:
    text = f"Which servers were met here cannot be read from this computer's disk ({reason_of(error)})."
    return Setback("not_readable", f"{text} Nothing was sent.", is_final=False)
