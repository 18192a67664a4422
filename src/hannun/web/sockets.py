"""Where a WebSocket meets its endpoint: the same gate as for requests, before the handshake is answered.

Whoever may not come in gets an ordinary HTTP answer instead of the upgrade, in the words of the web server. After the
handshake an error closes the connection with code 1011, as the protocol has it.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from hannun.model.errors import HannunError
from hannun.model.http import SocketEndpoint
from hannun.model.text import Lang, Text
from hannun.observe.metrics import gauge
from hannun.web.answer import of_error, refusal
from hannun.web.auth.gate import Gate
from hannun.web.auth.policy import Refused
from hannun.web.auth.proxy import caller, header
from hannun.web.language import accepted
from hannun.web.routing import Found, WrongMethod

_log = logging.getLogger("hannun.web")
SOCKETS_MAX = 512
REASON_BYTES_MAX = 123
"""What fits into a close frame."""
_OPEN = gauge("hannun_http_websockets_open", "WebSockets that are open.")


class Sockets:
    """Lives on one event loop."""

    def __init__(self, gate: Gate, *, sockets_max: int = SOCKETS_MAX) -> None:
        self._gate = gate
        self._sockets_max = sockets_max
        self._open = 0

    async def __call__(
        self, found: Found | WrongMethod | Response | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        socket = WebSocket(scope, receive, send)
        headers = scope["headers"]
        client = scope.get("client")
        site = self._gate.site
        scheme = "https" if scope["scheme"] == "wss" else "http"
        who_calls = caller(client[0] if client else None, scheme, headers, site.trusted_proxies)
        lang = accepted(header(headers, b"accept-language")) or site.lang
        state = scope.setdefault("state", {})
        state["address"] = str(who_calls.address or "")
        state["caller"], state["lang"] = who_calls, lang
        await socket.receive()
        if not isinstance(found, Found):
            await _refuse(socket, found if isinstance(found, Response) else refusal(404, _NOTHING, lang))
            return
        endpoint = found.endpoint
        assert isinstance(endpoint, SocketEndpoint), "a WebSocket finds endpoints of its own method only"
        if self._open >= self._sockets_max:
            await _refuse(socket, refusal(503, _TOO_MANY, lang, headers={"retry-after": "1"}))
            return
        try:
            admitted = await self._gate.admit(endpoint.access, endpoint.method, headers, who_calls)
        except HannunError as err:
            await _refuse(socket, of_error(err, lang))
            return
        if isinstance(admitted, Refused):
            challenge = {"www-authenticate": 'Bearer realm="hannun"'} if admitted.status == 401 else None
            await _refuse(socket, refusal(admitted.status, admitted.what, lang, admitted.hint, challenge))
            return
        state["principal"], state["admitted"] = admitted.principal, admitted
        scope["path_params"] = dict(found.params)
        self._open += 1
        _OPEN.inc()
        try:
            await _run(endpoint, socket, lang)
        finally:
            self._open -= 1
            _OPEN.dec()


async def _run(endpoint: SocketEndpoint, socket: WebSocket, lang: Lang) -> None:
    try:
        await endpoint.handler(socket)
    except (WebSocketDisconnect, ConnectionError):
        return  # The caller left; there is nobody to tell.
    except HannunError as err:
        await _end(socket, str(err), of_error(err, lang))
    except Exception:  # noqa: BLE001 - the last net: a bug in one handler costs one connection, with a trace in the log
        _log.exception("the WebSocket %s failed", endpoint.path)
        await _end(socket, "internal error", refusal(500, _FAILED, lang))


async def _end(socket: WebSocket, why: str, instead: Response) -> None:
    """Before the handshake with an answer, afterwards with a close frame."""
    if socket.application_state is WebSocketState.CONNECTING:
        await _refuse(socket, instead)
    elif socket.application_state is WebSocketState.CONNECTED:
        reason = why.encode()[:REASON_BYTES_MAX].decode("utf-8", "ignore")
        with suppress(RuntimeError, ConnectionError, WebSocketDisconnect):
            await socket.close(1011, reason)


async def _refuse(socket: WebSocket, answer: Response) -> None:
    with suppress(ConnectionError, WebSocketDisconnect):
        if "websocket.http.response" in socket.scope.get("extensions", {}):
            await socket.send_denial_response(answer)
        else:
            await socket.close(1008)


_NOTHING = Text(en="Nothing answers at this path", ko="이 경로에는 아무것도 없습니다")
_TOO_MANY = Text(
    en="The server holds as many live connections as it can; try again",
    ko="서버가 유지할 수 있는 만큼의 실시간 연결이 열려 있습니다. 다시 시도하세요",
)
_FAILED = Text(en="Something went wrong inside", ko="내부 오류가 났습니다")
