"""GET /api/hannun/v1/cardinality: how many series there are, which grew, who sends them, and a rule that drops them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.hannun import relabel_yaml, times
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.route import Parameter, Route
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.cardinality import Cardinality, CardinalityReader, Grown, LabelValues

HOUR_MS = 3_600_000
LIMIT, LIMIT_MAX = 20, 100
LABELS_WITH_VALUES = 20
NEEDED = ("job", "instance", "le", "quantile")
"""Without these, series of different senders or buckets would collide: no rule is offered that takes them off."""


def routes(backend: Backend) -> list[Route]:
    reader = backend.sources.cardinality
    if reader is None:
        return []

    async def cardinality(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        start_ms, end_ms = times.window(form, backend.clock.now_ms(), HOUR_MS)
        limit = times.count(form, "limit", LIMIT, LIMIT_MAX)
        metric = form.one("metric")

        def work(budget: Budget) -> dict[str, Any]:
            return look(reader, metric, start_ms, end_ms, limit, budget)

        return await backend.answer(request, work)

    return [
        Route(
            "GET",
            "/cardinality",
            cardinality,
            Access.VIEW,
            "Series now and a day ago: by metric, label, value and sender, each with a rule that drops it",
            (
                Parameter("from", "string", "Unix ms or RFC 3339; an hour before `to` when left out"),
                Parameter("to", "string", "now when left out; whole hours are counted"),
                Parameter("metric", "string", "only this metric, with the values of its labels"),
                Parameter("limit", "integer", f"rows of each list, {LIMIT} when left out, at most {LIMIT_MAX}"),
            ),
        )
    ]


def look(
    reader: CardinalityReader, metric: str, start_ms: int, end_ms: int, limit: int, budget: Budget
) -> dict[str, Any]:
    """The answer's value. One row more than shown is asked for, which tells whether a list was cut."""
    found = reader.cardinality(metric, start_ms, end_ms, limit + 1, budget)
    values: tuple[LabelValues, ...] = ()
    if metric:
        values = reader.label_values(metric, start_ms, end_ms, LABELS_WITH_VALUES, limit, budget)
    total = found.total.series
    return {
        "from_ms": start_ms,
        "to_ms": end_ms,
        "metric": metric,
        **_grown(found.total),
        "metric_count": found.metric_count,
        "metrics": _metrics(found, total)[:limit],
        "labels": [
            {
                "name": one.name,
                "values": one.values,
                "series": one.series,
                "share": _share(one.series, total),
                "drop_rule": "" if one.name in NEEDED else relabel_yaml.drop_label(one.name, metric),
            }
            for one in found.labels[:limit]
        ],
        "label_values": [_values(one, metric, total) for one in values],
        "senders": [
            {
                "job": one.job,
                "instance": one.instance,
                **_grown(one.count),
                "share": _share(one.count.series, total),
                "drop_rule": relabel_yaml.drop_sender(one.job, one.instance),
            }
            for one in found.senders[:limit]
        ],
        "truncated": max(map(len, (found.metrics, found.labels, found.senders))) > limit,
    }


def _metrics(found: Cardinality, total: int) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            **_grown(one.count),
            "share": _share(one.count.series, total),
            "drop_rule": relabel_yaml.drop_metric(one.name),
        }
        for one in found.metrics
    ]


def _values(of: LabelValues, metric: str, total: int) -> dict[str, Any]:
    return {
        "label": of.label,
        "values": of.values,
        "series": of.series,
        "top": [
            {
                "value": one.value,
                "series": one.series,
                "share": _share(one.series, total),
                "drop_rule": relabel_yaml.drop_value(metric, of.label, one.value),
            }
            for one in of.top
        ],
    }


def _grown(count: Grown) -> dict[str, int]:
    return {"series": count.series, "series_day_ago": count.day_ago, "growth": count.growth}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
