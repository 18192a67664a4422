"""The snapshots of a data directory: which there are, what they hold, how one goes.

A snapshot is a folder under `snapshots/` and nothing else, so these functions work beside a running server and
without one. One that is not whole carries another name (`….partial`), whatever was interrupted: making or removing.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hannun.model.errors import NotFound, StoreUnavailable
from hannun.model.text import Text

FOLDER = "snapshots"
PARTIAL = ".partial"
FROZEN = "hannun_"
"""What the names of our frozen parts begin with, under the engine's `shadow/`."""
NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{1,16}")
BLOCK_BYTES = 512

UNKNOWN = Text(
    en="{path} holds no snapshot {name}; `hannun snapshot list` shows those there are",
    ko="{path}: {name} 스냅샷이 없습니다. `hannun snapshot list`로 목록을 볼 수 있습니다",
)
STUCK = Text(
    en="the snapshot {name} cannot be removed: {why}",
    ko="{name} 스냅샷을 지우지 못했습니다: {why}",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One snapshot. `made_ms` 0: its name holds no time.

    `bytes` is what a copy of it takes. `freed_bytes` is what its removal gives back: files that neither the server's
    own data nor another snapshot shares with it.
    """

    name: str
    path: Path
    made_ms: int
    bytes: int
    freed_bytes: int


def names(data_path: Path) -> list[str]:
    """Oldest first. Only whole ones."""
    try:
        found = [entry.name for entry in os.scandir(data_path / FOLDER) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []  # None was ever made, or the folder cannot be read: then there is none to speak of.
    return sorted(name for name in found if NAME.fullmatch(name))


def kept(data_path: Path) -> list[Kept]:
    """Oldest first. Walks every file: a second for a hundred thousand of them."""
    return [_measured(data_path / FOLDER / name) for name in names(data_path)]


def held_bytes(data_path: Path) -> int:
    """What all snapshots together hold that the server's own data no longer does: their removal gives it back."""
    seen: Counter[tuple[int, int]] = Counter()
    links: dict[tuple[int, int], tuple[int, int]] = {}
    for name in names(data_path):
        for file in _files(data_path / FOLDER / name):
            place = (file.st_dev, file.st_ino)
            seen[place] += 1
            links[place] = (file.st_nlink, file.st_blocks * BLOCK_BYTES)
    return sum(size for place, (count, size) in links.items() if seen[place] >= count)


def remove(data_path: Path, name: str) -> None:
    """Raises NotFound, or StoreUnavailable when the files cannot be deleted."""
    if name not in names(data_path):
        raise NotFound(UNKNOWN.with_(path=data_path, name=name))
    doomed = data_path / FOLDER / f"{name}{PARTIAL}"
    try:
        (data_path / FOLDER / name).rename(doomed)
        shutil.rmtree(doomed)
    except OSError as err:
        raise StoreUnavailable(STUCK.with_(name=name, why=err.strerror or err)) from err


def clear_leftovers(data_path: Path, engine_path: Path) -> None:
    """What a killed server left half made. Call it before the engine opens, with the directory's lock held."""
    for folder, mark in ((data_path / FOLDER, f"*{PARTIAL}"), (engine_path / "shadow", f"{FROZEN}*")):
        for left in folder.glob(mark):
            with suppress(OSError):  # It costs room and nothing else; the next start tries again.
                shutil.rmtree(left)


def _measured(path: Path) -> Kept:
    total = freed = 0
    seen: Counter[tuple[int, int]] = Counter()
    for file in _files(path):
        size = file.st_blocks * BLOCK_BYTES
        total += size
        seen[file.st_dev, file.st_ino] += 1
        if seen[file.st_dev, file.st_ino] >= file.st_nlink:
            freed += size
    return Kept(path.name, path, _made_ms(path.name), total, freed)


def _files(path: Path) -> Iterator[os.stat_result]:
    for folder, _, found in os.walk(path):
        for name in found:
            with suppress(OSError):  # Gone since: another command removes this snapshot just now.
                yield os.lstat(os.path.join(folder, name))


def _made_ms(name: str) -> int:
    try:
        return int(datetime.strptime(name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return 0
