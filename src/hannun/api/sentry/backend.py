"""What Sentry's REST endpoints need, and how organisation and project are found in a path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form, read_text
from hannun.api.limits import ApiLimits
from hannun.api.sentry import answers
from hannun.api.sentry.answers import NOT_THERE, Page, SentryError
from hannun.model.access import Access, User
from hannun.model.account import Project
from hannun.model.budget import Budget
from hannun.model.event_search import EventFinder
from hannun.model.http import Endpoint, Handler, principal_of
from hannun.model.issue import IssueDesk, IssueReader
from hannun.model.monitor import MonitorReader
from hannun.model.release_record import ReleaseDesk
from hannun.model.time import Clock, SystemClock
from hannun.query.runner import QueryRunner

BASE = "/api/0"
PREFIX = "/sentry"
BODY_BYTES_MAX = 4 << 20
"""sentry-cli sends all commits of a release with their files in one body: so many are 3,000, read within 15 ms."""
T = TypeVar("T")
F = TypeVar("F", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class SentryBackend:
    """`url` is where people open this server. `projects` and `users` read the accounts; both may block."""

    reader: IssueReader
    desk: IssueDesk
    releases: ReleaseDesk
    finder: EventFinder
    runner: QueryRunner
    projects: Callable[[], Sequence[Project]]
    url: str
    users: Callable[[], Sequence[User]] = tuple
    monitors: MonitorReader | None = None
    organisation: str = "hannun"
    limits: ApiLimits = field(default_factory=lambda: ApiLimits(form_bytes_max=BODY_BYTES_MAX))
    clock: Clock = field(default_factory=SystemClock)

    async def run(self, request: Request, work: Callable[[Budget], T]) -> T:
        """`work` in the pool, under a budget of its own."""
        budget = self.runner.budget()
        return await self.runner.run(request.is_disconnected, lambda: work(budget), budget)

    async def answer(self, request: Request, work: Callable[[Budget], Any], status: int = 200) -> Response:
        """The value of `work` as JSON; a `Page` with its links."""
        found = await self.run(request, work)
        return answers.page(request, found) if isinstance(found, Page) else answers.json(found, status)

    def check(self, request: Request) -> None:
        """Raises SentryError when the path names another organisation."""
        if request.path_params.get("organisation", self.organisation) != self.organisation:
            raise SentryError(404, NOT_THERE)

    def project(self, said: str) -> Project:
        """By slug or number. Raises SentryError."""
        for one in self.projects():
            if said in (one.slug, str(one.id)):
                return one
        raise SentryError(404, NOT_THERE)

    def project_ids(self, said: Sequence[str]) -> tuple[int, ...]:
        """Of `project=1&project=web`; -1 and nothing are all of them. Raises SentryError."""
        if not said or "-1" in said:
            return ()
        return tuple(dict.fromkeys(self.project(one).id for one in said[:100]))


def endpoint(method: str, path: str, handler: Handler, access: Access) -> list[Endpoint]:
    """At the root and under /sentry, each with and without a slash at the end; `path` is below BASE and ends in one."""
    guarded = answers.guarded(handler)
    return [Endpoint(method, BASE + path[: len(path) - cut], guarded, access, PREFIX) for cut in (0, 1)]


def actor_of(request: Request) -> str:
    """Who asks: the user's name, or that of the token; "" on an open server."""
    principal = principal_of(request)
    return principal.user.name if principal.user is not None else principal.token_name


async def body_of(request: Request, backend: SentryBackend, form: type[F]) -> F:
    """The JSON body; fields that the form does not have are left out. Raises SentryError, TooLarge, SlowForm."""
    raw = await read_text(request, backend.limits)
    try:
        return msgspec.json.decode(raw or b"{}", type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise SentryError(400, f"JSON parse error - {str(err)[:200]}") from err


def offset_of(form: Form) -> int:
    """Where a page begins, from Sentry's `value:offset:is_prev`. Raises SentryError."""
    said = form.one("cursor")
    if not said:
        return 0
    parts = said.split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
        raise SentryError(400, "Invalid cursor parameter.")
    return int(parts[1])


def limit_of(form: Form, default: int = 100, most: int = 100) -> int:
    """`per_page` or `limit`. Raises SentryError."""
    said = form.one("per_page") or form.one("limit")
    if not said:
        return default
    if not (said.isascii() and said.isdecimal()) or not 0 < int(said[:9]) <= most:
        raise SentryError(400, f"Invalid per_page value. Must be between 1 and {most}.")
    return int(said)


def paged(rows: list[Any], total: int, offset: int, limit: int) -> Page:
    """A page of a list that is counted by offsets."""
    return Page(
        rows,
        next=f"0:{offset + limit}:0" if offset + limit < total else None,
        previous=f"0:{max(0, offset - limit)}:1" if offset > 0 else None,
        total=total,
    )


def of_list(rows: list[Any], form: Form) -> Page:
    """A page of a list that is there as a whole."""
    offset, limit = offset_of(form), limit_of(form)
    return paged(rows[offset : offset + limit], len(rows), offset, limit)
