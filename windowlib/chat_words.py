"""What a chat is told of its server in whole sentences: another log, a first meeting, the way back after an end.

Called by chat_screen.py; no Tk in here.
"""

from __future__ import annotations

from certificate import in_words
from clientlib.happenings import Entered
from windowlib.transcript import STORED, count_of

# What one can do after an end by the server's wish. Whoever is banned would only be refused.
WAYS_BACK = {
    "taken_over": "“Leave” takes you to the first screen; joining there brings the chat back to this window.",
    "banned": "“Leave” takes you to the first screen.",
    "name_taken": "“Leave” takes you to the first screen.",
    "not_encrypted_now": "“Leave” takes you to the first screen.",
}
WAY_BACK = "“Leave” takes you back to the first screen, where you can join again."


def way_back(code: str) -> str:
    """What one can do after an end with this code."""
    return WAYS_BACK.get(code, WAY_BACK)


def another_log(event: Entered, *, same_log: bool) -> str:
    """What is true of the messages on the screen when the server has come back with another log."""
    server = event.server or "The chat"
    if same_log:
        return (
            f"{server} was set back to an earlier state of its history, which follows. "
            f"What stands above this line may be missing in it, “{STORED}” or not."
        )
    left = ""
    if event.left_behind:
        stay = "stays" if event.left_behind == 1 else "stay"
        left = f" {count_of(event.left_behind, 'message')} of yours to the old one {stay} on this computer."
    return (
        f"{server} was started anew: its history is not the one above, and begins here. "
        f"“{STORED}” above this line means the old one.{left}"
    )


def meeting_words(event: Entered) -> str:
    """What is to be said once about the server that was entered: its words, and what waits for another."""
    said: list[str] = []
    if event.trusted and event.fingerprint is not None:
        said.append(f"This is the new certificate you have trusted. Its words: {in_words(event.fingerprint)}.")
    elif event.first_meeting and event.fingerprint is not None:
        said.append(
            f"You meet this server for the first time. Its words: {in_words(event.fingerprint)}. "
            "Compare them with those that the server's terminal or window shows; they are the same if nobody stands in "
            "between."
        )
    if event.left_behind and not event.new_log:
        waits = "waits" if event.left_behind == 1 else "wait"
        said.append(
            f"{count_of(event.left_behind, 'message')} of yours {waits} on this computer for the server that was "
            "here before, and will not be sent to this one."
        )
    return " ".join(said)
