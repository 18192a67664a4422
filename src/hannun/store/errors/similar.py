"""Issues that look like another one: candidates share its type, place or culprit; words decide their order."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from hannun.store.meta.issues import ISSUES

CANDIDATES_MAX = 1_000
LIKENESS_MIN = 0.35
_WORD = re.compile(r"[^\W\d_]{2,}")
_COLUMNS = ("id", "title", "culprit", "error_type", "error_value", "filename", "function")


def similar(connection: Connection, issue: int, limit: int) -> list[int]:
    """The likest first."""
    columns = [ISSUES.c[name] for name in (*_COLUMNS, "project_id")]
    row = connection.execute(select(*columns).where(ISSUES.c.id == issue)).one_or_none()
    if row is None:
        return []
    same = [
        and_(ISSUES.c[name] == getattr(row, name), ISSUES.c[name] != "")
        for name in ("error_type", "culprit", "filename", "title")
    ]
    near = select(*columns).where(ISSUES.c.project_id == row.project_id, ISSUES.c.id != issue, or_(*same))
    near = near.order_by(ISSUES.c.last_seen_ms.desc()).limit(CANDIDATES_MAX)
    likeness = [(likeness_of(row, other), other.id) for other in connection.execute(near)]
    best = sorted((pair for pair in likeness if pair[0] >= LIKENESS_MIN), key=lambda pair: (-pair[0], pair[1]))
    return [found for _, found in best[:limit]]


def likeness_of(a: Any, b: Any) -> float:
    """From 0 to 1: the words of title and value count half, the places a quarter, the type a quarter."""
    places = [name for name in ("culprit", "filename", "function") if getattr(a, name)]
    at_one_place: float = sum(getattr(a, name) == getattr(b, name) for name in places) / max(len(places), 1)
    words = _overlap(_words(a.error_value or a.title), _words(b.error_value or b.title))
    return words / 2 + at_one_place / 4 + float(a.error_type == b.error_type) / 4


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text[:1000].lower()))


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a or b else 1.0
