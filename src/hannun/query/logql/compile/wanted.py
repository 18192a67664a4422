"""Which labels a question asks for, by name: streams that agree on having them can share a statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hannun.model.log import LogStream
from hannun.query.logql.stages.state import EXTRACTED
from hannun.query.logql.syntax import (
    Both,
    Condition,
    Drop,
    Either,
    Grouping,
    Keep,
    LabelFilter,
    LabelFormat,
    Stage,
    TextMatch,
    Unwrap,
)


def names(stages: Sequence[Stage], grouping: Grouping | None, unwrap: Unwrap | None) -> frozenset[str]:
    """With the names that would give way to another one's `_extracted`."""
    found = {name for stage in stages for name in _of_stage(stage)}
    found.update(grouping.labels if grouping is not None else ())
    if unwrap is not None:
        found.add(unwrap.label)
        found.update(name for each in unwrap.filters for name in _of_condition(each.condition))
    return frozenset(found | {name.removesuffix(EXTRACTED) for name in found})


def alike(streams: Sequence[LogStream], asked: frozenset[str]) -> list[list[LogStream]]:
    """The streams, those together that have the same of the names."""
    groups: dict[frozenset[str], list[LogStream]] = {}
    for stream in streams:
        groups.setdefault(asked.intersection(stream.labels.names()), []).append(stream)
    return list(groups.values())


def _of_stage(stage: Stage) -> Iterator[str]:
    match stage:
        case LabelFilter(condition):
            yield from _of_condition(condition)
        case LabelFormat(items):
            for item in items:
                yield item.name
                if not item.is_template:
                    yield item.value
        case Drop(items) | Keep(items):
            yield from (item.name for item in items)
        case _:
            pass


def _of_condition(condition: Condition) -> Iterator[str]:
    match condition:
        case Both(left, right) | Either(left, right):
            yield from _of_condition(left)
            yield from _of_condition(right)
        case TextMatch(matcher):
            yield matcher.name
        case _:
            yield condition.label
