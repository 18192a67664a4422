"""count_values: how many series of a group have each value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hannun.model.errors import ExecutionError
from hannun.model.labels import Labels
from hannun.model.metric import NORMAL_NAN_BITS, Floats
from hannun.query.promql.aggregations.grouping import Grouping
from hannun.query.promql.grid import Grid, String
from hannun.query.promql.lexer import go_quote
from hannun.query.promql.names import is_label_name, joined
from hannun.query.promql.numbers import plain_float
from hannun.query.promql.registry import STRING, aggregation


@aggregation(
    "count_values",
    param=STRING,
    en="How many series of the group have each value; the value becomes a label.",
    ko="그룹에서 값마다 시계열이 몇 개인지 셉니다. 값은 라벨이 됩니다.",
)
def count_values(grouping: Grouping, param: String) -> Grid:
    name = param.value
    if not is_label_name(name):
        raise ExecutionError(f"invalid label name {go_quote(name)}")
    node = grouping.node
    if not (node.without and name in node.labels):
        # The value's label stands in for one of the same name, so that one must not tell groups apart.
        labels = (*node.labels, name) if node.without else tuple(label for label in node.labels if label != name)
        if labels != node.labels:
            grouping = Grouping.of(replace(node, labels=labels), grouping.grid, grouping.evaluator)
    grid = grouping.grid
    memory = grouping.evaluator.context.memory
    memory.hold(3 * grid.cells)
    rows, steps = np.nonzero(grid.present)
    values = grid.values[rows, steps]
    bits = np.where(np.isnan(values), np.uint64(NORMAL_NAN_BITS), values.view(np.uint64))
    distinct, place = np.unique(bits, return_inverse=True)
    found, number = np.unique(grouping.group[rows] * len(distinct) + place, return_inverse=True)
    memory.hold(2 * len(found) * grid.steps)
    shape = (len(found), grid.steps)
    counts = np.bincount(number * grid.steps + steps, minlength=shape[0] * shape[1]).reshape(shape)
    shown = distinct[found % max(len(distinct), 1)].view(np.float64).tolist()
    groups = found // max(len(distinct), 1)
    keep_value = not (node.without and name in node.labels)
    labels_out = tuple(
        [
            grouping.labels[group].set(name, plain_float(value)) if keep_value else grouping.labels[group]
            for group, value in zip(groups.tolist(), shown, strict=True)
        ]
    )
    out = Grid.of(labels_out, counts.astype(np.float64), counts > 0)
    if grid.histograms is not None:
        out = Grid.together((out, _of_histograms(grouping, name if keep_value else "")))
    return out if keep_value else _summed(out)


def _of_histograms(grouping: Grouping, name: str) -> Grid:
    """The value of a histogram is how it is written. Without a name no label is set."""
    from hannun.query.promql.histograms.text import shown

    cells, steps = grouping.grid.histograms, grouping.grid.steps
    assert cells is not None
    rows: dict[Labels, Floats] = {}
    for row, step, histogram in cells.items():
        labels = grouping.labels[int(grouping.group[row])]
        labels = labels.set(name, shown(histogram)) if name else labels
        if labels not in rows:
            grouping.evaluator.context.memory.hold(2 * steps)
            rows[labels] = np.zeros(steps)
        rows[labels][step] += 1
    counts = np.array(list(rows.values()))
    return Grid.of(tuple(rows), counts, counts > 0)


def _summed(grid: Grid) -> Grid:
    """`without` took the value's label away again: what is left is how many series there are."""
    totals: dict[object, Grid] = {}
    for row, labels in enumerate(grid.labels):
        before = totals.get(labels)
        values, present = grid.values[row : row + 1], grid.present[row : row + 1]
        if before is not None:
            values, present = values + before.values, present | before.present
        totals[labels] = Grid.of((labels,), values, present)
    if not totals:
        return grid
    return joined(
        Grid.of(
            tuple([one.labels[0] for one in totals.values()]),
            np.concatenate([one.values for one in totals.values()]),
            np.concatenate([one.present for one in totals.values()]),
        )
    )
