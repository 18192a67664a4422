"""A log store over an empty engine, driven from plain test functions."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.identity import Identity
from hannun.model.labels import Labels
from hannun.model.log import Attributes, LogBatch, NewStream, Statement, TextColumn
from hannun.store import pace, schema
from hannun.store.engine import ChdbEngine
from hannun.store.logs import LogStore
from hannun.store.pace import CommitBudget
from hannun.store.writer import Writer

NOW_MS = 1_800_000_000_000
NOW_NS = NOW_MS * 10**6
EVER = (0, 2 * NOW_NS)


@dataclass(frozen=True)
class Line:
    labels: Labels
    ts_ns: int
    body: str
    severity: int = 3
    said: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    trace_id: str = ""
    span_id: str = ""
    service: str = field(default="", compare=False, repr=False)


def batch_of(lines: Sequence[Line], unknown: Any = None) -> LogBatch:
    """Introduces every stream, or those that `unknown` (the sink's method) tells."""
    ids = np.array([line.labels.series_id() for line in lines], np.uint64)
    needed = np.ones(len(ids), bool) if unknown is None else unknown(ids)
    new = {
        int(one): NewStream(int(one), line.labels, Identity(service=line.service or line.labels.get("app")))
        for one, line, need in zip(ids, lines, needed, strict=True)
        if need
    }
    pairs = [pair for line in lines for pair in line.attributes]
    offsets = np.cumsum([0, *(len(line.attributes) for line in lines)])
    return LogBatch(
        ids,
        np.array([line.ts_ns for line in lines], np.int64),
        np.array([line.severity for line in lines], np.uint8),
        TextColumn.of([line.body for line in lines]),
        TextColumn.of([line.said for line in lines]) if any(line.said for line in lines) else None,
        Attributes(offsets.astype(np.int64), TextColumn.of([k for k, _ in pairs]), TextColumn.of([v for _, v in pairs]))
        if pairs
        else None,
        TextColumn.of([line.trace_id for line in lines]) if any(line.trace_id for line in lines) else None,
        TextColumn.of([line.span_id for line in lines]) if any(line.span_id for line in lines) else None,
        tuple(new.values()),
    )


class Bench:
    """One store with its event loop. `put` writes lines and waits; `get` reads every line back."""

    def __init__(self, engine: ChdbEngine, **options: Any) -> None:
        self.engine = engine
        self.options = {"clock": HandClock(), **options}
        self.open()

    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.writer = Writer()
        self.writer._budget = CommitBudget(10_000)
        self.store = LogStore(self.engine, self.writer, **self.options)
        self.run(self.writer.start())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def reopen(self) -> None:
        """The store anew over the same engine, as after a restart."""
        self.close()
        self.open()

    def batch(self, *lines: Line) -> LogBatch:
        return batch_of(lines, self.store.unknown)

    def replace(self, batch: LogBatch, **changes: Any) -> LogBatch:
        return dataclasses.replace(batch, **changes)

    def build_all(self) -> None:
        """Every index, whatever upkeep would say of parts this small."""
        for index in ("words", "wide", "ids", "traces"):
            self.engine.execute(f"ALTER TABLE logs__local MATERIALIZE INDEX {index}")

    def put(self, *lines: Line) -> None:
        self.run(self.store.write(batch_of(lines, self.store.unknown)))

    def ask(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        batches = self.store.read(Statement(sql, params), Budget())
        return [row for batch in batches for row in batch.to_pylist()]

    def get(self, where: str = "true", **params: Any) -> list[Line]:
        """Sorted by time and text."""
        streams = {one.id: one.labels for one in self.store.streams([], *EVER, Budget())}
        rows = self.ask(
            "SELECT stream, toUnixTimestamp64Nano(ts) AS ns, body, severity, said, attributes, trace_id, span_id,\n"
            "  service\n"
            f"FROM logs WHERE {where} ORDER BY ts, body",
            **params,
        )
        return [
            Line(
                streams[row["stream"]],
                row["ns"],
                row["body"],
                row["severity"],
                row["said"],
                tuple(row["attributes"]),
                row["trace_id"],
                row["span_id"],
                row["service"],
            )
            for row in rows
        ]

    def counted(self) -> tuple[int, int]:
        """Lines and bytes, as the roll-up has them."""
        (row,) = self.ask("SELECT sum(lines) AS n, sum(bytes) AS b FROM log_counts")
        return row["n"], row["b"]

    def merge(self) -> None:
        self.engine.execute("OPTIMIZE TABLE logs__local FINAL")

    def close(self) -> None:
        if not self.loop.is_closed():
            self.run(self.writer.stop())
            self.loop.close()


class HandClock:
    def __init__(self) -> None:
        self.ms = NOW_MS
        self.s = 1000.0

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.s


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Without the writer's pace, which has its own tests and would be most of the time of these."""
    monkeypatch.setattr(pace, "GAP_S", 0.0)
    engine = ChdbEngine.open(tmp_path / "engine", memory_bytes=1 << 30, threads=2)
    schema.apply(engine)
    opened = Bench(engine)
    yield opened
    opened.close()
    engine.close()


@pytest.fixture
def line() -> type[Line]:
    """How a test writes a line down."""
    return Line


@pytest.fixture
def batch_of_lines() -> Any:
    return batch_of
