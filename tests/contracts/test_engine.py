"""What the store may expect of any Engine. A second engine joins by joining the fixture's parameters."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError, QueryCanceled, QueryTimeout, StoreUnavailable
from hannun.store.engine import ChdbEngine, Engine

SLOW = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"


@pytest.fixture(scope="module", params=["chdb"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path: Path = tmp_path_factory.mktemp("engine")
    opened = ChdbEngine.open(path / "한눈 data", memory_bytes=512 << 20, threads=2)
    yield opened
    opened.close()


@pytest.fixture
def table(engine: Engine) -> str:
    engine.execute("DROP TABLE IF EXISTS t__local")
    engine.execute(
        "CREATE TABLE t__local (id UInt64, ts DateTime64(3, 'UTC'), name LowCardinality(String),"
        " tags Map(LowCardinality(String), String), x Float64)"
        " ENGINE = MergeTree ORDER BY id SETTINGS fsync_after_insert = 1"
    )
    return "t__local"


def rows(ids: list[int]) -> pa.Table:
    return pa.table(
        {
            "id": np.array(ids, np.uint64),
            "ts": pa.array([1_800_000_000_123] * len(ids), pa.timestamp("ms", "UTC")),
            "name": pa.DictionaryArray.from_arrays(pa.array([0] * len(ids), pa.int32()), pa.array(["한글"])),
            "tags": pa.array([[("a", "b\tc"), ("d", "")]] * len(ids), pa.map_(pa.string(), pa.string())),
            "x": pa.array([math.nan] * len(ids)),
        }
    )


def test_what_was_inserted_is_visible_to_the_next_query(engine: Engine, table: str) -> None:
    engine.insert_arrow(table, rows([1, 2**64 - 1]))
    found = engine.query_rows(f"SELECT id, toUnixTimestamp64Milli(ts), name, tags, isNaN(x) FROM {table} ORDER BY id")
    assert found == [
        (1, 1_800_000_000_123, "한글", {"a": "b\tc", "d": ""}, 1),
        (2**64 - 1, 1_800_000_000_123, "한글", {"a": "b\tc", "d": ""}, 1),
    ]


def test_columns_of_an_insert_are_matched_by_name(engine: Engine, table: str) -> None:
    engine.insert_arrow(table, rows([7]).select(["x", "id", "ts"]))
    assert engine.query_rows(f"SELECT id, name FROM {table}") == [(7, "")]


def test_a_failed_insert_stores_nothing_and_harms_nobody(engine: Engine, table: str) -> None:
    with pytest.raises(StoreUnavailable):
        engine.insert_arrow(table, pa.table({"no_such_column": [1]}))
    with pytest.raises(StoreUnavailable):
        engine.insert_arrow("no_such_table", rows([1]))
    engine.insert_arrow(table, rows([1]))
    assert engine.query_rows(f"SELECT count() FROM {table}") == [(1,)]


def test_an_insert_that_fails_late_is_not_reported_as_done(engine: Engine) -> None:
    """The streaming insert of chDB says "written" whatever happens after the bytes were parsed."""
    engine.execute("DROP TABLE IF EXISTS strict__local")
    engine.execute(
        "CREATE TABLE strict__local (id UInt64, CONSTRAINT small CHECK id < 5) ENGINE = MergeTree ORDER BY id"
    )
    engine.insert_arrow("strict__local", pa.table({"id": np.array([1, 4], np.uint64)}))
    for bad in ([9], [1, 2, 9], list(range(100_000))):
        with pytest.raises(StoreUnavailable, match="small"):
            engine.insert_arrow("strict__local", pa.table({"id": np.array(bad, np.uint64)}))
    assert engine.query_rows("SELECT count() FROM strict__local") == [(2,)]


def test_a_large_insert_keeps_the_order_of_its_rows_in_one_part(engine: Engine) -> None:
    engine.execute("DROP TABLE IF EXISTS last__local")
    engine.execute("CREATE TABLE last__local (id UInt64, n UInt64) ENGINE = ReplacingMergeTree ORDER BY id")
    rows = 300_000
    engine.insert_arrow(
        "last__local",
        pa.table({"id": np.arange(rows, dtype=np.uint64) % 7, "n": np.arange(rows, dtype=np.uint64)}),
    )
    assert engine.query_rows("SELECT n FROM last__local ORDER BY n") == [(rows - 7 + i,) for i in range(7)]
    assert engine.query_rows("SELECT count() FROM system.parts WHERE active AND table = 'last__local'") == [(1,)]


def test_arrow_answers_carry_types(engine: Engine, table: str) -> None:
    engine.insert_arrow(table, rows([1]))
    found = engine.query_arrow(f"SELECT id, tags FROM {table} WHERE id = {{id:UInt64}}", {"id": 1})
    assert found.column("id").to_pylist() == [1]
    assert found.column("tags").to_pylist() == [[("a", "b\tc"), ("d", "")]]
    assert engine.query_arrow(f"SELECT id FROM {table} WHERE id = 9").num_rows == 0


def test_native_streams_give_every_row_once_in_fixed_width_columns(engine: Engine) -> None:
    total = count = 0
    for block in engine.stream_native("SELECT number AS n, toInt8(-1) AS e FROM numbers(1000000)", None, Budget()):
        total += int(block["n"].sum())
        count += len(block["n"])
        assert block["e"].dtype == np.int8
        assert (block["e"] == -1).all()
    assert (count, total) == (1_000_000, 999_999 * 500_000)


def test_text_columns_are_not_read_from_native_streams(engine: Engine) -> None:
    with pytest.raises(StoreUnavailable, match="String"):
        list(engine.stream_native("SELECT 'a' AS a", None, Budget()))
    assert engine.query_rows("SELECT 1") == [(1,)]


def test_arrow_answers_of_many_blocks_are_whole(engine: Engine) -> None:
    for budget in (None, Budget()):
        found = engine.query_arrow("SELECT number AS n, toString(number) AS t FROM numbers(300000)", None, budget)
        assert found.num_rows == 300_000
        assert found.column("n").to_numpy().sum() == 299_999 * 150_000


def test_a_stream_may_be_left_early(engine: Engine) -> None:
    for _ in range(20):
        stream = engine.stream_native("SELECT number FROM numbers(100000000)", None, Budget())
        next(iter(stream))
        stream.close()  # type: ignore[attr-defined]
    assert engine.query_rows("SELECT 1") == [(1,)]


@given(text=st.text(st.characters(codec="utf-8"), max_size=40))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_text_survives_as_a_parameter(engine: Engine, text: str) -> None:
    found = engine.query_rows(
        "SELECT hex({a:String}), hex(({b:Array(String)})[1]), length({b:Array(String)})", {"a": text, "b": [text, text]}
    )
    assert found == [(text.encode().hex().upper(), text.encode().hex().upper(), 2)]


def test_every_single_byte_survives_as_a_parameter(engine: Engine) -> None:
    every = "".join(chr(code) for code in range(256))
    for text in [*every, every, *(f"\\{char}" for char in every)]:
        assert engine.query_rows("SELECT {a:String} = unhex({b:String})", {"a": text, "b": text.encode().hex()}) == [
            (1,)
        ]


def test_numbers_as_parameters_are_exact(engine: Engine) -> None:
    params = {"a": -(2**63), "b": [0, 2**64 - 1], "c": []}
    assert engine.query_rows("SELECT {a:Int64}, {b:Array(UInt64)}, {c:Array(String)}", params) == [
        (-(2**63), [0, 2**64 - 1], [])
    ]


def test_a_wrong_query_is_an_error_of_the_question(engine: Engine) -> None:
    with pytest.raises(ExecutionError, match="no_such_table"):
        engine.query_rows("SELECT * FROM no_such_table", None, Budget())


@pytest.mark.parametrize("read", ["rows", "arrow", "native"])
def test_the_deadline_of_the_budget_holds(engine: Engine, read: str) -> None:
    budget, began = Budget(timeout_s=0.2), time.monotonic()
    with pytest.raises(QueryTimeout):
        run(engine, read, budget)
    assert time.monotonic() - began < 5, "it would take minutes"


@pytest.mark.parametrize("read", ["rows", "arrow", "native"])
def test_cancelling_the_budget_stops_the_query(engine: Engine, read: str) -> None:
    budget, began = Budget(timeout_s=60), time.monotonic()
    timer = threading.Timer(0.2, budget.cancel)
    timer.start()
    with pytest.raises(QueryCanceled):
        run(engine, read, budget)
    assert time.monotonic() - began < 5, "it would take minutes"
    timer.join()


def test_a_budget_that_is_cancelled_already_runs_nothing(engine: Engine) -> None:
    budget = Budget()
    budget.cancel()
    with pytest.raises(QueryCanceled):
        engine.query_rows(SLOW, None, budget)


@pytest.mark.parametrize("read", ["rows", "arrow", "native"])
def test_a_failed_answer_leaves_nothing_in_the_next(engine: Engine, read: str) -> None:
    for _ in range(12):
        with pytest.raises(QueryTimeout):
            run(engine, read, Budget(timeout_s=0.02))
        assert engine.query_rows("SELECT 7", None, Budget()) == [(7,)]
        assert engine.query_arrow("SELECT 7 AS n").column("n").to_pylist() == [7]
        assert [block["n"].tolist() for block in engine.stream_native("SELECT 7 AS n", None, Budget())] == [[7]]


def test_killing_one_tag_leaves_its_longer_namesake_alone(engine: Engine) -> None:
    budget = Budget(timeout_s=20)
    failed: list[BaseException] = []

    def query() -> None:
        try:
            engine.query_rows("SELECT sleep(0.7)", None, budget)
        except Exception as err:  # noqa: BLE001 - handed to the test's own thread
            failed.append(err)

    thread = threading.Thread(target=query)
    thread.start()
    time.sleep(0.2)
    engine.kill(budget.tag[:-1])
    engine.kill("hannun-q")
    engine.kill("'; DROP TABLE t__local; --")
    thread.join()
    assert failed == []


def test_the_memory_cap_of_the_budget_holds_and_the_process_lives(engine: Engine) -> None:
    with pytest.raises(StoreUnavailable, match="memory"):
        engine.query_rows(
            "SELECT length(groupArray(toString(number))) FROM numbers(20000000)", None, Budget(bytes_max=16 << 20)
        )
    assert engine.query_rows("SELECT 1") == [(1,)]


def test_reading_and_writing_from_many_threads(engine: Engine, table: str) -> None:
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                engine.insert_arrow(table, rows([number * 100 + turn]))
                assert engine.query_rows(f"SELECT count() FROM {table} WHERE intDiv(id, 100) = {number}") == [
                    (turn + 1,)
                ]
        except Exception as err:  # noqa: BLE001 - handed to the test's own thread
            failed.append(err)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert engine.query_rows(f"SELECT count() FROM {table}") == [(30,)]


def test_memory_is_told(engine: Engine) -> None:
    assert engine.memory_bytes() > 0


def run(engine: Engine, read: str, budget: Budget) -> None:
    if read == "rows":
        engine.query_rows(SLOW, None, budget)
    elif read == "arrow":
        engine.query_arrow(SLOW, None, budget)
    else:
        list(engine.stream_native(SLOW, None, budget))
