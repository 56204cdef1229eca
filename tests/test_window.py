"""The window: what it makes of a conversation, without Tk; then the real one, with real keys and a real mouse.

What is at the keyboard and the mouse is in desk.py; a `Peer` is the other side.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import tkinter as tk
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

import client
import join_screen
import look
import window
from certificate import fingerprint_of, in_words
from desk import Desk
from happenings import Ended, Refused
from join_screen import Attempt, JoinScreen
from look import DARK, LIGHT, Look, contrast, name_colours
from peers import Peer
from processes import CHECKOUT, ServerProcess
from protocol import EVERYONE
from storage import Settings, load_settings
from transcript import hue_tag

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
    shapes = [shape for states in look.SHAPES.values() for shape in states.values()]

    used = {part for one in shapes for part in (one.fill, one.edge, one.ring, one.ground, one.tick) if part}
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


def test_what_is_wrong_on_the_first_screen_is_said_there(desk: Desk) -> None:
    """A name nobody may have, no address, a port that is none: in words, with the field at hand, before connecting."""
    join = desk.window.join
    assert join is not None
    desk.press("Return")
    desk.until(lambda: "at least one character" in desk.said, "a name is asked for")
    assert desk.root.focus_get() is join.name

    desk.fill(name="Ada")
    desk.press("Return")
    desk.until(lambda: "Type the address" in desk.said, "an address is asked for")
    assert desk.root.focus_get() is join.host

    desk.fill(host="127.0.0.1", port="70000")
    desk.press("Return")
    desk.until(lambda: "from 1 to 65535" in desk.said, "the port is corrected")
    assert desk.root.focus_get() is join.port
    assert desk.window.chat is None


def test_a_port_nobody_listens_on(desk: Desk) -> None:
    """The screen stays and says what to look at; another try is one key away."""
    with socket.socket() as taken:  # bound, and not listening: nobody else can take it meanwhile
        taken.bind(("127.0.0.1", 0))
        desk.fill("Ada", "127.0.0.1", taken.getsockname()[1])
        desk.press("Return")
        desk.until(lambda: desk.said_trouble, "it is said")

    assert "127.0.0.1" in desk.said
    assert desk.window.join is not None
    assert str(desk.window.join.button.cget("text")) == "Join"


def test_a_refused_name_is_said_and_another_one_taken(desk: Desk, server: ServerProcess) -> None:
    """With the name in question in hand, so that typing replaces it."""
    Peer.join(server, "Ada")
    desk.fill("ada", server.host, server.port)
    desk.press("Return")
    desk.until(lambda: desk.window.chat is None and "ada" in desk.said.casefold(), "the name is refused")
    assert desk.window.join is not None
    desk.until(lambda: desk.window.join and desk.root.focus_get() is desk.window.join.name, "the name can be typed")

    desk.type("Ada Two")
    desk.press("Return")
    desk.until(lambda: desk.window.join is None, "the chat is entered")


def test_joining_can_be_cancelled(desk: Desk) -> None:
    """A server that does not answer keeps nobody waiting: Esc, and the screen can be used again."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        desk.fill("Ada", "127.0.0.1", silent.getsockname()[1])
        desk.press("Return")
        desk.until(lambda: desk.window.join and desk.window.join.connecting, "it is tried")
        assert desk.window.join is not None
        assert str(desk.window.join.button.cget("text")) == "Joining …"

        desk.press("Escape")
        desk.until(lambda: desk.window.join and not desk.window.join.connecting, "it is cancelled")
        assert desk.window.chat is None


def test_the_look_is_switched_and_remembered(joined: Desk, folder: Path) -> None:
    """One button changes all colours at once, also of what stands there already."""
    before = str(joined.chat.conversation.text.cget("background"))
    joined.choose("Light look")
    joined.until(lambda: joined.window.theme.look is DARK, "it is dark")

    assert before == LIGHT.surface
    assert str(joined.chat.conversation.text.cget("background")) == DARK.surface
    joined.until(lambda: load_settings(folder).look == "dark", "it is remembered")


def test_on_the_first_screen_the_look_leaves_the_keyboard_where_it_was(desk: Desk) -> None:
    """In the field that one was in."""
    join = desk.window.join
    assert join is not None
    desk.fill(host="ho")
    desk.click_on(join.look_button)
    desk.until(lambda: desk.window.theme.look is DARK, "it is dark")

    assert desk.root.focus_get() is join.host
    desk.press("End")
    desk.type("me")
    desk.until(lambda: join.host.get() == "home", "one goes on typing")


@pytest.mark.parametrize("size", ["420x400", "440x400", "640x400", "900x690", "1600x1000"])
def test_the_look_button_and_the_card_do_not_cut_into_each_other(desk: Desk, size: str) -> None:
    """On the first screen, at any size: the button stands apart from the card, or wholly within it; neither is cut."""
    join = desk.window.join
    assert join is not None
    desk.root.geometry(size)
    width = int(size.split("x", maxsplit=1)[0])
    desk.until(lambda: desk.root.winfo_width() == width, "it has that size")
    desk.root.update()

    def box(widget: tk.Misc) -> tuple[int, int, int, int]:
        x, y = widget.winfo_rootx(), widget.winfo_rooty()
        return x, y, x + widget.winfo_width(), y + widget.winfo_height()

    left, top, right, bottom = box(join.look_button)
    card = box(join.card)
    apart = left >= card[2] + 8 or bottom <= card[1] - 8
    within = card[0] + 8 <= left and card[1] + 8 <= top and right <= card[2] - 8 and bottom <= card[3] - 8
    assert apart or within
    assert left >= 0
    assert top >= 0
    assert right <= desk.root.winfo_width()
    assert card[0] >= 16
    assert card[2] <= desk.root.winfo_width() - 16
    assert card[1] >= 8
    assert card[3] <= desk.root.winfo_height() - 8


def test_a_second_enter_by_reflex_does_not_cancel(desk: Desk) -> None:
    """While it is being joined the keyboard is on nothing that Enter would press."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        desk.fill("Ada", "127.0.0.1", silent.getsockname()[1])
        desk.press("Return", "Return", "Return")
        desk.until(lambda: desk.window.join and desk.window.join.connecting, "it is tried")
        desk.settle()

        assert desk.window.join is not None
        assert desk.window.join.connecting
        assert desk.root.focus_get() is desk.window.join
        desk.press("Escape")
        desk.until(lambda: desk.window.join and desk.root.focus_get() is desk.window.join.name, "Esc gives up")


# --- encryption, certificates and passwords ---------------------------------------------------------------------------

OLD_ONE, NEW_ONE = "3f" * 32, "9b" * 32  # fingerprints
SESAME = "open sesame"
CHANGED = (
    f"The server at 192.168.1.20 shows another certificate than the last time. It was “{in_words(OLD_ONE)}” and is now "
    f"“{in_words(NEW_ONE)}”. Either it was set up anew, or another computer pretends to be it. Nothing of yours was "
    "sent. Compare the new words with those at its terminal before you trust it."
)


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Something that listens and says nothing: what the window is told then comes from the test alone."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def first_screen(desk: Desk) -> JoinScreen:
    assert desk.window.join is not None
    return desk.window.join


def refuse(desk: Desk, silent: socket.socket, refused: Refused) -> JoinScreen:
    """Joins, and hands the window this answer."""
    desk.fill("Ada", "127.0.0.1", silent.getsockname()[1])
    desk.press("Return")
    desk.until(lambda: desk.window.engine, "it is tried")
    assert desk.window.engine is not None
    desk.window.engine.events.put(refused)
    desk.until(lambda: not first_screen(desk).connecting, "it is refused")
    desk.root.update()
    return first_screen(desk)


def resize(desk: Desk, size: str) -> None:
    """Gives the window this size, such as `440x560`, or the smallest it can have."""
    width, height = desk.root.minsize() if size == "smallest" else map(int, size.split("x"))
    desk.root.geometry(f"{width}x{height}")
    desk.until(lambda: (desk.root.winfo_width(), desk.root.winfo_height()) == (width, height), "it has that size")
    desk.root.update()


def in_sight(widget: tk.Misc, desk: Desk) -> bool:
    """Whether all of `widget` can be seen, within the window and within what scrolls."""
    desk.root.update()
    top, bottom = widget.winfo_rooty(), widget.winfo_rooty() + widget.winfo_height()
    around: tk.Misc | None = widget
    while around is not None:
        if not around.winfo_rooty() <= top < bottom <= around.winfo_rooty() + around.winfo_height():
            return False
        around = around.master
    return bool(widget.winfo_viewable())


def go_to(desk: Desk, widget: tk.Misc) -> None:
    """Goes there with Tab alone."""
    for _ in range(12):
        before = desk.root.focus_get()
        if before is widget:
            return
        desk.press("Tab")
        desk.until(lambda before=before: desk.root.focus_get() is not before, "the keyboard goes on")  # type: ignore[misc]
    pytest.fail(f"Tab does not lead to {widget}")


def test_a_chat_that_wants_a_password(desk: Desk, folder: Path, start_server: Callable[..., ServerProcess]) -> None:
    """It is asked for under the name, as dots; a wrong one is said and typed over; it is kept only when told to."""
    server = start_server(HALLWAY_PASSWORD=SESAME)
    join = first_screen(desk)
    assert not join.password.winfo_ismapped()

    desk.fill("Ada", server.host, server.port)
    desk.press("Return")
    desk.until(lambda: desk.root.focus_get() is join.password, "it is asked for")
    assert desk.said == "This chat needs a password."
    assert not desk.said_trouble
    assert join.password.cget("show") == "•"
    assert in_words(fingerprint_of(server.data / "hallway.pem")) in str(join.asks.cget("text"))
    assert join.name.winfo_rooty() < join.password.winfo_rooty() < join.said.winfo_rooty() < join.host.winfo_rooty()

    desk.press("Return")
    desk.until(lambda: desk.said == "Type the password of the chat.", "an empty one is not sent")
    desk.type("open barley")
    desk.press("Return")
    desk.until(lambda: desk.said == "That is not the password.", "it is wrong")
    desk.until(lambda: desk.root.focus_get() is join.password, "another one can be typed")
    desk.type("open sesame")
    desk.press("Return")
    desk.until(lambda: desk.window.join is None, "the chat is entered")
    assert "open" not in (folder / "servers.json").read_text()


def test_a_password_is_remembered_when_told_to(
    desk: Desk, folder: Path, start_server: Callable[..., ServerProcess]
) -> None:
    """The box below it, by keyboard: next time nothing is asked."""
    server = start_server(HALLWAY_PASSWORD=SESAME)
    join = first_screen(desk)
    desk.fill("Ada", server.host, server.port)
    desk.press("Return")
    desk.until(lambda: desk.root.focus_get() is join.password, "it is asked for")
    assert not join.remember.instate(["selected"])
    desk.type("open sesame")
    go_to(desk, join.remember)
    desk.press("space")
    desk.until(lambda: join.remember.instate(["selected"]), "the box is ticked")
    desk.press("Return")
    desk.until(lambda: desk.window.join is None, "the chat is entered")
    desk.until(lambda: "open sesame" in (folder / "servers.json").read_text(), "it is kept")

    desk.choose("Leave")
    desk.until(lambda: desk.window.join, "the first screen is shown")
    desk.focus()
    desk.press("Return")
    desk.until(lambda: desk.window.join is None, "the chat is entered again")


def test_a_password_can_be_looked_at(desk: Desk, silent: socket.socket) -> None:
    """Show and Hide, by mouse and by keyboard; what one has typed stays."""
    join = refuse(desk, silent, Refused("wrong_password", "This chat needs a password.", NEW_ONE))
    desk.type("sesame")
    desk.until(lambda: join.password.get() == "sesame", "it is typed")
    desk.click_on(join.show_button)
    desk.until(lambda: join.password.cget("show") == "", "it can be read")
    assert str(join.show_button.cget("text")) == "Hide"

    join.password.focus_force()
    go_to(desk, join.show_button)
    desk.press("space")
    desk.until(lambda: join.password.cget("show") == "•", "it is hidden again")
    assert join.password.get() == "sesame"


def test_a_password_is_for_one_address(desk: Desk, silent: socket.socket) -> None:
    """When another address is typed the field goes, and what was typed into it."""
    join = refuse(desk, silent, Refused("wrong_password", "This chat needs a password.", NEW_ONE))
    desk.type("sesame")
    desk.until(lambda: join.password.get() == "sesame", "it is typed")
    join.host.focus_force()
    desk.press("End")
    desk.type("0")
    desk.until(lambda: not join.password.winfo_ismapped(), "it is not asked for any more")
    assert join.password.get() == ""
    assert "password" not in desk.said

    join = refuse(desk, silent, Refused("wrong_password", "This chat needs a password.", NEW_ONE))
    assert join.password.winfo_ismapped()
    assert join.password.get() == ""


def test_before_a_password_goes_out_in_the_clear_it_is_said(desk: Desk, silent: socket.socket) -> None:
    """In the colour of trouble, below the field."""
    join = refuse(desk, silent, Refused("wrong_password", "This chat needs a password."))

    assert "not encrypted" in str(join.asks.cget("text"))
    assert "Trouble" in str(join.asks.cget("style"))
    assert not join.remember.winfo_ismapped()
    tried: list[Attempt] = []
    join._on_join = tried.append
    desk.type("sesame")
    desk.until(lambda: join.password.get() == "sesame", "it is typed")
    desk.press("Return")
    desk.until(lambda: tried, "it is tried")
    assert (tried[0].password, tried[0].in_clear, tried[0].remember) == ("sesame", True, False)


def test_a_changed_certificate_is_trusted_deliberately(desk: Desk, server: ServerProcess) -> None:
    """Both certificates in words; Enter does not trust it; a button of its own, at the end, does."""
    desk.join(server, "Ada")
    file = server.data / "hallway.pem"
    old = in_words(fingerprint_of(file))
    desk.choose("Leave")
    desk.until(lambda: desk.window.join, "the first screen is shown")
    server.kill()
    shutil.rmtree(server.data)  # with the same names in it, Ada's would be somebody else's: her token is not told
    server.restart()
    new = in_words(fingerprint_of(file))
    join = first_screen(desk)
    desk.focus()
    desk.press("Return")
    desk.until(join.trust_button.winfo_ismapped, "it is refused")
    assert desk.said_trouble
    assert old in desk.said
    assert new in desk.said

    start = join._on_join
    tried: list[Attempt] = []

    def count(attempt: Attempt) -> None:
        tried.append(attempt)
        start(attempt)

    join._on_join = count
    desk.press("Return", "Return")
    desk.settle()
    assert tried == []
    go_to(desk, join.name)
    desk.press("Return")
    desk.until(lambda: len(tried) == 1, "it is tried again")
    desk.until(lambda: join.trust_button.winfo_ismapped() and not join.connecting, "it is refused again")
    assert tried[0].accept is None
    desk.until(lambda: join.trust_button.instate(["!disabled"]), "it can be trusted", 5)
    go_to(desk, join.trust_button)
    desk.press("Return")
    desk.until(lambda: desk.window.join is None, "the chat is entered")
    desk.sees(f"This is the new certificate you have trusted. Its words: {new}.")
    assert "first time" not in desk.shown


def test_a_double_click_trusts_nobody(desk: Desk, silent: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The button takes nothing at first: it may have come up right under the mouse."""
    monkeypatch.setattr(join_screen, "DELIBERATE", 60_000)
    join = refuse(desk, silent, Refused("certificate_changed", CHANGED, NEW_ONE))
    desk.click_on(join.trust_button)
    desk.settle()

    assert not join.connecting
    assert desk.window.engine is None


def test_trust_is_for_one_address(desk: Desk, silent: socket.socket) -> None:
    """When another address is typed nothing is offered any more."""
    join = refuse(desk, silent, Refused("certificate_changed", CHANGED, NEW_ONE))
    assert join.trust_button.winfo_ismapped()
    join.port.focus_force()
    desk.press("End")
    desk.type("1")

    desk.until(lambda: not join.trust_button.winfo_ismapped(), "it is not offered")


def test_a_password_typed_for_another_server_is_put_away(desk: Desk, silent: socket.socket) -> None:
    """When the certificate turns out to be another one it is not told to that one."""
    join = refuse(desk, silent, Refused("wrong_password", "This chat needs a password.", OLD_ONE))
    desk.type("sesame")
    desk.until(lambda: join.password.get() == "sesame", "it is typed")
    desk.press("Return")
    desk.until(lambda: desk.window.engine, "it is tried")
    assert desk.window.engine is not None
    desk.window.engine.events.put(Refused("certificate_changed", CHANGED, NEW_ONE))
    desk.until(join.trust_button.winfo_ismapped, "it is refused")

    assert not join.password.winfo_ismapped()
    assert join.password.get() == ""
    go_to(desk, join.name)


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
    """The server was started anew with one: the first screen asks, and takes no words of the chat for it."""
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
    for _ in range(8):
        joined.press("Tab")
        joined.until(lambda: joined.root.focus_get() not in (join, *reached[-1:]), "the keyboard goes on")
        reached.append(joined.root.focus_get())
    assert reached == [
        join.name, join.password, join.show_button, join.remember, join.host, join.port, join.button, join.look_button
    ]  # fmt: skip
    engine.close(0)  # it had not ended, but for the window


def test_the_password_of_the_environment(
    desk: Desk, start_server: Callable[..., ServerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is used as the console uses it: nothing is asked."""
    given: list[str | None] = []

    def run(_folder: Path, _host: str, _port: int, _name: str, password: str | None) -> int:
        given.append(password)
        return 0

    with monkeypatch.context() as starting:
        starting.setattr(window, "run", run)
        starting.setenv("HALLWAY_PASSWORD", SESAME)
        assert client.main([]) == 0
    server = start_server(HALLWAY_PASSWORD=SESAME)
    desk.window._password = given[0]
    desk.join(server, "Ada")

    assert given == [SESAME]


def test_what_x_reads_is_its_owners_only(folder: Path) -> None:
    """As everything else in the folder."""
    window.open_root(folder).destroy()

    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if path.is_file()} == {0o600}


SMALLEST = {
    "four lines": Refused("unreachable", "Nobody answers at this address. " * 5),
    "a password": Refused("wrong_password", "This chat needs a password.", NEW_ONE),
    "a password, in the clear": Refused("wrong_password", "This chat needs a password."),
    "a long wait": Refused("wrong_password", "Too many wrong passwords from your address. Try again in 120 seconds."),
    "another certificate": Refused("certificate_changed", CHANGED, NEW_ONE),
    "a hostile server": Refused("full", "There is no room here. " * 150),
}


@pytest.mark.parametrize("size", ["smallest", "440x560"])
@pytest.mark.parametrize("refused", SMALLEST.values(), ids=SMALLEST.keys())
def test_nothing_pushes_join_out_of_sight(desk: Desk, silent: socket.socket, refused: Refused, size: str) -> None:
    """However much is to be said: the buttons stay, the field with the keyboard is seen, and the rest scrolls."""
    resize(desk, size)
    join = refuse(desk, silent, refused)
    desk.until(lambda: in_sight(join.button, desk), "Join is in sight")
    assert in_sight(join.look_button, desk)
    if refused.code == "certificate_changed":
        assert in_sight(join.trust_button, desk)
    else:
        focused = desk.root.focus_get()
        assert focused is not None
        assert in_sight(focused, desk)
    if len(refused.text) < 500:
        desk.until(lambda: in_sight(join.said, desk), "the sentence is in sight")

    if join._bar.winfo_ismapped():
        join.name.focus_force()
        desk.until(lambda: in_sight(join.name, desk), "the keyboard takes the view along")
        desk.press(*["Next"] * 40)
        desk.until(lambda: float(join._view.yview()[1]) == 1.0, "the page keys lead down")
        assert in_sight(join.button, desk)
        join.name.focus_force()
        go_to(desk, join.port)
        desk.until(lambda: in_sight(join.port, desk), "Tab takes the view along")


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
        subprocess.run(["xdotool", "windowfocus", "--sync", found, "key", "Return"], check=True, timeout=SECONDS)
        bob.expect("joined", name="Ada")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.communicate()

    assert process.returncode == 130
    assert output == b""
    bob.expect("left", name="Ada")


def test_without_a_display_it_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run` raises what client.py turns into the console."""
    monkeypatch.setenv("DISPLAY", ":987")
    if sys.platform != "linux":
        pytest.skip("only X11 looks at DISPLAY")

    with pytest.raises(window.NoDisplay):
        window.run(folder, None, None, None)
