"""Debian's promtool asks Hannun as it asks Prometheus, and finds nothing to complain about in Hannun's own metrics."""

from __future__ import annotations

import json
import shutil
import subprocess

import httpx
import pytest

PROMTOOL = shutil.which("promtool")
pytestmark = [
    pytest.mark.xdist_group("clients"),
    pytest.mark.skipif(PROMTOOL is None, reason="Debian's promtool (package prometheus) is not installed"),
]


def promtool(*command: str, said: str = "", code: int = 0) -> str:
    """Its stdout, or its stderr when it is expected to fail."""
    ended = subprocess.run([str(PROMTOOL), *command], input=said, capture_output=True, text=True, timeout=30)
    assert ended.returncode == code, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout if code == 0 else ended.stderr


@pytest.mark.parametrize("base", ["", "/prometheus"], ids=["at the root", "under its prefix"])
def test_query_instant(filled, base: str) -> None:
    expr = "sum by (city) (shop_orders_total)"
    out = promtool("query", "instant", "--time", str(filled.end_s), filled.url + base, expr)
    assert sorted(out.split("\n")) == [
        "",
        f'{{city="부산"}} => 1200 @[{filled.end_s}]',
        f'{{city="서울"}} => 1200 @[{filled.end_s}]',
    ]


def test_query_instant_as_json(filled) -> None:
    out = promtool("query", "instant", "--format", "json", "--time", str(filled.end_s), filled.url, "vector(0.1)")
    assert json.loads(out) == [{"metric": {}, "value": [filled.end_s, "0.1"]}]


@pytest.mark.parametrize(
    ("expr", "answer"),
    [
        ("scalar(shop_temperature_celsius)", "scalar: 600 @["),
        ("shop_temperature_celsius[20s]", "585 @["),
    ],
    ids=["scalar", "range vector"],
)
def test_every_kind_of_answer_is_understood(filled, expr: str, answer: str) -> None:
    assert answer in promtool("query", "instant", "--time", str(filled.end_s), filled.url, expr)


def test_query_range(filled) -> None:
    window = ("--start", str(filled.end_s - 30), "--end", str(filled.end_s), "--step", "15s")
    out = promtool("query", "range", *window, filled.url, "shop_temperature_celsius")
    assert out.splitlines() == [
        'shop_temperature_celsius{instance="a:8000", job="shop"} =>',
        f"570 @[{filled.end_s - 30}]",
        f"585 @[{filled.end_s - 15}]",
        f"600 @[{filled.end_s}]",
    ]


def test_query_range_over_its_own_default_window(filled) -> None:
    """Without flags promtool asks for five minutes up to now in steps that it chooses itself."""
    out = promtool("query", "range", filled.url, "count(shop_orders_total)")
    assert "4 @[" in out


def test_query_series(filled) -> None:
    window = ("--start", str(filled.start_s), "--end", str(filled.end_s))
    out = promtool(
        "query",
        "series",
        "--match",
        'shop_orders_total{city="서울"}',
        "--match",
        "shop_temperature_celsius",
        *window,
        filled.url,
    )
    assert out.splitlines() == [
        '{__name__="shop_orders_total", city="서울", instance="a:8000", job="shop", method="GET"}',
        '{__name__="shop_orders_total", city="서울", instance="a:8000", job="shop", method="POST"}',
        '{__name__="shop_temperature_celsius", instance="a:8000", job="shop"}',
    ]


def test_query_labels(filled) -> None:
    window = ("--start", str(filled.start_s), "--end", str(filled.end_s))
    out = promtool("query", "labels", "--match", "shop_orders_total", *window, filled.url, "city")
    assert out.splitlines() == ["부산", "서울"]
    assert "shop_orders_total" in promtool("query", "labels", filled.url, "__name__").splitlines()


def test_errors_arrive_with_prometheus_type_and_place(filled) -> None:
    err = promtool("query", "instant", filled.url, "sum(", code=1)
    assert err == 'query error: bad_data: invalid parameter "query": 1:5: parse error: unclosed left parenthesis\n'
    time = ("--time", str(filled.end_s))
    err = promtool("query", "instant", *time, filled.url, "shop_orders_total + on (job) shop_orders_total", code=1)
    assert err.startswith("query error: execution: found duplicate series for the match group")


def test_check_metrics_has_nothing_to_say_about_our_own(filled) -> None:
    page = httpx.get(f"{filled.url}/metrics").text
    assert promtool("check", "metrics", said=page) == ""
