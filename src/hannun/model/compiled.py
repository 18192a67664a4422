"""How loops over bytes are compiled, and the two steps that all of them take: one byte, and eight at once.

numba keeps a caller's machine code by the date of the caller's own file: whoever changes a function here touches its
callers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

compiled = njit(nogil=True, cache=True, error_model="numpy")
_U = np.uint64


@compiled
def byte_at(data: Any, at: Any) -> Any:
    """The byte at `at`. As an unsigned index, so that nothing asks whether it counts from the end: a third quicker."""
    return data[_U(at)]


@compiled
def word(data: Any, at: Any) -> Any:
    """Eight bytes, little-endian; the caller has checked that they are there. LLVM makes it one load."""
    first = _U(at)
    return (
        _U(data[first])
        | _U(data[first + _U(1)]) << _U(8)
        | _U(data[first + _U(2)]) << _U(16)
        | _U(data[first + _U(3)]) << _U(24)
        | _U(data[first + _U(4)]) << _U(32)
        | _U(data[first + _U(5)]) << _U(40)
        | _U(data[first + _U(6)]) << _U(48)
        | _U(data[first + _U(7)]) << _U(56)
    )
