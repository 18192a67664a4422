"""GET /api/hannun/v1/logs/fields: what the found lines have, with the most frequent values, from the newest lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.logs.backend import AskedNumbers, LogBackend, read
from hannun.api.hannun.logs.lines import HOUR_MS, SEARCH
from hannun.api.hannun.logs.shown import LEVEL
from hannun.api.hannun.route import Route
from hannun.api.hannun.times import window
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.query.logql.found import FoundLine
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.syntax import Json, Logfmt

SAMPLED = 1_000
FIELDS_MAX = 100
TOP = 5
VALUE_CHARACTERS_MAX = 200
_KINDS = ("label", "attribute", "field")


def routes(backend: Backend, logs: LogBackend) -> list[Route]:
    async def counted(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        times = window(form, backend.clock.now_ms(), HOUR_MS)

        def work(budget: Budget) -> dict[str, Any]:
            asked = read(logs, form, times, budget)
            if isinstance(asked, AskedNumbers):
                return {"fields": [], "sampled": 0}
            answer = logs.evaluator.select(asked.query, asked.start_ns, asked.end_ns, SAMPLED, True, 0, budget)
            return {"fields": tally(answer.lines), "sampled": len(answer.lines)}

        return await backend.answer(request, work)

    return [Route("GET", "/logs/fields", counted, Access.VIEW, "Fields of the newest lines, and their values", SEARCH)]


def tally(lines: Sequence[FoundLine]) -> list[dict[str, Any]]:
    """Fields that most lines have first; labels before attributes before what stands in the line itself."""
    seen: dict[tuple[str, str], Counter[str]] = {}

    def add(kind: str, pairs: Mapping[str, str]) -> None:
        for name, value in pairs.items():
            if not name.startswith("__") and len(seen) < 20 * FIELDS_MAX:
                seen.setdefault((kind, name), Counter())[value[:VALUE_CHARACTERS_MAX]] += 1

    own = {"{": Pipeline((Json(),)), "=": Pipeline((Logfmt(),))}
    for line in lines:
        add("label", dict(line.stream.pairs))
        add("attribute", {("level" if name == LEVEL else name): value for name, value in line.metadata.items()})
        add("field", line.parsed or _inside(own, line))
    ranked = sorted(seen.items(), key=lambda item: (_KINDS.index(item[0][0]), -item[1].total(), item[0][1]))
    return [
        {
            "name": name,
            "kind": kind,
            "cardinality": len(counts),
            "top": [{"value": value, "count": number} for value, number in counts.most_common(TOP)],
        }
        for (kind, name), counts in ranked[:FIELDS_MAX]
    ]


def _inside(own: Mapping[str, Pipeline], line: FoundLine) -> Mapping[str, str]:
    """Fields of a line that no stage has parsed: JSON or logfmt, whichever it looks like."""
    text = line.line.lstrip()
    kind = "{" if text.startswith("{") else "=" if text.count("=") > 1 else ""
    if not kind:
        return {}
    parsed = own[kind].run(line.line, {}, {}, line.ts_ns)
    if parsed is None or "__error__" in parsed.parsed:
        return {}
    return parsed.parsed
