"""GET /api/hannun/v1/logs/context: what the same stream said just before and just after a line."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.logs.backend import NS_PER_MS, LogBackend
from hannun.api.hannun.logs.shown import Shown
from hannun.api.hannun.route import Parameter, Route
from hannun.api.hannun.times import count
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import NotFound, WireError
from hannun.model.matcher import Matchers, equal
from hannun.model.text import Text
from hannun.query.logql.syntax import LogQuery

AROUND, AROUND_MAX = 20, 500
REACH_NS = 86_400 * 1000 * NS_PER_MS
"""How far from the line is looked: a stream that was silent for a day has no context."""
BAD_PLACE = Text(
    en="stream is 16 hex digits and ts nanoseconds since 1970, as a line of /logs has them",
    ko="stream은 16진수 16자리, ts는 1970년부터의 나노초입니다. /logs가 준 줄의 값을 그대로 주세요",
)
NO_STREAM = Text(en="No stream {id} has lines at that time", ko="그 시각에 줄이 있는 스트림 {id}을(를) 찾지 못했습니다")


def routes(backend: Backend, logs: LogBackend) -> list[Route]:
    async def around(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        stream, ts = form.one("stream"), form.one("ts")
        if len(stream) != 16 or set(stream) - set("0123456789abcdef") or not ts.isdecimal() or len(ts) > 19:
            raise WireError(BAD_PLACE)
        before = count(form, "before", AROUND, AROUND_MAX)
        after = count(form, "after", AROUND, AROUND_MAX)

        def work(budget: Budget) -> dict[str, Any]:
            at_ns = int(ts)
            query = _only(logs, int(stream, 16), at_ns, budget)
            shown = Shown()
            # One more on the later side: the line itself is the first of them.
            earlier = logs.evaluator.select(query, at_ns - REACH_NS, at_ns, before, True, 0, budget).lines
            later = logs.evaluator.select(query, at_ns, at_ns + REACH_NS, after + 1, False, 0, budget).lines
            own = later[0] if later and later[0].ts_ns == at_ns else None
            return {
                "before": shown.lines(reversed(earlier)),
                "at": shown.line(own) if own else None,
                "after": shown.lines(later[1:] if own else later[:after]),
                "streams": shown.streams,
            }

        return await backend.answer(request, work)

    return [
        Route(
            "GET",
            "/logs/context",
            around,
            Access.VIEW,
            "Lines of the same stream before and after one",
            (
                Parameter("stream", "string", "id of the stream, as /logs gives it"),
                Parameter("ts", "string", "the line's time in nanoseconds"),
                Parameter("before", "integer", f"at most {AROUND_MAX}"),
                Parameter("after", "integer", f"at most {AROUND_MAX}"),
            ),
        )
    ]


def _only(logs: LogBackend, stream: int, at_ns: int, budget: Budget) -> LogQuery:
    """The question for this stream alone. Raises NotFound."""
    for found in logs.reader.streams((), at_ns - REACH_NS, at_ns + REACH_NS, budget):
        if found.id == stream:
            # A stream whose labels are a part of another's is told apart by the others being absent.
            matchers: Matchers = tuple(equal(name, value) for name, value in found.labels)
            return LogQuery(matchers)
    raise NotFound(NO_STREAM.with_(id=f"{stream:016x}"))
