"""One asker: its connections, credentials, redirects and bounds. Over httpcore, which is imported when first needed.

A pool per origin, because httpcore looks at every connection of a pool for each request: a thousand targets behind one
pool would cost a thousand polls a request. Redirects are followed here, so that credentials stay with their host.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any

from hannun import __version__
from hannun.collect.http_client.answer import Answer, Failure, FetchError, Headers, Stream
from hannun.collect.http_client.auth import Pairs, TokenSource, basic_header, credentials
from hannun.collect.http_client.dial import Dialer
from hannun.collect.http_client.proxy import proxy_for
from hannun.collect.http_client.socks import SocksDialer, is_socks
from hannun.collect.http_client.tls import Stamp, make_context, stamp
from hannun.collect.http_client.url import Url
from hannun.collect.http_client.words import failure_of, verb
from hannun.config.http_client import HttpClientConfig
from hannun.model.errors import TooLarge, Unsupported, WireError
from hannun.model.time import Clock, SystemClock
from hannun.wire.compression import content_encodings, decompress

if TYPE_CHECKING:
    import httpcore

USER_AGENT = f"Hannun/{__version__}"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
REDIRECTS_MAX = 10
BODY_BYTES_MAX = 64 << 20
TOKEN_BYTES_MAX = 1 << 20
CONNECTIONS_MAX = 100
IDLE_S = 330.0
"""A little more than the longest usual scrape interval of five minutes."""

INLINE_BYTES = 64 << 10
INLINE_INFLATED_BYTES = 1 << 20
"""Decompressing up to this much on the event loop takes 2 ms; what turns out to be more goes to a thread."""

Take = Callable[[int], None]


def make_client(
    config: HttpClientConfig,
    *,
    timeout_s: float,
    unix_socket: str = "",
    user_agent: str = USER_AGENT,
    clock: Clock | None = None,
    env: Mapping[str, str] | None = None,
) -> HttpClient:
    """`unix_socket`: every request goes there, whatever its host. `env` is where proxy variables are read from."""
    return HttpClient(config, timeout_s, unix_socket, user_agent, clock or SystemClock(), env or os.environ)


class HttpClient:
    """Use it on one event loop; `close` it there. Every call raises FetchError and nothing else of its own."""

    def __init__(
        self,
        config: HttpClientConfig,
        timeout_s: float,
        unix_socket: str,
        user_agent: str,
        clock: Clock,
        env: Mapping[str, str],
    ) -> None:
        self._config = config
        self._timeout_s = timeout_s
        self._unix_socket = unix_socket
        self._user_agent = user_agent
        self._env = env
        self._clock = clock
        self._pools: dict[tuple[str, str], tuple[Any, float]] = {}
        self._context: tuple[Stamp, ssl.SSLContext] | None = None
        self._making = asyncio.Lock()
        self._tokens: TokenSource | None = None
        self._token_client: HttpClient | None = None
        if config.oauth2 is not None:
            own = HttpClientConfig(tls=config.oauth2.tls, proxy=config.oauth2.proxy)
            self._token_client = make_client(own, timeout_s=timeout_s, user_agent=user_agent, clock=clock, env=env)
            self._tokens = TokenSource(config.oauth2, self._post_for_token, clock)

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body_bytes_max: int = BODY_BYTES_MAX,
        timeout_s: float | None = None,
        connect_timeout_s: float | None = None,
        take: Take | None = None,
    ) -> Answer:
        """`take` is told of every piece before it is kept and may raise (see `BodyRoom`)."""
        return await self.request(
            "GET",
            url,
            headers=headers,
            body_bytes_max=body_bytes_max,
            timeout_s=timeout_s,
            connect_timeout_s=connect_timeout_s,
            take=take,
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        body_bytes_max: int = BODY_BYTES_MAX,
        timeout_s: float | None = None,
        connect_timeout_s: float | None = None,
        take: Take | None = None,
    ) -> Answer:
        """The whole answer within the deadline, at most `body_bytes_max` as sent and after decompression.

        A connection that is not there after `connect_timeout_s` fails as UNRESOLVED or UNREACHABLE, not as TIMEOUT.
        """
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        try:
            async with (
                asyncio.timeout(limit_s),
                self._follow(method, url, headers or {}, content, connect_timeout_s) as (answer, at),
            ):
                head = _headers(answer)
                raw = await _read(answer, at, body_bytes_max, take)
                body = await _inflate(raw, head, at, body_bytes_max, take)
                return Answer(answer.status, _reason(answer), head, body, str(at))
        except TimeoutError as err:
            raise FetchError(Failure.TIMEOUT, f'{verb(method)} "{url}": context deadline exceeded') from err

    @contextlib.asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        timeout_s: float | None = None,
    ) -> AsyncIterator[Stream]:
        """The answer's head within the deadline; its body as it comes, not decompressed, bounded by the caller."""
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(limit_s):
                    follow = self._follow(method, url, {"Accept-Encoding": "identity", **(headers or {})}, content)
                    answer, at = await stack.enter_async_context(follow)
            except TimeoutError as err:
                raise FetchError(Failure.TIMEOUT, f'{verb(method)} "{url}": context deadline exceeded') from err
            yield Stream(answer.status, _headers(answer), str(at), _chunks(answer, at))

    async def close(self) -> None:
        pools, self._pools = self._pools, {}
        for pool, _ in pools.values():
            await _close(pool)
        if self._token_client is not None:
            await self._token_client.close()

    # --- one request and its redirects --------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _follow(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        connect_timeout_s: float | None = None,
    ) -> AsyncIterator[tuple[httpcore.Response, Url]]:
        at = first = Url.parse(url)
        for _ in range(REDIRECTS_MAX + 1):
            shown = await self._shown(at) if first.trusts(at) else []
            async with self._once(method, at, [*headers.items(), *shown], content, connect_timeout_s) as answer:
                location = dict(_headers(answer)).get("location", "") if answer.status in REDIRECTS else ""
                if not location or not self._config.follow_redirects:
                    if answer.status == 401 and self._tokens is not None:
                        self._tokens.refused()
                    yield answer, at
                    return
            at = at.join(location)
            if answer.status == 303 or (answer.status in (301, 302) and method == "POST"):
                method, content = "GET", b""
        raise FetchError(Failure.REDIRECT, f'{verb(method)} "{at}": stopped after {REDIRECTS_MAX} redirects')

    async def _shown(self, url: Url) -> Pairs:
        """What only the host that was named may see."""
        shown = await credentials(self._config, self._tokens)
        if url.userinfo is not None and not any(name == "Authorization" for name, _ in shown):
            shown.append(("Authorization", basic_header(*url.userinfo)))
        return shown

    @contextlib.asynccontextmanager
    async def _once(
        self, method: str, url: Url, headers: Pairs, content: bytes, connect_timeout_s: float | None
    ) -> AsyncIterator[httpcore.Response]:
        import httpcore

        mine = {name.lower() for name, _ in headers}
        usual = [("Host", url.authority), ("User-Agent", self._user_agent), ("Accept-Encoding", "gzip")]
        sent = [*((name, value) for name, value in usual if name.lower() not in mine), *headers]
        for name, value in sent:
            # Said here, because the words of the library would show the value, which may be a secret.
            if any(sign in value for sign in "\r\n\0"):
                raise FetchError(Failure.SECRET, f"the value of header {name} has a line break or NUL in it")
        if content or method in ("POST", "PUT", "PATCH"):
            sent.append(("Content-Length", str(len(content))))
        request = httpcore.Request(
            method,
            url.core(),
            headers=[(name.encode(), value.encode("utf-8")) for name, value in sent],
            content=content,
            extensions=self._extensions(connect_timeout_s),
        )
        async with self._answered(request, url, method) as answer:
            yield answer

    def _extensions(self, connect_timeout_s: float | None) -> dict[str, Any]:
        name = self._config.tls.server_name
        return {"timeout": {"connect": connect_timeout_s}, **({"sni_hostname": name} if name else {})}

    @contextlib.asynccontextmanager
    async def _answered(self, request: httpcore.Request, url: Url, method: str) -> AsyncIterator[httpcore.Response]:
        import httpcore

        pool = await self._pool(url)
        try:
            answer = await pool.handle_async_request(request)
        except (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError) as err:
            # A kept connection that the server closed as we asked: ask once more on a new one, as Go does.
            if method not in ("GET", "HEAD"):
                raise failure_of(err, method, url) from err
            try:
                answer = await pool.handle_async_request(request)
            except Exception as again:
                raise failure_of(again, method, url) from again
        except Exception as err:
            raise failure_of(err, method, url) from err
        try:
            yield answer
        finally:
            await answer.aclose()

    async def _pool(self, url: Url) -> Any:
        now_s = self._clock.monotonic_s()
        context = await self._tls() if url.scheme == "https" else None
        proxy = proxy_for(self._config.proxy, url.scheme, url.host, url.port, self._env)
        key = (f"{url.scheme}://{url.host}:{url.port} {id(context)}", proxy)
        pool = self._pools[key][0] if key in self._pools else await self._make_pool(url, proxy, context)
        self._pools.pop(key, None)
        self._pools[key] = (pool, now_s)  # At the end: the first is the one that rested longest.
        while (oldest := next(iter(self._pools))) != key and now_s - self._pools[oldest][1] > IDLE_S:
            await _close(self._pools.pop(oldest)[0])
        return pool

    async def _make_pool(self, url: Url, proxy: str, context: ssl.SSLContext | None) -> Any:
        import httpcore

        # httpcore makes a context by itself when it has none, which reads the trust store even for plain HTTP.
        context = context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        shared: dict[str, Any] = {
            "ssl_context": context,
            "max_connections": CONNECTIONS_MAX,
            "max_keepalive_connections": 8,
            "keepalive_expiry": IDLE_S,
            "http2": self._config.enable_http2 and url.scheme == "https",
            "network_backend": Dialer(),
        }
        if self._unix_socket:
            return httpcore.AsyncConnectionPool(uds=self._unix_socket, **shared)
        if not proxy:
            return httpcore.AsyncConnectionPool(**shared)
        if is_socks(proxy):
            return httpcore.AsyncConnectionPool(**{**shared, "network_backend": SocksDialer(proxy)})
        via = Url.parse(proxy)
        told = self._config.proxy.proxy_connect_header if url.scheme == "https" else {}
        return httpcore.AsyncHTTPProxy(
            via.core(),
            proxy_auth=via.userinfo,
            proxy_headers=[(name, value) for name, values in told.items() for value in values],
            proxy_ssl_context=await self._tls() if via.scheme == "https" else None,
            **shared,
        )

    async def _tls(self) -> ssl.SSLContext:
        """The context for the files as they are now. Building one takes 25 ms: it is kept, and made in a thread."""
        async with self._making:
            now = stamp(self._config.tls)
            if self._context is None or self._context[0] != now:
                self._context = (now, await asyncio.to_thread(make_context, self._config.tls))
            return self._context[1]

    async def _post_for_token(self, headers: Mapping[str, str], body: bytes) -> Answer:
        assert self._token_client is not None
        assert self._config.oauth2 is not None
        url = self._config.oauth2.token_url
        return await self._token_client.request(
            "POST", url, headers=headers, content=body, body_bytes_max=TOKEN_BYTES_MAX
        )


async def _close(pool: Any) -> None:
    # A connection that breaks while it is closed is closed all the same.
    with contextlib.suppress(Exception):
        await pool.aclose()


async def _chunks(answer: httpcore.Response, url: Url) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_stream():
            yield chunk
    except Exception as err:
        raise failure_of(err, "GET", url) from err


async def _read(answer: httpcore.Response, url: Url, bytes_max: int, take: Take | None) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in _chunks(answer, url):
        size += len(chunk)
        if size > bytes_max:
            raise _too_large(bytes_max)
        if take is not None:
            take(len(chunk))
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _inflate(raw: bytes, headers: Headers, url: Url, bytes_max: int, take: Take | None) -> bytes:
    encodings = content_encodings(dict(headers).get("content-encoding"))
    if not raw or not encodings:
        return raw
    inline_max = min(bytes_max, INLINE_INFLATED_BYTES)
    try:
        if len(raw) <= INLINE_BYTES:
            try:
                body = decompress(raw, encodings, limit_bytes=inline_max)
            except TooLarge:
                if inline_max == bytes_max:
                    raise
                body = await asyncio.to_thread(decompress, raw, encodings, limit_bytes=bytes_max)
        else:
            body = await asyncio.to_thread(decompress, raw, encodings, limit_bytes=bytes_max)
    except TooLarge as err:
        raise _too_large(bytes_max) from err
    except (WireError, Unsupported) as err:
        raise FetchError(Failure.BROKEN, f'Get "{url}": {err}') from err
    if take is not None:
        take(len(body))
    return body


def _too_large(bytes_max: int) -> FetchError:
    return FetchError(Failure.TOO_LARGE, f"body size limit exceeded: more than {bytes_max} bytes")


def _headers(answer: httpcore.Response) -> Headers:
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in answer.headers)


def _reason(answer: httpcore.Response) -> str:
    phrase = answer.extensions.get("reason_phrase", b"")
    return phrase.decode("latin-1")[:100] if isinstance(phrase, bytes) else ""
