"""Relabel rules as values: config reads them, `process.relabel` runs them, the targets page explains them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal[
    "replace",
    "keep",
    "drop",
    "keepequal",
    "dropequal",
    "hashmod",
    "labelmap",
    "labeldrop",
    "labelkeep",
    "lowercase",
    "uppercase",
]


@dataclass(frozen=True, slots=True)
class RelabelRule:
    """One entry of relabel_configs, metric_relabel_configs or alert_relabel_configs, with Prometheus's defaults.

    `regex` is RE2, fully anchored, and already known to compile; `modulus` is 0 where hashmod is not the action.
    """

    action: Action = "replace"
    source_labels: tuple[str, ...] = ()
    separator: str = ";"
    regex: str = "(.*)"
    target_label: str = ""
    replacement: str = "$1"
    modulus: int = 0


@dataclass(frozen=True, slots=True)
class RelabelStep:
    """What one rule did to one label set. `after` None: it was dropped here, and no later rule ran."""

    rule: RelabelRule
    before: tuple[tuple[str, str], ...]
    after: tuple[tuple[str, str], ...] | None
