"""A failed check-in as an error event: it goes the road of all events, so rules, tags and pages hold for it, too."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from hannun.model.event import Event
from hannun.model.monitor import MonitorFailure
from hannun.model.project import DEFAULTS, InboundFilters, ProjectOptions
from hannun.process.events.facts import EventFacts
from hannun.process.events.take import take

_WHAT = {
    "error": "the job reported an error",
    "missed": "no check-in came in time",
    "timeout": "the job ran longer than it may",
}


def event_of(failure: MonitorFailure, options: ProjectOptions = DEFAULTS) -> Event:
    """The same failure is always the same event id, so writing it twice counts once. One issue for each environment."""
    expected = None if failure.expected_ms is None else failure.expected_ms / 1000
    monitor = {
        "slug": failure.monitor,
        "status": failure.kind,
        "check_in_id": failure.check_in_id,
        "failures_in_a_row": failure.failures,
        "expected": expected,
    }
    raw: dict[str, Any] = {
        "event_id": event_id(failure),
        "timestamp": failure.at_ms / 1000,
        "level": "error",
        "platform": "other",
        "logger": "monitors",
        "environment": failure.environment,
        "release": failure.release or None,
        "logentry": {"formatted": f"Cron failure: {failure.monitor}\n{_WHAT[failure.kind]}"},
        "fingerprint": ["cron monitor", str(failure.project), failure.monitor, failure.environment],
        "tags": {"monitor.slug": failure.monitor, "monitor.status": failure.kind},
        "contexts": {"monitor": {name: value for name, value in monitor.items() if value is not None}},
    }
    if failure.trace_id:
        raw["contexts"]["trace"] = {"trace_id": failure.trace_id, "span_id": failure.check_in_id[:16]}
    # What a project filters on arrival is what strangers send; this is our own word.
    made = take(raw, EventFacts(failure.project, failure.at_ms), replace(options, filters=_NO_FILTERS))
    assert isinstance(made, Event), "an event without filters is not filtered"
    return replace(made, kind="monitor")


def event_id(failure: MonitorFailure) -> str:
    told = (failure.project, failure.monitor, failure.environment, failure.kind, failure.check_in_id)
    return hashlib.md5("\0".join(map(str, told)).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


_NO_FILTERS = InboundFilters(web_crawlers=False, health_checks=False, react_hydration=False, chunk_load_error=False)
