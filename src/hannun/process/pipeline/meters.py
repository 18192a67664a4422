"""Values of `metrics` stages, kept until nobody touches them any more. Bounded in series."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from hannun.process.pipeline.context import Meter

SERIES_MAX = 10_000
Pairs = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Value:
    touched_s: float
    number: float = 0.0
    count: int = 0
    buckets: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of /metrics: `name{labels} value`."""

    name: str
    labels: Pairs
    value: float


class MeterStore:
    """A `Meters`. `refused` counts changes that the bound on series dropped."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._now = monotonic_s
        self._values: dict[Meter, dict[Pairs, _Value]] = {}
        self._series = 0
        self.refused = 0

    def change(self, meter: Meter, labels: Mapping[str, str], action: str, value: float) -> None:
        series = self._values.setdefault(meter, {})
        key = tuple(sorted(labels.items()))
        found = series.get(key)
        if found is None:
            if self._series >= SERIES_MAX:
                self.refused += 1
                return
            self._series += 1
            found = series[key] = _Value(0.0, buckets=[0] * len(meter.buckets))
        found.touched_s = self._now()
        match action:
            case "inc":
                found.number += 1
            case "dec":
                found.number -= 1
            case "add":
                found.number += value
            case "sub":
                found.number -= value
            case "set":
                found.number = value
            case _:
                found.number += value
                found.count += 1
                place = bisect_left(meter.buckets, value)
                if place < len(found.buckets):
                    found.buckets[place] += 1

    def families(self) -> Iterator[tuple[Meter, list[Sample]]]:
        """Every metric with its samples; series that were idle for too long are gone."""
        now = self._now()
        for meter, series in list(self._values.items()):
            for key in [key for key, value in series.items() if now - value.touched_s > meter.idle_s]:
                del series[key]
                self._series -= 1
            samples = [sample for key, value in series.items() for sample in _samples(meter, key, value)]
            if samples:
                yield meter, samples


def _samples(meter: Meter, labels: Pairs, value: _Value) -> Iterator[Sample]:
    if meter.kind != "histogram":
        yield Sample(meter.name, labels, value.number)
        return
    total = 0
    for bound, count in zip(meter.buckets, value.buckets, strict=True):
        total += count
        yield Sample(f"{meter.name}_bucket", (*labels, ("le", f"{bound:g}")), float(total))
    yield Sample(f"{meter.name}_bucket", (*labels, ("le", "+Inf")), float(value.count))
    yield Sample(f"{meter.name}_sum", labels, value.number)
    yield Sample(f"{meter.name}_count", labels, float(value.count))
