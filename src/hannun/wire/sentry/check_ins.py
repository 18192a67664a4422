"""Check-ins of cron jobs: `check_in` items, and the address that a crontab calls with curl."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hannun.model.errors import WireError
from hannun.model.sentry_items import (
    CHECK_IN_STATUSES,
    INTERVAL_UNITS,
    CheckIn,
    CheckInStatus,
    Crontab,
    Interval,
    MonitorConfig,
)
from hannun.wire.sentry import fields, ids
from hannun.wire.sentry.jsons import Payload, dumped, load_object

SLUG_LENGTH_MAX = 50
_NOT_IN_SLUG = re.compile(r"[^a-z0-9_-]+")


def decode(payload: Payload, project: int, now_ms: int) -> CheckIn:
    """Raises WireError."""
    return of(load_object(payload, "check_in"), project, now_ms)


def of_url(slug: str, query: Mapping[str, str], body: bytes) -> bytes:
    """A call of `/api/{project}/cron/{slug}/{key}/` as the payload of an item: a body may add what parameters do not
    say. Raises WireError.
    """
    told = load_object(body, "check_in") if body.strip() else {}
    names = ("status", "check_in_id", "environment", "duration", "release")
    named = {name: query[name] for name in names if query.get(name)}
    # A bare call says that the job ran.
    return dumped({"status": "ok", **told, **named, "monitor_slug": slug}).encode()


def of(found: Mapping[str, Any], project: int, now_ms: int) -> CheckIn:
    slug = slug_of(found.get("monitor_slug"))
    if not slug:
        raise WireError("check_in: monitor_slug is needed")
    check_in_id = ids.uuid32(found.get("check_in_id"))
    if found.get("check_in_id") and not check_in_id:
        raise WireError("check_in: check_in_id is no UUID")
    duration = fields.number(found.get("duration"))
    trace = fields.mapping(fields.mapping(found.get("contexts")).get("trace"))
    return CheckIn(
        project,
        slug,
        _status(found.get("status")),
        now_ms,
        "" if check_in_id == ids.NIL else check_in_id,
        fields.text(found, "environment", 64) or "production",
        fields.text(found, "release"),
        duration if duration is not None and 0 <= duration < 10**9 else None,
        config(found.get("monitor_config")),
        ids.event_id(trace.get("trace_id")),
    )


def slug_of(value: Any) -> str:
    """As Sentry makes it: lower case, other signs are dashes, at most 50."""
    return _NOT_IN_SLUG.sub("-", value.lower()).strip("-")[:SLUG_LENGTH_MAX] if isinstance(value, str) else ""


def config(value: Any) -> MonitorConfig | None:
    """None when there is none, or when its schedule cannot be read: the check-in counts all the same."""
    told = fields.mapping(value)
    schedule = _schedule(fields.mapping(told.get("schedule")))
    if schedule is None:
        return None
    return MonitorConfig(
        schedule,
        fields.whole(told.get("checkin_margin"), 40_320),
        fields.whole(told.get("max_runtime"), 40_320),
        fields.text(told, "timezone", 64),
        fields.whole(told.get("failure_issue_threshold"), 720),
        fields.whole(told.get("recovery_threshold"), 720),
        fields.text(told, "owner"),
    )


def _schedule(told: Mapping[str, Any]) -> Crontab | Interval | None:
    value = told.get("value")
    match told.get("type"):
        case "crontab" if isinstance(value, str) and value.strip():
            return Crontab(value.strip()[:200])
        case "interval":
            every = fields.whole(value, 100_000)
            unit = next((known for known in INTERVAL_UNITS if known == told.get("unit")), None)
            return Interval(every, unit) if every and unit else None
        case _:
            return None


def _status(value: Any) -> CheckInStatus:
    status = next((known for known in CHECK_IN_STATUSES if known == value), None)
    if status is None:
        raise WireError("check_in: status is one of in_progress, ok, error")
    return status
