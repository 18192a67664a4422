"""JSON lines: pino, zap, logrus, structlog, and formatters of Python's logging that write local time without a zone."""

from __future__ import annotations

from typing import Any

import orjson

from hannun.process.logformat.moments import is_sane, of_number, of_text
from hannun.process.logformat.registry import Situation, log_format

TIME_KEYS = ("timestamp", "@timestamp", "time", "ts", "datetime", "asctime", "date", "t", "eventTime", "log_time")
_CHARACTERS_MAX = 1 << 20


@log_format("json", first="{", single=True, order=1)
def _json(line: str, situation: Situation) -> int | bool:
    if len(line) > _CHARACTERS_MAX or not line.rstrip().endswith("}"):
        return False
    try:
        record = orjson.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(record, dict):
        return False
    for key in TIME_KEYS:
        value = record.get(key)
        if value is not None:
            found = _time(value, situation)
            if found is not None:
                return found
    return True


def _time(value: Any, situation: Situation) -> int | None:
    if isinstance(value, str):
        found = of_text(value, situation.now_ns, situation.zone)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found = of_number(value, situation.now_ns)
    else:
        return None
    return found if found is not None and is_sane(found, situation.now_ns) else None
