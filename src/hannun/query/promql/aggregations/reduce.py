"""Aggregations that make one series of a group: sum, avg, min, max, count, group, stddev, stdvar."""

from __future__ import annotations

import numpy as np

from hannun.query.promql.aggregations.grouping import Grouping
from hannun.query.promql.grid import Grid
from hannun.query.promql.registry import aggregation

SUM, AVG, MIN, MAX, COUNT, GROUP, STDVAR, STDDEV = range(8)


def _reduce(grouping: Grouping, op: int) -> Grid:
    from hannun.query.promql.kernels.groups import finish, reduce_rows

    grid, evaluator = grouping.grid, grouping.evaluator
    shape = (len(grouping.labels), grid.steps)
    evaluator.context.memory.hold(4 * shape[0] * shape[1])
    out, aux, count = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    present = np.zeros(shape, dtype=np.bool_)
    for first, last in evaluator.row_pieces(len(grid), grid.steps):
        reduce_rows(grid.values, grid.present, grouping.group, first, last, op, out, aux, count)
    finish(op, out, aux, count, present)
    reduced = Grid(grouping.labels, out, present, grouping.nameless)
    return reduced if grid.histograms is None else _with_histograms(grouping, reduced, op)


def _with_histograms(grouping: Grouping, floats: Grid, op: int) -> Grid:
    from hannun.query.promql.histograms.aggregate import combined, counted, note_ignored

    if op in (SUM, AVG):
        return combined(grouping, floats)
    if op not in (COUNT, GROUP):
        note_ignored(grouping)
        return floats
    more = counted(grouping)
    present = floats.present | (more > 0)
    counts = np.where(floats.present, floats.values, 0.0) + more
    return Grid(floats.labels, np.where(present, counts if op == COUNT else 1.0, 0.0), present, floats.nameless)


def _reduction(name: str, op: int, en: str, ko: str) -> None:
    @aggregation(name, en=en, ko=ko)
    def run(grouping: Grouping, param: None) -> Grid:
        return _reduce(grouping, op)


_reduction("sum", SUM, "Sum over the group.", "그룹의 합.")
_reduction("avg", AVG, "Mean over the group.", "그룹의 평균.")
_reduction("min", MIN, "Smallest value of the group.", "그룹에서 가장 작은 값.")
_reduction("max", MAX, "Largest value of the group.", "그룹에서 가장 큰 값.")
_reduction("count", COUNT, "How many series the group has.", "그룹에 있는 시계열 개수.")
_reduction("group", GROUP, "1 for each group.", "그룹마다 1.")
_reduction("stdvar", STDVAR, "Population variance over the group.", "그룹의 모분산.")
_reduction("stddev", STDDEV, "Population standard deviation over the group.", "그룹의 모표준편차.")
