"""Exemplar messages of a request. They are few beside the samples, so plain Python reads them.

An exemplar that breaks a rule is left out and counted; it never costs the samples beside it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from hannun.model.exemplar import Exemplar
from hannun.model.labels import METRIC_NAME, Labels
from hannun.wire.protobuf import FIXED64, LENGTH, VARINT, fields, signed
from hannun.wire.remote_write.labels import pair_of

LETTERS_MAX = 128
"""OpenMetrics: names and values of one exemplar's labels together; Prometheus refuses longer ones, too."""

RawPairs = Sequence[tuple[bytes, bytes]]


def read_exemplar(body: bytes, series: int, start: int, end: int) -> Exemplar | None:
    """The Exemplar message of 1.0 in `body[start:end]`; None when it cannot be stored. Raises WireError."""
    pairs: list[tuple[bytes, bytes]] = []
    bits = ts_ms = 0
    for field in fields(body, start, end):
        if field.number == 1:
            pairs.append(pair_of(body, field.expect(LENGTH).start, field.end))
        elif field.number == 2:
            bits = field.expect(FIXED64).value
        elif field.number == 3:
            ts_ms = signed(field.expect(VARINT).value)
    return made_of(series, pairs, bits, ts_ms)


def made_of(series: int, pairs: RawPairs, bits: int, ts_ms: int) -> Exemplar | None:
    """The exemplar of these parts, or None: labels that are not UTF-8, doubled, nameless or too long."""
    if sum(len(name) + len(value) for name, value in pairs) > 4 * LETTERS_MAX:
        return None
    try:
        read = [(name.decode("utf-8"), value.decode("utf-8")) for name, value in pairs]
    except UnicodeDecodeError:
        return None
    names = {name for name, _ in read}
    if len(names) < len(read) or "" in names or METRIC_NAME in names or _letters(read) > LETTERS_MAX:
        return None
    return Exemplar(series, Labels.from_pairs(read), struct.unpack("<d", struct.pack("<Q", bits))[0], ts_ms)


def _letters(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(len(name) + len(value) for name, value in pairs)
