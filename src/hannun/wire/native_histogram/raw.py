"""A native histogram before anybody has checked it, and the check: Prometheus's `Histogram.Validate`, with its words.

Spans are the one thing in the format by which few bytes could claim much: two bytes may say a thousand million
buckets. So their lengths are added up and compared with the counts that really came before anything is made of them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hannun.model.errors import WireError
from hannun.model.histogram import CUSTOM_SCHEMA, SCHEMA_MAX, SCHEMA_MIN, Buckets, NativeHistogram, ResetHint, reduced
from hannun.model.metric import STALE_NAN_BITS

Span = tuple[int, int]
"""How many buckets are left out before it (of the first span: where it begins), and how many it has."""

RESET_HINTS: tuple[ResetHint, ...] = ("unknown", "reset", "no_reset", "gauge")
"""By their number in every format."""
SCHEMA_RESERVED_MAX = 52
"""Exponential schemas beyond ours are brought down to ours, as Prometheus does."""
INDEX_MAX = (1 << 31) - 1
BUCKETS_MAX = 1 << 16
"""Of one sign, and of spans too: more than real ones have by three orders."""

_MISMATCH = "histogram's observation count should equal the number of observations found in the buckets"
_TOO_SMALL = "histogram's observation count should be at least the number of observations found in the buckets"
_NEGATIVE = "histogram has a bucket whose observation count is negative"
_SPANS = "histogram spans specify different number of buckets than provided"


class BadHistogram(WireError):
    """One histogram that breaks a rule; what stands beside it may be fine."""


@dataclass(slots=True)
class RawSide:
    """Of one sign. Whole numbers come as `deltas` (the first from 0), floats as `counts`."""

    spans: list[Span] = field(default_factory=list)
    deltas: list[int] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)


@dataclass(slots=True)
class RawHistogram:
    """`floats`: the counts of its buckets are `counts`, not `deltas`. `hint` may be any number."""

    schema: int = 0
    count: float = 0.0
    sum_bits: int = 0
    zero_threshold: float = 0.0
    zero_count: float = 0.0
    floats: bool = False
    positive: RawSide = field(default_factory=RawSide)
    negative: RawSide = field(default_factory=RawSide)
    custom_values: list[float] = field(default_factory=list)
    hint: int = 0
    ts_ms: int = 0

    @property
    def told(self) -> int:
        """How many spans, counts and bounds it brought, empty ones too."""
        sides = (self.positive, self.negative)
        return sum(len(side.spans) + len(side.deltas) + len(side.counts) for side in sides) + len(self.custom_values)

    @property
    def is_stale(self) -> bool:
        """It marks the end of its series and says nothing else."""
        return self.sum_bits == STALE_NAN_BITS

    @property
    def sum(self) -> float:
        total: float = struct.unpack("<d", struct.pack("<Q", self.sum_bits))[0]
        return total


def checked(raw: RawHistogram) -> NativeHistogram:
    """Raises BadHistogram with Prometheus's words."""
    if raw.schema == CUSTOM_SCHEMA:
        _check_custom(raw)
    elif raw.schema > SCHEMA_RESERVED_MAX or raw.schema < SCHEMA_MIN:
        raise BadHistogram(
            f"histogram has an invalid schema {raw.schema}, which must be between {SCHEMA_MIN} and {SCHEMA_MAX} "
            f"for exponential buckets, or {CUSTOM_SCHEMA} for custom buckets"
        )
    elif raw.custom_values:
        raise BadHistogram("histogram with exponential schema must not have custom bounds")
    positive = _buckets(raw.positive, "positive side", floats=raw.floats)
    negative = _buckets(raw.negative, "negative side", floats=raw.floats)
    if raw.count < 0:
        raise BadHistogram(f"observation count is {raw.count}: histogram's observation count is negative")
    if raw.zero_count < 0:
        raise BadHistogram(f"zero bucket has observation count of {raw.zero_count}: {_NEGATIVE}")
    total = raw.sum
    if not raw.floats:  # Sums of floats are not exact.
        _check_count(raw, sum(positive.count) + sum(negative.count) + raw.zero_count, total)
    made = NativeHistogram(
        raw.schema,
        float(raw.count),
        total,
        raw.zero_threshold,
        float(raw.zero_count),
        positive,
        negative,
        tuple(raw.custom_values),
        RESET_HINTS[raw.hint] if 0 <= raw.hint < len(RESET_HINTS) else "unknown",
    )
    return reduced(made, SCHEMA_MAX)


def _check_custom(raw: RawHistogram) -> None:
    if raw.zero_count != 0:
        raise BadHistogram("custom buckets: must have zero count of 0")
    if raw.zero_threshold != 0:
        raise BadHistogram("custom buckets: must have zero threshold of 0")
    if raw.negative.spans:
        raise BadHistogram("custom buckets: must not have negative spans")
    if raw.negative.deltas or raw.negative.counts:
        raise BadHistogram("custom buckets: must not have negative buckets")
    before = -math.inf
    for number, bound in enumerate(raw.custom_values, 1):
        if not math.isfinite(bound):
            raise BadHistogram(
                f"custom buckets: bound number {number} is {bound}: histogram custom bounds must be finite"
            )
        if bound <= before:
            raise BadHistogram(
                f"custom buckets: bound number {number} is {bound} after {before}: "
                "histogram custom bounds must be in strictly increasing order"
            )
        before = bound
    covered = sum(offset + length for offset, length in raw.positive.spans)
    if raw.positive.spans and raw.positive.spans[0][0] < 0:
        raise BadHistogram("custom buckets: the first span begins before the first bucket")
    if len(raw.custom_values) + 1 < covered:
        raise BadHistogram(
            f"custom buckets: only {len(raw.custom_values)} custom bounds defined which is insufficient to cover "
            f"total span length of {covered}: histogram custom bounds are too few"
        )


def _buckets(side: RawSide, which: str, *, floats: bool) -> Buckets:
    """Those that are not empty. Raises BadHistogram."""
    given = len(side.counts) if floats else len(side.deltas)
    needed = 0
    for number, (offset, length) in enumerate(side.spans, 1):
        if offset < 0 and number > 1:
            words = "histogram has a span whose offset is negative"
            raise BadHistogram(f"{which}: span number {number} with offset {offset}: {words}")
        needed += length
    if needed != given:
        raise BadHistogram(f"{which}: spans need {needed} buckets, have {given} buckets: {_SPANS}")
    if not given:
        return Buckets()
    index: list[int] = []
    at = 0
    for offset, length in side.spans:
        at += offset
        index.extend(range(at, at + length))
        at += length
    if index[0] < -INDEX_MAX or index[-1] > INDEX_MAX:
        raise BadHistogram(f"{which}: a bucket with the index {index[0] if index[0] < 0 else index[-1]} cannot be")
    counts = side.counts if floats else _summed(side.deltas)
    for number, count in enumerate(counts, 1):
        if count < 0:
            raise BadHistogram(f"{which}: bucket number {number} has observation count of {count}: {_NEGATIVE}")
    held = [(place, count) for place, count in zip(index, counts, strict=True) if count != 0]
    return Buckets(tuple(place for place, _ in held), tuple(count for _, count in held))


def _summed(deltas: Iterable[int]) -> list[float]:
    counts: list[float] = []
    count = 0
    for delta in deltas:
        count += delta
        counts.append(float(count))
    return counts


def _check_count(raw: RawHistogram, found: float, total: float) -> None:
    if math.isnan(total):  # An observation of NaN is counted and lies in no bucket.
        if found > raw.count:
            raise BadHistogram(
                f"{found:.0f} observations found in buckets, but the Count field is {raw.count}: {_TOO_SMALL}"
            )
    elif found != raw.count:
        raise BadHistogram(
            f"{found:.0f} observations found in buckets, but the Count field is {raw.count}: {_MISMATCH} "
            "(in absence of NaN)"
        )


def spans_of(index: Sequence[int]) -> list[Span]:
    """The spans that hold exactly these buckets, ascending."""
    spans: list[Span] = []
    end = 0
    for place in index:
        if spans and place == end:
            spans[-1] = (spans[-1][0], spans[-1][1] + 1)
        else:
            spans.append((place - end, 1))
        end = place + 1
    return spans
