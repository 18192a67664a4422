"""`drop`: lines that meet every condition that is given."""

from __future__ import annotations

import re

from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.regexes import compiled, encode
from hannun.process.pipeline.registry import Simple, Stage, stage

# Promtail's sizes are powers of 1024 whatever the letters say.
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([kKmMgGtT]?)(?:i?[bB])?")
_POWERS = ("", "k", "m", "g", "t")


@stage("drop")
def _drop(options: Options, context: Context) -> Stage:
    if not any(options.has(key) for key in ("source", "expression", "older_than", "longer_than")):
        raise options.wrong(
            "config must contain at least one of `source`, `expression`, `older_than` or `longer_than`",
            "source, expression, older_than, longer_than 가운데 하나는 있어야 합니다",
        )
    if options.has("value") and options.has("expression"):
        raise options.wrong(
            "`value` and `expression` cannot both be defined at the same time",
            "value와 expression을 함께 쓸 수 없습니다",
        )
    sources = options.texts("source")
    separator = options.text("separator", ";")
    value = options.text("value") if options.has("value") else None
    options.take("value")
    expression = options.text("expression")
    regex = compiled(options, "expression", expression) if expression else None
    older_ns = options.duration_ns("older_than", 0) if options.has("older_than") else None
    options.take("older_than")
    longer = _size(options)
    reason = options.text("drop_counter_reason") or "drop_stage"

    def keeps(entry: Entry) -> bool:
        if longer is not None and len(encode(entry.line)) <= longer:
            return True
        if older_ns is not None and entry.ts_ns >= context.now_ns() - older_ns:
            return True
        text: str | None = entry.line
        if sources:
            found = [text_of(entry.extracted.get(name)) for name in sources if name in entry.extracted]
            if len(found) < len(sources) or None in found:
                return True
            text = separator.join(each for each in found if each is not None)
            if regex is None and value is not None and text != value:
                return True
        if regex is not None and regex.search(encode(text or "")) is None:
            return True
        context.dropped(reason, 1)
        return False

    return Simple(keeps)


def _size(options: Options) -> int | None:
    given = options.text("longer_than")
    if not given:
        return None
    found = _SIZE.fullmatch(given)
    if found is None:
        raise options.wrong(
            f"failed to parse longer_than to bytes: {given[:80]}",
            f"longer_than은 8KB, 1MB처럼 적어 주세요: {given[:80]}",
        )
    return int(float(found[1]) * 1024 ** _POWERS.index(found[2].lower()))
