"""Arithmetic and comparison between two vectors: one-to-one, many-to-one, one-to-many, with fill values.

Matching is by hash, once for all steps; series come and go, so Prometheus's per-step refusals (duplicates on the one
side, several matches) are looked for in the masks. The work is linear in the matched pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hannun.model.errors import ExecutionError
from hannun.model.labels import Labels
from hannun.model.metric import Floats, Ints
from hannun.query.promql.cells import Cells, together
from hannun.query.promql.grid import Bools, Grid
from hannun.query.promql.memory import CELL_BYTES
from hannun.query.promql.names import METADATA_LABELS, joined
from hannun.query.promql.operators.arithmetic import ARITHMETIC, calculate, compare
from hannun.query.promql.operators.sets import any_present
from hannun.query.promql.operators.signatures import go_labels, match_labels, signatures
from hannun.query.promql.syntax import COMPARISONS, Binary, Cardinality, Matching

if TYPE_CHECKING:
    from hannun.query.promql.evaluate import Evaluator

MANY_TO_ONE_IMPLICIT = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
NOT_UNIQUE = "multiple matches for labels: grouping labels must ensure unique matches"


def between_vectors(node: Binary, left: Grid, right: Grid, evaluator: Evaluator) -> Grid:
    """Raises ExecutionError where Prometheus refuses a match."""
    matching = node.matching
    assert matching is not None
    fills = matching.fill_left is not None or matching.fill_right is not None
    if (not len(left) and not len(right)) or ((not len(left) or not len(right)) and not fills):
        return Grid.empty(left.steps)
    swapped = matching.cardinality is Cardinality.ONE_TO_MANY
    many, one = (right, left) if swapped else (left, right)
    fill_many = matching.fill_right if swapped else matching.fill_left
    fill_one = matching.fill_left if swapped else matching.fill_right
    of_many, of_one, count = signatures(many, one, matching)
    memory = evaluator.context.memory
    masks = 2 * count * left.steps // CELL_BYTES + 1
    memory.hold(masks)
    many_there = any_present(many, of_many, count)
    one_there = any_present(one, of_one, count)

    running: Bools = np.asarray(many.there.any(axis=0))
    if fills:
        running = running | one.there.any(axis=0)
    _refuse_duplicates(one, of_one, count, running, matching, swapped)
    if matching.cardinality is Cardinality.ONE_TO_ONE:
        partner = np.ones_like(one_there) if fill_one is not None else one_there
        _refuse_implicit(many, of_many, count, partner)

    rows = _Rows(node, matching, many, one, swapped, evaluator)
    pair_many, pair_one = _pairs(of_many, of_one, count)
    # Both sides are lined up beside the result while it is computed; only the result stays.
    beside = 2 * len(pair_many) * left.steps
    memory.hold(beside + len(pair_many) * left.steps)
    rows.add_pairs(pair_many, pair_one)
    memory.release(beside)
    if fill_one is not None:
        memory.hold(3 * many.cells)
        rows.add_filled_one(many.there & ~one_there[of_many], fill_one)
    if fill_many is not None:
        memory.hold(3 * one.cells)
        rows.add_filled_many(one.there & ~many_there[of_one], fill_many)
    if matching.cardinality is not Cardinality.ONE_TO_ONE:
        rows.refuse_equal(of_many, of_one)
    memory.release(masks)
    if rows.refused:
        note_incompatible(evaluator, node, "float", "float")
    return rows.grid()


def note_incompatible(evaluator: Evaluator, node: Binary, left: str, right: str) -> None:
    """An operator that these kinds of samples do not know: they are left out, and the answer says so."""
    evaluator.context.notes.info(
        f'incompatible sample types encountered for binary operator "{node.op}": {left} {node.op} {right}', node.span
    )


def _cells_at(grid: Grid, rows: Ints) -> Cells | None:
    return None if grid.histograms is None else grid.histograms.take(rows)


def _pairs(of_many: Ints, of_one: Ints, count: int) -> tuple[Ints, Ints]:
    """Rows of equal signature, in the order of the many side."""
    order = np.argsort(of_one, kind="stable")
    starts = np.searchsorted(of_one[order], np.arange(count + 1))
    sizes = (starts[1:] - starts[:-1])[of_many]
    pair_many = np.repeat(np.arange(len(of_many)), sizes)
    within = np.arange(len(pair_many)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return pair_many, order[starts[:-1][of_many][pair_many] + within]


def _crowded(grid: Grid, number: Ints, count: int) -> tuple[Ints, Ints, Bools]:
    """Of groups with several series: their numbers, all their rows, and (groups × steps) where several have a value."""
    several = np.flatnonzero(np.bincount(number, minlength=count) > 1)
    rows = np.flatnonzero(np.isin(number, several))
    rows = rows[np.argsort(number[rows], kind="stable")]
    if not len(rows):
        return several, rows, np.empty((0, grid.steps), dtype=np.bool_)
    starts = np.searchsorted(number[rows], several)
    return several, rows, np.add.reduceat(grid.there[rows], starts, axis=0, dtype=np.int32) > 1


def _refuse_duplicates(one: Grid, of_one: Ints, count: int, running: Bools, matching: Matching, swapped: bool) -> None:
    """Two series of one group on the "one" side at one step, at a step where there is anything to match."""
    several, rows, crowded = _crowded(one, of_one, count)
    clash = crowded & running
    if not clash.any():
        return
    group, step = (int(found[0]) for found in np.nonzero(clash))
    here = rows[of_one[rows] == several[group]]
    there = one.there
    # Sorted, so that the same question is refused with the same words every time.
    clashing = sorted((one.labels[row] for row in here[there[here, step]].tolist()), key=lambda found: found.pairs)
    raise ExecutionError(
        f"found duplicate series for the match group {go_labels(match_labels(clashing[0], matching))} "
        f"on the {'left' if swapped else 'right'} hand-side of the operation: "
        f"[{go_labels(clashing[0])}, {go_labels(clashing[1])}];"
        "many-to-many matching not allowed: matching labels must be unique on one side"
    )


def _refuse_implicit(many: Grid, of_many: Ints, count: int, partner: Bools) -> None:
    several, _, crowded = _crowded(many, of_many, count)
    if (crowded & partner[several]).any():
        raise ExecutionError(MANY_TO_ONE_IMPLICIT)


class _Rows:
    """The output as it grows: labels, values, where computed, and where kept by a comparison."""

    def __init__(
        self, node: Binary, matching: Matching, many: Grid, one: Grid, swapped: bool, evaluator: Evaluator
    ) -> None:
        self.evaluator = evaluator
        self.cells: list[tuple[Cells | None, int]] = []
        self.node = node
        self.matching = matching
        self.many = many
        self.one = one
        self.swapped = swapped
        self.labels: list[Labels] = []
        self.values: list[Floats] = []
        self.computed: list[Bools] = []
        self.kept: list[Bools] = []
        self.nameless: list[bool] = []
        self.sources: list[tuple[int, int]] = []
        self.refused = False
        self._taken = tuple(dict.fromkeys(matching.include))
        one_to_one = matching.cardinality is Cardinality.ONE_TO_ONE
        self._kept_only = frozenset(matching.labels) if one_to_one and matching.on else None
        self._dropped = frozenset(
            (
                *self._taken,
                *(METADATA_LABELS if node.op in ARITHMETIC else ()),
                *(matching.labels if one_to_one and not matching.on else ()),
            )
        )
        self._known: dict[tuple[Labels, Labels], Labels] = {}

    def add_pairs(self, many_rows: Ints, one_rows: Ints) -> None:
        if not len(many_rows):
            return
        there = self.many.there[many_rows] & self.one.there[one_rows]
        some = there.any(axis=1)
        many_rows, one_rows, there = many_rows[some], one_rows[some], there[some]
        self._add(
            self.many.values[many_rows],
            self.one.values[one_rows],
            there,
            _cells_at(self.many, many_rows),
            _cells_at(self.one, one_rows),
        )
        for many, one in zip(many_rows.tolist(), one_rows.tolist(), strict=True):
            self._label(self.many.labels[many], self.one.labels[one], bool(self.many.nameless[many]))
            self.sources.append((many, one))

    def add_filled_one(self, there: Bools, fill: float) -> None:
        rows = np.flatnonzero(there.any(axis=1))
        values = self.many.values[rows]
        self._add(values, np.full_like(values, fill), there[rows], _cells_at(self.many, rows), None)
        for row in rows.tolist():
            labels = self.many.labels[row]
            self._label(labels, match_labels(labels, self.matching), bool(self.many.nameless[row]))
            self.sources.append((row, -1))

    def add_filled_many(self, there: Bools, fill: float) -> None:
        rows = np.flatnonzero(there.any(axis=1))
        values = self.one.values[rows]
        self._add(np.full_like(values, fill), values, there[rows], None, _cells_at(self.one, rows))
        for row in rows.tolist():
            labels = self.one.labels[row]
            self._label(match_labels(labels, self.matching), labels, False)
            self.sources.append((-1, row))

    def _add(self, many: Floats, one: Floats, there: Bools, many_cells: Cells | None, one_cells: Cells | None) -> None:
        left, right = (one, many) if self.swapped else (many, one)
        if many_cells is None and one_cells is None:
            self._add_floats(left, right, there)
            self.cells.append((None, len(there)))
            return
        from hannun.query.promql.histograms.operate import Side, pairs

        cells = (one_cells, many_cells) if self.swapped else (many_cells, one_cells)
        found = pairs(self.node, Side(left, cells[0]), Side(right, cells[1]), there, self.evaluator)
        self._add_floats(left, right, there & ~found.mask)
        self.values[-1] = np.where(found.kept, found.values, self.values[-1])
        self.kept[-1] = self.kept[-1] | found.kept
        self.computed[-1] = self.computed[-1] | found.computed
        self.cells.append((found.cells, len(there)))

    def _add_floats(self, left: Floats, right: Floats, there: Bools) -> None:
        op = self.node.op
        if op in ARITHMETIC:
            self.values.append(calculate(op, left, right))
            self.kept.append(there)
        elif op in COMPARISONS:
            holds = compare(op, left, right)
            self.values.append(holds.astype(np.float64) if self.node.returns_bool else left)
            self.kept.append(there if self.node.returns_bool else there & holds)
        else:
            self.values.append(left)
            self.kept.append(np.zeros_like(there))
            self.refused = self.refused or bool(there.any())
        self.computed.append(there)

    def _label(self, many: Labels, one: Labels, nameless: bool) -> None:
        known = self._known.get((many, one))
        if known is None:
            known = self._known[many, one] = self._result(many, one)
        self.labels.append(known)
        self.nameless.append(nameless or self.node.returns_bool)

    def _result(self, many: Labels, one: Labels) -> Labels:
        pairs = [pair for pair in many.pairs if pair[0] not in self._dropped]
        if self._kept_only is not None:
            pairs = [pair for pair in pairs if pair[0] in self._kept_only]
        taken = [(name, value) for name in self._taken if (value := one.get(name))]
        return Labels(tuple(sorted(pairs + taken) if taken else pairs))

    def refuse_equal(self, of_many: Ints, of_one: Ints) -> None:
        """In one match group every result needs labels of its own, kept by the comparison or not."""
        if not self.labels:
            return
        groups = [int(of_many[many]) if many >= 0 else int(of_one[one]) for many, one in self.sources]
        keys = list(zip(groups, self.labels, strict=True))
        if len(set(keys)) == len(keys):
            return
        computed = np.concatenate(self.computed)
        seen: dict[tuple[int, Labels], Bools] = {}
        for row, key in enumerate(keys):
            before = seen.get(key)
            if before is not None and (before & computed[row]).any():
                raise ExecutionError(NOT_UNIQUE)
            seen[key] = computed[row] if before is None else before | computed[row]

    def grid(self) -> Grid:
        if not self.labels:
            return Grid.empty(self.many.steps)
        grid = Grid(
            tuple(self.labels),
            np.concatenate(self.values),
            np.concatenate(self.kept),
            np.array(self.nameless, dtype=np.bool_),
            together(self.cells, self.many.steps),
        )
        return joined(grid.without_empty())
