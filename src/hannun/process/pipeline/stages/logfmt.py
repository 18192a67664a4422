"""`logfmt`: keys of the line as extracted values."""

from __future__ import annotations

from hannun.process.logformat.logfmt import pairs
from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Stage, changing, stage


@stage("logfmt")
def _logfmt(options: Options, context: Context) -> Stage:
    mapping = options.mapping("mapping")
    if not mapping:
        raise options.wrong("logfmt mapping is required", "mapping이 있어야 합니다")
    source = options.source()
    names = {key or name: name for name, key in mapping.items()}

    def change(entry: Entry) -> None:
        text = entry.line if source is None else text_of(entry.extracted.get(source))
        if text is not None:
            for key, value in pairs(text):
                name = names.get(key)
                if name is not None:
                    entry.extracted[name] = value

    return changing(change)
