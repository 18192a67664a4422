"""syslog: RFC 5424 and 3164 as they travel, and as rsyslog and syslog-ng write them into files."""

from __future__ import annotations

import re

from hannun.process.logformat.moments import NS, iso, month_of, yearless
from hannun.process.logformat.registry import Situation, log_format

_PRIORITY = re.compile(r"<[0-9]{1,3}>")
_VERSION = re.compile(r"<[0-9]{1,3}>1 ")
_CLASSIC = re.compile(r"(?:<[0-9]{1,3}>)?([A-Z][a-z]{2}) {1,2}([0-9]{1,2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) \S")
_DATED = re.compile(r"[0-9T:.+Z-]{20,40} \S{1,255} [^\s:\[]{1,64}(?:\[[0-9]+\])?: ")


@log_format("syslog5424", first="<", order=2)
def _syslog5424(line: str, situation: Situation) -> int | bool:
    found = _VERSION.match(line)
    if found is None:
        return False
    moment = iso(line, found.end(), situation.zone)
    return moment is None or moment[0]


@log_format("syslog3164", order=3)
def _syslog3164(line: str, situation: Situation) -> int | bool:
    found = _CLASSIC.match(line)
    if found is None:
        return False
    month = month_of(found[1])
    if not month:
        return False
    clock = (int(found[3]), int(found[4]), int(found[5]))
    seconds = yearless(month, int(found[2]), clock, situation.now_ns, situation.zone)
    return seconds is None or seconds * NS


@log_format("syslog_file", first="0123456789", order=3)
def _syslog_file(line: str, situation: Situation) -> int | bool:
    """rsyslog's own format: `2006-01-02T15:04:05.999999+09:00 host tag[1]: …`."""
    if line[10:11] != "T" or _DATED.match(line) is None:
        return False
    moment = iso(line, 0, situation.zone)
    return moment is None or moment[0]
