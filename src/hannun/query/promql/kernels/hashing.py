"""XXH64 over many short texts at once: Prometheus picks the series of `limit_ratio` by this hash of their labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import Ids, Ints
from hannun.query.promql.kernels.compiled import inlined, kernel

_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_P5 = np.uint64(0x27D4EB2F165667C5)
_BITS = np.uint64(64)


@inlined
def _rotated(x: np.uint64, by: int) -> np.uint64:
    return (x << np.uint64(by)) | (x >> (_BITS - np.uint64(by)))


@inlined
def _round(acc: np.uint64, lane: np.uint64) -> np.uint64:
    return _rotated(acc + lane * _P2, 31) * _P1


@inlined
def _word(data: NDArray[np.uint8], at: int, size: int) -> np.uint64:
    word = np.uint64(0)
    for i in range(size):
        word |= np.uint64(data[at + i]) << np.uint64(8 * i)
    return word


@inlined
def _merged(h: np.uint64, lane: np.uint64) -> np.uint64:
    return (h ^ _round(np.uint64(0), lane)) * _P1 + _P4


@kernel
def xxh64(data: NDArray[np.uint8], starts: Ints, out: Ids) -> None:
    """`out[i]` is the hash (seed 0) of `data[starts[i]:starts[i + 1]]`."""
    for i in range(len(out)):
        at = starts[i]
        end = starts[i + 1]
        size = end - at
        if size >= 32:
            a = _P1 + _P2
            b = _P2
            c = np.uint64(0)
            d = np.uint64(0) - _P1
            while at + 32 <= end:
                a = _round(a, _word(data, at, 8))
                b = _round(b, _word(data, at + 8, 8))
                c = _round(c, _word(data, at + 16, 8))
                d = _round(d, _word(data, at + 24, 8))
                at += 32
            h = _rotated(a, 1) + _rotated(b, 7) + _rotated(c, 12) + _rotated(d, 18)
            h = _merged(_merged(_merged(_merged(h, a), b), c), d)
        else:
            h = _P5
        h += np.uint64(size)
        while at + 8 <= end:
            h = _rotated(h ^ _round(np.uint64(0), _word(data, at, 8)), 27) * _P1 + _P4
            at += 8
        if at + 4 <= end:
            h = _rotated(h ^ (_word(data, at, 4) * _P1), 23) * _P2 + _P3
            at += 4
        while at < end:
            h = _rotated(h ^ (np.uint64(data[at]) * _P5), 11) * _P1
            at += 1
        h = (h ^ (h >> np.uint64(33))) * _P2
        h = (h ^ (h >> np.uint64(29))) * _P3
        out[i] = h ^ (h >> np.uint64(32))
