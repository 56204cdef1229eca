"""The hub beside a plain list: whatever people do in whatever order, everybody sees what the list says.

Hypothesis makes up stories (joins, leaves, broken connections, take-overs, messages, private ones, repeats, resumes,
pages, what was read, restarts of the server) and shortens those that fail. A real server lives through many of them,
so that its log grows from story to story, as the list does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import names
import protocol
from peers import Peer
from processes import ANSWER_SECONDS, ServerProcess, wait_until
from protocol import EVERYONE, MAX_UNREAD, Message, SeenBy, Talked
from serverlib.log_reader import Reader

BACKLOG = 100  # entries that somebody new gets, by the wire's description
STORIES = 60  # that one server lives through; then there is nobody, and nothing was written


class Written(NamedTuple):
    """An entry of the list."""

    seq: int
    sender: str
    to: str
    id: str
    text: str


class Somebody:
    """A person of the story: what they hold, here or away."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.peer: Peer | None = None
        self.token: str | None = None
        self.seen: list[int] = []  # seqs of all that ever came, in order
        self.read = 0  # of the peer's messages, how many were looked at
        self.begins = 0  # seq from which on everything they may see must have come
        self.expected: list[int] = []  # seqs of it
        self.listed = 0  # up to where of the list it was looked for
        self.sent: list[tuple[str, str, str | None]] = []  # id, text, to
        self.marks: dict[str, int] = {}  # key: with whom, or EVERYONE; up to which seq they have read


class Chat(RuleBasedStateMachine):
    """One story."""

    folder: ClassVar[Path]
    server: ClassVar[ServerProcess]
    written: ClassVar[list[Written]] = []
    stories: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        if Chat.stories % STORIES == 0:
            self._begin_anew()
        Chat.stories += 1
        names = [f"{kind} {Chat.stories}" for kind in ("Ada", "Bob", "Cleo", "Zoë")]
        self.people = [Somebody(name) for name in names]
        self.known: set[str] = set()

    def _begin_anew(self) -> None:
        """A new server, and an empty list."""
        if Chat.stories:
            self.server.stop()
        Chat.server = ServerProcess(self.folder / f"data-{Chat.stories}")
        Chat.written.clear()

    # -- what the list says --

    def _sees(self, person: Somebody, entry: Written) -> bool:
        return entry.to == EVERYONE or person.name in (entry.sender, entry.to)

    def _expected(self, person: Somebody) -> list[int]:
        new = self.written[max(person.listed, person.begins - 1) :]
        person.expected += [entry.seq for entry in new if self._sees(person, entry)]
        person.listed = len(self.written)
        return person.expected

    def _between(self, person: Somebody, other: str | None) -> list[Written]:
        """What somebody sees: everything, what is public, or what they and another wrote to each other."""
        if other is None:
            return [entry for entry in self.written if self._sees(person, entry)]
        if other == EVERYONE:
            return [entry for entry in self.written if entry.to == EVERYONE]
        two = {(person.name, other), (other, person.name)}
        return [entry for entry in self.written if (entry.sender, entry.to) in two]

    def _conversations(self, person: Somebody) -> tuple[Talked, ...]:
        """What somebody has talked about with whom, and what of it is unread."""
        talked = []
        for other in self.people:
            if entries := self._between(person, other.name):
                read, seen = person.marks.get(other.name, 0), other.marks.get(person.name, 0)
                unread = sum(entry.sender != person.name and entry.seq > read for entry in entries)
                talked.append(Talked(other.name, entries[-1].seq, read, unread, seen))
        public, read = self._between(person, EVERYONE), person.marks.get(EVERYONE, 0)
        unread = sum(entry.sender != person.name and entry.seq > read for entry in public)
        everyone = Talked(EVERYONE, public[-1].seq if public else 0, read, min(unread, MAX_UNREAD), 0)
        return (everyone, *sorted(talked, key=lambda each: -each.last))

    def _write(self, person: Somebody, id: str, text: str, to: str) -> None:
        """Waits for the ack of what `person` just sent; the list grows by it."""
        assert person.peer is not None
        ack = person.peer.expect("ack", id=id)
        assert ack.seq == len(self.written) + 1
        self.written.append(Written(ack.seq, person.name, to, id, text))

    def _look(self, person: Somebody) -> None:
        """Waits until `person` has what the list says, and compares."""
        assert person.peer is not None
        expected = self._expected(person)
        person.peer.read_until(person.read + len(expected) - len(person.seen))
        new = person.peer.messages[person.read :]
        person.read = len(person.peer.messages)
        person.seen += [message.seq for message in new]
        assert person.seen == expected
        for message in new:
            assert _as_written(message) == self.written[message.seq - 1]

    def _here(self, which: int) -> tuple[Somebody, Peer] | None:
        """One of those who are here; None when nobody is."""
        here = [(person, person.peer) for person in self.people if person.peer is not None]
        return here[which % len(here)] if here else None

    # -- what people do --

    @initialize(count=st.integers(0, 4))
    def begin(self, count: int) -> None:
        """Some are here already."""
        for who in range(count):
            self.join(who)

    @rule(who=st.integers(0, 3))
    def join(self, who: int) -> None:
        """Comes for the first time, comes back, or takes over from their own old connection."""
        person = self.people[who]
        old = person.peer
        if old is not None:
            self._look(person)
        peer = Peer.connect(self.server)
        if person.name in self.known:
            peer.hello(person.name, token=person.token, history=self._history, after=max(person.seen, default=0))
        else:
            peer.hello(person.name)
            visible = [entry.seq for entry in self.written if self._sees(person, entry)]
            person.begins = visible[-BACKLOG] if len(visible) >= BACKLOG else 1
            person.marks[EVERYONE] = len(self.written)
        welcome = peer.expect_welcome()
        peer.send(protocol.Ping())  # so the server knows that the welcome, and the token in it, have arrived
        peer.expect("pong")
        assert welcome.last == len(self.written)
        assert (welcome.token is None) == (person.name in self.known)
        assert {each.name for each in welcome.people if each.online} >= self._names_here() | {person.name}
        person.token = person.token or welcome.token
        person.peer, person.read = peer, 0
        self.known.add(person.name)
        Chat._history = welcome.history
        if old is not None:
            assert old.expect("bye").code == "taken_over"
            assert old.closed()
            old.close()

    _history: ClassVar[str] = ""

    @rule(who=st.integers(0, 3), goodbye=st.booleans())
    def leave(self, who: int, goodbye: bool) -> None:
        """Says goodbye, or is cut off."""
        if (found := self._here(who)) is None:
            return
        person, peer = found
        self._look(person)
        if goodbye:
            peer.bye()
        else:
            peer.reset()
        person.peer = None

    @rule(who=st.integers(0, 3), text=st.text("aä\U0001f600 \n", min_size=1, max_size=20).filter(str.strip))
    def say(self, who: int, text: str) -> None:
        """Writes to everybody."""
        if (found := self._here(who)) is None:
            return
        person, peer = found
        id = peer.say(text)
        person.sent.append((id, text, None))
        self._write(person, id, text, EVERYONE)

    @rule(who=st.integers(0, 3), count=st.integers(2, 30))
    def say_much(self, who: int, count: int) -> None:
        """Writes many at once, which the server takes together."""
        if (found := self._here(who)) is None:
            return
        person, peer = found
        ids = [f"{person.name} {len(person.sent)} {i}" for i in range(count)]
        peer.send_bytes(b"".join(protocol.encode(protocol.Send(id, "many")) for id in ids))
        for id in ids:
            person.sent.append((id, "many", None))
            self._write(person, id, "many", EVERYONE)

    @rule(who=st.integers(0, 3), whom=st.integers(0, 3), by_name=st.booleans())
    def whisper(self, who: int, whom: int, by_name: bool) -> None:
        """Writes privately, to somebody here, somebody away, oneself or nobody."""
        if (found := self._here(who)) is None:
            return
        person, peer = found
        other = self.people[whom]
        id = peer.say(f"@{other.name}: psst") if by_name else peer.say("psst", to=other.name)
        if other.name in self.known:
            self._write(person, id, "psst", other.name)
        else:
            assert peer.expect("error", id=id).code == "no_such_user"

    @rule(who=st.integers(0, 3), which=st.integers(0, 1000))
    def repeat(self, who: int, which: int) -> None:
        """Sends something again, as a client does that missed the ack."""
        if (found := self._here(who)) is None or not found[0].sent:
            return
        person, peer = found
        id, text, to = person.sent[which % len(person.sent)]
        peer.say(text, to, id)
        first = next(entry for entry in self.written if (entry.sender, entry.id) == (person.name, id))
        assert peer.expect("ack", id=id).seq == first.seq

    @rule(who=st.integers(0, 3), whom=st.integers(0, 3), limit=st.integers(1, 50), back=st.integers(0, 60))
    def page(self, who: int, whom: int, limit: int, back: int) -> None:
        """Scrolls back and on, in all there is, in public and with somebody; sees what they may, and nothing else."""
        if (found := self._here(who)) is None:
            return
        person, peer = found
        seq = max(1, len(self.written) + 1 - back)
        for other in (None, EVERYONE, self.people[whom].name):
            if other not in {None, EVERYONE, *self.known}:
                continue
            entries = self._between(person, other)
            older = [entry for entry in entries if entry.seq < seq]
            newer = [entry for entry in entries if entry.seq > seq]
            peer.send(protocol.AskHistory(seq, limit, other))
            page = peer.expect("page", before=seq, after=None, other=other, more=len(older) > limit)
            assert [_as_written(message) for message in page.messages] == older[-limit:]
            peer.send(protocol.AskHistory(None, limit, other, seq))
            page = peer.expect("page", before=None, after=seq, other=other, more=len(newer) > limit)
            assert [_as_written(message) for message in page.messages] == newer[:limit]

    @rule(who=st.integers(0, 3), whom=st.integers(0, 4), back=st.integers(-2, 20))
    def see(self, who: int, whom: int, back: int) -> None:
        """Has read something; in private the other one is told."""
        if (found := self._here(who)) is None:
            return
        person, peer = found
        other = self.people[whom] if whom < len(self.people) else None
        seq = max(0, len(self.written) - back)
        peer.send(protocol.SeenWith(other.name if other else EVERYONE, seq))
        peer.send(protocol.Ping())
        peer.expect("pong")
        if other is not None and other.name not in self.known:
            return
        name, seq = other.name if other else EVERYONE, min(seq, len(self.written))
        person.marks[name] = max(person.marks.get(name, 0), seq)
        if other is not None and other is not person and other.peer is not None:
            assert other.peer.expect("seen") == SeenBy(person.name, seq)

    @rule(who=st.integers(0, 3))
    def conversations(self, who: int) -> None:
        """Asks what is unread."""
        if (found := self._here(who)) is None:
            return
        person, peer = found
        peer.send(protocol.AskConversations())
        assert peer.expect("conversations").talked == self._conversations(person)

    @rule(who=st.integers(0, 3))
    def search(self, who: int) -> None:
        """Searches for what people whisper; finds their own only."""
        if (found := self._here(who)) is None:
            return
        person, peer = found
        peer.send(protocol.AskSearch("psst", 100))
        visible = [entry for entry in self.written if entry.text == "psst" and self._sees(person, entry)]
        assert [_as_written(message) for message in peer.expect("found").messages] == visible[-100:]

    @rule(dice=st.integers(1, 20))
    def restart(self, dice: int) -> None:
        """The server is killed, and started again; now and then, as it takes long."""
        if dice != 6:
            return
        for person in self.people:
            if person.peer is not None:
                self._look(person)
                person.peer.close()
                person.peer = None
        wait_until(self._marks_are_saved, ANSWER_SECONDS, "the server saved what was read")
        self.server.kill()
        self.server.restart()

    def _marks_are_saved(self) -> bool:
        with Reader(self.server.data) as reader:
            ids = {name: reader.find(names.name_key(name)) or 0 for name in self.known}
            people = [person for person in self.people if person.name in self.known]
            return all(reader.conversations(ids[each.name], {}) == self._conversations(each) for each in people)

    # -- what always holds --

    def _names_here(self) -> set[str]:
        return {person.name for person in self.people if person.peer is not None}

    @invariant()
    def everybody_has_what_the_list_says(self) -> None:
        """Who is here has seen all of it, once, in its order."""
        for person in self.people:
            if person.peer is not None:
                self._look(person)

    def teardown(self) -> None:
        """Everybody goes."""
        for person in self.people:
            if person.peer is not None:
                person.peer.bye()


def _as_written(message: Message) -> Written:
    return Written(message.seq, message.sender, message.to, message.id, message.text)


@pytest.fixture
def servers() -> Iterator[None]:
    """Where the servers of the stories keep their data; the last one is stopped."""
    with tempfile.TemporaryDirectory(prefix="hallway-model-") as folder:
        Chat.folder, Chat.stories = Path(folder), 0
        yield
        if Chat.stories:
            Chat.server.stop()


@pytest.mark.usefixtures("servers")
def test_everybody_sees_what_the_list_says() -> None:
    """300 stories of up to 20 steps."""
    run_state_machine_as_test(
        Chat,
        settings=settings(
            max_examples=300, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert Chat.stories >= 300
