"""What people do with issues: resolve, archive, assign, comment, merge, delete. Editors only."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_text
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.errors.backend import IDS_MAX, ErrorBackend, issue_of, name_of
from hannun.api.hannun.errors.shown import activity_json, issue_json
from hannun.api.hannun.route import Route
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import WireError
from hannun.model.issue import IssueChange, IssueStatus, Priority, StatusDetails, Substatus
from hannun.model.text import Text

E = TypeVar("E", IssueStatus, Substatus, Priority)
F = TypeVar("F", bound=msgspec.Struct)

COMMENT_MAX = 65_536
BAD_BODY = Text(en="the body cannot be read: {why}", ko="본문을 읽을 수 없습니다: {why}")
NO_IDS = Text(en="ids names no issue, or more than {most}", ko="ids에 이슈가 없거나 {most}개가 넘습니다")
NO_COMMENT = Text(en="a comment has 1 to {most} characters", ko="댓글은 1자에서 {most}자까지 쓸 수 있습니다")
BAD_WORD = Text(en='{name} "{said}" is not one of {known}', ko='{name} "{said}": {known} 가운데 하나를 쓰세요')


class DetailsForm(msgspec.Struct, forbid_unknown_fields=True):
    in_next_release: bool = False
    in_release: str = ""
    in_commit: str = ""
    until_ms: int | None = None
    until_events: int | None = None
    until_users: int | None = None
    window_ms: int | None = None


class ChangeForm(msgspec.Struct, forbid_unknown_fields=True):
    ids: list[int]
    status: str | None = None
    substatus: str | None = None
    details: DetailsForm | None = None
    priority: str | None = None
    assignee: str | None = None
    bookmarked: bool | None = None
    seen: bool | None = None


class IdsForm(msgspec.Struct, forbid_unknown_fields=True):
    ids: list[int]
    discard: bool = False


class HashesForm(msgspec.Struct, forbid_unknown_fields=True):
    hashes: list[str]


class CommentForm(msgspec.Struct, forbid_unknown_fields=True):
    text: str


def routes(backend: Backend, errors: ErrorBackend) -> list[Route]:
    async def change(request: Request) -> Response:
        form, actor = await _read(request, backend, ChangeForm), name_of(request)
        ids, wanted = _ids(form.ids), change_of(form)

        def work(_: Budget) -> dict[str, Any]:
            return {"issues": [issue_json(one) for one in errors.desk.change(ids, wanted, actor)]}

        return await backend.answer(request, work)

    async def merge(request: Request) -> Response:
        ids, actor = _ids((await _read(request, backend, IdsForm)).ids), name_of(request)
        return await backend.answer(request, lambda _: issue_json(errors.desk.merge(ids, actor)))

    async def unmerge(request: Request) -> Response:
        form, actor = await _read(request, backend, HashesForm), name_of(request)
        said = request.path_params["issue"]

        def work(_: Budget) -> dict[str, Any]:
            issue = issue_of(errors, said, actor)
            return issue_json(errors.desk.unmerge(issue.id, form.hashes[:IDS_MAX], actor))

        return await backend.answer(request, work)

    async def comment(request: Request) -> Response:
        form, actor = await _read(request, backend, CommentForm), name_of(request)
        said, text = request.path_params["issue"], form.text.strip()
        if not 0 < len(text) <= COMMENT_MAX:
            raise WireError(NO_COMMENT.with_(most=COMMENT_MAX))

        def work(_: Budget) -> dict[str, Any]:
            return activity_json(errors.desk.comment(issue_of(errors, said, actor).id, text, actor))

        return await backend.answer(request, work)

    async def delete(request: Request) -> Response:
        form, actor = await _read(request, backend, IdsForm), name_of(request)
        ids = _ids(form.ids)

        def work(_: Budget) -> dict[str, Any]:
            errors.desk.delete(ids, actor, discard=form.discard)
            return {"deleted": len(ids)}

        return await backend.answer(request, work)

    ids = {"ids": "numbers of issues"}
    return [
        Route(
            "PATCH",
            "/errors",
            change,
            Access.EDIT,
            "Change issues: what is left out stays",
            body={
                **ids,
                "status": ", ".join(one.value for one in IssueStatus),
                "substatus": "of archived issues: how long",
                "details": "when a status ends: in_next_release, in_release, in_commit, until_ms, until_events, …",
                "priority": ", ".join(one.value for one in Priority),
                "assignee": '"user:NAME", "team:SLUG", or "" for nobody',
                "bookmarked": "for the caller alone",
                "seen": "for the caller alone",
            },
        ),
        Route("DELETE", "/errors", delete, Access.EDIT, "Delete issues with their events", body=ids),
        Route("POST", "/errors/merge", merge, Access.EDIT, "Make one issue of several", body=ids),
        Route(
            "POST",
            "/errors/{issue}/unmerge",
            unmerge,
            Access.EDIT,
            "Make an issue of its own of some groups",
            body={"hashes": "the groups"},
        ),
        Route("POST", "/errors/{issue}/comments", comment, Access.EDIT, "Comment an issue", body={"text": "Markdown"}),
    ]


def change_of(form: ChangeForm) -> IssueChange:
    """Raises WireError for a word that is none."""
    details = form.details
    return IssueChange(
        status=None if form.status is None else _word("status", form.status, IssueStatus),
        substatus=None if form.substatus is None else _word("substatus", form.substatus, Substatus),
        details=None if details is None else StatusDetails(**msgspec.structs.asdict(details)),
        priority=None if form.priority is None else _word("priority", form.priority, Priority),
        assignee=form.assignee,
        bookmarked=form.bookmarked,
        seen=form.seen,
    )


def _word(name: str, said: str, kind: type[E]) -> E:
    for one in kind:
        if one.value == said:
            return one
    raise WireError(BAD_WORD.with_(name=name, said=said[:40], known=", ".join(one.value for one in kind)))


def _ids(ids: list[int]) -> list[int]:
    if not 0 < len(ids) <= IDS_MAX:
        raise WireError(NO_IDS.with_(most=IDS_MAX))
    return list(dict.fromkeys(ids))


async def _read(request: Request, backend: Backend, form: type[F]) -> F:
    try:
        return msgspec.json.decode(await read_text(request, backend.limits), type=form)
    except msgspec.DecodeError as err:
        raise WireError(BAD_BODY.with_(why=str(err)[:200])) from err
