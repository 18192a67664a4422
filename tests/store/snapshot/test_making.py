"""A snapshot is a whole data directory of one moment, made while commits go on, or it is not there."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hannun.model.errors import Conflict, DiskFull, StoreUnavailable
from hannun.store import schema
from hannun.store.data_dir import DataDir
from hannun.store.disk import DiskGuard
from hannun.store.engine import ChdbEngine
from hannun.store.meta import MetaStore
from hannun.store.snapshot import Snapshots, clear_leftovers, kept

NAME = "20261121T001903Z-0123456789abcdef"
OTHER = "20261121T001904Z-0123456789abcdef"
DAYS = (
    "INSERT INTO metric_samples__local\nSELECT 'up', number % 7, toDateTime64({start:Int64} + number * 3600, 3), 1, 0"
)


class House:
    """What `app.py` builds of a data directory, as far as snapshots are concerned."""

    def __init__(self, path: Path) -> None:
        self.data_dir = DataDir.open(path)
        self.meta = MetaStore.open(self.data_dir.meta_path)
        self.engine = ChdbEngine.open(self.data_dir.engine_path, memory_bytes=1 << 30, threads=2)
        schema.apply(self.engine)
        self.disk = DiskGuard(path, 0)
        self.snapshots = self.made()

    def made(self, **more: Any) -> Snapshots:
        return Snapshots(self.engine, self.data_dir, self.data_dir.meta_path, self.disk, **more)

    @property
    def folder(self) -> Path:
        return self.data_dir.path / "snapshots"

    def fill(self, rows: int, start_s: int = 1_700_000_000) -> None:
        self.engine.execute(f"{DAYS}\nFROM numbers({rows})", {"start": start_s})

    def count(self, table: str = "metric_samples") -> int:
        return int(self.engine.query_rows(f"SELECT count()\nFROM {table}")[0][0])

    def close(self) -> None:
        self.engine.close()
        self.meta.close()
        self.data_dir.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "data")
    yield made
    made.close()


def counted(path: Path) -> tuple[int, int]:
    """Samples and users of a data directory, opened as a server would. The engine is one per process."""
    there = House(path)
    try:
        return there.count(), len(there.meta.users.all())
    finally:
        there.close()


def test_a_snapshot_is_a_data_directory_of_its_moment(house: House, tmp_path: Path) -> None:
    house.fill(200)
    house.snapshots.make(NAME)
    house.fill(100, 1_600_000_000)
    house.engine.execute("TRUNCATE TABLE metric_samples__local")
    assert house.count() == 0
    path = house.folder / NAME
    assert sorted(entry.name for entry in path.iterdir()) == ["data-format", "engine", "meta.db"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((path / "meta.db").stat().st_mode) == 0o600
    house.close()
    assert counted(path) == (200, 0)


def test_deleted_rows_stay_deleted_in_it(house: House) -> None:
    house.fill(200)
    house.engine.execute("DELETE FROM metric_samples__local\nWHERE series = 3")
    left = house.count()
    assert left < 200
    house.snapshots.make(NAME)
    house.close()
    there = House(house.folder / NAME)
    assert there.count() == left
    # New rows are numbered after those that came with it, so that of two equal ones the later wins.
    there.fill(10)
    there.engine.execute("OPTIMIZE TABLE metric_samples__local FINAL")
    assert there.count() == left + 1
    there.close()


def test_it_costs_no_room_until_the_originals_go(house: House) -> None:
    house.fill(1_000)
    house.snapshots.make(NAME)
    fresh = kept(house.data_dir.path)[0]
    house.engine.execute("TRUNCATE TABLE metric_samples__local")
    house.close()  # Dropped parts leave the disk some time after they are dropped, at the latest now.
    later = kept(house.data_dir.path)[0]
    assert later.bytes == fresh.bytes
    assert later.freed_bytes > fresh.freed_bytes


def test_accounts_are_copied_while_another_connection_holds_them(house: House) -> None:
    with closing(sqlite3.connect(house.data_dir.meta_path)) as other:
        other.execute("BEGIN IMMEDIATE")
        house.snapshots.make(NAME)
    with closing(sqlite3.connect(house.folder / NAME / "meta.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT count(*) FROM projects").fetchone() == (1,)


def test_commits_go_on_meanwhile_and_no_sample_lacks_its_series(house: House) -> None:
    """Series rows first, then their samples, as a commit writes them; snapshots are taken in between."""
    stop = threading.Event()
    written = [0]

    def commit() -> None:
        while not stop.is_set():
            series = written[0]
            house.engine.execute(
                "INSERT INTO metric_series__local (metric, series, labels)\n"
                f"SELECT 'up', {series}, map('__name__', 'up')"
            )
            house.engine.execute(
                f"INSERT INTO metric_samples__local\nSELECT 'up', {series}, toDateTime64(1700000000, 3), 1, 0"
            )
            written[0] += 1

    writer = threading.Thread(target=commit)
    writer.start()
    least = []
    taken = [f"2026112{day}T001903Z-0a" for day in range(5)]
    for name in taken:
        least.append(written[0])
        house.snapshots.make(name)
    stop.set()
    writer.join()
    house.close()
    for name, at_least in zip(taken, least, strict=True):
        there = House(house.folder / name)
        orphans = there.engine.query_rows(
            "SELECT count()\nFROM metric_samples\nWHERE series NOT IN (SELECT series FROM metric_series)"
        )
        assert orphans == [(0,)]
        assert there.count() >= at_least, "what was acknowledged before it began is in it"
        there.close()


def test_several_at_once_wait_for_each_other(house: House) -> None:
    house.fill(100)
    taken = [f"20261121T0019{second:02d}Z-0a" for second in range(4)]
    threads = [threading.Thread(target=house.snapshots.make, args=(name,)) for name in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.name for one in kept(house.data_dir.path)] == taken


def test_too_many_are_refused_and_counted(house: House) -> None:
    snapshots = house.made(kept_max=1)
    snapshots.make(NAME)
    with pytest.raises(Conflict, match=r"holds 1 snapshots, and 1 are the most.*hannun snapshot remove") as refused:
        snapshots.make(OTHER)
    assert "스냅샷이 1개" in refused.value.say("ko")
    assert [one.name for one in kept(house.data_dir.path)] == [NAME]


def test_below_the_reserve_none_is_made(house: House) -> None:
    house.disk.reserve_bytes = 1 << 60
    with pytest.raises(DiskFull):
        house.snapshots.make(NAME)
    assert not house.folder.exists()


@pytest.mark.parametrize("name", ["", "..", "a/b", "20261121T001903Z-XYZ", f"{NAME}.partial"])
def test_only_names_of_their_kind_are_taken(house: House, name: str) -> None:
    with pytest.raises(Conflict):
        house.snapshots.make(name)


@pytest.mark.parametrize(
    ("step", "raised", "expected"),
    [
        pytest.param("_copy_accounts", OSError(28, "No space left on device"), DiskFull, id="a full disk"),
        pytest.param(
            "_copy_small_files", PermissionError(13, "Permission denied"), StoreUnavailable, id="no permission"
        ),
        pytest.param("_freeze", StoreUnavailable("the engine refused"), StoreUnavailable, id="the engine"),
    ],
)
def test_what_fails_leaves_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str, raised: Exception, expected: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise raised

    house.fill(50)
    monkeypatch.setattr(house.snapshots, step, fail)
    with pytest.raises(expected):
        house.snapshots.make(NAME)
    assert list(house.folder.iterdir()) == []
    assert not list((house.data_dir.engine_path / "shadow").glob("hannun*"))
    monkeypatch.undo()
    house.snapshots.make(NAME)
    assert [one.name for one in kept(house.data_dir.path)] == [NAME]


def test_a_server_killed_half_way_leaves_no_snapshot(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom pathlib import Path\n"
        "from hannun.store import schema\nfrom hannun.store.data_dir import DataDir\n"
        "from hannun.store.disk import DiskGuard\nfrom hannun.store.engine import ChdbEngine\n"
        "from hannun.store.snapshot import Snapshots\n"
        "data = DataDir.open(sys.argv[1])\nengine = ChdbEngine.open(data.engine_path, memory_bytes=1 << 30)\n"
        "schema.apply(engine)\n"
        f"engine.execute({(DAYS + chr(10) + 'FROM numbers(10)')!r}, {{'start': 1_700_000_000}})\n"
        "snapshots = Snapshots(engine, data, data.meta_path, DiskGuard(data.path, 0))\n"
        "snapshots._copy_accounts = lambda to: os._exit(9)\n"
        f"snapshots.make({NAME!r})\n"
    )
    path = tmp_path / "data"
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False, timeout=60).returncode == 9
    assert kept(path) == []
    assert os.listdir(path / "snapshots") == [f"{NAME}.partial"]
    clear_leftovers(path, path / "engine")
    assert os.listdir(path / "snapshots") == []
    house = House(path)
    assert house.count() == 10
    house.snapshots.make(NAME)
    assert [one.name for one in kept(path)] == [NAME]
    house.close()
