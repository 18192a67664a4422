"""Model -> WriteRequest bytes, for what we send ourselves: tests, benchmarks, the demo's traffic."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hannun.model.histogram import HistogramSample
from hannun.model.metric import METRIC_TYPES, MetricMetadata
from hannun.wire import native_histogram
from hannun.wire.protobuf_write import nested, text, varint

__all__ = ["Pairs", "Point", "Sample", "encode", "nested", "point", "text", "varint"]

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sample:
    ts_ms: int
    value: float


Point = Sample | HistogramSample
"""What a series may hold; the `series` of a HistogramSample is not looked at, its labels are those it stands with."""


def encode(series: Iterable[tuple[Pairs, Iterable[Point]]], metadata: Iterable[MetricMetadata] = ()) -> bytes:
    """An uncompressed WriteRequest. Labels are written in the order given, so that odd senders can be played."""
    parts = [nested(1, _time_series(pairs, samples)) for pairs, samples in series]
    parts += [nested(3, _metadata(entry)) for entry in metadata]
    return b"".join(parts)


def _time_series(pairs: Pairs, samples: Iterable[Point]) -> bytes:
    labels = [nested(1, text(1, name) + text(2, value)) for name, value in pairs]
    return b"".join([*labels, *(point(sample, 4) for sample in samples)])


def point(sample: Point, histogram_field: int) -> bytes:
    """One field of a TimeSeries; 1.0 and 2.0 differ in the number that a histogram has there."""
    if isinstance(sample, HistogramSample):
        return nested(histogram_field, native_histogram.encode(sample.histogram, sample.ts_ms))
    return nested(2, b"\x09" + struct.pack("<d", sample.value) + b"\x10" + varint(sample.ts_ms % (1 << 64)))


def _metadata(entry: MetricMetadata) -> bytes:
    kind = b"\x08" + varint(METRIC_TYPES.index(entry.type))
    return kind + text(2, entry.metric) + text(4, entry.help) + text(5, entry.unit)
