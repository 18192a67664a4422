"""The stages of one job as one object. One per target, used by one thread at a time: stages remember lines."""

from __future__ import annotations

from collections.abc import Sequence

from hannun.model.stage import StageSpec
from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.registry import Simple, Stage, build


class Pipeline:
    """`run` each line, `flush` now and then (a joined line waits for what belongs to it), `close` at the end."""

    __slots__ = ("_stages",)

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = tuple(stages)

    @classmethod
    def of(cls, specs: Sequence[StageSpec], context: Context) -> Pipeline:
        """Raises ConfigError with `file:line` for a stage that cannot be meant."""
        return cls([build(spec, context) for spec in specs])

    @property
    def waits(self) -> bool:
        """Whether any stage may hold a line back, so that `flush` is worth calling."""
        return any(not isinstance(stage, Simple) for stage in self._stages)

    @property
    def holds(self) -> bool:
        """Whether a line waits for what belongs to it: who forgets it now must read it again."""
        return any(stage.holds for stage in self._stages)

    def run(self, entry: Entry) -> list[Entry]:
        """What comes out for this line, in order. Never raises for a line."""
        extracted = entry.extracted
        for name, value in entry.labels.items():
            extracted.setdefault(name, value)
        return self._through([entry], 0)

    def flush(self) -> list[Entry]:
        """What has waited long enough."""
        return self._drain(everything=False)

    def close(self) -> list[Entry]:
        """Everything that still waits."""
        return self._drain(everything=True)

    def _through(self, entries: list[Entry], start: int) -> list[Entry]:
        for stage in self._stages[start:]:
            if not entries:
                return entries
            entries = [out for entry in entries for out in stage.run(entry)]
        return entries

    def _drain(self, *, everything: bool) -> list[Entry]:
        found: list[Entry] = []
        for index, stage in enumerate(self._stages):
            waited = stage.flush(everything=everything)
            if waited:
                found.extend(self._through(waited, index + 1))
        return found
