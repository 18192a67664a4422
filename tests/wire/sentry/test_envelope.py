"""Envelopes are framed as SDKs write them, and whatever else comes is a WireError."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import TooLarge, WireError
from hannun.wire.sentry.envelope import Envelope, parse
from hannun.wire.sentry.limits import EnvelopeLimits

ID = "9ec79c33ec9942ab8353589fcb2e04dc"


def told(envelope: Envelope) -> list[tuple[str, bytes]]:
    return [(item.type, bytes(item.payload)) for item in envelope.items]


@pytest.mark.parametrize(
    ("raw", "items"),
    [
        pytest.param(b"{}", [], id="header alone"),
        pytest.param(b"{}\n", [], id="header and a newline"),
        pytest.param(b"{}\n\n\n", [], id="blank lines behind it"),
        pytest.param(b'{}\n{"type":"event","length":2}\n{}', [("event", b"{}")], id="length, end of body"),
        pytest.param(b'{}\n{"type":"event","length":2}\n{}\n', [("event", b"{}")], id="length, newline"),
        pytest.param(b'{}\n{"type":"event"}\n{"a":1}', [("event", b'{"a":1}')], id="no length, end of body"),
        pytest.param(
            b'{}\n{"type":"event"}\n{"a":1}\n{"type":"session"}\n{}\n',
            [("event", b'{"a":1}'), ("session", b"{}")],
            id="no length, as @sentry/* 11 sends its JSON",
        ),
        pytest.param(
            b'{}\n{"type":"attachment","length":10}\nHello\r\n\r\nx\n{"type":"event","length":2}\n{}\n',
            [("attachment", b"Hello\r\n\r\nx"), ("event", b"{}")],
            id="newlines of Windows inside a payload",
        ),
        pytest.param(
            b'{}\n{"type":"attachment","length":24}\n{"type":"event"}\n{"a":1}\n\n{"type":"session"}\n{}',
            [("attachment", b'{"type":"event"}\n{"a":1}'), ("session", b"{}")],
            id="a payload that looks like an item",
        ),
        pytest.param(
            b'{}\n{"type":"attachment","length":0}\n\n{"type":"attachment","length":0}\n\n',
            [("attachment", b""), ("attachment", b"")],
            id="payloads of no bytes",
        ),
        pytest.param(
            b'{}\n{"type":"attachment"}\n\n{"type":"attachment"}\n\n',
            [("attachment", b""), ("attachment", b"")],
            id="payloads of no bytes without a length",
        ),
        pytest.param(b'{}\n{"type":"attachment","length":0}', [("attachment", b"")], id="ends behind an item's header"),
        pytest.param(b'{}\r\n{"type":"event"}\r\n{}\r\n', [("event", b"{}\r")], id="headers with newlines of Windows"),
        pytest.param(
            b'{}\r\n{"type":"event","length":2}\r\n{}\n', [("event", b"{}")], id="headers of Windows, with a length"
        ),
        pytest.param(b'{}\n\n  \n{"type":"a"}\nx', [("a", b"x")], id="blank lines before an item"),
        pytest.param(
            b'{}\n{"type":"of_a_later_day","length":1}\n\xff', [("of_a_later_day", b"\xff")], id="no JSON inside"
        ),
    ],
)
def test_framing(raw: bytes, items: list[tuple[str, bytes]]) -> None:
    assert told(parse(raw)) == items


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\n", id="no header"),
        pytest.param(b"[]\n", id="header that is no object"),
        pytest.param(b"hello", id="no JSON"),
        pytest.param(b'{}\n{"length":1}\nx', id="no type"),
        pytest.param(b'{}\n{"type":1}\nx', id="type that is no text"),
        pytest.param(b'{}\n{"type":""}\nx', id="empty type"),
        pytest.param(b'{}\n{"type":"event","length":3}\n{}', id="fewer bytes than announced"),
        pytest.param(b'{}\n{"type":"event","length":1}\n{}\n', id="no newline behind the payload"),
        pytest.param(b'{}\n{"type":"event","length":-1}\n{}', id="negative length"),
        pytest.param(b'{}\n{"type":"event","length":"2"}\n{}', id="length as text"),
        pytest.param(b'{}\n{"type":"event","length":2.0}\n{}', id="length with a fraction"),
        pytest.param(b'{}\n{"type":"event","length":true}\n{', id="length that is a truth"),
        pytest.param(b'{}\n{"type":"event","length":1e400}\n{}', id="length beyond any number"),
        pytest.param(b'{}\n{"type":"event","length":99999999999999999999}\n{}', id="length beyond 64 bits"),
        pytest.param(b"{}\n" + b"[" * 5_000, id="header nested too deep"),
        pytest.param(b"{" + b" " * 70_000 + b"}", id="header too long"),
    ],
)
def test_broken_framing_is_blamed_on_the_sender(raw: bytes) -> None:
    with pytest.raises((WireError, TooLarge)):
        parse(raw)


def test_a_million_items_are_refused_at_the_bound() -> None:
    raw = b"{}\n" + b'{"type":"a","length":0}\n\n' * 1_000_000
    with pytest.raises(TooLarge, match="1000 items"):
        parse(raw)


def test_megabytes_of_blank_lines_are_read_over_at_once() -> None:
    assert told(parse(b"{}\n" + b"\n" * 20_000_000)) == []


def test_the_bound_of_items_is_a_setting() -> None:
    with pytest.raises(TooLarge):
        parse(b'{}\n{"type":"a"}\n1\n{"type":"a"}\n2\n', EnvelopeLimits(items_max=1))


@pytest.mark.parametrize(
    ("header", "event_id", "sent_ms"),
    [
        pytest.param({}, "", None, id="nothing"),
        pytest.param({"event_id": ID}, ID, None, id="plain id"),
        pytest.param(
            {"event_id": "9EC79C33-EC99-42AB-8353-589FCB2E04DC"}, ID, None, id="dashed, as sentry-cli sends it"
        ),
        pytest.param({"event_id": "0" * 32}, "", None, id="nil id"),
        pytest.param({"event_id": 5, "sent_at": []}, "", None, id="wrong types"),
        pytest.param({"sent_at": "2026-01-02T03:04:05.678Z"}, "", 1_767_323_045_678, id="RFC 3339"),
        pytest.param({"sent_at": 1_767_323_045.678}, "", 1_767_323_045_678, id="seconds"),
        pytest.param({"sent_at": "yesterday"}, "", None, id="no time"),
    ],
)
def test_what_the_header_says(header: dict[str, object], event_id: str, sent_ms: int | None) -> None:
    envelope = parse(json.dumps(header).encode())
    assert (envelope.event_id, envelope.sent_ms) == (event_id, sent_ms)


ITEMS = st.lists(st.tuples(st.text("abcz_", min_size=1), st.binary(max_size=60)), max_size=8)


@given(ITEMS)
@settings(deadline=None)
def test_what_is_framed_with_lengths_comes_back(items: list[tuple[str, bytes]]) -> None:
    raw = b"{}\n" + b"".join(
        json.dumps({"type": name, "length": len(payload)}).encode() + b"\n" + payload + b"\n" for name, payload in items
    )
    assert told(parse(raw)) == items


PIECES = st.sampled_from(
    [b"{}", b"\n", b"\r\n", b'{"type":"event"}', b'{"type":"a","length":3}', b"abc", b'{"type":', b'"length":-1}',
     b"\x00", b"\xff", b"[" * 40, b'{"length":1e999,"type":"x"}', b" ", b'{"event_id":"\\ud800"}', b"NaN"]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=400), st.lists(PIECES, max_size=20).map(b"".join)))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_an_envelope_or_an_error_of_the_sender(raw: bytes) -> None:
    try:
        envelope = parse(raw)
        _ = (envelope.event_id, envelope.sent_ms, envelope.dsn)
    except (WireError, TooLarge):
        return
    assert sum(len(item.payload) for item in envelope.items) <= len(raw)
