"""What pushed groups may hold together: all of it lies in memory and is stored again each interval."""

from __future__ import annotations

from dataclasses import dataclass

from hannun.wire.exposition_text import PageLimits


@dataclass(frozen=True, slots=True)
class PushLimits:
    groups_max: int = 10_000
    series_max: int = 200_000
    page: PageLimits = PageLimits(body_bytes_max=64 << 20, lines_max=100_000)
