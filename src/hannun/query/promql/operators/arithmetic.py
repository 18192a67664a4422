"""The operators on numbers, element by element, with Go's floating-point rules (which are C's)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hannun.model.metric import Floats
from hannun.query.promql.grid import Bools

ARITHMETIC: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARE: dict[str, Callable[[Floats, Floats], Bools]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def calculate(op: str, left: Floats, right: Floats) -> Floats:
    """Division by zero and overflow are answers here (Inf, NaN), not faults."""
    with np.errstate(all="ignore"):
        return ARITHMETIC[op](left, right)


def compare(op: str, left: Floats, right: Floats) -> Bools:
    with np.errstate(all="ignore"):
        return COMPARE[op](left, right)
