"""Rule groups, alerts and alertmanagers in Prometheus's shapes."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.api.prometheus import routes
from hannun.api.prometheus.rules import go_exponent
from hannun.model.rules import (
    AlertingRuleStatus,
    Alertmanagers,
    AlertStatus,
    RecordingRuleStatus,
    RuleGroupStatus,
)
from hannun.query.promql import PromEngine

NOW_MS = 1_700_000_000_000
DOWN = AlertingRuleStatus(
    "Down",
    'up{job="x"}==0',
    labels=(("severity", "page"), ("team", "{{ $labels.team }}")),
    annotations=(("summary", "down {{ $labels.instance }}"),),
    for_s=300.0,
)
FIRING = AlertingRuleStatus(
    "Always",
    "vector(81.234)",
    state="firing",
    health="ok",
    last_error="",
    evaluation_s=0.5,
    last_evaluation_ms=NOW_MS,
    alerts=(
        AlertStatus(
            (("alertname", "Always"),), (("summary", "it holds"),), "firing", NOW_MS - 500, 81.234, NOW_MS - 250
        ),
    ),
)
BROKEN = RecordingRuleStatus("job:up:sum", "sum by(job)(up)", health="err", last_error="boom")
GROUPS = (
    RuleGroupStatus("first", "a.yml", 15.0, (BROKEN, DOWN, FIRING), limit=7),
    RuleGroupStatus("second", "a.yml", 60.0, (RecordingRuleStatus("x:y", '{app="web"} |= "logql"'),)),
    RuleGroupStatus("first", "b.yml", 60.0, (AlertingRuleStatus("Down", "up == 0"),)),
)


class FakeRules:
    def groups(self) -> tuple[RuleGroupStatus, ...]:
        return GROUPS

    def alertmanagers(self) -> Alertmanagers:
        return Alertmanagers(("http://am:9093/api/v2/alerts",), ("http://off:9093/api/v2/alerts",))


@pytest.fixture
def ask(serve, reader, runner, clock):
    async def asked(path: str, **more: Any) -> tuple[int, Any]:
        given = {"rules": FakeRules(), **more}
        endpoints = routes(PromEngine(reader, clock=clock), reader, runner, clock=clock, **given)
        async with serve(endpoints) as client:
            answer = await client.get(f"/api/v1{path}")
        return answer.status_code, answer.json()

    return asked


async def groups(ask, query: str = "") -> list[dict[str, Any]]:
    code, said = await ask(f"/rules{query}")
    assert code == 200, said
    return said["data"]["groups"]


async def test_a_group_is_told_whole(ask) -> None:
    first = (await groups(ask))[0]
    assert {name: value for name, value in first.items() if name != "rules"} == {
        "name": "first",
        "file": "a.yml",
        "interval": 15.0,
        "limit": 7,
        "evaluationTime": 0.0,
        "lastEvaluation": "0001-01-01T00:00:00Z",
    }
    assert first["rules"][0] == {
        "name": "job:up:sum",
        "query": "sum by (job) (up)",
        "labels": {},
        "health": "err",
        "lastError": "boom",
        "evaluationTime": 0.0,
        "lastEvaluation": "0001-01-01T00:00:00Z",
        "type": "recording",
    }
    assert first["rules"][1] == {
        "state": "unknown",
        "name": "Down",
        "query": 'up{job="x"} == 0',
        "duration": 300.0,
        "keepFiringFor": 0.0,
        "labels": {"severity": "page", "team": "{{ $labels.team }}"},
        "annotations": {"summary": "down {{ $labels.instance }}"},
        "alerts": [],
        "health": "unknown",
        "evaluationTime": 0.0,
        "lastEvaluation": "0001-01-01T00:00:00Z",
        "type": "alerting",
    }
    assert first["rules"][2]["alerts"] == [
        {
            "labels": {"alertname": "Always"},
            "annotations": {"summary": "it holds"},
            "state": "firing",
            "activeAt": "2023-11-14T22:13:19.500Z",
            "keepFiringSince": "2023-11-14T22:13:19.750Z",
            "value": "8.1234e+01",
        }
    ]


async def test_what_is_no_promql_is_told_as_it_was_written(ask) -> None:
    assert (await groups(ask))[1]["rules"][0]["query"] == '{app="web"} |= "logql"'


def names(found: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    return [(f"{group['file']}/{group['name']}", [rule["name"] for rule in group["rules"]]) for group in found]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(
            "?type=alert", [("a.yml/first", ["Down", "Always"]), ("b.yml/first", ["Down"])], id="alerting rules"
        ),
        pytest.param(
            "?type=Record", [("a.yml/first", ["job:up:sum"]), ("a.yml/second", ["x:y"])], id="recording rules"
        ),
        pytest.param(
            "?rule_name[]=Down", [("a.yml/first", ["Down"]), ("b.yml/first", ["Down"])], id="rules of one name"
        ),
        pytest.param("?rule_group[]=second", [("a.yml/second", ["x:y"])], id="one group"),
        pytest.param("?file[]=b.yml", [("b.yml/first", ["Down"])], id="one file"),
        pytest.param('?match[]={severity="page"}', [("a.yml/first", ["Down"])], id="by label"),
        pytest.param('?match[]={team=~".%2B"}', [], id="a template is not matched"),
        pytest.param("?rule_name[]=nobody", [], id="nobody"),
    ],
)
async def test_rules_are_chosen(ask, query: str, expected: list[tuple[str, list[str]]]) -> None:
    assert names(await groups(ask, query)) == expected


async def test_alerts_may_be_left_out(ask) -> None:
    assert (await groups(ask, "?exclude_alerts=true"))[0]["rules"][2]["alerts"] == []


async def test_pages_of_groups_hold_every_group_once(ask) -> None:
    seen: list[str] = []
    token = ""
    for _ in range(3):
        code, said = await ask("/rules?group_limit=1" + (f"&group_next_token={token}" if token else ""))
        assert code == 200
        seen += [f"{group['file']}/{group['name']}" for group in said["data"]["groups"]]
        token = said["data"].get("groupNextToken", "")
    assert (seen, token) == (["a.yml/first", "a.yml/second", "b.yml/first"], "")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?type=x", 'invalid parameter "type": not supported value "x"'),
        (
            "?exclude_alerts=maybe",
            'invalid parameter "exclude_alerts": error converting exclude_alerts: '
            'strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
        ("?group_limit=0", 'invalid parameter "group_limit": group_limit needs to be greater than 0'),
        ("?group_limit=-3", 'invalid parameter "group_limit": group_limit needs to be greater than 0'),
        (
            "?group_limit=x",
            'invalid parameter "group_limit": group_limit needs to be a valid number: '
            'strconv.ParseInt: parsing "x": invalid syntax',
        ),
        (
            "?group_next_token=x",
            'invalid parameter "group_next_token": '
            "group_limit needs to be present in order to paginate over the groups",
        ),
        (
            "?group_limit=1&group_next_token=gone",
            "invalid parameter \"group_next_token\": invalid group_next_token 'gone'. were rule groups changed?",
        ),
        ("?match[]={}", 'invalid parameter "match[]": match[] must contain at least one non-empty matcher'),
    ],
)
async def test_refusals(ask, query: str, words: str) -> None:
    assert await ask(f"/rules{query}") == (400, {"status": "error", "errorType": "bad_data", "error": words})


async def test_active_alerts_and_alertmanagers(ask) -> None:
    _, alerts = await ask("/alerts")
    assert [alert["labels"] for alert in alerts["data"]["alerts"]] == [{"alertname": "Always"}]
    assert (await ask("/alertmanagers"))[1]["data"] == {
        "activeAlertmanagers": [{"url": "http://am:9093/api/v2/alerts"}],
        "droppedAlertmanagers": [{"url": "http://off:9093/api/v2/alerts"}],
    }


async def test_without_rules_everything_is_empty(ask) -> None:
    assert (await ask("/rules", rules=None))[1]["data"] == {"groups": []}
    assert (await ask("/alerts", rules=None))[1]["data"] == {"alerts": []}
    assert (await ask("/alertmanagers", rules=None))[1]["data"] == {
        "activeAlertmanagers": [],
        "droppedAlertmanagers": [],
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0e+00"),
        (-0.0, "-0e+00"),
        (1.0, "1e+00"),
        (100.0, "1e+02"),
        (81.234, "8.1234e+01"),
        (-0.00012, "-1.2e-04"),
        (1e300, "1e+300"),
        (5e-324, "5e-324"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_values_of_alerts_always_have_an_exponent(value: float, text: str) -> None:
    assert go_exponent(value) == text
