"""Conversations over the wire: pages of one alone, what is unread, who is typing and who has read what."""

from __future__ import annotations

import itertools
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from history import History
from peers import Operated, Peer, TextPeer
from processes import ServerHere, ServerProcess, wait_until
from protocol import (
    EVERYONE,
    MAX_INTEGER,
    AskConversations,
    AskHistory,
    AskSearch,
    Conversations,
    Found,
    Page,
    Ping,
    SeenBy,
    SeenWith,
    Talked,
    TypingFrom,
    TypingTo,
)
from serverlib.log_reader import Reader
from serverlib.signals import TYPING_PRIVATE, TYPING_SECONDS

_sent = itertools.count(1)


def write(peer: Peer, *texts: str, to: str = EVERYONE) -> int:
    """Writes, and returns the last one's seq."""
    seq = 0
    for text in texts:
        seq = peer.expect("ack", id=peer.say(text, to)).seq
    return seq


def conversations(peer: Peer) -> dict[str, Talked]:
    """What the server says to who asks; key: with whom."""
    peer.send(AskConversations())
    answer = peer.expect("conversations")
    assert isinstance(answer, Conversations)
    assert answer.talked[0].other == EVERYONE
    last = [talked.last for talked in answer.talked[1:]]
    assert last == sorted(last, reverse=True)
    return {talked.other: talked for talked in answer.talked}


def page(peer: Peer, asked: AskHistory) -> tuple[list[str], bool]:
    """The texts of a page, and whether there are more; the page says what it answers."""
    peer.send(asked)
    answer = peer.expect("page")
    assert isinstance(answer, Page)
    assert (answer.before, answer.after, answer.other) == (asked.before, asked.after, asked.other)
    return [message.text for message in answer.messages], answer.more


def read(peer: Peer, other: str, seq: int) -> None:
    """Has read something, and waits until the server knows it."""
    peer.send(SeenWith(other, seq))
    peer.send(Ping())
    peer.expect("pong")


def settle(peer: Peer) -> list[TypingFrom | SeenBy]:
    """The signals that have come to somebody by now, whatever else came."""
    id = f"settle {next(_sent)}"
    peer.say(id, peer.name, id)
    return [event for event in peer.events_until("message", id=id) if isinstance(event, (TypingFrom, SeenBy))]


# --- pages ------------------------------------------------------------------------------------------------------------


def test_pages_of_one_conversation_both_ways(server: ServerProcess) -> None:
    """Backwards and forwards, of all one may see, of Everyone alone and of one person alone; each says what it is."""
    ada, bob = Peer.join(server, "Ada"), Peer.join(server, "Bob")
    write(ada, "1")
    write(bob, "2", to="Ada")
    write(ada, "3", to="Bob")
    write(bob, "4")
    write(bob, "5", to="Bob")
    write(ada, "6")

    assert page(ada, AskHistory(MAX_INTEGER, 3)) == (["3", "4", "6"], True)
    assert page(ada, AskHistory(None, 3, after=0)) == (["1", "2", "3"], True)
    assert page(ada, AskHistory(None, 3, after=3)) == (["4", "6"], False)
    assert page(ada, AskHistory(None, 3, after=MAX_INTEGER)) == ([], False)
    assert page(ada, AskHistory(6, 9, EVERYONE)) == (["1", "4"], False)
    assert page(ada, AskHistory(6, 1, EVERYONE)) == (["4"], True)
    assert page(ada, AskHistory(None, 1, EVERYONE, 1)) == (["4"], True)
    assert page(ada, AskHistory(None, 9, EVERYONE, 1)) == (["4", "6"], False)
    assert page(ada, AskHistory(None, 1, "Bob", 0)) == (["2"], True)
    assert page(ada, AskHistory(None, 9, "bob", 2)) == (["3"], False)
    assert page(bob, AskHistory(None, 9, "Bob", 0)) == (["5"], False)


def test_found_says_what_was_searched(server: ServerProcess) -> None:
    """An answer to a search that is no longer wanted can be told from the one that is."""
    ada = Peer.join(server, "Ada")
    write(ada, "green tea")
    ada.send(AskSearch(" green\ttea ", 10))
    ada.send(AskSearch("tea", 10, 1))
    first, second = ada.expect("found"), ada.expect("found")

    assert isinstance(first, Found)
    assert (first.text, first.before, len(first.messages)) == ("green tea", None, 1)
    assert (second.text, second.before, len(second.messages)) == ("tea", 1, 0)


# --- what is unread ---------------------------------------------------------------------------------------------------


def test_conversations_and_what_is_unread(server: ServerProcess) -> None:
    """Everyone first, then whoever one wrote to or heard from, the latest first; what others wrote since is unread."""
    ada, bob, cleo = (Peer.join(server, name) for name in ("Ada", "Bob", "Cleo"))
    write(bob, "to all", "and again")
    write(ada, "to all")  # 3
    write(ada, "psst", to="Cleo")
    write(bob, "psst", "psst", to="Ada")  # 6
    write(bob, "psst", to="Cleo")

    assert conversations(ada) == {
        EVERYONE: Talked(EVERYONE, 3, 0, 2, 0),
        "Bob": Talked("Bob", 6, 0, 2, 0),
        "Cleo": Talked("Cleo", 4, 0, 0, 0),
    }
    ada.send(SeenWith("bob", 5))
    ada.send(SeenWith(EVERYONE, 1))
    assert conversations(ada)["Bob"] == Talked("Bob", 6, 5, 1, 0)
    assert conversations(ada)[EVERYONE] == Talked(EVERYONE, 3, 1, 1, 0)
    assert bob.expect("seen") == SeenBy("Ada", 5)
    ada.send(SeenWith("Bob", 2))  # a mark never goes back
    cleo.send(SeenWith("Ada", MAX_INTEGER))  # nor beyond what there is
    assert ada.expect("seen") == SeenBy("Cleo", 7)
    assert conversations(ada)["Bob"].read == 5
    assert conversations(ada)["Cleo"].seen == 7
    assert conversations(cleo)["Ada"] == Talked("Ada", 4, 7, 0, 0)
    assert conversations(bob)["Ada"] == Talked("Ada", 6, 0, 0, 5)


def test_newcomers_have_read_what_was_before_them(server: ServerProcess) -> None:
    """Whoever comes for the first time is not told that years of messages are new."""
    ada = Peer.join(server, "Ada")
    write(ada, "1", "2")
    bob = Peer.join(server, "Bob")
    write(ada, "3")

    assert conversations(bob) == {EVERYONE: Talked(EVERYONE, 3, 2, 1, 0)}


def test_marks_hold_over_restarts(server: ServerProcess) -> None:
    """What was read counts as read from another computer, and after the server was closed and opened again."""
    ada, bob = Peer.join(server, "Ada"), Peer.join(server, "Bob")
    write(bob, "1", "2", to="Ada")
    write(bob, "3", "4")
    ada.send(SeenWith("Bob", 1))
    ada.send(SeenWith(EVERYONE, 3))
    before = conversations(ada)
    ada.bye()
    again = Peer.join(server, "Ada")
    assert conversations(again) == before
    again.bye()
    bob.bye()
    server.stop()
    server.restart()
    ada, bob = Peer.join(server, "Ada"), Peer.join(server, "Bob")

    assert (
        conversations(ada)
        == before
        == {
            "Bob": Talked("Bob", 2, 1, 1, 0),
            EVERYONE: Talked(EVERYONE, 4, 3, 1, 0),
        }
    )
    assert conversations(bob)["Ada"].seen == 1


def test_marks_are_saved_in_spare_time(server: ServerProcess) -> None:
    """A server that is killed has lost no mark that it had a quiet moment to save."""
    ada, bob = Peer.join(server, "Ada"), Peer.join(server, "Bob")
    write(bob, "1", to="Ada")
    ada.send(SeenWith("Bob", 1))

    def saved() -> bool:
        with Reader(server.data) as reader:
            me = reader.find("ada")
            return me is not None and reader.conversations(me, {})[-1].read == 1

    wait_until(saved, 10, "the mark is on disk")
    server.kill()
    server.restart()
    assert conversations(Peer.join(server, "Ada"))["Bob"].read == 1


def test_marks_wait_when_the_disk_refuses(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark that could not be saved is not lost, and no message waits for it."""
    refused: list[int] = []
    save = History.save_marks

    def refuse(self: History, marks: Mapping[tuple[int, int], int]) -> None:
        if len(refused) < 2 and len(marks) == 1:
            refused.append(len(marks))
            raise self._not_saved(sqlite3.OperationalError("disk I/O error"))
        save(self, marks)

    server = serve()
    ada, bob = Peer.join(server, "Ada"), Peer.join(server, "Bob")
    monkeypatch.setattr("serverlib.spare_time.REFUSED_SECONDS", 0.2)
    monkeypatch.setattr(History, "save_marks", refuse)
    write(bob, "1", to="Ada")
    ada.send(SeenWith("Bob", 1))
    wait_until(lambda: len(refused) == 2, 10, "the disk refused")
    write(bob, "2", to="Ada")

    assert conversations(ada)["Bob"] == Talked("Bob", 2, 1, 1, 0)


def test_guests_have_no_marks_but_conversations(server: ServerProcess) -> None:
    """Who writes to a guest, or hears from one, finds that; nothing is kept for the guest."""
    ada = Peer.join(server, "Ada")
    guest = TextPeer.join(server, "Gus")
    guest.type("@Ada hi")
    ada.expect("message", text="hi")

    assert conversations(ada)["Gus"] == Talked("Gus", 1, 0, 1, 0)
    guest.type("/exit")
    assert guest.closed()
    assert conversations(ada)["Gus"].unread == 1
    Peer.join(server, "Gus")
    assert list(conversations(ada)) == [EVERYONE]


def test_list_is_of_the_latest_and_counts_to_a_limit(server: ServerProcess) -> None:
    """Somebody who has talked with more people than are listed gets the latest; a thousand unread ones are enough."""
    ada = Peer.join(server, "Ada")
    server.stop()
    log = History(server.data)
    log.begin()
    me = log.addresses()[0]
    people = [log.add_address(f"p{i}", f"P{i}", True, b"x") for i in range(250)]
    drafts = [(p.id, me.id, f"{p.id}", "hi") if p.id % 2 else (me.id, p.id, f"{p.id}", "hi") for p in people]
    drafts += [(people[0].id, me.id, f"more {i}", "hi") for i in range(1100)]
    log.append(drafts, 0)
    log.commit()
    log.close()
    server.restart()
    talked = conversations(Peer.join(server, "Ada"))

    assert len(talked) == 201
    assert list(talked)[1] == "P0"
    assert talked["P0"].unread == 1000
    assert set(talked) == {EVERYONE, "P0"} | {f"P{i}" for i in range(51, 250)}
    assert [talked[f"P{i}"].unread for i in (51, 52)] == [people[51].id % 2, people[52].id % 2]
    ada.close()


# --- typing -----------------------------------------------------------------------------------------------------------


def test_typing_to_one_person(server: ServerProcess) -> None:
    """The one who is written to is told, and that it is to them; nobody else is, nor who types to nobody."""
    ada, bob, cleo = (Peer.join(server, name) for name in ("Ada", "Bob", "Cleo"))
    ada.send(TypingTo("bob"))
    ada.send(TypingTo("Ada"))
    ada.send(TypingTo("Nobody"))

    assert bob.expect("typing") == TypingFrom("Ada", "Bob")
    assert settle(ada) == settle(bob) == settle(cleo) == []


def test_typing_to_everyone(server: ServerProcess) -> None:
    """Everybody but the writer is told; people on netcat are not."""
    ada, bob, cleo = (Peer.join(server, name) for name in ("Ada", "Bob", "Cleo"))
    guest = TextPeer.join(server, "Gus")
    ada.send(TypingTo(EVERYONE))

    assert bob.expect("typing") == cleo.expect("typing") == TypingFrom("Ada", EVERYONE)
    bob.send(TypingTo(EVERYONE))
    assert ada.expect("typing") == TypingFrom("Bob", EVERYONE)
    assert settle(bob) == []
    guest.type("/who")
    guest.expect_line(re.compile("Here now.*"))
    assert not any("typing" in line for line in guest.lines)


@pytest.mark.parametrize("to", [EVERYONE, "Bob"])
def test_typing_is_told_now_and_then(server: ServerProcess, to: str) -> None:
    """However often a program says it, others hear once in two seconds that somebody types."""
    ada, bob = Peer.join(server, "Ada"), Peer.join(server, "Bob")
    began = time.monotonic()
    ada.send(TypingTo(to))
    bob.expect("typing")
    told: list[TypingFrom | SeenBy] = []
    while not told:
        ada.send(TypingTo(to))
        told = settle(bob)

    assert told == [TypingFrom("Ada", to)]
    assert TYPING_SECONDS <= time.monotonic() - began < TYPING_SECONDS + 5


def test_typing_to_many_is_told_to_few(server: ServerProcess) -> None:
    """Nobody types to so many at once: a program that says so is told of as often as a person would be, and no more."""
    ada = Peer.join(server, "Ada")
    people = [Peer.join(server, f"Person {i}") for i in range(2 * TYPING_PRIVATE)]
    settle(ada)
    for peer in people:
        ada.send(TypingTo(peer.name))
    ada.send(Ping())
    ada.expect("pong")
    told = [settle(peer) for peer in people]
    people[0].send(TypingTo("Ada"))

    assert told == [[TypingFrom("Ada", peer.name)] for peer in people[:TYPING_PRIVATE]] + [[]] * TYPING_PRIVATE
    assert ada.expect("typing") == TypingFrom("Person 0", "Ada")


def test_typing_in_a_crowd_is_nobodys_news(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where so many are here that telling them all would take the chat's time, who types to everyone is not told."""
    monkeypatch.setattr("serverlib.signals.TYPING_SENDS", 4)
    server = serve()
    people = [Peer.join(server, name) for name in ("Ada", "Bob", "Cleo", "Dora", "Eve")]
    people[0].send(TypingTo(EVERYONE))
    people[0].send(TypingTo("Bob"))

    assert people[1].expect("typing") == TypingFrom("Ada", "Bob")
    assert [settle(peer) for peer in people] == [[]] * 5
    people[4].bye()
    people[0].expect("left")
    people[0].send(TypingTo(EVERYONE))
    assert people[1].expect("typing") == TypingFrom("Ada", EVERYONE)


def test_typing_is_not_told_behind_the_message(server: ServerProcess) -> None:
    """What somebody was typing when they sent it is no news any more."""
    ada, bob = Peer.join(server, "Ada"), Peer.join(server, "Bob")
    ada.send_bytes(b'{"type":"typing","to":"#everyone"}\n{"type":"send","id":"1","text":"here it is"}\n')
    bob.expect("message", text="here it is")

    assert settle(bob) == []


def test_seen_by_everyone_is_told_nobody(server: ServerProcess) -> None:
    """Up to where somebody has read what is public is their own business."""
    ada, bob = Peer.join(server, "Ada"), Peer.join(server, "Bob")
    seq = write(bob, "hello")
    ada.send(SeenWith(EVERYONE, seq))

    assert conversations(ada)[EVERYONE].read == seq
    assert settle(bob) == []


# --- former owners ----------------------------------------------------------------------------------------------------


def test_next_owner_of_a_name_has_nothing_of_the_former_one(tmp_path: Path) -> None:
    """Neither what a former owner had read nor with whom they talked is the next one's; and whoever talked with the
    former one sees nothing of that under the name.
    """
    server = Operated(tmp_path / "operated")
    ada, bob = Peer.join(server, "Ada"), Peer.join(server, "Bob")
    write(ada, "psst", "psst", to="Bob")
    write(bob, "psst", to="Ada")
    write(ada, "to all")
    read(bob, "Ada", 2)
    read(bob, EVERYONE, 4)
    assert conversations(ada)["Bob"] == Talked("Bob", 3, 0, 1, 2)
    server.type("release Bob")
    bob.expect("bye")
    assert list(conversations(ada)) == [EVERYONE]
    new = Peer.connect(server)
    new.hello("Bob")
    new.expect_welcome()

    assert conversations(new) == {EVERYONE: Talked(EVERYONE, 5, 5, 0, 0)}  # the last tells everybody of the release
    assert page(new, AskHistory(None, 10, "Ada", 0)) == ([], False)
    seq = write(new, "hello", to="Ada")
    assert conversations(ada)["Bob"] == Talked("Bob", seq, 0, 1, 0)
    assert page(ada, AskHistory(None, 10, "Bob", 0)) == (["hello"], False)
