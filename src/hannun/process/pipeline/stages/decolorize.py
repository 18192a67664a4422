"""`decolorize`: terminal colours out of the line."""

from __future__ import annotations

from hannun.gotemplate.functions.regexes import replace_all_literal
from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Stage, changing, stage

_ANSI = (
    r"[\x{1B}\x{9B}][[\]()#;?]*"
    r"(?:(?:(?:[a-zA-Z\d]*(?:;[a-zA-Z\d]*)*)?\x07)|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PRZcf-ntqry=><~]))"
)


@stage("decolorize")
def _decolorize(options: Options, context: Context) -> Stage:
    def change(entry: Entry) -> None:
        if "\x1b" in entry.line or "\x9b" in entry.line:
            entry.line = replace_all_literal(_ANSI, entry.line, "")

    return changing(change)
