"""What a LogQL question comes back with: lines, or series as PromQL's engine has them; and what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hannun.model.labels import Labels
from hannun.query.promql.answer import Answer


class FoundLine(Protocol):
    """One line of an answer. Labels are kept apart by where they come from; `stream` are those it was pushed with."""

    @property
    def ts_ns(self) -> int: ...
    @property
    def line(self) -> str: ...
    @property
    def stream(self) -> Labels: ...
    @property
    def metadata(self) -> Mapping[str, str]: ...
    @property
    def parsed(self) -> Mapping[str, str]: ...


class LogAnswer(Protocol):
    """In the order that was asked for: newest first when backward."""

    @property
    def lines(self) -> Sequence[FoundLine]: ...
    @property
    def rows_read(self) -> int: ...
    @property
    def bytes_read(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Statistics:
    """`rows_read` and `bytes_read`: what was looked at; `returned`: lines or points that came out of it."""

    rows_read: int = 0
    bytes_read: int = 0
    returned: int = 0
    execute_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Lines:
    lines: Sequence[FoundLine]
    statistics: Statistics = Statistics()


@dataclass(frozen=True, slots=True)
class Series:
    """`answer.kind` is vector, matrix or scalar."""

    answer: Answer
    statistics: Statistics = Statistics()
