"""The last steps of every receiver of metrics: introduce what the sink does not know, write, count the outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import DiskFull, HannunError, OutOfBounds, Overloaded, StoreUnavailable
from hannun.model.histogram import HistogramSample
from hannun.model.labels import Labels
from hannun.model.metric import Ids, MetricBatch, NewSeries
from hannun.model.ports import MetricSink
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.process.identity import of_metric

SIGNAL = "metrics"
EXEMPLARS = "exemplars"
_REFUSED_FOR_NOW: dict[type[HannunError], str] = {
    Overloaded: "refused for now: queue full",
    DiskFull: "refused for now: disk reserve reached",
    StoreUnavailable: "refused for now: store unavailable",
}


@dataclass(slots=True)
class Written:
    """How much of one request is durable, also when the request ends in an error."""

    samples: int = 0
    histograms: int = 0
    exemplars: int = 0


class Intake:
    """Shared by the requests of one receiver."""

    def __init__(self, sink: MetricSink, outcomes: Outcomes) -> None:
        self._sink = sink
        self.outcomes = outcomes

    def new_series(
        self, ids: Ids, labels_of: Callable[[int], Labels], wanted: NDArray[np.bool_] | None = None
    ) -> tuple[NewSeries, ...]:
        """Those of `ids` (one per series, repeats allowed) that the sink must be told; `labels_of` takes the index."""
        unknown = self._sink.unknown(ids)
        introduced: dict[int, NewSeries] = {}
        for index in np.flatnonzero(unknown if wanted is None else unknown & wanted).tolist():
            series = int(ids[index])
            if series not in introduced:
                labels = labels_of(index)
                introduced[series] = NewSeries(series, labels, of_metric(labels))
        return tuple(introduced.values())

    async def store(self, batch: MetricBatch, written: Written | None = None) -> None:
        """Returns when all of it is durable. Of a batch with impossible times the rest is stored before OutOfBounds.

        Raises also Overloaded, DiskFull, StoreUnavailable: then nothing was stored. `written` is kept up to date.
        """
        written = written if written is not None else Written()
        if not len(batch) and not batch.histograms and not batch.metadata and not batch.exemplars:
            return
        try:
            await self._write(batch, written)
        except OutOfBounds:
            # The sender will throw the whole request away, so the good neighbours of a target with a wrong clock are
            # stored before it is told.
            oldest, newest = self._sink.bounds()
            within = (batch.ts_ms >= oldest) & (batch.ts_ms <= newest)
            some = _only(batch, within, tuple(one for one in batch.histograms if oldest <= one.ts_ms <= newest))
            self.outcomes.count(SIGNAL, Outcome.INVALID, _rows(batch) - _rows(some), reason="timestamp out of bounds")
            if _rows(some):
                await self._write(some, written)
            raise

    async def _write(self, batch: MetricBatch, written: Written) -> None:
        try:
            await self._sink.write(batch)
        except (Overloaded, DiskFull, StoreUnavailable) as err:
            reason = next(words for kind, words in _REFUSED_FOR_NOW.items() if isinstance(err, kind))
            self.outcomes.count(SIGNAL, Outcome.LIMITED, _rows(batch), reason=reason)
            raise
        self.outcomes.count(SIGNAL, Outcome.ACCEPTED, _rows(batch))
        self.outcomes.count(EXEMPLARS, Outcome.ACCEPTED, len(batch.exemplars))
        written.samples += len(batch)
        written.histograms += len(batch.histograms)
        written.exemplars += len(batch.exemplars)


def _rows(batch: MetricBatch) -> int:
    """Samples of either kind."""
    return len(batch) + len(batch.histograms)


def _only(batch: MetricBatch, wanted: NDArray[np.bool_], histograms: tuple[HistogramSample, ...]) -> MetricBatch:
    """The wanted samples of `batch` with the labels and exemplars of their series."""
    series = batch.series[wanted]
    left = {*series.tolist(), *(one.series for one in histograms)}
    return replace(
        batch,
        series=series,
        ts_ms=batch.ts_ms[wanted],
        value=batch.value[wanted],
        introduced=tuple(new for new in batch.introduced if new.id in left),
        exemplars=tuple(one for one in batch.exemplars if one.series in left),
        histograms=histograms,
    )
