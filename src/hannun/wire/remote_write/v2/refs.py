"""What a TimeSeries of 2.0 says by reference: labels, exemplars and metadata, resolved against the symbols."""

from __future__ import annotations

from collections.abc import Sequence

from hannun.model.exemplar import Exemplar
from hannun.model.labels import Labels
from hannun.model.metric import MetricMetadata
from hannun.wire.protobuf import FIXED64, LENGTH, VARINT, Field, fields, signed, varint
from hannun.wire.remote_write.exemplars import made_of
from hannun.wire.remote_write.labels import Refusal, SeriesLimits, checked
from hannun.wire.remote_write.metadata import described

LABEL_REFS, SAMPLES, HISTOGRAMS, EXEMPLARS, METADATA = 1, 2, 3, 4, 5
Symbols = Sequence[bytes]

_SUFFIXES = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("_count", "_sum")}


def refs_of(body: bytes, field: Field) -> list[int]:
    """A repeated uint32 field, packed or not. Raises WireError."""
    if field.wire == VARINT:
        return [field.value]
    at, end = field.expect(LENGTH).start, field.end
    found = []
    while at < end:
        value, at = varint(body, at, end)
        found.append(value)
    return found


def pairs_of(refs: Sequence[int], symbols: Symbols) -> list[tuple[bytes, bytes]] | None:
    """Names and values; None when a reference leads nowhere or a name has no value."""
    if len(refs) % 2 or any(ref >= len(symbols) for ref in refs):
        return None
    return [(symbols[name], symbols[value]) for name, value in zip(refs[::2], refs[1::2], strict=True)]


def read_labels(body: bytes, start: int, end: int, symbols: Symbols, limits: SeriesLimits) -> Labels | Refusal:
    """Labels of the TimeSeries in `body[start:end]`. Raises WireError."""
    refs = [ref for field in fields(body, start, end) if field.number == LABEL_REFS for ref in refs_of(body, field)]
    pairs = pairs_of(refs, symbols)
    return Refusal.BAD_REFERENCE if pairs is None else checked(pairs, limits)


def read_exemplar(body: bytes, series: int, start: int, end: int, symbols: Symbols) -> Exemplar | None:
    """The Exemplar message in `body[start:end]`; None when it cannot be stored. Raises WireError."""
    refs: list[int] = []
    bits = ts_ms = 0
    for field in fields(body, start, end):
        if field.number == 1:
            refs += refs_of(body, field)
        elif field.number == 2:
            bits = field.expect(FIXED64).value
        elif field.number == 3:
            ts_ms = signed(field.expect(VARINT).value)
    pairs = pairs_of(refs, symbols)
    return None if pairs is None else made_of(series, pairs, bits, ts_ms)


def read_metadata(body: bytes, metric: str, start: int, end: int, symbols: Symbols) -> MetricMetadata | None:
    """The Metadata message of a series; None when it refers to nothing or is not UTF-8. Raises WireError.

    2.0 tells metadata with each series. Ours stand under the name of the family, as 1.0 and scrapes give them.
    """
    kind = help_ref = unit_ref = 0
    for field in fields(body, start, end):
        if field.number == 1:
            kind = field.expect(VARINT).value
        elif field.number == 3:
            help_ref = field.expect(VARINT).value
        elif field.number == 4:
            unit_ref = field.expect(VARINT).value
    if help_ref >= len(symbols) or unit_ref >= len(symbols):
        return None
    found = described(kind, metric.encode("utf-8"), symbols[help_ref], symbols[unit_ref])
    if found is None:
        return None
    for suffix in _SUFFIXES.get(found.type, ()):
        if metric.endswith(suffix) and len(metric) > len(suffix):
            return MetricMetadata(metric.removesuffix(suffix), found.type, found.help, found.unit)
    return found
