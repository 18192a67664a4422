"""Access and error logs of nginx and Apache."""

from __future__ import annotations

import re

from hannun.process.logformat.moments import NS, epoch, iso, month_of, nanos
from hannun.process.logformat.registry import Situation, log_format

_ACCESS = re.compile(
    r"\S{1,255} \S{1,255} [^\[]{1,255}\[([0-9]{2})/([A-Za-z]{3})/([0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r' ([+-][0-9]{4})\] "'
)
_NGINX_ERROR = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9:]{8} \[[a-z]+\] [0-9]+#[0-9]+: ")
_APACHE_ERROR = re.compile(
    r"\[[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))? ([0-9]{4})\] \["
)


@log_format("access", single=True, order=2)
def _access(line: str, situation: Situation) -> int | bool:
    found = _ACCESS.match(line)
    if found is None:
        return False
    day, month, year, hour, minute, second, offset = found.groups()
    seconds = epoch(int(year), month_of(month), int(day), int(hour), int(minute), int(second), offset, None)
    return seconds is None or seconds * NS


@log_format("nginx_error", first="0123456789", order=2)
def _nginx_error(line: str, situation: Situation) -> int | bool:
    if _NGINX_ERROR.match(line) is None:
        return False
    found = iso(line, 0, situation.zone)
    return found is None or found[0]


@log_format("apache_error", first="[", order=2)
def _apache_error(line: str, situation: Situation) -> int | bool:
    found = _APACHE_ERROR.match(line)
    if found is None:
        return False
    month, day, hour, minute, second, fraction, year = found.groups()
    seconds = epoch(int(year), month_of(month), int(day), int(hour), int(minute), int(second), "", situation.zone)
    return seconds is None or seconds * NS + nanos(fraction)
