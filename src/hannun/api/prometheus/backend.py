"""What every group of the Prometheus API needs, and how a question of it is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import accepts_gzip, pack, respond
from hannun.api.form import Form, read_form
from hannun.api.limits import ApiLimits
from hannun.api.prometheus.around import Around
from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError
from hannun.model.ports import MetricReader
from hannun.model.time import Clock, SystemClock
from hannun.query.promql import PromEngine
from hannun.query.runner import QueryRunner


@dataclass(frozen=True, slots=True)
class Backend:
    engine: PromEngine
    reader: MetricReader
    runner: QueryRunner
    limits: ApiLimits = field(default_factory=ApiLimits)
    clock: Clock = field(default_factory=SystemClock)
    around: Around = field(default_factory=Around)

    async def form(self, request: Request) -> Form:
        return await read_form(request, self.limits)

    async def answer(
        self, request: Request, work: Callable[[Budget], list[bytes]], *, timeout_s: float | None = None
    ) -> Response:
        """Run `work` in the pool under a budget; its parts are the whole answer, compressed there too."""
        budget = self.runner.budget(timeout_s)
        gzip = accepts_gzip(request)
        return respond(await self.runner.run(request.is_disconnected, lambda: pack(work(budget), gzip=gzip), budget))


def too_long(size: int, limits: ApiLimits) -> ExecutionError:
    return ExecutionError(
        f"the answer would have about {size} bytes; at most {limits.answer_bytes_max} are sent",
        "narrow the selector or the time range, raise the step, or set limit",
    )
