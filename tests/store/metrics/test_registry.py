"""The set of known series against a Python dict, and its size."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.store.metrics.registry import IdTable, SeriesRegistry

IDS = st.integers(0, 60) | st.integers(0, 2**64 - 1)


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove"]), st.sampled_from("abc"), st.lists(IDS, max_size=20)), max_size=15
    )
)
@settings(max_examples=80, deadline=None)
def test_it_knows_what_was_added_and_not_removed(steps: list[tuple[str, str, list[int]]]) -> None:
    registry, expected = SeriesRegistry(), {}
    for what, metric, ids in steps:
        if what == "add":
            registry.add(metric, np.array(ids, np.uint64))
            for one in ids:
                expected.setdefault(one, metric)
        else:
            registry.remove(np.array(ids, np.uint64))
            for one in ids:
                expected.pop(one, None)
    every = np.array(sorted({one for _, _, ids in steps for one in ids}), np.uint64)
    assert registry.unknown(every).tolist() == [int(one) not in expected for one in every]
    assert len(registry) == len(expected)
    slots = registry.find(every[~registry.unknown(every)])
    assert [registry.metric_name(int(code)) for code in registry.metric[slots]] == [
        expected[int(one)] for one in every if int(one) in expected
    ]
    counts: dict[str, int] = {}
    for metric in expected.values():
        counts[metric] = counts.get(metric, 0) + 1
    assert {name: count for name, count in registry.metrics().items() if count} == counts


def test_a_million_series_cost_less_than_fifty_megabytes() -> None:
    registry = SeriesRegistry()
    ids = np.random.default_rng(1).integers(0, 2**64, 1_000_000, dtype=np.uint64)
    registry.add("m", ids)
    assert len(registry) == len(np.unique(ids))
    assert not registry.unknown(ids).any()
    assert registry.bytes < 50 << 20


def test_hints_and_seen_hours_survive_growth_and_removal_of_others() -> None:
    registry = SeriesRegistry()
    first = np.arange(1, 100, dtype=np.uint64)
    registry.add("m", first)
    registry.hint[registry.find(first)] = 7
    registry.mark_seen(first, np.full(len(first), 42, np.int32))
    registry.add("n", np.arange(1000, 20_000, dtype=np.uint64))
    registry.remove(np.arange(50, 60, dtype=np.uint64))
    kept = np.concatenate([first[:49], first[59:]])
    slots = registry.find(kept)
    assert (registry.hint[slots] == 7).all()
    assert len(registry.outdated(slots, np.full(len(kept), 42, np.int32))) == 0
    assert len(registry.outdated(slots, np.full(len(kept), 43, np.int32))) == len(kept)


@given(st.lists(st.lists(IDS, max_size=30), max_size=10))
@settings(max_examples=60, deadline=None)
def test_an_id_table_numbers_ids_for_good(batches: list[list[int]]) -> None:
    table, rows = IdTable(), {}
    for batch in batches:
        places = table.places(np.array(batch, np.uint64))
        for one, row in zip(batch, places.tolist(), strict=True):
            assert rows.setdefault(one, row) == row
    assert sorted(rows.values()) == list(range(len(table)))
    assert table.find(np.array([2**63 + 5], np.uint64))[0] == rows.get(2**63 + 5, -1)
