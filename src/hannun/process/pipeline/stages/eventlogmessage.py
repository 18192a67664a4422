"""`eventlogmessage`: `Key: value` lines of a Windows event's message as extracted values."""

from __future__ import annotations

import re

from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Simple, Stage, stage

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OTHER = re.compile(r"[^a-zA-Z0-9_]")
_COLON = re.compile(r": ?")
_LINES_MAX = 1000


@stage("eventlogmessage")
def _eventlogmessage(options: Options, context: Context) -> Stage:
    source = options.text("source") or "message"
    if _NAME.fullmatch(source) is None:
        raise options.wrong(f"invalid label name: {source[:80]}", f"라벨 이름이 아닙니다: {source[:80]}")
    drop_invalid, overwrite = options.flag("drop_invalid_labels"), options.flag("overwrite_existing")

    def keeps(entry: Entry) -> bool:
        if source not in entry.extracted:
            return True
        text = text_of(entry.extracted[source])
        if text is None:
            return False
        for line in text.split("\r\n", _LINES_MAX)[:_LINES_MAX]:
            parts = _COLON.split(line, maxsplit=1)
            if len(parts) < 2:
                continue
            name = parts[0]
            if _NAME.fullmatch(name) is None:
                if drop_invalid:
                    continue
                name = _sanitised(name)
            if overwrite or name not in entry.extracted:
                entry.extracted[name] = parts[1]
        return True

    return Simple(keeps)


def _sanitised(name: str) -> str:
    name = _OTHER.sub("_", name) or "_"
    return "_" + name[1:] if name[0].isdigit() else name
