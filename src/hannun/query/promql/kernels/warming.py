"""Compiles every kernel by calling it once on next to nothing, for both widths of timestamps."""

from __future__ import annotations

import numpy as np

from hannun.query.promql.kernels import framing, groups, instant, rates, sliding


def warm_all() -> None:
    offsets = np.array([0, 2], dtype=np.int64)
    value = np.array([1.0, 2.0])
    ends = np.array([2, 3], dtype=np.int64)
    out = np.zeros((1, 2))
    present = np.ones((1, 2), dtype=np.bool_)
    for width in (np.uint32, np.int64):
        ts = np.array([1, 2], dtype=width)
        samples = (offsets, ts, value, 0, 1, ends, 10)
        when = np.zeros((1, 2), dtype=np.int64)
        instant.newest(offsets, ts, value, value.view(np.uint64), 0, 1, ends, 10, out, present, when, True)
        rates.extrapolated(*samples, True, True, out, present)
        sliding.sums(*samples, sliding.SUM, out, present)
        sliding.extremes(*samples, 0, sliding.MIN, out, present)
        sliding.spreads(*samples, sliding.STDVAR, out, present)
    group = np.zeros(1, dtype=np.int64)
    groups.reduce_rows(out, present, group, 0, 1, groups.SUM, np.zeros((1, 2)), np.zeros((1, 2)), np.zeros((1, 2)))
    groups.finish(groups.SUM, out, np.zeros((1, 2)), np.zeros((1, 2)), present)
    warm_framing()


def warm_framing() -> None:
    source = np.frombuffer(b"[1.0,2.0]", dtype=np.uint8)
    stamps = np.frombuffer(b"12", dtype=np.uint8)
    values = np.array([[1.0, 2.0]])
    framing.frame(
        source,
        values,
        np.ones((1, 2), dtype=np.bool_),
        stamps,
        np.array([0, 1, 2], dtype=np.int64),
        np.empty(128, dtype=np.uint8),
        np.empty(1, dtype=np.int64),
    )
