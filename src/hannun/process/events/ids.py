"""Event ids: 32 lower hex digits, however the sender wrote them."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

_PLAIN = re.compile(r"[0-9a-f]{32}")
_DASHED = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NIL = "0" * 32


def event_id(raw: Any) -> str:
    """`raw` as 32 lower hex digits, or "" when it is no id. The id of zeros is none."""
    if not isinstance(raw, str) or len(raw) > 64:
        return ""
    lowered = raw.strip().lower()
    if _DASHED.fullmatch(lowered):
        lowered = lowered.replace("-", "")
    return lowered if _PLAIN.fullmatch(lowered) and lowered != _NIL else ""


def new_id() -> str:
    return uuid4().hex
