"""`trace_metric` items: single observations of counters, gauges and distributions.

Names follow OpenTelemetry's rules for Prometheus: signs that Prometheus does not know become underscores, the unit is
part of the name, a counter ends in `_total`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from hannun.wire.sentry import fields, ids
from hannun.wire.sentry.batches import Attributes, Batch, Origin, identity

MetricKind = Literal["counter", "gauge", "distribution"]
KINDS: tuple[MetricKind, ...] = ("counter", "gauge", "distribution")
LABELS_MAX = 32
LABEL_LENGTH_MAX = 200
NAME_LENGTH_MAX = 200
UNITS = {
    "nanosecond": "nanoseconds", "microsecond": "microseconds", "millisecond": "milliseconds", "second": "seconds",
    "minute": "minutes", "hour": "hours", "day": "days", "week": "weeks", "bit": "bits", "byte": "bytes",
    "kilobyte": "kilobytes", "kibibyte": "kibibytes", "megabyte": "megabytes", "mebibyte": "mebibytes",
    "gigabyte": "gigabytes", "gibibyte": "gibibytes", "terabyte": "terabytes", "ratio": "ratio", "percent": "percent",
}  # fmt: skip
_NOT_NAME = re.compile(r"[^a-zA-Z0-9_:]+")
_NOT_LABEL = re.compile(r"[^a-zA-Z0-9_]+")
_OF_ONE_CALL = re.compile(
    r"(?:sentry|user|client|url|http\.(?:request|url)|browser|replay|process\.pid|thread|code)(?:[._]|$)"
)
"""Attributes that differ from call to call: as labels each would be a series of its own."""
_NOT_LABELS = frozenset({"service.name", "server.address", "host.name", "service.version"})


@dataclass(frozen=True, slots=True)
class Observation:
    """`name` is the family's (without `_total`). `labels` are sorted pairs, no empty values. `at_ms` None: not told."""

    kind: MetricKind
    name: str
    labels: tuple[tuple[str, str], ...]
    value: float
    at_ms: int | None = None
    trace_id: str = ""
    span_id: str = ""


def observations(batch: Batch, origin: Origin) -> Iterator[Observation | None]:
    """None: an entry without a name, a known type or a number."""
    for entry in batch.entries:
        value = fields.number(entry.get("value"))
        kind = next((known for known in KINDS if known == entry.get("type")), None)
        name = metric_name(fields.text(entry, "name", NAME_LENGTH_MAX), fields.text(entry, "unit", 40))
        if value is None or kind is None or not name or (kind == "counter" and value < 0):
            yield None
            continue
        yield Observation(
            kind,
            name,
            _labels(batch.attributes(entry, origin), origin.service),
            value,
            _time_ms(entry.get("timestamp")),
            ids.event_id(entry.get("trace_id")),
            ids.span_id(entry.get("span_id")),
        )


def metric_name(name: str, unit: str = "") -> str:
    """`checkout.latency`, millisecond -> `checkout_latency_milliseconds`."""
    plain = _NOT_NAME.sub("_", name).strip("_")
    if not plain:
        return ""
    plain = f"_{plain}" if plain[0].isdigit() else plain
    plain = plain.removesuffix("_total")
    suffix = UNITS.get(unit) or _NOT_LABEL.sub("_", unit).strip("_").lower()
    return plain if not suffix or suffix == "none" or plain.endswith(f"_{suffix}") else f"{plain}_{suffix}"


def _labels(attributes: Attributes, service: str) -> tuple[tuple[str, str], ...]:
    who = identity(attributes, service)
    labels = {"job": who.service, "environment": who.environment, "host": who.host, "release": who.release}
    for name, value in attributes.items():
        if name in _NOT_LABELS or _OF_ONE_CALL.match(name) or len(labels) >= LABELS_MAX:
            continue
        label = _NOT_LABEL.sub("_", name).strip("_")
        if label and label not in labels:
            labels[f"key_{label}" if label[0].isdigit() else label] = fields.written(value)[:LABEL_LENGTH_MAX]
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def _time_ms(value: Any) -> int | None:
    number = fields.number(value)
    return round(number * 1000) if number is not None and 0 < number < 10**10 else None
