"""Sentry's data categories: by what limits are set and outcomes are counted. An item's type is not its category."""

from __future__ import annotations

CATEGORIES = frozenset(
    {
        "default", "error", "transaction", "span", "security", "attachment", "session", "profile", "profile_chunk",
        "profile_duration", "profile_duration_ui", "profile_chunk_ui", "replay", "monitor", "feedback", "log_item",
        "log_byte", "trace_metric", "metric_bucket", "internal",
    }
)  # fmt: skip
