"""The values of operands, field chains and function calls: the half of a run that writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from hannun.gotemplate.bounds import Limits
from hannun.gotemplate.builtins import BUILTINS
from hannun.gotemplate.errors import BoundError, FunctionError, TemplateError
from hannun.gotemplate.go_numbers import INT64_MAX, go_quote
from hannun.gotemplate.nodes import (
    Argument,
    Bool,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Nil,
    Number,
    Pipe,
    String,
    Variable,
)
from hannun.gotemplate.parsed import Parsed
from hannun.gotemplate.values import (
    ANY,
    MISSING,
    Function,
    Object,
    StringMap,
    can_be_nil,
    is_assignable,
    is_true,
    plain,
    type_name,
)

Missing = Literal["default", "zero", "error"]
"""Go's option `missingkey`: what a key that a map does not hold is."""
_NOTHING: Any = object()
"""No argument comes from the stage before."""


class Operands:
    """One execution's variables and bounds, and all that makes a value of a node."""

    __slots__ = ("_functions", "_limits", "_missing", "_name", "_parsed", "_steps", "_vars", "_worked")

    def __init__(self, parsed: Parsed, functions: Mapping[str, Function], missing: Missing, limits: Limits) -> None:
        self._parsed = parsed
        self._functions = functions
        self._missing = missing
        self._limits = limits
        self._name = parsed.name
        self._steps = 0
        self._worked = 0
        self._vars: list[tuple[str, Any]] = []

    # Errors

    def _fail(self, node: Any, words: str) -> TemplateError:
        return TemplateError(f"template: {self._place(node)}: executing {go_quote(self._name)} at <{node}>: {words}")

    def _place(self, node: Any) -> str:
        before = self._parsed.source[: node.at]
        column = len(before[before.rfind("\n") + 1 :].encode("utf-8", "replace"))
        return f"{self._parsed.name}:{before.count(chr(10)) + 1}:{column}"

    def _step(self) -> None:
        self._steps += 1
        if self._steps > self._limits.steps:
            raise BoundError(f"template: {self._parsed.name}: stopped after {self._limits.steps} steps")

    def _weigh(self, value: Any) -> None:
        if isinstance(value, str):
            self._worked += len(value)
        elif isinstance(value, (list, tuple, dict)):
            self._worked += 16 * len(value)
        if self._worked > self._limits.worked:
            raise BoundError(f"template: {self._parsed.name}: functions worked on too much text")

    # Values

    def _pipe(self, dot: Any, pipe: Pipe) -> Any:
        value = _NOTHING
        for command in pipe.commands:
            value = self._command(dot, command, value)
            if value is None:
                value = MISSING
        for name in pipe.variables:
            if pipe.assigns:
                self._assign(name, value)
            else:
                self._vars.append((name, value))
        return value

    def _assign(self, name: str, value: Any) -> None:
        for place in range(len(self._vars) - 1, -1, -1):
            if self._vars[place][0] == name:
                self._vars[place] = (name, value)
                return

    def _variable(self, node: Variable) -> Any:
        for name, value in reversed(self._vars):
            if name == node.name:
                return value
        raise self._fail(node, f"undefined variable: {node.name}")

    def _command(self, dot: Any, command: Command, final: Any) -> Any:
        self._step()
        first, args = command.args[0], command.args[1:]
        match first:
            case Field():
                return self._chain(dot, dot, first, first.names, args, final)
            case Identifier():
                return self._function(dot, first, command, args, final)
            case Variable() if first.names:
                return self._chain(dot, self._variable(first), first, first.names, args, final)
            case Chain():
                return self._chain(dot, self._chain_start(dot, first), first, first.names, args, final)
            case _:
                pass
        if args or final is not _NOTHING:
            raise self._fail(first, f"can't give argument to non-function {first}")
        if isinstance(first, Nil):
            raise self._fail(first, "nil is not a command")
        return self._value(dot, first)

    def _value(self, dot: Any, node: Argument) -> Any:
        """An operand whose type nothing else decides."""
        match node:
            case Dot():
                return dot
            case Bool():
                return node.value
            case String():
                return node.text
            case Number():
                return self._constant(node)
            case Nil():
                return None
            case Field():
                return self._chain(dot, dot, node, node.names, (), _NOTHING)
            case Variable():
                value = self._variable(node)
                return self._chain(dot, value, node, node.names, (), _NOTHING) if node.names else value
            case Identifier():
                return self._function(dot, node, node, (), _NOTHING)
            case Chain():
                return self._chain(dot, self._chain_start(dot, node), node, node.names, (), _NOTHING)
            case Pipe():
                return self._pipe(dot, node)

    def _chain_start(self, dot: Any, node: Chain) -> Any:
        if isinstance(node.node, Nil):
            raise self._fail(node, f"indirection through explicit nil in {node}")
        return self._value(dot, node.node)

    def _constant(self, node: Number) -> Any:
        if node.is_float_text and node.as_float is not None:
            return node.as_float
        if node.as_int is not None and node.as_int <= INT64_MAX:
            return node.as_int
        raise self._fail(node, f"{node.text} overflows int")

    def _chain(
        self, dot: Any, value: Any, node: Any, names: tuple[str, ...], args: tuple[Argument, ...], final: Any
    ) -> Any:
        for name in names[:-1]:
            value = self._member(dot, value, node, name, (), _NOTHING)
        return self._member(dot, value, node, names[-1], args, final)

    def _member(self, dot: Any, value: Any, node: Any, name: str, args: tuple[Argument, ...], final: Any) -> Any:
        if value is MISSING:
            if self._missing == "error":
                raise self._fail(node, f"nil data; no entry for key {go_quote(name)}")
            return MISSING
        if value is None:
            raise self._fail(node, f"nil pointer evaluating interface {{}}.{name}")
        if isinstance(value, Object):
            method = value.methods.get(name)
            if method is not None:
                return self._invoke(dot, method, node, node, name, args, final)
            if name in value.fields:
                if args or final is not _NOTHING:
                    raise self._fail(node, f"{name} has arguments but cannot be invoked as function")
                return value.fields[name]
        inner = plain(value)
        if isinstance(inner, dict):
            if args or final is not _NOTHING:
                raise self._fail(node, f"{name} is not a method but has arguments")
            found = inner.get(name, _NOTHING)
            if found is not _NOTHING:
                return found
            if self._missing == "error":
                raise self._fail(node, f"map has no entry for key {go_quote(name)}")
            if self._missing == "zero":
                return "" if isinstance(inner, StringMap) else None
            return MISSING
        raise self._fail(node, f"can't evaluate field {name} in type {type_name(value)}")

    # Functions

    def _function(self, dot: Any, node: Identifier, at: Any, args: tuple[Argument, ...], final: Any) -> Any:
        function = self._functions.get(node.name) or BUILTINS.get(node.name)
        if function is not None:
            return self._invoke(dot, function, node, at, node.name, args, final)
        if node.name == "call":
            return self._call_value(dot, node, at, args, final)
        return self._and_or(dot, node, args, final)

    def _and_or(self, dot: Any, node: Identifier, args: tuple[Argument, ...], final: Any) -> Any:
        """Arguments behind the one that decides are not looked at."""
        if not args and final is _NOTHING:
            raise self._fail(node, f"wrong number of args for {node.name}: want at least 1 got 0")
        value: Any = MISSING
        for arg in args:
            value = self._argument(dot, ANY, arg)
            if is_true(value) == (node.name == "or"):
                return value
        return value if final is _NOTHING else final

    def _call_value(self, dot: Any, node: Identifier, at: Any, args: tuple[Argument, ...], final: Any) -> Any:
        if not args:
            raise self._fail(node, "wrong number of args for call: want at least 1 got 0")
        function = self._argument(dot, ANY, args[0])
        if not isinstance(function, Function):
            words = f"non-function {args[0]} of type {type_name(function)}"
            if function is None or function is MISSING:
                words = "call of nil"
            raise self._fail(at, f"error calling call: {words}")
        return self._invoke(dot, function, node, at, str(args[0]), args[1:], final)

    def _invoke(
        self, dot: Any, function: Function, node: Any, at: Any, name: str, args: tuple[Argument, ...], final: Any
    ) -> Any:
        params = function.params
        given = len(args) + (final is not _NOTHING)
        if function.variadic:
            if given < len(params) - 1:
                raise self._fail(
                    node, f"wrong number of args for {name}: want at least {len(params) - 1} got {len(args)}"
                )
        elif given != len(params):
            raise self._fail(node, f"wrong number of args for {name}: want {len(params)} got {given}")
        values = [self._argument(dot, _param(params, place), arg) for place, arg in enumerate(args)]
        if final is not _NOTHING:
            values.append(self._checked(final, _param(params, len(args)), node))
        for value in values:
            self._weigh(value)
        try:
            made = function.call(*values)
        except FunctionError as err:
            raise self._fail(at, f"error calling {name}: {err}") from err
        self._weigh(made)
        return made

    def _argument(self, dot: Any, param: str, node: Argument) -> Any:
        self._step()
        match node:
            case Nil():
                if can_be_nil(param):
                    return None
                raise self._fail(node, f"cannot assign nil to {param}")
            case Dot() | Field() | Variable() | Pipe() | Identifier() | Chain():
                return self._checked(self._value(dot, node), param, node)
            case String() if param in ("string", ANY):
                return node.text
            case Bool() if param in ("bool", ANY):
                return node.value
            case Number() if param == ANY:
                return self._constant(node)
            case Number() if param == "int" and node.as_int is not None:
                return node.as_int
            case Number() if param == "float64" and node.as_float is not None:
                return node.as_float
            case _:
                words = {"int": "integer", "float64": "float"}.get(param, param)
                if param in ("string", "bool", "int", "float64"):
                    raise self._fail(node, f"expected {words}; found {node}")
                raise self._fail(node, f"can't handle {node} for arg of type {param}")

    def _checked(self, value: Any, param: str, node: Any) -> Any:
        if param == ANY:
            return value
        if value is MISSING or value is None:
            if can_be_nil(param):
                return None
            raise self._fail(node, f"invalid value; expected {param}")
        if not is_assignable(value, param):
            raise self._fail(node, f"wrong type for value; expected {param}; got {type_name(value)}")
        return plain(value)


def _param(params: tuple[str, ...], place: int) -> str:
    return params[place] if place < len(params) else params[-1]
