"""One thing that lines are read from, as the reading thread sees it: a file, or a queue that another source fills."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from hannun.collect.tail.compressed import Compressed
from hannun.collect.tail.follow import READ_BYTES, Follower
from hannun.collect.tail.place import Place
from hannun.collect.tail.through import AsItIs, Through
from hannun.collect.tail.wanted import Wanted
from hannun.process.pipeline.entry import Entry

Mark = Place | str
"""How far a source was read: a place in a file, or a cursor."""
Put = Callable[[Entry, str, bool], None]
"""(entry, the source's key, whether its time is its own)."""
Stamp = Callable[[], int]
Allow = Callable[[int], int]
"""How many of so many lines may be taken now (`readline_rate`); waits where the limit says so."""


class Read(NamedTuple):
    """What one look gave. `again`: more may be there at once."""

    lines: int = 0
    size_bytes: int = 0
    skipped_bytes: int = 0
    again: bool = False


NOTHING = Read()


class Target(Protocol):
    """Used by the reading thread alone, but for what other sources put into an `Inlet`."""

    @property
    def key(self) -> str: ...

    def read(self, put: Put, stamp: Stamp, allow: Allow) -> Read:
        """Raises OSError when the source cannot be read."""
        ...

    def flush(self, put: Put, *, everything: bool = False) -> int:
        """Entries that waited long enough, or all that wait. Returns how many."""
        ...

    def mark(self) -> Mark | None:
        """Where reading would have to go on if everything in memory were lost."""
        ...

    def close(self) -> None: ...


class FileTarget:
    """`reader` gives lines, `through` makes entries of them. Labels begin with those of the target."""

    def __init__(
        self,
        wanted: Wanted,
        reader: Follower | Compressed,
        through: Through[tuple[Place, int]],
        encoding: str = "utf-8",
    ) -> None:
        self.wanted = wanted
        self.reader = reader
        self._through = through
        self._labels = dict(wanted.labels)
        self._encoding = encoding
        self._timed = not isinstance(through, AsItIs)
        self.missing_since_s: float | None = None
        self.quiet_since_s = 0.0
        self.look_at_s = 0.0
        self.failing = ""

    @property
    def key(self) -> str:
        return self.wanted.key

    def read(self, put: Put, stamp: Stamp, allow: Allow, bytes_max: int = READ_BYTES) -> Read:
        taken = self.reader.take(bytes_max)
        if taken is None:
            return NOTHING
        return self._run(taken.lines, taken.starts, taken.place, taken.skipped, put, stamp, allow)

    def end(self, put: Put, stamp: Stamp, allow: Allow) -> Read:
        """The file is gone: what is left of it, and all that waits."""
        last = self.reader.end()
        read = (
            NOTHING if last is None else self._run(last.lines, last.starts, last.place, last.skipped, put, stamp, allow)
        )
        self.flush(put, everything=True)
        return read

    def flush(self, put: Put, *, everything: bool = False) -> int:
        out = self._through.flush(everything=everything)
        for entry in out:
            put(entry, self.key, self._timed)
        return len(out)

    def mark(self) -> Place | None:
        held = self._through.held()
        if held is None:
            return self.reader.place
        place, start = held
        return replace(place, offset=start)

    def close(self) -> None:
        self.reader.close()

    def _run(
        self,
        lines: Sequence[bytes],
        starts: Sequence[int],
        place: Place,
        skipped: int,
        put: Put,
        stamp: Stamp,
        allow: Allow,
    ) -> Read:
        key, run, timed, labels, encoding = self.key, self._through.run, self._timed, self._labels, self._encoding
        size = skipped
        allowed = allow(len(lines))
        for raw, start in zip(lines[:allowed] if allowed < len(lines) else lines, starts, strict=False):
            size += len(raw) + 1
            for entry in run(raw.decode(encoding, "replace"), (place, start), dict(labels), stamp()):
                put(entry, key, timed)
        return Read(len(lines), size, skipped, True)


@dataclass(frozen=True, slots=True)
class Item:
    """A line of another source. `ts_ns` None: now. `cursor`: how far the source was read with it, "" where it has
    none."""

    line: str
    labels: Mapping[str, str]
    ts_ns: int | None = None
    cursor: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


class Inlet:
    """Lines of another source, waiting for the reading thread. Bounded: who cannot wait drops and counts.

    `cursor` is where an earlier life of the source was.
    """

    BYTES_MAX = 4 << 20
    _ITEM_COST = 200
    _AT_ONCE = 5_000

    def __init__(self, job: str, kind: str, through: Through[str], *, cursor_name: str = "", cursor: str = "") -> None:
        self.job = job
        self.kind = kind
        self.cursor_name = cursor_name
        self._through = through
        self._timed = not isinstance(through, AsItIs)
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self._cursor = self.cursor = cursor
        self.closed = False

    @property
    def key(self) -> str:
        return self.cursor_name or f"{self.kind}\0{self.job}\0{id(self)}"

    @property
    def has_room(self) -> bool:
        return self._bytes < self.BYTES_MAX

    def offer(self, item: Item) -> bool:
        """From any thread. False: full, nothing was taken."""
        with self._lock:
            if self._bytes >= self.BYTES_MAX:
                return False
            self._items.append(item)
            self._bytes += len(item.line) + self._ITEM_COST
        return True

    async def put(self, item: Item) -> None:
        """On the event loop. Waits until there is room: what is not taken yet stays with its source."""
        while not self.offer(item):  # noqa: ASYNC110 - room is made in another thread, fifty times a second at most
            await asyncio.sleep(0.05)

    def read(self, put: Put, stamp: Stamp, allow: Allow) -> Read:
        with self._lock:
            count = min(len(self._items), self._AT_ONCE)
            items = [self._items.popleft() for _ in range(count)]
            size = sum(len(item.line) for item in items)
            self._bytes -= size + self._ITEM_COST * count
        for item in items[: allow(count)]:
            timed = item.ts_ns is not None
            labels, metadata = dict(item.labels), dict(item.metadata)
            ts_ns = stamp() if item.ts_ns is None else item.ts_ns
            for entry in self._through.run(item.line, self._cursor, labels, ts_ns, metadata):
                put(entry, self.key, timed or self._timed)
            self._cursor = item.cursor or self._cursor
        return Read(count, size, 0, count == self._AT_ONCE) if count else NOTHING

    def flush(self, put: Put, *, everything: bool = False) -> int:
        out = self._through.flush(everything=everything)
        for entry in out:
            put(entry, self.key, True)
        return len(out)

    def mark(self) -> str | None:
        if not self.cursor_name:
            return None
        held = self._through.held()
        return (self._cursor if held is None else held) or None

    def close(self) -> None:
        self.closed = True
