"""The data directory: one process at a time, one data format, writable, private to its owner.

The lock is a flock on `hannun.lock`, taken before the engine opens anything: the engine's own check comes too late to
say who holds it. The format number stands in `data-format`; a directory of a newer version is refused untouched.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from hannun.model.errors import StoreLocked, StoreUnavailable
from hannun.model.text import Text

FORMAT = 1
LOCK_FILE = "hannun.lock"
FORMAT_FILE = "data-format"

HELD = Text(
    en="{path} is in use by another Hannun (pid {pid}). Stop that one or choose another --data-dir",
    ko="다른 한눈 프로세스(pid {pid})가 쓰고 있는 디렉터리입니다: {path}. "
    "그 프로세스를 멈추거나 --data-dir 값을 바꿔 주세요",
)
NEWER = Text(
    en="{path} was written by a newer Hannun (data format {found}, this one knows {known}). Upgrade Hannun",
    ko="더 새로운 한눈이 쓴 디렉터리입니다: {path} "
    "(데이터 형식 {found}, 이 버전은 {known}까지 읽습니다). 한눈을 업그레이드해 주세요",
)
DAMAGED = Text(
    en="{path} does not hold a data format number. Restore the file or choose another --data-dir",
    ko="데이터 형식 번호가 없는 파일입니다: {path}. 파일을 복구하거나 --data-dir 값을 바꿔 주세요",
)
READ_ONLY = Text(
    en="the data directory {path} cannot be written ({why}). Fix its owner or mount, or choose another --data-dir",
    ko="데이터 디렉터리에 쓸 수 없습니다: {path} ({why}). 소유자나 마운트를 고치거나 --data-dir 값을 바꿔 주세요",
)


class DataDir:
    """Held until `close`. `engine_path` and `meta_path` lie inside and are made by their owners."""

    def __init__(self, path: Path, lock_fd: int) -> None:
        self.path = path
        self._lock_fd = lock_fd

    @staticmethod
    def open(path: str | Path) -> DataDir:
        """Raises StoreLocked (held, or written by a newer version) or StoreUnavailable (not writable)."""
        absolute = Path(path).expanduser().absolute()
        try:
            absolute.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock_fd = os.open(absolute / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as err:
            raise _not_writable(absolute, err) from err
        try:
            _lock(absolute, lock_fd)
            _check_format(absolute)
            _check_writable(absolute)
        except BaseException:
            os.close(lock_fd)
            raise
        return DataDir(absolute, lock_fd)

    @property
    def engine_path(self) -> Path:
        return self.path / "engine"

    @property
    def meta_path(self) -> Path:
        return self.path / "meta.db"

    def close(self) -> None:
        """The file stays: removing it would let two processes lock two different files of one name."""
        if self._lock_fd >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._lock_fd, 0)
            os.close(self._lock_fd)
            self._lock_fd = -1


def _lock(path: Path, lock_fd: int) -> None:
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as err:
        pid = os.pread(lock_fd, 32, 0).decode("ascii", "replace").strip() or "?"
        raise StoreLocked(HELD.with_(path=path, pid=pid)) from err
    except OSError as err:
        raise _not_writable(path, err) from err


def _check_format(path: Path) -> None:
    file = path / FORMAT_FILE
    try:
        text = file.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return
    except OSError as err:
        raise _not_writable(path, err) from err
    if not text.isdigit() or len(text) > 9:
        raise StoreLocked(DAMAGED.with_(path=file))
    if int(text) > FORMAT:
        raise StoreLocked(NEWER.with_(path=path, found=int(text), known=FORMAT))


def _check_writable(path: Path) -> None:
    """Write what must be there anyway: the holder's pid and the format number.

    A full disk is not an error here: the server must come up to free space, and the disk guard refuses writes.
    """
    lock, file = path / LOCK_FILE, path / FORMAT_FILE
    try:
        if not file.exists():
            draft = path / f"{FORMAT_FILE}.new"
            draft.write_text(f"{FORMAT}\n", encoding="ascii")
            draft.replace(file)
        lock.write_text(f"{os.getpid()}\n", encoding="ascii")
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError("permission denied")
    except OSError as err:
        raise _not_writable(path, err) from err


def _not_writable(path: Path, err: OSError) -> StoreUnavailable:
    return StoreUnavailable(READ_ONLY.with_(path=path, why=(err.strerror or str(err)).lower()))
