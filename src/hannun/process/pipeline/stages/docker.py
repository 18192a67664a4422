"""`docker`: Docker's json-file wrapper taken off; a record cut at 16 KiB is joined with the next of its stream."""

from __future__ import annotations

from contextlib import suppress

from hannun.gotemplate.go_time import LAYOUTS, parse_time
from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.partial import Partial
from hannun.process.pipeline.registry import Stage, stage
from hannun.process.pipeline.stages.json import parse_object

LINE_CHARACTERS_MAX = 4 << 20
PARTS_MAX = 1000


class Docker:
    def __init__(self, options: Options, context: Context) -> None:
        options.take("max_partial_line_size")
        self._partial = Partial("", PARTS_MAX, LINE_CHARACTERS_MAX, context.monotonic_s)

    def run(self, entry: Entry) -> list[Entry]:
        record = parse_object(entry.line)
        text = None if record is None else record.get("log")
        if record is None or not isinstance(text, str):
            return [entry]
        extracted = entry.extracted
        extracted["output"] = text
        for name, key in (("stream", "stream"), ("timestamp", "time")):
            value = record.get(key)
            if isinstance(value, str):
                extracted[name] = value
        if isinstance(extracted.get("stream"), str):
            entry.labels["stream"] = extracted["stream"]
        with suppress(ValueError):
            entry.ts_ns = parse_time(LAYOUTS["RFC3339Nano"], str(extracted.get("timestamp", ""))).ns
        entry.line = text.removesuffix("\n")
        return self._partial.add(entry, complete=text.endswith("\n"))

    @property
    def holds(self) -> bool:
        return self._partial.holds

    def flush(self, *, everything: bool) -> list[Entry]:
        return self._partial.flush(everything=everything)


@stage("docker")
def _docker(options: Options, context: Context) -> Stage:
    return Docker(options, context)
