"""What the log page asks: lines page by page, bars, fields, context, files; over lines in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from hannun.api.hannun import LogBackend, Sources, routes
from hannun.api.hannun.logs.histogram import step_for
from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.log import LogStream
from hannun.model.matcher import all_match
from hannun.model.security import SecurityRule, SecurityRules
from hannun.model.text import Text
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems
from hannun.query.logql.engine import LogEngine
from hannun.query.logql.ranges import Matrix, Times
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.syntax import Grouping, LogQuery, RangeAggregation
from hannun.query.promql import PromEngine

NOW_MS = 1_700_000_000_000
NS = 1_000_000
SHOP = Labels.of(service_name="shop", host="web-1", env="production")
NGINX = Labels.of(service_name="nginx", host="edge-1")


@dataclass(frozen=True)
class Kept:
    """A line in memory, which is also what a question finds."""

    ts_ns: int
    stream: Labels
    line: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    parsed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    lines: Sequence[Kept]


RULES = SecurityRules(
    {"failed_login": Text(en="Failed logins", ko="로그인 실패"), "scanner": Text(en="Scanners", ko="스캐너")},
    (SecurityRule("scanner", ("get /1 ",)), SecurityRule("scanner", ("get /2",), "GET /2 [0-9]+")),
)


class Memory:
    """Reader and evaluator over a list of lines."""

    def __init__(self, lines: Sequence[Kept]) -> None:
        self.lines = sorted(lines, key=lambda one: one.ts_ns)

    def streams(self, selectors: Any, start_ns: int, end_ns: int, budget: Budget) -> tuple[LogStream, ...]:
        return tuple(LogStream(labels.series_id(), labels) for labels in (SHOP, NGINX))

    def label_names(self, selectors: Any, start_ns: int, end_ns: int, budget: Budget) -> list[str]:
        return ["env", "host", "service_name"]

    def select(
        self, query: LogQuery, start_ns: int, end_ns: int, limit: int, backward: bool, interval_ns: int, budget: Budget
    ) -> Found:
        lines = [one for one in self._matching(query) if start_ns <= one.ts_ns < end_ns]
        return Found((lines[::-1] if backward else lines)[:limit])

    def evaluate(self, node: RangeAggregation, times: Times, summed_by: Grouping | None, budget: Budget) -> Matrix:
        counts: dict[str, list[int]] = {}
        for one in self._matching(node.query):
            row = counts.setdefault(one.metadata["detected_level"], [0] * times.count)
            for step in range(times.count):
                at = times.start_ns + step * times.step_ns
                row[step] += at - node.range_ns < one.ts_ns <= at
        labels = tuple(Labels.of(detected_level=level) for level in counts)
        values = np.array(list(counts.values()), dtype=np.float64).reshape(len(labels), times.count)
        return Matrix(labels, values, values > 0)

    def _matching(self, query: LogQuery) -> list[Kept]:
        pipeline = Pipeline(query.stages)
        out = []
        for one in self.lines:
            if all_match(query.matchers, one.stream):
                made = pipeline.run(one.line, dict(one.stream.pairs), one.metadata, one.ts_ns)
                if made is not None:
                    out.append(Kept(one.ts_ns, one.stream, made.text, made.metadata, made.parsed))
        return out


def lines() -> list[Kept]:
    begin = (NOW_MS - 60_000) * NS
    made = [
        Kept(
            begin + i * 1000 * NS,
            SHOP,
            json.dumps({"message": "결제 완료" if i % 10 else "결제 실패", "user": {"id": i}}, ensure_ascii=False),
            {"detected_level": "info" if i % 10 else "error", "trace_id": f"{i:032x}"},
        )
        for i in range(50)
    ]
    # Three lines of one moment: a page must not repeat or lose any of them.
    made += [Kept(begin + 55_000 * NS, NGINX, f"GET /{i} 200", {"detected_level": "unknown"}) for i in range(3)]
    return made


@pytest.fixture
def get(serve, reader, runner, clock):
    memory = Memory(lines())

    async def got(path: str, lang: str = "en", **params: Any) -> Any:
        sources = Sources(
            version="0",
            started_ms=0,
            data_dir="",
            listen="",
            url="http://h:1",
            problems=Problems(clock),
            outcomes=Outcomes(clock),
        )
        made = routes(
            PromEngine(reader, clock=clock),
            reader,
            runner,
            sources,
            log_backend=LogBackend(memory, memory, engine=LogEngine(memory, memory, clock=clock), security=RULES),
            clock=clock,
        )
        async with serve(made) as client:
            return await client.get(f"/api/hannun/v1/{path}", params=params)

    return got


async def test_the_newest_line_stands_first_with_its_stream(get) -> None:
    found = (await get("logs", limit=4)).json()
    assert found["query"] == {"kind": "everything", "logql": '{service_name=~".+"}', "words": []}
    assert [one["line"] for one in found["lines"]][:3] == ["GET /2 200", "GET /1 200", "GET /0 200"]
    shop = found["lines"][3]
    assert (shop["severity"], shop["trace_id"]) == ("info", f"{49:032x}")
    assert found["streams"][shop["stream"]] == {
        "id": f"{SHOP.series_id():016x}",
        "service": "shop",
        "environment": "production",
        "host": "web-1",
        "labels": {"service_name": "shop", "host": "web-1", "env": "production"},
    }


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
async def test_pages_hold_every_line_once(get, limit: int) -> None:
    seen: list[str] = []
    cursor = None
    for _ in range(100):
        found = (await get("logs", limit=limit, **({"cursor": cursor} if cursor else {}))).json()
        seen += [one["line"] for one in found["lines"]]
        cursor = found["cursor"]
        if cursor is None:
            break
    assert len(seen) == 53
    assert len(set(seen)) == 53


async def test_words_fields_and_scope_narrow(get) -> None:
    failed = (await get("logs", q="결제 실패")).json()
    assert len(failed["lines"]) == 5
    assert failed["query"]["words"] == ["결제", "실패"]
    assert len((await get("logs", q="level:error user_id:10")).json()["lines"]) == 1
    assert len((await get("logs", service="nginx")).json()["lines"]) == 3
    scoped = (await get("logs", q='{service_name=~".+"} |= "결제"', host="edge-1")).json()
    assert scoped["lines"] == [], "the scope holds for LogQL too"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"q": '{a="b"} |= '}, "parse error"),
        ({"cursor": "1-2-3"}, "none that this page gave"),
        ({"cursor": "1-999999"}, "none that this page gave"),
        ({"limit": "-1"}, "not a number"),
    ],
)
async def test_what_cannot_be_answered_is_said(get, params: dict[str, str], words: str) -> None:
    answer = await get("logs", **params)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


NUMBERS = 'sum by (detected_level)(count_over_time({service_name=~".+"}[10s]))'


async def test_numbers_are_told_apart_and_drawn(get) -> None:
    found = (await get("logs", q=NUMBERS)).json()
    assert (found["query"]["kind"], found["lines"], found["cursor"]) == ("numbers", [], None)
    assert (await get("logs/histogram", q=NUMBERS)).json()["total"] == 0
    assert (await get("logs/fields", q=NUMBERS)).json()["fields"] == []
    drawn = (await get("logs/series", q=NUMBERS, points=30, to=NOW_MS, **{"from": NOW_MS - 60_000})).json()
    assert (drawn["step_ms"], drawn["start_ms"] % 2000) == (2000, 0)
    values = {one["labels"]["detected_level"]: one["values"] for one in drawn["series"]}
    assert max(filter(None, values["info"])) == 9
    assert drawn["steps"] == len(values["info"])
    assert len(drawn["series"]) == 3


async def test_the_scope_holds_for_numbers_too(get) -> None:
    for q in (NUMBERS, f"{NUMBERS} * 2 + {NUMBERS}"):
        drawn = (await get("logs/series", q=q, service="nginx")).json()
        assert [one["labels"]["detected_level"] for one in drawn["series"]] == ["unknown"]


@pytest.mark.parametrize(
    ("path", "q", "words"),
    [
        ("logs/series", "결제", "answers with lines"),
        ("logs/series", '{a="b"} |= ', "parse error"),
        ("logs/download", NUMBERS, "answers with numbers"),
    ],
)
async def test_numbers_and_lines_are_not_mistaken_for_each_other(get, path: str, q: str, words: str) -> None:
    answer = await get(path, q=q)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


async def test_a_trace_is_found_beside_the_line_and_within_it(get) -> None:
    found = (await get("logs", q=f"trace_id:{7:032X}")).json()
    assert [one["trace_id"] for one in found["lines"]] == [f"{7:032x}"]
    assert "attributes" not in found["lines"][0]
    assert "fields" not in found["lines"][0]
    assert len((await get("logs", q=f"service:shop -trace_id:{7:032x}", limit=100)).json()["lines"]) == 49


async def test_lines_of_security_events_are_found_by_their_kind(get) -> None:
    found = (await get("logs", q="security:scanner")).json()
    assert [one["line"] for one in found["lines"]] == ["GET /2 200", "GET /1 200"]
    assert found["query"]["logql"] == '{service_name=~".+"} |~ "(?i:get /1 )|(?:GET /2 [0-9]+)"'
    assert len((await get("logs", q="-security:scanner service:nginx")).json()["lines"]) == 1
    assert (await get("logs", q="security:no_such_kind")).json()["lines"] == [], "then it is a field of the line"
    assert (await get("logs/security")).json() == {"kinds": []}


async def test_security_events_are_counted_in_the_range_and_the_scope(get, reader) -> None:
    times = range(NOW_MS - 900_000, NOW_MS + 1, 15_000)

    def counted(kind: str, service: str, samples: list[tuple[int, float]]) -> None:
        reader.add(Labels.of(__name__="security_events_total", kind=kind, service=service, host="h"), samples)

    counted("scanner", "web", [(ts, 40.0) for ts in times])  # all of it long ago
    counted("failed_login", "ssh", [(ts, 7.0) for ts in times if ts > NOW_MS - 60_000])  # began just now, with seven
    counted("failed_login", "web", [(ts, 100.0 + (ts > NOW_MS - 30_000)) for ts in times])  # one more than before
    params = {"from": NOW_MS - 300_000, "to": NOW_MS}
    found = (await get("logs/security", **params)).json()["kinds"]
    assert [(one["kind"], one["lines"], one["search"]) for one in found] == [
        ("failed_login", 8, "security:failed_login")
    ]
    assert found[0]["title"]["ko"] == "로그인 실패"
    assert (await get("logs/security", service="ssh", **params)).json()["kinds"][0]["lines"] == 7


async def test_bars_hold_every_line_once(get) -> None:
    found = (await get("logs/histogram", buckets=30, to=NOW_MS, **{"from": NOW_MS - 60_000})).json()
    assert (found["step_ms"], found["total"]) == (2000, 53)
    assert {level: sum(counts) for level, counts in found["severities"].items()} == {
        "info": 45,
        "error": 5,
        "unknown": 3,
    }
    assert found["severities"]["info"][0] == 1, "of the first two seconds one line is an error"


@pytest.mark.parametrize(
    ("span_ms", "buckets", "step_ms"),
    [(60_000, 60, 1000), (3_600_000, 120, 30_000), (90 * 86_400_000, 30, 3 * 86_400_000)],
)
def test_steps_are_round(span_ms: int, buckets: int, step_ms: int) -> None:
    assert step_for(span_ms, buckets) == step_ms


async def test_fields_come_with_their_most_frequent_values(get) -> None:
    found = {one["name"]: one for one in (await get("logs/fields")).json()["fields"]}
    assert found["service_name"] == {
        "name": "service_name",
        "kind": "label",
        "cardinality": 2,
        "top": [{"value": "shop", "count": 50}, {"value": "nginx", "count": 3}],
    }
    assert found["level"]["top"][0] == {"value": "info", "count": 45}
    assert found["message"]["kind"] == "field"
    assert found["user_id"]["cardinality"] == 50


async def test_context_is_what_the_same_stream_said(get) -> None:
    at_ns = (NOW_MS - 60_000 + 20_000) * NS
    found = (await get("logs/context", stream=f"{SHOP.series_id():016x}", ts=at_ns, before=3, after=2)).json()
    ids = [json.loads(one["line"])["user"]["id"] for one in (*found["before"], found["at"], *found["after"])]
    assert ids == [17, 18, 19, 20, 21, 22]


@pytest.mark.parametrize("stream", ["0" * 16, "xyz", ""])
async def test_context_of_nothing_is_refused(get, stream: str) -> None:
    assert (await get("logs/context", stream=stream, ts=1)).status_code == 400


async def test_files_hold_the_lines_in_order(get) -> None:
    text = await get("logs/download", q="service:nginx")
    assert text.text == "GET /0 200\nGET /1 200\nGET /2 200\n"
    assert text.headers["content-disposition"].endswith('.log"')
    rows = (await get("logs/download", q="service:nginx", format="json")).text.splitlines()
    assert json.loads(rows[0])["service_name"] == "nginx"
    table = (await get("logs/download", q="service:nginx", format="csv")).text.splitlines()
    assert table[0] == "time,service,level,line"
    assert table[1].endswith(",nginx,unknown,GET /0 200")
