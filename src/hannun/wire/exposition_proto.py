"""Scraped pages as delimited protobuf: length-prefixed `io.prometheus.client.MetricFamily` messages -> samples.

Field by field in plain Python: no client sends this unless it is asked for, and we ask for text. Summaries and classic
histograms become the series that the text format would show, bounds in float form. What becomes of native histograms
is the reader's choice; a native one that nobody asked for is read as a classic one, as Prometheus does. An absent
number is 0, as protobuf has it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from hannun.model.errors import WireError
from hannun.model.labels import METRIC_NAME
from hannun.model.metric import MetricMetadata
from hannun.wire.exposition_text.histograms import HistogramReading
from hannun.wire.exposition_text.limits import HELP_BYTES_MAX, PageLimits
from hannun.wire.exposition_text.lines import EXEMPLAR_CHARACTERS_MAX, LineExemplar, LineHistogram, Sample
from hannun.wire.exposition_text.values import bound_text
from hannun.wire.native_histogram import EXPOSED, RESET_HINTS, BadHistogram, checked, from_classic, read_message
from hannun.wire.protobuf import FIXED64, LENGTH, VARINT, Field, fields, signed, varint

TYPES = ("counter", "gauge", "summary", "unknown", "histogram", "gaugehistogram")
_VALUE_FIELD = {"counter": 3, "gauge": 2, "unknown": 5}
_SUMMARY, _HISTOGRAM = 4, 7
_BUCKETS_MAX = 1_000_000
"""Of all native histograms of a page: a bucket is a byte on the wire and seventy as Python numbers."""
_SHOWN = 60
_NONE = Field(0, LENGTH, 0, 0, 0, 0)
"""A message that is absent: no bytes."""


@dataclass(slots=True)
class ProtoPage:
    """Samples in the order of the page, their `text` being the bytes of their labels.

    `ignored`: histograms that have native buckets and were read as classic ones only.
    """

    samples: list[Sample] = field(default_factory=list)
    metadata: list[MetricMetadata] = field(default_factory=list)
    ignored: int = 0
    reading: HistogramReading = HistogramReading()
    buckets: int = 0


def decode_page(body: bytes, limits: PageLimits | None = None, histograms: HistogramReading | None = None) -> ProtoPage:
    """Raises WireError naming the byte or the metric."""
    limits = limits or PageLimits()
    limits.check_body(len(body))
    page = ProtoPage(reading=histograms or HistogramReading())
    at = 0
    while at < len(body):
        size, start = varint(body, at, len(body))
        if size > len(body) - start:
            raise WireError(f"protobuf: family at byte {at} is {size} bytes long, {len(body) - start} are left")
        at = start + size
        _read_family(body, start, at, limits, page)
    return page


def _read_family(body: bytes, start: int, end: int, limits: PageLimits, page: ProtoPage) -> None:
    name = text = unit = _NONE
    kind_number = 0
    metrics: list[Field] = []
    for found in fields(body, start, end):
        match found.number:
            case 1:
                name = found
            case 2:
                text = found
            case 3:
                kind_number = found.expect(VARINT).value
            case 4:
                metrics.append(found.expect(LENGTH))
            case 5:
                unit = found
    if not metrics:
        return
    metric = _text(body, name, "metric name", limits.name_bytes_max)
    if not metric:
        raise WireError(f"protobuf: family without a name at byte {start}")
    if kind_number >= len(TYPES):
        raise WireError(f'protobuf: unknown metric type {kind_number} for metric "{metric[:_SHOWN]}"')
    kind = TYPES[kind_number]
    help_text = _text(body, text, "help text", len(body)).encode("utf-8")[:HELP_BYTES_MAX].decode("utf-8", "ignore")
    told_unit = _text(body, unit, "unit", limits.name_bytes_max)
    bare = metric.removesuffix("_total") if kind == "counter" else metric
    if told_unit and not bare.endswith(f"_{told_unit}"):
        raise WireError(f'protobuf: unit "{told_unit[:_SHOWN]}" not a suffix of metric "{metric[:_SHOWN]}"')
    page.metadata.append(MetricMetadata(metric, kind, help_text, told_unit))
    for message in metrics:
        page.samples.extend(_samples(body, message, metric, kind, limits, page))
        limits.check_lines(len(page.samples) + len(page.metadata))


def _samples(
    body: bytes, message: Field, metric: str, kind: str, limits: PageLimits, page: ProtoPage
) -> Iterator[Sample]:
    labels: dict[str, str] = {METRIC_NAME: metric}
    parts: dict[int, Field] = {}
    ts_ms: int | None = None
    for found in fields(body, message.start, message.end):
        if found.number == 1:
            _add_label(body, found.expect(LENGTH), labels, limits)
        elif found.number == 6:
            ts_ms = signed(found.expect(VARINT).value) or None
        elif found.number in (2, 3, 4, 5, 7):
            parts[found.number] = found.expect(LENGTH)
    if kind == "summary":
        yield from _summary(body, parts.get(_SUMMARY, _NONE), metric, labels, ts_ms)
    elif kind in ("histogram", "gaugehistogram"):
        yield from _histogram(body, parts.get(_HISTOGRAM, _NONE), metric, labels, ts_ms, page, kind)
    else:
        value, exemplar = 0.0, None
        part = parts.get(_VALUE_FIELD[kind], _NONE)
        for found in fields(body, part.start, part.end):
            if found.number == 1:
                value = _double(found)
            elif found.number == 2 and kind == "counter":
                exemplar = _exemplar(body, found.expect(LENGTH))
        yield _sample(labels, metric, value, ts_ms, exemplar)


def _summary(body: bytes, part: Field, metric: str, labels: dict[str, str], ts_ms: int | None) -> Iterator[Sample]:
    count = total = 0.0
    quantiles: list[tuple[float, float]] = []
    for found in fields(body, part.start, part.end):
        match found.number:
            case 1:
                count = float(found.expect(VARINT).value)
            case 2:
                total = _double(found)
            case 3:
                numbers = {inner.number: _double(inner) for inner in _known(body, found, (1, 2))}
                quantiles.append((numbers.get(1, 0.0), numbers.get(2, 0.0)))
    yield _sample(labels, f"{metric}_count", count, ts_ms)
    yield _sample(labels, f"{metric}_sum", total, ts_ms)
    for quantile, value in quantiles:
        yield _sample({**labels, "quantile": bound_text(quantile)}, metric, value, ts_ms)


def _histogram(
    body: bytes, part: Field, metric: str, labels: dict[str, str], ts_ms: int | None, page: ProtoPage, kind: str
) -> Iterator[Sample]:
    """The native form, the classic one or both, as the page is to be read."""
    count, total, buckets, is_native = _classic(body, part)
    if is_native and page.reading.native:
        native = _native(body, part, metric, page, gauge=kind == "gaugehistogram")
        told = native.exemplars or tuple(exemplar for _, _, exemplar in buckets if exemplar is not None)
        # One without a time would be new with each scrape: there is no bucket by which it could be told apart.
        native = LineHistogram(native.histogram, tuple(one for one in told if one.ts_ms is not None))
        yield _sample(labels, metric, 0.0, ts_ms, native=native)
        if not page.reading.keep_classic or not buckets:
            return
    elif page.reading.convert_classic and kind == "histogram":
        made = from_classic([(bound, held) for bound, held, _ in buckets], count, total)
        if made is not None:
            exemplars = tuple(exemplar for _, _, exemplar in buckets if exemplar is not None)
            yield _sample(labels, metric, 0.0, ts_ms, native=LineHistogram(made, exemplars))
        if not page.reading.keep_classic:
            return
    page.ignored += is_native and not page.reading.native
    yield _sample(labels, f"{metric}_count", count, ts_ms)
    yield _sample(labels, f"{metric}_sum", total, ts_ms)
    if not buckets or buckets[-1][0] != float("inf"):
        buckets.append((float("inf"), count, None))
    for bound, held, exemplar in buckets:
        yield _sample({**labels, "le": bound_text(bound)}, f"{metric}_bucket", held, ts_ms, exemplar)


def _native(body: bytes, part: Field, metric: str, page: ProtoPage, *, gauge: bool) -> LineHistogram:
    """With the exemplars of its own. A page with a histogram that breaks a rule is lost, as in Prometheus."""
    try:
        raw = read_message(body, part.start, part.end, EXPOSED)
        page.buckets += raw.told
        if page.buckets > _BUCKETS_MAX:
            raise WireError(f"protobuf: more than {_BUCKETS_MAX} buckets of native histograms")
        raw.hint = RESET_HINTS.index("gauge" if gauge else "unknown")
        made = checked(raw)
    except BadHistogram as err:
        raise WireError(f'protobuf: native histogram of metric "{metric[:_SHOWN]}": {err}') from err
    told = [_exemplar(body, found.expect(LENGTH)) for found in fields(body, part.start, part.end) if found.number == 16]
    return LineHistogram(made, tuple(one for one in told if one is not None))


def _classic(body: bytes, part: Field) -> tuple[float, float, list[tuple[float, float, LineExemplar | None]], bool]:
    """(count, sum, buckets, whether it has native buckets too)."""
    count = float_count = total = 0.0
    buckets: list[tuple[float, float, LineExemplar | None]] = []
    native = False
    for found in fields(body, part.start, part.end):
        match found.number:
            case 1:
                count = float(found.expect(VARINT).value)
            case 2:
                total = _double(found)
            case 3:
                buckets.append(_bucket(body, found.expect(LENGTH)))
            case 4:
                float_count = _double(found)
            case 9 | 12:
                # A span of no length is how a client says that the empty histogram is meant to be native.
                native = True
            case 6 | 7 | 8:
                native = native or found.value != 0
    return float_count or count, total, buckets, native


def _bucket(body: bytes, part: Field) -> tuple[float, float, LineExemplar | None]:
    """(upper bound, cumulative count, exemplar)."""
    bound = count = float_count = 0.0
    exemplar = None
    for found in fields(body, part.start, part.end):
        match found.number:
            case 1:
                count = float(found.expect(VARINT).value)
            case 2:
                bound = _double(found)
            case 3:
                exemplar = _exemplar(body, found.expect(LENGTH))
            case 4:
                float_count = _double(found)
    return bound, float_count or count, exemplar


def _exemplar(body: bytes, part: Field) -> LineExemplar | None:
    labels: dict[str, str] = {}
    value, ts_ms = 0.0, None
    for found in fields(body, part.start, part.end):
        if found.number == 1:
            name, told = _pair(body, found.expect(LENGTH), len(body), len(body))
            labels[name] = told
        elif found.number == 2:
            value = _double(found)
        elif found.number == 3:
            numbers = {inner.number: signed(inner.expect(VARINT).value) for inner in _known(body, found, (1, 2))}
            ts_ms = numbers.get(1, 0) * 1000 + numbers.get(2, 0) // 1_000_000
            # A page may tell any 64-bit seconds; what no int64 of milliseconds holds is no time.
            ts_ms = ts_ms if abs(ts_ms) < 1 << 63 else None
    if sum(len(name) + len(told) for name, told in labels.items()) > EXEMPLAR_CHARACTERS_MAX:
        return None
    return LineExemplar(labels, value, ts_ms)


def _add_label(body: bytes, part: Field, labels: dict[str, str], limits: PageLimits) -> None:
    metric = labels[METRIC_NAME][:_SHOWN]
    name, value = _pair(body, part, limits.name_bytes_max, limits.value_bytes_max)
    if not name:
        raise WireError(f'protobuf: empty label name in metric "{metric}"')
    if name in labels:
        raise WireError(f'protobuf: label name "{name[:_SHOWN]}" is not unique in metric "{metric}"')
    if len(labels) > limits.labels_max:
        raise WireError(f'protobuf: more than {limits.labels_max} labels in metric "{metric}"')
    labels[name] = value


def _pair(body: bytes, part: Field, name_bytes_max: int, value_bytes_max: int) -> tuple[str, str]:
    name = value = _NONE
    for found in fields(body, part.start, part.end):
        if found.number == 1:
            name = found
        elif found.number == 2:
            value = found
    return _text(body, name, "label name", name_bytes_max), _text(body, value, "label value", value_bytes_max)


def _sample(
    labels: dict[str, str],
    name: str,
    value: float,
    ts_ms: int | None,
    exemplar: LineExemplar | None = None,
    native: LineHistogram | None = None,
) -> Sample:
    own = {**labels, METRIC_NAME: name}
    text = b"".join([f"{label}\0{told}".encode() + b"\xff" for label, told in own.items()])
    return Sample(text, own, value, ts_ms, exemplar, 0, native)


def _known(body: bytes, part: Field, numbers: tuple[int, ...]) -> Iterator[Field]:
    part.expect(LENGTH)
    return (found for found in fields(body, part.start, part.end) if found.number in numbers)


def _double(found: Field) -> float:
    value: float = struct.unpack("<d", found.expect(FIXED64).value.to_bytes(8, "little"))[0]
    return value


def _text(body: bytes, found: Field, what: str, size_max: int) -> str:
    found.expect(LENGTH)
    if found.end - found.start > size_max:
        raise WireError(f"protobuf: {what} of {found.end - found.start} bytes; at most {size_max} are taken")
    try:
        return body[found.start : found.end].decode("utf-8")
    except UnicodeDecodeError:
        raise WireError(f"protobuf: {what} at byte {found.start} is not UTF-8") from None
