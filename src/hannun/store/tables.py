"""Rows, bytes and parts per table, from the engine's own books."""

from __future__ import annotations

from collections.abc import Sequence

from hannun.model.status import TableStatus
from hannun.store.engine.port import Engine


def table_status(engine: Engine, tables: Sequence[str]) -> list[TableStatus]:
    """One row per table in the order asked, under the name for reading. Times come from the parts' own bounds."""
    rows = engine.query_rows(
        "SELECT table, sum(rows), sum(bytes_on_disk), count(),\n"
        "  min(if(min_time > 0, toUnixTimestamp(min_time), toUnixTimestamp(toDateTime(min_date, 'UTC')))) * 1000,\n"
        "  max(if(max_time > 0, toUnixTimestamp(max_time), toUnixTimestamp(toDateTime(max_date, 'UTC')))) * 1000\n"
        "FROM system.parts\n"
        "WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)}\n"
        "GROUP BY table",
        {"tables": list(tables)},
    )
    found = {row[0]: row[1:] for row in rows}
    return [_status(table, found.get(table, (0, 0, 0, 0, 0))) for table in tables]


def _status(table: str, row: Sequence[object]) -> TableStatus:
    count, size, parts, oldest, newest = (int(str(cell)) for cell in row)
    return TableStatus(table.removesuffix("__local"), count, size, parts, oldest or None, newest or None)
