"""Being told: when, how and in which words without Tk; then the title, the icon and the sound of the real window."""

from __future__ import annotations

import os
import time
import tkinter as tk
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from clientlib.storage import Settings, load_settings
from desk import Desk, Hands, in_the_chat
from processes import ServerProcess, wait_until
from windowlib import attention
from windowlib.attention import Attention, Sound, Ways, notification_words, player, title, ways
from windowlib.display import open_root
from windowlib.icon import badge, icon
from windowlib.inbox import MENTION, PRIVATE, PUBLIC
from windowlib.quiet import HOUR, for_an_hour, now_ms, quiet_words, until_morning

NEITHER, BOTH = Ways(sound=False, call=False), Ways(sound=True, call=True)


def at(day: int, hour: int, minute: int = 0) -> int:
    """ms of a time in March 2026, where the test runs."""
    return int(time.mktime((2026, 3, day, hour, minute, 0, 0, 0, -1)) * 1000)


# --- without Tk -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "sound", "expected"),
    [
        (PRIVATE, "mentions", BOTH),
        (MENTION, "mentions", BOTH),
        (PUBLIC, "mentions", NEITHER),
        (PUBLIC, "all", BOTH),
        (PRIVATE, "off", Ways(sound=False, call=True)),
        (PUBLIC, "off", NEITHER),
    ],
)
def test_what_is_told_and_how(kind: str, sound: str, expected: Ways) -> None:
    """What is for oneself is always called for; a sound comes for what was chosen."""
    assert ways(kind, Settings(sound=sound), 0, read=False, focused=False) == expected


def test_what_is_being_read_is_not_told() -> None:
    """Neither a sound nor a call; in a window with the keyboard another conversation has its sound alone."""
    settings = Settings(sound="all")

    assert ways(PRIVATE, settings, 0, read=True, focused=True) == NEITHER
    assert ways(PRIVATE, settings, 0, read=False, focused=True) == Ways(sound=True, call=False)


def test_nobody_is_disturbed_who_does_not_want_to_be() -> None:
    """Until the time that was set, and not a moment longer."""
    settings = Settings(sound="all", quiet_until=at(4, 12))

    assert ways(PRIVATE, settings, at(4, 12) - 1, read=False, focused=False) == NEITHER
    assert ways(PRIVATE, settings, at(4, 12), read=False, focused=False) == BOTH


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        (at(4, 22), at(5, 8)),
        (at(5, 0), at(5, 8)),
        (at(5, 7, 59), at(5, 8)),
        (at(5, 8), at(6, 8)),
        (at(31, 23), at(32, 8)),
    ],
)
def test_morning_is_the_next_one(now: int, morning: int) -> None:
    """Before and after midnight, and at the end of a month."""
    assert until_morning(now) == morning


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has one time zone only")
def test_morning_is_at_eight_when_the_clocks_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """The night in which an hour is missing is shorter."""
    try:
        monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        night = datetime(2026, 3, 28, 22, 0).timestamp()  # noqa: DTZ001
        morning = until_morning(int(night * 1000))
    finally:
        monkeypatch.undo()
        time.tzset()

    assert morning == (night + 9 * 3600) * 1000


def test_how_long_it_is_quiet_is_said() -> None:
    """By the clock; by the day where it is another one; and nothing once it is over."""
    assert quiet_words(for_an_hour(at(4, 13, 30)), at(4, 13, 30)) == "until 14:30"
    assert quiet_words(at(5, 8), at(4, 22)) == "until tomorrow, 08:00"
    assert quiet_words(at(20, 8), at(4, 22)) == "until Friday, 20 March, 08:00"
    assert quiet_words(at(4, 22), at(4, 22)) == quiet_words(0, at(4, 22)) == ""


def test_the_title_says_what_is_unread() -> None:
    """The number first, where a list of windows is cut off last."""
    assert title("Physics 8b", 3) == "(3) Physics 8b - Hallway"
    assert title("Physics 8b", 0) == "Physics 8b - Hallway"
    assert title("Physics 8b", 1234, "work") == "(1,234) Physics 8b - Hallway (work)"
    assert title("", 0) == "Hallway"


def test_a_notification_never_says_what_was_written() -> None:
    """Only who wrote, and to whom: others may see the screen."""
    assert notification_words("Bob", PRIVATE) == "Bob wrote to you alone."
    assert notification_words("Bob", MENTION) == "Bob wrote your name."
    assert notification_words("Bob", PUBLIC) == "Bob wrote to everyone."


def test_what_stands_on_the_icon() -> None:
    """A number as long as it fits."""
    assert [badge(number) for number in (-1, 0, 1, 99, 100, 5000)] == ["", "", "1", "99", "99+", "99+"]
    pictures = {icon(badge(number)) for number in range(101)}
    assert len(pictures) == 101
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(attention, "FREEDESKTOP", tmp_path / "sound.oga")
    return folder


def put(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="Windows has its own sound")
def test_a_player_is_used_only_where_its_sound_is(programs: Path, tmp_path: Path) -> None:
    """Nothing is installed for it: without a player and the system's sound Tk's bell has to do."""
    put(programs, "paplay", "exit 0")
    assert player() is None

    (tmp_path / "sound.oga").touch()
    assert player() == ("paplay", str(tmp_path / "sound.oga"))


@pytest.mark.skipif(os.name != "posix", reason="Windows has its own sound")
def test_a_player_that_fails_is_replaced_by_the_bell(programs: Path, tmp_path: Path) -> None:
    """A computer without a sound system may well have its programs. A sound is not played into the last one."""
    rung: list[float] = []
    sound = Sound(lambda: rung.append(time.monotonic()))
    begun, over = tmp_path / "begun", tmp_path / "over"
    script = f"echo one >> {begun}; while ! test -e {over}; do /bin/sleep 0.02; done; exit 1"
    put(programs, "canberra-gtk-play", script)
    sound.play()
    sound.play()
    assert sound.is_playing
    assert rung == []

    over.touch()
    wait_until(lambda: not sound.is_playing, 10, "the player ends")
    sound.play()
    assert len(rung) == 1
    assert begun.read_text() == "one\n"
    sound.close()


# --- the real window --------------------------------------------------------------------------------------------------


def no_player() -> None:
    """This system has none: it is the bell that rings."""


class Belfry(Hands):
    """A window that nobody looks at, and the bells it rings."""

    def __init__(self, folder: Path) -> None:
        super().__init__(open_root(folder))
        self.settings = Settings()
        self.rung = 0
        self.attention = Attention(self.root, lambda: self.settings, "work")
        self.attention.sound = Sound(self.ring, no_player)
        self.attention.focused = False

    def ring(self) -> None:
        self.root.bell()
        self.rung += 1


@pytest.fixture
def belfry(folder: Path) -> Iterator[Belfry]:
    belfry = Belfry(folder)
    yield belfry
    belfry.attention.close()
    belfry.root.destroy()


@pytest.mark.skipif(os.name != "posix", reason="Windows has its own sound")
def test_ten_messages_at_once_are_one_sound(belfry: Belfry, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next piece of news, later, is one more."""
    for _ in range(10):
        belfry.attention.news("Bob", PRIVATE, read=False)
    assert belfry.rung == 1

    monkeypatch.setattr(attention, "BETWEEN", 0.0)
    belfry.attention.news("Bob", PRIVATE, read=True)
    belfry.attention.news("Bob", PUBLIC, read=False)
    assert belfry.rung == 1
    belfry.attention.news("Bob", MENTION, read=False)
    assert belfry.rung == 2


def test_title_and_icon_follow_what_is_unread(belfry: Belfry) -> None:
    """Both say the number, and nothing once all is read or the chat is left."""
    belfry.attention.name("Physics 8b")
    belfry.attention.unread(3)
    assert belfry.root.title() == "(3) Physics 8b - Hallway (work)"
    assert belfry.attention.figures == "3"

    belfry.attention.name("")
    assert belfry.root.title() == "Hallway (work)"
    assert belfry.attention.figures == ""


def test_the_call_of_tk_9_is_one_notification(belfry: Belfry) -> None:
    """Where Tk has notifications it is asked for one, in words; a desktop that has none is no trouble."""
    told: list[tuple[str, ...]] = []
    call = belfry.root.tk.call

    class Newer:
        """Tk as it will be: this one may be an 8.6."""

        def call(self, *words: str) -> object:
            if words == ("set", "tk_version"):
                return "9.0"
            if words[:2] == ("tk", "sysnotify"):
                told.append(words[2:])
                raise tk.TclError("no notifications here")
            return call(*words)

    class Root:
        tk = Newer()

        def wm_frame(self) -> str:
            return belfry.root.wm_frame()

    attention.call(Root(), "Physics 8b", "Bob wrote to you alone.")  # type: ignore[arg-type]

    assert told == [("Physics 8b", "Bob wrote to you alone.")]


def test_quiet_hours_are_said_and_ended_over_the_chat(joined: Desk, folder: Path) -> None:
    """Until when, how to end it, and no line once it has ended."""
    window = joined.window
    assert not window.quiet_line.winfo_ismapped()
    window.store.change(replace(window.settings, quiet_until=now_ms() + HOUR))
    joined.until(window.quiet_line.winfo_ismapped, "it is said")
    joined.until(lambda: "nothing sounds" in str(window.quiet_line.said.cget("text")), "what it means is said")
    joined.root.geometry("400x380")
    joined.until(lambda: "nothing" not in str(window.quiet_line.said.cget("text")), "the messages get the room")
    assert str(window.quiet_line.said.cget("text")).startswith("Do not disturb until ")
    assert window.quiet_line.said.winfo_reqwidth() <= window.quiet_line.said.winfo_width()

    joined.click_on(window.quiet_line.end_button)
    joined.until(lambda: not window.quiet_line.winfo_ismapped(), "it is said no more")
    joined.until(lambda: load_settings(folder).quiet_until == 0, "it is kept")


def test_quiet_hours_end_by_themselves(joined: Desk) -> None:
    """When the time is over the line goes."""
    window = joined.window
    window.store.change(replace(window.settings, quiet_until=now_ms() + 1500))
    joined.until(window.quiet_line.winfo_ismapped, "it is said")

    joined.until(lambda: not window.quiet_line.winfo_ismapped(), "it is over")


def test_the_window_knows_whether_it_has_the_keyboard(joined: Desk) -> None:
    """It is what decides whether somebody has to be called."""
    other = tk.Toplevel(joined.root)
    other.geometry("100x100+1000+0")
    joined.until(lambda: joined.window.attention.focused, "it has the keyboard")
    joined.look_away()
    joined.until(lambda: not joined.window.attention.focused, "it has lost it")
    other.destroy()


def test_an_idle_window_costs_next_to_nothing(
    folder: Path, server: ServerProcess, record_property: Callable[[str, object], None]
) -> None:
    """Less than one percent of a core while it is joined and nothing happens, five seconds long; the best of three."""
    desk = in_the_chat(folder, server)
    desk.window.draws = False  # by itself; that a tick draws is the tests' way to measure it

    def share_of_a_core(seconds: float) -> float:
        began, before = time.monotonic(), time.process_time()
        while time.monotonic() < began + seconds:
            desk.root.tk.dooneevent(0)  # sleeps until something is to be done, as the main loop does
        return (time.process_time() - before) / (time.monotonic() - began)

    try:
        share_of_a_core(11)  # when nothing has happened for so long, it looks less often
        share = 1.0
        for _ in range(3):
            share = min(share, share_of_a_core(5))
            if share < 0.01:
                break
    finally:
        desk.window.close()
    record_property("idle_share_of_a_core", share)
    print(f"an idle window takes {share:.2%} of a core")

    assert share < 0.01
