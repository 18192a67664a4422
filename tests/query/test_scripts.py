"""What PromQL means, told by scripts: load series, evaluate, compare; once per way of reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from hannun.model.budget import Budget
from hannun.model.matcher import Matchers
from hannun.model.metric import SeriesColumns
from hannun.testing.memory_reader import MemoryReader
from hannun.testing.promql_play import run_script

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.test"))


class OneByOne(MemoryReader):
    """Hands out each series as a piece of its own."""

    def select_pieces(
        self, matchers: Matchers, start_ms: int, end_ms: int, budget: Budget
    ) -> Iterator[SeriesColumns] | None:
        whole = self.select(matchers, start_ms, end_ms, budget)
        if len(whole) < 2:
            return None
        cuts = zip(whole.offsets[:-1].tolist(), whole.offsets[1:].tolist(), strict=True)
        return (
            replace(
                whole,
                labels=(labels,),
                offsets=np.array([0, end - start]),
                ts=whole.ts[start:end],
                value=whole.value[start:end],
            )
            for labels, (start, end) in zip(whole.labels, cuts, strict=True)
        )


READERS = {"uint32": MemoryReader, "int64": partial(MemoryReader, narrow=False), "series by series": OneByOne}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script_holds(script: Path, reader: Callable[[], MemoryReader]) -> None:
    report = run_script(script.read_text(encoding="utf-8"), reader())
    assert [f"line {found.eval.line}: {found.eval.expr}: {found.why}" for found in report.failed] == []
    assert report.not_yet == []
    assert report.passed
