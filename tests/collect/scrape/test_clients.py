"""Pages of unmodified client libraries, served the way their guides say."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import prometheus_client
import uvicorn
from prometheus_client.exposition import make_wsgi_app
from starlette.applications import Starlette
from starlette.routing import Mount

from hannun.model.labels import Labels


def registry() -> prometheus_client.CollectorRegistry:
    made = prometheus_client.CollectorRegistry()
    requests = prometheus_client.Counter("shop_requests", "Requests.", ["path"], registry=made)
    requests.labels("/").inc(3, exemplar={"trace_id": "abc123"})
    prometheus_client.Histogram("shop_wait_seconds", "Wait.", registry=made, buckets=(0.1, 1)).observe(0.5)
    prometheus_client.Info("shop_build", "Build.", registry=made).info({"version": "1.2"})
    return made


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


async def test_a_mounted_asgi_app_redirects_and_speaks_openmetrics(house: Any, make_job: Any) -> None:
    """What the FastAPI guide of prometheus_client mounts answers `/metrics` with 307 to `/metrics/`."""
    app = Starlette(routes=[Mount("/metrics", prometheus_client.make_asgi_app(registry=registry()))])
    async with serving(app) as address, house() as one:
        await one.apply(make_job(address))
        await one.round()
        assert one.status.last_error == ""
        assert one.sink.values("shop_requests_total", path="/") == [3.0]
        assert one.sink.values("shop_wait_seconds_bucket", le="1.0") == [1.0]
        assert one.sink.values("shop_build_info", version="1.2") == [1.0]
        exemplars = [exemplar for batch in one.sink.batches for exemplar in batch.exemplars]
        assert [(one.sink.known[told.series].metric, told.labels) for told in exemplars] == [
            ("shop_requests_total", Labels.of(trace_id="abc123"))
        ]
        types = {told.metadata.metric: told.metadata.type for told in one.manager.metadata()}
        assert types["shop_requests"] == "counter"
        assert types["shop_wait_seconds"] == "histogram"


async def test_the_text_format_of_the_same_app(house: Any, make_job: Any) -> None:
    app = Starlette(routes=[Mount("/metrics", prometheus_client.make_asgi_app(registry=registry()))])
    async with serving(app) as address, house() as one:
        await one.apply(make_job(address, metrics_path="/metrics/", protocols=("PrometheusText0.0.4",)))
        await one.round()
        assert one.sink.values("shop_requests_total", path="/") == [3.0]
        types = {told.metadata.metric: told.metadata.type for told in one.manager.metadata()}
        assert types["shop_requests_total"] == "counter"


async def test_the_wsgi_server_of_prometheus_client(house: Any, make_job: Any) -> None:
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    server = make_server("127.0.0.1", 0, make_wsgi_app(registry()), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        async with house() as one:
            await one.apply(make_job(f"127.0.0.1:{server.server_port}"))
            for _ in range(2):
                await one.round()
            assert one.sink.values("shop_requests_total", path="/") == [3.0, 3.0]
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
