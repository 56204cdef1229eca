"""The engine of a window: one that tries to join, one that is in a chat, and one that still says goodbye.

Made by window.py, in Tk's thread; nothing in here knows Tk. An engine that is left says goodbye in a thread that holds
nothing but it.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from clientlib.happenings import Ended, Refused
from windowlib.aim import Attempt
from windowlib.drain import Drain

if TYPE_CHECKING:
    from clientlib.engine import Engine


class EngineSlot:
    """Owns the engine that is in use, and the password that the program was started with.

    What the engine tells is taken off by `drain`, until it is left.
    """

    def __init__(self, folder: Path, password: str | None, drain: Drain) -> None:
        """`folder` is the client's; `password` is the chat's as it was given, None where none was."""
        self.engine: Engine | None = None
        self.password = password  # one that is typed comes before it
        self._folder, self._drain = folder, drain
        self._goodbye: threading.Thread | None = None  # in an engine that is not in use any more

    @property
    def is_leaving(self) -> bool:
        """Whether a goodbye is still being said. The next engine comes after it: both keep one outbox."""
        return self._goodbye is not None and self._goodbye.is_alive()

    def prepare(self, attempt: Attempt) -> Engine:
        """The engine for what somebody typed. Whoever shows what it tells starts it when that can be shown."""
        assert not self.is_leaving
        from clientlib.engine import Engine  # loaded when a chat is joined: the first screen is there sooner

        password = attempt.password
        if password is None and attempt.heard is None:  # whoever is only heard is not told the one we were started with
            password = self.password
        self.engine = Engine(
            self._folder, attempt.host, attempt.port, attempt.name, password, attempt.accept, in_clear=attempt.in_clear,
            key=attempt.key,
        )  # fmt: skip
        if attempt.password is not None:
            self.engine.keep_password(attempt.remember)
        self._drain.follow(self.engine.events)
        return self.engine

    def refused(self, refusal: Refused) -> None:
        """The engine has ended by itself before it was in the chat."""
        self.engine = None
        if refusal.code == "wrong_password" and refusal.fingerprint is not None:
            self.password = None  # it was tried; over an unencrypted connection it was not

    def ended(self) -> None:
        """The engine has ended by itself, and nothing of the chat stays to be read."""
        self.engine = None

    def leave(self, seconds: float) -> None:
        """Ends the engine without waiting for it; its goodbye may take so long. What it tells is not heard any more."""
        if self.engine is not None:
            self._goodbye = threading.Thread(
                target=self.engine.close, args=(seconds,), name="hallway-goodbye", daemon=True
            )
            self._goodbye.start()
            self.engine = None
        self._drain.follow(None)

    def close(self, seconds: float) -> None:
        """Ends the engine, and waits at most so long for each goodbye."""
        if self.engine is not None:
            self.engine.close(seconds)
        if self._goodbye is not None:
            self._goodbye.join(seconds)


def as_refusal(event: Refused | Ended) -> Refused:
    """What the first screen says about an end: to it they are all the same."""
    return event if isinstance(event, Refused) else Refused(event.code or "ended", event.text, event.fingerprint)
