"""Which series an aggregation puts together, and under which labels the group appears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hannun.model.labels import EMPTY, METRIC_NAME, Labels
from hannun.model.metric import Ints
from hannun.query.promql.grid import Bools, Grid
from hannun.query.promql.names import Key, key_of
from hannun.query.promql.syntax import Aggregate

if TYPE_CHECKING:
    from hannun.query.promql.evaluate import Evaluator


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """`group[i]` is the group of series i; `labels[g]` its labels."""

    node: Aggregate
    grid: Grid
    group: Ints
    labels: tuple[Labels, ...]
    evaluator: Evaluator

    @staticmethod
    def of(node: Aggregate, grid: Grid, evaluator: Evaluator) -> Grouping:
        if not node.without and not node.labels:
            labels = (EMPTY,) if len(grid) else ()
            return Grouping(node, grid, np.zeros(len(grid), dtype=np.int64), labels, evaluator)
        names = (*node.labels, METRIC_NAME) if node.without else node.labels
        # Names in `without` are ignored for the key too, so that equal output labels are one group.
        key = key_of(names, keep=not node.without)
        known: dict[Key, int] = {}
        firsts: list[Labels] = []
        group = np.empty(len(grid), dtype=np.int64)
        for row, of_row in enumerate(grid.labels):
            found = known.setdefault(key(of_row), len(known))
            if found == len(firsts):
                firsts.append(of_row)
            group[row] = found
        shown = [labels.without(names) if node.without else labels.keep(names) for labels in firsts]
        return Grouping(node, grid, group, tuple(shown), evaluator)

    @property
    def nameless(self) -> Bools:
        """A group loses its name when any of its series was to lose it."""
        out = np.zeros(len(self.labels), dtype=np.bool_)
        np.logical_or.at(out, self.group, self.grid.nameless)
        return out
