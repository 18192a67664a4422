"""`tenant`: which tenant a line belongs to, by a label, an extracted value or a fixed one."""

from __future__ import annotations

from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Stage, changing, stage


@stage("tenant")
def _tenant(options: Options, context: Context) -> Stage:
    label, source, value = options.text("label"), options.text("source"), options.text("value")
    if sum(map(bool, (label, source, value))) != 1:
        raise options.wrong(
            "exactly one of label, source and value is required",
            "label, source, value 가운데 하나만 적어 주세요",
        )

    def change(entry: Entry) -> None:
        found = value or (entry.labels.get(label) if label else text_of(entry.extracted.get(source)))
        if found:
            entry.tenant = found

    return changing(change)
