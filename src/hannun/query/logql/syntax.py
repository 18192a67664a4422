"""The nodes of a LogQL question: what the parser makes, the compiler turns into SQL and the evaluator runs.

All frozen. Durations are nanoseconds, as Loki's times are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hannun.model.matcher import Matcher, Matchers

LineOp = Literal["|=", "!=", "|~", "!~", "|>", "!>"]
CompareOp = Literal["==", "!=", ">", ">=", "<", "<="]
Conversion = Literal["", "bytes", "duration", "duration_seconds"]


@dataclass(frozen=True, slots=True)
class Needle:
    """What a line filter looks for; `is_ip`: `ip("…")`, an address, a range or a CIDR."""

    text: str
    is_ip: bool = False


@dataclass(frozen=True, slots=True)
class LineFilter:
    """`op` with `needles` joined by `or`: a negative filter keeps lines that hold none of them."""

    op: LineOp
    needles: tuple[Needle, ...]


@dataclass(frozen=True, slots=True)
class Extraction:
    """`label="path"` of `json` and `logfmt`."""

    label: str
    path: str


@dataclass(frozen=True, slots=True)
class Json:
    """`| json`; no extraction: every key."""

    extractions: tuple[Extraction, ...] = ()


@dataclass(frozen=True, slots=True)
class Logfmt:
    extractions: tuple[Extraction, ...] = ()
    strict: bool = False
    keep_empty: bool = False


@dataclass(frozen=True, slots=True)
class Regexp:
    pattern: str


@dataclass(frozen=True, slots=True)
class Pattern:
    pattern: str


@dataclass(frozen=True, slots=True)
class Unpack:
    pass


@dataclass(frozen=True, slots=True)
class TextMatch:
    """`| label op "text"`."""

    matcher: Matcher


@dataclass(frozen=True, slots=True)
class Compare:
    """`| label op number`, with `value` in plain numbers, seconds or bytes by `unit`."""

    label: str
    op: CompareOp
    value: float
    unit: Literal["number", "duration", "bytes"]
    text: str = ""
    """The value as it was written, for printing."""


@dataclass(frozen=True, slots=True)
class IpMatch:
    label: str
    negated: bool
    pattern: str


@dataclass(frozen=True, slots=True)
class Both:
    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Either:
    left: Condition
    right: Condition


Condition = TextMatch | Compare | IpMatch | Both | Either


@dataclass(frozen=True, slots=True)
class LabelFilter:
    condition: Condition


@dataclass(frozen=True, slots=True)
class LineFormat:
    template: str


@dataclass(frozen=True, slots=True)
class Formatted:
    """`name=source` (a rename, the source goes away) or `name="template"`."""

    name: str
    value: str
    is_template: bool


@dataclass(frozen=True, slots=True)
class LabelFormat:
    items: tuple[Formatted, ...]


@dataclass(frozen=True, slots=True)
class Decolorize:
    pass


@dataclass(frozen=True, slots=True)
class NameOrMatch:
    """A label of `drop` or `keep`, maybe only where `matcher` holds."""

    name: str
    matcher: Matcher | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    items: tuple[NameOrMatch, ...]


@dataclass(frozen=True, slots=True)
class Keep:
    items: tuple[NameOrMatch, ...]


Stage = (
    LineFilter | Json | Logfmt | Regexp | Pattern | Unpack | LabelFilter | LineFormat | LabelFormat | Decolorize
    | Drop | Keep
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogQuery:
    matchers: Matchers
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Unwrap:
    """`| unwrap conversion(label)` and the label filters that follow it."""

    label: str
    conversion: Conversion = ""
    filters: tuple[LabelFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class Grouping:
    labels: tuple[str, ...]
    without: bool = False


@dataclass(frozen=True, slots=True)
class RangeAggregation:
    """`op(param, query [range] offset …)`, e.g. `quantile_over_time(0.99, {…} | unwrap x [5m]) by (route)`."""

    op: str
    query: LogQuery
    range_ns: int
    offset_ns: int = 0
    unwrap: Unwrap | None = None
    param: float | None = None
    grouping: Grouping | None = None


@dataclass(frozen=True, slots=True)
class VectorAggregation:
    op: str
    expr: MetricNode
    param: float | None = None
    grouping: Grouping | None = None


@dataclass(frozen=True, slots=True)
class LabelReplace:
    expr: MetricNode
    destination: str
    replacement: str
    source: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Vector:
    """`vector(value)`."""

    value: float


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Matching:
    """`on`/`ignoring` and `group_left`/`group_right` of a binary operator."""

    on: bool = False
    labels: tuple[str, ...] = ()
    group: Literal["", "left", "right"] = ""
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binary:
    op: str
    left: MetricNode
    right: MetricNode
    returns_bool: bool = False
    matching: Matching = Matching()


MetricNode = RangeAggregation | VectorAggregation | LabelReplace | Vector | Number | Binary
Query = LogQuery | MetricNode
