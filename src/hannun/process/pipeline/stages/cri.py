"""`cri`: containerd's and CRI-O's line format; parts marked P are joined up to the one marked F."""

from __future__ import annotations

import re
from contextlib import suppress

from hannun.gotemplate.go_numbers import parse_size
from hannun.gotemplate.go_time import LAYOUTS, parse_time
from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.partial import Partial
from hannun.process.pipeline.registry import Stage, stage

_LINE = re.compile(r"(\S+) (stdout|stderr) (\S+) (.*)", re.DOTALL)
LINE_CHARACTERS_MAX = 4 << 20


class Cri:
    def __init__(self, options: Options, context: Context) -> None:
        parts = options.whole("max_partial_lines", 100) or 100
        size = _size(options)
        cuts = options.flag("max_partial_line_size_truncate")
        self._partial = Partial(
            "",
            parts,
            min(size or LINE_CHARACTERS_MAX, LINE_CHARACTERS_MAX),
            context.monotonic_s,
            cuts=cuts and size > 0,
        )

    def run(self, entry: Entry) -> list[Entry]:
        found = _LINE.fullmatch(entry.line)
        if found is None:
            return [entry]
        time, stream, flags, content = found.groups()
        entry.extracted.update(time=time, stream=stream, flags=flags, content=content)
        entry.labels["stream"] = stream
        with suppress(ValueError):
            entry.ts_ns = parse_time(LAYOUTS["RFC3339Nano"], time).ns
        entry.line = content
        return self._partial.add(entry, complete=not flags.startswith("P"))

    @property
    def holds(self) -> bool:
        return self._partial.holds

    def flush(self, *, everything: bool) -> list[Entry]:
        return self._partial.flush(everything=everything)


@stage("cri")
def _cri(options: Options, context: Context) -> Stage:
    return Cri(options, context)


def _size(options: Options) -> int:
    given = options.text("max_partial_line_size")
    if not given:
        return 0
    try:
        return parse_size(given)
    except ValueError as err:
        raise options.wrong(f"`max_partial_line_size`: {err}", f"`max_partial_line_size`: {err}") from err
