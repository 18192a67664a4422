"""The reference decoder of a protobuf push: the format field by field, in the order in which a reader would check it.

`PushRequest{1: repeated Stream}`, `Stream{1: labels, 2: repeated Entry}`, `Entry{1: Timestamp, 2: line, 3: repeated
LabelPair}`; every other field is read over (4 of an entry: what a parser of the sender found, which we find again).
"""

from __future__ import annotations

import numpy as np

from hannun.model.errors import WireError
from hannun.wire.loki.columns import ColumnsBuilder, Pairs, PushColumns, clamped
from hannun.wire.loki.labels import read_labels
from hannun.wire.loki.limits import PushLimits
from hannun.wire.loki.scan import SECONDS_FIRST, SECONDS_LAST
from hannun.wire.protobuf import LENGTH, VARINT, fields, signed

NS = 1_000_000_000


class PlainDecoder:
    """Keeps nothing between requests."""

    def __init__(self, limits: PushLimits | None = None) -> None:
        self._limits = limits or PushLimits()

    def decode(self, body: bytes) -> PushColumns:
        """Raises WireError, or TooLarge for more streams, lines or metadata than one push may bring."""
        names: list[bytes] = []
        counts: list[int] = []
        built = ColumnsBuilder(b"plain")
        pairs_seen = 0
        for stream in fields(body, 0, len(body)):
            if stream.number != 1:
                continue
            start, end = stream.expect(LENGTH).start, stream.end
            self._limits.check_streams(len(names) + 1)
            built.stream([("stream", str(len(names)))])
            before = len(built)
            name = b""
            for field in fields(body, start, end):
                if field.number == 1:
                    name = body[field.expect(LENGTH).start : field.end]
                elif field.number == 2:
                    self._limits.check_lines(len(built) + 1)
                    ts_ns, line, pairs = _entry(body, field.expect(LENGTH).start, field.end)
                    pairs_seen += len(pairs)
                    self._limits.check_pairs(pairs_seen)
                    built.line(ts_ns, line, pairs)
            names.append(name)
            counts.append(len(built) - before)
        found = built.columns()

        def pairs_of(index: int) -> Pairs:
            return read_labels(names[index].decode("utf-8", "replace"))

        return PushColumns(
            text=found.text,
            keys=found.keys,
            counts=np.array(counts, dtype=np.int64),
            ts_ns=found.ts_ns,
            lines=found.lines,
            pairs_of=pairs_of,
            pairs=found.pairs,
            pair_offsets=found.pair_offsets,
        )


def _entry(body: bytes, start: int, end: int) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    ts_ns, line = 0, b""
    pairs: list[tuple[bytes, bytes]] = []
    for field in fields(body, start, end):
        if field.number == 1:
            ts_ns = _time(body, field.expect(LENGTH).start, field.end)
        elif field.number == 2:
            line = body[field.expect(LENGTH).start : field.end]
        elif field.number == 3:
            pairs.append(_pair(body, field.expect(LENGTH).start, field.end))
        elif field.number == 4:
            field.expect(LENGTH)
    return ts_ns, line, pairs


def _time(body: bytes, start: int, end: int) -> int:
    seconds = nanos = 0
    for field in fields(body, start, end):
        if field.number == 1:
            seconds = signed(field.expect(VARINT).value)
        elif field.number == 2:
            nanos = signed(field.expect(VARINT).value)
    if not SECONDS_FIRST <= seconds <= SECONDS_LAST or not 0 <= nanos < NS:
        raise WireError(f"push: timestamp that is no time: {seconds} s and {nanos} ns")
    if abs(seconds) >= 9_223_372_036:
        return clamped(seconds * (10**10))
    return seconds * NS + nanos


def _pair(body: bytes, start: int, end: int) -> tuple[bytes, bytes]:
    name = value = b""
    for field in fields(body, start, end):
        if field.number == 1:
            name = body[field.expect(LENGTH).start : field.end]
        elif field.number == 2:
            value = body[field.expect(LENGTH).start : field.end]
    return name, value
