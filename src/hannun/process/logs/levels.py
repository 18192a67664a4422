"""The words and numbers that programs use for a severity, and the keys under which they stand.

Loki's own lists come first (`pkg/distributor/field_detection.go`); what follows them are the words of syslog, nginx,
Python, Java and loguru, and the numbers of syslog (0 to 7) and of bunyan and pino (10 to 60).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.log import SEVERITIES
from hannun.process.logs.compiled import byte_at, compiled, hex_value, is_digit, same_letters

UNKNOWN, TRACE, DEBUG, INFO, WARN, ERROR, CRITICAL, FATAL = range(len(SEVERITIES))
NONE = 255
"""No severity was found; other than UNKNOWN, which somebody may have said."""

FIELDS = (
    "level",
    "log.level",
    "severity",
    "severitytext",
    "lvl",
    "severity_text",
    "levelname",
    "loglevel",
    "log_level",
    "@level",
)
"""Compared without regard to case. Loki's default list, then Python's and hclog's own names."""

WORDS: dict[str, int] = {
    "trace": TRACE, "trc": TRACE, "debug": DEBUG, "dbg": DEBUG, "info": INFO, "inf": INFO, "information": INFO,
    "warn": WARN, "wrn": WARN, "warning": WARN, "error": ERROR, "err": ERROR, "critical": CRITICAL, "fatal": FATAL,
    "crit": CRITICAL, "alert": CRITICAL, "emerg": FATAL, "emergency": FATAL, "panic": FATAL, "dpanic": FATAL,
    "notice": INFO, "informational": INFO, "success": INFO, "severe": ERROR, "verbose": TRACE, "finest": TRACE,
    "unknown": UNKNOWN,
    "t": TRACE, "d": DEBUG, "i": INFO, "w": WARN, "e": ERROR, "c": CRITICAL, "f": FATAL,
}  # fmt: skip
_BY_BYTES = {name.encode(): severity for name, severity in WORDS.items()}
SYSLOG = (FATAL, CRITICAL, CRITICAL, ERROR, WARN, INFO, INFO, DEBUG)
"""By syslog's number: emerg, alert, crit, err, warning, notice, info, debug."""
TENS = (NONE, TRACE, DEBUG, INFO, WARN, ERROR, FATAL)
"""By a tenth of bunyan's and pino's number."""
IN_TEXT = ("trace", "debug", "fatal", "critical", "error", "err", "warning", "warn", "info")
"""What Loki looks for in a line without fields: the earliest of these as a whole word."""
OTLP_LAST = ((4, TRACE), (8, DEBUG), (12, INFO), (16, WARN), (20, ERROR), (24, FATAL))


def of_word(value: bytes) -> int:
    """The severity that a value of a level field says, or NONE."""
    trimmed = value.strip(b" \t").lower()
    if (known := _BY_BYTES.get(trimmed)) is not None:
        return known
    if len(trimmed) == 1 and trimmed in b"01234567":
        return SYSLOG[int(trimmed)]
    return TENS[int(trimmed[:1])] if len(trimmed) == 2 and trimmed[:1] in b"0123456" and trimmed[1:] == b"0" else NONE


def of_otlp(number: int) -> int:
    """The severity of an OTLP severity_number, or NONE when it is not set."""
    return next((severity for last, severity in OTLP_LAST if 1 <= number <= last), NONE)


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Lower-case names for compiled code: `data[offsets[i]:offsets[i + 1]]`; `lengths` has a bit per length in use."""

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    lengths: np.uint64


def names(words: Sequence[str]) -> Names:
    """Names longer than 63 bytes are left out."""
    kept = [raw for raw in (one.lower().encode() for one in words) if 0 < len(raw) < 64]
    offsets = np.zeros(len(kept) + 1, dtype=np.int64)
    np.cumsum([len(raw) for raw in kept], out=offsets[1:])
    bits = sum({1 << len(raw) for raw in kept})
    return Names(np.frombuffer(b"".join(kept), dtype=np.uint8), offsets, np.uint64(bits))


_TABLE = names(tuple(WORDS))
_DATA, _OFFSETS = _TABLE.data, _TABLE.offsets
_CODES = np.array(list(WORDS.values()), dtype=np.uint8)
_SYSLOG = np.array(SYSLOG, dtype=np.uint8)
_TENS = np.array(TENS, dtype=np.uint8)
_LONGEST = max(map(len, WORDS))


@compiled
def said_by(data: Any, at: Any, end: Any) -> Any:
    """`of_word`, compiled."""
    while at < end and (byte_at(data, at) == 0x20 or byte_at(data, at) == 0x09):
        at += 1
    while end > at and (byte_at(data, end - 1) == 0x20 or byte_at(data, end - 1) == 0x09):
        end -= 1
    if end - at > _LONGEST or end == at:
        return np.uint8(NONE)
    if is_digit(byte_at(data, at)):
        if end - at == 1:
            number = hex_value(byte_at(data, at))
            return _SYSLOG[number] if number < 8 else np.uint8(NONE)
        if end - at == 2 and byte_at(data, at + 1) == 0x30 and byte_at(data, at) <= 0x36:
            return _TENS[hex_value(byte_at(data, at))]
        return np.uint8(NONE)
    for index in range(len(_CODES)):
        if same_letters(data, at, end, _DATA, _OFFSETS[index], _OFFSETS[index + 1]):
            return _CODES[index]
    return np.uint8(NONE)


@compiled
def is_named(data: Any, at: Any, end: Any, names_data: Any, names_offsets: Any, lengths: Any) -> Any:
    """Whether `data[at:end]` is one of the names."""
    length = end - at
    if length >= 64 or lengths >> np.uint64(length) & np.uint64(1) == np.uint64(0):
        return False
    for index in range(len(names_offsets) - 1):
        if same_letters(data, at, end, names_data, names_offsets[index], names_offsets[index + 1]):
            return True
    return False
