"""Release health: `session` items (one session as it stands) and `sessions` (minutes that a server counted)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hannun.model.errors import WireError
from hannun.model.sentry_items import SESSION_STATUSES, SessionCounts, SessionStatus, SessionUpdate
from hannun.wire.sentry import fields, ids
from hannun.wire.sentry.envelope import Item, time_ms
from hannun.wire.sentry.jsons import load_object

COUNT_MAX = 10**9


def session(item: Item, project: int, now_ms: int) -> SessionUpdate:
    """Raises WireError: without an id, a start or a release a session is no use."""
    found = load_object(item.payload, "session")
    sid = ids.uuid32(found.get("sid"))
    started_ms = time_ms(found.get("started"))
    release, environment = _attributes(found)
    if not sid or sid == ids.NIL or started_ms is None or not release:
        raise WireError("session: sid, started and attrs.release are needed")
    at_ms = time_ms(found.get("timestamp"))
    return SessionUpdate(
        project,
        sid,
        _status(found.get("status")),
        started_ms,
        now_ms if at_ms is None else at_ms,
        release,
        environment,
        init=found.get("init") is True,
        # Relay's rule: who counts nothing is ordered by the time at which it was sent.
        seq=fields.whole(found.get("seq"), 2**63) or (now_ms if at_ms is None else at_ms),
        errors=fields.whole(found.get("errors")) or 0,
        duration_s=_duration(found.get("duration")),
        user=_user(found),
        abnormal_mechanism=fields.text(found, "abnormal_mechanism"),
    )


def counts(item: Item, project: int, *, buckets_max: int) -> Iterator[SessionCounts]:
    """Raises WireError for more than `buckets_max` and for a missing release."""
    found = load_object(item.payload, "sessions")
    release, environment = _attributes(found)
    if not release:
        raise WireError("sessions: attrs.release is needed")
    buckets = fields.objects(found.get("aggregates"))
    if len(buckets) > buckets_max:
        raise WireError(f"sessions: {len(buckets)} aggregates; at most {buckets_max} are taken")
    for bucket in buckets:
        started_ms = time_ms(bucket.get("started"))
        if started_ms is None:
            raise WireError("sessions: an aggregate has no start")
        yield SessionCounts(
            project,
            started_ms,
            release,
            environment,
            _user(bucket),
            *(
                fields.whole(bucket.get(name), COUNT_MAX) or 0
                for name in ("exited", "errored", "abnormal", "crashed", "unhandled")
            ),
        )


def _status(value: Any) -> SessionStatus:
    """A word of a later day is a session that runs on, as in Relay."""
    return next((known for known in SESSION_STATUSES if known == value), "ok")


def _duration(value: Any) -> float | None:
    read = fields.number(value)
    return read if read is not None and 0 <= read < 10**9 else None


def _user(found: dict[str, Any]) -> str:
    return fields.text(found, "did")


def _attributes(found: dict[str, Any]) -> tuple[str, str]:
    told = fields.mapping(found.get("attrs"))
    return fields.text(told, "release"), fields.text(told, "environment", 64) or "production"
