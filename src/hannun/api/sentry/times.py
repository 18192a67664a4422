"""Times as Sentry's API takes them: `statsPeriod=14d`, or `start` and `end` in ISO 8601."""

from __future__ import annotations

import re

from hannun.api.form import Form
from hannun.api.sentry.answers import SentryError
from hannun.model.time import parse_timestamp_ms

_PERIOD = re.compile(r"(\d{1,6})([smhdw]?)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_OFFSET = re.compile(r"[+-]\d\d:?\d\d$")
_UNITS_MS = {"": 1_000, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
MS_MAX = 1 << 46


def period_ms(said: str) -> int:
    """`90d` and the like. Raises SentryError."""
    found = _PERIOD.fullmatch(said)
    if found is None:
        raise SentryError(400, f'Invalid statsPeriod: "{said[:40]}"')
    return int(found[1]) * _UNITS_MS[found[2]]


def window(form: Form, now_ms: int) -> tuple[int | None, int | None]:
    """Start and end in Unix ms; None: not asked for. Raises SentryError."""
    said = form.one("statsPeriod")
    if said:
        return now_ms - period_ms(said), None
    start, end = moment(form.one("start"), "start"), moment(form.one("end"), "end")
    if start is not None and end is not None and start > end:
        raise SentryError(400, "start must be before end")
    return start, end


def moment(said: str, name: str) -> int | None:
    """Unix ms of an ISO time (without a zone: UTC) or Unix seconds; "" is None. Raises SentryError."""
    if not said:
        return None
    try:
        at_ms = parse_timestamp_ms(_whole(said))
    except ValueError as err:
        raise SentryError(400, f'"{said[:40]}" is not a valid ISO8601 date query in {name}') from err
    if abs(at_ms) > MS_MAX:
        raise SentryError(400, f'"{said[:40]}" is not a valid ISO8601 date query in {name}')
    return at_ms


def _whole(said: str) -> str:
    if _DATE.fullmatch(said):
        return f"{said}T00:00:00Z"
    return said if "T" not in said or said.endswith(("Z", "z")) or _OFFSET.search(said) else f"{said}Z"
