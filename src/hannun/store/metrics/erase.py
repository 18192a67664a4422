"""Deletion of samples and series: TRUNCATE when everything goes, whole days as partitions, else by lightweight delete.

The caller holds the commit lock of the family, so no batch is half written while series rows disappear, and empties
the caches before it answers. A lightweight delete over thousands of parts takes minutes where TRUNCATE takes
milliseconds, hence the order of the attempts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hannun.model.matcher import Matchers
from hannun.model.metric import Ids
from hannun.store.engine.port import Engine, Params
from hannun.store.metrics import exemplars, histograms
from hannun.store.metrics.catalog import time_bounds
from hannun.store.metrics.registry import SeriesRegistry
from hannun.store.metrics.where import DAY_MS, Conditions

IDS_PER_STATEMENT = 10_000
SAMPLES, SEEN, SERIES = "metric_samples__local", "metric_seen__local", "metric_series__local"
RARE = (exemplars.TABLE, histograms.TABLE)
"""Most installations have none, and a delete over nothing still costs a mutation per statement."""
TIMED = (SAMPLES, *RARE)
"""What a delete of a range of time thins out; the other tables only lose whole series."""


def delete(engine: Engine, registry: SeriesRegistry, selectors: Sequence[Matchers], start_ms: int, end_ms: int) -> None:
    """Remove samples in `[start, end]` of series that match any selector, and series that are left with none."""
    stored = time_bounds(engine)
    whole_time = stored is None or (start_ms <= stored[0] and end_ms >= stored[1])
    chosen = _matching(engine, selectors)
    count = sum(len(ids) for ids in chosen.values())
    if not count:
        return
    if count == len(registry):
        _delete_all_series(engine, registry, start_ms, end_ms, stored, whole_time=whole_time)
        return
    totals = registry.metrics()
    complete = [metric for metric, ids in chosen.items() if len(ids) == totals.get(metric)]
    partial = {metric: ids for metric, ids in chosen.items() if metric not in complete}
    tables = (*TIMED, SEEN, SERIES) if whole_time else TIMED
    for table in tables:
        if table in RARE and not _stored_days(engine, table):
            continue
        in_time, params = _time_condition(start_ms, end_ms) if table in TIMED and not whole_time else ("true", {})
        if complete:
            engine.execute(
                f"DELETE FROM {table}\nWHERE metric IN {{metrics:Array(String)}} AND {in_time}",
                {"metrics": complete, **params},
            )
        for metric, ids in partial.items():
            for at in range(0, len(ids), IDS_PER_STATEMENT):
                some = ids[at : at + IDS_PER_STATEMENT].tolist()
                engine.execute(
                    f"DELETE FROM {table}\nWHERE metric = {{metric:String}} AND series IN {{ids:Array(UInt64)}}"
                    f" AND {in_time}",
                    {"metric": metric, "ids": some, **params},
                )
    if whole_time:
        registry.remove(np.concatenate(list(chosen.values())))


def forget_unseen(engine: Engine, registry: SeriesRegistry) -> None:
    """Remove series that no day of `metric_seen` knows any more. The caller holds the commit lock."""
    rows = engine.query_arrow(
        "SELECT DISTINCT metric, series\nFROM metric_series\n"
        "WHERE series GLOBAL NOT IN (SELECT series FROM metric_seen)\nORDER BY metric, series"
    )
    if rows.num_rows:
        gone = rows.column("series").to_numpy()
        for at in range(0, len(gone), IDS_PER_STATEMENT):
            engine.execute(
                f"DELETE FROM {SERIES}\nWHERE series IN {{ids:Array(UInt64)}}",
                {"ids": gone[at : at + IDS_PER_STATEMENT].tolist()},
            )
        registry.remove(gone)
    registry.forget_seen()


def _delete_all_series(
    engine: Engine,
    registry: SeriesRegistry,
    start_ms: int,
    end_ms: int,
    stored: tuple[int, int] | None,
    *,
    whole_time: bool,
) -> None:
    """Every series: whole tables, or whole days with a delete at either edge."""
    if whole_time or stored is None:
        for table in (*TIMED, SEEN, SERIES):
            engine.execute(f"TRUNCATE TABLE {table}")
        registry.clear()
        return
    first_day = -(-max(start_ms, stored[0] // DAY_MS * DAY_MS) // DAY_MS)
    last_day = (min(end_ms, (stored[1] // DAY_MS + 1) * DAY_MS - 1) + 1) // DAY_MS - 1
    for table in (*TIMED, SEEN):
        for day in _stored_days(engine, table):
            if first_day <= day <= last_day:
                engine.execute(f"ALTER TABLE {table} DROP PARTITION {_day_text(day)}")
    registry.forget_seen()
    in_time, params = _time_condition(start_ms, end_ms)
    for table in TIMED:
        if _stored_days(engine, table):
            engine.execute(f"DELETE FROM {table}\nWHERE {in_time}", params)


def _matching(engine: Engine, selectors: Sequence[Matchers]) -> dict[str, Ids]:
    """Ids per metric of the series that match any selector."""
    where = Conditions()
    rows = engine.query_arrow(
        "SELECT DISTINCT metric, series\nFROM metric_series\n"
        f"WHERE {where.selectors(selectors)}\nORDER BY metric, series",
        where.params,
    )
    if not rows.num_rows:
        return {}
    names = rows.column("metric").combine_chunks().dictionary_encode()
    series = rows.column("series").to_numpy()
    codes = np.asarray(names.indices)
    return {name: series[codes == code] for code, name in enumerate(names.dictionary.to_pylist())}


def _time_condition(start_ms: int, end_ms: int) -> tuple[str, Params]:
    """Closed on both sides."""
    return (
        "ts >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND ts <= fromUnixTimestamp64Milli({end:Int64}, 'UTC')",
        {"start": max(start_ms, 0), "end": min(end_ms, 10_413_791_999_999)},
    )


def _stored_days(engine: Engine, table: str) -> list[int]:
    """Days since 1970 that have an active part."""
    rows = engine.query_rows(
        "SELECT DISTINCT toUInt16(toDate(partition))\nFROM system.parts\n"
        "WHERE active AND database = currentDatabase() AND table = {table:String}",
        {"table": table},
    )
    return sorted(int(row[0]) for row in rows)


def _day_text(day: int) -> str:
    """A day as ClickHouse names the partition. A literal of our own making: DDL takes no parameters."""
    return f"'{np.datetime64(day, 'D')}'"
