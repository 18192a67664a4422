"""Classic histograms, whose buckets are series with an `le` label, and native ones, which are samples.

What both have in common is asked of both at once; where a series and buckets of its name meet, neither is believed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hannun.model.histogram import NativeHistogram
from hannun.model.labels import Labels
from hannun.model.metric import Floats, Ints
from hannun.query.promql.cells import Cells
from hannun.query.promql.functions.call import FunctionCall, text
from hannun.query.promql.functions.over_time import warn_quantile
from hannun.query.promql.grid import Bools, Grid, Scalar, String
from hannun.query.promql.lexer import go_quote
from hannun.query.promql.literal import go_parse_float
from hannun.query.promql.names import joined
from hannun.query.promql.numbers import go_general, open_metrics_float
from hannun.query.promql.position import Span
from hannun.query.promql.registry import SCALAR, STRING, VECTOR, promql

if TYPE_CHECKING:
    from hannun.query.promql.histograms.readings import Natives

MONOTONIC = (
    "input to histogram_quantile needed to be fixed for monotonicity "
    "(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
)


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Bucket series ordered by histogram and bound: those of histogram g are rows `[starts[g], starts[g+1])`."""

    labels: tuple[Labels, ...]
    values: Floats
    present: Bools
    bounds: Floats
    starts: Ints

    @staticmethod
    def of(call: FunctionCall, grid: Grid, span: Span) -> Buckets:
        """Groups by all labels but `le`; a series whose `le` is no number is left out with a warning."""
        groups: dict[Labels, list[tuple[float, int]]] = {}
        for row, labels in enumerate(grid.labels):
            le = labels.get("le")
            bound = go_parse_float(le)
            if bound is None:
                name = f" for metric name {go_quote(labels.metric)}" if labels.metric else ""
                words = f'bucket label "le" is missing or has a malformed value of {go_quote(le)}{name}'
                call.notes.warn(words, span)
                continue
            groups.setdefault(labels.without(("le",)), []).append((bound, row))
        rows: list[int] = []
        bounds: list[float] = []
        starts = [0]
        for buckets in groups.values():
            buckets.sort()
            rows.extend(row for _, row in buckets)
            bounds.extend(bound for bound, _ in buckets)
            starts.append(len(rows))
        order = np.array(rows, dtype=np.int64)
        return Buckets(
            tuple(groups), grid.values[order], grid.present[order], np.array(bounds), np.array(starts, dtype=np.int64)
        )

    def __len__(self) -> int:
        return len(self.labels)


def _both(call: FunctionCall, grid: Grid, span: Span) -> tuple[Buckets, Natives | None]:
    """Classic and native histograms of one vector, without the steps at which they are the same series."""
    if grid.histograms is None:
        return Buckets.of(call, grid, span), None
    from hannun.query.promql.histograms.readings import Natives
    from hannun.query.promql.histograms.words import MIXED_CLASSIC, of_metric

    natives = Natives.of(grid)
    assert natives is not None
    buckets = Buckets.of(call, grid.floats().without_empty(), span)
    classic = {labels: at for at, labels in enumerate(buckets.labels)}
    there = natives.cells.there.copy()
    for row, labels in enumerate(natives.labels):
        if labels not in classic:
            continue
        at = classic[labels]
        rows = slice(int(buckets.starts[at]), int(buckets.starts[at + 1]))
        clash = there[row] & buckets.present[rows].any(axis=0)
        if clash.any():
            call.notes.warn(of_metric(MIXED_CLASSIC, labels.metric), span)
            there[row] &= ~clash
            buckets.present[rows] &= ~clash
    return buckets, Natives(natives.labels, Cells(natives.cells.value, there))


def _quantiles(call: FunctionCall, buckets: Buckets, q: Floats, span: Span) -> Grid:
    from hannun.query.promql.kernels.buckets import bucket_quantiles

    out, there = call.allocate(len(buckets))
    forced = np.zeros(out.shape, dtype=np.bool_)
    where = np.tile(np.array([np.inf, -np.inf, 0.0]), (len(buckets), 1))
    for first, last in call.evaluator.pieces(buckets.starts * call.steps.count, call.steps.count):
        bucket_quantiles(
            buckets.values, buckets.present, buckets.bounds, buckets.starts, first, last, q, out, there, forced, where
        )
    _note_forced(call, buckets, forced, where, span)
    return Grid(buckets.labels, out, there, np.ones(len(buckets), dtype=np.bool_))


def _note_forced(call: FunctionCall, buckets: Buckets, forced: Bools, where: Floats, span: Span) -> None:
    """Once for each metric: which buckets, by how much, how often and from when to when."""
    by_name: dict[str, list[int]] = {}
    for row in np.flatnonzero(forced.any(axis=1)).tolist():
        by_name.setdefault(buckets.labels[row].metric, []).append(row)
    for name, rows in by_name.items():
        steps = call.steps.times()[forced[rows].any(axis=0)] // 1000
        first, last = (f"{np.datetime64(at, 's')}Z" for at in (int(steps[0]), int(steps[-1])))
        low, high = go_general(float(where[rows, 0].min())), go_general(float(where[rows, 1].max()))
        words = MONOTONIC + (f" for metric name {go_quote(name)}" if name else "")
        words += f", from buckets {low} to {high}, with a max diff of {where[rows, 2].max():.2g}"
        call.notes.info(f"{words}, over {int(forced[rows].sum())} samples from {first} to {last}", span)


@promql(
    "histogram_quantile",
    args=(SCALAR, VECTOR),
    en="The φ-quantile of each histogram, linear inside its bucket.",
    ko="히스토그램마다 φ 분위수. 버킷 안에서는 고르게 퍼져 있다고 봅니다.",
)
def histogram_quantile(call: FunctionCall, q: Scalar, grid: Grid) -> Grid:
    warn_quantile(call, q.values, call.node.args[0].span)
    span = call.node.args[1].span
    buckets, natives = _both(call, grid, span)
    found = _quantiles(call, buckets, q.values, span)
    return found if natives is None else Grid.together((natives.quantiles(call, q, call.node.args[0].span), found))


@promql(
    "histogram_quantiles",
    args=(VECTOR, STRING, SCALAR),
    most=12,
    experimental=True,
    en="Several quantiles of each histogram at once, told apart by a label.",
    ko="히스토그램마다 여러 분위수를 한꺼번에. 지정한 라벨로 구분합니다.",
)
def histogram_quantiles(call: FunctionCall, grid: Grid, name: String, *quantiles: Scalar) -> Grid:
    span = call.node.args[0].span
    buckets, natives = _both(call, grid, span)
    label = text(name)
    grids: list[Grid] = []
    for index, q in enumerate(quantiles):
        warn_quantile(call, q.values, call.node.args[2 + index].span)
        found = _quantiles(call, buckets, q.values, span)
        if natives is not None:
            found = Grid.together((natives.quantiles(call, q, span), found))
        for value in np.unique(q.values).tolist():
            at = np.isnan(q.values) if math.isnan(value) else q.values == value
            shown = tuple([labels.set(label, open_metrics_float(value)) for labels in found.labels])
            grids.append(Grid(shown, found.values, found.present & at[None, :], found.nameless))
    return joined(Grid.together(grids).without_empty())


@promql(
    "histogram_fraction",
    args=(SCALAR, SCALAR, VECTOR),
    en="Share of a histogram's observations between two values.",
    ko="히스토그램의 관측값 가운데 두 값 사이에 든 비율.",
)
def histogram_fraction(call: FunctionCall, lower: Scalar, upper: Scalar, grid: Grid) -> Grid:
    from hannun.query.promql.kernels.buckets import bucket_fractions

    buckets, natives = _both(call, grid, call.node.args[2].span)
    out, there = call.allocate(len(buckets))
    for first, last in call.evaluator.pieces(buckets.starts * call.steps.count, call.steps.count):
        bucket_fractions(
            buckets.values, buckets.present, buckets.bounds, buckets.starts, first, last,
            lower.values, upper.values, out, there,
        )  # fmt: skip
    found = Grid(buckets.labels, out, there, np.ones(len(buckets), dtype=np.bool_))
    if natives is None:
        return found
    return Grid.together((natives.shares(call, lower, upper, call.node.args[0].span), found))


def _reading(name: str, of: Callable[[NativeHistogram], float], en: str, ko: str) -> None:
    @promql(name, args=(VECTOR,), en=en, ko=ko)
    def run(call: FunctionCall, grid: Grid) -> Grid:
        """Floats have no count or sum of their own: nothing comes out, as in Prometheus."""
        from hannun.query.promql.histograms.readings import read_each

        return read_each(call, grid, of)


def _average(histogram: NativeHistogram) -> float:
    from hannun.query.promql.histograms.quantile import average

    return average(histogram)


def _variance(histogram: NativeHistogram) -> float:
    from hannun.query.promql.histograms.quantile import variance

    return variance(histogram)


def _deviation(histogram: NativeHistogram) -> float:
    found = _variance(histogram)
    return math.sqrt(found) if found >= 0 else math.nan


_reading(
    "histogram_count",
    lambda found: found.count,
    "Observations of a native histogram.",
    "네이티브 히스토그램의 관측 횟수.",
)
_reading("histogram_sum", lambda found: found.sum, "Sum of a native histogram.", "네이티브 히스토그램의 합.")
_reading("histogram_avg", _average, "Mean of a native histogram.", "네이티브 히스토그램의 평균.")
_reading(
    "histogram_stddev",
    _deviation,
    "Estimated standard deviation of a native histogram.",
    "네이티브 히스토그램의 표준편차 추정값.",
)
_reading(
    "histogram_stdvar", _variance, "Estimated variance of a native histogram.", "네이티브 히스토그램의 분산 추정값."
)
