"""What one WebSocket may cost, below the application: uvicorn's protocol with the bounds it lacks.

Loaded with the first upgrade: who never opens one pays nothing for it.
"""

from __future__ import annotations

from asyncio import TimerHandle
from typing import Any, ClassVar

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from hannun.observe.metrics import counter
from hannun.web.protocol import STALLED_S

_CUT = counter("hannun_http_websockets_cut_total", "WebSockets cut off by a bound.", ("reason",))


class BoundedSocket(WebSocketsSansIOProtocol):
    """A client that stops reading is cut off after `stalled_s`."""

    stalled_s: ClassVar[float] = STALLED_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stalled_timer: TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled_timer is None:
            self._stalled_timer = self.loop.call_later(self.stalled_s, self._cut_off)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._disarm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            # An upgrade that was answered otherwise is complete too; uvicorn would log each as an error of ours.
            self.handshake_complete = True

    def _disarm(self) -> None:
        if self._stalled_timer is not None:
            self._stalled_timer.cancel()
            self._stalled_timer = None

    def _cut_off(self) -> None:
        _CUT.labels("client stopped reading").inc()
        self.transport.abort()
