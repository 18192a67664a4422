"""A compressed file, read once and as a stream: nothing is decompressed that is not wanted yet."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from hannun.collect.tail.follow import LINE_BYTES_MAX, Taken
from hannun.collect.tail.kinds import Kind
from hannun.collect.tail.place import FINGERPRINT_BYTES, Place, fingerprint

_READ_BYTES = 64 << 10
_BROKEN = (EOFError, zlib.error, ValueError)


class Compressed:
    """Lines of the file at `path`, from the line after `place.offset` lines on. `take` as a Follower's."""

    def __init__(self, path: Path, kind: Kind, place: Place | None = None, *, reader: str = "") -> None:
        self.path = path
        self.kind = kind
        self._wanted = place
        self._reader = reader
        self._stream: Any = None
        self._stat: os.stat_result | None = None
        self._head = b""
        self._count = 0
        self._done = False
        self._skip = 0

    @property
    def inode(self) -> tuple[int, int] | None:
        return None if self._stat is None else (self._stat.st_dev, self._stat.st_ino)

    @property
    def is_open(self) -> bool:
        return self._stream is not None

    @property
    def place(self) -> Place | None:
        if self._stat is None:
            return self._wanted
        head = self._head
        dev, ino = self._stat.st_dev, self._stat.st_ino
        return Place(str(self.path), self._count, dev, ino, fingerprint(head), len(head), self._reader)

    @property
    def size_bytes(self) -> int:
        return self._stat.st_size if self._stat is not None else 0

    def is_reading(self, inode: tuple[int, int]) -> bool:
        return self.inode == inode

    def finished(self) -> list[Place]:
        return []

    def is_quiet(self) -> bool:
        return self._done

    def release(self) -> None:
        self.close()

    def end(self) -> Taken | None:
        self.close()
        return None

    def close(self) -> None:
        if self._stream is not None:
            with suppress(*_BROKEN, OSError):
                self._stream.close()
            self._stream = None

    def take(self, bytes_max: int = 256 << 10) -> Taken | None:
        """Raises OSError. A torn or forged file ends where it breaks, with `skipped` as the only trace."""
        if self._done or (self._stream is None and not self._open()):
            return None
        lines: list[bytes] = []
        start, size, skipped = self._count, 0, 0
        try:
            while size < bytes_max:
                line = self._stream.readline(LINE_BYTES_MAX)
                if not line:
                    self._done = True
                    break
                size += len(line)
                if not line.endswith(b"\n"):
                    skipped += self._skip_line()
                if self._skip:
                    self._skip -= 1
                    start += 1
                    self._count += 1
                    continue
                self._count += 1
                lines.append(line.rstrip(b"\r\n"))
        except (*_BROKEN, OSError):
            self._done = True
        if self._done:
            self.close()
        place = self.place
        assert place is not None
        return Taken(lines, place, skipped, range(start, start + len(lines)))

    def _skip_line(self) -> int:
        skipped = 0
        while rest := self._stream.readline(_READ_BYTES):
            skipped += len(rest)
            if rest.endswith(b"\n"):
                break
        return skipped

    def _open(self) -> bool:
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return False
        self._stat = os.fstat(file.fileno())
        self._head = file.read(FINGERPRINT_BYTES)
        file.seek(0)
        place, self._wanted = self._wanted, None
        self._skip = place.offset if place is not None and place.is_of(self._stat, self._head) else 0
        self._stream = _streams(self.kind, file)
        return True


def _streams(kind: Kind, file: io.BufferedReader) -> Any:
    match kind:
        case Kind.GZIP:
            return gzip.open(file)
        case Kind.BZ2:
            return bz2.open(file)
        case Kind.ZSTD:
            import pyarrow  # only the few machines that rotate to zstd pay for it

            return io.BufferedReader(cast(Any, pyarrow.CompressedInputStream(pyarrow.PythonFile(file), "zstd")))
        case _:
            return io.BufferedReader(cast(Any, _Zlib(file)))


class _Zlib(io.RawIOBase):
    """A zlib stream, what Promtail calls `z`."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._inflate = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        while not self._inflate.eof:
            given = self._inflate.unconsumed_tail or self._file.read(_READ_BYTES)
            if not given:
                raise EOFError("the stream ends early")
            if out := self._inflate.decompress(given, len(room)):
                room[: len(out)] = out
                return len(out)
        return 0

    def close(self) -> None:
        self._file.close()
        super().close()


def head_inside(path: Path, kind: Kind) -> bytes:
    """The first bytes of what is compressed in it; nothing when it cannot be read."""
    try:
        with path.open("rb") as file, _streams(kind, file) as stream:
            return cast(bytes, stream.read(FINGERPRINT_BYTES))
    except (*_BROKEN, OSError):
        return b""
