"""CPU time of the PromQL kernels over 10k series × 6 h at 15 s, 361 steps of 60 s.

`python bench/promql_kernels.py` prints one row per expression: best of 5, CPU of this process, from columns in memory
to the answer (no store, no text), and the answer's text apart. The bar is the design's §10.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers
from hannun.model.metric import SeriesColumns
from hannun.query.promql import Answer, PromEngine
from hannun.query.promql.kernels import warm
from hannun.query.promql.render import data_json

SERIES, HOURS, EVERY_S, STEP_S = 10_000, 6, 15, 60
EXPRESSIONS = (
    "sum(rate(m_total[5m]))",
    "sum by (job) (rate(m_total[5m]))",
    "rate(m_total[5m])",
    "m_total",
    "sum(m_total)",
    "avg(avg_over_time(m_total[5m]))",
    "sum(max_over_time(m_total[1h]))",
    "sum(sum_over_time(m_total[1h]))",
    "sum(stddev_over_time(m_total[1h]))",
    "sum(count_over_time(m_total[1h]))",
    "sum(changes(m_total[1h]))",
    "quantile(0.95, rate(m_total[5m]))",
    "topk(10, rate(m_total[5m]))",
    "rate(m_total[5m]) / on (instance) m_total",
    "histogram_quantile(0.95, sum by (job, le) (rate(m_total[5m])))",
)


class Columns:
    """A reader that holds one metric."""

    def __init__(self, width: type) -> None:
        count = HOURS * 3600 // EVERY_S + 20
        rng = np.random.default_rng(1)
        step = rng.integers(0, 50, size=(SERIES, count))
        self.columns = SeriesColumns(
            tuple(
                Labels.of(__name__="m_total", instance=f"host-{i:05}", job=f"job-{i % 10}", le=str(2.0 ** (i % 12)))
                for i in range(SERIES)
            ),
            np.arange(SERIES + 1, dtype=np.int64) * count,
            0,
            np.tile(np.arange(count) * EVERY_S * 1000, SERIES).astype(width),
            np.cumsum(step, axis=1).astype(np.float64).ravel(),
        )

    def select(self, matchers: Matchers, start_ms: int, end_ms: int, budget: Budget) -> SeriesColumns:
        return self.columns


def best(work: Callable[[], object], times: int = 5) -> float:
    took = []
    for _ in range(times):
        before = time.process_time()
        work()
        took.append(time.process_time() - before)
    return min(took) * 1000


def main(arguments: Sequence[str]) -> None:
    warm()
    width = np.int64 if "--int64" in arguments else np.uint32
    engine = PromEngine(Columns(width))  # type: ignore[arg-type]
    print(f"{SERIES:,} series x {HOURS} h at {EVERY_S} s, step {STEP_S} s, ts {np.dtype(width)}; CPU ms, best of 5")
    for expr in EXPRESSIONS:
        print(row(engine, expr))


def row(engine: PromEngine, expr: str) -> str:
    start = 20 * EVERY_S * 1000

    def ask() -> Answer:
        return engine.range(expr, start, start + HOURS * 3_600_000, STEP_S * 1000, Budget(), explain=True)

    took = best(ask)
    answer = ask()
    text = best(lambda: data_json(answer), 1)
    assert answer.explain is not None
    steps = ", ".join(f"{step.step} {step.ms:.0f}" for step in answer.explain.steps)
    return f"{expr:64} {took:7.0f} ms   text {text:6.0f} ms   {steps}"


if __name__ == "__main__":
    main(sys.argv[1:])
