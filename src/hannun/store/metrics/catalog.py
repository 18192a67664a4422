"""What is stored: label sets, names, values, counts. Questions over `metric_series`, answered by the engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hannun.model.budget import Budget
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.matcher import Matchers
from hannun.model.metric import Count, TsdbStats
from hannun.store.engine.port import Engine
from hannun.store.metrics.label_sets import label_sets
from hannun.store.metrics.registry import SeriesRegistry
from hannun.store.metrics.where import Conditions


def load_registry(engine: Engine, registry: SeriesRegistry) -> None:
    """Every series that has a durable row, at start."""
    rows = engine.query_arrow("SELECT DISTINCT metric, series\nFROM metric_series\nORDER BY metric, series")
    if not rows.num_rows:
        return
    metric = rows.column("metric").combine_chunks().dictionary_encode()
    codes = np.asarray(metric.indices)
    series = rows.column("series").to_numpy()
    names = metric.dictionary.to_pylist()
    bounds = np.searchsorted(codes, np.arange(len(names) + 1))
    for code, name in enumerate(names):
        registry.add(name, series[bounds[code] : bounds[code + 1]])


def series(
    engine: Engine,
    selectors: Sequence[Matchers],
    start_ms: int,
    end_ms: int,
    limit: int,
    now_ms: int,
    budget: Budget,
) -> list[Labels]:
    where = Conditions()
    rows = engine.query_arrow(
        "SELECT metric, series, labels\nFROM metric_series\n"
        f"WHERE {where.selectors(selectors)}\n  AND {where.seen(start_ms, end_ms, now_ms)}\n"
        "ORDER BY metric, series\nLIMIT 1 BY series" + (f"\nLIMIT {limit:d}" if limit > 0 else ""),
        where.params,
        budget,
    )
    budget.charge(rows.num_rows)
    return sorted((labels for _, _, labels in label_sets(rows)), key=lambda labels: labels.pairs)


def label_names(
    engine: Engine, selectors: Sequence[Matchers], start_ms: int, end_ms: int, now_ms: int, budget: Budget
) -> list[str]:
    where = Conditions()
    rows = engine.query_rows(
        "SELECT DISTINCT arrayJoin(arrayConcat(mapKeys(labels), if(metric = '', [], ['__name__']))) AS name\n"
        f"FROM metric_series\nWHERE {where.selectors(selectors)}\n  AND {where.seen(start_ms, end_ms, now_ms)}\n"
        "ORDER BY name",
        where.params,
        budget,
    )
    return [row[0] for row in rows]


def label_values(
    engine: Engine,
    name: str,
    selectors: Sequence[Matchers],
    start_ms: int,
    end_ms: int,
    now_ms: int,
    budget: Budget,
) -> list[str]:
    where = Conditions()
    rows = engine.query_rows(
        f"SELECT DISTINCT {where.label(name)} AS value\n"
        f"FROM metric_series\nWHERE {where.selectors(selectors)}\n  AND {where.seen(start_ms, end_ms, now_ms)}\n"
        "  AND value != ''\nORDER BY value",
        where.params,
        budget,
    )
    return [row[0] for row in rows]


def stats(engine: Engine, registry: SeriesRegistry, limit: int, budget: Budget) -> TsdbStats:
    """Prometheus's own way to count: bytes of a label are the lengths of its values times their series."""
    per_metric = registry.metrics()
    by_label = engine.query_rows(
        "SELECT name, count() AS distinct_values, sum(length(value) * series_count) AS bytes\n"
        f"FROM ({_PAIRS})\nGROUP BY name\nORDER BY distinct_values DESC, name",
        None,
        budget,
    )
    by_pair = engine.query_rows(
        f"SELECT concat(name, '=', value) AS pair, series_count\nFROM ({_PAIRS})\n"
        f"ORDER BY series_count DESC, pair\nLIMIT {max(limit, 0):d}",
        None,
        budget,
    )
    names = [Count(name, value) for name, value in per_metric.items() if name]
    labels = [Count(row[0], int(row[1])) for row in by_label] + ([Count(METRIC_NAME, len(names))] if names else [])
    weights = [Count(row[0], int(row[2])) for row in by_label]
    weights += [Count(METRIC_NAME, sum(len(one.name.encode()) * one.value for one in names))] if names else []
    pairs = [Count(row[0], int(row[1])) for row in by_pair]
    pairs += [Count(f"{METRIC_NAME}={one.name}", one.value) for one in names]
    times = time_bounds(engine, budget)
    parts = engine.query_rows(
        "SELECT count()\nFROM system.parts\n"
        "WHERE active AND database = currentDatabase() AND table = 'metric_samples__local'",
        None,
        budget,
    )
    return TsdbStats(
        series=sum(per_metric.values()),
        label_pairs=sum(one.value for one in labels),
        chunks=int(parts[0][0]),
        min_ms=times[0] if times else 0,
        max_ms=times[1] if times else 0,
        series_by_metric=_largest(names, limit),
        values_by_label=_largest(labels, limit),
        bytes_by_label=_largest(weights, limit),
        series_by_pair=_largest(pairs, limit),
    )


_PAIRS = (
    "SELECT name, value, uniqExact(series) AS series_count\n"
    "  FROM metric_series\n  ARRAY JOIN mapKeys(labels) AS name, mapValues(labels) AS value\n  GROUP BY name, value"
)


def _largest(counts: Sequence[Count], limit: int) -> tuple[Count, ...]:
    return tuple(sorted(counts, key=lambda one: (-one.value, one.name))[: max(limit, 0)])


def time_bounds(engine: Engine, budget: Budget | None = None) -> tuple[int, int] | None:
    """First and last stored timestamp; None when there is no sample. Read from the parts' bounds, not from rows."""
    bounds = [
        (int(first), int(last))
        for table in ("metric_samples", "metric_histograms")
        for first, last, count in engine.query_rows(
            f"SELECT toUnixTimestamp64Milli(min(ts)), toUnixTimestamp64Milli(max(ts)), count()\nFROM {table}",
            None,
            budget,
        )
        if int(count)
    ]
    return (min(first for first, _ in bounds), max(last for _, last in bounds)) if bounds else None
