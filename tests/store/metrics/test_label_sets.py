"""Label sets out of Arrow rows equal those that a plain walk over the rows builds."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.labels import METRIC_NAME, Labels
from hannun.store.metrics.label_sets import label_sets

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=4)
ROW = st.tuples(
    st.sampled_from(["", "up", "요청"]),
    st.integers(0, 2**64 - 1),
    st.dictionaries(TEXT.filter(lambda name: name != METRIC_NAME), TEXT, max_size=5),
)
SCHEMA = pa.schema([("metric", pa.string()), ("series", pa.uint64()), ("labels", pa.map_(pa.string(), pa.string()))])


def table(rows: list[tuple[str, int, dict[str, str]]]) -> pa.Table:
    records = [{"metric": m, "series": s, "labels": list(labels.items())} for m, s, labels in rows]
    return pa.Table.from_pylist(records, schema=SCHEMA)


@settings(deadline=None)
@given(st.lists(st.lists(ROW, max_size=8), max_size=3))
def test_label_sets_are_those_of_a_walk_over_the_rows(chunks: list[list[tuple[str, int, dict[str, str]]]]) -> None:
    rows = pa.concat_tables([table(chunk) for chunk in chunks]) if chunks else pa.table({})
    assert label_sets(rows) == [
        (metric, series, Labels.of({**labels, METRIC_NAME: metric}))
        for chunk in chunks
        for metric, series, labels in chunk
    ]


def test_a_slice_of_rows_gives_its_own_labels() -> None:
    rows = [("up", i, {"i": str(i), "job": "a"}) for i in range(6)]
    assert label_sets(table(rows).slice(2, 3)) == [
        ("up", i, Labels.of(__name__="up", i=str(i), job="a")) for i in (2, 3, 4)
    ]


def test_equal_pairs_are_one_object_over_all_metrics() -> None:
    (_, _, one), (_, _, two) = label_sets(pa.concat_tables([table([(m, 1, {"job": "a"})]) for m in ("up", "down")]))
    assert one.pairs[1] is two.pairs[1]
