"""The order of an instant query's result. In range queries series are always sorted by labels, as in Prometheus."""

from __future__ import annotations

import re
from functools import cmp_to_key

import numpy as np

from hannun.query.promql.functions.call import FunctionCall, text
from hannun.query.promql.grid import Grid, String
from hannun.query.promql.registry import STRING, VECTOR, promql

INEFFECTIVE = "sort is ineffective for range queries since results are always ordered by labels"
_CHUNKS = re.compile(r"[0-9]+|[^0-9]+")


@promql(
    "sort",
    args=(VECTOR,),
    keeps_name=True,
    en="By value, smallest first, NaN last.",
    ko="값이 작은 것부터. NaN은 맨 뒤.",
)
def ascending(call: FunctionCall, grid: Grid) -> Grid:
    return _by_value(call, grid, 1.0)


@promql(
    "sort_desc",
    args=(VECTOR,),
    keeps_name=True,
    en="By value, largest first, NaN last.",
    ko="값이 큰 것부터. NaN은 맨 뒤.",
)
def descending(call: FunctionCall, grid: Grid) -> Grid:
    return _by_value(call, grid, -1.0)


@promql(
    "sort_by_label",
    args=(VECTOR, STRING),
    optional=1,
    repeats=True,
    keeps_name=True,
    experimental=True,
    en="By the given labels in natural order (2 before 10).",
    ko="지정한 라벨 순서로. 숫자는 크기대로(2가 10보다 앞) 늘어놓습니다.",
)
def by_label(call: FunctionCall, grid: Grid, *names: String) -> Grid:
    return _by_label(call, grid, names, descending=False)


@promql(
    "sort_by_label_desc",
    args=(VECTOR, STRING),
    optional=1,
    repeats=True,
    keeps_name=True,
    experimental=True,
    en="By the given labels in reverse natural order.",
    ko="지정한 라벨의 역순으로.",
)
def by_label_desc(call: FunctionCall, grid: Grid, *names: String) -> Grid:
    return _by_label(call, grid, names, descending=True)


def _is_ordered(call: FunctionCall) -> bool:
    """Whether an order means anything here; Prometheus warns where it does not."""
    if call.steps.start_ms != call.steps.end_ms:
        call.notes.warn(INEFFECTIVE, call.node.span)
        return False
    return True


def _by_value(call: FunctionCall, grid: Grid, sign: float) -> Grid:
    """Histograms have no order: they are left out."""
    grid = grid.floats().without_empty()
    if not _is_ordered(call):
        return grid
    return grid.take(np.argsort(sign * grid.values[:, 0], kind="stable"))


def _by_label(call: FunctionCall, grid: Grid, names: tuple[String, ...], *, descending: bool) -> Grid:
    if not _is_ordered(call):
        return grid
    wanted = [text(name) for name in names]

    def compare(a: int, b: int) -> int:
        left, right = grid.labels[a], grid.labels[b]
        for name in wanted:
            one, two = left.get(name), right.get(name)
            if one != two:
                return -1 if natural_before(one, two) else 1
        return (left.pairs > right.pairs) - (left.pairs < right.pairs)

    order = sorted(range(len(grid)), key=cmp_to_key(compare), reverse=descending)
    return grid.take(np.array(order, dtype=np.int64))


def natural_before(a: str, b: str) -> bool:
    """Chunks of digits compare as numbers, others as text; the shorter of equals comes first."""
    left, right = _CHUNKS.findall(a), _CHUNKS.findall(b)
    for one, two in zip(left, right, strict=False):
        if one == two:
            continue
        if one.isdigit() and two.isdigit():
            if int(one) != int(two):
                return int(one) < int(two)
            continue
        return bool(one < two)
    return len(left) <= len(right)
