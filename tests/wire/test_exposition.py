"""The two text formats: exact words for each rule, and a round trip through the official client's parsers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from hannun.model.family import Family, Sample
from hannun.wire.exposition import (
    OPENMETRICS_CONTENT_TYPE,
    TEXT_CONTENT_TYPE,
    encode,
    encode_openmetrics,
    encode_text,
    negotiate,
    number,
)

COUNTER = Family("shop_orders_total", "counter", "Orders.", (Sample("shop_orders_total", (("city", "서울"),), 3.0),))
HISTOGRAM = Family(
    "wait_seconds",
    "histogram",
    "Waiting.",
    (
        Sample("wait_seconds_bucket", (("le", "0.5"),), 1.0),
        Sample("wait_seconds_bucket", (("le", "+Inf"),), 2.0),
        Sample("wait_seconds_count", (), 2.0),
        Sample("wait_seconds_sum", (), 1.25),
    ),
    "seconds",
)


def test_a_counter_bears_total_everywhere_in_text() -> None:
    assert encode_text([COUNTER]).decode() == (
        '# HELP shop_orders_total Orders.\n# TYPE shop_orders_total counter\nshop_orders_total{city="서울"} 3\n'
    )


def test_a_counter_family_loses_total_in_openmetrics_and_the_page_ends_with_eof() -> None:
    assert encode_openmetrics([COUNTER]).decode() == (
        '# TYPE shop_orders counter\n# HELP shop_orders Orders.\nshop_orders_total{city="서울"} 3\n# EOF\n'
    )


def test_units_are_told_in_openmetrics_only() -> None:
    assert b"# UNIT wait_seconds seconds\n" in encode_openmetrics([HISTOGRAM])
    assert b"UNIT" not in encode_text([HISTOGRAM])


@pytest.mark.parametrize(
    ("kind", "name", "text", "modern"),
    [
        pytest.param("unknown", "x", "untyped", "# TYPE x unknown", id="unknown is called untyped"),
        pytest.param("info", "x_info", "gauge", "# TYPE x info", id="info is a gauge in text"),
        pytest.param("info", "x", "gauge", "# TYPE x gauge", id="info without its suffix is a gauge"),
        pytest.param(
            "counter", "x", "counter", "# TYPE x unknown", id="a counter without _total is unknown to OpenMetrics"
        ),
        pytest.param("stateset", "x", "gauge", "# TYPE x stateset", id="stateset"),
        pytest.param("gaugehistogram", "x", "histogram", "# TYPE x gaugehistogram", id="gaugehistogram"),
    ],
)
def test_types_that_only_one_format_knows(kind: str, name: str, text: str, modern: str) -> None:
    family = Family.single(name, kind, "", 1.0)
    assert f"# TYPE {name} {text}\n" in encode_text([family]).decode()
    assert modern + "\n" in encode_openmetrics([family]).decode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (2.0**53, "9007199254740992.0"),
        (1795197910.25, "1795197910.25"),
        (1e-300, "1e-300"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        pytest.param("", TEXT_CONTENT_TYPE, id="no header"),
        pytest.param("*/*", TEXT_CONTENT_TYPE, id="anything"),
        pytest.param("text/html,application/xhtml+xml,*/*;q=0.8", TEXT_CONTENT_TYPE, id="a browser"),
        pytest.param(
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
            "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            OPENMETRICS_CONTENT_TYPE,
            id="Prometheus 2",
        ),
        pytest.param("text/plain;q=0.9, application/openmetrics-text;q=0.3", TEXT_CONTENT_TYPE, id="by quality"),
        pytest.param("application/openmetrics-text;q=x", TEXT_CONTENT_TYPE, id="a broken quality counts as 0"),
        pytest.param(",;,q=,;;" * 1000, TEXT_CONTENT_TYPE, id="rubbish"),
    ],
)
def test_negotiation(accept: str, content_type: str) -> None:
    assert negotiate(accept) == content_type
    assert encode([COUNTER], accept)[0] == content_type


_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_LABELS = st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), _WORDS, max_size=4)
_VALUES = st.floats(allow_nan=True, allow_infinity=True)


@given(labels=_LABELS, value=_VALUES, text=_WORDS)
def test_what_is_encoded_is_what_the_official_parsers_read(labels: dict[str, str], value: float, text: str) -> None:
    """`\\r` and other line ends inside values are legal: only `\\n` ends a line."""
    labels.pop("le", None)
    labels.pop("quantile", None)
    family = Family("m", "gauge", text, (Sample("m", tuple(labels.items()), value),))
    for families in (
        list(text_string_to_metric_families(encode_text([family]).decode())),
        list(openmetrics.text_string_to_metric_families(encode_openmetrics([family]).decode())),
    ):
        (read,) = families
        (sample,) = read.samples
        assert sample.labels == labels
        assert sample.value == value or (math.isnan(value) and math.isnan(sample.value))
