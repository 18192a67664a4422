"""What becomes of a monitor by a check-in, and by time alone. Pure: the schedule's next moment is an argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hannun.model.monitor import (
    FAILURE_THRESHOLD,
    MARGIN_MIN,
    MAX_RUNTIME_MIN,
    RECOVERY_THRESHOLD,
    FailureKind,
    Standing,
)
from hannun.model.sentry_items import CheckIn, MonitorConfig

MINUTE_MS = 60_000
Next = Callable[[int], "int | None"]


def on_check_in(standing: Standing, word: CheckIn, config: MonitorConfig | None, next_due: Next) -> Standing:
    """`word.id` is not empty. The same word sent again right after changes nothing."""
    if (word.id, word.status) == (standing.last_id, standing.last_status):
        return standing
    told = replace(standing, last_id=word.id, last_status=word.status, last_ms=max(standing.last_ms, word.at_ms))
    if word.status == "in_progress":
        return replace(told, open_id=word.id, open_ms=word.at_ms, due_ms=next_due(word.at_ms))
    if told.open_id == word.id:
        # What was due when it began has come; the next one is due after its beginning, not after its end.
        told = replace(told, open_id="", open_ms=0)
    else:
        told = replace(told, due_ms=next_due(word.at_ms))
    return _succeeded(told, config) if word.status == "ok" else failed(told, "error", config)


def missed(standing: Standing, config: MonitorConfig | None, now_ms: int) -> bool:
    """Whether a check-in did not come in time."""
    margin_min = MARGIN_MIN if config is None or config.margin_min is None else config.margin_min
    return standing.due_ms is not None and now_ms > standing.due_ms + max(margin_min, 1) * MINUTE_MS


def timed_out(standing: Standing, config: MonitorConfig | None, now_ms: int) -> bool:
    """Whether the check-in that runs takes too long."""
    most_min = MAX_RUNTIME_MIN if config is None or config.max_runtime_min is None else config.max_runtime_min
    return bool(standing.open_id) and now_ms > standing.open_ms + max(most_min, 1) * MINUTE_MS


def failed(standing: Standing, kind: FailureKind, config: MonitorConfig | None) -> Standing:
    failures = standing.failures + 1
    threshold = (config.failure_threshold if config else None) or FAILURE_THRESHOLD
    failing = standing.failing or failures >= threshold
    return replace(standing, health=kind, failures=failures, successes=0, failing=failing)


def _succeeded(standing: Standing, config: MonitorConfig | None) -> Standing:
    successes = standing.successes + 1
    threshold = (config.recovery_threshold if config else None) or RECOVERY_THRESHOLD
    failing = standing.failing and successes < threshold
    return replace(standing, health="ok", failures=0, successes=successes, failing=failing)
