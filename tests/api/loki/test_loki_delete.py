"""Delete requests: the lines are gone when the request is answered, and the request is remembered."""

from __future__ import annotations

from typing import Any

import pytest

NOW_S = 1_700_000_000
NS = 1_000_000_000
PATH = "/loki/api/v1/delete"


async def test_lines_are_gone_and_the_request_is_listed(loki: Any) -> None:
    loki.logs.add({"app": "a"}, (NOW_S - 100) * NS, "goes")
    loki.logs.add({"app": "a"}, (NOW_S - 10) * NS, "stays")
    asked = {"query": '{app="a"}', "start": str(NOW_S - 200), "end": str(NOW_S - 50)}
    answer = await loki.http.post(PATH, params=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert [line.body for line in loki.logs.lines] == ["stays"]
    (listed,) = (await loki.get(PATH)).json()
    assert listed.pop("request_id")
    assert listed == {
        "start_time": NOW_S - 200,
        "end_time": NOW_S - 50,
        "query": '{app="a"}',
        "status": "processed",
        "created_at": NOW_S,
    }


async def test_a_request_in_a_form_by_put(loki: Any) -> None:
    answer = await loki.http.put(PATH, data={"query": '{app="a"}', "start": "2023-11-01T00:00:00Z"})
    assert answer.status_code == 204
    assert len(loki.logs.deleted) == 1


async def test_filters_become_conditions(loki: Any) -> None:
    query = '{app="a"} |= "결제" !~ "x.*y" | trace_id="t1" or user=~"u.+", detected_level!="info"'
    assert (await loki.http.post(PATH, params={"query": query, "start": "1"})).status_code == 204
    ((_, where, start_ns, end_ns),) = loki.logs.deleted
    assert (start_ns, end_ns) == (NS, NOW_S * NS + 1)
    assert set(where.params.values()) >= {"결제", "(?s)x.*y", "trace_id", "t1", "user", "info"}
    assert "결제" not in where.sql, "values travel as parameters"


@pytest.mark.parametrize(
    ("params", "status", "words"),
    [
        ({}, 400, "query not set"),
        ({"query": '{app="a"}'}, 400, "start time not set"),
        ({"query": '{app="a"}', "start": "x"}, 400, "invalid start time: require unix seconds or RFC3339 format"),
        (
            {"query": '{app="a"}', "start": "1", "end": "1800000000"},
            400,
            "deletes in the future are not allowed",
        ),
        ({"query": '{app="a"}', "start": "20", "end": "10"}, 400, "start time can't be greater than end time"),
        ({"query": "{}", "start": "1"}, 400, "parse error : queries require at least one"),
        ({"query": 'rate({app="a"}[1m])', "start": "1"}, 400, "only log selector is supported"),
        ({"query": '{app="a"} | json | x="y"', "start": "1"}, 400, "delete requests take line filters"),
        ({"query": '{app="a"} |= ip("10.0.0.1")', "start": "1"}, 400, "delete requests take line filters"),
        ({"query": '{app="a"} | took > 5s', "start": "1"}, 400, "delete requests compare structured metadata"),
    ],
)
async def test_what_is_refused(loki: Any, params: dict[str, str], status: int, words: str) -> None:
    answer = await loki.http.post(PATH, params=params)
    assert answer.status_code == status
    assert answer.text.startswith(words)
    assert not loki.logs.deleted


async def test_a_filter_of_a_streams_own_label_deletes_nothing(loki: Any) -> None:
    loki.logs.add({"app": "a", "env": "prod"}, (NOW_S - 100) * NS, "precious")
    answer = await loki.http.post(PATH, params={"query": '{app="a"} | env!="dev"', "start": "1"})
    assert answer.status_code == 400
    assert answer.text.startswith("env is a label of the stream")
    assert not loki.logs.deleted
    (listed,) = (await loki.get(PATH)).json()
    assert listed["status"] == "failed"


async def test_what_is_done_cannot_be_taken_back(loki: Any) -> None:
    await loki.http.post(PATH, params={"query": '{app="a"}', "start": "1"})
    (listed,) = (await loki.get(PATH)).json()
    answer = await loki.http.delete(PATH, params={"request_id": listed["request_id"]})
    assert (answer.status_code, answer.text) == (
        400,
        "deletion of request which is in process or already processed is not allowed",
    )
    answer = await loki.http.delete(PATH, params={"request_id": "nope"})
    assert (answer.status_code, answer.text) == (404, "could not find delete request with given id")
