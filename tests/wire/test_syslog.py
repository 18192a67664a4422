"""Syslog as real senders write it, and the two framings of TCP however their bytes are cut."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.wire.syslog import Framing, SyslogMessage, parse

NOW = datetime(2026, 1, 2, 15, 4, 5, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")


def ns(*date: int, fraction: int = 0) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp()) * 10**9 + fraction  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        pytest.param(
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for 'x'",
            SyslogMessage(2, 4, b"'su root' failed for 'x'", ns(2003, 10, 11, 22, 14, 15, fraction=3_000_000),
                          "mymachine.example.com", "su", "", "ID47"),
            id="RFC 5424, example 1",
        ),
        pytest.param(
            '<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 evnts 8710 - [ex@3 iut="3" s="a\\"b\\]c"][b x="1"] An',
            SyslogMessage(5, 20, b"An", ns(2003, 8, 24, 12, 14, 15, fraction=3_000), "192.0.2.1", "evnts", "8710",
                          "", (("ex_iut", "3"), ("ex_s", 'a"b]c'), ("b_x", "1"))),
            id="RFC 5424, structured data",
        ),
        pytest.param("<13>1 - - - - - -", SyslogMessage(5, 1, b""), id="RFC 5424, nothing but its header"),
        pytest.param(
            "<34>Jan  2 22:14:15 mymachine su[12]: 'su root' failed\n",
            SyslogMessage(2, 4, b"'su root' failed", ns(2026, 1, 2, 13, 14, 15), "mymachine", "su", "12"),
            id="RFC 3164 in its sender's zone",
        ),
        pytest.param(
            "<30>Dec 31 22:14:15 3f5a9b shop: 결제",
            SyslogMessage(6, 3, "결제".encode(), ns(2025, 12, 31, 13, 14, 15), "3f5a9b", "shop"),
            id="last year's",
        ),
        pytest.param(
            "<30>Jan  2 22:14:15 shop[7]: x", SyslogMessage(6, 3, b"x", ns(2026, 1, 2, 13, 14, 15), "", "shop", "7"),
            id="Docker's driver: no host",
        ),
        pytest.param(
            "<30>2026-01-02T15:04:05+09:00 web nginx: x",
            SyslogMessage(6, 3, b"x", ns(2026, 1, 2, 6, 4, 5), "web", "nginx"),
            id="rsyslog's forward format",
        ),
        pytest.param("<14>app: hello", SyslogMessage(6, 1, b"hello", None, "", "app"), id="no time"),
        pytest.param("<14>hello there", SyslogMessage(6, 1, b"hello there"), id="no tag"),
        pytest.param("hello", SyslogMessage(5, 1, b"hello"), id="no header"),
        pytest.param("<192>x", SyslogMessage(5, 1, b"<192>x"), id="no priority"),
        pytest.param("<14>Feb 30 10:00:00 h t: x", SyslogMessage(6, 1, b"h t: x"), id="a day that is none"),
        pytest.param("", SyslogMessage(5, 1, b""), id="empty"),
    ],
)  # fmt: skip
def test_messages_of_real_senders(raw: str, found: SyslogMessage) -> None:
    assert parse(raw.encode(), now=NOW, zone=SEOUL) == found


@given(st.binary(max_size=80), st.booleans())
@settings(deadline=None)
def test_any_bytes_are_a_message(raw: bytes, headed: bool) -> None:
    assert isinstance(parse(b"<34>1 " + raw if headed else raw, now=NOW).message, bytes)


@given(
    st.lists(
        st.tuples(st.booleans(), st.binary(min_size=1, max_size=20).map(lambda raw: raw.translate(None, b"\n\0")))
    ),
    st.integers(1, 9),
)
@settings(deadline=None)
def test_messages_come_out_whole_however_the_stream_is_cut(messages: list[tuple[bool, bytes]], step: int) -> None:
    sent, wanted = b"", []
    for counted, raw in messages:
        message = b"<34>" + raw
        sent += b"%d %b" % (len(message), message) if counted else message + b"\n"
        wanted.append(message)
    framing = Framing()
    found = [message for at in range(0, len(sent), step) for message in framing.feed(sent[at : at + step])]
    assert found == wanted
    assert (framing.held_bytes, framing.rest()) == (0, b"")


def test_a_last_line_without_its_end_is_a_message() -> None:
    framing = Framing()
    assert list(framing.feed(b"<34>one\n<34>two")) == [b"<34>one"]
    assert framing.rest() == b"<34>two"


def test_long_messages_are_cut_and_the_next_ones_found() -> None:
    framing = Framing(10)
    assert list(framing.feed(b"<34>" + b"x" * 5_000)) == [b"<34>xxxxxx"]
    assert framing.held_bytes == 0
    assert list(framing.feed(b"yyy\n<34>next\n")) == [b"<34>next"]
    assert list(framing.feed(b"5000 <34>" + b"x" * 100)) == [b"<34>xxxxxx"]
    assert list(framing.feed(b"x" * 4_896 + b"7 <34>end")) == [b"<34>end"]


def test_a_length_beyond_reason_ends_the_stream() -> None:
    framing = Framing()
    assert list(framing.feed(b"999999999 x")) == []
    assert framing.broken


@given(st.lists(st.binary(max_size=30), max_size=8))
@settings(deadline=None)
def test_any_stream_is_held_within_its_bound(chunks: list[bytes]) -> None:
    framing = Framing(16)
    for chunk in chunks:
        assert all(len(message) <= 16 + 30 for message in framing.feed(chunk))
        assert framing.held_bytes <= 16 + 30
