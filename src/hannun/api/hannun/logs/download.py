"""GET /api/hannun/v1/logs/download: the found lines as a file of text, JSON lines or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import accepts_gzip, pack, respond
from hannun.api.form import read_form
from hannun.api.hannun.backend import FRESH, Backend
from hannun.api.hannun.logs.backend import LogBackend, ask
from hannun.api.hannun.logs.lines import HOUR_MS, SEARCH
from hannun.api.hannun.logs.shown import LEVEL
from hannun.api.hannun.route import Parameter, Route
from hannun.api.hannun.times import window
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import WireError
from hannun.model.text import Text
from hannun.query.logql.found import FoundLine

LINES_MAX = 100_000
KINDS = {
    "text": ("text/plain; charset=utf-8", "log"),
    "json": ("application/x-ndjson", "jsonl"),
    "csv": ("text/csv; charset=utf-8", "csv"),
}
BAD_KIND = Text(
    en='format "{said}" is none of text, json, csv', ko='format "{said}": text, json, csv 중 하나여야 합니다'
)
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet."""


def routes(backend: Backend, logs: LogBackend) -> list[Route]:
    async def file(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        times = window(form, backend.clock.now_ms(), HOUR_MS)
        kind = form.one("format") or "text"
        if kind not in KINDS:
            raise WireError(BAD_KIND.with_(said=kind[:40]))
        gzip = accepts_gzip(request)

        def work(budget: Budget) -> Any:
            asked = ask(logs, form, times, budget)
            answer = logs.evaluator.select(asked.query, asked.start_ns, asked.end_ns, LINES_MAX, True, 0, budget)
            return pack(tuple(written(kind, reversed(answer.lines))), gzip=gzip)

        media, ending = KINDS[kind]
        name = f"hannun-logs-{times[0]}-{times[1]}.{ending}"
        headers = {**FRESH, "content-disposition": f'attachment; filename="{name}"', "content-type": media}
        return respond(await backend.run(request, work), headers=headers)

    return [
        Route(
            "GET",
            "/logs/download",
            file,
            Access.VIEW,
            f"The newest {LINES_MAX} lines as a file, the oldest first",
            (*SEARCH, Parameter("format", "string", "text, json or csv")),
        )
    ]


def written(kind: str, lines: Iterable[FoundLine]) -> Iterator[bytes]:
    if kind == "csv":
        yield _row(("time", "service", "level", "line"))
    for line in lines:
        if kind == "text":
            yield line.line.encode("utf-8", "replace") + b"\n"
        elif kind == "json":
            labels = dict(line.stream.pairs)
            whole = {"ts": _iso(line.ts_ns), **labels, **line.metadata, "line": line.line}
            yield orjson.dumps(whole) + b"\n"
        else:
            level = line.metadata.get(LEVEL, "")
            yield _row((_iso(line.ts_ns), line.stream.get("service_name"), level, line.line))


def _row(cells: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([f"'{cell}" if cell.startswith(_RISKY) else cell for cell in cells])
    return out.getvalue().encode("utf-8", "replace")


def _iso(ts_ns: int) -> str:
    """`2026-11-20T09:00:00.123456789Z`."""
    seconds, nanoseconds = divmod(ts_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"
