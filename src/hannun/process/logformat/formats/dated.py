"""Lines that begin with a date: Python's logging, Spring, log4j, PostgreSQL and most others."""

from __future__ import annotations

import re

from hannun.process.logformat.moments import iso
from hannun.process.logformat.registry import Situation, log_format

_PYTHON = re.compile(r" - \S+ - [A-Z]+ - ")
_SPRING = re.compile(r" +(?:\[[^\]]{1,100}\] +)?[A-Z]{4,5} +(?:[0-9]+ |\[|\S+ *[-:])")


@log_format("python", first="0123456789", order=4)
def _python(line: str, situation: Situation) -> int | bool:
    found = iso(line, 0, situation.zone)
    return found[0] if found is not None and _PYTHON.match(line, found[1]) is not None else False


@log_format("spring", first="0123456789", order=4)
def _spring(line: str, situation: Situation) -> int | bool:
    found = iso(line, 0, situation.zone)
    return found[0] if found is not None and _SPRING.match(line, found[1]) is not None else False


@log_format("dated", first="[0123456789", order=8)
def _dated(line: str, situation: Situation) -> int | bool:
    found = iso(line, 1 if line[0] == "[" else 0, situation.zone)
    return found[0] if found is not None else False
