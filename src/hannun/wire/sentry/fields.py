"""Typed looks at decoded JSON: what has the wrong type is as if it had not been sent. Pure, never raises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hannun.model.sentry_items import AttributeValue
from hannun.wire.sentry.jsons import dumped

TEXT_LENGTH_MAX = 200
ATTRIBUTES_MAX = 256
ATTRIBUTE_LENGTH_MAX = 64 << 10


def text(found: Mapping[str, Any], name: str, length_max: int = TEXT_LENGTH_MAX) -> str:
    """A short text; numbers are written out."""
    value = found.get(name)
    if isinstance(value, str):
        return value.strip()[:length_max]
    return "" if value is None or isinstance(value, bool | dict | list) else str(value)[:length_max]


def number(value: Any) -> float | None:
    """A finite number, also when it was sent as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        read = float(value if not isinstance(value, str) else value[:64])
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def whole(value: Any, most: int = 2**31) -> int | None:
    """A whole number of at most `most`, not negative."""
    read = number(value)
    return int(read) if read is not None and 0 <= read <= most else None


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def attributes(value: Any) -> dict[str, AttributeValue]:
    """`{name: {"value": …, "type": …}}` -> names and plain values; a bare value is taken as it is.

    At most 256 of them. What is no scalar becomes JSON text, but for arrays of scalars.
    """
    read: dict[str, AttributeValue] = {}
    for name, told in mapping(value).items():
        plain = attribute(told["value"] if isinstance(told, dict) and "value" in told else told)
        if plain is not None and name:
            read[name[:TEXT_LENGTH_MAX]] = plain
            if len(read) >= ATTRIBUTES_MAX:
                break
    return read


def attribute(value: Any) -> AttributeValue | None:
    match value:
        case None:
            return None
        case str():
            return value[:ATTRIBUTE_LENGTH_MAX]
        case bool() | int() | float():
            return value
        case list() if all(isinstance(one, str | int | float | bool) for one in value[:100]):
            return tuple(value[:100])
        case _:
            return dumped(value)[:ATTRIBUTE_LENGTH_MAX]


def written(value: AttributeValue) -> str:
    """An attribute as text: `true`, `1.5`, `["a","b"]`."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case tuple():
            return dumped(list(value))
        case float() if value.is_integer() and abs(value) < 2**53:
            return str(int(value))
        case _:
            return str(value)
