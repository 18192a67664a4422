"""The fast readers of JSON and logfmt say what the plain ones say, for any text at all."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from hannun.query.logql.stages import json_scan, logfmt_scan
from hannun.query.logql.stages.json_labels import plainly
from hannun.query.logql.stages.json_scan import JsonTrouble, Keys, Unusual
from hannun.query.logql.stages.logfmt_scan import LogfmtTrouble
from hannun.query.logql.stages.state import State

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
documents = st.dictionaries(st.text(max_size=5), values, max_size=5).map(lambda value: json.dumps(value))
noise = st.text(alphabet='{}[]",:\\u0019ae. \t\n-truefalsn=한\ufffd\x00', max_size=60)


def plain(line: str) -> tuple[list[tuple[str, str]], str]:
    found: list[tuple[str, str]] = []
    try:
        found.extend(json_scan.plain_pairs(line))
    except JsonTrouble as trouble:
        return found, str(trouble)
    return found, ""


@given(st.one_of(documents, noise, documents.flatmap(lambda text: st.integers(0, len(text)).map(lambda at: text[:at]))))
def test_json(line: str) -> None:
    expected, trouble = plain(line)
    try:
        fast = json_scan.all_pairs(line, Keys(""))
    except Unusual:
        return
    assert (fast, "") == (expected, trouble)


@given(documents)
def test_json_of_a_serialiser_is_never_an_error(line: str) -> None:
    state = State(line, {}, {}, 0)
    plainly(state)
    assert state.error == ""


@given(noise | st.text(alphabet='ab= "\\n\t', max_size=40))
def test_logfmt(line: str) -> None:
    expected = list(logfmt_scan.plain_pairs(line, strict=False))
    fast = logfmt_scan.all_pairs(line)
    if fast is not None:
        got: list[tuple[str, str]] = []
        for key, quoted, bare in fast:
            value = logfmt_scan.unquote(quoted) if quoted else bare
            if value is None:
                return
            got.append((key, value))
        assert got == expected
    try:
        strict = list(logfmt_scan.plain_pairs(line, strict=True))
    except LogfmtTrouble:
        return
    assert strict == expected
