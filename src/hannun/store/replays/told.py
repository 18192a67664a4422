"""What the event of a replay's piece tells, for the columns that lists are made of. Whatever it is, it is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LIST_MAX = 100
TEXT_LENGTH_MAX = 1_024


@dataclass(frozen=True, slots=True)
class Told:
    started_ms: int = 0
    at_ms: int = 0
    kind: str = ""
    platform: str = ""
    environment: str = ""
    release: str = ""
    user: str = ""
    urls: tuple[str, ...] = ()
    error_ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()


def read(event: bytes) -> Told:
    """Nothing of it when it is no JSON object; what has another type than it should is left out."""
    try:
        found = json.loads(event) if event else None
    except (ValueError, RecursionError):
        return Told()
    if not isinstance(found, dict):
        return Told()
    return Told(
        _ms(found.get("replay_start_timestamp")),
        _ms(found.get("timestamp")),
        _text(found.get("replay_type")),
        _text(found.get("platform")),
        _text(found.get("environment")),
        _text(found.get("release")),
        _user(found.get("user")),
        _list(found.get("urls")),
        _list(found.get("error_ids")),
        _list(found.get("trace_ids")),
    )


def _user(value: Any) -> str:
    """By what users are counted elsewhere: `id:7`."""
    if isinstance(value, Mapping):
        for name, key in (("id", "id"), ("username", "username"), ("email", "email"), ("ip", "ip_address")):
            told = value.get(key)
            if isinstance(told, str | int) and not isinstance(told, bool) and told != "":
                return f"{name}:{told}"[:TEXT_LENGTH_MAX]
    return ""


def _ms(value: Any) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value * 1000) if is_number and 0 <= value < 4e9 else 0


def _text(value: Any) -> str:
    return value[:TEXT_LENGTH_MAX] if isinstance(value, str) else ""


def _list(value: Any) -> tuple[str, ...]:
    found = [_text(one) for one in value[:LIST_MAX]] if isinstance(value, list) else []
    return tuple(one for one in found if one)
