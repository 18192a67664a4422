"""GET /api/hannun/v1/metrics/{name} and /nearest: one metric with its labels, what to ask of it, and its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.hannun import suggest, times
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.known import KnownMetrics
from hannun.api.hannun.route import Parameter, Route
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.cardinality import LabelValues
from hannun.model.metric import MetricMetadata

DAY_MS = 86_400_000
LABELS_MAX, SAMPLE_VALUES = 50, 10
NEAREST, NEAREST_MAX = 5, 20
NAME_LENGTH_MAX = 1_000


def routes(backend: Backend, known: KnownMetrics) -> list[Route]:

    async def near(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        wanted = form.one("metric")[:NAME_LENGTH_MAX]
        limit = times.count(form, "limit", NEAREST, NEAREST_MAX)

        def work(budget: Budget) -> dict[str, Any]:
            series = known.series(budget)
            told = {entry.metric: entry for entry in backend.reader.metadata()}
            return {
                "metric": wanted,
                "exists": known.is_stored(wanted, budget),
                "nearest": [
                    {"name": name, "series": series.get(name, 0), "type": described(name, told).type}
                    for name in known.near(wanted, limit, budget)
                ],
            }

        return await backend.answer(request, work)

    async def metric(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        name = str(request.path_params["name"])[:NAME_LENGTH_MAX]
        start_ms, end_ms = times.window(form, backend.clock.now_ms(), DAY_MS)

        def work(budget: Budget) -> dict[str, Any]:
            exists = known.is_stored(name, budget)
            counter = backend.sources.cardinality
            labels: tuple[LabelValues, ...] = ()
            series = 0
            if exists and counter is not None:
                series = counter.cardinality(name, start_ms, end_ms, 1, budget).total.series
                labels = counter.label_values(name, start_ms, end_ms, LABELS_MAX, SAMPLE_VALUES, budget)
            told = {entry.metric: entry for entry in backend.reader.metadata()}
            return {
                **_described(name, described(name, told), labels),
                "series": series,
                "exists": exists,
                "nearest": [] if exists else known.near(name, NEAREST, budget),
            }

        return await backend.answer(request, work)

    window = (
        Parameter("from", "string", "Unix ms or RFC 3339; a day before `to` when left out"),
        Parameter("to", "string", "now when left out"),
    )
    return [
        Route("GET", "/metrics/{name}", metric, Access.VIEW, "One metric: its labels, and what to ask of it", window),
        Route(
            "GET",
            "/nearest",
            near,
            Access.VIEW,
            "Names of stored metrics that are like a given one",
            (
                Parameter("metric", "string", "the name that somebody wrote"),
                Parameter("limit", "integer", f"names to answer, {NEAREST} when left out"),
            ),
        ),
    ]


def described(name: str, told: Mapping[str, MetricMetadata]) -> MetricMetadata:
    """What the sender said about `name` or about the family that it belongs to."""
    return told.get(name) or told.get(suggest.family_of(name)) or MetricMetadata(name, "unknown")


def _described(name: str, told: MetricMetadata, labels: tuple[LabelValues, ...]) -> dict[str, Any]:
    seen = [suggest.LabelSeen(one.label, one.values) for one in labels]
    return {
        "name": name,
        "family": told.metric,
        "type": told.type,
        "unit": told.unit,
        "help": told.help,
        "labels": [
            {
                "name": one.label,
                "values": one.values,
                "series": one.series,
                "sample": [value.value for value in one.top],
            }
            for one in labels
        ],
        "suggestions": [
            {
                "kind": one.kind,
                "title": one.title,
                "expr": one.expr,
                **({"exprs": [{"name": part, "expr": expr} for part, expr in one.parts]} if one.parts else {}),
            }
            for one in suggest.suggestions(name, told.type, told.unit, seen)
        ],
    }
