"""Exemplars: single observations that carry a trace id, beside the series that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers


@dataclass(frozen=True, slots=True)
class Exemplar:
    """`series` is the id of the series, `labels` are the exemplar's own (trace_id, span_id, …)."""

    series: int
    labels: Labels
    value: float
    ts_ms: int


@dataclass(frozen=True, slots=True)
class SeriesExemplars:
    """Ascending in time."""

    series: Labels
    exemplars: tuple[Exemplar, ...]


class ExemplarReader(Protocol):
    def exemplars(
        self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, limit: int, budget: Budget
    ) -> list[SeriesExemplars]:
        """Exemplars in `[start, end]` of series that match any selector, sorted by labels; newest `limit`, 0: all."""
        ...
