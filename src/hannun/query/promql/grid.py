"""The one model that everything is computed on: series × steps.

A `Grid` is a float matrix and a mask of the same shape. NaN is a value like any other; absence is `present` False.
`Windows` are raw samples with, per step, the window `(end - range, end]` that a range function looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.labels import EMPTY, Labels
from hannun.model.metric import Floats, Ints

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
    """

    labels: tuple[Labels, ...]
    values: Floats
    present: Bools
    nameless: Bools

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
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def steps(self) -> int:
        return int(self.values.shape[1])

    @property
    def cells(self) -> int:
        return int(self.values.size)

    def take(self, rows: NDArray[Any]) -> Grid:
        """The series at `rows` (indices, in that order)."""
        picked = tuple([self.labels[row] for row in rows.tolist()])
        return Grid(picked, self.values[rows], self.present[rows], self.nameless[rows])

    def without_empty(self) -> Grid:
        """Without series that have no value at any step."""
        kept = self.present.any(axis=1)
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
class Windows:
    """A range vector at every step, in CSR form as `SeriesColumns`; no staleness markers.

    `ends` int64[steps] is the right edge of each step's window in ms after `base_ms`, `range_ms` its width.
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

    def __len__(self) -> int:
        return len(self.labels)


Value = Grid | Scalar | String | Windows
