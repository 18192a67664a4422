"""When jobs are due: crontabs, intervals, places with summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.model.sentry_items import Crontab, Interval, MonitorConfig
from hannun.process.monitors.schedule import next_due, parse


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def due(schedule: Crontab | Interval, after: str, timezone: str = "") -> str | None:
    found = next_due(MonitorConfig(schedule, timezone=timezone), ms(after))
    return None if found is None else datetime.fromtimestamp(found / 1000, UTC).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("* * * * *", "2026-11-21 04:31", id="every minute"),
        pytest.param("0 * * * *", "2026-11-21 05:00", id="every hour"),
        pytest.param("*/20 * * * *", "2026-11-21 04:40", id="steps"),
        pytest.param("30 4 * * *", "2026-11-22 04:30", id="strictly after"),
        pytest.param("0 2,14 * * *", "2026-11-21 14:00", id="lists"),
        pytest.param("0 9-17/4 * * *", "2026-11-21 09:00", id="range with step"),
        pytest.param("5/20 * * * *", "2026-11-21 04:45", id="from a value by steps"),
        pytest.param("0 0 * * MON", "2026-11-23 00:00", id="names of days"),
        pytest.param("0 0 * * 7", "2026-11-22 00:00", id="7 is Sunday"),
        pytest.param("0 0 * * fri-sat", "2026-11-27 00:00", id="range of names"),
        pytest.param("0 0 1 jan *", "2027-01-01 00:00", id="names of months"),
        pytest.param("0 0 13 * 5", "2026-11-27 00:00", id="either day is enough"),
        pytest.param("0 0 29 2 *", "2028-02-29 00:00", id="leap day"),
        pytest.param("0 0 31 2 *", None, id="a day that never comes"),
        pytest.param("@hourly", "2026-11-21 05:00", id="nickname"),
        pytest.param("@DAILY", "2026-11-22 00:00", id="nickname in capitals"),
        pytest.param("0 0 ? * *", "2026-11-22 00:00", id="question mark"),
    ],
)
def test_crontabs(expression: str, expected: str | None) -> None:
    assert due(Crontab(expression), "2026-11-21T04:30:00Z") == expected


@pytest.mark.parametrize(
    "expression",
    ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *",
     "*/0 * * * *", "5-1 * * * *", "1,,2 * * * *", "*-5 * * * *", "-1 * * * *", "99999999999 * * * *", "@reboot",
     "* * * jan-x *", "１ * * * *"],
)  # fmt: skip
def test_what_is_no_crontab_is_never_due(expression: str) -> None:
    assert parse(expression) is None
    assert due(Crontab(expression), "2026-11-21T04:30:00Z") is None


@pytest.mark.parametrize(
    ("expression", "timezone", "after", "expected"),
    [
        pytest.param("0 9 * * *", "Asia/Seoul", "2026-11-21T01:00:00Z", "2026-11-22 00:00", id="Seoul"),
        pytest.param("0 9 * * *", "No/Where", "2026-11-21T01:00:00Z", "2026-11-21 09:00", id="unknown: UTC"),
        pytest.param("0 9 * * *", "../../etc/passwd", "2026-11-21T01:00:00Z", "2026-11-21 09:00", id="a path: UTC"),
        pytest.param("30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29 01:30", id="skipped in spring"),
        pytest.param("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25 00:30", id="first in autumn"),
        pytest.param("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26 01:30", id="once in autumn"),
    ],
)
def test_crontabs_follow_the_clock_of_their_place(expression: str, timezone: str, after: str, expected: str) -> None:
    assert due(Crontab(expression), after, timezone) == expected


@pytest.mark.parametrize(
    ("interval", "after", "expected"),
    [
        pytest.param(Interval(5, "minute"), "2026-11-21T04:30:00Z", "2026-11-21 04:35", id="minutes"),
        pytest.param(Interval(2, "hour"), "2026-11-21T23:30:00Z", "2026-11-22 01:30", id="hours"),
        pytest.param(Interval(1, "day"), "2026-11-21T04:30:00Z", "2026-11-22 04:30", id="day"),
        pytest.param(Interval(1, "week"), "2026-11-21T04:30:00Z", "2026-11-28 04:30", id="week"),
        pytest.param(Interval(1, "month"), "2026-01-31T04:30:00Z", "2026-02-28 04:30", id="shorter month"),
        pytest.param(Interval(1, "year"), "2024-02-29T04:30:00Z", "2025-02-28 04:30", id="after a leap day"),
        pytest.param(Interval(100_000, "year"), "2024-02-29T04:30:00Z", None, id="beyond the calendar"),
    ],
)
def test_intervals(interval: Interval, after: str, expected: str | None) -> None:
    assert due(interval, after) == expected


@given(st.text(max_size=40), st.text(max_size=20), st.integers(-(2**63), 2**63))
def test_anything_is_a_moment_after_or_none(expression: str, timezone: str, after_ms: int) -> None:
    found = next_due(MonitorConfig(Crontab(expression), timezone=timezone), after_ms)
    assert found is None or found > after_ms


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.integers(0, 59), st.integers(0, 23))
def test_a_daily_job_is_due_within_a_day(after: datetime, minute: int, hour: int) -> None:
    at_ms = round(after.replace(tzinfo=UTC).timestamp() * 1000)
    found = next_due(MonitorConfig(Crontab(f"{minute} {hour} * * *")), at_ms)
    assert found is not None
    assert at_ms < found <= at_ms + timedelta(days=1).total_seconds() * 1000
