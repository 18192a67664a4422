"""Numbers out of labels."""

from __future__ import annotations

import pytest

from hannun.model.matcher import equal
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.stages.unwrap import Unwrapper
from hannun.query.logql.syntax import Conversion, LabelFilter, Logfmt, TextMatch, Unwrap


@pytest.mark.parametrize(
    ("conversion", "text", "value"),
    [("", "1.5", 1.5), ("bytes", "2KiB", 2048.0), ("duration", "1m0.5s", 60.5), ("duration_seconds", "-5ms", -0.005)],
)
def test_conversions(conversion: Conversion, text: str, value: float) -> None:
    sample = Unwrapper(Pipeline([Logfmt()]), Unwrap("v", conversion)).run(f'v="{text}" k=1', {"app": "a"}, {}, 0)
    assert sample is not None
    assert sample.value == value
    assert sample.line.labels() == {"app": "a", "k": "1"}


def test_a_line_without_the_label_is_no_sample() -> None:
    assert Unwrapper(Pipeline([Logfmt()]), Unwrap("v")).run("k=1", {}, {}, 0) is None


def test_what_is_no_number_is_an_error_that_filters_see() -> None:
    sample = Unwrapper(Pipeline([Logfmt()]), Unwrap("v")).run("v=x", {}, {}, 0)
    assert sample is not None
    assert sample.line.parsed == {
        "v": "x",
        "__error__": "SampleExtractionErr",
        "__error_details__": 'strconv.ParseFloat: parsing "x": invalid syntax',
    }
    kept = LabelFilter(TextMatch(equal("__error__", "")))
    assert Unwrapper(Pipeline([Logfmt()]), Unwrap("v", "", (kept,))).run("v=x", {}, {}, 0) is None
