"""GET /api/hannun/v1/metrics: names of metrics by what somebody types, best first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.route import Parameter, Route
from hannun.api.hannun.shared import Shared
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import WireError
from hannun.model.metric import MetricMetadata
from hannun.model.text import Text

LIMIT = 100
NAMES_MAX = 1_000_000
KEEP_S = 10.0
_SUFFIX = re.compile(r"_(bucket|sum|count|total|created)$")
_BAD_LIMIT = Text(
    en='limit "{said}" is not a number from 1 to {most}', ko='limit "{said}": 1부터 {most}까지의 숫자여야 합니다'
)


@dataclass(frozen=True, slots=True)
class Named:
    """A metric that has series."""

    name: str
    type: str
    help: str
    unit: str
    series: int

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "type": self.type, "help": self.help, "unit": self.unit, "series": self.series}


def routes(backend: Backend) -> list[Route]:
    known: Shared[list[Named]] = Shared(KEEP_S, backend.clock)

    async def metrics(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        limit = _limit(form.one("limit"), backend.limits.metric_rows_max)
        search = form.one("search")[:1_000]

        def load(budget: Budget) -> list[Named]:
            counts = {count.name: count.value for count in backend.reader.stats(NAMES_MAX, budget).series_by_metric}
            return named(counts, backend.reader.metadata())

        names = await known.get(lambda: backend.run(request, load))

        def work(_budget: Budget) -> dict[str, Any]:
            found = ranked(names, search)
            return {"metrics": [name.as_json() for name in found[:limit]], "total": len(found)}

        return await backend.answer(request, work)

    return [
        Route(
            "GET",
            "/metrics",
            metrics,
            Access.VIEW,
            "Metric names by substring, best match first",
            (
                Parameter("search", "string", "words that must all occur in the name or the help text"),
                Parameter("limit", "integer", f"rows to answer, {LIMIT} when left out"),
            ),
        )
    ]


def named(counts: Mapping[str, int], metadata: Iterable[MetricMetadata]) -> list[Named]:
    """Sorted by name. A histogram's `x_bucket` takes the words of `x`."""
    told = {entry.metric: entry for entry in metadata}
    found = []
    for name in sorted(counts):
        entry = told.get(name) or told.get(_SUFFIX.sub("", name)) or MetricMetadata(name, "unknown")
        found.append(Named(name, entry.type, entry.help, entry.unit, counts[name]))
    return found


def ranked(names: Iterable[Named], search: str) -> list[Named]:
    """Those that hold every word of `search`: the name itself, its beginning, a word in it, a piece, then the help."""
    wanted = search.lower().split()
    if not wanted:
        return list(names)
    scored = [(max(rank(one, word) for word in wanted), len(one.name), one.name, one) for one in names]
    return [one for score, _, _, one in sorted(scored, key=lambda row: row[:3]) if score < NO_MATCH]


NO_MATCH = 9


def rank(of: Named, word: str) -> int:
    """0 is best."""
    name = of.name.lower()
    if name == word:
        return 0
    if name.startswith(word):
        return 1
    at = name.find(word)
    if at > 0:
        return 2 if f"_{word}" in name or f":{word}" in name else 3
    return 4 if word in of.help.lower() else NO_MATCH


def _limit(said: str, most: int) -> int:
    if said == "":
        return LIMIT
    if not (said.isascii() and said.isdecimal()) or len(said) > 9 or int(said) < 1:
        raise WireError(_BAD_LIMIT.with_(said=said[:40], most=most))
    return min(int(said), most)
