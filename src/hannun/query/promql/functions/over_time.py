"""One number out of each window: sums, means, extremes, spreads."""

from __future__ import annotations

from collections.abc import Callable

from hannun.query.promql.functions.call import FunctionCall, over_windows
from hannun.query.promql.grid import Windows

Fill = Callable[..., None]


@over_windows("sum_over_time", en="Sum of the values in the window.", ko="구간 안 값들의 합.")
def sum_over_time(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.sliding import SUM, sums

    fill(sums, SUM)


@over_windows("avg_over_time", en="Mean of the values in the window.", ko="구간 안 값들의 평균.")
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
