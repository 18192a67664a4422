"""Sentry's search language for issues, parsed: terms that must all hold. `query/issue_search` reads the text.

Values hold `*` for any characters; `\\*` is a star and `\\\\` a backslash. Times are Unix milliseconds, resolved:
`age:-24h` arrives as `Compare("age", ">=", (now - 24 h,))`. `me` is resolved too, to `user:NAME`.
"""

from __future__ import annotations

from dataclasses import dataclass

STATES = frozenset(
    {
        "unresolved",
        "resolved",
        "archived",
        "ignored",
        "assigned",
        "unassigned",
        "for_review",
        "linked",
        "unlinked",
        "new",
        "ongoing",
        "escalating",
        "regressed",
        "unhandled",
        "handled",
    }
)
"""What `is:` knows; `linked` is to an issue of another tracker."""

DATE_KEYS = frozenset(("age", "firstSeen", "lastSeen", "timestamp"))
"""Their values are Unix milliseconds. `age` asks when the issue was first seen: `age:-24h` is younger than a day."""

NUMBER_KEYS = frozenset(("timesSeen", "userCount"))

ISSUE_KEYS = frozenset(
    {
        "age",
        "firstSeen",
        "lastSeen",
        "timesSeen",
        "userCount",
        "is",
        "message",
        "title",
        "culprit",
        "assigned",
        "assigned_or_suggested",
        "bookmarks",
        "issue",
        "issue.priority",
        "issue.category",
        "issue.type",
        "firstRelease",
        "project",
        "project.id",
    }
)
"""Keys that the issue itself answers; every other key asks its events, and a key of no fixed meaning is a tag."""

EVENT_KEYS = frozenset(
    {
        "level",
        "release",
        "release.package",
        "release.version",
        "release.build",
        "environment",
        "dist",
        "platform.name",
        "logger",
        "transaction",
        "error.type",
        "error.value",
        "error.handled",
        "error.unhandled",
        "stack.filename",
        "stack.function",
        "user",
        "user.id",
        "user.email",
        "user.username",
        "user.ip",
        "id",
        "trace",
        "span",
        "server_name",
        "service",
        "event.type",
        "timestamp",
    }
)
"""Keys that a column of the events answers."""

ALIASES = {
    "first_seen": "firstSeen",
    "first-seen": "firstSeen",
    "last_seen": "lastSeen",
    "last-seen": "lastSeen",
    "times_seen": "timesSeen",
    "first-release": "firstRelease",
    "first_release": "firstRelease",
    "bookmarked": "bookmarks",
    "priority": "issue.priority",
    "event.timestamp": "timestamp",
    "event.id": "id",
    "platform": "platform.name",
    "filename": "stack.filename",
    "user.name": "user.username",
    "user.ip_address": "user.ip",
    "environment.name": "environment",
    "host": "server_name",
    "trace_id": "trace",
    "trace.id": "trace",
    "short_id": "issue",
    "issue.id": "issue",
}


def canonical(key: str) -> str:
    """The one name under which the other tables of this file know a key; `tags[x]` is `x`, asked as a tag."""
    return ALIASES.get(key, key)


@dataclass(frozen=True, slots=True)
class Compare:
    """`key` (canonical) against any of `values`; `op` is = > >= < <=, and of more than one value always =.

    `tag`: it was written `tags[key]`, so only tags are asked, whatever else the key means.
    """

    key: str
    op: str
    values: tuple[str | int, ...]
    negated: bool = False
    tag: bool = False


@dataclass(frozen=True, slots=True)
class Has:
    """The key has a value that is not empty."""

    key: str
    negated: bool = False
    tag: bool = False


@dataclass(frozen=True, slots=True)
class FreeText:
    """Words beside the terms: somewhere in title, message or culprit, whatever the case."""

    text: str
    negated: bool = False


SearchTerm = Compare | Has | FreeText

UNRESOLVED = Compare("is", "=", ("unresolved",))
