"""Compiles every kernel by calling it once on next to nothing, for both widths of timestamps."""

from __future__ import annotations

import numpy as np

from hannun.query.promql.kernels import (
    buckets,
    extended,
    framing,
    groups,
    hashing,
    instant,
    picking,
    ranking,
    rates,
    selecting,
    sliding,
)


def warm_all() -> None:
    for width in (np.uint32, np.int64):
        _warm_windows(np.array([1, 2], dtype=width))
    _warm_aggregations()
    _warm_framing()


def _warm_windows(ts: np.ndarray[tuple[int], np.dtype[np.uint32 | np.int64]]) -> None:
    offsets = np.array([0, 2], dtype=np.int64)
    value = np.array([1.0, 2.0])
    ends = np.array([2, 3], dtype=np.int64)
    out = np.zeros((1, 2))
    there = np.ones((1, 2), dtype=np.bool_)
    when = np.zeros((1, 2), dtype=np.int64)
    per_step = np.full(2, 0.5)
    samples = (offsets, ts, value, 0, 1, ends, 10)
    sliced = (offsets, ts, value, 0, 1, 0, 2, ends, 10)
    instant.newest(offsets, ts, value, value.view(np.uint64), 0, 1, ends, 10, out, there, when, True)
    rates.extrapolated(*samples, True, True, out, there)
    sliding.sums(*samples, sliding.SUM, out, there)
    sliding.extremes(*samples, 0, sliding.MIN, out, there)
    sliding.spreads(*samples, sliding.STDVAR, out, there)
    picking.picks(*samples, 0, picking.COUNT, 0, out, there)
    ranking.ranked(*sliced, ranking.QUANTILE, per_step, out, there)
    ranking.regressed(*sliced, ranking.DERIV, np.zeros(2, dtype=np.int64), per_step, out, there)
    ranking.smoothed(*sliced, per_step, per_step, out, there)
    extended.extended(*sliced, 10, False, True, True, out, there)
    extended.smoothed_instant(offsets, ts, value, 0, 1, ends, 10, out, there)


def _warm_aggregations() -> None:
    values = np.ones((2, 2))
    there = np.ones((2, 2), dtype=np.bool_)
    kept = np.zeros((2, 2), dtype=np.bool_)
    rows = np.arange(2, dtype=np.int64)
    starts = np.array([0, 2], dtype=np.int64)
    group = np.zeros(2, dtype=np.int64)
    per_step = np.full(2, 0.5)
    bounds = np.array([1.0, np.inf])
    acc, aux, count = np.zeros((1, 2)), np.zeros((1, 2)), np.zeros((1, 2))
    groups.reduce_rows(values, there, group, 0, 2, groups.SUM, acc, aux, count)
    groups.finish(groups.SUM, acc, aux, count, there[:1])
    selecting.select_rows(values, there, rows, starts, 0, 2, np.ones(2, dtype=np.int64), selecting.TOP, kept)
    selecting.group_quantiles(values, there, rows, starts, 0, 2, per_step, acc, there[:1])
    buckets.bucket_quantiles(values, there, bounds, starts, 0, 1, per_step, acc, there[:1], kept[:1], np.zeros((1, 3)))
    buckets.bucket_fractions(values, there, bounds, starts, 0, 1, per_step, per_step, acc, there[:1])


def _warm_framing() -> None:
    hashing.xxh64(np.zeros(40, dtype=np.uint8), np.array([0, 40], dtype=np.int64), np.zeros(1, dtype=np.uint64))
    framing.frame(
        np.frombuffer(b"[1.0,2.0]", dtype=np.uint8),
        np.array([[1.0, 2.0]]),
        np.ones((1, 2), dtype=np.bool_),
        np.frombuffer(b"12", dtype=np.uint8),
        np.array([0, 1, 2], dtype=np.int64),
        np.frombuffer(b"{", dtype=np.uint8),
        np.array([0, 1], dtype=np.int64),
        np.frombuffer(b"}", dtype=np.uint8),
        np.empty(128, dtype=np.uint8),
    )
