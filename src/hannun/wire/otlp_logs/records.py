"""ExportLogsServiceRequest -> resources, scopes and records, from protobuf and from JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from hannun.model.errors import WireError
from hannun.wire.otlp_logs.values import Pairs, Value, any_value, json_pairs, json_value, key_value, text
from hannun.wire.protobuf import FIXED32, FIXED64, LENGTH, VARINT, fields

SHAPE = '{"resourceLogs": [{"resource": …, "scopeLogs": [{"scope": …, "logRecords": [{"body": …}]}]}]}'


@dataclass(slots=True)
class Scope:
    name: str = ""
    version: str = ""
    attributes: Pairs = field(default_factory=list)
    dropped: int = 0


@dataclass(slots=True)
class Record:
    """Times in ns since 1970, 0 where there is none; ids are lower hex or ""."""

    time_ns: int = 0
    observed_ns: int = 0
    severity_number: int = 0
    severity_text: str = ""
    body: Value = None
    attributes: Pairs = field(default_factory=list)
    dropped: int = 0
    flags: int = 0
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""


Found = tuple[Pairs, Scope, Record]


def protobuf(body: bytes) -> Iterator[Found]:
    """Raises WireError."""
    for resource_logs in fields(body, 0, len(body)):
        if resource_logs.number != 1:
            continue
        start, end = resource_logs.expect(LENGTH).start, resource_logs.end
        parts = [part for part in fields(body, start, end) if part.number in (1, 2)]
        told: Pairs = []
        for part in parts:
            if part.number == 1:
                told = resource(body, part.expect(LENGTH).start, part.end)
        for part in parts:
            if part.number == 2:
                for of, record in _scope_logs(body, part.expect(LENGTH).start, part.end):
                    yield told, of, record


def resource(body: bytes, start: int, end: int) -> Pairs:
    """The attributes of a Resource message. Raises WireError."""
    return [key_value(body, one.expect(LENGTH).start, one.end) for one in fields(body, start, end) if one.number == 1]


def _scope_logs(body: bytes, start: int, end: int) -> Iterator[tuple[Scope, Record]]:
    parts = [part for part in fields(body, start, end) if part.number in (1, 2)]
    told = Scope()
    for part in parts:
        if part.number == 1:
            told = scope(body, part.expect(LENGTH).start, part.end)
    for part in parts:
        if part.number == 2:
            yield told, of_protobuf(body, part.expect(LENGTH).start, part.end)


def scope(body: bytes, start: int, end: int) -> Scope:
    """An InstrumentationScope message. Raises WireError."""
    found = Scope()
    for part in fields(body, start, end):
        match part.number:
            case 1:
                found.name = text(body, part.expect(LENGTH).start, part.end)
            case 2:
                found.version = text(body, part.expect(LENGTH).start, part.end)
            case 3:
                found.attributes.append(key_value(body, part.expect(LENGTH).start, part.end))
            case 4:
                found.dropped = part.expect(VARINT).value
    return found


def of_protobuf(body: bytes, start: int, end: int) -> Record:
    """A LogRecord message. Raises WireError."""
    found = Record()
    for part in fields(body, start, end):
        match part.number:
            case 1:
                found.time_ns = part.expect(FIXED64).value
            case 2:
                found.severity_number = part.expect(VARINT).value
            case 3:
                found.severity_text = text(body, part.expect(LENGTH).start, part.end)
            case 5:
                found.body = any_value(body, part.expect(LENGTH).start, part.end)
            case 6:
                found.attributes.append(key_value(body, part.expect(LENGTH).start, part.end))
            case 7:
                found.dropped = part.expect(VARINT).value
            case 8:
                found.flags = part.expect(FIXED32).value
            case 9:
                found.trace_id = body[part.expect(LENGTH).start : part.end].hex()
            case 10:
                found.span_id = body[part.expect(LENGTH).start : part.end].hex()
            case 11:
                found.observed_ns = part.expect(FIXED64).value
            case 12:
                found.event_name = text(body, part.expect(LENGTH).start, part.end)
    return found


def from_json(body: bytes) -> Iterator[Found]:
    """Raises WireError."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as err:
        raise WireError(f"OTLP: not JSON at character {err.pos}: {str(err)[:100]}", f"expected {SHAPE}") from err
    for resource_logs in _objects(_object(document, "the request"), "resourceLogs"):
        told = json_pairs(_object(resource_logs.get("resource"), "resource").get("attributes"))
        for scope_logs in _objects(resource_logs, "scopeLogs"):
            of = _json_scope(_object(scope_logs.get("scope"), "scope"))
            for record in _objects(scope_logs, "logRecords"):
                yield told, of, _json_record(record)


def _json_scope(found: dict[str, Any]) -> Scope:
    return Scope(
        _text(found, "name"),
        _text(found, "version"),
        json_pairs(found.get("attributes")),
        _number(found, "droppedAttributesCount"),
    )


def _json_record(found: dict[str, Any]) -> Record:
    return Record(
        time_ns=_number(found, "timeUnixNano"),
        observed_ns=_number(found, "observedTimeUnixNano"),
        severity_number=_number(found, "severityNumber"),
        severity_text=_text(found, "severityText"),
        body=json_value(found.get("body")),
        attributes=json_pairs(found.get("attributes")),
        dropped=_number(found, "droppedAttributesCount"),
        flags=_number(found, "flags"),
        trace_id=_text(found, "traceId").lower(),
        span_id=_text(found, "spanId").lower(),
        event_name=_text(found, "eventName"),
    )


def _object(found: Any, what: str) -> dict[str, Any]:
    if not isinstance(found, dict | None):
        raise WireError(f"OTLP: {what} is no object", f"expected {SHAPE}")
    return found or {}


def _objects(of: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    found = of.get(name)
    if not isinstance(found, list | None):
        raise WireError(f"OTLP: {name} is no list", f"expected {SHAPE}")
    for one in found or ():
        yield _object(one, name)


def _text(of: dict[str, Any], name: str) -> str:
    found = of.get(name)
    if not isinstance(found, str | None):
        raise WireError(f"OTLP: {name} is no string")
    return found or ""


def _number(of: dict[str, Any], name: str) -> int:
    """64-bit numbers are strings in OTLP's JSON; enums may be written as names, which nobody sends."""
    found = of.get(name)
    try:
        number = int(found or 0)
    except (TypeError, ValueError, OverflowError) as err:
        raise WireError(f"OTLP: {name} is no number") from err
    if not 0 <= number < 1 << 64:
        raise WireError(f"OTLP: {name} is beyond 64 bits")
    return number
