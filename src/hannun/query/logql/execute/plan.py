"""How SQL gives the series and the values of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hannun.model.labels import Labels
from hannun.model.log import LogStream
from hannun.query.logql.compile import conditions, numbers
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.stages import Compiled, Split, compile_stages
from hannun.query.logql.compile.sure import ABSENT, ALWAYS, NEVER, NotInSql, Sure, any_of
from hannun.query.logql.execute.question import Question


@dataclass(frozen=True, slots=True)
class Plan:
    """How SQL gives the series of a row (`keys`, and which name each one is) and its value."""

    build: Building
    compiled: Compiled
    keys: tuple[str, ...]
    names: tuple[str, ...]
    value: str
    unsure: str
    attributes: frozenset[str]

    @staticmethod
    def of(asked: Question, parts: Split, streams: Sequence[LogStream], *, bare: bool) -> Plan:
        build = Building()
        compiled = compile_stages(build, parts, streams, bare=bare)
        scope = compiled.scope
        if scope is None or asked.by is None:
            return Plan(build, compiled, (), (), "", ALWAYS, compiled.asked_attributes)
        try:
            unsure, value = [compiled.unsure()], ""
            if asked.node.unwrap is not None:
                text = scope.number_text(asked.node.unwrap.label)
                number = numbers.unwrapped(build, text, asked.node.unwrap.conversion)
                value = number.sql
                # A line without the label gives no sample; one whose value is no number may be an error.
                compiled.labels.append(Sure(f"notEmpty({number.text})", number.unsure))
                unsure.append(number.unsure)
                scope.doubt_error(number.unsure)
                for each in asked.node.unwrap.filters:
                    found = conditions.condition(build, scope, each.condition)
                    compiled.labels.append(found)
                    unsure.append(found.unsure)
                    scope.doubt_error(found.unsure)
                # A sample has given away the label that its value came from.
                scope.set(asked.node.unwrap.label, ABSENT)
            keys, names = [], []
            for name in asked.by:
                if scope.is_of_stream(name):
                    continue
                label = scope.value(name)
                keys.append(label.sql)
                names.append(name)
                unsure.append(label.unsure)
            unsure += [scope.error.holds, scope.error.unsure]
        except NotInSql:
            return Plan(build, compiled, (), (), "", ALWAYS, frozenset(scope.asked_attributes))
        if any(scope.is_of_stream(name) for name in asked.by):
            keys.insert(0, "stream")
            names.insert(0, "")
        doubt = any_of(unsure)
        if doubt not in (NEVER, ALWAYS):
            # It stands in most columns: each copy would be analysed anew, 10 ms at a time.
            doubt = build.name(doubt, "unsure")
        return Plan(build, compiled, tuple(keys), tuple(names), value, doubt, frozenset(scope.asked_attributes))


def from_keys(plan: Plan, streams: Sequence[LogStream], asked: Question) -> Callable[[tuple[Any, ...]], Labels | None]:
    by_id = {stream.id: stream.labels for stream in streams}
    assert asked.by is not None
    of_stream = [name for name in asked.by if name not in plan.names]

    def labels(found: tuple[Any, ...]) -> Labels:
        pairs: dict[str, str] = {}
        for name, value in zip(plan.names, found, strict=True):
            if name:
                pairs[name] = value
            else:
                pairs.update((each, by_id[value].get(each)) for each in of_stream)
        return Labels.of(pairs)

    return labels
