"""A metric question over all its steps at once: range aggregations are asked for, everything above is computed here.

Series × steps is what PromQL is computed on too, so its matching, aggregations, label_replace and kernels are used as
they are. Where Loki means something else (dividing by zero, `sort`, a literal's place) it is done on the way in or out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.labels import EMPTY
from hannun.model.ports import MetricReader
from hannun.query.logql.ranges import Matrix, RangeEvaluator, Times
from hannun.query.logql.syntax import (
    Binary,
    Grouping,
    LabelReplace,
    Matching,
    MetricNode,
    Number,
    RangeAggregation,
    Vector,
    VectorAggregation,
)
from hannun.query.promql import aggregations as _aggregations  # noqa: F401  registers
from hannun.query.promql import functions as _functions  # noqa: F401  registers
from hannun.query.promql import syntax as promql
from hannun.query.promql.evaluate import Context, Evaluator
from hannun.query.promql.grid import Asked, Grid, Scalar, Steps, String, Value
from hannun.query.promql.notes import Notes
from hannun.query.promql.operators import binary
from hannun.query.promql.reads import Reads
from hannun.query.promql.registry import AGGREGATIONS, FUNCTIONS

SUMMABLE = frozenset(("bytes_over_time", "bytes_rate", "sum_over_time", "rate", "count_over_time"))
"""Range aggregations whose series may be summed while lines are read."""
_ORDERS = frozenset(("sort", "sort_desc"))
_SAME_AS = {"approx_topk": "topk"}
"""Loki counts approximately because its shards cannot share a heap; we have no shards."""
_NUMBER_LEG = "unexpected expr type (*syntax.LiteralExpr) for Evaluator type (*logql.DefaultEvaluator)"
_CARDINALITY = {
    "": promql.Cardinality.ONE_TO_ONE,
    "left": promql.Cardinality.MANY_TO_ONE,
    "right": promql.Cardinality.ONE_TO_MANY,
}
_ANYTHING = promql.Number(0.0)
"""Stands where PromQL's node holds its children: ours are evaluated already."""


class VectorEvaluator:
    """One question at `times`. Raises BadQuery, ExecutionError, QueryTimeout and QueryCanceled."""

    def __init__(self, ranges: RangeEvaluator, times: Times, budget: Budget) -> None:
        self._ranges = ranges
        self._times = times
        self._budget = budget
        # Nothing here selects a metric: what would read them is never asked.
        reads = Reads(cast(MetricReader, object()), [], budget, 0)
        self._context = Context(reads, budget, Notes(""), 0, 0, Asked(0, 0))
        self._evaluator = Evaluator(self._context, Steps(0, 1, times.count))

    @property
    def held_most(self) -> int:
        """The most values that were held at once."""
        return self._context.memory.peak

    def value(self, node: MetricNode, summed_by: Grouping | None = None) -> Grid | Scalar:
        """The node's series; a number for a literal alone."""
        self._budget.check()
        before = self._context.memory.held
        found = self._value(node, summed_by)
        self._context.memory.held = before + (found.cells if isinstance(found, Grid) else 0)
        return found

    def _value(self, node: MetricNode, summed_by: Grouping | None) -> Grid | Scalar:
        match node:
            case RangeAggregation():
                return self._of_matrix(self._ranges.evaluate(node, self._times, summed_by, self._budget))
            case VectorAggregation():
                return self._aggregation(node)
            case LabelReplace():
                return self._label_replace(node)
            case Vector(value=value):
                values = np.full((1, self._times.count), value)
                return Grid.of((EMPTY,), values, np.ones_like(values, dtype=np.bool_))
            case Number(value=value):
                return Scalar(np.full(self._times.count, value))
            case Binary():
                return self._binary(node)

    def _of_matrix(self, matrix: Matrix) -> Grid:
        self._context.memory.hold(matrix.values.size)
        return Grid.of(matrix.labels, matrix.values, matrix.present).without_empty()

    def _grid(self, node: MetricNode, summed_by: Grouping | None = None) -> Grid:
        found = self.value(node, summed_by)
        if isinstance(found, Scalar):
            raise BadQuery(_NUMBER_LEG)
        return found

    def _aggregation(self, node: VectorAggregation) -> Grid:
        from hannun.query.promql.aggregations import grouping as promql_grouping

        grouping = node.grouping or Grouping(())
        grid = self._grid(node.expr, grouping if _may_sum_early(node) else None)
        if node.op in _ORDERS:
            return grid
        op = _SAME_AS.get(node.op, node.op)
        asked = promql.Aggregate(op, _ANYTHING, None, grouping.labels, grouping.without)
        param = None if node.param is None else Scalar(np.full(self._times.count, node.param))
        found: Grid = AGGREGATIONS[op].run(promql_grouping.Grouping.of(asked, grid, self._evaluator), param)
        return found.without_empty()

    def _label_replace(self, node: LabelReplace) -> Grid:
        from hannun.query.promql.functions.call import FunctionCall

        grid = self._grid(node.expr)
        call = FunctionCall(promql.Call("label_replace", ()), self._evaluator)
        texts = (node.destination, node.replacement, node.source, node.pattern)
        found: Grid = FUNCTIONS["label_replace"].run(call, grid, *map(String, texts))
        return found

    def _binary(self, node: Binary) -> Grid | Scalar:
        left, right = self.value(node.left), self.value(node.right)
        if node.op in ("/", "%"):
            right = _without_zeros(right)
        matching = promql_matching(node.op, node.matching)
        asked = promql.Binary(node.op, _ANYTHING, _ANYTHING, matching, node.returns_bool)
        found: Value = binary(asked, left, right, self._evaluator)
        assert isinstance(found, Grid | Scalar)
        return found.without_empty() if isinstance(found, Grid) else found


def promql_matching(op: str, matching: Matching) -> promql.Matching:
    cardinality = _CARDINALITY[matching.group]
    if op in promql.SET_OPERATORS:
        cardinality = promql.Cardinality.MANY_TO_MANY
    return promql.Matching(cardinality, matching.on, matching.labels, matching.include)


def _may_sum_early(node: VectorAggregation) -> bool:
    expr = node.expr
    return (
        node.op == "sum"
        and isinstance(expr, RangeAggregation)
        and expr.op in SUMMABLE
        and expr.grouping is None
    )  # fmt: skip


def _without_zeros(value: Grid | Scalar) -> Grid | Scalar:
    """Dividing by NaN gives what Loki gives for zero."""
    return replace(value, values=np.where(value.values == 0, np.nan, value.values))
