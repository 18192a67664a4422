"""A whole web application over a real meta store in a temporary folder, and the callers that may come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from hannun.model.http import Endpoint
from hannun.model.secret import hash_password
from hannun.store.meta import MetaStore
from hannun.web.auth import accounts_api, session_api
from hannun.web.auth.gate import Gate
from hannun.web.server import create_app
from hannun.web.site import Site
from hannun.web.static import Static

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)


class FakeClock:
    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000

    def forward(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


@dataclass
class House:
    app: ASGIApp
    gate: Gate
    meta: MetaStore
    clock: FakeClock

    def client(
        self, base_url: str = "http://localhost:8800", peer: str = "127.0.0.1", **more: object
    ) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=(peer, 40_000))
        return httpx.AsyncClient(transport=transport, base_url=base_url, **more)  # type: ignore[arg-type]


Build = Callable[..., House]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def build(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Build]:
    """`build(site, endpoints)` -> House."""
    opened: list[MetaStore] = []

    def make(site: Site | None = None, endpoints: Sequence[Endpoint] = (), static: Static | None = None) -> House:
        meta = MetaStore.open(tmp_path / f"meta{len(opened)}.db", clock)
        opened.append(meta)
        gate = Gate(meta, site or Site(), clock)
        own = [*session_api.routes(gate), *accounts_api.routes(gate)]
        page = Static("<!doctype html><html><head></head><body></body></html>", {}) if static is None else static
        return House(create_app([*own, *endpoints], gate, page), gate, meta, clock)

    yield make
    for meta in opened:
        meta.close()
