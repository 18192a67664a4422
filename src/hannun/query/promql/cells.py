"""Native histograms beside a grid's floats. Only grids that hold any have such a side array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.histogram import NativeHistogram

HISTOGRAM_CELLS = 100
"""What one histogram counts as, in cells of nine bytes: eight buckets."""

Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """`value` object[series, steps] holds a NativeHistogram where `there` is True, and never where a float stands."""

    value: Objects
    there: Bools

    @staticmethod
    def empty(rows: int, steps: int) -> Cells:
        return Cells(np.full((rows, steps), None, dtype=object), np.zeros((rows, steps), dtype=np.bool_))

    @property
    def weight(self) -> int:
        return int(self.there.sum()) * HISTOGRAM_CELLS

    def some(self) -> Cells | None:
        """Itself; None when no cell holds anything, so that whoever comes next need not look."""
        return self if self.there.any() else None

    def take(self, rows: NDArray[Any] | Sequence[int] | slice) -> Cells:
        return Cells(self.value[rows], self.there[rows])

    def where(self, mask: Bools) -> Cells | None:
        """Those cells alone that `mask` keeps."""
        there = self.there & mask
        return Cells(self.value, there) if there.any() else None

    def put(self, row: int, step: int, histogram: NativeHistogram) -> None:
        """For whoever builds a grid; one that has been handed on is never written to."""
        self.value[row, step] = histogram
        self.there[row, step] = True

    def items(self) -> Iterator[tuple[int, int, NativeHistogram]]:
        """Each histogram with its row and step, row by row."""
        for row, step in np.argwhere(self.there).tolist():
            yield row, step, self.value[row, step]


def together(parts: Sequence[tuple[Cells | None, int]], steps: int) -> Cells | None:
    """Cells of several grids, one below the other; each part comes with its number of rows."""
    if all(cells is None for cells, _ in parts):
        return None
    whole = [Cells.empty(rows, steps) if cells is None else cells for cells, rows in parts]
    return Cells(np.concatenate([part.value for part in whole]), np.concatenate([part.there for part in whole]))
