"""node_exporter's and cAdvisor's pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from hannun.api import exporters
from hannun.collect.host import HostCollector
from hannun.model.family import Family
from hannun.model.http import Endpoint

Serve = Callable[[Sequence[Endpoint]], AbstractAsyncContextManager[httpx.AsyncClient]]


def own() -> list[Family]:
    return [
        Family.single("process_open_fds", "gauge", "Number of open file descriptors.", 7.0),
        Family.single("hannun_rows_total", "counter", "Not the node's.", 1.0),
    ]


def containers() -> list[Family]:
    return [Family.of("container_last_seen", "gauge", "Last time seen", [((("id", "/"),), 1.0)])]


@pytest.fixture(scope="module")
def host() -> HostCollector:
    return HostCollector(only=["loadavg", "meminfo"])


@pytest.fixture
def endpoints(host: HostCollector) -> list[Endpoint]:
    return exporters.routes(node=host.families, containers=containers, own=own)


def names_of(page: str) -> list[str]:
    return [line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")]


async def test_the_node_page_is_whole_and_sorted(endpoints: list[Endpoint], serve: Serve) -> None:
    async with serve(endpoints) as client:
        await client.get("/node-exporter/metrics")
        page = (await client.get("/node-exporter/metrics")).text
    names = names_of(page)
    assert names == sorted(names)
    assert {"node_load1", "node_memory_MemTotal_bytes", "node_exporter_build_info", "process_open_fds"} <= set(names)
    assert "hannun_rows_total" not in names
    assert 'promhttp_metric_handler_requests_total{code="200"} 1' in page


@pytest.mark.parametrize(
    ("query", "collectors"),
    [
        pytest.param("collect[]=loadavg", {"loadavg"}, id="collect"),
        pytest.param("collect[]=loadavg&collect[]=meminfo", {"loadavg", "meminfo"}, id="collect two"),
        pytest.param("exclude[]=loadavg", {"meminfo"}, id="exclude"),
        pytest.param("", {"loadavg", "meminfo"}, id="all"),
    ],
)
async def test_collectors_can_be_chosen(
    query: str, collectors: set[str], endpoints: list[Endpoint], serve: Serve
) -> None:
    async with serve(endpoints) as client:
        page = (await client.get(f"/node-exporter/metrics?{query}")).text
    told = {line.split('"')[1] for line in page.splitlines() if line.startswith("node_scrape_collector_success{")}
    assert told == collectors
    assert ("node_load1" in names_of(page)) == ("loadavg" in collectors)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        pytest.param(
            "collect[]=nix",
            "Couldn't create filtered metrics handler: couldn't create collector: missing collector: nix",
            id="unknown",
        ),
        pytest.param(
            "collect[]=loadavg&exclude[]=meminfo",
            "Combined collect and exclude queries are not allowed.",
            id="both",
        ),
    ],
)
async def test_a_bad_choice_is_400(query: str, words: str, endpoints: list[Endpoint], serve: Serve) -> None:
    async with serve(endpoints) as client:
        answer = await client.get(f"/node-exporter/metrics?{query}")
    assert (answer.status_code, answer.text) == (400, words)


async def test_the_container_page(endpoints: list[Endpoint], serve: Serve) -> None:
    async with serve(endpoints) as client:
        plain = await client.get("/cadvisor/metrics")
        modern = await client.get("/cadvisor/metrics", headers={"Accept": "application/openmetrics-text"})
    assert 'container_last_seen{id="/"} 1' in plain.text
    assert modern.text.endswith("# EOF\n")


def test_nothing_stands_at_the_root_and_without_self_there_is_nothing(endpoints: list[Endpoint]) -> None:
    assert not any(endpoint.at_root for endpoint in endpoints)
    assert exporters.routes(node=None, containers=None, own=own) == []
