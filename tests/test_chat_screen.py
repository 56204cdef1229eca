"""The screen one talks in, in the real window: conversations, people, the field, and what is said round them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from certificate import fingerprint_of, in_words
from composer import PASTE_LIMIT
from desk import Desk, flood, in_the_chat
from engine import Engine
from happenings import Ended, Entered, Lost, Stored, Trouble, Waiting
from look import DARK, LIGHT
from messages import NOON, message
from peers import Peer
from processes import ServerProcess
from protocol import MAX_TEXT, Joined, Left, Person
from roster import KNOWN_PEOPLE
from sidebar import SHOWN_PEOPLE


def test_the_send_button_sends(desk: Desk, server: ServerProcess) -> None:
    """A click on Send does what Enter does."""
    bob = Peer.join(server, "Bob")
    desk.join(server, "Ada")
    desk.type("by mouse")
    desk.until(lambda: desk.chat.composer.written == "by mouse", "it is typed")
    desk.click_on(desk.chat.composer.button)
    desk.sees("by mouse")

    bob.expect("message", text="by mouse")


def test_private_messages_are_marked(desk: Desk, server: ServerProcess) -> None:
    """One to oneself and one from oneself say from and to whom; nobody else gets them."""
    bob, cleo = Peer.join(server, "Bob"), Peer.join(server, "Cleo")
    desk.join(server, "Ada")
    bob.say("just for you", to="Ada")
    desk.sees("Private from Bob")
    desk.sees("just for you")
    assert "private" in desk.tags_of("just for you")

    desk.write("@Bob thank you")
    desk.sees("Private to Bob")
    bob.expect("message", text="just for you")
    bob.expect("message", sender="Ada", to="Bob", text="thank you")
    desk.write("to all")
    assert [event.type for event in cleo.events_until("message")] == ["joined", "message"]


def test_a_click_on_a_person_starts_a_private_message(desk: Desk, server: ServerProcess) -> None:
    """The name stands in the field, with what was written before behind it, and the field says who will see it."""
    bob = Peer.join(server, "Bob B.")
    desk.join(server, "Ada")
    tree = desk.chat.people.tree
    desk.until(lambda: tree.exists("person bob b."), "Bob is listed")
    desk.type("hi there")
    desk.until(lambda: desk.chat.composer.written == "hi there", "it is typed")
    desk.root.update()
    x, y, _, height = (int(part) for part in tree.bbox("person bob b."))
    desk.click(tree.winfo_rootx() + x + 40, tree.winfo_rooty() + y + height // 2)

    desk.until(lambda: desk.chat.composer.written == "@Bob B. hi there", "the message is addressed")
    desk.until(lambda: "only Bob B." in str(desk.chat.status.cget("text")), "it is said who will see it")
    desk.write("!")
    bob.expect("message", to="Bob B.", text="hi there!")


def test_people_can_be_chosen_with_the_keyboard(desk: Desk, server: ServerProcess) -> None:
    """Arrows and Enter in the list do what a click does."""
    Peer.join(server, "Bob")
    desk.join(server, "Ada")
    desk.until(lambda: desk.chat.people.tree.exists("person bob"), "Bob is listed")
    desk.chat.people.tree.focus_force()
    desk.until(desk.chat.people.tree.selection, "the list has the keyboard")
    desk.press("Down", "Return")

    desk.until(lambda: desk.chat.composer.written == "@Bob ", "the message is addressed")


def test_what_is_written_while_the_server_is_away_arrives_in_order(desk: Desk, server: ServerProcess) -> None:
    """The server is killed and comes back: the window says so, lets one write, and sends what waited, once each."""
    desk.join(server, "Ada")
    desk.write("before")
    desk.sees("✓\u00a0stored\nbefore")
    server.kill()
    desk.until(lambda: "You can go on writing" in str(desk.chat.status.cget("text")), "the loss is said")
    for number in range(3):
        desk.write(f"meanwhile {number}")
    desk.sees("meanwhile 2   waiting…")
    desk.type("half a sent")
    server.restart()
    bob = Peer.join(server, "Bob")

    assert [message.text for message in bob.read_until(4, 30)] == ["before", *(f"meanwhile {n}" for n in range(3))]
    written = ["before", "meanwhile 0", "meanwhile 1", "meanwhile 2"]
    desk.until(
        lambda: [line for line in desk.shown.split("\n") if line.startswith(("before", "meanwhile"))] == written,
        "each stands there once, in the log's order, and waits no more",
        30,
    )
    assert desk.chat.composer.written == "half a sent"
    assert "Connected" in str(desk.chat.state_label.cget("text"))


def test_a_thousand_joins_at_once(joined: Desk) -> None:
    """They are one line, and the list of people goes no further than anybody would read."""
    assert joined.window.engine is not None
    for number in range(1000):
        joined.window.engine.events.put(Joined(f"Person {number}", NOON))
    joined.sees("Person 0, Person 1 and 998 others joined")

    tree = joined.chat.people.tree
    joined.until(lambda: tree.exists("person person 0"), "they are listed")
    assert len(tree.get_children()) < 2 * SHOWN_PEOPLE + 10
    assert joined.window.longest < 0.2


def test_a_mistake_of_ours_is_said_and_the_chat_goes_on(
    joined: Desk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What cannot be shown leaves a line of trouble, and one report for who can mend it; the next message comes."""
    take = joined.chat.take

    def stumble(event: object) -> None:
        if isinstance(event, Trouble):
            raise RuntimeError("stumbled")  # noqa: TRY004  # whatever a mistake may raise
        take(event)  # type: ignore[arg-type]

    monkeypatch.setattr(joined.chat, "take", stumble)
    assert joined.window.engine is not None
    for _ in range(3):
        joined.window.engine.events.put(Trouble("odd", "whatever"))
    flood(joined, [message("Bob", "still here")])
    joined.sees("still here")

    assert joined.shown.count("could not be shown (RuntimeError: stumbled)") == 1
    assert capfd.readouterr().err.count("RuntimeError: stumbled") == 1


def test_a_long_text_is_counted_and_stays(joined: Desk) -> None:
    """More than fits into one message is said in words before it is sent, and nothing of it is lost."""
    joined.chat.composer.write("y" * (MAX_TEXT + 12))
    joined.focus()
    joined.press("Return")
    joined.until(lambda: "12 characters too long" in str(joined.chat.count.cget("text")), "it is counted")

    assert len(joined.chat.composer.written) == MAX_TEXT + 12
    assert "yyy" not in joined.shown


def test_a_huge_paste_is_cut(joined: Desk) -> None:
    """A line of 250,000 characters would freeze Tk for over a second."""
    joined.root.clipboard_clear()
    joined.root.clipboard_append("z" * 250_000)
    joined.press("ctrl+v")
    joined.until(lambda: joined.chat.composer.written, "it is pasted")

    assert len(joined.chat.composer.written) == PASTE_LIMIT
    joined.until(lambda: "was cut off" in str(joined.chat.count.cget("text")), "it is said")


def test_shift_enter_makes_a_line_and_the_field_grows(joined: Desk, server: ServerProcess) -> None:
    """From one line to five, and back when it is sent; the lines arrive as they were typed."""
    bob = Peer.join(server, "Bob")
    entry = joined.chat.composer.entry
    for number in range(7):
        joined.type(f"line {number}")
        joined.press("shift+Return")
    joined.type("end")
    joined.until(lambda: joined.chat.composer.written.endswith("end"), "it is typed")
    joined.until(lambda: int(entry.cget("height")) == 5, "the field has grown")
    joined.press("Return")
    joined.sees("line 6\nend")

    bob.expect("message", text="".join(f"line {number}\n" for number in range(7)) + "end")
    joined.until(lambda: int(entry.cget("height")) == 1, "the field is small again")


def test_somebody_who_starts_typing_elsewhere_is_writing(joined: Desk) -> None:
    """A letter typed into the conversation goes into the field, and Esc leads there too."""
    flood(joined, (message("Bob", f"line {number}") for number in range(100)))
    joined.sees("line 99")
    joined.click_on(joined.chat.conversation.text)
    joined.type("abc")

    joined.until(lambda: joined.chat.composer.written == "abc", "it is in the field")


def test_a_message_to_nobody_can_be_mended(joined: Desk) -> None:
    """It is said that there is nobody of that name, and the text is back in the field."""
    joined.type("@Nobody hello")
    joined.press("Return")
    joined.sees("not sent\n@Nobody hello\n")

    joined.until(lambda: joined.chat.composer.written == "@Nobody hello", "the text is back")


def test_tab_goes_through_everything(joined: Desk) -> None:
    """Every control can be reached by keyboard, and Tab does not stay in the field."""
    seen = set()
    for _ in range(8):
        seen.add(joined.root.focus_get())
        before = joined.root.focus_get()
        joined.press("Tab")
        joined.until(lambda before=before: joined.root.focus_get() is not before, "the keyboard goes on")  # type: ignore[misc]

    chat = joined.chat
    assert {
        chat.composer.entry,
        chat.composer.button,
        chat.people.tree,
        chat.conversation.text,
        chat.look_button,
    } <= seen


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_after_the_look_was_switched_one_goes_on_writing(joined: Desk, way: str) -> None:
    """The keyboard is back in the field: no word is lost, and no space flips the look again."""
    joined.type("one ")
    joined.until(lambda: joined.chat.composer.written == "one ", "it is typed")
    if way == "mouse":
        joined.click_on(joined.chat.look_button)
    else:
        joined.chat.look_button.focus_force()
        joined.until(lambda: joined.root.focus_get() is joined.chat.look_button, "the button has the keyboard")
        joined.press("space")
    joined.until(lambda: joined.window.theme.look is DARK, "it is dark")
    joined.type("two three")

    joined.until(lambda: joined.chat.composer.written == "one two three", "it stands in the field")
    assert joined.window.theme.look is DARK


def test_without_a_connection_nobody_is_said_to_be_here(joined: Desk) -> None:
    """Header and list speak of the past, without green dots, until the chat is back; the reason ends with one stop."""
    assert joined.window.engine is not None
    put, chat = joined.window.engine.events.put, joined.chat
    people = (Person("Ada", True), Person("Bob", True))
    put(Joined("Cleo", NOON))
    joined.sees("Cleo joined")
    put(Lost("Nobody answers. Is the server running?", 30.0))
    joined.until(lambda: chat._about.cget("text") == "2 were here", "the header says so")
    joined.until(lambda: chat.people.tree.exists("section WERE HERE"), "the list says so")
    assert str(joined.window.theme.here) not in {
        str(image) for row in chat.people.tree.get_children() for image in chat.people.tree.item(row, "image")
    }
    assert "running? Trying again in" in str(chat.status.cget("text"))
    assert "30\u00a0s." in str(chat.status.cget("text"))

    put(Entered("Ada", "Attic", "log", people, 0, resumed=True, new_log=False, left_behind=0))
    put(Joined("Dan", NOON))
    joined.until(lambda: chat._about.cget("text") == "3 here", "they are here again")
    joined.sees("Cleo joined  ·")
    joined.sees("Dan joined  ·")
    joined.until(lambda: chat.people.tree.exists("section HERE"), "the list says so")


def test_in_a_narrow_window_the_list_opens_over_the_conversation(joined: Desk, server: ServerProcess) -> None:
    """A click on how many are here shows who; a click on one of them addresses a message and closes the list."""
    Peer.join(server, "Bob")
    chat = joined.chat
    joined.until(lambda: chat.people.tree.exists("person bob"), "Bob is listed")
    joined.root.geometry("440x400")
    joined.until(lambda: chat.here_button.winfo_viewable() and not chat.people.tree.winfo_viewable(), "it is narrow")
    assert str(chat.here_button.cget("text")).startswith("2 here")

    joined.click_on(chat.here_button)
    joined.until(chat.people.tree.winfo_viewable, "the list is shown")
    joined.press("Escape")
    joined.until(lambda: not chat.people.tree.winfo_viewable(), "Esc closes it")
    joined.click_on(chat.here_button)
    joined.until(lambda: chat.people.tree.bbox("person bob"), "the list is shown again")
    joined.root.update()
    x, y, _, height = (int(part) for part in chat.people.tree.bbox("person bob"))
    joined.click(chat.people.tree.winfo_rootx() + x + 40, chat.people.tree.winfo_rooty() + y + height // 2)
    joined.until(lambda: chat.composer.written == "@Bob ", "the message is addressed")
    joined.until(lambda: not chat.people.tree.winfo_viewable(), "the list is closed")

    joined.root.geometry("900x600")
    joined.until(lambda: chat.people.tree.winfo_viewable() and chat._about.winfo_viewable(), "it is beside it again")
    assert not chat.here_button.winfo_viewable()


def test_what_is_too_long_is_said_in_full_in_a_narrow_window(joined: Desk) -> None:
    """Wrapped, not cut off at the edge; and gone again when it is short enough."""
    joined.root.geometry("440x400")
    joined.until(lambda: joined.root.winfo_width() == 440, "it is narrow")
    joined.chat.composer.write("y" * PASTE_LIMIT)
    count = joined.chat.count
    joined.until(count.winfo_ismapped, "it is said")
    joined.until(lambda: 100 < count.winfo_reqwidth() <= count.winfo_width(), "it fits")
    assert count.winfo_height() >= count.winfo_reqheight()

    joined.chat.composer.write("short")
    joined.until(lambda: not count.winfo_ismapped(), "nothing is said")


def test_being_thrown_out_is_said(joined: Desk) -> None:
    """The conversation stays to be read, with the reason in words and the way back."""
    flood(joined, [message("Bob", "last words")])
    assert joined.window.engine is not None
    joined.window.engine.events.put(Ended("You were asked to leave."))
    joined.sees("You were asked to leave. “Leave” takes you back")
    assert "last words" in joined.shown

    joined.type("not sent")
    joined.press("Return")
    joined.until(lambda: joined.chat.composer.written == "not sent", "it stays in the field")
    joined.click_on(joined.chat.leave_button)
    joined.until(lambda: joined.window.join, "the first screen is shown")


def test_another_log_is_told_from_the_old_one(joined: Desk) -> None:
    """Where a server lost its history the old one stays to be read, and what waited for it waits no more."""
    assert joined.window.engine is not None
    put = joined.window.engine.events.put
    flood(joined, [message("Bob", "old")])
    put(Waiting("id-1", "never sent", None))
    joined.sees("never sent   waiting…")
    put(Entered("Ada", "Attic", "another", (Person("Ada", True),), 0, resumed=False, new_log=True, left_behind=1))
    flood(joined, [message("Bob", "new")])
    joined.sees("new")

    assert "Attic was started anew: its history is not the one above" in joined.shown
    assert "1 message of yours to the old one stays on this computer." in joined.shown
    assert "never sent   not sent" in joined.shown
    assert "waiting…" not in joined.shown
    assert joined.shown.index("old") < joined.shown.index("started anew") < joined.shown.rindex("new")


def test_what_another_log_does_not_have_is_not_left_as_stored_at_the_end(joined: Desk, server: ServerProcess) -> None:
    """Also when nothing was left behind: own messages of the old log stand above the line that tells the two apart."""
    bob = Peer.join(server, "Bob")
    joined.write("to the old log")
    bob.expect("message", text="to the old log")
    joined.sees("✓\u00a0stored\nto the old log")
    assert joined.window.engine is not None
    put = joined.window.engine.events.put
    put(Waiting("id-1", "acknowledged and never seen", None))
    put(Stored("id-1", 2, NOON))
    joined.sees("acknowledged and never seen   ✓\u00a0stored")
    put(Entered("Ada", "Attic", "another", (Person("Ada", True),), 0, resumed=False, new_log=True, left_behind=0))
    flood(joined, [message("Bob", "first of the new log")])
    joined.sees("first of the new log")

    assert "“✓\u00a0stored” above this line means the old one." in joined.shown
    line, new = joined.shown.index("Attic was started anew"), joined.shown.index("first of the new log")
    assert joined.shown.index("to the old log") < joined.shown.index("acknowledged and never seen") < line < new
    assert joined.chat.transcript.waiting == {}


def test_a_log_that_was_set_back_is_said(joined: Desk) -> None:
    """The same log in an earlier state: what waits goes on waiting, as it is sent again."""
    assert joined.window.engine is not None
    put = joined.window.engine.events.put
    put(Waiting("id-1", "on its way", None))
    joined.sees("on its way   waiting…")
    history = joined.chat._history
    assert history is not None
    put(Entered("Ada", "Attic", history, (Person("Ada", True),), 0, resumed=False, new_log=True, left_behind=0))
    joined.sees("Attic was set back to an earlier state")

    assert joined.shown.index("set back") < joined.shown.index("on its way   waiting…")


def test_a_chat_without_a_name_is_entered_once(desk: Desk) -> None:
    """A foreign server may call itself nothing: coming back to it takes the keyboard from nothing one is doing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        desk.fill("Ada", "127.0.0.1", silent.getsockname()[1])
        desk.press("Return")
        desk.until(lambda: desk.window.engine, "it is tried")
        assert desk.window.engine is not None
        put = desk.window.engine.events.put
        people = (Person("Ada", True),)
        put(Entered("Ada", "", "log", people, 0, resumed=False, new_log=False, left_behind=0))
        desk.until(lambda: desk.window.join is None, "the chat is entered")
        assert desk.root.title() == "Hallway"
        desk.until(lambda: desk.root.focus_get() is desk.chat.composer.entry, "one can write at once")

        desk.root.update()
        desk.click_on(desk.chat.conversation.text)
        desk.until(lambda: desk.root.focus_get() is desk.chat.conversation.text, "one reads")
        put(Lost("The connection broke.", 30.0))
        desk.until(lambda: "30\u00a0s" in str(desk.chat.status.cget("text")), "the loss is said")
        put(Entered("Ada", "", "log", people, 0, resumed=True, new_log=False, left_behind=0))
        desk.until(lambda: "Connected" in str(desk.chat.state_label.cget("text")), "it is back")
        assert desk.root.focus_get() is desk.chat.conversation.text


def test_a_guest_who_leaves_is_not_away(joined: Desk) -> None:
    """Somebody with netcat owns no name: when they go, the list knows nobody of that name; others stand under AWAY."""
    tree = joined.chat.people.tree
    assert joined.window.engine is not None
    put = joined.window.engine.events.put
    for name in ("Netty", "Bob"):
        put(Joined(name, NOON))
    joined.until(lambda: tree.exists("person netty") and tree.exists("person bob"), "both are listed")
    put(Left("Netty", NOON, kept=False))
    put(Left("Bob", NOON))
    joined.until(lambda: tree.exists("section AWAY"), "somebody is away")

    joined.sees("Netty and Bob joined and left")
    assert tree.exists("person bob")
    assert not tree.exists("person netty")
    joined.type("@Netty ")
    joined.until(lambda: joined.chat.composer.written == "@Netty ", "it is typed")
    assert "only Netty" not in str(joined.chat.status.cget("text"))


def test_joins_without_end_do_not_hold_the_window_up(joined: Desk) -> None:
    """A server that announces people for ever fills no memory, and the chat goes on behind them."""
    assert joined.window.engine is not None
    joined.window.longest = 0.0
    for number in range(4 * KNOWN_PEOPLE):
        joined.window.engine.events.put(Joined(f"Person {number}", NOON))
    flood(joined, [message("Bob", "still here")])
    joined.sees("still here", 30)

    assert joined.chat.roster.online == KNOWN_PEOPLE
    assert joined.window.longest < 0.2


def test_an_encrypted_chat_says_so(joined: Desk, server: ServerProcess) -> None:
    """The whole time, in the head; a click shows the server's words and address in place, Esc closes them."""
    chat, seen = joined.chat, in_words(fingerprint_of(server.data / "hallway.pem"))
    assert str(chat.encryption_button.cget("text")).startswith("encrypted")
    assert "Trouble" not in str(chat.encryption_button.cget("style"))
    joined.sees(seen)  # at the first meeting
    assert "first time" in joined.shown
    assert "system" in joined.tags_of("first time")
    assert "Nobody has written yet." in joined.shown

    joined.click_on(chat.encryption_button)
    joined.until(chat.details.winfo_viewable, "the box is shown")
    assert str(chat.details.words.cget("text")) == seen
    assert str(server.port) in str(chat.details.address.cget("text"))
    joined.press("Escape")
    joined.until(lambda: not chat.details.winfo_viewable(), "Esc closes it")
    assert joined.root.focus_get() is chat.composer.entry

    go_to(joined, chat.encryption_button)
    joined.press("Return")
    joined.until(lambda: joined.root.focus_get() is chat.details.close_button, "Enter shows it")
    joined.press("Return")
    joined.until(lambda: not chat.details.winfo_viewable(), "Enter on Close closes it")


def test_the_words_are_said_at_the_first_meeting_only(joined: Desk, server: ServerProcess) -> None:
    """And below the messages that were there before."""
    bob = Peer.join(server, "Bob")
    joined.sees("first time")
    bob.say("an old friend")
    joined.sees("an old friend")
    joined.click_on(joined.chat.leave_button)
    joined.until(lambda: joined.window.join, "the first screen is shown")
    joined.focus()
    joined.press("Return")
    joined.until(lambda: joined.window.join is None, "the chat is entered again")
    joined.sees("an old friend")
    assert joined.window.engine is not None
    assert not joined.chat._meeting
    assert "first time" not in joined.shown

    people = (Person("Ada", True),)
    met = Entered("Ada", "", "another", people, 2, False, True, 0, True, NEW_ONE, True)
    joined.window.engine.events.put(met)
    flood(joined, [message("Bob", "from the backlog")])
    joined.sees(in_words(NEW_ONE))
    assert joined.shown.index("from the backlog") < joined.shown.index(in_words(NEW_ONE))


def test_a_chat_that_is_not_encrypted_says_so(desk: Desk, start_server: Callable[..., ServerProcess]) -> None:
    """The whole time, in the colour of trouble and in words, and what it means at a click."""
    server = start_server("--plaintext")
    desk.join(server, "Ada")
    chat = desk.chat
    assert str(chat.encryption_button.cget("text")).startswith("not encrypted")
    assert "Trouble" in str(chat.encryption_button.cget("style"))
    style = desk.window.theme.style
    for colours in (LIGHT, DARK):
        desk.window._wear("dark" if colours is DARK else "light")
        assert style.lookup(str(chat.encryption_button.cget("style")), "foreground") == colours.trouble
        assert style.lookup(str(chat.encryption_button.cget("style")), "foreground", ["active"]) == colours.trouble

    desk.click_on(chat.encryption_button)
    desk.until(chat.details.winfo_viewable, "the box is shown")
    assert "can read what you write" in str(chat.details.meaning.cget("text"))
    assert not chat.details.words.winfo_ismapped()
    desk.press("Escape")
    desk.until(lambda: not chat.details.winfo_viewable(), "Esc closes it")
    server.kill()
    desk.until(lambda: "Not connected" in str(chat.state_label.cget("text")), "the loss is said")
    assert str(chat.encryption_button.cget("text")) == ""
    server.restart()
    desk.until(lambda: str(chat.encryption_button.cget("text")).startswith("not encrypted"), "it is said again")


ENDS = [Lost("The server said goodbye.", 60.0), *(Ended("It is over.", code) for code in ("kicked", "taken_over", ""))]


@pytest.mark.parametrize("end", ENDS, ids=["lost", "kicked", "taken over", "ended"])
def test_without_a_connection_nothing_is_said_to_be_encrypted(joined: Desk, end: Lost | Ended) -> None:
    """Once the head said “encrypted” after the end, and the box that nobody could read along."""
    joined.click_on(joined.chat.encryption_button)
    joined.until(joined.chat.details.winfo_viewable, "the box is shown")
    assert joined.window.engine is not None
    joined.window.engine.events.put(end)
    joined.until(lambda: joined.chat.state_label.cget("text") != "●  Connected", "the end is said")
    joined.root.update()

    assert str(joined.chat.encryption_button.cget("text")) == ""
    assert joined.chat.encryption_button.instate(["disabled"])
    assert not joined.chat.details.winfo_ismapped()
    assert joined.root.focus_get() is joined.chat.composer.entry


def test_a_chat_that_encrypts_no_more(joined: Desk) -> None:
    """Once it was followed by “where you can join again”, and what was not sent by “waiting…”."""
    text = "The server offers no encryption now. Until it does you cannot join here."
    assert joined.window.engine is not None
    joined.window.engine.events.put(Waiting("a-1", "for my friends only", None))
    joined.window.engine.events.put(Ended(text, "not_encrypted_now"))
    joined.sees(text)
    joined.sees("for my friends only   not sent, kept on this computer")

    assert "join again" not in joined.shown
    assert "waiting…" not in joined.shown


def test_what_is_left_behind_and_what_was_forgotten_is_said(joined: Desk) -> None:
    """Below the backlog, where one looks."""
    people = (Person("Ada", True),)
    assert joined.window.engine is not None
    events = joined.window.engine.events
    events.put(Trouble("servers_forgotten", "All servers are forgotten."))
    events.put(Entered("Ada", "", "h", people, 1, False, False, 2, True, NEW_ONE, True, True))
    flood(joined, [message("Bob", "from the backlog")])
    joined.sees("2 messages of yours wait on this computer for the server that was here before")
    joined.sees("All servers are forgotten.")

    assert f"This is the new certificate you have trusted. Its words: {in_words(NEW_ONE)}." in joined.shown
    assert joined.shown.index("from the backlog") < joined.shown.index("2 messages of yours")
    assert joined.shown.index("from the backlog") < joined.shown.index("All servers")


@pytest.mark.parametrize("size", ["smallest", "440x560", "1000x700"])
def test_the_box_about_the_connection_fits(joined: Desk, size: str) -> None:
    """All of it can be read in the smallest window, and it covers no field."""
    resize(joined, size)
    box = joined.chat.details
    joined.click_on(joined.chat.encryption_button)
    joined.until(box.winfo_viewable, "the box is shown")
    joined.root.update()

    for label in (box.meaning, box.words, box.advice, box.address):
        assert in_sight(label, joined)
        assert label.winfo_reqwidth() <= label.winfo_width()
        assert label.winfo_reqheight() <= label.winfo_height()
    assert box.winfo_rooty() + box.winfo_height() <= joined.chat.composer.winfo_rooty()
    assert in_sight(joined.chat.encryption_button, joined)
    assert joined.chat.encryption_button.winfo_reqwidth() <= joined.chat.encryption_button.winfo_width()


def test_somebody_who_joins_from_somewhere_else(joined: Desk, server: ServerProcess, folder: Path) -> None:
    """The first window says so and how to come back, keeps what stands there, and does not fight for the name."""
    joined.write("from the first window")
    joined.sees("✓\u00a0stored\nfrom the first window")
    other = Engine(folder, server.host, server.port, "Ada")
    other.start()
    try:
        joined.sees("joining there brings the chat back to this window")
        assert "Not joined" in str(joined.chat.state_label.cget("text"))
        assert "from the first window" in joined.shown
        joined.until(lambda: joined.window.engine and not joined.window.engine._thread.is_alive(), "it has stopped")
    finally:
        other.close()


@pytest.mark.parametrize(("code", "way_back"), [("kicked", "can join again"), ("banned", "to the first screen.")])
def test_somebody_the_operator_puts_out(joined: Desk, code: str, way_back: str) -> None:
    """A sentence, and the conversation stays to be read; whoever is banned is not told to join again."""
    assert joined.window.engine is not None
    joined.window.engine.events.put(Ended("The operator has put you out.", code))
    joined.sees("The operator has put you out. “Leave” takes you")

    assert way_back in joined.shown
    assert ("join again" in joined.shown) == (code == "kicked")
    assert joined.window.join is None
    joined.until(lambda: "not in the chat any more" in str(joined.chat.status.cget("text")), "it is said below")


def test_leaving_leads_to_the_first_screen_and_back(joined: Desk, server: ServerProcess) -> None:
    """Leave says goodbye; Enter on the first screen joins again, with the same history."""
    bob = Peer.join(server, "Bob")
    joined.write("before leaving")
    joined.sees("✓\u00a0stored\nbefore leaving")
    joined.click_on(joined.chat.leave_button)
    joined.until(lambda: joined.window.join, "the first screen is shown")
    bob.expect("left", name="Ada")
    joined.focus()
    joined.press("Return")

    joined.until(lambda: joined.window.join is None, "the chat is entered again")
    joined.sees("before leaving")


def test_what_is_refused_at_the_next_start_is_told_at_the_end(folder: Path, server: ServerProcess) -> None:
    """Messages written without a server and refused later are told below the history, where one looks."""
    bob = Peer.join(server, "Bob")
    for i in range(60):
        bob.say(f"history {i}")
    first = in_the_chat(folder, server)
    first.sees("history 59")
    server.kill()
    first.until(lambda: not first.chat._connected, "the loss is noticed")
    first.write("@Nobody one")
    first.sees("@Nobody one   waiting…")
    first.window.close()
    server.restart()
    again = in_the_chat(folder, server)

    again.sees("There is nobody called Nobody here.")
    assert again.shown.index("history 59") < again.shown.index("not sent\n@Nobody one")
    assert again.chat.composer.written == "@Nobody one"
    again.window.close()
