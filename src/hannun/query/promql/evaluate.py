"""A plan over a range of steps -> a value. Every node yields a whole matrix; nothing is evaluated step by step."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError
from hannun.model.matcher import Matchers
from hannun.model.metric import Floats, Ints, SeriesColumns
from hannun.query.promql.answer import Took
from hannun.query.promql.cells import Cells
from hannun.query.promql.grid import Asked, Bools, Grid, Run, Scalar, Steps, String, Value, Windows
from hannun.query.promql.memory import Memory
from hannun.query.promql.notes import Notes
from hannun.query.promql.operators import binary, unary
from hannun.query.promql.reads import Reads, inner_steps, moved
from hannun.query.promql.registry import AGGREGATIONS, FUNCTIONS
from hannun.query.promql.syntax import (
    Aggregate,
    Binary,
    Call,
    Node,
    Number,
    Once,
    Paren,
    Range,
    Selector,
    Subquery,
    Text,
    Unary,
)

if TYPE_CHECKING:
    from hannun.query.promql.functions.call import FunctionCall

PIECE = 4_000_000
"""Samples and cells that one kernel call works on before the clock is looked at: about 20 ms."""
WALKED = 20_000_000
"""Values that one call of a kernel that walks its windows may look at: 0.1 s, or 1 s when it sorts them."""


class Context:
    """What all evaluators of one question share."""

    def __init__(
        self,
        reads: Reads,
        budget: Budget,
        notes: Notes,
        lookback_ms: int,
        default_step_ms: int,
        asked: Asked,
        shared: frozenset[int] = frozenset(),
    ) -> None:
        self.asked = asked
        self.reads = reads
        self.shared = shared
        self.budget = budget
        self.notes = notes
        self.lookback_ms = lookback_ms
        self.default_step_ms = default_step_ms
        self.memory = Memory(budget)
        self.took: list[Took] = []


class Evaluator:
    """Evaluates nodes at `steps`; subqueries and constant parts get an evaluator of their own."""

    def __init__(self, context: Context, steps: Steps) -> None:
        self.context = context
        self.steps = steps
        self._shared: dict[int, Value] = {}

    def value(self, node: Node) -> Value:
        context = self.context
        context.budget.check()
        if id(node) in self._shared:
            return self._shared[id(node)]
        before = context.memory.held
        started = time.perf_counter()
        value = self._value(node)
        cells = value.cells if isinstance(value, Grid) else 0
        context.memory.held = before + cells
        if not isinstance(node, Number | Text | Paren | Once):
            rows = len(value) if isinstance(value, Grid | Windows) else 1
            context.took.append(Took(_title(node), (time.perf_counter() - started) * 1000, rows))
        if id(node) in context.shared:
            self._shared[id(node)] = value
        return value

    def _value(self, node: Node) -> Value:
        match node:
            case Number(value=value):
                return Scalar(np.full(self.steps.count, value))
            case Text(value=text):
                return String(text)
            case Paren(expr=expr):
                return self.value(expr)
            case Selector():
                return self.instant(node)[0]
            case Range():
                return self.windows(node)
            case Subquery():
                return self.subquery(node)
            case Once():
                return self._once(node)
            case Unary():
                return unary(node, self.value(node.expr), self)
            case Binary():
                return binary(node, self.value(node.left), self.value(node.right), self)
            case Call():
                return self._call(node)
            case Aggregate():
                return self._aggregate(node)

    def grid(self, node: Node) -> Grid:
        value = self.value(node)
        assert isinstance(value, Grid)
        return value

    def _call(self, node: Call) -> Value:
        from hannun.query.promql.functions.call import FunctionCall

        function = FUNCTIONS[node.name]
        call = FunctionCall(node, self)
        if function.by_series and any(isinstance(arg, Range) for arg in node.args):
            return self._by_series(call)
        args = () if function.lazy else [self.value(arg) for arg in node.args]
        value: Value = function.run(call, *args)
        return value.without_empty() if isinstance(value, Grid) else value

    def _by_series(self, call: FunctionCall) -> Grid:
        """A function of each series alone, over as many of them at a time as the reader hands out."""
        args = call.node.args
        run = FUNCTIONS[call.node.name].run
        at = next(index for index, arg in enumerate(args) if isinstance(arg, Range))
        others = [None if index == at else self.value(arg) for index, arg in enumerate(args)]
        reading = time.perf_counter()
        grids: list[Grid] = []
        read_s, rows = 0.0, 0
        node = args[at]
        assert isinstance(node, Range)
        for windows in self._window_pieces(node):
            read_s += time.perf_counter() - reading
            rows += len(windows)
            grid: Grid = run(call, *[windows if index == at else other for index, other in enumerate(others)])
            grids.append(grid.without_empty())
            reading = time.perf_counter()
        self.context.took.append(Took(_title(node), read_s * 1000, rows))
        if len(grids) > 1:
            self.context.memory.hold(sum(grid.cells for grid in grids))
        return Grid.together(grids)

    def _aggregate(self, node: Aggregate) -> Grid:
        from hannun.query.promql.aggregations.grouping import Grouping

        grid = self.grid(node.expr)
        param = None if node.param is None else self.value(node.param)
        out: Grid = AGGREGATIONS[node.op].run(Grouping.of(node, grid, self), param)
        return out.without_empty()

    # Selectors

    def instant(self, node: Selector, *, wants_time: bool = False) -> tuple[Grid, Ints]:
        """The newest sample of every series at every step, and its own time in ms when `wants_time`."""
        if node.mode:
            return self._smoothed(node), np.empty((0, 0), dtype=np.int64)
        from hannun.query.promql.kernels.instant import newest

        lookback = self.context.lookback_ms
        at = moved(self.steps, node.when)
        columns = self.context.reads.columns(node.matchers, at.start_ms - lookback, at.end_ms, stale=True)
        count = len(columns)
        values, present = self.allocate(count, at.count)
        when = np.empty((count, at.count) if wants_time else (0, 0), dtype=np.int64)
        ends = at.times() - columns.base_ms
        bits = columns.value.view(np.uint64)
        for first, last in self.pieces(columns.offsets, at.count):
            newest(
                columns.offsets, columns.ts, columns.value, bits, first, last, ends, lookback,
                values, present, when, wants_time,
            )  # fmt: skip
        when += columns.base_ms
        grid = Grid.of(columns.labels, values, present)
        if found := self.context.reads.histograms(node.matchers, at.start_ms - lookback, at.end_ms):
            from hannun.query.promql.histograms.selecting import Chosen, with_newest

            chosen = with_newest(Chosen(grid, when), columns, found, at, lookback, self.context.memory, node.bare)
            grid, when = chosen.grid, chosen.when
        kept = grid.there.any(axis=1)
        if not kept.all():
            rows = np.flatnonzero(kept)
            grid = grid.take(rows)
            when = when[rows] if wants_time else when
        if at.count != self.steps.count:
            grid, when = self.repeated(grid), np.repeat(when, self.steps.count, axis=1) if wants_time else when
        return grid, when

    def _smoothed(self, node: Selector) -> Grid:
        """`metric smoothed`; `anchored` means nothing on an instant selector."""
        if node.mode == "anchored":
            return self.instant(replace(node, mode=""))[0]
        from hannun.query.promql.kernels.extended import smoothed_instant

        lookback = self.context.lookback_ms
        at = moved(self.steps, node.when)
        columns = self.context.reads.columns(node.matchers, at.start_ms - lookback, at.end_ms + lookback, stale=False)
        values, present = self.allocate(len(columns), at.count)
        ends = at.times() - columns.base_ms
        for first, last in self.pieces(columns.offsets, at.count):
            smoothed_instant(columns.offsets, columns.ts, columns.value, first, last, ends, lookback, values, present)
        grid = Grid.of(columns.labels, values, present)
        reach = (node.matchers, at.start_ms - lookback, at.end_ms + lookback)
        if found := self.context.reads.histograms(*reach):
            from hannun.query.promql.histograms.selecting import with_smoothed

            context = self.context
            grid = with_smoothed(grid, found, at, lookback, context.memory, context.notes, node.span)
        grid = grid.without_empty()
        return grid if at.count == self.steps.count else self.repeated(grid)

    def windows(self, node: Range) -> Windows:
        windows = self._windows_of(node, self.context.reads.columns(*self._reach(node), stale=False))
        found = self.context.reads.histograms(*self._reach(node))
        if not found:
            return windows
        from hannun.query.promql.histograms.windows import with_runs

        return with_runs(windows, found, node.selector.bare)

    def _window_pieces(self, node: Range) -> Iterator[Windows]:
        if self.context.reads.histograms(*self._reach(node)):
            yield self.windows(node)
            return
        for columns in self.context.reads.pieces(*self._reach(node)):
            yield self._windows_of(node, columns)

    def _reach(self, node: Range) -> tuple[Matchers, int, int]:
        """What a range selector reads: its matchers, and the times `(start, end]`."""
        at = moved(self.steps, node.selector.when)
        lookback = self.context.lookback_ms
        start, end = at.start_ms - node.range_ms, at.end_ms
        if node.selector.mode:
            start -= lookback
        if node.selector.mode == "smoothed":
            end += lookback
        return node.selector.matchers, start, end

    def _windows_of(self, node: Range, columns: SeriesColumns) -> Windows:
        at = moved(self.steps, node.selector.when)
        ends = at.times() - columns.base_ms
        if at.count != self.steps.count:
            ends = np.repeat(ends, self.steps.count)
        return Windows(
            columns.labels,
            np.zeros(len(columns), dtype=np.bool_),
            columns.offsets,
            columns.base_ms,
            columns.ts,
            columns.value,
            ends,
            node.range_ms,
            node.selector.mode,
        )

    def subquery(self, node: Subquery) -> Windows:
        """The inside evaluated once on all inner steps; its present cells are the samples of the windows."""
        shifted = moved(self.steps, node.when)
        inner = inner_steps(node, self.steps, self.context.default_step_ms)
        ends = shifted.times()
        if shifted.count != self.steps.count:
            ends = np.repeat(ends, self.steps.count)
        if inner.count == 0:
            none = SeriesColumns((), np.zeros(1, np.int64), 0, np.empty(0, np.int64), np.empty(0))
            return Windows((), np.empty(0, np.bool_), none.offsets, 0, none.ts, none.value, ends, node.range_ms)
        if inner.count > self.context.budget.samples_max:
            raise ExecutionError("query processing would load too many samples into memory in query execution")
        self.context.memory.hold(inner.count)
        grid = Evaluator(self.context, inner).grid(node.expr)
        offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(grid.present.sum(axis=1), dtype=np.int64)))
        times = np.broadcast_to(np.arange(inner.count, dtype=np.int64) * inner.step_ms, grid.values.shape)
        self.context.memory.hold(2 * grid.cells)
        runs: Mapping[int, Run] = {}
        if grid.histograms is not None:
            from hannun.query.promql.histograms.windows import runs_of

            runs = runs_of(grid, times[0])
        return Windows(
            grid.labels,
            grid.nameless,
            offsets,
            inner.start_ms,
            times[grid.present],
            grid.values[grid.present],
            ends - inner.start_ms,
            node.range_ms,
            runs=runs,
        )

    def _once(self, node: Once) -> Value:
        if self.steps.count <= 1:
            return self.value(node.expr)
        value = Evaluator(self.context, self.steps.first()).value(node.expr)
        match value:
            case Grid():
                return self.repeated(value)
            case Scalar(values=values):
                return Scalar(np.repeat(values, self.steps.count))
        return value

    def repeated(self, grid: Grid) -> Grid:
        """A grid of one step, the same at all of ours."""
        self.context.memory.hold(len(grid) * self.steps.count)
        shape = (len(grid), self.steps.count)
        cells = grid.histograms
        if cells is not None:
            self.context.memory.hold(len(grid) * self.steps.count)
            cells = Cells(np.broadcast_to(cells.value, shape), np.broadcast_to(cells.there, shape))
        return Grid(
            grid.labels,
            np.ascontiguousarray(np.broadcast_to(grid.values, shape)),
            np.ascontiguousarray(np.broadcast_to(grid.present, shape)),
            grid.nameless,
            cells,
        )

    # Bounded work

    def allocate(self, rows: int, steps: int | None = None) -> tuple[Floats, Bools]:
        """An uninitialised matrix and mask, after asking whether they fit."""
        shape = (rows, self.steps.count if steps is None else steps)
        self.context.memory.hold(shape[0] * shape[1])
        return np.empty(shape), np.empty(shape, dtype=np.bool_)

    def pieces(self, offsets: Ints, steps: int) -> Iterator[tuple[int, int]]:
        """Slices of series of bounded work; the budget is checked before each."""
        rows = len(offsets) - 1
        first = 0
        work = offsets[1:] + np.arange(1, rows + 1, dtype=np.int64) * steps
        done = int(offsets[0]) if rows else 0
        while first < rows:
            self.context.budget.check()
            last = max(int(np.searchsorted(work, done + PIECE, side="right")), first + 1)
            yield first, last
            done = int(work[last - 1])
            first = last

    def walking_pieces(self, windows: Windows) -> Iterator[tuple[int, int, int, int]]:
        """Slices of series and steps for kernels that walk each window anew: `(first, last, first_step, last_step)`."""
        steps = self.steps.count
        span_ms = int(windows.ends[-1] - windows.ends[0]) + windows.range_ms if steps else 1
        for first, last in self.pieces(windows.offsets, steps):
            samples = int(windows.offsets[last] - windows.offsets[first])
            per_step = samples * windows.range_ms // max(span_ms, 1) + (last - first)
            size = max(WALKED // max(per_step, 1), 1)
            for begin in range(0, steps, size):
                self.context.budget.check()
                yield first, last, begin, min(begin + size, steps)

    def row_pieces(self, rows: int, cells_per_row: int) -> Iterator[tuple[int, int]]:
        size = max(PIECE // max(cells_per_row, 1), 1)
        for first in range(0, rows, size):
            self.context.budget.check()
            yield first, min(first + size, rows)


def _title(node: Node) -> str:
    match node:
        case Call(name=name):
            return name
        case Aggregate(op=op) | Binary(op=op):
            return op
        case Unary(op=op):
            return f"unary {op}"
        case Selector() | Range():
            return "select"
        case Subquery():
            return "subquery"
    return type(node).__name__.lower()
