"""The tables of issues: what many events have in common, which hashes are theirs, what happened, who looked.

Rows of `issues` are derived from events and then live on by themselves: counts hold after retention has dropped the
events. `store/errors` reads and writes them; here stand the columns and how a row is a `model.issue.Issue`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    select,
)

from hannun.model.issue import Issue, IssueStatus, Priority, StatusDetails, Substatus
from hannun.store.meta.schema import FIRST_ROW, METADATA, Id, Ms

RELEASE_LENGTH_MAX = 250
ACTIVITY_MAX = 500_000

ISSUES = Table(
    "issues",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("project_id", BigInteger, nullable=False),
    # Counts the issues of a project; `SLUG-BASE32` is made of it.
    Column("number", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("culprit", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("level", Integer, nullable=False),
    Column("platform", Text, nullable=False),
    Column("logger", Text, nullable=False),
    Column("error_type", Text, nullable=False),
    Column("error_value", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("function", Text, nullable=False),
    Column("handled", Integer),
    Column("status", String(16), nullable=False),
    Column("substatus", String(32)),
    Column("substatus_ms", Ms, nullable=False),
    Column("details", Text, nullable=False),
    # When an archived issue comes back by itself; a column, because the sweep looks for it.
    Column("until_ms", Ms),
    Column("priority", Integer, nullable=False),
    Column("priority_by_hand", Integer, nullable=False),
    Column("first_seen_ms", Ms, nullable=False),
    Column("last_seen_ms", Ms, nullable=False),
    Column("first_release", Text, nullable=False),
    Column("last_release", Text, nullable=False),
    Column("last_release_ms", Ms, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("users", BigInteger, nullable=False),
    Column("assignee", Text, nullable=False),
    Column("comments", Integer, nullable=False),
    UniqueConstraint("project_id", "number"),
    Index("ix_issues_last_seen_ms", "last_seen_ms"),
    Index("ix_issues_until_ms", "until_ms"),
    # The number stands in links and notifications: it must not come to mean another issue.
    sqlite_autoincrement=True,
)
HASHES = Table(
    "issue_hashes",
    METADATA,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String(32), primary_key=True),
    # None: events of this group are discarded.
    Column("issue_id", Id, ForeignKey("issues.id", ondelete="CASCADE"), index=True),
)
ACTIVITY = Table(
    "issue_activity",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("issue_id", Id, ForeignKey("issues.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at_ms", Ms, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("data", Text, nullable=False),
    sqlite_autoincrement=True,
)
MARKS = Table(
    "issue_marks",
    METADATA,
    Column("issue_id", Id, ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True),
    Column("viewer", String(64), primary_key=True),
    Column("bookmarked_ms", Ms),
    Column("seen_ms", Ms),
)
COUNTERS = Table(
    "issue_counters",
    METADATA,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)
# Issues that were merged into others: links to them still lead somewhere.
REDIRECTS = Table(
    "issue_redirects",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("project_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("issue_id", Id, ForeignKey("issues.id", ondelete="CASCADE"), nullable=False, index=True),
    UniqueConstraint("project_id", "number"),
)
# Events stored after this time (the store's own, strictly rising) are not in the counts of `issues` yet.
PROGRESS = Table(
    "issue_progress",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("stored_ms", Ms, nullable=False),
    info={FIRST_ROW: {"id": 1, "stored_ms": 0}},
)
# Groups whose events are being deleted: what was stored until then goes, also when the server stops in between.
DOOMED = Table(
    "issue_doomed_hashes",
    METADATA,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String(32), primary_key=True),
    Column("stored_ms", Ms, nullable=False),
)
RELEASES = Table(
    "releases",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("project_id", BigInteger, nullable=False),
    Column("version", String(RELEASE_LENGTH_MAX), nullable=False),
    Column("first_seen_ms", Ms, nullable=False),
    Column("last_seen_ms", Ms, nullable=False),
    UniqueConstraint("project_id", "version"),
    sqlite_autoincrement=True,
)

PRIORITIES = (Priority.LOW, Priority.MEDIUM, Priority.HIGH)
"""Stored as their index, so that they sort."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ = {letter: value for value, letter in enumerate(_CROCKFORD)} | {"O": 0, "I": 1, "L": 1}


def short_id(slug: str, number: int) -> str:
    """`web`, 33 -> `WEB-11`."""
    digits = ""
    while number:
        number, rest = divmod(number, 32)
        digits = _CROCKFORD[rest] + digits
    return f"{slug.upper()}-{digits or '0'}"


def read_short_id(text: str) -> tuple[str, int] | None:
    """The slug in lower case and the number; None: that is no short id. Takes what people misread (O for 0)."""
    slug, dash, digits = text.strip().rpartition("-")
    letters = digits.upper()
    if not dash or not slug or not 0 < len(letters) <= 12 or any(letter not in _READ for letter in letters):
        return None
    number = 0
    for letter in letters:
        number = number * 32 + _READ[letter]
    return slug.lower(), number


def write_details(details: StatusDetails) -> str:
    """JSON of what differs from the defaults."""
    default = asdict(StatusDetails())
    return json.dumps({name: value for name, value in asdict(details).items() if value != default[name]})


def read_details(text: str) -> StatusDetails:
    return StatusDetails(**json.loads(text)) if text and text != "{}" else StatusDetails()


def issue_of(row: Any, slug: str, mark: tuple[bool, bool] = (False, False)) -> Issue:
    """`row` has the columns of ISSUES; `mark` is (bookmarked, seen) of the viewer."""
    return Issue(
        id=row.id,
        project=row.project_id,
        short_id=short_id(slug, row.number),
        title=row.title,
        culprit=row.culprit,
        kind=row.kind,
        level=row.level,
        platform=row.platform,
        logger=row.logger,
        error_type=row.error_type,
        error_value=row.error_value,
        filename=row.filename,
        function=row.function,
        handled=None if row.handled is None else bool(row.handled),
        status=IssueStatus(row.status),
        substatus=None if row.substatus is None else Substatus(row.substatus),
        details=read_details(row.details),
        priority=PRIORITIES[row.priority],
        first_seen_ms=row.first_seen_ms,
        last_seen_ms=row.last_seen_ms,
        first_release=row.first_release,
        last_release=row.last_release,
        events=row.events,
        users=row.users,
        assignee=row.assignee,
        comments=row.comments,
        bookmarked=mark[0],
        seen=mark[1],
    )


def write_data(data: Mapping[str, Any]) -> str:
    return json.dumps(dict(data), ensure_ascii=False)


def purge(connection: Connection) -> None:
    """Keep the newest ACTIVITY_MAX rows of what happened."""
    last = connection.execute(select(func.max(ACTIVITY.c.id))).scalar_one_or_none()
    if last is not None:
        connection.execute(delete(ACTIVITY).where(ACTIVITY.c.id <= last - ACTIVITY_MAX))
