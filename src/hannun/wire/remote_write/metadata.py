"""MetricMetadata messages of a WriteRequest. They are few and repeat every minute, so plain Python reads them."""

from __future__ import annotations

from hannun.model.metric import METRIC_TYPES, MetricMetadata
from hannun.wire.protobuf import LENGTH, VARINT, fields

HELP_BYTES_MAX = 4096
NAME_BYTES_MAX = 1024


def read_metadata(body: bytes, start: int, end: int) -> MetricMetadata | None:
    """The message in `body[start:end]`; None when it names no metric, or is not UTF-8. Raises WireError.

    A type number that we do not know is `unknown`: newer senders may have more of them. A long help text is cut.
    """
    kind = 0
    name = text = unit = b""
    for field in fields(body, start, end):
        if field.number == 1:
            kind = field.expect(VARINT).value
        elif field.number == 2:
            name = body[field.expect(LENGTH).start : field.end]
        elif field.number == 4:
            text = body[field.expect(LENGTH).start : field.end]
        elif field.number == 5:
            unit = body[field.expect(LENGTH).start : field.end]
    return described(kind, name, text, unit)


def described(kind: int, name: bytes, text: bytes, unit: bytes) -> MetricMetadata | None:
    """Metadata of these parts; None without a usable name, or when a part is not UTF-8."""
    if not name or len(name) > NAME_BYTES_MAX or len(unit) > NAME_BYTES_MAX:
        return None
    kind_name = METRIC_TYPES[kind] if kind < len(METRIC_TYPES) else METRIC_TYPES[0]
    try:
        cut = text.decode("utf-8").encode("utf-8")[:HELP_BYTES_MAX].decode("utf-8", "ignore")
        return MetricMetadata(name.decode("utf-8"), kind_name, cut, unit.decode("utf-8"))
    except UnicodeDecodeError:
        return None
