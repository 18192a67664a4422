"""The transaction that follows each INSERT of events: new issues, hashes, counts, life cycle, releases, watermark.

Everything is written from values that were read in the same transaction, under the lock of the commits, so counts are
exact. The watermark goes with it: a stop between the INSERT and this transaction is made good from the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from hannun.model.event import Event
from hannun.model.issue import IssueStatus, Priority, Substatus
from hannun.store.engine.port import Engine
from hannun.store.errors import lifecycle
from hannun.store.errors.directory import HashDirectory
from hannun.store.errors.lifecycle import News, Standing, Turn
from hannun.store.errors.releases import Releases, seen_of
from hannun.store.errors.tally import Tally, tallied
from hannun.store.errors.users import IssueUsers
from hannun.store.meta.database import Database
from hannun.store.meta.issues import (
    ACTIVITY,
    COUNTERS,
    HASHES,
    ISSUES,
    MARKS,
    PRIORITIES,
    PROGRESS,
    read_details,
    write_data,
    write_details,
)

IDS_PER_STATEMENT = 500
_TOUCHED = (
    *("id", "events", "users", "first_seen_ms", "last_seen_ms", "first_release", "last_release", "last_release_ms"),
    *("status", "substatus", "substatus_ms", "details", "priority", "priority_by_hand"),
    *("title", "culprit", "kind", "level", "platform", "logger", "error_type", "error_value", "filename", "function"),
    "handled",
)
_WRITTEN = ("until_ms", *(name for name in _TOUCHED if name != "id"))
_SELECT = select(*(ISSUES.c[name] for name in _TOUCHED))
_UPDATE = update(ISSUES).where(ISSUES.c.id == bindparam("of_id")).values({name: bindparam(name) for name in _WRITTEN})


class Accounts:
    """Used under the lock of the commits."""

    def __init__(self, engine: Engine, database: Database, directory: HashDirectory) -> None:
        self.database = database
        self.directory = directory
        self.releases = Releases()
        self.users = IssueUsers(engine, directory)

    def watermark(self) -> int:
        with self.database.reading() as connection:
            return int(connection.execute(select(PROGRESS.c.stored_ms)).scalar_one())

    def settle(self, events: Sequence[Event], stored_ms: int, now_ms: int) -> set[int]:
        """Count these events, which were stored at `stored_ms`; the issues they went to. On an error nothing is."""
        tallies = tallied(events, self.directory.find)
        # Nobody else changes issues meanwhile: who does holds the lock of the commits.
        before = self._before([tally.issue for tally in tallies if tally.issue > 0])
        users = self.users.count(
            {tally.issue: tally.users for tally in tallies if tally.issue > 0},
            {issue: row.users for issue, row in before.items()},
        )
        try:
            with self.database.writing() as connection:
                self._note_releases(connection, events)
                made = self._make(connection, [tally for tally in tallies if tally.issue < 0], now_ms)
                known = [tally for tally in tallies if tally.issue > 0]
                self._update(connection, known, before, users, now_ms)
                attached = [
                    (tally.project, hash_, made.get(tally.issue, tally.issue))
                    for tally in tallies
                    for hash_ in tally.hashes
                ]
                if attached:
                    rows = [
                        {"project_id": project, "hash": hash_, "issue_id": issue} for project, hash_, issue in attached
                    ]
                    connection.execute(insert(HASHES), rows)
                connection.execute(update(PROGRESS).values(stored_ms=stored_ms))
        except BaseException:
            self.releases.forget()
            self.users.forget([tally.issue for tally in tallies])
            raise
        self.directory.add(attached)
        new = {made[tally.issue]: tally.users for tally in tallies if tally.issue < 0}
        self.users.count(new, dict.fromkeys(new, 0))
        return {made.get(tally.issue, tally.issue) for tally in tallies}

    def _note_releases(self, connection: Connection, events: Sequence[Event]) -> None:
        self.releases.note(
            connection, seen_of((event.project, event.identity.release, event.ts_ms) for event in events)
        )

    def _make(self, connection: Connection, tallies: Sequence[Tally], now_ms: int) -> dict[int, int]:
        """Rows of new issues; the id of each by its place-holder."""
        made: dict[int, int] = {}
        for project in dict.fromkeys(tally.project for tally in tallies):
            own = [tally for tally in tallies if tally.project == project]
            first = take_numbers(connection, project, len(own))
            rows = [_new_row(tally, first + i, now_ms) for i, tally in enumerate(own)]
            statement = insert(ISSUES).returning(ISSUES.c.id, sort_by_parameter_order=True)
            ids = connection.execute(statement, rows).scalars().all()
            made.update(zip((tally.issue for tally in own), ids, strict=True))
        if made:
            note = [activity_row(made[tally.issue], tally.first.ts_ms, "first_seen", {}) for tally in tallies]
            connection.execute(insert(ACTIVITY), note)
        return made

    def _before(self, issues: Sequence[int]) -> dict[int, Any]:
        """The rows of known issues."""
        before: dict[int, Any] = {}
        with self.database.reading() as connection:
            for at in range(0, len(issues), IDS_PER_STATEMENT):
                some = _SELECT.where(ISSUES.c.id.in_(issues[at : at + IDS_PER_STATEMENT]))
                before.update({row.id: row for row in connection.execute(some)})
        return before

    def _update(
        self,
        connection: Connection,
        tallies: Sequence[Tally],
        before: dict[int, Any],
        users: dict[int, int],
        now_ms: int,
    ) -> None:
        rows, turned = [], []
        for tally in tallies:
            row = before.get(tally.issue)
            if row is None:
                continue  # Only a meta store that was put back to an older state loses an issue that has hashes.
            events = row.events + tally.events
            count = users.get(tally.issue, row.users)
            news = News(now_ms, tally.releases, events, count)
            turn = lifecycle.on_news(standing_of(row), news, self._order(connection, tally.project))
            if turn is not None:
                turned.append((tally, turn))
            rows.append(_updated(row, tally, events, count, turn))
        if rows:
            connection.execute(_UPDATE, rows)
        if turned:
            note = [activity_row(tally.issue, now_ms, turn.kind, _data(tally, turn)) for tally, turn in turned]
            connection.execute(insert(ACTIVITY), note)
            unseen(connection, [tally.issue for tally, turn in turned])

    def _order(self, connection: Connection, project: int) -> lifecycle.NotLater:
        return lambda release, bound: self.releases.not_later(connection, project, release, bound)


def take_numbers(connection: Connection, project: int, count: int) -> int:
    """The first of `count` new numbers of a project's issues."""
    grown = update(COUNTERS).where(COUNTERS.c.project_id == project).values(last=COUNTERS.c.last + count)
    last = connection.execute(grown.returning(COUNTERS.c.last)).scalar_one_or_none()
    if last is None:
        connection.execute(insert(COUNTERS).values(project_id=project, last=count))
        last = count
    return int(last) - count + 1


def standing_of(row: Any) -> Standing:
    return Standing(
        IssueStatus(row.status),
        None if row.substatus is None else Substatus(row.substatus),
        read_details(row.details),
        PRIORITIES[row.priority],
        bool(row.priority_by_hand),
        row.substatus_ms,
    )


def standing_columns(standing: Standing) -> dict[str, Any]:
    return {
        "status": standing.status.value,
        "substatus": None if standing.substatus is None else standing.substatus.value,
        "substatus_ms": standing.since_ms,
        "details": write_details(standing.details),
        "until_ms": standing.details.until_ms if standing.status is IssueStatus.ARCHIVED else None,
        "priority": rank(standing.priority),
        "priority_by_hand": int(standing.by_hand),
    }


def rank(priority: Priority) -> int:
    return PRIORITIES.index(priority)


def unseen(connection: Connection, issues: Sequence[int]) -> None:
    """They came back: whoever had looked at them has to look again."""
    for at in range(0, len(issues), IDS_PER_STATEMENT):
        some = MARKS.c.issue_id.in_(issues[at : at + IDS_PER_STATEMENT])
        connection.execute(update(MARKS).where(some).values(seen_ms=None))
        connection.execute(delete(MARKS).where(some, MARKS.c.bookmarked_ms.is_(None)))


def activity_row(issue: int, at_ms: int, kind: str, data: dict[str, Any], actor: str = "") -> dict[str, Any]:
    return {"issue_id": issue, "at_ms": at_ms, "kind": kind, "actor": actor, "data": write_data(data)}


def _data(tally: Tally, turn: Turn) -> dict[str, Any]:
    return {**turn.data, "event": tally.last.id}


def told_columns(event: Event) -> dict[str, Any]:
    """What an issue shows of its latest event."""
    return {
        "title": event.title,
        "culprit": event.culprit,
        "kind": event.kind,
        "level": event.level,
        "platform": event.platform,
        "logger": event.logger,
        "error_type": event.error_type,
        "error_value": event.error_value,
        "filename": event.filename,
        "function": event.function,
        "handled": None if event.handled is None else int(event.handled),
    }


def _new_row(tally: Tally, number: int, now_ms: int) -> dict[str, Any]:
    return {
        **told_columns(tally.last),
        **standing_columns(lifecycle.first_standing(tally.first, now_ms)),
        "project_id": tally.project,
        "number": number,
        "first_seen_ms": tally.first.ts_ms,
        "last_seen_ms": tally.last.ts_ms,
        "first_release": tally.first_release,
        "last_release": tally.last_release,
        "last_release_ms": tally.last_release_ms,
        "events": tally.events,
        "users": len(tally.users),
        "assignee": "",
        "comments": 0,
    }


def _updated(row: Any, tally: Tally, events: int, users: int, turn: Turn | None) -> dict[str, Any]:
    newer = tally.last.ts_ms >= row.last_seen_ms
    values = {name: getattr(row, name) for name in _TOUCHED if name != "id"}
    values |= told_columns(tally.last) if newer else {}
    values["until_ms"] = read_details(row.details).until_ms if row.status == IssueStatus.ARCHIVED.value else None
    values |= standing_columns(turn.standing) if turn is not None else {}
    values["first_seen_ms"] = min(row.first_seen_ms, tally.first.ts_ms)
    if tally.first_release and (not row.first_release or tally.first_release_ms < row.first_seen_ms):
        values["first_release"] = tally.first_release
    if tally.last_release and tally.last_release_ms >= row.last_release_ms:
        values["last_release"], values["last_release_ms"] = tally.last_release, tally.last_release_ms
    last_seen_ms = max(row.last_seen_ms, tally.last.ts_ms)
    return {**values, "of_id": row.id, "events": events, "users": max(users, row.users), "last_seen_ms": last_seen_ms}
