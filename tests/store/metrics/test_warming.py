"""After warming, a write and a read compile nothing: the first user does not wait for the compiler."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import equal
from hannun.store.metrics import decimal, registry, ring, runs
from hannun.store.metrics.warming import warm_all

NOW_MS = 1_800_000_000_000


def compiled(module: ModuleType) -> dict[str, int]:
    return {
        f"{module.__name__}.{name}": len(kernel.signatures)
        for name, kernel in vars(module).items()
        if hasattr(kernel, "signatures")
    }


def all_compiled() -> dict[str, int]:
    return {name: count for module in (decimal, registry, ring, runs) for name, count in compiled(module).items()}


def test_warming_compiles_every_kernel_in_every_form_that_is_used(bench: Any) -> None:
    warm_all()
    before = all_compiled()
    series = Labels.of(__name__="m", host="a")
    for ts in (NOW_MS, NOW_MS, NOW_MS - 100 * 86_400_000):
        bench.put((series, ts, 0.5))
    for start in (NOW_MS - 1000, NOW_MS - 1000, NOW_MS - 1000, 0):
        bench.store.select((equal("__name__", "m"),), start, NOW_MS, Budget())
    bench.store.delete([(equal("host", "a"),)], 0, 2 * NOW_MS)
    assert all_compiled() == before
