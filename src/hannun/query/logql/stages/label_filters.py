"""`| name op value`: text, number, duration, size and address conditions over labels.

A label that is missing fails every comparison, and as text it is "". A value that is none keeps the line, with
`__error__` unless there is one already.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

from hannun.gotemplate.go_numbers import parse_duration_ns, parse_float, parse_size
from hannun.model.matcher import Matcher, MatchOp
from hannun.query.logql.stages.ip import parse_range
from hannun.query.logql.stages.registry import Step, stage
from hannun.query.logql.stages.state import DETAILS, ERROR, FILTER_ERROR, State
from hannun.query.logql.syntax import Both, Compare, Condition, Either, IpMatch, LabelFilter, TextMatch

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_REMEMBERED_MAX = 1024


@stage(LabelFilter)
def _label_filter(node: LabelFilter) -> Step:
    return condition(node.condition)


def condition(node: Condition) -> Step:
    """Any condition as a step. Raises BadQuery for an address that is none."""
    match node:
        case TextMatch(matcher):
            return _text(matcher)
        case Compare():
            return _compare(node)
        case IpMatch():
            return _address(node)
        case Both(left, right):
            return _both(condition(left), condition(right))
        case Either(left, right):
            return _either(condition(left), condition(right))


def _both(left: Step, right: Step) -> Step:
    def step(state: State) -> bool:
        # Both are asked always: the right one may leave an error behind, as it does in Loki.
        held = left(state)
        return right(state) and held

    return step


def _either(left: Step, right: Step) -> Step:
    return lambda state: left(state) or right(state)


def _text(matcher: Matcher) -> Step:
    name, matches = matcher.name, _remembering(matcher)
    if name == ERROR:
        return lambda state: matches(state.error)
    if name == DETAILS:
        return lambda state: matches(state.details)

    def step(state: State) -> bool:
        return matches(state.get(name) or "")

    return step


def _remembering(matcher: Matcher) -> Callable[[str], bool]:
    """Labels have few values, and a regex costs fifty times a look-up."""
    if matcher.op in (MatchOp.EQUAL, MatchOp.NOT_EQUAL):
        wanted, same = matcher.value, matcher.op is MatchOp.EQUAL
        return lambda value: (value == wanted) is same
    known: dict[str, bool] = {}

    def matches(value: str) -> bool:
        held = known.get(value)
        if held is None:
            held = matcher.matches(value)
            if len(known) < _REMEMBERED_MAX and len(value) < _REMEMBERED_MAX:
                known[value] = held
        return held

    return matches


def _compare(node: Compare) -> Step:
    name, holds = node.label, _OPERATORS[node.op]
    read: Callable[[str], float]
    if node.unit == "number":
        read, wanted = parse_float, node.value
    elif node.unit == "duration":
        read, wanted = parse_duration_ns, round(node.value * 1e9)
    else:
        read, wanted = parse_size, node.value

    def step(state: State) -> bool:
        text = state.get(name)
        if text is None:
            return False
        try:
            value = read(text)
        except ValueError as err:
            if not state.error:
                state.fail(FILTER_ERROR, str(err))
            return True
        return holds(value, wanted)

    return step


def _address(node: IpMatch) -> Step:
    name, wanted = node.label, not node.negated
    addresses = parse_range(node.pattern)

    def step(state: State) -> bool:
        if state.error:
            return True
        text = state.get(name)
        return text is not None and addresses.found_in(text) is wanted

    return step
