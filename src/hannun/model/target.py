"""Scrape targets: what discovery finds, and what the targets page tells about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from hannun.model.metric import MetricMetadata
from hannun.model.relabel import RelabelRule, RelabelStep
from hannun.model.text import Text

Health = Literal["up", "down", "unknown"]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """Targets that one source told together. Each target has `__address__`; `labels` are added where it lacks them.

    `source` names the group within its discovery (a file, a pod): a later group of the same source replaces it.
    """

    source: str
    targets: tuple[Mapping[str, str], ...]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """One active target. Times in ms, 0 before the first scrape; `labels` are what its series get.

    `advice` says in the reader's language what the last error means and what to do; None while all is well.
    `stand_in` is the name of the built-in that answers in its place, "" when it answers itself.
    """

    pool: str
    url: str
    global_url: str
    discovered: Pairs
    labels: Pairs
    health: Health
    last_error: str
    last_scrape_ms: int
    last_duration_s: float
    interval_s: float
    timeout_s: float
    samples: int = 0
    series_added: int = 0
    stand_in: str = ""
    advice: Text | None = None


@dataclass(frozen=True, slots=True)
class DroppedTarget:
    """A target that relabeling dropped."""

    pool: str
    discovered: Pairs


@dataclass(frozen=True, slots=True)
class TargetMetadata:
    """What one target said about one metric."""

    target: Pairs
    metadata: MetricMetadata


class Targets(Protocol):
    """What is scraped now. Answers from memory; call it on the event loop."""

    def pools(self) -> Sequence[str]:
        """Job names, sorted."""
        ...

    def active(self, pool: str = "") -> Sequence[TargetStatus]: ...

    def dropped(self, pool: str = "") -> Sequence[DroppedTarget]:
        """At most `keep_dropped_targets` of each pool."""
        ...

    def dropped_counts(self) -> Mapping[str, int]: ...

    def metadata(self, metric: str = "", limit: int = 0) -> Sequence[TargetMetadata]: ...

    def relabel_steps(self, pool: str, discovered: Pairs) -> Sequence[RelabelStep]:
        """What each rule of the pool does to these labels. Raises NotFound for an unknown pool."""
        ...

    def relabel_rules(self, pool: str) -> Sequence[RelabelRule]: ...
