"""Answers -> the JSON that Prometheus sends, in bulk.

Large answers are made by orjson over one flat array (shortest round-trip digits) and framed by a compiled pass; no
value becomes a Python object. Small ones take a plain path, which is also the reference for the bulk path's tests.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import orjson
from numpy.typing import NDArray

from hannun.model.labels import Labels
from hannun.model.metric import Floats, Ints
from hannun.model.time import format_seconds
from hannun.query.promql.answer import Answer, RawSamples
from hannun.query.promql.grid import Bools
from hannun.query.promql.numbers import go_float, plain_float

PLAIN_CELLS_MAX = 200
"""Up to here Python is faster than starting the kernels, and needs no numba."""
PIECE_CELLS = 200_000


def data_json(answer: Answer) -> bytes:
    """`{"resultType":…,"result":…}`."""
    match answer.kind:
        case "vector":
            result = vector_json(answer)
        case "matrix":
            result = matrix_json(answer)
        case "scalar":
            # A scalar never has an exponent: Prometheus writes it with its general encoder, samples with a fast one.
            value = plain_float(float(answer.values[0, 0]))
            result = f'[{format_seconds(answer.start_ms)},"{value}"]'.encode()
        case "string":
            result = b"[" + format_seconds(answer.start_ms).encode() + b"," + _json_text(answer.text) + b"]"
    return b'{"resultType":"' + answer.kind.encode() + b'","result":' + result + b"}"


def vector_json(answer: Answer) -> bytes:
    """`[{"metric":{…},"value":[ts,"v"]},…]`; a histogram stands under "histogram"."""
    if answer.histograms is not None:
        return _mixed(answer, (b',"value":', b',"histogram":'), _only)
    heads = [b'{"metric":' + _metric(labels) + b',"value":' for labels in answer.labels]
    return b"[" + _series(answer.values, answer.present, [format_seconds(answer.start_ms)], heads, b"}") + b"]"


def matrix_json(answer: Answer) -> bytes:
    """`[{"metric":{…},"values":[[ts,"v"],…]},…]`; histograms stand under "histograms", beside values if both."""
    if answer.raw is not None:
        rows = [_raw_row(answer.raw, row, labels) for row, labels in enumerate(answer.labels)]
        return b"[" + b",".join([row for row in rows if row]) + b"]"
    if answer.histograms is not None:
        return _mixed(answer, (b',"values":', b',"histograms":'), _listed)
    heads = [b'{"metric":' + _metric(labels) + b',"values":[' for labels in answer.labels]
    stamps = [format_seconds(answer.start_ms + k * answer.step_ms) for k in range(answer.steps)]
    return b"[" + _series(answer.values, answer.present, stamps, heads, b"]}") + b"]"


def _series(values: Floats, present: Bools, stamps: list[str], heads: list[bytes], tail: bytes) -> bytes:
    if values.size <= PLAIN_CELLS_MAX:
        return plain_series(values, present, stamps, heads, tail)
    return bulk_series(values, present, stamps, heads, tail)


def plain_series(values: Floats, present: Bools, stamps: list[str], heads: list[bytes], tail: bytes) -> bytes:
    """Head, `[ts,"v"],…` of the present cells and tail of each row that has any, one value at a time."""
    rows = [
        ",".join(
            f'[{stamps[k]},"{go_float(value)}"]'
            for k, (value, there) in enumerate(zip(row.tolist(), mask.tolist(), strict=True))
            if there
        ).encode()
        for row, mask in zip(values, present, strict=True)
    ]
    return b",".join([head + row + tail for head, row in zip(heads, rows, strict=True) if row])


def bulk_series(values: Floats, present: Bools, stamps: list[str], heads: list[bytes], tail: bytes) -> bytes:
    """As `plain_series`, compiled."""
    from hannun.query.promql.kernels.framing import VALUE_BYTES_MAX, frame

    stamp_bytes, stamp_at = _joined([stamp.encode() for stamp in stamps])
    tail_bytes = np.frombuffer(tail, dtype=np.uint8)
    longest = int(np.diff(stamp_at).max(initial=0))
    rows_per_piece = max(PIECE_CELLS // max(len(stamps), 1), 1)
    out: list[bytes] = []
    buffer = np.empty(0, dtype=np.uint8)
    for first in range(0, len(values), rows_per_piece):
        piece = np.ascontiguousarray(values[first : first + rows_per_piece])
        mask = np.ascontiguousarray(present[first : first + rows_per_piece])
        cells = int(mask.sum())
        if not cells:
            continue
        head_bytes, head_at = _joined(heads[first : first + len(piece)])
        shown = piece if cells == piece.size else piece[mask]
        source = np.frombuffer(orjson.dumps(shown.ravel(), option=orjson.OPT_SERIALIZE_NUMPY), dtype=np.uint8)
        size = cells * (longest + VALUE_BYTES_MAX + 6) + len(head_bytes) + len(piece) * (len(tail) + 1)
        if len(buffer) < size:
            buffer = np.empty(size, dtype=np.uint8)
        written = frame(source, piece, mask, stamp_bytes, stamp_at, head_bytes, head_at, tail_bytes, buffer)
        out.append(buffer[:written].tobytes())
    return out[0] if len(out) == 1 else b",".join(out)


def _joined(texts: list[bytes]) -> tuple[NDArray[np.uint8], Ints]:
    """The bytes of all texts, and where each begins (and the last ends)."""
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum([len(text) for text in texts], dtype=np.int64)))
    return np.frombuffer(b"".join(texts), dtype=np.uint8), starts


def _raw_row(raw: RawSamples, row: int, labels: Labels) -> bytes:
    piece = slice(int(raw.offsets[row]), int(raw.offsets[row + 1]))
    values = raw.value[piece][None, :]
    stamps = [format_seconds(ms) for ms in raw.ts_ms[piece].tolist()]
    floats = _series(values, np.ones_like(values, dtype=np.bool_), stamps, [b',"values":['], b"]")
    histograms = b""
    if row in raw.runs:
        from hannun.query.promql.histograms.text import as_json

        run = raw.runs[row]
        points = zip(run.ts.tolist(), run.value, strict=True)
        histograms = b',"histograms":' + _listed([_point(format_seconds(ms), as_json(one)) for ms, one in points])
    return b'{"metric":' + _metric(labels) + floats + histograms + b"}" if floats or histograms else b""


def _mixed(answer: Answer, keys: tuple[bytes, bytes], together: Callable[[list[bytes]], bytes]) -> bytes:
    """Series with floats, histograms or both: what is there of either kind, under its key."""
    from hannun.query.promql.histograms.text import as_json

    cells = answer.histograms
    assert cells is not None
    stamps = [format_seconds(answer.start_ms + k * answer.step_ms) for k in range(answer.steps)]
    rows: list[bytes] = []
    for row, labels in enumerate(answer.labels):
        values, mask = answer.values[row].tolist(), answer.present[row]
        floats = [_point(stamps[k], b'"' + go_float(values[k]).encode() + b'"') for k in np.flatnonzero(mask).tolist()]
        there = np.flatnonzero(cells.there[row]).tolist()
        histograms = [_point(stamps[k], as_json(cells.value[row, k])) for k in there]
        parts = [key + together(points) for key, points in zip(keys, (floats, histograms), strict=True) if points]
        if parts:
            rows.append(b'{"metric":' + _metric(labels) + b"".join(parts) + b"}")
    return b"[" + b",".join(rows) + b"]"


def _point(stamp: str, value: bytes) -> bytes:
    return b"[" + stamp.encode() + b"," + value + b"]"


def _only(points: list[bytes]) -> bytes:
    return points[0]


def _listed(points: list[bytes]) -> bytes:
    return b"[" + b",".join(points) + b"]"


def _metric(labels: Labels) -> bytes:
    try:
        return orjson.dumps(dict(labels.pairs))
    except TypeError:  # a lone surrogate cannot be sent as UTF-8
        return orjson.dumps({_sendable(name): _sendable(value) for name, value in labels.pairs})


def _json_text(text: str) -> bytes:
    return orjson.dumps(_sendable(text))


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
