"""Model -> WriteRequest bytes, for what we send ourselves: tests, benchmarks, the demo's traffic."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hannun.model.metric import METRIC_TYPES, MetricMetadata

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sample:
    ts_ms: int
    value: float


def encode(series: Iterable[tuple[Pairs, Iterable[Sample]]], metadata: Iterable[MetricMetadata] = ()) -> bytes:
    """An uncompressed WriteRequest. Labels are written in the order given, so that odd senders can be played."""
    parts = [_nested(1, _time_series(pairs, samples)) for pairs, samples in series]
    parts += [_nested(3, _metadata(entry)) for entry in metadata]
    return b"".join(parts)


def _time_series(pairs: Pairs, samples: Iterable[Sample]) -> bytes:
    labels = [_nested(1, _text(1, name) + _text(2, value)) for name, value in pairs]
    points = [
        _nested(2, b"\x09" + struct.pack("<d", sample.value) + b"\x10" + _varint(sample.ts_ms % (1 << 64)))
        for sample in samples
    ]
    return b"".join(labels + points)


def _metadata(entry: MetricMetadata) -> bytes:
    kind = b"\x08" + _varint(METRIC_TYPES.index(entry.type))
    return kind + _text(2, entry.metric) + _text(4, entry.help) + _text(5, entry.unit)


def _text(number: int, text: str) -> bytes:
    return _nested(number, text.encode("utf-8")) if text else b""


def _nested(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
