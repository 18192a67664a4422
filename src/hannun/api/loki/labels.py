"""/loki/api/v1/labels, /label/{name}/values and /series, and the older /api/prom paths of the same."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form
from hannun.api.loki import parameters
from hannun.api.loki.answers import json, success
from hannun.api.loki.backend import Backend, both_ways
from hannun.api.loki.parameters import NS_PER_H, Window
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.http import Endpoint
from hannun.model.matcher import Matchers

LABELS_SINCE_NS = 6 * NS_PER_H
NO_MATCHER = "0 matcher groups supplied"
Ask = Callable[[tuple[Matchers, ...], Window, Budget], list[str]]


def endpoints(backend: Backend) -> list[Endpoint]:
    reader = backend.reader

    async def names(request: Request) -> Response:
        form = await backend.form(request)
        return await listed(
            request, form, lambda of, asked, budget: reader.label_names(of, asked.start_ns, asked.end_ns, budget)
        )

    async def values(request: Request) -> Response:
        name = str(request.path_params["name"])
        form = await backend.form(request)
        return await listed(
            request, form, lambda of, asked, budget: reader.label_values(name, of, asked.start_ns, asked.end_ns, budget)
        )

    async def listed(request: Request, form: Form, ask: Ask) -> Response:
        asked = parameters.window(form, backend.now_ns(), since_ns=LABELS_SINCE_NS)

        def work(budget: Budget) -> list[bytes]:
            selector = parameters.one_selector(form)
            found = ask((selector,) if selector else (), asked, budget)
            return success([json(found)] if found else None)

        return await backend.answer(request, work)

    async def series(request: Request) -> Response:
        form = await backend.form(request)
        asked = parameters.window(form, backend.now_ns(), since_ns=LABELS_SINCE_NS)
        texts = [*form.many("match[]"), *form.many("match")]
        if not texts:
            raise BadQuery(NO_MATCHER)

        def work(budget: Budget) -> list[bytes]:
            selectors = parameters.selectors(texts)
            wanted = () if () in selectors else selectors
            found = reader.streams(wanted, asked.start_ns, asked.end_ns, budget)
            return success([json([dict(stream.labels.pairs) for stream in found])])

        return await backend.answer(request, work)

    return [
        *both_ways("/loki/api/v1/labels", names),
        *both_ways("/loki/api/v1/label", names),
        *both_ways("/loki/api/v1/label/{name}/values", values),
        *both_ways("/loki/api/v1/series", series),
        *both_ways("/api/prom/label", names),
        *both_ways("/api/prom/label/{name}/values", values),
        *both_ways("/api/prom/series", series),
    ]
