"""The chain of exceptions: the innermost cause first, the one that was raised last."""

from __future__ import annotations

from typing import Any

from hannun.process.events.limits import DATA, EXCEPTIONS, MESSAGE, NAME, PATH, SYMBOL
from hannun.process.events.remarks import INVALID, TOO_MANY, Remarks
from hannun.process.events.shapes import BOOLEAN, INTEGER, Shape, text, written_text
from hannun.process.events.stacktrace import read_stacktrace

EXCEPTION = Shape(
    "Exception",
    {"type": text(SYMBOL), "value": written_text(MESSAGE), "module": text(SYMBOL), "thread_id": text(NAME)},
)
MECHANISM = Shape(
    "Mechanism",
    {
        "type": text(SYMBOL),
        "handled": BOOLEAN,
        "synthetic": BOOLEAN,
        "exception_id": INTEGER,
        "parent_id": INTEGER,
        "source": text(NAME),
        "is_exception_group": BOOLEAN,
        "help_link": text(PATH),
        "description": text(MESSAGE),
    },
    {"meta": DATA, "data": DATA},
)
_STACKS = ("stacktrace", "raw_stacktrace")


def values_of(raw: Any, path: str, remarks: Remarks) -> list[Any]:
    """The list in `[…]`, `{"values": […]}` or a lone object."""
    if isinstance(raw, dict):
        if "values" not in raw:
            return [raw]
        raw = raw["values"]
    if isinstance(raw, list):
        return raw
    if raw is not None:
        remarks.add(INVALID, path, "expected a list of values", raw)
    return []


def read_exceptions(raw: Any, platform: str, remarks: Remarks) -> list[dict[str, Any]]:
    """What stands in `exception.values`; empty when there is nothing to show."""
    values = values_of(raw, "exception", remarks)
    if len(values) > EXCEPTIONS:
        remarks.add(TOO_MANY, "exception.values", f"kept the first and last {EXCEPTIONS // 2} of {len(values)}")
        values = values[: EXCEPTIONS // 2] + values[-(EXCEPTIONS // 2) :]
    kept: list[dict[str, Any]] = []
    for at, value in enumerate(values):
        path = f"exception.values.{at}"
        if isinstance(value, dict):
            if read := _exception(value, path, platform, remarks):
                kept.append(read)
        elif value is not None:
            remarks.add(INVALID, path, "expected an exception", value)
    return _without_cycles(kept, remarks)


def _exception(raw: dict[str, Any], path: str, platform: str, remarks: Remarks) -> dict[str, Any]:
    plain = {key: item for key, item in raw.items() if key not in _STACKS and key != "mechanism"}
    kept = EXCEPTION.read(plain, path, remarks)
    if kept is plain:
        kept = dict(plain)
    for key in _STACKS:
        if (stack := raw.get(key)) is not None and (
            read := read_stacktrace(stack, f"{path}.{key}", platform, remarks)
        ) is not None:
            kept[key] = read
    if (mechanism := raw.get("mechanism")) is not None:
        if isinstance(mechanism, str):
            mechanism = {"type": mechanism}
        if isinstance(mechanism, dict):
            kept["mechanism"] = MECHANISM.read(mechanism, f"{path}.mechanism", remarks)
        else:
            remarks.add(INVALID, f"{path}.mechanism", "expected an object", mechanism)
    return kept


def _without_cycles(values: list[dict[str, Any]], remarks: Remarks) -> list[dict[str, Any]]:
    """An exception that is its own ancestor loses its parent, so whoever walks the tree comes to an end."""
    parents: dict[int, int] = {}
    for value in values:
        mechanism = value.get("mechanism") or {}
        own, parent = mechanism.get("exception_id"), mechanism.get("parent_id")
        if own is not None and parent is not None:
            parents[own] = parent
    if not parents:
        return values
    cyclic = {own for own in parents if _comes_back(own, parents)}
    if not cyclic:
        return values
    remarks.add(
        INVALID, "exception.values", f"{len(cyclic)} exceptions are their own ancestors: parent_id was left out"
    )
    return [
        _orphaned(value) if (value.get("mechanism") or {}).get("exception_id") in cyclic else value for value in values
    ]


def _comes_back(own: int, parents: dict[int, int]) -> bool:
    at = parents[own]
    for _ in range(len(parents)):
        if at == own:
            return True
        if at not in parents:
            return False
        at = parents[at]
    return False


def _orphaned(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "mechanism": {key: item for key, item in value["mechanism"].items() if key != "parent_id"}}
