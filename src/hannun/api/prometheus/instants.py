"""Times as Go's encoder writes them into JSON."""

from __future__ import annotations

from datetime import UTC, datetime

NEVER = "0001-01-01T00:00:00Z"


def rfc3339(ms: int) -> str:
    """`2026-11-20T21:49:34.971Z`; 0 is Go's zero time, which is how Prometheus says "never"."""
    if ms == 0:
        return NEVER
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
