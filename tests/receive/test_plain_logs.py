"""Plain lines by curl: what they are of, of when they are, and what the answer counts."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.log import SEVERITIES
from hannun.observe.outcomes import Outcomes
from hannun.receive.log_door import LogDoor
from hannun.receive.log_intake import LogIntake
from hannun.receive.plain_logs import PATH, routes
from hannun.wire.plain_logs import decode, moment, of_value

NOW_MS = 1_700_000_000_000
AT = int(datetime(2026, 1, 2, 15, 4, 5, tzinfo=UTC).timestamp()) * 10**9
SEOUL = ZoneInfo("Asia/Seoul")


class Clock:
    def now_ms(self) -> int:
        return NOW_MS

    def monotonic_s(self) -> float:
        return 0.0


@pytest.fixture
def door(log_sink) -> LogDoor:
    return LogDoor(LogIntake(log_sink, Outcomes(), clock=Clock()))


async def test_a_file_by_curl(serve, log_sink, door) -> None:
    body = "2026-01-02 15:04:05,500 - app - ERROR - 결제 실패\nTraceback:\r\n\n  File x\n".encode()
    async with serve(routes(door)) as client:
        answer = await client.post(f"{PATH}?service=shop&environment=prod&host=web-1&file=a.log", content=body)
    assert (answer.status_code, answer.json()) == (200, {"accepted": 3, "refused": 0, "cut": 0})
    name = '{environment="prod", file="a.log", host="web-1", service_name="shop"}'
    first = AT + 5 * 10**8
    assert log_sink.lines() == [
        (name, first, "2026-01-02 15:04:05,500 - app - ERROR - 결제 실패"),
        (name, first + 1, "Traceback:"),
        (name, first + 2, "  File x"),
    ]
    assert SEVERITIES[log_sink.batches[0].severity[0]] == "error"


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        pytest.param(b'{"ts":1700000000,"m":1}\n{"time":"2026-01-02T15:04:05Z"}', 2, id="NDJSON"),
        pytest.param(b' [{"m":1},\n{"m":2}, "text"] ', 3, id="a list of objects"),
        pytest.param(b"[INFO] x\n[WARN] [y]", 2, id="lines in brackets are no list"),
        pytest.param(b"\xff\xfe broken", 1, id="no UTF-8"),
        pytest.param(b"\n\n", 0, id="nothing"),
    ],
)
async def test_bodies_of_all_kinds(serve, door, body, lines) -> None:
    async with serve(routes(door)) as client:
        for content, headers in ((body, {}), (gzip.compress(body), {"content-encoding": "gzip"})):
            answer = await client.post(PATH, content=content, headers=headers)
            assert answer.json() == {"accepted": lines, "refused": 0, "cut": 0}


async def test_what_is_refused_is_said_in_the_callers_language(serve, door) -> None:
    async with serve(routes(door)) as client:
        answer = await client.post(f"{PATH}?timezone=Mars/Olympus", content=b"x")
        assert (answer.status_code, answer.json()["error"][:9]) == (400, "timezone ")
        answer = await client.post(f"{PATH}?timezone=..%2F..%2Fetc%2Fpasswd", content=b"x")
        assert answer.status_code == 400
        answer = await client.post(PATH, content=b"x", headers={"content-encoding": "zip"})
        assert answer.status_code == 415


async def test_lines_out_of_bounds_are_counted(serve, log_sink, door) -> None:
    log_sink.within = (AT, AT + 10)
    async with serve(routes(door)) as client:
        answer = await client.post(PATH, content=b"1999-01-01T00:00:00Z old\n2026-01-02T15:04:05Z good")
        assert answer.json()["accepted"] == answer.json()["refused"] == 1
        assert "timestamp too old" in answer.json()["message"]
        assert (await client.post(PATH, content=b"1999-01-01T00:00:00Z old")).status_code == 400


async def test_promtails_raw_push(serve, log_sink, door) -> None:
    async with serve(routes(door)) as client:
        assert (await client.post("/promtail/api/v1/raw", content=b"one\ntwo\n")).status_code == 204
    at = NOW_MS * 10**6
    name = '{job="promtail_raw", service_name="promtail_raw"}'
    assert log_sink.lines() == [(name, at, "one"), (name, at + 1, "two")]


@pytest.mark.parametrize(
    ("line", "ns"),
    [
        ("2026-01-02T15:04:05Z x", AT),
        ("2026-01-03 00:04:05.25+09:00 x", AT + 25 * 10**7),
        ("2026-01-02 15:04:05,123 x", AT + 123 * 10**6 - 9 * 3600 * 10**9),
        ("2026/01/02 15:04:05 [error] x", AT - 9 * 3600 * 10**9),
        ("[2026-01-02 15:04:05] x", AT - 9 * 3600 * 10**9),
        ('1.2.3.4 - - [03/Jan/2026:00:04:05 +0900] "GET / HTTP/1.1" 200 1', AT),
        ('{"timestamp": "2026-01-03 00:04:05,000", "level": "INFO"}', AT),
        ('{"@timestamp":"2026-01-02T15:04:05.000Z"}', AT),
        ('{"ts":1767366245}', AT),
        ('{"ts":1767366245.25}', AT + 25 * 10**7),
        ('{"ts":1767366245000}', AT),
        ('{"time":"1767366245000000000"}', AT),
        ('{"time":null,"x":1}', None),
        ('{"time":true}', None),
        ("2026-13-02T15:04:05Z x", None),
        ("12:04 x", None),
        ("", None),
    ],
)
def test_times_of_lines(line: str, ns: int | None) -> None:
    assert moment(line.encode(), SEOUL) == ns


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_any_body_becomes_lines(body: bytes) -> None:
    found = decode(body, [], now_ns=5)
    assert len(found) == len(found.lines)


@given(st.one_of(st.floats(), st.integers(), st.text(max_size=30), st.none(), st.booleans(), st.lists(st.integers())))
@settings(deadline=None)
def test_any_value_is_a_time_or_none(value: object) -> None:
    found = of_value(value)
    assert found is None or isinstance(found, int)
