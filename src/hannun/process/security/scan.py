"""Which lines hold which of many pieces of text, in one compiled pass over the bytes.

Four bytes at every second place are looked up in a table of bits that the rarest five bytes of each piece have set;
only where the bit stands is the piece compared. Letters are made small by setting one bit in every byte: some signs
become equal by that, too, which the comparison finds out. A gigabyte takes half a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.process.logs.compiled import LOWER, byte_at, compiled, head, word

PLACES = 1 << 16
RULES_MAX = 64
_HASH = 2654435761
_COMMON = b"etaoinsrhldcumfpgwybvkxjqz0123456789 /.-_=\"'"
"""Bytes as often as they stand in logs, the most frequent first; what is not here is rare."""
_U = np.uint64


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """`data` all pieces one after another, piece i at `begin[i]:begin[i + 1]`, of rule `rule[i]`.

    `bits` uint64[PLACES / 64]: which places of the table some four bytes fall on. Row e of `entries` int64[e, 3] says
    of which piece they are, at which byte of it, and the next entry of their place; -1 ends it, `first[place]` begins.
    """

    data: NDArray[np.uint8]
    begin: NDArray[np.int64]
    rule: NDArray[np.int64]
    bits: NDArray[np.uint64]
    first: NDArray[np.int64]
    entries: NDArray[np.int64]


def pieces(wanted: Sequence[tuple[str, int]]) -> Pieces:
    """`wanted`: text of at least four bytes and the number of the rule (below RULES_MAX) that it belongs to."""
    texts = [_small(text.encode()) for text, _ in wanted]
    begin = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in texts], out=begin[1:])
    bits = np.zeros(PLACES // 64, dtype=np.uint64)
    first = np.full(PLACES, -1, dtype=np.int64)
    entries: list[tuple[int, int, int]] = []
    for index, text in enumerate(texts):
        for at, four in _windows(text):
            place = _place(int.from_bytes(four, "little"))
            entries.append((index, at, int(first[place])))
            first[place] = len(entries) - 1
            bits[place >> 6] |= _U(1 << (place & 63))
    data = np.frombuffer(b"".join(texts), dtype=np.uint8)
    rules = np.array([rule for _, rule in wanted], dtype=np.int64)
    return Pieces(data, begin, rules, bits, first, np.array(entries, dtype=np.int64).reshape(-1, 3))


def _windows(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Four bytes and their place in the text, so that one of them is met by who looks at every second place."""
    folded = bytes(byte | 0x20 for byte in text)
    if len(text) == 4:
        yield 0, folded
        for last in sorted({byte | 0x20 for byte in range(256)}):
            yield 1, folded[1:] + bytes([last])
        return
    rarest = min(range(len(text) - 4), key=lambda at: _frequency(text[at : at + 4]) + _frequency(text[at + 1 : at + 5]))
    for at in (rarest, rarest + 1):
        yield at, folded[at : at + 4]


def find(data: NDArray[np.uint8], offsets: NDArray[np.int64], wanted: Pieces) -> NDArray[np.uint64]:
    """uint64[lines]: bit r of a line is set when a piece of rule r stands in it."""
    out = np.zeros(len(offsets) - 1, dtype=np.uint64)
    _find(data, offsets, wanted.data, wanted.begin, wanted.rule, wanted.bits, wanted.first, wanted.entries, out)
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
def _place_of(four: Any) -> Any:
    return (four & _U(0xFFFFFFFF)) * _U(2654435761) >> _U(16) & _U(0xFFFF)


@compiled
def _known(bits: Any, place: Any) -> Any:
    return bits[place >> _U(6)] >> (place & _U(63)) & _U(1)


@compiled
def _held(
    data: Any, at: Any, start: Any, end: Any, place: Any, texts: Any, begin: Any, rule: Any, first: Any, entries: Any
) -> Any:
    """The bits of the rules that have a piece in `data[start:end]` with the four bytes at `at`, of this `place`."""
    found = _U(0)
    entry = first[place]
    while entry >= 0:
        piece = entries[entry, 0]
        left = at - entries[entry, 1]
        size = begin[piece + 1] - begin[piece]
        if left >= start and left + size <= end:
            same = True
            for offset in range(size):
                byte = byte_at(data, left + offset)
                if byte >= 65 and byte <= 90:
                    byte |= 32
                if byte != texts[begin[piece] + offset]:
                    same = False
                    break
            if same:
                found |= _U(1) << _U(rule[piece])
        entry = entries[entry, 2]
    return found


@compiled
def _find(
    data: Any, offsets: Any, texts: Any, begin: Any, rule: Any, bits: Any, first: Any, entries: Any, out: Any
) -> None:
    total = len(data)
    for line in range(len(offsets) - 1):
        start = offsets[line]
        end = offsets[line + 1]
        found = _U(0)
        at = start
        # Eight bytes hold three places; those that reach beyond the line are sorted out by the comparison.
        while end - at >= 4:
            eight = (word(data, at) if total - at >= 8 else head(data, at, total)) | LOWER
            one = _place_of(eight)
            two = _place_of(eight >> _U(16))
            three = _place_of(eight >> _U(32))
            if _known(bits, one) | _known(bits, two) | _known(bits, three):
                found |= _held(data, at, start, end, one, texts, begin, rule, first, entries)
                found |= _held(data, at + 2, start, end, two, texts, begin, rule, first, entries)
                found |= _held(data, at + 4, start, end, three, texts, begin, rule, first, entries)
            at += 6
        out[line] = found


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
