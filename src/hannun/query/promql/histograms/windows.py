"""Range vectors with histograms: what lies in each window of such a series, and functions of it, one at a time.

Functions of floats alone go on as they are; only rows that hold histograms, at steps whose window holds any, are
looked at again here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hannun.model.histogram import HistogramSeries, NativeHistogram
from hannun.model.labels import Labels
from hannun.model.metric import Floats, Ints
from hannun.query.promql.cells import HISTOGRAM_CELLS, Cells
from hannun.query.promql.grid import Bools, Grid, Run, Windows
from hannun.query.promql.histograms.resets import without_buckets
from hannun.query.promql.histograms.words import IGNORED_IN_RANGE, named
from hannun.query.promql.notes import Notes
from hannun.query.promql.position import Span

if TYPE_CHECKING:
    from hannun.query.promql.functions.call import FunctionCall

CHECKED = 1_000
"""Windows between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Window:
    """The samples of one series in one window `(start_ms, end_ms]`, at least one of them a histogram.

    Times are ms since 1970. An `anchored` or `smoothed` window also holds what lies up to the lookback around it.
    """

    labels: Labels
    start_ms: int
    end_ms: int
    float_ms: list[int]
    floats: list[float]
    histogram_ms: list[int]
    histograms: tuple[NativeHistogram, ...]
    mode: str

    @property
    def name(self) -> str:
        return self.labels.metric

    @property
    def range_s(self) -> float:
        return (self.end_ms - self.start_ms) / 1000

    def samples(self) -> list[tuple[int, float | NativeHistogram]]:
        """Both kinds by time; of equal times the histogram comes last."""
        both: list[tuple[int, float | NativeHistogram]] = [
            *zip(self.float_ms, self.floats, strict=True),
            *zip(self.histogram_ms, self.histograms, strict=True),
        ]
        both.sort(key=lambda sample: sample[0])
        return both


@dataclass(frozen=True, slots=True)
class Told:
    """Where a function of windows says what it thinks of them: at the range vector it was given."""

    notes: Notes
    span: Span

    def warn(self, words: str) -> None:
        self.notes.warn(words, self.span)

    def info(self, words: str) -> None:
        self.notes.info(words, self.span)


Result = float | NativeHistogram | None
OfWindow = Callable[[Window, Told], Result]


def with_runs(windows: Windows, found: tuple[HistogramSeries, ...], bare: bool) -> Windows:
    """`windows` of floats, with a row for each series of histograms too; `bare` ones with count and sum alone."""
    if bare:
        found = tuple([without_buckets(series) for series in found])
    known = {labels: row for row, labels in enumerate(windows.labels)}
    runs = {
        known.setdefault(series.labels, len(known)): Run(
            np.array(series.ts_ms, dtype=np.int64) - windows.base_ms, series.histograms
        )
        for series in found
    }
    more = len(known) - len(windows)
    return replace(
        windows,
        labels=tuple(known),
        nameless=np.concatenate((windows.nameless, np.zeros(more, dtype=np.bool_))),
        offsets=np.concatenate((windows.offsets, np.full(more, windows.offsets[-1]))),
        runs=runs,
    )


def runs_of(grid: Grid, steps: NDArray[np.int64]) -> dict[int, Run]:
    """The histograms of a subquery's inside as samples at the times `steps`.

    What one says of the sample before it does not hold here: that may have been left out, or be the same one again.
    """
    cells = grid.histograms
    if cells is None:
        return {}
    out: dict[int, Run] = {}
    for row in np.flatnonzero(cells.there.any(axis=1)).tolist():
        mask = cells.there[row]
        out[row] = Run(steps[mask], tuple([_without_hint(found) for found in cells.value[row, mask].tolist()]))
    return out


def _without_hint(histogram: NativeHistogram) -> NativeHistogram:
    return histogram if histogram.reset_hint in ("gauge", "unknown") else replace(histogram, reset_hint="unknown")


def over_runs(call: FunctionCall, windows: Windows, values: Floats, present: Bools, run: OfWindow, at: int) -> Cells:
    """Results of `run` where a window holds histograms. `values` and `present` are changed in place, as far as those
    windows go; argument `at` is the range vector."""
    context = call.evaluator.context
    told = Told(context.notes, call.node.args[at].span)
    context.memory.hold(values.size)
    cells = Cells.empty(len(windows), values.shape[1])
    done = 0
    for row in windows.runs:
        for step, window in _windows(windows, row, context.lookback_ms):
            done += 1
            if done % CHECKED == 0:
                context.budget.check()
            result = run(window, told)
            present[row, step] = isinstance(result, float)
            if isinstance(result, float):
                values[row, step] = result
            elif result is not None:
                context.memory.hold(HISTOGRAM_CELLS)
                cells.put(row, step, result)
    return cells


def note_ignored(call: FunctionCall, windows: Windows, at: int) -> None:
    """Says of which series a function of floats met histograms among them."""
    context = call.evaluator.context
    for row in windows.runs:
        if any(window.floats for _, window in _windows(windows, row, context.lookback_ms)):
            context.notes.info(named(IGNORED_IN_RANGE, windows.labels[row].metric), call.node.args[at].span)


def any_in_window(windows: Windows) -> Bools:
    """Per step whether any series has a histogram in its window."""
    out = np.zeros(len(windows.ends), dtype=np.bool_)
    for run in windows.runs.values():
        low, high = _edges(run.ts, windows.ends - windows.range_ms, windows.ends)
        out |= high > low
    return out


def _edges(ts: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    return np.searchsorted(ts, start, side="right"), np.searchsorted(ts, end, side="right")


def _windows(windows: Windows, row: int, lookback_ms: int) -> list[tuple[int, Window]]:
    run = windows.runs[row]
    base = windows.base_ms
    piece = slice(int(windows.offsets[row]), int(windows.offsets[row + 1]))
    float_ts = windows.ts[piece].astype(np.int64)
    floats = windows.value[piece]
    start, end = windows.ends - windows.range_ms, windows.ends
    first = start - lookback_ms if windows.mode else start
    last = end + lookback_ms if windows.mode == "smoothed" else end
    low, high = _edges(run.ts, first, last)
    float_low, float_high = _edges(float_ts, first, last)
    out: list[tuple[int, Window]] = []
    for step in np.flatnonzero(high > low).tolist():
        mine, theirs = slice(low[step], high[step]), slice(float_low[step], float_high[step])
        out.append(
            (
                step,
                Window(
                    windows.labels[row],
                    int(start[step]) + base,
                    int(end[step]) + base,
                    (float_ts[theirs] + base).tolist(),
                    floats[theirs].tolist(),
                    (run.ts[mine] + base).tolist(),
                    run.value[mine],
                    windows.mode,
                ),
            )
        )
    return out
