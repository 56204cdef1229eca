"""Days and what they are called, without a window."""

from __future__ import annotations

from datetime import date

import pytest

from messages import NOON
from windowlib.days import day_of, day_of_tag, day_tag, day_words


def test_days_are_said_in_words() -> None:
    """Today and yesterday by these words, another year with its number."""
    today = date(2026, 3, 4)

    assert day_words(today, today) == "Today"
    assert day_words(date(2026, 3, 3), today) == "Yesterday"
    assert day_words(date(2026, 3, 2), today) == "Monday, 2 March"
    assert day_words(date(2025, 12, 31), today) == "Wednesday, 31 December 2025"


def test_a_day_begins_at_midnight_here() -> None:
    """Not at Greenwich: the last millisecond before midnight and the first after it are two days."""
    half_a_day = 12 * 60 * 60 * 1000

    assert day_of(NOON - half_a_day) == day_of(NOON + half_a_day - 1) == date(2026, 3, 4)
    assert day_of(NOON - half_a_day - 1) == date(2026, 3, 3)
    assert day_of(NOON + half_a_day) == date(2026, 3, 5)


@pytest.mark.parametrize("day", [date.min, date(2026, 3, 4), date.max])
def test_a_tag_says_its_day(day: date) -> None:
    """The line above a day's messages can be said anew at midnight: its tag knows the day, however far off."""
    assert day_of_tag(day_tag(day)) == day
