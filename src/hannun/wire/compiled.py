"""What the compiled decoders share: how they are compiled, and reading eight bytes at once.

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
def byte_at(body: Any, at: Any) -> Any:
    """The byte at `at`. As an unsigned index, so that nothing asks whether it counts from the end."""
    return body[_U(at)]


@compiled
def word(body: Any, at: Any) -> Any:
    """Eight bytes, little-endian; the caller has checked that they are there. LLVM makes it one load."""
    first = _U(at)
    return (
        _U(body[first])
        | _U(body[first + _U(1)]) << _U(8)
        | _U(body[first + _U(2)]) << _U(16)
        | _U(body[first + _U(3)]) << _U(24)
        | _U(body[first + _U(4)]) << _U(32)
        | _U(body[first + _U(5)]) << _U(40)
        | _U(body[first + _U(6)]) << _U(48)
        | _U(body[first + _U(7)]) << _U(56)
    )
