"""The reference decoder of 2.0: the format field by field."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hannun.model.errors import WireError
from hannun.model.exemplar import Exemplar
from hannun.model.labels import Labels
from hannun.model.metric import MetricMetadata
from hannun.wire.protobuf import LENGTH, fields
from hannun.wire.remote_write.columns import NO_LIMITS, WriteColumns, left_out, of_taken
from hannun.wire.remote_write.labels import SeriesLimits
from hannun.wire.remote_write.limits import RequestLimits
from hannun.wire.remote_write.plain import read_sample
from hannun.wire.remote_write.v2 import refs

SYMBOLS, SERIES = 4, 5


class PlainDecoder:
    """Keeps nothing between requests."""

    def __init__(self, limits: SeriesLimits | None = None, request: RequestLimits | None = None) -> None:
        self._limits = limits or SeriesLimits()
        self._request = request or RequestLimits()

    def decode(self, body: bytes) -> WriteColumns:
        """Raises WireError, or TooLarge for more of anything than one request may bring."""
        symbols: list[bytes] = []
        spans: list[tuple[int, int]] = []
        for field in fields(body, 0, len(body)):
            if field.number < SYMBOLS:
                raise WireError(f"remote write 2.0: field {field.number} at byte {field.tag_at} is reserved")
            if field.number == SYMBOLS:
                symbols.append(body[field.expect(LENGTH).start : field.end])
                self._request.check_symbols(len(symbols))
            elif field.number == SERIES:
                spans.append((field.expect(LENGTH).start, field.end))
                self._request.check_series(len(spans))
        walk = _Walk(body, symbols, self._limits, self._request)
        for start, end in spans:
            walk.series(start, end)
        return walk.columns()


class _Walk:
    """The columns while they grow."""

    def __init__(self, body: bytes, symbols: list[bytes], limits: SeriesLimits, request: RequestLimits) -> None:
        self.body, self.symbols, self.limits, self.request = body, symbols, limits, request
        self.ids: list[int] = []
        self.verdicts: list[int] = []
        self.counts: list[int] = []
        self.spans: list[tuple[int, int]] = []
        self.points: list[tuple[int, int]] = []
        self.metadata: dict[MetricMetadata, None] = {}
        self.exemplars: list[Exemplar] = []
        self.shapes: list[tuple[int, int, int]] = []
        self.samples_seen = self.exemplars_seen = 0

    def series(self, start: int, end: int) -> None:
        points: list[tuple[int, int]] = []
        told: list[tuple[int, int]] = []
        about: tuple[int, int] | None = None
        for field in fields(self.body, start, end):
            if field.number in (refs.SAMPLES, refs.HISTOGRAMS, refs.EXEMPLARS, refs.METADATA):
                span = (field.expect(LENGTH).start, field.end)
                match field.number:
                    case refs.SAMPLES:
                        points.append(read_sample(self.body, *span))
                    case refs.HISTOGRAMS:
                        self.shapes.append((len(self.verdicts), *span))
                    case refs.EXEMPLARS:
                        told.append(span)
                    case _:
                        about = span
        self.samples_seen += len(points)
        self.exemplars_seen += len(told)
        self.request.check_samples(self.samples_seen)
        self.request.check_exemplars(self.exemplars_seen)
        self.request.check_histograms(len(self.shapes))
        labels = refs.read_labels(self.body, start, end, self.symbols, self.limits)
        exemplars = [refs.read_exemplar(self.body, 0, *span, self.symbols) for span in told]
        metric = labels.metric if isinstance(labels, Labels) else ""
        metadata = refs.read_metadata(self.body, metric, *about, self.symbols) if about else None
        self.counts.append(len(points))
        if not isinstance(labels, Labels):
            self.verdicts.append(int(labels))
            return
        series = labels.series_id()
        self.verdicts.append(0)
        self.ids.append(series)
        self.spans.append((start, end))
        self.points += points
        self.exemplars += [replace(one, series=series) for one in exemplars if one is not None]
        if metadata is not None:
            self.metadata[metadata] = None

    def columns(self) -> WriteColumns:
        body, symbols = self.body, self.symbols
        judged = np.array(self.verdicts, dtype=np.uint8)
        counts = np.array(self.counts, dtype=np.int64)
        shapes = np.array(self.shapes, dtype=np.int64).reshape(-1, 3)
        return WriteColumns(
            body=body,
            ids=np.array(self.ids, dtype=np.uint64),
            counts=counts[judged == 0],
            spans=np.array(self.spans, dtype=np.int64).reshape(-1, 2),
            ts_ms=np.array([ts for ts, _ in self.points], dtype=np.int64),
            value=np.array([bits for _, bits in self.points], dtype=np.uint64).view(np.float64),
            metadata=tuple(self.metadata),
            refused=left_out(judged, counts, shapes),
            exemplars=tuple(self.exemplars),
            exemplars_refused=self.exemplars_seen - len(self.exemplars),
            shapes=of_taken(shapes, judged == 0),
            read=lambda start, end: refs.read_labels(body, start, end, symbols, NO_LIMITS),
        )
