"""A normalised event and its grouping -> the row that is stored."""

from __future__ import annotations

from typing import Any

import orjson

from hannun.model.event import Event, Grouping
from hannun.model.identity import Identity
from hannun.process.events.derived import handled_of, tags_of
from hannun.process.events.facts import EventFacts
from hannun.process.events.levels import level_of
from hannun.process.events.limits import MESSAGE, SYMBOL
from hannun.process.events.plain import shortened
from hannun.process.events.releases import release_name
from hannun.process.events.titles import blamed_frame, culprit_of, main_exception, one_line, title_of
from hannun.process.events.user import user_of
from hannun.process.identity import known

_NAME = 200
_VALUE = 1024


def to_event(event: dict[str, Any], facts: EventFacts, grouping: Grouping, *, service: str = "") -> Event:
    """`event` is what `normalise` returned. `service` names whom it speaks of when it does not say so itself."""
    which = grouping.main_exception
    exception = main_exception(event, which) or {}
    frame = blamed_frame(event, which) or {}
    trace = (event.get("contexts") or {}).get("trace")
    trace = trace if isinstance(trace, dict) else {}
    user = user_of(event)
    release = release_name(event.get("release", ""))
    return Event(
        id=event["event_id"],
        project=facts.project,
        ts_ms=round(event["timestamp"] * 1000),
        received_ms=facts.received_ms,
        kind=_kind(event),
        level=level_of(event["level"]),
        title=title_of(event, which),
        culprit=culprit_of(event, which),
        grouping=grouping,
        payload=orjson.dumps(event),
        identity=Identity(
            service=_service(event) or service,
            environment=event["environment"],
            host=known(event.get("server_name", ""))[:_NAME],
            release=release,
        ),
        dist=event.get("dist", ""),
        platform=event["platform"],
        logger=one_line(event.get("logger", ""), _NAME),
        transaction=one_line(event.get("transaction", ""), SYMBOL),
        error_type=one_line(exception.get("type") or "", SYMBOL),
        error_value=shortened((exception.get("value") or "")[:MESSAGE], _VALUE),
        filename=frame.get("filename") or frame.get("abs_path") or "",
        function=frame.get("function") or "",
        handled=handled_of(event),
        trace_id=trace.get("trace_id", ""),
        span_id=trace.get("span_id", ""),
        user=user,
        tags=tags_of(event, user, release, which),
    )


def _kind(event: dict[str, Any]) -> str:
    said: str = event["type"]
    if said != "error":
        return said
    return "error" if "exception" in event or "stacktrace" in event else "message" if "logentry" in event else "error"


def _service(event: dict[str, Any]) -> str:
    tags = event.get("tags", {})
    for name in ("service", "service_name", "service.name"):
        if found := known(tags.get(name, "")):
            return str(found)
    otel = (event.get("contexts") or {}).get("otel")
    resource = otel.get("resource") if isinstance(otel, dict) else None
    named = resource.get("service.name") if isinstance(resource, dict) else None
    return known(named)[:_NAME] if isinstance(named, str) else ""
