"""What the compiled decoders share: how they are compiled, and reading eight bytes at once.

numba keeps a caller's machine code by the date of the caller's own file: whoever changes `word` touches its callers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

compiled = njit(nogil=True, cache=True, error_model="numpy")
_U = np.uint64


@compiled
def word(body: Any, at: Any) -> Any:
    """Eight bytes, little-endian; the caller has checked that they are there. LLVM makes it one load."""
    return (
        _U(body[at])
        | _U(body[at + 1]) << _U(8)
        | _U(body[at + 2]) << _U(16)
        | _U(body[at + 3]) << _U(24)
        | _U(body[at + 4]) << _U(32)
        | _U(body[at + 5]) << _U(40)
        | _U(body[at + 6]) << _U(48)
        | _U(body[at + 7]) << _U(56)
    )
