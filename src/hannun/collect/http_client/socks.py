"""SOCKS5 (RFC 1928, RFC 1929) under httpcore: a way to dial. The proxy looks names up, as with Go's client."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from hannun.collect.http_client.answer import Failure, FetchError
from hannun.collect.http_client.dial import Dialer

if TYPE_CHECKING:
    import httpcore

SCHEMES = ("socks5", "socks5h")
PORT = 1080
OPEN, BY_PASSWORD, NONE_FITS = 0, 2, 0xFF
REPLIES = {
    1: "general SOCKS server failure",
    2: "connection not allowed by ruleset",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


def is_socks(proxy: str) -> bool:
    return urlsplit(proxy).scheme in SCHEMES


class SocksDialer(Dialer):
    """`proxy`: `socks5://[name:password@]host[:port]`. Raises FetchError for one that cannot be used."""

    def __init__(self, proxy: str) -> None:
        super().__init__()
        try:
            split = urlsplit(proxy)
            self._host, self._port = split.hostname or "", split.port or PORT
            self._name, self._password = (unquote(part or "").encode() for part in (split.username, split.password))
        except ValueError:
            self._host = ""
        if not self._host or max(len(self._name), len(self._password)) > 255:
            raise FetchError(Failure.UNREACHABLE, "socks connect: the proxy's URL cannot be used")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's name
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        import httpcore

        stream = await super().connect_tcp(self._host, self._port, timeout, local_address, socket_options)
        try:
            async with asyncio.timeout(timeout):
                await self._greet(stream)
                await self._ask_for(stream, host, port)
        except BaseException as err:
            await stream.aclose()
            where = f"socks connect tcp {self._host}:{self._port}->{host}:{port}"
            if isinstance(err, _Refused):
                raise FetchError(Failure.REFUSED if err.code == 5 else Failure.UNREACHABLE, f"{where}: {err}") from err
            if isinstance(err, TimeoutError):
                raise FetchError(Failure.UNREACHABLE, f"{where}: i/o timeout") from err
            if isinstance(err, httpcore.NetworkError | httpcore.TimeoutException | OSError):
                raise FetchError(Failure.UNREACHABLE, f"{where}: {err or type(err).__name__}") from err
            raise
        return stream

    async def _greet(self, stream: httpcore.AsyncNetworkStream) -> None:
        methods = bytes((OPEN, BY_PASSWORD) if self._name else (OPEN,))
        await stream.write(bytes((5, len(methods))) + methods)
        version, method = await _exactly(stream, 2)
        if version != 5:
            raise _Refused("unexpected protocol version")
        if method == BY_PASSWORD and self._name:
            pair = bytes((len(self._name),)) + self._name + bytes((len(self._password),)) + self._password
            await stream.write(b"\x01" + pair)
            if (await _exactly(stream, 2))[1] != 0:
                raise _Refused("username/password authentication failed")
        elif method != OPEN:
            raise _Refused("no acceptable authentication methods")

    async def _ask_for(self, stream: httpcore.AsyncNetworkStream, host: str, port: int) -> None:
        await stream.write(b"\x05\x01\x00" + _address(host) + port.to_bytes(2, "big"))
        version, reply, _, kind = await _exactly(stream, 4)
        if version != 5:
            raise _Refused("unexpected protocol version")
        if reply != 0:
            raise _Refused(REPLIES.get(reply, f"unknown code: {reply}"), reply)
        length = {1: 4, 4: 16}.get(kind)
        if kind == 3:
            length = (await _exactly(stream, 1))[0]
        if length is None:
            raise _Refused("unknown address type")
        await _exactly(stream, length + 2)


class _Refused(Exception):
    def __init__(self, words: str, code: int = 0) -> None:
        super().__init__(words)
        self.code = code


def _address(host: str) -> bytes:
    literal = host.strip("[]")
    try:
        address = ipaddress.ip_address(literal)
    except ValueError:
        name = literal.encode("idna" if not literal.isascii() else "ascii")
        if not 0 < len(name) <= 255:
            raise _Refused("the target's name is too long") from None
        return b"\x03" + bytes((len(name),)) + name
    return (b"\x01" if address.version == 4 else b"\x04") + address.packed


async def _exactly(stream: httpcore.AsyncNetworkStream, count: int) -> bytes:
    """Nothing beyond: what follows is the target's."""
    found = b""
    while len(found) < count:
        piece = await stream.read(count - len(found))
        if not piece:
            raise _Refused("unexpected EOF")
        found += piece
    return found
