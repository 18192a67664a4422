"""On the port of a replaced product its routes own the root; everything else answers there as usual."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hannun.config import classic
from hannun.config.values import BadValue
from hannun.model.access import Access
from hannun.model.classic import PREFIX_OF, SYSLOG
from hannun.model.http import Endpoint
from hannun.testing.server import free_port
from hannun.web import server as web_server
from hannun.web.server import WebServer, bind, create_app

HERE = Path("/somewhere")


def said(words: str, path: str, prefix: str = "", *, at_root: bool = True) -> Endpoint:
    async def handler(_: Request) -> Response:
        return PlainTextResponse(words)

    return Endpoint("GET", path, handler, Access.PUBLIC, prefix, at_root)


ENDPOINTS = (
    said("own", "/metrics"),
    said("node", "/metrics", "/node-exporter", at_root=False),
    said("query", "/api/v1/query", "/prometheus"),
)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    port = free_port()
    monkeypatch.setattr(web_server, "PREFIX_OF", {port: "/node-exporter"})
    return port


async def answers(build: object, port: int, paths: Sequence[str], at: int | None = None) -> list[str]:
    house = build()  # type: ignore[operator]
    app = create_app(ENDPOINTS, house.gate, classic_ports=[port])
    server = WebServer(app, host="127.0.0.1", port=0, classic_ports=[port])
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{at or server.port}") as client:
            return [(await client.get(path)).text for path in paths]
    finally:
        await server.stop()


async def test_the_product_owns_the_root_on_its_port(build: object, port: int) -> None:
    paths = ["/metrics", "/node-exporter/metrics", "/api/v1/query"]
    assert await answers(build, port, paths, at=port) == ["node", "node", "query"]


async def test_the_usual_port_is_as_it_was(build: object, port: int) -> None:
    paths = ["/metrics", "/node-exporter/metrics", "/prometheus/api/v1/query"]
    assert await answers(build, port, paths) == ["own", "node", "query"]


async def test_a_taken_port_is_a_warning(build: object, port: int, caplog: pytest.LogCaptureFixture) -> None:
    with bind("127.0.0.1", port), caplog.at_level(logging.WARNING, "hannun.web"):
        assert await answers(build, port, ["/metrics"]) == ["own"]
    assert f"port {port} is left out" in caplog.text


@pytest.mark.parametrize(
    ("words", "ports"),
    [
        pytest.param("", (), id="none"),
        pytest.param("all", (*PREFIX_OF, SYSLOG), id="all"),
        pytest.param("true", (*PREFIX_OF, SYSLOG), id="a bare flag in YAML"),
        pytest.param("false", (), id="switched off"),
        pytest.param("9100, 9090,9100", (9100, 9090), id="a list, each once"),
    ],
)
def test_which_ports(words: str, ports: tuple[int, ...]) -> None:
    assert classic.ports(words, HERE) == ports


@pytest.mark.parametrize("words", ["9101", "-1", "x", "9090,x", "٩٠٩٠"])
def test_other_ports_are_refused_with_those_there_are(words: str) -> None:
    with pytest.raises(BadValue, match="9090, 9091"):
        classic.ports(words, HERE)
