"""Matchers and seen-ranges as SQL conditions over `metric_series`, values always as parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hannun.model.labels import METRIC_NAME
from hannun.model.matcher import Matcher, Matchers, MatchOp

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
DAY_MAX = 65_535
ALL_HOURS = (1 << 24) - 1


@dataclass(slots=True)
class Conditions:
    """SQL text with the parameters that it names. Names are numbered, so conditions can be put together."""

    params: dict[str, str | int | Sequence[int] | Sequence[str]] = field(default_factory=dict)

    def param(self, value: str | int, kind: str) -> str:
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"{{{name}:{kind}}}"

    def selectors(self, selectors: Sequence[Matchers]) -> str:
        """True for series that match any selector; no selector: all."""
        if not selectors:
            return "true"
        return "(" + "\n    OR ".join(self.matchers(matchers) for matchers in selectors) + ")"

    def matchers(self, matchers: Matchers) -> str:
        return "(" + " AND ".join(self.matcher(matcher) for matcher in matchers) + ")" if matchers else "true"

    def matcher(self, matcher: Matcher) -> str:
        """An absent label reads as "" from the map, which is just what Prometheus compares."""
        column = self.label(matcher.name)
        match matcher.op:
            case MatchOp.EQUAL:
                return f"{column} = {self.param(matcher.value, 'String')}"
            case MatchOp.NOT_EQUAL:
                return f"{column} != {self.param(matcher.value, 'String')}"
            case MatchOp.REGEX:
                return f"match({column}, {self.param(f'^(?s:{matcher.value})$', 'String')})"
            case MatchOp.NOT_REGEX:
                return f"NOT match({column}, {self.param(f'^(?s:{matcher.value})$', 'String')})"

    def label(self, name: str) -> str:
        return "metric" if name == METRIC_NAME else f"labels[{self.param(name, 'String')}]"

    def seen(self, start_ms: int, end_ms: int, now_ms: int) -> str:
        """True for series with a sample in an hour that `[start, end]` touches."""
        if end_ms < start_ms or end_ms < 0:
            return "false"
        if start_ms <= 0 and end_ms >= now_ms:
            return "true"
        first_hour = max(start_ms, 0) // HOUR_MS
        last_hour = min(end_ms // HOUR_MS, DAY_MAX * 24 + 23)
        first_day, last_day = first_hour // 24, last_hour // 24
        if first_day > DAY_MAX:
            return "false"
        from_mask = ALL_HOURS & ~((1 << first_hour % 24) - 1)
        to_mask = (1 << (last_hour % 24 + 1)) - 1
        first, last = self.param(first_day, "UInt16"), self.param(last_day, "UInt16")
        if first_day == last_day:
            days = f"day = toDate({first}) AND bitAnd(hours, {from_mask & to_mask}) != 0"
        else:
            days = (
                f"day BETWEEN toDate({first}) AND toDate({last})"
                f" AND (day > toDate({first}) OR bitAnd(hours, {from_mask}) != 0)"
                f" AND (day < toDate({last}) OR bitAnd(hours, {to_mask}) != 0)"
            )
        return f"series GLOBAL IN (SELECT series FROM metric_seen WHERE {days})"
