"""What is known of a release: what people and tools told of it, and what its events did. `model/release.py` orders.

A release is one version in all projects that have it. Events make one by naming it; sentry-cli and others make one
before its first event and tell what is in it (commits), when it was released and where it runs (deploys).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

MESSAGE_MAX = 8_192
COMMITS_MAX = 1_000
"""Of one release; of more, the newest."""
FILES_MAX = 1_000
"""Of one commit."""
SORTS = ("date", "semver")


@dataclass(frozen=True, slots=True)
class Commit:
    """`files` are (path, how): A added, M modified, D deleted. `at_ms` None: its time was not told."""

    sha: str
    message: str = ""
    author_name: str = ""
    author_email: str = ""
    at_ms: int | None = None
    repository: str = ""
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Deploy:
    """A release that came to an environment. Times are Unix ms."""

    id: int
    environment: str
    name: str = ""
    url: str = ""
    started_ms: int | None = None
    finished_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """`projects` in order of their numbers. The times of events are None before the first; `new_issues` by project.

    `head` is the last commit, `deployed` the last deploy.
    """

    version: str
    projects: tuple[int, ...]
    created_ms: int
    started_ms: int | None = None
    released_ms: int | None = None
    archived: bool = False
    ref: str = ""
    url: str = ""
    first_event_ms: int | None = None
    last_event_ms: int | None = None
    new_issues: Mapping[int, int] = field(default_factory=dict)
    commits: int = 0
    head: Commit | None = None
    authors: Sequence[tuple[str, str]] = ()
    """(name, e-mail), each once."""
    deploys: int = 0
    deployed: Deploy | None = None


@dataclass(frozen=True, slots=True)
class ReleaseChange:
    """What is told of a release. None: leave it. `projects` are added to those it has."""

    projects: tuple[int, ...] = ()
    started_ms: int | None = None
    released_ms: int | None = None
    archived: bool | None = None
    ref: str | None = None
    url: str | None = None
    commits: tuple[Commit, ...] | None = None


@dataclass(frozen=True, slots=True)
class ReleaseQuestion:
    """Which releases. `projects` empty: all. `text` is part of the version. `archived` None: both kinds.

    `sort` date: the newest (released, else created) first; semver: the latest version first, those without one last.
    """

    projects: tuple[int, ...] = ()
    text: str = ""
    sort: str = "date"
    archived: bool | None = False
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ReleasePage:
    releases: tuple[ReleaseRecord, ...]
    total: int


class ReleaseDesk(Protocol):
    """Blocks. Raises NotFound for a version that is none here, StoreUnavailable, DiskFull."""

    def list(self, question: ReleaseQuestion) -> ReleasePage: ...

    def one(self, version: str) -> ReleaseRecord: ...

    def make(self, version: str, change: ReleaseChange) -> tuple[ReleaseRecord, bool]:
        """The release, and whether it is new; one that is there is changed. Raises WireError for a bad version."""
        ...

    def change(self, version: str, change: ReleaseChange) -> ReleaseRecord: ...

    def delete(self, version: str) -> None:
        """With commits and deploys. Raises Conflict when events have named it: they would make it again."""
        ...

    def commits(self, version: str) -> Sequence[Commit]:
        """The newest first."""
        ...

    def previous_with_commits(self, version: str) -> ReleaseRecord | None:
        """The last release before it, in any of its projects, that has commits."""
        ...

    def deploys(self, version: str) -> Sequence[Deploy]:
        """The newest first."""
        ...

    def deploy(self, version: str, deploy: Deploy, projects: tuple[int, ...] = ()) -> Deploy:
        """`deploy.id` is not looked at."""
        ...
