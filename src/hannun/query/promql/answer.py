"""What a PromQL question comes back with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from hannun.model.labels import Labels
from hannun.model.metric import Floats, Ints
from hannun.query.promql.grid import Bools


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
    """The samples of an instant query for a range vector: series i has `[offsets[i], offsets[i+1])`; ts in ms."""

    offsets: Ints
    ts_ms: Ints
    value: Floats


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
    raw: RawSamples | None = None
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    truncated: bool = False
    stats: Stats = Stats()
    explain: Explain | None = None
