"""The screen one talks in, in the real window: conversations, people, the field, and what is said round them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from certificate import fingerprint_of, four_words
from clientlib.engine import Engine
from clientlib.happenings import Ended, Entered, Lost, Stored, Trouble, Waiting
from desk import Desk, first_screen, flood, in_the_chat
from messages import NOON, message
from peers import Peer
from processes import ServerProcess
from protocol import EVERYONE, MAX_TEXT, Ack, AskHistory, AskSearch, Joined, Left, Person, SeenWith, TypingTo
from serverlib.log_reader import Reader
from windowlib import pointing, receipts, search_panel
from windowlib.colours import DARK, LIGHT
from windowlib.composer import PASTE_LIMIT
from windowlib.destinations import Destination
from windowlib.inbox import MENTION, PRIVATE, News
from windowlib.roster import KNOWN_PEOPLE
from windowlib.sidebar import PERSON, REFRESH_SECONDS, SHOWN_PEOPLE

NEW_ONE = "9b" * 32  # a fingerprint


def test_the_send_button_sends(desk: Desk, server: ServerProcess) -> None:
    """A click on Send does what Enter does."""
    bob = Peer.join(server, "Bob")
    desk.join(server, "Ada")
    desk.type("by mouse")
    desk.until(lambda: desk.chat.composer.written == "by mouse", "it is typed")
    desk.click_on(desk.chat.composer.button)
    desk.sees("by mouse")

    bob.expect("message", text="by mouse")


def test_what_is_written_while_the_server_is_away_arrives_in_order(desk: Desk, server: ServerProcess) -> None:
    """The server is killed and comes back: the window says so, lets one write, and sends what waited, once each."""
    desk.join(server, "Ada")
    desk.write("before")
    desk.sees("✓\u00a0stored\nbefore")
    server.kill()
    desk.until(lambda: "You can go on writing" in str(desk.chat.status.status.cget("text")), "the loss is said")
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
    assert desk.chat.head.about.cget("text") == "2 here"


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
    joined.until(lambda: "12 characters too long" in str(joined.chat.status.count.cget("text")), "it is counted")

    assert len(joined.chat.composer.written) == MAX_TEXT + 12
    assert "yyy" not in joined.shown


def test_a_huge_paste_is_cut(joined: Desk) -> None:
    """A line of 250,000 characters would freeze Tk for over a second."""
    joined.root.clipboard_clear()
    joined.root.clipboard_append("z" * 250_000)
    joined.press("ctrl+v")
    joined.until(lambda: joined.chat.composer.written, "it is pasted")

    assert len(joined.chat.composer.written) == PASTE_LIMIT
    joined.until(lambda: "was cut off" in str(joined.chat.status.count.cget("text")), "it is said")


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


def test_what_is_too_long_is_said_in_full_in_a_narrow_window(joined: Desk) -> None:
    """Wrapped, not cut off at the edge; and gone again when it is short enough."""
    joined.root.geometry("440x400")
    joined.until(lambda: joined.root.winfo_width() == 440, "it is narrow")
    joined.chat.composer.write("y" * PASTE_LIMIT)
    count = joined.chat.status.count
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
    joined.choose("Leave")
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
    assert joined.chat.talk.waiting == {}


def test_a_log_that_was_set_back_is_said(joined: Desk) -> None:
    """The same log in an earlier state: what waits goes on waiting, as it is sent again."""
    assert joined.window.engine is not None
    put = joined.window.engine.events.put
    put(Waiting("id-1", "on its way", None))
    joined.sees("on its way   waiting…")
    history = joined.chat.standing.history
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
        desk.until(lambda: "30\u00a0s" in str(desk.chat.status.status.cget("text")), "the loss is said")
        put(Entered("Ada", "", "log", people, 0, resumed=True, new_log=False, left_behind=0))
        desk.until(lambda: desk.chat.head.about.cget("text") == "1 here", "it is back")
        assert desk.root.focus_get() is desk.chat.conversation.text


@pytest.mark.figure
def test_joins_without_end_do_not_hold_the_window_up(joined: Desk) -> None:
    """A server that announces people for ever fills no memory, and the chat goes on behind them."""

    def come(time: int) -> None:
        assert joined.window.engine is not None
        for number in range(4 * KNOWN_PEOPLE):
            joined.window.engine.events.put(Joined(f"Person {number} of {time}", NOON))
        flood(joined, [message("Bob", f"still here {time}")])
        joined.sees(f"still here {time}", 30)

    assert joined.longest_tick(0.2, come) < 0.2
    assert joined.chat.inbox.roster.online == KNOWN_PEOPLE


def test_an_encrypted_chat_says_so(joined: Desk, server: ServerProcess) -> None:
    """The whole time, in the head; a click shows the server's words and address in place, Esc closes them."""
    chat, seen = joined.chat, four_words(fingerprint_of(server.data / "hallway.pem"))
    assert str(chat.head.encryption_button.cget("text")).startswith("encrypted")
    assert "Trouble" not in str(chat.head.encryption_button.cget("style"))
    joined.sees(seen)  # at the first meeting
    assert "first time" in joined.shown
    assert "system" in joined.tags_of("first time")
    joined.sees("Nobody has written yet.")

    joined.click_on(chat.head.encryption_button)
    joined.until(chat.details.winfo_viewable, "the box is shown")
    assert str(chat.details.words.cget("text")) == seen
    assert str(server.port) in str(chat.details.address.cget("text"))
    joined.press("Escape")
    joined.until(lambda: not chat.details.winfo_viewable(), "Esc closes it")
    assert joined.root.focus_get() is chat.composer.entry

    joined.go_to(chat.head.encryption_button)
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
    joined.choose("Leave")
    joined.until(lambda: joined.window.join, "the first screen is shown")
    joined.focus()
    joined.press("Return")
    joined.until(lambda: joined.window.join is None, "the chat is entered again")
    joined.sees("an old friend")
    assert joined.window.engine is not None
    joined.until(lambda: joined.chat.standing.settled, "the backlog has come")
    assert "first time" not in joined.shown

    people = (Person("Ada", True),)
    met = Entered("Ada", "", "another", people, 2, False, True, 0, True, NEW_ONE, True)
    joined.window.engine.events.put(met)
    flood(joined, [message("Bob", "from the backlog")])
    joined.sees(four_words(NEW_ONE))
    assert joined.shown.index("from the backlog") < joined.shown.index(four_words(NEW_ONE))


def test_a_chat_that_is_not_encrypted_says_so(desk: Desk, start_server: Callable[..., ServerProcess]) -> None:
    """The whole time, in the colour of trouble and in words, and what it means at a click."""
    server = start_server("--plaintext")
    desk.join(server, "Ada")
    chat = desk.chat
    assert str(chat.head.encryption_button.cget("text")).startswith("not encrypted")
    assert "Trouble" in str(chat.head.encryption_button.cget("style"))
    style = desk.window.theme.style
    for colours in (LIGHT, DARK):
        if desk.window.theme.look is not colours:
            desk.chat.actions.look()
        assert style.lookup(str(chat.head.encryption_button.cget("style")), "foreground") == colours.trouble
        assert style.lookup(str(chat.head.encryption_button.cget("style")), "foreground", ["active"]) == colours.trouble

    desk.click_on(chat.head.encryption_button)
    desk.until(chat.details.winfo_viewable, "the box is shown")
    assert "can read what you write" in str(chat.details.meaning.cget("text"))
    assert not chat.details.words.winfo_ismapped()
    desk.press("Escape")
    desk.until(lambda: not chat.details.winfo_viewable(), "Esc closes it")
    server.kill()
    desk.until(lambda: "Not connected" in str(chat.head.about.cget("text")), "the loss is said")
    assert str(chat.head.encryption_button.cget("text")) == ""
    server.restart()
    desk.until(lambda: str(chat.head.encryption_button.cget("text")).startswith("not encrypted"), "it is said again")


def test_in_the_smallest_room_no_letter_of_the_warning_is_lost(
    desk: Desk, start_server: Callable[..., ServerProcess]
) -> None:
    """At 640 by 400 and 200 % the title gives way, and not the word that others can read along."""
    desk.join(start_server("--plaintext"), "Ada")
    desk.window.appearance.zoom(200)
    desk.resize("640x400")
    about = desk.chat.head.about
    desk.until(lambda: about.cget("text") == "unencrypted" and about.winfo_viewable(), "it is said")
    desk.root.update()

    assert "Trouble" in str(about.cget("style"))
    assert about.winfo_width() >= desk.window.theme.width_of("unencrypted", "Small")
    assert about.winfo_rootx() + about.winfo_width() <= desk.chat.head.search_button.winfo_rootx()


ENDS = [Lost("The server said goodbye.", 60.0), *(Ended("It is over.", code) for code in ("kicked", "taken_over", ""))]


@pytest.mark.parametrize("end", ENDS, ids=["lost", "kicked", "taken over", "ended"])
def test_without_a_connection_nothing_is_said_to_be_encrypted(joined: Desk, end: Lost | Ended) -> None:
    """Once the head said “encrypted” after the end, and the box that nobody could read along."""
    joined.click_on(joined.chat.head.encryption_button)
    joined.until(joined.chat.details.winfo_viewable, "the box is shown")
    assert joined.window.engine is not None
    joined.window.engine.events.put(end)
    joined.until(lambda: str(joined.chat.head.about.cget("text")).startswith("○"), "the end is said")
    joined.root.update()

    assert str(joined.chat.head.encryption_button.cget("text")) == ""
    assert joined.chat.head.encryption_button.instate(["disabled"])
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

    assert f"This is the new certificate you have trusted. Its words: {four_words(NEW_ONE)}." in joined.shown
    assert joined.shown.index("from the backlog") < joined.shown.index("2 messages of yours")
    assert joined.shown.index("from the backlog") < joined.shown.index("All servers")


@pytest.mark.parametrize("size", ["smallest", "440x560", "1000x700"])
def test_the_box_about_the_connection_fits(joined: Desk, size: str) -> None:
    """All of it can be read in the smallest window, and it covers no field."""
    joined.resize(size)
    box = joined.chat.details
    joined.click_on(joined.chat.head.encryption_button)
    joined.until(box.winfo_viewable, "the box is shown")
    joined.root.update()

    for label in (box.meaning, box.words, box.advice, box.address):
        assert joined.in_sight(label)
        assert label.winfo_reqwidth() <= label.winfo_width()
        assert label.winfo_reqheight() <= label.winfo_height()
    assert box.winfo_rooty() + box.winfo_height() <= joined.chat.composer.winfo_rooty()
    assert joined.in_sight(joined.chat.head.encryption_button)
    assert joined.chat.head.encryption_button.winfo_reqwidth() <= joined.chat.head.encryption_button.winfo_width()


def test_somebody_who_joins_from_somewhere_else(joined: Desk, server: ServerProcess, folder: Path) -> None:
    """The first window says so and how to come back, keeps what stands there, and does not fight for the name."""
    joined.write("from the first window")
    joined.sees("✓\u00a0stored\nfrom the first window")
    other = Engine(folder, server.host, server.port, "Ada")
    other.start()
    try:
        joined.sees("joining there brings the chat back to this window")
        assert "Not joined" in str(joined.chat.head.about.cget("text"))
        assert "from the first window" in joined.shown
        engines = [thread for thread in threading.enumerate() if thread.name == "hallway-engine"]
        joined.until(lambda: sum(thread.is_alive() for thread in engines) == 1, "it has stopped")
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
    joined.until(lambda: "not in the chat any more" in str(joined.chat.status.status.cget("text")), "it is said below")


def test_leaving_leads_to_the_first_screen_and_back(joined: Desk, server: ServerProcess) -> None:
    """Leave says goodbye; Enter on the first screen joins again, with the same history."""
    bob = Peer.join(server, "Bob")
    joined.write("before leaving")
    joined.sees("✓\u00a0stored\nbefore leaving")
    joined.choose("Leave")
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
    first.until(lambda: not first.chat.standing.connected, "the loss is noticed")
    first.write("@Nobody one")
    first.sees("@Nobody one   waiting…")
    first.window.close()
    server.restart()
    again = in_the_chat(folder, server)

    again.sees("There is nobody called Nobody here.")
    assert again.shown.index("history 59") < again.shown.index("not sent\n@Nobody one")
    again.press("Up")
    again.until(lambda: again.chat.composer.written == "@Nobody one", "Up brings it back")
    again.window.close()


def test_private_messages_have_their_own_conversation(desk: Desk, server: ServerProcess) -> None:
    """It is listed with how many are unread, a click shows it, and what is written there goes to that person alone."""
    bob, cleo = Peer.join(server, "Bob"), Peer.join(server, "Cleo")
    desk.join(server, "Ada")
    bob.say("just for you", to="Ada")
    sidebar = desk.chat.sidebar
    desk.until(lambda: any(row.key == "talk bob" and row.unread == 1 for row in sidebar.rows), "it is counted")
    assert "just for you" not in desk.shown

    desk.click_on_row("talk bob")
    desk.sees("just for you")
    desk.until(lambda: not any(row.unread for row in sidebar.rows), "it is read")
    assert desk.chat.talk.title == "Bob"
    assert "only Bob and you" in str(desk.chat.status.status.cget("text"))
    desk.write("thank you")
    desk.sees("thank you   ✓\u00a0stored")
    assert "private" in desk.tags_of("thank you")
    bob.expect("message", text="just for you")
    bob.expect("message", sender="Ada", to="Bob", text="thank you")

    desk.click_on_row("talk #everyone")
    desk.write("to all")
    cleo.expect("message", text="to all")
    assert "thank you" not in desk.shown


def test_at_name_in_everyone_goes_to_that_person(desk: Desk, server: ServerProcess) -> None:
    """Alone, and into the conversation with them; it is said before and after."""
    bob = Peer.join(server, "Bob")
    desk.join(server, "Ada")
    desk.until(lambda: desk.chat.inbox.roster.is_here("Bob"), "Bob is known")
    desk.type("@Bob hi")
    status = desk.chat.status.status
    desk.until(lambda: "only Bob and you will see this, in your" in str(status.cget("text")), "it is said before")
    desk.until(lambda: desk.chat.standing.settled, "the backlog has come")
    desk.press("Return")
    desk.until(lambda: "Sent to Bob alone." in str(status.cget("text")), "it is said after")
    bob.expect("message", sender="Ada", to="Bob", text="hi")
    assert "hi   " not in desk.shown

    desk.click_on_row("talk bob")
    desk.sees("hi   ✓\u00a0stored")


def test_what_became_of_a_private_message(desk: Desk, server: ServerProcess) -> None:
    """Stored, and seen when the other one says so; what was seen before the conversation is drawn says so at once."""
    bob = Peer.join(server, "Bob")
    desk.join(server, "Ada")
    desk.until(lambda: desk.chat.inbox.roster.is_here("Bob"), "Bob is known")
    desk.chat.open("Bob")
    desk.write("one")
    desk.write("two")
    desk.sees("two   ✓\u00a0stored")
    first = bob.expect("message", text="one")
    bob.send(SeenWith("Ada", first.seq))
    desk.sees("one   ✓\u00a0seen")
    assert "two   ✓\u00a0stored" in desk.shown

    last = bob.expect("message", text="two")
    desk.chat.open(EVERYONE)
    bob.send(SeenWith("Ada", last.seq))
    desk.until(lambda: desk.chat.inbox.talk("Bob").seen == last.seq, "it is told")
    desk.chat.open("Bob")
    desk.sees("two   ✓\u00a0seen")


def test_others_are_told_what_was_read(joined: Desk, server: ServerProcess) -> None:
    """When it was in sight of a window with the keyboard, and not before; leaving and coming back keeps it."""
    bob = Peer.join(server, "Bob")
    said = [bob.answer(bob.say(text, to="Ada")) for text in ("one", "two")]
    joined.until(lambda: joined.chat.inbox.talk("Bob").unread == 2, "they have come")
    joined.chat.focused(False)
    joined.click_on_row("talk bob")
    joined.sees("two")
    assert joined.chat.inbox.talk("Bob").unread == 2

    joined.chat.focused(True)
    joined.until(lambda: joined.chat.inbox.talk("Bob").unread == 0, "they are read")
    last = said[-1]
    assert isinstance(last, Ack)
    bob.expect("seen", sender="Ada", seq=last.seq)
    joined.choose("Leave")
    joined.until(lambda: joined.window.join, "the first screen is shown")
    bob.say("three", to="Ada")
    joined.focus()
    joined.press("Return")
    joined.until(lambda: joined.window.join is None, "the chat is entered again")
    joined.until(lambda: joined.chat.inbox.talk("Bob").unread == 1, "one is unread")
    joined.click_on_row("talk bob")
    joined.sees("New messages")
    assert joined.shown.index("two") < joined.shown.index("New messages") < joined.shown.index("three")


def away_while(joined: Desk, server: ServerProcess, count: int) -> Peer:
    """Leaves a chat in which all was read, while Bob, who is returned, writes so many messages."""
    bob = Peer.join(server, "Bob")
    bob.say("before")
    joined.sees("before")
    joined.until(lambda: joined.chat.standing.marks_known and not joined.chat.inbox.everyone.unread, "it is read")
    leave(joined)
    bob.expect("left", name="Ada")
    for number in range(count):
        bob.say(f"while away {number}.")
    bob.read_until(1 + count)
    return bob


@pytest.mark.parametrize("count", [2, 60, 130])
def test_what_came_while_one_was_away_begins_at_a_line(joined: Desk, server: ServerProcess, count: int) -> None:
    """In Everyone at joining again, before the first unread one: also where there is more than a screen shows, or than
    comes by itself.
    """
    away_while(joined, server, count)
    come_back(joined)
    joined.sees(f"while away {count - 1}.")
    view = joined.chat.conversation
    joined.until(lambda: joined.chat.standing.marks_known, "the marks are told")
    if count > 100:  # the line is further up than what comes by itself
        joined.click_on(view.text)
        oldest = view.oldest or 0
        joined.press("Home")
        joined.until(lambda: (view.oldest or 0) < oldest, "more comes")
        joined.press("Home")
    joined.until(lambda: view.text.tag_ranges("unread"), "the line is drawn")
    joined.until(lambda: view.text.dlineinfo(view.text.tag_ranges("unread")[0]), "it is in sight")

    lines = [line for line in joined.shown.split("\n") if line.startswith(("before", "while away", "New messages"))]
    assert lines == ["before", "New messages", *(f"while away {number}." for number in range(count))]
    joined.press("Escape")
    joined.until(lambda: not joined.chat.inbox.everyone.unread, "it is read")


@pytest.mark.parametrize("count", [1, 60])
def test_the_unread_ones_are_told_before_the_chat_is_drawn(joined: Desk, server: ServerProcess, count: int) -> None:
    """On a busy computer: one still goes along where all are in sight, and else begins at the line.

    A single line that was in sight once counted as unread further down, and nothing that came after it was shown.
    """
    away_while(joined, server, count)
    joined.focus()
    first_screen(joined).join()
    joined.until_without_drawing(
        lambda: joined.window.join is None and joined.chat.standing.marks_known, "the marks are told"
    )
    view = joined.chat.conversation
    assert not view.winfo_viewable()
    joined.until(view.winfo_viewable, "it is drawn")
    joined.settle()

    line = view.text.tag_ranges("unread")[0]
    assert view.text.dlineinfo(line) is not None
    assert view.following == (count == 1)
    if count == 1:
        joined.until(lambda: not joined.chat.inbox.everyone.unread, "it is read")
        assert not view.pill.winfo_ismapped()
    else:
        pill, bar = view.pill, view.bar
        assert joined.chat.inbox.everyone.unread == count
        assert pill.winfo_rootx() + pill.winfo_width() <= bar.winfo_rootx()
        joined.press("Escape")
        joined.until(lambda: not joined.chat.inbox.everyone.unread, "it is read")


def unread_of(desk: Desk) -> dict[str, int]:
    """The conversations with something unread, by what the list beside them says."""
    return {row.words: row.unread for row in desk.chat.sidebar.rows if row.unread}


def unread_on_disk(server: ServerProcess, name: str) -> dict[str, int]:
    """What is unread, by what the server has on its disk; key: with whom."""
    with Reader(server.data) as reader:
        me = reader.find(name)
        assert me is not None
        return {talked.other: talked.unread for talked in reader.conversations(me, {}) if talked.unread}


def test_what_was_read_counts_as_read_after_a_crash_and_elsewhere(
    joined: Desk, server: ServerProcess, folder: Path, tmp_path: Path
) -> None:
    """The server is killed and comes back: nothing is unread that was read, and nothing read that was not. So it is in
    a window on another computer with the same token, and what is read there is read here.
    """
    bob, cleo = Peer.join(server, "Bob"), Peer.join(server, "Cleo")
    for text in ("one", "two", "three"):
        bob.say(text, "Ada")
    cleo.say("psst", "Ada")
    last = bob.answer(bob.say("to all"))
    assert isinstance(last, Ack)
    joined.sees("to all")
    joined.click_on_row("talk cleo")
    joined.until(lambda: unread_of(joined) == {"Bob": 3}, "two conversations are read")
    joined.until(lambda: unread_on_disk(server, "ada") == {"Bob": 3}, "the server has saved it")
    server.kill()
    joined.until(lambda: not joined.chat.standing.connected, "the loss is noticed")
    server.restart()
    bob = Peer.join(server, "Bob")
    joined.until(lambda: joined.chat.standing.connected and joined.chat.standing.marks_known, "it is back")
    bob.say("four", "Ada")
    joined.until(lambda: unread_of(joined) == {"Bob": 4}, "what is unread is counted")
    joined.window.close()

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "servers.json").write_bytes((folder / "servers.json").read_bytes())
    other = in_the_chat(elsewhere, server)
    try:
        other.until(lambda: unread_of(other) == {"Bob": 4}, "it is the same here")
        assert other.root.title().startswith("(4)")
        other.click_on_row("talk bob")
        other.sees("four")
        lines = [line for line in other.shown.split("\n") if line in ("New messages", "one", "two", "three", "four")]
        assert lines[-4:] == ["one", "two", "three", "four"]
        other.until(lambda: unread_of(other) == {}, "they are read")
    finally:
        other.window.close()
    again = in_the_chat(folder, server)
    try:
        again.sees("to all")
        again.until(lambda: again.chat.standing.marks_known and again.chat.standing.settled, "the marks are told")
        again.settle()
        assert unread_of(again) == {}
    finally:
        again.window.close()


def test_the_line_of_the_unread_goes_when_one_answers(joined: Desk, server: ServerProcess) -> None:
    """While one looks elsewhere the first that comes is marked; later ones do not move the line."""
    bob = Peer.join(server, "Bob")
    bob.say("before")
    joined.sees("before")
    joined.until(lambda: joined.chat.standing.marks_known and not joined.chat.inbox.everyone.unread, "it is read")
    joined.chat.focused(False)
    bob.say("first")
    joined.sees("New messages\n")
    bob.say("second")
    joined.sees("second")
    assert joined.shown.count("New messages") == 1
    assert joined.shown.index("before") < joined.shown.index("New messages") < joined.shown.index("first")
    joined.chat.focused(True)
    joined.until(lambda: not joined.chat.inbox.everyone.unread, "they are read")
    assert "New messages" in joined.shown

    bob.say("third")
    joined.sees("third")
    joined.write("hello")
    joined.sees("hello")
    assert "New messages" not in joined.shown


def test_who_is_writing_is_said(joined: Desk, server: ServerProcess) -> None:
    """Above the field, in the conversation they write in; it goes when their message comes."""
    bob, cleo = Peer.join(server, "Bob"), Peer.join(server, "Cleo")
    joined.until(lambda: joined.chat.inbox.roster.is_here("Cleo"), "both are known")
    bob.send(TypingTo(EVERYONE))
    joined.until(lambda: joined.chat.writing.cget("text") == "Bob is writing…", "it is said")
    cleo.send(TypingTo(EVERYONE))
    joined.until(lambda: joined.chat.writing.cget("text") == "Bob and Cleo are writing…", "both are named")
    bob.say("hello")
    joined.until(lambda: joined.chat.writing.cget("text") == "Cleo is writing…", "Bob is not any more")

    joined.chat.open("Bob")
    joined.until(lambda: joined.chat.writing.cget("text") == "", "nobody writes here")


def test_others_hear_that_one_is_writing(joined: Desk, server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody, or the one it goes to alone; and nobody of what stood in the field already."""
    bob, cleo = Peer.join(server, "Bob"), Peer.join(server, "Cleo")
    joined.until(lambda: joined.chat.inbox.roster.is_here("Cleo"), "both are known")
    told: list[str] = []
    engine = joined.window.engine
    assert engine is not None
    tell = engine.tell_typing

    def hear(to: str) -> None:
        told.append(to)
        tell(to)

    monkeypatch.setattr(receipts, "TYPING_SECONDS", 0.0)
    monkeypatch.setattr(engine, "tell_typing", hear)
    joined.type("h")
    joined.until(lambda: told == [EVERYONE], "it is told")
    assert bob.expect("typing", sender="Ada").to == EVERYONE
    assert cleo.expect("typing", sender="Ada").to == EVERYONE
    joined.chat.open("Bob")
    joined.type("psst")
    joined.until(lambda: joined.chat.composer.written == "psst", "it is typed")
    joined.until(lambda: "Bob" in told, "it is told")

    joined.chat.open(EVERYONE)
    joined.until(lambda: joined.chat.composer.written == "h", "the draft is back")
    joined.settle()
    assert set(told[1:]) == {"Bob"}


def test_each_conversation_has_a_draft(joined: Desk, server: ServerProcess) -> None:
    """What one was writing waits there, and the field says to whom it goes."""
    Peer.join(server, "Bob")
    joined.type("for all")
    joined.until(lambda: joined.chat.composer.written == "for all", "it is typed")
    joined.click_on_row("person bob")
    joined.until(lambda: joined.chat.composer.written == "", "the field is empty")
    assert joined.chat.composer.hint.cget("text") == "Message to Bob"
    joined.type("for Bob")
    joined.until(lambda: joined.chat.composer.written == "for Bob", "it is typed")
    joined.click_on_row("talk #everyone")
    joined.until(lambda: joined.chat.composer.written == "for all", "the first draft is back")

    assert joined.chat.inbox.talk("Bob").draft == "for Bob"
    assert joined.chat.composer.hint.cget("text") == "Message to Everyone"


def leave(desk: Desk) -> None:
    """Back to the first screen, as people go there."""
    desk.choose("Leave")
    desk.until(lambda: desk.window.join, "the first screen is shown")


def come_back(desk: Desk) -> None:
    """Into the chat that the first screen has."""
    desk.focus()
    desk.press("Return")
    desk.until(lambda: desk.window.join is None, "the chat is entered again")


def test_drafts_are_there_again_after_leaving(joined: Desk, server: ServerProcess) -> None:
    """In each conversation stands what one was writing; what was sent or wiped does not."""
    bob = Peer.join(server, "Bob")
    joined.type("for all")
    joined.until(lambda: joined.chat.composer.written == "for all", "it is typed")
    joined.click_on_row("person bob")
    joined.write("sent")
    bob.expect("message", text="sent")
    joined.type("for Bob")
    joined.until(lambda: joined.chat.composer.written == "for Bob", "it is typed")
    leave(joined)
    come_back(joined)
    joined.until(lambda: joined.chat.composer.written == "for all", "the first draft is back")
    joined.click_on_row("talk bob")
    joined.until(lambda: joined.chat.composer.written == "for Bob", "so is the other")

    joined.press("ctrl+a", "BackSpace")
    joined.until(lambda: joined.chat.composer.written == "", "it is wiped")
    leave(joined)
    come_back(joined)
    joined.until(lambda: joined.chat.composer.written == "for all", "the first draft is back")
    joined.chat.open("Bob")
    joined.settle()
    assert joined.chat.composer.written == ""


def test_drafts_are_of_one_chat(
    joined: Desk, server: ServerProcess, start_server: Callable[..., ServerProcess]
) -> None:
    """In another chat stands nothing of them, and an attempt that fails takes nothing of them away."""
    other = start_server(makes_certificate=True)
    joined.type("for the first chat")
    joined.until(lambda: joined.chat.composer.written == "for the first chat", "it is typed")
    leave(joined)
    joined.fill(port=other.port)
    come_back(joined)
    joined.settle()
    assert joined.chat.composer.written == ""

    leave(joined)
    joined.fill(port=server.port)
    server.stop()
    joined.press("Return")
    joined.until(lambda: joined.said_trouble and not first_screen(joined).connecting, "it is refused")
    server.restart()
    come_back(joined)
    joined.until(lambda: joined.chat.composer.written == "for the first chat", "the draft is back")


def test_a_refused_message_is_sent_again_in_place(joined: Desk, server: ServerProcess) -> None:
    """One click; it stands where it was, and says that it was sent again."""
    joined.type("@Nobody hello")
    joined.press("Return")
    joined.sees("Nothing was sent.   Send\u00a0again")
    bob = Peer.join(server, "Nobody")
    joined.until(lambda: joined.chat.inbox.roster.is_here("Nobody"), "there is somebody of that name")
    text = joined.chat.conversation.text
    joined.root.update()
    box = text.bbox(text.tag_ranges("again")[0])
    assert box
    joined.click(text.winfo_rootx() + box[0] + 10, text.winfo_rooty() + box[1] + 5)

    joined.sees("Nothing was sent.   Sent again.")
    bob.expect("message", sender="Ada", to="Nobody", text="hello")
    assert not text.tag_ranges("again")


def test_links_open_in_the_browser(joined: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By mouse, and by keyboard: Tab goes from one to the next and then on, Enter opens."""
    opened: list[str] = []
    monkeypatch.setattr(pointing, "open_in_browser", opened.append)
    flood(joined, [message("Bob", "see https://example.org/a, or www.example.org"), message("Bob", "that is all")])
    joined.sees("that is all")
    text = joined.chat.conversation.text
    joined.root.update()
    box = text.bbox(text.search("example.org/a", "1.0"))
    assert box
    joined.click(text.winfo_rootx() + box[0] + 3, text.winfo_rooty() + box[1] + 5)
    joined.until(lambda: opened == ["https://example.org/a"], "a click opens it")

    text.focus_force()
    joined.until(lambda: joined.root.focus_get() is text, "the messages have the keyboard")
    joined.press("Tab", "Tab", "Return")
    joined.until(lambda: opened[1:] == ["www.example.org"], "Enter opens the second")
    joined.press("Tab")
    joined.until(lambda: joined.root.focus_get() is not text, "then the keyboard goes on")


def test_being_called_by_name_is_highlighted(joined: Desk, server: ServerProcess) -> None:
    """The name only, in what others write."""
    bob = Peer.join(server, "Bob")
    bob.say("hello @ada, how are you?")
    joined.sees("hello @ada")

    assert "mention" in joined.tags_of("@ada")
    assert "mention" not in joined.tags_of("how are")


def test_the_window_is_told_what_is_new(joined: Desk, server: ServerProcess) -> None:
    """How many are unread, and of each conversation the weightiest news."""
    bob = Peer.join(server, "Bob")
    news: list[News] = []
    unread: list[tuple[int, int]] = []
    chat = joined.chat
    joined.until(lambda: chat.standing.marks_known and not chat.inbox.everyone.unread, "all is read")
    actions = replace(chat.actions, news=news.append, unread=lambda total, mine: unread.append((total, mine)))
    chat.actions = actions
    chat.focused(False)
    bob.say("one @Ada")
    bob.say("two")
    bob.say("three", to="Ada")
    joined.until(lambda: unread and unread[-1] == (3, 2), "it is counted")
    assert {(one.address, one.kind) for one in news} >= {(EVERYONE, MENTION), ("Bob", PRIVATE)}
    assert chat.destinations()[:2] == [
        Destination(EVERYONE, "Everyone", 2, online=False),
        Destination("Bob", "Bob", 1, online=True),
    ]

    chat.focused(True)
    chat.next_unread(1)
    joined.sees("three")
    assert chat.talk.title == "Bob"
    joined.until(lambda: chat.inbox.talk("Bob").unread == 0, "it is read")
    assert chat.reading


def test_a_click_on_a_person_starts_a_private_conversation(desk: Desk, server: ServerProcess) -> None:
    """What is written goes there from now on, and the field and the line under it say so."""
    bob = Peer.join(server, "Bob B.")
    desk.join(server, "Ada")
    desk.click_on_row("person bob b.")

    desk.sees("Nothing was said between Bob B. and you yet.")
    desk.until(lambda: "only Bob B." in str(desk.chat.status.status.cget("text")), "it is said who will see it")
    desk.write("hi there!")
    bob.expect("message", to="Bob B.", text="hi there!")


def test_conversations_can_be_chosen_with_the_keyboard(desk: Desk, server: ServerProcess) -> None:
    """Arrows and Enter in the list do what a click does, and the field has the keyboard then."""
    Peer.join(server, "Bob")
    desk.join(server, "Ada")
    sidebar = desk.chat.sidebar
    desk.until(lambda: any(row.key == "person bob" for row in sidebar.rows), "Bob is listed")
    desk.go_to(sidebar.list)
    desk.press("Down", "Return")

    desk.until(lambda: desk.chat.talk.title == "Bob", "the conversation is open")
    assert desk.root.focus_get() is desk.chat.composer.entry


@pytest.mark.figure
def test_a_thousand_joins_at_once(joined: Desk) -> None:
    """They are one line, and the list of people goes no further than anybody would read."""
    assert joined.window.engine is not None
    for number in range(1000):
        joined.window.engine.events.put(Joined(f"Person {number}", NOON))
    joined.sees("Person 0, Person 1 and 998 others joined")

    sidebar = joined.chat.sidebar
    joined.until(lambda: any(row.key == "person person 0" for row in sidebar.rows), "they are listed")
    joined.until(lambda: sidebar.rows[-1].words == f"and {1001 - SHOWN_PEOPLE} more here", "the others are counted")
    assert len(sidebar.rows) < SHOWN_PEOPLE + 10
    assert joined.window.longest < 0.2


def test_a_message_to_nobody_can_be_mended(joined: Desk) -> None:
    """It is said that there is nobody of that name, and Up in the empty field brings the text back."""
    joined.type("@Nobody hello")
    joined.press("Return")
    joined.sees("not sent\n@Nobody hello\n")
    joined.type("meanwhile")
    joined.until(lambda: joined.chat.composer.written == "meanwhile", "what one types meanwhile is left alone")
    joined.press("Return")
    joined.sees("meanwhile")
    joined.press("Up")

    joined.until(lambda: joined.chat.composer.written == "@Nobody hello", "the text is back")


def test_tab_goes_through_everything(joined: Desk) -> None:
    """Every control can be reached by keyboard, and Tab does not stay in the field."""
    seen = set()
    for _ in range(11):
        seen.add(joined.root.focus_get())
        before = joined.root.focus_get()
        joined.press("Tab")
        joined.until(lambda before=before: joined.root.focus_get() is not before, "the keyboard goes on")  # type: ignore[misc]

    chat = joined.chat
    assert {
        chat.composer.entry,
        chat.composer.button,
        chat.sidebar.list,
        chat.sidebar.settings_button,
        chat.conversation.text,
        chat.head.menu_button,
        chat.head.search_button,
        chat.head.encryption_button,
    } <= seen


def test_the_menu_can_be_used_with_the_keyboard(joined: Desk) -> None:
    """Enter opens it, arrows go through it, Esc closes it; and so does the keyboard going elsewhere."""
    chat = joined.chat
    joined.go_to(chat.head.menu_button)
    joined.press("Return")
    joined.until(lambda: joined.root.focus_get() is chat.menu.buttons["Light look"], "it is open")
    joined.press("Up")
    joined.until(lambda: joined.root.focus_get() is chat.menu.buttons["Leave"], "arrows go round")
    joined.press("Escape")
    joined.until(lambda: not chat.menu.winfo_viewable(), "Esc closes it")
    assert joined.root.focus_get() is chat.composer.entry

    joined.click_on(chat.head.menu_button)
    joined.until(chat.menu.winfo_viewable, "it is open")
    joined.click_on(chat.conversation.text)
    joined.until(lambda: not chat.menu.winfo_viewable(), "a click elsewhere closes it")
    assert joined.root.focus_get() is chat.conversation.text
    joined.choose("Leave")
    joined.until(lambda: joined.window.join, "the first screen is shown")


def test_after_the_look_was_switched_one_goes_on_writing(joined: Desk) -> None:
    """The keyboard is back in the field: no word is lost, and no space flips the look again."""
    joined.type("one ")
    joined.until(lambda: joined.chat.composer.written == "one ", "it is typed")
    joined.choose("Light look")
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
    joined.until(lambda: chat.head.about.cget("text") == "○  Not connected  ·  2 were here", "the header says so")
    joined.until(lambda: any(row.words == "PEOPLE   2 were here" for row in chat.sidebar.rows), "the list says so")
    assert not any(row.dot for row in chat.sidebar.rows)
    status = chat.status.status
    assert "running? Trying again in" in str(status.cget("text"))
    assert "30\u00a0s." in str(status.cget("text"))

    put(Entered("Ada", "Attic", "log", people, 0, resumed=True, new_log=False, left_behind=0))
    put(Joined("Dan", NOON))
    joined.until(lambda: chat.head.about.cget("text") == "3 here", "they are here again")
    joined.sees("Cleo joined  ·")
    joined.sees("Dan joined  ·")
    joined.until(lambda: any(row.words == "PEOPLE   3" for row in chat.sidebar.rows), "the list says so")
    assert sum(bool(row.dot) for row in chat.sidebar.rows) == 3


def test_in_a_narrow_window_the_list_opens_over_the_conversation(joined: Desk, server: ServerProcess) -> None:
    """A button shows conversations and people; a click on one of them opens it and closes the list."""
    bob = Peer.join(server, "Bob")
    chat = joined.chat
    joined.until(lambda: any(row.key == "person bob" for row in chat.sidebar.rows), "Bob is listed")
    joined.root.geometry("440x400")
    button = chat.head.list_button
    joined.until(lambda: button.winfo_viewable() and not chat.sidebar.winfo_viewable(), "it is narrow")
    quiet = time.monotonic() + 2 * REFRESH_SECONDS
    joined.until(lambda: time.monotonic() > quiet, "the list was drawn a while ago, and is drawn at once")
    bob.say("psst", to="Ada")
    joined.until(lambda: str(button.cget("text")) == "☰ 1", "the button counts what is unread")

    joined.click_on(button)
    joined.until(chat.sidebar.winfo_viewable, "the list is shown")
    joined.press("Escape")
    joined.until(lambda: not chat.sidebar.winfo_viewable(), "Esc closes it")
    joined.click_on(button)
    joined.click_on_row("talk bob")
    joined.sees("psst")
    joined.until(lambda: not chat.sidebar.winfo_viewable(), "the list is closed")

    joined.root.geometry("900x600")
    joined.until(chat.sidebar.winfo_viewable, "it is beside it again")
    assert not button.winfo_viewable()


def test_a_guest_who_leaves_is_not_away(joined: Desk) -> None:
    """Somebody with netcat owns no name: when they go, the list knows nobody of that name; others are away."""
    joined.sees("You meet this server")  # a line in between would part those who came from those who went
    sidebar = joined.chat.sidebar
    assert joined.window.engine is not None
    put = joined.window.engine.events.put
    for name in ("Netty", "Bob"):
        put(Joined(name, NOON))

    def listed() -> dict[str, bool | None]:
        return {row.words: row.dot for row in sidebar.rows if row.kind == PERSON}

    joined.until(lambda: listed() == {"Ada (you)": True, "Bob": True, "Netty": True}, "both are listed")
    put(Left("Netty", NOON, kept=False))
    put(Left("Bob", NOON))
    joined.until(lambda: listed() == {"Ada (you)": True, "Bob": False}, "somebody is away")

    joined.sees("Netty and Bob joined and left")
    joined.type("@Netty ")
    joined.until(lambda: joined.chat.composer.written == "@Netty ", "it is typed")
    assert "only Netty" not in str(joined.chat.status.status.cget("text"))


def test_a_conversation_with_a_guest_who_left_asks_for_nothing(joined: Desk) -> None:
    """The server knows nobody of that name any more: asking it for the log would be answered with trouble."""
    assert joined.window.engine is not None
    put = joined.window.engine.events.put
    put(Joined("Netty", NOON))
    flood(joined, [message("Netty", "psst", "Ada")])
    put(Left("Netty", NOON, kept=False))
    joined.click_on_row("talk netty")
    joined.sees("psst")
    asked: list[object] = []
    joined.window.engine.ask_history = lambda *what: asked.append(what)  # type: ignore[method-assign]
    joined.until(lambda: joined.chat.standing.settled, "the backlog has come")
    flood(joined, [message("Netty", "psst again", "Ada")])
    joined.sees("psst again")

    assert asked == []
    assert "nobody called Netty" not in joined.shown


def test_in_a_low_window_the_messages_get_the_room(joined: Desk) -> None:
    """What says nothing new under the field goes; what matters is said all the same, and the field can be used."""
    flood(joined, [message("Bob", "the only line")])
    joined.sees("the only line")
    status = joined.chat.status.status
    joined.until(status.winfo_ismapped, "the keys are said")
    joined.resize("640x400")
    assert status.winfo_ismapped()
    joined.window.theme.zoom(200)
    joined.chat.dress()
    joined.until(lambda: not status.winfo_ismapped(), "they are not any more")
    joined.root.update()
    assert joined.in_sight(joined.chat.composer.button)
    assert joined.chat.conversation.text.winfo_height() > 100

    joined.type("@Ada hi")
    joined.until(status.winfo_ismapped, "what matters is said")


def test_a_search_that_is_refused_is_not_asked_again(joined: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It said so in the conversation, every ten seconds, for ever; now once, where one searches."""
    asked: list[str] = []
    monkeypatch.setattr(search_panel, "ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(joined.window.engine, "ask_search", lambda text, *_: asked.append(text))
    joined.press("ctrl+f")
    joined.until(lambda: joined.root.focus_get() is joined.chat.search.field, "one can type")
    joined.type("pendulum")
    joined.until(lambda: asked, "it is asked")
    joined.chat.take(Trouble("bad_message", "That search takes too long.", AskSearch("pendulum", 40)))
    del asked[:]
    for _ in range(5):
        joined.chat.flush()

    assert asked == []
    assert joined.chat.search.said.cget("text") == "That search takes too long."
    assert "takes too long" not in joined.shown


def test_a_page_that_cannot_be_had_is_told_once(joined: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is asked for again only a good while later."""
    asked: list[object] = []
    monkeypatch.setattr(joined.window.engine, "ask_history", lambda *question: asked.append(question))
    joined.chat.views.pager.show(5)
    joined.until(lambda: len(asked) == 2, "both pages around it are asked for")
    for _ in range(2):
        joined.chat.take(Trouble("not_saved", "The log cannot be read just now.", AskHistory(6, 40, EVERYONE)))
    joined.until(lambda: "cannot be read" in joined.shown, "it is told")

    assert joined.shown.count("cannot be read") == 1
    assert len(asked) == 2
