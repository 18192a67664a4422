"""/loki/api/v1/tail and /api/prom/tail: lines as they are committed, over a WebSocket.

First come the newest lines since `start`, oldest first, then whatever is committed. A client that reads more slowly
than lines come loses some and is told which. Lines wait as they were committed; the pipeline runs when they leave.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from hannun.api.form import Form
from hannun.api.loki import parameters
from hannun.api.loki.answers import LokiError, guarded, json, of_error
from hannun.api.loki.backend import PREFIX, Backend
from hannun.api.loki.legacy import legacy_streams, rfc3339_nano
from hannun.api.loki.parameters import NS_PER_H
from hannun.api.loki.query import wants_categories
from hannun.api.loki.render import FLAGS_HEADER, streams_of
from hannun.model.access import Access
from hannun.model.errors import BadQuery, HannunError
from hannun.model.http import Endpoint, SocketEndpoint
from hannun.model.labels import Labels
from hannun.model.log import LogStream, TailedLine
from hannun.model.matcher import all_match
from hannun.query.logql.found import FoundLine, Lines
from hannun.query.logql.parser import parse
from hannun.query.logql.printer import show
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.syntax import LogQuery

DELAY_S_MAX = 5
FRAME_LINES_MAX = 100
WAITING_LINES_MAX = 10 * FRAME_LINES_MAX
DROPPED_MAX = 1_000
DURATION_S_MAX = 3600.0
SEND_S_MAX = 60.0
NO_UPGRADE = "Bad Request: this path takes WebSockets: 'upgrade' token not found in 'Connection' header"
NOT_LOGS = "unsupported expression type for tailing: only log queries can be tailed"
ENDED = "reached tail max duration limit"


@dataclass(frozen=True, slots=True)
class TailQuestion:
    query: LogQuery
    start_ns: int
    limit: int
    delay_s: int
    categorized: bool

    @staticmethod
    def of(form: Form, flags: str, now_ns: int) -> TailQuestion:
        """Raises BadQuery."""
        query = parse(form.one("query"))
        if not isinstance(query, LogQuery):
            raise BadQuery(NOT_LOGS)
        delay_s = parameters.integer(form, "delay_for", 0)
        if delay_s > DELAY_S_MAX:
            raise BadQuery(f"delay_for can't be greater than {DELAY_S_MAX}")
        if delay_s < 0:
            raise BadQuery("delay_for can't be negative")
        start_ns = parameters.moment(form, "start", now_ns - NS_PER_H)
        return TailQuestion(query, start_ns, parameters.limit(form), delay_s, wants_categories(flags))


class Waiting:
    """Lines of one client between the commit and its frames. On the event loop only; drops what does not fit."""

    def __init__(self, lines_max: int = WAITING_LINES_MAX) -> None:
        self._lines: deque[tuple[float, TailedLine]] = deque()
        self._lines_max = lines_max
        self._dropped: deque[TailedLine] = deque(maxlen=DROPPED_MAX)
        self._news = asyncio.Event()

    def add(self, lines: Sequence[TailedLine]) -> None:
        """What `LogTails` calls: it only puts lines aside."""
        now_s = asyncio.get_running_loop().time()
        room = max(self._lines_max - len(self._lines), 0)
        self._lines.extend([(now_s, line) for line in lines[:room]])
        self._dropped.extend(lines[room:])
        self._news.set()

    async def take(self, delay_s: float) -> tuple[list[TailedLine], list[TailedLine]]:
        """At most a frame of lines that are `delay_s` old, and those that were dropped since the last time."""
        loop = asyncio.get_running_loop()
        while not self._lines:
            self._news.clear()
            await self._news.wait()
        if delay_s:
            await asyncio.sleep(max(self._lines[0][0] + delay_s - loop.time(), 0))
        ripe_s = loop.time() - delay_s
        taken: list[TailedLine] = []
        while self._lines and len(taken) < FRAME_LINES_MAX and (not taken or self._lines[0][0] <= ripe_s):
            taken.append(self._lines.popleft()[1])
        dropped = list(self._dropped)
        self._dropped.clear()
        return taken, dropped


class Tail:
    """One client. Made in a thread: the first one loads what executes questions, with its compiled kernels."""

    def __init__(self, backend: Backend, asked: TailQuestion, send: Callable[[str], Any], *, legacy: bool) -> None:
        from hannun.query.logql.execute.answer import FoundLine as Found
        from hannun.query.logql.execute.plain import metadata_of

        self._found, self._metadata_of = Found, metadata_of
        self._backend = backend
        self._asked = asked
        self._send = send
        self._legacy = legacy
        self._pipeline = Pipeline(asked.query.stages)
        self._repeated: set[tuple[int, str]] = set()

    def wants(self, stream: LogStream) -> bool:
        return all_match(self._asked.query.matchers, stream.labels)

    async def replay(self) -> None:
        """The newest lines since the start, oldest first. Raises as questions do."""
        asked, backend = self._asked, self._backend
        end_ns = backend.now_ns() + 1_000_000
        if asked.start_ns >= end_ns:
            return
        budget = backend.runner.budget(backend.engine.limits.timeout_s)
        text = show(asked.query)

        def ask() -> Lines:
            found = backend.engine.range(text, asked.start_ns, end_ns, NS_PER_H, budget, limit=asked.limit)
            assert isinstance(found, Lines)
            return found

        found = await backend.runner.run(nobody_left, ask, budget)
        lines = list(reversed(found.lines))
        # Lines that are committed while this is read come live, too.
        self._repeated = {(line.ts_ns, line.line) for line in lines}
        for first in range(0, len(lines), FRAME_LINES_MAX):
            await self._frame(lines[first : first + FRAME_LINES_MAX], [])

    async def follow(self, waiting: Waiting) -> None:
        while True:
            taken, dropped = await waiting.take(self._asked.delay_s)
            # Without stages a frame of lines takes no time; with them nobody knows how much.
            found = await asyncio.to_thread(self._judge, taken) if self._asked.query.stages else self._judge(taken)
            if self._repeated:
                found = [line for line in found if (line.ts_ns, line.line) not in self._repeated]
            if found or dropped:
                await self._frame(found, dropped)

    def _judge(self, lines: Sequence[TailedLine]) -> list[FoundLine]:
        found: list[FoundLine] = []
        for line in lines:
            labels = line.stream.labels
            metadata = self._metadata_of(line.severity, line.attributes)
            left = self._pipeline.run(line.body, labels.as_dict(), metadata, line.ts_ns)
            if left is not None:
                stream = Labels.of(left.stream)
                found.append(self._found(line.ts_ns, left.text, stream, left.metadata, left.parsed))
        return found

    async def _frame(self, lines: Sequence[FoundLine], dropped: Sequence[TailedLine]) -> None:
        frame: dict[str, Any]
        if self._legacy:
            frame = {"streams": legacy_streams(list(lines))}
            told = [{"Timestamp": rfc3339_nano(one.ts_ns), "Labels": str(one.stream.labels)} for one in dropped]
        else:
            frame = {"streams": streams_of(lines, backward=False, categorized=self._asked.categorized)}
            if self._asked.categorized:
                frame["encodingFlags"] = ["categorize-labels"]
            told = [{"labels": dict(one.stream.labels.pairs), "timestamp": str(one.ts_ns)} for one in dropped]  # type: ignore[dict-item]
        if told:
            frame["dropped_entries"] = told
        await asyncio.wait_for(self._send(json(frame).decode()), SEND_S_MAX)


async def nobody_left() -> bool:
    """The reader of the socket ends everything when the client leaves."""
    return False


class Tails:
    """All clients; at most as many at a time as the limits say."""

    def __init__(self, backend: Backend, *, duration_s_max: float = DURATION_S_MAX) -> None:
        self._backend = backend
        self._duration_s_max = duration_s_max
        self._open = 0

    async def loki(self, socket: WebSocket) -> None:
        await self._serve(socket, legacy=False)

    async def legacy(self, socket: WebSocket) -> None:
        await self._serve(socket, legacy=True)

    async def _serve(self, socket: WebSocket, *, legacy: bool) -> None:
        backend = self._backend
        try:
            if backend.tails is None:
                raise LokiError(404, "nothing can be watched live here")
            form = Form({name: socket.query_params.getlist(name) for name in socket.query_params})
            flags = socket.headers.get(FLAGS_HEADER, "")
            # A long question takes a while to read, and a pipeline to compile.
            asked = await asyncio.to_thread(TailQuestion.of, form, flags, backend.now_ns())
            tail = await asyncio.to_thread(Tail, backend, asked, socket.send_text, legacy=legacy)
        except (LokiError, HannunError) as err:
            await socket.send_denial_response(of_error(err))
            return
        await socket.accept()
        most = backend.engine.limits.tails_max
        if most and self._open >= most:
            words = f"max concurrent tail requests limit exceeded, count > limit ({self._open + 1} > {most})"
            await socket.close(1011, words)
            return
        self._open += 1
        waiting = Waiting()
        unsubscribe = backend.tails.subscribe(tail.wants, waiting.add)
        try:
            await self._until_gone(socket, tail, waiting)
        finally:
            unsubscribe()
            self._open -= 1

    async def _until_gone(self, socket: WebSocket, tail: Tail, waiting: Waiting) -> None:
        async def speak() -> None:
            await tail.replay()
            await tail.follow(waiting)

        speaking = asyncio.create_task(speak(), name="tail")
        listening = asyncio.create_task(_gone(socket), name="tail's client")
        try:
            await asyncio.wait((speaking, listening), timeout=self._duration_s_max, return_when=asyncio.FIRST_COMPLETED)
            if listening.done() or isinstance(_failure(speaking), TimeoutError):
                return
            if (failure := _failure(speaking)) is not None:
                raise failure
            await socket.close(1000, ENDED)
        finally:
            for task in (speaking, listening):
                task.cancel()
                with suppress(asyncio.CancelledError, WebSocketDisconnect, ConnectionError, HannunError, TimeoutError):
                    await task


def _failure(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None


async def _gone(socket: WebSocket) -> None:
    """Returns when the client closes; what it says meanwhile means nothing."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def endpoints(backend: Backend) -> list[Endpoint | SocketEndpoint]:
    tails = Tails(backend)

    async def no_upgrade(_request: Request) -> Response:
        raise LokiError(400, NO_UPGRADE)

    found: list[Endpoint | SocketEndpoint] = []
    for path, handler in (("/loki/api/v1/tail", tails.loki), ("/api/prom/tail", tails.legacy)):
        found += [
            SocketEndpoint(path, handler, Access.VIEW, PREFIX),
            Endpoint("GET", path, guarded(no_upgrade), Access.VIEW, PREFIX),
        ]
    return found
