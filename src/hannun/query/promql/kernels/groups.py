"""Aggregations: rows of a matrix that share a group are reduced step by step."""

from __future__ import annotations

import math

import numpy as np

from hannun.model.metric import Floats, Ints
from hannun.query.promql.grid import Bools
from hannun.query.promql.kernels.compiled import kernel

SUM, AVG, MIN, MAX, COUNT, GROUP, STDVAR, STDDEV = range(8)


@kernel
def reduce_rows(
    values: Floats,
    present: Bools,
    group: Ints,
    first: int,
    last: int,
    op: int,
    acc: Floats,
    aux: Floats,
    count: Floats,
) -> None:
    """Fold rows `[first, last)` into `acc`/`aux`/`count` (groups × steps), all zero before the first call.

    `aux` is the compensation of sums and means and the squared spread of variances. A mean whose sum overflowed is
    marked by count < 0 and carried on incrementally. `finish` makes the answer of it.
    """
    steps = values.shape[1]
    for row in range(first, last):
        g = group[row]
        if op == SUM:
            for k in range(steps):
                if present[row, k]:
                    x = values[row, k]
                    total = acc[g, k]
                    t = total + x
                    if math.isinf(t):
                        aux[g, k] = 0.0
                    elif abs(total) >= abs(x):
                        aux[g, k] += (total - t) + x
                    else:
                        aux[g, k] += (x - t) + total
                    acc[g, k] = t
                    count[g, k] = 1.0
            continue
        for k in range(steps):
            if not present[row, k]:
                continue
            x = values[row, k]
            n = count[g, k]
            if op == COUNT:
                acc[g, k] += 1.0
                count[g, k] = 1.0
            elif op == GROUP:
                acc[g, k] = 1.0
                count[g, k] = 1.0
            elif op == MIN:
                if n == 0.0 or x < acc[g, k] or math.isnan(acc[g, k]):
                    acc[g, k] = x
                count[g, k] = 1.0
            elif op == MAX:
                if n == 0.0 or x > acc[g, k] or math.isnan(acc[g, k]):
                    acc[g, k] = x
                count[g, k] = 1.0
            elif op == AVG:
                _mean(acc, aux, count, g, k, x)
            else:
                n += 1.0
                count[g, k] = n
                delta = x - acc[g, k]
                acc[g, k] += delta / n
                aux[g, k] += delta * (x - acc[g, k])


@kernel
def _mean(acc: Floats, aux: Floats, count: Floats, g: int, k: int, x: float) -> None:
    n = count[g, k]
    total = acc[g, k]
    lost = aux[g, k]
    if n >= 0.0:
        t = total + x
        if n == 0.0 or not math.isinf(t):
            if math.isinf(t):
                lost = 0.0
            elif abs(total) >= abs(x):
                lost += (total - t) + x
            else:
                lost += (x - t) + total
            acc[g, k] = t
            aux[g, k] = lost
            count[g, k] = n + 1.0
            return
        # The sum would overflow: go on with the mean itself.
        total /= n
        lost /= n
        n = -n
    seen = 1.0 - n
    share = (seen - 1.0) / seen
    total *= share
    lost *= share
    x /= seen
    t = total + x
    if math.isinf(t):
        lost = 0.0
    elif abs(total) >= abs(x):
        lost += (total - t) + x
    else:
        lost += (x - t) + total
    acc[g, k] = t
    aux[g, k] = lost
    count[g, k] = -seen


@kernel
def finish(op: int, acc: Floats, aux: Floats, count: Floats, present: Bools) -> None:
    """Turn the folded state into the answer in `acc`, and say where there is one."""
    groups, steps = acc.shape
    for g in range(groups):
        for k in range(steps):
            n = count[g, k]
            present[g, k] = n != 0.0
            if n == 0.0:
                acc[g, k] = 0.0
            elif op == SUM:
                acc[g, k] = acc[g, k] + aux[g, k]
            elif op == AVG:
                if n > 0.0:
                    acc[g, k] = acc[g, k] / n + aux[g, k] / n
                else:
                    acc[g, k] = acc[g, k] + aux[g, k]
            elif op == STDVAR:
                acc[g, k] = aux[g, k] / n
            elif op == STDDEV:
                acc[g, k] = np.sqrt(aux[g, k] / n)
