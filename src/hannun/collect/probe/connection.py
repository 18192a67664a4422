"""A byte stream to one resolved address or socket file, plain or TLS, over anyio; TLS may begin midway (STARTTLS)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from hannun.collect.http_client.dial import causes
from hannun.collect.probe.address import Resolved
from hannun.collect.probe.contexts import context_for
from hannun.config.http_client import TlsConfig

PIECE_BYTES = 16 << 10


class Connection:
    """`session` is the SSLObject once TLS stands. Reads and writes raise OSError; a deadline is the caller's."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._rest = b""
        self.session: Any = None

    async def start_tls(self, config: TlsConfig, server_name: str, alpn: Sequence[str] = ()) -> None:
        """Raises OSError (ssl.SSLError among them), FetchError for files of `tls_config`."""
        from anyio.streams.tls import TLSAttribute, TLSStream

        context = await context_for(config, alpn)
        with _as_os_error():
            self._stream = await TLSStream.wrap(
                self._stream, hostname=server_name, ssl_context=context, standard_compatible=False
            )
        self.session = self._stream.extra(TLSAttribute.ssl_object)
        self._rest = b""  # What came before TLS stood was not protected and is not to be believed.

    async def send(self, data: bytes) -> None:
        with _as_os_error():
            await self._stream.send(data)

    async def receive(self, most: int = PIECE_BYTES) -> bytes:
        """The next bytes, b"" at the end of the stream."""
        import anyio

        if self._rest:
            piece, self._rest = self._rest[:most], self._rest[most:]
            return piece
        with _as_os_error():
            try:
                return bytes(await self._stream.receive(most))
            except anyio.EndOfStream:
                return b""

    async def exactly(self, count: int) -> bytes:
        """Raises OSError when the stream ends before."""
        found = b""
        while len(found) < count:
            piece = await self.receive(count - len(found))
            if not piece:
                raise ConnectionError("unexpected EOF")
            found += piece
        return found

    async def receive_soon(self, within_s: float) -> bytes:
        """Like `receive`; b"" also when nothing comes in time."""
        try:
            async with asyncio.timeout(within_s):
                return await self.receive()
        except TimeoutError:
            return b""

    def give_back(self, rest: bytes) -> None:
        """What the next `receive` gives again."""
        self._rest = rest + self._rest

    async def close(self) -> None:
        # Whatever a peer does while we hang up is nobody's concern any more.
        with contextlib.suppress(OSError), _as_os_error():
            await self._stream.aclose()


@contextlib.asynccontextmanager
async def connect(where: Resolved, port: int, source_address: str = "") -> AsyncIterator[Connection]:
    """Raises OSError in the system's words."""
    import anyio

    with _as_os_error():
        stream = await anyio.connect_tcp(where.text, port, local_host=source_address or None)
    connection = Connection(stream)
    try:
        yield connection
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def connect_unix(path: str) -> AsyncIterator[Connection]:
    """Raises OSError in the system's words."""
    import anyio

    if "\0" in path:
        raise OSError(errno.EINVAL, "a socket's path holds no NUL")
    with _as_os_error():
        stream = await anyio.connect_unix(path)
    connection = Connection(stream)
    try:
        yield connection
    finally:
        await connection.close()


@contextlib.contextmanager
def _as_os_error() -> Iterator[None]:
    """anyio's errors as the OSError behind them."""
    import anyio

    try:
        yield
    except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream) as err:
        behind = next((cause for cause in causes(err) if isinstance(cause, OSError)), None)
        raise behind or ConnectionError("connection broken") from err
    except OSError as err:
        # anyio says "All connection attempts failed"; the reason is what a person needs.
        behind = next((cause for cause in causes(err) if isinstance(cause, OSError) and cause.errno), None)
        if behind is None or behind is err:
            raise
        raise behind from err
