from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hannun.api.hannun.backend import Backend
from hannun.api.hannun.errors.releases import routes
from hannun.api.limits import ApiLimits
from hannun.model.http import Endpoint
from hannun.model.release_record import Commit, Deploy, ReleaseChange
from hannun.query.promql import PromEngine
from hannun.store.meta import MetaStore


@pytest.fixture
def meta(tmp_path: Path, clock) -> Iterator[MetaStore]:
    opened = MetaStore.open(tmp_path / "meta.db", clock)
    for version in ("shop@1.9.0", "shop@1.10.0"):
        opened.releases.make(version, ReleaseChange(projects=(1,), commits=(Commit("a" * 40, "결제"),)))
        clock.advance(1)
    opened.releases.make("shop@1.8.0", ReleaseChange(archived=True))
    opened.releases.deploy("shop@1.9.0", Deploy(0, "production", finished_ms=7))
    yield opened
    opened.close()


@pytest.fixture
def endpoints(meta: MetaStore, reader, runner, clock) -> list[Endpoint]:
    backend = Backend(PromEngine(reader, clock=clock), reader, runner, None, ApiLimits(), clock)  # type: ignore[arg-type]
    return [route.endpoint() for route in routes(backend, meta.releases)]


@pytest.mark.parametrize(
    ("query", "versions"),
    [
        ("", ["shop@1.10.0", "shop@1.9.0"]),
        ("?sort=semver&archived=1", ["shop@1.10.0", "shop@1.9.0", "shop@1.8.0"]),
        ("?limit=1&offset=1", ["shop@1.9.0"]),
        ("?limit=1&offset=0", ["shop@1.10.0"]),
        ("?query=1.9", ["shop@1.9.0"]),
        ("?project=2", []),
    ],
    ids=["newest first", "by version, all", "a page", "first page", "part of the name", "another project"],
)
async def test_releases_are_listed(serve, endpoints: list[Endpoint], query: str, versions: list[str]) -> None:
    async with serve(endpoints) as client:
        told = (await client.get(f"/api/hannun/v1/releases{query}")).json()
    assert [one["version"] for one in told["releases"]] == versions
    assert told["total"] >= len(versions)


async def test_one_release_tells_its_commits_and_deploys(serve, endpoints: list[Endpoint]) -> None:
    async with serve(endpoints) as client:
        told = (await client.get("/api/hannun/v1/releases/shop@1.9.0")).json()
    assert (told["commits"], told["deploys"], told["new_issues"]) == (1, 1, 0)
    assert told["head"] == told["commit_list"][0]
    assert told["commit_list"][0]["message"] == "결제"
    assert told["deploy_list"][0]["environment"] == "production"


@pytest.mark.parametrize(
    ("path", "error"),
    [("/nothing", "NotFound"), ("?sort=x", "WireError"), ("?limit=x", "WireError"), ("?project=x", "WireError")],
)
async def test_what_is_wrong_is_said(serve, endpoints: list[Endpoint], path: str, error: str) -> None:
    async with serve(endpoints) as client:
        answer = await client.get(f"/api/hannun/v1/releases{path}")
    assert answer.json()["class"] == error
