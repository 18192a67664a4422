"""`log` items -> columns of lines.

The stream is named by whom the line is of: service, environment, host, release. Everything else stays as metadata,
under the names that OTLP's logs have (`user.id` is `user_id`), so that one query finds both. The template and its
parameters are kept: `sentry_message_template`, `sentry_message_parameter_0`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hannun.wire.loki.columns import ColumnsBuilder, PushColumns
from hannun.wire.otlp_logs.values import label_name
from hannun.wire.sentry import fields, ids
from hannun.wire.sentry.batches import Attributes, Batch, Origin, identity
from hannun.wire.sentry.jsons import dumped

SALT = b"sentry"
PAIRS_MAX = 120
"""Loki's limit is 128 pairs a line."""
SEQUENCE = "sentry.timestamp.sequence"
_SEQUENCE_NS_MAX = 999
_IN_STREAM = frozenset({"sentry.environment", "sentry.release", "server.address", "service.name", SEQUENCE})


def columns(batch: Batch, origin: Origin, *, now_ns: int) -> PushColumns:
    """One line for each entry, in their order."""
    built = ColumnsBuilder(SALT)
    for entry in batch.entries:
        attributes = batch.attributes(entry, origin)
        who = identity(attributes, origin.service)
        named = (
            ("environment", who.environment),
            ("host", who.host),
            ("release", who.release),
            ("service_name", who.service or "unknown_service"),
        )
        built.of([pair for pair in named if pair[1]])
        body = entry.get("body")
        line = body if isinstance(body, str) else "" if body is None else dumped(body)
        built.line(_time_ns(entry, attributes, now_ns), line.encode("utf-8", "replace"), _metadata(entry, attributes))
    return built.columns()


def _time_ns(entry: Mapping[str, Any], attributes: Attributes, now_ns: int) -> int:
    """Lines of one microsecond keep their order by the sequence that SDKs count."""
    time_s = fields.number(entry.get("timestamp"))
    if time_s is None or not 0 < time_s < 10**10:
        return now_ns
    sequence = fields.whole(attributes.get(SEQUENCE)) or 0
    # In microseconds first: a double of seconds holds no nanoseconds, and would make up some.
    return round(time_s * 1e6) * 1_000 + min(sequence, _SEQUENCE_NS_MAX)


def _metadata(entry: Mapping[str, Any], attributes: Attributes) -> list[tuple[bytes, bytes]]:
    told: list[tuple[str, str]] = []
    if level := fields.text(entry, "level", 20):
        told.append(("detected_level", level.lower()))
    elif (severity := fields.whole(entry.get("severity_number"), 24)) is not None:
        told.append(("severity_number", str(severity)))
    if trace := ids.event_id(entry.get("trace_id")):
        told.append(("trace_id", trace))
    if span := ids.span_id(entry.get("span_id")):
        told.append(("span_id", span))
    seen = {name for name, _ in told}
    for name, value in attributes.items():
        label = label_name(name)
        if name not in _IN_STREAM and label not in seen and len(told) < PAIRS_MAX:
            seen.add(label)
            told.append((label, fields.written(value)))
    return [(name.encode("utf-8", "replace"), value.encode("utf-8", "replace")) for name, value in told]
