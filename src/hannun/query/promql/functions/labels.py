"""Rewriting labels: label_replace and label_join."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from hannun.model.errors import BadQuery, ExecutionError
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.matcher import compile_anchored
from hannun.query.promql.functions.call import FunctionCall, text
from hannun.query.promql.grid import Grid, String
from hannun.query.promql.memory import CELL_BYTES
from hannun.query.promql.names import is_label_name, joined
from hannun.query.promql.registry import STRING, VECTOR, promql

VALUE_SIZE_MAX = 1 << 20
VALUE_SIZE_FREE = 1 << 10
"""Values up to here are not counted: what everybody writes should cost nothing."""
_REFERENCE = re.compile(r"\$(?:\$|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))")


@promql(
    "label_replace",
    args=(VECTOR, STRING, STRING, STRING, STRING),
    keeps_name=True,
    en="Sets a label from another label by a regular expression; series that do not match stay as they are.",
    ko="다른 라벨에 정규식을 맞춰 라벨을 만듭니다. 맞지 않는 시계열은 그대로 둡니다.",
)
def label_replace(
    call: FunctionCall, grid: Grid, to: String, replacement: String, source: String, pattern: String
) -> Grid:
    try:
        regex: Any = compile_anchored(pattern.value)
    except BadQuery as err:
        raise ExecutionError(f"invalid regular expression in label_replace(): {pattern.value}") from err
    if not is_label_name(to.value):
        raise ExecutionError(f"invalid destination label name in label_replace(): {to.value}")

    written = Written(call)

    def change(labels: Labels) -> Labels | None:
        found = regex.fullmatch(labels.get(source.value))
        if found is None:
            return None
        written.count(expanded_size(replacement.value, found, regex))
        return labels.set(to.value, expand(replacement.value, found, regex))

    return _changed(grid, to.value, [change(labels) for labels in grid.labels])


@promql(
    "label_join",
    args=(VECTOR, STRING, STRING, STRING),
    optional=1,
    repeats=True,
    keeps_name=True,
    en="Sets a label to the values of other labels, joined by a separator.",
    ko="다른 라벨들의 값을 구분자로 이어 붙여 라벨을 만듭니다.",
)
def label_join(call: FunctionCall, grid: Grid, to: String, separator: String, *sources: String) -> Grid:
    names = [text(source) for source in sources]
    for name in names:
        if not is_label_name(name):
            raise ExecutionError(f"invalid source label name in label_join(): {name}")
    if not is_label_name(to.value):
        raise ExecutionError(f"invalid destination label name in label_join(): {to.value}")

    written = Written(call)

    def change(labels: Labels) -> Labels:
        values = [labels.get(name) for name in names]
        written.count(sum(map(len, values)) + len(separator.value) * len(values))
        return labels.set(to.value, separator.value.join(values))

    return _changed(grid, to.value, [change(labels) for labels in grid.labels])


class Written:
    """What one call writes into labels, bounded before it is written: nested calls that each double a value would
    otherwise fill any memory."""

    def __init__(self, call: FunctionCall) -> None:
        self._call = call

    def count(self, size: int) -> None:
        """`size` more characters for one value. Raises ExecutionError beyond a bound."""
        if size > VALUE_SIZE_MAX:
            raise ExecutionError(
                f"{self._call.node.name}() would write a label value of {size} characters; at most {VALUE_SIZE_MAX} "
                "are allowed"
            )
        if size > VALUE_SIZE_FREE:
            self._call.evaluator.context.memory.hold(size // CELL_BYTES)


def expanded_size(template: str, found: Any, regex: Any) -> int:
    """How long `expand` of a long template or a long match may become at most."""
    longest = len(found.group(0))
    if len(template) + longest <= VALUE_SIZE_FREE:
        return 0
    return len(template) + template.count("$") * longest


def expand(template: str, found: Any, regex: Any) -> str:
    """Go's `Expand`: `$1`, `${1}`, `$name`, `$$`; what was not captured is empty."""

    def value(reference: re.Match[str]) -> str:
        name = reference.group(1) or reference.group(2)
        if name is None:
            return "$"
        if name.isdigit():
            return (found.group(int(name)) or "") if int(name) <= regex.groups else ""
        return (found.group(name) or "") if name in regex.groupindex else ""

    return _REFERENCE.sub(value, template)


def _changed(grid: Grid, to: str, new: list[Labels | None] | list[Labels]) -> Grid:
    labels = tuple([old if change is None else change for old, change in zip(grid.labels, new, strict=True)])
    nameless = grid.nameless
    if to == METRIC_NAME:
        nameless = nameless & np.array([change is None for change in new], dtype=np.bool_)
    return joined(Grid(labels, grid.values, grid.present, nameless, grid.histograms))
