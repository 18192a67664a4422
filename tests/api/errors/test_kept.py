"""What SDKs send beside errors, from the envelope to the own API of a running server, and after it was killed."""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.api.hannun.errors.attachments import disposition
from hannun.testing.server import Server
from hannun.testing.waiting import until

EVENT_ID = "0af7651916cd43dd8448eb211c80319c"
FILE = b"<script>alert(document.domain)</script>"
NAME = '../../a"b\r\nset-cookie: x=1\r\n결제.html'
Item = tuple[dict[str, Any], "dict[str, Any] | bytes"]


@dataclass(frozen=True, slots=True)
class Api:
    server: Server
    key: str
    client: httpx.Client
    now: float

    def send(self, *items: Item, event_id: str = EVENT_ID) -> None:
        lines = [json.dumps({"event_id": event_id}).encode()]
        for header, told in items:
            payload = told if isinstance(told, bytes) else json.dumps(told).encode()
            lines += [json.dumps(header | {"length": len(payload)}).encode(), payload]
        body = b"\n".join(lines) + b"\n"
        answer = self.client.post(f"/api/1/envelope/?sentry_key={self.key}", content=body)
        assert answer.status_code == 200, answer.text

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.client.get(f"/api/hannun/v1{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    def check_in(self, slug: str, status: str, **more: Any) -> None:
        config = {"schedule": {"type": "crontab", "value": "0 3 * * *"}, "timezone": "Asia/Seoul"}
        self.send(({"type": "check_in"}, {"monitor_slug": slug, "status": status, "monitor_config": config} | more))


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The server was killed after it had answered, and stands again."""
    with (
        Server(tmp_path_factory.mktemp("kept") / "data", flags=("--no-self",)) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        (key,) = client.get("/api/0/projects/hannun/default/keys/").json()
        made = Api(server, key["public"], client, time.time())
        fill(made)
        server.kill()
        server.start()
        yield made


def fill(api: Api) -> None:
    now = api.now
    attachment = {"type": "attachment", "filename": NAME, "content_type": "text/html"}
    for _ in range(2):  # SDKs and relays send again what they are not sure of.
        api.send(({"type": "event"}, {"event_id": EVENT_ID, "timestamp": now, "message": "hi"}), (attachment, FILE))
        session = {"started": now, "timestamp": now, "attrs": {"release": "shop@1", "environment": "production"}}
        api.send(
            ({"type": "session"}, session | {"sid": "a" * 32, "did": "ann", "init": True, "status": "ok", "seq": 1}),
            ({"type": "session"}, session | {"sid": "a" * 32, "did": "ann", "status": "crashed", "seq": 2}),
            ({"type": "session"}, session | {"sid": "b" * 32, "did": "bob", "init": True, "status": "exited"}),
        )
        replay = {"replay_id": EVENT_ID, "segment_id": 0, "timestamp": now, "replay_start_timestamp": now - 5}
        recording = b'{"segment_id":0}\n' + zlib.compress(b"[]")
        api.send(({"type": "replay_event"}, replay), ({"type": "replay_recording"}, recording))
        profile = {"event_id": "c" * 32, "version": "1", "platform": "python", "timestamp": now, "profile": {}}
        api.send(({"type": "profile"}, profile | {"transactions": [{"id": EVENT_ID, "name": "GET /"}]}))
        api.check_in("nightly", "ok", check_in_id="d" * 32)
    api.check_in("backup", "error", check_in_id="e" * 32)
    trace = {"trace_id": "f" * 32, "span_id": "1" * 16, "op": "http.server"}
    child = {"span_id": "2" * 16, "op": "db", "description": "SELECT 1", "start_timestamp": now, "timestamp": now}
    transaction = {"type": "transaction", "transaction": "GET /", "start_timestamp": now - 1, "timestamp": now}
    api.send(({"type": "transaction"}, transaction | {"contexts": {"trace": trace}, "spans": [child]}))


def test_release_health(api: Api) -> None:
    (found,) = api.get("/releases/health")["releases"]
    assert (found["release"], found["sessions"], found["crashed"], found["healthy"]) == ("shop@1", 2, 1, 1)
    assert (found["crash_free_sessions"], found["crash_free_users"], found["adoption"]) == (0.5, 0.5, 1.0)
    assert api.get("/releases/health?environment=staging&project=1")["releases"] == []
    assert sum(hour["sessions"] for hour in api.get("/releases/health/hours?release=shop@1")["hours"]) == 2
    assert api.get("/releases/health/hours?release=nope")["hours"] == []


def test_a_session_makes_its_release(api: Api) -> None:
    found = api.client.get("/api/0/organizations/hannun/releases/").json()
    assert "shop@1" in {release["version"] for release in found}


def test_monitors_and_their_check_ins(api: Api) -> None:
    backup, nightly = api.get("/monitors")["monitors"]
    assert (backup["slug"], backup["environments"][0]["failing"]) == ("backup", True)
    assert nightly["config"]["schedule"] == {"type": "crontab", "value": "0 3 * * *"}
    one = api.get("/monitors/nightly")
    assert [found["status"] for found in one["check_ins"]] == ["ok"]
    assert one["environments"][0]["due_ms"] > api.now * 1000
    api.get("/monitors/nope", 404)
    assert api.get("/monitors?project=7")["monitors"] == []


def test_a_failed_monitor_is_an_issue(api: Api) -> None:
    def issue() -> Any:
        found = [one for one in api.get("/errors")["issues"] if one["title"].startswith("Cron failure")]
        return found[0] if found else None

    assert until(issue, "the issue of the failed job")["title"] == "Cron failure: backup"


def test_replays_and_profiles_are_listed_once(api: Api) -> None:
    (replay,) = api.get("/replays")["replays"]
    assert (replay["id"], replay["segments"]) == (EVENT_ID, 1)
    (profile,) = api.get("/profiles?limit=10")["profiles"]
    assert (profile["id"], profile["transaction"], profile["transaction_id"]) == ("c" * 32, "GET /", EVENT_ID)
    assert api.get("/profiles?to=1000")["profiles"] == []


def test_spans_are_kept(api: Api) -> None:
    rows = {table["name"]: table["rows"] for table in api.get("/status")["tables"]}
    assert (rows["spans"], rows["trace_times"]) == (2, 1)


def test_a_file_of_an_event_is_only_ever_saved(api: Api) -> None:
    (found,) = api.get(f"/errors/1/events/{EVENT_ID}/attachments")["attachments"]
    assert (found["name"], found["size"]) == (NAME, len(FILE))
    path = f"/api/hannun/v1/errors/1/events/{EVENT_ID}/attachments/{hashlib.sha256(FILE).hexdigest()}"
    answer = api.client.get(path)
    assert answer.content == FILE
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/errors/1/events/latest/attachments/" + "0" * 64, 404, id="unknown file"),
        pytest.param("/errors/1/events/latest/attachments/..%2f..%2fetc%2fpasswd", 404, id="a path"),
        pytest.param("/errors/9999/events/latest/attachments", 404, id="unknown issue"),
        pytest.param("/releases/health?from=x", 400, id="no time"),
        pytest.param("/replays?limit=-1", 400, id="no number"),
        pytest.param("/profiles?project=a", 400, id="no project"),
        pytest.param("/monitors?project=" + "9" * 18, 200, id="a project that cannot be"),
        pytest.param("/monitors/%00%27", 404, id="no slug"),
        pytest.param("/releases/health?project=" + "9" * 18, 200, id="health of a project that cannot be"),
    ],
)
def test_bad_questions_are_answered_plainly(api: Api, path: str, status: int) -> None:
    api.get(path, status)


@given(st.text(max_size=300))
def test_no_name_breaks_a_header(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert "/" not in header.partition("filename*=")[0]
    assert "\\" not in header


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("log.txt", "attachment; filename=\"log.txt\"; filename*=UTF-8''log.txt", id="plain"),
        pytest.param("..", "attachment; filename=\"attachment\"; filename*=UTF-8''attachment", id="dots"),
        pytest.param("결제", "attachment; filename=\"_\"; filename*=UTF-8''%EA%B2%B0%EC%A0%9C", id="Korean"),
    ],
)
def test_names_of_downloads(name: str, expected: str) -> None:
    assert disposition(name) == expected
