"""Rules that every table keeps, read from the files and from the engine."""

from __future__ import annotations

import re

import pytest

from hannun.store import schema
from hannun.store.engine import ChdbEngine

VIEWS = {"log_counts"}
"""Names for reading that have no table of their own."""
TABLES = [text for text in schema.statements() if "CREATE TABLE" in text and "Alias(" not in text]
DURABLE = (
    "fsync_after_insert = 1",
    "fsync_part_directory = 1",
    "min_rows_to_fsync_after_merge = 1",
    "old_parts_lifetime = 30",
)


def name_of(statement: str) -> str:
    found = re.search(r"CREATE TABLE IF NOT EXISTS (\w+)", statement)
    assert found is not None, statement
    return found[1]


@pytest.mark.parametrize("statement", TABLES, ids=name_of)
def test_every_table_is_durable_local_and_in_utc(statement: str) -> None:
    assert name_of(statement).endswith("__local")
    for setting in DURABLE:
        assert setting in statement
    for times in re.findall(r"\bDateTime(?:64)?\b(?:\([^)]*\))?", statement):
        assert times.endswith("'UTC')"), times


def test_every_table_has_a_name_for_reading_beside_it(engine: ChdbEngine) -> None:
    names = {row[0] for row in engine.query_rows("SELECT name FROM system.tables WHERE database = currentDatabase()")}
    written = {name for name in names if name.endswith("__local")}
    assert names - written == {name.removesuffix("__local") for name in written} | VIEWS


def test_applying_twice_changes_nothing(engine: ChdbEngine) -> None:
    engine.execute("INSERT INTO metric_seen__local VALUES ('2024-01-01', 'm', 1, 1)")
    schema.apply(engine)
    assert engine.query_rows("SELECT count() FROM metric_seen") == [(1,)]


def test_comments_and_placeholders_leave_no_trace() -> None:
    text = "-- a; comment\nCREATE TABLE a {on_cluster} (x UInt8)\nENGINE = {engine}MergeTree;\n\nSELECT 1;\n"
    assert list(schema.split(text)) == ["CREATE TABLE a  (x UInt8)\nENGINE = MergeTree", "SELECT 1"]
