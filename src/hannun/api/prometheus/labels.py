"""/api/v1/series, /labels and /label/{name}/values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form
from hannun.api.prometheus import parameters
from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.envelope import ApiError, guarded, json, success
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.http import Endpoint
from hannun.model.matcher import Matchers

TRUNCATED = "results truncated due to limit"
T = TypeVar("T")


def endpoints(backend: Backend) -> list[Endpoint]:
    reader = backend.reader

    async def series(request: Request) -> Response:
        form = await backend.form(request)
        parameters.require_selectors(form)

        def ask(asked: Asked, budget: Budget) -> list[dict[str, str]]:
            # One more than wanted tells whether something was cut.
            found = reader.series(asked.selectors, asked.start_ms, asked.end_ms, asked.most + 1, budget)
            return [dict(labels.pairs) for labels in found]

        return await answer(request, form, ask)

    async def labels(request: Request) -> Response:
        def ask(asked: Asked, budget: Budget) -> list[str]:
            return reader.label_names(asked.selectors, asked.start_ms, asked.end_ms, budget)

        return await answer(request, await backend.form(request), ask)

    async def values(request: Request) -> Response:
        name = parameters.label_name(str(request.path_params["name"]))

        def ask(asked: Asked, budget: Budget) -> list[str]:
            return reader.label_values(name, asked.selectors, asked.start_ms, asked.end_ms, budget)

        return await answer(request, await backend.form(request), ask)

    async def answer(request: Request, form: Form, ask: Callable[[Asked, Budget], list[T]]) -> Response:
        limit, (start_ms, end_ms) = parameters.limit(form), parameters.window(form)
        most = min(limit or backend.limits.label_rows_max, backend.limits.label_rows_max)

        def work(budget: Budget) -> list[bytes]:
            # Selectors are parsed here and not on the event loop: a thousand of them may take a second.
            found = ask(Asked(parameters.selectors(form), start_ms, end_ms, most), budget)
            return success(json(found[:most]), [TRUNCATED] if len(found) > most else [])

        return await backend.answer(request, work)

    async def drop_series(_request: Request) -> Response:
        raise ApiError(500, "internal", "not implemented")

    routes = [
        ("GET", "/api/v1/series", series),
        ("POST", "/api/v1/series", series),
        ("GET", "/api/v1/labels", labels),
        ("POST", "/api/v1/labels", labels),
        ("GET", "/api/v1/label/{name}/values", values),
        # Prometheus takes only GET here; a client that posts all its questions is answered all the same.
        ("POST", "/api/v1/label/{name}/values", values),
        ("DELETE", "/api/v1/series", drop_series),
    ]
    return [Endpoint(how, path, guarded(handler), Access.VIEW, prefix="/prometheus") for how, path, handler in routes]


@dataclass(frozen=True, slots=True)
class Asked:
    """`[start_ms, end_ms]`; at most `most` rows are sent."""

    selectors: tuple[Matchers, ...]
    start_ms: int
    end_ms: int
    most: int
