"""Columns of an answer as arrays and as few distinct values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hannun.model.metric import Ints


def numbers_of(batch: Any, name: str, dtype: type) -> NDArray[Any]:
    return np.asarray(batch.column(name).to_numpy(zero_copy_only=False)).astype(dtype, copy=False)


def coded(column: Any) -> tuple[Ints, list[Any]]:
    """A code per row, and what each code stands for."""
    kind = column.type
    if pa.types.is_map(kind):
        values: dict[tuple[tuple[str, str], ...], int] = {}
        codes = [values.setdefault(tuple(sorted(map(tuple, pairs))), len(values)) for pairs in column.to_pylist()]
        return np.array(codes, np.int64), list(values)
    if not pa.types.is_dictionary(kind):
        column = column.dictionary_encode()
    found = [
        each if not isinstance(each, bytes) else each.decode("utf-8", "replace")
        for each in column.dictionary.to_pylist()
    ]
    return np.asarray(column.indices.to_numpy(zero_copy_only=False)).astype(np.int64), found
