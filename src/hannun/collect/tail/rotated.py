"""Where a file went whose path another one has by now: renamed beside it, by logrotate or by the program itself."""

from __future__ import annotations

import os
from pathlib import Path

from hannun.collect.tail.kinds import HEAD_BYTES, Kind, kind_of
from hannun.collect.tail.place import Place

Inode = tuple[int, int]
NEIGHBOURS_MAX = 20_000
_OLDER_MAX = 100
_TELLING_BYTES = 32


def rotated_since(path: Path, place: Place) -> list[tuple[Path, Inode]]:
    """The file that `place` lies in and those that had the path after it, the oldest first, without the present one.

    Nothing when it is not there any more, or was compressed meanwhile. Raises nothing.
    """
    try:
        neighbours = _neighbours(path)
    except OSError:
        return []
    found = next((each for each in neighbours if _is(*each, place)), None)
    if found is None:
        return []
    old, old_stat = found
    later = [
        (beside, stat)
        for beside, stat in neighbours
        if beside.name.startswith(path.name) and stat.st_mtime_ns >= old_stat.st_mtime_ns and beside != old
        if _is_text(beside, stat)
    ]
    later.sort(key=lambda each: each[1].st_mtime_ns)
    return [(beside, (stat.st_dev, stat.st_ino)) for beside, stat in [found, *later[:_OLDER_MAX]]]


def copy_of(path: Path, place: Place) -> tuple[Path, Inode] | None:
    """The copy that `copytruncate` made of what `place` lies in, when it has more than was read. Raises nothing.

    Only a file whose name begins with ours, and that begins with as many bytes as one can tell files apart by.
    """
    if place.head_bytes < _TELLING_BYTES:
        return None
    try:
        neighbours = _neighbours(path)
    except OSError:
        return None
    anywhere = Place(place.path, place.offset, head=place.head, head_bytes=place.head_bytes)
    copies = [
        (beside, stat)
        for beside, stat in neighbours
        if beside.name.startswith(path.name) and stat.st_size > place.offset and _is(beside, stat, anywhere)
    ]
    if not copies:
        return None
    newest, stat = max(copies, key=lambda each: each[1].st_mtime_ns)
    return newest, (stat.st_dev, stat.st_ino)


def _neighbours(path: Path) -> list[tuple[Path, os.stat_result]]:
    """Regular files beside `path`, without itself."""
    found: list[tuple[Path, os.stat_result]] = []
    with os.scandir(path.parent) as entries:
        for count, entry in enumerate(entries):
            if count >= NEIGHBOURS_MAX:
                break
            if entry.name == path.name or not entry.is_file(follow_symlinks=False):
                continue
            try:
                found.append((Path(entry.path), entry.stat(follow_symlinks=False)))
            except OSError:
                continue  # It went away while we looked.
    return found


def _is(path: Path, stat: os.stat_result, place: Place) -> bool:
    if place.inode and (stat.st_dev, stat.st_ino) != (place.device, place.inode):
        return False
    if place.offset > stat.st_size:
        return False
    try:
        with path.open("rb") as file:
            return place.is_of(stat, file.read(HEAD_BYTES))
    except OSError:
        return False


def _is_text(path: Path, stat: os.stat_result) -> bool:
    try:
        with path.open("rb") as file:
            return kind_of(path, file.read(HEAD_BYTES), stat) is Kind.TEXT
    except OSError:
        return False
