"""Where PromQL's functions and aggregations register themselves beside their code.

One entry holds signature, words and code, so type checks, completion, documentation and the runtime cannot disagree.
Adding a function is adding one decorated function in the file of its family under `functions/`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hannun.model.text import Text
from hannun.query.promql.syntax import Type

VECTOR, SCALAR, MATRIX, STRING = Type.VECTOR, Type.SCALAR, Type.MATRIX, Type.STRING


@dataclass(frozen=True, slots=True)
class Function:
    """`optional`: how many of the last args may be missing; `most`: how many args at most, None without bound.

    `run(call, *args)` takes a `functions.call.FunctionCall` and one evaluated value per argument; a `lazy` one takes
    the call alone and evaluates what it needs.
    `by_series`: looks at each series alone, so that its range vector may come in pieces.
    `keeps_name`: the metric name survives. `per_step`: may differ between steps even over constant arguments.
    """

    name: str
    args: tuple[Type, ...]
    returns: Type
    doc: Text
    run: Callable[..., Any]
    optional: int = 0
    most: int | None = 0
    keeps_name: bool = False
    per_step: bool = False
    lazy: bool = False
    experimental: bool = False
    by_series: bool = False

    @property
    def least(self) -> int:
        return len(self.args) - self.optional

    def arg_type(self, index: int) -> Type:
        return self.args[min(index, len(self.args) - 1)]

    def __str__(self) -> str:
        names = [kind.value for kind in self.args]
        for index in range(self.least, len(names)):
            names[index] += "?"
        return f"{self.name}({', '.join(names)}{', …' if self.most is None else ''})"


@dataclass(frozen=True, slots=True)
class Aggregation:
    """`param` is the type of the first argument where there is one. `run(call, grid, param)`."""

    name: str
    doc: Text
    run: Callable[..., Any]
    param: Type | None = None
    keeps_series: bool = False
    experimental: bool = False


FUNCTIONS: dict[str, Function] = {}
AGGREGATIONS: dict[str, Aggregation] = {}
Run = TypeVar("Run", bound=Callable[..., Any])


def promql(
    name: str,
    *,
    args: tuple[Type, ...],
    returns: Type = VECTOR,
    en: str,
    ko: str,
    optional: int = 0,
    repeats: bool = False,
    most: int | None = None,
    keeps_name: bool = False,
    per_step: bool = False,
    lazy: bool = False,
    experimental: bool = False,
    by_series: bool = False,
) -> Callable[[Run], Run]:
    """Make a function the PromQL function `name`. `repeats`: the last argument may be given again and again."""

    def register(run: Run) -> Run:
        assert name not in FUNCTIONS, f"{name} is already provided by {FUNCTIONS[name].run.__module__}"
        FUNCTIONS[name] = Function(
            name,
            args,
            returns,
            Text(en=en, ko=ko),
            run,
            optional=optional,
            most=None if repeats else (len(args) if most is None else most),
            keeps_name=keeps_name,
            per_step=per_step,
            lazy=lazy,
            experimental=experimental,
            by_series=by_series,
        )
        return run

    return register


def aggregation(
    name: str,
    *,
    en: str,
    ko: str,
    param: Type | None = None,
    keeps_series: bool = False,
    experimental: bool = False,
) -> Callable[[Run], Run]:
    """Make a function the PromQL aggregation `name`."""

    def register(run: Run) -> Run:
        assert name not in AGGREGATIONS, f"{name} is already provided by {AGGREGATIONS[name].run.__module__}"
        AGGREGATIONS[name] = Aggregation(name, Text(en=en, ko=ko), run, param, keeps_series, experimental)
        return run

    return register
