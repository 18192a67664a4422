"""/api/v1/notifications and /notifications/live: what an operator should know now, as a list and as it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.envelope import guarded, json, success
from hannun.api.prometheus.instants import rfc3339
from hannun.model.access import Access
from hannun.model.http import Endpoint

RELOAD_FAILED = "Configuration reload has failed."
LOOK_EVERY_S, BREATHE_EVERY_S = 1.0, 15.0


def endpoints(backend: Backend) -> list[Endpoint]:
    desk = Desk(backend)

    async def notifications(request: Request) -> Response:
        standing = desk.standing()
        return await backend.answer(request, lambda _budget: success(json(standing)))

    async def live(request: Request) -> Response:
        if desk.listeners >= backend.limits.live_max:
            # Prometheus's own answer when all places are taken; browsers do not come back after it.
            return Response(status_code=204)
        return StreamingResponse(
            desk.stream(request), media_type="text/event-stream", headers={"cache-control": "no-cache"}
        )

    routes = (("/api/v1/notifications", notifications), ("/api/v1/notifications/live", live))
    return [Endpoint("GET", path, guarded(handler), Access.VIEW, prefix="/prometheus") for path, handler in routes]


@dataclass(slots=True)
class Desk:
    """Lives on the event loop. A notification begins when it is first seen and ends when its cause is gone."""

    backend: Backend
    listeners: int = 0
    _since: dict[str, int] = field(default_factory=dict)

    def standing(self) -> list[dict[str, Any]]:
        ok, _ = self.backend.around.reload_status()
        now = () if ok else (RELOAD_FAILED,)
        self._since = {text: self._since.get(text, self.backend.clock.now_ms()) for text in now}
        return [_said(text, since_ms, active=True) for text, since_ms in self._since.items()]

    async def stream(self, request: Request) -> AsyncIterator[bytes]:
        """Server-sent events: what stands now, then what begins and ends, until the client leaves."""
        self.listeners += 1
        known: dict[str, dict[str, Any]] = {}
        quiet_s = BREATHE_EVERY_S
        try:
            while not await request.is_disconnected():
                now = {one["text"]: one for one in self.standing()}
                begun = [one for text, one in now.items() if text not in known]
                ended = [{**one, "active": False} for text, one in known.items() if text not in now]
                known = now
                if begun or ended:
                    yield b"".join(b"data: " + orjson.dumps(one) + b"\n\n" for one in (*begun, *ended))
                    quiet_s = 0.0
                elif quiet_s >= BREATHE_EVERY_S:
                    # A comment: it opens the stream for the browser, and keeps proxies from closing a silent one.
                    yield b":\n\n"
                    quiet_s = 0.0
                await asyncio.sleep(LOOK_EVERY_S)
                quiet_s += LOOK_EVERY_S
        finally:
            self.listeners -= 1


def _said(text: str, since_ms: int, *, active: bool) -> dict[str, Any]:
    return {"text": text, "date": rfc3339(since_ms), "active": active}
