"""The own API: one answer per page, in shapes that the UI relies on, and words in two languages."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from hannun.api.hannun import ConfigStatus, ConfigWarning, MemoryStatus, SettingShown, Sources, openapi, routes
from hannun.api.hannun.metrics import Named, ranked
from hannun.api.hannun.pace import Pace
from hannun.api.hannun.route import BASE
from hannun.api.hannun.shared import Shared
from hannun.api.limits import ApiLimits
from hannun.model.access import Access
from hannun.model.account import Project
from hannun.model.errors import ExecutionError
from hannun.model.family import CollectorStatus
from hannun.model.labels import Labels
from hannun.model.metric import Count, TsdbStats
from hannun.model.status import DiskStatus, QueueStatus, RetentionStatus, TableStatus
from hannun.model.text import Text
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.observe.problems import Problems, Severity
from hannun.query.promql import PromEngine
from hannun.testing.clock import FakeClock

NOW_MS = 1_700_000_000_000
GIB = 1 << 30
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def problems(clock) -> Problems:
    return Problems(clock)


@pytest.fixture
def outcomes(clock) -> Outcomes:
    return Outcomes(clock)


@pytest.fixture
def api(reader, runner, clock, problems, outcomes) -> Callable[..., list[Any]]:
    def made(*, limits: ApiLimits | None = None, **more: Any) -> list[Any]:
        said: dict[str, Any] = {
            "version": "1.0",
            "started_ms": NOW_MS - 1000,
            "data_dir": "/data",
            "listen": "127.0.0.1:8800",
            "url": "http://127.0.0.1:8800",
            "problems": problems,
            "outcomes": outcomes,
            "disk": lambda: DiskStatus(100 * GIB, 50 * GIB, 5 * GIB, 2 * GIB, refusing=False),
            **more,
        }
        engine = PromEngine(reader, clock=clock)
        return routes(engine, reader, runner, Sources(**said), limits=limits, clock=clock)

    return made


async def get(serve, endpoints, path: str) -> Any:
    async with serve(endpoints) as client:
        answer = await client.get(BASE + path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def watch(reader, instance: str, host: str, *, used: float = 0.4, memory: float = 0.5, busy: float = 0.1, until_s=0):
    """Three hours of node_exporter's names of one machine, the last reading `until_s` ago."""
    times = range(NOW_MS - 3 * 3_600_000, NOW_MS - until_s * 1000 + 1, 15_000)

    def add(name: str, values: Callable[[int], float], **labels: str) -> None:
        reader.add(
            Labels.of({"__name__": name, "instance": instance, "job": "node", **labels}),
            [(ts, values(ts)) for ts in times],
        )

    add("node_uname_info", lambda _: 1, nodename=host, release="6.1.0", sysname="Linux")
    add("node_os_info", lambda _: 1, pretty_name="Debian GNU/Linux 12")
    add("node_boot_time_seconds", lambda _: NOW_MS / 1000 - 86_400)
    for cpu in ("0", "1"):
        add("node_cpu_seconds_total", lambda ts: ts / 1000 * (1 - busy), cpu=cpu, mode="idle")
        add("node_cpu_seconds_total", lambda ts: ts / 1000 * busy, cpu=cpu, mode="user")
    add("node_memory_MemTotal_bytes", lambda _: 16 * GIB)
    add("node_memory_MemAvailable_bytes", lambda _: 16 * GIB * (1 - memory))
    for mount, share in (("/", 0.2), ("/var", used)):
        add("node_filesystem_size_bytes", lambda _: 100 * GIB, mountpoint=mount, fstype="ext4", device=mount)
        for name in ("free", "avail"):
            add(
                f"node_filesystem_{name}_bytes",
                lambda _, share=share: 100 * GIB * (1 - share),
                mountpoint=mount,
                fstype="ext4",
                device=mount,
            )
    add("node_load1", lambda _: 0.5)
    for device in ("eth0", "lo"):
        add("node_network_receive_bytes_total", lambda ts: ts / 1000 * 1000, device=device)
        add("node_network_transmit_bytes_total", lambda ts: ts / 1000 * 500, device=device)
    for part in ("cpu", "memory", "io"):
        add(f"node_pressure_{part}_waiting_seconds_total", lambda ts: ts / 1000 * 0.01)


async def test_a_machine_is_one_row(serve, api, reader) -> None:
    watch(reader, "web-1:9100", "web-1")
    view = await get(serve, api(), "/overview")
    (host,) = view["hosts"]
    spark = host.pop("spark_cpu")
    assert len(spark) == 60
    assert spark[-1] == pytest.approx(0.1)
    pressure = host.pop("pressure")
    assert {part: pytest.approx(value) for part, value in pressure.items()} == {"cpu": 0.01, "memory": 0.01, "io": 0.01}
    numbers = ("cpu", "memory", "disk", "network_rx_bps", "network_tx_bps")
    assert {name: host.pop(name) for name in numbers} == {
        "cpu": pytest.approx(0.1),
        "memory": pytest.approx(0.5),
        "disk": pytest.approx(0.4),
        "network_rx_bps": pytest.approx(1000),
        "network_tx_bps": pytest.approx(500),
    }
    assert host == {
        "host": "web-1",
        "instance": "web-1:9100",
        "disk_mount": "/var",
        "load1": 0.5,
        "cores": 2,
        "memory_total_bytes": 16 * GIB,
        "uptime_s": 86_400,
        "os": "Debian GNU/Linux 12",
        "kernel": "6.1.0",
        "seen_ms": NOW_MS,
    }
    assert view["needs"] == []
    assert view["now_ms"] == NOW_MS


async def test_an_empty_store_is_an_empty_page(serve, api, reader) -> None:
    reader.clear()
    reader.counted = TsdbStats(0, 0, 0, 0, 0, (), (), (), ())
    view = await get(serve, api(), "/overview")
    assert (view["hosts"], view["needs"]) == ([], [])
    assert view["ingest"] == {"samples_per_s": 0, "series": 0, "senders": []}
    assert view["store"]["bytes_per_sample"] is None
    assert view["store"]["fills_in_s"] is None


async def test_a_machine_of_which_little_is_known_is_still_there(serve, api, reader) -> None:
    reader.add(Labels.of(__name__="node_boot_time_seconds", instance="[::1]:9100"), [(NOW_MS, NOW_MS / 1000 - 60)])
    view = await get(serve, api(), "/overview")
    (host,) = view["hosts"]
    assert (host["host"], host["uptime_s"], host["cpu"], host["pressure"]) == ("::1", 60, None, None)
    assert host["spark_cpu"] == [None] * 60


TROUBLE = {
    "disk": ({"used": 0.93}, "warning", "web-1: disk /var is 93 % full", "디스크 /var 사용량 93%"),
    "disk almost full": ({"used": 0.98}, "critical", "web-1: disk /var is 98 % full", "98%"),
    "memory": ({"memory": 0.95}, "warning", "web-1: 95 % of memory is in use", "메모리 사용량 95%"),
    "cpu": ({"busy": 0.97}, "warning", "web-1: CPU has been 97 % busy for 5 min", "CPU 사용률 97%"),
    "silence": ({"until_s": 700}, "critical", "web-1 has been silent for 11 min", "11분째 소식 없음"),
}


@pytest.mark.parametrize(("state", "severity", "en", "ko"), TROUBLE.values(), ids=TROUBLE.keys())
async def test_trouble_of_a_machine_needs_somebody(serve, api, reader, state, severity, en, ko) -> None:
    watch(reader, "web-1:9100", "web-1", **state)
    (need,) = (await get(serve, api(), "/overview"))["needs"]
    assert (need["severity"], need["what"]["en"], need["link"]) == (severity, en, "/hosts/web-1")
    assert ko in need["what"]["ko"]
    assert need["do"]["ko"] != need["do"]["en"]


async def test_a_disk_that_fills_is_told_before_it_is_full(serve, api, reader) -> None:
    watch(reader, "web-1:9100", "web-1")
    times = range(NOW_MS - 3 * 3_600_000, NOW_MS + 1, 15_000)
    labels = {"instance": "web-1:9100", "job": "node", "mountpoint": "/db", "fstype": "xfs", "device": "/dev/sdb"}
    # 30 GiB are left and 5 GiB go every hour.
    left = [(ts, (30 + 5 * (NOW_MS - ts) / 3_600_000) * GIB) for ts in times]
    reader.add(Labels.of({"__name__": "node_filesystem_size_bytes", **labels}), [(ts, 100.0 * GIB) for ts in times])
    for name in ("free", "avail"):
        reader.add(Labels.of({"__name__": f"node_filesystem_{name}_bytes", **labels}), left)
    (need,) = (await get(serve, api(), "/overview"))["needs"]
    assert need["what"] == {
        "en": "web-1: disk /db is full in about 6 h",
        "ko": "web-1: 디스크 /db, 약 6시간 뒤 가득 참",
    }


async def test_trouble_of_the_server_needs_somebody(serve, api, problems, clock) -> None:
    problems.raise_("queue", Severity.INFO, Text(en="a", ko="가"), Text(en="b", ko="나"))
    clock.advance(60)
    full = DiskStatus(100, 1, 5, 50, refusing=True)
    failing = [
        CollectorStatus("cpu", True, 0.1),
        CollectorStatus("hwmon", False, 0.1, "permission denied"),
        CollectorStatus("zfs", False, 0.1, "not here", absent=True),
    ]
    endpoints = api(disk=lambda: full, collectors=lambda: failing)
    found = (await get(serve, endpoints, "/overview"))["needs"]
    assert [(need["severity"], need["what"]["en"].split(":")[0], need["link"]) for need in found] == [
        ("critical", "Writing has stopped", "/status"),
        ("warning", "Collector hwmon fails", "/status"),
        ("info", "a", "/status"),
    ]
    assert found[2]["since_ms"] == NOW_MS
    clock.advance(60)
    later = (await get(serve, endpoints, "/overview"))["needs"]
    assert [need["since_ms"] for need in later] == [need["since_ms"] for need in found]


async def test_ingest_and_store_are_told(serve, api, reader, clock) -> None:
    rows = 0
    reader.counted = TsdbStats(
        50, 100, 1, 0, NOW_MS, (), (), (), (Count("job=shop", 30), Count("mode=idle", 25), Count("job=node", 20))
    )

    def queues() -> list[QueueStatus]:
        return [QueueStatus("metrics", 0, 0, 1000, 5, rows, 0, 1.0, 2.0, NOW_MS)]

    tables = [TableStatus("metric_samples", 1_000, 800, 2, NOW_MS - 86_400_000, NOW_MS)]
    retention = [RetentionStatus("metrics", 0, 800)]
    endpoints = api(queues=queues, tables=lambda: tables, retention=lambda: retention)
    rows = 6_000
    clock.advance(60)
    view = await get(serve, endpoints, "/overview")
    assert view["ingest"] == {
        "samples_per_s": 100,
        "series": 50,
        "senders": [{"job": "shop", "series": 30}, {"job": "node", "series": 20}],
    }
    assert view["store"] == {
        "used_bytes": 2 * GIB,
        "free_bytes": 50 * GIB,
        "reserve_bytes": 5 * GIB,
        "bytes_per_sample": 0.8,
        "oldest_ms": NOW_MS - 86_400_000,
        "fills_in_s": pytest.approx(45 * GIB / 80),
    }
    assert view["process"]["cpu"] >= 0


async def test_a_disk_that_retention_keeps_from_filling_never_fills(serve, api, clock) -> None:
    rows = 0
    tables = [TableStatus("metric_samples", 1_000, 800, 2, NOW_MS - 86_400_000, NOW_MS)]
    endpoints = api(
        queues=lambda: [QueueStatus("metrics", 0, 0, 1000, 5, rows, 0, 1.0, 2.0)],
        tables=lambda: tables,
        retention=lambda: [RetentionStatus("metrics", 30 * 86_400_000, 800)],
    )
    rows = 6_000
    clock.advance(60)
    assert (await get(serve, endpoints, "/overview"))["store"]["fills_in_s"] is None


async def test_many_browsers_share_one_look(serve, api, reader, clock) -> None:
    watch(reader, "web-1:9100", "web-1")
    endpoints = api()
    async with serve(endpoints) as client:
        await client.get(f"{BASE}/overview")
        asked = len(reader.reads)
        await client.get(f"{BASE}/overview")
        assert len(reader.reads) == asked
        clock.advance(5)
        await client.get(f"{BASE}/overview")
        assert len(reader.reads) > asked


async def test_status_is_everything_the_server_knows_about_itself(serve, api, problems, outcomes) -> None:
    problems.raise_("x", Severity.WARNING, Text(en="what", ko="무엇"), Text(en="do", ko="할 일"))
    outcomes.count("metrics", Outcome.INVALID, 3, reason="series without __name__")
    answer = await get(
        serve,
        api(
            versions=lambda: {"hannun": "1.0", "chdb": "4.4"},
            ready=lambda: False,
            memory=lambda: MemoryStatus(400, 170, GIB, None),
            queues=lambda: [QueueStatus("metrics", 1, 2, 3, 0, 0, 0, 0.0, 0.0)],
            tables=lambda: [TableStatus("metric_samples", 0, 0, 0), TableStatus("metric_series", 4, 8, 1, 5, 6)],
            retention=lambda: [RetentionStatus("metrics", 1000, 8)],
            config=lambda: ConfigStatus(
                "hannun.yml",
                [ConfigWarning("hannun.yml", 3, Text(en="unknown", ko="모르는 이름"))],
                [SettingShown("listen", "127.0.0.1:8800", "default")],
            ),
            collectors=lambda: [CollectorStatus("cpu", True, 0.5), CollectorStatus("zfs", True, 0.0, absent=True)],
        ),
        "/status",
    )
    assert answer == {
        "version": "1.0",
        "versions": {"hannun": "1.0", "chdb": "4.4"},
        "started_ms": NOW_MS - 1000,
        "ready": False,
        "data_dir": "/data",
        "listen": "127.0.0.1:8800",
        "memory": {"rss_bytes": 400, "private_bytes": 170, "limit_bytes": GIB, "engine_bytes": None},
        "disk": {
            "total_bytes": 100 * GIB,
            "free_bytes": 50 * GIB,
            "reserve_bytes": 5 * GIB,
            "used_bytes": 2 * GIB,
            "refusing": False,
        },
        "queues": [
            {
                "name": "metrics",
                "rows": 1,
                "bytes": 2,
                "bytes_max": 3,
                "commits": 0,
                "rows_written": 0,
                "rows_dropped": 0,
                "commit_ms_p50": None,
                "commit_ms_p99": None,
                "last_commit_ms": None,
            }
        ],
        "tables": [
            {
                "name": "metric_samples",
                "rows": 0,
                "bytes": 0,
                "parts": 0,
                "bytes_per_row": None,
                "oldest_ms": None,
                "newest_ms": None,
            },
            {
                "name": "metric_series",
                "rows": 4,
                "bytes": 8,
                "parts": 1,
                "bytes_per_row": 2,
                "oldest_ms": 5,
                "newest_ms": 6,
            },
        ],
        "outcomes": [
            {
                "signal": "metrics",
                "key": "",
                "outcome": "invalid",
                "reason": "series without __name__",
                "hour_ms": NOW_MS - NOW_MS % 3_600_000,
                "count": 3,
            }
        ],
        "retention": [{"signal": "metrics", "keep_ms": 1000, "size_bytes": 8}],
        "config": {
            "file": "hannun.yml",
            "warnings": [{"file": "hannun.yml", "line": 3, "text": {"ko": "모르는 이름", "en": "unknown"}}],
            "settings": [{"name": "listen", "value": "127.0.0.1:8800", "source": "default"}],
        },
        "problems": [
            {
                "id": "x",
                "severity": "warning",
                "what": {"ko": "무엇", "en": "what"},
                "do": {"ko": "할 일", "en": "do"},
                "since_ms": NOW_MS,
            }
        ],
        "collectors": [{"name": "cpu", "ok": True, "duration_s": 0.5, "error": None}],
    }


NAMES = [
    Named(name, "gauge", help_, "", 1)
    for name, help_ in [
        ("cpu", ""),
        ("cpu_seconds", ""),
        ("gcpu_seconds", ""),
        ("node_cpu_seconds_total", "Seconds of each CPU."),
        ("node_load1", "1m load average of the cpu."),
        ("node_memory_free", "메모리 여유"),
    ]
]


@pytest.mark.parametrize(
    ("search", "names"),
    [
        pytest.param("", [one.name for one in NAMES], id="nothing asked, all by name"),
        pytest.param(
            "CPU",
            ["cpu", "cpu_seconds", "node_cpu_seconds_total", "gcpu_seconds", "node_load1"],
            id="whole, beginning, word, piece, help",
        ),
        pytest.param("node cpu", ["node_cpu_seconds_total", "node_load1"], id="every word"),
        pytest.param("여유", ["node_memory_free"], id="Korean help"),
        pytest.param("nope", [], id="nothing found"),
    ],
)
def test_metric_names_are_ranked(search: str, names: list[str]) -> None:
    assert [one.name for one in ranked(NAMES, search)] == names


async def test_metrics_tells_type_help_and_series(serve, api) -> None:
    assert await get(serve, api(), "/metrics?search=http&limit=1") == {
        "metrics": [
            {"name": "http_requests_total", "type": "counter", "help": "Requests.", "unit": "", "series": 1},
        ],
        "total": 1,
    }
    everything = await get(serve, api(), "/metrics?limit=1")
    assert (len(everything["metrics"]), everything["total"]) == (1, 2)


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1e3", "٣", "9" * 20])
async def test_a_limit_that_is_no_number_is_refused_in_words(serve, api, limit: str) -> None:
    async with serve(api()) as client:
        answer = await client.get(f"{BASE}/metrics", params={"limit": limit})
    assert (answer.status_code, answer.json()["class"]) == (400, "WireError")
    assert "from 1 to 1000" in answer.json()["error"]


def page(*queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"start_ms": NOW_MS - 60_000, "end_ms": NOW_MS, "step_ms": 15_000, "queries": list(queries), **more}


async def test_a_page_of_graphs_is_one_request(serve, api) -> None:
    asked = page(
        {"id": "a", "expr": "sum by (job) (up)"},
        {"id": "b", "expr": "up == 0", "instant": True},
        {"id": "c", "expr": "sum("},
        {"id": "d", "expr": "vector(1/0) or vector(2)"},
        {"id": "e", "expr": "7"},
        {"id": "f", "expr": "up[5m]", "instant": True},
        {"id": "g", "expr": '"text"', "instant": True},
    )
    async with serve(api()) as client:
        answer = await client.post(f"{BASE}/panels", json=asked)
    assert answer.status_code == 200
    found = {result["id"]: result for result in answer.json()["results"]}
    assert list(found) == list("abcdefg")
    assert found["a"] == {
        "id": "a",
        "start_ms": NOW_MS - 60_000,
        "step_ms": 15_000,
        "steps": 5,
        "series": [{"labels": {"job": "node"}, "values": [2, 2, 2, 2, 2]}],
        "warnings": [],
        "infos": [],
        "truncated": False,
        "unknown_metrics": [],
    }
    assert found["b"]["series"] == [
        {"labels": {"__name__": "up", "instance": "c:9100", "job": "node"}, "values": [0]},
    ]
    assert (found["b"]["start_ms"], found["b"]["steps"]) == (NOW_MS, 1)
    assert found["c"]["error"] == "1:5: parse error: unclosed left parenthesis"
    assert found["c"]["series"] == []
    assert found["d"]["series"] == [{"labels": {}, "values": [None] * 5}]
    assert found["d"]["infos"] == ["5 infinite values are shown as gaps"]
    assert found["e"]["series"] == [{"labels": {}, "values": [7] * 5}]
    assert "range vector" in found["f"]["error"]
    assert "text" in found["g"]["error"]


async def test_gaps_are_null(serve, api, reader) -> None:
    reader.add(Labels.of(__name__="gap"), [(NOW_MS - 60_000, 1.0), (NOW_MS - 30_000, math.nan)])
    async with serve(api()) as client:
        answer = await client.post(f"{BASE}/panels", json=page({"id": "a", "expr": "last_over_time(gap[16s])"}))
    assert answer.json()["results"][0]["series"][0]["values"] == [1, 1, None, None, None]


async def test_explain_comes_when_it_is_asked_for(serve, api) -> None:
    async with serve(api()) as client:
        answer = await client.post(f"{BASE}/panels", json=page({"id": "a", "expr": "up", "explain": True}))
    assert answer.json()["results"][0]["explain"]["series_read"] == 3


async def test_a_result_of_too_many_series_is_cut_and_says_so(serve, api) -> None:
    async with serve(api(limits=ApiLimits(panel_series_max=2))) as client:
        answer = await client.post(f"{BASE}/panels", json=page({"id": "a", "expr": "up"}))
    (result,) = answer.json()["results"]
    assert (len(result["series"]), result["truncated"]) == (2, True)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"", "not the JSON", id="empty"),
        pytest.param(b"[]", "Expected `object`", id="a list"),
        pytest.param(b'{"start_ms": 1}', "missing required field `end_ms`", id="a field is missing"),
        pytest.param(json.dumps(page({"id": 1, "expr": "x"})).encode(), "queries[0].id", id="an id that is a number"),
        pytest.param(json.dumps(page(step_ms=0)).encode(), "step_ms must be positive", id="no step"),
        pytest.param(json.dumps(page(end_ms=0)).encode(), "must not be before", id="end before start"),
        pytest.param(json.dumps(page(step_ms=1)).encode(), "60001 points per series", id="too many points"),
        pytest.param(json.dumps(page(end_ms=10**18)).encode(), "must not be", id="after the end of time"),
        pytest.param(
            json.dumps(page(*[{"id": "x", "expr": "1"}] * 101)).encode(), "101 queries in one request", id="queries"
        ),
        pytest.param(b"[" * 100_000, "not the JSON", id="deep"),
        pytest.param(b'{"start_ms": 1e400}', "not the JSON", id="an endless number"),
    ],
)
async def test_a_panels_request_that_cannot_be_read(serve, api, body: bytes, said: str) -> None:
    async with serve(api()) as client:
        answer = await client.post(f"{BASE}/panels", content=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


async def test_functions_have_words_in_both_languages(serve, api) -> None:
    found = {one["name"]: one for one in await get(serve, api(), "/functions")}
    assert found["rate"]["args"] == ["range vector"]
    assert found["round"]["args"] == ["instant vector", "scalar?"]
    assert found["label_join"]["args"][-1] == "…"
    assert (found["topk"]["kind"], found["topk"]["args"]) == ("aggregation", ["scalar", "instant vector"])
    assert all(one["doc"]["ko"] and one["doc"]["en"] for one in found.values())


async def test_projects_have_a_dsn(serve, api) -> None:
    projects = [Project(1, "default", "Default", "hannun", (KEY,)), Project(2, "old", "Old", "hannun", ())]
    assert await get(serve, api(projects=lambda: projects), "/projects") == [
        {"id": 1, "name": "default", "dsn": f"http://{KEY}@127.0.0.1:8800/1"},
        {"id": 2, "name": "old", "dsn": ""},
    ]
    behind = api(projects=lambda: projects[:1], url="https://o11y.example/hannun")
    assert (await get(serve, behind, "/projects"))[0]["dsn"] == f"https://{KEY}@o11y.example/hannun/1"


async def test_openapi_lists_every_route_and_nothing_else(serve, api) -> None:
    said = await get(serve, api(), "/openapi.json")
    listed = {(method.upper(), path) for path, methods in said["paths"].items() for method in methods}
    own = {(endpoint.method, endpoint.path.removeprefix(BASE)) for endpoint in api()}
    accounts = {(one.method, one.path) for one in openapi.ACCOUNTS}
    assert listed == own | accounts
    assert not own & accounts
    assert all(endpoint.path.startswith(BASE) and endpoint.access is Access.VIEW for endpoint in api())
    assert said["openapi"].startswith("3.")


def test_openapi_lists_the_routes_that_web_serves() -> None:
    from hannun.web.auth import accounts_api, session_api

    served = {
        (endpoint.method, endpoint.path.removeprefix(BASE).replace(":int}", "}"), endpoint.access)
        for module in (accounts_api, session_api)
        for endpoint in module.routes(None)
        if endpoint.path.startswith(BASE)
    }
    assert served == {(one.method, one.path, one.access) for one in openapi.ACCOUNTS}


def test_a_pace_is_that_of_the_last_two_minutes() -> None:
    clock, value = FakeClock(), 0.0
    pace = Pace(lambda: value, clock)
    assert pace.per_s() == 0
    for _ in range(20):
        clock.advance(15)
        value += 150
        pace.per_s()
    assert pace.per_s() == pytest.approx(10)
    for _ in range(20):
        clock.advance(15)
        pace.per_s()
    assert pace.per_s() == 0
    value = 0  # A counter that starts again grows no faster than nothing.
    assert pace.per_s() == 0


async def test_an_error_is_not_shared() -> None:
    shared: Shared[int] = Shared(10, FakeClock())

    async def fail() -> int:
        raise ExecutionError("no")

    async def give() -> int:
        return 5

    with pytest.raises(ExecutionError):
        await shared.get(fail)
    assert await shared.get(give) == 5
    assert await shared.get(fail) == 5
