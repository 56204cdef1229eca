"""The days of a conversation, by this computer's time zone, and what they are called. No Tk in here.

Called by whatever shows when something was said or will be: transcript.py, drawn_text.py, search_panel.py,
chat_screen.py and quiet.py, in Tk's thread. Times are ms since 1970, UTC, as on the wire.
"""

from __future__ import annotations

import time
from datetime import date, timedelta

DAY_TAG = "day "  # and the date: a tag of the line that says it


def today() -> date:
    """The day it is where this computer stands."""
    return day_of(int(time.time() * 1000))


def day_of(time_ms: int) -> date:
    """The day of a message by this computer's time zone."""
    there = time.localtime(time_ms / 1000)
    if there.tm_year > date.max.year:  # the wire's last hour, east of Greenwich
        return date.max
    return date(there.tm_year, there.tm_mon, there.tm_mday)


def day_words(day: date, today: date) -> str:
    """The line above a day's messages."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day:%A}, {day.day} {day:%B}" + ("" if day.year == today.year else f" {day.year}")


def day_tag(day: date) -> str:
    """The tag of the line that says this day."""
    return f"{DAY_TAG}{day}"


def day_of_tag(tag: str) -> date:
    """The day of a line with this tag."""
    return date.fromisoformat(tag.removeprefix(DAY_TAG))
