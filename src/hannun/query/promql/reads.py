"""Which samples a plan needs, and the reading of them.

Before anything is computed the whole plan is walked once, so that selectors with equal matchers share one read over
the union of their times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError
from hannun.model.histogram import HistogramReader, HistogramSeries
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.matcher import Matchers
from hannun.model.metric import STALE_NAN_BITS, SeriesColumns
from hannun.model.ports import MetricReader
from hannun.query.promql.grid import Steps
from hannun.query.promql.memory import TOO_MANY
from hannun.query.promql.syntax import Call, Node, Once, Range, Selector, Subquery, When, children, without_parens

INFO_METRIC = "target_info"
HISTOGRAM_SAMPLE_BYTES = 16
"""A histogram counts as many samples as it has of these, as in Prometheus."""


@dataclass(frozen=True, slots=True)
class Need:
    """Samples of `matchers` in `(start_ms, end_ms]`."""

    matchers: Matchers
    start_ms: int
    end_ms: int


def moved(steps: Steps, when: When) -> Steps:
    """`steps` as a selector with this offset and `@` sees them; one step when `@` fixes the time."""
    if when.at is not None:
        assert isinstance(when.at, int)
        return Steps(when.at - when.offset_ms, steps.step_ms, 1)
    return Steps(steps.start_ms - when.offset_ms, steps.step_ms, steps.count)


def inner_steps(node: Subquery, outer: Steps, default_step_ms: int) -> Steps:
    """The steps of a subquery's inside: absolute multiples of its resolution that any outer window holds."""
    step_ms = node.step_ms or default_step_ms
    shifted = moved(outer, node.when)
    start = ((shifted.start_ms - node.range_ms) // step_ms + 1) * step_ms
    return Steps.between(start, shifted.end_ms, step_ms)


def needs(node: Node, steps: Steps, lookback_ms: int, default_step_ms: int) -> list[Need]:
    """Every selector's need, in the order of the plan."""
    found: list[Need] = []

    def walk(node: Node, steps: Steps) -> None:
        match node:
            case Selector():
                found.append(_need(node, moved(steps, node.when), lookback_ms, lookback_ms))
            case Range(selector=selector):
                found.append(_need(selector, moved(steps, selector.when), node.range_ms, lookback_ms))
            case Subquery():
                inner = inner_steps(node, steps, default_step_ms)
                if inner.count:
                    walk(node.expr, inner)
            case Once():
                walk(node.expr, steps.first())
            case Call(name="info", args=(first, *_)):
                walk(first, steps)
            case _:
                for child in children(node):
                    walk(child, steps)

    walk(node, steps)
    return found


def _need(selector: Selector, at: Steps, back_ms: int, lookback_ms: int) -> Need:
    start, end = at.start_ms - back_ms, at.end_ms
    if selector.mode:
        start -= lookback_ms
    if selector.mode == "smoothed":
        end += lookback_ms
    return Need(selector.matchers, start, end)


def merged(all_needs: list[Need]) -> list[Need]:
    """Needs of equal matchers whose times touch become one."""
    by_matchers: dict[Matchers, list[Need]] = {}
    for need in all_needs:
        by_matchers.setdefault(need.matchers, []).append(need)
    out: list[Need] = []
    for group in by_matchers.values():
        group.sort(key=lambda need: need.start_ms)
        current = group[0]
        for need in group[1:]:
            if need.start_ms <= current.end_ms:
                current = Need(current.matchers, current.start_ms, max(current.end_ms, need.end_ms))
            else:
                out.append(current)
                current = need
        out.append(current)
    return out


@runtime_checkable
class PieceReader(Protocol):
    """A reader that may hand out a large selection some series at a time, and each series in one piece."""

    def select_pieces(
        self, matchers: Matchers, start_ms: int, end_ms: int, budget: Budget
    ) -> Iterator[SeriesColumns] | None: ...


class Reads:
    """Reads each need once, at its first use."""

    def __init__(self, reader: MetricReader, wanted: list[Need], budget: Budget, lookback_ms: int) -> None:
        self._reader = reader
        self._lookback_ms = lookback_ms
        self._budget = budget
        self._wanted: dict[Matchers, list[Need]] = {}
        for need in merged(wanted):
            self._wanted.setdefault(need.matchers, []).append(need)
        self._uses = Counter(need.matchers for need in wanted)
        self._histogram_reader = reader if isinstance(reader, HistogramReader) else None
        self._histograms: dict[Need, tuple[HistogramSeries, ...]] = {}
        self._columns: dict[Need, SeriesColumns] = {}
        self._clean: dict[Need, SeriesColumns] = {}
        self.samples = 0
        self.rows_read = 0
        self.series_read = 0
        self.sql: list[str] = []

    def columns(self, matchers: Matchers, start_ms: int, end_ms: int, *, stale: bool) -> SeriesColumns:
        """Samples of at least `(start_ms, end_ms]`; without staleness markers when `stale` is False."""
        need = self._covering(matchers, start_ms, end_ms)
        if need not in self._columns:
            self._columns[need] = self._read(need)
        columns = self._columns[need]
        if stale or not columns.has_stale:
            return columns
        if need not in self._clean:
            self._clean[need] = without_stale(columns)
        return self._clean[need]

    def histograms(self, matchers: Matchers, start_ms: int, end_ms: int) -> tuple[HistogramSeries, ...]:
        """Native histograms of at least `(start_ms, end_ms]`, each with a hint whether it continues the one before."""
        if self._histogram_reader is None:
            return ()
        need = self._covering(matchers, start_ms, end_ms)
        if need not in self._histograms:
            # The sample before the first one tells whether that continues it; as far back as a selector looks will do.
            start = need.start_ms - self._lookback_ms
            found = self._histogram_reader.histograms(need.matchers, start, need.end_ms, self._budget)
            floats = self.columns(matchers, start_ms, end_ms, stale=True) if found else None
            self._histograms[need] = () if floats is None else self._hinted(found, floats)
        return self._histograms[need]

    def _hinted(self, found: tuple[HistogramSeries, ...], floats: SeriesColumns) -> tuple[HistogramSeries, ...]:
        from hannun.query.promql.histograms.resets import with_hints

        ends = _stale_times(floats)
        out: list[HistogramSeries] = []
        for series in found:
            weight = sum(histogram.size_bytes for histogram in series.histograms)
            self.samples += weight // HISTOGRAM_SAMPLE_BYTES
            self.rows_read += len(series.ts_ms)
            if self.samples > self._budget.samples_max:
                raise ExecutionError(TOO_MANY)
            self._budget.check()
            out.append(with_hints(series, ends.get(series.labels, ())))
        self.series_read += len(out)
        return tuple(out)

    def pieces(self, matchers: Matchers, start_ms: int, end_ms: int) -> Iterator[SeriesColumns]:
        """As `columns` without staleness markers, maybe in several pieces; what only one selector reads is not kept."""
        found = None
        if self._uses[matchers] == 1 and isinstance(self._reader, PieceReader):
            found = self._reader.select_pieces(matchers, start_ms, end_ms, self._budget)
        if found is None:
            yield self.columns(matchers, start_ms, end_ms, stale=False)
            return
        for piece in found:
            self._count(piece)
            yield without_stale(piece) if piece.has_stale else piece

    def _covering(self, matchers: Matchers, start_ms: int, end_ms: int) -> Need:
        for need in self._wanted.get(matchers, ()):
            if need.start_ms <= start_ms and end_ms <= need.end_ms:
                return need
        need = Need(matchers, start_ms, end_ms)
        self._wanted.setdefault(matchers, []).append(need)
        return need

    def _read(self, need: Need) -> SeriesColumns:
        self._budget.check()
        columns = self._reader.select(need.matchers, need.start_ms, need.end_ms, self._budget)
        if len(columns.value) > self._budget.samples_max:
            raise ExecutionError(TOO_MANY)
        self._count(columns)
        return columns

    def _count(self, columns: SeriesColumns) -> None:
        self.samples += len(columns.value)
        self.rows_read += columns.rows_read or len(columns.value)
        self.series_read += len(columns)
        self.sql.extend(columns.sql)


def _stale_times(columns: SeriesColumns) -> dict[Labels, tuple[int, ...]]:
    """When the series that have ended at times did so, in ms."""
    if not columns.has_stale:
        return {}
    at = np.flatnonzero(columns.value.view(np.uint64) == STALE_NAN_BITS)
    rows = np.searchsorted(columns.offsets, at, side="right") - 1
    out: dict[Labels, tuple[int, ...]] = {}
    for row, ts in zip(rows.tolist(), columns.ts[at].tolist(), strict=True):
        labels = columns.labels[row]
        out[labels] = (*out.get(labels, ()), ts + columns.base_ms)
    return out


def without_stale(columns: SeriesColumns) -> SeriesColumns:
    """Range functions never see staleness markers."""
    kept = columns.value.view(np.uint64) != STALE_NAN_BITS
    if kept.all():
        return columns
    before = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(kept, dtype=np.int64)))
    return SeriesColumns(
        columns.labels,
        before[columns.offsets],
        columns.base_ms,
        columns.ts[kept],
        columns.value[kept],
        False,
        columns.rows_read,
        columns.sql,
    )


def metric_names(node: Node) -> set[str]:
    """Metric names that a plan selects by equality; for annotations."""
    node = without_parens(node)
    if isinstance(node, Selector):
        return {m.value for m in node.matchers if m.name == METRIC_NAME and m.op.value == "="}
    return {name for child in children(node) for name in metric_names(child)}
