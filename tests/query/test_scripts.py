"""What PromQL means, told by scripts: load series, evaluate, compare; once per width of stored timestamps."""

from __future__ import annotations

from pathlib import Path

import pytest

from hannun.testing.memory_reader import MemoryReader
from hannun.testing.promql_play import run_script

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.test"))


@pytest.mark.parametrize("narrow", [True, False], ids=["uint32", "int64"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script_holds(script: Path, narrow: bool) -> None:
    report = run_script(script.read_text(encoding="utf-8"), MemoryReader(narrow=narrow))
    assert [f"line {found.eval.line}: {found.eval.expr}: {found.why}" for found in report.failed] == []
    assert report.not_yet == []
    assert report.passed
