"""The targets page: trouble first, what to do about it, and relabeling step by step."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from hannun.api.hannun import Sources, routes
from hannun.api.hannun import targets as targets_api
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems
from hannun.query.promql import PromEngine

NOW_MS = 1_700_000_000_000
BASE = "/api/hannun/v1"


@pytest.fixture
def get(serve, reader, runner, clock, targets):
    async def got(path: str, **more: Any) -> tuple[int, Any]:
        given = {"targets": targets, **more}
        sources = Sources(
            version="0",
            started_ms=0,
            data_dir="",
            listen="",
            url="http://h:1",
            problems=Problems(clock),
            outcomes=Outcomes(clock),
            **given,
        )
        async with serve(routes(PromEngine(reader, clock=clock), reader, runner, sources, clock=clock)) as client:
            answer = await client.get(f"{BASE}{path}")
        return answer.status_code, answer.json()

    return got


async def test_jobs_with_their_targets(get) -> None:
    code, found = await get("/targets", scrape_file=lambda: "/etc/p.yml", reload_status=lambda: (False, NOW_MS))
    assert code == 200
    assert found["totals"] == {"active": 3, "up": 1, "down": 1, "unknown": 1, "dropped": 7}
    assert (found["file"], found["reload"], found["truncated"]) == ("/etc/p.yml", {"ok": False, "at_ms": NOW_MS}, False)
    api, node = found["pools"]
    assert (api["name"], api["unknown"], api["dropped"]) == ("api", 1, 0)
    assert api["targets"][0]["last_scrape_ms"] is None, "never scraped"
    assert api["targets"][0]["stand_in"] == "node-exporter"
    assert {name: node[name] for name in ("up", "down", "unknown", "dropped", "interval_s")} == {
        "up": 1,
        "down": 1,
        "unknown": 0,
        "dropped": 7,
        "interval_s": 15.0,
    }
    assert node["dropped_targets"] == [{"discovered": {"__address__": "off:9100"}}]
    assert [one["health"] for one in node["targets"]] == ["down", "up"], "trouble first"
    assert node["targets"][0] == {
        "url": "http://b:9100/metrics",
        "global_url": "http://b:9100/metrics",
        "labels": {"instance": "b:9100", "job": "node"},
        "discovered": {"__address__": "b:9100", "job": "node"},
        "health": "down",
        "last_error": "connection refused",
        "advice": {"en": "Nothing listens there.", "ko": "거기서 듣는 프로그램이 없습니다."},
        "stand_in": "",
        "last_scrape_ms": NOW_MS - 2_500,
        "duration_s": 0.001,
        "samples": 0,
        "series_added": 0,
        "interval_s": 15.0,
        "timeout_s": 10.0,
    }


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?pool=api", ["http://c:80/metrics"]),
        ("?health=up", ["http://a:9100/metrics"]),
        ("?search=REFUSED", ["http://b:9100/metrics"]),
        ("?search=a:9100", ["http://a:9100/metrics"]),
        ("?search=nowhere", []),
    ],
)
async def test_targets_are_chosen(get, query: str, shown: list[str]) -> None:
    _, found = await get(f"/targets{query}")
    assert [one["url"] for pool in found["pools"] for one in pool["targets"]] == shown


async def test_what_a_bound_leaves_out_is_what_is_well(get, monkeypatch) -> None:
    monkeypatch.setattr(targets_api, "TARGETS_MAX", 1)
    _, found = await get("/targets")
    assert [one["health"] for pool in found["pools"] for one in pool["targets"]] == ["down"]
    assert (found["truncated"], found["totals"]["active"]) == (True, 3)


async def test_without_scraping_the_page_is_empty(get) -> None:
    _, found = await get("/targets", targets=None)
    assert found == {
        "pools": [],
        "totals": {"active": 0, "up": 0, "down": 0, "unknown": 0, "dropped": 0},
        "truncated": False,
        "file": None,
        "reload": {"ok": True, "at_ms": 0},
    }
    assert (await get("/targets/relabel?pool=node&discovered={}", targets=None))[0] == 400


async def test_relabeling_step_by_step(get) -> None:
    labels = quote(json.dumps({"__address__": "web:80", "host": "old", "secret": "x"}))
    _, found = await get(f"/targets/relabel?pool=node&discovered={labels}")
    first, second, third = found["steps"]
    assert first["rule"]["action"] == "replace"
    assert first["yaml"] == 'source_labels: [__address__]\nregex: "(.*):.*"\ntarget_label: host\n'
    assert (first["added"], first["changed"], first["removed"]) == ({}, {"host": ["old", "web"]}, [])
    assert (second["added"], second["changed"], second["removed"]) == ({}, {}, [])
    assert (third["added"], third["changed"], third["removed"]) == ({}, {}, ["secret"])
    assert (found["kept"], found["labels"]) == (True, {"host": "web"})


async def test_a_dropped_target_ends_at_the_rule_that_dropped_it(get) -> None:
    _, found = await get("/targets/relabel?pool=node&label=__address__=off:80&label=x=a=b")
    assert found["discovered"] == {"__address__": "off:80", "x": "a=b"}
    assert found["steps"][0]["added"] == {"host": "off"}
    assert found["steps"][-1]["after"] is None
    assert (found["kept"], found["labels"], len(found["steps"])) == (False, None, 2)


@pytest.mark.parametrize(
    "query",
    [
        "?health=sick",
        "/relabel?pool=none&discovered={}",
        "/relabel?discovered={}",
        "/relabel?pool=node&discovered={",
        "/relabel?pool=node&discovered=[1]",
        '/relabel?pool=node&discovered={"a":1}',
        "/relabel?pool=node&discovered=" + "[" * 5_000,
        "/relabel?pool=node&label==x",
        "/relabel?pool=node&" + "&".join(f"label=l{n}=x" for n in range(501)),
    ],
)
async def test_refusals(get, query: str) -> None:
    code, said = await get(f"/targets{query}")
    assert code == 400
    assert said["class"] in ("WireError", "NotFound")
