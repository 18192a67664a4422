"""Issues and what happened to them as Sentry's JSON. Counts are texts there, and stay so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from hannun.api.sentry.answers import iso
from hannun.api.sentry.backend import SentryBackend
from hannun.model.account import Project
from hannun.model.event import EVENT_LEVELS
from hannun.model.issue import Activity, Issue, IssueStatus, StatusDetails, TagShare

CATEGORIES = {"feedback": "feedback", "monitor": "cron"}
ACTIVITIES = {
    "first_seen": "first_seen",
    "resolved": "set_resolved",
    "unresolved": "set_unresolved",
    "archived": "set_ignored",
    "regressed": "set_regression",
    "escalating": "set_escalating",
    "assigned": "assigned",
    "unassigned": "unassigned",
    "priority": "set_priority",
    "comment": "note",
    "merged": "merge",
    "unmerged": "unmerge_source",
    "release": "release",
}


def issue_json(
    one: Issue, backend: SentryBackend, projects: Mapping[int, Project], stats: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    project = projects.get(one.project)
    slug = project.slug if project is not None else str(one.project)
    return {
        "id": str(one.id),
        "shareId": None,
        "shortId": one.short_id,
        "title": one.title,
        "culprit": one.culprit,
        "permalink": f"{backend.url}/errors/{quote(one.short_id)}",
        "logger": one.logger or None,
        "level": EVENT_LEVELS[one.level],
        "status": "ignored" if one.status is IssueStatus.ARCHIVED else one.status.value,
        "statusDetails": details_json(one.details),
        "substatus": None if one.substatus is None else one.substatus.value,
        "isPublic": False,
        "platform": one.platform,
        "project": {
            "id": str(one.project),
            "name": project.name if project is not None else slug,
            "slug": slug,
            "platform": None,
        },
        "type": "error" if one.kind == "error" else "default" if one.kind == "message" else one.kind,
        "metadata": metadata(one.title, one.error_type, one.error_value, one.filename, one.function),
        "numComments": one.comments,
        "assignedTo": actor_json(one.assignee),
        "isBookmarked": one.bookmarked,
        "isSubscribed": False,
        "subscriptionDetails": None,
        "hasSeen": one.seen,
        "annotations": [],
        "issueType": one.kind if one.kind in CATEGORIES else "error",
        "issueCategory": CATEGORIES.get(one.kind, "error"),
        "priority": one.priority.value,
        "priorityLockedAt": None,
        "isUnhandled": one.handled is False,
        "count": str(one.events),
        "userCount": one.users,
        "firstSeen": iso(one.first_seen_ms),
        "lastSeen": iso(one.last_seen_ms),
        **({} if stats is None else {"stats": dict(stats)}),
    }


def metadata(title: str, error_type: str, error_value: str, filename: str, function: str) -> dict[str, Any]:
    if not error_type:
        return {"title": title}
    return {
        "title": title,
        "type": error_type,
        "value": error_value,
        "filename": filename or None,
        "function": function or None,
    }


def details_json(details: StatusDetails) -> dict[str, Any]:
    """In Sentry's names; only what is set."""
    found: dict[str, Any] = {}
    if details.in_next_release:
        found["inNextRelease"] = True
    if details.in_release:
        found["inRelease"] = details.in_release
    if details.in_commit:
        repository, _, sha = details.in_commit.rpartition("@")
        found["inCommit"] = {"id": sha, "repository": repository or None}
    if details.until_ms is not None:
        found["ignoreUntil"] = iso(details.until_ms)
    if details.until_events is not None:
        found["ignoreCount"] = details.until_events
    if details.until_users is not None:
        found["ignoreUserCount"] = details.until_users
    if details.window_ms is not None:
        name = "ignoreUserWindow" if details.until_users is not None else "ignoreWindow"
        found[name] = details.window_ms // 60_000
    return found


def actor_json(assignee: str) -> dict[str, Any] | None:
    kind, _, name = assignee.partition(":")
    if not name:
        return None
    return {"type": kind, "id": name, "name": name} | ({"email": name} if kind == "user" else {})


def person_json(name: str) -> dict[str, Any] | None:
    return None if not name else {"id": name, "name": name, "username": name, "email": name if "@" in name else ""}


def activity_json(one: Activity) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "type": ACTIVITIES.get(one.kind, one.kind),
        "user": person_json(one.actor),
        "data": dict(one.data),
        "dateCreated": iso(one.at_ms),
    }


def tag_json(one: TagShare) -> dict[str, Any]:
    return {
        "key": one.key,
        "name": one.key,
        "totalValues": one.events,
        "uniqueValues": len(one.values),
        "topValues": values_json(one),
    }


def values_json(one: TagShare) -> list[dict[str, Any]]:
    return [
        {
            "key": one.key,
            "name": value.value,
            "value": value.value,
            "count": value.events,
            "firstSeen": iso(value.first_seen_ms),
            "lastSeen": iso(value.last_seen_ms),
        }
        for value in one.values
    ]


def bars_json(start_ms: int, step_ms: int, counts: Sequence[int]) -> list[list[int]]:
    """[[Unix seconds, events], …]."""
    return [[(start_ms + number * step_ms) // 1000, count] for number, count in enumerate(counts)]
