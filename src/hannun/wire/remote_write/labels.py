"""The labels of one TimeSeries message: canonical, or the reason why the series cannot be taken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from hannun.model.labels import Labels
from hannun.wire.protobuf import LENGTH, fields


class Refusal(IntEnum):
    """Why a series is left out. Numbers are stored in the decoder's cache, 0 means taken."""

    NO_NAME = 1
    DOUBLED_NAME = 2
    EMPTY_NAME = 3
    NOT_UTF8 = 4
    TOO_MANY_LABELS = 5
    NAME_TOO_LONG = 6
    VALUE_TOO_LONG = 7

    @property
    def by_limit(self) -> bool:
        """A limit of ours refused it, not a fault of the sender."""
        return self in (Refusal.TOO_MANY_LABELS, Refusal.NAME_TOO_LONG, Refusal.VALUE_TOO_LONG)

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Refusal.NO_NAME: "series without __name__",
    Refusal.DOUBLED_NAME: "series with a doubled label name",
    Refusal.EMPTY_NAME: "series with an empty label name",
    Refusal.NOT_UTF8: "series with a label that is not UTF-8",
    Refusal.TOO_MANY_LABELS: "series with too many labels",
    Refusal.NAME_TOO_LONG: "series with a label name that is too long",
    Refusal.VALUE_TOO_LONG: "series with a label value that is too long",
}


@dataclass(frozen=True, slots=True)
class SeriesLimits:
    """Bounds on one series. Real label sets stay far below; URLs and SQL texts in labels do not."""

    labels_max: int = 128
    name_bytes_max: int = 1024
    value_bytes_max: int = 16 * 1024


def read_labels(body: bytes, start: int, end: int, limits: SeriesLimits) -> Labels | Refusal:
    """Labels of the TimeSeries message in `body[start:end]`: sorted, empty values dropped. Raises WireError.

    All labels are walked even when the first is refused, so that broken bytes never hide behind a refusal.
    """
    pairs: dict[str, str] = {}
    refusal: Refusal | None = None
    for field in fields(body, start, end):
        if field.number != 1:
            continue
        name, value = _pair(body, field.expect(LENGTH).start, field.end)
        if refusal is None:
            refusal = _refuse(pairs, name, value, limits)
    if refusal is not None:
        return refusal
    labels = Labels.of(pairs)
    return labels if labels.metric else Refusal.NO_NAME


def _refuse(pairs: dict[str, str], raw_name: bytes, raw_value: bytes, limits: SeriesLimits) -> Refusal | None:
    """Adds the pair to `pairs`, or says why not."""
    if len(pairs) >= limits.labels_max:
        return Refusal.TOO_MANY_LABELS
    if len(raw_name) > limits.name_bytes_max:
        return Refusal.NAME_TOO_LONG
    if len(raw_value) > limits.value_bytes_max:
        return Refusal.VALUE_TOO_LONG
    try:
        name, value = raw_name.decode("utf-8"), raw_value.decode("utf-8")
    except UnicodeDecodeError:
        return Refusal.NOT_UTF8
    if not name:
        return Refusal.EMPTY_NAME
    if name in pairs:
        return Refusal.DOUBLED_NAME
    pairs[name] = value
    return None


def _pair(body: bytes, start: int, end: int) -> tuple[bytes, bytes]:
    name = value = b""
    for field in fields(body, start, end):
        if field.number == 1:
            name = body[field.expect(LENGTH).start : field.end]
        elif field.number == 2:
            value = body[field.expect(LENGTH).start : field.end]
    return name, value
