"""Compiled loops over CSR samples and (series × steps) matrices.

Importing this package costs nothing; its modules import numba, so the evaluator imports them when the first question
comes. Every kernel releases the GIL, is cached on disk, and works on a slice of series, so that its caller can look at
the clock between slices. Few kernels with operation codes, because each compiles for seconds on a fresh machine.
"""

from __future__ import annotations


def warm() -> None:
    """Compile every kernel (or load it from the disk cache) for both timestamp widths; called by `make setup`."""
    from hannun.query.promql.kernels.warming import warm_all

    warm_all()
