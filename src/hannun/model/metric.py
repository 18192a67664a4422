"""Metrics as columns: what receivers and collectors write and what the query engine reads.

Points never become Python objects. A batch names each sample's series by its 64-bit id; labels travel once, for the
series that the sink does not know yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.exemplar import Exemplar
from hannun.model.histogram import HistogramSample
from hannun.model.identity import Identity
from hannun.model.labels import Labels

STALE_NAN_BITS = 0x7FF0000000000002
"""Staleness marker of Prometheus: compare bits, never `isnan`."""
NORMAL_NAN_BITS = 0x7FF8000000000001
STALE_NAN: float = float(np.array([STALE_NAN_BITS], dtype=np.uint64).view(np.float64)[0])

METRIC_TYPES = ("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ids = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class NewSeries:
    """A series on its first way into the store. `id` is `labels.series_id()`."""

    id: int
    labels: Labels
    identity: Identity = Identity()


@dataclass(frozen=True, slots=True)
class MetricMetadata:
    """`type` is one of METRIC_TYPES."""

    metric: str
    type: str
    help: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class MetricBatch:
    """`series` uint64[n], `ts_ms` int64[n], `value` float64[n] (bits kept, NaN payloads too).

    Of two rows with the same (series, ts) the later one wins, inside a batch and between batches; `histograms` are
    rows beside the floats.
    """

    series: Ids
    ts_ms: Ints
    value: Floats
    introduced: tuple[NewSeries, ...] = ()
    metadata: tuple[MetricMetadata, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
    histograms: tuple[HistogramSample, ...] = ()

    def __len__(self) -> int:
        return len(self.series)

    @property
    def size_bytes(self) -> int:
        """What the batch weighs in a queue (arrays exactly, labels roughly)."""
        labels = sum(64 + 2 * len(new.labels.canonical()) for new in self.introduced)
        told = 128 * len(self.metadata) + 256 * len(self.exemplars)
        told += sum(64 + one.histogram.size_bytes for one in self.histograms)
        return int(self.series.nbytes + self.ts_ms.nbytes + self.value.nbytes) + labels + told


@dataclass(frozen=True, slots=True, eq=False)
class SeriesColumns:
    """Raw samples of many series in CSR form, the input of every kernel.

    Samples of series i are `[offsets[i], offsets[i+1])` of `ts` and `value`, ascending in time, one per timestamp.
    `ts` holds ms after `base_ms`, uint32 when the span allows it (49 days) and int64 otherwise.
    `has_stale` False promises that `value` holds no staleness marker.
    """

    labels: tuple[Labels, ...]
    offsets: Ints
    base_ms: int
    ts: NDArray[Any]
    value: Floats
    has_stale: bool = False
    rows_read: int = 0
    sql: tuple[str, ...] = field(default=())
    """The statements that were run, for `explain=1`."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Count:
    """One row of a cardinality table."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class TsdbStats:
    """`/api/v1/status/tsdb`: series counts over the stored metrics, largest first. Times in ms, 0 when empty."""

    series: int
    label_pairs: int
    chunks: int
    min_ms: int
    max_ms: int
    series_by_metric: tuple[Count, ...]
    values_by_label: tuple[Count, ...]
    bytes_by_label: tuple[Count, ...]
    series_by_pair: tuple[Count, ...]
