"""`pack`: the line and some labels wrapped into JSON; LogQL's `unpack` undoes it."""

from __future__ import annotations

import orjson

from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Stage, changing, stage


@stage("pack")
def _pack(options: Options, context: Context) -> Stage:
    names = sorted(options.texts("labels"))
    ingest_timestamp = options.flag("ingest_timestamp", True)

    def change(entry: Entry) -> None:
        packed: dict[str, str] = {}
        for name in names:
            text = text_of(entry.extracted.get(name))
            if text is not None:
                packed[name] = text
        packed["_entry"] = entry.line
        try:
            entry.line = orjson.dumps(packed).decode()
        except (TypeError, ValueError):
            return
        for name in names:
            if name in packed:
                entry.labels.pop(name, None)
        if ingest_timestamp:
            entry.ts_ns = context.now_ns()

    return changing(change)
