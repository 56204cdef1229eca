"""The engine of a window, without the window: real engines, and a real server that hears them come and go."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clientlib.happenings import Ended, Entered, Happening, Refused
from peers import Peer
from processes import ServerProcess
from windowlib.join_screen import Attempt
from windowlib.session import Session, as_refusal

SECONDS = 10.0
SESAME = "open sesame"


def told(session: Session) -> Happening:
    """What happens next, but for the attempts themselves."""
    assert session.engine is not None
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        event = session.engine.events.get(timeout=SECONDS)
        if isinstance(event, Entered | Refused):
            return event
    pytest.fail("nothing came of the attempt")


def test_one_after_the_other(server: ServerProcess, folder: Path) -> None:
    """Whoever leaves need not wait for the goodbye; the next engine does, as both keep one outbox."""
    bob = Peer.join(server, "Bob")
    session = Session(folder, None)
    session.prepare(Attempt("Ada", server.host, server.port)).start()
    assert isinstance(told(session), Entered)
    bob.expect("joined", name="Ada")

    session.leave(SECONDS)
    assert session.engine is None
    bob.expect("left", name="Ada")
    deadline = time.monotonic() + SECONDS
    while session.is_leaving:
        assert time.monotonic() < deadline, "the goodbye goes on"
        time.sleep(0.01)

    session.prepare(Attempt("Ada", server.host, server.port)).start()
    assert isinstance(told(session), Entered)
    session.close(SECONDS)
    bob.expect("left", name="Ada")


@pytest.mark.parametrize(("heard", "typed", "is_let_in"), [
    (False, None, True),
    (True, None, False),  # whoever is only heard is not told what was given for another
    (False, "sesame closed", False),  # what is typed comes first
    (True, SESAME, True),
])  # fmt: skip
def test_the_password_that_was_given_at_the_start(
    start_server: Callable[..., ServerProcess], folder: Path, heard: bool, typed: str | None, is_let_in: bool
) -> None:
    """It is tried where nobody typed one, in the chat of the last time alone."""
    server = start_server(HALLWAY_PASSWORD=SESAME)
    session = Session(folder, SESAME)
    session.prepare(Attempt("Ada", server.host, server.port, typed, heard=heard)).start()
    try:
        event = told(session)
        assert isinstance(event, Entered) == is_let_in
        if isinstance(event, Refused):
            assert event.code == "wrong_password"
    finally:
        session.close(SECONDS)


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
    session = Session(folder, SESAME)
    session.refused(Refused(code, "No.", fingerprint))

    assert session.password == (SESAME if kept else None)
    assert session.engine is None


def test_every_end_is_a_refusal_to_the_first_screen() -> None:
    """With its code, or one that says no more than that."""
    refused = Refused("full", "It is full.")

    assert as_refusal(refused) is refused
    assert as_refusal(Ended("Bye.", "banned", "3f" * 32)) == Refused("banned", "Bye.", "3f" * 32)
    assert as_refusal(Ended("Bye.")).code == "ended"
