"""What is asked of the server itself: configuration, reload, notifications, features, its own description."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import yaml
from starlette.requests import Request

from hannun.api.limits import ApiLimits
from hannun.api.prometheus import ServerFacts, notifications, routes
from hannun.api.prometheus.around import Around
from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.self_metrics import families_json
from hannun.model.errors import ConfigError, DiskFull
from hannun.observe.metrics import REGISTRY, counter, histogram
from hannun.query.promql import PromEngine

NOW_MS = 1_700_000_000_000


@pytest.fixture
def call(serve, reader, runner, clock):
    async def called(method: str, path: str, **more: Any) -> Any:
        endpoints = routes(PromEngine(reader, clock=clock), reader, runner, clock=clock, **more)
        async with serve(endpoints) as client:
            return await client.request(method, path)

    return called


async def data(call, path: str, **more: Any) -> Any:
    answer = await call("GET", f"/api/v1{path}", **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


# Reload


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_reload_reads_the_configuration_again(call, method: str) -> None:
    read: list[int] = []

    async def reload() -> None:
        read.append(1)

    answer = await call(method, "/-/reload", reload=reload)
    assert (answer.status_code, answer.content, read) == (200, b"", [1])


async def test_a_bad_configuration_is_refused_in_words(call, caplog) -> None:
    async def reload() -> None:
        raise ConfigError("prometheus.yml:3: unknown action", "did you mean replace?")

    answer = await call("POST", "/prometheus/-/reload", reload=reload)
    words = "prometheus.yml:3: unknown action. did you mean replace?"
    assert (answer.status_code, answer.text) == (500, f"failed to reload config: {words}\n")
    assert words in caplog.text, "and the log tells it too"


async def test_two_reloads_follow_one_another(serve, reader, runner, clock) -> None:
    inside, most = 0, 0

    async def reload() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.01)
        inside -= 1

    async with serve(routes(PromEngine(reader), reader, runner, clock=clock, reload=reload)) as client:
        await asyncio.gather(*(client.post("/-/reload") for _ in range(4)))
    assert most == 1


@pytest.mark.parametrize(("method", "path"), [("POST", "/-/reload"), ("POST", "/-/quit"), ("PUT", "/-/quit")])
async def test_what_is_not_enabled_is_forbidden(call, method: str, path: str) -> None:
    answer = await call(method, path)
    assert (answer.status_code, answer.text) == (403, "Lifecycle API is not enabled.")


async def test_runtimeinfo_tells_how_the_last_reload_went(call) -> None:
    good = await data(call, "/status/runtimeinfo", facts=ServerFacts(started_ms=NOW_MS))
    assert (good["reloadConfigSuccess"], good["lastConfigTime"]) == (True, "2023-11-14T22:13:20.000Z")
    bad = await data(call, "/status/runtimeinfo", on_reload_status=lambda: (False, NOW_MS + 5_000))
    assert (bad["reloadConfigSuccess"], bad["lastConfigTime"]) == (False, "2023-11-14T22:13:25.000Z")


# Notifications


async def test_a_failed_reload_is_a_notification(call) -> None:
    assert await data(call, "/notifications") == []
    assert await data(call, "/notifications", on_reload_status=lambda: (False, 1)) == [
        {"text": "Configuration reload has failed.", "date": "2023-11-14T22:13:20.000Z", "active": True}
    ]


def desk(reader, runner, clock, status: list[bool]) -> notifications.Desk:
    around = Around(reload_status=lambda: (status[0], NOW_MS))
    return notifications.Desk(Backend(PromEngine(reader), reader, runner, ApiLimits(), clock, around))


async def test_live_tells_what_begins_and_what_ends(reader, runner, clock, monkeypatch) -> None:
    monkeypatch.setattr(notifications, "LOOK_EVERY_S", 0.001)
    status = [True]
    made = desk(reader, runner, clock, status)
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    stream = made.stream(Request({"type": "http", "method": "GET", "path": "/", "headers": []}, receive))
    assert await anext(stream) == b":\n\n", "the stream opens at once, although there is nothing to tell"
    assert made.listeners == 1
    status[0] = False
    begun = await anext(stream)
    assert json.loads(begun.removeprefix(b"data: "))["active"] is True
    status[0] = True
    ended = await anext(stream)
    assert json.loads(ended.removeprefix(b"data: ")) == {
        "text": "Configuration reload has failed.",
        "date": "2023-11-14T22:13:20.000Z",
        "active": False,
    }
    gone.set()
    assert [piece async for piece in stream] == []
    assert made.listeners == 0


async def test_live_has_so_many_places(call) -> None:
    answer = await call("GET", "/api/v1/notifications/live", limits=ApiLimits(live_max=0))
    assert (answer.status_code, answer.content) == (204, b"")


# Status


async def test_the_configuration_in_force(call) -> None:
    assert await data(call, "/status/config") == {"yaml": ""}
    assert await data(call, "/status/config", config_text=lambda: "global: {}\n") == {"yaml": "global: {}\n"}


async def test_there_are_no_block_files_and_no_log_to_replay(call) -> None:
    assert await data(call, "/status/tsdb/blocks") == {"blocks": []}
    assert await data(call, "/status/walreplay") == {"min": 0, "max": 0, "current": 0, "state": "done"}


async def test_version_is_buildinfo_without_an_envelope(call) -> None:
    answer = await call("GET", "/version")
    assert answer.json() == await data(call, "/status/buildinfo")
    assert "features" not in answer.json(), "Grafana would take this server for a Mimir"
    assert tuple(map(int, answer.json()["version"].split("."))) >= (2, 24, 0)


async def test_own_metrics_are_told_in_protobufs_json(call) -> None:
    counted = counter("hannun_test_self_total", "Counted.", ("kind",))
    counted.labels("a").inc(3)
    timed = histogram("hannun_test_self_seconds", "Timed.", buckets=(0.5,))
    timed.observe(0.1)
    timed.observe(7.0)
    try:
        found = {family["name"]: family for family in await data(call, "/status/self_metrics")}
        assert found["hannun_test_self_total"] == {
            "name": "hannun_test_self_total",
            "help": "Counted.",
            "type": "COUNTER",
            "metric": [{"label": [{"name": "kind", "value": "a"}], "counter": {"value": 3.0}}],
        }
        assert found["hannun_test_self_seconds"]["metric"] == [
            {
                "label": [],
                "histogram": {
                    "bucket": [
                        {"cumulativeCount": "1", "upperBound": 0.5},
                        {"cumulativeCount": "2", "upperBound": "Infinity"},
                    ],
                    "sampleSum": 7.1,
                    "sampleCount": "2",
                },
            }
        ]
        assert list(found) == sorted(found)
    finally:
        REGISTRY.unregister(counted)
        REGISTRY.unregister(timed)


def test_a_family_without_samples_is_left_out() -> None:
    empty = counter("hannun_test_empty_total", "Nothing yet.", ("kind",))
    try:
        assert families_json(empty.collect()) == []
    finally:
        REGISTRY.unregister(empty)


async def test_features_are_read_off_the_registries(call) -> None:
    found = await data(call, "/features", enable_admin_api=True)
    assert found["api"]["admin"] is True
    assert found["api"]["lifecycle"] is False
    assert {"rate", "histogram_quantile"} <= found["promql_functions"].keys()
    assert {"sum", "topk", "==", "atan2", "unless"} <= found["promql_operators"].keys()


# Admin


async def test_a_snapshot_is_made_under_a_new_name(call) -> None:
    made: list[str] = []
    answers = [
        (await call("POST", "/api/v1/admin/tsdb/snapshot?skip_head=true", enable_admin_api=True, snapshot=made.append))
        for _ in range(2)
    ]
    assert [answer.json()["data"]["name"] for answer in answers] == made
    assert made[0].startswith("20231114T221320Z-")
    assert made[0] != made[1]


@pytest.mark.parametrize(
    ("query", "more", "code", "kind", "words"),
    [
        ("", {}, 500, "unavailable", "admin APIs disabled"),
        ("", {"enable_admin_api": True}, 500, "unavailable", "copy its data directory"),
        (
            "?skip_head=perhaps",
            {"enable_admin_api": True},
            400,
            "bad_data",
            'invalid parameter "skip_head": unable to parse boolean: '
            'strconv.ParseBool: parsing "perhaps": invalid syntax',
        ),
    ],
    ids=["without the admin API", "where none can be made", "a flag that is none"],
)
async def test_snapshots_refused(call, query: str, more: dict[str, Any], code: int, kind: str, words: str) -> None:
    answer = await call("PUT", f"/api/v1/admin/tsdb/snapshot{query}", **more)
    assert (answer.status_code, answer.json()["errorType"]) == (code, kind)
    assert words in answer.json()["error"]


async def test_a_full_disk_refuses_the_snapshot(call) -> None:
    def fail(_name: str) -> None:
        raise DiskFull("1 GiB free")

    answer = await call("POST", "/api/v1/admin/tsdb/snapshot", enable_admin_api=True, snapshot=fail)
    assert (answer.status_code, answer.json()["error"]) == (507, "1 GiB free")


# Description


async def test_the_openapi_page_describes_every_endpoint(serve, reader, runner, clock) -> None:
    endpoints = routes(PromEngine(reader), reader, runner, clock=clock)
    async with serve(endpoints) as client:
        answer = await client.get("/api/v1/openapi.yaml")
    assert answer.headers["content-type"].startswith("application/yaml")
    page = yaml.safe_load(answer.text)
    assert page["openapi"].startswith("3.1")
    told = {(method.upper(), f"/api/v1{path}") for path, methods in page["paths"].items() for method in methods}
    assert told == {(one.method, one.path) for one in endpoints if one.path.startswith("/api/v1/")}
    names = [operation["operationId"] for methods in page["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    match = page["paths"]["/series"]["get"]["parameters"][0]
    assert (match["name"], match["schema"]["type"]) == ("match[]", "array")
