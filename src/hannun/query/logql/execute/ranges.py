"""One range aggregation: the ways to its numbers, and the numbers as a matrix.

From the roll-up where it fits; from counts or samples that SQL makes; through the plain pipeline for what SQL is unsure
of, or for everything. All of them add to the same windows or samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.log import LogReader, LogStream, Statement
from hannun.model.metric import Floats, Ints
from hannun.query.logql.compile import conditions, numbers, statements, wanted
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.stages import Compiled, Split, compile_stages, split
from hannun.query.logql.compile.statements import BUCKET_NS, Selection
from hannun.query.logql.compile.sure import ALWAYS, NEVER, NotInSql, Sure, any_of
from hannun.query.logql.execute.errors import pipeline_error
from hannun.query.logql.execute.plain import Row, Sampler, Streams, metadata_of, read_rows, rows_of
from hannun.query.logql.execute.question import BYTES, RATES, Question, absent_labels
from hannun.query.logql.execute.samples import Samples, evaluate
from hannun.query.logql.execute.series import SeriesIndex, grouped
from hannun.query.logql.execute.windows import Windows
from hannun.query.logql.ranges import Matrix
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.stages.state import ERROR
from hannun.query.logql.syntax import Drop, Formatted, Keep, LabelFilter, LabelFormat, Stage

PLAIN_ROWS_AT_ONCE = 20_000


class RangeRun:
    """The running of one question. Used once."""

    def __init__(self, reader: LogReader, question: Question, budget: Budget, *, in_sql: bool, series_max: int) -> None:
        self._reader = reader
        self._asked = question
        self._budget = budget
        self._in_sql = in_sql
        self._series = SeriesIndex(series_max)
        self._windows = Windows(question.steps, budget) if question.counts else None
        self._samples = None if question.counts else Samples(budget)

    def matrix(self) -> Matrix:
        node, steps = self._asked.node, self._asked.steps
        span = steps.span
        found = self._reader.streams([node.query.matchers], span.start_ns, span.end_ns, self._budget)
        if found:
            self._read(found)
        if node.op == "absent_over_time":
            return self._absent()
        values, present = self._values()
        return Matrix(self._series.labels(), values, present)

    # Ways to the numbers

    def _read(self, streams: Sequence[LogStream]) -> None:
        if self._in_sql and self._rolls_up(streams):
            self._roll_up(streams)
            return
        parts = split(self._asked.stages)
        asked = wanted.names(self._asked.stages, self._asked.grouping, self._asked.node.unwrap)
        for alike in wanted.alike(streams, asked):
            if not self._in_sql:
                selection = Selection(alike, self._asked.steps.span)
                self._plain(statements.rows(Building(), selection, Compiled()), alike, self._asked.stages)
            else:
                self._read_alike(alike, parts)

    def _read_alike(self, streams: Sequence[LogStream], parts: Split) -> None:
        if self._asked.counts and self._asked.by is None and all(map(_looks_at_no_line, parts.rest)):
            self._count_by_everything(streams, parts)
            return
        # Where only the line can give a label, an index may look for its value; lines with metadata of that name,
        # which come first to Loki, are asked for on their own.
        hinted = compile_stages(Building(), parts, streams, bare=True)
        hints = any(scan != ALWAYS for scan in hinted.scans)
        for bare in (True, False) if hints else (False,):
            self._read_selected(streams, parts, bare=bare, halved=hints)

    def _read_selected(self, streams: Sequence[LogStream], parts: Split, *, bare: bool, halved: bool) -> None:
        plan = _Plan.of(self._asked, parts, streams, bare=bare)
        names = tuple(sorted(plan.attributes)) if halved else ()
        if halved and not names:
            if bare:
                halved = False
            else:
                return
        selection = Selection(streams, self._asked.steps.span, names, bare)
        unsure = plan.unsure
        if unsure != ALWAYS:
            if self._windows is not None:
                seen = self._counted(
                    statements.counted(plan.build, selection, plan.compiled, self._asked.steps, plan.keys, unsure),
                    _from_keys(plan, streams, self._asked),
                    len(plan.keys),
                )
            else:
                self._sampled(
                    statements.sampled(plan.build, selection, plan.compiled, plan.keys, plan.value, unsure),
                    _from_keys(plan, streams, self._asked),
                    len(plan.keys),
                    _Leftover(streams, parts.rest),
                )
                return
            if not seen:
                return
            plan = _Plan.of(self._asked, parts, streams, bare=bare)
        self._plain(statements.rows(plan.build, selection, plan.compiled, only=plan.unsure), streams, parts.rest)

    def _rolls_up(self, streams: Sequence[LogStream]) -> bool:
        asked, steps = self._asked, self._asked.steps
        if not asked.counts or asked.stages or asked.by is None:
            return False
        if (steps.first_ns - steps.range_ns) % BUCKET_NS or steps.range_ns % BUCKET_NS:
            return False
        if steps.count > 1 and steps.step_ns % BUCKET_NS:
            return False
        return all(name in stream.labels for name in asked.by for stream in streams)

    def _roll_up(self, streams: Sequence[LogStream]) -> None:
        assert self._windows is not None
        by_id = {stream.id: stream for stream in streams}
        rows: dict[int, int] = {}
        for batch in self._batches(statements.rolled_up(Building(), streams, self._asked.steps)):
            ids, of_row = np.unique(_numbers(batch, "k0", np.uint64), return_inverse=True)
            for stream in ids.tolist():
                if stream not in rows:
                    rows[stream] = self._series.row(grouped(by_id[stream].labels.as_dict(), self._asked.grouping))
            place = np.array([rows[stream] for stream in ids.tolist()], np.int64)[of_row]
            # Windows end where buckets do, so the end of a bucket stands in the same windows as all of it.
            low, high = self._windows.runs((_numbers(batch, "bucket", np.int64) + 1) * BUCKET_NS)
            self._windows.add(place, low, high, _numbers(batch, "n", np.int64), _numbers(batch, "bytes", np.int64))

    def _count_by_everything(self, streams: Sequence[LogStream], parts: Split) -> None:
        """Series keep all labels, and only streams and metadata give any: SQL counts by those, and each of them goes
        through the stages once."""
        build = Building()
        compiled = compile_stages(build, Split(parts.raw, ()), streams, bare=False)
        pipeline, by_id = Pipeline(parts.rest), Streams(streams)
        selection = Selection(streams, self._asked.steps.span)
        keys = ("stream", "severity", "attributes")

        def labels(found: tuple[Any, ...]) -> Labels | None:
            stream, severity, attributes = found
            line = pipeline.run("", by_id.labels(stream), metadata_of(severity, attributes), 0)
            if line is None:
                return None
            named = line.labels()
            if ERROR in named:
                raise pipeline_error(named)
            return grouped(named, self._asked.grouping)

        statement = statements.counted(build, selection, compiled, self._asked.steps, keys, NEVER)
        self._counted(statement, labels, len(keys))

    def _counted(self, statement: Statement, labels: Callable[[tuple[Any, ...]], Labels | None], keys: int) -> bool:
        """Add counts; whether there were rows that SQL is unsure of."""
        assert self._windows is not None
        steps, seen = self._asked.steps, False
        for batch in self._batches(statement):
            unsure = _numbers(batch, "unsure", np.int64) > 0
            seen = seen or bool(unsure.any())
            rows = self._places(batch, keys, labels, ~unsure)
            keep = rows >= 0
            high = _numbers(batch, "high", np.int64)
            low = high - steps.range_ns // steps.step_ns if steps.is_even else _numbers(batch, "low", np.int64)
            lines, size = _numbers(batch, "n", np.int64), _numbers(batch, "bytes", np.int64)
            self._windows.add(rows[keep], low[keep], high[keep], lines[keep], size[keep])
        return seen

    def _sampled(
        self, statement: Statement, labels: Callable[[tuple[Any, ...]], Labels | None], keys: int, leftover: _Leftover
    ) -> None:
        """Add samples; rows that SQL is unsure of go through the pipeline as they come."""
        assert self._samples is not None
        by_id, sampler = Streams(leftover.streams), self._sampler(leftover.stages)
        for batch in self._batches(statement):
            unsure = _numbers(batch, "unsure", np.int64) > 0
            rows = self._places(batch, keys, labels, ~unsure)
            keep = rows >= 0
            values = _numbers(batch, "value", np.float64)
            self._samples.add(rows[keep], _numbers(batch, "t", np.int64)[keep], values[keep])
            if unsure.any():
                odd = batch.filter(pa.array(unsure))
                self._through(rows_of(odd, by_id, self._budget, body="raw"), by_id, sampler)

    def _places(
        self, batch: Any, keys: int, labels: Callable[[tuple[Any, ...]], Labels | None], wanted_rows: NDArray[np.bool_]
    ) -> Ints:
        """The series of each row of the batch, -1 where it has none. Each set of keys is looked at once."""
        codes: Ints = np.zeros(batch.num_rows, np.int64)
        columns: list[tuple[list[Any], Ints]] = []
        for i in range(keys):
            of_row, values = _coded(batch.column(f"k{i}"))
            codes = codes * max(len(values), 1) + of_row
            # Keys of many values would leave the 64 bits; the codes met so far are few again after each.
            _, codes = np.unique(codes, return_inverse=True)
            columns.append((values, of_row))
        codes[~wanted_rows] = -1
        met, first, of_met = np.unique(codes, return_index=True, return_inverse=True)
        places = np.full(len(met), -1, np.int64)
        for at, (code, example) in enumerate(zip(met.tolist(), first.tolist(), strict=True)):
            if code < 0:
                continue
            found = labels(tuple(values[of_row[example]] for values, of_row in columns))
            if found is not None:
                places[at] = self._series.row(found)
        return places[of_met]

    def _plain(self, statement: Statement, streams: Sequence[LogStream], stages: Sequence[Stage]) -> None:
        """Every row of the statement through these stages."""
        by_id = Streams(streams)
        self._through(read_rows(self._reader, statement, by_id, self._budget), by_id, self._sampler(stages))

    def _sampler(self, stages: Sequence[Stage]) -> Sampler:
        return Sampler(stages, self._asked.node.unwrap, measures_line=self._asked.measures_line)

    def _through(self, found_rows: Iterator[Row], by_id: Streams, sampler: Sampler) -> None:
        rows: list[int] = []
        times: list[int] = []
        values: list[float] = []
        for row in found_rows:
            found = sampler.sample(row, by_id.labels(row.stream.id))
            if found is None:
                continue
            if ERROR in found.labels:
                raise pipeline_error(found.labels)
            rows.append(self._series.row(grouped(found.labels, self._asked.grouping)))
            times.append(found.ts_ns)
            values.append(found.value)
            if len(rows) == PLAIN_ROWS_AT_ONCE:
                self._take(rows, times, values)
                rows, times, values = [], [], []
        self._take(rows, times, values)

    def _take(self, rows: list[int], times: list[int], values: list[float]) -> None:
        place, ts, value = np.array(rows, np.int64), np.array(times, np.int64), np.array(values, np.float64)
        if self._samples is not None:
            self._samples.add(place, ts, value)
        if self._windows is not None:
            low, high = self._windows.runs(ts)
            self._windows.add(place, low, high, np.ones(len(place), np.int64), value.astype(np.int64))

    def _batches(self, statement: Statement) -> Iterator[Any]:
        for batch in self._reader.read(statement, self._budget):
            self._budget.check()
            yield batch

    # The numbers

    def _values(self) -> tuple[Floats, NDArray[np.bool_]]:
        node, steps = self._asked.node, self._asked.steps
        if self._windows is None:
            assert self._samples is not None
            return evaluate(node.op, self._samples, len(self._series), steps, node.param, self._budget)
        lines, size = self._windows.totals(len(self._series))
        values = (size if node.op in BYTES else lines).astype(np.float64)
        if node.op in RATES:
            values /= steps.range_ns / 1e9
        return values, lines > 0

    def _absent(self) -> Matrix:
        if self._windows is not None:
            lines, _ = self._windows.totals(len(self._series))
            there = lines > 0
        else:
            assert self._samples is not None
            _, there = evaluate(
                "last_over_time", self._samples, len(self._series), self._asked.steps, None, self._budget
            )
        absent = np.ones((1, self._asked.steps.count), np.bool_)
        absent[0] = ~there.any(axis=0)
        return Matrix((absent_labels(self._asked.node),), absent.astype(np.float64), absent)


@dataclass(frozen=True, slots=True)
class _Leftover:
    """What the pipeline needs for rows that SQL leaves over."""

    streams: Sequence[LogStream]
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How SQL gives the series of a row (`keys`, and which name each one is) and its value."""

    build: Building
    compiled: Compiled
    keys: tuple[str, ...]
    names: tuple[str, ...]
    value: str
    unsure: str
    attributes: frozenset[str]

    @staticmethod
    def of(asked: Question, parts: Split, streams: Sequence[LogStream], *, bare: bool) -> _Plan:
        build = Building()
        compiled = compile_stages(build, parts, streams, bare=bare)
        scope = compiled.scope
        if scope is None or asked.by is None:
            return _Plan(build, compiled, (), (), "", ALWAYS, compiled.asked_attributes)
        try:
            unsure, value = [compiled.unsure()], ""
            if asked.node.unwrap is not None:
                text = scope.number_text(asked.node.unwrap.label)
                number = numbers.unwrapped(build, text, asked.node.unwrap.conversion)
                value = number.sql
                # A line without the label gives no sample; one whose value is no number may be an error.
                compiled.labels.append(Sure(f"notEmpty({number.text})", number.unsure))
                unsure.append(number.unsure)
                for each in asked.node.unwrap.filters:
                    found = conditions.condition(build, scope, each.condition)
                    compiled.labels.append(found)
                    unsure.append(found.unsure)
            keys, names = [], []
            for name in asked.by:
                if scope.is_of_stream(name):
                    continue
                label = scope.value(name)
                keys.append(label.sql)
                names.append(name)
                unsure.append(label.unsure)
            unsure += [scope.error.holds, scope.error.unsure]
        except NotInSql:
            return _Plan(build, compiled, (), (), "", ALWAYS, frozenset(scope.asked_attributes))
        if any(scope.is_of_stream(name) for name in asked.by):
            keys.insert(0, "stream")
            names.insert(0, "")
        return _Plan(
            build, compiled, tuple(keys), tuple(names), value, any_of(unsure), frozenset(scope.asked_attributes)
        )


def _from_keys(
    plan: _Plan, streams: Sequence[LogStream], asked: Question
) -> Callable[[tuple[Any, ...]], Labels | None]:
    by_id = {stream.id: stream.labels for stream in streams}
    assert asked.by is not None
    of_stream = [name for name in asked.by if name not in plan.names]

    def labels(found: tuple[Any, ...]) -> Labels:
        pairs: dict[str, str] = {}
        for name, value in zip(plan.names, found, strict=True):
            if name:
                pairs[name] = value
            else:
                pairs.update((each, by_id[value].get(each)) for each in of_stream)
        return Labels.of(pairs)

    return labels


def _looks_at_no_line(stage: Stage) -> bool:
    if isinstance(stage, LabelFormat):
        return not any(_is_template(item) for item in stage.items)
    return isinstance(stage, LabelFilter | Drop | Keep)


def _is_template(item: Formatted) -> bool:
    return item.is_template


def _numbers(batch: Any, name: str, dtype: type) -> NDArray[Any]:
    return np.asarray(batch.column(name).to_numpy(zero_copy_only=False)).astype(dtype, copy=False)


def _coded(column: Any) -> tuple[Ints, list[Any]]:
    """A code per row, and what each code stands for."""
    kind = column.type
    if pa.types.is_map(kind):
        values: dict[tuple[tuple[str, str], ...], int] = {}
        codes = [values.setdefault(tuple(sorted(map(tuple, pairs))), len(values)) for pairs in column.to_pylist()]
        return np.array(codes, np.int64), list(values)
    if not pa.types.is_dictionary(kind):
        column = column.dictionary_encode()
    found = [
        each if not isinstance(each, bytes) else each.decode("utf-8", "replace")
        for each in column.dictionary.to_pylist()
    ]
    return np.asarray(column.indices.to_numpy(zero_copy_only=False)).astype(np.int64), found
