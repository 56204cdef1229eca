"""The benchmark measures what it says: small runs of it against the real server, and what it must not overlook."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import benchmark
from benchmark import Crowd, Hallway, InvalidRun, Person, Relay, Result


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    """Twelve people around the relay, who have all received twenty texts."""
    with benchmark.running(Relay(), tmp_path) as server, contextlib.closing(Crowd(Relay(), server.port, 12)) as people:
        people.settle()
        people.prepare(20)
        people.pour()
        yield people


def test_flood(tmp_path: Path) -> None:
    """A flood on Hallway: everybody has everything once and in order, or `flood` raises; every number is there."""
    result = benchmark.flood(Hallway(), 12, 500, tmp_path)

    assert (result.server, result.load, result.people) == ("hallway", "flood", 12)
    assert result.deliveries_per_second
    assert result.deliveries_per_second > 1000
    assert result.p50_ms is None


def test_steady(tmp_path: Path) -> None:
    """A steady load on Hallway has latencies, and keeps to its pace."""
    result = benchmark.steady(Hallway(), 10, 0.2, tmp_path)

    assert result.p50_ms
    assert result.p99_ms
    assert 0 < result.p50_ms <= result.p99_ms
    assert result.deliveries_per_second
    assert result.deliveries_per_second < 1.2 * benchmark.STEADY_RATE * 10


def test_the_whole_run_prints_a_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The command prints a row for Hallway under each load, and writes the same as JSON."""
    file = tmp_path / "results.json"
    status = benchmark.main(
        ["--only", "hallway", "--people", "10", "--seconds", "0.02", "--rounds", "1", "--json", str(file)]
    )

    assert status == 0
    rows = [line.split()[:3] for line in capsys.readouterr().out.splitlines()]
    assert ["hallway", "flood", "10"] in rows
    assert ["hallway", "steady", "10"] in rows
    assert {result["server"] for result in json.loads(file.read_text())} == {"hallway", "(relay)"}


def test_a_good_crowd_passes(crowd: Crowd) -> None:
    """The next tests start from a crowd that has nothing to complain about."""
    crowd.check()


def test_a_lost_text_is_noticed(crowd: Crowd) -> None:
    """One person with one delivery too few makes the run invalid."""
    crowd.people[5].received -= 1

    with pytest.raises(InvalidRun, match="19 of 20"):
        crowd.check()


def test_a_wrong_order_is_noticed(crowd: Crowd) -> None:
    """Two texts of one sender, swapped, make the run invalid although the count is right."""
    received = b"".join(data for _, data in crowd.people[-1].kept)
    first, second = benchmark.text_of(3, 0), benchmark.text_of(3, 1)
    swapped = received.replace(first, b"?").replace(second, first).replace(b"?", second)
    crowd.people[-1].kept = [(0, swapped)]

    with pytest.raises(InvalidRun, match="another order"):
        crowd.check()


def test_a_hole_in_seq_is_noticed(crowd: Crowd) -> None:
    """Hallway's messages are numbered 1, 2, 3 …; a missing number makes the run invalid."""
    crowd.contender = Hallway()
    lines = [b'{"type":"message","seq":%d,"text":"%b"}' % (seq, b"") for seq in range(1, 21)]
    texts = b"".join(data for _, data in crowd.people[-1].kept)
    crowd.people[0].kept = crowd.people[-1].kept = [(0, texts + b"".join(lines))]
    crowd.check()
    crowd.people[-1].kept = [(0, texts + b"".join(lines[:7] + lines[8:]))]

    with pytest.raises(InvalidRun, match="not numbered"):
        crowd.check()


def test_a_closed_connection_is_noticed(crowd: Crowd) -> None:
    """A server that drops somebody makes the run invalid."""
    crowd.people[7].socket.shutdown(socket.SHUT_RDWR)

    with pytest.raises(InvalidRun, match="closed a connection"):
        crowd.check()


def test_a_text_that_arrives_in_pieces_counts_once(crowd: Crowd) -> None:
    """However a text is cut, it is one delivery."""
    theirs, ours = socket.socketpair()
    with theirs, ours:
        person = Person(99, ours)
        for byte in benchmark.text_of(1, 2) * 3:
            theirs.send(bytes([byte]))
            crowd.read(person)

    assert person.received == 3


def test_a_server_that_does_not_start_is_told_with_its_own_words(tmp_path: Path) -> None:
    """What the server said last is in the table, not a traceback."""

    class Broken(Relay):
        def command(self, folder: Path, port: int) -> list[str]:
            return [self.program, "-c", "raise SystemExit('no such luck')"]

    plan = benchmark.Plan([Broken()], ["flood"], [2], 1, 1, tmp_path)

    assert "no such luck" in plan.measure(Broken(), "flood", 2).problem


def test_ratios() -> None:
    """The last column is Hallway divided by the others: deliveries in a flood, p50 and p99 in a steady load."""
    ours = Result("hallway", "flood", 1000, deliveries_per_second=8e6, idle_mib=55.2)
    theirs = replace(ours, server="redis", deliveries_per_second=2e6)
    steady = Result("hallway", "steady", 100, deliveries_per_second=2e4, p50_ms=0.5, p99_ms=3.0)
    slower = replace(steady, server="nats", p50_ms=1.0, p99_ms=2.0)
    invalid = Result("ngircd", "steady", 100, problem="it fell over")
    lines = benchmark.table([ours, theirs, steady, slower, invalid]).splitlines()

    assert lines[2].endswith("  4.00")
    assert lines[4].endswith("  0.50, 1.50")
    assert lines[5].endswith("invalid: it fell over")
    assert benchmark.verdicts([ours, theirs, steady, slower, invalid]) == [
        "flood, 1,000 people: 4.00 times redis, the fastest (goal: 1.6)",
        "1,000 people joined, idle: 55 MiB resident (goal: 60)",
        "steady, p50 0.50 ms (goal: under 1.5), p99 3.00 ms (goal: at most 2.00, the worst of the others)",
    ]


def test_the_median_of_the_rounds_is_shown() -> None:
    """Each number is the median of its own; one invalid round makes the case invalid."""
    rounds = [Result("nats", "flood", 100, deliveries_per_second=x, peak_mib=9 - x) for x in (3.0, 1.0, 2.0)]
    shown = benchmark.median(rounds)

    assert (shown.deliveries_per_second, shown.peak_mib, shown.p50_ms) == (2.0, 7.0, None)
    assert benchmark.median([*rounds, Result("nats", "flood", 100, problem="dropped")]).problem == "dropped"


def test_a_round_that_was_disturbed_does_not_count_where_another_was_calm() -> None:
    """What else the machine did must not decide who is fast."""
    disturbed = Result("nats", "flood", 100, deliveries_per_second=1.0, others_percent=90.0)
    calm = replace(disturbed, deliveries_per_second=5.0, others_percent=3.0)

    assert benchmark.median([disturbed, calm, disturbed]).deliveries_per_second == 5.0
    assert benchmark.median([disturbed]).deliveries_per_second == 1.0
