"""What is asked of a log of 100,000 messages is answered at once: pages, conversations, searches."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from history import EVERYONE_ID, Draft, History
from peers import Peer
from processes import CHECKOUT, ServerProcess
from protocol import EVERYONE, MAX_FOUND, MAX_INTEGER, MAX_PAGE, AskConversations, AskHistory, AskSearch, Command
from serverlib.log_reader import Reader

pytestmark = pytest.mark.figure

MESSAGES = 100_000
ANSWER = 0.150  # s
ANSWER_WITHOUT_FTS5 = 0.500  # s, for a search
TRIES = 5  # of which the fastest counts: other programs on this computer are not measured

WORDS = (CHECKOUT / "words.txt").read_text(encoding="utf-8").split()[1::2]
# What people search for: a rare word, a common beginning, several letters, and what nobody has ever written.
SEARCHES = [WORDS[5], f"{WORDS[5]} {WORDS[6]}", "a", "s t r", "tea", "green tea", "nosuchword"]


def fastest(ask: Callable[[], object]) -> float:
    """Seconds that an answer takes."""
    times = []
    for _ in range(TRIES):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return min(times)


def people_talk(ids: list[int]) -> Iterator[Draft]:
    """A chat as it may be: a thousand people, a third of all is private, and the first of them writes to many."""
    chance = random.Random(1)
    for i in range(MESSAGES):
        text = " ".join(chance.choices(WORDS, k=10))
        sender = ids[0] if i % 10 == 0 else chance.choice(ids)
        yield sender, EVERYONE_ID if i % 3 else chance.choice(ids), str(i), text


def two_talk(ids: list[int]) -> Iterator[Draft]:
    """The worst for anybody else: one public message, then two people's private ones, all with the same words."""
    yield ids[1], EVERYONE_ID, "first", "one cup of tea"
    for i in range(MESSAGES - 1):
        yield ids[1 + i % 2], ids[2 - i % 2], str(i), f"green tea, and what else people write to one another: {i}"


def many_write_to_one(ids: list[int]) -> Iterator[Draft]:
    """Everybody has written to the first one, who has read nothing of it."""
    for i in range(MESSAGES):
        yield ids[1 + i % (len(ids) - 1)], ids[0], str(i), "tea?"


TALKS = {"people": people_talk, "two": two_talk, "many": many_write_to_one}


class Large(NamedTuple):
    """A folder with a large log, and how Ada, the first of its people, comes in."""

    folder: Path
    token: str


@pytest.fixture(scope="module", params=TALKS)
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Large:
    folder = tmp_path_factory.mktemp("large") / "data"
    with closing(ServerProcess(folder)) as server:
        welcome = Peer.join(server, "Ada").welcome
    assert welcome is not None
    assert welcome.token is not None
    with closing(History(folder)) as log:
        log.begin()
        ids = [address.id for address in log.addresses()]
        ids += [log.add_address(f"p{i}", f"P{i}", True, b"of nobody").id for i in range(999)]
        drafts = list(TALKS[request.param](ids))
        for start in range(0, MESSAGES, 10_000):
            log.append(drafts[start : start + 10_000], 1_700_000_000_000)
        log.commit()
        while log.index_more(MESSAGES):
            pass
    return Large(folder, welcome.token)


def too_slow(asks: Mapping[str, Callable[[], object]], limit: float) -> dict[str, float]:
    """Which of them take longer than `limit`, and how long, in seconds."""
    times = {name: fastest(ask) for name, ask in asks.items()}
    print({name: round(seconds, 4) for name, seconds in times.items()})
    return {name: seconds for name, seconds in times.items() if seconds > limit}


def test_answers(large: Large) -> None:
    """A page from anywhere in the log, the list of conversations and what is found are there within 150 ms."""
    with closing(ServerProcess(large.folder)) as server:
        ada = Peer.join(server, "Ada", token=large.token)
        slow = too_slow(questions(ada), ANSWER)

    assert slow == {}


def questions(ada: Peer) -> dict[str, Callable[[], object]]:
    """What Ada may ask, and how."""

    def ask(command: Command, answer: str) -> Callable[[], object]:
        def answered() -> object:
            ada.send(command)
            return ada.expect(answer)

        return answered

    places = {"beginning": 100, "middle": MESSAGES // 2, "end": MESSAGES}
    pages = {
        f"{way} {name}, with {other}": ask(
            AskHistory(seq, MAX_PAGE, other) if way == "before" else AskHistory(None, MAX_PAGE, other, seq), "page"
        )
        for name, seq in places.items()
        for other in (None, EVERYONE, "P5")
        for way in ("before", "after")
    }
    searches = {f"search for {text}": ask(AskSearch(text, MAX_FOUND), "found") for text in SEARCHES}
    return pages | {"conversations": ask(AskConversations(), "conversations")} | (searches if has_fts5() else {})


def test_searches_without_fts5(large: Large, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this SQLite has no FTS5, all of the log is looked through within 500 ms."""
    monkeypatch.setattr(Reader, "_indexed", lambda _: 0)
    with Reader(large.folder) as reader:
        me = reader.find("ada")
        assert me is not None
        searches = {text: partial(reader.search, me, text, MAX_INTEGER, MAX_FOUND) for text in SEARCHES}

        assert too_slow(searches, ANSWER_WITHOUT_FTS5) == {}


def has_fts5() -> bool:
    with closing(sqlite3.connect(":memory:")) as db:
        return any(option == "ENABLE_FTS5" for (option,) in db.execute("PRAGMA compile_options"))
