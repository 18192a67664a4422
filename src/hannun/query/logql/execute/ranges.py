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
from hannun.query.logql.compile import statements, wanted
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.scope import LEVEL
from hannun.query.logql.compile.stages import Compiled, Split, compile_stages, split
from hannun.query.logql.compile.statements import Selection
from hannun.query.logql.compile.sure import ALWAYS, NEVER
from hannun.query.logql.execute.columns import coded, numbers_of
from hannun.query.logql.execute.errors import pipeline_error
from hannun.query.logql.execute.plain import Row, Sampler, Streams, metadata_of, read_rows, sampled_rows_of
from hannun.query.logql.execute.plan import Plan, from_keys
from hannun.query.logql.execute.question import BYTES, RATES, Question, absent_labels, looks_at_no_line
from hannun.query.logql.execute.samples import Samples, evaluate
from hannun.query.logql.execute.series import SeriesIndex, grouped
from hannun.query.logql.execute.windows import Windows
from hannun.query.logql.ranges import Matrix
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.stages.state import ERROR
from hannun.query.logql.syntax import Grouping, Stage

PLAIN_ROWS_AT_ONCE = 20_000
NO_SEVERITY = "toUInt8(0)"


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
        if present.all():
            return Matrix(self._series.labels(), values, present)
        # Lines that were counted for one series and found to be another's may leave it empty.
        kept: NDArray[np.bool_] = np.any(present, axis=1)
        labels = tuple([labels for labels, there in zip(self._series.labels(), kept, strict=True) if there])
        return Matrix(labels, values[kept], present[kept])

    # Ways to the numbers

    def _read(self, streams: Sequence[LogStream]) -> None:
        if self._in_sql and self._asked.looks_at_no_line and self._asked.steps.fit_buckets:
            self._roll_up(streams)
            return
        parts = split(self._asked.stages)
        asked = wanted.names(self._asked.stages, self._asked.grouping, self._asked.node.unwrap)
        for alike in wanted.alike(streams, asked):
            if not self._in_sql:
                selection = self._selection(alike)
                self._plain(statements.rows(Building(), selection, Compiled()), alike, self._asked.stages)
            else:
                self._read_alike(alike, parts)

    def _read_alike(self, streams: Sequence[LogStream], parts: Split) -> None:
        if self._asked.counts and self._asked.by is None and all(map(looks_at_no_line, parts.rest)):
            self._count_by_everything(streams, parts)
            return
        # Where only the line can give a label, an index may look for its value; lines with metadata of that name,
        # which come first to Loki, are asked for on their own.
        hinted = compile_stages(Building(), parts, streams, bare=True)
        hints = any(scan != ALWAYS for scan in hinted.scans)
        for bare in (True, False) if hints else (False,):
            self._read_selected(streams, parts, bare=bare, halved=hints)

    def _read_selected(self, streams: Sequence[LogStream], parts: Split, *, bare: bool, halved: bool) -> None:
        plan = Plan.of(self._asked, parts, streams, bare=bare)
        names = tuple(sorted(plan.attributes)) if halved else ()
        if halved and not names:
            if bare:
                halved = False
            else:
                return
        selection = self._selection(streams, names, bare=bare)
        unsure = plan.unsure
        if unsure != ALWAYS:
            if self._windows is not None:
                seen = self._counted(
                    statements.counted(plan.build, selection, plan.compiled, self._asked.steps, plan.keys, unsure),
                    from_keys(plan, streams, self._asked),
                    len(plan.keys),
                )
            else:
                self._sampled(
                    statements.sampled(plan.build, selection, plan.compiled, plan.keys, plan.value, unsure),
                    from_keys(plan, streams, self._asked),
                    len(plan.keys),
                    _Leftover(streams, parts.rest),
                )
                return
            if not seen:
                return
            plan = Plan.of(self._asked, parts, streams, bare=bare)
        self._plain(statements.rows(plan.build, selection, plan.compiled, only=plan.unsure), streams, parts.rest)

    def _selection(self, streams: Sequence[LogStream], names: tuple[str, ...] = (), *, bare: bool = False) -> Selection:
        return Selection(streams, self._reader.services(streams), self._asked.steps.span, names, bare)

    def _roll_up(self, streams: Sequence[LogStream]) -> None:
        """By stream and severity, which is all that most lines have. Lines with metadata that is asked for are taken
        out and put where they belong."""
        of_stages = _OfStages(self._asked.stages, streams, self._asked.grouping)

        def bare(found: tuple[Any, ...]) -> Labels | None:
            stream, severity = found
            return of_stages.labels(stream, severity, None)

        def full(found: tuple[Any, ...]) -> Labels | None:
            return of_stages.labels(*found)

        names = tuple(sorted(wanted.names(self._asked.stages, self._asked.grouping, None)))
        severity = "severity" if LEVEL in names else NO_SEVERITY
        self._counted(statements.rolled_up(Building(), streams, self._asked.steps, severity), bare, 2)
        if not names:
            return
        build = Building()
        keys = ("stream", severity, f"mapFilter((name, value) -> has({build.texts(names)}, name), attributes)")
        selection = self._selection(streams, names)
        for batch in self._batches(statements.counted(build, selection, Compiled(), self._asked.steps, keys, NEVER)):
            self._add(batch, bare, 2, sign=-1)
            self._add(batch, full, 3)

    def _count_by_everything(self, streams: Sequence[LogStream], parts: Split) -> None:
        """Series keep all labels, and only streams and metadata give any: SQL counts by those, and each of them goes
        through the stages once."""
        build = Building()
        compiled = compile_stages(build, Split(parts.raw, ()), streams, bare=False)
        of_stages = _OfStages(parts.rest, streams, self._asked.grouping)
        selection = self._selection(streams)
        keys = ("stream", "severity", "attributes")

        def labels(found: tuple[Any, ...]) -> Labels | None:
            return of_stages.labels(*found)

        statement = statements.counted(build, selection, compiled, self._asked.steps, keys, NEVER)
        self._counted(statement, labels, len(keys))

    def _counted(self, statement: Statement, labels: Callable[[tuple[Any, ...]], Labels | None], keys: int) -> bool:
        """Add counts; whether there were rows that SQL is unsure of."""
        seen = False
        for batch in self._batches(statement):
            seen = self._add(batch, labels, keys) or seen
        return seen

    def _add(self, batch: Any, labels: Callable[[tuple[Any, ...]], Labels | None], keys: int, *, sign: int = 1) -> bool:
        assert self._windows is not None
        steps = self._asked.steps
        unsure = numbers_of(batch, "unsure", np.int64) > 0
        rows = self._places(batch, keys, labels, ~unsure)
        keep = rows >= 0
        high = numbers_of(batch, "high", np.int64)
        low = high - steps.range_ns // steps.step_ns if steps.is_even else numbers_of(batch, "low", np.int64)
        lines, size = sign * numbers_of(batch, "n", np.int64), sign * numbers_of(batch, "bytes", np.int64)
        self._windows.add(rows[keep], low[keep], high[keep], lines[keep], size[keep])
        return bool(unsure.any())

    def _sampled(
        self, statement: Statement, labels: Callable[[tuple[Any, ...]], Labels | None], keys: int, leftover: _Leftover
    ) -> None:
        """Add samples; rows that SQL is unsure of go through the pipeline as they come."""
        assert self._samples is not None
        by_id, sampler = Streams(leftover.streams), self._sampler(leftover.stages)
        for batch in self._batches(statement):
            unsure = numbers_of(batch, "unsure", np.int64) > 0
            rows = self._places(batch, keys, labels, ~unsure)
            keep = rows >= 0
            values = numbers_of(batch, "value", np.float64)
            self._samples.add(rows[keep], numbers_of(batch, "t", np.int64)[keep], values[keep])
            if unsure.any():
                odd = batch.filter(pa.array(unsure))
                self._through(sampled_rows_of(odd, by_id, self._budget), by_id, sampler)

    def _places(
        self, batch: Any, keys: int, labels: Callable[[tuple[Any, ...]], Labels | None], wanted_rows: NDArray[np.bool_]
    ) -> Ints:
        """The series of each row of the batch, -1 where it has none. Each set of keys is looked at once."""
        codes: Ints = np.zeros(batch.num_rows, np.int64)
        columns: list[tuple[list[Any], Ints]] = []
        for i in range(keys):
            of_row, values = coded(batch.column(f"k{i}"))
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


class _OfStages:
    """The series of lines whose stages look at nothing but the labels of their stream and metadata."""

    def __init__(self, stages: Sequence[Stage], streams: Sequence[LogStream], grouping: Grouping | None) -> None:
        self._pipeline, self._streams, self._grouping = Pipeline(stages), Streams(streams), grouping

    def labels(self, stream: int, severity: int, attributes: Sequence[tuple[str, str]] | None) -> Labels | None:
        """None: such lines are filtered out. Raises ExecutionError for lines with an error."""
        line = self._pipeline.run("", self._streams.labels(stream), metadata_of(severity, attributes), 0)
        if line is None:
            return None
        named = line.labels()
        if ERROR in named:
            raise pipeline_error(named)
        return grouped(named, self._grouping)


@dataclass(frozen=True, slots=True)
class _Leftover:
    """What the pipeline needs for rows that SQL leaves over."""

    streams: Sequence[LogStream]
    stages: tuple[Stage, ...]
