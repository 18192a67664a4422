"""MetricStore: the sink and the reader of metrics, over the engine and the writer.

A table of contents: each answer is a few lines here and its work in the module that is named for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hannun.model.budget import Budget
from hannun.model.errors import OutOfBounds
from hannun.model.exemplar import SeriesExemplars
from hannun.model.histogram import HistogramSeries
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.matcher import Matchers, MatchOp
from hannun.model.metric import Floats, Ids, Ints, MetricBatch, MetricMetadata, NewSeries, SeriesColumns, TsdbStats
from hannun.model.status import QueueStatus, TableStatus
from hannun.model.text import Text
from hannun.model.time import Clock, SystemClock, format_duration_ms
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.observe.problems import Problems
from hannun.store.engine.port import Engine
from hannun.store.metrics import catalog, erase, exemplars, histograms
from hannun.store.metrics.exemplars import ExemplarTable
from hannun.store.metrics.family import NAME, MetricFamily
from hannun.store.metrics.histograms import HistogramTable, without
from hannun.store.metrics.index import Choice, LabelIndex, metrics_that_match
from hannun.store.metrics.metadata import MetadataTable
from hannun.store.metrics.read import clamp, nothing, read_samples
from hannun.store.metrics.recent import WHOLE, WINDOW_MS, RecentSamples, Worth
from hannun.store.metrics.registry import SeriesRegistry
from hannun.store.tables import table_status
from hannun.store.writer import Writer

DAY_MS = 86_400_000
PIECE_SAMPLES = 500_000
RECENT_BYTES_MAX = 96 << 20
TABLES = (
    "metric_samples__local",
    "metric_series__local",
    "metric_seen__local",
    "metric_metadata__local",
    exemplars.TABLE,
    histograms.TABLE,
)

TOO_OLD = Text(
    en="out of bounds: timestamp {ts} ms is before {bound} ms (retention {keep}); "
    "raise --retention to keep older samples",
    ko="받을 수 있는 시각보다 오래된 값입니다: {ts} ms, 하한 {bound} ms(보존 기간 {keep}). "
    "더 오래된 값을 받으려면 --retention 값을 올려 주세요",
)
TOO_NEW = Text(
    en="out of bounds: timestamp {ts} ms is after {bound} ms, a day ahead of this server's clock; "
    "check the sender's clock",
    ko="미래의 시각이 찍힌 값입니다: {ts} ms, 상한 {bound} ms(이 서버의 시계보다 하루 뒤). "
    "보낸 쪽의 시계를 확인해 주세요",
)


class MetricStore:
    """`MetricSink`, `MetricReader`, `HistogramReader` and `ExemplarReader`.

    `retention_ms` 0: samples from 1970 on are taken.
    """

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        *,
        retention_ms: int = 0,
        clock: Clock | None = None,
        problems: Problems | None = None,
        outcomes: Outcomes | None = None,
        recent_bytes_max: int = RECENT_BYTES_MAX,
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._retention_ms = retention_ms
        self._clock = clock or SystemClock()
        self._problems = problems
        self._outcomes = outcomes
        self._registry = SeriesRegistry()
        self._index = LabelIndex(engine)
        self._recent = RecentSamples(self._clock, bytes_max=recent_bytes_max)
        self._metadata = MetadataTable(engine)
        self._exemplars = ExemplarTable(engine)
        self._histograms = HistogramTable(engine)
        self._family = MetricFamily(
            engine, self._registry, self, self._metadata, self._exemplars, self._histograms, self._clock.now_ms
        )
        catalog.load_registry(engine, self._registry)
        writer.register(self._family)

    # --- MetricSink -------------------------------------------------------------------------------------------------

    def unknown(self, series: Ids) -> NDArray[np.bool_]:
        return self._registry.unknown(series)

    def bounds(self) -> tuple[int, int]:
        """The first and the last timestamp (ms) that are taken now."""
        now_ms = self._clock.now_ms()
        oldest = max(0, now_ms - self._retention_ms) if self._retention_ms else 0
        return oldest, now_ms + DAY_MS

    async def write(self, batch: MetricBatch) -> None:
        self._check_bounds(batch)
        await self._writer.write(NAME, self._within_bounds(batch))

    def offer(self, batch: MetricBatch) -> bool:
        try:
            self._check_bounds(batch)
        except OutOfBounds:
            self._count_dropped(batch, "timestamp out of bounds")
            return False
        taken = self._writer.offer(NAME, self._within_bounds(batch))
        if not taken:
            self._count_dropped(batch, "write queue full or disk full")
        return taken

    def _check_bounds(self, batch: MetricBatch) -> None:
        times = batch.ts_ms
        if batch.histograms:
            times = np.concatenate([times, np.array([one.ts_ms for one in batch.histograms], np.int64)])
        if not len(times):
            return
        oldest, newest = self.bounds()
        first, last = int(times.min()), int(times.max())
        if first < oldest:
            keep = format_duration_ms(self._retention_ms) if self._retention_ms else "from 1970"
            raise OutOfBounds(TOO_OLD.with_(ts=first, bound=oldest, keep=keep))
        if last > newest:
            raise OutOfBounds(TOO_NEW.with_(ts=last, bound=newest))

    def _within_bounds(self, batch: MetricBatch) -> MetricBatch:
        """Without exemplars of impossible times: they never cost the samples beside them."""
        if not batch.exemplars:
            return batch
        oldest, newest = self.bounds()
        kept = tuple(one for one in batch.exemplars if oldest <= one.ts_ms <= newest)
        if self._outcomes is not None and len(kept) < len(batch.exemplars):
            lost = len(batch.exemplars) - len(kept)
            self._outcomes.count("exemplars", Outcome.INVALID, lost, reason="timestamp out of bounds")
        return replace(batch, exemplars=kept)

    def _count_dropped(self, batch: MetricBatch, reason: str) -> None:
        if self._outcomes is not None:
            self._outcomes.count("metrics", Outcome.LIMITED, len(batch) + len(batch.histograms), reason=reason)

    # --- what a commit tells the caches -------------------------------------------------------------------------------

    def series_added(self, metric: str, new: Sequence[NewSeries]) -> None:
        self._index.series_added(metric, new)

    def samples_added(self, metric: NDArray[np.int32], series: Ids, ts_ms: Ints, value: Floats) -> None:
        self._recent.samples_added(self._registry.metric_names(), metric, series, ts_ms, value)

    # --- MetricReader -------------------------------------------------------------------------------------------------

    def select(self, matchers: Matchers, start_ms: int, end_ms: int, budget: Budget) -> SeriesColumns:
        choice = self._choose(matchers, budget)
        found = self._select(choice, start_ms, end_ms, budget)
        return self._without_histograms(choice, found, budget) if self._histograms.metrics else found

    def _without_histograms(self, choice: Choice, floats: SeriesColumns, budget: Budget) -> SeriesColumns:
        """Without the floats in whose place a histogram came later."""
        metrics = tuple(metric for metric in choice.metrics if metric in self._histograms.metrics)
        if not metrics:
            return floats
        some = [labels for labels in floats.labels if labels.metric in metrics]
        if not some:
            return floats
        by_labels = dict(zip(choice.labels, choice.ids.tolist(), strict=True))
        shaped = Choice(metrics, np.array([by_labels[labels] for labels in some], np.uint64), tuple(some), whole=False)
        first, last = int(floats.ts.min()) + floats.base_ms, int(floats.ts.max()) + floats.base_ms
        times = self._histograms.times(shaped, first - 1, last, budget)
        ids = np.array([by_labels[labels] for labels in floats.labels], np.uint64)
        return without(floats, ids, times) if times else floats

    def _select(self, choice: Choice, start_ms: int, end_ms: int, budget: Budget) -> SeriesColumns:
        start_ms, end_ms = clamp(start_ms, end_ms)
        if not len(choice.ids) or start_ms >= end_ms:
            return nothing(start_ms)
        found = self._recent.select(choice, start_ms, end_ms, budget)
        if found is not None:
            return found
        worth = self._recent.worth(choice, choice.series_of_metrics, start_ms, end_ms)
        if worth is not None and self._load_recent(choice, worth, budget):
            found = self._recent.select(choice, start_ms, end_ms, budget)
            if found is not None:
                return found
        answer = read_samples(self._engine, choice, start_ms, end_ms, budget, now_ms=self._clock.now_ms())
        self._recent.asked(choice, start_ms, end_ms, answer.rows_read)
        return answer

    def select_pieces(
        self, matchers: Matchers, start_ms: int, end_ms: int, budget: Budget
    ) -> Iterator[SeriesColumns] | None:
        """As `select`, some series at a time; None when the answer does not come from memory.

        A piece is near enough to the processor to be read back cheaply, and takes the memory of the one before. From
        the engine a question in pieces costs more than the whole, because each piece reads whole granules.
        """
        choice = self._choose(matchers, budget)
        start_ms, end_ms = clamp(start_ms, end_ms)
        held = self._recent.holds(choice, start_ms, end_ms) if start_ms < end_ms else 0
        if held <= 2 * PIECE_SAMPLES or not self._histograms.metrics.isdisjoint(choice.metrics):
            return None

        def pieces() -> Iterator[SeriesColumns]:
            now_ms = self._clock.now_ms()
            for piece in choice.pieces(max(len(choice.ids) * PIECE_SAMPLES // held, 1)):
                found = self._recent.select(piece, start_ms, end_ms, budget, of=choice)
                if found is None:  # the window may go while its pieces are read
                    found = read_samples(self._engine, piece, start_ms, end_ms, budget, now_ms=now_ms)
                yield found

        return pieces()

    def histograms(self, matchers: Matchers, start_ms: int, end_ms: int, budget: Budget) -> tuple[HistogramSeries, ...]:
        """`model.histogram.HistogramReader`."""
        metrics = metrics_that_match(sorted(self._histograms.metrics), matchers)
        if not metrics:
            return ()
        count = sum(self._registry.series_of(name) for name in metrics)
        choice = self._index.choose(metrics, matchers, budget, series_of_metrics=count)
        return self._histograms.read(choice, *clamp(start_ms, end_ms), budget)

    def _choose(self, matchers: Matchers, budget: Budget) -> Choice:
        exact = next((one for one in matchers if one.name == METRIC_NAME and one.op is MatchOp.EQUAL), None)
        names = [exact.value] if exact is not None else list(self._registry.metrics())
        metrics = [name for name in metrics_that_match(names, matchers) if self._registry.series_of(name)]
        series = sum(self._registry.series_of(name) for name in metrics)
        return self._index.choose(metrics, matchers, budget, series_of_metrics=series)

    def _load_recent(self, choice: Choice, worth: Worth, budget: Budget) -> bool:
        """Fill one window; False when another thread is at it."""
        epoch = self._recent.begin_load(worth.key)
        if epoch is None:
            return False
        columns, ids = None, np.empty(0, np.uint64)
        try:
            if worth.key[1] == WHOLE:
                # Chosen after the load began: a series that comes later comes with its commit.
                choice = self._index.choose([worth.key[0]], (), budget)
            start_ms, now_ms = worth.floor_ms, self._clock.now_ms()
            columns = read_samples(self._engine, choice, start_ms, start_ms + WINDOW_MS, budget, now_ms=now_ms)
            by_labels = dict(zip(choice.labels, choice.ids.tolist(), strict=True))
            ids = np.array([by_labels[labels] for labels in columns.labels], np.uint64)
        finally:
            self._recent.end_load(worth, epoch, ids, columns)
        return True

    def series(
        self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, limit: int, budget: Budget
    ) -> list[Labels]:
        return catalog.series(self._engine, selectors, start_ms, end_ms, limit, self._clock.now_ms(), budget)

    def label_names(self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, budget: Budget) -> list[str]:
        return catalog.label_names(self._engine, selectors, start_ms, end_ms, self._clock.now_ms(), budget)

    def label_values(
        self, name: str, selectors: Sequence[Matchers], start_ms: int, end_ms: int, budget: Budget
    ) -> list[str]:
        return catalog.label_values(self._engine, name, selectors, start_ms, end_ms, self._clock.now_ms(), budget)

    def metadata(self, metric: str | None = None) -> list[MetricMetadata]:
        return self._metadata.read(metric)

    def exemplars(
        self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, limit: int, budget: Budget
    ) -> list[SeriesExemplars]:
        return self._exemplars.read(selectors, start_ms, end_ms, limit, budget)

    def stats(self, limit: int, budget: Budget) -> TsdbStats:
        return catalog.stats(self._engine, self._registry, limit, budget)

    def delete(self, selectors: Sequence[Matchers], start_ms: int, end_ms: int) -> None:
        with self._family.lock:
            erase.delete(self._engine, self._registry, selectors, start_ms, end_ms)
            self._forget()

    def partitions_dropped(self) -> None:
        """After retention dropped days: forget series that no stored day knows, and what the caches hold of them."""
        with self._family.lock:
            erase.forget_unseen(self._engine, self._registry)
            self._forget()

    def _forget(self) -> None:
        """What the caches hold of rows that are gone."""
        self._exemplars.forget()
        self._histograms.reload()
        self._index.clear()
        self._recent.clear()

    # --- status -------------------------------------------------------------------------------------------------------

    def status(self) -> list[TableStatus]:
        return table_status(self._engine, TABLES)

    def queues(self) -> list[QueueStatus]:
        return [queue for queue in self._writer.queues() if queue.name == NAME]
