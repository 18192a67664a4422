"""Issues and what belongs to them as JSON."""

from __future__ import annotations

from typing import Any

from hannun.model.event import EVENT_LEVELS
from hannun.model.issue import Activity, Issue, StatusDetails, TagShare


def issue_json(one: Issue) -> dict[str, Any]:
    return {
        "id": one.id,
        "project": one.project,
        "short_id": one.short_id,
        "title": one.title,
        "culprit": one.culprit,
        "kind": one.kind,
        "level": EVENT_LEVELS[one.level],
        "platform": one.platform,
        "logger": one.logger,
        "error_type": one.error_type,
        "error_value": one.error_value,
        "filename": one.filename,
        "function": one.function,
        "handled": one.handled,
        "status": one.status.value,
        "substatus": one.substatus.value if one.substatus else None,
        "details": details_json(one.details),
        "priority": one.priority.value,
        "first_seen_ms": one.first_seen_ms,
        "last_seen_ms": one.last_seen_ms,
        "first_release": one.first_release,
        "last_release": one.last_release,
        "events": one.events,
        "users": one.users,
        "assignee": one.assignee,
        "comments": one.comments,
        "bookmarked": one.bookmarked,
        "seen": one.seen,
    }


def details_json(details: StatusDetails) -> dict[str, Any]:
    """Only what is set."""
    found = {
        "in_next_release": details.in_next_release or None,
        "after_release": details.after_release or None,
        "in_release": details.in_release or None,
        "in_commit": details.in_commit or None,
        "until_ms": details.until_ms,
        "until_events": details.until_events,
        "until_users": details.until_users,
        "window_ms": details.window_ms,
    }
    return {name: value for name, value in found.items() if value is not None}


def activity_json(one: Activity) -> dict[str, Any]:
    return {"id": one.id, "at_ms": one.at_ms, "kind": one.kind, "actor": one.actor, "data": dict(one.data)}


def tag_json(one: TagShare) -> dict[str, Any]:
    return {
        "key": one.key,
        "events": one.events,
        "of_events": one.of_events,
        "values": [
            {
                "value": value.value,
                "events": value.events,
                "first_seen_ms": value.first_seen_ms,
                "last_seen_ms": value.last_seen_ms,
            }
            for value in one.values
        ],
    }
