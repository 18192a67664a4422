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
    parts = [nested(1, _time_series(pairs, samples)) for pairs, samples in series]
    parts += [nested(3, _metadata(entry)) for entry in metadata]
    return b"".join(parts)


def _time_series(pairs: Pairs, samples: Iterable[Sample]) -> bytes:
    labels = [nested(1, text(1, name) + text(2, value)) for name, value in pairs]
    points = [
        nested(2, b"\x09" + struct.pack("<d", sample.value) + b"\x10" + varint(sample.ts_ms % (1 << 64)))
        for sample in samples
    ]
    return b"".join(labels + points)


def _metadata(entry: MetricMetadata) -> bytes:
    kind = b"\x08" + varint(METRIC_TYPES.index(entry.type))
    return kind + text(2, entry.metric) + text(4, entry.help) + text(5, entry.unit)


def text(number: int, words: str) -> bytes:
    """A string field; nothing for an empty string, as proto3 writes it."""
    return nested(number, words.encode("utf-8")) if words else b""


def nested(number: int, payload: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value: int) -> bytes:
    """Unsigned; a signed 64-bit number is handed in modulo 2**64."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
