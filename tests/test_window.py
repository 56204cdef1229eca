"""The window: what it makes of a conversation, without Tk; then the real one, with real keys and a real mouse.

What is at the keyboard and the mouse is in desk.py; a `Peer` is the other side.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
import tkinter as tk
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

import client
from clientlib.happenings import Ended
from clientlib.storage import Settings, load_settings
from desk import CHANGED, NEW_ONE, SESAME, Desk, first_screen
from peers import Peer
from processes import CHECKOUT, ServerProcess
from protocol import EVERYONE
from windowlib import shapes, window
from windowlib.colours import DARK, LIGHT, Look, contrast, name_colours
from windowlib.transcript import HUES, hue_tag

SECONDS = 10.0  # for anything the window is expected to show


# --- how it looks, without Tk -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_everything_can_be_read(colours: Look) -> None:
    """Every text reaches a contrast of 4.5:1 on everything it stands on (WCAG 2.1, AA)."""
    grounds = [colours.surface, colours.own, colours.private]
    assert min(contrast(ink, ground) for ink in name_colours(colours) for ground in grounds) >= 4.5

    for ink in (colours.text, colours.muted, colours.trouble, colours.accent):  # the last is a link's
        assert min(contrast(ink, ground) for ground in grounds) >= 4.5, ink
    assert contrast(colours.trouble, colours.hover) >= 4.5  # “not encrypted” under the mouse
    for ink in (colours.text, colours.muted):
        assert min(contrast(ink, ground) for ground in (colours.window, colours.sidebar)) >= 4.5, ink
    assert min(contrast(colours.surface, ink) for ink in name_colours(colours)) >= 4.5  # initials
    assert len(name_colours(colours)) == HUES
    assert contrast(colours.text, colours.hover) >= 4.5
    assert contrast(colours.private_text, colours.private) >= 4.5
    assert contrast(colours.private_text, colours.surface) >= 4.5
    assert contrast(colours.fine, colours.surface) >= 4.5
    assert min(contrast(colours.accent_text, ground) for ground in (colours.accent, colours.accent_hover)) >= 4.5


def test_a_name_keeps_its_colour_however_it_is_written() -> None:
    """The colour comes from the folded name."""
    assert hue_tag("ADA") == hue_tag("ada")
    assert len({hue_tag(f"Person {number}") for number in range(500)}) > 15


def test_every_shape_finds_its_colours() -> None:
    """A colour that is misspelled in the table of shapes would end the window when that state is first drawn."""
    known = {field.name for field in fields(Look)}
    drawn = [shape for states in shapes.SHAPES.values() for shape in states.values()]

    used = {part for one in drawn for part in (one.fill, one.edge, one.ring, one.ground, one.tick) if part}
    assert used <= known


# --- the real window --------------------------------------------------------------------------------------------------


def test_join_and_talk(desk: Desk, server: ServerProcess, folder: Path) -> None:
    """Type a name, Join, type, Enter: everybody sees it, one sees the others', and it is remembered who one is."""
    bob = Peer.join(server, "Bob")
    desk.join(server, "Ada")
    bob.expect("joined", name="Ada")
    desk.write("hello from the window")

    bob.expect("message", sender="Ada", text="hello from the window", to=EVERYONE)
    desk.sees("✓\u00a0stored\nhello from the window")
    assert "own" in desk.tags_of("hello from the window")
    assert desk.chat.composer.written == ""

    bob.say("hello from Bob")
    desk.sees("hello from Bob")
    assert desk.shown.count("hello from the window") == 1
    assert "Hallway" in desk.root.title()
    assert replace(load_settings(folder), geometry="") == Settings("Ada", server.host, server.port)


def test_the_look_is_switched_and_remembered(joined: Desk, folder: Path) -> None:
    """One button changes all colours at once, also of what stands there already."""
    before = str(joined.chat.conversation.text.cget("background"))
    joined.choose("Light look")
    joined.until(lambda: joined.window.theme.look is DARK, "it is dark")

    assert before == LIGHT.surface
    assert str(joined.chat.conversation.text.cget("background")) == DARK.surface
    joined.until(lambda: load_settings(folder).look == "dark", "it is remembered")


# --- encryption, certificates and passwords ---------------------------------------------------------------------------


def test_a_certificate_that_changes_in_the_middle_of_a_chat(joined: Desk) -> None:
    """Back to the first screen, where what one goes on typing lands nowhere; what one was writing is there again."""
    joined.type("half a sent")
    joined.until(lambda: joined.chat.composer.written == "half a sent", "it is typed")
    assert joined.window.engine is not None
    joined.window.engine.events.put(Ended(CHANGED, "certificate_changed", NEW_ONE))
    joined.until(lambda: joined.window.join, "the first screen is shown")
    join = first_screen(joined)
    joined.until(join.trust_button.winfo_ismapped, "the new one can be trusted")
    assert joined.said == CHANGED
    joined.type("ence")
    joined.press("Return")
    joined.settle()
    assert join.name.get() == "Ada"
    assert not join.connecting

    joined.until(lambda: join.trust_button.instate(["!disabled"]), "it can be pressed", 5)
    joined.click_on(join.trust_button)
    joined.until(lambda: joined.window.join is None, "the chat is entered")
    joined.until(lambda: joined.chat.composer.written == "half a sent", "what was being written is there")


def test_a_password_that_is_wanted_in_the_middle_of_a_chat(joined: Desk) -> None:
    """The server was started anew with one: the first screen asks, and takes no words of the chat for it. The first
    Tab leads to the field.
    """
    engine = joined.window.engine
    assert engine is not None
    engine.events.put(Ended("This chat needs a password.", "wrong_password", NEW_ONE))
    joined.until(lambda: joined.window.join, "the first screen is shown")
    join = first_screen(joined)
    joined.until(join.password.winfo_ismapped, "it is asked for")
    joined.type("hello")
    joined.press("Return")
    joined.settle()

    assert join.password.get() == ""
    assert not join.connecting
    reached: list[tk.Misc | None] = []
    for _ in range(11):
        joined.press("Tab")
        joined.until(lambda: joined.root.focus_get() not in (join, *reached[-1:]), "the keyboard goes on")
        reached.append(joined.root.focus_get())
    fields = [join.password, join.show_button, join.remember, join.address_button, join.host_button]
    fields += [join.host, join.port, join.button, join.look_button]
    assert [one for one in reached if one is not join.chats.text][:9] == fields
    engine.close(0)  # it had not ended, but for the window


def test_the_password_of_the_environment(
    desk: Desk, start_server: Callable[..., ServerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is used as the console uses it: nothing is asked."""
    given: list[str | None] = []

    def run(_folder: Path, _host: str, _port: int, _name: str, password: str | None, _profile: str) -> int:
        given.append(password)
        return 0

    with monkeypatch.context() as starting:
        starting.setattr(window, "run", run)
        starting.setenv("HALLWAY_PASSWORD", SESAME)
        assert client.main([]) == 0
    server = start_server(HALLWAY_PASSWORD=SESAME)
    desk.window.slot.password = given[0]
    desk.join(server, "Ada")

    assert given == [SESAME]


def test_what_x_reads_is_its_owners_only(folder: Path) -> None:
    """As everything else in the folder."""
    window.open_root(folder).destroy()

    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if path.is_file()} == {0o600}


def test_closing_says_goodbye(joined: Desk, server: ServerProcess) -> None:
    """Everybody hears at once that one has left, and the window is gone within two seconds."""
    bob = Peer.join(server, "Bob")
    started = time.monotonic()
    joined.window.close()

    bob.expect("left", seconds=3, name="Ada")
    assert time.monotonic() - started < 2
    with pytest.raises(tk.TclError):
        joined.root.winfo_exists()


def test_ctrl_c_in_the_terminal_ends_the_window(server: ServerProcess) -> None:
    """The program as people start it: joined with the keys alone, ended with status 130, goodbye said, no traceback."""
    bob = Peer.join(server, "Bob")
    command = [
        sys.executable,
        str(CHECKOUT / "client.py"),
        "--host",
        server.host,
        "--port",
        str(server.port),
        "--name",
        "Ada",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ))
    try:
        search = ["xdotool", "search", "--sync", "--onlyvisible", "--class", "Hallway"]
        found = subprocess.run(search, capture_output=True, timeout=20, check=True).stdout.split()[-1].decode()
        subprocess.run(["xdotool", "windowfocus", "--sync", found], check=True, timeout=SECONDS)
        deadline = time.monotonic() + SECONDS
        while "Ada" not in server.log:  # a window may be seen before it takes keys; one Enter too many does nothing
            assert time.monotonic() < deadline, "the window takes no Enter"
            subprocess.run(["xdotool", "key", "Return"], check=True, timeout=SECONDS)
            again = time.monotonic() + 1  # nothing tells of a key that came too early: by then it would have joined
            while "Ada" not in server.log and time.monotonic() < again:
                time.sleep(0.02)
        bob.expect("joined", name="Ada")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.communicate()

    assert process.returncode == 130
    assert output.decode() == ""
    bob.expect("left", name="Ada")


def test_without_a_display_it_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run` raises what client.py turns into the console."""
    monkeypatch.setenv("DISPLAY", ":987")
    if sys.platform != "linux":
        pytest.skip("only X11 looks at DISPLAY")

    with pytest.raises(window.NoDisplay):
        window.run(folder, None, None, None)
