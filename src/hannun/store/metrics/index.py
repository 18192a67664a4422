"""Label index: per metric, the label sets of its series, loaded when asked and kept up to date by writes.

Matchers run over each label's distinct values, not over series: a regex over ten thousand series of eight instances
is eight matches. Bounded by series; the metric that was not asked for longest goes first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.matcher import Matcher, Matchers
from hannun.model.metric import Ids, NewSeries
from hannun.store.engine.port import Engine
from hannun.store.metrics.label_sets import label_sets
from hannun.store.metrics.registry import IdTable
from hannun.store.metrics.where import Conditions

SERIES_MAX = 200_000
SERIES_PER_QUERY_MAX = 500_000
LOAD_TRIES = 5
DECIDED_MAX = 32
"""Matchers per label whose matches are remembered: a byte a value each."""


@dataclass(slots=True)
class _Column:
    """One label over the series of a metric: `codes[i]` points into `values`."""

    codes: NDArray[np.int32]
    values: list[str]
    code_of: dict[str, int]
    decided: OrderedDict[Matcher, NDArray[np.bool_]] = field(default_factory=OrderedDict)

    def matching(self, matcher: Matcher) -> NDArray[np.bool_]:
        """Which values match. Dashboards ask the same matchers again, so only values that are new are looked at."""
        before = self.decided.pop(matcher, None)
        done = 0 if before is None else len(before)
        if before is None or done < len(self.values):
            fresh = np.fromiter(
                (matcher.matches(value) for value in self.values[done:]), np.bool_, len(self.values) - done
            )
            before = fresh if before is None else np.concatenate((before, fresh))
        self.decided[matcher] = before
        if len(self.decided) > DECIDED_MAX:
            self.decided.popitem(last=False)
        return before


@dataclass(slots=True)
class MetricIndex:
    """The series of one metric in the order in which they came; positions never change until a delete drops it all."""

    metric: str
    labels: list[Labels] = field(default_factory=list)
    _ids: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    _count: int = 0
    _rows: IdTable = field(default_factory=IdTable)
    _columns: dict[str, _Column] = field(default_factory=dict)

    @property
    def ids(self) -> Ids:
        return self._ids[: self._count]

    def __len__(self) -> int:
        return self._count

    def add(self, series: Sequence[int], labels: Sequence[Labels]) -> None:
        """Append those that are not there yet."""
        ids, first = np.unique(np.array(series, np.uint64), return_index=True)
        fresh = self._rows.find(ids) < 0
        ids, first = ids[fresh], first[fresh]
        needed = self._count + len(ids)
        if needed > len(self._ids):
            grown = np.empty(max(needed, 2 * len(self._ids)), np.uint64)
            grown[: self._count] = self.ids
            self._ids = grown
        # The table numbers new ids in ascending order, which is the order of `np.unique`.
        self._rows.places(ids)
        self._ids[self._count : needed] = ids
        self.labels.extend(labels[i] for i in first.tolist())
        self._count = needed

    def choose(self, matchers: Matchers) -> NDArray[np.int64]:
        """Positions of the series that match all; the metric's own name is taken as matched."""
        chosen = np.ones(self._count, bool)
        for matcher in matchers:
            if matcher.name == METRIC_NAME:
                continue
            column = self._column(matcher.name)
            chosen &= column.matching(matcher)[column.codes]
        return np.flatnonzero(chosen)

    def _column(self, name: str) -> _Column:
        column = self._columns.get(name) or _Column(np.empty(0, np.int32), [], {})
        done = len(column.codes)
        if done < self._count:
            codes = np.empty(self._count, np.int32)
            codes[:done] = column.codes
            for position in range(done, self._count):
                value = self.labels[position].get(name)
                code = column.code_of.get(value)
                if code is None:
                    code = column.code_of[value] = len(column.values)
                    column.values.append(value)
                codes[position] = code
            column.codes = codes
        self._columns[name] = column
        return column


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Series chosen by a selector. `ids` and `labels` stand in the same order; `whole`: all series of `metrics`."""

    metrics: tuple[str, ...]
    ids: Ids
    labels: tuple[Labels, ...]
    whole: bool
    series_of_metrics: int = 0

    def pieces(self, series_max: int) -> Iterator[Choice]:
        """The same choice in its order, so many series at a time."""
        for at in range(0, len(self.ids), series_max):
            part = slice(at, at + series_max)
            yield Choice(self.metrics, self.ids[part], self.labels[part], False, self.series_of_metrics)


class LabelIndex:
    """Thread-safe. Loading happens outside the lock of the writers; a metric that is being loaded takes new series."""

    def __init__(self, engine: Engine, *, series_max: int = SERIES_MAX) -> None:
        self._engine = engine
        self._series_max = series_max
        self._lock = threading.RLock()
        self._loaded: OrderedDict[str, MetricIndex] = OrderedDict()
        self._loading: dict[str, list[NewSeries]] = {}
        self._load_lock = threading.Lock()
        self._epoch = 0

    @property
    def series(self) -> int:
        return sum(len(index) for index in self._loaded.values())

    def series_added(self, metric: str, new: Sequence[NewSeries]) -> None:
        with self._lock:
            if metric in self._loading:
                self._loading[metric].extend(new)
            if metric in self._loaded:
                self._loaded[metric].add([one.id for one in new], [one.labels for one in new])

    def clear(self) -> None:
        """After a delete. A load that is under way starts again."""
        with self._lock:
            self._epoch += 1
            self._loaded.clear()

    def choose(
        self, metrics: Sequence[str], matchers: Matchers, budget: Budget, *, series_of_metrics: int = 0
    ) -> Choice:
        """The series of these metrics that match. More of them than may be held are filtered by the engine."""
        if series_of_metrics <= self._series_max:
            for _ in range(LOAD_TRIES):
                self._load(metrics, budget)
                with self._lock:
                    # Another question may have pushed one of them out, or a delete all of them, since they were loaded.
                    if all(metric in self._loaded for metric in metrics):
                        return self._chosen(metrics, matchers)
                budget.check()
        return choose_in_engine(self._engine, matchers, budget)

    def _chosen(self, metrics: Sequence[str], matchers: Matchers) -> Choice:
        """Under the lock, all of `metrics` loaded."""
        ids: list[Ids] = []
        labels: list[Labels] = []
        found: list[str] = []
        whole = True
        of_metrics = 0
        for metric in metrics:
            index = self._loaded[metric]
            self._loaded.move_to_end(metric)
            at = index.choose(matchers)
            if len(at):
                found.append(metric)
                whole &= len(at) == len(index)
                of_metrics += len(index)
                ids.append(index.ids[at])
                all_labels = index.labels
                labels.extend([all_labels[i] for i in at.tolist()])
        chosen = np.concatenate(ids) if ids else np.empty(0, np.uint64)
        return Choice(tuple(found), chosen, tuple(labels), whole, of_metrics)

    def _load(self, metrics: Sequence[str], budget: Budget) -> None:
        with self._lock:
            if all(metric in self._loaded for metric in metrics):
                return
        with self._load_lock:
            while True:
                with self._lock:
                    epoch = self._epoch
                    missing = [metric for metric in metrics if metric not in self._loaded]
                    self._loading = {metric: [] for metric in missing}
                if not missing:
                    return
                rows = read_series(self._engine, missing, budget)
                with self._lock:
                    arrived, self._loading = self._loading, {}
                    if epoch != self._epoch:
                        continue
                    for metric in missing:
                        index = MetricIndex(metric)
                        index.add(*rows.get(metric, ([], [])))
                        index.add([new.id for new in arrived[metric]], [new.labels for new in arrived[metric]])
                        self._loaded[metric] = index
                    self._evict(keep=frozenset(metrics))
                return

    def _evict(self, keep: frozenset[str]) -> None:
        total = self.series
        for metric in list(self._loaded):
            if total <= self._series_max:
                return
            if metric not in keep:
                total -= len(self._loaded.pop(metric))


def choose_in_engine(engine: Engine, matchers: Matchers, budget: Budget) -> Choice:
    """A choice that passes the index by: `{job="x"}` over a million series. Raises ExecutionError beyond a bound."""
    where = Conditions()
    rows = engine.query_arrow(
        "SELECT metric, series, labels\nFROM metric_series\n"
        f"WHERE {where.matchers(matchers)}\nLIMIT 1 BY series\nLIMIT {SERIES_PER_QUERY_MAX + 1:d}",
        where.params,
        budget,
    )
    if rows.num_rows > SERIES_PER_QUERY_MAX:
        raise ExecutionError(f"the selector matches more than {SERIES_PER_QUERY_MAX} series; add matchers")
    found = label_sets(rows)
    budget.check()
    return Choice(
        tuple(sorted({metric for metric, _, _ in found})),
        np.array([series for _, series, _ in found], np.uint64),
        tuple(labels for _, _, labels in found),
        whole=False,
    )


def read_series(engine: Engine, metrics: Sequence[str], budget: Budget) -> dict[str, tuple[list[int], list[Labels]]]:
    """Ids and label sets of all series of these metrics."""
    rows = engine.query_arrow(
        "SELECT metric, series, labels\nFROM metric_series\nWHERE metric IN {metrics:Array(String)}",
        {"metrics": list(metrics)},
        budget,
    )
    found: dict[str, tuple[list[int], list[Labels]]] = {}
    for metric, series, labels in label_sets(rows):
        ids, sets = found.setdefault(metric, ([], []))
        ids.append(series)
        sets.append(labels)
    return found


def metrics_that_match(names: Sequence[str], matchers: Matchers) -> list[str]:
    """Metric names that the matchers on `__name__` allow."""
    on_name = [matcher for matcher in matchers if matcher.name == METRIC_NAME]
    return [name for name in names if all(matcher.matches(name) for matcher in on_name)]
