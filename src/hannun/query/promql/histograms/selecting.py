"""Instant vectors of series that hold native histograms, perhaps beside floats: the newest sample counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hannun.model.histogram import HistogramSeries, NativeHistogram
from hannun.model.labels import Labels
from hannun.model.metric import Ints, SeriesColumns
from hannun.query.promql.cells import HISTOGRAM_CELLS, Cells
from hannun.query.promql.grid import Bools, Grid, Steps
from hannun.query.promql.histograms.algebra import Incompatible, add, scaled, subtract
from hannun.query.promql.histograms.buckets import is_custom
from hannun.query.promql.histograms.resets import is_reset, without_its_buckets
from hannun.query.promql.histograms.words import MISMATCHED, MIXED_SCHEMAS, named
from hannun.query.promql.memory import Memory
from hannun.query.promql.notes import Notes
from hannun.query.promql.position import Span


@dataclass(frozen=True, slots=True)
class Chosen:
    """An instant vector, and the time of each sample in ms where it was asked for."""

    grid: Grid
    when: Ints


def with_newest(
    floats: Chosen,
    columns: SeriesColumns,
    found: tuple[HistogramSeries, ...],
    at: Steps,
    lookback_ms: int,
    memory: Memory,
    bare: bool,
) -> Chosen:
    """`floats` (of all of `columns`' series) with the histograms that are newer than the series' newest float.

    A staleness marker is a float too: a histogram before it is no longer seen.
    """
    grid, rows = lined_up(floats.grid, found, memory)
    when = np.zeros((len(grid), at.count), dtype=np.int64)
    if floats.when.size:
        when[: len(floats.grid)] = floats.when
    cells = Cells.empty(len(grid), at.count)
    ends = at.times()
    values, present = grid.values, grid.present.copy()
    for series, row in zip(found, rows, strict=True):
        ts = np.array(series.ts_ms, dtype=np.int64)
        index = np.searchsorted(ts, ends, side="right") - 1
        seen = (index >= 0) & (ts[index] > ends - lookback_ms)
        if row < len(columns):
            seen &= ts[index] >= _newest_float(columns, row, ends)
        for step in np.flatnonzero(seen).tolist():
            histogram = series.histograms[int(index[step])]
            cells.put(row, step, without_its_buckets(histogram) if bare else histogram)
        memory.hold(int(seen.sum()) * HISTOGRAM_CELLS)
        present[row] &= ~seen
        when[row, seen] = ts[index[seen]]
    return Chosen(Grid(grid.labels, values, present, grid.nameless, cells.some()), when)


def lined_up(grid: Grid, found: tuple[HistogramSeries, ...], memory: Memory) -> tuple[Grid, list[int]]:
    """`grid` with a row for every series of `found`, and which one that is."""
    known = {labels: row for row, labels in enumerate(grid.labels)}
    rows = [known.setdefault(series.labels, len(known)) for series in found]
    more = len(known) - len(grid)
    memory.hold(2 * len(known) * grid.steps)
    return (
        Grid.of(
            tuple(known),
            np.concatenate((grid.values, np.zeros((more, grid.steps)))),
            np.concatenate((grid.present, np.zeros((more, grid.steps), dtype=np.bool_))),
        ),
        rows,
    )


def _newest_float(columns: SeriesColumns, row: int, ends: Ints) -> Ints:
    """Per step the time of the newest float or staleness marker, long ago where there is none."""
    ts = columns.ts[int(columns.offsets[row]) : int(columns.offsets[row + 1])].astype(np.int64) + columns.base_ms
    index = np.searchsorted(ts, ends, side="right") - 1
    none = np.iinfo(np.int64).min
    return np.where(index >= 0, ts[index], none) if len(ts) else np.full(len(ends), none)


def with_smoothed(
    grid: Grid,
    found: tuple[HistogramSeries, ...],
    at: Steps,
    lookback_ms: int,
    memory: Memory,
    notes: Notes,
    span: Span,
) -> Grid:
    """`metric smoothed` with the histograms between those around each step; a series' floats come first."""
    grid, rows = lined_up(grid, found, memory)
    cells = Cells.empty(len(grid), at.count)
    free: Bools = ~grid.present
    for series, row in zip(found, rows, strict=True):
        for step, end in enumerate(at.times().tolist()):
            if not free[row, step]:
                continue
            between = _around(series, end, lookback_ms)
            value = None if between is None else interpolated(*between, end, notes, series.labels, span)
            if value is not None:
                memory.hold(HISTOGRAM_CELLS)
                cells.put(row, step, value)
    return grid.with_histograms(cells.some())


Pair = tuple[int, NativeHistogram, int, NativeHistogram]


def _around(series: HistogramSeries, end: int, lookback_ms: int) -> Pair | None:
    """The samples before and after; the one before twice where no other follows."""
    index = int(np.searchsorted(np.array(series.ts_ms, dtype=np.int64), end, side="right")) - 1
    if index < 0 or series.ts_ms[index] <= end - lookback_ms:
        return None
    after = index + 1
    if series.ts_ms[index] == end or after >= len(series.ts_ms) or series.ts_ms[after] > end + lookback_ms:
        after = index
    return series.ts_ms[index], series.histograms[index], series.ts_ms[after], series.histograms[after]


def interpolated(
    before_ms: int,
    before: NativeHistogram,
    after_ms: int,
    after: NativeHistogram,
    at_ms: int,
    notes: Notes,
    labels: Labels,
    span: Span,
    *,
    is_counter: bool | None = None,
) -> NativeHistogram | None:
    """On the line between two samples; after a reset the line begins at nothing. None where they have no line."""
    if at_ms == before_ms or after_ms == before_ms:
        return before
    if at_ms == after_ms:
        return after
    if is_custom(before) != is_custom(after):
        notes.warn(named(MIXED_SCHEMAS, labels.metric), span)
        return None
    if is_counter is None:
        is_counter = before.reset_hint != "gauge" or after.reset_hint != "gauge"
    share = (at_ms - before_ms) / (after_ms - before_ms)
    if is_counter and is_reset(after, before):
        return scaled(after, share)
    try:
        grown = subtract(after, before)
        out = add(scaled(grown.histogram, share), before)
    except Incompatible:  # pragma: no cover - looked at above
        return None
    for joined, what in ((grown, "subtraction"), (out, "addition")):
        if joined.reconciled:
            notes.info(MISMATCHED.format(what=what), span)
    return out.histogram
