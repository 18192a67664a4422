from __future__ import annotations

from typing import Any

import pytest

from hannun.web import health
from hannun.web.site import Site

Build = Any


def metrics_page(accept: str) -> tuple[str, bytes]:
    return (
        "application/openmetrics-text" if "openmetrics" in accept else "text/plain; version=0.0.4"
    ), b"hannun_test 7\n"


def endpoints(*, ready: bool = True, lost: bool = False, base: str = "") -> list[Any]:
    return health.routes(metrics_page=metrics_page, is_ready=lambda: ready, is_lost=lambda: lost, base=base)


@pytest.mark.parametrize("prefix", ["", "/prometheus"])
@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
async def test_health_speaks_prometheuss_words_to_everybody(build: Build, prefix: str, closed: bool) -> None:
    house = build(endpoints=endpoints())
    if closed:
        house.user()
    async with house.client() as client:
        healthy, ready = await client.get(f"{prefix}/-/healthy"), await client.get(f"{prefix}/-/ready")
        head = await client.head(f"{prefix}/-/ready")
    assert (healthy.status_code, healthy.text) == (200, "Prometheus Server is Healthy.\n")
    assert (ready.status_code, ready.text) == (200, "Prometheus Server is Ready.\n")
    assert (head.status_code, head.content) == (200, b"")


async def test_not_ready_is_503(build: Build) -> None:
    async with build(endpoints=endpoints(ready=False)).client() as client:
        assert (await client.get("/-/ready")).status_code == 503
        assert (await client.get("/-/healthy")).status_code == 200


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready", "/prometheus/-/healthy"])
async def test_a_server_whose_engine_is_lost_is_not_healthy(build: Build, path: str) -> None:
    async with build(endpoints=endpoints(lost=True)).client() as client:
        answer = await client.get(path, headers={"accept-language": "en"})
    assert (answer.status_code, "must be started again" in answer.json()["error"]) == (503, True)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/graph?g0.expr=up", "/query?g0.expr=up"),
        ("/graph", "/query"),
        ("/query?g0.expr=up&x=%2F%2Fevil", "/explore?expr=up"),
        ("/prometheus/graph?x=1", "/query?x=1"),
    ],
)
async def test_old_pages_lead_to_the_new_one(build: Build, path: str, location: str) -> None:
    async with build(endpoints=endpoints()).client() as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (302, location)


async def test_redirects_stay_below_the_sub_path(build: Build) -> None:
    site = Site(external_url="http://localhost:8800/watch")
    async with build(site, endpoints(base="/watch")).client() as client:
        assert (await client.get("/watch/query?a=1")).headers["location"] == "/watch/explore?a=1"


async def test_own_metrics(build: Build) -> None:
    house = build(endpoints=endpoints())
    async with house.client() as client:
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert answer.text == "hannun_test 7\n"
        asked = await client.get("/metrics", headers={"accept": "application/openmetrics-text"})
        assert asked.headers["content-type"] == "application/openmetrics-text"
        house.user()
        assert (await client.get("/metrics")).status_code == 401
