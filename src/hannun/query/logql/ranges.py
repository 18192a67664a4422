"""What the evaluator asks of a range aggregation and what it gets: a matrix of series and steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.metric import Floats
from hannun.query.logql.syntax import Grouping, RangeAggregation


@dataclass(frozen=True, slots=True)
class Times:
    """Evaluation times `start_ns + i * step_ns` for i in `[0, count)`."""

    start_ns: int
    step_ns: int
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """`values` float64[series, steps]; NaN with `present` (bool, same shape) False: no line in that window."""

    labels: tuple[Labels, ...]
    values: Floats
    present: NDArray[np.bool_]


class RangeEvaluator(Protocol):
    """Runs one range aggregation over the store."""

    def evaluate(self, node: RangeAggregation, times: Times, summed_by: Grouping | None, budget: Budget) -> Matrix:
        """Windows are `(t - range, t]`. Raises ExecutionError in Loki's words (`pipeline error: …`).

        `summed_by` says that the caller only sums the series by these labels (its own sum follows all the same), so
        the evaluator may return them summed already; it may also ignore the hint.
        """
        ...
