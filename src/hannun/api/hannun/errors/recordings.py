"""GET /api/hannun/v1/replays and /profiles: what was recorded, the newest first."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.errors.asked import found_of
from hannun.api.hannun.errors.kept import KeptBackend
from hannun.api.hannun.route import Parameter, Route
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.replay import Replay, StoredProfile

LIMIT, LIMIT_MAX = 50, 200


def routes(backend: Backend, kept: KeptBackend) -> list[Route]:
    async def replays(request: Request) -> Response:
        asked = found_of(await read_form(request, backend.limits), backend.clock.now_ms(), LIMIT, LIMIT_MAX)

        def work(budget: Budget) -> dict[str, Any]:
            return {"replays": [plain(one) for one in kept.replays.list(asked, budget)]}

        return await backend.answer(request, work)

    async def profiles(request: Request) -> Response:
        asked = found_of(await read_form(request, backend.limits), backend.clock.now_ms(), LIMIT, LIMIT_MAX)

        def work(budget: Budget) -> dict[str, Any]:
            return {"profiles": [plain(one) for one in kept.profiles.list(asked, budget)]}

        return await backend.answer(request, work)

    asked = (
        Parameter("project", "integer", "only of this project; may come more than once"),
        Parameter("from", "string", "Unix ms or RFC 3339; a day before `to`"),
        Parameter("to", "string", "Unix ms or RFC 3339; now"),
        Parameter("limit", "integer", f"at most {LIMIT_MAX}"),
    )
    return [
        Route("GET", "/replays", replays, Access.VIEW, "Recorded sessions, the newest first", asked),
        Route("GET", "/profiles", profiles, Access.VIEW, "Profiles and chunks of profilers, the newest first", asked),
    ]


def plain(found: Replay | StoredProfile) -> dict[str, Any]:
    """Its fields by their names."""
    return {field.name: getattr(found, field.name) for field in fields(found)}
