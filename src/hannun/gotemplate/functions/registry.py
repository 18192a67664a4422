"""Functions with their Go parameter types on the line above them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hannun.gotemplate.values import Function

Called = TypeVar("Called", bound=Callable[..., Any])
Set = dict[str, Function]


def into(functions: Set) -> Callable[..., Callable[[Called], Called]]:
    """A decorator `@name_it("trunc", "int", "string")` that puts functions into `functions`."""

    def named(name: str, *params: str, variadic: bool = False) -> Callable[[Called], Called]:
        def register(call: Called) -> Called:
            assert name not in functions, f"{name} is defined twice"
            functions[name] = Function(call, params, variadic)
            return call

        return register

    return named


def pick(functions: Set, names: str) -> Set:
    return {name: functions[name] for name in names.split()}
