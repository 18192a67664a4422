"""One request and the head of its answer, with the moments between them; no redirects, no judgement.

Each trip has a connection of its own, as blackbox_exporter disables keep-alive: the phases of a probe mean nothing on a
warm connection. Over httpcore, whose trace events give the moments.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hannun.collect.http_client.proxy import proxy_for
from hannun.collect.http_client.url import Url
from hannun.collect.probe.contexts import context_for
from hannun.config.http_client import HttpClientConfig

if TYPE_CHECKING:
    import httpcore

Headers = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Moments:
    """Of one trip, in s of `perf_counter`; 0: it did not come to that."""

    begun: float = 0.0
    connected: float = 0.0
    tls_begun: float = 0.0
    tls_done: float = 0.0
    answered: float = 0.0
    end: float = 0.0

    @property
    def ready(self) -> float:
        """When the connection could be used."""
        return self.tls_done or (0.0 if self.tls_begun else self.connected)

    def event(self, name: str) -> None:
        now = time.perf_counter()
        match name.partition(".")[2]:
            case "connect_tcp.started":
                self.begun = now
            case "connect_tcp.complete":
                self.connected = now
            case "start_tls.started":
                self.tls_begun = now
            case "start_tls.complete":
                self.tls_done = now
            case "receive_response_headers.complete":
                self.answered = now


@dataclass(frozen=True, slots=True)
class Reply:
    """`version` as Go spells it ("HTTP/1.1", "HTTP/2.0"); header names as they came; `session` an SSLObject or None."""

    status: int
    version: str
    headers: Headers
    session: Any
    verified: bool
    body: AsyncIterator[bytes]

    def values(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def value(self, name: str) -> str:
        return next(iter(self.values(name)), "")


@dataclass(frozen=True, slots=True)
class Trip:
    """What to send and where: `url` as it is asked for, `address` the resolved one ("" when a proxy resolves)."""

    method: str
    url: Url
    address: str
    server_name: str
    headers: Headers
    content: bytes
    source_address: str = ""
    moments: Moments = field(default_factory=Moments)


@contextlib.asynccontextmanager
async def travel(trip: Trip, client: HttpClientConfig) -> AsyncIterator[Reply]:
    """Raises what httpcore, the sockets or TLS raise; FetchError for files that `tls_config` names."""
    import httpcore

    async with contextlib.AsyncExitStack() as stack:
        pool = await stack.enter_async_context(await _pool(trip, client))
        url = trip.url.core()
        if trip.address:
            host = f"[{trip.address}]" if ":" in trip.address and _via_proxy(trip, client) else trip.address
            url = httpcore.URL(scheme=url.scheme, host=host.encode(), port=trip.url.port, target=url.target)

        async def trace(event: str, _info: dict[str, Any]) -> None:
            trip.moments.event(event)

        request = httpcore.Request(
            trip.method,
            url,
            headers=[(name.encode("latin-1", "replace"), value.encode("utf-8")) for name, value in trip.headers],
            content=trip.content,
            extensions={"sni_hostname": trip.server_name, "trace": trace},
        )
        answer = await pool.handle_async_request(request)
        stack.push_async_callback(answer.aclose)
        stream = answer.extensions.get("network_stream")
        session = stream.get_extra_info("ssl_object") if stream is not None and trip.url.scheme == "https" else None
        yield Reply(
            answer.status,
            _version(answer),
            [(name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in answer.headers],
            session,
            not client.tls.insecure_skip_verify,
            answer.aiter_stream(),
        )


def _via_proxy(trip: Trip, client: HttpClientConfig) -> str:
    return proxy_for(client.proxy, trip.url.scheme, trip.url.host, trip.url.port, os.environ)


async def _pool(trip: Trip, client: HttpClientConfig) -> Any:
    import httpcore

    secure = trip.url.scheme == "https"
    proxy = _via_proxy(trip, client)
    # httpcore makes a context by itself when it has none, which reads the trust store even for plain HTTP.
    alpn = ["http/1.1", "h2"] if client.enable_http2 else ["http/1.1"]
    context = await context_for(client.tls, alpn) if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    shared: dict[str, Any] = {
        "ssl_context": context,
        "max_connections": 1,
        "max_keepalive_connections": 0,
        "http2": client.enable_http2 and secure,
        "local_address": trip.source_address or None,
    }
    if not proxy:
        return httpcore.AsyncConnectionPool(**shared)
    via = Url.parse(proxy)
    told = client.proxy.proxy_connect_header if secure else {}
    return httpcore.AsyncHTTPProxy(
        via.core(),
        proxy_auth=via.userinfo,
        proxy_headers=[(name, value) for name, values in told.items() for value in values],
        proxy_ssl_context=await context_for(client.tls) if via.scheme == "https" else None,
        **shared,
    )


def _version(answer: httpcore.Response) -> str:
    said = answer.extensions.get("http_version", b"HTTP/1.1")
    text = said.decode("ascii", "replace") if isinstance(said, bytes) else "HTTP/1.1"
    return "HTTP/2.0" if text == "HTTP/2" else text
