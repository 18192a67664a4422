"""The PromQL engine: a question in words in, an `Answer` out. Blocking; call it from a thread of a bounded pool."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Literal

import numpy as np

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.labels import EMPTY
from hannun.model.ports import MetricReader
from hannun.model.time import Clock, SystemClock
from hannun.query.promql import aggregations as _aggregations  # noqa: F401  registers
from hannun.query.promql import functions as _functions  # noqa: F401  registers
from hannun.query.promql.answer import Answer, Explain, RawSamples, Stats
from hannun.query.promql.evaluate import Context, Evaluator
from hannun.query.promql.extended import extended_samples
from hannun.query.promql.grid import Asked, Grid, Scalar, Steps, String, Value, Windows
from hannun.query.promql.names import finished, without_metadata
from hannun.query.promql.notes import Notes
from hannun.query.promql.parser import parse
from hannun.query.promql.printer import plan_of
from hannun.query.promql.reads import Reads, needs
from hannun.query.promql.rewrite import Query, rewrite, shared_nodes
from hannun.query.promql.syntax import Aggregate, Call, Node, Paren, Type
from hannun.query.promql.types import check_types, type_of

LOOKBACK_MS = 300_000
SUBQUERY_STEP_MS = 60_000
POINTS_MAX = 11_000
TIME_MS_MAX = 2**62 // 1_000
TOO_MANY_POINTS = (
    "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
)
TRUNCATED = "results truncated due to limit"


def prepare(text: str) -> Node:
    """Parsed and type-checked. Raises BadQuery with `line:column: parse error: …`."""
    return check_types(parse(text), text)


def check(text: str) -> None:
    """Raises BadQuery when `text` is not a PromQL expression."""
    prepare(text)


class PromEngine:
    """Answers PromQL over a `MetricReader`. Keeps no state between questions, so any thread may ask."""

    def __init__(
        self,
        reader: MetricReader,
        *,
        lookback_ms: int = LOOKBACK_MS,
        subquery_step_ms: int = SUBQUERY_STEP_MS,
        clock: Clock | None = None,
    ) -> None:
        self._reader = reader
        self._lookback_ms = lookback_ms
        self._subquery_step_ms = subquery_step_ms
        self._clock = clock or SystemClock()

    def instant(
        self,
        expr: str,
        at_ms: int,
        budget: Budget,
        *,
        lookback_ms: int | None = None,
        limit: int = 0,
        explain: bool = False,
    ) -> Answer:
        """The value of `expr` at one time. Raises BadQuery, ExecutionError, QueryTimeout, QueryCanceled."""
        _within_time(at_ms)
        return self._answer(expr, Asked(at_ms, at_ms), budget, lookback_ms, limit, explain)

    def range(
        self,
        expr: str,
        start_ms: int,
        end_ms: int,
        step_ms: int,
        budget: Budget,
        *,
        lookback_ms: int | None = None,
        limit: int = 0,
        explain: bool = False,
    ) -> Answer:
        """The value of `expr` at `start + k * step` up to `end`. Raises as `instant`."""
        if end_ms < start_ms:
            raise BadQuery("end timestamp must not be before start time")
        if step_ms <= 0:
            raise BadQuery("zero or negative query resolution step widths are not accepted. Try a positive integer")
        if (end_ms - start_ms) // step_ms > POINTS_MAX:
            raise BadQuery(TOO_MANY_POINTS)
        _within_time(start_ms)
        _within_time(end_ms)
        return self._answer(expr, Asked(start_ms, end_ms, step_ms), budget, lookback_ms, limit, explain)

    def _answer(
        self,
        text: str,
        asked: Asked,
        budget: Budget,
        lookback_ms: int | None,
        limit: int,
        explain: bool,
    ) -> Answer:
        started = time.perf_counter()
        steps, instant = asked.steps(), asked.step_ms == 0
        node = prepare(text)
        kind = type_of(node)
        if not instant and kind not in (Type.SCALAR, Type.VECTOR):
            raise BadQuery(f'invalid expression type "{kind.value}" for range query, must be Scalar or instant Vector')
        plan, applied = rewrite(node, Query(text, asked))
        lookback = self._lookback_ms if lookback_ms is None else lookback_ms
        wanted = needs(plan, steps, lookback, self._subquery_step_ms)
        reads = Reads(self._reader, wanted, budget, lookback)
        context = Context(reads, budget, Notes(text), lookback, self._subquery_step_ms, asked, shared_nodes(plan))
        prepared = time.perf_counter()
        value = Evaluator(context, steps).value(plan)
        if isinstance(value, Grid):
            value = finished(value.without_empty())
        evaluated = time.perf_counter()
        answer = _shaped(value, steps, lookback, instant=instant, keeps_order=_ordered(node))
        answer = _limited(answer, limit, context.notes)
        sorted_at = time.perf_counter()
        return replace(
            answer,
            warnings=context.notes.warnings,
            infos=context.notes.infos,
            stats=Stats(
                reads.samples, context.memory.peak, prepared - started, evaluated - prepared, sorted_at - evaluated
            ),
            explain=Explain(
                plan_of(plan), applied, tuple(reads.sql), reads.rows_read, reads.series_read, tuple(context.took)
            )
            if explain
            else None,
        )


def _within_time(at_ms: int) -> None:
    if abs(at_ms) > TIME_MS_MAX:
        raise BadQuery(f"timestamp {at_ms / 1000:g} is out of bounds")


def _ordered(node: Node) -> bool:
    """Whether the outermost expression sorts its result itself."""
    while isinstance(node, Paren):
        node = node.expr
    if isinstance(node, Call):
        return node.name in ("sort", "sort_desc", "sort_by_label", "sort_by_label_desc")
    return isinstance(node, Aggregate) and node.op in ("topk", "bottomk", "limitk", "limit_ratio")


def _shaped(value: Value, steps: Steps, lookback_ms: int, *, instant: bool, keeps_order: bool) -> Answer:
    start, step, count = steps.start_ms, steps.step_ms, steps.count
    match value:
        case String(value=text):
            return Answer("string", start_ms=start, steps=1, text=text)
        case Scalar():
            grid = value.as_grid()
            kind: Literal["scalar", "matrix"] = "scalar" if instant else "matrix"
            return Answer(kind, (EMPTY,), start, step, count, grid.values, grid.present)
        case Windows():
            return _raw(value, start, lookback_ms)
        case Grid():
            ordered = value if instant and keeps_order else _by_labels(value)
            shape: Literal["vector", "matrix"] = "vector" if instant else "matrix"
            beside = ordered.histograms
            return Answer(shape, ordered.labels, start, step, count, ordered.values, ordered.present, histograms=beside)


def _by_labels(grid: Grid) -> Grid:
    """Series sorted by their labels. Prometheus leaves vectors unsorted; a stable order helps people and tests."""
    pairs = [labels.pairs for labels in grid.labels]
    order = sorted(range(len(pairs)), key=pairs.__getitem__)
    return grid if order == list(range(len(pairs))) else grid.take(np.array(order, dtype=np.int64))


def _raw(windows: Windows, at_ms: int, lookback_ms: int) -> Answer:
    """An instant query for a range vector answers with the samples of its one window."""
    if windows.mode:
        windows = extended_samples(windows, lookback_ms)
    end = int(windows.ends[0])
    start = end - windows.range_ms
    # Extended windows have a value of their own at the very start.
    inside = (windows.ts >= start if windows.mode else windows.ts > start) & (windows.ts <= end)
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(inside, dtype=np.int64)))
    offsets = before[windows.offsets]
    ts = windows.ts[inside].astype(np.int64) + windows.base_ms
    value = windows.value[inside]
    inside_of = {row: run.between(start, end, windows.base_ms) for row, run in windows.runs.items()}
    runs = {row: run for row, run in inside_of.items() if run.value}
    rows = [row for row in range(len(windows)) if offsets[row + 1] > offsets[row] or row in runs]
    rows.sort(key=lambda row: windows.labels[row].pairs)
    pieces = [slice(int(offsets[row]), int(offsets[row + 1])) for row in rows]
    sizes = np.array([piece.stop - piece.start for piece in pieces], dtype=np.int64)
    raw = RawSamples(
        np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64))),
        np.concatenate([ts[piece] for piece in pieces]) if pieces else np.empty(0, np.int64),
        np.concatenate([value[piece] for piece in pieces]) if pieces else np.empty(0),
        {at: runs[row] for at, row in enumerate(rows) if row in runs},
    )
    labels = [without_metadata(windows.labels[row]) if windows.nameless[row] else windows.labels[row] for row in rows]
    return Answer("matrix", tuple(labels), at_ms, 0, 1, raw=raw)


def _limited(answer: Answer, limit: int, notes: Notes) -> Answer:
    """At most `limit` series; a warning says that there were more."""
    if limit <= 0 or len(answer.labels) <= limit or answer.kind not in ("vector", "matrix"):
        return answer
    notes.plain_warning(TRUNCATED)
    raw = answer.raw
    if raw is not None:
        end = int(raw.offsets[limit])
        runs = {row: run for row, run in raw.runs.items() if row < limit}
        raw = RawSamples(raw.offsets[: limit + 1], raw.ts_ms[:end], raw.value[:end], runs)
    return replace(answer.rows(slice(limit)), raw=raw, truncated=True)
