"""The clock face of regular readings: points at whole multiples of the interval of Unix time.

Every start of Hannun meets the same points, so samples keep their spacing over restarts and compress well.
"""

from __future__ import annotations

EARLY_MS = 5
LATE_MS = 150
"""A sample taken this late still bears the point's time (1 % of 15 s, as Prometheus's timestamp tolerance)."""


def next_point(now_ms: int, interval_ms: int) -> int:
    """First point after `now_ms`."""
    return (now_ms // interval_ms + 1) * interval_ms


def snapped(now_ms: int, point_ms: int) -> int:
    """The timestamp for a reading meant for `point_ms` and begun at `now_ms`: the point itself when it was near."""
    return point_ms if -EARLY_MS <= now_ms - point_ms <= LATE_MS else now_ms
