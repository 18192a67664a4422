"""What every group of Loki's API needs, and how a question of it is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import accepts_gzip, pack, respond
from hannun.api.form import Form, read_form
from hannun.api.limits import ApiLimits
from hannun.api.loki.answers import JSON, guarded
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.http import Endpoint, Handler
from hannun.model.log import LogPatterns, LogReader, LogTails
from hannun.model.time import Clock, SystemClock
from hannun.query.logql.engine import LogEngine
from hannun.query.runner import QueryRunner

PREFIX = "/loki"
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Backend:
    """`tails` None: nothing can be watched live; `patterns` None: nobody mines patterns."""

    engine: LogEngine
    runner: QueryRunner
    api_limits: ApiLimits = field(default_factory=ApiLimits)
    clock: Clock = field(default_factory=SystemClock)
    tails: LogTails | None = None
    patterns: LogPatterns | None = None

    @property
    def reader(self) -> LogReader:
        return self.engine.reader

    def now_ns(self) -> int:
        return self.clock.now_ms() * _NS_PER_MS

    async def form(self, request: Request) -> Form:
        return await read_form(request, self.api_limits)

    async def answer(self, request: Request, work: Callable[[Budget], Sequence[bytes]]) -> Response:
        """Run `work` in the pool under a budget; its parts are the whole answer, compressed there too."""
        budget = self.runner.budget(self.engine.limits.timeout_s)
        gzip = accepts_gzip(request)
        body = await self.runner.run(request.is_disconnected, lambda: pack(work(budget), gzip=gzip), budget)
        return respond(body, media_type=JSON)


def both_ways(path: str, handler: Handler) -> list[Endpoint]:
    """A question may be asked by GET and, when it is long, by POST."""
    return [Endpoint(method, path, guarded(handler), Access.VIEW, PREFIX) for method in ("GET", "POST")]
