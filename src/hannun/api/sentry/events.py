"""Events across issues: Sentry's table of chosen fields (`dataset=errors`), and a project's newest events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form, read_form
from hannun.api.sentry import answers
from hannun.api.sentry.answers import Page, SentryError, iso
from hannun.api.sentry.backend import SentryBackend, actor_of, endpoint, limit_of, offset_of
from hannun.api.sentry.times import window
from hannun.model.access import Access
from hannun.model.account import Project
from hannun.model.budget import Budget
from hannun.model.event_search import EventQuestion, kind_of
from hannun.model.http import Endpoint
from hannun.model.issue_search import Compare, SearchTerm
from hannun.query.issue_search import parse

DATASETS = ("", "errors", "discover")
FIELDS = ("id", "title", "timestamp", "project.name")
ROW = ("id", "title", "culprit", "timestamp", "platform", "level", "environment", "release", "issue", "user.id",
       "user.email", "user.username", "user.ip", "error.type", "error.value")  # fmt: skip
PROJECT_NAMES = ("project", "project.name")
_PROJECT_KEYS = ("project", "project.name", "project.id")


def endpoints(backend: SentryBackend) -> list[Endpoint]:
    async def table(request: Request) -> Response:
        backend.check(request)
        form, viewer = await read_form(request, backend.limits), actor_of(request)

        def work(budget: Budget) -> tuple[dict[str, Any], Page]:
            fields = fields_of(form)
            # A project's slug is made of its number, which no events know by name.
            asked = tuple(dict.fromkeys("project.id" if one in PROJECT_NAMES else one for one in fields))
            question = question_of(backend, form, asked, form.many("project"), viewer)
            rows, page = _rows(backend, question, budget)
            projects = {one.id: one for one in backend.projects()}
            told = [_shown(fields, dict(zip(asked, row, strict=True)), projects) for row in rows]
            kinds = {field: kind_of(field) for field in fields}
            return {"data": told, "meta": {"fields": kinds, "units": {}, "dataset": "errors"}}, page

        told, page = await backend.run(request, work)
        answered = answers.json(told)
        answered.headers["link"] = answers.page(request, page).headers["link"]
        return answered

    async def of_project(request: Request) -> Response:
        backend.check(request)
        form, viewer = await read_form(request, backend.limits), actor_of(request)
        said = request.path_params["project"]

        def work(budget: Budget) -> Page:
            question = question_of(backend, form, ROW, [said], viewer)
            rows, page = _rows(backend, question, budget)
            number = str(backend.project(said).id)
            told = [_row(dict(zip(ROW, row, strict=True)), number) for row in rows]
            return Page(told, page.next, page.previous)

        return await backend.answer(request, work)

    return [
        *endpoint("GET", "/organizations/{organisation}/events/", table, Access.VIEW),
        *endpoint("GET", "/projects/{organisation}/{project}/events/", of_project, Access.VIEW),
    ]


def fields_of(form: Form) -> tuple[str, ...]:
    """Raises SentryError."""
    dataset = form.one("dataset")
    if dataset not in DATASETS:
        raise SentryError(400, f'dataset "{dataset[:40]}" is not answered here; there is errors')
    return tuple(dict.fromkeys(one.strip() for one in form.many("field") if one.strip())) or FIELDS


def question_of(
    backend: SentryBackend, form: Form, fields: tuple[str, ...], said: Sequence[str], viewer: str
) -> EventQuestion:
    """Raises SentryError, BadQuery."""
    now_ms = backend.clock.now_ms()
    start_ms, end_ms = window(form, now_ms)
    terms, projects = of_projects(backend, parse(form.one("query"), now_ms=now_ms, me=viewer))
    sort = form.one("sort") or form.one("orderby")
    order, plain = sort.removeprefix("-"), sort.removeprefix("-")
    if not plain:
        # Without one the newest come first, or what was counted most.
        order = "timestamp" if not any(one.endswith(")") for one in fields) else _first_function(fields)
    elif order not in fields:
        # Sentry writes count() as `count` where it sorts.
        order = next((one for one in fields if one.partition("(")[0] == order), order)
    return EventQuestion(
        fields=fields,
        terms=terms,
        projects=(*backend.project_ids(said), *projects),
        environments=tuple(one for one in form.many("environment") if one)[:100],
        start_ms=start_ms,
        end_ms=end_ms,
        order=order,
        descending=not sort or sort.startswith("-"),
        limit=limit_of(form),
        offset=offset_of(form),
    )


def of_projects(backend: SentryBackend, terms: Sequence[SearchTerm]) -> tuple[tuple[SearchTerm, ...], tuple[int, ...]]:
    """`project:web` of a search is which projects are asked, not something that an event says. Raises SentryError."""
    rest: list[SearchTerm] = []
    projects: list[int] = []
    for term in terms:
        if isinstance(term, Compare) and term.key in _PROJECT_KEYS and not term.tag:
            if term.negated or term.op != "=":
                raise SentryError(400, f"{term.key}: name the projects that you want")
            projects += [backend.project(str(value)).id for value in term.values]
        else:
            rest.append(term)
    return tuple(rest), tuple(projects)


def _first_function(fields: Sequence[str]) -> str:
    return next(one for one in fields if one.endswith(")"))


def _rows(backend: SentryBackend, question: EventQuestion, budget: Budget) -> tuple[Sequence[Sequence[Any]], Page]:
    """One row more than wanted is not asked for: a full page may be followed by an empty one, as in Sentry."""
    rows = backend.finder.rows(question, budget)
    offset, limit = question.offset, question.limit
    return rows, Page(
        [],
        next=f"0:{offset + limit}:0" if len(rows) == limit else None,
        previous=f"0:{max(0, offset - limit)}:1" if offset else None,
    )


def _shown(fields: Sequence[str], row: dict[str, Any], projects: dict[int, Project]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for field in fields:
        if field in PROJECT_NAMES:
            number = int(row["project.id"])
            told[field] = projects[number].slug if number in projects else str(number)
        else:
            told[field] = iso(int(row[field])) if kind_of(field) == "date" else row[field]
    return told


def _row(row: dict[str, Any], project: str) -> dict[str, Any]:
    user = {name: row[f"user.{key}"] or None for name, key in _USER.items()}
    tags = [{"key": key, "value": row[key]} for key in ("environment", "level", "release") if row[key]]
    return {
        "event.type": "error" if row["error.type"] else "default",
        "id": row["id"],
        "eventID": row["id"],
        "groupID": str(row["issue"]),
        "projectID": project,
        "title": row["title"],
        "message": row["error.value"] or row["title"],
        "culprit": row["culprit"],
        "location": None,
        "platform": row["platform"],
        "tags": tags,
        "user": user if any(user.values()) else None,
        "dateCreated": iso(int(row["timestamp"])),
        "crashFile": None,
        "metadata": {"type": row["error.type"], "value": row["error.value"]} if row["error.type"] else {},
    }


_USER = {"id": "id", "email": "email", "username": "username", "ip_address": "ip"}
