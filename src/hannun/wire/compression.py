"""Content encodings -> plain bytes, under a running cap.

Nothing is inflated first and measured afterwards: every codec writes into room of exactly the limit and stops where
that ends, so a bomb costs its limit and no more. The room is an anonymous mapping: only pages that were written to
cost memory, and they go back to the system with the answer. `snappy` means the block format, because that is what
Prometheus, Loki and Tempo clients send under this name; the framed format is recognised by its first chunk.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from typing import Any

import cramjam
import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import TooLarge, Unsupported, WireError

ENCODINGS_MAX = 2
"""A client compresses once and a proxy perhaps once more; whoever stacks more is testing us."""

ROOM_KEPT_BYTES = 2 << 20
SNAPPY_STREAM_HEAD = b"\xff\x06\x00\x00sNaPpY"
_OVER = "failed to write whole buffer"  # cramjam's words when the output does not fit the room it was given

Bytes = NDArray[np.uint8]
Inflate = Callable[[bytes, Bytes], int]
CODECS: dict[str, Callable[[bytes, int, str], bytes]] = {}


def decompress(
    body: bytes, encodings: Sequence[str], *, limit_bytes: int, setting: str = "receive.body_bytes_max"
) -> bytes:
    """`body` with `encodings` (in the order they were applied) undone; at most `limit_bytes` at every step.

    Raises Unsupported (unknown encoding, too many), TooLarge (names `limit_bytes` and `setting`), WireError.
    """
    applied = [name for name in (encoding.strip().lower() for encoding in encodings) if name not in ("", "identity")]
    if len(applied) > ENCODINGS_MAX:
        raise Unsupported(
            f"Content-Encoding stacks {len(applied)} codings", f"at most {ENCODINGS_MAX} are undone for one body"
        )
    for name in reversed(applied):
        codec = CODECS.get(name)
        if codec is None:
            known = ", ".join(sorted(CODECS))
            raise Unsupported(f'Content-Encoding "{name[:40]}" is not known', f"known are {known}")
        body = codec(body, limit_bytes, setting)
    if len(body) > limit_bytes:
        raise too_large("body", limit_bytes, setting)
    return body


def content_encodings(header: str | None) -> list[str]:
    """`Content-Encoding: gzip, snappy` -> its codings in the order they were applied."""
    return [part.strip().lower() for part in (header or "").split(",") if part.strip()]


def too_large(what: str, limit_bytes: int, setting: str) -> TooLarge:
    return TooLarge(
        f"{what} is larger than {limit_bytes} bytes after decompression",
        f"send smaller requests or raise {setting}",
    )


class Room:
    """Memory that one inflated body after the other lies in, for callers that are done with the one before.

    A body beyond `ROOM_KEPT_BYTES` gets memory of its own.
    """

    def __init__(self) -> None:
        self._bytes: Bytes = np.empty(0, dtype=np.uint8)

    def of(self, size: int) -> Bytes:
        if size > ROOM_KEPT_BYTES:
            return np.empty(size, dtype=np.uint8)
        if size > len(self._bytes):
            self._bytes = np.empty(size + size // 4, dtype=np.uint8)
        return self._bytes[:size]


def snappy_block(body: bytes, limit_bytes: int, setting: str = "receive.body_bytes_max") -> bytes:
    """One snappy block. Its header declares the size, so a lie is refused before anything is allocated."""
    inflated: bytes = snappy_view(body, limit_bytes, setting).tobytes()
    return inflated


def snappy_view(
    body: bytes, limit_bytes: int, setting: str = "receive.body_bytes_max", room: Room | None = None
) -> Bytes:
    """As `snappy_block`, without the copy into bytes; in `room` it lasts until the next body."""
    try:
        size = int(cramjam.snappy.decompress_raw_len(body)) if body else 0
        if size > limit_bytes:
            raise TooLarge(
                f"snappy block declares {size} bytes; at most {limit_bytes} are taken",
                f"send smaller requests or raise {setting}",
            )
        # Even an honest block of that size could not be shorter: one copy element of 3 bytes yields 64.
        if not body or size > 64 * len(body):
            raise WireError(f"snappy: {len(body)} bytes cannot hold the {size} bytes that the header declares")
        out: Any = room.of(size) if room is not None else np.empty(size, dtype=np.uint8)
        written = int(cramjam.snappy.decompress_raw_into(body, out)) if size else 0
    except cramjam.DecompressionError as err:
        raise WireError(f"snappy: {_words(err)}", _SNAPPY_HINT) from err
    if written != size:
        raise WireError(f"snappy: the header declares {size} bytes and {written} came out")
    view: Bytes = out
    return view


_SNAPPY_HINT = "expected the snappy block format (not framed) that remote write and Loki clients send"


def _snappy(body: bytes, limit_bytes: int, setting: str) -> bytes:
    if body.startswith(SNAPPY_STREAM_HEAD):
        return _inflate("snappy", cramjam.snappy.decompress_into, body, limit_bytes, setting)
    return snappy_block(body, limit_bytes, setting)


def _deflate(body: bytes, limit_bytes: int, setting: str) -> bytes:
    # RFC 9110 means a zlib stream, and some clients send the raw one: the two-byte head tells them apart.
    has_head = len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] * 256 + body[1]) % 31 == 0
    codec = cramjam.zlib if has_head else cramjam.deflate
    return _inflate("deflate", codec.decompress_into, body, limit_bytes, setting)


def _inflate(name: str, into: Callable[[Any, Any], int], body: bytes, limit_bytes: int, setting: str) -> bytes:
    if not body:
        raise WireError(f"{name}: the body is empty")
    room = mmap.mmap(-1, max(limit_bytes, 1))
    view = np.frombuffer(room, dtype=np.uint8)
    try:
        written = int(into(body, view))
        return room[:written]
    except cramjam.DecompressionError as err:
        if _OVER in str(err):
            raise too_large("body", limit_bytes, setting) from err
        raise WireError(f"{name}: {_words(err)}") from err
    finally:
        del view
        _close(room)


def _close(room: mmap.mmap) -> None:
    try:
        room.close()
    except BufferError:
        # Somebody up the stack (a traceback) still holds the view: the mapping goes when that does.
        return


def _words(err: Exception) -> str:
    return str(err).removeprefix("snappy: ").removeprefix("lz4: ").removeprefix("deflate: ")[:200]


def _codec(name: str, into: Callable[[Any, Any], int]) -> Callable[[bytes, int, str], bytes]:
    def undo(body: bytes, limit_bytes: int, setting: str) -> bytes:
        return _inflate(name, into, body, limit_bytes, setting)

    return undo


CODECS.update(
    {
        "gzip": _codec("gzip", cramjam.gzip.decompress_into),
        "x-gzip": _codec("gzip", cramjam.gzip.decompress_into),
        "deflate": _deflate,
        "snappy": _snappy,
        "x-snappy-framed": _codec("snappy", cramjam.snappy.decompress_into),
        "zstd": _codec("zstd", cramjam.zstd.decompress_into),
        "br": _codec("br", cramjam.brotli.decompress_into),
        "lz4": _codec("lz4", cramjam.lz4.decompress_into),
    }
)
