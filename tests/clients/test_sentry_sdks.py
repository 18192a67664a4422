"""Sentry's SDKs as people have them, old and new: the program crashes, and what a person would see is on the page."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hannun.testing.server import Server
from hannun.testing.waiting import until

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / ".venv" / "clients"
SDK = Path(__file__).parent / "sdk"
PROGRAMS = SDK / "programs"
NODE_MODULES = SDK / "node_modules"
OLD = "1.40.0"
NEW = "2.75.0"

pytestmark = [
    pytest.mark.xdist_group("clients-sentry"),
    pytest.mark.skipif(not (CLIENTS / "frameworks").exists(), reason="`make dev` has not installed the test clients"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("sentry") / "data", flags=("--no-self",)) as server:
        yield server


@pytest.fixture(scope="module")
def dsn(server: Server) -> str:
    return str(httpx.get(f"{server.url}/api/hannun/v1/projects").json()[0]["dsn"])


def run(command: list[str], **environment: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=90, env={**os.environ, **environment})
    assert ended.returncode == 0, ended.stderr


def python(program: str, version: str, dsn: str) -> None:
    """Run a program with this version of the SDK and the frameworks."""
    own = [str(CLIENTS / f"sentry-sdk-{OLD}")] if version == OLD else []
    paths = os.pathsep.join([*own, str(CLIENTS / "frameworks")])
    run([sys.executable, str(PROGRAMS / program), dsn], PYTHONPATH=paths)


def issues(server: Server, search: str) -> list[dict[str, Any]]:
    """What a search finds; waited for, because an SDK may still be sending."""
    found: list[dict[str, Any]] = []

    def there() -> bool:
        answer = httpx.get(f"{server.url}/api/hannun/v1/errors", params={"query": search}, timeout=30)
        found[:] = answer.json()["issues"]
        return bool(found)

    until(there, f"an issue for {search!r}", within_s=20)
    return found


def issue_of(server: Server, search: str) -> dict[str, Any]:
    """The one issue that a search finds, with its newest event under `event`."""
    found = issues(server, search)
    assert len(found) == 1, [one["title"] for one in found]
    event = httpx.get(f"{server.url}/api/hannun/v1/errors/{found[0]['short_id']}/events/latest", timeout=30)
    return {**found[0], "event": event.json()}


def top_frame(issue: dict[str, Any]) -> dict[str, Any]:
    frames = issue["event"]["payload"]["exception"]["values"][-1]["stacktrace"]["frames"]
    return dict(next(frame for frame in reversed(frames) if frame["in_app"]))


@pytest.mark.parametrize("version", [NEW, OLD])
def test_fastapi(server: Server, dsn: str, version: str) -> None:
    python("fastapi_app.py", version, dsn)
    issue = issue_of(server, "error.type:ValueError release:shop@1.8.2")
    assert issue["title"].startswith("ValueError: order 17 cannot be paid")
    assert issue["culprit"] == "/orders/{order}"
    assert issue["users"] == 1
    payload = issue["event"]["payload"]
    frame = top_frame(issue)
    assert frame["function"] == "pay"
    assert frame["context_line"].strip().startswith("raise ValueError")
    assert frame["vars"]["password"] == "[Filtered]"
    assert frame["vars"]["amount"] == "12000"
    assert payload["request"]["method"] == "POST"
    assert payload["request"]["url"].endswith("/orders/17")
    assert "4111" not in issue["event"]["payload"]["request"].__repr__()
    assert payload["user"]["email"] == "kim@example.kr"
    crumbs = payload["breadcrumbs"]["values"]
    assert "장바구니에 담음" in [crumb.get("message") for crumb in crumbs]
    assert issue["event"]["tags"]["environment"] == "production"
    assert payload["sdk"]["version"] == version


@pytest.mark.parametrize("version", [NEW, OLD])
def test_flask(server: Server, dsn: str, version: str) -> None:
    python("flask_app.py", version, dsn)
    issue = issue_of(server, "error.type:KeyError environment:staging")
    assert issue["title"] == "KeyError: 'full'"
    assert issue["culprit"] == "cart"
    assert issue["event"]["payload"]["sdk"]["version"] == version


@pytest.mark.parametrize("version", [NEW, OLD])
def test_django(server: Server, dsn: str, version: str) -> None:
    python("django_app.py", version, dsn)
    issue = issue_of(server, "release:admin@3.1.0")
    assert issue["title"].startswith("ValueError: invalid literal for int()")
    assert issue["event"]["payload"]["request"]["query_string"] in ("days=many", [["days", "many"]])


@pytest.mark.parametrize("version", [NEW, OLD])
def test_celery(server: Server, dsn: str, version: str) -> None:
    python("celery_app.py", version, dsn)
    issue = issue_of(server, "release:worker@0.9.0")
    assert issue["title"] == "ConnectionError: no route to kim@example.kr"
    assert issue["culprit"] == "mail.send"
    assert issue["handled"] is False


@pytest.mark.parametrize("version", [NEW, OLD])
def test_logging(server: Server, dsn: str, version: str) -> None:
    python("logging_app.py", version, dsn)
    caught = issue_of(server, "release:cron@1 error.type:LookupError")
    assert caught["logger"] == "shop.stock"
    said = issue_of(server, 'release:cron@1 message:"stock of*"')
    assert said["title"] == "stock of pen is wrong by 3"


def test_old_and_new_sdks_make_one_issue_of_one_bug(server: Server, dsn: str) -> None:
    for version in (NEW, OLD):
        python("flask_app.py", version, dsn)
    assert issue_of(server, "error.type:KeyError environment:staging")["events"] >= 2


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("package", ["sentry-node-11", "sentry-node-7"])
def test_node(server: Server, dsn: str, package: str) -> None:
    run(["node", str(PROGRAMS / "node.cjs"), str(NODE_MODULES / package), dsn])
    issue = issue_of(server, "release:api@4.0.0 error.type:TypeError")
    assert issue["title"].startswith("TypeError: Cannot read properties of undefined")
    frame = top_frame(issue)
    assert frame["function"].endswith("charge")
    assert frame["context_line"].strip() == "return order.card.number;"
    assert issue["event"]["tags"]["city"] == "서울"
    # Version 11 sends the stack of a message too, so by its stack it is grouped.
    assert {one["title"] for one in issues(server, "release:api@4.0.0 level:warning")} == {"queue is long"}
