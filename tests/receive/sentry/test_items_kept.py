"""Every item of an envelope goes to its store, costs only itself when it is broken, and is counted in any case."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hannun.model.errors import DiskFull, OutOfBounds, Overloaded, StoreUnavailable
from hannun.model.labels import Labels
from hannun.model.project_key import KeyLimit, ProjectKey
from hannun.observe.outcomes import Outcomes
from hannun.receive.log_intake import LogIntake
from hannun.receive.sentry.intake import SentryIntake
from hannun.receive.sentry.limits import SentryLimits
from hannun.receive.sentry.metric_totals import MetricTotals
from hannun.receive.sentry.rooms import Rooms, writers
from hannun.receive.sentry.sheet import Room
from hannun.wire.sentry.limits import EnvelopeLimits

KEY = "0123456789abcdef0123456789abcdef"
AUTH = {"x-sentry-auth": f"Sentry sentry_key={KEY}"}
ID = "9ec79c33ec9942ab8353589fcb2e04dc"
OTHER_ID = "a" * 32
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
URL = "/api/1/envelope/"

EVENT = {"message": "boom"}
SESSION = {"sid": ID, "started": 1, "attrs": {"release": "r"}, "init": True}
CHECK_IN = {"monitor_slug": "nightly", "status": "ok"}
TRANSACTION = {
    "transaction": "/", "start_timestamp": 1, "timestamp": 2,
    "contexts": {"trace": {"trace_id": TRACE, "span_id": SPAN}},
    "spans": [{"span_id": "b" * 16, "start_timestamp": 1, "timestamp": 2}],
}  # fmt: skip
SPANS = {"items": [{"trace_id": TRACE, "span_id": SPAN, "start_timestamp": 1, "end_timestamp": 2}, {"trace_id": TRACE}]}
LOGS = {
    "items": [{"timestamp": 1767323045.5, "level": "error", "body": "no stock"}, {"level": "info", "body": "hello"}]
}
FEEDBACK = {"contexts": {"feedback": {"message": "it broke"}}, "message": "it broke"}
PROFILE = {"event_id": ID, "platform": "python", "transactions": [{"id": OTHER_ID, "name": "/"}]}
CHUNK = {"chunk_id": ID, "profiler_id": OTHER_ID, "profile": {"samples": [{"timestamp": 5.0}]}}


def envelope(*items: tuple[Any, Any], **header: Any) -> bytes:
    """`items`: a type or a whole header, and what is inside."""
    lines = [json.dumps(header).encode()]
    for told, payload in items:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        said = {"type": told} if isinstance(told, str) else told
        lines += [json.dumps({"length": len(raw), **said}).encode(), raw]
    return b"\n".join(lines) + b"\n"


async def send(house: Any, *items: tuple[Any, Any], **header: Any) -> Any:
    async with house.client() as client:
        return await client.post(URL, content=envelope(*items, **header), headers=AUTH)


@pytest.mark.parametrize(
    ("item", "payload", "room", "count"),
    [
        ("session", SESSION, Room.SESSIONS, {("session", "accepted", ""): 1}),
        ("check_in", CHECK_IN, Room.CHECK_INS, {("monitor", "accepted", ""): 1}),
        ("transaction", TRANSACTION, Room.SPANS, {("transaction", "accepted", ""): 1, ("span", "accepted", ""): 1}),
        (
            "span",
            SPANS,
            Room.SPANS,
            {("span", "accepted", ""): 1, ("span", "invalid", "span without its ids or times"): 1},
        ),
        ("attachment", b"\x00\r\n", Room.ATTACHMENTS, {("attachment", "accepted", ""): 1}),
        ("profile", PROFILE, Room.PROFILES, {("profile", "accepted", ""): 1}),
        ("profile_chunk", CHUNK, Room.PROFILES, {("profile_chunk", "accepted", ""): 1}),
        ("replay_event", {"segment_id": 0}, Room.REPLAYS, {("replay", "accepted", ""): 1}),
        ("replay_recording", b'{"segment_id":0}\n[]', Room.REPLAYS, {("replay", "accepted", ""): 1}),
    ],
)
async def test_an_item_goes_to_its_store(build, item, payload, room, count) -> None:
    house = build(kept=(room,))
    answer = await send(house, (item, payload), event_id=ID)
    assert (answer.status_code, answer.json()) == (200, {"id": ID})
    assert len(house.rooms[room].values) >= 1
    assert house.counted() == count


@pytest.mark.parametrize(
    ("item", "payload", "category"),
    [
        ("session", SESSION, "session"),
        ("check_in", CHECK_IN, "monitor"),
        ("log", LOGS, "log_item"),
        ("span", SPANS, "span"),
    ],
)
async def test_what_nobody_keeps_yet_is_answered_200_and_counted(house, item, payload, category) -> None:
    answer = await send(house, (item, payload))
    assert answer.status_code == 200
    assert house.counted()[category, "discarded", "not kept yet"] >= 1


async def test_items_of_unknown_and_retired_types_are_counted(house) -> None:
    answer = await send(house, ("of_a_later_day", b"\xff"), ("statsd", b"x"), ("event", EVENT), event_id=ID)
    assert (answer.status_code, answer.json()) == (200, {"id": ID})
    assert house.counted() == {
        ("default", "filtered", "item of an unknown type"): 1,
        ("metric_bucket", "filtered", "retired kind of metric"): 1,
        ("error", "accepted", ""): 1,
    }


async def test_an_empty_envelope_is_fine(house) -> None:
    answer = await send(house)
    assert (answer.status_code, answer.json()) == (200, {})


async def test_the_first_event_wins(house) -> None:
    answer = await send(
        house, ("event", {"message": "one"}), ("event", {"message": "two"}), ("transaction", TRANSACTION)
    )
    assert answer.status_code == 200
    assert [event.title for event in house.events.values] == ["one"]
    assert house.counted()["error", "invalid", "second event of an envelope"] == 1
    assert house.counted()["transaction", "invalid", "second event of an envelope"] == 1


async def test_the_envelopes_id_wins_over_the_payloads(house) -> None:
    answer = await send(house, ("event", {**EVENT, "event_id": OTHER_ID}), event_id=ID)
    assert answer.json() == {"id": ID}
    assert house.events.values[0].id == ID


async def test_an_event_that_was_sent_again_is_counted_once(house) -> None:
    for _ in range(2):
        assert (await send(house, ("event", EVENT), event_id=ID)).status_code == 200
    assert len(house.events.values) == 1
    assert house.counted() == {
        ("error", "accepted", ""): 1,
        ("error", "filtered", "event that was stored before"): 1,
    }


async def test_a_filtered_event_takes_its_files_with_it(build) -> None:
    house = build(kept=(Room.ATTACHMENTS,))
    answer = await send(house, ("attachment", b"x"), ("event", {"message": "filter me"}), event_id=ID)
    assert answer.status_code == 200
    assert house.events.values == house.rooms[Room.ATTACHMENTS].values == []
    assert house.counted() == {("error", "filtered", "localhost"): 1, ("attachment", "filtered", "localhost"): 1}


async def test_a_report_of_a_person_is_an_event(house) -> None:
    report = {"event_id": OTHER_ID, "name": "kim", "email": "k@example.com", "comments": "it broke"}
    answer = await send(house, ("feedback", FEEDBACK), ("user_report", report), event_id=ID)
    assert answer.status_code == 200
    feedback, report_event = house.events.values
    assert (feedback.id, feedback.kind) == (ID, "feedback")
    payloads = [json.loads(event.payload) for event in (feedback, report_event)]
    assert payloads[0]["fingerprint"] != payloads[1]["fingerprint"]  # each is an issue of its own
    told = payloads[1]["contexts"]["feedback"]
    assert told == {
        "message": "it broke", "contact_email": "k@example.com", "name": "kim", "associated_event_id": OTHER_ID,
        "source": "user_report_envelope",
    }  # fmt: skip
    assert report_event.id != ID
    assert house.counted() == {("feedback", "accepted", ""): 2}


async def test_what_a_client_lost_is_shown_and_never_limited(house) -> None:
    house.keys.known[KEY] = ProjectKey(KEY, 1, limits={"": KeyLimit(0)})
    report = {"discarded_events": [{"reason": "network_error", "category": "error", "quantity": 7}]}
    assert (await send(house, ("client_report", report))).status_code == 200
    assert house.counted() == {("error", "discarded", "client: network_error"): 7}


async def test_a_replays_event_and_recording_are_one_piece(build) -> None:
    house = build(kept=(Room.REPLAYS,))
    await send(
        house, ("replay_event", {"segment_id": 3}), ("replay_recording", b'{"segment_id":3}\n\x78\x9c'), event_id=ID
    )
    (piece,) = house.rooms[Room.REPLAYS].values
    assert (piece.replay_id, piece.segment, piece.event, piece.recording) == (ID, 3, b'{"segment_id": 3}', b"\x78\x9c")


@pytest.mark.parametrize(
    "item", ["event", "session", "check_in", "log", "span", "trace_metric", "profile", "replay_event"]
)
@pytest.mark.parametrize("payload", [b"", b"[", b"null", b'"x"', b"\xff", b"[" * 3_000], ids=repr)
async def test_a_broken_item_alone_is_400_and_costs_only_itself(house, item, payload) -> None:
    answer = await send(house, (item, payload))
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert (await send(house, (item, payload), ("event", EVENT))).status_code == 200 or item == "event"


async def test_an_event_nested_too_deep_for_us_is_an_error_of_the_sender(house) -> None:
    answer = await send(house, ("event", {"message": "recurse"}))
    assert (answer.status_code, answer.json()) == (400, {"detail": "event: nested too deep"})


async def test_a_fault_of_ours_in_one_item_costs_no_other(build) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    house = build(kept=(Room.SESSIONS,), take=broken)
    assert (await send(house, ("event", EVENT))).status_code == 500
    assert (await send(house, ("event", EVENT), ("session", SESSION))).status_code == 200
    assert len(house.rooms[Room.SESSIONS].values) == 1
    assert house.counted()["error", "invalid", "item on which the server failed"] == 2


async def test_values_out_of_bounds_are_refused_alone(build) -> None:
    house = build(kept=(Room.SESSIONS,))
    house.rooms[Room.SESSIONS].fails = OutOfBounds("too old")
    assert (await send(house, ("session", SESSION))).status_code == 400
    assert (await send(house, ("session", SESSION), ("event", EVENT))).status_code == 200
    assert house.counted()["session", "invalid", "timestamp out of bounds"] == 2


async def test_an_item_beyond_its_size_is_413_with_everything_else_kept(build) -> None:
    limits = SentryLimits(envelope=EnvelopeLimits(item_bytes_max={"event": 100}))
    house = build(limits=limits, kept=(Room.SESSIONS,))
    answer = await send(house, ("event", {"message": "x" * 200}))
    assert answer.status_code == 413
    assert "event" in answer.json()["detail"]
    assert (await send(house, ("event", {"message": "x" * 200}), ("session", SESSION))).status_code == 200
    assert house.counted()["error", "invalid", "item that is too large"] == 2


@pytest.mark.parametrize(
    ("err", "status", "seconds"),
    [
        pytest.param(Overloaded("full", retry_after_s=7), 429, 7, id="queue full"),
        pytest.param(DiskFull("full"), 429, 60, id="disk full"),
        pytest.param(StoreUnavailable("closing"), 503, 5, id="store not there"),
    ],
)
async def test_a_busy_store_tells_the_sdk_to_wait_for_that_category(build, err, status, seconds) -> None:
    house = build(kept=(Room.SESSIONS,))
    house.events.fails = err
    answer = await send(house, ("event", EVENT))
    assert answer.status_code == status
    assert answer.headers["x-sentry-rate-limits"] == f"{seconds}:error:organization:busy"
    assert answer.headers["retry-after"] == str(seconds)
    both = await send(house, ("event", EVENT), ("session", SESSION))
    assert both.status_code == 200
    assert both.headers["x-sentry-rate-limits"] == f"{seconds}:error:organization:busy"
    assert len(house.rooms[Room.SESSIONS].values) == 1


async def test_a_keys_limit_answers_429_then_says_so_on_200_too(build) -> None:
    house = build(kept=(Room.SESSIONS,))
    house.keys.known[KEY] = ProjectKey(KEY, 1, limits={"error": KeyLimit(2, 60)})
    for _ in range(2):
        assert (await send(house, ("event", EVENT))).status_code == 200
    refused = await send(house, ("event", EVENT))
    assert refused.status_code == 429
    assert refused.headers["x-sentry-rate-limits"] == f"{refused.headers['retry-after']}:error:key:key_quota"
    passing = await send(house, ("session", SESSION))
    assert passing.status_code == 200
    assert ":error:key:key_quota" in passing.headers["x-sentry-rate-limits"]
    assert house.counted()["error", "limited", "key quota"] == 1


async def test_a_limit_of_all_categories_names_none(house) -> None:
    house.keys.known[KEY] = ProjectKey(KEY, 1, limits={"": KeyLimit(0, 30)})
    answer = await send(house, ("event", EVENT))
    assert (answer.status_code, answer.headers["x-sentry-rate-limits"]) == (429, "30::key:key_quota")


async def test_pages_of_other_origins_may_be_kept_out(house) -> None:
    house.keys.known[KEY] = replace(house.keys.known[KEY], origins=("https://shop.example", "*.shop.example"))
    for origin, status in (
        ("https://shop.example", 200),
        ("https://www.shop.example:8443", 200),
        ("http://shop.example", 403),
        ("https://shop.example.evil.test", 403),
        ("https://evilshop.example", 403),
        ("null", 403),
    ):
        async with house.client() as client:
            answer = await client.post(URL, content=envelope(("event", EVENT)), headers={**AUTH, "origin": origin})
        assert answer.status_code == status, origin


class Wired:
    """The shared rooms of lines and samples behind the routes."""

    def __init__(self, house: Any, log_sink: Any, sink: Any) -> None:
        self.outcomes = Outcomes()
        made = writers(house.events, logs=LogIntake(log_sink, self.outcomes), metrics=MetricTotals(sink, self.outcomes))
        self.intake = SentryIntake(house.keys, Rooms(made), self.outcomes)
        house.intake, house.outcomes = self.intake, self.outcomes


async def test_logs_become_lines_of_everybodys_streams(house, log_sink, sink) -> None:
    Wired(house, log_sink, sink)
    assert (await send(house, ("log", LOGS))).status_code == 200
    (batch,) = log_sink.batches
    assert [batch.body[0], batch.body[1]] == ["no stock", "hello"]
    assert batch.severity.tolist() == [5, 3]
    assert [new.labels for new in batch.introduced] == [Labels.of(service_name="unknown_service")]
    assert house.counted() == {("log_item", "accepted", ""): 2, ("logs", "accepted", ""): 2}


async def test_logs_of_a_busy_store_are_refused(house, log_sink, sink) -> None:
    Wired(house, log_sink, sink)
    log_sink.fails = Overloaded("full")
    answer = await send(house, ("log", LOGS))
    assert (answer.status_code, answer.headers["x-sentry-rate-limits"]) == (429, "1:log_item:organization:busy")


def metrics(*entries: dict[str, Any]) -> tuple[str, Any]:
    return "trace_metric", {"items": list(entries)}


def rows(sink: Any, name: str) -> list[float]:
    ids = {new.id for batch in sink.batches for new in batch.introduced if new.labels.metric == name}
    return [
        value
        for batch in sink.batches
        for series, value in zip(batch.series, batch.value, strict=True)
        if series in ids
    ]


async def test_counters_become_totals_with_a_zero_before_the_first(house, log_sink, sink) -> None:
    Wired(house, log_sink, sink)
    for value in (2, 3):
        entry = {"name": "orders", "type": "counter", "value": value, "trace_id": TRACE}
        assert (await send(house, metrics(entry, entry))).status_code == 200
    assert rows(sink, "orders_total") == [0.0, 4.0, 10.0]
    times = [ts for batch in sink.batches for ts in batch.ts_ms.tolist()]
    assert times == sorted(set(times))
    assert sink.batches[0].exemplars[0].labels.get("trace_id") == TRACE
    assert {one.type for batch in sink.batches for one in batch.metadata} == {"counter"}
    assert house.counted()["trace_metric", "accepted", ""] == 4


async def test_gauges_keep_their_time_and_distributions_their_shape(house, log_sink, sink) -> None:
    Wired(house, log_sink, sink)
    await send(
        house,
        metrics(
            {"name": "queue", "type": "gauge", "value": 5, "timestamp": 1767323045.5},
            *({"name": "wait", "type": "distribution", "unit": "second", "value": value} for value in (0.5, 2, -1, 0)),
        ),
    )
    (batch,) = sink.batches
    assert rows(sink, "queue") == [5.0]
    assert 1_767_323_045_500 in batch.ts_ms.tolist()
    assert rows(sink, "wait_seconds_count") == [0.0, 4.0]
    assert rows(sink, "wait_seconds_sum") == [0.0, 1.5]
    first, last = (sample.histogram for sample in batch.histograms)
    assert (first.count, last.count, last.zero_count) == (0.0, 4.0, 1.0)
    assert last.positive.index == (-8, 8)  # buckets that end at 0.5 and at 2
    assert last.negative.index == (0,)


async def test_labels_without_end_are_counted_together(house, log_sink, sink) -> None:
    Wired(house, log_sink, sink)
    entries = [
        {"name": "n", "type": "counter", "value": 1, "attributes": {"order": {"value": str(number)}}}
        for number in range(1_500)
    ]
    assert (await send(house, metrics(*entries))).status_code == 200
    named = {new.labels for batch in sink.batches for new in batch.introduced}
    assert len(named) == 1_001
    assert 500.0 in rows(sink, "n_total")
