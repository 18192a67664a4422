"""The one way our kernels are compiled: no GIL, cached on disk, IEEE semantics kept (no fastmath)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    return cast("Function", numba.njit(nogil=True, cache=True, error_model="numpy")(function))


def inlined(function: Function) -> Function:
    """A helper that kernels call in their inner loops."""
    return cast("Function", numba.njit(nogil=True, cache=True, error_model="numpy", inline="always")(function))
