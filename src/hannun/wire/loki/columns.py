"""What a push says: streams named by raw bytes, and where their lines and metadata lie. No Python object per line.

Every decoder of log lines answers with this. Cutting long lines, mending UTF-8 and finding severities is the work of
`process/logs/`; what the raw bytes of a stream mean is read once per stream that nobody knows yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hannun.model.metric import Ints

Pairs = Sequence[tuple[str, str]]
Bytes = NDArray[np.uint8]
Spans = NDArray[np.int64]
Keys = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class PushColumns:
    """`keys` uint64[s, 2] names a stream by a hash of its raw labels, `counts` int64[s] its lines, in order.

    `ts_ns` int64[n] (times beyond 1677 to 2262 stand at the ends of int64), `lines` int64[n, 2] spans of `text`, not
    yet proved to be UTF-8. `pairs` int64[p, 4] spans of a key and its value in `text`, those of line i are
    `[pair_offsets[i], pair_offsets[i + 1])`; None: no line has any.
    `pairs_of` reads the labels of a stream by its position and raises WireError in Loki's words.
    """

    text: Bytes
    keys: Keys
    counts: Ints
    ts_ns: Ints
    lines: Spans
    pairs_of: Callable[[int], Pairs]
    pairs: Spans | None = None
    pair_offsets: Ints | None = None

    def __len__(self) -> int:
        return len(self.ts_ns)

    def line(self, index: int) -> bytes:
        start, end = self.lines[index].tolist()
        return self.text[start:end].tobytes()

    def metadata(self, index: int) -> list[tuple[bytes, bytes]]:
        if self.pairs is None or self.pair_offsets is None:
            return []
        of = self.pairs[self.pair_offsets[index] : self.pair_offsets[index + 1]].tolist()
        return [(self.text[a:b].tobytes(), self.text[c:d].tobytes()) for a, b, c, d in of]


def stream_key(labels: Pairs, salt: bytes) -> bytes:
    """The 16 bytes of a row of `keys`. Equal labels in two protocols must not share it: each reads them in its way."""
    raw = b"".join(
        name.encode("utf-8", "surrogatepass") + b"\xff" + value.encode("utf-8", "surrogatepass") + b"\xff"
        for name, value in labels
    )
    return hashlib.blake2b(raw, digest_size=16, salt=salt[:16]).digest()


class ColumnsBuilder:
    """Lines one by one into columns: for the plain decoders and for protocols of few lines.

    Lines of one stream need not follow each other: every change of stream begins another row of `keys`.
    """

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._text = bytearray()
        self._labels: list[Pairs] = []
        self._keys: list[bytes] = []
        self._counts: list[int] = []
        self._ts_ns: list[int] = []
        self._lines: list[tuple[int, int]] = []
        self._pairs: list[tuple[int, int, int, int]] = []
        self._pair_ends: list[int] = []

    def __len__(self) -> int:
        return len(self._ts_ns)

    def stream(self, labels: Pairs) -> None:
        """Lines that follow are of this stream, in a row of its own."""
        self._labels.append(labels)
        self._keys.append(stream_key(labels, self._salt))
        self._counts.append(0)

    def of(self, labels: Pairs) -> None:
        """Lines that follow are of this stream, in the last row when that is the same."""
        if not self._labels or self._labels[-1] != labels:
            self.stream(labels)

    def line(self, ts_ns: int, line: bytes, metadata: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self._counts[-1] += 1
        self._ts_ns.append(clamped(ts_ns))
        self._lines.append(self._put(line))
        self._pairs += [(*self._put(key), *self._put(value)) for key, value in metadata]
        self._pair_ends.append(len(self._pairs))

    def _put(self, piece: bytes) -> tuple[int, int]:
        start = len(self._text)
        self._text += piece
        return start, len(self._text)

    def columns(self) -> PushColumns:
        labels = self._labels
        return PushColumns(
            text=np.frombuffer(self._text, dtype=np.uint8),
            keys=np.frombuffer(bytearray().join(self._keys), dtype=np.uint64).reshape(-1, 2),
            counts=np.array(self._counts, dtype=np.int64),
            ts_ns=np.array(self._ts_ns, dtype=np.int64),
            lines=np.array(self._lines, dtype=np.int64).reshape(-1, 2),
            pairs_of=lambda index: labels[index],
            pairs=np.array(self._pairs, dtype=np.int64).reshape(-1, 4) if self._pairs else None,
            pair_offsets=np.array([0, *self._pair_ends], dtype=np.int64) if self._pairs else None,
        )


NS_MAX = (1 << 63) - 1


def clamped(ts_ns: int) -> int:
    """Within int64: a time beyond it is out of any bound, and the ends of int64 are, too."""
    return max(-NS_MAX - 1, min(NS_MAX, ts_ns))
