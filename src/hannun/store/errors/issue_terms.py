"""Search terms that the rows of issues answer, as conditions on the meta store. A registry: one function per key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, false, func, not_, or_, select, true

from hannun.model.errors import BadQuery
from hannun.model.event import KINDS
from hannun.model.issue import IssueStatus, Priority, Substatus
from hannun.model.issue_search import DATE_KEYS, NUMBER_KEYS, STATES, Compare, FreeText, Has, SearchTerm
from hannun.store.errors.accounts import rank
from hannun.store.errors.globs import has_star, like_pattern, unescaped
from hannun.store.meta.issues import ISSUES, MARKS, read_short_id
from hannun.store.meta.projects import PROJECTS

Condition = ColumnElement[bool]
_READERS: dict[str, Callable[[Compare], Condition]] = {}
_TEXTS = (ISSUES.c.title, ISSUES.c.culprit, ISSUES.c.error_type, ISSUES.c.error_value)
_COLUMNS = {
    "firstSeen": ISSUES.c.first_seen_ms,
    "age": ISSUES.c.first_seen_ms,
    "lastSeen": ISSUES.c.last_seen_ms,
    "timesSeen": ISSUES.c.events,
    "userCount": ISSUES.c.users,
}
_UNRESOLVED = ISSUES.c.status == IssueStatus.UNRESOLVED.value
_CATEGORIES = {"feedback": ("feedback",), "cron": ("monitor",), "error": tuple(set(KINDS) - {"feedback", "monitor"})}


def reader(*keys: str) -> Callable[[Callable[[Compare], Condition]], Callable[[Compare], Condition]]:
    """Make a function the reader of `keys`; it need not mind negation."""

    def register(read: Callable[[Compare], Condition]) -> Callable[[Compare], Condition]:
        for key in keys:
            assert key not in _READERS, f"{key} is already read by {_READERS[key].__name__}"
            _READERS[key] = read
        return read

    return register


@dataclass(frozen=True, slots=True)
class Split:
    """Terms by who answers them."""

    issue: tuple[Condition, ...]
    event: tuple[Compare | Has, ...]


def split(terms: Sequence[SearchTerm]) -> Split:
    """Raises BadQuery for a value that its key cannot have."""
    conditions: list[Condition] = []
    rest: list[Compare | Has] = []
    for term in terms:
        match term:
            case FreeText():
                conditions.append(_free(term))
            case Compare(key=key, tag=False) if key in _READERS:
                found = _READERS[key](term)
                conditions.append(not_(found) if term.negated else found)
            case Has(key=key, tag=False) if key in ("assigned", "assignee", "firstRelease"):
                column = ISSUES.c.first_release if key == "firstRelease" else ISSUES.c.assignee
                conditions.append(column == "" if term.negated else column != "")
            case _:
                rest.append(term)
    return Split(tuple(conditions), tuple(rest))


def _free(term: FreeText) -> Condition:
    pattern = f"%{like_pattern(term.text.lower())}%"
    found = or_(*(func.lower(column).like(pattern, escape="\\") for column in _TEXTS))
    return not_(found) if term.negated else found


def _any_text(column: ColumnElement[str], term: Compare) -> Condition:
    """One of the values; a star stands for any characters and then case does not matter."""
    if term.op != "=":
        raise BadQuery(f'"{term.key}" is a text: only "{term.key}:value" can be asked')
    return or_(false(), *(_text(column, str(value)) for value in term.values))


def _text(column: ColumnElement[str], value: str) -> Condition:
    if has_star(value):
        return func.lower(column).like(like_pattern(value.lower()), escape="\\")
    return column == unescaped(value)


@reader("message")
def _message(term: Compare) -> Condition:
    """As free text: somewhere in what the issue says."""
    return or_(false(), *(_free(FreeText(str(value))) for value in term.values))


@reader("title")
def _title(term: Compare) -> Condition:
    return _any_text(ISSUES.c.title, term)


@reader("culprit")
def _culprit(term: Compare) -> Condition:
    return _any_text(ISSUES.c.culprit, term)


@reader("firstRelease")
def _first_release(term: Compare) -> Condition:
    return _any_text(ISSUES.c.first_release, term)


@reader(*(key for key in (*DATE_KEYS, *NUMBER_KEYS) if key in _COLUMNS))
def _number(term: Compare) -> Condition:
    column = _COLUMNS[term.key]
    operators: dict[str, Callable[[int], Condition]] = {
        "=": lambda value: column == value,
        ">": lambda value: column > value,
        ">=": lambda value: column >= value,
        "<": lambda value: column < value,
        "<=": lambda value: column <= value,
    }
    compared = operators.get(term.op)
    if compared is None or not all(isinstance(value, int) for value in term.values):
        raise BadQuery(f'"{term.key}" is compared with numbers: {term.key}:>10')
    return or_(false(), *(compared(int(value)) for value in term.values))


@reader("is")
def _is(term: Compare) -> Condition:
    return or_(false(), *(_state(str(value)) for value in term.values))


def _state(name: str) -> Condition:
    match name:
        case "unresolved":
            return _UNRESOLVED
        case "resolved":
            return ISSUES.c.status == IssueStatus.RESOLVED.value
        case "archived" | "ignored":
            return ISSUES.c.status == IssueStatus.ARCHIVED.value
        case "assigned":
            return ISSUES.c.assignee != ""
        case "unassigned":
            return ISSUES.c.assignee == ""
        case "for_review":
            fresh = (Substatus.NEW.value, Substatus.REGRESSED.value, Substatus.ESCALATING.value)
            return and_(_UNRESOLVED, ISSUES.c.substatus.in_(fresh))
        case "linked":
            return false()
        case "unlinked":
            return true()
        case "unhandled":
            return and_(ISSUES.c.handled.is_not(None), ISSUES.c.handled == 0)
        case "handled":
            return or_(ISSUES.c.handled.is_(None), ISSUES.c.handled == 1)
        case _ if name in {one.value for one in Substatus}:
            return and_(ISSUES.c.substatus.is_not(None), ISSUES.c.substatus == name)
    raise BadQuery(f'"is:{name}" is not known; there are {", ".join(sorted(STATES))}')


@reader("assigned", "assigned_or_suggested")
def _assigned(term: Compare) -> Condition:
    """`user:NAME`, `team:SLUG`, `#SLUG`, `none`, or a bare name, which may be either's."""

    def one(value: str) -> Condition:
        if value.lower() in ("none", ""):
            return ISSUES.c.assignee == ""
        if value.startswith("#"):
            return _text(ISSUES.c.assignee, f"team:{value[1:]}")
        if value.startswith(("user:", "team:")):
            return _text(ISSUES.c.assignee, value)
        return or_(_text(ISSUES.c.assignee, f"user:{value}"), _text(ISSUES.c.assignee, f"team:{value}"))

    return or_(false(), *(one(str(value)) for value in term.values))


@reader("bookmarks")
def _bookmarks(term: Compare) -> Condition:
    viewers = [str(value).removeprefix("user:") for value in term.values]
    return exists(
        select(MARKS.c.issue_id).where(
            MARKS.c.issue_id == ISSUES.c.id, MARKS.c.viewer.in_(viewers), MARKS.c.bookmarked_ms.is_not(None)
        )
    )


@reader("issue")
def _issue(term: Compare) -> Condition:
    """Numbers or short ids."""

    def one(value: str | int) -> Condition:
        if isinstance(value, int) or (value.isascii() and value.isdigit() and len(value) < 19):
            return ISSUES.c.id == int(value)
        read = read_short_id(value)
        if read is None:
            return false()
        return and_(
            ISSUES.c.project_id.in_(select(PROJECTS.c.id).where(PROJECTS.c.slug == read[0])), ISSUES.c.number == read[1]
        )

    return or_(false(), *(one(value) for value in term.values))


@reader("issue.priority")
def _priority(term: Compare) -> Condition:
    names = {priority.value for priority in Priority}
    if unknown := [value for value in term.values if value not in names]:
        raise BadQuery(f'"issue.priority:{unknown[0]}" is not known; there are high, medium, low')
    return ISSUES.c.priority.in_([rank(Priority(value)) for value in term.values])


@reader("issue.category", "issue.type")
def _kind(term: Compare) -> Condition:
    kinds = {kind for value in term.values for kind in _CATEGORIES.get(str(value), (str(value),))}
    return ISSUES.c.kind.in_(sorted(kinds))


@reader("project", "project.name", "project.id")
def _project(term: Compare) -> Condition:
    numbers = [int(value) for value in term.values if str(value).isascii() and str(value).isdigit()]
    slugs = [str(value) for value in term.values]
    named = select(PROJECTS.c.id).where(PROJECTS.c.slug.in_(slugs))
    return or_(ISSUES.c.project_id.in_(numbers), ISSUES.c.project_id.in_(named))
