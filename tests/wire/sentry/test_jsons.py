"""JSON of SDKs is read whatever they put into it, and can always be written again."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import WireError
from hannun.wire.sentry.jsons import load, load_object


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        pytest.param(b'{"a":[1,"\xea\xb2\xb0\xec\xa0\x9c"]}', {"a": [1, "결제"]}, id="correct"),
        pytest.param(b'{"a":"\xff\xfe"}', {"a": "��"}, id="no UTF-8"),
        pytest.param(b'{"a":NaN,"b":-Infinity}', {"a": "NaN", "b": "-Infinity"}, id="words of Python"),
        pytest.param(b"[1e400,-1e400]", ["1e400", "-1e400"], id="beyond a double"),
        pytest.param(b"[" + b"9" * 400 + b"]", ["9" * 64], id="digits without end"),
        pytest.param(b"[99999999999999999999,1e400]", [1e20, "1e400"], id="beyond 64 bits"),
        pytest.param(b'["\\ud800x","\\ud83d\\ude00","\\\\ud800"]', ["�x", "😀", "\\ud800"], id="half surrogates"),
        pytest.param(b'["a\x00b\nc"]', ["a\x00b\nc"], id="control signs inside text"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', {"a": 1}, id="byte order mark"),
        pytest.param(b'{"a":1,"a":2}', {"a": 2}, id="one name twice"),
    ],
)
def test_what_sdks_send_is_read(raw: bytes, value: object) -> None:
    assert load(raw) == value


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"{'a':1}", b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b"[1,]", b"\x00", b"NaNa"]
)
def test_what_is_no_json_is_blamed_on_the_sender(raw: bytes) -> None:
    with pytest.raises(WireError):
        load(raw)


def test_an_object_is_asked_for() -> None:
    with pytest.raises(WireError, match="event: expected a JSON object"):
        load_object(b"[]", "event")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
@settings(deadline=None)
def test_both_parsers_read_the_same(value: object) -> None:
    raw = json.dumps(value).encode("utf-8", "surrogatepass")
    assert load(raw) == load(b"\xef\xbb\xbf" + raw)


@given(st.binary(max_size=200) | st.text('{}[]",:\\ud8a0e1.+-NInf "', max_size=60).map(str.encode))
@settings(max_examples=500, deadline=None)
def test_any_bytes_can_be_written_again_or_are_an_error_of_the_sender(raw: bytes) -> None:
    try:
        value = load(raw)
    except WireError:
        return
    orjson.dumps(value)
