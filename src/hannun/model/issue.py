"""Issues: what many events have in common, who takes care of it and how it stands. Shapes follow Sentry's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from hannun.model.budget import Budget
from hannun.model.issue_search import UNRESOLVED, SearchTerm


class IssueStatus(Enum):
    UNRESOLVED = "unresolved"
    RESOLVED = "resolved"
    ARCHIVED = "archived"
    """Sentry's API says `ignored`."""


class Substatus(Enum):
    """What is known beyond the status. Resolved issues have none."""

    NEW = "new"
    ONGOING = "ongoing"
    ESCALATING = "escalating"
    REGRESSED = "regressed"
    UNTIL_ESCALATING = "archived_until_escalating"
    UNTIL_CONDITION = "archived_until_condition_met"
    FOREVER = "archived_forever"


class Priority(Enum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class StatusDetails:
    """How long a status holds. All None: until somebody changes it.

    Resolved: `in_next_release` (of the releases known then, `after_release` was the last), `in_release`, `in_commit`.
    Archived: `until_ms`, or until `until_events` more events (`until_users` more users) came within `window_ms`.
    """

    in_next_release: bool = False
    after_release: str = ""
    in_release: str = ""
    in_commit: str = ""
    until_ms: int | None = None
    until_events: int | None = None
    until_users: int | None = None
    window_ms: int | None = None
    since_events: int = 0
    since_users: int = 0
    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class Issue:
    """One row of the stream. `short_id` is `SLUG-BASE32`. `handled` None: neither was ever said. Times are Unix ms."""

    id: int
    project: int
    short_id: str
    title: str
    culprit: str
    kind: str
    level: int
    platform: str
    logger: str
    error_type: str
    error_value: str
    filename: str
    function: str
    handled: bool | None
    status: IssueStatus
    substatus: Substatus | None
    details: StatusDetails
    priority: Priority
    first_seen_ms: int
    last_seen_ms: int
    first_release: str
    last_release: str
    events: int
    users: int
    assignee: str = ""
    """`user:NAME`, `team:SLUG` or ""."""
    comments: int = 0
    bookmarked: bool = False
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """What happened to an issue. `kind`: first_seen, resolved, unresolved, archived, regressed, escalating, assigned,
    unassigned, priority, comment, merged, unmerged, release. `actor` is a user's name, "" for the server itself.
    """

    id: int
    issue: int
    at_ms: int
    kind: str
    actor: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IssueQuestion:
    """Which issues to list: those of which all `terms` hold. `environments` and `projects` empty: all.

    `sort`: date (last seen), new (first seen), freq, user, priority, trends. `cursor` is what the last page handed out.
    `start_ms` and `end_ms` ask for issues with events in between. `viewer` is whose marks (bookmark, seen) are told.
    """

    terms: tuple[SearchTerm, ...] = (UNRESOLVED,)
    projects: tuple[int, ...] = ()
    environments: tuple[str, ...] = ()
    start_ms: int | None = None
    end_ms: int | None = None
    sort: str = "date"
    limit: int = 100
    cursor: str = ""
    viewer: str = ""


@dataclass(frozen=True, slots=True)
class IssuePage:
    """`total` is how many there are in all; `next_cursor` "" on the last page."""

    issues: tuple[Issue, ...]
    total: int
    next_cursor: str = ""
    previous_cursor: str = ""


@dataclass(frozen=True, slots=True)
class TagValue:
    value: str
    events: int
    first_seen_ms: int
    last_seen_ms: int


@dataclass(frozen=True, slots=True)
class TagShare:
    """One tag of an issue: its commonest values. `events` counts those that carry the tag, of `of_events` looked at."""

    key: str
    events: int
    of_events: int
    values: tuple[TagValue, ...]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as the issue page asks for it. `payload` is the normalised JSON; `issue` is where it belongs now."""

    id: str
    project: int
    issue: int
    ts_ms: int
    received_ms: int
    payload: bytes
    tags: Mapping[str, str]
    previous_id: str = ""
    next_id: str = ""


@dataclass(frozen=True, slots=True)
class IssueChange:
    """What a person does to issues at once. None: leave it. `assignee` "": nobody."""

    status: IssueStatus | None = None
    substatus: Substatus | None = None
    details: StatusDetails | None = None
    priority: Priority | None = None
    assignee: str | None = None
    bookmarked: bool | None = None
    seen: bool | None = None


class IssueReader(Protocol):
    """Blocks. Raises NotFound, BadQuery, and what the engine raises under a budget."""

    def list(self, question: IssueQuestion, budget: Budget) -> IssuePage: ...

    def issue(self, issue: int, *, viewer: str = "") -> Issue: ...

    def by_short_id(self, short_id: str, *, viewer: str = "") -> Issue: ...

    def event(self, issue: int, which: str, budget: Budget, *, environments: Sequence[str] = ()) -> StoredEvent:
        """`which`: an event id, `latest`, `oldest` or `recommended` (the newest that tells most)."""
        ...

    def find_event(self, project: int | None, event_id: str, budget: Budget) -> StoredEvent: ...

    def events(
        self, issue: int, budget: Budget, *, before_ms: int | None = None, limit: int = 50
    ) -> Sequence[StoredEvent]:
        """Newest first."""
        ...

    def bars(
        self, issues: Sequence[int], start_ms: int, end_ms: int, step_ms: int, budget: Budget
    ) -> Mapping[int, Sequence[int]]:
        """Events of each issue per step; `step_ms` is a multiple of an hour, bars begin at `start_ms` rounded down."""
        ...

    def tags(self, issue: int, budget: Budget, *, values: int = 10) -> Sequence[TagShare]:
        """Commonest tags first."""
        ...

    def activity(self, issue: int, limit: int = 100) -> Sequence[Activity]:
        """Newest first."""
        ...

    def hashes(self, issue: int) -> Sequence[str]: ...

    def similar(self, issue: int, budget: Budget, limit: int = 10) -> Sequence[Issue]: ...

    def tag_keys(self, projects: Sequence[int], budget: Budget) -> Sequence[str]: ...

    def tag_values(self, projects: Sequence[int], key: str, prefix: str, budget: Budget) -> Sequence[str]:
        """At most 50, commonest first; for completion."""
        ...


class IssueDesk(Protocol):
    """What people do with issues. Blocks; each act stands in the activity with `actor`."""

    def change(self, issues: Sequence[int], change: IssueChange, actor: str) -> Sequence[Issue]: ...

    def comment(self, issue: int, text: str, actor: str) -> Activity: ...

    def merge(self, issues: Sequence[int], actor: str) -> Issue:
        """Into the one with the most events. All of one project: Conflict otherwise."""
        ...

    def unmerge(self, issue: int, hashes: Sequence[str], actor: str) -> Issue:
        """The new issue that these hashes make. Conflict when none or all of them are named."""
        ...

    def delete(self, issues: Sequence[int], actor: str, *, discard: bool = False) -> None:
        """With their events. `discard`: later events of these groups are dropped and counted as filtered."""
        ...
