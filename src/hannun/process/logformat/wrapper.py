"""What a container runtime wraps lines into: Docker's json-file and CRI."""

from __future__ import annotations

import re
from typing import NamedTuple

import orjson

from hannun.process.logformat.moments import iso

_CRI = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T\S{9,30}) (stdout|stderr) ([PF])(?::\S*)? ?", re.DOTALL)
_DOCKER = re.compile(r'\{"log":"')


class Unwrapped(NamedTuple):
    """`complete` False: the runtime cut the line, and its next record of this stream goes on."""

    text: str
    stream: str
    ts_ns: int | None
    complete: bool


def unwrap(line: str) -> Unwrapped | None:
    """None: the line is in no wrapper."""
    if line.startswith("{"):
        return _docker(line)
    found = _CRI.match(line)
    if found is None:
        return None
    moment = iso(found[1], 0, None)
    return Unwrapped(line[found.end() :], found[2], None if moment is None else moment[0], found[3] == "F")


def _docker(line: str) -> Unwrapped | None:
    if _DOCKER.match(line) is None:
        return None
    try:
        record = orjson.loads(line)
    except (ValueError, RecursionError):
        return None
    text, stream, time = record.get("log"), record.get("stream"), record.get("time")
    # An application may write a key `log` of its own; only Docker has all three.
    if not (isinstance(text, str) and isinstance(stream, str) and isinstance(time, str)):
        return None
    moment = iso(time, 0, None)
    complete = text.endswith("\n")
    return Unwrapped(text[:-1] if complete else text, stream, None if moment is None else moment[0], complete)
