"""Threads of the program when it failed."""

from __future__ import annotations

from typing import Any

from hannun.process.events.exceptions import values_of
from hannun.process.events.limits import DATA, NAME, THREADS
from hannun.process.events.remarks import INVALID, TOO_MANY, Remarks
from hannun.process.events.shapes import BOOLEAN, Shape, text
from hannun.process.events.stacktrace import read_stacktrace

THREAD = Shape(
    "Thread",
    {
        "id": text(NAME),
        "name": text(NAME),
        "crashed": BOOLEAN,
        "current": BOOLEAN,
        "main": BOOLEAN,
        "daemon": BOOLEAN,
        "state": text(NAME),
        "priority": text(NAME),
    },
    {"held_locks": DATA},
)
_STACKS = ("stacktrace", "raw_stacktrace")


def read_threads(raw: Any, platform: str, remarks: Remarks) -> list[dict[str, Any]]:
    """What stands in `threads.values`. Of too many, those that crashed or were running are kept first."""
    values = values_of(raw, "threads", remarks)
    if len(values) > THREADS:
        remarks.add(TOO_MANY, "threads.values", f"kept {THREADS} of {len(values)}")
        told = [value for value in values if isinstance(value, dict) and (value.get("crashed") or value.get("current"))]
        chosen = {id(value) for value in told}
        others = [value for value in values if id(value) not in chosen]
        values = (told + others)[:THREADS]
    kept: list[dict[str, Any]] = []
    for at, value in enumerate(values):
        path = f"threads.values.{at}"
        if not isinstance(value, dict):
            if value is not None:
                remarks.add(INVALID, path, "expected a thread", value)
            continue
        thread = dict(THREAD.read({key: item for key, item in value.items() if key not in _STACKS}, path, remarks))
        for key in _STACKS:
            if (stack := value.get(key)) is not None and (
                read := read_stacktrace(stack, f"{path}.{key}", platform, remarks)
            ) is not None:
                thread[key] = read
        if thread:
            kept.append(thread)
    return kept
