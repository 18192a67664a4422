"""Lines of one source on their way to entries: as they are, through a job's stages, or through what finds formats.

A stage may keep a line back (a trace that is not whole yet). Who forgets it must read it again, so each way knows
where the oldest line begins that is still inside.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

from hannun.process.logformat.auto import AutoFormat, Record
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.pipeline import Pipeline

Where = TypeVar("Where")
_PRUNE_AT = 4096


class Through(Protocol[Where]):
    """`where` is whatever the caller needs to find the line again. One thread at a time."""

    def run(
        self, line: str, where: Where, labels: dict[str, str], ts_ns: int, metadata: dict[str, str] | None = None
    ) -> list[Entry]: ...

    def flush(self, *, everything: bool = False) -> list[Entry]:
        """What has waited long enough, or all that waits."""
        ...

    def held(self) -> Where | None:
        """Where the oldest line is that has not come out. None: nothing waits."""
        ...


class AsItIs(Generic[Where]):
    """No stages: a line is an entry."""

    def run(
        self, line: str, where: Where, labels: dict[str, str], ts_ns: int, metadata: dict[str, str] | None = None
    ) -> list[Entry]:
        return [Entry(labels, ts_ns, line, metadata=metadata)]

    def flush(self, *, everything: bool = False) -> list[Entry]:
        return []

    def held(self) -> Where | None:
        return None


class _Known(Entry):
    """An entry that can be asked whether anybody still holds it."""

    __slots__ = ("__weakref__",)


class Stages(Generic[Where]):
    """A job's pipeline. A joined line is the entry of its first line, and the entries of the others die as they are
    joined: so the oldest entry that is alive and has not come out is where reading must begin again."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._waits = pipeline.waits
        self._inside: deque[tuple[weakref.ref[_Known], Where]] = deque()

    def run(
        self, line: str, where: Where, labels: dict[str, str], ts_ns: int, metadata: dict[str, str] | None = None
    ) -> list[Entry]:
        if not self._waits:
            return self._pipeline.run(Entry(labels, ts_ns, line, metadata=metadata))
        entry = _Known(labels, ts_ns, line, metadata=metadata)
        out = self._pipeline.run(entry)
        if not self._pipeline.holds:
            self._inside.clear()
            return out
        self._inside.append((weakref.ref(entry), where))
        self._came_out(out)
        return out

    def flush(self, *, everything: bool = False) -> list[Entry]:
        if not self._waits:
            return []
        out = self._pipeline.close() if everything else self._pipeline.flush()
        self._came_out(out)
        return out

    def held(self) -> Where | None:
        if not self._inside or not self._pipeline.holds:
            self._inside.clear()
            return None
        while self._inside and self._inside[0][0]() is None:
            self._inside.popleft()
        return self._inside[0][1] if self._inside else None

    def _came_out(self, out: list[Entry]) -> None:
        """Forgets those that came out, and now and then those that were joined or dropped."""
        if not self._inside or not (out or len(self._inside) >= _PRUNE_AT):
            return
        gone = set(map(id, out))
        kept = ((ref, where) for ref, where in self._inside if (entry := ref()) is not None and id(entry) not in gone)
        self._inside = deque(kept)


class Found(Generic[Where]):
    """Formats found by themselves. `stream` (stdout, stderr) becomes a label.

    What waits is known per stream; a line of a single-line format that was the last of its stream counts as waiting
    while the other stream does. Read again it gets the same time, so the store knows it.
    """

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._auto = AutoFormat(monotonic_s)
        self._waiting: dict[str, Where] = {}
        self._labels: dict[str, str] = {}

    def run(
        self, line: str, where: Where, labels: dict[str, str], ts_ns: int, metadata: dict[str, str] | None = None
    ) -> list[Entry]:
        out = self._auto.run(line, ts_ns)
        if not self._auto.waiting:
            self._waiting.clear()
        else:
            stream = stream_of(line)
            if out or stream not in self._waiting:
                self._waiting.pop(stream, None)
                self._waiting[stream] = where
        self._labels = labels
        return [self._entry(record, labels) for record in out]

    def flush(self, *, everything: bool = False) -> list[Entry]:
        if not self._waiting:
            return []
        out = self._auto.flush(everything=everything)
        for record in out:
            self._waiting.pop(record.stream, None)
        if not self._auto.waiting:
            self._waiting.clear()
        return [self._entry(record, self._labels) for record in out]

    def held(self) -> Where | None:
        return next(iter(self._waiting.values()), None)

    def _entry(self, record: Record, labels: Mapping[str, str]) -> Entry:
        named = {**labels, "stream": record.stream} if record.stream else dict(labels)
        return Entry(named, record.ts_ns, record.line)


def stream_of(line: str) -> str:
    """What a container's runtime wrote it to, as its wrapper says; "" without one."""
    if line.startswith('{"log":'):
        # Inside the text of the line quotes are escaped, so this is the wrapper's own key.
        _, _, rest = line.partition('"stream":"')
        return rest.partition('"')[0]
    parts = line[:64].split(" ", 2)
    return parts[1] if len(parts) == 3 and parts[1] in ("stdout", "stderr") else ""
