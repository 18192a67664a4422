"""Log lines as columns: what receivers and the tailer write and what LogQL reads.

A line belongs to a stream, which is named by its labels; labels travel once, for the streams that the sink does not
know yet. Lines never become Python objects on hot paths: their bytes lie one after the other in a `TextColumn`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.identity import Identity
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers
from hannun.model.metric import Ids, Ints

SEVERITIES = ("unknown", "trace", "debug", "info", "warn", "error", "critical", "fatal")
"""Loki's `detected_level`, from the least to the worst; a line's severity is the index."""

Severities = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class TextColumn:
    """Text `i` is `data[offsets[i]:offsets[i + 1]]`. `data` uint8[bytes], `offsets` int64[n + 1], valid UTF-8 each."""

    data: NDArray[np.uint8]
    offsets: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def size_bytes(self) -> int:
        return int(self.data.nbytes + self.offsets.nbytes)

    def __getitem__(self, index: int) -> str:
        return bytes(self.data[self.offsets[index] : self.offsets[index + 1]]).decode("utf-8", "replace")

    @staticmethod
    def of(texts: Sequence[str | bytes]) -> TextColumn:
        """For small columns and tests; hot paths fill the arrays themselves."""
        encoded = [text.encode("utf-8", "replace") if isinstance(text, str) else text for text in texts]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(text) for text in encoded], out=offsets[1:])
        return TextColumn(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """Structured metadata: pairs of line `i` are `[offsets[i], offsets[i + 1])` of `keys` and `values`."""

    offsets: Ints
    keys: TextColumn
    values: TextColumn


@dataclass(frozen=True, slots=True)
class NewStream:
    """A stream on its first way into the store. `id` is `labels.series_id()`."""

    id: int
    labels: Labels
    identity: Identity = Identity()


@dataclass(frozen=True, slots=True, eq=False)
class LogBatch:
    """`stream` uint64[n], `ts_ns` int64[n] (since 1970), `severity` uint8[n] (index into SEVERITIES), `body` n lines.

    `said` is the body with its `\\uXXXX` escapes written out where there are any, else "" (None: no line has any).
    `trace_id` and `span_id` are lower hex or "" (None: no line has one). A line equal to one that was just written in
    stream, time, body and attributes is a repetition and is stored once.
    """

    stream: Ids
    ts_ns: Ints
    severity: Severities
    body: TextColumn
    said: TextColumn | None = None
    attributes: Attributes | None = None
    trace_id: TextColumn | None = None
    span_id: TextColumn | None = None
    introduced: tuple[NewStream, ...] = ()

    def __len__(self) -> int:
        return len(self.stream)

    @property
    def size_bytes(self) -> int:
        """What the batch weighs in a queue."""
        columns = [self.body, self.said, self.trace_id, self.span_id]
        if self.attributes is not None:
            columns += [self.attributes.keys, self.attributes.values]
        labels = sum(64 + 2 * len(new.labels.canonical()) for new in self.introduced)
        fixed = self.stream.nbytes + self.ts_ns.nbytes + self.severity.nbytes
        return int(fixed) + labels + sum(column.size_bytes for column in columns if column is not None)


class LogSink(Protocol):
    """Where log lines go. Awaited on the event loop."""

    def unknown(self, streams: Ids) -> NDArray[np.bool_]:
        """Which of these ids have no durable stream row yet: their labels must stand in the batch."""
        ...

    def bounds_ns(self) -> tuple[int, int]:
        """The first and the last timestamp (ns) that are taken now."""
        ...

    async def write(self, batch: LogBatch) -> None:
        """Returns when the batch is durable and visible to the next query and to tails.

        Raises OutOfBounds (a timestamp), Overloaded, DiskFull or StoreUnavailable; then nothing was stored.
        Of more new streams than are admitted the rest is stored all the same, and Overloaded tells so.
        """
        ...

    def offer(self, batch: LogBatch) -> bool:
        """Hand over a batch that nobody waits for. False: the bound dropped it; it was counted."""
        ...


@dataclass(frozen=True, slots=True)
class LogStream:
    id: int
    labels: Labels


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL over the tables `logs` and `log_counts`. Values travel as parameters `{name:Type}`, never in the text."""

    sql: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamVolume:
    """How much one stream holds in a range."""

    stream: LogStream
    lines: int
    bytes: int


class LogReader(Protocol):
    """Where LogQL and the log API read. Blocks. Time bounds are `[start_ns, end_ns)`."""

    def streams(
        self, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget
    ) -> tuple[LogStream, ...]:
        """Streams that match any selector (none given: all) and had a line in the range. From memory, sorted by id.

        Raises ExecutionError when more than 100,000 match.
        """
        ...

    def services(self, streams: Sequence[LogStream]) -> list[str]:
        """The services of these streams, which are the first column of the key of `logs`. From memory."""
        ...

    def label_names(self, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget) -> list[str]:
        """Sorted."""
        ...

    def label_values(
        self, name: str, selectors: Sequence[Matchers], start_ns: int, end_ns: int, budget: Budget
    ) -> list[str]: ...

    def volumes(self, selector: Matchers, start_ns: int, end_ns: int, budget: Budget) -> tuple[StreamVolume, ...]:
        """From the roll-up; lines of the first and the last minute are counted exactly."""
        ...

    def read(self, statement: Statement, budget: Budget) -> Iterator[Any]:
        """The answer as `pyarrow.RecordBatch`es, streamed; close the iterator to stop early."""
        ...

    def delete(self, selector: Matchers, where: Statement | None, start_ns: int, end_ns: int) -> int:
        """Remove the matching lines for good (`where`: a further SQL condition); returns how many.

        Gone for every question that is asked after it returns.
        """
        ...


@dataclass(frozen=True, slots=True)
class TailedLine:
    """One line on its way to who watches a stream live."""

    stream: LogStream
    ts_ns: int
    severity: int
    body: str
    attributes: tuple[tuple[str, str], ...] = ()


class LogTails(Protocol):
    """Lines from memory as they are committed. Safe from the event loop."""

    def subscribe(
        self, wanted: Callable[[LogStream], bool], on_lines: Callable[[Sequence[TailedLine]], None]
    ) -> Callable[[], None]:
        """`on_lines` is called on the event loop after each commit, with lines of streams that `wanted` takes.

        It must return at once: who is slow keeps a bounded buffer and counts what it drops. Returns the unsubscriber.
        """
        ...


@dataclass(frozen=True, slots=True)
class PatternSeries:
    """How often lines of one pattern came: `samples` are (start of the step in ns, lines), ascending.

    `pattern` is a line with `<_>` where lines differ; `level` one of SEVERITIES, or "" when it is not kept apart.
    """

    pattern: str
    samples: tuple[tuple[int, int], ...]
    level: str = ""


class LogPatterns(Protocol):
    """Patterns mined from the lines. Blocks."""

    def patterns(
        self, selector: Matchers, start_ns: int, end_ns: int, step_ns: int, budget: Budget
    ) -> Sequence[PatternSeries]:
        """The most frequent first, at most 300, over `[start_ns, end_ns)`."""
        ...
