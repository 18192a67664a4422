"""How an issue changes by itself: pure rules from what is known to what it is from now on.

They follow Sentry's: a new event brings a resolved issue back unless its release is one in which the error was still
to be expected; archived ones wake when their condition is met or when they escalate; new ones become ongoing in a week.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hannun.model.event import ERROR, EVENT_LEVELS, Event
from hannun.model.issue import IssueStatus, Priority, StatusDetails, Substatus
from hannun.model.release import is_release

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
SETTLES_AFTER_MS = 7 * DAY_MS
ESCALATING_FACTOR = 10
ESCALATING_FLOOR = 10
"""Events in an hour below which nothing escalates, however quiet it was before."""
HISTORY_HOURS = 7 * 24
WARNING = EVENT_LEVELS.index("warning")

NotLater = Callable[[str, str], bool]
"""Whether the first release comes before the second or is the same."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What of an issue the rules go by. `since_ms` is when it came to its substatus."""

    status: IssueStatus
    substatus: Substatus | None
    details: StatusDetails
    priority: Priority
    by_hand: bool = False
    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """What a group of events brings an issue. `releases`: that of each, once; `events` and `users` count all so far."""

    at_ms: int
    releases: Sequence[str]
    events: int
    users: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of it: the new standing, and how the activity tells it."""

    standing: Standing
    kind: str
    data: dict[str, Any] = field(default_factory=dict)


def first_standing(event: Event, now_ms: int) -> Standing:
    return Standing(IssueStatus.UNRESOLVED, Substatus.NEW, StatusDetails(), first_priority(event), since_ms=now_ms)


def first_priority(event: Event) -> Priority:
    """Fatal, or an error that nobody caught: high. Errors that were handled and warnings: medium."""
    if event.level > ERROR or (event.level == ERROR and event.handled is not True):
        return Priority.HIGH
    return Priority.MEDIUM if event.level >= WARNING else Priority.LOW


def on_news(before: Standing, news: News, not_later: NotLater) -> Turn | None:
    """None: events came and nothing else changes."""
    match before.status:
        case IssueStatus.RESOLVED:
            return _regression(before, news, not_later)
        case IssueStatus.ARCHIVED:
            return _condition_met(before, news)
        case _:
            return None


def still_resolved(details: StatusDetails, release: str, not_later: NotLater) -> bool:
    """Whether an event of this release leaves the issue resolved. An event without a release tells nothing new."""
    bound = details.in_release or (details.after_release if details.in_next_release else "")
    if not bound and not details.in_next_release:
        return False
    if not is_release(release):
        return True
    return bool(bound) and not_later(release, bound)


def on_time(before: Standing, now_ms: int) -> Turn | None:
    """What the clock alone changes."""
    if before.status is IssueStatus.ARCHIVED:
        until_ms = before.details.until_ms
        return _woken(before, now_ms, "time") if until_ms is not None and until_ms <= now_ms else None
    settling = before.substatus in (Substatus.NEW, Substatus.REGRESSED, Substatus.ESCALATING)
    if before.status is IssueStatus.UNRESOLVED and settling and before.since_ms + SETTLES_AFTER_MS <= now_ms:
        return Turn(replace(before, substatus=Substatus.ONGOING, since_ms=now_ms), "")
    return None


def escalates(hours: Sequence[int], this_hour: int) -> bool:
    """`hours`: events of each hour of the seven days before this one (fewer for a younger issue)."""
    mean = sum(hours) / max(len(hours), 1)
    return this_hour > max(ESCALATING_FACTOR * mean, ESCALATING_FLOOR)


def on_escalation(before: Standing, now_ms: int) -> Turn:
    priority = before.priority if before.by_hand else Priority.HIGH
    after = Standing(
        IssueStatus.UNRESOLVED, Substatus.ESCALATING, StatusDetails(), priority, before.by_hand, since_ms=now_ms
    )
    return Turn(after, "escalating")


def on_window(before: Standing, events: int, users: int, now_ms: int) -> Turn | None:
    """`events` and `users` of the last `window_ms` (and not before it was archived)."""
    return _woken(before, now_ms, "count") if _reached(before.details, events, users) else None


def _regression(before: Standing, news: News, not_later: NotLater) -> Turn | None:
    for release in news.releases:
        if not still_resolved(before.details, release, not_later):
            after = replace(
                before,
                status=IssueStatus.UNRESOLVED,
                substatus=Substatus.REGRESSED,
                details=StatusDetails(),
                since_ms=news.at_ms,
            )
            return Turn(after, "regressed", {"release": release} if release else {})
    return None


def _condition_met(before: Standing, news: News) -> Turn | None:
    details = before.details
    if details.until_ms is not None and details.until_ms <= news.at_ms:
        return _woken(before, news.at_ms, "time")
    if details.window_ms is None and _reached(
        details, news.events - details.since_events, news.users - details.since_users
    ):
        return _woken(before, news.at_ms, "count")
    return None


def _reached(details: StatusDetails, events: int, users: int) -> bool:
    return (details.until_events is not None and events >= details.until_events) or (
        details.until_users is not None and users >= details.until_users
    )


def _woken(before: Standing, now_ms: int, why: str) -> Turn:
    after = replace(
        before, status=IssueStatus.UNRESOLVED, substatus=Substatus.ONGOING, details=StatusDetails(), since_ms=now_ms
    )
    return Turn(after, "unresolved", {"reason": why})
