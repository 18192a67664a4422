"""What every engine must answer, however many parts the data lie in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from hannun.model.budget import Budget
from hannun.store.engine import ChdbEngine, Engine


@pytest.fixture(params=["embedded"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    assert request.param == "embedded"
    opened = ChdbEngine.open(tmp_path / "engine", memory_bytes=512 << 20)
    yield opened
    opened.close()


@pytest.mark.parametrize("parts", [1, 2, 7])
@pytest.mark.parametrize("streamed", [False, True], ids=["at once", "streamed"])
def test_an_arrow_answer_holds_the_rows_of_every_part(engine: Engine, parts: int, streamed: bool) -> None:
    """A streamed answer comes in chunks that are Arrow streams of their own; reading only the first loses series."""
    engine.execute("CREATE TABLE many (part UInt32, n UInt64) ENGINE = MergeTree PARTITION BY part ORDER BY n")
    for part in range(parts):
        rows = pa.table({"part": pa.array([part] * 5, pa.uint32()), "n": pa.array(range(5), pa.uint64())})
        engine.insert_arrow("many", rows)
    found = engine.query_arrow("SELECT part, n FROM many", None, Budget() if streamed else None)
    pairs = set(zip(found.column("part").to_pylist(), found.column("n").to_pylist(), strict=True))
    assert pairs == {(part, n) for part in range(parts) for n in range(5)}
