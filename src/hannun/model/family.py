"""Metric families: what a collector reads and an exposition page shows.

Names are those of the text format (a counter's family is `x_total`), because that is how series are stored and asked
for. Samples carry no timestamp: whoever gathers them knows when.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

Pairs = tuple[tuple[str, str], ...]


class Sample(NamedTuple):
    """One line of a page. `labels` in any order, without the name; an empty value counts as an absent label."""

    name: str
    labels: Pairs
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """`type` is one of `model.metric.METRIC_TYPES`; node_exporter's "untyped" is "unknown"."""

    name: str
    type: str
    help: str
    samples: tuple[Sample, ...]
    unit: str = ""

    @staticmethod
    def of(name: str, kind: str, text: str, rows: Iterable[tuple[Pairs, float]]) -> Family:
        """A family whose samples all bear its own name (counters, gauges, untyped)."""
        return Family(name, kind, text, tuple([Sample(name, labels, value) for labels, value in rows]))

    @staticmethod
    def single(name: str, kind: str, text: str, value: float) -> Family:
        """A family of one series without labels."""
        return Family(name, kind, text, (Sample(name, (), value),))


@dataclass(frozen=True, slots=True)
class CollectorStatus:
    """One row of the status page. `absent`: what it reads does not exist on this machine, which is no failure."""

    name: str
    ok: bool
    duration_s: float
    error: str = ""
    absent: bool = False
