"""`and`, `or` and `unless`: series of one side kept by whether the other side has a match at the same step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hannun.model.metric import Ints
from hannun.query.promql.grid import Bools, Grid
from hannun.query.promql.names import joined
from hannun.query.promql.operators.signatures import signatures
from hannun.query.promql.syntax import Binary

if TYPE_CHECKING:
    from hannun.query.promql.evaluate import Evaluator


def set_operator(node: Binary, left: Grid, right: Grid, evaluator: Evaluator) -> Grid:
    assert node.matching is not None
    if node.op in ("and", "unless") and not (len(left) and len(right)):
        return left if node.op == "unless" else Grid.empty(left.steps)
    memory = evaluator.context.memory
    of_left, of_right, count = signatures(left, right, node.matching)
    if node.op == "or":
        if not len(left) or not len(right):
            return left if len(left) else right
        memory.hold(count * left.steps + left.cells + right.cells)
        covered = any_present(left, of_left, count)
        kept = right.where(~covered[of_right]).without_empty()
        if not len(kept):
            return left
        return joined(Grid.together((left, kept)))
    memory.hold(count * left.steps + left.cells)
    matched = any_present(right, of_right, count)[of_left]
    return left.where(matched if node.op == "and" else ~matched).without_empty()


def any_present(grid: Grid, signature: Ints, count: int) -> Bools:
    """(signatures × steps): whether any series of the signature has a value."""
    out = np.zeros((count, grid.steps), dtype=np.bool_)
    if not len(grid):
        return out
    order = np.argsort(signature, kind="stable")
    numbers, starts = np.unique(signature[order], return_index=True)
    if len(numbers) == len(order):
        out[signature] = grid.there
    else:
        out[numbers] = np.logical_or.reduceat(grid.there[order], starts, axis=0)
    return out
