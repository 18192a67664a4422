"""Files that are found become targets, files that are gone end: in the reading thread, between two rounds."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from hannun.collect.tail.compressed import Compressed, head_inside
from hannun.collect.tail.follow import Follower
from hannun.collect.tail.kinds import HEAD_BYTES, Kind, kind_of
from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.place import FINGERPRINT_BYTES, Place, fingerprint
from hannun.collect.tail.plan import Job, Plan
from hannun.collect.tail.rotated import Inode
from hannun.collect.tail.rounds import Rounds
from hannun.collect.tail.target import FileTarget
from hannun.collect.tail.through import Through
from hannun.collect.tail.wanted import Found, Wanted, doubled

_log = logging.getLogger("hannun.collect.tail")
GONE_AFTER_S = 30.0
"""Between a rename and the new file there may be a moment without one."""
TARGETS_MAX = 10_000
TOLD_MAX = 1_000
_FORMATS = {"gz": Kind.GZIP, "bz2": Kind.BZ2, "z": None}
_WIDE = {"utf-16": b"\n\x00", "utf-16-le": b"\n\x00", "utf-16-be": b"\x00\n"}


class Files:
    """Used by the reading thread alone."""

    def __init__(self, rounds: Rounds, plan: Plan, metrics: TailMetrics) -> None:
        self._rounds = rounds
        self._plan = plan
        self._metrics = metrics
        self._told: set[str] = set()
        self._left: dict[str, tuple[Inode, str]] = {}
        self._of_path: dict[str, list[Place]] = {}
        self._index: _Index | None = None
        """While many files are looked at, nothing is read: it is built once."""

    @property
    def left(self) -> dict[str, str]:
        """Path -> why it is not read."""
        return {path: why for path, (_, why) in self._left.items()}

    def apply(self, found: Found) -> None:
        wanted = {each.key: each for each in found.files}
        self._of_path = {}
        for place in self._rounds.positions.places.values():
            self._of_path.setdefault(place.path, []).append(place)
        self._tell(found)
        now_s = self._rounds.now_s()
        for key, target in list(self._rounds.targets.items()):
            if isinstance(target, FileTarget):
                self._keep_or_end(key, target, wanted.get(key), now_s)
        added = False
        self._index = _Index.of(self._rounds)
        for key, each in wanted.items():
            if key in self._rounds.targets:
                continue
            if len(self._rounds.targets) >= TARGETS_MAX:
                self._once("too many", "more than %d files; the others are not read", TARGETS_MAX)
                break
            try:
                target_ = self._make(each)
            except FileNotFoundError:
                continue  # It went away since it was found.
            except OSError as err:
                self._leave(each, None, f"cannot be opened: {err.strerror or err}")
                continue
            if target_ is not None:
                self._left.pop(str(each.path), None)
                self._rounds.add(target_)
                added = True
        self._index = None
        if added:
            self._rounds.save()
        files = sum(isinstance(target, FileTarget) for target in self._rounds.targets.values())
        self._metrics.set("promtail_files_active_total", files)
        self._metrics.set("promtail_targets_active_total", len(self._rounds.targets))

    def _keep_or_end(self, key: str, target: FileTarget, still: Wanted | None, now_s: float) -> None:
        if still is not None:
            target.missing_since_s = None
            if still.labels != target.wanted.labels:
                self._rounds.remove(key, gone=False)
            return
        if target.missing_since_s is None:
            target.missing_since_s = now_s
        exists = os.path.lexists(target.wanted.path)
        if exists or now_s - target.missing_since_s >= GONE_AFTER_S:
            if not exists:
                for name in ("promtail_read_bytes_total", "promtail_file_bytes_total", "promtail_read_lines_total"):
                    self._metrics.forget(name, path=str(target.wanted.path))
            self._rounds.remove(key, gone=not exists)

    def _make(self, wanted: Wanted) -> FileTarget | None:
        """None: nothing to read there, now or ever. Raises OSError."""
        job = self._plan.job(wanted.job)
        with wanted.path.open("rb") as file:
            stat, head = os.fstat(file.fileno()), file.read(HEAD_BYTES)
        inode = (stat.st_dev, stat.st_ino)
        kind = kind_of(wanted.path, head, stat)
        encoding, newline = _encoding(job, kind, head)
        if not kind.has_lines:
            self._leave(wanted, inode, f"a {kind.value} file has no lines")
            return None
        if kind is Kind.UTF16 and newline == b"\n":
            kind = Kind.TEXT
        place = self._place(wanted)
        through: Through[tuple[Place, int]] = job.through()
        asked = job.config.decompression
        if asked is not None or kind.is_compressed:
            form = kind if asked is None or asked.format != "z" else Kind.TEXT
            if asked is None and not self._plan.takes_compressed:
                self._leave(wanted, inode, "it is compressed, and the job has no decompression")
                return None
            if place is None and self._was_read(wanted, form):
                self._leave(wanted, inode, "it was read before it was compressed")
                return None
            return FileTarget(wanted, Compressed(wanted.path, form, place, reader=wanted.reader), through, encoding)
        if place is None:
            if self._somebody_else(wanted, inode):
                return None  # Another path's file, renamed: looked at again when that one is through with it.
            # Remembered before anything is read: a file that is renamed before our first look is looked for then.
            place = self._known(wanted, stat, head) or _beginning(wanted, stat, head)
        follower = Follower(
            wanted.path,
            place,
            reader=wanted.reader,
            newline=newline,
            others=lambda inode: self._somebody_else(wanted, inode),
            known=lambda stat, head: self._known(wanted, stat, head),
        )
        return FileTarget(wanted, follower, through, encoding)

    def _place(self, wanted: Wanted) -> Place | None:
        """Its own; else what Promtail said of the path, or a job that is not there any more (it was renamed)."""
        places = self._rounds.positions.places
        place = places.get(wanted.key)
        if place is not None:
            return place
        jobs = {job.name for job in self._plan.jobs}
        return next(
            (
                replace(each, reader=wanted.reader)
                for each in self._of_path.get(str(wanted.path), ())
                if each.reader.partition("#")[0] not in jobs
            ),
            None,
        )

    def _somebody_else(self, wanted: Wanted, inode: Inode) -> bool:
        """Whether the same job reads this file under another name."""
        return any(
            isinstance(target, FileTarget)
            and target.wanted.reader == wanted.reader
            and target.wanted.path != wanted.path
            and target.reader.is_reading(inode)
            for target in self._rounds.targets.values()
        )

    def _known(self, wanted: Wanted, stat: os.stat_result, head: bytes) -> Place | None:
        """A rotated file, or the copy of a truncated one, is read on from where it was left under its old name."""
        best: Place | None = None
        index = self._index if self._index is not None else _Index.of(self._rounds)
        for place in index.beginning_so(head, wanted.reader):
            same = (place.device, place.inode) == (stat.st_dev, stat.st_ino)
            if not same and not (place.head_bytes >= 32 and _is_rotation(wanted.path, Path(place.path))):
                continue
            if best is None or place.offset > best.offset:
                best = place
        if best is None:
            return None
        offset = min(best.offset, stat.st_size)
        return Place(str(wanted.path), offset, stat.st_dev, stat.st_ino, best.head, best.head_bytes, wanted.reader)

    def _was_read(self, wanted: Wanted, kind: Kind) -> bool:
        head: bytes | None = None
        positions = self._rounds.positions
        for path, finished in [
            *positions.finished.items(),
            *((place.path, [place]) for place in list(positions.places.values())),
        ]:
            if not _is_rotation(wanted.path, Path(path)):
                continue
            head = head_inside(wanted.path, kind) if head is None else head
            if any(place.head_bytes >= 32 and _begins_so(place, head) for place in finished):
                return True
        return False

    def _leave(self, wanted: Wanted, inode: Inode | None, why: str) -> None:
        path = str(wanted.path)
        if self._left.get(path) != (inode or (0, 0), why):
            _log.info("%s is not read: %s", path, why)
        if len(self._left) < TARGETS_MAX:
            self._left[path] = (inode or (0, 0), why)

    def _tell(self, found: Found) -> None:
        for pattern, instead in found.instead.items():
            self._once(pattern, "%s matches nothing on this machine; %s is used instead", pattern, instead)
        for trouble in found.troubles:
            self._once(trouble, "%s", trouble)
        pairs: dict[tuple[str, str], list[str]] = {}
        for path, jobs in doubled(found.files).items():
            pairs.setdefault(jobs, []).append(path)
        for (first, second), paths in pairs.items():
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            self._once(
                f"doubled {first} {second}",
                'jobs "%s" and "%s" both read %s%s: every line of it is stored twice, once for each',
                first,
                second,
                paths[0],
                more,
            )

    def _once(self, key: str, words: str, *values: object) -> None:
        if key in self._told or len(self._told) >= TOLD_MAX:
            return
        self._told.add(key)
        _log.warning(words, *values)


class _Index:
    """Places by how their files begin: thousands of new files are compared with thousands of places."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places: dict[tuple[str, int, str], list[Place]] = {}
        for place in places:
            if place.head_bytes:
                self._places.setdefault((place.reader, place.head_bytes, place.head), []).append(place)
        self._sizes = sorted({size for _, size, _ in self._places})

    @staticmethod
    def of(rounds: Rounds) -> _Index:
        positions = rounds.positions
        told = (one for places in positions.finished.values() for one in places)
        return _Index([*positions.places.values(), *told, *rounds.finished])

    def beginning_so(self, head: bytes, reader: str) -> Iterator[Place]:
        for size in self._sizes:
            if size <= len(head):
                yield from self._places.get((reader, size, fingerprint(head[:size])), ())


def _beginning(wanted: Wanted, stat: os.stat_result, head: bytes) -> Place:
    head = head[:FINGERPRINT_BYTES]
    return Place(str(wanted.path), 0, stat.st_dev, stat.st_ino, fingerprint(head), len(head), wanted.reader)


def _is_rotation(path: Path, of: Path) -> bool:
    """Whether it is named as logrotate names what was `of`."""
    return path.name.startswith(of.name) and path.parent == of.parent and path != of


def _begins_so(place: Place, head: bytes) -> bool:
    return len(head) >= place.head_bytes and fingerprint(head[: place.head_bytes]) == place.head


def _encoding(job: Job, kind: Kind, head: bytes) -> tuple[str, bytes]:
    """How the bytes of a line are read, and how one ends."""
    named = job.config.encoding.lower().replace("_", "-")
    if not named and kind is Kind.UTF16:
        named = "utf-16-le" if head.startswith(b"\xff\xfe") else "utf-16-be"
    if not named:
        return "utf-8", b"\n"
    if named == "utf-16":
        named = "utf-16-be" if head.startswith(b"\xfe\xff") else "utf-16-le"
    try:
        "".encode(named)
    except LookupError:
        return "utf-8", b"\n"
    return named, _WIDE.get(named, b"\n")
