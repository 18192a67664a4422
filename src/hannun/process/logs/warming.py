"""Compiles every kernel of this room; `make setup` keeps the result."""

from __future__ import annotations

import numpy as np

from hannun.model.log import Attributes
from hannun.process.logs.examine import examine
from hannun.process.logs.tidy import tidy

_LINE = b'{"level":"info","trace_id":"0af7651916cd43dd8448eb211c80319c","text":"\\uacb0"} \xff'


def warm() -> None:
    spans = np.array([[0, len(_LINE)], [0, len(_LINE)]], dtype=np.int64)
    # Bodies are read-only, what was unescaped is not: two types for the compiler.
    tidy(np.frombuffer(bytearray(_LINE), dtype=np.uint8), spans, 80)
    column = tidy(np.frombuffer(_LINE, dtype=np.uint8), spans, 80).column
    pairs = np.frombuffer(b"detected_levelspan_idinfob7ad6b7169203331", dtype=np.uint8)
    keys = tidy(pairs, np.array([[0, 14], [14, 21]], dtype=np.int64)).column
    values = tidy(pairs, np.array([[21, 25], [25, 41]], dtype=np.int64)).column
    examine(column, Attributes(np.array([0, 2, 2], dtype=np.int64), keys, values))
