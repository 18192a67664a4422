"""Releases, their commits and deploys: what sentry-cli, bundler plugins and pages ask for and tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form, read_form
from hannun.api.sentry import answers
from hannun.api.sentry.answers import Page, SentryError
from hannun.api.sentry.backend import SentryBackend, body_of, endpoint, limit_of, of_list, offset_of, paged
from hannun.api.sentry.release_json import commit_json, deploy_json, release_json
from hannun.api.sentry.times import moment
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.http import Endpoint
from hannun.model.release_record import Commit, Deploy, ReleaseChange, ReleaseQuestion

SORTS = {"": "date", "date": "date", "semver": "semver", "build": "semver"}
OPEN, ARCHIVED = "open", "archived"


class PatchForm(msgspec.Struct):
    path: str
    type: str = "M"


class CommitForm(msgspec.Struct):
    id: str
    message: str | None = None
    author_name: str | None = None
    author_email: str | None = None
    timestamp: str | None = None
    repository: str | None = None
    patch_set: list[PatchForm] | None = None


class RefForm(msgspec.Struct):
    repository: str
    commit: str


class ReleaseForm(msgspec.Struct):
    """`version` is read where a release is made; the rest is what may be told of one."""

    version: str | None = None
    projects: list[str | int] | None = None
    ref: str | None = None
    url: str | None = None
    date_started: str | None = msgspec.field(name="dateStarted", default=None)
    date_released: str | None = msgspec.field(name="dateReleased", default=None)
    status: str | None = None
    commits: list[CommitForm] | None = None
    refs: list[RefForm] | None = None


class DeployForm(msgspec.Struct):
    environment: str
    name: str | None = None
    url: str | None = None
    projects: list[str | int] | None = None
    date_started: str | None = msgspec.field(name="dateStarted", default=None)
    date_finished: str | None = msgspec.field(name="dateFinished", default=None)


def endpoints(backend: SentryBackend) -> list[Endpoint]:
    async def listed(request: Request) -> Response:
        backend.check(request)
        form = await read_form(request, backend.limits)
        of_project = request.path_params.get("project")

        def work(_: Budget) -> Page:
            said = [str(of_project)] if of_project is not None else form.many("project")
            # As Sentry does, an organisation's list leaves out what is archived unless it is asked for.
            status = form.one("status", OPEN if of_project is None else "")
            question = question_of(form, backend.project_ids(said), status)
            found = backend.releases.list(question)
            known = {one.id: one for one in backend.projects()}
            rows = [release_json(one, known) for one in found.releases]
            return paged(rows, found.total, question.offset, question.limit)

        return await backend.answer(request, work)

    async def make(request: Request) -> Response:
        backend.check(request)
        form = await body_of(request, backend, ReleaseForm)
        of_project = request.path_params.get("project")

        def work(_: Budget) -> tuple[dict[str, Any], bool]:
            if not form.version:
                raise SentryError(400, "version: This field is required.")
            said = [*(form.projects or []), *([str(of_project)] if of_project is not None else [])]
            change = change_of(form, _projects(backend, said))
            made, is_new = backend.releases.make(form.version, change)
            return release_json(made, {one.id: one for one in backend.projects()}), is_new

        told, is_new = await backend.run(request, work)
        # 208: there already; Sentry says so and its tools count on it.
        return answers.json(told, 201 if is_new else 208)

    async def one(request: Request) -> Response:
        backend.check(request)
        version = request.path_params["version"]

        def work(_: Budget) -> dict[str, Any]:
            return release_json(backend.releases.one(version), {one.id: one for one in backend.projects()})

        return await backend.answer(request, work)

    async def change(request: Request) -> Response:
        backend.check(request)
        form, version = await body_of(request, backend, ReleaseForm), request.path_params["version"]

        def work(_: Budget) -> dict[str, Any]:
            wanted = change_of(form, _projects(backend, form.projects or []))
            return release_json(backend.releases.change(version, wanted), {one.id: one for one in backend.projects()})

        return await backend.answer(request, work)

    async def delete(request: Request) -> Response:
        backend.check(request)
        version = request.path_params["version"]
        await backend.run(request, lambda _: backend.releases.delete(version))
        return Response(status_code=204)

    async def commits(request: Request) -> Response:
        backend.check(request)
        form, version = await read_form(request, backend.limits), request.path_params["version"]
        return await backend.answer(
            request, lambda _: of_list([commit_json(one) for one in backend.releases.commits(version)], form)
        )

    async def previous(request: Request) -> Response:
        backend.check(request)
        version = request.path_params["version"]

        def work(_: Budget) -> dict[str, Any]:
            found = backend.releases.previous_with_commits(version)
            return {} if found is None else release_json(found, {one.id: one for one in backend.projects()})

        return await backend.answer(request, work)

    async def deploys(request: Request) -> Response:
        backend.check(request)
        form, version = await read_form(request, backend.limits), request.path_params["version"]
        return await backend.answer(
            request, lambda _: of_list([deploy_json(one) for one in backend.releases.deploys(version)], form)
        )

    async def deploy(request: Request) -> Response:
        backend.check(request)
        form, version = await body_of(request, backend, DeployForm), request.path_params["version"]

        def work(_: Budget) -> dict[str, Any]:
            if not 0 < len(form.environment) <= 64:
                raise SentryError(400, "environment: Ensure this field has 1 to 64 characters.")
            finished_ms = _moment(form.date_finished, "dateFinished")
            told = Deploy(
                0,
                form.environment,
                form.name or "",
                form.url or "",
                _moment(form.date_started, "dateStarted"),
                backend.clock.now_ms() if finished_ms is None else finished_ms,
            )
            return deploy_json(backend.releases.deploy(version, told, _projects(backend, form.projects or [])))

        return await backend.answer(request, work, 201)

    view, edit = Access.VIEW, Access.EDIT
    of_organisation, of_project = (
        "/organizations/{organisation}/releases/",
        "/projects/{organisation}/{project}/releases/",
    )
    table = [
        ("GET", "", listed, view),
        ("POST", "", make, edit),
        ("GET", "{version}/", one, view),
        ("PUT", "{version}/", change, edit),
        ("DELETE", "{version}/", delete, edit),
        ("GET", "{version}/commits/", commits, view),
    ]
    of_one = [
        ("GET", "{version}/previous-with-commits/", previous, view),
        ("GET", "{version}/deploys/", deploys, view),
        ("POST", "{version}/deploys/", deploy, edit),
    ]
    both = [
        endpoint(method, base + path, handler, access)
        for base in (of_organisation, of_project)
        for method, path, handler, access in table
    ]
    only = [endpoint(method, of_organisation + path, handler, access) for method, path, handler, access in of_one]
    return [one for each in (*both, *only) for one in each]


def question_of(form: Form, projects: tuple[int, ...], status: str) -> ReleaseQuestion:
    """Raises SentryError."""
    sort = form.one("sort")
    if sort not in SORTS:
        raise SentryError(400, f'Invalid sort "{sort[:40]}": there are date, semver and build')
    return ReleaseQuestion(
        projects=projects,
        text=form.one("query")[:200],
        sort=SORTS[sort],
        archived={OPEN: False, ARCHIVED: True}.get(status),
        offset=offset_of(form),
        limit=limit_of(form),
    )


def change_of(form: ReleaseForm, projects: tuple[int, ...]) -> ReleaseChange:
    """Raises SentryError."""
    if form.status not in (None, OPEN, ARCHIVED):
        raise SentryError(400, f'Invalid status "{str(form.status)[:40]}": there are open and archived')
    commits = None
    if form.commits is not None:
        commits = tuple(commit_of(one) for one in form.commits)
    elif form.refs is not None:
        # A reference names the head alone; what lies before it nobody here can look up.
        commits = tuple(Commit(one.commit.rpartition("..")[2], repository=one.repository) for one in form.refs)
    return ReleaseChange(
        projects=projects,
        started_ms=_moment(form.date_started, "dateStarted"),
        released_ms=_moment(form.date_released, "dateReleased"),
        archived=None if form.status is None else form.status == ARCHIVED,
        ref=form.ref,
        url=form.url,
        commits=commits,
    )


def commit_of(form: CommitForm) -> Commit:
    """Raises SentryError for one without an id."""
    if not 0 < len(form.id) <= 64:
        raise SentryError(400, "commits: id: Ensure this field has 1 to 64 characters.")
    return Commit(
        form.id,
        form.message or "",
        form.author_name or "",
        form.author_email or "",
        _moment(form.timestamp, "timestamp"),
        form.repository or "",
        tuple((one.path, one.type[:1].upper()) for one in form.patch_set or ()),
    )


def _projects(backend: SentryBackend, said: Sequence[str | int]) -> tuple[int, ...]:
    """Raises SentryError for one that is not here."""
    known = {name: one.id for one in backend.projects() for name in (one.slug, str(one.id))}
    unknown = [one for one in said if str(one) not in known]
    if unknown:
        raise SentryError(400, f"projects: Invalid project ids or slugs: {str(unknown[0])[:64]}")
    return tuple(dict.fromkeys(known[str(one)] for one in said))


def _moment(said: str | None, name: str) -> int | None:
    return None if said is None else moment(said, name)
