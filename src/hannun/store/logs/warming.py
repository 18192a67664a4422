"""Compiles every kernel of the log store by calling it once on next to nothing; `make setup` keeps the result."""

from __future__ import annotations

import numpy as np

from hannun.model.log import Attributes, LogBatch, TextColumn
from hannun.store.logs import columns, lines
from hannun.store.logs.repeats import Repeats


def warm_all() -> None:
    one = TextColumn.of(["0123456789abcdef0123456789abcdef"])
    batch = LogBatch(
        np.ones(1, np.uint64),
        np.ones(1, np.int64),
        np.zeros(1, np.uint8),
        one,
        attributes=Attributes(np.array([0, 1], np.int64), one, one),
        trace_id=one,
    )
    columns.line_rows([lines.take_lines(batch, np.zeros(1, np.int64), introduce=False)], {})
    known = Repeats()
    hashes = lines.hashes(batch, np.uint64(1))
    known.admit(hashes)
    known.forget(hashes)
