"""What both faces of a client say of its server in the same words: what was trusted, what waits, how to go on.

Called by the console and by the window (chat_words.py), each in its own thread. What only one of them says stands with
that one.
"""

from __future__ import annotations

from dataclasses import dataclass

from clientlib.happenings import Entered

TRUSTED = "This is the new certificate you have trusted. Its words:"  # the four words follow


@dataclass(frozen=True, slots=True)
class WayOn:
    """What one can do after an end; the way to a new start is another one in each face."""

    window: str
    console: str = ""  # whoever reads it has the prompt of a shell below it


_LEAVE = "“Leave” takes you to the first screen."
_ANYWAY = WayOn("“Leave” takes you back to the first screen, where you can join again.")
# Key: the code of the end. Whoever is banned would only be refused.
_WAYS_ON = {
    "certificate_changed": WayOn(_ANYWAY.window, "Start the client again to compare and accept."),
    "wrong_password": WayOn(_ANYWAY.window, "Start the client again to type it."),
    "taken_over": WayOn(
        "“Leave” takes you to the first screen; joining there brings the chat back to this window.",
        "Start the client again to bring the chat back to this terminal.",
    ),
    "banned": WayOn(_LEAVE),
    "name_taken": WayOn(_LEAVE),
    "not_encrypted_now": WayOn(_LEAVE),
}


def way_on(code: str) -> WayOn:
    """What one can do after an end with this code (`Ended.code`)."""
    return _WAYS_ON.get(code, _ANYWAY)


def count_of(number: int, one: str) -> str:
    """“1 message”, “2,013 messages”."""
    return f"{number:,} {one}" + ("" if number == 1 else "s")


def waits_for_another(entered: Entered) -> str:
    """What waits for the servers that were at this address before; "" where nothing does."""
    if not entered.left_behind:
        return ""
    waits = "waits" if entered.left_behind == 1 else "wait"
    return (
        f"{count_of(entered.left_behind, 'message')} of yours {waits} on this computer for the server that was here "
        "before, and will not be sent to this one."
    )


def stays_for_the_old_one(entered: Entered) -> str:
    """What was written for a log that the server does not have any more; "" where nothing was."""
    if not entered.left_behind:
        return ""
    stays = "stays" if entered.left_behind == 1 else "stay"
    return f"{count_of(entered.left_behind, 'message')} of yours to the old one {stays} on this computer."
