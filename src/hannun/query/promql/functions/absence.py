"""What to say when there is nothing: absent and absent_over_time."""

from __future__ import annotations

import numpy as np

from hannun.model.labels import EMPTY, METRIC_NAME, Labels
from hannun.model.matcher import MatchOp
from hannun.query.promql.functions.call import FunctionCall, refuse_mode
from hannun.query.promql.grid import Bools, Grid, Windows
from hannun.query.promql.registry import MATRIX, VECTOR, promql
from hannun.query.promql.syntax import Node, Once, Range, Selector


def labels_of_absence(node: Node) -> Labels:
    """Labels that the selector demands by equality, each once; of anything else, none."""
    if isinstance(node, Once):
        node = node.expr
    selector = node.selector if isinstance(node, Range) else node
    if not isinstance(selector, Selector):
        return EMPTY
    demanded: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in selector.matchers:
        if matcher.name == METRIC_NAME:
            continue
        if matcher.op is MatchOp.EQUAL and matcher.name not in seen:
            demanded[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            demanded.pop(matcher.name, None)
    return Labels.of(demanded)


def _absence(call: FunctionCall, there: Bools) -> Grid:
    missing = ~there[None, :]
    return Grid.of((labels_of_absence(call.arg(0)),), np.ones(missing.shape), missing, nameless=True)


@promql(
    "absent",
    args=(VECTOR,),
    en="1 where the vector has no series, with the labels that the selector asks for.",
    ko="벡터에 시계열이 없으면 1. 선택자가 요구한 라벨을 답니다.",
)
def absent(call: FunctionCall, grid: Grid) -> Grid:
    return _absence(call, np.asarray(grid.there.any(axis=0)))


@promql(
    "absent_over_time",
    args=(MATRIX,),
    en="1 where no series has a sample in the window, with the labels that the selector asks for.",
    ko="구간에 표본이 있는 시계열이 하나도 없으면 1. 선택자가 요구한 라벨을 답니다.",
)
def absent_over_time(call: FunctionCall, windows: Windows) -> Grid:
    from hannun.query.promql.kernels.picking import PRESENT, picks

    refuse_mode("absent_over_time", windows.mode, ())
    there = np.zeros(call.steps.count, dtype=np.bool_)
    for first, last in call.pieces(windows):
        out, present = call.allocate(last - first)
        picks(
            windows.offsets[first:], windows.ts, windows.value, 0, last - first, windows.ends, windows.range_ms,
            windows.base_ms, PRESENT, 0, out, present,
        )  # fmt: skip
        call.evaluator.context.memory.release(out.size)
        there |= present.any(axis=0)
        if there.all():
            break
    if windows.runs:
        from hannun.query.promql.histograms.windows import any_in_window

        there |= any_in_window(windows)
    return _absence(call, there)
