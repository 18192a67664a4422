"""What becomes of labels: dropping names, keys of groups and matches, and series that end up with equal labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hannun.model.errors import ExecutionError
from hannun.model.labels import METRIC_NAME, Labels
from hannun.query.promql.cells import Cells
from hannun.query.promql.grid import Grid

METADATA_LABELS = frozenset((METRIC_NAME, "__type__", "__unit__"))
SAME_LABELSET = "vector cannot contain metrics with the same labelset"
Key = tuple[object, ...]


def without_metadata(labels: Labels) -> Labels:
    """Labels of a result that is no longer the metric it was computed from."""
    return Labels(tuple([pair for pair in labels.pairs if pair[0] not in METADATA_LABELS]))


def is_label_name(name: str) -> bool:
    """Any UTF-8 but the empty string is a label name in 3.x."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return name != ""


def key_of(names: Sequence[str], *, keep: bool) -> Callable[[Labels], Key]:
    """A function from labels to what identifies them among `names` (or, with keep False, outside of them)."""
    wanted = frozenset(names)
    if keep and not wanted:
        return lambda labels: ()
    if keep and len(wanted) == 1:
        (only,) = wanted

        def one(labels: Labels) -> Key:
            for name, value in labels.pairs:
                if name == only:
                    return (value,)
            return ()

        return one
    if keep:
        return lambda labels: tuple([pair for pair in labels.pairs if pair[0] in wanted])
    return lambda labels: tuple([pair for pair in labels.pairs if pair[0] not in wanted])


def finished(grid: Grid) -> Grid:
    """The end of a query: names that were to be dropped are, and series that became equal are joined or refused."""
    if not grid.nameless.any():
        return joined(grid)
    labels = tuple(
        [
            without_metadata(labels) if nameless else labels
            for labels, nameless in zip(grid.labels, grid.nameless.tolist(), strict=True)
        ]
    )
    return joined(Grid.of(labels, grid.values, grid.present).with_histograms(grid.histograms))


def joined(grid: Grid, refusal: str = SAME_LABELSET) -> Grid:
    """Rows of equal labels become one; raises ExecutionError when two of them have a value at the same step."""
    if len(set(grid.labels)) == len(grid.labels):
        return grid
    rows: dict[Labels, list[int]] = {}
    for row, labels in enumerate(grid.labels):
        rows.setdefault(labels, []).append(row)
    values = np.zeros((len(rows), grid.steps))
    present = np.zeros((len(rows), grid.steps), dtype=np.bool_)
    nameless = np.zeros(len(rows), dtype=np.bool_)
    there = grid.there
    cells = None if grid.histograms is None else Cells.empty(len(rows), grid.steps)
    for out, same in enumerate(rows.values()):
        nameless[out] = grid.nameless[same[0]]
        taken = np.zeros(grid.steps, dtype=np.bool_)
        for row in same:
            mask = there[row]
            if (taken & mask).any():
                raise ExecutionError(refusal)
            taken |= mask
            mask = grid.present[row]
            values[out, mask] = grid.values[row, mask]
            present[out] |= mask
            if cells is not None and grid.histograms is not None:
                mask = grid.histograms.there[row]
                cells.value[out, mask] = grid.histograms.value[row, mask]
                cells.there[out] |= mask
    return Grid(tuple(rows), values, present, nameless, cells)
