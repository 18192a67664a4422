"""`| unwrap label`: the number that a range aggregation takes from a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from hannun.gotemplate.go_numbers import parse_duration_ns, parse_float, parse_size
from hannun.query.logql.stages.label_filters import condition
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.stages.state import SAMPLE_ERROR, Line, State
from hannun.query.logql.syntax import Conversion, Unwrap


class Sample(NamedTuple):
    value: float
    line: Line
    """Its labels without the unwrapped one, unless the reading failed: then `__error__` is among them."""


class Unwrapper:
    """`run` of a pipeline with an unwrap behind it. Raises BadQuery as Pipeline does."""

    __slots__ = ("_filters", "_label", "_pipeline", "_read")

    def __init__(self, pipeline: Pipeline, unwrap: Unwrap) -> None:
        self._pipeline = pipeline
        self._label = unwrap.label
        self._read = reader(unwrap.conversion)
        self._filters = tuple(condition(each.condition) for each in unwrap.filters)

    def run(self, line: str, labels: Mapping[str, str], metadata: Mapping[str, str], ts_ns: int) -> Sample | None:
        """None: the line is filtered out, or has no such label, which is no error."""
        state = self._pipeline.state(line, labels, metadata, ts_ns)
        return None if state is None else self.sample(state)

    def sample(self, state: State) -> Sample | None:
        text = state.get(self._label)
        if not text:
            return None
        value = 0.0
        try:
            value = self._read(text)
        except ValueError as err:
            state.fail(SAMPLE_ERROR, str(err))
        for keeps in self._filters:
            if not keeps(state):
                return None
        # The value would make a series of its own for each number; a failed line keeps it to be found by.
        if not state.error:
            state.delete(self._label)
        return Sample(value, state.finish())


def reader(conversion: Conversion) -> Callable[[str], float]:
    """Text of a label -> number (bytes, seconds). It raises ValueError with Go's words."""
    match conversion:
        case "":
            return parse_float
        case "bytes":
            return lambda text: float(parse_size(text))
        case "duration" | "duration_seconds":
            return lambda text: parse_duration_ns(text) / 1e9
