"""One file read line by line while it grows, through every way in which logs are rotated. Blocking; one thread.

Renamed: the old file is read to its end before the new one begins, also when that happened while nobody looked: the
inode of the place that was remembered is looked for beside the path. Copied and truncated: a file that is shorter than
what was read, or that begins otherwise, begins anew, after what its copy has beyond our place. A line without its
newline waits for it. A line longer than LINE_BYTES_MAX is cut, and the rest up to its newline is skipped and counted.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from hannun.collect.tail.kinds import HEAD_BYTES, Kind, kind_of
from hannun.collect.tail.place import FINGERPRINT_BYTES, Place, fingerprint
from hannun.collect.tail.rotated import Inode, copy_of, rotated_since

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


Known = Callable[[os.stat_result, bytes], Place | None]
"""Where a file with these numbers and this beginning was left, under whatever name."""


def nobody(_: Inode) -> bool:
    return False


def unknown(_: os.stat_result, __: bytes) -> Place | None:
    return None


class Follower:
    """A file at `path`. `place` is where an earlier life of ours stood in it, None: from its beginning.

    `newline` is how a line ends in the file's encoding. `others(inode)` tells whether somebody else reads that file
    now, and `known` where a file was left that had another name then: patterns like `*log*` match rotated files too.
    """

    def __init__(
        self,
        path: Path,
        place: Place | None = None,
        *,
        reader: str = "",
        newline: bytes = b"\n",
        others: Callable[[Inode], bool] = nobody,
        known: Known = unknown,
    ) -> None:
        self.path = path
        self._reader = reader
        self._newline = newline
        self._others = others
        self._known = known
        self._wanted = place
        self._finished: list[Place] = []
        self._recent: deque[Place] = deque(maxlen=20)
        self._file: BinaryIO | None = None
        self._stat: os.stat_result | None = None
        self._seen: tuple[int, int, int] | None = None
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
    def inode(self) -> Inode | None:
        """Of the file that is being read, or was when it was let go of."""
        if self._stat is not None:
            return self._stat.st_dev, self._stat.st_ino
        return None if self._wanted is None else (self._wanted.device, self._wanted.inode)

    def is_reading(self, inode: Inode) -> bool:
        """Whether this file is read here, or is to be."""
        return self.inode == inode

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
            self._reader,
        )

    @property
    def size_bytes(self) -> int:
        try:
            return os.fstat(self._file.fileno()).st_size if self._file else self.path.stat().st_size
        except OSError:
            return 0

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def release(self) -> None:
        """Close it for now; the next `take` opens it where it was left, wherever it was renamed to by then."""
        if self._file is not None:
            self._wanted, self._stat = self.place, None
            self.close()

    def is_quiet(self) -> bool:
        """Whether nothing at the path changed since the last `take` that found nothing: one question to the system."""
        if self._seen is None:
            return False
        try:
            return _mark(self.path.stat()) == self._seen
        except OSError:
            return False

    def take(self, bytes_max: int = READ_BYTES) -> Taken | None:
        """What was read next, maybe without a whole line in it; None: nothing more now. Raises OSError.

        A file of a kind without lines gives none; compressed ones are another's work.
        """
        self._seen = None
        if self._file is None and not self._open():
            return None
        if self.kind not in (Kind.TEXT, Kind.UTF16):
            return None
        assert self._file is not None
        self._begin_anew_if_truncated()
        data = self._file.read(bytes_max)
        if not data:
            return self._at_the_end()
        return self._lines(data)

    def end(self) -> Taken | None:
        """The file is gone and read to its end: a last line without its newline, if there is one."""
        last = self._last_line() if self._file is not None else None
        self.close()
        return last

    def finished(self) -> list[Place]:
        """Where files were left that the path does not mean any more, since the last asking."""
        finished, self._finished = self._finished, []
        return finished

    def _open(self) -> bool:
        """False: there is no such file (now). The first bytes say what it is and whether our place lies in it.

        A file that had the path since our place and is not read to its end comes first.
        """
        try:
            file = self.path.open("rb", buffering=0)
        except FileNotFoundError:
            return False
        place = self._wanted
        stat = os.fstat(file.fileno())
        there = (stat.st_dev, stat.st_ino)
        if place is not None and place.inode and (place.device, place.inode) != there:
            # Asked after the path was opened: what was rotated away before that is found now.
            for path, inode in rotated_since(self.path, place):
                if inode != there and not self._others(inode) and self._begin(path, inode, place):
                    file.close()
                    return True
        if self._others(there):
            file.close()
            return False
        self._adopt(file, stat, place)
        return True

    def _begin(self, path: Path, inode: Inode, place: Place | None) -> bool:
        """False: it is not the file that was meant, or it has been read."""
        try:
            file = path.open("rb", buffering=0)
        except FileNotFoundError:
            return False
        stat = os.fstat(file.fileno())
        head = os.pread(file.fileno(), FINGERPRINT_BYTES, 0)
        if (stat.st_dev, stat.st_ino) != inode or any(each.is_of(stat, head) for each in self._recent):
            file.close()
            return False
        self._adopt(file, stat, place)
        return True

    def _adopt(self, file: BinaryIO, stat: os.stat_result, place: Place | None) -> None:
        beginning = file.read(HEAD_BYTES) or b""
        self.kind = kind_of(self.path, beginning, stat)
        if place is None or place.offset > stat.st_size or not place.is_of(stat, beginning):
            place = self._known(stat, beginning)
        self._wanted = None
        self._offset = 0 if place is None else min(place.offset, stat.st_size)
        self._file, self._stat = file, stat
        self._head = beginning[:FINGERPRINT_BYTES]
        self._partial, self._skipping = b"", False
        file.seek(self._offset)

    def _begin_anew_if_truncated(self) -> None:
        assert self._file is not None
        size = os.fstat(self._file.fileno()).st_size
        if size >= self._offset and self._same_beginning():
            return
        # `copytruncate`, or `> file`: what was not read yet stands in the copy, which has a name of its own.
        place = self._here()
        self._finished.append(place)
        found = copy_of(self.path, place)
        if found is not None and not self._others(found[1]):
            path, inode = found
            file = self._file
            if self._begin(path, inode, Place(place.path, place.offset, *inode, place.head, place.head_bytes)):
                file.close()
                return
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
            self._seen = _mark(there) if there.st_size == self._offset else None
            return None
        # One more look: a line may have been written between our read and the rename.
        if data := self._file.read(READ_BYTES):
            return self._lines(data)
        last = self._last_line()
        here = self._here()
        self._finished.append(here)
        self._recent.append(here)
        self.close()
        self._wanted = here
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
            end = data.find(self._newline)
            if end < 0:
                return Taken([], self._here(), len(data))
            skipped, self._skipping = end, False
            data = data[end + len(self._newline) :]
            start += end + len(self._newline)
        *lines, self._partial = _split(self._partial + data, self._newline)
        starts = list(accumulate((len(line) + len(self._newline) for line in lines), initial=start))[:-1]
        if len(self._partial) > LINE_BYTES_MAX:
            # The line is given away cut; nothing of it is held back.
            starts.append(starts[-1] + len(lines[-1]) + len(self._newline) if lines else start)
            lines.append(self._partial[:LINE_BYTES_MAX])
            skipped += len(self._partial) - LINE_BYTES_MAX
            self._partial, self._skipping = b"", True
        if len(self._newline) == 1:
            lines = [line.removesuffix(b"\r") for line in lines]
        return Taken(lines, self._here(), skipped, starts)

    def _here(self) -> Place:
        place = self.place
        assert place is not None, "only an open file is read"
        return place


def _mark(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _split(data: bytes, newline: bytes) -> list[bytes]:
    """By newlines that stand where a character may begin: in UTF-16 a byte of one letter and one of the next may look
    like a line's end."""
    width = len(newline)
    if width == 1:
        return data.split(newline)
    found: list[bytes] = []
    start = at = 0
    while (at := data.find(newline, at)) >= 0:
        if (at - start) % width:
            at += 1
            continue
        found.append(data[start:at])
        start = at = at + width
    found.append(data[start:])
    return found
