"""Rows through the plain pipeline: the reference for everything, and the only way for what SQL cannot say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hannun.model.budget import Budget
from hannun.model.log import SEVERITIES, LogReader, LogStream, Statement
from hannun.query.logql.compile.scope import LEVEL
from hannun.query.logql.stages.pipeline import Line, Pipeline
from hannun.query.logql.stages.unwrap import Unwrapper
from hannun.query.logql.syntax import Stage, Unwrap

CHECK_EVERY_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    stream: LogStream
    ts_ns: int
    body: str
    metadata: Mapping[str, str]


class Streams:
    """Streams by id, with their labels as the mapping that pipelines read."""

    def __init__(self, streams: Sequence[LogStream]) -> None:
        self.by_id = {stream.id: stream for stream in streams}
        self._labels = {stream.id: stream.labels.as_dict() for stream in streams}

    def labels(self, stream: int) -> dict[str, str]:
        return self._labels[stream]


_LEVELS: tuple[dict[str, str], ...] = tuple({LEVEL: name} for name in SEVERITIES)


def metadata_of(severity: int, attributes: Sequence[tuple[str, str]] | None) -> Mapping[str, str]:
    """The structured metadata that Loki would have stored: the severity is its `detected_level`."""
    level = _LEVELS[min(severity, len(_LEVELS) - 1)]
    return {**level, **dict(attributes)} if attributes else level


def read_rows(reader: LogReader, statement: Statement, streams: Streams, budget: Budget) -> Iterator[Row]:
    """Rows in the order of the statement. Close it to stop early."""
    batches = reader.read(statement, budget)
    try:
        for batch in batches:
            yield from rows_of(batch, streams, budget)
    finally:
        close = getattr(batches, "close", None)
        if close is not None:
            close()


def rows_of(batch: Any, streams: Streams, budget: Budget) -> Iterator[Row]:
    """Rows of one batch with ROW_COLUMNS."""
    return _rows(batch, streams, budget, "body", batch.column("attributes").to_pylist())


def sampled_rows_of(batch: Any, streams: Streams, budget: Budget) -> Iterator[Row]:
    """Rows of a batch of samples that all are unsure."""
    attributes = [list(json.loads(text).items()) for text in map(_text, batch.column("metadata").to_pylist())]
    return _rows(batch, streams, budget, "raw", attributes)


def _rows(batch: Any, streams: Streams, budget: Budget, body: str, attributes: list[Any]) -> Iterator[Row]:
    ids, times = batch.column("stream").to_pylist(), batch.column("t").to_pylist()
    severities, bodies = batch.column("severity").to_pylist(), batch.column(body)
    for start in range(0, batch.num_rows, CHECK_EVERY_ROWS):
        budget.check()
        for i, text in enumerate(bodies.slice(start, CHECK_EVERY_ROWS).to_pylist(), start):
            yield Row(streams.by_id[ids[i]], times[i], _text(text), metadata_of(severities[i], attributes[i]))


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Sampled:
    """A row as a sample: its value (bytes of the line, or what was unwrapped) and all its labels."""

    ts_ns: int
    value: float
    labels: dict[str, str]


class Sampler:
    """Rows to samples. One thread at a time."""

    def __init__(self, stages: Sequence[Stage], unwrap: Unwrap | None, *, measures_line: bool) -> None:
        self._pipeline = Pipeline(stages)
        self._unwrapper = Unwrapper(self._pipeline, unwrap) if unwrap is not None else None
        self._measures_line = measures_line

    def sample(self, row: Row, labels: Mapping[str, str]) -> Sampled | None:
        if self._unwrapper is not None:
            found = self._unwrapper.run(row.body, labels, row.metadata, row.ts_ns)
            return None if found is None else Sampled(row.ts_ns, found.value, found.line.labels())
        line: Line | None = self._pipeline.run(row.body, labels, row.metadata, row.ts_ns)
        if line is None:
            return None
        size = float(len(line.text.encode("utf-8", "replace"))) if self._measures_line else 0.0
        return Sampled(row.ts_ns, size, line.labels())
