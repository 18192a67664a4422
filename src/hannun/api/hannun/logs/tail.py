"""WebSocket /api/hannun/v1/logs/tail: what a search finds, as it is committed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from hannun.api.form import Form
from hannun.api.hannun.backend import Backend, dumps
from hannun.api.hannun.logs.backend import LogBackend, ask
from hannun.api.hannun.logs.lines import HOUR_MS
from hannun.api.hannun.logs.shown import Shown
from hannun.api.hannun.route import BASE
from hannun.api.loki.tail import Waiting
from hannun.model.access import Access
from hannun.model.errors import HannunError
from hannun.model.http import SocketEndpoint
from hannun.model.log import LogStream, LogTails, TailedLine
from hannun.model.matcher import all_match
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.syntax import LogQuery
from hannun.query.runner import nobody_leaves

WATCHERS_MAX = 50
SEND_WITHIN_S = 20.0
TRY_LATER = 1013


def endpoints(backend: Backend, logs: LogBackend, tails: LogTails) -> list[SocketEndpoint]:
    watchers = 0

    async def tail(socket: WebSocket) -> None:
        nonlocal watchers
        form = Form({name: socket.query_params.getlist(name) for name in socket.query_params})
        now_ms = backend.clock.now_ms()
        budget = backend.runner.budget()
        try:
            window = (now_ms - HOUR_MS, now_ms)
            asked = await backend.runner.run(nobody_leaves, lambda: ask(logs, form, window, budget), budget)
        except HannunError as err:
            await socket.send_denial_response(Response(dumps({"error": str(err)}), 400, media_type="application/json"))
            return
        await socket.accept()
        if watchers >= WATCHERS_MAX:
            await socket.close(TRY_LATER, f"{watchers} are watching already")
            return
        watchers += 1
        try:
            await _watch(socket, asked.query, tails)
        finally:
            watchers -= 1

    return [SocketEndpoint(f"{BASE}/logs/tail", tail, Access.VIEW)]


async def _watch(socket: WebSocket, query: LogQuery, tails: LogTails) -> None:
    """Until the client leaves, or reads too slowly for even the bounded buffer."""
    waiting = Waiting()

    def wanted(stream: LogStream) -> bool:
        return all_match(query.matchers, stream.labels)

    async def speak() -> None:
        pipeline = Pipeline(query.stages)
        while True:
            lines, dropped = await waiting.take(0)
            frame = await asyncio.to_thread(_frame, pipeline, lines, len(dropped))
            if frame is not None:
                await asyncio.wait_for(socket.send_text(frame), SEND_WITHIN_S)

    async def listen() -> None:
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass

    unsubscribe = tails.subscribe(wanted, waiting.add)
    tasks = [asyncio.create_task(speak(), name="watch"), asyncio.create_task(listen(), name="watcher")]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        unsubscribe()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError, WebSocketDisconnect, ConnectionError, TimeoutError, RuntimeError):
                await task


def _frame(pipeline: Pipeline, lines: list[TailedLine], dropped: int) -> str | None:
    """JSON of the lines that the search takes; None: nothing to say. Blocking: the first loads what runs searches."""
    from hannun.query.logql.execute.answer import FoundLine
    from hannun.query.logql.execute.plain import metadata_of

    shown = Shown()
    found: list[dict[str, Any]] = []
    for line in lines:
        left = pipeline.run(
            line.body, dict(line.stream.labels.pairs), metadata_of(line.severity, line.attributes), line.ts_ns
        )
        if left is not None:
            found.append(shown.line(FoundLine(line.ts_ns, left.text, line.stream.labels, left.metadata, left.parsed)))
    if not found and not dropped:
        return None
    return dumps({"streams": shown.streams, "lines": found, "dropped": dropped}).decode()
