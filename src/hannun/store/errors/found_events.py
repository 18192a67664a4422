"""Events across issues as a table: fields of those that match, or counts of each; one question to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.event import EVENT_LEVELS
from hannun.model.event_search import FIELDS_MAX, FUNCTIONS, EventQuestion, is_field
from hannun.model.issue_search import ISSUE_KEYS, Compare, FreeText, Has, canonical
from hannun.model.text import Text
from hannun.store.engine.port import Engine
from hannun.store.errors.directory import HashDirectory
from hannun.store.errors.event_terms import TEXTS, EventSearch, Question, moment, tag
from hannun.store.errors.globs import like_pattern

_LEVELS = ", ".join(f"'{level}'" for level in EVENT_LEVELS)
_FUNCTIONS = {
    "count()": "toInt64(count())",
    "count_unique(user)": "toInt64(uniqExactIf(user, user != ''))",
    "count_unique(issue)": "toInt64(uniqExact(project, hash))",
    "last_seen()": "toInt64(toUnixTimestamp64Milli(max(ts)))",
    "first_seen()": "toInt64(toUnixTimestamp64Milli(min(ts)))",
}
_COLUMNS = TEXTS | {
    "timestamp": "toInt64(toUnixTimestamp64Milli(ts))",
    "received": "toInt64(toUnixTimestamp64Milli(received))",
    "title": "title",
    "message": "title",
    "culprit": "culprit",
    "project.id": "toInt64(project)",
    "level": f"[{_LEVELS}][level + 1]",
    "error.handled": "[ '0', '1', '' ][handled + 1]",
}
_ISSUE = ("issue", "issue.id")
_TEXT_COLUMNS = ("title", "culprit", "error_type", "error_value")
LIMIT_MAX = 1_000
OFFSET_MAX = 100_000


class FoundEvents:
    """`model.event_search.EventFinder`. Blocks; safe from any thread."""

    def __init__(self, engine: Engine, search: EventSearch, directory: HashDirectory) -> None:
        self._engine = engine
        self._search = search
        self._directory = directory

    def rows(self, question: EventQuestion, budget: Budget) -> Sequence[Sequence[Any]]:
        fields = question.fields
        _check(question)
        asked = Question()
        grouped = any(field in FUNCTIONS for field in fields)
        selected = [_expression(asked, field) for field in fields]
        order = f"{_expression(asked, question.order)} {'DESC' if question.descending else 'ASC'}"
        where = "\n  AND ".join(self._conditions(asked, question)) or "true"
        sql = f"SELECT {', '.join(selected)}\nFROM events\nWHERE {where}"
        if grouped:
            keys = [each for field, each in zip(fields, selected, strict=True) if field not in FUNCTIONS]
            sql += f"\nGROUP BY {', '.join(keys)}" if keys else ""
        limit = min(max(question.limit, 1), LIMIT_MAX)
        # Of one time the id decides, so that pages neither repeat nor leave out an event.
        sql += f"\nORDER BY {order}{'' if grouped else ', id'}\nLIMIT {limit} OFFSET {min(question.offset, OFFSET_MAX)}"
        found = self._engine.query_rows(sql, asked.params, budget)
        places = [at for at, field in enumerate(fields) if field in _ISSUE]
        return [self._with_issue(row, places) for row in found] if places else found

    def _conditions(self, asked: Question, question: EventQuestion) -> list[str]:
        found = []
        if question.projects:
            found.append(f"project IN {asked.param(list(question.projects), 'Array(UInt32)')}")
        if question.environments:
            found.append(f"environment IN {asked.param(list(question.environments), 'Array(String)')}")
        for bound, sign in ((question.start_ms, ">="), (question.end_ms, "<=")):
            if bound is not None:
                found.append(f"ts {sign} {moment(asked, bound)}")
        terms: list[Compare | Has] = []
        for term in question.terms:
            if isinstance(term, FreeText):
                found.append(_free(asked, term))
            elif term.key in ISSUE_KEYS and not term.tag:
                raise BadQuery(_OF_ISSUES.with_(key=term.key))
            else:
                terms.append(term)
        return found + self._search.conditions(asked, terms, question.projects)

    def _with_issue(self, row: Sequence[Any], places: Sequence[int]) -> list[Any]:
        """Where a row has `(project, hash)`, the number of the issue it belongs to now; 0: of none any more."""
        told = list(row)
        for at in places:
            project, hash_ = told[at]
            told[at] = self._directory.issue_of(int(project), int(hash_)) or 0
        return told


def _check(question: EventQuestion) -> None:
    fields = question.fields
    if not 0 < len(fields) <= FIELDS_MAX:
        raise BadQuery(_TOO_MANY.with_(most=FIELDS_MAX))
    for field in (*fields, question.order):
        if not is_field(field):
            raise BadQuery(_NO_FIELD.with_(field=field[:80], known=", ".join(FUNCTIONS)))
    grouped = any(field in FUNCTIONS for field in fields)
    if grouped and any(field in _ISSUE for field in fields):
        # Groups of merged issues would have to be added up here, and distinct users cannot be.
        raise BadQuery(_NOT_BY_ISSUE)
    if (grouped or question.order in FUNCTIONS) and question.order not in fields:
        raise BadQuery(_NOT_SELECTED.with_(field=question.order[:80]))
    if question.order in _ISSUE:
        raise BadQuery(_NOT_SORTED)


def _expression(asked: Question, field: str) -> str:
    if field in _FUNCTIONS:
        return _FUNCTIONS[field]
    if field in _ISSUE:
        return "(project, hash)"
    if field.startswith("tags["):
        return tag(asked, field[5:-1].strip('"'))
    return _COLUMNS.get(canonical(field)) or tag(asked, field)


def _free(asked: Question, term: FreeText) -> str:
    pattern = asked.param(f"%{like_pattern(term.text)}%", "String")
    found = " OR ".join(f"{column} ILIKE {pattern}" for column in _TEXT_COLUMNS)
    return f"NOT ({found})" if term.negated else f"({found})"


_TOO_MANY = Text(en="ask for 1 to {most} fields", ko="필드는 1개에서 {most}개까지 쓸 수 있습니다")
_NO_FIELD = Text(
    en='"{field}" is no field; functions are {known}', ko='"{field}": 없는 필드입니다. 함수는 {known} 을 쓸 수 있습니다'
)
_NOT_SELECTED = Text(
    en='sort by a field that is selected; "{field}" is not', ko='"{field}": 고른 필드로만 정렬할 수 있습니다'
)
_NOT_BY_ISSUE = Text(
    en="events cannot be counted by issue; list issues with sort=freq instead",
    ko="이벤트를 이슈별로 셀 수 없습니다. 이슈 목록을 sort=freq 로 보세요",
)
_NOT_SORTED = Text(en="events cannot be sorted by issue", ko="이벤트를 이슈로 정렬할 수 없습니다")
_OF_ISSUES = Text(
    en="`{key}:` asks about issues, not about single events",
    ko="`{key}:` 조건은 이슈에만 쓸 수 있고 이벤트에는 쓸 수 없습니다",
)
