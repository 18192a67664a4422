"""What a WriteRequest says, as columns, and what of it was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hannun.model.exemplar import Exemplar
from hannun.model.labels import Labels
from hannun.model.metric import Floats, Ids, Ints, MetricMetadata
from hannun.wire.remote_write.histograms import NONE, Histograms, read_histograms
from hannun.wire.remote_write.labels import Refusal, SeriesLimits, read_labels
from hannun.wire.remote_write.limits import RequestLimits

NO_LIMITS = SeriesLimits(labels_max=1 << 30, name_bytes_max=1 << 30, value_bytes_max=1 << 30)


@dataclass(frozen=True, slots=True)
class Refused:
    """How much one reason cost."""

    series: int = 0
    samples: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class WriteColumns:
    """The series that were taken, in the order of the request, and their samples behind each other.

    `ids` uint64[s] series ids, `counts` int64[s] samples of each, `spans` int64[s, 2] the bytes of each TimeSeries
    message in `body`, at least up to its last label; `ts_ms` int64[n] and `value` float64[n] (bits kept) with n = sum
    of `counts`. `shapes` int64[h, 3]: where the Histogram messages lie, each with the index of its series in `ids`
    (-1 where that is left out).

    `body` is the request: its bytes, or a view of memory that is used again, of which nothing may be asked later.
    """

    body: bytes | NDArray[np.uint8]
    ids: Ids
    counts: Ints
    spans: NDArray[np.int64]
    ts_ms: Ints
    value: Floats
    metadata: tuple[MetricMetadata, ...] = ()
    refused: Mapping[Refusal, Refused] = field(default_factory=dict)
    metadata_refused: int = 0
    exemplars: tuple[Exemplar, ...] = ()
    exemplars_refused: int = 0
    shapes: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 3), np.int64))
    fresh: Mapping[int, Labels] = field(default_factory=dict)
    """Labels by series id that decoding had to read anyway."""
    read: Callable[[int, int], Labels | Refusal] | None = None
    """How a span becomes labels where they do not stand in it as Label messages (2.0 refers to symbols)."""
    described_keys: NDArray[np.uint64] | None = None
    """What 2.0's decoder remembers of `metadata` once it is stored: `Decoder.stored`."""

    def series(self) -> Ids:
        """uint64[n]: the series id of every sample."""
        return np.repeat(self.ids, self.counts)

    @property
    def histogram_bytes(self) -> int:
        return int((self.shapes[:, 2] - self.shapes[:, 1]).sum())

    def histograms(self, limits: RequestLimits | None = None) -> Histograms:
        """The native histograms, read now: plain Python, 40 us each. Raises WireError and TooLarge."""
        if not len(self.shapes):  # Then nobody needs a copy of the body.
            return NONE
        return read_histograms(whole(self.body), self.shapes, self.ids, self.labels, limits)

    def labels(self, index: int) -> Labels:
        """Labels of the series at `index`, read again from the bytes: only new series ever need them."""
        if (read := self.fresh.get(int(self.ids[index]))) is not None:
            return read
        start, end = self.spans[index].tolist()
        if self.read is not None:
            found = self.read(start, end)
        else:
            found = read_labels(bytes(self.body[start:end]), 0, end - start, NO_LIMITS)
        assert isinstance(found, Labels), "a series that was taken has valid labels"
        return found


def whole(body: bytes | NDArray[np.uint8]) -> bytes:
    """Bytes that stay: `body` itself where it is that already."""
    return body if isinstance(body, bytes) else body.tobytes()


def left_out(
    verdicts: NDArray[np.uint8], counts: Ints, shapes: NDArray[np.int64] | None = None
) -> dict[Refusal, Refused]:
    """Series and samples per reason. `verdicts` uint8[all series]: 0 taken, else a Refusal; histograms are samples."""
    if shapes is not None and len(shapes):
        counts = counts + np.bincount(shapes[:, 0], minlength=len(counts))
    found: dict[Refusal, Refused] = {}
    for number in np.unique(verdicts[verdicts != 0]):
        of = verdicts == number
        found[Refusal(int(number))] = Refused(int(of.sum()), int(counts[of].sum()))
    return found


def of_taken(shapes: NDArray[np.int64], taken: NDArray[np.bool_]) -> NDArray[np.int64]:
    """`shapes` that count all series -> such that count those that are taken, -1 for the others."""
    if not len(shapes):
        return shapes
    place = np.where(taken, np.cumsum(taken) - 1, -1)
    return np.column_stack([place[shapes[:, 0]], shapes[:, 1:]])
