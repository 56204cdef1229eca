"""The settings in use, without a window: what a change does, and what of it is on disk when."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clientlib.storage import Settings, load_settings, save_settings
from windowlib.settings_store import SAVE, SettingsStore


class Alarms:
    """Timers that ring when the test wants it, instead of Tk's."""

    def __init__(self) -> None:
        self.waiting: dict[str, tuple[int, Callable[[], None]]] = {}  # key: what `after` returned
        self._number = 0

    def after(self, ms: int, func: Callable[[], None], /) -> str:
        self._number += 1
        self.waiting[str(self._number)] = (ms, func)
        return str(self._number)

    def after_cancel(self, id: str, /) -> None:
        self.waiting.pop(id, None)  # as in Tk, one that has rung is no trouble

    def ring(self) -> None:
        """The time has come for all that wait."""
        for id in list(self.waiting):
            self.waiting.pop(id)[1]()


class Bench:
    """A store, and all that it says."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.changes: list[tuple[Settings, Settings]] = []
        self.troubles: list[str] = []
        self.alarms = Alarms()
        self.store = SettingsStore(
            folder, settings, self.alarms, lambda *change: self.changes.append(change), self.troubles.append
        )


@pytest.fixture
def bench(folder: Path) -> Bench:
    save_settings(folder, Settings("Ada", "school", 2048))
    return Bench(folder, load_settings(folder))


def test_a_change_holds_at_once_and_is_kept_soon(bench: Bench, folder: Path) -> None:
    """Who listens is told what it was before; a whole row of changes is written once, after the last of them."""
    before = bench.store.settings
    for zoom in (110, 125, 150):
        bench.store.change(replace(bench.store.settings, zoom=zoom))

    assert bench.store.settings == replace(before, zoom=150)
    assert [(one.zoom, other.zoom) for one, other in bench.changes] == [(100, 110), (110, 125), (125, 150)]
    assert load_settings(folder) == before
    assert [ms for ms, _ in bench.alarms.waiting.values()] == [SAVE]

    bench.alarms.ring()
    assert load_settings(folder) == replace(before, zoom=150)


def test_what_was_only_typed_is_kept_when_one_is_in(bench: Bench, folder: Path) -> None:
    """A name and an address that led into no chat are not those of the next start."""
    bench.store.try_chat("Bob", "elsewhere", 4096)
    bench.store.save()
    assert (bench.store.settings.name, bench.store.settings.host) == ("Bob", "elsewhere")
    assert load_settings(folder) == Settings("Ada", "school", 2048)

    bench.store.entered("Bobby")
    assert load_settings(folder) == Settings("Bobby", "elsewhere", 4096)
    bench.store.try_chat("Cleo", "nowhere", 1)
    bench.store.save()
    assert load_settings(folder) == Settings("Bobby", "elsewhere", 4096)


def test_what_was_given_at_the_start_is_not_kept_either(folder: Path) -> None:
    """It is used, and the settings of the last time stay on disk."""
    save_settings(folder, Settings("Ada", "school", 2048))
    bench = Bench(folder, Settings("Bob", "given", 4096))
    bench.store.change(replace(bench.store.settings, sound="all"))
    bench.alarms.ring()

    assert load_settings(folder) == Settings("Ada", "school", 2048, sound="all")


def test_place_and_emoji_are_kept_with_the_rest(bench: Bench, folder: Path) -> None:
    """They change too often to be written each time, and nobody has to be told."""
    bench.store.keep_geometry("720x520+130+90")
    bench.store.recent_emoji[:] = ["🎉", "😀"]
    assert bench.changes == []
    assert not bench.alarms.waiting
    assert load_settings(folder).geometry == ""

    bench.store.save()
    assert (load_settings(folder).geometry, load_settings(folder).emoji) == ("720x520+130+90", "🎉😀")
    assert Bench(folder, load_settings(folder)).store.recent_emoji == ["🎉", "😀"]


def test_saving_leaves_no_timer_behind(bench: Bench) -> None:
    """A window that has gone is not called any more."""
    bench.store.change(replace(bench.store.settings, zoom=110))
    bench.store.save()

    assert not bench.alarms.waiting


def test_what_is_on_disk_already_is_not_written_again(bench: Bench, folder: Path) -> None:
    """A disk may be slow or asleep."""
    os.utime(folder / "settings.json", (0, 0))
    bench.store.save()

    assert (folder / "settings.json").stat().st_mtime == 0


def test_a_disk_that_refuses_is_told_in_words(bench: Bench, folder: Path) -> None:
    """The settings hold nevertheless, and the next change tries again."""
    (folder / "settings.json").unlink()
    (folder / "settings.json").mkdir()
    bench.store.change(replace(bench.store.settings, zoom=110))
    bench.alarms.ring()
    assert len(bench.troubles) == 1
    assert bench.troubles[0].startswith("Your settings could not be saved for the next time (")
    assert bench.store.settings.zoom == 110

    (folder / "settings.json").rmdir()
    bench.store.change(replace(bench.store.settings, zoom=125))
    bench.alarms.ring()
    assert len(bench.troubles) == 1
    assert load_settings(folder).zoom == 125
