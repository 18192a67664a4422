"""Lines and bytes in sliding windows, from counts that each belong to a run of windows.

A line at `ts` stands in the windows `low` to `high - 1`: those that end at or after it and begin before it. So a count
goes in once where its run begins and out once behind its end, and a running sum over the steps gives every window, for
any step and range.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.metric import Ints
from hannun.query.logql.compile.statements import Steps

_FIRST_ROWS = 16


class Windows:
    """Grows with the series; its cells are charged to the budget."""

    def __init__(self, steps: Steps, budget: Budget) -> None:
        self._steps = steps
        self._budget = budget
        self._lines: Ints = np.zeros((0, steps.count + 1), np.int64)
        self._bytes: Ints = np.zeros((0, steps.count + 1), np.int64)

    def add(self, rows: Ints, low: Ints, high: Ints, lines: Ints, size: Ints) -> None:
        """`low` may begin before the first window, `high` may end behind the last."""
        if not len(rows):
            return
        self._room_for(int(rows.max()) + 1)
        low = np.clip(low, 0, self._steps.count)
        high = np.clip(high, low, self._steps.count)
        for cells, amount in ((self._lines, lines), (self._bytes, size)):
            np.add.at(cells, (rows, low), amount)
            np.subtract.at(cells, (rows, high), amount)

    def runs(self, ts_ns: Ints) -> tuple[Ints, Ints]:
        """`low` and `high` of lines at these times."""
        steps = self._steps
        low = -((steps.first_ns - ts_ns) // steps.step_ns)
        high = -((steps.first_ns - ts_ns - steps.range_ns) // steps.step_ns)
        return low, high

    def totals(self, series: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Lines and bytes, int64[series, steps]."""
        self._room_for(series)
        upto = self._steps.count
        lines = np.cumsum(self._lines[:series], axis=1)[:, :upto]
        size = np.cumsum(self._bytes[:series], axis=1)[:, :upto]
        return lines, size

    def _room_for(self, rows: int) -> None:
        have = len(self._lines)
        if rows <= have:
            return
        size = max(rows, 2 * have, _FIRST_ROWS)
        self._budget.charge((size - have) * (self._steps.count + 1))
        self._lines = _grown(self._lines, size)
        self._bytes = _grown(self._bytes, size)


def _grown(old: NDArray[Any], rows: int) -> NDArray[Any]:
    new = np.zeros((rows, old.shape[1]), old.dtype)
    new[: len(old)] = old
    return new
