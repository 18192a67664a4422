"""What tools do with issues: resolve, archive, assign, merge, delete, comment; one, several, or what a search finds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form, read_form
from hannun.api.sentry.answers import Page, SentryError, json
from hannun.api.sentry.backend import SentryBackend, actor_of, body_of, endpoint, of_list
from hannun.api.sentry.find import find_issue, issue_paths
from hannun.api.sentry.issue_json import activity_json, actor_json, details_json, issue_json
from hannun.api.sentry.issue_list import question_of
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.http import Endpoint
from hannun.model.issue import Issue, IssueChange, IssueStatus, Priority, StatusDetails, Substatus
from hannun.model.release_record import ReleaseQuestion

MANY_MAX = 1_000
"""Of one request, as in Sentry."""
COMMENT_MAX = 65_536
ACTIVITY_MAX = 1_000
MINUTE_MS = 60_000
STATUSES = {
    "resolved": IssueStatus.RESOLVED,
    "resolvedInNextRelease": IssueStatus.RESOLVED,
    "unresolved": IssueStatus.UNRESOLVED,
    "ignored": IssueStatus.ARCHIVED,
    "archived": IssueStatus.ARCHIVED,
}
SUBSTATUSES = {one.value: one for one in Substatus} | {
    "until_escalating": Substatus.UNTIL_ESCALATING,
    "until_condition_met": Substatus.UNTIL_CONDITION,
    "forever": Substatus.FOREVER,
}


class CommitForm(msgspec.Struct):
    commit: str
    repository: str = ""


class DetailsForm(msgspec.Struct, rename="camel"):
    in_release: str | None = None
    in_next_release: bool | None = None
    in_commit: CommitForm | None = None
    ignore_duration: int | None = None
    ignore_count: int | None = None
    ignore_window: int | None = None
    ignore_user_count: int | None = None
    ignore_user_window: int | None = None


class IssueForm(msgspec.Struct, rename="camel"):
    """What is not named here (subscriptions, the inbox) has nothing to hold it and is left out."""

    status: str | None = None
    status_details: DetailsForm | None = None
    substatus: str | None = None
    assigned_to: str | msgspec.UnsetType | None = msgspec.UNSET
    has_seen: bool | None = None
    is_bookmarked: bool | None = None
    is_public: bool | None = None
    priority: str | None = None
    merge: int | bool | None = None
    discard: bool | None = None
    # Sentry's own pages send these beside the status.
    ignore_duration: int | None = None
    ignore_count: int | None = None
    ignore_window: int | None = None
    ignore_user_count: int | None = None
    ignore_user_window: int | None = None


class CommentForm(msgspec.Struct):
    text: str


def endpoints(backend: SentryBackend) -> list[Endpoint]:
    async def change_one(request: Request) -> Response:
        backend.check(request)
        form, actor = await body_of(request, backend, IssueForm), actor_of(request)
        said = request.path_params["issue"]

        def work(_: Budget) -> dict[str, Any]:
            issue = find_issue(backend, said, actor)
            if form.discard:
                backend.desk.delete([issue.id], actor, discard=True)
                return {}
            wanted = change_of(backend, form)
            if wanted != IssueChange():
                issue = backend.desk.change([issue.id], wanted, actor)[0]
            return issue_json(issue, backend, {one.id: one for one in backend.projects()})

        return await backend.answer(request, work)

    async def change_many(request: Request) -> Response:
        backend.check(request)
        query, form = await read_form(request, backend.limits), await body_of(request, backend, IssueForm)
        actor, of_project = actor_of(request), request.path_params.get("project")

        def work(budget: Budget) -> dict[str, Any] | None:
            ids = chosen(backend, query, actor, of_project, budget)
            wanted = change_of(backend, form)
            if not ids:
                return None
            if form.discard:
                backend.desk.delete(ids, actor, discard=True)
                return None
            if form.merge:
                if len(ids) < 2:
                    raise SentryError(400, "Cannot merge less than two issues.")
                kept = backend.desk.merge(ids, actor)
                children = [str(one) for one in ids if one != kept.id]
                return {"merge": {"parent": str(kept.id), "children": children}}
            if wanted == IssueChange():
                return {}
            return changed_json(backend.desk.change(ids, wanted, actor)[0], form)

        told = await backend.run(request, work)
        return Response(status_code=204) if told is None else json(told)

    async def delete_one(request: Request) -> Response:
        backend.check(request)
        said, actor = request.path_params["issue"], actor_of(request)
        await backend.run(request, lambda _: backend.desk.delete([find_issue(backend, said, actor).id], actor))
        return Response(status_code=202)

    async def delete_many(request: Request) -> Response:
        backend.check(request)
        query, actor = await read_form(request, backend.limits), actor_of(request)
        of_project = request.path_params.get("project")

        def work(budget: Budget) -> None:
            ids = chosen(backend, query, actor, of_project, budget)
            if ids:
                backend.desk.delete(ids, actor)

        await backend.run(request, work)
        return Response(status_code=204)

    async def comments(request: Request) -> Response:
        backend.check(request)
        form, said = await read_form(request, backend.limits), request.path_params["issue"]

        def work(_: Budget) -> Page:
            issue = find_issue(backend, said, "")
            acts = backend.reader.activity(issue.id, ACTIVITY_MAX)
            return of_list([activity_json(one) for one in acts if one.kind == "comment"], form)

        return await backend.answer(request, work)

    async def comment(request: Request) -> Response:
        backend.check(request)
        form, actor = await body_of(request, backend, CommentForm), actor_of(request)
        said, text = request.path_params["issue"], form.text.strip()
        if not 0 < len(text) <= COMMENT_MAX:
            raise SentryError(400, f"text: Ensure this field has 1 to {COMMENT_MAX} characters.")
        return await backend.answer(
            request,
            lambda _: activity_json(backend.desk.comment(find_issue(backend, said, actor).id, text, actor)),
            201,
        )

    view, edit = Access.VIEW, Access.EDIT
    lists = ("/issues/", "/organizations/{organisation}/issues/", "/projects/{organisation}/{project}/issues/")
    found = [one for path in lists for one in endpoint("PUT", path, change_many, edit)]
    found += [one for path in lists for one in endpoint("DELETE", path, delete_many, edit)]
    for method, below, handler, access in (
        ("PUT", "", change_one, edit),
        ("DELETE", "", delete_one, edit),
        ("GET", "notes/", comments, view),
        ("POST", "notes/", comment, edit),
        ("GET", "comments/", comments, view),
        ("POST", "comments/", comment, edit),
    ):
        found += [one for path in issue_paths(below) for one in endpoint(method, path, handler, access)]
    return found


def chosen(backend: SentryBackend, query: Form, viewer: str, of_project: str | None, budget: Budget) -> list[int]:
    """The issues that `id=1&id=2` names, or that a search finds. Raises SentryError."""
    said = query.many("id")
    if said:
        if len(said) > MANY_MAX:
            raise SentryError(400, f"At most {MANY_MAX} issues can be changed at once.")
        known = set(backend.project_ids(query.many("project") if of_project is None else [of_project]))
        issues = [find_issue(backend, one, viewer) for one in dict.fromkeys(said)]
        return [one.id for one in issues if not known or one.project in known]
    if "query" not in query.values:
        raise SentryError(400, "Name the issues by id, or give a query.")
    question = replace(question_of(backend, query, viewer, of_project), limit=MANY_MAX, cursor="")
    found = backend.reader.list(question, budget)
    return [one.id for one in found.issues]


def change_of(backend: SentryBackend, form: IssueForm) -> IssueChange:
    """Raises SentryError for a word that is none."""
    if form.is_public:
        raise SentryError(400, "isPublic: issues cannot be shared outside of this server.")
    if form.status is not None and form.status not in STATUSES:
        raise SentryError(400, f'status: "{form.status[:40]}" is not a valid choice.')
    if form.substatus is not None and form.substatus not in SUBSTATUSES:
        raise SentryError(400, f'substatus: "{form.substatus[:40]}" is not a valid choice.')
    if form.priority is not None and form.priority not in [one.value for one in Priority]:
        raise SentryError(400, f'priority: "{form.priority[:40]}" is not a valid choice.')
    assigned = form.assigned_to
    return IssueChange(
        status=None if form.status is None else STATUSES[form.status],
        substatus=None if form.substatus is None else SUBSTATUSES[form.substatus],
        details=None if form.status is None else status_details(backend, form),
        priority=None if form.priority is None else Priority(form.priority),
        assignee=None if isinstance(assigned, msgspec.UnsetType) else assignee_of(backend, assigned or ""),
        bookmarked=form.is_bookmarked,
        seen=form.has_seen,
    )


def status_details(backend: SentryBackend, form: IssueForm) -> StatusDetails:
    said = form.status_details or DetailsForm()
    minutes = form.ignore_duration if said.ignore_duration is None else said.ignore_duration
    events = form.ignore_count if said.ignore_count is None else said.ignore_count
    users = form.ignore_user_count if said.ignore_user_count is None else said.ignore_user_count
    window = said.ignore_window or said.ignore_user_window or form.ignore_window or form.ignore_user_window
    for name, number in (("ignoreDuration", minutes), ("ignoreCount", events), ("ignoreUserCount", users)):
        if number is not None and not 0 < number < 1 << 31:
            raise SentryError(
                400, f"statusDetails: {name}: Ensure this value is greater than 0 and no larger than 2^31."
            )
    if window is not None and not 0 < window <= 7 * 24 * 60:
        raise SentryError(400, "statusDetails: ignoreWindow: Ensure this value is less than or equal to 10080.")
    in_commit = ""
    if said.in_commit is not None:
        repository, sha = said.in_commit.repository[:200], said.in_commit.commit[:64]
        in_commit = f"{repository}@{sha}" if repository else sha
    return StatusDetails(
        in_next_release=form.status == "resolvedInNextRelease" or bool(said.in_next_release),
        in_release=release_of(backend, said.in_release),
        in_commit=in_commit,
        until_ms=None if minutes is None else backend.clock.now_ms() + minutes * MINUTE_MS,
        until_events=events,
        until_users=users,
        window_ms=None if window is None else window * MINUTE_MS,
    )


def release_of(backend: SentryBackend, said: str | None) -> str:
    """`latest` is the newest one. Raises SentryError, NotFound."""
    if not said:
        return ""
    if said != "latest":
        return backend.releases.one(said).version
    newest = backend.releases.list(ReleaseQuestion(limit=1)).releases
    if not newest:
        raise SentryError(400, "statusDetails: inRelease: There are no releases to resolve in.")
    return newest[0].version


def assignee_of(backend: SentryBackend, said: str) -> str:
    """`user:NAME`, `team:SLUG` or "" for nobody; a user may be given by number, name or address. Raises SentryError."""
    if not said:
        return ""
    if said.startswith(("team:", "#")):
        return f"team:{said.removeprefix('team:').removeprefix('#')[:60]}"
    name = said.removeprefix("user:")
    users = backend.users()
    for user in users:
        if name in (user.name, str(user.id)):
            return f"user:{user.name}"
    if users:
        raise SentryError(400, "assignedTo: Unknown actor input")
    return f"user:{name[:60]}"


def changed_json(issue: Issue, form: IssueForm) -> dict[str, Any]:
    """Of what was asked for, how it stands now."""
    told = issue_status(issue) if form.status is not None or form.substatus is not None else {}
    if not isinstance(form.assigned_to, msgspec.UnsetType):
        told["assignedTo"] = actor_json(issue.assignee)
    if form.has_seen is not None:
        told["hasSeen"] = form.has_seen
    if form.is_bookmarked is not None:
        told["isBookmarked"] = form.is_bookmarked
    if form.priority is not None:
        told["priority"] = issue.priority.value
    return told


def issue_status(issue: Issue) -> dict[str, Any]:
    return {
        "status": "ignored" if issue.status is IssueStatus.ARCHIVED else issue.status.value,
        "statusDetails": details_json(issue.details),
        "substatus": None if issue.substatus is None else issue.substatus.value,
    }
