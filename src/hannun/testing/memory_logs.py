"""Log lines in memory, behind the ports of the log store: what tests of receivers, tailers and label pages write to.

It answers no SQL: tests of compiled queries use the engine (`tests/store/logs/conftest.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError, HannunError, OutOfBounds, StoreUnavailable
from hannun.model.identity import Identity
from hannun.model.labels import Labels
from hannun.model.log import LogBatch, LogStream, Statement, StreamVolume, TailedLine
from hannun.model.matcher import Matchers, all_match
from hannun.model.metric import Ids


@dataclass(frozen=True, slots=True)
class StoredLine:
    """One line as it was written; `severity` is the index into SEVERITIES."""

    labels: Labels
    ts_ns: int
    body: str
    severity: int = 0
    said: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    trace_id: str = ""
    span_id: str = ""


class MemoryLogs:
    """`LogSink`, `LogReader` without `read`, and `LogTails`. `refuse` is raised by every write while it is set."""

    def __init__(self, bounds_ns: tuple[int, int] = (0, 1 << 62)) -> None:
        self.batches: list[LogBatch] = []
        self.lines: list[StoredLine] = []
        self.identities: dict[Labels, Identity] = {}
        self.refuse: HannunError | None = None
        self._bounds_ns = bounds_ns
        self._held: set[StoredLine] = set()
        self._streams: dict[int, LogStream] = {}
        self._watchers: list[tuple[Callable[[LogStream], bool], Callable[[Sequence[TailedLine]], None]]] = []

    # --- LogSink ------------------------------------------------------------------------------------------------------

    def unknown(self, streams: Ids) -> NDArray[np.bool_]:
        return np.array([one not in self._streams for one in streams.tolist()], np.bool_)

    def bounds_ns(self) -> tuple[int, int]:
        return self._bounds_ns

    async def write(self, batch: LogBatch) -> None:
        await asyncio.sleep(0)
        self._write(batch)

    def offer(self, batch: LogBatch) -> bool:
        try:
            self._write(batch)
        except HannunError:
            return False
        return True

    def _write(self, batch: LogBatch) -> None:
        if self.refuse is not None:
            raise self.refuse
        oldest, newest = self._bounds_ns
        if len(batch) and not (oldest <= int(batch.ts_ns.min()) and int(batch.ts_ns.max()) <= newest):
            raise OutOfBounds("a line is out of bounds")
        new = {one.id: one for one in batch.introduced}
        if lost := set(batch.stream.tolist()) - set(new) - set(self._streams):
            raise StoreUnavailable(f"{len(lost)} streams are neither known nor introduced")
        for one in new.values():
            assert one.id == one.labels.series_id(), "the id of a stream is that of its labels"
            self._streams[one.id] = LogStream(one.id, one.labels)
            self.identities[one.labels] = one.identity
        self.batches.append(batch)
        # A dictionary keeps one of equal lines, in their order.
        fresh = [line for line in dict.fromkeys(_lines(batch, self._streams)) if line not in self._held]
        self.lines += fresh
        self._held.update(fresh)
        self._tell(fresh)

    # --- LogReader ----------------------------------------------------------------------------------------------------

    def streams(
        self, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget
    ) -> tuple[LogStream, ...]:
        budget.check()
        with_lines = {line.labels for line in self.lines if start_ns <= line.ts_ns < end_ns}
        return tuple(
            stream
            for _, stream in sorted(self._streams.items())
            if stream.labels in with_lines
            and (not selectors or any(all_match(matchers, stream.labels) for matchers in selectors))
        )

    def services(self, streams: Sequence[LogStream]) -> list[str]:
        return sorted({self.identities[stream.labels].service for stream in streams})

    def label_names(self, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget) -> list[str]:
        return sorted({name for one in self.streams(selectors, start_ns, end_ns, budget) for name, _ in one.labels})

    def label_values(
        self, name: str, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget
    ) -> list[str]:
        found = self.streams(selectors, start_ns, end_ns, budget)
        return sorted({one.labels.get(name) for one in found} - {""})

    def volumes(self, selector: Matchers, start_ns: int, end_ns: int, budget: Budget) -> tuple[StreamVolume, ...]:
        out = []
        for stream in self.streams([selector], start_ns, end_ns, budget):
            inside = [x for x in self.lines if x.labels == stream.labels and start_ns <= x.ts_ns < end_ns]
            out.append(StreamVolume(stream, len(inside), sum(len(x.body.encode()) for x in inside)))
        return tuple(out)

    def read(self, statement: Statement, budget: Budget) -> Iterator[Any]:
        raise ExecutionError("lines in memory answer no SQL")

    def delete(self, selector: Matchers, where: Statement | None, start_ns: int, end_ns: int) -> int:
        if where is not None:
            raise ExecutionError("lines in memory answer no SQL")
        kept = [
            line for line in self.lines if not (start_ns <= line.ts_ns < end_ns and all_match(selector, line.labels))
        ]
        gone = len(self.lines) - len(kept)
        self.lines, self._held = kept, set(kept)
        left = {line.labels for line in kept}
        self._streams = {one: stream for one, stream in self._streams.items() if stream.labels in left}
        return gone

    # --- LogTails -----------------------------------------------------------------------------------------------------

    def subscribe(
        self, wanted: Callable[[LogStream], bool], on_lines: Callable[[Sequence[TailedLine]], None]
    ) -> Callable[[], None]:
        watcher = (wanted, on_lines)
        self._watchers.append(watcher)

        def unsubscribe() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        return unsubscribe

    def _tell(self, lines: Sequence[StoredLine]) -> None:
        by_labels = {stream.labels: stream for stream in self._streams.values()}
        for wanted, on_lines in self._watchers:
            some = [
                TailedLine(by_labels[line.labels], line.ts_ns, line.severity, line.body, line.attributes)
                for line in lines
                if wanted(by_labels[line.labels])
            ]
            if some:
                on_lines(some)


def _lines(batch: LogBatch, streams: dict[int, LogStream]) -> Iterator[StoredLine]:
    for i, stream in enumerate(batch.stream.tolist()):
        pairs: tuple[tuple[str, str], ...] = ()
        if batch.attributes is not None:
            start, end = int(batch.attributes.offsets[i]), int(batch.attributes.offsets[i + 1])
            pairs = tuple((batch.attributes.keys[j], batch.attributes.values[j]) for j in range(start, end))
        yield StoredLine(
            streams[stream].labels,
            int(batch.ts_ns[i]),
            batch.body[i],
            int(batch.severity[i]),
            "" if batch.said is None else batch.said[i],
            pairs,
            "" if batch.trace_id is None else batch.trace_id[i],
            "" if batch.span_id is None else batch.span_id[i],
        )
