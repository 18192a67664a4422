"""Histogram messages of a request. The scan only notes where they lie; here they are read, in plain Python.

A histogram that breaks a rule is left out and costs nothing beside it; the answer names its series. One whose sum is
the staleness marker ends its series, which a float says just as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hannun.model.histogram import HistogramSample
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN, Floats, Ids, Ints
from hannun.wire.native_histogram import SENT, BadHistogram, checked, read_message
from hannun.wire.remote_write.limits import RequestLimits

SHOWN = 200


@dataclass(frozen=True, slots=True, eq=False)
class Histograms:
    """`ended_series` uint64[e] and `ended_ts_ms` int64[e]: staleness markers. `fault` is why the first was refused."""

    samples: tuple[HistogramSample, ...] = ()
    ended_series: Ids = field(default_factory=lambda: np.empty(0, np.uint64))
    ended_ts_ms: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    refused: int = 0
    fault: str = ""

    @property
    def ended_value(self) -> Floats:
        return np.full(len(self.ended_series), STALE_NAN)


NONE = Histograms()


def read_histograms(
    body: bytes,
    shapes: NDArray[np.int64],
    ids: Ids,
    labels: Callable[[int], Labels],
    limits: RequestLimits | None = None,
) -> Histograms:
    """`shapes` int64[h, 3]: the index in `ids` (-1: a series that is left out) and the bytes of each message.

    Raises WireError for broken bytes, TooLarge for more than one request may bring.
    """
    if not len(shapes):
        return NONE
    limits = limits or RequestLimits()
    limits.check_histogram_bytes(int((shapes[:, 2] - shapes[:, 1]).sum()))
    series_of = ids.tolist()
    samples: list[HistogramSample] = []
    ended: list[tuple[int, int]] = []
    refused = buckets = 0
    fault = ""
    for index, start, end in shapes.tolist():
        try:
            raw = read_message(body, start, end, SENT)
            buckets += raw.told
            limits.check_buckets(buckets)
            if index < 0:
                continue
            if raw.is_stale:
                ended.append((series_of[index], raw.ts_ms))
            else:
                samples.append(HistogramSample(series_of[index], raw.ts_ms, checked(raw)))
        except BadHistogram as err:
            if index < 0:  # Its series is left out with everything it has.
                continue
            refused += 1
            fault = fault or f"{str(labels(index))[:SHOWN]}: {err}"
    return Histograms(
        tuple(samples),
        np.array([series for series, _ in ended], np.uint64),
        np.array([ts_ms for _, ts_ms in ended], np.int64),
        refused,
        fault,
    )
