"""The stages of a log query as one object that takes a line and says what becomes of it.

This is the plain meaning of LogQL (Loki 3.8): SQL may answer a question faster, and never otherwise. Nothing here
raises for a line: what cannot be parsed, converted or formatted is marked with `__error__` and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hannun.query.logql.stages.registry import compile_stage
from hannun.query.logql.stages.state import Line, State
from hannun.query.logql.syntax import Stage

__all__ = ["Line", "Pipeline"]


class Pipeline:
    """Compiled stages. Holds caches: one thread at a time.

    Raises BadQuery (a regex, a pattern, a template, a JSON path or an address that cannot be used) in Loki's words.
    """

    __slots__ = ("_steps", "stages")

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = tuple(stages)
        self._steps = tuple(compile_stage(stage) for stage in self.stages)

    def run(self, line: str, labels: Mapping[str, str], metadata: Mapping[str, str], ts_ns: int) -> Line | None:
        """`labels`: of the stream, without empty values; neither mapping is changed. None: the line is filtered out."""
        state = self.state(line, labels, metadata, ts_ns)
        return None if state is None else state.finish()

    def state(self, line: str, labels: Mapping[str, str], metadata: Mapping[str, str], ts_ns: int) -> State | None:
        """As `run`, for who goes on with the line (`unwrap`)."""
        state = State(line, labels, metadata, ts_ns)
        for step in self._steps:
            if not step(state):
                return None
        return state
