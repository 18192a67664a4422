"""Lines of files that nobody configured become the records that their programs meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.process.logformat.auto import CHARACTERS_MAX, LINES_MAX, WAIT_S, AutoFormat, Record

SEOUL = timezone(timedelta(hours=9))
NOW_NS = int(datetime(2024, 3, 1, tzinfo=UTC).timestamp()) * 10**9


def records(*lines: str) -> list[Record]:
    auto = AutoFormat(lambda: 0.0, SEOUL)
    found = [record for line in lines for record in auto.run(line, NOW_NS)]
    return [*found, *auto.flush(everything=True)]


def at(*parts: int, zone: timezone = SEOUL, nanos: int = 0) -> int:
    return int(datetime(*parts, tzinfo=zone).timestamp()) * 10**9 + nanos  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("line", "form", "ts_ns"),
    [
        pytest.param(
            '{"timestamp": "2024-02-29 23:59:59,123", "level": "ERROR", "message": "\\uacb0\\uc81c", "module": "m", '
            '"line": 5, "logger": "app", "exception": "Traceback (most recent call last):\\n  File"}',
            "json",
            at(2024, 2, 29, 23, 59, 59, nanos=123_000_000),
            id="a JSON formatter of Python writes local time",
        ),
        pytest.param('{"time":1700000000123,"msg":"x"}', "json", 1_700_000_000_123_000_000, id="JSON, milliseconds"),
        pytest.param('{"ts":"2024-01-02T03:04:05.5Z"}', "json", at(2024, 1, 2, 3, 4, 5, zone=UTC, nanos=500_000_000), id="zap"),  # noqa: E501
        pytest.param('{"time":"soon","msg":"x"}', "json", NOW_NS, id="JSON without a time"),
        pytest.param('{"ts":99999999999999999999}', "json", NOW_NS, id="JSON of a time nobody lives in"),
        pytest.param(
            '10.0.0.1 - - [02/Jan/2024:15:04:05 -0700] "GET / HTTP/1.1" 200 1 "-" "curl"',
            "access",
            at(2024, 1, 2, 22, 4, 5, zone=UTC),
            id="nginx access",
        ),
        pytest.param("2024/01/02 15:04:05 [error] 12#12: *5 open()", "nginx_error", at(2024, 1, 2, 15, 4, 5), id="nginx error"),  # noqa: E501
        pytest.param(
            "[Tue Jan 02 15:04:05.000123 2024] [core:error] [pid 1] x",
            "apache_error",
            at(2024, 1, 2, 15, 4, 5, nanos=123_000),
            id="apache error",
        ),
        pytest.param("<34>1 2024-01-11T22:14:15.003Z h a 1 ID - m", "syslog5424", at(2024, 1, 11, 22, 14, 15, zone=UTC, nanos=3_000_000), id="RFC 5424"),  # noqa: E501
        pytest.param("<34>Feb 11 22:14:15 h su: x", "syslog3164", at(2024, 2, 11, 22, 14, 15), id="RFC 3164, this year"),  # noqa: E501
        pytest.param("Oct 11 22:14:15 h sshd[1]: x", "syslog3164", at(2023, 10, 11, 22, 14, 15), id="last year"),
        pytest.param("2024-01-02T03:04:05.000001+09:00 h tag[1]: x", "syslog_file", at(2024, 1, 2, 3, 4, 5, nanos=1000), id="rsyslog"),  # noqa: E501
        pytest.param("I0102 15:04:05.000001       1 main.go:10] hi", "klog", at(2024, 1, 2, 15, 4, 5, nanos=1000), id="klog"),  # noqa: E501
        pytest.param('level=info ts=2024-01-02T03:04:05Z msg="x y"', "logfmt", at(2024, 1, 2, 3, 4, 5, zone=UTC), id="logfmt"),  # noqa: E501
        pytest.param("2024-01-02 03:04:05,678 - app - ERROR - x", "python", at(2024, 1, 2, 3, 4, 5, nanos=678_000_000), id="Python"),  # noqa: E501
        pytest.param("2024-01-02 03:04:05.1  INFO 1 --- [main] c.A : x", "spring", at(2024, 1, 2, 3, 4, 5, nanos=100_000_000), id="Spring"),  # noqa: E501
        pytest.param("2024-01-02 03:04:05 UTC [1] LOG:  x", "dated", at(2024, 1, 2, 3, 4, 5, zone=UTC), id="PostgreSQL"),  # noqa: E501
        pytest.param("just words", "", NOW_NS, id="plain"),
        pytest.param("9999-99-99 99:99:99 x", "", NOW_NS, id="no date at all"),
        pytest.param("2050-01-01 00:00:00 x", "dated", NOW_NS, id="a date ahead is not believed"),
    ],
)  # fmt: skip
def test_formats_and_times(line: str, form: str, ts_ns: int) -> None:
    (record,) = records(line)
    assert (record.line, record.format, record.ts_ns) == (line, form, ts_ns)


def test_wrappers_come_off_and_what_they_cut_is_joined() -> None:
    stamp = "2024-01-02T03:04:05.678901234Z"
    stamp_ns = at(2024, 1, 2, 3, 4, 5, zone=UTC, nanos=678_901_234)
    assert records(
        f'{{"log":"ab","stream":"stdout","time":"{stamp}"}}',
        f'{{"log":"err\\n","stream":"stderr","time":"{stamp}"}}',
        f'{{"log":"cd\\n","stream":"stdout","time":"{stamp}","attrs":{{}}}}',
    ) == [Record("abcd", stamp_ns, "stdout"), Record("err", stamp_ns, "stderr")]
    assert {
        record.line for record in records(f"{stamp} stdout P ab", f"{stamp} stdout F cd", f"{stamp} stderr F e")
    } == {
        "abcd",
        "e",
    }
    (own,) = records('{"log":"an application with a key of that name"}')
    assert own.format == "json"


def test_a_containers_clock_is_its_runtimes() -> None:
    (record,) = records(
        '{"log":"2024-01-02 03:04:05,000 - a - INFO - x\\n","stream":"stdout","time":"2024-01-02T03:04:05.1Z"}'
    )
    assert record.ts_ns == at(2024, 1, 2, 3, 4, 5, zone=UTC, nanos=100_000_000)
    assert record.format == "python"


TRACES = {
    "python": [
        "2024-01-02 03:04:05,678 - app - ERROR - bad",
        "Traceback (most recent call last):",
        '  File "a.py", line 1, in <module>',
        "KeyError: 'x'",
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        "Traceback (most recent call last):",
        '  File "a.py", line 3, in <module>',
        "app.errors.PaymentError: 결제 실패",
    ],
    "java": [
        "2024-01-02 03:04:05.000 ERROR 1 --- [main] c.A : boom",
        "java.lang.IllegalStateException: no",
        "\tat a.b.C(D.java:1)",
        "Caused by: java.io.IOException: x",
        "\t... 3 more",
    ],
    "node": ["TypeError: x is not a function", "    at a (b.js:1:2)", "    at c (d.js:3:4)"],
    "go": ["panic: oh", "", "goroutine 1 [running]:", "main.main()", "\t/x.go:1 +0x1", "exit status 2"],
}


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_stays_in_one_piece(name: str) -> None:
    lines = TRACES[name]
    found = records("2024-01-02 03:04:04 INFO before", *lines, "2024-01-02 03:04:06 INFO after")
    assert [record.line for record in found[1:-1]] == ["\n".join(lines)]
    assert found[1].lines == len(lines)


def test_records_that_do_not_belong_together_stay_apart() -> None:
    assert len(records("one", "two", "three")) == 3
    assert len(records('{"a":1}', "  indented", "next")) == 3
    assert [record.line for record in records("one", "", "  ", "two")] == ["one", "two"]


def test_single_lines_do_not_wait_and_others_wait_a_moment() -> None:
    clock = [0.0]
    auto = AutoFormat(lambda: clock[0], SEOUL)
    assert len(auto.run('{"a":1}', NOW_NS)) == 1
    assert auto.run("2024-01-02 03:04:05 ERROR x", NOW_NS) == []
    assert auto.waiting
    assert auto.flush() == []
    clock[0] = WAIT_S
    assert len(auto.flush()) == 1
    assert not auto.waiting


def test_a_trace_is_bounded() -> None:
    found = records("2024-01-02 03:04:05 ERROR x", *["\tat x"] * (LINES_MAX * 2))
    assert max(record.lines for record in found) == LINES_MAX
    found = records("2024-01-02 03:04:05 ERROR x", *["\t" + "x" * 100_000] * 30)
    assert max(len(record.line) for record in found) < CHARACTERS_MAX + 200_000


PIECES = st.sampled_from(
    [
        *(line for lines in TRACES.values() for line in lines),
        '{"log":"x',
        '","stream":"a","time":"b"}',
        "<1>1 ",
        "=",
        " ",
    ]
)


@given(st.lists(st.lists(PIECES | st.text(max_size=10), max_size=3).map("".join), max_size=12))
def test_no_line_is_lost_whatever_comes(lines: list[str]) -> None:
    found = records(*lines)
    kept = [line for record in found for line in record.line.split("\n") if line.strip()]
    plain = [line for given_line in lines for line in given_line.split("\n") if line.strip()]
    if not any(line.startswith("{") or " std" in line for line in lines):
        assert kept == plain
