"""The Prometheus project's own scripts, run from the folder beside the checkout when it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from hannun.testing.promql_play import run_script

FOLDER = Path(__file__).parents[2].parent / "shared" / "acceptance" / "promqltest"
SCRIPTS = sorted(FOLDER.glob("*.test"))


@pytest.mark.skipif(not SCRIPTS, reason=f"no upstream scripts in {FOLDER}")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_upstream_script_holds(script: Path) -> None:
    report = run_script(script.read_text(encoding="utf-8"))
    assert [f"line {found.eval.line}: {found.eval.expr}: {found.why}" for found in report.failed] == []
    assert report.passed
    assert report.not_yet == []
