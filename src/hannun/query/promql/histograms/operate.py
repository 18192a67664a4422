"""Binary operators where at least one side is a native histogram: element by element.

Histograms add and subtract, numbers scale them and `</` and `>/` cut them; two are equal or not. Whatever else is asked
has no result, and the answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hannun.model.histogram import NativeHistogram
from hannun.model.metric import Floats
from hannun.query.promql.cells import HISTOGRAM_CELLS, Cells
from hannun.query.promql.grid import Bools, Grid, Scalar
from hannun.query.promql.histograms.algebra import Incompatible, add, as_gauge, divided, equal, scaled, subtract
from hannun.query.promql.histograms.trim import trimmed
from hannun.query.promql.histograms.words import COLLISION, LAYOUTS, MISMATCHED
from hannun.query.promql.operators.arithmetic import ARITHMETIC
from hannun.query.promql.syntax import Binary

if TYPE_CHECKING:
    from hannun.query.promql.evaluate import Evaluator

CHECKED = 1_000
Sample = float | NativeHistogram
KIND = {True: "float", False: "histogram"}


@dataclass(frozen=True, slots=True)
class Element:
    """What an operator makes of two samples. `kept` False: a comparison that does not hold."""

    value: Sample
    kept: bool = True


def operate(node: Binary, left: Sample, right: Sample, evaluator: Evaluator) -> Element | None:
    """None where the operator knows no answer; not both are floats."""
    op = node.op
    notes, span = evaluator.context.notes, node.span
    if isinstance(left, float) and not isinstance(right, float) and op == "*":
        return Element(scaled(right, left))
    if not isinstance(left, float) and isinstance(right, float) and op in ("*", "/", "</", ">/"):
        if op in ("</", ">/"):
            return Element(trimmed(left, right, upper=op == "</"))
        return Element(scaled(left, right) if op == "*" else divided(left, right))
    if isinstance(left, float) or isinstance(right, float) or op not in ("+", "-", "==", "!="):
        from hannun.query.promql.operators.matching import note_incompatible

        note_incompatible(evaluator, node, KIND[isinstance(left, float)], KIND[isinstance(right, float)])
        return None
    if op in ("==", "!="):
        return Element(left, equal(left, right) == (op == "=="))
    try:
        joined = add(left, right) if op == "+" else subtract(left, right)
    except Incompatible:
        notes.warn(LAYOUTS.format(op=op), span)
        return None
    what = "addition" if op == "+" else "subtraction"
    if joined.collision:
        # Prometheus leaves such a pair out, warning that it makes no sense.
        notes.warn(COLLISION.format(what=what), span)
        return None
    if joined.reconciled:
        notes.info(MISMATCHED.format(what=what), span)
    return Element(joined.histogram if op == "+" else as_gauge(joined.histogram))


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One operand lined up with the other: (rows × steps)."""

    values: Floats
    cells: Cells | None

    def at(self, row: int, step: int) -> Sample:
        if self.cells is not None and self.cells.there[row, step]:
            histogram: NativeHistogram = self.cells.value[row, step]
            return histogram
        return float(self.values[row, step])

    def mask(self) -> Bools:
        return np.zeros(self.values.shape, dtype=np.bool_) if self.cells is None else self.cells.there


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Results where a histogram took part: `mask` says where, `values` and `kept` are floats, `computed` both kinds."""

    mask: Bools
    values: Floats
    kept: Bools
    computed: Bools
    cells: Cells | None


def pairs(node: Binary, left: Side, right: Side, there: Bools, evaluator: Evaluator) -> Pairs:
    """Every pair of `there` that holds a histogram."""
    mask = there & (left.mask() | right.mask())
    context = evaluator.context
    context.memory.hold(3 * mask.size)
    values, kept = np.zeros(mask.shape), np.zeros(mask.shape, dtype=np.bool_)
    computed, cells = np.zeros(mask.shape, dtype=np.bool_), Cells.empty(*mask.shape)
    for done, (row, step) in enumerate(np.argwhere(mask).tolist()):
        if done % CHECKED == 0:
            context.budget.check()
        element = operate(node, left.at(row, step), right.at(row, step), evaluator)
        if element is None:
            continue
        computed[row, step] = True
        if node.returns_bool:
            values[row, step], kept[row, step] = float(element.kept), True
        elif element.kept and isinstance(element.value, float):
            values[row, step], kept[row, step] = element.value, True
        elif element.kept and not isinstance(element.value, float):
            context.memory.hold(HISTOGRAM_CELLS)
            cells.put(row, step, element.value)
    return Pairs(mask, values, kept, computed, cells.some())


def with_scalar(node: Binary, floats: Grid, grid: Grid, scalar: Scalar, swapped: bool, evaluator: Evaluator) -> Grid:
    """`floats`, what the operator made of `grid`'s floats, with what it makes of its histograms."""
    assert grid.histograms is not None
    shape = grid.values.shape
    number = Side(np.broadcast_to(scalar.values[None, :], shape), None)
    vector = Side(grid.values, grid.histograms)
    left, right = (number, vector) if swapped else (vector, number)
    found = pairs(node, left, right, grid.histograms.there, evaluator)
    loses_name = node.op in ARITHMETIC or node.returns_bool
    nameless = np.ones(len(grid), dtype=np.bool_) if loses_name else grid.nameless
    return Grid(
        grid.labels,
        np.where(found.kept, found.values, floats.values),
        floats.present | found.kept,
        nameless,
        found.cells,
    )


def negated(cells: Cells) -> Cells:
    """Every histogram times -1, which makes gauges of them."""
    out = Cells.empty(*cells.there.shape)
    for row, step, histogram in cells.items():
        out.put(row, step, scaled(histogram, -1.0))
    return out
