"""Exemplars of the series that an expression reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from hannun.api.limits import ApiLimits
from hannun.api.prometheus import routes
from hannun.model.budget import Budget
from hannun.model.exemplar import Exemplar, SeriesExemplars
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers
from hannun.query.promql import PromEngine

SERIES = Labels.of(__name__="http_seconds_bucket", le="0.5", job="웹")


class FakeExemplars:
    def __init__(self) -> None:
        self.asked: list[tuple[list[str], int, int, int]] = []

    def exemplars(
        self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, limit: int, budget: Budget
    ) -> list[SeriesExemplars]:
        self.asked.append((["".join(map(str, one)) for one in selectors], start_ms, end_ms, limit))
        exemplars = (
            Exemplar(1, Labels.of(trace_id="abc"), 0.25, 1_689_956_451_781),
            Exemplar(1, Labels.of(trace_id="def", span_id='"'), 1e-7, 1_689_956_452_050),
        )
        return [SeriesExemplars(SERIES, exemplars), SeriesExemplars(Labels.of(a="b"), ())]


@pytest.fixture
def kept() -> FakeExemplars:
    return FakeExemplars()


@pytest.fixture
def ask(serve, reader, runner, clock, kept):
    async def asked(query: str, method: str = "GET", **more: Any) -> Any:
        given = {"exemplars": kept, **more}
        async with serve(routes(PromEngine(reader), reader, runner, clock=clock, **given)) as client:
            return await client.request(method, f"/api/v1/query_exemplars?{query}")

    return asked


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_exemplars_are_told_by_series(ask, method: str) -> None:
    answer = await ask("query=http_seconds_bucket", method)
    assert answer.json() == {
        "status": "success",
        "data": [
            {
                "seriesLabels": {"__name__": "http_seconds_bucket", "job": "웹", "le": "0.5"},
                "exemplars": [
                    {"labels": {"trace_id": "abc"}, "value": "0.25", "timestamp": 1689956451.781},
                    {"labels": {"span_id": '"', "trace_id": "def"}, "value": "1e-07", "timestamp": 1689956452.05},
                ],
            },
            {"seriesLabels": {"a": "b"}, "exemplars": []},
        ],
    }
    assert b'"timestamp":1689956452.050}' in answer.content, "three decimals, as Prometheus writes them"


async def test_every_selector_of_the_expression_is_asked_once(ask, kept) -> None:
    await ask("query=rate(a[5m])/sum(b{x='1'} or a offset 1h)&start=1&end=2.5")
    assert kept.asked == [(['__name__="a"', 'x="1"__name__="b"'], 1_000, 2_500, ApiLimits().exemplars_max)]


async def test_an_expression_that_reads_nothing_has_none(ask, kept) -> None:
    answer = await ask("query=1%2Btime()")
    assert (answer.status_code, answer.content, kept.asked) == (204, b"", [])


async def test_without_a_store_of_exemplars_there_are_none(ask) -> None:
    assert (await ask("query=up", exemplars=None)).json() == {"status": "success", "data": []}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("query=sum(", "1:5: parse error: unclosed left parenthesis"),
        ("query=up&start=5&end=1", "end timestamp must not be before start timestamp"),
        (
            "query=up&end=x",
            'invalid parameter "end": Invalid time value for \'end\': cannot parse "x" to a valid timestamp',
        ),
    ],
)
async def test_refusals(ask, query: str, words: str) -> None:
    answer = await ask(query)
    assert (answer.status_code, answer.json()["errorType"], answer.json()["error"]) == (400, "bad_data", words)


async def test_an_answer_has_a_bound(ask) -> None:
    answer = await ask("query=up", limits=ApiLimits(answer_bytes_max=50))
    assert (answer.status_code, answer.json()["errorType"]) == (422, "execution")
