"""Spans as rows of `spans` and `trace_times`.

Attributes are kept as text, because that is how they are searched; the kinds of those that are no text stand beside
them, so that a number is a number again when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from hannun.model.sentry_items import AttributeValue, SentSpan, SpanLink
from hannun.store.day_table import DAY_MS, ids16, text, texts

SPANS = "spans__local"
TIMES = "trace_times__local"
ATTRIBUTES_MAX = 512
KEY_LENGTH_MAX = 256
VALUE_LENGTH_MAX = 16_384
LINKS_MAX = 128

_TIME = pa.timestamp("ns", "UTC")
_MAP = pa.map_(pa.string(), pa.string())
_KINDS: tuple[tuple[type, str], ...] = ((bool, "bool"), (int, "int"), (float, "float"), (tuple, "array"))
"""In this order: True is an int, too."""


def span_rows(spans: Sequence[SentSpan]) -> pa.Table:
    written = [attribute_texts(span.attributes) for span in spans]
    return pa.table(
        {
            "trace_id": ids16([span.trace_id for span in spans]),
            "span_id": np.array([number(span.span_id) for span in spans], np.uint64),
            "parent_id": np.array([number(span.parent_span_id) for span in spans], np.uint64),
            "segment_id": np.array([number(span.segment_id) for span in spans], np.uint64),
            "segment": np.array([span.segment for span in spans], np.uint8),
            "segment_name": texts([span.segment_name for span in spans]),
            "project": np.array([span.project for span in spans], np.uint32),
            "service": texts([span.identity.service for span in spans]),
            "environment": texts([span.identity.environment for span in spans]),
            "host": texts([span.identity.host for span in spans]),
            "release": texts([span.identity.release for span in spans]),
            "name": texts([span.name for span in spans]),
            "op": texts([span.op for span in spans]),
            "status": texts([span.status for span in spans], 64),
            "start": pa.array(np.array([span.start_ns for span in spans], np.int64), _TIME),
            "duration_ns": np.array([max(span.end_ns - span.start_ns, 0) for span in spans], np.uint64),
            "attributes": pa.array([list(values.items()) for values, _ in written], _MAP),
            "typed": pa.array([list(kinds.items()) for _, kinds in written], _MAP),
            "links": texts([_links(span.links) for span in spans], 1 << 20),
            "event_id": ids16([span.event_id for span in spans]),
        }
    )


def time_rows(spans: Sequence[SentSpan]) -> pa.Table:
    """One for each trace and day: from its first start to its last end."""
    bounds: dict[tuple[str, int], tuple[int, int]] = {}
    for span in spans:
        key = (span.trace_id, span.start_ns // (DAY_MS * 1_000_000))
        first, last = bounds.get(key, (span.start_ns, span.end_ns))
        bounds[key] = (min(first, span.start_ns), max(last, span.end_ns, span.start_ns))
    return pa.table(
        {
            "trace_id": ids16([trace_id for trace_id, _ in bounds]),
            "day": pa.array(np.array([day for _, day in bounds], np.int32), pa.date32()),
            "first": pa.array(np.array([first for first, _ in bounds.values()], np.int64), _TIME),
            "last": pa.array(np.array([last for _, last in bounds.values()], np.int64), _TIME),
        }
    )


def attribute_texts(attributes: Mapping[str, AttributeValue]) -> tuple[dict[str, str], dict[str, str]]:
    """(values as text, kinds of those that are no text)."""
    values: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for name, value in list(attributes.items())[:ATTRIBUTES_MAX]:
        key = text(name, KEY_LENGTH_MAX)
        if isinstance(value, str):
            values[key] = text(value, VALUE_LENGTH_MAX)
            continue
        values[key] = text(json.dumps(value, ensure_ascii=False), VALUE_LENGTH_MAX)
        kinds[key] = next(kind for type_, kind in _KINDS if isinstance(value, type_))
    return values, kinds


def number(digits: str) -> int:
    """16 hex digits as one number; 0 for what is none."""
    try:
        return int(digits, 16) if len(digits) == 16 else 0
    except ValueError:
        return 0


def _links(links: Sequence[SpanLink]) -> str:
    if not links:
        return ""
    told = [[link.trace_id, link.span_id, attribute_texts(link.attributes)[0]] for link in links[:LINKS_MAX]]
    return json.dumps(told, ensure_ascii=False)
