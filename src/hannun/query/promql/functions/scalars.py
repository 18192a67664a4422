"""Between scalars, vectors and time."""

from __future__ import annotations

import numpy as np

from hannun.query.promql.functions.call import FunctionCall
from hannun.query.promql.grid import Grid, Scalar
from hannun.query.promql.registry import SCALAR, VECTOR, promql
from hannun.query.promql.syntax import Once, Selector


@promql(
    "time", args=(), returns=SCALAR, per_step=True, en="Evaluation time in unix seconds.", ko="평가 시각(유닉스 초)."
)
def time(call: FunctionCall) -> Scalar:
    return Scalar(call.steps.seconds())


@promql("vector", args=(SCALAR,), en="The scalar as a vector without labels.", ko="스칼라를 라벨 없는 벡터로 바꿉니다.")
def vector(call: FunctionCall, scalar: Scalar) -> Grid:
    return scalar.as_grid()


@promql(
    "scalar",
    args=(VECTOR,),
    returns=SCALAR,
    en="The value of the only series; NaN when there is not exactly one.",
    ko="시계열이 하나일 때 그 값. 하나가 아니면 NaN입니다.",
)
def scalar(call: FunctionCall, grid: Grid) -> Scalar:
    if not len(grid):
        return Scalar(np.full(call.steps.count, np.nan))
    count = grid.present.sum(axis=0)
    row = np.argmax(grid.present, axis=0)
    return Scalar(np.where(count == 1, grid.values[row, np.arange(grid.steps)], np.nan))


@promql(
    "timestamp",
    args=(VECTOR,),
    per_step=True,
    lazy=True,
    en="Time of each sample in unix seconds; the evaluation time for computed values.",
    ko="각 표본의 시각(유닉스 초). 계산된 값이면 평가 시각입니다.",
)
def timestamp(call: FunctionCall) -> Grid:
    arg = call.arg(0)
    if isinstance(arg, Once):
        arg = arg.expr
    if isinstance(arg, Selector) and not arg.mode:
        grid, when = call.evaluator.instant(arg, wants_time=True)
        return Grid(grid.labels, when / 1000.0, grid.there, np.ones(len(grid), dtype=np.bool_))
    grid = call.evaluator.grid(call.node.args[0])
    call.evaluator.context.memory.hold(grid.cells)
    seconds = np.ascontiguousarray(np.broadcast_to(call.steps.seconds(), grid.values.shape))
    return Grid(grid.labels, seconds, grid.there, np.ones(len(grid), dtype=np.bool_))


@promql(
    "start_timestamp",
    args=(VECTOR,),
    experimental=True,
    en="Time since when each counter counts, in unix seconds; nothing where no sender told it.",
    ko="각 카운터가 세기 시작한 시각(유닉스 초). 보낸 쪽이 알려 주지 않았으면 결과가 없습니다.",
)
def start_timestamp(call: FunctionCall, grid: Grid) -> Grid:
    """Start times are not stored, and Prometheus answers with nothing too where its storage does not keep them."""
    return Grid.empty(grid.steps)


def _of_query(name: str, en: str, ko: str) -> None:
    @promql(name, args=(), returns=SCALAR, experimental=True, en=en, ko=ko)
    def run(call: FunctionCall) -> Scalar:
        asked = call.evaluator.context.asked
        edges = {
            "start": asked.start_ms / 1000,
            "end": asked.end_ms / 1000,
            "range": asked.range_s,
            "step": asked.step_s,
        }
        return Scalar(np.full(call.steps.count, edges[name]))


_of_query("start", "Start of the query in unix seconds.", "질의 시작 시각(유닉스 초).")
_of_query("end", "End of the query in unix seconds.", "질의 끝 시각(유닉스 초).")
_of_query("range", "Length of the query in seconds.", "질의 구간의 길이(초).")
_of_query("step", "Step of the query in seconds.", "질의 간격(초).")


def _of_two(name: str, en: str, ko: str) -> None:
    @promql(name, args=(SCALAR, SCALAR), returns=SCALAR, experimental=True, en=en, ko=ko)
    def run(call: FunctionCall, left: Scalar, right: Scalar) -> Scalar:
        choose = np.minimum if name == "min_of" else np.maximum
        return Scalar(choose(left.values, right.values))


_of_two("min_of", "The smaller of two scalars.", "두 스칼라 가운데 작은 값.")
_of_two("max_of", "The larger of two scalars.", "두 스칼라 가운데 큰 값.")
