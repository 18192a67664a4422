"""The fast way and the slow way of reading are one: whatever fits as it is, reading by hand leaves as it is."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.process.events.breadcrumbs import BREADCRUMB
from hannun.process.events.exceptions import EXCEPTION, MECHANISM
from hannun.process.events.limits import CONTEXT, DATA, VARS
from hannun.process.events.message import LOGENTRY
from hannun.process.events.plain import writable
from hannun.process.events.remarks import Remarks
from hannun.process.events.request import REQUEST
from hannun.process.events.shapes import Shape, Tree
from hannun.process.events.stacktrace import FRAME
from hannun.process.events.threads import THREAD

SHAPES = [BREADCRUMB, EXCEPTION, FRAME, LOGENTRY, MECHANISM, REQUEST, THREAD]
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["error", "2026-11-21T03:00:00Z", "2026-11-21T03:00:00", "x" * 9000, 1_795_230_000.5])
)
trees = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_what_fits_is_what_reading_leaves(shape: Shape, data: st.DataObject) -> None:
    value = writable(data.draw(st.dictionaries(st.sampled_from([*shape.fields, "other"]), trees, max_size=4)))
    remarks = Remarks()
    kept = shape.read_slowly(value, "x", remarks)
    if shape.fits_one(value):
        assert remarks.told(None) == []
        if shape is BREADCRUMB and "timestamp" in kept:
            kept["timestamp"] = value["timestamp"]  # read slowly, a date becomes the number that it says
        assert orjson.dumps(kept) == orjson.dumps(value)
    again = Remarks()
    assert orjson.dumps(shape.read(kept, "x", again)) == orjson.dumps(kept)
    assert again.told(None) == []


@pytest.mark.parametrize("tree", [VARS, DATA, CONTEXT, Tree(2, 40, 6, 8)], ids=str)
@given(value=trees)
@settings(max_examples=60, deadline=None)
def test_trees_are_bounded_and_bounding_them_again_changes_nothing(tree: Tree, value: Any) -> None:
    value = writable(value)
    slowly = tree.read_slowly(value, "x", Remarks())
    assert orjson.dumps(tree.read(value, "x", Remarks())) == orjson.dumps(slowly)
    assert orjson.dumps(tree.read(slowly, "x", Remarks())) == orjson.dumps(slowly)
    assert depth(slowly) <= tree.depth


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if not inner else 1 + max(depth(one) for one in inner)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({f"k{at}": at for at in range(10_000)}, id="many keys"),
        pytest.param([0] * 100_000, id="many items"),
        pytest.param({"k": "x" * 1_000_000}, id="a long text"),
        pytest.param({"k" * 10_000: 1}, id="a long key"),
        pytest.param([["x" * 1000] * 100] * 100, id="many long texts"),
    ],
)
def test_large_trees_are_cut_and_tell_how_much_is_missing(value: Any) -> None:
    remarks = Remarks()
    kept = VARS.read(value, "vars", remarks)
    assert len(orjson.dumps(kept)) < 2 * VARS.characters
    assert [remark["type"] for remark in remarks.told(None)] == ["value_too_long"]
    assert orjson.dumps(VARS.read(kept, "vars", Remarks())) == orjson.dumps(kept)
