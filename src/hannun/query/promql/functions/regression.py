"""Trends: slopes, predictions, smoothing."""

from __future__ import annotations

import numpy as np

from hannun.model.errors import ExecutionError
from hannun.query.promql.functions.call import Fill, FunctionCall, over_windows
from hannun.query.promql.grid import Scalar, Windows
from hannun.query.promql.registry import MATRIX, SCALAR


@over_windows(
    "deriv",
    en="Per-second slope of a gauge by least squares.",
    ko="최소제곱법으로 구한 게이지의 초당 기울기.",
)
def deriv(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.ranking import DERIV, regressed

    count = call.steps.count
    fill.walking(regressed, DERIV, np.zeros(count, dtype=np.int64), np.zeros(count))


@over_windows(
    "predict_linear",
    args=(MATRIX, SCALAR),
    per_step=True,
    en="Value expected in that many seconds if the trend of the window goes on.",
    ko="구간의 추세가 이어질 때 지정한 초 뒤에 예상되는 값.",
)
def predict_linear(call: FunctionCall, windows: Windows, fill: Fill, ahead: Scalar) -> None:
    from hannun.query.promql.kernels.ranking import PREDICT, regressed

    # The line is read off at the evaluation time, which `offset` and `@` do not move.
    shift = call.steps.times() - windows.base_ms - windows.ends
    fill.walking(regressed, PREDICT, shift, ahead.values)


@over_windows(
    "double_exponential_smoothing",
    args=(MATRIX, SCALAR, SCALAR),
    experimental=True,
    en="Smoothed value of a gauge; lower smoothing factor, more weight on old data; trend factor likewise for trends.",
    ko="이중 지수 평활로 다듬은 게이지 값. 평활 계수가 낮을수록 옛 값에, 추세 계수가 높을수록 추세에 무게를 둡니다.",
)
def double_exponential_smoothing(
    call: FunctionCall, windows: Windows, fill: Fill, smoothing: Scalar, trend: Scalar
) -> None:
    from hannun.query.promql.kernels.ranking import smoothed

    present = fill.walking(smoothed, smoothing.values, trend.values)
    used = present.any(axis=0)
    for factor, name in ((smoothing.values, "smoothing"), (trend.values, "trend")):
        wrong = factor[used & ((factor <= 0) | (factor >= 1))]
        if len(wrong):
            short = "sf" if name == "smoothing" else "tf"
            raise ExecutionError(f"invalid {name} factor. Expected: 0 < {short} < 1, got: {wrong[0]:f}")
