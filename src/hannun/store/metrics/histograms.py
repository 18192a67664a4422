"""Native histograms at rest: what a commit of metrics brings of them, and the reader behind `HistogramReader`.

They travel with the floats and become durable in the same commit. Which metrics have any is kept in memory, so a
question about any other metric costs nothing here.

A float and a histogram of one series at one time lie in two tables, whose rows have no common order. So the histogram
counts wherever there is one, and a float that comes for a metric with histograms takes it away: it leaves a row that
replaces the one of the histogram and says nothing. By both, the one acknowledged last wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError, WireError
from hannun.model.histogram import Buckets, HistogramSample, HistogramSeries, NativeHistogram, ResetHint
from hannun.model.metric import Ids, Ints, SeriesColumns
from hannun.store.engine.port import Engine, Params
from hannun.store.metrics.index import Choice

TABLE = "metric_histograms__local"
TAKEN_AWAY = -128
"""The `schema` of a row that stands for a float which came later."""
RESET_HINTS: tuple[ResetHint, ...] = ("unknown", "reset", "no_reset", "gauge")
"""By their number in the column. Never renumber."""
ROW_BYTES, NUMBER_BYTES = 400, 36
"""Of one histogram as Python objects, and of each index, count and bound in it."""
BYTES_PER_SAMPLE = 12
IDS_IN_SQL_MAX = 20_000

_TIME = pa.timestamp("ms", "UTC")
_NONE = NativeHistogram(TAKEN_AWAY, 0.0, 0.0)
_IN_TIME = (
    "ts > fromUnixTimestamp64Milli({start:Int64}, 'UTC')\n  AND ts <= fromUnixTimestamp64Milli({end:Int64}, 'UTC')"
)
_COLUMNS = (
    "series, toUnixTimestamp64Milli(ts) AS ts_ms, schema, reset_hint, count, sum, zero_threshold, zero_count,\n"
    "  positive_index, positive_count, negative_index, negative_count, custom_values"
)


class HistogramTable:
    """Commits run one at a time (the metric family's lock is held); questions come from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._metrics: frozenset[str] = frozenset()
        self.reload()

    @property
    def metrics(self) -> frozenset[str]:
        """Those that have a histogram, or had one not long ago."""
        return self._metrics

    def reload(self) -> None:
        """At start, and after rows were deleted: which metrics are left."""
        rows = self._engine.query_rows("SELECT DISTINCT metric\nFROM metric_histograms")
        self._metrics = frozenset(row[0] for row in rows)

    def commit(self, metrics: pa.Array, samples: Sequence[HistogramSample]) -> None:
        """Make them durable, the last of equal (series, ts) winning. `metrics` names the metric of each.

        Raises WireError for what no column holds, and the engine's errors.
        """
        self._engine.insert_arrow(TABLE, _rows(metrics, samples))
        if new := set(metrics.unique().to_pylist()) - self._metrics:
            self._metrics |= new

    def read(self, choice: Choice, start_ms: int, end_ms: int, budget: Budget) -> tuple[HistogramSeries, ...]:
        """Those of the chosen series in `(start, end]`, in the order of the choice.

        Raises ExecutionError when they would not fit into the budget: before they are read.
        """
        metrics = [metric for metric in choice.metrics if metric in self._metrics]
        if not metrics or start_ms >= end_ms:
            return ()
        where, params = _where(choice, metrics, start_ms, end_ms)
        self._charge(where, params, budget)
        rows = self._engine.query_arrow(
            f"SELECT {_COLUMNS}\nFROM metric_histograms FINAL\n{where}\nORDER BY series, ts", params, budget
        )
        found = _series_of(rows, choice)
        budget.check()
        return found

    def times(self, choice: Choice, start_ms: int, end_ms: int, budget: Budget) -> dict[int, Ints]:
        """By series: when in `(start, end]` it has a histogram."""
        where, params = _where(choice, choice.metrics, start_ms, end_ms)
        rows = self._engine.query_arrow(
            "SELECT series, toUnixTimestamp64Milli(ts) AS ts_ms\nFROM metric_histograms FINAL\n"
            f"{where}\n  AND schema != {TAKEN_AWAY}\nORDER BY series, ts",
            params,
            budget,
        )
        if not rows.num_rows:
            return {}
        budget.charge(rows.num_rows)
        series, ts_ms = rows.column("series").to_numpy(), rows.column("ts_ms").to_numpy()
        found, begins = np.unique(series, return_index=True)
        return dict(zip(found.tolist(), np.split(ts_ms, begins[1:]), strict=True))

    def _charge(self, where: str, params: Params, budget: Budget) -> None:
        """Count first: a histogram may hold a hundred times what another does."""
        ((rows, numbers),) = self._engine.query_rows(
            "SELECT count(), sum(2 * length(positive_index) + 2 * length(negative_index) + length(custom_values))\n"
            f"FROM metric_histograms\n{where}",
            params,
            budget,
        )
        size = int(rows) * ROW_BYTES + int(numbers) * NUMBER_BYTES
        budget.charge(-(-size // BYTES_PER_SAMPLE))
        if budget.samples * BYTES_PER_SAMPLE > budget.bytes_max:
            raise ExecutionError("query processing would load too many samples into memory in query execution")


def without(floats: SeriesColumns, ids: Ids, times: Mapping[int, Ints]) -> SeriesColumns:
    """The floats but those at `times` of their series; `ids` of each series. One without any left is left out."""
    kept = np.ones(len(floats.ts), bool)
    for place, series in enumerate(ids.tolist()):
        if (taken := times.get(series)) is not None:
            own = slice(int(floats.offsets[place]), int(floats.offsets[place + 1]))
            kept[own] = ~np.isin(floats.ts[own].astype(np.int64) + floats.base_ms, taken)
    if kept.all():
        return floats
    counts = np.diff(np.concatenate([[0], np.cumsum(kept)])[floats.offsets])
    left = np.flatnonzero(counts)
    return replace(
        floats,
        labels=tuple(floats.labels[place] for place in left.tolist()),
        offsets=np.concatenate([[0], np.cumsum(counts[left])]).astype(np.int64),
        ts=floats.ts[kept],
        value=floats.value[kept],
    )


def taken_away(series: Ids, ts_ms: Ints) -> list[HistogramSample]:
    """What is committed beside floats that may stand where a histogram stood."""
    return [HistogramSample(one, ts, _NONE) for one, ts in zip(series.tolist(), ts_ms.tolist(), strict=True)]


def _where(choice: Choice, metrics: Sequence[str], start_ms: int, end_ms: int) -> tuple[str, Params]:
    params: dict[str, str | int | Sequence[int] | Sequence[str]] = {
        "metrics": list(metrics),
        "start": start_ms,
        "end": end_ms,
    }
    where = "WHERE metric IN {metrics:Array(String)}"
    if not choice.whole and len(choice.ids) <= IDS_IN_SQL_MAX:
        where += "\n  AND series IN {series:Array(UInt64)}"
        params["series"] = choice.ids.tolist()
    return f"{where}\n  AND {_IN_TIME}", params


def _series_of(rows: pa.Table, choice: Choice) -> tuple[HistogramSeries, ...]:
    """`rows` are sorted by series and time."""
    if not rows.num_rows:  # The engine answers nothing at all then, not even columns.
        return ()
    rows = rows.filter(pc.not_equal(rows.column("schema"), TAKEN_AWAY)).combine_chunks()
    if not rows.num_rows:
        return ()
    series = rows.column("series").to_numpy()
    begins = np.flatnonzero(np.concatenate([[True], series[1:] != series[:-1]]))
    ends = np.append(begins[1:], len(series))
    bounds = {int(series[a]): (a, b) for a, b in zip(begins.tolist(), ends.tolist(), strict=True)}
    times: list[int] = rows.column("ts_ms").to_pylist()
    made = _histograms(rows)
    found: list[HistogramSeries] = []
    for one, labels in zip(choice.ids.tolist(), choice.labels, strict=True):
        if one in bounds:
            a, b = bounds[one]
            found.append(HistogramSeries(labels, tuple(times[a:b]), tuple(made[a:b])))
    return tuple(found)


def _histograms(rows: pa.Table) -> list[NativeHistogram]:
    names = ("schema", "reset_hint", "count", "sum", "zero_threshold", "zero_count")
    plain = [rows.column(name).to_pylist() for name in names]
    lists = ("positive_index", "positive_count", "negative_index", "negative_count", "custom_values")
    nested = [[tuple(one) for one in rows.column(name).to_pylist()] for name in lists]
    return [
        NativeHistogram(
            schema,
            count,
            total,
            threshold,
            zero,
            Buckets(positive_index, positive_count),
            Buckets(negative_index, negative_count),
            custom,
            RESET_HINTS[hint] if hint < len(RESET_HINTS) else "unknown",
        )
        for (
            schema,
            hint,
            count,
            total,
            threshold,
            zero,
            positive_index,
            positive_count,
            negative_index,
            negative_count,
            custom,
        ) in zip(*plain, *nested, strict=True)
    ]


def _rows(metrics: pa.Array, samples: Sequence[HistogramSample]) -> pa.Table:
    held = [one.histogram for one in samples]
    try:
        return pa.table(
            {
                "metric": metrics,
                "series": np.array([one.series for one in samples], np.uint64),
                "ts": pa.array(np.array([one.ts_ms for one in samples], np.int64), _TIME),
                "schema": _checked([one.schema for one in held], np.int8),
                "reset_hint": np.array([RESET_HINTS.index(one.reset_hint) for one in held], np.uint8),
                "count": np.array([one.count for one in held], np.float64),
                "sum": np.array([one.sum for one in held], np.float64),
                "zero_threshold": np.array([one.zero_threshold for one in held], np.float64),
                "zero_count": np.array([one.zero_count for one in held], np.float64),
                "positive_index": _lists([one.positive.index for one in held], np.int32),
                "positive_count": _lists([one.positive.count for one in held], np.float64),
                "negative_index": _lists([one.negative.index for one in held], np.int32),
                "negative_count": _lists([one.negative.count for one in held], np.float64),
                "custom_values": _lists([one.custom_values for one in held], np.float64),
            }
        )
    except (OverflowError, ValueError) as err:
        raise WireError(f"a native histogram cannot be stored: {err}") from err


def _checked(values: Iterable[int], dtype: type[np.signedinteger]) -> NDArray[np.signedinteger]:
    """Raises OverflowError; NumPy alone would wrap some of them around."""
    wide = np.fromiter(values, np.int64)
    if len(wide) and (wide.min() < np.iinfo(dtype).min or wide.max() > np.iinfo(dtype).max):
        raise OverflowError(f"a number does not fit {np.dtype(dtype).name}")
    return wide.astype(dtype)


def _lists(lists: Sequence[Sequence[float]], dtype: type[np.int32] | type[np.float64]) -> pa.ListArray:
    offsets = np.zeros(len(lists) + 1, np.int32)
    np.cumsum([len(one) for one in lists], out=offsets[1:])
    flat = chain.from_iterable(lists)
    values = _checked(map(int, flat), np.int32) if dtype is np.int32 else np.fromiter(flat, np.float64)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))
