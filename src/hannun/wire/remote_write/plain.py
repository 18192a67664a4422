"""The reference decoder: the format field by field, in the order in which a reader would check it."""

from __future__ import annotations

import numpy as np

from hannun.model.labels import Labels
from hannun.model.metric import MetricMetadata
from hannun.wire.protobuf import FIXED64, LENGTH, VARINT, fields, signed
from hannun.wire.remote_write.columns import WriteColumns, left_out
from hannun.wire.remote_write.labels import SeriesLimits, read_labels
from hannun.wire.remote_write.limits import RequestLimits
from hannun.wire.remote_write.metadata import read_metadata

SERIES, METADATA = 1, 3
LABELS, SAMPLES, EXEMPLARS, HISTOGRAMS = 1, 2, 3, 4


class PlainDecoder:
    """Keeps nothing between requests."""

    def __init__(self, limits: SeriesLimits | None = None, request: RequestLimits | None = None) -> None:
        self._limits = limits or SeriesLimits()
        self._request = request or RequestLimits()

    def decode(self, body: bytes) -> WriteColumns:
        """Raises WireError, or TooLarge for more series, samples or metadata than one request may bring."""
        ids: list[int] = []
        verdicts: list[int] = []
        counts: list[int] = []
        spans: list[tuple[int, int]] = []
        ts_ms: list[int] = []
        bits: list[int] = []
        metadata: list[MetricMetadata] = []
        total = metadata_seen = exemplars = histograms = 0
        for field in fields(body, 0, len(body)):
            if field.number == METADATA:
                metadata_seen += 1
                self._request.check_metadata(metadata_seen)
                found = read_metadata(body, field.expect(LENGTH).start, field.end)
                metadata += [found] if found else []
            if field.number != SERIES:
                continue
            start, end = field.expect(LENGTH).start, field.end
            samples, more_exemplars, more_histograms = _samples(body, start, end)
            exemplars, histograms = exemplars + more_exemplars, histograms + more_histograms
            total += len(samples)
            self._request.check_series(len(verdicts) + 1)
            self._request.check_samples(total)
            labels = read_labels(body, start, end, self._limits)
            counts.append(len(samples))
            if isinstance(labels, Labels):
                verdicts.append(0)
                ids.append(labels.series_id())
                spans.append((start, end))
                ts_ms += [ts for ts, _ in samples]
                bits += [value for _, value in samples]
            else:
                verdicts.append(int(labels))
        judged = np.array(verdicts, dtype=np.uint8)
        numbers = np.array(counts, dtype=np.int64)
        return WriteColumns(
            body=body,
            ids=np.array(ids, dtype=np.uint64),
            counts=numbers[judged == 0],
            spans=np.array(spans, dtype=np.int64).reshape(-1, 2),
            ts_ms=np.array(ts_ms, dtype=np.int64),
            value=np.array(bits, dtype=np.uint64).view(np.float64),
            metadata=tuple(metadata),
            refused=left_out(judged, numbers),
            metadata_refused=metadata_seen - len(metadata),
            exemplars=exemplars,
            histograms=histograms,
        )


def _samples(body: bytes, start: int, end: int) -> tuple[list[tuple[int, int]], int, int]:
    """(timestamp in ms, value bits) of every sample of one TimeSeries, and how many exemplars and histograms it has."""
    samples: list[tuple[int, int]] = []
    exemplars = histograms = 0
    for field in fields(body, start, end):
        if field.number == SAMPLES:
            bits = ts_ms = 0
            for inner in fields(body, field.expect(LENGTH).start, field.end):
                if inner.number == 1:
                    bits = inner.expect(FIXED64).value
                elif inner.number == 2:
                    ts_ms = signed(inner.expect(VARINT).value)
            samples.append((ts_ms, bits))
        elif field.number == EXEMPLARS:
            field.expect(LENGTH)
            exemplars += 1
        elif field.number == HISTOGRAMS:
            field.expect(LENGTH)
            histograms += 1
    return samples, exemplars, histograms
