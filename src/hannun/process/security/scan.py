"""Which lines hold which of many pieces of text, in one compiled pass over the bytes.

Four bytes at a time, A to Z made small, are looked up in a table of the rarest four bytes of each piece; only where the
table says yes is the piece compared. A gigabyte takes about a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

compiled = njit(nogil=True, cache=True, error_model="numpy")

TABLE = 1 << 16
RULES_MAX = 64
_HASH = 2654435761
_COMMON = b"etaoinsrhldcumfpgwybvkxjqz0123456789 /.-_=\"'"
"""Bytes as often as they stand in logs, the most frequent first; what is not here is rare."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """`data` all pieces one after another, piece i at `begin[i]:begin[i + 1]`, its four rarest bytes at `rare[i]`.

    Pieces whose four bytes fall on one place of the table stand in a list: `first[place]`, then `after[i]`; -1 ends it.
    """

    data: NDArray[np.uint8]
    begin: NDArray[np.int64]
    rare: NDArray[np.int64]
    rule: NDArray[np.int64]
    first: NDArray[np.int32]
    after: NDArray[np.int32]


def pieces(wanted: Sequence[tuple[str, int]]) -> Pieces:
    """`wanted`: text and the number of the rule (below RULES_MAX) that it belongs to."""
    texts = [_small(text.encode()) for text, _ in wanted]
    begin = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in texts], out=begin[1:])
    first = np.full(TABLE, -1, dtype=np.int32)
    after = np.full(len(texts), -1, dtype=np.int32)
    rare = np.zeros(len(texts), dtype=np.int64)
    for index, text in enumerate(texts):
        rare[index] = min(range(len(text) - 3), key=lambda at, text=text: _frequency(text[at : at + 4]))  # type: ignore[misc]
        place = _place(int.from_bytes(text[rare[index] : rare[index] + 4], "little"))
        after[index] = first[place]
        first[place] = index
    data = np.frombuffer(b"".join(texts), dtype=np.uint8)
    return Pieces(data, begin, rare, np.array([rule for _, rule in wanted], dtype=np.int64), first, after)


def find(data: NDArray[np.uint8], offsets: NDArray[np.int64], wanted: Pieces) -> NDArray[np.uint64]:
    """uint64[lines]: bit r of a line is set when a piece of rule r stands in it."""
    out = np.zeros(len(offsets) - 1, dtype=np.uint64)
    _find(data, offsets, wanted.data, wanted.begin, wanted.rare, wanted.rule, wanted.first, wanted.after, out)
    return out


def find_plain(lines: Sequence[bytes], wanted: Sequence[tuple[str, int]]) -> list[int]:
    """The same, said plainly: what the compiled pass is tested against."""
    out = []
    for line in lines:
        small, bits = _small(line), 0
        for text, rule in wanted:
            bits |= (_small(text.encode()) in small) << rule
        out.append(bits)
    return out


@compiled
def _find(
    data: Any, offsets: Any, texts: Any, begin: Any, rare: Any, rule: Any, first: Any, after: Any, out: Any
) -> None:
    for line in range(len(offsets) - 1):
        start, end = offsets[line], offsets[line + 1]
        if end - start < 4:
            continue
        window = np.uint32(0)
        bits = np.uint64(0)
        for at in range(start, end):
            byte = np.uint32(data[at])
            if byte - np.uint32(65) < np.uint32(26):
                byte |= np.uint32(32)
            window = (window >> np.uint32(8)) | (byte << np.uint32(24))
            candidate = first[(np.uint64(window) * np.uint64(2654435761) >> np.uint64(16)) & np.uint64(0xFFFF)]
            while candidate >= 0:
                # `at` is the last of the four bytes; the piece begins `rare` before the first of them.
                left = at - 3 - rare[candidate]
                size = begin[candidate + 1] - begin[candidate]
                if left >= start and left + size <= end:
                    same = True
                    for place in range(size):
                        there = data[left + place]
                        if there >= 65 and there <= 90:
                            there += 32
                        if there != texts[begin[candidate] + place]:
                            same = False
                            break
                    if same:
                        bits |= np.uint64(1) << np.uint64(rule[candidate])
                candidate = after[candidate]
        out[line] = bits


def warm() -> None:
    """Compile, or load what was compiled."""
    find(np.frombuffer(b"none", dtype=np.uint8), np.array([0, 4], dtype=np.int64), pieces([("text", 0)]))


def _small(text: bytes) -> bytes:
    """A to Z made small, as the pass does it; everything else as it is."""
    return bytes(byte | 0x20 if 65 <= byte <= 90 else byte for byte in text)


def _place(word: int) -> int:
    return (word * _HASH >> 16) & 0xFFFF


def _frequency(four: bytes) -> int:
    """Lower is rarer."""
    return sum(len(_COMMON) - _COMMON.index(byte) if byte in _COMMON else 0 for byte in four)
