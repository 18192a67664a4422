"""`output`: an extracted value becomes the line."""

from __future__ import annotations

from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Stage, changing, stage


@stage("output")
def _output(options: Options, context: Context) -> Stage:
    source = options.needed("source")

    def change(entry: Entry) -> None:
        text = text_of(entry.extracted.get(source))
        if text is not None:
            entry.line = text

    return changing(change)
