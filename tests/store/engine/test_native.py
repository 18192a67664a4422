"""Blocks of the Native format against hand-made bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.model.errors import StoreUnavailable
from hannun.store.engine.native import blocks


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def block(columns: list[tuple[str, str, bytes]], rows: int) -> bytes:
    body = varint(len(columns)) + varint(rows)
    for name, kind, data in columns:
        body += varint(len(name)) + name.encode() + varint(len(kind)) + kind.encode() + data
    return body


@given(st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=300), max_size=4))
def test_every_block_of_a_fetch_is_read(groups: list[list[int]]) -> None:
    body = b"".join(block([("id", "UInt64", np.array(ids, np.uint64).tobytes())], len(ids)) for ids in groups)
    assert [found["id"].tolist() for found in blocks(memoryview(body))] == [ids for ids in groups if ids]


def test_types_have_their_width_and_no_copy_is_made() -> None:
    body = memoryview(
        block(
            [
                ("a", "DateTime64(3, 'UTC')", np.array([-1, 5], np.int64).tobytes()),
                ("b", "Int8", b"\xff\x02"),
                ("c", "Float64", np.array([0.5, np.nan]).tobytes()),
                ("d", "DateTime('UTC')", np.array([1, 2], np.uint32).tobytes()),
                ("e", "Date", np.array([3, 4], np.uint16).tobytes()),
            ],
            2,
        )
    )
    (found,) = blocks(body)
    assert found["a"].tolist() == [-1, 5]
    assert found["b"].tolist() == [-1, 2]
    assert found["d"].tolist() == [1, 2]
    assert found["e"].tolist() == [3, 4]
    assert np.shares_memory(found["c"], np.frombuffer(body, np.uint8))


@pytest.mark.parametrize("kind", ["String", "LowCardinality(String)", "Nullable(UInt8)", "Array(UInt8)"])
def test_other_types_are_refused_by_name(kind: str) -> None:
    with pytest.raises(StoreUnavailable, match=kind.split("(")[0]):
        list(blocks(memoryview(block([("a", kind, b"")], 1))))
