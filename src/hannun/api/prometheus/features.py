"""/api/v1/features: what this server can do, in the categories of Prometheus 3.x, read off the registries."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.envelope import guarded, json, success
from hannun.model.access import Access
from hannun.model.http import Endpoint
from hannun.query.promql import AGGREGATIONS, FUNCTIONS
from hannun.query.promql.parser import PRECEDENCE


def endpoints(backend: Backend, *, admin: bool) -> list[Endpoint]:
    async def features(request: Request) -> Response:
        return await backend.answer(request, lambda _budget: success(json(listed(backend, admin=admin))))

    return [Endpoint("GET", "/api/v1/features", guarded(features), Access.VIEW, prefix="/prometheus")]


def listed(backend: Backend, *, admin: bool) -> dict[str, Mapping[str, bool]]:
    names = (*AGGREGATIONS, *PRECEDENCE)
    return {
        "api": {
            "admin": admin,
            "exclude_alerts": True,
            "label_values_match": True,
            "lifecycle": backend.around.reload is not None,
            "openapi_3.1": True,
            "query_stats": True,
            "query_warnings": True,
            "remote_write_receiver": True,
            "time_range_labels": True,
            "time_range_series": True,
        },
        "promql": {
            "anchored": True,
            "at_modifier": True,
            "bool": True,
            "by": True,
            "duration_expr": True,
            "fill": True,
            "fill_left": True,
            "fill_right": True,
            "group_left": True,
            "group_right": True,
            "ignoring": True,
            "negative_offset": True,
            "offset": True,
            "on": True,
            "per_query_lookback_delta": True,
            "per_step_stats": False,
            "smoothed": True,
            "subqueries": True,
            "without": True,
        },
        "promql_functions": dict.fromkeys(sorted(FUNCTIONS), True),
        "promql_operators": dict.fromkeys(sorted(names), True),
        "rules": {"keep_firing_for": True, "query_offset": True},
        "tsdb": {"delayed_compaction": False, "native_histograms": True, "out_of_order": True},
    }
