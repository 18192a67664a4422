"""How many series there are and why, counted by the engine over `metric_series` and the hours of `metric_seen`.

One row per series is read, never a sample: a million series cost about a second. A series may stand there twice until
the next merge, so everything counts distinct ids.
"""

from __future__ import annotations

from dataclasses import dataclass

from hannun.model.budget import Budget
from hannun.model.cardinality import (
    DAY_MS,
    Cardinality,
    Grown,
    LabelCount,
    LabelValues,
    MetricCount,
    SenderCount,
    ValueCount,
)
from hannun.model.time import Clock, SystemClock
from hannun.store.engine.port import Engine
from hannun.store.metrics.where import Conditions

_PAIRS = "FROM metric_series\nARRAY JOIN mapKeys(labels) AS name, mapValues(labels) AS value\n"


class SeriesCounts:
    """Implements `model.cardinality.CardinalityReader`."""

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()

    def cardinality(self, metric: str, start_ms: int, end_ms: int, limit: int, budget: Budget) -> Cardinality:
        """Four questions of the engine, each a row per series at most."""
        window = self._window(metric, start_ms, end_ms)
        rows = self._engine.query_rows(
            "SELECT metric, present, day_ago,\n"
            "  sum(present) OVER (), sum(day_ago) OVER (), countIf(present > 0) OVER ()\n"
            f"FROM (\n  SELECT metric, {window.counts}\n  FROM metric_series\n"
            f"  WHERE {window.either}\n  GROUP BY metric\n)\n"
            f"ORDER BY present DESC, metric\nLIMIT {limit:d}",
            window.where.params,
            budget,
        )
        total, count = (Grown(int(rows[0][3]), int(rows[0][4])), int(rows[0][5])) if rows else (Grown(0), 0)
        metrics = [MetricCount(row[0], Grown(int(row[1]), int(row[2]))) for row in rows if int(row[1])]
        labels = self._labels(window, limit, budget)
        return Cardinality(total, count, tuple(metrics), labels, self._senders(window, limit, budget))

    def label_values(
        self, metric: str, start_ms: int, end_ms: int, labels: int, limit: int, budget: Budget
    ) -> tuple[LabelValues, ...]:
        window = self._window(metric, start_ms, end_ms)
        counted = self._labels(window, labels, budget)
        names = [window.where.param(one.name, "String") for one in counted]
        if not names:
            return ()
        rows = self._engine.query_rows(
            f"SELECT name, value, uniqExact(series) AS held\n{_PAIRS}"
            f"WHERE {window.now}\n  AND name IN ({', '.join(names)})\nGROUP BY name, value\n"
            f"ORDER BY name, held DESC, value\nLIMIT {limit:d} BY name",
            window.where.params,
            budget,
        )
        top: dict[str, list[ValueCount]] = {}
        for name, value, held in rows:
            top.setdefault(name, []).append(ValueCount(value, int(held)))
        return tuple(LabelValues(one.name, one.values, one.series, tuple(top.get(one.name, ()))) for one in counted)

    def metric_counts(self, budget: Budget) -> dict[str, int]:
        rows = self._engine.query_rows(
            "SELECT metric, uniqExact(series)\nFROM metric_series\nGROUP BY metric\nORDER BY metric", None, budget
        )
        return {row[0]: int(row[1]) for row in rows}

    def _labels(self, window: _Window, limit: int, budget: Budget) -> tuple[LabelCount, ...]:
        rows = self._engine.query_rows(
            f"SELECT name, uniqExact(value) AS distinct_values, uniqExact(series)\n{_PAIRS}"
            f"WHERE {window.now}\nGROUP BY name\nORDER BY distinct_values DESC, name\nLIMIT {limit:d}",
            window.where.params,
            budget,
        )
        return tuple(LabelCount(row[0], int(row[1]), int(row[2])) for row in rows)

    def _senders(self, window: _Window, limit: int, budget: Budget) -> tuple[SenderCount, ...]:
        rows = self._engine.query_rows(
            f"SELECT labels['job'] AS job, labels['instance'] AS instance, {window.counts}\nFROM metric_series\n"
            f"WHERE {window.either}\nGROUP BY job, instance\nHAVING present > 0\n"
            f"ORDER BY present DESC, job, instance\nLIMIT {limit:d}",
            window.where.params,
            budget,
        )
        return tuple(SenderCount(row[0], row[1], Grown(int(row[2]), int(row[3]))) for row in rows)

    def _window(self, metric: str, start_ms: int, end_ms: int) -> _Window:
        where, now_ms = Conditions(), self._clock.now_ms()
        of_metric = f" AND metric = {where.param(metric, 'String')}" if metric else ""
        now = where.seen(start_ms, end_ms, now_ms)
        # A window over everything holds the day before it too; what grew since then is what the earlier part lacks.
        before = where.seen(start_ms - DAY_MS, min(end_ms, now_ms) - DAY_MS, now_ms)
        return _Window(where, f"({now}){of_metric}", f"({before}){of_metric}")


@dataclass(frozen=True, slots=True)
class _Window:
    """Two conditions over `metric_series`: seen in the window, and seen a day before."""

    where: Conditions
    now: str
    day_ago: str

    @property
    def either(self) -> str:
        return f"({self.now} OR {self.day_ago})"

    @property
    def counts(self) -> str:
        return f"uniqExactIf(series, {self.now}) AS present, uniqExactIf(series, {self.day_ago}) AS day_ago"
