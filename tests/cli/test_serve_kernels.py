"""Where compiled kernels are kept when the code cannot be written to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hannun.cli.serve import keep_kernels_in


@pytest.mark.parametrize("writable", [True, False], ids=["beside the code", "in the data folder"])
def test_kernels_are_kept_where_it_is_allowed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, writable: bool) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(os, "access", lambda *_: writable)
    keep_kernels_in(tmp_path)
    assert os.environ.get("NUMBA_CACHE_DIR") == (None if writable else str(tmp_path / "kernels"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)


def test_a_choice_of_the_user_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    monkeypatch.setattr(os, "access", lambda *_: False)
    keep_kernels_in(tmp_path)
    assert os.environ["NUMBA_CACHE_DIR"] == "/elsewhere"
