"""`| json`: every key as a label, or the named paths."""

from __future__ import annotations

from hannun.model.errors import BadQuery
from hannun.query.logql.stages.json_path import parse_path
from hannun.query.logql.stages.json_scan import (
    JsonTrouble,
    Keys,
    Unusual,
    Value,
    all_pairs,
    elements,
    label_text,
    members,
    plain_pairs,
)
from hannun.query.logql.stages.names import is_label_name
from hannun.query.logql.stages.registry import Step, stage
from hannun.query.logql.stages.state import EXTRACTED, JSON_ERROR, State
from hannun.query.logql.syntax import Json


@stage(Json)
def _json(node: Json) -> Step:
    return _named(node) if node.extractions else _every_key()


def _every_key() -> Step:
    keys = Keys("")

    def step(state: State) -> bool:
        try:
            pairs = all_pairs(state.line, keys)
        except Unusual:
            plainly(state)
            return True
        parsed, base, metadata = state.parsed, state.base, state.metadata
        for name, value in pairs:
            if name in base or name in metadata:
                name += EXTRACTED
            if name not in parsed and name:
                parsed[name] = value
        return True

    return step


def plainly(state: State) -> None:
    """Every key as a label, by the plain reader: keys before a mistake stay."""
    try:
        for name, value in plain_pairs(state.line):
            if name:
                state.extract(name, value)
    except JsonTrouble as trouble:
        state.fail(JSON_ERROR, str(trouble))


class _Node:
    """What is wanted at one place of the document: labels for the value, and places below it."""

    __slots__ = ("below", "indices")

    def __init__(self) -> None:
        self.below: dict[str | int, _Node] = {}
        self.indices: list[int] = []


def _named(node: Json) -> Step:
    root = _Node()
    labels = [extraction.label for extraction in node.extractions]
    for index, extraction in enumerate(node.extractions):
        if not is_label_name(extraction.label):
            raise BadQuery(f"invalid extracted label name '{extraction.label}'")
        at = root
        for part in parse_path(extraction.path):
            at = at.below.setdefault(part, _Node())
        at.indices.append(index)
    count = len(labels)

    def step(state: State) -> bool:
        line = state.line
        if not line:
            return True
        if line[0] not in '"{[':
            state.fail(JSON_ERROR)
            return True
        found: dict[int, str] = {}
        try:
            _find(line, root, found, count)
        except JsonTrouble as trouble:
            state.fail(JSON_ERROR, str(trouble))
        for index, text in found.items():
            label = labels[index]
            state.parsed[label + EXTRACTED if label in state.base or label in state.metadata else label] = text
        if len(found) < count:
            for label in labels:
                if state.get(label) is None:
                    state.parsed[label] = ""
        return True

    return step


def _find(text: str, node: _Node, found: dict[int, str], count: int) -> None:
    """Fill `found` from the value `text`; the first of equal keys counts. Raises JsonTrouble."""
    if text.lstrip(" \t\r\n").startswith("["):
        last = max((part for part in node.below if isinstance(part, int)), default=-1)
        for position, value in enumerate(elements(text)):
            if position > last:
                return
            _take(value, node.below.get(position), found, count)
        return
    left = {part for part in node.below if isinstance(part, str)}
    for key, value in members(text):
        if key in left:
            left.remove(key)
            _take(value, node.below[key], found, count)
        if not left or len(found) == count:
            return


def _take(value: Value, node: _Node | None, found: dict[int, str], count: int) -> None:
    if node is None:
        return
    for index in node.indices:
        found.setdefault(index, _text(value))
    if node.below and value.kind in ("object", "array"):
        _find(value.text, node, found, count)


def _text(value: Value) -> str:
    return "" if value.kind == "null" else label_text(value)
