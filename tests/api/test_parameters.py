"""Any text in any parameter is a value or an answer in Prometheus's words, never another exception."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hannun.api.form import Form
from hannun.api.prometheus import parameters
from hannun.api.prometheus.envelope import ApiError

EDGES = [
    "",
    "0",
    "-0",
    "1e400",
    "nan",
    "inf",
    "0x1F",
    "1_0",
    " 1",
    "1 ",
    "٣",
    "9" * 400,
    "1h30m",
    "1y1y",
    "1e",
    ".",
    "+",
]
READ: dict[str, Callable[[Form], object]] = {
    "time": lambda form: parameters.optional_time_ms(form, "time", 0),
    "start": lambda form: parameters.required_time_ms(form, "start"),
    "step": parameters.step_ms,
    "timeout": parameters.timeout_s,
    "lookback_delta": parameters.lookback_ms,
    "limit": parameters.limit,
    "match[]": parameters.selectors,
}


@pytest.mark.parametrize("name", READ)
@settings(max_examples=200, deadline=None)
@given(text=st.one_of(st.text(max_size=40), st.sampled_from(EDGES), st.text("0123456789.eE+-hmsdwy_ ", max_size=12)))
@example(text="\ud800")
@example(text="{\ud800=~'('}")
def test_any_text_is_a_value_or_refused_in_words(name: str, text: str) -> None:
    found: object = None
    refused: ApiError | None = None
    try:
        found = READ[name](Form({name: [text]}))
    except ApiError as err:
        refused = err
    assert refused is None or (refused.status, refused.kind) == (400, "bad_data")
    assert not isinstance(found, int) or abs(found) < 2**63


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        pytest.param("1435781451.781", 1_435_781_451_781, id="float seconds"),
        pytest.param("1435781451.7815", 1_435_781_451_782, id="a fraction is rounded"),
        pytest.param("2015-07-01T20:10:51.781Z", 1_435_781_451_781, id="RFC3339"),
        pytest.param("2015-07-01T22:10:51.781+02:00", 1_435_781_451_781, id="RFC3339 with an offset"),
        pytest.param("-1.5", -1_500, id="before 1970"),
        pytest.param("1e3", 1_000_000, id="an exponent"),
    ],
)
def test_times(text: str, ms: int) -> None:
    assert parameters.time_ms(text) == ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        pytest.param("15", 15_000, id="seconds"),
        pytest.param("0.5", 500, id="half a second"),
        pytest.param("1h30m", 5_400_000, id="units"),
        pytest.param("0.0001", 1, id="never less than a millisecond"),
        pytest.param("1.0009", 1_000, id="cut to milliseconds"),
        pytest.param("0.003", 3, id="no loss to binary fractions"),
    ],
)
def test_steps(text: str, ms: int) -> None:
    assert parameters.step_ms(Form({"step": [text]})) == ms


@pytest.mark.parametrize(
    ("escaped", "name"),
    [
        pytest.param("job", "job", id="plain"),
        pytest.param("U__http_2e_status", "http.status", id="a dot"),
        pytest.param("U__a__b", "a_b", id="an underscore"),
        pytest.param("U___acbd__b85c_", "경로", id="Hangul"),
        pytest.param("U__a_zz_", "U__a_zz_", id="not well escaped stays"),
        pytest.param("U__a_d800_", "U__a_d800_", id="half a character stays"),
        pytest.param("u__a", "u__a", id="another prefix"),
    ],
)
def test_label_names_in_paths(escaped: str, name: str) -> None:
    assert parameters.label_name(escaped) == name


@pytest.mark.parametrize("escaped", ["", "U__"])
def test_an_empty_label_name_is_refused(escaped: str) -> None:
    with pytest.raises(ApiError, match='invalid label name: ""'):
        parameters.label_name(escaped)
