"""Patterns of log lines as they are counted and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hannun.model.budget import Budget


@dataclass(frozen=True, slots=True)
class PatternText:
    """`text` has `<_>` where lines differ; `first_ms`: when its first line came."""

    id: int
    service: str
    text: str
    first_ms: int


@dataclass(frozen=True, slots=True)
class PatternCount:
    """Lines of one pattern, stream and severity (index into SEVERITIES) in the minute that begins at `minute_s`."""

    pattern: int
    service: str
    stream: int
    severity: int
    minute_s: int
    lines: int


class PatternSink(Protocol):
    """Where counts go. Blocks."""

    def add(self, texts: Sequence[PatternText], counts: Sequence[PatternCount]) -> None:
        """Raises StoreUnavailable, DiskFull: then they may be given again."""
        ...


@dataclass(frozen=True, slots=True)
class PatternSeen:
    """One pattern over a range. `before`: its lines in the range of equal length before."""

    id: int
    text: str
    severity: int
    services: tuple[str, ...]
    lines: int
    before: int
    first_ms: int
    last_ms: int
    counts: tuple[int, ...]


class PatternReader(Protocol):
    """What the log page asks. Blocks."""

    def seen(
        self, streams: Sequence[int], start_ms: int, end_ms: int, step_ms: int, limit: int, budget: Budget
    ) -> tuple[PatternSeen, ...]:
        """Patterns of these streams, the worst and most frequent first. `counts` per step from `start_ms` on."""
        ...
