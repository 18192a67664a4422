"""What a server does not hold in memory."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any


def leave_out_pandas() -> None:
    """Where pandas happens to be installed, pyarrow loads it at its first array: 31 MiB that nothing here uses."""
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, _WithoutPandas())


class _WithoutPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is left out", name=fullname)


def leave_out_compiler() -> None:
    """Kernels that lie compiled on the disk are loaded without what numba needs to compile: 10 MiB, 0.1 s of CPU time.

    Before it looks into its cache numba makes the context ready to compile: it imports and registers how each function
    of Python and NumPy is written in LLVM. Machine code that is only loaded needs the reference counting of arrays and
    nothing else; a kernel that has to be compiled makes the context ready itself. Where numba looks different inside
    than what this was written for, it stays as it is.
    """
    from numba.core import caching
    from numba.core.runtime.nrt import rtsys

    inside = getattr(caching.Cache, "_load_overload", None)
    around = getattr(caching.Cache, "_guard_against_spurious_io_errors", None)
    if inside is None or around is None or not hasattr(rtsys, "initialize"):
        return

    def load_overload(self: Any, sig: Any, target_context: Any) -> Any:
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)

    caching.Cache.load_overload = load_overload  # type: ignore[method-assign]
