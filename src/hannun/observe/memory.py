"""What a server does not hold in memory."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder


def leave_out_pandas() -> None:
    """Where pandas happens to be installed, pyarrow loads it at its first array: 31 MiB that nothing here uses."""
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, _WithoutPandas())


class _WithoutPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is left out", name=fullname)
