"""Aggregations over series that hold native histograms: sums and means of them, counts, and who ignores them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hannun.model.histogram import NativeHistogram
from hannun.model.metric import Floats, Ints
from hannun.query.promql.cells import HISTOGRAM_CELLS, Cells
from hannun.query.promql.grid import Grid
from hannun.query.promql.histograms.algebra import Incompatible
from hannun.query.promql.histograms.buckets import is_custom
from hannun.query.promql.histograms.total import Outcome, mean, total
from hannun.query.promql.histograms.words import (
    COLLISION,
    IGNORED_IN_AGGREGATION,
    MISMATCHED,
    MIXED_IN_AGGREGATION,
    MIXED_SCHEMAS,
    named,
)

if TYPE_CHECKING:
    from hannun.query.promql.aggregations.grouping import Grouping

COMBINED: dict[str, Callable[[Sequence[NativeHistogram]], Outcome]] = {"sum": total, "avg": mean}


def note_ignored(grouping: Grouping) -> None:
    """For aggregations that know floats alone. Those that choose series speak of themselves, others of their input."""
    node = grouping.node
    span = node.span if node.op in ("topk", "bottomk") else node.expr.span
    if grouping.grid.histograms is not None:
        grouping.evaluator.context.notes.info(IGNORED_IN_AGGREGATION.format(op=node.op), span)


def counted(grouping: Grouping) -> Floats:
    """(groups × steps): how many histograms there are."""
    cells = grouping.grid.histograms
    out = np.zeros((len(grouping.labels), grouping.grid.steps))
    if cells is not None:
        np.add.at(out, grouping.group, cells.there)
    return out


def combined(grouping: Grouping, floats: Grid) -> Grid:
    """`floats`, what sum or avg came to without histograms, with those; a group of both at one step has no result."""
    cells, notes = grouping.grid.histograms, grouping.evaluator.context.notes
    assert cells is not None
    span = grouping.node.expr.span
    memory = grouping.evaluator.context.memory
    memory.hold(2 * len(grouping.labels) * floats.steps)
    some = counted(grouping) > 0
    mixed = some & floats.present
    if mixed.any():
        notes.warn(MIXED_IN_AGGREGATION, span)
    out = Cells.empty(len(grouping.labels), floats.steps)
    members = _members(grouping.group, len(grouping.labels))
    of = COMBINED[grouping.node.op]
    for group, step in np.argwhere(some & ~mixed).tolist():
        memory.hold(HISTOGRAM_CELLS)
        rows = members[group]
        rows = rows[cells.there[rows, step]]
        try:
            outcome = of(cells.value[rows, step].tolist())
        except Incompatible:
            notes.warn(named(MIXED_SCHEMAS, _first_odd(grouping, rows, step)), span)
            continue
        if outcome.collision:
            notes.warn(COLLISION.format(what="aggregation"), span)
        if outcome.reconciled:
            notes.info(MISMATCHED.format(what="aggregation"), span)
        out.put(group, step, outcome.histogram)
    return Grid(floats.labels, floats.values, floats.present & ~mixed, floats.nameless, out.some())


def _first_odd(grouping: Grouping, rows: Ints, step: int) -> str:
    """The metric of the first histogram that is not of the kind of those before it."""
    cells = grouping.grid.histograms
    assert cells is not None
    kinds = [is_custom(cells.value[row, step]) for row in rows.tolist()]
    return grouping.grid.labels[int(rows[kinds.index(not kinds[0])])].metric


def _members(group: Ints, count: int) -> list[Ints]:
    order = np.argsort(group, kind="stable")
    edges = np.searchsorted(group[order], np.arange(count + 1))
    return [order[edges[at] : edges[at + 1]] for at in range(count)]
