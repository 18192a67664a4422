"""Native histograms in promqltest scripts: `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`, single, in series, of buckets.

`of_classic` makes what `load_with_nhcb` stores beside classic histograms: the same buckets with custom boundaries.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from hannun.model.histogram import CUSTOM_SCHEMA, Buckets, NativeHistogram, ResetHint
from hannun.model.labels import METRIC_NAME, Labels
from hannun.query.promql.histograms.algebra import add, subtract
from hannun.query.promql.histograms.text import as_json
from hannun.query.promql.literal import go_parse_float

_FIELD = re.compile(r"(?P<name>\w+):(?:\[(?P<list>[^\]]*)\]|(?P<value>[^\s\[\]]+))")
_SERIES = re.compile(
    r"(?P<first>\{\{[^{}]*\}\})(?:(?P<sign>[+-])(?P<each>\{\{[^{}]*\}\}))?(?:x(?P<times>\d+))?(?=\s|$)"
)
Values = tuple[NativeHistogram | None, ...]
Points = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A histogram as the HTTP API shows it: buckets as (which edges belong to it, lower, upper, count), ascending."""

    count: float
    sum: float
    buckets: tuple[tuple[int, float, float, float], ...]

    @staticmethod
    def of(histogram: NativeHistogram) -> Shown:
        return Shown.read(json.loads(as_json(histogram)))

    @staticmethod
    def read(told: Mapping[str, Any]) -> Shown:
        """Out of the API's JSON."""
        buckets = [
            (int(edges), float(lower), float(upper), float(count))
            for edges, lower, upper, count in told.get("buckets", ())
        ]
        return Shown(float(told["count"]), float(told["sum"]), tuple(buckets))


def read_histogram(text: str) -> NativeHistogram:
    """One `{{…}}`. Raises ValueError at a field that is unknown."""
    inside = text.strip().removeprefix("{{").removesuffix("}}")
    single: dict[str, str] = {}
    lists: dict[str, list[float]] = {}
    for found in _FIELD.finditer(inside):
        if found["list"] is None:
            single[found["name"]] = found["value"]
        else:
            lists[found["name"]] = [float(word) for word in found["list"].split()]
    if rest := _FIELD.sub("", inside).strip():
        raise ValueError(f"cannot read {rest!r} in {text!r}")
    known = {"schema", "sum", "count", "z_bucket", "z_bucket_w", "offset", "n_offset", "counter_reset_hint"}
    if unknown := (single.keys() - known) | (lists.keys() - {"buckets", "n_buckets", "custom_values"}):
        raise ValueError(f"unknown field {min(unknown)!r} in {text!r}")
    return NativeHistogram(
        int(single.get("schema", 0)),
        float(single.get("count", 0)),
        float(single.get("sum", 0)),
        float(single.get("z_bucket_w", 0)),
        float(single.get("z_bucket", 0)),
        _buckets(int(single.get("offset", 0)), lists.get("buckets", [])),
        _buckets(int(single.get("n_offset", 0)), lists.get("n_buckets", [])),
        tuple(lists.get("custom_values", ())),
        _hint(single.get("counter_reset_hint", "unknown")),
    )


def _hint(word: str) -> ResetHint:
    for hint in get_args(ResetHint):
        known: ResetHint = hint
        if known == word:
            return known
    raise ValueError(f"unknown counter reset hint {word!r}")


def _buckets(offset: int, counts: Sequence[float]) -> Buckets:
    pairs = [(offset + at, count) for at, count in enumerate(counts) if count != 0]
    return Buckets(tuple(index for index, _ in pairs), tuple(count for _, count in pairs))


def read_series(found: re.Match[str]) -> Values:
    """`{{…}}+{{…}}x3`, as `next_series` found it -> one histogram per step."""
    value = read_histogram(found["first"])
    times = int(found["times"] or 0)
    if found["each"] is None:
        return (value,) * (times + 1)
    each, combine = read_histogram(found["each"]), add if found["sign"] == "+" else subtract
    out = [value]
    for _ in range(times):
        out.append(combine(out[-1], each).histogram)
    return tuple(out)


def next_series(text: str) -> re.Match[str] | None:
    """The histograms that `text` begins with."""
    return _SERIES.match(text)


def of_classic(series: Iterable[tuple[Labels, Points]]) -> list[tuple[Labels, Values]]:
    """Histograms with custom buckets out of `_bucket`, `_count` and `_sum` series, step by step."""
    by_base: dict[Labels, list[tuple[str, float, Points]]] = {}
    for labels, values in series:
        for suffix in ("_bucket", "_count", "_sum"):
            le = go_parse_float(labels.get("le"))
            if not labels.metric.endswith(suffix) or (suffix == "_bucket" and le is None):
                continue
            base = labels.without(("le",)).set(METRIC_NAME, labels.metric.removesuffix(suffix))
            by_base.setdefault(base, []).append((suffix, math.inf if le is None else le, values))
    out: list[tuple[Labels, Values]] = []
    for base, parts in by_base.items():
        steps = max(len(values) for _, _, values in parts)
        out.append((base, tuple(_classic_at(parts, step) for step in range(steps))))
    return out


def _classic_at(parts: Sequence[tuple[str, float, Points]], step: int) -> NativeHistogram | None:
    """The histogram at one step; None where nothing was seen."""
    seen = [
        (suffix, le, value)
        for suffix, le, values in parts
        if step < len(values) and (value := values[step]) is not None and not math.isnan(value)
    ]
    if not seen:
        return None
    cumulative: dict[float, float] = {}
    for suffix, le, value in seen:
        if suffix == "_bucket":
            cumulative.setdefault(le, value)
    bounds = sorted(cumulative)
    count = next((value for suffix, _, value in seen if suffix == "_count"), None)
    if count is None:
        count = cumulative[bounds[-1]] if bounds else 0.0
    cumulative.setdefault(math.inf, count)
    bounds = sorted(cumulative)
    counts = [cumulative[bound] for bound in bounds]
    differences = [now - before for before, now in zip([0.0, *counts], counts, strict=False)]
    total = next((value for suffix, _, value in seen if suffix == "_sum"), 0.0)
    return NativeHistogram(
        CUSTOM_SCHEMA, count, total, positive=_buckets(0, differences), custom_values=tuple(bounds[:-1])
    )
