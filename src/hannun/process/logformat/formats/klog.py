"""klog and glog (Kubernetes): `I0102 15:04:05.000000 1 main.go:10] …`."""

from __future__ import annotations

import re

from hannun.process.logformat.moments import NS, nanos, yearless
from hannun.process.logformat.registry import Situation, log_format

_KLOG = re.compile(
    r"[IWEF]([0-9]{2})([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{1,9})\s+[0-9]+ [^\s:]+:[0-9]+\]"
)


@log_format("klog", first="IWEF", order=2)
def _klog(line: str, situation: Situation) -> int | bool:
    found = _KLOG.match(line)
    if found is None:
        return False
    month, day, hour, minute, second, fraction = found.groups()
    seconds = yearless(int(month), int(day), (int(hour), int(minute), int(second)), situation.now_ns, situation.zone)
    return seconds is None or seconds * NS + nanos(fraction)
