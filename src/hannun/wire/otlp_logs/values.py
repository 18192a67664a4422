"""OTLP's values and attributes, from both of its encodings, and as the texts that Loki makes of them."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterator
from typing import Any

import orjson

from hannun.model.errors import WireError
from hannun.wire.protobuf import FIXED64, LENGTH, VARINT, fields, signed

DEPTH_MAX = 32
Value = str | bool | int | float | bytes | list[Any] | dict[str, Any] | None
Pairs = list[tuple[str, Value]]
_NOT_NAME = re.compile(r"[^a-zA-Z0-9_]")


def key_value(body: bytes, start: int, end: int, depth: int = 0) -> tuple[str, Value]:
    """A KeyValue message. Raises WireError."""
    key, value = "", None
    for field in fields(body, start, end):
        if field.number == 1:
            key = text(body, field.expect(LENGTH).start, field.end)
        elif field.number == 2:
            value = any_value(body, field.expect(LENGTH).start, field.end, depth)
    return key, value


def any_value(body: bytes, start: int, end: int, depth: int = 0) -> Value:
    """An AnyValue message; of several values the last one counts. Raises WireError."""
    if depth > DEPTH_MAX:
        raise WireError(f"OTLP: values nested deeper than {DEPTH_MAX}")
    value: Value = None
    for field in fields(body, start, end):
        match field.number:
            case 1:
                value = text(body, field.expect(LENGTH).start, field.end)
            case 2:
                value = field.expect(VARINT).value != 0
            case 3:
                value = signed(field.expect(VARINT).value)
            case 4:
                value = struct.unpack("<d", struct.pack("<Q", field.expect(FIXED64).value))[0]
            case 5:
                value = [
                    any_value(body, one.expect(LENGTH).start, one.end, depth + 1)
                    for one in fields(body, field.expect(LENGTH).start, field.end)
                    if one.number == 1
                ]
            case 6:
                value = dict(
                    key_value(body, one.expect(LENGTH).start, one.end, depth + 1)
                    for one in fields(body, field.expect(LENGTH).start, field.end)
                    if one.number == 1
                )
            case 7:
                value = body[field.expect(LENGTH).start : field.end]
    return value


def text(body: bytes, start: int, end: int) -> str:
    return body[start:end].decode("utf-8", "replace")


def json_pairs(found: Any, depth: int = 0) -> Pairs:
    """A list of `{"key": …, "value": …}`. Raises WireError."""
    if found is None:
        return []
    if not isinstance(found, list):
        raise WireError("OTLP: attributes are no list")
    return [_json_pair(one, depth) for one in found]


def _json_pair(found: Any, depth: int) -> tuple[str, Value]:
    if not isinstance(found, dict) or not isinstance(found.get("key", ""), str):
        raise WireError('OTLP: an attribute is no {"key": …, "value": …}')
    return found.get("key", ""), json_value(found.get("value"), depth)


def json_value(found: Any, depth: int = 0) -> Value:
    """`{"stringValue": "x"}` and its kin; 64-bit numbers may be strings. Raises WireError."""
    if depth > DEPTH_MAX:
        raise WireError(f"OTLP: values nested deeper than {DEPTH_MAX}")
    if found is None:
        return None
    if not isinstance(found, dict):
        raise WireError("OTLP: a value is no object")
    for kind, value in found.items():
        try:
            match kind:
                case "stringValue":
                    return str(value)
                case "boolValue":
                    return bool(value)
                case "intValue":
                    return int(value)
                case "doubleValue":
                    return float(value)
                case "bytesValue":
                    return base64.b64decode(value, validate=False)
                case "arrayValue":
                    return [json_value(one, depth + 1) for one in value.get("values") or ()]
                case "kvlistValue":
                    return dict(json_pairs(value.get("values"), depth + 1))
        except (TypeError, ValueError, AttributeError, OverflowError) as err:
            raise WireError(f"OTLP: {kind} that is none: {str(err)[:80]}") from err
    return None


def as_text(value: Value) -> str:
    """What a value is as a line or a label, as the collector's `AsString` writes it."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case int():
            return str(value)
        case _:
            return orjson.dumps(plain(value), option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def plain(value: Value) -> Any:
    """What JSON can hold: bytes as base64, numbers beyond 64 bits as text."""
    match value:
        case list():
            return [plain(one) for one in value]
        case dict():
            return {name.encode("utf-8", "replace").decode(): plain(one) for name, one in value.items()}
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case bool() | float() | None:
            return value
        case int():
            return value if -(1 << 63) <= value < 1 << 64 else str(value)
        case str():
            return value.encode("utf-8", "replace").decode()


def label_name(key: str) -> str:
    """`service.name` -> `service_name`."""
    name = _NOT_NAME.sub("_", key)
    return f"key_{name}" if name and name[0].isdigit() else name


def flat(pairs: Pairs, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Names and texts; the members of an object get its name before theirs."""
    for key, value in pairs:
        name = f"{prefix}{label_name(key)}"
        if isinstance(value, dict):
            yield from flat(list(value.items()), f"{name}_")
        else:
            yield name, as_text(value)
