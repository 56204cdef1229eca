"""How far the log of a server was shown, and in which log. Used by the engine's thread."""

from __future__ import annotations

from protocol import Welcome


class Cursor:
    """A place in the one log that this run is in; another server, or another log, starts it anew."""

    def __init__(self) -> None:
        self.identity = ""  # of the server that we entered (`trust.identity_of`)
        self.history: str | None = None  # id of the log that we entered; None before the first
        self._shown = 0  # the newest seq that was handed on
        self._began_empty = False  # the log had no entry when it was entered first

    def place_for(self, identity: str) -> tuple[str | None, int | None]:
        """What a hello to this server says of where we stand: the log's id and the seq; None where that is nowhere.

        Before anything was shown a first backlog is wanted again, not all of the log; unless the log was empty.
        """
        same = self.history is not None and identity == self.identity
        return (self.history, self._shown) if same and (self._shown > 0 or self._began_empty) else (None, None)

    def is_in(self, identity: str, history: str) -> bool:
        """Whether this is the log that we are in."""
        return (identity, history) == (self.identity, self.history)

    def enter(self, identity: str, welcome: Welcome) -> bool:
        """A server has let us in; whether its log goes on where it stood, and nothing was missed.

        A log that ends before what was shown is a restored copy: its next messages have numbers we know already.
        """
        resumed = self.is_in(identity, welcome.history) and welcome.last >= self._shown
        if not resumed:
            self._shown = 0
            self._began_empty = welcome.last == 0
        self.identity, self.history = identity, welcome.history
        return resumed

    def moves_to(self, seq: int) -> bool:
        """Whether the entry with this seq is new; then it counts as shown."""
        if seq <= self._shown:
            return False
        self._shown = seq
        return True
