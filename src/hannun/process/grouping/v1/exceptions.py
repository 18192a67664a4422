"""Exceptions, chains of them, and groups of them (Python's ExceptionGroup, JavaScript's AggregateError)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hannun.process.grouping.stack_rules import Failure, StackRules
from hannun.process.grouping.v1.parameterize import message_of
from hannun.process.grouping.v1.stacktrace import APP, SYSTEM, Stack, stack_of


@dataclass(frozen=True, slots=True)
class Thrown:
    """One exception. `type` is "" when it does not count (synthetic); `value` is parameterised."""

    type: str
    value: str
    code: str
    stack: Stack

    def values(self, variant: str) -> tuple[str, ...]:
        """What counts: the stack instead of the text where there is one."""
        stack = self.stack.values(variant)
        text = () if stack or not self.value else (self.value,)
        return (*filter(None, (self.type,)), *text, *filter(None, (self.code,)), *stack)

    def has_stack(self, variant: str) -> bool:
        return bool(self.stack.values(variant))


@dataclass(frozen=True, slots=True)
class Chain:
    """The exceptions that count, oldest first; `main` is the index in the event of the one to name the issue by."""

    thrown: tuple[Thrown, ...]
    main: int

    def values(self, variant: str) -> tuple[str, ...]:
        return tuple([value for one in self.thrown for value in one.values(variant)])

    def has_stack(self, variant: str) -> bool:
        return any(one.has_stack(variant) for one in self.thrown)


def chain_of(values: Sequence[object], platform: str, rules: StackRules) -> Chain:
    found = [(index, value) for index, value in enumerate(values) if isinstance(value, Mapping)]
    if not found:
        return Chain((), -1)
    thrown = {index: _thrown(value, platform, rules) for index, value in found}
    chosen, main = _of_group(dict(found), thrown)
    if chosen is None:
        return Chain(tuple(thrown.values()), -1)
    return Chain(tuple([thrown[index] for index in chosen]), main)


def _thrown(value: Mapping[str, Any], platform: str, rules: StackRules) -> Thrown:
    mechanism = value.get("mechanism")
    mechanism = mechanism if isinstance(mechanism, Mapping) else {}
    kind, said = _text(value.get("type")), _text(value.get("value"))
    failure = Failure(kind, said, _text(mechanism.get("type")))
    meta = mechanism.get("meta")
    ns_error = meta.get("ns_error") if isinstance(meta, Mapping) else None
    code = ""
    if isinstance(ns_error, Mapping):
        code = f"{_text(ns_error.get('domain'))}{_text(ns_error.get('code'))}"
    return Thrown(
        type="" if mechanism.get("synthetic") else kind,
        value=message_of(said),
        code=code,
        stack=stack_of(value.get("stacktrace"), platform, rules, failure),
    )


def _of_group(found: Mapping[int, Mapping[str, Any]], thrown: Mapping[int, Thrown]) -> tuple[list[int] | None, int]:
    """(indexes that count, main one) of a group of exceptions; (None, -1): there is none, or its tree is broken."""
    tree = _tree(found)
    if tree is None:
        return None, -1
    children, groups, root = tree
    top: list[int] = []
    pending = [root]
    while pending:
        at = pending.pop()
        if at in groups:
            # A group only wraps: what it holds is what happened.
            pending.extend(reversed(children.get(at, ())))
            if not children.get(at):
                top.append(at)
        else:
            top.append(at)
    distinct: dict[bytes, int] = {}
    for index in sorted(top, key=lambda index: (thrown[index].type, index)):
        distinct.setdefault(_digest(thrown[index]), index)
    if len(distinct) == 1:
        path = [next(iter(distinct.values()))]
        while children.get(path[-1]):
            path.append(children[path[-1]][0])
        return sorted(path, reverse=True), path[0]
    return [*distinct.values(), root], root


def _tree(
    found: Mapping[int, Mapping[str, Any]],
) -> tuple[dict[int, list[int]], frozenset[int], int] | None:
    """(children by index, indexes of groups, the root's), or None: no group, or ids that form no tree."""
    by_id: dict[int, int] = {}
    parents: dict[int, int | None] = {}
    groups: set[int] = set()
    for index, value in found.items():
        mechanism = value.get("mechanism")
        if not isinstance(mechanism, Mapping):
            return None
        own, parent = mechanism.get("exception_id"), mechanism.get("parent_id")
        if not isinstance(own, int) or own in by_id or own == parent:
            return None
        by_id[own] = index
        parents[index] = parent if isinstance(parent, int) else None
        if mechanism.get("is_exception_group"):
            groups.add(index)
    if not groups or len(groups) == len(found) or 0 not in by_id or parents[by_id[0]] is not None:
        return None
    children: dict[int, list[int]] = {}
    for index, parent in parents.items():
        if parent is None:
            if index != by_id[0]:
                return None
        elif parent not in by_id:
            return None
        else:
            children.setdefault(by_id[parent], []).append(index)
    for below in children.values():
        below.sort(key=lambda index: found[index]["mechanism"]["exception_id"])
    return (children, frozenset(groups), by_id[0]) if _reaches(children, by_id[0]) == len(found) else None


def _reaches(children: Mapping[int, Iterable[int]], root: int) -> int:
    """How many can be reached from the root; fewer than there are means a cycle."""
    seen: set[int] = set()
    pending = [root]
    while pending:
        at = pending.pop()
        if at not in seen:
            seen.add(at)
            pending.extend(children.get(at, ()))
    return len(seen)


def _digest(one: Thrown) -> bytes:
    variant = APP if one.has_stack(APP) else SYSTEM
    return hashlib.md5("".join(one.values(variant)).encode("utf-8", "replace"), usedforsecurity=False).digest()


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, Mapping | list) else str(value)
