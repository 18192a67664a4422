"""/api/v1/metadata: type, help and unit of metrics, as their senders told them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.prometheus import parameters
from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.envelope import guarded, json, success
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.http import Endpoint


def endpoints(backend: Backend) -> list[Endpoint]:
    async def metadata(request: Request) -> Response:
        form = await backend.form(request)
        limit = parameters.integer(form, "limit", -1, "limit must be a number")
        per_metric = parameters.integer(form, "limit_per_metric", -1, "limit_per_metric must be a number")
        metric = form.one("metric") or None

        def work(_budget: Budget) -> list[bytes]:
            found: dict[str, list[dict[str, str]]] = {}
            for entry in backend.reader.metadata(metric):
                if entry.metric not in found and 0 <= limit <= len(found):
                    break
                entries = found.setdefault(entry.metric, [])
                if per_metric <= 0 or len(entries) < per_metric:
                    entries.append({"type": entry.type, "unit": entry.unit, "help": entry.help})
            return success(json(found))

        return await backend.answer(request, work)

    return [Endpoint("GET", "/api/v1/metadata", guarded(metadata), Access.VIEW, prefix="/prometheus")]
