"""What a chat is told of its server in whole sentences: another log, a first meeting, the way back after an end.

Called by chat_events.py; no Tk in here.
"""

from __future__ import annotations

from certificate import four_words
from clientlib.happenings import Entered
from clientlib.sentences import TRUSTED, stays_for_the_old_one, waits_for_another, way_on
from windowlib.transcript import STORED


def way_back(code: str) -> str:
    """What one can do after an end with this code."""
    return way_on(code).window


def another_log(event: Entered, *, same_log: bool) -> str:
    """What is true of the messages on the screen when the server has come back with another log."""
    server = event.server or "The chat"
    if same_log:
        return (
            f"{server} was set back to an earlier state of its history, which follows. "
            f"What stands above this line may be missing in it, “{STORED}” or not."
        )
    return (
        f"{server} was started anew: its history is not the one above, and begins here. "
        f"“{STORED}” above this line means the old one. {stays_for_the_old_one(event)}"
    ).rstrip()


def meeting_words(event: Entered) -> str:
    """What is to be said once about the server that was entered: its words, and what waits for another."""
    said: list[str] = []
    if event.trusted and event.fingerprint is not None:
        said.append(f"{TRUSTED} {four_words(event.fingerprint)}.")
    elif event.first_meeting and event.fingerprint is not None:
        said.append(
            f"You meet this server for the first time. Its words: {four_words(event.fingerprint)}. "
            "Compare them with those that the server's terminal or window shows; they are the same if nobody stands in "
            "between."
        )
    if event.left_behind and not event.new_log:
        said.append(waits_for_another(event))
    return " ".join(said)
