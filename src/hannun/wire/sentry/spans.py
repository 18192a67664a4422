"""Spans of newer SDKs (`span` items, version 2) and the transactions of all others -> one form.

A transaction is a segment span with its children: what it tells beside them (tags, measurements, request, user) becomes
attributes of the segment, under the names that span streams use where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hannun.model.errors import WireError
from hannun.model.identity import Identity
from hannun.model.sentry_items import AttributeValue, SentSpan, SpanLink
from hannun.wire.sentry import fields, ids
from hannun.wire.sentry.batches import Batch, Origin, first, identity
from hannun.wire.sentry.envelope import time_ms

NAME_LENGTH_MAX = 1_024
LINKS_MAX = 128
SPANS_MAX = 10_000
"""Of one transaction; SDKs stop at 1,000."""
_NS_MAX = 2**63 - 1


def of_batch(batch: Batch, origin: Origin, project: int) -> Iterator[SentSpan | None]:
    """None: an entry that is no span, because its ids or times are missing."""
    for entry in batch.entries:
        attributes = batch.attributes(entry, origin)
        trace_id, span_id = ids.event_id(entry.get("trace_id")), ids.span_id(entry.get("span_id"))
        times = _times(entry, "end_timestamp")
        if not trace_id or not span_id or times is None:
            yield None
            continue
        segment = entry.get("is_segment") is True
        yield SentSpan(
            project,
            trace_id,
            span_id,
            ids.span_id(entry.get("parent_span_id")),
            fields.text(entry, "name", NAME_LENGTH_MAX),
            *times,
            op=first(attributes, ("sentry.op",)),
            status=fields.text(entry, "status", 64),
            segment=segment,
            segment_id=ids.span_id(attributes.get("sentry.segment.id")) or (span_id if segment else ""),
            segment_name=first(attributes, ("sentry.segment.name", "sentry.transaction")),
            identity=identity(attributes, origin.service),
            attributes=attributes,
            links=_links(entry.get("links")),
        )


def of_transaction(found: Mapping[str, Any], origin: Origin, project: int, event_id: str) -> list[SentSpan]:
    """The segment first. Raises WireError when the transaction itself has no ids or times."""
    trace = fields.mapping(fields.mapping(found.get("contexts")).get("trace"))
    trace_id, span_id = ids.event_id(trace.get("trace_id")), ids.span_id(trace.get("span_id"))
    times = _times(found, "timestamp")
    if not trace_id or not span_id or times is None:
        raise WireError("transaction: contexts.trace with its ids, start_timestamp and timestamp are needed")
    name = fields.text(found, "transaction", NAME_LENGTH_MAX) or "<unlabeled transaction>"
    who = Identity(
        service=origin.service,
        environment=fields.text(found, "environment", 64) or "production",
        host=fields.text(found, "server_name"),
        release=fields.text(found, "release"),
    )
    segment = SentSpan(
        project,
        trace_id,
        span_id,
        ids.span_id(trace.get("parent_span_id")),
        name,
        *times,
        op=fields.text(trace, "op"),
        status=fields.text(trace, "status", 64),
        segment=True,
        segment_id=span_id,
        segment_name=name,
        identity=who,
        attributes=_of_segment(found, trace),
        event_id=event_id,
    )
    children = fields.objects(found.get("spans"))[:SPANS_MAX]
    return [segment, *(span for one in children if (span := _child(one, segment)) is not None)]


def _child(one: Mapping[str, Any], segment: SentSpan) -> SentSpan | None:
    span_id, times = ids.span_id(one.get("span_id")), _times(one, "timestamp")
    if not span_id or times is None:
        return None
    op = fields.text(one, "op")
    attributes = _plain(one.get("data")) | _plain(one.get("tags")) | _measured(one.get("measurements"))
    if origin := fields.text(one, "origin"):
        attributes["sentry.origin"] = origin
    return SentSpan(
        segment.project,
        ids.event_id(one.get("trace_id")) or segment.trace_id,
        span_id,
        ids.span_id(one.get("parent_span_id")) or segment.span_id,
        fields.text(one, "description", NAME_LENGTH_MAX) or op,
        *times,
        op=op,
        status=fields.text(one, "status", 64),
        segment_id=segment.span_id,
        segment_name=segment.name,
        identity=segment.identity,
        attributes=attributes,
    )


def _of_segment(found: Mapping[str, Any], trace: Mapping[str, Any]) -> dict[str, AttributeValue]:
    request, user = fields.mapping(found.get("request")), fields.mapping(found.get("user"))
    told = {
        "sentry.platform": fields.text(found, "platform"),
        "sentry.dist": fields.text(found, "dist"),
        "sentry.origin": fields.text(trace, "origin"),
        "sentry.source": fields.text(fields.mapping(found.get("transaction_info")), "source"),
        "sentry.sdk.name": fields.text(fields.mapping(found.get("sdk")), "name"),
        "sentry.sdk.version": fields.text(fields.mapping(found.get("sdk")), "version"),
        "http.request.method": fields.text(request, "method", 20),
        "url.full": fields.text(request, "url", 2_048),
        **{f"user.{name}": fields.text(user, name) for name in ("id", "email", "username", "ip_address")},
    }
    tags = found.get("tags")
    pairs = {one[0]: one[1] for one in tags if _is_pair(one)} if isinstance(tags, list) else tags
    named = {name: value for name, value in told.items() if value}
    return _plain(trace.get("data")) | _plain(pairs) | _measured(found.get("measurements")) | named


def _is_pair(one: Any) -> bool:
    return isinstance(one, list) and len(one) == 2 and isinstance(one[0], str)


def _plain(value: Any) -> dict[str, AttributeValue]:
    """An object of anything as attributes; no member is taken for a typed one."""
    read: dict[str, AttributeValue] = {}
    for name, told in list(fields.mapping(value).items())[: fields.ATTRIBUTES_MAX]:
        plain = fields.attribute(told)
        if plain is not None and name:
            read[name[: fields.TEXT_LENGTH_MAX]] = plain
    return read


def _measured(value: Any) -> dict[str, AttributeValue]:
    """`{"lcp": {"value": 1.2, "unit": "millisecond"}}` -> `measurement.lcp`."""
    read: dict[str, AttributeValue] = {}
    for name, told in list(fields.mapping(value).items())[: fields.ATTRIBUTES_MAX]:
        if (number := fields.number(fields.mapping(told).get("value"))) is not None:
            read[f"measurement.{name[: fields.TEXT_LENGTH_MAX]}"] = number
    return read


def _links(value: Any) -> tuple[SpanLink, ...]:
    return tuple(
        SpanLink(trace_id, span_id, fields.attributes(one.get("attributes")))
        for one in fields.objects(value)[:LINKS_MAX]
        if (trace_id := ids.event_id(one.get("trace_id"))) and (span_id := ids.span_id(one.get("span_id")))
    )


def _times(found: Mapping[str, Any], end_name: str) -> tuple[int, int] | None:
    """Start and end in ns; an end before the start is the start."""
    start_ns, end_ns = _time_ns(found.get("start_timestamp")), _time_ns(found.get(end_name))
    if start_ns is None:
        return None
    return start_ns, max(start_ns, end_ns if end_ns is not None else start_ns)


def _time_ns(value: Any) -> int | None:
    number = fields.number(value)
    if number is None:
        ms = time_ms(value)
        return None if ms is None or not 0 <= ms * 1_000_000 <= _NS_MAX else ms * 1_000_000
    return round(number * 1e6) * 1_000 if 0 <= number < 9.2e9 else None
