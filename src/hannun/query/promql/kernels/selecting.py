"""Aggregations that need a group's values side by side: topk, bottomk, limitk, quantile."""

from __future__ import annotations

import math

import numpy as np

from hannun.model.metric import Floats, Ints
from hannun.query.promql.grid import Bools
from hannun.query.promql.kernels.compiled import inlined, kernel
from hannun.query.promql.kernels.ranking import quantile_of

TOP, BOTTOM, LIMIT = 0, 1, 2
TILE = 8


@inlined
def _worse(op: int, a: float, b: float) -> bool:
    """Whether a leaves the selection before b. NaN leaves first."""
    if math.isnan(a):
        return not math.isnan(b)
    if math.isnan(b):
        return False
    return a < b if op == TOP else a > b


@kernel
def select_rows(
    values: Floats,
    present: Bools,
    order: Ints,
    starts: Ints,
    first_step: int,
    last_step: int,
    wanted: Ints,
    op: int,
    kept: Bools,
) -> None:
    """Mark the `wanted[k]` best rows of each group at each step; of equals those that come first stay.

    Rows of group g are `order[starts[g]:starts[g+1]]`. A heap of the selection with the worst on top: n log k.
    """
    heap = np.empty(len(order), dtype=np.int64)
    for k in range(first_step, last_step):
        limit = wanted[k]
        if limit < 1:
            continue
        for g in range(len(starts) - 1):
            size = 0
            for i in range(starts[g], starts[g + 1]):
                row = order[i]
                if not present[row, k]:
                    continue
                x = values[row, k]
                if size < limit:
                    at = size
                    heap[at] = row
                    size += 1
                    while op != LIMIT and at > 0:
                        parent = (at - 1) // 2
                        if not _worse(op, values[heap[at], k], values[heap[parent], k]):
                            break
                        heap[at], heap[parent] = heap[parent], heap[at]
                        at = parent
                elif op != LIMIT and _worse(op, values[heap[0], k], x):
                    heap[0] = row
                    at = 0
                    while True:
                        child = 2 * at + 1
                        if child >= size:
                            break
                        if child + 1 < size and _worse(op, values[heap[child + 1], k], values[heap[child], k]):
                            child += 1
                        if not _worse(op, values[heap[child], k], values[heap[at], k]):
                            break
                        heap[at], heap[child] = heap[child], heap[at]
                        at = child
            for i in range(size):
                kept[heap[i], k] = True


@kernel
def group_quantiles(
    values: Floats,
    present: Bools,
    order: Ints,
    starts: Ints,
    first_step: int,
    last_step: int,
    q: Floats,
    out: Floats,
    there: Bools,
) -> None:
    """The q[k]-quantile of each group at each step of `[first_step, last_step)`."""
    # Eight steps of a row share a line of the processor's cache, so a group is gathered eight steps at a time.
    scratch = np.empty((TILE, len(order)))
    counts = np.empty(TILE, dtype=np.int64)
    for tile in range(first_step, last_step, TILE):
        width = min(TILE, last_step - tile)
        for g in range(len(starts) - 1):
            counts[:] = 0
            for i in range(starts[g], starts[g + 1]):
                row = order[i]
                for j in range(width):
                    if present[row, tile + j]:
                        scratch[j, counts[j]] = values[row, tile + j]
                        counts[j] += 1
            for j in range(width):
                k = tile + j
                there[g, k] = counts[j] > 0
                out[g, k] = quantile_of(scratch[j], counts[j], q[k]) if counts[j] else 0.0
