"""One moment of a running server's data, laid out as a data directory that `hannun serve` opens.

The engine's parts never change, so a snapshot is hardlinks to them (`ALTER TABLE … FREEZE`): it takes milliseconds and
no space until merges replace the originals. Beside them go a copy of the accounts (SQLite's own backup) and the few
files that make a data directory. All of it is built under a name that is no snapshot's and gets its own at the end.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hannun.model.errors import Conflict, DiskFull, HannunError, StoreUnavailable
from hannun.model.text import Text
from hannun.observe.metrics import gauge
from hannun.store import schema
from hannun.store.data_dir import FORMAT, FORMAT_FILE, DataDir
from hannun.store.disk import DiskGuard
from hannun.store.engine.port import Engine
from hannun.store.snapshot.kept import FOLDER, FROZEN, NAME, PARTIAL, names

KEPT_MAX = 16
CLOCK_FILE = "retention-clock"
ENOSPC_WORDS = "full"

_KEPT = gauge("hannun_snapshots", "Snapshots in the data directory.")

TOO_MANY = Text(
    en="{path} holds {count} snapshots, and {most} are the most that are kept. Copy one elsewhere and remove some: "
    "`hannun snapshot list`, `hannun snapshot remove NAME`",
    ko="{path}: 스냅샷이 {count}개 있고 최대 {most}개까지 둡니다. 필요한 것은 다른 곳에 복사하고 몇 개를 지워 주세요: "
    "`hannun snapshot list`, `hannun snapshot remove 이름`",
)
BAD_NAME = Text(en="{name} is no name for a snapshot", ko="{name}: 스냅샷 이름으로 쓸 수 없습니다")
NO_FILES = Text(
    en="the snapshot could not be written to {path}: {why}",
    ko="스냅샷을 쓰지 못했습니다: {path}: {why}",
)
NO_ACCOUNTS = Text(
    en="the accounts could not be copied into the snapshot: {why}",
    ko="스냅샷에 계정을 복사하지 못했습니다: {why}",
)


class Snapshots:
    """Thread-safe; `make` blocks. `meta_file` is the SQLite file of the accounts, wherever it lies."""

    def __init__(
        self, engine: Engine, data_dir: DataDir, meta_file: Path, disk: DiskGuard, *, kept_max: int = KEPT_MAX
    ) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._meta_file = meta_file
        self._disk = disk
        self._kept_max = kept_max
        self._one_at_a_time = threading.Lock()
        _KEPT.set(len(names(data_dir.path)))

    def make(self, name: str) -> None:
        """Everything acknowledged before the call is in `snapshots/<name>` on return, durably.

        Raises Conflict (too many are kept), DiskFull, StoreUnavailable. Then nothing of it is left.
        """
        if not NAME.fullmatch(name):
            raise Conflict(BAD_NAME.with_(name=name))
        folder = self._data_dir.path / FOLDER
        with self._one_at_a_time:
            there = names(self._data_dir.path)
            if len(there) >= self._kept_max:
                raise Conflict(TOO_MANY.with_(path=folder, count=len(there), most=self._kept_max))
            self._disk.check()
            draft = folder / f"{name}{PARTIAL}"
            frozen = FROZEN + re.sub(r"\W", "_", name)
            try:
                with _in_our_words(folder):
                    folder.mkdir(mode=0o700, exist_ok=True)
                    draft.mkdir(mode=0o700)
                    self._freeze(frozen, draft / "engine")
                    self._copy_accounts(draft / self._data_dir.meta_path.name)
                    self._copy_small_files(draft)
                    _sync_disk(draft)
                    draft.rename(folder / name)
                    _sync_folder(folder)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
                shutil.rmtree(self._data_dir.engine_path / "shadow" / frozen, ignore_errors=True)
                _KEPT.set(len(names(self._data_dir.path)))

    def _freeze(self, frozen: str, engine_copy: Path) -> None:
        engine_path = self._data_dir.engine_path
        for table in self._tables():
            self._disk.check()
            # Both names are of our own making: DDL takes no parameters.
            self._engine.execute(f"ALTER TABLE {table} FREEZE WITH NAME '{frozen}'")
        engine_copy.mkdir(mode=0o700)
        parts = engine_path / "shadow" / frozen / "store"
        if parts.exists():
            shutil.move(parts, engine_copy / "store")
        _copy_definitions(engine_path, engine_copy)

    def _tables(self) -> list[str]:
        """In the order to freeze: what a commit writes first comes last.

        A commit makes series durable before the samples that name them, and the schema creates tables in that order.
        Frozen the other way round, while commits go on, no sample is in a snapshot without its series.
        """
        rows = self._engine.query_rows(
            "SELECT name\nFROM system.tables\nWHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
        )
        created = [found[1] for found in map(_CREATE.match, schema.statements()) if found]
        place = {name: index for index, name in enumerate(created)}
        return sorted((str(row[0]) for row in rows), key=lambda name: place.get(name, len(place)), reverse=True)

    def _copy_accounts(self, to: Path) -> None:
        if not self._meta_file.exists():
            return
        os.close(os.open(to, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))  # Password hashes stand in it.
        try:
            with closing(_connect(self._meta_file, "ro")) as ours, closing(_connect(to, "rw")) as copy:
                ours.backup(copy)
        except sqlite3.Error as err:
            said = NO_ACCOUNTS.with_(why=err)
            raise (DiskFull(said) if ENOSPC_WORDS in str(err) else StoreUnavailable(said)) from err

    def _copy_small_files(self, to: Path) -> None:
        (to / FORMAT_FILE).write_text(f"{FORMAT}\n", encoding="ascii")
        clock = self._data_dir.path / CLOCK_FILE
        if clock.exists():
            shutil.copyfile(clock, to / CLOCK_FILE)


_CREATE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")


def _copy_definitions(engine: Path, to: Path) -> None:
    """What the engine needs beside parts: the tables' SQL, the links to their folders, each folder's version."""
    for name in ("metadata", "data"):
        shutil.copytree(engine / name, to / name, symlinks=True)
    for folder in (engine / "store").glob("*/*"):
        there = to / "store" / folder.relative_to(engine / "store")
        if (version := folder / "format_version.txt").exists():
            (there / "detached").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(version, there / version.name)
        for definition in folder.glob("*.sql"):
            there.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(definition, there / definition.name)


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=5.0)


@contextmanager
def _in_our_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except HannunError:
        raise
    except OSError as err:
        said = NO_FILES.with_(path=folder, why=(err.strerror or str(err)).lower())
        raise (DiskFull(said) if err.errno in _NO_SPACE else StoreUnavailable(said)) from err


_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def _sync_disk(path: Path) -> None:
    """Everything written so far on the disk of `path` is durable: one call instead of an fsync for each folder."""
    with _opened(path) as fd:
        syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if syncfs is None or syncfs(fd) != 0:
            os.sync()


def _sync_folder(path: Path) -> None:
    with _opened(path) as fd:
        os.fsync(fd)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)
