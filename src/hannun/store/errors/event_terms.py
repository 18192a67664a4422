"""Search terms that only events answer, as one question to the engine: which groups have an event of which all hold.

A key that has no column of its own is a tag. Values travel as parameters, names of tags too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.event import EVENT_LEVELS
from hannun.model.issue import IssueQuestion
from hannun.model.issue_search import Compare, Has
from hannun.model.release import Version, compare, parse
from hannun.store.engine.port import Engine
from hannun.store.errors.columns import NO, YES
from hannun.store.errors.directory import HashDirectory
from hannun.store.errors.globs import has_star, like_pattern, unescaped
from hannun.store.meta.database import Database
from hannun.store.meta.issues import RELEASES

TEXTS = {
    "release": "release",
    "environment": "environment",
    "dist": "dist",
    "platform.name": "platform",
    "logger": "logger",
    "transaction": "transaction",
    "error.type": "error_type",
    "error.value": "error_value",
    "stack.filename": "filename",
    "stack.function": "function",
    "user": "user",
    "user.id": "user_id",
    "user.email": "user_email",
    "user.username": "user_name",
    "user.ip": "user_ip",
    "id": "lower(hex(id))",
    "trace": "trace_id",
    "span": "span_id",
    "server_name": "host",
    "service": "service",
    "event.type": "kind",
    "title": "title",
    "message": "title",
    "culprit": "culprit",
}
OPERATORS = {"=": "=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
LATEST = "latest"
HOUR_MS = 3_600_000
Issues = NDArray[np.int64]


@dataclass(slots=True)
class Question:
    """Conditions of the WHERE, and their parameters under names of their own."""

    conditions: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)

    def param(self, value: str | int | Sequence[str] | Sequence[int], kind: str) -> str:
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"{{{name}:{kind}}}"


class EventSearch:
    """Blocks; safe from any thread."""

    def __init__(self, engine: Engine, database: Database, directory: HashDirectory) -> None:
        self._engine = engine
        self._database = database
        self._directory = directory

    def issues(self, question: IssueQuestion, terms: Sequence[Compare | Has], budget: Budget) -> Issues | None:
        """The issues with an event of which all holds; None: the question does not ask about events."""
        if not terms and not question.environments and question.end_ms is None:
            return None
        asked = Question()
        if question.projects:
            asked.conditions.append(f"project IN {asked.param(list(question.projects), 'Array(UInt32)')}")
        if question.environments:
            asked.conditions.append(f"environment IN {asked.param(list(question.environments), 'Array(String)')}")
        # Without terms the roll-up answers, which knows hours.
        time = "ts" if terms else "toStartOfHour(ts)"
        for bound, sign, step in ((question.start_ms, ">=", HOUR_MS), (question.end_ms, "<=", 1)):
            if bound is not None:
                at_ms = bound if terms else bound // step * step
                asked.conditions.append(f"{time} {sign} {moment(asked, at_ms)}")
        asked.conditions += self.conditions(asked, terms, question.projects)
        where = "\n  AND ".join(asked.conditions) or "true"
        sql = f"SELECT project, hash\nFROM events\nWHERE {where}\nGROUP BY project, hash"
        return self.issues_of(self._engine.query_arrow(sql, asked.params, budget))

    def conditions(self, asked: Question, terms: Sequence[Compare | Has], projects: Sequence[int]) -> list[str]:
        """One for each term; what they compare with goes to the parameters."""
        found = [(term, self._condition(asked, term, projects)) for term in terms]
        return [f"NOT ({condition})" if term.negated else condition for term, condition in found]

    def issues_of(self, rows: Any) -> Issues:
        """The distinct issues of an answer's (project, hash)."""
        if not rows.num_rows:
            return np.empty(0, np.int64)
        projects, hashes = (rows.column(name).to_numpy() for name in ("project", "hash"))
        found = [
            self._directory.issues_of(int(project), hashes[projects == project]) for project in np.unique(projects)
        ]
        issues = np.unique(np.concatenate(found))
        return issues[issues > 0]

    def _condition(self, asked: Question, term: Compare | Has, projects: Sequence[int]) -> str:
        if isinstance(term, Has):
            return _present(asked, term)
        if term.tag:
            return _compared(asked, tag(asked, term.key), term)
        match term.key:
            case "level":
                levels = [EVENT_LEVELS.index(_level(str(value))) for value in term.values]
                if term.op == "=":
                    return f"level IN {asked.param(levels, 'Array(UInt8)')}"
                return f"level {OPERATORS[term.op]} {asked.param(levels[0], 'UInt8')}"
            case "error.handled":
                return _handled(asked, term, YES)
            case "error.unhandled":
                return _handled(asked, term, NO)
            case "timestamp":
                bounds = [f"ts {OPERATORS[term.op]} {moment(asked, int(value))}" for value in term.values]
                return f"({' OR '.join(bounds)})"
            case "release" if LATEST in term.values:
                return self._release_in(asked, self._latest(projects))
            case "release.version" | "release.package" | "release.build":
                return self._release_in(asked, self._releases(projects, term))
            case _:
                return _compared(asked, TEXTS.get(term.key) or tag(asked, term.key), term)

    def _release_in(self, asked: Question, releases: Sequence[str]) -> str:
        return f"release IN {asked.param(list(releases), 'Array(String)')}"

    def _latest(self, projects: Sequence[int]) -> list[str]:
        """The newest release of each project, by version where it has one, else by date."""
        newest: dict[int, str] = {}
        for project, release in self._known(projects):
            best = newest.get(project)
            if best is None or compare(release, best) in (1, None):
                newest[project] = release
        return sorted(set(newest.values()))

    def _releases(self, projects: Sequence[int], term: Compare) -> list[str]:
        """Those whose package, version or build is one of the values, or compares so with the first."""
        found = []
        for _, release in self._known(projects):
            version = parse(release)
            if version is not None and _answers(version, term):
                found.append(release)
        return found

    def _known(self, projects: Sequence[int]) -> list[tuple[int, str]]:
        """(project, release), the oldest first."""
        known = select(RELEASES.c.project_id, RELEASES.c.version).order_by(RELEASES.c.first_seen_ms)
        if projects:
            known = known.where(RELEASES.c.project_id.in_(projects))
        with self._database.reading() as connection:
            return [(row.project_id, row.version) for row in connection.execute(known)]


def moment(asked: Question, at_ms: int) -> str:
    """A point in time, from Unix ms."""
    return f"fromUnixTimestamp64Milli({asked.param(at_ms, 'Int64')}, 'UTC')"


def tag(asked: Question, key: str) -> str:
    """The value of a tag, "" without it."""
    return f"tags[{asked.param(key, 'String')}]"


def _present(asked: Question, term: Has) -> str:
    if term.key in ("level", "timestamp") and not term.tag:
        return "true"
    if term.key in ("error.handled", "error.unhandled") and not term.tag:
        return f"handled IN ({NO}, {YES})"
    column = None if term.tag else TEXTS.get(term.key)
    return f"{column or tag(asked, term.key)} != ''"


def _compared(asked: Question, column: str, term: Compare) -> str:
    values = [str(value) for value in term.values]
    if term.op != "=":
        try:
            bound = repr(float(values[0]))
        except ValueError:
            return f"{column} {OPERATORS[term.op]} {asked.param(values[0], 'String')}"
        return f"toFloat64OrNull({column}) {OPERATORS[term.op]} {asked.param(bound, 'Float64')}"
    plain = [unescaped(value) for value in values if not has_star(value)]
    found = [f"{column} IN {asked.param(plain, 'Array(String)')}"] if plain else []
    # Nothing matches a tag that is not there, not even a star.
    found += [
        f"({column} != '' AND {column} ILIKE {asked.param(like_pattern(value), 'String')})"
        for value in values
        if has_star(value)
    ]
    return f"({' OR '.join(found) or 'false'})"


def _level(name: str) -> str:
    known = {"warn": "warning", "sample": "debug"}.get(name.lower(), name.lower())
    if known not in EVENT_LEVELS:
        raise BadQuery(f'"level:{name}" is not known; there are {", ".join(EVENT_LEVELS)}')
    return known


def _handled(asked: Question, term: Compare, when_true: int) -> str:
    wanted = {str(value).lower() in ("1", "true", "yes") for value in term.values}
    codes = {when_true if want else YES + NO - when_true for want in wanted}
    return f"handled IN {asked.param(sorted(codes), 'Array(UInt8)')}"


def _answers(version: Version, term: Compare) -> bool:
    values = [str(value) for value in term.values]
    match term.key:
        case "release.package":
            return version.package in values
        case "release.build":
            return version.build in values
    bounds = [
        bound for bound in (parse(f"{version.package or 'any'}@{value}") for value in values) if bound is not None
    ]
    match term.op:
        case "=":
            return any(_bare(version) == _bare(bound) for bound in bounds)
        case ">":
            return any(version.key > bound.key for bound in bounds)
        case ">=":
            return any(version.key >= bound.key for bound in bounds)
        case "<":
            return any(version.key < bound.key for bound in bounds)
        case _:
            return any(version.key <= bound.key for bound in bounds)


def _bare(version: Version) -> tuple[object, str]:
    return version.numbers, version.prerelease
