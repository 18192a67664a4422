"""The curl lines of scripts and runbooks: every way to hand over parameters, and the plain-text endpoints."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

CURL = shutil.which("curl")
pytestmark = [
    pytest.mark.xdist_group("clients"),
    pytest.mark.skipif(CURL is None, reason="curl is not installed"),
]


@pytest.fixture
def curl(filled):
    def run(*arguments: str) -> str:
        """Stdout, with `URL` in the arguments replaced."""
        given = [argument.replace("URL", filled.url) for argument in arguments]
        ended = subprocess.run([str(CURL), "-sS", "-m", "10", *given], capture_output=True, text=True, timeout=20)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


def data(text: str) -> Any:
    answer = json.loads(text)
    assert answer["status"] == "success", answer
    return answer["data"]


EXPR = 'query=sum(shop_orders_total{city="서울"}) + 0'


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-G", "--data-urlencode", EXPR, "--data-urlencode", "time=END"], id="-G --data-urlencode"),
        pytest.param(["--data-urlencode", EXPR, "-d", "time=END"], id="a form"),
        pytest.param(["-X", "POST", "--data-urlencode", EXPR, "--url-query", "time=END"], id="both, URL and form"),
        pytest.param(["--compressed", "-G", "--data-urlencode", EXPR, "-d", "time=END"], id="compressed"),
        pytest.param(["-u", "admin:admin", "--data-urlencode", EXPR, "-d", "time=END"], id="a needless password"),
    ],
)
def test_a_question_may_be_asked_in_every_form(curl, filled, arguments: list[str]) -> None:
    asked = [argument.replace("END", str(filled.end_s)) for argument in arguments]
    try:
        answer = curl("URL/api/v1/query", *asked)
    except AssertionError as err:
        if "--url-query" in arguments and "--url-query" in str(err):
            pytest.skip("this curl is older than --url-query")
        raise
    assert data(answer)["result"][0]["value"] == [filled.end_s, "1200"]


def test_brackets_pass_with_g(curl) -> None:
    assert len(data(curl("-g", 'URL/api/v1/series?match[]=shop_orders_total{method="GET"}'))) == 2
    assert len(data(curl("URL/api/v1/series", "-d", "match[]=shop_orders_total", "-d", "limit=3"))) == 3


def test_headers_and_codes(curl, filled) -> None:
    codes = {
        "/-/healthy": "200",
        "/-/ready": "200",
        "/version": "200",
        "/api/v1/query?query=up": "200",
        "/api/v1/query?query=(": "400",
        f"/api/v1/query?query=shop_orders_total*on(job)shop_orders_total&time={filled.end_s}": "422",
        "/api/v1/nothing": "404",
        "/-/reload": "405",
        "/federate?match[]=(": "400",
    }
    told = {path: curl("-g", "-o", "/dev/null", "-w", "%{http_code}", f"URL{path}") for path in codes}
    assert told == codes
    assert curl("-X", "POST", "-o", "/dev/null", "-w", "%{http_code}", "URL/-/quit") == "403"
    assert "Content-Length" in curl("-I", "URL/-/healthy").title(), "HEAD"


def test_federate_is_plain_text(curl) -> None:
    page = curl("-G", "--data-urlencode", 'match[]={__name__=~"shop_.*"}', "URL/federate").splitlines()
    assert page[0] == "# TYPE shop_orders_total untyped"
    assert len([line for line in page if not line.startswith("#")]) == 5
    assert all("instance=" in line for line in page if not line.startswith("#"))


def test_the_old_graph_page_keeps_its_question(curl) -> None:
    graph = curl("-o", "/dev/null", "-w", "%{url_effective} %{http_code}", "-L", "URL/graph?g0.expr=up&g0.tab=1")
    where, code = graph.split()
    assert "expr=up&tab=table" in where
    assert code == "200"
