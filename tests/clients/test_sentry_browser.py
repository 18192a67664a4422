"""The real @sentry/browser in Chromium, on a page of another origin: events, feedback, a tunnel, limits it can read.

Its modules are loaded as `make dev` installed them, by an import map that is made of what their packages export.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from hannun.testing.server import Server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FOLDER = Path(__file__).parent / "sdk"

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on this machine (Debian: apt-get install chromium)"),
    pytest.mark.skipif(not (FOLDER / "node_modules").exists(), reason="`make dev` has not installed the test clients"),
]

PAGE = """<!doctype html><meta charset="utf-8"><title>shop</title>
<script type="importmap">{imports}</script>
<script type="module">
import * as Sentry from "@sentry/browser";
{program}
await Sentry.flush(8000);
await fetch("/done");
</script>"""


def imports(modules: Path) -> str:
    """What `import "@sentry/…"` and those of its dependencies mean to a browser."""
    found: dict[str, str] = {}
    for manifest in sorted([*modules.glob("*/package.json"), *modules.glob("@*/*/package.json")]):
        told = json.loads(manifest.read_text(encoding="utf-8"))
        for name, target in (told.get("exports") or {".": told.get("module", "")}).items():
            path = _module(target).removeprefix("./")
            if path.endswith((".js", ".mjs")):
                url = f"/node_modules/{manifest.parent.relative_to(modules)}/{path}"
                found[f"{told['name']}{name.removeprefix('.')}"] = url
    return json.dumps({"imports": found})


def _module(target: Any) -> str:
    while isinstance(target, dict):
        target = target.get("import") or target.get("production") or target.get("default")
    return target if isinstance(target, str) else ""


class _Pages(SimpleHTTPRequestHandler):
    page = ""
    done = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/done":
            self.done.set()
        if self.path.partition("?")[0] != "/":
            super().do_GET()
            return
        body = self.page.encode()
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Silent."""


class Shop:
    """A web page of another origin that uses the SDK."""

    def __init__(self, port: int, handler: type[_Pages], profile: Path) -> None:
        self.origin = f"http://localhost:{port}"
        self._handler, self._profile = handler, profile

    def visit(self, program: str) -> None:
        self._handler.page = PAGE.format(imports=imports(FOLDER / "node_modules"), program=program)
        self._handler.done.clear()
        assert CHROMIUM is not None
        # A profile of its own: one that was ended would open its last page again.
        profile = self._profile / str(len(list(self._profile.iterdir())))
        flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
        browser = subprocess.Popen(
            [CHROMIUM, *flags, f"--user-data-dir={profile}", self.origin],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert self._handler.done.wait(40), "the page did not come to its end"
        finally:
            browser.terminate()
            browser.wait(20)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    handler = type("Pages", (_Pages,), {"done": threading.Event()})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=FOLDER)) as pages:
        thread = threading.Thread(target=pages.serve_forever, daemon=True)
        thread.start()
        yield Shop(pages.server_address[1], handler, tmp_path_factory.mktemp("chromium"))
        pages.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("sentry") / "data", flags=("--no-self",)) as running:
        yield running


@pytest.fixture(scope="module")
def dsn(server: Server) -> str:
    (project,) = httpx.get(f"{server.url}/api/hannun/v1/projects").json()
    return str(project["dsn"])


def issues(server: Server, title: str) -> list[dict[str, Any]]:
    deadline_s = time.monotonic() + 10
    while True:
        page = httpx.get(f"{server.url}/api/hannun/v1/errors", params={"query": ""}).json()
        found = [one for one in page["issues"] if title in one["title"]]
        if found or time.monotonic() > deadline_s:
            return found
        time.sleep(0.2)


def test_an_error_of_a_page_is_an_issue_with_its_browser(server: Server, dsn: str, shop: Shop) -> None:
    shop.visit(
        f"""
Sentry.init({{dsn: {dsn!r}, release: "shop@1.2.3", environment: "prod", tracesSampleRate: 1}});
function buy() {{ throw new TypeError("재고 없음") }}
setTimeout(buy, 0);
await new Promise((after) => setTimeout(after, 200));
Sentry.captureFeedback({{message: "it broke", name: "kim", email: "k@example.com"}});
"""
    )
    (one,) = issues(server, "TypeError: 재고 없음")
    assert (one["function"], one["handled"], one["first_release"]) == ("buy", False, "shop@1.2.3")
    tags = httpx.get(f"{server.url}/api/hannun/v1/errors/{one['id']}/tags").json()
    said = json.dumps(tags)
    assert "Chrome" in said
    assert shop.origin in said
    assert len(issues(server, "it broke")) == 1


def test_a_tunnel_is_all_that_the_page_calls(server: Server, dsn: str, shop: Shop) -> None:
    shop.visit(
        f"""
Sentry.init({{dsn: {dsn!r}, tunnel: "{server.url}/tunnel"}});
function tell() {{ Sentry.captureMessage("through the tunnel") }}
tell();
"""
    )
    assert [one["events"] for one in issues(server, "through the tunnel")] == [1]
