"""Exemplars at rest: what a commit of metrics brings of them, and the reader behind `/api/v1/query_exemplars`.

They travel with their samples and become durable in the same commit, so the next question sees both. A scrape repeats
the exemplar of a series until a newer one comes: the last one of each series is remembered and not written again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from hannun.model.budget import Budget
from hannun.model.errors import WireError
from hannun.model.exemplar import Exemplar, SeriesExemplars
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers
from hannun.model.metric import Ids
from hannun.store.engine.port import Engine
from hannun.store.metrics.label_sets import label_sets
from hannun.store.metrics.where import Conditions

TABLE = "exemplars__local"
REMEMBERED_MAX = 100_000
ANSWER_MAX = 100_000
TIME_MS_MAX = 10_413_791_999_999
"""The last millisecond that DateTime64(3) holds as a day."""

TRACE_ID_LABELS = ("trace_id", "traceID", "traceId", "TraceID")

_TIME = pa.timestamp("ms", "UTC")
_LABELS = pa.map_(pa.string(), pa.string())


class ExemplarTable:
    """Commits run one at a time (the metric family's lock is held); questions come from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._last: dict[int, Exemplar] = {}

    def commit(self, exemplars: Sequence[Exemplar], metrics_of: Callable[[Ids], list[str | None]]) -> int:
        """Make them durable; returns INSERTs made. `metrics_of` names the metric of each series, None for unknown ones.

        An exemplar of an unknown series is left out: its series was deleted while it was on its way.
        Raises WireError for labels that are not Unicode, and the engine's errors.
        """
        new = {(one.series, one.ts_ms): one for one in exemplars if self._last.get(one.series) != one}
        if not new:
            return 0
        metrics = metrics_of(np.array([series for series, _ in new], np.uint64))
        rows = [(one, metric) for one, metric in zip(new.values(), metrics, strict=True) if metric is not None]
        if not rows:
            return 0
        self._engine.insert_arrow(TABLE, _rows(rows))
        if len(self._last) + len(rows) > REMEMBERED_MAX:
            self._last.clear()
        if len(rows) <= REMEMBERED_MAX:
            self._last.update((one.series, one) for one, _ in rows)
        return 1

    def forget(self) -> None:
        """After a delete: what was remembered may be gone, and may come again."""
        self._last.clear()

    def read(
        self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, limit: int, budget: Budget
    ) -> list[SeriesExemplars]:
        """`model.exemplar.ExemplarReader.exemplars`; at most ANSWER_MAX rows whatever the limit."""
        start_ms, end_ms = max(start_ms, 0), min(end_ms, TIME_MS_MAX)
        if end_ms < start_ms:
            return []
        where = Conditions()
        chosen = where.selectors(selectors)
        start, end = where.param(start_ms, "Int64"), where.param(end_ms, "Int64")
        rows = self._engine.query_arrow(
            "SELECT series, toUnixTimestamp64Milli(ts) AS ts_ms, value, labels\nFROM exemplars FINAL\n"
            f"WHERE (metric, series) GLOBAL IN (SELECT metric, series FROM metric_series WHERE {chosen})\n"
            f"  AND ts >= fromUnixTimestamp64Milli({start}, 'UTC') AND ts <= fromUnixTimestamp64Milli({end}, 'UTC')\n"
            f"ORDER BY ts DESC, metric, series\nLIMIT {min(limit, ANSWER_MAX) if limit > 0 else ANSWER_MAX:d}",
            where.params,
            budget,
        )
        budget.charge(rows.num_rows)
        if not rows.num_rows:
            return []
        found: dict[int, list[Exemplar]] = {}
        columns = (rows.column(name).to_pylist() for name in ("series", "ts_ms", "value", "labels"))
        for series, ts_ms, value, pairs in zip(*columns, strict=True):
            found.setdefault(series, []).append(Exemplar(series, Labels.from_pairs(pairs), value, ts_ms))
        names = self._labels(list(found), budget)
        return sorted(
            (
                SeriesExemplars(names[series], tuple(reversed(some)))
                for series, some in found.items()
                if series in names
            ),
            key=lambda one: one.series.pairs,
        )

    def _labels(self, series: list[int], budget: Budget) -> dict[int, Labels]:
        rows = self._engine.query_arrow(
            "SELECT metric, series, labels\nFROM metric_series\nWHERE series IN {ids:Array(UInt64)}\nLIMIT 1 BY series",
            {"ids": series},
            budget,
        )
        return {found: labels for _, found, labels in label_sets(rows)} if rows.num_rows else {}


def trace_id(labels: Labels) -> str:
    """The trace that an exemplar leads to, "" when it names none."""
    return next((value for name in TRACE_ID_LABELS if (value := labels.get(name))), "")


def _rows(rows: Sequence[tuple[Exemplar, str]]) -> pa.Table:
    try:
        return pa.table(
            {
                "metric": [metric for _, metric in rows],
                "series": np.array([one.series for one, _ in rows], np.uint64),
                "ts": pa.array(np.array([one.ts_ms for one, _ in rows], np.int64), _TIME),
                "value": np.array([one.value for one, _ in rows], np.float64),
                "trace_id": [trace_id(one.labels) for one, _ in rows],
                "labels": pa.array([one.labels.pairs for one, _ in rows], _LABELS),
            }
        )
    except UnicodeEncodeError as err:
        raise WireError("an exemplar's label is not valid Unicode", "labels must be UTF-8 text") from err
