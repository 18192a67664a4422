"""Gives freed memory back to the system: what a start and its compiled code leave behind is not kept for ever."""

from __future__ import annotations

import asyncio
import ctypes
import ctypes.util
import sys
from importlib.abc import MetaPathFinder

FIRST_S, EVERY_S = 10.0, 60.0


async def trimmed() -> None:
    """glibc keeps what was freed below something that lives; asked, it returns the whole pages. Until cancelled."""
    trim = getattr(ctypes.CDLL(ctypes.util.find_library("c")), "malloc_trim", None)
    if trim is None:
        return  # another C library, which does so by itself or cannot
    wait_s = FIRST_S
    while True:
        await asyncio.sleep(wait_s)
        await asyncio.to_thread(trim, 0)
        wait_s = EVERY_S


def leave_out_pandas() -> None:
    """Where pandas happens to be installed, pyarrow loads it at its first array: 31 MiB that nothing here uses."""
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, _WithoutPandas())


class _WithoutPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is left out", name=fullname)
