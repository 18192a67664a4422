"""Hostile parameters to every endpoint, many heavy questions at once, callers that leave: no 500, no lost thread.

Every answer must be one that the endpoint's clients understand, and `/-/healthy` answers at once all the while.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hannun.testing.server import Server
from hannun.testing.traffic import HEADERS, WriteBody, body_of, counters
from hannun.testing.watcher import Watcher

pytestmark = pytest.mark.xdist_group("faults-fuzz")

SLOWEST_S = 15.0
SERIES, STEP_S, STEPS = 1_000, 15, 121
"""What stands in the store: enough that a bad question is felt, little enough that it is quickly there."""

PROMETHEUS: dict[str, tuple[str, ...]] = {
    "query": ("query", "time", "timeout", "limit", "lookback_delta", "stats", "explain"),
    "query_range": ("query", "start", "end", "step", "timeout", "limit", "lookback_delta", "stats"),
    "format_query": ("query",),
    "series": ("match[]", "start", "end", "limit"),
    "labels": ("match[]", "start", "end", "limit"),
}
PROMETHEUS_GET: dict[str, tuple[str, ...]] = {
    **PROMETHEUS,
    "label/job/values": ("match[]", "start", "end", "limit"),
    "metadata": ("metric", "limit", "limit_per_metric"),
    "status/buildinfo": ("x",),
    "status/runtimeinfo": ("x",),
    "status/flags": ("x",),
    "status/tsdb": ("limit",),
    "status/walreplay": ("x",),
}
OWN_GET: dict[str, tuple[str, ...]] = {
    "session": ("x",),
    "users": ("x",),
    "tokens": ("x",),
    "projects": ("x",),
    "status": ("x",),
    "overview": ("x",),
    "metrics": ("search", "limit"),
    "functions": ("x",),
    "openapi.json": ("x",),
}
OWN_BODIES: dict[tuple[str, str], tuple[str, ...]] = {
    ("POST", "panels"): ("start_ms", "end_ms", "step_ms", "queries"),
    ("POST", "login"): ("name", "password"),
    ("POST", "logout"): (),
    ("PATCH", "session"): ("lang", "timezone", "password"),
    ("POST", "users"): ("name", "password", "role", "lang", "timezone"),
    ("PATCH", "users/999"): ("name", "password", "role", "lang", "timezone"),
    ("DELETE", "users/999"): (),
    ("POST", "tokens"): ("name", "role"),
    ("DELETE", "tokens/999"): (),
}

MEBIBYTE = 1 << 20
WORDS = (
    *(
        "",
        " ",
        "0",
        "-0",
        "-1",
        "1",
        "1.5",
        ".5",
        "1.",
        "+1",
        "1e3",
        "1e309",
        "-1e309",
        "1e-400",
        "9" * 30,
        "9" * 5_000,
    ),
    *("NaN", "nan", "Inf", "-Inf", "infinity", "0x10", "0b1", "1_000", "٣", "１２", "true", "null", "[]", "{}", "[[[["),
    *(
        "1435781451.781",
        "-62135596800",
        "253402300800",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
    ),
    *("2026-01-01T00:00:00Z", "2026-13-45T99:99:99Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999+14:00"),
    *("5m", "-5m", "0s", "1h30m", "30m1h", "1y1y", "999999999999y", "1ms", "1ns", "5 m", "m", "1e3s"),
    *("\x00", "a\x00b", "\n", "\r\nX-Injected: 1", "%", "%zz", "&=;", "../../etc/passwd", "__proto__", "constructor"),
    *(
        "한눈",
        "\u202e\u200b",
        "\U0001f525",
        "\ufeff",
        "'; DROP TABLE metric_samples; --",
        "\\",
        "'",
        '"',
        "`",
        "{x:String}",
    ),
    *(
        "up",
        "{",
        "}",
        "sum(",
        "bench_total",
        '{__name__=~".+"}',
        '{__name__=""}',
        "{}",
        '{a="b",a="c"}',
        'bench_total{pod=~"(a+)+$"}',
    ),
    *(
        "rate(bench_total[5m])",
        "bench_total[5m:1s]",
        "bench_total[1y:1ms]",
        "bench_total @ 1e300",
        "bench_total offset 1e9y",
    ),
    *(
        "1" + "+1" * 2_000,
        "(" * 500 + "1" + ")" * 500,
        "-" * 5_000 + "1",
        '"' + "a" * 10_000 + '"',
        "1 % 0",
        "topk(NaN, up)",
    ),
    *(
        'label_replace(bench_total, "a", "$1", "pod", "(.*)")',
        'count_values("\xff", bench_total)',
        "vector(1e308) * 10",
    ),
    *("sum by (" + ",".join(f"l{n}" for n in range(500)) + ") (bench_total)", "absent(up)", "bench_total == bool NaN"),
)
_WORD = st.sampled_from(WORDS).map(lambda word: word.encode("utf-8", "surrogatepass"))
TEXT = st.one_of(
    _WORD,
    _WORD,
    _WORD,
    st.binary(max_size=40),
    st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.floats().map(lambda number: repr(number).encode()),
    st.integers(-(2**70), 2**70).map(lambda number: str(number).encode()),
)
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.sampled_from(WORDS),
        st.text(max_size=20),
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(("id", "expr", "a", "old")), inner, max_size=4)
    ),
    max_leaves=8,
)


_NOW_S = int(time.time())
RIGHT = {
    "query": b"sum by (handler) (rate(bench_total[5m]))",
    "match[]": b'bench_total{pod=~"shop-0000.*"}',
    "time": str(_NOW_S).encode(),
    "start": str(_NOW_S - 600).encode(),
    "end": str(_NOW_S).encode(),
    "step": b"15",
    "limit": b"10",
    "metric": b"bench_total",
}
"""What a friendly caller sends, so that the one bad parameter beside it gets as far as it can."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Filled, with every endpoint switched on."""
    data: Path = tmp_path_factory.mktemp("fuzz") / "data"
    with Server(data, flags=("--no-self", "--enable-admin-api", "--retention", "0")) as running:
        labels = counters("bench_total", SERIES)
        now_s = int(time.time())
        times = (now_s - np.arange(STEPS)[::-1] * STEP_S).astype(np.int64) * 1000
        body = WriteBody.of(labels, STEPS).at(
            np.tile(times, SERIES), np.tile(np.arange(STEPS, dtype=np.float64), SERIES)
        )
        answer = httpx.post(f"{running.url}/api/v1/write", content=body, headers=HEADERS, timeout=30)
        assert answer.status_code == 204, answer.text
        yield running


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as asking:
        yield asking


def form_of(names: tuple[str, ...]) -> st.SearchStrategy[list[tuple[str, bytes]]]:
    """Parameters in any order, repeated, missing, and some that nobody knows; or right ones with one gone bad."""
    name = st.sampled_from((*names, *names, *names, "query", "no such thing", "match[]"))
    anything = st.lists(st.tuples(name, TEXT), max_size=7)
    right = [(each, RIGHT[each]) for each in names if each in RIGHT]
    one_bad = st.tuples(st.sampled_from(names), TEXT).map(
        lambda bad: [*((each, value) for each, value in right if each != bad[0]), bad]
    )
    return st.one_of(anything, one_bad, one_bad)


def encoded(pairs: list[tuple[str, bytes]]) -> str:
    return "&".join(f"{quote_from_bytes(name.encode())}={quote_from_bytes(value)}" for name, value in pairs)


def asked_in_time(ask: Callable[[], httpx.Response]) -> httpx.Response:
    began_s = time.monotonic()
    answer = ask()
    took_s = time.monotonic() - began_s
    assert took_s < SLOWEST_S, f"{answer.request.method} {str(answer.request.url)[:300]} took {took_s:.1f} s"
    return answer


def check_prometheus(answer: httpx.Response) -> None:
    """Success, or Prometheus's error shape with a status that goes with its type."""
    kinds = {
        400: {"bad_data"},
        404: {"not_found"},
        408: {"bad_data"},
        413: {"bad_data"},
        422: {"execution"},
        503: {"timeout", "unavailable"},
    }
    told = f"{answer.request.method} {str(answer.request.url)[:300]}: {answer.status_code} {answer.text[:300]}"
    if answer.status_code == 204:
        assert answer.content == b"", told
        return
    body = answer.json()
    if answer.status_code == 200:
        assert body["status"] == "success", told
        assert set(body) <= {"status", "data", "warnings", "infos"}, told
        return
    assert answer.status_code in kinds, told
    assert set(body) == {"status", "errorType", "error"}, told
    assert body["status"] == "error", told
    assert body["errorType"] in kinds[answer.status_code], told
    assert body["error"], told


def check_own(answer: httpx.Response) -> None:
    """A success, or words and a hint."""
    told = f"{answer.request.method} {str(answer.request.url)[:300]}: {answer.status_code} {answer.text[:300]}"
    if answer.status_code in (200, 201, 204):
        return
    assert answer.status_code in (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503), told
    body = answer.json()
    assert {"error"} <= set(body) <= {"error", "hint"}, told
    assert body["error"], told


def prometheus_get(client: httpx.Client, path: str, pairs: list[tuple[str, bytes]]) -> None:
    check_prometheus(asked_in_time(lambda: client.get(f"/api/v1/{path}?{encoded(pairs)}")))


def prometheus_post(
    client: httpx.Client, path: str, pairs: list[tuple[str, bytes]], more: list[tuple[str, bytes]]
) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    url = f"/api/v1/{path}?{encoded(more)}"
    check_prometheus(asked_in_time(lambda: client.post(url, content=encoded(pairs), headers=headers)))


def own_get(client: httpx.Client, path: str, pairs: list[tuple[str, bytes]]) -> None:
    check_own(asked_in_time(lambda: client.get(f"/api/hannun/v1/{path}?{encoded(pairs)}")))


def own_body(client: httpx.Client, method: str, path: str, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    check_own(asked_in_time(lambda: client.request(method, f"/api/hannun/v1/{path}", content=body, headers=headers)))


GET_CASE = st.sampled_from(sorted(PROMETHEUS_GET)).flatmap(
    lambda path: st.tuples(st.just(path), form_of(PROMETHEUS_GET[path]))
)
POST_CASE = st.sampled_from(sorted(PROMETHEUS)).flatmap(
    lambda path: st.tuples(st.just(path), form_of(PROMETHEUS[path]), form_of(PROMETHEUS[path]))
)
OWN_GET_CASE = st.sampled_from(sorted(OWN_GET)).flatmap(lambda path: st.tuples(st.just(path), form_of(OWN_GET[path])))


def body_for(names: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    """JSON with the right names and wrong values, JSON of any shape, and bytes that are no JSON."""
    named = st.fixed_dictionaries({}, optional=dict.fromkeys(names, JSON)) if names else JSON
    text = st.one_of(named, named, JSON).map(lambda value: json.dumps(value, ensure_ascii=False))
    return st.one_of(text.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=60))


BODY_CASE = st.sampled_from(sorted(OWN_BODIES)).flatmap(
    lambda door: st.tuples(st.just(door), body_for(OWN_BODIES[door]))
)
QUERIES = st.lists(
    st.fixed_dictionaries({"id": st.text(max_size=3), "expr": st.sampled_from(WORDS), "instant": st.booleans()}),
    max_size=5,
)
PANELS_CASE = st.fixed_dictionaries(
    {
        "start_ms": st.sampled_from((0, -1, 1_435_781_451_000, -(2**53), 2**53)),
        "end_ms": st.sampled_from((0, 1_435_781_460_000, 2**53, 2**63 - 1)),
        "step_ms": st.sampled_from((1, 1_000, 10**12, 2**53, 2**63 - 1, 0, -1)),
        "queries": QUERIES,
    }
)

QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
# Shrinking asks the same slow question hundreds of times; the first case that breaks is told as it is.
PHASES = [Phase.explicit, Phase.generate]


def few(examples: int) -> settings:
    """The same cases each time, so that a change is judged by them and not by luck; the long run looks for new ones."""
    return settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=QUIET, phases=PHASES)


def many(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, database=None, suppress_health_check=QUIET, phases=PHASES)


@few(700)
@given(GET_CASE)
def test_prometheus_get(client: httpx.Client, case: tuple[str, list[tuple[str, bytes]]]) -> None:
    prometheus_get(client, *case)


@few(500)
@given(POST_CASE)
def test_prometheus_post(client: httpx.Client, case: tuple[str, list[tuple[str, bytes]], Any]) -> None:
    prometheus_post(client, *case)


@few(300)
@given(OWN_GET_CASE)
def test_own_get(client: httpx.Client, case: tuple[str, list[tuple[str, bytes]]]) -> None:
    own_get(client, *case)


@few(600)
@given(BODY_CASE)
def test_own_bodies(client: httpx.Client, case: tuple[tuple[str, str], bytes]) -> None:
    (method, path), body = case
    own_body(client, method, path, body)


@few(250)
@given(PANELS_CASE)
def test_own_panels_of_the_right_shape(client: httpx.Client, case: dict[str, Any]) -> None:
    own_body(client, "POST", "panels", json.dumps(case, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@few(200)
@given(st.binary(min_size=1, max_size=30).filter(lambda name: name not in (b".", b"..")))
def test_any_label_name(client: httpx.Client, name: bytes) -> None:
    answer = client.get(f"/api/v1/label/{quote_from_bytes(name, safe='')}/values")
    if answer.status_code == 404 and "status" not in answer.json():
        return  # a slash inside makes it another path
    check_prometheus(answer)


@pytest.mark.long
@many(4_000)
@given(GET_CASE)
def test_prometheus_get_for_long(client: httpx.Client, case: tuple[str, list[tuple[str, bytes]]]) -> None:
    prometheus_get(client, *case)


@pytest.mark.long
@many(4_000)
@given(POST_CASE)
def test_prometheus_post_for_long(client: httpx.Client, case: tuple[str, list[tuple[str, bytes]], Any]) -> None:
    prometheus_post(client, *case)


@pytest.mark.long
@many(4_000)
@given(BODY_CASE)
def test_own_bodies_for_long(client: httpx.Client, case: tuple[tuple[str, str], bytes]) -> None:
    (method, path), body = case
    own_body(client, method, path, body)


@pytest.mark.long
@many(2_000)
@given(PANELS_CASE)
def test_own_panels_for_long(client: httpx.Client, case: dict[str, Any]) -> None:
    own_body(client, "POST", "panels", json.dumps(case, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("path", sorted(PROMETHEUS))
@pytest.mark.parametrize("fill", [b"(", b"\xff", b"-1", b"{a=~'"], ids=repr)
def test_a_mebibyte_in_each_parameter(client: httpx.Client, server: Server, path: str, fill: bytes) -> None:
    """Just below the bound of a form after its percent signs, and far beyond it."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    name = PROMETHEUS[path][0]
    with Watcher(server.url, pid=server.pid):
        for size in (MEBIBYTE // 3 - 1_000, MEBIBYTE):
            body = encoded([(name, fill * (size // len(fill))), *[(other, b"1") for other in PROMETHEUS[path][1:]]])
            check_prometheus(
                asked_in_time(lambda body=body: client.post(f"/api/v1/{path}", content=body, headers=headers))
            )
        time.sleep(0.05)


@pytest.mark.parametrize(("method", "path"), sorted(OWN_BODIES))
def test_deep_and_wide_json(client: httpx.Client, server: Server, method: str, path: str) -> None:
    names = OWN_BODIES[method, path] or ("x",)
    with Watcher(server.url, pid=server.pid):
        for value in (
            "[" * 100_000,
            "[" * 100_000 + "]" * 100_000,
            '{"a":' * 50_000 + "1" + "}" * 50_000,
            "9" * 100_000,
            "1e400",
            "NaN",
            '"' + "a" * MEBIBYTE + '"',
            '"\\ud800"',
            '"\\u0000"',
            "[" + ",".join(["{}"] * 100_000) + "]",
            "{" + ",".join(f'"k{n}":1' for n in range(50_000)) + "}",
        ):
            own_body(client, method, path, ("{" + ",".join(f'"{name}":{value}' for name in names) + "}").encode())
            own_body(client, method, path, value.encode())
        time.sleep(0.05)


HEAVY = (
    "sum(max_over_time(rate(bench_total[5m])[1h:1s]))",
    "quantile by (handler) (0.9, rate(bench_total[10m]))",
    "topk(5, sum without (pod) (increase(bench_total[15m])))",
    "bench_total * on (pod) group_left bench_total",
    "count({__name__=~'bench.*', pod=~'.*1.*'})",
    'label_replace(bench_total, "half", "$1", "pod", "shop-(...).*")',
)


def running(client: httpx.Client) -> dict[str, float]:
    page = client.get("/metrics").text
    lines = (line.rsplit(" ", 1) for line in page.splitlines() if line.startswith("hannun_queries_"))
    return {name: float(value) for name, value in lines if name in ("hannun_queries_running", "hannun_queries_waiting")}


def nothing_runs(client: httpx.Client, within_s: float) -> None:
    deadline_s = time.monotonic() + within_s
    while any(now := running(client).values()):
        assert time.monotonic() < deadline_s, f"still busy after {within_s:.0f} s: {now}"
        time.sleep(0.05)


def heavy_question(number: int) -> dict[str, str]:
    end_s = int(time.time())
    return {"query": HEAVY[number % len(HEAVY)], "start": str(end_s - 3_600), "end": str(end_s), "step": "1"}


def test_twenty_heavy_questions_at_once_while_writes_go_on(client: httpx.Client, server: Server) -> None:
    enough = threading.Event()
    written: list[int] = []
    labels = counters("beside_total", 500)

    def write() -> None:
        with httpx.Client(base_url=server.url, timeout=30) as own:
            while not enough.is_set():
                body = body_of(labels, int(time.time() * 1000), [1.0] * len(labels))
                written.append(own.post("/api/v1/write", content=body, headers=HEADERS).status_code)

    def ask(number: int) -> httpx.Response:
        return httpx.post(f"{server.url}/api/v1/query_range", data=heavy_question(number), timeout=60)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with Watcher(server.url, late_share=0.1, pid=server.pid), ThreadPoolExecutor(20) as crowd:
            answers = list(crowd.map(ask, range(20)))
    finally:
        enough.set()
        writer.join(30)
    assert {answer.status_code for answer in answers} == {200}, [answer.text[:200] for answer in answers]
    assert set(written) == {204}
    nothing_runs(client, 5)


def test_callers_that_leave_free_their_threads(client: httpx.Client, server: Server) -> None:
    """Forty callers close their sockets: some while their question runs, some while it waits in the line."""
    slow = quote_from_bytes(b"sum(max_over_time(rate(bench_total[5m])[2h:1s]))")
    end_s = int(time.time())
    path = f"/api/v1/query_range?query={slow}&start={end_s - 3_600}&end={end_s}&step=1"
    sockets = []
    with Watcher(server.url, late_share=0.1, pid=server.pid):
        for _ in range(40):
            each = socket.create_connection(("127.0.0.1", server.port))
            each.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            sockets.append(each)
        time.sleep(0.5)
        busy = running(client)
        for each in sockets:
            each.close()
        nothing_runs(client, 15)
    assert busy["hannun_queries_running"] > 0, "the questions were too light to be left"
    assert client.get("/api/v1/query", params={"query": "1"}).status_code == 200


@few(80)
@given(form_of(("match[]", "start", "end")))
def test_deletes(client: httpx.Client, pairs: list[tuple[str, bytes]]) -> None:
    """Last, because some of them mean everything."""
    for path in ("delete_series", "clean_tombstones"):
        check_prometheus(asked_in_time(lambda path=path: client.post(f"/api/v1/admin/tsdb/{path}?{encoded(pairs)}")))


def test_the_log_has_no_error_after_all_this(server: Server) -> None:
    assert "Traceback" not in server.log
    assert "ERROR" not in server.log
