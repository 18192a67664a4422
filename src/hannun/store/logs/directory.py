"""Every stream in memory: its labels, its identity, and when it had lines. What selectors and label pages ask.

Matchers run over each label's distinct values (`store/metrics/index.py`). Bounded by the streams that are admitted.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.log import LogStream, NewStream
from hannun.model.matcher import Matchers
from hannun.model.metric import Ids, Ints
from hannun.store.engine.port import Engine
from hannun.store.logs import seen
from hannun.store.logs.columns import dictionary, ids_of
from hannun.store.logs.seen import Positions, SeenHours
from hannun.store.metrics.index import MetricIndex
from hannun.store.metrics.label_sets import label_sets

STREAMS_PER_QUERY_MAX = 100_000
LOAD_TRIES = 5
IDENTITY = ("service", "environment", "host")
Column = tuple[list[str], NDArray[Any]]
"""Distinct names, and of which each stream is."""


class _Labels(MetricIndex):
    """A metric's index, for a "metric" that has no name: here `__name__` is a label like any other."""

    def choose(self, matchers: Matchers) -> Positions:
        at = super().choose(matchers)
        for matcher in matchers:
            if matcher.name == METRIC_NAME:
                at = at[[matcher.matches(self.labels[i].get(METRIC_NAME)) for i in at.tolist()]]
        return at

    def find(self, ids: Ids) -> Positions:
        return self._rows.find(ids)

    def values(self, name: str, at: Positions) -> list[str]:
        column = self._column(name)
        return [column.values[code] for code in np.unique(column.codes[at]).tolist()]


@dataclass(frozen=True, slots=True, eq=False)
class _Chosen:
    """Positions with the lists that they point into, which only grow."""

    labels: _Labels
    streams: list[LogStream | None]
    at: Positions

    def stream(self, position: int) -> LogStream:
        """Made when it is asked for first: a start with 100,000 streams does not wait for them."""
        found = self.streams[position]
        if found is None:
            found = self.streams[position] = LogStream(int(self.labels.ids[position]), self.labels.labels[position])
        return found


class _Names:
    """One identity column over the streams: a code each, and few names."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._code_of: dict[str, int] = {}
        self._codes = np.empty(0, np.int32)
        self._count = 0

    def extend(self, names: Sequence[str], codes: NDArray[np.integer[Any]]) -> None:
        """One more stream for each of `codes`, which point into `names`."""
        needed = self._count + len(codes)
        if needed > len(self._codes):
            self._codes = np.resize(self._codes, max(64, needed, 2 * self._count))
        for name in names:
            if name not in self._code_of:
                self._code_of[name] = len(self._names)
                self._names.append(name)
        own = np.array([self._code_of[name] for name in names], np.int32)
        self._codes[self._count : needed] = own[codes]
        self._count = needed

    def of(self, positions: Positions) -> pa.DictionaryArray:
        return dictionary(self._codes[positions], self._names)

    def names_of(self, positions: Positions) -> list[str]:
        return sorted({self._names[code] for code in self._codes[positions[positions >= 0]].tolist()})


class StreamDirectory:
    """Thread-safe. A stream enters only after its row is durable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.RLock()
        self._epoch = 0
        self._reset(seen.read_days(engine))
        self._add(*read_streams(engine))

    def __len__(self) -> int:
        return len(self._labels)

    def ids(self) -> Ids:
        with self._lock:
            return self._labels.ids.copy()

    def add(self, new: Sequence[NewStream]) -> None:
        """Those that are not there yet."""
        if not new:
            return
        identities = [(one.identity.service, one.identity.environment, one.identity.host) for one in new]
        columns = []
        for column in zip(*identities, strict=True):
            names, codes = np.unique(np.array(column, object), return_inverse=True)
            columns.append((names.tolist(), codes))
        self._add(ids_of(new), [one.labels for one in new], columns)

    def _add(self, ids: Ids, labels: Sequence[Labels], identity: Sequence[Column]) -> None:
        with self._lock:
            before = len(self._labels)
            self._labels.add(ids.tolist(), labels)
            added = self._labels.ids[before:]
            order = np.argsort(ids, kind="stable")
            rows = order[np.searchsorted(ids, added, sorter=order)]
            for column, (names, codes) in zip(
                self._codes, identity, strict=False
            ):  # of no streams there are no columns
                column.extend(names, codes[rows])
            self._streams.extend([None] * len(added))

    def find(self, ids: Ids) -> Positions:
        """Positions, -1 for unknown streams; they hold until streams are forgotten."""
        with self._lock:
            return self._labels.find(ids)

    def by_id(self, ids: Ids) -> dict[int, LogStream]:
        """Those that are known."""
        with self._lock:
            known = _Chosen(self._labels, self._streams, self._labels.find(ids))
            return {stream.id: stream for stream in (known.stream(i) for i in known.at.tolist() if i >= 0)}

    def identity(self, positions: Positions) -> dict[str, pa.DictionaryArray]:
        """The identity columns of lines of these streams."""
        with self._lock:
            return {column: names.of(positions) for column, names in zip(IDENTITY, self._codes, strict=True)}

    def services(self, ids: Ids) -> list[str]:
        """The services of these streams: the first column of the table's key."""
        with self._lock:
            return self._codes[0].names_of(self._labels.find(ids))

    def mark(self, positions: Positions, ts_ns: Ints) -> None:
        """Lines of these streams were stored."""
        if len(positions):
            with self._lock:
                self._seen.mark(positions, ts_ns)

    def days(self) -> set[int]:
        """Days since 1970 that have lines."""
        with self._lock:
            return set(self._seen.days)

    def forget_hours(self) -> None:
        """After lines were deleted: what is known of hours and days is read again."""
        days = seen.read_days(self._engine)
        with self._lock:
            self._epoch += 1
            self._seen = SeenHours(days)

    def replace(self) -> None:
        """After streams were deleted: everything is read again."""
        stored, days = read_streams(self._engine), seen.read_days(self._engine)
        with self._lock:
            self._epoch += 1
            self._reset(days)
            self._add(*stored)

    # --- questions ----------------------------------------------------------------------------------------------------

    def streams(
        self, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget
    ) -> tuple[LogStream, ...]:
        """Sorted by id. Raises ExecutionError when more than 100,000 match."""
        chosen = self._choose(selectors, start_ns, end_ns, budget)
        if len(chosen.at) > STREAMS_PER_QUERY_MAX:
            raise ExecutionError(f"the selector matches more than {STREAMS_PER_QUERY_MAX} streams; add matchers")
        by_id = chosen.at[np.argsort(chosen.labels.ids[chosen.at])]
        return tuple([chosen.stream(i) for i in by_id.tolist()])

    def matching(self, matchers: Matchers) -> Ids:
        """Every stream that matches, whenever it had lines."""
        with self._lock:
            return self._labels.ids[self._labels.choose(matchers)]

    def label_names(self, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget) -> list[str]:
        chosen = self._choose(selectors, start_ns, end_ns, budget)
        labels = chosen.labels.labels
        return sorted({name for i in chosen.at.tolist() for name, _ in labels[i].pairs})

    def label_values(
        self, name: str, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget
    ) -> list[str]:
        chosen = self._choose(selectors, start_ns, end_ns, budget)
        with self._lock:
            return sorted(set(chosen.labels.values(name, chosen.at)) - {""})

    def _choose(self, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget) -> _Chosen:
        for _ in range(LOAD_TRIES):
            budget.check()
            with self._lock:
                missing, epoch = self._seen.missing(start_ns, end_ns), self._epoch
                if not missing:
                    at = self._matching(selectors)
                    at = at[self._seen.seen(at, start_ns, end_ns)]
                    return _Chosen(self._labels, self._streams, at)
                self._seen.begin_load(missing)
            found = seen.read_hours(self._engine, missing)
            with self._lock:
                # A delete in between made what was read worthless; the next round reads it again.
                if epoch == self._epoch:
                    self._seen.end_load(missing, {day: self._known(*hours) for day, hours in found.items()})
        raise ExecutionError("log lines are being deleted; ask again in a moment")

    def _matching(self, selectors: Sequence[Matchers]) -> Positions:
        if not selectors:
            return np.arange(len(self._labels), dtype=np.int64)
        found = [self._labels.choose(matchers) for matchers in selectors]
        return found[0] if len(found) == 1 else np.unique(np.concatenate(found))

    def _known(self, ids: Ids, hours: NDArray[np.uint32]) -> tuple[Positions, NDArray[np.uint32]]:
        at = self._labels.find(ids)
        return at[at >= 0], hours[at >= 0]

    def _reset(self, days: set[int]) -> None:
        self._labels = _Labels("")
        self._streams: list[LogStream | None] = []
        self._codes = (_Names(), _Names(), _Names())
        self._seen = SeenHours(days)


def read_streams(engine: Engine) -> tuple[Ids, list[Labels], list[Column]]:
    """Every durable stream: ids, labels, and the columns of identity."""
    rows = engine.query_arrow(
        f"SELECT '' AS metric, stream AS series, labels, {', '.join(IDENTITY)}\nFROM log_streams\nLIMIT 1 BY stream"
    )
    if not rows.num_rows:
        return np.empty(0, np.uint64), [], [([], np.empty(0, np.int64))] * len(IDENTITY)
    columns: list[Column] = []
    for name in IDENTITY:
        encoded = rows.column(name).combine_chunks().dictionary_encode()
        columns.append((encoded.dictionary.to_pylist(), np.asarray(encoded.indices).astype(np.int64)))
    return rows.column("series").to_numpy(), [labels for _, _, labels in label_sets(rows)], columns
