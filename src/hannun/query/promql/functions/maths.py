"""Arithmetic of single values: rounding, clamping, powers and logarithms."""

from __future__ import annotations

import numpy as np

from hannun.model.metric import Floats
from hannun.query.promql.functions.call import FunctionCall, pointwise
from hannun.query.promql.grid import Grid, Scalar
from hannun.query.promql.registry import SCALAR, VECTOR, promql


@pointwise("abs", en="Absolute value.", ko="절댓값.")
def absolute(values: Floats) -> Floats:
    return np.abs(values)


@pointwise("ceil", en="Rounded up to a whole number.", ko="올림한 정수.")
def ceil(values: Floats) -> Floats:
    return np.ceil(values)


@pointwise("floor", en="Rounded down to a whole number.", ko="내림한 정수.")
def floor(values: Floats) -> Floats:
    return np.floor(values)


@pointwise(
    "round",
    args=(VECTOR, SCALAR),
    optional=1,
    en="Rounded to the nearest multiple (of 1), ties up.",
    ko="가장 가까운 배수(기본 1)로 반올림. 딱 가운데면 올립니다.",
)
def nearest(values: Floats, to: Floats | None = None) -> Floats:
    # Through the inverse, as Prometheus does: round(x, 0.1) keeps fewer rounding errors that way.
    inverse = 1.0 / (1.0 if to is None else to)
    return np.floor(values * inverse + 0.5) / inverse


@pointwise("exp", en="e to the power of the value.", ko="e의 거듭제곱.")
def exp(values: Floats) -> Floats:
    return np.exp(values)


@pointwise("sqrt", en="Square root.", ko="제곱근.")
def sqrt(values: Floats) -> Floats:
    return np.sqrt(values)


@pointwise("ln", en="Natural logarithm.", ko="자연로그.")
def ln(values: Floats) -> Floats:
    return np.log(values)


@pointwise("log2", en="Logarithm to base 2.", ko="밑이 2인 로그.")
def log2(values: Floats) -> Floats:
    return np.log2(values)


@pointwise("log10", en="Logarithm to base 10.", ko="상용로그.")
def log10(values: Floats) -> Floats:
    return np.log10(values)


@pointwise("sgn", en="-1, 0 or 1 by the sign; NaN stays.", ko="부호에 따라 -1, 0, 1. NaN은 그대로 둡니다.")
def sgn(values: Floats) -> Floats:
    return np.where(values < 0, -1.0, np.where(values > 0, 1.0, values))


@pointwise(
    "clamp_max",
    args=(VECTOR, SCALAR),
    en="Values above the limit become the limit.",
    ko="한계보다 큰 값은 한계로 바꿉니다.",
)
def clamp_max(values: Floats, most: Floats) -> Floats:
    return np.minimum(values, most)


@pointwise(
    "clamp_min",
    args=(VECTOR, SCALAR),
    en="Values below the limit become the limit.",
    ko="한계보다 작은 값은 한계로 바꿉니다.",
)
def clamp_min(values: Floats, least: Floats) -> Floats:
    return np.maximum(values, least)


@promql(
    "clamp",
    args=(VECTOR, SCALAR, SCALAR),
    en="Values forced between both limits; nothing when the limits cross.",
    ko="값을 두 한계 사이로 맞춥니다. 하한이 상한보다 크면 결과가 없습니다.",
)
def clamp(call: FunctionCall, grid: Grid, least: Scalar, most: Scalar) -> Grid:
    call.evaluator.context.memory.hold(grid.cells)
    values = np.maximum(np.minimum(grid.values, most.values[None, :]), least.values[None, :])
    crossed = most.values < least.values
    return Grid(grid.labels, values, grid.present & ~crossed[None, :], np.ones(len(grid), dtype=np.bool_))
