"""How fast something changes: rate, increase, delta and their kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hannun.query.promql.functions.call import FunctionCall, over_windows
from hannun.query.promql.grid import Windows
from hannun.query.promql.reads import metric_names

Fill = Callable[..., None]
COUNTER_ENDINGS = ("_total", "_sum", "_count", "_bucket")


@over_windows(
    "rate",
    modes=("anchored", "smoothed"),
    en="Per-second growth of a counter, resets corrected, extrapolated to the window's edges.",
    ko="카운터의 초당 증가량. 재시작으로 줄어든 값은 보정하고 구간 양끝까지 연장해 계산합니다.",
)
def rate(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    _extrapolated(call, windows, fill, is_counter=True, is_rate=True)
    _note_counter(call, windows)


@over_windows(
    "increase",
    modes=("anchored", "smoothed"),
    en="Growth of a counter over the window, resets corrected, extrapolated to the window's edges.",
    ko="구간 동안 카운터가 늘어난 양. 재시작으로 줄어든 값은 보정하고 구간 양끝까지 연장해 계산합니다.",
)
def increase(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    _extrapolated(call, windows, fill, is_counter=True, is_rate=False)
    _note_counter(call, windows)


@over_windows(
    "delta",
    modes=("anchored", "smoothed"),
    en="Difference between the last and first value of a gauge, extrapolated to the window's edges.",
    ko="게이지의 마지막 값과 첫 값의 차이. 구간 양끝까지 연장해 계산합니다.",
)
def delta(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    _extrapolated(call, windows, fill, is_counter=False, is_rate=False)


def _extrapolated(call: FunctionCall, windows: Windows, fill: Fill, *, is_counter: bool, is_rate: bool) -> None:
    from hannun.query.promql.kernels.rates import extrapolated

    fill(extrapolated, is_counter, is_rate)


def _note_counter(call: FunctionCall, windows: Windows) -> None:
    """3.x tells when a name does not look like a counter's."""
    if not len(windows):
        return
    arg: Any = call.node.args[0]
    for name in (
        sorted({labels.metric for labels in windows.labels}) if not metric_names(arg) else sorted(metric_names(arg))
    ):
        if name and not name.endswith(COUNTER_ENDINGS):
            call.notes.info(
                f'metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "{name}"', arg.span
            )
