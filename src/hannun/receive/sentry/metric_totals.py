"""Single observations of SDKs -> samples as Prometheus has them.

A counter of an SDK tells by how much it rose, Prometheus's its total: so totals are kept here, and every request writes
the new ones, at the moment when it came. Before the first sample of a series stands a zero, so that `increase` counts
the first rise, too. After a restart totals begin again at zero, which `rate` and `increase` take for the reset it is.
A distribution becomes a native histogram under its name, and `_sum` and `_count` beside it. A gauge keeps its own time.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hannun.model.exemplar import Exemplar
from hannun.model.histogram import SCHEMA_MIN, Buckets, HistogramSample, NativeHistogram
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.metric import MetricBatch, MetricMetadata
from hannun.model.ports import MetricSink
from hannun.model.time import Clock, SystemClock
from hannun.observe.outcomes import Outcomes
from hannun.receive.intake import Intake
from hannun.wire.sentry.trace_metrics import MetricKind, Observation

SERIES_MAX = 20_000
"""Label sets that are remembered; the one that was not told for longest begins again at zero when it comes back."""
OF_ONE_METRIC_MAX = 1_000
"""Label sets of one metric. What goes beyond is counted together: an attribute that differs each time is no label."""
BUCKETS_MAX = 160
SCHEMA_FIRST = 3
ZERO_THRESHOLD = 2.0**-128
_TYPES: dict[MetricKind, str] = {"counter": "counter", "gauge": "gauge", "distribution": "histogram"}

Key = tuple[MetricKind, str, tuple[tuple[str, str], ...]]


@dataclass(slots=True)
class _Total:
    """What one label set stands at. `at_ms`: of its last sample."""

    at_ms: int = 0
    sum: float = 0.0
    count: int = 0
    schema: int = SCHEMA_FIRST
    zeros: int = 0
    positive: dict[int, int] = field(default_factory=dict)
    negative: dict[int, int] = field(default_factory=dict)

    def observe(self, value: float) -> None:
        self.sum += value
        self.count += 1
        if abs(value) <= ZERO_THRESHOLD:
            self.zeros += 1
            return
        side = self.positive if value > 0 else self.negative
        index = math.ceil(math.log2(abs(value)) * 2.0**self.schema)
        side[index] = side.get(index, 0) + 1
        while len(self.positive) + len(self.negative) > BUCKETS_MAX and self.schema > SCHEMA_MIN:
            self.schema -= 1
            self.positive, self.negative = _halved(self.positive), _halved(self.negative)

    def histogram(self) -> NativeHistogram:
        return NativeHistogram(
            self.schema,
            float(self.count),
            self.sum,
            ZERO_THRESHOLD,
            float(self.zeros),
            _buckets(self.positive),
            _buckets(self.negative),
        )


class MetricTotals:
    """Lives on the event loop. `write` is a `rooms.Write`."""

    def __init__(self, sink: MetricSink, outcomes: Outcomes, clock: Clock | None = None) -> None:
        self._sink = sink
        self._intake = Intake(sink, outcomes)
        self._clock = clock or SystemClock()
        self._totals: OrderedDict[Key, _Total] = OrderedDict()
        self._sets: dict[str, int] = {}

    async def write(self, values: Sequence[Observation], key: str) -> None:
        """Returns when the samples are durable. Raises Overloaded, DiskFull, StoreUnavailable.

        What was refused stays in the totals: it did happen, and the next sample tells of it.
        """
        written = _Samples()
        touched: OrderedDict[Key, list[Observation]] = OrderedDict()
        for one in values:
            named = self._key(one)
            self._total(named)
            touched.setdefault(named, []).append(one)
        now_ms = self._clock.now_ms()
        for named, observed in touched.items():
            self._sample(named, observed, now_ms, written)
        await self._intake.store(written.batch(self._intake))

    def _key(self, one: Observation) -> Key:
        key = (one.kind, one.name, one.labels)
        if key not in self._totals and self._sets.get(one.name, 0) >= OF_ONE_METRIC_MAX:
            kept = tuple(pair for pair in one.labels if pair[0] in ("environment", "job"))
            return one.kind, one.name, tuple(sorted((*kept, ("overflow", "true"))))
        return key

    def _total(self, key: Key) -> _Total:
        total = self._totals.get(key)
        if total is None:
            total = self._totals[key] = _Total()
            self._sets[key[1]] = self._sets.get(key[1], 0) + 1
            if len(self._totals) > SERIES_MAX:
                (_, name, _), _gone = self._totals.popitem(last=False)
                self._sets[name] -= 1
                if not self._sets[name]:
                    del self._sets[name]
        self._totals.move_to_end(key)
        return total

    def _sample(self, key: Key, observed: list[Observation], now_ms: int, written: _Samples) -> None:
        kind, name, pairs = key
        total = self._total(key)
        labels = dict(pairs)
        if kind == "gauge":
            oldest, newest = self._sink.bounds()
            for one in observed:
                at_ms = now_ms if one.at_ms is None else min(max(one.at_ms, oldest), newest)
                written.float(name, labels, at_ms, one.value)
            written.told(name, _TYPES[kind])
            return
        first = not total.at_ms
        # Two requests of one millisecond: the later total must not fall on the earlier one's time.
        at_ms = total.at_ms = max(now_ms, total.at_ms + 1)
        traced = next((one for one in reversed(observed) if one.trace_id), None)
        if kind == "counter":
            name = f"{name}_total"
            if first:
                written.float(name, labels, at_ms - 1, 0.0)
            total.sum += sum(one.value for one in observed)
            series = written.float(name, labels, at_ms, total.sum)
        else:
            if first:
                written.histogram(name, labels, at_ms - 1, _Total().histogram())
                written.float(f"{name}_sum", labels, at_ms - 1, 0.0)
                written.float(f"{name}_count", labels, at_ms - 1, 0.0)
            for one in observed:
                total.observe(one.value)
            series = written.histogram(name, labels, at_ms, total.histogram())
            written.float(f"{name}_sum", labels, at_ms, total.sum)
            written.float(f"{name}_count", labels, at_ms, float(total.count))
        written.told(name, _TYPES[kind])
        if traced is not None:
            ids = Labels.of(trace_id=traced.trace_id, span_id=traced.span_id)
            written.exemplars.append(Exemplar(series, ids, traced.value, at_ms))


@dataclass(slots=True)
class _Samples:
    """A batch that grows row by row: these are few."""

    labels: dict[int, Labels] = field(default_factory=dict)
    rows: list[tuple[int, int, float]] = field(default_factory=list)
    histograms: list[HistogramSample] = field(default_factory=list)
    metadata: dict[str, MetricMetadata] = field(default_factory=dict)
    exemplars: list[Exemplar] = field(default_factory=list)

    def float(self, name: str, labels: dict[str, str], at_ms: int, value: float) -> int:
        series = self._series(name, labels)
        self.rows.append((series, at_ms, value))
        return series

    def histogram(self, name: str, labels: dict[str, str], at_ms: int, value: NativeHistogram) -> int:
        series = self._series(name, labels)
        self.histograms.append(HistogramSample(series, at_ms, value))
        return series

    def told(self, name: str, kind: str) -> None:
        self.metadata.setdefault(name, MetricMetadata(name, kind))

    def _series(self, name: str, labels: dict[str, str]) -> int:
        made = Labels.of({**labels, METRIC_NAME: name})
        series = made.series_id()
        self.labels[series] = made
        return series

    def batch(self, intake: Intake) -> MetricBatch:
        ids = np.array(list(self.labels), dtype=np.uint64)
        known = list(self.labels.values())
        return MetricBatch(
            np.array([row[0] for row in self.rows], dtype=np.uint64),
            np.array([row[1] for row in self.rows], dtype=np.int64),
            np.array([row[2] for row in self.rows], dtype=np.float64),
            intake.new_series(ids, lambda index: known[index]),
            tuple(self.metadata.values()),
            tuple(self.exemplars),
            tuple(self.histograms),
        )


def _halved(side: dict[int, int]) -> dict[int, int]:
    """The same counts in buckets twice as wide."""
    wider: dict[int, int] = {}
    for index, count in side.items():
        place = ((index - 1) >> 1) + 1
        wider[place] = wider.get(place, 0) + count
    return wider


def _buckets(side: dict[int, int]) -> Buckets:
    pairs = sorted(side.items())
    return Buckets(tuple(index for index, _ in pairs), tuple(float(count) for _, count in pairs))
