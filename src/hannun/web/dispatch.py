"""The one place where a request meets its endpoint, and the only caller of handlers.

A path resolves to an `Endpoint`; the gate is asked with that very endpoint's `access`; only then its handler runs. An
endpoint cannot forget the check, because there is no other way to it.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from hannun.model.access import Access, Principal
from hannun.model.errors import HannunError
from hannun.model.http import Endpoint, SocketEndpoint
from hannun.model.text import Lang, Text
from hannun.observe.metrics import counter, gauge, histogram
from hannun.web.answer import of_error, refusal
from hannun.web.auth.credentials import with_query
from hannun.web.auth.gate import Admitted, Gate
from hannun.web.auth.policy import Refused
from hannun.web.auth.proxy import caller, header
from hannun.web.bounds import BoundedBody
from hannun.web.language import accepted
from hannun.web.routing import Found, Routes, WrongMethod
from hannun.web.sockets import Sockets

_log = logging.getLogger("hannun.web")
_access_log = logging.getLogger("hannun.access")
_SECONDS = histogram("hannun_http_request_duration_seconds", "Time to the last byte of the answer.", ("route",))
_ANSWERS = counter("hannun_http_requests_total", "Requests answered.", ("route", "method", "code"))
_IN_FLIGHT = gauge("hannun_http_requests_in_flight", "Requests being answered.")
IN_FLIGHT_MAX = 1_024
_KNOWN_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
UNPROCESSED = "(none)"


@dataclass(slots=True)
class _Reply:
    """What went out so far: for the metrics, and so that a late error does not start a second answer."""

    status: int = 0


class Dispatch:
    """ASGI application over a table of endpoints; `gate` decides who comes in. `by_port`: tables of single ports."""

    def __init__(
        self,
        routes: Routes,
        gate: Gate,
        *,
        by_port: Mapping[int, Routes] | None = None,
        in_flight_max: int = IN_FLIGHT_MAX,
        access_log: bool = False,
    ) -> None:
        self._routes = routes
        self._by_port = dict(by_port or {})
        self._gate = gate
        self._base = gate.site.base
        self._in_flight = 0
        self._in_flight_max = in_flight_max
        self._access_log = access_log
        self._sockets = Sockets(gate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._sockets(self._find(scope, SocketEndpoint.method), scope, receive, send)
            return
        assert scope["type"] == "http", f"{scope['type']} is not served here"
        began_s, reply = time.perf_counter(), _Reply()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                reply.status = message["status"]
            await send(message)

        self._in_flight += 1
        _IN_FLIGHT.inc()
        route = UNPROCESSED
        try:
            found = self._find(scope, scope["method"])
            route = found.endpoint.path if isinstance(found, Found) else UNPROCESSED
            await self._answer(found, scope, receive, watched, reply)
        finally:
            self._in_flight -= 1
            _IN_FLIGHT.dec()
            method = scope["method"] if scope["method"] in _KNOWN_METHODS else "other"
            _ANSWERS.labels(route, method, str(reply.status)).inc()
            _SECONDS.labels(route).observe(time.perf_counter() - began_s)
            if self._access_log:
                self._log_access(scope, reply.status, time.perf_counter() - began_s)

    def _find(self, scope: Scope, method: str) -> Found | WrongMethod | Response | None:
        raw_path = _raw_path(scope)
        routes = self._routes
        if self._by_port and (server := scope.get("server")):
            routes = self._by_port.get(server[1], routes)
        if self._base and (raw_path == self._base or raw_path.startswith(self._base + "/")):
            if raw_path == self._base:
                query = scope.get("query_string", b"").decode("latin-1")
                return Response(
                    status_code=302, headers={"location": f"{self._base}/" + (f"?{query}" if query else "")}
                )
            below = routes.find(method, raw_path[len(self._base) :])
            if below is not None:
                scope["root_path"] = self._base
                return below
        return routes.find(method, raw_path)

    async def _answer(
        self, found: Found | WrongMethod | Response | None, scope: Scope, receive: Receive, send: Send, reply: _Reply
    ) -> None:
        headers = scope["headers"]
        client = scope.get("client")
        who_calls = caller(client[0] if client else None, scope["scheme"], headers, self._gate.site.trusted_proxies)
        lang = accepted(header(headers, b"accept-language")) or self._gate.site.lang
        state = scope.setdefault("state", {})
        state["address"] = str(who_calls.address or "")
        state["caller"], state["lang"] = who_calls, lang
        try:
            if isinstance(found, Found):
                response = await self._let_in(found, scope, receive, send, lang)
            elif isinstance(found, WrongMethod):
                response = _wrong_method(scope["method"], found, lang)
            else:
                response = found or refusal(404, _NOT_FOUND, lang)
            await response(scope, receive, _headless(send) if scope["method"] == "HEAD" else send)
        except (ClientDisconnect, ConnectionError):
            reply.status = reply.status or 499  # The caller left; there is nobody to answer.
        except Exception as err:  # noqa: BLE001 - the last net: a bug in one handler costs one request, with a trace in the log
            await self._failed(err, lang, scope, receive, send, reply)

    async def _let_in(self, found: Found, scope: Scope, receive: Receive, send: Send, lang: Lang) -> Response:
        endpoint = found.endpoint
        assert isinstance(endpoint, Endpoint), "no request has the method of a WebSocket"
        if self._in_flight > self._in_flight_max and endpoint.access is not Access.PUBLIC:
            return refusal(503, _BUSY, lang, headers={"retry-after": "1"})
        headers = scope["headers"]
        if endpoint.credentials_in_query:
            headers = with_query(headers, scope.get("query_string", b""))
        try:
            admitted = await self._gate.admit(endpoint.access, scope["method"], headers, scope["state"]["caller"])
        except HannunError as err:
            return of_error(err, lang)
        if isinstance(admitted, Refused):
            challenge = {"www-authenticate": 'Bearer realm="hannun"'} if admitted.status == 401 else None
            return refusal(admitted.status, admitted.what, lang, admitted.hint, challenge)
        lang = _remember(scope, admitted, lang)
        scope["path_params"] = dict(found.params)
        if endpoint.access not in (Access.PUSH, Access.DSN):
            receive = BoundedBody(receive)
        try:
            return await endpoint.handler(Request(scope, receive, send))
        except HannunError as err:
            return of_error(err, lang)
        except HTTPException as err:
            return refusal(err.status_code, err.detail, lang, headers=err.headers)

    async def _failed(
        self, err: Exception, lang: Lang, scope: Scope, receive: Receive, send: Send, reply: _Reply
    ) -> None:
        number = secrets.token_hex(4)
        _log.error("%s failed (error %s)", _asked(scope), number, exc_info=err)
        if reply.status:
            raise err  # The answer has begun: only cutting the connection tells the caller that it is not whole.
        response = refusal(500, _FAILED.with_(number=number), lang, _SEE_LOG)
        await response(scope, receive, send)

    def _log_access(self, scope: Scope, status: int, seconds: float) -> None:
        address = scope["state"].get("address", "")
        _access_log.info("%s %s %d %.1f ms", address, _asked(scope), status, seconds * 1e3)


def _remember(scope: Scope, admitted: Admitted, lang: Lang) -> Lang:
    """What `model.http` and the account endpoints read back: who calls, and in which language."""
    state = scope["state"]
    principal: Principal = admitted.principal
    state["principal"], state["admitted"] = principal, admitted
    state["lang"] = (principal.user.lang if principal.user else None) or lang
    chosen: Lang = state["lang"]
    return chosen


def _raw_path(scope: Scope) -> str:
    raw: bytes | None = scope.get("raw_path")
    # A server may leave raw_path out; quoting the decoded path can only lose the difference of %2F and a slash.
    return quote(scope["path"]) if raw is None else raw.decode("latin-1")


def _asked(scope: Scope) -> str:
    """For the log: quoted, so that no path can forge a line of its own."""
    return repr(f"{scope['method']} {_raw_path(scope)}"[:500])


def _wrong_method(method: str, found: WrongMethod, lang: Lang) -> Response:
    allow = {"allow": ", ".join(found.allowed)}
    if method == "OPTIONS":
        return Response(status_code=204, headers=allow)
    return refusal(405, _WRONG_METHOD.with_(allowed=allow["allow"]), lang, headers=allow)


def _headless(send: Send) -> Send:
    async def without_body(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return without_body


_NOT_FOUND = Text(en="Nothing answers at this path", ko="이 경로에는 아무것도 없습니다")
_WRONG_METHOD = Text(en="This path takes {allowed}", ko="이 경로가 받는 메서드: {allowed}")
_BUSY = Text(
    en="The server is answering as many requests as it can; try again",
    ko="서버가 처리할 수 있는 만큼의 요청을 처리하고 있습니다. 다시 시도하세요",
)
_FAILED = Text(en="Something went wrong inside (error {number})", ko="내부 오류가 났습니다 (오류 {number})")
_SEE_LOG = Text(en="The server's log tells more under this number", ko="서버 로그에서 이 번호를 찾아보세요")
