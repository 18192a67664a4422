"""The Pushgateway API: a group stays until it is deleted, and the answers are those of Debian's real Pushgateway."""

from __future__ import annotations

import asyncio
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import prometheus_client
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.routing import Route

from hannun.model.errors import StoreUnavailable, WireError
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN_BITS, MetricBatch
from hannun.model.pushed import Pairs, PushedGroup
from hannun.observe.outcomes import Outcomes
from hannun.receive.limits import ReceiveLimits
from hannun.receive.pushgateway import PushGateway, PushLimits, endpoints, groups
from hannun.receive.pushgateway.page import read_families
from hannun.receive.pushgateway.path import grouping
from hannun.wire.exposition_text import PageLimits
from hannun.wire.remote_write.encode import nested, varint

NOW_MS = 1_700_000_011_000
JOB_A: Pairs = (("instance", "i"), ("job", "a"))
PAGE = b'# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{kind="x"} 3\nlast 1.5\n'


class HandClock:
    ms = NOW_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return 0.0


class MemoryGroups:
    """`model.pushed.PushedGroups` that a second gateway may open."""

    def __init__(self) -> None:
        self.rows: dict[Pairs, PushedGroup] = {}
        self.fails: Exception | None = None

    def load(self) -> list[PushedGroup]:
        return list(self.rows.values())

    async def put(self, group: PushedGroup) -> None:
        if self.fails:
            raise self.fails
        self.rows[group.labels] = group

    async def remove(self, labels: Pairs) -> None:
        self.rows.pop(labels, None)


@pytest.fixture
def stored() -> MemoryGroups:
    return MemoryGroups()


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def gateway(sink, outcomes, stored, clock) -> PushGateway:
    offered: list[MetricBatch] = []
    sink.offered = offered
    sink.offer = lambda batch: offered.append(batch) is None
    return PushGateway(sink, outcomes, stored, ReceiveLimits(body_bytes_max=1 << 20), clock=clock)


def told(batch: MetricBatch, sets: dict[int, Labels]) -> dict[str, float | str]:
    sets.update({new.id: new.labels for new in batch.introduced})
    bits = batch.value.view(np.uint64).tolist()
    return {
        str(sets[series]): "stale" if word == STALE_NAN_BITS else value
        for series, value, word in zip(batch.series.tolist(), batch.value.tolist(), bits, strict=True)
    }


async def test_a_push_is_stored_now_with_its_group_and_the_time_of_the_push(serve, sink, stored, gateway) -> None:
    async with serve(gateway.routes()) as client:
        answer = await client.put("/metrics/job/a/instance/i", content=PAGE)
    assert (answer.status_code, answer.content) == (200, b"")
    (batch,) = sink.batches
    assert set(batch.ts_ms.tolist()) == {NOW_MS}
    assert told(batch, {}) == {
        'jobs_total{instance="i", job="a", kind="x"}': 3.0,
        'last{instance="i", job="a"}': 1.5,
        'push_time_seconds{instance="i", job="a"}': NOW_MS / 1000,
        'push_failure_time_seconds{instance="i", job="a"}': 0.0,
    }
    assert [(one.metric, one.type, one.help) for one in batch.metadata] == [
        ("jobs_total", "counter", "Jobs."),
        ("last", "unknown", ""),
    ]
    assert list(stored.rows) == [JOB_A]


async def test_put_replaces_the_group_and_post_the_metrics_of_the_same_names(serve, sink, clock, gateway) -> None:
    sets: dict[int, Labels] = {}
    async with serve(gateway.routes()) as client:
        await client.put("/metrics/job/a", content=PAGE)
        told(sink.batches[-1], sets)
        clock.ms += 1_000
        await client.post("/metrics/job/a", content=b"last 2\nmore 1\n")
        assert {key: value for key, value in told(sink.batches[-1], sets).items() if "push" not in key} == {
            'jobs_total{job="a", kind="x"}': 3.0,
            'last{job="a"}': 2.0,
            'more{job="a"}': 1.0,
        }
        clock.ms += 1_000
        await client.put("/metrics/job/a", content=b"last 3\n")
        assert {key: value for key, value in told(sink.batches[-1], sets).items() if "push" not in key} == {
            'jobs_total{job="a", kind="x"}': "stale",
            'more{job="a"}': "stale",
            'last{job="a"}': 3.0,
        }


async def test_the_last_values_are_stored_again_until_the_group_is_deleted(serve, sink, stored, gateway) -> None:
    sets: dict[int, Labels] = {}
    async with serve(gateway.routes()) as client:
        await client.put("/metrics/job/a", content=b"last 3\n")
        first = told(sink.batches[-1], sets)
        for ts_ms in (NOW_MS + 14_000, NOW_MS + 29_000):
            await gateway.repeat(ts_ms)
            assert set(sink.offered[-1].ts_ms.tolist()) == {ts_ms}
            assert told(sink.offered[-1], sets) == first
        answer = await client.delete("/metrics/job/a")
        assert (answer.status_code, answer.content) == (202, b"")
        assert set(told(sink.batches[-1], sets).values()) == {"stale"}
        assert len(sink.batches[-1]) == 3
        await gateway.repeat(NOW_MS + 44_000)
        assert len(sink.offered) == 2
        assert (await client.delete("/metrics/job/a")).status_code == 202
    assert stored.rows == {}


async def test_groups_survive_a_restart(serve, sink, outcomes, stored, clock, gateway) -> None:
    async with serve(gateway.routes()) as client:
        await client.put("/metrics/job/a/instance/i", content=PAGE)
        await client.put("/metrics/job@base64/=", content=PAGE)
        await client.put("/metrics/job/b/path@base64/L3Zhci90bXA", content=b'x{l="\xec\x84\x9c\\n"} NaN\n')
    again = PushGateway(sink, outcomes, stored, clock=clock, sleep=lambda _: asyncio.sleep(3600))
    await again.start()
    await again.repeat(NOW_MS + 14_000)
    await again.stop()
    sets: dict[int, Labels] = {}
    for batch in sink.batches:
        told(batch, sets)
    shown = told(sink.offered[-1], sets)
    assert shown['jobs_total{instance="i", job="a", kind="x"}'] == 3.0
    assert 'x{job="b", l="서\\n", path="/var/tmp"}' in shown
    assert shown['push_time_seconds{job="b", path="/var/tmp"}'] == NOW_MS / 1000
    assert len(again.groups) == 2


async def test_the_loop_stores_on_the_clock_face(sink, outcomes, stored, clock) -> None:
    slept: list[float] = []
    done = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.ms += round(seconds * 1000)
        if len(slept) == 3:
            done.set()
            await asyncio.sleep(3600)

    batches: list[MetricBatch] = []
    sink.offer = lambda batch: batches.append(batch) is None
    stored.rows[JOB_A] = PushedGroup(JOB_A, b'x{instance="i",job="a"} 1\n', NOW_MS, 0)
    gateway = PushGateway(sink, outcomes, stored, clock=clock, sleep=sleep)
    await gateway.start()
    await asyncio.wait_for(done.wait(), 5)
    await gateway.stop()
    assert slept == [14.0, 15.0, 15.0]
    assert [int(batch.ts_ms[0]) for batch in batches] == [NOW_MS + 14_000, NOW_MS + 29_000]


async def test_a_push_that_may_not_be_taken_is_noted_in_its_group(serve, sink, clock, gateway) -> None:
    async with serve(gateway.routes()) as client:
        await client.put("/metrics/job/a", content=b"last 3\n")
        clock.ms += 5_000
        answer = await client.put("/metrics/job/a", content=b"last 4 1000\n")
        assert answer.status_code == 400
        assert "pushed metrics must not have timestamps" in answer.text
        sets = {new.id: new.labels for batch in sink.batches for new in batch.introduced}
        assert told(sink.batches[-1], sets) == {
            'last{job="a"}': 3.0,
            'push_time_seconds{job="a"}': NOW_MS / 1000,
            'push_failure_time_seconds{job="a"}': (NOW_MS + 5_000) / 1000,
        }
        (group,) = (await client.get("/pushgateway/api/v1/metrics")).json()["data"]
    assert (group["last_push_successful"], group["labels"]) == (False, {"job": "a"})


async def test_what_is_not_durable_is_not_acknowledged_and_not_kept(serve, stored, gateway) -> None:
    stored.fails = StoreUnavailable("engine out of memory")
    async with serve(gateway.routes()) as client:
        answer = await client.put("/metrics/job/a", content=PAGE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert len(gateway.groups) == 0


async def test_groups_are_bounded(serve, sink, outcomes, stored, clock) -> None:
    limits = PushLimits(groups_max=2, series_max=10, page=PageLimits(lines_max=20))
    gateway = PushGateway(sink, outcomes, stored, push_limits=limits, clock=clock)
    async with serve(gateway.routes()) as client:
        for job in ("a", "b"):
            assert (await client.put(f"/metrics/job/{job}", content=b"x 1\n")).status_code == 200
        answer = await client.put("/metrics/job/c", content=b"x 1\n")
        assert (answer.status_code, "2 pushed groups" in answer.text) == (413, True)
        page = b"".join(b"m%d 1\n" % number for number in range(6))
        answer = await client.put("/metrics/job/b", content=page)
        assert (answer.status_code, "at most 10" in answer.text) == (413, True)
        answer = await client.put("/metrics/job/b", content=page * 4)
        assert (answer.status_code, "more than 20 lines" in answer.text) == (400, True)
        await client.delete("/metrics/job/a")
        assert (await client.put("/metrics/job/c", content=b"x 1\n")).status_code == 200


async def test_the_page_and_the_list_of_all_groups(serve, gateway) -> None:
    full = (
        b'# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n'
        b'# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 3\ns_count 2\nu NaN\n'
    )
    async with serve(gateway.routes()) as client:
        await client.put("/metrics/job/a", content=full)
        await client.put("/metrics/job/b", content=b"# TYPE h histogram\nh_sum 4\n")
        page = (await client.get("/pushgateway/metrics")).text
        one, other = (await client.get("/pushgateway/api/v1/metrics")).json()["data"]
        assert (await client.get("/pushgateway/-/healthy")).text == "OK"
        assert (await client.get("/pushgateway/api/v1/status")).json()["data"]["build_information"]["version"]
    assert page.count("# TYPE h histogram") == 1
    assert 'h_sum{job="a"} 3\n' in page
    assert 'h_sum{job="b"} 4\n' in page
    assert one["h"]["metrics"] == [
        {"labels": {"job": "a"}, "buckets": {"1": "1", "+Inf": "2"}, "sum": "3", "count": "2"}
    ]
    assert one["s"]["metrics"] == [{"labels": {"job": "a"}, "quantiles": {"0.5": "1"}, "sum": "3", "count": "2"}]
    assert (one["u"]["type"], one["u"]["metrics"][0]["value"]) == ("UNTYPED", "NaN")
    assert (other["labels"], other["last_push_successful"]) == ({"job": "b"}, True)


async def test_wiping_is_for_admins_who_asked_for_it(serve, stored, gateway) -> None:
    async with serve(gateway.routes()) as client:
        await client.put("/metrics/job/a", content=PAGE)
        assert (await client.put("/pushgateway/api/v1/admin/wipe")).status_code == 404
    async with serve(gateway.routes(enable_admin_api=True)) as client:
        assert (await client.put("/pushgateway/api/v1/admin/wipe")).status_code == 202
    assert stored.rows == {}


async def test_an_openmetrics_page_is_taken_too(serve, sink, gateway) -> None:
    page = b"# TYPE x counter\nx_total 1\n# EOF\n"
    headers = {"content-type": "application/openmetrics-text; version=1.0.0"}
    async with serve(gateway.routes()) as client:
        assert (await client.put("/metrics/job/a", content=page, headers=headers)).status_code == 200
    assert [(one.metric, one.type) for one in sink.batches[0].metadata] == [("x_total", "counter")]


def metric_family() -> bytes:
    """A length-delimited io.prometheus.client.MetricFamily: counter jobs_total{kind="x"} 3."""
    label = nested(1, b"kind") + nested(2, b"x")
    metric = nested(1, label) + nested(3, b"\x09" + struct.pack("<d", 3.0))
    family = nested(1, b"jobs_total") + nested(2, b"Jobs.") + b"\x18\x00" + nested(4, metric)
    return varint(len(family)) + family


async def test_a_protobuf_page_is_taken_too(serve, sink, gateway) -> None:
    proto = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
    async with serve(gateway.routes()) as client:
        answer = await client.put("/metrics/job/a", content=metric_family(), headers={"content-type": proto})
        assert answer.status_code == 200
        assert 'jobs_total{job="a", kind="x"}' in told(sink.batches[0], {})
        assert [(one.metric, one.type) for one in sink.batches[0].metadata] == [("jobs_total", "counter")]
        answer = await client.put("/metrics/job/a", content=metric_family()[:-1], headers={"content-type": proto})
        assert answer.status_code == 400


# --- the real Pushgateway ------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("prometheus-pushgateway")
    if program is None:
        pytest.skip("Debian's prometheus-pushgateway is not installed")
    port = free_port()
    log = (tmp_path_factory.mktemp("pushgateway") / "log").open("wb")
    process = subprocess.Popen(
        [program, f"--web.listen-address=127.0.0.1:{port}", "--persistence.file="], stdout=log, stderr=log
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/-/ready")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def wait_for(url: str) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer")


STORY = [
    ("POST", "job/j1", b"a_total 1\n"),
    ("PUT", "job/j1/instance/i", b"a_total 1\n"),
    ("PUT", "job@base64/=", b"a_total 1\n"),
    ("PUT", "job@base64/c29tZS9qb2I=", b"a_total 1\n"),
    ("PUT", "job@base64/c29tZS9qb2I", b"a_total 1\n"),
    ("PUT", "job@base64/!!!", b"a_total 1\n"),
    ("PUT", "job/j2/a", b"a_total 1\n"),
    ("PUT", "job/j2/a@base64/=", b"a_total 1\n"),
    ("PUT", "job/j2/a@base64/x!", b"a_total 1\n"),
    ("PUT", "job/j2/1a/b", b"a_total 1\n"),
    ("PUT", "job/j2/job/b", b"a_total 1\n"),
    ("PUT", "job/j2/a/b/a/c", b"a_total 1\n"),
    ("PUT", "job/j2/__x/b", b"a_total 1\n"),
    ("PUT", "jobx/j2", b"a_total 1\n"),
    ("PUT", "job/j2%2Fx", b"a_total 1\n"),
    ("PUT", "job/%EC%84%9C%EC%9A%B8", b"a_total 1\n"),
    ("PUT", "job/no-newline", b"a_total 1"),
    ("PUT", "job/times", b"a_total 1 1000\n"),
    ("PUT", "job/own-job", b'a_total{job="x"} 1\n'),
    ("PUT", "job/own-instance", b'a_total{instance="x"} 1\n'),
    ("PUT", "job/another-type", b"# TYPE a_total gauge\na_total 2\n"),
    ("PUT", "job/twice", b"a_total 1\na_total 2\n"),
    ("PUT", "job/push-time", b"push_time_seconds 1\n"),
    ("PUT", "job/empty", b""),
    ("POST", "job/empty-post", b""),
    ("PUT", "job/another-help", b"# HELP a_total other\n# TYPE a_total untyped\na_total 2\n"),
    ("PUT", "job/garbage", b"\x00\x01garbage\n"),
    ("PUT", "job/not-utf8", b'a_total{x="\xff"} 1\n'),
    ("PUT", "job/type-twice", b"# TYPE b gauge\nb 1\n"),
    ("DELETE", "job/nope", b""),
    ("DELETE", "job/j1", b""),
    ("GET", "job/j1", b""),
]


async def test_every_answer_has_the_status_of_the_real_one(serve, gateway, real: str) -> None:
    """And what is there afterwards is the same: the same lines, but for labels that are empty."""
    with httpx.Client(base_url=f"{real}/metrics/") as peer:
        expected = [peer.request(method, path, content=body).status_code for method, path, body in STORY]
        theirs = peer.get(f"{real}/metrics").text
    async with serve(gateway.routes()) as client:
        got = [
            (await client.request(method, f"/metrics/{path}", content=body)).status_code for method, path, body in STORY
        ]
        ours = (await client.get("/pushgateway/metrics")).text
    assert dict(zip([path for _, path, _ in STORY], got, strict=True)) == dict(
        zip([path for _, path, _ in STORY], expected, strict=True)
    )
    assert series(ours) == series(theirs)


def series(page: str) -> dict[str, float]:
    """Pushed samples of a page by labels; empty labels left out, times of pushes as whether there was one."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name.startswith(("a_", "b", "push_")) and not sample.name.startswith("pushgateway"):
                value = float(sample.value > 0) if sample.name.startswith("push_") else sample.value
                found[str(Labels.of({**sample.labels, "__name__": sample.name}))] = value
    return found


# --- the real client -----------------------------------------------------------------------------------------------


@pytest.fixture
def served(gateway: PushGateway) -> Iterator[str]:
    port = free_port()
    routes = [Route(end.path, end.handler, methods=[end.method]) for end in gateway.routes() if end.at_root]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    yield f"127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_prometheus_client_unmodified(served: str, gateway: PushGateway, compression: str | None) -> None:
    registry = prometheus_client.CollectorRegistry()
    done = prometheus_client.Gauge("last_success_unixtime", "Last time.", registry=registry)
    prometheus_client.Histogram("work_seconds", "Work.", registry=registry).observe(2)
    done.set(5)
    key = {"instance": "a/b", "empty": "", "city": "서울 시"}
    prometheus_client.push_to_gateway(served, "batch job", registry, grouping_key=key, compression=compression)
    (group,) = gateway.groups.all()
    assert dict(group.labels) == {"job": "batch job", **key}
    assert {family.name for family in group.families} >= {"last_success_unixtime", "work_seconds"}
    other = prometheus_client.CollectorRegistry()
    prometheus_client.Gauge("more", "More.", registry=other).set(1)
    prometheus_client.pushadd_to_gateway(served, "batch job", other, grouping_key=key, compression=compression)
    (group,) = gateway.groups.all()
    assert {family.name for family in group.families} >= {"last_success_unixtime", "more"}
    prometheus_client.delete_from_gateway(served, "batch job", grouping_key=key)
    assert len(gateway.groups) == 0


# --- any bytes -------------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(rest=st.text(max_size=60), base64=st.booleans())
def test_any_path_gives_labels_or_an_error_of_ours(rest: str, base64: bool) -> None:
    try:
        labels = grouping(rest, job_is_base64=base64)
    except WireError:
        return
    assert dict(labels)["job"]
    assert list(labels) == sorted(labels)


@settings(max_examples=300, deadline=None)
@given(
    body=st.one_of(
        st.binary(max_size=80),
        st.lists(st.sampled_from([b"# TYPE h histogram\n", b'h_bucket{le="1"} 1\n', b"h_sum 1\n", b"a 1\n", b"x"])).map(
            b"".join
        ),
    )
)
def test_any_page_gives_families_or_an_error_of_ours(body: bytes) -> None:
    try:
        families, _ = read_families(body, "text/plain", JOB_A, PageLimits())
    except WireError:
        return
    assert all(dict(sample.labels)["job"] == "a" for family in families for sample in family.samples)


@pytest.mark.parametrize(("series", "inline"), [(10, True), (20_000, False)], ids=["small", "large"])
async def test_a_large_push_is_worked_on_beside_the_event_loop(
    serve, gateway, monkeypatch: pytest.MonkeyPatch, series: int, inline: bool
) -> None:
    seen: dict[str, bool] = {}
    for module, name in ((endpoints, "read_families"), (groups, "series_of"), (groups, "encode_text")):
        before = getattr(module, name)

        def noted(*given: Any, name: str = name, before: Any = before) -> Any:
            seen[name] = threading.current_thread() is threading.main_thread()
            return before(*given)

        monkeypatch.setattr(module, name, noted)
    page = b"".join(b'big{n="%d"} %d\n' % (number, number) for number in range(series))
    async with serve(gateway.routes()) as client:
        assert (await client.put("/metrics/job/a", content=page)).status_code == 200
    assert seen == {"read_families": inline, "series_of": inline, "encode_text": inline}
