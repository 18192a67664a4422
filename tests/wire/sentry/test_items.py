"""Payloads of items become values; of hostile ones nothing worse than a WireError."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import TooLarge, Unsupported, WireError
from hannun.model.identity import Identity
from hannun.model.sentry_items import CheckIn, Crontab, Interval, SessionCounts, SessionUpdate
from hannun.wire.sentry import (
    batches,
    check_ins,
    client_reports,
    logs,
    multipart,
    replays,
    security_reports,
    sessions,
    spans,
    store_body,
    trace_metrics,
)
from hannun.wire.sentry.batches import Origin
from hannun.wire.sentry.envelope import Item
from hannun.wire.sentry.security_reports import Told

NOW_MS = 1_767_323_045_000
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SID = "9ec79c33-ec99-42ab-8353-589fcb2e04dc"


def item(value: Any, kind: str = "x") -> Item:
    return Item(kind, {"type": kind}, value if isinstance(value, bytes) else json.dumps(value).encode())


def session_of(**more: Any) -> dict[str, Any]:
    attrs = {"release": "shop@1", "environment": "prod"}
    return {"sid": SID, "started": "2026-01-02T03:04:05Z", "timestamp": "2026-01-02T03:04:06Z", "attrs": attrs, **more}


def test_a_session_as_it_stands() -> None:
    told = sessions.session(
        item(session_of(init=True, status="crashed", errors=1, duration=1.5, did="kim", seq=7)), 1, NOW_MS
    )
    assert told == SessionUpdate(
        1, SID.replace("-", ""), "crashed", NOW_MS, NOW_MS + 1000, "shop@1", "prod", True, 7, 1, 1.5, "kim"
    )


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"sid": "x"}, id="id that is none"),
        pytest.param({"sid": "0" * 32}, id="nil id"),
        pytest.param({"started": None}, id="no start"),
        pytest.param({"attrs": {}}, id="no release"),
        pytest.param({"attrs": 5}, id="attributes that are none"),
    ],
)
def test_a_session_without_what_names_it_is_no_use(broken: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        sessions.session(item(session_of(**broken)), 1, NOW_MS)


def test_odd_words_and_numbers_of_a_session_are_read_over() -> None:
    told = sessions.session(item(session_of(status="melted", errors=-4, duration="x", timestamp="soon")), 1, NOW_MS)
    assert (told.status, told.errors, told.duration_s, told.at_ms, told.init) == ("ok", 0, None, NOW_MS, False)


def test_minutes_that_a_server_counted() -> None:
    raw = {
        "attrs": {"release": "shop@1"},
        "aggregates": [
            {"started": "2026-01-02T03:04:05Z", "exited": 5, "crashed": 1, "did": "kim"},
            {"started": 1, "errored": 2},
        ],
    }
    assert list(sessions.counts(item(raw), 1, buckets_max=2)) == [
        SessionCounts(1, NOW_MS, "shop@1", "production", "kim", exited=5, crashed=1),
        SessionCounts(1, 1000, "shop@1", "production", errored=2),
    ]
    with pytest.raises(WireError, match="2 aggregates"):
        list(sessions.counts(item(raw), 1, buckets_max=1))


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        pytest.param(
            {"monitor_slug": "nightly", "status": "ok"},
            CheckIn(1, "nightly", "ok", NOW_MS),
            id="the least",
        ),
        pytest.param(
            {"monitor_slug": "Nightly Job!", "status": "error", "check_in_id": SID, "duration": 1.5,
             "environment": "prod",
             "release": "r", "contexts": {"trace": {"trace_id": TRACE}}},
            CheckIn(1, "nightly-job", "error", NOW_MS, SID.replace("-", ""), "prod", "r", 1.5, None, TRACE),
            id="everything",
        ),
        pytest.param(
            {"monitor_slug": "a", "status": "in_progress", "check_in_id": "0" * 32},
            CheckIn(1, "a", "in_progress", NOW_MS),
            id="nil id: the latest one",
        ),
    ],
)  # fmt: skip
def test_a_check_in(raw: dict[str, Any], found: CheckIn) -> None:
    assert check_ins.decode(json.dumps(raw).encode(), 1, NOW_MS) == found


@pytest.mark.parametrize(
    ("schedule", "found"),
    [
        ({"type": "crontab", "value": " 0 3 * * * "}, Crontab("0 3 * * *")),
        ({"type": "interval", "value": 2, "unit": "hour"}, Interval(2, "hour")),
        ({"type": "interval", "value": 0, "unit": "hour"}, None),
        ({"type": "interval", "value": 2, "unit": "fortnight"}, None),
        ({"type": "moon"}, None),
        ("0 3 * * *", None),
    ],
)
def test_a_schedule_that_cannot_be_read_leaves_the_monitor_as_it_is(schedule: Any, found: Any) -> None:
    told = check_ins.config({"schedule": schedule, "checkin_margin": 5, "timezone": "Asia/Seoul"})
    assert (told.schedule if told else None) == found


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"monitor_slug": "a"},
        {"monitor_slug": "!!", "status": "ok"},
        {"monitor_slug": "a", "status": "ok", "check_in_id": "x"},
    ],
)
def test_a_check_in_that_says_nothing(raw: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        check_ins.decode(json.dumps(raw).encode(), 1, NOW_MS)


def test_what_a_client_lost_is_counted_under_known_words() -> None:
    raw = {
        "discarded_events": [
            {"reason": "queue_overflow", "category": "error", "quantity": 3},
            {"reason": "queue_overflow", "category": "error", "quantity": 4},
            {"reason": "<script>", "category": "of a later day", "quantity": 1},
            {"reason": "sample_rate", "category": "transaction", "quantity": -1},
            5,
        ]
    }
    lost = client_reports.decode(json.dumps(raw).encode())
    assert {key: count for key, count in lost.items() if count} == {
        ("error", "queue_overflow"): 7,
        ("default", "other"): 1,
    }


def attributes(**values: Any) -> dict[str, Any]:
    return {name.replace("__", "."): {"value": value, "type": "string"} for name, value in values.items()}


def test_a_log_item_becomes_lines_with_whom_they_are_of() -> None:
    entry = {
        "timestamp": 1767323045.123456, "level": "warn", "body": "stock of A-1 is low", "trace_id": TRACE,
        "span_id": SPAN,
        "severity_number": 13,
        "attributes": attributes(
            sentry__release="shop@1", sentry__environment="prod", server__address="web-1",
            sentry__message__template="stock of {sku} is low", sentry__message__parameter__sku="A-1", user__id=7,
            sentry__timestamp__sequence=2, paid=True,
        ),
    }  # fmt: skip
    columns = logs.columns(
        batches.decode(orjson.dumps({"version": 2, "items": [entry]}), "log"), Origin("shop"), now_ns=0
    )
    assert columns.pairs_of(0) == [
        ("environment", "prod"), ("host", "web-1"), ("release", "shop@1"), ("service_name", "shop")
    ]  # fmt: skip
    assert (columns.line(0), columns.ts_ns.tolist()) == (b"stock of A-1 is low", [1767323045123456002])
    assert dict(columns.metadata(0)) == {
        b"detected_level": b"warn", b"trace_id": TRACE.encode(), b"span_id": SPAN.encode(),
        b"sentry_message_template": b"stock of {sku} is low", b"sentry_message_parameter_sku": b"A-1", b"user_id": b"7",
        b"paid": b"true",
    }  # fmt: skip


def test_the_address_is_filled_in_only_where_it_is_asked_for() -> None:
    origin = Origin("shop", "203.0.113.9", "Mozilla/5.0")
    raw: dict[str, Any] = {"items": [{"body": "a", "attributes": {}}]}
    silent = logs.columns(batches.decode(orjson.dumps(raw), "log"), origin, now_ns=5)
    assert (silent.metadata(0), silent.ts_ns.tolist()) == ([], [5])
    raw["ingest_settings"] = {"infer_ip": "auto", "infer_user_agent": "auto"}
    asked = logs.columns(batches.decode(orjson.dumps(raw), "log"), origin, now_ns=5)
    assert dict(asked.metadata(0)) == {b"client_address": b"203.0.113.9", b"user_agent_original": b"Mozilla/5.0"}


def test_a_span_of_a_stream() -> None:
    raw = {
        "version": 2,
        "items": [
            {"trace_id": TRACE, "span_id": SPAN, "name": "GET /", "status": "ok", "is_segment": True,
             "start_timestamp": 1767323045.5, "end_timestamp": 1767323045.75,
             "attributes": attributes(sentry__op="http.server", sentry__release="shop@1",
                                      sentry__segment__name="GET /"),
             "links": [{"trace_id": TRACE, "span_id": SPAN}, {"trace_id": "x"}]},
            {"trace_id": TRACE, "span_id": "no"},
        ],
    }  # fmt: skip
    span, none = spans.of_batch(batches.decode(orjson.dumps(raw), "span"), Origin("shop"), 1)
    assert none is None
    assert span is not None
    assert (span.name, span.op, span.segment, span.segment_id, span.segment_name) == (
        "GET /",
        "http.server",
        True,
        SPAN,
        "GET /",
    )
    assert (span.start_ns, span.end_ns - span.start_ns) == (1_767_323_045_500_000_000, 250_000_000)
    assert span.identity == Identity(service="shop", release="shop@1")
    assert len(span.links) == 1


def test_a_transaction_is_a_segment_with_its_spans() -> None:
    raw = {
        "transaction": "/buy", "start_timestamp": "2026-01-02T03:04:05Z", "timestamp": 1767323046.0,
        "release": "shop@1",
        "environment": "prod", "server_name": "web-1", "tags": [["city", "서울"], 5],
        "measurements": {"lcp": {"value": 1.5, "unit": "second"}}, "user": {"id": 7},
        "contexts": {"trace": {"trace_id": TRACE, "span_id": SPAN, "op": "http.server", "status": "ok"}},
        "spans": [
            {"span_id": "a" * 16, "parent_span_id": SPAN, "op": "db", "description": "SELECT 1",
             "start_timestamp": 1767323045.2, "timestamp": 1767323045.1, "data": {"db.system": "postgresql"}},
            {"span_id": "broken"}, 7,
        ],
    }  # fmt: skip
    segment, child = spans.of_transaction(raw, Origin("shop"), 1, "e" * 32)
    assert (segment.name, segment.segment, segment.event_id) == ("/buy", True, "e" * 32)
    assert segment.identity == Identity("shop", "prod", "web-1", "shop@1")
    assert segment.attributes == {"city": "서울", "measurement.lcp": 1.5, "user.id": "7"}
    assert (child.name, child.op, child.segment_id, child.trace_id) == ("SELECT 1", "db", SPAN, TRACE)
    assert child.start_ns == child.end_ns  # an end before the start


@pytest.mark.parametrize(
    ("name", "unit", "metric"),
    [
        ("checkout.latency", "millisecond", "checkout_latency_milliseconds"),
        ("orders", "none", "orders"),
        ("orders_total", "", "orders"),
        ("size_bytes", "byte", "size_bytes"),
        ("2fa", "", "_2fa"),
        ("주문", "", ""),
        ("a", "개/초", "a"),
    ],
)
def test_metrics_are_named_as_opentelemetry_names_them(name: str, unit: str, metric: str) -> None:
    assert trace_metrics.metric_name(name, unit) == metric


def test_attributes_that_differ_each_time_are_no_labels() -> None:
    told = attributes(sentry__release="shop@1", user__id="7", sentry__sdk__name="x", city="서울")
    entry = {"name": "orders", "type": "counter", "value": 2, "timestamp": 1.5, "trace_id": TRACE, "attributes": told}
    (one,) = trace_metrics.observations(batches.decode(orjson.dumps(entry), "trace_metric"), Origin("shop"))
    assert one is not None
    assert one.labels == (("city", "서울"), ("job", "shop"), ("release", "shop@1"))
    assert (one.kind, one.value, one.at_ms, one.trace_id) == ("counter", 2.0, 1500, TRACE)


@pytest.mark.parametrize("broken", [{"value": "NaN"}, {"value": None}, {"value": -1}, {"type": "set"}, {"name": ""}])
def test_an_observation_that_says_nothing(broken: dict[str, Any]) -> None:
    entry = {"name": "orders", "type": "counter", "value": 2, **broken}
    assert list(trace_metrics.observations(batches.decode(orjson.dumps(entry), "x"), Origin())) == [None]


CSP = {
    "document-uri": "https://shop.example/buy", "referrer": "https://ref.example/", "blocked-uri": "https://evil.example/x.js",
    "violated-directive": "script-src 'self'", "effective-directive": "script-src-elem",
    "original-policy": "default-src",
}  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "kind", "message"),
    [
        pytest.param({"csp-report": CSP}, "csp", "Blocked 'script' from 'evil.example'", id="csp-report"),
        pytest.param(
            [{"type": "csp-violation", "url": "https://shop.example/", "user_agent": "Mozilla",
              "body": {"blockedURL": "inline", "effectiveDirective": "style-src", "documentURL": "https://shop.example/"}}],
            "csp", "Blocked unsafe inline 'style'", id="Reporting API",
        ),
        pytest.param(
            {"expect-ct-report": {"hostname": "shop.example", "port": 443, "date-time": "x"}},
            "expectct", "Expect-CT failed for 'shop.example'", id="Expect-CT",
        ),
        pytest.param(
            {"expect-staple-report": {"hostname": "shop.example", "port": 8443}},
            "expectstaple", "Expect-Staple failed for 'shop.example'", id="Expect-Staple",
        ),
        pytest.param(
            {"hostname": "shop.example", "port": 443, "known-pins": []},
            "hpkp", "Public key pinning validation failed for 'shop.example'", id="HPKP",
        ),
    ],
)  # fmt: skip
def test_reports_of_browsers_become_events(raw: Any, kind: str, message: str) -> None:
    (event,) = security_reports.decode(json.dumps(raw).encode(), Told("r", "prod", "Mozilla/5.0"))
    assert event is not None
    assert (event["type"], event["logentry"]["formatted"]) == (kind, message)
    assert (event["release"], event["environment"]) == ("r", "prod")
    assert kind in event


def test_a_csp_report_keeps_its_members_under_sentrys_names() -> None:
    (event,) = security_reports.decode(json.dumps({"csp-report": CSP}).encode(), Told(user_agent="Mozilla/5.0"))
    assert event is not None
    assert event["csp"]["blocked_uri"] == "https://evil.example/x.js"
    assert event["csp"]["effective_directive"] == "script-src-elem"
    assert event["request"] == {
        "url": "https://shop.example/buy", "headers": [["User-Agent", "Mozilla/5.0"], ["Referer", "https://ref.example/"]]
    }  # fmt: skip


def test_reports_of_other_kinds_are_told_apart() -> None:
    assert security_reports.decode(b'[{"type":"deprecation","body":{}}]', Told()) == [None]
    for raw in (b"{}", b"5", b'{"csp-report":5}'):
        with pytest.raises(WireError):
            security_reports.decode(raw, Told())


def form(*parts: tuple[str, bytes]) -> bytes:
    return b"".join(b"--B\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in parts) + b"--B--\r\n"


def test_multipart_files_keep_their_bytes() -> None:
    data = b"a\r\n--Bx\r\n\x00\xff"
    body = form(
        ('Content-Disposition: form-data; name="event_id"', b"x"),
        ('content-disposition: form-data; name="f"; filename="a \\"b\\".txt"\r\nContent-Type: text/plain', data),
        ("Content-Disposition: form-data; name=g; filename*=UTF-8''%EA%B2%B0.txt", b""),
    ).replace(b"--Bx", b"-- x")
    found = multipart.parse(body, 'multipart/form-data; boundary="B"')
    assert [(one.name, one.filename, bytes(one.data)) for one in found] == [
        ("event_id", None, b"x"), ("f", 'a "b".txt', data.replace(b"--Bx", b"-- x")), ("g", "결.txt", b"")
    ]  # fmt: skip
    assert found[1].content_type == "text/plain"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (form(("X: y", b"1")), "multipart/form-data; boundary=B"),
        (b"--B\r\n", "multipart/form-data; boundary=B"),
        (b"", "multipart/form-data; boundary=B"),
        (form(("Content-Disposition: form-data; name=a", b"1")), "text/plain"),
        (form(("Content-Disposition: form-data; name=a", b"1")), "multipart/form-data"),
        (form(("Content-Disposition: form-data; name=a", b"1"))[:-9], "multipart/form-data; boundary=B"),
        (form(*[("Content-Disposition: form-data; name=a", b"1")] * 101), "multipart/form-data; boundary=B"),
    ],
)
def test_broken_multipart_is_blamed_on_the_sender(body: bytes, content_type: str) -> None:
    with pytest.raises((WireError, TooLarge)):
        multipart.parse(body, content_type)


def test_a_recording_is_split_from_its_segment() -> None:
    assert replays.recording(b'{"segment_id":3}\n[{"type":4}]') == (3, b'[{"type":4}]')
    for raw in (b"", b'{"segment_id":3}', b'{"segment_id":"x"}\n', b"x\n"):
        with pytest.raises(WireError):
            replays.recording(raw)


def test_a_bomb_inside_an_old_event_stops_at_its_bound() -> None:
    bomb = base64.b64encode(zlib.compress(b"[" * 50_000_000))
    with pytest.raises(TooLarge):
        store_body.unwrapped(bomb, bytes_max=1 << 20)


def _batch(read: Any) -> Any:
    return lambda raw: list(read(batches.decode(raw, "x")))


READERS: dict[str, Any] = {
    "session": lambda raw: sessions.session(item(raw), 1, NOW_MS),
    "sessions": lambda raw: list(sessions.counts(item(raw), 1, buckets_max=100)),
    "check_in": lambda raw: check_ins.decode(raw, 1, NOW_MS),
    "cron": lambda raw: check_ins.of_url("a", {"status": raw[:5].decode("latin-1")}, raw),
    "client_report": client_reports.decode,
    "log": _batch(lambda batch: logs.columns(batch, Origin("s", "1.2.3.4"), now_ns=1).ts_ns),
    "span": _batch(lambda batch: spans.of_batch(batch, Origin(), 1)),
    "trace_metric": _batch(lambda batch: trace_metrics.observations(batch, Origin())),
    "transaction": lambda raw: spans.of_transaction(spans.fields.mapping(orjson.loads(raw)), Origin(), 1, ""),
    "security": lambda raw: security_reports.decode(raw, Told()),
    "replay_recording": replays.recording,
    "replay_video": replays.video,
    "multipart": lambda raw: multipart.parse(raw, "multipart/form-data; boundary=B"),
    "store": lambda raw: store_body.unwrapped(raw, bytes_max=10_000),
}
NAMES = st.sampled_from(
    ["items", "attributes", "value", "type", "timestamp", "start_timestamp", "trace_id", "span_id", "attrs", "release",
     "sid", "started", "aggregates", "status", "monitor_slug", "monitor_config", "schedule", "contexts", "trace",
     "spans", "tags", "measurements", "body", "level", "name", "unit", "links", "csp-report", "blocked-uri",
     "expect-ct-report", "user", "discarded_events", "quantity", "ingest_settings", "duration", "errors", "did"]
)  # fmt: skip
ODD = st.sampled_from(
    [TRACE, SPAN, SID, "ok", "crontab", "interval", "counter", "distribution", "{{auto}}", "csp-violation", 1e308, -1,
     2**63, 1767323045.5, "", "x" * 300, True, None, "nan", "inf", "9" * 400, "2026-01-02T03:04:05Z",
     "9999-12-31T23:59:59Z"]
)  # fmt: skip
TREES = st.recursive(
    ODD | st.text(max_size=5) | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)


@pytest.mark.parametrize("name", list(READERS))
@given(raw=st.one_of(TREES.map(lambda tree: json.dumps(tree).encode()), st.binary(max_size=100)))
@settings(max_examples=150, deadline=None)
def test_any_payload_is_a_value_or_an_error_of_the_sender(name: str, raw: bytes) -> None:
    try:
        READERS[name](raw)
    except (WireError, TooLarge, Unsupported):
        pass
    except orjson.JSONDecodeError:
        assert name == "transaction"  # read by orjson in this test
