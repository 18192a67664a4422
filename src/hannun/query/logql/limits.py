"""What one LogQL question may ask for, with Loki's defaults and the words it refuses the rest with. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hannun.gotemplate.go_numbers import format_duration
from hannun.model.errors import BadQuery, ExecutionError
from hannun.query.logql.checks import walk
from hannun.query.logql.durations import NS_PER_S, prometheus_duration
from hannun.query.logql.syntax import (
    LogQuery,
    Query,
    RangeAggregation,
)

POINTS_MAX = 11_000
TOO_MANY_POINTS = (
    "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter"
)
NO_STEP = "zero or negative query resolution step widths are not accepted. Try a positive integer"
ENDS_EARLY = "end timestamp must not be before or equal to start time"
NO_LIMIT = "limit must be a positive value"
NS_PER_H = 3600 * NS_PER_S


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """limits_config of a Loki configuration, as far as questions go. 0 means no limit, of lookback too.

    `aligned`: range questions for metrics are widened to multiples of their step, as Loki does when it splits them
    (split_queries_by_interval).
    """

    series_max: int = 500
    entries_max: int = 5_000
    length_max_ns: int = 721 * NS_PER_H
    range_max_ns: int = 0
    lookback_max_ns: int = 0
    matchers_max: int = 1_000
    timeout_s: float = 60.0
    aligned: bool = True
    tails_max: int = 10
    volume_enabled: bool = True
    volume_series_max: int = 1_000


def too_many_series(most: int) -> str:
    return (
        f"maximum number of series ({most}) reached for a single query; consider reducing query cardinality by adding "
        "more specific stream selectors, reducing the time range, or aggregating results with functions like sum(), "
        "count() or topk()"
    )


class TooManySeries(ExecutionError):
    """A range aggregation has more series than are held in memory at once, whatever would have become of them."""

    def __init__(self, most: int) -> None:
        super().__init__(too_many_series(most))


def check_series(count: int, limits: QueryLimits) -> None:
    if limits.series_max and count > limits.series_max:
        raise BadQuery(too_many_series(limits.series_max))


@contextmanager
def answered_series(limits: QueryLimits, *, keeps_every: bool) -> Iterator[None]:
    """`keeps_every` series of the range aggregation: each is one of the answer, whose limit was passed long before the
    memory's and is what the asker is told of. Raises BadQuery for TooManySeries in the block."""
    try:
        yield
    except TooManySeries as err:
        if limits.series_max and keeps_every:
            raise BadQuery(too_many_series(limits.series_max)) from err
        raise


def check_entries(limit: int, limits: QueryLimits) -> None:
    if limit <= 0:
        raise BadQuery(NO_LIMIT)
    if limits.entries_max and limit > limits.entries_max:
        raise BadQuery(
            "max entries limit per query exceeded, limit > max_entries_limit_per_query "
            f"({limit} > {limits.entries_max})"
        )


def check_length(start_ns: int, end_ns: int, limits: QueryLimits) -> None:
    length_ns = end_ns - start_ns
    if limits.length_max_ns and length_ns > limits.length_max_ns:
        raise BadQuery(
            f"the query time range exceeds the limit (query length: {format_duration(length_ns)}, "
            f"limit: {prometheus_duration(limits.length_max_ns)})"
        )


def check_query(query: Query, limits: QueryLimits) -> None:
    """Brackets that reach too far, and too many matchers. Raises BadQuery."""
    selections = [query] if isinstance(query, LogQuery) else []
    if not isinstance(query, LogQuery):
        for node in walk(query):
            if not isinstance(node, RangeAggregation):
                continue
            selections.append(node.query)
            if limits.range_max_ns and node.range_ns > limits.range_max_ns:
                raise BadQuery(
                    f"[interval] value exceeds limit: [{prometheus_duration(node.range_ns)}] > "
                    f"[{prometheus_duration(limits.range_max_ns)}]"
                )
    matchers = sum(len(selection.matchers) for selection in selections)
    if limits.matchers_max and matchers > limits.matchers_max:
        raise BadQuery(
            f"max streams matchers per query exceeded, matchers-count > limit ({matchers} > {limits.matchers_max})"
        )
