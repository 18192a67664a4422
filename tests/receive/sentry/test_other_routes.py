"""The routes beside the envelope: reports of browsers, crontabs, files, tunnels, the dialogue, OpenTelemetry."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from hannun.model.http import principal_of
from hannun.receive.sentry import routes
from hannun.receive.sentry.sheet import Room

KEY = "0123456789abcdef0123456789abcdef"
AUTH = {"x-sentry-auth": f"Sentry sentry_key={KEY}"}
ID = "9ec79c33ec9942ab8353589fcb2e04dc"
DSN = f"https://{KEY}@errors.example/1"
CSP = {
    "csp-report": {
        "document-uri": "https://shop.example/",
        "blocked-uri": "https://evil.example/",
        "effective-directive": "img-src",
    }
}


@pytest.mark.parametrize("content_type", ["application/csp-report", "application/reports+json", "text/plain"])
async def test_a_report_of_a_browser_is_an_event(house, content_type) -> None:
    async with house.client() as client:
        answer = await client.post(
            f"/api/1/security/?sentry_key={KEY}&sentry_release=shop@1&sentry_environment=prod",
            content=json.dumps(CSP),
            headers={"content-type": content_type},
        )
    assert answer.status_code == 201
    payload = json.loads(house.events.values[0].payload)
    assert (payload["type"], payload["release"], payload["environment"]) == ("csp", "shop@1", "prod")
    assert house.counted() == {("security", "accepted", ""): 1}


async def test_several_reports_are_several_events(house) -> None:
    one = {
        "type": "csp-violation",
        "url": "https://a.example/",
        "body": {"blockedURL": "eval", "effectiveDirective": "script-src"},
    }
    async with house.client() as client:
        answer = await client.post(f"/api/1/security/?sentry_key={KEY}", json=[one, {"type": "deprecation"}, {**one}])
    assert answer.status_code == 201
    assert house.counted()["security", "filtered", "report that is not of security"] == 1


async def test_a_report_beyond_64_kib_is_refused(house) -> None:
    async with house.client() as client:
        answer = await client.post(
            f"/api/1/security/?sentry_key={KEY}", content=b'{"csp-report":"' + b"x" * 70_000 + b'"}'
        )
    assert answer.status_code == 413


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize(
    ("query", "status", "duration"),
    [
        ("", "ok", None),
        ("?status=in_progress", "in_progress", None),
        (f"?status=error&check_in_id={ID}&duration=2.5", "error", 2.5),
    ],
)
async def test_a_crontab_calls_with_nothing_but_an_address(build, method, query, status, duration) -> None:
    house = build(kept=(Room.CHECK_INS,))
    async with house.client() as client:
        answer = await client.request(method, f"/api/1/cron/nightly/{KEY}/{query}")
    assert answer.status_code == 202
    (check_in,) = house.rooms[Room.CHECK_INS].values
    assert (check_in.monitor, check_in.status, check_in.duration_s) == ("nightly", status, duration)
    assert answer.json() == ({"id": ID} if ID in query else {})


async def test_a_call_may_bring_the_monitors_schedule(build) -> None:
    house = build(kept=(Room.CHECK_INS,))
    config = {"monitor_config": {"schedule": {"type": "interval", "value": 1, "unit": "hour"}}, "status": "ok"}
    async with house.client() as client:
        assert (await client.post(f"/api/1/cron/nightly/{KEY}/?status=error", json=config)).status_code == 202
        assert (await client.post("/api/1/cron/nightly/", json=config, headers=AUTH)).status_code == 202
    first, second = house.rooms[Room.CHECK_INS].values
    assert (first.status, first.config.schedule.unit, second.status) == ("error", "hour", "ok")


@pytest.mark.parametrize(
    ("path", "status"),
    [(f"/api/1/cron/nightly/{'f' * 31}a/", 403), (f"/api/2/cron/nightly/{KEY}/", 403), (f"/api/1/cron/%21/{KEY}/", 400),
     (f"/api/1/cron/a/{KEY}/?status=melted", 400), ("/api/1/cron/a/", 401), (f"/api/x/cron/a/{KEY}/", 404)],
)  # fmt: skip
async def test_a_call_that_is_no_use_is_told_why(house, path, status) -> None:
    async with house.client() as client:
        answer = await client.get(path)
    assert answer.status_code == status
    assert answer.json()["detail"]


@pytest.mark.parametrize("path", [f"/api/1/events/{ID}/attachments/", f"/api/1/attachments/?event_id={ID}"])
async def test_files_by_multipart_belong_to_the_named_event(build, path) -> None:
    house = build(kept=(Room.ATTACHMENTS,))
    async with house.client() as client:
        answer = await client.post(path, files={"a": ("../../etc/passwd", b"\r\n\x00")}, headers=AUTH)
        none = await client.post(path, files={"a": (None, b"x")}, headers=AUTH)
    assert (answer.status_code, none.status_code) == (200, 400)
    (attachment,) = house.rooms[Room.ATTACHMENTS].values
    assert (attachment.event_id, attachment.name, attachment.data) == (ID, "../../etc/passwd", b"\r\n\x00")


async def test_files_of_no_event_are_refused(house) -> None:
    async with house.client() as client:
        answer = await client.post("/api/1/attachments/", files={"a": ("a.txt", b"x")}, headers=AUTH)
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/tunnel", "/api/tunnel/", "/tunnel?o=1&p=1"])
async def test_a_tunnel_takes_what_names_a_project_of_ours(house, path) -> None:
    def sent(dsn: Any) -> bytes:
        return json.dumps({"dsn": dsn, "event_id": ID}).encode() + b'\n{"type":"event"}\n{"message":"boom"}\n'

    async with house.client() as client:
        good = await client.post(path, content=sent(DSN), headers={"content-type": "text/plain;charset=UTF-8"})
        packed = await client.post(path, content=gzip.compress(sent(DSN)), headers={"content-encoding": "gzip"})
        assert (good.status_code, packed.status_code) == (200, 200)
        for dsn, status in (
            (None, 401),
            (5, 400),
            ("https://x", 400),
            (f"https://{KEY}@elsewhere.example/2", 403),
            (f"https://{'d' * 32}@h/1", 403),
        ):
            assert (await client.post(path, content=sent(dsn))).status_code == status, dsn
    assert len(house.events.values) == 1  # one id


@pytest.mark.parametrize("path", ["/api/1/minidump/", f"/api/1/unreal/{KEY}/", "/api/1/integration/otlp/v1/traces"])
async def test_what_is_not_taken_says_so(house, path) -> None:
    async with house.client() as client:
        answer = await client.post(path, content=b"MDMP")
    assert answer.status_code == 501
    assert "not taken" in answer.json()["detail"]
    assert sum(house.counted().values()) == 1


async def test_the_dialogue_speaks_the_pages_language_and_cannot_be_broken_out_of(house) -> None:
    evil = "</script><script>alert(1)//\u2028"
    async with house.client() as client:
        answer = await client.get(
            "/api/embed/error-page/",
            params={"dsn": DSN, "eventId": ID, "lang": "ko", "title": evil, "name": "__WORDS__"},
        )
        assert (await client.get("/api/embed/error-page/", params={"dsn": DSN})).status_code == 400
        assert (await client.get("/api/embed/error-page/", params={"dsn": "x", "eventId": ID})).status_code == 400
        unknown = f"https://{'d' * 32}@h/1"
        assert (await client.get("/api/embed/error-page/", params={"dsn": unknown, "eventId": ID})).status_code == 403
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "보내기" in answer.text
    assert "</script>" not in answer.text
    assert "\u2028" not in answer.text


async def test_what_is_written_in_the_dialogue_becomes_feedback(house) -> None:
    written = {"name": "김", "email": "k@example.com", "comments": "멈췄어요"}
    async with house.client() as client:
        answer = await client.post("/api/embed/error-page/", params={"dsn": DSN, "eventId": ID}, data=written)
        empty = await client.post("/api/embed/error-page/", params={"dsn": DSN, "eventId": ID}, data={"name": "x"})
    assert (answer.status_code, empty.status_code) == (200, 400)
    told = json.loads(house.events.values[0].payload)["contexts"]["feedback"]
    assert (told["message"], told["associated_event_id"]) == ("멈췄어요", ID)


async def test_opentelemetrys_logs_come_in_by_the_key(house) -> None:
    async def logs(request: Request) -> Response:
        return Response(principal_of(request).token_name)

    by_path = {(one.method, one.path): one.handler for one in routes(house.intake, otlp_logs=logs)}
    handler = by_path["POST", "/api/{project}/integration/otlp/v1/logs"]

    def request(project: str, key: str) -> Request:
        headers = [(b"x-sentry-auth", f"sentry sentry_key={key}".encode())]
        return Request(
            {
                "type": "http",
                "method": "POST",
                "headers": headers,
                "query_string": b"",
                "path_params": {"project": project},
            }
        )

    assert (await handler(request("1", KEY))).body == KEY.encode()
    assert (await handler(request("2", KEY))).status_code == 403
    assert (await handler(request("x", KEY))).status_code == 404


async def test_every_path_answers_a_preflight(house) -> None:
    endpoints = routes(house.intake)
    posts = {one.path for one in endpoints if one.method == "POST"}
    assert posts == {one.path for one in endpoints if one.method == "OPTIONS"}
