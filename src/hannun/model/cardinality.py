"""How many series there are and why: what the cardinality page asks of the store.

Counts are of distinct series with a sample in a window of whole hours, because that is how the store remembers when a
series was seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hannun.model.budget import Budget

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Grown:
    """Series in the window, and in the same window a day before."""

    series: int
    day_ago: int = 0

    @property
    def growth(self) -> int:
        return self.series - self.day_ago


@dataclass(frozen=True, slots=True)
class MetricCount:
    name: str
    count: Grown


@dataclass(frozen=True, slots=True)
class LabelCount:
    """`values`: distinct values of the label; `series`: series that have it."""

    name: str
    values: int
    series: int


@dataclass(frozen=True, slots=True)
class ValueCount:
    value: str
    series: int


@dataclass(frozen=True, slots=True)
class LabelValues:
    """The values of one label that most series have; `values` counts all of them."""

    label: str
    values: int
    series: int
    top: tuple[ValueCount, ...]


@dataclass(frozen=True, slots=True)
class SenderCount:
    job: str
    instance: str
    count: Grown


@dataclass(frozen=True, slots=True)
class Cardinality:
    """Each list has the largest first. `metric_count` counts all metrics, also those that were left out."""

    total: Grown
    metric_count: int
    metrics: tuple[MetricCount, ...]
    labels: tuple[LabelCount, ...]
    senders: tuple[SenderCount, ...]


class CardinalityReader(Protocol):
    """Blocks. Times are Unix ms, both ends inclusive; `metric` "": all metrics."""

    def cardinality(self, metric: str, start_ms: int, end_ms: int, limit: int, budget: Budget) -> Cardinality:
        """At most `limit` rows of each kind."""
        ...

    def label_values(
        self, metric: str, start_ms: int, end_ms: int, labels: int, limit: int, budget: Budget
    ) -> tuple[LabelValues, ...]:
        """The `labels` labels of one metric that have the most values, each with its `limit` most frequent ones."""
        ...

    def metric_counts(self, budget: Budget) -> dict[str, int]:
        """Every stored metric with the number of its series, whenever they were seen."""
        ...
