"""Trigonometry, in radians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hannun.model.metric import Floats
from hannun.query.promql.functions.call import FunctionCall, pointwise
from hannun.query.promql.grid import Scalar
from hannun.query.promql.registry import SCALAR, promql

_PLAIN: tuple[tuple[str, Callable[[Any], Any], str, str], ...] = (
    ("sin", np.sin, "Sine.", "사인."),
    ("cos", np.cos, "Cosine.", "코사인."),
    ("tan", np.tan, "Tangent.", "탄젠트."),
    ("asin", np.arcsin, "Arcsine.", "아크사인."),
    ("acos", np.arccos, "Arccosine.", "아크코사인."),
    ("atan", np.arctan, "Arctangent.", "아크탄젠트."),
    ("sinh", np.sinh, "Hyperbolic sine.", "쌍곡사인."),
    ("cosh", np.cosh, "Hyperbolic cosine.", "쌍곡코사인."),
    ("tanh", np.tanh, "Hyperbolic tangent.", "쌍곡탄젠트."),
    ("asinh", np.arcsinh, "Inverse hyperbolic sine.", "역쌍곡사인."),
    ("acosh", np.arccosh, "Inverse hyperbolic cosine.", "역쌍곡코사인."),
    ("atanh", np.arctanh, "Inverse hyperbolic tangent.", "역쌍곡탄젠트."),
)
for _name, _run, _en, _ko in _PLAIN:
    pointwise(_name, en=_en, ko=_ko)(_run)


@pointwise("rad", en="Degrees to radians.", ko="도를 라디안으로 바꿉니다.")
def rad(values: Floats) -> Floats:
    return values * np.pi / 180


@pointwise("deg", en="Radians to degrees.", ko="라디안을 도로 바꿉니다.")
def deg(values: Floats) -> Floats:
    return values * 180 / np.pi


@promql("pi", args=(), returns=SCALAR, en="The number π.", ko="원주율 π.")
def pi(call: FunctionCall) -> Scalar:
    return Scalar(np.full(call.steps.count, np.pi))
