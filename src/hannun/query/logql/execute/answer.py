"""What a log query found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hannun.model.labels import Labels


@dataclass(frozen=True, slots=True)
class FoundLine:
    """`stream`, `metadata` and `parsed` are what the pipeline left of each, kept apart as Grafana wants them."""

    ts_ns: int
    line: str
    stream: Labels
    metadata: Mapping[str, str]
    parsed: Mapping[str, str]

    def labels(self) -> Labels:
        """All in one, as Loki shows the stream of a line when nobody asks for categories."""
        return Labels.of({**dict(self.stream.pairs), **self.metadata, **self.parsed})


@dataclass(frozen=True, slots=True)
class LogAnswer:
    """Lines in the order asked for: newest or oldest first. `rows_read`: lines that were looked at in Python."""

    lines: tuple[FoundLine, ...]
    rows_read: int = 0
    bytes_read: int = 0
