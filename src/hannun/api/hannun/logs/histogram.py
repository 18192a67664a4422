"""GET /api/hannun/v1/logs/histogram: found lines per time and severity."""

from __future__ import annotations

from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.logs.backend import NS_PER_MS, AskedNumbers, LogBackend, read
from hannun.api.hannun.logs.lines import HOUR_MS, SEARCH
from hannun.api.hannun.logs.shown import LEVEL
from hannun.api.hannun.route import Parameter, Route
from hannun.api.hannun.times import count, window
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.log import SEVERITIES
from hannun.query.logql.ranges import Times
from hannun.query.logql.syntax import Grouping, RangeAggregation

BUCKETS, BUCKETS_MAX = 120, 1_000
BUCKET_NS = 15 * 10**9
"""What the store counts lines by; every wider step is a multiple of it."""
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)


def routes(backend: Backend, logs: LogBackend) -> list[Route]:
    async def counted(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        times = window(form, backend.clock.now_ms(), HOUR_MS)
        buckets = count(form, "buckets", BUCKETS, BUCKETS_MAX)

        def work(budget: Budget) -> dict[str, Any]:
            asked = read(logs, form, times, budget)
            step_ms = step_for(times[1] - times[0], buckets)
            start_ms = times[0] // step_ms * step_ms
            if isinstance(asked, AskedNumbers):
                return {"start_ms": start_ms, "step_ms": step_ms, "severities": {}, "total": 0}
            number = max(1, -(-(times[1] - start_ms) // step_ms))
            step_ns = step_ms * NS_PER_MS
            # Windows are (t - step, t]. A bar is [start, start + step), so each ends a nanosecond before the next bar;
            # but wide bars are left open as they are, which the store has counted already, whatever the lines.
            last_ns = 0 if step_ns >= BUCKET_NS else 1
            at = Times(start_ms * NS_PER_MS + step_ns - last_ns, step_ns, number)
            node = RangeAggregation("count_over_time", asked.query, step_ns)
            matrix = logs.evaluator.evaluate(node, at, Grouping((LEVEL,)), budget)
            severities: dict[str, np.ndarray[Any, np.dtype[np.int64]]] = {}
            for labels, row in zip(matrix.labels, matrix.values, strict=True):
                level = labels.get(LEVEL, "unknown")
                level = level if level in SEVERITIES else "unknown"
                counts = np.nan_to_num(row).astype(np.int64)
                severities[level] = severities[level] + counts if level in severities else counts
            return {
                "start_ms": start_ms,
                "step_ms": step_ms,
                "severities": {level: counts.tolist() for level, counts in severities.items()},
                "total": int(sum(int(counts.sum()) for counts in severities.values())),
            }

        return await backend.answer(request, work)

    return [
        Route(
            "GET",
            "/logs/histogram",
            counted,
            Access.VIEW,
            "Lines per time and severity",
            (*SEARCH, Parameter("buckets", "integer", f"bars wished for, at most {BUCKETS_MAX}")),
        )
    ]


def step_for(span_ms: int, buckets: int) -> int:
    """The smallest round step that needs no more than `buckets` bars."""
    wanted_s = span_ms / 1000 / buckets
    days = 86_400
    step_s = next((step for step in STEPS_S if step >= wanted_s), -(-int(wanted_s) // days) * days)
    return max(step_s, 1) * 1000
