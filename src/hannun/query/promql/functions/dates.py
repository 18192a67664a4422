"""Parts of a date in UTC, of values that are unix seconds; without an argument, of the evaluation time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hannun.model.labels import EMPTY
from hannun.query.promql.functions.call import FunctionCall
from hannun.query.promql.grid import Grid
from hannun.query.promql.registry import VECTOR, promql

DAY_S = 86_400
SECONDS_MAX = 1e13
"""Beyond this (some 300,000 years) a value is no date; it is cut so that the calendar does not overflow."""

Seconds = NDArray[np.int64]


def _date(name: str, part: Callable[[Seconds], NDArray[np.int64]], en: str, ko: str) -> None:
    @promql(name, args=(VECTOR,), optional=1, per_step=True, en=en, ko=ko)
    def run(call: FunctionCall, grid: Grid | None = None) -> Grid:
        if grid is None:
            values = part(call.steps.times() // 1000).astype(np.float64)[None, :]
            return Grid.of((EMPTY,), values, np.ones(values.shape, dtype=np.bool_))
        call.evaluator.context.memory.hold(grid.cells)
        unknown = np.isnan(grid.values)
        seconds = np.trunc(np.clip(np.where(unknown, 0.0, grid.values), -SECONDS_MAX, SECONDS_MAX)).astype(np.int64)
        values = np.where(unknown, np.nan, part(seconds).astype(np.float64))
        return Grid(grid.labels, values, grid.present, np.ones(len(grid), dtype=np.bool_))


def _days(seconds: Seconds) -> NDArray[np.datetime64]:
    return (seconds // DAY_S).astype("datetime64[D]")


def _months(seconds: Seconds) -> NDArray[np.datetime64]:
    return _days(seconds).astype("datetime64[M]")


def _years(seconds: Seconds) -> NDArray[np.datetime64]:
    return _days(seconds).astype("datetime64[Y]")


def _since(later: NDArray[np.datetime64], earlier: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Whole days between."""
    days: NDArray[np.int64] = (later.astype("datetime64[D]") - earlier.astype("datetime64[D]")).astype(np.int64)
    return days


_date("minute", lambda s: s % 3600 // 60, "Minute of the hour, 0 to 59.", "시각의 분(0~59).")
_date("hour", lambda s: s % DAY_S // 3600, "Hour of the day, 0 to 23.", "하루 중 시(0~23).")
_date("day_of_week", lambda s: (s // DAY_S + 4) % 7, "Day of the week, 0 is Sunday.", "요일(0은 일요일).")
_date("day_of_month", lambda s: _since(_days(s), _months(s)) + 1, "Day of the month, 1 to 31.", "며칠인지(1~31).")
_date("day_of_year", lambda s: _since(_days(s), _years(s)) + 1, "Day of the year, 1 to 366.", "한 해의 몇째 날(1~366).")
_date(
    "days_in_month", lambda s: _since(_months(s) + 1, _months(s)), "Days of the month, 28 to 31.", "그달의 날수(28~31)."
)
_date("month", lambda s: _months(s).astype(np.int64) % 12 + 1, "Month of the year, 1 to 12.", "몇 월인지(1~12).")
_date("year", lambda s: _years(s).astype(np.int64) + 1970, "Year.", "연도.")
