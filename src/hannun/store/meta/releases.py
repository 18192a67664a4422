"""What people and tools told of releases, beside what events made of them (`issues.RELEASES`, `ISSUES`).

The two are kept apart: events write theirs with every group and must not wait for, or be confused by, what a
deployment script says. A release here is both, found by its version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cmp_to_key
from typing import Any

from sqlalchemy import (
    Connection,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from hannun.model.errors import Conflict, NotFound, WireError
from hannun.model.release import LENGTH_MAX, compare, is_release, parse
from hannun.model.release_record import (
    COMMITS_MAX,
    FILES_MAX,
    MESSAGE_MAX,
    Commit,
    Deploy,
    ReleaseChange,
    ReleasePage,
    ReleaseQuestion,
    ReleaseRecord,
)
from hannun.model.text import Text as Words
from hannun.model.time import Clock
from hannun.store.meta.database import Database
from hannun.store.meta.issues import ISSUES, RELEASES
from hannun.store.meta.release_tables import COMMITS, DEPLOYS, FACTS, OF_PROJECTS

LISTED_MAX = 20_000
"""Of more releases than these, the ones seen last are looked through."""
TOLD_MAX = 100_000
DEPLOYS_MAX = 1_000
"""Of one release; of more, the newest are kept."""
AUTHORS_MAX = 20
WORD_MAX = 1_024


@dataclass(slots=True)
class _Head:
    """A release while it is put together; `id` None: only events know it."""

    version: str
    created_ms: int
    id: int | None = None
    facts: Any = None
    projects: set[int] = field(default_factory=set)
    first_ms: int | None = None
    last_ms: int | None = None

    @property
    def date_ms(self) -> int:
        released = None if self.facts is None else self.facts.released_ms
        return self.created_ms if released is None else int(released)

    @property
    def archived(self) -> bool:
        return self.facts is not None and bool(self.facts.archived)


class ReleaseTable:
    """`model.release_record.ReleaseDesk`. Blocks; safe from any thread."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def list(self, question: ReleaseQuestion) -> ReleasePage:
        with self._database.reading() as connection:
            heads = _heads(connection, question.projects, question.text)
            if question.archived is not None:
                heads = [head for head in heads if head.archived is question.archived]
            heads.sort(key=lambda head: (head.date_ms, head.version), reverse=True)
            if question.sort == "semver":
                heads.sort(key=cmp_to_key(lambda a, b: _by_name(b.version, a.version)))
            page = heads[question.offset : question.offset + question.limit]
            return ReleasePage(tuple(_records(connection, page)), len(heads))

    def one(self, version: str) -> ReleaseRecord:
        with self._database.reading() as connection:
            return _one(connection, version)

    def make(self, version: str, change: ReleaseChange) -> tuple[ReleaseRecord, bool]:
        if not is_release(version) or len(version) > LENGTH_MAX:
            raise WireError(_BAD_VERSION.with_(version=version[:80], most=LENGTH_MAX))
        with self._database.writing() as connection:
            is_new = not _heads(connection, (), "", version)
            _told(connection, self._sure(connection, version), change)
            return _one(connection, version), is_new

    def change(self, version: str, change: ReleaseChange) -> ReleaseRecord:
        with self._database.writing() as connection:
            _one(connection, version)
            _told(connection, self._sure(connection, version), change)
            return _one(connection, version)

    def delete(self, version: str) -> None:
        with self._database.writing() as connection:
            found = _one(connection, version)
            if found.first_event_ms is not None:
                raise Conflict(_IN_USE.with_(version=version))
            connection.execute(delete(FACTS).where(FACTS.c.version == version))

    def commits(self, version: str) -> Sequence[Commit]:
        with self._database.reading() as connection:
            _one(connection, version)
            of_release = select(COMMITS).join(FACTS).where(FACTS.c.version == version).order_by(COMMITS.c.place)
            return [_commit(row) for row in connection.execute(of_release)]

    def previous_with_commits(self, version: str) -> ReleaseRecord | None:
        with self._database.reading() as connection:
            own = _heads(connection, (), "", version)
            if not own:
                raise NotFound(_NO_RELEASE.with_(version=version[:80]))
            with_commits = {row.release_id for row in connection.execute(select(COMMITS.c.release_id).distinct())}
            before = [
                head
                for head in _heads(connection, tuple(own[0].projects), "")
                if head.id in with_commits and head.version != version and head.date_ms <= own[0].date_ms
            ]
            best = max(before, key=lambda head: (head.date_ms, head.id or 0), default=None)
            return None if best is None else _records(connection, [best])[0]

    def deploys(self, version: str) -> Sequence[Deploy]:
        with self._database.reading() as connection:
            _one(connection, version)
            of_release = select(DEPLOYS).join(FACTS).where(FACTS.c.version == version).order_by(DEPLOYS.c.id.desc())
            return [_deploy(row) for row in connection.execute(of_release)]

    def deploy(self, version: str, deploy: Deploy, projects: tuple[int, ...] = ()) -> Deploy:
        with self._database.writing() as connection:
            _one(connection, version)
            release = self._sure(connection, version)
            _told(connection, release, ReleaseChange(projects=projects))
            values = {
                "release_id": release,
                "environment": deploy.environment[:WORD_MAX],
                "name": deploy.name[:WORD_MAX],
                "url": deploy.url[:WORD_MAX],
                "started_ms": deploy.started_ms,
                "finished_ms": deploy.finished_ms,
            }
            made = connection.execute(insert(DEPLOYS).values(**values).returning(*DEPLOYS.c)).one()
            older = select(DEPLOYS.c.id).where(DEPLOYS.c.release_id == release).order_by(DEPLOYS.c.id.desc())
            kept = [row.id for row in connection.execute(older.limit(DEPLOYS_MAX))]
            too_old = (DEPLOYS.c.release_id == release, DEPLOYS.c.id < min(kept))
            connection.execute(delete(DEPLOYS).where(*too_old))
            return _deploy(made)

    def _sure(self, connection: Connection, version: str) -> int:
        """The id of its facts, made when there are none yet. Raises Conflict when there are too many."""
        found = connection.execute(select(FACTS.c.id).where(FACTS.c.version == version)).scalar_one_or_none()
        if found is not None:
            return int(found)
        if connection.execute(select(func.count()).select_from(FACTS)).scalar_one() >= TOLD_MAX:
            raise Conflict(_TOO_MANY.with_(most=TOLD_MAX))
        seen = select(func.min(RELEASES.c.first_seen_ms)).where(RELEASES.c.version == version)
        first_ms = connection.execute(seen).scalar_one_or_none()
        values = {
            "version": version,
            "created_ms": self._clock.now_ms() if first_ms is None else first_ms,
            "archived": 0,
            "ref": "",
            "url": "",
        }
        return int(connection.execute(insert(FACTS).values(**values).returning(FACTS.c.id)).scalar_one())


def _told(connection: Connection, release: int, change: ReleaseChange) -> None:
    said = {
        "started_ms": change.started_ms,
        "released_ms": change.released_ms,
        "archived": None if change.archived is None else int(change.archived),
        "ref": None if change.ref is None else change.ref[:WORD_MAX],
        "url": None if change.url is None else change.url[:WORD_MAX],
    }
    values = {name: value for name, value in said.items() if value is not None}
    if values:
        connection.execute(update(FACTS).where(FACTS.c.id == release).values(**values))
    if change.projects:
        of_release = select(OF_PROJECTS.c.project_id).where(OF_PROJECTS.c.release_id == release)
        there = {row.project_id for row in connection.execute(of_release)}
        added = [{"release_id": release, "project_id": one} for one in sorted(set(change.projects) - there)]
        if added:
            connection.execute(insert(OF_PROJECTS), added)
    if change.commits is not None:
        connection.execute(delete(COMMITS).where(COMMITS.c.release_id == release))
        rows = [_commit_row(release, place, one) for place, one in enumerate(_newest(change.commits))]
        if rows:
            connection.execute(insert(COMMITS), rows)


def _heads(connection: Connection, projects: Sequence[int], text: str, version: str = "") -> list[_Head]:
    """Releases of any of the projects, or all; with `version` only that one."""
    seen = select(RELEASES.c.version, RELEASES.c.project_id, RELEASES.c.first_seen_ms, RELEASES.c.last_seen_ms)
    told = select(FACTS, OF_PROJECTS.c.project_id).join(OF_PROJECTS, isouter=True)
    if version:
        seen, told = seen.where(RELEASES.c.version == version), told.where(FACTS.c.version == version)
    if text:
        seen = seen.where(RELEASES.c.version.icontains(text, autoescape=True))
        told = told.where(FACTS.c.version.icontains(text, autoescape=True))
    heads: dict[str, _Head] = {}
    for row in connection.execute(seen.order_by(RELEASES.c.last_seen_ms.desc()).limit(LISTED_MAX)):
        head = heads.setdefault(row.version, _Head(row.version, row.first_seen_ms))
        head.projects.add(row.project_id)
        head.first_ms = min(head.first_ms or row.first_seen_ms, row.first_seen_ms)
        head.last_ms = max(head.last_ms or row.last_seen_ms, row.last_seen_ms)
        head.created_ms = head.first_ms
    for row in connection.execute(told.order_by(FACTS.c.id.desc()).limit(LISTED_MAX)):
        head = heads.setdefault(row.version, _Head(row.version, row.created_ms))
        head.id, head.facts, head.created_ms = row.id, row, min(head.created_ms, row.created_ms)
        if row.project_id is not None:
            head.projects.add(row.project_id)
    wanted = set(projects)
    return [head for head in heads.values() if not wanted or wanted & head.projects]


def _one(connection: Connection, version: str) -> ReleaseRecord:
    found = _heads(connection, (), "", version) if version else []
    if not found:
        raise NotFound(_NO_RELEASE.with_(version=version[:80]))
    return _records(connection, found)[0]


def _records(connection: Connection, heads: Sequence[_Head]) -> list[ReleaseRecord]:
    """With what is counted and kept of each; as many questions for one as for a page of them."""
    new = _new_issues(connection, [head.version for head in heads])
    told = _Told(connection, [head.id for head in heads if head.id is not None])
    return [told.record(head, new.get(head.version, {})) for head in heads]


class _Told:
    """Of some releases: how many commits and deploys, the last ones, who wrote."""

    def __init__(self, connection: Connection, ids: Sequence[int]) -> None:
        self._commits = _counted(connection, COMMITS, ids)
        self._deploys = _counted(connection, DEPLOYS, ids)
        heads = select(COMMITS).where(COMMITS.c.release_id.in_(ids), COMMITS.c.place == 0)
        self._heads = {row.release_id: _commit(row) for row in connection.execute(heads)}
        last = select(func.max(DEPLOYS.c.id)).where(DEPLOYS.c.release_id.in_(ids)).group_by(DEPLOYS.c.release_id)
        deployed = select(DEPLOYS).where(DEPLOYS.c.id.in_(last))
        self._deployed = {row.release_id: _deploy(row) for row in connection.execute(deployed)}
        people = (COMMITS.c.release_id, COMMITS.c.author_name, COMMITS.c.author_email)
        wrote = select(*people).where(COMMITS.c.release_id.in_(ids)).distinct().order_by(*people)
        self._authors: dict[int, list[tuple[str, str]]] = {}
        for row in connection.execute(wrote):
            if row.author_name or row.author_email:
                self._authors.setdefault(row.release_id, []).append((row.author_name, row.author_email))

    def record(self, head: _Head, new: Mapping[int, int]) -> ReleaseRecord:
        record = ReleaseRecord(
            version=head.version,
            projects=tuple(sorted(head.projects)),
            created_ms=head.created_ms,
            first_event_ms=head.first_ms,
            last_event_ms=head.last_ms,
            new_issues=new,
        )
        if head.id is None:
            return record
        return replace(
            record,
            started_ms=head.facts.started_ms,
            released_ms=head.facts.released_ms,
            archived=head.archived,
            ref=head.facts.ref,
            url=head.facts.url,
            commits=self._commits.get(head.id, 0),
            head=self._heads.get(head.id),
            authors=self._authors.get(head.id, [])[:AUTHORS_MAX],
            deploys=self._deploys.get(head.id, 0),
            deployed=self._deployed.get(head.id),
        )


def _counted(connection: Connection, table: Table, ids: Sequence[int]) -> dict[int, int]:
    release = table.c.release_id
    rows = connection.execute(select(release, func.count().label("n")).where(release.in_(ids)).group_by(release))
    return {row.release_id: row.n for row in rows}


def _new_issues(connection: Connection, versions: Sequence[str]) -> dict[str, dict[int, int]]:
    """Issues whose first event was of the release, by version and project."""
    columns = (ISSUES.c.first_release, ISSUES.c.project_id)
    counted = select(*columns, func.count().label("n")).where(ISSUES.c.first_release.in_(versions)).group_by(*columns)
    found: dict[str, dict[int, int]] = {}
    for row in connection.execute(counted):
        found.setdefault(row.first_release, {})[row.project_id] = row.n
    return found


def _by_name(a: str, b: str) -> int:
    """Versions before what has none; of two packages by the package."""
    found = compare(a, b)
    if found is not None:
        return found
    first, second = _package(a), _package(b)
    return (first > second) - (first < second)


def _package(version: str) -> tuple[bool, str]:
    return parse(version) is not None, version.rpartition("@")[0]


def _newest(commits: Sequence[Commit]) -> Sequence[Commit]:
    """Tools send the newest first; where every one has its time, that decides."""
    if all(one.at_ms is not None for one in commits):
        commits = sorted(commits, key=lambda one: -(one.at_ms or 0))
    return commits[:COMMITS_MAX]


def _commit_row(release: int, place: int, one: Commit) -> dict[str, Any]:
    return {
        "release_id": release,
        "place": place,
        "sha": one.sha[:64],
        "message": one.message[:MESSAGE_MAX],
        "author_name": one.author_name[:WORD_MAX],
        "author_email": one.author_email[:WORD_MAX],
        "at_ms": one.at_ms,
        "repository": one.repository[:WORD_MAX],
        "files": json.dumps([[path[:WORD_MAX], how] for path, how in one.files[:FILES_MAX]], ensure_ascii=False),
    }


def _commit(row: Any) -> Commit:
    files = tuple((path, how) for path, how in json.loads(row.files))
    return Commit(row.sha, row.message, row.author_name, row.author_email, row.at_ms, row.repository, files)


def _deploy(row: Any) -> Deploy:
    return Deploy(row.id, row.environment, row.name, row.url, row.started_ms, row.finished_ms)


_NO_RELEASE = Words(en='There is no release "{version}"', ko='"{version}": 없는 릴리스입니다')
_BAD_VERSION = Words(
    en='"{version}" cannot be a release: 1 to {most} characters, no line break, tab or slash, not "." and no '
    'placeholder such as "unknown"',
    ko='"{version}": 릴리스 이름으로 쓸 수 없습니다. 줄바꿈, 탭, 빗금이 없는 1~{most}자여야 하고 "."이나 '
    '"unknown" 같은 말은 쓸 수 없습니다',
)
_IN_USE = Words(
    en="This release is referenced by active issues and cannot be removed.",
    ko="이벤트가 있는 릴리스는 지울 수 없습니다.",
)
_TOO_MANY = Words(en="There are {most} releases already", ko="릴리스가 이미 {most}개입니다")
