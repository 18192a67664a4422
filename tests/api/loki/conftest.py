"""A Loki API over lines in memory: the plain pipeline stands in for what SQL answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import pytest

from hannun.api.loki import routes
from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.log import SEVERITIES, LogStream, PatternSeries, Statement, StreamVolume, TailedLine
from hannun.model.matcher import Matchers, all_match
from hannun.query.logql.engine import LogEngine
from hannun.query.logql.execute.answer import FoundLine, LogAnswer
from hannun.query.logql.limits import QueryLimits
from hannun.query.logql.ranges import Matrix, Times
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.syntax import Grouping, LogQuery, RangeAggregation
from hannun.query.runner import QueryRunner
from hannun.store.meta import MetaStore
from hannun.testing.clock import FakeClock
from hannun.web.auth.gate import Gate
from hannun.web.server import create_app
from hannun.web.site import Site
from hannun.web.static import Static

NS = 1_000_000_000
NOW_S = 1_700_000_000
NOW_NS = NOW_S * NS


@dataclass
class Stored:
    stream: LogStream
    ts_ns: int
    body: str
    attributes: dict[str, str] = field(default_factory=dict)
    severity: int = 0

    @property
    def metadata(self) -> dict[str, str]:
        return {"detected_level": SEVERITIES[self.severity], **self.attributes}


@dataclass
class MemoryLogs:
    """`LogReader` and `LogTails` over a list."""

    lines: list[Stored] = field(default_factory=list)
    deleted: list[tuple[Matchers, Statement | None, int, int]] = field(default_factory=list)
    watchers: list[tuple[Callable[[LogStream], bool], Callable[[Sequence[TailedLine]], None]]] = field(
        default_factory=list
    )

    def add(self, labels: dict[str, str], ts_ns: int, body: str, severity: int = 0, **attributes: str) -> None:
        of = Labels.of(labels)
        self.lines.append(Stored(LogStream(of.series_id(), of), ts_ns, body, attributes, severity))

    def commit(self, labels: dict[str, str], ts_ns: int, *bodies: str, severity: int = 0) -> None:
        """As the writer does it: stored, and told to those who watch."""
        first = len(self.lines)
        for body in bodies:
            self.add(labels, ts_ns, body, severity)
        for wanted, on_lines in self.watchers:
            told = [
                TailedLine(one.stream, one.ts_ns, one.severity, one.body, tuple(one.attributes.items()))
                for one in self.lines[first:]
                if wanted(one.stream)
            ]
            if told:
                on_lines(told)

    def within(self, selectors: Sequence[Matchers], start_ns: int, end_ns: int) -> list[Stored]:
        return [
            line
            for line in self.lines
            if start_ns <= line.ts_ns < end_ns
            and (not selectors or any(all_match(one, line.stream.labels) for one in selectors))
        ]

    def streams(
        self, selectors: Sequence[Matchers], start_ns: int, end_ns: int, _budget: Budget
    ) -> tuple[LogStream, ...]:
        found = {line.stream.id: line.stream for line in self.within(selectors, start_ns, end_ns)}
        return tuple([found[one] for one in sorted(found)])

    def label_names(self, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget) -> list[str]:
        streams = self.streams(selectors, start_ns, end_ns, budget)
        return sorted({name for stream in streams for name in stream.labels.names()})

    def label_values(
        self, name: str, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget
    ) -> list[str]:
        streams = self.streams(selectors, start_ns, end_ns, budget)
        return sorted({stream.labels.get(name) for stream in streams} - {""})

    def volumes(self, selector: Matchers, start_ns: int, end_ns: int, _budget: Budget) -> tuple[StreamVolume, ...]:
        found: dict[int, StreamVolume] = {}
        for line in self.within((selector,), start_ns, end_ns):
            had = found.get(line.stream.id) or StreamVolume(line.stream, 0, 0)
            found[line.stream.id] = StreamVolume(line.stream, had.lines + 1, had.bytes + len(line.body.encode()))
        return tuple(found.values())

    def read(self, _statement: Statement, _budget: Budget) -> Any:
        raise AssertionError("nothing here reads SQL")

    def delete(self, selector: Matchers, where: Statement | None, start_ns: int, end_ns: int) -> int:
        self.deleted.append((selector, where, start_ns, end_ns))
        gone = [] if where is not None else self.within((selector,), start_ns, end_ns)
        self.lines = [line for line in self.lines if line not in gone]
        return len(gone)

    def subscribe(
        self, wanted: Callable[[LogStream], bool], on_lines: Callable[[Sequence[TailedLine]], None]
    ) -> Callable[[], None]:
        watcher = (wanted, on_lines)
        self.watchers.append(watcher)
        return lambda: self.watchers.remove(watcher)


@dataclass
class PlainEvaluator:
    """Lines and counts through the plain pipeline."""

    logs: MemoryLogs
    slow_s: float = 0.0

    def select(
        self, query: LogQuery, start_ns: int, end_ns: int, limit: int, backward: bool, _interval_ns: int, budget: Budget
    ) -> LogAnswer:
        pipeline = Pipeline(query.stages)
        found = []
        stored = sorted(self.logs.within((query.matchers,), start_ns, end_ns), key=lambda line: line.ts_ns)
        for line in reversed(stored) if backward else stored:
            if self.slow_s:
                time.sleep(self.slow_s)
                budget.check()
            left = pipeline.run(line.body, dict(line.stream.labels.pairs), line.metadata, line.ts_ns)
            if left is not None and len(found) < limit:
                found.append(FoundLine(line.ts_ns, left.text, Labels.of(left.stream), left.metadata, left.parsed))
        return LogAnswer(tuple(found), len(stored), sum(len(line.body) for line in stored))

    def evaluate(self, node: RangeAggregation, times: Times, summed_by: Grouping | None, _budget: Budget) -> Matrix:
        pipeline = Pipeline(node.query.stages)
        rows: dict[Labels, np.ndarray[Any, Any]] = {}
        for line in self.logs.within((node.query.matchers,), 0, 1 << 62):
            left = pipeline.run(line.body, dict(line.stream.labels.pairs), line.metadata, line.ts_ns)
            if left is None:
                continue
            labels = Labels.of({**left.stream, **left.metadata, **left.parsed})
            if summed_by is not None:
                labels = labels.without(summed_by.labels) if summed_by.without else labels.keep(summed_by.labels)
            row = rows.setdefault(labels, np.zeros(times.count))
            weight = len(line.body.encode()) if node.op.startswith("bytes") else 1
            for k in range(times.count):
                end_ns = times.start_ns + k * times.step_ns - node.offset_ns
                if end_ns - node.range_ns < line.ts_ns <= end_ns:
                    row[k] += weight / (node.range_ns / NS if node.op.endswith("rate") else 1)
        values = np.array(list(rows.values())).reshape(len(rows), times.count)
        return Matrix(tuple(rows), values, values > 0)


class FixedPatterns:
    def patterns(self, *_asked: Any) -> Sequence[PatternSeries]:
        return [PatternSeries("GET /<_> <_>", ((NOW_NS - 60 * NS, 3), (NOW_NS, 1)), "info")]


@dataclass
class Loki:
    """`http` speaks to the whole web application, at http://localhost."""

    http: httpx.AsyncClient
    logs: MemoryLogs
    app: Any
    limits: list[QueryLimits]
    evaluator: PlainEvaluator

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params)

    async def data(self, path: str, **params: Any) -> Any:
        answer = await self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def refusal(self, path: str, **params: Any) -> tuple[int, str]:
        answer = await self.get(path, **params)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        return answer.status_code, answer.text


@pytest.fixture
async def loki(tmp_path: Any) -> AsyncIterator[Loki]:
    clock = FakeClock(NOW_S * 1000)
    logs = MemoryLogs()
    evaluator = PlainEvaluator(logs)
    limits = [QueryLimits()]
    runner = QueryRunner(threads=2)
    engine = LogEngine(logs, evaluator, limits=lambda: limits[0], clock=clock)
    meta = MetaStore.open(tmp_path / "meta.db", clock)
    endpoints = routes(engine, runner, tails=logs, patterns=FixedPatterns(), clock=clock)
    page = Static("<!doctype html><html><head></head><body></body></html>", {})
    app = create_app(endpoints, Gate(meta, Site(), clock), page)
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8800") as http:
        yield Loki(http, logs, app, limits, evaluator)
    await runner.stop()
    await asyncio.sleep(0)
    meta.close()
