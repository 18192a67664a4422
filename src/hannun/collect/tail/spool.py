"""What was read and is on its way: a batch on the disk before it is sent, gone once it is durable where it was sent.

A segment holds the batch and the places up to which its lines were read, in one file that appears at once (written
beside, fsynced, renamed). So whoever is killed when, the next life sends the same bytes again and reads on where they
end: no line is lost, and what arrives twice is byte for byte the same, which the store knows as a repetition.

The newest segment outlives its delivery until its places are saved or a newer one is there: they must not be lost.
"""

from __future__ import annotations

import json
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hannun.collect.tail.place import Place
from hannun.model.errors import HannunError
from hannun.model.text import Text

SUFFIX = ".batch"
MAGIC = b"hannun-spool-1\n"
_HEAD = struct.Struct("<II")
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, OSError, struct.error)

FULL = Text(
    en="{used} MiB of log lines wait in {dir} to be sent: reading stops until some are through",
    ko="보내지 못한 로그 {used} MiB가 {dir}에 쌓였습니다. 일부가 전달될 때까지 읽기를 멈춥니다",
)


class SpoolFull(HannunError):
    """The bound is reached; what is not read yet stays where it is."""


@dataclass(frozen=True, slots=True)
class Segment:
    """`places` of files and `cursors` of other sources, by name. `tenants`: how `body` is divided, (tenant, bytes).

    `finished`: where files were left that have lost their path.
    """

    number: int
    body: bytes = field(repr=False)
    places: tuple[Place, ...] = ()
    cursors: Mapping[str, str] = field(default_factory=dict)
    tenants: tuple[tuple[str, int], ...] = ()
    lines: int = 0
    written_ns: int = 0
    finished: tuple[Place, ...] = ()

    def parts(self) -> Iterator[tuple[str, bytes]]:
        """(tenant, push body) each."""
        if not self.tenants:
            yield "", self.body
        at = 0
        for tenant, size in self.tenants:
            yield tenant, self.body[at : at + size]
            at += size


class Spool:
    """A folder of segments in the order of their numbers. Blocking; one thread adds and another one sends."""

    def __init__(self, folder: Path, *, bytes_max: int) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._sizes: dict[int, int] = {}
        self._sent: set[int] = set()
        self._last: Segment | None = None
        for path in folder.iterdir():
            if path.suffix == SUFFIX and path.stem.isdecimal():
                self._sizes[int(path.stem)] = path.stat().st_size
            elif path.suffix == ".tmp":
                path.unlink(missing_ok=True)  # a batch that was being written when we were killed: it is read again
        self._next = max(self._sizes, default=0) + 1

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def size_bytes(self) -> int:
        return sum(self._sizes.values())

    @property
    def is_full(self) -> bool:
        return self.size_bytes >= self._bytes_max

    def add(
        self,
        body: bytes,
        places: Sequence[Place] = (),
        cursors: Mapping[str, str] | None = None,
        tenants: Sequence[tuple[str, int]] = (),
        lines: int = 0,
        finished: Sequence[Place] = (),
    ) -> Segment:
        """Durable when it returns. Raises SpoolFull, and OSError when the disk does not take it."""
        with self._lock:
            if self._sizes and self.size_bytes + len(body) > self._bytes_max:
                raise SpoolFull(FULL.with_(used=self.size_bytes >> 20, dir=str(self._folder)))
            named = dict(cursors or {})
            segment = Segment(
                self._next, body, tuple(places), named, tuple(tenants), lines, time.time_ns(), tuple(finished)
            )
            self._next += 1
        said = json.dumps(
            {
                "places": [place.as_json() for place in places],
                "finished": [place.as_json() for place in finished],
                "cursors": segment.cursors,
                "tenants": segment.tenants,
                "lines": lines,
                "written_ns": segment.written_ns,
            }
        ).encode()
        path = self._path(segment.number)
        beside = path.with_suffix(".tmp")
        with beside.open("wb") as file:
            file.writelines((MAGIC, _HEAD.pack(len(said), zlib.crc32(body, zlib.crc32(said))), said, body))
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
        self._sync_folder()
        with self._lock:
            self._sizes[segment.number] = len(MAGIC) + _HEAD.size + len(said) + len(body)
            self._last = segment
        self.saved()
        return segment

    def first(self) -> Segment | None:
        """The oldest that is not done. A torn one (a disk's fault, not ours) is put aside under another name."""
        while True:
            with self._lock:
                if not self._sizes:
                    return None
                number, last = min(self._sizes), self._last
            if last is not None and last.number == number:
                return last
            try:
                return self._read(number)
            except _BROKEN:
                path = self._path(number)
                if path.exists():
                    path.rename(path.with_suffix(".broken"))
                with self._lock:
                    self._sizes.pop(number, None)

    def done(self, segment: Segment) -> None:
        """It is durable where it was sent. Its file stays while nothing newer holds its places."""
        with self._lock:
            self._sizes.pop(segment.number, None)
            if self._last is not None and self._last.number == segment.number:
                self._last = None
            is_newest = segment.number + 1 == self._next
            if is_newest:
                self._sent.add(segment.number)
        if not is_newest:
            self._path(segment.number).unlink(missing_ok=True)

    def saved(self) -> None:
        """The places of all that was sent are durable elsewhere."""
        with self._lock:
            sent, self._sent = self._sent, set()
        for number in sent:
            self._path(number).unlink(missing_ok=True)

    def newest(self) -> Iterator[Segment]:
        """Those that wait, the newest first: their places are newer than those that were saved."""
        for number in sorted(self._sizes, reverse=True):
            try:
                yield self._read(number)
            except _BROKEN:
                continue  # `first` will put it aside

    def _read(self, number: int) -> Segment:
        data = self._path(number).read_bytes()
        if not data.startswith(MAGIC):
            raise ValueError("not one of our segments")
        at = len(MAGIC)
        size, checksum = _HEAD.unpack_from(data, at)
        said, body = data[at + _HEAD.size : at + _HEAD.size + size], data[at + _HEAD.size + size :]
        if zlib.crc32(body, zlib.crc32(said)) != checksum:
            raise ValueError("the segment is torn")
        head: dict[str, Any] = json.loads(said)
        places = tuple(Place.from_json(place) for place in head["places"])
        tenants = tuple((str(tenant), int(length)) for tenant, length in head.get("tenants", ()))
        lines, written_ns = int(head.get("lines", 0)), int(head.get("written_ns", 0))
        finished = tuple(Place.from_json(place) for place in head.get("finished", ()))
        return Segment(number, body, places, dict(head["cursors"]), tenants, lines, written_ns, finished)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}{SUFFIX}"

    def _sync_folder(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
