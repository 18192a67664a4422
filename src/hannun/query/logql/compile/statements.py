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

IDS_IN_SQL_MAX = 20_000
ROW_COLUMNS = ("stream", "t", "body", "severity", "attributes")
_TIME_MAX_NS = 2**63 - 1
BUCKET_NS = 15_000_000_000


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
    """The rows of some streams in a time. `bare`: without metadata of these names; `not bare`: with any of them."""

    streams: Sequence[LogStream]
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
    def is_even(self) -> bool:
        """Windows end where others begin: the last window that holds a line tells the first."""
        return self.range_ns % self.step_ns == 0


def rows(build: Building, selection: Selection, compiled: Compiled, *, only: str = ALWAYS, tail: str = "") -> Statement:
    """Rows for the plain pipeline, ROW_COLUMNS each: all that may be in the answer, or those of which `only` holds."""
    return build.finish(
        "SELECT stream, toUnixTimestamp64Nano(ts) AS t, body, severity, attributes\n"
        f"FROM logs\n{_filters(build, selection, compiled, [only])}{tail}"
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


def rolled_up(build: Building, streams: Sequence[LogStream], steps: Steps) -> Statement:
    """Whole buckets of the roll-up: columns `k0` (the stream), `bucket`, `n`, `bytes`."""
    first = (steps.first_ns - steps.range_ns) // BUCKET_NS
    end = (steps.span.end_ns - 1) // BUCKET_NS
    return build.finish(
        "SELECT stream AS k0, bucket, sum(lines) AS n, sum(bytes) AS bytes\n"
        f"FROM log_counts\nWHERE hour BETWEEN {_hour(build, first * BUCKET_NS)} AND {_hour(build, end * BUCKET_NS)}\n"
        f"  AND stream IN {build.ids([stream.id for stream in streams])}\n"
        f"  AND bucket >= {build.number(first)} AND bucket < {build.number(end)}\n"
        "GROUP BY stream, bucket"
    )


def sampled(
    build: Building, selection: Selection, compiled: Compiled, keys: Sequence[str], value: str, unsure: str
) -> Statement:
    """One row per sample: columns `t`, `k0`…, `unsure`, `value`; of an unsure row `raw` and what else ROW_COLUMNS name.

    Lines that end in rubbish are few and come up in most hours: asking for them again would scan everything twice.
    """
    columns = [f"toUnixTimestamp64Nano(ts) AS t, {', '.join(_keys(keys, unsure))}, ifNull({value}, nan) AS value"]
    columns.append(f"if({unsure}, body, '') AS raw, stream, severity, attributes")
    return build.finish(f"SELECT {', '.join(columns)}\nFROM logs\n{_filters(build, selection, compiled, [])}")


def with_attribute(build: Building, selection: Selection) -> Statement:
    """One row if any line has metadata of one of the names."""
    return build.finish(f"SELECT 1 AS found\nFROM logs\n{_filters(build, selection, Compiled(), [])}\nLIMIT 1")


def _keys(keys: Sequence[str], unsure: str) -> list[str]:
    sure = [key if unsure == NEVER or key == "stream" else f"if({unsure}, '', {key})" for key in keys]
    return [*(f"{key} AS k{i}" for i, key in enumerate(sure)), f"toUInt8({unsure}) AS unsure"]


def _filters(build: Building, selection: Selection, compiled: Compiled, further: Sequence[str]) -> str:
    before = [
        *_of_streams(build, selection.streams),
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


def _of_streams(build: Building, streams: Sequence[LogStream]) -> list[str]:
    ids = build.ids([stream.id for stream in streams])
    return [f"service IN (SELECT service FROM log_streams WHERE stream IN {ids})", f"stream IN {ids}"]


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
    return f"toDateTime({build.number(max(ns, 0) // 3_600_000_000_000 * 3600)}, 'UTC')"
