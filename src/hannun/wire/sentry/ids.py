"""Ids as clients write them: 32 hex digits, with or without dashes, in either case."""

from __future__ import annotations

import re
from typing import Any

_HEX32 = re.compile(r"[0-9a-f]{32}")
_HEX16 = re.compile(r"[0-9a-f]{16}")
_PROJECT = re.compile(r"[1-9][0-9]{0,8}")
NIL = "0" * 32


def uuid32(value: Any) -> str:
    """32 lower hex digits, or "" when `value` is no id. The nil id stays."""
    if not isinstance(value, str) or not 32 <= len(value) <= 64:
        return ""
    found = value.strip().replace("-", "").lower()
    return found if _HEX32.fullmatch(found) else ""


def event_id(value: Any) -> str:
    """As `uuid32`; the nil id is no event's."""
    found = uuid32(value)
    return "" if found == NIL else found


def span_id(value: Any) -> str:
    """16 lower hex digits that are not all zero, or ""."""
    if not isinstance(value, str) or len(value) != 16:
        return ""
    found = value.lower()
    return found if _HEX16.fullmatch(found) and found.strip("0") else ""


def project_number(text: str) -> int:
    """The number in a DSN or a path, 0 when it is none."""
    return int(text) if _PROJECT.fullmatch(text) else 0
