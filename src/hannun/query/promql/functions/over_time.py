"""One number out of each window: sums, means, extremes, spreads, counts, order statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from hannun.model.metric import Floats
from hannun.query.promql.functions.call import Fill, FunctionCall, over_windows
from hannun.query.promql.grid import Scalar, Windows
from hannun.query.promql.numbers import go_general
from hannun.query.promql.position import Span
from hannun.query.promql.registry import MATRIX, SCALAR

if TYPE_CHECKING:
    from hannun.query.promql.histograms.windows import OfWindow


def _of_histograms(name: str) -> Callable[[], OfWindow]:
    """The function of that name in `histograms.over_time`, imported where a histogram is met."""

    def found() -> OfWindow:
        from hannun.query.promql.histograms import over_time

        of_window: OfWindow = getattr(over_time, name)
        return of_window

    return found


@over_windows(
    "sum_over_time",
    histograms=_of_histograms("sum_over_time"),
    en="Sum of the values in the window.",
    ko="구간 안 값들의 합.",
)
def sum_over_time(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.sliding import SUM, sums

    fill(sums, SUM)


@over_windows(
    "avg_over_time",
    histograms=_of_histograms("avg_over_time"),
    en="Mean of the values in the window.",
    ko="구간 안 값들의 평균.",
)
def avg_over_time(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.sliding import AVG, sums

    fill(sums, AVG)


@over_windows("min_over_time", en="Smallest value in the window.", ko="구간 안의 가장 작은 값.")
def min_over_time(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.sliding import MIN, extremes

    fill(extremes, windows.base_ms, MIN)


@over_windows("max_over_time", en="Largest value in the window.", ko="구간 안의 가장 큰 값.")
def max_over_time(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.sliding import MAX, extremes

    fill(extremes, windows.base_ms, MAX)


@over_windows(
    "ts_of_min_over_time",
    experimental=True,
    en="Time of the smallest value in the window, the latest of equals.",
    ko="구간 안에서 가장 작은 값이 나온 시각. 같은 값이면 가장 나중 시각입니다.",
)
def ts_of_min_over_time(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.sliding import MIN_TIME, extremes

    fill(extremes, windows.base_ms, MIN_TIME)


@over_windows(
    "ts_of_max_over_time",
    experimental=True,
    en="Time of the largest value in the window, the latest of equals.",
    ko="구간 안에서 가장 큰 값이 나온 시각. 같은 값이면 가장 나중 시각입니다.",
)
def ts_of_max_over_time(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.sliding import MAX_TIME, extremes

    fill(extremes, windows.base_ms, MAX_TIME)


@over_windows("stdvar_over_time", en="Population variance of the values in the window.", ko="구간 안 값들의 모분산.")
def stdvar_over_time(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.sliding import STDVAR, spreads

    fill(spreads, STDVAR)


@over_windows(
    "stddev_over_time", en="Population standard deviation of the values in the window.", ko="구간 안 값들의 모표준편차."
)
def stddev_over_time(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.sliding import STDDEV, spreads

    fill(spreads, STDDEV)


def _pick(name: str, op: int, en: str, ko: str, *, keeps_name: bool = False, experimental: bool = False) -> None:
    @over_windows(name, en=en, ko=ko, keeps_name=keeps_name, experimental=experimental, histograms=_of_histograms(name))
    def run(call: FunctionCall, windows: Windows, fill: Fill) -> None:
        from hannun.query.promql.kernels.picking import picks

        fill(picks, windows.base_ms, op, 0)


# The codes of kernels/picking.py, which must not be imported before the first question (it imports numba).
_pick("count_over_time", 0, "How many samples the window has.", "구간 안 표본 개수.")
_pick("present_over_time", 1, "1 where the window has any sample.", "구간에 표본이 하나라도 있으면 1.")
_pick("first_over_time", 2, "Oldest value in the window.", "구간에서 가장 오래된 값.", keeps_name=True)
_pick("last_over_time", 3, "Newest value in the window.", "구간에서 가장 최근 값.", keeps_name=True)
_pick(
    "ts_of_first_over_time",
    4,
    "Time of the oldest sample in the window.",
    "구간에서 가장 오래된 표본의 시각.",
    experimental=True,
)
_pick(
    "ts_of_last_over_time",
    5,
    "Time of the newest sample in the window.",
    "구간에서 가장 최근 표본의 시각.",
    experimental=True,
)


@over_windows(
    "quantile_over_time",
    args=(SCALAR, MATRIX),
    en="The φ-quantile of the values in the window.",
    ko="구간 안 값들의 φ 분위수.",
)
def quantile_over_time(call: FunctionCall, windows: Windows, fill: Fill, q: Scalar) -> None:
    from hannun.query.promql.kernels.ranking import QUANTILE, ranked

    present = fill.walking(ranked, QUANTILE, q.values)
    warn_quantile(call, q.values[present.any(axis=0)], call.node.args[0].span)


@over_windows(
    "mad_over_time",
    experimental=True,
    en="Median absolute deviation of the values in the window.",
    ko="구간 안 값들의 중앙값 절대 편차.",
)
def mad_over_time(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.ranking import MAD, ranked

    fill.walking(ranked, MAD, np.zeros(call.steps.count))


def warn_quantile(call: FunctionCall, values: Floats, span: Span) -> None:
    """Says once for each value outside [0, 1]."""
    wrong = np.unique(values[~((values >= 0) & (values <= 1))])
    for value in wrong[:16].tolist():
        call.notes.warn(f"quantile value should be between 0 and 1, got {go_general(value)}", span)
