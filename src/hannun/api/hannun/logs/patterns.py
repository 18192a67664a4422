"""GET /api/hannun/v1/logs/patterns: what the chosen streams say, how often, since when and how changed.

Patterns are mined from every line as it comes. A search of words narrows to patterns that hold them; filters on fields
cannot be asked of a pattern and are said to be left out.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.logs.backend import LogBackend, ask
from hannun.api.hannun.logs.histogram import step_for
from hannun.api.hannun.logs.lines import HOUR_MS, SEARCH
from hannun.api.hannun.route import Route
from hannun.api.hannun.times import window
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.log import SEVERITIES
from hannun.model.pattern import PatternReader, PatternSeen

PATTERNS_MAX = 300
BARS = 30
NEW_AFTER_MS = 3_600_000
"""A pattern is new when everything else was known for an hour before its first line."""


def routes(backend: Backend, logs: LogBackend) -> list[Route]:
    reader = logs.patterns
    if reader is None:
        return []

    async def mined(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        times = window(form, backend.clock.now_ms(), HOUR_MS)
        step_ms = max(60_000, step_for(times[1] - times[0], BARS))

        def work(budget: Budget) -> dict[str, Any]:
            asked = ask(logs, form, times, budget)
            streams = logs.reader.streams([asked.query.matchers], asked.start_ns, asked.end_ns, budget)
            found = _all(reader, [one.id for one in streams], times, step_ms, budget)
            words = [word.lower() for word in asked.understood.words]
            kept = [one for one in found if all(word in one.text.lower() for word in words)]
            oldest_ms = min((one.first_ms for one in found), default=0)
            return {
                "start_ms": times[0] // 60_000 * 60_000,
                "step_ms": step_ms,
                "patterns": [shown(one, times[0], oldest_ms) for one in kept],
                "lines": sum(one.lines for one in kept),
            }

        return await backend.answer(request, work)

    return [
        Route("GET", "/logs/patterns", mined, Access.VIEW, "Patterns of the lines, and what is new or changed", SEARCH)
    ]


def _all(
    reader: PatternReader, streams: list[int], times: tuple[int, int], step_ms: int, budget: Budget
) -> tuple[PatternSeen, ...]:
    return reader.seen(streams, times[0], times[1], step_ms, PATTERNS_MAX, budget)


def shown(one: PatternSeen, start_ms: int, oldest_ms: int) -> dict[str, Any]:
    # On a server that has just begun to look everything is new, which tells nobody anything.
    is_new = one.first_ms >= start_ms and one.first_ms - oldest_ms >= NEW_AFTER_MS
    return {
        "id": f"{one.id:016x}-{one.severity}",
        "pattern": one.text,
        "count": one.lines,
        "severity": SEVERITIES[one.severity],
        "services": list(one.services),
        "first_ms": one.first_ms,
        "last_ms": one.last_ms,
        "counts": list(one.counts),
        "is_new": is_new,
        "change": one.lines / one.before if one.before else None,
        "search": search(one),
    }


def search(one: PatternSeen) -> str:
    """Words that find the lines of a pattern: its longest pieces between what differs."""
    pieces = sorted((piece.strip() for piece in re.split(r"<_>|\s{2,}", one.text)), key=len, reverse=True)
    chosen = [piece for piece in pieces[:2] if len(piece) >= 3]
    quoted = " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in chosen)
    service = f"service:{one.services[0]} " if len(one.services) == 1 and one.services[0] else ""
    return (service + quoted).strip()
