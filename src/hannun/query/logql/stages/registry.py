"""Which function compiles which node: each stage registers itself beside its code."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from hannun.query.logql.stages.state import State

Step = Callable[[State], bool]
"""One compiled stage: changes the line in place; False when the line is filtered out. Raises nothing."""
_COMPILERS: dict[type, Callable[[Any], Step]] = {}
Compile = TypeVar("Compile", bound=Callable[[Any], Step])


def stage(node: type) -> Callable[[Compile], Compile]:
    """Make a function the compiler of one kind of node. It raises BadQuery for what cannot be run."""

    def register(compile_node: Compile) -> Compile:
        assert node not in _COMPILERS, f"{node.__name__} is compiled twice"
        _COMPILERS[node] = compile_node
        return compile_node

    return register


def compile_stage(node: Any) -> Step:
    _load()
    return _COMPILERS[type(node)](node)


@cache
def _load() -> None:
    package = importlib.import_module("hannun.query.logql.stages")
    for found in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{found.name}")
