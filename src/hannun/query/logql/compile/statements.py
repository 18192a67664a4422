"""Whole statements: which rows, and what of them.

Filters of the raw line decide in PREWHERE, where only the columns that they look at are read; what is for the skip
indexes stands in WHERE (both as the table asks for, see its schema).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hannun.model.log import LogStream, Statement
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.stages import Compiled
from hannun.query.logql.compile.sure import ALWAYS, NEVER, all_of, any_of, none_of
from hannun.query.logql.ranges import Times

ROW_COLUMNS = ("stream", "t", "body", "severity", "attributes")
_TIME_MAX_NS = 2**63 - 1
_DATE_TIME_MAX_NS = (2**32 - 1) * 10**9
BUCKET_NS = 15_000_000_000
# The keys of the roll-up as its projection writes them: that of `log_counts`, without the cost of a view (2 ms).
_HOUR = "toStartOfHour(ts)"
_BUCKET = f"toUInt32(intDiv(toUnixTimestamp64Nano(ts) - 1, {BUCKET_NS}))"


@dataclass(frozen=True, slots=True)
class Span:
    """`[start_ns, end_ns)`."""

    start_ns: int
    end_ns: int

    @staticmethod
    def left_open(after_ns: int, until_ns: int) -> Span:
        """`(after, until]`."""
        return Span(after_ns + 1, until_ns + 1)


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of some streams in a time. `bare`: without metadata of these names; `not bare`: with any of them.

    `services`: those of the streams.
    """

    streams: Sequence[LogStream]
    services: Sequence[str]
    span: Span
    names: tuple[str, ...] = ()
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """Evaluation times of one range aggregation, its offset taken off, and the width of its windows."""

    first_ns: int
    step_ns: int
    count: int
    range_ns: int

    @staticmethod
    def of(times: Times, range_ns: int, offset_ns: int) -> Steps:
        # A single time has no step of its own.
        step_ns = times.step_ns if times.count > 1 and times.step_ns > 0 else range_ns
        return Steps(times.start_ns - offset_ns, step_ns, times.count, range_ns)

    @property
    def span(self) -> Span:
        last = self.first_ns + (self.count - 1) * self.step_ns
        return Span.left_open(self.first_ns - self.range_ns, last)

    @property
    def fit_buckets(self) -> bool:
        """Every window is a sum of whole buckets of the roll-up."""
        return not any(ns % BUCKET_NS for ns in (self.first_ns, self.range_ns, self.step_ns))

    @property
    def is_even(self) -> bool:
        """Windows end where others begin: the last window that holds a line tells the first."""
        return self.range_ns % self.step_ns == 0


def rows(build: Building, selection: Selection, compiled: Compiled, *, only: str = ALWAYS, tail: str = "") -> Statement:
    """Rows for the plain pipeline, ROW_COLUMNS each: all that may be in the answer, or those of which `only` holds."""
    return build.finish(
        "SELECT stream, toUnixTimestamp64Nano(ts) AS t, body, severity, attributes\n"
        f"FROM logs\n{_filters(build, selection, compiled, [only])}{tail}"
    )


def outermost(build: Building, selection: Selection, count: int, *, backward: bool) -> Statement:
    """The last or the first `count` rows, and those of the same times: ROW_COLUMNS each, in that order.

    Times are read first, so that texts are read for no more rows than are asked for.
    """
    order, edge, op = ("DESC", "min", ">=") if backward else ("ASC", "max", "<=")
    conditions = _filters(build, selection, Compiled(), [])
    times = f"SELECT ts FROM logs\n{conditions}\nORDER BY ts {order}\nLIMIT {build.number(count)}"
    return build.finish(
        f"SELECT stream, toUnixTimestamp64Nano(ts) AS t, body, severity, attributes\nFROM logs\n{conditions}\n"
        f"  AND ts {op} (SELECT {edge}(ts) FROM ({times}))\nORDER BY ts {order}"
    )


def counted(
    build: Building, selection: Selection, compiled: Compiled, steps: Steps, keys: Sequence[str], unsure: str
) -> Statement:
    """Lines and bytes by window and keys: columns `high`, `low`, `k0`…, `unsure` (then without keys), `n`, `bytes`."""
    ns = "toUnixTimestamp64Nano(ts)"
    columns = [f"{_high(build, steps, ns)} AS high"]
    columns.append("toInt64(0) AS low" if steps.is_even else f"{_low(build, steps, ns)} AS low")
    columns += _keys(keys, unsure)
    groups = ["high", "low", *(f"k{i}" for i in range(len(keys))), "unsure"]
    return build.finish(
        f"SELECT {', '.join(columns)}, count() AS n, sum(size) AS bytes\n"
        f"FROM logs\n{_filters(build, selection, compiled, [])}\nGROUP BY {', '.join(groups)}"
    )


def rolled_up(build: Building, streams: Sequence[LogStream], steps: Steps, severity: str) -> Statement:
    """As `counted` by `stream` and `severity`, from whole buckets of the roll-up, which the windows must fit."""
    ends = f"((toInt64({_BUCKET}) + 1) * {BUCKET_NS})"
    low = "toInt64(0)" if steps.is_even else _low(build, steps, ends)
    return build.finish(
        f"SELECT {_high(build, steps, ends)} AS high, {low} AS low, stream AS k0, {severity} AS k1,\n"
        "  toUInt8(0) AS unsure, count() AS n, sum(size) AS bytes\n"
        f"FROM logs\nWHERE {_in_buckets(build, streams, steps.span)}\nGROUP BY high, low, k0, k1"
    )


def buckets(build: Building, streams: Sequence[LogStream], span: Span) -> Statement:
    """Lines by bucket of the roll-up, of all buckets that the span touches: columns `bucket`, `n`."""
    return build.finish(
        f"SELECT {_BUCKET} AS bucket, count() AS n\n"
        f"FROM logs\nWHERE {_in_buckets(build, streams, span)}\nGROUP BY bucket"
    )


def sampled(
    build: Building, selection: Selection, compiled: Compiled, keys: Sequence[str], value: str, unsure: str
) -> Statement:
    """One row per sample: columns `t`, `k0`…, `unsure`, `value`; of an unsure row also `raw` (its
    body), `stream`, `severity` and `metadata` (its attributes in JSON).

    Lines that end in rubbish are few and come up in most hours: asking for them again would scan everything twice.
    """
    columns = [f"toUnixTimestamp64Nano(ts) AS t, {', '.join(_keys(keys, unsure))}, ifNull({value}, nan) AS value"]
    # A map for each row would cost as much as all of its parsing.
    columns.append(f"if({unsure}, body, '') AS raw, if({unsure}, toJSONString(attributes), '') AS metadata")
    columns.append("stream, severity")
    return build.finish(f"SELECT {', '.join(columns)}\nFROM logs\n{_filters(build, selection, compiled, [])}")


def _keys(keys: Sequence[str], unsure: str) -> list[str]:
    sure = [key if unsure == NEVER or key == "stream" else f"if({unsure}, '', {key})" for key in keys]
    return [*(f"{key} AS k{i}" for i, key in enumerate(sure)), f"toUInt8({unsure}) AS unsure"]


def _filters(build: Building, selection: Selection, compiled: Compiled, further: Sequence[str]) -> str:
    before = [
        *_of_streams(build, selection),
        *_in_time(build, selection.span),
        *compiled.exact,
        *compiled.scans,
    ]
    attributes = any_of(f"mapContains(attributes, {build.text(name)})" for name in selection.names)
    if attributes != NEVER:
        before.append(none_of(attributes) if selection.bare else attributes)
    after = [*compiled.hints, compiled.may_hold(), *further]
    clauses = f"PREWHERE {_one_a_line(before)}"
    last = all_of(after)
    return clauses if last == ALWAYS else f"{clauses}\nWHERE {_one_a_line(after)}"


def _one_a_line(conditions: Sequence[str]) -> str:
    kept = list(dict.fromkeys(condition for condition in conditions if condition != ALWAYS)) or [ALWAYS]
    return "\n  AND ".join(f"({each})" if " AND " in each or " OR " in each else each for each in kept)


def _of_streams(build: Building, selection: Selection) -> list[str]:
    ids = build.ids([stream.id for stream in selection.streams])
    return [f"service IN {build.texts(selection.services)}", f"stream IN {ids}"]


def _in_buckets(build: Building, streams: Sequence[LogStream], span: Span) -> str:
    """Hours are what prunes; a condition on anything but the keys of the roll-up would leave it unused."""
    first, last = (max(span.start_ns, 1) - 1) // BUCKET_NS, max(span.end_ns - 2, 0) // BUCKET_NS
    return (
        f"{_HOUR} BETWEEN {_hour(build, first * BUCKET_NS)} AND {_hour(build, (last + 1) * BUCKET_NS)}\n"
        f"  AND stream IN {build.ids([stream.id for stream in streams])}\n"
        f"  AND {_BUCKET} BETWEEN {build.number(first)} AND {build.number(last)}"
    )


def _in_time(build: Building, span: Span) -> list[str]:
    return [
        f"ts >= fromUnixTimestamp64Nano({build.number(max(span.start_ns, 0))}, 'UTC')",
        f"ts < fromUnixTimestamp64Nano({build.number(min(span.end_ns, _TIME_MAX_NS))}, 'UTC')",
    ]


def _high(build: Building, steps: Steps, ns: str) -> str:
    """One more than the index of the last window that holds the line."""
    shift = build.number(steps.range_ns - steps.first_ns + steps.step_ns - 1)
    return f"intDiv({ns} + {shift}, {build.number(steps.step_ns)})"


def _low(build: Building, steps: Steps, ns: str) -> str:
    """The index of the first window that holds the line."""
    shift = build.number(steps.step_ns - 1 - steps.first_ns)
    return f"greatest(intDiv({ns} + {shift}, {build.number(steps.step_ns)}), 0)"


def _hour(build: Building, ns: int) -> str:
    ns = min(ns, _DATE_TIME_MAX_NS)
    return f"toDateTime({build.number(max(ns, 0) // 3_600_000_000_000 * 3600)}, 'UTC')"
