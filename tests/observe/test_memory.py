from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KERNELS = """\
import numpy as np
from numba import njit

@njit(cache=True)
def ranks(values):
    return np.argsort(values)[::-1]

@njit(cache=True)
def total(values):
    found = 0.0
    for value in values:
        found += value
    return found

@njit(cache=True)
def mean(values):
    return total(values) / len(values)
"""
LOAD = "; ".join(
    (
        "import sys",
        "from hannun.observe.memory import leave_out_compiler",
        "leave_out_compiler()",
        "import numpy as np",
        "import kernels",
        "values = np.array([1.0, 3.0, 2.0])",
        "print(kernels.total(values), 'numba.np.linalg' in sys.modules, sum(kernels.total.stats.cache_hits.values()))",
        "print(kernels.ranks(values).tolist(), kernels.ranks(np.arange(3)).tolist(), kernels.mean(values))",
    )
)


def run(folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=folder, capture_output=True, check=True, text=True, timeout=120
    )
    return done.stdout.splitlines()


def test_kernels_are_loaded_without_the_compiler_and_compiled_with_it(tmp_path: Path) -> None:
    (tmp_path / "kernels.py").write_text(KERNELS, encoding="utf-8")
    assert run(tmp_path) == ["6.0 True 0", "[1, 2, 0] [2, 1, 0] 2.0"]
    assert run(tmp_path) == ["6.0 False 1", "[1, 2, 0] [2, 1, 0] 2.0"]
    # One is there; another one, and the one that calls it, must be compiled by the process that has loaded the first.
    for name in ("ranks", "mean"):
        for file in (tmp_path / "__pycache__").glob(f"kernels.{name}*"):
            file.unlink()
    assert run(tmp_path) == ["6.0 False 1", "[1, 2, 0] [2, 1, 0] 2.0"]


@pytest.mark.parametrize(
    ("said", "used"), [("", "system"), ("mimalloc", "mimalloc")], ids=["the heap of all", "as told"]
)
def test_arrow_takes_its_memory_from(said: str, used: str) -> None:
    script = "from hannun.observe.memory import share_one_heap; share_one_heap(); import pyarrow as pa"
    env = {key: value for key, value in os.environ.items() if key != "ARROW_DEFAULT_MEMORY_POOL"}
    done = subprocess.run(
        [sys.executable, "-c", f"{script}; print(pa.default_memory_pool().backend_name)"],
        env={**env, **({"ARROW_DEFAULT_MEMORY_POOL": said} if said else {})},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == used
