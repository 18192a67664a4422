"""`fail_if_body_json_matches_cel`: CEL over a JSON body, evaluated here because rules of this kind are short.

Semantics of the CEL definition for the values that JSON has: numbers of a body are doubles, equality goes across
number types, arithmetic does not, `&&` and `||` take an error on one side when the other decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from hannun.collect.probe.cel_parser import (
    Binary,
    Call,
    CelError,
    Choice,
    Index,
    ListOf,
    Literal,
    MapOf,
    Name,
    Node,
    Select,
    Unary,
    parse,
)
from hannun.collect.probe.text import compiled
from hannun.config.blackbox.model import HttpProbe

STEPS_MAX = 1_000_000
SIZE_MAX = 16 << 20
_MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
_INT_MIN, _INT_MAX = -(1 << 63), (1 << 63) - 1


def has_rules(config: HttpProbe) -> bool:
    return bool(config.fail_if_body_json_matches_cel or config.fail_if_body_json_not_matches_cel)


def broken_rule(config: HttpProbe, body: bytes) -> tuple[str, str] | None:
    """(what is wrong, the expression), None when the body is good. Call it in a thread."""
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError as err:
        return f"Error unmarshalling HTTP body to JSON: {err}", ""
    wrong, wanted = config.fail_if_body_json_matches_cel, config.fail_if_body_json_not_matches_cel
    for expression, bad in ((wrong, True), (wanted, False)):
        if not expression:
            continue
        try:
            result = evaluate(expression, _as_doubles(value))
        except (CelError, RecursionError) as err:
            return f"Error evaluating CEL expression: {err}", expression
        if not isinstance(result, bool):
            return "CEL evaluation result is not a boolean", expression
        if result is bad:
            return ("Body matched CEL expression" if bad else "Body did not match CEL expression"), expression
    return None


def evaluate(expression: str, body: object) -> object:
    """The value of `expression` where `body` is the JSON. Raises CelError."""
    return _Evaluation().value(_parsed(expression), {"body": body})


@lru_cache(maxsize=256)
def _parsed(expression: str) -> Node:
    return parse(expression)


def _as_doubles(value: Any) -> Any:
    """JSON knows one kind of number, and Go reads it as a double. orjson bounds the depth."""
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, list):
        return [_as_doubles(one) for one in value]
    if isinstance(value, dict):
        return {key: _as_doubles(one) for key, one in value.items()}
    return value


class _Evaluation:
    def __init__(self) -> None:
        self._steps = 0

    def value(self, node: Node, names: Mapping[str, object]) -> Any:
        self._steps += 1
        if self._steps > STEPS_MAX:
            raise CelError(f"CEL: more than {STEPS_MAX} steps")
        match node:
            case Literal(value):
                return value
            case Name(name):
                if name not in names:
                    raise CelError(f"CEL: undeclared reference to '{name}'; the JSON is called body")
                return names[name]
            case Select(of, field):
                return _field(self.value(of, names), field)
            case Index(of, at):
                return _item(self.value(of, names), self.value(at, names))
            case Unary(sign, of):
                return _unary(sign, self.value(of, names))
            case Binary("&&" | "||" as sign, left, right):
                return self._logic(left, right, names, decides=sign == "||")
            case Binary(sign, left, right):
                return _binary(sign, self.value(left, names), self.value(right, names))
            case Choice(condition, yes, no):
                return self.value(yes if _truth(self.value(condition, names)) else no, names)
            case ListOf(items):
                return [self.value(item, names) for item in items]
            case MapOf(pairs):
                return {_key(self.value(key, names)): self.value(item, names) for key, item in pairs}
            case Call():
                return self._call(node, names)

    def _logic(self, left: Node, right: Node, names: Mapping[str, object], *, decides: bool) -> bool:
        try:
            first: bool | CelError = _truth(self.value(left, names))
        except CelError as err:
            first = err
        if first is decides:
            return decides
        second = _truth(self.value(right, names))
        if second is not decides and isinstance(first, CelError):
            raise first
        return second

    def _call(self, node: Call, names: Mapping[str, object]) -> Any:
        if node.of is None and node.name == "has":
            return self._has(node, names)
        if node.of is not None and node.name in _MACROS:
            return self._macro(node, names)
        arguments = [self.value(one, names) for one in node.arguments]
        if node.of is not None:
            arguments = [self.value(node.of, names), *arguments]
        function = FUNCTIONS.get((node.name, len(arguments)))
        if function is None:
            known = ", ".join(sorted({name for name, _ in FUNCTIONS} | _MACROS | {"has"}))
            raise CelError(f"CEL: no function {node.name} of {len(arguments)} arguments here; there are {known}")
        try:
            return function(*arguments)
        except (TypeError, ValueError, OverflowError, AttributeError) as err:
            raise CelError(f"CEL: {node.name}: no such overload") from err

    def _has(self, node: Call, names: Mapping[str, object]) -> bool:
        if len(node.arguments) != 1 or not isinstance(node.arguments[0], Select):
            raise CelError("CEL: has() takes a field, such as has(body.status)")
        select = node.arguments[0]
        of = self.value(select.of, names)
        if not isinstance(of, dict):
            raise CelError("CEL: has(): not a map")
        return select.field in of

    def _macro(self, node: Call, names: Mapping[str, object]) -> Any:
        assert node.of is not None
        if len(node.arguments) < 2 or not isinstance(node.arguments[0], Name):
            raise CelError(f"CEL: {node.name}(x, …) takes a variable and an expression")
        variable, body = node.arguments[0].name, node.arguments[-1]
        of = self.value(node.of, names)
        if not isinstance(of, list | dict):
            raise CelError(f"CEL: {node.name}: not a list or map")

        def at(one: object, expression: Node = body) -> Any:
            return self.value(expression, {**names, variable: one})

        match node.name:
            case "all":
                return all(_truth(at(one)) for one in of)
            case "exists":
                return any(_truth(at(one)) for one in of)
            case "exists_one":
                return sum(_truth(at(one)) for one in of) == 1
            case "filter":
                return [one for one in of if _truth(at(one))]
            case _:
                condition = node.arguments[1] if len(node.arguments) == 3 else Literal(True)
                return [at(one) for one in of if _truth(at(one, condition))]


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise CelError(f"CEL: {_kind(value)} where a bool is needed")
    return value


def _kind(value: object) -> str:
    names = {bool: "bool", int: "int", float: "double", str: "string", list: "list", dict: "map", type(None): "null"}
    return names.get(type(value), "value")


def _key(value: object) -> Any:
    if isinstance(value, list | dict | float) or value is None:
        raise CelError(f"CEL: {_kind(value)} cannot be a key")
    return value


def _field(of: object, field: str) -> object:
    if not isinstance(of, dict):
        raise CelError(f"CEL: no field '{field}' in a {_kind(of)}")
    if field not in of:
        raise CelError(f"CEL: no such key: {field}")
    return of[field]


def _item(of: object, at: object) -> object:
    if isinstance(of, dict) and isinstance(at, str):
        return _field(of, at)
    if isinstance(of, list) and isinstance(at, int | float) and not isinstance(at, bool) and at == int(at):
        if 0 <= at < len(of):
            return of[int(at)]
        raise CelError(f"CEL: index out of bounds: {int(at)}")
    raise CelError(f"CEL: no index of a {_kind(of)} by a {_kind(at)}")


def _unary(sign: str, value: Any) -> Any:
    if sign == "!":
        return not _truth(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return -value
    raise CelError(f"CEL: no minus of a {_kind(value)}")


def _numbers(left: object, right: object) -> bool:
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in (left, right))


def _binary(sign: str, left: Any, right: Any) -> Any:
    if sign in ("==", "!="):
        same = _equal(left, right)
        return same if sign == "==" else not same
    if sign == "in":
        if isinstance(right, dict):
            return isinstance(left, str) and left in right
        if isinstance(right, list):
            return any(_equal(left, one) for one in right)
        raise CelError(f"CEL: 'in' a {_kind(right)}")
    if sign in _COMPARE:
        if _numbers(left, right) or (type(left) is type(right) and isinstance(left, str | bool)):
            return _COMPARE[sign](left, right)
        raise CelError(f"CEL: no {_kind(left)} {sign} {_kind(right)}")
    return _arithmetic(sign, left, right)


def _equal(left: Any, right: Any) -> bool:
    if _numbers(left, right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _arithmetic(sign: str, left: Any, right: Any) -> Any:
    if sign == "+" and type(left) is type(right) and isinstance(left, str | list):
        if len(left) + len(right) > SIZE_MAX:
            raise CelError(f"CEL: a value longer than {SIZE_MAX}")
        return left + right
    if not _numbers(left, right) or type(left) is not type(right) or (sign == "%" and isinstance(left, float)):
        raise CelError(f"CEL: no such overload: {_kind(left)} {sign} {_kind(right)}")
    if isinstance(left, float):
        return _of_doubles(sign, left, right)
    if sign in "/%" and right == 0:
        raise CelError("CEL: division by zero")
    match sign:
        case "+":
            found = left + right
        case "-":
            found = left - right
        case "*":
            found = left * right
        case "/":
            found = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        case _:
            found = int(math.copysign(abs(left) % abs(right), left))
    if not _INT_MIN <= found <= _INT_MAX:
        raise CelError("CEL: integer overflow")
    return found


def _of_doubles(sign: str, left: float, right: float) -> float:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _ if right == 0:
            return math.nan if left == 0 or left != left else math.copysign(math.inf, left) * math.copysign(1, right)
        case _:
            return left / right


def _size(of: Any) -> int:
    if not isinstance(of, str | list | dict):
        raise TypeError
    return len(of)


def _texts(function: Callable[[str, str], Any]) -> Callable[[Any, Any], Any]:
    def call(left: Any, right: Any) -> Any:
        if not (isinstance(left, str) and isinstance(right, str)):
            raise TypeError
        return function(left, right)

    return call


def _int(value: Any) -> int:
    found = int(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    if found is None or not _INT_MIN <= found <= _INT_MAX:
        raise ValueError
    return found


def _string(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if value != int(value) else str(int(value))
    if isinstance(value, int | str):
        return str(value)
    raise TypeError


def _double(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return float(value)


FUNCTIONS: dict[tuple[str, int], Callable[..., Any]] = {
    ("size", 1): _size,
    ("startsWith", 2): _texts(str.startswith),
    ("endsWith", 2): _texts(str.endswith),
    ("contains", 2): _texts(str.__contains__),
    ("matches", 2): _texts(lambda text, pattern: compiled(pattern).search(text) is not None),
    ("int", 1): _int,
    ("uint", 1): _int,
    ("double", 1): _double,
    ("string", 1): _string,
    ("type", 1): _kind,
    ("dyn", 1): lambda value: value,
}
"""(name, number of arguments with the object of a method) -> what it does."""
