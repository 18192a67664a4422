"""What a stream is called: raw label bytes -> canonical labels, once per stream; later one lookup of their hash.

Loki's steps: names are made names, empty values dropped, `service_name` found among the labels, limits checked. A
refused stream is remembered as well, so that a sender who repeats it costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import WireError
from hannun.model.labels import Labels
from hannun.model.metric import Ids
from hannun.process.logs.levels import NONE, of_word
from hannun.receive.log_limits import UNKNOWN_SERVICE, LogLimits
from hannun.wire.loki.columns import Pairs, PushColumns
from hannun.wire.remote_write.cache import SeriesCache

ENTRIES_MAX = 1 << 18
_TAKEN = 1
"""States 1 to 9 are taken streams: 1 + the severity that a label says, 9 for none."""
_NO_LEVEL = 9
_SEVERITY = np.array([NONE, 0, 1, 2, 3, 4, 5, 6, 7, NONE, *[NONE] * 246], dtype=np.uint8)
_VALID = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_NOT_NAME = re.compile(r"[^a-zA-Z0-9_]")


class Refusal(IntEnum):
    """Why a stream is refused. Numbers are states of the cache."""

    UNREADABLE = 32
    NO_LABELS = 33
    TOO_MANY = 34
    LONG_NAME = 35
    LONG_VALUE = 36
    DOUBLED = 37


WORDS = {
    Refusal.UNREADABLE: "stream whose labels cannot be read",
    Refusal.NO_LABELS: "stream without labels",
    Refusal.TOO_MANY: "stream with too many labels",
    Refusal.LONG_NAME: "stream with a label name that is too long",
    Refusal.LONG_VALUE: "stream with a label value that is too long",
    Refusal.DOUBLED: "stream with a doubled label name",
}


class Refused(Exception):
    """A stream that cannot be taken; `str(err)` is Loki's message."""

    def __init__(self, why: Refusal, said: str) -> None:
        super().__init__(said)
        self.why = why


@dataclass(frozen=True, slots=True, eq=False)
class Resolved:
    """Per row of `keys`: `ids` uint64, `taken` bool, `severity` uint8 (what a label says, or NONE), `states` uint8."""

    ids: Ids
    taken: NDArray[np.bool_]
    severity: NDArray[np.uint8]
    states: NDArray[np.uint8]


class Streams:
    """Safe to use from several threads."""

    def __init__(self, limits: LogLimits, *, entries_max: int = ENTRIES_MAX) -> None:
        self._limits = limits
        self._fields = tuple(name.lower() for name in limits.level_fields)
        self._cache = SeriesCache(entries_max)

    def resolve(self, columns: PushColumns) -> Resolved:
        ids, states, missing = self._cache.find(columns.keys)
        for index in missing.tolist():
            try:
                labels = self.labels(columns.pairs_of(index))
            except WireError:
                states[index] = Refusal.UNREADABLE
            except Refused as err:
                states[index] = err.why
            else:
                ids[index] = labels.series_id()
                severity = self._severity(labels)
                states[index] = _NO_LEVEL if severity == NONE else _TAKEN + severity
        if len(missing):
            self._cache.put(columns.keys[missing], ids[missing], states[missing])
        return Resolved(ids, states <= _NO_LEVEL, _SEVERITY[states], states)

    def labels(self, pairs: Pairs) -> Labels:
        """The canonical labels of a stream. Raises Refused."""
        limits = self._limits
        named: dict[str, str] = {}
        doubled = ""
        for raw, value in pairs:
            name = raw if _VALID.fullmatch(raw) else sanitized(raw)
            doubled = doubled or (name if name in named else "")
            if value:
                named[name] = value
        if "service_name" not in named and limits.service_from:
            named["service_name"] = next(
                (named[name] for name in limits.service_from if name in named), UNKNOWN_SERVICE
            )
        labels = Labels.of(named)
        if not labels:
            raise Refused(Refusal.NO_LABELS, "error at least one label pair is required per stream")
        # What we added ourselves must not push a stream over its limit.
        count = len(pairs)
        if count > limits.labels_max:
            said = f"entry for stream '{shown(labels)}' has {count} label names; limit {limits.labels_max}"
            raise Refused(Refusal.TOO_MANY, said)
        for name, value in labels:
            if len(name.encode("utf-8", "surrogatepass")) > limits.name_bytes_max:
                raise Refused(Refusal.LONG_NAME, f"stream '{shown(labels)}' has label name too long: '{name[:200]}'")
            if len(value.encode("utf-8", "surrogatepass")) > limits.value_bytes_max:
                raise Refused(Refusal.LONG_VALUE, f"stream '{shown(labels)}' has label value too long: '{value[:200]}'")
        if doubled:
            raise Refused(Refusal.DOUBLED, f"stream '{shown(labels)}' has duplicate label name: '{doubled[:200]}'")
        return labels

    def why(self, columns: PushColumns, index: int) -> str:
        """Loki's message for a refused stream."""
        try:
            self.labels(columns.pairs_of(index))
        except (WireError, Refused) as err:
            return str(err)
        return "error parsing labels"

    def _severity(self, labels: Labels) -> int:
        found = {name.lower(): value for name, value in reversed(labels.pairs)}
        for field in self._fields:
            if field in found and (severity := of_word(found[field].encode("utf-8", "replace"))) != NONE:
                return severity
        return NONE


def sanitized(name: str) -> str:
    """A label's name of any text: what is no letter, digit or underscore becomes one, as Loki does to OTLP's names."""
    made = _NOT_NAME.sub("_", name)
    return f"_{made}" if not made or made[0].isdigit() else made


def shown(labels: Labels | Sequence[tuple[str, str]]) -> str:
    """A stream in a message, bounded: hostile ones are megabytes long."""
    text = str(labels if isinstance(labels, Labels) else Labels.from_pairs(labels))
    return text if len(text) <= 1_000 else f"{text[:1_000]}…"
