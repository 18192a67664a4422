"""Times on the command line."""

from __future__ import annotations

import pytest

from hannun.cli.terminal import UsageError
from hannun.cli.when import moment_ms, said, span_ms

NOW_MS = 1_700_000_000_000


@pytest.mark.parametrize(
    ("words", "ms"),
    [
        pytest.param("now", NOW_MS, id="now"),
        pytest.param("-1h", NOW_MS - 3_600_000, id="an hour ago"),
        pytest.param("now-1h30m", NOW_MS - 5_400_000, id="now minus"),
        pytest.param("now - 5m", NOW_MS - 300_000, id="with spaces"),
        pytest.param("1700000000", NOW_MS, id="Unix seconds"),
        pytest.param("2023-11-14T22:13:20Z", NOW_MS, id="RFC3339"),
        pytest.param("2023-11-15 07:13:20", NOW_MS, id="in the zone"),
        pytest.param("2023-11-15", 1_699_974_000_000, id="a day in the zone"),
    ],
)
def test_moments(words: str, ms: int) -> None:
    assert moment_ms(words, "--time", NOW_MS, "Asia/Seoul") == ms


@pytest.mark.parametrize("words", ["", "noon", "-", "-1parsec", "2023-13-45", "1e400", "nan"])
def test_what_is_no_time(words: str) -> None:
    with pytest.raises(UsageError) as caught:
        moment_ms(words, "--time", NOW_MS, "UTC")
    assert str(caught.value).startswith("--time: ")


@pytest.mark.parametrize(("words", "ms"), [("30s", 30_000), ("5m", 300_000), ("15", 15_000), ("0.5", 500)])
def test_spans(words: str, ms: int) -> None:
    assert span_ms(words, "--step") == ms


@pytest.mark.parametrize("words", ["0", "-1", "soon", "", "0s"])
def test_what_is_no_span(words: str) -> None:
    with pytest.raises(UsageError):
        span_ms(words, "--step")


def test_times_are_said_in_the_zone() -> None:
    assert said(NOW_MS, "Asia/Seoul") == "2023-11-15 07:13:20"
    assert said(NOW_MS + 5, "UTC", exact=True) == "2023-11-14 22:13:20.005"
    assert said(None, "UTC") == "-"
