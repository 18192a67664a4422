"""A discovery under test: what it published, a wait for what it should publish next, and the servers that it asks."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from hannun.collect.discovery import Discoverer
from hannun.model.target import TargetGroup


class Watched:
    """The published lists of one running discovery."""

    def __init__(self, discoverer: Discoverer) -> None:
        self.discoverer = discoverer
        self.published: list[list[TargetGroup]] = []
        self._news = asyncio.Event()

    def publish(self, groups: Sequence[TargetGroup]) -> None:
        self.published.append(list(groups))
        self._news.set()

    @property
    def addresses(self) -> list[str]:
        """Of the newest list, in its order."""
        newest = self.published[-1] if self.published else []
        return [target["__address__"] for group in newest for target in group.targets]

    def labels(self, address: str) -> dict[str, str]:
        """Every label that the target of this address has in the newest list."""
        for group in self.published[-1]:
            for target in group.targets:
                if target["__address__"] == address:
                    return {**group.labels, **target}
        raise KeyError(address)

    async def until(self, holds: Callable[[], bool], timeout_s: float = 8.0) -> None:
        """Waits until `holds`; looks again at each publication and a few times a second."""
        async with asyncio.timeout(timeout_s):
            while not holds():
                self._news.clear()
                try:
                    await asyncio.wait_for(self._news.wait(), 0.05)
                except TimeoutError:
                    continue


Watching = Callable[[Discoverer], AbstractAsyncContextManager[Watched]]


@pytest.fixture
def watching() -> Watching:
    """`async with watching(discover(config)) as seen:` runs it meanwhile."""

    @asynccontextmanager
    async def run(discoverer: Discoverer) -> AsyncIterator[Watched]:
        watched = Watched(discoverer)
        task = asyncio.create_task(discoverer.run(watched.publish))
        try:
            yield watched
            assert not task.done(), "a discovery runs until it is cancelled"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return run


@dataclass
class Asked:
    """One request that a peer got."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


Body = bytes | str | list[Any] | dict[str, Any]
Reply = tuple[int, dict[str, str], Body] | AsyncIterator[bytes]


class Peer:
    """A little HTTP server that answers with what `reply` says: a whole answer, or a stream that stays open."""

    def __init__(self) -> None:
        self.reply: Callable[[Asked], Reply] = lambda _: (404, {}, "")
        self.asked: list[Asked] = []
        self.address = ""

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *rest = head.decode("latin-1").split("\r\n")
                parts = urlsplit(line.split(" ")[1])
                headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
                asked = Asked(parts.path, dict(parse_qsl(parts.query)), headers)
                self.asked.append(asked)
                await self._answer(writer, self.reply(asked))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        if isinstance(reply, tuple):
            status, headers, body = reply
            content = body if isinstance(body, bytes) else body if isinstance(body, str) else json.dumps(body)
            raw = content.encode() if isinstance(content, str) else content
            told = {"Content-Type": "application/json", "Content-Length": str(len(raw)), **headers}
            head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
            writer.write(f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode() + raw)
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        await writer.drain()
        async for chunk in reply:
            writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """On a free port of loopback."""
    made = Peer()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, limit=1 << 20)
    made.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()


@pytest.fixture
async def socket_peer() -> AsyncIterator[Peer]:
    """On a Unix socket, whose path must be short."""
    made = Peer()
    with tempfile.TemporaryDirectory(prefix="hannun-") as folder:
        made.address = f"{folder}/peer.sock"
        server = await asyncio.start_unix_server(made.serve, made.address)
        yield made
        server.close()
