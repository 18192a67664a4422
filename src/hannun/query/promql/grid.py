"""The one model that everything is computed on: series × steps.

A `Grid` is a float matrix and a mask of the same shape. NaN is a value like any other; absence is `present` False.
Native histograms stand in an array beside it, so that who computes with floats neither meets them nor pays for them.
`Windows` are raw samples with, per step, the window `(end - range, end]` that a range function looks at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.histogram import NativeHistogram
from hannun.model.labels import EMPTY, Labels
from hannun.model.metric import Floats, Ints
from hannun.query.promql.cells import Cells, together

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Steps:
    """Evaluation times `start_ms + k * step_ms` for k in `[0, count)`."""

    start_ms: int
    step_ms: int
    count: int

    @staticmethod
    def between(start_ms: int, end_ms: int, step_ms: int) -> Steps:
        return Steps(start_ms, step_ms, (end_ms - start_ms) // step_ms + 1 if end_ms >= start_ms else 0)

    @property
    def end_ms(self) -> int:
        return self.start_ms + max(self.count - 1, 0) * self.step_ms

    def times(self) -> Ints:
        return self.start_ms + np.arange(self.count, dtype=np.int64) * self.step_ms

    def seconds(self) -> Floats:
        return self.times() / 1000.0

    def first(self) -> Steps:
        return replace(self, count=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """The times of a question as they were given: `end_ms` need not be a step. `step_ms` is 0 for one instant."""

    start_ms: int
    end_ms: int
    step_ms: int = 0

    @property
    def range_s(self) -> float:
        return (self.end_ms - self.start_ms) / 1000

    @property
    def step_s(self) -> float:
        return self.step_ms / 1000

    def steps(self) -> Steps:
        return Steps.between(self.start_ms, self.end_ms, self.step_ms or 1)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """An instant vector at every step. `nameless[i]`: series i loses its metric name at the end of the query.

    Prometheus drops names late too (its test suite runs so): `by (__name__)` still sees them.
    `present` speaks of floats alone; `there` of whatever stands in a cell.
    """

    labels: tuple[Labels, ...]
    values: Floats
    present: Bools
    nameless: Bools
    histograms: Cells | None = None

    @staticmethod
    def of(labels: tuple[Labels, ...], values: Floats, present: Bools, nameless: Bools | bool = False) -> Grid:
        if isinstance(nameless, bool):
            nameless = np.full(len(labels), nameless, dtype=np.bool_)
        return Grid(labels, values, present, nameless)

    @staticmethod
    def empty(steps: int) -> Grid:
        return Grid.of((), np.empty((0, steps)), np.empty((0, steps), dtype=np.bool_))

    @staticmethod
    def together(grids: Sequence[Grid]) -> Grid:
        """Series of several grids of equal steps, at least one."""
        if len(grids) == 1:
            return grids[0]
        return Grid(
            tuple([labels for grid in grids for labels in grid.labels]),
            np.concatenate([grid.values for grid in grids]),
            np.concatenate([grid.present for grid in grids]),
            np.concatenate([grid.nameless for grid in grids]),
            together([(grid.histograms, len(grid)) for grid in grids], grids[0].steps),
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def steps(self) -> int:
        return int(self.values.shape[1])

    @property
    def cells(self) -> int:
        """What it weighs, in cells of floats."""
        beside = 0 if self.histograms is None else self.values.size + self.histograms.weight
        return int(self.values.size + beside)

    @property
    def there(self) -> Bools:
        """Where anything stands: a float or a histogram."""
        return self.present if self.histograms is None else self.present | self.histograms.there

    def take(self, rows: NDArray[Any]) -> Grid:
        """The series at `rows` (indices, in that order)."""
        picked = tuple([self.labels[row] for row in rows.tolist()])
        cells = None if self.histograms is None else self.histograms.take(rows)
        return Grid(picked, self.values[rows], self.present[rows], self.nameless[rows], cells)

    def where(self, mask: Bools) -> Grid:
        """Those cells alone that `mask` keeps."""
        cells = None if self.histograms is None else self.histograms.where(mask)
        return Grid(self.labels, self.values, self.present & mask, self.nameless, cells)

    def with_histograms(self, cells: Cells | None) -> Grid:
        return replace(self, histograms=cells)

    def floats(self) -> Grid:
        """Without its histograms."""
        return self if self.histograms is None else replace(self, histograms=None)

    def without_empty(self) -> Grid:
        """Without series that have no value at any step."""
        kept = self.there.any(axis=1)
        return self if kept.all() else self.take(np.flatnonzero(kept))

    def drop_names(self) -> Grid:
        return replace(self, nameless=np.ones(len(self.labels), dtype=np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A number at every step. `values` float64[steps]."""

    values: Floats

    def as_grid(self) -> Grid:
        return Grid.of((EMPTY,), self.values[None, :], np.ones((1, len(self.values)), dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class String:
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The histograms of one series, ascending in time; `ts` int64 in ms after the windows' `base_ms`."""

    ts: Ints
    value: tuple[NativeHistogram, ...]

    def between(self, after: int, until: int, base_ms: int = 0) -> Run:
        """Those of `(after, until]`, at times `base_ms` later."""
        low, high = np.searchsorted(self.ts, (after, until), side="right").tolist()
        return Run(self.ts[low:high] + base_ms, self.value[low:high])


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """A range vector at every step, in CSR form as `SeriesColumns`; no staleness markers.

    `ends` int64[steps] is the right edge of each step's window in ms after `base_ms`, `range_ms` its width.
    `runs`: histograms by row, of those rows that have any.
    """

    labels: tuple[Labels, ...]
    nameless: Bools
    offsets: Ints
    base_ms: int
    ts: NDArray[Any]
    value: Floats
    ends: Ints
    range_ms: int
    mode: str = ""
    runs: Mapping[int, Run] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)


Value = Grid | Scalar | String | Windows
