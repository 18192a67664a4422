"""Aggregations that need a group's values in order: topk, bottomk, limitk, limit_ratio, quantile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hannun.model.errors import ExecutionError
from hannun.model.labels import Labels
from hannun.model.metric import Floats, Ids, Ints
from hannun.query.promql.aggregations.grouping import Grouping
from hannun.query.promql.grid import Grid, Scalar
from hannun.query.promql.numbers import go_general
from hannun.query.promql.position import NOWHERE, Span
from hannun.query.promql.registry import SCALAR, aggregation

TOP, BOTTOM, LIMIT = 0, 1, 2
INT64_MAX = float(2**63)
CELLS_PER_PIECE = 2_000_000


def _members(grouping: Grouping) -> tuple[Ints, Ints]:
    """Rows by group, in input order, and where each group starts."""
    order = np.argsort(grouping.group, kind="stable")
    sizes = np.bincount(grouping.group, minlength=len(grouping.labels))
    return order, np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)))


def _step_pieces(grouping: Grouping) -> list[tuple[int, int]]:
    size = max(CELLS_PER_PIECE // max(len(grouping.grid), 1), 1)
    steps = grouping.grid.steps
    return [(first, min(first + size, steps)) for first in range(0, steps, size)]


def _wanted(param: Scalar) -> Ints:
    """How many per step. Raises ExecutionError as Prometheus does; all below one is simply nothing."""
    k = param.values
    if np.isnan(k).any():
        raise ExecutionError("Parameter value is NaN")
    if len(k) and k.min() <= -INT64_MAX:
        raise ExecutionError(f"Scalar value {go_general(float(k.min()))} underflows int64")
    if len(k) and k.max() >= INT64_MAX:
        raise ExecutionError(f"Scalar value {go_general(float(k.max()))} overflows int64")
    return k.astype(np.int64)


def _select(grouping: Grouping, param: Scalar, op: int) -> Grid:
    from hannun.query.promql.kernels.selecting import select_rows

    grid = grouping.grid
    k = param.values
    if not len(grid) or (not np.isnan(k).any() and k.max(initial=0.0) < 1):
        return Grid.empty(grid.steps)
    if grid.histograms is not None and op != LIMIT:
        _note_ignored(grouping)
        grid = grid.floats()
        grouping = replace(grouping, grid=grid)
    wanted = _wanted(param)
    order, starts = _members(grouping)
    grouping.evaluator.context.memory.hold(grid.cells)
    there, kept = grid.there, np.zeros(grid.values.shape, dtype=np.bool_)
    for first, last in _step_pieces(grouping):
        grouping.evaluator.context.budget.check()
        select_rows(grid.values, there, order, starts, first, last, wanted, op, kept)
    chosen = grid.where(kept)
    return _ranked(grouping, chosen, op) if grid.steps == 1 else chosen


def _note_ignored(grouping: Grouping) -> None:
    from hannun.query.promql.histograms.aggregate import note_ignored

    note_ignored(grouping)


def _ranked(grouping: Grouping, grid: Grid, op: int) -> Grid:
    """An instant result comes group by group, best first, NaN last."""
    rows = np.flatnonzero(grid.there[:, 0])
    values = grid.values[rows, 0]
    group = grouping.group[rows]
    if op == LIMIT:
        return grid.take(rows[np.argsort(group, kind="stable")])
    sign = -1.0 if op == TOP else 1.0
    return grid.take(rows[np.lexsort((sign * values, group))])


def _selection(name: str, op: int, en: str, ko: str, *, experimental: bool = False) -> None:
    @aggregation(name, param=SCALAR, keeps_series=True, experimental=experimental, en=en, ko=ko)
    def run(grouping: Grouping, param: Scalar) -> Grid:
        return _select(grouping, param, op)


_selection("topk", TOP, "The k largest series of each group.", "그룹마다 값이 가장 큰 시계열 k개.")
_selection("bottomk", BOTTOM, "The k smallest series of each group.", "그룹마다 값이 가장 작은 시계열 k개.")
_selection("limitk", LIMIT, "Any k series of each group.", "그룹마다 시계열 아무 k개.", experimental=True)


@aggregation(
    "limit_ratio",
    param=SCALAR,
    keeps_series=True,
    experimental=True,
    en="A share of the series, the same ones every time; -r are those that 1-r leaves out.",
    ko="시계열의 일정 비율. 늘 같은 것이 뽑히며, -r은 1-r이 빼놓은 쪽입니다.",
)
def limit_ratio(grouping: Grouping, param: Scalar) -> Grid:
    grid, r = grouping.grid, param.values
    if np.isnan(r).any():
        raise ExecutionError("Ratio value is NaN")
    span = _param_span(grouping)
    for limit, beyond in ((1.0, r.max(initial=0.0) > 1.0), (-1.0, r.min(initial=0.0) < -1.0)):
        if beyond:
            got = float(r.max() if limit > 0 else r.min())
            words = f"ratio value should be between -1 and 1, got {go_general(got)}, capping to {go_general(limit)}"
            grouping.evaluator.context.notes.warn(words, span)
    if not len(grid):
        return grid
    share = np.clip(r, -1.0, 1.0)[None, :]
    place = _hashes(grid.labels).astype(np.float64)[:, None] / float(2**64)
    kept = np.where(share >= 0, place < share, place >= 1.0 + share)
    return grid.where(kept)


def _hashes(series: tuple[Labels, ...]) -> Ids:
    """The hash by which Prometheus itself puts series in or out, so that both keep the same ones."""
    from hannun.query.promql.kernels.hashing import xxh64

    texts = [b"".join([_sized(name) + _sized(value) for name, value in labels]) for labels in series]
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum([len(text) for text in texts], dtype=np.int64)))
    out = np.empty(len(texts), np.uint64)
    xxh64(np.frombuffer(b"".join(texts) or b"\0", np.uint8), starts, out)
    return out


def _sized(text: str) -> bytes:
    """As Prometheus lays label sets out in memory: a length of one byte, or 255 and three, before each string."""
    data = text.encode("utf-8", "surrogatepass")
    return (bytes((len(data),)) if len(data) < 255 else b"\xff" + len(data).to_bytes(3, "little")) + data


@aggregation("quantile", param=SCALAR, en="The φ-quantile over the group.", ko="그룹의 φ 분위수.")
def quantile(grouping: Grouping, param: Scalar) -> Grid:
    from hannun.query.promql.kernels.selecting import group_quantiles

    q = param.values
    _warn_quantile(grouping, q)
    if grouping.grid.histograms is not None:
        _note_ignored(grouping)
    grid = grouping.grid
    if not len(grid):
        return Grid.empty(grid.steps)
    order, starts = _members(grouping)
    out, there = grouping.evaluator.allocate(len(grouping.labels))
    for first, last in _step_pieces(grouping):
        grouping.evaluator.context.budget.check()
        group_quantiles(grid.values, grid.present, order, starts, first, last, q, out, there)
    return Grid(grouping.labels, out, there, grouping.nameless)


def _param_span(grouping: Grouping) -> Span:
    return NOWHERE if grouping.node.param is None else grouping.node.param.span


def _warn_quantile(grouping: Grouping, q: Floats) -> None:
    span = _param_span(grouping)
    wrong: list[float] = []
    if np.isnan(q).any():
        wrong.append(float("nan"))
    if len(q) and np.nanmax(q, initial=0.0) > 1:
        wrong.append(float(np.nanmax(q)))
    if len(q) and np.nanmin(q, initial=0.0) < 0:
        wrong.append(float(np.nanmin(q)))
    for value in wrong:
        words = f"quantile value should be between 0 and 1, got {go_general(value)}"
        grouping.evaluator.context.notes.warn(words, span)
