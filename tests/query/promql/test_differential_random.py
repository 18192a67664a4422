"""Two hundred random questions to a real Prometheus 2.42 and to us, over the same samples, by fixed seeds.

Samples carry an odd offset (7.123 s) and questions another (11.357 s), so that no sample lies on the edge of a window
or of the lookback, and no step of a subquery on the edge of its range, where 2.42 and 3.x differ. What else differs is
not asked: `promql_grammar.LEFT_OUT`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import cramjam
import httpx
import pytest

from hannun.model.labels import Labels
from hannun.testing import prometheus_peer
from hannun.testing.promql_grammar import BUCKETS, COUNTERS, GAUGES, Grammar
from hannun.testing.server import Server
from hannun.testing.traffic import HEADERS
from hannun.wire.remote_write import Sample, encode

BASE_MS = 1_700_000_000_000 // 60_000 * 60_000
SCRAPES, EVERY_MS, ODD_MS = 300, 15_000, 7_123
START_MS = BASE_MS + 30 * 60_000 + 11_357
END_MS = START_MS + 30 * 60_000
QUERIES = 200
Series = list[tuple[Labels, list[tuple[int, float]]]]


def samples() -> Series:
    rng = random.Random(11)
    times = [BASE_MS + k * EVERY_MS + ODD_MS for k in range(SCRAPES)]
    out: Series = []
    places = [(host, job, zone) for host in "abc" for job, zone in (("api", "x"), ("web", "y"), ("web", "x"))]
    for number, (host, job, zone) in enumerate(places):
        base = {"host": host, "job": job, "zone": zone}
        for name in GAUGES:
            value = 50.0 + number
            points = []
            for at in times:
                value += rng.gauss(0, 3)
                points.append((at, round(value, 4)))
            # One series pauses for longer than the lookback, one begins late.
            if (host, job) == ("b", "api"):
                points = points[:120] + points[160:]
            if (host, zone) == ("c", "y"):
                points = points[70:]
            out.append((Labels.of(__name__=name, **base), points))
        for name in COUNTERS:
            value = float(rng.randrange(5_000, 90_000))
            points = []
            for at in times:
                value = value + rng.randrange(0, 40) if rng.random() > 0.01 else 20_000.0
                points.append((at, value))
            out.append((Labels.of(__name__=name, **base), points))
    for host in "abc":
        for le, share in (("0.1", 0.4), ("0.5", 0.7), ("2.5", 0.9), ("+Inf", 1.0)):
            counts = [(at, float(90_000 + int(k * 10 * share * (1 + (host == "b"))))) for k, at in enumerate(times)]
            out.append((Labels.of(__name__=BUCKETS, host=host, le=le), counts))
        out.append((Labels.of(__name__="host_info", host=host, os=f"os-{host}"), [(at, 1.0) for at in times]))
    out.sort(key=lambda pair: pair[0].metric)
    return out


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Prometheus over blocks of the samples, and a server of ours that took them by remote write."""
    if why := prometheus_peer.missing():
        pytest.skip(why)
    series, folder = samples(), tmp_path_factory.mktemp("prometheus")
    body = encode((labels.pairs, [Sample(at, value) for at, value in points]) for labels, points in series)
    with (
        prometheus_peer.peer_over(series, folder) as theirs,
        Server(folder / "hannun", flags=("--no-self", "--retention", "0")) as server,
        httpx.Client(base_url=server.url, timeout=30) as ours,
    ):
        sent = ours.post("/api/v1/write", content=bytes(cramjam.snappy.compress_raw(body)), headers=HEADERS)
        assert sent.status_code == 204, sent.text
        yield theirs, ours


def ask(client: httpx.Client, expr: str, start: int, end: int, step: int) -> Any:
    """The answer's data, or the words of a refusal."""
    asked: dict[str, Any] = {"query": expr}
    asked |= {"time": start / 1000} if step == 0 else {"start": start / 1000, "end": end / 1000, "step": step / 1000}
    answer = client.post("/api/v1/query" if step == 0 else "/api/v1/query_range", data=asked)
    assert answer.status_code in (200, 400, 422), answer.text
    body = answer.json()
    return body["data"] if body["status"] == "success" else body["error"]


def flat(answer: Any) -> dict[Any, float]:
    return {
        (tuple(sorted(one["metric"].items())), at): float(value)
        for one in answer["result"]
        for at, value in one.get("values", [one.get("value")])
    }


def same(wanted: float, found: float) -> bool:
    if math.isnan(wanted) or math.isnan(found):
        return math.isnan(wanted) and math.isnan(found)
    return wanted == found or math.isclose(wanted, found, rel_tol=1e-7, abs_tol=1e-7)


def difference(wanted: Any, found: Any) -> str | None:
    if isinstance(wanted, str) or isinstance(found, str):
        return None if isinstance(wanted, str) and isinstance(found, str) else f"{wanted!r:.300} but {found!r:.300}"
    one, other = flat(wanted), flat(found)
    if one.keys() != other.keys():
        return f"only theirs {list(one.keys() - other.keys())[:3]}, only ours {list(other.keys() - one.keys())[:3]}"
    return next(
        (f"{key}: {value}, ours {other[key]}" for key, value in one.items() if not same(value, other[key])), None
    )


def disagreements(both: tuple[httpx.Client, httpx.Client], seed: int) -> list[str]:
    theirs, ours = both
    grammar = Grammar(seed)
    out = []
    for number in range(QUERIES):
        expr = grammar.expression()
        times = ((END_MS, END_MS, 0), (START_MS, END_MS, 120_000), (START_MS, END_MS, 47_000))[number % 3]
        why = difference(ask(theirs, expr, *times), ask(ours, expr, *times))
        if why is not None:
            out.append(f"{expr} at {times}: {why}")
    return out


def test_random_questions_have_the_answers_of_prometheus(both: tuple[httpx.Client, httpx.Client]) -> None:
    assert disagreements(both, seed=1) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_more_random_questions(both: tuple[httpx.Client, httpx.Client], seed: int) -> None:
    assert disagreements(both, seed) == []
