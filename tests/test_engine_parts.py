"""The parts of the client's engine, each alone: what waits, where we stand, who lets us in, and how long is paused."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from clientlib import telling
from clientlib.admission import NEW_ONE_NOW, NO_LONGER, WITHHELD, Admission, NotGreeted
from clientlib.backoff import Backoff
from clientlib.connection import OUTGOING, Connection, ConnectionEnded, as_the_server_reads
from clientlib.cursor import Cursor
from clientlib.happenings import Failed, Happening, Stored, Trouble, Waiting
from clientlib.orders import Order, Orders
from clientlib.sending import Sending
from clientlib.storage import Outbox
from clientlib.telling import Telling
from clientlib.trust import (
    FILE_NAME,
    Acquaintance,
    Meeting,
    Terms,
    name_of_the_unencrypted_chat,
    no_longer_yours,
)
from link import Link
from names import ProtocolError
from processes import ANSWER_SECONDS
from protocol import (
    COMMANDS,
    MAX_TEXT,
    NAME_QUESTION,
    Ack,
    AskConversations,
    AskSearch,
    BadLine,
    Command,
    Decoder,
    Error,
    Person,
    Ping,
    Pong,
    Send,
    Welcome,
)

TERMS = Terms("one", None, None, trusted=False, withheld=False, kept=False, peer="127.0.0.1")


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    """A connection that was joined, and the server's end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far = listener.accept()[0]
    link = Link(near)
    way = Connection(Meeting(link, None, "127.0.0.1"), TERMS)
    way.joined = True
    yield way, far
    link.close()
    far.close()


@pytest.fixture
def told() -> list[Happening]:
    return []


@pytest.fixture
def sending(tmp_path: Path, told: list[Happening]) -> Sending:
    """Ada's, whose log is known."""
    sending = Sending(tmp_path, "Ada", told.append)
    sending.open("one", "log-1")
    return sending


def ids_on(way: Connection, sending: Sending) -> list[str]:
    """The messages that go out on a connection now."""
    sending.encode(way)
    commands: list[Command | BadLine] = Decoder(COMMANDS).feed(bytes(way.outgoing))
    way.outgoing.clear()
    return [command.id for command in commands if isinstance(command, Send)]


def hear(way: Connection) -> bytes:
    """The next bytes that make sense."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while not (heard := way.receive()):
        assert time.monotonic() < deadline
    return heard


# --- pauses -----------------------------------------------------------------------------------------------------------


def test_pauses_double_up_to_the_longest() -> None:
    """And are short again when it went well."""
    pauses = Backoff(1.0, 5.0)
    first = [pauses.next() for _ in range(4)]
    pauses.begin_anew()

    assert first == [1.0, 2.0, 4.0, 5.0]
    assert pauses.next() == 1.0


def test_pauses_are_shortened_by_chance() -> None:
    """Those who were thrown out together do not come back together; nobody waits longer, nor much less."""
    pauses = {Backoff(8.0, 8.0, 0.5).next() for _ in range(20)}

    assert len(pauses) > 1
    assert all(4.0 <= pause <= 8.0 for pause in pauses)


# --- where we stand ---------------------------------------------------------------------------------------------------


def welcome(history: str, last: int) -> Welcome:
    return Welcome(1, "Fake", history, "Ada", (Person("Ada", True),), last)


def test_each_entry_is_new_once() -> None:
    """Whatever is repeated, and in whatever order it comes."""
    cursor = Cursor()
    cursor.enter("one", welcome("log-1", 3))

    assert [cursor.moves_to(seq) for seq in (1, 2, 2, 1, 3)] == [True, True, False, False, True]


def test_the_log_goes_on_where_it_stood() -> None:
    """For the server that it was shown from, and for no other."""
    cursor = Cursor()
    cursor.enter("one", welcome("log-1", 3))
    cursor.moves_to(3)

    assert cursor.place_for("one") == ("log-1", 3)
    assert cursor.place_for("other") == (None, None)
    assert cursor.enter("one", welcome("log-1", 5))
    assert not cursor.enter("one", welcome("log-2", 5))
    assert not cursor.enter("other", welcome("log-2", 5))


def test_nothing_shown_is_a_first_backlog_unless_the_log_was_empty() -> None:
    """Else all of a log would come that was lost before its backlog was there."""
    with_entries, empty = Cursor(), Cursor()
    with_entries.enter("one", welcome("log-1", 500))
    empty.enter("one", welcome("log-1", 0))

    assert with_entries.place_for("one") == (None, None)
    assert empty.place_for("one") == ("log-1", 0)


def test_log_that_was_set_back_begins_anew() -> None:
    """Its next messages have numbers that were shown already."""
    cursor = Cursor()
    cursor.enter("one", welcome("log-1", 3))
    cursor.moves_to(3)

    assert not cursor.enter("one", welcome("log-1", 2))
    assert cursor.moves_to(3)


# --- what one writes --------------------------------------------------------------------------------------------------


def test_message_goes_from_the_disk_to_the_server(
    sending: Sending, pair: tuple[Connection, socket.socket], told: list[Happening], tmp_path: Path
) -> None:
    """It is on disk when it is told to be waiting, and not any more when the server has it."""
    way, _ = pair
    sending.keep([Send("a", "hello", None)], way)
    on_disk = Outbox.count_waiting(tmp_path, ["one"], "Ada")
    sent = ids_on(way, sending)
    sending.acked(Ack("a", 7, 1))
    sending.note()

    assert on_disk == 1
    assert sent == ["a"]
    assert told == [Waiting("a", "hello", None), Stored("a", 7, 1)]
    assert sending.is_done
    assert Outbox.count_waiting(tmp_path, ["one"], "Ada") == 0


def test_message_before_the_log_is_known(tmp_path: Path, told: list[Happening]) -> None:
    """It waits in memory; when there never is a log, it failed."""
    sending = Sending(tmp_path, "Ada", told.append)
    sending.keep([Send("a", "hello", None)], None)

    assert not told
    assert not sending.is_done
    sending.end()
    assert [type(happening) for happening in told] == [Failed]
    assert sending.is_done


def test_nothing_overtakes_what_the_server_could_not_save(
    sending: Sending, pair: tuple[Connection, socket.socket], told: list[Happening], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes out again in its old place, and that is told once."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    way, _ = pair
    sending.keep([Send("a", "first", None), Send("b", "second", None)], way)
    before = ids_on(way, sending)
    sending.refused("a", Error("not_saved", "The disk is full.", "a"))
    sending.refused("b", Error("not_saved", "The disk is full.", "b"))
    sending.keep([Send("c", "third", None)], way)
    meanwhile, due = ids_on(way, sending), sending.due
    now[0] = due
    sending.look_at_the_clock(way)

    assert before == ["a", "b"]
    assert meanwhile == []
    assert due == 101.0
    assert ids_on(way, sending) == ["a", "b", "c"]
    assert sum(isinstance(happening, Trouble) for happening in told) == 1


def test_next_connection_begins_with_all_that_waits(sending: Sending, pair: tuple[Connection, socket.socket]) -> None:
    """What the server could not save waits for nothing then."""
    way, _ = pair
    sending.keep([Send(id, "text", None) for id in "abc"], None)
    sending.acked(Ack("b", 1, 1))
    sending.refused("a", Error("not_saved", "The disk is full.", "a"))
    sending.stop()
    sending.begin(way)

    assert ids_on(way, sending) == ["a", "c"]


def test_refused_message_waits_no_more(sending: Sending, told: list[Happening]) -> None:
    """Its text comes back with the reason."""
    sending.keep([Send("a", "@Nobody hi", None)], None)
    sending.refused("a", Error("no_such_user", "There is nobody called Nobody.", "a"))

    assert told[1:] == [Failed("a", "no_such_user", "There is nobody called Nobody.", "@Nobody hi")]
    assert sending.is_done


# --- one connection ---------------------------------------------------------------------------------------------------


def test_no_more_is_encoded_than_goes_out_soon(sending: Sending, pair: tuple[Connection, socket.socket]) -> None:
    """64 KiB and a line, however much waits and however little the other side reads."""
    way, _ = pair
    sending.keep([Send(str(i), "x" * MAX_TEXT, None) for i in range(100)], way)
    for _ in range(10):
        sending.encode(way)

    assert OUTGOING <= len(way.outgoing) < OUTGOING + 2 * MAX_TEXT
    assert sending.has_more(way)


def test_what_is_urged_goes_out_once(pair: tuple[Connection, socket.socket]) -> None:
    """A server that pings without reading must not fill our memory."""
    way, _ = pair
    for _ in range(1000):
        way.urge(Pong())
    way.urge(Ping())

    assert list(way.urgent) == [Pong(), Ping()]


def test_errors_answer_questions_in_their_order(pair: tuple[Connection, socket.socket]) -> None:
    """The question is told with the error, so that nobody waits for it."""
    way, _ = pair
    way.say(AskSearch("lunch", 50, None))
    way.say(AskConversations())
    way.say(AskConversations())
    way.answered()

    assert way.not_answered(Error("bad_message", "What is that?")).code == "older_server"
    assert way.not_answered(Error("not_saved", "No.")) == Trouble("not_saved", "No.", AskConversations())
    assert way.not_answered(Error("bad_message", "Odd.")) == Trouble("bad_message", "Odd.", None)


def test_question_for_netcat_people_is_taken_off(pair: tuple[Connection, socket.socket]) -> None:
    """Before the welcome only: later it is something that somebody has written."""
    way, far = pair
    way.joined = False
    far.sendall(NAME_QUESTION.encode() + b"\n{")
    far.shutdown(socket.SHUT_WR)

    assert hear(way) == b"{"
    with pytest.raises(ConnectionEnded, match=r"The server closed the connection\."):
        hear(way)


def test_what_is_said_is_cleaned_as_the_server_does_it() -> None:
    """What it would refuse raises here."""
    assert as_the_server_reads(Send("a", "be\x07ll", "Bo\x00b")) == Send("a", "bell", "Bob")
    with pytest.raises(ProtocolError):
        as_the_server_reads(Send("a", "x" * (MAX_TEXT + 1), None))


# --- being let in -----------------------------------------------------------------------------------------------------


@pytest.fixture
def admission(tmp_path: Path) -> Admission:
    return Admission(Acquaintance(tmp_path, "school", 12345, None, None, in_clear=False), "Ada")


def test_which_errors_end_it(admission: Admission) -> None:
    """What a user can change is said at once; what passes by itself is waited for."""

    def meaning(code: str, entered: str | None = None, **terms: Any) -> tuple[str, bool]:
        setback = admission.why_not(replace(TERMS, **terms), Error(code, "The server's words."), entered)
        assert setback.code == code
        return setback.text, setback.is_final

    assert meaning("full") == ("The server's words.", False)
    assert meaning("banned") == ("The server's words.", True)
    assert meaning("wrong_password") == ("The server's words.", True)
    assert meaning("wrong_password", withheld=True) == (f"The server's words. {WITHHELD}", True)
    assert meaning("wrong_password", kept=True) == (NO_LONGER, True)
    assert meaning("wrong_password", entered="one") == (NEW_ONE_NOW, True)
    assert meaning("name_taken") == ("The server's words.", False)
    assert meaning("name_taken", token="ours") == (no_longer_yours("Ada"), True)  # noqa: S106
    assert meaning("name_taken", entered="plain") == (name_of_the_unencrypted_chat("Ada"), True)


def test_name_is_held_by_our_own_ghost_for_a_while(admission: Admission, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then by somebody else; another reason in between counts from its beginning again."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def why() -> str:
        setback = admission.why_not(TERMS, Error("name_taken", "Taken."), "one")
        admission.was_lost(setback.code)
        assert not setback.is_final
        return setback.text

    said = [why()]
    now[0] = 49.0
    said.append(why())
    now[0] = 51.0
    said.append(why())
    admission.was_lost("unreachable")
    said.append(why())

    ghost = "The server has not noticed yet that the old connection is gone."
    assert [text == ghost for text in said] == [True, True, False, True]


def test_nobody_is_greeted_when_it_cannot_be_known_who_it_is(
    admission: Admission, pair: tuple[Connection, socket.socket], tmp_path: Path
) -> None:
    """A list of servers that the disk does not give is no empty one."""
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(NotGreeted) as problem:
        admission.recognise(Meeting(pair[0].link, "1" * 64, "127.0.0.1"))

    assert problem.value.setback.code == "not_readable"


# --- to and from the face ---------------------------------------------------------------------------------------------


def test_face_that_falls_behind_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the bytes on the wire of what it has not taken; when it has, it is not any more."""
    monkeypatch.setattr(telling, "UNTAKEN", 100)
    events: SimpleQueue[Happening] = SimpleQueue()
    face = Telling(events)
    behind = []
    for _ in range(3):
        face.tell(Stored("a", 1, 1))
        face.read(60)
        behind.append(face.is_too_much)
    events.get()
    events.get()

    assert behind == [False, True, True]
    assert not face.is_too_much


def test_orders_wake_who_waits_for_them() -> None:
    """And are turned away when nobody takes them any more, whoever puts them."""
    turned_away: list[Order] = []
    orders = Orders(turned_away.append)
    first, second, late = AskConversations(), AskSearch("lunch", 50, None), Send("a", "late", None)
    orders.put(first)
    orders.open()
    thread = threading.Thread(target=orders.put, args=(second,))
    thread.start()
    thread.join()
    orders.wake()
    taken = orders.take()
    orders.close()
    orders.put(late)

    assert taken is first
    assert turned_away == [second, late]
