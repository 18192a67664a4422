"""Jobs at work over real sockets, on a clock that the test turns."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hannun.collect.stand_in import StandIn, StandIns
from hannun.config.http_client import BasicAuth, HttpClientConfig, Secret
from hannun.config.prometheus.model import FileSd, ScrapeLimits, StaticSd
from hannun.model.errors import HannunError, NotFound
from hannun.model.relabel import RelabelRule
from hannun.model.target import TargetGroup
from hannun.observe.outcomes import Outcomes
from hannun.testing.server import free_port

UP = b"# HELP a A thing.\n# TYPE a gauge\na 1\n"

Start = Callable[..., Awaitable[Any]]
Open = Callable[..., Any]
MakeJob = Callable[..., Any]


async def test_a_target_is_scraped_on_its_grid(house: Open, target: Start, make_job: MakeJob) -> None:
    server = await target(UP)
    async with house() as one:
        await one.apply(make_job(server.address))
        assert (one.status.health, one.status.last_scrape_ms) == ("unknown", 0)
        for _ in range(4):
            await one.round()
        status = one.status
        assert (status.health, status.samples, status.last_error, status.interval_s) == ("up", 1, "", 15)
        times = [ts for ts, _ in one.sink.samples("a", job="app", instance=server.address)]
        assert {later - earlier for earlier, later in pairwise(times[1:])} == {15_000}
        assert one.sink.values("up") == [1.0] * 4
    head = server.asked[0]
    assert "GET /metrics HTTP/1.1" in head
    assert "X-Prometheus-Scrape-Timeout-Seconds: 5\r\n" in head
    assert "Accept-Encoding: gzip\r\n" in head


async def test_metadata_is_told_per_target(house: Open, target: Start, make_job: MakeJob) -> None:
    first, second = await target(UP), await target(UP + b"# TYPE b counter\nb 1\n")
    async with house() as one:
        await one.apply(make_job(first.address, second.address))
        await one.round(2)
        told = one.manager.metadata()
        assert sorted((dict(row.target)["instance"], row.metadata.metric) for row in told) == sorted(
            [(first.address, "a"), (second.address, "a"), (second.address, "b")]
        )
        assert len(one.manager.metadata("a")) == 2
        assert len(one.manager.metadata(limit=1)) == 1


async def test_series_that_disappear_end_at_that_scrape(house: Open, target: Start, make_job: MakeJob) -> None:
    server = await target(b"a 1\nb 1\n")
    async with house() as one:
        await one.apply(make_job(server.address))
        await one.round()
        server.page = b"a 2\n"
        await one.round()
        assert one.sink.values("b") == [1.0, "stale"]
        assert one.sink.samples("b")[1][0] == one.sink.samples("a")[1][0]


async def test_a_failed_scrape_ends_all_and_says_up_0(house: Open, target: Start, make_job: MakeJob) -> None:
    server = await target(UP)
    async with house() as one:
        await one.apply(make_job(server.address))
        await one.round()
        server.status = "503 Service Unavailable"
        await one.round()
        assert (one.sink.values("a"), one.sink.values("up")) == ([1.0, "stale"], [1.0, 0.0])
        assert one.status.last_error == "server returned HTTP status 503 Service Unavailable"
        server.status = "200 OK"
        await one.round()
        assert (one.sink.values("a")[-1], one.sink.values("up")[-1]) == (1.0, 1.0)
        assert one.status.last_error == ""


async def test_a_failed_scrape_stands_in_the_job_s_log(
    house: Open, target: Start, make_job: MakeJob, tmp_path: Path
) -> None:
    server = await target(UP)
    server.status = "503 Service Unavailable"
    file = tmp_path / "failures.log"
    async with house() as one:
        await one.apply(dataclasses.replace(make_job(server.address), failure_log=file))
        await one.round()
        async with asyncio.timeout(5):
            while not file.exists() or not file.read_bytes().endswith(b"\n"):
                await asyncio.sleep(0.01)
        told = json.loads(file.read_text().splitlines()[0])
        assert (told["msg"], told["target"]) == (one.status.last_error, one.status.url)
        assert told["job_name"] == "app"


async def test_stopping_marks_everything(house: Open, target: Start, make_job: MakeJob) -> None:
    server = await target(UP)
    async with house() as one:
        await one.apply(make_job(server.address))
        await one.round()
    assert one.sink.values("a") == [1.0, "stale"]
    for name in ("up", "scrape_duration_seconds", "scrape_series_added"):
        assert one.sink.values(name)[-1] == "stale"
    times = [ts for ts, _ in one.sink.samples("a")]
    assert times[1] > times[0]


async def test_a_lost_target_is_marked_two_intervals_later(house: Open, target: Start, make_job: MakeJob) -> None:
    """The marker bears the time of the scrape that did not happen."""
    server, other = await target(UP), await target(UP)
    async with house() as one:
        await one.apply(make_job(server.address, interval_s=10), make_job(other.address, name="other"))
        await one.round(4)
        last_ms = one.sink.samples("a", job="app")[-1][0]
        await one.apply(make_job(other.address, name="other"))
        for _ in range(40):
            await one.clock.turn(0.5)
        assert "stale" not in one.sink.values("a", job="app"), "20 s are not two intervals and a bit"
        for _ in range(10):
            await one.clock.turn(0.5)
        assert one.sink.samples("a", job="app")[-1] == (last_ms + 10_000, "stale")
        assert one.sink.samples("up", job="app")[-1] == (last_ms + 10_000, "stale")


async def test_what_a_new_target_goes_on_telling_gets_no_marker(house: Open, target: Start, make_job: MakeJob) -> None:
    """A reload that changes the path replaces the target; its series live on."""
    server = await target(b"a 1\nold 1\n")
    async with house() as one:
        await one.apply(make_job(server.address))
        await one.round()
        server.page = b"a 1\n"
        await one.apply(make_job(server.address, metrics_path="/other"))
        for _ in range(4):
            await one.round()
        assert "stale" not in one.sink.values("a")
        assert "stale" not in one.sink.values("up")
        assert one.sink.values("old")[-1] == "stale"


async def test_a_reload_leaves_equal_jobs_alone(house: Open, target: Start, make_job: MakeJob) -> None:
    first, second = await target(UP), await target(UP)
    stays, changes = make_job(first.address, name="stays"), make_job(second.address, name="changes")
    async with house() as one:
        await one.apply(stays, changes)
        await one.round(2)
        loops = {name: next(iter(pool.loops.values())) for name, pool in one.manager._pools.items()}
        copy = dataclasses.replace(stays, relabel=tuple(stays.relabel))
        await one.apply(copy, make_job(second.address, name="changes", interval_s=30))
        await one.round(2, seconds=40)
        after = {name: next(iter(pool.loops.values())) for name, pool in one.manager._pools.items()}
        assert after["stays"] is loops["stays"]
        assert after["changes"] is not loops["changes"]
        assert one.manager.pools() == ["changes", "stays"]
        await one.apply()
        assert one.manager.active() == []


async def test_discovery_adds_and_removes_targets_live(house: Open, target: Start, tmp_path: Any) -> None:
    first, second = await target(UP), await target(UP)
    (tmp_path / "a.json").write_text(f'[{{"targets": ["{first.address}"]}}]')
    published: list[Callable[[Sequence[TargetGroup]], None]] = []

    class Told:
        failing = ""

        async def run(self, publish: Callable[[Sequence[TargetGroup]], None]) -> None:
            published.append(publish)
            await asyncio.Event().wait()

    async with house() as one:
        one.manager._discover = lambda config: Told()
        from hannun.config.prometheus.model import ScrapeConfig

        await one.apply(ScrapeConfig("app", 15_000, 5_000, discoveries=(FileSd(("x",)),)))
        publish = published[0]
        assert one.manager.active() == []
        publish([TargetGroup("f", ({"__address__": first.address},), {})])
        await one.round()
        publish([TargetGroup("f", ({"__address__": second.address},), {})])
        await one.round()
        assert one.status.url == f"http://{second.address}/metrics"


async def test_relabel_steps_and_dropped_targets_are_told(house: Open, make_job: MakeJob) -> None:
    rules = (
        RelabelRule(target_label="team", replacement="x"),
        RelabelRule(action="drop", source_labels=("__address__",), regex="b:.*"),
    )
    async with house() as one:
        await one.apply(make_job("a:1", "b:1", relabel=rules))
        assert [dict(dropped.discovered)["__address__"] for dropped in one.manager.dropped("app")] == ["b:1"]
        assert one.manager.dropped_counts() == {"app": 1}
        steps = one.manager.relabel_steps("app", (("__address__", "b:1"),))
        assert [step.after is None for step in steps] == [False, True]
        assert one.manager.relabel_rules("app") == rules
        with pytest.raises(NotFound, match="nobody"):
            one.manager.relabel_steps("nobody", ())


async def test_more_targets_than_the_limit_fail_all(house: Open, target: Start, make_job: MakeJob) -> None:
    servers = [await target(UP) for _ in range(3)]
    async with house() as one:
        await one.apply(make_job(*(server.address for server in servers), limits=ScrapeLimits(targets=2)))
        await one.round(3)
        errors = {status.last_error for status in one.manager.active()}
        assert errors == {"target_limit exceeded (number of targets: 3, limit: 2)"}
        assert one.sink.values("up") == [0.0] * 3
    assert not any(server.asked for server in servers)


async def test_outcomes_are_counted(house: Open, target: Start, make_job: MakeJob) -> None:
    outcomes = Outcomes()
    server = await target(b"a 1\na 2\nb 1 1\nc 1 99999999999999\nd 1\n")
    drop = (RelabelRule(action="drop", source_labels=("__name__",), regex="d"),)
    async with house(outcomes=outcomes) as one:
        one.sink.within = (1000, one.sink.within[1])
        await one.apply(make_job(server.address, metric_relabel=drop))
        await one.round()
    counted = {tally.reason: count for tally, count in outcomes.rows()}
    assert counted == {
        "told twice with different values": 1,
        "timestamp out of bounds": 2,
    }


async def test_a_store_that_refuses_or_fails_ends_nothing(
    house: Open, target: Start, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await target(UP)
    async with house() as one:
        await one.apply(make_job(server.address))
        one.sink.full = True
        with pytest.raises(AssertionError):
            await one.round()
        offer, one.sink.offer = one.sink.offer, None
        one.sink.full = False
        with pytest.raises(AssertionError):
            await one.round()
        one.sink.offer = offer
        await one.round()
        assert one.sink.values("a") == [1.0]


# --- stand-ins ------------------------------------------------------------------------------------------------------


class Exporter:
    """A built-in page that remembers what it was asked for."""

    def __init__(self, page: bytes = b"node_load1 1\n") -> None:
        self.page = page
        self.asked: list[tuple[str, Mapping[str, Sequence[str]]]] = []
        self.fails: Exception | None = None

    async def __call__(self, path: str, params: Mapping[str, Sequence[str]], timeout_s: float) -> bytes:
        self.asked.append((path, params))
        if self.fails:
            raise self.fails
        return self.page

    def stand_ins(self, *ports: int) -> StandIns:
        return StandIns([StandIn("node_exporter", frozenset({"node-exporter"}), frozenset(ports), self)])


async def test_a_name_that_does_not_resolve_is_answered_by_its_stand_in(
    house: Open, make_job: MakeJob, caplog: pytest.LogCaptureFixture
) -> None:
    exporter = Exporter()
    async with house(exporter.stand_ins()) as one:
        await one.apply(make_job("node-exporter:9100", params={"collect[]": ("cpu", "mem")}))
        for _ in range(3):
            await one.round()
        assert (one.status.health, one.status.stand_in) == ("up", "node_exporter")
        assert one.sink.values("up", instance="node-exporter:9100") == [1.0] * 3
        assert one.sink.values("node_load1") == [1.0] * 3
        (problem,) = one.problems.standing()
        assert "node-exporter:9100" in problem.what.en
    assert exporter.asked[0] == ("/metrics", {"collect[]": ("cpu", "mem")})
    assert sum("stands in" in record.getMessage() for record in caplog.records) == 1


async def test_the_real_one_wins_when_it_answers_again(house: Open, target: Start, make_job: MakeJob) -> None:
    port = free_port()
    exporter = Exporter()
    async with house(exporter.stand_ins(port)) as one:
        await one.apply(make_job(f"localhost:{port}"))
        await one.round()
        assert one.status.stand_in == "node_exporter"
        assert len(one.problems.standing()) == 1
        await target(b"node_load1 2\n", port=port)
        await one.round()
        assert (one.status.stand_in, one.sink.values("node_load1")) == ("", [1.0, 2.0])
        assert one.problems.standing() == []


async def test_a_real_answer_is_never_replaced_by_the_stand_in(house: Open, target: Start, make_job: MakeJob) -> None:
    server = await target(status="500 Internal Server Error")
    exporter = Exporter()
    async with house(exporter.stand_ins(server.port)) as one:
        await one.apply(make_job(server.address))
        await one.round()
        assert (one.status.health, exporter.asked) == ("down", [])


async def test_a_stand_in_that_fails_says_so(house: Open, make_job: MakeJob, closed_port: int) -> None:
    exporter = Exporter()
    exporter.fails = HannunError("no /proc here")
    async with house(exporter.stand_ins(closed_port)) as one:
        await one.apply(make_job(f"127.0.0.1:{closed_port}"))
        await one.round()
        assert one.status.last_error == "stand-in node_exporter: no /proc here"


async def test_one_warning_for_all_targets_behind_one_stand_in(house: Open, make_job: MakeJob) -> None:
    """The users' blackbox job: two sites, one exporter that is not there."""
    exporter = Exporter(b"probe_success 1\n")
    rules = (
        RelabelRule(source_labels=("__address__",), target_label="__param_target"),
        RelabelRule(source_labels=("__param_target",), target_label="instance"),
        RelabelRule(target_label="__address__", replacement="node-exporter:9115"),
    )
    sites = ("https://example.com/health", "https://api.example.com/health")
    probe = make_job(*sites, metrics_path="/probe", params={"module": ("http_2xx",)}, relabel=rules)
    async with house(exporter.stand_ins()) as one:
        await one.apply(probe)
        await one.round(2)
        assert one.sink.values("probe_success", instance=sites[0]) == [1.0]
        assert one.sink.values("probe_success", instance=sites[1]) == [1.0]
        assert len(one.problems.standing()) == 1
        await one.apply()
        assert one.problems.standing() == []
    asked = sorted(params["target"][0] for _, params in exporter.asked)
    assert (asked, exporter.asked[0][0]) == (sorted(sites), "/probe")


async def test_what_was_taken_over_gets_no_marker_at_shutdown(house: Open, target: Start, make_job: MakeJob) -> None:
    server = await target(UP)
    async with house() as one:
        await one.apply(make_job(server.address))
        await one.round()
        await one.apply(make_job(server.address, metrics_path="/other"))
        await one.round()
    assert one.sink.values("a") == [1.0, 1.0, "stale"], "one marker, at the end"
    times = [ts for ts, _ in one.sink.samples("a")]
    assert times == sorted(times)


# --- what the target says, and the advice about it ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "error", "advice"),
    [
        pytest.param({"status": "404 Not Found"}, "HTTP status 404 Not Found", "metrics_path", id="404"),
        pytest.param({"status": "401 Unauthorized"}, "HTTP status 401", "basic_auth", id="401"),
        pytest.param({"status": "403 Forbidden"}, "HTTP status 403", "authorization", id="403"),
        pytest.param({"status": "500 Oops"}, "HTTP status 500 Oops", "its own log", id="500", marks=()),
        pytest.param({"status": "204 No Content"}, "HTTP status 204", None, id="200 exactly"),
        pytest.param(
            {"page": b"<!doctype html>", "content_type": "text/html; charset=utf-8"},
            'received unsupported Content-Type "text/html; charset=utf-8"',
            "web page",
            id="HTML",
        ),
        pytest.param({"page": UP, "content_type": ""}, "blank Content-Type", "fallback_scrape_protocol", id="no type"),
        pytest.param({"page": b"a 1\nb{x=} 1\n"}, "line 2", "format", id="parse error"),
        pytest.param(
            {"status": "307 Temporary Redirect", "headers": {"Location": "/metrics"}},
            "stopped after 10 redirects",
            "/metrics/",
            id="redirects in a circle",
        ),
    ],
)
async def test_why_a_target_is_down(
    house: Open, target: Start, make_job: MakeJob, said: dict[str, Any], error: str, advice: str | None
) -> None:
    server = await target(**said)
    async with house() as one:
        await one.apply(make_job(server.address))
        await one.round()
        status = one.status
        assert status.health == "down"
        assert error in status.last_error
        if advice is None:
            assert status.advice is None
        else:
            assert status.advice is not None
            assert advice.lower() in status.advice.en.lower()
            assert status.advice.ko
            assert "{" not in status.advice.en + status.advice.ko


async def test_nobody_there_and_nobody_of_that_name(house: Open, make_job: MakeJob, closed_port: int) -> None:
    async with house() as one:
        await one.apply(make_job(f"127.0.0.1:{closed_port}", "no-such-host.invalid:9100"))
        await one.round(2)
        said = {status.url: status for status in one.manager.active()}
        refused = said[f"http://127.0.0.1:{closed_port}/metrics"]
        unknown = said["http://no-such-host.invalid:9100/metrics"]
        assert "connection refused" in refused.last_error
        assert "no such host" in unknown.last_error or "lookup no-such-host.invalid" in unknown.last_error
        assert refused.advice is not None
        assert "listens" in refused.advice.en
        assert unknown.advice is not None
        assert "resolve" in unknown.advice.en


async def test_credentials_of_the_job_are_shown(house: Open, target: Start, make_job: MakeJob) -> None:
    server = await target(UP)
    auth = HttpClientConfig(basic_auth=BasicAuth("mina", password=Secret("pw")))
    async with house() as one:
        await one.apply(make_job(server.address, client=auth, enable_compression=False))
        await one.round()
    assert "Authorization: Basic bWluYTpwdw==\r\n" in server.asked[0]
    assert "Accept-Encoding: identity\r\n" in server.asked[0]


async def test_a_fault_of_ours_in_one_scrape_is_survived(
    house: Open, target: Start, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await target(UP)
    async with house() as one:
        await one.apply(make_job(server.address))
        await one.round()
        (loop,) = (loop for pool in one.manager._pools.values() for loop in pool.loops.values())
        read = loop._digester.read
        monkeypatch.setattr(loop._digester, "read", lambda *_: 1 / 0)
        await one.round()
        assert one.status.last_error == "internal error: ZeroDivisionError"
        assert one.sink.values("up")[-1] == 0.0
        monkeypatch.setattr(loop._digester, "read", read)
        await one.round()
        assert one.sink.values("up")[-1] == 1.0


async def test_static_groups_keep_their_labels(house: Open, target: Start) -> None:
    from hannun.config.prometheus.model import ScrapeConfig

    server = await target(b'a{env="exposed"} 1\n')
    group = TargetGroup("s", ({"__address__": server.address},), {"env": "prod"})
    async with house() as one:
        await one.apply(ScrapeConfig("app", 15_000, 5_000, discoveries=(StaticSd((group,)),)))
        await one.round()
        assert one.sink.values("a", env="prod", exported_env="exposed") == [1.0]
