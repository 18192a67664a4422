"""`labels`, `static_labels` and `structured_metadata`: extracted values and fixed ones beside the line."""

from __future__ import annotations

import re

from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Stage, changing, stage

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@stage("labels")
def _labels(options: Options, context: Context) -> Stage:
    mapping = _named(options, options.whole_mapping())

    def change(entry: Entry) -> None:
        for name, source in mapping:
            text = text_of(entry.extracted.get(source))
            if text is not None:
                entry.labels[name] = text

    return changing(change)


@stage("static_labels")
def _static_labels(options: Options, context: Context) -> Stage:
    given = options.whole_mapping()
    _named(options, given)
    labels = {name: value for name, value in given.items() if value}
    return changing(lambda entry: entry.labels.update(labels))


@stage("structured_metadata", "non_indexed_labels")
def _structured_metadata(options: Options, context: Context) -> Stage:
    mapping = _named(options, options.whole_mapping(), any_name=True)

    def change(entry: Entry) -> None:
        for name, source in mapping:
            text = text_of(entry.extracted.get(source))
            if text is not None:
                entry.metadata[name] = text

    return changing(change)


def _named(options: Options, mapping: dict[str, str], *, any_name: bool = False) -> list[tuple[str, str]]:
    if not mapping:
        raise options.wrong("label stage config cannot be empty", "라벨이 하나는 있어야 합니다")
    for name in mapping:
        if not any_name and _NAME.fullmatch(name) is None:
            raise options.wrong(f"invalid label name: {name[:80]}", f"라벨 이름이 아닙니다: {name[:80]}")
    return [(name, source or name) for name, source in mapping.items()]
