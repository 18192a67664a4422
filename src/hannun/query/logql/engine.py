"""The LogQL engine: a question in words in, lines or series out. Blocking; call it from a thread of a bounded pool.

It reads the question, holds it to its limits, lays out the evaluation times and orders what comes back. Lines and range
aggregations are the evaluator's work; everything above them is computed in `vectors`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import Literal, Protocol

import numpy as np

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.labels import EMPTY
from hannun.model.log import LogReader
from hannun.model.time import Clock, SystemClock
from hannun.query.logql.durations import NS_PER_MS
from hannun.query.logql.found import Lines, LogAnswer, Series, Statistics
from hannun.query.logql.limits import (
    ENDS_EARLY,
    NO_STEP,
    POINTS_MAX,
    TOO_MANY_POINTS,
    QueryLimits,
    answered_series,
    check_entries,
    check_length,
    check_query,
    check_series,
)
from hannun.query.logql.parser import parse
from hannun.query.logql.ranges import RangeEvaluator, Times
from hannun.query.logql.syntax import (
    LabelReplace,
    LogQuery,
    MetricNode,
    Number,
    RangeAggregation,
    Vector,
    VectorAggregation,
)
from hannun.query.logql.vectors.evaluate import SUMMABLE, VectorEvaluator
from hannun.query.promql.answer import Answer
from hannun.query.promql.grid import Grid, Scalar

NOT_INSTANT = "log queries are not supported as an instant query type, please change your query to a range query type"


class Evaluator(RangeEvaluator, Protocol):
    """Reads lines out of the store."""

    def select(
        self,
        query: LogQuery,
        start_ns: int,
        end_ns: int,
        limit: int,
        backward: bool,
        interval_ns: int,
        budget: Budget,
    ) -> LogAnswer:
        """At most `limit` lines with `start_ns <= ts < end_ns`; `interval_ns` thins them per stream (0: all)."""
        ...


class LogEngine:
    """Answers LogQL. Keeps no state between questions, so any thread may ask. `limits` is asked for every question.

    `evaluator` None: that of `execute`, loaded with its compiled kernels by the first question.
    """

    def __init__(
        self,
        reader: LogReader,
        evaluator: Evaluator | None = None,
        *,
        limits: Callable[[], QueryLimits] = QueryLimits,
        clock: Clock | None = None,
    ) -> None:
        self.reader = reader
        self._given = evaluator
        self._limits = limits
        self._clock = clock or SystemClock()

    @cached_property
    def _evaluator(self) -> Evaluator:
        if self._given is not None:
            return self._given
        from hannun.query.logql.execute import LogEvaluator

        return LogEvaluator(self.reader)

    @property
    def limits(self) -> QueryLimits:
        return self._limits()

    def instant(self, text: str, at_ns: int, budget: Budget) -> Series:
        """The value of a metric question at one time; a literal's is a scalar.

        Raises BadQuery (for a log question too), ExecutionError, QueryTimeout, QueryCanceled.
        """
        began_s = time.perf_counter()
        node = parse(text)
        limits = self.limits
        check_query(node, limits)
        if isinstance(node, LogQuery):
            raise BadQuery(NOT_INSTANT)
        at_ms = at_ns // NS_PER_MS
        if isinstance(node, Number | Vector):
            return _finished(_number("scalar", node.value, at_ms, 0, 1), budget, began_s)
        with answered_series(limits, keeps_every=_keeps_every_series(node)):
            grid = self._grid(node, Times(at_ns, 1, 1), budget)
        check_series(len(grid), limits)
        grid = _ordered(grid, node)
        return _finished(_answer("vector", grid, at_ms, 0), budget, began_s)

    def range(
        self,
        text: str,
        start_ns: int,
        end_ns: int,
        step_ns: int,
        budget: Budget,
        *,
        limit: int = 100,
        backward: bool = True,
        interval_ns: int = 0,
    ) -> Lines | Series:
        """Lines with `start_ns <= ts < end_ns`, or the values of a metric question at every step up to `end_ns`.

        Raises as `instant`.
        """
        began_s = time.perf_counter()
        if end_ns <= start_ns:
            raise BadQuery(ENDS_EARLY)
        node = parse(text)
        limits = self.limits
        check_query(node, limits)
        if isinstance(node, LogQuery):
            check_entries(limit, limits)
        start_ns = self._within_lookback(start_ns, limits)
        check_length(start_ns, end_ns, limits)
        if isinstance(node, LogQuery):
            if start_ns >= end_ns:
                return Lines((), _statistics(budget, 0, began_s))
            found = self._evaluator.select(node, start_ns, end_ns, limit, backward, interval_ns, budget)
            budget.rows_read = max(budget.rows_read, found.rows_read)
            budget.bytes_read = max(budget.bytes_read, found.bytes_read)
            return Lines(found.lines, _statistics(budget, len(found.lines), began_s))
        with answered_series(limits, keeps_every=_keeps_every_series(node)):
            series = self.matrix(node, start_ns, max(start_ns, end_ns), step_ns, budget)
        check_series(len(series.answer.labels), limits)
        return series

    def matrix(self, node: MetricNode, start_ns: int, end_ns: int, step_ns: int, budget: Budget) -> Series:
        """A metric question that was read already, with as many series as it has. Raises as `instant`."""
        began_s = time.perf_counter()
        times = _times(start_ns, end_ns, step_ns, self.limits)
        start_ms, step_ms = times.start_ns // NS_PER_MS, times.step_ns // NS_PER_MS
        if isinstance(node, Number | Vector):
            return _finished(_number("matrix", node.value, start_ms, step_ms, times.count), budget, began_s)
        grid = self._grid(node, times, budget)
        return _finished(_answer("matrix", _by_labels(grid), start_ms, step_ms), budget, began_s)

    def _grid(self, node: MetricNode, times: Times, budget: Budget) -> Grid:
        found = VectorEvaluator(self._evaluator, times, budget).value(node)
        return found.as_grid() if isinstance(found, Scalar) else found

    def _within_lookback(self, start_ns: int, limits: QueryLimits) -> int:
        if not limits.lookback_max_ns:
            return start_ns
        return max(start_ns, self._clock.now_ms() * NS_PER_MS - limits.lookback_max_ns)


def _keeps_every_series(node: MetricNode) -> bool:
    """Whether the answer has at least as many series as a range aggregation in it holds at once."""
    match node:
        case RangeAggregation():
            return True
        case VectorAggregation(op="sort" | "sort_desc", expr=expr) | LabelReplace(expr=expr):
            return _keeps_every_series(expr)
        case VectorAggregation(op="sum", expr=RangeAggregation(op=op, grouping=None)):
            return op in SUMMABLE  # only the sums are held
    return False


def _times(start_ns: int, end_ns: int, step_ns: int, limits: QueryLimits) -> Times:
    """`aligned` moves the start down and the end up to multiples of the step. Raises BadQuery.

    Answers carry milliseconds, so a step is a whole number of them.
    """
    if step_ns <= 0:
        raise BadQuery(NO_STEP)
    step_ns = max(step_ns // NS_PER_MS, 1) * NS_PER_MS
    if (end_ns - start_ns) // step_ns > POINTS_MAX:
        raise BadQuery(TOO_MANY_POINTS)
    if limits.aligned:
        start_ns -= start_ns % step_ns
        end_ns += -end_ns % step_ns
    return Times(start_ns, step_ns, max((end_ns - start_ns) // step_ns + 1, 0))


def _ordered(grid: Grid, node: MetricNode) -> Grid:
    """By value only where `sort` is what was asked for, NaN last; otherwise by labels."""
    if not isinstance(node, VectorAggregation) or node.op not in ("sort", "sort_desc"):
        return _by_labels(grid)
    values = grid.values[:, 0]
    rows = np.argsort(values if node.op == "sort" else -values, kind="stable")
    return grid.take(rows)


def _by_labels(grid: Grid) -> Grid:
    rows = sorted(range(len(grid)), key=lambda row: grid.labels[row].pairs)
    return grid.take(np.array(rows, dtype=np.int64))


def _answer(kind: Literal["vector", "matrix"], grid: Grid, start_ms: int, step_ms: int) -> Answer:
    return Answer(kind, grid.labels, start_ms, step_ms, grid.steps, grid.values, grid.present)


def _number(kind: Literal["scalar", "matrix"], value: float, start_ms: int, step_ms: int, count: int) -> Answer:
    values = np.full((1, count), value)
    return Answer(kind, (EMPTY,), start_ms, step_ms, count, values, np.ones_like(values, dtype=np.bool_))


def _finished(answer: Answer, budget: Budget, began_s: float) -> Series:
    return Series(answer, _statistics(budget, int(answer.present.sum()), began_s))


def _statistics(budget: Budget, returned: int, began_s: float) -> Statistics:
    return Statistics(budget.rows_read, budget.bytes_read, returned, time.perf_counter() - began_s)
