"""One file read line by line while it grows, through every way in which logs are rotated. Blocking; one thread.

Renamed: the old file is read to its end before the new one begins. Copied and truncated: a file that is shorter than
what was read, or that begins otherwise, begins anew. A line without its newline waits for it. A line longer than
LINE_BYTES_MAX is cut, and the rest up to its newline is skipped and counted.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from hannun.collect.tail.kinds import HEAD_BYTES, Kind, kind_of
from hannun.collect.tail.place import FINGERPRINT_BYTES, Place, fingerprint

READ_BYTES = 256 << 10
LINE_BYTES_MAX = 1 << 20
"""What is kept of a line here; the intake cuts it further and says so in the line."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Whole lines without their newlines, and where the file was left. `skipped`: bytes of lines that were too long.

    `starts` are the offsets in the file at which the lines begin, for whoever must read one of them again.
    """

    lines: Sequence[bytes]
    place: Place
    skipped: int = 0
    starts: Sequence[int] = ()


class Follower:
    """A file at `path`. `place` is where an earlier life of ours stood in it, None: from its beginning."""

    def __init__(self, path: Path, place: Place | None = None) -> None:
        self.path = path
        self._wanted = place
        self._file: BinaryIO | None = None
        self._stat: os.stat_result | None = None
        self._offset = 0
        self._head = b""
        self._partial = b""
        self._skipping = False
        self.kind = Kind.TEXT

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        return self._file is not None

    @property
    def place(self) -> Place | None:
        """The end of the last whole line that was taken. None: never opened."""
        if self._stat is None:
            return self._wanted
        return Place(
            str(self.path),
            self._offset - len(self._partial),
            self._stat.st_dev,
            self._stat.st_ino,
            fingerprint(self._head),
            len(self._head),
        )

    @property
    def lag_bytes(self) -> int:
        """How much of the file is not read yet."""
        try:
            return max(0, os.fstat(self._file.fileno()).st_size - self._offset) if self._file else 0
        except OSError:
            return 0

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def take(self, bytes_max: int = READ_BYTES) -> Taken | None:
        """What was read next, maybe without a whole line in it; None: nothing more now. Raises OSError.

        A file of a kind without lines gives none; compressed ones are another's work.
        """
        if self._file is None and not self._open():
            return None
        if self.kind is not Kind.TEXT:
            return None
        assert self._file is not None
        self._begin_anew_if_truncated()
        data = self._file.read(bytes_max)
        if not data:
            return self._at_the_end()
        return self._lines(data)

    def _open(self) -> bool:
        """False: there is no such file (now). The first bytes say what it is and whether our place lies in it."""
        try:
            file = self.path.open("rb", buffering=0)
        except FileNotFoundError:
            return False
        stat = os.fstat(file.fileno())
        beginning = file.read(HEAD_BYTES) or b""
        self.kind = kind_of(self.path, beginning, stat)
        place, self._wanted = self._wanted, None
        ours = place is not None and place.offset <= stat.st_size and place.is_of(stat, beginning)
        self._offset = place.offset if ours and place is not None else 0
        self._file, self._stat = file, stat
        self._head = beginning[:FINGERPRINT_BYTES]
        self._partial, self._skipping = b"", False
        file.seek(self._offset)
        return True

    def _begin_anew_if_truncated(self) -> None:
        assert self._file is not None
        size = os.fstat(self._file.fileno()).st_size
        if size >= self._offset and self._same_beginning():
            return
        # `copytruncate`, or `> file`: what was not read yet stands in the copy, which has a name of its own.
        self._offset, self._partial, self._skipping = 0, b"", False
        self._file.seek(0)
        self._head = os.pread(self._file.fileno(), FINGERPRINT_BYTES, 0)

    def _same_beginning(self) -> bool:
        """A file may be truncated and grow beyond our place between two looks; then it begins otherwise."""
        assert self._file is not None
        now = os.pread(self._file.fileno(), FINGERPRINT_BYTES, 0)
        if not now.startswith(self._head):
            return False
        self._head = now
        return True

    def _at_the_end(self) -> Taken | None:
        """Nothing more here: if another file has the path by now, this one is done and the other begins."""
        assert self._stat is not None
        assert self._file is not None
        try:
            there = self.path.stat()
        except FileNotFoundError:
            # Removed or just renamed. What is still written to it is read until a new one stands there.
            return None
        if (there.st_dev, there.st_ino) == (self._stat.st_dev, self._stat.st_ino):
            return None
        # One more look: a line may have been written between our read and the rename.
        if data := self._file.read(READ_BYTES):
            return self._lines(data)
        last = self._last_line()
        self.close()
        if not self._open():
            return last
        return last or self.take()

    def _last_line(self) -> Taken | None:
        """A file that is gone for good may end without a newline; its last line is one all the same."""
        partial, skipping = self._partial, self._skipping
        self._partial, self._skipping = b"", False
        place = self.place
        if not partial or skipping or place is None:
            return None
        return Taken([partial], place, starts=[place.offset - len(partial)])

    def _lines(self, data: bytes) -> Taken:
        start = self._offset - len(self._partial)
        self._offset += len(data)
        skipped = 0
        if self._skipping:
            end = data.find(b"\n")
            if end < 0:
                return Taken([], self._here(), len(data))
            skipped, data, self._skipping = end, data[end + 1 :], False
            start += end + 1
        whole = self._partial + data
        *lines, self._partial = whole.split(b"\n")
        if len(self._partial) > LINE_BYTES_MAX:
            # The line is given away cut; nothing of it is held back.
            lines.append(self._partial[:LINE_BYTES_MAX])
            skipped += len(self._partial) - LINE_BYTES_MAX
            self._partial, self._skipping = b"", True
        starts = list(accumulate((len(line) + 1 for line in lines), initial=start))[:-1]
        return Taken([line.removesuffix(b"\r") for line in lines], self._here(), skipped, starts)

    def _here(self) -> Place:
        place = self.place
        assert place is not None, "only an open file is read"
        return place
