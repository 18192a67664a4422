"""Tailing over a real WebSocket: replay, live lines, drops, delay, limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from hannun.api.loki.tail import Waiting
from hannun.model.labels import Labels
from hannun.model.log import LogStream, TailedLine
from hannun.web.server import WebServer

pytest.importorskip("websockets")
NOW_NS = 1_700_000_000 * 1_000_000_000
APP = {"app": "a"}
TAIL = "/loki/api/v1/tail"


@pytest.fixture
async def url(loki: Any) -> AsyncIterator[str]:
    server = WebServer(loki.app, host="127.0.0.1", port=0)
    await server.start()
    yield f"ws://127.0.0.1:{server.port}"
    await server.stop()


def connect(url: str, query: str = '{app="a"}', path: str = TAIL, headers: Any = None, **params: Any) -> Any:
    from urllib.parse import urlencode

    from websockets.asyncio.client import connect

    return connect(f"{url}{path}?{urlencode({'query': query, **params})}", additional_headers=headers)


async def frame(socket: Any) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 5))


async def watched(loki: Any, count: int = 1) -> None:
    for _ in range(500):
        if len(loki.logs.watchers) == count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{len(loki.logs.watchers)} watch")


async def test_old_lines_first_and_ascending_then_new_ones(loki: Any, url: str) -> None:
    for n in range(5):
        loki.logs.add(APP, NOW_NS - (5 - n) * 1_000, f"old {n}", 3)
    async with connect(url, limit=3) as socket:
        first = await frame(socket)
        (stream,) = first["streams"]
        assert stream["stream"] == {"app": "a", "detected_level": "info"}
        assert stream["values"] == [[str(NOW_NS - (5 - n) * 1_000), f"old {n}"] for n in (2, 3, 4)]
        assert "dropped_entries" not in first
        loki.logs.commit(APP, NOW_NS + 1, "new")
        loki.logs.commit({"app": "other"}, NOW_NS + 2, "not asked for")
        loki.logs.commit(APP, NOW_NS + 3, "newer")
        said: list[str] = []
        while len(said) < 2:
            said += [value[1] for one in (await frame(socket))["streams"] for value in one["values"]]
        assert said == ["new", "newer"]
    await watched(loki, 0)


async def test_the_pipeline_runs_over_live_lines(loki: Any, url: str) -> None:
    async with connect(url, '{app="a"} | logfmt | level="error" | line_format "{{.msg}}"') as socket:
        await watched(loki)
        loki.logs.commit(APP, NOW_NS, "level=info msg=quiet", "level=error msg=loud")
        (stream,) = (await frame(socket))["streams"]
        assert stream["values"] == [[str(NOW_NS), "loud"]]
        assert stream["stream"]["level"] == "error"


async def test_categories_when_they_are_asked_for(loki: Any, url: str) -> None:
    async with connect(url, headers={"X-Loki-Response-Encoding-Flags": "categorize-labels"}) as socket:
        await watched(loki)
        loki.logs.commit(APP, NOW_NS, "x", severity=5)
        said = await frame(socket)
        assert said["encodingFlags"] == ["categorize-labels"]
        (stream,) = said["streams"]
        assert stream["stream"] == APP
        assert stream["values"] == [[str(NOW_NS), "x", {"structuredMetadata": {"detected_level": "error"}}]]


async def test_frames_hold_at_most_a_hundred_lines(loki: Any, url: str) -> None:
    async with connect(url) as socket:
        await watched(loki)
        loki.logs.commit(APP, NOW_NS, *[str(n) for n in range(250)])
        sizes = [len((await frame(socket))["streams"][0]["values"]) for _ in range(3)]
        assert sizes == [100, 100, 50]


async def test_lines_that_do_not_fit_are_dropped_and_told(loki: Any, url: str) -> None:
    async with connect(url) as socket:
        await watched(loki)
        loki.logs.commit(APP, NOW_NS, *[str(n) for n in range(1_003)])
        first = await frame(socket)
        assert first["dropped_entries"] == [{"labels": APP, "timestamp": str(NOW_NS)}] * 3


async def test_delay_holds_lines_back(loki: Any, url: str) -> None:
    async with connect(url, delay_for=1) as socket:
        await watched(loki)
        began = asyncio.get_running_loop().time()
        loki.logs.commit(APP, NOW_NS, "later")
        await frame(socket)
        assert asyncio.get_running_loop().time() - began > 0.9


async def test_the_older_path_has_the_older_shape(loki: Any, url: str) -> None:
    async with connect(url, path="/api/prom/tail") as socket:
        await watched(loki)
        loki.logs.commit(APP, NOW_NS, "x")
        (stream,) = (await frame(socket))["streams"]
        assert stream == {
            "labels": '{app="a", detected_level="unknown"}',
            "entries": [{"ts": "2023-11-14T22:13:20Z", "line": "x"}],
        }


@pytest.mark.parametrize(
    ("query", "params", "words"),
    [
        ("{app=", {}, "parse error at line 1, col 6: syntax error: unexpected $end, expecting STRING"),
        ('rate({app="a"}[1m])', {}, "unsupported expression type for tailing: only log queries can be tailed"),
        ('{app="a"}', {"delay_for": "6"}, "delay_for can't be greater than 5"),
        ('{app="a"}', {"limit": "0"}, "limit must be a positive value"),
    ],
)
async def test_bad_questions_are_answered_before_the_handshake(
    url: str, query: str, params: dict[str, str], words: str
) -> None:
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, query, **params):
            pass
    assert refused.value.response.status_code == 400
    assert refused.value.response.body.decode() == words


async def test_one_more_than_allowed_is_closed_with_the_reason(loki: Any, url: str) -> None:
    from websockets.exceptions import ConnectionClosedError

    loki.limits[0] = replace(loki.limits[0], tails_max=1)
    async with connect(url), connect(url) as second:
        with pytest.raises(ConnectionClosedError) as closed:
            await second.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.reason == "max concurrent tail requests limit exceeded, count > limit (2 > 1)"


async def test_lines_that_were_replayed_do_not_come_again(loki: Any, url: str) -> None:
    loki.logs.add(APP, NOW_NS - 1, "once")
    async with connect(url) as socket:
        await frame(socket)
        loki.logs.commit(APP, NOW_NS - 1, "once")
        loki.logs.commit(APP, NOW_NS, "next")
        assert (await frame(socket))["streams"][0]["values"] == [[str(NOW_NS), "next"]]


async def test_waiting_lines_are_bounded_whoever_sends_them() -> None:
    stream = LogStream(1, Labels.of(APP))
    waiting = Waiting(10)
    for n in range(5_000):
        waiting.add([TailedLine(stream, n, 0, "x")])
    taken, dropped = await waiting.take(0)
    assert [line.ts_ns for line in taken] == list(range(10))
    assert len(dropped) == 1_000
    assert dropped[-1].ts_ns == 4_999
