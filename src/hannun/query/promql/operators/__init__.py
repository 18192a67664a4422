"""Unary and binary operators over whole matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hannun.model.errors import ExecutionError
from hannun.query.promql.grid import Grid, Scalar, Value
from hannun.query.promql.operators.arithmetic import calculate, compare
from hannun.query.promql.operators.matching import between_vectors, note_incompatible
from hannun.query.promql.operators.sets import set_operator
from hannun.query.promql.syntax import COMPARISONS, SET_OPERATORS, Binary, Unary

if TYPE_CHECKING:
    from hannun.query.promql.evaluate import Evaluator

TRIMS = frozenset(("</", ">/"))


def unary(node: Unary, value: Value, evaluator: Evaluator) -> Value:
    """`-v` drops the name, `+v` does not."""
    if node.op == "+":
        return value
    if isinstance(value, Scalar):
        return Scalar(-value.values)
    assert isinstance(value, Grid)
    cells = value.histograms
    if cells is not None:
        from hannun.query.promql.histograms.operate import negated

        evaluator.context.memory.hold(value.cells)
        cells = negated(cells)
    return Grid(value.labels, -value.values, value.present, np.ones(len(value), dtype=np.bool_), cells)


def binary(node: Binary, left: Value, right: Value, evaluator: Evaluator) -> Value:
    match left, right:
        case Scalar(), Scalar():
            if node.op in COMPARISONS:
                return Scalar(compare(node.op, left.values, right.values).astype(np.float64))
            if node.op in TRIMS:
                raise ExecutionError(f'operator "{node.op}" not allowed for Scalar operations')
            return Scalar(calculate(node.op, left.values, right.values))
        case Grid(), Scalar():
            return _with_scalar(node, left, right, False, evaluator)
        case Scalar(), Grid():
            return _with_scalar(node, right, left, True, evaluator)
        case Grid(), Grid():
            if node.op in SET_OPERATORS:
                return set_operator(node, left, right, evaluator)
            return between_vectors(node, left, right, evaluator)
    raise AssertionError(f"{node.op} between {type(left).__name__} and {type(right).__name__} passed the type check")


def _with_scalar(node: Binary, grid: Grid, scalar: Scalar, swapped: bool, evaluator: Evaluator) -> Grid:
    """A comparison without `bool` keeps the vector's own values and names, on whichever side it stands."""
    if grid.histograms is None:
        return _floats_with_scalar(node, grid, scalar, swapped, evaluator).without_empty()
    from hannun.query.promql.histograms.operate import with_scalar

    floats = _floats_with_scalar(node, grid.floats(), scalar, swapped, evaluator)
    return with_scalar(node, floats, grid, scalar, swapped, evaluator).without_empty()


def _floats_with_scalar(node: Binary, grid: Grid, scalar: Scalar, swapped: bool, evaluator: Evaluator) -> Grid:
    """All rows of `grid`, whether the operator left anything of them or not."""
    if node.op in TRIMS:
        if grid.present.any():
            note_incompatible(evaluator, node, "float", "float")
        return grid.where(np.zeros(grid.present.shape, dtype=np.bool_))
    evaluator.context.memory.hold(grid.cells)
    number = scalar.values[None, :]
    left, right = (number, grid.values) if swapped else (grid.values, number)
    if node.op not in COMPARISONS:
        return Grid(grid.labels, calculate(node.op, left, right), grid.present, np.ones(len(grid), dtype=np.bool_))
    holds = compare(node.op, left, right)
    if node.returns_bool:
        return Grid(grid.labels, holds.astype(np.float64), grid.present, np.ones(len(grid), dtype=np.bool_))
    return Grid(grid.labels, grid.values, grid.present & holds, grid.nameless)
