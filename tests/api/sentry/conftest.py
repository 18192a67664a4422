"""A server with three issues of one project, asked as Sentry's tools ask."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from hannun.testing.server import Server
from hannun.testing.waiting import until

EVENT_ID = "0af7651916cd43dd8448eb211c80319c"
KINDS = ("KeyError", "ValueError", "TimeoutError")


def event(kind: str, number: int, **more: Any) -> dict[str, Any]:
    frame = {"filename": "shop/cart.py", "function": f"add_{kind}", "lineno": 7, "in_app": True}
    lines = {"pre_context": ["def add():"], "context_line": "    raise", "post_context": [""]}
    return {
        "event_id": f"{number:032x}",
        "timestamp": time.time() - 60 + number,
        "platform": "python",
        "level": "error",
        "release": "shop@1.0.0",
        "environment": "production",
        "exception": {"values": [{"type": kind, "value": "'결제'", "stacktrace": {"frames": [{**frame, **lines}]}}]},
        "breadcrumbs": {"values": [{"timestamp": 1_700_000_000, "category": "ui.click", "message": "<b>"}]},
        "request": {"method": "POST", "url": "https://shop.example/pay", "query_string": "a=1&b="},
        "user": {"id": "7", "email": "kim@example.com", "plan": "gold"},
        "tags": {"city": "서울"},
        **more,
    }


@dataclass(frozen=True, slots=True)
class Api:
    """Speaks to `/api/0` of a server; `ids` are the numbers of the issues, by the type of their error."""

    server: Server
    key: str
    client: httpx.Client
    ids: dict[str, int]

    def call(self, method: str, path: str, body: object = None, **more: Any) -> httpx.Response:
        return self.client.request(method, f"/api/0{path}", json=body, **more)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.call("GET", path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str, body: object) -> Any:
        answer = self.call("PUT", path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, body: dict[str, Any]) -> None:
        answer = self.client.post(f"/api/1/store/?sentry_key={self.key}", content=json.dumps(body))
        assert answer.status_code == 200, answer.text

    def issue(self, kind: str) -> str:
        return f"/issues/{self.ids[kind]}/"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with (
        Server(tmp_path_factory.mktemp("sentry-api") / "data", flags=("--no-self",)) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        (key,) = client.get("/api/0/projects/hannun/default/keys/").json()
        made = Api(server, key["public"], client, {})
        for number, kind in enumerate(KINDS):
            for again in range(number + 1):
                made.send(event(kind, 1 + number * 10 + again))
        found = until(
            lambda: rows if len(rows := made.get("/organizations/hannun/issues/")) == len(KINDS) else None, "the issues"
        )
        made.ids.update({one["metadata"]["type"]: int(one["id"]) for one in found})
        yield made
