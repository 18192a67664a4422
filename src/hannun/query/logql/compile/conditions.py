"""Label filters as SQL."""

from __future__ import annotations

from collections.abc import Callable

from hannun.model.matcher import Matcher, MatchOp
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.numbers import Number, bytes_number, duration_number, plain_number
from hannun.query.logql.compile.parsers import NO_HINT, Hint
from hannun.query.logql.compile.scope import Scope
from hannun.query.logql.compile.sure import ALWAYS, NEVER, NotInSql, Sure, Text, all_of, any_of, none_of
from hannun.query.logql.syntax import Both, Compare, Condition, Either, IpMatch, TextMatch

_NUMBERS: dict[str, Callable[[Building, Text], Number]] = {
    "number": plain_number,
    "duration": duration_number,
    "bytes": bytes_number,
}


def condition(build: Building, scope: Scope, node: Condition) -> Sure:
    """What SQL cannot say is unsure everywhere."""
    match node:
        case Both(left, right):
            a, b = condition(build, scope, left), condition(build, scope, right)
            return Sure(all_of((a.holds, b.holds)), any_of((a.unsure, b.unsure)))
        case Either(left, right):
            a, b = condition(build, scope, left), condition(build, scope, right)
            return Sure(any_of((a.holds, b.holds)), any_of((a.unsure, b.unsure)))
        case IpMatch():
            return Sure(NEVER, ALWAYS)
        case TextMatch(matcher):
            return _or_unsure(lambda: _text(build, scope, matcher))
        case Compare():
            return _or_unsure(lambda: _compare(build, scope, node))


def may_fail(node: Condition) -> bool:
    """Whether a line may get `__error__` here, and go on."""
    match node:
        case Both(left, right) | Either(left, right):
            return may_fail(left) or may_fail(right)
        case TextMatch():
            return False
        case _:
            return True


def hint(scope: Scope, node: Condition) -> Hint:
    """Necessary conditions for labels that only the line can give."""
    match node:
        case Both(left, right):
            a, b = hint(scope, left), hint(scope, right)
            return Hint(all_of((a.scan, b.scan)), all_of((a.index, b.index)))
        case Either(left, right):
            a, b = hint(scope, left), hint(scope, right)
            return Hint(any_of((a.scan, b.scan)), any_of((a.index, b.index)))
        case TextMatch(Matcher(name, MatchOp.EQUAL, value)) if value and scope.is_parsed_only(name):
            assert scope.parser is not None
            return scope.parser.hint(name, value)
        case _:
            return NO_HINT


def _or_unsure(compiled: Callable[[], Sure]) -> Sure:
    try:
        return compiled()
    except NotInSql:
        return Sure(NEVER, ALWAYS)


def _text(build: Building, scope: Scope, matcher: Matcher) -> Sure:
    value = scope.value(matcher.name)
    match matcher.op:
        case MatchOp.EQUAL:
            return Sure(f"{value.sql} = {build.text(matcher.value)}", value.unsure)
        case MatchOp.NOT_EQUAL:
            return Sure(f"{value.sql} != {build.text(matcher.value)}", value.unsure)
        case MatchOp.REGEX:
            return Sure(matches(build, value.sql, matcher.value), value.unsure)
        case MatchOp.NOT_REGEX:
            return Sure(none_of(matches(build, value.sql, matcher.value)), value.unsure)


def matches(build: Building, value: str, pattern: str) -> str:
    """Fully anchored, and the dot matches a newline."""
    return f"match({value}, {build.text(f'^(?s:{pattern})$')})"


def _compare(build: Building, scope: Scope, node: Compare) -> Sure:
    number = _NUMBERS[node.unit](build, scope.number_text(node.label))
    wanted = round(node.value * 1e9) if node.unit == "duration" else node.value
    if node.unit == "duration":
        right = build.number(int(wanted))
    else:
        right = f"toFloat64({build.text(repr(float(wanted)))})"
    op = {"==": "="}.get(node.op, node.op)
    return Sure(all_of((f"notEmpty({number.text})", f"ifNull({number.sql} {op} {right}, 0)")), number.unsure)
