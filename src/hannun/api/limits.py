"""Every bound of the query side, in one place."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class ApiLimits:
    # The longest question that is read has 256 KiB, and percent signs may treble it.
    form_bytes_max: int = 1 * MIB
    form_fields_max: int = 1_000
    form_timeout_s: float = 15.0
    answer_bytes_max: int = 256 * MIB
    points_max: int = 11_000
    label_rows_max: int = 1_000_000
    exemplars_max: int = 100_000
    # /api/v1/notifications/live: each holds a connection open.
    live_max: int = 16
    # /api/hannun/v1/panels
    panel_queries_max: int = 100
    panel_points_max: int = 11_000
    panel_series_max: int = 1_000
    panel_values_max: int = 4_000_000
    # /api/hannun/v1/metrics
    metric_rows_max: int = 1_000
    overview_hosts_max: int = 200
