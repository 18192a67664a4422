"""The disk's reserve: writes stop before the disk is full, and there is room to make room.

On a full disk the engine cannot even drop a partition, because dropping writes first. So a ballast file is kept and
deleted before parts are dropped. SQLite stands under the same mark: what is below it belongs to dropping and to meta.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hannun.model.errors import DiskFull, StoreUnavailable
from hannun.model.status import DiskStatus
from hannun.model.text import Text
from hannun.observe.metrics import gauge
from hannun.observe.problems import Problems, Severity

GIB = 1 << 30
BALLAST_FILE = "ballast"
BALLAST_BYTES = 64 << 20
CALM_SHARE = 16
PROBLEM = "disk-full"

_FREE = gauge("hannun_disk_free_bytes", "Free space of the data directory's disk.")
_RESERVE = gauge("hannun_disk_reserve_bytes", "Below this, writes are refused.")

REFUSED = Text(
    en="{free} free on the disk of {path}; writing stops at {reserve}. "
    "Free space, or lower --retention or --disk-reserve",
    ko="디스크 여유 공간이 {free}입니다({path}). {reserve} 아래에서는 쓰기를 멈춥니다. "
    "공간을 비우거나 --retention 또는 --disk-reserve 값을 낮춰 주세요",
)
WHAT = Text(
    en="The disk is nearly full ({free} free, {reserve} reserved): new data is refused",
    ko="디스크가 거의 찼습니다(여유 {free}, 예비 {reserve}). 새 데이터를 받지 않고 있습니다",
)
DO = Text(
    en="Free space on the disk of {path}, or lower --retention, --retention-size or --disk-reserve",
    ko="디스크의 공간을 비우거나({path}) --retention, --retention-size, --disk-reserve 값을 낮춰 주세요",
)


class DiskGuard:
    """Thread-safe. `check` before each write is one `statvfs`, a microsecond."""

    def __init__(self, path: str | Path, reserve_bytes: int | None, problems: Problems | None = None) -> None:
        """`reserve_bytes` None: the larger of 1 GiB and 5 % of the disk."""
        self.path = Path(path)
        total, _ = self._space()
        self.reserve_bytes = default_reserve(total) if reserve_bytes is None else reserve_bytes
        self._problems = problems
        self._refusing = False
        self._lock = threading.Lock()
        _RESERVE.set(self.reserve_bytes)

    @property
    def ballast_bytes(self) -> int:
        """64 MiB, less on a tiny disk, where it would be most of the space."""
        return min(BALLAST_BYTES, self._space()[0] // 8)

    def check(self) -> None:
        """Raises DiskFull below the reserve. Writing goes on a little above it, so that it does not flap."""
        _, free = self._space()
        _FREE.set(free)
        calm = self.reserve_bytes + min(BALLAST_BYTES, self.reserve_bytes // CALM_SHARE)
        with self._lock:
            self._refusing = free < (calm if self._refusing else self.reserve_bytes)
            refusing = self._refusing
        words = {"free": size(free), "reserve": size(self.reserve_bytes), "path": str(self.path)}
        if self._problems is not None:
            if refusing:
                self._problems.raise_(PROBLEM, Severity.CRITICAL, WHAT.with_(**words), DO.with_(**words))
            else:
                self._problems.clear(PROBLEM)
        if refusing:
            raise DiskFull(REFUSED.with_(**words))

    def keep_ballast(self) -> bool:
        """Lay the ballast down when it is missing and there is room for it above the reserve."""
        file = self.path / BALLAST_FILE
        if file.exists():
            return True
        wanted = self.ballast_bytes
        if self._space()[1] < self.reserve_bytes + wanted:
            return False
        try:
            fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(fd, 0, wanted)
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError:
            with suppress(OSError):
                file.unlink()
            return False
        return True

    @contextmanager
    def room_to_drop(self) -> Iterator[None]:
        """Around dropping parts: the ballast is given up first when space is short, and laid down again after."""
        if self._space()[1] < self.reserve_bytes + self.ballast_bytes:
            with suppress(OSError):
                (self.path / BALLAST_FILE).unlink()
        try:
            yield
        finally:
            self.keep_ballast()

    def status(self, used_bytes: int = 0) -> DiskStatus:
        total, free = self._space()
        return DiskStatus(total, free, self.reserve_bytes, used_bytes, self._refusing)

    def _space(self) -> tuple[int, int]:
        """Total and free bytes as an unprivileged process sees them."""
        try:
            found = os.statvfs(self.path)
        except OSError as err:
            raise StoreUnavailable(f"the data directory {self.path} cannot be read: {err.strerror}") from err
        return found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize


def default_reserve(total_bytes: int) -> int:
    """max(1 GiB, 5 %), but never more than half of a disk that is smaller than that."""
    return min(max(GIB, total_bytes // 20), total_bytes // 2)


def size(count: int) -> str:
    """`1.2 GiB`, for people."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
