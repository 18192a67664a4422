"""Unmodified SDKs against a running server: what they send is asked for again over its own API.

Python's is the installed sentry-sdk or those in the folders of `HANNUN_SENTRY_SDKS`; Node's are the folders of
`HANNUN_SENTRY_NODE`, each with `node_modules/@sentry/node` inside. Folders are separated by colons.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hannun.testing.server import Server


def folders(variable: str) -> list[str]:
    return [folder for folder in os.environ.get(variable, "").split(":") if folder]


PYTHON = folders("HANNUN_SENTRY_SDKS") or ([""] if importlib.util.find_spec("sentry_sdk") else [])
NODE = folders("HANNUN_SENTRY_NODE") if shutil.which("node") else []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("sentry") / "data", flags=("--no-self",)) as running:
        yield running


@pytest.fixture(scope="module")
def dsn(server: Server) -> str:
    (project,) = httpx.get(f"{server.url}/api/hannun/v1/projects").json()
    return str(project["dsn"])


def found(ask: Callable[[], Any], *, within_s: float = 10.0) -> Any:
    """The first answer that says something; the SDK is done, so only the server's last step is waited for."""
    deadline_s = time.monotonic() + within_s
    while not (answer := ask()) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    return answer


def issue(server: Server, title: str) -> dict[str, Any]:
    """The one issue whose title begins so."""

    def ask() -> Any:
        page = httpx.get(f"{server.url}/api/hannun/v1/errors", params={"query": ""}).json()
        return [one for one in page["issues"] if one["title"].startswith(title)]

    (one,) = found(ask)
    return dict(one)


def latest(server: Server, one: dict[str, Any]) -> dict[str, Any]:
    answer = httpx.get(f"{server.url}/api/hannun/v1/errors/{one['id']}/events/latest").json()
    return dict(answer.get("event") or answer)


def lines(server: Server, query: str) -> list[dict[str, Any]]:
    def ask() -> Any:
        return httpx.get(f"{server.url}/loki/api/v1/query_range", params={"query": query}).json()["data"]["result"]

    return list(found(ask))


def python(folder: str, dsn: str, program: str, **options: str) -> subprocess.CompletedProcess[str]:
    """`program` after `init`, ended by a flush. From a folder it runs with nothing but the SDK."""
    told = "".join(f", {name}={value}" for name, value in options.items())
    text = f"import sentry_sdk\nsentry_sdk.init({dsn!r}{told})\n{program}\nsentry_sdk.flush(10)\n"
    done = subprocess.run(
        [sys.executable, *(["-S"] if folder else []), "-c", text],
        env={**os.environ, **({"PYTHONPATH": folder} if folder else {}), "no_proxy": "*"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.skipif(not PYTHON, reason="sentry-sdk is not installed and HANNUN_SENTRY_SDKS names no folder")
@pytest.mark.parametrize("folder", PYTHON, ids=[Path(folder).name or "installed" for folder in PYTHON])
def test_sentry_sdk_makes_one_issue_of_one_failure(server: Server, dsn: str, folder: str) -> None:
    name = f"OutOfStock{PYTHON.index(folder)}"
    program = f"""
class {name}(Exception): pass
def buy(sku):
    raise {name}(f"no {{sku}}")
for sku in ("결제-1", "결제-2", "결제-3"):
    try:
        buy(sku)
    except {name}:
        sentry_sdk.capture_exception()
"""
    python(folder, dsn, program, release="'shop@1.2.3'", environment="'prod'")
    one = issue(server, name)
    assert (one["events"], one["error_type"], one["function"], one["first_release"]) == (3, name, "buy", "shop@1.2.3")
    assert "no 결제-" in str(latest(server, one))


@pytest.mark.skipif(not PYTHON, reason="sentry-sdk is not installed and HANNUN_SENTRY_SDKS names no folder")
def test_logs_and_metrics_of_sentry_sdk_stand_beside_everybodys(server: Server, dsn: str) -> None:
    program = """
if hasattr(sentry_sdk, "logger"):
    sentry_sdk.logger.warning("stock of {sku} is low", sku="결제-1")
    from sentry_sdk import metrics
    metrics.count("orders", 2)
    metrics.count("orders", 3)
    print("sent")
"""
    if "sent" not in python(PYTHON[0], dsn, program, enable_logs="True", release="'shop@1.2.3'").stdout:
        pytest.skip("this sentry-sdk knows no logs")
    (stream,) = lines(server, '{release="shop@1.2.3"} |= "결제-1"')
    assert stream["values"][0][1] == "stock of 결제-1 is low"
    assert stream["stream"]["detected_level"] == "warn"
    assert stream["stream"]["sentry_message_template"] == "stock of {sku} is low"

    def total() -> Any:
        asked = httpx.get(f"{server.url}/api/v1/query", params={"query": "orders_total"}).json()
        return [sample["value"][1] for sample in asked["data"]["result"]]

    assert found(total) == ["5"]


@pytest.mark.skipif(not NODE, reason="node is missing, or HANNUN_SENTRY_NODE names no folder with @sentry/node")
@pytest.mark.parametrize("folder", NODE, ids=[Path(folder).name for folder in NODE])
def test_sentry_node_sends_chunked_bodies_and_large_ones(server: Server, dsn: str, folder: str) -> None:
    name = f"Node{Path(folder).name.title()}"
    program = f"""
const Sentry = require("@sentry/node");
Sentry.init({{dsn: {dsn!r}, tracesSampleRate: 1, release: "shop@2.0.0"}});
Sentry.addBreadcrumb({{message: "x".repeat(40000)}});
class {name} extends Error {{}}
{name}.prototype.name = "{name}";
function buy() {{ throw new {name}("멈춤") }}
try {{ buy() }} catch (err) {{ Sentry.captureException(err) }}
Sentry.withScope((scope) => {{
  scope.addAttachment({{filename: "a.txt", data: "a\\r\\nb\\n"}});
  Sentry.captureMessage("{name} 안녕");
}});
Sentry.flush(10000).then((done) => process.exit(done ? 0 : 1));
"""
    done = subprocess.run(["node", "-e", program], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert issue(server, f"{name}: ")["function"] == "buy"
    assert issue(server, f"{name} 안녕")["events"] == 1


EVENT = b'{"type":"event"}\n{"message":"from a page"}\n'


def test_a_page_of_another_site_may_send_and_read_its_limits(server: Server, dsn: str) -> None:
    key = dsn.partition("//")[2].partition("@")[0]
    page = {
        "origin": "https://shop.example",
        "sec-fetch-site": "cross-site",
        "content-type": "text/plain;charset=UTF-8",
    }
    url = f"{server.url}/api/1/envelope/?sentry_key={key}&sentry_version=7"
    answer = httpx.post(url, content=b"{}\n" + EVENT, headers=page)
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    asked = httpx.options(url, headers={**page, "access-control-request-method": "POST"})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, "*")
    tunnelled = httpx.post(f"{server.url}/tunnel", content=f'{{"dsn":"{dsn}"}}\n'.encode() + EVENT, headers=page)
    assert tunnelled.status_code == 200, tunnelled.text
    assert issue(server, "from a page")["events"] == 2


def test_a_prefix_in_the_dsn_and_large_files_pass(server: Server, dsn: str) -> None:
    key = dsn.partition("//")[2].partition("@")[0]
    file = os.urandom(15 << 20)
    body = (
        b'{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc"}\n'
        + f'{{"type":"attachment","length":{len(file)}}}\n'.encode()
    )
    auth = {"x-sentry-auth": f"Sentry sentry_key={key}"}
    answer = httpx.post(f"{server.url}/sentry/api/1/envelope/", content=body + file, headers=auth, timeout=30)
    assert answer.status_code == 200, answer.text
    assert httpx.get(f"{server.url}/api/1/cron/nightly/{key}/").status_code == 202


def test_who_has_no_key_is_refused_by_the_server_too(server: Server) -> None:
    for headers, status in (({}, 401), ({"x-sentry-auth": f"Sentry sentry_key={'d' * 32}"}, 403)):
        answer = httpx.post(f"{server.url}/api/1/envelope/", content=b"{}\n" + EVENT, headers=headers)
        assert answer.status_code == status
        assert answer.json()["detail"]
