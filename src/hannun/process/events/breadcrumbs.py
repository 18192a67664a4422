"""Breadcrumbs: what happened before, oldest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from hannun.process.events.exceptions import values_of
from hannun.process.events.levels import level_word
from hannun.process.events.limits import BREADCRUMBS, DATA, MESSAGE, NAME, SYMBOL
from hannun.process.events.moments import moment
from hannun.process.events.remarks import INVALID, TOO_MANY, Remarks
from hannun.process.events.shapes import Field, Shape, text, written_text


def _read_level(value: Any, path: str, remarks: Remarks) -> str | None:
    if (word := level_word(value)) is None:
        remarks.add(INVALID, path, "expected a level", value)
    return word


def _read_moment(value: Any, path: str, remarks: Remarks) -> float | None:
    if (seconds := moment(value)) is None:
        remarks.add(INVALID, path, "expected a time", value)
    return seconds


MOMENT = Field(
    _read_moment,
    Annotated[datetime, msgspec.Meta(tz=True)] | Annotated[float, msgspec.Meta(ge=0.0, le=100_000_000_000.0)],
)
"""RFC 3339 with its offset, as Python writes it, stays: reading a hundred of them would cost a tenth of all."""

BREADCRUMB = Shape(
    "Breadcrumb",
    {
        "timestamp": MOMENT,
        "type": text(NAME),
        "category": text(SYMBOL),
        "level": Field(_read_level, Literal["debug", "info", "warning", "error", "fatal"]),
        "message": written_text(MESSAGE),
        "event_id": text(64),
        "origin": text(NAME),
    },
    {"data": DATA},
)


def read_breadcrumbs(raw: Any, shift_s: float, remarks: Remarks) -> list[dict[str, Any]]:
    """What stands in `breadcrumbs.values`; of too many the newest.

    `timestamp` is Unix seconds or RFC 3339 with an offset; where the sender's clock was off it is moved by `shift_s`.
    """
    values = values_of(raw, "breadcrumbs", remarks)
    if len(values) > BREADCRUMBS:
        remarks.add(TOO_MANY, "breadcrumbs.values", f"kept the last {BREADCRUMBS} of {len(values)}")
        values = values[-BREADCRUMBS:]
    kept: list[dict[str, Any]]
    if BREADCRUMB.fits(values):
        kept = values
    else:
        kept = []
        for at, value in enumerate(values):
            if isinstance(value, dict):
                if crumb := BREADCRUMB.read(value, f"breadcrumbs.values.{at}", remarks):
                    kept.append(crumb)
            elif value is not None:
                remarks.add(INVALID, f"breadcrumbs.values.{at}", "expected a breadcrumb", value)
    return [_moved(crumb, shift_s) for crumb in kept] if shift_s else kept


def _moved(crumb: dict[str, Any], shift_s: float) -> dict[str, Any]:
    seconds = moment(crumb.get("timestamp"))
    return crumb if seconds is None else {**crumb, "timestamp": max(seconds + shift_s, 0.0)}
