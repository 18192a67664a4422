"""Whatever blocks arrive and however much room was reserved, the columns hold what a dictionary of rows holds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.store.metrics import decimal, read, runs

IDS = np.array([3, 5, 8, 13, 2**63 + 1], np.uint64)
BASE_MS, END_MS = 1_000, 61_000
STALE = int(runs.STALE_BITS)

Row = tuple[int, int, int, int]


def part(rows: list[Row]) -> list[Row]:
    """As a part holds them: ordered by series and time, one row per time."""
    return sorted({(series, ts): (series, ts, mantissa, scale) for series, ts, mantissa, scale in rows}.values())


@st.composite
def regular_part(draw: st.DrawFn) -> list[Row]:
    """Some series at a pace of their own, with lost samples, over a stretch of the question."""
    rows: list[Row] = []
    for series in draw(st.lists(st.sampled_from([*IDS.tolist(), 7]), unique=True, min_size=1)):
        pace, first = draw(st.sampled_from([1_000, 1_500, 7_000])), draw(st.integers(1_001, 40_000))
        stop = draw(st.integers(first, END_MS))
        lost = draw(st.sets(st.integers(0, 20), max_size=3))
        scale = draw(st.sampled_from([0, 0, 2]))
        rows += [(series, ts, ts, scale) for i, ts in enumerate(range(first, stop, pace)) if i not in lost]
    return part(rows)


any_part = st.lists(
    st.tuples(
        st.sampled_from([*IDS.tolist(), 7]),
        st.integers(1_001, 1_060),
        st.sampled_from([0, 7, -12, STALE]),
        st.sampled_from([0, 3, -1]),
    ),
    max_size=12,
).map(part)
parts = st.lists(st.one_of(regular_part(), any_part), max_size=5)


def absorbed(stored: list[list[Row]], block_rows: int, room: int) -> Any:
    """As `read` does it: blocks of at most `block_rows` rows, first buffers for `room` rows."""
    raw = read._Buffers.of(room, len(IDS), np.uint32)
    rows = [row for one in stored for row in one]
    for start in range(0, len(rows), block_rows):
        block = rows[start : start + block_rows]
        series, ts, mantissa, scale = zip(*block, strict=True)
        raw.room_for(len(block))
        runs.absorb(
            np.array(series, np.uint64),
            np.array(ts, np.int64),
            np.array(mantissa, np.int64),
            np.array(scale, np.int8),
            np.empty(0, np.uint64),
            decimal.POWERS,
            IDS,
            BASE_MS,
            END_MS,
            room,
            raw.ts,
            raw.value,
            raw.runs,
            raw.last_run,
            raw.state,
        )
    return raw


def bits(mantissa: int, scale: int) -> int:
    return mantissa if scale < 0 else int(np.float64(mantissa / 10**scale).view(np.int64))


@settings(deadline=None, max_examples=300)
@given(stored=parts, block_rows=st.integers(1, 40), room=st.sampled_from([0, 30, 300, 5_000]))
def test_every_row_arrives_once_and_in_order(stored: list[list[Row]], block_rows: int, room: int) -> None:
    raw = absorbed(stored, block_rows, room)
    csr = read._as_csr(raw)
    expected: dict[int, dict[int, set[int]]] = {}
    for series, ts, mantissa, scale in (row for one in stored for row in one if row[0] != 7):
        expected.setdefault(series, {}).setdefault(ts - BASE_MS, set()).add(bits(mantissa, scale))
    doubled = {int(IDS[csr.series[place]]) for place in csr.doubled}
    assert sorted(IDS[csr.series].tolist()) == sorted(expected)
    for place, (a, b) in enumerate(zip(csr.offsets[:-1], csr.offsets[1:], strict=True)):
        series = int(IDS[csr.series[place]])
        assert csr.ts[a:b].tolist() == sorted(expected[series])
        for ts, value in zip(csr.ts[a:b].tolist(), csr.value[a:b].view(np.int64).tolist(), strict=True):
            assert value in expected[series][ts]
            assert len(expected[series][ts]) == 1 or series in doubled
    assert csr.offsets[-1] == len(csr.ts) == len(csr.value)
    assert raw.stale == any(m == STALE and s < 0 for one in stored for x, _, m, s in one if x != 7)
    assert raw.rows == sum(x != 7 for one in stored for x, _, _, _ in one)


def steady(series: int, first: int, stop: int, pace: int = 1_000) -> list[Row]:
    return [(series, ts, ts, 0) for ts in range(first, stop, pace)]


def test_parts_that_follow_each_other_leave_one_run_per_series_and_no_gap() -> None:
    bounds = [2_000, 30_000, 50_000, 61_001]
    stored = [[row for series in IDS.tolist() for row in steady(series, a, b)] for a, b in pairwise(bounds)]
    raw = absorbed(stored, 17, 5_000)
    assert len(raw.found) == len(IDS)
    assert int(raw.state[runs.AT]) == raw.rows == 5 * 60


def test_reserved_room_never_makes_the_buffers_grow() -> None:
    stored = [steady(series, 2_000, 4_000) for series in IDS.tolist()]
    raw = absorbed(stored, 2, 20)
    assert len(raw.ts) == 20
    assert raw.rows == 10


def test_an_answer_does_not_hold_on_to_room_that_stayed_empty() -> None:
    stored = [[row for series in IDS.tolist() for row in steady(series, 2_000, 5_000)]]
    csr = read._as_csr(absorbed(stored, 1_000, 5_000))
    assert len(csr.ts) == 15
    assert csr.ts.base is None
    assert csr.value.base is None
