"""How a group of metric batches becomes durable: series rows first, then the hours they were seen in, then the samples.

That order makes every acknowledged sample findable after a crash at any moment: a sample never stands without the
labels of its series. Only the samples are an INSERT of every commit; the other two are rare.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hannun.model.errors import StoreUnavailable, WireError
from hannun.model.histogram import HistogramSample
from hannun.model.metric import Floats, Ids, Ints, MetricBatch, MetricMetadata, NewSeries
from hannun.model.text import Text
from hannun.store.engine.port import Engine
from hannun.store.metrics import decimal
from hannun.store.metrics.exemplars import ExemplarTable
from hannun.store.metrics.histograms import HistogramTable, taken_away
from hannun.store.metrics.metadata import MetadataTable
from hannun.store.metrics.registry import SeriesRegistry

NAME = "metrics"
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
_TIME = pa.timestamp("ms", "UTC")
_LABELS = pa.map_(pa.string(), pa.string())

FORGOTTEN = Text(
    en="{count} series of this request were deleted while it was on its way; send it again",
    ko="이 요청의 시계열 {count}개가 전송 중에 삭제되었습니다. 다시 보내 주세요",
)


class Listener(Protocol):
    """Who must know of a commit before its requests are answered: the caches."""

    def series_added(self, metric: str, new: Sequence[NewSeries]) -> None: ...

    def samples_added(self, metric: NDArray[np.int32], series: Ids, ts_ms: Ints, value: Floats) -> None: ...


class MetricFamily:
    """The writer's view of metrics. `commit` runs in one thread at a time and holds the registry's lock briefly."""

    name = NAME

    def __init__(
        self,
        engine: Engine,
        registry: SeriesRegistry,
        listener: Listener,
        metadata: MetadataTable,
        exemplars: ExemplarTable,
        histograms: HistogramTable,
        now_ms: Callable[[], int],
    ) -> None:
        self.lock = threading.Lock()
        """Held by each commit; a delete takes it so that no commit runs beside it."""
        self._engine = engine
        self._registry = registry
        self._listener = listener
        self._metadata = metadata
        self._exemplars = exemplars
        self._histograms = histograms
        self._now_ms = now_ms

    def rows(self, batch: MetricBatch) -> int:
        return len(batch) + len(batch.histograms)

    def size_bytes(self, batch: MetricBatch) -> int:
        return batch.size_bytes

    def split(self, batch: MetricBatch, days_max: int) -> list[tuple[MetricBatch, frozenset[int]]]:
        days = _days(batch)
        if len(days) <= days_max:
            return [(batch, frozenset(days.tolist()))]
        day = batch.ts_ms // DAY_MS
        pieces = []
        for start in range(0, len(days), days_max):
            some = days[start : start + days_max]
            at = np.flatnonzero((day >= some[0]) & (day <= some[-1]))
            first = start == 0
            piece = MetricBatch(
                batch.series[at],
                batch.ts_ms[at],
                batch.value[at],
                batch.introduced if first else (),
                batch.metadata if first else (),
                tuple(one for one in batch.exemplars if some[0] <= one.ts_ms // DAY_MS <= some[-1]),
                tuple(one for one in batch.histograms if some[0] <= one.ts_ms // DAY_MS <= some[-1]),
            )
            pieces.append((piece, frozenset(some.tolist())))
        return pieces

    def commit(self, batches: Sequence[MetricBatch]) -> int:
        """Raises StoreUnavailable when a series is neither known nor introduced, and the engine's errors."""
        with self.lock:
            return self._commit(batches)

    def _commit(self, batches: Sequence[MetricBatch]) -> int:
        inserts = self._introduce([new for batch in batches for new in batch.introduced])
        fresh = self._metadata.changed([metadata for batch in batches for metadata in batch.metadata])
        if fresh:
            self._engine.insert_arrow("metric_metadata__local", _metadata_rows(fresh, self._now_ms()))
            self._metadata.remember(fresh)
            inserts += 1
        if exemplars := [one for batch in batches for one in batch.exemplars]:
            inserts += self._exemplars.commit(exemplars, self._metrics_of)
        series = np.ascontiguousarray(np.concatenate([batch.series for batch in batches]), np.uint64)
        ts_ms = np.ascontiguousarray(np.concatenate([batch.ts_ms for batch in batches]), np.int64)
        value = np.ascontiguousarray(np.concatenate([batch.value for batch in batches]), np.float64)
        mantissa, scale = np.empty(len(series), np.int64), np.empty(len(series), np.int8)
        histograms = [one for batch in batches for one in batch.histograms]
        every, hours = series, (ts_ms // HOUR_MS).astype(np.int32)
        if histograms:
            every = np.concatenate([series, np.array([one.series for one in histograms], np.uint64)])
            hours = np.concatenate([hours, np.array([one.ts_ms // HOUR_MS for one in histograms], np.int32)])
        if not len(every):
            return inserts
        with self._registry.lock:
            slots = self._registry.find(every)
            if lost := int((slots < 0).sum()):
                raise StoreUnavailable(FORGOTTEN.with_(count=lost))
            decimal.encode(value, slots[: len(series)], self._registry.hint, decimal.POWERS, mantissa, scale)
            metric = self._registry.metric[slots]
            unmarked = self._registry.outdated(slots, hours)
        if len(unmarked):
            inserts += self._mark(metric[unmarked], every[unmarked], hours[unmarked])
        metric, shaped = metric[: len(series)], metric[len(series) :]
        if histograms or self._histograms.metrics:
            inserts += self._commit_histograms(batches, metric, shaped)
        if not len(series):
            return inserts
        rows = pa.table(
            {
                "metric": self._names(metric),
                "series": series,
                "ts": pa.array(ts_ms, _TIME),
                "mantissa": mantissa,
                "scale": scale,
            }
        )
        self._engine.insert_arrow("metric_samples__local", rows)
        self._listener.samples_added(metric, series, ts_ms, value)
        return inserts + 1

    def _commit_histograms(
        self, batches: Sequence[MetricBatch], metric: NDArray[np.int32], shaped: NDArray[np.int32]
    ) -> int:
        """`metric` of each float and `shaped` of each histogram, in the order of the batches. Returns INSERTs made."""
        has_histograms = np.zeros(len(self._registry.metric_names()), bool)
        has_histograms[self._registry.codes(self._histograms.metrics)] = True
        has_histograms[shaped] = True
        rows: list[HistogramSample] = []
        of_rows: list[NDArray[np.int32]] = []
        for batch in batches:
            own, metric = metric[: len(batch)], metric[len(batch) :]
            beside = np.flatnonzero(has_histograms[own])
            rows += taken_away(batch.series[beside], batch.ts_ms[beside])
            rows += batch.histograms
            of_rows += [own[beside], shaped[: len(batch.histograms)]]
            shaped = shaped[len(batch.histograms) :]
        if not rows:
            return 0
        self._histograms.commit(self._names(np.concatenate(of_rows)), rows)
        return 1

    def _introduce(self, introduced: Sequence[NewSeries]) -> int:
        """Durable series rows for those that have none. Returns INSERTs made."""
        wanted: dict[int, NewSeries] = {}
        for new in introduced:
            other = wanted.setdefault(new.id, new)
            if other.labels != new.labels:
                raise WireError(f"two label sets share the series id {new.id:#x}: {other.labels} and {new.labels}")
        if not wanted:
            return 0
        ids = np.array(list(wanted), np.uint64)
        fresh = [wanted[int(series)] for series in ids[self._registry.unknown(ids)]]
        if not fresh:
            return 0
        self._engine.insert_arrow("metric_series__local", _series_rows(fresh, self._now_ms()))
        by_metric: dict[str, list[NewSeries]] = {}
        for new in fresh:
            by_metric.setdefault(new.labels.metric, []).append(new)
        for metric, some in by_metric.items():
            self._listener.series_added(metric, some)
            self._registry.add(metric, np.array([new.id for new in some], np.uint64))
        return 1

    def _mark(self, metric: NDArray[np.int32], series: Ids, hours: NDArray[np.int32]) -> int:
        """Durable rows of `metric_seen` for (series, hour) pairs that it lacks."""
        order = np.lexsort((hours, series))
        metric, series, hours = metric[order], series[order], hours[order]
        first = np.ones(len(series), bool)
        first[1:] = (series[1:] != series[:-1]) | (hours[1:] != hours[:-1])
        metric, series, hours = metric[first], series[first], hours[first]
        rows = pa.table(
            {
                "day": pa.array((hours // 24).astype(np.int32), pa.date32()),
                "metric": self._names(metric),
                "series": series,
                "hours": np.left_shift(np.uint32(1), (hours % 24).astype(np.uint32)),
            }
        )
        self._engine.insert_arrow("metric_seen__local", rows)
        self._registry.mark_seen(series, hours)
        return 1

    def _metrics_of(self, series: Ids) -> list[str | None]:
        """The metric of each series, None for those without a durable row."""
        with self._registry.lock:
            slots = self._registry.find(series)
            codes = np.where(slots < 0, -1, self._registry.metric[slots]).tolist()
        names = self._registry.metric_names()
        return [None if code < 0 else names[code] for code in codes]

    def _names(self, codes: NDArray[np.int32]) -> pa.DictionaryArray:
        """Metric names as a dictionary of those that occur."""
        names = self._registry.metric_names()
        position = np.full(len(names), -1, np.int32)
        position[codes] = 0
        used = np.flatnonzero(position == 0)
        position[used] = np.arange(len(used), dtype=np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(position[codes]), pa.array([names[code] for code in used]))


def _days(batch: MetricBatch) -> Ints:
    """The days that a batch touches, ascending."""
    beside = [one.ts_ms for one in batch.exemplars] + [one.ts_ms for one in batch.histograms]
    times = np.concatenate([batch.ts_ms, np.array(beside, np.int64)]) if beside else batch.ts_ms
    if not len(times):
        return np.empty(0, np.int64)
    first, last = int(times.min()) // DAY_MS, int(times.max()) // DAY_MS
    # Nearly every batch lies within a day or two, which needs no look at each sample.
    return np.unique(times // DAY_MS) if last - first > 1 else np.arange(first, last + 1, dtype=np.int64)


def _series_rows(new: Sequence[NewSeries], now_ms: int) -> pa.Table:
    try:
        return pa.table(
            {
                "metric": [one.labels.metric for one in new],
                "series": np.array([one.id for one in new], np.uint64),
                "labels": pa.array([one.labels.drop_metric().pairs for one in new], _LABELS),
                "service": [one.identity.service for one in new],
                "environment": [one.identity.environment for one in new],
                "host": [one.identity.host for one in new],
                "release": [one.identity.release for one in new],
                "first_seen": pa.array(np.full(len(new), now_ms), _TIME),
            }
        )
    except UnicodeEncodeError as err:
        raise WireError("a label is not valid Unicode", "labels must be UTF-8 text") from err


def _metadata_rows(metadata: Sequence[MetricMetadata], now_ms: int) -> pa.Table:
    try:
        return pa.table(
            {
                "metric": [one.metric for one in metadata],
                "type": [one.type for one in metadata],
                "help": [one.help for one in metadata],
                "unit": [one.unit for one in metadata],
                "updated": pa.array(np.full(len(metadata), now_ms), _TIME),
            }
        )
    except UnicodeEncodeError as err:
        raise WireError("metric metadata are not valid Unicode", "help and unit must be UTF-8 text") from err
