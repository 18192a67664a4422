"""What containers have written into their own layer, which no control group counts: their files are added up.

A layer may hold a million files, so it is walked by one thread beside the readings, slowly (a fifth of a core at most,
while it walks), seldom, and not beyond a bound. Until it has been walked, where it is too large and where we may not
look (Docker's folder belongs to root), nothing is told.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hannun.collect.host.roots import Roots

FILES_MAX = 200_000
"""Of one layer. Larger ones are not told."""
EVERY_S = 300.0
REST = 50
"""A layer is left alone this many times as long as its last walk took, five minutes at least."""
SLICE = 500
"""Files between two rests, each four times as long as the work before it."""
BLOCK_BYTES = 512
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Layer:
    """`path` as we reach it. `number` is its disk as `major:minor`."""

    path: str
    number: str


@dataclass(frozen=True, slots=True)
class _Walked:
    bytes: float | None
    due_s: float


class Layers:
    """`sizes` is called at each reading and never waits for a walk."""

    def __init__(
        self, sleep: Callable[[float], None] = time.sleep, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._now_s = now_s
        self._walked: dict[str, _Walked] = {}
        self._due: list[str] = []
        self._walker: threading.Thread | None = None
        self._lock = threading.Lock()

    def sizes(self, layers: Iterable[Layer]) -> Mapping[str, float]:
        """Bytes by path, of those that were walked; the others and those that are due are walked from now on."""
        paths = list(dict.fromkeys(layer.path for layer in layers))
        with self._lock:
            self._walked = {path: self._walked[path] for path in paths if path in self._walked}
            now_s = self._now_s()
            self._due = [path for path in paths if path not in self._walked or self._walked[path].due_s <= now_s]
            if self._due and (self._walker is None or not self._walker.is_alive()):
                self._walker = threading.Thread(target=self._walk, name="hannun-layers", daemon=True)
                self._walker.start()
            return {path: one.bytes for path, one in self._walked.items() if one.bytes is not None}

    def _walk(self) -> None:
        while True:
            with self._lock:
                if not self._due:
                    return
                path = self._due.pop(0)
            begun_s = self._now_s()
            found = size_of(path, self._sleep)
            ended_s = self._now_s()
            with self._lock:
                self._walked[path] = _Walked(found, ended_s + max(EVERY_S, REST * (ended_s - begun_s)))


def size_of(path: str, sleep: Callable[[float], None] = time.sleep, files_max: int = FILES_MAX) -> float | None:
    """Bytes on disk of everything below, as `du -x` counts them; None when it may not be read or is too large."""
    try:
        device = os.lstat(path).st_dev
    except OSError:
        return None
    total = count = 0
    linked: set[int] = set()
    todo = [path]
    begun_s = time.perf_counter()
    while todo:
        try:
            entries = os.scandir(todo.pop())
        except FileNotFoundError:
            continue  # Removed meanwhile.
        except OSError:
            return None
        with entries:
            for entry in entries:
                count += 1
                if count > files_max:
                    return None
                if count % SLICE == 0:
                    sleep(4 * (time.perf_counter() - begun_s))
                    begun_s = time.perf_counter()
                try:
                    told = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if told.st_dev != device:
                    continue
                if told.st_nlink > 1 and not entry.is_dir(follow_symlinks=False):
                    if told.st_ino in linked:
                        continue
                    linked.add(told.st_ino)
                total += told.st_blocks * BLOCK_BYTES
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
    return float(total)


def layer_of(roots: Roots, pid: int) -> Layer | None:
    """The layer that the process writes to when its `/` is an overlay; None for any other container."""
    try:
        lines = roots.proc(f"{pid}/mountinfo").splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if len(fields) < 5 or len(kinds) < 3 or fields[4] != "/":
            continue
        if kinds[0] not in ("overlay", "fuse.fuse-overlayfs"):
            return None
        upper = next((one[len("upperdir=") :] for one in kinds[2].split(",") if one.startswith("upperdir=")), "")
        if not upper.startswith("/"):
            return None
        path = roots.root(_OCTAL.sub(lambda found: chr(int(found[1], 8)), upper))
        try:
            device = os.lstat(path).st_dev
        except OSError:
            return None
        return Layer(path, f"{os.major(device)}:{os.minor(device)}")
    return None


def disks_by_number(roots: Roots) -> dict[str, str]:
    """`major:minor` -> device, of everything that is mounted from one."""
    for file in ("1/mountinfo", "self/mountinfo"):
        try:
            lines = roots.proc(file).splitlines()
        except OSError:
            continue
        found: dict[str, str] = {}
        for line in lines:
            before, _, after = line.partition(" - ")
            fields, kinds = before.split(" "), after.split(" ")
            if len(fields) >= 5 and len(kinds) >= 3 and kinds[1].startswith("/dev/"):
                found.setdefault(fields[2], kinds[1])
        return found
    return {}
