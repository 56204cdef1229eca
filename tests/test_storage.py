"""What a client keeps on disk: the outbox through crashes and odd files, and the settings."""

from __future__ import annotations

import json
import os
import stat
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from clientlib import storage
from clientlib.storage import Outbox, Settings, load_settings, save_settings
from protocol import Send

ONE, OTHER = "1" * 64, "plain:school:12345"

# --- the outbox -------------------------------------------------------------------------------------------------------


def test_outbox_cut_at_every_byte(tmp_path: Path) -> None:
    """Wherever a crash tears the file, what is whole is loaded, and what is added afterwards is whole as well."""
    path = tmp_path / "whole.jsonl"
    box = Outbox(path)
    box.add([Send("a-1", "hällo"), Send("a-2", "two", "Bob"), Send("a-3", "three")])
    box.settle("a-2")
    box.note()
    box.close()
    content = path.read_bytes()
    states = {" ".join(torn_outbox(tmp_path, content[:length])) for length in range(len(content) + 1)}

    assert states == {"b-1", "a-1 b-1", "a-1 a-2 b-1", "a-1 a-2 a-3 b-1", "a-1 a-3 b-1"}


def torn_outbox(tmp_path: Path, content: bytes) -> list[str]:
    """What waits in an outbox file with this content after one more message was added, loaded twice."""
    path = tmp_path / "torn.jsonl"
    path.write_bytes(content)
    box = Outbox(path)
    box.load()
    box.add([Send("b-1", "new")])
    box.close()
    again = Outbox(path)
    again.load()
    assert list(again.waiting) == list(box.waiting)
    return list(again.waiting)


def test_outbox_that_could_not_be_read_is_not_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails once must not cost what was written before."""
    path = tmp_path / "box.jsonl"
    box = Outbox(path)
    box.add([Send("a-1", "old")])
    box.close()
    with monkeypatch.context() as failing:
        failing.setattr(Path, "read_bytes", lambda _: os.read(-1, 1))
        box = Outbox(path)
        with pytest.raises(OSError, match="descriptor"):
            box.load()
    box.add([Send("b-1", "new")])
    box.settle("b-1")
    box.note()
    box.close()
    again = Outbox(path)
    again.load()

    assert list(again.waiting) == ["a-1"]


def test_outbox_file_stays_short_and_private(tmp_path: Path) -> None:
    """Acked lines are cleared away while others wait; nobody else on this computer can read what waits."""
    box = Outbox.for_person(tmp_path / "client", ONE, "log-1", "Ada")
    box.add([Send("keep-1", "stays")])
    for i in range(3000):
        box.add([Send(f"a-{i}", "x" * 100)]) if i % 100 == 0 else box.waiting.update({f"a-{i}": Send(f"a-{i}", "x")})
        box.settle(f"a-{i}")
        box.note()
    (path,) = (tmp_path / "client" / "outbox").iterdir()
    again = Outbox.for_person(tmp_path / "client", ONE, "log-1", "ADA")
    again.load()
    box.close()

    assert path.read_bytes().count(b"\n") < storage.DEAD_LINES + 100
    assert list(again.waiting) == ["keep-1"]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("history", ["../../evil", "CON", "a/b", "", "x" * 64, "é"])
def test_server_cannot_choose_the_outbox_file(tmp_path: Path, history: str) -> None:
    """The log's id comes from the net; it never becomes a path of its own making."""
    box = Outbox.for_person(tmp_path / "client", ONE, history, "../Ada")
    box.add([Send("a-1", "x")])
    box.close()

    assert len(list((tmp_path / "client" / "outbox").iterdir())) == 1
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["client"]


def test_two_windows_of_one_person_share_the_outbox(tmp_path: Path) -> None:
    """What one window wrote down stays on disk when the other one has nothing left to send."""
    mine, other = (Outbox.for_person(tmp_path, ONE, "abc", "Ada") for _ in range(2))
    other.load()
    mine.load()
    other.add([Send("o-1", "from the other window")])
    mine.add([Send("m-1", "from this one")])
    mine.settle("m-1")
    mine.note()
    mine.close()
    other.close()
    later = Outbox.for_person(tmp_path, ONE, "abc", "Ada")
    later.load()

    assert list(later.waiting) == ["o-1"]


def test_outbox_belongs_to_one_server_one_log_and_one_person(tmp_path: Path) -> None:
    """Whatever a server claims its log to be, what waits for another one is not in its outbox."""
    box = Outbox.for_person(tmp_path, ONE, "log-1", "Ada")
    box.add([Send("a-1", "for my friends only")])
    box.close()
    waiting: list[str] = []
    for identity, history, name in ((OTHER, "log-1", "Ada"), (ONE, "log-2", "Ada"), (ONE, "log-1", "Bea")):
        other = Outbox.for_person(tmp_path, identity, history, name)
        other.load()
        waiting += other.waiting

    assert waiting == []
    assert Outbox.count_waiting(tmp_path, [ONE], "ADA") == 1
    assert Outbox.count_waiting(tmp_path, [OTHER], "Ada") == Outbox.count_waiting(tmp_path, [ONE], "Bea") == 0
    box.settle("a-1")
    box.note()
    box.close()
    assert Outbox.count_waiting(tmp_path, [ONE, OTHER], "Ada") == 0


# --- the settings -----------------------------------------------------------------------------------------------------


def test_settings_are_remembered(tmp_path: Path) -> None:
    """What was saved is loaded again; nobody else on this computer can read it."""
    settings = Settings("Zoë", "192.168.1.5", 2048, "dark", 150, "all", 1_700_000_000_000, "900x600+10+-20", "🎉👍")
    save_settings(tmp_path / "client", settings)

    assert load_settings(tmp_path / "client") == settings
    assert [path.name for path in (tmp_path / "client").iterdir()] == ["settings.json"]
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "client" / "settings.json").stat().st_mode) == 0o600


def test_settings_can_be_read_by_people(tmp_path: Path) -> None:
    """One value a line, and names as they are written."""
    save_settings(tmp_path, Settings("Zoë"))

    assert '  "name": "Zoë",\n' in (tmp_path / "settings.json").read_text("utf-8")


def test_settings_of_an_earlier_hallway_are_read(tmp_path: Path) -> None:
    """What it did not know yet has its default."""
    (tmp_path / "settings.json").write_text('{"name": "Ada", "host": "school", "port": 2048, "look": "dark"}\n')

    assert load_settings(tmp_path) == Settings("Ada", "school", 2048, "dark")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("look", "pink"), ("look", 7), ("look", []), ("zoom", 49), ("zoom", 301), ("zoom", "100"), ("zoom", 99.5),
        ("zoom", True), ("sound", "loud"), ("sound", None), ("quiet_until", -1), ("quiet_until", 10**15),
        ("geometry", "large"), ("geometry", "900x600"), ("geometry", "900x600+1+1; exit"), ("port", 65536),
        ("emoji", 7),
    ],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_the_default(tmp_path: Path, field: str, value: object) -> None:
    """Each by itself: the others are kept."""
    fields = asdict(Settings("Ada", "school", 2048)) | {field: value}
    (tmp_path / "settings.json").write_text(json.dumps(fields))

    assert load_settings(tmp_path) == replace(Settings("Ada", "school", 2048), **{field: getattr(Settings(), field)})


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[]", b'{"name":7,"port":"x","host":[],"look":null}', b'{"port":0}', b'{"port":true}'],
)
def test_damaged_settings_are_the_defaults(tmp_path: Path, content: bytes) -> None:
    """A file that makes no sense never keeps anybody out."""
    (tmp_path / "settings.json").write_bytes(content)

    assert load_settings(tmp_path) == Settings()
    assert load_settings(tmp_path / "missing") == Settings()
