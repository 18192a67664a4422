"""Groups of a Pushgateway: what a batch job pushed last, kept until it is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PushedGroup:
    """`labels` are the grouping labels, job among them, sorted by name; a value may be empty and still counts.

    `page` is what was pushed, as text 0.0.4 with the grouping labels in every line. Times in ms, 0: never.
    """

    labels: Pairs
    page: bytes
    pushed_ms: int
    failed_ms: int


class PushedGroups(Protocol):
    """Where groups survive a restart."""

    def load(self) -> Sequence[PushedGroup]:
        """All groups. Blocks."""
        ...

    async def put(self, group: PushedGroup) -> None:
        """Returns when it is durable, in place of an earlier one of these labels. Raises as `MetricSink.write` does."""
        ...

    async def remove(self, labels: Pairs) -> None:
        """Returns when that is durable; unknown labels are fine."""
        ...
