"""The binary operators on numbers as Loki computes them: PromQL's, except that dividing by zero gives NaN."""

from __future__ import annotations

import numpy as np

from hannun.model.metric import Floats
from hannun.query.promql.grid import Bools
from hannun.query.promql.operators import arithmetic
from hannun.query.promql.operators.arithmetic import ARITHMETIC, COMPARE

__all__ = ["ARITHMETIC", "COMPARE", "calculate", "compare", "fold"]


def calculate(op: str, left: Floats, right: Floats) -> Floats:
    """`op` of ARITHMETIC, element by element."""
    found = arithmetic.calculate(op, left, right)
    return np.where(right == 0, np.nan, found) if op in ("/", "%") else found


def compare(op: str, left: Floats, right: Floats) -> Bools:
    """`op` of COMPARE, element by element."""
    return arithmetic.compare(op, left, right)


def fold(op: str, left: float, right: float) -> float:
    """Two literals with an operator between them; a comparison gives 1 or 0."""
    pair = np.array([left]), np.array([right])
    return float((calculate if op in ARITHMETIC else compare)(op, *pair)[0])
