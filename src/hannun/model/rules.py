"""Recording and alerting rules as a page tells about them: what the files say, and how each rule does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

AlertState = Literal["unknown", "inactive", "pending", "firing"]
"""`unknown`: the rule has not been evaluated yet (Prometheus 3.x)."""
RuleHealth = Literal["unknown", "ok", "err"]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AlertStatus:
    """One element for which an alerting rule holds. `keep_firing_since_ms` 0: its condition holds now."""

    labels: Pairs
    annotations: Pairs
    state: AlertState
    active_ms: int
    value: float
    keep_firing_since_ms: int = 0


@dataclass(frozen=True, slots=True)
class RecordingRuleStatus:
    """`last_evaluation_ms` 0: not yet. `last_error` "" while all is well."""

    name: str
    query: str
    labels: Pairs = ()
    health: RuleHealth = "unknown"
    last_error: str = ""
    evaluation_s: float = 0.0
    last_evaluation_ms: int = 0


@dataclass(frozen=True, slots=True)
class AlertingRuleStatus:
    """`annotations` are the raw templates; those of `alerts` are expanded."""

    name: str
    query: str
    labels: Pairs = ()
    annotations: Pairs = ()
    for_s: float = 0.0
    keep_firing_for_s: float = 0.0
    state: AlertState = "unknown"
    alerts: tuple[AlertStatus, ...] = ()
    health: RuleHealth = "unknown"
    last_error: str = ""
    evaluation_s: float = 0.0
    last_evaluation_ms: int = 0


RuleStatus = RecordingRuleStatus | AlertingRuleStatus


@dataclass(frozen=True, slots=True)
class RuleGroupStatus:
    """Rules in the order of their file, which is the order of their evaluation."""

    name: str
    file: str
    interval_s: float
    rules: tuple[RuleStatus, ...] = ()
    limit: int = 0
    evaluation_s: float = 0.0
    last_evaluation_ms: int = 0


@dataclass(frozen=True, slots=True)
class Alertmanagers:
    """URLs that alerts are sent to, and URLs that relabeling dropped."""

    active: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


class Rules(Protocol):
    """Answers from memory; call it on the event loop."""

    def groups(self) -> Sequence[RuleGroupStatus]:
        """Sorted by file, then name."""
        ...

    def alertmanagers(self) -> Alertmanagers: ...
