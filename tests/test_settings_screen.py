"""The settings and the page of keys: by keyboard and mouse, at once, and kept; size, look and place of the window."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tkinter as tk
from dataclasses import replace
from pathlib import Path
from tkinter import ttk

import pytest

from clientlib.storage import Settings, load_settings, save_settings
from desk import Desk, Hands
from processes import ServerProcess
from windowlib.appearance import STEPS, next_size
from windowlib.colours import DARK, LIGHT
from windowlib.display import open_root, placed
from windowlib.look import Theme
from windowlib.quiet import HOUR, now_ms
from windowlib.settings_screen import SettingsScreen
from windowlib.shortcuts import SHORTCUTS, ShortcutsPage
from windowlib.system_look import SystemLook
from windowlib.window import Window

LINUX = sys.platform.startswith("linux")


@pytest.mark.parametrize(
    ("percent", "step", "expected"),
    [(100, 1, 110), (100, -1, 90), (105, 1, 110), (105, -1, 100), (300, 1, 300), (50, -1, 50), (299, 1, 300)],
)
def test_sizes_come_in_steps(percent: int, step: int, expected: int) -> None:
    """From any size to the next one, and no further than the last."""
    assert next_size(percent, step) == expected


def settings_of(desk: Desk) -> SettingsScreen:
    """Opens the settings by their key."""
    desk.press("ctrl+comma")
    desk.until(lambda: isinstance(desk.window.page, SettingsScreen), "the settings are open")
    page = desk.window.page
    assert isinstance(page, SettingsScreen)
    desk.until(lambda: desk.root.focus_get() in page.looks.values(), "the keyboard is in them")
    return page


def test_the_settings_work_by_keyboard(joined: Desk, folder: Path) -> None:
    """Arrows choose in a group, Tab goes on, Enter and space press; every change holds at once and is kept."""
    page = settings_of(joined)
    joined.press("Down", "Down")
    joined.until(lambda: joined.window.theme.look is DARK, "it is dark")
    assert joined.root.focus_get() is page.looks["dark"]

    joined.press("Tab", "Tab", "Return")
    joined.until(lambda: joined.window.settings.zoom == 110, "it is larger")
    assert joined.root.focus_get() is page.larger_button
    page.sounds["off"].focus_force()
    joined.press("space")
    joined.until(lambda: joined.window.settings.sound == "off", "it is silent")
    joined.press("Tab", "Tab", "Tab", "Tab", "Return")
    joined.until(lambda: joined.window.settings.quiet_until > now_ms() + HOUR // 2, "it is quiet")
    joined.until(lambda: "On until" in str(page.quiet.cget("text")), "it is said")

    joined.press("Escape")
    joined.until(lambda: joined.window.page is None, "the chat is shown")
    joined.until(lambda: joined.root.focus_get() is joined.chat.composer.entry, "one can go on writing")
    joined.until(lambda: load_settings(folder).quiet_until > 0, "it is kept")
    kept = load_settings(folder)
    assert (kept.look, kept.zoom, kept.sound) == ("dark", 110, "off")


def test_tab_reaches_every_control_of_the_settings(desk: Desk) -> None:
    """And each is in sight when the keyboard comes to it, however small the window."""
    desk.root.geometry("640x400")
    page = settings_of(desk)
    reached: list[tk.Misc] = []
    while (control := desk.root.focus_get()) not in reached:
        assert control is not None
        reached.append(control)
        assert desk.in_sight(control)
        desk.press("Tab")
        desk.until(lambda control=control: desk.root.focus_get() is not control, "the keyboard goes on")  # type: ignore[misc]

    buttons = [widget for widget in widgets(page) if isinstance(widget, ttk.Button | ttk.Radiobutton)]
    assert len(buttons) >= 15
    assert set(reached) == {button for button in buttons if not button.instate(["disabled"])}


def widgets(widget: tk.Misc) -> list[tk.Misc]:
    return [widget, *(one for child in widget.winfo_children() for one in widgets(child))]


def test_the_settings_are_open_over_the_first_screen_too(desk: Desk) -> None:
    """What covers it leaves nothing of it to the keyboard; Esc brings it back as it was."""
    desk.fill("Ada")
    page = settings_of(desk)
    assert desk.window.join is not None
    assert not desk.window.join.winfo_ismapped()
    desk.click_on(page.looks["dark"])
    desk.until(lambda: desk.window.theme.look is DARK, "it is dark")

    desk.press("Escape")
    desk.until(lambda: desk.window.join and desk.window.join.winfo_ismapped(), "the first screen is back")
    assert desk.window.join.name.get() == "Ada"
    desk.until(lambda: desk.window.join and desk.root.focus_get() is desk.window.join.name, "with its keyboard")


def test_joining_ends_under_open_settings(desk: Desk, server: ServerProcess) -> None:
    """A chat that is entered while the settings are open is shown after them, and told of what happened."""
    desk.fill("Ada", server.host, server.port)
    desk.press("Return", "ctrl+comma")
    desk.until(lambda: desk.window.join is None and desk.window.page, "the chat is entered")
    assert not desk.chat.winfo_ismapped()

    desk.press("Escape")
    desk.until(desk.chat.winfo_ismapped, "the chat is shown")


def test_one_can_look_at_all_keys(joined: Desk) -> None:
    """F1 opens a page with every key of the table, F1 or Esc closes it."""
    joined.press("F1")
    joined.until(lambda: isinstance(joined.window.page, ShortcutsPage), "the page is open")
    assert joined.window.page is not None
    shown = {str(one.cget("text")) for one in widgets(joined.window.page) if isinstance(one, ttk.Label)}
    for title, group in SHORTCUTS:
        assert title in shown
        assert {one.what for one in group} <= shown

    joined.press("F1")
    joined.until(lambda: joined.window.page is None, "it is closed")
    joined.press("F1")
    joined.until(lambda: joined.window.page, "it is open again")
    joined.press("Escape")
    joined.until(lambda: joined.window.page is None, "it is closed again")
    joined.type("x")
    joined.until(lambda: joined.chat.composer.written == "x", "one can go on writing")


def test_zoom_by_keys_and_wheel(joined: Desk, folder: Path) -> None:
    """Ctrl with + and - and the wheel go by steps, with 0 back; while one writes, nothing of it is typed."""
    joined.type("hi")
    joined.until(lambda: joined.chat.composer.written == "hi", "it is typed")
    for keys, percent in (("ctrl+plus", 110), ("ctrl+KP_Add", 125), ("ctrl+minus", 110), ("ctrl+0", 100)):
        joined.press(keys)
        joined.until(lambda percent=percent: joined.window.theme.percent == percent, f"it is {percent} %")  # type: ignore[misc]
    joined.press("ctrl+KP_Subtract")
    joined.until(lambda: load_settings(folder).zoom == 90, "it is kept")
    if LINUX:
        joined.zoom_with_wheel(400, 300, 2)
        joined.until(lambda: joined.window.theme.percent == 110, "the wheel does it too")

    assert joined.chat.composer.written == "hi"
    assert joined.root.focus_get() is joined.chat.composer.entry


def test_zoom_scales_everything_and_comes_back(joined: Desk) -> None:
    """At twice the size everything takes twice the room, and after any way through the sizes it is as before."""
    joined.root.geometry("1500x1100")
    joined.root.update()
    parts = [joined.chat.composer.button, joined.chat.composer.emoji_button, joined.chat.head.menu_button]
    before = [(part.winfo_reqwidth(), part.winfo_reqheight()) for part in parts]
    side = int(str(joined.chat.composer.button.pack_info()["padx"]))
    for percent in (200,):
        joined.window.appearance.zoom(percent)
        joined.root.update()
    for part, (width, height) in zip(parts, before, strict=True):
        assert 1.8 < part.winfo_reqwidth() / width < 2.2
        assert 1.8 < part.winfo_reqheight() / height < 2.2
    assert int(str(joined.chat.composer.button.pack_info()["padx"])) == 2 * side

    for percent in (*STEPS, *reversed(STEPS), 100):
        joined.window.appearance.zoom(percent)
    joined.root.update()
    assert [(part.winfo_reqwidth(), part.winfo_reqheight()) for part in parts] == before
    assert int(str(joined.chat.composer.button.pack_info()["padx"])) == side


def test_the_look_follows_the_system(folder: Path) -> None:
    """While nobody chose one; whoever did keeps it."""
    system = SystemLook()
    window = Window(open_root(folder), folder, Settings(port=9), system=system)
    try:
        assert window.theme.look is LIGHT
        system.name = "dark"
        Hands(window.root).until(lambda: window.theme.look is DARK, "it is as the system's")
        window.store.change(replace(window.settings, look="light"))
        assert window.theme.look is LIGHT

        system.name = "dark"
        window.appearance.refresh()
        assert window.theme.look is LIGHT
    finally:
        window.close()


def test_size_and_place_are_kept(folder: Path) -> None:
    """The next window opens where the last one was."""
    first = Desk(folder, Settings(port=9), "700x500")
    first.root.geometry("720x520+130+90")
    first.until(lambda: first.root.winfo_x() == 130 and first.root.winfo_width() == 720, "it was moved")
    first.window.close()
    kept = load_settings(folder)
    assert kept.geometry == "720x520+130+90"

    root = tk.Tk()
    try:
        assert placed(root, kept.geometry) == kept.geometry
        assert placed(root, "720x520+90000+90") == "720x520"  # on a screen that is gone
        assert placed(root, "720x520+100+-600") == "720x520"
        assert placed(root, "99999x520+0+0").startswith(f"{root.winfo_screenwidth()}x520")
        assert placed(root, "nonsense") == placed(root, "") == ""
    finally:
        root.destroy()


def test_what_was_only_typed_is_not_kept(folder: Path) -> None:
    """A name and an address that were given once, and led into no chat, are not those of the next start."""
    save_settings(folder, Settings("Ada", "school", 2048))
    desk = Desk(folder, Settings("Bob", "elsewhere", 4096))
    desk.window.store.change(replace(desk.window.settings, sound="all"))
    desk.window.close()

    assert replace(load_settings(folder), geometry="") == Settings("Ada", "school", 2048, sound="all")


def test_settings_that_cannot_be_kept_are_told(joined: Desk, folder: Path) -> None:
    """The chat goes on with them, and says so where one is looking."""
    (folder / "settings.json").unlink()
    (folder / "settings.json").mkdir()
    page = settings_of(joined)
    joined.press("Down")
    joined.until(lambda: "could not be saved" in str(page.trouble.cget("text")), "it is said")
    (folder / "settings.json").rmdir()

    assert page.trouble.winfo_manager()


@pytest.mark.skipif(os.name != "posix", reason="the program is found another way on Windows")
def test_the_password_generator_opens_by_itself(joined: Desk) -> None:
    """As a program of its own, which goes on when the chat is closed."""
    page = settings_of(joined)
    page.generator_button.focus_force()
    joined.press("Return")
    joined.until(lambda: joined.window.launcher.running, "it is started")
    (program,) = joined.window.launcher.running
    try:
        joined.until(lambda: other_windows("Password"), "its window is open", 30)
    finally:
        os.kill(program.pid, signal.SIGKILL)
    joined.until(lambda: "could not be opened" in str(page.trouble.cget("text")), "its end is told")


def other_windows(title: str) -> str:
    return subprocess.run(["xdotool", "search", "--name", title], capture_output=True, text=True, check=False).stdout


def test_the_theme_opens_in_any_size(folder: Path) -> None:
    """A window that was closed at 200 % opens at 200 %."""
    desk = Desk(folder, Settings(port=9, zoom=200, look="dark"), "1200x900")
    try:
        assert desk.window.theme.percent == 200
        assert desk.window.join is not None
        assert desk.window.join.button.winfo_reqheight() > 70
    finally:
        desk.window.close()


def test_nobody_waits_for_the_system() -> None:
    """A system that has not said how it looks yet is light meanwhile."""
    assert SystemLook().wait(0.0) == ""
    root = tk.Tk()
    theme = Theme(root, SystemLook().name)
    assert theme.look is LIGHT
    theme.close()
    root.destroy()
