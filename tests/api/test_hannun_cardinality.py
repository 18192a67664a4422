"""The cardinality page: counts, shares, and rules that drop exactly what stands beside them."""

from __future__ import annotations

from typing import Any

import pytest
import re2
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hannun.api.hannun import Sources, relabel_yaml, routes
from hannun.model.budget import Budget
from hannun.model.cardinality import (
    Cardinality,
    Grown,
    LabelCount,
    LabelValues,
    MetricCount,
    SenderCount,
    ValueCount,
)
from hannun.model.relabel import RelabelRule
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems
from hannun.query.promql import PromEngine

NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
BASE = "/api/hannun/v1"


class FakeCounts:
    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def cardinality(self, metric: str, start_ms: int, end_ms: int, limit: int, budget: Budget) -> Cardinality:
        self.asked.append((metric, start_ms, end_ms, limit))
        return Cardinality(
            Grown(10, 4),
            3,
            (MetricCount("http_requests_total", Grown(8, 2)), MetricCount("up", Grown(2, 2)))[:limit],
            (LabelCount("path", 6, 8), LabelCount("instance", 2, 10))[:limit],
            (SenderCount("web", "a:80", Grown(9, 3)), SenderCount("", "", Grown(1, 1)))[:limit],
        )

    def label_values(
        self, metric: str, start_ms: int, end_ms: int, labels: int, limit: int, budget: Budget
    ) -> tuple[LabelValues, ...]:
        return (LabelValues("path", 6, 8, (ValueCount("/a+b", 5), ValueCount("/c", 1))),)

    def metric_counts(self, budget: Budget) -> dict[str, int]:
        return {"http_requests_total": 8, "up": 2}


@pytest.fixture
def counts() -> FakeCounts:
    return FakeCounts()


@pytest.fixture
def get(serve, reader, runner, clock, counts):
    async def got(path: str, **more: Any) -> tuple[int, Any]:
        sources = Sources(
            version="0",
            started_ms=0,
            data_dir="",
            listen="",
            url="http://h:1",
            problems=Problems(clock),
            outcomes=Outcomes(clock),
            cardinality=counts,
            **more,
        )
        async with serve(routes(PromEngine(reader, clock=clock), reader, runner, sources, clock=clock)) as client:
            answer = await client.get(f"{BASE}{path}")
        return answer.status_code, answer.json()

    return got


async def test_what_grew_and_who_sends_it(get, counts) -> None:
    code, found = await get("/cardinality")
    assert code == 200
    assert counts.asked == [("", NOW_MS - HOUR_MS, NOW_MS, 21)]
    assert found == {
        "from_ms": NOW_MS - HOUR_MS,
        "to_ms": NOW_MS,
        "metric": "",
        "series": 10,
        "series_day_ago": 4,
        "growth": 6,
        "metric_count": 3,
        "metrics": [
            {
                "name": "http_requests_total",
                "series": 8,
                "series_day_ago": 2,
                "growth": 6,
                "share": 0.8,
                "drop_rule": "metric_relabel_configs:\n  - source_labels: [__name__]\n"
                "    regex: http_requests_total\n    action: drop\n",
            },
            {
                "name": "up",
                "series": 2,
                "series_day_ago": 2,
                "growth": 0,
                "share": 0.2,
                "drop_rule": "metric_relabel_configs:\n  - source_labels: [__name__]\n"
                "    regex: up\n    action: drop\n",
            },
        ],
        "labels": [
            {
                "name": "path",
                "values": 6,
                "series": 8,
                "share": 0.8,
                "drop_rule": "metric_relabel_configs:\n  - regex: path\n    action: labeldrop\n",
            },
            {
                "name": "instance",
                "values": 2,
                "series": 10,
                "share": 1.0,
                "drop_rule": "",
            },
        ],
        "label_values": [],
        "senders": [
            {
                "job": "web",
                "instance": "a:80",
                "series": 9,
                "series_day_ago": 3,
                "growth": 6,
                "share": 0.9,
                "drop_rule": "metric_relabel_configs:\n  - source_labels: [job, instance]\n"
                "    regex: web;a:80\n    action: drop\n",
            },
            {
                "job": "",
                "instance": "",
                "series": 1,
                "series_day_ago": 1,
                "growth": 0,
                "share": 0.1,
                "drop_rule": "metric_relabel_configs:\n  - source_labels: [job, instance]\n"
                '    regex: ";"\n    action: drop\n',
            },
        ],
        "truncated": False,
    }


async def test_one_metric_comes_with_its_values(get) -> None:
    _, found = await get("/cardinality?metric=http_requests_total")
    assert found["label_values"] == [
        {
            "label": "path",
            "values": 6,
            "series": 8,
            "top": [
                {
                    "value": "/a+b",
                    "series": 5,
                    "share": 0.5,
                    "drop_rule": "metric_relabel_configs:\n  - source_labels: [__name__, path]\n"
                    '    regex: "http_requests_total;/a\\\\+b"\n    action: drop\n',
                },
                {
                    "value": "/c",
                    "series": 1,
                    "share": 0.1,
                    "drop_rule": "metric_relabel_configs:\n  - source_labels: [__name__, path]\n"
                    "    regex: http_requests_total;/c\n    action: drop\n",
                },
            ],
        }
    ]
    # A label is taken off this metric alone.
    assert yaml.safe_load(found["labels"][0]["drop_rule"]) == {
        "metric_relabel_configs": [
            {
                "source_labels": ["__name__"],
                "regex": "http_requests_total",
                "target_label": "path",
                "replacement": "",
            }
        ]
    }


async def test_a_list_that_was_cut_says_so(get) -> None:
    _, found = await get("/cardinality?limit=1")
    assert (found["truncated"], len(found["metrics"]), len(found["senders"])) == (True, 1, 1)


@pytest.mark.parametrize(
    ("query", "window"),
    [
        ("?from=0&to=1000", (0, 1_000)),
        ("?from=2023-11-14T00:00:00Z&to=2023-11-14T01:00:00%2B01:00", (1_699_920_000_000, 1_699_920_000_000)),
        ("?to=5000", (0, 5_000)),
        ("?from=99999999999999999", None),
        ("?from=5&to=4", None),
        ("?from=x", None),
        ("?limit=0", None),
        ("?limit=x", None),
        ("?limit=-1", None),
    ],
)
async def test_windows_are_read_or_refused(get, counts, query: str, window: tuple[int, int] | None) -> None:
    code, said = await get(f"/cardinality{query}")
    if window is None:
        assert code == 400
        assert said["error"]
    else:
        assert counts.asked[0][1:3] == window


# Rules to copy

NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
HOSTILE = (
    "true",
    "no",
    "a b",
    "a: b",
    "#x",
    "- x",
    "[x]",
    "{x}",
    "'",
    '"',
    "\\",
    "*",
    "&x",
    "!x",
    "%x",
    "1.0",
    "~",
    "\n",
    "\x80",
    "\ufeff",
)


def rules_of(text: str) -> list[dict[str, Any]]:
    read = yaml.safe_load(text)
    assert list(read) == ["metric_relabel_configs"]
    rules: list[dict[str, Any]] = read["metric_relabel_configs"]
    return rules


@given(st.one_of(NAMES, st.sampled_from(HOSTILE)), st.one_of(NAMES, st.sampled_from(HOSTILE)))
def test_a_rule_to_copy_matches_what_it_was_made_for_alone(name: str, value: str) -> None:
    (rule,) = rules_of(relabel_yaml.drop_value(name, value, value))
    assert rule["source_labels"] == ["__name__", value]
    pattern = re2.compile(rule["regex"])
    assert pattern.fullmatch(f"{name};{value}")
    assert not pattern.fullmatch(f"{name};{value}x")
    (metric,) = rules_of(relabel_yaml.drop_metric(name))
    assert re2.compile(metric["regex"]).fullmatch(name)
    (label,) = rules_of(relabel_yaml.drop_label(name))
    assert (re2.compile(label["regex"]).fullmatch(name) is not None, label["action"]) == (True, "labeldrop")


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (RelabelRule(), "action: replace\n"),
        (
            RelabelRule(source_labels=("__address__",), target_label="instance"),
            "source_labels: [__address__]\ntarget_label: instance\n",
        ),
        (
            RelabelRule("hashmod", ("a", "b"), separator="", modulus=8, target_label="shard"),
            'source_labels: [a, b]\nseparator: ""\nmodulus: 8\ntarget_label: shard\naction: hashmod\n',
        ),
        (
            RelabelRule(regex="(.*):.*", source_labels=("x.y",), replacement="${1}-z", target_label="yes"),
            'source_labels: [x.y]\nregex: "(.*):.*"\ntarget_label: "yes"\nreplacement: "${1}-z"\n',
        ),
        (RelabelRule("keep", ("a",), regex="true"), 'source_labels: [a]\nregex: "true"\naction: keep\n'),
    ],
    ids=["nothing but defaults", "replace", "hashmod", "quoted", "a word that YAML would take for a boolean"],
)
def test_a_rule_is_shown_as_it_is_written(rule: RelabelRule, text: str) -> None:
    assert relabel_yaml.rule_yaml(rule) == text
    assert set(yaml.safe_load(text)) <= {
        "source_labels",
        "separator",
        "regex",
        "modulus",
        "target_label",
        "replacement",
        "action",
    }
