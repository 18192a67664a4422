"""Compiles every kernel of the metric store by calling it once on next to nothing; `make setup` keeps the result.

Without it the first write of a fresh installation takes a second and the first read four.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.model.labels import EMPTY
from hannun.store.metrics import decimal, ring, runs
from hannun.store.metrics.registry import IdTable, SeriesRegistry


def warm_all() -> None:
    _warm_registry()
    mantissa, scale = _warm_decimal()
    for width in (np.uint32, np.int64):
        _warm_runs(mantissa, scale, width)
    _warm_ring()


def _warm_registry() -> None:
    registry, ids = SeriesRegistry(), np.array([1], np.uint64)
    registry.add(EMPTY.metric, ids)
    registry.outdated(registry.find(ids), np.zeros(1, np.int32))
    registry.remove(ids)
    IdTable().places(ids)


def _warm_decimal() -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    mantissa, scale, hints = np.zeros(1, np.int64), np.zeros(1, np.int8), np.zeros(1, np.int8)
    decimal.encode(np.ones(1), np.zeros(1, np.int64), hints, decimal.POWERS, mantissa, scale)
    decimal.decode(mantissa, scale, decimal.POWERS, np.zeros(1))
    return mantissa, scale


def _warm_runs(mantissa: NDArray[np.int64], scale: NDArray[np.int8], width: type[np.generic]) -> None:
    ids, ts = np.array([1], np.uint64), np.ones(1, np.int64)
    out_ts, out_value = np.zeros(4, width), np.zeros(4)
    table = np.zeros((4, runs.RUN_COLUMNS), np.int64)
    # What the engine streams is memory that must not be written to; the compiled type says so.
    columns: list[Any] = [np.frombuffer(column.tobytes(), column.dtype) for column in (ids, ts, mantissa, scale)]
    read_series, read_ts, read_mantissa, read_scale = columns
    for block in (np.empty(0, np.uint64), np.frombuffer(ids.tobytes(), np.uint64)):
        runs.absorb(
            read_series,
            read_ts,
            read_mantissa,
            read_scale,
            block,
            decimal.POWERS,
            ids,
            0,
            1,
            len(out_ts),
            out_ts,
            out_value,
            table,
            np.full(1, -1, np.int64),
            np.zeros(runs.STATE_COLUMNS, np.int64),
        )
    runs.settle(table[:1], out_ts, out_value, np.zeros(2, np.int64))
    runs.gather(
        table[:1],
        np.zeros(1, np.int64),
        out_ts,
        out_value,
        np.zeros(4, width),
        np.zeros(4),
        np.zeros(1, np.int64),
        np.zeros(2, np.int64),
        np.zeros(1, np.uint8),
    )


def _warm_ring() -> None:
    place, count = np.zeros(1, np.int64), np.zeros(1, np.int64)
    times, values = np.zeros((1, 2), np.uint32), np.zeros((1, 2))
    low, high = np.zeros(1, np.int64), np.zeros(1, np.int64)
    ring.insert(place, np.ones(1, np.int64), np.ones(1), 0, 0, 0, times, values, count)
    for width in (np.uint32, np.int64):
        ring.fill(place, np.array([0, 1]), np.ones(1, width), np.ones(1), 0, times, values, count)
    ring.bounds(place, 0, 10, times, count, low, high)
    out_ts, out_value = np.zeros(1, np.uint32), np.zeros(1)
    ring.copy(place, low, high, 0, times, values, out_ts, out_value, np.zeros(1, np.int64), np.zeros(2, np.int64))
    ring.trim(np.uint32(0), times, values, count)
