"""What is scraped, in Prometheus's shapes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from hannun.api.prometheus import routes
from hannun.query.promql import PromEngine

CONFIG = """\
global:
  scrape_interval: 15s
scrape_configs:
- job_name: api
  scrape_interval: 90s
- job_name: node
  relabel_configs:
  - source_labels: [__address__]
    target_label: host
"""


@pytest.fixture
def ask(serve, reader, runner, clock, targets):
    async def asked(path: str, **more: Any) -> tuple[int, Any]:
        given = {"targets": targets, "config_text": lambda: CONFIG, **more}
        endpoints = routes(PromEngine(reader, clock=clock), reader, runner, clock=clock, **given)
        async with serve(endpoints) as client:
            answer = await client.get(f"/api/v1{path}")
        return answer.status_code, answer.json()

    return asked


def data(answer: tuple[int, Any]) -> Any:
    assert answer[0] == 200, answer[1]
    assert answer[1]["status"] == "success"
    return answer[1]["data"]


async def test_targets_are_told_whole(ask) -> None:
    found = data(await ask("/targets"))
    assert found["activeTargets"][0] == {
        "discoveredLabels": {"__address__": "a:9100", "job": "node"},
        "labels": {"instance": "a:9100", "job": "node"},
        "scrapePool": "node",
        "scrapeUrl": "http://a:9100/metrics",
        "globalUrl": "http://vm:9100/metrics",
        "lastError": "",
        "lastScrape": "2023-11-14T22:13:19.000Z",
        "lastScrapeDuration": 0.0125,
        "health": "up",
        "scrapeInterval": "15s",
        "scrapeTimeout": "10s",
    }
    never = found["activeTargets"][2]
    assert (never["lastScrape"], never["health"], never["scrapeInterval"]) == (
        "0001-01-01T00:00:00Z",
        "unknown",
        "1m30s",
    )
    assert found["droppedTargets"] == [{"discoveredLabels": {"__address__": "off:9100"}, "scrapePool": "node"}]
    assert found["droppedTargetCounts"] == {"api": 0, "node": 7}


@pytest.mark.parametrize(
    ("query", "active", "dropped", "counts"),
    [
        pytest.param("?state=active", 3, 0, None, id="active alone"),
        pytest.param("?state=DROPPED", 0, 1, {"api": 0, "node": 7}, id="dropped alone, any case"),
        pytest.param("?state=any", 3, 1, {"api": 0, "node": 7}, id="any"),
        pytest.param("?state=odd", 0, 0, None, id="a state that is none"),
        pytest.param("?scrapePool=api", 1, 0, {"api": 0, "node": 7}, id="one pool"),
        pytest.param("?scrapePool=none", 0, 0, {"api": 0, "node": 7}, id="a pool that is not there"),
    ],
)
async def test_targets_by_state_and_pool(ask, query: str, active: int, dropped: int, counts: Any) -> None:
    found = data(await ask(f"/targets{query}"))
    assert (len(found["activeTargets"]), len(found["droppedTargets"])) == (active, dropped)
    assert found["droppedTargetCounts"] == counts


async def test_metadata_by_target(ask) -> None:
    rows = data(await ask("/targets/metadata"))
    assert rows[0] == {
        "target": {"instance": "a:9100", "job": "node"},
        "metric": "up",
        "type": "gauge",
        "help": "Whether it answers.",
        "unit": "",
    }
    assert len(rows) == 4
    one = data(await ask("/targets/metadata?metric=up"))
    assert [row["target"]["instance"] for row in one] == ["a:9100", "b:9100"]
    assert "metric" not in one[0], "left out when one metric was asked for"
    assert data(await ask("/targets/metadata?metric=nope")) == []


async def test_metadata_of_chosen_targets(ask) -> None:
    chosen = data(await ask('/targets/metadata?match_target={instance=~"b.*"}'))
    assert {row["target"]["instance"] for row in chosen} == {"b:9100"}
    assert data(await ask("/targets/metadata?match_target=up")) == []


async def test_the_limit_of_metadata_counts_between_targets(ask) -> None:
    assert len(data(await ask("/targets/metadata?limit=1"))) == 2, "the first target comes whole"
    assert data(await ask("/targets/metadata?limit=0")) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/targets/metadata?limit=x", "limit must be a number"),
        (
            "/targets/metadata?match_target={",
            'invalid parameter "match_target": 1:2: parse error: unexpected end of input inside braces',
        ),
        ("/targets/relabel_steps", "no scrapePool parameter provided"),
        ("/targets/relabel_steps?scrapePool=node", "no labels parameter provided"),
        ("/targets/relabel_steps?scrapePool=node&labels=[1]", "error parsing labels: not an object of strings"),
        (
            "/targets/relabel_steps?scrapePool=none&labels={}",
            "error getting scrape config: scrape pool 'none' not found",
        ),
        ("/scrape_pools/config", "no scrapePool parameter provided"),
        ("/scrape_pools/config?scrapePool=none", "error getting scrape config: scrape pool 'none' not found"),
    ],
)
async def test_refusals(ask, path: str, words: str) -> None:
    assert await ask(path) == (400, {"status": "error", "errorType": "bad_data", "error": words})


@pytest.mark.parametrize("labels", ['{"a":', "nul", "[" * 10_000, '{"a":1}', '"x"'])
async def test_hostile_labels_are_refused(ask, labels: str) -> None:
    code, said = await ask(f"/targets/relabel_steps?scrapePool=node&labels={quote(labels)}")
    assert (code, said["errorType"]) == (400, "bad_data")


async def test_every_relabel_rule_has_a_step(ask) -> None:
    labels = quote(json.dumps({"__address__": "web:80", "secret": "x"}))
    steps = data(await ask(f"/targets/relabel_steps?scrapePool=node&labels={labels}"))["steps"]
    assert steps[0] == {
        "rule": {
            "sourceLabels": ["__address__"],
            "separator": ";",
            "regex": "(.*):.*",
            "targetLabel": "host",
            "replacement": "$1",
            "action": "replace",
        },
        "output": {"__address__": "web:80", "host": "web", "secret": "x"},
        "keep": True,
    }
    assert steps[2]["output"] == {"__address__": "web:80", "host": "web"}


async def test_rules_behind_a_drop_have_nothing_left(ask) -> None:
    labels = quote(json.dumps({"__address__": "off:80"}))
    steps = data(await ask(f"/targets/relabel_steps?scrapePool=node&labels={labels}"))["steps"]
    assert [(step["keep"], step["output"]) for step in steps] == [
        (True, {"__address__": "off:80", "host": "off"}),
        (False, {}),
        (False, {}),
    ]


async def test_pools_and_their_config(ask) -> None:
    assert data(await ask("/scrape_pools")) == {"scrapePools": ["api", "node"]}
    assert data(await ask("/scrape_pools/config?scrapePool=api")) == {"yaml": "job_name: api\nscrape_interval: 90s\n"}


@pytest.mark.parametrize("config", ["", "a: [", "just text", "scrape_configs: 7", "- 1"])
async def test_a_config_without_the_pool(ask, config: str) -> None:
    code, _ = await ask("/scrape_pools/config?scrapePool=api", config_text=lambda: config)
    assert code == 400


async def test_without_scraping_everything_is_empty(ask) -> None:
    nothing = {"targets": None, "config_text": str}
    assert data(await ask("/targets", **nothing)) == {
        "activeTargets": [],
        "droppedTargets": [],
        "droppedTargetCounts": {},
    }
    assert data(await ask("/scrape_pools", **nothing)) == {"scrapePools": []}
    assert data(await ask("/targets/metadata", **nothing)) == []
