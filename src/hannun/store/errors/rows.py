"""Rows of issues out of the meta store: one, many, their activity and hashes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from hannun.model.errors import NotFound
from hannun.model.issue import Activity, Issue
from hannun.model.text import Text
from hannun.store.meta.database import Database
from hannun.store.meta.issues import ACTIVITY, HASHES, ISSUES, MARKS, REDIRECTS, issue_of, read_short_id
from hannun.store.meta.projects import PROJECTS

IDS_PER_STATEMENT = 500
NO_ISSUE = Text(en="there is no issue {issue}", ko="이슈 {issue}: 없는 이슈입니다")


class IssueRows:
    """Blocks; safe from any thread."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def one(self, issue: int, viewer: str) -> Issue:
        """Also by the number that it had before it was merged into another. Raises NotFound."""
        with self.database.reading() as connection:
            merged = connection.execute(
                select(REDIRECTS.c.issue_id).where(REDIRECTS.c.id == issue)
            ).scalar_one_or_none()
            return many(connection, [issue if merged is None else merged], viewer)[0]

    def those(self, issues: Sequence[int], viewer: str) -> list[Issue]:
        """In the order given; those that are gone are left out."""
        with self.database.reading() as connection:
            return many(connection, issues, viewer, missing_ok=True)

    def by_short_id(self, text: str, viewer: str) -> Issue:
        read = read_short_id(text)
        if read is None:
            raise NotFound(NO_ISSUE.with_(issue=text))
        with self.database.reading() as connection:
            of_slug = select(PROJECTS.c.id).where(PROJECTS.c.slug == read[0])
            numbered = select(ISSUES.c.id).where(ISSUES.c.project_id.in_(of_slug), ISSUES.c.number == read[1])
            found = connection.execute(numbered).scalar_one_or_none()
            if found is None:
                merged = (REDIRECTS.c.project_id.in_(of_slug), REDIRECTS.c.number == read[1])
                found = connection.execute(select(REDIRECTS.c.issue_id).where(*merged)).scalar_one_or_none()
            if found is None:
                raise NotFound(NO_ISSUE.with_(issue=text))
            return many(connection, [found], viewer)[0]

    def activity(self, issue: int, limit: int) -> list[Activity]:
        newest = select(ACTIVITY).where(ACTIVITY.c.issue_id == issue)
        newest = newest.order_by(ACTIVITY.c.at_ms.desc(), ACTIVITY.c.id.desc()).limit(limit)
        with self.database.reading() as connection:
            return [activity_of(row) for row in connection.execute(newest)]

    def hashes(self, issue: int) -> list[str]:
        own = select(HASHES.c.hash).where(HASHES.c.issue_id == issue).order_by(HASHES.c.hash)
        with self.database.reading() as connection:
            return list(connection.execute(own).scalars())


def many(connection: Connection, issues: Sequence[int], viewer: str, *, missing_ok: bool = False) -> list[Issue]:
    """In the order given. Raises NotFound for one that is not there, unless `missing_ok`."""
    rows: dict[int, Row[Any]] = {}
    marks: dict[int, tuple[bool, bool]] = {}
    for at in range(0, len(issues), IDS_PER_STATEMENT):
        some = issues[at : at + IDS_PER_STATEMENT]
        rows.update({row.id: row for row in connection.execute(select(ISSUES).where(ISSUES.c.id.in_(some)))})
        own = select(MARKS).where(MARKS.c.issue_id.in_(some), MARKS.c.viewer == viewer)
        for mark in connection.execute(own):
            marks[mark.issue_id] = (mark.bookmarked_ms is not None, mark.seen_ms is not None)
    slugs = slugs_of(connection)
    found = []
    for issue in issues:
        row = rows.get(issue)
        if row is not None:
            found.append(issue_of(row, slug_of(slugs, row.project_id), marks.get(issue, (False, False))))
        elif not missing_ok:
            raise NotFound(NO_ISSUE.with_(issue=issue))
    return found


def slugs_of(connection: Connection) -> dict[int, str]:
    return {row.id: row.slug for row in connection.execute(select(PROJECTS.c.id, PROJECTS.c.slug))}


def slug_of(slugs: dict[int, str], project: int) -> str:
    return slugs.get(project, f"project{project}")


def activity_of(row: Any) -> Activity:
    return Activity(row.id, row.issue_id, row.at_ms, row.kind, row.actor, json.loads(row.data))
