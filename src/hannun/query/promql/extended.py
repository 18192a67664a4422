"""The samples of an `anchored` or `smoothed` range vector itself: with a value at each edge of its window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hannun.query.promql.grid import Windows


def extended_samples(windows: Windows, lookback_ms: int) -> Windows:
    """`windows` of one step; timestamps become int64. A series without a sample after the start is left empty."""
    end = int(windows.ends[0])
    start = end - windows.range_ms
    stamps: list[int] = []
    values: list[float] = []
    offsets = [0]
    for row in range(len(windows)):
        piece = slice(int(windows.offsets[row]), int(windows.offsets[row + 1]))
        ts = windows.ts[piece].astype(np.int64)
        reach = end + lookback_ms if windows.mode == "smoothed" else end
        kept = (ts > start - lookback_ms) & (ts <= reach)
        found = _edged(ts[kept].tolist(), windows.value[piece][kept].tolist(), start, end, windows.mode == "smoothed")
        stamps.extend(at for at, _ in found)
        values.extend(value for _, value in found)
        offsets.append(len(stamps))
    return replace(
        windows,
        offsets=np.array(offsets, dtype=np.int64),
        ts=np.array(stamps, dtype=np.int64),
        value=np.array(values, dtype=np.float64),
    )


def _edged(ts: list[int], value: list[float], start: int, end: int, smooth: bool) -> list[tuple[int, float]]:
    if not ts:
        return []
    last = len(ts) - 1
    first = max(0, next((i for i in range(last) if ts[i] > start), last) - 1)
    if smooth:
        last = next((i for i in range(last) if ts[i] >= end), last)
    if ts[last] <= start or (smooth and ts[first] > end):
        return []
    left, right = value[first], value[last]
    if smooth and ts[first] < start:
        left = _between(ts, value, first, start)
    if smooth and last > 0 and ts[last] > end:
        right = _between(ts, value, last - 1, end)
    inner = range(first + (ts[first] <= start), last + 1 - (ts[last] >= end))
    return [(start, left), *[(ts[i], value[i]) for i in inner], (end, right)]


def _between(ts: list[int], value: list[float], before: int, at: int) -> float:
    share = (at - ts[before]) / (ts[before + 1] - ts[before])
    return value[before] + (value[before + 1] - value[before]) * share
