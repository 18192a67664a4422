"""What a PromQL question comes back with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from hannun.model.labels import Labels
from hannun.model.metric import Floats, Ints
from hannun.query.promql.cells import Cells
from hannun.query.promql.grid import Bools, Run


@dataclass(frozen=True, slots=True)
class Took:
    """One step of the work: `rows` are output series."""

    step: str
    ms: float
    rows: int


@dataclass(frozen=True, slots=True)
class Explain:
    """How the answer came about: the plan as text, which rewrites changed it, the SQL that was run, the cost."""

    plan: str
    rewrites: tuple[str, ...]
    sql: tuple[str, ...]
    rows_read: int
    series_read: int
    steps: tuple[Took, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RawSamples:
    """The samples of an instant query for a range vector: series i has `[offsets[i], offsets[i+1])`; ts in ms.

    `runs`: histograms of those series that have any, their times in ms since 1970.
    """

    offsets: Ints
    ts_ms: Ints
    value: Floats
    runs: Mapping[int, Run] = field(default_factory=dict)

    @property
    def histograms(self) -> int:
        return sum(len(run.value) for run in self.runs.values())


@dataclass(frozen=True, slots=True)
class Stats:
    """`samples`: raw samples looked at; `peak`: the most values held in memory at once."""

    samples: int = 0
    peak: int = 0
    prepare_s: float = 0.0
    evaluate_s: float = 0.0
    sort_s: float = 0.0


def _no_values() -> Floats:
    return np.empty((0, 0))


def _no_present() -> Bools:
    return np.empty((0, 0), dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """`values` and `present` are (series × steps); step k is at `start_ms + k * step_ms`. NaN is a value.

    `histograms` stand where `present` is False; None where there are none.
    vector: one step. scalar: one series without labels, one step. string: `text`. matrix: a range query's grid, or
    `raw` for an instant query of a range vector.
    """

    kind: Literal["vector", "matrix", "scalar", "string"]
    labels: tuple[Labels, ...] = ()
    start_ms: int = 0
    step_ms: int = 0
    steps: int = 0
    values: Floats = field(default_factory=_no_values)
    present: Bools = field(default_factory=_no_present)
    text: str = ""
    histograms: Cells | None = None
    raw: RawSamples | None = None
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    truncated: bool = False
    stats: Stats = Stats()
    explain: Explain | None = None

    def rows(self, some: slice) -> Answer:
        """Those series alone of an answer that is not `raw`."""
        return replace(
            self,
            labels=self.labels[some],
            values=self.values[some],
            present=self.present[some],
            histograms=None if self.histograms is None else self.histograms.take(some),
        )
