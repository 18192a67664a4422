"""The reference decoder: the format field by field, in the order in which a reader would check it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hannun.model.exemplar import Exemplar
from hannun.model.labels import Labels
from hannun.model.metric import MetricMetadata
from hannun.wire.protobuf import FIXED64, LENGTH, VARINT, fields, signed
from hannun.wire.remote_write.columns import WriteColumns, left_out, of_taken
from hannun.wire.remote_write.exemplars import read_exemplar
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
        exemplars: list[Exemplar] = []
        shapes: list[tuple[int, int, int]] = []
        total = metadata_seen = exemplars_seen = 0
        for field in fields(body, 0, len(body)):
            if field.number == METADATA:
                metadata_seen += 1
                self._request.check_metadata(metadata_seen)
                found = read_metadata(body, field.expect(LENGTH).start, field.end)
                metadata += [found] if found else []
            if field.number != SERIES:
                continue
            start, end = field.expect(LENGTH).start, field.end
            samples, told, more = _samples(body, start, end)
            exemplars_seen += len(told)
            shapes += [(len(verdicts), *span) for span in more]
            self._request.check_exemplars(exemplars_seen)
            self._request.check_histograms(len(shapes))
            total += len(samples)
            self._request.check_series(len(verdicts) + 1)
            self._request.check_samples(total)
            labels = read_labels(body, start, end, self._limits)
            counts.append(len(samples))
            read = [read_exemplar(body, 0, *span) for span in told]
            if isinstance(labels, Labels):
                verdicts.append(0)
                series = labels.series_id()
                ids.append(series)
                exemplars += [replace(one, series=series) for one in read if one is not None]
                spans.append((start, end))
                ts_ms += [ts for ts, _ in samples]
                bits += [value for _, value in samples]
            else:
                verdicts.append(int(labels))
        judged = np.array(verdicts, dtype=np.uint8)
        numbers = np.array(counts, dtype=np.int64)
        lying = np.array(shapes, dtype=np.int64).reshape(-1, 3)
        return WriteColumns(
            body=body,
            ids=np.array(ids, dtype=np.uint64),
            counts=numbers[judged == 0],
            spans=np.array(spans, dtype=np.int64).reshape(-1, 2),
            ts_ms=np.array(ts_ms, dtype=np.int64),
            value=np.array(bits, dtype=np.uint64).view(np.float64),
            metadata=tuple(metadata),
            refused=left_out(judged, numbers, lying),
            metadata_refused=metadata_seen - len(metadata),
            exemplars=tuple(exemplars),
            exemplars_refused=exemplars_seen - len(exemplars),
            shapes=of_taken(lying, judged == 0),
        )


Spans = list[tuple[int, int]]


def _samples(body: bytes, start: int, end: int) -> tuple[list[tuple[int, int]], Spans, Spans]:
    """(timestamp in ms, value bits) of every sample of one TimeSeries; where its exemplars and its histograms lie."""
    samples: list[tuple[int, int]] = []
    exemplars: Spans = []
    histograms: Spans = []
    for field in fields(body, start, end):
        if field.number == SAMPLES:
            samples.append(read_sample(body, field.expect(LENGTH).start, field.end))
        elif field.number == EXEMPLARS:
            exemplars.append((field.expect(LENGTH).start, field.end))
        elif field.number == HISTOGRAMS:
            histograms.append((field.expect(LENGTH).start, field.end))
    return samples, exemplars, histograms


def read_sample(body: bytes, start: int, end: int) -> tuple[int, int]:
    """(timestamp in ms, value bits) of the Sample message in `body[start:end]`."""
    bits = ts_ms = 0
    for field in fields(body, start, end):
        if field.number == 1:
            bits = field.expect(FIXED64).value
        elif field.number == 2:
            ts_ms = signed(field.expect(VARINT).value)
    return ts_ms, bits
