"""What normalising changed, as it stands in an event's `errors`, in Sentry's shape and words.

The list is bounded: a payload that is wrong in a thousand places says so fifty times, and then how many were left out.
"""

from __future__ import annotations

from typing import Any

INVALID = "invalid_data"
TOO_LONG = "value_too_long"
TOO_MANY = "too_many_values"
UNKNOWN = "invalid_attribute"
MISSING = "missing_attribute"
CLOCK_DRIFT = "clock_drift"
PAST = "past_timestamp"
FUTURE = "future_timestamp"
MORE = "more_errors"

REMARKS_MAX = 50
TOLD_MAX = 100
_VALUE_CHARACTERS_MAX = 200


class Remarks:
    """Collects remarks in the order in which they were made."""

    __slots__ = ("_left_out", "_remarks")

    def __init__(self) -> None:
        self._remarks: list[dict[str, Any]] = []
        self._left_out = 0

    def add(self, kind: str, name: str, reason: str, value: object = None) -> None:
        """`name` is the path of the attribute; `value`, when it is short and plain, is what stood there."""
        if len(self._remarks) >= REMARKS_MAX:
            self._left_out += 1
            return
        remark: dict[str, Any] = {"type": kind, "name": name[:_VALUE_CHARACTERS_MAX], "reason": reason}
        if type(value) is str:
            remark["value"] = value[:_VALUE_CHARACTERS_MAX]
        elif type(value) in (int, float, bool):
            remark["value"] = value
        self._remarks.append(remark)

    def told(self, earlier: Any) -> list[dict[str, Any]]:
        """The whole list: what the sender reported of itself, then ours; at most `TOLD_MAX`, then how many more."""
        theirs = [remark for remark in earlier if isinstance(remark, dict)] if isinstance(earlier, list) else []
        more = theirs.pop() if theirs and theirs[-1].get("type") == MORE else None
        every = theirs + [remark for remark in self._remarks if remark not in theirs]
        left_out = self._left_out + max(0, len(every) - TOLD_MAX)
        if more is None and left_out:
            more = {"type": MORE, "name": "errors", "reason": f"{left_out} more remarks were left out"}
        return every[:TOLD_MAX] if more is None else [*every[:TOLD_MAX], more]
