# ruff: noqa: RUF001  # letters that look like others are what this is about
"""Names that are owned, and private messages that are their two people's alone: the real server, and people who try."""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from peers import Operated, Peer, TextPeer, token_of
from processes import ServerHere, ServerProcess
from protocol import VERSION, AskHistory, AskSearch, Bye, Hello, Message
from serverlib import register

SECRET = "the treasure is under the old oak"  # noqa: S105 - a message
_visits = itertools.count()
OWNED = ["Ada Lovelace", "PEACOCK", "KATE", "Straße", "Zoë", "x1"]

# How somebody might write the names of others. Most are the same name, some only look like it, and some cannot be had.
SPELLINGS = [
    *(
        "Ada Lovelace",
        "ada lovelace",
        "ADA LOVELACE",
        "aDA lOVELACE",
        "Ada  Lovelace",
        " Ada Lovelace",
        "Ada Lovelace ",
    ),
    *("Ada\u00a0Lovelace", "Ada\u2003Lovelace", "Ada\u3000Lovelace", "Ada\u2009Lovelace", "Ada\u202fLovelace"),
    *("Ada\u1680Lovelace", "Ada \u2000 Lovelace", "\tAda Lovelace", "Ada\tLovelace", "Ada\nLovelace", "Ada Lovelace\n"),
    "Ａｄａ Ｌｏｖｅｌａｃｅ",  # full width
    "ＡＤＡ　ＬＯＶＥＬＡＣＥ",
    "𝐀𝐝𝐚 𝐋𝐨𝐯𝐞𝐥𝐚𝐜𝐞",  # mathematical, which NFKC makes plain
    "𝓐𝓭𝓪 𝓛𝓸𝓿𝓮𝓵𝓪𝓬𝓮",
    "𝔸𝕕𝕒 𝕃𝕠𝕧𝕖𝕝𝕒𝕔𝕖",
    "Ⓐⓓⓐ Ⓛⓞⓥⓔⓛⓐⓒⓔ",
    "ᴬda Lovelace",
    "ªda Lovelace",
    "Ada ℒovelace",
    "Ada Lovelac\u2091",  # a subscript e
    *("Ada\u200b Lovelace", "A\u200dda Lovelace", "Ada Love\u00adlace", "\ufeffAda Lovelace", "Ada\u2060 Lovelace"),
    *(
        "Ada\u200c Lovelace",
        "\u202eAda Lovelace",
        "Ada Lovelace\u200e",
        "Ada \u2066Lovelace\u2069",
        "Ada\u061c Lovelace",
    ),
    *("Ada\u3164Lovelace", "Ada\u115f Lovelace", "Ada\u1160 Lovelace", "Ada\uffa0Lovelace", "Ada\u2800Lovelace"),
    *("Ada\ue000 Lovelace", "Ada\u0378 Lovelace", "Ada\u2028Lovelace", "Ada\x00 Lovelace", "Ada\x7f Lovelace"),
    *("\u0410da Lovelace", "Ad\u0430 Lovelace", "Ada L\u043evelace", "Ada L\u03bfvelace", "\u0391da Lovelace"),
    "\u0420\u0415\u0410\u0421\u041e\u0421\u041a",  # PEACOCK, all of it Cyrillic
    "\u039a\u0391\u03a4\u0395",  # KATE, all of it Greek
    "\u041a\u0410\u0422\u0415",  # and Cyrillic
    *("STRASSE", "strasse", "Strasse", "STRAẞE", "ſtraße"),
    *("Zoe\u0308", "ZOË", "ZOE\u0308", "Ｚoë"),
    *("Ada Lovelace.", "'Ada Lovelace'", "\u201eAda Lovelace\u201c", "[Ada Lovelace]", "Ada Lovelace\u00b7"),
    *("\u1d00da Lovelace", "Ad\u0251 Lovelace", "Ada Lov\u212elace", "\U0001f170da Lovelace"),
    *("X1", "x¹", "x₁", "x①", "ｘ１", "\u04451", "\u03c71"),
]


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all spellings, on which the names are owned by people who are away."""
    server = ServerProcess(tmp_path_factory.mktemp("taken") / "data")
    for name in OWNED:
        leave(Peer.join(server, name))
    yield server
    server.close()
    assert "Traceback" not in server.log


def leave(peer: Peer) -> None:
    peer.send(Bye())
    assert peer.closed()


def stranger(server: ServerProcess | ServerHere | Operated, name: str, token: str | None = None) -> Peer:
    """Somebody who says this name without what its owner was given."""
    peer = Peer.connect(server)
    peer.send(Hello(VERSION, name, token))
    return peer


# --- names ------------------------------------------------------------------------------------------------------------


def test_enough_spellings() -> None:
    """There are as many as promised, each another one."""
    assert len(SPELLINGS) == len(set(SPELLINGS)) >= 60


@pytest.mark.parametrize("spelling", SPELLINGS, ids=ascii)
def test_stolen_name(taken: ServerProcess, spelling: str) -> None:
    """A name that is owned, or that looks like one, is refused in every spelling, in JSON and in words."""
    error = stranger(taken, spelling).expect_any("error", "welcome")
    if spelling.isprintable():  # of a typed line the rest is cleaned before it is looked at
        in_words = TextPeer.connect(taken)
        in_words.type(spelling)
        in_words.expect_prompt("What is your name? ")
        assert not any("Registration" in line for line in in_words.lines)

    assert error.type == "error"
    assert error.code in ("name_taken", "name_invalid")


def test_token_is_issued_once(server: ServerProcess) -> None:
    """The first hello under a free name gets 256 bits, later ones nothing; only a digest is on the server's disk."""
    first = Peer.join(server, "Ada")
    again = Peer.join(server, "Ada")
    assert first.welcome
    assert again.welcome
    token = first.welcome.token
    server.stop()
    on_disk = b"".join(path.read_bytes() for path in server.data.iterdir())

    assert token is not None
    assert re.fullmatch("[0-9a-f]{64}", token)
    assert again.welcome.token is None
    assert token.encode() not in on_disk
    assert bytes.fromhex(token) not in on_disk


@pytest.mark.parametrize("token", [None, "", "0" * 64, "x" * 1024, "ü"])
def test_wrong_token(server: ServerProcess, token: str | None) -> None:
    """Without the right token a name is refused, its person being here or away; another one may be tried."""
    ada = Peer.join(server, "Ada")
    thief = stranger(server, "Ada", token)
    thief.expect("error", code="name_taken")
    leave(ada)
    thief.send(Hello(VERSION, "ada", token))
    error = thief.expect("error", code="name_taken")
    thief.hello("Bob")

    assert error.text.endswith("If it is yours, ask whoever runs the server to set it free.")
    assert thief.expect_welcome().name == "Bob"


def test_token_of_one_name_is_not_anothers(server: ServerProcess) -> None:
    """What proves one name proves no other."""
    Peer.join(server, "Ada")
    Peer.join(server, "Bob")
    thief = stranger(server, "Ada", token_of(server, "Bob"))

    thief.expect("error", code="name_taken")


def test_token_that_never_arrived(server: ServerProcess) -> None:
    """Whose connection is lost with the welcome still on its way is not locked out of the name for ever."""
    peer = stranger(server, "Ada")
    server.expect_log('"Ada" joined')
    peer.reset()
    server.expect_log('"Ada" lost the connection')
    again = stranger(server, "Ada")
    token = again.expect_welcome().token
    leave(again)
    server.restart()

    assert token
    stranger(server, "Ada").expect("error", code="name_taken")


def test_token_that_perhaps_arrived(server: ServerProcess) -> None:
    """Who went without a word, and had been written to, keeps the name and the messages: no stranger gets either."""
    bob = Peer.join(server, "Bob")
    ada = Peer.join(server, "Ada")
    bob.say(SECRET, to="Ada")
    assert ada.expect("message").text == SECRET
    ada.close()
    server.expect_log('"Ada" lost the connection')
    bob.say(SECRET, to="Ada")
    bob.expect("ack")
    stranger(server, "ADA").expect("error", code="name_taken")

    assert reads_it(everything(server, "Ada"))


def test_name_that_is_nobodys_again(serve: Callable[..., ServerHere], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can be written to who may never come; whoever comes next is somebody new, with a token of their own."""
    monkeypatch.setattr(register, "GONE_SECONDS", 0.1)
    server = serve()
    bob = Peer.join(server, "Bob")
    first = stranger(server, "Ada")
    first.expect_welcome()
    first.reset()
    bob.expect("left", name="Ada")
    bob.say(SECRET, to="Ada")
    bob.expect("error", code="no_such_user")
    ada = stranger(server, "Ada")
    assert ada.expect_welcome().token
    leave(ada)

    assert not reads_it(everything(server, "Ada"))


def test_hello_with_more_behind_it(server: ServerProcess) -> None:
    """Who says more in one breath with the hello, even half a line, owns the name."""
    for name, more in (("Carl", b'{"type":"send","id":"1","text":"I am Carl"}\n'), ("Dora", b'{"type":')):
        peer = Peer.connect(server)
        peer.send_bytes(b'{"type":"hello","v":1,"name":"%s"}\n' % name.encode() + more)
        peer.expect_welcome()
        peer.close()
        server.expect_log(f'"{name}" lost the connection')
        stranger(server, name).expect("error", code="name_taken")


def test_quiet_when_the_server_stops(server: ServerProcess) -> None:
    """A server that stops has ended the connection itself, which is no sign that the token did not arrive."""
    bob = Peer.join(server, "Bob")
    Peer.join(server, "Ada")
    bob.say(SECRET, to="Ada")
    bob.expect("ack")
    Peer.join(server, "Quiet")
    server.stop()
    server.restart()
    for name in ("Ada", "Quiet"):
        stranger(server, name).expect("error", code="name_taken")

    assert reads_it(everything(server, "Ada"))


def test_names_that_forge_the_log(server: ServerProcess) -> None:
    """In the log names stand in quotes that no name can end."""
    Peer.join(server, 'Bob" joined from 10.0.0.5')

    server.expect_log(r'"Bob\" joined from 10.0.0.5" joined from 127.0.0.1')


def test_owner_over_a_restart(server: ServerProcess) -> None:
    """The name is still theirs, and still nobody else's, when the server was killed in between."""
    ada = Peer.join(server, "Ada")
    server.kill()
    server.restart()
    stranger(server, "Ada").expect("error", code="name_taken")

    assert Peer.join(server, "Ada").welcome
    assert ada.closed()


def test_respelling_is_no_other_name(server: ServerProcess) -> None:
    """An owner may write the name in capitals or not, but not so that it looks like somebody else's."""
    leave(Peer.join(server, "VNV"))
    nu = "\u03bd\u03bd\u03bd"  # Greek, and looks like vvv; in capitals like NNN
    leave(Peer.join(server, nu))
    token = token_of(server, nu)
    stranger(server, "NNN").expect("error", code="name_taken")
    stranger(server, "\u03bd\u039d\u03bd", token).expect("error", code="name_taken")  # the same, and looks like vNv
    capitals = stranger(server, "\u039d\u039d\u039d", token)

    assert capitals.expect_welcome().name == "\u039d\u039d\u039d"


def test_capitals_count_as_looks(server: ServerProcess) -> None:
    """A name of small letters that look like nobody's is not free when its capitals do."""
    Peer.join(server, "Tom")
    stranger(server, "\u0442\u043e\u043c").expect("error", code="name_taken")


def test_guest_who_looks_like_somebody(server: ServerProcess) -> None:
    """Nobody comes in under a name like a guest's either, as long as the guest is here."""
    guest = TextPeer.join(server, "BOB")
    look_alike = "\u0412\u041e\u0412"  # Cyrillic
    stranger(server, look_alike).expect("error", code="name_taken")
    guest.type("/exit")
    assert guest.closed()

    assert Peer.join(server, look_alike).name == look_alike


# --- taking over ------------------------------------------------------------------------------------------------------


def test_takeover(server: ServerProcess) -> None:
    """The owner comes from somewhere else: the old connection is told why it ends, and nobody else anything."""
    bob = Peer.join(server, "Bob")
    old = Peer.join(server, "Ada")
    old.say("one")
    old.read_until(1)
    assert old.welcome
    new = Peer.join(server, "Ada", history=old.welcome.history, after=1)
    bye = old.expect("bye")
    new.say("two")

    assert (bye.reason, bye.code) == ("You joined from somewhere else.", "taken_over")
    assert old.closed()
    assert [message.text for message in new.read_until(1)] == ["two"]
    seen = [event.type for event in bob.events_until("message", text="two")]
    assert seen == ["joined", "message", "message"]


def test_ghost_blocks_nobody(server: ServerProcess) -> None:
    """An old connection that nobody reads, with megabytes on the way to it, does not keep its owner out."""
    ghost = Peer.join(server, "Ada", receive_buffer=4096)
    bob = Peer.join(server, "Bob")
    for number in range(500):
        bob.say(f"{number}" + "x" * 3900)
    bob.read_until(500)
    assert ghost.welcome
    back = Peer.join(server, "Ada", history=ghost.welcome.history, after=0)

    assert [message.seq for message in back.read_until(500)] == list(range(1, 501))


def test_under_way_when_taken_over(server: ServerProcess) -> None:
    """What the old connection was writing is in the log once, with what the new one sends again."""
    for attempt in range(5):
        old = Peer.join(server, "Ada")
        ids = [f"{attempt}-{number}" for number in range(300)]
        old.send_bytes(b"".join(b'{"type":"send","id":"%s","text":"x"}\n' % id.encode() for id in ids))
        assert old.welcome
        new = Peer.join(server, "Ada", history=old.welcome.history, after=old.welcome.last)
        for id in ids:  # none was seen acked: all are sent again
            new.say("x", id=id)
        acks = [new.expect("ack", id=id) for id in ids]
        shown = new.read_until(300)

        assert sorted(message.id for message in shown) == sorted(ids)
        assert [message.seq for message in shown] == sorted(ack.seq for ack in acks)
        assert old.closed()


def test_two_of_the_owner_at_once(server: ServerProcess) -> None:
    """Many connections with the right token at one moment: one stays, each other one was told."""
    Peer.join(server, "Ada")
    peers = [Peer.connect(server) for _ in range(20)]
    for peer in peers:
        peer.hello("Ada", token=token_of(server, "Ada"))
    for peer in peers[:-1]:
        peer.expect_any("bye", "welcome")
    bob = Peer.join(server, "Bob")
    bob.say("who is it?", to="Ada")
    bob.expect("ack")
    open_ones = [peer for peer in peers if not peer.closed(0.3)]

    assert len(open_ones) == 1
    assert open_ones[0].expect("message").text == "who is it?"


def test_full_chat_is_no_obstacle(start_server: Callable[..., ServerProcess]) -> None:
    """Whoever is in already can come from somewhere else, however full it is."""
    server = start_server("--max-clients", "1")
    ada = Peer.join(server, "Ada")

    assert Peer.join(server, "Ada").welcome
    assert ada.expect("bye").code == "taken_over"


# --- private messages -------------------------------------------------------------------------------------------------


def everything(server: ServerProcess | ServerHere | Operated, name: str) -> list[Message]:
    """All that somebody can get by any command."""
    peer = Peer.join(server, name)
    assert peer.welcome
    peer.send_bytes(b'{"type":"ping"}\n')
    peer.expect("pong")
    answers: list[Message] = []
    for other in (None, "Ada", "Bob", "Cleo", "Gus", "Server", name, "bob\n2", "#everyone"):
        peer.send(AskHistory(1 << 60, 200, other))
        answer = peer.expect_any("page", "error")
        answers += answer.messages if answer.type == "page" else ()
        peer.send(AskHistory(None, 200, other, after=0))
        answer = peer.expect_any("page", "error")
        answers += answer.messages if answer.type == "page" else ()
    for words in ("treasure", "the treasure is under the old oak", "oa", "%", "_", "t*", '"', "OR treasure"):
        peer.send(AskSearch(words, 100))
        answer = peer.expect_any("found", "error")
        answers += answer.messages if answer.type == "found" else ()
    history = peer.welcome.history
    leave(peer)
    for after in (0, 1):
        peer = Peer.join(server, name, history=history, after=after)
        peer.say(f"{name} was here, {after}", id=f"{name}-{next(_visits)}")
        peer.expect("ack")
        peer.events_until("message", text=f"{name} was here, {after}")
        answers += peer.messages
        leave(peer)
    return answers + peer.messages


def reads_it(messages: list[Message]) -> bool:
    return any("treasure" in message.text for message in messages)


def lines_of(guest: TextPeer) -> str:
    guest.type("/who")
    guest.expect_line(re.compile("Here now.*"))
    return "\n".join(guest.lines)


def test_private_is_private(tmp_path: Path) -> None:
    """A private message is its two people's: no command, no restart, no name set free shows it to anybody else."""
    server = Operated(tmp_path / "operated")
    bob = Peer.join(server, "Bob")
    ada = Peer.join(server, "Ada")
    cleo = Peer.join(server, "Cleo")
    guest = TextPeer.join(server, "Gus")
    ada.say(SECRET, to="Bob")
    ada.expect("ack")
    assert bob.expect("message").text == SECRET
    leave(bob)
    ada.say(SECRET + " (again)", to="Bob")
    ada.expect("ack")

    assert "treasure" not in lines_of(guest)
    assert not reads_it(cleo.messages)
    for peer in (ada, cleo):
        leave(peer)
    assert not reads_it(everything(server, "Cleo"))
    server.restart()
    assert not reads_it(everything(server, "Cleo"))
    assert "treasure" not in lines_of(TextPeer.join(server, "Gus"))
    server.type("release Bob")
    server.expect("The name Bob is free: whoever joins with it next owns it.")
    guest = TextPeer.join(server, "Bob")  # a guest of the freed name first
    assert "treasure" not in lines_of(guest)
    guest.type("/exit")
    assert guest.closed()
    stolen = stranger(server, "Bob")
    assert stolen.expect_welcome().token
    leave(stolen)
    assert not reads_it(everything(server, "Bob"))
    server.restart()
    assert not reads_it(everything(server, "Bob"))
    assert not reads_it(everything(server, "Cleo"))
    assert reads_it(everything(server, "Ada"))


def test_former_owner_of_a_free_name(tmp_path: Path) -> None:
    """Who is here under a name that is set free is sent away; their token then opens nothing that is another's."""
    server = Operated(tmp_path / "operated")
    bob = Peer.join(server, "Bob")
    old = token_of(server, "Bob")
    server.type("release bob")
    bye = bob.expect("bye")
    ended = bob.closed()
    new = stranger(server, "Bob")
    new.expect_welcome()
    back = stranger(server, "Bob", old)

    assert bye.code == "kicked"
    assert ended
    back.expect("error", code="name_taken")


def test_guests_messages(server: ServerProcess) -> None:
    """What was written to a guest is not for the next one of that name, nor for who then owns it."""
    ada = Peer.join(server, "Ada")
    guest = TextPeer.join(server, "Gus")
    ada.say(SECRET, to="Gus")
    guest.expect_line(f"Private message from Ada: {SECRET}")
    guest.type("/exit")
    assert guest.closed()
    second = TextPeer.join(server, "Gus")
    seen = lines_of(second)
    second.type("/exit")
    assert second.closed()
    leave(Peer.join(server, "Gus"))

    assert "treasure" not in seen
    assert not reads_it(everything(server, "Gus"))


def test_names_of_an_old_log(server: ServerProcess) -> None:
    """A name kept before there were tokens is the first one's to come, without what was written to it; nobody can show
    that it was to them. Then it is owned.
    """
    leave(Peer.join(server, "Bob"))
    ada = Peer.join(server, "Ada")
    ada.say(SECRET, to="Bob")
    ada.expect("ack")
    server.stop()
    forget_tokens(server)
    server.restart()
    in_words = TextPeer.connect(server)
    in_words.type("Bob")
    in_words.expect_line(re.compile("Bob is the name of somebody else here.*"))
    first = stranger(server, "Bob")

    assert first.expect_welcome().token
    leave(first)
    assert not reads_it(everything(server, "Bob"))
    stranger(server, "Bob").expect("error", code="name_taken")


def forget_tokens(server: ServerProcess) -> None:
    with closing(sqlite3.connect(server.data / "hallway.db")) as db:
        db.execute("UPDATE addresses SET token = NULL")
        db.commit()
