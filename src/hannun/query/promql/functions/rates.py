"""How fast something changes: rate, increase, delta and their kin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hannun.query.promql.functions.call import Fill, FunctionCall, over_windows
from hannun.query.promql.grid import Bools, Windows

if TYPE_CHECKING:
    from hannun.query.promql.histograms.windows import OfWindow

COUNTER_TYPES = ("counter", "histogram")
COUNTER_ENDINGS = ("_total", "_sum", "_count", "_bucket")


@over_windows(
    "rate",
    modes=("anchored", "smoothed"),
    histograms=lambda: _grown_histograms(is_counter=True, is_rate=True),
    after=lambda call, windows, present: _note_counter(call, windows, present),
    en="Per-second growth of a counter, resets corrected, extrapolated to the window's edges.",
    ko="카운터의 초당 증가량. 재시작으로 줄어든 값은 보정하고 구간 양끝까지 연장해 계산합니다.",
)
def rate(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    _grown(call, windows, fill, is_counter=True, is_rate=True)


@over_windows(
    "increase",
    modes=("anchored", "smoothed"),
    histograms=lambda: _grown_histograms(is_counter=True, is_rate=False),
    after=lambda call, windows, present: _note_counter(call, windows, present),
    en="Growth of a counter over the window, resets corrected, extrapolated to the window's edges.",
    ko="구간 동안 카운터가 늘어난 양. 재시작으로 줄어든 값은 보정하고 구간 양끝까지 연장해 계산합니다.",
)
def increase(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    _grown(call, windows, fill, is_counter=True, is_rate=False)


@over_windows(
    "delta",
    modes=("anchored", "smoothed"),
    histograms=lambda: _grown_histograms(is_counter=False, is_rate=False),
    en="Difference between the last and first value of a gauge, extrapolated to the window's edges.",
    ko="게이지의 마지막 값과 첫 값의 차이. 구간 양끝까지 연장해 계산합니다.",
)
def delta(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    _grown(call, windows, fill, is_counter=False, is_rate=False)


@over_windows(
    "irate",
    histograms=lambda: _last_two_histograms(is_rate=True),
    en="Per-second growth between the last two samples of the window.",
    ko="구간의 마지막 두 표본 사이의 초당 증가량.",
)
def irate(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.picking import IRATE, picks

    fill(picks, windows.base_ms, IRATE, 0)


@over_windows(
    "idelta",
    histograms=lambda: _last_two_histograms(is_rate=False),
    en="Difference between the last two samples of the window.",
    ko="구간의 마지막 두 표본의 차이.",
)
def idelta(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.picking import IDELTA, picks

    fill(picks, windows.base_ms, IDELTA, 0)


@over_windows(
    "resets",
    modes=("anchored",),
    histograms=lambda: _neighbouring_histograms("resets"),
    en="How often a counter dropped within the window.",
    ko="구간 동안 카운터 값이 줄어든(재시작한) 횟수.",
)
def resets(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.picking import RESETS, picks

    fill(picks, windows.base_ms, RESETS, _anchor_ms(call, windows))


@over_windows(
    "changes",
    modes=("anchored",),
    histograms=lambda: _neighbouring_histograms("changes"),
    en="How often the value changed within the window.",
    ko="구간 동안 값이 바뀐 횟수.",
)
def changes(call: FunctionCall, windows: Windows, fill: Fill) -> None:
    from hannun.query.promql.kernels.picking import CHANGES, picks

    fill(picks, windows.base_ms, CHANGES, _anchor_ms(call, windows))


def _grown_histograms(*, is_counter: bool, is_rate: bool) -> OfWindow:
    from hannun.query.promql.histograms.rates import grown

    return grown(is_counter=is_counter, is_rate=is_rate)


def _last_two_histograms(*, is_rate: bool) -> OfWindow:
    from hannun.query.promql.histograms.rates import between_last_two

    return between_last_two(is_rate=is_rate)


def _neighbouring_histograms(name: str) -> OfWindow:
    from hannun.query.promql.histograms import over_time

    return over_time.resets if name == "resets" else over_time.changes


def _anchor_ms(call: FunctionCall, windows: Windows) -> int:
    return call.evaluator.context.lookback_ms if windows.mode == "anchored" else 0


def _grown(call: FunctionCall, windows: Windows, fill: Fill, *, is_counter: bool, is_rate: bool) -> Bools:
    if windows.mode:
        from hannun.query.promql.kernels.extended import extended

        lookback = call.evaluator.context.lookback_ms
        return fill.walking(extended, lookback, windows.mode == "smoothed", is_counter, is_rate)
    from hannun.query.promql.kernels.rates import extrapolated

    return fill(extrapolated, is_counter, is_rate)


def _note_counter(call: FunctionCall, windows: Windows, present: Bools) -> None:
    """3.x tells when a name does not look like a counter's."""
    rows = np.flatnonzero(present.any(axis=1)).tolist()
    seen = {(labels.metric, labels.get("__type__")) for labels in (windows.labels[row] for row in rows)}
    for name, kind in sorted(seen):
        if not name or kind in COUNTER_TYPES:
            continue
        if kind:
            words = (
                f'metric might not be a counter, __type__ label is not set to "counter" or "histogram", got "{kind}"'
            )
            call.notes.info(f'{words}: "{name}"', call.node.args[0].span)
        elif not name.endswith(COUNTER_ENDINGS):
            words = f'metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "{name}"'
            call.notes.info(words, call.node.args[0].span)
