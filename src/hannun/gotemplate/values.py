"""What a template works on: Python values that stand for Go's, and how Go calls their types.

`str`, `bool`, `int`, `float`, `None`, `list` and `dict` are what they look like (`interface{}` inside). `StringMap` is
a `map[string]string`. Anything else is an `Object`, which lists what a template may see: attributes of Python objects
are never reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hannun.gotemplate.go_time import GoTime

Params = tuple[str, ...]
"""Go's names of parameter types: `string`, `int`, `float64`, `bool`, `time.Time`, `interface {}`."""
ANY = "interface {}"


@dataclass(frozen=True, slots=True)
class Function:
    """One function of a template. `call` raises FunctionError; it gets what `params` promise.

    With `variadic` the last parameter may come any number of times, or not at all.
    """

    call: Callable[..., Any]
    params: Params = ()
    variadic: bool = False


class StringMap(dict[str, str]):
    """Labels: with `missing="zero"` what is not there is an empty text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Object:
    """A struct, or a list or map with methods. `value` is what is printed, ranged over and tested for truth."""

    type_name: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    methods: Mapping[str, Function] = field(default_factory=dict)
    value: Any = None


class _Missing:
    """No value at all: an absent key, a nil where something was expected."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<no value>"


MISSING: Final = _Missing()


class Duration(int):
    """A `time.Duration`: nanoseconds that print as `1m30s`."""

    __slots__ = ()


def plain(value: Any) -> Any:
    """An object's own value, where it has one."""
    return value.value if isinstance(value, Object) and value.value is not None else value


def type_name(value: Any) -> str:
    """The Go type that errors and `%T` name."""
    match value:
        case None | _Missing():
            return "<nil>"
        case bool():
            return "bool"
        case Duration():
            return "time.Duration"
        case int():
            return "int"
        case float():
            return "float64"
        case str():
            return "string"
        case StringMap():
            return "map[string]string"
        case dict():
            return "map[string]interface {}"
        case list() | tuple():
            return "[]interface {}"
        case GoTime():
            return "time.Time"
        case Object():
            return value.type_name
        case Function():
            return "func"
        case _:
            return type(value).__name__


def is_true(value: Any) -> bool:
    """Go's truth: everything but the zero of its type. A struct is always true."""
    value = plain(value)
    if isinstance(value, (GoTime, Object, Function)):
        return True
    return value is not MISSING and bool(value)


def is_assignable(value: Any, param: str) -> bool:
    """Whether a value may be given to a parameter of type `param`."""
    if param == ANY:
        return True
    value = plain(value)
    match param:
        case "string":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float64":
            return isinstance(value, float)
        case "time.Time":
            return isinstance(value, GoTime)
        case "[]interface {}":
            return isinstance(value, (list, tuple))
        case "map[string]interface {}":
            return isinstance(value, dict)
        case _:
            return type_name(value) == param


def can_be_nil(param: str) -> bool:
    return param == ANY or param.startswith(("[]", "map["))
