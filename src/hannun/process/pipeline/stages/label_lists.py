"""`labeldrop` and `labelallow`: lists of names."""

from __future__ import annotations

from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.options import NAMES, Options
from hannun.process.pipeline.registry import Stage, changing, stage


@stage("labeldrop")
def _labeldrop(options: Options, context: Context) -> Stage:
    names = _names(options)

    def change(entry: Entry) -> None:
        for name in names:
            entry.labels.pop(name, None)

    return changing(change)


@stage("labelallow")
def _labelallow(options: Options, context: Context) -> Stage:
    names = frozenset(_names(options))

    def change(entry: Entry) -> None:
        for name in [name for name in entry.labels if name not in names]:
            del entry.labels[name]

    return changing(change)


def _names(options: Options) -> tuple[str, ...]:
    names = options.texts(NAMES)
    if not names:
        raise options.wrong("label list cannot be empty", "라벨 목록이 비어 있습니다")
    return names
