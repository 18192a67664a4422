"""What people do with issues: status, priority, assignee, marks, comments. Each act stands in the activity.

Merging and splitting stand in `merging.py`, deletion in `erase.py`. All run under the lock of the commits, so that no
count is written over by one that was read before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from hannun.model.errors import Conflict
from hannun.model.issue import Activity, Issue, IssueChange, IssueStatus, StatusDetails, Substatus
from hannun.model.text import Text
from hannun.model.time import Clock
from hannun.store.errors.accounts import activity_row, standing_columns, standing_of
from hannun.store.errors.family import EventFamily
from hannun.store.errors.lifecycle import Standing
from hannun.store.errors.releases import Releases
from hannun.store.errors.rows import IDS_PER_STATEMENT, activity_of, many
from hannun.store.meta.database import Database
from hannun.store.meta.issues import ACTIVITY, ISSUES, MARKS

VIEWER_LENGTH_MAX = 64
_OPEN = (Substatus.NEW, Substatus.ONGOING, Substatus.ESCALATING, Substatus.REGRESSED)
NOT_OF_STATUS = Text(
    en='an issue that is {status} cannot be "{substatus}"', ko='{status} 상태의 이슈는 "{substatus}"일 수 없습니다'
)


class Desk:
    """Blocks; safe from any thread."""

    def __init__(self, database: Database, family: EventFamily, releases: Releases, clock: Clock) -> None:
        self._database = database
        self._family = family
        self._releases = releases
        self._clock = clock

    def change(self, issues: Sequence[int], change: IssueChange, actor: str) -> Sequence[Issue]:
        """All of them or none. Raises NotFound, Conflict for a substatus that the status cannot have."""
        now_ms = self._clock.now_ms()
        with self._family.lock, self._database.writing() as connection:
            before = {issue.id: issue for issue in many(connection, issues, actor)}
            notes: list[dict[str, Any]] = []
            for issue in before.values():
                values = self._standing(connection, issue, change, now_ms, actor, notes)
                if change.assignee is not None and change.assignee != issue.assignee:
                    values["assignee"] = change.assignee
                    kind = "assigned" if change.assignee else "unassigned"
                    data = {"assignee": change.assignee or issue.assignee}
                    notes.append(activity_row(issue.id, now_ms, kind, data, actor))
                if values:
                    connection.execute(update(ISSUES).where(ISSUES.c.id == issue.id).values(**values))
            if notes:
                connection.execute(insert(ACTIVITY), notes)
            if change.bookmarked is not None or change.seen is not None:
                _mark(connection, list(before), actor[:VIEWER_LENGTH_MAX], change, now_ms)
            return many(connection, issues, actor)

    def comment(self, issue: int, text: str, actor: str) -> Activity:
        row = activity_row(issue, self._clock.now_ms(), "comment", {"text": text}, actor)
        with self._family.lock, self._database.writing() as connection:
            many(connection, [issue], actor)
            connection.execute(update(ISSUES).where(ISSUES.c.id == issue).values(comments=ISSUES.c.comments + 1))
            return activity_of(connection.execute(insert(ACTIVITY).values(**row).returning(*ACTIVITY.c)).one())

    def _standing(
        self,
        connection: Connection,
        issue: Issue,
        change: IssueChange,
        now_ms: int,
        actor: str,
        notes: list[dict[str, Any]],
    ) -> dict[str, Any]:
        """Columns to write for status and priority; what is to be told of them goes to `notes`."""
        row = connection.execute(select(ISSUES).where(ISSUES.c.id == issue.id)).one()
        standing = standing_of(row)
        if change.status is not None or change.substatus is not None:
            status = change.status or status_of(change.substatus, issue.status)
            details = self._details(connection, issue, status, change.details or StatusDetails(), now_ms)
            substatus = substatus_of(status, change.substatus, details, standing)
            after = replace(standing, status=status, substatus=substatus, details=details, since_ms=now_ms)
            if (after.status, after.substatus) != (standing.status, standing.substatus) or change.details is not None:
                notes.append(activity_row(issue.id, now_ms, status.value, _told(after), actor))
                standing = after
        if change.priority is not None and change.priority is not standing.priority:
            standing = replace(standing, priority=change.priority, by_hand=True)
            notes.append(activity_row(issue.id, now_ms, "priority", {"priority": change.priority.value}, actor))
        written = standing_columns(standing)
        return {name: value for name, value in written.items() if value != getattr(row, name)}

    def _details(
        self, connection: Connection, issue: Issue, status: IssueStatus, wanted: StatusDetails, now_ms: int
    ) -> StatusDetails:
        """Of what a person wanted, what this status knows, with what was known at this moment."""
        match status:
            case IssueStatus.RESOLVED:
                last = wanted.after_release
                if wanted.in_next_release and not last:
                    last = self._releases.newest(connection, issue.project)
                return StatusDetails(
                    in_next_release=wanted.in_next_release,
                    after_release=last if wanted.in_next_release else "",
                    in_release=wanted.in_release,
                    in_commit=wanted.in_commit,
                )
            case IssueStatus.ARCHIVED:
                return replace(
                    wanted,
                    in_next_release=False,
                    after_release="",
                    in_release="",
                    in_commit="",
                    since_events=issue.events,
                    since_users=issue.users,
                    since_ms=now_ms,
                )
            case _:
                return StatusDetails()


def status_of(substatus: Substatus | None, now: IssueStatus) -> IssueStatus:
    """The status that a substatus belongs to."""
    if substatus is None:
        return now
    return IssueStatus.UNRESOLVED if substatus in _OPEN else IssueStatus.ARCHIVED


def substatus_of(
    status: IssueStatus, wanted: Substatus | None, details: StatusDetails, before: Standing
) -> Substatus | None:
    """Raises Conflict for one that does not go with the status."""
    if status is IssueStatus.RESOLVED:
        return None
    if wanted is not None:
        if status_of(wanted, status) is not status:
            raise Conflict(NOT_OF_STATUS.with_(status=status.value, substatus=wanted.value))
        return wanted
    if status is IssueStatus.ARCHIVED:
        limits = (details.until_ms, details.until_events, details.until_users)
        return Substatus.UNTIL_CONDITION if any(limit is not None for limit in limits) else Substatus.FOREVER
    return before.substatus if before.status is status else Substatus.ONGOING


def _told(standing: Standing) -> dict[str, Any]:
    details = standing.details
    told: dict[str, Any] = {"substatus": standing.substatus.value} if standing.substatus is not None else {}
    for name in ("in_release", "in_commit", "until_ms", "until_events", "until_users", "window_ms"):
        if value := getattr(details, name):
            told[name] = value
    if details.in_next_release:
        told |= {"in_next_release": True, "after_release": details.after_release}
    return told


def _mark(connection: Connection, issues: Sequence[int], viewer: str, change: IssueChange, now_ms: int) -> None:
    values: dict[str, int | None] = {}
    if change.bookmarked is not None:
        values["bookmarked_ms"] = now_ms if change.bookmarked else None
    if change.seen is not None:
        values["seen_ms"] = now_ms if change.seen else None
    for at in range(0, len(issues), IDS_PER_STATEMENT):
        some = issues[at : at + IDS_PER_STATEMENT]
        own = (MARKS.c.viewer == viewer, MARKS.c.issue_id.in_(some))
        there = set(connection.execute(select(MARKS.c.issue_id).where(*own)).scalars())
        if there:
            connection.execute(update(MARKS).where(*own).values(**values))
        missing = [{"issue_id": issue, "viewer": viewer, **values} for issue in some if issue not in there]
        if missing:
            connection.execute(insert(MARKS), missing)
        connection.execute(delete(MARKS).where(*own, MARKS.c.bookmarked_ms.is_(None), MARKS.c.seen_ms.is_(None)))
