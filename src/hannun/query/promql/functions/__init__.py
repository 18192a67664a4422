"""PromQL's functions, one file per family. Importing this package registers them all; none imports numba yet."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from hannun.query.promql.registry import AGGREGATIONS, FUNCTIONS

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["AGGREGATIONS", "FUNCTIONS"]
