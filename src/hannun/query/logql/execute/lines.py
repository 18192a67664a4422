"""Log queries: the newest or the oldest lines of many streams.

The engine orders the rows of a slice of time; slices begin at the end that is asked for and widen, so that the usual
question reads a minute of a month. Where nothing filters lines, the roll-up tells how far the limit reaches. SQL only
narrows the rows down: each goes through the plain pipeline, which decides and gives it its labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.log import LogReader, LogStream, Statement
from hannun.model.metric import Ints
from hannun.query.logql.compile import statements, wanted
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.stages import Compiled, Split, compile_stages, split
from hannun.query.logql.compile.statements import BUCKET_NS, Selection, Span
from hannun.query.logql.compile.sure import ALWAYS
from hannun.query.logql.execute.answer import FoundLine, LogAnswer
from hannun.query.logql.execute.columns import numbers_of
from hannun.query.logql.execute.errors import HELD_CHARACTERS_MAX, too_long
from hannun.query.logql.execute.plain import Row, Streams, read_rows
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.syntax import LabelFilter, LineFilter, LogQuery

FIRST_SLICE_NS = 60 * 10**9
FIRST_LOOK_NS = 4 * 10**9
"""Where nothing filters lines: those of a busy service are found without asking how many there are."""
FIRST_COUNTED_NS = 3_600 * 10**9
WIDER = 8
ROWS_MIN, ROWS_MAX = 128, 50_000


@dataclass(frozen=True, slots=True)
class _Search:
    """Streams that a statement can be shared by. `names`: see Selection."""

    streams: Sequence[LogStream]
    names: tuple[str, ...] = ()
    bare: bool = False


class LineSearch:
    """One log query. Used once."""

    def __init__(self, reader: LogReader, query: LogQuery, budget: Budget, *, in_sql: bool) -> None:
        self._reader = reader
        self._query = query
        self._budget = budget
        self._in_sql = in_sql
        self._parts = split(query.stages) if in_sql else Split((), query.stages)
        self._takes_all = in_sql and not any(isinstance(stage, LineFilter | LabelFilter) for stage in query.stages)
        self._pipeline = Pipeline(self._parts.rest)
        self._rows_read = 0
        self._bytes_read = 0
        self._held = 0
        self._seen: set[tuple[int, int, str]] = set()
        self._last: dict[tuple[int, Labels], int] = {}
        self._names: dict[int, Labels] = {}

    def run(self, start_ns: int, end_ns: int, limit: int, *, backward: bool, interval_ns: int) -> LogAnswer:
        found: list[FoundLine] = []
        streams = self._reader.streams([self._query.matchers], start_ns, end_ns, self._budget)
        searches = list(self._searches(streams)) if streams else []
        if searches and start_ns < end_ns:
            for span in self._spans(streams, Span(start_ns, end_ns), limit, backward=backward):
                left = limit - len(found)
                # Each search may fill the limit alone; their lines are merged.
                lines = [line for each in searches for line in self._slice(each, span, left, backward, interval_ns)]
                lines.sort(key=lambda line: line.ts_ns, reverse=backward)
                found += lines[:left]
                self._held = sum(map(_characters, found))
                if len(found) >= limit:
                    break
        return LogAnswer(tuple(found), self._rows_read, self._bytes_read)

    def _spans(self, streams: Sequence[LogStream], whole: Span, limit: int, *, backward: bool) -> Iterator[Span]:
        if not self._takes_all:
            yield from slices(whole, FIRST_SLICE_NS, backward=backward)
            return
        first, *others = slices(whole, FIRST_LOOK_NS, backward=backward)
        yield first
        if not others:
            return
        rest = Span(whole.start_ns, first.start_ns) if backward else Span(first.end_ns, whole.end_ns)
        for span in slices(rest, FIRST_COUNTED_NS, backward=backward):
            found = self._reader.read(statements.buckets(Building(), streams, span), self._budget)
            batches = [(numbers_of(batch, "bucket", np.int64), numbers_of(batch, "n", np.int64)) for batch in found]
            if not batches:
                continue
            buckets, lines = (np.concatenate(column) for column in zip(*batches, strict=True))
            yield from reaching(span, buckets, lines, limit, backward=backward)

    def _searches(self, streams: Sequence[LogStream]) -> Iterator[_Search]:
        for alike in wanted.alike(streams, wanted.names(self._query.stages, None, None)):
            if self._in_sql:
                compiled = compile_stages(Building(), self._parts, alike, bare=True)
                names = tuple(sorted(compiled.asked_attributes))
                if names and any(scan != ALWAYS for scan in compiled.scans):
                    yield _Search(alike, names, bare=True)
                    yield _Search(alike, names, bare=False)
                    continue
            yield _Search(alike)

    def _slice(self, search: _Search, span: Span, limit: int, backward: bool, interval_ns: int) -> list[FoundLine]:
        """The first `limit` lines of the slice. Rows come in pieces that end with the last of equal times."""
        by_id, found = Streams(search.streams), list[FoundLine]()
        at_once = max(limit + limit // 8, ROWS_MIN)
        while True:
            rows = 0
            last_ns = 0
            for row in read_rows(self._reader, self._statement(search, span, at_once, backward), by_id, self._budget):
                rows += 1
                last_ns = row.ts_ns
                line = self._line(row, by_id, interval_ns)
                if line is not None:
                    found.append(line)
            if rows < at_once or len(found) >= limit:
                return found[:limit]
            span = Span(span.start_ns, last_ns) if backward else Span(last_ns + 1, span.end_ns)
            at_once = min(at_once * WIDER, ROWS_MAX)

    def _statement(self, search: _Search, span: Span, rows: int, backward: bool) -> Statement:
        build = Building()
        services = self._reader.services(search.streams)
        selection = Selection(search.streams, services, span, search.names, search.bare)
        if self._takes_all and span.end_ns - span.start_ns > FIRST_LOOK_NS:
            return statements.outermost(build, selection, rows, backward=backward)
        compiled = Compiled()
        if self._in_sql:
            compiled = compile_stages(build, self._parts, search.streams, bare=search.bare)
        order = "DESC" if backward else "ASC"
        return statements.rows(
            build, selection, compiled, only=ALWAYS, tail=f"\nORDER BY ts {order}\nLIMIT {rows} WITH TIES"
        )

    def _line(self, row: Row, streams: Streams, interval_ns: int) -> FoundLine | None:
        self._rows_read += 1
        self._bytes_read += len(row.body)
        line = self._pipeline.run(row.body, streams.labels(row.stream.id), row.metadata, row.ts_ns)
        if line is None:
            return None
        key = (row.stream.id, row.ts_ns, row.body)
        if key in self._seen:
            return None
        self._seen.add(key)
        stream = Labels.of(dict(line.stream))
        found = FoundLine(row.ts_ns, line.text, stream, line.metadata, line.parsed)
        self._held += _characters(found)
        if self._held > HELD_CHARACTERS_MAX:
            raise too_long()
        if interval_ns:
            name = (row.stream.id, found.labels())
            last_ns = self._last.get(name)
            if last_ns is not None and abs(row.ts_ns - last_ns) < interval_ns:
                return None
            self._last[name] = row.ts_ns
        return found


def _characters(line: FoundLine) -> int:
    return len(line.line) + sum(map(len, line.parsed.values())) + sum(map(len, line.metadata.values()))


def slices(whole: Span, width_ns: int, *, backward: bool) -> Iterator[Span]:
    """The span in pieces, from its end (or its start) on, each eight times as wide as the one before."""
    start_ns, end_ns = whole.start_ns, whole.end_ns
    while start_ns < end_ns:
        if backward:
            cut = max(start_ns, end_ns - width_ns)
            yield Span(cut, end_ns)
            end_ns = cut
        else:
            cut = min(end_ns, start_ns + width_ns)
            yield Span(start_ns, cut)
            start_ns = cut
        width_ns *= WIDER


def reaching(span: Span, buckets: Ints, lines: Ints, limit: int, *, backward: bool) -> Iterator[Span]:
    """The part of the span that is sure to hold `limit` lines, at the end or the start, and then the rest of it.

    `buckets`, those of the roll-up that hold lines, and how many `lines` each holds. Of a bucket that reaches out of
    the span nobody knows how many are inside.
    """
    inside = (buckets * BUCKET_NS + 1 >= span.start_ns) & ((buckets + 1) * BUCKET_NS < span.end_ns)
    order = np.argsort(-buckets if backward else buckets)
    at = np.searchsorted(np.cumsum(np.where(inside, lines, 0)[order]), limit)
    if at == len(order):
        yield span
    elif backward:
        # Bucket b holds the times (b * 15 s, (b + 1) * 15 s].
        cut = max(int(buckets[order[at]]) * BUCKET_NS + 1, span.start_ns)
        yield Span(cut, span.end_ns)
        yield Span(span.start_ns, cut)
    else:
        cut = min(int(buckets[order[at]] + 1) * BUCKET_NS + 1, span.end_ns)
        yield Span(span.start_ns, cut)
        yield Span(cut, span.end_ns)
