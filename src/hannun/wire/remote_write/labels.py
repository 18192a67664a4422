"""The labels of one TimeSeries message: canonical, or the reason why the series cannot be taken."""

from __future__ import annotations

from collections.abc import Sequence
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
    BAD_REFERENCE = 8

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
    Refusal.BAD_REFERENCE: "series that refers to symbols that are not there",
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
    raw, rest = _usual(body, start, end)
    raw += [
        pair_of(body, field.expect(LENGTH).start, field.end) for field in fields(body, rest, end) if field.number == 1
    ]
    return checked(raw, limits)


def checked(raw: Sequence[tuple[bytes, bytes]], limits: SeriesLimits) -> Labels | Refusal:
    """The label set of these pairs, or why it cannot be taken."""
    if len(raw) > limits.labels_max:
        return Refusal.TOO_MANY_LABELS
    pairs: dict[str, str] = {}
    for raw_name, raw_value in raw:
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
    labels = Labels.of(pairs)
    return labels if labels.metric else Refusal.NO_NAME


def _usual(body: bytes, at: int, end: int) -> tuple[list[tuple[bytes, bytes]], int]:
    """Labels as every real sender writes them, name before value and both short, and where that stops being so.

    Four times as fast as the walk by fields; a restart of a fleet brings all its series as new ones at once.
    """
    found: list[tuple[bytes, bytes]] = []
    while end - at >= 6 and body[at] == _LABEL and body[at + 2] == _NAME:
        length, name_length = body[at + 1], body[at + 3]
        stop, value_at = at + 2 + length, at + 4 + name_length
        if length >= 0x80 or name_length >= 0x80 or stop > end or value_at + 2 > stop:
            break
        if body[value_at] != _VALUE or body[value_at + 1] >= 0x80 or value_at + 2 + body[value_at + 1] != stop:
            break
        found.append((body[at + 4 : value_at], body[value_at + 2 : stop]))
        at = stop
    return found, at


_LABEL, _NAME, _VALUE = 0x0A, 0x0A, 0x12  # tags of `labels` in a TimeSeries, of `name` and `value` in a Label


def pair_of(body: bytes, start: int, end: int) -> tuple[bytes, bytes]:
    """Name and value of the Label message in `body[start:end]`. Raises WireError."""
    name = value = b""
    for field in fields(body, start, end):
        if field.number == 1:
            name = body[field.expect(LENGTH).start : field.end]
        elif field.number == 2:
            value = body[field.expect(LENGTH).start : field.end]
    return name, value
