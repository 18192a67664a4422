"""/api/v1/status/*: what Grafana and people ask a Prometheus about itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun import __version__
from hannun.api.prometheus import parameters
from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.envelope import bad_data, guarded, json, success
from hannun.api.prometheus.instants import rfc3339
from hannun.api.prometheus.self_metrics import families_json
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.http import Endpoint
from hannun.model.metric import Count
from hannun.observe.metrics import REGISTRY

SPEAKS_AS = "3.5.0"
"""Grafana chooses features by this version: a Prometheus of the 3.x line with long-term support."""
TSDB_ROWS, TSDB_ROWS_MAX = 10, 10_000
INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the status pages say about the process. `flags`: Prometheus's names of our settings."""

    started_ms: int = 0
    retention: str = ""
    flags: Mapping[str, str] = field(default_factory=dict)


def endpoints(backend: Backend, facts: ServerFacts) -> list[Endpoint]:
    def said(value: Callable[[], Any]) -> Callable[[Request], Any]:
        async def handler(request: Request) -> Response:
            return await backend.answer(request, lambda _budget: success(json(value())))

        return handler

    async def tsdb(request: Request) -> Response:
        form = await backend.form(request)
        rows = parameters.integer(form, "limit", TSDB_ROWS, "limit must be a positive number")
        if rows < 1:
            raise bad_data("limit must be a positive number")
        if rows > TSDB_ROWS_MAX:
            raise bad_data(f"limit must not exceed {TSDB_ROWS_MAX}")

        def work(budget: Budget) -> list[bytes]:
            stats = backend.reader.stats(rows, budget)
            empty = stats.series == 0
            return success(
                json(
                    {
                        "headStats": {
                            "numSeries": stats.series,
                            "numLabelPairs": stats.label_pairs,
                            "chunkCount": stats.chunks,
                            "minTime": INT64_MAX if empty else stats.min_ms,
                            "maxTime": INT64_MIN if empty else stats.max_ms,
                        },
                        "seriesCountByMetricName": _counts(stats.series_by_metric, rows),
                        "labelValueCountByLabelName": _counts(stats.values_by_label, rows),
                        "memoryInBytesByLabelName": _counts(stats.bytes_by_label, rows),
                        "seriesCountByLabelValuePair": _counts(stats.series_by_pair, rows),
                    }
                )
            )

        return await backend.answer(request, work)

    routes = [
        ("/api/v1/status/buildinfo", said(build_info)),
        ("/api/v1/status/runtimeinfo", said(lambda: _runtime(facts, backend))),
        ("/api/v1/status/flags", said(lambda: dict(sorted(facts.flags.items())))),
        ("/api/v1/status/config", said(lambda: {"yaml": backend.around.config_text()})),
        ("/api/v1/status/walreplay", said(lambda: {"min": 0, "max": 0, "current": 0, "state": "done"})),
        # There are no block files: the engine keeps parts of its own, which /api/hannun/v1/status counts.
        ("/api/v1/status/tsdb/blocks", said(lambda: {"blocks": []})),
        ("/api/v1/status/self_metrics", said(lambda: families_json(REGISTRY.collect()))),
        ("/api/v1/status/tsdb", tsdb),
    ]
    return [Endpoint("GET", path, guarded(handler), Access.VIEW, prefix="/prometheus") for path, handler in routes]


def _counts(rows: tuple[Count, ...], most: int) -> list[dict[str, Any]]:
    return [{"name": row.name, "value": row.value} for row in rows[:most]]


def build_info() -> dict[str, str]:
    """Without `features`: Grafana takes a server that has some for a Mimir."""
    return {
        "version": SPEAKS_AS,
        "revision": f"hannun-{__version__}",
        "branch": "hannun",
        "buildUser": "hannun",
        "buildDate": "",
        "goVersion": "",
    }


def _runtime(facts: ServerFacts, backend: Backend) -> dict[str, Any]:
    reload_ok, reload_ms = backend.around.reload_status()
    return {
        "startTime": rfc3339(facts.started_ms),
        "CWD": str(Path.cwd()),
        "hostname": os.uname().nodename,
        "serverTime": rfc3339(backend.clock.now_ms()),
        "reloadConfigSuccess": reload_ok,
        "lastConfigTime": rfc3339(reload_ms or facts.started_ms),
        "corruptionCount": 0,
        "goroutineCount": 0,
        "GOMAXPROCS": os.cpu_count() or 1,
        "GOMEMLIMIT": INT64_MAX,
        "GOGC": "",
        "GODEBUG": "",
        "storageRetention": facts.retention,
    }
