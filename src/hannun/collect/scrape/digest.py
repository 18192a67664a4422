"""A fetched page -> a batch for the sink. All the work of a scrape that takes time; runs inline or in a thread.

Everything that belongs to one target and lives from scrape to scrape is here: the decoder's memory, the series table,
the report series, what the sink was told about types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from hannun.collect.scrape import advice
from hannun.collect.scrape.exemplars import ExemplarMemory
from hannun.collect.scrape.failure import ScrapeFailed
from hannun.collect.scrape.histograms import BucketLimit, taken_out
from hannun.collect.scrape.labels import LabelMaker
from hannun.collect.scrape.limits import FUTURE_MS, SAMPLES_MAX
from hannun.collect.scrape.no_gc import no_gc
from hannun.collect.scrape.reports import Report, ReportSeries
from hannun.collect.scrape.series import Reading, Round, SeriesTable
from hannun.collect.scrape.targets import ScrapeTarget
from hannun.config.prometheus.model import ScrapeConfig
from hannun.model.errors import Unsupported, WireError
from hannun.model.exemplar import Exemplar
from hannun.model.histogram import HistogramSample
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN, STALE_NAN_BITS, Floats, Ids, Ints, MetricBatch, MetricMetadata, NewSeries
from hannun.model.ports import MetricSink
from hannun.process.identity import of_metric
from hannun.process.relabel import Relabeler
from hannun.wire.exposition_text import PROTOCOLS, PageColumns, PageDecoder, PageHistogram, PageLimits

LARGE_BYTES = 1 << 20
KEPT_LABELS_MAX = 20_000
"""Labels kept until the sink knows their series; of more, the page is read anew when it turns out not to."""


@dataclass(frozen=True, slots=True, eq=False)
class Digest:
    """A good page, ready for the sink."""

    round: Round
    report: Report
    batch: MetricBatch


class Digester:
    """The memory of one target. One call at a time."""

    def __init__(self, config: ScrapeConfig, target: ScrapeTarget, relabel: Relabeler, sink: MetricSink) -> None:
        limits = config.limits
        self._samples_max = limits.samples or SAMPLES_MAX
        # With comments a page has more lines than samples, and relabeling may drop most of them.
        self._lines_max = max(SAMPLES_MAX * 3 // 2, 4 * limits.samples)
        # The job's own limits are judged by LabelMaker, whose errors name them: the decoder's only end the absurd.
        self._decoder = PageDecoder(
            PageLimits(
                body_bytes_max=max(limits.body_bytes, PageLimits().body_bytes_max),
                lines_max=self._lines_max,
                labels_max=max(limits.labels, 16_384),
                name_bytes_max=max(limits.label_name_length, 64 << 10),
                value_bytes_max=max(limits.label_value_length, 2 << 20),
            ),
            legacy_names=config.metric_name_validation_scheme == "legacy",
            fallback=PROTOCOLS.get(config.fallback_protocol),
            histograms=target.histograms,
        )
        self._bucket_limit = BucketLimit(config.limits.histogram_buckets, config.limits.histogram_min_bucket_factor)
        self._maker = LabelMaker(config, target.labels, relabel)
        self._reading = Reading(config.honor_timestamps, config.track_timestamps_staleness)
        self._reports = ReportSeries(config, target.labels, target.timeout_ms)
        self._target = target
        self._sink = sink
        self._table = SeriesTable()
        self._exemplars = ExemplarMemory()
        self._kept: dict[int, Labels] = {}
        self._untold = True
        self._reported = False
        self.metadata: tuple[MetricMetadata, ...] = ()

    @property
    def warm(self) -> bool:
        """Whether a page was read: the next one is mostly known."""
        return bool(len(self._table.live))

    def live(self) -> Ids:
        """Every series that would need a marker if the target were gone now."""
        reports = self._reports.ids if self._reported else np.zeros(0, np.uint64)
        return np.concatenate([self._table.live, reports])

    def read(self, body: bytes, content_type: str, ts_ms: int, now_ms: int, took_s: Callable[[], float]) -> Digest:
        """`took_s` tells how long the scrape has taken. Raises ScrapeFailed: then nothing of the page counts."""
        with no_gc() if len(body) > LARGE_BYTES and not self.warm else nullcontext():
            return self._read(body, content_type, ts_ms, now_ms, took_s)

    def _read(self, body: bytes, content_type: str, ts_ms: int, now_ms: int, took_s: Callable[[], float]) -> Digest:
        page = self._decode(body, content_type)
        try:
            made = self._table.learn(page, self._maker)
        except ScrapeFailed as err:
            # The decoder holds the guilty series for known now, and the next page must be judged again.
            self.start_over()
            raise ScrapeFailed(str(err.what), err.advice, scraped=len(page)) from err
        kept = self._table.count(page)
        if kept > self._samples_max:
            self._keep({**self._kept, **made})
            raise self._too_many(scraped=len(page), kept=kept)
        histograms = self._limited(page, made, kept)
        oldest, newest = self._sink.bounds()
        found = self._table.read(page, ts_ms, (oldest, min(newest, now_ms + FUTURE_MS)), self._reading, made)
        self.metadata = page.metadata
        self._untold = self._untold or page.metadata_changed
        report = Report(True, took_s(), found.scraped, found.kept, found.added, len(body))
        exemplars = self._exemplars.new(page, found)
        found, shapes = taken_out(found, histograms)
        rows = (
            np.concatenate([found.series, found.gone, self._reports.ids]),
            np.concatenate([found.ts_ms, np.full(len(found.gone) + len(self._reports.ids), ts_ms, np.int64)]),
            np.concatenate([found.value, np.full(len(found.gone), STALE_NAN), self._reports.values(report)]),
        )
        self._reported = True
        batch = self._batch(*rows, made, exemplars, shapes)
        self._keep({new.id: new.labels for new in batch.introduced})
        return Digest(found, report, batch)

    def failed(self, report: Report, ts_ms: int) -> MetricBatch:
        """The scrape failed: markers for what lived until now, and the report."""
        gone = self._table.end()
        series = np.concatenate([gone, self._reports.ids])
        value = np.concatenate([np.full(len(gone), STALE_NAN), self._reports.values(report)])
        self._reported = True
        return self._batch(series, np.full(len(series), ts_ms, np.int64), value, {}, ())

    def end(self, ids: Ids, ts_ms: int) -> MetricBatch:
        """Markers for `ids` at `ts_ms`."""
        return self._batch(ids, np.full(len(ids), ts_ms, np.int64), np.full(len(ids), STALE_NAN), {}, ())

    def refused(self) -> None:
        """The sink did not take the last batch: types and labels must be told again."""
        self._untold = True

    def _limited(self, page: PageColumns, made: dict[int, Labels], kept: int) -> list[PageHistogram]:
        try:
            return [one._replace(histogram=self._bucket_limit.of(one.histogram)) for one in page.histograms]
        except ScrapeFailed as err:
            self._keep({**self._kept, **made})
            raise ScrapeFailed(str(err.what), err.advice, scraped=len(page), kept=kept) from err

    def _keep(self, labels: dict[int, Labels]) -> None:
        """Until the sink knows these series: it takes a moment, or refuses."""
        self._kept = labels if len(labels) <= KEPT_LABELS_MAX else {}

    def _too_many(self, *, scraped: int, kept: int) -> ScrapeFailed:
        told = advice.TOO_MANY_SAMPLES.with_(limit=self._samples_max)
        return ScrapeFailed("sample limit exceeded", told, scraped=scraped, kept=kept)

    def _decode(self, body: bytes, content_type: str) -> PageColumns:
        # Before a million lines become a million objects: counting them costs a millisecond per 20 MB.
        if len(body) > LARGE_BYTES and (lines := body.count(b"\n")) > self._lines_max:
            raise self._too_many(scraped=lines, kept=0)
        try:
            return self._decoder.decode(body, content_type)
        except Unsupported as err:
            raise ScrapeFailed(str(err), advice.of_content_type(content_type, self._target)) from err
        except WireError as err:
            looks_like_html = body[:200].lstrip().startswith(b"<")
            told = advice.HTML.with_(path=self._target.path) if looks_like_html else advice.NOT_A_PAGE
            raise ScrapeFailed(str(err), told) from err

    def _batch(
        self,
        series: Ids,
        ts_ms: Ints,
        value: Floats,
        made: Mapping[int, Labels],
        exemplars: tuple[Exemplar, ...],
        histograms: tuple[HistogramSample, ...] = (),
    ) -> MetricBatch:
        """Rows for the sink, with labels for the series that it does not know."""
        every = series
        if histograms:
            every = np.concatenate([series, np.array([one.series for one in histograms], np.uint64)])
        unknown = np.flatnonzero(self._sink.unknown(every))
        introduced: dict[int, NewSeries] = {}
        lost: list[int] = []
        if len(unknown):
            reports = self._reports.made()
            for row in unknown.tolist():
                one = int(every[row])
                labels = made.get(one) or self._kept.get(one) or reports.get(one)
                if labels is None:
                    lost.append(row)
                elif one not in introduced:
                    introduced[one] = NewSeries(one, labels, of_metric(labels))
        if lost:
            shapes_lost = {row - len(series) for row in lost if row >= len(series)}
            histograms = tuple(one for at, one in enumerate(histograms) if at not in shapes_lost)
            lost = [row for row in lost if row < len(series)]
            if shapes_lost or (value[lost].view(np.uint64) != STALE_NAN_BITS).any():
                # The store forgot series whose labels we no longer hold (a delete, a full queue): the next page will
                # be read as if it were the first. A marker needs no such care: there is nothing to mark.
                self.start_over()
            held = np.ones(len(series), np.bool_)
            held[lost] = False
            series, ts_ms, value = series[held], ts_ms[held], value[held]
        metadata = self.metadata if self._untold else ()
        self._untold = False
        return MetricBatch(series, ts_ms, value, tuple(introduced.values()), metadata, exemplars, histograms)

    def start_over(self) -> None:
        """Read the next page as if it were the first. What lives is remembered."""
        self._decoder.forget()
        self._table.clear()
        self._untold = True
