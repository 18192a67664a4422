"""`/probe` and its neighbours, in blackbox_exporter's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from hannun.api import blackbox
from hannun.api.blackbox import scrape_timeout_s
from hannun.model.access import Access
from hannun.model.errors import ConfigError, Overloaded
from hannun.model.family import Family
from hannun.model.http import Endpoint
from hannun.model.probe import ProbeRefused, ProbeRequest, ProbeResult

Serve = Callable[[Sequence[Endpoint]], AbstractAsyncContextManager[httpx.AsyncClient]]


class OneProber:
    """Answers every probe of a known module with success."""

    def __init__(self) -> None:
        self.asked: list[ProbeRequest] = []
        self.done: list[ProbeResult] = []

    async def probe(self, request: ProbeRequest) -> ProbeResult:
        self.asked.append(request)
        if request.module == "zzz":
            raise ProbeRefused('Unknown module "zzz"')
        if request.module == "busy":
            raise Overloaded("512 probes are waiting", retry_after_s=3)
        if not request.target:
            raise ProbeRefused("Target parameter is missing")
        success = Family.single("probe_success", "gauge", "Displays whether or not the probe was a success", 1.0)
        result = ProbeResult(len(self.done), request.module or "http_2xx", request.target, True, (success,), "a log\n")
        self.done.insert(0, result)
        return result

    def recent(self) -> Sequence[ProbeResult]:
        return self.done

    def config_yaml(self, module: str = "") -> str:
        return "prober: http\n" if module else "modules:\n  http_2xx:\n    prober: http\n"

    def families(self) -> Sequence[Family]:
        return [Family.single("blackbox_module_unknown_total", "counter", "Count", 2.0)]


@pytest.fixture
def prober() -> OneProber:
    return OneProber()


async def reloaded() -> None:
    """A reload that goes well."""


@pytest.mark.parametrize(
    ("query", "words"),
    [
        pytest.param("", "Target parameter is missing\n", id="no target"),
        pytest.param("?target=x&module=zzz", 'Unknown module "zzz"\n', id="a module that is not there"),
    ],
)
async def test_a_probe_that_cannot_begin_is_400_in_the_exact_words(
    query: str, words: str, prober: OneProber, serve: Serve
) -> None:
    async with serve(blackbox.routes(prober, reloaded)) as client:
        answer = await client.get(f"/probe{query}")
    assert (answer.status_code, answer.text) == (400, words)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_probe_answers_with_a_page(prober: OneProber, serve: Serve) -> None:
    async with serve(blackbox.routes(prober, reloaded)) as client:
        answer = await client.get(
            "/blackbox/probe",
            params={"target": "http://a", "module": "m", "hostname": "b"},
            headers={"X-Prometheus-Scrape-Timeout-Seconds": "9.5"},
        )
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.splitlines()[1:] == ["# TYPE probe_success gauge", "probe_success 1"]
    assert prober.asked == [ProbeRequest("http://a", "m", "b", 9.5, trusted=False)]


async def test_debug_shows_log_metrics_and_the_module(prober: OneProber, serve: Serve) -> None:
    async with serve(blackbox.routes(prober, reloaded)) as client:
        answer = await client.get("/probe?target=x&debug=true")
    assert answer.text.startswith(
        "Logs for the probe:\na log\n\n\n\nMetrics that would have been returned:\n# HELP probe_s"
    )
    assert answer.text.endswith("\n\n\nModule configuration:\nprober: http\n")


async def test_a_timeout_that_is_no_number_is_500_in_the_exact_words(prober: OneProber, serve: Serve) -> None:
    async with serve(blackbox.routes(prober, reloaded)) as client:
        answer = await client.get("/probe?target=x", headers={"X-Prometheus-Scrape-Timeout-Seconds": "abc"})
    assert answer.status_code == 500
    assert answer.text == (
        'Failed to parse timeout from Prometheus header: strconv.ParseFloat: parsing "abc": invalid syntax\n'
    )


@pytest.mark.parametrize("header", ["nan", "inf", "1e999", "x" * 1000])
def test_a_timeout_is_a_finite_number(header: str) -> None:
    with pytest.raises(ValueError, match=r"strconv\.ParseFloat"):
        scrape_timeout_s(header)


async def test_too_many_probes_are_503(prober: OneProber, serve: Serve) -> None:
    async with serve(blackbox.routes(prober, reloaded)) as client:
        answer = await client.get("/probe?target=x&module=busy")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")


async def test_the_other_pages(prober: OneProber, serve: Serve) -> None:
    async with serve(blackbox.routes(prober, reloaded)) as client:
        assert (await client.get("/blackbox/-/healthy")).text == "Healthy"
        assert "blackbox_module_unknown_total 2" in (await client.get("/blackbox/metrics")).text
        assert (await client.get("/blackbox/config")).text.startswith("modules:")
        refused = await client.get("/blackbox/-/reload")
        assert (refused.status_code, refused.text) == (405, "This endpoint requires a POST request.\n")
        assert (await client.post("/blackbox/-/reload")).status_code == 200


async def test_a_reload_that_fails_says_why(prober: OneProber, serve: Serve) -> None:
    async def refuse() -> None:
        raise ConfigError("blackbox.yml line 3: unknown prober")

    async with serve(blackbox.routes(prober, refuse)) as client:
        answer = await client.post("/blackbox/-/reload")
    assert (answer.status_code, answer.text) == (500, "failed to reload config: blackbox.yml line 3: unknown prober\n")


async def test_the_home_page_shows_recent_probes_and_no_markup_of_theirs(prober: OneProber, serve: Serve) -> None:
    async with serve(blackbox.routes(prober, reloaded)) as client:
        assert "Nothing was probed yet." in (await client.get("/blackbox/")).text
        await client.get("/probe", params={"target": "<script>alert(1)</script>"})
        page = (await client.get("/blackbox/")).text
        logs = await client.get("/blackbox/logs?id=0")
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert logs.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(("query", "status"), [("id=9", 404), ("id=x", 500), ("", 500), ("id=" + "9" * 5000, 404)])
async def test_logs_of_a_probe_that_is_not_there(query: str, status: int, prober: OneProber, serve: Serve) -> None:
    async with serve(blackbox.routes(prober, reloaded)) as client:
        assert (await client.get(f"/blackbox/logs?{query}")).status_code == status


def test_only_probe_stands_at_the_root(prober: OneProber) -> None:
    rooted = {endpoint.path: endpoint.access for endpoint in blackbox.routes(prober, reloaded) if endpoint.at_root}
    assert rooted == {"/probe": Access.VIEW}
