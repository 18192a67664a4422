"""What a server does not hold in memory."""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder
from typing import Any


def share_one_heap() -> None:
    """Before Arrow is imported: its own allocator keeps 9 to 15 MiB of pages for the few that are in use at a time.

    Its buffers are large, so libc maps each on its own or cuts it from the heap that everything else shares.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def leave_out_pandas() -> None:
    """Where pandas happens to be installed, pyarrow loads it at its first array: 31 MiB that nothing here uses."""
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, _WithoutPandas())


class _WithoutPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is left out", name=fullname)


def leave_out_compiler() -> None:
    """Kernels that lie compiled on the disk are loaded without what numba needs to compile: 30 MiB, 0.1 s of CPU time.

    Where numba looks different inside than what this was written for, it stays as it is.
    """
    from numba.core import caching, codegen
    from numba.core.runtime.nrt import rtsys

    _without_registries(caching.Cache, rtsys)
    _without_intermediate_code(codegen.CPUCodeLibrary)


def _without_registries(cache: Any, runtime: Any) -> None:
    """Before it looks into its cache numba makes the context ready to compile: it imports and registers how each
    function of Python and NumPy is written in LLVM. Machine code that is only loaded needs the reference counting of
    arrays and nothing else; a kernel that has to be compiled makes the context ready itself.
    """
    if not _has(cache, "load_overload", "_load_overload", "_guard_against_spurious_io_errors"):
        return
    if not _has(runtime, "initialize"):
        return

    def load_overload(self: Any, sig: Any, target_context: Any) -> Any:
        runtime.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)

    cache.load_overload = load_overload


def _without_intermediate_code(library: Any) -> None:
    """Beside the machine code of a kernel stands LLVM's own form of it, ten times as large when it is unpacked, for
    kernels that call this one and are compiled later. It is unpacked when one of them comes.
    """
    if not _has(library, "_unserialize", "_get_module_for_linking"):
        return
    import llvmlite.binding as llvm

    unserialize, module_for_linking = library._unserialize.__func__, library._get_module_for_linking

    def load(cls: Any, of: Any, state: Any) -> Any:
        made = unserialize(cls, of, state)
        if state[1] == "object" and getattr(made, "_shared_module", None) is not None:
            made._shared_module.close()
            made._shared_module = None
            made._packed = state[2][1]
        return made

    def unpacked(self: Any) -> Any:
        if self._shared_module is None and hasattr(self, "_packed"):
            self._shared_module = llvm.parse_bitcode(self._packed)
        return module_for_linking(self)

    library._unserialize = classmethod(load)
    library._get_module_for_linking = unpacked


def _has(owner: object, *names: str) -> bool:
    return all(hasattr(owner, name) for name in names)
