"""Names to addresses to connections, for httpcore.

The event loop's own resolver shares a handful of threads with file reads and everybody else, and one dead name server
holds each of them for many seconds. Names are therefore looked up in threads of our own; a name that was slow once
waits in a lane of its own, so that a thousand dead names delay no living one. Answers are remembered for a moment.
"""

from __future__ import annotations

import asyncio
import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hannun.collect.http_client.answer import Failure, FetchError

if TYPE_CHECKING:
    import httpcore

LANES = {"fast": 6, "slow": 4}
SLOW_S = 0.5
KEEP_S = 5.0
NAMES_MAX = 4_096
WAITING_MAX = 10_000

Addresses = tuple[str, ...]
Outcome = Addresses | FetchError


class Resolver:
    """Safe from several event loops; its daemon threads start with the first name and never hold up an exit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Outcome]] = {}
        self._slow: set[str] = set()
        self._waiting: dict[str, list[tuple[asyncio.AbstractEventLoop, asyncio.Future[Outcome]]]] = {}
        self._lanes: dict[str, queue.SimpleQueue[str]] = {}

    async def addresses(self, host: str) -> Addresses:
        """Raises FetchError(UNRESOLVED). Give it a deadline: a lookup takes as long as the system likes."""
        literal = host.strip("[]").partition("%")[0]
        try:
            ipaddress.ip_address(literal)
        except ValueError:
            outcome = await self._look_up(host)
            if isinstance(outcome, FetchError):
                raise FetchError(outcome.failure, outcome.what) from outcome
            return outcome
        return (host.strip("[]"),)

    async def _look_up(self, host: str) -> Outcome:
        loop = asyncio.get_running_loop()
        with self._lock:
            known = self._known.get(host)
            if known is not None and time.monotonic() - known[0] < KEEP_S:
                return known[1]
            if len(self._waiting) >= WAITING_MAX:
                return FetchError(Failure.UNRESOLVED, f"dial tcp: lookup {host}: too many lookups are waiting")
            future: asyncio.Future[Outcome] = loop.create_future()
            asked = host in self._waiting
            self._waiting.setdefault(host, []).append((loop, future))
            if not asked:
                self._lane("slow" if host in self._slow else "fast").put(host)
        return await future

    def _lane(self, name: str) -> queue.SimpleQueue[str]:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = queue.SimpleQueue()
            for number in range(LANES[name]):
                threading.Thread(target=self._run, args=(lane,), name=f"hannun-names-{number}", daemon=True).start()
        return lane

    def _run(self, lane: queue.SimpleQueue[str]) -> None:
        while True:
            host = lane.get()
            began_s = time.monotonic()
            outcome = _ask_system(host)
            now_s = time.monotonic()
            with self._lock:
                if len(self._known) >= NAMES_MAX:
                    self._known.clear()
                    self._slow.clear()
                self._known[host] = (now_s, outcome)
                (self._slow.add if now_s - began_s > SLOW_S else self._slow.discard)(host)
                waiting = self._waiting.pop(host, [])
            for loop, future in waiting:
                try:
                    loop.call_soon_threadsafe(_settle, future, outcome)
                except RuntimeError:
                    continue  # That loop has closed: nobody waits any more.


def _settle(future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)


def _ask_system(host: str) -> Outcome:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError) as err:
        missing = isinstance(err, socket.gaierror) and err.errno in (socket.EAI_NONAME, socket.EAI_NODATA)
        reason = "no such host" if missing or not isinstance(err, OSError) else str(err.strerror or err)
        return FetchError(Failure.UNRESOLVED, f"dial tcp: lookup {host}: {reason}")
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


RESOLVER = Resolver()
"""One for the process: its threads are what is bounded."""


class Dialer:
    """A network backend of httpcore that resolves by `Resolver` and tries the addresses one after the other."""

    def __init__(self, resolver: Resolver = RESOLVER) -> None:
        import httpcore

        self._resolver = resolver
        self._plain: Any = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's name
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        where = host
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolver.addresses(host)
                where = f"{addresses[-1]}:{port}"
                return await self._first_of(addresses, port, local_address, socket_options)
        except TimeoutError as err:
            failure = Failure.UNRESOLVED if where == host else Failure.UNREACHABLE
            verb = "lookup " if where == host else ""
            raise FetchError(failure, f"dial tcp: {verb}{where}: i/o timeout") from err

    async def _first_of(
        self, addresses: Addresses, port: int, local: str | None, options: Iterable[Any] | None
    ) -> httpcore.AsyncNetworkStream:
        for address in addresses[:-1]:
            try:
                # With several addresses a dead first one must not take the whole deadline.
                async with asyncio.timeout(2.0):
                    return await self._connect(address, port, local, options)
            except (FetchError, TimeoutError):
                continue
        return await self._connect(addresses[-1], port, local, options)

    async def _connect(
        self,
        address: str,
        port: int,
        local: str | None,
        options: Iterable[Any] | None,
    ) -> httpcore.AsyncNetworkStream:
        import httpcore

        try:
            stream: httpcore.AsyncNetworkStream = await self._plain.connect_tcp(address, port, None, local, options)
        except httpcore.ConnectError as err:
            refused = any(isinstance(cause, ConnectionRefusedError) for cause in causes(err))
            where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
            if refused:
                raise FetchError(Failure.REFUSED, f"dial tcp {where}: connect: connection refused") from err
            reason = next(
                (cause.strerror for cause in causes(err) if isinstance(cause, OSError) and cause.strerror), ""
            )
            raise FetchError(Failure.UNREACHABLE, f"dial tcp {where}: connect: {reason or err}") from err
        return stream

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        import httpcore

        try:
            stream: httpcore.AsyncNetworkStream = await self._plain.connect_unix_socket(path, timeout, socket_options)
        except httpcore.ConnectError as err:
            reason = next(
                (cause.strerror for cause in causes(err) if isinstance(cause, OSError) and cause.strerror), ""
            )
            gone = any(isinstance(cause, ConnectionRefusedError | FileNotFoundError) for cause in causes(err))
            failure = Failure.REFUSED if gone else Failure.UNREACHABLE
            raise FetchError(failure, f"dial unix {path}: connect: {reason or err}") from err
        return stream

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def causes(err: BaseException) -> Iterable[BaseException]:
    """`err`, what it was raised from, and the members of groups among them."""
    todo, seen = [err], set()
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            todo.extend(one.exceptions)
        todo.extend(cause for cause in (one.__cause__, one.__context__) if cause is not None)
