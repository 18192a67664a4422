"""What is read out of log lines: tables of real programs' lines, and the compiled passes beside the plain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.log import SEVERITIES, Attributes, TextColumn
from hannun.process.logs import NONE, examine, names, plain, tidy
from hannun.process.logs.said import said

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
Pairs = Sequence[tuple[str, str]]


def column(lines: Sequence[bytes | str]) -> TextColumn:
    """Behind another byte, as in a body: positions that begin at 0 hide mistakes."""
    raw = [line.encode() if isinstance(line, str) else line for line in lines]
    ends = np.cumsum([len(line) for line in raw]) + 1
    spans = np.stack([np.concatenate(([1], ends[:-1])), ends], axis=1).astype(np.int64)
    text = np.frombuffer(bytearray(b"x" + b"".join(raw)), dtype=np.uint8)
    return tidy(text, spans, 1 << 40).column


def attributes(of: Sequence[Pairs]) -> Attributes:
    offsets = np.zeros(len(of) + 1, dtype=np.int64)
    np.cumsum([len(pairs) for pairs in of], out=offsets[1:])
    keys = column([key for pairs in of for key, _ in pairs] or [""])
    values = column([value for pairs in of for _, value in pairs] or [""])
    return Attributes(offsets, keys, values)


def found(line: str | bytes, metadata: Pairs = (), label: int = NONE) -> tuple[str, str, str]:
    """(severity, trace id, span id) by the compiled passes, which must agree with the plain reading."""
    raw = line.encode() if isinstance(line, str) else line
    lines = column([raw])
    seen = examine(lines, attributes([metadata]) if metadata else None, np.array([label], dtype=np.uint8))
    trace = seen.trace_id[0] if seen.trace_id else ""
    span = seen.span_id[0] if seen.span_id else ""
    assert (int(seen.severity[0]), trace, span) == plain.examine(raw, metadata, label)
    return SEVERITIES[seen.severity[0]], trace, span


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        pytest.param('{"level":"error","msg":"x"}', "error", id="JSON"),
        pytest.param('  {"msg":"info", "severity" : "WARNING"} \n', "warn", id="JSON with space around"),
        pytest.param('{"level":30,"msg":"pino"}', "info", id="pino's number"),
        pytest.param('{"level":3,"short_message":"GELF"}', "error", id="syslog's number"),
        pytest.param('{"level":"3"}', "error", id="syslog's number as text"),
        pytest.param('{"levelname":"CRITICAL"}', "critical", id="Python"),
        pytest.param('{"log.level":"trace"}', "trace", id="ECS"),
        pytest.param('{"log":{"level":"debug"}}', "debug", id="a member's member"),
        pytest.param('{"a":{"level":"debug"},"level":"error"}', "error", id="the object's own level comes first"),
        pytest.param('{"a":{"b":{"level":"debug"}},"x":1}', "debug", id="too deep for a field: the word is found"),
        pytest.param('{"a":{"b":{"level":"odd"}},"x":1}', "unknown", id="too deep, and no word"),
        pytest.param('{"a":[{"level":"warn"}],"m":"info"}', "warn", id="in a list: by the word"),
        pytest.param('{"level":"odd","m":"an error"}', "error", id="odd word: the earliest word in the line"),
        pytest.param('{"level":"notice"}', "info", id="syslog's notice"),
        pytest.param('{"m":"\\"level\\":\\"debug\\"","level":"info"}', "info", id="a level inside of a text"),
        pytest.param('{}"level":3}', "unknown", id="what follows the object is not of it"),
        pytest.param('{"level":"err', "error", id="JSON cut in the middle"),
        pytest.param('ts=1 level=warn msg="error"', "warn", id="logfmt: the field before the word"),
        pytest.param('msg="no error" lvl="dbg"', "debug", id="logfmt, quoted"),
        pytest.param("[level=error] x", "error", id="in brackets"),
        pytest.param("severity=Information x", "info", id="a long word"),
        pytest.param("GET /x?level=error HTTP/1.1", "error", id="not a field, but a word"),
        pytest.param("GET /x?level=5 HTTP/1.1", "unknown", id="the field of a URL is none"),
        pytest.param("E0115 06:00:00.123456 1 a.go:1] info", "error", id="klog"),
        pytest.param("I0115 06:00:00.123456 1 a.go:1] an error", "info", id="klog's letter before words"),
        pytest.param("E0115 6:00 error", "error", id="no klog"),
        pytest.param("<11>Jan 1 00:00:00 h t: info", "error", id="syslog 11 = 8 + 3"),
        pytest.param("<191>x", "debug", id="last priority"),
        pytest.param("<192>x", "unknown", id="no priority"),
        pytest.param("2026-01-02 15:04:05,000 - app - WARNING - slow", "warn", id="Python's text"),
        pytest.param("2026-01-02 15:04:05.000  INFO 1 --- [main] c.e.App : error page", "info", id="the earliest word"),
        pytest.param("an errors happened", "unknown", id="part of a word is none"),
        pytest.param("errored, err_1, infos", "unknown", id="nor with an underscore or a letter"),
        pytest.param("오류error: x", "error", id="a word behind Hangul"),
        pytest.param("Exception: FATAL.", "fatal", id="a word before a full stop"),
        pytest.param("critical", "critical", id="a word alone"),
        pytest.param("warning", "warn", id="the longer word"),
        pytest.param("2026/01/02 15:04:05 [crit] 1#1: *1 connect() failed", "critical", id="nginx's error log"),
        pytest.param("[Fri Jan 02 2026] [core:notice] [emerg] x", "fatal", id="the first bracket with a level alone"),
        pytest.param("[5] x", "unknown", id="a number in brackets"),
        pytest.param('1.2.3.4 - - [02/Jan/2026:15:04:05 +0900] "GET /error HTTP/1.1" 200 5 "-" "x"', "info", id="200"),
        pytest.param('1.2.3.4 - - [02/Jan/2026:15:04:05 +0900] "GET / HTTP/1.1" 404 5', "warn", id="404"),
        pytest.param('1.2.3.4 - - [02/Jan/2026:15:04:05 +0900] "GET / HTTP/1.1" 503', "error", id="503 at the end"),
        pytest.param('said "x" 500 times', "unknown", id="a quote and a number are no access log"),
        pytest.param("", "unknown", id="empty"),
        pytest.param(" \t ", "unknown", id="space"),
        pytest.param("{}", "unknown", id="an empty object"),
        pytest.param("결제 완료", "unknown", id="Korean"),
    ],
)
def test_severity_of_a_line(line: str, severity: str) -> None:
    assert found(line)[0] == severity


@pytest.mark.parametrize(
    ("line", "metadata", "label", "severity"),
    [
        pytest.param("error", [("detected_level", "debug"), ("level", "info")], 4, "debug", id="detected_level first"),
        pytest.param("error", [("level", "info")], 4, "warn", id="then the stream's label"),
        pytest.param("error", [("level", "info"), ("severity_number", "5")], NONE, "info", id="then a field"),
        pytest.param("error", [("severity_number", "24")], NONE, "fatal", id="then OTLP's number"),
        pytest.param("error", [("severity_number", "0"), ("other", "x")], NONE, "error", id="then the line"),
        pytest.param("error", [("level", "odd")], NONE, "error", id="an odd word says nothing"),
        pytest.param("error", [("detected_level", "unknown")], NONE, "unknown", id="somebody said: unknown"),
    ],
)
def test_what_is_asked_first(line: str, metadata: Pairs, label: int, severity: str) -> None:
    assert found(line, metadata, label)[0] == severity


def test_level_fields_can_be_chosen() -> None:
    seen = examine(column(['{"ernst":"error","level":"info"}']), fields=names(["Ernst"]))
    assert SEVERITIES[seen.severity[0]] == "error"


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        pytest.param(f'{{"trace_id":"{TRACE}","span_id":"{SPAN}"}}', (TRACE, SPAN), id="JSON"),
        pytest.param(f'{{"traceId":"{TRACE.upper()}","spanId":"{SPAN.upper()}"}}', (TRACE, SPAN), id="upper case"),
        pytest.param(f'{{"otelTraceID":"{TRACE}","otelSpanID":"{SPAN}"}}', (TRACE, SPAN), id="OTel for Python"),
        pytest.param(f'{{"trace.id":"{TRACE}","span.id":"{SPAN}"}}', (TRACE, SPAN), id="ECS, flat"),
        pytest.param(f'{{"trace":{{"id":"{TRACE}"}},"span":{{"id":"{SPAN}"}}}}', (TRACE, SPAN), id="ECS, nested"),
        pytest.param(f'{{"context":{{"trace_id":"0x{TRACE}"}},"id":"{SPAN}"}}', (TRACE, ""), id="OTel's console"),
        pytest.param(f'{{"trace":"x","id":"{SPAN}"}}', ("", ""), id="an id of something else"),
        pytest.param('{"dd.trace_id":"18446744073709551615","dd.span_id":1}', ("f" * 16, "0" * 15 + "1"), id="Datadog"),
        pytest.param('{"dd":{"trace_id":"255","span_id":"256"}}', (f"{255:016x}", f"{256:016x}"), id="Datadog, nested"),
        pytest.param('{"dd.trace_id":"18446744073709551616"}', ("", ""), id="beyond 64 bits"),
        pytest.param(f'{{"dd.trace_id":"{TRACE}"}}', (TRACE, ""), id="Datadog, 128 bits"),
        pytest.param(f'{{"traceparent":"00-{TRACE}-{SPAN}-01"}}', (TRACE, SPAN), id="traceparent"),
        pytest.param(f'{{"traceparent":"00-{TRACE}-{SPAN}"}}', ("", ""), id="half a traceparent"),
        pytest.param(f"level=info trace_id={TRACE} span_id={SPAN}", (TRACE, SPAN), id="logfmt"),
        pytest.param(f'traceID="{SPAN}" x', (SPAN, ""), id="a trace of 64 bits"),
        pytest.param(f"INFO [trace_id={TRACE} span_id={SPAN} trace_sampled=True] - x", (TRACE, SPAN), id="OTel's text"),
        pytest.param(f"GET /?trace_id={TRACE} x", ("", ""), id="a URL"),
        pytest.param(f'{{"trace_id":"{"0" * 32}","span_id":"{"0" * 16}"}}', ("", ""), id="zeros"),
        pytest.param(f'{{"trace_id":"{TRACE[:-1]}"}}', ("", ""), id="a digit short"),
        pytest.param(f'{{"trace_id":"{TRACE[:-1]}g"}}', ("", ""), id="no digit"),
        pytest.param(f'{{"trace_id":"x","a":{{"trace_id":"{TRACE}"}}}}', (TRACE, ""), id="the first that is one"),
        pytest.param('{"trace_id":null,"span_id":12}', ("", ""), id="none"),
    ],
)
def test_ids_of_the_trace(line: str, ids: tuple[str, str]) -> None:
    assert found(line)[1:] == ids


def test_ids_of_metadata_come_before_those_of_the_line() -> None:
    assert found(f"trace_id={'1' * 32}", [("trace_id", TRACE), ("span_id", SPAN)])[1:] == (TRACE, SPAN)
    assert found("x", [("traceparent", f"00-{TRACE}-{SPAN}-01")])[1:] == (TRACE, SPAN)


def test_a_detected_level_of_ours_is_not_kept_and_an_odd_one_is() -> None:
    lines = column(["a", "b", "c"])
    seen = examine(
        lines,
        attributes(
            [[("detected_level", "warn"), ("k", "1")], [("detected_level", "notice")], [("detected_level", "error")]]
        ),
    )
    kept = seen.attributes
    assert kept is not None
    assert kept.offsets.tolist() == [0, 1, 2, 2]
    assert [(kept.keys[index], kept.values[index]) for index in range(2)] == [("k", "1"), ("detected_level", "notice")]
    assert [SEVERITIES[one] for one in seen.severity] == ["warn", "info", "error"]
    assert examine(lines, attributes([[("detected_level", "info")]] * 3)).attributes is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        pytest.param('{"m": "\\uacb0\\uc81c ok"}', '{"m": "결제 ok"}', id="as json.dumps writes it"),
        pytest.param(
            '{"log":"{\\"m\\": \\"\\\\uacb0\\\\uc81c\\"}"}', '{"log":"{\\"m\\": \\"결제\\"}"}', id="through Docker"
        ),
        pytest.param("\\ud83d\\ude00", "😀", id="a pair of surrogates"),
        pytest.param("\\\\ud83d\\\\ude00", "😀", id="the pair through Docker"),
        pytest.param("\\ud83d x \\ude00", "", id="lone surrogates stay"),
        pytest.param("\\ud83d\\uacb0", "\\ud83d결", id="half a pair before a letter"),
        pytest.param("\\u003cb\\u003e", "<b>", id="Go writes <"),
        pytest.param('{"a":"\\u0022\\u005c\\u0000\\u001b\\u0085"}', "", id="what holds the line together stays"),
        pytest.param("C:\\users\\u12", "", id="no escape"),
        pytest.param("\\u", "", id="nothing behind it"),
        pytest.param("no escapes", "", id="none"),
        pytest.param("", "", id="empty"),
    ],
)
def test_what_escapes_say(line: str, says: str) -> None:
    assert plain.said(line) == says
    written = said(column(["x", line, ""]))
    assert (written[1] if written else "") == says


@pytest.mark.parametrize(
    ("line", "most", "text"),
    [
        pytest.param("한글".encode()[:-1], 100, "한\ufffd", id="broken at the end: one mark for the whole sequence"),
        pytest.param(b"a\xffb\xc0\xafc", 100, "a\ufffdb\ufffd\ufffdc", id="bytes that begin nothing"),
        pytest.param(b"\xed\xa0\x80", 100, "\ufffd\ufffd\ufffd", id="a surrogate"),
        pytest.param(b"\xf0\x9f\x98", 100, "\ufffd", id="three quarters of an emoji"),
        pytest.param("가나다".encode(), 9, "가나다", id="just fits"),
        pytest.param("가나다".encode(), 8, "가나 … [cut: the line had 9 bytes]", id="cut between letters"),
        pytest.param(b"\x80" * 10, 4, "\ufffd … [cut: the line had 10 bytes]", id="cut where there is no letter"),
    ],
)
def test_lines_become_text(line: bytes, most: int, text: str) -> None:
    assert plain.tidy(line, most) == text
    body = np.frombuffer(b"--" + line + b"--", dtype=np.uint8)
    made = tidy(body, np.array([[0, 2], [2, 2 + len(line)]], dtype=np.int64), most)
    assert [made.column[0], made.column[1]] == ["--", text]


def test_50_mib_become_a_cut_line_without_copies_of_it() -> None:
    body = np.full(50 << 20, 0x78, dtype=np.uint8)
    made = tidy(body, np.array([[0, len(body)]], dtype=np.int64))
    assert made.cut == 1
    assert made.column.size_bytes < 300 << 10
    assert made.column[0].endswith("x … [cut: the line had 52428800 bytes]")


@given(
    st.lists(st.one_of(st.binary(max_size=24), st.text(max_size=12).map(lambda text: text.encode("utf-8", "replace")))),
    st.integers(0, 24),
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_become_the_text_that_python_reads(lines: list[bytes], most: int) -> None:
    ends = np.cumsum([len(line) for line in lines], dtype=np.int64)
    starts = np.concatenate(([0], ends[:-1])) if lines else ends
    body = np.frombuffer(bytearray(b"".join(lines)), dtype=np.uint8)
    made = tidy(body, np.stack([starts, ends], axis=1).astype(np.int64), most)
    assert [made.column[index] for index in range(len(lines))] == [plain.tidy(line, most) for line in lines]
    assert made.cut == sum(len(line) > most for line in lines)


PIECES = [
    "{", "}", "[", "]", '"', ":", ",", "=", " ", "\\", '"level":', "level=", '"error"', "error", "info", "warn", "3",
    "30", '"trace_id":"', TRACE, SPAN, "span_id=", '"dd":{', '"trace":{"id":"', "traceparent=00-", "-", "critical",
    "[crit]", '] "GET /" 500 ', "<12>", "E0115 06:00:00 ", "\\u", "\\\\ud83d", "\\ude00", "\\uacb0", "결", "\t",
    "_", "?", "&",
    "T", "dd.trace_id=", "255", "x", "WARNING", '"severity":', "(", "|", ";", ".", "@level=", "\x00", "F",
]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=10).map("".join), min_size=1, max_size=5), st.booleans())
@settings(max_examples=1500, deadline=None)
def test_the_compiled_passes_mean_what_the_plain_ones_mean(lines: list[str], wrapped: bool) -> None:
    texts = ["{" + line + "}" if wrapped else line for line in lines]
    made = column(texts)
    seen = examine(made)
    written = said(made)
    for index, line in enumerate(texts):
        trace = seen.trace_id[index] if seen.trace_id else ""
        span = seen.span_id[index] if seen.span_id else ""
        assert (int(seen.severity[index]), trace, span) == plain.examine(line.encode()), line
        assert (written[index] if written else "") == plain.said(line)


KEYS = st.sampled_from(
    ["detected_level", "Level", "severity_number", "trace_id", "span_id", "traceparent", "dd.trace_id", "x", ""]
)
VALUES = st.sampled_from(
    ["info", "WARN", "odd", "9", "17", "99", "", TRACE, SPAN, "123", f"00-{TRACE}-{SPAN}-01", "결"]
)


@given(st.lists(st.lists(st.tuples(KEYS, VALUES), max_size=4), min_size=1, max_size=4), st.sampled_from([NONE, 0, 5]))
@settings(max_examples=300, deadline=None)
def test_metadata_means_the_same_to_both(of: list[list[tuple[str, str]]], label: int) -> None:
    made = column([f"level=debug {index}" for index in range(len(of))])
    seen = examine(made, attributes(of), np.full(len(of), label, dtype=np.uint8))
    for index, pairs in enumerate(of):
        trace = seen.trace_id[index] if seen.trace_id else ""
        span = seen.span_id[index] if seen.span_id else ""
        assert (int(seen.severity[index]), trace, span) == plain.examine(made[index].encode(), pairs, label)
