"""The first screen: the chats it hears, what is typed into it, and what it says; the real window and real servers."""

from __future__ import annotations

import shutil
import socket
import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import join_screen
from certificate import fingerprint_of, in_words
from desk import CHANGED, NEW_ONE, OLD_ONE, SESAME, Desk, first_screen, go_to, in_sight, resize
from engine import Refused
from join_screen import Attempt, JoinScreen
from look import DARK
from peers import Peer
from processes import ServerProcess


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
    card = box(join.frame)
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


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Something that listens and says nothing: what the window is told then comes from the test alone."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


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

    desk.click_on(desk.chat.leave_button)
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
    desk.click_on(desk.chat.leave_button)
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

    if join.bar.winfo_ismapped():
        join.name.focus_force()
        desk.until(lambda: in_sight(join.name, desk), "the keyboard takes the view along")
        desk.press(*["Next"] * 40)
        desk.until(lambda: float(join.view.yview()[1]) == 1.0, "the page keys lead down")
        assert in_sight(join.button, desk)
        join.name.focus_force()
        go_to(desk, join.port)
        desk.until(lambda: in_sight(join.port, desk), "Tab takes the view along")
