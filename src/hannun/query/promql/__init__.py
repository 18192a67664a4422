"""PromQL, Prometheus 3.x: parse -> plan -> rewrites -> columns -> compiled kernels on series × steps -> answer.

`PromEngine` answers questions; `check` only reads them. numba is imported when the first question is answered.
"""

from __future__ import annotations

from hannun.query.promql.answer import Answer, Explain, RawSamples, Stats
from hannun.query.promql.engine import PromEngine, check, prepare
from hannun.query.promql.registry import AGGREGATIONS, FUNCTIONS

__all__ = ["AGGREGATIONS", "FUNCTIONS", "Answer", "Explain", "PromEngine", "RawSamples", "Stats", "check", "prepare"]
