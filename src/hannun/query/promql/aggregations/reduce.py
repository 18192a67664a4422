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
    return Grid(grouping.labels, out, present, grouping.nameless)


@aggregation("sum", en="Sum over the group.", ko="그룹의 합.")
def total(grouping: Grouping, param: None) -> Grid:
    return _reduce(grouping, SUM)


@aggregation("avg", en="Mean over the group.", ko="그룹의 평균.")
def avg(grouping: Grouping, param: None) -> Grid:
    return _reduce(grouping, AVG)


@aggregation("min", en="Smallest value of the group.", ko="그룹에서 가장 작은 값.")
def smallest(grouping: Grouping, param: None) -> Grid:
    return _reduce(grouping, MIN)


@aggregation("max", en="Largest value of the group.", ko="그룹에서 가장 큰 값.")
def largest(grouping: Grouping, param: None) -> Grid:
    return _reduce(grouping, MAX)


@aggregation("count", en="How many series the group has.", ko="그룹에 있는 시계열 개수.")
def count(grouping: Grouping, param: None) -> Grid:
    return _reduce(grouping, COUNT)


@aggregation("group", en="1 for each group.", ko="그룹마다 1.")
def group(grouping: Grouping, param: None) -> Grid:
    return _reduce(grouping, GROUP)


@aggregation("stdvar", en="Population variance over the group.", ko="그룹의 모분산.")
def stdvar(grouping: Grouping, param: None) -> Grid:
    return _reduce(grouping, STDVAR)


@aggregation("stddev", en="Population standard deviation over the group.", ko="그룹의 모표준편차.")
def stddev(grouping: Grouping, param: None) -> Grid:
    return _reduce(grouping, STDDEV)
