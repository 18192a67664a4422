"""One HTTP route as `receive/` and `api/` declare it and `web/` serves it.

A product's routes answer at the root and under its prefix; `web/` mounts both and a test refuses duplicates.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from hannun.model.access import ANONYMOUS, Access, Principal
from hannun.model.text import Lang

Handler = Callable[[Request], Awaitable[Response]]
SocketHandler = Callable[[WebSocket], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`path` in Starlette's form (`/api/v1/label/{name}/values`). `prefix` is the product's ("/prometheus") or "".

    `credentials_in_query`: who shows no `Authorization` may show `?u=NAME&p=PASSWORD` (InfluxDB 1.x).
    """

    method: str
    path: str
    handler: Handler
    access: Access
    prefix: str = ""
    at_root: bool = True
    credentials_in_query: bool = False


@dataclass(frozen=True, slots=True)
class SocketEndpoint:
    """A path that takes WebSockets. The handler accepts or refuses; what it returns or raises ends the connection.

    A plain request to the path is another `Endpoint`, if it is answered at all.
    """

    method: ClassVar[str] = "WEBSOCKET"
    path: str
    handler: SocketHandler
    access: Access
    prefix: str = ""
    at_root: bool = True


AnyEndpoint = Endpoint | SocketEndpoint


def principal_of(request: Request) -> Principal:
    """Who asks, as `web/` found out; nobody when the handler is called without it (a test)."""
    found = request.scope.get("state", {}).get("principal")
    return found if isinstance(found, Principal) else ANONYMOUS


def lang_of(request: Request) -> Lang:
    """The caller's language: the user's own, else Accept-Language, else the server's."""
    return "ko" if request.scope.get("state", {}).get("lang") == "ko" else "en"


def address_of(request: Request) -> str:
    """The caller's address, behind trusted proxies too; "" when it is not known."""
    return str(request.scope.get("state", {}).get("address", ""))
