"""The engine of a window, without the window: real engines, and a real server that hears them come and go."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clientlib.happenings import Ended, Entered, Happening, Refused
from peers import Peer
from processes import ServerProcess
from windowlib.aim import Attempt
from windowlib.drain import Drain
from windowlib.engine_slot import EngineSlot, as_refusal

SECONDS = 10.0
SESAME = "open sesame"


class Bench:
    """A slot, and what its engines told."""

    def __init__(self, folder: Path, password: str | None = None) -> None:
        self.told: list[Happening] = []
        self._drain = Drain(self.told.append, lambda *mistake: pytest.fail(f"{mistake}"))
        self.slot = EngineSlot(folder, password, self._drain)

    def join(self, attempt: Attempt) -> Entered | Refused:
        """What comes of it."""
        self.told.clear()
        self.slot.prepare(attempt).start()
        self.until(lambda: self.answers, "an answer to the attempt")
        return self.answers[0]

    @property
    def answers(self) -> list[Entered | Refused]:
        return [event for event in self.told if isinstance(event, Entered | Refused)]

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Takes off what happens, as a window does, until `condition()` is true."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain: {what}. Told: {self.told}"
            self._drain.work()
            time.sleep(0.005)


def test_one_after_the_other(server: ServerProcess, folder: Path) -> None:
    """Whoever leaves need not wait for the goodbye; the next engine does, as both keep one outbox."""
    bob = Peer.join(server, "Bob")
    bench = Bench(folder)
    attempt = Attempt("Ada", server.host, server.port)
    assert isinstance(bench.join(attempt), Entered)
    bob.expect("joined", name="Ada")

    bench.slot.leave(SECONDS)
    assert bench.slot.engine is None
    bob.expect("left", name="Ada")
    bench.told.clear()
    bench.until(lambda: not bench.slot.is_leaving, "the goodbye is said")
    assert bench.told == []  # nobody is there any more whom it would concern

    assert isinstance(bench.join(attempt), Entered)
    bench.slot.close(SECONDS)
    bob.expect("left", name="Ada")


@pytest.mark.parametrize(("typed", "is_let_in"), [(None, True), ("sesame closed", False)])
def test_the_password_that_was_given_at_the_start(
    start_server: Callable[..., ServerProcess], folder: Path, typed: str | None, is_let_in: bool
) -> None:
    """It is tried where nobody typed one; what is typed comes first."""
    server = start_server(HALLWAY_PASSWORD=SESAME)
    bench = Bench(folder, SESAME)
    try:
        answer = bench.join(Attempt("Ada", server.host, server.port, typed))
        assert isinstance(answer, Entered) == is_let_in
        if isinstance(answer, Refused):
            assert answer.code == "wrong_password"
    finally:
        bench.slot.close(SECONDS)


@pytest.mark.parametrize(
    ("code", "fingerprint", "kept"),
    [
        ("wrong_password", "3f" * 32, False),  # it was tried, and is not right
        ("wrong_password", None, True),  # not encrypted: it was not even sent
        ("unreachable", None, True),
    ],
)
def test_a_password_that_was_tried_in_vain_is_forgotten(
    folder: Path, code: str, fingerprint: str | None, kept: bool
) -> None:
    """So that the next attempt asks for one."""
    slot = Bench(folder, SESAME).slot
    slot.refused(Refused(code, "No.", fingerprint))

    assert slot.password == (SESAME if kept else None)
    assert slot.engine is None


def test_every_end_is_a_refusal_to_the_first_screen() -> None:
    """With its code, or one that says no more than that."""
    refused = Refused("full", "It is full.")

    assert as_refusal(refused) is refused
    assert as_refusal(Ended("Bye.", "banned", "3f" * 32)) == Refused("banned", "Bye.", "3f" * 32)
    assert as_refusal(Ended("Bye.")).code == "ended"
