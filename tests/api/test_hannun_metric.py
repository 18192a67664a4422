"""One metric's page: what to ask of it, and what a wrong name may have meant."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.api.hannun import Sources, routes
from hannun.api.hannun.known import KnownMetrics, named_metrics
from hannun.api.hannun.nearest import nearest
from hannun.api.hannun.suggest import LabelSeen, suggestions, telling
from hannun.model.budget import Budget
from hannun.model.cardinality import Cardinality, Grown, LabelValues, ValueCount
from hannun.model.labels import Labels
from hannun.model.metric import METRIC_TYPES, MetricMetadata
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems
from hannun.query.promql import PromEngine, prepare

NOW_MS = 1_700_000_000_000
BASE = "/api/hannun/v1"


class FakeCounts:
    def cardinality(self, metric: str, start_ms: int, end_ms: int, limit: int, budget: Budget) -> Cardinality:
        return Cardinality(Grown(4), 1, (), (), ())

    def label_values(
        self, metric: str, start_ms: int, end_ms: int, labels: int, limit: int, budget: Budget
    ) -> tuple[LabelValues, ...]:
        return (
            LabelValues("code", 3, 4, (ValueCount("200", 2), ValueCount("500", 1))),
            LabelValues("job", 1, 4, (ValueCount("shop", 4),)),
        )

    def metric_counts(self, budget: Budget) -> dict[str, int]:
        return {"http_requests_total": 4, "up": 3}


@pytest.fixture
def call(serve, reader, runner, clock):
    async def called(method: str, path: str, **more: Any) -> Any:
        counts = more.pop("counts", FakeCounts())
        sources = Sources(
            version="0",
            started_ms=0,
            data_dir="",
            listen="",
            url="http://h:1",
            problems=Problems(clock),
            outcomes=Outcomes(clock),
            cardinality=counts,
        )
        async with serve(routes(PromEngine(reader, clock=clock), reader, runner, sources, clock=clock)) as client:
            return await client.request(method, f"{BASE}{path}", **more)

    return called


async def test_one_metric_is_told_whole(call) -> None:
    found = (await call("GET", "/metrics/http_requests_total")).json()
    told = found.pop("suggestions")
    assert found == {
        "name": "http_requests_total",
        "family": "http_requests_total",
        "type": "counter",
        "unit": "",
        "help": "Requests.",
        "series": 4,
        "exists": True,
        "labels": [
            {"name": "code", "values": 3, "series": 4, "sample": ["200", "500"]},
            {"name": "job", "values": 1, "series": 4, "sample": ["shop"]},
        ],
        "nearest": [],
    }
    assert told[0] == {
        "kind": "rate",
        "title": {"ko": "초당 합계", "en": "Per second, in all"},
        "expr": "sum(rate(http_requests_total[5m]))",
    }


async def test_a_metric_that_nobody_exposes_has_neighbours(call) -> None:
    found = (await call("GET", "/metrics/http_request_total")).json()
    assert (found["exists"], found["series"], found["labels"]) == (False, 0, [])
    assert found["nearest"] == ["http_requests_total"]
    near = (await call("GET", "/nearest?metric=htp_requests_total&limit=1")).json()
    assert near == {
        "metric": "htp_requests_total",
        "exists": False,
        "nearest": [{"name": "http_requests_total", "series": 4, "type": "counter"}],
    }


async def test_neighbours_are_told_without_a_counter_of_series_too(call) -> None:
    near = (await call("GET", "/nearest?metric=upp", counts=None)).json()
    assert near["nearest"] == [{"name": "up", "series": 0, "type": "gauge"}]


async def test_names_of_any_letters_have_a_page(call, reader) -> None:
    reader.add(Labels.from_pairs([("__name__", "내 지표")]), [(NOW_MS, 1.0)])
    found = (await call("GET", "/metrics/%EB%82%B4%20%EC%A7%80%ED%91%9C")).json()
    assert found["exists"] is True
    assert found["suggestions"][0]["expr"] == '{"내 지표"}'


@pytest.mark.parametrize("query", ["/metrics/up?from=x", "/nearest?metric=up&limit=0"])
async def test_refusals(call, query: str) -> None:
    assert (await call("GET", query)).status_code == 400


# A page of graphs


async def panels(call, *exprs: str) -> list[list[Any]]:
    queries = [{"id": str(index), "expr": expr} for index, expr in enumerate(exprs)]
    asked = {"start_ms": NOW_MS - 60_000, "end_ms": NOW_MS, "step_ms": 15_000, "queries": queries}
    answer = await call("POST", "/panels", json=asked)
    assert answer.status_code == 200, answer.text
    return [result["unknown_metrics"] for result in answer.json()["results"]]


async def test_a_graph_names_the_metrics_that_nobody_sends(call) -> None:
    found = await panels(
        call,
        "up",
        "sum(rate(http_request_total[5m])) / up",
        'up{job="nobody"}',
        '{__name__=~"nope.*"}',
        '{__name__="upp"} or upp',
        "sum(",
        "1",
    )
    assert found == [
        [],
        [{"name": "http_request_total", "nearest": ["http_requests_total"]}],
        [],
        [],
        [{"name": "upp", "nearest": ["up"]}],
        [],
        [],
    ]


def test_names_are_read_off_every_selector() -> None:
    node = prepare('a + on() rate(b[5m] offset 1m) > 1 or {__name__="c", x="y"} or {__name__=~"d"}')
    assert list(named_metrics(node)) == ["a", "b", "c"]


def test_a_name_that_appears_is_known_at_once(reader, clock) -> None:
    known = KnownMetrics(reader, None, clock)
    assert not known.is_stored("fresh", Budget())
    reader.add(Labels.of(__name__="fresh"), [(NOW_MS, 1.0)])
    assert known.is_stored("fresh", Budget())


# Neighbours

NAMES = [
    "go_gc_duration_seconds",
    "http_request_duration_seconds_bucket",
    "http_request_duration_seconds_count",
    "http_requests_in_flight",
    "http_requests_total",
    "node_cpu_seconds_total",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemFree_bytes",
    "process_cpu_seconds_total",
    "up",
]


@pytest.mark.parametrize(
    ("wanted", "first"),
    [
        pytest.param("http_request_total", "http_requests_total", id="a letter too few"),
        pytest.param("htpp_requests_total", "http_requests_total", id="letters swapped"),
        pytest.param("http_requests", "http_requests_total", id="without its ending"),
        pytest.param("HTTP_REQUESTS_TOTAL", "http_requests_total", id="in capitals"),
        pytest.param("node_cpu_total", "node_cpu_seconds_total", id="a word left out"),
        pytest.param("node_cpu", "node_cpu_seconds_total", id="the name of old exporters"),
        pytest.param("node_memory_memavailable_bytes", "node_memory_MemAvailable_bytes", id="in small letters"),
        pytest.param("http_request_duration_bucket", "http_request_duration_seconds_bucket", id="without the unit"),
    ],
)
def test_the_likeliest_name_comes_first(wanted: str, first: str) -> None:
    assert nearest(wanted, NAMES, 3)[0] == first


@pytest.mark.parametrize("wanted", ["", "zzz", "전혀_다른_이름", "🙂"])
def test_names_without_likeness_are_not_offered(wanted: str) -> None:
    assert nearest(wanted, NAMES, 5) == []


def test_a_name_that_is_nearly_right_leaves_little_room_for_others() -> None:
    assert nearest("http_requests_totl", NAMES, 5) == ["http_requests_total", "http_requests_in_flight"]


def test_the_name_of_a_family_leads_to_its_parts() -> None:
    assert nearest("http_request_duration_seconds", NAMES, 5) == [
        "http_request_duration_seconds_count",
        "http_request_duration_seconds_bucket",
    ]


@given(st.text(max_size=300), st.lists(st.text(max_size=50), max_size=20))
def test_any_text_may_be_asked(wanted: str, names: list[str]) -> None:
    found = nearest(wanted, names, 5)
    assert len(found) <= 5
    assert wanted[:200] not in found


def test_a_hundred_thousand_names_are_searched_in_a_moment() -> None:
    names = [f"service_{n % 977}_requests_{n}_total" for n in range(100_000)]
    began_s = time.process_time()
    assert len(nearest("service_12_request_total", names, 5)) == 5
    assert time.process_time() - began_s < 5.0, "measured: 0.9 s"


# Suggestions

SEEN = (LabelSeen("job", 1), LabelSeen("instance", 9), LabelSeen("code", 4), LabelSeen("le", 12))


def exprs(name: str, told: str, unit: str = "", labels: tuple[LabelSeen, ...] = SEEN) -> dict[str, str]:
    return {one.kind: one.expr for one in suggestions(name, told, unit, labels)}


def test_a_counter_is_asked_for_its_rate() -> None:
    assert exprs("x_total", "counter") == {
        "rate": "sum(rate(x_total[5m]))",
        "rate_by": "sum by (code) (rate(x_total[5m]))",
        "errors": 'sum(rate(x_total{code=~"5.."}[5m])) / sum(rate(x_total[5m]))',
        "increase": "sum(increase(x_total[1h]))",
    }


@pytest.mark.parametrize("name", ["x_seconds", "x_seconds_bucket", "x_seconds_count", "x_seconds_sum"])
def test_a_histogram_is_asked_for_quantiles_whatever_part_is_looked_at(name: str) -> None:
    (first, *_) = suggestions(name, "histogram", "seconds", SEEN)
    assert first.kind == "quantiles"
    assert first.expr == "histogram_quantile(0.95, sum by (le) (rate(x_seconds_bucket[5m])))"
    assert [part for part, _ in first.parts] == ["p50", "p95", "p99"]
    found = exprs(name, "histogram", "seconds")
    assert found["heatmap"] == "sum by (le) (increase(x_seconds_bucket[5m]))"
    assert found["average"] == "sum(rate(x_seconds_sum[5m])) / sum(rate(x_seconds_count[5m]))"
    assert found["quantile_by"] == "histogram_quantile(0.95, sum by (le, code) (rate(x_seconds_bucket[5m])))"


def test_a_summary_keeps_the_quantiles_of_its_sender() -> None:
    assert exprs("x_seconds", "summary")["quantiles"] == "max by (quantile) (x_seconds)"


def test_a_gauge_is_asked_for_itself() -> None:
    assert list(exprs("x_bytes", "gauge")) == ["value", "avg", "avg_by", "max", "min", "deriv"]
    assert exprs("x_bytes", "gauge", labels=())["avg"] == "avg(x_bytes)"


def test_a_time_is_asked_for_its_age() -> None:
    assert exprs("backup_last_success_timestamp_seconds", "gauge")["age"] == (
        "time() - backup_last_success_timestamp_seconds"
    )


@pytest.mark.parametrize("told", ["counter", "histogram", "summary"])
def test_when_something_began_is_a_time(told: str) -> None:
    assert exprs("x_created", told)["age"] == "time() - x_created"


def test_an_info_is_counted_by_what_differs() -> None:
    assert exprs("x_info", "info", labels=(LabelSeen("version", 3),))["count_by"] == "count by (version) (x_info)"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("x_total", "rate"), ("x_bucket", "quantiles"), ("x_info", "value"), ("x", "value")],
)
def test_without_a_type_the_name_tells(name: str, kind: str) -> None:
    assert kind in exprs(name, "unknown", labels=())


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        pytest.param((("instance", 5), ("method", 2), ("zone", 4)), "method", id="what happened"),
        pytest.param((("instance", 5), ("a", 2), ("b", 7)), "b", id="else the one with most values"),
        pytest.param((("instance", 5), ("path", 4_000)), "instance", id="not one with thousands"),
        pytest.param((("job", 2), ("instance", 1)), "job", id="else where it comes from"),
        pytest.param((("job", 1),), "", id="nothing differs"),
    ],
)
def test_the_label_that_tells_most(labels: tuple[tuple[str, int], ...], label: str) -> None:
    assert telling([LabelSeen(*one) for one in labels]) == label


@pytest.mark.parametrize("told", METRIC_TYPES)
@pytest.mark.parametrize("name", ["x", "x_total", "x_bucket", "x_count", "x_info", "내.지표", 'a"b\\c'])
def test_every_suggestion_can_be_run(reader, clock, name: str, told: str) -> None:
    engine = PromEngine(reader, clock=clock)
    reader.described = [MetricMetadata(name, told)]
    made = suggestions(name, told, "", (*SEEN, LabelSeen("라벨", 3)))
    assert made
    for one in made:
        for expr in (one.expr, *(part for _, part in one.parts)):
            assert engine.instant(expr, NOW_MS, Budget()).kind == "vector"
