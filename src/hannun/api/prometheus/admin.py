"""/api/v1/admin/tsdb/*: deleting series and copying the data, only with --enable-admin-api."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.prometheus import parameters
from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.envelope import ApiError, guarded, json, success
from hannun.model.access import Access
from hannun.model.http import Endpoint

NO_SNAPSHOTS = (
    "this server makes no snapshots over HTTP: stop it and copy its data directory, whose files are a whole copy then"
)


def endpoints(backend: Backend, *, enabled: bool) -> list[Endpoint]:
    # One at a time: a delete rewrites parts, and several at once would only wait for each other inside the engine.
    one_at_a_time = asyncio.Lock()

    async def delete_series(request: Request) -> Response:
        _refuse_unless(enabled)
        form = await backend.form(request)
        parameters.require_selectors(form)
        start_ms, end_ms = parameters.window(form)
        async with one_at_a_time:
            # Not a question: it runs to its end even when the client leaves.
            await asyncio.to_thread(lambda: backend.reader.delete(parameters.selectors(form), start_ms, end_ms))
        return Response(status_code=204)

    async def clean_tombstones(_request: Request) -> Response:
        """Deletes here are real at once, so there is nothing to clean."""
        _refuse_unless(enabled)
        return Response(status_code=204)

    async def snapshot(request: Request) -> Response:
        """`skip_head` changes nothing: what was acknowledged is on disk, and a copy holds all of it."""
        _refuse_unless(enabled)
        parameters.boolean(await backend.form(request), "skip_head", "unable to parse boolean")
        make = backend.around.snapshot
        if make is None:
            raise ApiError(500, "unavailable", NO_SNAPSHOTS)
        stamp = datetime.fromtimestamp(backend.clock.now_ms() / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        name = f"{stamp}-{secrets.token_hex(8)}"
        async with one_at_a_time:
            await asyncio.to_thread(make, name)
        return await backend.answer(request, lambda _budget: success(json({"name": name})))

    return [
        Endpoint(method, path, guarded(handler), Access.ADMIN, prefix="/prometheus")
        for path, handler in (
            ("/api/v1/admin/tsdb/delete_series", delete_series),
            ("/api/v1/admin/tsdb/clean_tombstones", clean_tombstones),
            ("/api/v1/admin/tsdb/snapshot", snapshot),
        )
        for method in ("POST", "PUT")
    ]


def _refuse_unless(enabled: bool) -> None:
    if not enabled:
        raise ApiError(500, "unavailable", "admin APIs disabled")
