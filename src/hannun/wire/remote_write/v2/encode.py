"""Model -> 2.0 request bytes, for what we send ourselves: tests, benchmarks, imports."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hannun.model.metric import METRIC_TYPES
from hannun.wire.protobuf_write import nested, varint
from hannun.wire.remote_write.encode import Pairs, Point, point


@dataclass(frozen=True, slots=True)
class Told:
    """An exemplar of a series that is about to be sent."""

    pairs: Pairs
    value: float
    ts_ms: int


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """`type` "" sends no metadata."""

    pairs: Pairs
    samples: Sequence[Point] = ()
    exemplars: Sequence[Told] = ()
    type: str = ""
    help: str = ""
    unit: str = ""


def encode(series: Iterable[TimeSeries]) -> bytes:
    """An uncompressed Request, symbols before the series that refer to them."""
    symbols: dict[str, int] = {"": 0}

    def ref(words: str) -> bytes:
        return varint(symbols.setdefault(words, len(symbols)))

    def refs(pairs: Pairs) -> bytes:
        return nested(1, b"".join(ref(name) + ref(value) for name, value in pairs))

    def one(of: TimeSeries) -> bytes:
        parts = [refs(of.pairs), *(point(sample, 3) for sample in of.samples)]
        for told in of.exemplars:
            tail = b"\x11" + struct.pack("<d", told.value) + b"\x18" + varint(told.ts_ms % 2**64)
            parts.append(nested(4, refs(told.pairs) + tail))
        if of.type:
            kind = varint(METRIC_TYPES.index(of.type))
            parts.append(nested(5, b"\x08" + kind + b"\x18" + ref(of.help) + b"\x20" + ref(of.unit)))
        return nested(5, b"".join(parts))

    body = [one(each) for each in series]
    return b"".join([*(nested(4, words.encode("utf-8")) for words in symbols), *body])
