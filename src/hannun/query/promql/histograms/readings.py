"""Numbers read off native histograms: one float for each cell that holds one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hannun.model.histogram import NativeHistogram
from hannun.model.labels import Labels
from hannun.query.promql.cells import Cells
from hannun.query.promql.functions.call import FunctionCall
from hannun.query.promql.grid import Grid, Scalar
from hannun.query.promql.histograms.quantile import quantile, share
from hannun.query.promql.histograms.words import FRACTION_NAN, QUANTILE_NAN, QUANTILE_SKEWED, of_metric
from hannun.query.promql.position import Span

CHECKED = 1_000
"""Histograms between two looks at the clock."""
_DOUBTS = {"nan": QUANTILE_NAN, "skewed": QUANTILE_SKEWED}


@dataclass(frozen=True, slots=True, eq=False)
class Natives:
    """Series of native histograms and the cells they hold."""

    labels: tuple[Labels, ...]
    cells: Cells

    @staticmethod
    def of(grid: Grid) -> Natives | None:
        """The rows of `grid` that hold any."""
        if grid.histograms is None:
            return None
        rows = np.flatnonzero(grid.histograms.there.any(axis=1))
        return Natives(tuple([grid.labels[row] for row in rows.tolist()]), grid.histograms.take(rows))

    def __len__(self) -> int:
        return len(self.labels)

    def read(self, call: FunctionCall, of: Callable[[NativeHistogram, int, int], float]) -> Grid:
        """`of(histogram, row, step)` in each cell; names are dropped."""
        values, _ = call.allocate(len(self))
        values[:] = 0.0
        for done, (row, step, histogram) in enumerate(self.cells.items()):
            if done % CHECKED == 0:
                call.evaluator.context.budget.check()
            values[row, step] = of(histogram, row, step)
        return Grid.of(self.labels, values, self.cells.there, nameless=True)

    def quantiles(self, call: FunctionCall, q: Scalar, span: Span) -> Grid:
        wanted = q.values.tolist()

        def read(histogram: NativeHistogram, row: int, step: int) -> float:
            value, doubt = quantile(wanted[step], histogram)
            self._tell(call, _DOUBTS.get(doubt, ""), row, span)
            return value

        return self.read(call, read)

    def shares(self, call: FunctionCall, lower: Scalar, upper: Scalar, span: Span) -> Grid:
        low, high = lower.values.tolist(), upper.values.tolist()

        def read(histogram: NativeHistogram, row: int, step: int) -> float:
            value, doubt = share(low[step], high[step], histogram)
            self._tell(call, FRACTION_NAN if doubt else "", row, span)
            return value

        return self.read(call, read)

    def _tell(self, call: FunctionCall, words: str, row: int, span: Span) -> None:
        if words:
            call.notes.info(of_metric(words, self.labels[row].metric), span)


def read_each(call: FunctionCall, grid: Grid, of: Callable[[NativeHistogram], float]) -> Grid:
    """`of` every histogram; floats come to nothing."""
    natives = Natives.of(grid)
    if natives is None:
        return Grid.empty(grid.steps)
    return natives.read(call, lambda histogram, row, step: of(histogram))
