"""What a function gets beside its arguments: its place in the query, the steps, and helpers for the usual shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hannun.model.errors import ExecutionError
from hannun.model.metric import Floats
from hannun.query.promql.grid import Bools, Grid, Scalar, String, Value, Windows
from hannun.query.promql.notes import Notes
from hannun.query.promql.registry import MATRIX, VECTOR, Run, promql
from hannun.query.promql.syntax import Call, Node, Type, without_parens

if TYPE_CHECKING:
    from hannun.query.promql.cells import Cells
    from hannun.query.promql.evaluate import Evaluator
    from hannun.query.promql.grid import Steps
    from hannun.query.promql.histograms.windows import OfWindow


class FunctionCall:
    """One call in one query."""

    def __init__(self, node: Call, evaluator: Evaluator) -> None:
        self.node = node
        self.evaluator = evaluator

    @property
    def steps(self) -> Steps:
        return self.evaluator.steps

    @property
    def notes(self) -> Notes:
        return self.evaluator.context.notes

    def arg(self, index: int) -> Node:
        """The argument as it was written, without parentheses."""
        return without_parens(self.node.args[index])

    def allocate(self, rows: int) -> tuple[Floats, Bools]:
        return self.evaluator.allocate(rows)

    def pieces(self, windows: Windows) -> Iterator[tuple[int, int]]:
        return self.evaluator.pieces(windows.offsets, self.steps.count)

    def of_windows(self, windows: Windows, values: Floats, present: Bools, *, keeps_name: bool = False) -> Grid:
        nameless = windows.nameless if keeps_name else np.ones(len(windows), dtype=np.bool_)
        return Grid(windows.labels, values, present, nameless)


class Fill:
    """Drives a kernel over slices of bounded work. Both ways return the mask of what was computed."""

    def __init__(self, call: FunctionCall, windows: Windows, out: Floats, present: Bools) -> None:
        self._evaluator = call.evaluator
        self._windows = windows
        self._out = out
        self._present = present

    def __call__(self, kernel: Callable[..., None], *options: Any) -> Bools:
        """For kernels of cost samples + steps: `(offsets, ts, value, first, last, ends, range_ms, *options, …)`."""
        w = self._windows
        for first, last in self._evaluator.pieces(w.offsets, len(w.ends)):
            kernel(
                w.offsets, w.ts, w.value, first, last, w.ends, w.range_ms, *options, self._out, self._present
            )  # fmt: skip
        return self._present

    def walking(self, kernel: Callable[..., None], *options: Any) -> Bools:
        """For kernels of cost steps × window: these take `first_step, last_step` behind `first, last` too."""
        w = self._windows
        for first, last, begin, end in self._evaluator.walking_pieces(w):
            kernel(
                w.offsets, w.ts, w.value, first, last, begin, end, w.ends, w.range_ms,
                *options, self._out, self._present,
            )  # fmt: skip
        return self._present


def pointwise(
    name: str,
    *,
    args: tuple[Type, ...] = (VECTOR,),
    en: str,
    ko: str,
    optional: int = 0,
    experimental: bool = False,
) -> Callable[[Run], Run]:
    """Make a function of arrays a PromQL function of each value: `f(values, *scalars)`.

    Missing optional scalars are left out of the call. Names are dropped, gaps stay gaps.
    """

    def register(run: Run) -> Run:
        def whole(call: FunctionCall, grid: Grid, *scalars: Scalar) -> Grid:
            call.evaluator.context.memory.hold(grid.cells)
            with np.errstate(all="ignore"):
                values = run(grid.values, *[scalar.values[None, :] for scalar in scalars])
            return Grid(grid.labels, np.asarray(values), grid.present, np.ones(len(grid), dtype=np.bool_))

        promql(name, args=args, en=en, ko=ko, optional=optional, experimental=experimental)(whole)
        return run

    return register


def over_windows(
    name: str,
    *,
    args: tuple[Type, ...] = (MATRIX,),
    en: str,
    ko: str,
    keeps_name: bool = False,
    experimental: bool = False,
    modes: tuple[str, ...] = (),
    per_step: bool = False,
    histograms: Callable[[], OfWindow] | None = None,
    after: Callable[[FunctionCall, Windows, Bools], None] | None = None,
) -> Callable[[Run], Run]:
    """Make `run(call, windows, fill, *others)` a range function; `fill` is a `Fill`.

    `histograms` hands out what the function comes to where a window holds native histograms; without it they are
    ignored, and the answer says so where a window holds at least one float too. `after` sees where floats came out.
    """

    def register(run: Run) -> Run:
        def whole(call: FunctionCall, *values: Any) -> Grid:
            at = args.index(MATRIX)
            windows: Windows = values[at]
            others = [value for index, value in enumerate(values) if index != at]
            refuse_mode(name, windows.mode, modes)
            out, present = call.allocate(len(windows))

            run(call, windows, Fill(call, windows, out, present), *others)
            cells = _of_runs(call, windows, out, present, at, histograms) if windows.runs else None
            if after is not None:
                after(call, windows, present)
            grid = call.of_windows(windows, out, present, keeps_name=keeps_name)
            return grid if cells is None else grid.with_histograms(cells)

        promql(
            name,
            args=args,
            en=en,
            ko=ko,
            keeps_name=keeps_name,
            per_step=per_step,
            experimental=experimental,
            by_series=True,
        )(whole)
        return run

    return register


def _of_runs(
    call: FunctionCall,
    windows: Windows,
    values: Floats,
    present: Bools,
    at: int,
    histograms: Callable[[], OfWindow] | None,
) -> Cells | None:
    from hannun.query.promql.histograms.windows import note_ignored, over_runs

    if histograms is not None:
        return over_runs(call, windows, values, present, histograms(), at).some()
    note_ignored(call, windows, at)
    return None


ANCHORED_SAFE = ("changes", "delta", "increase", "rate", "resets")
SMOOTHED_SAFE = ("delta", "increase", "rate")


def refuse_mode(name: str, mode: str, modes: tuple[str, ...]) -> None:
    """Raises ExecutionError where `anchored` or `smoothed` has no meaning."""
    if mode and mode not in modes:
        safe = ANCHORED_SAFE if mode == "anchored" else SMOOTHED_SAFE
        raise ExecutionError(f"{mode} modifier can only be used with: {', '.join(safe)} - not with {name}")


def text(value: Value) -> str:
    assert isinstance(value, String)
    return value.value


def scalars(values: Sequence[Scalar]) -> list[Floats]:
    return [value.values for value in values]
