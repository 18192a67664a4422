"""The web server: an application made of endpoints, and uvicorn inside this process to serve it."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from hannun.model.classic import PREFIX_OF
from hannun.model.errors import ConfigError
from hannun.model.http import AnyEndpoint
from hannun.model.text import Text
from hannun.web import tls
from hannun.web.auth.gate import Gate
from hannun.web.bounds import connections_bound
from hannun.web.compress import Compress
from hannun.web.dispatch import Dispatch
from hannun.web.headers import SafeHeaders
from hannun.web.protocol import BoundedProtocol
from hannun.web.routing import Routes
from hannun.web.static import Static
from hannun.web.static import routes as static_routes
from hannun.web.tls import TlsFiles

_log = logging.getLogger("hannun.web")
BACKLOG = 1_024
KEEP_ALIVE_S = 75
GRACE_S = 7
HANDSHAKE_S = 10.0
SOCKET_MESSAGE_BYTES_MAX = 64 << 10
SOCKET_PING_S = 1.0
"""As Loki pings those who tail: proxies that close idle connections stay quiet."""
SOCKET_PONG_S = 20.0


def create_app(
    endpoints: Sequence[AnyEndpoint],
    auth: Gate,
    static: Static | None = None,
    *,
    classic_ports: Sequence[int] = (),
    access_log: bool = False,
) -> ASGIApp:
    """One ASGI application: the endpoints (at the root, under their prefix, and all of it under the sub-path too) and
    the built UI. On a classic port its product's routes own the root. Raises ValueError when two endpoints answer the
    same method and path."""
    pages = static_routes(Static.read() if static is None else static, base=auth.site.base)
    every = [*endpoints, *pages]
    by_port = {port: Routes(every, product=PREFIX_OF[port]) for port in classic_ports}
    return SafeHeaders(Compress(Dispatch(Routes(every), auth, by_port=by_port, access_log=access_log)))


class WebServer:
    """`start` returns when connections are accepted; `stop` lets running requests end, at most `grace_s` long."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        classic_ports: Sequence[int] = (),
        tls_files: TlsFiles | None = None,
        grace_s: int = GRACE_S,
        protocol: type[BoundedProtocol] = BoundedProtocol,
    ) -> None:
        self._app = app
        self._host, self._port = host, port
        self._classic_ports = [each for each in classic_ports if each != port]
        self._files = tls_files
        self._grace_s = grace_s
        self._protocol = protocol
        self._tls: ssl.SSLContext | None = None
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port in use: the free one that was found when 0 was asked for."""
        return self._port

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._files else 'http'}://{host}:{self._port}"

    async def start(self) -> None:
        """Raises ConfigError when the address or the certificate cannot be used."""
        if self._files is not None:
            self._tls = tls.context(self._files)
        listener = bind(self._host, self._port)
        self._port = listener.getsockname()[1]
        # Uvicorn's own words below errors are about single bad requests: any stranger could fill the log with them.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        config = uvicorn.Config(
            self._app,
            http=_within_open_files(self._protocol),
            ws=_websocket,  # type: ignore[arg-type]  # called like the class that it stands for
            ws_max_size=SOCKET_MESSAGE_BYTES_MAX,
            ws_ping_interval=SOCKET_PING_S,
            ws_ping_timeout=SOCKET_PONG_S,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=self._grace_s,
            backlog=BACKLOG,
        )
        self._server = _Server(config, self._tls)
        listeners = [listener, *self._classic_listeners()]
        self._serving = asyncio.create_task(self._server.serve(listeners), name="web server")
        await self._server.wait_started(self._serving)

    def _classic_listeners(self) -> Iterator[socket.socket]:
        """A product that is still running on its port keeps it: that is a warning, not a failure."""
        for port in self._classic_ports:
            try:
                yield bind(self._host, port)
            except ConfigError as err:
                _log.warning("--classic-ports: port %d is left out: %s", port, err.__cause__ or err)

    async def stop(self) -> None:
        if self._server is None or self._serving is None:
            return
        self._server.leave()
        await self._serving
        self._server.cut_off()
        self._server = self._serving = None

    def reload_tls(self) -> None:
        """Read certificate and key again. Raises ConfigError and keeps the old pair when they cannot be used."""
        if self._tls is not None and self._files is not None:
            tls.reload(self._tls, self._files)


class _Server(uvicorn.Server):
    """Uvicorn without its signals (app.py owns them), without its ten wake-ups a second, and with our TLS context."""

    def __init__(self, config: uvicorn.Config, context: ssl.SSLContext | None) -> None:
        super().__init__(config)
        self._context = context
        self._leaving = asyncio.Event()
        self._ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.lifespan.startup()
        loop = asyncio.get_running_loop()

        def connection(_loop: asyncio.AbstractEventLoop | None = None) -> asyncio.Protocol:
            made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
                config=self.config, server_state=self.server_state, app_state={}, _loop=_loop
            )
            return made

        handshake_s = HANDSHAKE_S if self._context else None
        self.servers = [
            await loop.create_server(
                connection,
                sock=listener,
                backlog=self.config.backlog,
                ssl=self._context,
                ssl_handshake_timeout=handshake_s,
            )
            for listener in sockets or []
        ]
        self.started = True
        self._ready.set()

    async def main_loop(self) -> None:
        # The tick renews the Date header, whose unit is a second.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), 1.0)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def wait_started(self, serving: asyncio.Task[None]) -> None:
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait((ready, serving), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            ready.cancel()
            serving.result()

    def leave(self) -> None:
        self.should_exit = True
        self._leaving.set()

    def cut_off(self) -> None:
        """Whoever is still connected after the grace has had its time."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _websocket(**options: Any) -> asyncio.Protocol:
    """The protocol that takes over a connection at its upgrade; loaded when the first one asks for it."""
    from hannun.web.socket_protocol import BoundedSocket

    return BoundedSocket(**options)


def _within_open_files(protocol: type[BoundedProtocol]) -> type[BoundedProtocol]:
    bound = connections_bound(protocol.connections_max)
    return type(protocol.__name__, (protocol,), {"connections_max": bound})


def bind(host: str, port: int) -> socket.socket:
    """A listening TCP socket; an empty host is every interface, in both families where the machine has both.

    Raises ConfigError in one line that names the address and the flag.
    """
    both = host == "" and socket.has_dualstack_ipv6()
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]") or ("::" if both else "0.0.0.0"),  # noqa: S104 - only when `--listen :PORT` asks for it
            port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )[0]
    except (OSError, UnicodeError) as err:
        raise ConfigError(_NO_HOST.with_(host=host, why=getattr(err, "strerror", None) or err)) from err
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if both:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except (OSError, OverflowError) as err:
        listener.close()
        words = _CANNOT_LISTEN.get(getattr(err, "errno", None) or 0, _OTHERWISE)
        raise ConfigError(words.with_(host=host, port=port, why=getattr(err, "strerror", None) or err)) from err
    return listener


_NO_HOST = Text(
    en="--listen: {host} is no address of this machine: {why}",
    ko="--listen: {host}: 이 컴퓨터의 주소가 아닙니다: {why}",
)
_OTHERWISE = Text(en="--listen {host}:{port}: {why}", ko="--listen {host}:{port}: {why}")
_CANNOT_LISTEN: dict[int, Text] = {
    errno.EADDRINUSE: Text(
        en="Port {port} on {host} is taken by another program; choose another with --listen {host}:PORT",
        ko="{host} 의 포트 {port}: 다른 프로그램이 쓰고 있습니다. --listen {host}:포트 로 다른 포트를 고르세요",
    ),
    errno.EACCES: Text(
        en="Port {port} needs root; choose one above 1023 with --listen {host}:PORT",
        ko="포트 {port}: root 권한이 필요합니다. --listen {host}:포트 로 1023보다 큰 포트를 고르세요",
    ),
    errno.EADDRNOTAVAIL: Text(
        en="--listen: {host} is no address of this machine",
        ko="--listen: {host}: 이 컴퓨터의 주소가 아닙니다",
    ),
}
