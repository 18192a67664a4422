"""logfmt: at least two `key=value` at the beginning."""

from __future__ import annotations

import re

from hannun.process.logformat.logfmt import pairs
from hannun.process.logformat.moments import is_sane, of_text
from hannun.process.logformat.registry import Situation, log_format

_BEGINNING = re.compile(r'[A-Za-z_@][\w.@/-]*=(?:"(?:[^"\\]|\\.)*"|[^\s"=]*) +[A-Za-z_@][\w.@/-]*=')
_TIME_KEYS = frozenset({"ts", "time", "t", "timestamp", "at", "date"})
_PAIRS_MAX = 20


@log_format("logfmt", order=6)
def _logfmt(line: str, situation: Situation) -> int | bool:
    if _BEGINNING.match(line[:4096]) is None:
        return False
    for count, (key, value) in enumerate(pairs(line[:4096])):
        if key in _TIME_KEYS:
            found = of_text(value, situation.now_ns, situation.zone)
            if found is not None and is_sane(found, situation.now_ns):
                return found
        if count >= _PAIRS_MAX:
            break
    return True
