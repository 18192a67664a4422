"""Unwrapped values by series, and the functions of their windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.metric import Floats, Ints
from hannun.query.logql.compile.statements import Steps
from hannun.query.logql.execute import kernels
from hannun.query.promql.grid import Bools
from hannun.query.promql.kernels import ranking, sliding

SERIES_AT_ONCE = 64
"""Between two looks at the budget."""


class Samples:
    """Collected in any order; charged to the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._rows: list[Ints] = []
        self._ts: list[Ints] = []
        self._values: list[Floats] = []

    def add(self, rows: Ints, ts_ns: Ints, values: Floats) -> None:
        self._budget.charge(len(rows))
        self._rows.append(rows)
        self._ts.append(ts_ns)
        self._values.append(values)

    def sorted(self, series: int) -> tuple[Ints, Ints, Floats]:
        """Offsets int64[series + 1], times and values: series by series, ascending in time."""
        if not self._rows:
            return np.zeros(series + 1, np.int64), np.empty(0, np.int64), np.empty(0)
        rows, ts, values = np.concatenate(self._rows), np.concatenate(self._ts), np.concatenate(self._values)
        # Rows come as runs of one stream in its order, which a merging sort makes short work of.
        order = np.argsort(ts, kind="stable")
        # Numbers of 16 bits are sorted by their digits: a tenth of the time.
        narrow = rows.astype(np.uint16) if series <= 1 << 16 else rows
        order = order[np.argsort(narrow[order], kind="stable")]
        offsets = np.zeros(series + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=series), out=offsets[1:])
        return offsets, ts[order], values[order]


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """The input of every function: samples of all series and the windows over them."""

    offsets: Ints
    ts: Ints
    value: Floats
    ends: Ints
    range_ns: int
    param: float

    @property
    def range_s(self) -> float:
        return self.range_ns / 1e9


Function = Callable[[Sorted, int, int, Floats, Bools], None]
FUNCTIONS: dict[str, Function] = {}


def function(op: str) -> Callable[[Function], Function]:
    """Make a function what `op` computes for the series `[first, last)`."""

    def register(compute: Function) -> Function:
        assert op not in FUNCTIONS, op
        FUNCTIONS[op] = compute
        return compute

    return register


def evaluate(
    op: str, samples: Samples, series: int, steps: Steps, param: float | None, budget: Budget
) -> tuple[Floats, NDArray[np.bool_]]:
    """Values float64[series, steps] and where there are any."""
    budget.charge(series * steps.count)
    out = np.zeros((series, steps.count))
    present = np.zeros((series, steps.count), np.bool_)
    ends = steps.first_ns + np.arange(steps.count, dtype=np.int64) * steps.step_ns
    offsets, ts, value = samples.sorted(series)
    given = Sorted(offsets, ts, value, ends, steps.range_ns, 0.0 if param is None else param)
    for first in range(0, series, SERIES_AT_ONCE):
        budget.check()
        FUNCTIONS[op](given, first, min(first + SERIES_AT_ONCE, series), out, present)
    return out, present


def _window(given: Sorted, first: int, last: int) -> tuple[Ints, Ints, Floats, int, int, Ints, int]:
    return given.offsets, given.ts, given.value, first, last, given.ends, given.range_ns


@function("sum_over_time")
def _sum(given: Sorted, first: int, last: int, out: Floats, present: Bools) -> None:
    sliding.sums(*_window(given, first, last), sliding.SUM, out, present)


@function("rate")
def _rate(given: Sorted, first: int, last: int, out: Floats, present: Bools) -> None:
    """Of unwrapped values: their sum per second."""
    _sum(given, first, last, out, present)
    out[first:last] /= given.range_s


@function("avg_over_time")
def _avg(given: Sorted, first: int, last: int, out: Floats, present: Bools) -> None:
    sliding.sums(*_window(given, first, last), sliding.AVG, out, present)


@function("min_over_time")
def _min(given: Sorted, first: int, last: int, out: Floats, present: Bools) -> None:
    sliding.extremes(*_window(given, first, last), 0, sliding.MIN, out, present)


@function("max_over_time")
def _max(given: Sorted, first: int, last: int, out: Floats, present: Bools) -> None:
    sliding.extremes(*_window(given, first, last), 0, sliding.MAX, out, present)


@function("stdvar_over_time")
def _stdvar(given: Sorted, first: int, last: int, out: Floats, present: Bools) -> None:
    sliding.spreads(*_window(given, first, last), sliding.STDVAR, out, present)


@function("stddev_over_time")
def _stddev(given: Sorted, first: int, last: int, out: Floats, present: Bools) -> None:
    sliding.spreads(*_window(given, first, last), sliding.STDDEV, out, present)


@function("quantile_over_time")
def _quantile(given: Sorted, first: int, last: int, out: Floats, present: Bools) -> None:
    q = np.full(len(given.ends), given.param)
    offsets, ts, value = given.offsets, given.ts, given.value
    ranking.ranked(
        offsets, ts, value, first, last, 0, len(q), given.ends, given.range_ns, ranking.QUANTILE, q, out, present
    )


@function("first_over_time")
def _first(given: Sorted, first: int, last: int, out: Floats, present: Bools) -> None:
    kernels.ends_of_windows(*_window(given, first, last), kernels.FIRST, out, present)


@function("last_over_time")
def _last(given: Sorted, first: int, last: int, out: Floats, present: Bools) -> None:
    kernels.ends_of_windows(*_window(given, first, last), kernels.LAST, out, present)


@function("rate_counter")
def _rate_counter(given: Sorted, first: int, last: int, out: Floats, present: Bools) -> None:
    kernels.counter_rates(*_window(given, first, last), out, present)
