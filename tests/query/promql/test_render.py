"""Answers as text: Go's number forms, and the compiled path against the plain one."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hannun.model.labels import Labels
from hannun.query.promql import Answer, RawSamples
from hannun.query.promql.numbers import go_float, open_metrics_float, plain_float
from hannun.query.promql.render import bulk_series, data_json, matrix_json, plain_series, vector_json

AS_GO = [
    (0.0, "0"),
    (-0.0, "-0"),
    (1.0, "1"),
    (-1.5, "-1.5"),
    (0.1, "0.1"),
    (1e-6, "0.000001"),
    (9.999999e-7, "9.999999e-07"),
    (1e-7, "1e-07"),
    (-1.25e-10, "-1.25e-10"),
    (5e-324, "5e-324"),
    (1e15, "1000000000000000"),
    (1e16, "10000000000000000"),
    (123456789012345680.0, "123456789012345680"),
    (1e20, "100000000000000000000"),
    (1e21, "1e+21"),
    (-1.7976931348623157e308, "-1.7976931348623157e+308"),
    (0.000012345, "0.000012345"),
    (0.00001, "0.00001"),
    (math.inf, "+Inf"),
    (-math.inf, "-Inf"),
    (math.nan, "NaN"),
]


@pytest.mark.parametrize(("value", "text"), AS_GO, ids=[text for _, text in AS_GO])
def test_value_is_written_as_go_writes_it(value: float, text: str) -> None:
    assert go_float(value) == text
    bulk = bulk_series(np.array([[value]]), np.ones((1, 1), dtype=np.bool_), ["7"], [b"<"], b">")
    assert bulk == f'<[7,"{text}"]>'.encode()


_CELLS = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.one_of(
        st.floats(allow_nan=True, allow_infinity=True),
        st.floats(-30, 30).map(lambda power: 10.0**power),
        st.integers(-(2**60), 2**60).map(float),
    ),
)


@given(_CELLS, st.data())
@settings(max_examples=300)
def test_bulk_text_is_the_plain_text(values: np.ndarray, data: st.DataObject) -> None:
    present = data.draw(hnp.arrays(np.bool_, values.shape))
    stamps = [f"17000000{k:02}.5" for k in range(values.shape[1])]
    heads = [f"row {row}: {'-' * (row % 3)}".encode() for row in range(len(values))]
    assert bulk_series(values, present, stamps, heads, b"}") == plain_series(values, present, stamps, heads, b"}")


@given(st.floats())
def test_value_reads_back_bit_for_bit(value: float) -> None:
    for text in (go_float(value), plain_float(value)):
        back = float(text)
        assert back == value or (math.isnan(back) and math.isnan(value))
    assert "e" not in plain_float(value).replace("Inf", "").lower()


def test_open_metrics_labels_always_show_a_fraction() -> None:
    assert [open_metrics_float(v) for v in (0.0, 1.0, 0.25, 1e21, math.inf)] == ["0.0", "1.0", "0.25", "1e+21", "+Inf"]


def test_vector_and_matrix_have_prometheus_shape() -> None:
    labels = (Labels.of(__name__="up", job='a"b'), Labels.of(job="한글"))
    values = np.array([[1.0, 2.0], [math.nan, 0.5]])
    present = np.array([[True, False], [True, True]])
    matrix = Answer("matrix", labels, 1_000, 500, 2, values, present)
    assert json.loads(matrix_json(matrix)) == [
        {"metric": {"__name__": "up", "job": 'a"b'}, "values": [[1, "1"]]},
        {"metric": {"job": "한글"}, "values": [[1, "NaN"], [1.5, "0.5"]]},
    ]
    vector = Answer("vector", labels, 1_001, 1, 1, values[:, :1], present[:, :1])
    assert json.loads(vector_json(vector))[0] == {"metric": {"__name__": "up", "job": 'a"b'}, "value": [1.001, "1"]}
    assert data_json(Answer("string", start_ms=5_050, text="x")) == b'{"resultType":"string","result":[5.050,"x"]}'
    scalar = Answer("scalar", (Labels(),), 0, 1, 1, np.array([[2.0]]), np.ones((1, 1), dtype=np.bool_))
    assert data_json(scalar) == b'{"resultType":"scalar","result":[0,"2"]}'


def test_raw_samples_keep_their_own_times() -> None:
    raw = RawSamples(np.array([0, 2]), np.array([1_000, 2_500]), np.array([1.0, 2.0]))
    answer = Answer("matrix", (Labels.of(a="b"),), 3_000, 0, 1, raw=raw)
    assert json.loads(data_json(answer))["result"] == [{"metric": {"a": "b"}, "values": [[1, "1"], [2.5, "2"]]}]


def test_empty_results_are_lists() -> None:
    empty = Answer("vector", (), 0, 1, 1, np.empty((0, 1)), np.empty((0, 1), dtype=np.bool_))
    assert data_json(empty) == b'{"resultType":"vector","result":[]}'


def test_long_rows_are_framed_in_pieces() -> None:
    values = np.arange(1_200_000, dtype=np.float64).reshape(3, 400_000)
    heads = [b"a", b"b", b"c"]
    text = bulk_series(values, np.ones(values.shape, dtype=np.bool_), [str(k) for k in range(400_000)], heads, b".")
    rows = text.split(b".,")
    assert [row[:1] for row in rows] == heads
    assert [row.count(b"[") for row in rows] == [400_000] * 3
    assert rows[2].endswith(b'[399999,"1199999"].')
