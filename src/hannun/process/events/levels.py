"""The words and numbers that SDKs use for an event's level -> one of Sentry's five."""

from __future__ import annotations

from typing import Any

from hannun.model.event import ERROR, EVENT_LEVELS

_WORDS = {
    **{word: word for word in EVENT_LEVELS},
    "trace": "debug", "verbose": "debug", "sample": "debug",
    "log": "info", "notice": "info", "informational": "info", "information": "info", "success": "info", "query": "info",
    "warn": "warning",
    "err": "error", "exception": "error",
    "critical": "fatal", "crit": "fatal", "alert": "fatal", "emergency": "fatal", "emerg": "fatal", "panic": "fatal",
}  # fmt: skip
_OF_TENS = ("debug", "debug", "info", "warning", "error", "fatal", "fatal")
"""By a tenth of the numbers of Python's `logging`, which old clients send."""


def level_word(raw: Any) -> str | None:
    """One of `EVENT_LEVELS`, or None when `raw` is no level."""
    if isinstance(raw, str):
        known = _WORDS.get(raw) or _WORDS.get(raw.strip().lower())
        if known is not None or not raw.isdecimal() or len(raw) > 2:
            return known
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw < 70:
        return None
    return _OF_TENS[int(raw) // 10]


def level_of(word: str) -> int:
    """Its index in `EVENT_LEVELS`; an error's when it is none of them."""
    return EVENT_LEVELS.index(word) if word in EVENT_LEVELS else ERROR
