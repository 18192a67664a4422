"""Histograms of a page: how a job wants them, and classic ones that become native ones with custom buckets.

A text page tells a classic histogram as one line per bucket. `Classics` remembers what each known line is of, so that a
known page costs a dictionary lookup per line of a histogram and nothing for the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hannun.model.histogram import NativeHistogram
from hannun.model.labels import METRIC_NAME
from hannun.model.metric import Ints
from hannun.wire.exposition_text.lines import LineExemplar, LineHistogram, Sample
from hannun.wire.exposition_text.values import parse_number
from hannun.wire.native_histogram import from_classic

_SUFFIXES = ("_bucket", "_count", "_sum")


@dataclass(frozen=True, slots=True)
class HistogramReading:
    """The job's scrape_native_histograms, always_scrape_classic_histograms and convert_classic_histograms_to_nhcb."""

    native: bool = False
    keep_classic: bool = False
    convert_classic: bool = False


class _Line(NamedTuple):
    """What one line of a histogram says. `bound` is that of a bucket."""

    family: str
    group: bytes
    part: str
    bound: float
    labels: dict[str, str]


@dataclass(slots=True)
class _Group:
    """The lines of one histogram on one page."""

    labels: dict[str, str]
    ts_ms: int | None
    buckets: list[tuple[float, float]] = field(default_factory=list)
    count: float | None = None
    total: float = 0.0
    exemplars: list[LineExemplar] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a page so far: what entry each is of, and what it says."""

    index: Ints
    value: NDArray[np.float64]
    ts_ms: Ints
    has_ts: NDArray[np.bool_]


class Classics:
    """The memory of one target."""

    def __init__(self) -> None:
        self._lines: dict[int, _Line] = {}

    def learn(self, learned: Iterable[tuple[int, Sample]]) -> None:
        """Lines that are new, with the entries that stand for them."""
        for entry, sample in learned:
            if (line := _line_of(sample.labels)) is not None:
                self._lines[entry] = line

    def forget(self, entries: Sequence[int]) -> None:
        for entry in entries:
            self._lines.pop(entry, None)

    def convert(
        self, rows: Rows, families: frozenset[str], exemplars: Iterable[tuple[int, LineExemplar]]
    ) -> tuple[list[Sample], Ints]:
        """The histograms of these families as native ones, and the rows that told them.

        One whose buckets do not go together is told by nobody, as in Prometheus.
        """
        groups: dict[bytes, _Group] = {}
        used: list[int] = []
        group_of: dict[int, _Group] = {}
        known = self._lines
        for row, entry in enumerate(rows.index.tolist()):
            line = known.get(entry)
            if line is None or line.family not in families:
                continue
            used.append(row)
            group = groups.get(line.group)
            if group is None:
                ts_ms = int(rows.ts_ms[row]) if rows.has_ts[row] else None
                group = groups[line.group] = _Group(line.labels, ts_ms)
            group_of[row] = group
            value = float(rows.value[row])
            match line.part:
                case "_bucket":
                    group.buckets.append((line.bound, value))
                case "_count":
                    group.count = value
                case _:
                    group.total = value
        for row, exemplar in exemplars:
            if row in group_of:
                group_of[row].exemplars.append(exemplar)
        made = [
            _sample(key, group, histogram)
            for key, group in groups.items()
            if (histogram := from_classic(group.buckets, group.count, group.total)) is not None
        ]
        return made, np.array(used, np.int64)


def _sample(key: bytes, group: _Group, histogram: NativeHistogram) -> Sample:
    # No line of a page holds a newline, so none is ever taken for this one.
    native = LineHistogram(histogram, tuple(group.exemplars))
    return Sample(b"\n" + key, group.labels, 0.0, group.ts_ms, None, 0, native)


def _line_of(labels: dict[str, str]) -> _Line | None:
    name = labels[METRIC_NAME]
    part = next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")
    family = name.removesuffix(part)
    if not part or not family or ("le" in labels) != (part == "_bucket"):
        return None
    bound = parse_number(labels["le"].encode()) if part == "_bucket" else 0.0
    if bound is None:
        return None
    own = {name: value for name, value in labels.items() if name != "le"} | {METRIC_NAME: family}
    group = "\xff".join(f"{name}\0{value}" for name, value in sorted(own.items())).encode()
    return _Line(family, group, part, bound, own)
